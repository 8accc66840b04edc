"""What is quiet and what is not: windows, the hours of the night, and what cannot be understood."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from readiness import Severity
from readiness.alerting.held import AGAIN, Held
from readiness.alerting.quiet import (
    HoursRefused,
    Quiet,
    Window,
    assembled,
    end_item,
    hours_of,
    window_item,
)
from readiness.engine.attribute_values import deserialise
from tests.findings import BUCKET, T0, finding
from tests.pipeline.memory import Memory

TABLE = "declarations"


def at(text):
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("hours", "zone", "now", "is_quiet"),
    [
        ("22:00-07:00", "UTC", "2026-11-02T22:00:00Z", True),
        ("22:00-07:00", "UTC", "2026-11-02T21:59:59Z", False),
        ("22:00-07:00", "UTC", "2026-11-03T06:59:59Z", True),
        ("22:00-07:00", "UTC", "2026-11-03T07:00:00Z", False),
        ("12:00-13:00", "UTC", "2026-11-03T12:30:00Z", True),
        ("12:00-13:00", "UTC", "2026-11-03T13:00:00Z", False),
        ("22:00-07:00", "Europe/Berlin", "2026-11-02T21:30:00Z", True),
        ("22:00-07:00", "Europe/Berlin", "2026-07-02T20:30:00Z", True),
        ("22:00-07:00", "Europe/Berlin", "2026-07-02T05:30:00Z", False),
        ("22:00-07:00", "Asia/Kolkata", "2026-07-02T16:29:00Z", False),
        ("22:00-07:00", "Asia/Kolkata", "2026-07-02T16:30:00Z", True),
        # the night in which the clock is put back has the hour from 2 to 3 twice
        ("02:30-03:00", "Europe/Berlin", "2026-10-25T00:45:00Z", True),
        ("02:30-03:00", "Europe/Berlin", "2026-10-25T01:45:00Z", True),
        ("02:30-06:00", "Europe/Berlin", "2026-10-25T00:29:00Z", False),
        ("02:30-06:00", "Europe/Berlin", "2026-10-25T01:15:00Z", True),
        ("02:30-06:00", "Europe/Berlin", "2026-10-25T05:00:00Z", False),
        ("22:00-02:30", "Europe/Berlin", "2026-10-25T00:45:00Z", True),
        ("22:00-02:30", "Europe/Berlin", "2026-10-25T01:29:00Z", True),
        ("22:00-02:30", "Europe/Berlin", "2026-10-25T01:30:00Z", False),
        # the hour from 2 to 3 does not exist
        ("02:30-06:00", "Europe/Berlin", "2027-03-28T00:59:00Z", False),
        ("02:30-06:00", "Europe/Berlin", "2027-03-28T01:00:00Z", True),
        ("22:00-02:30", "Europe/Berlin", "2027-03-28T00:59:00Z", True),
        ("22:00-02:30", "Europe/Berlin", "2027-03-28T01:00:00Z", False),
        ("02:10-02:50", "Europe/Berlin", "2027-03-28T01:00:00Z", False),
        # clocks that change at midnight, by half an hour, and on the other half of the year
        ("23:30-00:30", "America/Santiago", "2026-04-05T03:15:00Z", True),
        ("01:45-05:00", "Australia/Lord_Howe", "2027-04-03T15:05:00Z", True),
        ("01:45-05:00", "Australia/Lord_Howe", "2026-10-03T15:30:00Z", True),
    ],
)
def test_the_hours_are_those_of_the_wall_clock(hours, zone, now, is_quiet):
    assert hours_of(hours, zone, "").are_on(at(now), Severity.HIGH) is is_quiet


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]
)
@pytest.mark.parametrize("hours", ["22:00-07:00", "02:30-06:00", "22:00-02:30", "01:15-01:45"])
@pytest.mark.parametrize(
    "change", ["2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01"]
)
def test_the_hours_begin_once_a_day_whatever_the_clocks_do(zone, hours, change):
    known, was, begins = hours_of(hours, zone, ""), None, []
    for quarters in range(-2 * 96, 3 * 96):
        now = at(f"{change}T00:07:00Z") + timedelta(minutes=15 * quarters)
        is_on = known.are_on(now, Severity.HIGH)
        if is_on and was is False:
            begins.append(now.astimezone(known.zone).date())
        was = is_on
    assert len(begins) == len(set(begins))
    assert len(begins) >= 4


@pytest.mark.parametrize(
    ("below", "severity", "is_quiet"),
    [
        ("CRITICAL", Severity.HIGH, True),
        ("CRITICAL", Severity.CRITICAL, False),
        ("HIGH", Severity.HIGH, False),
        ("HIGH", Severity.MEDIUM, True),
        ("", Severity.HIGH, True),
    ],
)
def test_only_what_is_less_severe_is_held(below, severity, is_quiet):
    hours = hours_of("22:00-07:00", "UTC", below)
    assert hours.are_on(at("2026-11-02T23:00:00Z"), severity) is is_quiet


@pytest.mark.parametrize(
    ("hours", "zone"),
    [
        ("22:00", "UTC"),
        ("24:00-07:00", "UTC"),
        ("07:00-07:00", "UTC"),
        ("22:00-07:00", "Mars/Olympus"),
        ("22:00-07:00", "../../etc/passwd"),
        ("22:00-07:00", "/etc/localtime"),
    ],
)
def test_hours_that_make_no_sense_are_refused(hours, zone):
    with pytest.raises(HoursRefused):
        hours_of(hours, zone, "CRITICAL")


def test_without_the_parameter_there_are_none():
    assert hours_of("", "UTC", "CRITICAL") is None


def window(**changes):
    said = {"id": "w1", "by": "AIDAANN", "since": T0, "until": T0 + timedelta(hours=2)}
    return Window(**said | {"reason": "A deployment"} | changes)


def quiet(memory, now, hours=None):
    return Quiet(memory, TABLE, hours, now=lambda: now)


def put(memory, *items):
    for item in items:
        memory.put_item(TableName=TABLE, Item=item)


@pytest.mark.parametrize(
    ("minutes", "why"),
    [
        pytest.param(0, "change window w1: A deployment", id="begins"),
        pytest.param(119.9, "change window w1: A deployment", id="lasts"),
        pytest.param(120, "", id="is over by itself"),
        pytest.param(-4, "change window w1: A deployment", id="a clock that is ahead"),
        pytest.param(-6, "", id="has not begun"),
    ],
)
def test_a_window_holds_while_it_is_on(minutes, why):
    memory = Memory()
    put(memory, window_item(window()))
    now = T0 + timedelta(minutes=minutes)
    assert quiet(memory, now).why(finding(), Severity.HIGH) == why
    assert quiet(memory, now).why(finding(), Severity.CRITICAL) == ""


def test_a_window_lasts_a_day_at_most_whatever_its_row_says():
    memory = Memory()
    put(memory, window_item(window(until=T0 + timedelta(days=900))))
    assert quiet(memory, T0 + timedelta(hours=23)).why(finding(), Severity.HIGH)
    assert not quiet(memory, T0 + timedelta(hours=24)).why(finding(), Severity.HIGH)


def test_a_window_that_was_ended_is_over():
    memory = Memory()
    put(memory, window_item(window()), end_item("w1", "AIDABOB", T0 + timedelta(minutes=5)))
    assert quiet(memory, T0 + timedelta(minutes=4)).why(finding(), Severity.HIGH)
    assert not quiet(memory, T0 + timedelta(minutes=5)).why(finding(), Severity.HIGH)


@pytest.mark.parametrize(
    ("changes", "is_held"),
    [
        ({"rule": "encryption.*"}, True),
        ({"rule": "xray.*"}, False),
        ({"resource": "da*"}, True),
        ({"resource": f"{BUCKET.account}/*/data"}, True),
        ({"resource": "other"}, False),
        ({"workload": "shop"}, True),
        ({"workload": "shop", "owner": "nobody"}, False),
    ],
)
def test_a_window_covers_what_it_says(changes, is_held):
    found = finding(workload="shop", owner="ops")
    assert window(**changes).covers(found) is is_held


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"declared_by": "AIDAEVE"}, id="under the key of who may only attest"),
        pytest.param({"declared_by": "waiver#AIDAEVE"}, id="under the key of waivers"),
        pytest.param({"until": "soon"}, id="no time"),
        pytest.param({"until": None}, id="nothing"),
        pytest.param({"kind": "WAIVER"}, id="of another kind"),
        pytest.param({"severity": "LOW"}, id="with a limit of a newer version"),
        pytest.param({"workload": ""}, id="with a limit that is empty"),
        pytest.param({"rule_glob": "\u200b"}, id="with a limit that nobody can see"),
        pytest.param({"declared_at": "2026-11-02T12:00:00"}, id="a time without a zone"),
    ],
)
def test_a_row_that_makes_no_window_holds_nothing(changes):
    row = deserialise(window_item(window())) | changes
    assert not any(each.is_on(T0 + timedelta(minutes=1)) for each in assembled([row]))


def test_windows_are_read_again_after_a_quarter_of_a_minute():
    memory, clock = Memory(), [T0]
    held_back = Quiet(memory, TABLE, now=lambda: clock[0])
    assert not held_back.why(finding(), Severity.HIGH)
    put(memory, window_item(window()))
    clock[0] += timedelta(seconds=14)
    assert not held_back.why(finding(), Severity.HIGH)
    clock[0] += timedelta(seconds=2)
    assert held_back.why(finding(), Severity.HIGH)


class Store:
    def __init__(self):
        self.client, self.transitions_table = Memory(), "transitions"


def test_a_held_page_is_looked_at_again_until_it_is_released():
    store, clock = Store(), [datetime(2026, 11, 2, 12, tzinfo=UTC)]
    held = Held(store, now=lambda: clock[0])
    held.hold(BUCKET, "encryption.s3-kms", "quiet hours")
    assert list(held.due()) == []
    clock[0] += AGAIN
    [page] = held.due()
    assert (page.resource, page.rule) == (BUCKET.key, "encryption.s3-kms")
    held.release(BUCKET, "encryption.s3-kms")
    assert list(held.due()) == []


@pytest.mark.parametrize(
    ("text", "zone", "now", "end"),
    [
        pytest.param("22:00-07:00", "UTC", "2026-11-02T23:30", "2026-11-03T07:00", id="evening"),
        pytest.param("22:00-07:00", "UTC", "2026-11-03T06:59", "2026-11-03T07:00", id="morning"),
        pytest.param("12:00-13:00", "UTC", "2026-11-03T12:00", "2026-11-03T13:00", id="at noon"),
        pytest.param("22:00-07:00", "UTC", "2026-11-03T12:00", None, id="not now"),
        pytest.param(
            "22:00-07:00", "Europe/Berlin", "2026-10-24T21:00", "2026-10-25T06:00", id="put back"
        ),
        pytest.param(
            "22:00-07:00", "Europe/Berlin", "2026-03-28T22:00", "2026-03-29T05:00", id="forward"
        ),
    ],
)
def test_when_the_hours_end_that_are_on(text, zone, now, end):
    hours = hours_of(text, zone, "CRITICAL")
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    expected = datetime.fromisoformat(end).replace(tzinfo=UTC) if end else None
    assert hours.end_after(moment) == expected
    assert hours.are_on(moment, Severity.HIGH) is (expected is not None)


def test_a_page_that_is_held_for_the_night_is_looked_at_seldom_and_at_its_end():
    """Thousands of them, every five minutes, would keep a CRITICAL page waiting."""
    clock = [datetime(2026, 11, 2, 22, 10, tzinfo=UTC)]
    hours = hours_of("22:00-07:00", "UTC", "CRITICAL")
    store = Store()
    held, held_back = Held(store, now=lambda: clock[0]), quiet(Memory(), T0, hours)
    held_back._now = lambda: clock[0]
    looks = []
    because = held_back.why(finding(), Severity.HIGH)
    held.hold(BUCKET, "encryption.s3-kms", because, held_back.until(because))
    while because:
        clock[0] += timedelta(minutes=5)
        for _ in held.due():
            looks.append(clock[0])
            because = held_back.why(finding(), Severity.HIGH)
            held.hold(BUCKET, "encryption.s3-kms", because, held_back.until(because))
    assert looks[-1] == datetime(2026, 11, 3, 7, 0, tzinfo=UTC)
    assert len(looks) <= 12


def test_a_window_may_be_ended_at_any_time():
    memory = Memory()
    put(memory, window_item(window()))
    held_back = quiet(memory, T0, hours_of("10:00-16:00", "UTC", "CRITICAL"))
    assert held_back.until(window().reason) is None
    assert held_back.until("quiet hours") == T0.replace(hour=16)
    assert quiet(memory, T0).until("quiet hours") is None
