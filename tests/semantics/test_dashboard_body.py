"""What a dashboard's JSON shows: series, searches, queries and alarms."""

from __future__ import annotations

import json

import pytest

from readiness.semantics.dashboard_body import Dashboard, Drawn, Found, expand, parse

ALARM = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:a"


def read(*widgets, **more):
    return parse("d", json.dumps({"widgets": list(widgets)} | more))


def metric(*rows, **properties):
    return {"type": "metric", "properties": {"metrics": list(rows)} | properties}


def drawn(*names, region="", account="", **dimensions):
    return Drawn(*names, frozenset(dimensions.items()), region, account)


@pytest.mark.parametrize(
    ("rows", "properties", "series"),
    [
        pytest.param([["A", "m"]], {}, [drawn("A", "m")], id="no dimension"),
        pytest.param([["A", "m", "k", "v"]], {}, [drawn("A", "m", k="v")], id="one dimension"),
        pytest.param(
            [["A", "m", "k", "v", "l", "w"]], {}, [drawn("A", "m", k="v", l="w")], id="two"
        ),
        pytest.param([["A", "m", "k"]], {}, [drawn("A", "m")], id="half a dimension"),
        pytest.param(
            [["A", "m", {"stat": "Sum"}]],
            {"region": "eu-west-1", "accountId": "1"},
            [drawn("A", "m", region="eu-west-1", account="1")],
            id="where the widget is",
        ),
        pytest.param(
            [["A", "m", {"region": "us-west-2", "accountId": "2"}], ["A", "n"]],
            {"region": "eu-west-1", "accountId": "1"},
            [
                drawn("A", "m", region="us-west-2", account="2"),
                drawn("A", "n", region="eu-west-1", account="1"),
            ],
            id="where the row is",
        ),
        pytest.param(
            [["A", "m", "k", "v"], [".", "n", ".", "w"], ["...", "x"], ["A", ".", "..."]],
            {},
            [
                drawn("A", "m", k="v"),
                drawn("A", "n", k="w"),
                drawn("A", "n", k="x"),
            ],
            id="the cells above",
        ),
        pytest.param([["A"], "x", 7, ["B", "m"]], {}, [drawn("B", "m")], id="rows that are none"),
        pytest.param([["A", "m"], ["A", "m"]], {}, [drawn("A", "m")], id="twice"),
        pytest.param(
            [["A", "m", {"visible": False}], ["A", "n", {"visible": True}]],
            {},
            [drawn("A", "n")],
            id="hidden",
        ),
        pytest.param(
            [["A", "m", {"visible": False}], [".", "n"]],
            {},
            [drawn("A", "n")],
            id="a hidden row is above the next",
        ),
        pytest.param(
            [["A", "m", {"visible": False, "id": "m1"}], [{"expression": "m1 * 2"}]],
            {},
            [drawn("A", "m")],
            id="hidden and used",
        ),
        pytest.param(
            [["A", "m"], [{"expression": "1"}], [".", "n"]],
            {},
            [drawn("A", "m"), drawn("A", "n")],
            id="an expression is not above the next",
        ),
    ],
)
def test_series(rows, properties, series):
    assert read(metric(*rows, **properties)).series == tuple(series)


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        (
            'SELECT AVG(x) FROM "y"',
            [Found("query", 'SELECT AVG(x) FROM "y"', "eu-west-1", "1")],
        ),
        (
            "avg(search('x', 'Sum'))",
            [Found("search", "avg(search('x', 'Sum'))", "eu-west-1", "1")],
        ),
        ("m1 + m2", []),
    ],
)
def test_expressions(expression, found):
    row = [{"expression": expression, "region": "eu-west-1", "accountId": "1"}]
    assert read(metric(row, region="x", accountId="y")).found == tuple(found)
    inherited = read(metric([{"expression": expression}], region="eu-west-1", accountId="1"))
    assert inherited.found == tuple(found)


def explorer(*metrics, **properties):
    return {"type": "explorer", "properties": {"metrics": list(metrics)} | properties}


def test_explorers():
    cpu = {"metricName": "CPU", "resourceType": "AWS::EC2::Instance", "stat": "Average"}
    plain = read(explorer(cpu, "x", {}, region="eu-west-1", accountId="1"))
    assert plain.found == (
        Found("explorer", "CPU", "eu-west-1", "1", "AWS::EC2::Instance", is_narrowed=False),
        Found("explorer", "", "eu-west-1", "1", "", is_narrowed=False),
    )
    [found] = read(explorer(cpu, labels=[{"key": "team"}])).found
    assert found == Found("explorer", "CPU", "", "", "AWS::EC2::Instance", is_narrowed=True)
    [empty] = read(explorer(cpu, labels=[])).found
    assert not empty.is_narrowed


def test_alarms():
    status = {"type": "alarm", "properties": {"alarms": [ALARM, ALARM + "2", 7]}}
    marked = metric(["A", "m"], annotations={"alarms": [ALARM, ALARM + "3"]})
    other = metric(["A", "m"], alarms=[ALARM + "4"], annotations={"horizontal": []})
    odd = metric(["A", "m"], annotations=[])
    assert read(status, marked, other, odd).alarms == (ALARM, ALARM + "2", "7", ALARM + "3")


def test_text_and_logs_show_no_series():
    text = {"type": "text", "properties": {"markdown": "# x", "metrics": [["A", "m"]]}}
    logs = {"type": "log", "properties": {"query": "SOURCE x", "metrics": [["A", "m"]]}}
    assert read(text, logs, {"properties": {"metrics": [["A", "m"]]}}) == Dashboard("d")


@pytest.mark.parametrize(
    "widget",
    [None, 7, "x", {}, {"type": "metric"}, {"type": "metric", "properties": []}],
    ids=str,
)
def test_a_widget_that_is_none_costs_no_other(widget):
    assert read(widget, metric(["A", "m"])).series == (drawn("A", "m"),)
    assert read(metric(["A", "m"]), widget).series == (drawn("A", "m"),)


@pytest.mark.parametrize("properties", [{"metrics": {}}, {"metrics": None}, {}], ids=str)
def test_a_widget_without_rows(properties):
    assert read({"type": "metric", "properties": properties}) == Dashboard("d")


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "7", '"x"', '{"widgets": 7}', "[" * 100_000], ids=lambda b: b[:12]
)
def test_a_body_that_is_none_is_a_flaw(body):
    assert parse("d", body) == Dashboard("d", flaw="its body is not valid dashboard JSON")


@pytest.mark.parametrize("body", ["{}", '{"widgets": null}', '{"widgets": []}'])
def test_an_empty_dashboard_has_no_flaw(body):
    assert parse("d", body) == Dashboard("d")


@pytest.mark.parametrize(
    ("cells", "previous", "full"),
    [
        (["A", "m"], [], ["A", "m"]),
        ([".", "n"], ["A", "m"], ["A", "n"]),
        ([".", ".", ".", "w"], ["A", "m", "k", "v"], ["A", "m", "k", "w"]),
        (["..."], ["A", "m", "k", "v"], ["A", "m", "k", "v"]),
        (["...", "w"], ["A", "m", "k", "v"], ["A", "m", "k", "w"]),
        (["B", "..."], ["A", "m", "k", "v"], ["B", "m", "k", "v"]),
        (["B", "...", "w"], ["A", "m", "k", "v"], ["B", "m", "k", "w"]),
        (["B", "n", "l", "w", "..."], ["A", "m", "k", "v"], ["B", "n", "l", "w"]),
        (["..."], [], []),
        (["."], [], ["."]),
        (["A", "."], ["B"], ["A", "."]),
    ],
)
def test_a_row_is_filled_in_from_the_one_above(cells, previous, full):
    assert expand(cells, previous) == full
