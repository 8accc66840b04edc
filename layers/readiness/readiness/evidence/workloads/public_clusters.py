"""Which clusters, warehouses and brokers of a region have an endpoint on the internet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from readiness.evidence.ec2.open_groups import keep_the_internet_out
from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Unreadable
from readiness.semantics.addresses import the_world_in
from readiness.semantics.policy_patterns import matches_case


@dataclass(frozen=True, slots=True)
class PublicEndpoint:
    """An endpoint on the internet: of what, since when it has been there at the earliest.

    ``signs_with_iam``: whoever reaches it still has to sign each request as a principal of AWS.
    ``is_closed``: its security groups are known to let nobody in from the internet.
    """

    name: str
    opened: datetime
    signs_with_iam: bool = False
    is_closed: bool = False


@evidence(
    REGION,
    reads=(
        "aoss:BatchGetCollection",
        "aoss:GetSecurityPolicy",
        "aoss:ListCollections",
        "aoss:ListSecurityPolicies",
        "ec2:DescribeSecurityGroups",
        "eks:DescribeCluster",
        "eks:ListClusters",
        "kafka:ListClustersV2",
        "mq:DescribeBroker",
        "mq:ListBrokers",
        "redshift-serverless:ListWorkgroups",
        "redshift:DescribeClusters",
    ),
    changed_by=(
        api_call(
            "aoss",
            "CreateCollection",
            "CreateSecurityPolicy",
            "DeleteCollection",
            "DeleteSecurityPolicy",
            "UpdateSecurityPolicy",
        ),
        api_call("eks", "CreateCluster", "DeleteCluster", "UpdateClusterConfig"),
        api_call(
            "kafka", "CreateCluster", "CreateClusterV2", "DeleteCluster", "UpdateConnectivity"
        ),
        api_call("amazonmq", "CreateBroker", "DeleteBroker"),
        api_call(
            "redshift",
            "CreateCluster",
            "DeleteCluster",
            "ModifyCluster",
            "RestoreFromClusterSnapshot",
        ),
        api_call("redshift-serverless", "CreateWorkgroup", "DeleteWorkgroup", "UpdateWorkgroup"),
    ),
)
@dataclass(frozen=True, slots=True)
class PublicClusters:
    """The clusters of the region whose endpoint is on the internet.

    Of Amazon MSK, Amazon MQ, Redshift (Serverless too), OpenSearch Serverless, and EKS where every
    address reaches the API server. ``failures`` are the services that could not be read. Sources:
    ListClustersV2, ListBrokers, DescribeBroker, DescribeClusters, ListWorkgroups, ListClusters,
    DescribeCluster, ListSecurityPolicies, GetSecurityPolicy, ListCollections, BatchGetCollection;
    DescribeSecurityGroups where something is public.
    """

    endpoints: tuple[PublicEndpoint, ...] = ()
    failures: tuple[Unreadable, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> PublicClusters:
        found: list[PublicEndpoint] = []
        failures: list[Unreadable] = []
        for look in (_kafka, _brokers, _warehouses, _workgroups, _kubernetes, _collections):
            try:
                found += look(read)
            except Unreadable as unreadable:
                failures.append(unreadable)
        return cls(tuple(sorted(found, key=lambda each: each.name)), tuple(failures))


def _guarded(
    read: Reader, name: str, opened: datetime, groups: Sequence[str] | None
) -> PublicEndpoint:
    """What has security groups, which may keep the internet out."""
    return PublicEndpoint(name, opened, is_closed=keep_the_internet_out(read, groups or ()))


def _kafka(read: Reader) -> Iterator[PublicEndpoint]:
    for each in read.every("kafka", "list_clusters_v2", "ClusterInfoList"):
        about = each.get("Provisioned") or {}
        brokers = about.get("BrokerNodeGroupInfo") or {}
        access = (brokers.get("ConnectivityInfo") or {}).get("PublicAccess") or {}
        if access.get("Type", "DISABLED") != "DISABLED":
            name, groups = f"MSK cluster {each['ClusterName']}", brokers.get("SecurityGroups")
            made = _guarded(read, name, each["CreationTime"], groups)
            yield replace(made, signs_with_iam=_signs(about.get("ClientAuthentication") or {}))


def _signs(authentication: Mapping[str, Any]) -> bool:
    """Whether clients of MSK have no other way to log in than IAM."""
    sasl = authentication.get("Sasl") or {}
    others = (sasl.get("Scram"), authentication.get("Tls"), authentication.get("Unauthenticated"))
    by_iam = (sasl.get("Iam") or {}).get("Enabled", False)
    return bool(by_iam) and not any(each and each.get("Enabled") for each in others)


def _brokers(read: Reader) -> list[PublicEndpoint]:
    def described(id: str) -> Mapping[str, Any]:
        return read.one("mq", "describe_broker", absent=("NotFoundException",), BrokerId=id) or {}

    ids = [each["BrokerId"] for each in read.every("mq", "list_brokers", "BrokerSummaries")]
    return [
        _guarded(
            read,
            f"Amazon MQ broker {each['BrokerName']}",
            each.get("Created") or read.now,
            each.get("SecurityGroups"),  # a public one of RabbitMQ has none
        )
        for each in read.each(described, ids)
        if each.get("PubliclyAccessible")
    ]


def _warehouses(read: Reader) -> Iterator[PublicEndpoint]:
    for each in read.every("redshift", "describe_clusters", "Clusters"):
        if each.get("PubliclyAccessible"):
            opened = each.get("ClusterCreateTime") or read.now  # none while it is made
            groups = [group["VpcSecurityGroupId"] for group in each.get("VpcSecurityGroups") or ()]
            yield _guarded(read, f"Redshift cluster {each['ClusterIdentifier']}", opened, groups)


def _workgroups(read: Reader) -> Iterator[PublicEndpoint]:
    for each in read.every("redshift-serverless", "list_workgroups", "workgroups"):
        if each.get("publiclyAccessible"):
            name = f"Redshift Serverless workgroup {each['workgroupName']}"
            made = each.get("creationDate") or read.now
            yield _guarded(read, name, made, each.get("securityGroupIds"))


def _kubernetes(read: Reader) -> list[PublicEndpoint]:
    def described(name: str) -> Mapping[str, Any]:
        answer = read.one(
            "eks", "describe_cluster", absent=("ResourceNotFoundException",), name=name
        )
        cluster: Mapping[str, Any] = (answer or {}).get("cluster") or {}
        return cluster

    names = read.every("eks", "list_clusters", "clusters")
    return [
        PublicEndpoint(
            f"EKS cluster {each['name']}", each.get("createdAt") or read.now, signs_with_iam=True
        )
        for each in read.each(described, names)
        if _is_open(each.get("resourcesVpcConfig") or {})
    ]


def _is_open(network: Mapping[str, Any]) -> bool:
    """Whether every address reaches an API server; without ranges, EKS takes 0.0.0.0/0."""
    if not network.get("endpointPublicAccess"):
        return False
    ranges = network.get("publicAccessCidrs") or ["0.0.0.0/0"]
    return bool(the_world_in(ranges))


def _collections(read: Reader) -> list[PublicEndpoint]:
    """The collections that a network policy opens; without collections no policy is read."""
    listed = read.every("opensearchserverless", "list_collections", "collectionSummaries")
    if not listed:
        return []
    policies = read.every(
        "opensearchserverless",
        "list_security_policies",
        "securityPolicySummaries",
        type="network",
    )

    def patterns(policy: str) -> Sequence[str]:
        answer = read.one(
            "opensearchserverless",
            "get_security_policy",
            absent=("ResourceNotFoundException",),
            name=policy,
            type="network",
        )
        return () if answer is None else tuple(_opened(answer["securityPolicyDetail"]["policy"]))

    opened = [p for some in read.each(patterns, [each["name"] for each in policies]) for p in some]
    return [
        PublicEndpoint(
            f"OpenSearch Serverless collection {each['name']}",
            datetime.fromtimestamp(each["createdDate"] / 1000, UTC),
            signs_with_iam=True,
        )
        for batch in _hundreds([each["id"] for each in listed])
        for each in read.every(
            "opensearchserverless", "batch_get_collection", "collectionDetails", ids=batch
        )
        if any(matches_case(pattern, f"collection/{each['name']}") for pattern in opened)
    ]


def _opened(policy: object) -> Iterator[str]:
    """The patterns of the collections that a network policy opens to the internet.

    Dashboards have rules of their own, and show nothing without the collection.
    """
    document = json.loads(policy) if isinstance(policy, str) else policy
    for part in document if isinstance(document, list) else ():
        if part.get("AllowFromPublic"):
            for rule in part.get("Rules") or ():
                if rule.get("ResourceType") == "collection":
                    yield from rule.get("Resource") or ()


def _hundreds(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many as BatchGetCollection takes."""
    for start in range(0, len(ids), 100):
        yield ids[start : start + 100]
