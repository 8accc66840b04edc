"""What a record does not tell may be about any resource: no declaration takes it for none.

CloudTrail leaves out a request or an answer that is too large, and writes `omitted` in its place.
"""

from __future__ import annotations

import pytest

from readiness.engine.event_ids import named_by
from readiness.engine.events import changes_of
from readiness.model.evidence import ApiCall, declared
from readiness_cli import catalogue

OMITTED = {"omitted": True, "originalSize": 131072, "reason": "requestParameters too large"}
EVIDENCE = {cls for rule in catalogue.rules().values() for cls in rule.evidence}


def calls_by_name(cls):
    """The calls that change the evidence, by source and name; several may share a name."""
    found = {}
    for change in changes_of(declared(cls)):
        if isinstance(change, ApiCall) and not change.ends_parts:
            for name in change.names:
                found.setdefault((change.source, name), []).append(change)
    return found


@pytest.mark.parametrize("left_out", [None, OMITTED], ids=["null", "omitted"])
@pytest.mark.parametrize("cls", sorted(EVIDENCE, key=str), ids=lambda cls: cls.__qualname__)
def test_a_call_that_tells_nothing_may_concern_any(cls, left_out):
    detail = {
        "awsRegion": "us-east-1",
        "recipientAccountId": "111122223333",
        "userIdentity": {"arn": "arn:aws:iam::111122223333:user/ana"},
        "requestParameters": left_out,
        "responseElements": left_out,
    }
    missed = [
        f"{source} {name}"
        for (source, name), calls in calls_by_name(cls).items()
        if not any(
            call.touches(detail) and named_by(call, {"detail": detail}) == () for call in calls
        )
    ]
    assert not missed
