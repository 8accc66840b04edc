"""What SQS says of queues."""
