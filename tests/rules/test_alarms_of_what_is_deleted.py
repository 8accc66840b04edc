"""What is being deleted needs no alarm any more."""

from __future__ import annotations

import pytest

from functions.alarms import rules_of_utilization
from readiness import Status
from tests.accounts import alarms as made
from tests.fake_account import observe

NONE = {"MetricAlarms": [], "CompositeAlarms": [], "LogAlarms": []}


def database(state: str):
    about = made.INSTANCE | {"DBInstanceStatus": state}
    return {"rds__describe_db_instances": {"DBInstances": [about]}}


def cluster(state: str):
    about = made.CACHE_ANSWER | {"CacheClusterStatus": state}
    return {"elasticache__describe_cache_clusters": {"CacheClusters": [about]}}


def table(state: str):
    about = {"TableName": "memory", "TableStatus": state}
    return {"dynamodb__describe_table": {"Table": about}}


@pytest.mark.parametrize(
    ("rule", "id", "answers", "status"),
    [
        pytest.param(rules_of_utilization.database_utilization, "orders", database("deleting"), Status.NOT_APPLICABLE, id="database"),
        pytest.param(rules_of_utilization.database_utilization, "orders", database("stopped"), Status.NON_COMPLIANT, id="stopped database"),
        pytest.param(rules_of_utilization.cache_utilization, "sessions-001", cluster("deleting"), Status.NOT_APPLICABLE, id="cache"),
        pytest.param(rules_of_utilization.cache_utilization, "sessions-001", cluster("modifying"), Status.NON_COMPLIANT, id="changing cache"),
        pytest.param(rules_of_utilization.table_throttles, "memory", table("DELETING"), Status.NOT_APPLICABLE, id="table"),
        pytest.param(rules_of_utilization.table_throttles, "memory", table("UPDATING"), Status.NON_COMPLIANT, id="changing table"),
    ],
)  # fmt: skip
def test_what_is_being_deleted_needs_no_alarm(rule, id, answers, status):
    where = made.fake_account().but(cloudwatch__describe_alarms=NONE, **answers)
    finding = observe(where, rule, id).finding
    assert finding.status is status, finding.reason
