"""Who records the use of secrets: trails joined with one another and with event data stores."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.secrets_management.app import access_audited
from readiness import Status, Unreadable
from readiness.engine.actions import action_of
from readiness.evidence.cloudtrail.event_data_stores import EventDataStores
from readiness.evidence.cloudtrail.trails import Trails
from readiness.evidence.secretsmanager import SecretsInRegion
from readiness.model.unreadable import Cause
from readiness.semantics.trail_coverage import (
    EVERYTHING,
    EventDataStore,
    Selectors,
    Trail,
    TrailStatus,
)
from tests.accounts import secrets_management as worlds
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON, observe

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA

WORKS = TrailStatus(logging=True, delivered=NOON - timedelta(minutes=5))
STOPPED = TrailStatus(logging=False, delivered=NOON)
DENIED = Unreadable("cloudtrail:GetTrailStatus", Cause.ACCESS_DENIED, "AccessDenied")
NO_STORES = EventDataStores((), HOME)


def basic(kind="All", *excluded, management=True):
    return {
        "ReadWriteType": kind,
        "IncludeManagementEvents": management,
        "ExcludeManagementEventSources": list(excluded),
    }


def advanced(category="Management", **fields):
    tests = {"eventCategory": {"Equals": [category]}} | fields
    return {"FieldSelectors": [{"Field": field} | test for field, test in tests.items()]}


def trail(selectors=EVERYTHING, status=WORKS, arn="arn:aws:cloudtrail:::trail/a", **changes):
    return Trail(arn, HOME, status=status, selectors=selectors, **changes)


def by(*selectors):
    return Selectors(basic=selectors)


def by_advanced(*selectors):
    return Selectors(advanced=selectors)


def verdict_on(*trails, stores=NO_STORES, secrets=3, **settings):
    return access_audited(SecretsInRegion(secrets), Trails(trails, HOME, NOON), stores, **settings)


SOURCE = "secretsmanager.amazonaws.com"


@pytest.mark.parametrize(
    ("trails", "status", "said"),
    [
        pytest.param((), BAD, "No trail covers it", id="no trail"),
        pytest.param((trail(),), GOOD, "3 secrets", id="a trail by default"),
        pytest.param((trail(by(basic())),), GOOD, "1 trail or", id="everything by basic selector"),
        pytest.param(
            (trail(by(basic("WriteOnly"))),),
            BAD,
            "the read events of secretsmanager.amazonaws.com",
            id="write only",
        ),
        pytest.param((trail(by(basic("ReadOnly"))),), BAD, "the write events", id="read only"),
        pytest.param(
            (trail(by(basic("WriteOnly"))), trail(by(basic("ReadOnly")))),
            GOOD,
            "2 trails or",
            id="two halves",
        ),
        pytest.param(
            (trail(by(basic("WriteOnly"))), trail(by(basic("ReadOnly")), STOPPED)),
            BAD,
            "is not logging",
            id="two halves, one switched off",
        ),
        pytest.param(
            (trail(by(basic("All", "kms.amazonaws.com"))),),
            BAD,
            "the read and write events of kms.amazonaws.com",
            id="keys left out",
        ),
        pytest.param(
            (trail(by(basic("All", "rdsdata.amazonaws.com"))),), GOOD, "", id="data api left out"
        ),
        pytest.param(
            (trail(by(basic(management=False))),),
            BAD,
            "does not record all of the events",
            id="data events only",
        ),
        pytest.param(
            (trail(Selectors()),),
            BAD,
            "does not record all of the events",
            id="no selector at all",
        ),
        pytest.param((trail(by_advanced(advanced())),), GOOD, "", id="advanced, all"),
        pytest.param(
            (trail(by_advanced(advanced(readOnly={"Equals": ["false"]}))),),
            BAD,
            "the read events",
            id="advanced, write only",
        ),
        pytest.param(
            (
                trail(
                    by_advanced(
                        advanced(readOnly={"Equals": ["false"]}),
                        advanced(readOnly={"Equals": ["true"]}),
                    )
                ),
            ),
            GOOD,
            "",
            id="advanced, two halves in one trail",
        ),
        pytest.param(
            (trail(by_advanced(advanced(eventSource={"NotEquals": ["kms.amazonaws.com"]}))),),
            BAD,
            "kms.amazonaws.com",
            id="advanced, keys left out",
        ),
        pytest.param(
            (trail(by_advanced(advanced(eventSource={"NotStartsWith": ["rds"]}))),),
            GOOD,
            "",
            id="advanced, others left out",
        ),
        pytest.param(
            (trail(by_advanced(advanced(eventSource={"Equals": [SOURCE]}))),),
            BAD,
            "kms.amazonaws.com",
            id="advanced, nothing but secrets",
        ),
        pytest.param(
            (trail(by_advanced(advanced(eventName={"NotEquals": ["Decrypt"]}))),),
            BAD,
            "does not record all of the events",
            id="advanced, some calls left out",
        ),
        pytest.param(
            (trail(by_advanced(advanced("Data"))),),
            BAD,
            "does not record all of the events",
            id="advanced, data",
        ),
        pytest.param(
            (trail(by_advanced({"FieldSelectors": []})),),
            BAD,
            "does not record all of the events",
            id="advanced, of no category",
        ),
        pytest.param((trail(status=STOPPED),), BAD, "is not logging", id="switched off"),
        pytest.param(
            (trail(status=TrailStatus(logging=True, delivery_error="NoSuchBucket")),),
            BAD,
            "cannot deliver events (NoSuchBucket)",
            id="cannot deliver",
        ),
        pytest.param(
            (trail(status=TrailStatus(logging=True, delivered=NOON - timedelta(hours=25))),),
            BAD,
            "last delivered events at 2026-11-01 11:00 UTC",
            id="silent for a day",
        ),
        pytest.param(
            (trail(status=TrailStatus(logging=True, started=NOON - timedelta(hours=1))),),
            UNKNOWN,
            "has not delivered any events yet",
            id="just started",
        ),
        pytest.param(
            (trail(status=TrailStatus(logging=True, started=NOON - timedelta(days=2))),),
            BAD,
            "has not delivered any events yet",
            id="started long ago, nothing delivered",
        ),
        pytest.param((trail(multi_region=False),), GOOD, "", id="a trail of this region alone"),
        pytest.param(
            (Trail("arn", "eu-west-1", False, WORKS, EVERYTHING),),
            BAD,
            "another region",
            id="a trail of another region alone",
        ),
        pytest.param((trail(status=DENIED),), UNKNOWN, "was denied", id="status denied"),
        pytest.param(
            (trail(status=DENIED), trail()), GOOD, "1 trail or", id="another trail suffices"
        ),
        pytest.param(
            (trail(status=None),),
            UNKNOWN,
            "does not show this account",
            id="organization's status",
        ),
        pytest.param(
            (trail(None),), UNKNOWN, "the event selectors of", id="organization's selectors"
        ),
        pytest.param(
            (trail(None, STOPPED),), BAD, "is not logging", id="selectors of a stopped trail"
        ),
        pytest.param(
            (trail(by(basic("WriteOnly")), DENIED),),
            BAD,
            "the read and write events",
            id="denied, and would not suffice",
        ),
        pytest.param(
            (trail(by(basic("WriteOnly"))), trail(by(basic("ReadOnly")), DENIED)),
            UNKNOWN,
            "was denied",
            id="the missing half is denied",
        ),
    ],
)
def test_trails(trails, status, said):
    verdict = verdict_on(*trails)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


def test_what_was_denied_is_named():
    selectors = Unreadable("cloudtrail:GetEventSelectors", Cause.THROTTLED)
    verdict = verdict_on(trail(selectors, DENIED))
    assert verdict.missing == ("cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors")


def test_a_region_without_secrets_needs_no_trail():
    assert verdict_on(secrets=0).status is NA


def test_what_is_not_recorded_is_a_fact():
    verdict = verdict_on(trail(by(basic("WriteOnly"))))
    assert verdict.observed["not_recorded"] == [
        "read kms.amazonaws.com",
        "read secretsmanager.amazonaws.com",
    ]


def store(status="ENABLED", *, multi_region=True, region=HOME, selectors=EVERYTHING):
    arn = f"arn:aws:cloudtrail:{region}:111122223333:eventdatastore/1"
    return EventDataStore(arn, status, multi_region, selectors)


@pytest.mark.parametrize(
    ("found", "status"),
    [
        pytest.param(store(), GOOD, id="takes everything in"),
        pytest.param(store(multi_region=False), GOOD, id="of this region"),
        pytest.param(store(multi_region=False, region="eu-west-1"), BAD, id="of another region"),
        pytest.param(store("STOPPED_INGESTION"), BAD, id="stopped"),
        pytest.param(store("STARTING_INGESTION"), UNKNOWN, id="starting"),
        pytest.param(store("PENDING_DELETION"), BAD, id="being deleted"),
        pytest.param(store(selectors=by_advanced(advanced("Data"))), BAD, id="data events"),
    ],
)
def test_an_event_data_store_in_place_of_a_trail(found, status):
    verdict = verdict_on(stores=EventDataStores((found,), HOME))
    assert verdict.status is status, verdict.reason


def test_a_store_records_what_a_trail_leaves_out():
    reads = store(selectors=by_advanced(advanced(readOnly={"Equals": ["true"]})))
    trails = trail(by(basic("WriteOnly")))
    assert verdict_on(trails, stores=EventDataStores((reads,), HOME)).status is GOOD


STORES_DENIED = Unreadable("cloudtrail:ListEventDataStores", Cause.ACCESS_DENIED)


def test_unreadable_stores_leave_the_question_open():
    verdict = verdict_on(stores=STORES_DENIED)
    assert verdict.status is UNKNOWN
    assert verdict.missing == ("cloudtrail:ListEventDataStores",)


@pytest.mark.parametrize("stores", [STORES_DENIED, EventDataStores((store(),), HOME)])
def test_stores_that_do_not_count(stores):
    assert verdict_on(stores=stores, accept_event_data_stores=False).status is BAD


def test_a_region_that_may_not_be_asked_may_have_the_store():
    unlisted = EventDataStores((), HOME, (("eu-west-1", STORES_DENIED),))
    verdict = verdict_on(stores=unlisted)
    assert (verdict.status, verdict.missing) == (UNKNOWN, (STORES_DENIED.action,))
    assert verdict_on(stores=unlisted, accept_event_data_stores=False).status is BAD


def test_a_store_of_the_organization_that_the_account_cannot_see():
    assert verdict_on(event_data_store_of_organization=True).status is GOOD


def test_keys_left_out_may_be_accepted():
    trails = trail(by(basic("All", "kms.amazonaws.com")))
    assert verdict_on(trails, allow_kms_exclusion=True).status is GOOD


def test_an_older_delivery_may_be_accepted():
    quiet = trail(status=TrailStatus(logging=True, delivered=NOON - timedelta(hours=47)))
    assert verdict_on(quiet, delivery_max_age_hours=48).status is GOOD


def stored_world():
    """A trail of write events, and an event data store that records the rest."""
    arn = f"arn:aws:cloudtrail:{HOME}:111122223333:eventdatastore/1"
    return worlds.fake_account().but(
        cloudtrail__get_event_selectors=worlds.basic(ReadWriteType="WriteOnly"),
        cloudtrail__list_event_data_stores={"EventDataStores": [{"EventDataStoreArn": arn}]},
        cloudtrail__get_event_data_store={
            "EventDataStoreArn": arn,
            "Status": "ENABLED",
            "MultiRegionEnabled": True,
            "AdvancedEventSelectors": worlds.advanced(
                {"eventCategory": {"Equals": ["Management"]}}
            )["AdvancedEventSelectors"],
        },
    )


def test_a_store_that_answers():
    assert observe(stored_world(), access_audited, ACCOUNT_ID).finding.status is GOOD


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("operation", ["list_event_data_stores", "get_event_data_store"])
def test_a_store_that_does_not_answer_is_not_taken_for_a_recorder(operation, fault):
    fake_account = stored_world()
    fake_account.faults["cloudtrail", operation] = FAULTS[fault]
    finding = observe(fake_account, access_audited, ACCOUNT_ID).finding
    assert finding.status is UNKNOWN
    assert finding.missing == (action_of("cloudtrail", operation),)
