"""What JSON filter patterns of CloudWatch Logs match."""

from __future__ import annotations

import re

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
    ("pattern", "why"),
    [
        ("", "it is no pattern of JSON events"),
        ("StopLogging", "it is no pattern of JSON events"),
        ("[a, b]", "it is no pattern of JSON events"),
        ("{ $.a = b", "it is no pattern of JSON events"),
        ("{ }", "it ends too early"),
        ("{ $.a }", "it ends too early"),
        ("{ $.a = }", "it ends too early"),
        ("{ ($.a = b }", "a parenthesis is not closed"),
        ("{ $.a = b) }", ") is not expected"),
        ("{ $.a = b $.c = d }", "$.c is not expected"),
        ("{ a = b }", "a is not a field"),
        ("{ $.a NOT b }", "NOT is not an operator"),
        ("{ $.a[*] = b }", "a wildcard in a field is not understood"),
        ("{ $.a < b }", "b is not a number"),
        ("{ $.a = %(% }", "%(% is not understood"),
        ("{ $.a = (b) }", "( is not a value"),
        ("{ $.a = b & $.c = d }", " & $.c = d is not understood"),
    ],
)
def test_what_is_not_understood(pattern, why):
    with pytest.raises(NotUnderstood, match=f"^{re.escape(why)}$"):
        pattern_test(pattern)
