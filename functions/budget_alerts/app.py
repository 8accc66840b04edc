"""Budgets and alerts: someone is notified of costs in time, and tags allocate them."""

from typing import Annotated

from readiness import Between, Severity, Verdict, heading, not_applicable
from readiness.engine.handler import handler_of
from readiness.evidence.autoscaling.groups import BATCH_TAG
from readiness.evidence.awslambda.functions import FunctionIdentity, FunctionTags
from readiness.evidence.billing_reports import BillingReports
from readiness.evidence.budgets import Bounds, BudgetActions, Budgets
from readiness.evidence.cost_anomalies import Anomalies, AnomalyDetection
from readiness.evidence.costexplorer import CostAllocationTags
from readiness.evidence.ecs.services import Service
from readiness.evidence.organizations import Payer
from readiness.evidence.rds.instances import is_auto_scaled
from readiness.evidence.workloads.cost_tags import (
    BalancerTags,
    CacheClusterTags,
    CacheGroupTags,
    FileSystemTags,
    GroupTags,
    InstanceTags,
    LogGroupsTags,
    MemoryDbTags,
    QueueTags,
    ServiceTaskTags,
    TopicTags,
    VolumeTags,
)
from readiness.evidence.workloads.data_stores import (
    BucketTags,
    ClusterTags,
    DatabaseTags,
    SecretTags,
    TableTags,
)
from readiness.evidence.workloads.manifests import Manifests
from readiness.judgement.service_functions import of_service_function
from readiness.model.manifest import DEFAULT
from readiness.model.tags import WORKLOAD_TAG
from readiness.model.text import listed

from .anomalies import AnomalyLimits, judge_detection, judge_review
from .budgets import BudgetLimits, judge_actions, judge_budgets
from .reports import judge_reports
from .settings import REQUIRED, BucketTagSettings, KeySettings, TagSettings
from .tags import judge_alike, judge_allocation, judge_tags, unbilled_tasks, unpropagated

budget_alerts = heading("Cost Management", "Budget & Alerts")

BUDGETS = "Set up AWS Budgets"
ANOMALIES = "Configure cost anomaly detection"
REPORTS = "Enable detailed billing reports"
TAGS = "Tag all resources appropriately"

EDGE = "It is a Lambda@Edge replica; the function it was made from is evaluated instead."

WorkloadTag = Annotated[str, "The tag that marks the workloads"]
ManagedLocally = Annotated[
    bool, "Whether this member account of an organization has to have its own"
]


# -- budgets --------------------------------------------------------------------------------------


@budget_alerts.rule(BUDGETS, severity=Severity.HIGH)
def cost_budget(
    budgets: Budgets,
    payer: Payer,
    manifests: Manifests,
    *,
    require_forecast: Annotated[bool, "Require an alert on the forecasted cost"] = True,
    max_threshold_percent: Annotated[
        float, Between(1, 1000), "The highest threshold that counts, in percent of the limit"
    ] = 100,
    max_limit_ratio: Annotated[
        float, Between(1, 1000), "How many times the forecasted cost a limit may be"
    ] = 10,
    max_period_days: Annotated[
        int, Between(1, 3660), "The longest period of a budget (days); a quarter has 92"
    ] = 31,
    workloads: Annotated[
        tuple[str, ...],
        "The workloads that need a budget each, where none is on the whole account; empty: those"
        " that have a manifest",
    ] = (),
    workload_tag: WorkloadTag = WORKLOAD_TAG,
    managed_locally: ManagedLocally = False,
) -> Verdict:
    """A cost budget on the whole account warns someone before its limit is spent.

    Budgets on a service, a region or one of several workloads do not cover the account, and one
    of a quarter or a year may warn after months. A topic counts if AWS Budgets may publish to it
    and someone has confirmed a subscription.
    """
    limits = BudgetLimits(
        require_forecast,
        max_threshold_percent,
        Bounds(max_limit_ratio, max_period_days),
        workloads or _stated(manifests),
        workload_tag,
        managed_locally,
        () if workloads else _refusals(manifests),
    )
    return judge_budgets(budgets, payer, limits)


def _stated(manifests: Manifests) -> tuple[str, ...]:
    """The workloads that have a manifest."""
    return tuple(sorted(set(manifests.stated) - {DEFAULT}))


def _refusals(manifests: Manifests) -> tuple[str, ...]:
    return tuple(manifests.refusal(name) for name in manifests.refused)


@budget_alerts.rule(BUDGETS, severity=Severity.LOW)
def budget_actions(actions: BudgetActions) -> Verdict:
    """What AWS is to do when a budget is spent was not refused, and waits for nobody."""
    return judge_actions(actions)


# -- anomalies ------------------------------------------------------------------------------------


@budget_alerts.rule(ANOMALIES, severity=Severity.MEDIUM)
def anomaly_detection(
    detection: AnomalyDetection,
    payer: Payer,
    manifests: Manifests,
    *,
    max_impact: Annotated[
        float, Between(0, 1_000_000), "The highest threshold, in the bill's currency"
    ] = 100,
    max_percent: Annotated[
        float, Between(0, 1000), "The highest threshold, in percent of the expected cost"
    ] = 40,
    max_evaluation_days: Annotated[
        int, Between(1, 30), "How old the last evaluation of a monitor may be (days)"
    ] = 3,
    require_immediate: Annotated[bool, "Require a subscription that tells immediately"] = False,
    workloads: Annotated[
        tuple[str, ...],
        "The workloads that monitors have to watch, where none watches the whole account; empty:"
        " those that have a manifest",
    ] = (),
    workload_tag: WorkloadTag = WORKLOAD_TAG,
    managed_locally: ManagedLocally = False,
) -> Verdict:
    """A cost anomaly monitor covers the account, and a subscription tells someone.

    A monitor alone proves nothing: AWS makes one in every new account. Monitors of single
    workloads count where one subscription tells of all of them.
    """
    limits = AnomalyLimits(
        max_impact,
        max_percent,
        max_evaluation_days,
        require_immediate,
        workload_tag,
        managed_locally,
        workloads or _stated(manifests),
        () if workloads else _refusals(manifests),
    )
    return judge_detection(detection, payer, limits)


@budget_alerts.rule(ANOMALIES, severity=Severity.LOW)
def anomalies_assessed(
    anomalies: Anomalies,
    payer: Payer,
    *,
    max_open_days: Annotated[
        int, Between(0, 90), "How long an anomaly may go without feedback (days)"
    ] = 14,
    least_impact: Annotated[
        float, Between(0, 1_000_000), "Anomalies from this impact on count (the bill's currency)"
    ] = 100,
) -> Verdict:
    """Somebody assessed each larger cost anomaly: feedback says whether it was one."""
    return judge_review(anomalies, payer, max_open_days=max_open_days, least_impact=least_impact)


# -- billing reports ------------------------------------------------------------------------------


@budget_alerts.rule(REPORTS, severity=Severity.LOW)
def billing_report(
    reports: BillingReports,
    payer: Payer,
    *,
    max_age_hours: Annotated[
        int, Between(24, 720), "How old the last delivery may be (hours)"
    ] = 72,
    managed_locally: ManagedLocally = False,
) -> Verdict:
    """AWS delivers the whole bill with resource ids, as a data export or as a legacy CUR."""
    return judge_reports(
        reports, payer, max_age_hours=max_age_hours, managed_locally=managed_locally
    )


# -- tags -----------------------------------------------------------------------------------------


@budget_alerts.rule(TAGS, severity=Severity.LOW)
def cost_allocation_tags(
    tags: CostAllocationTags,
    *,
    cost_tags: Annotated[tuple[str, ...], "The tags that have to divide the bill"] = REQUIRED,
) -> Verdict:
    """The tags that say whose costs they are divide the bill: they are active in Billing."""
    return judge_allocation(tags, cost_tags)


@budget_alerts.rule(TAGS, severity=Severity.MEDIUM)
def function_tags(
    function: FunctionIdentity, tags: FunctionTags, manifests: Manifests, *, settings: TagSettings
) -> Verdict:
    """The Lambda function has the required tags."""
    if function.master_arn:
        return not_applicable(EDGE)
    if by_aws := of_service_function(function.name):
        return by_aws
    return judge_tags(function.name, tags.values, manifests, settings)


@budget_alerts.rule(TAGS, severity=Severity.MEDIUM)
def service_tags(
    service: Service, tasks: ServiceTaskTags, manifests: Manifests, *, settings: TagSettings
) -> Verdict:
    """The ECS service has the required tags, and its tasks get them.

    The bill shows the tags of tasks, not those of their service.
    """
    if service.arn.count("/") == 1:
        return not_applicable("It has an ARN of the old format; ECS cannot tag such a service.")
    tags = service.tags or {}
    unbilled = unbilled_tasks(service, tasks, manifests, settings)
    return judge_tags(service.name, tags, manifests, settings, unbilled=unbilled)


@budget_alerts.rule(TAGS, severity=Severity.MEDIUM)
def bucket_tags(
    bucket: BucketTags, manifests: Manifests, *, settings: BucketTagSettings
) -> Verdict:
    """The bucket has the required tags."""
    return judge_tags(bucket.name, bucket.tags, manifests, settings)


@budget_alerts.rule(TAGS, severity=Severity.MEDIUM)
def table_tags(table: TableTags, manifests: Manifests, *, settings: TagSettings) -> Verdict:
    """The DynamoDB table has the required tags."""
    return judge_tags(table.name, table.tags, manifests, settings)


@budget_alerts.rule(TAGS, severity=Severity.MEDIUM)
def database_tags(
    database: DatabaseTags, manifests: Manifests, *, settings: TagSettings
) -> Verdict:
    """The database instance has the required tags, its own where a cluster has them too."""
    if is_auto_scaled(database.name):
        return not_applicable("Auto scaling made the reader with tags of its own.")
    return judge_tags(database.name, database.tags, manifests, settings)


@budget_alerts.rule(TAGS, severity=Severity.MEDIUM)
def cluster_tags(cluster: ClusterTags, manifests: Manifests, *, settings: TagSettings) -> Verdict:
    """The database cluster has the required tags: storage and I/O of Aurora are its costs."""
    return judge_tags(cluster.name, cluster.tags, manifests, settings)


@budget_alerts.rule(TAGS, severity=Severity.MEDIUM)
def queue_tags(queue: QueueTags, manifests: Manifests, *, settings: TagSettings) -> Verdict:
    """The SQS queue has the required tags."""
    return judge_tags(queue.name, queue.tags, manifests, settings)


@budget_alerts.rule(TAGS, severity=Severity.MEDIUM)
def topic_tags(topic: TopicTags, manifests: Manifests, *, settings: TagSettings) -> Verdict:
    """The SNS topic has the required tags."""
    return judge_tags(topic.name, topic.tags, manifests, settings)


@budget_alerts.rule(TAGS, severity=Severity.MEDIUM)
def file_system_tags(
    system: FileSystemTags, manifests: Manifests, *, settings: TagSettings
) -> Verdict:
    """The EFS file system has the required tags."""
    return judge_tags(system.name, system.tags, manifests, settings)


@budget_alerts.rule(TAGS, severity=Severity.MEDIUM)
def secret_tags(secret: SecretTags, manifests: Manifests, *, settings: TagSettings) -> Verdict:
    """The secret has the required tags, if no AWS service manages it."""
    if secret.owner:
        return not_applicable(f"The service {secret.owner} manages the secret.")
    return judge_tags(secret.name, secret.tags, manifests, settings)


@budget_alerts.rule(TAGS, severity=Severity.MEDIUM)
def load_balancer_tags(
    balancer: BalancerTags, manifests: Manifests, *, settings: TagSettings
) -> Verdict:
    """The load balancer has the required tags."""
    return judge_tags(balancer.name, balancer.tags, manifests, settings)


@budget_alerts.rule(TAGS, severity=Severity.MEDIUM)
def cache_tags(group: CacheGroupTags, manifests: Manifests, *, settings: TagSettings) -> Verdict:
    """The replication group of ElastiCache has the required tags."""
    return judge_tags(group.name, group.tags, manifests, settings)


@budget_alerts.rule(TAGS, severity=Severity.MEDIUM)
def cache_cluster_tags(
    cluster: CacheClusterTags, manifests: Manifests, *, settings: TagSettings
) -> Verdict:
    """The cache outside a replication group has the required tags."""
    if cluster.group:
        return not_applicable(
            f"It is a node of the replication group {cluster.group}; cache-tags judges that."
        )
    return judge_tags(cluster.name, cluster.tags, manifests, settings)


@budget_alerts.rule(TAGS, severity=Severity.MEDIUM)
def memorydb_tags(
    cluster: MemoryDbTags, manifests: Manifests, *, settings: TagSettings
) -> Verdict:
    """The MemoryDB cluster has the required tags."""
    return judge_tags(cluster.name, cluster.tags, manifests, settings)


@budget_alerts.rule(TAGS, severity=Severity.MEDIUM)
def auto_scaling_group_tags(
    group: GroupTags, instances: InstanceTags, manifests: Manifests, *, settings: TagSettings
) -> Verdict:
    """The Auto Scaling group has the required tags, and its instances get them.

    The bill shows the tags of instances, not those of their group. A tag of the group with
    PropagateAtLaunch reaches new ones; the launch template may tag them as well.
    """
    if BATCH_TAG in group.tags:
        return not_applicable("AWS Batch made the group, with the tags of its environment.")
    present = instances.of_groups.get(group.name, frozenset())
    keys = unpropagated(group.tags, group.propagated, present, manifests, settings)
    unbilled = (
        f"Its instances do not get {listed(keys)}, so the bill does not show them"
        " (PropagateAtLaunch)."
        if keys and group.instances
        else ""
    )
    return judge_tags(group.name, group.tags, manifests, settings, unbilled=unbilled)


@budget_alerts.rule(TAGS, severity=Severity.MEDIUM)
def instance_tags(
    instances: InstanceTags, manifests: Manifests, *, settings: KeySettings
) -> Verdict:
    """The region's EC2 instances have the required tags.

    Those of Auto Scaling groups are judged with their group.
    """
    return judge_alike(instances.alike, manifests, settings, "instance")


@budget_alerts.rule(TAGS, severity=Severity.MEDIUM)
def volume_tags(volumes: VolumeTags, manifests: Manifests, *, settings: KeySettings) -> Verdict:
    """The region's EBS volumes have the required tags: their instance's are not theirs."""
    return judge_alike(volumes.alike, manifests, settings, "volume")


@budget_alerts.rule(TAGS, severity=Severity.LOW)
def log_group_tags(
    groups: LogGroupsTags, manifests: Manifests, *, settings: KeySettings
) -> Verdict:
    """The region's log groups have the required tags."""
    return judge_alike(groups.alike, manifests, settings, "log group")


handler = handler_of(budget_alerts)
