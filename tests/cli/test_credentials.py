"""What the shell and the AWS configuration files of the caller can have wrong, and what is said."""

from __future__ import annotations

import pytest

ROLE = "arn:aws:iam::111122223333:role/r"
PROFILES = f"""
[profile fails]
credential_process = /bin/false
[profile lost]
credential_process = /nonexistent/program
[profile talks]
credential_process = echo hello
[profile circle]
role_arn = {ROLE}
source_profile = back
[profile back]
role_arn = {ROLE}
source_profile = circle
[profile half]
aws_access_key_id = a
[profile sso]
sso_start_url = https://x.awsapps.com/start
sso_region = us-east-1
sso_account_id = 111122223333
sso_role_name = r
"""
KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
LOAD, USE = "The AWS credentials cannot be loaded", "The AWS configuration cannot be used"
NONE = "There are no valid AWS credentials"


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """The variables of a shell with these configuration files, and no others of AWS."""
    (tmp_path / "config").write_text(PROFILES)
    (tmp_path / "garbage").write_text("not an ini file\n")
    for name in (*KEYS, "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))

    def put(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value.replace("HERE", str(tmp_path)))

    return put


@pytest.mark.parametrize(
    ("variables", "said", "fix"),
    [
        ({"AWS_PROFILE": "fails"}, NONE, "AWS_PROFILE"),
        ({"AWS_PROFILE": "lost"}, LOAD, "credential_process"),
        ({"AWS_PROFILE": "talks"}, LOAD, "credential_process"),
        ({"AWS_PROFILE": "circle"}, USE, "AWS_CONFIG_FILE"),
        ({"AWS_PROFILE": "half"}, NONE, "AWS_PROFILE"),
        ({"AWS_PROFILE": "sso"}, NONE, "aws sso login"),
        ({"AWS_PROFILE": "nobody"}, "The config profile (nobody)", "list-profiles"),
        ({"AWS_CONFIG_FILE": "HERE/garbage"}, USE, "AWS_CONFIG_FILE"),
        ({"AWS_ACCESS_KEY_ID": "a"}, NONE, "AWS_PROFILE"),
        (
            {"AWS_WEB_IDENTITY_TOKEN_FILE": "HERE/token", "AWS_ROLE_ARN": ROLE},
            LOAD,
            "AWS_WEB_IDENTITY_TOKEN_FILE",
        ),
        (KEYS | {"AWS_DEFAULTS_MODE": "fast"}, USE, "AWS_…"),
        (KEYS | {"AWS_STS_REGIONAL_ENDPOINTS": "near"}, USE, "AWS_…"),
        (KEYS | {"AWS_REQUEST_CHECKSUM_CALCULATION": "often"}, USE, "AWS_…"),
        (KEYS | {"AWS_ACCOUNT_ID_ENDPOINT_MODE": "maybe"}, USE, "AWS_…"),
        ({}, NONE, "AWS_PROFILE"),
    ],
    ids=lambda each: "-".join(each) if isinstance(each, dict) else None,
)
def test_what_the_caller_has_wrong_is_named_and_no_bug(run, shell, variables, said, fix):
    shell(AWS_REGION="us-east-1", **variables)
    done = run("status")
    assert done.exit_code == 4
    assert done.stderr.startswith(f"error: {said}")
    assert fix in done.stderr.partition("Fix: ")[2]
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "region", ["EU-WEST-1", " eu-west-1", "eu-west-1\n", "a..b", "eü", "a" * 64]
)
def test_what_cannot_be_a_region_is_named(run, shell, region):
    shell(AWS_REGION=region, **KEYS)
    done = run("status")
    assert done.exit_code == 4
    assert done.stderr.startswith(f"error: {region!r} is not an AWS region")
    assert "--region" in done.stderr.partition("Fix: ")[2]


@pytest.mark.parametrize("name", ["AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID"])
@pytest.mark.parametrize("value", ["SECRET\n", "SEC\nRET"])
def test_a_line_break_in_the_credentials_is_named_and_shows_none_of_them(run, shell, name, value):
    shell(AWS_REGION="us-east-1", AWS_ENDPOINT_URL="http://127.0.0.1:9", **KEYS | {name: value})
    done = run("status")
    assert done.exit_code == 4
    assert done.stderr.startswith("error: The AWS credentials hold a line break")
    assert "SEC" not in done.output.replace("AWS_SECRET_ACCESS_KEY", "")
