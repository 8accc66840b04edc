"""Emergency procedures: evidence in, verdict out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from functions.emergency_procedures.app import (
    circuit_breaker,
    ecs_rollback,
    function_shutdown,
    lambda_rollback,
    service_shutdown,
)
from readiness import Severity, Status
from readiness.evidence.application_autoscaling import Scalable
from readiness.evidence.awslambda.asynchronous import AsynchronousCallers, InvokeSettings
from readiness.evidence.awslambda.functions import LATEST
from readiness.evidence.awslambda.provisioned import ProvisionedConcurrency
from readiness.evidence.awslambda.rollback import EarlierVersion, RollbackTargets
from readiness.evidence.awslambda.stopping import FunctionStop
from readiness.evidence.awslambda.versions import Alias
from readiness.evidence.codedeploy import DeploymentGroup
from readiness.evidence.ecr import Image
from readiness.evidence.ecs.rollback import ServiceRollback
from readiness.evidence.ecs.services import Service
from readiness.evidence.ecs.stopping import ServiceStop
from readiness.evidence.ecs.task_definitions import Container
from readiness.evidence.workloads.dependencies import Circuit
from readiness.evidence.workloads.switches import Switch, Switches
from readiness.model.attestation import Attestation, Attested, Result, Scope
from readiness.model.unreadable import Cause, Unreadable
from tests.fake_account import NOON

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA
HIGH, MEDIUM, LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW
ROLE = "arn:aws:iam::111122223333:role/agent"
DENIED = Unreadable("ecr:DescribeImages", Cause.ACCESS_DENIED)


def days(number):
    return timedelta(days=number)


def drilled(since=30, *, approved=False, result=Result.PASS):
    """A drill as the tools attest it: in the name of the operator alone."""
    said = Attestation(
        id="bbbb11112222",
        rule="emergency_procedures.lambda-rollback",
        scope=Scope(),
        statement="Drill of lambda-rollback on lambda/agent:live: quarterly",
        performed_at=NOON - days(since),
        declared_at=NOON - days(since),
        owner="alice",
        attester="alice",
        attester_id="AROA:alice",
        result=result,
        approved_by_id="AROA:bob" if approved else "",
    )
    return Attested((said,), NOON, NOON - days(400))


DRILLED = drilled()
NEVER = Attested((), NOON, NOON - days(30))
NOT_YET = Attested((), NOON, NOON - days(1))


def check(verdict, status, words="", severity=None):
    assert verdict.status is status, verdict.reason
    assert words in verdict.reason
    assert verdict.severity is severity


def drills_of(rule, *evidence):
    """What every rule of the heading asks of a rehearsal."""
    check(rule(*evidence, NOT_YET), UNKNOWN, "not attested yet")
    check(rule(*evidence, NEVER), BAD, "not attested", MEDIUM)
    check(rule(*evidence, NEVER, needs_drill=False), GOOD)
    check(rule(*evidence, drilled(200)), BAD, "expired", MEDIUM)
    check(rule(*evidence, drilled(200), drill_days=365), GOOD, "attested by alice")
    check(rule(*evidence, DRILLED, two_people=True), BAD, "second person", MEDIUM)
    check(rule(*evidence, drilled(approved=True), two_people=True), GOOD)
    failed = drilled(result=Result.FAIL)
    check(rule(*evidence, failed), BAD, "failed")
    [before] = drilled(300, result=Result.FAIL).statements
    [after] = drilled(200, approved=True).statements
    both = replace(DRILLED, statements=(before, after))
    check(rule(*evidence, both), BAD, "expired", MEDIUM)


# -- functions ------------------------------------------------------------------------------------

SIX = EarlierVersion("6", "Active")
LIVE = Alias("live", "7", {})
BY_ALIAS = {"live": ("Amazon SNS",)}
GROUP = DeploymentGroup(
    "agent",
    frozenset({"agent"}),
    events=frozenset({"DEPLOYMENT_FAILURE"}),
    strategy="CodeDeployDefault.LambdaCanary10Percent5Minutes",
)
ON_ALARM = frozenset({"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"})


def targets(*earlier, aliases=(LIVE,), callers=None, **changes):
    return RollbackTargets(
        **{
            "name": "agent",
            "read_at": NOON,
            "aliases": aliases,
            "earlier": {"7": earlier},
            "callers": BY_ALIAS if callers is None else callers,
            "began": NOON - days(90),
        }
        | changes
    )


def image(**changes):
    return EarlierVersion("6", "Active", image=replace(Image("agent@sha256:1"), **changes))


TWO = (LIVE, Alias("test", "2", {}))


@pytest.mark.parametrize(
    ("found", "status", "words", "severity"),
    [
        pytest.param(targets(SIX), GOOD, "live to version 6", None, id="an earlier version"),
        pytest.param(
            targets(EarlierVersion("6", "Inactive", "Idle")), GOOD, "version 6", None, id="idle"
        ),
        pytest.param(
            targets(EarlierVersion("6", "Inactive", "ImageDeleted")), BAD, "ImageDeleted", HIGH,
            id="inactive for another reason",
        ),
        pytest.param(
            targets(EarlierVersion("6", "Inactive")), UNKNOWN, "in full", None, id="inactive, why?"
        ),
        pytest.param(targets(EarlierVersion("6", "")), UNKNOWN, "in full", None, id="no state"),
        pytest.param(
            targets(EarlierVersion("6", "Pending", "Creating")), UNKNOWN, "Pending", None,
            id="pending",
        ),
        pytest.param(
            targets(EarlierVersion("6", "Failed", "InvalidImage")), BAD, "Failed", HIGH, id="failed"
        ),
        pytest.param(
            targets(EarlierVersion("6", "Failed"), EarlierVersion("5", "Active")), GOOD,
            "version 5", None, id="the one below it runs",
        ),
        pytest.param(
            targets(EarlierVersion("6", "Active", environment_error="KMSDisabledException")), BAD,
            "decrypt", HIGH, id="a key that is disabled",
        ),
        pytest.param(
            targets(EarlierVersion("6", "Active", environment_error="AccessDeniedException")), GOOD,
            "", None, id="a key that the monitor may not use",
        ),
        pytest.param(
            targets(EarlierVersion("6", "Active", flaws=("Lambda could not apply it.",))), BAD,
            "could not apply", HIGH, id="a flaw",
        ),
        pytest.param(targets(), BAD, "no earlier version to go back to", HIGH, id="none below"),
        pytest.param(
            targets(began=NOON - days(2)), UNKNOWN, "is new", None, id="none below, and new"
        ),
        pytest.param(targets(began=None), BAD, "no earlier version", HIGH, id="unknown since when"),
        pytest.param(targets(image()), GOOD, "", None, id="an image that is there"),
        pytest.param(targets(image(gone="is gone")), BAD, "is gone", HIGH, id="an image expired"),
        pytest.param(
            targets(image(unreadable=DENIED)), UNKNOWN, "ecr:DescribeImages", None, id="denied"
        ),
        pytest.param(
            targets(SIX, callers={LATEST: ("Amazon SNS",)}), BAD, "without an alias", HIGH,
            id="called without an alias",
        ),
        pytest.param(
            targets(SIX, callers={"5": ("API Gateway",)}), BAD, "as version 5", HIGH,
            id="called by a number",
        ),
        pytest.param(
            targets(aliases=(), callers={LATEST: ("a function URL",)}), BAD, "It has no alias",
            HIGH, id="no alias",
        ),
        pytest.param(
            targets(aliases=(), callers={}), BAD, "It has no alias", MEDIUM,
            id="no alias, and nobody calls it",
        ),
        pytest.param(
            targets(aliases=(Alias("live", LATEST, {}),)), BAD, "$LATEST", HIGH, id="on $LATEST"
        ),
        pytest.param(
            targets(SIX, aliases=TWO), GOOD, "live", None, id="an alias that nobody calls is lowest"
        ),
        pytest.param(
            targets(SIX, aliases=TWO, callers={}), GOOD, "live", None, id="nobody calls either"
        ),
        pytest.param(
            targets(aliases=TWO, callers={}), BAD, "The alias test", MEDIUM, id="neither goes back"
        ),
        pytest.param(
            targets(SIX, aliases=TWO, callers=BY_ALIAS | {"test": ("API Gateway",)}), BAD,
            "The alias test", HIGH, id="both are called",
        ),
        pytest.param(targets(SIX, flaw="not JSON"), UNKNOWN, "not JSON", None, id="odd policy"),
        pytest.param(
            RollbackTargets("agent", NOON, master_arn="arn:aws:lambda:us-east-1:1:function:agent"),
            NA, "replica", None, id="Lambda@Edge",
        ),
        pytest.param(targets(SIX, groups=(GROUP,)), GOOD, "", None, id="CodeDeploy"),
        pytest.param(
            targets(SIX, groups=(replace(GROUP, events=frozenset()),)), BAD, "that fails", MEDIUM,
            id="CodeDeploy does not roll back",
        ),
        pytest.param(
            targets(SIX, groups=(replace(GROUP, events=ON_ALARM),)), BAD, "watches none", MEDIUM,
            id="on an alarm, without alarms",
        ),
        pytest.param(
            targets(SIX, groups=(replace(GROUP, events=ON_ALARM, alarms=("errors",)),)), GOOD, "",
            None, id="on an alarm",
        ),
        pytest.param(
            targets(
                SIX,
                groups=(
                    replace(GROUP, events=ON_ALARM, alarms=("errors",), missing=("errors",)),
                ),
            ),
            BAD, "do not exist", MEDIUM, id="an alarm that was deleted",
        ),
        pytest.param(
            targets(
                SIX,
                groups=(
                    replace(GROUP, events=ON_ALARM, alarms=("errors",), ignores_alarms=True),
                ),
            ),
            BAD, "cannot read its alarms", MEDIUM, id="alarms that may fail",
        ),
        pytest.param(
            targets(SIX, groups=(replace(GROUP, strategy="CodeDeployDefault.LambdaAllAtOnce"),)),
            BAD, "at once", LOW, id="all at once",
        ),
    ],
)  # fmt: skip
def test_lambda_rollback(found, status, words, severity):
    check(lambda_rollback(found, DRILLED), status, words, severity)


def test_a_rollback_of_a_function_is_rehearsed():
    drills_of(lambda_rollback, targets(SIX))


def test_the_named_alias_alone_has_to_lead_back():
    both = targets(SIX, aliases=TWO, callers=BY_ALIAS | {"test": ("API Gateway",)})
    check(lambda_rollback(both, DRILLED, prod_alias="live"), GOOD, "live to version 6")
    check(lambda_rollback(both, DRILLED, prod_alias="gone"), BAD, "The alias test", HIGH)


def test_a_named_alias_that_nobody_calls_is_not_enough():
    around = targets(SIX, aliases=TWO, callers={"test": ("API Gateway",)})
    check(lambda_rollback(around, DRILLED, prod_alias="live"), BAD, "The alias test", HIGH)


def test_what_is_new_has_nothing_to_go_back_to_yet():
    young = targets(began=NOON - days(2))
    check(lambda_rollback(young, DRILLED, first_days=1), BAD, "no earlier version", HIGH)


# -- services -------------------------------------------------------------------------------------

NAME = "arn:aws:ecs:us-east-1:111122223333:task-definition/web"
BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
ALARMS = {"alarms": {"alarmNames": ["errors"], "enable": True, "rollback": True}}
SERVICE = Service(
    arn="arn:aws:ecs:us-east-1:111122223333:service/agents/web",
    name="web",
    cluster_arn="arn:aws:ecs:us-east-1:111122223333:cluster/agents",
    task_definition=f"{NAME}:7",
    desired_count=2,
    deployment_configuration=BREAKER,
)
PINNED = Image("web@sha256:6", digest="sha256:6")
TAGGED = Image("web:1.6", digest="sha256:6", may_move=True)
OF_SERVICE = DeploymentGroup(
    "web",
    services=frozenset({"agents/web"}),
    events=frozenset({"DEPLOYMENT_FAILURE"}),
    waits=60,
)


def returns(service=None, **changes):
    about = {
        "service": replace(SERVICE, **(service or {})),
        "read_at": NOON,
        "earlier": f"{NAME}:6",
        "status": "ACTIVE",
        "images": (PINNED,),
        "began": NOON - days(90),
    }
    return ServiceRollback(**(about | changes))


def deploys(**settings):
    """A service that is deployed in another way."""
    return returns({"deployment_configuration": settings})


def by_codedeploy(*groups):
    return returns({"deployment_controller": "CODE_DEPLOY"}, groups=groups)


def threshold(kind, value):
    breaker = BREAKER["deploymentCircuitBreaker"]
    return {**breaker, "thresholdConfiguration": {"type": kind, "value": value}}


SHIFT = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 10}
SETS = ({"id": "a"}, {"id": "b"})


@pytest.mark.parametrize(
    ("found", "status", "words", "severity"),
    [
        pytest.param(returns(), GOOD, "web:6", None, id="ready"),
        pytest.param(deploys(**ALARMS), GOOD, "", None, id="by alarms"),
        pytest.param(deploys(), BAD, "Neither", MEDIUM, id="not by itself"),
        pytest.param(
            deploys(deploymentCircuitBreaker={"enable": True}), BAD, "does not roll back", MEDIUM,
            id="it only stops",
        ),
        pytest.param(
            deploys(alarms={"alarmNames": ["errors"], "enable": True}), BAD, "alarms", MEDIUM,
            id="alarms only stop it",
        ),
        pytest.param(
            deploys(alarms={"alarmNames": [], "enable": True, "rollback": True}), BAD, "alarms",
            MEDIUM, id="no alarms",
        ),
        pytest.param(
            replace(deploys(**ALARMS), missing_alarms=("errors",)), BAD, "do not exist", MEDIUM,
            id="deleted alarms",
        ),
        pytest.param(
            deploys(deploymentCircuitBreaker=threshold("COUNT", 500)), BAD, "500 failed", MEDIUM,
            id="a breaker that never trips",
        ),
        pytest.param(
            deploys(deploymentCircuitBreaker=threshold("COUNT", 5)), GOOD, "", None, id="five"
        ),
        pytest.param(
            deploys(deploymentCircuitBreaker=threshold("UNBOUNDED_PERCENT", 5000)), BAD, "5000 %",
            MEDIUM, id="a share that is never reached",
        ),
        pytest.param(
            deploys(**ALARMS, deploymentCircuitBreaker=threshold("COUNT", 500)), GOOD, "", None,
            id="the alarms trip",
        ),
        pytest.param(deploys(**BREAKER, **SHIFT), GOOD, "", None, id="blue/green"),
        pytest.param(
            deploys(**SHIFT, lifecycleHooks=[{"hookTargetArn": "f"}]), GOOD, "", None, id="a hook"
        ),
        pytest.param(
            deploys(**BREAKER, strategy="CANARY", bakeTimeInMinutes=0), BAD, "for 0 min", MEDIUM,
            id="no bake time",
        ),
        pytest.param(
            deploys(lifecycleHooks=[{"hookTargetArn": "f"}]), BAD, "Neither", MEDIUM,
            id="a hook of a rolling deployment",
        ),
        pytest.param(by_codedeploy(OF_SERVICE), GOOD, "web:6", None, id="CodeDeploy"),
        pytest.param(by_codedeploy(), BAD, "no deployment group", HIGH, id="no group"),
        pytest.param(
            by_codedeploy(replace(OF_SERVICE, waits=0)), BAD, "after 0 min", MEDIUM, id="at once"
        ),
        pytest.param(
            by_codedeploy(replace(OF_SERVICE, waits=-1)), GOOD, "", None, id="blue is kept"
        ),
        pytest.param(
            by_codedeploy(replace(OF_SERVICE, events=frozenset())), BAD, "that fails", MEDIUM,
            id="no rollback",
        ),
        pytest.param(
            returns({"deployment_controller": "EXTERNAL", "task_sets": SETS}), GOOD, "task set",
            None, id="two task sets",
        ),
        pytest.param(
            returns({"deployment_controller": "EXTERNAL"}), GOOD, "only a drill", None,
            id="one task set, and a drill",
        ),
        pytest.param(
            returns(earlier="", status="", images=()), BAD, "nothing ran before web:7", HIGH,
            id="nothing before",
        ),
        pytest.param(
            returns(earlier="", status="", images=(), began=NOON - days(1)), UNKNOWN, "is new",
            None, id="new",
        ),
        pytest.param(returns(status="", images=()), BAD, "web:6, which ran before, is gone", HIGH,
                     id="deleted"),
        pytest.param(returns(status="INACTIVE"), BAD, "INACTIVE", HIGH, id="deregistered"),
        pytest.param(
            returns(images=(replace(PINNED, gone="is gone"),)), BAD, "is gone", HIGH, id="expired"
        ),
        pytest.param(
            returns(images=(replace(PINNED, unreadable=DENIED),)), UNKNOWN, "ecr:DescribeImages",
            None, id="denied",
        ),
        pytest.param(
            returns(images=(Image("nginx:1", is_known=False),)), GOOD, "", None, id="Docker Hub"
        ),
        pytest.param(
            returns(images=(TAGGED,), ran={"web:1.6": "sha256:6"}), GOOD, "", None,
            id="a tag that stayed",
        ),
        pytest.param(
            returns(images=(TAGGED,), ran={"web:1.6": "sha256:5"}), BAD, "was moved", HIGH,
            id="a tag that was moved",
        ),
        pytest.param(
            returns(images=(TAGGED,)), BAD, "may have been moved", MEDIUM, id="a tag, who knows"
        ),
        pytest.param(
            returns(images=(TAGGED,), current_images=("web:1.6",)), BAD, "has too", HIGH,
            id="the same tag as today",
        ),
        pytest.param(
            returns(images=(replace(TAGGED, may_move=False),)), GOOD, "", None, id="immutable"
        ),
        pytest.param(returns({"desired_count": 0}), NA, "desired count is 0", None, id="stopped"),
        pytest.param(
            returns({"desired_count": 0, "scheduling_strategy": "DAEMON"}), GOOD, "", None,
            id="a daemon without instances",
        ),
    ],
)  # fmt: skip
def test_ecs_rollback(found, status, words, severity):
    check(ecs_rollback(found, DRILLED), status, words, severity)


def test_a_rollback_of_a_service_is_rehearsed():
    drills_of(ecs_rollback, returns())


def test_of_what_another_controller_deploys_only_a_drill_tells():
    alone = returns({"deployment_controller": "EXTERNAL"})
    check(ecs_rollback(alone, NEVER, needs_drill=False), BAD, "not attested", MEDIUM)


def test_settings_of_the_way_back():
    short = deploys(**BREAKER, **SHIFT)
    check(ecs_rollback(short, DRILLED, min_bake_minutes=30), BAD, "for 10 min", MEDIUM)
    young = returns(earlier="", status="", images=(), began=NOON - days(1))
    check(ecs_rollback(young, DRILLED, first_days=0), BAD, "nothing ran before", HIGH)


# -- switches -------------------------------------------------------------------------------------

CLOSED = Circuit("circuits", "models", "ACTIVE", ("id",), "CLOSED")
FLAG = Switch("ssm", "/agents/enabled", 1)


@pytest.mark.parametrize(
    ("found", "said", "status", "words", "severity"),
    [
        pytest.param(Switches((FLAG,)), DRILLED, GOOD, "/agents/enabled", None, id="a parameter"),
        pytest.param(
            Switches((), (CLOSED,)), DRILLED, GOOD, "circuit models", None, id="a circuit"
        ),
        pytest.param(
            Switches((Switch("dynamodb", "circuits", 1),)), DRILLED, GOOD, "table circuits", None,
            id="a table",
        ),
        pytest.param(
            Switches((replace(FLAG, readers=0),)), DRILLED, BAD, "No role", HIGH, id="nobody reads"
        ),
        pytest.param(
            Switches((replace(FLAG, readers=0),), (CLOSED,)), DRILLED, BAD, "No role", HIGH,
            id="nobody reads one of two",
        ),
        pytest.param(
            Switches((replace(FLAG, readers=None),)), DRILLED, UNKNOWN, "conditions", None,
            id="on a condition",
        ),
        pytest.param(Switches(), DRILLED, GOOD, "No parameter", None, id="one that is not seen"),
        pytest.param(Switches(), NEVER, BAD, "No parameter", MEDIUM, id="none"),
        pytest.param(Switches(), NOT_YET, UNKNOWN, "No parameter", None, id="none yet"),
        pytest.param(
            Switches(refused={"agents": "odd"}), NEVER, BAD, "odd", MEDIUM, id="odd manifest"
        ),
        pytest.param(
            Switches((), (replace(CLOSED, table_state=""),)), NEVER, BAD, "No parameter", MEDIUM,
            id="a circuit without a table",
        ),
        pytest.param(
            Switches((), (replace(CLOSED, key=("pk", "sk")),)), NEVER, BAD, "No parameter", MEDIUM,
            id="a table of another layout",
        ),
        pytest.param(Switches(has_compute=False), NEVER, NA, "no function", None, id="nothing runs"),
    ],
)  # fmt: skip
def test_circuit_breaker(found, said, status, words, severity):
    check(circuit_breaker(found, said), status, words, severity)


def test_a_switch_is_rehearsed():
    drills_of(circuit_breaker, Switches((FLAG,)))


def test_without_a_switch_that_is_seen_the_drill_is_never_left_out():
    check(circuit_breaker(Switches(), NEVER, needs_drill=False), BAD, "not attested", MEDIUM)


def test_open_circuits_are_named():
    opened = replace(CLOSED, state="OPEN", opened=NOON - timedelta(minutes=5))
    held = replace(CLOSED, id="mail", state="OPEN", opened=NOON + timedelta(minutes=25))
    verdict = circuit_breaker(Switches((), (opened, held), now=NOON), DRILLED)
    check(verdict, GOOD, "held until 2026-11-02 12:25 UTC")
    assert verdict.observed["open"] == [
        "models (circuits)",
        "mail (circuits, held until 2026-11-02 12:25 UTC)",
    ]


# -- stopping -------------------------------------------------------------------------------------

STOP = FunctionStop("agent", {"work": 345_600})
SINK = AsynchronousCallers(
    "agent", BY_ALIAS, {"live": InvokeSettings("arn:aws:sqs:us-east-1:111122223333:failed")}
)
NOTHING = ProvisionedConcurrency(())


@pytest.mark.parametrize(
    ("stop", "use", "warm", "status", "words", "severity"),
    [
        pytest.param(STOP, SINK, NOTHING, GOOD, "fed by work", None, id="ready"),
        pytest.param(
            FunctionStop("agent"), AsynchronousCallers("agent"), NOTHING, GOOD, "no queue", None,
            id="fed by nothing",
        ),
        pytest.param(
            FunctionStop("agent", {"work": 3600}), SINK, NOTHING, BAD, "for 1 h", MEDIUM,
            id="a queue that forgets",
        ),
        pytest.param(
            FunctionStop("agent", elsewhere=("theirs",)), SINK, NOTHING, GOOD, "", None,
            id="a queue of another account",
        ),
        pytest.param(
            STOP, AsynchronousCallers("agent", BY_ALIAS), NOTHING, BAD, "without a failure sink", LOW,
            id="no sink",
        ),
        pytest.param(
            STOP, AsynchronousCallers("agent", {LATEST: ("Amazon S3",)}), NOTHING, BAD,
            "the function itself", LOW, id="no sink without an alias",
        ),
        pytest.param(
            STOP, SINK, ProvisionedConcurrency(("live",)), BAD, "has to be deleted", MEDIUM,
            id="provisioned concurrency",
        ),
        pytest.param(
            STOP, replace(SINK, flaw="not JSON"), NOTHING, UNKNOWN, "not JSON", None, id="odd policy"
        ),
        pytest.param(
            replace(STOP, capacity_provider="arn:aws:lambda:us-east-1:1:capacity-provider:own"),
            SINK, NOTHING, NA, "Managed Instances", None, id="own instances",
        ),
        pytest.param(
            replace(STOP, master_arn="arn:aws:lambda:us-east-1:1:function:agent"), SINK, NOTHING,
            NA, "replica", None, id="Lambda@Edge",
        ),
    ],
)  # fmt: skip
def test_function_shutdown(stop, use, warm, status, words, severity):
    check(function_shutdown(stop, use, warm, DRILLED), status, words, severity)


def test_a_shutdown_of_a_function_is_rehearsed():
    drills_of(function_shutdown, STOP, SINK, NOTHING)


def test_how_long_a_stop_may_last():
    check(function_shutdown(STOP, SINK, NOTHING, DRILLED, min_stop_hours=97), BAD, "96 h", MEDIUM)


WEB = Container("web", stop_timeout=60, has_init=True)


def ends(*containers, service=None, **changes):
    return ServiceStop(
        replace(SERVICE, **(service or {})), containers, **({"delays": {"web": 60}} | changes)
    )


def runs(*words, **changes):
    """A container that is told to run something."""
    return replace(WEB, has_init=False, command=words, **changes)


@pytest.mark.parametrize(
    ("stop", "status", "words", "severity"),
    [
        pytest.param(ends(WEB), GOOD, "web within 60 s", None, id="ready"),
        pytest.param(ends(replace(WEB, stop_timeout=None)), GOOD, "30 s", None, id="by default"),
        pytest.param(
            ends(replace(WEB, stop_timeout=0)), BAD, "0 s after", MEDIUM, id="killed at once"
        ),
        pytest.param(
            ends(runs("sh", "-c", "migrate && app")), BAD, "first process", MEDIUM, id="a shell"
        ),
        pytest.param(
            ends(runs("migrate; app", entry_point=("/bin/bash", "-lc"))), BAD, "bash -lc", MEDIUM,
            id="a shell as the entry point",
        ),
        pytest.param(
            ends(runs("sh", "-c", "python app.py")), GOOD, "", None, id="a shell that gives way"
        ),
        pytest.param(
            ends(runs("sh", "-c", "migrate && exec app")), GOOD, "", None, id="gives way at last"
        ),
        pytest.param(
            ends(replace(runs("sh", "-c", "migrate && app"), has_init=True)), BAD,
            "ends upon SIGTERM", LOW, id="init signals the shell alone",
        ),
        pytest.param(ends(runs("python", "-m", "app")), GOOD, "", None, id="no shell"),
        pytest.param(
            ends(runs("sh", "-c", "trap stop TERM; app & wait")), GOOD, "", None, id="it heeds it"
        ),
        pytest.param(ends(runs("sh", "run.sh", "now")), GOOD, "", None, id="a script"),
        pytest.param(ends(WEB, delays={"web": 0}), BAD, "cuts requests", MEDIUM, id="no draining"),
        pytest.param(ends(WEB, delays={}), GOOD, "", None, id="no load balancer"),
        pytest.param(ends(WEB, delays={"web": 3600}), BAD, "3660 s", LOW, id="slow to end"),
        pytest.param(
            ends(WEB, scaled=Scalable(2, 8)), GOOD, "has to be suspended first", None, id="scaled"
        ),
        pytest.param(ends(), UNKNOWN, "is gone", None, id="no task definition"),
        pytest.param(
            ends(WEB, service={"scheduling_strategy": "DAEMON"}), NA, "daemon", None, id="daemon"
        ),
        pytest.param(ends(WEB, service={"desired_count": 0}), NA, "is 0", None, id="stopped"),
    ],
)  # fmt: skip
def test_service_shutdown(stop, status, words, severity):
    check(service_shutdown(stop, DRILLED), status, words, severity)


def test_a_suspended_scaling_is_not_named():
    said = service_shutdown(ends(WEB, scaled=Scalable(2, 8, suspended=("out", "in"))), DRILLED)
    assert "suspended first" not in said.reason


def test_a_shutdown_of_a_service_is_rehearsed():
    drills_of(service_shutdown, ends(WEB))


def test_how_long_a_task_may_take_to_end():
    check(service_shutdown(ends(WEB), DRILLED, max_stop_seconds=100), BAD, "120 s", LOW)
