"""How much of AWS's rates this monitor takes: a token bucket for each, in front of the clients.

A sweep takes a third of a rate that AWS documents, an event a tenth.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError

from readiness.engine.rates import Rate, is_scarce, rate_of

IN_A_SWEEP = 1 / 3
IN_AN_EVENT = 1 / 10
_GLOBAL = "global"


class Clock(Protocol):
    """A clock to wait by, in seconds from any zero."""

    def now(self) -> float: ...

    def wait_until(self, moment: float) -> None: ...


class _Monotonic:
    def now(self) -> float:
        return time.monotonic()

    def wait_until(self, moment: float) -> None:
        time.sleep(max(0.0, moment - time.monotonic()))


class OutOfTime(BotoCoreError):
    """The call was not made: its turn would come after the end of this run."""

    fmt = "{name} gives the next turn in {seconds:.0f} s, after the end of this run"


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float
    lock: threading.Lock = field(default_factory=threading.Lock)


class Pacer:
    """The token buckets of one process; threads that ask for the same rate share one.

    A call reserves its turn and then waits for it, so that calls to other services do not wait
    with it. ``begin`` says for each run which part of the rates it takes and when it ends.
    ``resumes`` is set in a run that goes on in another one: what it has no time for is left to
    that one.
    """

    resumes: bool

    def __init__(self, share: float = IN_A_SWEEP, clock: Clock | None = None) -> None:
        self._clock = clock or _Monotonic()
        self._share = share
        self._deadline: float | None = None
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._lock = threading.Lock()
        self.resumes = False

    def begin(self, share: float, *, seconds: float | None = None, resumes: bool = False) -> None:
        """A run begins that takes ``share`` of each rate and ends in ``seconds``, if given."""
        self._share = share
        self.resumes = resumes
        self._deadline = None if seconds is None else self._clock.now() + seconds

    def now(self) -> float:
        """The time by the clock that turns are waited by, in seconds from any zero."""
        return self._clock.now()

    def take(self, service: str, operation: str, region: str) -> None:
        """Wait for the turn of a call. Raises OutOfTime where it comes after the run's end."""
        rate = rate_of(service, operation)
        if rate is None:
            return
        share = self._share
        per_second, most = rate.per_second * share, max(1.0, rate.capacity * share)
        bucket = self._bucket(rate, region, most)
        with bucket.lock:
            now = self._clock.now()
            tokens = min(most, bucket.tokens + (now - bucket.at) * per_second)
            turn = now + max(0.0, (1.0 - tokens) / per_second)
            if self._deadline is not None and turn > max(self._deadline, now):
                raise OutOfTime(name=rate.name, seconds=turn - now)
            bucket.tokens, bucket.at = tokens - 1.0, now
        if turn > now:
            self._clock.wait_until(turn)

    def _bucket(self, rate: Rate, region: str, most: float) -> _Bucket:
        key = (rate.name, _GLOBAL if rate.is_global else region)
        with self._lock:
            if key not in self._buckets:
                self._buckets[key] = _Bucket(most, self._clock.now())
            return self._buckets[key]

    def attach(self, client: Any, service: str, region: str) -> None:
        """Have every request of a botocore client wait for its turn, its retries too.

        A service on this computer is not AWS's and has none of its rates. The turn comes before
        the signature, which would grow old while waiting.
        """
        if not is_scarce(service) or is_loopback(client.meta.endpoint_url):
            return
        methods = {api: method for method, api in client.meta.method_to_api_mapping.items()}

        def wait(operation_name: str, **_: Any) -> None:
            self.take(service, methods.get(operation_name, operation_name), region)

        id = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register_first(f"request-created.{id}", wait)


def is_loopback(url: str) -> bool:
    """Whether a service answers on this computer, as an emulator does."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
