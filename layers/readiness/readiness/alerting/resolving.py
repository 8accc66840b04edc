"""Resolves all open incidents of a stack at PagerDuty, for instance when it is deleted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from readiness.alerting.groups import Contended, Groups
from readiness.alerting.incidents import Incident, Incidents, predating
from readiness.alerting.pagerduty import EventsApi, Reply
from readiness.alerting.pagerduty_event import pagerduty_event, resolve_event
from readiness.alerting.routes import DEFAULT
from readiness.alerting.routing_key import RoutingKey, UnknownRoute
from readiness.engine.store import Store
from readiness.model.finding import DEFAULT_STACK
from readiness.model.resource import Resource
from readiness.model.verdict import Severity

PACE_SECONDS = 0.5
"""PagerDuty takes about 120 events a minute for each key."""
PAUSE_SECONDS = 10.0
LONGEST_PAUSE = 60.0
MOST_TRIES = 6
NO_TIME = "there was no time left"


@dataclass(frozen=True, slots=True)
class Resolved:
    """What became of one incident: resolved, or why not."""

    incident: Incident
    reason: str = ""

    @property
    def ok(self) -> bool:
        """Whether PagerDuty took the resolve."""
        return not self.reason


@dataclass
class Resolver:
    """Resolves every incident that a stack may have open, one after the other, paced.

    It works from what PagerDuty may have been told, not from what is wrong now, and changes no
    finding. ``enough`` says that there is no more time.
    """

    store: Store
    key: RoutingKey
    api: EventsApi
    lowest: Severity
    runbooks: str = ""
    stack: str = DEFAULT_STACK
    enough: Callable[[], bool] = lambda: False
    wait: Callable[[float], None] = time.sleep
    most_tries: int = MOST_TRIES
    _incidents: Incidents = field(init=False)
    _groups: Groups = field(init=False)

    def __post_init__(self) -> None:
        self._incidents = Incidents(self.store)
        self._groups = Groups(self.store)

    def open(self, account: str = "") -> Iterator[Incident]:
        """What may be open: every mark, and with ``account`` what was told before marks were kept.

        The latter takes a read for each open finding of the account.
        """
        marked = set()
        for incident in self._incidents.all():
            marked.add(incident.finding_id)
            yield incident
        if not account:
            return
        since = self._incidents.since()
        for finding in self.store.open(account):
            if finding.id not in marked:
                history = self.store.history(finding.id)
                earlier = predating(finding.resource, finding.rule, history, since)
                if earlier is not None:
                    yield earlier

    def run(self, account: str = "") -> Iterator[Resolved]:
        """Resolve them, until ``enough`` or until PagerDuty takes no more. Raises NoRoutingKey.

        What was not tried any more is named too.
        """
        stopped = ""
        over: set[str] = set()
        for incident in self.open(account):
            if not stopped and self.enough():
                stopped = NO_TIME
            if incident.dedup_key in over:
                # Another member of the same group: its incident is resolved.
                self._end(incident)
                yield Resolved(incident)
                continue
            if stopped:
                yield Resolved(incident, stopped)
                continue
            if incident.group:
                with suppress(Contended):
                    self._groups.close(incident.group, whoever_is_in=True)
            try:
                reply = self._told(incident)
            except UnknownRoute as missing:
                # One service's key is gone; the others' incidents are resolved.
                yield Resolved(incident, str(missing))
                continue
            if reply.accepted:
                over.add(incident.dedup_key)
                self._end(incident)
                yield Resolved(incident)
                self.wait(PACE_SECONDS)
            else:
                yield Resolved(incident, f"PagerDuty answered {reply}")
                if reply.may_be_cured:
                    stopped = "not tried: PagerDuty takes nothing at the moment"

    def _told(self, incident: Incident) -> Reply:
        """Resolve it at its service, and first where it was before; a group may have moved."""
        group = self._groups.of(incident)
        about, since = (incident, incident.since) if group is None else (group, group.began_at)
        for route in filter(None, about.before.split("\n")):
            reply = self._send(resolve_event(incident.dedup_key), route, since)
            if not reply.accepted:
                return reply
        return self._send(self._event(incident), about.route, since)

    def _end(self, incident: Incident) -> None:
        """A mark that stays costs a resolve too many, another time."""
        if incident.token:
            with suppress(ClientError, BotoCoreError):
                self._incidents.end(incident)

    def _event(self, incident: Incident) -> dict[str, Any]:
        """With the payload of the finding where it can be read: orchestrations route by it."""
        try:
            finding = self.store.get(Resource.parse(incident.resource), incident.rule)
        except (ValueError, ClientError, BotoCoreError):
            finding = None
        event = resolve_event(incident.dedup_key)
        if finding is None:
            return event
        said = pagerduty_event(
            finding,
            routing_key="",
            lowest=self.lowest,
            runbooks=self.runbooks,
            stack=self.stack,
        )
        return said | event

    def _send(self, event: dict[str, Any], route: str, since: str) -> Reply:
        former = self.key.former(route, since)
        if former:
            reply = self.api.send(event | {"routing_key": former})
            if reply.accepted and not self.key.has(route or DEFAULT):
                return reply
        reply = Reply(0)
        for attempt in range(self.most_tries):
            key = self.key.get(route, fresh=reply.refuses_key)
            reply = self.api.send(event | {"routing_key": key})
            is_last = attempt == self.most_tries - 1
            if not reply.may_be_cured or is_last or self.enough():
                break
            longest = min(LONGEST_PAUSE, PAUSE_SECONDS * 2**attempt)
            self.wait(min(max(reply.retry_after, longest), LONGEST_PAUSE))
        return reply
