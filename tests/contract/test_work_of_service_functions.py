"""What AWS services make and run is no work of ours: no size, speed, tags or tests are asked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from functions.budget_alerts.app import function_tags
from functions.caching.app import lambda_strategy
from functions.cloudwatch.app import function_on_dashboards, lambda_insights
from functions.cost_optimization.app import function_memory
from functions.emergency_procedures.app import function_shutdown, lambda_rollback
from functions.lambda_deployment.app import proven_by_traffic
from functions.performance_benchmarks.app import (
    function_availability,
    function_error_rate,
    function_latency,
)
from functions.resource_sizing.app import (
    function_concurrency,
    function_connections,
    function_load_test,
    function_timeout,
)
from functions.xray.app import lambda_anomalies, lambda_tracing
from readiness import Status
from readiness.evidence.awslambda.asynchronous import AsynchronousCallers
from readiness.evidence.awslambda.functions import FunctionIdentity
from readiness.evidence.awslambda.layers import ReachedLayers
from readiness.evidence.awslambda.rollback import RollbackTargets
from readiness.evidence.awslambda.settings import (
    FunctionConnections,
    FunctionTimeout,
    FunctionVariables,
)
from readiness.evidence.awslambda.stopping import FunctionStop
from readiness.evidence.awslambda.traffic import TrafficSinceDeploy
from readiness.evidence.computeoptimizer import FunctionRecommendations
from readiness.evidence.workloads.function_entry_points import FunctionLatency, FunctionOutcomes
from readiness.evidence.workloads.tracing import FunctionTracing, ReachedTracing
from readiness.semantics.service_functions import made_by_aws, runs_with_its_stack
from tests.rules.test_alarms_of_service_functions import BY_AWS
from tests.rules.test_performance_benchmarks import SLOW

ANY: Any = None
"""Evidence that a rule must not come to look at."""
NOT_LISTED = FunctionRecommendations({})
SELDOM: Any = SimpleNamespace(invocations=SimpleNamespace(total=3.0))


def verdicts(name: str) -> list[Any]:
    identity = FunctionIdentity(name)
    outcomes = FunctionOutcomes((), name)
    connections = FunctionConnections(name)
    return [
        function_tags(identity, ANY, ANY, settings=ANY),
        lambda_strategy(connections, ANY, ANY, ANY, ANY, rate=ANY, workload=ANY, attestation=ANY),
        function_memory(identity, ANY, NOT_LISTED, ANY, ANY, ANY),
        proven_by_traffic(TrafficSinceDeploy(None, (), name=name), ANY),
        function_latency(FunctionLatency(SLOW, SLOW, False, name=name), ANY, bands=ANY, ages=ANY),
        function_error_rate(outcomes, bands=ANY),
        function_availability(outcomes, bands=ANY),
        function_concurrency(identity, ANY, ANY, ANY, ANY),
        function_connections(
            connections, ANY, ANY, ANY, ANY, ANY, ANY, database=ANY, attestation=ANY
        ),
        function_load_test(identity, ANY, ANY, ANY, ANY, settings=ANY),
        function_timeout(FunctionTimeout(name), ANY, ANY, ANY, ANY, limits=ANY),
        lambda_tracing(ReachedTracing(FunctionTracing(name, ANY), ()), ()),
        lambda_anomalies(FunctionTracing(name, ANY), ANY),
        lambda_insights(ReachedLayers(name, {}), ANY, require_lambda_insights=True),
        *of_nobody_in_an_emergency(name),
    ]


def of_nobody_in_an_emergency(name: str) -> list[Any]:
    return [
        function_on_dashboards(FunctionVariables(name), ANY, ANY, named_by=ANY, attestation=ANY),
        lambda_rollback(RollbackTargets(name, ANY), ANY),
        function_shutdown(FunctionStop(name), AsynchronousCallers(name), ANY, ANY),
    ]


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("shop-CustomS3AutoDeleteObjectsCustomResourceProvide-4JxQ0bX2mQkP", True),
        ("shop-LogRetentionaae0aa3c5b4d4f87b02d85b201efdd8a-0aBcDeFgHiJk", True),
        ("shop-AWS679f53fac002430cb0da5b7982bd2287-0aBcDeFgHiJk", True),
        ("shop-ImportProviderframeworkonEvent83C1D0A7-0aBcDeFgHiJk", True),
        ("shop-dev-custom-resource-existing-s3", True),
        ("resource-of-customers", False),
        ("log-retention", False),
    ],
)
def test_nothing_is_asked_of_the_load_of_a_custom_resource(name, is_one):
    assert bool(made_by_aws(name) or runs_with_its_stack(name)) is is_one
    if is_one:
        connections, identity = FunctionConnections(name), FunctionIdentity(name)
        found = [
            lambda_strategy(
                connections, ANY, ANY, ANY, ANY, rate=ANY, workload=ANY, attestation=ANY
            ),
            function_memory(identity, ANY, NOT_LISTED, ANY, ANY, ANY),
            function_load_test(identity, ANY, ANY, SELDOM, ANY, settings=ANY),
            *of_nobody_in_an_emergency(name),
        ]
        assert {each.status for each in found} == {Status.NOT_APPLICABLE}


@pytest.mark.parametrize("name", BY_AWS)
def test_nothing_is_asked_of_its_size_and_speed(name):
    assert {each.status for each in verdicts(name)} == {Status.NOT_APPLICABLE}
    assert {each.reason for each in verdicts(name)} == {verdicts(name)[0].reason}
