"""Tags that came with the evidence decide the scope, also where the tagging API says nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from readiness import Severity, Status, Verdict, heading, violates
from readiness.engine.scope import Scope
from readiness.engine.survey import Coverage, survey
from readiness.model.evidence import ResourceType, evidence
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, evaluation

OWN = {}
"""The tags of each resource as the service's own API gives them; None where it gives none."""

UNLISTED = ResourceType(
    "AWS::Test::Unlisted", lambda read: sorted(OWN), tags_from_api=False, arn="arn:{id}"
)
LISTED = ResourceType("AWS::Test::Listed", lambda read: sorted(OWN), arn="arn:{id}")


@evidence(UNLISTED)
@dataclass(frozen=True)
class Unlisted:
    tags: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, read, resource):
        return cls(OWN[resource.id])


@evidence(LISTED)
@dataclass(frozen=True)
class Listed:
    tags: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, read, resource):
        return cls(OWN[resource.id])


toy = heading("Security", "Encryption")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def unlisted(thing: Unlisted) -> Verdict:
    """A thing that the tagging API does not know."""
    return violates("It is wrong.", expected="Right.")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def listed(thing: Listed) -> Verdict:
    """A thing that the tagging API knows."""
    return violates("It is wrong.", expected="Right.")


SCOPE = Scope(tag="Application", values=frozenset({"agents"}))
OURS, THEIRS = {"Application": "agents"}, {"Application": "other"}


def account(**tags):
    """The tagging API gives these tags for the thing ``a``."""
    found = [
        {
            "ResourceARN": "arn:a",
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        }
    ]
    answer = {"ResourceTagMappingList": found if tags else []}
    return FakeAccount({("resourcegroupstaggingapi", "get_resources"): answer})


def observe(rule, own, account, scope=SCOPE):
    OWN.clear()
    OWN["a"] = own
    run = evaluation(account, [rule], scope=scope)
    return run.observe(rule, rule.subject.resource(ACCOUNT_ID, HOME, "a"))


@pytest.mark.parametrize(
    ("own", "is_outside"),
    [
        pytest.param(OURS, False, id="ours"),
        pytest.param(THEIRS, True, id="another team's"),
        pytest.param({}, True, id="untagged"),
        pytest.param(None, False, id="not said"),
    ],
)
def test_what_only_its_own_api_tags_is_in_scope_by_those_tags(own, is_outside):
    seen = observe(unlisted, own, account())
    assert seen.out_of_scope is is_outside
    wanted = Status.NOT_APPLICABLE if is_outside else Status.NON_COMPLIANT
    assert seen.finding.status is wanted


def test_its_own_tags_beat_those_of_the_tagging_api():
    """The tagging API lags behind; the resource's own tags were read with the rest."""
    seen = observe(listed, THEIRS, account(**OURS))
    assert seen.out_of_scope
    assert seen.finding.workload == "other"


def test_its_own_tags_decorate_the_finding():
    own = {"Application": "agents", "Environment": "prod", "Owner": "ops"}
    finding = observe(unlisted, own, account()).finding
    assert (finding.workload, finding.environment, finding.owner) == ("agents", "prod", "ops")


def test_the_tagging_api_decorates_what_has_no_tags_of_its_own():
    finding = observe(listed, None, account(Application="agents", Owner="ops")).finding
    assert (finding.workload, finding.owner) == ("agents", "ops")


def test_without_a_scope_other_teams_are_judged():
    seen = observe(unlisted, THEIRS, account(), scope=Scope())
    assert not seen.out_of_scope
    assert seen.finding.status is Status.NON_COMPLIANT


def test_a_survey_counts_what_is_outside_by_its_own_tags():
    OWN.clear()
    OWN.update({"a": OURS, "b": THEIRS, "c": {}})
    coverage = Coverage()
    run = evaluation(account(), [unlisted], scope=SCOPE, bulk=True)
    seen = {each.resource.id: each.out_of_scope for each in survey(run, [unlisted], coverage)}
    assert seen == {"a": False, "b": True, "c": True}
    assert coverage.out_of_scope == 2
