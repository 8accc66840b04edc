"""What one run has read, and for how long it is kept: memory must not grow with the account."""

from __future__ import annotations

import copy
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, TypeVar

from readiness.engine.packing import weight

T = TypeVar("T")

ROOM = 48_000_000
"""Bytes, estimated, of answers that are kept only as long as there is room for them."""
HANDED_ON = 16_000_000
"""Bytes, estimated, of answers that one leg of a sweep leaves to the next at most."""
_EACH = 2_000
"""Bytes that an answer takes besides what it says, which thousands of small ones add up to."""
HANDED_ON_FOR = timedelta(minutes=30)
"""How old an answer may be that a leg takes over."""


class Keep(Enum):
    """How long an answer is needed."""

    RUN = "to the end of the run"
    BATCH = "while the batch of resources is judged"
    ROOM = "as long as there is room; asked again afterwards"


class Answers:
    """Each question's answer or error, asked once however many threads want it.

    What is kept for a batch is forgotten when the batch ends. What is kept as long as there is
    room is forgotten by least recent use: a later question asks again.
    """

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._lock = threading.RLock()
        self._run: dict[object, _Cell] = {}
        self._batch: dict[object, _Cell] | None = None
        self._roomy: OrderedDict[object, _Cell] = OrderedDict()
        self._taken = 0

    @contextmanager
    def batch(self) -> Iterator[None]:
        """What is kept for a batch is kept until the end of the block."""
        with self._lock:
            self._batch = {}
        try:
            yield
        finally:
            with self._lock:
                self._batch = None

    def once(
        self,
        key: object,
        compute: Callable[[], T],
        keep: Keep = Keep.RUN,
        began: datetime | None = None,
    ) -> tuple[T, datetime | None]:
        """The answer, and the ``began`` that its first caller gave.

        Raises a copy of what ``compute`` raised.
        """
        with self._lock:
            cell = self._find(key)
            mine = cell is None
            if cell is None:
                cell = _Cell(began)
                self._place(key, cell, keep)
        if mine:
            try:
                cell.future.set_result(compute())
            except BaseException as error:
                cell.future.set_exception(_without_frames(error))
            self._weigh(key, cell)
        failure = cell.future.exception()
        if failure is not None:
            raise _copy_of(failure)
        result: T = cell.future.result()
        return result, cell.began

    def keep_for_the_run(self, key: object) -> None:
        """Keep an answer of the batch, also one that is just being asked for, to the end."""
        with self._lock:
            if self._batch is not None and key in self._batch:
                self._run[key] = self._batch.pop(key)

    def handed_on(self, now: datetime, room: int = HANDED_ON) -> Answers:
        """What the next leg of a sweep need not ask again, the last used first, up to ``room``.

        Answers of AWS alone, of which it is known when they were asked for, and no failures.
        """
        after, taken = Answers(self._room), 0
        with self._lock:
            for key, cell in reversed(self._roomy.items()):
                done = cell.future.done() and cell.future.exception() is None
                if not done or cell.began is None or now - cell.began > HANDED_ON_FOR:
                    continue
                if taken + cell.weight + _EACH <= room:
                    after._roomy[key] = cell
                    after._roomy.move_to_end(key, last=False)
                    after._taken += cell.weight
                    taken += cell.weight + _EACH
        return after

    def _find(self, key: object) -> _Cell | None:
        cell = self._run.get(key)
        if cell is None and self._batch is not None:
            cell = self._batch.get(key)
        if cell is None and key in self._roomy:
            self._roomy.move_to_end(key)
            cell = self._roomy[key]
        return cell

    def _place(self, key: object, cell: _Cell, keep: Keep) -> None:
        if keep is Keep.ROOM:
            self._roomy[key] = cell
        elif keep is Keep.BATCH and self._batch is not None:
            self._batch[key] = cell
        else:
            self._run[key] = cell

    def _weigh(self, key: object, cell: _Cell) -> None:
        """Make room for an answer: the least recently used go, the one just read stays."""
        with self._lock:
            if self._roomy.get(key) is not cell:
                return
            failed = cell.future.exception() is not None
            cell.weight = 1_000 if failed else weight(cell.future.result())
            self._taken += cell.weight
            if self._taken <= self._room:
                return
            for old, other in list(self._roomy.items()):
                if self._taken <= self._room:
                    return
                if other.weight and other is not cell:
                    del self._roomy[old]
                    self._taken -= other.weight


class _Cell:
    __slots__ = ("began", "future", "weight")

    def __init__(self, began: datetime | None) -> None:
        self.began = began
        self.future: Future[Any] = Future()
        self.weight = 0


def _without_frames(error: BaseException) -> BaseException:
    """The error without its tracebacks, which would keep the variables of their frames alive."""
    each: BaseException | None = error
    while each is not None:
        each.__traceback__ = None
        each = each.__cause__ or each.__context__
    return error


def _copy_of(error: BaseException) -> BaseException:
    """A copy to raise: the kept error itself would get a longer traceback each time."""
    try:
        again = copy.copy(error)
    except TypeError:
        return error.with_traceback(None)
    again.__cause__ = error.__cause__
    return again.with_traceback(None)
