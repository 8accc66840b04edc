"""Baselines end once, by a sweep or by time; sweeps that completed are known by account and region."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest
from moto import mock_aws

from readiness.engine.attribute_values import deserialise, serialise
from readiness.engine.sweeps import LONGEST_BASELINE, MOST_PAGES, Sweeps
from readiness.model.finding import iso
from tests.fake_account import error
from tests.tables import TRANSITIONS, make_tables

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
WHERE = "111122223333/us-east-1"
KMS, TLS = "encryption.s3-kms", "encryption.s3-tls"
MOMENT = timedelta(microseconds=1)


def after(**duration):
    return NOON + timedelta(**duration)


@pytest.fixture
def dynamodb():
    with mock_aws():
        yield Mock(wraps=make_tables())


@pytest.fixture
def sweeps(dynamodb):
    return Sweeps(dynamodb, TRANSITIONS, WHERE)


@pytest.fixture
def anew(dynamodb):
    """The same, in another sandbox."""
    return lambda where=WHERE: Sweeps(dynamodb, TRANSITIONS, where)


def put(dynamodb, **row):
    dynamodb.put_item(TableName=TRANSITIONS, Item=serialise(row))


def rows(dynamodb, finding_id=f"baseline#{WHERE}"):
    items = map(deserialise, dynamodb.scan(TableName=TRANSITIONS)["Items"])
    return {item["at"]: item for item in items if item["finding_id"] == finding_id}


# -- the end of a baseline by a sweep --------------------------------------------------------------


def test_a_baseline_ends_with_the_first_sweep(sweeps, anew):
    assert sweeps.baseline_ended(KMS, NOON) == ""
    assert sweeps.end_baseline(KMS, after(hours=1), "sweep-1", "r1")
    assert sweeps.baseline_ended(KMS, after(hours=2)) == iso(after(hours=1))
    assert anew().baseline_ended(KMS, after(hours=2)) == iso(after(hours=1))
    assert sweeps.baseline_ended(TLS, after(hours=2)) == "", "that of another rule goes on"


def test_it_ends_once_and_only_for_the_sweep_that_did(sweeps, anew):
    """The sweep that ended it tells the digest, also when it is made again."""
    assert sweeps.end_baseline(KMS, NOON, "sweep-1", "r1")
    assert sweeps.end_baseline(KMS, after(minutes=1), "sweep-1", "r1")
    assert not sweeps.end_baseline(KMS, after(hours=6), "sweep-2", "r1")
    assert anew().baseline_ended(KMS, after(days=9)) == iso(NOON)
    assert anew().swept_since(KMS, "r1") == iso(NOON)


def test_another_release_is_noted_and_the_baseline_stays_ended(sweeps, anew, dynamodb):
    sweeps.end_baseline(KMS, NOON, "sweep-1", "r1")
    assert sweeps.end_baseline(KMS, after(hours=6), "sweep-2", "r2")
    row = rows(dynamodb)[KMS]
    assert row == {
        "finding_id": f"baseline#{WHERE}",
        "at": KMS,
        "kind": "BASELINE_ENDED",
        "ended_at": iso(NOON),
        "ended_by": "sweep-1",
        "swept_at": iso(after(hours=6)),
        "trigger": "sweep-2",
        "release": "r2",
    }
    assert anew().baseline_ended(KMS) == iso(NOON)
    assert anew().swept_since(KMS, "r2") == iso(after(hours=6))


def test_a_refused_write_ends_nothing(sweeps, dynamodb):
    dynamodb.update_item.side_effect = error("ThrottlingException")
    with pytest.raises(type(error("x")), match="Throttling"):
        sweeps.end_baseline(KMS, NOON, "sweep-1", "r1")


@pytest.mark.parametrize("place", [f"baseline#{WHERE}", "baseline"], ids=["here", "everywhere"])
def test_the_row_of_a_heading_holds_for_its_rules(sweeps, dynamodb, place):
    """Earlier versions wrote only such rows."""
    put(dynamodb, finding_id=place, at="encryption", ended_at=iso(NOON))
    assert sweeps.baseline_ended(KMS, after(days=1)) == iso(NOON)
    assert sweeps.baseline_ended("iam_roles.mfa", after(days=1)) == ""


def test_the_rules_own_row_counts_before_that_of_its_heading(sweeps, dynamodb):
    put(dynamodb, finding_id="baseline", at="encryption", ended_at=iso(NOON))
    put(dynamodb, finding_id=f"baseline#{WHERE}", at=KMS, ended_at=iso(after(hours=1)))
    assert sweeps.baseline_ended(KMS) == iso(after(hours=1))


def test_what_has_ended_is_not_asked_again(sweeps, dynamodb):
    sweeps.end_baseline(KMS, NOON, "sweep-1", "r1")
    sweeps.baseline_ended(KMS)
    sweeps.swept_since(KMS, "r1")
    asked = len(dynamodb.get_item.call_args_list)
    assert sweeps.baseline_ended(KMS) == iso(NOON)
    assert sweeps.swept_since(KMS, "r1") == iso(NOON)
    assert len(dynamodb.get_item.call_args_list) == asked


def test_accounts_and_regions_have_baselines_of_their_own(sweeps, anew):
    sweeps.end_baseline(KMS, NOON, "sweep-1", "r1")
    elsewhere = anew("111122223333/eu-west-1")
    assert elsewhere.baseline_ended(KMS, NOON) == ""
    assert elsewhere.swept_since(KMS, "r1", NOON) == ""


# -- by time ---------------------------------------------------------------------------------------


def test_a_rule_that_no_sweep_completes_leaves_its_baseline_by_time(sweeps, anew, dynamodb):
    assert sweeps.baseline_ended(KMS, NOON) == ""
    assert anew().baseline_ended(KMS, NOON + LONGEST_BASELINE - MOMENT) == ""
    ended = iso(NOON + LONGEST_BASELINE)
    assert anew().baseline_ended(KMS, NOON + LONGEST_BASELINE) == ended
    assert anew().baseline_ended(KMS, after(days=9)) == ended, "it counts from the first question"
    assert rows(dynamodb)[KMS] == {
        "finding_id": f"baseline#{WHERE}",
        "at": KMS,
        "kind": "BASELINE_BEGAN",
        "began_at": iso(NOON),
    }


def test_a_baseline_that_began_is_read_and_not_written_again(sweeps, anew, dynamodb):
    sweeps.baseline_ended(KMS, NOON)
    assert dynamodb.update_item.call_count == 1
    anew().baseline_ended(KMS, after(hours=1))
    assert dynamodb.update_item.call_count == 1


def test_a_version_that_no_sweep_completes_counts_as_swept_by_time(sweeps, anew, dynamodb):
    assert sweeps.swept_since(KMS, "r1", NOON) == ""
    assert rows(dynamodb)[KMS] == {
        "finding_id": f"baseline#{WHERE}",
        "at": KMS,
        "kind": "BASELINE_BEGAN",
        "pending": "r1",
        "pending_since": iso(NOON),
    }
    assert anew().swept_since(KMS, "r1", NOON + LONGEST_BASELINE - MOMENT) == ""
    since = iso(NOON + LONGEST_BASELINE)
    assert anew().swept_since(KMS, "r1", NOON + LONGEST_BASELINE) == since


def test_each_version_has_its_time(sweeps, anew):
    sweeps.end_baseline(KMS, NOON, "sweep-1", "r1")
    assert sweeps.swept_since(KMS, "r2", after(days=1)) == ""
    assert sweeps.swept_since(KMS, "r3", after(days=2)) == ""
    assert sweeps.swept_since(KMS, "r3", after(days=3)) == ""
    assert sweeps.swept_since(KMS, "r3", after(days=4)) == iso(after(days=4))
    assert anew().swept_since(KMS, "r1", after(days=4)) == iso(NOON)


def test_a_version_without_a_name_is_no_sweeps(sweeps, dynamodb):
    """A row that only began has no release, and neither has what an old version recorded."""
    assert sweeps.baseline_ended(KMS, NOON) == ""
    assert sweeps.swept_since(KMS, "", NOON) == ""


def test_asking_about_a_version_leaves_what_the_row_says(sweeps, anew, dynamodb):
    sweeps.end_baseline(KMS, NOON, "sweep-1", "r1")
    sweeps.swept_since(KMS, "r2", after(hours=1))
    assert rows(dynamodb)[KMS]["kind"] == "BASELINE_ENDED"
    assert anew().baseline_ended(KMS) == iso(NOON)


def test_without_a_moment_it_is_now(sweeps, dynamodb):
    before = datetime.now(UTC)
    sweeps.baseline_ended(KMS)
    sweeps.swept_since(KMS, "r1")
    row = rows(dynamodb)[KMS]
    for name in ("began_at", "pending_since"):
        assert iso(before) <= row[name] <= iso(datetime.now(UTC))


# -- what is past it -------------------------------------------------------------------------------


def test_what_is_past_its_baseline_is_listed(sweeps, dynamodb):
    sweeps.baseline_ended(TLS, NOON)
    sweeps.end_baseline(KMS, NOON, "sweep-1", "r1")
    put(dynamodb, finding_id="baseline", at="iam_roles", ended_at=iso(NOON))
    put(dynamodb, finding_id="baseline#111122223333/eu-west-1", at=TLS, ended_at=iso(NOON))
    ended = sweeps.ended()
    assert ended.keys() == {KMS, "iam_roles"}
    assert ended[KMS]["release"] == "r1"


def test_the_list_has_all_its_pages(sweeps, dynamodb):
    for name in ("a", "b", "c"):
        sweeps.end_baseline(name, NOON, "sweep-1")
    whole = dynamodb.query._mock_wraps
    dynamodb.query.side_effect = lambda **params: whole(**params, Limit=1)
    assert sweeps.ended().keys() == {"a", "b", "c"}


def test_baselines_are_read_consistently(sweeps, dynamodb):
    """The alert of a rule whose baseline has just ended would be held back for good."""
    sweeps.baseline_ended(KMS, NOON)
    sweeps.ended()
    calls = dynamodb.get_item.call_args_list + dynamodb.query.call_args_list
    assert len(calls) > 3
    assert all(call.kwargs["ConsistentRead"] is True for call in calls)


# -- sweeps that completed -------------------------------------------------------------------------


def test_a_completed_sweep_is_a_row_of_the_history(sweeps, dynamodb):
    sweeps.complete("sweep-1", NOON, completed={"b", "a"}, failed=["d", "c"])
    [row] = sweeps.latest(5)
    assert row == {
        "finding_id": f"sweep#{WHERE}",
        "at": iso(NOON),
        "kind": "SWEEP_COMPLETED",
        "trigger": "sweep-1",
        "completed": ["a", "b"],
        "failed": ["c", "d"],
        "expires_at": (NOON + timedelta(days=400)).timestamp(),
    }


def test_the_latest_are_the_newest(sweeps, anew):
    for number in range(4):
        sweeps.complete(f"sweep-{number}", after(hours=number), completed=["a"], failed=[])
    anew("111122223333/eu-west-1").complete("other", after(days=1), completed=["a"], failed=[])
    assert [row["trigger"] for row in sweeps.latest(2)] == ["sweep-3", "sweep-2"]


def test_reading_the_latest_writes_nothing(sweeps, dynamodb):
    assert sweeps.latest(1) == []
    assert dynamodb.scan(TableName=TRANSITIONS)["Items"] == []


def test_hours_count_from_the_last_sweep_that_was_whole(sweeps):
    sweeps.complete("sweep-1", NOON, completed=["a", "b"], failed=[])
    sweeps.complete("sweep-2", after(hours=6), completed=["a", "b"], failed=[])
    sweeps.complete("sweep-3", after(hours=12), completed=["a"], failed=["b"])
    assert sweeps.hours_without(after(hours=15)) == 9.0


def test_a_sweep_after_now_is_no_negative_time(sweeps):
    sweeps.complete("sweep-1", after(minutes=1), completed=["a"], failed=[])
    assert sweeps.hours_without(NOON) == 0.0


def test_without_any_they_count_from_the_first_question(sweeps, anew):
    assert sweeps.hours_without(NOON) == 0.0
    assert anew().hours_without(after(hours=14)) == 14.0
    assert anew("111122223333/eu-west-1").hours_without(after(hours=14)) == 0.0


def test_failed_sweeps_are_searched_through_page_by_page(sweeps, dynamodb):
    sweeps.complete("whole", NOON, completed=["a"], failed=[])
    for hours in range(1, 25):
        sweeps.complete(f"failed-{hours}", after(hours=hours), completed=[], failed=["a"])
    assert sweeps.hours_without(after(hours=24)) == 24.0


def test_the_search_ends(dynamodb):
    """Years of failed sweeps are not read through each minute."""
    dynamodb.query.side_effect = lambda **params: {
        "Items": [],
        "LastEvaluatedKey": {"finding_id": {"S": "x"}, "at": {"S": "y"}},
    }
    assert Sweeps(dynamodb, TRANSITIONS, WHERE).hours_without(NOON) == 0.0
    assert dynamodb.query.call_count == MOST_PAGES


def test_without_a_place_the_rows_are_those_of_earlier_versions(dynamodb):
    old = Sweeps(dynamodb, TRANSITIONS)
    old.complete("sweep-1", NOON, completed=["a"], failed=[])
    old.end_baseline("encryption", NOON, "sweep-1")
    assert rows(dynamodb, "sweep").keys() == {iso(NOON)}
    assert rows(dynamodb, "baseline").keys() == {"encryption"}
