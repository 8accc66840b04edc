"""An account with a plan, a pager, people on call and a wiki."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from readiness.engine.declarations import answer_item, attestation_item
from readiness.model.attestation import Artefact, Attestation, Scope
from tests.account_variants import Variant
from tests.accounts.alarms import MUTE_RULES
from tests.accounts.traffic import get_metric_data
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error

KEY = "e93facc04764012d7bfb002500d5d1a6"
PAGER = f"https://events.pagerduty.com/integration/{KEY}/enqueue"
TOPIC = f"arn:aws:sns:{HOME}:{ACCOUNT_ID}:alarms"
SUBSCRIPTION = f"{TOPIC}:0f8b1c8e-0000-4000-8000-000000000001"
QUEUE = f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:pages"
FUNCTION = "readiness-PagerdutyFunction"
SECRET = f"arn:aws:secretsmanager:{HOME}:{ACCOUNT_ID}:secret:pagerduty-AbCdEf"
CONTACTS = f"arn:aws:ssm-contacts:{HOME}:{ACCOUNT_ID}:contact/"
PLAN, DUTY = f"{CONTACTS}oncall", f"{CONTACTS}duty"
ALICE, BOB, CAROL = (f"{CONTACTS}{name}" for name in ("alice", "bob", "carol"))
ROTATION = f"arn:aws:ssm-contacts:{HOME}:{ACCOUNT_ID}:rotation/duty/weekly"
RESPONSE = f"arn:aws:ssm-incidents::{ACCOUNT_ID}:response-plan/outage"
ATTESTED = NOON - timedelta(days=10)
LEVELS = [
    {"code": code, "name": code.title()}
    for code in ("low", "normal", "high", "urgent", "critical")
]
DOCUMENTS = ("runbook", "troubleshooting", "architecture", "contacts", "escalation", "migration")


def statement(rule: str, id: str = "aaaa11112222", **changes: Any) -> Attestation:
    about: dict[str, Any] = {
        "id": id,
        "rule": f"support.{rule}",
        "scope": Scope(),
        "statement": "Done.",
        "performed_at": ATTESTED,
        "declared_at": ATTESTED,
        "owner": "team-platform@example.com",
        "attester": "arn:aws:sts::111122223333:assumed-role/Operator/alice",
        "attester_id": "AROA:alice",
    }
    return Attestation(**(about | changes))


def snapshot(document: str, **changes: Any) -> Attestation:
    about: dict[str, Any] = {
        "artefact": Artefact("evidence", f"wiki/{document}.pdf", "v1", "ab" * 32, 4096),
        "bound_to": {"document": document, "url": f"https://wiki.corp.dev/{document}"},
    }
    return statement("wiki-documents", f"{DOCUMENTS.index(document):012x}", **(about | changes))


def query(**params: Any) -> dict[str, Any]:
    """What is attested for a rule, as rows of the Declarations table."""
    rule = params["ExpressionAttributeValues"][":r"]["S"]
    if rule == "support.pager-test":
        tested = statement("pager-test")
        approval = answer_item("APPROVAL", tested, by_id="AROA:bob", at=ATTESTED)
        return {"Items": [attestation_item(tested), approval]}
    if rule == "support.wiki-documents":
        return {"Items": [attestation_item(snapshot(name)) for name in DOCUMENTS]}
    return {"Items": []}


def describe_alarms(**params: Any) -> dict[str, Any]:
    alarm = {
        "AlarmName": "errors",
        "AlarmArn": f"arn:aws:cloudwatch:{HOME}:{ACCOUNT_ID}:alarm:errors",
        "ActionsEnabled": True,
        "AlarmActions": [TOPIC],
        "StateValue": "OK",
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Statistic": "Sum",
        "Dimensions": [],
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    }
    return {"MetricAlarms": [alarm], "CompositeAlarms": []}


def subscribed(protocol: str, endpoint: str) -> dict[str, Any]:
    """A subscription as the listings give it."""
    return {
        "SubscriptionArn": SUBSCRIPTION,
        "Owner": ACCOUNT_ID,
        "Protocol": protocol,
        "Endpoint": endpoint,
        "TopicArn": TOPIC,
    }


def stage(*contacts: str) -> dict[str, Any]:
    targets = [{"ContactTargetInfo": {"ContactId": arn, "IsEssential": True}} for arn in contacts]
    return {"DurationInMinutes": 10, "Targets": targets}


def engaging(*channels: str) -> dict[str, Any]:
    """The engagement plan of a person, which tries these channels at once."""
    targets = [{"ChannelTargetInfo": {"ContactChannelId": arn}} for arn in channels]
    return {"Stages": [{"DurationInMinutes": 5, "Targets": targets}]}


def get_contact(*, ContactId: str) -> dict[str, Any]:  # noqa: N803
    kind, plan = "PERSONAL", engaging(f"{ContactId}/1")
    if ContactId == PLAN:
        kind, plan = "ESCALATION", {"Stages": [stage(DUTY), stage(BOB, CAROL)]}
    if ContactId == DUTY:
        kind, plan = "ONCALL_SCHEDULE", {"RotationIds": [ROTATION]}
    return {
        "ContactArn": ContactId,
        "Alias": ContactId.rpartition("/")[2],
        "Type": kind,
        "Plan": plan,
    }


def list_rotation_shifts(
    *,
    RotationId: str,  # noqa: N803
    StartTime: datetime,  # noqa: N803
    EndTime: datetime,  # noqa: N803
) -> dict[str, Any]:
    """Two halves of the time, one person each."""
    assert RotationId == ROTATION
    half = StartTime + (EndTime - StartTime) / 2
    return {
        "RotationShifts": [
            {"ContactIds": [ALICE], "StartTime": StartTime, "EndTime": half},
            {"ContactIds": [BOB], "StartTime": half, "EndTime": EndTime},
        ]
    }


def list_contact_channels(*, ContactId: str) -> dict[str, Any]:  # noqa: N803
    channel = {
        "ContactChannelArn": f"{ContactId}/1",
        "ContactArn": ContactId,
        "Name": "phone",
        "Type": "VOICE",
        "DeliveryAddress": {"SimpleAddress": "+15550100"},
        "ActivationStatus": "ACTIVATED",
    }
    return {"ContactChannels": [channel]}


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    return FakeAccount(
        {
            ("support", "describe_severity_levels"): {"severityLevels": LEVELS},
            ("events", "list_rules"): {"Rules": []},
            ("sns", "list_topics"): {"Topics": [{"TopicArn": TOPIC}]},
            ("sns", "list_subscriptions"): {"Subscriptions": [subscribed("https", PAGER)]},
            ("sns", "list_subscriptions_by_topic"): {
                "Subscriptions": [subscribed("https", PAGER)]
            },
            ("sns", "get_subscription_attributes"): {
                "Attributes": {"PendingConfirmation": "false", "RawMessageDelivery": "false"}
            },
            ("cloudwatch", "describe_alarms"): describe_alarms,
            **MUTE_RULES,
            ("cloudwatch", "list_metrics"): {"Metrics": []},
            ("cloudwatch", "get_metric_data"): {"MetricDataResults": []},
            ("ssm-contacts", "list_contacts"): {
                "Contacts": [{"ContactArn": PLAN, "Alias": "oncall", "Type": "ESCALATION"}]
            },
            ("ssm-contacts", "get_contact"): get_contact,
            ("ssm-contacts", "list_contact_channels"): list_contact_channels,
            ("ssm-contacts", "list_rotation_shifts"): list_rotation_shifts,
            ("ssm-incidents", "list_response_plans"): {
                "responsePlanSummaries": [{"arn": RESPONSE, "name": "outage"}]
            },
            ("ssm-incidents", "get_response_plan"): {
                "arn": RESPONSE,
                "name": "outage",
                "incidentTemplate": {"impact": 1, "title": "outage"},
                "engagements": [PLAN],
            },
            ("s3", "head_object"): {"VersionId": "v1", "ContentLength": 4096},
            ("dynamodb", "query"): query,
        }
    )


def by_a_function() -> FakeAccount:
    """The topic's queue feeds a function with the routing key in a secret, and no alarm."""
    listed = {"Subscriptions": [subscribed("sqs", QUEUE)]}
    return fake_account().but(
        cloudwatch__describe_alarms={"MetricAlarms": [], "CompositeAlarms": []},
        sns__list_subscriptions=listed,
        sns__list_subscriptions_by_topic=listed,
        lambda__list_event_source_mappings={
            "EventSourceMappings": [
                {
                    "EventSourceArn": QUEUE,
                    "FunctionArn": f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:{FUNCTION}",
                    "State": "Enabled",
                }
            ]
        },
        lambda__get_function_configuration={
            "FunctionName": FUNCTION,
            "State": "Active",
            "Environment": {"Variables": {"PAGERDUTY_SECRET_ID": SECRET}},
        },
        lambda__get_function_concurrency={"ReservedConcurrentExecutions": 5},
        secretsmanager__describe_secret={
            "ARN": SECRET,
            "Name": "pagerduty",
            "VersionIdsToStages": {"EXAMPLE1-90ab-cdef-fedc-ba987EXAMPLE": ["AWSCURRENT"]},
        },
    )


BRIDGE = {
    "Name": "alarms-to-pagerduty",
    "State": "ENABLED",
    "EventPattern": json.dumps(
        {
            "source": ["aws.cloudwatch"],
            "detail-type": ["CloudWatch Alarm State Change"],
            "detail": {"state": {"value": ["ALARM"]}},
        }
    ),
}
DESTINATION = f"arn:aws:events:{HOME}:{ACCOUNT_ID}:api-destination/pagerduty/11111111"


def by_an_event_rule(**changes: Any) -> FakeAccount:
    """The topic reaches an inbox; an EventBridge rule hands every alarm to PagerDuty."""
    listed = {"Subscriptions": [subscribed("email", "ops@example.com")]}
    return fake_account().but(
        cloudwatch__get_metric_data=get_metric_data(lambda *_: None),
        sns__list_subscriptions=listed,
        sns__list_subscriptions_by_topic=listed,
        events__list_rules={"Rules": [{**BRIDGE, **changes}]},
        events__list_targets_by_rule={"Targets": [{"Id": "pager", "Arn": DESTINATION}]},
        events__list_api_destinations={
            "ApiDestinations": [
                {
                    "ApiDestinationArn": DESTINATION,
                    "Name": "pagerduty",
                    "ApiDestinationState": "ACTIVE",
                    "InvocationEndpoint": "https://events.pagerduty.com/v2/enqueue",
                }
            ]
        },
    )


def without_a_plan() -> FakeAccount:
    """The account has basic support alone."""
    return fake_account().but(
        support__describe_severity_levels=error("SubscriptionRequiredException")
    )


def others() -> dict[str, Variant]:
    return {
        "by a function": Variant(by_a_function, ("pager-subscribed",)),
        "by an event rule": Variant(by_an_event_rule, ("pager-subscribed",)),
        "without a plan": Variant(without_a_plan),
    }
