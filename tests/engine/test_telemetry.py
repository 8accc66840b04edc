"""What a heading's function reports of its own work: a line in its log and a metric of each kind."""

from __future__ import annotations

import json
from types import SimpleNamespace

import botocore
import pytest

from readiness.engine.own_stack import UNLISTED
from readiness.engine.targets import MalformedEvent
from readiness.engine.telemetry import Telemetry

RULE = SimpleNamespace(id="encryption.kms-rotation")


class Reported:
    """The telemetry of a heading, and what it wrote: the lines of the log, and the metrics."""

    def __init__(self, capsys, caplog):
        self.telemetry = Telemetry("encryption", "readiness")
        self._capsys = capsys
        self._caplog = caplog

    def __call__(self):
        self.telemetry.counts.send()
        counted = {}
        for line in map(json.loads, self._capsys.readouterr().out.splitlines()):
            if "_aws" in line:
                assert (line["heading"], line["stack"]) == ("encryption", "readiness")
                [directive] = line["_aws"]["CloudWatchMetrics"]
                counted |= {each["Name"]: sum(line[each["Name"]]) for each in directive["Metrics"]}
        return [vars(record) for record in self._caplog.records], counted


@pytest.fixture
def reported(capsys, caplog):
    return Reported(capsys, caplog)


def observation(**about):
    return SimpleNamespace(**{"rule": RULE, "crash": "", "finding": None, **about})


def finding(missing):
    return SimpleNamespace(rule=RULE.id, missing=missing)


@pytest.mark.parametrize(
    ("report", "level", "message", "more", "counted"),
    [
        pytest.param(
            lambda t: t.malformed(MalformedEvent("the event has no 'account'")),
            "ERROR",
            "malformed event",
            {"reason": "the event has no 'account'"},
            {"MalformedEvents": 1},
            id="a malformed event",
        ),
        pytest.param(
            lambda t: t.settings_refused("max_days is no number"),
            "ERROR",
            "settings refused",
            {"reason": "max_days is no number"},
            {"SettingsRefused": 1},
            id="refused settings",
        ),
        pytest.param(
            lambda t: t.waivers_unreadable("denied"),
            "ERROR",
            "waivers could not be read",
            {"error": "denied"},
            {"WaiversUnreadable": 1},
            id="unreadable waivers",
        ),
        pytest.param(
            lambda t: t.own_stack_unlisted("denied"),
            "WARNING",
            UNLISTED,
            {"error": "denied"},
            {},
            id="a stack that cannot be listed",
        ),
        pytest.param(
            lambda t: t.sdk_too_old({"oldest": "9.9.9"}),
            "WARNING",
            "the runtime's SDK is older than the rules",
            {"botocore": botocore.__version__, "oldest": "9.9.9"},
            {"SdkTooOld": 1},
            id="an old SDK",
        ),
        pytest.param(
            lambda t: t.observed(observation(crash="KeyError: x")),
            "ERROR",
            "rule crashed",
            {"rule": RULE.id, "error": "KeyError: x"},
            {"RuleCrashes": 1},
            id="a rule that crashed",
        ),
        pytest.param(
            lambda t: t.observed(observation(finding=finding(("kms:ListKeys", "kms:X")))),
            "WARNING",
            "could not be judged",
            {"rule": RULE.id, "missing": ["kms:ListKeys", "kms:X"]},
            {"BlindVerdicts": 1},
            id="unreadable evidence",
        ),
        pytest.param(
            lambda t: t.second_looks_left(5),
            "WARNING",
            "no time to look again",
            {"findings": 5},
            {"SecondLooksLeft": 5},
            id="second looks that are left",
        ),
    ],
)
def test_each_kind_of_trouble_has_a_line_and_a_metric(
    reported, report, level, message, more, counted
):
    report(reported.telemetry)
    [line], metrics = reported()
    assert (line["levelname"], line["message"], line["name"]) == (
        level,
        message,
        "readiness-encryption",
    )
    assert {name: line[name] for name in more} == more
    assert metrics == counted


@pytest.mark.parametrize("of", [None, finding(())], ids=["no finding", "nothing missing"])
def test_a_verdict_as_any_other_is_no_trouble(reported, of):
    reported.telemetry.observed(observation(finding=of))
    assert reported() == ([], {})


def recorder(**about):
    forgotten = []
    return SimpleNamespace(
        **{"transitions": 2, "unreadable": {}, "unwritten": [], "forgotten": forgotten, **about},
        forget_unreadable=lambda: forgotten.append(True),
    )


def test_what_a_run_has_done_is_counted_and_answered(reported):
    done = recorder()
    assert reported.telemetry.recorded(done, 7) == {"evaluated": 7, "transitions": 2}
    [line], metrics = reported()
    assert (line["msg"], line["evaluated"], line["transitions"]) == ("recorded", 7, 2)
    assert metrics == {}, "a metric that is sent each hour is billed for the whole month"
    assert done.forgotten == []


def test_rows_that_cannot_be_read_are_counted_and_told_once(reported):
    """A sweep records in several parts, and the same rows would be told after each."""
    done = recorder(unreadable={"a key": "newer", "another": "newer"})
    reported.telemetry.recorded(done, 0)
    [_, line], metrics = reported()
    assert (line["levelname"], line["message"]) == ("ERROR", "this version cannot read findings")
    assert (line["count"], line["first"]) == (2, "a key: newer")
    assert metrics["UnreadableFindings"] == 2
    assert done.forgotten == [True]


def test_rows_that_cannot_be_written_are_counted_and_the_first_is_told(reported):
    reported.telemetry.recorded(recorder(unwritten=["too large", "throttled"]), 0)
    [_, line], metrics = reported()
    assert (line["levelname"], line["message"]) == ("ERROR", "findings could not be written")
    assert line["first"] == "too large"
    assert metrics["UnwritableFindings"] == 2
