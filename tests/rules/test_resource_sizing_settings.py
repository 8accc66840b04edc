"""The settings of resource sizing: each decides between two verdicts on the same account."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.resource_sizing import app as rules
from readiness.model.attestation import Artefact
from tests.accounts import resource_sizing as made
from tests.fake_account import ACCOUNT_ID, NOON, error
from tests.rules.test_resource_sizing import (
    API,
    BAD,
    BALANCER,
    BLIND,
    GOOD,
    NA,
    NOBODY,
    TARGETS,
    attested,
    function,
    hidden,
    judged,
    metrics,
    service,
)
from tests.rules.test_resource_sizing_pooling import DIRECT, RESERVED, tasks
from tests.rules.test_resource_sizing_timeouts import FLOWS

FLOW = made.allowed(FLOWS, service="connect.amazonaws.com")


def compare(rule, id, answers, default, settings, configured):
    """Judge twice, without and with the settings."""
    seen = judged(rule, id, **answers), judged(rule, id, settings, **answers)
    assert (seen[0][0], seen[1][0]) == (default, configured), seen


FIXED = {TARGETS: {"ScalableTargets": []}}
NO_POLICY = {"autoscaling__describe_policies": {"ScalingPolicies": []}}
DIRECTLY = function(Environment=DIRECT)
ATTESTABLE = [
    (rules.function_load_test, "agent", {}, 180),
    (rules.service_load_test, made.SERVICE, {}, 180),
    (rules.service_scaling, made.SERVICE, FIXED, 365),
    (rules.group_scaling, "workers", NO_POLICY, 365),
    (rules.function_connections, "agent", DIRECTLY, 365),
    (rules.service_connections, made.SERVICE, tasks(), 365),
]


@pytest.mark.parametrize(
    ("rule", "id", "answers", "age"),
    [pytest.param(*each, id=each[0].name) for each in ATTESTABLE],
)
@pytest.mark.parametrize(
    ("older", "default", "longer", "configured"),
    [
        pytest.param(-1, GOOD, -1, BAD, id="a day less than the default, and expired"),
        pytest.param(-1, GOOD, 1, GOOD, id="a day less than the default"),
        pytest.param(0, BAD, 1, GOOD, id="as old as the default, and a day more allowed"),
        pytest.param(1, BAD, 1, BAD, id="a day more than the default, and a day more allowed"),
    ],
)
def test_how_many_days_an_attestation_holds(
    rule, id, answers, age, older, default, longer, configured
):
    performed_at = NOON - timedelta(days=age + older)
    said = answers | attested(rule.name, performed_at=performed_at)
    compare(rule, id, said, default, {"max_age_days": age + longer}, configured)


@pytest.mark.parametrize(
    ("rule", "id", "answers"), [pytest.param(*each[:3], id=each[0].name) for each in ATTESTABLE]
)
def test_one_person_is_enough_only_where_the_setting_says_so(rule, id, answers):
    alone, _ = made.declared(f"resource_sizing.{rule.name}")
    said = answers | {"dynamodb__query": {"Items": [alone]}}
    without = judged(rule, id, **said)[0]
    assert without is not GOOD
    compare(rule, id, said, without, {"two_people": False}, GOOD)


IDLE = metrics(memory_utilization=20, MemoryUtilization=20)
DOCUMENT = Artefact("reviews", "load-test.pdf", "v1", "00", size=10)


@pytest.mark.parametrize(
    ("rule", "id", "answers"),
    [
        *[pytest.param(*each[:3], id=each[0].name) for each in ATTESTABLE],
        pytest.param(rules.function_load_test, "agent", IDLE, id="idle function"),
        pytest.param(rules.service_load_test, made.SERVICE, IDLE, id="idle service"),
    ],
)
@pytest.mark.parametrize(
    ("document", "status"),
    [
        pytest.param({"ContentLength": 10}, GOOD, id="is there"),
        pytest.param({"ContentLength": 11}, BAD, id="is another"),
        pytest.param(error("NoSuchKey", 404), BAD, id="is gone"),
        pytest.param(error("AccessDenied", 403), BLIND, id="may not be read"),
        pytest.param(error("SlowDown", 503), BLIND, id="cannot be read now"),
    ],
)
def test_an_attestation_that_rests_on_a_document(rule, id, answers, document, status):
    said = answers | attested(rule.name, artefact=DOCUMENT) | {"s3__head_object": document}
    found = judged(rule, id, **said)
    assert (found[0], "s3:GetObjectVersion" in found[2]) == (status, status is BLIND), found


# -- load test ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "id", "memory"),
    [
        pytest.param(rules.function_load_test, "agent", "memory_utilization", id="function"),
        pytest.param(rules.service_load_test, made.SERVICE, "MemoryUtilization", id="service"),
    ],
)
@pytest.mark.parametrize(
    ("used", "answers", "default", "settings", "configured"),
    [
        pytest.param(89, {}, GOOD, {"mem_high": 89}, BAD, id="mem_high: 89 % of 89 %"),
        pytest.param(90, {}, BAD, {"mem_high": 91}, GOOD, id="mem_high: 90 % of 91 %"),
        pytest.param(39, NOBODY, BAD, {"mem_low": 39}, BLIND, id="mem_low: 39 %, from 39 % on"),
        pytest.param(40, NOBODY, BLIND, {"mem_low": 41}, BAD, id="mem_low: 40 %, from 41 % on"),
    ],
)
def test_how_much_memory_a_size_may_use(
    rule, id, memory, used, answers, default, settings, configured
):
    compare(rule, id, answers | metrics(**{memory: used}), default, settings, configured)


# -- auto-scaling ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lowest", "default", "min_tasks", "configured"),
    [
        pytest.param(1, BAD, 1, GOOD, id="one task is enough"),
        pytest.param(0, BAD, 1, BAD, id="none is not"),
        pytest.param(2, GOOD, 3, BAD, id="two are too few"),
    ],
)
def test_how_few_tasks_a_service_may_shrink_to(lowest, default, min_tasks, configured):
    answers = {TARGETS: made.targets(MinCapacity=lowest)}
    settings = {"min_tasks": min_tasks}
    compare(rules.service_scaling, made.SERVICE, answers, default, settings, configured)


@pytest.mark.parametrize(
    ("peak", "default", "headroom", "configured"),
    [
        pytest.param(800, GOOD, 79.9, BAD, id="80 % of 79.9 %"),
        pytest.param(801, BAD, 80.1, GOOD, id="80.1 % of 80.1 %"),
        pytest.param(802, BAD, 80.1, BAD, id="80.2 % of 80.1 %"),
    ],
)
def test_how_much_of_the_concurrency_may_be_used(peak, default, headroom, configured):
    answers, settings = metrics(ConcurrentExecutions=peak), {"headroom": headroom}
    compare(rules.lambda_headroom, ACCOUNT_ID, answers, default, settings, configured)


@pytest.mark.parametrize(
    ("rule", "id", "setting"),
    [
        pytest.param(rules.reader_scaling, "orders", "require_reader_scaling", id="readers"),
        pytest.param(rules.cache_scaling, "shared", "require_cache_scaling", id="caches"),
    ],
)
@pytest.mark.parametrize(
    ("answers", "configured"),
    [pytest.param({}, GOOD, id="scales"), pytest.param(FIXED, BAD, id="does not")],
)
def test_readers_and_caches_are_judged_on_demand(rule, id, setting, answers, configured):
    compare(rule, id, answers, NA, {setting: True}, configured)


# -- timeouts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "default", "settings", "configured"),
    [
        pytest.param(
            metrics(Duration=26_700), GOOD, {"close_ratio": 0.89}, BAD, id="close_ratio: 26.7 s"
        ),
        pytest.param(
            metrics(Duration=27_000), BAD, {"close_ratio": 0.91}, GOOD, id="close_ratio: 27 s"
        ),
        pytest.param(
            hidden(150), BAD, {"visibility_factor": 5}, GOOD, id="visibility_factor: five times"
        ),
        pytest.param(
            hidden(149), BAD, {"visibility_factor": 5}, BAD, id="visibility_factor: hardly less"
        ),
        pytest.param(
            hidden(209), GOOD, {"visibility_factor": 7}, BAD, id="visibility_factor: nearly seven"
        ),
        pytest.param(
            API, GOOD, {"front_door_seconds": 30}, GOOD, id="front_door_seconds: 30 s of 30"
        ),
        pytest.param(
            API, GOOD, {"front_door_seconds": 29}, BAD, id="front_door_seconds: 30 s of 29"
        ),
        pytest.param(
            BALANCER, GOOD, {"balancer_seconds": 30}, GOOD, id="balancer_seconds: 30 s of 30"
        ),
        pytest.param(
            BALANCER, GOOD, {"balancer_seconds": 29}, BAD, id="balancer_seconds: 30 s of 29"
        ),
        pytest.param(FLOW, BLIND, {"flow_seconds": 30}, GOOD, id="flow_seconds: 30 s of 30"),
        pytest.param(FLOW, BLIND, {"flow_seconds": 29}, BAD, id="flow_seconds: 30 s of 29"),
        pytest.param(
            metrics(Invocations=49), NA, {"min_invocations": 49}, GOOD, id="min_invocations: 49"
        ),
        pytest.param(
            metrics(Invocations=50), GOOD, {"min_invocations": 51}, NA, id="min_invocations: 50"
        ),
    ],
)
def test_what_a_timeout_is_compared_with(answers, default, settings, configured):
    compare(rules.function_timeout, "agent", answers, default, settings, configured)


# -- connection pooling: the database takes about 1666 connections, 80 % of them are 1332.8 -----


def concurrent(executions):
    return DIRECTLY | {RESERVED: {"ReservedConcurrentExecutions": executions}}


def pools(size, count=3):
    variables = {"DB_HOST": made.DATABASE_HOST, "DB_POOL_SIZE": str(size)}
    most = {"application-autoscaling__describe_scalable_targets": made.targets(MaxCapacity=count)}
    return tasks(**variables) | service(desiredCount=count) | most


SERVERLESS = {
    "rds__describe_db_instances": {"DBInstances": [made.database(DBInstanceClass="db.serverless")]}
}


@pytest.mark.parametrize(
    ("rule", "id", "answers", "default", "settings", "configured"),
    [
        pytest.param(
            rules.function_connections,
            "agent",
            concurrent(1332),
            BLIND,
            {"connection_share": 79},
            BAD,
            id="function: 1332 executions, 79 % allowed",
        ),
        pytest.param(
            rules.function_connections,
            "agent",
            concurrent(1333),
            BAD,
            {"connection_share": 81},
            BLIND,
            id="function: 1333 executions, 81 % allowed",
        ),
        pytest.param(
            rules.function_connections,
            "agent",
            concurrent(100),
            BLIND,
            {"max_connections": 124},
            BAD,
            id="function: 100 executions, 99.2 connections",
        ),
        pytest.param(
            rules.function_connections,
            "agent",
            concurrent(100),
            BLIND,
            {"max_connections": 125},
            BLIND,
            id="function: 100 executions, 100 connections",
        ),
        pytest.param(
            rules.service_connections,
            made.SERVICE,
            pools(444),
            GOOD,
            {"connection_share": 79},
            BAD,
            id="service: 1332 connections, 79 % allowed",
        ),
        pytest.param(
            rules.service_connections,
            made.SERVICE,
            pools(445),
            BAD,
            {"connection_share": 81},
            GOOD,
            id="service: 1335 connections, 81 % allowed",
        ),
        pytest.param(
            rules.service_connections,
            made.SERVICE,
            pools(20),
            GOOD,
            {"max_connections": 74},
            BAD,
            id="service: 60 of 59.2 connections",
        ),
        pytest.param(
            rules.service_connections,
            made.SERVICE,
            pools(20),
            GOOD,
            {"max_connections": 75},
            GOOD,
            id="service: 60 of 60 connections",
        ),
        pytest.param(
            rules.database_connections,
            "db",
            metrics(DatabaseConnections=1332),
            GOOD,
            {"connection_share": 79},
            BAD,
            id="database: 1332 connections, 79 % allowed",
        ),
        pytest.param(
            rules.database_connections,
            "db",
            metrics(DatabaseConnections=1333),
            BAD,
            {"connection_share": 81},
            GOOD,
            id="database: 1333 connections, 81 % allowed",
        ),
        pytest.param(
            rules.database_connections,
            "db",
            SERVERLESS,
            NA,
            {"max_connections": 50},
            GOOD,
            id="database: 40 of 40 connections",
        ),
        pytest.param(
            rules.database_connections,
            "db",
            SERVERLESS,
            NA,
            {"max_connections": 49},
            BAD,
            id="database: 40 of 39.2 connections",
        ),
    ],
)
def test_how_many_connections_may_be_open(rule, id, answers, default, settings, configured):
    compare(rule, id, answers, default, settings, configured)


@pytest.mark.parametrize(
    ("pinned", "default", "pin_max", "configured"),
    [
        pytest.param(4, BAD, 0.21, GOOD, id="20 % of 21 %"),
        pytest.param(1, GOOD, 0.05, BAD, id="5 % of 5 %"),
        pytest.param(1, GOOD, 0.06, GOOD, id="5 % of 6 %"),
    ],
)
def test_how_many_connections_may_be_pinned(pinned, default, pin_max, configured):
    answers = metrics(DatabaseConnectionsCurrentlySessionPinned=pinned)
    compare(rules.proxy_health, "pool", answers, default, {"pin_max": pin_max}, configured)
