"""A look at everything of some rules after an event, in as many parts as it takes.

In a vast account it takes longer than Lambda lets an invocation run: it goes on where the one
before stopped, as the legs of a sweep do, and one look runs at a time (decision 93). So does a
look at what refers to a resource where many may refer to it, and AWS Config's question about
everything (decision 107).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from readiness.engine.crowds import of_several, of_several_events
from readiness.engine.follow import refers
from readiness.engine.leg import as_json, leg_of
from readiness.engine.look_again import MOST_PARTS, WAITS, Again, Passing, concerns_everything
from readiness.engine.pacing import IN_AN_EVENT
from readiness.engine.record import Recorder
from readiness.engine.survey import Coverage, survey
from readiness.engine.sweep import LAST_SECONDS, Legs
from readiness.engine.turns import NOTHING_CAME, Note, Turns

if TYPE_CHECKING:
    from readiness.engine.config_answers import Answering
    from readiness.engine.deployment import Deployment
    from readiness.engine.evaluate import Evaluation
    from readiness.engine.later import Later
    from readiness.engine.leg import Leg
    from readiness.engine.observation import Observation
    from readiness.engine.settings import Given
    from readiness.engine.targets import Target
    from readiness.engine.telemetry import Telemetry
    from readiness.model.resource import Resource
    from readiness.model.rule import Rule


class NotContinued(RuntimeError):
    """The state machine did not take the next part of a look: the same part has to be tried again.

    The state machine, or Lambda, does so, and sets it aside with the failed events in the end.
    """


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
        given: Given,
        *,
        left: Callable[[], float],
        now: Callable[[], datetime],
        config: Answering | None = None,
    ) -> dict[str, Any] | None:
        """Evaluate as much as the time goes for, and ask for the next part.

        ``given`` are the settings, ``left`` tells the milliseconds that remain. ``config`` answers
        AWS Config, which asked; each of its questions has a look of its own.

        None where another look at the same is at work, which will be made again: an event's looks
        do not take their parts of AWS's rates side by side. Raises NotContinued.
        """
        takes_turns = config is None and not asked.attempt
        key = self._turns.key(asked.targets)
        begun = self._begins(key, asked, now) if takes_turns else (asked, NOTHING_CAME)
        if begun is None:
            return None
        asked, note = begun
        # One about other rules, or made later, asks anew: what it is for may have come since.
        id = f"{asked.round} {key} {asked.attempt}"
        leg = leg_of({"id": id, "cursor": asked.cursor}, self._deployment.release)
        self._deployment.pacer.begin(
            IN_AN_EVENT, seconds=left() / 1000 - LAST_SECONDS, resumes=leg.resumes
        )
        evaluation = self._deployment.evaluation(
            account,
            region,
            given,
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
        is_ours = config is None or config.by_our_settings

        def record(observation: Observation) -> None:
            waits = not is_last and passing.keeps(observation)
            if is_ours and not waits:
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
            concerns=_concerns(evaluation, asked),
        ):
            evaluated += 1
            self._telemetry.observed(observation)
            if config is not None:
                waits = observation.again in passing.kept
                config.add(observation, evaluation.aws, waits=waits)
        if config is not None:
            config.send(evaluation.aws)
        self._legs.hand_on(leg, coverage, evaluation.aws)
        self._legs.look_a_second_time(recorder, left)
        unwritten = () if is_last else recorder.unwritten_at
        again = self._look_later(
            asked, {*passing.kept, *unwritten, *recorder.waiting}, config, now()
        )
        recorder.leave_to_later(again)
        for observation in passing.without(again) if is_ours else ():
            recorder.record(observation)
        done = self._telemetry.recorded(recorder, evaluated)
        done |= {"again": len(again)} if again else {}
        cursor = self._cursor(leg, coverage)
        if cursor is not None and self._goes_on(asked, cursor):
            self._turns.forget(key, note, now())
            recorder.raise_on_unwritten()
            return done | {"cursor": cursor}
        recorder.raise_on_unwritten()
        if takes_turns:
            done |= self._end(key, asked, note, now)
        return done

    def _look_later(
        self, asked: Again, targets: set[Target], config: Answering | None, now: datetime
    ) -> frozenset[Target]:
        """Those of the targets that a later look is asked for. Raises NotContinued."""
        if config is not None:
            targets = config.beside(targets) | config.unsent
        at_once = replace(asked, cursor=None, part=0, begun="", beside=False)
        again = self._later.ask(targets, at_once, now)
        if config is not None and not config.unsent <= again:
            raise NotContinued("AWS Config did not take the answers, and no later look can be had")
        return again

    def _begins(
        self, key: str, asked: Again, now: Callable[[], datetime]
    ) -> tuple[Again, Note] | None:
        """The look, if it is its turn; None where another one sees, or saw, the same.

        With the note of the events before it that nobody has looked for yet: a look that begins
        sees what came of them too, whichever resource they were about. It is forgotten after the
        first part, so that a part that is killed and made again finds it. Should the other look
        die, a look that is asked for now takes its turn. Raises NotContinued.
        """
        if asked.beside and self._turns.noted(key) == NOTHING_CAME:
            return None
        if not self._turns.take(key, asked.round, now(), asked.named):
            if not self._later.beside(asked, now()):
                raise NotContinued("no look can be asked for after the one that is at work")
            return None
        note = self._turns.noted(key)
        if note == NOTHING_CAME:
            return asked, NOTHING_CAME
        if note is None or asked.cursor is not None:
            return replace(asked, origin=of_several(asked.origin)), NOTHING_CAME
        return replace(of_several_events(asked), named=asked.named | note.named), note

    def _end(
        self, key: str, asked: Again, seen: Note, now: Callable[[], datetime]
    ) -> dict[str, Any]:
        """Give the turn back, and ask for a look at what came meanwhile. Raises NotContinued.

        ``seen`` is the note of what came before the look, which needs no other one.
        """
        note = self._turns.end(key, asked.round, now())
        if note in (NOTHING_CAME, seen):
            self._turns.forget(key, seen, now())
            return {}
        following = replace(of_several_events(asked), named=note.named)
        if not self._later.begin_anew(following, note.came):
            raise NotContinued("no look can be asked for at what came during this one")
        return {"later": 1}

    def _cursor(self, leg: Leg, coverage: Coverage) -> dict[str, Any] | None:
        """Where the next part goes on; None where there is nothing left."""
        if coverage.cursor is None:
            return None
        return as_json(coverage.cursor.after_a_leg_from(leg.start), self._deployment.release)

    def _goes_on(self, asked: Again, cursor: Mapping[str, Any]) -> bool:
        """Whether there will be another part; a look with too many ends, and is counted.

        Raises NotContinued.
        """
        if asked.part >= MOST_PARTS:
            self._telemetry.look_cut(asked.part)
            return False
        if not self._later.go_on(asked, cursor):
            raise NotContinued("the next part of a look cannot be asked for")
        return True


def _concerns(evaluation: Evaluation, asked: Again) -> Callable[[Rule, Resource], bool]:
    """Whether the look is about a resource: it is about all, or about what refers to something."""
    about_all = {target.rule for target in asked.targets if concerns_everything(target)}
    changed: dict[str, set[tuple[str, str]]] = {}
    for target in asked.targets:
        if target.via is not None:
            changed.setdefault(target.rule, set()).add(target.via)

    def concerns(rule: Rule, resource: Resource) -> bool:
        return rule.id in about_all or refers(
            evaluation, evaluation.aws, rule, resource, changed.get(rule.id, ())
        )

    return concerns
