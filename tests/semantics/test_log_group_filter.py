"""Which log groups a filter of OAM, of a centralization rule or of an account policy selects."""

from __future__ import annotations

import pytest

from readiness.semantics.log_group_filter import selects


@pytest.mark.parametrize(
    ("criteria", "selected"),
    [
        pytest.param("", True, id="no filter"),
        pytest.param("*", True, id="a star"),
        pytest.param("LogGroupName = '/aws/lambda/a'", True, id="equal"),
        pytest.param("LogGroupName = '/aws/lambda/A'", False, id="case counts"),
        pytest.param("LogGroupName != '/aws/lambda/a'", False, id="not equal"),
        pytest.param("LogGroupName LIKE '/aws/lambda/%'", True, id="like"),
        pytest.param("LogGroupName LIKE 'aws/lambda/%'", False, id="like, another beginning"),
        pytest.param("LogGroupName LIKE '/aws/ecs/%'", False, id="like, another service"),
        pytest.param("LogGroupName LIKE '/aws/lambda'", False, id="like, without a sign"),
        pytest.param("LogGroupName NOT LIKE '/aws/%'", False, id="not like"),
        pytest.param("LogGroupName IN ('x', '/aws/lambda/a')", True, id="in"),
        pytest.param("LogGroupName NOT IN ('x', 'y')", True, id="not in"),
        pytest.param('LogGroupName NOT IN ["x", "/aws/lambda/a"]', False, id="account policy"),
        pytest.param("LogGroupName NOT IN []", True, id="nothing is left out"),
        pytest.param('LogGroupNamePrefix IN ["/x", "/aws/lambda"]', True, id="prefix"),
        pytest.param('LogGroupNamePrefix IN ["/x"]', False, id="another prefix"),
        pytest.param("LogGroupName = 'x' OR LogGroupName LIKE '/aws/%'", True, id="or"),
        pytest.param(
            "LogGroupName LIKE '/aws/%' AND LogGroupName != '/aws/lambda/a'", False, id="and"
        ),
        pytest.param(
            "LogGroupName = '/aws/lambda/a' OR LogGroupName = 'x' AND LogGroupName = 'y'",
            True,
            id="and binds more closely",
        ),
        pytest.param(
            "(LogGroupName = '/aws/lambda/a' OR LogGroupName = 'x') AND LogGroupName = 'y'",
            False,
            id="parentheses",
        ),
        pytest.param("loggroupname = 'x'", None, id="another field"),
        pytest.param("DataSourceName = 'x' OR LogGroupName = 'x'", None, id="perhaps"),
        pytest.param("DataSourceName = 'x' AND LogGroupName = 'x'", False, id="certainly not"),
        pytest.param("DataSourceName = 'x' OR LogGroupName LIKE '/%'", True, id="certainly"),
        pytest.param("LogGroupName", None, id="cut off"),
        pytest.param("LogGroupName ~ 'x'", None, id="an unknown sign"),
        pytest.param("LogGroupName = x", None, id="without quotation marks"),
        pytest.param("LogGroupName NOT = 'x'", None, id="not before equals"),
        pytest.param("LogGroupName IN 'x'", None, id="in without parentheses"),
        pytest.param("LogGroupName IN ('x' 'y')", None, id="without a comma"),
        pytest.param("(LogGroupName = 'x'", None, id="not closed"),
        pytest.param("LogGroupName = 'x' LogGroupName = 'y'", None, id="without and"),
        pytest.param("'LogGroupName' = 'x'", None, id="a value for a field"),
        pytest.param("LogGroupName = 'x' OR", None, id="nothing after or"),
    ],
)
def test_selects(criteria, selected):
    assert selects(criteria, {"LogGroupName": "/aws/lambda/a"}) is selected
