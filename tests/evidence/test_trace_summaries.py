"""Traces of many nodes: the same as of each asked alone, for far fewer that X-Ray processes."""

from __future__ import annotations

import random
import re
from datetime import timedelta
from itertools import pairwise

import pytest

from readiness.engine.aws import Aws
from readiness.engine.reader import DeclaredReader
from readiness.evidence.xray import summaries
from readiness.evidence.xray.summaries import Traces, traces_of_each
from readiness.model.unreadable import Unreadable
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error

NAMES = [f"agent-{n}" for n in range(120)]
PARTS = 6
"""Of the hour, each of which is asked about."""


class XRay:
    """Traces that pass some nodes each, as GetTraceSummaries tells of them, and what it processes.

    ``nameless`` nodes are drawn on the map without standing in the summaries.
    """

    def __init__(self, traces, *, page=100, nameless=(), endless=False):
        self.traces = traces
        self.asked = []
        self.processed = 0
        self._page, self._nameless, self._endless = page, set(nameless), endless

    def __call__(self, **asked):
        self.asked.append(asked)
        wanted = re.findall(r'service\("([^"]+)"\)', asked.get("FilterExpression", ""))
        start = int(asked.get("NextToken", 0))
        during = [each for each in self.traces if self._is_in(asked, each[0])]
        if not start:
            self.processed += len(during)
        matching = [each for each in during if not wanted or set(wanted) & set(each[1])]
        page = len(matching) or 1 if asked.get("Sampling") else self._page
        part = matching[start : start + page]
        end = 0 if self._endless else start + page
        more = {"NextToken": str(end)} if self._endless or end < len(matching) else {}
        return {"TraceSummaries": [self._summary(*each) for each in part], **more}

    def _is_in(self, asked, id):
        """Whether it was updated in that time: by its number, spread over the hour before noon.

        Each tenth is so in the seven minutes after that, too.
        """
        number = int(id.rpartition("-")[2], 16)
        began = NOON - timedelta(hours=1) + timedelta(seconds=number * 7.7 % 3600)
        ended = min(began + timedelta(minutes=7 if number % 10 == 0 else 0), NOON)
        return began < asked["EndTime"] and asked["StartTime"] <= ended

    def _summary(self, id, nodes, duration):
        said = {"Id": id, "ServiceIds": [{"Name": n} for n in nodes if n not in self._nameless]}
        return said | ({"IsPartial": True} if duration is None else {"Duration": duration})


def traffic(seed, number=300, names=NAMES):
    """Random traces through one to four nodes, the first of them most of all, some unfinished."""
    chance = random.Random(seed)
    weights = [1 / (1 + n) for n in range(len(names))]
    made = []
    for n in range(number):
        nodes = set(chance.choices([*names, "elsewhere"], [*weights, 0.2], k=chance.randint(1, 4)))
        duration = None if chance.random() < 0.1 else round(chance.expovariate(2), 3)
        made.append((f"1-67a1b2{n:02x}-{n:024x}", sorted(nodes), duration))
    return made


def reader(xray, *, bulk, daily_cache=None):
    account = FakeAccount({("xray", "get_trace_summaries"): xray})
    aws = Aws(account, account=ACCOUNT_ID, region=HOME, now=lambda: NOON, bulk=bulk)
    aws.daily_cache = daily_cache
    return DeclaredReader(aws, frozenset({summaries.GET_TRACES}), "a test")


def found(xray, *, bulk, names=NAMES):
    traces = traces_of_each(reader(xray, bulk=bulk), names)
    return {name: each for name, each in traces.items() if each != Traces({})}


@pytest.mark.parametrize("nameless", [(), NAMES[:3], NAMES[-3:]], ids=["all", "busy", "quiet"])
@pytest.mark.parametrize("seed", range(5))
def test_a_sweep_finds_what_each_question_alone_finds(seed, nameless):
    traces = traffic(seed)
    alone = XRay(traces, nameless=nameless)
    together = XRay(traces, nameless=nameless)
    expected = found(alone, bulk=False)
    assert len(expected) > 20
    assert found(together, bulk=True) == expected
    assert alone.processed == len(NAMES) * len(traces)
    if not nameless:
        assert together.processed <= 4 * len(traces)


def test_of_more_traces_than_are_read_the_quiet_nodes_are_asked_for_all_the_same(monkeypatch):
    monkeypatch.setattr(summaries, "_MOST_OF_A_PART", 30)
    traces = traffic(1, number=1000)
    expected = found(XRay(traces), bulk=False)
    xray = XRay(traces)
    assert set(found(xray, bulk=True)) == set(expected)
    of_the_hour = [each for each in xray.asked if "FilterExpression" not in each]
    assert len(of_the_hour) == PARTS


def test_of_more_traces_than_are_read_some_of_each_ten_minutes_are(monkeypatch):
    """X-Ray documents no order: the first of an hour may all be from its beginning."""
    monkeypatch.setattr(summaries, "_MOST_OF_A_PART", 30)
    number = 3_600
    made = [(f"1-67a1b2c3-{n:024x}", ["busy"], 9.0 if n % 2 else 0.1) for n in range(number)]
    xray = XRay(made, page=30)
    [busy] = found(xray, bulk=True, names=["busy", "idle"]).values()
    minutes = {int(id.rpartition("-")[2], 16) * 7.7 % 3600 // 600 for id in busy.durations}
    assert minutes == set(range(PARTS))
    assert len(busy.durations) <= 30 * PARTS


def test_what_is_kept_of_the_hour_is_opened_once_for_all_batches():
    class Kept:
        def __init__(self):
            self.opened = 0

        def daily(self, question, now, ask):
            self.opened += 1
            return ask()

    kept = Kept()
    read = reader(XRay(traffic(2)), bulk=True, daily_cache=kept)
    batches = [NAMES[n : n + 3] for n in range(0, 15, 3)]
    assert all(traces_of_each(read, names) for names in batches)
    assert kept.opened == 1


def test_where_nothing_is_traced_one_question_for_each_part_of_the_hour_says_so():
    xray = XRay([])
    assert found(xray, bulk=True) == {}
    assert {each["TimeRangeType"] for each in xray.asked} == {"Event"}
    times = sorted((each["StartTime"], each["EndTime"]) for each in xray.asked)
    assert (times[0][0], times[-1][1]) == (NOON - timedelta(hours=1), NOON)
    assert all(end == start for (_, end), (start, _) in pairwise(times))
    assert len(times) == PARTS


def test_a_filter_has_only_so_many_names():
    xray = XRay([("1-67a1b2c3-0", ["elsewhere"], 0.1)])
    long = [f"{'x' * 200}-{n}" for n in range(20)]
    assert found(xray, bulk=True, names=long) == {}
    filters = {each["FilterExpression"] for each in xray.asked if "FilterExpression" in each}
    assert max(map(len, filters)) < 2_000
    assert sum(each.count("service(") for each in filters) == len(long)


def test_one_node_is_asked_for_alone():
    xray = XRay(traffic(3))
    found(xray, bulk=True, names=NAMES[:1])
    assert [each["FilterExpression"] for each in xray.asked] == ['service("agent-0")'] * len(
        xray.asked
    )


@pytest.mark.parametrize(
    "xray", [error("AccessDeniedException"), XRay(traffic(1), endless=True)], ids=["no", "endless"]
)
def test_what_cannot_be_read_is_not_no_traces(xray):
    with pytest.raises(Unreadable, match="xray:GetTraceSummaries"):
        found(xray, bulk=True)
