"""JUnit XML as CI systems read it: a suite for each heading, a case for each rule and resource.

There is no standard. The file keeps to the schema junit-10.xsd, by which Jenkins's xUnit plugin
refuses a file that has anything else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from xml.etree import ElementTree as ET

from readiness.alerting.asff import reason, waiver
from readiness.model.finding import Finding
from readiness.model.text import clean
from readiness.model.verdict import Status
from readiness_cli.export.content import Content
from readiness_cli.export.spool import Mark


def pieces(content: Content) -> Iterator[str]:
    """The file. What fails is a failure, what is unknown an error; what is waived is skipped."""
    ordered = content.findings.ordered(
        lambda mark: (mark.section, mark.heading, mark.rule, mark.resource)
    )
    total = _counted(ordered)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    if not ordered:
        yield _opened("testsuites", {"name": "readiness", **total}).replace(">", " />\n")
        return
    yield _opened("testsuites", {"name": "readiness", **total}) + "\n"
    for (section, heading), found in groupby(ordered, key=lambda m: (m.section, m.heading)):
        marks = list(found)
        said = {
            "name": clean(f"{section} / {heading}", 200),
            **_counted(marks),
            "skipped": str(sum(_kind(mark) == "skipped" for mark in marks)),
            "time": "0",
            "timestamp": f"{content.now:%Y-%m-%dT%H:%M:%S}",
        }
        yield f"  {_opened('testsuite', said)}\n"
        for mark in marks:
            case = _case(content, content.findings.read(mark), _kind(mark))
            ET.indent(case, level=2)
            yield f"    {ET.tostring(case, encoding='unicode')}\n"
        yield "  </testsuite>\n"
    yield "</testsuites>\n"


def _opened(tag: str, attributes: Mapping[str, str]) -> str:
    """The start of an element."""
    whole = ET.tostring(ET.Element(tag, dict(attributes)), encoding="unicode")
    return f"{whole.removesuffix(' />')}>"


def _kind(mark: Mark) -> str:
    """The element that a case gets; empty where it passes."""
    if mark.status is Status.COMPLIANT:
        return ""
    if mark.status is Status.INSUFFICIENT_DATA:
        return "error"
    is_skipped = mark.is_waived or mark.status is Status.NOT_APPLICABLE
    return "skipped" if is_skipped else "failure"


def _counted(marks: Iterable[Mark]) -> dict[str, str]:
    kinds = Counter(map(_kind, marks))
    return {
        "tests": str(kinds.total()),
        "failures": str(kinds["failure"]),
        "errors": str(kinds["error"]),
    }


def _case(content: Content, finding: Finding, kind: str) -> ET.Element:
    case = ET.Element(
        "testcase", classname=finding.rule, name=clean(finding.resource.key, 500), time="0"
    )
    said = reason(finding, 1000)
    if kind == "failure":
        made = ET.SubElement(case, kind, type=str(finding.severity), message=said)
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
    elif kind == "error":
        ET.SubElement(case, kind, type="INSUFFICIENT_DATA", message=said)
    elif kind == "skipped":
        why = waiver(finding, 1000) if finding.is_waived else f"NOT_APPLICABLE: {said}"
        ET.SubElement(case, kind, message=why)
    return case
