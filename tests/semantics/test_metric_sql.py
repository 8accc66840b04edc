"""Metrics Insights queries: what is selected, and what is not understood."""

from __future__ import annotations

import pytest

from readiness.semantics.metric_sql import Match, Selection, is_query, mentions, parse

FROM = 'SELECT AVG(CPUUtilization) FROM "AWS/EC2"'


def selected(**changes):
    values = {"function": "AVG", "metric": "CPUUtilization", "namespace": "AWS/EC2"}
    return Selection(**(values | changes))


@pytest.mark.parametrize(
    ("query", "selection"),
    [
        pytest.param(FROM, selected(), id="plain"),
        pytest.param(f"  {FROM}\n", selected(), id="spaces around"),
        pytest.param('select avg(CPUUtilization) from "AWS/EC2"', selected(), id="lower case"),
        pytest.param(
            'SELECT MAX("my metric") FROM "my \\"space\\""',
            selected(function="MAX", metric="my metric", namespace='my "space"'),
            id="quoted names",
        ),
        pytest.param(
            'SELECT AVG(CPUUtilization) FROM SCHEMA("AWS/EC2")',
            selected(keys=frozenset()),
            id="no dimension",
        ),
        pytest.param(
            'SELECT AVG(CPUUtilization) FROM SCHEMA("AWS/EC2", InstanceId, "Image Id")',
            selected(keys=frozenset({"InstanceId", "Image Id"})),
            id="dimensions",
        ),
        pytest.param(
            'SELECT AVG(x) FROM "SCHEMA"',
            selected(metric="x", namespace="SCHEMA"),
            id="a namespace called SCHEMA",
        ),
        pytest.param(
            "SELECT AVG(x) FROM other", selected(metric="x", namespace="other"), id="a bare word"
        ),
        pytest.param(
            f"{FROM} WHERE InstanceId = 'i-1'",
            selected(where=(("InstanceId", True, "i-1"),)),
            id="one condition",
        ),
        pytest.param(
            f"{FROM} where a = 'x' AND b != 'y' and \"c d\" = 'o\\'z'",
            selected(where=(("a", True, "x"), ("b", False, "y"), ("c d", True, "o'z"))),
            id="several conditions",
        ),
        pytest.param(f"{FROM} GROUP BY a, b, c", selected(), id="groups"),
        pytest.param(f"{FROM} group by a ORDER BY AVG() DESC", selected(), id="an order"),
        pytest.param(f"{FROM} ORDER BY AVG() LIMIT 5", selected(is_open=True), id="a limit"),
        pytest.param(f"{FROM} LIMIT 5", selected(is_open=True), id="a limit alone"),
        pytest.param(f"{FROM} HAVING x", selected(is_open=True), id="something else"),
        pytest.param(
            f'{FROM} ORDER BY "limit"', selected(is_open=False), id="a name called limit"
        ),
    ],
)
def test_what_is_selected(query, selection):
    assert parse(query) == selection


@pytest.mark.parametrize(
    "query",
    [
        "",
        "AVG(x) FROM y",
        "SELECT",
        "SELECT AVG x FROM y",
        "SELECT AVG(x FROM y",
        "SELECT AVG(x) y",
        "SELECT AVG(x) FROM",
        'SELECT AVG(x) FROM SCHEMA("y"',
        'SELECT AVG(x) FROM SCHEMA "y"',
        f"{FROM} WHERE",
        f"{FROM} WHERE a",
        f"{FROM} WHERE a =",
        f"{FROM} WHERE a > 'x'",
        f"{FROM} WHERE a , 'x'",
        f"{FROM} WHERE a = )",
        f"{FROM} WHERE a = 'x' AND",
        f"{FROM} GROUP a",
        f"{FROM} GROUP BY",
        f"{FROM} GROUP BY a,",
        f"{FROM} # comment",
    ],
)
def test_what_is_not_understood(query):
    assert parse(query) is None


HERE = {"InstanceId": "i-1", "ImageId": "ami-1"}


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        pytest.param({}, Match.YES, id="everything of the metric"),
        pytest.param({"namespace": "AWS/RDS"}, Match.NO, id="another namespace"),
        pytest.param({"metric": "Other"}, Match.NO, id="another metric"),
        pytest.param({"keys": frozenset(HERE)}, Match.YES, id="these dimensions"),
        pytest.param({"keys": frozenset({"InstanceId"})}, Match.NO, id="fewer dimensions"),
        pytest.param({"where": (("InstanceId", True, "i-1"),)}, Match.YES, id="this value"),
        pytest.param({"where": (("InstanceId", True, "i-2"),)}, Match.NO, id="another value"),
        pytest.param({"where": (("InstanceId", False, "i-2"),)}, Match.YES, id="not another"),
        pytest.param({"where": (("InstanceId", False, "i-1"),)}, Match.NO, id="not this value"),
        pytest.param({"where": (("tag.team", True, "x"),)}, Match.MAYBE, id="a tag"),
        pytest.param(
            {"where": (("tag.team", True, "x"), ("InstanceId", True, "i-2"))},
            Match.NO,
            id="a tag and another value",
        ),
        pytest.param({"is_open": True}, Match.MAYBE, id="a limit"),
        pytest.param(
            {"is_open": True, "where": (("InstanceId", True, "i-1"),)}, Match.MAYBE, id="limited"
        ),
    ],
)
def test_whether_a_series_is_selected(changes, match):
    assert selected(**changes).reads("AWS/EC2", "CPUUtilization", HERE) is match


@pytest.mark.parametrize(
    ("where", "left"),
    [
        pytest.param("", (), id="every account"),
        pytest.param("WHERE AWS.AccountId = '1'", (), id="its own"),
        pytest.param("WHERE AWS.AccountId = '2'", None, id="another"),
        pytest.param("WHERE AWS.AccountId != '1'", None, id="all but its own"),
        pytest.param("WHERE AWS.AccountId != '2'", (), id="all but another"),
        pytest.param(
            "WHERE AWS.AccountId = '1' AND InstanceId = 'i'",
            (("InstanceId", True, "i"),),
            id="both",
        ),
    ],
)
def test_what_a_query_selects_in_an_account(where, left):
    selection = parse(f"{FROM} {where}").of_account("1")
    assert (selection.where if selection else None) == left


@pytest.mark.parametrize(
    ("expression", "is_one"),
    [
        (FROM, True),
        (" \n select avg(x)", True),
        ("SELECT ", True),
        ("SEARCH('x')", False),
        ("m1 + SELECT", False),
        ("", False),
    ],
)
def test_what_is_a_query(expression, is_one):
    assert is_query(expression) is is_one


@pytest.mark.parametrize(
    ("query", "is_about"),
    [
        ("SELECT avg(cpuutilization) FROM other ???", True),
        ('SELECT x FROM "aws/ec2" ???', True),
        (f"{FROM} ???", True),
        ("SELECT x FROM y ???", False),
    ],
)
def test_whether_an_unread_query_may_be_about_a_metric(query, is_about):
    assert mentions(query, "AWS/EC2", "CPUUtilization") is is_about
