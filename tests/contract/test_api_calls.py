"""Every declared event exists, every id path leads somewhere, and no way into a state is forgotten.

botocore's service models say which calls there are, what they take and what they return. They do
not say whether AWS delivers the event: that is best effort, and the sweep covers the rest. A newer
botocore brings new calls; the tests then ask whether evidence reads what they change.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import botocore.session
import pytest

from readiness.engine.events import changes_of
from readiness.evidence.cloudwatch.alarms import ALARM_EVENT
from readiness.model.evidence import ApiCall, ConfigItem, ServiceEvent, api_call, declared
from readiness_cli import catalogue
from tests.contract.api_calls import (
    NOT_IN_THE_MODELS,
    Declared,
    Irrelevant,
    declared_by,
    irrelevant,
    operations,
    siblings,
    stale,
    undeclared,
    unlisted,
    wrong_with,
)

RULES = tuple(catalogue.rules().values())
CALLS = declared_by(RULES)
SERVICES = sorted({each.service for each in CALLS})
LISTED = irrelevant()
SHOWN = "tests/contract/irrelevant_api_calls.toml"


def test_the_calls_of_many_rules_are_seen():
    assert len(CALLS) > 150
    assert {"ec2", "iam", "kms", "lambda", "rds", "s3"} <= set(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_every_declared_call_and_its_id_exist(service):
    wrong = [
        f"{each}: {problem}"
        for each in CALLS
        if each.service == service
        for problem in wrong_with(each)
    ]
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("service", SERVICES)
def test_every_write_call_wakes_a_rule_or_is_irrelevant(service):
    forgotten = unlisted(service, undeclared(service, CALLS), LISTED)
    assert not forgotten, (
        f"{SHOWN}: {service} {', '.join(forgotten)}: declare in the changed_by of the evidence"
        " that reads what they change, or list with a reason"
    )


@pytest.mark.parametrize("service", SERVICES)
def test_the_list_of_irrelevant_calls_is_not_stale(service):
    gone = stale(service, undeclared(service, CALLS), LISTED)
    assert not gone, f"{SHOWN}: {service} {', '.join(gone)}: declared meanwhile, or no write call"


def test_only_services_that_wake_rules_are_listed():
    assert sorted({entry.service for entry in LISTED}) == SERVICES


def test_every_config_type_is_one_that_config_records():
    model = botocore.session.get_session().get_service_model("config")
    known = set(model.shape_for("ResourceType").enum)
    wrong = set()
    for rule in RULES:
        for cls in rule.evidence:
            declaration = declared(cls)
            about = declaration.about
            if about.identify is not None and about.name not in known:
                wrong.add(
                    f"{about.name} ({rule.id}): a type Config does not record: identify=None"
                )
            for change in changes_of(declaration):
                if isinstance(change, ConfigItem) and change.type not in known:
                    wrong.add(f"{cls.__name__} ({rule.id}): Config records no {change.type}")
    assert not wrong, "\n" + "\n".join(sorted(wrong))


# -- each evidence for itself --------------------------------------------------------------------

_INSTANCE_RUNS = {"StartDBInstance", "StopDBInstance"}
_CLUSTER_RUNS = {"StartDBCluster", "StopDBCluster"}
_MADE_ALARMS = {"PutCompositeAlarm", "PutLogAlarm", "PutMetricAlarm"}
ELSEWHERE = {
    # An alarm that invokes a function comes after it, or is judged by the sweep.
    "InvokedFunction": {"CreateFunction"},
    # EventBridge deletes a rule only after its last target, whose removal tells.
    "AlarmBridges": {"DeleteRule"},
    # What mends a way of alarms is made in every deployment, and seen by the sweep; what breaks
    # one is asked about at once. A new function, queue or topic is nobody's target yet.
    "AlarmListeners": {
        "AddPermission",
        *("CreateFunction", "CreateQueue", "CreateStateMachine", "CreateTopic"),
        "DeleteRule",
        "UpdateFunctionConfiguration",
    },
    # What asks for an alarm is told where it begins to; what stops names no alarm, and is seen by
    # the sweep.
    "AlarmGate": {"DeleteDeploymentGroup", "DeleteEnvironment", "DeleteService"},
    # Who may call a function URL; that there is one stays.
    "RollbackTargets": {"UpdateFunctionUrlConfig"},
    # Who may call a method or a route; that there is one stays.
    "RestApiDocumentation": {"UpdateMethod"},
    # The settings of a stage do not decide who may call it.
    "RestApiAccess": {"UpdateStage"},
    "HttpApiAccess": {"UpdateStage"},
    # An alias is made without provisioned concurrency.
    "ProvisionedConcurrency": {"CreateAlias"},
    # A new revision lies above what a service could go back to.
    "ServiceRollback": {"RegisterTaskDefinition"},
    # They archive findings that come later; ApplyArchiveRule does it with those there are.
    "UnusedAccess": {"CreateArchiveRule", "DeleteArchiveRule", "UpdateArchiveRule"},
    # What counts is whether there is any function at all.
    "Scannable": {"UpdateFunctionConfiguration"},
    # An API is made without integrations, and one that is gone calls nothing.
    "CallerTimeouts": {"CreateRestApi", "UpdateRestApi", "DeleteRestApi", "DeleteApi"},
    # AWS deletes a VPC's default group with it; a row of what is gone is closed by the sweep.
    "SecurityGroup": {"DeleteVpc"},
    "StaleReferences": {"DeleteVpc"},
    "PrefixLists": {"DeleteVpc"},
    # ... and a balancer's interfaces with it: Config tells of those, the call names no group.
    "Attachments": {"DeleteVpc", "DeleteLoadBalancer"},
    # No backup protects a volume that was just created, and its size and type say nothing of one.
    "VolumeRecovery": {"CopyVolumes", "CreateVolume", "ImportVolume", "ModifyVolume"},
    # A volume is encrypted, or not, for as long as it lives; no volume has a key that is just made.
    "VolumeEncryption": {"ModifyVolume", "CreateKey"},
    # It reads when an instance was made and whether it has a public address; a file server that
    # is stopped keeps its own.
    "AttackSurface": {
        "StartServer",
        "StopServer",
        "ModifyDBCluster",
        "RestoreDBClusterFromS3",
        *_INSTANCE_RUNS,
        *_CLUSTER_RUNS,
    },
    "DatabaseExposure": _INSTANCE_RUNS,
    # A paused warehouse keeps its address, and may be resumed.
    "PublicClusters": {"ResumeCluster"},
    # A stream is made without a policy.
    "UnanalyzedPolicies": {"CreateStream"},
    "StoredData": {"CreateKey"},
    # A document is private until its permissions change, whatever it says.
    "PublicDocuments": {
        "CreateDocument",
        "UpdateDocument",
    },
    # No record names a health check that was just created.
    "RoutedRecords": {"CreateHealthCheck"},
    # A balancer is made without target groups.
    "TargetGroups": {"CreateLoadBalancer", "ModifyTargetGroup"},
    # How it is checked stands in HealthCheck, which it uses.
    "TargetHealth": {"ModifyTargetGroup"},
    # Only the target groups that a call names are looked at: there may be thousands.
    "HealthCheck": {"DeleteListener", "DeleteRule"},
    # Calls of Application Auto Scaling, which has no groups.
    "InstanceGroup": {"DeleteScalingPolicy", "PutScheduledAction", *_MADE_ALARMS},
    # The policy that an alarm is made for comes with it, by a call of its own.
    **dict.fromkeys(
        ("CacheScaling", "FunctionScaling", "ReplicaScaling", "ServiceScaling", "TableScaling"),
        _MADE_ALARMS,
    ),
    # A database that is stopped keeps its engine, class, host, network, key and tags.
    "DatabaseInstance": _INSTANCE_RUNS,
    "ClusterTags": _CLUSTER_RUNS,
    "DatabaseEncryption": _INSTANCE_RUNS,
    "DatabaseTags": _INSTANCE_RUNS,
    "DatabaseUse": _INSTANCE_RUNS,
    "Databases": _INSTANCE_RUNS | _CLUSTER_RUNS,
    # Counted are the functions and services. What one is configured with the sweep reads: each
    # deployment would have every function and service of the region looked at.
    "ComputeUnits": {"UpdateService", "UpdateFunctionConfiguration"},
    # CloudWatch's own event tells of metric and composite alarms, at once and without a trail; the
    # API calls would have everything judged again minutes later (see ALARM_EVENT_TELLS).
    # ... What counts of a document is that it exists.
    "AlarmLinks": {"DeleteAlarms", "PutCompositeAlarm", "PutMetricAlarm", "UpdateDocument"},
    "Alarms": {"DeleteAlarms", "PutCompositeAlarm", "PutMetricAlarm"},
    "BillingAlarms": {"DeleteAlarms", "PutCompositeAlarm", "PutMetricAlarm"},
    "TopicPath": {"DeleteAlarms", "PutCompositeAlarm", "PutMetricAlarm"},
    "PagingTopic": {"DeleteAlarms", "PutCompositeAlarm", "PutMetricAlarm"},
    # A VPC is made without subnets and a way out, and deleted after them; a default VPC has both.
    "Subnets": {"CreateVpc", "DeleteVpc"},
    "RouteTables": {"CreateVpc", "DeleteVpc"},
    # Tags: a rotation changes none.
    "SecretTags": {"RotateSecret"},
    # Imported material does not rotate by itself.
    "KmsImportedMaterial": {"DisableKeyRotation", "EnableKeyRotation"},
    # A destination of failures that is gone names no queue; the sweep sees that.
    "DeadLetters": {
        "DeleteEventBus",
        "DeleteEventSourceMapping",
        "DeleteFunction",
        "DeleteFunctionEventInvokeConfig",
        *("DeletePipe", "StartPipe", "StopPipe"),
        *("DeleteSchedule", "RemoveTargets"),
    },
    # The table of a breaker is made once; its key never changes.
    "DependencyGuards": {
        "ImportTable",
        "RestoreTableFromBackup",
        "RestoreTableToPointInTime",
        "UpdateTable",
    },
    # A mapping names a queue that exists; what it does without one is its own state.
    "QueueSources": {"CreateQueue", "DeleteQueue"},
    # What changes a user leaves their number.
    "UserCount": {"TagUser", "UntagUser", "UpdateUser"},
    # Inline policies are no managed policies, and taking a boundary away names none.
    "PolicyUse": {
        "DeleteGroupPolicy",
        "DeleteRolePermissionsBoundary",
        "DeleteRolePolicy",
        "DeleteUserPermissionsBoundary",
        "DeleteUserPolicy",
        "PutGroupPolicy",
        "PutRolePolicy",
        "PutUserPolicy",
    },
    # A destination that is gone breaks a flow log; a new group or bucket mends none.
    "VpcFlowLogs": {"CreateBucket", "CreateLogGroup"},
    # An instance stays in its cluster, and only CreateDBInstance makes one in a cluster.
    "DatabaseCluster": {
        *_INSTANCE_RUNS,
        *_CLUSTER_RUNS,
        "CreateDBInstanceReadReplica",
        "ModifyDBInstance",
        "RestoreDBInstanceFromDBSnapshot",
        "RestoreDBInstanceFromS3",
        "RestoreDBInstanceToPointInTime",
    },
    # One that is stopped keeps its parameters.
    "DatabaseTransit": {"StopDBInstance"},
    "ConnectionLimit": {"StartDBInstance", "StopDBInstance"},
    # The same as of DatabaseCluster; the zones of its instances stay too.
    "ClusterAvailability": {
        *_INSTANCE_RUNS,
        "CreateDBInstanceReadReplica",
        "ModifyDBInstance",
        "RestoreDBInstanceFromDBSnapshot",
        "RestoreDBInstanceFromS3",
        "RestoreDBInstanceToPointInTime",
    },
    # An API is made and described without stages, except for the one that CreateApi may make.
    "HttpStage": {"DeleteApi", "ImportApi", "ReimportApi", "UpdateApi"},
    # A bucket is made with S3's own key; another comes with PutBucketEncryption.
    "BucketAndKey": {"CreateBucket"},
    # SecretRotation, which they use, knows the rotations; how many secrets there are they leave.
    "CurrentValue": {"RotateSecret"},
    "LastRotationFailure": {"RotateSecret"},
    "SecretsInRegion": {"RotateSecret", "UpdateSecret"},
}
"""Siblings of declared calls that do not change what the evidence reads."""

BY_FIELD = {
    "AWS::Lambda::Function": {"UpdateFunctionConfiguration"},
    # Only what makes and deletes a Multi-AZ DB cluster makes and deletes instances; from S3 only
    # Aurora is restored, whose instances are made one by one.
    "AWS::RDS::DBInstance": {
        "ModifyDBCluster",
        "RestoreDBClusterFromS3",
        "StartDBCluster",
        "StopDBCluster",
    },
}
"""What changes some fields of a type: tests/contract/test_fields.py says which rules read them."""

ALARM_EVENT_TELLS = ("AlarmLinks", "Alarms", "BillingAlarms", "PagingTopic", "TopicPath")

EVIDENCE = {cls.__name__ + "@" + cls.__module__: cls for rule in RULES for cls in rule.evidence}


def of(declaration):
    """The calls that change the evidence; the end of what it was a part of has no siblings."""
    calls = [change for change in changes_of(declaration) if isinstance(change, ApiCall)]
    return [call for call in calls if not call.ends_parts]


def sources(calls):
    return sorted({call.source.removesuffix(".amazonaws.com") for call in calls})


def test_evidence_that_a_call_wakes_is_woken_by_its_siblings():
    """What creates a thing wakes the evidence, so what changes or deletes one does too.

    So a name dropped from one evidence is missed also where another evidence still has it.
    """
    missing = [
        f"{cls.__module__.replace('.', '/')}.py: {cls.__name__} is woken by {service} {known} and"
        f" not by {name}: declare it in changed_by, or say in ELSEWHERE why not"
        for cls in EVIDENCE.values()
        for service in sources(of(declared(cls)))
        for name, known in siblings(service, of(declared(cls)), LISTED).items()
        if name not in ELSEWHERE.get(cls.__name__, ())
        if name not in BY_FIELD.get(declared(cls).about.name, ())
    ]
    assert not missing, "\n" + "\n".join(missing)


def test_what_the_alarm_event_tells_wakes_instead_of_the_calls():
    found = {cls.__name__: declared(cls).changed_by for cls in EVIDENCE.values()}
    assert all(ServiceEvent(ALARM_EVENT) in found[name] for name in ALARM_EVENT_TELLS)


LONE = {
    "AWS::ApiGateway::Stage": {"CreateDeployment"},
    "AWS::ApiGatewayV2::Stage": {"CreateDeployment"},
    "AWS::CloudFront::Distribution": {
        "CreateDistribution2*",
        "DeleteDistribution2*",
        "UpdateDistribution2*",
    },
    "AWS::DynamoDB::Table": {"UpdateGlobalTableSettings"},
    "AWS::EC2::Instance": {"RunInstances"},
    "AWS::IAM::Role": {"AcquireRole"},
    "Attachments": {"CreateLoadBalancer", "RunInstances"},
    "BucketAcceleration": {"PutAccelerateConfiguration", "PutBucketAccelerateConfiguration"},
    "BucketAndKey": {"DeleteBucket"},
    "DeadLetters": {"CreateQueue", "DeleteQueue", "SetQueueAttributes"},
    "EvictionPolicy": {"ModifyGlobalReplicationGroup"},
    "FunctionConcurrency": {"DeleteFunctionConcurrency*"},
    "GroupEvictionPolicy": {"ModifyGlobalReplicationGroup"},
    "InstanceGroup": {"PutScalingPolicy"},
    "KmsImportedMaterial": {"RotateKeyOnDemand"},
    "PolicyUse": {"AcquireRole", "PutRolePermissionsBoundary", "PutUserPermissionsBoundary"},
    "QueueSources": {"SetQueueAttributes"},
    "RouteTables": {"CreateDefaultVpc"},
    "Subnets": {"CreateDefaultVpc"},
    "TableScaling": {"UpdateGlobalTableSettings"},
    "TargetGroups": {"DeleteLoadBalancer"},
    "VpcFlowLogs": {"DeleteBucket", "DeleteLogGroup"},
}
"""Calls that nothing else gives away: no sibling, or one that the resource's type declares."""


@pytest.mark.parametrize("owner", LONE)
def test_a_call_without_siblings_is_declared(owner):
    own = {name for each in CALLS if each.owner == owner for name in each.call.names}
    assert own >= LONE[owner]


def test_what_is_elsewhere_is_a_sibling():
    found = {}
    for cls in EVIDENCE.values():
        for service in sources(of(declared(cls))):
            names = siblings(service, of(declared(cls)), LISTED)
            found.setdefault(cls.__name__, set()).update(names)
    stale = {name: names - found.get(name, set()) for name, names in ELSEWHERE.items()}
    assert not {name: names for name, names in stale.items() if names}


# -- the oracle itself ---------------------------------------------------------------------------


def a(call: ApiCall) -> Declared:
    return Declared(call, "Thing", "evidence/thing.py", ("heading.rule",))


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        pytest.param(
            api_call("s3", "PutBucketEncription"),
            "there is no operation PutBucketEncription",
            id="misspelt name",
        ),
        pytest.param(
            api_call("lambda", "UpdateFunktionCode*"),
            "there is no operation UpdateFunktionCode*",
            id="misspelt prefix",
        ),
        pytest.param(
            api_call("lambda", "Update*"), "there is no operation Update*", id="prefix too short"
        ),
        pytest.param(api_call("s4", "PutObject"), "botocore has no service 's4'", id="no service"),
        pytest.param(
            api_call("cloudwatch", "PutMetricAlarm"),
            "the event source of cloudwatch is 'monitoring', not 'cloudwatch'",
            id="the service's name is not its event source",
        ),
        pytest.param(
            api_call("rds", "CreateDBInstance", id="requestParameters.dbInstanceIdentifier"),
            "a record of CreateDBInstance holds no id under requestParameters.dbInstanceIdentifier",
            id="only the first letter is lowered",
        ),
        pytest.param(
            api_call("s3", "PutBucketPolicy", id="requestParameters.bucket"),
            "a record of PutBucketPolicy holds no id under requestParameters.bucket",
            id="S3 calls a bucket bucketName",
        ),
        pytest.param(
            api_call("ec2", "ModifySecurityGroupRules", id="requestParameters.groupId"),
            "a record of ModifySecurityGroupRules holds no id under requestParameters.groupId",
            id="EC2 wraps some requests",
        ),
        pytest.param(
            api_call("apigateway", "CreateDomainName", id="requestParameters.domainName"),
            "a record of CreateDomainName holds no id under requestParameters.domainName",
            id="API Gateway wraps what is in the body",
        ),
        pytest.param(
            api_call("iam", "CreateAccessKey", id="requestParameters.accessKey.userName"),
            "a record of CreateAccessKey holds no id under requestParameters.accessKey.userName",
            id="a part of the answer in the request",
        ),
        pytest.param(
            api_call("iam", "CreateRole", "TagUser", id="requestParameters.roleName"),
            "a record of TagUser holds no id under requestParameters.roleName",
            id="one of two calls has no such id",
        ),
        pytest.param(
            api_call("kms", "EnableKey", id="requestParameters.keyId|requestParameters.alias"),
            "no record of these calls holds an id under requestParameters.alias",
            id="an alternative that is never there",
        ),
        pytest.param(
            api_call("ecs", "CreateService", id="responseElements.service"),
            "a record of CreateService holds no id under responseElements.service",
            id="a structure is no id",
        ),
    ],
)
def test_a_wrong_declaration_is_found(call, problem):
    assert problem in wrong_with(a(call))


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(
            api_call("lambda", "UpdateFunctionCode*", id="requestParameters.functionName"),
            id="a prefix for API dates",
        ),
        pytest.param(
            api_call("cloudfront", "UpdateDistribution2*", id="requestParameters.id"),
            id="a prefix with the beginning of a date",
        ),
        pytest.param(
            api_call(
                "autoscaling", "PutScalingPolicy", id="requestParameters.autoScalingGroupName"
            ),
            id="a name that two services share",
        ),
        pytest.param(
            api_call(
                "ec2",
                "RunInstances",
                id="responseElements.instancesSet.items.groupSet.items.groupId",
            ),
            id="lists of lists of EC2",
        ),
        pytest.param(
            api_call("rds", "DeleteDBInstance", id="responseElements.dBClusterIdentifier"),
            id="an answer without its wrapper",
        ),
    ],
)
def test_a_right_declaration_passes(call):
    assert wrong_with(a(call)) == []


@pytest.mark.parametrize(
    ("calls", "missing"),
    [
        pytest.param(
            [api_call("elasticloadbalancing", "CreateListener", "ModifyListener")],
            {"DeleteListener": "ModifyListener"},
            id="deleting what is created",
        ),
        pytest.param(
            [
                api_call("dynamodb", "CreateTable", "UpdateTable", "DeleteTable", "ImportTable"),
                api_call("dynamodb", "RestoreTableFromBackup"),
            ],
            {"RestoreTableToPointInTime": "RestoreTableFromBackup"},
            id="another call into the same state",
        ),
        pytest.param(
            [api_call("iam", "PutRolePolicy", "DeleteRolePolicy")],
            {"AttachRolePolicy": "DeleteRolePolicy", "DetachRolePolicy": "DeleteRolePolicy"},
            id="attached beside inline",
        ),
        pytest.param([api_call("ec2", "CreateFlowLogs", "DeleteFlowLogs")], {}, id="both"),
    ],
)
def test_a_sibling_is_missed(calls, missing):
    [service] = sources(calls)
    assert siblings(service, calls, LISTED) == missing


@pytest.mark.parametrize("service", SERVICES)
def test_a_call_dropped_everywhere_is_missed(service):
    """No entry of the list, by a glob that is too wide, hides a call that is declared today."""
    own = [each for each in CALLS if each.service == service]
    names = {name for each in own for name in each.call.names} & set(operations(service))
    survived = [
        name
        for name in sorted(names)
        if not unlisted(
            service, undeclared(service, [without(each, name) for each in own]), LISTED
        )
    ]
    assert not survived, f"{SHOWN}: {service}: an entry also covers {', '.join(survived)}"


def without(each: Declared, name: str) -> Declared:
    spelled = {name} | {other for (_, other), means in NOT_IN_THE_MODELS.items() if means == name}
    names = tuple(other for other in each.call.names if other not in spelled)
    return replace(each, call=replace(each.call, names=names))


def test_a_listed_call_that_is_declared_is_stale():
    listed = [Irrelevant("kms", "no reason", ("Encrypt", "TagResource"))]
    assert stale("kms", ["Encrypt"], listed) == ["TagResource"]


def test_a_problem_says_where_to_look():
    [first] = [each for each in CALLS if each.owner == "AWS::S3::Bucket"][:1]
    assert str(first).startswith(first.file)
    assert Path(first.file).name == "buckets.py"
    assert "AWS::S3::Bucket" in str(first)
