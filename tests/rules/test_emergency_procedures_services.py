"""Emergency procedures of ECS services: the way back, and the way to stop."""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.emergency_procedures.app import ecs_rollback, service_shutdown
from readiness.evidence.application_autoscaling import Scalable
from readiness.evidence.codedeploy import DeploymentGroup
from readiness.evidence.ecr import Image
from readiness.evidence.ecs.rollback import ServiceRollback
from readiness.evidence.ecs.services import Service
from readiness.evidence.ecs.stopping import ServiceStop
from readiness.evidence.ecs.task_definitions import Container
from tests.fake_account import NOON
from tests.rules.test_emergency_procedures import (
    BAD,
    DENIED,
    DRILLED,
    GOOD,
    HIGH,
    LOW,
    MEDIUM,
    NA,
    NEVER,
    UNKNOWN,
    check,
    days,
    drills_of,
)

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
        pytest.param(ends(runs("python", "-m", "app")), GOOD, "", None, id="no shell"),
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


SURE, MAYBE = "first process neither heeds SIGTERM", "in many images"


@pytest.mark.parametrize(
    ("command", "words", "severity"),
    [
        (("sh", "run.sh", "-c"), "", None),
        (("sh", "-c", "python app.py"), MAYBE, LOW),
        (("sh", "-ec", "migrate && app"), MAYBE, LOW),
        (("/bin/bash", "-euo", "pipefail", "-c", "migrate\napp"), MAYBE, LOW),
        (("env", "A=1", "bash", "-o", "errexit", "-c", "migrate; app"), MAYBE, LOW),
        (("bash", "-c", "app 2>&1"), MAYBE, LOW),
        (("sh", "-c", "exec 2>&1; migrate && app"), MAYBE, LOW),
        (("bash", "-c", "app \\\n --format 'a|b' ;\n"), "", None),
        (("/bin/ash", "-c", "migrate && app"), "", None),
        (("busybox", "sh", "-c", "migrate | tee log"), SURE, MEDIUM),
        (("dash", "-c", "app"), SURE, MEDIUM),
        (("sh", "-c", "proxy & app"), SURE, MEDIUM),
        (("tini", "--", "sh", "-c", "app | tee log"), "ends upon SIGTERM", LOW),
        (("tini", "-g", "--", "sh", "-c", "app | tee log"), "", None),
        (("dumb-init", "sh", "-c", "app | tee log"), "", None),
        (("sh", "-c", "migrate && exec app"), "", None),
        (("sh", "-c", "trap stop TERM; app & wait"), "", None),
    ],
)
def test_a_shell_that_keeps_the_signal(command, words, severity):
    status = BAD if words else GOOD
    check(service_shutdown(ends(runs(*command)), DRILLED), status, words, severity)


def test_an_init_process_signals_the_shell_alone():
    stop = ends(replace(runs("migrate | app", entry_point=("bash", "-lc")), has_init=True))
    check(service_shutdown(stop, DRILLED), BAD, "ends upon SIGTERM", LOW)


def test_a_suspended_scaling_is_not_named():
    said = service_shutdown(ends(WEB, scaled=Scalable(2, 8, suspended=("out", "in"))), DRILLED)
    assert "suspended first" not in said.reason


def test_a_shutdown_of_a_service_is_rehearsed():
    drills_of(service_shutdown, ends(WEB))


def test_how_long_a_task_may_take_to_end():
    check(service_shutdown(ends(WEB), DRILLED, max_stop_seconds=100), BAD, "120 s", LOW)
