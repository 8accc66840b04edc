"""Error handling: what becomes of asynchronous invocations that fail."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from functions.error_handling.app import (
    asynchronous_failures,
    asynchronous_retries,
    function_recursion,
)
from readiness import Severity
from readiness.evidence.awslambda.asynchronous import AsynchronousLosses, InvokeSettings, Lost
from readiness.evidence.awslambda.functions import FunctionTags
from readiness.evidence.awslambda.recursion import RecursionGuard
from readiness.evidence.workloads.failure_sinks import BucketSink, OtherSink, QueueSink, TopicSink
from readiness.model.attestation import Attestation, Attested, Scope
from tests.accounts.error_handling import (
    DEAD,
    FAILED,
    FUNCTION,
    KEY,
    OPERATORS,
    ROLE,
    allow,
    policy,
)
from tests.fake_account import NOON
from tests.rules.test_error_handling import (
    BAD,
    CALLED,
    GOOD,
    KEPT,
    LATEST,
    NA,
    QUIET,
    SNS,
    UNKNOWN,
    check,
    role,
    sink,
    use,
)

SENDS = role("sqs:SendMessage")
PAST = frozenset({"destination_errors"})
DROPPED = AsynchronousLosses(Lost(received=5.0, dropped=2.0))


@pytest.mark.parametrize(
    ("function", "losses", "queues", "topics", "grants", "status", "words", "severity"),
    [
        pytest.param(
            use(settings=KEPT), QUIET, (sink(),), (), SENDS, GOOD, "live", None, id="destination"
        ),
        pytest.param(
            use(dead={"7": FAILED}), QUIET, (sink(),), (), SENDS, GOOD, "", None, id="dead letters"
        ),
        pytest.param(
            use(dead={LATEST: FAILED}),
            QUIET, (sink(),), (), SENDS, BAD, "Amazon SNS invokes the alias live", Severity.HIGH,
            id="dead letters of another version than the alias leads to",
        ),
        pytest.param(
            use(dead={"7": FAILED}, versions={LATEST: (LATEST,), "live": ("7", "8")}),
            QUIET, (sink(),), (), SENDS, BAD, "alias live", Severity.HIGH,
            id="one of two versions behind the alias",
        ),
        pytest.param(
            use(settings={LATEST: InvokeSettings(FAILED)}),
            QUIET, (sink(),), (), SENDS, BAD, "alias live", Severity.HIGH,
            id="destination of another qualifier",
        ),
        pytest.param(
            use({LATEST: ("Amazon S3",)}),
            QUIET, (), (), None, BAD, "Amazon S3 invokes the function itself", Severity.HIGH,
            id="none",
        ),
        pytest.param(use(), DROPPED, (), (), None, BAD, "2 events", Severity.CRITICAL, id="lost"),
        pytest.param(
            use(settings=KEPT), DROPPED, (sink(),), (), SENDS, GOOD, "", None, id="dropped and kept"
        ),
        pytest.param(
            use({**SNS, LATEST: ("Amazon S3",)}, settings=KEPT),
            DROPPED, (sink(),), (), SENDS, BAD, "2 events", Severity.HIGH,
            id="dropped, by which qualifier is unknown",
        ),
        pytest.param(use({}), QUIET, (), (), None, NA, "asynchronously", None, id="synchronous"),
        pytest.param(use({}), CALLED, (), (), None, BAD, "Something", Severity.HIGH, id="metric"),
        pytest.param(
            use({}, settings={**KEPT, LATEST: InvokeSettings(FAILED)}),
            CALLED, (sink(),), (), SENDS, GOOD, "", None, id="metric, and all kept",
        ),
        pytest.param(
            use({}, settings=KEPT), CALLED, (sink(),), (), SENDS, UNKNOWN, "someone", None,
            id="metric, and some kept",
        ),
        pytest.param(
            use(settings=KEPT, flaw="no JSON"), QUIET, (sink(),), (), SENDS, UNKNOWN, "no JSON",
            None, id="a policy nobody understands",
        ),
        pytest.param(use(master_arn="arn"), QUIET, (), (), None, NA, "replica", None, id="edge"),
        pytest.param(
            use(settings=KEPT), QUIET, (sink(exists=False),), (), SENDS, BAD, "does not exist",
            Severity.HIGH, id="deleted queue",
        ),
        pytest.param(
            use(settings={"live": InvokeSettings(f"{FAILED}.fifo")}),
            QUIET, (sink(f"{FAILED}.fifo"),), (), SENDS, BAD, "FIFO", Severity.HIGH, id="FIFO",
        ),
        pytest.param(
            use(settings=KEPT), QUIET, (sink(key_problem="is not usable: Disabled"),), (), SENDS,
            BAD, "Disabled", Severity.HIGH, id="disabled key",
        ),
        pytest.param(
            use(settings=KEPT), QUIET, (sink(),), (), role(), BAD, "may not send", Severity.HIGH,
            id="the role may not",
        ),
        pytest.param(
            use(settings=KEPT),
            QUIET,
            (sink(policy=policy({"Effect": "Allow", "Principal": {"AWS": "111122223333"},
                                 "Action": "sqs:*", "Resource": "*"})),),
            (), role(), BAD, "may not send", Severity.HIGH,
            id="the queue leaves it to the account",
        ),
        pytest.param(
            use(settings=KEPT),
            QUIET,
            (sink(policy=policy({"Effect": "Allow", "Principal": {"AWS": ROLE},
                                 "Action": "sqs:*", "Resource": "*"})),),
            (), role(), GOOD, "", None, id="the queue lets the role in",
        ),
        pytest.param(
            use(settings=KEPT),
            QUIET, (sink(policy=policy(allow("sns", "sqs:SendMessage"))),), (), role(), BAD,
            "may not send", Severity.HIGH, id="the queue lets another in",
        ),
        pytest.param(
            use(settings={"live": InvokeSettings(OPERATORS)}),
            QUIET, (), (TopicSink(OPERATORS, exists=False),), SENDS, BAD, "operators",
            Severity.HIGH, id="deleted topic",
        ),
        pytest.param(
            use(settings={"live": InvokeSettings(OPERATORS)}),
            QUIET, (), (TopicSink(OPERATORS),), SENDS, BAD, "may not send",
            Severity.HIGH, id="a topic that the role may not publish to",
        ),
        pytest.param(
            use(settings={"live": InvokeSettings(f"{FUNCTION}2")}, missing=(f"{FUNCTION}2",)),
            QUIET, (), (), SENDS, BAD, "agent2", Severity.HIGH, id="deleted function",
        ),
        pytest.param(
            use(settings={**KEPT, LATEST: InvokeSettings(DEAD)}),
            QUIET, (sink(), sink(DEAD, exists=False)), (), SENDS, GOOD, "", None,
            id="a deleted queue of a qualifier that nobody invokes",
        ),
        pytest.param(
            use(settings=KEPT), AsynchronousLosses(Lost(dead_letter_errors=3.0)), (sink(),), (),
            SENDS, BAD, "3 times", Severity.CRITICAL, id="DeadLetterErrors",
        ),
        pytest.param(
            use(settings=KEPT), AsynchronousLosses(Lost(destination_errors=3.0)), (sink(),), (),
            SENDS, BAD, "3 times", Severity.CRITICAL, id="DestinationDeliveryFailures",
        ),
        pytest.param(
            use(settings=KEPT), AsynchronousLosses(Lost(destination_errors=3.0, past=PAST)),
            (sink(),), (), SENDS, GOOD, "", None, id="repaired since",
        ),
        pytest.param(
            use(settings=KEPT), AsynchronousLosses(Lost(destination_errors=3.0, past=PAST)),
            (sink(exists=False),), (), SENDS, BAD, "3 times", Severity.CRITICAL, id="not repaired",
        ),
        pytest.param(
            use(settings={"live": InvokeSettings(FAILED, reports_success=True)}),
            AsynchronousLosses(Lost(destination_errors=3.0)), (sink(),), (), SENDS, BAD, "3 times",
            Severity.HIGH, id="of a success, perhaps",
        ),
        pytest.param(
            use(settings=KEPT),
            AsynchronousLosses(Lost(dead_letter_errors=0.0, destination_errors=0.0)),
            (sink(),), (), SENDS, GOOD, "", None, id="no failure",
        ),
    ],
)  # fmt: skip
def test_asynchronous_failures(function, losses, queues, topics, grants, status, words, severity):
    verdict = asynchronous_failures(
        function, losses, queues, topics, (), (grants,) if grants else ()
    )
    check(verdict, status, words, severity)


BIN = "arn:aws:s3:::failed-events"
OTHER = "arn:aws:lambda:us-east-1:111122223333:function:collector"
FAILURES = "arn:aws:events:us-east-1:111122223333:event-bus/failures"
ACCOUNT = {"AWS": "arn:aws:iam::111122223333:root"}


def to_role(effect, action, who, **about):
    return policy({"Effect": effect, "Action": action, "Principal": who, "Resource": "*"} | about)


OF_KEY = {"key_id": KEY, "key_arn": KEY}
LEFT = to_role("Allow", "kms:*", ACCOUNT)
ENCRYPTS = ("kms:GenerateDataKey", "kms:Decrypt")


@pytest.mark.parametrize(
    ("place", "may", "status", "words"),
    [
        pytest.param(TopicSink(OPERATORS, confirmed=1), ("sns:Publish",), GOOD, "", id="topic"),
        pytest.param(TopicSink(OPERATORS, confirmed=0), ("sns:Publish",), BAD, "no confirmed subscription", id="a topic that nobody reads"),
        pytest.param(TopicSink(OPERATORS), ("sns:Subscribe",), BAD, "sns:Publish", id="no right to publish"),
        pytest.param(TopicSink(OPERATORS, policy=to_role("Allow", "sns:Publish", {"AWS": ROLE})), (), GOOD, "", id="the topic lets the role in"),
        pytest.param(TopicSink(OPERATORS, policy=to_role("Allow", "sns:Publish", {"AWS": f"{ROLE}2"})), (), BAD, "sns:Publish", id="the topic lets another role in"),
        pytest.param(TopicSink(OPERATORS, policy=to_role("Allow", "sns:Publish", {"AWS": "*"}, Condition={"StringEquals": {"aws:SourceOwner": "111122223333"}})), (), GOOD, "", id="the topic lets everyone in, under a condition"),
        pytest.param(TopicSink(OPERATORS, policy=to_role("Deny", "sns:*", "*")), ("sns:Publish",), BAD, "sns:Publish", id="the topic denies everyone"),
        pytest.param(TopicSink(OPERATORS, policy=to_role("Deny", "sns:*", {"AWS": ROLE})), ("sns:Publish",), BAD, "sns:Publish", id="the topic denies the role"),
        pytest.param(TopicSink(OPERATORS, policy=to_role("Deny", "sns:*", "*", Condition={"Bool": {"aws:SecureTransport": "false"}})), ("sns:Publish",), GOOD, "", id="the topic denies plain HTTP"),
        pytest.param(TopicSink(OPERATORS, policy="{"), (), GOOD, "", id="a policy that nobody understands"),
        pytest.param(TopicSink(f"{OPERATORS}.fifo"), ("sns:Publish",), BAD, "FIFO topic", id="a FIFO topic"),
        pytest.param(TopicSink(OPERATORS, is_hidden=True), ("sns:Publish",), UNKNOWN, "does not show", id="a hidden topic"),
        pytest.param(TopicSink(OPERATORS, key_problem="is not usable"), ("sns:Publish",), BAD, "is not usable", id="a disabled key"),
        pytest.param(TopicSink(OPERATORS, key_policy=LEFT, **OF_KEY), ("sns:Publish", *ENCRYPTS), GOOD, "", id="a key that leaves it to IAM"),
        pytest.param(TopicSink(OPERATORS, key_policy=LEFT, **OF_KEY), ("sns:Publish", "kms:Decrypt"), BAD, "kms:GenerateDataKey)", id="no right to the key"),
        pytest.param(TopicSink(OPERATORS, key_policy=policy(allow("lambda", "kms:*")), **OF_KEY), ("sns:Publish", *ENCRYPTS), BAD, "KMS key", id="a key for services alone"),
        pytest.param(TopicSink(OPERATORS, key_policy=to_role("Allow", "kms:*", {"AWS": ROLE}), **OF_KEY), ("sns:Publish",), GOOD, "", id="a key for the role"),
        pytest.param(TopicSink(OPERATORS, key_policy=policy(allow("lambda", "kms:*")), key_granted=((ROLE, frozenset({"GenerateDataKey", "Decrypt"})),), **OF_KEY), ("sns:Publish",), GOOD, "", id="a grant of the key"),
        pytest.param(TopicSink(OPERATORS, key_policy=policy(allow("lambda", "kms:*")), key_granted=((ROLE, frozenset({"Decrypt"})),), **OF_KEY), ("sns:Publish",), BAD, "(kms:GenerateDataKey)", id="a grant to decrypt alone"),
        pytest.param(TopicSink(OPERATORS, is_aws_key=True, key_id="alias/aws/sns"), ("sns:Publish",), GOOD, "", id="SNS's own key"),
        pytest.param(TopicSink(OPERATORS, key_id="arn:aws:kms:us-east-1:999900001111:key/1"), ("sns:Publish",), UNKNOWN, "another account", id="a foreign key"),
        pytest.param(BucketSink(BIN), ("s3:PutObject",), GOOD, "", id="bucket"),
        pytest.param(BucketSink(BIN, exists=False), ("s3:PutObject",), BAD, "does not exist", id="a deleted bucket"),
        pytest.param(BucketSink(BIN), ("s3:GetObject",), BAD, "s3:PutObject", id="no right to write"),
        pytest.param(BucketSink(BIN, policy=to_role("Deny", "s3:PutObject", "*", Resource=f"{BIN}/aws/*")), ("s3:PutObject",), BAD, "s3:PutObject", id="the bucket denies it"),
        pytest.param(BucketSink(BIN, key_problem="does not exist"), ("s3:PutObject",), BAD, "KMS key", id="a bucket without a key"),
        pytest.param(BucketSink(BIN, key_policy=LEFT, **OF_KEY), ("s3:PutObject", "kms:GenerateDataKey"), GOOD, "", id="a bucket's key"),
        pytest.param(BucketSink(BIN, key_policy=LEFT, **OF_KEY), ("s3:PutObject",), BAD, "kms:GenerateDataKey", id="no right to the bucket's key"),
        pytest.param(OtherSink(OTHER), ("lambda:InvokeFunction",), GOOD, "", id="function"),
        pytest.param(OtherSink(OTHER), ("lambda:GetFunction",), BAD, "function collector (lambda:InvokeFunction)", id="no right to invoke"),
        pytest.param(OtherSink(FAILURES), ("events:PutEvents",), GOOD, "", id="bus"),
        pytest.param(OtherSink(FAILURES, is_read=False), ("events:PutEvents",), BAD, "event bus failures, to which failures are sent, has no enabled rule", id="a bus without a rule"),
        pytest.param(OtherSink(FAILURES), (), BAD, "event bus failures (events:PutEvents)", id="no right to put"),
        pytest.param(OtherSink(FAILURES, policy=to_role("Allow", "events:PutEvents", {"AWS": "arn:aws:sts::111122223333:assumed-role/agent/agent"})), (), GOOD, "", id="the bus lets a session in"),
        pytest.param(sink(key_policy=LEFT, **OF_KEY), ("sqs:SendMessage", *ENCRYPTS), GOOD, "", id="a queue's key"),
        pytest.param(sink(key_policy=LEFT, **OF_KEY), ("sqs:SendMessage",), BAD, "kms:GenerateDataKey and kms:Decrypt", id="no right to the queue's key"),
        pytest.param(sink(key_id="alias/aws/sqs", is_aws_key=True), ("sqs:SendMessage",), GOOD, "", id="SQS's own key"),
    ],
)  # fmt: skip
def test_the_rights_of_the_role(place, may, status, words):
    kinds = (QueueSink, TopicSink, BucketSink)
    places = [(place,) if isinstance(place, kind) else () for kind in kinds]
    others = (place,) if isinstance(place, OtherSink) else ()
    function = use(settings={"live": InvokeSettings(place.arn)}, others=others)
    verdict = asynchronous_failures(function, QUIET, *places, (role(*may),))
    check(verdict, status, words, Severity.HIGH if status is BAD else None)


@pytest.mark.parametrize(
    ("roles", "status", "words"),
    [
        pytest.param({LATEST: "new", "7": "old"}, BAD, "The role old of", id="of the alias"),
        pytest.param({LATEST: "old", "7": "new"}, GOOD, "", id="of what nobody invokes"),
        pytest.param({LATEST: "new", "7": "new"}, GOOD, "", id="of both"),
    ],
)
def test_the_role_of_the_version_that_is_invoked_sends(roles, status, words):
    grants = (replace(SENDS, name="new"), replace(role(), name="old"))
    function = use(settings=KEPT, roles=roles)
    verdict = asynchronous_failures(function, QUIET, (sink(),), (), (), grants)
    check(verdict, status, words, Severity.HIGH if status is BAD else None)


def test_each_role_needs_only_its_own_places():
    other = "arn:aws:sqs:us-east-1:111122223333:other"
    here, there = (InvokeSettings(each) for each in (FAILED, other))
    function = use(
        {LATEST: ("Amazon SNS",), "live": ("Amazon SNS",)},
        settings={"live": here, LATEST: there},
        roles={LATEST: "new", "7": "old"},
    )
    grants = (
        replace(role("sqs:SendMessage", resource=other), name="new"),
        replace(role("sqs:SendMessage", resource=FAILED), name="old"),
    )
    places = (sink(), sink(other))
    check(asynchronous_failures(function, QUIET, places, (), (), grants), GOOD)
    gone = (sink(exists=False), sink(other))
    twice = use(settings=KEPT, versions={"live": ("7", "8")}, roles={"7": "old", "8": "new"})
    verdict = asynchronous_failures(twice, QUIET, gone, (), (), grants)
    assert verdict.reason.count("does not exist") == 1


def attested(*, days=30, approved=True, **changes):
    about = {
        "id": "aaaa11112222",
        "rule": "error_handling.asynchronous-retries",
        "scope": Scope(),
        "statement": "It charges a card.",
        "performed_at": NOON - timedelta(days=days),
        "declared_at": NOON - timedelta(days=days),
        "owner": "team@example.com",
        "attester": "alice",
        "attester_id": "AROA:alice",
        "approved_by": "bob" if approved else "",
        "approved_by_id": "AROB:bob" if approved else "",
    }
    return Attested((Attestation(**(about | changes)),), NOON, NOON - timedelta(days=60))


NOBODY = Attested((), NOON, NOON)
NO_TAGS, TAGGED = FunctionTags({}), FunctionTags({"non-idempotent": "true"})


def retrying(retries=None, age=None):
    return {"live": InvokeSettings(FAILED, retries, age)}


@pytest.mark.parametrize(
    ("function", "losses", "tags", "said", "settings", "status", "words"),
    [
        pytest.param(use(), QUIET, NO_TAGS, NOBODY, {}, GOOD, "", id="Lambda's defaults"),
        pytest.param(use(settings=retrying(1)), QUIET, NO_TAGS, NOBODY, {}, GOOD, "", id="once"),
        pytest.param(
            use(settings=retrying(0)), QUIET, NO_TAGS, NOBODY, {}, BAD, "alias live", id="off"
        ),
        pytest.param(
            use(settings=retrying(None, 60)), QUIET, NO_TAGS, NOBODY, {}, BAD, "60", id="too old"
        ),
        pytest.param(
            use(settings=retrying(2, 120)), QUIET, NO_TAGS, NOBODY, {}, GOOD, "", id="old enough"
        ),
        pytest.param(
            use(settings={LATEST: InvokeSettings("", 0)}), QUIET, NO_TAGS, NOBODY, {}, GOOD, "",
            id="off for a qualifier that nobody invokes",
        ),
        pytest.param(
            use({}, settings=retrying(0)), CALLED, NO_TAGS, NOBODY, {}, BAD, "live", id="by metric"
        ),
        pytest.param(use({}), QUIET, NO_TAGS, NOBODY, {}, NA, "", id="synchronous"),
        pytest.param(use(master_arn="arn"), QUIET, NO_TAGS, NOBODY, {}, NA, "", id="edge"),
        pytest.param(use(flaw="odd"), QUIET, NO_TAGS, NOBODY, {}, UNKNOWN, "odd", id="flaw"),
        pytest.param(
            use(settings=retrying(0)), QUIET, TAGGED, attested(), {}, GOOD, "attested", id="why"
        ),
        pytest.param(
            use(settings=retrying(0)), QUIET, NO_TAGS, attested(), {}, BAD, "", id="no tag"
        ),
        pytest.param(
            use(settings=retrying(0)), QUIET, FunctionTags({"non-idempotent": "false"}),
            attested(), {}, BAD, "", id="a tag that says no",
        ),
        pytest.param(
            use(settings=retrying(0)), QUIET, TAGGED, NOBODY, {}, UNKNOWN, "not attested", id="due"
        ),
        pytest.param(
            use(settings=retrying(0)), QUIET, TAGGED, attested(days=170), {}, GOOD, "", id="170 d"
        ),
        pytest.param(
            use(settings=retrying(0)), QUIET, TAGGED, attested(days=170), {"max_age_days": 90},
            BAD, "expired", id="older than 90 days",
        ),
        pytest.param(
            use(settings=retrying(0)), QUIET, TAGGED, attested(approved=False), {}, BAD, "second",
            id="one person",
        ),
        pytest.param(
            use(settings=retrying(0)), QUIET, TAGGED, attested(approved=False),
            {"two_people": False}, GOOD, "", id="one person is enough",
        ),
    ],
)  # fmt: skip
def test_asynchronous_retries(function, losses, tags, said, settings, status, words):
    check(asynchronous_retries(function, losses, tags, said, **settings), status, words)


def test_function_recursion():
    check(function_recursion(RecursionGuard("Terminate")), GOOD)
    check(function_recursion(RecursionGuard("Allow")), BAD, "Allow")
