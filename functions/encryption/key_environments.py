"""Whether a key serves one environment: by its tags, its users and who may use it."""

from __future__ import annotations

from readiness import Verdict, cannot_tell, not_applicable
from readiness.evidence.kms.keys import KmsKeyAccess, KmsKeyState
from readiness.evidence.kms.tags import KmsKeyTags, KmsReplicaTags
from readiness.evidence.kms.usage import KeyUsage
from readiness.evidence.s3.buckets import BucketAndKey

from .separation import (
    Environments,
    KeyUse,
    Misstated,
    by_environment,
    may_be_shared,
    outsider_verdict,
    pair_verdict,
    users_verdict,
)
from .settings import EnvironmentTags

MISSTATED = "The settings are wrong"


def key_environment(
    key: KmsKeyState,
    tags: KmsKeyTags,
    replicas: KmsReplicaTags,
    users: KeyUsage,
    tags_of: EnvironmentTags,
    shared_key_ids: tuple[str, ...],
) -> Verdict:
    """The verdict on the environments whose data a key and its replicas encrypt."""
    try:
        environments = Environments.stated(tags_of)
        shared = may_be_shared(key.key_id, shared_key_ids, tags.on)
    except Misstated as misstated:
        return cannot_tell(f"{MISSTATED}: {misstated}.")
    if shared:
        return not_applicable(f"Several environments may share the key until {shared}.")
    everything = [each for uses in users.by_key.values() for each in uses]
    by_region = {"this region": tags.tags, **replicas.by_region}
    use = KeyUse(
        {region: environments.named(tagged) for region, tagged in by_region.items()},
        by_environment(users.of(key.key_id), environments),
    )
    return users_verdict(
        use,
        aws_managed=key.manager == "AWS",
        hosted=set(by_environment(everything, environments)) - {""},
        unreadable=users.unreadable,
        tag=tags_of.env_tag,
    )


def bucket_environment(
    bucket: BucketAndKey,
    key: KmsKeyTags | None,
    tags_of: EnvironmentTags,
    account_environments: tuple[str, ...],
    shared_key_ids: tuple[str, ...],
) -> Verdict:
    """The verdict on the environments of a bucket and of the key that encrypts it by default."""
    if key is None:
        return not_applicable("Default encryption uses no KMS key.")
    try:
        environments = Environments.stated(tags_of, account_environments)
        shared = may_be_shared(key.key_id, shared_key_ids, key.on)
    except Misstated as misstated:
        return cannot_tell(f"{MISSTATED}: {misstated}.")
    if shared:
        return not_applicable(f"Several environments may share the key until {shared}.")
    named = environments.named(key.tags)
    return pair_verdict(
        environments.of(bucket.tags),
        environments.of_account(key.account) if key.foreign else named,
        key_account=key.account,
        foreign=key.foreign,
        tag=tags_of.env_tag,
    )


def account_environment(
    key: KmsKeyState,
    access: KmsKeyAccess,
    tags: KmsKeyTags,
    tags_of: EnvironmentTags,
    account_environments: tuple[str, ...],
) -> Verdict:
    """The verdict on the accounts that a key lets in, by their environments."""
    if key.manager != "CUSTOMER":
        return not_applicable("The key is AWS managed: only services of this account can use it.")
    try:
        environments = Environments.stated(tags_of, account_environments, tags.account)
    except Misstated as misstated:
        return cannot_tell(f"{MISSTATED}: {misstated}.")
    own = environments.of(tags.tags)
    if not own:
        return cannot_tell(
            f"The key has no {tags_of.env_tag} tag, and the setting account_environments does not"
            f" name {tags.account}."
        )
    return outsider_verdict(access.policy, access.grantees, tags.account, own, environments)
