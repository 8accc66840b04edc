"""What a CloudWatch dashboard shows: the JSON of its body."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from readiness.semantics import metric_sql
from readiness.semantics.dashboard_variables import ANY, Variable, readings, variables_of


@dataclass(frozen=True, slots=True, order=True)
class Drawn:
    """A series on a dashboard; ``account`` is empty for the dashboard's own.

    The value of a dimension is ``*`` where the viewer of the dashboard chooses it.
    """

    namespace: str
    metric: str
    dimensions: frozenset[tuple[str, str]] = frozenset()
    region: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A search, query or tag filter that selects series when the dashboard is opened.

    ``region`` is where it searches; ``text`` is the expression, for an explorer the metric name.
    """

    kind: str
    text: str
    region: str = ""
    account: str = ""
    resource_type: str = ""
    is_narrowed: bool = False


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The series, searches and alarms on one dashboard; ``flaw`` says why it could not be read."""

    name: str
    series: tuple[Drawn, ...] = ()
    found: tuple[Found, ...] = ()
    alarms: tuple[str, ...] = ()
    flaw: str = ""


def parse(name: str, body: str) -> Dashboard:
    """A dashboard from the JSON text of its body (CloudWatch: "Dashboard body structure")."""
    try:
        about = json.loads(body)
        widgets = [each for each in about.get("widgets") or () if isinstance(each, Mapping)]
    except (ValueError, AttributeError, TypeError, RecursionError):
        return Dashboard(name, flaw="its body is not valid dashboard JSON")
    series: dict[Drawn, None] = {}
    found: dict[Found, None] = {}
    alarms: dict[str, None] = {}
    variables = variables_of(about)
    for widget in widgets:
        properties = widget.get("properties")
        if not isinstance(properties, Mapping):
            continue
        for each in _shown(str(widget.get("type", "")), properties):
            if isinstance(each, Drawn):
                series |= dict.fromkeys(_chosen(each, variables))
            else:
                found[each] = None
        annotations = properties.get("annotations")
        marked = annotations.get("alarms") if isinstance(annotations, Mapping) else ()
        listed = properties.get("alarms") if widget.get("type") == "alarm" else ()
        for arn in (*_items(marked), *_items(listed)):
            alarms[str(arn)] = None
    return Dashboard(name, tuple(series), tuple(found), tuple(alarms))


_PLACE = ("region", "accountId")


def _chosen(drawn: Drawn, variables: Sequence[Variable]) -> Iterator[Drawn]:
    """The series for each value of the variables that it depends on; ANY for unlisted ones."""
    pairs = {**dict(drawn.dimensions), "region": drawn.region, "accountId": drawn.account}
    for found in readings(pairs, variables):
        region, account = ("" if found[name] == ANY else found[name] for name in _PLACE)
        dimensions = frozenset((name, found[name]) for name, _ in drawn.dimensions)
        yield replace(drawn, dimensions=dimensions, region=region, account=account)


def _items(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _shown(kind: str, properties: Mapping[str, Any]) -> Iterator[Drawn | Found]:
    region, account = str(properties.get("region", "")), str(properties.get("accountId", ""))
    if kind == "metric":
        yield from _metrics(_items(properties.get("metrics")), region, account)
    elif kind == "explorer":
        narrowed = bool(_items(properties.get("labels")))
        for metric in _items(properties.get("metrics")):
            if isinstance(metric, Mapping):
                name, type_ = (
                    str(metric.get("metricName", "")),
                    str(metric.get("resourceType", "")),
                )
                yield Found("explorer", name, region, account, type_, narrowed)


def _metrics(rows: Sequence[Any], region: str, account: str) -> Iterator[Drawn | Found]:
    """The series of a widget's rows; a hidden one counts if an expression may use it."""
    previous: list[str] = []
    uses = any(
        isinstance(row, list) and any(isinstance(c, Mapping) and "expression" in c for c in row)
        for row in rows
    )
    for row in rows:
        if not isinstance(row, list):
            continue
        options = next((cell for cell in row if isinstance(cell, Mapping)), {})
        where = str(options.get("region", region)), str(options.get("accountId", account))
        if "expression" in options:
            yield from _expression(str(options["expression"]), *where)
            continue
        cells = expand([str(cell) for cell in row if not isinstance(cell, Mapping)], previous)
        if len(cells) < 2:
            continue
        previous = cells
        if options.get("visible", True) or uses:
            pairs = frozenset(zip(cells[2::2], cells[3::2], strict=False))
            yield Drawn(cells[0], cells[1], pairs, *where)


def expand(cells: Sequence[str], previous: Sequence[str]) -> list[str]:
    """A full row: ``.`` is the cell above, ``...`` all cells above that are not given."""
    if "..." in cells:
        at = cells.index("...")
        after = len(cells) - at - 1
        cells = [*cells[:at], *previous[at : max(at, len(previous) - after)], *cells[at + 1 :]]
    return [
        previous[n] if cell == "." and n < len(previous) else cell for n, cell in enumerate(cells)
    ]


def _expression(text: str, region: str, account: str) -> Iterator[Found]:
    if metric_sql.is_query(text):
        yield Found("query", text, region, account)
    elif "SEARCH(" in text.upper():
        yield Found("search", text, region, account)
