"""Error handling: evidence in, verdict out."""

from __future__ import annotations

import pytest

from functions.error_handling.app import (
    event_source_failures,
    event_source_retries,
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
from readiness.evidence.ecs.task_definitions import Container, TaskDefinition
from readiness.evidence.iam.role_grants import RoleGrants
from readiness.evidence.stepfunctions import RunDefinitions
from readiness.evidence.workloads.failure_sinks import QueueSink, TopicSink
from readiness.semantics.policy import Document
from tests.accounts.error_handling import (
    DEAD,
    FAILED,
    FUNCTION,
    INTO_DEAD,
    OPERATORS,
    RETRY,
    STREAM,
    definition,
    task,
)

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
        pytest.param(runs("[" * 9000), UNKNOWN, "could not be understood", id="too deep"),
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
