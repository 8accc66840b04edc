"""A rule's signature is its manifest: what is wrong with it is refused at import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import pytest

from readiness import Between, Severity, Unreadable, Verdict, complies, heading
from readiness.model.evidence import ACCOUNT, ANY, ResourceType, api_call, evidence
from readiness.model.resource import Resource
from readiness.model.rule import Setting, SettingRefused, as_facts

ITEM = "Enable key rotation"
THING = ResourceType("AWS::Test::Thing", lambda read: (), find_reads=("test:ListThings",))
OTHER = ResourceType("AWS::Test::Other", lambda read: (), find_reads=("test:ListOthers",))


@evidence(OTHER, reads=("test:GetPart",))
@dataclass(frozen=True)
class Part:
    pass


@evidence(OTHER, reads=("test:GetOther",), uses=(Part,))
@dataclass(frozen=True)
class Other:
    pass


@evidence(THING, reads=("test:GetThing",), changed_by=(api_call("test", "PutThing"),))
@dataclass(frozen=True)
class Thing:
    other: Resource | None = None

    @property
    def others(self) -> tuple[Resource, ...]:
        return ()


@evidence(ACCOUNT, reads=("test:GetAccount",))
@dataclass(frozen=True)
class Account:
    pass


@evidence(ANY, reads=("test:GetAny",))
@dataclass(frozen=True)
class Whatever:
    pass


def made(function, **more):
    return heading("Security", "Encryption").rule(ITEM, severity=Severity.LOW, **more)(function)


def good(
    thing: Thing,
    other: Other | None,
    others: tuple[Other, ...],
    account: Account | Unreadable,
    any_of: Whatever,
    *,
    days: Annotated[int, Between(1, 9), "How long"] = 3,
    mode: Literal["a", "b"] = "a",
) -> Verdict:
    """A thing is as it should be.

    And more.
    """
    return complies(f"{days} {mode}")


RULE = made(good)


def test_a_rule_says_of_itself_what_nobody_lists_again():
    assert RULE.id == "encryption.good"
    assert RULE.sentence == "A thing is as it should be."
    assert RULE.subject is THING
    assert RULE.reads == {
        "test:ListThings",
        "test:GetThing",
        "test:GetOther",
        "test:GetPart",
        "test:GetAccount",
        "test:GetAny",
    }
    assert RULE.evidence == (Thing, Other, Account, Whatever, Part)
    kinds = [(p.name, p.many, p.optional, p.tolerant) for p in RULE.parameters]
    assert kinds == [
        ("thing", False, False, False),
        ("other", False, True, False),
        ("others", True, False, False),
        ("account", False, False, True),
        ("any_of", False, False, False),
    ]
    assert [(s.name, s.default, s.about) for s in RULE.settings] == [
        ("days", 3, "How long"),
        ("mode", "a", ""),
    ]


def test_a_rule_is_still_its_function():
    assert RULE(Thing(), None, (), Account(), Whatever(), days=5).reason == "5 a"


def no_evidence(*, days: int = 1) -> Verdict: ...
def not_evidence(thing: int) -> Verdict: ...
def refers_to_nothing(thing: Thing, stranger: Other) -> Verdict: ...
def no_default(thing: Thing, *, days: int) -> Verdict: ...
def subject_may_be_none(thing: Thing | None) -> Verdict: ...
def subject_may_be_many(thing: tuple[Thing, ...]) -> Verdict: ...
def subject_may_be_unreadable(thing: Thing | Unreadable) -> Verdict: ...


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (no_evidence, "asks for no evidence"),
        (not_evidence, "'thing' is not evidence"),
        (refers_to_nothing, "no attribute 'stranger'"),
        (no_default, "'days' needs a default"),
        (subject_may_be_none, "the first evidence is the subject"),
        (subject_may_be_many, "the first evidence is the subject"),
        (subject_may_be_unreadable, "the first evidence is the subject"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_signature_that_says_too_little_is_refused(function, said):
    with pytest.raises(TypeError, match=said):
        made(function)


def test_a_box_that_does_not_exist_is_refused():
    with pytest.raises(LookupError, match="has no box"):
        heading("Security", "Encryption").rule("Be good", severity=Severity.LOW)
    with pytest.raises(LookupError, match="no heading"):
        heading("Security", "Nonsense")


def test_two_rules_of_one_name_are_refused():
    encryption = heading("Security", "Encryption")
    encryption.rule(ITEM, severity=Severity.LOW)(good)
    with pytest.raises(ValueError, match=r"two rules are called encryption\.good"):
        encryption.rule(ITEM, severity=Severity.LOW)(good)


def test_rules_follow_the_order_of_the_boxes():
    chapter = heading("Security", "Encryption")

    @chapter.rule("Encrypt data in transit (TLS 1.2+)", severity=Severity.LOW)
    def tls(thing: Thing) -> Verdict:
        return complies("…")

    chapter.rule(ITEM, severity=Severity.LOW)(good)
    assert [rule.name for rule in chapter] == ["good", "tls"]


def test_opting_in_takes_a_setting_that_exists():
    assert made(good, opt_in="days").opt_in == "days"
    with pytest.raises(TypeError, match="opted into by 'weeks'"):
        made(good, opt_in="weeks")


NUMBER = Setting("n", int, 3, bounds=Between(1, 9))
RATIO = Setting("r", float, 0.5)
FLAG = Setting("f", bool, False)
WORD = Setting("w", str, "")
CHOICE = Setting("c", Literal["a", "b"], "a")
LIST = Setting("l", tuple[str, ...], ())


@pytest.mark.parametrize(
    ("setting", "given", "parsed"),
    [
        (NUMBER, "7", 7),
        (NUMBER, 7, 7),
        (NUMBER, 7.0, 7),
        (NUMBER, 1, 1),
        (NUMBER, 9, 9),
        (RATIO, "0.25", 0.25),
        (RATIO, 2, 2.0),
        (FLAG, "true", True),
        (FLAG, "False", False),
        (FLAG, True, True),
        (WORD, "", ""),
        (WORD, "x", "x"),
        (CHOICE, "b", "b"),
        (LIST, "a, b,,c ", ("a", "b", "c")),
        (LIST, ["a", "b"], ("a", "b")),
        (LIST, "", ()),
    ],
)
def test_a_setting_is_read_from_text_and_from_json(setting, given, parsed):
    value = setting.parse(given)
    assert value == parsed
    assert type(value) is type(parsed)


@pytest.mark.parametrize(
    ("setting", "given"),
    [
        (NUMBER, 0),
        (NUMBER, 10),
        (NUMBER, "seven"),
        (NUMBER, 7.5),
        (NUMBER, True),
        (NUMBER, None),
        (NUMBER, [7]),
        (NUMBER, float("inf")),
        (NUMBER, "9" * 5000),
        (RATIO, "nan"),
        (RATIO, "inf"),
        (RATIO, 10**400),
        (FLAG, "yes"),
        (FLAG, 1),
        (FLAG, []),
        (WORD, 7),
        (WORD, None),
        (CHOICE, "c"),
        (CHOICE, []),
        (LIST, 7),
        (LIST, [7]),
        (LIST, {"a": 1}),
    ],
)
def test_everything_else_is_refused_by_name(setting, given):
    with pytest.raises(SettingRefused, match=f"setting '{setting.name}' must be"):
        setting.parse(given)


def test_an_unknown_setting_names_those_there_are():
    with pytest.raises(SettingRefused, match=r"unknown setting 'weeks' \(allowed: days, mode\)"):
        RULE.configure({"weeks": 1})


def test_settings_are_given_or_default():
    assert RULE.configure({"days": "5"}) == {"days": 5, "mode": "a"}


def test_settings_are_stored_as_plain_json():
    assert as_facts({"t": ("a",), "s": Severity.LOW, "n": 1}) == {"t": ["a"], "s": "LOW", "n": 1}


# -- settings that several rules share -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Common:
    days: Annotated[int, "How long.", Between(1, 9)] = 5
    strict: bool = False


def test_shared_settings_are_settings_like_any_other():
    chapter = heading("Security", "Encryption")

    @chapter.rule("Enable key rotation", severity=Severity.LOW)
    def rule(thing: Thing, *, common: Common, name: str = "x") -> Verdict:
        return complies(f"{common.days} {common.strict} {name}")

    assert [setting.name for setting in rule.settings] == ["days", "strict", "name"]
    assert rule.configure({"days": "7"}) == {"days": 7, "strict": False, "name": "x"}
    assert rule(THING, **rule.configure({"strict": True})).reason == "5 True x"
    assert rule(THING, days=2).reason == "2 False x"
    assert rule(THING).reason == "5 False x"


def test_a_setting_is_declared_once():
    with pytest.raises(TypeError, match="rule declares a setting twice"):

        @heading("Security", "Encryption").rule("Enable key rotation", severity=Severity.LOW)
        def rule(thing: Thing, *, common: Common, days: int = 1) -> Verdict:
            return complies("…")


@pytest.mark.parametrize(
    ("kind", "default", "said"),
    [
        (Annotated[int, Between(1, 9)], 10, "10 of setting 'days' is not a whole number from 1"),
        (int, "5", "'5' of setting 'days' is not a whole number"),
        (bool, 1, "is not true or false"),
        (Literal["a", "b"], "c", "is not one of a, b"),
    ],
)
def test_a_default_is_held_to_its_own_bounds_and_type(kind, default, said):
    def rule(thing: Thing, *, days=default) -> Verdict:
        return complies("…")

    rule.__annotations__["days"] = kind
    with pytest.raises(TypeError, match=said):
        heading("Security", "Encryption").rule("Enable key rotation", severity=Severity.LOW)(rule)
