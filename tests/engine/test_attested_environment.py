"""Which environment an attestation is for: the resource's tag, or what is set for the account."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from readiness import Severity, Status, Verdict, heading
from readiness.engine.aws import Aws
from readiness.engine.declarations import attestation_item
from readiness.engine.evaluate import Evaluation
from readiness.engine.scope import Scope
from readiness.engine.settings import configure
from readiness.model.attestation import Attestation, Attested, Result
from readiness.model.attestation import Scope as Covers
from readiness.model.evidence import REGION, ResourceType, evidence
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON, Clock, FakeAccount

THING = ResourceType("AWS::Test::Tagged", lambda read: ["a"], arn="arn:{id}")
OWN = ResourceType("AWS::Test::OwnTags", lambda read: ["a"], arn="arn:{id}", tags_from_api=False)


@evidence(THING)
@dataclass(frozen=True)
class Tagged:
    @classmethod
    def load(cls, read, resource):
        return cls()


@evidence(OWN)
@dataclass(frozen=True)
class OwnTagged:
    tags: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, read, resource):
        return cls({"Environment": "production"})


@evidence(REGION)
@dataclass(frozen=True)
class Whole:
    @classmethod
    def load(cls, read, resource):
        return cls()


toy = heading("Security", "Encryption")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def of_thing(thing: Tagged, attested: Attested) -> Verdict:
    """A thing with tags is attested."""
    return attested.verdict("It", max_age_days=90, two_people=False)


@toy.rule("Enable key rotation", severity=Severity.LOW)
def of_own_tags(thing: OwnTagged, attested: Attested) -> Verdict:
    """A thing whose tags come with the evidence is attested."""
    return attested.verdict("It", max_age_days=90, two_people=False)


@toy.rule("Enable key rotation", severity=Severity.LOW)
def of_account(account: Whole, attested: Attested) -> Verdict:
    """The account is attested."""
    return attested.verdict("It", max_age_days=90, two_people=False)


def attestation(rule, **scope):
    day = NOON - timedelta(days=1)
    return Attestation(
        id="aaaa11112222",
        rule=rule.id,
        scope=Covers(account=ACCOUNT_ID, **scope),
        statement="Done.",
        performed_at=day,
        declared_at=day,
        owner="team",
        attester="AROA:alice",
        attester_id="AROA:alice",
        result=Result.PASS,
    )


def observed(rule, account_environment="", tags=(), fault=None, **scope):
    found = [{"ResourceARN": "arn:a", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}]
    item = attestation_item(attestation(rule, **scope))
    account = FakeAccount(
        {
            ("dynamodb", "query"): {"Items": [item]},
            ("resourcegroupstaggingapi", "get_resources"): {"ResourceTagMappingList": found},
        }
    )
    if fault:
        account.faults["resourcegroupstaggingapi", "get_resources"] = fault
    aws = Aws(account, account=ACCOUNT_ID, region=HOME, now=Clock(), bulk=False)
    run = Evaluation(
        aws,
        configure([rule], {}),
        scope=Scope(account_environment=account_environment),
        declarations="declarations",
    )
    [id] = aws.find(rule.subject)
    return run.observe(rule, rule.subject.resource(ACCOUNT_ID, HOME, id)).finding


@pytest.mark.parametrize(
    ("rule", "account_environment", "tags", "is_covered"),
    [
        pytest.param(of_account, "production", {}, True, id="the account's own"),
        pytest.param(of_account, "staging", {}, False, id="the account's is another"),
        pytest.param(of_account, "", {}, False, id="the account's is not set"),
        pytest.param(of_thing, "", {"Environment": "production"}, True, id="the tag"),
        pytest.param(of_thing, "production", {}, False, id="no tag is not the account's"),
        pytest.param(of_thing, "production", {"Environment": "dev"}, False, id="the tag wins"),
        pytest.param(of_own_tags, "", {}, True, id="tags that came with the evidence"),
    ],
)
def test_an_attestation_for_an_environment(rule, account_environment, tags, is_covered):
    finding = observed(rule, account_environment, tags, environment="production")
    assert (finding.status is Status.COMPLIANT) is is_covered, finding.reason


@pytest.mark.parametrize("scope", [{"environment": "production"}, {"workload": "agents"}], ids=str)
def test_tags_that_cannot_be_read_do_not_decide_against_an_attestation(scope):
    finding = observed(of_thing, "production", {}, FAULTS["denied"], **scope)
    assert finding.status is Status.INSUFFICIENT_DATA
    assert "tag:GetResources was denied" in finding.reason
    assert "tag:GetResources" in finding.missing


def test_tags_are_not_needed_where_no_attestation_asks_for_them():
    assert observed(of_thing, "", {}, FAULTS["denied"]).status is Status.COMPLIANT


@pytest.mark.parametrize("environment", ["production", ""])
def test_a_finding_about_the_account_is_in_the_environment_of_the_account(environment):
    assert observed(of_account, environment, {}).environment == environment
