"""The heading of the checklist that the rules of this folder belong to."""

from readiness import heading

security_validation = heading("Validation", "Security Validation")
