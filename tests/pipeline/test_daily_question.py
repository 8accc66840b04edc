"""Two headings, many sweeps, second looks: Cost Explorer is asked each question once a day."""

from __future__ import annotations

from datetime import timedelta

from functions.monitoring_commands.app import monitoring_commands
from functions.performance_benchmarks.app import performance_benchmarks
from readiness import Status
from readiness.engine import settings
from readiness.engine.aws import Aws
from readiness.engine.daily_cache import DailyCache
from readiness.engine.evaluate import Evaluation
from readiness.engine.survey import Coverage, survey
from tests.accounts import monitoring_commands as worlds
from tests.engine.test_daily_cache import TABLE, table
from tests.fake_account import ACCOUNT_ID, HOME, NOON

__all__ = ["table"]


def test_cost_explorer_is_asked_each_question_once_a_day(table):
    fake_account = worlds.fake_account()
    for hour in range(6):
        for heading in (performance_benchmarks, monitoring_commands):
            moment = NOON + timedelta(hours=hour)
            aws = Aws(
                fake_account,
                account=ACCOUNT_ID,
                region=HOME,
                now=lambda moment=moment: moment,
                bulk=True,
                daily_cache=DailyCache(table, TABLE),
            )
            run = Evaluation(aws, settings.configure(heading, {}))
            billed = [rule for rule in heading if "ce:GetCostAndUsage" in rule.reads]
            for seen in survey(run, billed, Coverage()):
                assert seen.finding.status is Status.COMPLIANT, seen.finding.reason
                again = run.reread().observe(seen.rule, seen.resource)
                assert again.finding.status is Status.COMPLIANT, again.finding.reason
    by_service_and_by_region = 2
    assert fake_account.calls.count(("ce", "get_cost_and_usage")) == by_service_and_by_region
    assert ("ce", "list_cost_allocation_tags") not in fake_account.calls
