"""PagerDuty's Events API v2 over the standard library, and what its answers mean."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from readiness.semantics.pagers import PAGERDUTY_HOSTS

TIMEOUT_SECONDS = 5.0
_MOST_READ = 10_000
_ENDPOINTS = {
    "US": "https://events.pagerduty.com/v2/enqueue",
    "EU": "https://events.eu.pagerduty.com/v2/enqueue",
}
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def endpoint_of(name: str) -> str:
    """``US``, ``EU`` or a whole URL. Raises ValueError where the key would be sent unencrypted.

    PagerDuty's own hosts take events under one path, whatever was pasted after the name.
    """
    url = _ENDPOINTS.get(name, name)
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname in PAGERDUTY_HOSTS:
        return f"https://{parts.hostname}/v2/enqueue"
    if parts.scheme == "https" and parts.hostname:
        return url
    if parts.scheme == "http" and parts.hostname in _LOOPBACK:
        return url
    raise ValueError(f"the PagerDuty endpoint must be US, EU or an https URL, not {name!r}")


@dataclass(frozen=True, slots=True)
class Reply:
    """What PagerDuty answered; ``status`` is 0 where it did not answer at all.

    ``dedup_key`` is that of the event which was sent.
    """

    status: int
    text: str = ""
    retry_after: float = 0.0
    dedup_key: str = ""

    @property
    def accepted(self) -> bool:
        """Whether PagerDuty took the event: 202, and JSON that says so, of no other event.

        A proxy's page with status 200 is no acceptance.
        """
        if self.status != 202:
            return False
        try:
            said = json.loads(self.text)
        except (ValueError, RecursionError):
            return False
        if not isinstance(said, dict) or said.get("status") != "success":
            return False
        return not self.dedup_key or said.get("dedup_key", self.dedup_key) == self.dedup_key

    @property
    def is_too_many(self) -> bool:
        """Whether PagerDuty limits the rate of events."""
        return self.status == 429

    @property
    def is_silent(self) -> bool:
        """Whether there was no answer at all."""
        return self.status == 0

    @property
    def may_be_cured(self) -> bool:
        """Whether the same event may be taken later.

        A 1xx or 2xx that is no acceptance comes from a proxy in between, which may be temporary.
        PagerDuty documents that other 4xx must not be retried; a redirect is not followed.
        """
        in_between = self.status < 300 and not self.accepted
        passing = self.status in {408, 425, 429} or self.status >= 500
        return in_between or passing

    @property
    def refuses_key(self) -> bool:
        """Whether it is the routing key that is wrong, not the event."""
        said = self.text.lower().replace("_", " ")
        return self.status in {400, 401, 403} and "routing key" in said

    def __str__(self) -> str:
        return f"{self.status or 'no answer'}: {self.text[:300]}"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the routing key to wherever it points, which is not even read."""

    def http_error_302(self, *_: Any, **_named: Any) -> None:
        return None

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


class EventsApi:
    """Sends events to one endpoint, which :func:`endpoint_of` has checked."""

    def __init__(self, endpoint: str, *, timeout: float = TIMEOUT_SECONDS) -> None:
        self._endpoint = endpoint
        self._timeout = timeout
        handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
        if urlsplit(endpoint).hostname in _LOOPBACK:
            handlers.append(urllib.request.ProxyHandler({}))
        self._opener = urllib.request.build_opener(*handlers)

    def send(self, event: Mapping[str, Any]) -> Reply:
        """What PagerDuty answers; a failed connection is a Reply with status 0, never an error.

        So is a host that no resolver takes: whoever mends the parameter still has the pages.
        """
        request = urllib.request.Request(  # noqa: S310 — endpoint_of has checked the scheme
            self._endpoint,
            data=json.dumps(event).encode(),
            headers={"Content-Type": "application/json", "User-Agent": "readiness"},
            method="POST",
        )
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                key = str(event.get("dedup_key", ""))
                return Reply(answer.status, _read(answer, self._timeout), dedup_key=key)
        except urllib.error.HTTPError as error:
            with error:
                said = _read(error, self._timeout)
                return Reply(error.code, said, _seconds(error.headers.get("Retry-After")))
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            return Reply(0, type(error).__name__)


def _read(answer: http.client.HTTPResponse | urllib.error.HTTPError, seconds: float) -> str:
    """What was answered, as far as it came within the time; empty where it broke off.

    The timeout of a connection is that of each piece: an answer that comes byte by byte would
    keep the whole batch from being sent.
    """
    body, end = b"", time.monotonic() + seconds
    try:
        while piece := answer.read1(_MOST_READ - len(body)):
            body += piece
            if len(body) >= _MOST_READ or time.monotonic() > end:
                break
    except (OSError, http.client.HTTPException):
        return ""
    return body.decode("utf-8", "replace")


def _seconds(retry_after: str | None) -> float:
    """``Retry-After``, a number or a date, in seconds; 0 for anything else."""
    try:
        return max(0.0, float(retry_after or 0))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(retry_after or "")
    except (OverflowError, ValueError):
        return 0.0
    # A date without a zone is one in UTC.
    return max(
        0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    )
