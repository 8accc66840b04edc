"""What the golden events of high availability make us look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.high_availability.app import high_availability
from readiness.engine.events import resolve_targets

EVENTS = Path(__file__).parents[2] / "events"
REGIONAL = "arn:aws:{}:us-east-1:111122223333:{}"
SERVICE = REGIONAL.format("ecs", "service/agents/api")
TARGETS = REGIONAL.format("elasticloadbalancing", "targetgroup/api/0123456789abcdef")
BALANCER = REGIONAL.format("elasticloadbalancing", "loadbalancer/app/web/50dc6c49")
CHECK = "0a1b2c3d-0123-4567-89ab-0123456789ab"

OF_GROUP = {
    "auto-scaling-group-health-checks": "workers",
    "auto-scaling-group-zones": "workers",
}
OF_TARGETS = {"target-group-health-checks": TARGETS, "target-group-zones": TARGETS}
TESTED: dict[str, str | None] = {"failover-tested": None}

EXPECTED: dict[str, dict[str, str | None]] = {
    "cloudtrail/alarms-modify-cache-cluster": {"cache-cluster-zones": "sessions-001"},
    "cloudtrail/apigateway-update-usage-plan": {"graceful-degradation": None},
    "cloudtrail/appconfig-start-deployment": {"graceful-degradation": None},
    "cloudtrail/autoscaling-attach-load-balancer-target-groups": OF_GROUP,
    "cloudtrail/autoscaling-create-auto-scaling-group": OF_GROUP,
    "cloudtrail/cloudwatch-modify-db-instance": {"database-zones": "orders"},
    "cloudtrail/ec2-create-nat-gateway": {"nat-gateway-zones": None},
    "cloudtrail/ecs-update-capacity-provider": {"service-zones": None},
    "cloudtrail/ecs_deployment-update-service": {
        "service-health-checks": SERVICE,
        "service-zones": SERVICE,
    },
    "cloudtrail/ecs_deployment-update-service-denied": {},
    "cloudtrail/elasticfilesystem-create-mount-target": {
        "file-system-zones": "fs-0123456789abcdef0"
    },
    "cloudtrail/elasticfilesystem-delete-mount-target": {"file-system-zones": None},
    "cloudtrail/elasticloadbalancing-deregister-targets": OF_TARGETS,
    "cloudtrail/elasticloadbalancing-modify-target-group": OF_TARGETS,
    "cloudtrail/elasticloadbalancing-set-subnets": {"load-balancer-zones": BALANCER},
    "cloudtrail/encryption-create-bucket": {},
    "cloudtrail/encryption-modify-replication-group": {
        "cache-cluster-zones": None,
        "cache-zones": "cache",
    },
    "cloudtrail/route53-change-resource-record-sets": {"dns-records": "Z0123456789ABCDEFGHIJ"},
    "cloudtrail/route53-update-health-check": {"dns-health-checks": CHECK, "dns-records": None},
    "config/ec2-nat-gateway": {"nat-gateway-zones": None},
    "config/elbv2-target-group": OF_TARGETS,
    "service/arc-fis-autoshift-completed": TESTED,
    "service/arc-practice-run-failed": TESTED,
    "service/arc-practice-run-interrupted": TESTED,
    "service/arc-practice-run-succeeded": TESTED,
    "service/ecs_deployment-task-stopped": {"service-zones": SERVICE},
    "service/fis-experiment-stopped": TESTED,
    "service/rds-cluster-failover": TESTED,
    "service/rds-instance-failover": TESTED,
}


def targets_of(name: str) -> dict[str, str | None]:
    event = json.loads((EVENTS / f"{name}.json").read_text())
    targets = resolve_targets(event, high_availability.rules).targets
    # a group also concerns those it stands in for, if AWS says that it does
    named_last = sorted(targets, key=lambda target: target.id is not None)
    return {target.rule.removeprefix("high_availability."): target.id for target in named_last}


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items(), ids=list(EXPECTED))
def test_an_event_leads_to_its_rules(name, expected):
    assert targets_of(name) == expected


def test_only_the_target_groups_that_a_listener_names_are_looked_at():
    event = json.loads((EVENTS / "cloudtrail/encryption-create-listener.json").read_text())
    request = event["detail"]["requestParameters"]
    request["defaultActions"] = [
        {"type": "forward", "forwardConfig": {"targetGroups": [{"targetGroupArn": TARGETS}]}}
    ]
    found = resolve_targets(event, high_availability.rules).targets
    assert {target.id for target in found} == {TARGETS}


def test_a_failover_that_begins_is_not_looked_at_yet():
    event = json.loads((EVENTS / "service/rds-cluster-failover.json").read_text())
    event["detail"]["EventID"] = "RDS-EVENT-0073"
    assert not resolve_targets(event, high_availability.rules).targets


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        pytest.param({"name": "_acme-challenge.example.com.", "type": "TXT"}, set(), id="plain"),
        pytest.param({"name": "www.example.com.", "type": "A", "aliasTarget": {"evaluateTargetHealth": False}}, {"Z0123456789ABCDEFGHIJ"}, id="an alias"),
        pytest.param({"name": "use1.example.com.", "type": "A", "healthCheckId": "up"}, {"Z0123456789ABCDEFGHIJ"}, id="a health check"),
        pytest.param(None, {"Z0123456789ABCDEFGHIJ"}, id="not told"),
    ],
)  # fmt: skip
def test_changes_of_plain_records_are_no_reason_to_look_at_a_zone(record, expected):
    file = EVENTS / "cloudtrail/route53-change-resource-record-sets.json"
    event = json.loads(file.read_text())
    batch = event["detail"]["requestParameters"]["changeBatch"]
    batch["changes"] = [{"action": "UPSERT", "resourceRecordSet": record}]
    found = resolve_targets(event, high_availability.rules).targets
    assert {target.id for target in found} == expected
