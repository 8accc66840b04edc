"""What a function counts reaches CloudWatch once, as one metric for all headings."""

from __future__ import annotations

import json

import pytest

from readiness.engine.counting import ALL_HEADINGS, Counts
from tests.engine.functions import api_call, swept
from tests.fake_account import error
from tests.pipeline.standins import context


def sent(capsys):
    """Each metric that was sent, a count: heading, name, value."""
    seen = []
    for line in capsys.readouterr().out.splitlines():
        said = json.loads(line)
        for directive in said.get("_aws", {}).get("CloudWatchMetrics", ()):
            assert directive["Namespace"] == "Readiness"
            assert {each["Unit"] for each in directive["Metrics"]} == {"Count"}
            seen += [
                (said["heading"], each["Name"], sum(said[each["Name"]]))
                for each in directive["Metrics"]
            ]
    return sorted(seen)


@pytest.fixture
def counts():
    return Counts("alarms", "stack")


def test_what_is_counted_is_sent_once(counts, capsys):
    counts.add("Evaluated", 3)
    counts.add("Evaluated", 4)
    counts.send()
    assert sent(capsys) == [("alarms", "Evaluated", 7)]
    counts.send()
    assert sent(capsys) == []


def test_more_than_fits_into_one_line_is_sent_whole(counts, capsys):
    for _ in range(250):
        counts.add("BlindVerdicts")
    counts.send()
    assert sent(capsys) == [("alarms", "BlindVerdicts", 250)]


def test_headings_share_a_metric_and_stacks_do_not(counts, capsys):
    """Each combination of dimensions is billed, and stacks side by side have their own alarms."""
    counts.add("RuleCrashes")
    counts.send()
    [watched] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (watched["service"], watched["stack"]) == (ALL_HEADINGS, "stack")
    assert watched["heading"] == "alarms"
    [directive] = watched["_aws"]["CloudWatchMetrics"]
    assert sorted(*directive["Dimensions"]) == ["service", "stack"]


def test_what_an_event_led_to_is_logged_and_no_metric(function, capsys, caplog):
    """A metric that is sent each hour is billed for the whole month."""
    answer = function(api_call(), context())
    [done] = [each for each in caplog.records if each.getMessage() == "recorded"]
    assert done.evaluated == answer["evaluated"] > 0
    assert done.transitions == answer["transitions"] > 0
    assert sent(capsys) == []


def test_what_cannot_be_read_is_counted(function, failing, capsys):
    failing.failure = error("AccessDenied", 403)
    function(api_call(), context())
    counted = {name: value for _, name, value in sent(capsys)}
    assert counted["BlindVerdicts"] >= 1


def test_what_is_looked_at_later_is_counted(function, machine, failing, capsys):
    failing.failure = error("ThrottlingException")
    answer = function(api_call(), context())
    counted = {name: value for _, name, value in sent(capsys)}
    assert counted["LooksAgain"] == answer["again"] > 0
    function(api_call(requestParameters={}), context())
    assert ("encryption", "LooksGathered", 1) in sent(capsys)


def test_second_looks_that_a_leg_has_no_time_for_are_counted(function, capsys, monkeypatch):
    monkeypatch.setattr("readiness.engine.record.Recorder.look_again", lambda *_: 5)
    swept(function)
    assert ("encryption", "SecondLooksLeft", 5) in sent(capsys)
