"""What the golden events of backup and recovery make us look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.backup_recovery.app import backup_recovery
from readiness.engine.events import resolve_targets

EVENTS = Path(__file__).parents[2] / "events"
STORES = ("table", "database", "cluster", "file-system")
CACHES = ("cache", "cache-cluster", "serverless-cache", "memorydb")
ALL_RESTORES = dict.fromkeys(f"{each}-restore" for each in (*STORES, *CACHES, "volume", "bucket"))
ALL_OBJECTIVES = dict.fromkeys(f"{each}-objectives" for each in (*STORES, *CACHES))
EVERY_STORE = {**ALL_RESTORES, **ALL_OBJECTIVES, "restore-testing-plan": None}
PLANS = {"restore-testing-plan": None}
"""A restore that ended may be one of a plan."""
STATED = {**ALL_RESTORES, **ALL_OBJECTIVES, "bucket-lifecycle": None, "stated-objectives": None}


def both(name, id):
    return {f"{name}-restore": id, f"{name}-objectives": id}


EXPECTED: dict[str, dict[str, str | None]] = {
    "cloudtrail/backup-delete-recovery-point": EVERY_STORE,
    "cloudtrail/backup-put-restore-validation-result": EVERY_STORE,
    "cloudtrail/backup-create-restore-testing-plan": {"restore-testing-plan": "weekly"},
    "cloudtrail/backup-update-restore-testing-selection": {"restore-testing-plan": "weekly"},
    "cloudtrail/dynamodb-update-continuous-backups": both("table", "jobs"),
    "cloudtrail/dynamodb-delete-backup": both("table", "jobs"),
    "cloudtrail/rds-delete-db-snapshot": both("database", "orders-1"),
    "cloudtrail/rds-create-db-cluster-snapshot": both("cluster", "orders"),
    "cloudtrail/s3-put-bucket-versioning": {
        "bucket-versioning": "data",
        "bucket-lifecycle": "data",
    },
    "cloudtrail/lambda_deployment-update-function-code": {},
    "config/backup-restore-testing-plan": {"restore-testing-plan": "weekly"},
    "cloudtrail/elasticache-create-snapshot": both("cache", "sessions"),
    "cloudtrail/elasticache-delete-snapshot": {
        **both("cache", None),
        **both("cache-cluster", "pages"),
    },
    "cloudtrail/elasticache-create-serverless-cache-snapshot": both("serverless-cache", "burst"),
    "cloudtrail/elasticache-copy-serverless-cache-snapshot": both("serverless-cache", "burst"),
    "cloudtrail/caching-delete-serverless-cache": both("serverless-cache", "burst"),
    "cloudtrail/caching-modify-cache-cluster": both("cache-cluster", "pages"),
    "service/elasticache-cluster-tagged": both("cache-cluster", "pages"),
    "service/elasticache-group-tagged": both("cache", "sessions"),
    "service/elasticache-serverless-cache-tagged": both("serverless-cache", "burst"),
    "cloudtrail/memorydb-create-snapshot": both("memorydb", "carts"),
    "cloudtrail/memorydb-delete-snapshot": both("memorydb", None),
    "service/memorydb-cluster-tagged": both("memorydb", "carts"),
    "service/backup-table-restored": both("table", "jobs") | PLANS,
    "service/backup-table-made": both("table", "jobs"),
    "service/backup-database-restored": both("database", "orders-1") | PLANS,
    "service/backup-cluster-restored": both("cluster", "orders") | PLANS,
    "service/backup-file-system-made": both("file-system", "fs-0123456789abcdef0"),
    "service/backup-volume-restored": {"volume-restore": "vol-0123456789abcdef0"} | PLANS,
    "service/backup-bucket-restored": {"bucket-restore": "data"} | PLANS,
    "service/ssm-manifest-change": STATED,
    "cloudtrail/resiliencehub-update-resiliency-policy": STATED,
}


def found_by(event):
    targets = resolve_targets(event, backup_recovery.rules).targets
    return {target.rule.removeprefix("backup_recovery."): target.id for target in targets}


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items(), ids=list(EXPECTED))
def test_an_event_leads_to_its_rules(name, expected):
    assert found_by(json.loads((EVENTS / f"{name}.json").read_text())) == expected


@pytest.mark.parametrize("status", ["PENDING", "RUNNING", "CREATED"])
def test_a_restore_that_has_not_ended_changes_nothing(status):
    event = json.loads((EVENTS / "service/backup-table-restored.json").read_text())
    event["detail"]["status"] = status
    assert found_by(event) == {}


def test_a_snapshot_whose_cluster_is_not_told_may_be_of_any():
    event = json.loads((EVENTS / "cloudtrail/elasticache-delete-snapshot.json").read_text())
    del event["detail"]["responseElements"]
    assert found_by(event) == both("cache", None) | both("cache-cluster", None)


def test_a_restore_that_does_not_say_what_it_restored_may_be_of_any():
    event = json.loads((EVENTS / "service/backup-table-restored.json").read_text())
    del event["detail"]["sourceResourceArn"]
    assert found_by(event) == both("table", None) | PLANS
