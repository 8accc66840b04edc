"""Which endpoints page someone, and how an endpoint is named without the key that it holds."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

PAGERDUTY_HOSTS = ("events.pagerduty.com", "events.eu.pagerduty.com")
CHAT_HOSTS = ("global.sns-api.chatbot.amazonaws.com",)
_CLOUDWATCH = re.compile(r"/integration/[^/]+/enqueue/?|/adapter/[^/]+/v\d+/[^/]+/?")
_ORCHESTRATION = re.compile(r"/x-ere/[^/]+/?")


def _split(endpoint: str) -> SplitResult | None:
    try:
        parts = urlsplit(endpoint)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.scheme.lower() in {"http", "https"} and parts.hostname else None


def host_of(endpoint: str) -> str:
    """The host of an HTTP endpoint in lower case; empty for any other."""
    parts = _split(endpoint)
    return (parts.hostname or "").rstrip(".") if parts else ""


def shown(endpoint: str) -> str:
    """The endpoint as it may be printed: of a URL the host alone, of a pager's mail the domain.

    The path of an integration URL holds its key, with which anyone can page; so does what stands
    before the @ (PagerDuty, "Email Integration Guide").
    """
    parts = _split(endpoint)
    if parts is None:
        is_unread = "://" in endpoint
        return "a URL that cannot be read" if is_unread else _mail_shown(endpoint) or endpoint
    rest = "/…" if parts.path.strip("/") or parts.query or parts.fragment else ""
    return f"{parts.scheme.lower()}://{parts.hostname}{rest}"


def is_pagerduty(endpoint: str) -> bool:
    """Whether the endpoint is PagerDuty's, global or EU."""
    return host_of(endpoint) in PAGERDUTY_HOSTS


def mail_of_pager(protocol: str, endpoint: str) -> str:
    """The address of PagerDuty's e-mail integration, as it may be printed; else empty."""
    return _mail_shown(endpoint) if protocol in {"email", "email-json"} else ""


def _mail_shown(endpoint: str) -> str:
    name, at, domain = endpoint.strip().lower().rpartition("@")
    return f"…@{domain}" if name and at and domain.endswith(".pagerduty.com") else ""


def wants_raw(endpoint: str) -> bool | None:
    """Whether the PagerDuty integration reads raw messages, None for a path of no integration.

    The Amazon CloudWatch integration reads SNS's envelope, an event orchestration the bare
    message.
    """
    path = urlsplit(endpoint).path
    if _ORCHESTRATION.fullmatch(path):
        return True
    return False if _CLOUDWATCH.fullmatch(path) else None


def why_no_pager(protocol: str, endpoint: str, hosts: Collection[str]) -> str:
    """What is wrong with a URL at a pager's host; empty for one that pages.

    ``hosts`` are those that page.
    """
    parts = _split(endpoint)
    if parts is None or host_of(endpoint) not in hosts:
        return "is no pager's host"
    if protocol != "https" or parts.scheme.lower() != "https":
        return "sends the key without encryption"
    if parts.username is not None or parts.port not in {None, 443}:
        return "is not the plain address of the integration"
    if is_pagerduty(endpoint) and wants_raw(endpoint) is None:
        return "has a path that is no integration for SNS"
    return ""
