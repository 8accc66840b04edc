"""X-Ray: what notices latency and errors that are unusual, and queries that are at hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from functions.xray.app import lambda_anomalies, service_anomalies, trace_queries
from readiness.evidence.logs import LogDetector
from readiness.evidence.workloads.anomaly_detection import (
    AnomalyWatch,
    Detector,
    Insights,
    Looking,
)
from readiness.evidence.workloads.requests import ServiceRequests
from readiness.evidence.workloads.tracing import FunctionTracing, ServiceTracing
from readiness.evidence.xray.configuration import Group, SavedQuery, TraceQueries
from readiness.model.attestation import Attestation, Attested, Scope
from readiness.semantics.alarm_inventory import Inventory
from readiness.semantics.alarms import Alarm, Watched
from readiness.semantics.tracing import Tracer, Tracing
from tests.fake_account import NOON
from tests.rules.test_xray import BAD, GOOD, UNKNOWN

TOPIC = "arn:aws:sns:us-east-1:111122223333:alerts"
DURATION = Watched("AWS/Lambda", "Duration", "p99", frozenset({("FunctionName", "agent")}))
BAND = Alarm(
    "slow",
    actions=(TOPIC,),
    watches=(DURATION,),
    band=True,
    comparison="GreaterThanUpperThreshold",
)
TRAINED = Detector(
    frozenset({("AWS/Lambda", "Duration", frozenset({("FunctionName", "agent")}), "p99")}),
    "TRAINED",
)
COUNT = Watched("AWS/Logs", "AnomalyCount", "Sum", frozenset({("LogAnomalyDetector", "odd")}))
LOGS = LogDetector("odd", frozenset({"/aws/lambda/agent"}), "ANALYZING")
ON = Insights("Default", enabled=True, notifies=True)


def insights(expression: str) -> Insights:
    return Insights("own", expression, enabled=True, notifies=True)


@pytest.mark.parametrize(
    ("looking", "status", "said"),
    [
        pytest.param(Looking(), BAD, "No anomaly detection covers", id="nothing"),
        pytest.param(Looking([ON], listeners=["page"]), GOOD, "page", id="insights"),
        pytest.param(Looking([ON]), BAD, "no enabled EventBridge rule", id="nobody listens"),
        pytest.param(
            Looking([Insights("Default", enabled=True)], listeners=["page"]),
            BAD,
            "no notifications",
            id="no notifications",
        ),
        pytest.param(
            Looking([insights('service("agent")')], listeners=["page"]), GOOD, "own", id="filtered"
        ),
        pytest.param(
            Looking([insights('service("other")')], listeners=["page"]),
            BAD,
            "No anomaly detection covers",
            id="another service's group",
        ),
        pytest.param(
            Looking([insights('service("other") OR service("agent")')], listeners=["page"]),
            GOOD,
            "own",
            id="one of two services",
        ),
        pytest.param(
            Looking([insights('service("agent") AND service("other")')], listeners=["page"]),
            UNKNOWN,
            "is not",
            id="only together with another",
        ),
        pytest.param(
            Looking([insights("responsetime > 5")], listeners=["page"]),
            UNKNOWN,
            "is not",
            id="some traces",
        ),
        pytest.param(
            Looking(detectors=[TRAINED], inventory=Inventory((BAND,))), GOOD, "slow", id="band"
        ),
        pytest.param(
            Looking(inventory=Inventory((BAND,))), UNKNOWN, "not trained", id="no detector"
        ),
        pytest.param(
            Looking(
                detectors=[Detector(TRAINED.metrics, "PENDING_TRAINING")],
                inventory=Inventory((BAND,)),
            ),
            UNKNOWN,
            "PENDING_TRAINING",
            id="learning",
        ),
        pytest.param(
            Looking(
                detectors=[Detector(TRAINED.metrics, "TRAINED_INSUFFICIENT_DATA")],
                inventory=Inventory(
                    (
                        Alarm(
                            "slow",
                            actions=(TOPIC,),
                            watches=(DURATION,),
                            band=True,
                            comparison="GreaterThanUpperThreshold",
                            state="INSUFFICIENT_DATA",
                            since=NOON - timedelta(days=20),
                        ),
                    )
                ),
            ),
            BAD,
            "no data since",
            id="never learns",
        ),
        *(
            pytest.param(
                Looking(detectors=[TRAINED], inventory=Inventory((replace(BAND, **changes),))),
                status,
                said,
                id=id,
            )
            for changes, status, said, id in (
                (
                    {"comparison": "LessThanLowerOrGreaterThanUpperThreshold"},
                    GOOD,
                    "slow",
                    "both sides of the band",
                ),
                (
                    {"comparison": "LessThanLowerThreshold"},
                    BAD,
                    "only by values below its band",
                    "only the good side of the band",
                ),
                (
                    {"state": "ALARM", "since": NOON - timedelta(days=20)},
                    BAD,
                    "has been in ALARM since",
                    "in ALARM for weeks",
                ),
                (
                    {"evaluation_state": "EVALUATION_ERROR"},
                    BAD,
                    "cannot be evaluated",
                    "an alarm that cannot be evaluated",
                ),
                (
                    {"watches": (replace(DURATION, account="444455556666"),)},
                    BAD,
                    "No anomaly detection",
                    "a function of that name in another account",
                ),
            )
        ),
        pytest.param(
            Looking(
                detectors=[TRAINED],
                inventory=Inventory((Alarm("slow", watches=(DURATION,), band=True),)),
            ),
            BAD,
            "notifies no one",
            id="band without action",
        ),
        pytest.param(
            Looking(
                log_detectors=[LOGS],
                inventory=Inventory((Alarm("odd", actions=(TOPIC,), watches=(COUNT,)),)),
            ),
            GOOD,
            "odd",
            id="logs",
        ),
        pytest.param(
            Looking(log_detectors=[LOGS]), BAD, "no alarm that notifies", id="logs, no alarm"
        ),
        pytest.param(
            Looking(log_detectors=[LogDetector("odd", LOGS.log_groups, "TRAINING")]),
            UNKNOWN,
            "learning",
            id="logs, learning",
        ),
        pytest.param(
            Looking(log_detectors=[LogDetector("odd", LOGS.log_groups, "PAUSED")]),
            BAD,
            "PAUSED",
            id="logs, paused",
        ),
    ],
)
def test_lambda_anomalies(looking, status, said):
    function = FunctionTracing("agent", Tracing(Tracer.XRAY), "/aws/lambda/agent")
    verdict = lambda_anomalies(function, AnomalyWatch(looking, NOON))
    assert verdict.status is status, verdict.reason
    assert said in verdict.reason


def test_insights_see_nothing_of_what_is_not_traced():
    plain = FunctionTracing("agent", Tracing(), "/aws/lambda/agent")
    watch = AnomalyWatch(Looking([ON], listeners=["page"]), NOON)
    assert lambda_anomalies(plain, watch).status is BAD


def test_a_service_is_watched_through_its_load_balancer():
    slow = Watched(
        "AWS/ApplicationELB", "TargetResponseTime", "p99", frozenset({("LoadBalancer", "app/x/1")})
    )
    band = Alarm(
        "slow",
        actions=(TOPIC,),
        watches=(slow,),
        band=True,
        comparison="GreaterThanUpperThreshold",
    )
    known = Detector(frozenset({(slow.namespace, slow.metric, slow.dimensions, "p99")}), "TRAINED")
    watch = AnomalyWatch(Looking(detectors=[known], inventory=Inventory((band,))), NOON)
    service = ServiceTracing("web", Tracing(), ("web",))
    routed = ServiceRequests(routes=(("app/x/1", "targetgroup/web/1"),))
    assert service_anomalies(service, routed, watch).status is GOOD
    assert service_anomalies(service, ServiceRequests(), watch).status is BAD


@pytest.mark.parametrize(
    ("cluster", "status"),
    [
        pytest.param({"ClusterName": "prod"}, GOOD, id="its own"),
        pytest.param({"ClusterName": "test"}, BAD, id="another"),
        pytest.param({"aws.ecs.cluster.arn": "arn:aws:ecs:x:1:cluster/test"}, BAD, id="by ARN"),
        pytest.param({}, GOOD, id="none is named"),
    ],
)
def test_a_service_of_the_same_name_in_another_cluster(cluster, status):
    named = frozenset({("ServiceName", "web"), *cluster.items()})
    failed = Watched("ECS/ServiceConnect", "HTTPCode_Target_5XX_Count", "Sum", named)
    about = {"actions": (TOPIC,), "comparison": "GreaterThanUpperThreshold"}
    band = Alarm("failing", watches=(failed,), band=True, **about)
    known = Detector(frozenset({(failed.namespace, failed.metric, named, "Sum")}), "TRAINED")
    watch = AnomalyWatch(Looking(detectors=[known], inventory=Inventory((band,))), NOON)
    service = ServiceTracing("web", Tracing(), ("web",), cluster="prod")
    assert service_anomalies(service, ServiceRequests(), watch).status is status


@pytest.mark.parametrize(
    ("kept", "settings", "status"),
    [
        pytest.param(TraceQueries((Group("slow", "responsetime > 5"),), ()), {}, GOOD, id="group"),
        pytest.param(TraceQueries((Group("all", ""),), ()), {}, BAD, id="no filter"),
        pytest.param(
            TraceQueries((), (SavedQuery("q", "sort durationNano", ("aws/spans",)),)),
            {},
            GOOD,
            id="saved query",
        ),
        pytest.param(
            TraceQueries((), (SavedQuery("q", "filter @message like /ERROR/", ("g",)),)),
            {},
            BAD,
            id="a query of other things",
        ),
        *(
            pytest.param(
                TraceQueries((), (SavedQuery("q", f"filter @message like /{text}/", ("g",)),)),
                {},
                BAD,
                id=f"errors of a program: {text}",
            )
            for text in (
                "Traceback (most recent call last)",
                "stacktrace",
                "stack trace",
                "spanning",
            )
        ),
        *(
            pytest.param(
                TraceQueries((), (SavedQuery("q", f"stats count() by {text}", ("g",)),)),
                {},
                GOOD,
                id=f"a field of traces: {text}",
            )
            for text in ("@xrayTraceId", "trace_id", "spanId", "durationNano")
        ),
        pytest.param(
            TraceQueries((Group("slow", "respnse > 5", is_refused=True),), ()),
            {"probe_filters": True},
            BAD,
            id="refused filter",
        ),
        pytest.param(TraceQueries((), ()), {"query_pattern": "("}, UNKNOWN, id="bad pattern"),
    ],
)
def test_trace_queries(kept, settings, status):
    verdict = trace_queries(kept, Attested((), NOON, NOON), **settings)
    assert verdict.status is status, verdict.reason


def test_queries_kept_elsewhere_are_stated():
    statement = Attestation(
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
    kept = TraceQueries((), ())
    assert trace_queries(kept, Attested((statement,), NOON, NOON)).status is GOOD
    assert trace_queries(kept, Attested((statement,), NOON, NOON), two_people=True).status is BAD
