"""What lifecycle rules expire, archive and save."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from readiness.semantics.lifecycle import (
    MIN_TRANSITION_BYTES,
    CostRule,
    Expiry,
    Scope,
    all_expire_after,
    archived_prefixes,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TAG = {"Key": "kind", "Value": "log"}


def rule(status="Enabled", **members):
    return {"ID": "r", "Status": status, "Filter": {}, **members}


DAYS = {"Expiration": {"Days": 30}}


@pytest.mark.parametrize(
    ("given", "expiry"),
    [
        pytest.param(rule(**DAYS), Expiry("r", 30), id="days"),
        pytest.param(rule(Expiration={"Date": NOW}), Expiry("r", 0, by_date=True), id="a date"),
        pytest.param(rule("Disabled", **DAYS), None, id="disabled"),
        pytest.param(rule(), None, id="nothing"),
        pytest.param(rule(Expiration={"ExpiredObjectDeleteMarker": True}), None, id="markers"),
        pytest.param(
            {"Status": "Enabled", "Prefix": "a/", **DAYS}, Expiry("", 30, "a/"), id="of old"
        ),
        pytest.param(
            rule(**DAYS) | {"Filter": {"Tag": TAG}}, Expiry("r", 30, is_tagged=True), id="a tag"
        ),
        pytest.param(
            rule(**DAYS) | {"Filter": {"And": {"Prefix": "a/", "Tags": [TAG]}}},
            Expiry("r", 30, "a/", is_tagged=True),
            id="a prefix and tags",
        ),
        pytest.param(
            rule(**DAYS) | {"Filter": {"ObjectSizeGreaterThan": 0}},
            Expiry("r", 30, above=0),
            id="all that have any bytes",
        ),
        pytest.param(
            rule(**DAYS) | {"Filter": {"ObjectSizeGreaterThan": 1}},
            Expiry("r", 30, above=1),
            id="large ones",
        ),
        pytest.param(
            rule(**DAYS) | {"Filter": {"ObjectSizeLessThan": 9}},
            Expiry("r", 30, below=9),
            id="small ones",
        ),
    ],
)
def test_a_rule_that_expires_objects(given, expiry):
    assert Expiry.of(given) == expiry


@pytest.mark.parametrize(
    ("members", "some", "every"),
    [
        ({}, True, True),
        ({"prefix": "AWSLogs/"}, True, True),
        ({"prefix": "AWSLogs/1/CloudTrail/"}, True, True),
        ({"prefix": "AWSLogs/1/CloudTrail/eu-west-1/"}, True, False),
        ({"prefix": "AWSLogs/2/"}, False, False),
        ({"is_tagged": True}, False, False),
        ({"above": 0}, True, True),
        ({"above": 1}, True, False),
        ({"below": 9}, True, False),
    ],
)
def test_the_objects_under_a_prefix_that_expire(members, some, every):
    expiry = Expiry("r", 30, **members)
    assert expiry.may_expire("AWSLogs/1/CloudTrail/") is some
    assert all_expire_after([expiry], "AWSLogs/1/CloudTrail/") == (30 if every else None)


def test_rules_for_small_and_for_large_objects_expire_them_all():
    rules = [
        Expiry("large", 400, above=1000),
        Expiry("small", 90, below=1000),
        Expiry("rest", 900),
    ]
    assert all_expire_after(rules, "a/") == 400
    assert all_expire_after(rules[1:], "a/") == 900
    assert all_expire_after(rules[:1], "a/") is None


@pytest.mark.parametrize(
    ("scope", "text"),
    [
        (Scope(), "the whole bucket"),
        (Scope(above=0), "the whole bucket"),
        (Scope("a/"), "objects with the prefix a/"),
        (Scope(tags=("a=b", "c=d")), "objects with the tag a=b and the tag c=d"),
        (
            Scope(above=131072, below=1_000_000),
            "objects with more than 131,072 bytes and fewer than 1,000,000 bytes",
        ),
    ],
)
def test_a_scope_in_words(scope, text):
    assert str(scope) == text


def moves(*classes):
    return {"Transitions": [{"StorageClass": each, "Days": 9} for each in classes]}


@pytest.mark.parametrize(
    ("given", "prefixes"),
    [
        (rule(**moves("GLACIER")), [""]),
        (rule(**moves("DEEP_ARCHIVE")), [""]),
        (rule(**moves("STANDARD_IA", "GLACIER_IR")), [""]),
        (rule(**moves("STANDARD_IA")), []),
        (rule(), []),
        (rule("Disabled", **moves("GLACIER")), []),
        (rule(**moves("GLACIER")) | {"Filter": {"Prefix": "a/"}}, ["a/"]),
        (rule(**moves("GLACIER")) | {"Filter": {"Tag": TAG}}, []),
        (rule(**moves("GLACIER")) | {"Filter": {"And": {"Prefix": "a/", "Tags": [TAG]}}}, []),
    ],
)
def test_what_a_rule_archives(given, prefixes):
    assert list(archived_prefixes(given)) == prefixes


IN_TOKYO = (NOW + timedelta(days=3, hours=1)).astimezone(timezone(timedelta(hours=9)))


@pytest.mark.parametrize(
    ("given", "found"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param(
            {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
            {"aborts_after": 7},
            id="unfinished uploads",
        ),
        pytest.param(DAYS, {"expires_after": 30}, id="days"),
        pytest.param({"Expiration": {"Date": IN_TOKYO}}, {"expires_after": 3}, id="in three days"),
        pytest.param(
            {"Expiration": {"Date": NOW - timedelta(days=9)}}, {"expires_after": 0}, id="past"
        ),
        pytest.param({"Expiration": {"ExpiredObjectDeleteMarker": True}}, {}, id="markers"),
        pytest.param(
            {
                "Transitions": [
                    {"StorageClass": "GLACIER", "Days": 90},
                    {"StorageClass": "STANDARD_IA", "Days": 30},
                    {"StorageClass": "STANDARD_IA"},
                ]
            },
            {"moves_after": 30},
            id="the first move",
        ),
        pytest.param(
            {"Transitions": [{"StorageClass": "INTELLIGENT_TIERING", "Days": 0}]},
            {"moves_after": 0},
            id="at once",
        ),
        pytest.param(
            {"NoncurrentVersionExpiration": {"NoncurrentDays": 30}},
            {"ends_versions_after": 30},
            id="versions expire",
        ),
        pytest.param(
            {
                "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
                "NoncurrentVersionTransitions": [{"NoncurrentDays": 9}, {}],
            },
            {"ends_versions_after": 9},
            id="versions move",
        ),
    ],
)
def test_what_a_rule_saves(given, found):
    assert CostRule.of(rule(**given), NOW) == CostRule("r", is_enabled=True, **found)


def test_a_disabled_rule_is_told_as_one():
    assert not CostRule.of(rule("Disabled", **DAYS), NOW).is_enabled


@pytest.mark.parametrize(
    ("chosen", "text"),
    [
        ({}, ""),
        ({"Prefix": "a/"}, "the prefix a/"),
        ({"And": {"Prefix": "a/", "Tags": [TAG]}}, "the prefix a/"),
        ({"Tag": TAG}, "objects with a tag"),
        ({"And": {"Tags": [TAG], "ObjectSizeLessThan": 9}}, "objects with a tag"),
        ({"ObjectSizeLessThan": 9}, "objects of some sizes"),
        ({"ObjectSizeGreaterThan": 0}, ""),
        ({"ObjectSizeGreaterThan": MIN_TRANSITION_BYTES}, ""),
        ({"ObjectSizeGreaterThan": MIN_TRANSITION_BYTES + 1}, "objects of some sizes"),
    ],
)
def test_to_what_a_rule_is_confined(chosen, text):
    assert CostRule.of(rule(**DAYS) | {"Filter": chosen}, NOW).narrowed == text
