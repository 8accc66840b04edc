"""Events as AWS sends them, made from the service models."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.model import Shape, StructureShape

from readiness_cli.catalogue import ROOT
from tests.contract.api_calls import BODIES, EC2_WRAPPED, meant, recorded

ACCOUNT, REGION, WHEN = "111122223333", "us-east-1", "2026-11-02T12:00:00Z"
COMMENT = "synthetic: made from the API's own member names, with invented ids"

BALANCER = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/app/web/50dc6c49"

Members = Mapping[str, Any]
Ids = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Golden:
    """One event: its file below ``events/``, and the (type, id) pairs it must lead to.

    No ids mean that any resource of the types concerned may have changed.
    """

    file: str
    event: Members
    ids: Ids = field(default_factory=frozenset)

    @property
    def path(self) -> Path:
        return ROOT / "events" / f"{self.file}.json"

    @property
    def text(self) -> str:
        return json.dumps(self.event, indent=2) + "\n"


def call(
    service: str,
    name: str,
    *ids: tuple[str, str],
    request: Members | None = None,
    response: Members | None = None,
    resources: list[Members] | None = None,
) -> Golden:
    """A CloudTrail record with the operation's required members and those given."""
    dashed = "".join(f"-{c.lower()}" if c.isupper() else c for c in _plain(name)).strip("-")
    file = f"cloudtrail/{service}-{dashed}"
    [operation, *_] = meant(service, name)
    parameters = _required(service, operation.input_shape) | dict(request or {})
    if operation.service_model.service_name == BODIES and not request:
        parameters = {
            f"{recorded(service, operation.name, operation.input_shape)}Input": parameters
        }
    if service == "ec2" and operation.name in EC2_WRAPPED:
        parameters = {f"{operation.name}Request": parameters}
    detail = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLEEXAMPLEEXA:jane",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/jane",
            "accountId": ACCOUNT,
        },
        "eventTime": WHEN,
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": "192.0.2.10",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": parameters or None,
        "responseElements": dict(response) if response else None,
        "requestID": _id(file, "request"),
        "eventID": _id(file, "event"),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }
    if resources:
        detail["resources"] = resources
    event = _envelope(file, "AWS API Call via CloudTrail", f"aws.{service}", detail, [])
    return Golden(file, event, frozenset(ids))


def _plain(name: str) -> str:
    """The name with runs of capitals as words: DBInstance → DbInstance."""
    return "".join(
        c.lower() if i and c.isupper() and name[i - 1].isupper() and not _begins(name, i) else c
        for i, c in enumerate(name)
    )


def _begins(name: str, i: int) -> bool:
    return i + 1 < len(name) and name[i + 1].islower()


def item(
    type_: str, file: str, id: str, arn: str, name: str = "", *, judged: bool = True
) -> Golden:
    """A configuration item as far as identity goes, of a type that rules judge or only read."""
    file = f"config/{file}"
    detail = {
        "recordVersion": "1.3",
        "messageType": "ConfigurationItemChangeNotification",
        "configurationItemDiff": {"changedProperties": {}, "changeType": "UPDATE"},
        "notificationCreationTime": WHEN,
        "configurationItem": {
            "configuration": {},
            "supplementaryConfiguration": {},
            "tags": {},
            "configurationItemVersion": "1.3",
            "configurationItemCaptureTime": WHEN,
            "awsAccountId": ACCOUNT,
            "configurationItemStatus": "OK",
            "resourceType": type_,
            "resourceId": id,
            "resourceName": name or id,
            "ARN": arn,
            "awsRegion": REGION,
        },
    }
    event = _envelope(file, "Config Configuration Item Change", "aws.config", detail, [arn])
    return Golden(file, event, frozenset({(type_, name or id)} if judged else ()))


def tagged(file: str, service: str, kind: str, arn: str, *ids: tuple[str, str]) -> Golden:
    """A change to a resource's tags."""
    file = f"service/{file}"
    detail = {
        "changed-tag-keys": ["Application"],
        "service": service,
        "resource-type": kind,
        "version": 1.0,
        "tags": {"Application": "MAIF"},
    }
    return Golden(
        file, _envelope(file, "Tag Change on Resource", "aws.tag", detail, [arn]), frozenset(ids)
    )


def told(
    file: str, kind: str, source: str, detail: Members, arns: list[str], *ids: tuple[str, str]
) -> Golden:
    """A service's own event."""
    file = f"service/{file}"
    return Golden(file, _envelope(file, kind, source, detail, arns), frozenset(ids))


def found(file: str, kind: str, id: str, *ids: tuple[str, str]) -> Golden:
    """A finding of Amazon Inspector (Amazon Inspector User Guide, "Event schema")."""
    arn = f"arn:aws:inspector2:{REGION}:{ACCOUNT}:finding/{file}"
    detail = {
        "awsAccountId": ACCOUNT,
        "findingArn": arn,
        "severity": "HIGH",
        "status": "ACTIVE",
        "title": "CVE-2026-0001 - openssl",
        "type": "PACKAGE_VULNERABILITY",
        "exploitAvailable": "NO",
        "resources": [{"id": id, "type": kind, "partition": "aws", "region": REGION}],
    }
    return told(file, "Inspector2 Finding", "aws.inspector2", detail, [id], *ids)


def unscanned(file: str, reason: str, id: str, *ids: tuple[str, str]) -> Golden:
    """An event that Inspector does not scan a resource any more."""
    detail = {
        "scanStatus": {"reason": reason, "statusCodeValue": "INACTIVE"},
        "scanType": "PACKAGE",
        "eventTimestamp": WHEN,
        "version": "1.0",
    }
    return told(file, "Inspector2 Coverage", "aws.inspector2", detail, [id], *ids)


def _envelope(file: str, kind: str, source: str, detail: Members, arns: list[str]) -> Members:
    return {
        "_comment": COMMENT,
        "version": "0",
        "id": _id(file, "envelope"),
        "detail-type": kind,
        "source": source,
        "account": ACCOUNT,
        "time": WHEN,
        "region": REGION,
        "resources": arns,
        "detail": detail,
    }


def _id(file: str, what: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{file}#{what}"))


def _required(service: str, shape: Shape | None) -> dict[str, Any]:
    """The members of a request that the API requires, with plain values."""
    if not isinstance(shape, StructureShape):
        return {}
    values: dict[str, Any] = {}
    for name in shape.required_members:
        member = shape.members[name]
        if member.type_name == "string":
            values[recorded(service, name, member)] = (
                getattr(member, "enum", None) or ["example"]
            )[0]
        elif member.type_name in {"integer", "long"}:
            values[recorded(service, name, member)] = 1
        elif member.type_name == "boolean":
            values[recorded(service, name, member)] = True
    return values


def backed_up(file: str, type_: str, arn: str, *ids: tuple[str, str]) -> tuple[Golden, Golden]:
    """AWS Backup's events of a restore and of a recovery point (its developer guide, "Events")."""
    vault = f"arn:aws:backup:{REGION}:{ACCOUNT}:backup-vault:main"
    point = (
        f"arn:aws:backup:{REGION}:{ACCOUNT}:recovery-point:1a2b3c4d-0000-4000-8000-000000000001"
    )
    common = {"backupVaultArn": vault, "creationDate": WHEN, "resourceType": type_}
    restored = {
        **common,
        "restoreJobId": "1A2B3C4D-0000-4000-8000-000000000001",
        "recoveryPointArn": point,
        "sourceResourceArn": arn,
        "percentDone": 0,
        "status": "COMPLETED",
        "createdResourceArn": f"{arn}-restored",
        "completionDate": WHEN,
    }
    made = {
        **common,
        "backupVaultName": "main",
        "resourceArn": arn,
        "status": "COMPLETED",
        "isEncrypted": "true",
        "storageClass": "WARM",
        "completionDate": WHEN,
    }
    return (
        told(
            f"{file}-restored", "Restore Job State Change", "aws.backup", restored, [point], *ids
        ),
        told(f"{file}-made", "Recovery Point State Change", "aws.backup", made, [point], *ids),
    )


_SHIFT = {
    "version": "0.0.1",
    "data": {"practiceRunOutcome": "SUCCEEDED"},
    "metadata": {"awayFrom": "use1-az1", "notes": "practice run"},
}


def by_itself(file: str, source: str, name: str, *ids: tuple[str, str], **fields: Any) -> Golden:
    """What a service does by itself, which CloudTrail records without a caller."""
    detail = {
        "eventVersion": "1.11",
        "userIdentity": {"accountId": ACCOUNT, "invokedBy": "AWS Internal"},
        "eventTime": WHEN,
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": "AWS Internal",
        "requestParameters": None,
        "responseElements": None,
        "eventID": _id(f"service/{file}", "event"),
        "readOnly": False,
        "eventType": "AwsServiceEvent",
        "recipientAccountId": ACCOUNT,
        **fields,
    }
    return told(file, "AWS Service Event via CloudTrail", f"aws.{source}", detail, [], *ids)


def of_rds(what: str, kind: str, id: str, name: str, message: str) -> Golden:
    """An event of RDS (RDS User Guide, "Amazon RDS event categories and event messages")."""
    source = {"INSTANCE": "db", "CLUSTER": "cluster"}[kind]
    arn = f"arn:aws:rds:{REGION}:{ACCOUNT}:{source}:{name}"
    detail = {
        "EventCategories": [what],
        "SourceType": kind,
        "SourceArn": arn,
        "Date": WHEN,
        "Message": message,
        "SourceIdentifier": name,
        "EventID": id,
    }
    file = f"rds-{kind.lower()}-{what.replace(' ', '-')}"
    concerned = () if what == "failover" else ((f"AWS::RDS::DB{kind.title()}", name),)
    return told(file, f"RDS DB {kind.title()} Event", "aws.rds", detail, [arn], *concerned)


def shifted(file: str, kind: str) -> Golden:
    """An event of ARC's zonal shift (ARC Developer Guide, "Using zonal autoshift with …")."""
    return told(file, kind, "aws.arc-zonal-shift", _SHIFT, [BALANCER])
