"""A service whose key is gone: the default one is paged, and incidents are resolved with their own."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from functions.pagerduty import app as pager_app
from functions.pagerduty.sender import MOST_KEY_TRIES
from readiness import Severity, Status
from readiness.alerting.held import HELD_PAGE, Held
from readiness.alerting.pagerduty import EventsApi
from readiness.alerting.resolving import Resolver
from tests.findings import finding
from tests.pipeline.test_one_part_that_fails import ERRORS, GONE, NOW, WEB, bucket, opened


def with_keys(pipeline, **keys):
    pipeline.secrets.put_secret_value(SecretId="key", SecretString=json.dumps(keys))
    pipeline.key = pager_app.RoutingKey(pipeline.secrets, "key")
    pipeline.pager = pipeline.a_pager()


def without_the_payments_key(pipeline):
    """Neither the current version of the secret nor the one before has it."""
    with_keys(pipeline, default="R0UT1NG")
    with_keys(pipeline, default="R0UT1NG")


def open_at(pipeline):
    """The open incidents by routing key, as the services of PagerDuty show them."""
    shown = set()
    for event in pipeline.pagerduty.taken:
        about = event["routing_key"], event["dedup_key"]
        (shown.add if event["event_action"] == "trigger" else shown.discard)(about)
    return sorted(key for key, _ in shown)


@pytest.fixture
def routed(pipeline):
    """A pipeline whose payments team has a service of its own."""
    pipeline.baseline_is_over("encryption", "performance_benchmarks")
    pipeline.environment["PAGERDUTY_ROUTES"] = '{"owner=payments": "payments"}'
    with_keys(pipeline, default="R0UT1NG", payments="PAY")
    return pipeline


def payments(*given, **more):
    return finding(*given, owner="payments", **more)


def test_a_key_that_is_gone_keeps_no_critical_from_the_default_service(routed):
    opened(routed, payments(at=NOW))
    assert routed.page() == []
    with_keys(routed, default="R0UT1NG")
    opened(routed, payments(at=NOW + timedelta(seconds=5), severity=Severity.CRITICAL))
    assert routed.page() == []
    assert [e["routing_key"] for e in routed.pagerduty.taken] == ["PAY", "R0UT1NG"]
    opened(routed, payments(Status.COMPLIANT, at=NOW + timedelta(seconds=9)))
    assert routed.page() == []
    assert routed.pagerduty.taken[-1]["routing_key"] == "R0UT1NG"
    assert routed.pagerduty.incidents == {}


@pytest.mark.parametrize("rule", ["encryption.s3-kms", ERRORS])
def test_a_key_that_pagerduty_does_not_know_pages_the_default_service(routed, rule):
    bad = (400, {}, {"status": "invalid event", "errors": ["Invalid routing key"]})
    routed.pagerduty.script = [bad]
    opened(routed, payments(at=NOW, rule=rule, resource=WEB))
    assert routed.page() == []
    assert [e["routing_key"] for e in routed.pagerduty.taken] == ["R0UT1NG"]
    opened(
        routed,
        payments(Status.COMPLIANT, at=NOW + timedelta(seconds=5), rule=rule, resource=WEB),
    )
    assert routed.page() == []
    assert [e["routing_key"] for e in routed.pagerduty.taken] == ["R0UT1NG"] * 2
    assert routed.pagerduty.incidents == {}


def test_who_joins_an_incident_whose_key_is_gone_is_told_by_the_default_service(routed):
    opened(routed, payments(at=NOW, rule=ERRORS, resource=WEB))
    assert routed.page() == []
    with_keys(routed, default="R0UT1NG")
    worse = payments(at=NOW, rule=ERRORS, resource=WEB, severity=Severity.CRITICAL)
    opened(
        routed,
        finding(
            worse.status,
            at=NOW + timedelta(seconds=3),
            rule=GONE,
            resource=WEB,
            owner="payments",
            severity=Severity.CRITICAL,
        ),
    )
    assert routed.page() == []
    assert routed.pagerduty.taken[-1]["routing_key"] == "R0UT1NG"


def test_a_resolve_that_waits_for_its_key_holds_up_no_other_service(routed):
    opened(routed, payments(at=NOW))
    assert routed.page() == []
    without_the_payments_key(routed)
    opened(
        routed,
        payments(Status.COMPLIANT, at=NOW + timedelta(seconds=5)),
        finding(at=NOW + timedelta(seconds=6), resource=bucket("other")),
    )
    assert len(routed.page()) == 1, "the resolve waits"
    assert "other" in routed.pagerduty.taken[-1]["payload"]["summary"]
    with_keys(routed, default="R0UT1NG", payments="PAY2")
    routed.put({"resource": payments().resource.key, "rule": "encryption.s3-kms"})
    assert routed.page() == []
    assert routed.pagerduty.taken[-1]["routing_key"] == "PAY2"


def test_the_deletion_of_the_stack_resolves_the_others(routed):
    opened(
        routed,
        *(payments(at=NOW, resource=bucket(f"p{n}")) for n in range(3)),
        *(finding(at=NOW, resource=bucket(f"b{n}")) for n in range(3)),
    )
    assert routed.page() == []
    without_the_payments_key(routed)
    resolver = Resolver(
        routed.store,
        routed.key,
        EventsApi(routed.pagerduty.url, timeout=0.3),
        lowest=Severity.HIGH,
        wait=lambda _: None,
    )
    done = list(resolver.run())
    assert sum(each.ok for each in done) == 3
    assert len(routed.pagerduty.incidents) == 3
    assert all("payments" in each.reason for each in done if not each.ok)


@pytest.mark.parametrize("rule", ["encryption.s3-kms", ERRORS], ids=["alone", "group"])
@pytest.mark.parametrize(
    "keys",
    [{"default": "R0UT1NG"}, {"default": "R0UT1NG", "payments": "ANOTHER SERVICE"}],
    ids=["removed", "replaced"],
)
def test_an_incident_is_resolved_with_the_key_that_opened_it(routed, keys, rule):
    opened(routed, payments(at=NOW, rule=rule, resource=WEB))
    assert routed.page() == []
    assert open_at(routed) == ["PAY"]
    with_keys(routed, **keys)
    opened(
        routed,
        payments(Status.COMPLIANT, at=NOW + timedelta(seconds=5), rule=rule, resource=WEB),
    )
    assert routed.page() == []
    assert open_at(routed) == []
    assert list(routed.pager._incidents.all()) == []


def test_a_key_that_was_changed_before_is_of_no_incident_that_came_later(routed, monkeypatch):
    monkeypatch.setattr("readiness.alerting.routing_key.MOST_SKEW", timedelta(seconds=-60))
    with_keys(routed, default="R0UT1NG", payments="NEW")
    opened(routed, payments(at=NOW))
    opened(routed, payments(Status.COMPLIANT, at=NOW + timedelta(seconds=5)))
    assert routed.page() == []
    assert {event["routing_key"] for event in routed.pagerduty.taken} <= {"NEW"}


@pytest.mark.parametrize("rule", ["encryption.s3-kms", ERRORS], ids=["alone", "group"])
def test_what_went_to_the_default_service_meanwhile_is_resolved_at_both(routed, rule):
    opened(routed, payments(at=NOW, rule=rule, resource=WEB))
    assert routed.page() == []
    with_keys(routed, default="R0UT1NG")
    worse = payments(
        at=NOW + timedelta(seconds=5), rule=rule, resource=WEB, severity=Severity.CRITICAL
    )
    opened(routed, worse)
    assert routed.page() == []
    assert "R0UT1NG" in open_at(routed)
    over = payments(Status.COMPLIANT, at=NOW + timedelta(seconds=9), rule=rule, resource=WEB)
    opened(routed, over)
    assert routed.page() == []
    assert open_at(routed) == []


def test_a_resolve_without_a_key_waits_for_good_and_goes_out_when_the_key_is_back(routed):
    opened(routed, payments(at=NOW))
    assert routed.page() == []
    without_the_payments_key(routed)
    opened(routed, payments(Status.COMPLIANT, at=NOW + timedelta(seconds=5)))
    [record] = routed.waiting()
    record["attributes"]["ApproximateReceiveCount"] = str(MOST_KEY_TRIES)
    assert routed.page([record]) == [], "the queue would give it up after days"
    [held] = Held(routed.store).all()
    assert held.because == "no key: the secret key has no routing key 'payments'"
    for _ in range(2):
        routed.put({"kind": HELD_PAGE, "resource": held.resource, "rule": held.rule})
        assert routed.page() == []
        assert open_at(routed) == ["PAY"]
        assert len(list(Held(routed.store).all())) == 1
    with_keys(routed, default="R0UT1NG", payments="PAY")
    routed.put({"kind": HELD_PAGE, "resource": held.resource, "rule": held.rule})
    assert routed.page() == []
    assert open_at(routed) == []
    assert list(Held(routed.store).all()) == []
    assert list(routed.pager._incidents.all()) == []


def test_a_secret_that_cannot_be_read_now_moves_nothing_to_the_default_service(routed):
    opened(routed, payments(at=NOW))
    kept = routed.key._secret
    routed.key._keys, routed.key._secret = {}, "not there"
    assert len(routed.page()) == 1
    routed.key._secret = kept
    routed.put({"resource": payments().resource.key, "rule": payments().rule})
    assert routed.page() == []
    assert [e["routing_key"] for e in routed.pagerduty.taken] == ["PAY"]
