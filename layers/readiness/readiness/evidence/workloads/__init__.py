"""Questions that span services: what a workload is, and how it fares."""
