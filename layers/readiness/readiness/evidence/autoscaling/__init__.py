"""What is asked of EC2 Auto Scaling."""
