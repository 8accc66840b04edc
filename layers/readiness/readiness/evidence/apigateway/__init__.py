"""What API Gateway says of its APIs, their domain names and their stages."""
