"""`scan` and `evaluate`: verdicts for people and programs, and exit codes that gate."""

from __future__ import annotations

import csv
import io
import json
from types import SimpleNamespace

import pytest

from readiness.engine.evaluate import Evaluation
from readiness.evidence.dax import DAX_CLUSTER
from readiness.model.unreadable import NotOffered
from readiness_cli import catalogue, session, target_selection
from tests.cli import toy
from tests.fake_account import ACCOUNT_ID, FAULTS, error

HOSTILE = "=cmd\x1b[31m[red]evil[/red]\u202egnp.exe\u0007" + "x" * 10_000
KEY = f"{ACCOUNT_ID}/us-east-1/AWS::S3::Bucket"
NO_STACK = (
    f"no Readiness stack is deployed in {ACCOUNT_ID} us-east-1: default settings, every resource,"
    " no attestations and no waivers\n"
)
FIELDS = {"rule", "resource", "status", "reason", "observed", "expected"}


def bad_world(**more):
    return toy.fake_account().but(s3__get_bucket_encryption=toy.sse("AES256"), **more)


def test_evaluate_prints_exactly_a_json_list(run, over):
    over(toy.fake_account())
    said = run("evaluate", "encryption.s3-kms", "--resource", "data", "-o", "json")
    [verdict] = json.loads(said.stdout)
    assert set(verdict) == FIELDS
    assert (verdict["rule"], verdict["resource"], verdict["status"]) == (
        "encryption.s3-kms",
        f"{KEY}/data",
        "COMPLIANT",
    )
    assert said.exit_code == 0
    assert said.stderr == NO_STACK


@pytest.mark.parametrize("named", ["data", f"{KEY}/data"], ids=["plain id", "full key"])
def test_a_resource_is_named_by_id_or_key(run, over, named):
    over(toy.fake_account())
    said = run("evaluate", "encryption.s3-kms", "--resource", named, "-o", "json")
    assert [v["resource"] for v in json.loads(said.stdout)] == [f"{KEY}/data"]


@pytest.mark.parametrize("command", [("evaluate",), ("scan", "--rule")], ids=["evaluate", "scan"])
def test_an_arn_is_the_same_resource(run, over, command):
    over(toy.fake_account())
    named = ("--resource", "arn:aws:s3:::data")
    [row] = json.loads(run(*command, "encryption.s3-kms", *named, "-o", "json").stdout)
    assert row["resource"].endswith("/AWS::S3::Bucket/data")


def test_without_a_resource_everything_is_judged(run, over):
    over(toy.fake_account())
    said = run("evaluate", "encryption.s3-kms", "-o", "json")
    assert [v["resource"] for v in json.loads(said.stdout)] == [f"{KEY}/data"]


def test_a_violation_exits_1(run, over):
    over(bad_world())
    said = run("evaluate", "encryption.s3-kms", "-o", "json")
    assert said.exit_code == 1
    assert json.loads(said.stdout)[0]["expected"]


def test_what_could_not_be_read_exits_3_and_names_the_action(run, over):
    fake_account = over(toy.fake_account())
    fake_account.faults["s3", "get_bucket_encryption"] = FAULTS["denied"]
    said = run("evaluate", "encryption.s3-kms", "-o", "json")
    assert said.exit_code == 3
    assert "s3:GetEncryptionConfiguration" in json.loads(said.stdout)[0]["reason"]


def test_a_scan_sums_up_what_was_denied_with_a_statement_to_paste(run, over):
    fake_account = over(toy.fake_account())
    fake_account.faults["s3", "get_bucket_encryption"] = FAULTS["denied"]
    fake_account.faults["kms", "get_key_rotation_status"] = FAULTS["throttled"]
    rules = ("--rule", "encryption.s3-kms", "--rule", "encryption.kms-rotation")
    lines = run("scan", *rules, "-o", "json").stderr.splitlines()
    assert "s3:GetEncryptionConfiguration was denied: 1 verdict unknown" in lines
    [allow] = [line for line in lines if line.startswith("To allow what was denied: ")]
    assert json.loads(allow.partition(": ")[2]) == {
        "Effect": "Allow",
        "Action": ["s3:GetEncryptionConfiguration"],
        "Resource": "*",
    }


def test_a_scan_that_was_denied_nothing_says_nothing_of_it(run, over):
    fake_account = over(toy.fake_account())
    fake_account.faults["kms", "get_key_rotation_status"] = FAULTS["throttled"]
    assert "denied" not in run("scan", "--rule", "encryption.kms-rotation").stderr


def test_a_violation_outweighs_what_could_not_be_read(run, over):
    fake_account = over(bad_world())
    fake_account.faults["kms", "get_key_rotation_status"] = FAULTS["denied"]
    rules = ("--rule", "encryption.s3-kms", "--rule", "encryption.kms-rotation")
    assert run("scan", *rules).exit_code == 1


def test_a_setting_changes_the_verdict(run, over):
    over(toy.fake_account())
    args = ("evaluate", "encryption.kms-rotation", "-o", "json")
    assert run(*args).exit_code == 0
    said = run(*args, "--set", "most_days=90")
    assert (said.exit_code, json.loads(said.stdout)[0]["status"]) == (1, "NON_COMPLIANT")


@pytest.mark.parametrize(
    ("args", "told"),
    [
        pytest.param(["encryption.s3-km"], "encryption.s3-kms", id="unknown rule"),
        pytest.param(["nothing.at-all"], "readiness rules", id="unknown heading"),
        pytest.param(
            ["encryption.kms-rotation", "--set", "days=1"],
            "allowed: most_days",
            id="unknown setting",
        ),
        pytest.param(
            ["encryption.kms-rotation", "--set", "most_days=5"],
            "from 90 to 2560",
            id="out of bounds",
        ),
        pytest.param(
            ["encryption.kms-rotation", "--set", "most_days"],
            "NAME=VALUE",
            id="no value",
        ),
        pytest.param(["encryption.s3-kms", "--now", "yesterday"], "--now 2026", id="no time"),
        pytest.param(["encryption.s3-kms", "--now", "2026-01-01"], "time zone", id="no zone"),
    ],
)
def test_a_wrong_word_is_one_line_that_names_what_is_allowed(run, over, args, told):
    over(toy.fake_account())
    said = run("evaluate", *args)
    assert said.exit_code == 2
    assert said.stdout == ""
    assert told in said.stderr
    assert "Fix: " in said.stderr
    assert said.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "named",
    [
        "typo",
        "999999999999/us-east-1/AWS::S3::Bucket/data",
        f"{ACCOUNT_ID}/eu-west-1/AWS::S3::Bucket/data",
        f"{ACCOUNT_ID}/us-east-1/AWS::KMS::Key/data",
    ],
    ids=["does not exist", "another account", "another region", "another type"],
)
def test_a_resource_that_is_not_there_never_passes(run, over, named):
    def encryption_of(**params):
        return toy.sse() if params["Bucket"] == "data" else error("NoSuchBucket", 404)

    over(toy.fake_account().but(s3__get_bucket_encryption=encryption_of))
    for command in (("evaluate", "encryption.s3-kms"), ("scan", "--rule", "encryption.s3-kms")):
        said = run(*command, "--resource", named, "-o", "json")
        assert said.exit_code == 2, said.output
        assert said.stderr.removeprefix(NO_STACK).count("\n") == 1


@pytest.mark.parametrize(
    ("encryption", "status", "exit_code"),
    [
        pytest.param(toy.sse(), "COMPLIANT", 0, id="read itself"),
        pytest.param(error("AccessDenied", 403), "INSUFFICIENT_DATA", 3, id="denied too"),
        pytest.param(error("NoSuchBucket", 404), None, 2, id="gone"),
    ],
)
def test_without_the_listing_a_resource_counts_once_it_is_read(
    run, over, encryption, status, exit_code
):
    account = toy.fake_account().but(s3__get_bucket_encryption=encryption)
    account.faults["s3", "list_buckets"] = error("AccessDenied", 403)
    over(account)
    said = run("evaluate", "encryption.s3-kms", "--resource", "data", "-o", "json")
    assert said.exit_code == exit_code, said.output
    if status is None:
        assert "does not exist" in said.stderr
        return
    [row] = json.loads(said.stdout)
    assert row["status"] == status
    assert ("s3:ListAllMyBuckets was denied" in row["reason"]) is (exit_code == 3)
    assert ("s3:GetEncryptionConfiguration was denied" in row["reason"]) is (exit_code == 3)


def test_without_the_listing_a_verdict_that_reads_nothing_is_unknown(run, over, monkeypatch):
    """It would be the same for a bucket that never existed."""
    account = toy.fake_account()
    account.faults["s3", "list_buckets"] = error("AccessDenied", 403)
    over(account)
    monkeypatch.setattr(Evaluation, "_proves", lambda run, rule: False)
    said = run("evaluate", "encryption.s3-kms", "--resource", "data", "-o", "json")
    [row] = json.loads(said.stdout)
    assert (said.exit_code, row["status"]) == (3, "INSUFFICIENT_DATA")
    assert row["reason"].startswith("It could not be checked whether the resource exists: s3:")


def test_a_service_that_the_region_lacks_has_no_resources():
    def find(about):
        raise NotOffered("dax:DescribeClusters", "dax", "eu-north-1")

    assert target_selection.listing_of(DAX_CLUSTER, SimpleNamespace(find=find)) == ([], None)


def test_now_is_the_clock_of_the_verdict(run, monkeypatch):
    seen = []

    def connected(profile, region, *, bulk=False, now=None):
        seen.append(now())
        raise SystemExit(0)

    monkeypatch.setattr(session, "connect", connected)
    run("evaluate", "encryption.s3-kms", "--now", "2030-01-31T12:00:00Z")
    assert [moment.isoformat() for moment in seen] == ["2030-01-31T12:00:00+00:00"]


def test_scan_prints_findings_for_programs(run, over):
    over(bad_world())
    said = run("scan", "--rule", "encryption.s3-kms", "-o", "json")
    [finding] = json.loads(said.stdout)
    assert finding["resource"] == f"{KEY}/data"
    assert (finding["status"], finding["severity"]) == ("NON_COMPLIANT", "HIGH")
    assert len(finding["finding_id"]) == 12
    assert "AWS requests in" in said.stderr
    lines = run("scan", "--rule", "encryption.s3-kms", "-o", "jsonl").stdout.splitlines()
    assert [json.loads(line)["finding_id"] for line in lines] == [finding["finding_id"]]


def test_scan_shows_a_scorecard_and_what_is_wrong(run, over):
    over(bad_world())
    said = run("scan", "--rule", "encryption.s3-kms", "--rule", "encryption.kms-rotation")
    assert "Enable S3 bucket encryption with KMS: 1 failed" in said.stdout
    assert "Enable key rotation: 1 passed" in said.stdout
    assert "Failed" in said.stdout
    assert "Default encryption is AES256, not KMS." in said.stdout
    assert max(map(len, said.stdout.splitlines())) <= 80


def test_scan_of_one_resource_judges_by_what_it_is(run, over):
    over(toy.fake_account())
    said = run(
        "scan",
        "--rule",
        "encryption.s3-kms",
        "--rule",
        "encryption.kms-rotation",
        "--resource",
        toy.KEY_ID,
        "-o",
        "json",
    )
    assert [f["rule"] for f in json.loads(said.stdout)] == ["encryption.kms-rotation"]


def test_scan_takes_settings_from_a_file_and_the_command_line(run, over, tmp_path):
    over(toy.fake_account())
    file = tmp_path / "settings.json"
    file.write_text('{"encryption.kms-rotation": {"most_days": 90}}')
    args = ("scan", "--rule", "encryption.kms-rotation", "--settings-file", str(file))
    assert run(*args).exit_code == 1
    back = ("--set", "encryption.kms-rotation.most_days=365")
    assert run(*args, *back).exit_code == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "not JSON"),
        ("[]", "must be an object"),
        ('{"encryption.nothing": {}}', "Unknown rule 'encryption.nothing'"),
        ('{"encryption.kms-rotation": {"days": 1}}', "unknown setting 'days'"),
    ],
)
def test_a_wrong_settings_file_is_refused(run, over, tmp_path, text, told):
    over(toy.fake_account())
    file = tmp_path / "settings.json"
    file.write_text(text)
    said = run("scan", "--rule", "encryption.kms-rotation", "--settings-file", str(file))
    assert said.exit_code == 2
    assert told in said.stderr
    assert run("scan", "--settings-file", str(tmp_path / "absent")).exit_code == 2


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Optimization", "performance_optimization or cost_optimization"),
        ("Nonsense", "encryption"),
    ],
    ids=["two of that name", "none of that name"],
)
def test_a_heading_nobody_can_mean_is_refused(run, name, told):
    said = run("scan", "--heading", name)
    assert said.exit_code == 2
    assert told in said.stderr


@pytest.mark.parametrize(
    "name", ["encryption", "Encryption", "security / encryption", "ENCRYPTION"]
)
def test_a_heading_goes_by_its_folder_and_by_its_title(name):
    assert catalogue.folder_named(name) == "encryption"


def hostile_world():
    return bad_world(s3__list_buckets={"Buckets": [{"Name": HOSTILE}]})


@pytest.mark.parametrize("format", ["table", "json", "jsonl", "csv"])
@pytest.mark.parametrize("command", [("scan", "--rule"), ("evaluate",)], ids=["scan", "evaluate"])
def test_hostile_names_are_inert(run, over, command, format):
    over(hostile_world())
    said = run(*command, "encryption.s3-kms", "-o", format)
    assert said.exit_code == 1
    assert not {"\x1b", "\u202e", "\x07"} & set(said.stdout)
    assert "[red]evil[/red]" in said.stdout
    if format == "table":
        assert max(map(len, said.stdout.splitlines())) <= 80
        assert len(said.stdout) < 10_000


def test_csv_runs_no_formula(run, over):
    over(hostile_world())
    said = run("scan", "--rule", "encryption.s3-kms", "-o", "csv")
    [row] = csv.DictReader(io.StringIO(said.stdout))
    assert row["resource_id"].startswith("'=cmd")
    assert row["open"] == "True"


def test_an_empty_csv_still_has_its_columns(run, over):
    from readiness_cli.output import as_csv

    assert as_csv([], ("a", "b")) == "a,b\n"


def test_no_colour_where_it_is_not_wanted(run, over):
    over(bad_world())
    assert "\x1b" not in run("scan", "--rule", "encryption.s3-kms").stdout


def test_a_crashing_rule_is_told_and_not_passed(run, over, monkeypatch):
    def s3_kms(bucket):
        raise KeyError("oops")

    over(toy.fake_account())
    monkeypatch.setitem(toy.s3_kms.__dict__, "function", s3_kms)
    said = run("evaluate", "encryption.s3-kms", "-o", "json")
    assert said.exit_code == 3
    assert "crashed: KeyError" in said.stderr


def test_scan_reads_nothing_it_does_not_need(run, over):
    fake_account = over(toy.fake_account())
    run("scan", "--rule", "encryption.kms-rotation")
    assert {service for service, _ in fake_account.calls} <= {
        "cloudformation",
        "kms",
        "resourcegroupstaggingapi",
    }
