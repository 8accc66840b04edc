"""What a finding keeps from one observation to the next, and what its transition tells."""

from __future__ import annotations

from datetime import timedelta

import pytest

from readiness import Severity, Status
from readiness.model.transition import (
    BLIND_AFTER,
    FIGURES_AFTER,
    REFRESH_AFTER,
    Kind,
    Transition,
    decide,
)
from tests.findings import T0, after, finding

GOOD, BAD, UNKNOWN = Status.COMPLIANT, Status.NON_COMPLIANT, Status.INSUFFICIENT_DATA
MINUTE = timedelta(minutes=1)
KEPT = {
    "first_observed_at": after(-90),
    "status_since": after(-60),
    "opened_at": after(-80),
    "changed_by": "ann",
    "workload": "agents",
    "environment": "prod",
    "owner": "ops",
}


def stored(status=BAD, **changes):
    return finding(status).but(**(KEPT | changes))


def attributes(found, *names):
    return {name: getattr(found, name) for name in names or KEPT}


@pytest.mark.parametrize("status", [BAD, GOOD])
def test_the_first_observation_begins_everything(status):
    change = decide(None, finding(status))
    became = change.finding
    assert (became.status_since, became.first_observed_at) == (T0, T0)
    assert became.opened_at == (T0 if status is BAD else None)
    assert became.blind_since is None
    opened = Transition(Kind.OPENED, became, T0) if status is BAD else None
    assert change.transition == opened


def test_the_first_observation_may_be_that_nothing_can_be_seen():
    became = decide(None, finding(UNKNOWN)).finding
    assert (became.blind_since, became.opened_at) == (T0, None)


def test_an_unchanged_status_keeps_what_was_known():
    became = decide(stored(), finding(BAD, after(5), reason="Another.")).finding
    assert attributes(became) == KEPT
    assert (became.last_observed_at, became.reason) == (after(5), "Another.")


def test_what_is_seen_now_replaces_what_was_known():
    new = {"changed_by": "bob", "workload": "w", "environment": "e", "owner": "o"}
    became = decide(stored(), finding(BAD, after(5), reason="Another.", **new)).finding
    assert attributes(became, *new) == new


def test_another_status_begins_now_and_is_nobodys_until_someone_is_known():
    change = decide(stored(), finding(GOOD, after(5)))
    wanted = KEPT | {"status_since": after(5), "changed_by": ""}
    assert attributes(change.finding) == wanted
    blamed = decide(stored(), finding(GOOD, after(5), changed_by="bob")).finding
    assert blamed.changed_by == "bob"


def test_a_transition_tells_what_was_before():
    before = stored(severity=Severity.LOW, reason="Before.")
    change = decide(before, finding(GOOD, after(5)))
    told = Transition(Kind.RESOLVED, change.finding, after(5), BAD, Severity.LOW, "Before.")
    assert change.transition == told


def test_what_goes_wrong_again_opens_again():
    change = decide(stored(GOOD), finding(BAD, after(5)))
    assert change.transition.kind is Kind.REOPENED
    assert change.finding.opened_at == after(5)
    first = decide(stored(GOOD, opened_at=None), finding(BAD, after(5)))
    assert first.transition.kind is Kind.OPENED
    assert first.finding.opened_at == after(5)


@pytest.mark.parametrize(
    ("before", "now", "kind"),
    [
        ("", "Soon.", Kind.REMINDED),
        ("Soon.", "Soon.", None),
        ("Soon.", "Sooner.", None),
        ("Soon.", "", None),
        ("", "", None),
    ],
)
def test_a_reminder_is_told_when_it_comes(before, now, kind):
    seen = finding(GOOD, after(5), reminder=now, reason="Another.")
    transition = decide(stored(GOOD, reminder=before), seen).transition
    assert (transition and transition.kind) is kind


def test_what_was_wrong_stays_so_while_it_cannot_be_read():
    seen = finding(UNKNOWN, after(5), reason="Denied.", missing=("s3:GetAcl",))
    before = stored(observed={"days": 3}, reason="Wrong.")
    became = decide(before, seen).finding
    wanted = before.but(
        last_observed_at=after(5),
        blind_since=after(5),
        blind_reason="Denied.",
        missing=("s3:GetAcl",),
    )
    assert became == wanted


def test_what_was_right_is_unknown_while_it_cannot_be_read():
    seen = finding(UNKNOWN, after(5), reason="Denied.", missing=("s3:GetAcl",))
    became = decide(stored(GOOD), seen).finding
    assert (became.status, became.reason, became.missing) == (UNKNOWN, "Denied.", ("s3:GetAcl",))
    assert (became.blind_since, became.blinded_at) == (after(5), None)
    assert became.first_observed_at == KEPT["first_observed_at"]


@pytest.mark.parametrize("status", [BAD, UNKNOWN])
def test_the_time_without_a_reading_counts_from_its_begin_and_is_told_once(status):
    before = stored(status, blind_since=T0)
    just_short = finding(UNKNOWN, T0 + BLIND_AFTER - MINUTE)
    assert decide(before, just_short).transition is None
    at = T0 + BLIND_AFTER
    change = decide(before, finding(UNKNOWN, at))
    assert change.transition.kind is Kind.BLINDED
    assert (change.finding.blind_since, change.finding.blinded_at) == (T0, at)
    again = decide(change.finding, finding(UNKNOWN, at + BLIND_AFTER))
    assert again.transition is None
    assert again.finding.blinded_at == at


@pytest.mark.parametrize("status", [BAD, UNKNOWN])
def test_a_reading_ends_the_time_without(status):
    before = stored(status, blind_since=after(-30), blinded_at=after(-5), blind_reason="Denied.")
    became = decide(before, finding(BAD, after(5))).finding
    assert (became.blind_since, became.blinded_at, became.blind_reason) == (None, None, "")


def test_only_what_differs_is_written():
    before = stored()
    same = before.but(last_observed_at=after(5))
    assert decide(before, same) == decide(before, before)
    assert decide(before, same).finding is None
    assert decide(before, same.but(reason="Another.")).finding is not None
    unknown = stored(GOOD, blind_since=after(-30))
    seen = unknown.but(last_observed_at=after(5), blind_since=None)
    assert decide(unknown, seen).finding.blind_since is None, "only the time it began differs"


def test_what_does_not_differ_is_refreshed_in_time():
    before = stored()
    at = T0 + REFRESH_AFTER
    change = decide(before, before.but(last_observed_at=at))
    assert change.transition is None
    assert change.finding.last_observed_at == at
    assert decide(before, before.but(last_observed_at=at - MINUTE)).finding is None
    assert decide(before, finding(BAD, after(5), reason="Another.")).finding.reason == "Another."


OK = {"band": "OK", "samples": 22_680, "window": "24 h", "source": "queue q-1", "value": 0.01}


def measured(status, said="error rate 0.01 % of 22,680 requests in the last 24 h", **facts):
    return finding(status, after(5), reason=f"OK: {said}.").but(observed=OK | facts)


@pytest.mark.parametrize("status", [GOOD, BAD, UNKNOWN, Status.NOT_APPLICABLE])
@pytest.mark.parametrize(
    ("said", "facts", "is_written"),
    [
        ("error rate 0.02 % of 24,000 requests in the last 24 h", {"samples": 24_000}, False),
        ("error rate 0 % of 120 requests in the last 1 h", {"window": "1 h", "value": 0}, False),
        ("p99 < 100 ms of 120 requests in the last 1 h", {"value": "p99 < 100 ms"}, True),
        ("error rate 0.01 % of 22,680 requests in the last 24 h", {"source": "queue q-2"}, True),
        ("error rate 0.01 % of 22,680 requests in the last 24 h", {"band": "DEGRADED"}, True),
        ("error rate 0.01 % of 22,680 requests in the last 24 h", {"samples": 0}, True),
        ("error rate 0.01 % of 22,680 requests in the last 24 h", {"cause": "SHARED"}, True),
        (
            "error rate 0.01 % of 22,680 requests in the last 24 h",
            {"last_failed": {"at": 1}},
            True,
        ),
    ],
    ids=["count", "window", "text", "source", "band", "nothing", "fact", "lasting"],
)
def test_a_measurement_that_came_to_the_same_is_not_written_for_its_figures(
    status, said, facts, is_written
):
    before = measured(status).but(
        last_observed_at=T0, blind_since=T0 if status is UNKNOWN else None
    )
    seen = measured(status, said, **facts)
    assert (decide(before, seen).finding is not None) is is_written
    late = seen.but(last_observed_at=T0 + REFRESH_AFTER)
    assert decide(before, late).finding.reason == seen.reason, "the figures are of that time"


@pytest.mark.parametrize(("later", "is_written"), [(-MINUTE, False), (MINUTE, True)])
def test_of_what_is_open_each_sweep_of_everything_renews_the_figures(later, is_written):
    before = measured(BAD).but(last_observed_at=T0)
    seen = measured(BAD, samples=24_000).but(last_observed_at=T0 + FIGURES_AFTER + later)
    assert (decide(before, seen).finding is not None) is is_written


@pytest.mark.parametrize("fact", [True, False, "2"])
def test_facts_of_a_configuration_are_no_figures(fact):
    before = finding(GOOD).but(observed={"memory": 128})
    changed = finding(GOOD, after(5)).but(observed={"memory": 256})
    assert decide(before, changed).finding is not None
    before = measured(GOOD, enabled=True).but(last_observed_at=T0)
    assert (decide(before, measured(GOOD, enabled=fact)).finding is None) is (fact is True)


@pytest.mark.parametrize("name", ["workload", "environment", "owner"])
def test_what_a_tag_says_is_written_at_once(name):
    before = stored(GOOD)
    seen = before.but(last_observed_at=after(5), **{name: "another"})
    assert getattr(decide(before, seen).finding, name) == "another"


@pytest.mark.parametrize("minutes", [0, -5])
def test_what_is_not_newer_changes_nothing(minutes):
    assert decide(stored(), finding(GOOD, after(minutes))).finding is None
    assert decide(stored(), finding(GOOD, after(minutes))).transition is None


@pytest.mark.parametrize(
    ("severity", "kind"),
    [
        (Severity.CRITICAL, Kind.ESCALATED),
        (Severity.HIGH, None),
        (Severity.LOW, Kind.DEESCALATED),
    ],
)
def test_another_severity(severity, kind):
    seen = finding(BAD, after(5), severity=severity, reason="Another.")
    change = decide(stored(), seen)
    assert (change.transition and change.transition.kind) is kind
    assert change.finding.severity is severity
    assert change.finding.opened_at == KEPT["opened_at"]
