"""What RDS says of databases and the endpoints they are reached through."""
