"""Whether log events and traces of an ECS service arrived after its deployment."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from readiness.model.text import listed, plural
from readiness.model.verdict import (
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates,
)
from readiness.semantics.tracing import Tracer

if TYPE_CHECKING:
    from readiness.evidence.workloads.requests import ServiceRequests
    from readiness.evidence.workloads.service_arrivals import ServiceLogs, ServiceTraceArrivals

_LAG = timedelta(minutes=10)
_WINDOW = timedelta(hours=1)


def _waits(running: int) -> Verdict:
    if not running:
        return not_applicable("The service runs no tasks.")
    return cannot_tell(
        "No task of the deployed revision has run for 10 minutes yet.", is_passing=True
    )


def logs_verdict(logs: ServiceLogs) -> Verdict:
    """The verdict on the logs of a service, without attestations."""
    if not logs.tasks:
        return _waits(logs.running)
    lost = [each for each in logs.containers if not each.has_stream]
    if lost:
        named = [f"{each.name} (log group {each.group})" for each in lost]
        return violates(
            f"Running tasks have no log stream of {listed(named)}: what they log since the"
            " deployment is lost.",
            expected="A log stream of each running task in the log group of its task definition.",
            containers=[each.name for each in lost],
        )
    if logs.unseen:
        return cannot_tell(
            f"Whether the logs of {listed(list(logs.unseen))} arrive does not show in CloudWatch"
            " Logs of this region: another log driver or region, or no awslogs-stream-prefix."
        )
    silent = [each.name for each in logs.containers if not each.is_recent(logs.read_at)]
    if silent:
        return cannot_tell(
            f"{listed(silent)} logged nothing in the last 24 hours since the deployment, so"
            " whether the logs arrive is not known."
        )
    if not logs.containers:
        return not_applicable("None of its essential containers has a log driver.")
    names = [each.name for each in logs.containers]
    newest = max(each.last for each in logs.containers if each.last is not None)
    return complies(
        f"Log events of {listed(names)} arrived from tasks of the deployed revision, the newest at"
        f" {newest:%Y-%m-%d %H:%M} UTC.",
        containers=names,
    )


def traces_verdict(
    found: ServiceTraceArrivals, requests: ServiceRequests, share: float, least: int
) -> Verdict:
    """The verdict on the traces of a service; ``share`` of its requests is traced and indexed."""
    tracing = found.tracing
    if tracing.tracing.tracer not in {Tracer.XRAY, Tracer.OTEL}:
        return not_applicable("It is not known to send traces; see the rule xray.task-tracing.")
    if found.since is None:
        return _waits(found.running)
    new = [each for each in found.traces if each >= found.since]
    names = listed(list(tracing.names))
    if new:
        return complies(
            f"X-Ray shows {plural(len(new), 'trace')} of {names} since the first task of the"
            f" deployed revision started on {found.since:%Y-%m-%d %H:%M} UTC.",
            traces=len(new),
        )
    if not tracing.is_named:
        return cannot_tell(
            f"X-Ray shows no trace of {names}. The environment of its containers sets no other"
            " name (OTEL_SERVICE_NAME), but its code may."
        )
    if not requests.parts:
        return cannot_tell(
            f"X-Ray shows no trace of {names} in the last hour. No load balancer counts its"
            " requests, so it is not known whether there was anything to trace."
        )
    return _untraced(found.since, names, requests, share, least)


def _untraced(
    since: datetime, names: str, requests: ServiceRequests, share: float, least: int
) -> Verdict:
    end = max(part.window.end for part in requests.parts)
    begin = max(end - _WINDOW, since)
    last = end - _LAG  # what came later may still be on its way to X-Ray
    counted = sum(
        value for part in requests.parts for stamp, value in part.points if begin <= stamp < last
    )
    expected, said = counted * share, plural(int(counted), "request")
    if expected < least:
        return not_applicable(
            f"X-Ray shows no trace of {names}, but of {said} in the last hour it had to show only"
            f" about {expected:.4g} (less than {least:,})."
        )
    return violates(
        f"X-Ray shows no trace of {names}, although load balancers sent the service {said} in the"
        " last hour, since it was deployed.",
        expected=f"About {expected:.0f} traces.",
        requests=int(counted),
    )
