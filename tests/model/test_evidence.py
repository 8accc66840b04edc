"""A declaration of evidence is kept whole: permissions and event patterns come from it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from readiness.model.evidence import (
    _TYPES,
    ACCOUNT,
    REGION,
    ApiCall,
    ConfigItem,
    ResourceType,
    ServiceEvent,
    api_call,
    arn_of,
    at,
    config_resource_id,
    config_resource_name,
    declared,
    evidence,
    is_evidence,
    last_segment,
    type_of,
)
from readiness.model.resource import Resource

ARN = "arn:{partition}:test:{region}:{account}:thing{path}?{id}"
THING = ResourceType("AWS::Test::EvidenceThing", lambda read: (), arn=ARN)
PLAIN = ResourceType("AWS::Test::EvidencePlain", lambda read: ())
WIDE = ResourceType("AWS::Test::EvidenceWide", lambda read: (), is_global=True)


@evidence(THING)
@dataclass(frozen=True)
class Thing:
    pass


class Child(Thing):
    pass


def declare():
    """Two classes of evidence, declared now: the second uses the first."""
    part = dataclass(frozen=True)(type("Part", (), {}))
    thing = dataclass(frozen=True)(type("Thing", (), {}))
    evidence(THING, reads=iter(["test:GetPart"]), asks_with=iter(["days"]))(part)
    made = evidence(
        THING,
        reads=iter(["test:GetThing", "test:ListTags"]),
        changed_by=iter([ServiceEvent("Thing Changed"), ConfigItem("AWS::Test::Other")]),
        uses=iter([part]),
        follows_type=False,
        asks_with=iter(["metric"]),
    )(thing)
    assert made is thing, "a declaration leaves the class as it is"
    return part, thing


def test_a_declaration_is_kept_whole():
    part, thing = declare()
    made = declared(thing)
    assert made.about is THING
    assert made.reads == {"test:GetThing", "test:ListTags"}
    assert made.changed_by == (ServiceEvent("Thing Changed"), ConfigItem("AWS::Test::Other"))
    assert made.uses == (part,)
    assert made.follows_type is False
    assert made.asks_with == ("metric",)


def test_a_declaration_may_say_no_more_than_what_it_is_about():
    made = declared(evidence(THING)(type("Plain", (), {})))
    assert (made.about, made.follows_type) == (THING, True)
    assert (made.reads, made.changed_by, made.uses, made.asks_with) == (frozenset(), (), (), ())


def test_what_evidence_uses_is_read_and_asked_with_too():
    part, thing = declare()
    assert declared(thing).all_reads == {"test:GetThing", "test:ListTags", "test:GetPart"}
    assert declared(thing).all_asks_with == {"metric", "days"}
    assert declared(part).all_reads == {"test:GetPart"}


@pytest.mark.parametrize("cls", [int, Child], ids=["another class", "an undeclared subclass"])
def test_what_is_not_declared_is_no_evidence(cls):
    assert not is_evidence(cls)
    with pytest.raises(TypeError, match=f"{cls.__name__} is not evidence.*@evidence"):
        declared(cls)


def test_what_is_declared_is_evidence_and_an_instance_is_not():
    assert is_evidence(Thing)
    assert not is_evidence(Thing())


def test_an_api_call_is_of_one_service():
    call = api_call("test", "PutThing", id="requestParameters.name", normalise=last_segment)
    assert (call.source, call.names) == ("test.amazonaws.com", ("PutThing",))
    assert (call.id, call.normalise("a/b")) == ("requestParameters.name", "b")
    assert api_call("test", "PutThing").id == ""
    assert api_call("test", "PutThing").normalise("a/b") == "a/b"


@pytest.mark.parametrize(
    ("source", "name", "matches"),
    [
        ("lambda.amazonaws.com", "CreateFunction20150331", True),
        ("lambda.amazonaws.com", "CreateFunction", True),
        ("lambda.amazonaws.com", "CreateFunctio", False),
        ("lambda.amazonaws.com", "PutPolicy", True),
        ("lambda.amazonaws.com", "PutPolicyV2", False),
        ("lambda.amazonaws.com", "DeleteFunction", False),
        ("s3.amazonaws.com", "PutPolicy", False),
    ],
)
def test_a_name_with_a_star_is_a_prefix_and_any_other_is_whole(source, name, matches):
    call = api_call("lambda", "CreateFunction*", "PutPolicy")
    assert call.matches(source, name) is matches


@pytest.mark.parametrize(
    ("sent", "touches"),
    [
        pytest.param({"name": "a", "size": 3}, True, id="another parameter"),
        pytest.param({"name": "a", "Fan": 3}, False, id="an idle one"),
        pytest.param({"name": "a", "fan": 3, "size": 3}, True, id="both"),
        pytest.param({"name": "a"}, True, id="the address alone"),
        pytest.param({}, True, id="none told"),
        pytest.param(None, True, id="left out, as too large"),
        pytest.param({"parts": [{"Speed": 1}]}, False, id="an idle member of an item"),
        pytest.param({"parts": [{"speed": 1}, {"Colour": 2}]}, True, id="another member too"),
        pytest.param({"parts": []}, True, id="no items"),
        pytest.param({"parts": [{}]}, True, id="an empty item"),
        pytest.param({"parts": ["speed"]}, True, id="items of another form"),
        pytest.param({"parts": {"speed": 1}}, True, id="no list"),
        pytest.param({"fans": [{"speed": 1}]}, True, id="a list of other items"),
    ],
)
def test_a_call_that_sets_only_what_is_idle_touches_nothing(sent, touches):
    idle, address = frozenset({"fan", "parts.speed"}), frozenset({"name"})
    call = ApiCall("test.amazonaws.com", ("SetKiln",), idle=idle, address=address)
    assert call.touches({"requestParameters": sent}) is touches
    without = ApiCall("test.amazonaws.com", ("SetKiln",))
    assert without.touches({"requestParameters": sent})


@pytest.mark.parametrize(
    ("detail", "matches"),
    [
        ({"state": "RUNNING", "part": {"kind": "task-a"}}, True),
        ({"state": "STOPPED", "part": {"kind": "task-b"}}, True),
        ({"state": "STOPPED", "part": {"kind": "a-task"}}, False),
        ({"state": "RUNNING2", "part": {"kind": "task-a"}}, False),
        ({"state": "RUNNING"}, False),
        ({}, False),
    ],
)
def test_an_event_of_a_service_has_one_of_the_values_of_each_field(detail, matches):
    match = (("state", ("RUNNING", "STOPPED")), ("part.kind", ("task-*",)))
    assert ServiceEvent("Thing Changed", match).matches(detail) is matches


def test_evidence_proves_that_a_resource_exists_unless_it_says_otherwise():
    assert declared(evidence(THING)(type("Sure", (), {}))).proves
    assert not declared(evidence(THING, proves=False)(type("Unsure", (), {}))).proves


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "a"),
        ("part.id", "b"),
        ("one.id", "c"),
        ("one", [{"id": "c"}]),
        ("two.id", None),
        ("none.id", None),
        ("name.id", None),
        ("missing", None),
        ("missing.id", None),
        ("part.missing", None),
    ],
)
def test_the_value_under_a_path(path, value):
    """A list with one item counts as that item; of several it is unclear which is meant."""
    detail = {
        "name": "a",
        "part": {"id": "b"},
        "one": [{"id": "c"}],
        "two": [{"id": "d"}, {"id": "e"}],
        "none": [],
    }
    assert at(detail, path) == value


NAMED = ResourceType(
    "AWS::Test::EvidenceNamed",
    lambda read: (),
    arn="arn:{partition}:test:{region}:{account}:thing/{id}",
    plain=lambda text: text.partition(":")[0],
)
FILED = ResourceType(
    "AWS::Test::EvidenceFiled", lambda read: (), arn="arn:{partition}:test:::{path}"
)
BY_ARN = ResourceType("AWS::Test::EvidenceByArn", lambda read: (), arn="{id}")


@pytest.mark.parametrize(
    ("about", "text", "id"),
    [
        (NAMED, "a", "a"),
        (NAMED, "a:7", "a"),
        (NAMED, "arn:aws:test:us-east-1:1:thing/a", "a"),
        (NAMED, "arn:aws-cn:test:cn-north-1:1:thing/a:7", "a"),
        (NAMED, "arn:aws:test:::thing/a/b", "a/b"),
        (FILED, "arn:aws:test:::/a/b", "/a/b"),
        (FILED, "arn:aws:test:::a/b", "a/b"),
        (FILED, "arn:aws:other:::a", "arn:aws:other:::a"),
        (BY_ARN, "arn:aws:test:us-east-1:1:thing/a", "arn:aws:test:us-east-1:1:thing/a"),
        (PLAIN, "arn:aws:test:us-east-1:1:thing/a", "arn:aws:test:us-east-1:1:thing/a"),
    ],
)
def test_the_id_in_any_name_of_a_resource(about, text, id):
    assert about.id_of(text) == id


@pytest.mark.parametrize(
    ("id", "known"),
    [
        pytest.param("arn:aws:test:us-east-1:1:thing/a", "a", id="an ARN of the account"),
        pytest.param("arn:aws:test:us-east-1::thing/a", "a", id="an ARN without an account"),
        pytest.param(
            "arn:aws:test:us-east-1:2:thing/a",
            "arn:aws:test:us-east-1:2:thing/a",
            id="an ARN of another account",
        ),
        pytest.param("arn:aws:test", "arn:aws:test", id="the beginning of an ARN"),
        pytest.param("a:7", "a:7", id="a name"),
    ],
)
def test_a_resource_may_be_named_by_its_arn(id, known):
    assert NAMED.resource("1", "us-east-1", id).id == known


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("plain", "plain"),
        ("arn:aws:sqs:us-east-1:111122223333:queue", "queue"),
        ("arn:aws:iam::111122223333:role/team/app", "app"),
        ("https://sqs.us-east-1.amazonaws.com/111122223333/queue", "queue"),
        ("a:b/c", "c"),
        ("a/b:c", "c"),
        ("", ""),
    ],
)
def test_the_last_segment(value, name):
    assert last_segment(value) == name


@pytest.mark.parametrize(
    ("read", "field"),
    [
        (config_resource_id, "resourceId"),
        (config_resource_name, "resourceName"),
    ],
)
def test_the_id_in_a_configuration_item(read, field):
    assert read({"resourceId": "x", "resourceName": "x", field: "a"}) == "a"
    assert read({field: ""}) is None
    assert read({}) is None


def test_a_global_type_has_no_region():
    assert THING.resource("1", "eu-west-1", "a") == Resource("1", "eu-west-1", THING.name, "a")
    assert WIDE.resource("1", "eu-west-1", "a") == Resource("1", "global", WIDE.name, "a")
    assert str(THING) == "AWS::Test::EvidenceThing"


def test_the_account_is_global_and_regional():
    assert ACCOUNT.name == REGION.name == "AWS::::Account"
    assert (ACCOUNT.is_global, REGION.is_global) == (True, False)


@pytest.mark.parametrize(("id", "path"), [("a/b", "/a/b"), ("/a/b", "/a/b"), ("//a", "//a")])
def test_an_arn_is_filled_in(id, path):
    resource = THING.resource("111122223333", "cn-north-1", id)
    wanted = f"arn:aws-cn:test:cn-north-1:111122223333:thing{path}?{id}"
    assert arn_of(resource, "aws-cn") == wanted


@pytest.mark.parametrize("type", [PLAIN.name, "AWS::Test::NeverDeclared"])
def test_what_has_no_arn(type):
    assert arn_of(Resource("1", "us-east-1", type, "a"), "aws") == ""


def test_a_type_is_found_by_its_name_and_the_first_declaration_stays():
    resource = Resource("1", "us-east-1", "AWS::Test::EvidenceLate", "a")
    assert type_of(resource) is None
    late = ResourceType(resource.type, lambda read: ())
    try:
        assert type_of(resource) is late
        ResourceType(resource.type, lambda read: (), is_global=True)
        assert type_of(resource) is late
    finally:
        del _TYPES[resource.type]
