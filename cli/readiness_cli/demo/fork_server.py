"""Forks the embedded AWS's Lambda processes from one that has loaded what their layers hold.

Lambda restores a function's process from a snapshot or starts it on a machine of its own; here
thirty of them would import the same SDK and the same layer one after another on two cores. Each
forked process still has its own environment, credentials, folder and code, and imports its code
by itself.

Runs as a script: ``fork_server.py <descriptor of a socket> <layer's folder>…``. A request is one
message: JSON with ``script``, ``folder`` and ``environment``, and the three descriptors that the
process gets as its standard ones. The answer is its process id.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
from collections.abc import Iterable, Iterator
from typing import Any

_SDK = ("boto3", "botocore.handlers")
_LONGEST = 1 << 20


def _modules(folders: Iterable[str]) -> Iterator[str]:
    """Every module of the packages in the folders, but not of what they bring of others."""
    for each in pkgutil.iter_modules(list(folders)):
        if each.ispkg and each.name == "readiness":
            found = importlib.import_module(each.name)
            yield from (m.name for m in pkgutil.walk_packages(found.__path__, f"{each.name}."))


def _load(folders: list[str]) -> None:
    """Import what the processes need; what cannot be imported fails in the process itself."""
    gc.disable()
    before = list(sys.path)
    sys.path[:0] = folders
    for name in (*_SDK, *_modules(folders)):
        try:
            importlib.import_module(name)
        except ImportError:
            continue
    sys.path[:] = before
    gc.freeze()
    gc.enable()


def _become(asked: dict[str, Any], descriptors: list[int]) -> None:
    """Go on as the process that is asked for, to its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = [asked["script"]]
    runpy.run_path(asked["script"], run_name="__main__")


def main() -> None:
    """Load the layers, then fork until whoever asks is gone."""
    control = socket.socket(fileno=int(sys.argv[1]))
    _load([f"{layer}/python" for layer in sys.argv[2:]])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that no process stays as a zombie
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, _LONGEST, 3)
        if not message:
            return
        child = os.fork()
        if not child:
            control.close()
            _become(json.loads(message), descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)
        control.send(str(child).encode())


if __name__ == "__main__":
    main()
