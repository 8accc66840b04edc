"""What a function counts reaches CloudWatch once, and what an alarm watches twice."""

from __future__ import annotations

import json

import pytest

from readiness.engine.counting import ALL_HEADINGS, Counts
from tests.engine.test_function import (
    api_call,
    failing,  # noqa: F401
    function,  # noqa: F401
    machine,  # noqa: F401
    swept,
)
from tests.fake_account import error
from tests.pipeline.standins import context


def sent(capsys):
    """Each metric that was sent: heading, name, value."""
    seen = []
    for line in capsys.readouterr().out.splitlines():
        said = json.loads(line)
        for directive in said.get("_aws", {}).get("CloudWatchMetrics", ()):
            assert directive["Namespace"] == "Readiness"
            seen += [
                (said["service"], each["Name"], sum(said[each["Name"]]))
                for each in directive["Metrics"]
            ]
    return sorted(seen)


@pytest.fixture
def counts():
    made = Counts("alarms", "stack")
    made.metrics.clear_metrics()
    return made


def test_what_is_counted_is_sent_once(counts, capsys):
    counts.add("Evaluated", 3)
    counts.add("Evaluated", 4)
    counts.send()
    assert sent(capsys) == [("alarms", "Evaluated", 7)]
    counts.send()
    assert sent(capsys) == []


def test_a_fault_counts_for_its_heading_and_for_all(counts, capsys):
    counts.fault("RuleCrashes")
    counts.fault("RuleCrashes", 2)
    counts.send()
    assert sent(capsys) == [("alarms", "RuleCrashes", 3), (ALL_HEADINGS, "RuleCrashes", 3)]
    counts.send()
    assert sent(capsys) == []


def test_what_an_alarm_watches_is_that_of_its_own_stack(counts, capsys):
    """Stacks side by side have alarms of their own."""
    counts.fault("RuleCrashes")
    counts.send()
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [watched] = [each for each in said if each["service"] == ALL_HEADINGS]
    assert watched["stack"] == "stack"
    [directive] = watched["_aws"]["CloudWatchMetrics"]
    assert sorted(*directive["Dimensions"]) == ["service", "stack"]


def test_what_an_event_led_to_is_counted(function, capsys):  # noqa: F811
    answer = function(api_call(), context())
    counted = {name: value for heading, name, value in sent(capsys) if heading == "encryption"}
    assert counted["Evaluated"] == answer["evaluated"] > 0
    assert counted["Transitions"] == answer["transitions"] > 0
    assert set(counted) == {"Evaluated", "Transitions"}


def test_what_cannot_be_read_is_counted(function, failing, capsys):  # noqa: F811
    failing.failure = error("AccessDenied", 403)
    function(api_call(), context())
    counted = {name: value for _, name, value in sent(capsys)}
    assert counted["BlindVerdicts"] >= 1


def test_what_is_looked_at_later_is_counted(function, machine, failing, capsys):  # noqa: F811
    failing.failure = error("ThrottlingException")
    answer = function(api_call(), context())
    counted = {name: value for _, name, value in sent(capsys)}
    assert counted["LooksAgain"] == answer["again"] > 0
    function(api_call(requestParameters={}), context())
    assert ("encryption", "LooksGathered", 1) in sent(capsys)


def test_second_looks_that_a_leg_has_no_time_for_are_counted(function, capsys, monkeypatch):  # noqa: F811
    monkeypatch.setattr("readiness.engine.record.Recorder.look_again", lambda *_: 5)
    swept(function)
    assert ("encryption", "SecondLooksLeft", 5) in sent(capsys)
