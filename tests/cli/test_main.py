"""The command itself: quick to start, and clear when it cannot run."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path

import boto3
import botocore.exceptions as aws
import pytest

from readiness.engine import settings
from readiness.engine.aws_errors import CredentialsRefused
from readiness.engine.targets import MalformedEvent
from readiness.model.unreadable import Cause, Unreadable
from readiness_cli import failure, main, session
from tests.fake_account import error


def test_help_imports_no_aws():
    code = (
        "import sys\n"
        "from readiness_cli.main import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "heavy = {'boto3', 'botocore', 'rich', 'aws_lambda_powertools'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_help_lists_every_command_that_is_there(run):
    said = run("--help")
    for name in main.COMMANDS:
        if main._is_there(name):
            assert f"\n  {name} " in said.stdout
    assert "3 incomplete" in " ".join(said.stdout.replace("\n", " ").split())


@pytest.mark.parametrize("name", sorted(set(main.COMMANDS) - {"demo"}))
def test_every_command_has_help_at_80_columns(run, name):
    said = run(name, "--help")
    assert said.exit_code == 0
    assert max(map(len, said.stdout.splitlines())) <= 80


def test_an_unknown_command_is_usage(run):
    assert run("nonsense").exit_code == 2


def test_a_command_that_is_not_installed_is_usage(run, monkeypatch):
    monkeypatch.setitem(main.COMMANDS, "ghost", ("ghost.command:ghost", "Not there."))
    assert run("ghost").exit_code == 2
    assert "ghost" not in run("--help").stdout


ENDPOINT = aws.EndpointConnectionError(endpoint_url="https://sts.us-east-11.amazonaws.com")


@pytest.mark.parametrize(
    ("raised", "code", "told", "fix"),
    [
        pytest.param(error("ExpiredToken", 403), 4, "ExpiredToken", "aws sso login", id="expired"),
        pytest.param(aws.NoCredentialsError(), 4, "credentials", "AWS_PROFILE", id="none"),
        pytest.param(
            CredentialsRefused("ExpiredToken"), 4, "credentials", "aws sso login", id="refused"
        ),
        pytest.param(
            aws.ProfileNotFound(profile="x"), 4, "(x)", "aws configure list-profiles", id="profile"
        ),
        pytest.param(aws.NoRegionError(), 4, "region", "AWS_REGION=us-east-1", id="no region"),
        pytest.param(
            ENDPOINT, 4, "'us-east-11' is not an AWS region", "--region", id="wrong region"
        ),
        pytest.param(
            error("AccessDeniedException", 403), 4, "AccessDenied", "allow the call", id="denied"
        ),
        pytest.param(error("ThrottlingException"), 4, "Throttling", "wait", id="throttled"),
        pytest.param(
            aws.ReadTimeoutError(endpoint_url="https://x"),
            4,
            "did not answer",
            "network",
            id="slow",
        ),
        pytest.param(
            aws.ProxyConnectionError(proxy_url="http://p:3128"),
            4,
            "http://p:3128",
            "HTTPS_PROXY",
            id="proxy",
        ),
        pytest.param(
            aws.SSLError(endpoint_url="https://x", error="no such file"),
            4,
            "No trusted connection",
            "AWS_CA_BUNDLE",
            id="certificates",
        ),
        pytest.param(
            aws.MissingDependencyException(msg='pip install "botocore[crt]"'),
            4,
            "botocore[crt]",
            "export-credentials",
            id="an extra of botocore",
        ),
        pytest.param(
            Unreadable("s3:ListAllMyBuckets", Cause.ACCESS_DENIED),
            4,
            "s3:ListAllMyBuckets was denied",
            "allow s3:ListAllMyBuckets",
            id="unreadable",
        ),
        pytest.param(MalformedEvent("no 'detail'"), 2, "detail", "events/", id="event"),
        pytest.param(
            settings.SettingsUnreadable("not JSON"),
            2,
            "Not JSON",
            "readiness rules",
            id="settings",
        ),
        pytest.param(
            OSError(errno.ENOSPC, "No space left on device"), 4, "No space", "disk", id="full disk"
        ),
        pytest.param(
            PermissionError(errno.EACCES, "Permission denied", "/x"),
            4,
            "/x",
            "permi",
            id="no write",
        ),
        pytest.param(
            UnicodeEncodeError("ascii", "é", 0, 1, "no"), 4, "ascii", "utf-8", id="ASCII output"
        ),
        pytest.param(EOFError(), 4, "MFA", "credentials", id="nobody at the prompt"),
        pytest.param(FileNotFoundError(2, "gone", "/x"), 4, "bug", "--debug", id="a lost file"),
        pytest.param(ValueError("a wrong sum"), 4, "bug", "--debug", id="any ValueError"),
        pytest.param(ZeroDivisionError("oh"), 4, "Internal error", "--debug", id="bug"),
    ],
)
def test_every_failure_is_one_line_with_a_remedy(run, monkeypatch, raised, code, told, fix):
    def connect(*args, **kwargs):
        import click

        click.get_current_context().meta["readiness.region"] = "us-east-11"
        raise raised

    monkeypatch.setattr(session, "connect", connect)
    said = run("evaluate", "encryption.s3-kms")
    assert said.exit_code == code
    assert said.stdout == ""
    assert said.stderr.startswith("error: ")
    assert said.stderr.count("\n") == 1
    assert told in said.stderr
    assert fix in said.stderr.partition("Fix: ")[2]
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize(
    "url", ["nourl", "https://", "http://[::1", "http://127.0.0.1:99999", "http://127.0.0.1:none"]
)
def test_an_endpoint_that_is_no_url_is_no_bug(url):
    with pytest.raises(ValueError) as caught:
        boto3.client(
            "sts",
            region_name="us-east-1",
            endpoint_url=url,
            aws_access_key_id="x",
            aws_secret_access_key="x",
        ).get_caller_identity()
    made = failure.of(caught.value)
    assert made.exit_code == 2
    assert "AWS_ENDPOINT_URL" in made.message


@pytest.mark.parametrize("words", [["rules"], ["--help"], ["rules", "--help"]])
@pytest.mark.skipif(sys.platform != "linux", reason="it needs /dev/full")
def test_output_that_cannot_be_written(words):
    command = [sys.executable, "-m", "readiness_cli.main", *words]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 4
    assert done.stderr.startswith("error: This computer refuses: [Errno 28]")


@pytest.mark.parametrize("words", [["--help"], ["rules"], ["rules", "-o", "json"]], ids=str)
def test_a_reader_that_went_away_is_no_bug_and_no_failed_gate(words):
    command = [sys.executable, "-m", "readiness_cli.main", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait() == failure.Exit.NO_READER


def test_closed_output():
    command = [sys.executable, "-m", "readiness_cli.main", "rules"]
    shell = ["sh", "-c", '"$@" >&-', "sh", *command]
    done = subprocess.run(shell, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 4
    assert done.stderr.startswith("error: Stdout is closed.")
    assert done.stderr.count("\n") == 1


def test_debug_shows_the_traceback(run, monkeypatch):
    def connect(*args, **kwargs):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(session, "connect", connect)
    said = run("--debug", "evaluate", "encryption.s3-kms")
    assert isinstance(said.exception, ZeroDivisionError)


def test_an_interrupted_command_says_so(run, monkeypatch):
    def connect(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "connect", connect)
    said = run("evaluate", "encryption.s3-kms")
    assert said.exit_code == 130
    assert "Interrupted" in said.stderr


def test_a_network_that_is_down_is_not_a_wrong_region():
    made = failure.of(ENDPOINT, "eu-central-1")
    assert "cannot be reached" in made.message
    assert "AWS_ENDPOINT_URL" in made.message


def test_hostile_text_in_an_error_is_inert():
    made = failure.Failure("a\x1b[2J\u202eb\nc", why="d", fix="e")
    assert made.message == "a[2Jb c. D. Fix: e"


def test_the_region_must_be_known(run, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    said = run("evaluate", "encryption.s3-kms")
    assert said.exit_code == 4
    assert "No AWS region is set" in said.stderr


@pytest.mark.parametrize(
    ("args", "region"), [([], "eu-west-1"), (["--region", "eu-west-2"], "eu-west-2")]
)
def test_the_region_is_found_as_the_aws_cli_finds_it(run, account, monkeypatch, args, region):
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    said = run("evaluate", "encryption.s3-kms", *args, "-o", "json")
    assert json.loads(said.stdout)[0]["resource"].split("/")[1] == region


def test_the_account_is_asked_for_once(run, account):
    account.client("s3").create_bucket(Bucket="plain-data")
    said = run("evaluate", "encryption.s3-kms", "-o", "json")
    [verdict] = json.loads(said.stdout)
    assert verdict["resource"] == "123456789012/us-east-1/AWS::S3::Bucket/plain-data"


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["findings", "--rule", "a", "--rule", "b"], "--rule"),
        (["findings", "--severity=HIGH", "--severity", "LOW"], "--severity"),
        (["evaluate", "encryption.s3-kms", "-o", "json", "--output=csv"], "--output"),
        (["attest", "list", "--region", "a", "--region", "b"], "--region"),
    ],
)
def test_an_option_given_twice_is_refused_where_one_value_counts(run, words, option):
    said = run(*words)
    assert said.exit_code == 2
    assert f"{option} is given 2 times" in said.stderr
    assert said.stderr.count("\n") == 1


def test_options_that_repeat_and_flags_are_taken_as_often_as_given(run, monkeypatch):
    monkeypatch.setattr(session, "connect", lambda *args, **kwargs: sys.exit(7))
    words = ("--rule", "encryption.s3-kms", "--rule", "encryption.kms-rotation")
    assert run("scan", *words, "--resource", "a", "--resource", "b").exit_code == 7
    assert run("findings", "--open", "--open").exit_code == 7


@pytest.mark.parametrize(
    "words",
    [
        ("findings", "--workload", ""),
        ("export", "--format", "csv", "--workload="),
        ("quiet", "--for", "1h", "--reason", "r", "--workload", " "),
        ("attest", "add", "encryption.s3-kms", "--environment", ""),
        ("waive", "encryption.s3-kms", "--resource", ""),
        ("scan", "--heading", ""),
        ("quiet", "--end", ""),
    ],
    ids=" ".join,
)
def test_a_variable_that_is_not_set_widens_nothing(run, words):
    said = run(*words)
    assert said.exit_code == 2
    assert " is empty. It would mean everything" in " ".join(said.stderr.split())
    assert said.stdout == ""


@pytest.mark.parametrize(
    "words",
    [("emergency", "lambda-rollback", "", "--alias", "live"), ("rules", ""), ("explain", " ")],
    ids=" ".join,
)
def test_an_empty_argument_names_nothing(run, words):
    said = run(*words)
    assert (said.exit_code, said.stdout) == (2, "")
    assert "An argument is empty" in said.stderr
