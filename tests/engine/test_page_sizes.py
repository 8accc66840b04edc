"""Every listing asks for the most that AWS gives at a time."""

from __future__ import annotations

import ast
import functools
from types import SimpleNamespace

import pytest
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.session import Session as BotocoreSession

from readiness.engine.page_sizes import PAGE_SIZES, sized
from tests.contract.service_models import EVIDENCE, source
from tests.fake_account import HOME, FakeAccount, evaluation

SESSION = BotocoreSession()

LESS_THAN_THE_MODEL = {
    # KMS API Reference: "between 1 and 100"; the model has one Limit for all lists.
    ("kms", "list_aliases"): 100,
    ("kms", "list_grants"): 100,
    # Lambda API Reference: a response has at most 50, and 100, however many are asked for.
    ("lambda", "list_functions"): 50,
    ("lambda", "list_event_source_mappings"): 100,
}
"""Listings of which the documentation gives a lower maximum than the service model."""

SIZES = {"Limit", "MaxItems", "MaxRecords", "MaxResults", "PageSize", "limit", "maxResults"}

FULL_BY_DEFAULT = {
    "the default is the most": {
        ("application-autoscaling", "describe_scalable_targets"),
        ("application-autoscaling", "describe_scaling_policies"),
        ("application-autoscaling", "describe_scheduled_actions"),
        ("apprunner", "list_services"),
        ("batch", "describe_job_definitions"),
        ("cloudfront", "list_distributions"),
        ("dax", "describe_clusters"),
        ("dax", "describe_parameters"),
        ("ecs", "describe_capacity_providers"),
        ("efs", "describe_file_systems"),
        ("efs", "describe_mount_targets"),
        ("elasticache", "describe_cache_clusters"),
        ("elasticache", "describe_cache_parameters"),
        ("elasticache", "describe_replication_groups"),
        ("elb", "describe_load_balancers"),
        ("elbv2", "describe_listeners"),
        ("elbv2", "describe_load_balancers"),
        ("elbv2", "describe_rules"),
        ("elbv2", "describe_ssl_policies"),
        ("elbv2", "describe_target_groups"),
        ("glacier", "list_vaults"),
        ("memorydb", "describe_clusters"),
        ("rds", "describe_db_cluster_parameters"),
        ("rds", "describe_db_cluster_snapshots"),
        ("rds", "describe_db_clusters"),
        ("rds", "describe_db_instances"),
        ("rds", "describe_db_parameters"),
        ("rds", "describe_db_snapshots"),
        ("rds", "describe_events"),
        ("rds", "describe_option_groups"),
        ("redshift", "describe_cluster_parameters"),
        ("redshift", "describe_cluster_snapshots"),
        ("redshift", "describe_clusters"),
        ("route53", "list_health_checks"),
        ("route53", "list_hosted_zones"),
        ("route53", "list_resource_record_sets"),
    },
    "no maximum is documented": {
        ("accessanalyzer", "list_analyzers"),
        ("accessanalyzer", "list_archive_rules"),
        ("accessanalyzer", "list_findings_v2"),
        ("apigatewayv2", "get_api_mappings"),
        ("apigatewayv2", "get_apis"),
        ("apigatewayv2", "get_domain_names"),
        ("apigatewayv2", "get_integrations"),
        ("apigatewayv2", "get_routes"),
        ("apigatewayv2", "get_stages"),
        ("ce", "get_anomalies"),
        ("ce", "get_anomaly_monitors"),
        ("ce", "get_anomaly_subscriptions"),
        ("fsx", "describe_file_systems"),
        ("macie2", "describe_buckets"),
        ("macie2", "list_classification_jobs"),
    },
}
"""Paginated calls that are asked without a size, and why. EC2 gives everything without one, and
refuses one beside ids."""


@functools.cache
def listings():
    """The calls that loaders make over all pages, as their source has them."""
    found = set()
    for path in EVIDENCE:
        for node in source(path).nodes:
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            named = [a.value for a in node.args[:2] if isinstance(a, ast.Constant)]
            if node.func.attr == "every" and len(named) == 2:
                found.add(tuple(named))
    return sorted(found)


def limit_of(service, operation):
    """The parameter for the size of a page and the model's maximum of it.

    Without a paginator of the SDK that names the parameter, it is the one with a usual name.
    """
    model = SESSION.get_service_model(service)
    name = next(each for each in model.operation_names if xform_name(each) == operation)
    try:
        config = SESSION.get_paginator_model(service)._paginator_config.get(name, {})
    except UnknownServiceError:
        config = {}
    shape = model.operation_model(name).input_shape
    members = shape.members if shape else {}
    key = config.get("limit_key") or next((each for each in members if each in SIZES), None)
    return key, members[key].metadata.get("max") if key else None


def test_the_listings_are_seen():
    assert len(listings()) > 80


@pytest.mark.parametrize(("service", "operation"), listings())
def test_a_listing_asks_for_the_most(service, operation):
    key, most = limit_of(service, operation)
    if key is None or service == "ec2":
        assert (service, operation) not in PAGE_SIZES
        return
    left = {call for calls in FULL_BY_DEFAULT.values() for call in calls}
    if (service, operation) in left:
        assert (service, operation) not in PAGE_SIZES
        return
    expected = LESS_THAN_THE_MODEL.get((service, operation), most)
    name, size = PAGE_SIZES[service, operation]
    assert name == key
    assert expected is None or size == expected


def test_the_tables_hold_no_call_that_is_not_made():
    left = {call for calls in FULL_BY_DEFAULT.values() for call in calls}
    assert {*PAGE_SIZES, *LESS_THAN_THE_MODEL, *left} <= set(listings())


@pytest.mark.parametrize(
    ("service", "operation", "key", "size"),
    [
        pytest.param("ecs", "list_clusters", "clusterArns", {"maxResults": 100}, id="paginator"),
        pytest.param("events", "list_event_buses", "EventBuses", {"Limit": 100}, id="none"),
    ],
)
def test_the_size_is_sent(service, operation, key, size):
    fake_account = FakeAccount({(service, operation): {key: []}})
    client, asked = fake_account.client(service), []
    run = evaluation(fake_account, [])
    run.aws._clients[service, HOME] = client
    client._account = SimpleNamespace(
        answer=lambda service, operation, params: asked.append(params) or {key: []},
        answers=fake_account.answers,
        known=None,
    )
    list(run.aws.pages(service, operation, None, {}))
    assert asked == [size]


def test_a_size_that_was_given_stays():
    assert sized("ecs", "list_services", {"maxResults": 5}) == {"maxResults": 5}


def test_a_size_beside_arns_is_refused_and_not_sent():
    given = {"ResourceARNList": ["arn:aws:s3:::orders"]}
    assert sized("resourcegroupstaggingapi", "get_resources", given) == given


def test_a_listing_that_has_no_size_is_asked_as_it_is():
    asked = {"Bucket": "data"}
    assert sized("s3", "get_bucket_policy", asked) == {"Bucket": "data"}
    assert sized("s3", "get_bucket_policy", asked) is not asked, "a copy"
