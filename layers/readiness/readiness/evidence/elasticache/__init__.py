"""What ElastiCache and MemoryDB say of caches, and CloudWatch of their use."""
