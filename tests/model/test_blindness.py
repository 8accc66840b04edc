"""When a heading is blind, what is said of it, and when it is said again."""

from __future__ import annotations

import json

import pytest

from readiness import Severity, Status
from readiness.model.blindness import HEADING_TYPE, UNREADABLE, by_heading, decide, statement_for
from readiness.model.resource import Resource
from readiness.model.transition import NOTHING, Kind, Transition
from tests.findings import T0, after, finding

HERE = Resource("111122223333", "us-east-1", HEADING_TYPE, "encryption")
UNKNOWN = Status.INSUFFICIENT_DATA


def blind(name="data", missing=("s3:GetA",), denied=("s3:GetA",), **changes):
    where = Resource("111122223333", "us-east-1", "AWS::S3::Bucket", name)
    said = {"blinded_at": T0, "reason": f"{missing} was denied for {name}."}
    return finding(UNKNOWN, resource=where, missing=missing, denied=denied, **(said | changes))


def seen(*findings):
    return by_heading(findings or [blind()]).get("encryption")


def test_a_heading_is_blind_by_what_its_rules_could_not_read():
    one = blind(missing=("s3:GetA", "kms:B"), denied=("s3:GetA",))
    other = blind("other", missing=("kms:C",), denied=(), rule="encryption.other")
    third = blind(rule="xray.tracing", heading="X-Ray", missing=("xray:D",), denied=())
    found = by_heading([one, other, third])
    assert found.keys() == {"encryption", "xray"}
    encryption = found["encryption"]
    assert encryption.missing == {"s3:GetA", "kms:B", "kms:C"}
    assert encryption.denied == {"s3:GetA"}
    assert encryption.rules == {"encryption.s3-kms", "encryption.other"}
    assert encryption.verdicts == 2


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"blinded_at": None}, id="unknown for a moment"),
        pytest.param({"missing": (), "denied": ()}, id="an attestation that is not there yet"),
        pytest.param({"rule": UNREADABLE}, id="the finding about the heading itself"),
    ],
)
def test_what_does_not_make_a_heading_blind(changes):
    assert by_heading([blind(**changes)]) == {}


def test_what_stays_open_while_it_cannot_be_read_counts_too():
    wrong = blind(blind_reason="s3:GetA was denied.").but(status=Status.NON_COMPLIANT)
    assert seen(wrong).reasons == ["s3:GetA was denied."]


def test_the_first_time_it_is_told_with_the_statement_to_paste():
    change = decide(None, seen(blind(), blind("other", ("kms:B",), ("kms:B",))), HERE, T0)
    became = change.finding
    assert (change.transition.kind, became.severity) == (Kind.BLINDED, Severity.HIGH)
    assert became.is_open
    assert became.reason == (
        "Encryption is blind: 2 verdicts of 1 rule unknown. kms:B and s3:GetA were denied."
    )
    statement = json.loads(became.observed["statement"])
    assert statement == {"Effect": "Allow", "Action": ["kms:B", "s3:GetA"], "Resource": "*"}
    assert became.observed == {
        "actions": ["kms:B", "s3:GetA"],
        "denied": ["kms:B", "s3:GetA"],
        "rules": ["encryption.s3-kms"],
        "verdicts": 2,
        "reasons": ["('s3:GetA',) was denied for data.", "('kms:B',) was denied for other."],
        "statement": became.observed["statement"],
    }
    assert became.expected == (
        f"Allow the role of Encryption's function: {became.observed['statement']}"
        " An SCP, a permissions boundary or a resource policy can deny it even so."
    )


def test_what_failed_otherwise_is_less_severe_and_no_statement_would_help():
    change = decide(None, seen(blind(denied=())), HERE, T0)
    assert change.finding.severity is Severity.MEDIUM
    assert "s3:GetA could not be read for too long." in change.finding.reason
    assert change.finding.expected == "The reads succeed."
    assert "statement" not in change.finding.observed
    assert statement_for([]) == ""


def test_nothing_is_told_twice():
    first = decide(None, seen(), HERE, T0).finding
    assert decide(first, seen(), HERE, after(360)) == NOTHING
    more = decide(first, seen(blind(), blind("other")), HERE, after(360))
    assert more.transition is None, "another resource, the same action"
    assert more.finding.observed["verdicts"] == 2


def test_another_action_is_news_and_what_was_told_stays_in_it():
    first = decide(None, seen(), HERE, T0).finding
    change = decide(first, seen(blind(missing=("kms:B",), denied=("kms:B",))), HERE, after(60))
    assert (change.transition.kind, change.finding.missing) == (
        Kind.BLINDED,
        ("kms:B", "s3:GetA"),
    )
    assert change.finding.blind_since == T0
    assert change.finding.observed["actions"] == ["kms:B"], "what can be read again is not said"
    assert "s3:GetA" not in change.finding.reason + change.finding.expected
    less = decide(change.finding, seen(), HERE, after(90))
    assert less.transition is None, "one of two can be read again"
    assert less.finding.reason.endswith("s3:GetA was denied.")


def test_what_is_denied_no_more_is_less_severe_while_another_read_fails():
    both = seen(blind(), blind("other", ("kms:B",), ()))
    first = decide(None, both, HERE, T0).finding
    allowed = decide(first, seen(blind("other", ("kms:B",), ())), HERE, after(60))
    assert (allowed.transition.kind, allowed.finding.severity) == (
        Kind.DEESCALATED,
        Severity.MEDIUM,
    )
    assert "statement" not in allowed.finding.observed
    assert "s3:GetA" not in allowed.finding.reason
    again = decide(allowed.finding, both, HERE, after(120))
    assert (again.transition.kind, again.finding.severity) == (Kind.BLINDED, Severity.HIGH)


def test_an_action_that_is_denied_now_and_only_failed_before_is_news():
    first = decide(None, seen(blind(denied=())), HERE, T0).finding
    change = decide(first, seen(), HERE, after(60))
    assert change.finding.severity is Severity.HIGH
    assert change.transition == Transition(
        Kind.BLINDED, change.finding, after(60), UNKNOWN, Severity.MEDIUM, first.reason
    )


def test_it_ends_when_all_can_be_read_and_begins_anew():
    first = decide(None, seen(), HERE, T0).finding
    change = decide(first, None, HERE, after(60))
    ended = change.finding
    assert change.transition == Transition(
        Kind.RESOLVED, ended, after(60), UNKNOWN, Severity.HIGH, first.reason
    )
    assert ended == first.but(
        status=Status.COMPLIANT,
        reason="Encryption can read again what it asks for.",
        expected="",
        observed={},
        missing=(),
        denied=(),
        last_observed_at=after(60),
        status_since=after(60),
        blind_since=None,
        blinded_at=None,
    )
    assert not ended.is_open
    assert decide(ended, None, HERE, after(90)) == NOTHING
    again = decide(ended, seen(), HERE, after(120))
    assert (again.transition.kind, again.finding.blind_since) == (Kind.BLINDED, after(120))
    assert again.finding.blinded_at == after(120)
    assert again.finding.first_observed_at == T0
    assert decide(None, None, HERE, T0) == NOTHING
