"""`readiness quiet`: windows that are announced, listed, ended, and that nobody forgets to end."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from readiness.alerting.quiet import windows
from tests.cli.test_waive import deploy


@pytest.fixture
def stack(account):
    deploy(account)
    return account


def test_a_window_is_announced_listed_and_ended(run, stack):
    made = run(
        "quiet", "--for", "1h30m", "--reason", "Upgrade", "--workload", "shop", "-o", "json"
    )
    assert made.exit_code == 0, made.stderr
    [row] = json.loads(made.stdout)
    assert (row["state"], row["reason"], row["workload"]) == ("on", "Upgrade", "shop")
    lasts = datetime.fromisoformat(row["until"]) - datetime.fromisoformat(row["since"])
    assert lasts == timedelta(minutes=90)
    described = stack.client("cloudformation").describe_stacks(StackName="readiness")
    outputs = {o["OutputKey"]: o["OutputValue"] for o in described["Stacks"][0]["Outputs"]}
    client = stack.client("dynamodb")
    [window] = windows(client, outputs["DeclarationsTable"], datetime.now(UTC))
    caller = stack.client("sts").get_caller_identity()["UserId"]
    assert (window.id, window.by) == (row["id"], caller)
    assert [each["id"] for each in json.loads(run("quiet", "-o", "json").stdout)] == [row["id"]]
    ended = run("quiet", "--end", row["id"])
    assert ended.exit_code == 0
    assert "over" in ended.stdout
    assert "No change window is on." in run("quiet").stdout
    again = run("quiet", "--end", row["id"])
    assert again.exit_code == 2
    assert "o change window with the id" in again.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--for", "2h"),
        ("--reason", "x"),
        ("--workload", "shop"),
        ("--for", "2h", "--reason", "x", "--workload", "s" * 513),
        ("--for", "25h", "--reason", "x"),
        ("--for", "0m", "--reason", "x"),
        ("--for", "", "--reason", "x"),
        ("--for", "forever", "--reason", "x"),
        ("--for", "2h", "--reason", " "),
        ("--end", "w1", "--for", "2h"),
    ],
)
def test_a_window_without_an_end_or_a_reason_is_refused(run, stack, arguments):
    said = run("quiet", *arguments)
    assert said.exit_code == 2
    assert json.loads(run("quiet", "-o", "json").stdout) == []
