"""What ECS says of services, their tasks and the hosts they run on."""
