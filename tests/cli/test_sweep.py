"""`readiness sweep`: a sweep of the deployed stack begins now, if none runs."""

from __future__ import annotations

import json
from datetime import timedelta, timezone

from tests.cli.doctored import MACHINE, described
from tests.fake_account import NOON, FakeAccount, error

RUNNING = MACHINE.replace("stateMachine", "execution") + ":at-work"
DESCRIBED = ("cloudformation", "describe_stacks")
LISTED = ("stepfunctions", "list_executions")
STARTED = ("stepfunctions", "start_execution")


def begun(**asked):
    assert asked["stateMachineArn"] == MACHINE
    arn = MACHINE.replace("stateMachine", "execution")
    return {"executionArn": f"{arn}:{asked['name']}", "startDate": NOON}


def missing():
    return error("ValidationError", 400, "Stack with id readiness does not exist")


def of_state(*running):
    return {
        DESCRIBED: described(),
        LISTED: {
            "executions": [
                {
                    "executionArn": each,
                    "stateMachineArn": MACHINE,
                    "name": each.rpartition(":")[2],
                    "status": "RUNNING",
                    "startDate": NOON,
                }
                for each in running
            ]
        },
    }


def test_a_sweep_begins(run, over):
    account = over(FakeAccount(of_state() | {STARTED: begun}))
    done = run("sweep", "-o", "json")
    assert done.exit_code == 0, done.output
    [row] = json.loads(done.stdout)
    assert row["started"] is True
    assert row["execution"].startswith(MACHINE.replace("stateMachine", "execution") + ":asked-")
    assert "readiness doctor" in done.stderr
    assert account.calls.count(STARTED) == 1


def test_where_one_runs_none_is_started(run, over):
    account = over(FakeAccount(of_state(RUNNING)))
    done = run("sweep")
    assert (done.exit_code, done.stdout) == (0, f"{RUNNING}\n")
    assert f"a sweep runs since {NOON:%Y-%m-%d %H:%M} UTC" in done.stderr
    assert STARTED not in account.calls


def test_its_beginning_is_said_in_utc_wherever_the_computer_stands(run, over):
    answers = of_state(RUNNING)
    [running] = answers[LISTED]["executions"]
    running["startDate"] = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    over(FakeAccount(answers))
    assert f"since {NOON:%Y-%m-%d %H:%M} UTC" in run("sweep").stderr


def test_an_arn_is_one_line_however_long(run, over):
    over(FakeAccount(of_state(f"{RUNNING}-{'x' * 60}")))
    assert run("sweep", columns="40").stdout == f"{RUNNING}-{'x' * 60}\n"


def test_without_a_stack_it_says_so(run, over):
    over(FakeAccount({DESCRIBED: lambda **_: missing()}))
    done = run("sweep", "--stack-name", "readiness")
    assert done.exit_code == 4
    assert "There is no stack 'readiness'" in done.stderr


def test_what_is_denied_is_named(run, over):
    denied = error("AccessDeniedException", 400)
    over(FakeAccount(of_state() | {STARTED: denied}))
    done = run("sweep")
    assert done.exit_code == 4
    assert "AWS refused the call" in done.stderr
