"""`doctor` on permissions: whose credentials are simulated, and what stays unknown."""

from __future__ import annotations

import pytest

from readiness_cli import session
from readiness_cli.doctor import account, permissions
from readiness_cli.doctor.check import Examined
from tests.cli.doctored import ROLE, lines, moved, no_stack, of, simulated, world
from tests.fake_account import ACCOUNT_ID, FAULTS


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_the_account_is_checked_although_nobody_may_ask_for_the_stack(run, over, fault):
    fake = over(world())
    fake.faults["cloudformation", "describe_stacks"] = FAULTS[fault]
    said = run("doctor", "-o", "json")
    assert said.exit_code == 3, said.output
    [line] = of(said, "stack")
    assert line["state"] == "unknown"
    assert "cloudformation:DescribeStacks" in line["said"]
    assert {each["check"] for each in lines(said)} >= {check.name for check in account.CHECKS}


def test_every_call_that_is_denied_is_unknown_and_never_ok(run, over):
    fake = over(world())
    run("doctor")
    first = {("sts", "get_caller_identity"), ("cloudformation", "describe_stacks")}
    for call in set(fake.calls) - first:
        fake = over(world())
        fake.faults[call] = FAULTS["denied"]
        said = run("doctor", "-o", "json")
        assert said.exit_code == 3, (call, said.output)
        unknown = [line for line in lines(said) if line["state"] == "unknown"]
        assert any("was denied" in line["said"] for line in unknown), call
        assert all(line["fix"].startswith("allow ") for line in unknown), call


def test_an_action_that_the_simulator_does_not_answer_is_not_allowed(run, over):
    def half(**asked):
        return {"EvaluationResults": simulated()(**asked)["EvaluationResults"][1:]}

    over(world(iam__simulate_principal_policy=half))
    [line] = of(run("doctor", "-o", "json"), "permissions")
    assert line["state"] == "unknown"


def test_the_simulator_is_told_in_which_region_each_call_is_made(over):
    """A boundary that allows one region only would otherwise deny every action."""
    regions = {}

    def simulate(**call):
        [entry] = call["ContextEntries"]
        assert entry["ContextKeyName"] == "aws:RequestedRegion"
        regions.update(dict.fromkeys(call["ActionNames"], entry["ContextKeyValues"]))
        return simulated()(**call)

    over(world(iam__simulate_principal_policy=simulate))
    examined = Examined(moved(session.connect(None, None), "eu-west-1"), (), "readiness")
    assert not permissions.denied_actions(examined, ROLE, ["s3:GetX", "iam:GetX", "ec2:GetX"])
    assert regions == {
        "s3:GetX": ["eu-west-1"],
        "ec2:GetX": ["eu-west-1"],
        "iam:GetX": ["us-east-1"],
    }


def test_credentials_that_cannot_be_simulated_are_unknown(run, over):
    root = {"Account": ACCOUNT_ID, "Arn": f"arn:aws:iam::{ACCOUNT_ID}:root", "UserId": ACCOUNT_ID}
    over(world(sts__get_caller_identity=root, cloudformation__describe_stacks=no_stack))
    said = run("doctor", "-o", "json")
    [line] = of(said, "permissions")
    assert line["state"] == "unknown"
    assert "readiness scan" in line["fix"]
    assert said.exit_code == 3


def test_the_role_behind_a_session_is_simulated_with_its_path(run, over):
    asked = []

    def simulate(**call):
        asked.append(call["PolicySourceArn"])
        return simulated()(**call)

    over(
        world(
            iam__simulate_principal_policy=simulate,
            cloudformation__describe_stacks=no_stack,
        )
    )
    run("doctor")
    assert set(asked) == {f"arn:aws:iam::{ACCOUNT_ID}:role/team/Admin"}


def test_a_page_of_actions_is_simulated_at_a_time(over):
    sizes = []

    def simulate(**call):
        sizes.append(len(call["ActionNames"]))
        return simulated("s3:Get149")(**call)

    over(world(iam__simulate_principal_policy=simulate))
    examined = Examined(session.connect(None, None), (), "readiness")
    actions = [f"s3:Get{number}" for number in range(150)]
    assert permissions.denied_actions(examined, ROLE, actions) == {"s3:Get149"}
    assert sizes == [100, 50]
