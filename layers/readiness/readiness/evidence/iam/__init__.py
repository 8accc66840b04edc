"""What IAM says of principals, their policies and their credentials."""
