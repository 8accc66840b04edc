"""An account whose workload has current documents, and whose contacts reach someone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from readiness.engine.declarations import answer_item, attestation_item
from readiness.model.attestation import Artefact, Attestation, Scope
from tests.account_variants import Variant
from tests.fake_account import ACCOUNT_ID, HOME, NOON, Answer, FakeAccount, error

WORKLOAD, FUNCTION, ALARM, DOCUMENT = "shop", "agent", "agent-errors", "Shop-Rollback"
_HERE = f"{HOME}:{ACCOUNT_ID}"
FUNCTION_ARN = f"arn:aws:lambda:{_HERE}:function:{FUNCTION}"
QUEUE_ARN = f"arn:aws:sqs:{_HERE}:orders"
ALARM_ARN = f"arn:aws:cloudwatch:{_HERE}:alarm:{ALARM}"
TOPIC_ARN = f"arn:aws:sns:{_HERE}:pages"
TYPES = "lambda:function sqs"
SCENARIOS = "restore disable dependency-outage credential-leak"
MADE = NOON - timedelta(days=10)
DIGEST = "7df5fe42924f"
"""Of the contacts below."""
BUCKET, KEY, VERSION = "evidence", "shop/document.pdf", "3HL4kqtJlcpXroDTDmJ"
ARTEFACT = Artefact(BUCKET, KEY, VERSION, "a" * 64, 48_211)
BOUND = {
    "operational_documentation.workload-runbook": {"scenarios": SCENARIOS},
    "operational_documentation.architecture-diagram": {"resource_types": TYPES},
}
NO_CONTACT = error("ResourceNotFoundException", 404, "No contact of the inputted type found.")


def ago(days: float) -> datetime:
    return NOON - timedelta(days=days)


def declared(rule: str, **changes: Any) -> list[dict[str, Any]]:
    """What alice attested for a rule and bob approved, as rows of the Declarations table."""
    said: dict[str, Any] = {
        "id": "aaaa11112222",
        "rule": rule,
        "scope": Scope(account=ACCOUNT_ID, workload=WORKLOAD),
        "statement": "Read and tried.",
        "performed_at": MADE,
        "declared_at": MADE,
        "owner": "team-shop@corp.dev",
        "attester": f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Dev/alice",
        "attester_id": "AROA:alice",
        "artefact": ARTEFACT,
        "bound_to": BOUND.get(rule, {}),
    }
    if rule == "operational_documentation.contacts-answer":
        said |= {
            "scope": Scope(account=ACCOUNT_ID),
            "artefact": None,
            "bound_to": {"contacts": DIGEST},
        }
    if rule == "operational_documentation.runbook-document":
        return []
    statement = Attestation(**said | changes)
    return [
        attestation_item(statement),
        answer_item("APPROVAL", statement, by_id="AROA:bob", at=MADE),
    ]


def statements(**asked: Any) -> dict[str, Any]:
    """Every rule that asks has been attested."""
    return {"Items": declared(asked["ExpressionAttributeValues"][":r"]["S"])}


def tagged(*arns: str, **_: Any) -> Answer:
    """GetResources: the parts of the workload, and a runbook in the tags of the alarm."""
    found = {arn: {"Application": WORKLOAD} for arn in arns}

    def answer(TagFilters: Any = (), **_: Any) -> dict[str, Any]:  # noqa: N803
        every = found if TagFilters else found | {ALARM_ARN: {"runbook": "https://wiki/errors"}}
        return {
            "ResourceTagMappingList": [
                {
                    "ResourceARN": arn,
                    "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
                }
                for arn, tags in every.items()
            ]
        }

    return answer


def alarm(name: str = ALARM, **changes: Any) -> dict[str, Any]:
    """An alarm of DescribeAlarms that notifies people and says where the runbook is."""
    return {
        "AlarmName": name,
        "AlarmArn": f"arn:aws:cloudwatch:{_HERE}:alarm:{name}",
        "AlarmDescription": "Errors of the agent. Runbook: https://wiki.corp.dev/agent/errors",
        "ActionsEnabled": True,
        "AlarmActions": [TOPIC_ARN],
        "StateValue": "OK",
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    } | changes


def alarms(*metric: dict[str, Any]) -> Answer:
    """DescribeAlarms, by type."""

    def answer(AlarmTypes: list[str], **_: Any) -> dict[str, Any]:  # noqa: N803
        if AlarmTypes == ["LogAlarm"]:
            return {"LogAlarms": []}
        return {"MetricAlarms": list(metric), "CompositeAlarms": []}

    return answer


def document(name: str = DOCUMENT, **tags: str) -> dict[str, Any]:
    """A document of ListDocuments that is a runbook."""
    told = {"runbook": "rollback", "owner": "team-shop", "reviewed": "2026-10-01"} | tags
    return {
        "Name": name,
        "Owner": ACCOUNT_ID,
        "DocumentType": "Automation",
        "Tags": [{"Key": key, "Value": value} for key, value in told.items()],
    }


def executions(*statuses: str, name: str = DOCUMENT, version: str = "2") -> dict[str, Any]:
    """DescribeAutomationExecutions: some that ended yesterday."""
    return {
        "AutomationExecutionMetadataList": [
            {
                "AutomationExecutionId": f"4105a4fc-f944-11e6-9d32-{number:012d}",
                "DocumentName": name,
                "DocumentVersion": version,
                "AutomationExecutionStatus": status,
                "ExecutionEndTime": NOON - timedelta(days=1),
            }
            for number, status in enumerate(statuses)
        ]
    }


def contact(**changes: str) -> Answer:
    """GetAlternateContact: a team of each type."""

    def answer(AlternateContactType: str) -> dict[str, Any]:  # noqa: N803
        return {
            "AlternateContact": {
                "AlternateContactType": AlternateContactType,
                "Name": "The team",
                "Title": "On call",
                "EmailAddress": f"{AlternateContactType.lower()}@corp.dev",
                "PhoneNumber": "+49 30 901820",
                **changes,
            }
        }

    return answer


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    return FakeAccount(
        {
            ("resourcegroupstaggingapi", "get_resources"): tagged(FUNCTION_ARN, QUEUE_ARN),
            ("dynamodb", "query"): statements,
            ("s3", "head_object"): {"ContentLength": ARTEFACT.size, "LastModified": MADE},
            ("s3", "list_objects_v2"): {"Contents": [{"Key": KEY, "LastModified": MADE}]},
            ("cloudwatch", "describe_alarms"): alarms(alarm()),
            ("ssm", "list_documents"): {"DocumentIdentifiers": [document()]},
            ("ssm", "describe_document"): {
                "Document": {
                    "Name": DOCUMENT,
                    "Status": "Active",
                    "DocumentType": "Automation",
                    "DocumentVersion": "2",
                }
            },
            ("ssm", "describe_automation_executions"): executions("Success"),
            ("account", "get_alternate_contact"): contact(),
            ("account", "get_contact_information"): {
                "ContactInformation": {
                    "FullName": "The Shop",
                    "CompanyName": "Corp",
                    "AddressLine1": "Street 1",
                    "City": "Berlin",
                    "PostalCode": "10115",
                    "CountryCode": "DE",
                    "PhoneNumber": "+4930901820",
                }
            },
        }
    )


def untagged() -> FakeAccount:
    """Nothing has the tag Application: functions and services are the workload by default."""

    def attested(**asked: Any) -> dict[str, Any]:
        rule = asked["ExpressionAttributeValues"][":r"]["S"]
        scope = Scope(account=ACCOUNT_ID, resource="default")
        bound = dict(BOUND.get(rule, {}))
        if "resource_types" in bound:
            bound["resource_types"] = "lambda:function ecs:service"
        return {"Items": declared(rule, scope=scope, bound_to=bound)}

    cluster = f"arn:aws:ecs:{_HERE}:cluster/shop"
    return fake_account().but(
        resourcegroupstaggingapi__get_resources={"ResourceTagMappingList": []},
        lambda__list_functions={
            "Functions": [{"FunctionName": FUNCTION, "FunctionArn": FUNCTION_ARN}]
        },
        ecs__list_clusters={"clusterArns": [cluster]},
        ecs__list_services={"serviceArns": [f"arn:aws:ecs:{_HERE}:service/shop/api"]},
        dynamodb__query=attested,
    )


def of_services() -> FakeAccount:
    """The same without functions."""

    def attested(**asked: Any) -> dict[str, Any]:
        scope = Scope(account=ACCOUNT_ID, resource="default")
        return {"Items": declared(asked["ExpressionAttributeValues"][":r"]["S"], scope=scope)}

    return untagged().but(lambda__list_functions={"Functions": []}, dynamodb__query=attested)


def linked_by_tag() -> FakeAccount:
    """The alarm's description is silent, its tag says where the runbook is."""
    arn = f"arn:aws:ssm:{_HERE}:document/{DOCUMENT}"
    to_a_document = alarm("linked", AlarmDescription=f"Run {arn}.")
    return fake_account().but(
        cloudwatch__describe_alarms=alarms(alarm(AlarmDescription=""), to_a_document)
    )


def others() -> dict[str, Variant]:
    documents = ("workload-runbook", "troubleshooting-guide", "architecture-diagram")
    return {
        "untagged": Variant(untagged, documents),
        "of services": Variant(of_services, ("troubleshooting-guide",)),
        "linked by tag": Variant(linked_by_tag, ("alarm-runbooks",)),
    }
