"""How a piece of evidence is declared: what it is about, what it reads, and what changes it.

An evidence class is a frozen dataclass with a ``load`` classmethod. It reads one thing
about one resource from AWS. Permissions, EventBridge patterns and documentation are derived from
the declaration, and a reader refuses a call that was not declared.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from readiness.model.reader import Reader
from readiness.model.resource import GLOBAL, Resource

Json = Mapping[str, Any]
Identify = Callable[[Json], str | tuple[str, ...] | None]
Asks = Callable[[Reader, Json], bool]


def verbatim(value: str) -> str | None:
    """The id as it is in the event."""
    return value


def last_segment(value: str) -> str | None:
    """The name at the end of an ARN or path; a plain name stays as it is."""
    return value.rsplit("/", 1)[-1].rsplit(":", 1)[-1]


def without_path(value: str) -> str:
    """The name at the end of a path (``team/agent``) or URL."""
    return value.rsplit("/", 1)[-1]


def first_part(value: str) -> str:
    """The name before the path of a part of it (``jobs/index/by-day``)."""
    return value.partition("/")[0]


def first_field(value: str) -> str:
    """The name before a qualifier or wildcard (``/aws/lambda/agent:*``)."""
    return value.partition(":")[0]


@dataclass(frozen=True, slots=True)
class ApiCall:
    """CloudTrail write calls after which evidence must be read again.

    ``names`` are event names; one ending in ``*`` is a prefix (Lambda appends API dates).
    ``id`` is the dotted path of the resource id in the event's ``detail``, for instance
    ``requestParameters.bucketName``, or several with ``|`` between them: the first with an id is
    used. A list may hold several ids. If it is empty, absent or refused by ``normalise``, any
    resource of the type may have changed. ``identify`` finds the id in the whole detail where no
    single field holds it: None says that no resource of the type is concerned, an empty id that
    any may be. ``idle`` are parameters of the request, in lower case, that change nothing of the
    evidence: a call that sets some of them, and nothing else but ``address`` (what is to be
    changed), is no reason to read it again. ``list.member`` is a member of each item of a list.
    ``only_with`` is a parameter without which the call
    changes nothing here. ``ends_parts`` says that the call deleted something with its parts, and
    the id is how the ids of those begin. ``asks`` finds out from AWS, with the reads of the
    evidence, whether a call that does not tell concerns it. It may, if that cannot be read.
    """

    source: str
    names: tuple[str, ...]
    id: str = ""
    normalise: Callable[[str], str | None] = verbatim
    identify: Identify | None = None
    idle: frozenset[str] = frozenset()
    address: frozenset[str] = frozenset()
    only_with: str = ""
    ends_parts: bool = False
    asks: Asks | None = None

    def matches(self, source: str, name: str) -> bool:
        return source == self.source and any(
            name.startswith(n[:-1]) if n.endswith("*") else name == n for n in self.names
        )

    def touches(self, detail: Json) -> bool:
        """Whether the call may have set anything but ``idle`` parameters, and ``only_with``.

        Also true where none are told, as CloudTrail omits parameters that are too large, and for
        a parameter that is not known here.
        """
        sent = detail.get("requestParameters")
        if not isinstance(sent, Mapping) or sent.get("omitted"):
            return True
        if self.only_with and not sent.get(self.only_with):
            return False
        if not self.idle:
            return True
        named = {
            part for name, value in sent.items() for part in self._parts(name.lower(), value)
        } - self.address
        return not named or not named <= self.idle

    def _parts(self, name: str, value: object) -> set[str]:
        """The parameter, or the members of its items where some of those are ``idle``."""
        if not isinstance(value, list) or not any(i.startswith(f"{name}.") for i in self.idle):
            return {name}
        if not value or not all(isinstance(item, Mapping) and item for item in value):
            return {name}
        return {f"{name}.{member.lower()}" for item in value for member in item}


def api_call(
    service: str,
    *names: str,
    id: str = "",
    normalise: Callable[[str], str | None] = verbatim,
    identify: Identify | None = None,
    asks: Asks | None = None,
) -> ApiCall:
    """Shorthand: ``service`` is the first label of the event source (``s3``, ``ec2``, ``kms``)."""
    return ApiCall(f"{service}.amazonaws.com", names, id, normalise, identify, asks=asks)


@dataclass(frozen=True, slots=True)
class ServiceEvent:
    """An EventBridge event of a service, by its ``detail-type``.

    ``match`` narrows by fields of the detail (dotted path → allowed values, of which one that
    ends in ``*`` is the beginning of a value); ``id`` as in
    :class:`ApiCall`, or ``resources`` for the first ARN of the envelope. ``rule`` is the path
    of a rule id in the detail, for events that concern one rule only. ``identify`` finds the id
    in the whole detail where no single field has it; None means that the event concerns no
    resource of the type, an empty id that any may be concerned.
    """

    detail_type: str
    match: tuple[tuple[str, tuple[str, ...]], ...] = ()
    id: str = ""
    normalise: Callable[[str], str | None] = verbatim
    rule: str = ""
    identify: Identify | None = None

    def matches(self, detail: Json) -> bool:
        """Whether the fields of the detail have one of the allowed values each."""
        return all(_is_one_of(str(at(detail, path)), allowed) for path, allowed in self.match)


def _is_one_of(value: str, allowed: tuple[str, ...]) -> bool:
    return any(
        value.startswith(each[:-1]) if each.endswith("*") else value == each for each in allowed
    )


@dataclass(frozen=True, slots=True)
class ConfigItem:
    """A configuration item of another type after which evidence must be read again.

    ``id`` is a dotted path in the configuration item; empty means any resource of the type.
    ``counted`` says that only a new or a deleted resource matters, and no change of one.
    With ``by_call`` the item concerns the evidence only as the call does that changed it, which
    the evidence declares too, if the item tells which that was
    (:attr:`ResourceType.item_calls`).
    """

    type: str
    id: str = ""
    normalise: Callable[[str], str | None] = verbatim
    by_call: bool = False
    counted: bool = False


@dataclass(frozen=True, slots=True)
class ItemCall:
    """The API call that changes a property of a configuration item, and its parameter."""

    source: str
    name: str
    parameter: str


Change = ApiCall | ServiceEvent | ConfigItem


def at(value: Any, path: str) -> Any:
    """The value under a dotted path; None where any step is missing.

    A list with one item counts as that item. With several it is unclear which one is meant: None.
    """
    for step in path.split("."):
        if isinstance(value, list):
            value = value[0] if len(value) == 1 else None
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def config_resource_id(item: Json) -> str | None:
    """The id of the resource in AWS Config (``resourceId``)."""
    return item.get("resourceId") or None


def config_resource_name(item: Json) -> str | None:
    """For types whose Config id is an internal one (IAM users are ``AIDA…``): the name."""
    return item.get("resourceName") or None


@dataclass(frozen=True)
class ResourceType:
    """A type of resource that rules check.

    ``find`` lists the ids of all of them (account and region from the reader); ``find_reads``
    are the IAM actions it needs. ``identify`` turns an AWS Config item into our id, None where
    Config does not record the type. Where Config's own id is another, ``config_id`` is its
    template (as ``arn``'s, with {dns_suffix} and {name}, the id's last part), or ``config_ids``
    finds it by our id in what ``find`` listed; with neither, it cannot be told from our id.
    ``arn`` is a template of {partition}, {region}, {account}, {id} and {path} (the id with one
    leading slash) for tags and links, empty where a resource has none. ``tags_from_api`` is false
    where the tagging API does not know the type. ``plain`` turns what stands for the id in an ARN
    or in a request into the id that ``find`` lists: without a path or a qualifier, in lower case
    where the service stores it so. ``may_mean`` says whether a name by which other
    resources refer to one may mean the one with that id (an alias may mean any of them).
    ``item_calls`` are the properties of a configuration item (``configuration.timeout``, in lower
    case), or whole sections of it, with the API call that changes each; None for one that tells
    no more than that another changed. An item with other changes may mean anything.
    ``holds_many``: many others are judged as one of it, and an event about each of them names it.
    ``going`` are those that are being deleted, with the service's word for it, from what ``find``
    reads: no configuration of theirs is a fault.
    """

    name: str
    find: Callable[[Reader], Iterable[str]]
    find_reads: tuple[str, ...] = ()
    changed_by: tuple[Change, ...] = ()
    is_global: bool = False
    identify: Callable[[Json], str | None] | None = config_resource_id
    arn: str = ""
    tags_from_api: bool = True
    may_mean: Callable[[str, str], bool] = operator.eq
    plain: Callable[[str], str] = str
    config_id: str = ""
    config_ids: Callable[[Reader], Mapping[str, str]] | None = None
    item_calls: Mapping[str, ItemCall | None] = field(default_factory=dict, compare=False)
    holds_many: bool = False
    going: Callable[[Reader], Mapping[str, str]] | None = None

    def __post_init__(self) -> None:
        _TYPES.setdefault(self.name, self)

    def resource(self, account: str, region: str, id: str) -> Resource:
        """The resource of this type with that id; a global type ignores ``region``.

        The id may be the ARN of a resource of the account.
        """
        where = GLOBAL if self.is_global else region
        if id.startswith("arn:") and id.count(":") >= 5 and id.split(":")[4] in {"", account}:
            id = self.id_of(id)
        return Resource(account, where, self.name, id)

    def id_of(self, text: str) -> str:
        """The id in any name that AWS takes for a resource, such as an ARN or a qualified name."""
        return self.plain(self._within_arn(text))

    def _within_arn(self, text: str) -> str:
        """What stands in an ARN in place of the id; any other text as it is."""
        if not text.startswith("arn:") or not self.arn:
            return text
        pattern = re.escape(self.arn)
        for name in ("partition", "region", "account"):
            pattern = pattern.replace(re.escape(f"{{{name}}}"), "[^:]*")
        pattern = pattern.replace(re.escape("{path}"), "(/?.+)").replace(re.escape("{id}"), "(.+)")
        found = re.fullmatch(pattern, text)
        return found[1] if found else text

    def __str__(self) -> str:
        return self.name


_TYPES: dict[str, ResourceType] = {}


def type_named(name: str) -> ResourceType | None:
    """The declaration of a type, None for one that no loaded module declares."""
    return _TYPES.get(name)


def type_of(resource: Resource) -> ResourceType | None:
    """The declaration of a resource's type, None for a type that no loaded module declares."""
    return type_named(resource.type)


def arn_of(resource: Resource, partition: str) -> str:
    """The ARN of a resource in a partition; empty where its type has none."""
    declaration = type_of(resource)
    return formatted_arn(declaration.arn if declaration else "", resource, partition)


def formatted_arn(template: str, resource: Resource, partition: str) -> str:
    """The ARN that a type's template makes of a resource; empty for an empty template."""
    return template.format(
        partition=partition,
        region=resource.region,
        account=resource.account,
        id=resource.id,
        path="/" + resource.id.removeprefix("/"),
    )


def _the_account(read: Reader) -> Iterable[str]:
    return [read.account]


ACCOUNT = ResourceType(
    "AWS::::Account", _the_account, is_global=True, identify=None, tags_from_api=False
)
"""Facts of the whole account; its id is the account number."""

REGION = ResourceType("AWS::::Account", _the_account, identify=None, tags_from_api=False)
"""Facts of the account in one region; also ``AWS::::Account``, told apart by the region."""

ANY = ResourceType("*", lambda _: (), identify=None)
"""For evidence that any resource has, such as tags: it is about the subject of the rule."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """The declaration of an evidence class (:func:`evidence`)."""

    about: ResourceType
    reads: frozenset[str]
    changed_by: tuple[Change, ...]
    uses: tuple[type[Evidence], ...]
    follows_type: bool = True
    asks_with: tuple[str, ...] = ()
    proves: bool = True

    @property
    def all_reads(self) -> frozenset[str]:
        """The IAM actions of this evidence and of the evidence that its loader uses."""
        return self.reads.union(*(declared(used).all_reads for used in self.uses))

    @property
    def all_asks_with(self) -> frozenset[str]:
        """The settings that decide what this evidence and the evidence it uses read."""
        return frozenset(self.asks_with).union(*(declared(u).all_asks_with for u in self.uses))


class Evidence(Protocol):
    """The interface of an evidence class; ``load_all`` (one read for every id) is optional."""

    @classmethod
    def load(cls, read: Reader, resource: Resource) -> Evidence: ...


E = TypeVar("E", bound=type[Any])
_DECLARATION = "__evidence__"


def evidence(
    about: ResourceType,
    *,
    reads: Iterable[str] = (),
    changed_by: Iterable[Change] = (),
    uses: Iterable[type[Any]] = (),
    follows_type: bool = True,
    asks_with: Iterable[str] = (),
    proves: bool = True,
) -> Callable[[E], E]:
    """Declare a dataclass as evidence about resources of a type.

    ``reads`` are the IAM actions of its own calls; ``uses`` is the other evidence that its loader
    asks the reader for. ``changed_by`` are the events after which a stored answer may be wrong,
    in addition to those of the type (``ResourceType.changed_by`` and its configuration items).
    ``follows_type=False`` leaves those of the type out, where they cannot change the answer.
    ``asks_with`` are the settings of the rule that decide what is read (which metric, which
    limit), for the loader in ``read.settings``; every rule that takes the evidence has them.
    ``proves=False`` says that loading it does not tell whether the resource exists, as where only
    metrics are read, which outlive it.
    """

    def declare(cls: E) -> E:
        declaration = Declaration(
            about,
            frozenset(reads),
            tuple(changed_by),
            tuple(uses),
            follows_type,
            tuple(asks_with),
            proves,
        )
        setattr(cls, _DECLARATION, declaration)
        return cls

    return declare


def declared(cls: type[Any]) -> Declaration:
    """The declaration of an evidence class. Raises TypeError for any other class."""
    declaration = cls.__dict__.get(_DECLARATION)
    if not isinstance(declaration, Declaration):
        raise TypeError(f"{cls.__name__} is not evidence: it lacks the @evidence declaration")
    return declaration


def is_evidence(cls: object) -> bool:
    """Whether a class was declared with :func:`evidence`."""
    return isinstance(cls, type) and _DECLARATION in cls.__dict__
