"""The one SNS message about all that a first sweep, or a sweep after an upgrade, found."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from readiness.alerting.message import SUBJECT_MOST, as_attributes
from readiness.model.text import clean
from readiness.model.verdict import Severity

BASELINE = "BASELINE"


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
        "MessageAttributes": as_attributes(values),
    }
