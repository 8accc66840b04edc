"""Which endpoints page someone, and that none is shown with its key."""

from __future__ import annotations

import pytest

from readiness.semantics.pagers import (
    PAGERDUTY_HOSTS,
    is_pagerduty,
    shown,
    wants_raw,
    why_no_pager,
)

KEY = "e93facc04764012d7bfb002500d5d1a6"
CLOUDWATCH = f"https://events.pagerduty.com/integration/{KEY}/enqueue"


@pytest.mark.parametrize(
    ("protocol", "endpoint", "why"),
    [
        ("https", CLOUDWATCH, ""),
        ("https", CLOUDWATCH.replace("events.", "EVENTS.EU."), ""),
        ("https", CLOUDWATCH.replace(".com/", ".com:443/"), ""),
        ("https", CLOUDWATCH.replace(".com/", ".com./"), ""),
        ("https", f"https://events.pagerduty.com/x-ere/{KEY}", ""),
        ("http", CLOUDWATCH.replace("https", "http"), "sends the key without encryption"),
        (
            "https",
            CLOUDWATCH.replace("events.pagerduty", "status.pagerduty"),
            "is no pager's host",
        ),
        ("https", CLOUDWATCH.replace(".com/", ".com.example.com/"), "is no pager's host"),
        ("https", "https://example.com/events.pagerduty.com/", "is no pager's host"),
        (
            "https",
            CLOUDWATCH.replace("events", "events.pagerduty.com@example"),
            "is no pager's host",
        ),
        (
            "https",
            CLOUDWATCH.replace("://", "://key@"),
            "is not the plain address of the integration",
        ),
        (
            "https",
            CLOUDWATCH.replace(".com/", ".com:8443/"),
            "is not the plain address of the integration",
        ),
        (
            "https",
            "https://events.pagerduty.com/v2/enqueue",
            "has a path that is no integration for SNS",
        ),
        (
            "https",
            "https://events.pagerduty.com/integration//enqueue",
            "has a path that is no integration for SNS",
        ),
        ("https", "https://events.pagerduty.com:port/x-ere/key", "is no pager's host"),
        ("email", "ops@example.com", "is no pager's host"),
    ],
)
def test_a_pager_is_told_by_its_exact_address(protocol, endpoint, why):
    found = why_no_pager(protocol, endpoint, PAGERDUTY_HOSTS)
    assert found == why


def test_a_host_counts_that_the_owner_names():
    opsgenie = f"https://api.opsgenie.com/v1/json/amazonsns?apiKey={KEY}"
    assert why_no_pager("https", opsgenie, PAGERDUTY_HOSTS)
    assert not why_no_pager("https", opsgenie, ("api.opsgenie.com",))


@pytest.mark.parametrize(
    ("endpoint", "text"),
    [
        (CLOUDWATCH, "https://events.pagerduty.com/…"),
        (f"https://user:{KEY}@example.com", "https://example.com"),
        (f"https://example.com?key={KEY}", "https://example.com/…"),
        ("https://example.com/", "https://example.com"),
        (f"HTTPS://example.com:port/{KEY}", "a URL that cannot be read"),
        (f"ftp://example.com/{KEY}", "a URL that cannot be read"),
        (f"https:///{KEY}", "a URL that cannot be read"),
        ("ops@example.com", "ops@example.com"),
        (f"{KEY}@example.pagerduty.com", "…@example.pagerduty.com"),
        ("arn:aws:sqs:us-east-1:111122223333:q", "arn:aws:sqs:us-east-1:111122223333:q"),
    ],
)
def test_no_key_is_shown(endpoint, text):
    assert shown(endpoint) == text
    assert KEY not in shown(endpoint)


@pytest.mark.parametrize(
    ("path", "raw"),
    [("integration/x/enqueue", False), ("x-ere/x", True), ("v2/enqueue", None)],
)
def test_which_body_an_integration_reads(path, raw):
    assert wants_raw(f"https://events.pagerduty.com/{path}") is raw


def test_pagerduty_is_told_by_its_host():
    assert is_pagerduty(CLOUDWATCH)
    assert not is_pagerduty("https://example.com/pagerduty.com/")
