"""Which events trails and stores record together, and what is said where they do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from readiness.model.unreadable import Cause, Unreadable
from readiness.semantics.trail_coverage import (
    EVERYTHING,
    NOTHING,
    READ,
    WRITE,
    Coverage,
    EventDataStore,
    Selectors,
    Share,
    Trail,
    TrailStatus,
    all_events_of,
)

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
KMS, SM = "kms.amazonaws.com", "secretsmanager.amazonaws.com"
WANTED = all_events_of([KMS, SM])
BOTH, NONE = {READ, WRITE}, set()


def test_all_events_are_the_reads_and_the_writes():
    assert all_events_of([KMS]) == {(KMS, "read"), (KMS, "write")}


def basic(**changes):
    return Selectors(({"ReadWriteType": "All", "IncludeManagementEvents": True} | changes,))


def advanced(*conditions):
    return Selectors(advanced=({"FieldSelectors": list(conditions)},))


MANAGEMENT = {"Field": "eventCategory", "Equals": ["Management"]}


@pytest.mark.parametrize(
    ("selectors", "kinds"),
    [
        pytest.param(Selectors(), NONE, id="none"),
        pytest.param(EVERYTHING, BOTH, id="the default"),
        pytest.param(Selectors(({},)), BOTH, id="nothing left out"),
        pytest.param(basic(ReadWriteType="ReadOnly"), {READ}, id="reads"),
        pytest.param(basic(ReadWriteType="WriteOnly"), {WRITE}, id="writes"),
        pytest.param(basic(IncludeManagementEvents=False), NONE, id="data events alone"),
        pytest.param(basic(ExcludeManagementEventSources=[KMS]), NONE, id="left out"),
        pytest.param(basic(ExcludeManagementEventSources=[SM]), BOTH, id="another left out"),
        pytest.param(
            Selectors(({"ReadWriteType": "ReadOnly"}, {"ReadWriteType": "WriteOnly"})),
            BOTH,
            id="two together",
        ),
        pytest.param(advanced(MANAGEMENT), BOTH, id="advanced"),
        pytest.param(advanced(), NONE, id="advanced without a condition"),
        pytest.param(
            advanced({"Field": "eventCategory", "Equals": ["Data"]}), NONE, id="data events"
        ),
        pytest.param(
            advanced({"Field": "readOnly", "Equals": ["true"]}), NONE, id="of no category"
        ),
        pytest.param(
            advanced(MANAGEMENT, {"Field": "readOnly", "Equals": ["true"]}), {READ}, id="reads, a."
        ),
        pytest.param(
            advanced(MANAGEMENT, {"Field": "readOnly", "Equals": ["false"]}),
            {WRITE},
            id="writes, advanced",
        ),
        pytest.param(
            advanced(MANAGEMENT, {"Field": "eventSource", "NotEquals": [KMS]}), NONE, id="not it"
        ),
        pytest.param(
            advanced(MANAGEMENT, {"Field": "eventSource", "NotEquals": [SM]}), BOTH, id="not other"
        ),
        pytest.param(
            advanced(MANAGEMENT, {"Field": "eventSource", "StartsWith": ["s3", "kms"]}),
            BOTH,
            id="begins so",
        ),
        pytest.param(
            advanced(MANAGEMENT, {"Field": "eventSource", "StartsWith": ["s3"]}),
            NONE,
            id="does not begin so",
        ),
        pytest.param(
            advanced(MANAGEMENT, {"Field": "eventSource", "EndsWith": ["x", ".com"]}),
            BOTH,
            id="ends so",
        ),
        pytest.param(
            advanced(MANAGEMENT, {"Field": "eventSource", "EndsWith": ["x"]}),
            NONE,
            id="does not end so",
        ),
        pytest.param(
            advanced(MANAGEMENT, {"Field": "eventSource", "NotStartsWith": ["s3", "kms"]}),
            NONE,
            id="must not begin so",
        ),
        pytest.param(
            advanced(MANAGEMENT, {"Field": "eventSource", "NotEndsWith": [".com"]}),
            NONE,
            id="must not end so",
        ),
        pytest.param(
            advanced(
                MANAGEMENT,
                {"Field": "eventSource", "StartsWith": ["kms"], "NotEndsWith": [".com"]},
            ),
            NONE,
            id="both operators must hold",
        ),
        pytest.param(
            advanced(MANAGEMENT, {"Field": "eventName", "Equals": ["Decrypt"]}),
            NONE,
            id="some of them alone",
        ),
        pytest.param(
            Selectors(
                ({"ReadWriteType": "ReadOnly"},),
                (
                    {
                        "FieldSelectors": [
                            MANAGEMENT,
                            {"Field": "readOnly", "Equals": ["false"]},
                        ]
                    },
                ),
            ),
            BOTH,
            id="basic and advanced",
        ),
    ],
)
def test_what_selectors_record_of_a_service(selectors, kinds):
    assert selectors.records(KMS) == kinds
    assert selectors.of_these(all_events_of([KMS])) == {(KMS, kind) for kind in kinds}


def test_selectors_are_read_from_the_answer():
    answer = {"EventSelectors": [{"a": 1}], "AdvancedEventSelectors": [{"b": 2}, {"c": 3}]}
    assert Selectors.of(answer) == Selectors(({"a": 1},), ({"b": 2}, {"c": 3}))
    assert Selectors.of({"EventSelectors": None}) == Selectors()


LOGGING = TrailStatus(logging=True, delivered=NOW, started=NOW - 9 * DAY)


@pytest.mark.parametrize(
    ("changes", "flaw", "is_new"),
    [
        ({}, "", False),
        ({"delivered": NOW - DAY}, "", False),
        (
            {"delivered": NOW - DAY - timedelta(minutes=1)},
            "last delivered events at 2026-11-01 11:59 UTC",
            False,
        ),
        ({"logging": False}, "is not logging", False),
        ({"delivery_error": "NoSuchBucket"}, "cannot deliver events (NoSuchBucket)", False),
        ({"delivered": None}, "has not delivered any events yet", False),
        ({"delivered": None, "started": None}, "has not delivered any events yet", False),
        ({"delivered": None, "started": NOW - DAY}, "has not delivered any events yet", True),
        ({"delivered": None, "started": NOW, "logging": False}, "is not logging", False),
        (
            {"delivered": None, "started": NOW, "delivery_error": "x"},
            "cannot deliver events (x)",
            False,
        ),
        (
            {"delivered": NOW - 2 * DAY, "started": NOW - timedelta(minutes=1)},
            "last delivered events at 2026-10-31 12:00 UTC",
            True,
        ),
        (
            {"delivered": NOW - 2 * DAY, "started": NOW - 2 * DAY},
            "last delivered events at 2026-10-31 12:00 UTC",
            False,
        ),
    ],
)
def test_the_flaw_of_a_trail(changes, flaw, is_new):
    status = replace(LOGGING, **changes)
    assert status.flaw(NOW, DAY) == flaw
    assert status.is_new(NOW, DAY) is is_new


@pytest.mark.parametrize(
    ("changes", "is_new"),
    [
        ({"started": NOW - DAY}, True),
        ({"started": NOW - DAY - timedelta(minutes=1)}, False),
        ({"started": None}, False),
        ({"started": NOW, "logging": False}, False),
        ({"started": NOW, "logs_error": "AccessDenied"}, False),
        ({"started": NOW, "delivery_error": "NoSuchBucket"}, True),
        ({"started": NOW - DAY, "logs_delivered": NOW - 2 * DAY}, True),
        ({"started": NOW - DAY, "logs_delivered": NOW - DAY}, False),
    ],
    ids=str,
)
def test_whether_the_first_delivery_to_a_log_group_may_still_come(changes, is_new):
    status = replace(LOGGING, **changes)
    assert status.is_new_to_logs(NOW, DAY) is is_new


DENIED = Unreadable("cloudtrail:GetTrailStatus", Cause.ACCESS_DENIED)
HIDDEN = Unreadable("cloudtrail:GetEventSelectors", Cause.THROTTLED)
TRAIL = Trail("arn:t", "us-east-1", status=LOGGING, selectors=EVERYTHING)
READS = basic(ReadWriteType="ReadOnly")
OF_READS = frozenset((source, READ) for source in (KMS, SM))


@pytest.mark.parametrize(
    ("changes", "share"),
    [
        pytest.param({}, Share(certain=WANTED), id="everything"),
        pytest.param(
            {"selectors": READS},
            Share(certain=OF_READS, said="The trail arn:t does not record all of the events."),
            id="reads",
        ),
        pytest.param(
            {"multi_region": False, "home_region": "eu-west-1"},
            Share(said="The trail arn:t records only another region."),
            id="of another region",
        ),
        pytest.param({"multi_region": False}, Share(certain=WANTED), id="of this region"),
        pytest.param({"home_region": "eu-west-1"}, Share(certain=WANTED), id="a shadow"),
        pytest.param(
            {"status": replace(LOGGING, logging=False)},
            Share(said="The trail arn:t is not logging."),
            id="stopped",
        ),
        pytest.param(
            {"status": TrailStatus(logging=True, started=NOW)},
            Share(
                possible=WANTED,
                said="The trail arn:t has not delivered any events yet.",
                is_passing=True,
            ),
            id="new",
        ),
        pytest.param(
            {"status": DENIED},
            Share(
                possible=WANTED,
                said="The status of the trail arn:t could not be read:"
                " cloudtrail:GetTrailStatus was denied.",
                missing=("cloudtrail:GetTrailStatus",),
            ),
            id="status denied",
        ),
        pytest.param(
            {"status": None, "selectors": READS},
            Share(
                possible=OF_READS,
                said="CloudTrail does not show this account the status of the trail arn:t.",
                missing=("cloudtrail:GetTrailStatus",),
            ),
            id="status not shown",
        ),
        pytest.param(
            {"selectors": HIDDEN},
            Share(
                possible=WANTED,
                said="The event selectors of the trail arn:t could not be read:"
                " cloudtrail:GetEventSelectors was throttled.",
                missing=("cloudtrail:GetEventSelectors",),
                is_passing=True,
            ),
            id="selectors throttled",
        ),
        pytest.param(
            {"status": None, "selectors": None},
            Share(
                possible=WANTED,
                said="CloudTrail does not show this account the status of the trail arn:t."
                " CloudTrail does not show this account the event selectors of the trail arn:t.",
                missing=("cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors"),
            ),
            id="neither is shown",
        ),
    ],
)
def test_the_share_of_a_trail(changes, share):
    assert replace(TRAIL, **changes).share(WANTED, "us-east-1", NOW, DAY) == share


STORE = EventDataStore(
    "arn:aws:cloudtrail:us-east-1:1:eventdatastore/s", "ENABLED", False, EVERYTHING
)


@pytest.mark.parametrize(
    ("changes", "region", "share"),
    [
        ({}, "us-east-1", Share(certain=WANTED)),
        (
            {"selectors": READS},
            "us-east-1",
            Share(
                certain=OF_READS,
                said=f"The event data store {STORE.arn} does not record all of the events.",
            ),
        ),
        ({"multi_region": True}, "eu-west-1", Share(certain=WANTED)),
        (
            {},
            "eu-west-1",
            Share(said=f"The event data store {STORE.arn} ingests only another region."),
        ),
        (
            {"status": "STOPPED_INGESTION"},
            "us-east-1",
            Share(said=f"The event data store {STORE.arn} is STOPPED_INGESTION."),
        ),
        (
            {"status": "STARTING_INGESTION", "selectors": READS},
            "us-east-1",
            Share(
                possible=OF_READS,
                said=f"The event data store {STORE.arn} is STARTING_INGESTION.",
                is_passing=True,
            ),
        ),
        (
            {"status": "CREATED"},
            "eu-west-1",
            Share(said=f"The event data store {STORE.arn} ingests only another region."),
        ),
    ],
)
def test_the_share_of_a_store(changes, region, share):
    assert replace(STORE, **changes).share(WANTED, region) == share


def covered(*shares):
    return Coverage(WANTED, shares)


A = Share(certain=all_events_of([KMS]), said="A.", missing=("x", "y"))
B = Share(certain=frozenset({(SM, READ)}), possible=frozenset({(SM, WRITE)}), said="B.")
C = Share(possible=WANTED, said="A.", missing=("y", "z"))


@pytest.mark.parametrize(
    ("shares", "gaps", "is_open", "recorders", "missed"),
    [
        (
            (),
            WANTED,
            False,
            0,
            f"the read and write events of {SM} and the read and write events of {KMS}",
        ),
        ((A,), all_events_of([SM]), False, 1, f"the read and write events of {SM}"),
        ((A, B), frozenset({(SM, WRITE)}), True, 2, f"the write events of {SM}"),
        (
            (A, Share(certain=frozenset({(SM, WRITE)}))),
            frozenset({(SM, READ)}),
            False,
            2,
            f"the read events of {SM}",
        ),
        ((C,), WANTED, True, 0, None),
        ((Share(certain=WANTED),), NOTHING, True, 1, ""),
    ],
    ids=["none", "one", "two", "two, certain", "possibly all", "all"],
)
def test_what_is_recorded_together(shares, gaps, is_open, recorders, missed):
    coverage = covered(*shares)
    assert (coverage.gaps, coverage.is_open) == (gaps, is_open)
    assert coverage.recorders == recorders
    assert missed is None or coverage.missed == missed


def test_what_is_said_and_missing_is_told_once_in_order():
    assert covered(A, B, C, Share()).why == "A. B."
    assert covered(A, B, C).missing == ("x", "y", "z")
