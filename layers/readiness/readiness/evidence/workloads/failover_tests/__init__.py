"""Tests of a failover, as the services report them that carry them out."""
