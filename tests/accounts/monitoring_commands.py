"""An account whose agents can be watched: their own metrics, their traces, their cost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tests.account_variants import Variant
from tests.accounts import performance_benchmarks as benchmarks
from tests.accounts.traffic import get_metric_data
from tests.accounts.traffic import list_metrics as published
from tests.fake_account import FakeAccount

FUNCTION = benchmarks.FUNCTION
NAMESPACE, METRIC = "MAIF/Agents", "ProcessingTime"


def said(
    namespace: str,
    metric: str,
    statistic: str,
    dimensions: Mapping[str, str],
    begin: datetime,
    period: int,
) -> float | None:
    """Two requests a second, each in 40 ms."""
    if statistic in {"Maximum", "p99"}:
        return 40.0 if namespace == NAMESPACE else None
    counted = {*benchmarks.PER_SECOND, METRIC}
    return 2.0 * period if metric in counted else None


of_services = published(benchmarks.COUNTED)


def list_metrics(**asked: Any) -> dict[str, Any]:
    """Both agents publish in one namespace; nobody in the others."""
    if asked["Namespace"].startswith("AWS/"):
        return of_services(**asked)
    wanted = asked.get("Dimensions", [{}])[0]
    if asked["Namespace"] != NAMESPACE:
        return {"Metrics": []}
    return {
        "Metrics": [
            {
                "Namespace": NAMESPACE,
                "MetricName": METRIC,
                "Dimensions": [{"Name": "AgentId", "Value": agent}],
            }
            for agent in (FUNCTION, "api")
            if wanted.get("Value", agent) == agent
        ]
    }


def get_trace_summaries(**asked: Any) -> dict[str, Any]:
    """Thirty traces, all quick."""
    ids = [f"1-67a1b2c3-{n:024x}" for n in range(30)]
    return {
        "TraceSummaries": [{"Id": id, "Duration": 0.04, "IsPartial": False} for id in ids],
        "TracesProcessedCount": len(ids),
    }


def fake_account() -> FakeAccount:
    known = benchmarks.fake_account().answers
    return FakeAccount(
        {
            **known,
            ("cloudwatch", "get_metric_data"): get_metric_data(said),
            ("cloudwatch", "list_metrics"): list_metrics,
            ("xray", "get_trace_summaries"): get_trace_summaries,
            ("xray", "get_trace_segment_destination"): {
                "Destination": "CloudWatchLogs",
                "Status": "ACTIVE",
            },
            ("xray", "get_indexing_rules"): {
                "IndexingRules": [
                    {
                        "Name": "Default",
                        "Rule": {"Probabilistic": {"DesiredSamplingPercentage": 100.0}},
                    }
                ]
            },
        }
    )


def without_a_tagged_cost() -> FakeAccount:
    asked = benchmarks.without_a_tagged_cost().answers
    costs = {call: answer for call, answer in asked.items() if call[0] == "ce"}
    return FakeAccount({**fake_account().answers, **costs})


def others() -> dict[str, Variant]:
    return {
        "without a tagged cost": Variant(
            without_a_tagged_cost, ("cost-allocation-tag", "application-cost")
        )
    }
