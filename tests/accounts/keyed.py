"""What holds data under a KMS key, one of each service, as the service shows it."""

from __future__ import annotations

from typing import Any

from tests.accounts.exposed import COLLECTION, KUBERNETES, app_runner
from tests.fake_account import ACCOUNT_ID, HOME, NOON

REGIONAL = f"{HOME}:{ACCOUNT_ID}"
SECRET = f"arn:aws:secretsmanager:{REGIONAL}:secret:db-a1b2c3"


def arns() -> dict[str, str]:
    """The ARN of each resource of `answers`, by service."""
    return {
        "kinesis": f"arn:aws:kinesis:{REGIONAL}:stream/orders",
        "firehose": f"arn:aws:firehose:{REGIONAL}:deliverystream/orders",
        "redshift": f"arn:aws:redshift:{REGIONAL}:cluster:orders",
        "redshift-serverless": f"arn:aws:redshift-serverless:{REGIONAL}:namespace/1a2b",
        "fsx": f"arn:aws:fsx:{REGIONAL}:file-system/fs-0123456789abcdef0",
        "kafka": f"arn:aws:kafka:{REGIONAL}:cluster/keyed/6e494b06-9803-410a-a237-ec5e7068c0ad-5",
        "memorydb": f"arn:aws:memorydb:{REGIONAL}:cluster/keyed",
        "elasticache": f"arn:aws:elasticache:{REGIONAL}:serverlesscache:keyed",
    }


def answers(key: str) -> dict[tuple[str, str], Any]:
    """The answers of the services that hold data under this key, and under no other."""
    named = arns()
    stream = {
        "StreamName": "orders",
        "StreamARN": named["kinesis"],
        "StreamStatus": "ACTIVE",
        "RetentionPeriodHours": 24,
        "StreamCreationTimestamp": NOON,
        "EnhancedMonitoring": [],
        "OpenShardCount": 1,
        "EncryptionType": "KMS",
        "KeyId": key,
    }
    delivery = {
        "DeliveryStreamName": "orders",
        "DeliveryStreamARN": named["firehose"],
        "DeliveryStreamStatus": "ACTIVE",
        "DeliveryStreamType": "DirectPut",
        "VersionId": "1",
        "Destinations": [],
        "HasMoreDestinations": False,
        "DeliveryStreamEncryptionConfiguration": {"KeyARN": key, "Status": "ENABLED"},
    }
    namespace = {"namespaceArn": named["redshift-serverless"], "kmsKeyId": key}
    owned = {"namespaceArn": "arn:aws:redshift-serverless:x", "kmsKeyId": "AWS_OWNED_KMS_KEY"}
    return {
        ("kinesis", "list_streams"): {
            "StreamNames": ["orders"],
            "StreamSummaries": [
                {
                    "StreamName": "orders",
                    "StreamARN": named["kinesis"],
                    "StreamStatus": "ACTIVE",
                }
            ],
            "HasMoreStreams": False,
        },
        ("kinesis", "describe_stream_summary"): {"StreamDescriptionSummary": stream},
        ("firehose", "list_delivery_streams"): {
            "DeliveryStreamNames": ["orders"],
            "HasMoreDeliveryStreams": False,
        },
        ("firehose", "describe_delivery_stream"): {"DeliveryStreamDescription": delivery},
        ("redshift", "describe_clusters"): {
            "Clusters": [{"ClusterIdentifier": "orders", "KmsKeyId": key}]
        },
        ("redshift-serverless", "list_namespaces"): {"namespaces": [namespace, owned]},
        ("fsx", "describe_file_systems"): {
            "FileSystems": [{"ResourceARN": named["fsx"], "KmsKeyId": key}]
        },
        ("elasticache", "describe_serverless_caches"): {
            "ServerlessCaches": [{"ARN": named["elasticache"], "KmsKeyId": key}]
        },
        ("memorydb", "describe_clusters"): {
            "Clusters": [{"Name": "keyed", "ARN": named["memorydb"], "KmsKeyId": key}]
        },
    }


def nothing() -> dict[tuple[str, str], Any]:
    """The answers of the same services where they hold nothing."""
    return {
        ("kinesis", "list_streams"): {"StreamNames": [], "HasMoreStreams": False},
        ("firehose", "list_delivery_streams"): {
            "DeliveryStreamNames": [],
            "HasMoreDeliveryStreams": False,
        },
        ("redshift", "describe_clusters"): {"Clusters": []},
        ("redshift-serverless", "list_namespaces"): {"namespaces": []},
        ("fsx", "describe_file_systems"): {"FileSystems": []},
        ("elasticache", "describe_serverless_caches"): {"ServerlessCaches": []},
        ("memorydb", "describe_clusters"): {"Clusters": []},
        ("kafka", "list_clusters_v2"): {"ClusterInfoList": []},
        ("opensearch", "list_domain_names"): {"DomainNames": []},
    }


def copies(key: str) -> dict[tuple[str, str], Any]:
    """Snapshots, vaults and images under this key, and what else has no rule on its own key."""
    return {
        ("secretsmanager", "list_secrets"): {"SecretList": [{"ARN": SECRET, "KmsKeyId": key}]},
        ("rds", "describe_db_clusters"): {
            "DBClusters": [{"DBClusterArn": f"arn:aws:rds:{REGIONAL}:cluster:c", "KmsKeyId": key}]
        },
        ("logs", "describe_log_groups"): {
            "logGroups": [{"arn": f"arn:aws:logs:{REGIONAL}:log-group:/app:*", "kmsKeyId": key}]
        },
        ("elasticache", "describe_replication_groups"): {
            "ReplicationGroups": [{"ReplicationGroupId": "sessions", "KmsKeyId": key}]
        },
        ("kafka", "list_clusters_v2"): {
            "ClusterInfoList": [
                {
                    "ClusterArn": arns()["kafka"],
                    "Provisioned": {
                        "BrokerNodeGroupInfo": {
                            "ClientSubnets": ["s"],
                            "InstanceType": "kafka.m5.large",
                        },
                        "NumberOfBrokerNodes": 3,
                        "EncryptionInfo": {"EncryptionAtRest": {"DataVolumeKMSKeyId": key}},
                    },
                }
            ]
        },
        ("glue", "get_data_catalog_encryption_settings"): {
            "DataCatalogEncryptionSettings": {
                "EncryptionAtRest": {"CatalogEncryptionMode": "SSE-KMS", "SseAwsKmsKeyId": key},
                "ConnectionPasswordEncryption": {
                    "ReturnConnectionPasswordEncrypted": True,
                    "AwsKmsKeyId": key,
                },
            }
        },
        ("ecr", "describe_repositories"): {
            "repositories": [
                {
                    "repositoryArn": f"arn:aws:ecr:{REGIONAL}:repository/agent",
                    "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": key},
                }
            ]
        },
        ("backup", "list_backup_vaults"): {
            "BackupVaultList": [
                {
                    "BackupVaultName": "daily",
                    "BackupVaultArn": f"arn:aws:backup:{REGIONAL}:backup-vault:daily",
                    "EncryptionKeyArn": key,
                }
            ]
        },
        ("rds", "describe_db_snapshots"): {
            "DBSnapshots": [
                {"DBSnapshotArn": f"arn:aws:rds:{REGIONAL}:snapshot:s", "KmsKeyId": key}
            ]
        },
        ("rds", "describe_db_cluster_snapshots"): {
            "DBClusterSnapshots": [
                {
                    "DBClusterSnapshotArn": f"arn:aws:rds:{REGIONAL}:cluster-snapshot:s",
                    "KmsKeyId": key,
                }
            ]
        },
        ("redshift", "describe_cluster_snapshots"): {
            "Snapshots": [{"SnapshotIdentifier": "rs-1", "KmsKeyId": key}]
        },
        ("sagemaker", "list_notebook_instances"): {
            "NotebookInstances": [
                {"NotebookInstanceName": "lab", "NotebookInstanceArn": "arn:lab"}
            ]
        },
        ("sagemaker", "describe_notebook_instance"): {
            "NotebookInstanceName": "lab",
            "NotebookInstanceArn": f"arn:aws:sagemaker:{REGIONAL}:notebook-instance/lab",
            "NotebookInstanceStatus": "InService",
            "KmsKeyId": key,
            "DirectInternetAccess": "Disabled",
            "RootAccess": "Disabled",
            "InstanceMetadataServiceConfiguration": {"MinimumInstanceMetadataServiceVersion": "2"},
        },
        ("glue", "get_security_configurations"): {
            "SecurityConfigurations": [security_configuration(key)]
        },
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
        ("mq", "describe_broker"): {
            "BrokerId": "b-1",
            "BrokerName": "jobs",
            "BrokerArn": f"arn:aws:mq:{REGIONAL}:broker:jobs:b-1",
            "Created": NOON,
            "PubliclyAccessible": False,
            "EncryptionOptions": {"UseAwsOwnedKey": False, "KmsKeyId": key},
        },
        ("dax", "describe_clusters"): {
            "Clusters": [
                {
                    "ClusterName": "orders",
                    "ClusterArn": f"arn:aws:dax:{REGIONAL}:cache/orders",
                    "SSEDescription": {"Status": "ENABLED"},
                }
            ]
        },
        **of_platforms(key),
    }


def of_platforms(key: str) -> dict[tuple[str, str], Any]:
    """The answers of the services that run workloads, and keep something under this key."""
    at = {"CreationTime": NOON, "LastModifiedTime": NOON}
    machine = {
        "stateMachineArn": f"arn:aws:states:{REGIONAL}:stateMachine:orders",
        "name": "orders",
        "type": "STANDARD",
        "creationDate": NOON,
    }
    endpoint = {
        "EndpointName": "ranker",
        "EndpointArn": f"arn:aws:sagemaker:{REGIONAL}:endpoint/ranker",
        "EndpointStatus": "InService",
        **at,
    }
    studio = {"DomainId": "d-1", "DomainArn": f"arn:aws:sagemaker:{REGIONAL}:domain/d-1"}
    return {
        ("ssm", "describe_parameters"): {
            "Parameters": [
                {"Name": "/shop/url", "Type": "String"},
                {"Name": "/shop/token", "Type": "SecureString", "KeyId": key},
            ]
        },
        ("stepfunctions", "list_state_machines"): {"stateMachines": [machine]},
        ("stepfunctions", "describe_state_machine"): {
            **machine,
            "definition": "{}",
            "roleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/orders",
            "encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": key},
        },
        ("events", "describe_event_bus"): {
            "Name": "default",
            "Arn": f"arn:aws:events:{REGIONAL}:event-bus/default",
            "KmsKeyIdentifier": key,
        },
        ("eks", "describe_cluster"): {
            "cluster": KUBERNETES
            | {"encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": key}}]}
        },
        ("apprunner", "describe_service"): {
            "Service": app_runner(public=False)["Service"]
            | {"EncryptionConfiguration": {"KmsKey": key}}
        },
        ("opensearchserverless", "batch_get_collection"): {
            "collectionDetails": [COLLECTION | {"kmsKeyArn": key}]
        },
        ("dms", "describe_replication_instances"): {
            "ReplicationInstances": [
                {"ReplicationInstanceArn": f"arn:aws:dms:{REGIONAL}:rep:ORDERS", "KmsKeyId": key}
            ]
        },
        ("sagemaker", "list_domains"): {"Domains": [studio]},
        ("sagemaker", "describe_domain"): studio | {"KmsKeyId": key},
        ("sagemaker", "list_endpoints"): {"Endpoints": [endpoint]},
        ("sagemaker", "describe_endpoint"): endpoint | {"EndpointConfigName": "ranker-7"},
        ("sagemaker", "describe_endpoint_config"): {
            "EndpointConfigName": "ranker-7",
            "EndpointConfigArn": f"arn:aws:sagemaker:{REGIONAL}:endpoint-config/ranker-7",
            "ProductionVariants": [{"VariantName": "main"}],
            "CreationTime": NOON,
            "KmsKeyId": key,
        },
    }


def security_configuration(key: str = "", **modes: Any) -> dict[str, Any]:
    """A security configuration of Glue; ``logs``, ``bookmarks`` and ``objects`` are its modes."""
    named = {"KmsKeyArn": key} if key else {}
    modes = {"logs": "SSE-KMS", "bookmarks": "CSE-KMS", "objects": "DISABLED"} | modes
    return {
        "Name": "encrypted",
        "EncryptionConfiguration": {
            "S3Encryption": [{"S3EncryptionMode": modes["objects"]}],
            "CloudWatchEncryption": {"CloudWatchEncryptionMode": modes["logs"], **named},
            "JobBookmarksEncryption": {"JobBookmarksEncryptionMode": modes["bookmarks"], **named},
        },
    }
