"""Topics and costs: what is told gets to somebody."""

from __future__ import annotations

import json

import pytest

from functions.alarms.rules_of_notifications import topic_delivery
from functions.alarms.topic_path import Answer, lets_cloudwatch
from readiness import Severity, Status
from readiness.evidence.kms.keys import KmsKeyAccess, KmsKeyState
from readiness.evidence.sns.delivery import TopicPath
from readiness.evidence.sns.subscriptions import Subscription
from readiness.semantics.subscription_filters import passes_with_body
from tests.accounts.alarms import CLOUDWATCH, TOPIC, statement
from tests.fake_account import ACCOUNT_ID

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
BLIND = Status.INSUFFICIENT_DATA
PAGER = "https://events.pagerduty.com/integration/x/enqueue"
EVERYBODY = {"AWS": "*"}
OWNER = {"Condition": {"StringEquals": {"AWS:SourceOwner": ACCOUNT_ID}}}
DEFAULT = statement(EVERYBODY, ["SNS:Publish", "SNS:Subscribe"], Resource=TOPIC, **OWNER)
ALARM_ARNS = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT_ID}:alarm:"


def path(*subscriptions, alarms=("a",), policy=DEFAULT, **more) -> TopicPath:
    listening = subscriptions or (Subscription("https", PAGER),)
    return TopicPath(
        TOPIC, ACCOUNT_ID, alarms=alarms, policy=policy, subscriptions=listening, **more
    )


def judged(topic, key=None, access=None, **settings):
    return topic_delivery(topic, key, access, **settings)


def filtered(policy, *, on_body=False) -> Subscription:
    return Subscription("sqs", "queue", filter_policy=policy, on_body=on_body)


@pytest.mark.parametrize(
    ("topic", "status", "said"),
    [
        pytest.param(path(), GOOD, "reach https", id="pagerduty"),
        pytest.param(path(alarms=()), Status.NOT_APPLICABLE, "No alarm", id="no alarm uses it"),
        pytest.param(
            TopicPath(TOPIC, ACCOUNT_ID, ("a",), DEFAULT),
            BAD,
            "No confirmed subscriber",
            id="nobody listens",
        ),
        pytest.param(
            path(Subscription("email", "ops@example.com", confirmed=False)),
            BAD,
            "is not confirmed",
            id="pending",
        ),
        pytest.param(
            path(Subscription("sqs", "arn:aws:sqs:us-east-1:1:pages", arrives=Answer.NO, why="does not exist")),
            BAD,
            "No confirmed subscriber gets the alarm notifications. sqs",
            id="a queue that was deleted",
        ),
        pytest.param(
            path(Subscription("https", PAGER), Subscription("lambda", "forward", arrives=Answer.NO, why="does not exist")),
            BAD,
            "lambda forward is subscribed, but does not exist",
            id="a deleted function beside a pager",
        ),
        pytest.param(
            path(Subscription("sqs", "queue", arrives=Answer.NO, why="does not let SNS in")),
            BAD,
            "No confirmed subscriber gets the alarm notifications. sqs queue is subscribed, but does"
            " not let SNS in",
            id="a queue whose policy lets nothing in",
        ),
        pytest.param(
            path(Subscription("sqs", "queue", arrives=Answer.MAYBE)),
            BLIND,
            "conditions of the policy of what is subscribed",
            id="a queue whose policy may let it in",
        ),
        pytest.param(
            path(Subscription("https", PAGER, raw=True)), BAD, "raw messages", id="raw to pagerduty"
        ),
        pytest.param(
            path(Subscription("https", "https://events.pagerduty.com/x-ere/x", raw=True)),
            GOOD,
            "",
            id="raw to an orchestration",
        ),
        pytest.param(
            path(Subscription("sqs", "queue", raw=True)), GOOD, "queue", id="raw to a queue"
        ),
        pytest.param(path(fifo=True), BAD, "FIFO", id="fifo"),
        pytest.param(
            path(filtered({"severity": ["HIGH"]})), BAD, "drops alarm", id="filters by attribute"
        ),
        pytest.param(
            path(filtered({"severity": [{"exists": False}]})), GOOD, "queue", id="wants none"
        ),
        pytest.param(
            path(filtered({"$or": [{"a": ["b"]}, {"a": [{"exists": False}]}]})),
            GOOD,
            "queue",
            id="one of two filters",
        ),
        pytest.param(
            path(filtered({"NewStateValue": ["ALARM"]}, on_body=True)),
            GOOD,
            "queue",
            id="filters by the body, for alarms",
        ),
        pytest.param(
            path(filtered({"NewStateValue": ["OK"]}, on_body=True)), BAD, "drops", id="only OK"
        ),
        pytest.param(
            path(filtered({"AlarmName": [{"prefix": "b"}]}, on_body=True)),
            BAD,
            "drops",
            id="other alarms",
        ),
        pytest.param(
            path(filtered({"Region": ["US East (N. Virginia)"]}, on_body=True)),
            BLIND,
            "depends on its filter",
            id="a field nobody can know",
        ),
        pytest.param(path(policy=statement({"AWS": "111122223333"}, "sns:Publish")), BAD,
                     "topic policy", id="only principals with identities"),
        pytest.param(
            path(policy=statement(CLOUDWATCH, "sns:Publish", Condition={
                "StringEquals": {"aws:SourceOrgID": "o-1"}})),
            BLIND,
            "depends on conditions",
            id="a condition nobody can decide",
        ),
        pytest.param(path(policy="not a policy"), BLIND, "policy", id="no policy at all"),
    ],
)  # fmt: skip
def test_delivery(topic, status, said):
    verdict = judged(topic)
    assert verdict.status is status
    assert said in verdict.reason


def test_one_good_subscriber_beside_a_pending_one_is_a_slight_problem():
    pending = Subscription("email", "ops@example.com", confirmed=False)
    verdict = judged(path(Subscription("https", PAGER), pending))
    assert (verdict.status, verdict.severity) == (BAD, Severity.LOW)
    assert verdict.observed["heard_by"] == ["https https://events.pagerduty.com/…"]


def test_a_required_endpoint():
    wants = {"required_endpoint_regex": r"events(\.eu)?\.pagerduty\.com"}
    assert judged(path(), **wants).status is GOOD
    verdict = judged(path(Subscription("sqs", "queue")), **wants)
    assert (verdict.status, verdict.severity) == (BAD, Severity.HIGH)
    assert judged(path(), required_endpoint_regex="(").status is BLIND


MINE = KmsKeyState("k", "Enabled")
LETS = KmsKeyAccess(statement(CLOUDWATCH, ["kms:Decrypt", "kms:GenerateDataKey*"]))


@pytest.mark.parametrize(
    ("key", "access", "status", "said"),
    [
        pytest.param(MINE, LETS, GOOD, "reach https", id="a policy that names cloudwatch"),
        pytest.param(
            KmsKeyState("k", "Enabled", manager="AWS"),
            KmsKeyAccess(),
            BAD,
            "alias/aws/sns",
            id="the AWS-managed key",
        ),
        pytest.param(
            KmsKeyState("k", "Enabled", spec="RSA_4096"),
            LETS,
            BAD,
            "symmetric",
            id="an asymmetric key",
        ),
        pytest.param(
            KmsKeyState("k", "Enabled", spec="HMAC_256", usage="GENERATE_VERIFY_MAC"),
            LETS,
            BAD,
            "symmetric",
            id="an HMAC key",
        ),
        pytest.param(
            KmsKeyState("k", "Enabled", elsewhere="eu-west-1"),
            LETS,
            BAD,
            "another region",
            id="a key of another region",
        ),
        pytest.param(
            MINE,
            KmsKeyAccess(statement({"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}, "kms:*")),
            BAD,
            "lost without an error",
            id="the default key policy",
        ),
        pytest.param(
            MINE,
            KmsKeyAccess(statement(CLOUDWATCH, "kms:Decrypt")),
            BAD,
            "GenerateDataKey",
            id="half of it",
        ),
        pytest.param(
            MINE,
            KmsKeyAccess(statement({"Service": "events.amazonaws.com"}, "kms:*")),
            BAD,
            "cloudwatch",
            id="another service",
        ),
        pytest.param(
            KmsKeyState("k", "PendingDeletion"), LETS, BAD, "PendingDeletion", id="being deleted"
        ),
        pytest.param(KmsKeyState("k", "Missing"), None, BAD, "does not exist", id="deleted"),
        pytest.param(MINE, None, BLIND, "key policy", id="policy gone since"),
    ],
)
def test_the_key(key, access, status, said):
    verdict = judged(path(key_id="k"), key, access)
    assert verdict.status is status
    assert said in verdict.reason


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT_ID}}, Answer.YES),
        ({"StringEquals": {"aws:SourceAccount": ["444455556666", ACCOUNT_ID]}}, Answer.YES),
        ({"StringEquals": {"aws:SourceAccount": "444455556666"}}, Answer.NO),
        ({"StringNotEquals": {"aws:SourceAccount": ACCOUNT_ID}}, Answer.NO),
        ({"ArnLike": {"aws:SourceArn": f"{ALARM_ARNS}*"}}, Answer.YES),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:*:*:alarm:*"}}, Answer.YES),
        ({"ArnLike": {"aws:SourceArn": f"{ALARM_ARNS}prod-*"}}, Answer.MAYBE),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::bucket"}}, Answer.NO),
        ({"StringEquals": {"aws:SourceAccount": "*"}}, Answer.NO),
        ({"StringLike": {"aws:SourceAccount": "*"}}, Answer.YES),
        ({"Null": {"aws:SourceAccount": "true"}}, Answer.NO),
        ({"Null": {"aws:SourceArn": "false"}}, Answer.YES),
        ({"Bool": {"aws:PrincipalIsAWSService": "false"}}, Answer.NO),
        ({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, Answer.NO),
        ({"StringEqualsIfExists": {"aws:SourceAccount": "444455556666"}}, Answer.NO),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, Answer.MAYBE),
        ({"Bool": {"aws:SecureTransport": "true"}}, Answer.YES),
        ({"Bool": {"aws:SecureTransport": "false"}}, Answer.NO),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, Answer.MAYBE),
    ],
    ids=lambda value: str(value)[:60],
)
def test_conditions(condition, answer):
    text = statement(CLOUDWATCH, "sns:Publish", Condition=condition)
    assert lets_cloudwatch(text, ["sns:Publish"], TOPIC, ACCOUNT_ID, ALARM_ARNS) is answer


def test_a_denial_beats_a_grant():
    allow = json.loads(DEFAULT)["Statement"][0]

    def answer(**deny):
        refusal = {"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": "*"}
        text = json.dumps({"Version": "2012-10-17", "Statement": [allow, refusal | deny]})
        return lets_cloudwatch(text, ["sns:Publish"], TOPIC, ACCOUNT_ID, ALARM_ARNS)

    assert answer() is Answer.NO
    assert answer(Condition={"Bool": {"aws:SecureTransport": "false"}}) is Answer.YES
    assert answer(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}) is Answer.MAYBE
    assert answer(Resource="arn:aws:sns:us-east-1:111122223333:other") is Answer.YES


BODY = {"AlarmName": "prod-errors", "NewStateValue": "ALARM", "Trigger": None}


@pytest.mark.parametrize(
    ("wanted", "answer"),
    [
        ({"AlarmName": ["prod-errors"]}, Answer.YES),
        ({"AlarmName": [{"prefix": "prod-"}]}, Answer.YES),
        ({"AlarmName": [{"suffix": "-latency"}]}, Answer.NO),
        ({"AlarmName": [{"equals-ignore-case": "PROD-ERRORS"}]}, Answer.YES),
        ({"AlarmName": [{"anything-but": ["prod-errors"]}]}, Answer.NO),
        ({"AlarmName": [{"anything-but": {"prefix": "test-"}}]}, Answer.YES),
        ({"AlarmName": [{"exists": True}]}, Answer.YES),
        ({"AlarmName": [{"cidr": "10.0.0.0/8"}]}, Answer.MAYBE),
        ({"AlarmName": {"nested": ["x"]}}, Answer.NO),
        ({"Severity": ["HIGH"]}, Answer.NO),
        ({"Severity": [{"exists": False}]}, Answer.YES),
        ({"Severity": {"nested": ["x"]}}, Answer.NO),
        ({"Trigger": {"Namespace": ["AWS/Lambda"]}}, Answer.MAYBE),
        ({"$or": [{"AlarmName": ["x"]}, {"NewStateValue": ["ALARM"]}]}, Answer.YES),
        ({"AlarmName": ["prod-errors"], "NewStateValue": ["OK"]}, Answer.NO),
    ],
    ids=lambda value: str(value)[:60],
)
def test_filters_on_the_body(wanted, answer):
    assert passes_with_body(wanted, BODY) is answer
