"""An account whose encryption is in order."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.account_variants import Variant
from tests.accounts import keyed
from tests.fake_account import ACCOUNT_ID, NOON, FakeAccount

KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_ARN = f"arn:aws:kms:us-east-1:{ACCOUNT_ID}:key/{KEY_ID}"
IMPORTED_ID = "9999abcd-12ab-34cd-56ef-1234567890ab"
IMPORTED_ARN = f"arn:aws:kms:us-east-1:{ACCOUNT_ID}:key/{IMPORTED_ID}"
REGIONAL = f"us-east-1:{ACCOUNT_ID}"
BALANCER = f"arn:aws:elasticloadbalancing:{REGIONAL}:loadbalancer/app/web/50dc6c495c0c9188"
HTTPS = f"arn:aws:elasticloadbalancing:{REGIONAL}:listener/app/web/50dc6c495c0c9188/aaaa"
HTTP = f"arn:aws:elasticloadbalancing:{REGIONAL}:listener/app/web/50dc6c495c0c9188/bbbb"
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"

SETTINGS: Mapping[str, Mapping[str, object]] = {
    "encryption.s3-encryption-override": {"deny_override_required": True},
    "encryption.kms-key-accounts": {
        "account_environments": [f"{ACCOUNT_ID}=prod", "444455556666=prod"]
    },
    "encryption.kms-imported-material": {"imported_max_age_days": 365},
    "encryption.sns-tls": {"check_sqs_sns": True},
    "encryption.sqs-tls": {"check_sqs_sns": True},
}


def sse(
    algorithm: str = "aws:kms", key: str = KEY_ARN, *, bucket_key: bool = True
) -> dict[str, object]:
    """GetBucketEncryption's answer."""
    default = {"SSEAlgorithm": algorithm} | ({"KMSMasterKeyID": key} if key else {})
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bucket_key}
    return {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}


def key_metadata(**changes: object) -> dict[str, object]:
    """DescribeKey's answer."""
    metadata = {
        "KeyId": KEY_ID,
        "Arn": KEY_ARN,
        "KeyState": "Enabled",
        "KeyManager": "CUSTOMER",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "Origin": "AWS_KMS",
        "MultiRegion": False,
        "CreationDate": NOON,
    }
    return {"KeyMetadata": metadata | changes}


def describe_key(KeyId: str) -> dict[str, object]:  # noqa: N803
    if KeyId.endswith(IMPORTED_ID):
        return key_metadata(KeyId=IMPORTED_ID, Arn=IMPORTED_ARN, Origin="EXTERNAL")
    return key_metadata()


def policy(*statements: Mapping[str, object]) -> str:
    """A resource policy as its service gives it."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def no_plain_http(action: str, *resources: str) -> dict[str, object]:
    """The statement that refuses plain HTTP."""
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


ONLY_KMS = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:PutObject",
    "Resource": "arn:aws:s3:::data/*",
    "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}},
}
KEY_POLICY = policy(
    {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"},
        "Action": "kms:*",
        "Resource": "*",
    },
    {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::444455556666:role/reader"},
        "Action": "kms:Decrypt",
        "Resource": "*",
    },
)


def tags(**environments: str) -> Callable[..., dict[str, object]]:
    """GetResources over ARNs (as ``{arn: environment}``), all or those that are asked for."""

    def answer(ResourceARNList: Sequence[str] = (), **_: object) -> dict[str, object]:  # noqa: N803
        return {
            "ResourceTagMappingList": [
                {"ResourceARN": arn, "Tags": [{"Key": "Environment", "Value": environment}]}
                for arn, environment in environments.items()
                if not ResourceARNList or arn in ResourceARNList
            ]
        }

    return answer


def listener(arn: str = HTTPS, **changes: object) -> dict[str, object]:
    """A listener as DescribeListeners gives it."""
    made = {"ListenerArn": arn, "LoadBalancerArn": BALANCER, "Port": 443, "Protocol": "HTTPS"}
    return made | {"SslPolicy": TLS_POLICY} | changes


LISTENERS = [listener(), listener(HTTP, Port=80, Protocol="HTTP", SslPolicy="")]


def describe_listeners(
    LoadBalancerArn: str = "",  # noqa: N803
    ListenerArns: Sequence[str] = (),  # noqa: N803
) -> dict[str, object]:
    found = [each for each in LISTENERS if not ListenerArns or each["ListenerArn"] in ListenerArns]
    return {"Listeners": found}


TO_HTTPS = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "StatusCode": "HTTP_301"}}
DISTRIBUTION = {
    "Origins": {
        "Quantity": 1,
        "Items": [
            {
                "Id": "api",
                "DomainName": "api.example.com",
                "CustomOriginConfig": {
                    "HTTPPort": 80,
                    "HTTPSPort": 443,
                    "OriginProtocolPolicy": "https-only",
                    "OriginSslProtocols": {"Quantity": 1, "Items": ["TLSv1.2"]},
                },
            }
        ],
    },
    "DefaultCacheBehavior": {"TargetOriginId": "api", "ViewerProtocolPolicy": "https-only"},
    "CacheBehaviors": {"Quantity": 0},
    "ViewerCertificate": {
        "CloudFrontDefaultCertificate": False,
        "ACMCertificateArn": "arn:aws:acm:us-east-1:111122223333:certificate/1",
        "MinimumProtocolVersion": "TLSv1.2_2021",
    },
    "Comment": "",
    "Enabled": True,
}
DISTRIBUTION_SUMMARY = {
    **DISTRIBUTION,
    "Id": "E1EXAMPLE",
    "ARN": f"arn:aws:cloudfront::{ACCOUNT_ID}:distribution/E1EXAMPLE",
    "Status": "Deployed",
    "LastModifiedTime": NOON,
    "DomainName": "d111111abcdef8.cloudfront.net",
    "Aliases": {"Quantity": 0},
    "CustomErrorResponses": {"Quantity": 0},
    "PriceClass": "PriceClass_100",
    "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
    "WebACLId": "",
    "HttpVersion": "http2",
    "IsIPV6Enabled": True,
    "Staging": False,
}
SERVER = {
    "Arn": f"arn:aws:transfer:{REGIONAL}:server/s-0123456789abcdef0",
    "ServerId": "s-0123456789abcdef0",
    "State": "ONLINE",
    "EndpointType": "VPC",
    "Protocols": ["SFTP"],
    "SecurityPolicyName": "TransferSecurityPolicy-2025-03",
}
HADOOP = {"Id": "j-1ABCDEF", "Name": "nightly", "SecurityConfiguration": "in-transit"}
_ENDPOINT = f"arn:aws:dms:{REGIONAL}:endpoint:"
ENDPOINT = {
    "EndpointArn": f"{_ENDPOINT}SOURCE",
    "EndpointIdentifier": "orders",
    "EngineName": "postgres",
    "SslMode": "require",
}
TRANSFERS = {
    ("transfer", "list_servers"): {
        "Servers": [{"Arn": SERVER["Arn"], "ServerId": SERVER["ServerId"]}]
    },
    ("transfer", "describe_server"): {"Server": SERVER},
    ("emr", "list_clusters"): {"Clusters": [{"Id": "j-1ABCDEF", "Name": "nightly"}]},
    ("emr", "describe_cluster"): {"Cluster": HADOOP},
    ("emr", "list_instances"): {"Instances": [{"Id": "ci-1"}, {"Id": "ci-2"}]},
    ("emr", "describe_security_configuration"): {
        "Name": "in-transit",
        "SecurityConfiguration": json.dumps(
            {"EncryptionConfiguration": {"EnableInTransitEncryption": True}}
        ),
    },
    ("dms", "describe_replication_tasks"): {
        "ReplicationTasks": [
            {
                "Status": "running",
                "SourceEndpointArn": f"{_ENDPOINT}SOURCE",
                "TargetEndpointArn": f"{_ENDPOINT}TARGET",
            }
        ]
    },
    ("dms", "describe_endpoints"): {"Endpoints": [ENDPOINT]},
    ("kafkaconnect", "list_connectors"): {
        "connectors": [
            {
                "connectorName": "sink",
                "kafkaClusterEncryptionInTransit": {"encryptionType": "TLS"},
            }
        ]
    },
}
SEARCH_DOMAIN = {
    "DomainId": f"{ACCOUNT_ID}/search",
    "DomainName": "search",
    "ARN": f"arn:aws:es:{REGIONAL}:domain/search",
    "ClusterConfig": {},
    "NodeToNodeEncryptionOptions": {"Enabled": True},
    "DomainEndpointOptions": {
        "EnforceHTTPS": True,
        "TLSSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10",
    },
}
GROUP = {
    "ReplicationGroupId": "cache",
    "ARN": f"arn:aws:elasticache:{REGIONAL}:replicationgroup:cache",
    "TransitEncryptionEnabled": True,
    "TransitEncryptionMode": "required",
    "KmsKeyId": KEY_ARN,
}
WAREHOUSE = {
    "ClusterIdentifier": "orders",
    "KmsKeyId": KEY_ARN,
    "PubliclyAccessible": False,
    "ClusterParameterGroups": [
        {
            "ParameterGroupName": "tls",
            "ParameterApplyStatus": "in-sync",
            "ClusterParameterStatusList": [
                {"ParameterName": "require_ssl", "ParameterApplyStatus": "in-sync"}
            ],
        }
    ],
}
WORKGROUP = {
    "workgroupName": "orders",
    "publiclyAccessible": False,
    "configParameters": [{"parameterKey": "require_ssl", "parameterValue": "true"}],
}
TOPIC_ARN = f"arn:aws:sns:{REGIONAL}:alerts"
QUEUE_ARN = f"arn:aws:sqs:{REGIONAL}:work"
EVERYTHING_IS_PROD = {
    KEY_ARN: "prod",
    IMPORTED_ARN: "prod",
    "arn:aws:s3:::data": "prod",
    f"arn:aws:secretsmanager:{REGIONAL}:secret:db-a1b2c3": "prod",
    f"arn:aws:dynamodb:{REGIONAL}:table/orders": "Prod",
    TOPIC_ARN: "prod",
    QUEUE_ARN: "prod",
    f"arn:aws:lambda:{REGIONAL}:function:agent": "prod",
    f"arn:aws:rds:{REGIONAL}:db:main": "prod",
    f"arn:aws:rds:{REGIONAL}:cluster:main": "prod",
    f"arn:aws:elasticfilesystem:{REGIONAL}:file-system/fs-1": "prod",
    f"arn:aws:logs:{REGIONAL}:log-group:/app": "prod",
    str(GROUP["ARN"]): "prod",
    **dict.fromkeys(keyed.arns().values(), "prod"),
}
_FILE_SYSTEM = {
    "OwnerId": ACCOUNT_ID,
    "CreationToken": "t",
    "FileSystemId": "fs-1",
    "FileSystemArn": f"arn:aws:elasticfilesystem:{REGIONAL}:file-system/fs-1",
    "CreationTime": NOON,
    "LifeCycleState": "available",
    "NumberOfMountTargets": 1,
    "SizeInBytes": {"Value": 1},
    "PerformanceMode": "generalPurpose",
    "Tags": [],
    "KmsKeyId": KEY_ARN,
}


CLUSTER = f"arn:aws:ecs:{REGIONAL}:cluster/agents"
SERVICE = f"arn:aws:ecs:{REGIONAL}:service/agents/agent"
TASKS = f"arn:aws:ecs:{REGIONAL}:task-definition/agent:7"
JOB = f"arn:aws:batch:{REGIONAL}:job-definition/night:3"


def efs_volume(transit: str = "", name: str = "files") -> dict[str, object]:
    """A volume of EFS of a task definition or a job definition."""
    about = {"fileSystemId": "fs-0123456789abcdef0"}
    return {
        "name": name,
        "efsVolumeConfiguration": about | ({"transitEncryption": transit} if transit else {}),
    }


def job(*volumes: object, **changes: object) -> dict[str, object]:
    """A job definition of DescribeJobDefinitions, whose container has these volumes."""
    return {
        "jobDefinitionName": "night",
        "jobDefinitionArn": JOB,
        "revision": 3,
        "type": "container",
        "status": "ACTIVE",
        "containerProperties": {"volumes": list(volumes)},
    } | changes


MSK = {
    "ClusterArn": f"arn:aws:kafka:{REGIONAL}:cluster/orders/6e494b06-9803-410a-a237-ec5e7068c0ad-5",
    "ClusterType": "PROVISIONED",
    "Provisioned": {
        "BrokerNodeGroupInfo": {
            "ClientSubnets": ["subnet-1"],
            "InstanceType": "express.m7g.large",
        },
        "NumberOfBrokerNodes": 3,
        "EncryptionInfo": {
            "EncryptionInTransit": {"ClientBroker": "TLS", "InCluster": True},
        },
    },
}


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    stored = keyed.answers(KEY_ARN)
    return FakeAccount(stored | _AT_REST | _KEY_USERS | _IN_TRANSIT)  # type: ignore[arg-type]


_AT_REST = {
    ("resourcegroupstaggingapi", "get_resources"): tags(**EVERYTHING_IS_PROD),
    ("s3", "list_buckets"): {"Buckets": [{"Name": "data"}]},
    ("s3", "get_bucket_encryption"): sse(),
    ("s3", "get_bucket_policy"): {
        "Policy": policy(
            no_plain_http("s3:*", "arn:aws:s3:::data", "arn:aws:s3:::data/*"), ONLY_KMS
        )
    },
    ("kms", "list_keys"): {"Keys": [{"KeyId": KEY_ID}, {"KeyId": IMPORTED_ID}]},
    ("kms", "describe_key"): describe_key,
    ("kms", "get_key_rotation_status"): {
        "KeyRotationEnabled": True,
        "RotationPeriodInDays": 365,
    },
    ("kms", "list_key_rotations"): {
        "Rotations": [
            {"KeyId": IMPORTED_ID, "RotationDate": NOON, "RotationType": "ON_DEMAND"},
        ]
    },
    ("kms", "get_key_policy"): {"Policy": KEY_POLICY, "PolicyName": "default"},
    ("kms", "list_grants"): {
        "Grants": [{"GranteePrincipal": f"arn:aws:iam::{ACCOUNT_ID}:role/worker"}]
    },
}
_KEY_USERS = {
    ("kms", "list_aliases"): {"Aliases": [{"AliasName": "alias/prod", "TargetKeyId": KEY_ID}]},
    ("secretsmanager", "list_secrets"): {
        "SecretList": [
            {
                "ARN": f"arn:aws:secretsmanager:{REGIONAL}:secret:db-a1b2c3",
                "Name": "db",
                "KmsKeyId": KEY_ARN,
            }
        ]
    },
    ("dynamodb", "list_tables"): {"TableNames": ["orders"]},
    ("dynamodb", "describe_table"): {
        "Table": {
            "TableArn": f"arn:aws:dynamodb:{REGIONAL}:table/orders",
            "SSEDescription": {"Status": "ENABLED", "KMSMasterKeyArn": KEY_ARN},
        }
    },
    ("sns", "list_topics"): {"Topics": [{"TopicArn": TOPIC_ARN}]},
    ("sns", "get_topic_attributes"): {
        "Attributes": {
            "KmsMasterKeyId": "alias/prod",
            "Policy": policy(no_plain_http("sns:Publish", TOPIC_ARN)),
        }
    },
    ("sqs", "list_queues"): {"QueueUrls": [f"https://sqs/{ACCOUNT_ID}/work"]},
    ("sqs", "get_queue_attributes"): {
        "Attributes": {
            "KmsMasterKeyId": KEY_ID,
            "Policy": policy(no_plain_http("sqs:*", QUEUE_ARN)),
        }
    },
    ("lambda", "list_functions"): {
        "Functions": [
            {
                "FunctionName": "agent",
                "FunctionArn": f"arn:aws:lambda:{REGIONAL}:function:agent",
                "KMSKeyArn": KEY_ARN,
            }
        ]
    },
    ("rds", "describe_db_instances"): {
        "DBInstances": [
            {
                "DBInstanceIdentifier": "main",
                "DBInstanceArn": f"arn:aws:rds:{REGIONAL}:db:main",
                "Engine": "postgres",
                "KmsKeyId": KEY_ARN,
                "DBParameterGroups": [
                    {"DBParameterGroupName": "tls-only", "ParameterApplyStatus": "in-sync"}
                ],
            },
            {
                "DBInstanceIdentifier": "orders-1",
                "DBInstanceArn": f"arn:aws:rds:{REGIONAL}:db:orders-1",
                "DBClusterIdentifier": "orders",
                "Engine": "aurora-mysql",
            },
        ]
    },
    ("rds", "describe_db_cluster_parameters"): {
        "Parameters": [
            {
                "ParameterName": "require_secure_transport",
                "ParameterValue": "ON",
                "ApplyType": "dynamic",
            }
        ]
    },
    ("rds", "describe_db_parameters"): {
        "Parameters": [
            {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyType": "dynamic"}
        ]
    },
    ("rds", "describe_db_clusters"): {
        "DBClusters": [
            {
                "DBClusterIdentifier": "orders",
                "DBClusterArn": f"arn:aws:rds:{REGIONAL}:cluster:main",
                "DBClusterParameterGroup": "tls-only",
                "KmsKeyId": KEY_ARN,
            }
        ]
    },
    ("efs", "describe_file_systems"): {"FileSystems": [_FILE_SYSTEM]},
    ("logs", "describe_log_groups"): {
        "logGroups": [{"arn": f"arn:aws:logs:{REGIONAL}:log-group:/app:*", "kmsKeyId": KEY_ARN}]
    },
}
_IN_TRANSIT = {
    ("elbv2", "describe_load_balancers"): {
        "LoadBalancers": [
            {
                "LoadBalancerArn": BALANCER,
                "LoadBalancerName": "web",
                "Type": "application",
                "Scheme": "internet-facing",
            }
        ]
    },
    ("elbv2", "describe_listeners"): describe_listeners,
    ("elbv2", "describe_rules"): {
        "Rules": [{"RuleArn": "r", "Priority": "default", "Actions": [TO_HTTPS]}]
    },
    ("elbv2", "describe_ssl_policies"): {
        "SslPolicies": [
            {"Name": TLS_POLICY, "SslProtocols": ["TLSv1.2", "TLSv1.3"]},
            {
                "Name": "ELBSecurityPolicy-2016-08",
                "SslProtocols": ["TLSv1", "TLSv1.1", "TLSv1.2"],
            },
        ]
    },
    ("cloudfront", "list_distributions"): {
        "DistributionList": {
            "Marker": "",
            "MaxItems": 100,
            "IsTruncated": False,
            "Quantity": 1,
            "Items": [DISTRIBUTION_SUMMARY],
        }
    },
    ("cloudfront", "get_distribution_config"): {
        "DistributionConfig": {**DISTRIBUTION, "CallerReference": "r"}
    },
    ("apigateway", "get_domain_names"): {
        "items": [{"domainName": "api.example.com", "securityPolicy": "TLS_1_2"}]
    },
    ("apigateway", "get_domain_name"): {
        "domainName": "api.example.com",
        "securityPolicy": "TLS_1_2",
    },
    ("apigatewayv2", "get_domain_names"): {
        "Items": [
            {
                "DomainName": "api.example.com",
                "DomainNameConfigurations": [{"SecurityPolicy": "TLS_1_2"}],
            }
        ]
    },
    ("apigateway", "get_rest_apis"): {
        "items": [{"id": "a1b2c3", "securityPolicy": "SecurityPolicy_TLS13_1_2_2021_06"}]
    },
    ("apigateway", "get_rest_api"): {
        "id": "a1b2c3",
        "securityPolicy": "SecurityPolicy_TLS13_1_2_2021_06",
    },
    ("redshift", "describe_clusters"): {"Clusters": [WAREHOUSE]},
    ("redshift", "describe_cluster_parameters"): {
        "Parameters": [{"ParameterName": "require_ssl", "ParameterValue": "true"}]
    },
    ("redshift-serverless", "list_workgroups"): {"workgroups": [WORKGROUP]},
    ("redshift-serverless", "get_workgroup"): {"workgroup": WORKGROUP},
    ("ecs", "list_clusters"): {"clusterArns": [CLUSTER]},
    ("ecs", "list_services"): {"serviceArns": [SERVICE]},
    ("ecs", "describe_services"): {
        "services": [
            {
                "serviceArn": SERVICE,
                "serviceName": "agent",
                "clusterArn": CLUSTER,
                "status": "ACTIVE",
                "taskDefinition": TASKS,
            }
        ]
    },
    ("ecs", "describe_task_definition"): {
        "taskDefinition": {"taskDefinitionArn": TASKS, "volumes": [efs_volume("ENABLED")]}
    },
    ("batch", "describe_job_definitions"): {"jobDefinitions": [job(efs_volume("ENABLED"))]},
    **TRANSFERS,
    ("opensearch", "list_domain_names"): {"DomainNames": [{"DomainName": "search"}]},
    ("opensearch", "describe_domain"): {"DomainStatus": SEARCH_DOMAIN},
    ("opensearch", "describe_domains"): {"DomainStatusList": [SEARCH_DOMAIN]},
    ("elasticache", "describe_replication_groups"): {"ReplicationGroups": [GROUP]},
    ("elasticache", "describe_cache_clusters"): {
        "CacheClusters": [
            {
                "CacheClusterId": "pages",
                "ARN": f"arn:aws:elasticache:{REGIONAL}:cluster:pages",
                "Engine": "memcached",
                "TransitEncryptionEnabled": True,
                "TransitEncryptionMode": "required",
            }
        ]
    },
    ("memorydb", "describe_clusters"): {
        "Clusters": [
            {
                "Name": "durable",
                "ARN": f"arn:aws:memorydb:{REGIONAL}:cluster/durable",
                "TLSEnabled": True,
            }
        ]
    },
    ("rds", "describe_db_proxies"): {"DBProxies": [{"DBProxyName": "pool", "RequireTLS": True}]},
    ("kafka", "list_clusters_v2"): {"ClusterInfoList": [MSK]},
    ("kafka", "describe_cluster_v2"): {"ClusterInfo": MSK},
    ("elb", "describe_load_balancers"): {
        "LoadBalancerDescriptions": [
            {
                "LoadBalancerName": "classic",
                "Scheme": "internal",
                "ListenerDescriptions": [
                    {
                        "Listener": {
                            "Protocol": "HTTPS",
                            "LoadBalancerPort": 443,
                            "InstancePort": 8443,
                        },
                        "PolicyNames": ["tls"],
                    }
                ],
            }
        ]
    },
    ("elb", "describe_load_balancer_policies"): {
        "PolicyDescriptions": [
            {
                "PolicyName": "tls",
                "PolicyTypeName": "SSLNegotiationPolicyType",
                "PolicyAttributeDescriptions": [
                    {"AttributeName": "Protocol-TLSv1.2", "AttributeValue": "true"}
                ],
            }
        ]
    },
    ("dax", "describe_clusters"): {
        "Clusters": [
            {
                "ClusterName": "tables",
                "ClusterArn": f"arn:aws:dax:{REGIONAL}:cache/tables",
                "ClusterEndpointEncryptionType": "TLS",
            }
        ]
    },
}


def with_load_balancer_logs() -> FakeAccount:
    """A bucket that KMS may not encrypt, since load balancers deliver to it."""
    delivery = {
        "Effect": "Allow",
        "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::data/AWSLogs/*",
    }
    return fake_account().but(
        s3__get_bucket_encryption=sse("AES256", ""),
        s3__get_bucket_policy={"Policy": policy(delivery)},
    )


def by_alias() -> FakeAccount:
    """A bucket that names its key by an alias."""
    return fake_account().but(
        s3__get_bucket_encryption=sse(key=f"{KEY_ARN.rsplit(':', 1)[0]}:alias/prod")
    )


def with_a_key_in_two_regions() -> FakeAccount:
    """A multi-Region key, whose replica belongs to the same environment."""
    replica = KEY_ARN.replace("us-east-1", "eu-west-1")
    about = key_metadata(
        MultiRegion=True,
        MultiRegionConfiguration={
            "MultiRegionKeyType": "PRIMARY",
            "PrimaryKey": {"Arn": KEY_ARN, "Region": "us-east-1"},
            "ReplicaKeys": [{"Arn": replica, "Region": "eu-west-1"}],
        },
    )
    return fake_account().but(
        kms__list_keys={"Keys": [{"KeyId": KEY_ID}]},
        kms__describe_key=about,
        resourcegroupstaggingapi__get_resources=tags(**EVERYTHING_IS_PROD, **{replica: "prod"}),
    )


def with_a_private_origin() -> FakeAccount:
    """A distribution in front of a load balancer that the internet does not reach."""
    private = {
        "Id": "private",
        "DomainName": "internal.example.com",
        "VpcOriginConfig": {"VpcOriginId": "vo_1"},
    }
    with_origin = {"Origins": {"Quantity": 1, "Items": [private]}}
    return fake_account().but(
        cloudfront__list_distributions={
            "DistributionList": {
                "Marker": "",
                "MaxItems": 100,
                "IsTruncated": False,
                "Quantity": 1,
                "Items": [DISTRIBUTION_SUMMARY | with_origin],
            }
        },
        cloudfront__get_distribution_config={
            "DistributionConfig": DISTRIBUTION | {"CallerReference": "r"} | with_origin
        },
        cloudfront__get_vpc_origin={
            "VpcOrigin": {
                "Id": "vo_1",
                "Arn": f"arn:aws:cloudfront::{ACCOUNT_ID}:vpcorigin/vo_1",
                "Status": "Deployed",
                "CreatedTime": NOON,
                "LastModifiedTime": NOON,
                "VpcOriginEndpointConfig": {
                    "Name": "internal",
                    "Arn": BALANCER,
                    "HTTPPort": 80,
                    "HTTPSPort": 443,
                    "OriginProtocolPolicy": "https-only",
                    "OriginSslProtocols": {"Quantity": 1, "Items": ["TLSv1.2"]},
                },
            }
        },
    )


def with_more_tags_than_a_page() -> FakeAccount:
    """The tagging API shows the first page of the region, and whoever asks for more gets it."""
    told = tags(**EVERYTHING_IS_PROD)

    def answer(**asked: Any) -> dict[str, object]:
        found: dict[str, object] = told(**asked)
        is_first_page = not {"ResourceARNList", "ResourceTypeFilters"} & set(asked)
        return {**found, "PaginationToken": "more"} if is_first_page else found

    return fake_account().but(resourcegroupstaggingapi__get_resources=answer)


def with_oracle() -> FakeAccount:
    """A database of Oracle, whose option group has native network encryption."""
    instance = {
        "DBInstanceIdentifier": "main",
        "DBInstanceArn": f"arn:aws:rds:{REGIONAL}:db:main",
        "Engine": "oracle-ee",
        "OptionGroupMemberships": [{"OptionGroupName": "nne", "Status": "in-sync"}],
    }
    setting = {"Name": "SQLNET.ENCRYPTION_SERVER", "Value": "REQUIRED"}
    option = {"OptionName": "NATIVE_NETWORK_ENCRYPTION", "OptionSettings": [setting]}
    return fake_account().but(
        rds__describe_db_instances={"DBInstances": [instance]},
        rds__describe_option_groups={
            "OptionGroupsList": [{"OptionGroupName": "nne", "Options": [option]}]
        },
    )


def with_emr_on_one_node() -> FakeAccount:
    ready = fake_account()
    return ready.but(
        emr__describe_cluster={"Cluster": HADOOP | {"SecurityConfiguration": ""}},
        emr__list_instances={"Instances": [{"Id": "ci-1"}]},
    )


def others() -> dict[str, Variant]:
    return {
        "with EMR on one node": Variant(with_emr_on_one_node, ("transfer-tls",)),
        "with more tags than a page": Variant(
            with_more_tags_than_a_page, ("s3-key-environment", "kms-key-environment")
        ),
        "with load balancer logs": Variant(with_load_balancer_logs, ("s3-kms",)),
        "by alias": Variant(by_alias, ("s3-kms", "s3-key-environment")),
        "with a key in two regions": Variant(with_a_key_in_two_regions, ("kms-key-environment",)),
        "with Oracle": Variant(with_oracle, ("database-tls",)),
        "with a private origin": Variant(with_a_private_origin, ("cloudfront-tls",)),
    }
