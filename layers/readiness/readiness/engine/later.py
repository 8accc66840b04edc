"""What a heading's function leaves to a later look: the unsettled, and the many at once."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from readiness.engine.counting import Counts
from readiness.engine.crowds import Crowds, of_several, of_several_events
from readiness.engine.look_again import WAITS, Again, LookAgain, batches, concerns_everything
from readiness.engine.targets import Target


class NotAsked(RuntimeError):
    """A look that is needed could not be asked for: the invocation is to be made again."""


class Later:
    """The state machine LookAgain and the crowds of events, for one heading's function.

    ``client`` makes a Step Functions client. Without a ``machine`` nothing is left to later.
    ``function`` is the ARN that is to be invoked, which the first invocation tells.
    """

    def __init__(
        self, client: Callable[[], Any], machine: str, crowds: Crowds, counts: Counts
    ) -> None:
        self._client = client
        self.machine = machine
        self.crowds = crowds
        self._counts = counts
        self.function = ""
        self._unasked = ""

    def ask(self, targets: Iterable[Target], asked: Again, now: datetime) -> frozenset[Target]:
        """Ask for a later look at these targets; those that will have one.

        Events that ask for the same at about the same time share one, which names no principal.
        """
        targets, machine = set(targets), self._machine()
        if not targets or machine is None:
            return frozenset()
        taken: set[Target] = set()
        for batch in batches(targets):
            if machine.later(self._shared(replace(asked, targets=batch), now), now):
                taken |= batch
        self._counts.add("LooksAgain", len(taken))
        self._unasked = self._unasked or machine.unreached
        return frozenset(taken)

    def raise_on_unasked(self) -> None:
        """Raise NotAsked where the state machine could not be reached since this was last called.

        What failed for a passing reason would otherwise stay unknown until the next sweep.
        """
        unasked, self._unasked = self._unasked, ""
        if unasked:
            raise NotAsked(f"a later look could not be asked for: {unasked}")

    def forget_unasked(self) -> None:
        """Forget what another invocation in this sandbox could not ask for."""
        self._unasked = ""

    def _shared(self, asked: Again, now: datetime) -> Again:
        """The look, noted for another event that will share it; each of Config's has its own."""
        if asked.attempt or asked.config is not None or not asked.origin.by:
            return asked
        crowd = self.crowds.key_of_same(asked.targets, now, WAITS[0])
        is_told = self.crowds.is_first(crowd, now, asked.named, asked.trigger) is not None
        origin = asked.origin if is_told else of_several(asked.origin)
        return replace(asked, crowd=crowd, origin=origin)

    @property
    def is_possible(self) -> bool:
        """Whether anything can be left to later."""
        return bool(self.machine)

    def go_on(self, asked: Again, cursor: Mapping[str, Any]) -> bool:
        """Ask for the next part of a look at everything; whether there will be one."""
        machine = self._machine()
        return machine is not None and machine.go_on(asked, cursor)

    def begin_anew(self, asked: Again, came: str) -> bool:
        """Ask for a look at what came until then; whether there will be one."""
        machine = self._machine()
        return machine is not None and machine.begin_anew(asked, came)

    def beside(self, asked: Again, now: datetime) -> bool:
        """Ask for a look in case that the one whose turn it is dies; whether there will be one.

        On behalf of several events, so it names no principal.
        """
        machine = self._machine()
        of_all = of_several_events(asked)
        return machine is not None and machine.beside(of_all, now)

    def gathered(
        self, asked: Again, now: datetime, holding_many: Container[str] = ()
    ) -> frozenset[Target]:
        """Those of an event's targets that are left to one look at the end of the minute.

        None of those for which it could not be noted what the event named.
        ``holding_many`` are the rules about types of which many events may name the same one.
        """
        machine = self._machine()
        everything = frozenset(target for target in asked.targets if concerns_everything(target))
        via = frozenset(target for target in asked.targets if target.via is not None)
        whole = frozenset(
            target
            for target in asked.targets - everything - via
            if target.id is not None and target.rule in holding_many
        )
        gathered: frozenset[Target] = frozenset()
        if machine is None:
            return gathered
        if everything:
            key = self.crowds.key(everything, now)
            is_told = self.crowds.is_first(key, now, asked.named, asked.trigger) is not None
            if is_told and machine.once(replace(asked, targets=everything, crowd=key), now):
                gathered |= everything
        for targets in (via, whole):
            kind = self.crowds.key(targets, now)
            if not targets:
                continue
            if self.crowds.is_first(kind, now, asked.named, asked.trigger) is False:
                of_all = of_several_events(replace(asked, targets=targets, crowd=kind))
                if machine.once(of_all, now):
                    gathered |= targets
        return gathered

    def of_its_crowd(self, asked: Again) -> Again:
        """A look that was left to later, without a principal if several events asked for it.

        What each of them named is read anew.
        """
        others = self.crowds.others(asked.crowd) if asked.crowd else None
        if others is not None:
            named = asked.named | others
            asked = replace(asked, origin=of_several(asked.origin), named=named)
        return replace(asked, crowd="")

    def _machine(self) -> LookAgain | None:
        return LookAgain(self._client(), self.machine, self.function) if self.machine else None
