"""`resolve-all`: what the stack has open at PagerDuty is resolved, and only that."""

from __future__ import annotations

import json

import pytest

from readiness.alerting.incidents import Incidents
from readiness.alerting.pagerduty import EventsApi, Reply
from readiness.engine.store import Store
from tests.cli.conftest import deploy
from tests.findings import BUCKET, finding

TAKEN = Reply(202, '{"status": "success"}')


@pytest.fixture
def said(monkeypatch):
    """What PagerDuty was sent; it takes everything."""
    sent = []
    monkeypatch.setattr("readiness.alerting.resolving.PACE_SECONDS", 0)
    monkeypatch.setattr(EventsApi, "send", lambda self, event: sent.append(event) or TAKEN)
    return sent


@pytest.fixture
def incidents(account, stack):
    store = Store(account.client("dynamodb"), stack["FindingsTable"], stack["TransitionsTable"])
    store.record(finding(), None)
    marks = Incidents(store)
    marks.mark(BUCKET, finding().rule, finding().dedup_key)
    account.client("secretsmanager").create_secret(
        Name=stack["PagerDutySecret"], SecretString='{"default": "K3Y"}'
    )
    return marks


def test_they_are_resolved_with_the_key_of_the_stack(run, incidents, said):
    done = run("resolve-all", "-o", "json")
    assert done.exit_code == 0, done.output
    [row] = json.loads(done.stdout)
    assert (row["result"], row["dedup_key"]) == ("resolved", finding().dedup_key)
    [event] = said
    assert (event["event_action"], event["routing_key"]) == ("resolve", "K3Y")
    assert event["payload"]["class"] == finding().rule
    assert list(incidents.all()) == []
    assert not incidents.is_closing()
    assert "no incident open" in run("resolve-all").stdout


def test_before_a_deletion_no_more_are_opened(run, incidents, said):
    assert run("resolve-all", "--before-delete").exit_code == 0
    assert incidents.is_closing()


def test_a_dry_run_lists(run, incidents, said):
    listed = run("resolve-all", "--dry-run")
    assert "would be resolved" in listed.stdout
    assert listed.stderr == "1 incident would be resolved\n"
    assert said == []
    assert len(list(incidents.all())) == 1


def test_what_pagerduty_refuses_is_left(run, incidents, monkeypatch):
    monkeypatch.setattr("readiness.alerting.resolving.PACE_SECONDS", 0)
    monkeypatch.setattr(EventsApi, "send", lambda self, event: Reply(404, "what?"))
    done = run("resolve-all")
    assert done.exit_code == 3
    assert "404" in done.stdout
    assert len(list(incidents.all())) == 1


def test_a_mark_that_cannot_be_read_is_said_and_left(run, incidents, said, account, stack):
    row = {"finding_id": {"S": "incidents#a"}, "at": {"S": "abcdef123456"}, "kind": {"S": "?"}}
    account.client("dynamodb").put_item(TableName=stack["TransitionsTable"], Item=row)
    done = run("resolve-all")
    assert done.exit_code == 3
    assert "abcdef123456" in done.stderr
    assert len(said) == 1, "the other one is resolved"


def test_without_a_key_it_says_what_to_do(run, account, stack, incidents, said):
    for _ in ("now", "and before"):
        account.client("secretsmanager").put_secret_value(
            SecretId=stack["PagerDutySecret"], SecretString="{}"
        )
    done = run("resolve-all")
    assert done.exit_code == 4
    assert "no routing key" in done.stderr


@pytest.mark.parametrize("options", [(), ("--dry-run",), ("--before-delete",)], ids=" ".join)
def test_what_a_pasted_url_opened_is_not_taken_for_resolved(run, account, said, options):
    """The queue, and with it the list of what is open, is not used then."""
    deploy(account, PagerDutyIntegrationUrl="https://events.pagerduty.com/x")
    done = run("resolve-all", *options)
    assert done.exit_code == 3
    assert "knows of no incident" in done.stdout
    assert "resolve it at PagerDuty" in done.stderr
