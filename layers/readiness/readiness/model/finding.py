"""A finding: the verdict of one rule on one resource, since when, and the facts behind it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from readiness.model.origin import Origin
from readiness.model.resource import Resource
from readiness.model.verdict import Fact, Severity, Status

SCHEMA_VERSION = 1
DEFAULT_STACK = "readiness"
MOST_SKEW = timedelta(minutes=5)
"""How far clocks may differ: AWS refuses requests that are signed by one further off."""
CHANGE = ("changed_by", "changed_call", "changed_at", "event_id")
"""The attributes of a finding that tell of the last change."""

LASTING = ("last_executed", "last_failed")
"""The observed facts that outlive what AWS keeps of them, such as when an alarm last acted.

The rule gets them back (:attr:`readiness.model.attestation.Attested.recorded`), and an observation
that could not be made does not erase them.
"""


def lasting(observed: Mapping[str, Fact]) -> dict[str, Fact]:
    """Those of the observed facts that last."""
    return {name: observed[name] for name in LASTING if name in observed}


def iso(moment: datetime) -> str:
    """UTC with milliseconds, so that sorting as text sorts by time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_iso(text: str) -> datetime:
    """The inverse of :func:`iso`; takes any ISO 8601 time with a zone. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; write e.g. 2026-01-31T12:00:00Z")
    try:
        moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text!r} has no date in UTC between the years 1 and 9999") from None
    return moment


def past_moment(text: object, now: datetime) -> datetime | None:
    """A time that a row tells; None for what is none, or lies ahead by more than clocks differ.

    A time in the future would make everything that is counted from it wait for it.
    """
    try:
        moment = parse_iso(str(text))
    except ValueError:
        return None
    return moment if moment <= now + MOST_SKEW else None


def _as_stored(fact: object) -> object:
    """Numbers as DynamoDB returns them: 80.0 comes back as 80."""
    if isinstance(fact, float) and fact.is_integer():
        return int(fact)
    if isinstance(fact, Mapping):
        return {name: _as_stored(value) for name, value in fact.items()}
    if isinstance(fact, list | tuple):
        return [_as_stored(value) for value in fact]
    return fact


def finding_id(resource: Resource, rule: str) -> str:
    """Twelve hex digits that people can type; stable for the life of the resource."""
    return hashlib.sha256(f"{resource.key}|{rule}".encode()).hexdigest()[:12]


def dedup_key(resource: Resource, rule: str, stack: str = DEFAULT_STACK) -> str:
    """PagerDuty's ``dedup_key``: always 74 characters, far below its limit of 255.

    A stack of another name than the default one has keys of its own.
    """
    identity = f"{resource.account}|{resource.region}|{rule}|{resource.type}/{resource.id}"
    if stack and stack != DEFAULT_STACK:
        identity += f"|{stack}"
    return "readiness:" + hashlib.sha256(identity.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of the findings table. Times are UTC.

    ``blind_since`` says since when the rule could not be evaluated; ``blinded_at`` when that had
    lasted so long that people were notified. ``opened_at`` is when it last became non-compliant.
    ``version`` counts the writes of the row; 0 is one from before versions were counted.

    ``opened_by`` is the principal of the event after which it became non-compliant;
    ``changed_by``, ``changed_call``, ``changed_at`` and ``event_id`` (CloudTrail's) are of the
    last change that was seen, which need not be the cause. ``woken_by`` and ``release`` say what
    evaluated it: an event or a sweep, and which version of the code.

    ``name`` is what people call the resource, where its id does not say so: a group's name.

    ``denied`` are those of the ``missing`` actions that were denied. ``tags`` are the resource's,
    None where they are not known. ``waived_until``, ``waiver`` (its id), ``waived_by``,
    ``waived_because``, ``waiver_owner`` and ``waiver_approved_by`` are set while it is waived;
    ``waivers_known`` says how many rows of waivers that was decided from.
    """

    resource: Resource
    rule: str
    status: Status
    severity: Severity
    section: str
    heading: str
    item: str
    reason: str
    last_observed_at: datetime
    expected: str = ""
    name: str = ""
    observed: Mapping[str, Fact] = field(default_factory=dict)
    settings: Mapping[str, Fact] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    status_since: datetime | None = None
    first_observed_at: datetime | None = None
    opened_at: datetime | None = None
    blind_since: datetime | None = None
    blind_reason: str = ""
    blinded_at: datetime | None = None
    reminder: str = ""
    opened_by: str = ""
    changed_by: str = ""
    changed_call: str = ""
    changed_at: str = ""
    event_id: str = ""
    trigger: str = ""
    woken_by: str = ""
    release: str = ""
    workload: str = ""
    environment: str = ""
    owner: str = ""
    tags: Mapping[str, str] | None = None
    waived_until: datetime | None = None
    waiver: str = ""
    waived_by: str = ""
    waived_because: str = ""
    waiver_owner: str = ""
    waiver_approved_by: str = ""
    waivers_known: int = 0
    gone: bool = False
    version: int = 0

    @property
    def id(self) -> str:
        return finding_id(self.resource, self.rule)

    @property
    def dedup_key(self) -> str:
        return dedup_key(self.resource, self.rule)

    @property
    def since(self) -> datetime:
        return self.status_since or self.last_observed_at

    @property
    def is_open(self) -> bool:
        """Whether someone has to act: non-compliant, or unknown for too long, and not waived."""
        if self.is_waived:
            return False
        return self.status is Status.NON_COMPLIANT or self.blinded_at is not None

    @property
    def is_waived(self) -> bool:
        """Whether people accept it for now: it is non-compliant all the same."""
        return (
            self.status is Status.NON_COMPLIANT
            and self.waived_until is not None
            and self.waived_until > self.last_observed_at
        )

    @property
    def config_hash(self) -> str:
        """A digest of the whole verdict; a finding with an equal digest is not written again."""
        said = [
            self.status,
            self.severity,
            self.reason,
            self.expected,
            self.observed,
            self.settings,
            self.item,
            self.blind_reason,
            self.reminder,
            self.gone,
        ]
        text = json.dumps(_as_stored(said), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def last_change(self) -> Origin:
        """The last change that was seen before the verdict became what it is."""
        return Origin(self.changed_by, self.changed_call, self.changed_at, self.event_id)

    def but(self, **changes: object) -> Finding:
        """A copy with some attributes changed."""
        return replace(self, **changes)  # type: ignore[arg-type]
