"""Tags of any resource, from the one API that knows most of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from readiness.aws import Reader
from readiness.evidence import ANY, REGION, ServiceEvent, arn_of, evidence
from readiness.resource import GLOBAL, Resource

HOME_OF_GLOBALS = "us-east-1"
"""Where the tagging API knows the resources of global services."""


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
        arn = arn_of(resource)
        if not arn:
            return cls({})
        home = HOME_OF_GLOBALS if resource.region == GLOBAL else read.region
        if read.bulk:
            region = REGION.resource(read.account, home, read.account)
            return cls(read.of(TagIndex, region).by_arn.get(arn, {}))
        found = read.every(
            "resourcegroupstaggingapi",
            "get_resources",
            "ResourceTagMappingList",
            region=home,
            ResourceARNList=[arn],
        )
        return cls(_tags(found[0]) if found else {})

    def get(self, name: str) -> str:
        """The value of a tag, empty where it is not set."""
        return self.values.get(name, "")


def _tags(mapping: Mapping[str, list[Mapping[str, str]]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in mapping.get("Tags", ())}
