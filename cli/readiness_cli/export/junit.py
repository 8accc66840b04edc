"""JUnit XML as CI systems read it: a suite for each heading, a case for each rule and resource."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from xml.etree import ElementTree as ET

from readiness.alerting.asff import is_unknown, reason, waiver
from readiness.model.finding import Finding
from readiness.model.text import clean
from readiness.model.verdict import Status
from readiness_cli.export.content import Content, fails


def text(content: Content) -> str:
    """The file. What fails is a failure, what is unknown an error; what is waived is skipped."""
    root = ET.Element("testsuites", name="readiness")
    total: Counter[str] = Counter()
    ordered = sorted(content.findings, key=lambda f: (f.section, f.heading, f.rule, f.resource))
    for (section, heading), found in groupby(ordered, key=lambda f: (f.section, f.heading)):
        suite = ET.SubElement(root, "testsuite", name=clean(f"{section} / {heading}", 200))
        counted: Counter[str] = Counter()
        for each in found:
            counted["tests"] += 1
            counted[_case(suite, content, each)] += 1
        for name in ("tests", "failures", "errors", "skipped"):
            suite.set(name, str(counted[name]))
            total[name] += counted[name]
        suite.set("time", "0")
        suite.set("timestamp", f"{content.now:%Y-%m-%dT%H:%M:%S}")
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(total[name]))
    ET.indent(root)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
    )


def _case(suite: ET.Element, content: Content, finding: Finding) -> str:
    """Add the case; returns what it counts as."""
    case = ET.SubElement(
        suite, "testcase", classname=finding.rule, name=clean(finding.resource.key, 500), time="0"
    )
    said = reason(finding, 1000)
    if fails(finding):
        made = ET.SubElement(case, "failure", type=str(finding.severity), message=said)
        made.text = "\n".join(
            line
            for line in (
                f"{finding.severity} {content.title(finding, 300)}",
                said,
                f"Expected: {clean(finding.expected, 1000)}" if finding.expected else "",
                f"Runbook: {content.runbook(finding)}",
                f"readiness explain {finding.id}",
            )
            if line
        )
        return "failures"
    if is_unknown(finding):
        ET.SubElement(case, "error", type="INSUFFICIENT_DATA", message=said)
        return "errors"
    if finding.is_waived:
        ET.SubElement(case, "skipped", message=waiver(finding, 1000))
        return "skipped"
    if finding.status is Status.NOT_APPLICABLE:
        ET.SubElement(case, "skipped", message=f"NOT_APPLICABLE: {said}")
        return "skipped"
    return "passed"
