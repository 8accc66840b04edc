"""A person at a terminal who presses Enter whenever a program waits for an answer."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_QUIET = 0.5
"""Seconds without a word after which a line that ends like a question is one."""
_ENDS = (b": ", b"]: ", b"? ")


def enter_at_every_question(
    command: Sequence[str | Path], environment: Mapping[str, str], where: Path, *, patience: float
) -> tuple[int, str]:
    """Run the command; its exit code and all it said. Raises TimeoutError with the last of it.

    A question that comes back after the same empty answer is asked without end.
    """
    mine, theirs = pty.openpty()
    child = subprocess.Popen(
        [str(part) for part in command],
        env=dict(environment) | {"TERM": "dumb", "COLUMNS": "200"},
        cwd=where,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    said, answered = b"", -1
    until = time.monotonic() + patience
    try:
        while True:
            ready, _, _ = select.select([mine], [], [], _QUIET)
            if ready:
                try:
                    heard = os.read(mine, 65536)
                except OSError:  # Linux says so when the other end is closed
                    heard = b""
                if not heard:
                    return child.wait(timeout=30), said.decode(errors="replace")
                said += heard
            elif said.endswith(_ENDS) and answered < len(said):
                answered = len(said)
                os.write(mine, b"\n")
            if time.monotonic() > until:
                raise TimeoutError(said[-600:].decode(errors="replace"))
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
        os.close(mine)
