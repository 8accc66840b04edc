"""What leaves the house: the SNS message in each subscriber's form, and the PagerDuty event."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from readiness.engine.geography import console_host
from readiness.engine.store import Entry
from readiness.model.finding import Finding, iso
from readiness.model.resource import Resource
from readiness.model.text import clean
from readiness.model.transition import Kind
from readiness.model.verdict import Fact, Severity, Status

SUBJECT_MOST = 99
SUMMARY_MOST = 1024
BODY_MOST = 100_000
"""Of the 262,144 bytes that SNS takes, two copies of the finding must leave room for the rest."""

_PAGERDUTY_SEVERITY = {
    Severity.CRITICAL: "critical",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "info",
    Severity.INFORMATIONAL: "info",
}
BASELINE = "BASELINE"
Attributes = dict[str, dict[str, str]]


def severity_of(finding: Finding) -> Severity:
    """How loud the finding is: a rule that cannot be judged is LOW whatever the rule weighs."""
    if finding.status is not Status.NON_COMPLIANT and finding.blinded_at is not None:
        return Severity.LOW
    return finding.severity


def loudest(finding: Finding, entry: Entry, earlier: Sequence[Entry] = ()) -> Severity:
    """How loud the transition is: a resolved finding is as loud as it has ever been while open.

    Subscribers filter by it, and who was told of the one must be told of the other. ``earlier``
    is the history, which tells what it was before it became less severe.
    """
    now = severity_of(finding)
    if entry.kind == Kind.REMINDED:
        return Severity.LOW
    told = [now]
    if entry.old_status == Status.NON_COMPLIANT and entry.old_severity:
        told.append(Severity(entry.old_severity))
    if entry.old_status == Status.INSUFFICIENT_DATA:
        told.append(Severity.LOW)
    told += [
        Severity(row.severity)
        for row in _since_opened(earlier, entry)
        if row.status == Status.NON_COMPLIANT and row.severity
    ]
    return min(told, key=lambda severity: severity.rank)


def _since_opened(history: Sequence[Entry], entry: Entry) -> list[Entry]:
    """The rows of the time the finding was open, up to the one that is told of."""
    rows: list[Entry] = []
    for row in history:
        if row.at > entry.at:
            break
        if row.kind in {Kind.OPENED, Kind.REOPENED}:
            rows = []
        rows.append(row)
    return rows


def finding_json(finding: Finding) -> dict[str, Any]:
    """The finding as programs get it: the attributes of the findings table, by the same names."""
    plain: dict[str, Any] = {
        "finding_id": finding.id,
        "dedup_key": finding.dedup_key,
        "resource": finding.resource.key,
        "account": finding.resource.account,
        "region": finding.resource.region,
        "resource_type": finding.resource.type,
        "resource_id": finding.resource.id,
        "rule": finding.rule,
        "status": str(finding.status),
        "severity": str(finding.severity),
        "section": finding.section,
        "heading": finding.heading,
        "item": finding.item,
        "reason": finding.reason,
        "expected": finding.expected,
        "observed": finding.observed,
        "settings": finding.settings,
        "open": finding.is_open,
        "status_since": iso(finding.since),
        "first_observed_at": iso(finding.first_observed_at or finding.last_observed_at),
        "last_observed_at": iso(finding.last_observed_at),
    }
    optional = {
        "blind_since": iso(finding.blind_since) if finding.blind_since else "",
        "blind_reason": finding.blind_reason,
        "reminder": finding.reminder,
        "changed_by": finding.changed_by,
        "trigger": finding.trigger,
        "workload": finding.workload,
        "environment": finding.environment,
        "owner": finding.owner,
        "waived_until": iso(finding.waived_until) if finding.waived_until else "",
    }
    return plain | {name: value for name, value in optional.items() if value}


def headline(finding: Finding, most: int) -> str:
    """One line that says what is wrong where, with the facts that change in front."""
    where = f"{finding.resource.account}/{finding.resource.region}"
    environment = f"{finding.environment}, " if finding.environment else ""
    name = clean(finding.resource.id, 128)
    said = finding.blind_reason if _only_blind(finding) else finding.reason
    return clean(f"[{severity_of(finding)}] {name} ({environment}{where}): {said}", most)


def _only_blind(finding: Finding) -> bool:
    return finding.status is not Status.NON_COMPLIANT and bool(finding.blind_reason)


def sns_message(
    finding: Finding, entry: Entry, runbooks: str, earlier: Sequence[Entry] = ()
) -> dict[str, Any]:
    """The arguments of ``sns.publish`` for one transition, without the topic.

    ``default`` and ``email`` are text, ``sqs`` and ``lambda`` the finding as JSON, ``https`` has
    the shape of a CloudWatch alarm, which PagerDuty's "Amazon CloudWatch" integration takes.
    """
    state = "ALARM" if finding.is_open else "OK"
    name = clean(finding.resource.id, 60)
    subject = clean(f"{state}: {finding.rule} {name}", SUBJECT_MOST)
    body = finding_json(finding) | {
        "kind": entry.kind,
        "transition_at": entry.at,
        "old_status": entry.old_status,
        "old_severity": entry.old_severity if entry.old_status == Status.NON_COMPLIANT else "",
    }
    machine = _within_bounds(body)
    human = _human(finding, entry, runbooks)
    return {
        "Subject": subject.encode("ascii", "replace").decode(),
        "MessageStructure": "json",
        "Message": json.dumps(
            {
                "default": human,
                "email": human,
                "sqs": machine,
                "lambda": machine,
                "https": json.dumps(_alarm(finding, entry, state)),
            }
        ),
        "MessageAttributes": _attributes(finding, loudest(finding, entry, earlier)),
    }


def _within_bounds(body: dict[str, Any]) -> str:
    """The finding as JSON; its facts are left out where the message would be too large."""
    machine = json.dumps(body, default=str)
    if len(machine) <= BODY_MOST:
        return machine
    return json.dumps(body | {"observed": {}, "settings": {}, "truncated": True}, default=str)


def baseline_message(
    headings: Sequence[str], found: Mapping[str, int], account: str, region: str, stack: str
) -> dict[str, Any]:
    """The one message about everything that a heading's first sweep found, as for ``sns.publish``.

    It is INFORMATIONAL and about no finding, so that it pages nobody.
    """
    counts = {str(severity): found.get(severity, 0) for severity in Severity}
    total = sum(counts.values())
    spoken = ", ".join(f"{number} {name}" for name, number in counts.items() if number)
    many = "finding is" if total == 1 else "findings are"
    body = {
        "kind": BASELINE,
        "account": account,
        "region": region,
        "headings": sorted(headings),
        "open": counts,
    }
    human = "\n".join(
        [
            f"The first sweep of {account}/{region} is complete: {total} {many} open"
            + (f" ({spoken})." if spoken else "."),
            "",
            "This is the baseline: of what is open now, only CRITICAL findings were sent one by",
            "one. From here on you hear of each change.",
            "",
            f"Headings:  {', '.join(sorted(headings))}",
            f"See them:  readiness findings --open --stack-name {stack}",
        ]
    )
    machine = json.dumps(body)
    texts = {"default": human, "email": human, "sqs": machine, "lambda": machine}
    values = {"severity": str(Severity.INFORMATIONAL), "status": BASELINE}
    return {
        "Subject": clean(f"Readiness: baseline of {account}/{region}, {total} open", SUBJECT_MOST),
        "MessageStructure": "json",
        "Message": json.dumps(texts),
        "MessageAttributes": _as_attributes(values | {"account": account, "region": region}),
    }


def _attributes(finding: Finding, severity: Severity) -> Attributes:
    values = {
        "severity": str(severity),
        "status": str(finding.status),
        "heading": finding.heading,
        "rule": finding.rule,
        "account": finding.resource.account,
        "region": finding.resource.region,
        "environment": finding.environment,
        "owner": finding.owner,
    }
    return _as_attributes(values)


def _as_attributes(values: Mapping[str, str]) -> Attributes:
    return {
        name: {"DataType": "String", "StringValue": value}
        for name, value in values.items()
        if value
    }


def _human(finding: Finding, entry: Entry, runbooks: str) -> str:
    lines = [
        headline(finding, SUMMARY_MOST),
        "",
        f"Change:    {entry.kind}, {finding.status} since {iso(finding.since)}",
        f"Box:       {finding.section} / {finding.heading} / {finding.item}",
        f"Rule:      {finding.rule}",
        f"Resource:  {clean(finding.resource.key, 400)}",
    ]
    if finding.expected:
        lines.append(f"Expected:  {finding.expected}")
    if finding.reminder:
        lines.append(f"Reminder:  {finding.reminder}")
    if finding.changed_by:
        lines.append(f"Caused by: {finding.changed_by}")
    if finding.owner:
        lines.append(f"Owner:     {finding.owner}")
    lines += [
        f"Runbook:   {runbook_url(finding.rule, runbooks)}",
        f"Explain:   readiness explain {finding.id}",
        f"Console:   {console_url(finding.resource)}",
    ]
    return "\n".join(lines)


def _alarm(finding: Finding, entry: Entry, state: str) -> dict[str, Any]:
    """The fields PagerDuty reads of a CloudWatch alarm notification, and those it shows."""
    return {
        "AlarmName": clean(f"readiness {finding.rule} {finding.resource.key}", 255),
        "AlarmDescription": clean(f"{finding.item}. {finding.expected}", SUMMARY_MOST),
        "AWSAccountId": finding.resource.account,
        "NewStateValue": state,
        "OldStateValue": "OK" if state == "ALARM" else "ALARM",
        "NewStateReason": headline(finding, SUMMARY_MOST),
        "StateChangeTime": entry.at,
        "Region": finding.resource.region,
        "AlarmArn": "",
        "Trigger": {
            "MetricName": finding.rule,
            "Namespace": "Readiness",
            "Dimensions": [{"name": "FindingId", "value": finding.id}],
        },
    }


def pages(finding: Finding, lowest: Severity) -> bool:
    """Whether the finding as it is now belongs in front of the person on call."""
    return finding.is_open and severity_of(finding).at_least(lowest)


def concerns_pager(finding: Finding, body: Mapping[str, Any], lowest: Severity) -> bool:
    """Whether a transition touches the pager: it pages now, or may have before.

    What is over always does: it may have paged while it was more severe, or while the lowest
    severity that pages was a lower one. To resolve what never paged does no harm.
    """
    if body.get("kind") == Kind.RESOLVED and not pages(finding, lowest):
        return True
    old = body.get("old_severity")
    before = bool(old) and Severity(str(old)).at_least(lowest)
    return before or pages(finding, lowest)


def pagerduty_event(
    finding: Finding, *, routing_key: str, lowest: Severity, runbooks: str
) -> dict[str, Any]:
    """The Events API v2 body for a finding as it is now: ``trigger`` or ``resolve``.

    The payload is complete on resolve too, since event orchestrations route by it. A runbook
    that is published nowhere is a path, not a link.
    """
    action = "trigger" if pages(finding, lowest) else "resolve"
    severity = _PAGERDUTY_SEVERITY[severity_of(finding)]
    resource = finding.resource
    runbook = runbook_url(finding.rule, runbooks)
    links = [{"href": console_url(resource), "text": "The resource in the AWS console"}]
    if runbook.startswith("https://"):
        links.append({"href": runbook, "text": "Runbook"})
    return {
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": finding.dedup_key,
        "client": "Readiness",
        "payload": {
            "summary": headline(finding, SUMMARY_MOST),
            "source": clean(resource.key, 255),
            "severity": severity,
            "timestamp": iso(finding.last_observed_at),
            "component": clean(resource.type, 128),
            "group": clean(finding.environment or resource.account, 128),
            "class": finding.rule,
            "custom_details": _details(finding) | {"runbook": runbook},
        },
        "links": links,
    }


def _details(finding: Finding) -> dict[str, str]:
    """Flat texts: PagerDuty shows nested details unreadably."""
    details = {
        "what": finding.reason,
        "why": f"{finding.section} / {finding.heading} / {finding.item}",
        "expected": finding.expected,
        "status": str(finding.status),
        "since": iso(finding.since),
        "last_observed": iso(finding.last_observed_at),
        "caused_by": finding.changed_by,
        "not_readable": finding.blind_reason,
        "owner": finding.owner,
        "workload": finding.workload,
        "environment": finding.environment,
        "account": finding.resource.account,
        "region": finding.resource.region,
        "finding_id": finding.id,
        "explain": f"readiness explain {finding.id}",
    }
    details |= {f"observed_{name}": _flat(value) for name, value in finding.observed.items()}
    return {name: clean(value, SUMMARY_MOST) for name, value in details.items() if value}


def _flat(fact: Fact) -> str:
    return fact if isinstance(fact, str) else json.dumps(fact, ensure_ascii=False, default=str)


def runbook_url(rule: str, base: str) -> str:
    """The runbook section of a rule: ``<base>/<heading>.md#<rule-name>``."""
    folder, _, name = rule.partition(".")
    return f"{base.rstrip('/')}/{quote(folder)}.md#{quote(name)}"


def console_url(resource: Resource) -> str:
    """A link that opens the AWS console at the resource, built from parsed ids only."""
    name = console_host(resource.region)
    host, region = f"https://{quote(name)}", quote(name.partition(".")[0])
    id = quote(resource.id, safe="")
    pages = {
        "AWS::S3::Bucket": f"{host}/s3/buckets/{id}?tab=properties",
        "AWS::KMS::Key": f"{host}/kms/home?region={region}#/kms/keys/{id}",
        "AWS::IAM::User": f"{host}/iam/home#/users/details/{id}",
        "AWS::IAM::Role": f"{host}/iam/home#/roles/details/{id}",
        "AWS::EC2::SecurityGroup": f"{host}/ec2/home?region={region}#SecurityGroup:groupId={id}",
        "AWS::EC2::VPC": f"{host}/vpcconsole/home?region={region}#VpcDetails:VpcId={id}",
        "AWS::Lambda::Function": f"{host}/lambda/home?region={region}#/functions/{id}",
        "AWS::SecretsManager::Secret": f"{host}/secretsmanager/secret?name={id}&region={region}",
    }
    search = f"{host}/resource-explorer/home?region={region}#/search?query={id}"
    return pages.get(resource.type, search)
