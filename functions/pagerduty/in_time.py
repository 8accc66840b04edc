"""Leaves what hangs in time for an invocation to end in order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


class OutOfTime(Exception):
    """Something took longer than it had."""


@dataclass(frozen=True, slots=True)
class InTime:
    """How long an invocation still has; ``remaining`` is in ms, as Lambda tells it.

    One call of an AWS client that gets no answer takes a minute with its retries.
    """

    remaining: Callable[[], int]

    def do(self, work: Callable[[], T], spare: float) -> T:
        """What ``work`` returns or raises, if that leaves ``spare`` seconds. Raises OutOfTime.

        What hangs goes on in its thread, which ends with the sandbox at the latest.
        """
        seconds = self.remaining() / 1000 - spare
        if seconds <= 0:
            raise OutOfTime("there was no time left")
        done: Future[T] = Future()
        Thread(target=_settle, args=(done, work), daemon=True).start()
        try:
            return done.result(seconds)
        except TimeoutError:
            if done.done():
                return done.result()
            raise OutOfTime(f"there was no answer within {seconds:.0f} seconds") from None


def _settle(done: Future[T], work: Callable[[], T]) -> None:
    try:
        done.set_result(work())
    except BaseException as error:
        done.set_exception(error)
