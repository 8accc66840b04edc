"""A case gives the account's verdict and none of its names: as a property, over every rule."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from readiness.engine import settings as settings_module
from readiness.engine.aws import Aws
from readiness.engine.evaluate import Evaluation
from readiness_cli import catalogue
from readiness_cli.cases import trace
from readiness_cli.cases.recorded import Recording
from readiness_cli.cases.redaction import Redaction
from readiness_cli.cases.standins import OWN_ACCOUNT, Standins
from readiness_cli.cases.vocabulary import words_in
from readiness_cli.failure import Failure
from tests.account_variants import settings_of, variants_of
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, service_model

BOUND_BY_A_DIGEST = {
    "resource_sizing.function-connections",
    "resource_sizing.service-connections",
    "error_handling.dependency-backoff",
    "development_documentation.rest-api-documentation",
    "development_documentation.http-api-documentation",
    "operational_documentation.contacts-answer",
}
"""What was attested is bound to a digest of names: with other names it is another digest.

Such a case is refused, and nothing is written.
"""
ASKED_IN_A_FILTER = {"monitoring_validation.service-traces"}
"""A filter's text keeps a name that is one of AWS's own words; such a case is refused too."""
ACCOUNTS = [
    pytest.param(rule, account, id=f"{rule.id} {name}".strip())
    for rule in catalogue.rules().values()
    for name, account in list(variants_of(rule).items())[:1]
]


def traced(rule, fake_account, id, given=None, account=ACCOUNT_ID, **more):
    """The observation of one rule and its case."""
    configured = settings_module.configure([rule], {rule.id: given} if given else {})
    plain = Aws(fake_account, account=account, region=HOME, now=lambda: NOON)
    aws = plain.remade(Recording)
    aws.take_down(NOON)
    declarations = "declarations" if ("dynamodb", "query") in fake_account.answers else ""
    run = Evaluation(aws, configured, declarations=declarations)
    aws.find(rule.subject)
    seen = run.observe(rule, rule.subject.resource(account, HOME, id))
    if seen.finding is None:
        return seen, None
    return seen, trace.make(aws, seen, given or {}, declarations=declarations, **more)


@pytest.mark.parametrize(("rule", "account"), ACCOUNTS)
def test_the_case_of_a_verdict_gives_that_verdict(rule, account):
    given = {**settings_of(rule), **account.settings}
    fake_account = account.make()
    plain = Aws(fake_account.again(), account=ACCOUNT_ID, region=HOME, now=lambda: NOON)
    for id in plain.find(rule.subject):
        try:
            seen, made = traced(rule, fake_account.again(), id, given)
        except Failure:
            assert rule.id in BOUND_BY_A_DIGEST | ASKED_IN_A_FILTER
            continue
        if made is None:
            continue
        verdict = made.case.verdict
        assert (verdict.status, verdict.severity) == (seen.finding.status, seen.finding.severity)
        answers = json.dumps(json.loads(made.case.text())["calls"])
        assert ACCOUNT_ID not in answers


# -- the property: names, secrets and addresses that nobody has thought of ---------------------

LETTERS = "abcdefghijklmnopqrstuvwxyz"
NAMES = st.text(LETTERS, min_size=5, max_size=12).map(lambda text: f"q{text}")
SECRETS = st.text(LETTERS + LETTERS.upper() + "0123456789", min_size=12, max_size=40)
PUBLIC_IPS = st.tuples(*[st.integers(20, 90)] * 4).map(lambda parts: ".".join(map(str, parts)))


def a_function(name, variables, account):
    arn = f"arn:aws:lambda:{HOME}:{account}:function:{name}"
    configuration = {
        "FunctionName": name,
        "FunctionArn": arn,
        "Role": f"arn:aws:iam::{account}:role/{name}-role",
        "Description": f"the function of {name}",
        "Environment": {"Variables": variables},
        "Version": "$LATEST",
        "CodeSha256": "YWJj",
    }
    return FakeAccount(
        {
            ("lambda", "list_functions"): {"Functions": [configuration]},
            ("lambda", "get_function_configuration"): configuration,
            ("lambda", "list_aliases"): {"Aliases": []},
            ("lambda", "list_event_source_mappings"): {"EventSourceMappings": []},
            ("cloudwatch", "list_metrics"): {"Metrics": []},
            ("lambda", "list_versions_by_function"): {"Versions": [configuration]},
        }
    )


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=NAMES,
    person=NAMES,
    secret=SECRETS,
    number=st.integers(200_000_000_000, 999_999_999_999).map(str),
    ip=PUBLIC_IPS,
)
def test_nothing_of_the_account_is_in_the_file(name, person, secret, number, ip):
    variables = {
        "DB_PASSWORD": secret,
        "CONTACT": f"{person}@{name}.example",
        "PEER": f"https://{ip}:8443/{name}",
        "TABLE": f"{name}-orders",
        f"{person.upper()}_KEY": f"AKIA{'A2B3C4D5E6F7G2H3'}",
    }
    rule = catalogue.rule("secrets_management.lambda-environment")
    seen, made = traced(rule, a_function(name, variables, number), name, account=number)
    text = made.case.text()
    assert made.case.verdict.status == seen.finding.status == "NON_COMPLIANT"
    for original in (name, person, secret, number, ip, "A2B3C4D5E6F7G2H3"):
        assert original.lower() not in text.lower()
    # What belonged together still does.
    moved = made.case.resource.rsplit("/", 1)[-1]
    assert f"arn:aws:lambda:{HOME}:{OWN_ACCOUNT}:function:{moved}" in text
    assert f"role/{moved}-role" in text
    assert f'"TABLE": "{moved}-' in text


VOCABULARY = frozenset(
    words_in(
        "aws amazonaws com lambda s3 function role bucket prod password secret data statement"
        " action resource principal ip ec2 internal mysql root db"
    )
)


def standins(**more):
    return Standins("444455556666", VOCABULARY, ["us-east-1", "eu-west-1"], **more)


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "0.0.0.0/0",
        "::/0",
        "10.0.0.0/8",
        "169.254.169.254",
        "us-east-1",
        "prod",
        "443",
        "86400",
        "1764182230",
        "lambda.amazonaws.com",
        "arn:aws:s3:::*",
    ],
)
def test_what_a_verdict_depends_on_stays(text):
    assert standins().text(text) == text


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("444455556666", OWN_ACCOUNT),
        ("4444-5555-6666", "1234-5678-9012"),
        ("999988887777", r"\d{12}"),
        ("arn:aws:lambda:us-east-1:444455556666:function:zeta", r"arn:aws:lambda:us-east-1:123456789012:function:[a-z]{4}"),
        ("i-0abc123def4567890", r"i-[0-9a-f]{17}"),
        ("0e2f9c4e-8a4b-4f63-9d2a-1f0c5b6a7d8e", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
        ("AKIAIOSFODNN7EXAMPLE", r"AKIA[A-Z2-7]{16}"),
        ("zeta.roe@corp.example", r"[a-z]+\.[a-z]+@[a-z]+\.[a-z]+"),
        ("10.42.7.9", r"10\.\d+\.\d+\.\d+"),
        ("10.42.0.0/16", r"10\.\d+\.0\.0/16"),
        ("2600:1f18:abcd::1", r"2600:[0-9a-f:]+"),
        ("ip-10-42-7-9.ec2.internal", r"ip-10-\d+-\d+-\d+\..*"),
        ("02:00:00:11:77:1f", r"[0-9a-f]{2}(:[0-9a-f]{2}){5}"),
        ("+15551234567", r"\+\d{11}"),
    ],
)  # fmt: skip
def test_what_is_replaced_keeps_its_form(text, form):
    made = standins().text(text)
    assert made != text
    assert re.fullmatch(form, made)


def test_an_address_stays_inside_its_range():
    import ipaddress

    made = standins()
    network = ipaddress.ip_network(made.text("10.42.0.0/16"))
    assert ipaddress.ip_address(made.text("10.42.7.9")) in network
    assert ipaddress.ip_address(made.text("10.43.7.9")) not in network


def test_two_names_never_become_one():
    made = standins()
    names = [a + b for a in "bcdfg" for b in "aeiou"]
    assert len({made.text(name) for name in names}) == len(names)


def test_a_word_to_keep_stays():
    assert standins(keep=["zeta"]).text("zeta-roe").startswith("zeta-")


def test_a_secret_made_of_known_words_is_replaced():
    made = standins()
    assert "data" not in made.secret("data")
    assert "Password" not in made.secret("MyPassword7")
    assert "hunter2" not in made.text("db password=hunter2 port=5432")
    assert "data" not in made.text("mysql://root:data@db")


def test_documents_inside_of_answers_are_redacted_and_stay_documents():
    policy = {"Statement": [{"Action": "s3:GetZeta", "Resource": "arn:aws:s3:::zeta/*", "Principal": {"AWS": "444455556666"}}]}  # fmt: skip
    redaction = Redaction(standins())
    shape = service_model("s3").operation_model("GetBucketPolicy").output_shape
    made = json.loads(redaction.value({"Policy": json.dumps(policy)}, shape)["Policy"])
    [statement] = made["Statement"]
    assert statement["Action"] == "s3:GetZeta"
    assert statement["Principal"] == {"AWS": OWN_ACCOUNT}
    assert "zeta" not in statement["Resource"]


def test_numbers_switches_and_times_stay():
    value = {"a": True, "b": 22, "c": 1.5, "d": datetime(2026, 1, 1, tzinfo=UTC), "e": None}
    assert list(Redaction(standins()).value(value).values()) == list(value.values())
