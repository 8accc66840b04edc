"""The memory of a Lambda sandbox: when a run has to stop, and what is tidied up after it."""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

SHARE = 0.67
"""Of the function's memory; the rest is for the batch under way and for the second look."""
_STATM = Path("/proc/self/statm")
_EVERY = 50


class Sandbox:
    """The process of one function, which is kept between invocations.

    ``environment`` has AWS_LAMBDA_FUNCTION_MEMORY_SIZE in Lambda; elsewhere there is no limit.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        size = environment.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "")
        self._limit = int(size) * 1_000_000 * SHARE if size.isdigit() else None
        self._asked = 0
        self._full = False

    def is_full(self, *, moved: bool) -> bool:
        """Whether the run should stop; never before it has ``moved``, so that it gets anywhere."""
        if self._limit is None or not moved:
            return False
        self._asked += 1
        if self._asked % _EVERY == 1:
            self._full = memory() > self._limit
            if self._full:
                gc.collect()
                _give_back()
                self._full = memory() > self._limit
        return self._full

    def relieve(self) -> None:
        """Free what is no longer used, before much more is read; of no use without a limit."""
        if self._limit is not None:
            gc.collect()
            _give_back()

    def tidy(self) -> None:
        """Collect garbage now: the thresholds set for a fast cold start leave it uncollected.

        What is left lives as long as the sandbox and need not be searched again.
        """
        self._asked, self._full = 0, False
        gc.collect()
        _give_back()
        gc.freeze()


def _give_back() -> None:
    """Give the system back what the allocator keeps of freed memory; glibc does only when told."""
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@cache
def _malloc_trim() -> Callable[[int], Any] | None:
    """Where the C library has it. Each CDLL makes a class, a cycle that freezing would keep."""
    trim: Callable[[int], Any] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim


def memory() -> int:
    """Bytes that the process takes; at its peak where the system does not tell the present."""
    try:
        pages = int(_STATM.read_text().split()[1])
    except (OSError, IndexError, ValueError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    return pages * os.sysconf("SC_PAGE_SIZE")
