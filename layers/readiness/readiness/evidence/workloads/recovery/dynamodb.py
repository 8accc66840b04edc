"""DynamoDB tables: until when they can be restored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from readiness.evidence.backup.restores import Backups, backup_events
from readiness.evidence.dynamodb.tables import TABLE, table_name
from readiness.evidence.workloads.data_stores import TableTags
from readiness.evidence.workloads.recovery.store import (
    LIST_POINTS,
    Store,
    backed_up_at,
    in_passing,
    newest_of,
)
from readiness.model.evidence import api_call, arn_of, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_OF_TABLE = "requestParameters.tableName"


@evidence(
    TABLE,
    reads=(
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:DescribeTable",
        "dynamodb:ListBackups",
        LIST_POINTS,
    ),
    uses=(Backups, TableTags),
    changed_by=(
        api_call(
            "dynamodb",
            "CreateBackup",
            "UpdateContinuousBackups",
            id=_OF_TABLE,
            normalise=table_name,
        ),
        api_call("dynamodb", "DeleteBackup", id="requestParameters.backupArn"),
        *backup_events(":table/", "DynamoDB"),
    ),
)
@dataclass(frozen=True, slots=True)
class TableRecovery(Store):
    """Sources: DescribeTable, DescribeContinuousBackups, ListBackups, GetResources."""

    @classmethod
    def load(cls, read: Reader, table: Resource) -> TableRecovery:
        described = read.one(
            "dynamodb",
            "describe_table",
            gone=("ResourceNotFoundException",),
            TableName=table.id,
        )["Table"]
        answer = read.one(
            "dynamodb",
            "describe_continuous_backups",
            gone=("TableNotFoundException",),
            TableName=table.id,
        )
        continuous = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription")
        is_on = (continuous or {}).get("PointInTimeRecoveryStatus") == "ENABLED"
        restorable = (continuous or {}).get("LatestRestorableDateTime") if is_on else None
        arn = arn_of(table, read.partition)
        return cls(
            table.id,
            arn,
            "table",
            "DynamoDB",
            read.of(TableTags, table).tags,
            read.now,
            created=described.get("CreationDateTime"),
            restorable=restorable,
            snapshot=None if is_on else _newest_backup(read, table.id),
            backed_up=backed_up_at(read, arn, restorable),
            instead=in_passing(described.get("TableStatus")),
        )


def _newest_backup(read: Reader, table: str) -> datetime | None:
    """When the newest backup was made that is no one of AWS Backup's, which lists its own."""
    found = read.every(
        "dynamodb", "list_backups", "BackupSummaries", TableName=table, BackupType="USER"
    )
    return newest_of(
        each.get("BackupCreationDateTime")
        for each in found
        if each.get("BackupStatus") == "AVAILABLE"
    )
