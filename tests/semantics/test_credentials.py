"""Credentials: what is pointed at, what is left alone, and that no value is ever repeated."""

from __future__ import annotations

import base64
import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.semantics.credentials import (
    ACCESS_KEY_ID,
    Certainty,
    length_bucket,
    names_a_secret,
    shape_of,
    suspect,
)

HEX = "0123456789abcdef"
RANDOM_40 = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
RANDOM_24 = "Zk3vT9qLx8Rw2Yp6Nh5BcD7f"
PEM = "-----BEGIN {}PRIVATE KEY-----\nMIIEvQ"
SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pytest.mark.parametrize(
    ("value", "detector"),
    [
        pytest.param("AKIA" + "IOSFODNN7EXAMPLE", "AWS access key id", id="user's key"),
        pytest.param("x=ASIA" + "Q" * 16 + ";", "AWS access key id", id="inside other text"),
        pytest.param(RANDOM_40, "AWS secret access key", id="aws secret"),
        pytest.param(PEM.format(""), "private key", id="pkcs8"),
        pytest.param(PEM.format("RSA "), "private key", id="rsa"),
        pytest.param(PEM.format("OPENSSH "), "private key", id="ssh"),
        pytest.param(
            base64.b64encode(PEM.format("EC ").encode()).decode(),
            "private key",
            id="pem in base64",
        ),
        pytest.param(
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmN", "JSON Web Token", id="jwt"
        ),
        pytest.param("postgres://u:hunter2@db/x", "password in a URL", id="postgres"),
        pytest.param("redis://:hunter2@cache:6379", "password in a URL", id="redis, no user"),
        pytest.param(
            "Server=db;User=a;Password=hunter2;", "password in a connection string", id="ado"
        ),
        pytest.param(
            '{"username":"a","password":"hunter2"}', "secret in JSON", id="resolved json"
        ),
        pytest.param("ghp_" + "a1B2" * 9, "GitHub token", id="github"),
        pytest.param("github_pat_" + "A1b2" * 8, "GitHub token", id="github, fine-grained"),
        pytest.param("glpat-" + "a1B2" * 5, "GitLab token", id="gitlab"),
        pytest.param("xoxb-" + "1234567890-abcdef", "Slack token", id="slack"),
        pytest.param(
            "https://hooks.slack.com/services/" + "T000/B000/XXXX", "Slack webhook", id="webhook"
        ),
        pytest.param("sk-ant-" + "api03-" + "a1B2" * 8, "Anthropic API key", id="anthropic"),
        pytest.param("sk-proj-" + "a1B2" * 8, "OpenAI API key", id="openai"),
        pytest.param("u+" + "a1B2c3D4e5F6g7H8i9", "PagerDuty token", id="pagerduty"),
        pytest.param("sk_live_" + "a1B2" * 5, "Stripe key", id="stripe"),
    ],
)
def test_a_credential_is_known_by_its_shape(value, detector):
    assert shape_of(value) == detector
    found = suspect("SETTING", value)
    assert found is not None
    assert found.certainty is Certainty.SHAPED


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("AKIASHORT", id="too short for a key id"),
        pytest.param("-----BEGIN CERTIFICATE-----\nMIID", id="a certificate is public"),
        pytest.param("-----BEGIN PUBLIC KEY-----", id="so is a public key"),
        pytest.param(
            base64.b64encode(b"-----BEGIN CERTIFICATE-----\nMIIDazCCAlOg").decode(),
            id="a certificate in base64",
        ),
        pytest.param("postgres://${USER}:${PASSWORD}@db/x", id="template in a url"),
        pytest.param("postgres://user:<password>@db/x", id="placeholder in a url"),
        pytest.param("postgres://db:5432/x", id="port in a url"),
        pytest.param('{"password": "{{resolve:secretsmanager:x}}"}', id="reference in json"),
        pytest.param("https://example.com:8443/a@b", id="an at sign in a path"),
        pytest.param("services/production/agent/configuration/v1", id="path of words"),
        pytest.param("", id="empty"),
    ],
)
def test_a_shape_is_not_seen_where_there_is_none(value):
    assert shape_of(value) == ""


@pytest.mark.parametrize(
    "name",
    [
        "DB_PASSWORD",
        "dbPassword",
        "DBPASSWORD",
        "MYSQL_PWD",
        "SMTP_PASS",
        "dbpass",
        "CLIENT_SECRET",
        "API_KEY",
        "apiKey",
        "OPENAI_API_KEY",
        "XAPIKEY",
        "PRIVATE_KEY",
        "AUTH_TOKEN",
        "authToken",
        "GITHUBTOKEN",
        "CREDENTIALS",
        "/prod/db/password",
    ],
)
def test_a_name_that_says_secret(name):
    assert names_a_secret(name)


@pytest.mark.parametrize(
    "name",
    ["COMPASS_URL", "BYPASS_CACHE", "PASSTHROUGH", "TOKENIZER", "MONKEY", "KEYBOARD", "", "STAGE"],
)
def test_a_name_that_does_not(name):
    assert not names_a_secret(name)


@pytest.mark.parametrize(
    ("name", "value", "certainty"),
    [
        pytest.param("DB_PASSWORD", "hunter2", Certainty.NAMED, id="plain password"),
        pytest.param("DB_PASSWORD", "a b c", Certainty.NAMED, id="password with spaces"),
        pytest.param("DB_PASSWORD", "83927461", Certainty.NAMED, id="password of digits"),
        pytest.param("API_KEY", RANDOM_24, Certainty.SHAPED, id="random under a secret's name"),
        pytest.param("SETTING", RANDOM_24, Certainty.RANDOM, id="random under any name"),
        pytest.param("SIGNING_KEY", SHA, Certainty.RANDOM, id="a key of 64 hex digits"),
        pytest.param(
            "ROUTING_KEY", HEX * 2, Certainty.RANDOM, id="a routing key of 32 hex digits"
        ),
        pytest.param("X", "x9$kL2!mQ8@zR5#wT7^pN", Certainty.RANDOM, id="generated password"),
        pytest.param("SECRET_NAME", RANDOM_24, Certainty.SHAPED, id="no name looks like that"),
    ],
)
def test_a_variable_is_suspected(name, value, certainty):
    found = suspect(name, value)
    assert found is not None
    assert found.certainty is certainty


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("MYSQL_ALLOW_EMPTY_PASSWORD", "yes", id="switch"),
        pytest.param("USE_TOKENS", "True", id="boolean"),
        pytest.param("MAX_TOKENS", "4096", id="number"),
        pytest.param("PASSWORD_MIN_LENGTH", "1000000", id="long number that is no password"),
        pytest.param("TOKEN_URL", "https://idp.example.com/oauth2/token", id="tokens endpoint"),
        pytest.param("AUTH_TOKEN", "https://idp.example.com/oauth2/token", id="any plain url"),
        pytest.param("DB_PASSWORD", "", id="empty"),
        pytest.param("DB_PASSWORD", "<password>", id="placeholder"),
        pytest.param("API_KEY", "your-api-key", id="worded placeholder"),
        pytest.param("API_KEY", "****", id="starred out"),
        pytest.param("DB_PASSWORD", "${DB_PASSWORD}", id="shell variable"),
        pytest.param("DB_PASSWORD", "/run/secrets/db_password", id="mounted file"),
        pytest.param("DB_PASSWORD", "{{resolve:secretsmanager:db}}", id="dynamic reference"),
        pytest.param(
            "DB_PASSWORD",
            "arn:aws:secretsmanager:us-east-1:111122223333:secret:db-AbCdEf",
            id="arn",
        ),
        pytest.param("DB_SECRET_NAME", "prod/db", id="name of a secret"),
        pytest.param("DB_SECRET_ID", "prod/db", id="id of a secret"),
        pytest.param("DB_SECRET_ARN", "prod/db", id="name under an arn's name"),
        pytest.param("dbSecretName", "prod/db", id="in camel case"),
        pytest.param("TABLE_NAME", "agents-prod-AgentTable-1XK2J9QWERTY4", id="physical id"),
        pytest.param("RUN_ID", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", id="uuid"),
        pytest.param("GIT_SHA", SHA[:40], id="commit"),
        pytest.param("ASSET", f"assets/{SHA}.zip", id="asset"),
        pytest.param("IMAGE", f"agent@sha256:{SHA}", id="image digest"),
        pytest.param("QUEUE", "https://sqs.us-east-1.amazonaws.com/111122223333/q", id="queue"),
        pytest.param("HOST", "db.cluster-c1a2b3d4e5f6.us-east-1.rds.amazonaws.com", id="host"),
        pytest.param("SUBNET", "subnet-0123456789abcdef0", id="subnet"),
        pytest.param("GREETING", "the quick brown fox jumps over the lazy dog 1 2 3", id="text"),
        pytest.param("BUCKET", "my-production-agent-artifacts-eu-west-1", id="words"),
    ],
)
def test_a_variable_is_left_alone(name, value):
    assert suspect(name, value) is None


def test_a_name_may_be_excused():
    assert suspect("LEGACY_TOKEN", "abc", ignore=("LEGACY_*",)) is None
    assert suspect("OTHER_TOKEN", "abc", ignore=("LEGACY_*",)) is not None


def test_how_random_is_a_setting():
    assert suspect("SETTING", RANDOM_24, min_entropy=4.8) is None


@given(st.text(), st.text(min_size=1))
def test_nothing_about_a_value_but_its_kind_and_length_comes_out(name, value):
    found = suspect(name, value)
    if found is not None:
        assert found.name == name
        assert found.length == length_bucket(value)
        assert {f.name for f in dataclasses.fields(found)} == {
            "name",
            "detector",
            "length",
            "certainty",
        }


@pytest.mark.parametrize("character", ["a", ":", "/", "@", "e", '"', "-", "A"])
def test_a_long_value_takes_no_long_time(character):
    """64 KiB of one character, the most a task definition holds: linear, so instant."""
    value = f"://{character * 65536}"
    assert shape_of(value) in {"", "password in a URL"}


def test_access_key_ids_use_the_base32_alphabet():
    assert ACCESS_KEY_ID.search("AKIA" + "Z" * 16)
    assert not ACCESS_KEY_ID.search("AKIA" + "1" * 16)
    assert not ACCESS_KEY_ID.search("XAKIA" + "Z" * 16)


@pytest.mark.parametrize(
    ("length", "words"),
    [(0, "under 8"), (7, "under 8"), (8, "8 to 15"), (16, "16 to 31"), (64, "64 or more")],
)
def test_a_length_is_told_in_steps(length, words):
    assert length_bucket("x" * length) == f"{words} characters"
