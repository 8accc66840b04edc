"""All tests of a failover in a region, and what there is that could fail over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from readiness.evidence.ecs.services import SERVICE_READS, every_service
from readiness.evidence.workloads.failover_tests.databases import (
    CLUSTER_FAILOVERS,
    INSTANCE_FAILOVERS,
    database_failovers,
)
from readiness.evidence.workloads.failover_tests.experiments import experiments
from readiness.evidence.workloads.failover_tests.failover_test import (
    DATABASE,
    NAMED,
    PRACTICE_RUN,
    SWITCH,
    TEST_RUN,
    FailoverTest,
    deployed_since,
    deployment_times,
)
from readiness.evidence.workloads.failover_tests.recovery_controller import (
    plans,
    practice_runs,
    region_switches,
    shiftable,
)
from readiness.evidence.workloads.failover_tests.resilience_hub import (
    resilience_services,
    test_runs,
)
from readiness.model.evidence import REGION, ServiceEvent, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(
    REGION,
    reads=(
        "fis:ListExperiments",
        "fis:GetExperiment",
        "fis:ListExperimentResolvedTargets",
        "arc-zonal-shift:ListManagedResources",
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
        ServiceEvent("RDS DB Instance Event", match=(("EventID", INSTANCE_FAILOVERS),)),
        ServiceEvent("RDS DB Cluster Event", match=(("EventID", CLUSTER_FAILOVERS),)),
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
    databases, plans, services of Resilience Hub and resources of zonal shift that exist, by the
    label of their tests, with the time when a database was created; ``things`` are the ECS
    services and databases by ARN, likewise.
    Sources: FIS ListExperiments, GetExperiment and ListExperimentResolvedTargets of the newest 50;
    ListZonalShifts and ListManagedResources; ListPlanExecutions of each plan; Resilience Hub's
    ListTestRuns of each service; RDS DescribeDBInstances, and DescribeEvents of 14 days.
    """

    tests: tuple[FailoverTest, ...]
    now: datetime
    services: int = 0
    databases: int = 0
    deployed_at: Mapping[str, datetime] = field(default_factory=dict)
    subjects: Mapping[str, datetime | None] = field(default_factory=dict)
    things: Mapping[str, datetime | None] = field(default_factory=dict)

    @property
    def has_workload(self) -> bool:
        """Whether anything of the region is known that could fail over."""
        return bool(self.services or self.databases)

    @classmethod
    def load(cls, read: Reader, region: Resource) -> FailoverTests:
        services = list(every_service(read).values())
        tests = [
            *experiments(read, services),
            *practice_runs(read),
            *region_switches(read),
            *test_runs(read),
            *database_failovers(read),
        ]
        newest = sorted(tests, key=lambda test: test.ended or read.now, reverse=True)
        databases = read.every("rds", "describe_db_instances", "DBInstances")
        return cls(
            tuple(newest),
            read.now,
            sum(1 for each in services if each.desired_count),
            len(databases),
            deployment_times(services),
            dict(_subjects(read, databases)),
            {**{each.arn: None for each in services}, **dict(_by_arn(databases))},
        )

    def is_of_the_past(self, test: FailoverTest) -> bool:
        """Whether what was tested is deleted, or another database has its name now."""
        if test.kind in NAMED:
            return not _was_there(test, self.subjects, test.label)
        return bool(test.hit) and not any(_was_there(test, self.things, arn) for arn in test.hit)

    def deployed_since(self, ended: datetime, touched: Iterable[str]) -> tuple[str, ...]:
        """The names of those services that were deployed after a time."""
        return deployed_since(ended, touched, self.deployed_at)


def _was_there(test: FailoverTest, existing: Mapping[str, datetime | None], name: str) -> bool:
    """Whether what bears a name now did so when the test ended."""
    created = existing.get(name)
    return name in existing and (created is None or test.ended is None or test.ended >= created)


def _by_arn(databases: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, datetime | None]]:
    for each in databases:
        arn = each["DBInstanceArn"]
        yield arn, each.get("InstanceCreateTime")
        if cluster := each.get("DBClusterIdentifier"):
            yield f"{arn.rpartition(':db:')[0]}:cluster:{cluster}", None


def _subjects(
    read: Reader, databases: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[str, datetime | None]]:
    for each in databases:
        yield f"{DATABASE} {each['DBInstanceIdentifier']}", each.get("InstanceCreateTime")
        if cluster := each.get("DBClusterIdentifier"):
            yield f"{DATABASE} {cluster}", None
    for plan in plans(read):
        yield f"{SWITCH} {plan['name']}", None
    for service in resilience_services(read):
        yield f"{TEST_RUN} {service['name']}", None
    for managed in shiftable(read):
        yield f"{PRACTICE_RUN} {managed['arn'].rpartition(':')[2]}", None
