"""Which network events make us look where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.network_security.app import network_security
from readiness.engine.events import resolve_targets

EVENTS = Path(__file__).parents[2] / "events"
VPC = "vpc-0a1b2c3d4e5f60718"
GROUP = "sg-0a1b2c3d4e5f60718"
OTHER_GROUP = "sg-0bbbbbbbbbbbbbbbb"
SERVICE = "arn:aws:ecs:us-east-1:111122223333:service/agents/api"

FUNCTIONS = "lambda-private-subnets"
SERVICES = "ecs-private-subnets"
GROUPS = "minimal-security-group"
LOGS = "vpc-flow-logs"
ENDPOINTS = "private-service-endpoints"


def looked(event):
    seen = resolve_targets(event, network_security)
    return {(target.rule.removeprefix("network_security."), target.id) for target in seen.targets}


@pytest.mark.parametrize(
    ("name", "targets"),
    [
        ("config/security-group", {(GROUPS, GROUP)}),
        ("config/security-group-deleted", {(GROUPS, GROUP)}),
        ("config/security-group-oversized", {(GROUPS, GROUP)}),
        ("config/prefix-list", {(GROUPS, None)}),
        ("config/network-interface", {(GROUPS, GROUP)}),
        ("config/network-interface-two-groups", {(GROUPS, GROUP), (GROUPS, OTHER_GROUP)}),
        ("config/route-table", {(FUNCTIONS, None), (SERVICES, None), (ENDPOINTS, None)}),
        ("config/internet-gateway", {(FUNCTIONS, None), (SERVICES, None), (ENDPOINTS, None)}),
        (
            "config/subnet",
            {(FUNCTIONS, None), (SERVICES, None), (LOGS, None), (ENDPOINTS, None)},
        ),
        ("config/vpc", {(LOGS, VPC), (ENDPOINTS, VPC)}),
        ("config/flow-log", {(LOGS, VPC)}),
        ("config/flow-log-of-subnet", {(LOGS, None)}),
        ("config/vpc-endpoint", {(ENDPOINTS, VPC)}),
        ("config/lambda-function", {(FUNCTIONS, "agent"), (ENDPOINTS, VPC)}),
        ("config/ecs-service", {(SERVICES, SERVICE), (ENDPOINTS, None)}),
        ("cloudtrail/authorize-ingress", {(GROUPS, GROUP)}),
        ("cloudtrail/authorize-ingress-denied", set()),
        ("cloudtrail/modify-rules", {(GROUPS, GROUP)}),
        ("cloudtrail/modify-prefix-list", {(GROUPS, None)}),
        ("cloudtrail/set-security-groups", {(GROUPS, GROUP)}),
        ("cloudtrail/create-route", {(FUNCTIONS, None), (SERVICES, None), (ENDPOINTS, None)}),
        (
            "cloudtrail/attach-internet-gateway",
            {(FUNCTIONS, None), (SERVICES, None), (ENDPOINTS, None)},
        ),
        ("cloudtrail/create-flow-logs", {(LOGS, None)}),
        ("cloudtrail/delete-log-group", {(LOGS, None)}),
        ("cloudtrail/create-vpc-endpoint", {(ENDPOINTS, VPC)}),
        ("cloudtrail/modify-vpc-attribute", {(ENDPOINTS, VPC)}),
        ("cloudtrail/associate-hosted-zone", {(ENDPOINTS, None)}),
        ("cloudtrail/update-function", {(FUNCTIONS, "agent"), (ENDPOINTS, None)}),
        ("cloudtrail/update-service", {(SERVICES, SERVICE), (ENDPOINTS, None)}),
        ("service/function-tag-change", {(FUNCTIONS, "agent")}),
    ],
)
def test_golden_events(name, targets):
    folder, _, what = name.partition("/")
    event = json.loads((EVENTS / folder / f"network_security-{what}.json").read_text())
    assert looked(event) == targets


def test_every_golden_event_is_asserted():
    found = {f"{p.parent.name}/{p.stem}" for p in EVENTS.glob("*/network_security-*.json")}
    [mark] = test_golden_events.pytestmark
    said = {name.replace("/", "/network_security-") for name, _ in mark.args[1]}
    assert found == said


def call(service, name):
    return {
        "detail-type": "AWS API Call via CloudTrail",
        "account": "111122223333",
        "region": "us-east-1",
        "detail": {"eventSource": f"{service}.amazonaws.com", "eventName": name},
    }


ROUTING = {FUNCTIONS, SERVICES, ENDPOINTS}


@pytest.mark.parametrize(
    ("service", "name", "rules"),
    [
        ("ec2", "RunInstances", {GROUPS}),
        ("ec2", "ReplaceRoute", ROUTING),
        ("ec2", "CreateVpc", {GROUPS, LOGS, ENDPOINTS}),
        ("ec2", "CreateSubnet", {*ROUTING, LOGS}),
        ("s3", "DeleteBucket", {LOGS}),
        ("ec2", "ModifyVpcEndpoint", {ENDPOINTS}),
        ("lambda", "CreateFunction20150331", {FUNCTIONS, ENDPOINTS}),
        ("ecs", "CreateService", {SERVICES, ENDPOINTS}),
        ("ec2", "CreateKeyPair", set()),
        ("ec2", "DescribeSecurityGroups", set()),
    ],
)
def test_a_call_concerns_the_rules_that_read_what_it_changes(service, name, rules):
    """One call of each kind; tests/contract/test_api_calls.py misses its siblings."""
    assert {rule for rule, _ in looked(call(service, name))} == rules


def test_a_function_in_no_vpc_may_have_left_any():
    event = json.loads((EVENTS / "config/network_security-lambda-function.json").read_text())
    event["detail"]["configurationItem"]["configuration"]["vpcConfig"] = None
    assert looked(event) == {(FUNCTIONS, "agent"), (ENDPOINTS, None)}
