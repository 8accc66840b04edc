"""X-Ray: what gets requests stands on the service map."""

from __future__ import annotations

import pytest

from functions.xray.app import lambda_on_map, service_on_map
from readiness import Severity
from readiness.evidence.workloads.requests import FunctionRequests, ServiceRequests
from readiness.evidence.workloads.tracing import FunctionTracing, ServiceTracing
from readiness.evidence.xray.configuration import Node, ServiceMap
from readiness.semantics.metrics import Series
from readiness.semantics.tracing import Tracer, Tracing
from tests.rules.test_xray import BAD, GOOD, NA, READER, UNKNOWN, WRITER, busy

TRACED = FunctionTracing("agent", Tracing(Tracer.XRAY))
TWINS = (
    Node(1, frozenset({"agent"}), "AWS::Lambda", frozenset({2})),
    Node(2, frozenset({"agent"}), "AWS::Lambda::Function"),
)
CALLER = Node(0, frozenset({"orders/prod"}), "AWS::ApiGateway::Stage", frozenset({1}))


@pytest.mark.parametrize(
    ("nodes", "each", "indexed", "grants", "status", "severity"),
    [
        pytest.param((CALLER, *TWINS), 300, 1.0, READER, GOOD, None, id="called"),
        pytest.param(TWINS, 300, 1.0, READER, BAD, None, id="alone with its twin"),
        pytest.param(TWINS, 300, 1.0, WRITER, GOOD, None, id="alone and calls nothing"),
        pytest.param((), 300, 1.0, WRITER, BAD, Severity.MEDIUM, id="missing"),
        pytest.param((), 300, 0.01, WRITER, UNKNOWN, None, id="hardly any is indexed"),
        pytest.param((), 300, 0.0, WRITER, UNKNOWN, None, id="none is indexed"),
        pytest.param((), 0, 0.0, WRITER, NA, None, id="none is indexed, and nothing called it"),
        pytest.param((), 0, 1.0, WRITER, NA, None, id="nothing called it"),
        pytest.param(
            (Node(1, frozenset({"agent-2"}), "AWS::Lambda"),),
            300,
            1.0,
            WRITER,
            BAD,
            Severity.MEDIUM,
            id="a name that begins the same",
        ),
        pytest.param(
            (Node(1, frozenset({"agent"}), "AWS::DynamoDB::Table"),),
            300,
            1.0,
            WRITER,
            BAD,
            Severity.MEDIUM,
            id="a table of that name",
        ),
    ],
)
def test_lambda_on_map(nodes, each, indexed, grants, status, severity):
    drawn = ServiceMap(tuple(nodes), indexed)
    verdict = lambda_on_map(TRACED, FunctionRequests(busy(each)), drawn, grants)
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason


def test_few_requests_make_no_gap():
    verdict = lambda_on_map(TRACED, FunctionRequests(busy(1, 19)), ServiceMap(()), WRITER)
    assert verdict.status is UNKNOWN
    verdict = lambda_on_map(TRACED, FunctionRequests(busy(1, 20)), ServiceMap(()), WRITER)
    assert verdict.status is BAD


def test_requests_before_the_map_begins_do_not_count():
    early = busy(300)
    old = Series(early.query, early.window, early.points[:100])
    assert lambda_on_map(TRACED, FunctionRequests(old), ServiceMap(()), WRITER).status is NA


def test_what_is_not_traced_is_not_looked_for():
    plain = FunctionTracing("agent", Tracing())
    assert lambda_on_map(plain, FunctionRequests(busy(300)), ServiceMap(()), None).status is NA


def test_a_service_nobody_counts_is_not_missed():
    service = ServiceTracing("web", Tracing(Tracer.OTEL), ("web",))
    assert service_on_map(service, ServiceRequests(), ServiceMap(()), None).status is UNKNOWN
    nodes = (Node(1, frozenset({"web"}), "", frozenset({2})), Node(2, frozenset({"s3"})))
    assert service_on_map(service, ServiceRequests(), ServiceMap(nodes), None).status is GOOD


def test_a_service_is_missed_only_under_a_name_that_is_known():
    requests = ServiceRequests((busy(300),))
    named = ServiceTracing("web", Tracing(Tracer.OTEL), ("web",))
    assert service_on_map(named, requests, ServiceMap(()), None).status is BAD
    guessed = ServiceTracing("web", Tracing(Tracer.OTEL), ("web",), is_named=False)
    assert service_on_map(guessed, requests, ServiceMap(()), None).status is UNKNOWN
