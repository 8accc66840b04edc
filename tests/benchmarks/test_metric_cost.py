"""What the hourly headings pay CloudWatch in a month, from what a day of sweeps asks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from readiness.engine import settings
from readiness.engine.aws import Aws
from readiness.engine.evaluate import Evaluation
from readiness.engine.survey import Coverage, survey
from readiness_cli.catalogue import heading
from tests.account_variants import module_of
from tests.accounts import performance_benchmarks as benchmarks
from tests.accounts.traffic import list_metrics
from tests.benchmarks.measure import report
from tests.benchmarks.prices import billed_metrics
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount

pytestmark = pytest.mark.bench

METRIC = 0.01 / 1000
LISTING = 0.01 / 1000
"""USD for each metric asked for by GetMetricData, and for each request of ListMetrics."""

FAST = ("performance_benchmarks", "monitoring_commands")
IN_USE = 0.7
"""The share of the functions that had any traffic in two weeks."""


class Remembered:
    """The daily cache in memory: both headings are swept in the same minute."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}

    def daily(self, question: str, now: Any, ask: Any) -> Any:
        if question not in self.answers:
            self.answers[question] = ask()
        return self.answers[question]


class Counted:
    """What was asked of CloudWatch."""

    def __init__(self) -> None:
        self.metrics = self.listings = 0

    def get_metric_data(self, **asked: Any) -> dict[str, Any]:
        self.metrics += billed_metrics(asked)
        results = [
            {"Id": q["Id"], "Label": "", "Timestamps": [], "Values": [], "StatusCode": "Complete"}
            for q in asked["MetricDataQueries"]
        ]
        return {"MetricDataResults": results}


def grown(folder: str, functions: int, services: int, counted: Counted) -> FakeAccount:
    """A heading's account with so many functions, and services behind one load balancer."""
    answers = dict(module_of(folder).fake_account().answers)
    names = [f"agent-{n}" for n in range(functions)]
    in_use = names[: int(functions * IN_USE)]
    [service] = answers["ecs", "describe_services"]["services"]
    cluster = benchmarks.CLUSTER.rpartition("/")[2]
    arns = [benchmarks.SERVICE.rpartition("/")[0] + f"/api-{n}" for n in range(services)]
    groups = {arn: f"{benchmarks.GROUP.rpartition('/')[0]}/{n}" for n, arn in enumerate(arns)}
    assert cluster in arns[0]

    def described(**asked: Any) -> Mapping[str, Any]:
        return {
            "services": [
                {
                    **service,
                    "serviceArn": arn,
                    "serviceName": arn.rpartition("/")[2],
                    "loadBalancers": [{"targetGroupArn": groups[arn]}],
                }
                for arn in asked["services"]
            ]
        }

    balancer = benchmarks.BALANCER.partition("loadbalancer/")[2]
    published = [
        *({"FunctionName": name} for name in in_use),
        {"LoadBalancer": balancer},
        *(
            {"LoadBalancer": balancer, "TargetGroup": group.rpartition(":")[2]}
            for group in groups.values()
        ),
    ]
    once = {"Duration", "Invocations", "Errors", "Throttles", "TargetResponseTime"}
    once |= {"RequestCount", "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"}
    listed = list_metrics(published)

    def listing(**asked: Any) -> Mapping[str, Any]:
        counted.listings += 1
        return listed(**asked) if asked.get("MetricName") in once else {"Metrics": []}

    answers |= {
        ("lambda", "list_functions"): {"Functions": [benchmarks.function(n) for n in names]},
        ("ecs", "list_services"): {"serviceArns": arns},
        ("ecs", "describe_services"): described,
        ("elbv2", "describe_target_groups"): {
            "TargetGroups": [
                {"TargetGroupArn": group, "LoadBalancerArns": [benchmarks.BALANCER]}
                for group in groups.values()
            ]
        },
        ("cloudwatch", "get_metric_data"): counted.get_metric_data,
        ("cloudwatch", "list_metrics"): listing,
    }
    return FakeAccount(answers)


@pytest.mark.parametrize(
    ("functions", "services", "most"), [(50, 10, 2.0), (1000, 200, 30.0)], ids=["small", "large"]
)
def test_a_month_of_hourly_sweeps(functions, services, most):
    rows, together, memory = [], 0.0, Remembered()
    for folder in FAST:
        counted = Counted()
        fake_account = grown(folder, functions, services, counted)
        configured = settings.configure(heading(folder), {})
        for hour in range(24):
            aws = Aws(
                fake_account,  # type: ignore[arg-type]
                account=ACCOUNT_ID,
                region=HOME,
                now=lambda hour=hour: NOON.replace(hour=4) + timedelta(hours=hour),
                bulk=True,
                daily_cache=memory,  # type: ignore[arg-type]
            )
            list(survey(Evaluation(aws, configured), list(heading(folder)), Coverage()))
        cost = 30 * (counted.metrics * METRIC + counted.listings * LISTING)
        together += cost
        asked = f"{counted.metrics:,} metrics and {counted.listings:,} lists a day"
        rows.append((folder, f"${cost:.2f} a month", asked))
    rows.append(("together", f"${together:.2f} a month", ""))
    report(f"CloudWatch, hourly: {functions:,} functions ({IN_USE:.0%} in use), {services}", rows)
    assert together <= most
