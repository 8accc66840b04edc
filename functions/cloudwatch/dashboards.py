"""Whether dashboards show a workload: the series behind their widgets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from readiness.model.text import listed
from readiness.model.verdict import Verdict, cannot_tell, complies, not_applicable, violates
from readiness.semantics import metric_sql
from readiness.semantics.dashboard_body import Dashboard, Drawn, Found
from readiness.semantics.dashboard_variables import ANY
from readiness.semantics.metric_sql import Match, Selection

_TERM = re.compile(r"""(\w+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([\w./:-]+))""")
_SCHEMA = re.compile(r"\{([^{}]*)\}")
_SEARCH = re.compile(r"SEARCH\(\s*(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\")", re.IGNORECASE)
_LOGIC = re.compile(r"\b(NOT|OR)\b|[*]")
_KINDS = {"AWS::Lambda::Function": "FunctionName"}


# -- what shows a series ----------------------------------------------------------------------


def _series(drawn: Drawn, wanted: Drawn) -> bool:
    """Whether a drawn series is the wanted one or a part of it (one alias, one stage)."""
    chosen = dict(drawn.dimensions)
    return (
        (drawn.namespace, drawn.metric) == (wanted.namespace, wanted.metric)
        and all(chosen.get(name) in {value, ANY} for name, value in wanted.dimensions)
        and drawn.region in {"", wanted.region}
        and drawn.account in {"", wanted.account}
    )


def _finds(found: Found, wanted: Drawn) -> Match:
    if found.region not in {"", wanted.region} or found.account not in {"", wanted.account}:
        return Match.NO
    dimensions = dict(wanted.dimensions)
    if found.kind == "query":
        selection = metric_sql.parse(found.text)
        if selection is None:
            told = metric_sql.mentions(found.text, wanted.namespace, wanted.metric)
            return Match.MAYBE if told else Match.NO
        return _selected(selection, wanted, dimensions)
    if found.kind == "explorer":
        key = _KINDS.get(found.resource_type, "")
        if found.text != wanted.metric or key not in dimensions:
            return Match.NO
        return Match.MAYBE if found.is_narrowed else Match.YES
    return _searched(found.text, wanted, dimensions)


def _selected(selection: Selection, wanted: Drawn, dimensions: Mapping[str, str]) -> Match:
    """What a query selects; one line for all series together does not show a single one."""
    said = selection.reads(wanted.namespace, wanted.metric, dimensions)
    alone = set(selection.where) >= {(key, True, value) for key, value in dimensions.items()}
    return Match.MAYBE if said is Match.YES and not alone else said


def _searched(text: str, wanted: Drawn, dimensions: Mapping[str, str]) -> Match:
    """What a SEARCH finds, by its ``{namespace,dimensions}`` and simple terms."""
    asks = _SEARCH.search(text)
    text = (asks.group(1) or asks.group(2) or "") if asks else text
    schema = _SCHEMA.search(text)
    if schema:
        namespace, *keys = (part.strip().strip('"') for part in schema.group(1).split(","))
        if namespace != wanted.namespace or not set(dimensions) <= set(keys):
            return Match.NO
    simple = asks is not None and not _LOGIC.search(text)
    plain = schema is not None and simple
    asked = {"metricname": wanted.metric, "namespace": wanted.namespace}
    asked |= {key.lower(): value for key, value in dimensions.items()}
    named = set()
    for key, double, single, bare in _TERM.findall(text):
        value = double or single or bare
        named.add(key.lower())
        if key.lower() not in asked:
            plain = False
        elif value != asked[key.lower()]:
            if not bare:
                return Match.NO
            plain = False  # without quotes a part of the name is enough
    free = set(re.findall(r"[\w./-]+", _TERM.sub(" ", _SCHEMA.sub(" ", text)))) - {"AND"}
    known = " ".join((wanted.namespace, wanted.metric, *dimensions, *dimensions.values())).lower()
    if simple and any(word.lower() not in known for word in free):
        return Match.NO
    return Match.YES if plain and not free and "metricname" in named else Match.MAYBE


def shows(dashboards: Iterable[Dashboard], watched: Iterable[Drawn], wanted: Drawn) -> Match:
    """Whether any dashboard shows a series; ``watched`` are those of alarms on dashboards."""
    if any(_series(each, wanted) for each in watched):
        return Match.YES
    best = Match.NO
    for dashboard in dashboards:
        if dashboard.flaw:
            best = Match.MAYBE
        if any(_series(each, wanted) for each in dashboard.series):
            return Match.YES
        said = {_finds(each, wanted) for each in dashboard.found}
        if Match.YES in said:
            return Match.YES
        if Match.MAYBE in said:
            best = Match.MAYBE
    return best


# -- what has to be shown ---------------------------------------------------------------------

GROUPS = ("traffic", "errors", "latency", "saturation")
_OWN = {
    "traffic": re.compile(r"success|count|request|invocation", re.IGNORECASE),
    "errors": re.compile(r"error|fail|fault", re.IGNORECASE),
    "latency": re.compile(r"latenc|duration|time", re.IGNORECASE),
    "saturation": re.compile(r"throttl|concurren|memory|cpu|queue", re.IGNORECASE),
}
"""Names that say what a custom metric shows."""


def of_function(name: str, region: str, account: str) -> dict[str, list[Drawn]]:
    """The series of a function; any one of them shows its group."""
    own = frozenset({("FunctionName", name)})
    metrics = {
        "traffic": ("Invocations", "UrlRequestCount"),
        "errors": ("Errors", "Url5xxCount"),
        "latency": ("Duration", "UrlRequestLatency"),
        "saturation": ("Throttles", "ConcurrentExecutions"),
    }
    return {
        group: [Drawn("AWS/Lambda", metric, own, region, account) for metric in names]
        for group, names in metrics.items()
    }


def of_service(
    cluster: str, name: str, routes: Sequence[tuple[str, str]], region: str, account: str
) -> dict[str, list[Drawn]]:
    """The series of an ECS service; without a load balancer only custom metrics show the rest."""
    own = frozenset({("ClusterName", cluster), ("ServiceName", name)})
    wanted: dict[str, list[Drawn]] = {group: [] for group in GROUPS}
    wanted["saturation"] = [
        Drawn(namespace, metric, own, region, account)
        for namespace, metric in (
            ("AWS/ECS", "CPUUtilization"),
            ("AWS/ECS", "MemoryUtilization"),
            ("ECS/ContainerInsights", "CpuUtilized"),
            ("ECS/ContainerInsights", "MemoryUtilized"),
        )
    ]
    front = {
        "traffic": ("RequestCount", "RequestCountPerTarget"),
        "errors": ("HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"),
        "latency": ("TargetResponseTime",),
    }
    for balancer, target in routes:
        for pair in (("LoadBalancer", balancer), ("TargetGroup", target)):
            for group, metrics in front.items():
                wanted[group] += [
                    Drawn("AWS/ApplicationELB", metric, frozenset({pair}), region, account)
                    for metric in metrics
                ]
    return wanted


@dataclass(frozen=True, slots=True)
class Own:
    """How custom metrics name a workload: pairs of a dimension and a name.

    ``cluster`` is that of a service, by which it differs from a namesake in another one.
    """

    names: AbstractSet[tuple[str, str]]
    region: str
    account: str
    cluster: str = ""

    def _is_here(self, region: str, account: str) -> bool:
        return region in {"", self.region} and account in {"", self.account}

    def _is_of(self, drawn: Drawn) -> bool:
        chosen = dict(drawn.dimensions)
        is_named = any(chosen.get(key) in {name, ANY} for key, name in self.names)
        is_there = not self.cluster or chosen.get("ClusterName", ANY) in {self.cluster, ANY}
        is_own = is_named and is_there and not drawn.namespace.startswith("AWS/")
        return is_own and self._is_here(drawn.region, drawn.account)

    def shown(self, drawn: Iterable[Drawn]) -> set[str]:
        """The groups that its custom metrics among those drawn belong to."""
        names = [each.metric for each in drawn if self._is_of(each)]
        return {group for group, pattern in _OWN.items() if any(map(pattern.search, names))}

    def perhaps(self, found: Iterable[Found]) -> set[str]:
        """The groups that searches and queries for custom metrics may show of it."""
        names = [name for each in found for name in self._sought(each)]
        return {group for group, pattern in _OWN.items() if any(map(pattern.search, names))}

    def _sought(self, found: Found) -> Iterator[str]:
        """The names of the metrics of an own namespace that a search or query asks for."""
        if not self._is_here(found.region, found.account):
            return
        if found.kind == "query":
            selection = metric_sql.parse(found.text)
            if selection is not None and not selection.namespace.startswith("AWS/"):
                keys = {key for key, _ in self.names}
                if selection.keys is None or selection.keys & keys:
                    yield selection.metric
            return
        schema = _SCHEMA.search(found.text) if found.kind == "search" else None
        if schema is None:
            return
        namespace, *dimensions = (part.strip().strip('"') for part in schema.group(1).split(","))
        if namespace.startswith("AWS/") or not {key for key, _ in self.names} & {*dimensions}:
            return
        for key, *values in _TERM.findall(found.text):
            if key.lower() == "metricname":
                yield next(filter(None, values), "")


def judge(
    dashboards: Iterable[Dashboard],
    watched: Mapping[str, Sequence[Drawn]],
    wanted: Mapping[str, Sequence[Drawn]],
    own: Own,
    required: tuple[str, ...],
    pattern: str,
) -> Verdict:
    """Whether dashboards show every required group of a workload.

    ``watched`` are the series of the alarms on each dashboard, ``wanted`` those that show a group,
    ``own`` how custom metrics name the workload; ``pattern`` selects dashboards by name.
    """
    unknown = sorted(set(required) - set(GROUPS))
    if unknown:
        return cannot_tell(f"The setting required_groups has unknown groups: {listed(unknown)}.")
    try:
        chosen = [each for each in dashboards if re.search(pattern, each.name)]
    except re.error as error:
        return cannot_tell(f"The setting dashboard_pattern is not a regular expression: {error}.")
    if not required:
        return not_applicable("The setting required_groups requires nothing here.")
    alarmed = [series for each in chosen for series in watched.get(each.name, ())]
    mine = own.shown([*(series for each in chosen for series in each.series), *alarmed])
    sought = own.perhaps(found for each in chosen for found in each.found)
    said = {
        group: Match.YES
        if group in mine
        else max(
            (shows(chosen, alarmed, each) for each in wanted[group]),
            key=(Match.NO, Match.MAYBE, Match.YES).index,
            default=Match.NO,
        )
        for group in required
    }
    said |= {group: Match.MAYBE for group in sought if said.get(group) is Match.NO}
    missing = [group for group, match in said.items() if match is Match.NO]
    unsure = [group for group, match in said.items() if match is Match.MAYBE]
    if missing:
        reason = f"No dashboard shows the workload's {listed(missing)}."
        expected = f"A widget for each of {listed(required)}."
        return violates(reason, expected=expected, dashboards=len(chosen), missing=missing)
    if unsure:
        return cannot_tell(
            f"Whether dashboards show the workload's {listed(unsure)} is unknown: it depends on a"
            " search, a query, tags, or a dashboard that could not be parsed."
        )
    return complies(f"Dashboards show the workload's {listed(required)}.", dashboards=len(chosen))
