"""What CloudTrail says of its trails and event data stores."""
