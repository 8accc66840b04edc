"""Findings as tests want them."""

from __future__ import annotations

from datetime import datetime, timedelta

from readiness.model.finding import Finding
from readiness.model.resource import Resource
from readiness.model.verdict import Severity, Status

T0 = datetime.fromisoformat("2026-11-02T12:00:00Z")
BUCKET = Resource("111122223333", "us-east-1", "AWS::S3::Bucket", "data")


def after(minutes: float = 0, **more: float) -> datetime:
    """A moment after noon."""
    return T0 + timedelta(minutes=minutes, **more)


def finding(status: str | Status = Status.NON_COMPLIANT, at: datetime = T0, **changes) -> Finding:
    """What a rule says of a bucket."""
    values = {
        "resource": BUCKET,
        "rule": "encryption.s3-kms",
        "status": Status(status),
        "severity": Severity.HIGH,
        "section": "Security",
        "heading": "Encryption",
        "item": "Enable S3 bucket encryption with KMS",
        "reason": f"It is {status}.",
        "last_observed_at": at,
    }
    return Finding(**(values | changes))
