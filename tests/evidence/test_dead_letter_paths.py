"""Who sends failures to a queue, and which calls say so."""

from __future__ import annotations

import json
import zlib

import pytest

from functions.alarms.rules_of_errors_and_latency import dead_letter_alarms, queue_age
from readiness import Status
from readiness.engine.aws import Aws
from readiness.engine.aws_errors import Postponed
from readiness.engine.daily_cache import NotCached
from readiness.engine.pacing import OutOfTime
from readiness.evidence.awslambda.asynchronous import AsynchronousUse
from readiness.evidence.day_parts import _part_of
from readiness.evidence.sqs.dead_letters import DeadLetters
from readiness.evidence.stepfunctions import RunDefinitions
from readiness.evidence.workloads.dead_letter_paths import DeadLetterPaths, queue_for_failures
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone, Unreadable
from tests.accounts import alarms as worlds
from tests.accounts import error_handling as errors
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
        {"events__describe_event_bus": {"Name": "default", **DEAD}},
        "event bus default",
        id="an event bus",
    ),
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
        {
            "events__list_rules": {"Rules": [{"Name": "hourly"}]},
            "events__list_targets_by_rule": {"Targets": [{"Id": "1", "Arn": FUNCTION, **DEAD}]},
        },
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


class Day:
    """A daily cache in memory: what was asked to its end is known."""

    def __init__(self):
        self.known = {}

    def daily(self, question, now, ask):
        if question not in self.known:
            if ask is None:
                raise NotCached("not yet")
            self.known[question] = ask()
        return self.known[question]

    def amend(self, question, now, changes):
        if question in self.known:
            self.known[question] |= changes


def many_functions(count, asked, *, turns, sender="agent-007"):
    """An account of so many functions, which is answered ``turns`` times about their failures."""

    def invoke_configs(**params):
        if len(asked) >= turns:
            raise OutOfTime(name="Lambda control plane", seconds=60)
        asked.append(params["FunctionName"])
        found = [{"DestinationConfig": FAILURE}] if params["FunctionName"] == sender else []
        return {"FunctionEventInvokeConfigs": found}

    return worlds.fake_account().but(
        lambda__list_functions={
            "Functions": [{"FunctionName": f"agent-{number:03}"} for number in range(count)]
        },
        lambda__list_function_event_invoke_configs=invoke_configs,
    )


def made(account, day, *, bulk=True, named=()):
    return Aws(
        account,
        account=ACCOUNT_ID,
        region=HOME,
        now=lambda: NOON,
        bulk=bulk,
        daily_cache=day,
        named=frozenset(named),
    )


def senders(account, day, *, bulk=True, named=()):
    aws = made(account, day, bulk=bulk, named=named)
    aws.pacer.begin(1, resumes=True)
    region = Resource(ACCOUNT_ID, HOME, "AWS::::Account", ACCOUNT_ID)
    return aws.evidence(DeadLetterPaths, region, {}).evidence.to(WORK)


def test_thousands_of_functions_are_asked_in_parts_that_a_later_leg_need_not_ask_again():
    day, asked = Day(), []
    with pytest.raises(Postponed):
        senders(many_functions(800, asked, turns=500), day)
    assert len(day.known) > 20
    assert senders(many_functions(800, asked, turns=2_000), day) == ("function agent-007",)
    assert len(asked) < 800 + 500 / 10
    before = len(asked)
    assert senders(many_functions(802, asked, turns=2_000), day) == ("function agent-007",)
    assert sorted(asked[before:]) == ["agent-800", "agent-801"]


def test_an_event_in_an_account_of_thousands_asks_for_none_and_says_what_is_missing():
    asked = []
    with pytest.raises(Unreadable, match="ListFunctionEventInvokeConfigs"):
        senders(many_functions(800, asked, turns=2_000), Day(), bulk=False)
    assert not asked


@pytest.mark.parametrize(
    "named",
    ["agent-009", "agent-009:live", f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:agent-009"],
)
def test_the_function_that_an_event_names_is_asked_again_and_kept(named):
    day, asked = Day(), []
    senders(many_functions(800, asked, turns=2_000), day)
    moved = many_functions(800, asked, turns=2_000, sender="agent-009")
    del asked[:]
    assert senders(moved, day, bulk=False) == ("function agent-007",)
    assert not asked
    event = senders(moved, day, bulk=False, named=[named, "Event"])
    assert event == ("function agent-007", "function agent-009")
    assert asked == ["agent-009"]
    # The sweeps of the day do not go back to what was asked before.
    assert senders(moved, day) == event
    assert asked == ["agent-009"]


def test_a_destination_that_was_taken_away_is_noted_where_the_function_is_read():
    """DeleteFunctionEventInvokeConfig does not name the queue, so no event leads to it."""
    day, asked = Day(), []
    senders(many_functions(800, asked, turns=2_000, sender="agent"), day)
    names = [f"agent-{number:03}" for number in range(799)]
    account = errors.fake_account().but(
        lambda__list_function_event_invoke_configs={"FunctionEventInvokeConfigs": []},
    )
    listed = account.answers["lambda", "list_functions"]["Functions"]
    many = {"Functions": [*listed, *({**listed[0], "FunctionName": name} for name in names)]}
    account = account.but(lambda__list_functions=many)
    day.known[next(q for q in day.known if question_of("agent") == q)] = {"agent": [WORK]}
    agent = Resource(ACCOUNT_ID, HOME, "AWS::Lambda::Function", "agent")
    found = made(account, day, bulk=False).evidence(AsynchronousUse, agent, {}).evidence
    assert found.settings == {}
    assert day.known[question_of("agent")] == {"agent": []}


def question_of(name):
    part = zlib.crc32(name.encode()) % 64
    return f"lambda:ListFunctionEventInvokeConfigs {ACCOUNT_ID} {HOME} {part}/64"


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
    ("parameters", "queues"),
    [
        ({"deadLetterConfig": {"targetArn": WORK}}, ("work",)),
        ({"destinationConfig": {"onFailure": {"destination": WORK}}}, ("work",)),
        ({"targets": [{"arn": FUNCTION}, {"deadLetterConfig": {"arn": WORK}}]}, ("work",)),
        (
            {
                "attributeName": "RedrivePolicy",
                "attributeValue": json.dumps({"deadLetterTargetArn": WORK}),
            },
            ("work",),
        ),
        ({"attributes": {"RedrivePolicy": json.dumps({"deadLetterTargetArn": WORK})}}, ("work",)),
        ({"target": {"arn": WORK}}, None),
        ({"eventSourceArn": WORK}, None),
        ({"deadLetterConfig": {"targetArn": worlds.TOPIC}}, None),
        ({"deadLetterConfig": None}, None),
        (
            {"targets": [{"deadLetterConfig": {"arn": arn}} for arn in (WORK, f"{WORK}-too")]},
            ("work", "work-too"),
        ),
        (None, ""),
        ({"omitted": True, "originalSize": 131072, "reason": "too large"}, ""),
    ],
)
def test_the_queues_that_a_call_names_for_failures(parameters, queues):
    assert queue_for_failures({"requestParameters": parameters}) == queues


def test_thousands_of_subscriptions_are_asked_once_a_day():
    topic = f"arn:aws:sns:{HOME}:{ACCOUNT_ID}:alerts"
    listed = [{"SubscriptionArn": f"{topic}:{n}", "TopicArn": topic} for n in range(1_200)]
    account = worlds.fake_account().but(
        sns__list_subscriptions={"Subscriptions": listed},
        sns__get_subscription_attributes=redrive(),
    )
    day = Day()
    for _ in range(2):
        assert senders(account, day) == ("subscription of topic alerts",)
    assert account.calls.count(("sns", "get_subscription_attributes")) == 1_200


def state_machines(count, asked):
    """An account of so many state machines, each with an alias that leads to its version 7."""
    arns = [f"{errors.MACHINE}-{number:03}" for number in range(count)]

    def aliases(**params):
        asked.append(arn := params["stateMachineArn"])
        return {
            "stateMachineAliases": [{"stateMachineAliasArn": f"{arn}:live", "creationDate": NOON}]
        }

    def alias(**params):
        version = params["stateMachineAliasArn"].replace(":live", ":7")
        return {"routingConfiguration": [{"stateMachineVersionArn": version, "weight": 100}]}

    listed = errors.fake_account().answers["stepfunctions", "list_state_machines"]
    [one] = listed["stateMachines"]
    return errors.fake_account().but(
        stepfunctions__list_state_machines={
            "stateMachines": [{**one, "stateMachineArn": arn} for arn in arns]
        },
        stepfunctions__list_state_machine_aliases=aliases,
        stepfunctions__describe_state_machine_alias=alias,
    ), arns


def definitions(aws, arn):
    machine = Resource(ACCOUNT_ID, HOME, "AWS::StepFunctions::StateMachine", arn)
    return set(aws.evidence(RunDefinitions, machine, {}).evidence.texts)


def test_aliases_of_hundreds_of_state_machines_are_asked_once_a_day_each_with_its_part():
    day, asked = Day(), []
    account, arns = state_machines(100, asked)
    sweep, next_leg = made(account, day), made(account, day)
    assert definitions(sweep, arns[0]) == {"$LATEST", "live → 7"}
    assert len(asked) < 100 / 10
    for arn in arns:
        definitions(sweep, arn)
    definitions(next_leg, arns[50])
    assert sorted(asked) == arns


def test_an_event_about_a_state_machine_asks_for_its_aliases_and_keeps_them_for_the_day():
    day, asked = Day(), []
    account, arns = state_machines(100, asked)
    definitions(made(account, day), arns[0])
    asked.clear()
    changed = account.but(stepfunctions__list_state_machine_aliases={"stateMachineAliases": []})
    assert definitions(made(changed, day, bulk=False), arns[0]) == {"$LATEST"}
    assert definitions(made(account, day), arns[0]) == {"$LATEST"}
    assert not asked


def test_a_state_machine_that_was_deleted_takes_no_other_of_its_part_with_it():
    day, (account, arns) = Day(), state_machines(100, [])
    parts = {}
    for arn in arns:
        parts.setdefault(_part_of(arn), []).append(arn)
    stays, new = next(part for part in parts.values() if len(part) == 2)
    before, _ = state_machines(100, [])
    listed = before.answers["stepfunctions", "list_state_machines"]["stateMachines"]
    before = before.but(
        stepfunctions__list_state_machines={
            "stateMachines": [each for each in listed if each["stateMachineArn"] != new]
        }
    )
    definitions(made(before, day), stays)
    ask = account.answers["stepfunctions", "list_state_machine_aliases"]

    def aliases(**params):
        if params["stateMachineArn"] == new:
            raise error("StateMachineDoesNotExist")
        return ask(**params)

    sweep = made(account.but(stepfunctions__list_state_machine_aliases=aliases), day)
    assert definitions(sweep, stays) == {"$LATEST", "live → 7"}
    with pytest.raises(Gone):
        definitions(sweep, new)
