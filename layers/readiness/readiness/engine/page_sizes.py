"""How much a listing is asked for at a time: the most that AWS gives, for the fewest requests.

Some defaults are far below it: ListServices gives 10 of 100, DescribeAlarms 50 of 100, and
ListQueues without a size gives the first 1,000 and never says that there are more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PAGE_SIZES: Mapping[tuple[str, str], tuple[str, int]] = {
    ("apigateway", "get_documentation_parts"): ("limit", 500),
    ("apigateway", "get_domain_names"): ("limit", 500),
    ("apigateway", "get_resources"): ("limit", 500),
    ("apigateway", "get_rest_apis"): ("limit", 500),
    ("apigateway", "get_usage_plans"): ("limit", 500),
    ("appconfig", "list_applications"): ("MaxResults", 50),
    ("appconfig", "list_configuration_profiles"): ("MaxResults", 50),
    ("appconfig", "list_deployments"): ("MaxResults", 50),
    ("appconfig", "list_environments"): ("MaxResults", 50),
    ("application-signals", "list_service_level_objectives"): ("MaxResults", 50),
    ("appsync", "list_graphql_apis"): ("maxResults", 25),
    ("arc-region-switch", "list_plan_executions"): ("maxResults", 100),
    ("arc-region-switch", "list_plans"): ("maxResults", 100),
    ("arc-zonal-shift", "list_zonal_shifts"): ("maxResults", 100),
    ("autoscaling", "describe_auto_scaling_groups"): ("MaxRecords", 100),
    ("autoscaling", "describe_launch_configurations"): ("MaxRecords", 100),
    ("autoscaling", "describe_policies"): ("MaxRecords", 100),
    ("backup", "list_protected_resources"): ("MaxResults", 1000),
    ("backup", "list_restore_jobs"): ("MaxResults", 1000),
    ("backup", "list_restore_jobs_by_protected_resource"): ("MaxResults", 1000),
    ("backup", "list_restore_testing_plans"): ("MaxResults", 1000),
    ("backup", "list_restore_testing_selections"): ("MaxResults", 1000),
    ("bcm-data-exports", "list_exports"): ("MaxResults", 300),
    ("budgets", "describe_budget_actions_for_account"): ("MaxResults", 100),
    ("budgets", "describe_budget_notifications_for_account"): ("MaxResults", 1000),
    ("budgets", "describe_budgets"): ("MaxResults", 1000),
    ("budgets", "describe_subscribers_for_notification"): ("MaxResults", 100),
    ("ce", "list_cost_allocation_tags"): ("MaxResults", 1000),
    ("cloudtrail", "lookup_events"): ("MaxResults", 50),
    ("cloudwatch", "describe_alarms"): ("MaxRecords", 100),
    ("cloudwatch", "describe_anomaly_detectors"): ("MaxResults", 100),
    ("cloudwatch", "list_alarm_mute_rules"): ("MaxRecords", 100),
    ("codepipeline", "list_action_executions"): ("maxResults", 100),
    ("config", "describe_config_rule_evaluation_status"): ("Limit", 50),
    ("config", "list_configuration_recorders"): ("MaxResults", 20),
    ("cur", "describe_report_definitions"): ("MaxResults", 5),
    ("dynamodb", "list_backups"): ("Limit", 100),
    ("dynamodb", "list_tables"): ("Limit", 100),
    ("ecs", "list_clusters"): ("maxResults", 100),
    ("ecs", "list_container_instances"): ("maxResults", 100),
    ("ecs", "list_services"): ("maxResults", 100),
    ("ecs", "list_task_definitions"): ("maxResults", 100),
    ("ecs", "list_tasks"): ("maxResults", 100),
    ("ecr", "describe_repositories"): ("maxResults", 1000),
    ("elasticache", "describe_serverless_caches"): ("MaxResults", 50),
    ("events", "list_rules"): ("Limit", 100),
    ("events", "list_targets_by_rule"): ("Limit", 100),
    ("fis", "list_experiment_resolved_targets"): ("maxResults", 100),
    ("fis", "list_experiments"): ("maxResults", 100),
    ("guardduty", "list_detectors"): ("MaxResults", 50),
    ("iam", "get_account_authorization_details"): ("MaxItems", 1000),
    ("iam", "get_group"): ("MaxItems", 1000),
    ("iam", "list_access_keys"): ("MaxItems", 1000),
    ("iam", "list_groups_for_user"): ("MaxItems", 1000),
    ("iam", "list_mfa_devices"): ("MaxItems", 1000),
    ("iam", "list_virtual_mfa_devices"): ("MaxItems", 1000),
    ("inspector2", "list_coverage"): ("maxResults", 200),
    ("inspector2", "list_filters"): ("maxResults", 100),
    ("inspector2", "list_findings"): ("maxResults", 100),
    ("kinesis", "list_streams"): ("Limit", 10000),
    ("kms", "list_aliases"): ("Limit", 100),
    ("kms", "list_grants"): ("Limit", 100),
    ("kms", "list_key_rotations"): ("Limit", 1000),
    ("kms", "list_keys"): ("Limit", 1000),
    ("lambda", "list_aliases"): ("MaxItems", 10000),
    ("lambda", "list_event_source_mappings"): ("MaxItems", 100),
    ("lambda", "list_function_event_invoke_configs"): ("MaxItems", 50),
    ("lambda", "list_function_url_configs"): ("MaxItems", 50),
    ("lambda", "list_functions"): ("MaxItems", 50),
    ("lambda", "list_provisioned_concurrency_configs"): ("MaxItems", 50),
    ("lambda", "list_versions_by_function"): ("MaxItems", 10000),
    ("logs", "describe_destinations"): ("limit", 50),
    ("logs", "describe_log_groups"): ("limit", 50),
    ("logs", "describe_metric_filters"): ("limit", 50),
    ("logs", "describe_subscription_filters"): ("limit", 50),
    ("logs", "list_log_anomaly_detectors"): ("limit", 50),
    ("macie2", "list_automated_discovery_accounts"): ("maxResults", 25),
    ("oam", "list_links"): ("MaxResults", 5),
    ("observabilityadmin", "list_centralization_rules_for_organization"): ("MaxResults", 100),
    ("pipes", "list_pipes"): ("Limit", 100),
    ("rds", "describe_db_proxies"): ("MaxRecords", 100),
    ("rds", "describe_db_proxy_endpoints"): ("MaxRecords", 100),
    ("rds", "describe_db_proxy_targets"): ("MaxRecords", 100),
    ("resiliencehubv2", "list_services"): ("maxResults", 100),
    ("resiliencehubv2", "list_test_runs"): ("maxResults", 100),
    ("resourcegroupstaggingapi", "get_resources"): ("ResourcesPerPage", 100),
    ("s3", "list_buckets"): ("MaxBuckets", 10000),
    ("scheduler", "list_schedule_groups"): ("MaxResults", 100),
    ("scheduler", "list_schedules"): ("MaxResults", 100),
    ("secretsmanager", "list_secrets"): ("MaxResults", 100),
    ("securityhub", "get_enabled_standards"): ("MaxResults", 100),
    ("securitylake", "list_log_sources"): ("maxResults", 100),
    ("sqs", "list_dead_letter_source_queues"): ("MaxResults", 1000),
    ("sqs", "list_queues"): ("MaxResults", 1000),
    ("ssm", "describe_parameters"): ("MaxResults", 50),
    ("ssm", "list_documents"): ("MaxResults", 50),
    ("ssm", "describe_automation_executions"): ("MaxResults", 50),
    ("ssm", "get_parameters_by_path"): ("MaxResults", 10),
    ("ssm-contacts", "list_contact_channels"): ("MaxResults", 1024),
    ("ssm-contacts", "list_contacts"): ("MaxResults", 1024),
    ("ssm-contacts", "list_rotation_shifts"): ("MaxResults", 1024),
    ("ssm-incidents", "list_response_plans"): ("maxResults", 100),
    ("stepfunctions", "list_state_machines"): ("maxResults", 1000),
}
"""The parameter and the size, by service and client method."""

_WITHOUT = {
    ("ecr", "describe_repositories"): "repositoryNames",
    ("resourcegroupstaggingapi", "get_resources"): "ResourceARNList",
}
"""Parameters with which a size is refused, as the API references say."""


def sized(service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a listing with the size of its pages, unless they have one."""
    name, most = PAGE_SIZES.get((service, operation), ("", 0))
    if not name or _WITHOUT.get((service, operation)) in params:
        return dict(params)
    return {name: most, **params}
