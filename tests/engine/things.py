"""A heading over three things in memory, for the tests of an evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace

from readiness import Severity, Unreadable, Verdict, complies, heading, violates
from readiness.engine.aws import Aws
from readiness.engine.evaluate import Evaluation
from readiness.engine.scope import Scope
from readiness.model.evidence import ANY, REGION, ResourceType, evidence
from readiness.model.resource import Resource
from readiness.model.unreadable import Cause
from tests.fake_account import ACCOUNT_ID, HOME, Clock, FakeAccount

THINGS = SimpleNamespace(ids=[], owner={}, fails={}, loads=[], as_of=None)


DENIED = Unreadable("test:GetThing", Cause.ACCESS_DENIED, "AccessDenied")


def listing(read):
    if "listing" in THINGS.fails:
        raise THINGS.fails["listing"]
    return THINGS.ids


def load(kind, resource):
    THINGS.loads.append((kind, resource.id))
    if (kind, resource.id) in THINGS.fails:
        raise THINGS.fails[kind, resource.id]


THING = ResourceType(
    "AWS::Test::Subject", listing, find_reads=("test:ListThings",), arn="arn:{id}"
)


OWNER = ResourceType("AWS::Test::Owner", lambda read: ["x", "y"], find_reads=("test:ListOwners",))


WORLDWIDE = ResourceType("AWS::Test::Worldwide", lambda read: ["w"], is_global=True)


@evidence(THING, reads=("test:GetThing",))
@dataclass(frozen=True)
class Thing:
    id: str
    owner: Resource | None
    as_of: datetime | None = None

    @classmethod
    def load(cls, read, resource):
        load("thing", resource)
        name = THINGS.owner.get(resource.id, "")
        owner = OWNER.resource(read.account, read.region, name) if name else None
        return cls(resource.id, owner, THINGS.as_of)


@evidence(OWNER, reads=("test:GetOwner",))
@dataclass(frozen=True)
class Owner:
    id: str

    @classmethod
    def load(cls, read, resource):
        load("owner", resource)
        return cls(resource.id)


@evidence(REGION)
@dataclass(frozen=True)
class Here:
    region: str

    @classmethod
    def load(cls, read, resource):
        return cls(resource.region)


@evidence(ANY)
@dataclass(frozen=True)
class Named:
    name: str

    @classmethod
    def load(cls, read, resource):
        return cls(resource.id)


@evidence(WORLDWIDE)
@dataclass(frozen=True)
class Wide:
    @classmethod
    def load(cls, read, resource):
        return cls()


toy = heading("Security", "Encryption")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def owned(thing: Thing, owner: Owner | None, *, strict: bool = False) -> Verdict:
    """A thing has an owner."""
    if owner is None:
        return violates("Nobody owns it.", expected="An owner.")
    return complies(f"{owner.id} owns it.")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def tolerated(thing: Thing, owner: Owner | Unreadable) -> Verdict:
    """A thing has an owner, known or not."""
    return violates(f"{type(owner).__name__}.", expected="An Owner.")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def situated(thing: Thing, here: Here, named: Named) -> Verdict:
    """A thing is where it is."""
    return complies(f"{named.name} in {here.region}.")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def worldwide(wide: Wide) -> Verdict:
    """It is everywhere."""
    return complies("Everywhere.")


def run(*rules, scope=None, configured=None, fake_account=None, bulk=False):
    aws = Aws(
        fake_account or FakeAccount(), account=ACCOUNT_ID, region=HOME, now=Clock(), bulk=bulk
    )
    settings = {rule.id: rule.configure({}) for rule in rules}
    return Evaluation(aws, {**settings, **(configured or {})}, scope=scope)


def thing(id="a"):
    return THING.resource(ACCOUNT_ID, HOME, id)


def said(observations):
    return {o.resource.id: o.finding and o.finding.reason for o in observations}


SCOPE = Scope(tag="Application", values=frozenset({"MAIF"}))


def tagged(**tags):
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    found = [{"ResourceARN": "arn:a", "Tags": listed}]
    return FakeAccount(
        {("resourcegroupstaggingapi", "get_resources"): {"ResourceTagMappingList": found}}
    )


@evidence(THING, reads=("test:GetThing",))
@dataclass(frozen=True)
class Measured:
    value: str

    @classmethod
    def load(cls, read, resource):
        load("measured alone", resource)
        return cls(resource.id)

    @classmethod
    def load_all(cls, read):
        ids = read.ids(THING)
        THINGS.loads.append(("measured", tuple(ids)))
        return {id: cls(id) for id in ids}


@evidence(THING, reads=("test:GetThing",), uses=(Measured,))
@dataclass(frozen=True)
class Derived:
    value: str

    @classmethod
    def load(cls, read, resource):
        return cls(read.of(Measured, resource).value)

    @classmethod
    def load_all(cls, read):
        return {id: cls(each.value) for id, each in read.those(Measured).items()}


@evidence(THING, reads=("test:GetThing",))
@dataclass(frozen=True)
class Listed:
    id: str

    @classmethod
    def load(cls, read, resource):
        return cls(resource.id)

    @classmethod
    def load_all(cls, read):
        THINGS.loads.append(("listed", ()))
        return {id: cls(id) for id in THINGS.ids}


@toy.rule("Enable key rotation", severity=Severity.LOW)
def measured(listed: Listed, derived: Derived, measured: Measured) -> Verdict:
    """A thing is measured."""
    return complies(f"{derived.value} {measured.value}.")


@evidence(THING, reads=("test:GetMetric",), proves=False)
@dataclass(frozen=True)
class Metric:
    @classmethod
    def load(cls, read, resource):
        return cls()


@toy.rule("Enable key rotation", severity=Severity.LOW)
def quiet(metric: Metric) -> Verdict:
    """A thing is quiet."""
    return complies("No datapoint.")
