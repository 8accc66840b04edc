"""A read that failed names its action, its cause and what AWS called it."""

from __future__ import annotations

import copy
import pickle

import pytest

from readiness.model.unreadable import Cause, NotOffered, Unreadable, is_said_denied


@pytest.mark.parametrize(
    ("failed", "said"),
    [
        (Unreadable("s3:GetAcl", Cause.ACCESS_DENIED), "s3:GetAcl was denied"),
        (Unreadable("s3:GetAcl", Cause.ACCESS_DENIED, "AuthFailure"), "was denied (AuthFailure)"),
        (Unreadable("s3:GetAcl", Cause.ACCESS_DENIED, "403"), "was denied (HTTP 403)"),
        (Unreadable("s3:GetAcl", Cause.THROTTLED, "SlowDown"), "was throttled (SlowDown)"),
        (Unreadable("s3:GetAcl", Cause.SERVICE_UNAVAILABLE), "could not be reached or timed out"),
        (Unreadable("s3:GetAcl", Cause.PARTIAL_DATA), "returned only a part of the data"),
        (Unreadable("s3:GetAcl", Cause.UNEXPECTED_ANSWER), "returned an unexpected error"),
        (Unreadable("s3:GetAcl", Cause.TOKEN_REFUSED), "did not accept the credentials"),
        (Unreadable("s3:GetAcl", Cause.NOT_OFFERED), "the region does not have"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_it_says_what_failed_and_why(failed, said):
    assert said in str(failed)
    assert str(failed).startswith("s3:GetAcl ")
    assert bool(failed.code) is str(failed).endswith(f"{failed.code})")


def test_without_a_code_nothing_follows():
    assert str(Unreadable("s3:GetAcl", Cause.ACCESS_DENIED)) == "s3:GetAcl was denied"


def test_it_keeps_what_it_was_made_of():
    failed = Unreadable("s3:GetAcl", Cause.THROTTLED, "SlowDown")
    parts = (failed.action, failed.cause, failed.code)
    assert parts == failed.args == ("s3:GetAcl", Cause.THROTTLED, "SlowDown")
    assert Unreadable("s3:GetAcl", Cause.THROTTLED).code == ""


def test_a_listing_that_failed_in_part_keeps_what_it_found():
    failed = Unreadable("s3:ListBuckets", Cause.THROTTLED, found=["a", "b"])
    assert failed.found == ("a", "b")
    assert Unreadable("s3:ListBuckets", Cause.THROTTLED).found == ()


def test_a_sentence_says_that_an_action_was_denied():
    denied = Unreadable("s3:GetAcl", Cause.ACCESS_DENIED, "AccessDenied")
    slow = Unreadable("kms:ListKeys", Cause.THROTTLED)
    text = f"The bucket cannot be judged: {denied}; {slow}."
    assert is_said_denied("s3:GetAcl", text)
    assert not is_said_denied("kms:ListKeys", text)
    assert not is_said_denied("s3:GetAclOfOther", text)


def test_a_copy_of_it_says_the_same():
    """A failure is raised again to each who asked, also across processes."""
    failed = Unreadable("s3:GetAcl", Cause.THROTTLED, "SlowDown")
    for again in (copy.copy(failed), pickle.loads(pickle.dumps(failed))):
        assert (str(again), again.args) == (str(failed), failed.args)


@pytest.mark.parametrize(
    ("cause", "code", "is_passing"),
    [
        (Cause.THROTTLED, "", True),
        (Cause.SERVICE_UNAVAILABLE, "", True),
        (Cause.PARTIAL_DATA, "", True),
        (Cause.UNEXPECTED_ANSWER, "Garbled", True),
        (Cause.UNEXPECTED_ANSWER, "ResponseParserError", True),
        (Cause.UNEXPECTED_ANSWER, "NoSuchThing", False),
        (Cause.UNEXPECTED_ANSWER, "302", True),
        (Cause.UNEXPECTED_ANSWER, "400", False),
        (Cause.UNEXPECTED_ANSWER, "", True),
        (Cause.ACCESS_DENIED, "AccessDenied", False),
        (Cause.TOKEN_REFUSED, "", False),
        (Cause.NOT_OFFERED, "", False),
    ],
)
def test_what_may_pass_by_itself(cause, code, is_passing):
    assert Unreadable("s3:GetAcl", cause, code).is_passing is is_passing


def test_a_service_that_the_region_lacks():
    lacks = NotOffered("dax:DescribeClusters", "dax", "eu-north-1")
    assert str(lacks) == "AWS does not offer dax in eu-north-1"
    assert (lacks.action, lacks.cause) == ("dax:DescribeClusters", Cause.NOT_OFFERED)
    assert (lacks.service, lacks.region, lacks.code) == ("dax", "eu-north-1", "dax in eu-north-1")
    assert not lacks.is_passing
