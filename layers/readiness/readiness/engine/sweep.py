"""One leg of a sweep: evaluates what its time is enough for, and closes what is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from readiness.engine import sdk
from readiness.engine.closing import Closing
from readiness.engine.leg import Leg, as_json, leg_of, list_again
from readiness.engine.look_again import MOST_TARGETS, Again
from readiness.engine.pacing import IN_A_SWEEP
from readiness.engine.record import Recorder
from readiness.engine.retired import Former
from readiness.engine.survey import Coverage, survey
from readiness.model.origin import SWEEP, Origin

if TYPE_CHECKING:
    from readiness.engine.answers import Answers
    from readiness.engine.aws import Aws
    from readiness.engine.deployment import Deployment
    from readiness.engine.evaluate import Evaluation
    from readiness.engine.later import Later
    from readiness.engine.observation import Observation
    from readiness.engine.sandbox import Sandbox
    from readiness.engine.targets import Target
    from readiness.engine.telemetry import Telemetry
    from readiness.model.rule import Rule

SPARE_MILLISECONDS = 45_000
LAST_SECONDS = 20.0
"""What a run needs at its end: calls that would wait longer for their turn are not made."""


def _now() -> datetime:
    return datetime.now(UTC)


class Legs:
    """What the legs of sweeps, and of looks at everything, have in common in one sandbox."""

    def __init__(self, telemetry: Telemetry, sandbox: Sandbox) -> None:
        self._telemetry = telemetry
        self._sandbox = sandbox
        self._handed_on: tuple[str, Answers] | None = None

    def enough(
        self, recorder: Recorder, coverage: Coverage, left: Callable[[], float]
    ) -> Callable[[], bool]:
        """Whether the time that remains is needed for the second looks and the answer."""
        available = left()

        def enough() -> bool:
            again = 1000 * recorder.seconds_to_look((available - left()) / 1000)
            return left() < SPARE_MILLISECONDS + again or self._sandbox.is_full(
                moved=coverage.reached is not None
            )

        return enough

    def look_a_second_time(self, recorder: Recorder, left: Callable[[], float]) -> None:
        """Look again at what changed, once for the whole leg."""
        unseen = recorder.look_again(lambda: left() < SPARE_MILLISECONDS / 2)
        if unseen:
            self._telemetry.second_looks_left(unseen)

    def hand_on(self, leg: Leg, coverage: Coverage, aws: Aws) -> None:
        """Forget what the leg read, but for what the next one, if any, can go on with.

        That one mostly runs in this sandbox. Long listings are then read once in several legs, and
        what takes more calls than a leg has turns for is read by several.
        """
        if coverage.cursor is not None:
            self._handed_on = (leg.sweep, aws.answers.handed_on(_now()))
        aws.forget()
        self._sandbox.relieve()

    def take_over(self, leg: Leg, aws: Aws) -> None:
        """Go on with what the leg before this one has read, if it ran in this sandbox."""
        handed_on, self._handed_on = self._handed_on, None
        if handed_on is not None and leg.start is not None and handed_on[0] == leg.sweep:
            aws.take_over(handed_on[1].handed_on(_now()))


class Sweep:
    """The legs of one heading's sweeps, in the sandbox of its function."""

    def __init__(
        self,
        deployment: Deployment,
        telemetry: Telemetry,
        later: Later,
        legs: Legs,
    ) -> None:
        self._deployment = deployment
        self._heading = deployment.heading
        self._telemetry = telemetry
        self._later = later
        self._legs = legs
        self._former = Former(deployment.dynamodb, deployment.transitions_table)
        self._sdk_is_told = False

    def leg(self, sweep: object, account: str, region: str, context: Any) -> dict[str, Any]:
        """One leg of a sweep. ``cursor`` in the answer says that another leg is needed.

        ``wait`` says how many seconds later: a listing failed for a passing reason.
        """
        leg = leg_of(sweep, self._deployment.release)
        self._log_unreadable_evidence()

        def left() -> float:
            return float(context.get_remaining_time_in_millis())

        self._deployment.pacer.begin(
            IN_A_SWEEP, seconds=left() / 1000 - LAST_SECONDS, resumes=leg.resumes
        )
        origin = Origin(woken_by=SWEEP)
        evaluation = self._deployment.evaluation(
            account,
            region,
            self._deployment.settings.now(),
            leg.sweep,
            origin,
            now=_now,
            bulk=True,
            measurements=leg.measurements,
        )
        self._legs.take_over(leg, evaluation.aws)
        recorder = Recorder(self._deployment.store, evaluation, together=True)
        coverage = Coverage()
        rules = evaluation.judged(self._heading)
        recorder.expect(rules)
        began = _now()
        evaluated = 0
        passing: set[Target] = set()

        def record(observation: Observation) -> None:
            if not leg.is_tried_again(observation):
                recorder.record(observation)

        enough = self._legs.enough(recorder, coverage, left)
        for observation in survey(
            evaluation, rules, coverage, start=leg.start, enough=enough, record=record
        ):
            evaluated += 1
            still_open = self._left_open(leg, observation)
            if len(passing) < MOST_TARGETS:
                passing |= still_open
        self._legs.hand_on(leg, coverage, evaluation.aws)
        self._legs.look_a_second_time(recorder, left)
        self._look_later(passing, recorder, leg)
        wait = list_again(coverage) if coverage.cursor is None else 0
        closed = 0
        if coverage.cursor is None and left() >= SPARE_MILLISECONDS:
            closed = self._close(evaluation, recorder, rules, coverage, began, left)
            self._look_later((), recorder, leg)
        if coverage.cursor is None and left() < SPARE_MILLISECONDS:
            coverage.cursor = coverage.end
        answer = self._telemetry.recorded(recorder, evaluated) | self._covered(coverage, rules)
        answer |= {"closed": closed} | ({"wait": wait} if wait else {})
        if coverage.cursor is not None:
            cursor = coverage.cursor.after_a_leg_from(leg.start)
            return answer | {"cursor": as_json(cursor, self._deployment.release)}
        recorder.raise_on_unwritten()
        return answer

    def _look_later(self, passing: Iterable[Target], recorder: Recorder, leg: Leg) -> None:
        """Ask for a later look at what is left open, second looks included."""
        origin = self._deployment.origin(Origin(woken_by=SWEEP))
        asked = Again(frozenset(), 0, leg.sweep, origin)
        recorder.leave_to_later(self._later.ask({*passing, *recorder.waiting}, asked, _now()))

    def _left_open(self, leg: Leg, observation: Observation) -> set[Target]:
        """What is looked at once more soon after this leg, and not in another one."""
        if leg.is_tried_again(observation):
            return set()
        self._telemetry.observed(observation)
        return set() if observation.again is None else {observation.again}

    def _covered(self, coverage: Coverage, rules: Sequence[Rule]) -> dict[str, Any]:
        """What a leg tells of what it covered."""
        return {
            "heading": self._heading.folder,
            "out_of_scope": coverage.out_of_scope,
            "own": coverage.own,
            "unlisted": list(coverage.unlisted),
            # What the baseline of a rule is ended by: its type was listed, by this version of it.
            "rules": {rule.id: rule.subject.name for rule in rules},
            "release": self._deployment.release,
        }

    def _close(
        self,
        evaluation: Evaluation,
        recorder: Recorder,
        rules: Sequence[Rule],
        coverage: Coverage,
        began: datetime,
        left: Callable[[], float],
    ) -> int:
        """Close the findings of what is gone: resources, rules and headings.

        And those of the rules that this stack does not evaluate, since EvaluateGlobalServices was
        turned off: no sweep would see how they end.
        """

        def enough() -> bool:
            return left() < SPARE_MILLISECONDS

        closing = Closing(self._deployment.store, evaluation, recorder)
        # What was made and judged after the listing began need not be in it.
        listed = min([began, *evaluation.aws.listed_at.values()])
        closed = closing.vanished(rules, coverage, before=listed, enough=enough)
        folder, existing = self._heading.folder, [rule.id for rule in rules]
        deployed = self._deployment.headings
        if not enough() and not self._former.is_clean(folder, existing, deployed):
            walk = self._former.walk(folder, existing, deployed)
            closed += closing.retired(
                folder,
                rules,
                left_to_others={rule.id for rule in self._heading} - {*existing},
                deployed=deployed,
                before=began,
                walk=walk,
                enough=enough,
            )
            if closing.walk is not None:
                self._former.reached(folder, existing, deployed, closing.walk)
            elif not closing.is_another_needed:
                self._former.cleaned(folder, existing, deployed)
            elif walk is not None:
                self._former.begin_anew(folder)
        recorder.look_again(enough)
        return closed

    def _log_unreadable_evidence(self) -> None:
        """Say once in a sandbox's life which evidence its SDK cannot read.

        In a sweep, which loads the service models anyway; an event must not wait for it.
        """
        if self._sdk_is_told:
            return
        self._sdk_is_told = True
        for each in sdk.blind(self._heading, self._deployment.session.loader):
            self._telemetry.sdk_too_old(
                {"evidence": each.evidence, "missing": each.actions, "rules": each.rules}
            )
