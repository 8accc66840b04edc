"""The SNS message about one finding, in the form of each kind of subscriber."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

from readiness.alerting.finding_json import finding_json
from readiness.alerting.finding_text import SUMMARY_MOST, headline, mark_of, spoken_name, text_of
from readiness.alerting.severity import loudest
from readiness.engine.rows import Entry
from readiness.model.finding import DEFAULT_STACK, Finding
from readiness.model.text import clean
from readiness.model.verdict import Severity, Status
from readiness.model.waiver import spoken

SUBJECT_MOST = 99
BODY_MOST = 100_000
"""Of the 262,144 bytes that SNS takes, two copies of the finding must leave room for the rest."""
MESSAGE_MOST = 250_000
"""Characters of ASCII; the attributes count too."""
WORDS_MOST = 200
_WORDS = frozenset(
    {"reason", "expected", "reminder", "blind_reason", "name", "changed_by", "opened_by"}
    | {"waived_by", "waived_because", "waiver_owner", "waiver_approved_by", "waiver_note"}
    | {"waiver_changed_by"}
)
T = TypeVar("T", Finding, Entry)
Attributes = dict[str, dict[str, str]]


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
    made = _made(finding, entry, runbooks, stack)
    if len(made["Message"]) > MESSAGE_MOST:
        # Texts of characters that JSON writes with twelve of its own, as a hostile name has.
        made = _made(_shortened(finding), _shortened(entry), runbooks, stack)
    attributes = _attributes(finding, loudest(finding, entry, earlier), for_pager=for_pager)
    return {**made, "MessageAttributes": attributes}


def _made(finding: Finding, entry: Entry, runbooks: str, stack: str) -> dict[str, Any]:
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
    human = text_of(finding, entry, runbooks, stack)
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
    }


def _shortened(said: T) -> T:
    """A finding or a row of its history with every text that people wrote cut short."""
    names = [each.name for each in fields(said) if each.name in _WORDS]
    short: dict[str, Any] = {name: clean(getattr(said, name), WORDS_MOST) for name in names}
    return replace(said, **short)


def _subject(finding: Finding, entry: Entry, state: str) -> str:
    """``ALARM: [HIGH] encryption.s3-kms data``: SNS takes fewer than 100 ASCII characters."""
    said = f"{state}: [{mark_of(finding, entry)}] {finding.rule} {spoken_name(finding, 60)}"
    return clean(said, SUBJECT_MOST).encode("ascii", "replace").decode()


def _within_bounds(body: dict[str, Any]) -> str:
    """The finding as JSON; its facts are left out where the message would be too large."""
    machine = json.dumps(body, default=str)
    # The message quotes it once more, which doubles quotation marks and backslashes.
    if len(json.dumps(machine)) <= BODY_MOST:
        return machine
    return json.dumps(body | {"observed": {}, "settings": {}, "truncated": True}, default=str)


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
    return as_attributes(values)


def as_attributes(values: Mapping[str, str]) -> Attributes:
    return {
        name: {"DataType": "String", "StringValue": value}
        for name, value in values.items()
        if value
    }


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
