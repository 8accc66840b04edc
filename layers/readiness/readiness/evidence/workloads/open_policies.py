"""The resource policies that IAM Access Analyzer does not look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Unreadable


@dataclass(frozen=True, slots=True)
class ResourcePolicy:
    """The policy of a resource as JSON; ``kind`` is what the resource is."""

    kind: str
    name: str
    arn: str
    policy: str


BUS, STREAM, CONSUMER = "event bus", "Kinesis stream", "Kinesis consumer"
BACKUP_VAULT, GLACIER_VAULT = "backup vault", "S3 Glacier vault"


@evidence(
    REGION,
    reads=(
        "backup:GetBackupVaultAccessPolicy",
        "backup:ListBackupVaults",
        "events:ListEventBuses",
        "glacier:GetVaultAccessPolicy",
        "glacier:ListVaults",
        "kinesis:GetResourcePolicy",
        "kinesis:ListStreamConsumers",
        "kinesis:ListStreams",
    ),
    changed_by=(
        api_call(
            "backup",
            "CreateBackupVault",
            "DeleteBackupVault",
            "DeleteBackupVaultAccessPolicy",
            "PutBackupVaultAccessPolicy",
        ),
        api_call(
            "events",
            "CreateEventBus",
            "DeleteEventBus",
            "PutPermission",
            "RemovePermission",
            "UpdateEventBus",
        ),
        api_call("glacier", "DeleteVault", "DeleteVaultAccessPolicy", "SetVaultAccessPolicy"),
        api_call(
            "kinesis",
            "DeleteResourcePolicy",
            "DeleteStream",
            "DeregisterStreamConsumer",
            "PutResourcePolicy",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class UnanalyzedPolicies:
    """The policies of event buses, Kinesis streams and their consumers, and of vaults.

    Of those that have one: some services answer ``{}`` for none. IAM Access Analyzer looks at
    other types (IAM User Guide, "IAM Access Analyzer resource types for external access").
    Vaults are those of AWS Backup and of S3 Glacier. ``failures`` are the services that could not
    be read. Sources: ListEventBuses, ListStreams, ListStreamConsumers, GetResourcePolicy,
    ListBackupVaults, GetBackupVaultAccessPolicy, ListVaults, GetVaultAccessPolicy.
    """

    policies: tuple[ResourcePolicy, ...] = ()
    failures: tuple[Unreadable, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> UnanalyzedPolicies:
        found: list[ResourcePolicy] = []
        failures: list[Unreadable] = []
        for look in (_buses, _streams, _backup_vaults, _glacier_vaults):
            try:
                found += [each for each in look(read) if each.policy.strip() not in {"", "{}"}]
            except Unreadable as unreadable:
                failures.append(unreadable)
        return cls(tuple(found), tuple(failures))


def _buses(read: Reader) -> Iterator[ResourcePolicy]:
    for each in read.every("events", "list_event_buses", "EventBuses"):
        yield ResourcePolicy(BUS, each["Name"], each["Arn"], each.get("Policy") or "")


def _streams(read: Reader) -> list[ResourcePolicy]:
    def policy(name: str) -> str:
        answer = read.one(
            "kinesis",
            "get_resource_policy",
            absent=("ResourceNotFoundException",),
            ResourceARN=arns[name],
        )
        return (answer or {}).get("Policy") or ""

    def consumers(stream: str) -> list[str]:
        found = read.every(
            "kinesis",
            "list_stream_consumers",
            "Consumers",
            absent=("ResourceNotFoundException",),
            StreamARN=stream,
        )
        return [each["ConsumerARN"] for each in found]

    found = read.every("kinesis", "list_streams", "StreamSummaries")
    streams = {each["StreamARN"].rpartition("/")[2]: each["StreamARN"] for each in found}
    made = [e["StreamARN"] for e in found if e.get("StreamStatus") not in {"CREATING", "DELETING"}]
    ends = {_name(arn): arn for each in read.each(consumers, made) for arn in each}
    arns = streams | ends
    return [
        *_with_policies(read, STREAM, streams, policy),
        *_with_policies(read, CONSUMER, ends, policy),
    ]


def _name(consumer: str) -> str:
    """The stream and the name in a consumer's ARN: ``…:stream/orders/consumer/audit:17000``."""
    named = consumer.split(":")[5].split("/")
    return f"{named[1]}/{named[-1]}"


def _backup_vaults(read: Reader) -> list[ResourcePolicy]:
    def policy(name: str) -> str:
        answer = read.one(
            "backup",
            "get_backup_vault_access_policy",
            absent=("ResourceNotFoundException",),
            BackupVaultName=name,
        )
        return (answer or {}).get("Policy") or ""

    found = read.every("backup", "list_backup_vaults", "BackupVaultList")
    arns = {each["BackupVaultName"]: each["BackupVaultArn"] for each in found}
    return _with_policies(read, BACKUP_VAULT, arns, policy)


def _glacier_vaults(read: Reader) -> list[ResourcePolicy]:
    def policy(name: str) -> str:
        answer = read.one(
            "glacier",
            "get_vault_access_policy",
            absent=("ResourceNotFoundException",),
            accountId="-",
            vaultName=name,
        )
        return ((answer or {}).get("policy") or {}).get("Policy") or ""

    found = read.every("glacier", "list_vaults", "VaultList", accountId="-")
    arns = {each["VaultName"]: each["VaultARN"] for each in found}
    return _with_policies(read, GLACIER_VAULT, arns, policy)


def _with_policies(
    read: Reader, kind: str, arns: Mapping[str, str], policy: Callable[[str], str]
) -> list[ResourcePolicy]:
    """What ``arns`` has by name, each with the policy that is asked for it."""
    return [
        ResourcePolicy(kind, name, arns[name], text)
        for name, text in zip(arns, read.each(policy, arns), strict=True)
    ]
