"""The fake account holds both sides to the service model, and fails the test itself."""

from __future__ import annotations

import pytest

from tests.fake_account import FakeAccount


def test_an_answer_that_aws_could_not_give_fails_the_test():
    fake_account = FakeAccount({("s3", "list_buckets"): {"Buckets": "none"}})
    with pytest.raises(AssertionError, match="s3 list_buckets is answered with"):
        fake_account.client("s3").list_buckets()
    assert fake_account.refused


def test_a_question_that_aws_would_refuse_fails_the_test():
    fake_account = FakeAccount({("s3", "get_bucket_policy"): {"Policy": "{}"}})
    with pytest.raises(AssertionError, match="s3 get_bucket_policy is asked with"):
        fake_account.client("s3").get_bucket_policy(Bucket=1)
    assert not fake_account.calls
