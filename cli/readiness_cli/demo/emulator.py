"""The embedded AWS: ministack on 127.0.0.1, with faults between it and the functions if asked."""

from __future__ import annotations

import json
import os
import shutil
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.config import Config

from readiness_cli.demo.process import Process, clean_environment, free_port, open_local

ACCOUNT = "111122223333"
REGION = "us-east-1"
TURNS = max(4, 2 * (os.cpu_count() or 1))
"""How many asynchronous invocations run at once; the others wait."""
_PATIENCE = 60.0
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 3},
    read_timeout=120,
    connect_timeout=5,
    proxies={},
)


class Emulator:
    """One embedded AWS account: empty when it starts, gone when it stops.

    ``venv`` has ministack and microburst, ``home`` is a directory it may fill and remove.
    Policies are enforced: every function works under its own role. With ``faulty``, microburst
    stands between the functions and AWS; the deployment and the caller talk to AWS directly.
    """

    def __init__(self, venv: Path, home: Path, *, faulty: bool = False) -> None:
        self._venv = venv
        self.home = home
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._faulty = faulty
        self._faults = f"http://127.0.0.1:{free_port()}" if faulty else ""
        self._session: Any = boto3.session.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION
        )
        self._processes: list[Process] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.stop()

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._processes]

    @property
    def through_faults(self) -> str:
        """The endpoint the functions use: with ``faulty``, the one that breaks calls."""
        return self._faults or self.endpoint

    def start(self) -> None:
        """Start it and wait until it answers. Raises NotReady."""
        shutil.rmtree(self.home, ignore_errors=True)
        (self.home / "tmp").mkdir(parents=True)
        try:
            self._start_aws()
            if self._faulty:
                self._start_faults()
        except BaseException:
            self.stop()
            raise

    def _start_aws(self) -> None:
        environment = clean_environment(self.home, self._venv / "bin") | {
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "AUTH": "true",
            # Its MQTT broker listens on every interface, whatever BIND_HOST says.
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "ASYNCHRONOUS_TURNS": str(TURNS),
            "AWS_ENDPOINT_URL": self._faults or self.endpoint,
        }
        log = self.home / "ministack.log"
        aws = Process(self._script("embedded_aws.py"), environment, log)
        self._processes.append(aws)
        aws.wait_for(f"{self.endpoint}/_ministack/ready", _PATIENCE)

    def _start_faults(self) -> None:
        port = self._faults.rpartition(":")[2]
        listen = ["--upstream", self.endpoint, "--port", port, "--host", "127.0.0.1"]
        command = [*self._script("fault_proxy.py"), *listen]
        environment = clean_environment(self.home, self._venv / "bin")
        faults = Process(command, environment, self.home / "microburst.log")
        self._processes.append(faults)
        faults.wait_for(f"{self._faults}/_microburst/metrics", _PATIENCE)

    def _script(self, name: str) -> list[str | Path]:
        """A script of ours in the emulator's environment."""
        return [self._venv / "bin" / "python", "-I", Path(__file__).with_name(name)]

    def stop(self) -> None:
        """End everything and remove what it left on disk."""
        for process in reversed(self._processes):
            process.stop()
        self._processes.clear()
        shutil.rmtree(self.home, ignore_errors=True)

    def client(self, service: str) -> Any:
        """A boto3 client of the account's root."""
        return self._session.client(service, endpoint_url=self.endpoint, config=_CONFIG)

    def client_of(self, service: str, key: str, secret: str, token: str) -> Any:
        """A boto3 client with a role's credentials."""
        return self._session.client(
            service,
            endpoint_url=self.endpoint,
            config=_CONFIG,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
        )

    def break_with(self, *faults: Mapping[str, Any]) -> None:
        """Let the functions' calls to AWS fail so; none lets them through again."""
        raw = json.dumps(faults).encode()
        self._control("rules", raw)

    def fired(self) -> Sequence[Mapping[str, Any]]:
        """The faults that calls of the functions ran into."""
        answer = self._control("fired")
        return answer if isinstance(answer, list) else answer["fired"]

    def _control(self, what: str, body: bytes | None = None) -> Any:
        url = f"{self._faults}/_microburst/{what}"
        request = urllib.request.Request(
            url, data=body, headers={"Content-Type": "application/json"}
        )
        with open_local(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")
