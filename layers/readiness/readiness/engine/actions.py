"""The IAM action behind an SDK call, where the two names differ."""

from __future__ import annotations

import functools

_PREFIX = {
    "apigatewayv2": "apigateway",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "opensearch": "es",
    "opensearchserverless": "aoss",
    "resourcegroupstaggingapi": "tag",
    "stepfunctions": "states",
    "accessanalyzer": "access-analyzer",
    "efs": "elasticfilesystem",
    "emr": "elasticmapreduce",
    "s3control": "s3",
    "resiliencehubv2": "resiliencehub",
}

_DIFFERENT = {
    ("s3", "list_buckets"): "s3:ListAllMyBuckets",
    ("s3", "get_bucket_encryption"): "s3:GetEncryptionConfiguration",
    ("s3", "get_bucket_lifecycle_configuration"): "s3:GetLifecycleConfiguration",
    ("s3", "get_bucket_replication"): "s3:GetReplicationConfiguration",
    ("s3", "get_object_lock_configuration"): "s3:GetBucketObjectLockConfiguration",
    ("s3", "get_bucket_accelerate_configuration"): "s3:GetAccelerateConfiguration",
    ("s3", "get_bucket_metrics_configuration"): "s3:GetMetricsConfiguration",
    ("s3", "get_public_access_block"): "s3:GetBucketPublicAccessBlock",
    (
        "s3",
        "list_bucket_intelligent_tiering_configurations",
    ): "s3:GetIntelligentTieringConfiguration",
    ("s3", "list_multipart_uploads"): "s3:ListBucketMultipartUploads",
    ("s3", "head_object"): "s3:GetObject",
    ("s3", "list_objects_v2"): "s3:ListBucket",
    ("s3control", "get_public_access_block"): "s3:GetAccountPublicAccessBlock",
    ("securityhub", "get_findings_v2"): "securityhub:GetFindings",
    ("lambda", "invoke"): "lambda:InvokeFunction",
    ("apigatewayv2", "list_routing_rules"): "apigateway:ListRoutingRules",
    ("accessanalyzer", "list_findings_v2"): "access-analyzer:ListFindings",
}


ON_REQUEST = frozenset(
    {"lambda:InvokeFunction", "ssm:GetParameter", "s3:GetObject", "s3:ListBucket"}
)
"""What no role has by default; the parameters AllowSmokeTests and AllowObjectSamples of
template.yaml give it."""

NARROWED = {
    "ssm:GetParametersByPath": (
        "arn:{partition}:ssm:{region}:{account}:parameter/readiness/manifest"
    ),
    "dynamodb:GetItem": "arn:{partition}:dynamodb:{region}:{account}:table/*circuit*",
}
"""What every role has on one kind of resource alone, and on which (RecordFindings in
template.yaml): parameters hold secrets too, and tables what is nobody's business."""


_SECOND = {"apigatewayv2", "elb", "s3control"}
"""Services of the SDK whose actions have the prefix of another one, which has more of them."""
_SERVICE = {prefix: service for service, prefix in _PREFIX.items() if service not in _SECOND}


def service_of(action: str) -> str:
    """The SDK's name of an IAM action's service: ``stepfunctions`` for ``states:…``."""
    prefix = action.partition(":")[0]
    return _SERVICE.get(prefix, prefix)


def sdk_services(action: str) -> tuple[str, ...]:
    """Every service of the SDK that has calls under the action's prefix.

    API Gateway, Elastic Load Balancing and S3 have two, that with more actions first.
    """
    prefix = action.partition(":")[0]
    named = [service for service, each in _PREFIX.items() if each == prefix]
    first = [service for service in named if service not in _SECOND]
    return (*first, prefix, *(service for service in named if service in _SECOND))


def _pascal(operation: str) -> str:
    return "".join(word.capitalize() for word in operation.split("_"))


_SPELLING = {
    "ListMfaDevices": "ListMFADevices",
    "ListVirtualMfaDevices": "ListVirtualMFADevices",
    "ListHostedZonesByVpc": "ListHostedZonesByVPC",
    "DescribeSslPolicies": "DescribeSSLPolicies",
    "DescribeDbClusterSnapshots": "DescribeDBClusterSnapshots",
    "DescribeDbClusterParameters": "DescribeDBClusterParameters",
    "DescribeDbInstances": "DescribeDBInstances",
    "DescribeDbParameters": "DescribeDBParameters",
    "DescribeDbSnapshots": "DescribeDBSnapshots",
    "DescribeDbClusters": "DescribeDBClusters",
    "DescribeDbProxies": "DescribeDBProxies",
    "DescribeDbProxyEndpoints": "DescribeDBProxyEndpoints",
    "DescribeDbProxyTargets": "DescribeDBProxyTargets",
    "GetEbsVolumeRecommendations": "GetEBSVolumeRecommendations",
    "GetEcsServiceRecommendations": "GetECSServiceRecommendations",
}


@functools.cache
def action_of(service: str, operation: str) -> str:
    """The IAM action of a client method, for instance ``kms``, ``describe_key`` → kms:DescribeKey.

    Nearly all of API Gateway's management reads are one action, ``apigateway:GET``, and all of
    Budgets' but those of actions ``budgets:ViewBudget`` (Service Authorization Reference).
    """
    special = _DIFFERENT.get((service, operation))
    if special:
        return special
    if service in {"apigateway", "apigatewayv2"}:
        return "apigateway:GET"
    if service == "budgets" and "_budget_action" not in operation:
        return "budgets:ViewBudget"
    name = _pascal(operation)
    return f"{_PREFIX.get(service, service)}:{_SPELLING.get(name, name)}"
