"""What a rule, its settings and its heading say of themselves is what was declared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import pytest

from readiness import Between, Severity, Unreadable, Verdict, complies, heading
from readiness.model import checklist
from readiness.model.evidence import ResourceType, evidence
from readiness.model.resource import Resource
from readiness.model.rule import Setting, SettingRefused, as_facts

ITEM = "Enable key rotation"
THING = ResourceType("AWS::Test::ContentsThing", lambda read: ())
OTHER = ResourceType("AWS::Test::ContentsOther", lambda read: ())


@evidence(OTHER)
@dataclass(frozen=True)
class Other:
    pass


@evidence(THING)
@dataclass(frozen=True)
class Thing:
    field: Resource

    @property
    def named(self) -> Resource:
        return self.field


@evidence(THING)
@dataclass(frozen=True, slots=True)
class Slotted:
    field: Resource


@evidence(THING)
class Undataclassed:
    field: Resource


def made(function, **more):
    return heading("Security", "Encryption").rule(ITEM, severity=Severity.LOW, **more)(function)


def test_a_rule_keeps_its_box_severity_and_heading():
    def plain(thing: Thing) -> Verdict:
        """A thing."""
        return complies("Fine.")

    rule = made(plain)
    assert (rule.item, rule.severity, rule.opt_in) == (ITEM, Severity.LOW, "")
    assert (rule.heading.section, rule.heading.title) == ("Security", "Encryption")
    assert rule.heading.folder == "encryption"
    assert list(rule.heading) == [rule]


@pytest.mark.parametrize(
    ("kind", "bounds", "said"),
    [
        (bool, None, "true or false"),
        (int, None, "a whole number"),
        (int, Between(1, 9), "a whole number from 1 to 9"),
        (float, Between(0.5, 1000), "a number from 0.5 to 1000"),
        (float, None, "a number"),
        (str, None, "text"),
        (tuple[str, ...], None, "a list of text"),
        (Literal["a", "b"], None, "one of a, b"),
        (Resource, None, "Resource"),
    ],
    ids=str,
)
def test_what_a_setting_allows_is_said_in_words(kind, bounds, said):
    assert Setting("x", kind, None, bounds=bounds).allowed == said


def test_a_refused_setting_says_what_is_allowed_and_what_was_given():
    with pytest.raises(SettingRefused) as refused:
        Setting("days", int, 3, bounds=Between(1, 9)).parse("ten")
    wanted = "setting 'days' must be a whole number from 1 to 9, not 'ten'"
    assert str(refused.value) == wanted


def test_a_rule_without_settings_says_so():
    def plain(thing: Thing) -> Verdict:
        return complies("Fine.")

    with pytest.raises(SettingRefused) as refused:
        made(plain).configure({"days": 1})
    wanted = "unknown setting 'days' (allowed: none: this rule has no settings)"
    assert str(refused.value) == wanted


def test_of_several_unknown_settings_the_first_by_name_is_named():
    def plain(thing: Thing) -> Verdict:
        return complies("Fine.")

    with pytest.raises(SettingRefused, match="unknown setting 'a'"):
        made(plain).configure({"b": 1, "a": 1})


def test_a_setting_keeps_what_is_annotated_in_any_order():
    def noted(
        thing: Thing,
        *,
        first: Annotated[int, "About.", Between(1, 9)] = 1,
        second: Annotated[int, Between(1, 9), "About."] = 1,
        silent: Annotated[int, Between(1, 9)] = 1,
        boundless: Annotated[int, "About."] = 1,
        plain: int = 1,
    ) -> Verdict:
        return complies("Fine.")

    kept = {each.name: (each.kind, each.about, each.bounds) for each in made(noted).settings}
    assert kept == {
        "first": (int, "About.", Between(1, 9)),
        "second": (int, "About.", Between(1, 9)),
        "silent": (int, "", Between(1, 9)),
        "boundless": (int, "About.", None),
        "plain": (int, "", None),
    }


@dataclass(frozen=True, slots=True)
class Common:
    days: Annotated[int, "How long.", Between(1, 9)] = 5
    strict: bool = False


@dataclass(frozen=True, slots=True)
class More:
    size: int = 1


@dataclass(frozen=True, slots=True)
class Undecided:
    days: int


def test_shared_settings_keep_what_is_annotated_and_stand_beside_the_rules_own():
    def shares(thing: Thing, *, own: int = 2, common: Common, more: More) -> Verdict:
        return complies(f"{own} {common.days} {more.size}")

    rule = made(shares)
    assert [each.name for each in rule.settings] == ["own", "days", "strict", "size"]
    days = rule.settings[1]
    assert (days.about, days.bounds, days.default) == ("How long.", Between(1, 9), 5)
    assert [(each.name, each.kind, each.names) for each in rule.shared] == [
        ("common", Common, ("days", "strict")),
        ("more", More, ("size",)),
    ]
    assert rule(None, days=7, size=3).reason == "2 7 3"
    with pytest.raises(SettingRefused, match="from 1 to 9"):
        rule.configure({"days": 10})


def test_a_shared_setting_needs_a_default_too():
    def undecided(thing: Thing, *, common: Undecided) -> Verdict:
        return complies("Fine.")

    with pytest.raises(TypeError, match="undecided: setting 'days' needs a default"):
        made(undecided)


def test_evidence_may_be_missing_and_unreadable():
    def both(thing: Thing, named: Other | Unreadable | None) -> Verdict:
        return complies("Fine.")

    parameter = made(both).parameters[1]
    assert (parameter.evidence, parameter.optional, parameter.tolerant) == (Other, True, True)


def two_of_them(thing: Thing, named: Other | Thing) -> Verdict: ...
def one_and_text(thing: Thing, named: Other | str) -> Verdict: ...
def many_texts(thing: Thing, named: tuple[str, ...]) -> Verdict: ...


@pytest.mark.parametrize("function", [two_of_them, one_and_text, many_texts])
def test_what_is_not_one_kind_of_evidence_is_refused(function):
    with pytest.raises(TypeError, match="parameter 'named' is not evidence but"):
        made(function)


def by_field(thing: Thing, field: Other) -> Verdict: ...
def by_property(thing: Thing, named: Other) -> Verdict: ...
def by_slot(thing: Slotted, field: Other) -> Verdict: ...


@pytest.mark.parametrize("function", [by_field, by_property, by_slot])
def test_a_reference_is_a_field_or_a_property_of_the_subject(function):
    assert [each.name for each in made(function).parameters][1] in {"field", "named"}


def test_what_the_subject_does_not_refer_to_is_named():
    def lost(thing: Undataclassed, field: Other) -> Verdict: ...

    said = "lost: Undataclassed has no attribute 'field' to say which AWS::Test::ContentsOther"
    with pytest.raises(TypeError, match=said):
        made(lost)


def test_facts_are_plain_text_and_no_members_of_an_enumeration():
    facts = as_facts({"severity": Severity.LOW, "names": ("a", "b"), "n": 1})
    assert {name: type(value) for name, value in facts.items()} == {
        "severity": str,
        "names": list,
        "n": int,
    }


def test_a_folder_that_is_no_heading_is_refused_with_those_that_are():
    with pytest.raises(LookupError, match="'nonsense' is not a heading") as refused:
        checklist.chapter("nonsense")
    assert "encryption, " in str(refused.value)
