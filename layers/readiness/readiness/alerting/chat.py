"""Messages for Slack and Microsoft Teams, in Amazon Q Developer's custom notification format.

Source: "Custom notifications using Amazon Q Developer in chat applications" of its administrator
guide: version 1.0, source custom, content and metadata.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from readiness.alerting.console import console_url
from readiness.alerting.finding_text import (
    RESOLVED,
    SUMMARY_MOST,
    explain_command,
    mark_of,
    runbook_url,
    spoken_name,
)
from readiness.alerting.guidance import guidance
from readiness.engine.rows import Entry
from readiness.model.finding import Finding
from readiness.model.text import clean

MOST_TITLE, MOST_TEXT, MOST_STEP = 200, 2000, 500
_ICONS = {
    "CRITICAL": ":red_circle:",
    "HIGH": ":large_orange_circle:",
    "MEDIUM": ":large_yellow_circle:",
    RESOLVED: ":white_check_mark:",
}
_ADDRESS = re.compile(r"\b(?:[a-z][a-z0-9+.-]*://|mailto:|tel:|www\.)", re.IGNORECASE)
_INERT = str.maketrans({"<": "‹", ">": "›", "`": "'", "*": "∗", "|": "¦", "~": "∼", "@": "＠"})


def chat_message(finding: Finding, entry: Entry, runbooks: str, stack: str) -> dict[str, Any]:
    """The arguments of ``sns.publish`` for one transition, without the topic.

    What belongs to one finding has one ``threadId``, so that the end stands under the beginning.
    """
    known = guidance(finding.rule)
    mark = mark_of(finding, entry)
    where = f"{finding.resource.account}/{finding.resource.region}"
    lines = [f"*{inert(finding.reason)}*", f"`{_code(finding.rule)}` in {where}"]
    if finding.environment or finding.owner:
        said = ", ".join(each for each in (finding.environment, finding.owner) if each)
        lines.append(inert(said))
    if str(finding.last_change):
        lines.append(f"Last change: {inert(str(finding.last_change))}")
    if finding.event_id:
        lines.append(f"CloudTrail event `{_code(finding.event_id)}`")
    steps = []
    if finding.is_open:
        if known.why:
            lines.append(inert(known.why))
        if known.fix:
            steps.append(inert(known.fix))
        steps.append(f"Look: `{_code(explain_command(finding, stack))} --fix`")
        url = runbook_url(finding.rule, runbooks)
        if url.startswith("https://"):
            steps.append(f"Runbook: {url}")
        steps.append(f"Console: {console_url(finding.resource, finding.rule)}")
    title = f"{_ICONS.get(mark, ':information_source:')} {mark}: {spoken_name(finding, 100)}"
    return notification(
        title,
        lines,
        steps,
        [mark, finding.heading, finding.workload],
        {
            "threadId": finding.id,
            "summary": clean(f"{mark} {finding.rule} {spoken_name(finding, 100)}", MOST_TITLE),
            "eventType": entry.kind,
            "relatedResources": [clean(finding.resource.key, MOST_STEP)],
            "additionalContext": {"finding_id": finding.id, "rule": finding.rule},
        },
    )


def notification(
    title: str,
    lines: Sequence[str],
    steps: Sequence[str],
    keywords: Sequence[str],
    metadata: dict[str, Any],
) -> dict[str, Any]:
    """A custom notification as SNS takes it; ``lines`` and ``steps`` are inert already."""
    text = "\n".join(lines)
    content = {
        "textType": "client-markdown",
        "title": clean(inert(title), MOST_TITLE),
        "description": text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…",
        "nextSteps": [clean(step, MOST_STEP) for step in steps],
        "keywords": [clean(inert(word), 50) for word in keywords if word],
    }
    filled = {name: value for name, value in content.items() if value}
    body = {"version": "1.0", "source": "custom", "content": filled, "metadata": metadata}
    return {"Message": json.dumps(body, ensure_ascii=False)}


def inert(text: str) -> str:
    """Text of strangers that mentions nobody, links nowhere and formats nothing."""
    said = clean(text, SUMMARY_MOST).translate(_INERT).replace("](", "] (")
    # What looks like an address becomes a link all by itself.
    return _ADDRESS.sub(lambda found: found[0].replace(":", "：").replace(".", "．"), said)


def _code(text: str) -> str:
    return clean(text, MOST_STEP).replace("`", "'")
