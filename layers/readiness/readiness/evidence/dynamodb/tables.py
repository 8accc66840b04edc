"""What DynamoDB says of tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from readiness.evidence.kms.keys import own_key
from readiness.model.evidence import ItemCall, ResourceType, api_call, evidence, first_part
from readiness.model.reader import Reader
from readiness.model.resource import Resource


def table_name(value: str) -> str | None:
    """The name in a table ARN; calls take either."""
    return value.rpartition(":table/")[2].partition("/")[0] or None


def _find(read: Reader) -> Iterable[str]:
    return read.every("dynamodb", "list_tables", "TableNames")


UPDATED = api_call(
    "dynamodb", "UpdateTable", id="requestParameters.tableName", normalise=table_name
)
"""A changed table, also where nothing but its throughput was set: Application Auto Scaling does so
all day."""

_THROUGHPUT = frozenset(
    {
        "globalsecondaryindexupdates.update",
        "ondemandthroughput",
        "provisionedthroughput",
        "warmthroughput",
    }
)
"""Parameters of UpdateTable. Of an index nothing but its throughput can be updated."""

TABLE = ResourceType(
    "AWS::DynamoDB::Table",
    _find,
    find_reads=("dynamodb:ListTables",),
    changed_by=(
        api_call(
            "dynamodb",
            "CreateTable",
            "DeleteTable",
            id="requestParameters.tableName",
            normalise=table_name,
        ),
        replace(UPDATED, idle=_THROUGHPUT, address=frozenset({"tablename"})),
        api_call(
            "dynamodb",
            "RestoreTableFromAwsBackup",
            "RestoreTableFromBackup",
            "RestoreTableToPointInTime",
            id="requestParameters.targetTableName",
        ),
        api_call(
            "dynamodb",
            "ImportTable",
            id="requestParameters.tableCreationParameters.tableName",
            normalise=table_name,
        ),
        api_call(
            "dynamodb",
            "UpdateGlobalTableSettings",
            id="requestParameters.globalTableName",
        ),
    ),
    arn="arn:{partition}:dynamodb:{region}:{account}:table/{id}",
    plain=first_part,
    item_calls={
        "configuration.provisionedthroughput": ItemCall(
            "dynamodb.amazonaws.com", "UpdateTable", "provisionedthroughput"
        )
    },
)
"""What sets nothing but throughput wakes only what asks for :class:`TableThroughput`."""


def _described(read: Reader, table: Resource) -> Mapping[str, Any]:
    answer: Mapping[str, Any] = read.one(
        "dynamodb",
        "describe_table",
        gone=("ResourceNotFoundException",),
        TableName=table.id,
    )["Table"]
    return answer


def _billing_mode(about: Mapping[str, Any]) -> str:
    return str((about.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED"))


@evidence(TABLE, reads=("dynamodb:DescribeTable",))
@dataclass(frozen=True, slots=True)
class TableCapacity:
    """How the table is paid for, ``PROVISIONED`` or ``PAY_PER_REQUEST``, and its ``status``.

    A table that was never on demand has no ``BillingModeSummary``: it is provisioned.
    Source: DescribeTable.
    """

    name: str
    billing_mode: str
    status: str = "ACTIVE"

    @classmethod
    def load(cls, read: Reader, table: Resource) -> TableCapacity:
        about = _described(read, table)
        return cls(table.id, _billing_mode(about), about.get("TableStatus", ""))


@evidence(TABLE, reads=("dynamodb:DescribeTable",), changed_by=(UPDATED,))
@dataclass(frozen=True, slots=True)
class TableThroughput:
    """How the table is paid for, and its provisioned capacity units. Source: DescribeTable."""

    name: str
    billing_mode: str
    read_units: int = 0
    write_units: int = 0
    status: str = "ACTIVE"

    @classmethod
    def load(cls, read: Reader, table: Resource) -> TableThroughput:
        about = _described(read, table)
        throughput = about.get("ProvisionedThroughput") or {}
        return cls(
            table.id,
            _billing_mode(about),
            throughput.get("ReadCapacityUnits", 0),
            throughput.get("WriteCapacityUnits", 0),
            about.get("TableStatus", ""),
        )


@evidence(TABLE, reads=("dynamodb:DescribeTable",))
@dataclass(frozen=True, slots=True)
class TableIndexes:
    """The names of the table's global secondary indexes, each of which has its own throughput.

    One that is being deleted is left out. Source: DescribeTable.
    """

    names: tuple[str, ...]

    @classmethod
    def load(cls, read: Reader, table: Resource) -> TableIndexes:
        indexes = _described(read, table).get("GlobalSecondaryIndexes") or ()
        return cls(
            tuple(
                index["IndexName"] for index in indexes if index.get("IndexStatus") != "DELETING"
            )
        )


ARCHIVES = ("ARCHIVING", "ARCHIVED")
"""The states of a table that DynamoDB archives; the only reason for it is a key that is lost."""
_UNUSABLE = ("INACCESSIBLE_ENCRYPTION_CREDENTIALS", *ARCHIVES)


@evidence(TABLE, reads=("dynamodb:DescribeTable",))
@dataclass(frozen=True, slots=True)
class TableEncryption:
    """The key that encrypts the table, and whether DynamoDB can still use it.

    ``key_id`` is the ARN of a KMS key; empty for the key that DynamoDB owns, which needs no
    access; ``key`` is None for that one and for a key of another account.
    ``status`` is that of the table, ``sse_status`` that of its encryption; ``lost`` is since when
    DynamoDB cannot use the key, after seven days of which it archives the table. ``replicas`` are
    the keys of the table's replicas by region, ``unusable`` the regions whose replica lost its
    key. Source: DescribeTable.
    """

    status: str
    sse_status: str = ""
    key_id: str = ""
    lost: datetime | None = None
    replicas: Mapping[str, str] | None = None
    unusable: tuple[str, ...] = ()
    key: Resource | None = None

    @classmethod
    def load(cls, read: Reader, table: Resource) -> TableEncryption:
        about = _described(read, table)
        encryption = about.get("SSEDescription") or {}
        replicas = about.get("Replicas") or ()
        key_id = encryption.get("KMSMasterKeyArn", "")
        return cls(
            status=about.get("TableStatus", ""),
            sse_status=encryption.get("Status", ""),
            key_id=key_id,
            key=own_key(read, key_id),
            lost=encryption.get("InaccessibleEncryptionDateTime"),
            replicas={
                each["RegionName"]: each.get("KMSMasterKeyId", "")
                for each in replicas
                if "RegionName" in each
            },
            unusable=tuple(
                each.get("RegionName", "")
                for each in replicas
                if each.get("ReplicaStatus") in _UNUSABLE
            ),
        )
