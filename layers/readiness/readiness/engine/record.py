"""Observations → findings in the store, and a second look whenever something changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar

from readiness.engine.aws_errors import Postponed
from readiness.engine.evaluate import Evaluation
from readiness.engine.observation import Observation
from readiness.engine.rows import UnreadableRow
from readiness.engine.store import Contended, Overtaken, Store, Unwritable
from readiness.engine.survey import BATCH
from readiness.engine.targets import Target
from readiness.model.evidence import ResourceType
from readiness.model.finding import CHANGE, Finding
from readiness.model.resource import Resource
from readiness.model.rule import Rule
from readiness.model.transition import is_older
from readiness.model.unreadable import Unreadable
from readiness.model.verdict import Status

T = TypeVar("T")

SECOND_LOOKS = 2
_THREADS = 12

Rows = dict[str, Finding]
Enough = Callable[[], bool]


class Recorder:
    """Writes what one run observed.

    It reads what is stored of a resource before the resource itself is read, so that the version
    of the row tells whether another run came in between, whatever the clocks say.

    After a transition it looks again, because another run may have read a newer state, found
    it equal to what was stored, and written nothing, all between our read and our write. The
    last writer's second look is what makes concurrent runs converge to the live state. With
    ``together`` the second looks wait for :meth:`look_again`, which makes them as one, so that
    what is read about a whole region is read once more and not once for each transition.

    Where nothing was stored, another run would have written what it saw, except of a resource
    that is gone. Then a new listing that shows the resource is enough (decision 34).

    A second look that fails for a passing reason replaces nothing: it is ``waiting`` for a later
    look, as the first one would (decision 122). So is one that does not find the resource, if
    that ``may_appear`` a moment later.
    """

    def __init__(
        self,
        store: Store,
        evaluation: Evaluation,
        *,
        together: bool = False,
        may_appear: bool = False,
    ) -> None:
        self._store = store
        self._evaluation = evaluation
        self._together = together
        self._may_appear = may_appear
        self._lock = threading.Lock()
        self._rows: dict[Resource, Rows] = {}
        self._changed: dict[ResourceType, dict[str, dict[str, Rule]]] = {}
        self._replaced: set[tuple[ResourceType, str]] = set()
        self._rules: dict[ResourceType, list[Rule]] = {}
        self.transitions = 0
        self.recorded = 0
        self._to_read = 0
        self.unwritten: list[str] = []
        self.unwritten_at: dict[Target, str] = {}
        self.waiting: dict[Target, Observation] = {}
        evaluation.read_before(self)

    @property
    def unreadable(self) -> Mapping[str, str]:
        """The rows that this version could not read, each with the reason."""
        return self._store.unreadable

    def forget_unreadable(self) -> None:
        """Forget the rows: the store outlives the run, and each run reports those it meets."""
        self._store.unreadable.clear()

    def leave_to_later(self, targets: Collection[Target]) -> None:
        """What could not be written of these is evaluated again, and no failure of this run.

        Second looks at others, which no later look will settle, are written as they are.
        """
        for target in targets:
            if target in self.unwritten_at:
                self.unwritten.remove(self.unwritten_at.pop(target))
        waiting, self.waiting = self.waiting, {}
        for target, observation in waiting.items():
            if target not in targets:
                self.write(observation)

    def raise_on_unwritten(self) -> None:
        """Raise Unwritable, after everything else is done, so that the run counts as failed."""
        if self.unwritten:
            raise Unwritable(
                f"{len(self.unwritten)} findings could not be written; the first:"
                f" {self.unwritten[0]}"
            )

    # -- what is stored -----------------------------------------------------------------------

    def of(self, resource: Resource, rule: str) -> Finding | None:
        """The stored finding, as read before or now."""
        return self._of_resource(resource).get(rule)

    def prepare(self, about: ResourceType, ids: Sequence[str]) -> None:
        """Read what is stored of these resources, which are judged next, and forget others.

        ``ids`` are in order; a few pages for each rule instead of a read for each resource.
        """
        aws = self._evaluation.aws
        rows: dict[Resource, Rows] = {}
        if rules := self._rules.get(about, ()):
            rows = {about.resource(aws.account, aws.region, id): {} for id in ids}
            first, last = min(rows), max(rows)
            for rule in rules:
                for finding in self._store.between(rule.id, first, last):
                    if finding.resource in rows:
                        rows[finding.resource][finding.rule] = finding
        with self._lock:
            self._rows = rows

    def expect(self, rules: Iterable[Rule]) -> None:
        """Say which rules a sweep judges, for :meth:`prepare`."""
        for rule in rules:
            self._rules.setdefault(rule.subject, []).append(rule)

    def _of_resource(self, resource: Resource) -> Rows:
        with self._lock:
            known = self._rows.get(resource)
        if known is None:
            read = self._store.of_resource(resource)
            with self._lock:
                known = self._rows.setdefault(resource, read)
        return known

    def forget(self) -> None:
        """Forget what was read of resources that were judged."""
        with self._lock:
            self._rows = {}

    def _remember(self, resource: Resource, rule: str, finding: Finding | None) -> None:
        rows = self._of_resource(resource)
        if finding is None:
            rows.pop(rule, None)
        else:
            rows[rule] = finding

    # -- writing ------------------------------------------------------------------------------

    def record(self, observation: Observation) -> None:
        """Write one observation; after a transition look again, at most ``SECOND_LOOKS`` times.

        One that cannot be written is noted in ``unwritten``; the others are written. Where the
        resource is gone, its findings of all rules are closed.
        """
        with self._lock:
            self.recorded += 1
        self.write(observation)
        if observation.finding is None and not observation.out_of_scope:
            self.close_others(observation)

    def write(self, observation: Observation) -> bool:
        """Write one observation, and look again; whether something was written."""
        written = False
        try:
            for looks in range(1 + SECOND_LOOKS):
                wrote, look_again, is_first = self._write_once(observation)
                written |= wrote
                if not look_again or not _is_about_its_subject(observation):
                    break
                if self._together:
                    self._note_change(observation, is_first=is_first)
                    break
                if looks < SECOND_LOOKS:
                    again = self._evaluation.reread()
                    observation = again.observe(observation.rule, observation.resource)
                    if self._waits(observation):
                        break
        except UnreadableRow as error:
            self._store.unreadable[error.key] = error.why
        except Unwritable as error:
            target = Target(observation.rule.id, observation.resource.id)
            with self._lock:
                self.unwritten.append(str(error))
                if _is_about_its_subject(observation):
                    self.unwritten_at[target] = str(error)
        return written

    def _waits(self, second: Observation) -> bool:
        """Whether a second look is left to a later one, which sees what this one could not."""
        target = second.again
        is_gone = second.finding is None and not second.out_of_scope
        if target is None and self._may_appear and is_gone:
            target = Target(second.rule.id, second.resource.id)
        if target is None:
            return False
        with self._lock:
            self.waiting[target] = second
        return True

    def _write_once(self, observation: Observation) -> tuple[bool, bool, bool]:
        """Write an observation: whether that was needed, whether to look again, if it is first.

        A first row is one where nothing was stored, neither before the reading nor at the write.
        """
        rule = observation.rule.id
        stored = self.of(observation.resource, rule)
        seen = _as_finding(observation, stored)
        is_new = stored is None or stored.gone
        if seen is None or (is_new and not self._exists(observation)):
            return False, False, False
        follows = observation.over is not None and observation.over == _version(stored)
        is_late = observation.measured_before or (stored is not None and is_older(seen, stored))
        if not follows and stored is not None and is_late:
            # Clocks differ: only a look that begins after this row was read can tell. What was
            # measured before the row was written may be over, and is measured anew for it.
            return False, seen.config_hash != stored.config_hash, False
        try:
            change = self._store.record(seen, stored, follows=follows)
        except Overtaken as overtaken:
            self._remember(observation.resource, rule, overtaken.stored)
            if not _is_about_its_subject(observation):
                raise Contended(f"{observation.resource.key} {rule}") from None
            return False, True, False
        if change.finding is not None:
            self._remember(observation.resource, rule, change.finding)
        if change.transition is not None:
            with self._lock:
                self.transitions += 1
        written = change.finding
        is_first = is_new and written is not None and written.version == _version(stored) + 1
        return written is not None, change.transition is not None, is_first

    def _exists(self, observation: Observation) -> bool:
        """Whether a first finding may be written: what does not exist gets no row.

        Where the rule does not apply, the first row is left to the sweep, which lists anyway.
        """
        if not observation.unproven:
            return True
        if observation.finding is None or observation.finding.status is Status.NOT_APPLICABLE:
            return False
        try:
            return self._evaluation.lists(observation.rule, observation.resource)
        except Unreadable:
            return True

    def close_others(self, observation: Observation) -> int:
        """Close what other rules said of a resource that is gone, also those of other headings."""
        closed = 0
        rows = self._store.of_resource(observation.resource)
        for finding in rows.values():
            if finding.rule == observation.rule.id or finding.gone:
                continue
            closed += self.close(finding, observation.observed_at, _VANISHED)
        return closed

    def close(self, stored: Finding, at: datetime, reason: str) -> bool:
        """Close a stored finding; whether something was written."""
        try:
            change = self._store.record(_gone(stored, at, reason), stored)
        except UnreadableRow as error:
            self._store.unreadable[error.key] = error.why
            return False
        except Unwritable as error:
            with self._lock:
                self.unwritten.append(str(error))
            return False
        with self._lock:
            self.transitions += change.transition is not None
        return change.finding is not None

    # -- the second look of a whole leg --------------------------------------------------------

    def _note_change(self, observation: Observation, *, is_first: bool) -> None:
        rule, id = observation.rule, observation.resource.id
        is_to_read = not (is_first and self._evaluation.is_settled_by_a_listing(rule))
        with self._lock:
            rules = self._changed.setdefault(rule.subject, {}).setdefault(id, {})
            rules[rule.id] = rule
            if is_to_read:
                self._to_read += 1
                self._replaced.add((rule.subject, id))

    def seconds_to_look(self, spent: float) -> float:
        """About how long :meth:`look_again` takes after ``spent`` seconds of recording."""
        with self._lock:
            lists = sum(self._evaluation.aws.found_in.get(about, 0.0) for about in self._changed)
            return spent * self._to_read / max(self.recorded, 1) + lists

    def look_again(self, enough: Enough = lambda: False) -> int:
        """Look again at what changed since the last time; how many were left when ``enough``."""
        for _ in range(SECOND_LOOKS):
            with self._lock:
                changed, self._changed = self._changed, {}
                replaced, self._replaced = self._replaced, set()
            if not changed:
                return 0
            again = self._evaluation.reread(bulk=self._evaluation.aws.bulk)
            left = sum(len(rules) for ids in changed.values() for rules in ids.values())
            for about, ids in sorted(changed.items(), key=lambda each: each[0].name):
                first = {id for id in ids if (about, id) not in replaced}
                there = _listed(again, about) & first if first else set[str]()
                left -= sum(len(ids[id]) for id in there)
                for batch in in_batches(sorted(ids.keys() - there)):
                    if enough():
                        return left
                    left -= self._look_again_at(again, about, batch, ids)
        return 0

    def _look_again_at(
        self,
        again: Evaluation,
        about: ResourceType,
        batch: Sequence[str],
        rules: Mapping[str, Mapping[str, Rule]],
    ) -> int:
        self.forget()

        def look(id: str) -> int:
            resource = about.resource(again.aws.account, again.aws.region, id)
            try:
                seen = again.agreed(resource, rules[id].values())
            except Postponed:
                return 0
            for observation in seen:
                if not self._waits(observation):
                    self.record(observation)
            return len(rules[id])

        with again.aws.batch(about, batch), ThreadPoolExecutor(_THREADS, "again") as pool:
            return sum(pool.map(look, batch))


def _listed(again: Evaluation, about: ResourceType) -> set[str]:
    """The resources that a new listing shows; none where it cannot be made."""
    try:
        return set(again.aws.find(about))
    except (Unreadable, Postponed):
        return set()


def _version(stored: Finding | None) -> int:
    return stored.version if stored is not None else 0


def _is_about_its_subject(observation: Observation) -> bool:
    """Whether it can be made again, as the account-level row of a failed listing cannot."""
    return observation.rule.subject.name == observation.resource.type


def in_batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """The items, as many at a time as a sweep evaluates together."""
    for first in range(0, len(items), BATCH):
        yield items[first : first + BATCH]


def _as_finding(observation: Observation, stored: Finding | None) -> Finding | None:
    """The finding to record; None where there is none to write and none to close."""
    if observation.finding is not None and not observation.out_of_scope:
        return observation.finding
    if stored is None or stored.gone:
        return None
    if observation.out_of_scope:
        if stored.status is Status.NOT_APPLICABLE:
            return None
        return observation.finding
    return _gone(stored, observation.observed_at, _VANISHED)


_VANISHED = "The resource does not exist any more."


def _gone(stored: Finding, at: datetime, reason: str) -> Finding:
    return stored.but(
        status=Status.NOT_APPLICABLE,
        reason=reason,
        expected="",
        observed={},
        **dict.fromkeys(CHANGE, ""),
        last_observed_at=at,
        blind_since=None,
        blind_reason="",
        blinded_at=None,
        missing=(),
        denied=(),
        reminder="",
        gone=True,
    )
