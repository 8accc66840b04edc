"""What SNS says of topics and of the way to their subscribers."""
