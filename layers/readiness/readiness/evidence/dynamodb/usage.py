"""How DynamoDB tables are asked, and whether what they hold expires."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch

from readiness.evidence.cloudwatch.datapoints import DAY, GET_METRIC_DATA
from readiness.evidence.cloudwatch.kept import LIST_METRICS, read_each_published
from readiness.evidence.dynamodb.tables import TABLE, table_name
from readiness.evidence.tagging import TagsOnly, tag_change
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
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
    said = read.of(TagsOnly, table).values.get("data-class", "")
    if said in {"cache", "session"}:
        return f"its tag says data-class={said}"
    matched = next((each for each in patterns if fnmatch(table.id.lower(), each.lower())), "")
    return f"its name matches {matched}" if matched else ""
