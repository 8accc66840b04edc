"""Many new findings of one rule at once: the first page one by one, the others are one incident.

A finding is counted when the forwarder is about to page it for the first time, by the forwarder's
clock, so that neither the hosts' clocks nor a backlog matter. Where ``above`` findings of a rule
and severity came within ``WINDOW``, the next one joins a group (:mod:`readiness.alerting.groups`):
an incident of its own, with one dedup_key. Nothing is held back.

Rules that tell one fact of one resource (:mod:`readiness.alerting.causes`) are such a group too,
from the first finding on: another one joins it where the incident is at least as severe.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from readiness.alerting.causes import cause_of
from readiness.alerting.groups import ATTEMPTS, KEPT_FOR, Contended, Group, Groups, is_race
from readiness.alerting.incidents import Incident
from readiness.engine.attribute_values import deserialise_own, serialise
from readiness.engine.environment import DEFAULTS
from readiness.engine.store import Store
from readiness.model.finding import DEFAULT_STACK, Finding, finding_id, iso
from readiness.model.verdict import Severity

WINDOW = timedelta(minutes=10)
LONGEST = timedelta(hours=1)
"""A storm that goes on begins a new group, and so pages again, after this time."""
DEFAULT_ABOVE = int(DEFAULTS["PAGERDUTY_GROUP_ABOVE"])
"""As the parameter PagerDutyGroupAbove of the template has it."""


class Storms:
    """Rows of the transitions table, which the stream passes over.

    ``storm#<account>#<rule>`` with ``at`` the severity: who paged last, and the group that is
    open. ``cause#<resource>`` with ``at`` the cause: the group that is open.
    """

    def __init__(
        self,
        store: Store,
        groups: Groups,
        *,
        stack: str = DEFAULT_STACK,
        above: int = DEFAULT_ABOVE,
    ) -> None:
        self._client = store.client
        self._table = store.transitions_table
        self._groups = groups
        self._stack = stack
        self._above = above

    def place(
        self, finding: Finding, severity: Severity, known: Incident | None, route: str = ""
    ) -> Group | None:
        """Count a finding that is about to page; the group that it is in now, if any.

        ``known`` is the mark that it has had until now, ``route`` the key it pages with. Raises
        Contended.
        """
        cause = cause_of(finding.rule)
        if not self._above and not cause:
            return None
        for _ in range(ATTEMPTS):
            try:
                return self._placed(finding, severity, known, cause, route)
            except ClientError as error:
                if not is_race(error):
                    raise
        raise Contended(f"{finding.resource.key} {finding.rule}")

    def _placed(
        self,
        finding: Finding,
        severity: Severity,
        known: Incident | None,
        cause: str,
        route: str,
    ) -> Group | None:
        now = self._groups.now()
        of_cause = _cause_key(finding, cause, route)
        cause_row = self._row(of_cause) if cause else {}
        incident = self._open_incident(cause_row, severity)
        if incident is not None:
            return self._groups.join(finding, incident, known, [])
        key = _storm_key(finding, severity, route)
        puts: list[dict[str, Any]] = []
        storm: Group | None = None
        if self._above:
            row = self._row(key)
            values, is_storm = self._counted(row, finding, now)
            if is_storm:
                storm = self._open(values["group"], now) or self._new(
                    finding, severity, now, route=route
                )
                values |= {"group": storm.id}
            put = self._put(key, values, row)
            if not is_storm and not cause:
                self._client.put_item(**put)
                return None
            puts.append({"Put": put})
        if storm is not None:
            return self._groups.join(finding, storm, known, puts)
        new = self._new(finding, severity, now, cause=cause, route=route)
        values = {
            "kind": "CAUSE",
            "group": new.id,
            "version": _next(cause_row),
            "expires_at": int((now + KEPT_FOR).timestamp()),
        }
        puts.append({"Put": self._put(of_cause, values, cause_row)})
        return self._groups.join(finding, new, known, puts)

    def _counted(
        self, row: Mapping[str, Any], finding: Finding, now: datetime
    ) -> tuple[dict[str, Any], bool]:
        """The row of a storm with the finding counted, and whether it is a storm."""
        id = finding_id(finding.resource, finding.rule)
        recent = {
            name: at
            for name, at in _texts(row.get("recent")).items()
            if at > iso(now - WINDOW) and name != id
        }
        last = sorted([*recent.items(), (id, iso(now))], key=lambda each: each[1])
        values: dict[str, Any] = {
            "kind": "STORM",
            "recent": dict(last[-self._above :]),
            "group": str(row.get("group", "")),
            "version": _next(row),
            "expires_at": int((now + KEPT_FOR).timestamp()),
        }
        return values, len(recent) >= self._above

    def _open_incident(self, row: Mapping[str, Any], severity: Severity) -> Group | None:
        """The open incident of a cause that is at least as severe as ``severity``."""
        id = str(row.get("group", ""))
        group = self._groups.get(id) if id else None
        if group is None or group.closed_at or not group.members:
            return None
        known = group.severity in set(Severity)
        return group if known and Severity(group.severity).at_least(severity) else None

    def _open(self, id: str, now: datetime) -> Group | None:
        group = self._groups.get(id) if id else None
        if group is None or group.closed_at or group.began_at < iso(now - LONGEST):
            return None
        return group

    def _new(
        self,
        finding: Finding,
        severity: Severity,
        now: datetime,
        *,
        cause: str = "",
        route: str = "",
    ) -> Group:
        id = uuid.uuid4().hex
        identity = f"{finding.resource.account}|{finding.rule}|{severity}|{self._stack}|{id}"
        key = "readiness:" + hashlib.sha256(identity.encode()).hexdigest()
        return Group(id, finding.rule, str(severity), key, iso(now), cause=cause, route=route)

    def _put(
        self, key: Mapping[str, Any], values: Mapping[str, Any], over: Mapping[str, Any]
    ) -> dict[str, Any]:
        """A row with a version, over the one that was read."""
        condition: dict[str, Any] = {
            "ConditionExpression": "attribute_not_exists(#v)",
            "ExpressionAttributeNames": {"#v": "version"},
        }
        if over and not isinstance(over.get("version"), int):
            # Of a row that tells no version it cannot be known whether it has changed.
            condition = {}
        elif over:
            condition["ConditionExpression"] = "#v = :v"
            condition["ExpressionAttributeValues"] = serialise({":v": over["version"]})
        return {"TableName": self._table, "Item": {**key, **serialise(values)}, **condition}

    def _row(self, key: Mapping[str, Any]) -> dict[str, Any]:
        answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return deserialise_own(answer.get("Item", {}))


def _storm_key(finding: Finding, severity: Severity, route: str) -> dict[str, Any]:
    place = f"storm#{finding.resource.account}#{finding.rule}"
    return {
        "finding_id": {"S": place},
        "at": {"S": f"{severity}#{route}" if route else str(severity)},
    }


def _cause_key(finding: Finding, cause: str, route: str) -> dict[str, Any]:
    """Where the incident of a cause stands: for each resource and service."""
    return {"finding_id": {"S": f"cause#{finding.resource.key}"}, "at": {"S": f"{cause}#{route}"}}


def _next(row: Mapping[str, Any]) -> int:
    """The version after that of a row, whatever another version of the stack wrote there."""
    known = row.get("version")
    return known + 1 if isinstance(known, int) else 1


def _texts(given: object) -> dict[str, str]:
    if not isinstance(given, Mapping):
        return {}
    return {str(name): str(value) for name, value in given.items()}
