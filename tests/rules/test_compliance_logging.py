"""What is recorded everywhere: trails joined with one another and with event data stores."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from functions.compliance_logging.app import (
    all_regions,
    trail_delivery,
    trail_encryption,
    trail_validation,
)
from readiness import Severity, Status, Unreadable
from readiness.evidence.cloudtrail.event_data_stores import EventDataStores
from readiness.evidence.cloudtrail.recording import Recording
from readiness.evidence.cloudtrail.trails import TrailConfiguration, TrailDelivery, Trails
from readiness.evidence.kms.keys import KmsKeyState
from readiness.model.unreadable import Cause, NotOffered
from readiness.semantics.trail_coverage import (
    EVERYTHING,
    EventDataStore,
    Selectors,
    Trail,
    TrailStatus,
)
from tests.fake_account import ACCOUNT_ID, HOME, NOON

GOOD, BAD, UNKNOWN = Status.COMPLIANT, Status.NON_COMPLIANT, Status.INSUFFICIENT_DATA
KMS, DATA_API = "kms.amazonaws.com", "rdsdata.amazonaws.com"
WORKS = TrailStatus(logging=True, delivered=NOON - timedelta(minutes=5))
STOPPED = TrailStatus(logging=False, delivered=NOON)
FRESH = TrailStatus(logging=True, started=NOON - timedelta(minutes=5))
RESTARTED = replace(FRESH, delivered=NOON - timedelta(days=3))
ARN = f"arn:aws:cloudtrail:{HOME}:{ACCOUNT_ID}:trail/audit"
STORE = f"arn:aws:cloudtrail:{HOME}:{ACCOUNT_ID}:eventdatastore/1"


def unreadable(action="cloudtrail:GetTrailStatus", cause=Cause.ACCESS_DENIED):
    return Unreadable(action, cause, "AccessDenied")


def basic(kind="All", *excluded, management=True):
    return Selectors(
        basic=(
            {
                "ReadWriteType": kind,
                "IncludeManagementEvents": management,
                "ExcludeManagementEventSources": list(excluded),
            },
        )
    )


def advanced(*conditions, category="Management"):
    fields = [{"Field": "eventCategory", "Equals": [category]}]
    fields += [{"Field": field} | test for field, test in conditions]
    return Selectors(advanced=({"Name": "any name", "FieldSelectors": fields},))


def trail(selectors=EVERYTHING, status=WORKS, arn=ARN, **changes):
    return Trail(arn, HOME, status=status, selectors=selectors, **changes)


def store(selectors, *, multi_region=True, status="ENABLED"):
    return EventDataStore(STORE, status, multi_region, selectors)


def verdict_on(*trails, stores=(), **settings):
    kept = EventDataStores(tuple(stores), HOME) if isinstance(stores, tuple | list) else stores
    return all_regions(Recording(Trails(trails, HOME, NOON), kept), **settings)


@pytest.mark.parametrize(
    ("trails", "severity", "said"),
    [
        pytest.param(
            (), Severity.CRITICAL, "all management events in all regions. There is no", id="none"
        ),
        pytest.param((trail(status=STOPPED),), Severity.CRITICAL, "is not logging", id="stopped"),
        pytest.param(
            (trail(multi_region=False),),
            Severity.CRITICAL,
            "records only one region",
            id="of one region",
        ),
        pytest.param(
            (trail(global_events=False),),
            Severity.CRITICAL,
            "leaves out services without a region",
            id="without global services",
        ),
        pytest.param(
            (
                trail(
                    status=TrailStatus(logging=True, delivered=NOON, delivery_error="NoSuchBucket")
                ),
            ),
            Severity.CRITICAL,
            "NoSuchBucket",
            id="its bucket is gone",
        ),
        pytest.param(
            (trail(basic("WriteOnly")),),
            Severity.HIGH,
            "the read events in all regions",
            id="write events only",
        ),
        pytest.param(
            (trail(basic("ReadOnly")),),
            Severity.CRITICAL,
            "the write events in all regions",
            id="read events only",
        ),
        pytest.param(
            (trail(basic("All", KMS)),),
            Severity.MEDIUM,
            f"all events of {KMS} in all regions",
            id="without KMS",
        ),
        pytest.param(
            (trail(basic("All", KMS)), trail(basic("All", KMS, DATA_API), arn=ARN + "2")),
            Severity.MEDIUM,
            f"all events of {KMS} in all regions",
            id="two without KMS, one with the Data API",
        ),
        pytest.param(
            (trail(basic(management=False)),),
            Severity.CRITICAL,
            "all management",
            id="data events",
        ),
        pytest.param(
            (trail(advanced(category="Data")),),
            Severity.CRITICAL,
            "all management",
            id="data only",
        ),
        pytest.param(
            (trail(advanced(("eventSource", {"NotEquals": ["s3.amazonaws.com"]}))),),
            Severity.MEDIUM,
            "all events of s3.amazonaws.com",
            id="advanced, without a service",
        ),
        pytest.param(
            (trail(advanced(("eventSource", {"NotStartsWith": ["dynamo"]}))),),
            Severity.MEDIUM,
            "all events of dynamo",
            id="advanced, without those that begin so",
        ),
        pytest.param(
            (trail(advanced(("eventSource", {"Equals": [KMS]}))),),
            Severity.CRITICAL,
            "all management events",
            id="advanced, one service only",
        ),
        pytest.param(
            (trail(advanced(("eventName", {"NotEquals": ["Decrypt"]}))),),
            Severity.CRITICAL,
            "all management events",
            id="advanced, without a call",
        ),
        pytest.param(
            (trail(Selectors()),), Severity.CRITICAL, "all management events", id="no selectors"
        ),
    ],
)
def test_gaps(trails, severity, said):
    verdict = verdict_on(*trails)
    assert (verdict.status, verdict.severity) == (BAD, severity), verdict.reason
    assert said in verdict.reason


@pytest.mark.parametrize(
    "trails",
    [
        pytest.param((trail(),), id="everything"),
        pytest.param(
            (trail(basic("WriteOnly")), trail(basic("ReadOnly"), arn=ARN + "2")),
            id="reads and writes in two trails",
        ),
        pytest.param(
            (trail(basic("All", KMS)), trail(basic("All", DATA_API), arn=ARN + "2")),
            id="each records what the other leaves out",
        ),
        pytest.param(
            (
                trail(advanced(("eventSource", {"NotEquals": ["s3.amazonaws.com"]}))),
                trail(advanced(("eventSource", {"Equals": ["s3.amazonaws.com"]})), arn=ARN + "2"),
            ),
            id="one service in a trail of its own",
        ),
        pytest.param((trail(status=STOPPED), trail(arn=ARN + "2")), id="a second one works"),
        pytest.param(
            (trail(arn="arn:aws:cloudtrail:us-east-1:999999999999:trail/org", organization=True),),
            id="the organization's",
        ),
        pytest.param((trail(advanced()),), id="an advanced selector of any name"),
    ],
)
def test_together_they_record_everything(trails):
    verdict = verdict_on(*trails)
    assert verdict.status is GOOD, verdict.reason


def org(**changes):
    return trail(arn="arn:aws:cloudtrail:us-east-1:999999999999:trail/org", **changes)


@pytest.mark.parametrize(
    ("trails", "stores", "missing", "is_passing"),
    [
        pytest.param(
            (org(status=None),), (), ("cloudtrail:GetTrailStatus",), False, id="status not shown"
        ),
        pytest.param(
            (org(selectors=None),),
            (),
            ("cloudtrail:GetEventSelectors",),
            False,
            id="selectors not shown",
        ),
        pytest.param(
            (trail(status=unreadable()),), (), ("cloudtrail:GetTrailStatus",), False, id="denied"
        ),
        pytest.param(
            (trail(status=unreadable(cause=Cause.THROTTLED)),),
            (),
            ("cloudtrail:GetTrailStatus",),
            True,
            id="throttled",
        ),
        pytest.param((trail(status=FRESH),), (), (), True, id="just started"),
        pytest.param((trail(status=RESTARTED),), (), (), True, id="started again"),
        pytest.param(
            (), [store(advanced(), status="STARTING_INGESTION")], (), True, id="a store starts"
        ),
        pytest.param((), [store(advanced(), status="CREATED")], (), True, id="a new store"),
        pytest.param(
            (trail(basic("All", KMS)),),
            unreadable("cloudtrail:ListEventDataStores"),
            ("cloudtrail:ListEventDataStores",),
            False,
            id="stores denied, and a gap they may fill",
        ),
    ],
)
def test_what_cannot_be_read_may_fill_the_gap(trails, stores, missing, is_passing):
    verdict = verdict_on(*trails, stores=stores)
    assert (verdict.status, verdict.missing) == (UNKNOWN, missing), verdict.reason
    assert verdict.is_passing is is_passing


def test_a_trail_that_certainly_stopped_is_no_doubt():
    assert verdict_on(org(status=STOPPED, selectors=None)).status is BAD


@pytest.mark.parametrize(
    ("stores", "status"),
    [
        pytest.param([store(advanced())], GOOD, id="everything"),
        pytest.param([store(advanced(), multi_region=False)], BAD, id="of one region"),
        pytest.param([store(advanced(), status="STOPPED_INGESTION")], BAD, id="stopped"),
        pytest.param(
            [store(advanced(), status="CREATED", multi_region=False)], BAD, id="new, of one region"
        ),
        pytest.param(
            [store(advanced(("eventSource", {"NotEquals": ["s3.amazonaws.com"]})))],
            BAD,
            id="without a service",
        ),
        pytest.param(
            NotOffered("cloudtrail:ListEventDataStores", "cloudtrail", HOME),
            BAD,
            id="not in this region",
        ),
    ],
)
def test_event_data_stores_count(stores, status):
    verdict = verdict_on(stores=stores)
    assert verdict.status is status, verdict.reason
    assert "event data store" not in verdict.expected


def test_event_data_stores_do_not_count_where_a_setting_says_so():
    stores = [store(advanced())]
    assert verdict_on(stores=stores, accept_event_data_stores=False).status is BAD


DENIED_ELSEWHERE = Unreadable(
    "cloudtrail:ListEventDataStores", Cause.ACCESS_DENIED, "AccessDenied"
)


def elsewhere(*stores, why=DENIED_ELSEWHERE):
    """Stores that are known, and regions that were not allowed to be asked."""
    return EventDataStores(tuple(stores), HOME, (("ap-south-1 and eu-west-1", why),))


def test_a_region_that_may_not_be_asked_may_have_the_store():
    verdict = verdict_on(stores=elsewhere())
    assert (verdict.status, verdict.missing) == (UNKNOWN, (DENIED_ELSEWHERE.action,))
    assert "The event data stores of ap-south-1 and eu-west-1, which may" in verdict.reason


def test_a_region_that_may_not_be_asked_is_no_doubt_where_everything_is_recorded():
    assert verdict_on(stores=elsewhere(store(advanced()))).status is GOOD
    assert verdict_on(trail(), stores=elsewhere()).status is GOOD


def test_a_region_that_may_not_be_asked_is_no_doubt_where_stores_do_not_count():
    assert verdict_on(stores=elsewhere(), accept_event_data_stores=False).status is BAD


def test_a_store_of_the_organization_that_the_account_cannot_see():
    verdict = verdict_on(event_data_store_of_organization=True)
    assert verdict.status is GOOD, verdict.reason
    stated = {"event_data_store_of_organization": True, "accept_event_data_stores": False}
    assert verdict_on(**stated).status is GOOD


def test_services_that_may_be_left_out():
    left_out = trail(basic("All", KMS, DATA_API))
    assert verdict_on(left_out, allowed_exclusions=(KMS, DATA_API)).status is GOOD
    assert verdict_on(left_out, allowed_exclusions=(KMS,)).status is BAD


def test_how_old_a_delivery_may_be():
    old = trail(status=TrailStatus(logging=True, delivered=NOON - timedelta(hours=30)))
    assert verdict_on(old).status is BAD
    assert verdict_on(old, delivery_max_age_hours=48).status is GOOD


# -- one trail ------------------------------------------------------------------------------------

GROUP = f"arn:aws:logs:{HOME}:{ACCOUNT_ID}:log-group:cloudtrail/audit:*"


def delivered(log_group="", *, is_busy=True, **changes):
    status = {"logging": True, "delivered": NOON - timedelta(minutes=5)} | changes
    return TrailDelivery(ARN, TrailStatus(**status), "audit-logs", log_group, NOON, is_busy)


WEEK_AGO = NOON - timedelta(days=7)


def quiet(log_group="", **changes):
    """A trail of data events alone, of which there were none for a week."""
    return delivered(log_group, is_busy=False, **({"delivered": WEEK_AGO} | changes))


@pytest.mark.parametrize(
    ("trail", "status", "said"),
    [
        pytest.param(delivered(), GOOD, "2026-11-02 11:55 UTC", id="works"),
        pytest.param(
            delivered(GROUP, logs_delivered=NOON), GOOD, "", id="with a log group that works"
        ),
        pytest.param(delivered(logging=False), BAD, "The trail is not logging.", id="stopped"),
        pytest.param(
            delivered(delivery_error="AccessDenied"), BAD, "(AccessDenied)", id="bucket refuses"
        ),
        pytest.param(
            delivered(delivered=NOON - timedelta(hours=25)), BAD, "last delivered", id="silent"
        ),
        pytest.param(
            delivered(GROUP, logs_error="AccessDenied"),
            BAD,
            "log group cloudtrail/audit (AccessDenied)",
            id="log group refuses",
        ),
        pytest.param(
            delivered(GROUP, logs_delivered=NOON - timedelta(hours=25)),
            BAD,
            "nothing to the log group cloudtrail/audit in 24 hours",
            id="log group is silent",
        ),
        pytest.param(delivered(GROUP), BAD, "nothing to the log group", id="log group is empty"),
        pytest.param(
            delivered(delivered=None, started=NOON - timedelta(minutes=5)),
            UNKNOWN,
            "started recently",
            id="new",
        ),
        pytest.param(
            delivered(GROUP, started=NOON - timedelta(minutes=5)),
            UNKNOWN,
            "started recently",
            id="new to its log group",
        ),
        pytest.param(
            delivered(delivered=WEEK_AGO, started=NOON - timedelta(minutes=5)),
            UNKNOWN,
            "started recently",
            id="started again",
        ),
        pytest.param(
            delivered(GROUP, logs_delivered=WEEK_AGO, started=NOON - timedelta(minutes=5)),
            UNKNOWN,
            "started recently",
            id="started again, and its log group waits",
        ),
        pytest.param(
            delivered(GROUP, started=NOON - timedelta(minutes=5), logs_error="AccessDenied"),
            BAD,
            "(AccessDenied)",
            id="new, and its log group refuses",
        ),
        pytest.param(
            delivered(GROUP, started=WEEK_AGO), BAD, "nothing to the log group", id="not new"
        ),
        pytest.param(
            delivered(GROUP, started=NOON - timedelta(minutes=5), delivery_error="NoSuchBucket"),
            BAD,
            "(NoSuchBucket)",
            id="new, and its bucket is gone",
        ),
        pytest.param(quiet(), GOOD, "2026-10-26", id="nothing to deliver"),
        pytest.param(quiet(GROUP, logs_delivered=WEEK_AGO), GOOD, "", id="nor to a log group"),
        pytest.param(quiet(delivered=None), GOOD, "had no events", id="never anything"),
        pytest.param(quiet(logging=False), BAD, "not logging", id="quiet, since it is stopped"),
        pytest.param(
            quiet(delivery_error="AccessDenied"), BAD, "(AccessDenied)", id="quiet, with an error"
        ),
        pytest.param(
            quiet(GROUP, logs_error="AccessDenied"), BAD, "(AccessDenied)", id="quiet, log group"
        ),
    ],
)
def test_delivery(trail, status, said):
    verdict = trail_delivery(trail)
    assert verdict.status is status, verdict.reason
    assert said in verdict.reason


def test_how_old_the_delivery_of_a_trail_may_be():
    old = delivered(delivered=NOON - timedelta(hours=30))
    assert trail_delivery(old, delivery_max_age_hours=48).status is GOOD


def test_log_file_validation():
    refused = replace(delivered(), digest_error="AccessDenied")
    enabled, disabled = TrailConfiguration(ARN, validation=True), TrailConfiguration(ARN)
    assert trail_validation(enabled, delivered()).status is GOOD
    assert trail_validation(disabled, delivered()).status is BAD
    assert trail_validation(enabled, refused).status is BAD
    assert "(AccessDenied)" in trail_validation(enabled, refused).reason
    assert "is disabled" in trail_validation(disabled, refused).reason


@pytest.mark.parametrize(
    ("state", "status", "severity"),
    [
        pytest.param("Enabled", GOOD, None, id="enabled"),
        pytest.param("Disabled", BAD, Severity.HIGH, id="disabled"),
        pytest.param("PendingDeletion", BAD, Severity.HIGH, id="being deleted"),
        pytest.param("Missing", BAD, Severity.HIGH, id="deleted"),
        pytest.param(None, BAD, None, id="no key"),
    ],
)
def test_encryption(state, status, severity):
    key = KmsKeyState("1234", state) if state else None
    trail = TrailConfiguration(ARN, key_id="1234" if state else "")
    verdict = trail_encryption(trail, key, delivered())
    assert (verdict.status, verdict.severity) == (status, severity)


def test_a_key_of_another_account_is_proven_by_what_is_delivered():
    theirs = TrailConfiguration(ARN, key_id="arn:aws:kms:us-east-1:444455556666:key/1234")
    assert trail_encryption(theirs, None, delivered()).status is GOOD
    working = delivered()
    failing = replace(working, status=replace(working.status, delivery_error="AccessDenied"))
    verdict = trail_encryption(theirs, None, failing)
    assert (verdict.status, "(AccessDenied)" in verdict.reason) == (UNKNOWN, True)
