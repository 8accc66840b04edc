"""Alarms on the throttled requests of a table, by operation."""

from __future__ import annotations

import pytest

from functions.alarms import rules_of_utilization
from readiness import Status
from readiness.evidence.cloudwatch.active_series import ActiveSeries
from readiness.evidence.cloudwatch.alarms import TableOperations
from readiness.evidence.dynamodb.tables import TableCapacity, TableIndexes
from tests.accounts.alarms import alarm
from tests.rules.test_alarms import in_use

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
READS = ("GetItem", "Query")


def throttled(name: str, *operations: str):
    """An alarm on the throttled requests of some operations of the table orders."""
    parts = [
        {
            "Id": f"m{n}",
            "ReturnData": False,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/DynamoDB",
                    "MetricName": "ThrottledRequests",
                    "Dimensions": [
                        {"Name": "TableName", "Value": "orders"},
                        {"Name": "Operation", "Value": each},
                    ],
                },
                "Period": 60,
                "Stat": "Sum",
            },
        }
        for n, each in enumerate(operations)
    ]
    total = {"Id": "total", "Expression": "SUM(METRICS())", "ReturnData": True}
    about = alarm(name, "AWS/DynamoDB", "", {})
    for key in ("Namespace", "MetricName", "Dimensions", "Period", "Statistic"):
        about.pop(key, None)
    return about | {"Metrics": [*parts, total]}


@pytest.mark.parametrize(
    ("alarms", "status", "said"),
    [
        pytest.param([throttled("t", *READS, "PutItem")], GOOD, "(t)", id="in one sum"),
        pytest.param(
            [throttled("r", *READS), throttled("w", "PutItem", "UpdateItem")],
            GOOD,
            "",
            id="reads and writes, and what is not used",
        ),
        pytest.param(
            [throttled("t", "GetItem", "PutItem")], BAD, "not for Query", id="one is missing"
        ),
        pytest.param(
            [alarm("t", "AWS/DynamoDB", "ThrottledRequests", {"TableName": "orders"})],
            BAD,
            "No alarm covers throttled reads",
            id="without the operation nothing is published",
        ),
    ],
)
def test_throttled_requests_by_operation(alarms, status, said):
    series = frozenset(
        frozenset({("TableName", "orders"), ("Operation", each)})
        for each in (*READS, "PutItem", "GetRecords")
    )
    key = ("AWS/DynamoDB", "SuccessfulRequestLatency")
    used = TableOperations(ActiveSeries({key: series}, {}))
    table = TableCapacity("orders", "PAY_PER_REQUEST")
    found = rules_of_utilization.table_throttles(table, TableIndexes(()), used, in_use(*alarms))
    assert (found.status, said in found.reason) == (status, True), found.reason
