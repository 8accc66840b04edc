"""Alarms: what each kind of resource needs watched, and what is said where it is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from functions.alarms import rules_of_errors_and_latency, rules_of_utilization
from readiness import Severity, Status
from readiness.evidence.apigateway.apis import HttpApi, RestApi
from readiness.evidence.awslambda.functions import LATEST, FunctionConfiguration
from readiness.evidence.awslambda.limits import ConcurrencyLimit
from readiness.evidence.awslambda.timeouts import ReachedTimeouts
from readiness.evidence.cloudwatch.active_series import ActiveSeries
from readiness.evidence.cloudwatch.alarms import TableOperations
from readiness.evidence.cloudwatch.alarms_in_use import AlarmsInUse
from readiness.evidence.dynamodb.tables import TableCapacity, TableIndexes
from readiness.evidence.ecs.services import Service
from readiness.evidence.elasticache.clusters import CacheCluster
from readiness.evidence.elbv2.load_balancers import LoadBalancer, TargetGroups, dimension_of
from readiness.evidence.rds.instances import DatabaseInstance
from readiness.evidence.sqs.dead_letters import DeadLetters
from readiness.evidence.stepfunctions import StateMachine
from readiness.evidence.workloads.function_sources import FunctionSources
from readiness.semantics.alarm_answers import metric_alarm
from readiness.semantics.alarm_inventory import Inventory
from tests.accounts import alarms as fake_account
from tests.accounts.alarms import alarm, full, slow
from tests.fake_account import NOON

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
BLIND = Status.INSUFFICIENT_DATA


def in_use(*answers, series=()) -> AlarmsInUse:
    """The region with these alarms; ``series`` are (namespace, metric, dimensions) in use."""
    published: dict = {}
    for namespace, metric, dimensions in series:
        found = published.setdefault((namespace, metric), set())
        found.add(frozenset(dimensions.items()))
    known = {metric: frozenset(found) for metric, found in published.items()}
    inventory = Inventory(tuple(map(metric_alarm, answers)))
    return AlarmsInUse(inventory, ActiveSeries(known, {}), NOON)


EVERYTHING = in_use(*fake_account.ALARMS)
NOTHING = in_use()
UNUSED = TableOperations(ActiveSeries({}, {}))
AGENT = FunctionConfiguration("agent", timeout=30)
RUNS_30_S = ReachedTimeouts({LATEST: 30})
EDGE = FunctionConfiguration("edge", master_arn="arn:aws:lambda:us-east-1:1:function:edge:1")
FRONT = LoadBalancer(fake_account.BALANCER, "application")
NET = LoadBalancer(fake_account.BALANCER.replace("/app/", "/net/"), "network")
GATEWAY = LoadBalancer(fake_account.BALANCER.replace("/app/", "/gwy/"), "gateway")
GROUPS = TargetGroups({fake_account.GROUP: (fake_account.BALANCER,)})
WEB = Service(
    fake_account.SERVICE,
    "web",
    fake_account.CLUSTER,
    "web:1",
    target_group_arns=(fake_account.GROUP,),
)
WORKER = replace(WEB, target_group_arns=())
ORDERS, CHAT, SOCKET = (
    RestApi("r1", "orders"),
    HttpApi("a1b2c3d4", "chat"),
    HttpApi("s", "s", "WEBSOCKET"),
)
WORK, DEAD = DeadLetters("work"), DeadLetters("dead", ("work",))
ALONE = FunctionSources()
POSTGRES = DatabaseInstance("orders", "postgres")
SESSIONS = CacheCluster("sessions-001")


WATCHED = [
    pytest.param(
        rules_of_errors_and_latency.lambda_errors, (AGENT, ALONE), "Errors", id="function errors"
    ),
    pytest.param(
        rules_of_errors_and_latency.rest_api_errors, (ORDERS,), "5XXError", id="REST API errors"
    ),
    pytest.param(
        rules_of_errors_and_latency.http_api_errors, (CHAT,), "5xx", id="HTTP API errors"
    ),
    pytest.param(
        rules_of_errors_and_latency.load_balancer_errors,
        (FRONT, GROUPS),
        "HTTPCode_ELB_5XX_Count",
        id="load balancer errors",
    ),
    pytest.param(
        rules_of_errors_and_latency.service_errors,
        (WEB, GROUPS),
        "HTTPCode_Target_5XX_Count",
        id="service errors",
    ),
    pytest.param(
        rules_of_errors_and_latency.state_machine_errors,
        (StateMachine(fake_account.MACHINE),),
        "ExecutionsFailed",
        id="workflow errors",
    ),
    pytest.param(
        rules_of_errors_and_latency.dead_letter_alarms,
        (DEAD,),
        "ApproximateNumberOfMessagesVisible",
        id="dead letters",
    ),
    pytest.param(
        rules_of_errors_and_latency.lambda_latency,
        (AGENT, RUNS_30_S, ALONE),
        "Duration",
        id="function latency",
    ),
    pytest.param(
        rules_of_errors_and_latency.rest_api_latency, (ORDERS,), "Latency", id="REST API latency"
    ),
    pytest.param(
        rules_of_errors_and_latency.http_api_latency, (CHAT,), "Latency", id="HTTP API latency"
    ),
    pytest.param(
        rules_of_errors_and_latency.load_balancer_latency,
        (FRONT, GROUPS),
        "TargetResponseTime",
        id="load balancer latency",
    ),
    pytest.param(
        rules_of_errors_and_latency.service_latency,
        (WEB, GROUPS),
        "TargetResponseTime",
        id="service latency",
    ),
    pytest.param(
        rules_of_errors_and_latency.state_machine_latency,
        (StateMachine(fake_account.MACHINE),),
        "ExecutionTime",
        id="workflow latency",
    ),
    pytest.param(
        rules_of_errors_and_latency.queue_age,
        (WORK,),
        "ApproximateAgeOfOldestMessage",
        id="queue age",
    ),
    pytest.param(rules_of_utilization.lambda_throttles, (AGENT,), "Throttles", id="throttles"),
    pytest.param(
        rules_of_utilization.account_concurrency,
        (ConcurrencyLimit(1000, 5),),
        "ConcurrentExecutions",
        id="account concurrency",
    ),
    pytest.param(
        rules_of_utilization.service_utilization, (WEB,), "MemoryUtilization", id="ECS utilization"
    ),
    pytest.param(
        rules_of_utilization.table_throttles,
        (TableCapacity("memory", "PAY_PER_REQUEST"), TableIndexes(()), UNUSED),
        "WriteThrottleEvents",
        id="table throttles",
    ),
    pytest.param(
        rules_of_utilization.cache_utilization, (SESSIONS,), "DatabaseMemory", id="cache"
    ),
    pytest.param(
        rules_of_utilization.database_utilization, (POSTGRES,), "FreeStorageSpace", id="database"
    ),
]


def test_the_table_of_a_restore_test_needs_no_alarm():
    copy = TableCapacity("awsbackup-restore-test-0a1b2c3d", "PROVISIONED")
    assert (
        rules_of_utilization.table_throttles(copy, TableIndexes(()), UNUSED, NOTHING).status is NA
    )


def on_concurrency(metric, threshold) -> AlarmsInUse:
    """The account's alarm on its concurrency, on another metric with that threshold."""
    [plain] = [
        each for each in fake_account.ALARMS if each.get("MetricName") == "ConcurrentExecutions"
    ]
    return in_use(plain | {"MetricName": metric, "Threshold": threshold})


@pytest.mark.parametrize(
    ("unreserved", "metric", "threshold", "status"),
    [
        pytest.param(1000, "ConcurrentExecutions", 800.0, GOOD, id="nothing is reserved"),
        pytest.param(800, "ConcurrentExecutions", 800.0, GOOD, id="as much as the threshold"),
        pytest.param(100, "ConcurrentExecutions", 800.0, BAD, id="used up long before"),
        pytest.param(100, "UnreservedConcurrentExecutions", 80.0, GOOD, id="on what is left"),
        pytest.param(100, "UnreservedConcurrentExecutions", 81.0, BAD, id="above 80 % of it"),
        pytest.param(100, "ClaimedAccountConcurrency", 800.0, GOOD, id="reserved counts as used"),
    ],
)
def test_which_alarm_sees_that_the_unreserved_concurrency_is_used_up(
    unreserved, metric, threshold, status
):
    limit = ConcurrencyLimit(1000, 5, unreserved)
    verdict = rules_of_utilization.account_concurrency(limit, on_concurrency(metric, threshold))
    assert verdict.status is status, verdict.reason


@pytest.mark.parametrize(
    ("index", "table", "status", "said"),
    [
        pytest.param("by-day", "memory", BAD, "throttled reads of the index by-day", id="its own"),
        pytest.param("by-day", "other", GOOD, "", id="of another table"),
        pytest.param("by-week", "memory", GOOD, "", id="deleted since"),
    ],
)
def test_an_index_that_is_throttled_needs_alarms_of_its_own(index, table, status, said):
    dimensions = {"TableName": table, "GlobalSecondaryIndexName": index}
    throttled = [("AWS/DynamoDB", "ReadThrottleEvents", dimensions)]
    about = TableCapacity("memory", "PAY_PER_REQUEST")
    indexes = TableIndexes(("by-day",))
    verdict = rules_of_utilization.table_throttles(
        about, indexes, UNUSED, in_use(*fake_account.ALARMS, series=throttled)
    )
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason
    [plain] = [
        each for each in fake_account.ALARMS if each.get("MetricName") == "ReadThrottleEvents"
    ]
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    own = plain | {"AlarmName": "by-day-throttles", "Dimensions": named}
    alarms = in_use(*fake_account.ALARMS, own, series=throttled)
    assert rules_of_utilization.table_throttles(about, indexes, UNUSED, alarms).status is GOOD


@pytest.mark.parametrize(("rule", "subject", "missing"), WATCHED)
def test_watched_or_not(rule, subject, missing):
    good = rule(*subject, EVERYTHING)
    assert good.status is GOOD, good.reason
    bad = rule(*subject, NOTHING)
    assert bad.status is BAD
    assert missing in bad.reason


@pytest.mark.parametrize(
    ("rule", "subject"),
    [
        pytest.param(
            rules_of_errors_and_latency.lambda_errors, (EDGE, ALONE), id="edge replica, errors"
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_latency,
            (EDGE, RUNS_30_S, ALONE),
            id="edge replica, latency",
        ),
        pytest.param(rules_of_utilization.lambda_throttles, (EDGE,), id="edge replica, throttles"),
        pytest.param(
            rules_of_errors_and_latency.load_balancer_errors,
            (GATEWAY, GROUPS),
            id="gateway load balancer",
        ),
        pytest.param(
            rules_of_errors_and_latency.load_balancer_latency,
            (NET, GROUPS),
            id="network load balancer's latency",
        ),
        pytest.param(
            rules_of_errors_and_latency.service_errors, (WORKER, GROUPS), id="worker's errors"
        ),
        pytest.param(
            rules_of_errors_and_latency.service_latency, (WORKER, GROUPS), id="worker's latency"
        ),
        pytest.param(
            rules_of_errors_and_latency.dead_letter_alarms, (WORK,), id="a queue that is worked on"
        ),
        pytest.param(rules_of_errors_and_latency.queue_age, (DEAD,), id="age of dead letters"),
        pytest.param(
            rules_of_utilization.account_concurrency, (ConcurrencyLimit(1000),), id="no functions"
        ),
    ],
)
def test_not_applicable(rule, subject):
    assert rule(*subject, NOTHING).status is NA


AGENT_URL = ("AWS/Lambda", "UrlRequestCount", fake_account.FUNCTION)
AGENT_STREAM = ("AWS/Lambda", "IteratorAge", fake_account.FUNCTION)
OK_ERRORS = alarm("e", "AWS/Lambda", "Errors", fake_account.FUNCTION)


def test_a_function_url_is_a_front_door():
    region = in_use(OK_ERRORS, series=[AGENT_URL])
    assert "Url5xxCount" in rules_of_errors_and_latency.lambda_errors(AGENT, ALONE, region).reason
    url = alarm("u", "AWS/Lambda", "Url5xxCount", fake_account.FUNCTION)
    assert (
        rules_of_errors_and_latency.lambda_errors(
            AGENT, ALONE, in_use(OK_ERRORS, url, series=[AGENT_URL])
        ).status
        is GOOD
    )
    duration = slow("d", "AWS/Lambda", "Duration", fake_account.FUNCTION, 900)
    behind = rules_of_errors_and_latency.lambda_latency(
        AGENT, RUNS_30_S, ALONE, in_use(duration, series=[AGENT_URL])
    )
    assert "UrlRequestLatency" in behind.reason
    front = slow("l", "AWS/Lambda", "UrlRequestLatency", fake_account.FUNCTION, 900)
    assert (
        rules_of_errors_and_latency.lambda_latency(
            AGENT, RUNS_30_S, ALONE, in_use(front, series=[AGENT_URL])
        ).status
        is GOOD
    )


def test_alarms_on_each_target_group_do_for_the_load_balancer():
    blue, green = (f"{fake_account.GROUP}{each}" for each in ("", "2"))
    whole = {"LoadBalancer": FRONT.dimension}
    own = alarm("own", "AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", whole)
    part = {**whole, "TargetGroup": dimension_of(blue)}
    errors = alarm("errors", "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", part)
    late = slow("late", "AWS/ApplicationELB", "TargetResponseTime", part, 0.9)
    region = in_use(own, errors, late)
    both = TargetGroups({blue: (FRONT.arn,), green: (FRONT.arn,)})
    for rule in (
        rules_of_errors_and_latency.load_balancer_errors,
        rules_of_errors_and_latency.load_balancer_latency,
    ):
        assert rule(FRONT, GROUPS, region).status is GOOD
        found = rule(FRONT, both, region)
        assert (found.status, f"not for {dimension_of(green)}" in found.reason) == (BAD, True)


def test_a_stream_reader_may_fall_behind():
    duration = slow("d", "AWS/Lambda", "Duration", fake_account.FUNCTION, 900)
    assert (
        "IteratorAge"
        in rules_of_errors_and_latency.lambda_latency(
            AGENT, RUNS_30_S, ALONE, in_use(duration, series=[AGENT_STREAM])
        ).reason
    )
    age = full("a", "AWS/Lambda", "IteratorAge", fake_account.FUNCTION, Threshold=60_000.0)
    region = in_use(duration, age, series=[AGENT_STREAM])
    assert (
        rules_of_errors_and_latency.lambda_latency(AGENT, RUNS_30_S, ALONE, region).status is GOOD
    )


@pytest.mark.parametrize(
    ("used", "status"),
    [(["agent:prod"], GOOD), (["agent", "agent:prod"], BAD), ([], BAD)],
    ids=["only by the alias", "by name too", "not at all"],
)
def test_an_alarm_on_an_alias(used, status):
    series = [
        ("AWS/Lambda", "Invocations", {"FunctionName": "agent", "Resource": value})
        for value in used
    ]
    on = {"FunctionName": "agent", "Resource": "agent:prod"}
    region = in_use(alarm("p", "AWS/Lambda", "Errors", on), series=series)
    assert rules_of_errors_and_latency.lambda_errors(AGENT, ALONE, region).status is status


@pytest.mark.parametrize(
    ("rule", "subject", "answer", "said"),
    [
        pytest.param(
            rules_of_errors_and_latency.load_balancer_latency,
            (FRONT, GROUPS),
            slow(
                "ms",
                "AWS/ApplicationELB",
                "TargetResponseTime",
                {"LoadBalancer": fake_account.FRONT},
                500,
            ),
            "with 500 Seconds; at most 1 is allowed",
            id="milliseconds where seconds are meant",
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_latency,
            (AGENT, ReachedTimeouts({LATEST: 3}), ALONE),
            slow("late", "AWS/Lambda", "Duration", fake_account.FUNCTION, 5000),
            "the value is never more than 3000",
            id="beyond the timeout",
        ),
        pytest.param(
            rules_of_utilization.account_concurrency,
            (ConcurrencyLimit(1000, 5),),
            full("c", "AWS/Lambda", "ConcurrentExecutions", {}, Threshold=950.0),
            "at most 800 is allowed",
            id="no head-room",
        ),
        pytest.param(
            rules_of_utilization.service_utilization,
            (WEB,),
            full(
                "TargetTracking-service/agents/web", "AWS/ECS", "CPUUtilization", fake_account.ECS
            ),
            "No alarm covers CPU",
            id="auto scaling's own",
        ),
        pytest.param(
            rules_of_errors_and_latency.lambda_errors,
            (AGENT, ALONE),
            alarm("HighErrorRateAlarm", "MAIF/Production", "Errors", {}),
            "No alarm covers function errors",
            id="an alarm on a series of that name elsewhere",
        ),
    ],
)
def test_alarms_that_do_not_help(rule, subject, answer, said):
    verdict = rule(*subject, in_use(answer))
    assert verdict.status is BAD
    assert said in verdict.reason


def test_a_network_load_balancer():
    groups = TargetGroups({fake_account.GROUP: (NET.arn,)})
    name = NET.dimension
    unhealthy = {"LoadBalancer": name, "TargetGroup": fake_account.WEB}
    each = in_use(full("u", "AWS/NetworkELB", "UnHealthyHostCount", unhealthy, Threshold=1.0))
    assert rules_of_errors_and_latency.load_balancer_errors(NET, groups, each).status is GOOD
    resets = in_use(alarm("r", "AWS/NetworkELB", "TCP_Target_Reset_Count", {"LoadBalancer": name}))
    assert rules_of_errors_and_latency.load_balancer_errors(NET, groups, resets).status is GOOD
    assert rules_of_errors_and_latency.load_balancer_errors(NET, groups, NOTHING).status is BAD


def test_a_web_socket_api_has_metrics_of_its_own():
    assert "ExecutionError" in rules_of_errors_and_latency.http_api_errors(SOCKET, NOTHING).reason
    assert (
        "IntegrationLatency"
        in rules_of_errors_and_latency.http_api_latency(SOCKET, NOTHING).reason
    )


def test_aurora_needs_no_storage_alarm():
    aurora = replace(POSTGRES, engine="aurora-postgresql", cluster="c")
    assert "storage" not in rules_of_utilization.database_utilization(aurora, NOTHING).reason
    of_cluster = in_use(
        full("a", "AWS/RDS", "CPUUtilization", {"DBClusterIdentifier": "c"}),
        full("b", "AWS/RDS", "DatabaseConnections", {"DBClusterIdentifier": "c"}),
    )
    assert rules_of_utilization.database_utilization(aurora, of_cluster).status is GOOD


@pytest.mark.parametrize(
    ("engine", "namespace", "metrics"),
    [
        ("docdb", "AWS/DocDB", ("CPUUtilization", "DatabaseConnections")),
        ("neptune", "AWS/Neptune", ("CPUUtilization",)),
    ],
)
def test_the_metrics_of_what_rds_only_lists(engine, namespace, metrics):
    database = DatabaseInstance("orders", engine, cluster="c")
    theirs = in_use(*(full(m, namespace, m, fake_account.RDS) for m in metrics))
    assert rules_of_utilization.database_utilization(database, theirs).status is GOOD
    elsewhere = in_use(*(full(m, "AWS/RDS", m, fake_account.RDS) for m in metrics))
    assert rules_of_utilization.database_utilization(database, elsewhere).status is BAD


def test_groups_are_a_setting():
    cpu = in_use(full("a", "AWS/RDS", "CPUUtilization", fake_account.RDS))
    assert (
        rules_of_utilization.database_utilization(POSTGRES, cpu, required_groups=("cpu",)).status
        is GOOD
    )
    unknown = rules_of_utilization.database_utilization(
        POSTGRES, cpu, required_groups=("cpu", "iops")
    )
    assert (unknown.status, "iops" in unknown.reason) == (BLIND, True)


def test_detection_takes_time():
    lazy = alarm("e", "AWS/Lambda", "Errors", fake_account.FUNCTION, Period=600)
    verdict = rules_of_errors_and_latency.lambda_errors(AGENT, ALONE, in_use(lazy))
    assert (verdict.status, verdict.severity) == (BAD, Severity.LOW)
    assert (
        rules_of_errors_and_latency.lambda_errors(
            AGENT, ALONE, in_use(lazy), max_detection_minutes=30
        ).status
        is GOOD
    )


def test_a_dead_alarm():
    blind = alarm(
        "e",
        "AWS/Lambda",
        "Errors",
        fake_account.FUNCTION,
        StateValue="INSUFFICIENT_DATA",
        StateTransitionedTimestamp=NOON - timedelta(days=8),
    )
    fed = ActiveSeries(
        {}, {("AWS/Lambda", "Errors"): frozenset({frozenset(fake_account.FUNCTION.items())})}
    )
    region = AlarmsInUse(Inventory((metric_alarm(blind),)), fed, NOON)
    assert rules_of_errors_and_latency.lambda_errors(AGENT, ALONE, region).observed["gaps"] == {
        "function errors": "DEAD"
    }


@pytest.mark.parametrize(
    ("timeouts", "threshold", "status", "said"),
    [
        pytest.param({LATEST: 30, "7": 30}, 900, GOOD, "", id="all alike"),
        pytest.param({LATEST: 30, "7": 1}, 999, GOOD, "", id="just below the shortest"),
        pytest.param(
            {LATEST: 30, "7": 1}, 1000, BAD, "at most 999", id="no run of the version is so slow"
        ),
        pytest.param({LATEST: 1, "7": 30}, 900, GOOD, "", id="the version has more time"),
    ],
)
def test_a_latency_alarm_is_held_against_the_timeout_of_each_version(
    timeouts, threshold, status, said
):
    slow = alarm(
        "slow",
        "AWS/Lambda",
        "Duration",
        fake_account.FUNCTION,
        ExtendedStatistic="p99",
        Threshold=float(threshold),
        ComparisonOperator="GreaterThanThreshold",
    )
    verdict = rules_of_errors_and_latency.lambda_latency(
        AGENT, ReachedTimeouts(timeouts), ALONE, in_use(slow)
    )
    assert verdict.status is status, verdict.reason
    assert said in verdict.reason
