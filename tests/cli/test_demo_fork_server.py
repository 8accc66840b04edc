"""The processes that the embedded AWS forks are as good as those that it would start."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from readiness_cli.demo import fork_server

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="It forks on Linux alone")

_SCRIPT = """
import json, os, sys
print(json.dumps({
    "cwd": os.getcwd(), "mine": os.environ.get("MINE"), "pid": os.getpid(),
    "theirs": os.environ.get("THEIRS"), "loaded": "readiness.heavy" in sys.modules,
    "path": [p for p in sys.path if "layer" in p], "said": sys.stdin.readline().strip(),
}), flush=True)
sys.stdin.read()
sys.exit(3)
"""


@pytest.fixture
def control(tmp_path: Path) -> Iterator[socket.socket]:
    package = tmp_path / "layer" / "python" / "readiness"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "heavy.py").touch()
    (package / "broken.py").write_text("import no_such_module_anywhere\n")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-I", fork_server.__file__, str(theirs.fileno())]
    server = subprocess.Popen(
        [*command, str(tmp_path / "layer")],
        pass_fds=[theirs.fileno()],
        env={**os.environ, "THEIRS": "of the server"},
    )
    theirs.close()
    with ours:
        yield ours
    assert server.wait(10) == 0  # it ends with whoever asks


def test_a_forked_process_has_its_own_environment_folder_and_streams(
    control: socket.socket, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(_SCRIPT)
    folder = tmp_path / "code"
    folder.mkdir()
    seen = []
    for mine in ("one", "two"):
        stdin, stdout = os.pipe(), os.pipe()
        asked = {"script": str(script), "folder": str(folder), "environment": {"MINE": mine}}
        request = [json.dumps(asked).encode()]
        socket.send_fds(control, request, [stdin[0], stdout[1], stdout[1]])
        pid = int(control.recv(64))
        os.close(stdin[0])
        os.close(stdout[1])
        os.write(stdin[1], f"hello {mine}\n".encode())
        with os.fdopen(stdout[0]) as out:
            seen.append(json.loads(out.readline()))
            os.close(stdin[1])
            assert out.read() == ""  # no other process holds its streams open
        assert seen[-1].pop("pid") == pid
    assert seen == [
        {
            "cwd": str(folder),
            "mine": mine,
            "theirs": None,
            "loaded": True,
            "path": [],
            "said": f"hello {mine}",
        }
        for mine in ("one", "two")
    ]
