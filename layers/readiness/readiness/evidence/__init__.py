"""What is asked of AWS: one module for each service, a package where a service needs several."""
