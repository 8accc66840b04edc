"""What AWS Config gets back when it asked: evaluations, within the limits of PutEvaluations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from readiness.engine.evaluate import Observation
from readiness.engine.events import ConfigRequest
from readiness.model.finding import iso
from readiness.model.text import clean
from readiness.model.verdict import Status, worst

MOST_EVALUATIONS = 100
MOST_ANNOTATION = 256
_ATTEMPTS = 3
Evaluation = dict[str, str]


class EvaluationsRefused(RuntimeError):
    """AWS Config did not take some evaluations, however often they were sent."""


def evaluations(request: ConfigRequest, observations: Iterable[Observation]) -> list[Evaluation]:
    """One evaluation for each resource: the worst verdict of the heading's rules.

    INSUFFICIENT_DATA is left out, since Config refuses it: saying nothing keeps the last answer.
    A change-triggered rule answers for exactly the resource it was asked about, and not at all
    where that could not be found because the listing of its type was not answered.
    """
    observations = list(observations)
    by_resource: dict[tuple[str, str], list[Observation]] = {}
    for observation in observations:
        id = observation.resource.id
        key = (observation.resource.type, id)
        if not request.is_scheduled:
            if observation.resource.type != request.resource_type:
                continue
            key = (request.resource_type, request.resource_id)
        by_resource.setdefault(key, []).append(observation)
    if not request.is_scheduled and (request.left_scope or not by_resource):
        if not request.left_scope and any(map(_is_blind, observations)):
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


def _is_blind(observation: Observation) -> bool:
    finding = observation.finding
    return finding is not None and finding.status is Status.INSUFFICIENT_DATA


def _annotation(seen: Sequence[Observation], status: Status) -> str:
    for observation in seen:
        finding = observation.finding
        if finding is not None and finding.status is status:
            return clean(f"{finding.rule}: {finding.reason}", MOST_ANNOTATION)
    return ""


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


def answer(client: Any, request: ConfigRequest, observations: Sequence[Observation]) -> int:
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
    pending = evaluations(request, observations)
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
