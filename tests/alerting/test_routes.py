"""Which service is paged, and what happens where the routes or the keys make no sense."""

from __future__ import annotations

import json

import pytest

from readiness.alerting.causes import CAUSES, OUTAGE, cause_of
from readiness.alerting.routes import DEFAULT, REST, RoutesRefused, route_of, routes_of
from readiness.alerting.routing_key import NoRoutingKey, RoutingKey
from readiness_cli import catalogue
from readiness_cli.acknowledgement import KEY_NAME
from tests.findings import finding

ROUTES = json.dumps(
    {
        "owner=Pay*": "payments",
        "workload=shop": "shop",
        "heading=Encryption": "security",
        "heading=iam_roles": "iam",
        "environment=test": "nobody",
    }
)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"owner": "payments"}, "payments"),
        ({"owner": "payments", "workload": "shop"}, "payments"),
        ({"workload": "SHOP"}, "shop"),
        ({}, "security"),
        ({"rule": "iam_roles.root-mfa", "heading": "IAM roles"}, "iam"),
        ({"rule": "xray.lambda-tracing", "heading": "X-Ray"}, DEFAULT),
        ({"rule": "xray.lambda-tracing", "heading": "X-Ray", "environment": "test"}, "nobody"),
    ],
)
def test_the_first_route_that_takes_it(changes, name):
    assert route_of(finding(**changes), routes_of(ROUTES)) == name


def test_without_routes_all_goes_to_the_default():
    for text in ("", " ", "{}"):
        assert route_of(finding(owner="x"), routes_of(text)) == DEFAULT


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "no",
        '{"owner": "x"}',
        '{"color=red": "x"}',
        '{"owner=": "x"}',
        '{"owner=a": 1}',
        '{"owner=a": "rest"}',
    ],
)
def test_routes_that_make_no_sense_are_refused(text):
    with pytest.raises(RoutesRefused):
        routes_of(text)


class Secrets:
    def __init__(self, text):
        self.text, self.asked = text, 0

    def get_secret_value(self, **_):
        self.asked += 1
        return {"SecretString": self.text}


def test_a_key_has_a_name_and_a_new_one_is_seen_at_once():
    secrets = Secrets('{"default": "A", "payments": " B "}')
    keys = RoutingKey(secrets, "secret")
    assert (keys.get(), keys.get("default"), keys.get("payments")) == ("A", "A", "B")
    assert secrets.asked == 1
    assert not keys.has("shop")
    secrets.text = '{"default": "A", "shop": "C"}'
    assert keys.get("shop") == "C"
    with pytest.raises(NoRoutingKey, match="payments"):
        keys.get("payments")


@pytest.mark.parametrize("text", ["", "[]", "null", '{"payments": "B"}', '{"default": 3}'])
def test_without_a_default_there_is_no_key(text):
    with pytest.raises(NoRoutingKey):
        RoutingKey(Secrets(text), "secret").get()


@pytest.mark.parametrize(
    "text", [" A\n", '"A"', '" A "', "\ufeffA", '\ufeff{"default": "A"}'], ids=repr
)
def test_the_key_alone_is_the_default(text):
    assert RoutingKey(Secrets(text), "secret").get() == "A"


def test_what_no_parser_gets_to_the_end_of_is_a_key_that_pagerduty_refuses():
    """An error here would set every page aside; a key that is refused lets them wait."""
    assert RoutingKey(Secrets("[" * 9000), "secret").get() == "[" * 9000


def test_a_key_of_digits_is_one_too():
    assert RoutingKey(Secrets("01234567890123456789"), "secret").get() == "01234567890123456789"
    assert RoutingKey(Secrets("12345678901234567890"), "secret").get() == "12345678901234567890"


def test_the_key_for_reading_has_one_name():
    assert REST == KEY_NAME


def test_causes_name_rules_that_exist():
    assert set(CAUSES) <= set(catalogue.rules())
    assert cause_of("performance_benchmarks.service-availability") == OUTAGE
    assert cause_of("encryption.s3-kms") == ""
