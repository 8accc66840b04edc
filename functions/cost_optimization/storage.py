"""Whether data lies in a storage class that is worth its price."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from readiness.evidence.dynamodb.tables import ARCHIVES
from readiness.evidence.ec2.volume_types import OLD
from readiness.evidence.s3.lifecycles import GIB
from readiness.model.text import listed, plural
from readiness.model.verdict import Fact, Verdict, cannot_tell, complies, not_applicable, violates
from readiness.semantics.lifecycle import MIN_TRANSITION_BYTES, covers_bucket

if TYPE_CHECKING:
    from readiness.evidence.computeoptimizer import VolumeRecommendations
    from readiness.evidence.dynamodb.usage import TableStorage
    from readiness.evidence.ec2.volume_types import Volume, VolumeTypes
    from readiness.evidence.s3.lifecycles import ArchiveTiers, BucketLifecycle
    from readiness.evidence.s3.transfer import BucketWrites
    from readiness.semantics.lifecycle import CostRule

_STANDARD = "StandardStorage"
_TOO_LATE = 366
"""Days: what lies in S3 Standard for longer was not worth its price."""
_NEVER = 10 * _TOO_LATE
NO_METRIC = "S3 has no size of it: it is empty, or younger than two days."


def small(size: float, min_gib: float) -> Verdict | None:
    """COMPLIANT for what is too small to matter."""
    if size >= min_gib * GIB:
        return None
    return complies(
        f"It holds {size / GIB:,.1f} GiB, less than the {min_gib:g} GiB that are worth a look.",
        bytes=int(size),
    )


def judge_class(
    storage: BucketWrites, lifecycle: BucketLifecycle, tiers: ArchiveTiers, min_gib: float
) -> Verdict:
    """Whether the objects of a bucket leave S3 Standard, where that would save something."""
    if storage.stored is None:
        return not_applicable(NO_METRIC)
    standard = storage.classes.get(_STANDARD, 0.0)
    if verdict := small(standard, min_gib):
        return verdict
    size = f"{standard / GIB:,.0f} GiB"
    facts: dict[str, Fact] = {"classes": {k: int(v) for k, v in storage.classes.items()}}
    average = storage.stored / storage.objects if storage.objects else MIN_TRANSITION_BYTES
    if average < MIN_TRANSITION_BYTES:
        return not_applicable(
            f"Its {storage.objects:,.0f} objects have {average / 1024:,.0f} KiB on average. S3"
            " moves no objects under 128 KiB to another class by itself."
        ).observing(facts)
    if said := _moving(lifecycle.rules, has_moved=len(storage.classes) > 1):
        return complies(said).observing(facts)
    expected = "A lifecycle rule that moves objects to Intelligent-Tiering or a colder class."
    if tiers.names and not any(kind.startswith("Intelligent") for kind in storage.classes):
        return violates(
            f"The archive configuration {tiers.names[0]} does nothing: none of its objects is in"
            f" Intelligent-Tiering, and {size} lie in S3 Standard.",
            expected=expected,
        ).observing(facts)
    why = _disabled(lifecycle.rules)
    return violates(
        f"{size} lie in S3 Standard, and nothing moves them to a cheaper class.{why}",
        expected=expected,
    ).observing(facts)


def _moving(rules: Sequence[CostRule], *, has_moved: bool) -> str:
    """Which rules move or end the objects in time, empty where none do.

    One that is confined to some of them counts where objects are in other classes already.
    """
    moving = [rule for rule in rules if rule.is_enabled and _in_time(rule, _TOO_LATE)]
    if not moving or not (has_moved or _everywhere(moving)):
        return ""
    counted = [rule for rule in moving if not rule.narrowed][:1] or moving
    named = [f"{each.id} ({each.narrowed})" if each.narrowed else each.id for each in counted]
    if len(named) == 1:
        return f"The lifecycle rule {named[0]} moves or ends its objects."
    return f"The lifecycle rules {listed(named)} move or end its objects."


def _where(rules: Sequence[CostRule]) -> str:
    return listed([f"{rule.id} ({rule.narrowed})" for rule in rules])


def _disabled(rules: Sequence[CostRule]) -> str:
    names = [rule.id for rule in rules if not rule.is_enabled]
    confined = [rule for rule in rules if rule.is_enabled and rule.narrowed]
    said = f" Disabled lifecycle rules: {listed(names)}." if names else ""
    return said + (f" Confined to a part: {_where(confined)}." if confined else "")


def judge_lifecycle(
    storage: BucketWrites, lifecycle: BucketLifecycle, *, min_gib: float, max_abort_days: int
) -> Verdict:
    """Whether lifecycle rules for the whole bucket keep it from growing for ever."""
    if storage.stored is None:
        return not_applicable(NO_METRIC)
    if verdict := small(storage.stored, min_gib):
        return verdict
    problems = []
    enabled = [rule for rule in lifecycle.rules if rule.is_enabled]
    whole = [rule for rule in enabled if not rule.narrowed]
    if not any(0 < rule.aborts_after <= max_abort_days for rule in whole):
        problems.append(
            "No rule for the whole bucket ends unfinished uploads after"
            f" {plural(max_abort_days, 'day')} (NO_ABORT_MPU)."
        )
    ends_versions = lifecycle.is_versioned and _everywhere(
        rule for rule in enabled if _is_soon(rule.ends_versions_after, _NEVER)
    )
    if not ends_versions and not _everywhere(r for r in enabled if _in_time(r, _NEVER)):
        problems.append("No rule for the whole bucket moves or expires objects.")
    elif lifecycle.is_versioned and not ends_versions:
        problems.append("Old versions stay for ever: no rule for the whole bucket ends them.")
    facts: dict[str, Fact] = {
        "bytes": int(storage.stored),
        "rules": sorted(rule.id for rule in lifecycle.rules),
    }
    if not problems:
        names = listed([each.id for each in enabled if not (each.scope.prefix or each.scope.tags)])
        return complies(f"Its lifecycle bounds what it costs: {names}.").observing(facts)
    if lifecycle.rules and not enabled:
        problems.append("Its rules are disabled (RULES_DISABLED).")
    elif enabled and not whole:
        problems.append(f"Its rules apply to a part only (PREFIX_ONLY): {_where(enabled)}.")
    return violates(
        f"It holds {storage.stored / GIB:,.0f} GiB. {' '.join(problems)}",
        expected=(
            "Enabled lifecycle rules for the whole bucket that end unfinished uploads, old"
            " versions, and objects that nobody needs, or move those to a cheaper class."
        ),
    ).observing(facts)


def _everywhere(rules: Iterable[CostRule]) -> bool:
    """Whether the rules are together about the whole bucket."""
    return covers_bucket(rule.scope for rule in rules)


def _in_time(rule: CostRule, limit: int) -> bool:
    """Whether the rule moves or ends current objects before so many days."""
    return _is_soon(rule.moves_after, limit) or _is_soon(rule.expires_after, limit)


def _is_soon(days: int | None, limit: int) -> bool:
    return days is not None and days < limit


_SEEN_DAYS = 5
"""Of a week; what was created or measured for less tells too little."""


def _serves_nobody(table: TableStorage) -> Verdict | None:
    if table.status not in {"DELETING", *ARCHIVES}:
        return None
    return not_applicable(f"The table takes no requests: its status is {table.status}.")


def judge_table(table: TableStorage, min_gib: float, most_units: float) -> Verdict:
    """Whether the class of a table fits what is stored and what is asked of it."""
    if verdict := _serves_nobody(table) or small(table.bytes, min_gib):
        return verdict
    gib = table.bytes / GIB
    if table.units is None:
        return cannot_tell("What tables of less than 1 GiB consume is not asked.")
    rate = table.units / gib
    facts: dict[str, Fact] = {
        "bytes": table.bytes,
        "units_a_day": round(table.units),
        "class": table.table_class,
    }
    asked = f"{rate:,.0f} units a day for each of {gib:,.0f} GiB"
    if table.table_class != "STANDARD":
        return _of_infrequent(table, asked, is_busy=rate > 10 * most_units).observing(facts)
    if rate >= most_units:
        return complies(f"Requests cost most of it: {asked}.").observing(facts)
    if table.measured and table.measured < _SEEN_DAYS:
        return cannot_tell(
            f"Its use was measured on {plural(table.measured, 'day')} of the last week."
        ).observing(facts)
    return violates(
        f"The table holds {gib:,.0f} GiB in the class STANDARD and serves at most"
        f" {rate:,.0f} units a day for each GiB: storage is most of what it costs.",
        expected="The table class STANDARD_INFREQUENT_ACCESS.",
    ).observing(facts)


def _of_infrequent(table: TableStorage, asked: str, *, is_busy: bool) -> Verdict:
    """Between the two limits either class is right."""
    if is_busy:
        return violates(
            f"The class is {table.table_class}, in which requests cost more, and the table serves"
            f" {asked}.",
            expected="The table class STANDARD.",
        )
    return complies(f"The class is {table.table_class}.")


def _as_fast(volumes: Sequence[Volume]) -> str:
    """What has to be provisioned, as gp3 gives 3,000 IOPS and 125 MiB/s whatever the size is."""
    largest = max(each.size for each in volumes)
    if largest <= _AS_FAST_GIB:
        return " and as fast"
    return ", and as fast where IOPS and throughput of large volumes are set to what gp2 gives"


_AS_FAST_GIB = 170
"""Up to this size gp2 has no more throughput than gp3 without any provisioned."""


def judge_volumes(
    volumes: VolumeTypes, recommended: VolumeRecommendations, min_saving: float
) -> Verdict:
    """Whether volumes have a type, or provisioned performance, that they do not need."""
    old = [each for each in volumes.all if each.kind in OLD and not each.is_at_edge]
    edge = [each.id for each in volumes.all if each.kind in OLD and each.is_at_edge]
    savings = recommended.by_volume
    dear = [
        each
        for each in volumes.all
        if each.kind not in OLD and each.id in savings and savings[each.id].amount >= min_saving
    ]
    unknown = [
        each.id for each in volumes.all if each.kind not in OLD and each.id not in recommended.seen
    ]
    if not old and not dear and unknown:
        return cannot_tell(
            "No volume has an outdated type. Compute Optimizer does not say whether"
            f" {listed(unknown)} {'needs' if len(unknown) == 1 else 'need'} the provisioned"
            " performance."
        )
    if not old and not dear and edge:
        return cannot_tell(
            f"{listed(edge)} {'has' if len(edge) == 1 else 'have'} the type gp2 on an Outpost or"
            " in a Local or Wavelength Zone. Whether gp3 is offered there is not visible in AWS."
        )
    if not old and not dear:
        return complies("No volume has an outdated type or more performance than it needs.")
    said = []
    if old:
        size = sum(each.size for each in old)
        names = listed([each.id for each in old])
        count = (
            f"{plural(len(old), 'volume')} of {size:,} GiB {'has' if len(old) == 1 else 'have'}"
        )
        said.append(f"{count} the type gp2; gp3 is cheaper{_as_fast(old)}: {names}.")
    said += [f"{each.id} ({each.kind}) would do as {savings[each.id].change}." for each in dear]
    known = [savings[each.id] for each in (*old, *dear) if each.id in savings]
    total = sum(each.amount for each in known)
    if total:
        said.append(
            f"Compute Optimizer's figure for {plural(len(known), 'volume')} of them is"
            f" {total:,.2f} {known[0].currency} a month."
        )
    return violates(
        " ".join(said[:6]),
        expected="Volumes of the type gp3, with the performance that they need.",
        volumes=sorted(each.id for each in (*old, *dear))[:50],
        monthly_saving=round(total, 2),
    )
