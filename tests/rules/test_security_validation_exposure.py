"""Databases and clusters on the internet, and policies that let in anybody."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.security_validation.rules_of_access import (
    cluster_access,
    database_access,
    unanalyzed_policies,
)
from readiness import Severity, Status
from readiness.evidence.rds.exposure import DatabaseExposure
from readiness.evidence.rds.instances import INSTANCE
from readiness.evidence.workloads.open_policies import (
    BACKUP_VAULT,
    BUS,
    GLACIER_VAULT,
    STREAM,
    ResourcePolicy,
    UnanalyzedPolicies,
)
from readiness.evidence.workloads.public_clusters import PublicClusters, PublicEndpoint
from readiness.model.evidence import REGION
from tests.accounts import exposed
from tests.accounts.security_validation import fake_account
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error, evaluation

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
BLIND = Status.INSUFFICIENT_DATA
CRITICAL, HIGH, MEDIUM = list(Severity)[:3]
OTHER = "444455556666"


def read(cls: type[Any], account: FakeAccount) -> Any:
    resource = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
    return evaluation(account, []).aws.evidence(cls, resource).evidence


def but(service: str, operation: str, answer: Any) -> FakeAccount:
    return FakeAccount({**fake_account().answers, (service, operation): answer})


# -- databases ------------------------------------------------------------------------------------


@pytest.mark.parametrize("bulk", [False, True], ids=["alone", "in bulk"])
@pytest.mark.parametrize(("is_public", "status"), [(True, BAD), (False, GOOD), (None, GOOD)])
def test_database_access(is_public, status, bulk):
    database = {
        "DBInstanceIdentifier": "db",
        "Engine": "docdb",
        "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1"}],
    } | ({} if is_public is None else {"PubliclyAccessible": is_public})
    account = but("rds", "describe_db_instances", {"DBInstances": [database]})
    account.answers["ec2", "describe_security_groups"] = {"SecurityGroups": [group("sg-1", OPEN)]}
    aws = evaluation(account, [], bulk=bulk).aws
    resource = INSTANCE.resource(ACCOUNT_ID, HOME, "db")
    found = aws.evidence(DatabaseExposure, resource).evidence
    assert found == DatabaseExposure(bool(is_public), "docdb", ("sg-1",))
    verdict = database_access(found)
    assert verdict.status is status
    assert verdict.severity is (HIGH if status is BAD else None)
    assert (status is GOOD) or "(sg-1) are not known to keep the internet out" in verdict.reason


def group(id: str, *rules: Any) -> dict[str, Any]:
    return {"GroupId": id, "IpPermissions": list(rules)}


def rule(*cidrs: str, low: int = 5432, high: int = 5432, protocol: str = "tcp") -> dict[str, Any]:
    ranges = [{"CidrIp": each} for each in cidrs if ":" not in each]
    wide = [{"CidrIpv6": each} for each in cidrs if ":" in each]
    made = {"IpProtocol": protocol, "IpRanges": ranges, "Ipv6Ranges": wide}
    return made if protocol == "-1" else made | {"FromPort": low, "ToPort": high}


OPEN = rule("0.0.0.0/0")
PEERS = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-2", "UserId": ACCOUNT_ID}]}
LIST = rule() | {"PrefixListIds": [{"PrefixListId": "pl-1"}]}
WEB = rule("0.0.0.0/0", low=443, high=443)
GROUPS = [
    pytest.param(["sg-1"], [group("sg-1", OPEN)], HIGH, HIGH, id="open"),
    pytest.param(["sg-1"], [group("sg-1", rule("::/0"))], HIGH, HIGH, id="open to IPv6"),
    pytest.param(
        ["sg-1"], [group("sg-1", rule("0.0.0.0/0", protocol="-1"))], HIGH, HIGH, id="all traffic"
    ),
    pytest.param(
        ["sg-1"],
        [group("sg-1", rule("0.0.0.0/1"), rule("128.0.0.0/1", low=0, high=65535))],
        HIGH,
        HIGH,
        id="halves",
    ),
    pytest.param(
        ["sg-1", "sg-2"], [group("sg-1"), group("sg-2", OPEN)], HIGH, HIGH, id="the second"
    ),
    pytest.param(["sg-1", "sg-9"], [group("sg-1")], HIGH, HIGH, id="another account's"),
    pytest.param([], [], HIGH, HIGH, id="none"),
    pytest.param(["sg-1"], error("AccessDenied", 403), HIGH, HIGH, id="denied"),
    pytest.param(["sg-1"], [group("sg-1", WEB)], MEDIUM, HIGH, id="another port"),
    pytest.param(["sg-1"], [group("sg-1")], MEDIUM, MEDIUM, id="no rule"),
    pytest.param(["sg-1"], [group("sg-1", rule("203.0.113.0/24"))], MEDIUM, MEDIUM, id="office"),
    pytest.param(["sg-1"], [group("sg-1", rule("10.0.0.0/8"))], MEDIUM, MEDIUM, id="private"),
    pytest.param(["sg-1"], [group("sg-1", PEERS, LIST)], MEDIUM, MEDIUM, id="groups and lists"),
    pytest.param(
        ["sg-1"],
        [group("sg-1", rule("0.0.0.0/0", low=-1, high=-1, protocol="icmp"))],
        MEDIUM,
        MEDIUM,
        id="ping",
    ),
]


def behind(service: str, operation: str, answer: Any, groups: Any) -> FakeAccount:
    account = but(service, operation, answer)
    found = {"SecurityGroups": groups} if isinstance(groups, list) else groups
    account.answers["ec2", "describe_security_groups"] = found
    return account


@pytest.mark.parametrize(("ids", "groups", "severity", "_"), GROUPS)
def test_a_public_database_behind_security_groups(ids, groups, severity, _):
    database = {
        "DBInstanceIdentifier": "db",
        "Engine": "postgres",
        "PubliclyAccessible": True,
        "Endpoint": {"Address": "db.rds", "Port": 5432},
        "VpcSecurityGroups": [{"VpcSecurityGroupId": id} for id in ids],
    }
    account = behind("rds", "describe_db_instances", {"DBInstances": [database]}, groups)
    resource = INSTANCE.resource(ACCOUNT_ID, HOME, "db")
    verdict = database_access(
        evaluation(account, []).aws.evidence(DatabaseExposure, resource).evidence
    )
    assert (verdict.status, verdict.severity) == (BAD, severity)
    assert ("only its security groups" in verdict.reason) is (severity is MEDIUM)


def test_groups_are_not_asked_for_where_no_database_is_public():
    account = fake_account()
    resource = INSTANCE.resource(ACCOUNT_ID, HOME, "db")
    evaluation(account, [], bulk=True).aws.evidence(DatabaseExposure, resource)
    assert ("ec2", "describe_security_groups") not in account.calls


# -- clusters -------------------------------------------------------------------------------------


def kafka(access: str) -> dict[str, Any]:
    about = exposed.KAFKA["Provisioned"]["BrokerNodeGroupInfo"]  # type: ignore[index]
    connectivity = {"ConnectivityInfo": {"PublicAccess": {"Type": access}}}
    provisioned = {"BrokerNodeGroupInfo": about | connectivity, "NumberOfBrokerNodes": 3}
    return {"ClusterInfoList": [exposed.KAFKA | {"Provisioned": provisioned}]}


def kubernetes(**network: Any) -> dict[str, Any]:
    return {"cluster": exposed.KUBERNETES | {"resourcesVpcConfig": network}}


HALVES = ["0.0.0.0/1", "128.0.0.0/1"]


@pytest.mark.parametrize(
    ("service", "operation", "answer", "found"),
    [
        pytest.param("kafka", "list_clusters_v2", kafka("DISABLED"), "", id="MSK"),
        pytest.param(
            "kafka",
            "list_clusters_v2",
            kafka("SERVICE_PROVIDED_EIPS"),
            "MSK cluster stream",
            id="public MSK",
        ),
        pytest.param(
            "kafka",
            "list_clusters_v2",
            {"ClusterInfoList": [{k: v for k, v in exposed.KAFKA.items() if k != "Provisioned"}]},
            "",
            id="MSK Serverless",
        ),
        pytest.param(
            "mq",
            "describe_broker",
            exposed.BROKER | {"PubliclyAccessible": True},
            "Amazon MQ broker jobs",
            id="public broker",
        ),
        pytest.param("mq", "describe_broker", error("NotFoundException", 404), "", id="gone"),
        pytest.param(
            "redshift",
            "describe_clusters",
            {"Clusters": [{"ClusterIdentifier": "dwh", "PubliclyAccessible": True}]},
            "Redshift cluster dwh",
            id="public Redshift, being made",
        ),
        pytest.param(
            "redshift-serverless",
            "list_workgroups",
            {"workgroups": [exposed.WORKGROUP | {"publiclyAccessible": True}]},
            "Redshift Serverless workgroup adhoc",
            id="public workgroup",
        ),
        *(
            pytest.param("eks", "describe_cluster", kubernetes(**network), found, id=f"EKS {id}")
            for id, network, found in (
                ("private", {"endpointPublicAccess": False}, ""),
                ("by default", {"endpointPublicAccess": True}, "EKS cluster apps"),
                (
                    "from anywhere",
                    {"endpointPublicAccess": True, "publicAccessCidrs": ["0.0.0.0/0"]},
                    "EKS cluster apps",
                ),
                (
                    "from two halves",
                    {"endpointPublicAccess": True, "publicAccessCidrs": HALVES},
                    "EKS cluster apps",
                ),
                (
                    "from IPv6",
                    {"endpointPublicAccess": True, "publicAccessCidrs": ["::/0"]},
                    "EKS cluster apps",
                ),
                (
                    "from an office",
                    {"endpointPublicAccess": True, "publicAccessCidrs": ["203.0.113.7/32"]},
                    "",
                ),
                (
                    "private, with ranges that are left",
                    {"endpointPublicAccess": False, "publicAccessCidrs": ["0.0.0.0/0"]},
                    "",
                ),
            )
        ),
        *(
            pytest.param("opensearchserverless", "get_security_policy", policy, found, id=id)
            for id, policy, found in (
                (
                    "public collection",
                    exposed.network_policy("collection/vectors", public=True),
                    "OpenSearch Serverless collection vectors",
                ),
                (
                    "public by prefix",
                    exposed.network_policy("collection/vec*", public=True),
                    "OpenSearch Serverless collection vectors",
                ),
                ("another", exposed.network_policy("collection/logs*", public=True), ""),
                (
                    "dashboards alone",
                    exposed.network_policy("collection/*", public=True, kind="dashboard"),
                    "",
                ),
                ("in a VPC", exposed.network_policy("collection/*"), ""),
            )
        ),
    ],
)
def test_which_clusters_the_internet_reaches(service, operation, answer, found):
    seen = read(PublicClusters, but(service, operation, answer))
    assert [each.name for each in seen.endpoints] == ([found] if found else [])
    assert seen.failures == ()


def test_policies_are_not_asked_for_without_a_collection():
    account = but("opensearchserverless", "list_collections", {"collectionSummaries": []})
    assert read(PublicClusters, account).endpoints == ()
    assert ("opensearchserverless", "list_security_policies") not in account.calls


def public(ids: list[str]) -> dict[tuple[str, str], Any]:
    brokers = kafka("SERVICE_PROVIDED_EIPS")
    brokers["ClusterInfoList"][0]["Provisioned"]["BrokerNodeGroupInfo"]["SecurityGroups"] = ids
    warehouse = exposed.WAREHOUSE | {
        "PubliclyAccessible": True,
        "VpcSecurityGroups": [{"VpcSecurityGroupId": id} for id in ids],
    }
    workgroup = exposed.WORKGROUP | {"publiclyAccessible": True, "securityGroupIds": ids}
    broker = exposed.BROKER | {"PubliclyAccessible": True, "SecurityGroups": ids}
    return {
        ("kafka", "list_clusters_v2"): brokers,
        ("mq", "describe_broker"): broker,
        ("redshift", "describe_clusters"): {"Clusters": [warehouse]},
        ("redshift-serverless", "list_workgroups"): {"workgroups": [workgroup]},
    }


@pytest.mark.parametrize("which", list(public([])), ids=lambda each: each[0])
@pytest.mark.parametrize(("ids", "groups", "_", "severity"), GROUPS)
def test_public_clusters_behind_security_groups(which, ids, groups, _, severity):
    found = read(PublicClusters, behind(*which, public(ids)[which], groups))
    verdict = cluster_access(found)
    assert (verdict.status, verdict.severity) == (BAD, severity)
    assert ("only security groups keep anyone out" in verdict.reason) is (severity is MEDIUM)


@pytest.mark.parametrize(
    ("authentication", "severity"),
    [
        ({"Sasl": {"Iam": {"Enabled": True}}}, MEDIUM),
        (
            {
                "Sasl": {"Iam": {"Enabled": True}, "Scram": {"Enabled": False}},
                "Tls": {"Enabled": False},
                "Unauthenticated": {"Enabled": False},
            },
            MEDIUM,
        ),
        ({"Sasl": {"Iam": {"Enabled": True}, "Scram": {"Enabled": True}}}, HIGH),
        ({"Sasl": {"Iam": {"Enabled": True}}, "Tls": {"Enabled": True}}, HIGH),
        ({"Sasl": {"Iam": {"Enabled": True}}, "Unauthenticated": {"Enabled": True}}, HIGH),
        ({"Sasl": {"Iam": {"Enabled": False}, "Scram": {"Enabled": True}}}, HIGH),
        ({}, HIGH),
    ],
)
def test_a_public_kafka_to_which_iam_alone_lets_in(authentication, severity):
    answer = kafka("SERVICE_PROVIDED_EIPS")
    answer["ClusterInfoList"][0]["Provisioned"]["ClientAuthentication"] = authentication
    verdict = cluster_access(read(PublicClusters, but("kafka", "list_clusters_v2", answer)))
    assert (verdict.status, verdict.severity) == (BAD, severity)


def test_what_is_closed_and_signed_is_named_once():
    verdict = cluster_access(
        PublicClusters(
            (PublicEndpoint("MSK cluster m", NOON, signs_with_iam=True, is_closed=True),)
        )
    )
    assert verdict.severity is MEDIUM
    assert verdict.reason.count("MSK cluster m") == 1


BARE = PublicEndpoint("Redshift cluster dwh", NOON)
SIGNED = PublicEndpoint("EKS cluster apps", NOON, signs_with_iam=True)


@pytest.mark.parametrize(
    ("endpoints", "status", "severity", "said"),
    [
        ((), GOOD, None, "No cluster"),
        ((BARE,), BAD, HIGH, "reaches Redshift cluster dwh: a password"),
        ((SIGNED,), BAD, MEDIUM, "reaches EKS cluster apps: IAM alone"),
        ((BARE, SIGNED), BAD, HIGH, "EKS cluster apps"),
    ],
)
def test_cluster_access(endpoints, status, severity, said):
    verdict = cluster_access(PublicClusters(endpoints))
    assert (verdict.status, verdict.severity) == (status, severity)
    assert said in verdict.reason


@pytest.mark.parametrize(
    ("service", "operation", "action"),
    [
        ("kafka", "list_clusters_v2", "kafka:ListClustersV2"),
        ("mq", "describe_broker", "mq:DescribeBroker"),
        ("redshift", "describe_clusters", "redshift:DescribeClusters"),
        ("redshift-serverless", "list_workgroups", "redshift-serverless:ListWorkgroups"),
        ("eks", "describe_cluster", "eks:DescribeCluster"),
        ("opensearchserverless", "get_security_policy", "aoss:GetSecurityPolicy"),
    ],
)
def test_a_denied_service_leaves_it_unknown_and_hides_no_other(service, operation, action):
    account = but(service, operation, error("AccessDeniedException", 403))
    verdict = cluster_access(read(PublicClusters, account))
    assert (verdict.status, verdict.missing) == (BLIND, (action,))
    seen = read(PublicClusters, account)
    verdict = cluster_access(PublicClusters((BARE,), seen.failures))
    assert (verdict.status, verdict.severity) == (BAD, HIGH)
    assert f"Not everything was read: {action} was denied" in verdict.reason


# -- policies -------------------------------------------------------------------------------------

ARNS = {
    BUS: f"arn:aws:events:{HOME}:{ACCOUNT_ID}:event-bus/default",
    STREAM: f"arn:aws:kinesis:{HOME}:{ACCOUNT_ID}:stream/orders",
    BACKUP_VAULT: f"arn:aws:backup:{HOME}:{ACCOUNT_ID}:backup-vault:daily",
    GLACIER_VAULT: f"arn:aws:glacier:{HOME}:{ACCOUNT_ID}:vaults/old",
}
SERVICES = {BUS: "events", STREAM: "kinesis", BACKUP_VAULT: "backup", GLACIER_VAULT: "glacier"}


def allow(principal: Any = "*", action: str = "*", resource: str = "*", **condition: Any) -> Any:
    made = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource}
    return made | ({"Condition": condition} if condition else {})


def seen(kind: str, *statements: Any) -> UnanalyzedPolicies:
    text = json.dumps({"Statement": list(statements)})
    return UnanalyzedPolicies((ResourcePolicy(kind, "it", ARNS[kind], text),))


@pytest.mark.parametrize("kind", list(ARNS))
@pytest.mark.parametrize(
    ("statements", "status"),
    [
        pytest.param([allow()], BAD, id="anyone"),
        pytest.param([allow({"AWS": "*"})], BAD, id="any principal"),
        pytest.param([allow({"AWS": [ACCOUNT_ID, "*"]})], BAD, id="among others"),
        pytest.param([allow({"AWS": OTHER})], GOOD, id="one account"),
        pytest.param([allow({"Service": "s3.amazonaws.com"})], GOOD, id="a service"),
        pytest.param(
            [allow(StringEquals={"aws:PrincipalOrgID": "o-1"})], GOOD, id="an organization"
        ),
        pytest.param(
            [allow(StringLike={"aws:PrincipalOrgID": "o-*"})], BAD, id="any organization"
        ),
        pytest.param(
            [allow(StringEqualsIfExists={"aws:PrincipalOrgID": "o-1"})], BAD, id="if there is one"
        ),
        pytest.param([allow(Bool={"aws:SecureTransport": "true"})], BAD, id="with TLS"),
        pytest.param(
            [
                allow(),
                allow(StringNotEquals={"aws:PrincipalAccount": ACCOUNT_ID}) | {"Effect": "Deny"},
            ],
            GOOD,
            id="all others denied",
        ),
        pytest.param([allow(), allow({"AWS": OTHER}) | {"Effect": "Deny"}], BAD, id="one denied"),
        pytest.param([allow(StringEquals={"events:unheard-of": "a"})], BLIND, id="unknown key"),
        pytest.param([allow(action="tag:GetResources")], GOOD, id="another service"),
    ],
)
def test_unanalyzed_policies(kind, statements, status):
    verdict = unanalyzed_policies(seen(kind, *statements))
    assert verdict.status is status, verdict.reason
    assert verdict.severity is (None if status is not BAD else HIGH if kind == BUS else CRITICAL)


@pytest.mark.parametrize(
    ("kind", "action", "resource", "status"),
    [
        (BUS, "events:PutEvents", ARNS[BUS], BAD),
        (BUS, "events:PutRule", f"arn:aws:events:{HOME}:{ACCOUNT_ID}:rule/default/*", BAD),
        (BUS, "events:DescribeEventBus", ARNS[BUS], GOOD),
        (STREAM, "kinesis:GetRecords", ARNS[STREAM], BAD),
        (STREAM, "kinesis:GetRecords", f"{ARNS[STREAM]}-2", GOOD),
        (STREAM, "kinesis:DescribeStreamSummary", ARNS[STREAM], GOOD),
        (BACKUP_VAULT, "backup:CopyIntoBackupVault", "*", BAD),
        (BACKUP_VAULT, "backup:DeleteRecoveryPoint", "arn:aws:ec2:*::snapshot/*", BAD),
        (BACKUP_VAULT, "backup:DescribeBackupVault", "*", GOOD),
        (GLACIER_VAULT, "glacier:InitiateJob", ARNS[GLACIER_VAULT], BAD),
    ],
)
def test_what_strangers_may_do(kind, action, resource, status):
    verdict = unanalyzed_policies(seen(kind, allow("*", action, resource)))
    assert verdict.status is status, verdict.reason


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ({"StringEquals": {"events:source": "shop.orders"}}, BAD),
        ({"StringEquals": {"events:detail-type": "Order placed"}}, BAD),
        (
            {
                "StringLike": {"events:source": "shop.*"},
                "StringEquals": {"aws:PrincipalOrgID": "o-1"},
            },
            GOOD,
        ),
        ({"StringEqualsIfExists": {"events:creatorAccount": "${aws:PrincipalAccount}"}}, BAD),
        ({"StringEquals": {"events:creatorAccount": OTHER}}, GOOD),
    ],
)
def test_who_sends_an_event_chooses_what_it_says(condition, status):
    verdict = unanalyzed_policies(seen(BUS, allow("*", "events:Put*", **condition)))
    assert verdict.status is status, verdict.reason


def test_a_policy_that_cannot_be_parsed_is_unknown():
    broken = UnanalyzedPolicies((ResourcePolicy(BUS, "it", ARNS[BUS], "{"),))
    assert unanalyzed_policies(broken).status is BLIND


@pytest.mark.parametrize(
    ("service", "operation", "answer", "kind"),
    [
        (
            "events",
            "list_event_buses",
            {
                "EventBuses": [
                    {"Name": "default", "Arn": ARNS[BUS], "Policy": exposed.policy("*")},
                    {"Name": "own", "Arn": f"{ARNS[BUS]}2"},
                ]
            },
            BUS,
        ),
        ("kinesis", "get_resource_policy", {"Policy": exposed.policy("*")}, STREAM),
        (
            "backup",
            "get_backup_vault_access_policy",
            {"Policy": exposed.policy("*")},
            BACKUP_VAULT,
        ),
        (
            "glacier",
            "get_vault_access_policy",
            {"policy": {"Policy": exposed.policy("*")}},
            GLACIER_VAULT,
        ),
    ],
)
def test_the_policies_that_are_read(service, operation, answer, kind):
    verdict = unanalyzed_policies(read(UnanalyzedPolicies, but(service, operation, answer)))
    assert verdict.status is BAD
    assert verdict.observed["resources"] == [ARNS[kind]]
    gone = but(service, operation, error("ResourceNotFoundException", 404))
    if operation != "list_event_buses":
        assert unanalyzed_policies(read(UnanalyzedPolicies, gone)).status is GOOD
    denied = but(service, operation, error("AccessDeniedException", 403))
    verdict = unanalyzed_policies(read(UnanalyzedPolicies, denied))
    assert verdict.status is BLIND
    assert [each.partition(":")[0] for each in verdict.missing] == [SERVICES[kind]]
