"""Where the parameter stands that makes the clients of a database use TLS."""

from __future__ import annotations

import pytest

from readiness.evidence.rds.instances import INSTANCE
from readiness.evidence.rds.transit import DatabaseTransit, tls_parameter
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, evaluation

ONE_GROUP = [{"DBParameterGroupName": "own", "ParameterApplyStatus": "pending-reboot"}]
CLUSTER = {
    "DBClusterIdentifier": "orders",
    "DBClusterParameterGroup": "shared",
    "DBClusterMembers": [
        {"DBInstanceIdentifier": "other", "DBClusterParameterGroupStatus": "in-sync"},
        {"DBInstanceIdentifier": "main", "DBClusterParameterGroupStatus": "applying"},
    ],
}
PARAMETERS = {
    "own": {
        "rds.force_ssl": "1",
        "ssl_min_protocol_version": "TLSv1",
        "require_secure_transport": "OFF",
        "db2comm": "TCPIP,SSL",
    },
    "shared": {"rds.force_ssl": "0", "tls": "enabled"},
}


def shown(group, names):
    found = {name: value for name, value in PARAMETERS[group].items() if name in names}
    if not found:
        return {"Parameters": []}
    return {
        "Parameters": [
            {"ParameterName": name, "ParameterValue": value}
            for name, value in {"tls_ciphers": "x", **found}.items()
        ]
    }


def load(about, *, bulk):
    def of_instance(*, DBParameterGroupName, Filters):  # noqa: N803
        return shown(DBParameterGroupName, Filters[0]["Values"])

    def of_cluster(*, DBClusterParameterGroupName, Filters):  # noqa: N803
        return shown(DBClusterParameterGroupName, Filters[0]["Values"])

    def options(*, OptionGroupName):  # noqa: N803
        setting = {"Name": "SQLNET.ENCRYPTION_SERVER", "Value": "REQUIRED"}
        native = {"OptionName": "NATIVE_NETWORK_ENCRYPTION", "OptionSettings": [setting]}
        held = native if OptionGroupName == "nne" else {"OptionName": "SSL"}
        return {"OptionGroupsList": [{"OptionGroupName": OptionGroupName, "Options": [held]}]}

    instance = {"DBInstanceIdentifier": "main", "DBParameterGroups": ONE_GROUP} | about
    account = FakeAccount(
        {
            ("rds", "describe_db_instances"): {"DBInstances": [instance]},
            ("rds", "describe_db_clusters"): {"DBClusters": [CLUSTER]},
            ("rds", "describe_db_parameters"): of_instance,
            ("rds", "describe_db_cluster_parameters"): of_cluster,
            ("rds", "describe_option_groups"): options,
        }
    )
    aws = evaluation(account, [], bulk=bulk).aws
    return aws.evidence(DatabaseTransit, INSTANCE.resource(ACCOUNT_ID, HOME, "main")).evidence


@pytest.mark.parametrize("bulk", [False, True], ids=["alone", "in bulk"])
@pytest.mark.parametrize(
    ("about", "found"),
    [
        pytest.param(
            {"Engine": "postgres", "PubliclyAccessible": True},
            DatabaseTransit(
                "postgres",
                "rds.force_ssl",
                "1",
                "own",
                "pending-reboot",
                is_public=True,
                versions=(("ssl_min_protocol_version", "TLSv1"),),
            ),
            id="an instance alone",
        ),
        pytest.param(
            {"Engine": "mysql", "EngineVersion": "5.7.44"},
            DatabaseTransit(
                "mysql",
                "require_secure_transport",
                "OFF",
                "own",
                "pending-reboot",
                release="5.7.44",
            ),
            id="MySQL",
        ),
        pytest.param(
            {"Engine": "aurora-postgresql", "DBClusterIdentifier": "orders"},
            DatabaseTransit("aurora-postgresql", "rds.force_ssl", "0", "shared", "applying"),
            id="a member of a cluster",
        ),
        pytest.param(
            {"Engine": "docdb", "DBClusterIdentifier": "orders"},
            DatabaseTransit("docdb", "tls", "enabled", "shared", "applying"),
            id="DocumentDB",
        ),
        pytest.param(
            {"Engine": "mysql", "DBClusterIdentifier": "orders"},
            DatabaseTransit("mysql", "require_secure_transport", "", "shared", "applying"),
            id="a group without the parameter",
        ),
        pytest.param(
            {"Engine": "aurora-mysql", "DBClusterIdentifier": "unseen"},
            DatabaseTransit("aurora-mysql", "require_secure_transport"),
            id="a cluster that is not listed",
        ),
        pytest.param(
            {"Engine": "postgres", "DBParameterGroups": []},
            DatabaseTransit("postgres", "rds.force_ssl"),
            id="no group",
        ),
        pytest.param(
            {"Engine": "db2-se"},
            DatabaseTransit("db2-se", "DB2COMM", "TCPIP,SSL", "own", "pending-reboot"),
            id="Db2, in small letters",
        ),
        pytest.param(
            {
                "Engine": "oracle-ee",
                "OptionGroupMemberships": [{"OptionGroupName": "nne", "Status": "in-sync"}],
            },
            DatabaseTransit("oracle-ee", "SQLNET.ENCRYPTION_SERVER", "REQUIRED", "nne"),
            id="Oracle",
        ),
        pytest.param(
            {
                "Engine": "oracle-se2",
                "OptionGroupMemberships": [{"OptionGroupName": "ssl", "Status": "pending-apply"}],
            },
            DatabaseTransit("oracle-se2", "SQLNET.ENCRYPTION_SERVER", "", "ssl", "pending-apply"),
            id="Oracle, with TLS on a second port",
        ),
        pytest.param(
            {"Engine": "custom-oracle-ee"}, DatabaseTransit("custom-oracle-ee"), id="no parameter"
        ),
    ],
)
def test_where_the_parameter_stands(about, found, bulk):
    assert load(about, bulk=bulk) == found


@pytest.mark.parametrize(
    ("engine", "name"),
    [
        ("postgres", "rds.force_ssl"),
        ("aurora-postgresql", "rds.force_ssl"),
        ("sqlserver-se", "rds.force_ssl"),
        ("mysql", "require_secure_transport"),
        ("mariadb", "require_secure_transport"),
        ("aurora-mysql", "require_secure_transport"),
        ("docdb", "tls"),
        ("neptune", ""),
        ("oracle-ee", "SQLNET.ENCRYPTION_SERVER"),
        ("custom-oracle-ee", ""),
        ("custom-sqlserver-ee", ""),
        ("db2-se", "DB2COMM"),
    ],
)
def test_each_engine_has_its_own(engine, name):
    assert tls_parameter(engine) == name
