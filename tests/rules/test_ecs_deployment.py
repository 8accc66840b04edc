"""ECS deployment: what AWS answers in, verdict out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from functions.ecs_deployment.app import service_status, task_definition_sound, tasks_healthy
from readiness import Severity, Status
from readiness.engine.declarations import attestation_item
from readiness.model.attestation import Artefact, Attestation, Scope
from tests.accounts.ecs_deployment import (
    CLUSTER,
    FAMILY,
    REVISION,
    SERVICE,
    container,
    definition,
    deployment,
    fake_account,
    service,
    stopped,
    task,
    with_tasks,
)
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error, evaluation, observe

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/api"


def ago(**span: float):
    return NOON - timedelta(**span)


def assert_judged(rule, where, status, severity, said, id=SERVICE, **settings):
    run = evaluation(where, [rule], given={rule.id: settings} if settings else {}, now=NOON)
    seen = run.observe(rule, rule.subject.resource(ACCOUNT_ID, HOME, id))
    assert not seen.crash, seen.crash
    assert not where.unanswered
    finding = seen.finding
    assert (finding.status, said in finding.reason) == (status, True), finding.reason
    if status is BAD:
        assert finding.severity is severity, finding.reason
        assert finding.expected


# -- task definition ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "severity", "said"),
    [
        pytest.param({}, None, "No problem found in api:7, used by api", id="sound"),
        pytest.param({"logConfiguration": None}, Severity.MEDIUM, "writes no logs", id="no logs"),
        pytest.param(
            {"logConfiguration": {"logDriver": "none"}},
            Severity.MEDIUM,
            "writes no logs",
            id="driver none",
        ),
        pytest.param(
            {"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g"}}},
            Severity.MEDIUM,
            "api lacks awslogs-region",
            id="no region",
        ),
        pytest.param(
            {"logConfiguration": {"logDriver": "awsfirelens"}},
            Severity.MEDIUM,
            "no container is a log router",
            id="no router",
        ),
        pytest.param({"image": "api"}, Severity.MEDIUM, "api has no tag", id="no tag"),
        pytest.param({"image": "api:latest"}, Severity.MEDIUM, "the tag latest", id="latest"),
        pytest.param(
            {"image": "registry:5000/api"}, Severity.MEDIUM, "no tag", id="a port is no tag"
        ),
        pytest.param(
            {"image": "api@sha256:" + "0" * 64},
            None,
            "No problem found",
            id="digest without a tag",
        ),
        pytest.param(
            {"image": "api:latest@sha256:" + "0" * 64},
            None,
            "No problem found",
            id="latest by digest",
        ),
        pytest.param(
            {"essential": False}, Severity.MEDIUM, "is marked as essential", id="none essential"
        ),
    ],
)
def test_a_container(changes, severity, said):
    where = fake_account().but(ecs__describe_task_definition=definition(container(**changes)))
    status = BAD if severity else GOOD
    assert_judged(task_definition_sound, where, status, severity, said, REVISION)


@pytest.mark.parametrize(
    ("changes", "about_service", "severity", "said"),
    [
        pytest.param(
            {"status": "INACTIVE"}, {}, Severity.HIGH, "INACTIVE but used by api", id="inactive"
        ),
        pytest.param({"memory": None}, {}, Severity.MEDIUM, "on Fargate", id="no memory"),
        pytest.param(
            {"memory": None, "cpu": None},
            {"launchType": "EC2"},
            Severity.MEDIUM,
            "shared container instance: api",
            id="no limit on EC2",
        ),
        pytest.param(
            {"taskRoleArn": ROLE, "executionRoleArn": ROLE},
            {},
            Severity.MEDIUM,
            "task role is the execution role",
            id="one role for both",
        ),
        pytest.param(
            {"executionRoleArn": None},
            {},
            Severity.MEDIUM,
            "to pull images from ECR and to write logs",
            id="no execution role",
        ),
        pytest.param(
            {"executionRoleArn": None},
            {"launchType": "EC2"},
            None,
            "No problem found",
            id="the instance's",
        ),
    ],
)
def test_a_revision(changes, about_service, severity, said):
    where = fake_account().but(
        ecs__describe_task_definition=definition(**changes),
        ecs__describe_services={"services": [service(**about_service)]},
    )
    status = BAD if severity else GOOD
    assert_judged(task_definition_sound, where, status, severity, said, REVISION)


def test_the_revision_that_a_rollout_replaces_may_be_deregistered():
    old = f"{FAMILY}:6"
    deployments = [
        deployment(rolloutState="IN_PROGRESS"),
        deployment(status="ACTIVE", taskDefinition=old),
    ]
    where = fake_account().but(
        ecs__describe_services={"services": [service(deployments=deployments)]},
        ecs__describe_task_definition=definition(taskDefinitionArn=old, status="INACTIVE"),
    )
    assert_judged(task_definition_sound, where, GOOD, None, "No problem found in api:6", old)


SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:x"


@pytest.mark.parametrize(
    ("about", "said"),
    [
        pytest.param(
            {"secrets": [{"name": "KEY", "valueFrom": SECRET}]}, "to read secrets", id="secrets"
        ),
        pytest.param(
            {
                "logConfiguration": {
                    "logDriver": "splunk",
                    "secretOptions": [{"name": "splunk-token", "valueFrom": SECRET}],
                }
            },
            "to read secrets",
            id="secrets of the log driver",
        ),
        pytest.param(
            {"repositoryCredentials": {"credentialsParameter": SECRET}},
            "login of a private registry",
            id="a private registry",
        ),
    ],
)
def test_secrets_need_an_execution_role_anywhere(about, said):
    where = fake_account().but(
        ecs__describe_task_definition=definition(container(**about), executionRoleArn=None),
        ecs__describe_services={"services": [service(launchType="EC2")]},
    )
    assert_judged(task_definition_sound, where, BAD, Severity.MEDIUM, said, REVISION)


def test_a_log_router_may_keep_its_own_lines():
    router = container(
        name="router", logConfiguration=None, firelensConfiguration={"type": "fluentbit"}
    )
    routed = container(logConfiguration={"logDriver": "awsfirelens"})
    where = fake_account().but(ecs__describe_task_definition=definition(routed, router))
    assert_judged(task_definition_sound, where, GOOD, None, "No problem found", REVISION)


@pytest.mark.parametrize(
    ("balanced", "status"),
    [pytest.param(True, GOOD, id="by the balancer"), pytest.param(False, BAD, id="by nobody")],
)
def test_who_checks_the_health(balanced, status):
    about = service() if balanced else service(loadBalancers=None)
    where = fake_account().but(
        ecs__describe_task_definition=definition(container(healthCheck=None)),
        ecs__describe_services={"services": [about]},
    )
    said = "No problem found" if balanced else "no load balancer checks api"
    assert_judged(task_definition_sound, where, status, Severity.MEDIUM, said, REVISION)


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        pytest.param(["NONE"], BAD, "has a health check that can fail", id="switched off"),
        pytest.param(["CMD-SHELL", "exit 0"], BAD, "that can fail", id="always healthy"),
        pytest.param(["CMD-SHELL", "curl -f http://x || exit 1"], GOOD, "No problem", id="asks"),
    ],
)
def test_a_health_check_has_to_be_able_to_fail(command, status, said):
    checked = container(healthCheck={"command": command})
    where = fake_account().but(
        ecs__describe_task_definition=definition(checked),
        ecs__describe_services={"services": [service(loadBalancers=None)]},
    )
    assert_judged(task_definition_sound, where, status, Severity.MEDIUM, said, REVISION)


def test_a_revision_that_was_never_deployed():
    newest = f"{FAMILY}:8"
    where = fake_account().but(ecs__describe_task_definition=definition(taskDefinitionArn=newest))
    assert_judged(task_definition_sound, where, NA, None, "No service", newest)


def test_the_revision_of_an_old_deployment_is_judged_too():
    old = f"{FAMILY}:6"
    deployments = [
        deployment(rolloutState="IN_PROGRESS"),
        deployment(status="ACTIVE", taskDefinition=old),
    ]
    where = fake_account().but(
        ecs__describe_services={"services": [service(deployments=deployments)]}
    )
    assert evaluation(where, []).aws.find(task_definition_sound.subject) == [old, REVISION]


# -- status -------------------------------------------------------------------------------------

ROLLING = {"rolloutState": "IN_PROGRESS"}
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
            {"status": "DRAINING", "desiredCount": 0, "runningCount": 1},
            {},
            BAD,
            Severity.MEDIUM,
            "was deleted (DRAINING)",
            id="deleted on purpose",
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


def with_task_set(stability: str, *events: dict[str, Any]) -> FakeAccount:
    sets = [
        {
            "id": "ecs-svc/1",
            "status": "PRIMARY",
            "taskDefinition": REVISION,
            "stabilityStatus": stability,
            "createdAt": ago(days=30),
        }
    ]
    about = service(
        taskDefinition=None,
        deploymentController={"type": "CODE_DEPLOY"},
        deploymentConfiguration=None,
        deployments=[],
        taskSets=sets,
        events=list(events),
    )
    return fake_account().but(ecs__describe_services={"services": [about]})


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
        pytest.param(
            fake_account().but(
                ecs__describe_services={
                    "services": [
                        service(
                            deploymentController={"type": "EXTERNAL"},
                            deployments=[],
                            taskDefinition=None,
                        )
                    ]
                }
            ),
            BAD,
            "no primary deployment",
            id="none",
        ),
    ],
)
def test_task_sets(where, status, said):
    assert_judged(service_status, where, status, Severity.CRITICAL, said)


def test_task_sets_of_an_external_controller_without_a_primary_one():
    sets = [task_set(REVISION, "ACTIVE", 50) | {"runningCount": 2}]
    about = service(
        taskDefinition=None,
        deploymentController={"type": "EXTERNAL"},
        deployments=[],
        taskSets=sets,
    )
    where = fake_account().but(ecs__describe_services={"services": [about]})
    assert_judged(
        service_status,
        where,
        BAD,
        Severity.MEDIUM,
        "No task set is the primary one (1 task set with tasks)",
    )


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


# -- tasks --------------------------------------------------------------------------------------

WELL = (task(1), task(2))


def unhealthy(n, reason):
    """A task that ECS replaced for that reason; its container got SIGTERM."""
    ended = [{"name": "api", "lastStatus": "STOPPED", "exitCode": 143}]
    return stopped(10 + n, "ServiceSchedulerInitiated", stoppedReason=reason, containers=ended)


OLD = f"{FAMILY}:6"


@pytest.mark.parametrize(
    ("tasks", "status", "severity", "said"),
    [
        pytest.param(WELL, GOOD, None, "2 tasks of api:7 running", id="well"),
        pytest.param(
            (*WELL, *(stopped(n) for n in range(3, 6))),
            GOOD,
            None,
            "No problem found",
            id="three crashes",
        ),
        pytest.param(
            (*WELL, *(stopped(n) for n in range(3, 7))),
            BAD,
            Severity.HIGH,
            "4 tasks crashed within an hour (api ended with 1)",
            id="crash loop",
        ),
        pytest.param(
            (*WELL, *(stopped(n, stoppedAt=ago(hours=2)) for n in range(3, 7))),
            GOOD,
            None,
            "No problem found",
            id="crashes of another hour",
        ),
        pytest.param(
            (
                *WELL,
                *(
                    stopped(
                        n,
                        "TaskFailedToStart",
                        stoppedReason="CannotPullContainerError.",
                        containers=[],
                    )
                    for n in range(3, 7)
                ),
            ),
            BAD,
            Severity.HIGH,
            "4 tasks crashed within an hour (CannotPullContainerError)",
            id="cannot start",
        ),
        pytest.param(
            (*WELL, *(stopped(n, "ServiceSchedulerInitiated") for n in range(3, 9))),
            GOOD,
            None,
            "No problem found",
            id="stopped by the scheduler",
        ),
        pytest.param(
            (*WELL, *(unhealthy(n, "Task failed container health checks") for n in range(3, 7))),
            BAD,
            Severity.HIGH,
            "4 tasks crashed or failed health checks within an hour"
            " (Task failed container health checks)",
            id="replaced for their own health check",
        ),
        pytest.param(
            (*WELL, *(unhealthy(n, f"Task failed ELB health checks in ({n})") for n in range(4))),
            BAD,
            Severity.HIGH,
            "Task failed ELB health checks in (0)",
            id="replaced for the load balancer's health check",
        ),
        pytest.param(
            (*WELL, *(unhealthy(n, "Task failed ELB health checks") for n in range(3, 6))),
            GOOD,
            None,
            "No problem found",
            id="three unhealthy ones",
        ),
        pytest.param(
            (*WELL, *(stopped(n, "SpotInterruption") for n in range(3, 9))),
            GOOD,
            None,
            "No problem found",
            id="lost to Spot",
        ),
        pytest.param(
            (*WELL, stopped(3, containers=[{"name": "api", "exitCode": 137}])),
            BAD,
            Severity.HIGH,
            "ran out of memory or got killed",
            id="killed",
        ),
        pytest.param(
            (
                *WELL,
                stopped(
                    3,
                    containers=[
                        {"name": "api", "exitCode": 137},
                        {"name": "proxy", "exitCode": 143},
                    ],
                ),
            ),
            BAD,
            Severity.HIGH,
            "ran out of memory or got killed",
            id="killed, and the others stopped for that",
        ),
        pytest.param(
            (
                *WELL,
                stopped(
                    3,
                    containers=[
                        {"name": "api", "exitCode": 1},
                        {"name": "proxy", "exitCode": 137},
                    ],
                ),
            ),
            GOOD,
            None,
            "No problem found",
            id="slow to stop when another container crashed",
        ),
        pytest.param(
            (
                *WELL,
                stopped(
                    3,
                    "ServiceSchedulerInitiated",
                    containers=[{"name": "api", "exitCode": 137}],
                ),
            ),
            GOOD,
            None,
            "No problem found",
            id="slow to stop when the scheduler asked",
        ),
        pytest.param(
            (task(1), task(2, healthStatus="UNHEALTHY")),
            BAD,
            Severity.HIGH,
            "Unhealthy tasks: 1 of 2",
            id="unhealthy",
        ),
        pytest.param(
            (task(1), task(2, healthStatus="UNKNOWN", startedAt=ago(minutes=2))),
            UNKNOWN,
            None,
            "Not running and healthy yet: 1 task (UNKNOWN)",
            id="not checked yet",
        ),
        pytest.param(
            (task(1), task(2, healthStatus="UNKNOWN", startedAt=ago(minutes=20))),
            BAD,
            Severity.HIGH,
            "Not running and healthy after 10 minutes: 1 task (UNKNOWN)",
            id="never passes its check",
        ),
        pytest.param(
            (
                task(1),
                task(2, lastStatus="PENDING", startedAt=None, createdAt=ago(minutes=20)),
            ),
            BAD,
            Severity.HIGH,
            "(PENDING)",
            id="pending for too long",
        ),
        pytest.param(
            (task(1), task(2, taskDefinitionArn=OLD)),
            BAD,
            Severity.HIGH,
            "tasks still run api:6, not api:7",
            id="old revision",
        ),
        pytest.param(
            (task(1), task(4)), BAD, Severity.MEDIUM, "run in one zone, us-east-1b", id="one zone"
        ),
        pytest.param(
            (task(1), task(2, availabilityZone=None)), UNKNOWN, None, "Zone of every", id="no zone"
        ),
        pytest.param((task(1),), UNKNOWN, None, "Running tasks: 1 of 2", id="one is missing"),
        pytest.param(
            (stopped(1),), BAD, Severity.HIGH, "No task is running; 2 desired", id="none"
        ),
        pytest.param(
            (*WELL, task(3, group="service:other", healthStatus="UNHEALTHY")),
            GOOD,
            None,
            "No problem found",
            id="another service's",
        ),
    ],
)
def test_tasks(tasks, status, severity, said):
    for bulk in (False, True):
        where = FakeAccount({**fake_account().answers, **listing_groups(tasks)})
        run = evaluation(where, [tasks_healthy], now=NOON, bulk=bulk)
        found = run.observe(
            tasks_healthy, tasks_healthy.subject.resource(ACCOUNT_ID, HOME, SERVICE)
        )
        assert not found.crash, found.crash
        finding = found.finding
        assert (finding.status, said in finding.reason) == (status, True), finding.reason
        if severity:
            assert finding.severity is severity


def starting(minutes):
    return task(1), task(2, healthStatus="UNKNOWN", startedAt=ago(minutes=minutes))


@pytest.mark.parametrize(
    ("tasks", "settings", "status", "said"),
    [
        pytest.param(starting(10), {}, UNKNOWN, "Not running and healthy yet", id="10 min"),
        pytest.param(starting(11), {}, BAD, "after 10 minutes", id="11 min"),
        pytest.param(
            starting(20), {"pending_minutes": 20}, UNKNOWN, "yet", id="as long as allowed"
        ),
        pytest.param(
            starting(6), {"pending_minutes": 5}, BAD, "after 5 minutes", id="longer than allowed"
        ),
        pytest.param(
            (*WELL, *(stopped(n) for n in range(3, 8))),
            {"max_stops": 5},
            GOOD,
            "No problem found",
            id="as many crashes as allowed",
        ),
        pytest.param(
            (*WELL, stopped(3)), {"max_stops": 0}, BAD, "1 task crashed", id="none may crash"
        ),
    ],
)
def test_how_tasks_may_fare(tasks, settings, status, said):
    assert_judged(tasks_healthy, fake_account(*tasks), status, Severity.HIGH, said, **settings)


def test_machines_outside_aws_have_no_zone():
    """Tasks of ECS Anywhere; beside tasks in AWS whose zone is missing something is unknown."""
    outside = [task(n, launchType="EXTERNAL", availabilityZone=None) for n in (1, 2)]
    assert_judged(tasks_healthy, fake_account(*outside), GOOD, None, "No problem found")
    mixed = [task(1, launchType="EXTERNAL", availabilityZone=None), task(2, availabilityZone=None)]
    assert_judged(tasks_healthy, fake_account(*mixed), UNKNOWN, None, "Availability Zone")


@pytest.mark.parametrize(
    ("minutes", "settings", "status", "said"),
    [
        pytest.param(30, {}, UNKNOWN, "in progress", id="30 min"),
        pytest.param(31, {}, BAD, "tasks still run api:6", id="31 min"),
        pytest.param(60, {"rollout_minutes": 60}, UNKNOWN, "in progress", id="as allowed"),
        pytest.param(6, {"rollout_minutes": 5}, BAD, "still run api:6", id="longer than allowed"),
    ],
)
def test_how_long_an_old_revision_may_run(minutes, settings, status, said):
    about = service(deployments=[deployment(**ROLLING, createdAt=ago(minutes=minutes))])
    where = fake_account(task(1), task(2, taskDefinitionArn=OLD)).but(
        ecs__describe_services={"services": [about]}
    )
    assert_judged(tasks_healthy, where, status, Severity.HIGH, said, **settings)


def listing_groups(tasks):
    """ListTasks that leaves out other services' tasks where it is asked for one service's."""
    own = with_tasks(*(t for t in tasks if t["group"] == "service:api"))
    every = with_tasks(*tasks)

    def listed(**params: Any) -> Any:
        among = own if params.pop("serviceName", None) else every
        return among["ecs", "list_tasks"](**params)

    return {**every, ("ecs", "list_tasks"): listed}


@pytest.mark.parametrize("check", [None, {"command": ["NONE"]}], ids=["none", "switched off"])
def test_health_counts_only_where_it_is_checked(check):
    unchecked = (task(1, healthStatus="UNKNOWN"), task(2, healthStatus="UNKNOWN"))
    where = fake_account(*unchecked).but(
        ecs__describe_task_definition=definition(container(healthCheck=check))
    )
    assert_judged(tasks_healthy, where, GOOD, None, "No problem found")


@pytest.mark.parametrize(
    ("essential", "status", "severity", "said"),
    [
        pytest.param(True, BAD, Severity.HIGH, "(UNKNOWN)", id="essential"),
        pytest.param(False, GOOD, None, "No problem found", id="only of a sidecar"),
    ],
)
def test_the_health_of_a_task_is_that_of_its_essential_containers(
    essential, status, severity, said
):
    checked = container(name="proxy", essential=essential)
    unknown = (task(1, healthStatus="UNKNOWN"), task(2, healthStatus="UNKNOWN"))
    where = fake_account(*unknown).but(
        ecs__describe_task_definition=definition(container(healthCheck=None), checked)
    )
    assert_judged(tasks_healthy, where, status, severity, said)


def test_an_old_revision_during_a_rollout_is_in_transition():
    about = service(deployments=[deployment(**ROLLING, createdAt=ago(minutes=5))])
    where = fake_account(task(1), task(2, taskDefinitionArn=OLD)).but(
        ecs__describe_services={"services": [about]}
    )
    assert_judged(tasks_healthy, where, UNKNOWN, None, "a rollout is in progress")


def test_a_service_that_is_to_run_nothing():
    where = fake_account().but(ecs__describe_services={"services": [service(desiredCount=0)]})
    assert_judged(tasks_healthy, where, NA, None, "desired count of the service is 0")


def test_a_scan_asks_cluster_by_cluster_and_a_hundred_at_a_time():
    arns = [f"{SERVICE}-{n}" for n in range(30)]
    services = {a: service(serviceArn=a, serviceName=a.rsplit("/", 1)[1]) for a in arns}
    tasks = [task(n, group=f"service:api-{n % 30}") for n in range(250)]
    where = FakeAccount(
        {
            **fake_account(*tasks).answers,
            ("ecs", "list_clusters"): {"clusterArns": [CLUSTER]},
            ("ecs", "list_services"): {"serviceArns": arns},
            ("ecs", "describe_services"): lambda services_=services, **params: {
                "services": [services_[arn] for arn in params["services"]]
            },
        }
    )
    run = evaluation(where, [tasks_healthy, service_status], bulk=True, now=NOON)
    for arn in arns:
        for rule in (tasks_healthy, service_status):
            run.observe(rule, rule.subject.resource(ACCOUNT_ID, HOME, arn))
    assert where.calls.count(("ecs", "describe_services")) == 3
    assert where.calls.count(("ecs", "list_tasks")) == 2
    assert where.calls.count(("ecs", "describe_tasks")) == 3
    assert where.calls.count(("ecs", "describe_task_definition")) == 1


@pytest.mark.parametrize("state", ["STEADY_STATE", "STABILIZING"])
def test_the_state_of_a_task_set_is_told(state):
    seen = observe(with_task_set(state), service_status, SERVICE)
    assert seen.finding.observed["rollout"] == state
