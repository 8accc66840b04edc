"""Who sends failures to a queue, and which calls say so."""

from __future__ import annotations

import json

import pytest

from functions.alarms.app import dead_letter_alarms, queue_age
from readiness import Status
from readiness.engine.aws import Aws
from readiness.evidence.sqs.dead_letters import DeadLetters
from readiness.evidence.workloads.dead_letter_paths import DeadLetterPaths, queue_for_failures
from readiness.model.resource import Resource
from tests.accounts import alarms as worlds
from tests.fake_account import ACCOUNT_ID, HOME, NOON, error, observe

WORK = f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:work"
FUNCTION = f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:agent"
FAILURE = {"OnFailure": {"Destination": WORK}}
DEAD = {"DeadLetterConfig": {"Arn": WORK}}
OTHER = WORK.replace(HOME, "eu-west-1")


def load(cls, type_, id, account, *, bulk=False):
    aws = Aws(account, account=ACCOUNT_ID, region=HOME, now=lambda: NOON, bulk=bulk)
    return aws.evidence(cls, Resource(ACCOUNT_ID, HOME, type_, id), {}).evidence


def redrive(arn=WORK):
    return {"Attributes": {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn})}}


def pipe(parameters, source=worlds.STREAM):
    return {
        "pipes__list_pipes": {"Pipes": [{"Name": "clicks", "Source": source}]},
        "pipes__describe_pipe": {"Name": "clicks", "SourceParameters": parameters},
    }


PATHS = [
    pytest.param(
        {
            "lambda__list_functions": {
                "Functions": [{"FunctionName": "agent", "DeadLetterConfig": {"TargetArn": WORK}}]
            }
        },
        "function agent",
        id="a function's dead-letter queue",
    ),
    pytest.param(
        {
            "lambda__list_function_event_invoke_configs": {
                "FunctionEventInvokeConfigs": [
                    {"FunctionArn": f"{FUNCTION}:live", "DestinationConfig": FAILURE}
                ]
            }
        },
        "function agent",
        id="asynchronous invocations of an alias",
    ),
    pytest.param(
        {
            "lambda__list_event_source_mappings": {
                "EventSourceMappings": [{**worlds.MAPPING, "DestinationConfig": FAILURE}]
            }
        },
        "event source of function agent",
        id="an event source mapping",
    ),
    pytest.param(
        {"sns__get_subscription_attributes": redrive()}, "subscription of topic alerts", id="SNS"
    ),
    pytest.param(
        {"events__list_targets_by_rule": {"Targets": [{"Id": "1", "Arn": FUNCTION, **DEAD}]}},
        "EventBridge rule hourly",
        id="EventBridge",
    ),
    pytest.param(
        {
            "scheduler__get_schedule": {
                **worlds.SCHEDULE,
                "Target": {**worlds.SCHEDULE["Target"], **DEAD},
            }
        },
        "schedule nightly",
        id="Scheduler",
    ),
    pytest.param(
        pipe({"KinesisStreamParameters": {"StartingPosition": "LATEST", **DEAD}}),
        "pipe clicks",
        id="a Kinesis pipe",
    ),
    pytest.param(
        pipe(
            {"DynamoDBStreamParameters": {"StartingPosition": "LATEST", **DEAD}},
            f"arn:aws:dynamodb:{HOME}:{ACCOUNT_ID}:table/t/stream/1",
        ),
        "pipe clicks",
        id="a DynamoDB pipe",
    ),
]


@pytest.mark.parametrize("bulk", [False, True], ids=["one", "all"])
@pytest.mark.parametrize(("answers", "sender"), PATHS)
def test_who_sends_failures_to_a_queue(answers, sender, bulk):
    account = worlds.fake_account().but(**answers)
    found = load(DeadLetters, "AWS::SQS::Queue", "work", account, bulk=bulk)
    assert found.sources == (sender,)


@pytest.mark.parametrize(("answers", "sender"), PATHS)
def test_a_queue_that_takes_failures_needs_an_alarm_on_its_messages(answers, sender):
    account = worlds.fake_account().but(**answers)
    assert observe(account, dead_letter_alarms, "work").finding.status is Status.NON_COMPLIANT
    assert observe(account, queue_age, "work").finding.status is Status.NOT_APPLICABLE


def test_a_queue_of_another_region_is_another_queue():
    account = worlds.fake_account().but(sns__get_subscription_attributes=redrive(OTHER))
    assert load(DeadLetters, "AWS::SQS::Queue", "work", account).sources == ()


def test_schedules_alike_are_read_twice_and_others_once():
    names = [worlds.listed_schedule(Name=f"s{n}") for n in range(50)]
    account = worlds.fake_account().but(
        scheduler__list_schedules={
            "Schedules": [*names, worlds.listed_schedule(Name="x", GroupName="other")]
        }
    )
    load(DeadLetterPaths, "AWS::::Account", ACCOUNT_ID, account)
    assert account.calls.count(("scheduler", "get_schedule")) == 3


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("lambda__list_function_event_invoke_configs", "ResourceNotFoundException"),
        ("sns__get_subscription_attributes", "NotFound"),
        ("events__list_targets_by_rule", "ResourceNotFoundException"),
        ("scheduler__get_schedule", "ResourceNotFoundException"),
        ("pipes__describe_pipe", "NotFoundException"),
    ],
)
def test_what_was_deleted_since_it_was_listed_sends_nothing(operation, code):
    account = worlds.fake_account().but(**{operation: error(code)})
    assert load(DeadLetterPaths, "AWS::::Account", ACCOUNT_ID, account).senders == {}


@pytest.mark.parametrize(
    ("parameters", "queue"),
    [
        ({"deadLetterConfig": {"targetArn": WORK}}, "work"),
        ({"destinationConfig": {"onFailure": {"destination": WORK}}}, "work"),
        ({"targets": [{"arn": FUNCTION}, {"deadLetterConfig": {"arn": WORK}}]}, "work"),
        (
            {
                "attributeName": "RedrivePolicy",
                "attributeValue": json.dumps({"deadLetterTargetArn": WORK}),
            },
            "work",
        ),
        ({"attributes": {"RedrivePolicy": json.dumps({"deadLetterTargetArn": WORK})}}, "work"),
        ({"target": {"arn": WORK}}, None),
        ({"eventSourceArn": WORK}, None),
        ({"deadLetterConfig": {"targetArn": worlds.TOPIC}}, None),
        ({"deadLetterConfig": None}, None),
        (None, None),
    ],
)
def test_the_queue_that_a_call_names_for_failures(parameters, queue):
    assert queue_for_failures({"requestParameters": parameters}) == queue
