"""Tags of any resource, from the one API that knows most of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from readiness.model.evidence import (
    ANY,
    REGION,
    Change,
    ServiceEvent,
    arn_of,
    evidence,
    verbatim,
)
from readiness.model.reader import Reader
from readiness.model.resource import GLOBAL, Resource

PAGE = 100
"""The most resources that GetResources shows on a page, and the most ARNs that it takes."""
_REFUSED = ("InvalidParameterException",)
"""What one ARN that the tagging API does not take gets for the whole list."""

_ByArn = Mapping[str, Mapping[str, str]]


@evidence(REGION, reads=("tag:GetResources",))
@dataclass(frozen=True, slots=True)
class FirstTags:
    """The tags on the first page of a region's tagged resources, by ARN.

    Where that page holds them all (``is_whole``), one call answers for every resource. Resources
    that never had a tag are missing from GetResources: they have none. Ask the functions below,
    which know what to do where it is not whole.
    """

    by_arn: _ByArn
    is_whole: bool = True

    @classmethod
    def load(cls, read: Reader, resource: Resource) -> FirstTags:
        page = read.one(
            "resourcegroupstaggingapi",
            "get_resources",
            region=resource.region,
            ResourcesPerPage=PAGE,
        )
        is_whole = not page.get("PaginationToken")
        return cls(_by_arn(page["ResourceTagMappingList"]), is_whole)


@evidence(REGION, reads=("tag:GetResources",))
@dataclass(frozen=True, slots=True)
class ServiceTags:
    """The tags of one service's tagged resources in a region, by ARN.

    The id of the region's resource is the service's name in ARNs.
    """

    by_arn: _ByArn

    @classmethod
    def load(cls, read: Reader, resource: Resource) -> ServiceTags:
        return cls(_of_types(read, [resource.id], resource.region))


TAG_LOOKUPS: tuple[type[Any], ...] = (FirstTags, ServiceTags)
"""What evidence uses that calls the functions below."""


@evidence(ANY, reads=("tag:GetResources",), uses=TAG_LOOKUPS)
@dataclass(frozen=True, slots=True)
class TagsOnly:
    """The tags of the resource; unlike :class:`Tags`, no change of them wakes what reads this."""

    values: Mapping[str, str]

    @classmethod
    def load(cls, read: Reader, resource: Resource) -> TagsOnly:
        arn = arn_of(resource, read.partition)
        if not arn:
            return cls({})
        home = _home(read, resource, arn)
        if not read.bulk:
            found = read.every(
                "resourcegroupstaggingapi",
                "get_resources",
                "ResourceTagMappingList",
                region=home,
                ResourceARNList=[arn],
            )
            return cls(_tags(found[0]) if found else {})
        first = _first(read, home)
        known = first.by_arn if first.is_whole else _of_service(read, arn, home)
        return cls(known.get(arn, {}))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, TagsOnly]:
        """Those of the resources that are evaluated now, up to a hundred in a call."""
        arns = {each.id: (each, arn_of(each, read.partition)) for each in read.batch()}
        by_home: dict[str, list[str]] = {}
        for resource, arn in arns.values():
            if arn:
                by_home.setdefault(_home(read, resource, arn), []).append(arn)
        known: dict[str, Mapping[str, str]] = {}
        for home, wanted in by_home.items():
            known |= tags_by_arn(read, wanted, home)
        return {id: cls(known.get(arn, {})) for id, (_, arn) in arns.items()}


@evidence(
    ANY,
    uses=(TagsOnly,),
    changed_by=(ServiceEvent("Tag Change on Resource"),),
)
@dataclass(frozen=True, slots=True)
class Tags:
    """The tags of the resource."""

    values: Mapping[str, str]

    @classmethod
    def load(cls, read: Reader, resource: Resource) -> Tags:
        return cls(read.of(TagsOnly, resource).values)

    def get(self, name: str) -> str:
        """The value of a tag, empty where it is not set."""
        return self.values.get(name, "")


def tags_by_arn(read: Reader, arns: Iterable[str], region: str) -> _ByArn:
    """The tags of these resources of a region, a hundred in a call, of those that have any.

    GetResources refuses a list for one ARN that it does not take. The services of that list are
    then read as a whole.
    """
    first = _first(read, region)
    if first.is_whole:
        return first.by_arn
    found: dict[str, Mapping[str, str]] = {}
    for some in _in_pages(sorted(set(arns))):
        answer = read.one(
            "resourcegroupstaggingapi",
            "get_resources",
            absent=_REFUSED,
            region=region,
            ResourceARNList=list(some),
        )
        if answer is not None:
            found |= _by_arn(answer["ResourceTagMappingList"])
            continue
        for arn in some:
            found[arn] = _of_service(read, arn, region).get(arn, {})
    return found


def tags_of_types(read: Reader, *types: str) -> _ByArn:
    """The tags of all tagged resources of some types (``lambda:function``, ``elasticache``)."""
    if read.bulk:
        first = _first(read, read.region)
        if first.is_whole:
            return first.by_arn
    return _of_types(read, types, read.region)


def tags_of_services(read: Reader, services: Iterable[str], region: str) -> _ByArn:
    """The tags of all tagged resources of some services, by the names that their ARNs have."""
    first = _first(read, region)
    if first.is_whole:
        return first.by_arn
    found: dict[str, Mapping[str, str]] = {}
    for service in sorted(set(services)):
        place = REGION.resource(read.account, region, service)
        found |= read.of(ServiceTags, place).by_arn
    return found


@dataclass(frozen=True, slots=True)
class NamedTags:
    """The tags of a resource beside its id: what evidence about one type's tags has.

    Source: GetResources.
    """

    name: str
    tags: Mapping[str, str]

    @classmethod
    def load(cls, read: Reader, resource: Resource) -> Self:
        return cls(resource.id, read.of(TagsOnly, resource).values)


def tag_change(
    service: str, normalise: Callable[[str], str | None] = verbatim, *, kind: str = ""
) -> Change:
    """The event of a change to the tags of one of a service's resources.

    ``kind`` is the event's ``resource-type``, where the service has several.
    """
    match: tuple[tuple[str, tuple[str, ...]], ...] = (("service", (service,)),)
    if kind:
        match += (("resource-type", (kind,)),)
    return ServiceEvent("Tag Change on Resource", match=match, id="resources", normalise=normalise)


def _home(read: Reader, resource: Resource, arn: str) -> str:
    """The region whose tagging API knows the resource: for a global service, its home."""
    if resource.region == GLOBAL:
        return read.home(arn.split(":", 3)[2])
    return resource.region


def _first(read: Reader, region: str) -> FirstTags:
    return read.of(FirstTags, REGION.resource(read.account, region, read.account))


def _of_service(read: Reader, arn: str, region: str) -> _ByArn:
    service = arn.split(":", 3)[2]
    return read.of(ServiceTags, REGION.resource(read.account, region, service)).by_arn


def _of_types(read: Reader, types: Sequence[str], region: str) -> _ByArn:
    found = read.every(
        "resourcegroupstaggingapi",
        "get_resources",
        "ResourceTagMappingList",
        region=region,
        ResourceTypeFilters=list(types),
    )
    return _by_arn(found)


def _in_pages(arns: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(arns), PAGE):
        yield arns[first : first + PAGE]


def _by_arn(mappings: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, str]]:
    return {each["ResourceARN"]: _tags(each) for each in mappings}


def _tags(mapping: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in mapping.get("Tags", ())}
