"""Whether the size of something follows its load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from readiness.evidence.application_autoscaling import Scalable, Targets
from readiness.evidence.autoscaling.scaling import InstanceGroup
from readiness.evidence.awslambda.limits import ConcurrencyLimit
from readiness.evidence.ecs.services import Service
from readiness.evidence.elasticache.replication_groups import CacheGroup
from readiness.evidence.rds.endpoints import DatabaseCluster
from readiness.evidence.workloads.utilization import RegionConcurrency
from readiness.model.attestation import Attested
from readiness.model.text import listed, plural
from readiness.model.verdict import (
    Fact,
    Problem,
    Severity,
    Status,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates,
    violates_all,
)

from .settings import AttestationSettings

_NEEDED = {"AlarmNotification", "Launch", "Terminate"}
"""While one of these processes of EC2 Auto Scaling is suspended, a group does not scale."""
_BATCH, _KUBERNETES = "AWS Batch", "Kubernetes"
_BATCH_TAGS = ("AWSBatchServiceTag",)
_KUBERNETES_TAGS = (
    "eks:cluster-name",
    "k8s.io/cluster-autoscaler/",
    "kubernetes.io/cluster/",
)
_SHRINKS = ": it only removes some, or its target is full utilization, which is never passed"
_SCALES = "A scaling policy changes the capacity between its minimum and its maximum."
_BY_CLOCK = "A schedule changes the capacity."
_EXPECTED = "A scaling policy that changes the capacity between a minimum and a maximum"


def desired_count_of(service: Service) -> tuple[str, str]:
    """The id and the dimension by which Application Auto Scaling knows the tasks of a service."""
    cluster = service.cluster_arn.rpartition("/")[2]
    return f"service/{cluster}/{service.name}", "ecs:service:DesiredCount"


def scaling_problems(
    scalable: Scalable | None, what: str, severity: Severity, least: int = 0
) -> list[Problem]:
    """Why ``what`` does not scale with its load; empty if it does."""
    if scalable is None:
        return [Problem(severity, f"No scalable target is registered for {what}.")]
    problems = []
    by_clock = Severity.LOW if severity is Severity.LOW else Severity.MEDIUM
    if scalable.idle_policies and not scalable.policies:
        text = (
            f"No alarm invokes the scaling policy of {what}, so it never changes the capacity: it"
            " has no alarm, or the actions of its alarms are disabled."
        )
        problems.append(Problem(severity, text))
    elif scalable.shrinking_policies and not scalable.policies:
        text = f"The scaling policy of {what} never adds capacity{_SHRINKS}."
        problems.append(Problem(severity, text))
    elif not scalable.policies and scalable.is_scheduled:
        text = f"Only a schedule changes {what}; no scaling policy follows its load."
        problems += [Problem(by_clock, text)] * (severity is not Severity.LOW)
    elif not scalable.policies:
        text = f"A scalable target is registered for {what}, but no scaling policy acts on it."
        problems.append(Problem(severity, text))
    if not scalable.has_room and not scalable.is_scheduled:
        text = (
            f"{what[:1].upper()}{what[1:]} cannot change: the minimum capacity is"
            f" {scalable.lowest} and the maximum {scalable.highest}."
        )
        problems.append(Problem(severity, text))
    elif not scalable.has_room and scalable.policies:
        text = (
            f"The scaling policy of {what} can change nothing: the minimum capacity is always the"
            " maximum, and only a schedule changes both."
        )
        problems.append(Problem(by_clock, text))
    if scalable.suspended:
        text = f"Scaling {listed(scalable.suspended)} is suspended for {what}."
        only_costs = "out" not in scalable.suspended
        problems.append(Problem(Severity.LOW if only_costs else severity, text))
    if scalable.least < least and scalable.most:
        text = (
            f"{what[:1].upper()}{what[1:]} may shrink to {scalable.least}; the minimum has to be"
            f" at least {least}."
        )
        problems.append(Problem(Severity.MEDIUM, text))
    return problems


def table_problems(table: str, indexes: Sequence[str], targets: Targets) -> list[Problem]:
    """Why the read or write capacity of a table or of an index does not scale."""
    named = [(f"table/{table}", "table", "of the table")]
    named += [(f"table/{table}/index/{i}", "index", f"of the index {i}") for i in indexes]
    return [
        problem
        for id, kind, whose in named
        for way in ("Read", "Write")
        for problem in scaling_problems(
            targets.get((id, f"dynamodb:{kind}:{way}CapacityUnits")),
            f"the {way.lower()} capacity {whose}",
            Severity.HIGH,
        )
    ]


def failed_problems(failed: Mapping[str, str]) -> list[Problem]:
    """The provisioned concurrency that Lambda could not allocate, by version or alias."""
    return [
        Problem(
            Severity.HIGH,
            f"Lambda could not allocate the provisioned concurrency of {qualifier}"
            + (f": {reason.rstrip('.')}." if reason else "."),
        )
        for qualifier, reason in sorted(failed.items())
    ]


def provisioned_problems(
    function: str, qualifiers: Sequence[str], targets: Targets
) -> list[Problem]:
    """Why the provisioned concurrency of a version or alias does not scale."""
    return [
        problem
        for qualifier in qualifiers
        for problem in scaling_problems(
            targets.get(
                (f"function:{function}:{qualifier}", "lambda:function:ProvisionedConcurrency")
            ),
            f"the provisioned concurrency of {qualifier}",
            Severity.LOW,
        )
    ]


def judge_concurrency(
    reserved: int | None,
    throttled: float,
    qualifiers: Sequence[str],
    problems: list[Problem],
    pending: Sequence[str],
) -> Verdict:
    """The verdict on a function's concurrency.

    ``problems`` are those of the provisioned one, ``pending`` the qualifiers for which Lambda is
    still to allocate it.
    """
    expected = "Enough reserved concurrency, and a scaling policy for provisioned concurrency."
    if reserved == 0:
        reason = "Its reserved concurrency is 0, so it never runs."
        return violates(reason, expected=expected, reserved=0)
    if reserved is not None and throttled:
        text = (
            f"It was throttled {plural(throttled, 'time')} in a week at a reserved concurrency of"
            f" {reserved}."
        )
        problems = [Problem(Severity.MEDIUM, text), *problems]
    if problems:
        return violates_all(problems, expected=expected, throttled=throttled)
    if pending:
        return cannot_tell(
            f"Lambda is allocating the provisioned concurrency of {listed(pending)}.",
            is_passing=True,
        )
    if reserved is None and not qualifiers:
        return not_applicable("It has neither reserved nor provisioned concurrency.")
    said = [f"It was not throttled at a reserved concurrency of {reserved}."] * bool(reserved)
    said += ["Its provisioned concurrency scales."] * bool(qualifiers)
    return complies(" ".join(said), reserved=reserved, provisioned=qualifiers)


def group_problems(group: InstanceGroup) -> list[Problem]:
    """Why a group of EC2 instances does not scale with its load."""
    problems = []
    if group.idle_policies and not group.policies:
        text = (
            "No alarm invokes the group's scaling policy, so it never scales: it has no alarm, or"
            " the actions of its alarms are disabled."
        )
        problems.append(Problem(Severity.HIGH, text))
    elif group.shrinking_policies and not group.policies:
        text = f"The group's scaling policy never adds instances{_SHRINKS}."
        problems.append(Problem(Severity.HIGH, text))
    elif not group.policies and group.is_scheduled:
        text = "Only a schedule changes the size of the group; no scaling policy follows its load."
        problems.append(Problem(Severity.MEDIUM, text))
    elif not group.policies:
        problems.append(Problem(Severity.HIGH, "The group has no enabled scaling policy."))
    if not group.has_room and not group.is_scheduled:
        text = (
            f"The size of the group cannot change: the minimum is {group.lowest} and the maximum"
            f" {group.highest}."
        )
        problems.append(Problem(Severity.HIGH, text))
    if stopped := sorted(_NEEDED & set(group.suspended) - set(group.suspended_lately)):
        text = f"Scaling processes are suspended: {listed(stopped)}."
        problems.append(Problem(Severity.HIGH, text))
    return problems


def _scaled_by(group: InstanceGroup) -> str:
    """What else than scaling policies sets the size of a group, by its tags; empty for nothing.

    EKS gives every node group the tags by which the cluster autoscaler would find it, whether
    one runs or not. Karpenter starts instances beside the groups.
    """
    tags = set(group.tags or {})
    if tags & set(_BATCH_TAGS):
        return _BATCH
    if any(tag.startswith(_KUBERNETES_TAGS) for tag in tags):
        return _KUBERNETES
    return ""


def judge_group(
    group: InstanceGroup, attested: Attested, attestation: AttestationSettings
) -> Verdict:
    """The verdict on a group of EC2 instances, which AWS Batch or Kubernetes may scale."""
    problems = group_problems(group)
    if not problems and (lately := sorted(_NEEDED & set(group.suspended_lately))):
        return cannot_tell(
            f"Scaling processes were suspended a short while ago, as deployments do:"
            f" {listed(lately)}.",
            is_passing=True,
        )
    by = _scaled_by(group)
    if not by or group.policies or not group.has_room:
        return judge_scaling(problems, attested, attestation)
    halted = sorted({"Launch", "Terminate"} & set(group.suspended) - set(group.suspended_lately))
    if halted:
        return judge_scaling(
            [Problem(Severity.HIGH, f"Scaling processes are suspended: {listed(halted)}.")],
            attested,
            attestation,
        )
    if by == _BATCH:
        return complies("AWS Batch sets the size of the group by the jobs in its queues.")
    said = attestation.verdict(attested, "A fixed size, or the autoscaler of the cluster")
    if said.status is Status.COMPLIANT:
        return said
    return cannot_tell(
        "The group belongs to a Kubernetes cluster and has no scaling policy. Whether the cluster"
        " autoscaler or Karpenter changes its size is not visible in AWS; attest it (readiness"
        " attest)."
    )


def judge_scaling(
    problems: list[Problem], attested: Attested, attestation: AttestationSettings
) -> Verdict:
    """The verdict on something that has to scale unless people attest that its size is fixed."""
    if not problems:
        return complies(_SCALES)
    fixed = attestation.verdict(attested, "A fixed size")
    if fixed.status is Status.COMPLIANT or fixed.missing:
        return fixed
    return violates_all(
        problems,
        expected=f"{_EXPECTED}, or an attestation that the size has to be fixed"
        " (readiness attest add).",
    )


def judge_target(targets: Targets, keys: list[tuple[str, str]], what: str) -> Verdict:
    """The verdict on something of which any of several dimensions may scale."""
    target = next((targets[key] for key in keys if key in targets), None)
    problems = scaling_problems(target, what, Severity.LOW)
    if problems:
        return violates_all(problems, expected=f"{_EXPECTED}.")
    return complies(_SCALES if target and target.policies else _BY_CLOCK)


def why_no_readers(cluster: DatabaseCluster) -> str:
    """Why a cluster has no readers whose number could follow the load; empty where it may."""
    if cluster.is_going:
        return "The cluster is being deleted."
    if not cluster.is_aurora:
        return f"A cluster with the engine {cluster.engine} cannot scale readers."
    if cluster.is_serverless:
        return "Aurora Serverless v1 has no readers; it scales the capacity of its one instance."
    return ""


def why_no_shards(group: CacheGroup) -> str:
    """Why a replication group has nothing whose number could follow the load; empty if it has."""
    if group.is_going:
        return "The replication group is being deleted."
    if not group.cluster_mode:
        return "Only replication groups with cluster mode can scale by load."
    return ""


def judge_headroom(limit: ConcurrencyLimit, peak: RegionConcurrency, headroom: float) -> Verdict:
    """The verdict on the peak of a week, of which at most ``headroom`` percent of the limit."""
    most, left = peak.executions.highest, peak.unreserved.highest
    if most is None:
        return not_applicable("No function ran in the last week.")
    said = f"At the peak {most:,.0f} of {limit.executions:,} executions ran"
    share = 100 * most / limit.executions
    facts: dict[str, Fact] = {"peak": most, "limit": limit.executions}
    if limit.unreserved and limit.unreserved < limit.executions and left is not None:
        facts |= {"peak_unreserved": left, "limit_unreserved": limit.unreserved}
        if 100 * left / limit.unreserved > share:
            share = 100 * left / limit.unreserved
            said = (
                f"At the peak {left:,.0f} of the {limit.unreserved:,} executions ran that"
                " functions without reserved concurrency share"
            )
    if share > headroom:
        expected = (
            f"At most {headroom:g} % of the limit, a higher limit (Service Quotas), or less"
            " reserved concurrency."
        )
        reason = f"{said} ({share:.3g} %); at most {headroom:g} % are allowed."
        return violates(reason, expected=expected).observing(facts)
    return complies(f"{said} ({share:.3g} %).").observing(facts)
