"""Who acknowledged a page, from PagerDuty's REST API."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from readiness_cli.failure import Failure
from readiness_cli.loopback import HOSTS

if TYPE_CHECKING:
    from readiness.engine.aws import Aws
    from readiness_cli.stack import Stack

KEY_NAME = "rest"
"""The name of the REST key in the stack's secret, beside that of the routing key."""
_API = {"US": "https://api.pagerduty.com", "EU": "https://api.eu.pagerduty.com"}
_TIMEOUT_SECONDS = 10.0
_MOST_READ = 1_000_000
_PASSING = frozenset({408, 425, 429})


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key to wherever it points."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Acknowledgements:
    """Asks PagerDuty who acknowledged an incident, with a read-only REST key."""

    def __init__(self, api: str, key: str) -> None:
        self._api = api
        self._key = key
        handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
        if urlsplit(api).hostname in HOSTS:
            handlers.append(urllib.request.ProxyHandler({}))
        self._opener = urllib.request.build_opener(*handlers)

    @classmethod
    def of_stack(cls, aws: Aws, stack: Stack) -> Acknowledgements:
        """With the key in the stack's secret. Raises Failure where there is none."""
        from readiness_cli.pagerduty_key import keys_of  # noqa: PLC0415

        key = keys_of(aws.client("secretsmanager"), stack["PagerDutySecret"]).get(KEY_NAME)
        if not isinstance(key, str) or not key.strip():
            raise Failure(
                "the stack's secret has no REST key of PagerDuty",
                why="Only PagerDuty's REST API tells who acknowledged a page",
                fix="run `readiness pagerduty-key --rest` with a read-only REST API key",
            )
        return cls(api_of(stack.parameters.get("PagerDutyEndpoint") or "US"), key.strip())

    def of(self, dedup_key: str) -> str:
        """Who acknowledged or resolved the incident: name and user id; empty if nobody yet.

        Raises Failure where PagerDuty refuses the key. What is no answer counts as nobody yet.
        """
        for incident in self._incidents(dedup_key):
            for user in _users(incident):
                if user.get("type") in {"user_reference", "user"} and user.get("id"):
                    return f"{user.get('summary') or user.get('name') or '?'} ({user['id']})"
        return ""

    def _incidents(self, dedup_key: str) -> Iterator[Mapping[str, Any]]:
        # Without statuses[] PagerDuty lists triggered, acknowledged and resolved incidents.
        asked = urlencode({"incident_key": dedup_key, "date_range": "all"})
        request = urllib.request.Request(  # noqa: S310 — api_of knows the scheme
            f"{self._api}/incidents?{asked}",
            headers={
                "Accept": "application/vnd.pagerduty+json;version=2",
                "Authorization": f"Token token={self._key}",
                "User-Agent": "readiness",
            },
        )
        try:
            with self._opener.open(request, timeout=_TIMEOUT_SECONDS) as answer:
                said = json.loads(answer.read(_MOST_READ))
        except urllib.error.HTTPError as error:
            with error:
                if error.code in _PASSING or error.code >= 500:
                    return
                raise _refused(error.code) from None
        except (OSError, http.client.HTTPException, ValueError, RecursionError):
            return
        found = said.get("incidents") if isinstance(said, dict) else None
        for incident in found if isinstance(found, list) else ():
            if isinstance(incident, dict):
                yield incident


def _users(incident: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Who acknowledged the incident, or resolved it by hand: the test resolves it as a service."""
    for each in incident.get("acknowledgements") or ():
        if isinstance(each, dict) and isinstance(each.get("acknowledger"), dict):
            yield each["acknowledger"]
    last = incident.get("last_status_change_by")
    if incident.get("status") in {"acknowledged", "resolved"} and isinstance(last, dict):
        yield last


def api_of(endpoint: str) -> str:
    """The REST API beside an endpoint of the Events API. Raises Failure for an unknown one."""
    if endpoint in _API:
        return _API[endpoint]
    parts = urlsplit(endpoint)
    if parts.hostname in HOSTS:
        return f"{parts.scheme}://{parts.netloc}"
    raise Failure(
        f"it is not known where the REST API beside {endpoint} is",
        why="Only PagerDuty's own endpoints have a known one",
        fix="leave out --acknowledged; the person who was paged runs `readiness attest approve`",
    )


def _refused(status: int) -> Failure:
    return Failure(
        f"PagerDuty's REST API refuses the request (HTTP {status})",
        why="Without it, it is not known who acknowledged the page",
        fix="run `readiness pagerduty-key --rest` with a read-only REST API key of the account",
    )
