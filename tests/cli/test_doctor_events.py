"""`doctor` on what events reach the stack: trails, regions and what they count."""

from __future__ import annotations

from datetime import timedelta

import pytest

from readiness_cli import session
from readiness_cli.doctor import account
from tests.accounts.audit import recorder
from tests.cli import toy
from tests.cli.doctored import described, moved, of, world
from tests.fake_account import FAULTS, NOON


def test_types_that_are_recorded_late_are_counted(run, over):
    daily = recorder(recordingMode={"recordingFrequency": "DAILY"})
    answer = {"ConfigurationRecorders": [daily]}
    over(world(config__describe_configuration_recorders=answer))
    [line] = of(run("doctor", "-o", "json"), "recorder")
    assert line["state"] == "ok"
    assert "once a day" in line["said"]


def test_a_trail_that_has_delivered_nothing_yet_is_asked_again_later(run, over):
    new = {"IsLogging": True, "StartLoggingTime": NOON - timedelta(minutes=2)}
    over(world(cloudtrail__get_trail_status=new))
    said = run("doctor", "-o", "json")
    [line] = of(said, "trail")
    assert (line["state"], said.exit_code) == ("unknown", 3)
    assert "run it again" in line["fix"]


def test_a_trail_whose_status_is_throttled_needs_no_permission(run, over):
    fake = over(world())
    fake.faults["cloudtrail", "get_trail_status"] = FAULTS["throttled"]
    [line] = of(run("doctor", "-o", "json"), "trail")
    assert line["state"] == "unknown"
    assert "run it again" in line["fix"]


@pytest.mark.parametrize("status", ["InternalError", "Forbidden"])
def test_events_that_could_not_be_counted_are_not_none(run, over, status):
    def uncounted(**asked):
        queries = asked["MetricDataQueries"]
        return {
            "MetricDataResults": [
                {"Id": query["Id"], "StatusCode": status, "Values": [], "Timestamps": []}
                for query in queries
            ]
        }

    over(world(cloudwatch__get_metric_data=uncounted))
    [line] = of(run("doctor", "-o", "json"), "events")
    assert line["state"] == "unknown"


def test_outside_the_home_region_global_events_do_not_arrive(run, over, monkeypatch):
    fake = over(world())

    connect = session.connect
    monkeypatch.setattr(
        session, "connect", lambda *args, **more: moved(connect(*args, **more), "eu-west-1")
    )
    said = run("doctor", "-o", "json")
    [line] = of(said, "global events")
    assert line["state"] == "warning"
    assert "reach only us-east-1" in line["said"]
    fake.answers["cloudformation", "describe_stacks"] = described(EvaluateGlobalServices="false")
    [line] = of(run("doctor", "-o", "json"), "global events")
    assert line["state"] == "ok"


def test_the_events_that_count_are_those_of_calls_that_wake_a_rule():
    assert "s3.amazonaws.com" in set(account.sources(toy.encryption))
