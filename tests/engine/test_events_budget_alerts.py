"""What the golden events of budgets and alerts make us look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.budget_alerts.app import budget_alerts
from readiness.engine.events import resolve_targets

EVENTS = Path(__file__).parents[2] / "events"
SERVICE = "arn:aws:ecs:us-east-1:111122223333:service/agents/api"

EXPECTED: dict[str, dict[str, str | None]] = {
    "cloudtrail/alarms-create-subscriber": {"cost-budget": None},
    "cloudtrail/alarms-delete-anomaly-subscription": {"anomaly-detection": None},
    "cloudtrail/bcm-data-exports-delete-export": {"billing-report": None},
    "cloudtrail/budgets-update-budget-action": {"budget-actions": None},
    "cloudtrail/ce-provide-anomaly-feedback": {"anomalies-assessed": None},
    "cloudtrail/cur-delete-report-definition": {"billing-report": None},
    "config/bcm-data-exports-export": {"billing-report": None},
    "config/budgets-action": {"budget-actions": None},
    "service/caching-table-tagged": {"table-tags": "agent-sessions"},
    "service/ce-anomaly-detected": {"anomalies-assessed": None},
    "service/elasticfilesystem-file-system-tagged": {"file-system-tags": "fs-0123456789abcdef0"},
    "service/encryption-bucket-tagged": {"bucket-tags": "data"},
    "service/rds-cluster-tagged": {"cluster-tags": "orders"},
    "service/rds-instance-tagged": {"database-tags": "orders"},
    "cloudtrail/autoscaling-create-or-update-tags": {"auto-scaling-group-tags": "web"},
    "service/elasticache-cluster-tagged": {"cache-cluster-tags": "pages"},
    "service/elasticache-group-tagged": {"cache-tags": "sessions"},
    "service/elasticloadbalancing-balancer-tagged": {
        "load-balancer-tags": "arn:aws:elasticloadbalancing:us-east-1:111122223333:"
        "loadbalancer/app/web/50dc6c49"
    },
    "service/memorydb-cluster-tagged": {"memorydb-tags": "carts"},
    "service/sns-topic-tagged": {"topic-tags": "orders"},
    "service/sqs-queue-tagged": {"queue-tags": "orders"},
}


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items(), ids=list(EXPECTED))
def test_an_event_leads_to_its_rules(name, expected):
    event = json.loads((EVENTS / f"{name}.json").read_text())
    targets = resolve_targets(event, budget_alerts.rules).targets
    found = {target.rule.removeprefix("budget_alerts."): target.id for target in targets}
    assert found == expected
