"""An account in which what fails is tried again, and what fails for good is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from readiness.engine.declarations import answer_item, attestation_item
from readiness.model.attestation import Attestation, Scope
from tests.account_variants import Variant
from tests.accounts.performance_optimization import grants
from tests.accounts.traffic import BY_NUMBER, get_metric_data, list_metrics
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error

FUNCTION = f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:agent"
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/agent"
WORK, DEAD, FAILED = (
    f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:{name}" for name in ("work", "dead", "failed")
)
QUEUES = f"https://sqs.{HOME}.amazonaws.com/{ACCOUNT_ID}/"
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY = f"arn:aws:kms:{HOME}:{ACCOUNT_ID}:key/{KEY_ID}"
TOPIC = f"arn:aws:sns:{HOME}:{ACCOUNT_ID}:alerts"
OPERATORS = f"arn:aws:sns:{HOME}:{ACCOUNT_ID}:operators"
SUBSCRIPTION = f"{TOPIC}:c7fe3a54-ab0e-4ec2-88e0-db410a0f2bee"
RULE = f"arn:aws:events:{HOME}:{ACCOUNT_ID}:rule/hourly"
STREAM = f"arn:aws:kinesis:{HOME}:{ACCOUNT_ID}:stream/clicks"
UUID = "2f8c0d1e-0000-4000-8000-1234567890ab"
MACHINE = f"arn:aws:states:{HOME}:{ACCOUNT_ID}:stateMachine:intake"
CLUSTER = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:cluster/agents"
SERVICE = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/agents/web"
GROUP = f"arn:aws:elasticloadbalancing:{HOME}:{ACCOUNT_ID}:targetgroup/web/73e2d6bc24d8a067"
TASKS = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:task-definition/web:7"


def policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(service: str, *actions: str, resource: str = "*", source: str = "") -> dict[str, Any]:
    """A statement that lets a service in, for one source if it names one."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": list(actions),
        "Resource": resource,
    }
    if source:
        statement["Condition"] = {"ArnEquals": {"aws:SourceArn": source}}
    return statement


INTO_DEAD = policy(
    allow("events", "sqs:SendMessage", resource=DEAD, source=RULE),
    allow("sns", "sqs:SendMessage", resource=DEAD, source=TOPIC),
)
KEY_POLICY = policy(
    allow("events", "kms:GenerateDataKey", "kms:Decrypt"),
    allow("sns", "kms:GenerateDataKey*", "kms:Decrypt"),
    {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"},
        "Action": "kms:*",
        "Resource": "*",
    },
)


def redrive(arn: str = DEAD, most: int | None = 5) -> str:
    """A redrive policy."""
    named: dict[str, Any] = {"deadLetterTargetArn": arn}
    return json.dumps(named if most is None else named | {"maxReceiveCount": most})


def attributes_of(name: str) -> dict[str, str] | None:
    """What GetQueueAttributes says of each queue; None for one that does not exist."""
    common = {"MessageRetentionPeriod": "345600", "VisibilityTimeout": "30"}
    long = {"MessageRetentionPeriod": "1209600", "VisibilityTimeout": "30"}
    known = {
        "work": {**common, "RedrivePolicy": redrive()},
        "dead": {**long, "Policy": INTO_DEAD, "KmsMasterKeyId": KEY},
        "failed": {**long, "KmsMasterKeyId": KEY},
    }
    return known.get(name)


def queue_attributes(**params: Any) -> Any:
    found = attributes_of(params["QueueUrl"].rpartition("/")[2])
    if found is None:
        return error("AWS.SimpleQueueService.NonExistentQueue")
    return {"Attributes": {n: v for n, v in found.items() if n in params["AttributeNames"]}}


def sources(**params: Any) -> dict[str, Any]:
    is_dead = params["QueueUrl"].endswith("/dead")
    return {"queueUrls": [f"{QUEUES}work"] if is_dead else []}


def function(**changes: Any) -> dict[str, Any]:
    """A function's configuration, the same in every version."""
    return {
        "FunctionName": "agent",
        "FunctionArn": FUNCTION,
        "Role": ROLE,
        "Version": "$LATEST",
        "Environment": {"Variables": {"AWS_RETRY_MODE": "standard"}},
    } | changes


def invoke_policy(**params: Any) -> Any:
    """SNS may invoke the alias, and nobody anything else."""
    if params.get("Qualifier") != "live":
        return error("ResourceNotFoundException", 404)
    into = f"{FUNCTION}:live"
    return {"Policy": policy(allow("sns", "lambda:InvokeFunction", resource=into, source=TOPIC))}


def invoke_config(qualifier: str = "live", destination: str = FAILED, **changes: Any):
    """A setting of asynchronous invocations as ListFunctionEventInvokeConfigs has it."""
    return {
        "FunctionArn": f"{FUNCTION}:{qualifier}",
        "DestinationConfig": {"OnFailure": {"Destination": destination} if destination else {}},
    } | changes


def mapping(**changes: Any) -> dict[str, Any]:
    """An event source mapping of a stream."""
    return {
        "UUID": UUID,
        "FunctionArn": FUNCTION,
        "EventSourceArn": STREAM,
        "State": "Enabled",
        "BatchSize": 100,
        "MaximumRetryAttempts": 5,
        "MaximumRecordAgeInSeconds": -1,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "DestinationConfig": {"OnFailure": {"Destination": OPERATORS}},
    } | changes


SUBSCRIBED = {
    "SubscriptionArn": SUBSCRIPTION,
    "TopicArn": TOPIC,
    "Owner": ACCOUNT_ID,
    "Protocol": "lambda",
    "Endpoint": f"{FUNCTION}:live",
}
WAITING = {"SubscriptionArn": "PendingConfirmation", "TopicArn": TOPIC, "Protocol": "https"}
MAILED = {
    "SubscriptionArn": f"{OPERATORS}:d8fe3a54-ab0e-4ec2-88e0-db410a0f2bee",
    "TopicArn": OPERATORS,
    "Protocol": "email",
    "Endpoint": "ops@example.com",
}


def by_topic(**params: Any) -> dict[str, Any]:
    listed = [
        each for each in (SUBSCRIBED, WAITING, MAILED) if each["TopicArn"] == params["TopicArn"]
    ]
    return {"Subscriptions": listed}


def topic_attributes(**params: Any) -> Any:
    if params["TopicArn"] not in {TOPIC, OPERATORS}:
        return error("NotFound", 404)
    named = {"TopicArn": params["TopicArn"], "SubscriptionsConfirmed": "1"}
    return {"Attributes": named | {"KmsMasterKeyId": KEY}}


def target(**changes: Any) -> dict[str, Any]:
    """A target of a rule."""
    return {"Id": "agent", "Arn": FUNCTION, "DeadLetterConfig": {"Arn": DEAD}} | changes


LISTED_RULE = {"Name": "hourly", "Arn": RULE, "State": "ENABLED", "EventBusName": "default"}
LISTED_SCHEDULE = {
    "Name": "nightly",
    "GroupName": "default",
    "State": "ENABLED",
    "Target": {"Arn": f"{FUNCTION}:live"},
}


def schedule(**target: Any) -> dict[str, Any]:
    """GetSchedule."""
    about = {
        "Arn": f"{FUNCTION}:live",
        "RoleArn": ROLE,
        "DeadLetterConfig": {"Arn": DEAD},
    }
    return {
        "Name": "nightly",
        "GroupName": "default",
        "State": "ENABLED",
        "Target": about | target,
    }


def pipe(**stream: Any) -> dict[str, Any]:
    """DescribePipe of one that reads a Kinesis stream."""
    about = {
        "StartingPosition": "LATEST",
        "MaximumRetryAttempts": 10,
        "DeadLetterConfig": {"Arn": FAILED},
    }
    return {
        "Name": "clicks",
        "DesiredState": "RUNNING",
        "RoleArn": ROLE,
        "Source": STREAM,
        "SourceParameters": {"KinesisStreamParameters": about | stream},
    }


RETRY = {
    "ErrorEquals": [
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Lambda.TooManyRequestsException",
    ],
    "IntervalSeconds": 1,
    "MaxAttempts": 3,
    "BackoffRate": 2,
}


def task(*retry: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """A Task state that invokes a function."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Retry": list(retry),
        "End": True,
    } | changes


def definition(**states: Any) -> str:
    """A state machine of these states."""
    return json.dumps({"StartAt": next(iter(states)), "States": states})


def machine(text: str, arn: str = MACHINE) -> dict[str, Any]:
    """DescribeStateMachine."""
    return {
        "stateMachineArn": arn,
        "name": "intake",
        "definition": text,
        "roleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/intake",
        "type": "STANDARD",
        "creationDate": NOON,
    }


ALIAS = {
    "stateMachineAliasArn": f"{MACHINE}:live",
    "name": "live",
    "routingConfiguration": [{"stateMachineVersionArn": f"{MACHINE}:7", "weight": 100}],
}
ROLE_SUMMARY = {
    "Path": "/",
    "RoleName": "agent",
    "RoleId": "AROAEXAMPLEEXAMPLEEXA",
    "Arn": ROLE,
    "CreateDate": NOON,
}
MANAGED = f"arn:aws:iam::{ACCOUNT_ID}:policy/send"
ATTACHED = [{"PolicyName": "send", "PolicyArn": MANAGED}]
SENDS = grants(
    *("sqs:SendMessage", "sns:Publish", "s3:PutObject"),
    *("events:PutEvents", "lambda:InvokeFunction", "kms:GenerateDataKey", "kms:Decrypt"),
    *("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
)


MANIFEST: dict[str, Any] = {
    "owner": "team-agents",
    "reviewed": "2026-10-01",
    "dependencies": [
        {
            "name": "models",
            "used_by": ["agent*"],
            "breaker": {"table": "circuits", "id": "models"},
        },
        {"name": "agents/web", "used_by": ["agent"]},
        {"name": "mail", "used_by": ["agent"]},
    ],
}
REVISION = "0d59edeb9381"


def parameter(document: Mapping[str, Any], name: str = "agents") -> dict[str, Any]:
    """A manifest as GetParametersByPath has it."""
    return {
        "Name": f"/readiness/manifest/{name}",
        "Type": "String",
        "Value": json.dumps(document),
    }


def attested_dependencies(**params: Any) -> dict[str, Any]:
    """Of the calls outside AWS it is attested that they back off."""
    rule = params["ExpressionAttributeValues"][":r"]["S"]
    if rule != "error_handling.dependency-backoff":
        return {"Items": []}
    bound = {"dependencies": "agents/web, mail, models", "revision": REVISION}
    return {"Items": attestation(rule, "The client retries with jitter.", **bound)}


def attestation(rule: str, text: str, **bound: Any) -> list[dict[str, Any]]:
    """What alice attested and bob approved, as rows of the Declarations table."""
    statement = Attestation(
        id="aaaa11112222",
        rule=rule,
        scope=Scope(),
        statement=text,
        performed_at=NOON - timedelta(days=30),
        declared_at=NOON - timedelta(days=30),
        owner="team-agents@example.com",
        attester="arn:aws:sts::111122223333:assumed-role/Agents/alice",
        attester_id="AROA:alice",
        bound_to=bound,
    )
    approval = answer_item("APPROVAL", statement, by_id="AROA:bob", at=NOON - timedelta(days=29))
    return [attestation_item(statement), approval]


def quiet(
    namespace: str,
    metric: str,
    statistic: str,
    dimensions: Mapping[str, str],
    begin: datetime,
    seconds: int,
) -> float | None:
    """Every event arrives, and none is lost."""
    del namespace, statistic, dimensions, begin
    return seconds / 60 if metric == "AsyncEventsReceived" else None


def losing(metric_name: str, *, until: datetime | None = None):
    """As quiet, and one more is counted a minute by a metric of what is lost, ``until`` a time."""

    def said(
        namespace: str,
        metric: str,
        statistic: str,
        dimensions: Mapping[str, str],
        begin: datetime,
        seconds: int,
    ) -> float | None:
        found = quiet(namespace, metric, statistic, dimensions, begin, seconds)
        is_over = until is not None and begin >= until
        return seconds / 60 if metric == metric_name and not is_over else found

    return get_metric_data(said)


def published(**asked: Any) -> dict[str, Any]:
    """ListMetrics: whatever is asked about was published by everything that is there."""
    if {"Name": "Resource"} in asked.get("Dimensions", ()):
        return list_metrics([BY_NUMBER])(**asked)
    on = {
        "AWS/Lambda": {"FunctionName": "agent"},
        "AWS/Events": {"RuleName": "hourly"},
        "AWS/SNS": {"TopicName": "alerts"},
    }[asked["Namespace"]]
    dimensions = [{"Name": name, "Value": value} for name, value in on.items()]
    about = {"Namespace": asked["Namespace"], "MetricName": asked["MetricName"]}
    return {"Metrics": [about | {"Dimensions": dimensions}]}


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    text = definition(Work=task(RETRY))
    return FakeAccount(
        {
            ("dynamodb", "query"): attested_dependencies,
            ("ssm", "get_parameters_by_path"): {"Parameters": [parameter(MANIFEST)]},
            ("dynamodb", "describe_table"): {
                "Table": {
                    "TableName": "circuits",
                    "TableStatus": "ACTIVE",
                    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                }
            },
            ("dynamodb", "get_item"): {"Item": {"id": {"S": "models"}, "state": {"S": "CLOSED"}}},
            ("lambda", "get_function_concurrency"): {"ReservedConcurrentExecutions": 10},
            ("elbv2", "describe_target_group_attributes"): {
                "Attributes": [
                    {"Key": "load_balancing.algorithm.anomaly_mitigation", "Value": "on"}
                ]
            },
            ("lambda", "list_functions"): {"Functions": [function()]},
            ("lambda", "get_function_configuration"): function(),
            ("lambda", "list_aliases"): {"Aliases": [{"Name": "live", "FunctionVersion": "7"}]},
            ("lambda", "get_policy"): invoke_policy,
            ("lambda", "list_function_event_invoke_configs"): {
                "FunctionEventInvokeConfigs": [invoke_config()]
            },
            ("lambda", "get_function_recursion_config"): {"RecursiveLoop": "Terminate"},
            ("lambda", "list_event_source_mappings"): {"EventSourceMappings": [mapping()]},
            ("lambda", "get_event_source_mapping"): mapping(),
            ("cloudwatch", "list_metrics"): published,
            ("cloudwatch", "get_metric_data"): get_metric_data(quiet),
            ("sqs", "list_queues"): {
                "QueueUrls": [f"{QUEUES}{n}" for n in ("work", "dead", "failed")]
            },
            ("sqs", "get_queue_attributes"): queue_attributes,
            ("sqs", "list_dead_letter_source_queues"): sources,
            ("kms", "describe_key"): {
                "KeyMetadata": {
                    "KeyId": KEY_ID,
                    "KeySpec": "SYMMETRIC_DEFAULT",
                    "KeyUsage": "ENCRYPT_DECRYPT",
                    "KeyState": "Enabled",
                    "KeyManager": "CUSTOMER",
                }
            },
            ("kms", "get_key_policy"): {"Policy": KEY_POLICY},
            ("kms", "list_grants"): {"Grants": []},
            ("sns", "list_topics"): {"Topics": [{"TopicArn": TOPIC}, {"TopicArn": OPERATORS}]},
            ("sns", "get_topic_attributes"): topic_attributes,
            ("sns", "list_subscriptions"): {"Subscriptions": [SUBSCRIBED, WAITING, MAILED]},
            ("sns", "list_subscriptions_by_topic"): by_topic,
            ("sns", "get_subscription_attributes"): {"Attributes": {"RedrivePolicy": redrive()}},
            ("events", "describe_event_bus"): {"Name": "default"},
            ("events", "list_event_buses"): {"EventBuses": [{"Name": "default"}]},
            ("events", "list_rules"): {"Rules": [LISTED_RULE]},
            ("events", "describe_rule"): LISTED_RULE,
            ("events", "list_targets_by_rule"): {"Targets": [target()]},
            ("scheduler", "list_schedule_groups"): {"ScheduleGroups": [{"Name": "default"}]},
            ("scheduler", "get_schedule_group"): {"Name": "default", "State": "ACTIVE"},
            ("scheduler", "list_schedules"): {"Schedules": [LISTED_SCHEDULE]},
            ("scheduler", "get_schedule"): schedule(),
            ("pipes", "list_pipes"): {"Pipes": [{"Name": "clicks", "Source": STREAM}]},
            ("pipes", "describe_pipe"): pipe(),
            ("stepfunctions", "list_state_machines"): {
                "stateMachines": [
                    {
                        "stateMachineArn": MACHINE,
                        "name": "intake",
                        "type": "STANDARD",
                        "creationDate": NOON,
                    }
                ]
            },
            ("stepfunctions", "describe_state_machine"): machine(text),
            ("stepfunctions", "list_state_machine_aliases"): {
                "stateMachineAliases": [
                    {"stateMachineAliasArn": f"{MACHINE}:live", "creationDate": NOON}
                ]
            },
            ("stepfunctions", "describe_state_machine_alias"): ALIAS,
            ("ecs", "list_clusters"): {"clusterArns": [CLUSTER]},
            ("ecs", "list_services"): {"serviceArns": [SERVICE]},
            ("ecs", "describe_services"): {
                "services": [
                    {
                        "serviceArn": SERVICE,
                        "serviceName": "web",
                        "clusterArn": CLUSTER,
                        "status": "ACTIVE",
                        "taskDefinition": TASKS,
                        "loadBalancers": [{"targetGroupArn": GROUP}],
                    }
                ]
            },
            ("ecs", "describe_task_definition"): {
                "taskDefinition": {
                    "taskDefinitionArn": TASKS,
                    "family": "web",
                    "status": "ACTIVE",
                    "containerDefinitions": [{"name": "web", "image": "web:1"}],
                }
            },
            ("iam", "get_account_authorization_details"): {
                "RoleDetailList": [
                    ROLE_SUMMARY | {"RolePolicyList": [], "AttachedManagedPolicies": ATTACHED}
                ],
                "Policies": [
                    {
                        "PolicyName": "send",
                        "Arn": MANAGED,
                        "DefaultVersionId": "v1",
                        "PolicyVersionList": [
                            {
                                "Document": json.dumps(SENDS),
                                "VersionId": "v1",
                                "IsDefaultVersion": True,
                            }
                        ],
                    }
                ],
            },
            ("iam", "list_roles"): {"Roles": [ROLE_SUMMARY]},
            ("iam", "get_role"): {"Role": ROLE_SUMMARY},
            ("iam", "list_role_policies"): {"PolicyNames": []},
            ("iam", "list_attached_role_policies"): {"AttachedPolicies": ATTACHED},
            ("iam", "get_policy"): {"Policy": {"Arn": MANAGED, "DefaultVersionId": "v1"}},
            ("iam", "get_policy_version"): {
                "PolicyVersion": {
                    "Document": json.dumps(SENDS),
                    "VersionId": "v1",
                    "IsDefaultVersion": True,
                }
            },
        }
    )


def attested_retry_off() -> FakeAccount:
    """Retries of the function are off, and people attested why."""
    text = "Charges a card; the payment provider has no idempotency key."
    items = attestation("error_handling.asynchronous-retries", text)
    tags = [{"Key": "non-idempotent", "Value": "true"}]
    return fake_account().but(
        dynamodb__query={"Items": items},
        lambda__list_function_event_invoke_configs={
            "FunctionEventInvokeConfigs": [invoke_config(MaximumRetryAttempts=0)]
        },
        resourcegroupstaggingapi__get_resources={
            "ResourceTagMappingList": [{"ResourceARN": FUNCTION, "Tags": tags}]
        },
    )


def inline_role() -> FakeAccount:
    """The role sends by an inline policy."""
    inline = {"PolicyName": "send", "PolicyDocument": json.dumps(SENDS)}
    return fake_account().but(
        iam__get_account_authorization_details={
            "RoleDetailList": [
                ROLE_SUMMARY | {"RolePolicyList": [inline], "AttachedManagedPolicies": []}
            ],
            "Policies": [],
        },
        iam__list_role_policies={"PolicyNames": ["send"]},
        iam__get_role_policy={"RoleName": "agent", **inline},
        iam__list_attached_role_policies={"AttachedPolicies": []},
    )


def queue_without_redrive() -> FakeAccount:
    """A queue without a redrive policy takes the failures of a function."""
    return fake_account().but(
        sqs__get_queue_attributes=lambda **params: {
            "Attributes": {"MessageRetentionPeriod": "345600", "VisibilityTimeout": "30"}
        }
    )


def other_sinks() -> FakeAccount:
    """A mapping sends failures to a queue, a function and a pipe to a topic."""
    into_a_queue = mapping(DestinationConfig={"OnFailure": {"Destination": FAILED}})
    return fake_account().but(
        lambda__list_event_source_mappings={"EventSourceMappings": [into_a_queue]},
        lambda__get_event_source_mapping=into_a_queue,
        lambda__list_function_event_invoke_configs={
            "FunctionEventInvokeConfigs": [invoke_config(destination=OPERATORS)]
        },
        pipes__describe_pipe=pipe(DeadLetterConfig={"Arn": OPERATORS}),
    )


def into(destination: str) -> FakeAccount:
    """A function and a mapping send their failures somewhere."""
    into_it = mapping(DestinationConfig={"OnFailure": {"Destination": destination}})
    return fake_account().but(
        s3__list_buckets={"Buckets": [{"Name": "failed"}]},
        lambda__list_event_source_mappings={"EventSourceMappings": [into_it]},
        lambda__get_event_source_mapping=into_it,
        lambda__list_function_event_invoke_configs={
            "FunctionEventInvokeConfigs": [
                invoke_config(destination=destination),
                invoke_config("$LATEST"),
            ]
        },
    )


def into_a_bus() -> FakeAccount:
    return into(f"arn:aws:events:{HOME}:{ACCOUNT_ID}:event-bus/failed")


def into_a_bucket() -> FakeAccount:
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    return into("arn:aws:s3:::failed").but(
        s3__get_bucket_policy={"Policy": policy()},
        s3__get_bucket_encryption={
            "ServerSideEncryptionConfiguration": {
                "Rules": [{"ApplyServerSideEncryptionByDefault": default}]
            }
        },
    )


def into_a_function() -> FakeAccount:
    """Another function takes the failures, which nobody else invokes."""
    other = function(FunctionName="failed", FunctionArn=FUNCTION.replace("agent", "failed"))
    account = into(other["FunctionArn"])
    settings = account.answers["lambda", "list_function_event_invoke_configs"]

    def known(**asked: Any) -> Any:
        return function() if asked["FunctionName"].endswith("agent") else other

    def of_agent(answer: Any, otherwise: Any) -> Any:
        def said(**asked: Any) -> Any:
            is_agent = asked["FunctionName"].endswith("agent")
            return (answer(**asked) if callable(answer) else answer) if is_agent else otherwise

        return said

    return account.but(
        lambda__list_functions={"Functions": [function(), other]},
        lambda__get_function_configuration=known,
        lambda__get_policy=of_agent(invoke_policy, error("ResourceNotFoundException", 404)),
        lambda__list_function_event_invoke_configs=of_agent(
            settings, {"FunctionEventInvokeConfigs": []}
        ),
    )


def of_an_alias() -> FakeAccount:
    """A mapping feeds an alias."""
    of_alias = mapping(FunctionArn=f"{FUNCTION}:live")
    return fake_account().but(
        lambda__list_event_source_mappings={"EventSourceMappings": [of_alias]},
        lambda__get_event_source_mapping=of_alias,
    )


def role_of_others() -> FakeAccount:
    """A mapping sends its failures to a queue, by the inline policy of the function's role."""
    into_a_queue = mapping(DestinationConfig={"OnFailure": {"Destination": FAILED}})
    return inline_role().but(
        lambda__list_event_source_mappings={"EventSourceMappings": [into_a_queue]},
        lambda__get_event_source_mapping=into_a_queue,
    )


_FAILURES = ("asynchronous-failures", "asynchronous-retries", "event-source-failures")


def others() -> dict[str, Variant]:
    return {
        "a bus": Variant(into_a_bus, _FAILURES),
        "a bucket": Variant(into_a_bucket, _FAILURES),
        "a function": Variant(into_a_function, _FAILURES),
        "an alias": Variant(of_an_alias, ("event-source-failures",)),
        "inline for streams": Variant(
            role_of_others, ("event-source-failures", "pipe-failures", "schedule-failures")
        ),
        "other sinks": Variant(
            other_sinks, ("asynchronous-failures", "event-source-failures", "pipe-failures")
        ),
        "attested": Variant(attested_retry_off, ("asynchronous-retries",)),
        "inline": Variant(
            inline_role, ("asynchronous-failures", "dependency-backoff", "dependency-breakers")
        ),
        "no redrive": Variant(queue_without_redrive, ("queue-redrive", "queue-retries")),
    }
