"""Encryption: data is encrypted at rest with KMS, and in transit with TLS 1.2 or later."""

from readiness.engine.handler import handler_of

from . import (  # noqa: F401 - to import them registers their rules
    rules_at_rest,
    rules_in_transit,
)
from .heading import encryption

handler = handler_of(encryption)
