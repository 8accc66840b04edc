"""What AppSync says of GraphQL APIs."""
