"""Composite rules: the tree of each form, every alarm that is named, and what is said of errors."""

from __future__ import annotations

import pytest

from readiness.semantics.alarm_rule import (
    Constant,
    Joined,
    Not,
    State,
    UnreadableRule,
    can_be_raised_by,
    name_of,
    named_by,
    parse,
    raised_by,
)

A, B, C = State("ALARM", "a"), State("OK", "b"), State("INSUFFICIENT_DATA", "c")


@pytest.mark.parametrize(
    ("rule", "tree"),
    [
        ("ALARM(a)", A),
        ("  ok ( b )\n", B),
        ("INSUFFICIENT_DATA(c)", C),
        ("TRUE", Constant(value=True)),
        ("false", Constant(value=False)),
        ("NOT ALARM(a)", Not(A)),
        ("(ALARM(a))", A),
        ("ALARM(a) OR OK(b)", Joined("OR", (A, B))),
        ("ALARM(a) AND OK(b) AND INSUFFICIENT_DATA(c)", Joined("AND", (A, B, C))),
        (
            "ALARM(a) OR OK(b) AND INSUFFICIENT_DATA(c)",
            Joined("OR", (A, Joined("AND", (B, C)))),
        ),
        (
            "(ALARM(a) OR OK(b)) AND INSUFFICIENT_DATA(c)",
            Joined("AND", (Joined("OR", (A, B)), C)),
        ),
        ("NOT ALARM(a) AND OK(b)", Joined("AND", (Not(A), B))),
        (
            "AT_LEAST(2, ALARM, (a, b))",
            Joined("AT_LEAST", (State("ALARM", "a"), State("ALARM", "b")), 2),
        ),
        (
            "at_least(50%, NOT ok, (a, b))",
            Joined("AT_LEAST", (Not(State("OK", "a")), Not(State("OK", "b"))), 1),
        ),
        ("AT_LEAST(34%, OK, (b, b, b))", Joined("AT_LEAST", (B, B, B), 2)),
        ("AT_LEAST(67%, OK, (b, b, b))", Joined("AT_LEAST", (B, B, B), 3)),
        ("AT_LEAST(100%, OK, (b, b))", Joined("AT_LEAST", (B, B), 2)),
        ("AT_LEAST(0%, OK, (b, b))", Joined("AT_LEAST", (B, B), 0)),
        ("AT_LEAST(1%, OK, (b, b))", Joined("AT_LEAST", (B, B), 1)),
        ("AT_LEAST(12, OK, (b, b))", Joined("AT_LEAST", (B, B), 12)),
        (f"AT_LEAST(7%, OK, ({', '.join('b' * 100)}))", Joined("AT_LEAST", (B,) * 100, 7)),
        ('ALARM("ALARM")', State("ALARM", "ALARM")),
        ('ALARM("(")', State("ALARM", "(")),
        ('ALARM(",")', State("ALARM", ",")),
    ],
)
def test_the_tree(rule, tree):
    assert parse(rule) == tree


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ("ALARM(a)", {"a"}),
        ("NOT OK(a)", {"a"}),
        ("TRUE", set()),
        ("NOT FALSE", set()),
        ("ALARM(a) AND NOT (OK(b) OR INSUFFICIENT_DATA(c)) OR TRUE", {"a", "b", "c"}),
        ("AT_LEAST(1, NOT OK, (a, b))", {"a", "b"}),
    ],
)
def test_every_alarm_that_is_named(rule, names):
    assert named_by(parse(rule)) == names


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ("NOT TRUE OR ALARM(a)", {"a"}),
        ("NOT FALSE OR ALARM(a)", set()),
        ("NOT TRUE AND ALARM(a)", set()),
        ("NOT FALSE AND ALARM(a)", {"a"}),
        ("(TRUE AND TRUE) AND ALARM(a)", {"a"}),
        ("(FALSE OR FALSE) OR ALARM(a)", {"a"}),
        ("(FALSE OR FALSE) AND ALARM(a)", set()),
        ("(TRUE AND TRUE) OR ALARM(a)", set()),
        ("NOT (FALSE AND OK(b)) AND ALARM(a)", {"a"}),
        ("NOT (TRUE OR OK(b)) AND ALARM(a)", set()),
        ("(ALARM(a) AND TRUE) OR (ALARM(b) AND FALSE)", {"a"}),
        ("NOT (NOT ALARM(a) OR FALSE)", {"a"}),
    ],
)
def test_constants_decide_or_have_no_effect(rule, names):
    assert raised_by(parse(rule)) == names


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("", "cannot read the rule at 'its end'"),
        ("ALARM(", "cannot read the rule at 'its end'"),
        ("BROKEN(a)", "cannot read the rule at 'BROKEN'"),
        ("ALARM(a) ALARM(b)", "cannot read the rule at 'ALARM'"),
        ("ALARM(()", "cannot read the rule at '('"),
        ("ALARM())", "cannot read the rule at ')'"),
        ("ALARM(,)", "cannot read the rule at ','"),
        ('"ALARM"(a)', "cannot read the rule at 'ALARM'"),
        ('"NOT" ALARM(a)', "cannot read the rule at 'NOT'"),
        ("AT_LEAST(x, ALARM, (a))", "cannot read the rule at 'x'"),
        ("AT_LEAST(1%%, ALARM, (a))", "cannot read the rule at '1%%'"),
        ('ALARM("a', "cannot read '\"a'"),
        ("(" * 61 + "TRUE" + ")" * 61, "the rule nests too deeply"),
        ("NOT " * 60 + "TRUE", "the rule nests too deeply"),
        (
            "(" * 59 + "ALARM(a) OR ((ALARM(a)))" + ")" * 59,
            "the rule nests too deeply",
        ),
        ('ALARM("abcdefghijklmnopqrstuvwxyz', "cannot read '\"abcdefghijklmnopqrs'"),
    ],
)
def test_what_cannot_be_read_is_shown(rule, said):
    with pytest.raises(UnreadableRule) as refused:
        parse(rule)
    assert str(refused.value) == said


def test_what_nests_as_deeply_as_it_may_is_read():
    assert parse("(" * 59 + "ALARM(a)" + ")" * 59) == A
    many = " AND ".join(["(ALARM(a))"] * 100)
    assert raised_by(parse(many)) == {"a"}, "many parts beside one another do not nest"


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("a", "a"),
        ("arn:aws:cloudwatch:us-east-1:111122223333:alarm:a", "a"),
        ("arn:aws:cloudwatch:us-east-1:111122223333:alarm:a:alarm:b", "a:alarm:b"),
        ("arn:other", "arn:other"),
        ("x:alarm:a", "x:alarm:a"),
    ],
)
def test_the_name_in_a_reference(reference, name):
    assert name_of(reference) == name


SEVEN = " AND ".join(f"OK({name})" for name in "bcdefg")


@pytest.mark.parametrize(
    ("rule", "fixed", "answer"),
    [
        pytest.param("ALARM(a)", {}, True, id="alone"),
        pytest.param("OK(a)", {}, False, id="when it is well"),
        pytest.param("NOT OK(a)", {}, True, id="when it is not well"),
        pytest.param("NOT ALARM(a)", {}, False, id="when it does not alarm"),
        pytest.param("INSUFFICIENT_DATA(a)", {}, False, id="when it has no data"),
        pytest.param("ALARM(b)", {}, False, id="another"),
        pytest.param("TRUE", {}, False, id="always"),
        pytest.param("FALSE OR ALARM(a)", {}, True, id="or never"),
        pytest.param("ALARM(a) AND FALSE", {}, False, id="and never"),
        pytest.param("ALARM(a) OR TRUE", {}, False, id="or always, so it makes no difference"),
        pytest.param("ALARM(a) AND ALARM(b)", {}, True, id="with another"),
        pytest.param("ALARM(a) AND ALARM(b)", {"b": "OK"}, False, id="with one that is silent"),
        pytest.param("ALARM(a) AND ALARM(b)", {"b": "ALARM"}, True, id="with one that is raised"),
        pytest.param("ALARM(a) OR ALARM(b)", {"b": "ALARM"}, False, id="or one that is raised"),
        pytest.param("ALARM(a) AND NOT ALARM(b)", {"b": "OK"}, True, id="but for one"),
        pytest.param("ALARM(a) AND NOT ALARM(b)", {"b": "ALARM"}, False, id="that suppresses it"),
        pytest.param("ALARM(a) AND OK(a)", {}, False, id="a contradiction"),
        pytest.param("ALARM(a) AND INSUFFICIENT_DATA(b)", {}, True, id="with one without data"),
        pytest.param("ALARM(a)", {"a": "OK"}, True, id="itself is not fixed"),
        pytest.param("AT_LEAST(2, ALARM, (a, b, c))", {}, True, id="two of three"),
        pytest.param("AT_LEAST(2, ALARM, (a, b))", {"b": "OK"}, False, id="two of one"),
        pytest.param("AT_LEAST(1, ALARM, (a, b))", {"b": "ALARM"}, False, id="one is enough"),
        pytest.param("AT_LEAST(2, ALARM, (a, b))", {"b": "ALARM"}, True, id="two are needed"),
        pytest.param("AT_LEAST(1, NOT OK, (a, b))", {"b": "OK"}, True, id="one that is not well"),
        pytest.param(f"ALARM(a) AND OK(a) AND {SEVEN}", {}, False, id="six others are tried"),
        pytest.param(
            f"ALARM(a) AND OK(a) AND {SEVEN} AND OK(h)", {}, True, id="seven are too many to try"
        ),
        pytest.param(
            f"ALARM(a) AND OK(a) AND {SEVEN} AND OK(h)",
            {"h": "OK"},
            False,
            id="but for a fixed one",
        ),
        pytest.param(
            f"OK(a) AND {SEVEN} AND OK(h)", {}, False, id="too many, and none that counts"
        ),
    ],
)
def test_whether_an_alarm_can_raise_the_rule(rule, fixed, answer):
    assert can_be_raised_by(parse(rule), "a", fixed) is answer
