"""Alarms without an action that an EventBridge rule hands on."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from typing import Any

import pytest

from functions.alarms import rules_of_errors_and_latency, rules_of_notifications
from functions.monitoring_validation.app import alarm_actions
from readiness import Severity, Status
from readiness.semantics.alarm_answers import composite_alarm, metric_alarm
from readiness.semantics.alarm_events import Listener
from readiness.semantics.alarm_inventory import Inventory, Mute, Voice
from tests.accounts import alarms as made
from tests.accounts import handed_on
from tests.accounts import monitoring_validation as validated
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON, error, observe

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA
NAME = "agent-errors"
ARN = f"arn:aws:cloudwatch:{HOME}:{ACCOUNT_ID}:alarm:{NAME}"
DESTINATION = handed_on.PAGER
LOGS = f"arn:aws:logs:{HOME}:{ACCOUNT_ID}:log-group:/aws/events/alarms"
PLACE = f"{HOME}:{ACCOUNT_ID}"
BUS, QUEUE = f"arn:aws:events:{HOME}:999999999999:event-bus/central", handed_on.QUEUE
FUNCTION, MACHINE = handed_on.FUNCTION, handed_on.MACHINE
OWN_BUS = f"arn:aws:events:{PLACE}:event-bus/incidents"
RAISED = {
    "detail-type": ["CloudWatch Alarm State Change"],
    "detail": {"state": {"value": ["ALARM"]}},
}
ALL = {"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"]}
RESPONSES = f"arn:aws:ssm-incidents::{ACCOUNT_ID}:response-plan/on-call"
AUTOMATION = f"arn:aws:ssm:{PLACE}:automation-definition/restart:$DEFAULT"
COMMAND = f"arn:aws:ssm:{PLACE}:document/restart"
FOREIGN = f"arn:aws:sns:{HOME}:999999999999:central"
ALONE = {"sns__list_subscriptions_by_topic": {"Subscriptions": []}}
FILTERED = {
    "sns__get_subscription_attributes": {"Attributes": {"FilterPolicy": '{"team": ["a"]}'}}
}
CLOSED = {
    "sns__get_topic_attributes": {
        "Attributes": {"Policy": made.statement(made.CLOUDWATCH, "sns:Publish")}
    }
}


def rules(pattern: Any, target: str = DESTINATION, **about: Any) -> dict[str, Any]:
    """ListRules and ListTargetsByRule, with a rule of this pattern."""
    rule = {"Name": "to-pager", "State": "ENABLED", "EventPattern": json.dumps(pattern)} | about
    return {
        "events__list_rules": {"Rules": [rule, {"Name": "nightly", "State": "ENABLED"}]},
        "events__list_targets_by_rule": {"Targets": [{"Id": "1", "Arn": target}]},
    }


VARIABLES = {"FINDINGS_TABLE": "f", "TRANSITIONS_TABLE": "t", "DECLARATIONS_TABLE": "d"}
MONITOR = {
    "FunctionName": "watch-Alarms-1",
    "Handler": "functions.alarms.app.handler",
    "Environment": {"Variables": VARIABLES},
}
STRANGER = {"FunctionName": "pager", "Handler": "app.handler"}
MAPPED = {
    "UUID": "2f8c0d1e-0000-4000-8000-1234567890ac",
    "FunctionArn": FUNCTION,
    "State": "Enabled",
}


AGENT = made.fake_account().answers["lambda", "get_function_configuration"]


def but_for(answer: Any, **other: tuple[str, Any]) -> Any:
    """The answer, but the other one where a parameter has that value."""
    [(parameter, (value, instead))] = other.items()
    return lambda **params: instead if params.get(parameter) == value else answer


def mapped(mapping: dict[str, Any]) -> Any:
    """The mapping of the queue; the function agent has none."""
    none: dict[str, Any] = {"EventSourceMappings": []}
    return but_for({"EventSourceMappings": [mapping]}, EventSourceArn=(None, none))


def workload(target: str, function: Any = STRANGER, **more: Any) -> dict[str, Any]:
    """The rule sends every alarm to a function, or to a queue or state machine of the account."""
    return {
        **rules(ALL, target),
        "lambda__get_function_configuration": but_for(function, FunctionName=("agent", AGENT)),
        "lambda__get_policy": {"Policy": handed_on.may("lambda:InvokeFunction")},
        "lambda__get_function_concurrency": {},
        "lambda__list_event_source_mappings": mapped(MAPPED),
        "sqs__get_queue_attributes": {"Attributes": {"Policy": handed_on.may("sqs:SendMessage")}},
        "stepfunctions__describe_state_machine": handed_on.state_machine(handed_on.PUBLISHES),
        **more,
    }


def beyond(*, target: str, pattern: Any = ALL) -> dict[str, Any]:
    """The rule sends to another bus of the account, which has a rule of its own."""
    theirs = {"Name": "page", "State": "ENABLED", "EventPattern": json.dumps(pattern)}

    def listed(*, EventBusName: str) -> dict[str, Any]:  # noqa: N803
        mine = rules(ALL)["events__list_rules"]
        return mine if EventBusName == "default" else {"Rules": [theirs]}

    def targets(*, EventBusName: str, Rule: str) -> dict[str, Any]:  # noqa: N803
        arn = OWN_BUS if EventBusName == "default" else target
        return {"Targets": [{"Id": Rule, "Arn": arn}]}

    return workload(target) | {
        "events__list_rules": listed,
        "events__list_targets_by_rule": targets,
    }


def silent(**changes: Any):
    """An alarm without an action, and no other."""
    about = made.alarm(NAME, "AWS/Lambda", "Errors", made.FUNCTION, AlarmArn=ARN, AlarmActions=[])

    def answer(*, AlarmTypes: list[str]) -> dict[str, Any]:  # noqa: N803
        if AlarmTypes == ["LogAlarm"]:
            return {"LogAlarms": []}
        return {"MetricAlarms": [about | changes], "CompositeAlarms": []}

    return {"cloudwatch__describe_alarms": answer}


CASES = [
    pytest.param(rules(ALL), GOOD, "rule/to-pager", id="every alarm"),
    pytest.param(rules(ALL, f"{made.TOPIC}"), GOOD, "rule/to-pager", id="to a topic"),
    pytest.param(rules(ALL, f"arn:aws:ssm:{PLACE}:opsitem"), GOOD, "to-pager", id="as OpsItem"),
    pytest.param(rules(ALL, RESPONSES), GOOD, "rule/to-pager", id="as incident"),
    pytest.param(rules(ALL, AUTOMATION), BAD, "has no action", id="to an automation"),
    pytest.param(rules(ALL, COMMAND), BAD, "has no action", id="to a command"),
    pytest.param(
        rules(ALL, made.TOPIC) | ALONE,
        BAD,
        "to-pager picks it, but it publishes to the topic alerts, to which no one subscribes.",
        id="to a topic without a subscriber",
    ),
    pytest.param(
        rules(ALL, made.TOPIC) | FILTERED,
        BAD,
        "filter policies that let nothing of it pass",
        id="to a topic whose subscribers filter it",
    ),
    pytest.param(
        rules(ALL, made.TOPIC) | {"sns__get_topic_attributes": error("NotFound", 404)},
        BAD,
        "which does not exist",
        id="to a topic that is gone",
    ),
    pytest.param(
        rules(ALL, made.TOPIC) | CLOSED,
        BAD,
        "does not let events.amazonaws.com publish",
        id="to a topic that is closed to it",
    ),
    pytest.param(
        rules(ALL, made.TOPIC) | {"sns__get_topic_attributes": FAULTS["denied"]},
        UNKNOWN,
        "sns:GetTopicAttributes was denied",
        id="to a topic that cannot be read",
    ),
    pytest.param(rules(ALL, FOREIGN), UNKNOWN, "in another account", id="to a foreign topic"),
    pytest.param(
        rules({"account": [ACCOUNT_ID]}),
        UNKNOWN,
        "gets the events of all services",
        id="all events to one API",
    ),
    pytest.param(rules(ALL | {"resources": [{"prefix": f"{ARN[:-6]}"}]}), GOOD, "", id="by ARN"),
    pytest.param(
        rules(
            ALL | {"detail": {"alarmName": [{"prefix": "agent-"}], "state": {"value": ["ALARM"]}}}
        ),
        GOOD,
        "rule/to-pager",
        id="by name and state",
    ),
    pytest.param(rules(ALL, State="DISABLED"), BAD, "has no action", id="disabled"),
    pytest.param(rules(ALL, LOGS), BAD, "has no action", id="kept in a log group"),
    pytest.param(rules({"source": ["aws.ec2"]}), BAD, "has no action", id="of another source"),
    pytest.param(
        rules(ALL | {"detail": {"state": {"value": ["OK"]}}}), BAD, "has no action", id="only OK"
    ),
    pytest.param(
        rules(ALL | {"detail": {"alarmName": ["other"]}}), BAD, "has no action", id="another alarm"
    ),
    pytest.param(
        rules(ALL | {"detail": {"alarmTags": {"team": ["a"]}}}),
        UNKNOWN,
        "Whether the event rule to-pager does",
        id="by what only the event shows",
    ),
    pytest.param(
        rules(ALL | {"detail": {"alarmName": [{"wildcard": "*-errors"}]}}),
        GOOD,
        "rule/to-pager",
        id="by a wildcard",
    ),
    pytest.param(rules(ALL, BUS), UNKNOWN, "may keep events", id="to the bus of another account"),
    pytest.param(beyond(target=FUNCTION), GOOD, "to-pager", id="by another bus to a function"),
    pytest.param(
        beyond(target=FUNCTION, pattern={"source": ["aws.ec2"]}),
        BAD,
        "no rule of its bus incidents picks alarms",
        id="by another bus to nothing",
    ),
    pytest.param(beyond(target=LOGS), BAD, "has no action", id="by another bus to a log group"),
    pytest.param(workload(FUNCTION), GOOD, "rule/to-pager", id="to a function"),
    pytest.param(workload(FUNCTION, MONITOR), BAD, "has no action", id="to the monitor"),
    pytest.param(
        workload(FUNCTION, MONITOR | {"Environment": {"Error": {"ErrorCode": "AccessDenied"}}}),
        UNKNOWN,
        "the variables of its function pager cannot be read",
        id="to one with the monitor's handler, whose variables are not shown",
    ),
    pytest.param(
        workload(FUNCTION, STRANGER | {"FunctionName": "readiness-Alarms-1"}),
        GOOD,
        "rule/to-pager",
        id="to a function with the monitor's name",
    ),
    pytest.param(
        workload(FUNCTION, MONITOR | {"Environment": {"Variables": {}}}),
        GOOD,
        "rule/to-pager",
        id="to a function with its handler alone",
    ),
    pytest.param(
        workload(FUNCTION, error("ResourceNotFoundException", 404)),
        BAD,
        "its function pager does not exist",
        id="to a function that is gone",
    ),
    pytest.param(
        workload(FUNCTION, lambda__get_function_concurrency={"ReservedConcurrentExecutions": 0}),
        BAD,
        "its function pager is switched off",
        id="to a function that is switched off",
    ),
    pytest.param(
        workload(FUNCTION, lambda__get_policy=error("ResourceNotFoundException", 404)),
        BAD,
        "the policy of its function pager does not let EventBridge invoke it",
        id="to a function that does not let it in",
    ),
    pytest.param(
        workload(FUNCTION) | rules({"account": [ACCOUNT_ID]}, FUNCTION),
        UNKNOWN,
        "its function pager gets the events of all services",
        id="to a function that gets everything",
    ),
    pytest.param(
        workload(FUNCTION, FAULTS["denied"]),
        UNKNOWN,
        "lambda:GetFunctionConfiguration was denied",
        id="to a function that cannot be read",
    ),
    pytest.param(
        workload(f"{FUNCTION}:live".replace(ACCOUNT_ID, "999999999999")),
        UNKNOWN,
        "is in another account or region",
        id="to the function of another account",
    ),
    pytest.param(workload(QUEUE), GOOD, "rule/to-pager", id="to a queue that a function reads"),
    pytest.param(
        workload(QUEUE, MONITOR),
        UNKNOWN,
        "may keep events",
        id="to a queue that the monitor reads",
    ),
    pytest.param(
        workload(
            QUEUE,
            lambda__list_event_source_mappings=mapped(MAPPED | {"State": "Disabled"}),
        ),
        UNKNOWN,
        "may keep events",
        id="to a queue that nothing here reads",
    ),
    pytest.param(
        workload(QUEUE, sqs__get_queue_attributes={"Attributes": {}}),
        BAD,
        "the policy of its queue pages does not let EventBridge send to it",
        id="to a queue that does not let it in",
    ),
    pytest.param(
        workload(
            QUEUE,
            sqs__get_queue_attributes={
                "Attributes": {
                    "Policy": handed_on.may("sqs:SendMessage"),
                    "KmsMasterKeyId": "alias/aws/sqs",
                }
            },
        ),
        BAD,
        "the AWS-managed key of its queue pages",
        id="to a queue whose key does not let it in",
    ),
    pytest.param(
        workload(
            QUEUE, sqs__get_queue_attributes=error("AWS.SimpleQueueService.NonExistentQueue")
        ),
        BAD,
        "its queue pages does not exist",
        id="to a queue that is gone",
    ),
    pytest.param(workload(MACHINE), GOOD, "rule/to-pager", id="to a workflow that publishes"),
    pytest.param(
        workload(
            MACHINE,
            stepfunctions__describe_state_machine=handed_on.state_machine(
                "arn:aws:states:::dynamodb:putItem"
            ),
        ),
        UNKNOWN,
        "may keep events",
        id="to a workflow that keeps them",
    ),
    pytest.param(
        workload(MACHINE, stepfunctions__describe_state_machine=error("KmsAccessDeniedException")),
        UNKNOWN,
        "the definition of its state machine page cannot be read",
        id="to a workflow that is encrypted",
    ),
    pytest.param(
        workload(
            MACHINE,
            stepfunctions__describe_state_machine=handed_on.state_machine(
                "arn:aws:states:::aws-sdk:ssm:createOpsItem"
            ),
        ),
        GOOD,
        "rule/to-pager",
        id="to a workflow that opens an OpsItem",
    ),
    pytest.param(
        workload(
            MACHINE,
            stepfunctions__describe_state_machine=handed_on.state_machine(handed_on.PUBLISHES)
            | {"status": "DELETING"},
        ),
        BAD,
        "its state machine page is being deleted",
        id="to a workflow that is being deleted",
    ),
    pytest.param(
        rules(ALL, f"arn:aws:notifications::{ACCOUNT_ID}:configuration/a1"),
        UNKNOWN,
        "may keep events",
        id="to User Notifications",
    ),
    pytest.param(
        workload(MACHINE, stepfunctions__describe_state_machine=error("StateMachineDoesNotExist")),
        BAD,
        "its state machine page does not exist",
        id="to a workflow that is gone",
    ),
    pytest.param(
        rules(ALL)
        | {
            "events__list_api_destinations": {
                "ApiDestinations": [
                    {"ApiDestinationArn": DESTINATION, "ApiDestinationState": "INACTIVE"}
                ]
            }
        },
        BAD,
        "its API destination pager is INACTIVE",
        id="to an API that refuses it",
    ),
    pytest.param(
        rules(ALL) | {"events__list_api_destinations": {"ApiDestinations": []}},
        BAD,
        "its API destination pager does not exist",
        id="to an API that is gone",
    ),
    pytest.param(
        rules(ALL, made.TOPIC)
        | {
            "sns__get_topic_attributes": {
                "Attributes": {
                    "Policy": made.statement(made.PUBLISHERS, "sns:Publish"),
                    "KmsMasterKeyId": made.KEY_ARN.replace(ACCOUNT_ID, "999999999999"),
                }
            },
            "kms__describe_key": FAULTS["denied"],
        },
        UNKNOWN,
        "is another account's",
        id="to a topic with another account's key",
    ),
]


@pytest.mark.parametrize(("answers", "status", "said"), CASES)
def test_an_alarm_that_an_event_rule_hands_on(answers, status, said):
    where = made.fake_account().but(**silent(), **answers)
    finding = observe(where, rules_of_notifications.alarm_destinations, NAME).finding
    assert (finding.status, said in finding.reason) == (status, True), finding.reason


@pytest.mark.parametrize(("answers", "status", "_"), CASES)
def test_it_covers_what_it_watches(answers, status, _):
    where = made.fake_account().but(**silent(), **answers)
    finding = observe(where, rules_of_errors_and_latency.lambda_errors, "agent").finding
    assert finding.status is status, finding.reason


def test_disabled_actions_stop_no_event():
    where = made.fake_account().but(
        **silent(AlarmActions=[made.TOPIC], ActionsEnabled=False), **rules(ALL)
    )
    assert observe(where, rules_of_notifications.alarm_destinations, NAME).finding.status is GOOD


@pytest.mark.parametrize(
    ("action", "function", "status", "said"),
    [
        pytest.param(f"{FUNCTION}:live", STRANGER, GOOD, "function:pager", id="there"),
        pytest.param(
            FUNCTION,
            error("ResourceNotFoundException", 404),
            BAD,
            "a function that does not exist: pager",
            id="gone",
        ),
        pytest.param(FUNCTION, FAULTS["denied"], UNKNOWN, "was denied", id="not readable"),
        pytest.param(
            FUNCTION.replace(ACCOUNT_ID, "999999999999"),
            FAULTS["denied"],
            GOOD,
            "999999999999",
            id="of another account",
        ),
    ],
)
def test_the_function_that_an_alarm_invokes(action, function, status, said):
    where = made.fake_account().but(
        **silent(AlarmActions=[action]),
        events__list_rules={"Rules": []},
        lambda__get_function_configuration=function,
    )
    finding = observe(where, rules_of_notifications.alarm_destinations, NAME).finding
    assert (finding.status, said in finding.reason) == (status, True), finding.reason


@pytest.mark.parametrize(
    ("answers", "status", "severity", "said"),
    [
        pytest.param(rules(ALL), UNKNOWN, None, "to-pager hands it on", id="by a rule"),
        pytest.param(rules({"source": ["aws.ec2"]}), BAD, Severity.LOW, "no action", id="by none"),
    ],
)
def test_no_history_tells_what_became_of_it(answers, status, severity, said):
    where = validated.fake_account().but(**silent(), **answers)
    finding = observe(where, alarm_actions, NAME).finding
    assert (finding.status, said in finding.reason) == (status, True), finding.reason
    if status is BAD:
        assert finding.severity is severity


def test_an_alarm_that_acts_has_another_purpose():
    recover = f"arn:aws:automate:{HOME}:ec2:recover"
    where = validated.fake_account().but(**silent(AlarmActions=[recover]), **rules(ALL))
    assert observe(where, alarm_actions, NAME).finding.status is NA


RULE = f"arn:aws:events:{PLACE}:rule/to-pager"
COMPOSITE = f"arn:aws:cloudwatch:{HOME}:{ACCOUNT_ID}:alarm:top"


def voice(*, pattern: Any = None, mutes: tuple[Mute, ...] = (), **composite: Any) -> Voice:
    """Whom an alarm without an action notifies, below a composite alarm without one."""
    alarm = metric_alarm(
        made.alarm(NAME, "AWS/Lambda", "Errors", made.FUNCTION, AlarmArn=ARN, AlarmActions=[])
    )
    top = composite_alarm(
        {"AlarmName": "top", "AlarmArn": COMPOSITE, "AlarmRule": f"ALARM({NAME})", **composite}
    )
    listener = Listener(RULE, pattern or ALL)
    return Inventory((alarm, top), mutes=mutes, listeners=(listener,)).voice(alarm, NOON)


BY_COMPOSITE = ALL | {"detail": {"alarmName": ["top"]}}
STUCK = {"StateValue": "ALARM", "StateTransitionedTimestamp": NOON - timedelta(days=30)}


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        pytest.param({}, "", id="handed on"),
        pytest.param({"pattern": BY_COMPOSITE}, "", id="by a composite alarm"),
        pytest.param(
            {"mutes": (Mute("quiet", math.inf, frozenset({NAME, "top"})),)},
            "The mute rule quiet mutes the alarm agent-errors all the time",
            id="muted all the time",
        ),
        pytest.param({"mutes": (Mute("night", 8, frozenset({NAME})),)}, "", id="muted at night"),
        pytest.param(
            {"pattern": BY_COMPOSITE, **STUCK},
            "top has been in ALARM since",
            id="by a composite alarm for weeks",
        ),
        pytest.param(STUCK, "", id="itself, the composite alarm being stuck"),
    ],
)
def test_what_silences_an_alarm_silences_it_here_too(asked, why):
    said = voice(**asked)
    assert (said.silence is None, why in said.why) == (not why, True), said
