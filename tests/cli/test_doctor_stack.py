"""`doctor` on the parts of a stack: what runs of it, and what CloudFormation left out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from readiness.engine.rows import to_item
from readiness.model.blindness import UNREADABLE
from readiness.model.finding import iso
from readiness_cli.doctor import deployment
from readiness_cli.stack import NEVER_MADE
from tests.cli.doctored import (
    OUTPUTS,
    PARTS,
    depth,
    described,
    lines,
    listed,
    no_stack,
    of,
    rows,
    swept,
    with_status,
    world,
)
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON, error
from tests.findings import finding


def test_a_stack_that_was_named_must_exist(run, over):
    over(world(cloudformation__describe_stacks=no_stack))
    said = run("doctor", "--stack-name", "other")
    assert said.exit_code == 4
    assert "there is no stack 'other'" in said.stderr.lower()


OF_TABLES = "dynamodb", "query"


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_tables_that_do_not_answer_are_unknown_and_cost_no_other_check(run, over, fault):
    fake = over(world())
    fake.faults[OF_TABLES] = FAULTS[fault]
    said = run("doctor", "-o", "json")
    assert said.exit_code == 3, said.output
    unknown = {line["check"] for line in lines(said) if line["state"] != "ok"}
    assert unknown == {"sweep", "unknown", "outbox", "keys"}


@pytest.mark.parametrize("lacking", sorted(set(OUTPUTS) - {"FindingsTable", "TransitionsTable"}))
def test_a_stack_of_an_older_version_lacks_one_line_and_has_the_others(run, over, lacking):
    older = described()
    [stack] = older["Stacks"]
    stack["Outputs"] = [each for each in stack["Outputs"] if each["OutputKey"] != lacking]
    queues = depth(**{name: 3 for name in deployment.QUEUES if name != lacking})
    over(world(cloudformation__describe_stacks=older, sqs__get_queue_attributes=queues))
    said = run("doctor", "-o", "json")
    [line] = [line for line in lines(said) if line["state"] == "unknown"]
    assert lacking in line["said"]
    assert "sam deploy" in line["fix"]
    full = [line for line in of(said, "failure queues") if line["state"] == "failed"]
    assert len(full) == len(deployment.QUEUES) - (lacking in deployment.QUEUES)


@pytest.mark.parametrize(
    ("status", "state", "why"),
    [
        ("REVIEW_IN_PROGRESS", "failed", "No version"),
        ("CREATE_FAILED", "failed", "No version"),
        ("ROLLBACK_COMPLETE", "failed", "No version"),
        ("ROLLBACK_FAILED", "failed", "No version"),
        ("ROLLBACK_IN_PROGRESS", "failed", "No version"),
        ("DELETE_FAILED", "failed", "No version"),
        ("DELETE_IN_PROGRESS", "failed", "No version"),
        ("CREATE_IN_PROGRESS", "warning", "a mixture"),
        ("UPDATE_IN_PROGRESS", "warning", "a mixture"),
        ("UPDATE_ROLLBACK_FAILED", "warning", "a mixture"),
        ("UPDATE_ROLLBACK_COMPLETE", "warning", "the version before"),
        ("IMPORT_COMPLETE", "ok", ""),
    ],
)
def test_what_runs_of_a_stack_that_is_half_deployed(run, over, status, state, why):
    over(world(cloudformation__describe_stacks=with_status(status)))
    said = run("doctor", "-o", "json")
    [line] = of(said, "stack")
    assert (line["state"], status in line["said"]) == (state, True)
    assert why in line["why"]
    assert ("sam delete" in line.get("fix", "")) == (status in NEVER_MADE)
    assert said.exit_code == (1 if state == "failed" else 0)


def test_a_stack_without_rules_of_eventbridge_sees_nothing(run, over):
    parts = {name: each for name, each in PARTS.items() if "ApiCall" not in name}
    over(world(cloudformation__list_stack_resources=listed(parts)))
    said = run("doctor", "-o", "json")
    [failed] = [line for line in of(said, "events") if line["state"] == "failed"]
    assert "no rule for API calls" in failed["said"]
    assert said.exit_code == 1


def test_what_cloudformation_deleted_again_is_no_part_of_the_stack(run, over):
    """A rollback leaves the resources that it deleted in the list."""
    rolled_back = with_status("ROLLBACK_COMPLETE")
    rolled_back["Stacks"][0]["Outputs"] = []
    gone = listed({"FindingsTable": "findings", "TransitionsTable": "transitions", **PARTS})
    for each in gone["StackResourceSummaries"]:
        each["ResourceStatus"] = "DELETE_COMPLETE"
    over(
        world(
            cloudformation__describe_stacks=rolled_back,
            cloudformation__list_stack_resources=gone,
        )
    )
    said = run("doctor", "-o", "json")
    assert said.exit_code == 1, said.output
    [outbox] = of(said, "outbox")
    assert outbox["state"] == "unknown"
    assert "has no FindingsTable" in outbox["said"]
    assert "ok" not in {line["state"] for line in lines(said) if line["check"] == "events"}
    found = run("findings", "--open")
    assert found.exit_code == 4
    assert "Its deployment is not complete: ROLLBACK_COMPLETE" in found.stderr
    assert "Fix: sam delete --stack-name readiness, then `sam deploy`" in found.stderr


def test_a_name_that_no_stack_can_have_is_no_stack(run, over):
    refused = error(
        "ValidationError",
        400,
        "1 validation error detected: Value 'a b' at 'stackName' failed to satisfy constraint",
    )
    over(world(cloudformation__describe_stacks=refused))
    found = run("findings", "--stack-name", "a b")
    assert found.exit_code == 4
    assert "There is no stack 'a b' in account" in found.stderr


def test_transitions_that_wait_are_told_with_their_age(run, over):
    row = {
        "finding_id": {"S": "abc"},
        "at": {"S": iso(NOON - timedelta(hours=1))},
        "kind": {"S": "OPENED"},
        "resource": {"S": f"{ACCOUNT_ID}/{HOME}/AWS::S3::Bucket/data"},
        "rule": {"S": "encryption.s3-kms"},
    }
    over(world(dynamodb__query=rows(sweeps=[swept(2)], waiting=[row])))
    said = run("doctor", "-o", "json")
    [line] = of(said, "outbox")
    assert line["state"] == "failed"
    assert "1 transitions wait since 2026-11-02T11" in line["said"]


def test_findings_that_stay_unknown_name_the_missing_actions(run, over):
    blind = finding(
        status="INSUFFICIENT_DATA",
        missing=("s3:GetEncryptionConfiguration", "kms:DescribeKey"),
        denied=("s3:GetEncryptionConfiguration",),
        blinded_at=NOON,
    )
    throttled = blind.but(rule="xray.tracing", missing=("xray:GetGroups",), denied=())
    heading = blind.but(rule=UNREADABLE)
    still_open = [to_item(each) for each in (blind, throttled, heading)]
    over(world(dynamodb__query=rows(sweeps=[swept(2)], still_open=still_open)))
    said = run("doctor", "-o", "json")
    [line, other] = of(said, "unknown")
    assert line["state"] == "warning"
    assert "encryption: 1 finding cannot be evaluated" in line["said"]
    assert "kms:DescribeKey" in line["said"]
    assert '"Action": ["s3:GetEncryptionConfiguration"]' in line["fix"]
    assert "without xray:GetGroups" in other["said"]
    assert other["fix"] == "readiness findings --open --heading xray", "no permission is missing"
