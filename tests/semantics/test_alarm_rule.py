"""Composite rules: the tree of each form, every alarm that is named, and what is said of errors."""

from __future__ import annotations

import pytest

from readiness.semantics.alarm_rule import (
    Constant,
    Joined,
    Not,
    State,
    UnreadableRule,
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
