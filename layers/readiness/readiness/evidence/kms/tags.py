"""The tags of a KMS key and of its replicas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from readiness.evidence.kms.keys import ALIAS_CHANGES, KEY, key_id_of, metadata_of
from readiness.evidence.tagging import TagsOnly, tag_change
from readiness.model.evidence import ConfigItem, api_call, evidence, last_segment
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(
    KEY,
    reads=("kms:DescribeKey",),
    uses=(TagsOnly,),
    changed_by=(
        api_call(
            "kms",
            "TagResource",
            "UntagResource",
            id="requestParameters.keyId",
            normalise=key_id_of,
        ),
        *ALIAS_CHANGES,
        tag_change("kms", key_id_of),
        ConfigItem("AWS::KMS::Alias", "configuration.TargetKeyId", key_id_of),
    ),
    follows_type=False,
)
@dataclass(frozen=True, slots=True)
class KmsKeyTags:
    """The tags of the key, however it was named, on the day they were read.

    The tags of another account's key cannot be read; ``account`` is then all there is.
    Sources: GetResources, and DescribeKey for an alias.
    """

    key_id: str
    account: str
    tags: Mapping[str, str]
    on: date
    foreign: bool = False

    @classmethod
    def load(cls, read: Reader, key: Resource) -> KmsKeyTags:
        today = read.now.date()
        if key.account != read.account:
            return cls(last_segment(key.id) or key.id, key.account, {}, today, foreign=True)
        resource = key
        if key.id.startswith("alias/"):
            about = metadata_of(read, key)
            if about is None:
                return cls(key.id, key.account, {}, today)
            resource = Resource(key.account, key.region, KEY.name, about["KeyId"])
        tags = read.of(TagsOnly, resource).values
        return cls(resource.id, key.account, tags, today)


@evidence(
    KEY,
    reads=("kms:DescribeKey", "tag:GetResources"),
    changed_by=(
        api_call("kms", "ReplicateKey", id="requestParameters.keyId", normalise=key_id_of),
    ),
    follows_type=False,
)
@dataclass(frozen=True, slots=True)
class KmsReplicaTags:
    """The tags of the key's counterparts, by region: the same material under other names.

    Empty for a key of one region. Sources: DescribeKey, GetResources of those regions.
    """

    by_region: Mapping[str, Mapping[str, str]]

    @classmethod
    def load(cls, read: Reader, key: Resource) -> KmsReplicaTags:
        about = metadata_of(read, key) or {}
        multi = about.get("MultiRegionConfiguration") or {}
        named = [multi.get("PrimaryKey") or {}, *(multi.get("ReplicaKeys") or ())]
        others = [each for each in named if each.get("Region", key.region) != key.region]
        return cls({each["Region"]: _tags_there(read, each) for each in others})


def _tags_there(read: Reader, counterpart: Mapping[str, str]) -> Mapping[str, str]:
    found = read.every(
        "resourcegroupstaggingapi",
        "get_resources",
        "ResourceTagMappingList",
        region=counterpart["Region"],
        ResourceARNList=[counterpart["Arn"]],
    )
    return {tag["Key"]: tag["Value"] for each in found for tag in each.get("Tags", ())}
