"""Target selection: from the ids a person typed to resources and their verdicts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from readiness.engine.aws import Aws
from readiness.engine.evaluate import Evaluation, Observation
from readiness.model.evidence import ResourceType
from readiness.model.resource import GLOBAL, Resource
from readiness.model.rule import Rule
from readiness.model.text import listed
from readiness.model.unreadable import Unreadable
from readiness_cli.failure import Failure

_KEY = re.compile(r"\d{12}/[^/]+/[^/]+::[^/]*/.+")


def is_key(text: str) -> bool:
    """Whether the text is ``<account>/<region>/<type>/<id>`` and not just an id with slashes."""
    return _KEY.fullmatch(text) is not None


def resource_of(rule: Rule, text: str, aws: Aws) -> Resource:
    """The resource that a plain id or full key means for a rule. Raises Failure."""
    if not is_key(text):
        return rule.subject.resource(aws.account, aws.region, text)
    resource = Resource.parse(text)
    expected = rule.subject.resource(aws.account, aws.region, resource.id)
    if resource != expected:
        raise Failure(
            f"{text} is not an {expected.type} in {expected.account}/{expected.region}",
            why="The verdict would be about another resource",
            fix=f"readiness evaluate {rule.id} --resource {resource.id}",
        )
    return resource


def observe_only(
    evaluation: Evaluation, rules: Sequence[Rule], ids: Iterable[str]
) -> list[Observation]:
    """What the rules say of the resources named, of whatever type they turn out to be.

    Raises Failure for a resource that no listing shows.
    """
    by_type: dict[ResourceType, list[Rule]] = {}
    for rule in rules:
        by_type.setdefault(rule.subject, []).append(rule)
    observations: list[Observation] = []
    unlisted: list[Unreadable] = []
    existing: dict[ResourceType, list[str] | None] = {}
    for about in by_type:
        try:
            existing[about] = evaluation.aws.find(about)
        except Unreadable as unreadable:
            existing[about] = None
            unlisted.append(unreadable)
    aws = evaluation.aws
    for wanted in ids:
        seen = [
            evaluation.observe(rule, about.resource(aws.account, aws.region, id))
            for about, known in existing.items()
            for id in _meant(about, wanted, known, aws)
            for rule in by_type[about]
        ]
        found = [observation for observation in seen if observation.finding is not None]
        if not found and unlisted:
            raise unlisted[0]
        if not found:
            raise not_there(wanted, [about.name for about in by_type], aws)
        observations += found
    return observations


def _meant(about: ResourceType, wanted: str, known: Sequence[str] | None, aws: Aws) -> list[str]:
    """The id meant among those that exist: itself, or the only one whose name ends so.

    Where no listing could be read, the id itself is tried.
    """
    if is_key(wanted):
        resource = Resource.parse(wanted)
        here = about.resource(aws.account, aws.region, resource.id)
        return (
            [resource.id]
            if here == resource and resource.id in (known if known is not None else [resource.id])
            else []
        )
    if known is None or wanted in known:
        return [wanted]
    ending = [id for id in known if re.split(r"[/:]", id)[-1] == wanted]
    return ending if len(ending) == 1 else []


def not_there(wanted: str, types: Iterable[str], aws: Aws) -> Failure:
    """The resource that was named does not exist here."""
    names = listed(sorted(set(types)), 4)
    return Failure(
        f"resource {wanted!r} does not exist in account {aws.account}, {aws.region} or {GLOBAL}"
        f" (searched: {names})",
        why="A resource that does not exist must not count as passed",
        fix="check the name, --region and --profile; `readiness scan -o csv` lists all resources",
    )
