"""Security validation: tests on real resources what the Security rules assume."""

from readiness.engine.handler import handler_of

from . import (  # noqa: F401 - to import them registers their rules
    rules_of_access,
    rules_of_encryption,
    rules_of_scans,
)
from .heading import security_validation

handler = handler_of(security_validation)
