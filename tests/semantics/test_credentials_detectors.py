"""Which detector finds a credential, and through which layers of JSON and base64.

Every value is made up, and put together at run time so that no scanner takes it for a leak.
"""

from __future__ import annotations

import base64
import json

import pytest

from readiness.semantics.credentials import (
    Certainty,
    Suspicion,
    decoded_text,
    length_bucket,
    shape_of,
    suspect,
)

MIXED = "Zk3vT9qLx8Rw2Yp6Nh5BcD7f"
DASHES = "-" * 5
KEY = f"{DASHES}BEGIN PRIVATE KEY{DASHES}\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw\n"
CERTIFICATE = f"{DASHES}BEGIN CERTIFICATE{DASHES}\nMIIDazCCAlOgAwIBAgIUZzEvLQyYp0XKzLmN\n"
LOGIN = "Basic credentials"
LARAVEL = "Zk3vT9qLx8Rw2Yp6Nh5BcD7fQm4Js1Ga"


def b64(text, times=1):
    for _ in range(times):
        text = base64.b64encode(text.encode()).decode()
    return text


def lines(text, length):
    """As the base64 program prints it."""
    return "\n".join(text[at : at + length] for at in range(0, len(text), length))


@pytest.mark.parametrize(
    ("name", "value", "detector", "certainty"),
    [
        ("X", MIXED, "random-looking value", Certainty.RANDOM),
        ("API_KEY", MIXED, "random-looking value", Certainty.SHAPED),
        ("DB_PASSWORD", "hunter2", "secret by its name", Certainty.NAMED),
        ("SIGNING_KEY", "q9x!2Lp0zz", "secret by its name", Certainty.NAMED),
        ("BASIC_AUTH", "admin:hunter2", "user and password", Certainty.SHAPED),
        ("SECRETS", json.dumps({"stripe": "abc123"}), "secret by its name", Certainty.NAMED),
        ("HEADER", "Basic " + b64("a:hunter2"), LOGIN, Certainty.SHAPED),
        ("X", json.dumps({"a": {"auth": b64("a:hunter2")}}), LOGIN, Certainty.SHAPED),
        ("X", json.dumps({"AUTH": b64("a:hunter2")}), LOGIN, Certainty.SHAPED),
        ("X", json.dumps({"password": "hunter2"}), "secret in JSON", Certainty.SHAPED),
        ("X", json.dumps({"passwords": ["hunter2"]}), "secret in JSON", Certainty.SHAPED),
        ("X", json.dumps({"password": 12345678}), "secret in JSON", Certainty.SHAPED),
        ("X", b64('{"password": "hunter2"}'), "secret in JSON in base64", Certainty.SHAPED),
        ("X", b64(KEY), "private key", Certainty.SHAPED),
        ("APP_KEY", f"base64:{b64(LARAVEL)}", "Laravel application key", Certainty.SHAPED),
        ("APP_KEY", f"base64:{b64(LARAVEL[:16])}", "Laravel application key", Certainty.SHAPED),
    ],
)
def test_what_is_said_of_a_credential(name, value, detector, certainty):
    assert suspect(name, value) == Suspicion(name, detector, length_bucket(value), certainty)


def test_a_reference_that_is_random_in_itself_is_left_alone():
    assert suspect("X", "${" + MIXED + "}") is None
    assert suspect("X", "secretsmanager:" + MIXED) is None


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"x": "${" + MIXED + "}"}, id="a reference, random in itself"),
        pytest.param({"x": "{{resolve:ssm:" + MIXED + "}}"}, id="a dynamic reference"),
        pytest.param({"password": True, "secret": None}, id="switches"),
        pytest.param({"auth": b64("a:")}, id="a login without a password"),
        pytest.param({"auth": b64("a:${PASSWORD}")}, id="a login with a reference"),
        pytest.param({"auth": b64("no login")}, id="no login"),
        pytest.param({"header": b64("a:hunter2")}, id="a pair that is no login"),
    ],
)
def test_a_document_is_left_alone(value):
    assert suspect("CONFIG", json.dumps(value)) is None


@pytest.mark.parametrize(
    ("value", "detector"),
    [
        pytest.param(b64("postgres://a:hunter2@db/x", 2), True, id="base64 twice"),
        pytest.param(b64("postgres://a:hunter2@db/x", 3), True, id="as deep as is looked"),
        pytest.param(b64("postgres://a:hunter2@db/x", 4), False, id="deeper"),
        pytest.param(
            json.dumps({"a": json.dumps({"b": json.dumps({"password": "hunter2"})})}),
            True,
            id="JSON in JSON in JSON",
        ),
        pytest.param(
            json.dumps({"a": json.dumps({"b": json.dumps({"c": json.dumps({"c": "u:p"})})})}),
            False,
            id="deeper JSON without a credential",
        ),
        pytest.param(
            json.dumps({"a": b64(json.dumps({"b": b64("postgres://a:hunter2@db/x")}))}),
            False,
            id="JSON, base64, JSON, base64",
        ),
        pytest.param(
            json.dumps({"a": b64(json.dumps({"b": "postgres://a:hunter2@db/x"}))}),
            True,
            id="JSON, base64, JSON",
        ),
        pytest.param(lines(b64(json.dumps({"password": "hunter2"}) * 1), 16), True, id="in lines"),
    ],
)
def test_layers(value, detector):
    assert bool(shape_of(value)) is detector


@pytest.mark.parametrize(
    ("value", "detector"),
    [
        pytest.param(b64(KEY), "private key", id="a key"),
        pytest.param(lines(b64(KEY), 76), "private key", id="a key in lines"),
        pytest.param(b64(CERTIFICATE), "", id="a certificate"),
        pytest.param(lines(b64(CERTIFICATE), 64), "", id="a certificate in lines"),
        pytest.param(b64(CERTIFICATE + KEY), "private key", id="both"),
        pytest.param(lines(b64(CERTIFICATE + KEY), 76), "private key", id="both in lines"),
        pytest.param(f"tls.key: {b64(KEY)}", "private key", id="a key in a text"),
        pytest.param(f"tls.crt: {b64(CERTIFICATE)}", "", id="a certificate in a text"),
        pytest.param(
            f"crt: {b64(CERTIFICATE)}\nkey: {b64(KEY)}", "private key", id="a key after it"
        ),
        pytest.param(
            f"key: {b64(KEY)}, crt: {b64(CERTIFICATE)}", "private key", id="a key before it"
        ),
        pytest.param(f"key: {b64(KEY)[:45]}...", "private key", id="a key's beginning"),
        pytest.param(f"key: {b64(KEY)[:20]}...", "", id="not enough of it"),
    ],
)
def test_pem_in_base64(value, detector):
    assert shape_of(value) == detector


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("aGVsbG8=", "hello"),
        ("aGVsbG8", "hello"),
        ("aGVs\nbG8=", "hello"),
        (" aGVs bG8= ", "hello"),
        ("fn5-fn5-", "~~~~~~"),
        ("fn5+fn5+", "~~~~~~"),
        ("Pz8_Pz8_", "??????"),
        ("Pz8/Pz8/", "??????"),
        ("YQpiCWMNCmQ=", "a\nb\tc\r\nd"),
        ("w6Q=", "ä"),
        ("AAAA", ""),
        ("YQBi", ""),
        ("/////w==", ""),
        ("aGVsbG8==", "hello"),
        ("aGVsbG8!", ""),
        ("aGVs!!!!bG8=", ""),
        ("aGVs.bG8=", ""),
        ("a", ""),
        ("", ""),
    ],
)
def test_what_base64_stands_for(text, found):
    assert decoded_text(text) == found


@pytest.mark.parametrize(
    ("value", "detector"),
    [
        pytest.param(MIXED + MIXED[:16], "AWS secret access key", id="forty random characters"),
        pytest.param(MIXED + MIXED[:15], "", id="thirty-nine"),
        pytest.param(MIXED + MIXED[:17], "", id="forty-one"),
        pytest.param("aB1/" * 10, "", id="it repeats itself"),
        pytest.param((MIXED + MIXED[:16]).lower(), "", id="no capitals"),
        pytest.param("OrdersServiceCustomerDatabaseClusterName", "", id="words"),
        pytest.param("Orders/Service/Customer/Database/Name123", "", id="words with folders"),
        pytest.param("Ord/ers/Ser/vice/Cus/tomer/Data/base/Se1", "", id="words cut by slashes"),
        pytest.param("JumpyKitchen/Va/lu/eB/ox/Wr/ap/Do/gsZig1", "", id="words cut into pieces"),
    ],
)
def test_a_secret_access_key(value, detector):
    assert shape_of(value) == detector


@pytest.mark.parametrize(
    ("value", "detector"),
    [
        pytest.param("Bearer " + MIXED[:20], "Bearer token", id="twenty characters"),
        pytest.param("Bearer abcdefghijqzxkvbpwmn", "Bearer token", id="twenty without digits"),
        pytest.param("Bearer abcdefghijqzxkvbpwm", "", id="nineteen without digits"),
        pytest.param("Bearer abc12345", "Bearer token", id="letters and digits"),
        pytest.param("Bearer 12345678", "", id="digits alone"),
        pytest.param("Bearer Abcdefgh", "", id="letters alone, of both cases"),
        pytest.param("Bearer authentication-scheme", "", id="words"),
        pytest.param("https://x/?api_key=example", "", id="a placeholder in a query"),
        pytest.param("https://x/?api_key=hunter2", "key in a query string", id="a key in a query"),
        pytest.param("//x/:_authToken=changeme", "", id="a placeholder of npm"),
        pytest.param("//x/:_authToken=hunter2", "npm credential", id="a token of npm"),
        pytest.param('x={"password": "hunter2"}', "secret in JSON", id="JSON in a text"),
        pytest.param('x={"password": "/run/secrets/db"}', "", id="a path in it"),
        pytest.param("db://a:/run/secrets/db@x", "", id="a path in a URL"),
        pytest.param("db://a:$Tr0ub4dor@x", "password in a URL", id="a dollar"),
        pytest.param("db://a:$$Tr0ub4dor@x", "password in a URL", id="two dollars"),
        pytest.param("db://a:$password@x", "", id="a variable"),
        pytest.param("db://a:${PASSWORD@x", "", id="a variable, cut off"),
        pytest.param("db://a:$(get@x", "", id="a command, cut off"),
        pytest.param("db://a:{password}@x", "", id="a field"),
        pytest.param("db://a:<password@x", "", id="a placeholder, cut off"),
        pytest.param("db://a:${X}hunter2@x", "password in a URL", id="more than a variable"),
        pytest.param("db://a:'hunter2'@x", "password in a URL", id="in quotes"),
        pytest.param("db://a:'true'@x", "", id="a switch in quotes"),
        pytest.param("db://a:none);@x", "", id="a switch and marks"),
        pytest.param("db://a:Xtrue@x", "password in a URL", id="no switch"),
        pytest.param("db;password=getpass()", "", id="a call"),
        pytest.param("db;password=os.environ['X']", "", id="an expression"),
        pytest.param("db;password=hunter2", "password in a connection string", id="a password"),
        pytest.param("Basic " + b64("a:hunter2"), LOGIN, id="a login"),
        pytest.param("Basic " + b64(":hunter2"), LOGIN, id="a login without a user"),
        pytest.param("Basic " + b64("a:b:hunter"), LOGIN, id="a password with a colon"),
        pytest.param("Basic " + b64("hunter2:"), "", id="a login without a password"),
        pytest.param("Basic " + b64("user:pass:"), LOGIN, id="a password that ends in a colon"),
        pytest.param("Basic " + b64("hunter2hunter2"), "", id="no login"),
        pytest.param("Basic " + b64("a:changeme-no"), LOGIN, id="not only a placeholder"),
        pytest.param("Basic " + b64("a:xxxxxxxx"), "", id="a login with a placeholder"),
    ],
)
def test_where_a_literal_stands(value, detector):
    assert shape_of(value) == detector


@pytest.mark.parametrize(
    ("length", "words"),
    [(15, "8 to 15"), (31, "16 to 31"), (32, "32 to 63"), (63, "32 to 63"), (65, "64 or more")],
)
def test_the_steps_of_a_length(length, words):
    assert length_bucket("x" * length) == f"{words} characters"
