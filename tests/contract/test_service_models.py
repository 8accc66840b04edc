"""Every operation, parameter, member, error code and event field that is named exists.

``tests/strict.py`` catches a wrong name on a line that a test runs; this catches it on any line.
"""

from __future__ import annotations

import ast
import functools
import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from readiness.model.unreadable import NO_SUCH_OPERATION
from readiness_cli.catalogue import ROOT
from tests.contract import service_models
from tests.contract.service_models import (
    EVIDENCE,
    LAYER,
    Call,
    Source,
    answered_names,
    asked_names,
    calls,
    event_readers,
    misplaced,
    module_names,
    operation_model,
    source,
)
from tests.strict import meant

SOURCES = [source(path) for path in EVIDENCE]
BY_MODULE = {each.module: each for each in SOURCES}

ERROR_CODES: dict[tuple[str, str], frozenset[str]] = {
    # Source: AWS Support API Reference, "AWS Support API", Note.
    ("support", "describe_severity_levels"): frozenset({"SubscriptionRequiredException"}),
    # Cost Explorer models no AccessDeniedException. Source: what accounts that never switched it on
    # are told, in public issues.
    ("ce", "get_anomaly_monitors"): frozenset({"AccessDeniedException"}),
    # Of a group that does not exist. Source: EC2 Auto Scaling API Reference, "Common errors".
    ("autoscaling", "describe_instance_refreshes"): frozenset({"ValidationError"}),
    # CloudFormation models no error of DescribeStacks. Source: its description in the API Reference.
    ("cloudformation", "describe_stacks"): frozenset({"ValidationError"}),
    # SageMaker models no error of these. Source: what public tools handle.
    ("sagemaker", "describe_endpoint"): frozenset({"ValidationException"}),
    ("sagemaker", "describe_endpoint_config"): frozenset({"ValidationException"}),
    ("sagemaker", "describe_inference_component"): frozenset({"ValidationException"}),
    ("sagemaker", "describe_model"): frozenset({"ValidationException"}),
    ("sagemaker", "describe_notebook_instance"): frozenset({"ValidationException"}),
    # EC2 models no errors. Source: EC2 API Reference, "Error codes for the Amazon EC2 API".
    ("ec2", "*"): frozenset(
        {
            "InvalidGroup.NotFound",
            "InvalidGroupId.Malformed",
            "InvalidLaunchTemplateId.NotFound",
            "InvalidLaunchTemplateId.VersionNotFound",
            "InvalidLaunchTemplateName.NotFoundException",
            "InvalidVolume.NotFound",
            "InvalidVpcID.Malformed",
            "InvalidInstanceID.NotFound",
            "InvalidVpcID.NotFound",
        }
    ),
    # S3 models hardly any. Source: S3 API Reference, "Error responses", "List of error codes".
    ("s3", "*"): frozenset(
        {
            "NoSuchBucket",
            "NoSuchBucketPolicy",
            "NoSuchLifecycleConfiguration",
            "NoSuchPublicAccessBlockConfiguration",
            "ObjectLockConfigurationNotFoundError",
            "ReplicationConfigurationNotFoundError",
            "ServerSideEncryptionConfigurationNotFoundError",
        }
    ),
    # Of a bucket of another account. Source: as those, and S3 User Guide, "Troubleshoot access
    # denied (403 Forbidden) errors in Amazon S3".
    ("s3", "get_bucket_replication"): frozenset({"AccessDenied"}),
    # An answer to HEAD has no body: its code is the HTTP status. Source: S3 API Reference,
    # "HeadObject", "generic 400 Bad Request".
    ("s3", "head_object"): frozenset({"400"}),
    # The query protocol's names, which SQS also sends over JSON (x-amzn-query-error).
    # Source: SQS API Reference, "Making Query API requests", "Interpreting responses".
    ("sqs", "*"): frozenset({"AWS.SimpleQueueService.NonExistentQueue", "NonExistentQueue"}),
    # A region or an SDK that does not know log alarms refuses the value of AlarmTypes.
    # Source: CloudWatch API Reference, "Common errors" (ValidationError) and its JSON form.
    ("cloudwatch", "describe_alarms"): frozenset(
        {"InvalidParameterValue", "ValidationError", "ValidationException"}
    ),
    # CloudWatch speaks three protocols; the query one shortens the name.
    ("cloudwatch", "get_alarm_mute_rule"): frozenset({"ResourceNotFound"}),
    ("cloudwatch", "get_dashboard"): frozenset({"ResourceNotFoundException"}),
}
"""Codes that an operation sends and its model does not list."""

FREE_NAMES: dict[str, frozenset[str]] = {
    # The text of an event pattern: EventBridge User Guide, "Comparison operators".
    "readiness.evidence.workloads.anomaly_detection": frozenset({"prefix"}),
    # Keys of a service in Application Signals: its API Reference, "Service", KeyAttributes.
    "readiness.evidence.cloudwatch.alarmed_objectives": frozenset({"Environment"}),
    # A member of a policy: DescribeScalingPolicies, DescribePolicies.
    "readiness.evidence.cloudwatch.policy_alarms": frozenset({"Alarms", "PolicyType"}),
    # A member of a target: ListTargetsByRule.
    "readiness.evidence.eventbridge.alarm_targets": frozenset({"RoleArn"}),
    # The text of a security configuration: EMR Management Guide, "Create a security configuration".
    "readiness.evidence.workloads.plain_transfers": frozenset(
        {"EncryptionConfiguration", "EnableInTransitEncryption"}
    ),
    # The text of a network policy: OpenSearch Service Developer Guide, "Network access for
    # Amazon OpenSearch Serverless".
    "readiness.evidence.workloads.public_clusters": frozenset(
        {"AllowFromPublic", "Rules", "ResourceType", "Resource"}
    ),
    # The key of an attribute: DescribeLoadBalancerAttributes.
    "readiness.evidence.awslambda.callers": frozenset({"idle_timeout.timeout_seconds"}),
    # The text of a traffic policy: Route 53 API Reference, "Traffic policy document format".
    "readiness.evidence.route53_policies": frozenset(
        {
            *("StartRule", "Endpoints", "Rules", "RuleType", "Type"),
            *("EndpointReference", "RuleReference", "HealthCheck", "IsDefault"),
            *("EvaluateTargetHealth", "Value", "Weight"),
        }
    ),
    # The text of HistoryData of an alarm's action, and of the message in it: CloudWatch User Guide.
    "readiness.evidence.cloudwatch.alarm_actions": frozenset(
        {
            *("actionState", "notificationResource", "publishedMessage", "error"),
            *("default", "NewStateReason"),
        }
    ),
    # Dimensions of the metrics of subscription filters, and the metrics themselves.
    "readiness.evidence.cloudwatch.forwarding": frozenset(
        {"FilterName", "DestinationType", "PolicyLevel", "ForwardedLogEvents", "DeliveryErrors"}
    ),
    # Dimensions of S3's metrics, and counts of our own.
    "readiness.evidence.s3.transfer": frozenset(
        {
            *("BucketName", "StorageType", "FilterId"),
            *("stored", "objects", "puts", "posts", "uploaded"),
        }
    ),
    # The document of an account's subscription filter policy: PutAccountPolicy.
    "readiness.evidence.logs": frozenset({"DestinationArn", "FilterPattern"}),
    # A finding of GetFindingsV2 is a document of OCSF: Security Hub User Guide, "OCSF findings".
    "readiness.evidence.securityhub": frozenset({"finding_info", "modified_time_dt"}),
    # Answers of a day, as we keep them.
    "readiness.evidence.cost_anomalies": frozenset(
        {
            *("told", "name", "monitors", "subscribers", "declined", "frequency"),
            *("expression", "threshold"),
            *("watched", "arn", "kind", "specification", "created", "evaluated"),
            *("id", "where", "from", "to", "impact", "feedback"),
        }
    ),
    # Parameters of FIS's actions, in the map of an action's parameters.
    "readiness.evidence.workloads.failover_tests.experiments": frozenset(
        {"documentArn", "forceFailover", "scope"}
    ),
    # A key of a restore's metadata in lower case: AWS Backup Developer Guide, "Restore an EFS
    # file system".
    "readiness.evidence.backup.restores": frozenset({"itemstorestore"}),
    # A process of Auto Scaling that may be suspended: DescribeScalingProcessTypes.
    # And a tag of EKS's managed node groups.
    "readiness.evidence.autoscaling.availability": frozenset(
        {"autoScalingGroupName", "eks:nodegroup-name"}
    ),
    # A dimension of the metrics of ECS: its Developer Guide, "Amazon ECS CloudWatch metrics".
    "readiness.evidence.cloudwatch.custom_metrics": frozenset({"ClusterName", "ServiceName"}),
    "readiness.evidence.autoscaling.scaling": frozenset({"ScheduledActions"}),
    # A tag that Auto Scaling sets.
    "readiness.evidence.workloads.cost_tags": frozenset({"aws:autoscaling:groupName"}),
    # Dimensions of S3's metrics.
    "readiness.evidence.workloads.regional": frozenset({"BucketName", "StorageType"}),
    # An attribute whose name the model does not list: GetTopicAttributes.
    "readiness.evidence.workloads.failure_sinks": frozenset({"SubscriptionsConfirmed"}),
    # The name of a query of our own.
    # A key of the map CostFilters.
    "readiness.evidence.budgets": frozenset({"LinkedAccount", "TagKeyValue"}),
    "readiness.evidence.costexplorer": frozenset(
        {"days", "groups", "day", "asked_on", "estimated"}
    ),
    # Names of DAX's parameters (DescribeParameters), and names of our own queries.
    "readiness.evidence.dax": frozenset(
        {
            *("record-ttl-millis", "query-ttl-millis"),
            *("items", "queries", "no_items", "no_queries"),
        }
    ),
    # The text of an image index: OCI Image Format Specification, "OCI Image Index".
    "readiness.evidence.workloads.image_scans": frozenset(
        {"manifests", "platform", "os", "digest"}
    ),
    # The text of a redrive policy: SetQueueAttributes.
    "readiness.evidence.workloads.dead_letter_paths": frozenset(
        {"RedrivePolicy", "deadLetterTargetArn"}
    ),
    "readiness.evidence.workloads.function_sources": frozenset({"deadLetterTargetArn"}),
    "readiness.evidence.sqs.redrive": frozenset({"deadLetterTargetArn", "maxReceiveCount"}),
    # The text of a delivery policy: SNS Developer Guide, "Message delivery retries".
    "readiness.evidence.sns.redrive": frozenset(
        {"EffectiveDeliveryPolicy", "DeliveryPolicy", "healthyRetryPolicy", "numRetries"}
    ),
    # The row of a circuit: Powertools for AWS Lambda, "Circuit Breaker".
    "readiness.evidence.workloads.dependencies": frozenset({"state", "opened_at"}),
    # The fields of a CloudTrail record: CloudTrail User Guide, "CloudTrail record contents".
    "readiness.evidence.application_autoscaling": frozenset(
        {"userIdentity", "arn", "awsRegion", "recipientAccountId", "out"}
    ),
    # Metrics of API Gateway, and of Lambda.
    "readiness.evidence.workloads.api_entry_points": frozenset({"Count"}),
    "readiness.evidence.workloads.function_entry_points": frozenset(
        {
            *("Throttles", "AsyncEventsReceived", "AsyncEventsDropped", "Invocations"),
            *("UrlRequestCount", "Url4xxCount", "Url5xxCount", "Errors"),
        }
    ),
    # How a task's stop is explained: ECS Developer Guide, "Stopped tasks error messages".
    "readiness.evidence.ecs.tasks": frozenset({"OutOfMemory"}),
    # A value of FunctionResponseTypes, and names of our own queries.
    "readiness.evidence.awslambda.event_sources": frozenset(
        {"ReportBatchItemFailures", "items", "invocations"}
    ),
    # The columns of the credential report: IAM User Guide, "Understanding the report format".
    "readiness.evidence.iam.credential_report": frozenset({"user"}),
    "readiness.evidence.iam.access_keys": frozenset({"user_creation_time"}),
    "readiness.evidence.iam.credentials": frozenset({"password_enabled", "mfa_active"}),
    # Names of our own queries.
    "readiness.evidence.awslambda.policy_callers": frozenset({"not"}),
    "readiness.evidence.awslambda.traffic": frozenset({"requests", "failures", "refused"}),
    "readiness.evidence.awslambda.canaries": frozenset({"invocations"}),
    "readiness.evidence.awslambda.log_delivery": frozenset({"events"}),
    "readiness.evidence.cloudwatch.processing_time": frozenset({"max", "n", "p99"}),
    # Values of VersionStages.
    "readiness.evidence.secretsmanager": frozenset({"AWSPENDING", "AWSCURRENT"}),
    "readiness.evidence.sns.pagers": frozenset({"AWSCURRENT"}),
    # Attributes whose names the model does not list: GetTopicAttributes, and
    # GetSubscriptionAttributes.
    "readiness.evidence.sns.topics": frozenset({"Policy", "KmsMasterKeyId"}),
    "readiness.evidence.sns.listeners": frozenset({"FifoTopic", "KmsMasterKeyId", "Policy"}),
    "readiness.evidence.sns.delivery": frozenset({"FifoTopic", "KmsMasterKeyId", "Policy"}),
    "readiness.evidence.sns.subscriptions": frozenset(
        {"FilterPolicy", "FilterPolicyScope", "PendingConfirmation", "RawMessageDelivery"}
    ),
    # A tag that people set.
    "readiness.evidence.dynamodb.usage": frozenset({"data-class"}),
    # Environment variables, and options of the awslogs driver (ECS, LogConfiguration).
    "readiness.evidence.workloads.tracing": frozenset(
        {
            *("OTEL_RESOURCE_ATTRIBUTES", "OTEL_SERVICE_NAME", "AWS_XRAY_TRACING_NAME"),
            "awslogs-group",
        }
    ),
    "readiness.evidence.workloads.log_groups": frozenset(
        {"awslogs-group", "awslogs-region", "awslogs-create-group"}
    ),
    "readiness.evidence.workloads.service_arrivals": frozenset(
        {"awslogs-group", "awslogs-region", "awslogs-stream-prefix"}
    ),
    # The last part of an endpoint type's enum; an API's endpointConfiguration.types.
    "readiness.evidence.apigateway.domains": frozenset({"PRIVATE"}),
    # Members of CloudTrail requests of API Gateway: the body is a member of its own.
    "readiness.evidence.apigateway.stage_calls": frozenset(
        {"createApiInput", "target", "stageName"}
    ),
    # Groups of our own regular expression.
    "readiness.evidence.workloads.deployments": frozenset({"digest", "tag"}),
    # A name of our own queries.
    "readiness.evidence.elasticache.usage": frozenset({"asked", "misses"}),
    # A dimension of Lambda's metrics.
    "readiness.evidence.awslambda.invoked": frozenset({"Resource"}),
    # Members of an exported OpenAPI document: API Gateway Developer Guide,
    # "x-amazon-apigateway-documentation object".
    "readiness.evidence.apigateway.documentation": frozenset(
        {"documentationParts", "paths", "x-amazon-apigateway-documentation"}
    ),
    # What a CloudTrail record says of a call to UpdateAlias.
    "readiness.evidence.awslambda.alias_moves": frozenset(
        {"functionName", "functionVersion", "name", "errorCode", "requestParameters"}
    ),
    # A part of an ARN.
    "readiness.evidence.awslambda.functions": frozenset({"function"}),
}
"""Names asked of a mapping that no service model describes, by module, and what it is."""

JUDGEMENT: dict[str, tuple[tuple[str, str], ...]] = {
    "semantics/alarm_answers.py": (("cloudwatch", "describe_alarms"),),
    "semantics/trail_coverage.py": (
        ("cloudtrail", "get_event_selectors"),
        ("cloudtrail", "get_event_data_store"),
    ),
    "functions/ecs_deployment/rollout.py": (("ecs", "describe_services"),),
}
"""Modules that call nothing and are handed parts of these answers."""

CONFIG_RULE = frozenset(
    {
        *("configRuleArn", "configRuleName", "eventLeftScope"),
        *("invokingEvent", "resultToken", "ruleParameters"),
    }
)
"""How AWS Config invokes a rule: Developer Guide, "Example events for AWS Config rules"."""


ALL_CALLS = [call for each in SOURCES for call in calls(each)]


def ids(call: Call) -> str:
    return f"{call.where.rpartition('/')[2]} {call.service}"


def models(call: Call) -> Iterator[tuple[str, Any]]:
    for operation in call.operations:
        yield operation, operation_model(call.service, operation)


def test_the_calls_are_found():
    """Each ``read.one``, ``every``, ``act`` or ``poll``, whoever makes it."""
    written = sum(
        1
        for each in SOURCES
        for node in ast.walk(each.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "read"
        and node.func.attr in service_models.READERS
    )
    assert written == len(ALL_CALLS) > 200


@pytest.mark.parametrize("call", ALL_CALLS, ids=ids)
def test_a_call_is_one_that_the_service_takes(call):
    assert call.operations, f"{call.where}: no operation is found for the call"
    for operation in call.operations:
        known = service_models._operations(call.service)
        assert operation in known, (
            f"{call.where}: {call.service} has no operation {operation!r}{meant(operation, known)}"
        )
    for operation, model in models(call):
        members = model.input_shape.members if model.input_shape else {}
        for name, value in call.parameters.items():
            assert name in members, (
                f"{call.where}: {operation} takes no {name!r}{meant(name, members)}"
            )
            for _, wrong, shape in misplaced(value, members[name]):
                names = getattr(shape, "enum", ()) or shape.members
                pytest.fail(
                    f"{call.where}: {operation} {name}: {shape.name} has no"
                    f" {wrong!r}{meant(wrong, names)}"
                )


@pytest.mark.parametrize("call", [c for c in ALL_CALLS if c.kind == "every"], ids=ids)
def test_what_is_listed_is_in_the_answer(call):
    assert call.keys, f"{call.where}: no key is found for the call"
    for operation, model in models(call):
        for key in call.keys:
            shape = model.output_shape
            for step in key.split("."):
                members = shape.members if shape.type_name == "structure" else {}
                assert step in members, (
                    f"{call.where}: the answer of {operation} has no {key!r}{meant(step, members)}"
                )
                shape = members[step]
            assert shape.type_name == "list", f"{call.where}: {key!r} of {operation} is no list"


@pytest.mark.parametrize("call", [c for c in ALL_CALLS if c.codes], ids=ids)
def test_an_error_that_means_something_is_one_the_operation_sends(call):
    for operation, model in models(call):
        sent = {each.name for each in model.error_shapes} | {*NO_SUCH_OPERATION}
        sent |= {each.metadata.get("error", {}).get("code", "") for each in model.error_shapes}
        for which in (operation, "*"):
            sent |= ERROR_CODES.get((call.service, which), frozenset())
        for code in call.codes:
            name = code.partition(": ")[0]
            assert name in sent, f"{call.where}: {operation} sends no {name!r}{meant(name, sent)}"


def test_every_listed_error_is_meant_by_some_call():
    used = {
        (call.service, operation, code.partition(": ")[0])
        for call in ALL_CALLS
        for operation in (*call.operations, "*")
        for code in call.codes
    }
    listed = {(*of, code) for of, codes in ERROR_CODES.items() for code in codes}
    assert listed <= used


def imported(of: Source) -> Iterator[Source]:
    """The evidence modules whose answers a module may be handed."""
    for node in ast.walk(of.tree):
        if isinstance(node, ast.ImportFrom) and node.module in BY_MODULE:
            yield BY_MODULE[node.module]


@pytest.mark.parametrize("of", SOURCES, ids=lambda of: of.name)
def test_a_name_that_is_asked_of_an_answer_is_in_one(of):
    known = module_names(of).union(*(module_names(each) for each in imported(of)))
    known |= FREE_NAMES.get(of.module, frozenset())
    from_events = {id(node) for each in event_readers(of) for node in ast.walk(each)}
    if of.path.name == "__init__.py":
        known |= event_fields()
    for node, name in asked_names(of.tree):
        if id(node) not in from_events:
            assert name in known, f"{of.at(node)}: no answer has {name!r}{meant(name, known)}"


def test_every_free_name_is_asked_for():
    for module, names in FREE_NAMES.items():
        unused = names - {name for _, name in asked_names(BY_MODULE[module].tree)}
        assert not unused, f"{module} asks for no {sorted(unused)}: take it off the list"


@pytest.mark.parametrize("module", JUDGEMENT)
def test_a_name_that_judgement_asks_of_an_answer_is_in_it(module):
    path = next(root / module for root in (LAYER / "readiness", ROOT) if (root / module).exists())
    of = source(path)
    known = frozenset().union(*(answered_names(*call) for call in JUDGEMENT[module]))
    for node, name in asked_names(of.tree):
        assert name in known, f"{of.at(node)}: no answer has {name!r}{meant(name, known)}"


@functools.cache
def event_fields() -> frozenset[str]:
    """Every field of a golden event, and of the JSON text in one."""
    paths = sorted((ROOT / "events").rglob("*.json"))
    return frozenset(name for path in paths for name in _fields(json.loads(path.read_text())))


def _fields(value: Any) -> Iterable[str]:
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = json.loads(value)
        except ValueError:
            return
    if isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from _fields(each)
    elif isinstance(value, list):
        for each in value:
            yield from _fields(each)


def test_a_field_of_an_event_is_in_a_golden_event():
    [path] = (LAYER / "readiness").rglob("events.py")
    of, known = source(path), event_fields() | CONFIG_RULE
    asked = list(asked_names(of.tree))
    asked += [
        (node, node.args[1].value)
        for node in ast.walk(of.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"_text", "_parsed"}
        and isinstance(node.args[1], ast.Constant)
    ]
    for node, name in asked:
        assert name in known, f"{of.at(node)}: no event has {name!r}{meant(name, known)}"
    assert {name for _, name in asked} >= CONFIG_RULE


@pytest.mark.parametrize("of", [s for s in SOURCES if event_readers(s)], ids=lambda of: of.name)
def test_a_field_that_identifies_is_in_a_golden_event(of):
    known = event_fields()
    for each in event_readers(of):
        for node, name in asked_names(each):
            assert name in known, f"{of.at(node)}: no event has {name!r}{meant(name, known)}"
