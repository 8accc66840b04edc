"""Histories from kept days are those that CloudWatch gives, for a part of the price."""

from __future__ import annotations

import functools
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from functions.performance_benchmarks.app import performance_benchmarks
from readiness.engine import settings
from readiness.engine.aws import Aws
from readiness.engine.daily_cache import NotCached
from readiness.engine.evaluate import Evaluation
from readiness.engine.measuring import Measurements
from readiness.engine.reader import DeclaredReader
from readiness.engine.survey import Coverage, survey
from readiness.evidence.awslambda.functions import FUNCTION
from readiness.evidence.cloudwatch import kept
from readiness.evidence.cloudwatch.datapoints import GET_METRIC_DATA
from readiness.evidence.cloudwatch.histories import Span
from readiness.evidence.cloudwatch.today import by_hour_of
from readiness.evidence.workloads import function_entry_points
from readiness.model.unreadable import Unreadable
from readiness.semantics.metrics import Query, at_most, series, window
from tests.benchmarks.prices import billed_metrics
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, error

FIVE = timedelta(minutes=5)
NOW = datetime(2026, 11, 5, 14, 37, tzinfo=UTC)
RULES = [
    rule
    for rule in performance_benchmarks
    if rule.name in {"function-latency", "function-error-rate", "function-availability"}
]
COUNTS = ("Invocations", "Errors", "Throttles")


@dataclass
class Traffic:
    """What CloudWatch has of some functions: durations and counts in each 5 minutes."""

    points: Mapping[str, Mapping[datetime, Mapping[str, float]]]
    unlike: frozenset[str] = frozenset()
    """Functions that send the metric Errors only where they fail."""
    asked: int = 0
    windows: list[tuple[datetime, datetime, int]] = field(default_factory=list)

    def value(self, name, found, metric, statistic):
        if metric == "Errors" and statistic == "SampleCount" and name not in self.unlike:
            return found.get("Invocations")
        if metric == "Duration":
            return found[statistic] if statistic in found else found["n"]
        return found.get(metric)

    def get_metric_data(self, **asked):
        start, end = asked["StartTime"], asked["EndTime"]
        results = []
        self.asked += billed_metrics(asked)
        for query in asked["MetricDataQueries"]:
            stat = query["MetricStat"]
            self.windows.append((start, end, stat["Period"]))
            dimensions = {d["Name"]: d["Value"] for d in stat["Metric"]["Dimensions"]}
            metric, statistic, seconds = stat["Metric"]["MetricName"], stat["Stat"], stat["Period"]
            summed = {}
            names = [dimensions["FunctionName"]] if dimensions else list(self.points)
            for name in names:
                for stamp, found in self.points.get(name, {}).items():
                    if not start <= stamp < end:
                        continue
                    value = self.value(name, found, metric, statistic)
                    if value is not None:
                        period = period_of(stamp, seconds)
                        summed[period] = summed.get(period, 0.0) + value
            stamps = sorted(summed)
            results.append(
                {
                    "Id": query["Id"],
                    "Label": "x",
                    "Timestamps": stamps,
                    "Values": [summed[stamp] for stamp in stamps],
                    "StatusCode": "Complete",
                }
            )
        return {"MetricDataResults": results}

    def list_metrics(self, **asked):
        metric = asked["MetricName"]
        names = [
            name
            for name, points in self.points.items()
            if points and metric in {"Duration", *COUNTS}
        ]
        return {
            "Metrics": [
                {
                    "Namespace": asked["Namespace"],
                    "MetricName": metric,
                    "Dimensions": [{"Name": "FunctionName", "Value": name}],
                }
                for name in names
            ]
        }

    def fake_account(self, **faults):
        listed = [{"FunctionName": name} for name in self.points]
        return FakeAccount(
            {
                ("lambda", "list_functions"): {"Functions": listed},
                ("lambda", "list_event_source_mappings"): {"EventSourceMappings": []},
                ("cloudwatch", "get_metric_data"): self.get_metric_data,
                ("cloudwatch", "list_metrics"): self.list_metrics,
            }
        ).but(**faults)


@functools.cache
def period_of(stamp, seconds):
    """When the period of so many seconds began that a moment is in."""
    return datetime.fromtimestamp(int(stamp.timestamp()) // seconds * seconds, UTC)


def random_traffic(seed, *, throttled=True):
    """Idle functions, quiet ones, busy ones, and such that fail, stall or have just begun."""
    return Traffic(random_points(seed, throttled))


@functools.cache
def random_points(seed, throttled, functions=6):
    chance = random.Random(seed)
    limits = [at_most(ms) for ms in (100.0, 500.0, 1000.0)]
    points = {}
    for number in range(functions):
        kind = chance.choice(["idle", "quiet", "busy", "failing", "slow", "stopped", "new"])
        own = points.setdefault(f"agent-{number}", {})
        if kind == "idle":
            continue
        for step in range(8 * 24 * 12):
            ago = NOW - FIVE * step
            stamp = period_of(ago, 300)
            if kind == "stopped" and step < 18:
                continue
            if kind == "new" and step > 24:
                break
            if kind == "quiet" and chance.random() < 0.98:
                continue
            n = chance.randint(1, 3 if kind == "quiet" else 200)
            slow = chance.randint(0, n) if kind == "slow" else int(chance.random() < 0.02)
            failed = chance.randint(0, n) if kind == "failing" else int(chance.random() < 0.01)
            own[stamp] = {
                "n": n,
                limits[0]: n - slow,
                limits[1]: n - slow // 2,
                limits[2]: n - slow // 3,
                "Invocations": n,
                "Errors": failed,
                "Throttles": int(chance.random() < 0.001 and throttled),
            }
    return points


class Remembered:
    """The daily cache in memory."""

    def __init__(self):
        self.answers = {}

    def daily(self, question, now, ask):
        if question not in self.answers:
            if ask is None:
                raise NotCached("not yet")
            self.answers[question] = ask()
        return self.answers[question]


class Elsewhere:
    """A cache of which another run holds the question."""

    def daily(self, question, now, ask):
        raise NotCached("another run is asking")


def aws(traffic, *, now=NOW, memory=None, bulk=True, **faults):
    return Aws(
        traffic.fake_account(**faults),
        account=ACCOUNT_ID,
        region=HOME,
        now=lambda: now,
        bulk=bulk,
        daily_cache=memory,
    )


def verdicts(run):
    configured = settings.configure(performance_benchmarks, {})
    seen = list(survey(Evaluation(run, configured), RULES, Coverage()))
    assert not [o.crash for o in seen if o.crash]
    return {(o.rule.id, o.resource.id): (o.finding.status, o.finding.reason) for o in seen}


def directly(monkeypatch):
    """Ask for every series and both windows, and keep nothing."""
    monkeypatch.setattr(kept, "_published", lambda read, queries: list(queries))
    monkeypatch.setattr(
        kept, "_kept", lambda read, queries, now, shared: kept._asked(read, queries)
    )

    def counts_apart(read, counts, others):
        return kept._asked(read, sorted({*counts, *others}))

    monkeypatch.setattr(function_entry_points, "read_counts", counts_apart)


@pytest.mark.parametrize("unlike", [(), range(0, 6, 2), range(6)], ids=["all", "half", "none"])
@pytest.mark.parametrize("throttled", [True, False], ids=["throttled", "not throttled"])
@pytest.mark.parametrize("seed", range(4))
def test_the_verdicts_are_the_same(seed, throttled, unlike, monkeypatch):
    """Also of functions whose samples of Errors are not their invocations."""

    def traffic():
        made = random_traffic(seed, throttled=throttled)
        made.unlike = frozenset(f"agent-{number}" for number in unlike)
        return made

    memory = Remembered()
    new = verdicts(aws(traffic(), memory=memory))
    again = verdicts(aws(traffic(), memory=memory))
    with monkeypatch.context() as patched:
        directly(patched)
        old = verdicts(aws(traffic()))
    assert new == old
    assert again == old


def throttles(*names):
    return [series("AWS/Lambda", "Throttles", "Sum", FunctionName=name) for name in names]


@pytest.mark.parametrize(
    ("region_wide", "asked"),
    [
        pytest.param([0.0, 0.0], 1, id="none in the region"),
        pytest.param([0.0, 1.0], 4, id="one somewhere"),
        pytest.param([], 4, id="nothing is told"),
    ],
)
def test_what_happened_nowhere_is_not_asked_of_each(region_wide, asked):
    wanted = throttles("a", "b", "c")
    during = window(NOW, timedelta(hours=1), period=300)
    billed = []

    def answer(**params):
        billed.append(billed_metrics(params))
        results = []
        for query in params["MetricDataQueries"]:
            values = [2.0] if query["MetricStat"]["Metric"]["Dimensions"] else region_wide
            results.append(
                {
                    "Id": query["Id"],
                    "Label": "x",
                    "Timestamps": list(during.stamps[: len(values)]),
                    "Values": values,
                    "StatusCode": "Complete",
                }
            )
        return {"MetricDataResults": results}

    run = aws(Traffic({}), cloudwatch__get_metric_data=answer)
    found = kept._where_it_happened(reader(run), wanted, during)
    assert set(found) == set(wanted)
    assert sum(billed) == asked
    assert {each.total for each in found.values()} == ({None} if asked == 1 else {2.0})


@pytest.mark.parametrize("hour", range(0, 24, 5))
def test_at_any_hour_of_the_day(hour, monkeypatch):
    now = NOW.replace(hour=hour, minute=3)
    new = verdicts(aws(random_traffic(99), now=now, memory=Remembered()))
    with monkeypatch.context() as patched:
        directly(patched)
        assert new == verdicts(aws(random_traffic(99), now=now))


def test_a_day_of_hourly_sweeps_pays_each_metric_once_an_hour():
    traffic = Traffic({**random_traffic(1).points, "never-used": {}})
    busy = sum(bool(points) for points in traffic.points.values())
    assert 0 < busy < len(traffic.points)
    memory = Remembered()
    start = NOW.replace(hour=3, minute=7)
    for hour in range(21):
        verdicts(aws(traffic, now=start + timedelta(hours=hour), memory=memory))
    metrics_of_function = 3  # durations, errors with the invocations, throttles
    invocations_of_the_days_before = busy
    # and how often functions of the region were throttled
    most = busy * metrics_of_function * (21 + 1) + invocations_of_the_days_before + 21
    assert traffic.asked <= most


@pytest.mark.parametrize("unlike", [(), ("agent-0",)], ids=["as often", "seldom"])
def test_how_often_a_function_ran_is_asked_where_the_samples_of_errors_do_not_tell(unlike):
    hours = one_an_hour("agent-0", "agent-1")
    hours.unlike = frozenset(unlike)
    counts = dict(
        zip(invocations("agent-0", "agent-1"), samples("agent-0", "agent-1"), strict=True)
    )
    memory = Remembered()
    kept.read_counts(reader(aws(hours, memory=memory)), counts, ())
    before = hours.asked
    later = aws(hours, now=NOW + timedelta(hours=1), memory=memory)
    found = kept.read_counts(reader(later), counts, ())
    assert hours.asked - before == 2 + bool(unlike), "two metrics Errors, and one of the count"
    assert [found[count].sum(Span.WEEK) > 0 for count in counts] == [True, True]


def test_a_function_without_days_before_is_asked_itself():
    new = Traffic({"agent-0": {NOW - 3 * FIVE: {"Invocations": 3.0, "Errors": 1.0}}})
    [count], [sample] = invocations("agent-0"), samples("agent-0")
    found = kept.read_counts(reader(aws(new, memory=Remembered())), {count: sample}, ())
    assert found[count].sum(Span.HOUR) == 3


def test_what_published_nothing_is_not_asked_for():
    traffic = Traffic({"agent-0": {}})
    verdicts(aws(traffic, memory=Remembered()))
    assert traffic.asked == 0


def test_where_another_run_asks_this_one_asks_too(monkeypatch):
    new = verdicts(aws(random_traffic(5), memory=Elsewhere()))
    with monkeypatch.context() as patched:
        directly(patched)
        assert new == verdicts(aws(random_traffic(5)))


def test_a_refused_list_is_no_idle_function():
    refused = error("AccessDenied", 403)
    seen = verdicts(aws(random_traffic(5), memory=Remembered(), cloudwatch__list_metrics=refused))
    assert {status for status, _ in seen.values()} == {"INSUFFICIENT_DATA"}


def test_averages_and_percentiles_are_asked_for_as_they_are():
    assert kept._adds_up(series("N", "M", "Sum"))
    assert kept._adds_up(series("N", "M", "Maximum"))
    assert kept._adds_up(Query("N", "M", at_most(100)))
    assert not kept._adds_up(series("N", "M", "Average"))
    assert not kept._adds_up(series("N", "M", "p99"))


@pytest.mark.parametrize(
    ("statistic", "hour"), [("Sum", 9.0), ("Maximum", 5.0), ("Minimum", 1.0), ("TC(:100)", 9.0)]
)
def test_an_hour_is_joined_from_its_parts(statistic, hour):
    began = datetime(2026, 11, 2, 10, tzinfo=UTC)
    points = [(began + timedelta(minutes=5 * n), value) for n, value in enumerate((3.0, 1.0, 5.0))]
    assert by_hour_of(Query("N", "M", statistic, ()), points, {}) == {began: hour}


# -- whole days, and what was published --------------------------------------------------------------


def reader(run):
    return DeclaredReader(run, frozenset({GET_METRIC_DATA, kept.LIST_METRICS}), "a test")


def invocations(*names):
    return [series("AWS/Lambda", "Invocations", "Sum", FunctionName=name) for name in names]


def samples(*names):
    return [series("AWS/Lambda", "Errors", "SampleCount", FunctionName=name) for name in names]


def one_an_hour(*names):
    began = datetime(2026, 10, 28, tzinfo=UTC)
    hours = {began + timedelta(hours=n): {"Invocations": 1.0} for n in range(24 * 9)}
    return Traffic(dict.fromkeys(names, hours))


DAYS = window(NOW, timedelta(days=5), period=86_400)


def test_whole_days_are_asked_for_once_a_day():
    traffic, memory = one_an_hour("a", "b"), Remembered()
    for hour in range(0, 24, 6):
        now = NOW.replace(hour=hour)
        during = window(now, timedelta(days=5), period=86_400)
        found = kept.read_whole_days(reader(aws(traffic, now=now, memory=memory)), TWO, during)
        assert [each.total for each in found.values()] == [24.0 * 5] * 2
    assert traffic.asked == 2


def test_an_event_asks_for_the_days_itself():
    traffic, memory = one_an_hour("a", "b"), Remembered()
    read = reader(aws(traffic, memory=memory, bulk=False))
    found = kept.read_whole_days(read, TWO, DAYS)
    assert found == kept.read_whole_days(reader(aws(traffic, memory=memory)), TWO, DAYS)
    assert traffic.asked == 4


@pytest.mark.parametrize(("bulk", "asked"), [(True, 1), (False, 2)])
def test_a_sweep_asks_only_for_what_was_published(bulk, asked):
    traffic = Traffic({**one_an_hour("a").points, "idle": {}})
    read = reader(aws(traffic, bulk=bulk))
    queries = {
        name: {"n": each}
        for name, each in zip(("a", "idle"), invocations("a", "idle"), strict=True)
    }
    found = kept.read_each_published(read, queries, timedelta(days=1), period=3600)
    assert (found["a"]["n"].total, found["idle"]["n"].total) == (24.0, None)
    assert traffic.asked == asked


def test_metrics_that_may_not_be_listed_are_not_absent():
    read = reader(aws(one_an_hour("a"), cloudwatch__list_metrics=error("AccessDenied", 403)))
    with pytest.raises(Unreadable) as refused:
        kept.read_each_published(read, {"a": {"n": invocations("a")[0]}}, timedelta(days=1))
    assert refused.value.action == kept.LIST_METRICS


TWO = invocations("a", "b")


@pytest.mark.parametrize(
    ("later", "paid"),
    [
        pytest.param(timedelta(minutes=2), 0, id="in the same five minutes"),
        pytest.param(timedelta(minutes=5), 2, id="in the next ones"),
        pytest.param(timedelta(hours=1), 2, id="an hour later"),
    ],
)
def test_what_two_headings_want_in_the_same_minutes_is_asked_once(later, paid):
    traffic, memory = one_an_hour("a", "b"), Remembered()

    def asked_at(now, **shared):
        run = aws(traffic, now=now, memory=memory)
        return kept.read_histories_of(reader(run), TWO, **shared)

    now = NOW.replace(minute=36)
    asked_at(now, shared=True)
    assert traffic.asked == 4, "what came today, and the days before"
    found = asked_at(now + later, shared=True)
    assert traffic.asked == 4 + paid
    assert found == asked_at(now + later), "as it would have asked itself"


class Hourly(Remembered):
    """The daily cache of a stack whose hourly sweep measured up to a moment."""

    def __init__(self, moment=None):
        super().__init__()
        self.moment = moment

    def measured_to(self):
        return self.moment

    def measure_to(self, now):
        self.moment = now


def swept(traffic, memory, now, how):
    run = aws(traffic, now=now, memory=memory)
    run.measurements = how
    return verdicts(run)


@pytest.mark.parametrize("seed", range(3))
def test_the_sweep_of_everything_asks_nothing_that_an_hourly_one_asked(seed):
    traffic, memory = random_traffic(seed), Hourly()
    hourly = swept(traffic, memory, NOW, Measurements.KEEP)
    paid = traffic.asked
    assert swept(traffic, memory, NOW + timedelta(minutes=25), Measurements.KEPT) == hourly
    assert traffic.asked == paid
    assert hourly == verdicts(aws(random_traffic(seed))), "as without anything kept"


def test_of_a_function_that_the_hourly_sweep_did_not_see_it_asks():
    traffic, memory = random_traffic(1), Hourly()
    swept(traffic, memory, NOW, Measurements.KEEP)
    paid = traffic.asked
    traffic.points["young"] = random_traffic(99).points["agent-0"] | {
        NOW - FIVE * 3: {"n": 5, "Invocations": 5, "Errors": 5, "Throttles": 0}
    }
    found = swept(traffic, memory, NOW + timedelta(minutes=25), Measurements.KEPT)
    assert traffic.asked > paid
    direct = verdicts(aws(traffic, memory=Remembered()))
    assert found == direct


@pytest.mark.parametrize(
    ("how", "later"),
    [
        pytest.param(Measurements.KEPT, timedelta(minutes=51), id="none within the hour"),
        pytest.param(Measurements.ANEW, timedelta(minutes=20), id="on demand"),
        pytest.param(Measurements.KEEP, timedelta(hours=1), id="the next hourly one"),
    ],
)
def test_another_sweep_asks_for_itself(how, later):
    traffic, memory = random_traffic(2), Hourly()
    swept(traffic, memory, NOW, Measurements.KEEP)
    paid = traffic.asked
    swept(traffic, memory, NOW + later, how)
    assert traffic.asked > paid


def test_headings_that_want_the_runs_of_functions_find_those_of_the_hourly_ones():
    traffic, memory, week = random_traffic(2), Hourly(), timedelta(days=7)
    swept(traffic, memory, NOW, Measurements.KEEP)
    paid = traffic.asked
    run = aws(traffic, now=NOW + timedelta(minutes=25), memory=memory)
    run.measurements = Measurements.KEPT
    names = sorted(traffic.points)
    runs = function_entry_points.hourly_runs_of(reader(run), names, week)
    assert traffic.asked == paid
    alone = reader(aws(traffic, bulk=False))
    assert runs == function_entry_points.hourly_runs_of(alone, names, week)


def test_what_was_kept_of_a_batch_is_forgotten_with_it():
    """A leg of thousands of functions would hold all that it ever asked the daily cache for."""
    traffic = one_an_hour("a", "b")
    run = aws(traffic, memory=Remembered())
    for name in ("a", "b"):
        with run.batch(FUNCTION, [name]):
            read = reader(run)
            found = kept.read_histories_of(read, invocations(*read.ids(FUNCTION)))
            assert found[invocations(name)[0]].hourly.total == 24.0 * 7 + 1
    assert not [key for key in run.answers._run if key[0] == "daily"]
