"""X-Ray's settings at their edges, and the verdicts that the other tables do not reach."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from functions.xray.app import (
    graphql_tracing,
    lambda_anomalies,
    lambda_on_map,
    service_anomalies,
    service_on_map,
    stage_tracing,
    state_machine_tracing,
    task_tracing,
    trace_queries,
)
from readiness.evidence.appsync.tracing import GraphqlRequests, GraphqlTracing
from readiness.evidence.awslambda.functions import LATEST
from readiness.evidence.workloads.anomaly_detection import AnomalyWatch, Looking
from readiness.evidence.workloads.requests import FunctionRequests, ServiceRequests
from readiness.evidence.workloads.tracing import ServiceTracing, TaskTracing, WorkflowTracing
from readiness.evidence.xray.configuration import (
    Group,
    Sampling,
    SamplingRule,
    SavedQuery,
    ServiceMap,
    TraceQueries,
)
from readiness.model.attestation import Attestation, Attested, Scope
from readiness.semantics.tracing import Tracer, Tracing, of_task
from tests.fake_account import NOON
from tests.rules.test_xray import (
    APP,
    BAD,
    DAEMON,
    DEFAULT,
    GOOD,
    NA,
    PERHAPS,
    STAGE,
    UNKNOWN,
    WRITER,
    app,
    busy,
    requests,
)
from tests.rules.test_xray_anomalies import ON, insights
from tests.rules.test_xray_map import TRACED

API = GraphqlTracing("api1", "chat", True)
SAMPLED = [
    pytest.param(
        stage_tracing, lambda rules, rate: (STAGE, Sampling(rules), requests(rate)), id="stage"
    ),
    pytest.param(
        graphql_tracing,
        lambda rules, rate: (API, Sampling(rules), GraphqlRequests(busy(rate * 300))),
        id="graphql",
    ),
]


def rate(share, reservoir=0):
    return (SamplingRule("Default", 10_000, share, reservoir),)


@pytest.mark.parametrize(("rule", "of"), SAMPLED)
@pytest.mark.parametrize(
    ("rules", "per_second", "default", "settings", "configured"),
    [
        pytest.param(rate(0.01), 1, GOOD, {"min_fixed_rate": 0.011}, BAD, id="1 % of 1.1 %"),
        pytest.param(rate(0.009), 1, BAD, {"min_fixed_rate": 0.009}, GOOD, id="0.9 % of 0.9 %"),
        pytest.param(rate(0.008), 1, BAD, {"min_fixed_rate": 0.009}, BAD, id="0.8 % of 0.9 %"),
        pytest.param(
            rate(0.01, reservoir=1), 1, GOOD, {"min_fixed_rate": 1.0}, GOOD, id="a reservoir"
        ),
        pytest.param(
            (DEFAULT,), 181, GOOD, {"max_traces_per_s": 9.9}, BAD, id="10 traces a second of 9.9"
        ),
        pytest.param(
            (DEFAULT,), 201, BAD, {"max_traces_per_s": 11.0}, GOOD, id="11 traces a second of 11"
        ),
        pytest.param(
            (DEFAULT,), 202, BAD, {"max_traces_per_s": 11.0}, BAD, id="more than 11 of 11"
        ),
    ],
)
def test_which_rate_is_appropriate(rule, of, rules, per_second, default, settings, configured):
    evidence = of(rules, per_second)
    assert rule(*evidence).status is default
    assert rule(*evidence, **settings).status is configured


@pytest.mark.parametrize(
    ("api", "rules", "status"),
    [
        pytest.param(API, (DEFAULT,), GOOD, id="traced"),
        pytest.param(GraphqlTracing("api1", "chat", False), (DEFAULT,), BAD, id="off"),
        pytest.param(API, (), UNKNOWN, id="no rules at all"),
        pytest.param(
            API,
            (DEFAULT, SamplingRule("chat", 1, 0.0, 0, service_name="chat")),
            UNKNOWN,
            id="a rule for a name that is not known",
        ),
    ],
)
def test_graphql_tracing(api, rules, status):
    verdict = graphql_tracing(api, Sampling(rules), GraphqlRequests(busy(300)))
    assert verdict.status is status, verdict.reason


def test_a_state_machine_whose_role_may_write_on_a_condition():
    machine = WorkflowTracing("arn", {LATEST: PERHAPS.name})
    assert state_machine_tracing(machine, (PERHAPS,)).status is UNKNOWN


GATEWAY = app(OTEL_EXPORTER_OTLP_ENDPOINT="http://gateway.internal:4318")


def ratio(share):
    return [app(OTEL_TRACES_SAMPLER="traceidratio", OTEL_TRACES_SAMPLER_ARG=share), DAEMON]


@pytest.mark.parametrize(
    ("containers", "rules", "default", "settings", "configured"),
    [
        pytest.param(
            [GATEWAY],
            (DEFAULT,),
            GOOD,
            {"accept_otel": False},
            BAD,
            id="accept_otel: OpenTelemetry alone",
        ),
        pytest.param(
            [APP, DAEMON],
            (DEFAULT,),
            GOOD,
            {"accept_otel": False},
            GOOD,
            id="accept_otel: X-Ray's daemon",
        ),
        pytest.param(
            ratio("0.01"),
            (DEFAULT,),
            GOOD,
            {"min_fixed_rate": 0.011},
            BAD,
            id="min_fixed_rate: a ratio of 1 %",
        ),
        pytest.param(
            ratio("0.009"),
            (DEFAULT,),
            BAD,
            {"min_fixed_rate": 0.009},
            GOOD,
            id="min_fixed_rate: a ratio of 0.9 %",
        ),
        pytest.param(
            [APP, DAEMON],
            rate(0.009),
            BAD,
            {"min_fixed_rate": 0.009},
            GOOD,
            id="min_fixed_rate: a sampling rule of 0.9 %",
        ),
    ],
)
def test_which_tracing_of_a_task_is_enough(containers, rules, default, settings, configured):
    evidence = TaskTracing("web", of_task(containers)), WRITER, Sampling(rules)
    assert task_tracing(*evidence).status is default
    assert task_tracing(*evidence, **settings).status is configured


# -- the map ----------------------------------------------------------------------------------

WEB = ServiceTracing("web", Tracing(Tracer.OTEL), ("web",))


@pytest.mark.parametrize(
    ("rule", "of"),
    [
        pytest.param(lambda_on_map, lambda part: (TRACED, FunctionRequests(part)), id="function"),
        pytest.param(service_on_map, lambda part: (WEB, ServiceRequests((part,))), id="service"),
    ],
)
@pytest.mark.parametrize(
    ("traces", "default", "least", "configured"),
    [
        pytest.param(19, UNKNOWN, 19, BAD, id="19 of 19 are missing"),
        pytest.param(18, UNKNOWN, 19, UNKNOWN, id="18 of 19 are missing"),
        pytest.param(20, BAD, 21, UNKNOWN, id="20 of 21 are missing"),
    ],
)
def test_how_many_missing_traces_make_a_gap(rule, of, traces, default, least, configured):
    evidence = (*of(busy(1, traces)), ServiceMap(()), WRITER)
    assert rule(*evidence).status is default
    assert rule(*evidence, min_expected_traces=least).status is configured


@pytest.mark.parametrize(
    ("service", "parts"),
    [
        pytest.param(ServiceTracing("web", Tracing(), ("web",)), (busy(300),), id="not traced"),
        pytest.param(
            ServiceTracing("web", Tracing(Tracer.MAYBE), ("web",)), (busy(300),), id="not known"
        ),
        pytest.param(WEB, (busy(0),), id="no requests"),
    ],
)
def test_a_service_that_no_map_can_show(service, parts):
    assert service_on_map(service, ServiceRequests(parts), ServiceMap(()), None).status is NA


# -- anomalies --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("looking", "status"),
    [
        pytest.param(Looking([ON], listeners=["page"]), GOOD, id="insights"),
        pytest.param(
            Looking([insights("responsetime > 5")], listeners=["page"]), UNKNOWN, id="some traces"
        ),
        pytest.param(Looking(), BAD, id="nothing"),
    ],
)
def test_what_looks_at_a_traced_service(looking, status):
    verdict = service_anomalies(WEB, ServiceRequests(), AnomalyWatch(looking, NOON))
    assert verdict.status is status, verdict.reason


def test_a_replica_at_the_edge_is_watched_where_its_master_is():
    replica = replace(TRACED, master_arn="arn:aws:lambda:us-east-1:111122223333:function:agent")
    assert lambda_anomalies(replica, AnomalyWatch(Looking(), NOON)).status is NA


# -- queries ----------------------------------------------------------------------------------

ELSEWHERE = Attestation(
    id="aaaa11112222",
    rule="xray.trace-queries",
    scope=Scope(),
    statement="They are in Grafana.",
    performed_at=NOON - timedelta(days=10),
    declared_at=NOON - timedelta(days=10),
    owner="team@example.com",
    attester="arn:aws:sts::111122223333:assumed-role/Dev/alice",
    attester_id="AROA:alice",
)
REFUSED = TraceQueries((Group("slow", "respnse > 5", is_refused=True),), ())
ERRORS = TraceQueries((), (SavedQuery("q", "filter @message like /ERROR/", ("g",)),))
SPANS = TraceQueries((), (SavedQuery("q", "sort durationNano", ("aws/spans",)),))


@pytest.mark.parametrize(
    ("kept", "statements", "default", "settings", "configured"),
    [
        pytest.param(REFUSED, (), GOOD, {"probe_filters": True}, BAD, id="a filter is refused"),
        pytest.param(ERRORS, (), BAD, {"query_pattern": "error"}, GOOD, id="on errors, wanted"),
        pytest.param(SPANS, (), GOOD, {"query_pattern": "error"}, BAD, id="on spans, not wanted"),
        pytest.param(
            TraceQueries((), ()), (ELSEWHERE,), GOOD, {"max_age_days": 10}, BAD, id="expired"
        ),
        pytest.param(
            TraceQueries((), ()), (ELSEWHERE,), GOOD, {"max_age_days": 11}, GOOD, id="in time"
        ),
        pytest.param(
            TraceQueries((), ()), (ELSEWHERE,), GOOD, {"two_people": True}, BAD, id="one person"
        ),
    ],
)
def test_which_queries_count(kept, statements, default, settings, configured):
    attested = Attested(statements, NOON, NOON)
    assert trace_queries(kept, attested).status is default
    assert trace_queries(kept, attested, **settings).status is configured
