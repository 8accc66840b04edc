"""How Lambda is asked about the functions that alarms and event rules invoke."""

from __future__ import annotations

import pytest

from readiness.evidence.awslambda.monitors import named

ARN = "arn:aws:lambda:us-east-1:111122223333:function:"


@pytest.mark.parametrize(
    ("function", "asked"),
    [
        ("pager", {"FunctionName": "pager"}),
        (f"{ARN}pager", {"FunctionName": "pager"}),
        (f"{ARN}pager:live", {"FunctionName": "pager", "Qualifier": "live"}),
        (f"{ARN}pager:$LATEST", {"FunctionName": "pager", "Qualifier": "$LATEST"}),
        (f"{ARN}function:7", {"FunctionName": "function", "Qualifier": "7"}),
    ],
)
def test_a_function_is_asked_for_by_its_name(function, asked):
    assert named(function) == asked
