"""Load tests, scaling and timeouts: each outcome of the rules of resource sizing."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from functions.resource_sizing import app as rules
from readiness import Severity, Status
from readiness.model.attestation import Result
from tests.accounts import resource_sizing as made
from tests.fake_account import ACCOUNT_ID, HOME, NOON, error, evaluation, observe

GOOD, BAD, NA, BLIND = (
    Status.COMPLIANT,
    Status.NON_COMPLIANT,
    Status.NOT_APPLICABLE,
    Status.INSUFFICIENT_DATA,
)
HIGH, MEDIUM, LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW
NOBODY = {"dynamodb__query": {"Items": []}}


def judged(rule, id, settings=None, **answers):
    """Status, severity and reason of one rule on one resource, with other answers of AWS."""
    seen = observe(made.fake_account().but(**answers), rule, id, **(settings or {}))
    assert not seen.crash, seen.crash
    finding = seen.finding
    return finding.status, finding.severity, finding.reason


def function(**changes):
    about = made.function(**changes)
    return {
        "lambda__get_function_configuration": about,
        "lambda__list_functions": {"Functions": [about]},
    }


def service(**changes):
    return {"ecs__describe_services": {"services": [made.service(**changes)]}}


def metrics(**changes):
    return {"cloudwatch__get_metric_data": made.metrics(**changes)}


def attested(rule, **changes):
    return {"dynamodb__query": {"Items": made.declared(f"resource_sizing.{rule}", **changes)}}


def optimizer(name, answer):
    return {f"compute-optimizer__get_{name}_recommendations": answer}


def lambdas(*reasons, finding="NotOptimized", size=512):
    each = {
        "functionArn": made.FUNCTION,
        "functionVersion": "$LATEST",
        "currentMemorySize": size,
        "finding": finding,
        "findingReasonCodes": list(reasons),
    }
    return optimizer("lambda_function", {"lambdaFunctionRecommendations": [each]})


def services(finding, *reasons, task=made.TASKS):
    each = {
        "serviceArn": made.SERVICE,
        "finding": finding,
        "findingReasonCodes": list(reasons),
        "currentServiceConfiguration": {"taskDefinitionArn": task},
    }
    return optimizer("ecs_service", {"ecsServiceRecommendations": [each]})


OPTED_OUT = optimizer("lambda_function", error("OptInRequiredException"))


@pytest.mark.parametrize(
    ("answers", "status", "severity", "said"),
    [
        pytest.param({}, GOOD, MEDIUM, "valid until", id="attested"),
        pytest.param(
            OPTED_OUT, GOOD, MEDIUM, "valid until", id="attested without Compute Optimizer"
        ),
        pytest.param(
            lambdas("MemoryUnderprovisioned"),
            BAD,
            MEDIUM,
            "Compute Optimizer finds 512 MiB of memory too little",
            id="contradicted by Compute Optimizer",
        ),
        pytest.param(
            lambdas("MemoryUnderprovisioned", size=256),
            GOOD,
            MEDIUM,
            "valid until",
            id="a recommendation for another size says nothing",
        ),
        pytest.param(metrics(memory_utilization=95), BAD, MEDIUM, "95 %", id="memory full"),
        pytest.param(
            metrics(memory_utilization=None), GOOD, MEDIUM, "valid until", id="not measured"
        ),
        pytest.param(
            function(MemorySize=1024),
            BAD,
            MEDIUM,
            "void because memory_size changed from 512 to 1024",
            id="void when the memory changes",
        ),
        pytest.param(
            function(Architectures=["x86_64"]),
            BAD,
            MEDIUM,
            "void because architecture",
            id="void when the architecture changes",
        ),
        pytest.param(
            function(MemorySize=128, Timeout=3), BAD, MEDIUM, "Lambda's defaults", id="untouched"
        ),
        pytest.param(
            attested("function-load-test", result=Result.FAIL), BAD, MEDIUM, "failed", id="failed"
        ),
        pytest.param(
            attested("function-load-test", performed_at=NOON - timedelta(days=181)),
            BAD,
            MEDIUM,
            "expired",
            id="too old",
        ),
        pytest.param(NOBODY, BLIND, MEDIUM, "is not attested yet", id="nobody attested"),
        pytest.param(
            {**NOBODY, **lambdas("MemoryOverprovisioned")},
            BAD,
            LOW,
            "too much",
            id="waste that nobody explains",
        ),
        pytest.param(
            lambdas("MemoryOverprovisioned"),
            GOOD,
            MEDIUM,
            "valid until",
            id="waste that was tested",
        ),
        pytest.param(
            {**NOBODY, **metrics(memory_utilization=20)}, BAD, LOW, "At most 20 %", id="idle"
        ),
        pytest.param(function(MasterArn="arn:edge"), NA, MEDIUM, "Lambda@Edge", id="replica"),
        pytest.param(
            {"dynamodb__query": error("AccessDeniedException", 403)},
            BLIND,
            MEDIUM,
            "dynamodb:Query",
            id="declarations unreadable",
        ),
    ],
)
def test_function_load_test(answers, status, severity, said):
    found = judged(rules.function_load_test, "agent", **answers)
    assert (found[:2], said in found[2]) == ((status, severity), True), found


def unpublished(calls=0, provider="", **changes):
    """Callers reach version 7 through an alias; $LATEST has other settings and so many calls."""
    managed = {"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": provider}}
    changes |= {"CapacityProviderConfig": managed} if provider else {}

    def configuration(**params):
        return made.function(**({} if params.get("Qualifier") else changes))

    def measured(**params):
        counted = made.metrics()(**params)
        for asked, result in zip(
            params["MetricDataQueries"], counted["MetricDataResults"], strict=True
        ):
            metric = asked["MetricStat"]["Metric"]
            named = [each["Name"] for each in metric["Dimensions"]]
            if metric["MetricName"] == "Invocations" and named == ["FunctionName"]:
                result["Values"] = [100.0 + calls]
        return counted

    return {
        "lambda__get_function_configuration": configuration,
        "lambda__list_functions": {"Functions": [made.function(**changes)]},
        "cloudwatch__get_metric_data": measured,
    }


PROVIDER = f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:capacity-provider:agents"


@pytest.mark.parametrize(
    ("answers", "status", "said"),
    [
        pytest.param(unpublished(MemorySize=2048), GOOD, "valid until", id="not called"),
        pytest.param(
            unpublished(calls=1, MemorySize=2048),
            BAD,
            "In $LATEST: A load test is attested, but it is void because memory_size changed from"
            " 512 to 2048",
            id="called beside the alias",
        ),
        pytest.param(
            unpublished(calls=1, Architectures=["x86_64"]), BAD, "In $LATEST", id="architecture"
        ),
        pytest.param(
            {**unpublished(MemorySize=2048), "lambda__list_aliases": {"Aliases": []}},
            BAD,
            "changed from 512 to 2048",
            id="without an alias",
        ),
        pytest.param(
            unpublished(calls=9, provider=PROVIDER, MemorySize=4096),
            GOOD,
            "valid until",
            id="managed instances do not run it",
        ),
        pytest.param(
            {**unpublished(MemorySize=2048), **lambdas("MemoryUnderprovisioned", size=2048)},
            GOOD,
            "valid until",
            id="a recommendation for what is not called",
        ),
        pytest.param(
            {**unpublished(MemorySize=2048), **lambdas("MemoryUnderprovisioned")},
            BAD,
            "finds 512 MiB of memory too little",
            id="a recommendation for the size that runs",
        ),
    ],
)
def test_the_load_test_is_that_of_the_versions_that_run(answers, status, said):
    found = judged(rules.function_load_test, "agent", **answers)
    assert (found[0], said in found[2]) == (status, True), found


def test_the_load_test_of_a_version_that_was_published_with_another_size():
    def configuration(**params):
        return made.function(**({"MemorySize": 256} if params.get("Qualifier") == "7" else {}))

    answers = {"lambda__get_function_configuration": configuration}
    found = judged(rules.function_load_test, "agent", **answers)
    assert (found[0], "memory_size changed from 512 to 256" in found[2]) == (BAD, True), found


def test_memory_used_before_the_last_change_says_nothing():
    changed = (NOON - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    answers = {**function(LastModified=changed), **metrics(memory_utilization=99)}
    assert judged(rules.function_load_test, "agent", **answers)[0] is GOOD


def test_one_person_is_enough_only_where_the_setting_says_so():
    [alone, _] = made.declared("resource_sizing.function-load-test")
    answers = {"dynamodb__query": {"Items": [alone]}}
    assert judged(rules.function_load_test, "agent", **answers)[0] is BAD
    alone_will_do = {"two_people": False}
    assert judged(rules.function_load_test, "agent", alone_will_do, **answers)[0] is GOOD


@pytest.mark.parametrize(
    ("answers", "status", "severity", "said"),
    [
        pytest.param({}, GOOD, MEDIUM, "valid until", id="attested"),
        pytest.param(
            services("Underprovisioned", "CPUUnderprovisioned"),
            BAD,
            MEDIUM,
            "too little",
            id="contradicted",
        ),
        pytest.param(
            services("Underprovisioned", task=made.TASKS.replace(":7", ":6")),
            GOOD,
            MEDIUM,
            "valid until",
            id="about an older task definition",
        ),
        pytest.param(metrics(MemoryUtilization=92), BAD, MEDIUM, "92 %", id="memory full"),
        pytest.param({**NOBODY, **services("Overprovisioned")}, BAD, LOW, "too much", id="waste"),
        pytest.param(NOBODY, BLIND, MEDIUM, "is not attested yet", id="nobody attested"),
        pytest.param(
            attested("service-load-test", bound_to={"cpu": 512, "memory": 2048}),
            BAD,
            MEDIUM,
            "void because cpu changed from 512 to 1024",
            id="void when the tasks change",
        ),
    ],
)
def test_service_load_test(answers, status, severity, said):
    found = judged(rules.service_load_test, made.SERVICE, **answers)
    assert (found[:2], said in found[2]) == ((status, severity), True), found


TARGETS = "application-autoscaling__describe_scalable_targets"
POLICIES = "application-autoscaling__describe_scaling_policies"
FORECAST = {"Mode": "ForecastOnly", "MetricSpecifications": []}
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
        "No alarm invokes the step scaling policy",
        id="a step policy without an alarm",
    ),
    pytest.param(
        {POLICIES: made.policies("StepScaling", Alarms=[{"AlarmName": "a", "AlarmARN": "b"}])},
        GOOD,
        "A scaling policy",
        id="a step policy with an alarm",
    ),
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


RESERVED = "lambda__get_function_concurrency"
WARM = "lambda__list_provisioned_concurrency_configs"


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


# -- timeouts -------------------------------------------------------------------------------


def hidden(seconds):
    return {"sqs__get_queue_attributes": {"Attributes": {"VisibilityTimeout": str(seconds)}}}


API = made.http_api()
BALANCER = made.load_balancer()


@pytest.mark.parametrize(
    ("answers", "status", "severity", "said"),
    [
        pytest.param({}, GOOD, MEDIUM, "took 2.0 s; the timeout is 30 s", id="in order"),
        pytest.param(metrics(Duration=27_000), BAD, MEDIUM, "A run took 27.0 s", id="close"),
        pytest.param(metrics(Duration=26_900), GOOD, MEDIUM, "took 26.9 s", id="just below"),
        pytest.param(
            {**function(Timeout=120), **hidden(720)},
            BAD,
            LOW,
            "The timeout is 120 s",
            id="excessive",
        ),
        pytest.param(hidden(29), BAD, HIGH, "processed twice", id="hidden less than it takes"),
        pytest.param(hidden(179), BAD, MEDIUM, "at least 180 s", id="hidden less than six times"),
        pytest.param({**API, **function(Timeout=31), **hidden(186)}, BAD, LOW, "30 s", id="API"),
        pytest.param(API, GOOD, MEDIUM, "took 2.0 s", id="as long as an HTTP API waits"),
        pytest.param(
            {**BALANCER, **function(Timeout=61), **hidden(366), **metrics(Duration=30_000)},
            BAD,
            LOW,
            "the load balancer web waits only 60 s",
            id="load balancer",
        ),
        pytest.param(metrics(Invocations=49), NA, MEDIUM, "ran 49 times", id="hardly ran"),
        pytest.param(
            metrics(Invocations=None, Duration=None), NA, MEDIUM, "ran 0 times", id="never ran"
        ),
        pytest.param(
            {**metrics(Invocations=None, Duration=None), **hidden(10)},
            BAD,
            HIGH,
            "twice",
            id="wrong whether it ran or not",
        ),
        pytest.param(
            {"sqs__get_queue_attributes": error("AWS.SimpleQueueService.NonExistentQueue")},
            GOOD,
            MEDIUM,
            "took 2.0 s",
            id="a queue that is gone",
        ),
        pytest.param(function(MasterArn="arn:edge"), NA, MEDIUM, "Lambda@Edge", id="replica"),
    ],
)
def test_function_timeout(answers, status, severity, said):
    found = judged(rules.function_timeout, "agent", **answers)
    assert (found[:2], said in found[2]) == ((status, severity), True), found


def live(**changes):
    """The alias that the queue feeds leads to version 7, published with other settings."""

    def configuration(**params):
        return made.function(**(changes if params.get("Qualifier") == "7" else {}))

    return {
        "lambda__get_function_configuration": configuration,
        "lambda__list_aliases": {"Aliases": [{"Name": "live", "FunctionVersion": "7"}]},
    }


@pytest.mark.parametrize(
    ("answers", "status", "severity", "said"),
    [
        pytest.param(live(), GOOD, MEDIUM, "took 2.0 s", id="the same"),
        pytest.param(
            live(Timeout=2), BAD, MEDIUM, "timeout of the version 7 (2 s)", id="runs are stopped"
        ),
        pytest.param(
            live(Timeout=1), GOOD, MEDIUM, "took 2.0 s", id="the run was of another version"
        ),
        pytest.param(
            {**live(Timeout=60), **hidden(360), **metrics(Duration=45_000)},
            GOOD,
            MEDIUM,
            "took 45.0 s",
            id="the run was not of the unpublished version, which has 30 s",
        ),
        pytest.param(
            live(Timeout=60), BAD, MEDIUM, "at least 360 s", id="the queue feeds a slower version"
        ),
        pytest.param(
            {**live(Timeout=300), **hidden(200)}, BAD, HIGH, "twice", id="messages come twice"
        ),
        pytest.param(
            {**live(Timeout=10), **hidden(60)},
            GOOD,
            MEDIUM,
            "took 2.0 s",
            id="the queue feeds a faster version",
        ),
        pytest.param(
            {**live(Timeout=31), **hidden(300), **API},
            BAD,
            LOW,
            "waits only 30 s",
            id="an API waits less than a version may take",
        ),
    ],
)
def test_a_published_version_keeps_its_timeout(answers, status, severity, said):
    found = judged(rules.function_timeout, "agent", **answers)
    assert (found[:2], said in found[2]) == ((status, severity), True), found


OTHER = f"arn:aws:execute-api:{HOME}:444455556666:abc123/*/GET/agent"
CALLED = made.CALLS_IT


@pytest.mark.parametrize(
    ("callers", "timeout", "status", "said"),
    [
        pytest.param(
            made.rest_api(), 30, BAD, "the REST API shop waits only 29 s", id="a REST API's 29 s"
        ),
        pytest.param(made.rest_api(), 29, GOOD, "took 14.5 s", id="29 s of 29 s"),
        pytest.param(made.rest_api(timeoutInMillis=120_000), 90, GOOD, "", id="a raised quota"),
        pytest.param(
            made.rest_api(timeoutInMillis=5_000), 10, BAD, "waits only 5 s", id="a shorter one"
        ),
        pytest.param(
            made.rest_api(timeoutInMillis=50), 3, BAD, "waits only 0.05 s", id="milliseconds"
        ),
        pytest.param(
            made.rest_api(
                type="AWS",
                requestParameters={"integration.request.header.X-Amz-Invocation-Type": "'Event'"},
            ),
            60,
            GOOD,
            "",
            id="an asynchronous integration",
        ),
        pytest.param(
            made.rest_api(uri=CALLED.replace("agent:live", "other")), 60, GOOD, "", id="another's"
        ),
        pytest.param(
            made.rest_api(uri=CALLED.replace("agent:live", "${stageVariables.which}")),
            60,
            BAD,
            "waits only 29 s",
            id="a stage variable names the function",
        ),
        pytest.param(
            made.http_api(), 31, BAD, "the HTTP API shop waits only 30 s", id="an HTTP API's 30 s"
        ),
        pytest.param(
            made.http_api(TimeoutInMillis=5_000), 10, BAD, "waits only 5 s", id="a shorter HTTP"
        ),
        pytest.param(
            made.http_api("WEBSOCKET", IntegrationUri=CALLED),
            30,
            BAD,
            "the WebSocket API shop waits only 29 s",
            id="a WebSocket API's 29 s",
        ),
        pytest.param(
            made.http_api(path="authorizers/a1"),
            11,
            BAD,
            "(for its authorizer) waits only 10 s",
            id="an authorizer",
        ),
        pytest.param(
            made.http_api("WEBSOCKET", path="authorizers/a1"),
            30,
            GOOD,
            "",
            id="no HTTP authorizer",
        ),
        pytest.param(
            made.rest_api() | made.allowed(made.requests_to(f"{made.API}/authorizers/a1")),
            60,
            GOOD,
            "",
            id="a REST API's authorizer",
        ),
        pytest.param(
            made.http_api() | {"apigatewayv2__get_api": made.NO_API},
            60,
            GOOD,
            "",
            id="an API that is gone",
        ),
        pytest.param(made.load_balancer(120), 90, GOOD, "", id="a longer idle timeout"),
        pytest.param(
            made.load_balancer(10), 20, BAD, "the load balancer web waits only 10 s", id="shorter"
        ),
        pytest.param(
            made.load_balancer()
            | {"elbv2__describe_load_balancer_attributes": error("LoadBalancerNotFound")},
            90,
            GOOD,
            "",
            id="a load balancer that is gone",
        ),
        pytest.param(made.user_pool(), 6, BAD, "waits only 5 s", id="a Cognito trigger"),
        pytest.param(
            made.user_pool(
                PreTokenGenerationConfig={"LambdaArn": made.FUNCTION, "LambdaVersion": "V1_0"}
            ),
            6,
            BAD,
            "waits only 5 s",
            id="a trigger with a version",
        ),
        pytest.param(
            made.user_pool(
                CustomEmailSender={"LambdaArn": made.FUNCTION, "LambdaVersion": "V1_0"}
            ),
            60,
            GOOD,
            "",
            id="an asynchronous trigger",
        ),
        pytest.param(
            made.authorizer_of_graphql(),
            11,
            BAD,
            "the GraphQL API gql123 (for its authorizer) waits only 10 s",
            id="an AppSync authorizer",
        ),
        pytest.param(
            made.distribution(), 31, BAD, "the distribution E1 waits only 30 s", id="CloudFront"
        ),
        pytest.param(
            made.distribution(OriginReadTimeout=60), 60, GOOD, "", id="CloudFront waits longer"
        ),
        pytest.param(made.distribution("RESPONSE_STREAM"), 60, GOOD, "", id="a streamed response"),
        pytest.param(made.distribution(enabled=False), 60, GOOD, "", id="a disabled distribution"),
        pytest.param(
            made.allowed(service="cloudfront.amazonaws.com"),
            31,
            BLIND,
            "a distribution of those that its policy admits",
            id="no distribution named",
        ),
        pytest.param(
            made.allowed(
                "arn:aws:cloudfront::444455556666:distribution/E9",
                service="cloudfront.amazonaws.com",
            ),
            31,
            BLIND,
            "the distribution E9 of account 444455556666",
            id="another account's distribution",
        ),
        pytest.param(
            {"lambda__get_policy": {"Policy": "{"}}, 30, BLIND, "Who calls it", id="unreadable"
        ),
        pytest.param(
            made.allowed(OTHER),
            30,
            BLIND,
            "abc123 of account 444455556666",
            id="another account's API",
        ),
        pytest.param(made.allowed(OTHER), 29, GOOD, "", id="another account's, less than any"),
        pytest.param(
            made.allowed(made.requests_to("*/*/GET/agent")),
            30,
            BLIND,
            "an API of those that its policy admits",
            id="any API of the account",
        ),
        pytest.param(made.allowed(), 30, BLIND, "an API of those", id="no API named"),
        pytest.param(
            made.allowed(service="cognito-idp.amazonaws.com"),
            6,
            BLIND,
            "a user pool of those",
            id="no user pool named",
        ),
    ],
)
@pytest.mark.parametrize("bulk", [False, True], ids=["after an event", "in a sweep"])
def test_a_function_does_not_outlast_who_waits_for_it(callers, timeout, status, said, bulk):
    answers = {**metrics(Duration=timeout * 500), **made.seconds(timeout), **callers}
    if bulk and answers.get("apigatewayv2__get_api") is made.NO_API:
        answers["apigatewayv2__get_apis"] = {"Items": []}
    rule = rules.function_timeout
    run = evaluation(made.fake_account().but(**answers), [rule], bulk=bulk)
    found = run.observe(rule, rule.subject.resource(ACCOUNT_ID, HOME, "agent")).finding
    assert (found.status, said in found.reason) == (status, True), found


def test_a_problem_beside_an_unknown_caller_is_told():
    answers = {**made.allowed(OTHER), **hidden(29)}
    assert judged(rules.function_timeout, "agent", **answers)[0] is BAD


def test_the_batching_window_is_waited_for_too():
    mapping = {
        "UUID": "2f8c0d1e-0000-4000-8000-1234567890ab",
        "EventSourceArn": f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:jobs",
        "FunctionArn": f"{made.FUNCTION}:live",
        "MaximumBatchingWindowInSeconds": 20,
        "State": "Enabled",
    }
    answers = {"lambda__list_event_source_mappings": {"EventSourceMappings": [mapping]}}
    assert "at least 200 s" in judged(rules.function_timeout, "agent", **answers)[2]
    mapping["State"] = "Disabled"
    assert judged(rules.function_timeout, "agent", **answers)[0] is GOOD


@pytest.mark.parametrize(
    ("machine", "status"),
    [
        pytest.param(made.definition({"TimeoutSeconds": 60}), GOOD, id="every task"),
        pytest.param(made.definition({"TimeoutSecondsPath": "$.t"}), GOOD, id="from the input"),
        pytest.param(made.definition(TimeoutSeconds=3600), GOOD, id="the machine as a whole"),
        pytest.param(made.definition(), BAD, id="a task within a map"),
        pytest.param(made.definition(TimeoutSeconds=99_999_999), BAD, id="the default, written"),
        pytest.param(
            made.definition({"TimeoutSeconds": 31_536_000}),
            BAD,
            id="as long as an execution may be",
        ),
        pytest.param(made.definition({"TimeoutSeconds": 31_535_999}), GOOD, id="a second less"),
        pytest.param(made.definition({"TimeoutSeconds": "{% $t %}"}), GOOD, id="JSONata"),
        pytest.param(made.definition({"HeartbeatSeconds": 60}), BAD, id="a heartbeat alone"),
        pytest.param(made.definition({"Type": "Pass"}), NA, id="no task"),
        pytest.param({**made.definition(), "type": "EXPRESS"}, NA, id="express"),
        pytest.param({**made.definition(), "definition": "{"}, BLIND, id="no JSON"),
        pytest.param({**made.definition(), "definition": "{}"}, BLIND, id="no states"),
        pytest.param({**made.definition(), "definition": "[]"}, BLIND, id="no object"),
    ],
)
def test_state_machine_timeouts(machine, status):
    answers = {"stepfunctions__describe_state_machine": machine}
    assert judged(rules.state_machine_timeouts, made.MACHINE, **answers)[0] is status


@pytest.mark.parametrize(
    ("config", "status"),
    [
        pytest.param({"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, NA, id="express"),
        pytest.param({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, BAD, id="standard"),
        pytest.param({"Mode": "INLINE"}, BAD, id="inline"),
    ],
)
def test_child_executions_of_a_map_that_are_express_end_by_themselves(config, status):
    about = json.loads(made.definition()["definition"])
    about["States"]["Each"]["ItemProcessor"]["ProcessorConfig"] = config
    machine = {**made.definition(), "definition": json.dumps(about)}
    answers = {"stepfunctions__describe_state_machine": machine}
    assert judged(rules.state_machine_timeouts, made.MACHINE, **answers)[0] is status


def test_the_version_behind_an_alias_has_timeouts_of_its_own():
    def described(**params):
        is_version = params["stateMachineArn"] != made.MACHINE
        return made.definition() if is_version else made.definition({"TimeoutSeconds": 60})

    answers = {"stepfunctions__describe_state_machine": described}
    status, _, reason = judged(rules.state_machine_timeouts, made.MACHINE, **answers)
    assert (status, "Call (live → 7)" in reason) == (BAD, True), reason


def test_the_grace_is_over_where_a_sweep_knows_the_finding_for_longer():
    rule = rules.function_load_test
    resource = rule.subject.resource(ACCOUNT_ID, HOME, "agent")
    fake_account = made.fake_account().but(**NOBODY)
    fresh = evaluation(fake_account, [rule], bulk=True, now=NOON).observe(rule, resource).finding
    assert fresh.status is BLIND
    old = fresh.but(first_observed_at=NOON - timedelta(days=15))
    run = evaluation(fake_account, [rule], bulk=True, now=NOON)
    run.remember({(resource.key, rule.id): old})
    assert run.observe(rule, resource).finding.status is BAD
    assert run.reread().observe(rule, resource).finding.status is BAD
    assert ("dynamodb", "get_item") not in fake_account.calls
