"""An emergency in the embedded AWS: the plan, the apply, and the way back."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from readiness_cli.demo.emulator import ACCOUNT

pytestmark = pytest.mark.e2e

FUNCTION = "emergency-agent"
OFTEN = {"Delay": 1, "MaxAttempts": 120}


@pytest.fixture
def agent(account):
    """A function whose alias `live` points to the second of two versions."""
    clients = account.stack.aws.client
    role = f"arn:aws:iam::{ACCOUNT}:role/{account.stack.resources['UpkeepRole']}"
    client = clients("lambda")
    for number, text in enumerate(("1", "2"), 1):
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("app.py", f"def handler(event, context):\n    return {text}\n")
        if number == 1:
            client.create_function(
                FunctionName=FUNCTION,
                Runtime="python3.13",
                Role=role,
                Handler="app.handler",
                Code={"ZipFile": code.getvalue()},
            )
            client.get_waiter("function_active_v2").wait(FunctionName=FUNCTION, WaiterConfig=OFTEN)
        else:
            client.update_function_code(FunctionName=FUNCTION, ZipFile=code.getvalue())
            client.get_waiter("function_updated_v2").wait(
                FunctionName=FUNCTION, WaiterConfig=OFTEN
            )
        # The embedded AWS keeps in a version the state that the function had when it was published.
        client.publish_version(FunctionName=FUNCTION)
    client.create_alias(FunctionName=FUNCTION, Name="live", FunctionVersion="2")
    yield client
    client.delete_function(FunctionName=FUNCTION)


def test_a_function_is_rolled_back_and_restored(agent, cli):
    def command(*words, code=0):
        done = cli("emergency", *words, "-o", "json")
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)[0] if done.stdout else {}

    def answer():
        said = agent.invoke(FunctionName=FUNCTION, Qualifier="live", Payload=b"{}")
        return json.loads(said["Payload"].read())

    assert answer() == 2
    words = ("lambda-rollback", FUNCTION, "--alias", "live")
    plan = command(*words)
    assert answer() == 2, "a plan changes nothing"
    saved = command(*words, "--apply", plan["token"], "--reason", "it answers 2")
    assert answer() == 1
    assert saved["before"]["version"] == "2"
    command(*words, "--apply", plan["token"], "--reason", "again", code=1)
    plan = command("restore", saved["id"])
    ended = command("restore", saved["id"], "--apply", plan["token"], "--reason", "mended")
    assert ended["state"] == "restored"
    assert answer() == 2
