"""`findings`, `explain`, `history` and `scan --record`, over the tables of template.yaml."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from readiness.engine.rows import to_item
from readiness.engine.scope import Scope
from readiness.engine.store import Store
from readiness.model.blindness import HEADING_TYPE, UNREADABLE, by_heading, decide
from readiness.model.finding import Finding
from readiness.model.resource import Resource
from readiness.model.verdict import Severity, Status
from readiness_cli.recording import scope_of
from readiness_cli.stack import Stack
from tests.cli.conftest import deploy
from tests.fake_account import NOON

MOTO = "123456789012"
DENIED = {"missing": ("s3:GetX",), "denied": ("s3:GetX",)}
BAD = Status.NON_COMPLIANT


def finding(name="data", rule="encryption.s3-kms", status=BAD, at=NOON, **more):
    kind = "AWS::S3::Bucket" if rule.endswith("s3-kms") else "AWS::KMS::Key"
    said = {
        "severity": Severity.HIGH,
        "section": "Security",
        "heading": "Encryption",
        "item": "Enable S3 bucket encryption with KMS",
        "reason": f"{name} is {status}.",
        "expected": "KMS.",
        "observed": {"algorithm": "AES256"},
        "settings": {"most_days": 365, "strict": False, "names": ["a*", "b"], "spared": []},
    }
    resource = Resource(MOTO, "us-east-1", kind, name)
    return Finding(resource, rule, status, last_observed_at=at, **{**said, **more})


@pytest.fixture
def store(account, stack):
    return Store(account.client("dynamodb"), stack["FindingsTable"], stack["TransitionsTable"])


@pytest.fixture
def stored(store):
    rows = [
        finding(),
        finding("fine", status=Status.COMPLIANT),
        finding("k", "encryption.kms-rotation", severity=Severity.MEDIUM, workload="agent"),
        finding("old", status=Status.COMPLIANT, gone=True),
    ]
    for row in rows:
        store.record(row, None)
    return store


def ids(said):
    return [row["resource_id"] for row in json.loads(said.stdout)]


@pytest.mark.parametrize(
    ("args", "found"),
    [
        pytest.param([], ["data", "k", "fine"], id="all, worst first, without the gone"),
        pytest.param(["--open"], ["data", "k"], id="open"),
        pytest.param(["--rule", "encryption.s3-kms"], ["data", "fine"], id="rule"),
        pytest.param(["--open", "--rule", "encryption.s3-kms"], ["data"], id="open and rule"),
        pytest.param(["--severity", "medium"], ["k"], id="severity"),
        pytest.param(["--status", "COMPLIANT"], ["fine"], id="status"),
        pytest.param(["--workload", "agent"], ["k"], id="workload"),
        pytest.param(["--heading", "Encryption"], ["data", "k", "fine"], id="heading"),
        pytest.param(["--heading", "xray"], [], id="another heading"),
    ],
)
def test_findings_are_filtered(run, stored, args, found):
    said = run("findings", *args, "-o", "json")
    assert (said.exit_code, ids(said)) == (0, found)


def test_findings_fit_80_columns(run, stored):
    said = run("findings")
    assert max(map(len, said.stdout.splitlines())) <= 80
    assert finding().id in said.stdout


def test_no_findings_is_said_where_something_was_evaluated(run, stored):
    said = run("findings", "--severity", "LOW", "--open")
    assert "No findings." in said.stdout
    assert said.stderr.splitlines() == [f"0 findings in the stack readiness in {MOTO} us-east-1"]


@pytest.mark.parametrize(
    ("args", "told"),
    [
        pytest.param([], "Nothing is known of this account yet", id="a stack without a sweep"),
        pytest.param(["--open"], "Nothing is known of this account yet", id="nothing open"),
        pytest.param(
            ["--rule", "encryption.s3-kms"], "Nothing is known of encryption yet", id="a rule"
        ),
    ],
)
def test_what_was_never_evaluated_is_not_no_findings(run, stack, args, told):
    said = run("findings", *args)
    assert told in " ".join(said.stdout.split())
    assert "No findings." not in said.stdout
    piped = run("findings", *args, "-o", "json")
    assert piped.stdout.strip() == "[]"
    assert told in piped.stderr


def test_a_workload_that_no_finding_has_is_refused(run, stored):
    said = run("findings", "--workload", "agant")
    assert said.exit_code == 2
    assert "No finding has the workload 'agant'. Did you mean agent?" in said.stderr
    assert run("findings", "--workload", "agent", "--severity", "LOW").exit_code == 0


@pytest.mark.parametrize(
    "named",
    [
        [finding().id],
        [finding().id[:6]],
        [finding().id.upper()],
        [finding().resource.key, "encryption.s3-kms"],
        ["data", "encryption.s3-kms"],
    ],
    ids=["id", "prefix", "upper case", "key and rule", "name and rule"],
)
def test_a_finding_is_explained_however_it_is_named(run, stored, named):
    said = run("explain", *named, "-o", "json")
    row = json.loads(said.stdout)
    assert (row["finding_id"], row["status"]) == (finding().id, "NON_COMPLIANT")
    assert row["runbook"] == "docs/runbooks/encryption.md#s3-kms"


def test_an_explanation_says_what_to_do(run, stored):
    said = run("explain", finding().id)
    assert "readiness evaluate encryption.s3-kms --resource data" in said.stdout
    assert "algorithm: AES256" in said.stdout
    assert max(map(len, said.stdout.splitlines())) <= 80


def test_settings_are_shown_as_they_are_typed(run, stored):
    said = run("explain", finding().id).stdout
    for line in ("most_days = 365", "strict = false", "names = a*,b", "spared = (empty)"):
        assert f" {line}\n" in said


def test_a_complying_finding_without_history_is_found(run, stored):
    said = run("explain", finding("fine").id, "-o", "json")
    assert json.loads(said.stdout)["status"] == "COMPLIANT"


def test_the_old_time_of_what_holds_is_not_taken_for_a_sweep_that_does_not_look(run, stored):
    holds, broken = (run("explain", each.id).stdout for each in (finding("fine"), finding()))
    assert "each sweep looks" in " ".join(holds.split())
    assert "each sweep looks" not in " ".join(broken.split())


@pytest.mark.parametrize(
    ("named", "told"),
    [
        (["abc"], "4 hex digits"),
        (["nothexatall"], "4 hex digits"),
        (["00000000"], "no finding '00000000'"),
        (["x", "encryption.nothing"], "Unknown rule"),
        (["a", "b", "c"], "by its id"),
        (["nobody", "encryption.s3-kms"], "no finding"),
    ],
)
def test_a_finding_nobody_can_mean_is_refused(run, stored, named, told):
    for command in ("explain", "history"):
        said = run(command, *named)
        assert said.exit_code == 2
        assert told in said.stderr


def test_an_ambiguous_prefix_names_the_candidates(run, stored, monkeypatch):
    from readiness_cli.deployed import Deployed

    several = [finding("a"), finding("b")]
    monkeypatch.setattr(Deployed, "by_id", lambda self, prefix: several)
    said = run("explain", "abcd")
    assert said.exit_code == 2
    assert several[0].id in said.stderr
    assert several[1].id in said.stderr


def test_history_tells_every_transition(run, stored):
    later = finding(status=Status.COMPLIANT, at=NOON + timedelta(hours=1), reason="Fixed.")
    stored.record(later, stored.get(later.resource, later.rule))
    rows = json.loads(run("history", later.id, "-o", "json").stdout)
    assert [(row["kind"], row["old_status"], row["status"]) for row in rows] == [
        ("OPENED", "", "NON_COMPLIANT"),
        ("RESOLVED", "NON_COMPLIANT", "COMPLIANT"),
    ]
    said = run("history", later.id)
    assert "Fixed." in said.stdout
    assert "not published yet" in said.stdout
    assert "The finding never changed" in run("history", finding("fine").id).stdout


def test_scan_records_only_when_asked(run, account, stack, store):
    account.client("s3").create_bucket(Bucket="plain-data")
    args = ("scan", "--rule", "encryption.s3-kms", "-o", "json")
    assert run(*args).exit_code == 1
    assert list(store.all()) == []
    said = run(*args, "--record")
    assert said.exit_code == 1
    assert "recorded: 1 transition" in said.stderr
    assert [f.resource.id for f in store.all()] == ["plain-data"]
    account.client("s3").delete_bucket(Bucket="plain-data")
    assert "1 finding closed because the resource is gone" in run(*args, "--record").stderr
    assert {f.gone for f in store.all() if f.resource.id == "plain-data"} == {True}


def tag(account, bucket, value):
    tags = {"TagSet": [{"Key": "Application", "Value": value}]}
    account.client("s3").put_bucket_tagging(Bucket=bucket, Tagging=tags)


def tables(account, **parameters):
    deployed = deploy(account, **parameters)
    return Store(
        account.client("dynamodb"), deployed["FindingsTable"], deployed["TransitionsTable"]
    )


def test_scan_records_only_what_is_in_the_scope_of_the_stack(run, account):
    store = tables(account, ScopeTagKey="Application", ScopeTagValues="MAIF, agents")
    for name, value in (("ours", "MAIF"), ("theirs", "Other")):
        account.client("s3").create_bucket(Bucket=name)
        tag(account, name, value)
    account.client("s3").create_bucket(Bucket="nobodys")
    said = run("scan", "--rule", "encryption.s3-kms", "-o", "json", "--record")
    assert ids(said) == ["ours"]
    assert [f.resource.id for f in store.all()] == ["ours"]


@pytest.mark.parametrize("said", ["true", "false"])
def test_global_services_are_left_to_the_stack_that_has_them(said):
    parameters = {"ScopeTagKey": "App", "ScopeTagValues": "a,b", "EvaluateGlobalServices": said}
    scope = scope_of(Stack("readiness", "here", {}, parameters))
    assert scope == Scope("App", frozenset({"a", "b"}), globals_too=said == "true")
    assert scope_of(Stack("readiness", "here", {})) == Scope()


def test_the_environment_of_the_account_is_that_of_the_stack():
    scope = scope_of(Stack("readiness", "here", {}, {"AccountEnvironment": "production"}))
    assert scope == Scope(account_environment="production")


@pytest.mark.parametrize(
    "more",
    [["--set", "encryption.kms-rotation.max_rotation_period_days=100"], ["--settings-file", "x"]],
    ids=["--set", "--settings-file"],
)
def test_what_is_recorded_is_judged_by_the_settings_of_the_stack(run, account, stack, more):
    said = run("scan", "--rule", "encryption.kms-rotation", "--record", *more)
    assert said.exit_code == 2
    assert "--record cannot be combined" in said.stderr


def test_a_row_that_this_version_cannot_read_is_told_and_left_out(run, account, stack, stored):
    item = to_item(finding("spoilt")) | {"severity": {"S": "CATASTROPHIC"}}
    account.client("dynamodb").put_item(TableName=stack["FindingsTable"], Item=item)
    said = run("findings", "--open", "-o", "json")
    assert said.exit_code == 0
    assert "data" in ids(said)
    assert "spoilt" not in ids(said)
    assert "warning: this version cannot read the finding" in said.stderr
    assert "CATASTROPHIC" in said.stderr


def test_a_prefix_is_looked_up_among_the_open_findings_first(run, stored, monkeypatch):
    def whole_table(*_, **__):
        raise AssertionError("the whole table was read")

    monkeypatch.setattr(Store, "all", whole_table)
    monkeypatch.setattr(Store, "every_key", whole_table)
    said = run("explain", finding().id[:6], "-o", "json")
    assert json.loads(said.stdout)["resource_id"] == "data"


def no_walk(monkeypatch):
    def whole_table(*_, **__):
        raise AssertionError("the whole table was read")

    for name in ("all", "every_key", "open"):
        monkeypatch.setattr(Store, name, whole_table)


@pytest.mark.parametrize("name", ["data", "fine", "old"], ids=["open", "complying", "gone"])
@pytest.mark.parametrize("length", [4, 7, 12])
def test_no_table_is_walked_for_an_id(run, stored, monkeypatch, name, length):
    no_walk(monkeypatch)
    said = run("explain", finding(name).id[:length], "-o", "json")
    assert json.loads(said.stdout)["resource_id"] == name
    assert run("history", finding(name).id[:length]).exit_code == 0


def without_index(store, *rows):
    """The rows as a version without the index wrote them."""
    for row in rows:
        item = to_item(row)
        del item["id_prefix"]
        store.client.put_item(TableName=store._findings, Item=item)


@pytest.mark.parametrize("length", [5, 12])
def test_a_row_from_before_the_index_is_found(run, stored, length):
    before = finding("before", status=Status.COMPLIANT, version=1)
    without_index(stored, before)
    said = run("explain", before.id[:length], "-o", "json")
    assert json.loads(said.stdout)["resource_id"] == "before"
    known = stored.get(before.resource, before.rule)
    stored.record(before.but(last_observed_at=NOON + timedelta(hours=69)), known)
    assert stored.keys_by_id(before.id[:5]) == [(before.resource, before.rule)]


def test_a_table_from_before_the_index_is_searched(run, stored, stack, account):
    account.client("dynamodb").update_table(
        TableName=stack["FindingsTable"],
        GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-id"}}],
    )
    said = run("explain", finding("fine").id[:6], "-o", "json")
    assert json.loads(said.stdout)["resource_id"] == "fine"


def test_a_finding_that_cannot_be_read_is_said_in_one_line(run, stored, store):
    item = to_item(finding("fine", status=Status.COMPLIANT)) | {"severity": {"S": "CATASTROPHIC"}}
    store.client.put_item(TableName=store._findings, Item=item)
    said = run("explain", finding("fine").id[:6])
    assert said.exit_code == 4
    assert "CATASTROPHIC" in said.stderr
    assert said.stderr.count("\n") == 1


@pytest.mark.parametrize("command", [["findings"], ["scan", "--record"], ["redrive"]], ids=str)
def test_a_stack_that_is_not_there(run, account, command):
    said = run(*command, "--stack-name", "nowhere")
    assert said.exit_code == 4
    assert "no stack 'nowhere' in account" in said.stderr
    assert said.stderr.count("\n") == 1


def test_explain_says_the_fix_and_prints_the_runbook(run, stored):
    said = run("explain", finding().id, "--fix", columns="200").stdout
    assert "Set the bucket's default encryption to SSE-KMS" in said
    assert "\n## s3-kms\n" in said
    assert "aws s3api put-bucket-encryption" in said
    row = json.loads(run("explain", finding().id, "--fix", "-o", "json").stdout)
    assert row["runbook_section"].startswith("## s3-kms\n")
    assert row["why"].startswith("With SSE-S3")
    plain = json.loads(run("explain", finding().id, "-o", "json").stdout)
    assert "runbook_section" not in plain


def test_a_section_is_printed_by_the_rule_alone(run):
    said = run("explain", "encryption.kms-rotation", "--fix")
    assert said.exit_code == 0
    assert said.stdout.startswith("## kms-rotation\n")
    wrong = run("explain", "encryption.kms-rotatoin", "--fix")
    assert wrong.exit_code == 2
    assert "encryption.kms-rotation" in wrong.stderr


def test_a_name_beside_the_id_is_shown(run, store):
    store.record(finding("sg-0a").but(name="agents"), None)
    assert "agents" in run("explain", finding("sg-0a").id).stdout


@pytest.mark.parametrize(
    ("where", "region"),
    [("us-east-1", "us-east-1"), ("eu-west-1", "eu-west-1"), ("global", "us-east-1")],
)
def test_explain_shows_how_to_prove_who_made_the_last_change(run, store, where, region):
    """An event may be forged by whoever may make EventBridge rules; CloudTrail's history not."""
    seen = finding("a")
    resource = replace(seen.resource, region=where)
    event = "0f5b2a6e-1d2c-4a4e-9d3b-1c2d3e4f5a6b"
    changed = seen.but(resource=resource, changed_by="ann", changed_call="Put", event_id=event)
    store.record(changed, None)
    said = " ".join(run("explain", changed.id).stdout.replace("\\\n", "").split())
    assert f"AttributeKey=EventId,AttributeValue={event} --region {region}" in said


def test_explain_shows_no_event_where_none_is_known(run, stored):
    assert "lookup-events" not in run("explain", finding().id).stdout


def test_explain_says_the_environment(run, store):
    store.record(finding("a", environment="production", owner="team"), None)
    said = run("explain", finding("a").id)
    assert ["Environment", "production"] in [line.split() for line in said.stdout.splitlines()]


@pytest.mark.parametrize(
    "command", [["findings"], ["findings", "--open"], ["explain", "abcd1234"]]
)
def test_a_table_that_is_not_there(run, account, stack, command):
    account.client("dynamodb").delete_table(TableName=stack["FindingsTable"])
    said = run(*command)
    assert said.exit_code == 4
    assert "a table of the stack" in said.stderr.lower()
    assert stack["FindingsTable"] in said.stderr
    assert said.stderr.count("\n") == 1


@pytest.mark.parametrize("rule", ["encryption.s3-kms", "encryption.kms-rotation"])
def test_what_does_not_exist_is_said_in_one_way(run, account, rule):
    said = run("evaluate", rule, "--resource", "nothere", "-o", "json")
    assert said.exit_code == 2
    assert "resource 'nothere' does not exist in account" in said.stderr.lower()
    assert said.stdout == ""


def test_a_blind_heading_is_listed_and_explained_with_the_statement_to_paste(run, store):
    seen = by_heading([finding(status=Status.INSUFFICIENT_DATA, blinded_at=NOON, **DENIED)])
    where = Resource(MOTO, "us-east-1", HEADING_TYPE, "encryption")
    store.change_at(
        where, UNREADABLE, lambda stored: decide(stored, seen["encryption"], where, NOON)
    )
    [row] = json.loads(run("findings", "--open", "--rule", UNREADABLE, "-o", "json").stdout)
    assert (row["resource_id"], row["severity"], row["open"]) == ("encryption", "HIGH", True)
    for named in ([row["finding_id"]], [where.key, UNREADABLE]):
        shown = run("explain", *named, columns="300").stdout
        assert '{"Effect": "Allow", "Action": ["s3:GetX"], "Resource": "*"}' in shown
        assert f"readiness explain {UNREADABLE} --fix" in shown
        assert "readiness evaluate" not in shown
    assert "## unreadable" in run("explain", UNREADABLE, "--fix").stdout
