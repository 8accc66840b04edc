"""What Lambda says of functions, and CloudWatch of how they fare."""
