"""What DynamoDB says of tables and how they are used."""
