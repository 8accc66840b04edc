"""What a configuration item wakes: what the call would that it tells of, and all in doubt."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from readiness import Severity, Verdict, complies, heading
from readiness.engine.events import resolve_targets
from readiness.engine.targets import Target
from readiness.model.evidence import ACCOUNT, ApiCall, ConfigItem, ItemCall, ResourceType, evidence

SOURCE = "kilns.amazonaws.com"


def nothing(read):
    return ()


KILN = ResourceType(
    "AWS::Test::Kiln",
    nothing,
    item_calls={
        "configuration.heat": ItemCall(SOURCE, "SetHeat", "heat"),
        "configuration.fan": ItemCall(SOURCE, "SetHeat", "fan"),
        "configuration.colour": ItemCall(SOURCE, "SetColour", "colour"),
        "configuration.lastmodified": None,
        "doors": ItemCall(SOURCE, "SetColour", "doors"),
    },
)
SHELF = ResourceType("AWS::Test::Shelf", nothing)
SET_HEAT = ApiCall(SOURCE, ("SetHeat",), idle=frozenset({"fan"}))


@dataclass(frozen=True)
class _Loaded:
    @classmethod
    def load(cls, read, resource):
        return cls()


@evidence(KILN, changed_by=[SET_HEAT])
@dataclass(frozen=True)
class Heat(_Loaded):
    pass


@evidence(KILN, changed_by=[ApiCall(SOURCE, ("SetColour",))])
@dataclass(frozen=True)
class Colour(_Loaded):
    pass


@evidence(
    SHELF,
    changed_by=[SET_HEAT, ConfigItem(KILN.name, "configuration.shelf", by_call=True)],
    follows_type=False,
)
@dataclass(frozen=True)
class Warmth(_Loaded):
    pass


@evidence(SHELF, changed_by=[ConfigItem(KILN.name, "configuration.shelf")])
@dataclass(frozen=True)
class Load(_Loaded):
    pass


@evidence(ACCOUNT, changed_by=[ConfigItem(KILN.name, counted=True)])
@dataclass(frozen=True)
class Kilns(_Loaded):
    pass


toy = heading("Security", "Encryption")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def hot(heat: Heat) -> Verdict:
    """A kiln is hot."""
    return complies("It is.")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def coloured(colour: Colour) -> Verdict:
    """A kiln has a colour."""
    return complies("It has.")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def warm(warmth: Warmth) -> Verdict:
    """A shelf is warm, as its kiln is hot."""
    return complies("It is.")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def loaded(load: Load) -> Verdict:
    """A shelf carries its load, whatever changed of the kiln."""
    return complies("It does.")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def counted(kilns: Kilns) -> Verdict:
    """There is a kiln."""
    return complies("There is.")


ABOUT_IT = {"hot": "big", "coloured": "big", "warm": "top", "loaded": "top"}
EVERYTHING = {*ABOUT_IT, "counted"}


def woken_by(diff=None, type_=KILN.name):
    """The rules that an item wakes, each for the resource that the item names."""
    item = {"resourceType": type_, "resourceId": "big", "configuration": {"shelf": "top"}}
    detail = {"configurationItem": item}
    event = {
        "id": "1",
        "detail-type": "Config Configuration Item Change",
        "account": "111122223333",
        "region": "us-east-1",
        "detail": detail if diff is None else detail | {"configurationItemDiff": diff},
    }
    woken = set()
    for target in resolve_targets(event, toy).targets:
        name = target.rule.partition(".")[2]
        assert target == Target(target.rule, ABOUT_IT.get(name))
        woken.add(name)
    return woken


def changed(*properties, kind="UPDATE"):
    return {"changeType": kind, "changedProperties": {each: {} for each in properties}}


@pytest.mark.parametrize(
    ("properties", "woken"),
    [
        pytest.param(["Configuration.Heat"], {"hot", "warm"}, id="what one call sets"),
        pytest.param(["Configuration.Heat.Degrees.0"], {"hot", "warm"}, id="a part of it"),
        pytest.param(["Configuration.Colour"], {"coloured"}, id="what another sets"),
        pytest.param(["Doors.0.Hinge"], {"coloured"}, id="a part of a whole section"),
        pytest.param(
            ["Configuration.Heat", "Configuration.Colour"], {"hot", "warm", "coloured"}, id="both"
        ),
        pytest.param(["Configuration.Fan"], set(), id="what the rules do not look at"),
        pytest.param(
            ["Configuration.Fan", "Configuration.Heat"], {"hot", "warm"}, id="that and another"
        ),
        pytest.param(
            ["Configuration.LastModified", "Configuration.Colour"], {"coloured"}, id="and when"
        ),
    ],
)
def test_an_item_wakes_what_the_call_would_that_it_tells_of(properties, woken):
    assert woken_by(changed(*properties)) == woken | {"loaded"}


@pytest.mark.parametrize(
    "diff",
    [
        pytest.param(changed("Configuration.LastModified"), id="only that something changed"),
        pytest.param(changed("Configuration.Glaze"), id="a property that is not known"),
        pytest.param(changed("Configuration.Heat", "Tags.0"), id="one that is not known too"),
        pytest.param(changed("Heat"), id="a property elsewhere"),
        pytest.param(changed(), id="no property"),
        pytest.param({"changeType": "UPDATE"}, id="nothing told"),
        pytest.param({"changeType": "UPDATE", "changedProperties": ["x"]}, id="of another form"),
    ],
)
def test_an_update_that_may_be_of_anything_wakes_all_but_what_counts(diff):
    assert woken_by(diff) == EVERYTHING - {"counted"}


@pytest.mark.parametrize(
    "diff",
    [
        pytest.param(None, id="oversized"),
        pytest.param("UPDATE", id="of another form"),
        pytest.param(changed("Configuration.Heat", kind="CREATE"), id="new"),
        pytest.param(changed("Configuration.Heat", kind="DELETE"), id="deleted"),
        pytest.param({"changedProperties": {"Configuration.Heat": {}}}, id="no kind of change"),
    ],
)
def test_a_new_or_deleted_resource_wakes_everything(diff):
    assert woken_by(diff) == EVERYTHING


def test_an_item_of_a_type_that_no_rule_depends_on_wakes_nothing():
    assert woken_by(changed("Configuration.Heat"), "AWS::Test::Wheel") == set()


ENVELOPE = {"id": "event-1", "account": "111122223333", "region": "us-east-1"}


@pytest.mark.parametrize(
    ("event", "ignored"),
    [
        pytest.param(
            {
                "detail-type": "Config Configuration Item Change",
                "detail": {"configurationItem": {"resourceType": "AWS::Test::Wheel"}},
            },
            "no rule depends on AWS::Test::Wheel",
            id="of another type",
        ),
        pytest.param(
            {
                "detail-type": "Config Configuration Item Change",
                "detail": {"configurationItemSummary": {"resourceType": KILN.name}},
            },
            "",
            id="the summary of one that is too large",
        ),
        pytest.param(
            {"detail-type": "Kiln Cooled", "detail": {}},
            "no rule depends on 'Kiln Cooled' events like this",
            id="of a service",
        ),
    ],
)
def test_what_wakes_nothing_says_why_and_where_it_came_from(event, ignored):
    seen = resolve_targets(event | ENVELOPE, toy)
    assert (seen.account, seen.region, seen.trigger) == ("111122223333", "us-east-1", "event-1")
    assert seen.ignored == ignored
    assert bool(seen.targets) is not bool(ignored)
    assert (seen.config, seen.changed_by) == (None, "")


def called(**parameters):
    """What a call that sets the heat or the fan of a kiln leads to."""
    event = {
        "id": "1",
        "source": "aws.kilns",
        "detail-type": "AWS API Call via CloudTrail",
        "account": "111122223333",
        "region": "us-east-1",
        "detail": {
            "eventSource": SOURCE,
            "eventName": "SetHeat",
            "requestParameters": parameters,
        },
    }
    return resolve_targets(event, toy)


@pytest.mark.parametrize(
    ("told", "ids"),
    [
        pytest.param("top", {"top"}, id="a text"),
        pytest.param(["top"], {"top"}, id="a list of one"),
        pytest.param(["top", "low"], {"top", "low"}, id="a list of several"),
        pytest.param(["top", 7], {None}, id="a list with a number"),
        pytest.param([], {None}, id="an empty list"),
        pytest.param("", {None}, id="an empty text"),
        pytest.param(7, {None}, id="a number"),
    ],
)
def test_each_of_several_ids_is_meant_or_any(told, ids):
    item = {"resourceType": KILN.name, "resourceId": "big", "configuration": {"shelf": told}}
    event = {
        "detail-type": "Config Configuration Item Change",
        "account": "111122223333",
        "region": "us-east-1",
        "detail": {"configurationItem": item},
    }
    found = resolve_targets(event, toy).targets
    assert {Target("encryption.loaded", id) for id in ids} <= found


def test_a_call_that_sets_what_no_rule_looks_at_says_so():
    seen = called(fan=3)
    assert seen.targets == frozenset()
    assert seen.ignored == f"no rule depends on what this {SOURCE} SetHeat set"
    heated = called(fan=3, heat=900)
    assert {target.rule for target in heated.targets} == {"encryption.hot", "encryption.warm"}
    assert heated.ignored == ""
