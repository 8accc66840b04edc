"""One outage is one incident, whichever rules see it; a worse one pages; routes and quiet times."""

from __future__ import annotations

from datetime import timedelta

import pytest

from readiness import Severity
from readiness.alerting.quiet import Window, window_item
from readiness.model.resource import Resource
from tests.pipeline.test_on_call_rules import BEGIN, DECLARATIONS, World

WEB = Resource("111122223333", "us-east-1", "AWS::ECS::Service", "web")
ERRORS, GONE, TASKS = (
    "performance_benchmarks.service-error-rate",
    "performance_benchmarks.service-availability",
    "ecs_deployment.tasks-healthy",
)


@pytest.fixture
def world():
    made = World()
    made.begin(above=5, night=False, low=True, confirm=0)
    yield made
    made.teardown()


def happen(world, rule, status="open", severity=Severity.HIGH, owner=""):
    world.change((WEB, rule), status, severity, owner, twice=False)
    world.drain()


def test_error_rate_and_availability_of_one_outage_are_one_incident(world):
    for rule in (ERRORS, GONE, TASKS):
        happen(world, rule)
    [(_, event)] = world.open.items()
    details = event["payload"]["custom_details"]
    assert details["one_incident_for"] == f"{ERRORS}, {GONE}, {TASKS}"
    assert details["resolves"] == "when all of these are resolved"


def test_it_is_open_until_the_last_of_them_is_over(world):
    for rule in (ERRORS, GONE):
        happen(world, rule)
    happen(world, ERRORS, "over")
    assert len(world.open) == 1
    sent = []
    world.pager._sender.api.send, send = (
        lambda event: (sent.append(event), send(event))[1],
        world.send,
    )
    happen(world, GONE, "over")
    assert world.open == {}
    assert sent[-1]["event_action"] == "resolve"
    assert sent[-1]["payload"]["summary"].startswith("[RESOLVED]"), "routed by what is in it"
    happen(world, GONE)
    assert len(world.open) == 1, "the next outage pages again"


def test_what_is_worse_than_the_incident_pages(world):
    happen(world, ERRORS)
    happen(world, GONE, severity=Severity.CRITICAL)
    severities = {event["payload"]["severity"] for event in world.open.values()}
    assert severities == {"error", "critical"}
    happen(world, TASKS)
    assert len(world.open) == 2, "what comes later joins the worst"
    happen(world, GONE, "over")
    happen(world, TASKS, "over")
    assert len(world.open) == 1


def test_another_resource_and_another_service_have_incidents_of_their_own(world):
    happen(world, ERRORS)
    other = Resource("111122223333", "us-east-1", "AWS::ECS::Service", "jobs")
    world.change((other, GONE), "open", Severity.HIGH, "", twice=False)
    happen(world, GONE, owner="payments")
    assert len(world.open) == 3
    assert {key for key, _ in world.open} == {"key", "other"}


def test_a_resolve_goes_to_the_service_that_was_paged(world):
    happen(world, ERRORS, owner="payments")
    happen(world, ERRORS, "over", owner="")
    assert world.open == {}


def test_a_key_that_is_not_there_pages_the_default(world):
    happen(world, ERRORS, owner="x")
    assert [key for key, _ in world.open] == ["key"]


def test_a_window_holds_and_what_is_still_wrong_pages_afterwards(world):
    window = Window("w", "ann", BEGIN, BEGIN + timedelta(hours=2), "x")
    world.memory.put_item(TableName=DECLARATIONS, Item=window_item(window))
    happen(world, ERRORS)
    happen(world, "encryption.s3-kms")
    assert world.open == {}
    happen(world, "encryption.s3-kms", "over")
    world.clock.at = BEGIN + timedelta(hours=2)
    world.tick()
    world.drain()
    [event] = world.open.values()
    assert event["payload"]["class"] == ERRORS


def test_windows_that_cannot_be_read_hold_nothing(world):
    window = Window("w", "ann", BEGIN, BEGIN + timedelta(hours=2), "x")
    world.memory.put_item(TableName=DECLARATIONS, Item=window_item(window))
    query = world.memory.query

    def denied(**asked):
        if asked["TableName"] == DECLARATIONS:
            from tests.fake_account import error

            raise error("AccessDeniedException")
        return query(**asked)

    world.memory.query = denied
    happen(world, ERRORS)
    assert len(world.open) == 1


@pytest.mark.parametrize("parameter", ["QUIET_HOURS", "PAGERDUTY_ROUTES"])
def test_a_parameter_that_makes_no_sense_silences_nobody(world, parameter):
    world.environment[parameter] = "nonsense"
    world.renew()
    happen(world, ERRORS, owner="payments")
    assert len(world.open) == 1


def test_a_waiver_of_one_member_neither_ends_nor_repeats_the_incident(world):
    happen(world, ERRORS)
    happen(world, GONE)
    happen(world, ERRORS, "waived")
    [key] = world.open
    happen(world, ERRORS, "open")
    assert list(world.open) == [key]
    happen(world, ERRORS, "waived")
    happen(world, GONE, "over")
    assert world.open == {}


def test_what_becomes_critical_in_a_window_pages_and_its_end_is_told(world):
    window = Window("w", "ann", BEGIN, BEGIN + timedelta(hours=2), "x")
    world.memory.put_item(TableName=DECLARATIONS, Item=window_item(window))
    for rule in (ERRORS, GONE):
        happen(world, rule)
    assert world.open == {}
    happen(world, GONE, severity=Severity.CRITICAL)
    assert len(world.open) == 1
    happen(world, GONE, "over")
    assert world.open == {}
    world.clock.at = BEGIN + timedelta(hours=3)
    world.tick()
    world.drain()
    [event] = world.open.values()
    assert event["payload"]["class"] == ERRORS


def test_what_was_told_before_a_window_is_resolved_in_it(world):
    happen(world, ERRORS)
    window = Window("w", "ann", world.clock.at, world.clock.at + timedelta(hours=2), "x")
    world.memory.put_item(TableName=DECLARATIONS, Item=window_item(window))
    happen(world, ERRORS, severity=Severity.CRITICAL)
    [event] = world.open.values()
    assert event["payload"]["severity"] == "critical"
    happen(world, ERRORS, "over", severity=Severity.CRITICAL)
    assert world.open == {}


def test_a_window_that_ends_while_the_forwarder_tries_again_pages_once(world):
    window = Window("w", "ann", BEGIN, BEGIN + timedelta(minutes=8), "x")
    world.memory.put_item(TableName=DECLARATIONS, Item=window_item(window))
    happen(world, "encryption.s3-kms")
    world.clock.at = BEGIN + timedelta(minutes=9)
    world.tick()
    world.answers = ["refused"]
    assert world.try_one(world.queue[0]) is False
    world.tick()
    sent = []
    world.pager._sender.api.send, send = (
        lambda event: (sent.append(event), send(event))[1],
        world.send,
    )
    world.drain()
    assert len(world.open) == 1
    assert len({event["dedup_key"] for event in sent}) == 1
