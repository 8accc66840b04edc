"""Variables of a dashboard: what its series are for each value."""

from __future__ import annotations

import json

import pytest

from readiness.semantics.dashboard_body import parse
from readiness.semantics.dashboard_variables import ANY

FUNCTION = {"type": "property", "property": "FunctionName", "inputType": "select", "id": "f"}
LISTED = [{"value": "agent", "label": "Agent"}, {"value": "web"}]


def names(variables: object, name: str = "PLACE") -> set[str]:
    """The functions of a widget for one function, with these variables."""
    rows = [["AWS/Lambda", "Errors", "FunctionName", name]]
    widget = {"type": "metric", "properties": {"region": "us-east-1", "metrics": rows}}
    board = parse("b", json.dumps({"variables": variables, "widgets": [widget]}))
    return {dict(each.dimensions)["FunctionName"] for each in board.series}


@pytest.mark.parametrize(
    ("variables", "name", "found"),
    [
        pytest.param([], "agent", {"agent"}, id="none"),
        pytest.param([FUNCTION | {"values": LISTED}], "x", {"agent", "web"}, id="listed"),
        pytest.param([FUNCTION | {"search": "{AWS/Lambda}"}], "x", {ANY}, id="searched"),
        pytest.param([FUNCTION | {"inputType": "input"}], "x", {ANY}, id="typed"),
        pytest.param(
            [FUNCTION | {"property": "TableName", "values": LISTED}], "x", {"x"}, id="of a table"
        ),
        pytest.param(
            [{"type": "pattern", "pattern": "$env", "id": "e", "values": [{"value": "prod"}]}],
            "agent-$env",
            {"agent-prod"},
            id="a pattern",
        ),
        pytest.param(
            [{"type": "pattern", "pattern": "$env", "id": "e", "search": "s"}],
            "agent-$env",
            {ANY},
            id="a pattern that is searched for",
        ),
        pytest.param(
            [{"type": "pattern", "pattern": "$env", "id": "e", "values": LISTED}],
            "agent",
            {"agent"},
            id="a pattern that is not there",
        ),
        pytest.param(
            [
                FUNCTION | {"values": [{"value": str(n)} for n in range(100)]},
                {"type": "property", "property": "region", "values": LISTED * 50},
            ],
            "x",
            {ANY},
            id="more than can be gone through",
        ),
        pytest.param(["x", {}, {"values": "x"}], "agent", {"agent"}, id="garbled"),
        pytest.param("x", "agent", {"agent"}, id="no list"),
    ],
)
def test_what_a_variable_stands_for(variables, name, found):
    assert names(variables, name) == found


def test_the_region_may_be_a_variable():
    rows = [["AWS/Lambda", "Errors", "FunctionName", "agent"]]
    widget = {"type": "metric", "properties": {"region": "us-east-1", "metrics": rows}}
    region = {"type": "property", "property": "region", "values": [{"value": "eu-west-1"}]}
    board = parse("b", json.dumps({"variables": [region], "widgets": [widget]}))
    assert [each.region for each in board.series] == ["eu-west-1"]
