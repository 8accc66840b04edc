"""Two headings, many sweeps, second looks: Cost Explorer is asked once."""

from __future__ import annotations

from datetime import timedelta

from functions.monitoring_commands.app import monitoring_commands
from functions.performance_benchmarks.app import performance_benchmarks
from readiness import Status, settings
from readiness.aws import Aws
from readiness.evaluate import Coverage, Evaluation
from readiness.memory import Memory
from tests.kernel.test_memory import TABLE, table
from tests.world import ACCOUNT_ID, HOME, NOON
from tests.worlds import monitoring_commands as worlds

__all__ = ["table"]


def test_cost_explorer_is_asked_once_a_day(table):
    world = worlds.world()
    for hour in range(6):
        for heading in (performance_benchmarks, monitoring_commands):
            moment = NOON + timedelta(hours=hour)
            aws = Aws(
                world,
                account=ACCOUNT_ID,
                region=HOME,
                now=lambda moment=moment: moment,
                bulk=True,
                memory=Memory(table, TABLE),
            )
            run = Evaluation(aws, settings.configure(heading, {}))
            billed = [rule for rule in heading if "ce:GetCostAndUsage" in rule.reads]
            for seen in run.survey(billed, Coverage()):
                assert seen.finding.status is Status.COMPLIANT, seen.finding.reason
                again = run.afresh().observe(seen.rule, seen.resource)
                assert again.finding.status is Status.COMPLIANT, again.finding.reason
    assert world.calls.count(("ce", "get_cost_and_usage")) == 1
    assert ("ce", "list_cost_allocation_tags") not in world.calls
