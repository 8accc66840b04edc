"""How stored data is encrypted, and which of its keys KMS does not decrypt with any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from readiness.evidence.kms import users
from readiness.evidence.kms.keys import (
    KEY_STATE_EVENTS,
    KmsKeyState,
    customers_key,
    own_key,
)
from readiness.evidence.kms.platforms import PLATFORM_READS, PLATFORMS
from readiness.evidence.kms.users import STORE_READS, STORES, UNENCRYPTED, Listing, named_keys
from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Unreadable

USERS: tuple[Listing, ...] = (
    *STORES,
    users.catalog,
    users.repositories,
    users.vaults,
    users.accelerators,
    users.message_brokers,
    users.notebooks,
    users.glue_configurations,
    *PLATFORMS,
)
"""What has no rule of its own on its key, as buckets, tables, queues and volumes have."""

COPIES: tuple[Listing, ...] = (
    users.volume_snapshots,
    users.database_snapshots,
    users.cluster_snapshots,
    users.warehouse_snapshots,
)
"""Copies of what stands, or stood, elsewhere."""

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class LostKey:
    """A key that KMS does not decrypt with: its state, and what it encrypts.

    ``state`` is as in `KmsKeyState`; ``users`` are the first ARNs or ids of ``count``.
    ``only_copies``: they are snapshots, all of them.
    """

    state: str
    count: int
    users: tuple[str, ...]
    only_copies: bool = False


@evidence(
    REGION,
    reads=(
        *STORE_READS,
        *PLATFORM_READS,
        "backup:ListBackupVaults",
        "dax:DescribeClusters",
        "ec2:DescribeSnapshots",
        "ecr:DescribeRepositories",
        "glue:GetDataCatalogEncryptionSettings",
        "glue:GetSecurityConfigurations",
        "mq:DescribeBroker",
        "mq:ListBrokers",
        "rds:DescribeDBClusterSnapshots",
        "rds:DescribeDBSnapshots",
        "redshift:DescribeClusterSnapshots",
        "sagemaker:DescribeNotebookInstance",
        "sagemaker:ListNotebookInstances",
    ),
    uses=(KmsKeyState,),
    changed_by=(
        api_call("kms", *KEY_STATE_EVENTS),
        api_call("kms", "ConnectCustomKeyStore", "DisconnectCustomKeyStore"),
    ),
)
@dataclass(frozen=True, slots=True)
class StoredData:
    """The keys that encrypt stored data of the region, those that are lost, and what has none.

    ``keys`` is how many keys of the account are named; ``lost`` are by the name under which a
    service knows them. ``plain`` are the first ARNs or ids of what is not encrypted at all, as the
    services say, and ``unencrypted`` is how many those are. ``unreadable`` are the answers that
    are missing. A service cannot begin to use a key
    that is not enabled, so only changes of keys wake this; what is created without encryption is
    found by the sweep. Sources: one listing for each service,
    one call for each stream of Kinesis and Firehose, broker of MQ, notebook, and what `PLATFORMS`
    describe one by one; DescribeKey once for each key.
    """

    keys: int = 0
    lost: Mapping[str, LostKey] = field(default_factory=dict)
    plain: tuple[str, ...] = ()
    unencrypted: int = 0
    unreadable: tuple[Unreadable, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> StoredData:
        failed: list[Unreadable] = []
        counts: dict[str, int] = {}
        first: dict[str, list[str]] = {}
        of_stores: set[str] = set()
        for is_copy, arn, name in _named(read, failed):
            is_ours = own_key(read, name) is not None and customers_key(read, name) is not None
            if name != UNENCRYPTED and not is_ours:
                continue
            counts[name] = counts.get(name, 0) + 1
            if not is_copy:
                of_stores.add(name)
            shown = first.setdefault(name, [])
            if len(shown) < _SHOWN:
                shown.append(arn)

        unencrypted, plain = counts.pop(UNENCRYPTED, 0), first.pop(UNENCRYPTED, [])

        def state_of(name: str) -> str:
            key = own_key(read, name)
            assert key is not None, "only keys of the account are counted"
            try:
                state = read.of(KmsKeyState, key)
            except Unreadable as unreadable:
                failed.append(unreadable)
                return ""
            return "" if state.is_in_use else state.state

        states = dict(zip(counts, read.each(state_of, counts), strict=True))
        missing = {str(each): each for each in failed}
        return cls(
            len(counts),
            {
                name: LostKey(state, counts[name], tuple(first[name]), name not in of_stores)
                for name, state in sorted(states.items())
                if state
            },
            tuple(plain),
            unencrypted,
            tuple(missing[text] for text in sorted(missing)),
        )


def _named(read: Reader, failed: list[Unreadable]) -> Iterator[tuple[bool, str, str]]:
    """Whether it is a copy, the ARN and the key of everything that is stored."""
    for is_copy, listings in ((False, USERS), (True, COPIES)):
        for arn, name in named_keys(read, listings, failed):
            yield is_copy, arn, name
