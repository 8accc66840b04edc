"""`pagerduty-key`: the key goes from a prompt or a pipe into the secret, and is never seen."""

from __future__ import annotations

import json

import pytest

from readiness_cli import pagerduty_key as module

KEY = "R0UT1NGKEY" * 3 + "AB"


@pytest.fixture
def secrets(account, stack):
    """A secret without a value, as the template makes it."""
    client = account.client("secretsmanager")
    client.create_secret(Name=stack["PagerDutySecret"])
    return client


def stored(secrets, stack):
    return json.loads(secrets.get_secret_value(SecretId=stack["PagerDutySecret"])["SecretString"])


def test_a_key_from_a_pipe_goes_into_the_secret_and_nowhere_else(run, secrets, stack):
    result = run("pagerduty-key", input=f"{KEY}\n")
    assert result.exit_code == 0, result.output
    assert stored(secrets, stack) == {"default": KEY}
    assert KEY not in result.output
    assert stack["PagerDutySecret"] in result.stderr


def test_a_person_is_asked_without_the_answer_being_shown(run, secrets, stack, monkeypatch):
    asked = []
    monkeypatch.setattr(
        module.click, "prompt", lambda text, **how: asked.append((text, how)) or KEY
    )
    monkeypatch.setattr(module, "_is_person", lambda: True)
    assert run("pagerduty-key").exit_code == 0
    assert asked == [("Routing key", {"hide_input": True})]
    assert stored(secrets, stack) == {"default": KEY}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"default": "old"}', {"default": KEY}),
        ('{"default": "old", "team": "theirs"}', {"default": KEY, "team": "theirs"}),
        ("a-key-alone", {"default": KEY}),
        ('["list"]', {"default": KEY}),
    ],
)
def test_other_keys_stay(run, secrets, stack, before, after):
    secrets.put_secret_value(SecretId=stack["PagerDutySecret"], SecretString=before)
    assert run("pagerduty-key", input=KEY).exit_code == 0
    assert stored(secrets, stack) == after


@pytest.mark.parametrize("said", ["", "\n", "short", "https://events.pagerduty.com/x", "k" * 65])
def test_what_is_no_key_is_refused_and_changes_nothing(run, secrets, stack, said):
    secrets.put_secret_value(SecretId=stack["PagerDutySecret"], SecretString='{"default": "old"}')
    result = run("pagerduty-key", input=said)
    assert result.exit_code == 2
    assert "Fix: copy the key" in result.stderr
    assert stored(secrets, stack) == {"default": "old"}


def test_the_key_is_no_argument(run, secrets):
    result = run("pagerduty-key", KEY)
    assert result.exit_code == 2
    assert "unexpected extra argument" in result.stderr


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"default": "old"}', {"default": "old", "rest": "u+Rest_Key-of-twenty1"}),
        ("a-key-alone", {"default": "a-key-alone", "rest": "u+Rest_Key-of-twenty1"}),
        ('"in-quotes"', {"default": "in-quotes", "rest": "u+Rest_Key-of-twenty1"}),
        ("01234567", {"default": "01234567", "rest": "u+Rest_Key-of-twenty1"}),
        ("12345678", {"default": "12345678", "rest": "u+Rest_Key-of-twenty1"}),
    ],
)
def test_a_rest_key_leaves_the_routing_key_where_it_is(run, secrets, stack, before, after):
    secrets.put_secret_value(SecretId=stack["PagerDutySecret"], SecretString=before)
    said = run("pagerduty-key", "--rest", input="u+Rest_Key-of-twenty1\n")
    assert said.exit_code == 0, said.output
    assert stored(secrets, stack) == after
    assert "u+Rest" not in said.output


def test_a_rest_key_has_the_form_of_one(run, secrets):
    said = run("pagerduty-key", "--rest", input="Token token=abc\n")
    assert said.exit_code != 0
    assert "REST" in said.stderr
