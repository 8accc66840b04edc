"""What EventBridge says of its buses and rules."""
