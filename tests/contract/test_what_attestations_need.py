"""For every rule that people attest, `attest add` finds out what the rule wants of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from readiness.engine.scope import Scope
from readiness.engine.settings import configure
from readiness.model.attestation import Attestation
from readiness.model.attestation import Scope as Covers
from readiness_cli.attest import is_attestable
from readiness_cli.attest_check import Trial, state_of
from readiness_cli.catalogue import rules
from tests.account_variants import settings_of, variants_of
from tests.fake_account import ACCOUNT_ID, FAULTS, NOON, evaluation

ATTESTABLE = [rule for rule in rules().values() if is_attestable(rule)]
RULE = pytest.mark.parametrize("rule", ATTESTABLE, ids=lambda rule: rule.id)
BOUND = {
    "data_privacy.data-flows": {"outside_parties"},
    "resource_sizing.function-load-test": {"memory_size", "architecture"},
    "resource_sizing.service-load-test": {"cpu", "memory", "architecture"},
}


def statement(rule, bound):
    day = NOON - timedelta(days=1)
    return Attestation(
        id="aaaa11112222",
        rule=rule.id,
        scope=Covers(account=ACCOUNT_ID),
        statement="Done.",
        performed_at=day,
        declared_at=day,
        owner="team",
        attester="AROA:alice",
        attester_id="AROA:alice",
        bound_to=bound,
    )


def trial(rule, account, bound, fault=None):
    fake_account = account.make()
    if fault:
        fake_account.faults.update(dict.fromkeys(fake_account.answers, fault))
    given = {rule.id: {**settings_of(rule), **account.settings}}
    aws = evaluation(fake_account, [rule]).aws
    configured = configure([rule], given)
    return Trial(aws, aws, configured, Scope(), statement(rule, bound)), configured[rule.id]


def tried(rule, bound=()):
    for account in variants_of(rule).values():
        run, _ = trial(rule, account, dict(bound))
        yield from run.tried(rule, run.aws.find(rule.subject))


@pytest.mark.parametrize("id", BOUND)
def test_what_has_to_be_bound_is_found(id):
    asked = [each.live for each in tried(rules()[id]) if each.live is not None]
    assert asked
    assert {name for live in asked for name in live} == BOUND[id]


@pytest.mark.parametrize("id", BOUND)
def test_with_it_the_attestation_counts_and_without_it_is_void(id):
    rule = rules()[id]
    [account] = [variants_of(rule)[""]]
    run, _ = trial(rule, account, {})
    [live] = {tuple(each.live.items()) for each in run.tried(rule, run.aws.find(rule.subject))}
    states = []
    for bound in (dict(live), {}, dict(live) | {live[0][0]: "another"}):
        again, terms = trial(rule, account, bound)
        approved = replace(again._statement, approved_by_id="AIDA")
        states.append(state_of(rule, approved, terms, again).name)
    assert states == ["valid", "void", "void"]


@RULE
def test_where_a_rule_does_not_ask_it_says_what_decides_instead(rule):
    """Measurements come first; then there is a verdict to show, and no crash."""
    found = list(tried(rule))
    assert found
    for each in found:
        assert each.live is not None or each.finding.reason
        assert "this is a bug" not in each.finding.reason
        assert not each.is_unread, each.finding.reason


@RULE
def test_what_is_denied_is_told_apart_from_what_is_not_asked(rule):
    if not rule.reads:
        pytest.skip("nothing is read for it, so that nothing can be denied")
    account = variants_of(rule)[""]
    ids = evaluation(account.make(), [rule]).aws.find(rule.subject)
    run, _ = trial(rule, account, {}, FAULTS["denied"])
    assert all(each.is_unread for each in run.tried(rule, ids))
