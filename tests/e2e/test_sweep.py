"""A sweep of every heading, each function under exactly its own role."""

from __future__ import annotations

import json
import uuid

import pytest

from readiness.model import checklist
from readiness.model.verdict import Status

pytestmark = pytest.mark.e2e

JUDGED = {chapter.folder for chapter in checklist.CHAPTERS}
LACKING = {
    "access-analyzer:ListAnalyzers",
    "account:GetAlternateContact",
    "application-autoscaling:DescribeScalableTargets",
    "apprunner:ListServices",
    "application-signals:ListServiceLevelObjectives",
    "auditmanager:GetAccountStatus",
    "backup:DescribeRegionSettings",
    "backup:ListProtectedResources",
    "backup:ListRestoreJobs",
    "backup:ListRestoreTestingPlans",
    "ce:GetAnomalySubscriptions",
    "batch:DescribeComputeEnvironments",
    "bcm-data-exports:ListExports",
    "budgets:DescribeBudgetActionsForAccount",
    "ce:GetAnomalies",
    "ce:GetAnomalyMonitors",
    "ce:GetCostAndUsage",
    "ce:ListCostAllocationTags",
    "cloudtrail:ListEventDataStores",
    "cloudwatch:DescribeAlarmHistory",
    "compute-optimizer:GetEBSVolumeRecommendations",
    "codedeploy:ListApplications",
    "compute-optimizer:GetECSServiceRecommendations",
    "compute-optimizer:GetEnrollmentStatus",
    "compute-optimizer:GetLambdaFunctionRecommendations",
    "cur:DescribeReportDefinitions",
    "dax:DescribeClusters",
    "dms:DescribeReplicationTasks",
    "ec2:GetEbsEncryptionByDefault",
    "elasticache:DescribeServerlessCaches",
    "ec2:GetImageBlockPublicAccessState",
    "ecr:DescribeImageScanFindings",
    "fis:ListExperiments",
    "fsx:DescribeFileSystems",
    "glacier:ListVaults",
    "glue:GetDevEndpoints",
    "guardduty:ListDetectors",
    "iam:ListServiceSpecificCredentials",
    "kafka:ListClustersV2",
    "kafkaconnect:ListConnectors",
    "lambda:ListProvisionedConcurrencyConfigs",
    "logs:DescribeAccountPolicies",
    "logs:ListLogAnomalyDetectors",
    "macie2:GetMacieSession",
    "memorydb:DescribeClusters",
    "oam:ListLinks",
    "redshift-serverless:ListNamespaces",
    "redshift-serverless:ListWorkgroups",
    "redshift:DescribeClusters",
    "resiliencehub:ListApps",
    "s3:GetAccountPublicAccessBlock",
    "s3:GetBucketPolicyStatus",
    "sagemaker:ListModels",
    "sagemaker:ListNotebookInstances",
    "securityhub:DescribeStandardsControls",
    "securityhub:GetEnabledStandards",
    "securityhub:GetFindings",
    "securitylake:ListLogSources",
    "sqs:ListDeadLetterSourceQueues",
    "ssm-contacts:ListContacts",
    "ssm:GetServiceSetting",
    "ssm:ListDocuments",
    "support:DescribeSeverityLevels",
    "wellarchitected:ListWorkloads",
    "xray:GetGroups",
    "xray:GetSamplingRules",
    "xray:GetServiceGraph",
    "xray:GetTraceSegmentDestination",
    "xray:GetTraceSummaries",
}
"""IAM actions whose calls the embedded AWS does not know; a rule that needs one cannot tell."""


def test_every_heading_is_swept_to_its_end(account):
    output = account.stack.sweep()
    swept = {each["heading"]: each["completed"] for each in output["results"]}
    assert set(swept) >= JUDGED
    assert all(swept.values()), output["results"]


def test_no_role_lacks_what_its_rules_read(account):
    """What could not be judged is what the embedded AWS lacks, each by name, and nothing else."""
    judged = [f for f in account.stack.store.all() if f.rule.partition(".")[0] in JUDGED]
    blind = [f for f in judged if f.missing and not f.gone]
    lacking = {action for finding in blind for action in finding.missing}
    assert sorted(lacking - LACKING) == []
    denied = {a for f in blind if "denied" in f.reason.lower() for a in f.missing}
    assert denied == set()


def test_no_function_was_denied_anything(account, aws):
    logs = aws.client("logs")
    group = account.stack.resources["Logs"]
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    messages = [event["message"] for page in pages for event in page["events"]]
    assert [m for m in messages if "START RequestId" in m], "the functions log here"
    assert [m[:400] for m in messages if "is not authorized to perform" in m] == []


def test_every_box_of_a_judged_heading_has_a_finding(account):
    boxes = {(f.section, f.heading, f.item) for f in account.stack.store.all()}
    expected = {(chapter.section, chapter.title, item) for chapter, item in checklist.boxes()}
    assert expected <= boxes


@pytest.mark.parametrize(
    ("function", "action", "rule"),
    [
        pytest.param("Encryption", "s3:GetEncryptionConfiguration", "encryption.s3-kms"),
        pytest.param("Encryption", "kms:GetKeyRotationStatus", "encryption.kms-rotation"),
        pytest.param("NetworkSecurity", "ec2:DescribeFlowLogs", "network_security.vpc-flow-logs"),
    ],
)
def test_a_role_without_one_of_its_actions_cannot_tell_and_names_it(
    account, aws, restored, function, action, rule
):
    restored(function, without=action)
    before = {f.id: f.status for f in account.stack.store.all() if f.rule == rule}
    sweep_alone(account, function)
    after = [f for f in account.stack.store.all() if f.rule == rule and not f.gone]
    blind = [f for f in after if action in f.missing]
    assert blind
    for finding in blind:
        if before.get(finding.id) is Status.NON_COMPLIANT:
            assert finding.status is Status.NON_COMPLIANT, "a denied read cleared a finding"
        else:
            assert finding.status is Status.INSUFFICIENT_DATA
            assert action in finding.reason


def sweep_alone(account, function):
    """One heading, as the state machine asks for it."""
    answer = account.stack.aws.client("lambda").invoke(
        FunctionName=account.stack.resources[function],
        Payload=json.dumps({"sweep": {"id": uuid.uuid4().hex, "cursor": None}}).encode(),
    )
    assert "FunctionError" not in answer, answer["Payload"].read()


@pytest.fixture
def restored(account, aws):
    """Take an action from a function's role; give it back when the test is over."""
    iam = aws.client("iam")
    kept, functions = [], set()

    def take(function: str, *, without: str) -> None:
        functions.add(function)
        role = account.stack.resources[f"{function}Role"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            kept.append((role, name, json.dumps(document)))
            for statement in document["Statement"]:
                actions = statement["Action"]
                actions = [actions] if isinstance(actions, str) else actions
                statement["Action"] = [each for each in actions if each != without]
            put(role, name, json.dumps(document))

    def put(role: str, name: str, document: str) -> None:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)

    yield take
    for role, name, document in kept:
        put(role, name, document)
    for function in functions:
        sweep_alone(account, function)
