"""What an alarm's own state and threshold say: never raised, stuck, silenced by another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from readiness.semantics import metric_sql
from readiness.semantics.alarm_inventory import Inventory, Silence, Voice
from readiness.semantics.alarms import STUCK_AFTER, Alarm, Kind, Watched, interval_of

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TOPIC = "arn:aws:sns:us-east-1:111122223333:alerts"
WEEK, SECOND = timedelta(days=7), timedelta(seconds=1)


def on(metric="Latency", namespace="AWS/ApplicationELB", **values):
    """An alarm on one metric that is raised by more than ``threshold``."""
    values = {"comparison": "GreaterThanThreshold", "threshold": 5.0} | values
    return Alarm("a", watches=(Watched(namespace, metric),), **values)


def low(threshold, comparison="LessThanThreshold", **values):
    return on(threshold=threshold, comparison=comparison, **values)


@pytest.mark.parametrize(
    ("namespace", "metric", "seconds"),
    [
        ("AWS/Lambda", "Errors", 60),
        ("AWS/S3", "NumberOfObjects", 86_400),
        ("AWS/S3", "BucketSizeBytes", 86_400),
        ("AWS/S3", "4xxErrors", 60),
        ("AWS/Billing", "EstimatedCharges", 21_600),
        ("AWS/CertificateManager", "DaysToExpiry", 43_200),
        ("AWS/S3/Storage-Lens", "StorageBytes", 86_400),
        ("Orders", "Placed", 1),
        ("aws/orders", "Placed", 1),
    ],
)
def test_how_often_a_metric_has_a_datapoint(namespace, metric, seconds):
    assert interval_of(namespace, metric) == seconds


NO_DATA = {"state": "INSUFFICIENT_DATA", "since": NOW - WEEK - SECOND}


@pytest.mark.parametrize(
    ("alarm", "answer"),
    [
        pytest.param(on(), False, id="as usual"),
        pytest.param(on(evaluation_state="EVALUATION_ERROR"), True, id="in error"),
        pytest.param(on(evaluation_state="EVALUATION_FAILURE"), True, id="failing"),
        pytest.param(on(evaluation_state="PARTIAL_DATA"), False, id="with part of its data"),
        pytest.param(on(**NO_DATA), True, id="without data for more than a week"),
        pytest.param(on("Errors", **NO_DATA), False, id="without failures for more than a week"),
        pytest.param(on("StatusCheckFailed", **NO_DATA), True, id="of an instance that is gone"),
        pytest.param(
            on(state="INSUFFICIENT_DATA", since=NOW - WEEK), False, id="without data for a week"
        ),
        pytest.param(on(state="INSUFFICIENT_DATA"), False, id="without data since nobody knows"),
        pytest.param(on(state="OK", since=NOW - 2 * WEEK), False, id="well for weeks"),
        pytest.param(
            on("HTTPCode_Target_5XX_Count", **NO_DATA), False, id="only published if bad"
        ),
        pytest.param(Alarm("c", **NO_DATA), False, id="no series of its own without data"),
        pytest.param(on(threshold=1e12), True, id="beyond any count"),
        pytest.param(
            on(threshold=1e12, comparison="GreaterThanOrEqualToThreshold"), False, id="just at it"
        ),
        pytest.param(on(threshold=2e12), True, id="far beyond any count"),
        pytest.param(on(threshold=1e12 - 1), False, id="below it"),
        pytest.param(on("CPUUtilization", threshold=100.0), True, id="more than all of it"),
        pytest.param(on("CPUUtilization", threshold=99.9), False, id="nearly all of it"),
        pytest.param(on("CPUUtilization", threshold=100.5), True, id="more than a share can be"),
        pytest.param(on("Latency", threshold=101.0), False, id="more than 100 of no share"),
        pytest.param(
            on("CPUUtilization", threshold=100.0, comparison="GreaterThanOrEqualToThreshold"),
            False,
            id="all of it",
        ),
        pytest.param(
            on("CPUUtilization", "AWS/ECS", threshold=101.0), False, id="a task may use more"
        ),
        pytest.param(low(0.0), True, id="less than nothing"),
        pytest.param(
            low(-1.0, "LessThanOrEqualToThreshold"), True, id="at most less than nothing"
        ),
        pytest.param(low(0.0, "LessThanOrEqualToThreshold"), False, id="nothing"),
        pytest.param(low(0.5), False, id="less than a half"),
        pytest.param(low(1.0), False, id="less than one"),
        pytest.param(low(-1.0, namespace="Orders"), False, id="a custom metric may be negative"),
        pytest.param(on(threshold=None), False, id="without a threshold"),
        pytest.param(on(threshold=2e12, band=True), False, id="a band"),
        pytest.param(on(threshold=2e12, is_direct=False), False, id="an expression"),
        pytest.param(Alarm("c", threshold=2e12), False, id="no series"),
    ],
)
def test_an_alarm_that_is_never_raised(alarm, answer):
    assert alarm.never_raised(NOW) is answer


@pytest.mark.parametrize(
    ("state", "since", "answer"),
    [
        ("ALARM", NOW - STUCK_AFTER - SECOND, True),
        ("ALARM", NOW - STUCK_AFTER, False),
        ("ALARM", None, False),
        ("OK", NOW - STUCK_AFTER - SECOND, False),
    ],
)
def test_an_alarm_that_is_stuck(state, since, answer):
    assert Alarm("a", state=state, since=since).is_stuck(NOW) is answer


def composite(rule, actions=(TOPIC,), **values):
    return Alarm("c", kind=Kind.COMPOSITE, rule=rule, actions=actions, **values)


CANNOT = "The alarm a cannot raise the composite alarm c, whose rule also depends on "
DEAD = Alarm("b", evaluation_state="EVALUATION_ERROR")


@pytest.mark.parametrize(
    ("rule", "others", "why"),
    [
        pytest.param("ALARM(a) AND ALARM(b)", [Alarm("b")], "", id="one that is raised at times"),
        pytest.param(
            "ALARM(a) AND ALARM(b)",
            [DEAD],
            CANNOT + "b, which never changes.",
            id="one that never",
        ),
        pytest.param("ALARM(a) AND OK(b)", [DEAD], "", id="one that is always well"),
        pytest.param(
            "ALARM(a) AND ALARM(b)", [], CANNOT + "b, which never changes.", id="one that is gone"
        ),
        pytest.param(
            "ALARM(a) AND OK(b)", [], CANNOT + "b, which never changes.", id="gone, so not well"
        ),
        pytest.param("ALARM(a) AND INSUFFICIENT_DATA(b)", [], "", id="gone, so without data"),
        pytest.param("ALARM(a) OR ALARM(b)", [DEAD], "", id="alone"),
        pytest.param(
            "ALARM(a) AND ALARM(b) AND ALARM(x)",
            [DEAD],
            CANNOT + "b, x, which never changes.",
            id="two",
        ),
        pytest.param(
            "ALARM(a) AND OK(a)",
            [],
            CANNOT + "other states, which never changes.",
            id="a contradiction",
        ),
    ],
)
def test_a_composite_alarm_that_needs_another(rule, others, why):
    """An alarm without actions is heard through the composite, if that can be raised by it."""
    alarm = on()
    inventory = Inventory((alarm, composite(rule), *others))
    voice = inventory.voice(alarm, NOW)
    assert voice == (Voice((), Silence.NO_EFFECTIVE_ACTION, why) if why else Voice((TOPIC,)))
    assert {each.name for each in inventory.heard(alarm)} == {"a", "c"}
    assert {each.name for each in inventory.heard(alarm, NOW)} == ({"a"} if why else {"a", "c"})


def test_an_alarm_that_has_been_without_data_is_never_raised_in_a_rule_either():
    """Whether it has been for long depends on the time that is asked about."""
    alarm, other = on(), on(**NO_DATA)
    inventory = Inventory(
        (alarm, Alarm("b", **NO_DATA, watches=other.watches), composite("ALARM(a) AND ALARM(b)"))
    )
    assert inventory.voice(alarm, NOW).silence is Silence.NO_EFFECTIVE_ACTION
    assert inventory.voice(alarm, NOW - WEEK).silence is None


def test_a_composite_alarm_without_actions_is_not_the_reason():
    alarm = on()
    inventory = Inventory((alarm, composite("ALARM(a) AND ALARM(b)", actions=())))
    assert inventory.voice(alarm, NOW) == Voice(
        (), Silence.NO_EFFECTIVE_ACTION, "The alarm a has no action."
    )


STUCK = "The composite alarm c has been in ALARM since 2026-11-05: a new failure does not change its state."
SUPPRESSES = (
    "The alarm s suppresses the actions of the alarm c and has been in ALARM since 2026-11-19;"
    " at most 24 hours are allowed."
)
FIFTEEN_DAYS = NOW - timedelta(days=15)
A_DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("alarm", "suppressor", "why"),
    [
        pytest.param(
            composite("ALARM(a)", state="ALARM", since=FIFTEEN_DAYS), None, STUCK, id="stuck"
        ),
        pytest.param(composite("ALARM(a)", state="OK", since=FIFTEEN_DAYS), None, "", id="well"),
        pytest.param(
            composite("ALARM(a)", suppressor="s"),
            Alarm("s", state="ALARM", since=NOW - A_DAY - SECOND),
            SUPPRESSES,
            id="suppressed for more than a day",
        ),
        pytest.param(
            composite("ALARM(a)", suppressor="s"),
            Alarm("s", state="ALARM", since=NOW - A_DAY),
            "",
            id="suppressed for a day",
        ),
        pytest.param(
            composite("ALARM(a)", suppressor="s"),
            Alarm("s", state="OK", since=FIFTEEN_DAYS),
            "",
            id="the suppressor is well",
        ),
        pytest.param(
            composite("ALARM(a)", suppressor="s"),
            Alarm("s", state="ALARM"),
            "",
            id="suppressed since nobody knows",
        ),
        pytest.param(
            composite("ALARM(a)", suppressor="s"),
            Alarm("x", state="ALARM", since=FIFTEEN_DAYS),
            "",
            id="another is in alarm",
        ),
        pytest.param(
            Alarm("c", actions=(TOPIC,), state="ALARM", since=FIFTEEN_DAYS),
            None,
            "",
            id="a metric alarm is raised again and again",
        ),
    ],
)
def test_a_composite_alarm_that_cannot_speak(alarm, suppressor, why):
    inventory = Inventory((alarm, *([suppressor] if suppressor else [])))
    voice = inventory.voice(alarm, NOW)
    assert voice == (Voice((), Silence.MUTED, why) if why else Voice((TOPIC,)))


NEEDS = "The alarm a needs "


@pytest.mark.parametrize(
    ("namespace", "metric", "period", "datapoints", "evaluations", "why"),
    [
        pytest.param("AWS/Lambda", "Errors", 60, 1, 1, "", id="a minute"),
        pytest.param("AWS/Lambda", "Errors", 0, 1, 1, "", id="a period nobody knows"),
        pytest.param("Orders", "Placed", 10, 1, 1, "", id="a custom metric in ten seconds"),
        pytest.param(
            "AWS/Lambda",
            "Errors",
            10,
            1,
            6,
            NEEDS + "1 datapoint in 6 periods of 10 s, but Errors has one datapoint every minute.",
            id="ten seconds",
        ),
        pytest.param(
            "AWS/S3",
            "BucketSizeBytes",
            3600,
            2,
            24,
            NEEDS + "2 datapoints in 24 periods of 3600 s, but BucketSizeBytes has one datapoint"
            " every 24 hours.",
            id="two an hour apart of one a day",
        ),
        pytest.param("AWS/S3", "BucketSizeBytes", 3600, 1, 24, "", id="one of a day's hours"),
        pytest.param("AWS/S3", "BucketSizeBytes", 3600, 2, 25, "", id="two of more than a day"),
        pytest.param("AWS/S3", "BucketSizeBytes", 86_400, 2, 2, "", id="two days"),
    ],
)
def test_a_series_with_too_few_datapoints(namespace, metric, period, datapoints, evaluations, why):
    alarm = Alarm("a", datapoints=datapoints, evaluations=evaluations)
    assert alarm.too_fine(Watched(namespace, metric, period=period)) == why


def test_the_alarms_on_a_series_and_on_it_split():
    """In the order of the inventory; a query may select any series of its metric."""
    plain = frozenset({("LoadBalancer", "app/x")})
    split = plain | {("TargetGroup", "t")}

    def alarm(name, dimensions, metric="Latency"):
        watched = Watched("AWS/ApplicationELB", metric, dimensions=dimensions)
        return Alarm(name, watches=(watched,))

    query = Alarm(
        "query", selections=(metric_sql.parse('SELECT MAX(Latency) FROM "AWS/ApplicationELB"'),)
    )
    first, second, other = alarm("a", plain), alarm("b", plain), alarm("c", plain, "Requests")
    zone = alarm("d", split)
    series = ("AWS/ApplicationELB", "Latency", dict(plain))
    without = Inventory((first, other, zone, second))
    assert without.covering(*series) == (first, second)
    assert without.split_by(*series, "TargetGroup") == (("t", zone, zone.watches[0]),)
    assert without.split_by(*series, "LoadBalancer") == ()
    assert without.covering("AWS/ApplicationELB", "Latency", {}) == ()
    assert Inventory((first, query, second)).covering(*series) == (first, query, second)
    assert Inventory((query,)).covering("AWS/ApplicationELB", "Latency", {}) == (query,)
    assert Inventory((query,)).covering("AWS/ApplicationELB", "Requests", {}) == ()
