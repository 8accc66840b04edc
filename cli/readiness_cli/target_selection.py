"""Target selection: from the ids a person typed to resources and their verdicts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from readiness.engine.aws import Aws
from readiness.engine.evaluate import Evaluation
from readiness.engine.observation import Observation
from readiness.model.evidence import ResourceType
from readiness.model.resource import GLOBAL, Resource
from readiness.model.rule import Rule
from readiness.model.text import clean, listed
from readiness.model.unreadable import NotOffered, Unreadable
from readiness.model.verdict import Status
from readiness_cli.failure import Failure

_KEY = re.compile(r"\d{12}/[^/]+/[^/]+::[^/]*/.+")


def is_key(text: str) -> bool:
    """Whether the text is ``<account>/<region>/<type>/<id>`` and not just an id with slashes."""
    return _KEY.fullmatch(text) is not None


def observe_only(
    evaluation: Evaluation, rules: Sequence[Rule], ids: Iterable[str]
) -> list[Observation]:
    """What the rules say of the resources named, of whatever type they turn out to be.

    A resource exists if the listing of its type shows it. Where the listing cannot be read, the
    verdict counts if what it rests on proves that the resource exists; else it is unknown.
    Raises Failure for a resource that does not exist.
    """
    by_type: dict[ResourceType, list[Rule]] = {}
    for rule in rules:
        by_type.setdefault(rule.subject, []).append(rule)
    aws = evaluation.aws
    listings = {about: listing_of(about, aws) for about in by_type}
    observations: list[Observation] = []
    for wanted in ids:
        found = [
            each
            for about, (known, unlisted) in listings.items()
            for id in meant(about, wanted, known, unlisted, aws)
            for each in _seen(evaluation, by_type[about], id, None if id in known else unlisted)
        ]
        if not found:
            raise not_there(wanted, [about.name for about in by_type], aws)
        observations += found
    return observations


def listing_of(about: ResourceType, aws: Aws) -> tuple[list[str], Unreadable | None]:
    """The ids that a listing shows, and why there may be more. A missing service has none."""
    try:
        return aws.find(about), None
    except NotOffered:
        return [], None
    except Unreadable as unreadable:
        return list(unreadable.found), unreadable


def exists(evaluation: Evaluation, observation: Observation) -> bool:
    """Whether what was observed exists, as far as that can be told."""
    if observation.finding is None:
        return False
    if not observation.unproven:
        return True
    known, unlisted = listing_of(observation.rule.subject, evaluation.aws)
    return unlisted is not None or observation.resource.id in known


def _seen(
    evaluation: Evaluation, rules: Sequence[Rule], id: str, unlisted: Unreadable | None
) -> list[Observation]:
    """The verdicts on one resource: none if it is gone, unknown if nothing shows it exists."""
    aws = evaluation.aws
    resource = rules[0].subject.resource(aws.account, aws.region, id)
    seen = [each for each in evaluation.agreed(resource, rules) if each.finding is not None]
    if unlisted is None or any(map(_shows_existence, seen)):
        return seen
    return [_doubted(each, unlisted) for each in seen]


def _shows_existence(observation: Observation) -> bool:
    finding = observation.finding
    is_unknown = finding is None or finding.status is Status.INSUFFICIENT_DATA
    return not (observation.unproven or is_unknown)


def _doubted(observation: Observation, unlisted: Unreadable) -> Observation:
    """The observation as unknown: whether the resource exists could not be checked."""
    finding = observation.finding
    if finding is None:
        return observation
    doubt = f"It could not be checked whether the resource exists: {unlisted}."
    was_unread = finding.status is Status.INSUFFICIENT_DATA and not observation.crash
    unknown = replace(
        finding,
        status=Status.INSUFFICIENT_DATA,
        reason=f"{finding.reason} {doubt}" if was_unread else doubt,
        missing=tuple(dict.fromkeys((*finding.missing, unlisted.action))),
        expected="",
        reminder="",
        observed={},
    )
    return replace(observation, finding=unknown, crash="")


def meant(
    about: ResourceType,
    wanted: str,
    known: Sequence[str],
    unlisted: Unreadable | None,
    aws: Aws,
) -> list[str]:
    """The id meant by an id, a key, an ARN or the end of an id that only one resource has.

    Where the listing could not be read, the id itself is tried.
    """
    if is_key(wanted):
        resource = Resource.parse(wanted)
        if about.resource(aws.account, aws.region, resource.id) != resource:
            return []
        wanted = resource.id
    elif wanted.startswith("arn:") and wanted not in known:
        wanted = _id_in(about, wanted, known, aws)
    if not wanted.strip():
        return []
    if wanted in known:
        return [wanted]
    if about.id_of(wanted) in known:
        return [about.id_of(wanted)]
    ending = [id for id in known if re.split(r"[/:]", id)[-1] == wanted]
    if len(ending) == 1:
        return ending
    return [wanted] if unlisted is not None else []


def _id_in(about: ResourceType, arn: str, known: Sequence[str], aws: Aws) -> str:
    """The id of a resource of this account and region in its ARN; empty for any other ARN."""
    partition = aws.geography.partition(aws.region)
    fields = arn.split(":", 5)
    if len(fields) < 6 or fields[1] != partition:
        return ""
    _, _, service, region, account, id = fields
    if region not in {"", aws.region} or account not in {"", aws.account}:
        return ""
    if about.arn == "{id}":
        return arn
    name = id.rsplit("/", 1)[-1]
    if not about.arn:
        return name
    start = about.arn.format(
        partition=partition, region=aws.region, account=aws.account, id="", path=""
    )
    id = arn.removeprefix(start) if arn.startswith(start) else ""
    has_path = service == "iam"
    return name if id and has_path and id not in known else id


def not_there(wanted: str, types: Iterable[str], aws: Aws) -> Failure:
    """The resource that was named does not exist here."""
    names = listed(sorted(set(types)), 4)
    return Failure(
        f"resource {clean(wanted, 300)!r} does not exist in account {aws.account}, {aws.region}"
        f" or {GLOBAL} (searched: {names})",
        why="A resource that does not exist must not count as passed",
        fix="check the name, --region and --profile; `readiness scan -o csv` lists all resources",
    )
