"""Programs that run beside the demo, each in a session of its own and ended to the last child."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

_POLL = 0.05
_GRACE = 5.0


class NotReady(Exception):
    """A program ended, or did not answer in time; the text ends with the last it said."""


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment(home: Path, *paths: Path) -> dict[str, str]:
    """An environment with nothing of the caller's AWS configuration, Python or proxies in it."""
    places = [str(path) for path in paths] + ["/usr/local/bin", "/usr/bin", "/bin"]
    return {
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "PATH": os.pathsep.join(places),
        "LANG": "C.UTF-8",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def forget_aws() -> None:
    """Take the caller's AWS out of this process, whose clients are all of the embedded one.

    A profile, a setting or a configuration file that botocore refuses would end the demo, and one
    that it takes could change what it does.
    """
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull


class Process:
    """One program, its log and its process group."""

    def __init__(
        self, command: Sequence[str | Path], environment: Mapping[str, str], log: Path
    ) -> None:
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            self._child = subprocess.Popen(
                [str(part) for part in command],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=environment["HOME"],
            )

    @property
    def pid(self) -> int:
        return self._child.pid

    def wait_for(self, url: str, seconds: float) -> None:
        """Until ``url`` answers. Raises NotReady."""
        until = time.monotonic() + seconds
        while not answers(url):
            if self._child.poll() is not None:
                raise NotReady(f"It ended with status {self._child.returncode}. {self.said()}")
            if time.monotonic() > until:
                raise NotReady(f"It did not answer within {seconds:.0f} s. {self.said()}")
            time.sleep(_POLL)

    def said(self, lines: int = 5) -> str:
        """The end of the log, for an error message."""
        said = self.log.read_text(errors="replace").splitlines()[-lines:]
        return f"The end of {self.log}:\n" + "\n".join(f"  {line}" for line in said)

    def stop(self) -> None:
        """End it and its children; what does not go by itself is killed."""
        end_group(self._child.pid, lambda: self._child.poll() is not None)
        self._child.wait()


_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def open_local(request: str | urllib.request.Request, *, timeout: float) -> Any:
    """The answer of a program on this machine, past any proxy. Raises as urlopen does."""
    return _DIRECT.open(request, timeout=timeout)


def answers(url: str) -> bool:
    """Whether something there answers an HTTP GET with success."""
    try:
        with open_local(url, timeout=2) as answer:
            return bool(answer.status < 400)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def end_group(leader: int, ended: Callable[[], bool] | None = None) -> None:
    """End a process group by its leader's id: politely, and after a few seconds for certain."""

    def gone() -> bool:
        try:
            os.killpg(leader, 0)
        except ProcessLookupError:
            return True
        return False

    ended = ended or gone
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGTERM)
        until = time.monotonic() + _GRACE
        while not ended() and time.monotonic() < until:
            time.sleep(_POLL)
        os.killpg(leader, signal.SIGKILL)


def is_running(pid: int, program: str) -> bool:
    """Whether ``pid`` is alive and still the program it was, and not a reused number."""
    if pid <= 0:
        return False
    shown = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return program in shown.stdout
