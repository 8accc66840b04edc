"""Whether a service's tasks fare well: evidence in, verdict out."""

from __future__ import annotations

from typing import Any

import pytest

from functions.ecs_deployment.app import service_status, tasks_healthy
from readiness import Severity, Status
from tests.accounts.ecs_deployment import (
    CLUSTER,
    FAMILY,
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
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, evaluation, observe
from tests.rules.test_ecs_deployment import ROLLING, ago, assert_judged, with_task_set

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA


# -- tasks --------------------------------------------------------------------------------------

WELL = (task(1), task(2))


def unhealthy(n, reason):
    """A task that ECS replaced for that reason; its container got SIGTERM."""
    ended = [{"name": "api", "lastStatus": "STOPPED", "exitCode": 143}]
    return stopped(10 + n, "ServiceSchedulerInitiated", stoppedReason=reason, containers=ended)


OLD = f"{FAMILY}:6"
NO_MEMORY = "OutOfMemoryError: Container killed due to memory usage"


def beside(n, *, desiredStatus="RUNNING", lastStatus="RUNNING", **ended):  # noqa: N803
    """A task in which a container that is not essential has ended."""
    sidecar = {"name": "logs", "lastStatus": "STOPPED", **ended}
    containers = [{"name": "api", "lastStatus": "RUNNING"}, sidecar]
    return task(n, containers=containers, desiredStatus=desiredStatus, lastStatus=lastStatus)


def restarted(n, **ended):
    """A task in which a container ended and runs again by its restart policy."""
    sidecar = {"name": "logs", "lastStatus": "RUNNING", **ended}
    return task(n, containers=[{"name": "api", "lastStatus": "RUNNING"}, sidecar])


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
            (beside(1, exitCode=0), beside(2, exitCode=0)), GOOD, None, "", id="what prepared them"
        ),
        pytest.param(
            (beside(1, exitCode=137, reason=NO_MEMORY), beside(2, exitCode=137, reason=NO_MEMORY)),
            BAD,
            Severity.MEDIUM,
            "logs (exit code 137, 2 tasks)",
            id="a sidecar without memory",
        ),
        pytest.param(
            (beside(1, exitCode=1), task(2)),
            BAD,
            Severity.MEDIUM,
            "Containers of running tasks ended with an error and stay ended: logs (exit code 1, 1",
            id="a sidecar that crashed",
        ),
        pytest.param(
            (restarted(1, exitCode=1), task(2)), GOOD, None, "", id="a sidecar that runs again"
        ),
        pytest.param(
            (*WELL, beside(3, exitCode=1, desiredStatus="STOPPED", lastStatus="STOPPING")),
            GOOD,
            None,
            "",
            id="in a task that ends",
        ),
        pytest.param(
            (task(1, connectivity="CONNECTED"), task(2, connectivity="DISCONNECTED")),
            UNKNOWN,
            None,
            "no contact with the agent of 1 task,",
            id="a host that does not answer",
        ),
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
