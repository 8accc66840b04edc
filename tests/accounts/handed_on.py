"""An EventBridge rule that hands alarms of some names on to a pager."""

from __future__ import annotations

import json
from typing import Any

from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount

PAGER = f"arn:aws:events:{HOME}:{ACCOUNT_ID}:api-destination/pager/1"
BRIDGE = {
    "Name": "to-pager",
    "State": "ENABLED",
    "EventPattern": '{"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State'
    ' Change"], "detail": {"alarmName": [{"prefix": "critical-"}]}}',
}

PLACE = f"{HOME}:{ACCOUNT_ID}"
FUNCTION = f"arn:aws:lambda:{PLACE}:function:pager"
QUEUE = f"arn:aws:sqs:{PLACE}:pages"
MACHINE = f"arn:aws:states:{PLACE}:stateMachine:page"
DESTINATIONS = {"ApiDestinations": [{"ApiDestinationArn": PAGER, "ApiDestinationState": "ACTIVE"}]}
RULES = {
    ("events", "list_rules"): {"Rules": [{"Name": "hourly"}, BRIDGE]},
    ("events", "list_targets_by_rule"): {"Targets": [{"Id": "1", "Arn": PAGER}]},
    ("events", "list_api_destinations"): DESTINATIONS,
}


PUBLISHES = "arn:aws:states:::sns:publish"


def may(action: str, resource: str = "*") -> str:
    """A policy that lets EventBridge do one thing, and SNS."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]},
        "Action": action,
        "Resource": resource,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def state_machine(resource: str) -> dict[str, object]:
    """DescribeStateMachine, of one task."""
    tell = {"Type": "Task", "Resource": resource, "End": True}
    return {
        "stateMachineArn": MACHINE,
        "name": "page",
        "definition": json.dumps({"StartAt": "Tell", "States": {"Tell": tell}}),
        "roleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/page",
        "type": "STANDARD",
        "creationDate": NOON,
    }


def handed_to_a_workload(fake_account: FakeAccount, *more: str) -> FakeAccount:
    """The rule sends to a function, a state machine and a queue that a function reads.

    ``more`` are the ARNs of other targets.
    """
    arns = (FUNCTION, MACHINE, QUEUE, *more)
    targets = [{"Id": str(n), "Arn": arn} for n, arn in enumerate(arns)]
    mapping = {
        "UUID": "2f8c0d1e-0000-4000-8000-1234567890ac",
        "FunctionArn": FUNCTION,
        "State": "Enabled",
    }
    queue: dict[str, Any] = {"Attributes": {"Policy": may("sqs:SendMessage")}}
    before = fake_account.answers

    def instead(service: str, operation: str, about: str, answer: Any) -> Any:
        """The answer about the target, and what the account answered about all else."""
        known: Any = before.get((service, operation), answer)

        def answered(**params: Any) -> Any:
            if any(str(each).endswith(about) for each in params.values()):
                return answer
            return known(**params) if callable(known) else known

        return answered

    return fake_account.but(
        events__list_targets_by_rule={"Targets": targets},
        lambda__get_policy={"Policy": may("lambda:InvokeFunction")},
        lambda__get_function_concurrency={},
        lambda__list_event_source_mappings=instead(
            "lambda", "list_event_source_mappings", QUEUE, {"EventSourceMappings": [mapping]}
        ),
        sqs__get_queue_attributes=instead("sqs", "get_queue_attributes", "/pages", queue),
        stepfunctions__describe_state_machine=instead(
            "stepfunctions", "describe_state_machine", MACHINE, state_machine(PUBLISHES)
        ),
    )
