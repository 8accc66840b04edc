"""What EC2 says of networks: VPCs, security groups and endpoints."""
