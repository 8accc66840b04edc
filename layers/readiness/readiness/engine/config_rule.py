"""The answer to an AWS Config rule: evaluations, within the limits of PutEvaluations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from readiness.engine.aws import Aws
from readiness.engine.observation import Observation
from readiness.engine.reader import DeclaredReader
from readiness.engine.targets import ConfigRequest, Target
from readiness.model.evidence import ResourceType, config_resource_id
from readiness.model.finding import iso
from readiness.model.resource import Resource
from readiness.model.rule import Rule
from readiness.model.text import clean
from readiness.model.unreadable import Unreadable
from readiness.model.verdict import Status, worst

MOST_EVALUATIONS = 100
MOST_ANNOTATION = 256
_ATTEMPTS = 3
Evaluation = dict[str, str]
IdOf = Callable[[ResourceType, Resource], str]
"""AWS Config's id of a resource, empty where it cannot be told."""


class EvaluationsRefused(RuntimeError):
    """AWS Config did not take some evaluations, however often they were sent."""


def ids_in(aws: Aws) -> IdOf:
    """Config's ids, where it has its own, out of what the run has listed already."""

    @cache
    def listed(about: ResourceType) -> Mapping[str, str]:
        read = DeclaredReader(aws, frozenset(about.find_reads), f"Config's ids of {about.name}")
        try:
            return about.config_ids(read) if about.config_ids is not None else {}
        except Unreadable:
            return {}

    def id_of(about: ResourceType, resource: Resource) -> str:
        if about.config_ids is not None:
            return listed(about).get(resource.id, "")
        if about.config_id:
            geography = aws.geography
            return about.config_id.format(
                id=resource.id,
                name=resource.id.rsplit("/", 1)[-1],
                account=resource.account,
                region=resource.region,
                partition=geography.partition(aws.region),
                dns_suffix=geography.dns_suffix(aws.region),
            )
        return _own(about, resource)

    return id_of


def _own(about: ResourceType, resource: Resource) -> str:
    return resource.id if about.identify is config_resource_id else ""


def evaluations(
    request: ConfigRequest, observations: Iterable[Observation], id_of: IdOf = _own
) -> list[Evaluation]:
    """One evaluation for each resource: the worst verdict of the heading's rules.

    Only types of the rule's own scope are answered for, which are those that Config records:
    PutEvaluations refuses a whole call for one type it does not know. A resource whose id in
    Config cannot be told is left to the answer that follows its change, which names it.
    INSUFFICIENT_DATA is left out, since Config refuses it: saying nothing keeps the last answer.
    A change-triggered rule answers for exactly the resource it was asked about, and not at all
    where the item does not tell which one that is, or where it could not be found because the
    listing of its type was not answered.
    """
    observations = list(observations)
    if not request.is_scheduled and not request.resource_id:
        return []
    by_resource: dict[tuple[str, str], list[Observation]] = {}
    for observation in observations:
        about, resource = observation.rule.subject, observation.resource
        key = (resource.type, request.resource_id)
        if request.is_scheduled:
            is_recorded = about.name == resource.type and about.identify is not None
            key = (resource.type, id_of(about, resource) if is_recorded else "")
        elif resource.type != request.resource_type:
            continue
        if key[1]:
            by_resource.setdefault(key, []).append(observation)
    if not request.is_scheduled and (request.left_scope or not by_resource):
        if not request.left_scope and any(map(_is_unknown, observations)):
            return []
        key = (request.resource_type, request.resource_id)
        return [_evaluation(request, key, Status.NOT_APPLICABLE, "")]
    made = []
    for key, seen in sorted(by_resource.items()):
        statuses = [o.finding.status for o in seen if o.finding is not None]
        status = worst(statuses)
        if status is not Status.INSUFFICIENT_DATA:
            made.append(_evaluation(request, key, status, _annotation(seen, status)))
    return made


def _is_unknown(observation: Observation) -> bool:
    finding = observation.finding
    return finding is not None and finding.status is Status.INSUFFICIENT_DATA


def _annotation(seen: Sequence[Observation], status: Status) -> str:
    for observation in seen:
        finding = observation.finding
        if finding is not None and finding.status is status:
            return _cut(clean(f"{finding.rule}: {finding.reason}", MOST_ANNOTATION))
    return ""


def _cut(text: str) -> str:
    """As much as Config takes of an annotation if it counts characters as Java does.

    One that is too long would cost the good answers in the same call.
    """
    units = text.encode("utf-16-le")
    if len(units) <= 2 * MOST_ANNOTATION:
        return text
    return units[: 2 * (MOST_ANNOTATION - 1)].decode("utf-16-le", "ignore") + "…"


def _evaluation(
    request: ConfigRequest, key: tuple[str, str], status: Status, annotation: str
) -> Evaluation:
    made = {
        "ComplianceResourceType": key[0],
        "ComplianceResourceId": key[1],
        "ComplianceType": str(status),
        "OrderingTimestamp": request.ordering,
    }
    return made | ({"Annotation": annotation} if annotation else {})


def beside(targets: Iterable[Target], rules: Iterable[Rule]) -> set[Target]:
    """The targets of all rules about the resources that these are about: one answer needs them."""
    subjects = {rule.id: rule.subject for rule in rules}
    about = {(subjects[each.rule], each.id) for each in targets if each.id is not None}
    return {
        Target(rule, id) for rule, subject in subjects.items() for of, id in about if of is subject
    }


def settled(
    request: ConfigRequest, observations: Iterable[Observation], unsettled: Collection[Target]
) -> list[Observation] | None:
    """What can be answered now: nothing about a resource that will be looked at again.

    An answer from half of the rules would say COMPLIANT of what another rule still has to say.
    None where a change-triggered rule cannot be answered yet.
    """
    observations = list(observations)
    waiting = {
        (each.resource.type, each.resource.id)
        for each in observations
        if each.again is not None and each.again in unsettled
    }
    ready = [e for e in observations if (e.resource.type, e.resource.id) not in waiting]
    asked_about = any(type_ == request.resource_type for type_, _ in waiting)
    waits = asked_about and not request.is_scheduled and not request.left_scope
    return None if waits else ready


def answer(
    client: Any,
    request: ConfigRequest,
    observations: Sequence[Observation],
    id_of: IdOf = _own,
) -> int:
    """Send the evaluations, 100 a call, again those that failed. Raises EvaluationsRefused.

    Returns how many were sent.
    """
    latest = max((o.observed_at for o in observations), default=None)
    if not request.ordering and latest is not None:
        request = ConfigRequest(
            request.token,
            iso(latest),
            request.parameters,
            request.resource_type,
            request.resource_id,
            request.left_scope,
        )
    pending = evaluations(request, observations, id_of)
    sent = len(pending)
    for _ in range(_ATTEMPTS):
        failed: list[Evaluation] = []
        for start in range(0, len(pending), MOST_EVALUATIONS):
            reply = client.put_evaluations(
                Evaluations=pending[start : start + MOST_EVALUATIONS],
                ResultToken=request.token,
                TestMode=request.is_test,
            )
            failed += reply.get("FailedEvaluations", [])
        if not failed:
            return sent
        pending = failed
    raise EvaluationsRefused(f"AWS Config refused {len(pending)} evaluations")
