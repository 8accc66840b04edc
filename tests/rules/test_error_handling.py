"""Error handling: evidence in, verdict out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from functions.error_handling.app import (
    asynchronous_failures,
    asynchronous_retries,
    event_source_failures,
    event_source_retries,
    function_recursion,
    function_sdk_retries,
    state_machine_backoff,
    state_machine_retries,
    task_sdk_retries,
)
from readiness import Severity, Status
from readiness.evidence.awslambda.asynchronous import (
    AsynchronousLosses,
    AsynchronousUse,
    InvokeSettings,
    Lost,
)
from readiness.evidence.awslambda.environments import RunEnvironments
from readiness.evidence.awslambda.event_sources import EventSource, SourceFailures
from readiness.evidence.awslambda.functions import FunctionTags
from readiness.evidence.awslambda.recursion import RecursionGuard
from readiness.evidence.ecs.task_definitions import Container, TaskDefinition
from readiness.evidence.iam.role_grants import RoleGrants
from readiness.evidence.stepfunctions import RunDefinitions
from readiness.evidence.workloads.failure_sinks import BucketSink, OtherSink, QueueSink, TopicSink
from readiness.model.attestation import Attestation, Attested, Scope
from readiness.semantics.policy import Document
from tests.accounts.error_handling import (
    DEAD,
    FAILED,
    FUNCTION,
    INTO_DEAD,
    KEY,
    OPERATORS,
    RETRY,
    ROLE,
    STREAM,
    allow,
    definition,
    policy,
    task,
)
from tests.fake_account import NOON

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA
LATEST = "$LATEST"


def check(verdict, status, words="", severity=None):
    assert verdict.status is status, verdict.reason
    assert words in verdict.reason
    assert verdict.severity is severity


# -- state machines -------------------------------------------------------------------------------

ALL = {"ErrorEquals": ["States.ALL"]}
CONSTANT = RETRY | {"BackoffRate": 1}
PASS, FAIL = {"Type": "Pass", "End": True}, {"Type": "Fail"}


def held(kind, retry, *, note=PASS, catch=("States.ALL",), **about):
    """A task whose Catch leads to the state Note, in a Parallel or Map that retries."""
    caught = {"Catch": [{"ErrorEquals": list(catch), "Next": "Note"}]}
    machine = {"StartAt": "Work", "States": {"Work": task(**caught), "Note": note}}
    inside = {"Branches": [machine]} if kind == "Parallel" else {"ItemProcessor": machine}
    return runs(definition(Each={"Type": kind, "Retry": [retry], "End": True, **inside, **about}))


def distributed(*retry, **about):
    """A task without a retrier in a Map state whose children are executions of their own."""
    machine = {"StartAt": "Work", "States": {"Work": task()}}
    mode = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    return runs(
        definition(
            Each={"Type": "Map", "Retry": list(retry), "ItemProcessor": machine | mode} | about
        )
    )


def loop(*errors):
    catch = [
        {"ErrorEquals": list(errors), "Next": "Pause"},
        {"ErrorEquals": ["States.ALL"], "Next": "Note"},
    ]
    return runs(definition(Work=task(Catch=catch), Pause=SIX, Note=PASS))


SIX = {"Type": "Wait", "Seconds": 60, "Next": "Work"}


def runs(*texts, **named):
    return RunDefinitions(dict(zip([LATEST, *named], [*texts, *named.values()], strict=True)))


def one(*retry, **changes):
    return runs(definition(Work=task(*retry, **changes)))


def within(kind, *retry, inner=(), **about):
    """A task inside of a Parallel or Map state."""
    machine = {"StartAt": "Work", "States": {"Work": task(*inner)}}
    held = {
        "Parallel": {"Branches": [machine]},
        "Map": {about.pop("key", "ItemProcessor"): machine},
    }
    return runs(definition(Each={"Type": kind, "Retry": list(retry), "End": True, **held[kind]}))


CATCH = [{"ErrorEquals": ["States.ALL"], "Next": "Pause"}]
LOOP = runs(definition(Work=task(Catch=CATCH), Pause=SIX))
TIGHT = runs(
    definition(Work=task(Catch=CATCH), Pause={"Type": "Pass", "Next": "Work"}),
)
AWAY = runs(
    definition(
        Work=task(Catch=CATCH),
        Pause={"Type": "Wait", "Seconds": 1, "Next": "Rest"},
        Rest={"Type": "Fail"},
    )
)


@pytest.mark.parametrize(
    ("machine", "status", "words"),
    [
        pytest.param(one(RETRY), GOOD, "1 task", id="a rate of 2"),
        pytest.param(one(ALL), GOOD, "", id="the defaults: three attempts, doubling"),
        pytest.param(one(), BAD, "Work is not retried", id="no retrier"),
        pytest.param(one(CONSTANT), BAD, "same wait", id="a rate of 1"),
        pytest.param(one(ALL | {"MaxAttempts": 0}), BAD, "switched off", id="no attempt"),
        pytest.param(
            one(ALL | {"IntervalSeconds": 5, "MaxDelaySeconds": 5}), BAD, "same wait", id="capped"
        ),
        pytest.param(
            one(ALL | {"IntervalSeconds": 5, "MaxDelaySeconds": 60}), GOOD, "", id="capped later"
        ),
        pytest.param(within("Parallel", ALL), GOOD, "", id="the Parallel state retries"),
        pytest.param(within("Map", ALL), GOOD, "", id="the Map state retries"),
        pytest.param(within("Map"), BAD, "Each/Work is not", id="a task in a Map"),
        pytest.param(within("Map", key="Iterator"), BAD, "Each/Work", id="in an old Map"),
        pytest.param(within("Parallel"), BAD, "Each/Work", id="a task in a Parallel"),
        pytest.param(held("Map", ALL), BAD, "not retried", id="what Map retries is caught before"),
        pytest.param(held("Parallel", ALL), BAD, "Each/Work", id="caught before the Parallel"),
        pytest.param(held("Map", ALL, note=FAIL), GOOD, "", id="caught, and failed"),
        pytest.param(
            held("Map", ALL, catch=("Odd",)), GOOD, "", id="only another error is caught"
        ),
        pytest.param(
            distributed(ALL, ToleratedFailurePercentage=5), BAD, "not", id="failures are tolerated"
        ),
        pytest.param(
            distributed(ALL, ToleratedFailureCountPath="$.n"), BAD, "not", id="tolerated by a path"
        ),
        pytest.param(distributed(ALL, ToleratedFailureCount=0), GOOD, "", id="none is tolerated"),
        pytest.param(LOOP, GOOD, "", id="its own loop with a pause"),
        pytest.param(TIGHT, BAD, "not retried", id="its own loop without a pause"),
        pytest.param(AWAY, BAD, "not retried", id="a pause that leads elsewhere"),
        pytest.param(
            one(RETRY | {"JitterStrategy": "FULL"}, QueryLanguage="JSONata"),
            GOOD,
            "",
            id="JSONata",
        ),
        pytest.param(
            runs(definition(Work=task(RETRY)), live=definition(Work=task())),
            BAD,
            "Work (live) is not retried",
            id="the version of an alias",
        ),
        pytest.param(
            runs(definition(Work={"Type": "Pass", "End": True})), NA, "no Task", id="no task"
        ),
        pytest.param(runs("{"), UNKNOWN, "could not be understood", id="no JSON"),
        pytest.param(one(ALL | {"MaxAttempts": "{% $n %}"}), UNKNOWN, "could not", id="no number"),
    ],
)
def test_state_machine_backoff(machine, status, words):
    check(state_machine_backoff(machine), status, words)


FAULTS = RETRY["ErrorEquals"]
SECOND = {"ErrorEquals": [FAULTS[0]], "MaxAttempts": 0}


@pytest.mark.parametrize(
    ("machine", "status", "words"),
    [
        pytest.param(one(RETRY), GOOD, "1 task", id="the four faults"),
        pytest.param(one(ALL), GOOD, "", id="all errors"),
        pytest.param(one({"ErrorEquals": ["States.TaskFailed"]}), GOOD, "", id="any failure"),
        pytest.param(one(CONSTANT), GOOD, "", id="the pauses do not matter here"),
        pytest.param(one({"ErrorEquals": ["States.Timeout"]}), BAD, "passing faults", id="others"),
        pytest.param(one(), BAD, "does not retry the passing faults", id="none"),
        pytest.param(one(ALL | {"MaxAttempts": 0}), BAD, "passing faults", id="switched off"),
        pytest.param(
            one(SECOND, ALL), BAD, f"does not retry {FAULTS[0]}", id="the first one decides"
        ),
        pytest.param(
            one({"ErrorEquals": FAULTS[:3]}), BAD, "Lambda.TooManyRequests", id="one is missing"
        ),
        pytest.param(within("Parallel", ALL), GOOD, "", id="the Parallel state retries"),
        pytest.param(TIGHT, GOOD, "", id="its own loop"),
        pytest.param(loop(*FAULTS), GOOD, "", id="a loop for the faults"),
        pytest.param(loop("Odd"), BAD, "passing faults", id="a loop for another error"),
        pytest.param(held("Map", ALL), BAD, "passing faults", id="caught before the Map"),
        pytest.param(held("Map", ALL, note=FAIL), GOOD, "", id="caught, and failed"),
        pytest.param(distributed(ALL), GOOD, "", id="all of the distributed Map again"),
        pytest.param(
            distributed(RETRY), BAD, "passing faults", id="children fail by another name"
        ),
        pytest.param(
            distributed(ALL, ToleratedFailureCount=3), BAD, "passing", id="failures are tolerated"
        ),
        pytest.param(one(Resource=FUNCTION), BAD, "", id="by the ARN of the function"),
        pytest.param(
            one(Resource="arn:aws:states:::lambda:invoke.waitForTaskToken"), BAD, "", id="token"
        ),
        pytest.param(
            one(Resource="arn:aws:states:::aws-sdk:lambda:invoke"), BAD, "", id="by the SDK"
        ),
        pytest.param(one(Resource="arn:aws:states:::sqs:sendMessage"), NA, "", id="no function"),
        pytest.param(
            one(Resource="arn:aws:states:us-east-1:1:activity:lambda"), NA, "", id="an activity"
        ),
        pytest.param(runs("[]"), UNKNOWN, "could not be understood", id="no state machine"),
    ],
)
def test_state_machine_retries(machine, status, words):
    check(state_machine_retries(machine), status, words)


# -- the SDK --------------------------------------------------------------------------------------

SDK = [
    pytest.param({}, GOOD, "default", id="nothing set"),
    pytest.param({"AWS_RETRY_MODE": "Standard"}, GOOD, "standard", id="standard"),
    pytest.param({"AWS_RETRY_MODE": "legacy"}, GOOD, "legacy", id="legacy is a note"),
    pytest.param({"AWS_MAX_ATTEMPTS": "3"}, GOOD, "", id="three"),
    pytest.param({"AWS_MAX_ATTEMPTS": "1"}, BAD, "AWS_MAX_ATTEMPTS=1", id="one"),
    pytest.param({"AWS_MAX_ATTEMPTS": " 1 "}, BAD, "AWS_MAX_ATTEMPTS=1", id="one and blanks"),
    pytest.param({"AWS_MAX_ATTEMPTS": "0"}, BAD, "AWS_MAX_ATTEMPTS=0", id="none"),
    pytest.param({"AWS_MAX_ATTEMPTS": "-1"}, BAD, "no number", id="less than none"),
    pytest.param({"AWS_MAX_ATTEMPTS": ""}, GOOD, "", id="empty"),
    pytest.param({"AWS_RETRY_MODE": "never"}, BAD, "refuses", id="no mode"),
]


@pytest.mark.parametrize(("environment", "status", "words"), SDK)
def test_function_sdk_retries(environment, status, words):
    check(function_sdk_retries(RunEnvironments({LATEST: environment})), status, words)


def test_function_sdk_retries_of_what_callers_reach():
    off = {"AWS_MAX_ATTEMPTS": "1"}
    check(function_sdk_retries(RunEnvironments({LATEST: {}, "7": off})), BAD, "(version 7)")
    check(function_sdk_retries(RunEnvironments({LATEST: None})), UNKNOWN, "decrypted")
    check(function_sdk_retries(RunEnvironments({LATEST: None, "7": off})), BAD, "version 7")
    check(function_sdk_retries(RunEnvironments({LATEST: off}, "arn")), NA, "replica")


@pytest.mark.parametrize(("environment", "status", "words"), SDK)
def test_task_sdk_retries(environment, status, words):
    containers = (Container("log"), Container("web", environment=environment))
    check(task_sdk_retries(TaskDefinition("web:7", "web", containers=containers)), status, words)


FILE = "arn:aws:s3:::settings/web.env"
HIDDEN = {"AWS_MAX_ATTEMPTS": "arn:aws:ssm:us-east-1:111122223333:parameter/attempts"}


@pytest.mark.parametrize(
    ("about", "status", "words"),
    [
        ({"secrets": {"DATABASE_PASSWORD": "arn"}}, GOOD, ""),
        ({"secrets": HIDDEN}, UNKNOWN, "AWS_MAX_ATTEMPTS from a secret (container web)"),
        ({"environment_files": (FILE,)}, UNKNOWN, f"the environment file {FILE}"),
        ({"environment_files": (FILE,), "environment": {"AWS_MAX_ATTEMPTS": "3"}}, GOOD, ""),
        ({"environment_files": (FILE,), "environment": {"AWS_MAX_ATTEMPTS": "1"}}, BAD, "=1"),
    ],
)
def test_what_a_container_reads_its_environment_from(about, status, words):
    containers = (Container("web", **about),)
    check(task_sdk_retries(TaskDefinition("web:7", "web", containers=containers)), status, words)


# -- functions ------------------------------------------------------------------------------------

QUIET = AsynchronousLosses(Lost())
CALLED = AsynchronousLosses(Lost(received=5.0))
SNS = {"live": ("Amazon SNS",)}
VERSIONS = {LATEST: (LATEST,), "live": ("7",)}
KEPT = {"live": InvokeSettings(FAILED)}


def use(callers=SNS, **about):
    versions = about.pop("versions", VERSIONS)
    roles = {each: "agent" for reached in versions.values() for each in reached}
    return AsynchronousUse("agent", callers, versions=versions, **{"roles": roles, **about})


def sink(arn=FAILED, **about):
    return QueueSink(arn, **about)


def role(*actions, resource="*"):
    if not actions:
        return RoleGrants("agent")
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return RoleGrants(
        "agent", (Document.of("p", {"Version": "2012-10-17", "Statement": statement}),)
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
        pytest.param(TopicSink(OPERATORS, key_policy=policy(allow("lambda", "kms:*")), key_grantees=(ROLE,), **OF_KEY), ("sns:Publish",), GOOD, "", id="a grant of the key"),
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


# -- event sources --------------------------------------------------------------------------------


BUS = "arn:aws:events:us-east-1:111122223333:event-bus/failures"
BINS = "arn:aws:s3:::failed-batches"


def source(**about):
    good = {
        "uuid": "1",
        "function_arn": FUNCTION,
        "source_arn": STREAM,
        "service": "kinesis",
        "batch_size": 100,
        "retries": 5,
        "age": -1,
        "destination": FAILED,
        "response_types": ("ReportBatchItemFailures",),
    }
    return EventSource(**(good | about))


@pytest.mark.parametrize(
    ("about", "queues", "topics", "status", "words"),
    [
        pytest.param(source(), (sink(),), (), GOOD, "failed", id="good"),
        pytest.param(source(retries=-1, age=3600), (sink(),), (), GOOD, "", id="by age"),
        pytest.param(source(retries=-1), (sink(),), (), BAD, "shard waits", id="for ever"),
        pytest.param(source(retries=None, age=None), (sink(),), (), BAD, "waits", id="unsaid"),
        pytest.param(source(destination=""), (), (), BAD, "dropped", id="nowhere"),
        pytest.param(source(), (sink(exists=False),), (), BAD, "not exist", id="deleted queue"),
        pytest.param(
            source(), (), (TopicSink(OPERATORS, exists=False),), BAD, "not exist", id="topic"
        ),
        pytest.param(
            source(service="kafka", retries=0, is_shared_group=True), (sink(),), (), GOOD, "",
            id="a shared group",
        ),
        pytest.param(
            source(service="kafka", retries=None, age=None, is_shared_group=True), (sink(),), (),
            GOOD, "", id="a shared group with nothing set",
        ),
        pytest.param(
            source(service="kafka", retries=-1), (sink(),), (), GOOD, "",
            id="Kafka for ever, which is ten times",
        ),
        pytest.param(
            source(service="kafka", retries=-1, destination=""), (), (), BAD, "shard waits",
            id="Kafka for ever",
        ),
        pytest.param(
            source(), (sink(DEAD),), (), BAD, "role agent of the function agent", id="its role"
        ),
        pytest.param(
            SourceFailures(source(destination=BUS), missing=(BUS,)), (), (), BAD,
            "The event bus arn", id="a bus that is gone",
        ),
        pytest.param(
            SourceFailures(source(destination=BINS), unseen=(BINS,)), (), (), UNKNOWN,
            "not of this account", id="a bucket that is not ours",
        ),
        pytest.param(source(service="sqs"), (), (), NA, "queue-redrive", id="a queue"),
        pytest.param(source(service="mq", destination=""), (), (), NA, "kind", id="a broker"),
        pytest.param(source(state="Disabled", destination=""), (), (), NA, "disabled", id="off"),
        pytest.param(source(state="Disabling", destination=""), (), (), NA, "disabl", id="soon off"),
    ],
)  # fmt: skip
def test_event_source_failures(about, queues, topics, status, words):
    failures = about if isinstance(about, SourceFailures) else SourceFailures(about)
    may_send_to_failed = role("sqs:SendMessage", resource=FAILED)
    verdict = event_source_failures(failures, queues, topics, (), may_send_to_failed)
    check(verdict, status, words, Severity.HIGH if status is BAD else None)


@pytest.mark.parametrize(
    ("about", "status", "severity"),
    [
        pytest.param(source(), GOOD, None, id="good"),
        pytest.param(source(retries=0), BAD, Severity.MEDIUM, id="off"),
        pytest.param(source(retries=-1), GOOD, None, id="for ever"),
        pytest.param(source(response_types=()), BAD, Severity.LOW, id="the whole batch"),
        pytest.param(source(response_types=(), batch_size=1), GOOD, None, id="one by one"),
        pytest.param(source(response_types=(), bisects=True), GOOD, None, id="in halves"),
        pytest.param(
            source(service="sqs", response_types=(), retries=None), BAD, Severity.LOW, id="a queue"
        ),
        pytest.param(source(service="sqs", retries=None), GOOD, None, id="a queue that reports"),
        pytest.param(
            source(service="kafka", retries=0, is_shared_group=True, response_types=()),
            GOOD, None, id="a shared group",
        ),
        pytest.param(source(state="Disabled", retries=0), NA, None, id="disabled"),
    ],
)  # fmt: skip
def test_event_source_retries(about, status, severity):
    check(event_source_retries(about), status, "", severity)


def dead(**about):
    return sink(DEAD, **({"policy": INTO_DEAD} | about))
