"""Tests of a zone failure: FIS experiments, zonal shifts, ARC switches and failovers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from readiness.evidence.ecs.services import SERVICE_READS, Service, every_service
from readiness.model.evidence import REGION, ServiceEvent, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_MINUTES = 20_160
_NEWEST = 50
"""How many experiments are read one by one, the newest first."""

_INSTANCE_FAILOVERS = ("RDS-EVENT-0015", "RDS-EVENT-0034", "RDS-EVENT-0049")
_CLUSTER_FAILOVERS = ("RDS-EVENT-0069", "RDS-EVENT-0070", "RDS-EVENT-0071")
"""Failovers that ended, well or not (RDS User Guide, "Amazon RDS event categories")."""

EXPERIMENT = "FIS experiment"
_DATABASE, _SWITCH, _TEST_RUN = (
    "failover of database",
    "region switch",
    "Resilience Hub test run of",
)
_NAMED = frozenset({_DATABASE, _SWITCH, _TEST_RUN})
"""Kinds of tests of one thing, which is known to exist or not."""

_RUNNING = frozenset({"pending", "initiating", "running", "stopping"})
_HARMLESS = ("aws:fis:wait", "aws:cloudwatch:")
"""Actions that break nothing: they wait, or look at an alarm."""
_SLOWS = re.compile(r"(?i)stress|latency|add-delay|packet-loss|throttle-error|disk-fill")
"""In the name of an action or of the document it runs: things get slow, and nothing fails."""
_REFUSES = re.compile(r"(?i)insufficient|inject-api|invocation-|pause-replication")
"""In the name of an action: calls are refused or replication waits; nothing that runs fails."""
_CUTS = "aws:network:disrupt-connectivity"
_WHOLE_SUBNETS = frozenset({"all", "availability-zone", "vpc"})
"""Scopes that cut a subnet off from other zones; the rest cut off a service or some addresses."""
_FAILS_OVER = frozenset(
    {
        "aws:arc:start-zonal-autoshift",
        "aws:elasticache:interrupt-cluster-az-power",
        "aws:elasticache:replicationgroup-interrupt-az-power",
        "aws:network:route-table-disrupt-cross-region-connectivity",
        "aws:network:transit-gateway-disrupt-cross-region-connectivity",
        "aws:rds:failover-db-cluster",
    }
)
"""Actions that fail a zone or a region, or have something fail over, whatever they aim at."""
_REBOOTS = "aws:rds:reboot-db-instances"


@dataclass(frozen=True, slots=True)
class FailoverTest:
    """One try of a failover.

    ``passed`` is None while it runs. ``flaw`` says why one that ended proves nothing; ``stopped``
    that something was stopped nevertheless. ``touched`` are the ECS services (ARNs) that it hit;
    ``deployed`` names those of them that were deployed after it ended, which it therefore says
    nothing about.
    """

    kind: str
    name: str
    ended: datetime | None
    passed: bool | None
    outcome: str = ""
    flaw: str = ""
    deployed: tuple[str, ...] = ()
    stopped: bool = False
    touched: tuple[str, ...] = ()

    def has_ended_since(self, oldest: datetime) -> bool:
        """Whether it has ended, and not before ``oldest``."""
        return self.passed is not None and self.ended is not None and self.ended >= oldest

    @property
    def key(self) -> str:
        """What a later test must share to take the place of this one."""
        return self.kind if self.kind == EXPERIMENT else self.label

    @property
    def label(self) -> str:
        """Kind and name, for a sentence."""
        return f"{self.kind} {self.name}"


@evidence(
    REGION,
    reads=(
        "fis:ListExperiments",
        "fis:GetExperiment",
        "fis:ListExperimentResolvedTargets",
        "arc-zonal-shift:ListZonalShifts",
        "arc-region-switch:ListPlans",
        "arc-region-switch:ListPlanExecutions",
        "resiliencehub:ListServices",
        "resiliencehub:ListTestRuns",
        "rds:DescribeDBInstances",
        "rds:DescribeEvents",
        *SERVICE_READS,
    ),
    changed_by=(
        ServiceEvent(
            "FIS Experiment State Change",
            match=(("new-state.status", ("completed", "stopped", "failed", "cancelled")),),
        ),
        ServiceEvent("Practice Run Succeeded"),
        ServiceEvent("Practice Run Failed"),
        ServiceEvent("Practice Run Interrupted"),
        ServiceEvent("FIS Experiment Autoshift Completed"),
        ServiceEvent("RDS DB Instance Event", match=(("EventID", _INSTANCE_FAILOVERS),)),
        ServiceEvent("RDS DB Cluster Event", match=(("EventID", _CLUSTER_FAILOVERS),)),
        ServiceEvent(
            "ECS Deployment State Change",
            match=(("eventName", ("SERVICE_DEPLOYMENT_COMPLETED",)),),
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class FailoverTests:
    """The tests of a failover in the region, newest first, and whether there is what could fail.

    A deployment does not wake it: the sweep sees that a test is older than what runs.
    ``services`` counts the ECS services that are to run tasks, ``databases`` those of RDS;
    ``deployed_at`` is when the deployment began that each service (ARN) runs. ``subjects`` are the
    databases, plans and services of Resilience Hub that exist, by the label of their tests, with
    the time when a database was created.
    Sources: FIS ListExperiments, GetExperiment and ListExperimentResolvedTargets of the newest 50;
    ListZonalShifts; ListPlanExecutions of each plan; Resilience Hub's ListTestRuns of each
    service; RDS DescribeDBInstances, and DescribeEvents of 14 days.
    """

    tests: tuple[FailoverTest, ...]
    now: datetime
    services: int = 0
    databases: int = 0
    deployed_at: Mapping[str, datetime] = field(default_factory=dict)
    subjects: Mapping[str, datetime | None] = field(default_factory=dict)

    @property
    def has_workload(self) -> bool:
        """Whether anything of the region is known that could fail over."""
        return bool(self.services or self.databases)

    @classmethod
    def load(cls, read: Reader, region: Resource) -> FailoverTests:
        services = [each for each in every_service(read).values() if each.desired_count]
        tests = [
            *_experiments(read, services),
            *_shifts(read),
            *_switches(read),
            *_test_runs(read),
            *_database_failovers(read),
        ]
        newest = sorted(tests, key=lambda test: test.ended or read.now, reverse=True)
        databases = read.every("rds", "describe_db_instances", "DBInstances")
        return cls(
            tuple(newest),
            read.now,
            len(services),
            len(databases),
            _deployed_at(services),
            dict(_subjects(read, databases)),
        )

    def is_of_the_past(self, test: FailoverTest) -> bool:
        """Whether what was tested is deleted, or another database has its name now."""
        if test.kind not in _NAMED:
            return False
        if test.label not in self.subjects:
            return True
        created = self.subjects[test.label]
        return created is not None and test.ended is not None and test.ended < created

    def deployed_since(self, ended: datetime, touched: Iterable[str]) -> tuple[str, ...]:
        """The names of those services that were deployed after a time."""
        return deployed_since(ended, touched, self.deployed_at)


def _subjects(
    read: Reader, databases: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[str, datetime | None]]:
    for each in databases:
        yield f"{_DATABASE} {each['DBInstanceIdentifier']}", each.get("InstanceCreateTime")
        if cluster := each.get("DBClusterIdentifier"):
            yield f"{_DATABASE} {cluster}", None
    for plan in _plans(read):
        yield f"{_SWITCH} {plan['name']}", None
    for service in _resilience_services(read):
        yield f"{_TEST_RUN} {service['name']}", None


# -- Fault Injection Service --------------------------------------------------------------------


def _experiments(read: Reader, services: Sequence[Service]) -> Iterator[FailoverTest]:
    found = read.every("fis", "list_experiments", "experiments")
    newest = sorted(found, key=lambda each: each["creationTime"], reverse=True)[:_NEWEST]
    for summary in newest:
        answer = read.one(
            "fis",
            "get_experiment",
            absent=("ResourceNotFoundException",),
            id=summary["id"],
        )
        if answer is None:
            continue  # FIS forgets an experiment after 120 days
        about = answer["experiment"]
        state = about["state"]["status"]
        if state in _RUNNING:
            yield FailoverTest(EXPERIMENT, about["id"], None, None, state)
            continue
        targets = read.every(
            "fis",
            "list_experiment_resolved_targets",
            "resolvedTargets",
            absent=("ResourceNotFoundException",),
            experimentId=about["id"],
        )
        flaw = _flaw(about, targets) if state == "completed" else _aimless(about)
        ended = about.get("endTime") or about["creationTime"]
        touched = _touched(targets, services)
        yield FailoverTest(
            EXPERIMENT,
            about["id"],
            ended,
            state == "completed",
            state,
            flaw,
            deployed_since(ended, touched, _deployed_at(services)),
            stopped=flaw == NO_ZONE,
            touched=touched,
        )


NO_ZONE = "it failed no zone, only single resources or the way to single services"


def _aimless(about: Mapping[str, Any]) -> str:
    """Why one that did not complete was no test of a failover; empty where it was.

    A stress test that somebody stops says nothing of a zone, good or bad.
    """
    aims = about.get("targets") or {}
    planned = (about.get("actions") or {}).values()
    if any(_fails_a_zone(action, aims) for action in planned):
        return ""
    return f"it was {about['state']['status']}, and was to fail no zone"


def _flaw(about: Mapping[str, Any], targets: Sequence[Mapping[str, Any]]) -> str:
    """Why an experiment proves nothing though it ended; empty where it does."""
    actions = about.get("actions") or {}
    breaking = {
        name: action
        for name, action in actions.items()
        if not str(action.get("actionId", "")).startswith(_HARMLESS)
    }
    done = [a for a in breaking.values() if (a.get("state") or {}).get("status") == "completed"]
    stops = [each.get("source", "none") for each in about.get("stopConditions") or ()]
    mode = (about.get("experimentOptions") or {}).get("actionsMode")
    flaws = {
        "it was a dry run that skipped every action": mode == "skip-all",
        "none of its actions breaks anything": not breaking,
        "it resolved no target, so nothing was broken": not any(True for _ in targets),
        "none of its actions was completed": not done,
        "its actions slow things down, and take nothing away that could fail over": all(
            map(_only_slows, done)
        ),
        "no stop condition watched it, so nothing tells that the workload held": all(
            source == "none" for source in stops
        ),
        NO_ZONE: not any(_fails_a_zone(action, about.get("targets") or {}) for action in done),
    }
    return next((flaw for flaw, holds in flaws.items() if holds), "")


def _only_slows(action: Mapping[str, Any]) -> bool:
    named = action.get("actionId", ""), (action.get("parameters") or {}).get("documentArn", "")
    return any(_SLOWS.search(each) for each in named)


def _fails_a_zone(action: Mapping[str, Any], targets: Mapping[str, Any]) -> bool:
    """Whether an action took away all of a zone at which it aimed, or had something fail over.

    FIS has no flag for it. Some actions are about a zone by their nature; of the others each
    target has to be confined to a zone, and to be all of it.
    """
    named, given = str(action.get("actionId", "")), action.get("parameters") or {}
    if named == _CUTS:
        return given.get("scope", "all") in _WHOLE_SUBNETS
    if named == _REBOOTS:
        return str(given.get("forceFailover", "")).lower() == "true"
    if named in _FAILS_OVER:
        return True
    if _only_slows(action) or _REFUSES.search(named):
        return False
    aims = [targets.get(name) or {} for name in (action.get("targets") or {}).values()]
    return bool(aims) and all(map(_is_of_a_zone, aims))


def _is_of_a_zone(target: Mapping[str, Any]) -> bool:
    """Whether a target is all that there is of its kind in a zone."""
    said = [*(target.get("parameters") or {})]
    said += [str(each.get("path", "")) for each in target.get("filters") or ()]
    in_a_zone = any("availabilityzone" in each.lower() for each in said)
    return in_a_zone and target.get("selectionMode", "ALL") in {"ALL", "PERCENT(100)"}


def _touched(targets: Sequence[Mapping[str, Any]], services: Sequence[Service]) -> tuple[str, ...]:
    """The services (ARNs) that were among the targets, or stand in what was."""
    named = {
        value for target in targets for value in (target.get("targetInformation") or {}).values()
    }
    clusters = {arn.split("/")[1] for arn in named if ":task/" in arn and arn.count("/") > 1}
    subnets = {arn.rpartition("/")[2] for arn in named if ":subnet/" in arn}
    return tuple(
        each.arn
        for each in services
        if each.arn in named
        or each.cluster_arn in named
        or each.cluster_arn.rpartition("/")[2] in clusters
        or subnets.intersection(each.subnet_ids)
    )


def _deployed_at(services: Sequence[Service]) -> dict[str, datetime]:
    return {
        each.arn: each.primary["createdAt"]
        for each in services
        if each.primary and each.primary.get("createdAt")
    }


def deployed_since(
    ended: datetime, touched: Iterable[str], deployed_at: Mapping[str, datetime]
) -> tuple[str, ...]:
    """The names of those services (ARNs) that were deployed after a time."""
    return tuple(
        arn.rpartition("/")[2]
        for arn in touched
        if (when := deployed_at.get(arn)) is not None and when > ended
    )


# -- Application Recovery Controller ------------------------------------------------------------


def _shifts(read: Reader) -> Iterator[FailoverTest]:
    """Practice runs of zonal autoshift; a shift by hand has no outcome that AWS observes."""
    for each in read.every("arc-zonal-shift", "list_zonal_shifts", "items"):
        if each.get("shiftType") != "PRACTICE_RUN":
            continue
        outcome = each.get("practiceRunOutcome", "PENDING")
        name = each["resourceIdentifier"].rpartition(":")[2]
        if outcome == "PENDING":
            yield FailoverTest("practice run of", name, None, None, outcome)
        else:
            flaw = "" if outcome != "INTERRUPTED" else "it was interrupted before it told anything"
            yield FailoverTest(
                "practice run of",
                name,
                each.get("expiryTime") or each["startTime"],
                outcome == "SUCCEEDED",
                outcome,
                flaw,
            )


_SWITCHING = frozenset(
    {"inProgress", "pausedByFailedStep", "pausedByOperator", "pendingManualApproval", "pending"}
    | {"completedMonitoringApplicationHealth"}
)


def _plans(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every("arc-region-switch", "list_plans", "plans")


def _switches(read: Reader) -> Iterator[FailoverTest]:
    for plan in _plans(read):
        executions = read.every(
            "arc-region-switch",
            "list_plan_executions",
            "items",
            absent=("ResourceNotFoundException",),
            planArn=plan["arn"],
        )
        for each in executions:
            state = each["executionState"]
            is_running = state in _SWITCHING
            yield FailoverTest(
                _SWITCH,
                plan["name"],
                None if is_running else each.get("endTime") or each["startTime"],
                None if is_running else state == "completed",
                state,
            )


# -- Resilience Hub -----------------------------------------------------------------------------


def _resilience_services(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every("resiliencehubv2", "list_services", "serviceSummaries")


def _test_runs(read: Reader) -> Iterator[FailoverTest]:
    for service in _resilience_services(read):
        runs = read.every(
            "resiliencehubv2",
            "list_test_runs",
            "testRuns",
            absent=("ResourceNotFoundException",),
            serviceArn=service["serviceArn"],
        )
        for each in runs:
            status = each["status"]
            is_running = status in {"INITIALIZING", "RUNNING", "STOPPING"}
            yield FailoverTest(
                _TEST_RUN,
                service["name"],
                None if is_running else each.get("endedAt") or each["startedAt"],
                None if is_running else status == "PASSED",
                status,
            )


# -- RDS ----------------------------------------------------------------------------------------

_DONE = (
    "failover completed",
    "failover to standby complete",
    "completed failover to db instance",
)
_FAILED = ("failover failed", "abandoning user requested failover", "promoting previous primary")


def _database_failovers(read: Reader) -> Iterator[FailoverTest]:
    for kind in ("db-instance", "db-cluster"):
        events = read.every(
            "rds",
            "describe_events",
            "Events",
            SourceType=kind,
            EventCategories=["failover"],
            Duration=_MINUTES,
        )
        for each in events:
            text = each.get("Message", "").lower()
            is_done = any(words in text for words in _DONE)
            has_failed = any(words in text for words in _FAILED)
            if is_done or has_failed:
                yield FailoverTest(
                    _DATABASE,
                    each["SourceIdentifier"],
                    each["Date"],
                    is_done and not has_failed,
                    each.get("Message", ""),
                )
