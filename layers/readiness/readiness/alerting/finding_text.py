"""A finding as text, for people."""

from __future__ import annotations

import os
from urllib.parse import quote

from readiness.alerting.console import console_url
from readiness.alerting.guidance import guidance
from readiness.alerting.placeholders import filled
from readiness.alerting.severity import severity_of
from readiness.engine.rows import Entry
from readiness.model.finding import DEFAULT_STACK, Finding, iso
from readiness.model.resource import GLOBAL, Resource
from readiness.model.text import clean
from readiness.model.transition import Kind
from readiness.model.verdict import Status
from readiness.model.waiver import spoken

SUMMARY_MOST = 1024
RESOLVED = "RESOLVED"


def headline(finding: Finding, most: int, mark: str = "") -> str:
    """One line that says what is wrong where, with the facts that change in front.

    It begins with ``mark``, by default the severity, or RESOLVED where nothing is wrong any more.
    """
    where = f"{finding.resource.account}/{finding.resource.region}"
    environment = f"{finding.environment}, " if finding.environment else ""
    said = finding.blind_reason if is_only_blind(finding) else finding.reason
    return clean(
        f"[{mark or _mark(finding)}] {spoken_name(finding, 128)} ({environment}{where}): {said}",
        most,
    )


def _mark(finding: Finding) -> str:
    is_fine = finding.status in {Status.COMPLIANT, Status.NOT_APPLICABLE}
    return RESOLVED if is_fine and not is_only_blind(finding) else str(severity_of(finding))


def spoken_name(finding: Finding, most: int) -> str:
    """The id with the name that people know the resource by, where it has another one.

    Of an ARN the part that names the resource is enough; the message has the whole beside it.
    """
    id = finding.resource.id
    shown = id.split(":", 5)[5] if id.startswith("arn:") and id.count(":") >= 5 else id
    name = other_name(finding)
    if not name or name.lower() in shown.lower():
        return clean(shown, most)
    return clean(f"{clean(shown, most)} ({clean(name, 60)})", most + 64)


def other_name(finding: Finding) -> str:
    """The name in the evidence, that of an alias in the facts, or the tag Name."""
    aliases = finding.observed.get("aliases")
    if finding.name:
        return finding.name
    if isinstance(aliases, list | tuple) and aliases:
        return str(aliases[0])
    return str((finding.tags or {}).get("Name", ""))


def is_only_blind(finding: Finding) -> bool:
    return finding.status is not Status.NON_COMPLIANT and bool(finding.blind_reason)


def mark_of(finding: Finding, entry: Entry) -> str:
    """The severity, or what has become of it: ``RESOLVED``, ``WAIVED``, ``REMINDER``."""
    if finding.is_open:
        return str(severity_of(finding))
    marks = {str(Kind.REMINDED): "REMINDER", str(Kind.WAIVED): "WAIVED"}
    return marks.get(entry.kind, RESOLVED)


def text_of(finding: Finding, entry: Entry, runbooks: str, stack: str) -> str:
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
        f"Runbook:   {runbook_of(finding, runbooks, stack)}",
        f"Box:       {finding.section} / {finding.heading} / {finding.item}",
        f"Rule:      {finding.rule}",
        f"Resource:  {clean(finding.resource.key, 400)}",
    ]
    if finding.owner:
        lines.append(f"Owner:     {finding.owner}")
    if known.steps and not over and finding.is_open:
        lines += ["", *filled(known.steps, finding.resource, stack).splitlines()]
    return "\n".join(lines)


def _what(finding: Finding) -> str:
    said = finding.blind_reason if is_only_blind(finding) else finding.reason
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
    return f"readiness explain {finding.id}{stack_options(finding.resource, stack)}"


def stack_options(resource: Resource, stack: str) -> str:
    """The options that lead to the stack. A function's own region is where the stack is."""
    here = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
    region = here or ("" if resource.region == GLOBAL else resource.region)
    option = f" --region {region}" if region else ""
    return f"{option} --stack-name {stack or DEFAULT_STACK}"


def runbook_of(finding: Finding, runbooks: str, stack: str) -> str:
    """A link where runbooks are published; else the command that prints the section."""
    url = runbook_url(finding.rule, runbooks)
    if url.startswith("https://"):
        return url
    return f"{explain_command(finding, stack)} --fix"


def runbook_url(rule: str, base: str) -> str:
    """The runbook section of a rule: ``<base>/<heading>.md#<rule-name>``."""
    folder, _, name = rule.partition(".")
    return f"{base.rstrip('/')}/{quote(folder)}.md#{quote(name)}"
