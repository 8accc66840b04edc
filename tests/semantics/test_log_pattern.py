"""What JSON filter patterns of CloudWatch Logs match."""

from __future__ import annotations

import pytest

from readiness.semantics.log_pattern import NotUnderstood, pattern_test

EVENT = {
    "eventName": "StopLogging",
    "errorCode": "Client.UnauthorizedOperation",
    "readOnly": False,
    "nothing": None,
    "count": 3,
    "userIdentity": {"type": "Root"},
    "resources": [{"ARN": "arn:a"}],
}


@pytest.mark.parametrize(
    ("pattern", "is_met"),
    [
        ('{ $.eventName = "StopLogging" }', True),
        ("{$.eventName=StopLogging}", True),
        ('{ $.eventName = "stoplogging" }', False),
        ("{ $.eventName = Stop* }", True),
        ("{ $.eventName = *Unknown* }", False),
        ("{ $.errorCode = *UnauthorizedOperation }", True),
        ('{ $.eventName != "StartLogging" }', True),
        ('{ $.eventName != "StopLogging" }', False),
        ('{ $.missing = "x" }', False),
        ('{ $.missing != "x" }', False),
        ("{ $.missing NOT EXISTS }", True),
        ("{ $.eventName NOT  EXISTS }", False),
        ("{ $.nothing IS NULL }", True),
        ("{ $.missing IS NULL }", False),
        ("{ $.readOnly IS FALSE }", True),
        ("{ $.readOnly is true }", False),
        ("{ $.count > 2 }", True),
        ("{ $.count >= 4 }", False),
        ("{ $.count < 4 && $.count <= 3 }", True),
        ("{ $.eventName > 2 }", False),
        ("{ $.readOnly < 2 }", False),
        ("{ $.userIdentity.type = Root }", True),
        ('{ $.userIdentity["type"] = "Root" }', True),
        ("{ $.resources[0].ARN = arn:* }", True),
        ("{ $.resources[1].ARN = arn:* }", False),
        ("{ $.eventName = %^St.p% }", True),
        ("{ $.eventName = %^top% }", False),
        ("{ $.eventName = X || $.count = 3 && $.readOnly IS FALSE }", True),
        ("{ ($.eventName = X || $.count = 3) && $.readOnly IS TRUE }", False),
        ('{ $.eventName = "St?pLogging" }', False),
    ],
)
def test_what_a_pattern_matches(pattern, is_met):
    assert pattern_test(pattern)(EVENT) is is_met


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "StopLogging",
        "[a, b]",
        "{ }",
        "{ $.a }",
        "{ $.a = }",
        "{ $.a = b",
        "{ ($.a = b }",
        "{ $.a = b) }",
        "{ $.a = b $.c = d }",
        "{ a = b }",
        "{ $.a NOT b }",
        "{ $.a[*] = b }",
        "{ $.a < b }",
        "{ $.a = %(% }",
        "{ $.a = (b) }",
        "{ $.a = b & $.c = d }",
    ],
)
def test_what_is_not_understood(pattern):
    with pytest.raises(NotUnderstood):
        pattern_test(pattern)
