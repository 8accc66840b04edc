"""Whether a function has the memory that it needs and not more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from readiness.model.text import listed
from readiness.model.verdict import Verdict, cannot_tell, complies, not_applicable, violates, worst

if TYPE_CHECKING:
    from datetime import datetime

    from readiness.evidence.awslambda.functions import FunctionSize
    from readiness.evidence.computeoptimizer import Recommendation
    from readiness.evidence.workloads.utilization import FunctionRuns

MOST_MIB = 1792
LEAST_RUNS = 50


def judge_memory(
    function: FunctionSize,
    found: Recommendation | None,
    published: tuple[int, Recommendation] | None,
    runs: FunctionRuns,
    now: datetime,
    *,
    min_saving: float,
    report_unused: bool,
) -> Verdict:
    """What Compute Optimizer says of the function, and what it would save.

    ``published`` is what it says of the highest version that it saw run, whose size is for good.
    """
    verdicts = []
    if found is not None:
        verdicts.append(_of_latest(function, found, min_saving))
    if published is not None:
        version, about = published
        said = _judged(int(about.about or 0), about, min_saving)
        verdicts.append(replace(said, reason=f"In the version {version}: {said.reason}"))
    if not verdicts:
        return _unlisted(function, runs, now, report_unused=report_unused)
    status = worst([each.status for each in verdicts])
    return next(each for each in verdicts if each.status is status)


def _of_latest(function: FunctionSize, found: Recommendation, min_saving: float) -> Verdict:
    if found.finding == "Unavailable":
        why = listed([*found.reasons]) or "it gives no reason"
        return cannot_tell(f"Compute Optimizer has no recommendation for it: {why}.")
    changed = function.modified
    is_old = found.about != str(function.memory)
    is_older = changed is not None and found.refreshed is not None and found.refreshed < changed
    if is_old or is_older:
        return cannot_tell(
            "The function was changed since Compute Optimizer looked at it (STALE_RECOMMENDATION)."
        )
    return _judged(function.memory, found, min_saving)


def _judged(memory: int, found: Recommendation, min_saving: float) -> Verdict:
    during = f" in the last {found.days:g} days" if found.days else ""
    if found.finding == "NotOptimized" and found.saving and found.saving.amount >= min_saving:
        return violates(
            f"Its {memory} MiB are not what it needs ({listed([*found.reasons])}):"
            f" with {found.saving.change} it would cost {found.saving} less, by Compute"
            f" Optimizer's figures{during}.",
            expected=f"{found.saving.change} of memory.",
            memory=memory,
            monthly_saving=round(found.saving.amount, 2),
        )
    if found.finding == "NotOptimized":
        return complies(
            f"Compute Optimizer would change its memory ({listed([*found.reasons])}), which saves"
            f" less than {min_saving:g} a month.",
            memory=memory,
        )
    return complies(
        f"Compute Optimizer finds its memory of {memory} MiB right{during}.",
        memory=memory,
    )


def _unlisted(
    function: FunctionSize,
    runs: FunctionRuns,
    now: datetime,
    *,
    report_unused: bool,
) -> Verdict:
    """The verdict on a function that Compute Optimizer does not list."""
    if runs.at_edge:
        return not_applicable(
            f"CloudFront runs it at the edge ({listed(list(runs.at_edge))}), where its invocations"
            " are counted under another name and Compute Optimizer does not look."
        )
    if runs.rotates:
        return not_applicable("It rotates secrets, and none was rotated in 30 days.")
    count = runs.count
    changed = function.modified
    is_settled = changed is not None and now - changed > timedelta(days=30)
    if count == 0 and report_unused and changed is not None and is_settled:
        return violates(
            f"It was not invoked in 30 days (UNUSED), and last changed on {changed:%Y-%m-%d}.",
            expected="Functions that are invoked, or none.",
        )
    if function.memory > MOST_MIB:
        return not_applicable(
            f"Compute Optimizer analyses functions of at most {MOST_MIB:,} MiB; this one has"
            f" {function.memory:,}."
        )
    if count is not None and count < LEAST_RUNS:
        return not_applicable(
            f"It was invoked {count:,.0f} times in 30 days. Compute Optimizer analyses functions"
            f" with {LEAST_RUNS} invocations in 14 days."
        )
    return cannot_tell("Compute Optimizer does not list the function.")
