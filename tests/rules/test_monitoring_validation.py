"""What proves that monitoring works, and what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from functions.monitoring_validation.app import (
    function_logs,
    function_metrics,
    function_traces,
    log_forwarding,
    monitoring_validation,
    service_logs,
    service_metrics,
    service_traces,
)
from readiness import Severity, Status
from readiness.evidence.awslambda.functions import FunctionAge
from readiness.evidence.awslambda.log_delivery import LogDelivery
from readiness.evidence.cloudwatch.arrivals import FunctionMetrics, ServiceMetrics
from readiness.evidence.cloudwatch.custom_metrics import Published
from readiness.evidence.cloudwatch.forwarding import Forwarded, LogForwardingHealth
from readiness.evidence.ecs.services import Service
from readiness.evidence.ecs.tasks import ServiceTasks, Task
from readiness.evidence.logs import LOG_GROUP
from readiness.evidence.workloads.requests import ServiceRequests
from readiness.evidence.workloads.service_arrivals import (
    ContainerLogs,
    ServiceLogs,
    ServiceTraceArrivals,
)
from readiness.evidence.workloads.tracing import FunctionTracing, ServiceTracing
from readiness.evidence.xray.configuration import TraceIndexing
from readiness.evidence.xray.summaries import Traces, began_at
from readiness.evidence.xray.traces import FunctionTraces
from readiness.model.attestation import Attestation, Attested, Scope
from readiness.model.unreadable import Cause, Unreadable
from readiness.semantics.metrics import Series, Window, series
from readiness.semantics.tracing import Tracer, Tracing
from tests.accounts.monitoring_validation import FUNCTION, fake_account, list_metrics, said
from tests.accounts.traffic import get_metric_data
from tests.fake_account import ACCOUNT_ID, HOME, NOON, observe
from tests.histories import history

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA
LOW, MEDIUM, HIGH, CRITICAL = Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOTHING = series("N", "M", "Sum")

# -- metrics ------------------------------------------------------------------------------------

CUSTOM = (Published("MAIF/Agents", "ProcessingTime", (("AgentId", "agent"),)),)


BUSY = history(100)


def measured(invocations=BUSY, deployed=NOON - DAY, **about) -> FunctionMetrics:
    return FunctionMetrics("agent", invocations, deployed, NOON, **about)


@pytest.mark.parametrize(
    ("function", "settings", "status"),
    [
        pytest.param(measured(), {}, GOOD, id="Lambda's own metrics"),
        pytest.param(measured(deployed=None), {}, GOOD, id="deployed at an unknown time"),
        pytest.param(measured(known=CUSTOM, flows=True), {}, GOOD, id="its custom metrics too"),
        pytest.param(measured(known=CUSTOM), {}, BAD, id="its custom metrics stopped"),
        pytest.param(measured(known=CUSTOM, is_rare=True), {}, NA, id="they come rarely"),
        pytest.param(measured(history(20), known=CUSTOM), {}, BAD, id="20 invocations"),
        pytest.param(measured(history(19), known=CUSTOM), {}, NA, id="19 are too few"),
        pytest.param(
            measured(history(19), known=CUSTOM), {"min_invocations": 19}, BAD, id="by setting"
        ),
        pytest.param(measured(history()), {}, NA, id="idle"),
        pytest.param(measured(history()), {"heartbeat_required": True}, BAD, id="no heartbeat"),
        pytest.param(measured(history(0, 9), deployed=NOON - HOUR), {}, NA, id="idle since"),
        pytest.param(
            measured(deployed=NOON - HOUR, known=CUSTOM), {}, BAD, id="stopped an hour ago"
        ),
        pytest.param(
            measured(deployed=NOON - HOUR / 2 + MINUTE, known=CUSTOM),
            {},
            NA,
            id="invoked only before the deployment",
        ),
        pytest.param(measured(master_arn="arn:aws:lambda:x"), {}, NA, id="a replica"),
    ],
)
def test_function_metrics(function, settings, status):
    assert function_metrics(function, **settings).status is status


@pytest.mark.parametrize(
    ("settings", "status"),
    [({}, BAD), ({"namespaces": ("Other",)}, GOOD), ({"agent_dimensions": ("service",)}, GOOD)],
)
def test_which_metrics_are_the_functions(settings, status):
    """None of its custom metrics arrives any more."""
    [rule] = [rule for rule in monitoring_validation if rule.name == "function-metrics"]

    def lambdas(namespace, name, statistic, dimensions, begin, period):
        came = namespace == "AWS/Lambda" or NOON - begin > 3 * DAY
        return said(namespace, name, statistic, dimensions, begin, period) if came else None

    def long_ago(**asked):
        return {"Metrics": []} if "RecentlyActive" in asked else list_metrics(**asked)

    account = fake_account().but(
        cloudwatch__get_metric_data=get_metric_data(lambdas), cloudwatch__list_metrics=long_ago
    )
    assert observe(account, rule, FUNCTION, **settings).finding.status is status


def test_metrics_of_a_new_deployment_are_waited_for():
    recent = history(100).recent
    begun = NOON - timedelta(minutes=20)
    now = replace(recent, points=((NOON - timedelta(minutes=10), 50.0),))
    function = measured(replace(history(), recent=now), begun, known=CUSTOM)
    verdict = function_metrics(function)
    assert (verdict.status, verdict.is_passing) == (UNKNOWN, True)


def tasks(*ages, status="RUNNING") -> ServiceTasks:
    running = tuple(Task(f"arn:{n}", "", status, started=NOON - age) for n, age in enumerate(ages))
    return ServiceTasks(Service("arn", "api", "agents", ""), running, (), None, NOON)


def cpu(*ages) -> ServiceMetrics:
    window = Window(NOON - HOUR, NOON, 60)
    return ServiceMetrics(Series(NOTHING, window, tuple((NOON - age, 1.0) for age in ages)))


@pytest.mark.parametrize(
    ("service", "metrics", "settings", "status"),
    [
        pytest.param(tasks(DAY), cpu(2 * MINUTE), {}, GOOD, id="a fresh datapoint"),
        pytest.param(tasks(DAY), cpu(15 * MINUTE), {}, GOOD, id="15 minutes old"),
        pytest.param(tasks(DAY), cpu(16 * MINUTE), {}, BAD, id="16 minutes old"),
        pytest.param(tasks(DAY), cpu(16 * MINUTE), {"max_silence_minutes": 20}, GOOD, id="set"),
        pytest.param(tasks(DAY), cpu(), {}, BAD, id="none at all"),
        pytest.param(tasks(MINUTE), cpu(), {}, UNKNOWN, id="it began a minute ago"),
        pytest.param(tasks(), cpu(), {}, NA, id="no task"),
        pytest.param(tasks(DAY, status="PENDING"), cpu(), {}, NA, id="no task runs yet"),
    ],
)
def test_service_metrics(service, metrics, settings, status):
    assert service_metrics(service, metrics, **settings).status is status


# -- traces -------------------------------------------------------------------------------------


def trace(age) -> str:
    return f"1-{int((NOON - age).timestamp()):08x}-0123456789abcdef01234567"


def traced(invocations=1000.0, *ids, tracer=Tracer.XRAY, **about):
    began = {id: moment for id in ids if (moment := began_at({"Id": id})) is not None}
    found = FunctionTraces("Active", invocations, Traces(dict.fromkeys(ids, 0.1), began))
    return found, FunctionTracing("agent", Tracing(tracer), **about)


AGE = FunctionAge(NOON - DAY)
NEW = FunctionAge(NOON - 30 * MINUTE)


@pytest.mark.parametrize(
    ("evidence", "age", "indexed", "settings", "status"),
    [
        pytest.param(traced(9.0, trace(MINUTE)), AGE, 1, {}, GOOD, id="a trace"),
        pytest.param(traced(9.0, trace(MINUTE)), NEW, 1, {}, GOOD, id="after the deployment"),
        pytest.param(traced(9.0, trace(HOUR)), NEW, 1, {}, UNKNOWN, id="before the deployment"),
        pytest.param(traced(9.0, "odd"), NEW, 1, {}, UNKNOWN, id="an id without a time"),
        pytest.param(traced(9.0, "odd"), FunctionAge(None), 1, {}, GOOD, id="no deployment known"),
        pytest.param(
            traced(9.0, trace(MINUTE), tracer=Tracer.NONE), AGE, 1, {}, GOOD, id="upstream's"
        ),
        pytest.param(traced(), AGE, 1, {}, BAD, id="none"),
        pytest.param(traced(tracer=Tracer.OTEL), AGE, 1, {}, BAD, id="none of OpenTelemetry"),
        pytest.param(traced(100.0), AGE, 1, {}, BAD, id="5 expected"),
        pytest.param(traced(99.0), AGE, 1, {}, NA, id="fewer expected"),
        pytest.param(traced(99.0), AGE, 1, {"min_expected": 4}, BAD, id="least by setting"),
        pytest.param(traced(99.0), AGE, 1, {"sampled": 1}, BAD, id="share by setting"),
        pytest.param(traced(), AGE, 0.01, {}, NA, id="1 % indexed"),
        pytest.param(traced(0.0), AGE, 1, {}, NA, id="idle"),
        pytest.param(traced(tracer=Tracer.NONE), AGE, 1, {}, NA, id="not traced"),
        pytest.param(traced(master_arn="arn"), AGE, 1, {}, NA, id="a replica"),
    ],
)
def test_function_traces(evidence, age, indexed, settings, status):
    verdict = function_traces(*evidence, age, TraceIndexing(indexed), **settings)
    assert verdict.status is status


def test_traces_of_what_was_just_deployed_are_waited_for():
    found, tracing = traced()
    just = function_traces(replace(found, read_at=NOON), tracing, NEW, TraceIndexing())
    assert (just.status, just.is_passing) == (UNKNOWN, True)
    later = function_traces(replace(found, read_at=NOON), tracing, AGE, TraceIndexing())
    assert later.status is BAD


# -- logs ---------------------------------------------------------------------------------------

DAILY = Window(NOON - DAY, NOON, 3600)
UNATTESTED = Attested((), NOON)
DENIED = Unreadable("logs:DescribeLogStreams", Cause.ACCESS_DENIED)


def hours(*ago) -> Series:
    return Series(NOTHING, DAILY, tuple((NOON - n * HOUR, 5.0) for n in sorted(ago, reverse=True)))


def logged(ran, arrived, group="/aws/lambda/agent", **about) -> LogDelivery:
    where = LOG_GROUP.resource(ACCOUNT_ID, HOME, group)
    return LogDelivery("agent", group, where, "", None, hours(*ran), hours(*arrived), **about)


def attested(text="done", performed_at=NOON - DAY, **changes) -> Attested:
    made = Attestation(
        "01", "r", Scope(), text, performed_at, NOON - HOUR, "team", "arn:bob", "AIDA", **changes
    )
    return Attested((made,), NOON, NOON - 30 * DAY)


@pytest.mark.parametrize(
    ("function", "deployed", "said", "settings", "status"),
    [
        pytest.param(logged([5, 4], [5]), None, UNATTESTED, {}, GOOD, id="arrived"),
        pytest.param(logged([5, 4], []), None, UNATTESTED, {}, BAD, id="nothing arrived"),
        pytest.param(logged([9, 4], [9]), 6 * HOUR, UNATTESTED, {}, BAD, id="only before"),
        pytest.param(logged([9, 4], [9, 4]), 6 * HOUR, UNATTESTED, {}, GOOD, id="before, after"),
        pytest.param(logged([9], [9]), 6 * HOUR, UNATTESTED, {}, NA, id="idle since"),
        pytest.param(logged([], []), None, UNATTESTED, {}, NA, id="idle"),
        pytest.param(logged([1], []), None, UNATTESTED, {}, UNKNOWN, id="on their way"),
        pytest.param(logged([4], [], is_quiet=True), None, UNATTESTED, {}, NA, id="quiet"),
        pytest.param(
            logged([4], [4], "/all", stream=True), None, UNATTESTED, {}, GOOD, id="its stream"
        ),
        pytest.param(
            logged([4], [4], "/all", stream=False), None, UNATTESTED, {}, UNKNOWN, id="shared"
        ),
        pytest.param(
            logged([4], [4], "/all", unreadable=DENIED), None, UNATTESTED, {}, UNKNOWN, id="denied"
        ),
        pytest.param(logged([4], []), None, attested(), {}, NA, id="shipped otherwise"),
        pytest.param(
            logged([4], []), None, attested(), {"two_people": True}, BAD, id="by one person"
        ),
        pytest.param(
            logged([4], []),
            None,
            attested(performed_at=NOON - 3 * DAY),
            {"max_age_days": 2},
            BAD,
            id="attested long ago",
        ),
    ],
)
def test_function_logs(function, deployed, said, settings, status):
    age = FunctionAge(None if deployed is None else NOON - deployed)
    verdict = function_logs(function, age, said, **settings)
    assert verdict.status is status


def test_a_denied_look_at_log_streams_is_named():
    verdict = function_logs(
        logged([4], [4], "/all", unreadable=DENIED), FunctionAge(None), UNATTESTED
    )
    assert (verdict.missing, verdict.denied) == (
        ("logs:DescribeLogStreams",),
        ("logs:DescribeLogStreams",),
    )


def streams(*containers, tasks=2, **about) -> ServiceLogs:
    found = tuple(
        ContainerLogs(name, "/ecs/api", stream, NOON - heard if heard else None)
        for name, stream, heard in containers
    )
    return ServiceLogs("api", tasks, tasks, NOON, found, **about)


@pytest.mark.parametrize(
    ("logs", "said", "settings", "status"),
    [
        pytest.param(streams(("api", True, HOUR)), (), {}, GOOD, id="events arrived"),
        pytest.param(streams(("api", True, 25 * HOUR)), (), {}, GOOD, id="a day ago"),
        pytest.param(streams(("api", True, 26 * HOUR)), (), {}, UNKNOWN, id="no longer"),
        pytest.param(
            streams(("log-router", True, HOUR), unseen=("api",)),
            (),
            {},
            UNKNOWN,
            id="router's own",
        ),
        pytest.param(
            streams(("api", True, None), ("proxy", True, HOUR)),
            (),
            {},
            UNKNOWN,
            id="one is silent",
        ),
        pytest.param(
            streams(("api", False, None), ("proxy", True, HOUR)),
            (),
            {},
            BAD,
            id="a stream is gone",
        ),
        pytest.param(streams(("api", True, None)), (), {}, UNKNOWN, id="nothing was logged"),
        pytest.param(streams(unseen=("api",)), (), {}, UNKNOWN, id="another log driver"),
        pytest.param(streams(), (), {}, NA, id="no log driver"),
        pytest.param(streams(tasks=0), (), {}, NA, id="no task"),
        pytest.param(
            ServiceLogs("api", 0, 2, NOON),
            ("attested",),
            {},
            UNKNOWN,
            id="tasks that just started",
        ),
        pytest.param(streams(unseen=("api",)), ("attested",), {}, NA, id="attested"),
        pytest.param(
            streams(unseen=("api",)), ("attested",), {"max_age_days": 1}, UNKNOWN, id="expired"
        ),
        pytest.param(
            streams(unseen=("api",)), ("attested",), {"two_people": True}, UNKNOWN, id="alone"
        ),
    ],
)
def test_service_logs(logs, said, settings, status):
    people = attested(performed_at=NOON - 2 * DAY) if said else Attested((), NOON, NOON)
    assert service_logs(logs, people, **settings).status is status


def routed(*values, since=HOUR) -> ServiceRequests:
    """Requests in five minutes each, of the last hour."""
    window = Window(NOON - since, NOON, 300)
    points = tuple(zip(window.stamps, map(float, values), strict=False))
    return ServiceRequests((Series(NOTHING, window, points),))


def arrived(*ages, tracer=Tracer.XRAY, is_named=True, since=NOON - DAY) -> ServiceTraceArrivals:
    tracing = ServiceTracing("api", Tracing(tracer), ("api",), is_named)
    return ServiceTraceArrivals(tracing, 1, since, tuple(NOON - age for age in ages))


@pytest.mark.parametrize(
    ("found", "requests", "indexed", "settings", "status"),
    [
        pytest.param(arrived(HOUR), ServiceRequests(), 1, {}, GOOD, id="a trace"),
        pytest.param(
            arrived(HOUR, since=NOON - HOUR / 2),
            routed(),
            1,
            {},
            NA,
            id="of another revision",
        ),
        pytest.param(arrived(), routed(100), 1, {}, BAD, id="none of 100 requests"),
        pytest.param(arrived(), routed(99), 1, {}, NA, id="99 are too few"),
        pytest.param(arrived(), routed(99), 1, {"min_expected": 4}, BAD, id="by setting"),
        pytest.param(arrived(), routed(100), 1, {"sampled": 0.01}, NA, id="few are sampled"),
        pytest.param(arrived(), routed(100), 0.01, {}, NA, id="few are indexed"),
        pytest.param(
            arrived(), routed(*[0] * 10, 900, 900), 1, {}, NA, id="the newest may still come"
        ),
        pytest.param(
            arrived(since=NOON - HOUR / 2), routed(900), 1, {}, NA, id="requests before it"
        ),
        pytest.param(arrived(), ServiceRequests(), 1, {}, UNKNOWN, id="uncounted requests"),
        pytest.param(
            arrived(is_named=False), routed(900), 1, {}, UNKNOWN, id="no name of its own"
        ),
        pytest.param(arrived(tracer=Tracer.NONE), routed(900), 1, {}, NA, id="not traced"),
        pytest.param(arrived(since=None), routed(900), 1, {}, UNKNOWN, id="just deployed"),
    ],
)
def test_service_traces(found, requests, indexed, settings, status):
    verdict = service_traces(found, requests, TraceIndexing(indexed), **settings)
    assert verdict.status is status


W3C = "1-ffffffff-a0b1c2d3e4f5061728394a5b"
"""OpenTelemetry's ids may be random; this one would be of the year 2106."""


@pytest.mark.parametrize(
    ("summary", "began"),
    [
        (
            {"Id": "1-67891233-abcdef012345678912345678"},
            datetime(2025, 1, 16, 14, 5, 39, tzinfo=UTC),
        ),
        ({"Id": W3C, "StartTime": NOON}, NOON),
        ({"Id": "odd"}, None),
        ({"Id": "1-xyz-1"}, None),
    ],
)
def test_when_a_trace_began(summary, began):
    assert began_at(summary) == began


def test_a_service_without_tasks_has_nothing_to_trace():
    nothing = ServiceTraceArrivals(ServiceTracing("api", Tracing(Tracer.XRAY), ("api",)), 0)
    assert service_traces(nothing, routed(900), TraceIndexing(1)).status is NA


def counts(**by_minute) -> Series:
    points = sorted((NOON - int(ago[1:]) * MINUTE, float(n)) for ago, n in by_minute.items())
    return Series(NOTHING, Window(NOON - DAY, NOON, 300), tuple(points))


def forwarded(events, errors) -> LogForwardingHealth:
    return LogForwardingHealth((Forwarded("archive", "Firehose", events, errors),))


@pytest.mark.parametrize(
    ("group", "settings", "status", "severity"),
    [
        pytest.param(LogForwardingHealth(), {}, NA, None, id="no filter"),
        pytest.param(forwarded(counts(m5=100), counts()), {}, GOOD, None, id="all arrived"),
        pytest.param(forwarded(counts(m5=100), counts(m5=0)), {}, GOOD, None, id="no errors"),
        pytest.param(forwarded(counts(), counts()), {}, NA, None, id="no events"),
        pytest.param(forwarded(counts(), counts(m5=1)), {}, BAD, None, id="nothing arrived"),
        pytest.param(forwarded(counts(m5=98), counts(m5=2)), {}, BAD, MEDIUM, id="2 %"),
        pytest.param(forwarded(counts(m5=99), counts(m5=1)), {}, GOOD, None, id="1 %"),
        pytest.param(
            forwarded(counts(m5=98), counts(m5=2)),
            {"max_failed_percent": 2},
            GOOD,
            None,
            id="2 % allowed",
        ),
        pytest.param(
            forwarded(counts(m10=5), counts(m70=95, m10=0)), {}, GOOD, None, id="recovered"
        ),
        pytest.param(
            forwarded(counts(m10=5), counts(m65=95)), {}, BAD, MEDIUM, id="recovered just now"
        ),
    ],
)
def test_log_forwarding(group, settings, status, severity):
    verdict = log_forwarding(group, **settings)
    assert (verdict.status, verdict.severity) == (status, severity)
