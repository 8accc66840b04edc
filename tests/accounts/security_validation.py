"""An account whose security was tested on what is really there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from readiness.engine.declarations import answer_item, attestation_item
from readiness.model.attestation import Attestation, Scope
from tests.account_variants import Variant
from tests.accounts import keyed
from tests.accounts.exposed import WAREHOUSE, exposed
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error

HOST = "i-0123456789abcdef0"
CLUSTER = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:cluster/agents"
SERVICE = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/agents/agent"
TASKS = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:task-definition/agent:7"
TASK = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:task/agents/0123"
CONTAINER_INSTANCE = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:container-instance/agents/4567"
FUNCTION_ARN = f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:agent"
IMAGE = f"{ACCOUNT_ID}.dkr.ecr.{HOME}.amazonaws.com/agent:7"
INDEX, DIGEST = "sha256:" + "a" * 64, "sha256:" + "b" * 64
REPOSITORY = f"arn:aws:ecr:{HOME}:{ACCOUNT_ID}:repository/agent"
ANALYZER = f"arn:aws:access-analyzer:{HOME}:{ACCOUNT_ID}:analyzer/external"
KEY = f"arn:aws:kms:{HOME}:{ACCOUNT_ID}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
LONG_AGO = NOON - timedelta(days=400)
LATELY = NOON - timedelta(days=3)
TESTED = NOON - timedelta(days=30)

SETTINGS: Mapping[str, Mapping[str, object]] = {
    "security_validation.object-encryption": {"sample_objects": 2}
}


SEARCH = {
    "DomainId": f"{ACCOUNT_ID}/search",
    "DomainName": "search",
    "ARN": f"arn:aws:es:{HOME}:{ACCOUNT_ID}:domain/search",
    "ClusterConfig": {},
    "AdvancedSecurityOptions": {"Enabled": True},
}


def attested(rule: str, **bound: Any) -> list[dict[str, Any]]:
    """What alice attested for a rule and bob approved, as rows of the Declarations table."""
    statement = Attestation(
        id="aaaa11112222",
        rule=rule,
        scope=Scope(),
        statement="Done, nothing critical or high is left open.",
        performed_at=TESTED,
        declared_at=TESTED,
        owner="team-security@example.com",
        attester="arn:aws:sts::111122223333:assumed-role/Security/alice",
        attester_id="AROA:alice",
        bound_to=bound,
    )
    approval = answer_item("APPROVAL", statement, by_id="AROA:bob", at=TESTED)
    return [attestation_item(statement), approval]


def query(**params: Any) -> dict[str, Any]:
    rule = params["ExpressionAttributeValues"][":r"]["S"]
    if rule == "security_validation.penetration-test":
        return {"Items": attested(rule, distributions="E1ABCDEF E2ABCDEF", graphql_apis="gql1")}
    return {"Items": attested(rule) if rule.startswith("security_validation.") else []}


def account_status(*, state: str = "ENABLED", images: str = "") -> dict[str, Any]:
    """BatchGetAccountStatus' answer."""

    def each(status: str) -> dict[str, str]:
        return {"status": status, "errorCode": "ALREADY_ENABLED", "errorMessage": "none"}

    return {
        "accounts": [
            {
                "accountId": ACCOUNT_ID,
                "state": each(state),
                "resourceState": {
                    "ec2": each(state),
                    "ecr": each(images or state),
                    "lambda": each(state),
                },
            }
        ]
    }


def covered(id: str, kind: str, **more: Any) -> dict[str, Any]:
    """A resource as ListCoverage gives it."""
    return {
        "accountId": ACCOUNT_ID,
        "resourceId": id,
        "resourceType": kind,
        "scanType": "PACKAGE",
        "scanStatus": {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"},
        "lastScannedAt": LATELY,
    } | more


def vulnerability(id: str, kind: str, **more: Any) -> dict[str, Any]:
    """A finding as ListFindings gives it: high, three days old."""
    return {
        "findingArn": f"arn:aws:inspector2:{HOME}:{ACCOUNT_ID}:finding/{id[-8:]}",
        "awsAccountId": ACCOUNT_ID,
        "type": "PACKAGE_VULNERABILITY",
        "title": "CVE-2026-0001 - openssl",
        "description": "A flaw.",
        "severity": "HIGH",
        "status": "ACTIVE",
        "firstObservedAt": LATELY,
        "lastObservedAt": NOON,
        "exploitAvailable": "NO",
        "remediation": {},
        "resources": [{"id": id, "type": kind}],
    } | more


RESOURCES = {
    "AWS_LAMBDA_FUNCTION": f"{FUNCTION_ARN}:$LATEST",
    "AWS_EC2_INSTANCE": HOST,
    "AWS_ECR_CONTAINER_IMAGE": f"{REPOSITORY}/{DIGEST}",
}


def _asked(criteria: Mapping[str, Sequence[Mapping[str, str]]]) -> tuple[str, str] | None:
    """The kind that is asked for and the id of its resource, None where the filter excludes it."""
    [kind] = [each["value"] for each in criteria["resourceType"]]
    ids = [each["value"] for each in criteria.get("resourceId") or ()]
    return (kind, RESOURCES[kind]) if not ids or RESOURCES[kind] in ids else None


def list_coverage(*, filterCriteria: Any) -> dict[str, Any]:  # noqa: N803
    asked = _asked(filterCriteria)
    return {"coveredResources": [covered(asked[1], asked[0])] if asked else []}


def list_findings(*, filterCriteria: Any) -> dict[str, Any]:  # noqa: N803
    asked = _asked(filterCriteria)
    return {"findings": [vulnerability(asked[1], asked[0])] if asked else []}


def index(*members: tuple[str, str]) -> dict[str, Any]:
    """BatchGetImage's answer: an index of images, by operating system and digest."""
    manifests = [{"digest": digest, "platform": {"os": system}} for system, digest in members]
    return {"images": [{"imageManifest": json.dumps({"manifests": manifests})}]}


def analyzer(**more: Any) -> dict[str, Any]:
    return {
        "arn": ANALYZER,
        "name": "external",
        "type": "ACCOUNT",
        "createdAt": LONG_AGO,
        "status": "ACTIVE",
    } | more


def basic_scan(*, days: int = 3, **counts: int) -> dict[str, Any]:
    """DescribeImageScanFindings' answer of a basic scan."""
    return {
        "imageScanStatus": {"status": "COMPLETE"},
        "imageScanFindings": {
            "imageScanCompletedAt": NOON - timedelta(days=days),
            "findingSeverityCounts": counts,
        },
    }


def workloads() -> dict[tuple[str, str], Any]:
    """A function, and a service whose task runs on an EC2 instance."""
    function = {
        "FunctionName": "agent",
        "FunctionArn": FUNCTION_ARN,
        "LastModified": "2026-10-20T12:00:00.000+0000",
    }
    service = {
        "serviceArn": SERVICE,
        "serviceName": "agent",
        "clusterArn": CLUSTER,
        "status": "ACTIVE",
        "taskDefinition": TASKS,
    }
    task = {
        "taskArn": TASK,
        "taskDefinitionArn": TASKS,
        "group": "service:agent",
        "lastStatus": "RUNNING",
        "desiredStatus": "RUNNING",
        "containers": [{"name": "agent", "image": IMAGE, "imageDigest": INDEX}],
    }
    host = {"containerInstanceArn": CONTAINER_INSTANCE, "ec2InstanceId": HOST}
    return {
        ("lambda", "list_functions"): {"Functions": [function]},
        ("lambda", "get_function_configuration"): function,
        ("ecs", "list_clusters"): {"clusterArns": [CLUSTER]},
        ("ecs", "list_services"): {"serviceArns": [SERVICE]},
        ("ecs", "describe_services"): {"services": [service]},
        ("ecs", "list_tasks"): lambda *, desiredStatus, **_: {  # noqa: N803
            "taskArns": [TASK] if desiredStatus == "RUNNING" else []
        },
        ("ecs", "describe_tasks"): {"tasks": [task]},
        ("ecs", "list_container_instances"): {"containerInstanceArns": [CONTAINER_INSTANCE]},
        ("ecs", "describe_container_instances"): {"containerInstances": [host]},
        ("ec2", "describe_instances"): {
            "Reservations": [{"Instances": [{"InstanceId": HOST, "State": {"Name": "running"}}]}]
        },
    }


def surface() -> dict[tuple[str, str], Any]:
    """What the internet reaches, all of it older than the penetration test."""
    balancer = {
        "LoadBalancerArn": f"arn:aws:elasticloadbalancing:{HOME}:{ACCOUNT_ID}:loadbalancer/app/w/1",
        "LoadBalancerName": "w",
        "Scheme": "internet-facing",
        "CreatedTime": LONG_AGO,
        "Type": "application",
    }
    rest = {
        "id": "a1b2c3",
        "name": "orders",
        "createdDate": LONG_AGO,
        "endpointConfiguration": {"types": ["REGIONAL"]},
    }
    http = {
        "ApiId": "d4e5f6",
        "Name": "web",
        "CreatedDate": LONG_AGO,
        "ProtocolType": "HTTP",
        "RouteSelectionExpression": "$request.method",
    }
    url = {
        "FunctionUrl": "https://abc.lambda-url.us-east-1.on.aws/",
        "FunctionArn": FUNCTION_ARN,
        "CreationTime": "2025-01-10T12:00:00.000Z",
        "LastModifiedTime": "2025-01-10T12:00:00.000Z",
        "AuthType": "NONE",
    }
    metric = {
        "Namespace": "AWS/Lambda",
        "MetricName": "UrlRequestCount",
        "Dimensions": [{"Name": "FunctionName", "Value": "agent"}],
    }
    return {
        ("elbv2", "describe_load_balancers"): {"LoadBalancers": [balancer]},
        ("elb", "describe_load_balancers"): {
            "LoadBalancerDescriptions": [
                {
                    "LoadBalancerName": "old",
                    "Scheme": "internet-facing",
                    "CreatedTime": balancer["CreatedTime"],
                }
            ]
        },
        ("apigateway", "get_rest_apis"): {"items": [rest]},
        ("apigateway", "get_rest_api"): rest,
        ("apigateway", "get_stages"): {"item": [{"stageName": "prod"}]},
        ("apigateway", "get_resources"): {"items": [guarded_resource()]},
        ("apigatewayv2", "get_apis"): {"Items": [http]},
        ("apigatewayv2", "get_api"): http,
        ("apigatewayv2", "get_stages"): {"Items": [{"StageName": "$default"}]},
        ("apigatewayv2", "get_routes"): {
            "Items": [{"RouteKey": "$default", "AuthorizationType": "JWT"}]
        },
        ("cloudwatch", "list_metrics"): {"Metrics": [metric]},
        ("lambda", "list_function_url_configs"): {"FunctionUrlConfigs": [url]},
        ("cloudfront", "list_distributions"): distributions("E1ABCDEF"),
    }


def guarded_resource(**methods: Mapping[str, Any]) -> dict[str, Any]:
    """A resource of GetResources, of which IAM guards the one method."""
    iam = {"httpMethod": "GET", "authorizationType": "AWS_IAM", "apiKeyRequired": False}
    return {"id": "r", "path": "/orders", "resourceMethods": methods or {"GET": iam}}


def with_certificates() -> FakeAccount:
    """APIs that only domain names with mutual TLS lead to."""
    ready = fake_account()
    off = {"disableExecuteApiEndpoint": True}
    rest = {**ready.answers["apigateway", "get_rest_api"], **off}
    http = {**ready.answers["apigatewayv2", "get_api"], "DisableExecuteApiEndpoint": True}
    domain = {
        "DomainName": "api.example.com",
        "MutualTlsAuthentication": {"TruststoreUri": "s3://trust/ca.pem"},
    }
    ruled = domain | {"DomainName": "v2.example.com", "RoutingMode": "ROUTING_RULE_ONLY"}
    edge = {"domainName": "edge.example.com", "endpointConfiguration": {"types": ["EDGE"]}}
    mappings = [{"ApiId": id, "Stage": "prod"} for id in ("a1b2c3", "d4e5f6")]
    return ready.but(
        apigateway__get_rest_api=rest,
        apigateway__get_resources={
            "items": [guarded_resource(GET={"httpMethod": "GET", "authorizationType": "NONE"})]
        },
        apigateway__get_domain_names={"items": [edge]},
        apigateway__get_base_path_mappings={"items": []},
        apigatewayv2__get_api=http,
        apigatewayv2__get_domain_names={"Items": [domain, ruled]},
        apigatewayv2__get_api_mappings={"Items": mappings},
        apigatewayv2__list_routing_rules={
            "RoutingRules": [
                {"Actions": [{"InvokeApi": each}], "Priority": 1} for each in mappings
            ]
        },
        apigatewayv2__get_routes={"Items": [{"RouteKey": "$default"}]},
    )


def distributions(*ids: str) -> dict[str, Any]:
    """ListDistributions' answer, with what the service model requires of each."""
    items = [
        {
            "Id": id,
            "ARN": f"arn:aws:cloudfront::{ACCOUNT_ID}:distribution/{id}",
            "Status": "Deployed",
            "LastModifiedTime": LONG_AGO,
            "DomainName": f"{id}.cloudfront.net",
            "Aliases": {"Quantity": 0},
            "Origins": {"Quantity": 0, "Items": [{"Id": "o", "DomainName": "o.example.com"}]},
            "DefaultCacheBehavior": {"TargetOriginId": "o", "ViewerProtocolPolicy": "https-only"},
            "CacheBehaviors": {"Quantity": 0},
            "CustomErrorResponses": {"Quantity": 0},
            "Comment": "",
            "PriceClass": "PriceClass_All",
            "Enabled": True,
            "ViewerCertificate": {},
            "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
            "WebACLId": "",
            "HttpVersion": "http2",
            "IsIPV6Enabled": True,
            "Staging": False,
        }
        for id in ids
    ]
    return {
        "DistributionList": {
            "Marker": "",
            "MaxItems": 100,
            "IsTruncated": False,
            "Quantity": len(items),
            "Items": items,
        }
    }


def stores() -> dict[tuple[str, str], Any]:
    """What holds data, each encrypted."""
    table = {
        "TableName": "orders",
        "TableStatus": "ACTIVE",
        "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": KEY},
    }
    database = {
        "DBInstanceIdentifier": "db",
        "DBInstanceStatus": "available",
        "Engine": "postgres",
        "StorageEncrypted": True,
        "KmsKeyId": KEY,
    }
    system = {
        "OwnerId": ACCOUNT_ID,
        "CreationToken": "c",
        "FileSystemId": "fs-0123456789abcdef0",
        "CreationTime": LONG_AGO,
        "LifeCycleState": "available",
        "NumberOfMountTargets": 1,
        "SizeInBytes": {"Value": 1},
        "PerformanceMode": "generalPurpose",
        "Tags": [],
        "Encrypted": True,
        "KmsKeyId": KEY,
    }
    return {
        ("ssm", "get_service_setting"): {"ServiceSetting": {"SettingValue": "Disable"}},
        ("ssm", "list_documents"): {"DocumentIdentifiers": [{"Name": "Restart"}]},
        ("ssm", "describe_document_permission"): {"AccountIds": ["444455556666"]},
        ("opensearch", "list_domain_names"): {"DomainNames": [{"DomainName": "search"}]},
        ("opensearch", "describe_domain"): {"DomainStatus": SEARCH},
        ("opensearch", "describe_domains"): {"DomainStatusList": [SEARCH]},
        ("dynamodb", "list_tables"): {"TableNames": ["orders"]},
        ("dynamodb", "describe_table"): {"Table": table},
        ("rds", "describe_db_instances"): {"DBInstances": [database]},
        ("efs", "describe_file_systems"): {"FileSystems": [system]},
        ("ec2", "describe_volumes"): {
            "Volumes": [{"VolumeId": "vol-1", "Encrypted": True, "KmsKeyId": KEY}]
        },
        ("ec2", "get_ebs_encryption_by_default"): {"EbsEncryptionByDefault": True},
        ("ec2", "get_ebs_default_kms_key_id"): {"KmsKeyId": KEY},
        ("ec2", "get_image_block_public_access_state"): {
            "ImageBlockPublicAccessState": "block-new-sharing",
            "ManagedBy": "account",
        },
        ("ec2", "get_snapshot_block_public_access_state"): {
            "State": "block-all-sharing",
            "ManagedBy": "account",
        },
        ("ec2", "describe_images"): {"Images": []},
        ("ec2", "describe_snapshots"): {"Snapshots": []},
        ("s3", "list_buckets"): {"Buckets": [{"Name": "data"}]},
        ("s3", "get_bucket_encryption"): {
            "ServerSideEncryptionConfiguration": {
                "Rules": [
                    {
                        "ApplyServerSideEncryptionByDefault": {
                            "SSEAlgorithm": "aws:kms",
                            "KMSMasterKeyID": KEY,
                        }
                    }
                ]
            }
        },
        ("s3", "list_objects_v2"): {
            "Contents": [
                {"Key": f"{n}.json", "LastModified": NOON - timedelta(days=n)} for n in range(4)
            ]
        },
        ("s3", "head_object"): {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": KEY},
        ("kms", "describe_key"): {
            "KeyMetadata": {
                "KeyId": KEY.rpartition("/")[2],
                "Arn": KEY,
                "KeyState": "Enabled",
                "KeyManager": "CUSTOMER",
                "KeySpec": "SYMMETRIC_DEFAULT",
                "KeyUsage": "ENCRYPT_DECRYPT",
                "Origin": "AWS_KMS",
                "MultiRegion": False,
                "CreationDate": LONG_AGO,
            }
        },
        ("glue", "get_jobs"): {
            "Jobs": [
                {
                    "Name": "nightly",
                    "SecurityConfiguration": "encrypted",
                    "DefaultArguments": {"--job-bookmark-option": "job-bookmark-enable"},
                }
            ]
        },
        ("glue", "get_crawlers"): {"Crawlers": []},
        ("glue", "get_dev_endpoints"): {"DevEndpoints": []},
        ("kinesis", "list_stream_consumers"): {"Consumers": []},
        ("sqs", "list_queues"): {
            "QueueUrls": [f"https://sqs.{HOME}.amazonaws.com/{ACCOUNT_ID}/jobs"]
        },
        ("sqs", "get_queue_attributes"): {"Attributes": {"SqsManagedSseEnabled": "true"}},
        ("sns", "list_topics"): {
            "Topics": [{"TopicArn": f"arn:aws:sns:{HOME}:{ACCOUNT_ID}:news"}]
        },
        ("sns", "get_topic_attributes"): {"Attributes": {"KmsMasterKeyId": KEY}},
    }


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    return FakeAccount(
        {
            ("dynamodb", "query"): query,
            ("inspector2", "batch_get_account_status"): account_status(),
            ("inspector2", "list_coverage"): list_coverage,
            ("inspector2", "list_findings"): list_findings,
            ("inspector2", "list_filters"): {"filters": []},
            ("ecr", "batch_get_image"): index(("linux", DIGEST), ("unknown", INDEX)),
            ("accessanalyzer", "list_analyzers"): {"analyzers": [analyzer()]},
            ("accessanalyzer", "list_findings_v2"): {"findings": []},
            ("accessanalyzer", "list_archive_rules"): {"archiveRules": []},
            ("s3control", "get_public_access_block"): {
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": True,
                    "IgnorePublicAcls": True,
                    "BlockPublicPolicy": True,
                    "RestrictPublicBuckets": True,
                }
            },
            ("iam", "get_account_summary"): {
                "SummaryMap": {"AccountAccessKeysPresent": 0, "AccountMFAEnabled": 1}
            },
            **workloads(),
            **surface(),
            **stores(),
            **exposed(),
            **keyed.answers(KEY),
            **keyed.copies(KEY),
        }
    )


def with_basic_scans() -> FakeAccount:
    """Inspector scans no images; ECR does."""
    return fake_account().but(
        inspector2__batch_get_account_status=account_status(images="DISABLED"),
        ecr__describe_image_scan_findings=basic_scan(HIGH=2),
    )


def without_scans() -> FakeAccount:
    """Inspector is off, and ECR has scanned nothing."""
    return fake_account().but(
        inspector2__batch_get_account_status=account_status(state="DISABLED"),
        ecr__describe_image_scan_findings=error("ScanNotFoundException"),
    )


def with_suppressed_findings() -> FakeAccount:
    """What is suppressed is suppressed for a reason that someone renewed lately."""
    suppression = {
        "arn": f"arn:aws:inspector2:{HOME}:{ACCOUNT_ID}:owner/{ACCOUNT_ID}/filter/1",
        "ownerId": ACCOUNT_ID,
        "name": "not-reachable",
        "criteria": {},
        "action": "SUPPRESS",
        "reason": "The code is not reachable.",
        "createdAt": LONG_AGO,
        "updatedAt": LATELY,
    }

    def suppressed(*, filterCriteria: Any) -> dict[str, Any]:  # noqa: N803
        found = list_findings(filterCriteria=filterCriteria)["findings"]
        return {"findings": [each | {"status": "SUPPRESSED"} for each in found]}

    return fake_account().but(
        inspector2__list_findings=suppressed,
        inspector2__list_filters={"filters": [suppression]},
    )


_SCANNED = ("image-vulnerabilities", "function-vulnerabilities", "host-vulnerabilities")


def with_a_queue_of_a_key() -> FakeAccount:
    """The messages of the queue are encrypted with a KMS key of the account."""
    return fake_account().but(sqs__get_queue_attributes={"Attributes": {"KmsMasterKeyId": KEY}})


def with_public_addresses() -> FakeAccount:
    """A database and a warehouse have public addresses behind a security group."""
    behind = {"PubliclyAccessible": True, "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1"}]}
    account = fake_account()
    [database] = account.answers["rds", "describe_db_instances"]["DBInstances"]
    return account.but(
        rds__describe_db_instances={"DBInstances": [database | behind]},
        redshift__describe_clusters={"Clusters": [WAREHOUSE | behind]},
        ec2__describe_security_groups={"SecurityGroups": [{"GroupId": "sg-1"}]},
    )


_REACHED = ("cluster-access", "database-access", "penetration-test")


def others() -> Mapping[str, Variant]:
    return {
        "with public addresses": Variant(with_public_addresses, _REACHED),
        "with certificates": Variant(with_certificates, ("rest-api-access", "http-api-access")),
        "with a queue of a key": Variant(with_a_queue_of_a_key, ("queue-encryption",)),
        "with ECR's basic scans": Variant(with_basic_scans, ("image-vulnerabilities",)),
        "with suppressed findings": Variant(with_suppressed_findings, _SCANNED),
        "without scans": Variant(without_scans, (*_SCANNED, "inspector-enabled")),
    }
