"""Whether a service is steady: evidence in, verdict out."""

from __future__ import annotations

from typing import Any

import pytest

from functions.ecs_deployment.app import service_status, tasks_healthy
from readiness import Severity, Status
from readiness.engine.declarations import attestation_item
from readiness.model.attestation import Artefact, Attestation, Scope
from tests.accounts import scaling_alarms
from tests.accounts.ecs_deployment import (
    FAMILY,
    REVISION,
    SERVICE,
    deployment,
    fake_account,
    service,
    task,
)
from tests.fake_account import ACCOUNT_ID, FAULTS, NOON, FakeAccount, error, observe
from tests.rules.test_ecs_deployment import ROLE, ROLLING, ago, assert_judged, with_task_set

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA
ROLLED = "(service api) rolling back to deployment ecs-svc/{}."
STEADY = {"id": "1", "createdAt": ago(hours=2), "message": "has reached a steady state."}


def event(minutes: float, message: str = "(service api) has started 1 tasks"):
    return {"id": "2", "createdAt": ago(minutes=minutes), "message": message}


@pytest.mark.parametrize(
    ("changes", "settings", "status", "severity", "said"),
    [
        pytest.param(
            {}, {}, GOOD, None, "api:7 is complete: 2 of 2 desired tasks are running", id="steady"
        ),
        pytest.param(
            {"status": "DRAINING"}, {}, BAD, Severity.CRITICAL, "is DRAINING", id="draining"
        ),
        pytest.param(
            {"deployments": [deployment(rolloutState="FAILED", rolloutStateReason="stopped.")]},
            {},
            BAD,
            Severity.CRITICAL,
            "The deployment of api:7 failed: stopped.",
            id="failed",
        ),
        pytest.param(
            {"deployments": [deployment(**ROLLING, createdAt=ago(minutes=5))]},
            {},
            UNKNOWN,
            None,
            "api:7 is in progress",
            id="rolling out",
        ),
        pytest.param(
            {"deployments": [deployment(**ROLLING, createdAt=ago(minutes=31))]},
            {},
            BAD,
            Severity.CRITICAL,
            "not complete after 31 minutes",
            id="stuck, though the counts look right",
        ),
        pytest.param(
            {"deployments": [deployment(**ROLLING, createdAt=ago(minutes=31))]},
            {"rollout_minutes": 60},
            UNKNOWN,
            None,
            "in progress",
            id="more patience",
        ),
        pytest.param(
            {
                "deployments": [deployment(**ROLLING, createdAt=ago(minutes=31))],
                "deploymentConfiguration": {
                    "deploymentCircuitBreaker": {"enable": True, "rollback": True},
                    "strategy": "BLUE_GREEN",
                    "bakeTimeInMinutes": 15,
                },
            },
            {},
            UNKNOWN,
            None,
            "in progress",
            id="baking",
        ),
        pytest.param(
            {"deployments": [deployment(**ROLLING, createdAt=ago(minutes=5), failedTasks=4)]},
            {},
            BAD,
            Severity.CRITICAL,
            "4 tasks failed to start",
            id="tasks that do not start",
        ),
        pytest.param(
            {"events": [STEADY, event(150, ROLLED.format("1234567890"))]},
            {},
            BAD,
            Severity.MEDIUM,
            "rolled a deployment back on 2026-11-02 09:30 UTC: api:7 runs again",
            id="rolled back",
        ),
        pytest.param(
            {"events": [STEADY, event(150, ROLLED.format("1111"))]},
            {},
            GOOD,
            None,
            "is complete",
            id="deployed since it was rolled back",
        ),
        pytest.param(
            {
                "events": [event(3, ROLLED.format("1234567890"))],
                "deployments": [deployment(**ROLLING, createdAt=ago(minutes=5))],
            },
            {},
            UNKNOWN,
            None,
            "in progress",
            id="being rolled back",
        ),
        pytest.param(
            {
                "events": [STEADY, event(150, ROLLED.format("1234567890"))],
                "desiredCount": 0,
                "runningCount": 0,
            },
            {},
            BAD,
            Severity.MEDIUM,
            "desired count of the service is 0",
            id="rolled back, and none desired",
        ),
        pytest.param(
            {"runningCount": 1, "events": [event(20), STEADY]},
            {},
            BAD,
            Severity.CRITICAL,
            "1 of 2 desired tasks is running. The service has not reached a steady state since 2026-11-02 11:40 UTC",
            id="too few",
        ),
        pytest.param(
            {"runningCount": 1, "events": [event(3), STEADY]},
            {},
            UNKNOWN,
            None,
            "1 of 2 desired tasks is running, but not for long enough",
            id="too few, for minutes",
        ),
        pytest.param(
            {"runningCount": 1, "events": [STEADY]},
            {},
            UNKNOWN,
            None,
            "1 of 2",
            id="too few, since nobody knows when",
        ),
        pytest.param(
            {"desiredCount": 0, "runningCount": 0},
            {},
            BAD,
            Severity.MEDIUM,
            "desired count of the service is 0",
            id="none desired",
        ),
        pytest.param(
            {"desiredCount": 0, "runningCount": 0, "schedulingStrategy": "DAEMON"},
            {},
            NA,
            None,
            "no instance",
            id="daemon without instances",
        ),
        pytest.param(
            {"deploymentConfiguration": None},
            {},
            BAD,
            Severity.LOW,
            "circuit breaker is off",
            id="no circuit breaker",
        ),
        pytest.param(
            {
                "deploymentConfiguration": None,
                "loadBalancers": [{"loadBalancerName": "old", "containerName": "api"}],
                "deployments": [deployment(rolloutState=None)],
            },
            {},
            GOOD,
            None,
            "is complete",
            id="behind a Classic Load Balancer",
        ),
    ],
)
def test_the_service(changes, settings, status, severity, said):
    where = fake_account().but(
        ecs__describe_services={"services": [service(**changes)], "failures": []}
    )
    assert_judged(service_status, where, status, severity, said, **settings)


@pytest.mark.parametrize(
    ("changes", "settings", "status", "said"),
    [
        pytest.param(
            {"runningCount": 1, "events": [event(10), STEADY]}, {}, UNKNOWN, "1 of 2", id="10 min"
        ),
        pytest.param(
            {"runningCount": 1, "events": [event(11), STEADY]}, {}, BAD, "1 of 2", id="11 min"
        ),
        pytest.param(
            {"runningCount": 1, "events": [event(30), STEADY]},
            {"balance_minutes": 30},
            UNKNOWN,
            "not for long enough",
            id="too few, as long as allowed",
        ),
        pytest.param(
            {"runningCount": 1, "events": [event(31), STEADY]},
            {"balance_minutes": 30},
            BAD,
            "1 of 2 desired tasks is running. The",
            id="too few, longer than allowed",
        ),
        pytest.param(
            {"deployments": [deployment(**ROLLING, createdAt=ago(minutes=5), failedTasks=3)]},
            {},
            UNKNOWN,
            "in progress",
            id="three tasks did not start",
        ),
        pytest.param(
            {"deployments": [deployment(**ROLLING, createdAt=ago(minutes=5), failedTasks=6)]},
            {"max_failed_tasks": 6},
            UNKNOWN,
            "in progress",
            id="as many did not start as allowed",
        ),
        pytest.param(
            {"deployments": [deployment(**ROLLING, createdAt=ago(minutes=5), failedTasks=1)]},
            {"max_failed_tasks": 0},
            BAD,
            "1 task failed to start",
            id="none may fail to start",
        ),
    ],
)
def test_how_far_a_service_may_be_from_steady(changes, settings, status, said):
    where = fake_account().but(
        ecs__describe_services={"services": [service(**changes)], "failures": []}
    )
    assert_judged(service_status, where, status, Severity.CRITICAL, said, **settings)


@pytest.mark.parametrize(
    ("where", "status", "said"),
    [
        pytest.param(with_task_set("STEADY_STATE"), GOOD, "api:7 is complete", id="steady"),
        pytest.param(
            with_task_set("STABILIZING", event(5), STEADY),
            UNKNOWN,
            "in progress",
            id="for minutes",
        ),
        pytest.param(
            with_task_set("STABILIZING", event(50), STEADY),
            BAD,
            "not complete after 50 minutes",
            id="for too long",
        ),
    ],
)
def test_task_sets(where, status, said):
    assert_judged(service_status, where, status, Severity.CRITICAL, said)


@pytest.mark.parametrize(
    ("minutes", "running", "severity", "said"),
    [
        pytest.param(50, 2, Severity.MEDIUM, "primary one (1 task set with tasks)", id="runs"),
        pytest.param(5, 0, Severity.MEDIUM, "is starting its first tasks", id="starts"),
        pytest.param(50, 0, Severity.CRITICAL, "and none runs a task", id="runs nothing"),
        pytest.param(None, 0, Severity.HIGH, "has no task set", id="nothing was deployed"),
    ],
)
def test_task_sets_of_an_external_controller_without_a_primary_one(
    minutes, running, severity, said
):
    sets = [task_set(REVISION, "ACTIVE", minutes) | {"runningCount": running}] if minutes else []
    about = service(
        taskDefinition=None,
        deploymentController={"type": "EXTERNAL"},
        deployments=[],
        runningCount=running,
        taskSets=sets,
    )
    where = fake_account().but(ecs__describe_services={"services": [about]})
    assert_judged(service_status, where, BAD, severity, said)


def blue_green(*sets: dict[str, Any], tasks: tuple[dict[str, Any], ...] = ()) -> FakeAccount:
    """A service of CodeDeploy with these task sets."""
    about = service(
        taskDefinition=None,
        deploymentController={"type": "CODE_DEPLOY"},
        deploymentConfiguration=None,
        deployments=[],
        taskSets=list(sets),
    )
    return fake_account(*tasks).but(ecs__describe_services={"services": [about]})


def task_set(revision: str, status: str, minutes: float, stability: str = "STEADY_STATE"):
    return {
        "id": f"ecs-svc/{minutes}",
        "status": status,
        "taskDefinition": revision,
        "stabilityStatus": stability,
        "createdAt": ago(minutes=minutes),
    }


BLUE = f"{FAMILY}:6"
DAYS = 24 * 60


@pytest.mark.parametrize(
    ("sets", "status", "said"),
    [
        pytest.param(
            [task_set(BLUE, "PRIMARY", 9 * DAYS), task_set(REVISION, "ACTIVE", 50, "STABILIZING")],
            BAD,
            "new task set of api:7 has not become stable in 50 minutes",
            id="the new one never stabilises",
        ),
        pytest.param(
            [task_set(BLUE, "PRIMARY", 9 * DAYS), task_set(REVISION, "ACTIVE", 5, "STABILIZING")],
            UNKNOWN,
            "A rollout of api:7 is in progress",
            id="the new one starts",
        ),
        pytest.param(
            [task_set(REVISION, "PRIMARY", 50), task_set(BLUE, "ACTIVE", 9 * DAYS)],
            GOOD,
            "api:7 is complete",
            id="the old one waits for its termination",
        ),
        pytest.param(
            [task_set(REVISION, "PRIMARY", 50), task_set(BLUE, "DRAINING", 99, "STABILIZING")],
            GOOD,
            "api:7 is complete",
            id="the old one is draining",
        ),
    ],
)
def test_the_task_sets_of_a_blue_green_deployment(sets, status, said):
    assert_judged(service_status, blue_green(*sets), status, Severity.CRITICAL, said)


@pytest.mark.parametrize(
    ("sets", "status"),
    [
        pytest.param(
            [task_set(REVISION, "PRIMARY", DAYS), task_set(BLUE, "ACTIVE", 9 * DAYS)],
            GOOD,
            id="waits for its termination",
        ),
        pytest.param(
            [task_set(REVISION, "PRIMARY", 4 * DAYS), task_set(BLUE, "ACTIVE", 9 * DAYS)],
            BAD,
            id="CodeDeploy waits two days at most",
        ),
        pytest.param([task_set(REVISION, "PRIMARY", DAYS)], BAD, id="of no task set"),
    ],
)
def test_tasks_of_an_old_task_set(sets, status):
    where = blue_green(*sets, tasks=(task(1), task(2, taskDefinitionArn=BLUE)))
    assert_judged(tasks_healthy, where, status, Severity.HIGH, "")


THERE = {"ContentLength": 10}


@pytest.mark.parametrize(
    ("document", "settings", "status", "said"),
    [
        pytest.param(THERE, {}, NA, "service runs no task", id="document is there"),
        pytest.param(
            error("NoSuchKey", 404),
            {},
            BAD,
            "desired count of the service is 0",
            id="document is gone",
        ),
        pytest.param(
            error("AccessDenied", 403),
            {},
            UNKNOWN,
            "s3:GetObjectVersion",
            id="document is not read",
        ),
        pytest.param(
            THERE, {"max_age_days": 6}, NA, "service runs no task", id="as long ago as allowed"
        ),
        pytest.param(
            THERE,
            {"max_age_days": 4},
            BAD,
            "desired count of the service is 0",
            id="longer ago than allowed",
        ),
        pytest.param(
            THERE,
            {"two_people": True},
            BAD,
            "desired count of the service is 0",
            id="nobody else approved",
        ),
    ],
)
def test_a_service_that_is_attested_to_run_nothing(document, settings, status, said):
    done = ago(days=5)
    statement = Attestation(
        id="aaaa11112222",
        rule=service_status.id,
        scope=Scope(account=ACCOUNT_ID, resource=SERVICE),
        statement="Started by hand for the yearly report.",
        performed_at=done,
        declared_at=done,
        owner="team@example.com",
        attester="arn:aws:sts::111122223333:assumed-role/Dev/alice",
        attester_id="AROA:alice",
        artefact=Artefact("runbooks", "report.pdf", "v1", "00", size=10),
    )
    where = fake_account().but(
        ecs__describe_services={"services": [service(desiredCount=0, runningCount=0)]},
        dynamodb__query={"Items": [attestation_item(statement)]},
        s3__head_object=document,
    )
    assert_judged(service_status, where, status, Severity.MEDIUM, said, **settings)


COUNT = ("service/agents/api", "ecs:service:DesiredCount")
QUEUE = {
    "TargetValue": 10.0,
    "CustomizedMetricSpecification": {
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Statistic": "Average",
    },
}
CPU = {
    "TargetValue": 60.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
}


def scaled(lowest, highest, *, tracking=None, schedule=None, **target):
    """What scales the service: between which bounds, by which policy and which schedule."""
    whose = {
        "ServiceNamespace": "ecs",
        "ResourceId": COUNT[0],
        "ScalableDimension": COUNT[1],
        "CreationTime": NOON,
    }
    bounds = {"MinCapacity": lowest, "MaxCapacity": highest, "RoleARN": ROLE}
    policy = {"PolicyARN": "arn", "PolicyName": "load", "PolicyType": "TargetTrackingScaling"}
    action = {
        "ScheduledActionName": "morning",
        "ScheduledActionARN": "arn",
        "Schedule": "cron(0 7 ? * MON-FRI *)",
        "ScalableTargetAction": schedule,
    }
    of = {
        "scalable_targets": {"ScalableTargets": [whose | bounds | target]},
        "scaling_policies": {
            "ScalingPolicies": [
                whose
                | policy
                | {
                    "Alarms": [scaling_alarms.ALARM],
                    "TargetTrackingScalingPolicyConfiguration": tracking,
                }
            ]
            if tracking
            else []
        },
        "scheduled_actions": {"ScheduledActions": [whose | action] if schedule else []},
    }
    return {f"application-autoscaling__describe_{name}": answer for name, answer in of.items()}


MORNING = {"MinCapacity": 2, "MaxCapacity": 8}
OUT = {"DynamicScalingOutSuspended": True}


@pytest.mark.parametrize(
    ("scaling", "status", "said"),
    [
        pytest.param(
            scaled(0, 0, schedule=MORNING), NA, "a schedule of Application Auto", id="by night"
        ),
        pytest.param(scaled(0, 8, tracking=QUEUE), NA, "a scaling policy", id="an empty queue"),
        pytest.param(scaled(0, 8, tracking=CPU), BAD, "count of the service is 0", id="no CPU"),
        pytest.param(scaled(0, 0, tracking=QUEUE), BAD, "count of the service is 0", id="no room"),
        pytest.param(
            scaled(0, 8, tracking=QUEUE, SuspendedState=OUT),
            BAD,
            "count of the service is 0",
            id="scaling out is suspended",
        ),
        pytest.param(
            scaled(2, 8, tracking=QUEUE, schedule=MORNING),
            BAD,
            "count of the service is 0",
            id="by hand",
        ),
        pytest.param(
            {"application-autoscaling__describe_scheduled_actions": FAULTS["denied"]},
            UNKNOWN,
            "application-autoscaling:DescribeScheduledActions",
            id="schedules are not read",
        ),
    ],
)
def test_a_service_without_tasks_that_something_starts_again(scaling, status, said):
    idle = service(desiredCount=0, runningCount=0)
    where = fake_account().but(ecs__describe_services={"services": [idle]}, **scaling)
    assert_judged(service_status, where, status, Severity.MEDIUM, said)


def watching(namespace, metric, missing="missing", **dimensions):
    """An alarm of one metric."""
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    return scaling_alarms.described(
        Namespace=namespace, MetricName=metric, Dimensions=named, TreatMissingData=missing
    )


OWN = {"ClusterName": "agents", "ServiceName": "api"}


@pytest.mark.parametrize(
    ("alarm", "status"),
    [
        pytest.param(
            watching("AWS/SQS", "NumberOfMessagesSent", QueueName="jobs"), NA, id="queue"
        ),
        pytest.param(watching("AWS/ECS", "CPUUtilization", **OWN), BAD, id="its own CPU"),
        pytest.param(watching("ECS/ContainerInsights", "CpuUtilized", **OWN), BAD, id="insights"),
        pytest.param(
            watching("AWS/ECS", "CPUUtilization", "breaching", **OWN), NA, id="missing is high"
        ),
        pytest.param(
            watching("AWS/ECS", "CPUUtilization", ClusterName="agents"), NA, id="of the cluster"
        ),
        pytest.param(
            watching("AWS/ECS", "CPUUtilization", **OWN | {"ServiceName": "web"}),
            NA,
            id="of another service",
        ),
        pytest.param(
            watching("AWS/ApplicationELB", "RequestCountPerTarget", TargetGroup="t"),
            BAD,
            id="requests to each task",
        ),
        pytest.param(
            watching("AWS/ApplicationELB", "RequestCount", LoadBalancer="l"), NA, id="requests"
        ),
    ],
)
def test_an_alarm_of_step_scaling_that_has_no_data_without_tasks(alarm, status):
    idle = service(desiredCount=0, runningCount=0)
    where = fake_account().but(
        ecs__describe_services={"services": [idle]},
        **scaled(0, 8)
        | {
            "application-autoscaling__describe_scaling_policies": scaling_alarms.policies(
                "ecs", *COUNT
            ),
            "cloudwatch__describe_alarms": alarm,
        },
    )
    said = "a scaling policy" if status is NA else "count of the service is 0"
    assert_judged(service_status, where, status, Severity.MEDIUM, said)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(
            {"services": [], "failures": [{"arn": SERVICE, "reason": "MISSING"}]}, id="missing"
        ),
        pytest.param({"services": [service(status="INACTIVE")]}, id="deleted a while ago"),
    ],
)
def test_a_service_that_is_gone_has_no_finding(answer):
    where = fake_account().but(ecs__describe_services=answer)
    assert observe(where, service_status, SERVICE).finding is None
