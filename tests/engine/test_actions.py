"""The IAM action behind a call: what a role is given, and what a reason tells people to allow."""

from __future__ import annotations

import pytest

from readiness.engine.actions import action_of, sdk_services, service_of


@pytest.mark.parametrize(
    ("service", "operation", "action"),
    [
        ("kms", "describe_key", "kms:DescribeKey"),
        ("lambda", "get_function_url_config", "lambda:GetFunctionUrlConfig"),
        ("lambda", "invoke", "lambda:InvokeFunction"),
        ("s3", "list_buckets", "s3:ListAllMyBuckets"),
        ("s3", "head_object", "s3:GetObject"),
        ("s3control", "get_public_access_block", "s3:GetAccountPublicAccessBlock"),
        ("s3control", "list_jobs", "s3:ListJobs"),
        ("s3", "get_public_access_block", "s3:GetBucketPublicAccessBlock"),
        ("iam", "list_mfa_devices", "iam:ListMFADevices"),
        ("rds", "describe_db_instances", "rds:DescribeDBInstances"),
        ("rds", "describe_events", "rds:DescribeEvents"),
        ("elbv2", "describe_ssl_policies", "elasticloadbalancing:DescribeSSLPolicies"),
        ("elbv2", "describe_load_balancers", "elasticloadbalancing:DescribeLoadBalancers"),
        ("opensearch", "describe_domains", "es:DescribeDomains"),
        ("stepfunctions", "list_state_machines", "states:ListStateMachines"),
        ("resourcegroupstaggingapi", "get_resources", "tag:GetResources"),
        ("efs", "describe_file_systems", "elasticfilesystem:DescribeFileSystems"),
        ("accessanalyzer", "list_findings_v2", "access-analyzer:ListFindings"),
        ("accessanalyzer", "list_analyzers", "access-analyzer:ListAnalyzers"),
        ("apigateway", "get_rest_apis", "apigateway:GET"),
        ("apigatewayv2", "get_apis", "apigateway:GET"),
        ("budgets", "describe_budgets", "budgets:ViewBudget"),
        (
            "budgets",
            "describe_budget_actions_for_account",
            "budgets:DescribeBudgetActionsForAccount",
        ),
        ("securityhub", "get_findings_v2", "securityhub:GetFindings"),
    ],
)
def test_the_action_of_a_call(service, operation, action):
    assert action_of(service, operation) == action


@pytest.mark.parametrize(
    ("action", "service", "services"),
    [
        ("states:ListStateMachines", "stepfunctions", ("stepfunctions", "states")),
        ("tag:GetResources", "resourcegroupstaggingapi", ("resourcegroupstaggingapi", "tag")),
        ("kms:DescribeKey", "kms", ("kms",)),
        ("s3:GetObject", "s3", ("s3", "s3control")),
        ("apigateway:GET", "apigateway", ("apigateway", "apigatewayv2")),
        ("access-analyzer:ListFindings", "accessanalyzer", ("accessanalyzer", "access-analyzer")),
        ("kms", "kms", ("kms",)),
    ],
)
def test_the_services_of_an_action(action, service, services):
    assert service_of(action) == service
    assert sdk_services(action) == services
