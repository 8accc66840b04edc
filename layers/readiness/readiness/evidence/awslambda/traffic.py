"""Metrics of a function and of its entry points since the deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from readiness.evidence.apigateway.apis import RestApiNames, rest_api_name
from readiness.evidence.awslambda.alias_moves import ALIAS_MOVES_READ, alias_moves, moved_since
from readiness.evidence.awslambda.functions import (
    FUNCTION,
    FunctionBuild,
    FunctionConfiguration,
    moment,
)
from readiness.evidence.awslambda.policy_callers import EntryPoints
from readiness.evidence.awslambda.versions import Alias, FunctionAliases
from readiness.evidence.cloudwatch.datapoints import DAY, GET_METRIC_DATA, WEEK, read_each
from readiness.evidence.cloudwatch.kept import LIST_METRICS, read_each_published
from readiness.evidence.elbv2.load_balancers import dimension_of
from readiness.evidence.elbv2.target_groups import BalancersOfGroups
from readiness.evidence.workloads.function_entry_points import hourly_runs_of
from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone, Unreadable
from readiness.semantics.metrics import Query, Series, series

_FINE = 300
_COARSE = 3600
_LAMBDA = "Lambda"


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """One place where the function's answers are counted.

    ``requests`` are all of them; ``failures`` those that failed, of which ``refused`` come on top
    of the requests (Lambda counts no throttled request as an invocation).
    """

    name: str
    requests: Series
    failures: Series
    refused: Series | None = None

    @property
    def _turned_away(self) -> float:
        return (self.refused.total or 0.0) if self.refused else 0.0

    @property
    def total(self) -> float:
        """How many requests came, also those that were refused."""
        return (self.requests.total or 0.0) + self._turned_away

    @property
    def failed(self) -> float:
        """How many of them failed or were refused."""
        return (self.failures.total or 0.0) + self._turned_away

    def since(self, start: datetime) -> EntryPoint:
        """What came from then on."""
        refused = self.refused.since(start) if self.refused else None
        return EntryPoint(
            self.name, self.requests.since(start), self.failures.since(start), refused
        )

    @property
    def spoken(self) -> str:
        return f"Failed requests of {self.name}: {self.failed:,.0f} of {self.total:,.0f}."


@evidence(
    FUNCTION,
    reads=(
        GET_METRIC_DATA,
        LIST_METRICS,
        ALIAS_MOVES_READ,
        "apigateway:GET",
    ),
    uses=(FunctionBuild, FunctionAliases, EntryPoints, BalancersOfGroups, RestApiNames),
    asks_with=("prod_alias",),
)
@dataclass(frozen=True, slots=True)
class TrafficSinceDeploy:
    """What the function answered since its code or configuration was last changed.

    What was answered before an alias was moved to its version is left out too: that of the setting
    prod_alias, else all of them. ``moving`` are those of which CloudTrail does not tell yet when
    they were moved; before ``begins`` one of them may have moved untold, None where none may.

    ``entry_points`` are the function itself (named ``Lambda``), its aliases (by name), its URL,
    and the APIs and load balancers in front of it. At most a week is read, in periods of 5 minutes
    where the deployment is of the last day and of an hour otherwise; the period in which it was
    deployed is left out. ``unreadable`` stands in place of entry points that could not be read.
    """

    deployed: datetime | None
    entry_points: tuple[EntryPoint, ...]
    aliases: tuple[str, ...] = ()
    code_sha256: str = ""
    flaw: str = ""
    unreadable: Unreadable | None = None
    moving: tuple[str, ...] = ()
    begins: datetime | None = None
    name: str = ""

    @classmethod
    def load(cls, read: Reader, function: Resource) -> TrafficSinceDeploy:
        configuration = read.of(FunctionBuild, function)
        return _measured(read, {function.id: configuration})[function.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, TrafficSinceDeploy]:
        return _measured(read, read.those(FunctionConfiguration))

    def entry_point(self, name: str) -> EntryPoint | None:
        return next(
            (entry_point for entry_point in self.entry_points if entry_point.name == name), None
        )


@dataclass(frozen=True, slots=True)
class _Plan:
    """What to measure of one function: for each entry point, the queries by their role."""

    deployed: datetime | None
    code_sha256: str
    aliases: tuple[Alias, ...]
    entry_points: Mapping[str, Mapping[str, Query]]
    flaw: str = ""
    unreadable: Unreadable | None = None
    moving: tuple[str, ...] = ()
    begins: datetime | None = None

    def is_recent(self, now: datetime) -> bool:
        return self.deployed is not None and now - self.deployed < DAY - timedelta(hours=1)


def _measured(
    read: Reader, configurations: Mapping[str, FunctionConfiguration]
) -> dict[str, TrafficSinceDeploy]:
    """Plans made function by function, several at a time; metrics for all of them together."""
    now = read.now
    plans = dict(
        zip(
            configurations,
            read.each(lambda each: _plan(read, each), configurations.values()),
            strict=True,
        )
    )
    plans = _since_the_move(read, plans)
    found: dict[tuple[str, str], dict[str, Series]] = {}
    for recent, span, period in ((True, DAY, _FINE), (False, WEEK, _COARSE)):
        shared = read.bulk and not recent
        wanted = {
            (name, entry_point): _apart(queries) if shared and entry_point == _LAMBDA else queries
            for name, plan in plans.items()
            if plan.is_recent(now) is recent
            for entry_point, queries in plan.entry_points.items()
        }
        # what was just deployed may publish series that ListMetrics does not show yet
        ask = read_each if recent else read_each_published
        found |= ask(read, wanted, span, period=period)
    if read.bulk:
        # what the hourly headings ask too, of the same functions
        for name, (requests, failures) in hourly_runs_of(read, plans, WEEK).items():
            if (name, _LAMBDA) in found and not plans[name].is_recent(now):
                found[name, _LAMBDA] |= {"requests": requests, "failures": failures}
    return {name: _traffic(name, plan, found) for name, plan in plans.items()}


def _since_the_move(read: Reader, plans: Mapping[str, _Plan]) -> dict[str, _Plan]:
    """The plans, of which those with aliases begin when the last of them was moved."""
    if not any(plan.aliases for plan in plans.values()):
        return dict(plans)
    try:
        moves = alias_moves(read, WEEK.days + 1)
    except Unreadable as error:
        return {
            name: replace(plan, unreadable=plan.unreadable or error) if plan.aliases else plan
            for name, plan in plans.items()
        }
    wanted = read.settings["prod_alias"]
    begun = {}
    for name, plan in plans.items():
        meant = [alias for alias in plan.aliases if alias.name == wanted] or plan.aliases
        moved, moving, begins = moved_since(moves, name, meant, plan.deployed)
        at = plan.deployed if plan.deployed is None or moved is None else max(plan.deployed, moved)
        begun[name] = replace(plan, deployed=at, moving=moving, begins=begins)
    return begun


def _traffic(
    name: str, plan: _Plan, found: Mapping[tuple[str, str], Mapping[str, Series]]
) -> TrafficSinceDeploy:
    entry_points = []
    for entry_point in plan.entry_points:
        of = found[name, entry_point]
        measured = EntryPoint(entry_point, of["requests"], of["failures"], of.get("refused"))
        entry_points.append(measured.since(plan.deployed) if plan.deployed else measured)
    return TrafficSinceDeploy(
        deployed=plan.deployed,
        entry_points=tuple(entry_points),
        aliases=tuple(alias.name for alias in plan.aliases),
        code_sha256=plan.code_sha256,
        flaw=plan.flaw,
        unreadable=plan.unreadable,
        moving=plan.moving,
        begins=plan.begins,
        name=name,
    )


def _plan(read: Reader, configuration: FunctionConfiguration) -> _Plan:
    name = configuration.name
    function = FUNCTION.resource(read.account, read.region, name)
    aliases: tuple[Alias, ...] = ()
    flaw, unreadable = "", None
    entry_points = {
        _LAMBDA: _lambda_metrics(FunctionName=name),
        "its function URL": {
            "requests": series("AWS/Lambda", "UrlRequestCount", "Sum", FunctionName=name),
            "failures": series("AWS/Lambda", "Url5xxCount", "Sum", FunctionName=name),
        },
    }
    try:
        aliases = read.of(FunctionAliases, function).all
        for alias in aliases:
            entry_points[f"alias {alias.name}"] = _lambda_metrics(
                FunctionName=name, Resource=f"{name}:{alias.name}"
            )
        front = read.of(EntryPoints, function)
        flaw = front.flaw
        entry_points |= _api_doors(read, front.apis) | _balancer_doors(read, front.target_groups)
    except Unreadable as error:
        unreadable = error
    except Gone:
        entry_points = {}
    return _Plan(
        deployed=moment(configuration.last_modified),
        code_sha256=configuration.code_sha256,
        aliases=aliases,
        entry_points=entry_points,
        flaw=flaw,
        unreadable=unreadable,
    )


def _apart(queries: Mapping[str, Query]) -> dict[str, Query]:
    """What Lambda counts of a function beside its runs and failures."""
    return {role: query for role, query in queries.items() if role == "refused"}


def _lambda_metrics(**dimensions: str) -> dict[str, Query]:
    return {
        role: series("AWS/Lambda", metric, "Sum", **dimensions)
        for role, metric in (
            ("requests", "Invocations"),
            ("failures", "Errors"),
            ("refused", "Throttles"),
        )
    }


def _api_doors(read: Reader, ids: tuple[str, ...]) -> dict[str, dict[str, Query]]:
    """REST APIs publish under their name, HTTP APIs under their id; an id is one or the other."""
    entry_points = {}
    for id in ids:
        name = rest_api_name(read, id)
        where = {"ApiId": id} if name is None else {"ApiName": name}
        failures = "5xx" if name is None else "5XXError"
        entry_points[f"API {name or id}"] = {
            "requests": series("AWS/ApiGateway", "Count", "Sum", **where),
            "failures": series("AWS/ApiGateway", failures, "Sum", **where),
        }
    return entry_points


def _balancer_doors(read: Reader, groups: tuple[str, ...]) -> dict[str, dict[str, Query]]:
    if not groups:
        return {}
    region = REGION.resource(read.account, read.region, read.account)
    known = read.of(BalancersOfGroups, region).by_group
    entry_points = {}
    for group in groups:
        for balancer in known.get(group, ()):
            where = {"LoadBalancer": dimension_of(balancer), "TargetGroup": dimension_of(group)}
            entry_points[f"target group {group.split('/')[1]}"] = {
                "requests": series("AWS/ApplicationELB", "RequestCount", "Sum", **where),
                "failures": series(
                    "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "Sum", **where
                ),
            }
    return entry_points
