"""What AWS Config says of its recorder, its delivery channel and its rules."""
