"""Which tests of a failover AWS knows, and what of them is proof."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from functions.high_availability.app import failover_tested
from readiness import Severity, Status
from tests.accounts import ecs_deployment
from tests.accounts.high_availability import (
    database,
    experiment,
    fake_account,
    practice_run,
    service,
)
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, evaluation


def judged(account: FakeAccount):
    run = evaluation(account, [failover_tested], now=NOON)
    region = failover_tested.subject.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
    finding = run.observe(failover_tested, region).finding
    assert finding is not None
    return finding


def only(**changes: Any) -> FakeAccount:
    """An account whose only test is an experiment."""
    return fake_account().but(
        **{"arc-zonal-shift__list_zonal_shifts": {"items": []}},
        fis__get_experiment={"experiment": experiment(**changes)},
    )


WAIT = {"wait": {"actionId": "aws:fis:wait", "state": {"status": "completed"}}}
STRESS = {
    "stress": {
        "actionId": "aws:ssm:send-command",
        "parameters": {"documentArn": "arn:aws:ssm:us-east-1::document/AWSFIS-Run-CPU-Stress"},
        "state": {"status": "completed"},
    }
}
KILL = {
    "kill": {
        "actionId": "aws:ssm:send-command",
        "parameters": {"documentArn": "arn:aws:ssm:us-east-1::document/AWSFIS-Run-Kill-Process"},
        "state": {"status": "completed"},
    }
}
SKIPPED = {"cut": {"actionId": "aws:network:disrupt-connectivity", "state": {"status": "skipped"}}}


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        pytest.param({}, Status.COMPLIANT, "as expected", id="completed"),
        pytest.param({"state": {"status": "stopped"}}, Status.NON_COMPLIANT, "stopped", id="stopped"),
        pytest.param({"state": {"status": "running"}}, Status.INSUFFICIENT_DATA, "not ended", id="runs"),
        pytest.param({"actions": WAIT}, Status.NON_COMPLIANT, "breaks anything", id="only waits"),
        pytest.param({"actions": STRESS}, Status.NON_COMPLIANT, "slow things down", id="only slows"),
        pytest.param({"actions": STRESS | KILL}, Status.NON_COMPLIANT, "failed no zone", id="slows and kills"),
        pytest.param({"actions": SKIPPED}, Status.NON_COMPLIANT, "was completed", id="skipped"),
        pytest.param({"stopConditions": [{"source": "none"}]}, Status.NON_COMPLIANT, "stop condition", id="unwatched"),
        pytest.param({"experimentOptions": {"actionsMode": "skip-all"}}, Status.NON_COMPLIANT, "dry run", id="dry run"),
        pytest.param({"endTime": NOON - timedelta(days=31)}, Status.NON_COMPLIANT, "before the current deployment of api", id="deployed since"),
    ],
)  # fmt: skip
def test_an_experiment(changes, status, words):
    found = judged(only(**changes))
    assert found.status is status, found.reason
    assert words in found.reason


@pytest.mark.parametrize("state", ["stopped", "failed", "cancelled"])
@pytest.mark.parametrize(
    ("actions", "status", "words"),
    [
        pytest.param(STRESS, Status.COMPLIANT, "practice run", id="was to slow things down"),
        pytest.param(KILL, Status.COMPLIANT, "practice run", id="was to kill a process"),
        pytest.param(
            STRESS | SKIPPED,
            Status.NON_COMPLIANT,
            "newest test failed",
            id="was to cut a zone off",
        ),
    ],
)
def test_what_did_not_complete_counts_only_if_it_was_to_fail_a_zone(state, actions, status, words):
    changed = experiment(actions=actions, state={"status": state})
    found = judged(fake_account().but(fis__get_experiment={"experiment": changed}))
    assert found.status is status, found.reason
    assert words in found.reason


def test_a_stress_test_that_was_stopped_is_no_failed_failover():
    found = judged(only(actions=STRESS, state={"status": "stopped"}))
    assert found.status is Status.NON_COMPLIANT
    assert "proves nothing: it was stopped, and was to fail no zone" in found.reason


def act(action: str, *, of: str = "zone", **parameters: str) -> dict[str, Any]:
    done = {"status": "completed"}
    return {"actionId": action, "parameters": parameters, "targets": {"T": of}, "state": done}


def target(**changes: Any) -> dict[str, Any]:
    return {"resourceType": "aws:ec2:instance", "selectionMode": "ALL"} | changes


IN_A_ZONE = {"filters": [{"path": "Placement.AvailabilityZone", "values": ["us-east-1a"]}]}
RUNNING = {"filters": [{"path": "State.Name", "values": ["running"]}]}
CUT = "aws:network:disrupt-connectivity"


@pytest.mark.parametrize(
    ("action", "aim", "proves"),
    [
        pytest.param(act(CUT, scope="all"), target(), True, id="subnets cut off"),
        pytest.param(act(CUT, scope="vpc"), target(), True, id="from the VPC"),
        pytest.param(act(CUT, scope="s3"), target(), False, id="from S3 alone"),
        pytest.param(act(CUT, scope="prefix-list"), target(), False, id="from a prefix list"),
        pytest.param(act("aws:ec2:stop-instances"), target(**IN_A_ZONE), True, id="all instances of a zone"),
        pytest.param(act("aws:ec2:stop-instances"), target(**RUNNING), False, id="instances anywhere"),
        pytest.param(act("aws:ec2:stop-instances"), target(**IN_A_ZONE, selectionMode="COUNT(1)"), False, id="one of a zone"),
        pytest.param(act("aws:ec2:stop-instances"), target(**IN_A_ZONE, selectionMode="PERCENT(100)"), True, id="each of a zone"),
        pytest.param(act("aws:ec2:stop-instances"), target(**IN_A_ZONE, selectionMode="PERCENT(50)"), False, id="half a zone"),
        pytest.param(act("aws:ec2:stop-instances", of="other"), target(**IN_A_ZONE), False, id="another target"),
        pytest.param(act("aws:ecs:stop-task"), target(), False, id="a task"),
        pytest.param(act("aws:ebs:pause-volume-io"), target(parameters={"availabilityZoneIdentifier": "use1-az1"}), True, id="volumes of a zone"),
        pytest.param(act("aws:ssm:send-command", documentArn="AWSFIS-Run-CPU-Stress"), target(**IN_A_ZONE), False, id="a slow zone"),
        pytest.param(act("aws:ec2:asg-insufficient-instance-capacity-error"), target(**IN_A_ZONE), False, id="no new instances"),
        pytest.param(act("aws:arc:start-zonal-autoshift"), target(), True, id="autoshift"),
        pytest.param(act("aws:rds:failover-db-cluster"), target(), True, id="failover of a cluster"),
        pytest.param(act("aws:rds:reboot-db-instances", forceFailover="true"), target(), True, id="reboot with failover"),
        pytest.param(act("aws:rds:reboot-db-instances", forceFailover="false"), target(), False, id="reboot"),
        pytest.param(act("aws:lambda:invocation-error"), target(), False, id="failing functions"),
    ],
)  # fmt: skip
def test_an_experiment_that_fails_a_zone(action, aim, proves):
    found = judged(only(actions={"act": action}, targets={"zone": aim}))
    assert found.status is (Status.COMPLIANT if proves else Status.NON_COMPLIANT), found.reason
    if not proves:
        assert found.severity is (Severity.HIGH if "slow" in found.reason else Severity.MEDIUM)


def test_an_experiment_that_resolved_no_target():
    account = only().but(fis__list_experiment_resolved_targets={"resolvedTargets": []})
    assert "it resolved no target" in judged(account).reason


def test_a_deployment_of_what_was_not_hit_voids_nothing():
    away = {"awsvpcConfiguration": {"subnets": ["subnet-0123456b"]}}
    other = service(
        networkConfiguration=away,
        deployments=[ecs_deployment.deployment(createdAt=NOON - timedelta(days=1))],
    )
    account = only().but(ecs__describe_services={"services": [other], "failures": []})
    assert judged(account).status is Status.COMPLIANT


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ("SUCCEEDED", Status.COMPLIANT),
        ("FAILED", Status.NON_COMPLIANT),
        ("CAPACITY_CHECK_FAILED", Status.NON_COMPLIANT),
        ("INTERRUPTED", Status.NON_COMPLIANT),
        ("PENDING", Status.INSUFFICIENT_DATA),
    ],
)
def test_a_practice_run(outcome, status):
    account = fake_account().but(
        **{
            "arc-zonal-shift__list_zonal_shifts": {
                "items": [practice_run(practiceRunOutcome=outcome)]
            }
        },
        fis__list_experiments={"experiments": []},
    )
    assert judged(account).status is status


def without(**changes: Any) -> FakeAccount:
    """An account with no experiment and no practice run."""
    return fake_account().but(
        **{"arc-zonal-shift__list_zonal_shifts": {"items": []}},
        fis__list_experiments={"experiments": []},
    ).but(**changes)  # fmt: skip


def test_a_shift_by_hand_has_no_outcome():
    by_hand = practice_run(shiftType="ZONAL_SHIFT", practiceRunOutcome=None)
    account = without(**{"arc-zonal-shift__list_zonal_shifts": {"items": [by_hand]}})
    assert "not attested" in judged(account).reason


def switch(state: str) -> dict[str, Any]:
    return {
        "planArn": f"arn:aws:arc-region-switch::{ACCOUNT_ID}:plan/web:abc123",
        "executionId": "web/1",
        "startTime": NOON - timedelta(days=2, hours=1),
        "endTime": NOON - timedelta(days=2),
        "mode": "graceful",
        "executionState": state,
        "executionAction": "activate",
        "executionRegion": HOME,
    }


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("completed", Status.COMPLIANT),
        ("completedWithExceptions", Status.NON_COMPLIANT),
        ("inProgress", Status.INSUFFICIENT_DATA),
    ],
)
def test_a_region_switch(state, status):
    account = without(**{"arc-region-switch__list_plan_executions": {"items": [switch(state)]}})
    assert judged(account).status is status


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("PASSED", Status.COMPLIANT),
        ("FAILED", Status.NON_COMPLIANT),
        ("RUNNING", Status.INSUFFICIENT_DATA),
    ],
)
def test_a_test_run_of_resilience_hub(state, status):
    run = {
        "testRunId": "run-1",
        "status": state,
        "startedAt": NOON - timedelta(days=2),
        "testTemplateArn": f"arn:aws:resiliencehub:{HOME}:aws:test-template/az",
        "serviceArn": f"arn:aws:resiliencehub:{HOME}:{ACCOUNT_ID}:service/web",
    }
    assert judged(without(resiliencehubv2__list_test_runs={"testRuns": [run]})).status is status


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("Multi-AZ instance failover completed", Status.COMPLIANT),
        ("Completed failover to DB instance: ledger-2", Status.COMPLIANT),
        ("Multi-AZ instance failover started.", Status.INSUFFICIENT_DATA),
        ("Cluster failover failed, check the status of your instances", Status.NON_COMPLIANT),
    ],
)
def test_a_failover_of_a_database(message, status):
    def events(SourceType: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        one = {"SourceIdentifier": "ledger", "Message": message, "Date": NOON - timedelta(days=2)}
        return {"Events": [one] if SourceType == "db-cluster" else []}

    assert judged(without(rds__describe_events=events)).status is status


@pytest.mark.parametrize(
    ("name", "days", "status"),
    [
        pytest.param("orders", 2, Status.NON_COMPLIANT, id="of a database that is there"),
        pytest.param("gone", 2, Status.INSUFFICIENT_DATA, id="of one that was deleted"),
        pytest.param("orders", 91, Status.INSUFFICIENT_DATA, id="of an earlier one of the name"),
    ],
)
def test_a_failover_that_failed_counts_while_the_database_exists(name, days, status):
    def events(SourceType: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        failed = "Cluster failover failed, check the status of your instances"
        one = {"SourceIdentifier": name, "Message": failed, "Date": NOON - timedelta(days=days)}
        return {"Events": [one] if SourceType == "db-instance" else []}

    assert judged(without(rds__describe_events=events)).status is status


def test_a_practice_run_of_what_is_gone_proves_nothing():
    account = fake_account().but(
        **{"arc-zonal-shift__list_managed_resources": {"items": []}},
        fis__list_experiments={"experiments": []},
    )
    assert "not attested" in judged(account).reason


def aimed_at(*arns: str, **changes: Any) -> FakeAccount:
    """An account whose only test is an experiment that hit these."""
    resolved = [
        {"resourceType": "it", "targetName": "zone", "targetInformation": {"arn": arn}}
        for arn in arns
    ]
    return only().but(
        fis__list_experiment_resolved_targets={"resolvedTargets": resolved}, **changes
    )


ECS = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}"
DATABASE = f"arn:aws:rds:{HOME}:{ACCOUNT_ID}:db:orders"
MADE_SINCE = {"DBInstances": [database(InstanceCreateTime=NOON - timedelta(days=1))]}


@pytest.mark.parametrize(
    ("arns", "changes", "proves"),
    [
        pytest.param([ecs_deployment.SERVICE], {}, True, id="a service"),
        pytest.param([f"{ECS}:task/agents/0123"], {}, True, id="a task of a service"),
        pytest.param([f"{ECS}:service/old/web"], {}, False, id="a service that is gone"),
        pytest.param([f"{ECS}:task/old/0123"], {}, False, id="a task of one that is gone"),
        pytest.param([DATABASE], {}, True, id="a database"),
        pytest.param([f"{DATABASE}-old"], {}, False, id="a database that is gone"),
        pytest.param(
            [DATABASE], {"rds__describe_db_instances": MADE_SINCE}, False, id="made again since"
        ),
        pytest.param([f"{DATABASE}-old", ecs_deployment.SERVICE], {}, True, id="one of two left"),
        pytest.param(
            [f"{DATABASE}-old", "arn:aws:ec2:us-east-1:1:instance/i-1"], {}, True, id="and others"
        ),
    ],
)
def test_an_experiment_on_what_is_gone_proves_nothing(arns, changes, proves):
    finding = judged(aimed_at(*arns, **changes))
    assert (finding.status is Status.COMPLIANT) is proves, finding.reason


def test_an_experiment_is_remembered_with_what_it_hit():
    remembered = judged(aimed_at(ecs_deployment.SERVICE)).observed["last_executed"]
    assert (remembered["touched"], remembered["hit"]) == (ecs_deployment.SERVICE,) * 2
