"""Failures that are sent to where they could not be delivered, and limits that limit nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.error_handling.app import (
    asynchronous_failures,
    event_source_failures,
    event_source_retries,
    pipe_failures,
    rule_failures,
    schedule_failures,
    subscription_failures,
)
from readiness import Severity, Status
from tests.accounts.error_handling import (
    DEAD,
    FAILED,
    FUNCTION,
    OPERATORS,
    RULE,
    SUBSCRIBED,
    TOPIC,
    UUID,
    WORK,
    fake_account,
    invoke_config,
    mapping,
    pipe,
    schedule,
    target,
)
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, observe

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
TABLE_STREAM = f"arn:aws:dynamodb:{HOME}:{ACCOUNT_ID}:table/orders/stream/2026-01-01T00:00:00.000"
MSK = f"arn:aws:kafka:{HOME}:{ACCOUNT_ID}:cluster/orders/abc-1"
NEIGHBOUR = FUNCTION.replace(HOME, "eu-west-1")
DAY = 86_400


def judged(rule: Any, account: FakeAccount, id: str) -> tuple[Status, Severity | None, str]:
    seen = observe(account, rule, id)
    assert not seen.crash, seen.crash
    finding = seen.finding
    assert finding is not None
    return finding.status, finding.severity, finding.reason


def by(pattern: dict[str, Any], **changes: str) -> dict[str, str]:
    return {"Name": "a", "State": "ENABLED", "EventPattern": json.dumps(pattern)} | changes


def of_rule(to: str) -> FakeAccount:
    return fake_account().but(events__list_targets_by_rule={"Targets": [target(Arn=to)]})


def of_schedule(to: str) -> FakeAccount:
    listed = {"Name": "nightly", "GroupName": "default", "State": "ENABLED", "Target": {"Arn": to}}
    return fake_account().but(
        scheduler__list_schedules={"Schedules": [listed]},
        scheduler__get_schedule=schedule(Arn=to),
    )


def of_subscription(to: str) -> FakeAccount:
    subscribed = SUBSCRIBED | {"Protocol": "sqs", "Endpoint": to}
    return fake_account().but(
        sns__list_subscriptions={"Subscriptions": [subscribed]},
        sns__list_subscriptions_by_topic={"Subscriptions": [subscribed]},
    )


def of_pipe(to: str) -> FakeAccount:
    return fake_account().but(pipes__describe_pipe=pipe() | {"Target": to})


@pytest.mark.parametrize(
    ("rule", "id", "made", "own"),
    [
        pytest.param(rule_failures, RULE, of_rule, DEAD, id="rule"),
        pytest.param(schedule_failures, "default", of_schedule, DEAD, id="schedule"),
        pytest.param(subscription_failures, TOPIC, of_subscription, DEAD, id="subscription"),
        pytest.param(pipe_failures, "clicks", of_pipe, FAILED, id="pipe"),
    ],
)
def test_a_dead_letter_queue_is_not_what_could_not_be_reached(rule, id, made, own):
    status, severity, reason = judged(rule, made(own), id)
    assert (status, severity) == (BAD, Severity.HIGH), reason
    assert "kept nowhere" in reason
    assert judged(rule, made(WORK), id)[0] is GOOD


@pytest.mark.parametrize(
    ("destination", "status"),
    [(FUNCTION, BAD), (f"{FUNCTION}:other", BAD), (NEIGHBOUR, GOOD)],
    ids=["itself", "itself by an alias", "its namesake elsewhere"],
)
def test_a_function_does_not_take_its_own_failures(destination, status):
    account = fake_account().but(
        lambda__list_function_event_invoke_configs={
            "FunctionEventInvokeConfigs": [invoke_config(destination=destination)]
        }
    )
    found = judged(asynchronous_failures, account, "agent")
    assert (found[0], "to the function itself" in found[2]) == (status, status is BAD), found


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        pytest.param([by({"source": ["lambda"]})], GOOD, id="a rule"),
        pytest.param([by({"source": [{"prefix": ""}]})], GOOD, id="a rule on everything"),
        pytest.param([by({"detail-type": [{"prefix": "Lambda Function Invocation"}]})], GOOD, id="by type"),
        pytest.param([by({"account": [ACCOUNT_ID]})], GOOD, id="by account"),
        pytest.param([by({"detail": {"requestContext": {"condition": ["RetriesExhausted"]}}})], GOOD, id="by detail"),
        pytest.param([by({"replay-name": [{"exists": False}]}, ManagedBy="prod.vhs.events")], GOOD, id="that of an archive"),
        pytest.param([by({"source": ["aws.guardduty"]})], BAD, id="one on something else"),
        pytest.param([by({"source": ["aws.lambda"]})], BAD, id="one on another source of Lambda's"),
        pytest.param([by({"detail-type": ["Lambda Function Invocation Result - Success"]})], BAD, id="one on success"),
        pytest.param([{"Name": "a", "State": "ENABLED", "ScheduleExpression": "rate(1 day)"}], BAD, id="a schedule"),
        pytest.param([by({"source": ["aws.guardduty"]}), by({"source": ["lambda"]})], GOOD, id="one of two"),
        pytest.param([by({"source": ["lambda"]}, State="DISABLED")], BAD, id="one that is off"),
        pytest.param([], BAD, id="none"),
    ],
)  # fmt: skip
def test_a_bus_that_nothing_reads_keeps_nothing(rules, status):
    bus = f"arn:aws:events:{HOME}:{ACCOUNT_ID}:event-bus/failed"
    account = fake_account().but(
        events__list_rules={"Rules": rules},
        lambda__list_function_event_invoke_configs={
            "FunctionEventInvokeConfigs": [invoke_config(destination=bus)]
        },
    )
    found = judged(asynchronous_failures, account, "agent")
    assert (found[0], "no enabled rule" in found[2]) == (status, status is BAD), found


@pytest.mark.parametrize(
    ("source", "age", "status"),
    [
        pytest.param(TABLE_STREAM, DAY - 1, GOOD, id="before the stream forgets it"),
        pytest.param(TABLE_STREAM, DAY, BAD, id="when the stream forgets it"),
        pytest.param(TABLE_STREAM, 7 * DAY, BAD, id="long after"),
        pytest.param(mapping()["EventSourceArn"], 7 * DAY, GOOD, id="Kinesis may keep it longer"),
    ],
)
def test_an_age_that_no_record_reaches_is_no_limit(source, age, status):
    about = {"MaximumRetryAttempts": -1, "MaximumRecordAgeInSeconds": age}
    fed = mapping(EventSourceArn=source, **about)
    account = fake_account().but(
        lambda__list_event_source_mappings={"EventSourceMappings": [fed]},
        lambda__get_event_source_mapping=fed,
    )
    assert judged(event_source_failures, account, UUID)[0] is status
    if source == TABLE_STREAM:
        parameters = {"StartingPosition": "LATEST", "DeadLetterConfig": {"Arn": FAILED}} | about
        piped = pipe() | {
            "Source": source,
            "SourceParameters": {"DynamoDBStreamParameters": parameters},
        }
        account = fake_account().but(pipes__describe_pipe=piped)
        assert judged(pipe_failures, account, "clicks")[0] is status


def of_kafka(source: str, mode: str = "", destination: str = "") -> FakeAccount:
    """A mapping that reads a topic of MSK, or of a cluster outside AWS where no source is given."""
    own = {"ConsumerGroupId": "orders"} | ({"ConsumptionMode": mode} if mode else {})
    found = mapping(
        Topics=["orders"],
        DestinationConfig={"OnFailure": {"Destination": destination} if destination else {}},
        **(
            {"AmazonManagedKafkaEventSourceConfig": own}
            if source
            else {
                "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["a:9092"]}},
                "SelfManagedKafkaEventSourceConfig": own,
            }
        ),
    )
    limits = ("MaximumRetryAttempts", "MaximumRecordAgeInSeconds", "FunctionResponseTypes")
    found = {name: value for name, value in found.items() if name not in limits}
    if source:
        found["EventSourceArn"] = source
    else:
        del found["EventSourceArn"]
    return fake_account().but(
        lambda__list_event_source_mappings={"EventSourceMappings": [found]},
        lambda__get_event_source_mapping=found,
    )


@pytest.mark.parametrize(
    ("account", "failures", "words"),
    [
        pytest.param(of_kafka(MSK), BAD, "shard waits", id="MSK without a destination"),
        pytest.param(of_kafka(MSK, destination=OPERATORS), GOOD, "", id="MSK with one"),
        pytest.param(of_kafka("", "Stream"), BAD, "shard waits", id="outside AWS, in order"),
        pytest.param(of_kafka("", "Queue", OPERATORS), GOOD, "", id="outside AWS, as a queue"),
    ],
)
def test_topics_of_kafka(account, failures, words):
    found = judged(event_source_failures, account, UUID)
    assert (found[0], words in found[2]) == (failures, True), found
    assert judged(event_source_retries, account, UUID)[0] is GOOD
