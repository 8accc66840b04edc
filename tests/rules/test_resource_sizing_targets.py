"""Target tracking whose target the metric never passes, so that nothing is ever added."""

from __future__ import annotations

import pytest

from functions.resource_sizing import app as rules
from readiness import Status
from readiness.semantics.scaling_policies import never_reached
from tests.accounts import resource_sizing as made
from tests.rules.test_resource_sizing import judged, service

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
POLICIES = "application-autoscaling__describe_scaling_policies"
CPU, MEMORY = "ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization"
WARM = "LambdaProvisionedConcurrencyUtilization"
OF_CAPACITY = {"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]}
ON_HOSTS = {"capacityProviderStrategy": [{"capacityProvider": "hosts", "weight": 1}]}


def tracks(target: float, *metric: str) -> dict[str, object]:
    """Target tracking of a predefined metric, or of a customized one by namespace and name."""
    if len(metric) == 1:
        return {
            "TargetValue": target,
            "PredefinedMetricSpecification": {"PredefinedMetricType": metric[0]},
        }
    namespace, name = metric
    own = {"Namespace": namespace, "MetricName": name, "Statistic": "Maximum"}
    return {"TargetValue": target, "CustomizedMetricSpecification": own}


@pytest.mark.parametrize(
    ("tracking", "expected"),
    [
        (tracks(100, "RDSReaderAverageCPUUtilization"), True),
        (tracks(99, "RDSReaderAverageCPUUtilization"), False),
        (tracks(0.7, WARM), False),
        (tracks(1, WARM), True),
        (tracks(70, WARM), True),
        (tracks(70, "AWS/Lambda", "ProvisionedConcurrencyUtilization"), True),
        (tracks(0.7, "AWS/Lambda", "ProvisionedConcurrencyUtilization"), False),
        (tracks(100, "AWS/EC2", "CPUUtilization"), True),
        (tracks(70, "AWS/EC2", "CPUUtilization"), False),
        (tracks(5000, "AWS/SQS", "ApproximateNumberOfMessagesVisible"), False),
        (tracks(5000, "ALBRequestCountPerTarget"), False),
        (tracks(100, CPU), False),
        (tracks(100, "AWS/ECS", "CPUUtilization"), False),
        ({"TargetValue": 100.0}, False),
        ({}, False),
        (None, False),
    ],
    ids=str,
)
def test_a_target_of_full_utilization_is_never_passed(tracking, expected):
    assert never_reached(tracking) is expected


@pytest.mark.parametrize(
    ("tracking", "about", "status"),
    [
        pytest.param(tracks(100, CPU), {}, BAD, id="CPU on Fargate"),
        pytest.param(tracks(100, MEMORY), {}, BAD, id="memory on Fargate"),
        pytest.param(tracks(150, "AWS/ECS", "CPUUtilization"), {}, BAD, id="customized"),
        pytest.param(tracks(99, CPU), {}, GOOD, id="just below"),
        pytest.param(tracks(100, CPU), {"launchType": "EC2"}, GOOD, id="hosts have more CPU"),
        pytest.param(tracks(100, CPU), {"launchType": ""} | ON_HOSTS, GOOD, id="their provider"),
        pytest.param(tracks(100, CPU), {"launchType": ""} | OF_CAPACITY, BAD, id="Fargate Spot"),
        pytest.param(tracks(500, "ALBRequestCountPerTarget"), {}, GOOD, id="requests"),
    ],
)
def test_tasks_use_more_than_they_reserve_only_on_hosts(tracking, about, status):
    policies = made.policies(TargetTrackingScalingPolicyConfiguration=tracking)
    answers = {POLICIES: policies, **service(**about)}
    found = judged(rules.service_scaling, made.SERVICE, **answers)
    assert (found[0], "never adds" in found[2]) == (status, status is BAD), found


def test_another_policy_may_add_what_one_never_adds():
    def both(**asked):
        [high] = made.policies(TargetTrackingScalingPolicyConfiguration=tracks(100, CPU))(**asked)[
            "ScalingPolicies"
        ]
        [low] = made.policies(TargetTrackingScalingPolicyConfiguration=tracks(60, MEMORY))(
            **asked
        )["ScalingPolicies"]
        return {"ScalingPolicies": [high, low]}

    found = judged(rules.service_scaling, made.SERVICE, **{POLICIES: both})
    assert found[0] is GOOD, found


def test_provisioned_concurrency_is_used_to_a_share_and_not_to_a_percentage():
    policies = made.policies(TargetTrackingScalingPolicyConfiguration=tracks(70, WARM))
    found = judged(rules.function_concurrency, "agent", **{POLICIES: policies})
    assert (found[0], "never adds" in found[2]) == (BAD, True), found
