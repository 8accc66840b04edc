"""A clock that nobody waits for: it stands at the latest moment that anybody waited until."""

from __future__ import annotations

import threading


class VirtualClock:
    """In place of the pacer's clock; threads share it, and it never goes back."""

    def __init__(self) -> None:
        self._now = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        return self._now

    def wait_until(self, moment: float) -> None:
        with self._lock:
            self._now = max(self._now, moment)
