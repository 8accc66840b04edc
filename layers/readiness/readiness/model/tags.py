"""The tags that say which workload a resource belongs to, in which environment, and to whom."""

WORKLOAD_TAG = "Application"
ENVIRONMENT_TAG = "Environment"
OWNER_TAG = "Owner"
