"""Functional testing: which revision a run tested, and what a finding remembers of runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.functional_testing.revisions import is_deployed, is_same
from readiness.evidence.workloads.deployments import Images
from readiness.evidence.workloads.test_suites.runs import Counted
from readiness.model.finding import lasting
from tests.rules.test_functional_testing import (
    BAD,
    COMMIT,
    FAILED,
    GOOD,
    NO_SUITES,
    OTHER,
    RULES,
    UNKNOWN,
    attested,
    deployed,
    judged,
    run,
    statement,
    suites,
)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (COMMIT, COMMIT[:7], True),
        (COMMIT.upper(), COMMIT, True),
        (COMMIT, OTHER, False),
        (COMMIT, "4f2c1a", False),
        ("v1.2", "v1.20", False),
        ("arn:aws:s3:::src/app.zip", COMMIT, False),
        ("", COMMIT, None),
        (COMMIT, " ", None),
    ],
)
def test_two_names_of_a_commit(one, other, same):
    assert is_same(one, other) is same


ONE, TWO = ("sha256:" + digit * 64 for digit in "12")


@pytest.mark.parametrize(
    ("stated", "tag", "images", "same"),
    [
        (ONE, COMMIT, Images((ONE,)), True),
        (f"registry/web@{ONE}", "", Images((ONE, TWO)), True),
        (TWO, COMMIT, Images((ONE,)), False),
        (TWO, COMMIT, Images(), None),
        (ONE, ONE, Images(), True),
        (COMMIT, COMMIT, Images((ONE,), ("v1",)), True),
        (OTHER, COMMIT, Images((ONE,), (OTHER,)), False),
        (COMMIT, "", Images((ONE,), (COMMIT[:7], "7")), True),
        (OTHER, "", Images((ONE,), (COMMIT[:7], "7")), False),
        (COMMIT, "", Images((ONE,), ("20261101",)), None),
        ("v1.2", "", Images((ONE,), ("v1.2", "latest")), True),
        ("v1.3", "", Images((ONE,), ("v1.2",)), False),
        ("v1.3", "", Images((ONE,), ("latest",)), None),
        ("main", "", Images((ONE,), ("v1.2",)), None),
        ("", "", Images((ONE,), ("v1.2",)), None),
    ],
)
def test_a_revision_is_a_commit_a_digest_or_a_tag(stated, tag, images, same):
    assert is_deployed(stated, deployed(revision=tag, images=images)) is same


@pytest.mark.parametrize(
    ("bound", "tag", "status"),
    [
        ({"revision": ONE}, COMMIT, GOOD),
        ({"revision": COMMIT[:8]}, COMMIT, GOOD),
        ({"revision": TWO}, COMMIT, BAD),
        ({"revision": TWO}, "", BAD),
        ({"revision": ONE}, "", GOOD),
        ({}, "", GOOD),
        ({}, COMMIT, BAD),
    ],
)
def test_a_statement_names_the_revision_by_any_of_its_names(bound, tag, status):
    made = deployed(revision=tag, images=Images((ONE,), ("v1",)))
    said = attested(statement(bound_to=bound))
    verdict = judged("smoke", made, NO_SUITES, said)
    assert verdict.status is status, verdict.reason


LOST = run(counted=None, lost_reports=True)


@pytest.mark.parametrize("kind", RULES)
@pytest.mark.parametrize(
    ("was", "now", "settings", "status", "words"),
    [
        pytest.param(run(), LOST, {}, GOOD, "40 tests", id="the same run"),
        pytest.param(run(), replace(LOST, name="build p:2"), {}, UNKNOWN, "EXPIRED", id="another"),
        pytest.param(run(counted=Counted(0)), LOST, {}, BAD, "NO_TESTS", id="it had no tests"),
        pytest.param(run(counted=Counted(40, 1)), LOST, {}, BAD, "1 of 40", id="it had failures"),
        pytest.param(LOST, LOST, {}, UNKNOWN, "REPORT_EXPIRED", id="nobody ever knew"),
        pytest.param(run(), FAILED, {}, BAD, "2 of 40", id="a newer run failed"),
    ],
)
def test_what_codebuild_forgets_of_a_run_the_finding_remembers(
    kind, was, now, settings, status, words
):
    first = judged(kind, deployed(), suites(was, kind=kind), attested(), **settings)
    remembers = replace(attested(), recorded=lasting(first.observed))
    later = judged(kind, deployed(), suites(now, kind=kind), remembers, **settings)
    assert later.status is status, later.reason
    assert words in later.reason
    again = replace(attested(), recorded=lasting(later.observed))
    assert judged(kind, deployed(), suites(now, kind=kind), again, **settings) == later


def test_the_run_of_what_is_deployed_is_remembered_and_not_the_newest_one():
    newer = replace(run(2, revision=OTHER, counted=Counted(7)), name="build p:9")
    first = judged("smoke", deployed(), suites(newer, run(), kind="smoke"), attested())
    remembers = replace(attested(), recorded=lasting(first.observed))
    gone = replace(newer, counted=None, lost_reports=True)
    later = judged("smoke", deployed(), suites(gone, LOST, kind="smoke"), remembers)
    assert (later.status, "40 tests" in later.reason) == (GOOD, True)


@pytest.mark.parametrize("row", ["x", {}, {"run": "build p:1", "executed": "40"}], ids=str)
def test_a_remembered_report_without_counts_is_none(row):
    label = "CodeBuild project checkout"
    remembers = replace(attested(), recorded={"last_executed": {label: row}})
    verdict = judged("smoke", deployed(), suites(LOST, kind="smoke"), remembers)
    assert verdict.status is UNKNOWN
