"""Emergency procedures: evidence in, verdict out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from functions.emergency_procedures.app import circuit_breaker, function_shutdown, lambda_rollback
from readiness import Severity, Status
from readiness.evidence.awslambda.asynchronous import AsynchronousCallers, InvokeSettings
from readiness.evidence.awslambda.functions import LATEST
from readiness.evidence.awslambda.provisioned import ProvisionedConcurrency
from readiness.evidence.awslambda.rollback import EarlierVersion, RollbackTargets
from readiness.evidence.awslambda.stopping import FunctionStop
from readiness.evidence.awslambda.versions import Alias
from readiness.evidence.codedeploy import DeploymentGroup
from readiness.evidence.ecr import Image
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
        pytest.param(
            targets(name="custom-resource", callers={LATEST: ("CloudFormation",)}), NA, "By its name",
            None, id="a custom resource",
        ),
        pytest.param(
            targets(name="custom-resource-api", callers={LATEST: ("API Gateway",)}), BAD, "API Gateway",
            HIGH, id="an API by such a name",
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
            FunctionStop("custom-resource", {"work": 3600}), SINK, NOTHING, BAD, "for 1 h", MEDIUM,
            id="a queue of a custom resource by its name",
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
