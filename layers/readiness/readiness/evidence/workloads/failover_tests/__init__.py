"""What AWS services tell of tests of a failover."""
