"""The heading of the checklist that the rules of this folder belong to."""

from readiness import heading

watching = heading("Monitoring & Observability", "Alarms")
