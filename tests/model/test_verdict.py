"""A verdict says everything that its rule gave it, and the worst of several counts."""

from __future__ import annotations

import itertools

import pytest

from readiness import Severity, Status, cannot_tell, complies, not_applicable, violates
from readiness.model.verdict import Problem, Verdict, violates_all, worst

GOOD, BAD, NONE, UNKNOWN = (
    Status.COMPLIANT,
    Status.NON_COMPLIANT,
    Status.NOT_APPLICABLE,
    Status.INSUFFICIENT_DATA,
)
MISSING = ("s3:GetBucketPolicy", "s3:GetBucketAcl")


@pytest.mark.parametrize(
    ("say", "expected"),
    [
        pytest.param(
            lambda: complies("Fine.", days=3), Verdict(GOOD, "Fine.", {"days": 3}), id="passes"
        ),
        pytest.param(
            lambda: violates("Wrong.", expected="Right.", severity=Severity.LOW, days=3),
            Verdict(BAD, "Wrong.", {"days": 3}, "Right.", Severity.LOW),
            id="fails",
        ),
        pytest.param(
            lambda: violates("Wrong.", expected="Right."),
            Verdict(BAD, "Wrong.", {}, "Right.", None),
            id="fails with the rule's severity",
        ),
        pytest.param(
            lambda: not_applicable("Not here.", days=3),
            Verdict(NONE, "Not here.", {"days": 3}),
            id="does not apply",
        ),
        pytest.param(
            lambda: cannot_tell("Unknown.", missing=iter(MISSING), is_passing=True, days=3),
            Verdict(UNKNOWN, "Unknown.", {"days": 3}, missing=MISSING, is_passing=True),
            id="is unknown for now",
        ),
        pytest.param(
            lambda: cannot_tell("Unknown."), Verdict(UNKNOWN, "Unknown.", {}), id="is unknown"
        ),
    ],
)
def test_a_verdict_says_what_it_was_given(say, expected):
    assert say() == expected


def test_what_is_unknown_stays_so_unless_the_rule_says_that_it_passes():
    assert cannot_tell("Unknown.").is_passing is False


def test_facts_are_added_and_newer_ones_win():
    first = violates("Wrong.", expected="Right.", severity=Severity.LOW, days=3, name="a")
    more = first.observing({"days": 4, "on": True})
    assert more.observed == {"days": 4, "name": "a", "on": True}
    assert (more.status, more.reason, more.expected) == (BAD, "Wrong.", "Right.")
    assert first.observed == {"days": 3, "name": "a"}


def test_a_reminder_changes_nothing_else():
    reminded = complies("Fine.", days=3).reminding("Attest again.")
    assert reminded == Verdict(GOOD, "Fine.", {"days": 3}, reminder="Attest again.")


def test_several_problems_are_one_violation_worst_first_and_each_once():
    problems = [
        Problem(Severity.LOW, "It is old."),
        Problem(Severity.CRITICAL, "It is open."),
        Problem(Severity.LOW, "It is old."),
        Problem(Severity.MEDIUM, "It is loud."),
    ]
    verdict = violates_all(problems, expected="None of it.", ports=[22])
    reason = "It is open. It is loud. It is old."
    expected = Verdict(BAD, reason, {"ports": [22]}, "None of it.", Severity.CRITICAL)
    assert verdict == expected


def test_severities_are_ordered_from_the_worst():
    ranked = sorted(Severity, key=lambda severity: severity.rank)
    assert [str(severity) for severity in ranked] == [
        "CRITICAL",
        "HIGH",
        "MEDIUM",
        "LOW",
        "INFORMATIONAL",
    ]
    for worse, better in itertools.combinations(ranked, 2):
        assert worse.at_least(better)
        assert not better.at_least(worse)
    assert all(severity.at_least(severity) for severity in Severity)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        pytest.param([GOOD, UNKNOWN, BAD, NONE], BAD, id="one rule fails"),
        pytest.param([GOOD, UNKNOWN, NONE], UNKNOWN, id="one rule is unknown"),
        pytest.param([NONE, GOOD], GOOD, id="one rule passes"),
        pytest.param([NONE], NONE, id="nothing applies"),
        pytest.param([], NONE, id="no rule"),
    ],
)
def test_the_worst_status_is_that_of_the_box(statuses, expected):
    assert worst(iter(statuses)) is expected
