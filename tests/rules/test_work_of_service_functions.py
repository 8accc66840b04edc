"""What AWS services make and run is no work of ours: no size, speed, tags or tests are asked."""

from __future__ import annotations

from typing import Any

import pytest

from functions.budget_alerts.app import function_tags
from functions.caching.app import lambda_strategy
from functions.cost_optimization.app import function_memory
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
from readiness.evidence.awslambda.functions import FunctionIdentity
from readiness.evidence.awslambda.settings import FunctionConnections, FunctionTimeout
from readiness.evidence.awslambda.traffic import TrafficSinceDeploy
from readiness.evidence.workloads.function_entry_points import FunctionLatency, FunctionOutcomes
from readiness.evidence.workloads.tracing import FunctionTracing, ReachedTracing
from tests.rules.test_alarms_of_service_functions import BY_AWS
from tests.rules.test_performance_benchmarks import SLOW

ANY: Any = None
"""Evidence that a rule must not come to look at."""


def verdicts(name: str) -> list[Any]:
    identity = FunctionIdentity(name)
    outcomes = FunctionOutcomes((), name)
    connections = FunctionConnections(name)
    return [
        function_tags(identity, ANY, ANY, settings=ANY),
        lambda_strategy(connections, ANY, ANY, ANY, ANY, rate=ANY, workload=ANY, attestation=ANY),
        function_memory(identity, ANY, ANY, ANY, ANY, ANY),
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
    ]


@pytest.mark.parametrize("name", BY_AWS)
def test_nothing_is_asked_of_its_size_and_speed(name):
    assert {each.status for each in verdicts(name)} == {Status.NOT_APPLICABLE}
    assert {each.reason for each in verdicts(name)} == {verdicts(name)[0].reason}
