"""The heading of the checklist that the rules of this folder belong to."""

from readiness import heading

iam_roles = heading("Security", "IAM Roles")
