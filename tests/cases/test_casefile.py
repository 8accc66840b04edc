"""The form of a case file, and the options that write and read it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from click.testing import CliRunner

from readiness.engine.garbled import Garbled
from readiness_cli.cases import casefile
from readiness_cli.cases.recorded import described, raised
from readiness_cli.main import main
from tests.fake_account import error

HERE = Path(__file__).parent
RULE = "network_security.minimal-security-group"
CASE = HERE / f"{RULE}.json"


def run(*args):
    return CliRunner().invoke(main, ["evaluate", *args])


def test_from_prints_the_verdict_and_exits_by_it(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "a-profile-that-is-nowhere")
    said = run(RULE, "--from", str(CASE), "-o", "json")
    assert said.exit_code == 1, said.output
    [verdict] = json.loads(said.stdout)
    assert verdict["status"] == "NON_COMPLIANT"
    assert "TCP 22 (SSH) is open to 0.0.0.0/0" in verdict["reason"]


def test_a_change_of_the_verdict_is_told(tmp_path):
    case = json.loads(CASE.read_text())
    case["verdict"]["status"] = "COMPLIANT"
    path = tmp_path / "case.json"
    path.write_text(json.dumps(case))
    assert "the case was COMPLIANT" in run(RULE, "--from", str(path)).stderr


def test_a_case_that_lacks_an_answer_says_which(tmp_path):
    case = json.loads(CASE.read_text())
    case["calls"] = [c for c in case["calls"] if c["operation"] != "describe_network_interfaces"]
    path = tmp_path / "case.json"
    path.write_text(json.dumps(case))
    said = run(RULE, "--from", str(path))
    assert said.exit_code == 4
    assert "no answer to ec2 describe_network_interfaces" in said.stderr


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--from", str(CASE), "--resource", "x"], "--resource cannot be combined with --from"),
        (["--from", str(CASE), "--now", "2026-01-01T00:00:00Z"], "--now cannot"),
        (["--trace", "x.json"], "--trace takes one --resource, not 0"),
        (["--trace", "x.json", "--resource", "a", "--resource", "b"], "not 2"),
        (["--keep", "x", "--resource", "a"], "--keep is about what --trace writes"),
        (["--from", "nowhere.json"], "No such file"),
    ],
)
def test_options_that_do_not_fit(args, told):
    said = run(RULE, *args)
    assert said.exit_code == 2
    assert told in said.stderr


def test_a_case_of_another_rule_is_refused():
    said = run("encryption.s3-tls", "--from", str(CASE))
    assert f"is a case of the rule {RULE}" in said.stderr


def changed(**members):
    case = json.loads(CASE.read_text())
    return json.dumps({**case, **members})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no json", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "no member readiness_case"),
        (changed(readiness_case=2), "readiness_case is 2; this version reads 1"),
        (changed(rule=7), "rule must be a text"),
        (changed(account="12"), "account must be 12 digits"),
        (changed(now="yesterday"), "now must be a time"),
        (changed(verdict={"status": "FINE", "severity": "LOW"}), "verdict.status must be one of"),
        (changed(verdict={"status": "COMPLIANT"}), "verdict.severity is missing"),
        (changed(surprise=1), "surprise is not a member of a case"),
        (changed(absent=[["dax"]]), "absent[0] must be a service and a region"),
        (changed(calls=[1]), "calls[0] must be an object"),
        (
            changed(calls=[{"service": "s3", "operation": "x", "params": {}}]),
            "calls[0] must have an answer",
        ),
        (
            changed(calls=[{"service": "s3", "operation": "x", "params": {}, "answer": {"$time": 1}}]),
            "calls[0].answer cannot be read",
        ),
        (
            changed(calls=[{"service": "s3", "operation": "x", "params": {}, "answers": {}}]),
            "calls[0].answers is not a member of a call",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_named(text, told):
    with pytest.raises(casefile.Refused) as refused:
        casefile.parse(text)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    "failed",
    [
        error("AccessDenied", 403),
        ReadTimeoutError(endpoint_url="https://x"),
        EndpointConnectionError(endpoint_url="https://x"),
        Garbled(service="s3", operation="x", status=200, what="nothing"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_an_error_is_the_same_again(failed):
    again = raised(json.loads(json.dumps(described(failed))), "x")
    assert type(again) is type(failed)
    if isinstance(failed, ClientError):
        assert again.response["Error"] == failed.response["Error"]
        status = failed.response["ResponseMetadata"]["HTTPStatusCode"]
        assert again.response["ResponseMetadata"]["HTTPStatusCode"] == status
    else:
        assert str(again) == str(failed)
