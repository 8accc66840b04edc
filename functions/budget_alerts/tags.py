"""Whether the tags of a resource allocate its costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from readiness.evidence.costexplorer import CostAllocationTags
from readiness.evidence.ecs.services import Service
from readiness.evidence.workloads.cost_tags import SameTags, ServiceTaskTags
from readiness.evidence.workloads.manifests import Manifests
from readiness.model.tags import WORKLOAD_TAG
from readiness.model.text import listed, plural
from readiness.model.verdict import (
    Severity,
    Status,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates,
)

from .settings import KeySettings, TagSettings


def judge_tags(
    name: str,
    tags: Mapping[str, str],
    manifests: Manifests,
    settings: TagSettings,
    *,
    unbilled: str = "",
) -> Verdict:
    """The verdict on a resource's tags; ``unbilled`` says why its costs would not have them.

    The tags that the manifest of its workload requires count in place of the settings'.
    """
    if any(fnmatchcase(name, pattern) for pattern in settings.exempt_names):
        return not_applicable("It needs no tags (exempt_names).")
    return _judge(tags, manifests, settings, unbilled)


def judge_alike(
    alike: Sequence[SameTags], manifests: Manifests, settings: KeySettings, what: str
) -> Verdict:
    """The verdict on many resources at once, those with the same tags together.

    ``what`` is the word for one of them.
    """
    if not alike:
        return not_applicable(f"The region has no {what}s.")
    judged = [(each, _judge(each.tags, manifests, settings, "")) for each in alike]
    bad = [(each, v) for each, v in judged if v.status is Status.NON_COMPLIANT]
    unknown = [v.reason for _, v in judged if v.status is Status.INSUFFICIENT_DATA]
    total, lacking = (sum(each.count for each in some) for some in (alike, [e for e, _ in bad]))
    if bad:
        worst_first = sorted(bad, key=lambda pair: -pair[0].count)
        told = [
            f"{plural(each.count, what)} ({listed(each.examples)}): {verdict.reason}"
            for each, verdict in worst_first[:_TOLD]
        ]
        more = f" And {len(bad) - _TOLD} more kinds." if len(bad) > _TOLD else ""
        in_doubt = all(verdict.severity is Severity.LOW for _, verdict in bad)
        return violates(
            f"{lacking} of {total:,} {what}s lack required tags. {' '.join(told)}{more}",
            expected=worst_first[0][1].expected,
            severity=Severity.LOW if in_doubt else None,
            lacking=lacking,
            total=total,
        )
    if unknown:
        return cannot_tell(" ".join(dict.fromkeys(unknown)))
    if all(verdict.status is Status.NOT_APPLICABLE for _, verdict in judged):
        return judged[0][1]
    return complies(f"No required tag is missing on {plural(total, what)}.", total=total)


_TOLD = 5


def _judge(
    tags: Mapping[str, str], manifests: Manifests, settings: KeySettings, unbilled: str
) -> Verdict:
    workload = tags.get(WORKLOAD_TAG, "")
    if refusal := manifests.refusal(workload):
        return cannot_tell(refusal)
    manifest = manifests.of(workload)
    stated = manifest.required_tags if manifest else {}
    allowed = stated or settings.allowed
    by = f"manifest {manifest.workload}" if manifest and stated else "setting required_tags"
    if not allowed:
        return not_applicable("No tags are required (required_tags).")
    problems = [*_problems(tags, allowed), *([unbilled] if unbilled else [])]
    if problems:
        wanted = [
            f"{key}={'|'.join(values)}" if values else key for key, values in allowed.items()
        ]
        # With the workload's own tag the costs are someone's already.
        is_someones = WORKLOAD_TAG in allowed and not [
            *_problems(tags, {WORKLOAD_TAG: allowed[WORKLOAD_TAG]})
        ]
        return violates(
            " ".join(problems),
            expected=f"The tags {', '.join(wanted)} ({by}).",
            severity=Severity.LOW if is_someones and not unbilled else None,
            keys=sorted(tags),
        )
    said = f"It has the required tags: {', '.join(allowed)} ({by})."
    return complies(said, keys=sorted(tags))


def _problems(tags: Mapping[str, str], allowed: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    others = {key.strip().lower(): key for key in tags}
    missing = [key for key in allowed if key not in tags and key.lower() not in others]
    if missing:
        yield (
            f"It lacks the tag {missing[0]}."
            if len(missing) == 1
            else (f"It lacks the tags {listed(missing)}.")
        )
    for key, values in allowed.items():
        if key not in tags:
            if written := others.get(key.lower()):
                yield f"Its tag {written!r} is not {key!r}: upper and lower case count."
        elif not tags[key].strip():
            yield f"Its tag {key} is empty."
        elif values and tags[key] not in values:
            yield f"Its tag {key} is {tags[key]!r}, not {' or '.join(values)}."


def unpropagated(
    tags: Mapping[str, str],
    propagated: frozenset[str],
    present: frozenset[str],
    manifests: Manifests,
    settings: KeySettings,
) -> tuple[str, ...]:
    """The required tags of a group that neither it nor a template gives to its instances."""
    manifest = manifests.of(tags.get(WORKLOAD_TAG, ""))
    allowed = (manifest.required_tags if manifest else {}) or settings.allowed
    return tuple(key for key in allowed if key in tags and key not in {*propagated, *present})


def judge_allocation(tags: CostAllocationTags, cost_tags: Sequence[str]) -> Verdict:
    """The verdict on whether these tags divide the bill."""
    if tags.payer:
        return cannot_tell(
            "The account is a member of an organization. Cost allocation tags are active for the"
            " whole organization, and AWS shows them to the management account"
            f" {tags.payer} alone."
        )
    missing = [key for key in cost_tags if key not in tags.active]
    if missing:
        return violates(
            f"Not active for cost allocation: {listed(missing)}.",
            expected=f"Active cost allocation tags {', '.join(cost_tags)}.",
            active=sorted(tags.active)[:20],
        )
    return complies(f"Active for cost allocation: {', '.join(cost_tags)}.")


def unbilled_tasks(
    service: Service, tasks: ServiceTaskTags, manifests: Manifests, settings: TagSettings
) -> str:
    """Which tags of an ECS service the bill does not show, as its tasks lack them; or empty."""
    if tasks.keys is None:
        if service.propagates_tags or service.has_managed_tags:
            return ""
        return "Its tasks get no tags, so the bill shows none (propagateTags)."
    keys = unpropagated(service.tags or {}, tasks.keys, frozenset(), manifests, settings)
    if not keys:
        return ""
    return (
        "Its tasks get the tags of the task definition (propagateTags), which lacks"
        f" {listed(keys)}."
    )
