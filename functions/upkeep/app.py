"""Upkeep: once a minute, updates findings that change without any change of a resource."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from functions.upkeep.documents import Documents, object_of
from functions.upkeep.reading import Reading
from functions.upkeep.waivers import WaiverUpkeep
from readiness.engine.aws import CONFIG, Aws
from readiness.engine.principals import Principals
from readiness.engine.session import Session
from readiness.engine.store import Store
from readiness.engine.unread import Unread
from readiness.engine.waivers import InForce, limits_from
from readiness.model.finding import DEFAULT_STACK
from readiness.model.text import clean

SPARE_MILLISECONDS = 30_000

log = Logger(service="readiness-upkeep")
metrics = Metrics(namespace="Readiness", service="upkeep")


class Upkeep:
    """Waivers that begin and end, and headings that cannot read what they ask for."""

    def __init__(
        self,
        dynamodb: Any,
        environment: Mapping[str, str],
        account: str,
        region: str,
        *,
        name: Callable[[str], str] = str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._now = now
        findings, transitions = environment["FINDINGS_TABLE"], environment["TRANSITIONS_TABLE"]
        limits = limits_from(environment)
        in_force = InForce(dynamodb, environment["DECLARATIONS_TABLE"], limits, now=now)
        in_force.named_by(name)
        where = f"{account}/{region}"
        self._waivers = WaiverUpkeep(
            dynamodb, findings, transitions, in_force, account, where, now
        )
        unread = Unread(dynamodb, transitions, where)
        self._reading = Reading(Store(dynamodb, findings, transitions), unread, account, region)

    def run(self, enough: Callable[[], bool] = lambda: False) -> dict[str, int]:
        """Bring the findings up to date. What fails is raised after everything else was done.

        Raises WaiversUnreadable, and Unwritable and UnreadableRow of a heading's finding.
        """
        try:
            headings = self._reading.look(self._now())
        finally:
            waivers = self._waivers.apply(enough)
        return {"headings": headings, **waivers}


_upkeep: list[Upkeep] = []
_aws: list[Aws] = []


def handler(event: Mapping[str, Any], context: Any) -> dict[str, int]:
    """``{"upkeep": true}``, from the schedule, or what happened to an object of evidence."""
    metrics.set_default_dimensions(stack=os.environ.get("STACK_NAME", DEFAULT_STACK))
    log.append_keys(request_id=getattr(context, "aws_request_id", ""))
    named = object_of(event)
    if named is not None:
        return _document_changed(*named)
    if event.get("upkeep") is not True:
        raise ValueError(f"upkeep knows no event with the keys {', '.join(sorted(event))}")
    arn = str(context.invoked_function_arn).split(":")
    if not _upkeep:
        session = Session()
        dynamodb = session.client("dynamodb", config=CONFIG)
        _aws.append(Aws(session, account=arn[4], region=arn[3], now=lambda: datetime.now(UTC)))

        def name(id: str) -> str:
            return Principals(_aws[0]).arn(id)

        _upkeep.append(Upkeep(dynamodb, os.environ, arn[4], arn[3], name=name))
    # This process lives for hours, and people come meanwhile.
    _aws[:] = [aws.reread() for aws in _aws]
    try:
        done = _upkeep[0].run(lambda: context.get_remaining_time_in_millis() < SPARE_MILLISECONDS)
        # a metric that is sent each minute is billed for the whole month
        for metric, count in (("WaiversApplied", done["waived"]), ("WaiversOver", done["over"])):
            if count:
                metrics.add_metric(metric, MetricUnit.Count, count)
        log.info("upkeep", extra=dict(done))
        return done
    finally:
        if metrics.provider.metric_set:
            metrics.flush_metrics()


def _document_changed(bucket: str, key: str) -> dict[str, int]:
    """Events of other buckets do not come here, and would find no statement."""
    session = Session()
    dynamodb, events = (session.client(name, config=CONFIG) for name in ("dynamodb", "events"))
    rules = Documents(dynamodb, events, os.environ["DECLARATIONS_TABLE"]).changed(bucket, key)
    log.info("document changed", extra={"key": clean(key, 300), "rules": rules})
    return {"rules": len(rules)}
