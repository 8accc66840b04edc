"""One heading's sweeps over an account of any size, leg by leg, as Lambda would run them.

``make growth HEADING=iam_roles SHARE=0.5``, or ``python -m tests.benchmarks.growing iam_roles 0.5
--sweeps first,moving``, prints on stderr what each leg took, on stdout the same as JSON. A share
of 1 is 10,000 buckets, 5,000 functions, 5,000 roles, 20,000 alarms, 10,000 log groups and 3,000
ECS services.
``--with functions=50,services=10`` says how many there are of some things.
With ``--tables DIRECTORY`` the tables stay, with what the day's answers were, for another heading
that is swept at the same hours. ``--measurements keep`` sweeps as the hourly schedule does, ``kept``
as the one of everything does, some minutes after an hourly sweep.
With ``--sample`` each type of resource gets one leg: what a leg takes, without the whole sweep.

The account is answered below botocore, as bytes, so that what the SDK costs is in it; the tables
are in SQLite, so that they are in nobody's memory. Time is modelled: the CPU time of the process
without the stand-ins', at the share of a processor that Lambda gives 512 MB, a latency for each
request, and what the pacer waits for its turn. Memory is that of the process.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import os
import sys
import tempfile
import threading
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from tests.benchmarks.quotas import Quota, bucket_of, documented
from tests.benchmarks.tables_on_disk import Tables
from tests.benchmarks.vast_account import Account
from tests.benchmarks.vast_numbers import ACCOUNT, REGION, Size
from tests.benchmarks.wire import Wire

MEGABYTES = 512
CPU_SHARE = MEGABYTES / 1769
"""Lambda's share of one processor at 512 MB."""
LATENCY, AT_ONCE = 0.03, 8
LEG_SECONDS = 300
MOST_LEGS = 400
HOUR = timedelta(hours=1)
LATER = {"tomorrow": timedelta(days=1), "days_later": timedelta(days=3)}
"""Sweeps that do not begin an hour after the one before."""
MINUTES_AFTER = timedelta(minutes=20)
"""How long after an hourly sweep the one of everything comes to a heading."""
LAST_ID = "\U0010ffff"
"""Sorts after every id."""
SWEEPS = ("first", "steady", "moving", "settled")


@dataclass
class Leg:
    """What one leg took: modelled seconds, CPU seconds, requests, verdicts, MB.

    ``waited`` are the seconds of those that the pacer waited for a turn, ``asked`` how often what
    was asked most; ``walked`` is how many items of listings were walked through, each walk anew.
    """

    seconds: float
    waited: float
    cpu: float
    requests: int
    evaluated: int
    transitions: int
    closed: int
    crashes: int
    memory: float
    finished: bool
    asked: dict[str, int]
    walked: int = 0


class LambdaClock:
    """Seconds as they would pass in Lambda; waiting for a turn moves it on at once."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._lock = threading.Lock()
        self.waited = 0.0

    def cpu(self) -> float:
        return time.process_time() - self._wire.own_cpu

    def now(self) -> float:
        return self.cpu() / CPU_SHARE + self._wire.requests * LATENCY / AT_ONCE + self.waited

    def wait_until(self, moment: float) -> None:
        with self._lock:
            self.waited += max(0.0, moment - self.now())


class Judged:
    """Which rule judged which resource in a sweep, in eight bytes each."""

    def __init__(self) -> None:
        self._seen = array("q")

    @staticmethod
    def _key(rule: str, resource: str) -> int:
        return hash((rule, resource))

    def add(self, rule: str, resource: str) -> None:
        self._seen.append(self._key(rule, resource))

    def twice(self) -> int:
        return len(self._seen) - len(set(self._seen))

    def lacks(self, expected: Iterable[tuple[str, str]]) -> list[str]:
        seen = set(self._seen)
        return [" ".join(each) for each in expected if self._key(*each) not in seen]


class Walks:
    """How many items were walked through, of every listing together, and of which most.

    A listing that each resource walks through from end to end is quadratic, long before it shows.
    """

    def __init__(self) -> None:
        self.items: Counter[str] = Counter()

    def watch(self, items: Any) -> None:
        """Count what the class of listings yields from now on."""
        walk = getattr(items, "_uncounted", items.__iter__)
        items._uncounted = walk

        def counted(listing: Any) -> Iterator[Any]:
            path = listing._path
            for item in walk(listing):
                self.items[path] += 1
                yield item

        items.__iter__ = counted


class Sweeper:
    """The function of one heading, kept warm, and its sweeps over an account."""

    def __init__(self, folder: str, account: Account, path: Path, memory: int = MEGABYTES) -> None:
        from readiness.engine import deployment, packing, session, telemetry
        from readiness.engine import function as module
        from readiness.engine import sweep as sweeping
        from readiness.engine.pacing import Pacer
        from readiness.engine.sandbox import memory as used

        self._used = used
        self.account = account
        self.tables = Tables(path)
        self.wire = wire = Wire(account, self.tables)
        self.clock = clock = LambdaClock(wire)
        self.judged = Judged()
        self.crashes: Counter[str] = Counter()
        self.walks = Walks()
        self.walks.watch(packing.Items)
        sweeper = self

        class Attached(session.Session):
            def client(self, *args: Any, **more: Any) -> Any:
                made = super().client(*args, **more)
                wire.attach(made)
                return made

        class Watched(telemetry.Telemetry):
            def observed(self, observation: Any) -> None:
                super().observed(observation)
                sweeper.note(observation)

        self.time = datetime.now(UTC).replace(hour=14, minute=37)
        module._now = sweeping._now = lambda: sweeper.time
        module.Telemetry = Watched  # type: ignore[misc]
        deployment.Session = Attached  # type: ignore[misc]
        deployment.Pacer = lambda: Pacer(clock=clock)  # type: ignore[assignment,misc]
        environment = {
            "FINDINGS_TABLE": "findings",
            "TRANSITIONS_TABLE": "transitions",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
        }
        app = importlib.import_module(f"functions.{folder}.app")
        heading = next(value for value in vars(app).values() if type(value).__name__ == "Heading")
        self.heading = heading
        self.function = module.Function(heading, environment)
        self.function.log.setLevel("CRITICAL")

    def keep_rates(self) -> list[Quota]:
        """Have AWS refuse what goes beyond its documented rates; returns their buckets.

        One thread at a time: by a clock that jumps, what several threads mean to ask one after
        the other would come at once.
        """
        quotas, clock = documented(), self.clock

        def spend(service: str, operation: str) -> bool:
            quota = bucket_of(quotas, service, operation)
            return quota is None or quota.spend(clock.now())

        self.wire.spend = spend
        for module in ("survey._THREADS", "reader._TOGETHER"):
            patch(f"readiness.engine.{module}", 1).start()
        return list({id(quota): quota for _, quota in quotas}.values())

    def note(self, observation: Any) -> None:
        rule, resource = observation.rule, observation.resource
        if observation.crash:
            self.crashes[f"{rule.id}: {observation.crash}"] += 1
        if resource.type == rule.subject.name:
            self.judged.add(rule.id, resource.key)

    def leg(self, sweep: str, cursor: Any, measurements: str) -> tuple[Leg, Any]:
        clock, wire = self.clock, self.wire
        began, cpu, asked, waited = clock.now(), clock.cpu(), wire.requests, clock.waited
        crashed, walked = self.crashes.total(), self.walks.items.total()
        wire.asked.clear()
        peak = [self._used()]
        stop = threading.Event()

        def watch() -> None:
            while not stop.wait(0.02):
                peak[0] = max(peak[0], self._used())

        context = SimpleNamespace(
            aws_request_id="r",
            invoked_function_arn=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f",
            get_remaining_time_in_millis=lambda: int((LEG_SECONDS + began - clock.now()) * 1000),
        )
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            event = {"id": sweep, "cursor": cursor, "measurements": measurements}
            answer = self.function({"sweep": event}, context)
        finally:
            stop.set()
            watcher.join()
        took = Leg(
            round(clock.now() - began, 1),
            round(clock.waited - waited, 1),
            round(clock.cpu() - cpu, 2),
            wire.requests - asked,
            answer["evaluated"],
            answer["transitions"],
            answer["closed"],
            self.crashes.total() - crashed,
            round(peak[0] / 1e6, 1),
            "cursor" not in answer,
            dict(wire.asked.most_common(8)),
            self.walks.items.total() - walked,
        )
        return took, answer.get("cursor")

    def note_hourly(self) -> None:
        """Let an hourly sweep of other headings have measured up to now."""
        self.function.deployment._daily_cache.measure_to(self.time)

    def sweep(
        self,
        id: str,
        between: Callable[[], None] = lambda: None,
        *,
        sample: bool = False,
        measurements: str = "anew",
    ) -> dict[str, Any]:
        """The legs of a whole sweep, and what was judged twice or not at all in it.

        ``between`` runs before each leg. A ``sample`` leaves out the rest of a type after a leg
        that ended in it.
        """
        self.judged, wire = Judged(), self.wire
        wire.calls.clear()
        wire.units.clear()
        wire.billed.clear()
        wire.metrics = wire.traces = wire.kept = 0
        wire.read_units = 0.0
        legs: list[Leg] = []
        cursor = None
        began = self.account.first
        while not legs or cursor is not None:
            between()
            took, cursor = self.leg(id, cursor, measurements)
            legs.append(took)
            _tell(id, len(legs), took, (cursor or {}).get("type", ""))
            if sample and cursor is not None:
                cursor["after"] = LAST_ID
            if len(legs) >= MOST_LEGS:
                raise AssertionError("the sweep does not come to an end")
        return {
            "legs": [asdict(leg) for leg in legs],
            "calls": dict(wire.calls),
            "metrics": wire.metrics,
            "traces": wire.traces,
            "units": dict(wire.units),
            "read_units": wire.read_units,
            "kept": wire.kept,
            "billed": sorted(wire.billed),
            "twice": self.judged.twice(),
            "lost": [] if sample else self.judged.lacks(self._to_judge(began)),
        }

    def _to_judge(self, since: int | None = None) -> Iterator[tuple[str, str]]:
        """Rule and resource of every verdict that the things of the account ask for."""
        for rule in self.heading:
            about = rule.subject
            for id in self.account.ids(since).get(about.name, ()):
                yield rule.id, about.resource(ACCOUNT, REGION, id).key

    def unlike(self) -> list[str]:
        """Findings of what does not exist, and things without a finding."""
        names = set(self.account.ids())
        stored = {
            (rule, resource)
            for resource, rule in self.tables.existing("findings")
            if resource.split("/", 3)[2] in names
        }
        return [" ".join(each) for each in sorted(stored ^ set(self._to_judge()))]


def _tell(sweep: str, number: int, leg: Leg, reached: str) -> None:
    print(
        f"{sweep:<8} leg {number:>3}: {leg.seconds:6.1f} s ({leg.waited:5.1f} waited,"
        f" {leg.cpu:5.1f} CPU), {leg.memory:5.0f} MB, {leg.requests:>7,} requests,"
        f" {leg.evaluated:>7,} verdicts, {leg.transitions:>6,} transitions,"
        f" {leg.closed:>5,} closed, {leg.crashes} crashes, at {reached or 'the end'};"
        f" {', '.join(f'{count:,} {name}' for name, count in leg.asked.items())}",
        file=sys.stderr,
        flush=True,
    )


def main(
    folder: str,
    size: Size,
    memory: int = MEGABYTES,
    sweeps: tuple[str, ...] = SWEEPS,
    *,
    sample: bool = False,
    rates: bool = False,
    tables: str = "",
    measurements: str = "anew",
) -> dict[str, Any]:
    """A first sweep, a steady one, one during which things go and come, and one after that.

    They are an hour apart, ``tomorrow`` is a steady one of the next day, and ``scheduled`` is that
    of everything, some minutes after an hourly one. ``tables`` is a directory where the tables are
    kept.
    """
    os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_DEFAULT_REGION=REGION)
    os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Readiness")
    account = Account(size)
    step = max(1, round(size.functions / 100))

    def move() -> None:
        account.first += step

    with ExitStack() as stack:
        where = tables or stack.enter_context(tempfile.TemporaryDirectory())
        sweeper = Sweeper(folder, account, Path(where) / "tables", memory)
        told: dict[str, Any] = {}
        buckets = sweeper.keep_rates() if rates else []
        for name in sweeps:
            how = "kept" if name == "scheduled" else measurements
            sweeper.time += timedelta(0) if name == "scheduled" else LATER.get(name, HOUR)
            hour = sweeper.time
            if how == "kept":
                sweeper.note_hourly()
                sweeper.time += MINUTES_AFTER
            between = [move] if name == "moving" else []
            told[name] = sweeper.sweep(name, *between, sample=sample, measurements=how)
            sweeper.time = hour
        return {
            **told,
            "statuses": sweeper.tables.statuses(),
            "unknown": sweeper.tables.unknown(),
            "gone": sweeper.tables.count("findings", '%"gone"%'),
            "unlike": [] if sample or sweeps[-1] == "moving" else sweeper.unlike(),
            "crashes": dict(sweeper.crashes.most_common(10)),
            "buckets": {
                each.name: [each.asked, each.refused, each.taken(sweeper.clock.now())]
                for each in buckets
                if each.asked + each.refused
            },
            "empty": dict(account.empty.most_common(30)),
            "walked": dict(sweeper.walks.items.most_common(10)),
        }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="growing", description=__doc__)
    parser.add_argument("heading")
    parser.add_argument("share", type=float, help="of the full size; 1 is all of it")
    parser.add_argument("--with", dest="counts", default="", metavar="NAME=COUNT,…")
    parser.add_argument("--memory", type=int, default=MEGABYTES, help="of the function, in MB")
    parser.add_argument("--sweeps", default=",".join(SWEEPS))
    parser.add_argument("--sample", action="store_true", help="one leg for each resource type")
    parser.add_argument("--tables", default="", metavar="DIRECTORY", help="to keep the tables in")
    parser.add_argument("--measurements", default="anew", choices=("anew", "keep", "kept"))
    parser.add_argument("--rates", action="store_true", help="refuse what is beyond AWS's rates")
    given = parser.parse_args()
    stdout = sys.stdout
    sys.stdout = io.StringIO()
    names = tuple(given.sweeps.split(","))
    counts = {k: int(v) for k, _, v in (e.partition("=") for e in given.counts.split(",") if e)}
    size = replace(Size().times(given.share), **counts)
    result = main(
        given.heading,
        size,
        given.memory,
        names,
        sample=given.sample,
        rates=given.rates,
        tables=given.tables,
        measurements=given.measurements,
    )
    print(json.dumps(result), file=stdout, flush=True)
