"""What lifecycle rules do to earlier versions, and to which objects."""

from __future__ import annotations

import pytest

from readiness.semantics.lifecycle import (
    LARGEST,
    Archiving,
    NoncurrentExpiry,
    Scope,
    cleans_markers,
    covers_bucket,
)


def rule(status="Enabled", **members):
    return {"ID": "r", "Status": status, "Filter": {}, **members}


def expires(days=30, **more):
    return {"NoncurrentVersionExpiration": {"NoncurrentDays": days, **more}}


TAG = {"Key": "kind", "Value": "log"}


@pytest.mark.parametrize(
    ("given", "scope"),
    [
        pytest.param({"Filter": {}}, Scope(), id="all"),
        pytest.param({"Filter": {"Prefix": ""}}, Scope(), id="an empty prefix"),
        pytest.param({"Filter": None, "Prefix": "a/"}, Scope("a/"), id="a prefix of old"),
        pytest.param({"Filter": {"Tag": TAG}}, Scope(tags=("kind=log",)), id="a tag"),
        pytest.param(
            {"Filter": {"And": {"Prefix": "a/", "Tags": [TAG], "ObjectSizeGreaterThan": 9}}},
            Scope("a/", ("kind=log",), 9),
            id="all at once",
        ),
        pytest.param({"Filter": {"ObjectSizeLessThan": 0}}, Scope(below=0), id="no size at all"),
    ],
)
def test_the_objects_of_a_rule(given, scope):
    assert Scope.of(rule(**given)) == scope


@pytest.mark.parametrize(
    ("scopes", "covers"),
    [
        pytest.param([], False, id="no rule"),
        pytest.param([Scope()], True, id="the whole bucket"),
        pytest.param([Scope(above=0)], True, id="all that is not empty"),
        pytest.param([Scope(above=1)], False, id="not the smallest"),
        pytest.param([Scope(below=LARGEST + 1)], True, id="fewer than the most"),
        pytest.param([Scope(below=LARGEST)], False, id="not the largest"),
        pytest.param([Scope(below=100), Scope(above=99)], True, id="small and large"),
        pytest.param([Scope(above=99), Scope(below=100)], True, id="in any order"),
        pytest.param([Scope(below=100), Scope(above=100)], True, id="all but 100 bytes"),
        pytest.param([Scope(below=100), Scope(above=101)], False, id="some are left out"),
        pytest.param([Scope("a"), Scope("b")], False, id="prefixes"),
        pytest.param([Scope(tags=("a=b",))], False, id="a tag"),
    ],
)
def test_whether_rules_cover_a_bucket(scopes, covers):
    assert covers_bucket(scopes) is covers


@pytest.mark.parametrize(
    ("given", "found"),
    [
        pytest.param(rule(**expires()), NoncurrentExpiry("r", 30), id="days"),
        pytest.param(
            rule(**expires(1, NewerNoncurrentVersions=3)), NoncurrentExpiry("r", 1, 3), id="kept"
        ),
        pytest.param(rule("Disabled", **expires()), None, id="disabled"),
        pytest.param(rule(**expires(0)), None, id="0 days"),
        pytest.param(rule(**expires(-1)), None, id="unset in AWS Config"),
        pytest.param(rule(Expiration={"Days": 1}), None, id="current objects only"),
    ],
)
def test_a_rule_that_deletes_versions(given, found):
    assert NoncurrentExpiry.of(given) == found


def test_a_rule_that_archives():
    classes = ("STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
    given = rule(
        Transitions=[{"StorageClass": each, "Days": 9} for each in classes],
        NoncurrentVersionTransitions=[{"StorageClass": "GLACIER", "NoncurrentDays": 3}],
    )
    found = list(Archiving.of(given))
    assert found == [
        Archiving("r", "GLACIER", 9),
        Archiving("r", "DEEP_ARCHIVE", 9),
        Archiving("r", "GLACIER", 3, is_noncurrent=True),
    ]
    assert [each.retrieval_minutes for each in found] == [300, 720, 300]
    assert not list(Archiving.of({**given, "Status": "Disabled"}))
    del given["ID"]
    assert {each.id for each in Archiving.of(given)} == {""}


@pytest.mark.parametrize(
    ("given", "does"),
    [
        pytest.param(rule(Expiration={"ExpiredObjectDeleteMarker": True}), True, id="it does"),
        pytest.param(rule(Expiration={"Days": 9}), True, id="after some days"),
        pytest.param(
            rule(Expiration={"ExpiredObjectDeleteMarker": False}), False, id="it does not"
        ),
        pytest.param(rule(Expiration={"Date": "2026-01-01"}), False, id="on a date"),
        pytest.param(rule("Disabled", Expiration={"Days": 9}), False, id="disabled"),
        pytest.param(
            rule(Expiration={"Days": 9}, Filter={"Prefix": "a/"}), False, id="a prefix alone"
        ),
        pytest.param(rule(**expires()), False, id="versions only"),
    ],
)
def test_a_rule_that_removes_delete_markers(given, does):
    assert cleans_markers(given) is does
