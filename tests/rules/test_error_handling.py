"""Error handling: evidence in, verdict out."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from functions.error_handling.app import (
    asynchronous_failures,
    asynchronous_retries,
    dependency_backoff,
    dependency_breakers,
    event_source_failures,
    event_source_retries,
    function_recursion,
    function_sdk_retries,
    pipe_failures,
    pipe_retries,
    queue_redrive,
    queue_retries,
    rule_failures,
    rule_retries,
    schedule_failures,
    schedule_retries,
    state_machine_backoff,
    state_machine_retries,
    subscription_failures,
    subscription_retries,
    task_sdk_retries,
)
from readiness import Severity, Status
from readiness.evidence.awslambda.asynchronous import (
    AsynchronousLosses,
    AsynchronousUse,
    InvokeSettings,
    Lost,
    RecursionGuard,
    RunEnvironments,
)
from readiness.evidence.awslambda.event_sources import EventSource, SourceFailures
from readiness.evidence.awslambda.functions import FunctionTags
from readiness.evidence.ecs.task_definitions import Container, TaskDefinition
from readiness.evidence.eventbridge.rules import RuleLosses, RuleTarget, RuleTargets
from readiness.evidence.iam.role_grants import RoleGrants
from readiness.evidence.pipes import PipeSource
from readiness.evidence.scheduler import GroupSchedules, Schedule
from readiness.evidence.sns.redrive import Redriven, TopicLosses, TopicRedrive
from readiness.evidence.sqs.redrive import QueueRedrive
from readiness.evidence.stepfunctions import RunDefinitions
from readiness.evidence.workloads.dependencies import Circuit, DependencyGuards, Guarded
from readiness.evidence.workloads.failure_sinks import BucketSink, OtherSink, QueueSink, TopicSink
from readiness.model.attestation import Attestation, Attested, Result, Scope
from readiness.semantics.policy import Document
from tests.accounts.error_handling import (
    DEAD,
    FAILED,
    FUNCTION,
    INTO_DEAD,
    KEY,
    KEY_POLICY,
    OPERATORS,
    RETRY,
    ROLE,
    RULE,
    STREAM,
    TOPIC,
    WORK,
    allow,
    definition,
    policy,
    task,
)
from tests.accounts.error_handling import fake_account as an_account
from tests.fake_account import NOON, observe

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


# -- queues ---------------------------------------------------------------------------------------

LONG = sink(DEAD, retention=1_209_600)


def queue(**about):
    return QueueRedrive(**({"name": "work", "arn": WORK, "dead": DEAD, "most": 5} | about))


def allows(permission, *arns):
    return json.dumps(
        {"redrivePermission": permission, **({"sourceQueueArns": arns} if arns else {})}
    )


@pytest.mark.parametrize(
    ("about", "sinks", "settings", "status", "words", "severity"),
    [
        pytest.param(queue(), (LONG,), {}, GOOD, "dead after it was received 5", None, id="good"),
        pytest.param(queue(most=None), (LONG,), {}, GOOD, "10 times", None, id="SQS's default"),
        pytest.param(queue(dead="", most=None), (), {}, BAD, "4 days", None, id="none"),
        pytest.param(
            queue(dead="", senders=("function agent",)), (), {}, NA, "function agent", None,
            id="a dead-letter queue",
        ),
        pytest.param(
            queue(dead="", takes_dead_letters=True), (), {}, NA, "", None, id="it says it is one"
        ),
        pytest.param(queue(flaw="odd"), (), {}, UNKNOWN, "odd", None, id="odd"),
        pytest.param(
            queue(), (sink(DEAD, exists=False),), {}, BAD, "not exist", Severity.HIGH, id="deleted"
        ),
        pytest.param(
            queue(), (sink(f"{DEAD}.fifo"),), {}, BAD, "FIFO", Severity.HIGH, id="other kind"
        ),
        pytest.param(
            queue(name="work.fifo"), (LONG,), {}, BAD, "standard", Severity.HIGH, id="and back"
        ),
        pytest.param(
            queue(name="work.fifo", dead=f"{DEAD}.fifo"), (sink(f"{DEAD}.fifo", retention=86_400),),
            {}, GOOD, "", None, id="a FIFO queue begins the time anew",
        ),
        pytest.param(
            queue(), (sink(DEAD, retention=86_400),), {}, BAD, "1 day", Severity.MEDIUM, id="short"
        ),
        pytest.param(queue(), (sink(DEAD),), {}, GOOD, "", None, id="as long"),
        pytest.param(
            queue(), (sink(DEAD, allows=allows("denyAll")),), {}, BAD, "not allow the queue",
            Severity.HIGH, id="denies all",
        ),
        pytest.param(
            queue(), (sink(DEAD, allows=allows("byQueue", FAILED)),), {}, BAD, "not allow the queue",
            Severity.HIGH, id="allows another",
        ),
        pytest.param(
            queue(), (sink(DEAD, allows=allows("byQueue", WORK)),), {}, GOOD, "", None, id="allows"
        ),
        pytest.param(
            queue(), (sink(DEAD, allows=allows("allowAll")),), {}, GOOD, "", None, id="allows all"
        ),
        pytest.param(
            queue(), (sink(DEAD, dead=WORK),), {}, BAD, "circle", Severity.HIGH, id="circle"
        ),
        pytest.param(
            queue(most=2), (LONG,), {}, BAD, "received 2 times", Severity.MEDIUM, id="too soon"
        ),
        pytest.param(
            queue(most=2), (LONG,), {"min_receives": 2}, GOOD, "", None, id="soon enough"
        ),
        pytest.param(
            queue(most=1000, visibility=600), (LONG,), {}, BAD, "none is ever", Severity.MEDIUM,
            id="it expires before",
        ),
        pytest.param(
            queue(), (sink(DEAD, key_problem="does not exist"),), {}, BAD, "KMS", Severity.HIGH,
            id="key",
        ),
    ],
)  # fmt: skip
def test_queue_redrive(about, sinks, settings, status, words, severity):
    given = replace(about, sink=sinks[0]) if sinks else about
    check(queue_redrive(given, **settings), status, words, severity)


@pytest.mark.parametrize(
    ("about", "status"),
    [
        pytest.param(queue(), GOOD, id="five"),
        pytest.param(queue(most=None), GOOD, id="SQS's default"),
        pytest.param(queue(most=1), BAD, id="one"),
        pytest.param(queue(dead="", most=None), GOOD, id="no dead-letter queue"),
        pytest.param(queue(dead="", senders=("work",)), NA, id="a dead-letter queue"),
        pytest.param(queue(dead="", flaw="odd"), UNKNOWN, id="odd"),
    ],
)
def test_queue_retries(about, status):
    check(queue_retries(about), status)


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


# -- topics ---------------------------------------------------------------------------------------


def subscribed(**about):
    good = {"arn": f"{TOPIC}:1", "protocol": "lambda", "endpoint": FUNCTION, "dead": DEAD}
    return Redriven(**(good | about))


def topic(*subscriptions, **about):
    return TopicRedrive("alerts", TOPIC, subscriptions, **about)


def dead(**about):
    return sink(DEAD, **({"policy": INTO_DEAD} | about))


CUSTOMER = {"key_id": KEY, "key_arn": KEY}
NONE_LOST = TopicLosses()
OTHER_TOPIC = policy(allow("sns", "sqs:SendMessage", source=f"{TOPIC}-2"))
BY_TAG = policy(
    allow("sns", "sqs:SendMessage")
    | {"Condition": {"StringEquals": {"aws:ResourceTag/team": "ops"}}}
)


@pytest.mark.parametrize(
    ("about", "losses", "sinks", "status", "words", "severity"),
    [
        pytest.param(topic(subscribed()), NONE_LOST, (dead(),), GOOD, "", None, id="good"),
        pytest.param(
            topic(subscribed(), subscribed(dead="", protocol="sqs", endpoint=WORK)),
            NONE_LOST, (dead(),), BAD, "sqs work", Severity.HIGH, id="one of two",
        ),
        pytest.param(topic(others=3), NONE_LOST, (), NA, "confirmed", None, id="people"),
        pytest.param(
            topic(subscribed()), NONE_LOST, (dead(exists=False),), BAD, "not exist", Severity.HIGH,
            id="deleted",
        ),
        pytest.param(
            topic(subscribed()), NONE_LOST, (dead(policy=""),), BAD, "policy", Severity.HIGH,
            id="no policy",
        ),
        pytest.param(
            topic(subscribed()), NONE_LOST, (dead(policy=OTHER_TOPIC),), BAD, "policy",
            Severity.HIGH, id="lets another topic in",
        ),
        pytest.param(
            topic(subscribed()), NONE_LOST, (dead(policy=BY_TAG),), UNKNOWN, "conditions", None,
            id="under conditions",
        ),
        pytest.param(
            topic(subscribed()), NONE_LOST, (dead(policy="{"),), UNKNOWN, "conditions", None,
            id="a policy nobody understands",
        ),
        pytest.param(
            topic(subscribed()), NONE_LOST, (dead(is_aws_key=True),), BAD, "alias/aws/sqs",
            Severity.HIGH, id="SQS's own key",
        ),
        pytest.param(
            topic(subscribed()), NONE_LOST, (dead(**CUSTOMER, key_policy=KEY_POLICY),), GOOD, "",
            None, id="a key that lets SNS in",
        ),
        pytest.param(
            topic(subscribed()), NONE_LOST,
            (dead(**CUSTOMER, key_policy=policy(allow("sns", "kms:Decrypt"))),), BAD, "encrypt",
            Severity.HIGH, id="a key that lets SNS only decrypt",
        ),
        pytest.param(
            topic(subscribed()), NONE_LOST, (dead(**CUSTOMER, key_policy="{"),), UNKNOWN, "KMS",
            None, id="a key policy nobody understands",
        ),
        pytest.param(
            topic(subscribed()), NONE_LOST, (dead(key_id="arn"),), UNKNOWN, "another account",
            None, id="a key of another account",
        ),
        pytest.param(
            topic(subscribed()), TopicLosses(undelivered=2.0), (dead(),), BAD, "2 messages",
            Severity.CRITICAL, id="lost on the way to the queue",
        ),
        pytest.param(
            topic(subscribed()), TopicLosses(undelivered=2.0, is_past=True), (dead(),), GOOD, "",
            None, id="repaired since",
        ),
        pytest.param(
            topic(subscribed()), TopicLosses(undelivered=2.0, is_past=True), (dead(policy=""),),
            BAD, "2 messages", Severity.CRITICAL, id="not repaired",
        ),
        pytest.param(
            topic(subscribed(dead="")), TopicLosses(failed=2.0), (), BAD, "are lost",
            Severity.CRITICAL, id="lost",
        ),
        pytest.param(
            topic(subscribed(dead=""), others=1), TopicLosses(failed=2.0), (), BAD, "Without",
            Severity.HIGH, id="lost, or a mail was",
        ),
        pytest.param(
            topic(subscribed()), TopicLosses(failed=2.0), (dead(),), GOOD, "", None, id="kept"
        ),
        pytest.param(
            TopicRedrive("a.fifo", f"{TOPIC}.fifo", (subscribed(),)), NONE_LOST, (dead(),), BAD,
            "standard", Severity.HIGH, id="a FIFO topic",
        ),
    ],
)  # fmt: skip
def test_subscription_failures(about, losses, sinks, status, words, severity):
    check(subscription_failures(about, losses, sinks), status, words, severity)


@pytest.mark.parametrize(
    ("about", "status"),
    [
        pytest.param(topic(subscribed()), GOOD, id="a function"),
        pytest.param(topic(subscribed(protocol="https", retries=3)), GOOD, id="three"),
        pytest.param(topic(subscribed(protocol="https", retries=0)), BAD, id="none"),
        pytest.param(topic(), NA, id="nobody"),
    ],
)
def test_subscription_retries(about, status):
    check(subscription_retries(about), status)


# -- EventBridge ----------------------------------------------------------------------------------


def rule(*targets, **about):
    return RuleTargets("hourly", RULE, targets=targets, **about)


def to(id="agent", **about):
    return RuleTarget(id, FUNCTION, **({"dead": DEAD} | about))


@pytest.mark.parametrize(
    ("about", "losses", "sinks", "status", "words", "severity"),
    [
        pytest.param(rule(to()), RuleLosses(), (dead(),), GOOD, "1 target", None, id="good"),
        pytest.param(
            rule(to(), to("b", dead="")), RuleLosses(), (dead(),), BAD, "target b", Severity.HIGH,
            id="one of two",
        ),
        pytest.param(
            rule(to(dead="")), RuleLosses(failed=1.0), (), BAD, "lost", Severity.CRITICAL, id="lost"
        ),
        pytest.param(
            rule(to(), to("b", dead="")), RuleLosses(failed=1.0), (dead(),), BAD, "target b",
            Severity.HIGH, id="lost, or kept",
        ),
        pytest.param(
            rule(to()), RuleLosses(undelivered=1.0), (dead(),), BAD, "lost", Severity.CRITICAL,
            id="lost on the way to the queue",
        ),
        pytest.param(
            rule(to()), RuleLosses(undelivered=1.0, is_past=True), (dead(),), GOOD, "", None,
            id="repaired since",
        ),
        pytest.param(
            rule(to()), RuleLosses(undelivered=1.0, is_past=True), (dead(policy=""),), BAD, "lost",
            Severity.CRITICAL, id="not repaired",
        ),
        pytest.param(
            rule(to()), RuleLosses(), (dead(policy=""),), BAD, "EventBridge", Severity.HIGH,
            id="not let in",
        ),
        pytest.param(
            rule(to()), RuleLosses(), (sink(f"{DEAD}.fifo"),), BAD, "FIFO", Severity.HIGH,
            id="FIFO",
        ),
        pytest.param(
            rule(to()), RuleLosses(), (dead(policy="{"),), UNKNOWN, "", None, id="unclear"
        ),
        pytest.param(rule(), RuleLosses(), (), NA, "no target", None, id="no target"),
        pytest.param(rule(enabled=False), RuleLosses(), (), NA, "disabled", None, id="disabled"),
        pytest.param(
            rule(manager="autoscaling.amazonaws.com"), RuleLosses(), (), NA, "autoscaling", None,
            id="managed",
        ),
    ],
)  # fmt: skip
def test_rule_failures(about, losses, sinks, status, words, severity):
    check(rule_failures(about, losses, sinks), status, words, severity)


@pytest.mark.parametrize(
    ("about", "status", "words"),
    [
        pytest.param(rule(to()), GOOD, "", id="EventBridge's own"),
        pytest.param(rule(to(retries=3)), GOOD, "", id="three"),
        pytest.param(rule(to(retries=3), to("b", retries=0)), BAD, "target b", id="off"),
        pytest.param(rule(enabled=False), NA, "", id="disabled"),
    ],
)
def test_rule_retries(about, status, words):
    check(rule_retries(about), status, words)


def group(*schedules, **about):
    return GroupSchedules(schedules, **about)


def at(name="nightly", **about):
    return Schedule(name, FUNCTION, **({"dead": DEAD} | about))


@pytest.mark.parametrize(
    ("about", "sinks", "settings", "status", "words"),
    [
        pytest.param(group(at()), (dead(),), {}, GOOD, "", id="good"),
        pytest.param(
            group(at(role="agent")), (sink(DEAD),), {}, BAD, "may not send", id="its role"
        ),
        pytest.param(
            group(at()), (dead(is_hidden=True),), {}, UNKNOWN, "belongs to account", id="foreign"
        ),
        pytest.param(group(over=2), (), {}, NA, "2 that never run again", id="over"),
        pytest.param(group(at(), at("b", dead="")), (dead(),), {}, BAD, "1 of 2", id="one of two"),
        pytest.param(group(at()), (dead(exists=False),), {}, BAD, "not exist", id="deleted"),
        pytest.param(group(at()), (sink(f"{DEAD}.fifo"),), {}, BAD, "FIFO", id="FIFO"),
        pytest.param(group(disabled=4), (), {}, NA, "", id="disabled"),
        pytest.param(group(at(), unread=2), (dead(),), {}, UNKNOWN, "2 more", id="too many"),
        pytest.param(group(at("b", dead=""), unread=2), (), {}, BAD, "b", id="too many, one bad"),
    ],
)
def test_schedule_failures(about, sinks, settings, status, words):
    verdict = schedule_failures(about, sinks, (role(),), **settings)
    check(verdict, status, words, Severity.HIGH if status is BAD else None)


@pytest.mark.parametrize(
    ("about", "status", "words"),
    [
        pytest.param(group(at()), GOOD, "", id="Scheduler's own"),
        pytest.param(group(at(), at("b", retries=0)), BAD, "b", id="off"),
        pytest.param(group(at("b", retries=0), unread=1), BAD, "b", id="off, and more"),
        pytest.param(group(at(), unread=1), UNKNOWN, "1 more", id="too many"),
        pytest.param(group(), NA, "", id="none"),
    ],
)
def test_schedule_retries(about, status, words):
    check(schedule_retries(about), status, words)


LISTED = {"Name": "nightly", "GroupName": "default", "Target": {"Arn": FUNCTION}}


@pytest.mark.parametrize("rule", [schedule_failures, schedule_retries], ids=lambda each: each.name)
@pytest.mark.parametrize(("most", "status"), [(1000, GOOD), (2, UNKNOWN)])
def test_how_many_schedules_are_read(rule, most, status):
    listed = {"Schedules": [{**LISTED, "Name": f"s{n}"} for n in range(3)]}
    account = an_account().but(scheduler__list_schedules=listed)
    given = {} if most == 1000 else {"most_schedules": most}
    assert observe(account, rule, "default", **given).finding.status is status


def pipe(**about):
    good = {"name": "clicks", "source": STREAM, "service": "kinesis", "dead": FAILED, "retries": 5}
    return PipeSource(**(good | about))


@pytest.mark.parametrize(
    ("about", "queues", "topics", "status", "words"),
    [
        pytest.param(pipe(), (sink(),), (), GOOD, "failed", id="good"),
        pytest.param(pipe(retries=-1, age=60), (sink(),), (), GOOD, "", id="by age"),
        pytest.param(pipe(), (sink(DEAD),), (), BAD, "role agent of the pipe", id="its role"),
        pytest.param(pipe(), (sink(is_hidden=True),), (), UNKNOWN, "belongs to", id="foreign"),
        pytest.param(pipe(retries=None), (sink(),), (), BAD, "waits", id="for ever"),
        pytest.param(pipe(dead=""), (), (), BAD, "dropped", id="nowhere"),
        pytest.param(pipe(), (sink(exists=False),), (), BAD, "not exist", id="deleted"),
        pytest.param(
            pipe(), (), (TopicSink(OPERATORS, exists=False),), BAD, "not exist", id="topic"
        ),
        pytest.param(pipe(service="sqs", dead=""), (), (), NA, "queue-redrive", id="a queue"),
        pytest.param(pipe(service="kafka", dead=""), (), (), NA, "kind", id="a broker"),
        pytest.param(pipe(is_stopped=True, dead=""), (), (), NA, "stopped", id="stopped"),
    ],
)
def test_pipe_failures(about, queues, topics, status, words):
    may_send_to_failed = role("sqs:SendMessage", resource=FAILED)
    verdict = pipe_failures(about, queues, topics, may_send_to_failed)
    check(verdict, status, words, Severity.HIGH if status is BAD else None)


@pytest.mark.parametrize(
    ("about", "status"),
    [
        pytest.param(pipe(), GOOD, id="good"),
        pytest.param(pipe(retries=0), BAD, id="off"),
        pytest.param(pipe(service="sqs", retries=None), GOOD, id="a queue"),
        pytest.param(pipe(is_stopped=True, retries=0), NA, id="stopped"),
    ],
)
def test_pipe_retries(about, status):
    check(pipe_retries(about), status)


# -- dependencies -----------------------------------------------------------------------------


CLOSED = Circuit("circuits", "models", "ACTIVE", ("id",), "CLOSED")


def open_for(minutes):
    return replace(CLOSED, state="OPEN", opened=NOON - timedelta(minutes=minutes))


def guards(*dependencies, **about):
    return DependencyGuards(dependencies, now=NOON, revision="0d59edeb9381", **about)


def calls(name="models", **about):
    return Guarded("agents", name, **({"functions": ("agent",), "unlimited": ("agent",)} | about))


def guarded(**changes):
    return guards(calls(circuit=replace(CLOSED, **changes)))


UNSURE = Attested((), NOON, NOON - timedelta(days=30))
NAMED = {"bound_to": {"dependencies": "models"}}
BOTH = {"bound_to": {"dependencies": "models", "revision": "0d59edeb9381"}}


@pytest.mark.parametrize(
    ("about", "said", "settings", "status", "words", "severity"),
    [
        pytest.param(guards(calls(circuit=CLOSED)), NOBODY, {}, GOOD, "circuits", None, id="closed"),
        pytest.param(guarded(state=""), NOBODY, {}, GOOD, "", None, id="never opened: no row"),
        pytest.param(guarded(state="HALF_OPEN"), NOBODY, {}, GOOD, "", None, id="half open"),
        pytest.param(guards(calls(circuit=open_for(5))), NOBODY, {}, GOOD, "", None, id="open"),
        pytest.param(
            guards(calls(circuit=open_for(90))), NOBODY, {}, BAD, "open since", Severity.HIGH,
            id="stuck",
        ),
        pytest.param(
            guards(calls(circuit=open_for(90))), NOBODY, {"max_open_minutes": 120}, GOOD, "", None,
            id="not yet stuck",
        ),
        pytest.param(
            guards(calls(circuit=open_for(90)), refused={"other": "odd"}), NOBODY, {}, BAD,
            "open since", Severity.HIGH, id="stuck, and another manifest is odd",
        ),
        pytest.param(
            guarded(state="OPEN"), NOBODY, {}, UNKNOWN, "since when", None, id="open since?"
        ),
        pytest.param(guarded(state="AJAR"), NOBODY, {}, UNKNOWN, "AJAR", None, id="odd state"),
        pytest.param(
            guarded(table_state=""), NOBODY, {}, BAD, "does not exist", Severity.MEDIUM,
            id="no table",
        ),
        pytest.param(
            guarded(table_state="CREATING"), NOBODY, {}, UNKNOWN, "CREATING", None, id="new table"
        ),
        pytest.param(guarded(key=("pk", "sk")), NOBODY, {}, UNKNOWN, "not id", None, id="key"),
        pytest.param(
            guarded(refused=("agent",)), NOBODY, {}, BAD, "never opens", Severity.MEDIUM,
            id="a role that may not keep it",
        ),
        pytest.param(guards(calls(unlimited=())), NOBODY, {}, GOOD, "concurrency", None, id="cap"),
        pytest.param(
            guards(calls(unlimited=(), services=("agents/web",))), NOBODY, {}, UNKNOWN,
            "not attested", None, id="a service calls it too",
        ),
        pytest.param(
            guards(calls(functions=(), unlimited=())), NOBODY, {}, UNKNOWN, "not attested", None,
            id="nothing calls it",
        ),
        pytest.param(guards(calls(ejects="ejected")), NOBODY, {}, GOOD, "ejected", None, id="ECS"),
        pytest.param(guards(calls()), NOBODY, {}, UNKNOWN, "not attested yet", None, id="grace"),
        pytest.param(guards(calls()), UNSURE, {}, BAD, "not attested", None, id="nothing"),
        pytest.param(guards(calls()), attested(**NAMED), {}, GOOD, "attested", None, id="attested"),
        pytest.param(
            guards(calls()), attested(bound_to={"dependencies": "mail"}), {}, BAD, "void", None,
            id="attested of another",
        ),
        pytest.param(
            guards(calls()), attested(days=170, **NAMED), {"max_age_days": 90}, BAD, "expired",
            None, id="attested long ago",
        ),
        pytest.param(
            guards(calls()), attested(days=170, **NAMED), {}, GOOD, "", None, id="attested before"
        ),
        pytest.param(
            guards(calls()), attested(approved=False, **NAMED), {}, BAD, "second", None, id="alone"
        ),
        pytest.param(
            guards(calls()), attested(approved=False, **NAMED), {"two_people": False}, GOOD, "",
            None, id="alone is enough",
        ),
        pytest.param(guards(), NOBODY, {}, UNKNOWN, "dependencies", None, id="none stated"),
        pytest.param(
            guards(refused={"agents": "odd"}), NOBODY, {}, UNKNOWN, "odd", None, id="refused"
        ),
        pytest.param(
            guards(calls(circuit=CLOSED), refused={"other": "odd"}), NOBODY, {}, UNKNOWN, "odd",
            None, id="another is refused",
        ),
        pytest.param(guards(has_compute=False), NOBODY, {}, NA, "no function", None, id="nothing runs"),
    ],
)  # fmt: skip
def test_dependency_breakers(about, said, settings, status, words, severity):
    check(dependency_breakers(about, said, **settings), status, words, severity)


@pytest.mark.parametrize(
    ("about", "said", "settings", "status", "words"),
    [
        pytest.param(guards(calls()), attested(**BOTH), {}, GOOD, "attested", id="attested"),
        pytest.param(guards(calls()), NOBODY, {}, UNKNOWN, "not attested", id="not yet"),
        pytest.param(guards(calls()), UNSURE, {}, UNKNOWN, "not attested", id="never a violation"),
        pytest.param(
            guards(calls()), attested(bound_to={**BOTH["bound_to"], "revision": "old"}), {},
            UNKNOWN, "void", id="of other code",
        ),
        pytest.param(
            guards(calls()), attested(result=Result.FAIL, **BOTH), {}, BAD, "failed", id="failed"
        ),
        pytest.param(
            guards(calls()), attested(days=170, **BOTH), {"max_age_days": 90}, UNKNOWN, "expired",
            id="long ago",
        ),
        pytest.param(
            guards(calls()), attested(approved=False, **BOTH), {}, UNKNOWN, "second", id="alone"
        ),
        pytest.param(
            guards(calls()), attested(approved=False, **BOTH), {"two_people": False}, GOOD, "",
            id="alone is enough",
        ),
        pytest.param(guards(), NOBODY, {}, UNKNOWN, "manifest", id="none stated"),
        pytest.param(guards(), attested(), {}, GOOD, "", id="none stated, and attested"),
        pytest.param(guards(refused={"a": "odd"}), NOBODY, {}, UNKNOWN, "odd", id="refused"),
        pytest.param(guards(has_compute=False), NOBODY, {}, NA, "no function", id="nothing runs"),
    ],
)  # fmt: skip
def test_dependency_backoff(about, said, settings, status, words):
    check(dependency_backoff(about, said, **settings), status, words)


# -- how long failures are kept -------------------------------------------------------------------


def test_a_queue_that_forgets_failures_within_a_day_keeps_none():
    short = sink(retention=3600)
    verdict = asynchronous_failures(use(settings=KEPT), QUIET, (short,), (), (), (SENDS,))
    check(verdict, BAD, "1:00:00", Severity.MEDIUM)
    day = sink(retention=86_400)
    check(asynchronous_failures(use(settings=KEPT), QUIET, (day,), (), (), (SENDS,)), GOOD)
