"""What S3 says of buckets and of the data they take in."""
