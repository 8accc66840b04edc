"""Rules of Alarms: exhausted resources and costs."""

from typing import Annotated

from readiness import Severity, Verdict, cannot_tell, not_applicable
from readiness.evidence.awslambda.functions import FunctionIdentity
from readiness.evidence.awslambda.limits import ConcurrencyLimit
from readiness.evidence.budgets import Budgets
from readiness.evidence.cloudwatch.alarms import TableOperations
from readiness.evidence.cloudwatch.alarms_in_use import AlarmsInUse
from readiness.evidence.cloudwatch.billing_alarms import BillingAlarms
from readiness.evidence.cost_anomalies import CostAnomalies
from readiness.evidence.dynamodb.tables import TableCapacity, TableIndexes
from readiness.evidence.ecs.services import Service
from readiness.evidence.elasticache.clusters import CacheCluster
from readiness.evidence.organizations import Payer
from readiness.evidence.rds.instances import DatabaseInstance
from readiness.judgement.passing_states import of_passing_state
from readiness.judgement.restore_tests import of_restore_test
from readiness.model.text import listed

from . import utilization_alarms as utilization
from .cost_notifications import CostNotifications
from .coverage import covered
from .exempt import why_exempt
from .heading import watching
from .settings import AlarmLimits, CostLimits, FailureLimits, Percent

UTILIZATION = "Resource utilization alarms"


# -- utilization ------------------------------------------------------------------------------


@watching.rule(UTILIZATION, severity=Severity.MEDIUM)
def lambda_throttles(
    function: FunctionIdentity, alarms: AlarmsInUse, *, limits: FailureLimits
) -> Verdict:
    """An alarm covers throttled invocations of a function."""
    if exempt := why_exempt(function.name, function.master_arn):
        return exempt
    needed = utilization.function_throttles(function.name, alarms.published)
    return covered(alarms, needed, Severity.MEDIUM, limits)


@watching.rule(UTILIZATION, severity=Severity.MEDIUM)
def account_concurrency(
    limit: ConcurrencyLimit,
    alarms: AlarmsInUse,
    *,
    max_limit_percent: Percent = 80,
    limits: AlarmLimits,
) -> Verdict:
    """An alarm is raised before Lambda reaches the account's concurrency limit.

    What functions have reserved is not there for the others: where little is left, the alarm has
    to be on what is left.
    """
    if not limit.functions:
        return not_applicable("This region has no Lambda function.")
    needed = utilization.account_concurrency(limit.executions, max_limit_percent, limit.unreserved)
    return covered(alarms, needed, Severity.MEDIUM, limits)


@watching.rule(UTILIZATION, severity=Severity.MEDIUM)
def service_utilization(
    service: Service,
    alarms: AlarmsInUse,
    *,
    max_utilization_percent: Percent = 95,
    limits: AlarmLimits,
) -> Verdict:
    """Alarms cover the CPU and memory utilization of an ECS service, whether or not it scales."""
    needed = utilization.service_utilization(service, max_utilization_percent)
    return covered(alarms, needed, Severity.MEDIUM, limits)


@watching.rule(UTILIZATION, severity=Severity.MEDIUM)
def table_throttles(
    table: TableCapacity,
    indexes: TableIndexes,
    operations: TableOperations,
    alarms: AlarmsInUse,
    *,
    limits: FailureLimits,
) -> Verdict:
    """Alarms cover throttled reads and writes of a DynamoDB table, on-demand tables included.

    An index that was throttled in the last 14 days needs alarms too: the table's do not count it.
    """
    if passing := of_restore_test(table.name) or of_passing_state(table.status):
        return passing
    needed = utilization.table_throttles(
        table.name, indexes.names, operations.of(table.name), alarms.published
    )
    return covered(alarms, needed, Severity.MEDIUM, limits)


@watching.rule(UTILIZATION, severity=Severity.MEDIUM)
def cache_utilization(
    cluster: CacheCluster, alarms: AlarmsInUse, *, limits: AlarmLimits
) -> Verdict:
    """An alarm covers memory, evictions or CPU of an ElastiCache cluster."""
    if passing := of_passing_state(cluster.status):
        return passing
    needed = utilization.cache_utilization(cluster.name, cluster.nodes, cluster.engine)
    return covered(alarms, needed, Severity.MEDIUM, limits)


@watching.rule(UTILIZATION, severity=Severity.MEDIUM)
def database_utilization(
    database: DatabaseInstance,
    alarms: AlarmsInUse,
    *,
    required_groups: Annotated[
        tuple[str, ...], "What alarms must cover: any of cpu, storage and connections"
    ] = tuple(utilization.DATABASE_METRICS),
    limits: AlarmLimits,
) -> Verdict:
    """Alarms cover the CPU, free storage and connections of a database instance.

    The storage of Aurora, DocumentDB and Neptune grows by itself, and Neptune counts no
    connections.
    """
    if passing := of_restore_test(database.name) or of_passing_state(database.status):
        return passing
    if unknown := sorted(set(required_groups) - utilization.DATABASE_METRICS.keys()):
        return cannot_tell(f"The setting required_groups has unknown groups: {listed(unknown)}.")
    needed = utilization.database_utilization(database, required_groups)
    if not needed:
        return not_applicable(
            "No alarm is required: required_groups names nothing that this database has."
        )
    return covered(alarms, needed, Severity.MEDIUM, limits)


# -- costs ------------------------------------------------------------------------------------


@watching.rule("Cost alarms", severity=Severity.MEDIUM)
def cost_alarms(
    budgets: Budgets,
    anomalies: CostAnomalies,
    billing: BillingAlarms,
    payer: Payer,
    *,
    limits: CostLimits,
) -> Verdict:
    """A budget, a cost anomaly subscription or a billing alarm notifies someone of the costs."""
    return CostNotifications(budgets, anomalies, billing, payer, limits).verdict()
