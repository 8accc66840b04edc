"""DNS records of which Route 53 picks one: whether a failed one is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from readiness import (
    Problem,
    Severity,
    Verdict,
    complies,
    not_applicable,
    violates_all,
)
from readiness.evidence.route53_health import DnsHealthCheck
from readiness.evidence.route53_policies import CLOUDFRONT_ZONE, Record
from readiness.evidence.route53_records import RoutedRecords
from readiness.model.text import listed, plural
from readiness.model.verdict import Fact

EXPECTED = (
    "A primary with a health check that can fail (or an alias that evaluates its target) and a"
    " secondary elsewhere; a health check of every record that others can stand in for."
)

_OF_ENDPOINTS = frozenset({"A", "AAAA", "CNAME", "HTTPS", "SVCB"})
"""Types of records that lead clients somewhere. Others hold texts and keys: external-dns gives the
texts by which it knows its records the same policies."""

_CLOUDFRONT = frozenset({CLOUDFRONT_ZONE, "Z3RFFRIM2A3IF5"})
"""The zones of CloudFront's names, global and China: an alias cannot evaluate them, and CloudFront
answers from another edge by itself (Route 53 API Reference, AliasTarget)."""


def records_verdict(zone: RoutedRecords, *, max_ttl_seconds: int) -> Verdict:
    """The verdict on the records of a zone that Route 53 chooses between."""
    if zone.owner:
        return not_applicable(f"The service {zone.owner} made the zone and manages its records.")
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in zone.routed:
        if record.type not in _OF_ENDPOINTS:
            continue
        groups.setdefault((_plain(record.name), record.type), []).append(record)
    if not groups:
        return not_applicable(
            "No record of the zone that leads to an endpoint has a routing policy."
        )
    health = _Health(zone)
    found: dict[tuple[Severity, str], dict[str, None]] = {}
    for group in groups.values():
        for severity, text, name in _flaws(group, health, max_ttl_seconds):
            found.setdefault((severity, text), {})[name] = None
    observed: dict[str, Fact] = {"groups": len(groups), "records": len(zone.routed)}
    if found:
        problems = [
            Problem(severity, f"{listed(list(names))}: {text}.")
            for (severity, text), names in found.items()
        ]
        return violates_all(problems, expected=EXPECTED).observing(observed)
    return complies(
        f"{plural(len(groups), 'name')} with a routing policy"
        f" {'leaves' if len(groups) == 1 else 'leave'} out answers that fail."
    ).observing(observed)


def _plain(name: str) -> str:
    return name.rstrip(".").lower()


def _label(record: Record) -> str:
    return f"{_plain(record.name)} {record.type}"


Flaw = tuple[Severity, str, str]
"""How bad, what is wrong, and where: the name of a group or of one of its records."""


def _flaws(group: Sequence[Record], health: _Health, max_ttl: int) -> Iterator[Flaw]:
    for record in group:
        if health.is_out_of_sight(record):
            text = (
                "the health check asks a name of this private zone, of which the account has no"
                " public one, and the checkers of Route 53 are outside its VPCs (use the alarm of"
                " a metric, unless public DNS elsewhere answers the name)"
            )
            yield Severity.MEDIUM, text, _label(record)
    if group[0].policy == "failover":
        yield from _failover_flaws(group, health)
        severity = Severity.MEDIUM
    else:
        yield from _other_flaws(group, health)
        severity = Severity.LOW
    slow = [each for each in group if each.check and each.ttl is not None and each.ttl > max_ttl]
    if slow:
        longest = max(each.ttl or 0 for each in slow)
        text = (
            f"resolvers keep a failed answer for {plural(longest, 'second')} (TTL); at most"
            f" {max_ttl} are allowed"
        )
        yield severity, text, _label(slow[0])


def _failover_flaws(group: Sequence[Record], health: _Health) -> Iterator[Flaw]:
    primary = next((each for each in group if each.role == "PRIMARY"), None)
    secondary = next((each for each in group if each.role == "SECONDARY"), None)
    if primary is None:
        yield (
            Severity.MEDIUM,
            "a secondary record without a primary, so the standby answers always",
            _label(group[0]),
        )
        return
    why = health.cannot_fail(primary)
    if why and health.fails_over(primary):
        text = (
            f"the primary fails over within {primary.alias}, whose secondary always counts as"
            " healthy, so this secondary never takes over"
        )
        yield Severity.MEDIUM, text, _label(primary)
    elif why:
        yield Severity.HIGH, f"the primary never fails over: {why}", _label(primary)
    elif unknown := health.unknown_check(primary):
        yield Severity.MEDIUM, unknown, _label(primary)
    if secondary is None:
        yield (
            Severity.HIGH,
            "a primary record without a secondary, so nothing takes over",
            _label(primary),
        )
        return
    if _leads_to(primary) == _leads_to(secondary):
        yield (
            Severity.HIGH,
            "the primary and the secondary record lead to the same endpoint",
            _label(primary),
        )
    if primary.check and primary.check == secondary.check and not why:
        text = (
            "the primary and the secondary have the same health check, so that both fail at once"
            " and Route 53 stays with the primary"
        )
        yield Severity.HIGH, text, _label(primary)


def _leads_to(record: Record) -> tuple[str, ...]:
    """The endpoint of a record; a load balancer has a second name for both families."""
    if record.alias:
        return (record.alias.removeprefix("dualstack."),)
    return tuple(_plain(value) for value in record.values)


def _other_flaws(group: Sequence[Record], health: _Health) -> Iterator[Flaw]:
    """Of records that stand in for each other: those that are answered also while they fail."""
    policy = group[0].policy
    live = [each for each in group if each.weight != 0]
    if len({_leads_to(each) for each in live}) < 2:
        return
    severity = Severity.LOW if policy == "weighted" else Severity.MEDIUM
    for record in live:
        if record.is_default or record.alias_zone in _CLOUDFRONT:
            continue
        label = f"{_label(record)} ({record.identifier})"
        if health.fails_over(record):
            continue
        if why := health.cannot_fail(record):
            text = f"{policy} records that are answered also while their endpoint fails: {why}"
            yield severity, text, label
        elif unknown := health.unknown_check(record):
            yield severity, unknown, label


# -- what can fail --------------------------------------------------------------------------------


@dataclass(slots=True)
class _Health:
    """Which records of a zone Route 53 can find unhealthy."""

    zone: RoutedRecords
    groups: dict[tuple[str, str], list[Record]] = field(default_factory=dict)
    known: dict[tuple[str, str], bool] = field(default_factory=dict)
    """Whether all answers of a name and type can fail."""

    def __post_init__(self) -> None:
        for record in (*self.zone.routed, *self.zone.aliases):
            self.groups.setdefault((_plain(record.name), record.type), []).append(record)

    def is_out_of_sight(self, record: Record) -> bool:
        """Whether the health check of a record asks a name of its own zone, which is private."""
        check = self.zone.checks.get(record.check)
        if check is None or not self.zone.is_hidden or check.address or check.is_disabled:
            return False
        return f".{check.domain}".endswith(f".{_plain(self.zone.name)}")

    def cannot_fail(self, record: Record) -> str:
        """Why a record always counts as healthy; empty where it can fail.

        With a health check and an evaluated target either of the two may fail.
        """
        why = "it has no health check"
        if record.check:
            why = check_that_cannot_fail(record.check, self.zone.checks)
            if not why:
                return ""
        if not record.alias:
            return why
        if not record.evaluates:
            off = "the alias does not evaluate the health of its target"
            return f"{off}, and {why}" if record.check else f"{off} and has no health check"
        if record.alias_zone != self.zone.id or self._can_fail((record.alias, record.type)):
            return ""
        return f"it is an alias of {record.alias}, of which an answer always counts as healthy"

    def unknown_check(self, record: Record) -> str:
        """What is not known of a record whose health check the account does not have.

        A record may name the health check of another account. A deleted one counts as healthy
        (Route 53 Developer Guide, "Updating or deleting health checks when DNS failover is
        configured"), and nothing that this account can read tells the two apart.
        """
        if not record.check or record.check in self.zone.checks:
            return ""
        if record.alias and record.evaluates:
            return ""
        return (
            f"the account has no health check {record.check}: if it was deleted, and is not of"
            " another account, Route 53 counts the record as healthy for ever"
        )

    def fails_over(self, record: Record) -> bool:
        """Whether a record is an alias of a pair that fails over, and so never fails itself."""
        if not record.evaluates or record.alias_zone != self.zone.id:
            return False
        pair = {each.role: each for each in self.groups.get((record.alias, record.type), ())}
        return {"PRIMARY", "SECONDARY"} <= pair.keys() and not self.cannot_fail(pair["PRIMARY"])

    def _can_fail(self, target: tuple[str, str]) -> bool:
        """Whether all answers of a name can fail: an alias of it is healthy while one is.

        Those of a circle cannot.
        """
        if target not in self.known:
            self.known[target] = False
            answers = self.groups.get(target, ())
            self.known[target] = bool(answers) and not any(map(self.cannot_fail, answers))
        return self.known[target]


def check_that_cannot_fail(id: str, checks: Mapping[str, DnsHealthCheck]) -> str:
    """Why a health check always counts as healthy; empty where it can fail, or is not known."""
    check = checks.get(id)
    if check is None:
        return ""
    if check.is_disabled and not check.is_inverted:
        return f"its health check {id} is disabled"
    if check.kind == "CALCULATED" and not check.is_inverted:
        steady = [child for child in check.children if check_that_cannot_fail(child, checks)]
        if len(steady) >= check.threshold:
            return f"its health check {id} needs no child that can fail"
    return ""
