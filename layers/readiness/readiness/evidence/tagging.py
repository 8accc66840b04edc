"""Tags of any resource, from the one API that knows most of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

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


@evidence(REGION, reads=("tag:GetResources",))
@dataclass(frozen=True, slots=True)
class TagIndex:
    """The tags of every tagged resource of the region, by ARN."""

    by_arn: Mapping[str, Mapping[str, str]]

    @classmethod
    def load(cls, read: Reader, resource: Resource) -> TagIndex:
        """Resources that never had a tag are missing from GetResources: they have none."""
        pages = read.every(
            "resourcegroupstaggingapi",
            "get_resources",
            "ResourceTagMappingList",
            region=resource.region,
        )
        return cls({page["ResourceARN"]: _tags(page) for page in pages})


@evidence(
    ANY,
    reads=("tag:GetResources",),
    uses=(TagIndex,),
    changed_by=(ServiceEvent("Tag Change on Resource"),),
)
@dataclass(frozen=True, slots=True)
class Tags:
    """The tags of the resource."""

    values: Mapping[str, str]

    @classmethod
    def load(cls, read: Reader, resource: Resource) -> Tags:
        arn = arn_of(resource, read.partition)
        if not arn:
            return cls({})
        # The tagging API knows the resources of a global service where that has its home.
        is_global = resource.region == GLOBAL
        home = read.home(arn.split(":", 3)[2]) if is_global else read.region
        return cls(tags_of(read, arn, home))

    def get(self, name: str) -> str:
        """The value of a tag, empty where it is not set."""
        return self.values.get(name, "")


def tags_of(read: Reader, arn: str, region: str) -> Mapping[str, str]:
    """The tags of one ARN, out of the region's index where everything will be asked for."""
    if read.bulk:
        index = REGION.resource(read.account, region, read.account)
        return read.of(TagIndex, index).by_arn.get(arn, {})
    found = read.every(
        "resourcegroupstaggingapi",
        "get_resources",
        "ResourceTagMappingList",
        region=region,
        ResourceARNList=[arn],
    )
    return _tags(found[0]) if found else {}


def tag_change(service: str, normalise: Callable[[str], str | None] = verbatim) -> Change:
    """The event of a change to the tags of one of a service's resources."""
    return ServiceEvent(
        "Tag Change on Resource",
        match=(("service", (service,)),),
        id="resources",
        normalise=normalise,
    )


def _tags(mapping: Mapping[str, list[Mapping[str, str]]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in mapping.get("Tags", ())}
