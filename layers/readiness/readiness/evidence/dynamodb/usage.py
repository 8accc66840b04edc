"""The reads of DynamoDB tables, and whether items expire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatch
from typing import Any

from readiness.evidence.cloudwatch.datapoints import DAY, GET_METRIC_DATA
from readiness.evidence.cloudwatch.kept import LIST_METRICS, read_each_published
from readiness.evidence.dynamodb.tables import TABLE, table_name
from readiness.evidence.tagging import TagsOnly, tag_change
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone
from readiness.semantics.metrics import Query, Series, series

_PERIOD = 300
SINGLE = ("GetItem", "PutItem", "DeleteItem")
TOGETHER = (
    "BatchGetItem",
    "BatchWriteItem",
    "TransactGetItems",
    "TransactWriteItems",
    "Query",
    "Scan",
)


@evidence(TABLE, reads=(GET_METRIC_DATA, LIST_METRICS), proves=False)
@dataclass(frozen=True, slots=True)
class TableRequests:
    """How many requests of each kind succeeded in a day, in periods of 5 minutes.

    ``single`` and ``together`` go by operation; UpdateItem has no batch form and is left out.
    Source: the sample count of SuccessfulRequestLatency, of the series that ListMetrics shows.
    """

    single: Mapping[str, Series]
    together: Mapping[str, Series]

    @classmethod
    def load(cls, read: Reader, table: Resource) -> TableRequests:
        return cls._of(read, [table.id])[table.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, TableRequests]:
        return cls._of(read, read.ids(TABLE))

    @classmethod
    def _of(cls, read: Reader, tables: Iterable[str]) -> dict[str, TableRequests]:
        wanted = {table: _queries(table) for table in tables}
        found = read_each_published(read, wanted, DAY, period=_PERIOD) if wanted else {}
        return {
            table: cls(
                {name: named[name] for name in SINGLE}, {name: named[name] for name in TOGETHER}
            )
            for table, named in found.items()
        }

    @property
    def peak(self) -> float | None:
        """The single-item requests a minute at the 95th percentile of the busy periods."""
        sums: dict[object, float] = {}
        for each in self.single.values():
            for stamp, value in each.points:
                sums[stamp] = sums.get(stamp, 0.0) + value
        ranked = sorted(sums.values())
        if not ranked:
            return None
        return ranked[min(len(ranked) - 1, int(len(ranked) * 0.95))] / (_PERIOD / 60)


def _queries(table: str) -> dict[str, Query]:
    return {
        operation: series(
            "AWS/DynamoDB",
            "SuccessfulRequestLatency",
            "SampleCount",
            TableName=table,
            Operation=operation,
        )
        for operation in (*SINGLE, *TOGETHER)
    }


_WEEK = timedelta(days=7)
_A_DAY = 86_400
_LARGE = 1024**3
"""Smaller tables are not asked what they consume: no setting is worth a look at them."""


@evidence(TABLE, reads=("dynamodb:DescribeTable", GET_METRIC_DATA, LIST_METRICS))
@dataclass(frozen=True, slots=True)
class TableStorage:
    """The class of a table, what it stores and what is read and written in a day.

    ``table_class`` is ``STANDARD`` or ``STANDARD_INFREQUENT_ACCESS``. ``bytes`` and ``units`` are
    of the table and its indexes; ``units`` is what is consumed or, if that is more, provisioned,
    and None where it was not asked (a table of less than 1 GiB). ``measured`` is how many days
    were. DynamoDB updates the size about every six hours. Throughput that is set alone, as Auto
    Scaling does all day, is seen by the sweep.
    Sources: DescribeTable, GetMetricData of a week.
    """

    name: str
    table_class: str = "STANDARD"
    bytes: int = 0
    units: float | None = None
    measured: int = 0
    status: str = "ACTIVE"

    @classmethod
    def load(cls, read: Reader, table: Resource) -> TableStorage:
        found = cls._of(read, [table.id])
        if table.id not in found:
            raise Gone(table.key)
        return found[table.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, TableStorage]:
        return cls._of(read, read.ids(TABLE))

    @classmethod
    def _of(cls, read: Reader, names: Iterable[str]) -> dict[str, TableStorage]:
        about = {
            name: answer["Table"]
            for name, answer in zip(
                names, read.each(lambda name: _table(read, name), names), strict=True
            )
            if answer is not None
        }
        stored = {name: _stored(each) for name, each in about.items()}
        wanted = {
            name: _consumed(name, about[name]) for name, size in stored.items() if size >= _LARGE
        }
        found = read_each_published(read, wanted, _WEEK, period=_A_DAY) if wanted else {}
        return {
            name: cls(
                name,
                (each.get("TableClassSummary") or {}).get("TableClass", "STANDARD"),
                stored[name],
                _units(each, found[name].values()) if name in found else None,
                max((len(one.points) for one in found.get(name, {}).values()), default=0),
                each.get("TableStatus", ""),
            )
            for name, each in about.items()
        }


def _table(read: Reader, name: str) -> Mapping[str, Any] | None:
    answer: Mapping[str, Any] | None = read.one(
        "dynamodb", "describe_table", absent=("ResourceNotFoundException",), TableName=name
    )
    return answer


def _indexes(table: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(table.get("GlobalSecondaryIndexes") or ())


def _stored(table: Mapping[str, Any]) -> int:
    local = table.get("LocalSecondaryIndexes") or ()
    indexes: int = sum(each.get("IndexSizeBytes", 0) for each in (*_indexes(table), *local))
    return int(table.get("TableSizeBytes", 0)) + indexes


def _consumed(name: str, table: Mapping[str, Any]) -> dict[str, Query]:
    metrics = ("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits")
    places: list[dict[str, str]] = [{}]
    places += [{"GlobalSecondaryIndexName": each["IndexName"]} for each in _indexes(table)]
    return {
        f"{metric}{number}": series("AWS/DynamoDB", metric, "Sum", TableName=name, **place)
        for number, place in enumerate(places)
        for metric in metrics
    }


def _units(table: Mapping[str, Any], consumed: Iterable[Series]) -> float:
    """Units a day: the most that a day consumed, or all that is provisioned."""
    busiest = sum(each.highest or 0.0 for each in consumed)
    provisioned = 0
    for each in (table, *_indexes(table)):
        throughput = each.get("ProvisionedThroughput") or {}
        provisioned += throughput.get("ReadCapacityUnits", 0)
        provisioned += throughput.get("WriteCapacityUnits", 0)
    return max(busiest, float(provisioned * _A_DAY))


@evidence(
    TABLE,
    reads=("dynamodb:DescribeTimeToLive",),
    uses=(TagsOnly,),
    asks_with=("cache_tables",),
    changed_by=(
        api_call(
            "dynamodb",
            "UpdateTimeToLive",
            id="requestParameters.tableName",
            normalise=table_name,
        ),
        tag_change("dynamodb"),
    ),
    proves=False,
)
@dataclass(frozen=True, slots=True)
class TableTtl:
    """Whether items of a table that caches or holds sessions expire.

    ``because`` says why the table should, empty where it need not: then nothing is asked.
    ``status`` is ``ENABLED``, ``ENABLING``, ``DISABLING`` or ``DISABLED``.
    Sources: GetResources, DescribeTimeToLive.
    """

    because: str
    status: str = ""
    attribute: str = ""

    @classmethod
    def load(cls, read: Reader, table: Resource) -> TableTtl:
        because = _because(read, table)
        if not because:
            return cls("")
        answer = read.one(
            "dynamodb",
            "describe_time_to_live",
            gone=("ResourceNotFoundException",),
            TableName=table.id,
        )
        about = answer["TimeToLiveDescription"]
        return cls(because, about.get("TimeToLiveStatus", ""), about.get("AttributeName", ""))


def _because(read: Reader, table: Resource) -> str:
    """Why the items of a table should expire: its tag ``data-class``, or its name."""
    patterns: tuple[str, ...] = read.settings.get("cache_tables", ())
    said = read.of(TagsOnly, table).values.get("data-class", "").strip().lower()
    if said in {"cache", "session"}:
        return f"its tag says data-class={said}"
    matched = next((each for each in patterns if fnmatch(table.id.lower(), each.lower())), "")
    return f"its name matches {matched}" if matched else ""
