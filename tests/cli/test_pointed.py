"""One truth: what this machine evaluates by is what the stack it is pointed at judges by."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from readiness.engine.attribute_values import serialise
from readiness.engine.waivers import WAIVERS
from readiness.model.finding import iso
from readiness_cli import pointed
from tests.cli import toy
from tests.cli.conftest import table
from tests.fake_account import FAULTS, error

MOTO = "123456789012"
NOW = datetime.now(UTC)
ROTATION = "encryption.kms-rotation"
KMS = "encryption.s3-kms"
DEFAULTS = "default settings, every resource, no attestations and no waivers"


@pytest.fixture
def deployed(account):
    """Deploy a stack with these settings and parameters."""

    def deploy(name="readiness", settings="{}", **parameters):
        kinds = ("Findings", "Transitions", "Declarations")
        resources = {kind: table(kind) for kind in kinds}
        resources["Settings"] = {
            "Type": "AWS::SSM::Parameter",
            "Properties": {
                "Name": f"/readiness/{name}/settings",
                "Type": "String",
                "Value": settings,
            },
        }
        outputs = {f"{kind}Table": {"Value": {"Ref": kind}} for kind in kinds}
        outputs["SettingsParameter"] = {"Value": {"Ref": "Settings"}}
        body = {
            "Parameters": {key: {"Type": "String"} for key in parameters},
            "Resources": resources,
            "Outputs": outputs,
        }
        cloudformation = account.client("cloudformation")
        cloudformation.create_stack(
            StackName=name,
            TemplateBody=json.dumps(body),
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
            ],
        )
        [described] = cloudformation.describe_stacks(StackName=name)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]}

    return deploy


@pytest.fixture
def key(account):
    """A key that rotates every 365 days."""
    kms = account.client("kms")
    id = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=id, RotationPeriodInDays=365)
    return id


@pytest.fixture
def buckets(account):
    """Two buckets that are not encrypted with KMS, one of a team's."""
    s3 = account.client("s3")
    for name in ("plain", "teams"):
        s3.create_bucket(Bucket=name)
    tags = {
        "TagSet": [{"Key": "Team", "Value": "agents"}, {"Key": "Application", "Value": "MAIF"}]
    }
    s3.put_bucket_tagging(Bucket="teams", Tagging=tags)


def told(said):
    return said.stderr.splitlines()[0]


def ids(said):
    return [row["resource"].split("/")[-1] for row in json.loads(said.stdout)]


STRICT = json.dumps({ROTATION: {"most_days": 90}})


@pytest.mark.parametrize(
    "command", [("evaluate", ROTATION), ("scan", "--rule", ROTATION)], ids=str
)
def test_the_settings_are_the_stacks(run, deployed, key, command):
    assert run(*command).exit_code == 0
    deployed(settings=STRICT)
    said = run(*command)
    assert said.exit_code == 1
    assert told(said) == (
        f"as the stack readiness in {MOTO} us-east-1 judges: 1 setting changed, every resource,"
        " its attestations and waivers"
    )
    without = run(*command, "--no-stack")
    assert without.exit_code == 0
    assert told(without) == f"without a stack (--no-stack): {DEFAULTS}"


@pytest.mark.parametrize("given", [STRICT, '{"encryption": {"most_days": 90}}'], ids=str)
def test_what_is_typed_lies_over_the_stacks_settings(run, deployed, key, given):
    deployed(settings=given)
    assert run("evaluate", ROTATION, "--set", "most_days=365").exit_code == 0
    scan = ("scan", "--rule", ROTATION, "--set")
    assert run(*scan, "encryption.most_days=365").exit_code == 0
    assert run(*scan, f"{ROTATION}.most_days=365").exit_code == 0


def test_a_setting_that_the_stack_refuses_is_refused_here_too(run, deployed, key):
    deployed(settings=json.dumps({ROTATION: {"most_days": 1}, "nothing": {}}))
    said = run("evaluate", ROTATION, "-o", "json")
    [row] = json.loads(said.stdout)
    assert (said.exit_code, row["status"]) == (3, "INSUFFICIENT_DATA")
    assert "The configuration is refused" in row["reason"]
    assert "the stack's settings name 'nothing'" in said.stderr


def test_the_scope_is_the_stacks(run, deployed, buckets):
    deployed(ScopeTagKey="Team", ScopeTagValues="agents,site")
    for command in (("evaluate", KMS), ("scan", "--rule", KMS)):
        said = run(*command, "-o", "json")
        assert ids(said) == ["teams"]
        assert "resources with Team = agents or site" in told(said)
        assert "1 resource" in said.stderr.partition("\n")[2]
    assert sorted(ids(run("evaluate", KMS, "-o", "json", "--no-stack"))) == ["plain", "teams"]


def test_what_is_out_of_scope_was_not_evaluated(run, deployed, buckets):
    deployed(ScopeTagKey="Team", ScopeTagValues="nobody")
    for command in (("evaluate", KMS), ("scan", "--rule", KMS)):
        said = run(*command, "-o", "json")
        assert (said.exit_code, json.loads(said.stdout)) == (3, [])
        assert "nothing was evaluated" in said.stderr
    named = run("evaluate", KMS, "--resource", "teams", "-o", "json")
    [row] = json.loads(named.stdout)
    assert (named.exit_code, row["status"]) == (3, "NOT_APPLICABLE")


def test_global_services_are_left_to_the_stack_that_judges_them(run, deployed, key):
    deployed(EvaluateGlobalServices="false")
    assert run("evaluate", ROTATION).exit_code == 0


def waive(account, outputs, resource):
    row = {
        "declared_by": "waiver#AIDA",
        "declared_at": f"{iso(NOW - timedelta(hours=1))}#w1",
        "kind": "WAIVER",
        "id": "w1",
        "rule": WAIVERS,
        "rules": KMS,
        "resources": resource,
        "tags": {},
        "reason": "Moves in March.",
        "owner": "team@example.com",
        "until": iso(NOW + timedelta(days=10)),
        "all_rules": False,
        "all_resources": False,
    }
    account.client("dynamodb").put_item(
        TableName=outputs["DeclarationsTable"], Item=serialise(row)
    )


def test_a_waiver_counts_and_is_told(run, account, deployed, buckets):
    waive(account, deployed(), "plain")
    said = run("evaluate", KMS, "--resource", "plain", "-o", "json")
    assert json.loads(said.stdout)[0]["status"] == "NON_COMPLIANT"
    assert said.exit_code == 0
    assert "Moves in March." in said.stderr
    assert run("evaluate", KMS, "--resource", "teams").exit_code == 1
    strict = run("evaluate", KMS, "--resource", "plain", "--no-stack")
    assert strict.exit_code == 1


def test_the_only_stack_there_is_is_found(run, deployed, key):
    deployed("platform-readiness", STRICT)
    said = run("evaluate", ROTATION)
    assert said.exit_code == 1
    assert told(said).startswith("as the stack platform-readiness in ")
    assert "platform-readiness" in run("findings").stderr


def test_of_several_stacks_one_has_to_be_named(run, deployed, key):
    deployed("a-readiness", STRICT)
    deployed("b-readiness")
    said = run("evaluate", ROTATION)
    assert said.exit_code == 2
    assert "a-readiness, b-readiness" in said.stderr
    assert run("evaluate", ROTATION, "--stack-name", "a-readiness").exit_code == 1
    assert run("evaluate", ROTATION, "--stack-name", "b-readiness").exit_code == 0


def test_a_stack_that_is_named_has_to_be_there(run, deployed, key):
    deployed("platform-readiness")
    said = run("evaluate", ROTATION, "--stack-name", "readiness")
    assert said.exit_code == 4
    assert "There is no stack 'readiness'" in said.stderr
    assert "name one that is there with --stack-name (platform-readiness)" in said.stderr


UNREADABLE = [
    pytest.param(error("AccessDenied", 403), "AccessDenied", id="denied"),
    pytest.param(error("Throttling"), "Throttling", id="throttled"),
    pytest.param(error("UnknownOperationException", 404), "UnknownOperation", id="an AWS without"),
    pytest.param(
        EndpointConnectionError(endpoint_url="https://x"), "EndpointConnectionError", id="no way"
    ),
]


@pytest.mark.parametrize("named", [(), ("--stack-name", "readiness")], ids=["default", "named"])
@pytest.mark.parametrize(("fault", "reason"), UNREADABLE)
def test_whether_there_is_a_stack_may_be_unreadable(run, over, named, fault, reason):
    if isinstance(fault, ClientError):
        fault.operation_name = "DescribeStacks"
    fake_account = over(toy.fake_account())
    fake_account.faults["cloudformation", "describe_stacks"] = fault
    said = run("evaluate", KMS, "-o", "json", *named)
    if named:
        assert said.exit_code == 4
        return
    assert said.exit_code == 0
    assert f"cloudformation:DescribeStacks: {reason}" in told(said)
    assert DEFAULTS in told(said)


def test_stacks_of_other_names_may_not_be_listed(run, over):
    def describe(**asked):
        if "StackName" in asked:
            return error("ValidationError", 400, "Stack with id readiness does not exist")
        return error("AccessDenied", 403)

    over(toy.fake_account().but(cloudformation__describe_stacks=describe))
    said = run("evaluate", KMS)
    assert said.exit_code == 0
    assert "could not be read (cloudformation:DescribeStacks: AccessDenied)" in told(said)
    assert "There is no stack 'readiness'" in run("findings").stderr


def test_settings_that_cannot_be_read_stop_it(run, deployed, key, monkeypatch):
    deployed(settings=STRICT)

    def denied(aws, stack):
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetParameter")

    monkeypatch.setattr(pointed.recording, "settings_of", denied)
    said = run("evaluate", ROTATION)
    assert said.exit_code == 4
    assert "ssm:GetParameter of /readiness/readiness/settings" in said.stderr
    assert "--no-stack" in said.stderr.partition("Fix: ")[2]
    assert run("evaluate", ROTATION, "--no-stack").exit_code == 0


# -- what a scan is narrowed to --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "shown", "code"),
    [
        pytest.param((), {"plain", "teams"}, 1, id="all"),
        pytest.param(("--workload", "MAIF"), {"teams"}, 1, id="workload"),
        pytest.param(("--tag", "Team=agents"), {"teams"}, 1, id="tag"),
        pytest.param(("--tag", "Team=agents", "--tag", "Team=x"), set(), 3, id="two tags"),
        pytest.param(("--workload", "MAIV"), set(), 3, id="no such workload"),
        pytest.param(("--severity", "HIGH"), {"plain", "teams"}, 1, id="as severe"),
        pytest.param(("--severity", "critical"), set(), 3, id="more severe"),
        pytest.param(("--status", "COMPLIANT"), set(), 1, id="status hides, and the gate fails"),
        pytest.param(("--exclude-heading", "Encryption"), set(), 3, id="no heading left"),
    ],
)
def test_a_scan_is_narrowed_and_never_passes_on_nothing(run, buckets, options, shown, code):
    said = run("scan", "--rule", KMS, "-o", "json", *options)
    assert said.exit_code == code, said.output
    assert set(ids(said)) == shown
    if code == 3:
        assert "nothing was evaluated" in said.stderr


def test_a_workload_that_is_misspelt_is_told(run, buckets):
    said = run("scan", "--rule", KMS, "--workload", "MAIV")
    assert "no resource has the workload 'MAIV'. Did you mean MAIF?" in said.stderr


def test_tags_that_cannot_be_read_leave_it_unknown_what_is_meant(run, over):
    fake_account = over(toy.fake_account())
    fake_account.faults["resourcegroupstaggingapi", "get_resources"] = FAULTS["denied"]
    said = run("scan", "--rule", KMS, "--workload", "MAIF")
    assert said.exit_code == 3
    assert "their tags could not be read" in " ".join(said.stdout.split())


def test_what_could_not_be_listed_may_be_of_the_workload(run, over):
    fake_account = over(toy.fake_account())
    fake_account.faults["s3", "list_buckets"] = FAULTS["denied"]
    said = run("scan", "--rule", KMS, "--workload", "MAIF", "-o", "json")
    assert said.exit_code == 3
    assert [row["status"] for row in json.loads(said.stdout)] == ["INSUFFICIENT_DATA"]


def test_unknowns_stand_together_by_what_is_missing(run, over):
    names = [{"Name": f"b{n}"} for n in range(7)]
    fake_account = over(toy.fake_account().but(s3__list_buckets={"Buckets": names}))
    fake_account.faults["s3", "get_bucket_encryption"] = FAULTS["denied"]
    said = run("scan", "--rule", KMS)
    lines = [line.strip() for line in said.stdout.splitlines()]
    [row] = [line for line in lines if line.startswith("7 ") and "verdicts" not in line]
    assert "s3:GetEncryptionConfiguration" in row
    assert "b0, b1, b2, b3 and 3 more" in said.stdout
    assert "7 verdicts: 0 failed, 7 unknown" in lines


@pytest.mark.parametrize("more", ["--workload=a", "--tag=a=b", "--severity=LOW", "--no-stack"])
def test_what_is_recorded_is_whole(run, deployed, more):
    said = run("scan", "--record", more)
    assert said.exit_code == 2
    assert "--record cannot be combined" in said.stderr


def test_a_scan_that_records_needs_a_stack(run, account):
    said = run("scan", "--rule", KMS, "--record")
    assert said.exit_code == 4
    assert "There is no stack 'readiness'" in said.stderr


# -- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", [KMS, "s3-kms", "s3_kms", "ENCRYPTION.S3-KMS"])
def test_a_rule_goes_by_its_name_everywhere(run, account, deployed, buckets, named):
    deployed()
    assert {row["rule"] for row in json.loads(run("evaluate", named, "-o", "json").stdout)} == {
        KMS
    }
    scan = json.loads(run("scan", "--rule", named, "--record", "-o", "json").stdout)
    assert {row["rule"] for row in scan} == {KMS}
    listed = json.loads(run("findings", "--rule", named, "-o", "json").stdout)
    assert sorted(row["resource_id"] for row in listed) == ["plain", "teams"]
    one = json.loads(run("explain", "plain", named, "-o", "json").stdout)
    assert one["rule"] == KMS
    waived = run(
        *("waive", named, "--resource", "plain", "--dry-run", "-o", "json", "--reason", "r"),
        *("--owner", "o", "--until", "2099-01-01"),
    )
    assert waived.exit_code == 2
    assert "days away" in waived.stderr


@pytest.mark.parametrize("named", ["encryption", "Encryption", "Security / Encryption"])
def test_a_heading_stands_for_its_rules(run, deployed, buckets, key, named):
    deployed()
    both = {KMS, ROTATION}
    assert {row["rule"] for row in json.loads(run("evaluate", named, "-o", "json").stdout)} == both
    scan = json.loads(run("scan", "--rule", named, "--record", "-o", "json").stdout)
    assert {row["rule"] for row in scan} == both
    listed = json.loads(run("findings", "--rule", named, "-o", "json").stdout)
    assert {row["rule"] for row in listed} == both
    gate = run("status", "--fail-on", "LOW", "--allow-unknown", named)
    assert gate.exit_code == 1


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("evaluate", "s3-kns"), "encryption.s3-kms"),
        (("evaluate", "encrypton"), "encryption"),
        (("evaluate", "encrypton.s3-kms"), "encryption.s3-kms"),
        (("scan", "--rule", "kms-rotaton"), "encryption.kms-rotation"),
        (("scan", "--exclude-heading", "encrypton"), "encryption"),
        (("findings", "--rule", "s3-kns"), "encryption.s3-kms"),
        (("waive", "s3-kns", "--reason=r", "--owner=o", "--until=2099-01-01"), "s3-kms"),
        (("rules", "s3-kns"), "encryption.s3-kms"),
        (("evaluate", ROTATION, "--set", "most_day=90"), "most_days"),
        (("scan", "--set", "encryption.most_day=90"), "most_days"),
    ],
    ids=str,
)
def test_a_misspelt_name_is_answered_with_the_likely_one(run, account, words, hint):
    said = run(*words)
    assert said.exit_code == 2
    assert hint in said.stderr.partition("Did you mean ")[2].partition("?")[0]


def test_a_finding_id_with_a_digit_misread(run, account, deployed, buckets):
    deployed()
    run("scan", "--rule", KMS, "--record")
    id = json.loads(run("findings", "-o", "json").stdout)[0]["finding_id"]
    wrong = id[:5] + ("0" if id[5] != "0" else "1") + id[6:]
    said = run("explain", wrong)
    assert said.exit_code == 2
    assert f"Did you mean {id}" in said.stderr


def test_what_explain_shows_leads_to_the_same_stack(run, account, deployed, buckets):
    deployed("platform-readiness")
    run("scan", "--rule", KMS, "--record")
    shown = run("explain", "plain", KMS).stdout
    whole = shown.replace(" \\\n      ", " ")  # as a shell joins it
    there = "--region us-east-1 --stack-name platform-readiness"
    assert f"  readiness evaluate {KMS} --resource plain {there}\n" in whole
    [waive] = [line for line in whole.splitlines() if line.startswith("  readiness waive")]
    assert waive.endswith(f"--reason REASON {there}")
    assert "/AWS::S3::Bucket/plain --until" in waive


def test_a_region_without_anything_to_judge_does_not_pass(run, account):
    said = run("scan", "--rule", KMS, "-o", "json")
    assert (said.exit_code, json.loads(said.stdout)[0]["status"]) == (3, "NOT_APPLICABLE")
    assert "is it the right --region and --profile?" in said.stderr
