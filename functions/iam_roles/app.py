"""IAM Roles: short-lived credentials, least privilege, MFA, and rotated access keys."""

from readiness.engine.handler import handler_of

from . import (  # noqa: F401 - to import them registers their rules
    rules_of_credentials,
    rules_of_mfa,
    rules_of_privileges,
)
from .heading import iam_roles

handler = handler_of(iam_roles)
