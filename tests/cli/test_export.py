"""`readiness export`: each format keeps its rules, and shows waived and unknown as such."""

from __future__ import annotations

import csv
import functools
import io
import json
import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from botocore.stub import validate_parameters
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from readiness.alerting import asff
from readiness.engine.declarations import attestation_item
from readiness.model.attestation import Artefact
from readiness.model.verdict import Severity, Status
from readiness_cli.deployed import Deployed
from readiness_cli.export import junit, ocsf, oscal, sarif
from readiness_cli.export.content import Content
from readiness_cli.export.spool import Spool
from readiness_cli.report.gathered import Attested
from tests.cli import toy
from tests.cli.test_report import HOSTILE, a_statement
from tests.cli.test_status import MOTO, NOW, finding, ids, stored  # noqa: F401
from tests.fake_account import service_model

RULES = {rule.id: rule for rule in toy.encryption}
FAILED, PASSED, UNKNOWN, WAIVED, NOWHERE = range(5)


def every_kind():
    """A finding of each kind, in the order of the names above."""
    rule = next(iter(RULES))
    until = NOW + timedelta(days=10)
    return [
        finding(rule, "bad", Status.NON_COMPLIANT, expected="Set it.", tags={"Owner": "x"}),
        finding(rule, "good", Status.COMPLIANT, opened_at=NOW - timedelta(days=50)),
        finding(rule, "dark", Status.INSUFFICIENT_DATA, missing=("s3:GetX",)),
        finding(
            rule, "old", Status.NON_COMPLIANT, waived_until=until, waiver="w1",
            waiver_owner="team", waived_because="It moves.",
        ),
        finding(rule, "none", Status.NOT_APPLICABLE),
    ]  # fmt: skip


def hostile():
    rule = next(iter(RULES))
    long = HOSTILE + "\x00\x0b\ufffe" + "y" * 5000
    return finding(
        rule, HOSTILE, Status.NON_COMPLIANT, reason=long, expected=long, owner=long,
        workload=long, environment=long, waived_until=NOW + timedelta(days=1),
        waiver="w", waiver_owner=long, waived_because=long, tags={long: long},
    )  # fmt: skip


def content(findings, **more):
    said = {
        "rules": RULES,
        "account": MOTO,
        "region": "us-east-1",
        "partition": "aws",
        "stack": "readiness",
        "runbooks": "https://runbooks.example/x",
        "now": NOW,
        "version": "0.1.0",
    }
    return Content(Spool(findings), **{**said, **more})


def text(format, content):
    return "".join(format.pieces(content))


ALL = [*every_kind(), hostile()]


# -- OCSF -----------------------------------------------------------------------------------------


@functools.cache
def ocsf_schema(version):
    """The schema of the class with the profile cloud, as the package has it from OCSF's server."""
    published = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=version))
    name = published.lookup_class_name_from_uid(class_uid=ocsf.CLASS)
    return published.get_class_schema(class_name=name, profiles=["cloud"])


@pytest.mark.parametrize("each", ALL, ids=lambda f: f"{f.status} {f.resource.id[:5]}")
@pytest.mark.parametrize("version", [ocsf.VERSION, "1.5.0"])
def test_an_ocsf_event_is_what_the_published_schema_allows(each, version):
    event = ocsf.event(content([each]), each)
    schema = ocsf_schema(version)
    assert {"compliance", "finding_info", "metadata"} <= set(schema["required"])
    jsonschema.Draft202012Validator(schema).validate(json.loads(json.dumps(event)))
    assert event["class_uid"] == 2003
    assert event["type_uid"] == 200300 + event["activity_id"]
    assert event["time"] > 10**12


def test_the_schema_refuses_what_is_no_finding():
    event = ocsf.event(content(ALL), ALL[0])
    del event["finding_info"]["uid"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(ocsf_schema(ocsf.VERSION)).validate(event)


def test_ocsf_tells_the_unknown_and_the_waived_apart():
    made = [ocsf.event(content([]), each) for each in every_kind()]
    assert [(e["compliance"]["status_id"], e["status_id"]) for e in made] == [
        (3, 1),
        (1, 4),
        (2, 1),
        (3, 3),
        (99, 4),
    ]
    assert made[UNKNOWN]["unmapped"]["missing_permissions"] == ["s3:GetX"]
    assert "It moves." in made[WAIVED]["comment"]
    assert made[PASSED]["activity_id"] == 3
    assert made[FAILED]["remediation"]["desc"] == "Set it."


# -- ASFF -----------------------------------------------------------------------------------------

LIMITS = {"Id": 512, "GeneratorId": 512, "Title": 256, "Description": 1024}


@pytest.mark.parametrize("each", ALL, ids=lambda f: f"{f.status} {f.resource.id[:5]}")
def test_an_asff_finding_is_within_security_hubs_limits(each):
    made = asff.finding_of(content([each]), each, frozenset({"AwsS3Bucket"}))
    operation = service_model("securityhub").operation_model("BatchImportFindings")
    validate_parameters({"Findings": [made]}, operation.input_shape)
    for name, most in LIMITS.items():
        assert 0 < len(made[name]) <= most
    assert len(made["Remediation"]["Recommendation"]["Text"]) <= 512
    assert made["ProductArn"] == f"arn:aws:securityhub:us-east-1:{MOTO}:product/{MOTO}/default"
    assert made["AwsAccountId"] in made["ProductArn"]
    assert len(made["ProductFields"]) <= 50
    assert all(0 < len(v) <= 1024 for v in made["ProductFields"].values())
    assert 1 <= len(made["Resources"]) <= 32
    assert made["Resources"][0]["Type"] == "AwsS3Bucket"
    assert len(made["Resources"][0]["Id"]) <= 512
    assert len(json.dumps(made).encode()) < asff.MOST_BYTES
    for name in ("CreatedAt", "UpdatedAt", "FirstObservedAt", "LastObservedAt"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", made[name])


def test_asff_tells_the_unknown_and_the_waived_apart():
    made = [asff.finding_of(content([]), each) for each in every_kind()]
    said = [(e["Compliance"]["Status"], e["Workflow"]["Status"], e["RecordState"]) for e in made]
    assert said == [
        ("FAILED", "NEW", "ACTIVE"),
        ("PASSED", "RESOLVED", "ARCHIVED"),
        ("NOT_AVAILABLE", "NEW", "ACTIVE"),
        ("FAILED", "SUPPRESSED", "ACTIVE"),
        ("NOT_AVAILABLE", "RESOLVED", "ACTIVE"),
    ]
    assert made[PASSED]["Severity"]["Label"] == "INFORMATIONAL"
    assert made[UNKNOWN]["ProductFields"]["readiness/missing"] == "s3:GetX"
    assert "It moves." in made[WAIVED]["ProductFields"]["readiness/waiver"]
    assert len({each["Id"] for each in made}) == len(made)
    assert made[FAILED]["Resources"][0]["Type"] == "Other"


def test_asff_keeps_what_always_passed_and_archives_what_is_gone():
    rule = next(iter(RULES))
    always = asff.finding_of(content([]), finding(rule, "good", Status.COMPLIANT))
    gone = asff.finding_of(content([]), finding(rule, "x", Status.NOT_APPLICABLE, gone=True))
    assert (always["RecordState"], gone["RecordState"]) == ("ACTIVE", "ARCHIVED")


def test_asff_leaves_out_fields_in_which_nothing_can_be_seen():
    made = asff.finding_of(
        content([]), finding(next(iter(RULES)), "x", Status.COMPLIANT, owner="\u200b\u200b")
    )
    assert "readiness/owner" not in made["ProductFields"]


def test_asff_of_another_partition_has_its_arns():
    each = finding(next(iter(RULES)), "bad", Status.NON_COMPLIANT)
    made = asff.finding_of(content([], partition="aws-cn", region="cn-north-1"), each)
    assert made["ProductArn"].startswith("arn:aws-cn:securityhub:cn-north-1:")


# -- JUnit ----------------------------------------------------------------------------------------


def test_junit_counts_what_it_shows():
    root = ET.fromstring(text(junit, content(ALL)))
    [suite] = root.findall("testsuite")
    assert len(suite.findall("testcase")) == len(ALL) == int(suite.get("tests"))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        shown = suite.findall(f"testcase/{tag}")
        assert int(suite.get(name)) == len(shown)
        # Jenkins's schema has no ``skipped`` for all suites together, and refuses a file with it.
        assert root.get(name) == (None if name == "skipped" else suite.get(name))
    assert [len(suite.findall(f"testcase/{t}")) for t in ("failure", "error", "skipped")] == [
        1,
        1,
        3,
    ]
    [unknown] = suite.findall("testcase/error")
    assert unknown.get("type") == "INSUFFICIENT_DATA"
    assert any("Waived until" in each.get("message") for each in suite.findall("testcase/skipped"))
    assert "Runbook: https://runbooks.example/x/" in suite.find("testcase/failure").text


# -- SARIF ----------------------------------------------------------------------------------------


def test_sarif_keeps_its_rules():
    log = json.loads(text(sarif, content(ALL)))
    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    results = {}
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        # 3.27.10: a level other than none is only for what fails.
        assert (result["level"] == "none") is (result["kind"] != "fail")
        [location] = result["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9._~/%!$&'()*+,;=:@-]+", uri)
        results[location["logicalLocations"][0]["name"]] = result
    names = [each.resource.id for each in every_kind()]
    kinds = [results[name]["kind"] for name in names]
    assert kinds == ["fail", "pass", "open", "fail", "notApplicable"]
    [accepted] = results[names[WAIVED]]["suppressions"]
    assert accepted["status"] == "accepted"
    assert "suppressions" not in results[names[FAILED]]
    assert results[names[UNKNOWN]]["properties"]["missing"] == ["s3:GetX"]


def test_sarif_has_what_github_code_scanning_needs():
    """Its page "SARIF support for code scanning": required properties and limits."""
    [run] = json.loads(text(sarif, content(ALL)))["runs"]
    assert run["automationDetails"]["id"]
    for rule in run["tool"]["driver"]["rules"]:
        assert 0 < len(rule["id"]) <= 255
        assert 0 < len(rule["name"]) <= 255
        for member in ("shortDescription", "fullDescription"):
            assert 0 < len(rule[member]["text"]) <= 1024
        assert rule["help"]["text"]
        assert rule["help"]["markdown"].startswith("Check\n")
        assert rule["defaultConfiguration"]["level"] in {"note", "warning", "error", "none"}
        assert 0 <= float(rule["properties"]["security-severity"]) <= 10
        assert len(rule["properties"]["tags"]) <= 20
    hashes = [each["partialFingerprints"]["primaryLocationLineHash"] for each in run["results"]]
    assert len(set(hashes)) == len(ALL), "or GitHub takes two results for one alert"
    for result in run["results"]:
        [location] = result["locations"]
        assert location["physicalLocation"]["region"]["startLine"] == 1
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert not uri.startswith(("/", ".."))


# -- OSCAL ----------------------------------------------------------------------------------------

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TOKEN = r"[A-Za-z_][A-Za-z0-9.\-_]*"


def nodes(value):
    yield value
    for each in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        yield from nodes(each)


def test_oscal_refers_to_what_it_holds():
    artefact = Artefact("evidence", "restore.pdf", "v1", "0" * 64, 7)
    stated = [
        Attested(a_statement(artefact=artefact), NOW + timedelta(days=9)),
        Attested(a_statement(id="a2", revoked=True), None),
    ]
    document = json.loads(text(oscal, content(ALL, attestations=stated)))["assessment-results"]
    [result] = document["results"]
    known = {each["uuid"] for each in nodes(document) if isinstance(each, dict) and "uuid" in each}
    for each in nodes(document):
        if not isinstance(each, dict):
            assert each != ""
            continue
        for name, value in each.items():
            if name.endswith("uuid"):
                assert re.fullmatch(UUID, value)
                assert value in known
            if name in {"target-id", "name"}:
                assert re.fullmatch(TOKEN, value)
            if name in {"collected", "expires", "start", "end", "last-modified", "deadline"}:
                datetime.fromisoformat(value).astimezone(UTC)
            if isinstance(value, list):
                assert value, name
    assert document["import-ap"]["href"][1:] in known
    [found] = result["findings"]
    assert found["target"]["status"]["state"] == "not-satisfied"
    assert len(result["risks"]) == 2
    assert result["risks"][0]["status"] == "deviation-approved"
    attested = [o for o in result["observations"] if "attested by" in o["title"]]
    assert [o["methods"] for o in attested] == [["EXAMINE"], ["INTERVIEW"]]
    assert attested[0]["expires"]


@pytest.mark.parametrize(
    ("status", "state", "why"),
    [
        (Status.COMPLIANT, "satisfied", "pass"),
        (Status.NON_COMPLIANT, "not-satisfied", "fail"),
        (Status.INSUFFICIENT_DATA, "not-satisfied", "other"),
        (Status.NOT_APPLICABLE, "satisfied", "other"),
    ],
)
def test_oscal_never_satisfies_what_is_unknown(status, state, why):
    document = json.loads(text(oscal, content([finding(next(iter(RULES)), "x", status)])))
    [found] = document["assessment-results"]["results"][0]["findings"]
    assert found["target"]["status"]["state"] == state
    assert found["target"]["status"]["reason"] == why


def test_no_findings_are_valid_too():
    assert json.loads(text(ocsf, content([]))) == []
    assert json.loads(text(sarif, content([])))["runs"][0]["results"] == []
    assert (
        "observations"
        not in json.loads(text(oscal, content([])))["assessment-results"]["results"][0]
    )
    assert ET.fromstring(text(junit, content([]))).get("tests") == "0"


# -- the command ----------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["ocsf", "asff", "csv", "junit", "sarif", "oscal"])
def test_every_format_comes_from_the_table(run, stored, format):  # noqa: F811
    stored(*every_kind())
    said = run("export", "--format", format)
    assert said.exit_code == 0, said.output
    assert "bad" in said.stdout
    assert "exported 7 findings" in said.stderr
    again = run("export", "--format", format, "--open")
    assert "exported 1 finding as" in again.stderr


def test_csv_is_no_formula(run, stored):  # noqa: F811
    rule = next(iter(RULES))
    stored(finding(rule, "=1+1", Status.NON_COMPLIANT, reason="=cmd|' /C calc'!A0", owner="@x"))
    rows = list(csv.DictReader(io.StringIO(run("export", "--format", "csv", "--open").stdout)))
    [row] = rows
    assert row["reason"].startswith("'=")
    assert row["owner"] == "'@x"
    assert not [v for v in row.values() if v and v[0] in "=+-@\t\r"]


def test_severity_means_at_least(run, stored):  # noqa: F811
    rule = next(iter(RULES))
    stored(
        finding(rule, "high", Status.NON_COMPLIANT, severity=Severity.HIGH),
        finding(rule, "low", Status.NON_COMPLIANT, severity=Severity.LOW),
    )
    said = run("export", "--format", "ocsf", "--open", "--severity", "medium")
    assert [e["severity"] for e in json.loads(said.stdout)] == ["High"]


def test_an_unknown_workload_is_refused(run, stored):  # noqa: F811
    stored(finding(next(iter(RULES)), "bad", Status.NON_COMPLIANT, workload="MAIF"))
    assert run("export", "--format", "csv", "--workload", "nothing").exit_code == 2
    said = run("export", "--format", "csv", "--workload", "maif")
    assert "Did you mean MAIF?" in said.stderr


@pytest.mark.parametrize("more", [(), ("--open",)], ids=["all", "open"])
def test_of_a_stack_that_nothing_swept_there_is_no_export(run, stack, more):
    said = run("export", "--format", "junit", *more)
    assert (said.exit_code, said.stdout) == (3, "")
    assert "no sweep has ended" in said.stderr


def test_a_sweep_that_left_nothing_open_is_exported(run, stored):  # noqa: F811
    stored()
    said = run("export", "--format", "junit", "--open")
    assert said.exit_code == 0
    assert ET.fromstring(said.stdout).get("tests") == "0"


def test_the_stack_that_was_found_is_named(run, stored, monkeypatch):  # noqa: F811
    """Not the name that is looked for first, where it is the only stack of another name."""
    seen = []
    monkeypatch.setattr(Deployed, "__init__", _named(Deployed.__init__, "watcher"))
    monkeypatch.setattr(ocsf, "pieces", lambda content: seen.append(content.stack) or ["[]"])
    stored(*every_kind())
    assert run("export", "--format", "ocsf").exit_code == 0
    assert seen == ["watcher"]


def _named(init, name):
    def renamed(self, *args):
        init(self, *args)
        self.stack.name = name

    return renamed


def test_attestations_are_in_oscal(run, stored, account, stack, ids, monkeypatch):  # noqa: F811
    from readiness_cli.report import gathered

    monkeypatch.setattr(gathered, "is_attestable", lambda rule: rule.id == ids[0])
    stored()
    item = attestation_item(a_statement(rule=ids[0]))
    account.client("dynamodb").put_item(TableName=stack["DeclarationsTable"], Item=item)
    assert "It was restored." in run("export", "--format", "oscal").stdout


def test_without_room_for_a_temporary_file_it_says_what_helps(run, stored, monkeypatch):  # noqa: F811
    def full():
        raise OSError(28, "No space left on device")

    stored(*every_kind())
    monkeypatch.setattr("tempfile.TemporaryFile", full)
    said = run("export", "--format", "csv")
    assert (said.exit_code, said.stdout) == (4, "")
    assert "No space left on device" in said.stderr
    assert "TMPDIR" in said.stderr


def test_a_file_is_written(run, stored, tmp_path):  # noqa: F811
    stored()
    assert run("export", "--format", "sarif", "--file", str(tmp_path / "x")).stdout == ""
    assert json.loads((tmp_path / "x").read_text())["version"] == "2.1.0"
    assert run("export", "--format", "sarif", "--file", str(tmp_path / "n" / "x")).exit_code == 4
