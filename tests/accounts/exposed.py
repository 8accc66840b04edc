"""What a region has that the internet could reach, and policies that could let in anybody."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from tests.fake_account import ACCOUNT_ID, HOME, NOON


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{HOME}:{ACCOUNT_ID}:{resource}"


KAFKA = {
    "ClusterType": "PROVISIONED",
    "ClusterArn": _arn("kafka", "cluster/stream/1"),
    "ClusterName": "stream",
    "CreationTime": NOON,
    "Provisioned": {
        "BrokerNodeGroupInfo": {
            "ClientSubnets": ["subnet-1"],
            "InstanceType": "kafka.m7g.large",
            "ConnectivityInfo": {"PublicAccess": {"Type": "DISABLED"}},
        },
        "NumberOfBrokerNodes": 3,
    },
}
BROKER = {
    "BrokerId": "b-1",
    "BrokerName": "jobs",
    "Created": NOON,
    "PubliclyAccessible": False,
}
WAREHOUSE = {"ClusterIdentifier": "dwh", "PubliclyAccessible": False, "ClusterCreateTime": NOON}
WORKGROUP = {"workgroupName": "adhoc", "publiclyAccessible": False, "creationDate": NOON}
KUBERNETES = {
    "name": "apps",
    "arn": f"arn:aws:eks:{HOME}:{ACCOUNT_ID}:cluster/apps",
    "createdAt": NOON,
    "resourcesVpcConfig": {
        "endpointPublicAccess": True,
        "publicAccessCidrs": ["203.0.113.0/24"],
    },
}
COLLECTION = {
    "id": "c1d2e3",
    "name": "vectors",
    "arn": f"arn:aws:aoss:{HOME}:{ACCOUNT_ID}:collection/c1d2e3",
    "createdDate": 1_790_000_000_000,
}


def network_policy(*patterns: str, public: bool = False, kind: str = "collection") -> Any:
    """What GetSecurityPolicy answers for a network policy about collections."""
    rule = {"ResourceType": kind, "Resource": list(patterns)}
    document = [{"Rules": [rule], "AllowFromPublic": public}]
    return {"securityPolicyDetail": {"type": "network", "name": "net", "policy": document}}


def policy(*principals: str, action: str = "*", **condition: Any) -> str:
    """A resource policy that lets accounts, or ``*``, do something."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": list(principals)},
        "Action": action,
        "Resource": "*",
    }
    return json.dumps({"Statement": [statement | ({"Condition": condition} if condition else {})]})


def exposed() -> dict[tuple[str, str], Any]:
    """Nothing of it is public, and no policy is open."""
    return {
        ("kafka", "list_clusters_v2"): {"ClusterInfoList": [KAFKA]},
        ("mq", "list_brokers"): {
            "BrokerSummaries": [
                {
                    "BrokerId": "b-1",
                    "BrokerName": "jobs",
                    "DeploymentMode": "SINGLE_INSTANCE",
                    "EngineType": "RABBITMQ",
                }
            ]
        },
        ("mq", "describe_broker"): BROKER,
        ("redshift", "describe_clusters"): {"Clusters": [WAREHOUSE]},
        ("redshift-serverless", "list_workgroups"): {"workgroups": [WORKGROUP]},
        ("eks", "list_clusters"): {"clusters": ["apps"]},
        ("eks", "describe_cluster"): {"cluster": KUBERNETES},
        ("opensearchserverless", "list_collections"): {
            "collectionSummaries": [{"id": "c1d2e3", "name": "vectors"}]
        },
        ("opensearchserverless", "list_security_policies"): {
            "securityPolicySummaries": [{"type": "network", "name": "net"}]
        },
        ("opensearchserverless", "get_security_policy"): network_policy("collection/*"),
        ("opensearchserverless", "batch_get_collection"): {"collectionDetails": [COLLECTION]},
        ("apprunner", "list_services"): {
            "ServiceSummaryList": [
                {
                    "ServiceName": "shop",
                    "ServiceArn": _arn("apprunner", "service/shop/1"),
                    "CreatedAt": NOON,
                    "Status": "RUNNING",
                }
            ]
        },
        ("apprunner", "describe_service"): app_runner(public=False),
        ("appsync", "list_apis"): {"apis": []},
        ("appsync", "list_graphql_apis"): {
            "graphqlApis": [
                {"apiId": "gql1", "name": "shop", "visibility": "GLOBAL"},
                {"apiId": "gql2", "name": "inner", "visibility": "PRIVATE"},
            ]
        },
        ("opensearch", "describe_domain_config"): {
            "DomainConfig": {
                "EngineVersion": {
                    "Options": "OpenSearch_2.19",
                    "Status": {
                        "CreationDate": NOON - timedelta(days=400),
                        "UpdateDate": NOON,
                        "UpdateVersion": 1,
                        "State": "Active",
                    },
                }
            }
        },
        ("cognito-identity", "list_identity_pools"): {
            "IdentityPools": [{"IdentityPoolId": f"{HOME}:1", "IdentityPoolName": "shop"}]
        },
        ("cognito-identity", "describe_identity_pool"): {
            "IdentityPoolId": f"{HOME}:1",
            "IdentityPoolName": "shop",
            "AllowUnauthenticatedIdentities": False,
        },
        ("transfer", "list_servers"): {"Servers": []},
        ("events", "list_event_buses"): {
            "EventBuses": [
                {
                    "Name": "default",
                    "Arn": _arn("events", "event-bus/default"),
                    "Policy": policy(ACCOUNT_ID),
                }
            ]
        },
        ("kinesis", "list_streams"): {
            "StreamNames": ["orders"],
            "StreamSummaries": [
                {
                    "StreamName": "orders",
                    "StreamARN": _arn("kinesis", "stream/orders"),
                    "StreamStatus": "ACTIVE",
                }
            ],
            "HasMoreStreams": False,
        },
        ("kinesis", "get_resource_policy"): {"Policy": "{}"},
        ("backup", "list_backup_vaults"): {
            "BackupVaultList": [
                {
                    "BackupVaultName": "daily",
                    "BackupVaultArn": _arn("backup", "backup-vault:daily"),
                }
            ]
        },
        ("backup", "get_backup_vault_access_policy"): {"Policy": policy(ACCOUNT_ID)},
        ("glacier", "list_vaults"): {
            "VaultList": [{"VaultName": "old", "VaultARN": _arn("glacier", "vaults/old")}]
        },
        ("glacier", "get_vault_access_policy"): {"policy": {"Policy": policy(ACCOUNT_ID)}},
    }


def app_runner(*, public: bool) -> dict[str, Any]:
    """What DescribeService answers, as far as it is read here."""
    return {
        "Service": {
            "ServiceName": "shop",
            "ServiceId": "0" * 32,
            "ServiceArn": _arn("apprunner", "service/shop/1"),
            "CreatedAt": NOON,
            "UpdatedAt": NOON,
            "Status": "RUNNING",
            "SourceConfiguration": {},
            "InstanceConfiguration": {},
            "AutoScalingConfigurationSummary": {},
            "NetworkConfiguration": {"IngressConfiguration": {"IsPubliclyAccessible": public}},
        }
    }
