"""What KMS says of keys, and who uses them."""
