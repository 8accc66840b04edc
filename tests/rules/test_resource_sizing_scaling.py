"""What scales with its load: evidence in, verdict out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.resource_sizing import app as rules
from readiness import Status
from tests.accounts import resource_sizing as made
from tests.accounts import scaling_alarms
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON
from tests.rules.test_resource_sizing import (
    HIGH,
    LOW,
    MEDIUM,
    TARGETS,
    attested,
    function,
    judged,
    metrics,
    service,
)

GOOD, BAD, NA, BLIND = (
    Status.COMPLIANT,
    Status.NON_COMPLIANT,
    Status.NOT_APPLICABLE,
    Status.INSUFFICIENT_DATA,
)
POLICIES = "application-autoscaling__describe_scaling_policies"
FORECAST = {"Mode": "ForecastOnly", "MetricSpecifications": []}


def steps(*adjustments: int, kind: str = "ChangeInCapacity"):
    """A step scaling policy that an alarm invokes."""
    about = {
        "AdjustmentType": kind,
        "StepAdjustments": [{"ScalingAdjustment": each} for each in adjustments],
    }
    return made.policies("StepScaling", StepScalingPolicyConfiguration=about)


def tracks(target: float, metric: str = "RDSReaderAverageCPUUtilization"):
    """A target tracking policy."""
    about = {
        "TargetValue": target,
        "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
    }
    return made.policies(TargetTrackingScalingPolicyConfiguration=about)


ALARMS = "cloudwatch__describe_alarms"
DISABLED = scaling_alarms.described(ActionsEnabled=False)
TRACKING = [
    {"AlarmName": f"TargetTracking-x-{side}-1", "AlarmARN": "b"}
    for side in ("AlarmHigh", "AlarmLow")
]


def one_enabled(side: str):
    """DescribeAlarms of both alarms of target tracking, of which one has its actions enabled."""
    return {
        "MetricAlarms": [
            {"AlarmName": each["AlarmName"], "ActionsEnabled": side in each["AlarmName"]}
            for each in TRACKING
        ]
    }


SCALING = [
    pytest.param({}, GOOD, "A scaling policy", id="target and policy"),
    pytest.param({TARGETS: {"ScalableTargets": []}}, BAD, "No scalable target", id="no target"),
    pytest.param(
        {POLICIES: {"ScalingPolicies": []}}, BAD, "no scaling policy acts", id="no policy"
    ),
    pytest.param(
        {
            POLICIES: made.policies(
                "PredictiveScaling", PredictiveScalingPolicyConfiguration=FORECAST
            )
        },
        BAD,
        "no scaling policy acts",
        id="only a forecast",
    ),
    pytest.param(
        {POLICIES: made.policies("StepScaling", Alarms=[])},
        BAD,
        "No alarm invokes the scaling policy",
        id="a step policy without an alarm",
    ),
    pytest.param(
        {POLICIES: made.policies("StepScaling")},
        GOOD,
        "A scaling policy",
        id="a step policy with an alarm",
    ),
    pytest.param(
        {POLICIES: made.policies("StepScaling"), ALARMS: DISABLED},
        BAD,
        "the actions of its alarms are disabled",
        id="a step policy whose alarm has disabled actions",
    ),
    pytest.param(
        {POLICIES: made.policies("StepScaling"), ALARMS: {"MetricAlarms": []}},
        BAD,
        "No alarm invokes the scaling policy",
        id="a step policy whose alarm was deleted",
    ),
    pytest.param({ALARMS: DISABLED}, BAD, "No alarm invokes", id="a target, actions disabled"),
    pytest.param(
        {POLICIES: made.policies(Alarms=TRACKING), ALARMS: one_enabled("AlarmLow")},
        BAD,
        "No alarm invokes",
        id="a target, only taking away",
    ),
    pytest.param(
        {POLICIES: made.policies(Alarms=TRACKING), ALARMS: one_enabled("AlarmHigh")},
        GOOD,
        "A scaling policy",
        id="a target, only adding",
    ),
    pytest.param(
        {POLICIES: made.policies("StepScaling"), ALARMS: FAULTS["denied"]},
        BLIND,
        "cloudwatch:DescribeAlarms was denied",
        id="alarms that cannot be read",
    ),
    pytest.param({POLICIES: steps(-1, -2)}, BAD, "never adds capacity", id="only down"),
    pytest.param({POLICIES: steps(-1, 2)}, GOOD, "A scaling policy", id="down and up"),
    pytest.param({POLICIES: steps(2, kind="ExactCapacity")}, GOOD, "", id="to a number"),
    pytest.param({POLICIES: tracks(100)}, BAD, "never passed", id="a target that is never passed"),
    pytest.param({POLICIES: tracks(70)}, GOOD, "A scaling policy", id="a target"),
    pytest.param({POLICIES: tracks(1000, "ALBRequestCountPerTarget")}, GOOD, "", id="requests"),
    pytest.param({TARGETS: made.targets(MaxCapacity=2)}, BAD, "cannot change", id="min is max"),
    pytest.param(
        {TARGETS: made.targets(SuspendedState={"DynamicScalingOutSuspended": True})},
        BAD,
        "Scaling out is suspended",
        id="suspended",
    ),
]


@pytest.mark.parametrize(
    ("answers", "status", "said"),
    [
        *SCALING,
        pytest.param(
            {TARGETS: made.targets(MinCapacity=1)}, BAD, "may shrink to 1", id="one task"
        ),
        pytest.param(service(schedulingStrategy="DAEMON"), NA, "DAEMON", id="daemon"),
        pytest.param(service(launchType="EXTERNAL"), NA, "outside AWS", id="elsewhere"),
        pytest.param(
            {TARGETS: {"ScalableTargets": []}, **service(desiredCount=0)},
            NA,
            "run no task now",
            id="parked",
        ),
        pytest.param(
            {TARGETS: made.targets(MinCapacity=0), **service(desiredCount=0)},
            BAD,
            "may shrink to 0",
            id="scaled to none",
        ),
        pytest.param(service(desiredCount=0), GOOD, "", id="scaled to zero for now"),
        pytest.param(
            {TARGETS: made.targets(MinCapacity=0, MaxCapacity=0), **service(desiredCount=0)},
            NA,
            "run no task now",
            id="parked by its scalable target",
        ),
        pytest.param(
            {TARGETS: made.targets(MinCapacity=0, MaxCapacity=0)},
            BAD,
            "cannot change",
            id="may be scaled to nothing only",
        ),
        pytest.param(
            {TARGETS: {"ScalableTargets": []}, **attested("service-scaling")},
            GOOD,
            "A fixed size",
            id="attested as fixed",
        ),
    ],
)
def test_service_scaling(answers, status, said):
    found = judged(rules.service_scaling, made.SERVICE, **answers)
    assert (found[0], said in found[2]) == (status, True), found


@pytest.mark.parametrize(
    ("suspended", "severity"),
    [
        pytest.param({"DynamicScalingInSuspended": True}, LOW, id="in costs money"),
        pytest.param({"DynamicScalingOutSuspended": True}, HIGH, id="out costs requests"),
        pytest.param(
            {"DynamicScalingInSuspended": True, "DynamicScalingOutSuspended": True},
            HIGH,
            id="both",
        ),
    ],
)
def test_how_bad_suspended_scaling_is(suspended, severity):
    answers = {TARGETS: made.targets(SuspendedState=suspended)}
    assert judged(rules.service_scaling, made.SERVICE, **answers)[:2] == (BAD, severity)


def test_the_cluster_is_taken_from_the_service_and_not_from_an_old_arn():
    old = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/web"
    assert judged(rules.service_scaling, old, **service(serviceArn=old))[0] is GOOD


@pytest.mark.parametrize(
    ("answers", "status", "said"),
    [
        pytest.param({}, GOOD, "and of 1 index", id="table and index"),
        pytest.param(
            {
                TARGETS: {"ScalableTargets": []},
                "dynamodb__describe_table": made.table(
                    BillingModeSummary={"BillingMode": "PAY_PER_REQUEST"}
                ),
            },
            GOOD,
            "on-demand",
            id="on demand",
        ),
        pytest.param({TARGETS: {"ScalableTargets": []}}, BAD, "read capacity", id="provisioned"),
        pytest.param(
            {
                "dynamodb__describe_table": made.table(
                    GlobalSecondaryIndexes=[{"IndexName": "new"}]
                )
            },
            BAD,
            "of the index new",
            id="an index without",
        ),
        pytest.param(
            {POLICIES: {"ScalingPolicies": []}}, BAD, "no scaling policy acts", id="no policy"
        ),
        pytest.param(
            {
                "dynamodb__describe_table": made.table(
                    GlobalSecondaryIndexes=[{"IndexName": "old", "IndexStatus": "DELETING"}]
                )
            },
            GOOD,
            "of 0 indexes scales",
            id="an index that is being deleted",
        ),
        pytest.param(
            {
                TARGETS: {"ScalableTargets": []},
                "dynamodb__describe_table": made.table(TableStatus="ARCHIVED"),
            },
            NA,
            "its status is ARCHIVED",
            id="archived",
        ),
    ],
)
def test_table_scaling(answers, status, said):
    found = judged(rules.table_scaling, "jobs", **answers)
    assert (found[0], said in found[2]) == (status, True), found


def test_the_table_of_a_restore_test_need_not_scale():
    name = "awsbackup-restore-test-0a1b2c3d"
    answers = {"dynamodb__describe_table": made.table(TableName=name)}
    found = judged(rules.table_scaling, name, **answers, **{TARGETS: {"ScalableTargets": []}})
    assert found[0] is NA, found


SIMPLE = {
    "AutoScalingGroupName": "workers",
    "PolicyType": "SimpleScaling",
    "AdjustmentType": "ChangeInCapacity",
    "Alarms": [scaling_alarms.ALARM],
}
RESERVED = "lambda__get_function_concurrency"
WARM = "lambda__list_provisioned_concurrency_configs"


def warm(status: str, available: int) -> dict[str, object]:
    about = {
        "FunctionArn": f"{made.FUNCTION}:live",
        "Status": status,
        "AvailableProvisionedConcurrentExecutions": available,
    }
    return {WARM: {"ProvisionedConcurrencyConfigs": [about]}}


@pytest.mark.parametrize(
    ("answers", "status", "severity", "said"),
    [
        pytest.param({}, GOOD, LOW, "Its provisioned concurrency scales", id="in order"),
        pytest.param({RESERVED: {"ReservedConcurrentExecutions": 0}}, BAD, LOW, "never", id="off"),
        pytest.param(
            {
                WARM: {
                    "ProvisionedConcurrencyConfigs": [
                        {
                            "FunctionArn": f"{made.FUNCTION}:live",
                            "Status": "FAILED",
                            "StatusReason": "FUNCTION_ERROR_INIT_FAILURE",
                        }
                    ]
                }
            },
            BAD,
            HIGH,
            "could not allocate the provisioned concurrency of live: FUNCTION_ERROR_INIT_FAILURE",
            id="provisioned concurrency failed",
        ),
        pytest.param(
            warm("IN_PROGRESS", 0), BLIND, LOW, "is allocating", id="nothing is allocated yet"
        ),
        pytest.param(warm("IN_PROGRESS", 3), GOOD, LOW, "scales", id="more is allocated"),
        pytest.param(metrics(Throttles=7), BAD, MEDIUM, "throttled 7 times", id="throttled"),
        pytest.param(metrics(Throttles=None), GOOD, LOW, "not throttled", id="no throttles seen"),
        pytest.param(
            {RESERVED: {}, WARM: {"ProvisionedConcurrencyConfigs": []}, **metrics(Throttles=7)},
            NA,
            LOW,
            "neither reserved",
            id="shares the account's",
        ),
        pytest.param(
            {TARGETS: {"ScalableTargets": []}}, BAD, LOW, "concurrency of live", id="kept warm"
        ),
        pytest.param(function(MasterArn="arn:edge"), NA, LOW, "Lambda@Edge", id="replica"),
    ],
)
def test_function_concurrency(answers, status, severity, said):
    found = judged(rules.function_concurrency, "agent", **answers)
    assert (found[:2], said in found[2]) == ((status, severity), True), found


@pytest.mark.parametrize(
    ("peak", "status"), [(800, GOOD), (801, BAD), (None, NA)], ids=["80 %", "more", "never ran"]
)
def test_lambda_headroom(peak, status):
    answers = metrics(ConcurrentExecutions=peak)
    assert judged(rules.lambda_headroom, ACCOUNT_ID, **answers)[0] is status


@pytest.mark.parametrize(
    ("left", "peak", "status", "said"),
    [
        pytest.param(100, 95, BAD, "95 of the 100 executions ran that functions", id="used up"),
        pytest.param(100, 80, GOOD, "80 of the 100 executions", id="80 % of what is left"),
        pytest.param(400, 95, GOOD, "300 of 1,000 executions ran (30 %)", id="enough is left"),
        pytest.param(100, None, GOOD, "300 of 1,000", id="all functions have reserved some"),
        pytest.param(1000, 300, GOOD, "300 of 1,000", id="nothing is reserved"),
    ],
)
def test_reserved_concurrency_leaves_less_to_the_other_functions(left, peak, status, said):
    answers = {
        "lambda__get_account_settings": {
            "AccountLimit": {
                "ConcurrentExecutions": 1000,
                "UnreservedConcurrentExecutions": left,
            }
        },
        **metrics(ConcurrentExecutions=300, UnreservedConcurrentExecutions=peak),
    }
    found = judged(rules.lambda_headroom, ACCOUNT_ID, **answers)
    assert (found[0], said in found[2]) == (status, True), found


GROUPS = "autoscaling__describe_auto_scaling_groups"
OF_GROUPS = "autoscaling__describe_policies"


def tagged(key, **changes):
    return made.group(Tags=[{"Key": key, "Value": "x"}], **changes)


@pytest.mark.parametrize(
    ("answers", "status", "said"),
    [
        pytest.param({}, GOOD, "A scaling policy", id="in order"),
        pytest.param({GROUPS: made.group(MinSize=8)}, BAD, "8 and the maximum 8", id="min is max"),
        pytest.param({GROUPS: made.group(MinSize=0, MaxSize=0)}, NA, "no instances", id="empty"),
        pytest.param({OF_GROUPS: {"ScalingPolicies": []}}, BAD, "no enabled", id="no policy"),
        pytest.param(
            {
                OF_GROUPS: {
                    "ScalingPolicies": [{"AutoScalingGroupName": "workers", "Enabled": False}]
                }
            },
            BAD,
            "no enabled",
            id="switched off",
        ),
        pytest.param(
            {OF_GROUPS: {"ScalingPolicies": [{"AutoScalingGroupName": "workers"}]}},
            BAD,
            "No alarm invokes",
            id="a simple policy without an alarm",
        ),
        pytest.param(
            {
                OF_GROUPS: {"ScalingPolicies": [SIMPLE | {"ScalingAdjustment": 1}]},
                ALARMS: DISABLED,
            },
            BAD,
            "the actions of its alarms are disabled",
            id="a simple policy whose alarm has disabled actions",
        ),
        pytest.param(
            {OF_GROUPS: {"ScalingPolicies": [SIMPLE | {"ScalingAdjustment": -1}]}},
            BAD,
            "never adds instances",
            id="a simple policy that removes instances",
        ),
        pytest.param(
            {
                OF_GROUPS: {
                    "ScalingPolicies": [
                        SIMPLE | {"ScalingAdjustment": -1},
                        SIMPLE | {"ScalingAdjustment": 1},
                    ]
                }
            },
            GOOD,
            "A scaling policy",
            id="one that removes and one that adds",
        ),
        pytest.param(
            {
                OF_GROUPS: {
                    "ScalingPolicies": [
                        {
                            "AutoScalingGroupName": "workers",
                            "PolicyType": "TargetTrackingScaling",
                            "TargetTrackingConfiguration": {
                                "TargetValue": 100.0,
                                "PredefinedMetricSpecification": {
                                    "PredefinedMetricType": "ASGAverageCPUUtilization"
                                },
                            },
                        }
                    ]
                }
            },
            BAD,
            "never passed",
            id="a group's target that is never passed",
        ),
        pytest.param(
            {GROUPS: made.group(SuspendedProcesses=[{"ProcessName": "Launch"}])},
            BAD,
            "suspended: Launch",
            id="suspended",
        ),
        pytest.param(
            {
                GROUPS: made.group(
                    SuspendedProcesses=[
                        {
                            "ProcessName": "AlarmNotification",
                            "SuspensionReason": f"User suspended at {NOON - timedelta(hours=1):%FT%TZ}",
                        }
                    ]
                )
            },
            Status.INSUFFICIENT_DATA,
            "as deployments do: AlarmNotification",
            id="suspended by a deployment",
        ),
        pytest.param(
            {GROUPS: made.group(SuspendedProcesses=[{"ProcessName": "AZRebalance"}])},
            GOOD,
            "A scaling policy",
            id="something else suspended",
        ),
        pytest.param(
            {OF_GROUPS: {"ScalingPolicies": []}, **attested("group-scaling")},
            GOOD,
            "A fixed size",
            id="attested as fixed",
        ),
        pytest.param(
            {OF_GROUPS: {"ScalingPolicies": []}, GROUPS: tagged("eks:cluster-name")},
            BLIND,
            "Kubernetes cluster",
            id="a node group: the cluster autoscaler may scale it",
        ),
        pytest.param(
            {
                OF_GROUPS: {"ScalingPolicies": []},
                GROUPS: tagged("k8s.io/cluster-autoscaler/shop"),
                **attested("group-scaling"),
            },
            GOOD,
            "the autoscaler of the cluster",
            id="attested that the cluster scales it",
        ),
        pytest.param(
            {
                OF_GROUPS: {"ScalingPolicies": []},
                GROUPS: tagged("eks:cluster-name", MinSize=3, MaxSize=3),
            },
            BAD,
            "cannot change",
            id="a node group of a fixed size",
        ),
        pytest.param(
            {
                OF_GROUPS: {"ScalingPolicies": []},
                GROUPS: tagged("eks:cluster-name", SuspendedProcesses=[{"ProcessName": "Launch"}]),
            },
            BAD,
            "suspended: Launch",
            id="a node group that may not launch",
        ),
        pytest.param(
            {GROUPS: tagged("eks:cluster-name")},
            GOOD,
            "A scaling policy",
            id="a node group with a policy of its own",
        ),
        pytest.param(
            {OF_GROUPS: {"ScalingPolicies": []}, GROUPS: tagged("AWSBatchServiceTag")},
            GOOD,
            "AWS Batch sets the size",
            id="a compute environment of AWS Batch",
        ),
        pytest.param(
            {OF_GROUPS: {"ScalingPolicies": []}, GROUPS: tagged("Name")},
            BAD,
            "no enabled",
            id="any other tag",
        ),
        pytest.param(
            {
                OF_GROUPS: {"ScalingPolicies": []},
                GROUPS: made.group(Status="Delete in progress"),
            },
            NA,
            "being deleted",
            id="being deleted",
        ),
    ],
)
def test_group_scaling(answers, status, said):
    found = judged(rules.group_scaling, "workers", **answers)
    assert (found[0], said in found[2]) == (status, True), found


def test_readers_and_caches_are_left_alone_unless_asked_for():
    assert judged(rules.reader_scaling, "orders")[0] is NA
    assert judged(rules.cache_scaling, "shared")[0] is NA


@pytest.mark.parametrize(
    ("rule", "id", "setting"),
    [
        (rules.reader_scaling, "orders", "require_reader_scaling"),
        (rules.cache_scaling, "shared", "require_cache_scaling"),
    ],
)
def test_readers_and_caches_where_they_are_asked_for(rule, id, setting):
    asked = {setting: True}
    assert judged(rule, id, asked)[0] is GOOD
    found = judged(rule, id, asked, **{TARGETS: {"ScalableTargets": []}})
    assert found[:2] == (BAD, LOW)


def test_what_cannot_scale_by_load_is_not_asked_to():
    mysql = {"DBClusters": [{"DBClusterIdentifier": "orders", "Engine": "mysql"}]}
    asked = {"require_reader_scaling": True}
    assert judged(rules.reader_scaling, "orders", asked, rds__describe_db_clusters=mysql)[0] is NA
    plain = {"ReplicationGroups": [{"ReplicationGroupId": "shared", "ClusterEnabled": False}]}
    asked = {"require_cache_scaling": True}
    answers = {"elasticache__describe_replication_groups": plain}
    assert judged(rules.cache_scaling, "shared", asked, **answers)[0] is NA
