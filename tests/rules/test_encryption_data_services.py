"""Proxies of RDS, MSK, Classic Load Balancers, and the TLS versions of databases."""

from __future__ import annotations

import pytest

from functions.encryption.rules_in_transit import (
    classic_balancer_tls,
    database_tls,
    job_volume_tls,
    msk_tls,
    proxy_tls,
    redshift_serverless_tls,
    redshift_tls,
    task_volume_tls,
)
from readiness import Severity, Status
from readiness.evidence.batch import JobDefinition
from readiness.evidence.ecs.task_definitions import TaskDefinition
from readiness.evidence.elb import ClassicBalancer, ClassicListener
from readiness.evidence.msk import MskTransit
from readiness.evidence.rds.endpoints import ProxyTransit
from readiness.evidence.rds.transit import DatabaseTransit, tls_parameter
from readiness.evidence.redshift import (
    REDSHIFT_CLUSTER,
    WORKGROUP,
    WarehouseTransit,
    WorkgroupTransit,
)
from tests.accounts.encryption import JOB, TASKS, efs_volume, fake_account, job
from tests.fake_account import ACCOUNT_ID, HOME, evaluation, observe

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
BLIND = Status.INSUFFICIENT_DATA
NEW = frozenset({"TLSv1.2"})
OLD = frozenset({"TLSv1", "TLSv1.1", "TLSv1.2"})


@pytest.mark.parametrize(
    ("database", "status", "said"),
    [
        pytest.param(
            ("docdb", "tls", "enabled"), BAD, "tls in the parameter group own is enabled"
        ),
        pytest.param(("docdb", "tls", "tls1.2+"), GOOD, "tls1.2+"),
        pytest.param(("docdb", "tls", "tls1.3+"), GOOD, "tls1.3+"),
        pytest.param(("docdb", "tls", "fips-140-3"), GOOD, "fips-140-3"),
        pytest.param(("docdb", "tls", "disabled"), BAD, "without TLS"),
        pytest.param(
            ("postgres", "rds.force_ssl", "1", ("ssl_min_protocol_version", "TLSv1")),
            BAD,
            "ssl_min_protocol_version in the parameter group own is TLSv1",
        ),
        pytest.param(
            ("postgres", "rds.force_ssl", "1", ("ssl_min_protocol_version", "TLSv1.2")),
            GOOD,
            "need TLS",
        ),
        pytest.param(
            ("postgres", "rds.force_ssl", "0", ("ssl_min_protocol_version", "TLSv1.2")),
            BAD,
            "without TLS",
        ),
        pytest.param(
            ("mysql", "require_secure_transport", "ON", ("tls_version", "TLSv1.1,TLSv1.2")),
            BAD,
            "tls_version",
        ),
        pytest.param(
            ("mariadb", "require_secure_transport", "ON", ("tls_version", "TLSv1.2, TLSv1.3")),
            GOOD,
            "need TLS",
        ),
        pytest.param(
            ("sqlserver-se", "rds.force_ssl", "1", ("rds.tls10", "enabled")), BAD, "rds.tls10"
        ),
        pytest.param(
            ("oracle-ee", "SQLNET.ENCRYPTION_SERVER", "REQUIRED"), GOOD, "option group own"
        ),
        pytest.param(
            ("oracle-ee", "SQLNET.ENCRYPTION_SERVER", "REQUESTED"), BAD, "option group own is REQ"
        ),
        pytest.param(
            ("sqlserver-se", "rds.force_ssl", "1", ("rds.tls11", "default")), GOOD, "need TLS"
        ),
    ],
)
def test_the_versions_that_a_database_accepts(database, status, said):
    engine, parameter, value, *versions = database
    seen = DatabaseTransit(engine, parameter, value, "own", versions=tuple(versions))
    verdict = database_tls(seen)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


@pytest.mark.parametrize(
    ("engine", "release", "versions", "status"),
    [
        pytest.param("sqlserver-se", "15.00.4365.2.v1", {}, BAD, id="SQL Server, the last one"),
        pytest.param("sqlserver-se", "15.00.4375.4.v1", {}, GOOD, id="SQL Server, after it"),
        pytest.param("sqlserver-ex", "11.00.7507.2.v1", {}, BAD, id="SQL Server, an older one"),
        pytest.param("sqlserver-ee", "17.00.1000.7.v1", {}, GOOD, id="SQL Server, a newer one"),
        pytest.param(
            "sqlserver-web",
            "16.00.4105.2.v1",
            {"rds.tls10": "disabled", "rds.tls11": "default"},
            BAD,
            id="SQL Server, half of it turned off",
        ),
        pytest.param(
            "sqlserver-web",
            "16.00.4105.2.v1",
            {"rds.tls10": "disabled", "rds.tls11": "disabled"},
            GOOD,
            id="SQL Server, both turned off",
        ),
        pytest.param("mysql", "5.7.44-rds.20240808", {}, BAD, id="MySQL 5.7"),
        pytest.param("mysql", "5.7.44", {"tls_version": "TLSv1.2"}, GOOD, id="MySQL 5.7, limited"),
        pytest.param("mysql", "8.0.40", {}, GOOD, id="MySQL 8"),
        pytest.param("aurora-mysql", "5.7.mysql_aurora.2.12.5", {}, BAD, id="Aurora MySQL 2"),
        pytest.param("aurora-mysql", "8.0.mysql_aurora.3.08.2", {}, GOOD, id="Aurora MySQL 3"),
        pytest.param("mariadb", "11.4.5", {}, GOOD, id="MariaDB"),
        pytest.param("mariadb", "10.6.15", {}, BAD, id="MariaDB, the last one of its series"),
        pytest.param("mariadb", "10.6.16", {}, GOOD, id="MariaDB, after it"),
        pytest.param("mariadb", "10.3.39", {}, BAD, id="MariaDB, a series that never changed"),
        pytest.param("mariadb", "10.7.8", {}, BAD, id="MariaDB, a short series"),
        pytest.param(
            "mariadb", "10.5.20", {"tls_version": "TLSv1.2"}, GOOD, id="MariaDB, limited"
        ),
        pytest.param("postgres", "11.22-rds.20240418", {}, BAD, id="PostgreSQL 11"),
        pytest.param("postgres", "12.22", {}, BAD, id="PostgreSQL 12"),
        pytest.param(
            "postgres", "12.22", {"ssl_min_protocol_version": "TLSv1.2"}, GOOD, id="limited"
        ),
        pytest.param("postgres", "13.2", {}, GOOD, id="PostgreSQL 13"),
        pytest.param("aurora-postgresql", "12.9", {}, BAD, id="Aurora PostgreSQL 12"),
        pytest.param("aurora-postgresql", "16.4", {}, GOOD, id="Aurora PostgreSQL 16"),
    ],
)
def test_what_a_version_accepts_by_default(engine, release, versions, status):
    seen = DatabaseTransit(
        engine,
        tls_parameter(engine),
        "1",
        "own",
        versions=tuple(versions.items()),
        release=release,
    )
    verdict = database_tls(seen)
    assert (verdict.status, release in verdict.reason) == (status, status is BAD)


@pytest.mark.parametrize(
    ("engine", "release", "status"),
    [
        ("mysql", "8.0.40", BAD),
        ("aurora-mysql", "8.0.mysql_aurora.3.08.2", BAD),
        ("mariadb", "10.4.34", BAD),
        ("mariadb", "11.4.5", BAD),
        ("mariadb", "11.8.3", BLIND),
        ("postgres", "14.18", BAD),
        ("postgres", "15.2", BLIND),
        ("postgres", "", BLIND),
        ("aurora-postgresql", "16.4", BAD),
        ("aurora-postgresql", "17.4", BLIND),
        ("sqlserver-se", "16.00.4215.2.v1", BAD),
        ("db2-se", "11.5.9", BLIND),
        ("oracle-ee", "19.0.0.0.ru-2025-01", BAD),
    ],
)
def test_a_group_that_sets_nothing_leaves_the_default_of_the_version(engine, release, status):
    seen = DatabaseTransit(engine, tls_parameter(engine), "", "own", release=release)
    verdict = database_tls(seen)
    assert (verdict.status, release in verdict.reason) == (status, status is BAD or not release)


def test_an_old_version_that_waits_for_a_restart_counts():
    database = DatabaseTransit("docdb", "tls", "enabled", "own", "pending-reboot")
    assert database_tls(database).status is BAD


@pytest.mark.parametrize(("requires", "status"), [(True, GOOD), (False, BAD)])
def test_proxy_tls(requires, status):
    assert proxy_tls(ProxyTransit(requires)).status is status


@pytest.mark.parametrize(
    ("cluster", "status", "said"),
    [
        pytest.param(MskTransit("TLS"), GOOD, "use TLS", id="TLS alone"),
        pytest.param(MskTransit("TLS_PLAINTEXT"), BAD, "TLS_PLAINTEXT", id="either"),
        pytest.param(MskTransit("PLAINTEXT"), BAD, "(PLAINTEXT)", id="plain text"),
        pytest.param(MskTransit("TLS", False), BAD, "each other", id="plain between brokers"),
        pytest.param(MskTransit("", None), BLIND, "does not show", id="nothing is said"),
        pytest.param(MskTransit("TLS", None), BLIND, "does not show", id="half is said"),
        pytest.param(MskTransit("NEWER"), BLIND, "does not show", id="another value"),
        pytest.param(MskTransit("TLS", is_serverless=True), GOOD, "serverless", id="serverless"),
    ],
)
def test_msk_tls(cluster, status, said):
    verdict = msk_tls(cluster)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


def warehouse(value="true", group="in-sync", own="", *, public=False):
    """The evidence on a cluster whose group and parameter have these states."""
    states = [{"ParameterName": "require_ssl", "ParameterApplyStatus": own}] if own else []
    cluster = {
        "ClusterIdentifier": "orders",
        "PubliclyAccessible": public,
        "ClusterParameterGroups": [
            {
                "ParameterGroupName": "tls",
                "ParameterApplyStatus": group,
                "ClusterParameterStatusList": states,
            }
        ],
    }
    parameters = [{"ParameterName": "require_ssl", "ParameterValue": value}] if value else []
    account = fake_account().but(
        redshift__describe_clusters={"Clusters": [cluster]},
        redshift__describe_cluster_parameters={"Parameters": parameters},
    )
    seen = [
        evaluation(account, [], bulk=bulk)
        .aws.evidence(WarehouseTransit, REDSHIFT_CLUSTER.resource(ACCOUNT_ID, HOME, "orders"))
        .evidence
        for bulk in (False, True)
    ]
    assert seen[0] == seen[1]
    return seen[0]


@pytest.mark.parametrize(
    ("cluster", "status", "severity"),
    [
        pytest.param(warehouse(), GOOD, None, id="required"),
        pytest.param(warehouse("false"), BAD, Severity.MEDIUM, id="not required"),
        pytest.param(warehouse("false", public=True), BAD, Severity.HIGH, id="on the internet"),
        pytest.param(
            warehouse("false", "pending-reboot"), BAD, Severity.MEDIUM, id="off and waiting"
        ),
        pytest.param(warehouse("true", "pending-reboot"), BLIND, None, id="the group waits"),
        pytest.param(
            warehouse("true", "pending-reboot", "in-sync"),
            GOOD,
            None,
            id="another parameter waits",
        ),
        pytest.param(
            warehouse("true", "in-sync", "pending-reboot"), BLIND, None, id="it waits itself"
        ),
        pytest.param(warehouse("true", "apply-error"), BLIND, None, id="it could not be applied"),
        pytest.param(warehouse(""), BLIND, None, id="no value"),
    ],
)
def test_redshift_tls(cluster, status, severity):
    verdict = redshift_tls(cluster)
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason


@pytest.mark.parametrize(
    ("parameters", "public", "status", "severity"),
    [
        ({"require_ssl": "true"}, True, GOOD, None),
        ({"require_ssl": "false", "auto_mv": "true"}, False, BAD, Severity.MEDIUM),
        ({"require_ssl": "false"}, True, BAD, Severity.HIGH),
        ({"auto_mv": "true"}, True, BLIND, None),
    ],
)
def test_redshift_serverless_tls(parameters, public, status, severity):
    about = {
        "workgroupName": "orders",
        "publiclyAccessible": public,
        "configParameters": [
            {"parameterKey": name, "parameterValue": value} for name, value in parameters.items()
        ],
    }
    account = fake_account().but(
        **{
            "redshift-serverless__list_workgroups": {"workgroups": [about]},
            "redshift-serverless__get_workgroup": {"workgroup": about},
        }
    )
    for bulk in (False, True):
        aws = evaluation(account, [], bulk=bulk).aws
        resource = WORKGROUP.resource(ACCOUNT_ID, HOME, "orders")
        verdict = redshift_serverless_tls(aws.evidence(WorkgroupTransit, resource).evidence)
        assert (verdict.status, verdict.severity) == (status, severity), verdict.reason


PLAIN, SAFE = efs_volume(), efs_volume("ENABLED", "safe")
OFF, LOCAL = efs_volume("DISABLED", "off"), {"name": "scratch", "host": {"sourcePath": "/tmp"}}
TASKS_OF_A_JOB = {"taskProperties": [{"containers": [], "volumes": [SAFE, OFF]}]}
RANGES = [
    {"targetNodes": "0:", "container": {"volumes": [SAFE]}},
    {"targetNodes": "1:", "ecsProperties": TASKS_OF_A_JOB},
]


@pytest.mark.parametrize(
    ("volumes", "status", "said"),
    [
        pytest.param([], NA, "no EFS", id="no volume"),
        pytest.param([LOCAL], NA, "no EFS", id="a volume of the host"),
        pytest.param([SAFE], GOOD, "safe", id="TLS"),
        pytest.param([SAFE, PLAIN, OFF, LOCAL], BAD, "files and off", id="without TLS"),
    ],
)
def test_volumes_of_tasks_and_jobs(volumes, status, said):
    account = fake_account().but(
        ecs__describe_task_definition={
            "taskDefinition": {"taskDefinitionArn": TASKS, "volumes": volumes}
        },
        batch__describe_job_definitions={"jobDefinitions": [job(*volumes)]},
    )
    for rule, id in ((task_volume_tls, TASKS), (job_volume_tls, JOB)):
        seen = observe(account, rule, id).finding
        assert (seen.status, said in seen.reason) == (status, True), seen.reason


@pytest.mark.parametrize(
    "about",
    [
        pytest.param({"ecsProperties": TASKS_OF_A_JOB}, id="tasks of ECS"),
        pytest.param({"nodeProperties": {"nodeRangeProperties": RANGES}}, id="ranges of nodes"),
    ],
)
def test_every_place_where_a_job_has_volumes(about):
    definition = {key: value for key, value in job().items() if key != "containerProperties"}
    assert JobDefinition.of(definition | about).mounts == {"safe": True, "off": False}


@pytest.mark.parametrize(
    "verdict",
    [
        redshift_tls(WarehouseTransit("false"), internal_severity="LOW"),
        redshift_serverless_tls(WorkgroupTransit("false"), internal_severity="LOW"),
        task_volume_tls(
            TaskDefinition(TASKS, "agent", mounts={"off": False}), internal_severity="LOW"
        ),
        job_volume_tls(JobDefinition(JOB, mounts={"off": False}), internal_severity="LOW"),
    ],
)
def test_what_is_inside_weighs_as_much_as_is_set(verdict):
    assert verdict.severity is Severity.LOW


def classic(*listeners, internet_facing=True):
    return ClassicBalancer("web", internet_facing, listeners)


HTTPS = ClassicListener("HTTPS", 443, "ELBSecurityPolicy-TLS-1-2-2017-01", NEW)


@pytest.mark.parametrize(
    ("balancer", "settings", "status", "said"),
    [
        pytest.param(classic(HTTPS), {}, GOOD, "TLS 1.2 or later", id="HTTPS"),
        pytest.param(
            classic(HTTPS, ClassicListener("HTTP", 80)), {}, BAD, "HTTP:80", id="and HTTP"
        ),
        pytest.param(
            classic(HTTPS, ClassicListener("SSL", 8443, "ELBSecurityPolicy-2016-08", OLD)),
            {},
            BAD,
            "TLSv1 and TLSv1.1",
            id="an old policy",
        ),
        pytest.param(
            classic(ClassicListener("HTTPS", 443)), {}, BLIND, "none", id="no policy is shown"
        ),
        pytest.param(
            classic(HTTPS, ClassicListener("TCP", 5432)), {}, BLIND, "TCP:5432", id="TCP"
        ),
        pytest.param(
            classic(HTTPS, ClassicListener("TCP", 5432)),
            {"allow_tcp_passthrough": ("web",)},
            GOOD,
            "TCP:5432 terminate TLS",
            id="TCP whose targets terminate TLS",
        ),
        pytest.param(
            classic(ClassicListener("TCP", 5432)),
            {"allow_tcp_passthrough": ("web",)},
            NA,
            "The targets of TCP:5432",
            id="nothing but TCP whose targets terminate TLS",
        ),
        pytest.param(
            classic(ClassicListener("TCP", 5432), ClassicListener("HTTP", 80)),
            {},
            BAD,
            "HTTP:80",
            id="the worst decides",
        ),
        pytest.param(classic(), {}, NA, "no listener", id="none"),
    ],
)
def test_classic_balancer_tls(balancer, settings, status, said):
    verdict = classic_balancer_tls(balancer, **settings)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


@pytest.mark.parametrize(
    ("verdict", "severity"),
    [
        (classic_balancer_tls(classic(ClassicListener("HTTP", 80))), Severity.HIGH),
        (
            classic_balancer_tls(classic(ClassicListener("HTTP", 80), internet_facing=False)),
            Severity.MEDIUM,
        ),
        (
            classic_balancer_tls(
                classic(ClassicListener("HTTP", 80), internet_facing=False),
                internal_severity="LOW",
            ),
            Severity.LOW,
        ),
        (msk_tls(MskTransit("PLAINTEXT"), internal_severity="LOW"), Severity.LOW),
        (proxy_tls(ProxyTransit(False), internal_severity="LOW"), Severity.LOW),
        (msk_tls(MskTransit("PLAINTEXT")), Severity.MEDIUM),
        (proxy_tls(ProxyTransit(False)), Severity.MEDIUM),
    ],
)
def test_how_much_it_weighs(verdict, severity):
    assert verdict.severity is severity
