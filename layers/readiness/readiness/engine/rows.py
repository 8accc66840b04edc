"""What a row of the tables looks like: a finding, and a transition, which is also the outbox."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, datetime, timedelta
from typing import Any

from readiness.engine.attribute_values import deserialise, serialise
from readiness.model.finding import CHANGE, SCHEMA_VERSION, Finding, iso, parse_iso
from readiness.model.resource import Resource
from readiness.model.text import error_text
from readiness.model.transition import Kind, Transition
from readiness.model.verdict import Severity, Status

GONE_FOR = timedelta(days=90)
HISTORY_FOR = timedelta(days=400)
ID_PREFIX = 4
"""Characters of a finding's id that are the key of the index ``by-id``: what people must type."""
WAITING = "yes"
SHARDS = 8
"""Keys of the index of what is not published yet; ``WAITING`` alone is that of older rows."""
WAIVED_ROWS = "#waived"
"""In the index of open findings, what follows the account of those that are waived. Their rank is
the end of the waiver. CloudFormation adds one index in an update, so that they have none of their
own."""
_TIMES = (
    "last_observed_at",
    "status_since",
    "first_observed_at",
    "opened_at",
    "blind_since",
    "blinded_at",
    "waived_until",
)
_TEXTS = (
    "section",
    "heading",
    "item",
    "reason",
    "expected",
    "name",
    "blind_reason",
    "reminder",
    "opened_by",
    "changed_by",
    "changed_call",
    "changed_at",
    "event_id",
    "trigger",
    "woken_by",
    "release",
    "workload",
    "environment",
    "owner",
    "waiver",
    "waived_by",
    "waived_because",
    "waiver_owner",
    "waiver_approved_by",
)
_OF_A_FINDING = frozenset(
    {
        *_TIMES,
        *_TEXTS,
        *("resource", "rule", "status", "severity", "observed", "settings", "missing", "denied"),
        *("tags", "waivers_known", "gone", "version"),
    }
)
_WAIVED = ("waiver", "waived_by", "waived_because", "waiver_owner", "waiver_approved_by")
_BLAME = ("trigger", "opened_by", *CHANGE, "woken_by", "release")
_MOST_IN_KEY = {"resource": 2048, "rule": 1024}
"""Bytes that DynamoDB takes of the keys of a finding: it refuses to look for a longer one."""
_NEEDED = ("finding_id", "at", "kind", "resource", "rule")


class UnreadableRow(ValueError):
    """A row that this version cannot read, such as one that a newer version wrote."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(key, why)
        self.key = key
        self.why = why

    def __str__(self) -> str:
        return f"{self.key}: {self.why}"


def to_item(finding: Finding) -> dict[str, Any]:
    """The finding as a DynamoDB item, with the attributes of the sparse indexes."""
    plain: dict[str, Any] = {
        "resource": finding.resource.key,
        "rule": finding.rule,
        "status": str(finding.status),
        "severity": str(finding.severity),
        "finding_id": finding.id,
        "id_prefix": finding.id[:ID_PREFIX],
        "config_hash": finding.config_hash,
        "schema_version": SCHEMA_VERSION,
        "version": finding.version,
        "observed": finding.observed,
        "settings": finding.settings,
    }
    plain |= {name: getattr(finding, name) for name in _TEXTS if getattr(finding, name)}
    plain |= {name: iso(moment) for name in _TIMES if (moment := getattr(finding, name))}
    if finding.missing:
        plain["missing"] = list(finding.missing)
    if finding.denied:
        plain["denied"] = list(finding.denied)
    if finding.tags is not None:
        plain["tags"] = finding.tags
    if finding.waivers_known:
        plain["waivers_known"] = finding.waivers_known
    if finding.is_waived and finding.waived_until is not None:
        plain["open_account"] = finding.resource.account + WAIVED_ROWS
        plain["open_rank"] = iso(finding.waived_until)
    if finding.is_open:
        plain["open_account"] = finding.resource.account
        plain["open_rank"] = f"{finding.severity.rank}#{iso(finding.since)}"
    if finding.gone:
        plain["gone"] = True
        plain["expires_at"] = int((finding.last_observed_at + GONE_FOR).timestamp())
    return serialise(plain)


def from_item(item: Mapping[str, Any]) -> Finding:
    """The inverse of :func:`to_item`; attributes of another version are passed over.

    Raises UnreadableRow.
    """
    try:
        return _finding(deserialise(_known(item, _OF_A_FINDING)))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise UnreadableRow(_key_in(item), error_text(error)) from error


def _known(item: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """What this version has a use for, of whatever type the rest is."""
    return {name: value for name, value in item.items() if name in names}


def _finding(plain: Mapping[str, Any]) -> Finding:
    times: Any = {name: _moment(plain[name]) for name in _TIMES if name in plain}
    texts: Any = {name: str(plain.get(name, "")) for name in _TEXTS}
    return Finding(
        resource=Resource.parse(plain["resource"]),
        rule=plain["rule"],
        status=Status(plain["status"]),
        severity=Severity(plain["severity"]),
        observed=_mapping(plain.get("observed", {})),
        settings=_mapping(plain.get("settings", {})),
        missing=tuple(plain.get("missing", ())),
        denied=tuple(plain.get("denied", ())),
        tags=_mapping(plain["tags"]) if "tags" in plain else None,
        waivers_known=int(plain.get("waivers_known", 0)),
        gone=plain.get("gone", False),
        version=int(plain.get("version", 0)),
        **texts,
        **times,
    )


def _moment(text: str) -> datetime:
    """Raises ValueError too for a time that none can be added to, as clocks and delays are."""
    moment = parse_iso(text)
    if not MINYEAR < moment.year < MAXYEAR:
        raise ValueError(f"the year of {text} cannot be counted from")
    return moment


def _key_in(item: Any) -> str:
    """What a row that cannot be read is about, as far as that can be told."""
    if not isinstance(item, Mapping):
        return "a row"
    names = ("finding_id", "at") if "at" in item else ("resource", "rule")
    return " ".join(_shown(item.get(name)) for name in names)


def _shown(value: Any) -> str:
    text = value.get("S") if isinstance(value, Mapping) else None
    return text if isinstance(text, str) else json.dumps(value, default=str)


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"a mapping is expected, not {type(value).__name__}")
    return value


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the history as it is read back."""

    finding_id: str
    at: str
    kind: str
    resource: str
    rule: str
    old_status: str = ""
    status: str = ""
    old_severity: str = ""
    severity: str = ""
    old_reason: str = ""
    reason: str = ""
    heading: str = ""
    trigger: str = ""
    opened_by: str = ""
    changed_by: str = ""
    changed_call: str = ""
    changed_at: str = ""
    event_id: str = ""
    woken_by: str = ""
    release: str = ""
    waived_until: str = ""
    waiver: str = ""
    waived_by: str = ""
    waived_because: str = ""
    waiver_owner: str = ""
    waiver_approved_by: str = ""
    waiver_note: str = ""
    waiver_changed_by: str = ""
    was_waived: str = ""
    published_at: str = ""
    published_as: str = ""
    waiting_since: str = ""


def transition_item(transition: Transition) -> dict[str, Any]:
    """A transition as an outbox row: unpublished until ``alerts`` has sent it on."""
    finding = transition.finding
    plain = {
        "finding_id": finding.id,
        "at": iso(transition.at),
        "kind": str(transition.kind),
        "resource": finding.resource.key,
        "rule": finding.rule,
        "heading": finding.heading,
        "old_status": str(transition.old_status or ""),
        "status": str(finding.status),
        "old_severity": str(transition.old_severity or ""),
        "severity": str(finding.severity),
        "old_reason": transition.old_reason,
        "reason": finding.blind_reason
        if transition.kind is Kind.BLINDED and finding.blind_reason
        else finding.reason,
        **{name: getattr(finding, name) for name in (*_BLAME, *_WAIVED)},
        "waived_until": iso(finding.waived_until) if finding.waived_until else "",
        "waiver_note": transition.note,
        "waiver_changed_by": transition.by,
        "was_waived": "yes" if transition.was_waived else "",
        "unpublished": shard_of(finding.id),
        "expires_at": int((transition.at + HISTORY_FOR).timestamp()),
    }
    return serialise({name: value for name, value in plain.items() if value != ""})


def _check(plain: Mapping[str, Any]) -> None:
    """Raise for an outbox row that does not say which finding became what, and when."""
    for name in _NEEDED:
        if not isinstance(plain[name], str) or not plain[name]:
            raise TypeError(f"{name} is no text")
    for name, most in _MOST_IN_KEY.items():
        if len(plain[name].encode()) > most:
            raise ValueError(f"no row has a {name} of more than {most} bytes")
    _moment(plain["at"])
    Resource.parse(plain["resource"])


def shard_of(finding_id: str) -> str:
    """The key of the outbox row: several, since one key takes 1,000 writes a second."""
    return f"{WAITING}#{int(finding_id, 16) % SHARDS}"


def entry_of(item: Mapping[str, Any]) -> Entry:
    """An outbox row, from a query or from a stream record's ``NewImage``.

    Raises UnreadableRow for one that names no finding.
    """
    fields = Entry.__dataclass_fields__
    try:
        plain = deserialise(_known(item, fields))
        _check(plain)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise UnreadableRow(_key_in(item), error_text(error)) from error
    return Entry(**{name: str(plain.get(name, "")) for name in fields})
