"""What Elastic Load Balancing says of load balancers, listeners and target groups."""
