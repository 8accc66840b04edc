"""A look at everything of some rules after an event, in as many parts as it takes.

In a vast account it takes longer than Lambda lets an invocation run: it goes on where the one
before stopped, as the legs of a sweep do, and one look runs at a time (decision 93).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from readiness.engine.crowds import of_several
from readiness.engine.leg import as_json, leg_of
from readiness.engine.look_again import MOST_PARTS, WAITS, Again, Passing
from readiness.engine.rates import IN_AN_EVENT
from readiness.engine.record import Recorder
from readiness.engine.survey import Coverage, survey
from readiness.engine.sweep import LAST_SECONDS, Legs
from readiness.engine.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from readiness.engine.deployment import Deployment
    from readiness.engine.later import Later
    from readiness.engine.observation import Observation
    from readiness.engine.telemetry import Telemetry


class Everything:
    """The looks at everything of one heading, in the sandbox of its function."""

    def __init__(
        self, deployment: Deployment, telemetry: Telemetry, later: Later, legs: Legs
    ) -> None:
        self._deployment = deployment
        self._telemetry = telemetry
        self._later = later
        self._legs = legs
        self._turns = Turns(
            deployment.dynamodb, deployment.transitions_table, deployment.heading.folder
        )

    def look(
        self,
        asked: Again,
        account: str,
        region: str,
        *,
        left: Callable[[], float],
        now: Callable[[], datetime],
    ) -> dict[str, Any] | None:
        """Evaluate as much as the time goes for, and ask for the next part.

        ``left`` tells the milliseconds that remain. None where another look at the same is at
        work, which will be made again: an event's looks do not take their parts of AWS's rates
        side by side.
        """
        key = self._turns.key(asked.targets)
        if not asked.attempt and not self._turns.take(key, asked.trigger, now()):
            return None
        if asked.part and self._turns.is_of_several(key):
            asked = replace(asked, origin=of_several(asked.origin))
        release = self._deployment.release
        leg = leg_of({"id": asked.trigger, "cursor": asked.cursor}).by(release)
        self._deployment.pacer.begin(
            IN_AN_EVENT, seconds=left() / 1000 - LAST_SECONDS, resumes=leg.resumes
        )
        evaluation = self._deployment.evaluation(
            account,
            region,
            self._deployment.settings.now(),
            asked.trigger,
            asked.origin,
            now=now,
            bulk=True,
            named=asked.named,
        )
        self._legs.take_over(leg, evaluation.aws)
        recorder = Recorder(self._deployment.store, evaluation, together=True)
        meant = {target.rule for target in asked.targets}
        rules = [rule for rule in evaluation.judged(self._deployment.heading) if rule.id in meant]
        recorder.expect(rules)
        coverage, passing = Coverage(), Passing()
        is_last = asked.attempt >= len(WAITS)

        def record(observation: Observation) -> None:
            if is_last or not passing.keeps(observation):
                recorder.record(observation)

        evaluated = 0
        for observation in survey(
            evaluation,
            rules,
            coverage,
            start=leg.start,
            enough=self._legs.enough(recorder, coverage, left),
            record=record,
            closes=False,
        ):
            evaluated += 1
            self._telemetry.observed(observation)
        self._legs.hand_on(leg, coverage, evaluation.aws)
        self._legs.look_a_second_time(recorder, left)
        again = self._later.ask(passing.kept, replace(asked, cursor=None, part=0), now())
        for observation in passing.without(again):
            recorder.record(observation)
        done = self._telemetry.recorded(recorder, evaluated)
        done |= {"again": len(again)} if again else {}
        if coverage.cursor is not None:
            cursor = as_json(coverage.cursor.after_a_leg_from(leg.start), release)
            if self._goes_on(asked, cursor):
                return done | {"cursor": cursor}
        if not asked.attempt and self._turns.end(key, asked.trigger, now()):
            several = replace(asked, origin=of_several(asked.origin))
            done |= {"later": int(self._goes_on(several, None))}
        recorder.raise_on_unwritten()
        return done

    def _goes_on(self, asked: Again, cursor: Mapping[str, Any] | None) -> bool:
        """Whether there will be another part; one that is not is counted."""
        if asked.part < MOST_PARTS and self._later.go_on(asked, cursor):
            return True
        self._telemetry.look_cut(asked.part)
        return False
