"""What led to an observation, in words."""

from __future__ import annotations

import pytest

from readiness.model.origin import AN_EVENT, Origin

ANN = "arn:aws:iam::111122223333:user/ann"
NOON = "2026-01-31T12:00:00Z"


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        (Origin(), ""),
        (AN_EVENT, ""),
        (Origin(at=NOON), ""),
        (Origin(call="PutBucketPolicy"), "PutBucketPolicy"),
        (Origin(call="PutBucketPolicy", at=NOON), f"PutBucketPolicy at {NOON}"),
        (Origin(by=ANN), f"by {ANN}"),
        (Origin(ANN, "PutBucketPolicy"), f"PutBucketPolicy by {ANN}"),
        (Origin(ANN, "PutBucketPolicy", NOON), f"PutBucketPolicy by {ANN} at {NOON}"),
    ],
)
def test_an_origin_in_words(origin, text):
    assert str(origin) == text
