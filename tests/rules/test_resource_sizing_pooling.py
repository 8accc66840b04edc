"""Connection pooling: who connects to which database, through what, and with how much to spare."""

from __future__ import annotations

import pytest

from functions.resource_sizing import app as rules
from functions.resource_sizing.pooling import memory_gib, most_connections
from readiness import Severity
from readiness.engine.survey import Coverage, survey
from readiness.evidence.rds.instances import DatabaseInstance
from readiness.semantics.database_clients import hosts_in, pool_size
from tests.accounts import resource_sizing as made
from tests.fake_account import ACCOUNT_ID, HOME, error, evaluation, observe, scan
from tests.rules.test_resource_sizing import (
    BAD,
    BLIND,
    GOOD,
    NA,
    attested,
    function,
    judged,
    metrics,
    service,
)

DIRECT = {"Variables": {"DSN": f"postgresql://u:p@{made.DATABASE_HOST}:5432/app"}}
ELSEWHERE = {"Variables": {"DB_HOST": "db.zzz.us-east-1.rds.amazonaws.com"}}
CLUSTER_ARN = f"arn:aws:rds:{HOME}:{ACCOUNT_ID}:cluster:orders"
NO_DATABASES = {
    "rds__describe_db_instances": {"DBInstances": []},
    "rds__describe_db_clusters": {"DBClusters": []},
    "rds__describe_db_proxies": {"DBProxies": []},
}
RESERVED = "lambda__get_function_concurrency"


@pytest.mark.parametrize(
    ("answers", "status", "said"),
    [
        pytest.param({}, GOOD, "through RDS Proxy", id="proxy"),
        pytest.param(
            {"rds__describe_db_proxies": made.proxy(Status="suspended")},
            BAD,
            "not available",
            id="proxy suspended",
        ),
        pytest.param(
            {**function(Environment=DIRECT), RESERVED: {"ReservedConcurrentExecutions": 1600}},
            BAD,
            "It may open 1,600 connections",
            id="direct, and more than the database takes",
        ),
        pytest.param(
            function(Environment=DIRECT), BLIND, "is not attested yet", id="direct, and few"
        ),
        pytest.param(
            {**function(Environment=DIRECT), **attested("function-connections")},
            GOOD,
            "reuse of database connections",
            id="direct, few, attested",
        ),
        pytest.param(function(Environment=ELSEWHERE), BLIND, "attested", id="not ours"),
        pytest.param(
            function(Environment={"Variables": {}}), BLIND, "attested", id="perhaps from a secret"
        ),
        pytest.param(
            function(Environment={"Variables": {}}, VpcConfig={}), NA, "names no", id="no network"
        ),
        pytest.param(
            {**function(Environment={"Variables": {}}), **NO_DATABASES}, NA, "names no", id="none"
        ),
        pytest.param(
            {
                **function(Environment={"Variables": {"CLUSTER": CLUSTER_ARN}}),
                "rds__describe_db_clusters": {
                    "DBClusters": [
                        {
                            "DBClusterIdentifier": "orders",
                            "DBClusterArn": CLUSTER_ARN,
                            "HttpEndpointEnabled": True,
                        }
                    ]
                },
            },
            GOOD,
            "Data API",
            id="Data API",
        ),
        pytest.param(
            function(Environment={"Error": {"ErrorCode": "AccessDenied", "Message": "no"}}),
            BLIND,
            "could not be decrypted",
            id="environment unreadable",
        ),
    ],
)
def test_function_connections(answers, status, said):
    found = judged(rules.function_connections, "agent", **answers)
    assert (found[0], said in found[2]) == (status, True), found


def test_a_version_keeps_the_hosts_it_was_published_with():
    def configuration(FunctionName, Qualifier=""):  # noqa: N803
        about = function(Environment=DIRECT) if Qualifier else function()
        return about["lambda__get_function_configuration"]

    answers = function() | {
        "lambda__get_function_configuration": configuration,
        RESERVED: {"ReservedConcurrentExecutions": 1600},
    }
    found = judged(rules.function_connections, "agent", **answers)
    assert (found[0], "It may open 1,600 connections" in found[2]) == (BAD, True), found


def test_a_proxy_endpoint_of_its_own_is_known_too():
    host = "readers.endpoint.proxy-abc.us-east-1.rds.amazonaws.com"
    answers = function(Environment={"Variables": {"DB_HOST": host}})
    assert judged(rules.function_connections, "agent", **answers)[0] is BLIND
    endpoint = {"DBProxyEndpointName": "readers", "DBProxyName": "pool", "Endpoint": host}
    answers |= {"rds__describe_db_proxy_endpoints": {"DBProxyEndpoints": [endpoint]}}
    assert judged(rules.function_connections, "agent", **answers)[0] is GOOD


def test_the_setting_knows_better_how_many_connections_there_are():
    answers = function(Environment=DIRECT)
    found = judged(rules.function_connections, "agent", {"max_connections": 120}, **answers)
    assert (found[0], "accepts about 120" in found[2]) == (BAD, True)


def tasks(**variables):
    return {"ecs__describe_task_definition": made.tasks(**variables)}


@pytest.mark.parametrize(
    ("answers", "status", "said"),
    [
        pytest.param({}, GOOD, "through RDS Proxy", id="proxy"),
        pytest.param(
            tasks(DB_HOST=made.DATABASE_HOST, DB_POOL_SIZE="20"),
            GOOD,
            "10 tasks with a pool of 20 each can open 200",
            id="pools that fit, however far it scales",
        ),
        pytest.param(
            {
                **tasks(DB_HOST=made.DATABASE_HOST, DB_POOL_SIZE="20"),
                "application-autoscaling__describe_scalable_targets": {"ScalableTargets": []},
            },
            GOOD,
            "3 tasks with a pool of 20 each can open 60",
            id="pools that fit, without auto-scaling",
        ),
        pytest.param(
            {
                **tasks(DB_HOST=made.DATABASE_HOST, DB_POOL_SIZE="20"),
                "application-autoscaling__describe_scalable_targets": made.targets(
                    MaxCapacity=100
                ),
            },
            BAD,
            "It may open 2,000 connections",
            id="pools that fit until the load is high",
        ),
        pytest.param(
            {
                **tasks(DB_HOST=made.DATABASE_HOST, MAIF_CONNECTION_POOL_SIZE="100"),
                **service(desiredCount=20),
            },
            BAD,
            "It may open 2,000 connections",
            id="pools that do not fit",
        ),
        pytest.param(tasks(DB_HOST=made.DATABASE_HOST), BLIND, "attested", id="no pool is named"),
        pytest.param(
            tasks(DB_HOST="db.zzz.us-east-1.rds.amazonaws.com", DB_POOL_SIZE="5"),
            BLIND,
            "attested",
            id="a pool to a database that is not ours",
        ),
        pytest.param(tasks(), BLIND, "attested", id="perhaps from a secret"),
        pytest.param({**tasks(), **NO_DATABASES}, NA, "no relational database", id="none"),
        pytest.param(
            {**tasks(), **attested("service-connections")}, GOOD, "is attested", id="attested"
        ),
    ],
)
def test_service_connections(answers, status, said):
    found = judged(rules.service_connections, made.SERVICE, **answers)
    assert (found[0], said in found[2]) == (status, True), found


@pytest.mark.parametrize(
    ("answers", "status", "severity", "said"),
    [
        pytest.param({}, GOOD, Severity.MEDIUM, "5% of its connections", id="in order"),
        pytest.param(
            {"rds__describe_db_proxies": made.proxy(Status="insufficient-resource-limits")},
            BAD,
            Severity.HIGH,
            "insufficient-resource-limits",
            id="ill",
        ),
        pytest.param(
            {"rds__describe_db_proxies": made.proxy(Status="modifying")},
            BLIND,
            Severity.MEDIUM,
            "The proxy is modifying",
            id="in transition",
        ),
        pytest.param(
            {"rds__describe_db_proxy_targets": {"Targets": []}},
            BAD,
            Severity.HIGH,
            "has no database",
            id="nothing behind",
        ),
        pytest.param(
            {"rds__describe_db_proxy_targets": made.behind("UNAVAILABLE")},
            BAD,
            Severity.HIGH,
            "(UNAVAILABLE)",
            id="database not reachable",
        ),
        pytest.param(
            {"rds__describe_db_proxy_targets": made.behind("UNAVAILABLE", Reason="AUTH_FAILURE")},
            BAD,
            Severity.HIGH,
            "(UNAVAILABLE: AUTH_FAILURE)",
            id="a secret that the database does not accept",
        ),
        pytest.param(
            {"rds__describe_db_proxy_targets": made.behind("REGISTERING")},
            BLIND,
            Severity.MEDIUM,
            "still connecting to db.abc",
            id="a database that was just registered",
        ),
        pytest.param(
            {
                "rds__describe_db_proxy_targets": made.behind(
                    "UNAVAILABLE", Reason="PENDING_PROXY_CAPACITY"
                )
            },
            BLIND,
            Severity.MEDIUM,
            "still connecting to db.abc",
            id="a proxy that is still growing",
        ),
        pytest.param(
            {"rds__describe_db_proxy_targets": made.behind("UNUSED")},
            BLIND,
            Severity.MEDIUM,
            "none of the proxy's databases",
            id="no database that is used",
        ),
        pytest.param(
            {
                "rds__describe_db_proxy_targets": made.behind(
                    "REGISTERING", Reason="PENDING_PROXY_CAPACITY"
                )
            },
            BLIND,
            Severity.MEDIUM,
            "still connecting to db.abc",
            id="just registered with a proxy that is still growing",
        ),
        pytest.param(
            metrics(DatabaseConnectionsCurrentlySessionPinned=4),
            BAD,
            Severity.MEDIUM,
            "20%",
            id="pinned",
        ),
        pytest.param(
            metrics(
                DatabaseConnectionsCurrentlySessionPinned=None,
                DatabaseConnectionsCurrentlyBorrowed=None,
            ),
            GOOD,
            Severity.MEDIUM,
            "0%",
            id="unused",
        ),
    ],
)
def test_proxy_health(answers, status, severity, said):
    found = judged(rules.proxy_health, "pool", **answers)
    assert (found[:2], said in found[2]) == ((status, severity), True), found


WAITS = {"DBParameterGroupName": "tuned", "ParameterApplyStatus": "pending-reboot"}


def group(most: str) -> dict[str, object]:
    """The parameter group of the database says this of max_connections."""
    return {"rds__describe_db_parameters": made.parameters(most)}


def database(**changes: object) -> dict[str, object]:
    return {"rds__describe_db_instances": {"DBInstances": [made.database(**changes)]}}


@pytest.mark.parametrize(
    ("answers", "status", "said"),
    [
        pytest.param({}, GOOD, "40 of about 1,666", id="room"),
        pytest.param(
            {
                **metrics(DatabaseConnections=60),
                **database(Engine="mysql", DBInstanceClass="db.t4g.micro", DBParameterGroups=[]),
            },
            BAD,
            "60 of about 58",
            id="all that a small class accepts",
        ),
        pytest.param(group("{DBInstanceClassMemory/9531392}"), GOOD, "about 1,666", id="formula"),
        pytest.param(
            group("LEAST({DBInstanceClassMemory/9531392}, 45)"), BAD, "of about 45", id="least"
        ),
        pytest.param(
            group("50"), GOOD, "40 of 50 connections were open (parameter group tuned)", id="set"
        ),
        pytest.param(group("49"), BAD, "40 of 49 connections", id="set too low"),
        pytest.param(
            group("5000") | metrics(DatabaseConnections=1700),
            GOOD,
            "1,700 of 5,000",
            id="set higher",
        ),
        pytest.param(group(""), GOOD, "of about 1,666", id="not set"),
        pytest.param(
            group("5000")
            | database(DBParameterGroups=[WAITS])
            | metrics(DatabaseConnections=1700),
            BLIND,
            "until then it accepts what its parameter group said before",
            id="set, and not yet in effect",
        ),
        pytest.param(
            group("5000") | database(DBParameterGroups=[WAITS]),
            GOOD,
            "40 of 5,000",
            id="enough before too",
        ),
        pytest.param(
            group("GREATEST({log(DBInstanceClassMemory/805306368)*45},50)"),
            NA,
            "max_connections GREATEST",
            id="another formula",
        ),
        pytest.param(metrics(DatabaseConnections=1500), BAD, "1,500 of about 1,666", id="crowded"),
        pytest.param(metrics(DatabaseConnections=None), NA, "not measured", id="idle"),
        pytest.param(
            {
                "rds__describe_db_instances": {
                    "DBInstances": [made.database(DBInstanceClass="db.serverless")]
                }
            },
            NA,
            "set max_connections",
            id="serverless",
        ),
    ],
)
def test_database_connections(answers, status, said):
    found = judged(rules.database_connections, "db", **answers)
    assert (found[0], said in found[2]) == (status, True), found


@pytest.mark.parametrize(
    ("instance_class", "gib"),
    [
        ("db.t4g.micro", 1),
        ("db.m6g.large", 8),
        ("db.r6g.large", 16),
        ("db.r6g.2xlarge", 64),
        ("db.m5.xlarge", 16),
        ("db.serverless", 0),
        ("db.x2g.large", 0),
        ("", 0),
    ],
)
def test_the_memory_of_an_instance_class(instance_class, gib):
    assert memory_gib(instance_class) == gib


@pytest.mark.parametrize(
    ("engine", "instance_class", "most"),
    [
        ("postgres", "db.t4g.micro", 77),
        ("aurora-postgresql", "db.r6g.large", 1666),
        ("postgres", "db.r6g.8xlarge", 5000),
        ("mysql", "db.t4g.micro", 58),
        ("mysql", "db.t3.small", 139),
        ("mysql", "db.t3.medium", 299),
        ("mariadb", "db.m6g.large", 620),
        ("aurora-mysql", "db.r6g.large", 0),
        ("oracle-ee", "db.r6g.large", 0),
        ("postgres", "db.serverless", 0),
    ],
)
def test_how_many_connections_a_database_takes(engine, instance_class, most):
    instance = DatabaseInstance("db", engine=engine, instance_class=instance_class)
    assert most_connections(instance) == most


def test_hosts_are_found_in_any_value_and_credentials_are_not_kept():
    found = hosts_in({"A": f"mysql://u:secret@{made.DATABASE_HOST.upper()}/x", "B": "nothing"})
    assert found == (made.DATABASE_HOST,)


@pytest.mark.parametrize(
    "suffix", ["amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "c2s.ic.gov"]
)
def test_hosts_are_found_in_every_partition(suffix):
    host = f"db.c9akciq32.region-1.rds.{suffix}"
    assert hosts_in({"A": f"mysql://u@{host}:3306/x"}) == (host,)


@pytest.mark.parametrize(
    ("name", "value", "size"),
    [
        ("DB_POOL_SIZE", "10", 10),
        ("POOL_MAX", " 5 ", 5),
        ("DB_POOL_SIZE", "many", 0),
        ("WHIRLPOOL_SIZES", "9", 0),
        ("THREADS", "9", 0),
    ],
)
def test_which_variables_name_a_pool(name, value, size):
    assert pool_size({name: value}) == size


@pytest.mark.parametrize(
    ("limit", "status"),
    [("624", BAD), ("625", GOOD), ("5000", GOOD), ("", GOOD), ("{DBInstanceClassMemory/1}", GOOD)],
)
def test_pools_are_measured_by_what_the_parameter_group_allows(limit, status):
    """Ten tasks with a pool of 50 each, of which 80 % may be open."""
    variables = {"DB_HOST": made.DATABASE_HOST, "DB_POOL_SIZE": "50"}
    answers = {"ecs__describe_task_definition": made.tasks(**variables), **group(limit)}
    found = judged(rules.service_connections, made.SERVICE, **answers)
    assert found[0] is status, found


def test_pools_beside_a_formula_that_is_not_known_have_to_be_attested():
    variables = {"DB_HOST": made.DATABASE_HOST, "DB_POOL_SIZE": "50"}
    answers = {"ecs__describe_task_definition": made.tasks(**variables), **group("SUM(1,2)")}
    assert judged(rules.service_connections, made.SERVICE, **answers)[0] is BLIND


DEFAULT = [{"DBParameterGroupName": "default.aurora-postgresql16"}]


@pytest.mark.parametrize("bulk", [False, True])
@pytest.mark.parametrize(
    ("answers", "status", "said"),
    [
        pytest.param(made.in_cluster(), GOOD, "1,700 of 5,000 connections were open (parameter group of-all)", id="set for the cluster"),
        pytest.param(made.in_cluster(DBParameterGroups=DEFAULT), GOOD, "1,700 of 5,000", id="beside a default group"),
        pytest.param(made.in_cluster(Engine="postgres"), GOOD, "1,700 of 5,000", id="a Multi-AZ cluster"),
        pytest.param(made.in_cluster(own=made.parameters("1800", "user")), BAD, "1,700 of 1,800 connections were open (parameter group tuned)", id="set for the instance, which goes before"),
        pytest.param(made.in_cluster(own=made.parameters("4000", "user"), most="1000"), GOOD, "1,700 of 4,000", id="set lower for the cluster"),
        pytest.param(made.in_cluster(group="default.aurora-postgresql16"), BAD, "of about 1,666", id="both at their default"),
        pytest.param(made.in_cluster(status="pending-reboot"), BLIND, "until then", id="not yet in effect"),
        pytest.param(made.in_cluster(DBClusterIdentifier="another"), BAD, "of about 1,666", id="of a cluster that is gone"),
        pytest.param(made.in_cluster() | {"rds__describe_db_cluster_parameters": error("AccessDenied", 403)}, BLIND, "rds:DescribeDBClusterParameters", id="not to be read"),
    ],
)  # fmt: skip
def test_the_group_of_a_cluster_counts_for_its_members(answers, status, said, bulk):
    account = made.fake_account().but(**answers, **metrics(DatabaseConnections=1700))
    rule = rules.database_connections
    [seen] = scan(account, [rule]) if bulk else [observe(account, rule, "db")]
    found = seen.finding
    assert found is not None
    assert (found.status, said in found.reason) == (status, True), found.reason


@pytest.mark.parametrize("bulk", [False, True])
@pytest.mark.parametrize(
    ("about", "calls"),
    [
        pytest.param({}, 1, id="a group of its own"),
        pytest.param(
            {"DBParameterGroups": [{"DBParameterGroupName": "default.postgres16"}]},
            0,
            id="default",
        ),
        pytest.param({"Engine": "sqlserver-se"}, 0, id="an engine without the parameter"),
        pytest.param({"DBParameterGroups": []}, 0, id="no group"),
    ],
)
def test_only_a_group_that_may_set_it_is_asked(about, calls, bulk):
    account = made.fake_account().but(**database(**about))
    if bulk:
        scan(account, [rules.database_connections])
    else:
        observe(account, rules.database_connections, "db")
    assert account.calls.count(("rds", "describe_db_parameters")) == calls


def of_many(*named: str) -> dict[str, object]:
    """Three databases with a group each; ``named`` are the hosts that function and tasks name."""
    databases = [
        made.database(
            DBInstanceIdentifier=name,
            DBParameterGroups=[{"DBParameterGroupName": f"of-{name}"}],
            Endpoint={"Address": f"{name}.abc.us-east-1.rds.amazonaws.com"},
        )
        for name in ("one", "two", "three")
    ]
    hosts = {f"HOST_{name}": f"{name}.abc.us-east-1.rds.amazonaws.com" for name in named}
    return {
        "rds__describe_db_instances": {"DBInstances": databases},
        **function(Environment={"Variables": hosts}),
        **tasks(DB_POOL_SIZE="50", **hosts),
    }


CONNECTING = [(rules.function_connections, "agent"), (rules.service_connections, made.SERVICE)]


@pytest.mark.parametrize(("rule", "id"), CONNECTING)
@pytest.mark.parametrize("bulk", [False, True])
@pytest.mark.parametrize(
    ("named", "settings", "calls"),
    [
        pytest.param([], {}, 0, id="none is named"),
        pytest.param(["one"], {}, 1, id="one"),
        pytest.param(["one", "three"], {}, 2, id="two"),
        pytest.param(["elsewhere"], {}, 0, id="not ours"),
        pytest.param(["one"], {"max_connections": 500}, 0, id="the setting knows it"),
    ],
)
def test_only_the_groups_of_databases_that_are_named_are_asked(
    named, settings, calls, bulk, rule, id
):
    account = made.fake_account().but(**of_many(*named))
    run = evaluation(account, [rule], given={rule.id: settings}, bulk=bulk)
    if bulk:
        list(survey(run, [rule], Coverage()))
    else:
        run.observe(rule, rule.subject.resource(ACCOUNT_ID, HOME, id))
    asked = [operation for _, operation in account.calls if operation.endswith("_parameters")]
    assert len(asked) == calls


@pytest.mark.parametrize(("rule", "id"), CONNECTING)
@pytest.mark.parametrize(
    ("named", "is_blind"),
    [(["one"], True), (["two"], False), (["one", "two"], True), ([], False)],
)
def test_a_group_that_is_denied_hides_only_the_databases_that_have_it(named, is_blind, rule, id):
    def parameters(DBParameterGroupName, **_):  # noqa: N803
        denied = DBParameterGroupName == "of-one"
        return error("AccessDenied", 403) if denied else made.parameters("5000")

    answers = of_many(*named) | {"rds__describe_db_parameters": parameters}
    found = judged(rule, id, **answers)
    assert ("rds:DescribeDBParameters" in found[2]) is is_blind, found
    assert not is_blind or found[0] is BLIND


def test_a_group_is_asked_once_for_all_that_name_a_database_with_it():
    named = {"Variables": {"HOST": "one.abc.us-east-1.rds.amazonaws.com"}}
    functions = [
        made.function(
            FunctionName=f"f{n}",
            FunctionArn=f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:f{n}",
            Environment=named,
        )
        for n in range(5)
    ]
    answers = of_many("one") | {
        "lambda__list_functions": {"Functions": functions},
        "lambda__list_aliases": {"Aliases": []},
    }
    account = made.fake_account().but(**answers)
    assert len(scan(account, [rules.function_connections])) == len(functions)
    assert account.calls.count(("rds", "describe_db_parameters")) == 1
