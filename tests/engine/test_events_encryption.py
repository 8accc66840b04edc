"""What each event makes the encryption rules look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.encryption.app import encryption
from readiness.engine.events import resolve_targets

EVENTS = Path(__file__).parents[2] / "events"
KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
LISTENER = (
    "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/web/50dc6c495c0c9188/bbbb"
)
OF_KEY = ("AWS::KMS::Key", KEY)
KEY_RULES = {"kms-rotation", "kms-imported-material", "kms-key-environment", "kms-key-accounts"}
ALL_OF_A_KEY = {(rule, KEY, None) for rule in KEY_RULES} | {("s3-kms", None, OF_KEY)}
ALL_OF_A_BUCKET = {(rule, "data", None) for rule in ("s3-kms", "s3-tls", "s3-encryption-override")}


def targets(name: str) -> set[tuple[str, str | None, tuple[str, str] | None]]:
    seen = resolve_targets(json.loads((EVENTS / f"{name}.json").read_text()), encryption)
    assert bool(seen.targets) != bool(seen.ignored)
    return {(t.rule.removeprefix("encryption."), t.id, t.via) for t in seen.targets}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("config/encryption-bucket", ALL_OF_A_BUCKET),
        ("config/encryption-oversized-bucket", ALL_OF_A_BUCKET),
        ("cloudtrail/encryption-create-bucket", ALL_OF_A_BUCKET),
        (
            "cloudtrail/encryption-put-bucket-encryption",
            {("s3-kms", "data", None), ("s3-key-environment", "data", None)},
        ),
        ("cloudtrail/encryption-put-bucket-encryption-denied", set()),
        ("cloudtrail/encryption-delete-bucket-policy", ALL_OF_A_BUCKET),
        ("service/encryption-bucket-tagged", {("s3-key-environment", "data", None)}),
        ("config/encryption-key", ALL_OF_A_KEY),
        ("cloudtrail/encryption-disable-key", ALL_OF_A_KEY),
        ("service/encryption-key-deleted", ALL_OF_A_KEY),
        ("service/encryption-key-material-expired", ALL_OF_A_KEY),
        ("cloudtrail/encryption-disable-key-rotation", {("kms-rotation", KEY, None)}),
        (
            "service/encryption-key-rotated",
            {("kms-rotation", KEY, None), ("kms-imported-material", KEY, None)},
        ),
        *(
            (
                name,
                {
                    ("kms-key-environment", KEY, None),
                    ("kms-key-accounts", KEY, None),
                    ("s3-key-environment", None, OF_KEY),
                },
            )
            for name in (
                "cloudtrail/encryption-tag-key",
                "service/encryption-key-tagged",
                "config/encryption-alias",
            )
        ),
        ("cloudtrail/encryption-put-key-policy", {("kms-key-accounts", KEY, None)}),
        ("config/encryption-listener", {("listener-tls", LISTENER, None)}),
        ("cloudtrail/encryption-create-listener", {("listener-tls", LISTENER, None)}),
        ("cloudtrail/encryption-modify-listener", {("listener-tls", LISTENER, None)}),
        ("cloudtrail/encryption-modify-rule", {("listener-tls", LISTENER, None)}),
        ("config/encryption-distribution", {("cloudfront-tls", "E1EXAMPLE", None)}),
        ("cloudtrail/encryption-update-distribution", {("cloudfront-tls", "E1EXAMPLE", None)}),
        ("cloudtrail/encryption-update-search-domain", {("opensearch-tls", "search", None)}),
        (
            "cloudtrail/encryption-modify-replication-group",
            {("elasticache-tls", "cache", None), ("cache-cluster-tls", None, None)},
        ),
        (
            "cloudtrail/encryption-create-domain-name",
            {("domain-name-tls", "api.example.com", None)},
        ),
        ("cloudtrail/encryption-set-queue-attributes", {("sqs-tls", "work", None)}),
    ],
)
def test_what_an_event_makes_us_look_at(name, expected):
    assert targets(name) == expected
