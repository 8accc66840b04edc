"""Rules that are opted into read nothing until they are, and evidence may sleep through events."""

from __future__ import annotations

import pytest

from functions.encryption.app import encryption
from functions.encryption.rules_at_rest import s3_key_environment
from functions.encryption.rules_in_transit import sns_tls, sqs_tls
from readiness import Status, heading
from readiness.engine.events import changes_of
from readiness.evidence.s3.buckets import BUCKET, BucketAndKey, BucketEncryption, BucketPolicy
from readiness.model.evidence import declared
from readiness.model.verdict import Severity, Verdict, complies
from tests.accounts.encryption import fake_account
from tests.fake_account import observe


@pytest.mark.parametrize("rule", [rule for rule in encryption if rule.opt_in], ids=lambda r: r.id)
def test_nothing_is_read_until_somebody_asks(rule):
    seen = fake_account()
    observation = observe(seen, rule, "anything")
    assert observation.finding is not None
    assert observation.finding.status is Status.NOT_APPLICABLE
    assert rule.opt_in in observation.finding.reason
    assert set(seen.calls) <= {("resourcegroupstaggingapi", "get_resources")}


def test_an_opted_into_rule_judges():
    for rule, id in ((sns_tls, "alerts"), (sqs_tls, "work")):
        seen = observe(fake_account(), rule, id, check_sqs_sns=True)
        assert seen.finding is not None
        assert seen.finding.status is Status.COMPLIANT


def test_a_rule_is_opted_into_by_one_of_its_own_settings():
    fresh = heading("Security", "Encryption")

    def judge(policy: BucketPolicy) -> Verdict:
        return complies(policy.text)

    judge.__annotations__ = {"policy": BucketPolicy, "return": Verdict}
    with pytest.raises(TypeError, match="'nothing'"):
        fresh.rule("Enable key rotation", severity=Severity.LOW, opt_in="nothing")(judge)


def test_evidence_that_sleeps_through_the_events_of_its_type():
    shared = set(BUCKET.changed_by)
    assert shared <= set(changes_of(declared(BucketEncryption)))
    assert not shared & set(changes_of(declared(BucketAndKey)))
    assert s3_key_environment.evidence[0] is BucketAndKey
