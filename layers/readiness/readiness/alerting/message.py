"""The messages that are sent: SNS in each subscriber's form, and the PagerDuty event."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from readiness.alerting.console import console_url
from readiness.alerting.guidance import guidance
from readiness.alerting.incidents import since_opened
from readiness.alerting.storms import Group
from readiness.engine.rows import Entry
from readiness.model.blindness import UNREADABLE
from readiness.model.finding import DEFAULT_STACK, Finding, dedup_key, iso
from readiness.model.resource import GLOBAL, Resource
from readiness.model.text import clean
from readiness.model.transition import Kind
from readiness.model.verdict import Fact, Severity, Status
from readiness.model.waiver import spoken

SUBJECT_MOST = 99
SUMMARY_MOST = 1024
MOST_STATEMENT = 20_000
"""A policy is of no use if its end is cut off."""
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
RESOLVED = "RESOLVED"
Attributes = dict[str, dict[str, str]]


def severity_of(finding: Finding) -> Severity:
    """The severity to alert with: a finding that cannot be judged is LOW, whatever its rule is."""
    if finding.rule == UNREADABLE:
        return finding.severity
    if finding.status is not Status.NON_COMPLIANT and finding.blinded_at is not None:
        return Severity.LOW
    return finding.severity


def loudest(finding: Finding, entry: Entry, earlier: Sequence[Entry] = ()) -> Severity:
    """The severity of a transition: when resolved, the highest that the finding had while open.

    Subscribers filter by it, and whoever was told that it opened must be told that it is resolved.
    ``earlier`` is the history, with the severities before it became less severe.
    """
    now = severity_of(finding)
    if entry.kind == Kind.REMINDED:
        return Severity.LOW
    told = [now]
    if entry.old_status == Status.NON_COMPLIANT and entry.old_severity in set(Severity):
        told.append(Severity(entry.old_severity))
    if entry.old_status == Status.INSUFFICIENT_DATA:
        is_heading = finding.rule == UNREADABLE and entry.old_severity in set(Severity)
        told.append(Severity(entry.old_severity) if is_heading else Severity.LOW)
    told += [
        Severity(row.severity)
        for row in since_opened(earlier, entry.at)
        if row.status == Status.NON_COMPLIANT and row.severity in set(Severity)
    ]
    return min(told, key=lambda severity: severity.rank)


def finding_json(finding: Finding, stack: str = DEFAULT_STACK) -> dict[str, Any]:
    """The finding as programs get it: the attributes of the findings table, by the same names."""
    plain: dict[str, Any] = {
        "finding_id": finding.id,
        "dedup_key": dedup_key(finding.resource, finding.rule, stack),
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
        "waived": finding.is_waived,
        "status_since": iso(finding.since),
        "first_observed_at": iso(finding.first_observed_at or finding.last_observed_at),
        "last_observed_at": iso(finding.last_observed_at),
    }
    optional = {
        "name": finding.name,
        "blind_since": iso(finding.blind_since) if finding.blind_since else "",
        "blind_reason": finding.blind_reason,
        "reminder": finding.reminder,
        "opened_by": finding.opened_by,
        "changed_by": finding.changed_by,
        "changed_call": finding.changed_call,
        "changed_at": finding.changed_at,
        "event_id": finding.event_id,
        "trigger": finding.trigger,
        "workload": finding.workload,
        "environment": finding.environment,
        "owner": finding.owner,
        "waived_until": iso(finding.waived_until) if finding.waived_until else "",
        "waiver": finding.waiver,
        "waived_by": finding.waived_by,
        "waived_because": finding.waived_because,
        "waiver_owner": finding.waiver_owner,
        "waiver_approved_by": finding.waiver_approved_by,
    }
    return plain | {name: value for name, value in optional.items() if value}


def headline(finding: Finding, most: int, mark: str = "") -> str:
    """One line that says what is wrong where, with the facts that change in front.

    It begins with ``mark``, by default the severity, or RESOLVED where nothing is wrong any more.
    """
    where = f"{finding.resource.account}/{finding.resource.region}"
    environment = f"{finding.environment}, " if finding.environment else ""
    said = finding.blind_reason if _only_blind(finding) else finding.reason
    return clean(
        f"[{mark or _mark(finding)}] {spoken_name(finding, 128)} ({environment}{where}): {said}",
        most,
    )


def _mark(finding: Finding) -> str:
    is_fine = finding.status in {Status.COMPLIANT, Status.NOT_APPLICABLE}
    return RESOLVED if is_fine and not _only_blind(finding) else str(severity_of(finding))


def spoken_name(finding: Finding, most: int) -> str:
    """The id with the name that people know the resource by, where it has another one.

    Of an ARN the part that names the resource is enough; the message has the whole beside it.
    """
    id = finding.resource.id
    shown = id.split(":", 5)[5] if id.startswith("arn:") and id.count(":") >= 5 else id
    name = _other_name(finding)
    if not name or name.lower() in shown.lower():
        return clean(shown, most)
    return clean(f"{clean(shown, most)} ({clean(name, 60)})", most + 64)


def _other_name(finding: Finding) -> str:
    """The name in the evidence, that of an alias in the facts, or the tag Name."""
    aliases = finding.observed.get("aliases")
    if finding.name:
        return finding.name
    if isinstance(aliases, list | tuple) and aliases:
        return str(aliases[0])
    return str((finding.tags or {}).get("Name", ""))


def _only_blind(finding: Finding) -> bool:
    return finding.status is not Status.NON_COMPLIANT and bool(finding.blind_reason)


def sns_message(
    finding: Finding,
    entry: Entry,
    runbooks: str,
    earlier: Sequence[Entry] = (),
    *,
    stack: str = DEFAULT_STACK,
    for_pager: bool = True,
) -> dict[str, Any]:
    """The arguments of ``sns.publish`` for one transition, without the topic.

    ``for_pager`` is what the pager's queue filters by: its attribute ``pager`` is yes or no.

    ``default`` and ``email`` are text, ``sqs`` and ``lambda`` the finding as JSON, ``https`` has
    the shape of a CloudWatch alarm, which PagerDuty's "Amazon CloudWatch" integration takes.
    """
    state = "ALARM" if finding.is_open else "OK"
    subject = _subject(finding, entry, state)
    body = finding_json(finding, stack) | {
        "kind": entry.kind,
        "transition_at": entry.at,
        "old_status": entry.old_status,
        "old_severity": entry.old_severity if entry.old_status == Status.NON_COMPLIANT else "",
    }
    if entry.waiver_note:
        body |= {"waiver_note": entry.waiver_note, "waiver_changed_by": entry.waiver_changed_by}
    machine = _within_bounds(body)
    human = _human(finding, entry, runbooks, stack)
    return {
        "Subject": subject,
        "MessageStructure": "json",
        "Message": json.dumps(
            {
                "default": human,
                "email": human,
                "sqs": machine,
                "lambda": machine,
                "https": json.dumps(_alarm(finding, entry, state, stack)),
            }
        ),
        "MessageAttributes": _attributes(
            finding, loudest(finding, entry, earlier), for_pager=for_pager
        ),
    }


def mark_of(finding: Finding, entry: Entry) -> str:
    """The severity, or what has become of it: ``RESOLVED``, ``WAIVED``, ``REMINDER``."""
    if finding.is_open:
        return str(severity_of(finding))
    marks = {str(Kind.REMINDED): "REMINDER", str(Kind.WAIVED): "WAIVED"}
    return marks.get(entry.kind, RESOLVED)


def _subject(finding: Finding, entry: Entry, state: str) -> str:
    """``ALARM: [HIGH] encryption.s3-kms data``: SNS takes fewer than 100 ASCII characters."""
    said = f"{state}: [{mark_of(finding, entry)}] {finding.rule} {spoken_name(finding, 60)}"
    return clean(said, SUBJECT_MOST).encode("ascii", "replace").decode()


def _within_bounds(body: dict[str, Any]) -> str:
    """The finding as JSON; its facts are left out where the message would be too large."""
    machine = json.dumps(body, default=str)
    if len(machine) <= BODY_MOST:
        return machine
    return json.dumps(body | {"observed": {}, "settings": {}, "truncated": True}, default=str)


def baseline_message(
    headings: Sequence[str],
    found: Mapping[str, int],
    account: str,
    region: str,
    stack: str,
    unseen: Sequence[str] = (),
) -> dict[str, Any]:
    """The one message about everything that a heading's first sweep found, as for ``sns.publish``.

    ``unseen`` are sentences about changes that no event tells of. It is INFORMATIONAL and about no
    finding, so that it pages nobody.
    """
    total, spoken = _spoken(found)
    human = [
        f"The first sweep of {account}/{region} is complete: {spoken}.",
        "",
        "This is the baseline: of what is open now, only CRITICAL findings were sent one by",
        "one. From now on every change is sent.",
        "",
        f"Headings:  {', '.join(sorted(headings))}",
        f"See them:  readiness findings --open --stack-name {stack}",
    ]
    if unseen:
        human += ["", "Not every change is seen as it happens; the sweep finds the others:"]
        human += [f"  {each}" for each in unseen]
        human += [f"See also:  readiness doctor --stack-name {stack} --region {region}"]
    subject = f"Readiness: baseline of {account}/{region}, {total} open"
    body = {"account": account, "region": region, "headings": sorted(headings)}
    return _digest(subject, human, body | {"unseen": list(unseen)}, found)


def upgrade_message(
    rules: Sequence[str], found: Mapping[str, int], account: str, region: str, stack: str
) -> dict[str, Any]:
    """The one message about what the new and changed rules of an upgrade found."""
    total, spoken = _spoken(found)
    human = [
        f"The first sweep of {account}/{region} after an upgrade is complete: new and changed",
        f"rules found that {spoken}.",
        "",
        "Of these, only CRITICAL findings were sent one by one. From now on every change is sent.",
        "",
        "Rules:",
        *(f"  {rule}" for rule in sorted(rules)),
        "",
        f"See them:  readiness findings --open --stack-name {stack}",
    ]
    subject = f"Readiness: {total} open by new rules in {account}/{region}"
    headings = sorted({rule.partition(".")[0] for rule in rules})
    body = {"account": account, "region": region, "headings": headings, "rules": sorted(rules)}
    return _digest(subject, human, body, found)


def _spoken(found: Mapping[str, int]) -> tuple[int, str]:
    """How many findings are open, and in words: ``2 findings are open (2 HIGH)``."""
    counts = {str(severity): found.get(severity, 0) for severity in Severity}
    total = sum(counts.values())
    each = ", ".join(f"{number} {name}" for name, number in counts.items() if number)
    many = "finding is" if total == 1 else "findings are"
    return total, f"{total} {many} open" + (f" ({each})" if each else "")


def _digest(
    subject: str, human: Sequence[str], body: Mapping[str, Any], found: Mapping[str, int]
) -> dict[str, Any]:
    counts = {str(severity): found.get(severity, 0) for severity in Severity}
    text = "\n".join(human)
    machine = json.dumps({"kind": BASELINE, **body, "open": counts})
    values = {"severity": str(Severity.INFORMATIONAL), "status": BASELINE, "pager": "no"}
    values |= {name: str(body[name]) for name in ("account", "region")}
    return {
        "Subject": clean(subject, SUBJECT_MOST),
        "MessageStructure": "json",
        "Message": json.dumps({"default": text, "email": text, "sqs": machine, "lambda": machine}),
        "MessageAttributes": _as_attributes(values),
    }


def _attributes(finding: Finding, severity: Severity, *, for_pager: bool) -> Attributes:
    values = {
        "severity": str(severity),
        "status": str(finding.status),
        "heading": finding.heading,
        "rule": finding.rule,
        "account": finding.resource.account,
        "region": finding.resource.region,
        "environment": finding.environment,
        "owner": finding.owner,
        "pager": "yes" if for_pager else "no",
    }
    return _as_attributes(values)


def _as_attributes(values: Mapping[str, str]) -> Attributes:
    return {
        name: {"DataType": "String", "StringValue": value}
        for name, value in values.items()
        if value
    }


def _human(finding: Finding, entry: Entry, runbooks: str, stack: str) -> str:
    known = guidance(finding.rule)
    over = entry.kind == Kind.RESOLVED and not finding.is_open
    lines = [
        headline(finding, SUMMARY_MOST),
        "",
        f"What:      {_what(finding)}",
        f"Resolved:  {finding.status} since {iso(finding.since)}"
        if over
        else f"How bad:   {severity_of(finding)}, {entry.kind} ({iso(finding.since)})",
    ]
    lines += _who(finding)
    if known.why and not over:
        lines.append(f"Why:       {known.why}")
    if known.fix and not over:
        lines.append(f"Fix:       {known.fix}")
    if finding.expected:
        lines.append(f"Expected:  {finding.expected}")
    if note := entry.waiver_note or spoken(finding):
        lines.append(f"Waiver:    {clean(note, SUMMARY_MOST)}")
    if finding.reminder:
        lines.append(f"Reminder:  {finding.reminder}")
    lines += [
        f"Look:      {explain_command(finding, stack)}",
        f"Console:   {console_url(finding.resource, finding.rule)}",
        f"Runbook:   {_runbook(finding, runbooks, stack)}",
        f"Box:       {finding.section} / {finding.heading} / {finding.item}",
        f"Rule:      {finding.rule}",
        f"Resource:  {clean(finding.resource.key, 400)}",
    ]
    if finding.owner:
        lines.append(f"Owner:     {finding.owner}")
    if known.steps and not over and finding.is_open:
        lines += ["", *known.steps.splitlines()]
    return "\n".join(lines)


def _what(finding: Finding) -> str:
    said = finding.blind_reason if _only_blind(finding) else finding.reason
    return clean(said, SUMMARY_MOST)


def _who(finding: Finding) -> list[str]:
    """Who changed it: the principal, the call, when, and CloudTrail's id of the event."""
    lines = []
    if finding.opened_by:
        lines.append(f"Opened by: {finding.opened_by}")
    if str(finding.last_change):
        lines.append(f"Last change: {finding.last_change}")
    if finding.event_id:
        lines.append(f"Its event: {finding.event_id} (CloudTrail)")
    return lines or ["Who:       not known: a sweep found it, or no trail told of the change"]


def explain_command(finding: Finding, stack: str) -> str:
    """How to look: the command with the region and the name of the stack that says so."""
    return f"readiness explain {finding.id}{_at(finding.resource, stack)}"


def _at(resource: Resource, stack: str) -> str:
    """The options that lead to the stack. A function's own region is where the stack is."""
    here = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
    region = here or ("" if resource.region == GLOBAL else resource.region)
    option = f" --region {region}" if region else ""
    return f"{option} --stack-name {stack or DEFAULT_STACK}"


def _runbook(finding: Finding, runbooks: str, stack: str) -> str:
    """A link where runbooks are published; else the command that prints the section."""
    url = runbook_url(finding.rule, runbooks)
    if url.startswith("https://"):
        return url
    return f"{explain_command(finding, stack)} --fix"


def _alarm(finding: Finding, entry: Entry, state: str, stack: str) -> dict[str, Any]:
    """The fields PagerDuty reads of a CloudWatch alarm notification, and those it shows."""
    waived = entry.waiver_note or spoken(finding)
    return {
        "AlarmName": clean(f"{stack or DEFAULT_STACK} {finding.rule} {finding.resource.key}", 255),
        "AlarmDescription": clean(f"{finding.item}. {finding.expected}", SUMMARY_MOST),
        "AWSAccountId": finding.resource.account,
        "NewStateValue": state,
        "OldStateValue": "OK" if state == "ALARM" else "ALARM",
        "NewStateReason": clean(f"{waived} {headline(finding, SUMMARY_MOST)}", SUMMARY_MOST),
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
    """Whether the finding, as it is now, pages the person on call."""
    return finding.is_open and severity_of(finding).at_least(lowest)


def resolve_event(key: str) -> dict[str, Any]:
    """The Events API v2 body that ends an incident whose finding is gone."""
    return {"event_action": "resolve", "dedup_key": key}


def pagerduty_event(
    finding: Finding,
    *,
    routing_key: str,
    lowest: Severity,
    runbooks: str,
    key: str = "",
    stack: str = DEFAULT_STACK,
) -> dict[str, Any]:
    """The Events API v2 body for a finding as it is now: ``trigger`` or ``resolve``.

    ``key`` is the dedup_key, by default the one of the default stack.

    The payload is complete on resolve too, since event orchestrations route by it; only the
    runbook's steps are left out then. Where runbooks are not published, ``runbook`` is the command
    that prints the section.
    """
    action = "trigger" if pages(finding, lowest) else "resolve"
    severity = _PAGERDUTY_SEVERITY[severity_of(finding)]
    resource = finding.resource
    runbook = _runbook(finding, runbooks, stack)
    links = [
        {
            "href": console_url(resource, finding.rule),
            "text": "The resource in the AWS console",
        }
    ]
    if runbook.startswith("https://"):
        links.append({"href": runbook, "text": "Runbook"})
    return {
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": key or finding.dedup_key,
        "client": "Readiness",
        "payload": {
            "summary": headline(finding, SUMMARY_MOST, RESOLVED if action == "resolve" else ""),
            "source": clean(resource.key, 255),
            "severity": severity,
            "timestamp": iso(finding.last_observed_at),
            "component": clean(resource.type, 128),
            "group": clean(finding.environment or resource.account, 128),
            "class": finding.rule,
            "custom_details": _details(finding, stack)
            | {"runbook": runbook}
            | (_steps(finding.rule) if action == "trigger" else {}),
        },
        "links": links,
    }


def group_event(
    finding: Finding, group: Group, *, lowest: Severity, runbooks: str, stack: str
) -> dict[str, Any]:
    """The Events API v2 body that triggers a grouped incident; ``finding`` is one of its members.

    Its severity, and so the incident's, is that of all members.
    """
    said = pagerduty_event(finding, routing_key="", lowest=lowest, runbooks=runbooks, stack=stack)
    where = f"{finding.resource.account}/{finding.resource.region}"
    many = "more finding" if group.joined == 1 else "more findings"
    summary = (
        f"[{group.severity}] {group.joined} {many} of {group.rule} since"
        f" {group.began_at[11:16]}Z ({where}), among them {_names(group)}: {finding.reason}"
    )
    known = guidance(group.rule)
    details = {
        "what": f"Many findings of {group.rule} in a short time; the first were paged one by one",
        "why": known.why,
        "fix": known.fix,
        "box": f"{finding.section} / {finding.heading} / {finding.item}",
        "last_change": str(finding.last_change),
        "event_id": finding.event_id,
        "findings": str(group.joined),
        "still_open": str(group.members),
        "since": group.began_at,
        "examples": ", ".join(group.examples),
        "see_them": f"readiness findings --open --rule {group.rule}{_at(finding.resource, stack)}",
        "resolves": "when the last of them is resolved",
        "account": finding.resource.account,
        "region": finding.resource.region,
        "runbook": _runbook(finding, runbooks, stack),
    }
    payload = said["payload"] | {
        "summary": clean(summary, SUMMARY_MOST),
        "source": clean(f"{where} {group.rule}", 255),
        "custom_details": {
            name: clean(text, SUMMARY_MOST) for name, text in details.items() if text
        }
        | _steps(group.rule),
    }
    links = [link for link in said["links"] if link["text"] == "Runbook"]
    return said | {"dedup_key": group.dedup_key, "payload": payload, "links": links}


def cause_event(
    finding: Finding, group: Group, *, lowest: Severity, runbooks: str, stack: str
) -> dict[str, Any]:
    """The Events API v2 body that triggers the one incident of several rules about one fact."""
    said = pagerduty_event(
        finding,
        routing_key="",
        lowest=lowest,
        runbooks=runbooks,
        key=group.dedup_key,
        stack=stack,
    )
    rules = ", ".join(dict.fromkeys(group.examples))
    details = said["payload"]["custom_details"] | {
        "one_incident_for": clean(rules, SUMMARY_MOST),
        "resolves": "when all of these are resolved",
    }
    return said | {"payload": said["payload"] | {"custom_details": details}}


def _names(group: Group) -> str:
    names = ", ".join(clean(each, 60) for each in group.examples[:3])
    return names if group.joined <= len(group.examples[:3]) else f"{names}, …"


def _details(finding: Finding, stack: str) -> dict[str, str]:
    """Flat texts: PagerDuty shows nested details unreadably."""
    known = guidance(finding.rule)
    details = {
        "what": finding.reason,
        "why": known.why,
        "fix": known.fix,
        "box": f"{finding.section} / {finding.heading} / {finding.item}",
        "name": _other_name(finding),
        "expected": finding.expected,
        "status": str(finding.status),
        "since": iso(finding.since),
        "last_observed": iso(finding.last_observed_at),
        "opened_by": finding.opened_by,
        "last_change": str(finding.last_change),
        "event_id": finding.event_id,
        "not_readable": finding.blind_reason,
        "waived": spoken(finding),
        "owner": finding.owner,
        "workload": finding.workload,
        "environment": finding.environment,
        "account": finding.resource.account,
        "region": finding.resource.region,
        "finding_id": finding.id,
        "explain": explain_command(finding, stack),
    }
    details |= {f"observed_{name}": _flat(value) for name, value in finding.observed.items()}
    most = {"observed_statement": MOST_STATEMENT}
    filled = {name: value for name, value in details.items() if value}
    return {name: clean(value, most.get(name, SUMMARY_MOST)) for name, value in filled.items()}


def _steps(rule: str) -> dict[str, str]:
    """The runbook's steps, in their lines: whoever is paged may have only the page."""
    steps = guidance(rule).steps
    return {"runbook_steps": steps} if steps else {}


def _flat(fact: Fact) -> str:
    return fact if isinstance(fact, str) else json.dumps(fact, ensure_ascii=False, default=str)


def runbook_url(rule: str, base: str) -> str:
    """The runbook section of a rule: ``<base>/<heading>.md#<rule-name>``."""
    folder, _, name = rule.partition(".")
    return f"{base.rstrip('/')}/{quote(folder)}.md#{quote(name)}"
