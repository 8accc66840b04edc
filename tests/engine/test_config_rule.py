"""The answer to AWS Config keeps to PutEvaluations' limits, which no test bed enforces."""

import pytest

from functions.encryption.app import encryption
from readiness import Status
from readiness.engine.config_rule import EvaluationsRefused, answer, evaluations
from readiness.engine.evaluate import Observation
from readiness.engine.events import ConfigRequest
from readiness.model.resource import Resource
from tests.findings import BUCKET, after, finding

RULES = {rule.id: rule for rule in encryption}
RULE = RULES["encryption.s3-kms"]
SCHEDULED = ConfigRequest("token", "2026-11-02T12:00:00.000Z", {})
CHANGE = ConfigRequest("token", "2026-11-02T11:00:00.000Z", {}, "AWS::S3::Bucket", "data")


def seen(status, resource=BUCKET, reason="Because."):
    made = finding(status, resource=resource, reason=reason) if status else None
    return Observation(RULE, resource, after(), made)


def bucket(number):
    return Resource("111122223333", "us-east-1", "AWS::S3::Bucket", f"b{number}")


class Config:
    """PutEvaluations as the service does it, refusing what the service refuses."""

    def __init__(self, *, failing=0):
        self.calls = []
        self.failing = failing

    def put_evaluations(self, *, Evaluations, ResultToken, TestMode):  # noqa: N803 — Config's names
        assert 0 < len(Evaluations) <= 100
        for each in Evaluations:
            assert each["ComplianceType"] in {"COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"}
            assert 1 <= len(each.get("Annotation", "x")) <= 256
            assert each["OrderingTimestamp"]
        assert ResultToken
        self.calls.append((Evaluations, TestMode))
        if self.failing:
            self.failing -= 1
            return {"FailedEvaluations": Evaluations[:1]}
        return {"FailedEvaluations": []}


def test_a_hundred_at_a_time():
    config = Config()
    observations = [seen(Status.COMPLIANT, bucket(n)) for n in range(205)]
    assert answer(config, SCHEDULED, observations) == 205
    assert [len(batch) for batch, _ in config.calls] == [100, 100, 5]


def test_failed_evaluations_are_sent_again():
    config = Config(failing=2)
    answer(config, SCHEDULED, [seen(Status.COMPLIANT, bucket(n)) for n in range(3)])
    assert [len(batch) for batch, _ in config.calls] == [3, 1, 1]


def test_what_is_refused_for_good_is_an_error():
    with pytest.raises(EvaluationsRefused, match="1 evaluation"):
        answer(Config(failing=9), SCHEDULED, [seen(Status.COMPLIANT)])


def test_a_long_reason_is_cut():
    [made] = evaluations(CHANGE, [seen(Status.NON_COMPLIANT, reason="x" * 1000)])
    assert len(made["Annotation"]) == 256


def test_insufficient_data_is_not_said():
    assert evaluations(CHANGE, [seen(Status.INSUFFICIENT_DATA)]) == []
    config = Config()
    assert answer(config, CHANGE, [seen(Status.INSUFFICIENT_DATA)]) == 0
    assert config.calls == []


def test_a_listing_that_was_denied_is_no_reason_to_say_not_applicable():
    """The id was not in the item, so all were to be looked at, and could not be listed."""
    account = Resource("111122223333", "us-east-1", "AWS::::Account", "111122223333")
    assert evaluations(CHANGE, [seen(Status.INSUFFICIENT_DATA, account)]) == []


def test_the_test_mode_writes_nothing():
    config = Config()
    token = ConfigRequest("TESTMODE", CHANGE.ordering, {}, "AWS::S3::Bucket", "data")
    answer(config, token, [seen(Status.COMPLIANT)])
    assert config.calls[0][1] is True


@pytest.mark.parametrize(
    ("request_", "observations"),
    [
        pytest.param(CHANGE, [seen(None)], id="deleted"),
        pytest.param(CHANGE, [], id="nothing to judge"),
        pytest.param(
            ConfigRequest("t", "2026", {}, "AWS::S3::Bucket", "data", left_scope=True),
            [seen(Status.NON_COMPLIANT)],
            id="left the rule's scope",
        ),
    ],
)
def test_not_applicable(request_, observations):
    [made] = evaluations(request_, observations)
    assert made["ComplianceType"] == "NOT_APPLICABLE"
    assert made["ComplianceResourceId"] == "data"


def test_a_change_is_answered_for_the_one_resource_and_with_the_worst():
    key = Resource("111122223333", "us-east-1", "AWS::KMS::Key", "k")
    made = evaluations(
        CHANGE,
        [seen(Status.COMPLIANT), seen(Status.NON_COMPLIANT), seen(Status.NON_COMPLIANT, key)],
    )
    assert [(e["ComplianceResourceId"], e["ComplianceType"]) for e in made] == [
        ("data", "NON_COMPLIANT")
    ]
    assert made[0]["OrderingTimestamp"] == CHANGE.ordering


def test_without_a_time_of_config_the_observations_count():
    config = Config()
    answer(config, ConfigRequest("t", "", {}), [seen(Status.COMPLIANT)])
    assert config.calls[0][0][0]["OrderingTimestamp"] == "2026-11-02T12:00:00.000Z"
