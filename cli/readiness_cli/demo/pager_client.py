"""The stand-in pager from outside: starts it, reads what arrived, tells it to fail."""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from readiness_cli.demo.pager import ENQUEUE, FAULTS, RECEIVED
from readiness_cli.demo.process import Process, clean_environment, free_port, open_local

_POLL = 0.01


@dataclass(frozen=True, slots=True)
class Page:
    """One request that reached the pager: when, what it was answered, and what it said."""

    at: float
    answered: int
    body: dict[str, Any]

    @property
    def action(self) -> str:
        return str(self.body["event_action"])

    @property
    def key(self) -> str:
        return str(self.body["dedup_key"])

    @property
    def summary(self) -> str:
        return str(self.body["payload"]["summary"])

    @property
    def rule(self) -> str:
        return str(self.body["payload"]["class"])

    @property
    def source(self) -> str:
        return str(self.body["payload"]["source"])


class PagerClient:
    """The stand-in pager as a program of its own, so that it can outlive who started it."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._port = free_port()
        self._base = f"http://127.0.0.1:{self._port}"
        self._process: Process | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.stop()

    @property
    def enqueue_url(self) -> str:
        return self._base + ENQUEUE

    @property
    def received_url(self) -> str:
        return self._base + RECEIVED

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start it, with nothing received yet. Raises NotReady."""
        self._home.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "readiness_cli.demo.pager", "--port", str(self._port)]
        log = self._home / "pager.log"
        self._process = Process(command, clean_environment(self._home), log)
        try:
            self._process.wait_for(self.received_url, 20)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Hang up: from now on connections are refused."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def pages(self) -> list[Page]:
        """Everything that arrived, in order of arrival; refused requests too."""
        with open_local(self.received_url, timeout=10) as answer:
            return [Page(**page) for page in json.load(answer)]

    def taken(self) -> list[Page]:
        """Those that PagerDuty would have accepted."""
        return [page for page in self.pages() if page.answered == 202]

    def wait_for(self, wanted: Callable[[Page], bool], seconds: float, after: float = 0) -> Page:
        """The first accepted page like that. Raises TimeoutError with what came instead."""
        until = time.monotonic() + seconds
        while True:
            taken = [page for page in self.taken() if page.at >= after]
            found = next(filter(wanted, taken), None)
            if found is not None:
                return found
            if time.monotonic() > until:
                came = [f"{page.action} {page.rule} {page.source}" for page in taken[-5:]]
                raise TimeoutError(f"no such page within {seconds:.0f} s; the last were {came}")
            time.sleep(_POLL)

    def fail_with(self, *faults: float | str) -> None:
        """Answer the next requests so: an HTTP status, seconds to hang, or "reset"."""
        request = urllib.request.Request(self._base + FAULTS, data=json.dumps(faults).encode())
        with open_local(request, timeout=10):
            return
