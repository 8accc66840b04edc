"""Whether a restore testing plan restores anything."""

from __future__ import annotations

from datetime import timedelta

from readiness import Verdict, cannot_tell, complies, not_applicable, violates
from readiness.evidence.backup.restores import Backups
from readiness.evidence.backup.testing_plans import RestoreTestingPlan
from readiness.model.text import listed, plural
from readiness.model.verdict import Fact
from readiness.semantics.rotation_schedule import longest_gap_days

EXPECTED = "A plan that selects resources, ran within two of its periods, and restored something."


def judge_plan(plan: RestoreTestingPlan, backups: Backups, max_period_days: int) -> Verdict:
    """A plan that never ran, ran too long ago or restored nothing proves nothing."""
    if not plan.selected:
        return violates("The plan selects no resources (no selections).", expected=EXPECTED)
    period = longest_gap_days(plan.schedule)
    if period is None:
        return cannot_tell(f"The schedule {plan.schedule} is not understood.")
    facts: dict[str, Fact] = {"schedule": plan.schedule, "types": listed(plan.selected)}
    if period > max_period_days:
        return violates(
            f"The plan runs every {plural(period, 'day')};"
            f" at least every {max_period_days} days is required.",
            expected=EXPECTED,
        ).observing(facts)
    verdict = _idle(plan, period) or _restores(plan, backups, period)
    return verdict.observing(facts)


def _idle(plan: RestoreTestingPlan, period: float) -> Verdict | None:
    """The verdict on a plan that has not run within two periods."""
    start, day = timedelta(hours=plan.start_hours), timedelta(days=max(period, 1.0))
    if plan.ran is not None and plan.read_at - plan.ran <= 2 * day + start:
        return None
    if plan.read_at - plan.changed <= day + start:
        return not_applicable(
            f"The plan was created or changed on {plan.changed:%Y-%m-%d}; its next run is still"
            " ahead."
        )
    last = "never ran" if plan.ran is None else f"last ran on {plan.ran:%Y-%m-%d}"
    return violates(
        f"The plan {last}, although its schedule is {plan.schedule}.", expected=EXPECTED
    )


def _restores(plan: RestoreTestingPlan, backups: Backups, period: float) -> Verdict:
    """The verdict on what the last run restored."""
    ran = plan.ran or plan.changed
    newest = backups.runs.get(plan.arn)
    start = timedelta(hours=plan.start_hours)
    is_running = plan.read_at - ran <= start
    is_new = plan.read_at - plan.changed <= timedelta(days=max(period, 1.0)) + 2 * start
    if newest is None and is_running and is_new and plan.arn not in backups.failed_runs:
        return not_applicable("The plan is running for the first time.")
    if newest is None and plan.changed > ran:
        return not_applicable(
            f"The plan or its selections were changed on {plan.changed:%Y-%m-%d}, after it last"
            " ran."
        )
    # The jobs of a run that has just begun may be ahead: those of the run before count.
    within = timedelta(days=period) + start if is_running else timedelta(hours=1)
    if newest is None or newest < ran - within:
        failed = backups.failed_runs.get(plan.arn)
        if failed is not None and failed >= ran - within:
            return violates(
                f"The plan ran on {ran:%Y-%m-%d}, and every restore that it started failed.",
                expected=EXPECTED,
            )
        return violates(
            f"The plan ran on {ran:%Y-%m-%d} and restored nothing: no recovery point matches its"
            " selections.",
            expected=EXPECTED,
        )
    return complies(
        f"The plan last restored something on {newest:%Y-%m-%d} ({listed(plan.selected)})."
    )
