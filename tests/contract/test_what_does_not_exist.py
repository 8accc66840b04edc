"""What does not exist is said in one way by every rule, and never passes."""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import pytest
from click.testing import CliRunner
from moto import mock_aws

from readiness.engine.aws import Aws
from readiness.engine.pacing import Pacer
from readiness.model.evidence import arn_of
from readiness_cli import session
from readiness_cli.catalogue import headings
from readiness_cli.main import main
from tests.account_variants import made_once, module_of, settings_of
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, Clock, evaluation
from tests.virtual_time import VirtualClock

RULES = [rule for heading in headings() for rule in heading.rules]
RULE = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
NOWHERE = "no-such-thing"
ELSEWHERE = [
    "two words",
    "naïve-ünïcode-名",
    "x" * 1000,
    "../../etc/passwd",
    "*",
    "arn:aws",
    "arn:aws:lambda:us-east-1:999999999999:function:theirs",
    "arn:aws:lambda:eu-west-1:111122223333:function:elsewhere",
    "arn:aws-cn:lambda:us-east-1:111122223333:function:abroad",
    "arn:aws:sqs:us-east-1:111122223333:another-service",
    "arn:aws:sts::111122223333:assumed-role/Dev/alice",
    "999999999999/us-east-1/AWS::Lambda::Function/theirs",
    f"{ACCOUNT_ID}/us-east-1/Nothing::Like::This/x",
]


def elsewhere(rule) -> list[str]:
    """The rule's share of the ids: what a listing shows of them is one for all rules of a type."""
    alike = [each for each in RULES if each.subject is rule.subject]
    return ELSEWHERE[alike.index(rule) :: len(alike)]


@pytest.fixture
def over(monkeypatch):
    """Put an account in AWS's place, whatever the credentials are.

    ``kept`` are the clients, and their pacer, that several tests share.
    """

    def replace(session_of_account, **kept):
        def connect(profile, region, *, bulk=False, now=session.utc_now):
            return Aws(
                session_of_account, account=ACCOUNT_ID, region=HOME, now=Clock(), bulk=bulk, **kept
            )

        monkeypatch.setattr(session, "connect", connect)

    return replace


def fake_account(rule):
    return made_once(module_of(rule.heading.folder).fake_account).again()


def run(*arguments):
    return CliRunner().invoke(main, [*arguments, "-o", "json"])


def asked(rule, id) -> Iterator[list[str]]:
    yield ["evaluate", rule.id, f"--resource={id}", "--no-stack"]
    yield ["scan", "--rule", rule.id, f"--resource={id}", "--no-stack"]


def opted_in(rule):
    """The settings that let the rule look at all."""
    return {rule.id: dict(settings_of(rule))} if settings_of(rule) else {}


@RULE
def test_what_no_listing_shows_is_one_plain_sentence(rule, over):
    over(fake_account(rule))
    existing = set(evaluation(fake_account(rule), [rule]).aws.find(rule.subject))
    for id in (NOWHERE, *elsewhere(rule)):
        assert id not in existing
        for arguments in asked(rule, id):
            said = run(*arguments)
            where = f"{arguments}: {said.output[:200]}"
            assert said.exit_code == 2, where
            assert said.stdout == "", where
            by, why = said.stderr.splitlines()
            assert by.startswith("without a stack"), where
            assert "does not exist in account" in why[:400], where


@pytest.mark.parametrize("id", ["", "   "])
def test_a_blank_resource_is_refused_before_anything_is_asked(id):
    for arguments in asked(RULES[0], id):
        said = run(*arguments)
        assert said.exit_code == 2
        assert said.stdout == ""
        assert "--resource is empty" in said.stderr


@RULE
def test_what_the_listing_shows_is_found_by_its_id_its_key_and_its_arn(rule, over):
    over(fake_account(rule))
    found = evaluation(fake_account(rule), [rule]).aws.find(rule.subject)
    id = min(found)
    resource = rule.subject.resource(ACCOUNT_ID, HOME, id)
    for named in filter(None, (id, resource.key, arn_of(resource, "aws"))):
        said = run("evaluate", rule.id, f"--resource={named}", "--no-stack")
        if said.exit_code == 2:
            # Listed, and the fake account has it for another rule: gone when it is read.
            assert "does not exist in account" in said.stderr, said.output
            continue
        [row] = json.loads(said.stdout)
        assert row["resource"] == resource.key, named


@RULE
@pytest.mark.parametrize("everything", [True, False], ids=["all denied", "listing denied"])
def test_what_cannot_be_looked_up_is_unknown(rule, over, everything):
    if rule.subject.name == "AWS::::Account":
        pytest.skip("there is no list to read")
    probe = fake_account(rule)
    run_of = evaluation(probe, [rule])
    run_of.aws.find(rule.subject)
    denied = dict.fromkeys(probe.answers if everything else set(probe.calls), FAULTS["denied"])
    account = fake_account(rule)
    account.faults.update(denied)
    over(account)
    for arguments in asked(rule, NOWHERE):
        said = run(*arguments)
        assert "internal error" not in said.stderr, said.output
        if said.exit_code == 2:
            assert not everything, said.output
            assert "does not exist in account" in said.stderr
            continue
        rows = json.loads(said.stdout)
        if said.exit_code != 3:
            # The fake account answers for every name: the rule has read the resource itself.
            assert not everything
            assert run_of._proves(rule)
            continue
        assert {row["status"] for row in rows} == {"INSUFFICIENT_DATA"}
        doubted = [row for row in rows if "could not be checked whether" in row["reason"]]
        assert doubted == rows


NOT_IN_MOTO = {
    "AWS::CloudTrail::EventDataStore",
    "AWS::CloudWatch::Alarm",
    "AWS::ElastiCache::ServerlessCache",
}
"""moto raises for a call of their listing, as AWS never does."""


@pytest.fixture(scope="module")
def empty_account():
    with mock_aws():
        kept = {"clients": {}, "pacer": Pacer(clock=VirtualClock())}
        yield boto3.session.Session(region_name=HOME), kept


@RULE
def test_in_an_empty_account_nothing_passes(rule, over, empty_account):
    """moto's answers, which are AWS's own error codes or none that AWS has."""
    if rule.subject.name in NOT_IN_MOTO:
        pytest.skip("moto does not implement the listing")
    account, kept = empty_account
    over(account, **kept)
    for arguments in asked(rule, NOWHERE):
        said = run(*arguments)
        assert said.exit_code in {2, 3}, said.output
        if said.exit_code == 2:
            assert "does not exist in account" in said.stderr
            continue
        for row in json.loads(said.stdout):
            assert row["status"] == "INSUFFICIENT_DATA"
            assert "could not be checked whether the resource exists" in row["reason"]
