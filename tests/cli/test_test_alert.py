"""`test-alert`: it proves the whole way, says where it ends, and leaves nothing open."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest

from functions.support.app import support
from readiness.engine.declare import Declarations
from readiness.engine.store import Store
from readiness.model.verdict import Status
from readiness_cli import catalogue
from readiness_cli import test_alert as module


class Pipeline:
    """What the deployed functions do, each time the command waits."""

    def __init__(self, account, stack):
        self.store = Store(
            account.client("dynamodb"), stack["FindingsTable"], stack["TransitionsTable"]
        )
        self.logs = account.client("logs")
        self.group = stack["Logs"]
        self.logs.create_log_stream(logGroupName=self.group, logStreamName="pager")
        self.publishes = True
        self.says = lambda finding, action: {
            "message": "paged",
            "action": action,
            "finding_id": finding.id,
            "dedup_key": finding.dedup_key,
        }
        self.seen = []

    def __call__(self, seconds):
        later = datetime(2100, 1, 1, tzinfo=UTC)
        for entry in list(self.store.unpublished(later)) if self.publishes else []:
            self.store.mark_published(entry, datetime.now(UTC), "alert")
            [finding] = self.store.all()
            self.seen.append(finding)
            action = "trigger" if finding.is_open else "resolve"
            self.log({"service": "readiness-pagerduty", **self.says(finding, action)})

    def log(self, record):
        event = {"timestamp": int(time.time() * 1000) + 1000, "message": json.dumps(record)}
        self.logs.put_log_events(logGroupName=self.group, logStreamName="pager", logEvents=[event])


@pytest.fixture
def pipeline(account, stack, monkeypatch):
    made = Pipeline(account, stack)
    monkeypatch.setattr(module.time, "sleep", made)
    sqs = account.client("sqs")
    arn = sqs.get_queue_attributes(QueueUrl=stack["PagesQueue"], AttributeNames=["QueueArn"])
    account.client("sns").subscribe(
        TopicArn=stack["AlertsTopic"], Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"]
    )
    return made


def test_it_triggers_resolves_and_leaves_nothing(run, pipeline):
    said = run("test-alert", "-o", "json")
    assert said.exit_code == 0, said.stderr
    assert [(step["step"], step["ok"]) for step in json.loads(said.stdout)] == [
        ("published (trigger)", True),
        ("paged (trigger)", True),
        ("published (resolve)", True),
        ("paged (resolve)", True),
    ]
    assert list(pipeline.store.all()) == []


@pytest.fixture
def rules(monkeypatch):
    """The catalogue holds the heading whose evidence a test alert is."""
    monkeypatch.setattr(catalogue, "folders", lambda: ("support",))
    monkeypatch.setattr(catalogue, "heading", lambda folder: support)


def recorded(account, stack):
    declarations = Declarations(account.client("dynamodb"), stack["DeclarationsTable"])
    return list(declarations.of_rule(module.PROVES))


def test_it_records_an_accepted_page_for_another_person_to_acknowledge(
    run, pipeline, rules, account, stack
):
    said = run("test-alert", "--owner", "team@example.com")
    assert said.exit_code == 0, said.stderr
    [statement] = recorded(account, stack)
    assert (statement.result, statement.owner) == ("pass", "team@example.com")
    assert "PagerDuty accepted the trigger" in statement.statement
    assert f"readiness attest approve {statement.id}" in said.stderr
    assert not statement.approved_by_id


def test_it_records_that_a_page_did_not_arrive(run, pipeline, rules, account, stack):
    pipeline.says = lambda finding, action: {
        "message": "no usable routing key",
        "reason": "the secret is empty",
    }
    said = run("test-alert", "--wait", "1", "--owner", "team@example.com")
    assert said.exit_code == 1
    [statement] = recorded(account, stack)
    assert statement.result == "fail"
    assert "the secret is empty" in statement.statement


def test_it_records_nothing_unless_asked(run, pipeline, rules, account, stack):
    assert run("test-alert").exit_code == 0
    assert recorded(account, stack) == []


def test_a_topic_without_the_pagers_queue_proves_nothing(
    run, pipeline, rules, account, stack, monkeypatch
):
    monkeypatch.setattr(module, "subscribers", lambda aws, stored: (False, 1))
    said = run("test-alert", "--owner", "team@example.com")
    assert said.exit_code == 1
    assert "not recorded" in said.stderr
    assert recorded(account, stack) == []


def test_it_says_that_it_is_a_test(run, pipeline):
    run("test-alert")
    first = pipeline.seen[0]
    assert first.reason.startswith("TEST ALERT, no action needed")
    assert (first.severity, first.status) == ("CRITICAL", Status.NON_COMPLIANT)
    assert first.resource.type == "Readiness::Test::Alert"


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (
            {"message": "no usable routing key", "reason": "the secret is empty"},
            "the secret is empty",
        ),
        ({"message": "PagerDuty refuses the event", "answer": "400"}, "400"),
    ],
)
def test_a_pager_that_does_not_page_is_told_with_its_reason(run, pipeline, record, told):
    pipeline.says = lambda finding, action: {"finding_id": finding.id, **record}
    said = run("test-alert", "--wait", "1")
    assert said.exit_code == 1
    assert "was not paged (trigger)" in said.stderr
    assert told in said.stderr
    [left] = pipeline.store.all()
    assert (left.status, left.gone) == (Status.COMPLIANT, True)


def test_a_stream_that_stands_still_is_told(run, pipeline, monkeypatch):
    pipeline.publishes = False
    ticks = iter(range(1000))
    monkeypatch.setattr(module.time, "monotonic", lambda: float(next(ticks)))
    said = run("test-alert", "--wait", "5")
    assert said.exit_code == 1
    assert "not published within 5 s" in said.stderr
    assert {f.is_open for f in pipeline.store.all()} == {False}


def test_another_findings_page_proves_nothing(run, pipeline):
    pipeline.says = lambda finding, action: {
        "message": "paged",
        "action": action,
        "finding_id": "somebody else",
    }
    said = run("test-alert", "--wait", "1")
    assert said.exit_code == 1
    assert "logged nothing within 1 s" in said.stderr


def test_without_subscribers_it_does_not_pretend(run, stack):
    said = run("test-alert")
    assert said.exit_code == 1
    assert "has no confirmed subscriber" in said.stderr


class Asked:
    """PagerDuty, which says the same each time."""

    def __init__(self, who):
        self.who = who
        self.keys = set()

    def of(self, dedup_key):
        self.keys.add(dedup_key)
        return self.who


@pytest.mark.parametrize(
    ("who", "result", "bound"),
    [("Ada (PXPGF42)", "pass", {"acknowledged_by": "Ada (PXPGF42)"}), ("", "fail", {})],
)
def test_it_waits_for_who_was_paged(
    run, pipeline, rules, account, stack, monkeypatch, who, result, bound
):
    asked = Asked(who)
    monkeypatch.setattr(module.Acknowledgements, "of_stack", lambda aws, stack: asked)
    options = ("--acknowledged", "--wait", "1", "--owner", "team@example.com")
    said = run("test-alert", *options)
    assert said.exit_code == (0 if who else 1), said.stderr
    assert asked.keys == {pipeline.seen[0].dedup_key}
    [statement] = recorded(account, stack)
    assert (statement.result, dict(statement.bound_to)) == (result, bound)


def test_it_does_not_wait_for_an_acknowledgement_without_a_key(run, pipeline, account, stack):
    account.client("secretsmanager").create_secret(
        Name=stack["PagerDutySecret"], SecretString='{"default": "R0UT1NGKEY"}'
    )
    said = run("test-alert", "--acknowledged")
    assert said.exit_code != 0
    assert "no REST key" in said.stderr
    assert pipeline.seen == []
