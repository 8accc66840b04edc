"""Which resources of the region use which KMS key: the join that no single service answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from readiness.evidence.kms import users
from readiness.evidence.kms.keys import key_id_of
from readiness.evidence.kms.users import STORE_READS, STORES, UNENCRYPTED, Listing, named_keys
from readiness.evidence.tagging import TAG_LOOKUPS, tags_by_arn
from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Unreadable


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A resource that a key encrypts, and its tags."""

    arn: str
    tags: Mapping[str, str]


USERS: tuple[Listing, ...] = (
    *STORES,
    users.buckets,
    users.tables,
    users.topics,
    users.queues,
    users.instances,
    users.file_systems,
)
"""What has an environment. Volumes and snapshots mostly lack the tag, and environments share
repositories of images and vaults of backups."""


@evidence(
    REGION,
    reads=(
        *STORE_READS,
        "dynamodb:DescribeTable",
        "dynamodb:ListTables",
        "elasticfilesystem:DescribeFileSystems",
        "kms:ListAliases",
        "rds:DescribeDBInstances",
        "s3:GetEncryptionConfiguration",
        "s3:ListAllMyBuckets",
        "sns:GetTopicAttributes",
        "sns:ListTopics",
        "sqs:GetQueueAttributes",
        "sqs:ListQueues",
        "tag:GetResources",
    ),
    uses=TAG_LOOKUPS,
)
@dataclass(frozen=True, slots=True)
class KeyUsage:
    """What every key of the account encrypts in the region, by key id.

    A multi-Region key has one id in all regions. ``unreadable`` are the answers that are missing
    from it: a key may have more users than are known. Nothing that changes a user wakes this
    (a sweep does): it is one call for every bucket, table, topic, queue and stream.
    """

    by_key: Mapping[str, tuple[KeyUse, ...]]
    unreadable: tuple[Unreadable, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> KeyUsage:
        failed: list[Unreadable] = []
        named = [each for each in named_keys(read, USERS, failed) if each[1] != UNENCRYPTED]
        aliases = _aliases(read, failed) if any("alias/" in key for _, key in named) else {}
        own = [(arn, id) for arn, key in sorted(named) if (id := _own_key(read, aliases, key))]
        tags = tags_by_arn(read, (arn for arn, _ in own), region.region)
        by_key: dict[str, list[KeyUse]] = {}
        for arn, id in own:
            by_key.setdefault(id, []).append(KeyUse(arn, tags.get(arn, {})))
        missing = {str(each): each for each in failed}
        return cls(
            {id: tuple(uses) for id, uses in by_key.items()},
            tuple(missing[text] for text in sorted(missing)),
        )

    def of(self, key_id: str) -> tuple[KeyUse, ...]:
        """What the key encrypts."""
        return self.by_key.get(key_id, ())


def _aliases(read: Reader, failed: list[Unreadable]) -> Mapping[str, str]:
    try:
        aliases = read.every("kms", "list_aliases", "Aliases")
    except Unreadable as unreadable:
        failed.append(unreadable)
        return {}
    return {each["AliasName"]: each.get("TargetKeyId", "") for each in aliases}


def _own_key(read: Reader, aliases: Mapping[str, str], key: str) -> str:
    """The id of the account's own key under any of its names; empty for another account's."""
    parts = key.split(":")
    if len(parts) >= 6 and parts[4] != read.account:
        return ""
    if "alias/" in key:
        return aliases.get(key[key.index("alias/") :], "")
    return key_id_of(key) or ""
