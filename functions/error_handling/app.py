"""Error handling: what fails is tried again, and what fails for good is kept."""

from datetime import timedelta
from typing import Annotated

from readiness import (
    Between,
    Severity,
    Status,
    Verdict,
    complies,
    heading,
    not_applicable,
    violates,
)
from readiness.engine.handler import handler_of
from readiness.evidence.awslambda.asynchronous import AsynchronousLosses, AsynchronousUse
from readiness.evidence.awslambda.environments import RunEnvironments
from readiness.evidence.awslambda.event_sources import EventSource, SourceFailures
from readiness.evidence.awslambda.functions import FunctionTags
from readiness.evidence.awslambda.recursion import RecursionGuard
from readiness.evidence.ecs.task_definitions import TaskDefinition
from readiness.evidence.eventbridge.rules import RuleLosses, RuleTargets
from readiness.evidence.iam.role_grants import RoleGrants
from readiness.evidence.pipes import PipeSource
from readiness.evidence.scheduler import GroupSchedules
from readiness.evidence.sns.redrive import TopicLosses, TopicRedrive
from readiness.evidence.sqs.redrive import QueueRedrive
from readiness.evidence.stepfunctions import RunDefinitions
from readiness.evidence.workloads.dependencies import DependencyGuards
from readiness.evidence.workloads.failure_sinks import BucketSink, QueueSink, TopicSink
from readiness.model.attestation import Attested
from readiness.model.text import listed, plural

from .asynchronous import judge_retries, judge_sinks
from .breakers import attested_verdict, judge_guards, undeclared
from .delivery import (
    NOBODY,
    idle,
    judge_rule,
    judge_schedules,
    judge_subscriptions,
    of_group,
    retried,
    targets,
)
from .queues import judge_queue, judge_receives
from .retries import (
    backoff_problem,
    judge_container_sdk,
    judge_function_sdk,
    judge_tasks,
    retry_problem,
)
from .settings import MaxAgeDays, MostSchedules, TwoPeople
from .streams import judge_pipe, judge_source, judge_source_retries, retries_off

error_handling = heading("Reliability", "Error Handling")

BACKOFF = "Implement exponential backoff"
DEAD_LETTERS = "Configure dead letter queues"
BREAKERS = "Set up circuit breakers"
RETRIES = "Enable automatic retries"

NOT_IDEMPOTENT = "non-idempotent"
"""The tag of a function whose work must not be done twice; ``true`` says so."""


# -- exponential backoff --------------------------------------------------------------------------


@error_handling.rule(BACKOFF, severity=Severity.MEDIUM)
def state_machine_backoff(machine: RunDefinitions) -> Verdict:
    """Every task of a state machine is retried with pauses that grow.

    Judged is what an execution runs: the current definition and the version behind each alias. A
    retrier without BackoffRate doubles its pause. A retry of the Parallel or Map state around a
    task counts, and so does a Catch that leads back to the task through a Wait state.
    """
    return judge_tasks(
        machine,
        backoff_problem,
        wanted=lambda task: bool(task.resource),
        kind="Task state",
        expected="A retrier with MaxAttempts above 0 and BackoffRate above 1 for every task.",
        good="Every task is retried with growing pauses",
    )


@error_handling.rule(BACKOFF, severity=Severity.MEDIUM)
def function_sdk_retries(function: RunEnvironments) -> Verdict:
    """The environment of a function leaves the retries of the AWS SDK on.

    The SDK retries with exponential backoff by default.
    """
    return judge_function_sdk(function)


@error_handling.rule(BACKOFF, severity=Severity.MEDIUM)
def task_sdk_retries(task_definition: TaskDefinition) -> Verdict:
    """The environment of a task's containers leaves the retries of the AWS SDK on.

    The SDK retries with exponential backoff by default.
    """
    return judge_container_sdk(task_definition)


@error_handling.rule(BACKOFF, severity=Severity.MEDIUM)
def dependency_backoff(
    guards: DependencyGuards,
    attested: Attested,
    *,
    max_age_days: MaxAgeDays = 180,
    two_people: TwoPeople = True,
) -> Verdict:
    """People attested that code backs off when it calls what is not AWS.

    No API shows what code does, so without an attestation this is INSUFFICIENT_DATA and never a
    violation. It is bound to the dependencies that the workload manifests state and to the code
    that calls them.
    """
    said = attested_verdict(
        guards,
        attested,
        "Exponential backoff of calls outside AWS",
        max_age_days=max_age_days,
        two_people=two_people,
    )
    if said.status is Status.INSUFFICIENT_DATA:
        return undeclared(guards) or said
    return said


# -- dead letter queues ---------------------------------------------------------------------------


@error_handling.rule(DEAD_LETTERS, severity=Severity.HIGH)
def asynchronous_failures(
    function: AsynchronousUse,
    losses: AsynchronousLosses,
    queue_sinks: tuple[QueueSink, ...],
    topic_sinks: tuple[TopicSink, ...],
    bucket_sinks: tuple[BucketSink, ...],
    grants: tuple[RoleGrants, ...],
) -> Verdict:
    """What a function fails to process of asynchronous invocations is kept.

    Judged is each qualifier that a service invokes asynchronously: it needs an on-failure
    destination of its own, or a dead-letter queue of the version that it leads to. A function
    that is invoked synchronously needs neither. CRITICAL where events were lost.
    """
    return judge_sinks(function, losses, queue_sinks, topic_sinks, bucket_sinks, grants)


@error_handling.rule(DEAD_LETTERS, severity=Severity.HIGH)
def queue_redrive(
    queue: QueueRedrive,
    *,
    min_receives: Annotated[
        int, Between(2, 1000), "How often a message is at least received before it is set aside"
    ] = 3,
) -> Verdict:
    """A queue sets messages aside that cannot be processed, in a queue that can take them."""
    return judge_queue(queue, min_receives)


@error_handling.rule(DEAD_LETTERS, severity=Severity.HIGH)
def event_source_failures(
    failures: SourceFailures,
    queue_sinks: tuple[QueueSink, ...],
    topic_sinks: tuple[TopicSink, ...],
    bucket_sinks: tuple[BucketSink, ...],
    grants: RoleGrants | None,
) -> Verdict:
    """What a function fails to process of a stream is set aside, and does not block the rest.

    By default Lambda tries a failed batch until its records expire, and the shard waits.
    """
    return judge_source(failures, queue_sinks, topic_sinks, bucket_sinks, grants)


@error_handling.rule(DEAD_LETTERS, severity=Severity.HIGH)
def subscription_failures(
    topic: TopicRedrive, losses: TopicLosses, sinks: tuple[QueueSink, ...]
) -> Verdict:
    """What a topic cannot deliver to a function, queue, stream or web address is kept.

    CRITICAL where messages were lost.
    """
    return judge_subscriptions(topic, losses, sinks)


@error_handling.rule(DEAD_LETTERS, severity=Severity.HIGH)
def rule_failures(rule: RuleTargets, losses: RuleLosses, sinks: tuple[QueueSink, ...]) -> Verdict:
    """What an EventBridge rule cannot deliver to a target is kept.

    CRITICAL where events were lost. A dead-letter queue of the target covers the delivery; what
    the target then fails to process is its own matter.
    """
    return judge_rule(rule, losses, sinks)


@error_handling.rule(DEAD_LETTERS, severity=Severity.HIGH)
def schedule_failures(
    group: GroupSchedules,
    sinks: tuple[QueueSink, ...],
    grants: tuple[RoleGrants, ...],
    *,
    most_schedules: MostSchedules = 1000,
) -> Verdict:
    """What EventBridge Scheduler cannot deliver for a schedule is kept.

    Judged is each group of schedules: an account may have a million of them.
    """
    return judge_schedules(group, sinks, grants, most_schedules)


@error_handling.rule(DEAD_LETTERS, severity=Severity.HIGH)
def pipe_failures(
    pipe: PipeSource,
    queue_sinks: tuple[QueueSink, ...],
    topic_sinks: tuple[TopicSink, ...],
    grants: RoleGrants | None,
) -> Verdict:
    """What a pipe fails to deliver of a stream is set aside, and does not block the rest."""
    return judge_pipe(pipe, queue_sinks, topic_sinks, grants)


# -- circuit breakers -----------------------------------------------------------------------------


@error_handling.rule(BREAKERS, severity=Severity.MEDIUM)
def dependency_breakers(
    guards: DependencyGuards,
    attested: Attested,
    *,
    max_open_minutes: Annotated[
        int, Between(1, 10_080), "How long a circuit may be open (minutes)"
    ] = 60,
    max_age_days: MaxAgeDays = 180,
    two_people: TwoPeople = True,
) -> Verdict:
    """Calls of each dependency that a workload manifest states are guarded by a breaker.

    Counted are a circuit of Powertools in a table that every caller may use, the ejection of what
    fails by ECS Service Connect or a load balancer, a limit of concurrency of every function that
    calls it, and an attestation. HIGH where a circuit is open for too long.
    """
    judged = judge_guards(guards, timedelta(minutes=max_open_minutes))
    if isinstance(judged, Verdict) and judged.status is Status.NON_COMPLIANT:
        return judged
    if (found := undeclared(guards)) is not None:
        return found
    if isinstance(judged, Verdict):
        return judged
    return attested.verdict(
        f"A circuit breaker for calls of {listed(judged)}",
        max_age_days=max_age_days,
        two_people=two_people,
        bound={"dependencies": guards.names},
    )


@error_handling.rule(BREAKERS, severity=Severity.MEDIUM)
def function_recursion(function: RecursionGuard) -> Verdict:
    """Lambda ends the loop when a function and a queue, topic or bucket feed one another."""
    if function.loop != "Terminate":
        return violates(
            f"Recursive loops are allowed (RecursiveLoop is {function.loop}).",
            expected="RecursiveLoop Terminate, which is the default.",
        )
    return complies("Lambda ends recursive loops.")


# -- automatic retries ----------------------------------------------------------------------------


@error_handling.rule(RETRIES, severity=Severity.MEDIUM)
def asynchronous_retries(
    function: AsynchronousUse,
    losses: AsynchronousLosses,
    tags: FunctionTags,
    attested: Attested,
    *,
    max_age_days: MaxAgeDays = 180,
    two_people: TwoPeople = True,
) -> Verdict:
    """Lambda tries an asynchronous invocation again that failed.

    It does so twice unless it is told not to. Where the tag non-idempotent=true says that the work
    must not be done twice, an attestation of it is enough.
    """
    return judge_retries(
        function,
        losses,
        attested if tags.get(NOT_IDEMPOTENT).strip().lower() == "true" else None,
        max_age_days=max_age_days,
        two_people=two_people,
    )


@error_handling.rule(RETRIES, severity=Severity.MEDIUM)
def queue_retries(queue: QueueRedrive) -> Verdict:
    """A message that could not be processed is received again before it is set aside."""
    return judge_receives(queue)


@error_handling.rule(RETRIES, severity=Severity.MEDIUM)
def event_source_retries(source: EventSource) -> Verdict:
    """What a function failed to process of a queue or stream is tried again, and nothing else.

    LOW where one item that fails has its whole batch done again.
    """
    return judge_source_retries(source)


@error_handling.rule(RETRIES, severity=Severity.MEDIUM)
def rule_retries(rule: RuleTargets) -> Verdict:
    """EventBridge tries again to deliver an event to the targets of a rule.

    It does so 185 times within a day unless it is told not to.
    """
    if why := idle(rule):
        return not_applicable(why)
    off = [each.id for each in rule.targets if each.retries == 0]
    return retried(off, f"Not tried again: {targets(off)}.", plural(len(rule.targets), "target"))


@error_handling.rule(RETRIES, severity=Severity.MEDIUM)
def schedule_retries(group: GroupSchedules, *, most_schedules: MostSchedules = 1000) -> Verdict:
    """EventBridge Scheduler tries again what it could not deliver.

    It does so 185 times within a day unless it is told not to.
    """
    off = [each.name for each in group.schedules if each.retries == 0]
    undecided = None if off else of_group(group, most_schedules)
    return undecided or retried(
        off, f"Not tried again: {listed(off)}.", plural(len(group.schedules), "schedule")
    )


@error_handling.rule(RETRIES, severity=Severity.MEDIUM)
def pipe_retries(pipe: PipeSource) -> Verdict:
    """A pipe tries again what it could not deliver."""
    if pipe.is_stopped:
        return not_applicable("It is stopped.")
    if off := retries_off(pipe.service, pipe.retries):
        return violates(off, expected="MaximumRetryAttempts above 0, or unset.")
    return complies("The pipe tries again what it could not deliver.")


@error_handling.rule(RETRIES, severity=Severity.MEDIUM)
def state_machine_retries(machine: RunDefinitions) -> Verdict:
    """Every task that invokes a function retries the passing faults of Lambda.

    Those are Lambda.ServiceException, Lambda.AWSLambdaException, Lambda.SdkClientException and
    Lambda.TooManyRequestsException. Of several retriers the first that names a fault decides. A
    Catch that leads back to the task is a retry of its own.
    """
    return judge_tasks(
        machine,
        retry_problem,
        wanted=lambda task: task.calls_lambda,
        kind="task that invokes a function",
        expected="A retrier for the passing faults of Lambda in every task that invokes one.",
        good="Every task that invokes a function retries the passing faults of Lambda",
    )


@error_handling.rule(RETRIES, severity=Severity.MEDIUM)
def subscription_retries(topic: TopicRedrive) -> Verdict:
    """SNS tries again to deliver to web addresses; to AWS services it always does."""
    if not topic.subscriptions:
        return not_applicable(NOBODY)
    off = [each.spoken for each in topic.subscriptions if each.retries == 0]
    if off:
        return violates(
            f"The delivery policy switches retries off (numRetries 0): {listed(off)}.",
            expected="healthyRetryPolicy with numRetries above 0, or none.",
        )
    return complies(f"SNS tries again: {plural(len(topic.subscriptions), 'subscription')}.")


handler = handler_of(error_handling)
