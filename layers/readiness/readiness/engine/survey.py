"""Every resource that the rules of a heading know: listed, then judged in batches and legs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import IntEnum

from readiness.engine.aws_errors import CredentialsRefused, Postponed
from readiness.engine.evaluate import Evaluation
from readiness.engine.observation import Observation
from readiness.model.evidence import ResourceType
from readiness.model.resource import GLOBAL, Resource
from readiness.model.rule import Rule
from readiness.model.text import error_text
from readiness.model.unreadable import Cause, NotOffered, Unreadable

_THREADS = 12
BATCH = 100
"""How many resources of one type are judged before what was read about them is forgotten."""


class Phase(IntEnum):
    """How far a survey of several legs has come."""

    JUDGING = 0
    MISSED = 1
    """Everything else is judged; now the types that an earlier leg could not list."""
    CLOSING = 2
    """Everything is judged; what remains are the rows of what is gone."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a survey stopped: the last resource of a type that was done.

    ``unlisted`` are the types that a leg so far could not list: they are judged as soon as they
    can be, and nothing of them is closed. ``tries`` counts the legs that were made for them alone,
    ``idle`` the legs that ended here without having judged anything.
    """

    type: str
    region: str
    after: str
    phase: Phase = Phase.JUDGING
    unlisted: tuple[str, ...] = ()
    tries: int = 0
    idle: int = 0

    def after_a_leg_from(self, start: Cursor | None) -> Cursor:
        """This cursor, one leg more idle where it is the one that the leg began at."""
        began = start or Cursor("", "", "")
        idle = began.idle + 1 if replace(self, idle=began.idle) == began else 0
        return replace(self, idle=idle)


@dataclass
class Coverage:
    """What a survey really looked at: subject types listed to the end without an error.

    ``missed`` are the names of types that an earlier leg of the survey could not list, ``parts``
    the ids of those that this one could list in part, which are judged and close nothing.
    ``tries`` is the cursor's.
    """

    listed: dict[ResourceType, set[str]] = field(default_factory=dict)
    failed: dict[ResourceType, Unreadable] = field(default_factory=dict)
    missed: frozenset[str] = frozenset()
    parts: dict[ResourceType, set[str]] = field(default_factory=dict)
    out_of_scope: int = 0
    own: int = 0
    cursor: Cursor | None = None
    reached: Cursor | None = None
    tries: int = 0

    def begin(self, start: Cursor | None) -> None:
        """Take over what the leg before handed on."""
        if start is not None:
            self.missed, self.tries = frozenset(start.unlisted), start.tries

    @property
    def unlisted(self) -> tuple[str, ...]:
        """The names of the types that this leg or one before could not list."""
        return tuple(sorted(self.missed | {about.name for about in self.failed}))

    @property
    def end(self) -> Cursor:
        """Where to go on when everything that could be listed is judged."""
        if not self.failed:
            return Cursor("", "", "", Phase.CLOSING, self.unlisted, self.tries)
        reached = self.reached
        if reached is None or reached.phase is not Phase.MISSED:
            reached = Cursor("", "", "", Phase.MISSED)
        return replace(reached, unlisted=self.unlisted, tries=self.tries)

    @property
    def may_be_listed(self) -> bool:
        """Whether a listing failed for a reason that passes by itself."""
        return any(unreadable.is_passing for unreadable in self.failed.values())

    def is_whole(self, about: ResourceType) -> bool:
        """Whether a row without a resource may be closed: no leg failed to list the type."""
        return about in self.listed and about.name not in self.missed


def survey(
    evaluation: Evaluation,
    rules: Sequence[Rule],
    coverage: Coverage,
    *,
    start: Cursor | None = None,
    enough: Callable[[], bool] = lambda: False,
    progress: Callable[[int, int], None] = lambda done, total: None,
    record: Callable[[Observation], None] = lambda observation: None,
    closes: bool = True,
    concerns: Callable[[Rule, Resource], bool] = lambda rule, resource: True,
) -> Iterator[Observation]:
    """Judge every resource the rules know; ``coverage`` tells what was really covered.

    Works in batches of resources of one type: what was read about them is forgotten before
    the next. Stops early when ``enough`` says so, leaving ``coverage.cursor`` to start from
    again. ``record`` is called with each observation before it is yielded, in the thread that
    made it, so that writing goes on beside reading. What a rule does not concern is passed over;
    that may be found out by reading about the resource.

    The first leg lists every type at once. A later one lists a type when its turn comes, and the
    types that earlier legs are done with only at the end of the survey, to close what is gone. So
    are those again whose listing this leg has taken over. Where nothing ``closes`` by them, they
    are not.
    """
    coverage.begin(start)
    by_type: dict[ResourceType, list[Rule]] = {}
    for rule in evaluation.judged(rules):
        by_type.setdefault(rule.subject, []).append(rule)
    ahead, behind = _divided(by_type, coverage, start)
    with ThreadPoolExecutor(_THREADS, "survey") as pool:
        run = _Run(evaluation, pool, by_type, coverage, start, enough, progress, record, concerns)
        for types in [ahead] if start is None else [[each] for each in ahead]:
            yield from run.judged(types)
            if coverage.cursor is not None:
                return
        # By a listing that was made before the judging ended nothing is closed.
        if closes:
            again = [*ahead, *behind] if evaluation.aws.has_taken_over else behind
            yield from run.closing(again)


@dataclass
class _Run:
    """One leg of a survey under way; ``total`` and ``done`` count resources."""

    evaluation: Evaluation
    pool: ThreadPoolExecutor
    by_type: Mapping[ResourceType, Sequence[Rule]]
    coverage: Coverage
    start: Cursor | None
    enough: Callable[[], bool]
    progress: Callable[[int, int], None]
    record: Callable[[Observation], None]
    concerns: Callable[[Rule, Resource], bool]
    total: int = 0
    done: int = 0

    @property
    def reached(self) -> Cursor:
        """The cursor of a leg that ends here."""
        return self.coverage.reached or _unmoved(self.start, self.coverage)

    def judged(self, types: Sequence[ResourceType]) -> Iterator[Observation]:
        """List types and judge their resources; sets the cursor where it is not done."""
        coverage = self.coverage
        if coverage.reached and self.enough():
            coverage.cursor = coverage.reached
            return
        try:
            yield from self._listed(types)
        except Postponed:
            coverage.cursor = self.reached
            return
        left = [(about, _left(about, coverage, self.start)) for about in types]
        self.total += sum(len(ids) for _, ids in left)
        self.progress(self.done, self.total)
        for about, ids in [(about, batch) for about, all in left for batch in _batches(all)]:
            judged = 0
            for judged, observations in enumerate(self._batch(about, ids), 1):
                _count(observations, coverage)
                self.progress(self.done + judged, self.total)
                yield from observations
            self.done += judged
            if judged:
                coverage.reached = _cursor(self.evaluation, about, ids[judged - 1], coverage)
            if judged < len(ids):
                coverage.cursor = self.reached
                return

    def closing(self, types: Sequence[ResourceType]) -> Iterator[Observation]:
        """List the types that are judged, so that what is gone can be closed.

        A leg that begins here takes over what the one before has listed here, so that listings
        which take longer than a leg come to an end.
        """
        goes_on = self.start is not None and self.start.phase is Phase.CLOSING
        if self.evaluation.aws.has_taken_over and not goes_on:
            self.evaluation.aws.forget()
        if types and self.coverage.reached and self.enough():
            self.coverage.cursor = self.coverage.end
            return
        for about in types:
            self.coverage.listed.pop(about, None)
        try:
            yield from self._listed(types)
        except Postponed:
            self.coverage.cursor = self.coverage.end

    def _listed(self, types: Sequence[ResourceType]) -> Iterator[Observation]:
        rows = _list(self.evaluation, self.pool, types, self.by_type, self.coverage)
        yield from _each(self.record, rows)

    def _batch(self, about: ResourceType, ids: Sequence[str]) -> Iterator[list[Observation]]:
        def observed(id: str) -> list[Observation] | None:
            return _in_turn(
                self.evaluation, about, id, self.by_type[about], self.record, self.concerns
            )

        return _judged(self.evaluation, self.pool, about, ids, observed, self.enough)


def _count(observations: Iterable[Observation], coverage: Coverage) -> None:
    """Count a resource that is not judged, by the reason."""
    coverage.own += any(o.is_own for o in observations)
    coverage.out_of_scope += any(o.out_of_scope and not o.is_own for o in observations)


def _divided(
    types: Iterable[ResourceType], coverage: Coverage, start: Cursor | None
) -> tuple[list[ResourceType], list[ResourceType]]:
    """The types that are still to be judged, in order, and those that are done."""
    order = sorted(types, key=lambda about: _position(about, coverage))
    if start is None:
        return order, []
    reached = (start.phase, start.type, start.region == GLOBAL)
    ahead = [about for about in order if _position(about, coverage) >= reached]
    return ahead, [about for about in order if about not in ahead]


def _list(
    evaluation: Evaluation,
    pool: ThreadPoolExecutor,
    types: Sequence[ResourceType],
    by_type: Mapping[ResourceType, Sequence[Rule]],
    coverage: Coverage,
) -> Iterator[Observation]:
    """List types; yields a row for each rule that has nothing to judge, or no list."""
    listings = {about: pool.submit(evaluation.aws.find, about) for about in types}
    for about in types:
        try:
            ids = listings[about].result()
        except Unreadable as unreadable:
            if not isinstance(unreadable, NotOffered):
                coverage.failed[about] = unreadable
            if unreadable.found:
                coverage.parts[about] = set(unreadable.found)
            yield from evaluation.unlisted(by_type[about], about, unreadable)
            continue
        except (CredentialsRefused, Postponed):
            raise
        except Exception as error:
            broken = _unlistable(about, error)
            coverage.failed[about] = broken
            yield from evaluation.unlisted(by_type[about], about, broken)
            continue
        coverage.listed[about] = set(ids)
        if not ids:
            yield from evaluation.nothing(by_type[about], about)


def _judged(
    evaluation: Evaluation,
    pool: ThreadPoolExecutor,
    about: ResourceType,
    ids: Sequence[str],
    observed: Callable[[str], list[Observation] | None],
    enough: Callable[[], bool],
) -> Iterator[list[Observation]]:
    """Judge a batch of resources of one type; fewer where it is ``enough`` before its end.

    What was not begun by then, or what the rate limit leaves to the next leg, is not judged.
    """

    def observe_all(id: str) -> list[Observation] | None:
        if id != ids[0] and enough():
            return None
        return observed(id)

    if enough():
        return
    evaluation.prepare(about, ids)
    with evaluation.aws.batch(about, ids):
        under_way = [pool.submit(observe_all, id) for id in ids]
        under_way.reverse()
        while under_way:
            observations = under_way.pop().result()
            if observations is None:
                for waiting in under_way:
                    waiting.cancel()
                return
            yield observations


def _in_turn(
    evaluation: Evaluation,
    about: ResourceType,
    id: str,
    rules: Sequence[Rule],
    record: Callable[[Observation], None],
    concerns: Callable[[Rule, Resource], bool],
) -> list[Observation] | None:
    """Judge and record one resource; None where the rate limit leaves it to the next leg."""
    resource = about.resource(evaluation.aws.account, evaluation.aws.region, id)
    try:
        seen = evaluation.agreed(resource, [rule for rule in rules if concerns(rule, resource)])
    except Postponed:
        return None
    return list(_each(record, (replace(o, unproven=False) for o in seen)))


def _cursor(evaluation: Evaluation, about: ResourceType, id: str, coverage: Coverage) -> Cursor:
    region = GLOBAL if about.is_global else evaluation.aws.region
    phase = _position(about, coverage)[0]
    return Cursor(about.name, region, id, phase, coverage.unlisted, coverage.tries)


_Position = tuple[Phase, str, bool]


def _position(about: ResourceType, coverage: Coverage) -> _Position:
    """The place of a type in the order of the survey."""
    phase = Phase.MISSED if about.name in coverage.missed else Phase.JUDGING
    return phase, about.name, about.is_global


def _left(about: ResourceType, coverage: Coverage, start: Cursor | None) -> list[str]:
    """Those of a type's ids, in order, that no earlier leg has judged."""
    ids = coverage.listed.get(about) or coverage.parts.get(about) or set()
    position = _position(about, coverage)
    if start is None:
        return sorted(ids)
    done = (start.phase, start.type, start.region == GLOBAL)
    return sorted(id for id in ids if (*position, id) > (*done, start.after))


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(ids), BATCH):
        yield ids[first : first + BATCH]


def _unmoved(start: Cursor | None, coverage: Coverage) -> Cursor:
    """The cursor of a leg that judged nothing: where it began."""
    began = start or Cursor("", "", "")
    return replace(began, unlisted=coverage.unlisted)


def _each(
    record: Callable[[Observation], None], observations: Iterable[Observation]
) -> Iterator[Observation]:
    for observation in observations:
        record(observation)
        yield observation


def _unlistable(about: ResourceType, error: Exception) -> Unreadable:
    """The failure of a listing that our own code cannot read: only its type stays unknown."""
    action = " and ".join(about.find_reads) or f"the listing of {about.name}"
    return Unreadable(action, Cause.UNEXPECTED_ANSWER, error_text(error))
