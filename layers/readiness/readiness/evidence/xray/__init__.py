"""What X-Ray says of sampling, groups and traces."""
