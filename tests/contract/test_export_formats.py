"""Exports hold what their formats ask for, member by member, where no schema is at hand.

The members are those of OSCAL 1.1.2 (its metaschema for assessment results), of junit-10.xsd of
Jenkins's xUnit plugin and of the SARIF 2.1.0 errata 01 schema, each as far as we write it. The
whole files were valid against these schemas when this was written.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from readiness.alerting.finding_json import IF_ANY, finding_json
from readiness.model.attestation import Artefact
from readiness.model.verdict import Status
from readiness_cli.export import asff, junit, ocsf, oscal, sarif, spreadsheet
from readiness_cli.export.spool import Spool
from readiness_cli.output import write
from readiness_cli.report.gathered import Attested
from tests.cli.test_export import ALL, NOW, RULES, content, finding, text
from tests.cli.test_report import a_statement

FORMATS = (asff, junit, ocsf, oscal, sarif, spreadsheet)


def everything(findings=ALL):
    artefact = Artefact("evidence", "restore.pdf", "v1", "0" * 64, 7)
    stated = [
        Attested(a_statement(artefact=artefact), NOW + timedelta(days=9)),
        Attested(a_statement(id="a2", revoked=True), None),
    ]
    return content(findings, attestations=stated)


# -- OSCAL ----------------------------------------------------------------------------------------

UUID, TOKEN, DATE, TEXT, REFERENCE = "uuid", "token", "dateTime-with-timezone", "string", "uri"
PATTERNS = {
    UUID: r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[45][0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}",
    TOKEN: r"[_A-Za-z][_A-Za-z\-.0-9]*",
    DATE: r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)",
    TEXT: r"\S(.*\S)?",
    REFERENCE: r"\S+",
}
PROPS = [{"!name": TOKEN, "!value": TEXT, "ns": REFERENCE}]
OBSERVED = [{"!observation-uuid": UUID}]
RISK = {
    "open",
    "investigating",
    "remediating",
    "deviation-requested",
    "deviation-approved",
    "closed",
}
ASSESSMENT_RESULTS = {
    "!uuid": UUID,
    "!metadata": {
        "!title": TEXT,
        "!last-modified": DATE,
        "!version": TEXT,
        "!oscal-version": {"1.1.2"},
    },
    "!import-ap": {"!href": REFERENCE},
    "!results": [
        {
            "!uuid": UUID,
            "!title": TEXT,
            "!description": TEXT,
            "!start": DATE,
            "end": DATE,
            "!reviewed-controls": {"!control-selections": [{"include-all": {}}]},
            "local-definitions": {
                "inventory-items": [{"!uuid": UUID, "!description": TEXT, "props": PROPS}]
            },
            "observations": [
                {
                    "!uuid": UUID,
                    "title": TEXT,
                    "!description": TEXT,
                    "props": PROPS,
                    "!methods": [{"EXAMINE", "INTERVIEW", "TEST", "UNKNOWN"}],
                    "types": [TOKEN],
                    "subjects": [
                        {
                            "!subject-uuid": UUID,
                            "!type": {"component", "inventory-item", "location", "party", "user"},
                        }
                    ],
                    "relevant-evidence": [{"!description": TEXT, "props": PROPS}],
                    "!collected": DATE,
                    "expires": DATE,
                }
            ],
            "risks": [
                {
                    "!uuid": UUID,
                    "!title": TEXT,
                    "!description": TEXT,
                    "!statement": TEXT,
                    "!status": RISK,
                    "deadline": DATE,
                    "related-observations": OBSERVED,
                }
            ],
            "findings": [
                {
                    "!uuid": UUID,
                    "!title": TEXT,
                    "!description": TEXT,
                    "props": PROPS,
                    "!target": {
                        "!type": {"statement-id", "objective-id"},
                        "!target-id": TOKEN,
                        "!status": {
                            "!state": {"satisfied", "not-satisfied"},
                            "reason": {"pass", "fail", "other"},
                            "remarks": TEXT,
                        },
                    },
                    "related-observations": OBSERVED,
                    "related-risks": [{"!risk-uuid": UUID}],
                }
            ],
        }
    ],
    "back-matter": {"resources": [{"!uuid": UUID, "title": TEXT, "description": TEXT}]},
}
"""Members by name, required ones with ``!``; nothing else is allowed, and no list is empty."""


def faults(value, asked, at=""):
    """What of a value is not as asked, each with its place."""
    match asked:
        case Mapping():
            yield from of_object(value, asked, at)
        case [each]:
            if not isinstance(value, list) or not value:
                yield f"{at} is no list of at least one"
                return
            for number, item in enumerate(value):
                yield from faults(item, each, f"{at}/{number}")
        case set():
            if value not in asked:
                yield f"{at} is {value!r}"
        case str():
            if not isinstance(value, str) or not re.fullmatch(PATTERNS[asked], value):
                yield f"{at} is no {asked}: {value!r}"


def of_object(value, asked, at):
    if not isinstance(value, dict):
        yield f"{at} is no object"
        return
    members = {name.lstrip("!"): each for name, each in asked.items()}
    needed = {name.lstrip("!") for name in asked if name.startswith("!")}
    yield from (f"{at}/{name} is missing" for name in needed - value.keys())
    yield from (f"{at}/{name} is not in the schema" for name in value.keys() - members.keys())
    for name in value.keys() & members.keys():
        yield from faults(value[name], members[name], f"{at}/{name}")


@pytest.mark.parametrize("findings", [ALL, ALL[:1], []], ids=["every kind", "one", "none"])
def test_oscal_has_the_members_of_its_metaschema(findings):
    [document] = json.loads(text(oscal, everything(findings))).values()
    assert list(faults(document, ASSESSMENT_RESULTS)) == []


def test_oscal_without_anything_is_valid_too():
    [document] = json.loads(text(oscal, content([]))).values()
    assert list(faults(document, ASSESSMENT_RESULTS)) == []


def test_oscal_names_nothing_twice():
    [document] = json.loads(text(oscal, everything())).values()
    [result] = document["results"]
    lists = [result["local-definitions"]["inventory-items"], result["observations"]]
    for found in (*lists, result["risks"], result["findings"]):
        ids = [each["uuid"] for each in found]
        assert len(set(ids)) == len(ids)


def test_the_check_sees_what_is_wrong():
    [document] = json.loads(text(oscal, everything())).values()
    [result] = document["results"]
    del result["findings"][0]["target"]["status"]
    result["observations"][0]["methods"] = ["LOOK"]
    result["observations"][0]["collected"] = "2026-11-02T12:00:00"
    result["risks"] = []
    assert sorted(fault.split("/", 3)[3] for fault in faults(document, ASSESSMENT_RESULTS)) == [
        "findings/0/target/status is missing",
        "observations/0/collected is no dateTime-with-timezone: '2026-11-02T12:00:00'",
        "observations/0/methods/0 is 'LOOK'",
        "risks is no list of at least one",
    ]


# -- JUnit ----------------------------------------------------------------------------------------

COUNTS = {"name", "tests", "failures", "errors"}
ATTRIBUTES = {
    "testsuites": (set(), COUNTS | {"time"}),
    "testsuite": (COUNTS, COUNTS | {"skipped", "time", "timestamp"}),
    "testcase": ({"name"}, {"name", "classname", "time"}),
    "failure": (set(), {"type", "message"}),
    "error": (set(), {"type", "message"}),
    "skipped": (set(), {"type", "message"}),
}
CHILDREN = {"testsuites": {"testsuite"}, "testsuite": {"testcase"}}
CHILDREN["testcase"] = {"failure", "error", "skipped"}


@pytest.mark.parametrize("findings", [ALL, []], ids=["every kind", "none"])
def test_junit_has_what_jenkinss_schema_allows(findings):
    root = ET.fromstring(text(junit, everything(findings)))
    assert root.tag == "testsuites"
    for each in root.iter():
        needed, allowed = ATTRIBUTES[each.tag]
        assert needed <= set(each.attrib) <= allowed, each.tag
        assert {child.tag for child in each} <= CHILDREN.get(each.tag, set())
        if each.tag == "testcase":
            assert len(each) <= 1, "a case counts once"
        if "time" in each.attrib:
            assert re.fullmatch(r"[0-9]{0,3}(\.[0-9]*)?", each.get("time"))


# -- SARIF ----------------------------------------------------------------------------------------

MESSAGE = {"!text": TEXT}
SARIF = {
    "$schema": {sarif.SCHEMA},
    "!version": {"2.1.0"},
    "!runs": [
        {
            "!tool": {"!driver": {"!name": TEXT, "version": TEXT, "rules": ...}},
            "automationDetails": {"id": TEXT},
            "results": ...,
        }
    ],
}
RESULT = {
    "ruleId": TEXT,
    "ruleIndex": ...,
    "kind": {"pass", "open", "notApplicable", "fail"},
    "level": {"none", "note", "warning", "error"},
    "!message": MESSAGE,
    "locations": [
        {
            "physicalLocation": {"artifactLocation": {"uri": REFERENCE}, "region": ...},
            "logicalLocations": [{"name": TEXT, "fullyQualifiedName": TEXT, "kind": TEXT}],
        }
    ],
    "guid": UUID,
    "partialFingerprints": {"readiness/v1": TEXT, "primaryLocationLineHash": TEXT},
    "suppressions": [
        {"!kind": {"external"}, "status": {"accepted"}, "justification": TEXT},
    ],
    "properties": ...,
}


def test_sarif_has_the_members_of_its_schema():
    log = json.loads(text(sarif, everything()))
    assert list(faults(log, SARIF)) == []
    [run] = log["runs"]
    for result in run["results"]:
        assert list(faults(result, RESULT)) == []
        assert result["ruleIndex"] in range(len(run["tool"]["driver"]["rules"]))


# -- CSV ------------------------------------------------------------------------------------------


def test_csv_is_as_rfc_4180_describes_it():
    said = text(spreadsheet, everything())
    assert said.count("\r\n") == said.count("\n") == len(ALL) + 1, "no line end within a field"
    header, *rows = csv.reader(io.StringIO(said, newline=""), strict=True)
    assert {len(row) for row in rows} == {len(header)} == {len(set(header))}
    assert header == next(csv.reader(io.StringIO(text(spreadsheet, content([])))))


def test_csv_has_a_column_for_everything_that_is_told():
    full = {name: NOW if name.endswith(("_since", "_until")) else "x" for name in IF_ANY}
    told = finding_json(replace(ALL[0], **full))
    assert set(spreadsheet.COLUMNS) == told.keys() | {"missing", "runbook"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", " =", "\uff1d", "\uff20"])
def test_no_cell_begins_with_what_a_spreadsheet_runs(start):
    rule = next(iter(RULES))
    hostile = f"{start}1+1|' /C calc'!A0"
    row = finding(rule, hostile, Status.NON_COMPLIANT, reason=hostile, owner=hostile)
    said = text(spreadsheet, content([row]))
    _, cells = csv.reader(io.StringIO(said, newline=""))
    assert not [each for each in cells if each[:1] in "=+-@\t\r\uff1d\uff0b\uff0d\uff20" and each]


# -- all of them ----------------------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS, ids=lambda each: each.__name__.rpartition(".")[2])
def test_an_export_comes_in_pieces_none_of_which_holds_two_findings(format):
    rule = next(iter(RULES))
    names = [f"bucket-{number:03}" for number in range(40)]
    found = [finding(rule, name, Status.NON_COMPLIANT) for name in names]
    for piece in format.pieces(content(found)):
        if '"related-observations": [' in piece:
            continue  # one finding of OSCAL names what it rests on
        assert len(set(re.findall(r"bucket-\d{3}", piece))) <= 1


def test_findings_are_read_back_as_they_were_and_in_order():
    with Spool(reversed(ALL)) as spool:
        assert sorted(spool, key=lambda f: f.id) == sorted(ALL, key=lambda f: f.id)
        ordered = [(f.severity.rank, f.rule, f.resource.key) for f in spool]
        assert ordered == sorted(ordered)
        assert spool[0] == next(iter(spool))
        assert spool[1:3] == list(spool)[1:3]


def test_a_file_that_could_not_be_finished_is_removed(tmp_path):
    def cut_off():
        yield "["
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "export.json", cut_off(), "export")
    assert not (tmp_path / "export.json").exists()


def test_a_file_that_cannot_be_opened_stays(tmp_path):
    kept = tmp_path / "export.json"
    kept.mkdir()
    with pytest.raises(Exception, match="cannot be written"):
        write(kept, iter("[]"), "export")
    assert kept.is_dir()


def test_times_have_a_zone():
    [document] = json.loads(text(oscal, everything())).values()
    assert datetime.fromisoformat(document["metadata"]["last-modified"]).tzinfo == UTC
