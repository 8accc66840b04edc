"""What AWS Backup says of the resources that it protects, of restores and their tests."""
