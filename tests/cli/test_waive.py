"""`waive`, `waivers`, `unwaive`: what is covered is shown first, and nothing is hidden by it."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from readiness.engine.attribute_values import serialise
from readiness.engine.store import Store
from readiness.engine.waivers import InForce, Limits, rows_of
from readiness.model.finding import Finding, iso
from readiness.model.resource import Resource
from readiness.model.verdict import Severity, Status
from readiness_cli import scorecard, session
from tests.cli import toy
from tests.cli.conftest import table

MOTO = "123456789012"
RULE = "encryption.s3-kms"
NOW = datetime.now(UTC)
SOON = f"{NOW + timedelta(days=10):%Y-%m-%d}"
SAID = ("--reason", "Moves in March.", "--owner", "team@example.com", "--until", SOON)


def finding(name="data", rule=RULE, status=Status.NON_COMPLIANT, **more):
    said = {
        "severity": Severity.HIGH,
        "section": "Security",
        "heading": "Encryption",
        "item": "Enable S3 bucket encryption with KMS",
        "reason": f"{name} is {status}.",
        "last_observed_at": NOW - timedelta(hours=1),
    }
    resource = Resource(MOTO, "us-east-1", "AWS::S3::Bucket", name)
    return Finding(resource, rule, status, **{**said, **more})


def deploy(account, **parameters):
    resources = {name: table(name) for name in ("Findings", "Transitions", "Declarations")}
    outputs = {f"{name}Table": {"Value": {"Ref": name}} for name in list(resources)}
    declared = {name: {"Type": "String"} for name in parameters}
    body = json.dumps({"Parameters": declared, "Resources": resources, "Outputs": outputs})
    account.client("cloudformation").create_stack(
        StackName="readiness",
        TemplateBody=body,
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
    )


class Tables:
    """The stack's tables as the functions use them."""

    def __init__(self, account):
        self.client = account.client("dynamodb")
        described = account.client("cloudformation").describe_stacks(StackName="readiness")
        outputs = described["Stacks"][0]["Outputs"]
        self.names = {out["OutputKey"]: out["OutputValue"] for out in outputs}
        self.plain = self.store()

    def store(self, waivers=None):
        names = (self.names["FindingsTable"], self.names["TransitionsTable"])
        return Store(self.client, *names, **({"waivers": waivers} if waivers else {}))

    @property
    def rows(self):
        return rows_of(self.client, self.names["DeclarationsTable"])

    def upkeep(self):
        """What the function does within a minute."""
        in_force = InForce(self.client, self.names["DeclarationsTable"], Limits())
        store = self.store(in_force)
        for each in (*store.open(MOTO), *store.waived(MOTO)):
            store.reconsider(each, lambda: datetime.now(UTC))


@pytest.fixture
def deployed(account):
    deploy(account)
    made = Tables(account)
    made.plain.record(finding(), None)
    made.plain.record(finding("other", tags={"Env": "dev"}), None)
    made.plain.record(finding("root", severity=Severity.CRITICAL), None)
    made.plain.record(finding("fine", status=Status.COMPLIANT), None)
    return made


@pytest.fixture(autouse=True)
def in_a_region(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture
def me(account, monkeypatch):
    """Make the calls from now on as somebody in a session of one role."""
    iam = boto3.client("iam", region_name="us-east-1")
    role = iam.create_role(RoleName="Dev", AssumeRolePolicyDocument="{}")["Role"]["Arn"]

    def become(name):
        sts = boto3.client("sts", region_name="us-east-1")
        given = sts.assume_role(RoleArn=role, RoleSessionName=name)["Credentials"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", given["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", given["SecretAccessKey"])
        monkeypatch.setenv("AWS_SESSION_TOKEN", given["SessionToken"])

    return become


def waive(run, *more, rule=RULE, output=("-o", "json")):
    return run("waive", rule, *more, *SAID, *output)


def covers(said):
    assert said.exit_code == 0, said.stderr
    [row] = json.loads(said.stdout)
    return {each["resource"].rpartition("/")[2]: each["effect"] for each in row["covers"]}


# -- what is covered --------------------------------------------------------------------------------


EVERY = {"data", "other", "root"}


@pytest.mark.parametrize(
    ("more", "covered"),
    [
        pytest.param(["--resource", "data"], {"data"}, id="an id"),
        pytest.param(
            ["--resource", f"{MOTO}/us-east-1/AWS::S3::Bucket/data"], {"data"}, id="a key"
        ),
        pytest.param(["--resource", "*/AWS::S3::Bucket/*t*"], EVERY, id="a pattern"),
        pytest.param(["--tag", "Env=dev"], {"other"}, id="a tag"),
        pytest.param(["--resource", "*", "--all-resources"], EVERY, id="the pattern of all"),
        pytest.param(["--all-resources"], EVERY, id="every resource"),
    ],
)
def test_a_dry_run_shows_exactly_what_the_waiver_then_covers(run, deployed, more, covered):
    dry = waive(run, *more, "--dry-run")
    assert covers(dry).keys() == covered
    assert deployed.rows == []
    assert "dry run: nothing was recorded" in dry.stderr
    wet = waive(run, *more)
    assert covers(wet) == covers(dry)
    deployed.upkeep()
    waived = {found.resource.id for found in deployed.plain.waived(MOTO)}
    promised = {name for name, effect in covers(wet).items() if effect == "waived"}
    assert waived == promised == covered - {"root"}


def test_critical_waits_for_a_second_person_and_the_command_is_named(run, deployed, me):
    me("ann")
    said = waive(run, "--resource", "root")
    [row] = json.loads(said.stdout)
    assert covers(said)["root"].startswith("not waived yet: CRITICAL needs a second person")
    assert f"readiness waive --approve {row['id']}" in said.stderr
    own = run("waive", "--approve", row["id"])
    assert own.exit_code == 2
    assert "The approver must be a second person" in own.stderr
    me("bob")
    approved = run("waive", "--approve", row["id"], "-o", "json")
    [shown] = json.loads(approved.stdout)
    assert shown["state"] == "in force, approved"
    assert shown["approved_by"].endswith(":assumed-role/Dev/bob")
    assert shown["waived_by"].endswith(":assumed-role/Dev/ann")
    deployed.upkeep()
    assert [f.resource.id for f in deployed.plain.waived(MOTO)] == ["root"]
    again = run("waive", "--approve", row["id"])
    assert (again.exit_code, "is approved already by" in again.stderr) == (2, True)


def test_whoever_looks_at_once_is_told_when_it_shows(run, deployed):
    follows = "`readiness status` and the pages follow within a minute."
    assert follows not in waive(run, "--resource", "data", "--dry-run").stderr
    said = waive(run, "--resource", "data")
    assert follows in said.stderr
    deployed.upkeep()
    [waiver] = {row["id"] for row in json.loads(said.stdout)}
    assert follows in run("unwaive", waiver).stderr


def test_a_waiver_beside_a_longer_one_says_so(run, deployed):
    longer = json.loads(waive(run, "--resource", "data").stdout)[0]["id"]
    tomorrow = f"{NOW + timedelta(days=2):%Y-%m-%d}"
    said = run("waive", RULE, "--resource", "data", *SAID[:4], "--until", tomorrow, "-o", "json")
    assert f"is waived by {longer}, which lasts until" in covers(said)["data"]


# -- what is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ([], "RULE is missing"),
        ([RULE, "--resource", "data", *SAID[:4]], "--until is missing"),
        ([RULE, "--resource", "data", *SAID[2:]], "--reason is missing"),
        ([RULE, "--resource", "data", *SAID[:2], *SAID[4:]], "--owner is missing"),
        (["encryption.s3-kmz", "--resource", "data", *SAID], "Did you mean encryption.s3-kms"),
        (["encryptoin.*", "--resource", "data", *SAID], "matches no rule. Did you mean"),
        ([RULE, "--resource", "dat", *SAID], "Did you mean data?"),
        ([RULE, "--resource", "fine", *SAID], "No open finding matches"),
        ([RULE, "--tag", "Env=prod", *SAID], "No open finding matches"),
        ([RULE, "--tag", "Env", *SAID], "'Env' is not --tag NAME=VALUE"),
        ([RULE, *SAID], "it covers every resource without --all-resources"),
        ([RULE, "--resource", "*", *SAID], "it covers every resource without --all-resources"),
        (["*", "--resource", "data", *SAID], "it covers every rule without --all-rules"),
        ([RULE, "--resource", "data", *SAID[:4], "--until", "2020-01-01"], "is past already"),
        ([RULE, "--resource", "data", *SAID[:4], "--until", "2099-01-01"], "more than 90 days"),
        ([RULE, "--resource", "data", *SAID[:4], "--until", "soon"], "Until must be a day"),
        (["--approve", "abcd1234", RULE], "--approve stands alone"),
        (["--approve", "abcd1234"], "There is no waiver 'abcd1234'"),
    ],
)
def test_what_is_refused_writes_nothing_and_says_why(run, deployed, args, says):
    said = run("waive", *args)
    assert said.exit_code == 2, said.stdout
    assert says in said.stderr
    assert "Fix: " in said.stderr
    assert deployed.rows == []


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["data", *SAID[:4], "--until", "2020-01-01"], "Until is past already"),
        (["data", *SAID[:4], "--until", "soon"], "Until must be a day"),
        (["*", *SAID], "it covers every resource without --all-resources"),
    ],
)
def test_what_no_stack_takes_is_refused_before_aws_is_asked(run, monkeypatch, args, says):
    monkeypatch.setattr(session, "connect", lambda *_: pytest.fail("AWS is asked"))
    said = run("waive", RULE, "--resource", *args)
    assert said.exit_code == 2, said.stdout
    assert says in said.stderr


def test_what_does_not_fail_yet_is_waived_only_when_asked_for(run, deployed):
    """A deleted or a misspelt resource is the same to a list of findings."""
    said = waive(run, "--resource", "tomorrow", "--in-advance")
    assert covers(said) == {}
    in_force = InForce(deployed.client, deployed.names["DeclarationsTable"], Limits())
    deployed.store(in_force).record(finding("tomorrow"), None)
    assert [f.resource.id for f in deployed.plain.waived(MOTO)] == ["tomorrow"]


def test_the_longest_time_is_that_of_the_stack(run, account):
    deploy(account, WaiverMaxDays="7", WaiverSecondPerson="NONE")
    made = Tables(account)
    made.plain.record(finding("root", severity=Severity.CRITICAL), None)
    said = waive(run, "--resource", "root")
    assert (said.exit_code, "more than 7 days away" in said.stderr) == (2, True)
    week = f"{NOW + timedelta(days=6):%Y-%m-%d}"
    said = run("waive", RULE, "--resource", "root", *SAID[:4], "--until", week, "-o", "json")
    assert covers(said) == {"root": "waived"}, "this stack asks no second person"


# -- the list, and the end ----------------------------------------------------------------------------


def test_the_list_says_who_accepted_what_until_when_and_why(run, deployed, me):
    me("ann")
    waive(run, "--resource", "data")
    [row] = json.loads(run("waivers", "-o", "json").stdout)
    assert (row["rule"], row["resource"], row["covers"]) == (RULE, "data", 1)
    assert (row["reason"], row["owner"]) == ("Moves in March.", "team@example.com")
    assert row["waived_by"].endswith("/ann")
    assert row["until"].startswith(SOON)
    shown = run("waivers", columns="120").stdout
    assert "Moves in March." in shown
    assert "covers 1 finding" in shown
    [flat] = csv.DictReader(io.StringIO(run("waivers", "-o", "csv").stdout))
    assert flat["state"] == "in force"


def test_an_empty_list_says_so_and_has_its_columns(run, deployed):
    assert "There are no waivers." in run("waivers").stdout
    assert run("waivers", "-o", "csv").stdout.startswith("id,state,rule,resource,tags,until,")


def test_a_row_that_a_hand_got_wrong_is_told(run, deployed):
    row = {"declared_by": "waiver#AIDA", "declared_at": f"{iso(NOW)}#x", "rule": "waivers"}
    item = serialise(row | {"kind": "WAIVER", "id": "x", "rules": RULE, "resources": "data"})
    deployed.client.put_item(TableName=deployed.names["DeclarationsTable"], Item=item)
    said = run("waivers")
    assert "There are no waivers." in said.stdout
    assert "waives nothing: ValueError: reason is missing" in said.stderr
    deployed.upkeep()
    assert list(deployed.plain.waived(MOTO)) == []


def test_anybody_who_may_waive_can_end_a_waiver(run, deployed, me):
    me("ann")
    [made] = json.loads(waive(run, "--resource", "data").stdout)
    deployed.upkeep()
    me("bob")
    said = run("unwaive", made["id"][:6], "--reason", "Not before the audit.", "-o", "json")
    assert covers(said) == {"data": "will be open again"}
    deployed.upkeep()
    assert "data" in {found.resource.id for found in deployed.plain.open(MOTO)}
    assert json.loads(run("waivers", "-o", "json").stdout) == []
    [row] = json.loads(run("waivers", "--all", "-o", "json").stdout)
    assert (row["state"], row["ended_because"]) == ("ended", "Not before the audit.")
    assert row["covers"] == 0, "the finding that it covered is open again"
    assert row["ended_by"].endswith("/bob")
    again = run("unwaive", made["id"])
    assert (again.exit_code, "was ended already by" in again.stderr) == (2, True)
    approve = run("waive", "--approve", made["id"])
    assert (approve.exit_code, "is over" in approve.stderr) == (2, True)


def test_ending_one_of_two_says_which_one_goes_on(run, deployed):
    [first] = json.loads(waive(run, "--resource", "data").stdout)
    [second] = json.loads(waive(run, "--resource", "dat*").stdout)
    deployed.upkeep()
    [held] = deployed.plain.waived(MOTO)
    other = {first["id"], second["id"]} - {held.waiver}
    said = run("unwaive", held.waiver, "-o", "json")
    assert covers(said)["data"].startswith("stays waived until ")
    assert covers(said)["data"].endswith(f"by the waiver {other.pop()}")


def test_the_rows_are_under_the_callers_id_and_the_prefix(run, deployed, me):
    me("ann")
    waive(run, "--resource", "data")
    [row] = deployed.rows
    assert row["declared_by"].startswith("waiver#")
    assert row["declared_by"].endswith(":ann")


# -- nothing is hidden --------------------------------------------------------------------------------


@pytest.fixture
def waived(run, deployed, me):
    me("ann")
    waive(run, "--resource", "data")
    deployed.upkeep()
    return deployed


def ids(said):
    return [row["resource_id"] for row in json.loads(said.stdout)]


def test_a_waived_finding_is_in_every_list_but_that_of_open_ones(run, waived):
    for args in ([], ["--all"], ["--rule", RULE], ["--status", "NON_COMPLIANT"]):
        assert "data" in ids(run("findings", *args, "-o", "json")), args
    assert "data" not in ids(run("findings", "--open", "-o", "json"))
    assert ids(run("findings", "--waived", "-o", "json")) == ["data"]
    assert (
        f"4 findings in the stack readiness in {MOTO} us-east-1, 1 of them waived"
        in run("findings").stderr
    )


@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
def test_every_export_says_who_waived_it_until_when_and_why(run, waived, form):
    out = run("findings", "--waived", "-o", form).stdout
    match form:
        case "json":
            [row] = json.loads(out)
        case "jsonl":
            row = json.loads(out)
        case "csv":
            [row] = csv.DictReader(io.StringIO(out))
    assert (row["status"], str(row["waived"]), str(row["open"])) == (
        "NON_COMPLIANT",
        "True",
        "False",
    )
    assert row["waived_by"].endswith(":ann")
    assert row["waived_until"].startswith(SOON)
    assert (row["waived_because"], row["waiver_owner"]) == ("Moves in March.", "team@example.com")


def test_explain_and_history_say_it_too(run, waived):
    [row] = json.loads(run("findings", "--waived", "-o", "json").stdout)
    explained = " ".join(run("explain", row["finding_id"], columns="200").stdout.split())
    assert "Waived Waived until" in explained
    assert "Moves in March." in explained
    past = " ".join(run("history", row["finding_id"], columns="200").stdout.split())
    assert "WAIVED" in past
    assert "(owner team@example.com, waiver" in past
    [opened, entry] = json.loads(run("history", row["finding_id"], "-o", "json").stdout)
    assert (opened["kind"], entry["kind"]) == ("OPENED", "WAIVED")
    assert entry["waiver_changed_by"].endswith(":ann")


def test_what_is_not_waived_says_the_command_that_waives_it(run, deployed):
    shown = run("explain", finding("other").id).stdout.replace(" \\\n      ", " ")
    key = finding("other").resource.key
    assert f"readiness waive {RULE} --resource {key} --until DATE" in shown


def test_what_is_waived_fails_in_the_scorecard_and_is_counted_apart():
    until = NOW + timedelta(days=1)
    one = finding("a", waived_until=until, waiver="w")
    [box, *_] = scorecard.boxes(list(toy.encryption), [one, finding("b")])
    assert (box.status, box.said) == ("NON_COMPLIANT", "2 failed (1 waived)")
    [box, *_] = scorecard.boxes(list(toy.encryption), [one])
    assert (box.status, box.said) == ("NON_COMPLIANT", "1 failed (1 waived)")


def test_open_does_not_go_with_waived_or_all(run, deployed):
    for flag in ("--waived", "--all"):
        said = run("findings", "--open", flag)
        assert (said.exit_code, "cannot be combined" in said.stderr) == (2, True)


def test_every_scan_knows_the_waivers_but_one_without_the_stack(run, account, deployed):
    s3 = account.client("s3")
    s3.create_bucket(Bucket="plain")
    args = ("scan", "--rule", RULE, "-o", "json")
    assert run(*args, "--record").exit_code == 1
    waive(run, "--resource", "plain")
    said = run(*args, "--record")
    [row] = [row for row in json.loads(said.stdout) if row["resource_id"] == "plain"]
    assert (said.exit_code, row["status"], row["waived"]) == (0, "NON_COMPLIANT", True)
    assert "1 finding waived: shown as NON_COMPLIANT" in said.stderr
    assert "plain" in {found.resource.id for found in deployed.plain.waived(MOTO)}
    shown = run("scan", "--rule", RULE, "--record").stdout
    assert "1 failed (1 waived)" in shown
    assert "Failed and waived" in shown
    read = run(*args)
    assert (read.exit_code, json.loads(read.stdout)[0]["waived"]) == (0, True)
    assert "as the stack readiness in" in read.stderr
    alone = run(*args, "--no-stack")
    assert (alone.exit_code, json.loads(alone.stdout)[0]["waived"]) == (1, False)
