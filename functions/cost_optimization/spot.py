"""Whether what may be interrupted runs on Spot, and what may not does not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from readiness.model.manifest import names_it
from readiness.model.tags import ENVIRONMENT_TAG, WORKLOAD_TAG
from readiness.model.verdict import (
    Fact,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates,
)

from .settings import SPOT_TAG

if TYPE_CHECKING:
    from readiness.evidence.autoscaling.groups import GroupPurchases
    from readiness.evidence.batch import ComputeEnvironment
    from readiness.evidence.ecs.services import Service
    from readiness.evidence.user_data import GroupMarket
    from readiness.evidence.workloads.manifests import Manifests

_FARGATE_SPOT = "FARGATE_SPOT"
_PRODUCTION = re.compile(r"(?i)(?<![a-z])(?:prod|prd|production|live)(?![a-z])")
_BEFORE = re.compile(r"(?i)(?<![a-z])(?:non|no|pre|test)[-_ ]?$")


@dataclass(frozen=True, slots=True)
class Wish:
    """What tags and manifest say: ``eligible``, ``ineligible`` or nothing; ``by`` says who."""

    said: str
    by: str
    environment: str = ""

    @property
    def is_production(self) -> bool:
        """Without an environment it counts as production."""
        found = _PRODUCTION.search(self.environment)
        return not self.environment.strip() or (
            found is not None and not _BEFORE.search(self.environment[: found.start()])
        )


def wish_of(
    tags: Mapping[str, str], manifests: Manifests, name: str, account: str
) -> Wish | Verdict:
    """Whether a thing may be interrupted, or why that is not known."""
    workload = tags.get(WORKLOAD_TAG, "")
    tag = tags.get(SPOT_TAG, "").strip().lower()
    refusal = manifests.refusal(workload)
    manifest = manifests.of(workload)
    environment = tags.get(ENVIRONMENT_TAG, "")
    if manifest and not environment:
        environment = manifest.environments.get(account, "")
    if tag in {"eligible", "ineligible"}:
        return Wish(tag, f"its tag {SPOT_TAG}={tag}", environment)
    if refusal:
        return cannot_tell(refusal)
    if manifest and names_it(manifest.spot_eligible, name):
        return Wish("eligible", f"the manifest {manifest.workload}", environment)
    return Wish("", "neither a tag nor a manifest", environment)


def judge_service(service: Service, manifests: Manifests, account: str) -> Verdict:
    """Whether a service runs on Fargate Spot where it may, and not alone where it may not."""
    cluster = service.cluster_arn.rpartition("/")[2]
    if why := _elsewhere(service):
        return not_applicable(why)
    wish = wish_of(service.tags or {}, manifests, f"{cluster}/{service.name}", account)
    if isinstance(wish, Verdict):
        return wish
    return _judge(wish, _spot_tasks(service), service.desired_count, "tasks")


def _elsewhere(service: Service) -> str:
    """Why it is not the service's strategy that says how its tasks run, empty where it is."""
    if service.launch_type == "EXTERNAL" or service.scheduling_strategy == "DAEMON":
        return "It runs on every host, or on machines outside AWS."
    if service.desired_count == 0:
        return "It is to run no tasks."
    if service.deployment_controller == "EXTERNAL" or service.task_sets:
        return "Task sets say where its tasks run."
    others = {each.provider for each in service.strategy} - {"FARGATE", _FARGATE_SPOT}
    if service.launch_type == "MANAGED_INSTANCES":
        return "It runs on ECS Managed Instances, whose capacity provider says how ECS buys them."
    on_hosts = others or service.launch_type == "EC2"
    return "It runs on EC2 instances; group-spot judges their group." if on_hosts else ""


def _spot_tasks(service: Service) -> float:
    """How many of the desired tasks run on Spot, by base and weight of its strategy."""
    if not service.strategy:
        return 0
    left = service.desired_count
    on_spot = 0.0
    for each in service.strategy:
        taken = min(each.base, left)
        left -= taken
        on_spot += taken if each.provider == _FARGATE_SPOT else 0
    weights = sum(each.weight for each in service.strategy)
    spot = sum(each.weight for each in service.strategy if each.provider == _FARGATE_SPOT)
    return on_spot + (left * spot / weights if weights else 0)


def judge_group(
    group: GroupPurchases, market: GroupMarket, manifests: Manifests, account: str
) -> Verdict:
    """Whether a group of instances buys Spot where it may, and not alone where it may not."""
    if group.manager:
        return not_applicable(f"{group.manager} made the group and decides how it buys.")
    if group.is_going:
        return not_applicable("The group is being deleted.")
    if group.highest == 0:
        return not_applicable("The group has no instances: its maximum size is 0.")
    wish = wish_of(group.tags or {}, manifests, group.name, account)
    if isinstance(wish, Verdict):
        return wish
    if not group.is_mixed and market.is_spot is None:
        return cannot_tell(
            "The launch template or configuration of the group is gone, so how it would buy is"
            " unknown."
        )
    above = max(group.highest - group.base, 0)
    alone = group.highest if market.is_spot else 0
    spot = above * (100 - group.on_demand_percent) / 100 if group.is_mixed else alone
    return _judge(wish, spot, group.highest, "instances")


_OF_SPOT = {"SPOT", "FARGATE_SPOT"}


def judge_environment(
    environment: ComputeEnvironment, manifests: Manifests, account: str
) -> Verdict:
    """Whether jobs run on Spot where they may, and not where they may not.

    Batch tries a job again that was interrupted, if its retry strategy says so: without a
    declaration neither is wrong.
    """
    if not environment.kind:
        return not_applicable("The account manages the instances of the environment itself.")
    if not environment.is_enabled or not environment.most:
        return not_applicable("The environment takes no jobs (disabled, or at most 0 vCPUs).")
    wish = wish_of(environment.tags or {}, manifests, environment.name, account)
    facts: dict[str, Fact] = {"type": environment.kind}
    return wish if isinstance(wish, Verdict) else _of_jobs(wish, environment).observing(facts)


def _of_jobs(wish: Wish, environment: ComputeEnvironment) -> Verdict:
    is_spot = environment.kind in _OF_SPOT
    if wish.said == "eligible" and not is_spot:
        return violates(
            f"Its jobs run on demand ({environment.kind}), although {wish.by} allows Spot.",
            expected="A compute environment of the type SPOT or FARGATE_SPOT.",
        )
    if wish.said == "ineligible" and is_spot:
        return violates(
            f"Its jobs run on Spot alone ({environment.kind}), which {wish.by} forbids.",
            expected="A compute environment of the type EC2 or FARGATE.",
            severity=Severity.MEDIUM,
        )
    if is_spot or wish.said:
        return complies(f"Its jobs run on {environment.kind}.")
    return not_applicable(
        f"Nobody declared whether its jobs may be interrupted (the tag {SPOT_TAG})."
    )


def _judge(wish: Wish, spot: float, count: int, what: str) -> Verdict:
    share = f"{100 * spot / count:.0f} % of its {what} run on Spot"
    if wish.said == "eligible":
        return _of_eligible(wish, spot, count, what, share)
    if spot >= count and (wish.said == "ineligible" or wish.is_production):
        is_stated = wish.said == "ineligible" or wish.environment
        why = (
            f", which {wish.by} forbids"
            if wish.said == "ineligible"
            else f", and {wish.by} declares that it may be interrupted"
        )
        return violates(
            f"All of its {what} run on Spot and may be stopped at once (ALL_SPOT_NO_FLOOR){why}.",
            expected=f"A base of {what} on demand, or a declaration that it may be interrupted.",
            severity=Severity.HIGH if is_stated else Severity.LOW,
            environment=wish.environment,
            count=count,
        )
    if wish.said == "ineligible" and spot > 0:
        reason = f"{share}, which {wish.by} forbids."
        return violates(reason, expected="No Spot.", spot=spot, count=count)
    if spot > 0:
        where = wish.environment or "an unnamed environment"
        return complies(f"{share} in {where}.", spot=spot, count=count)
    if wish.said == "ineligible":
        return complies(f"None of its {what} run on Spot, as {wish.by} asks.")
    return not_applicable(
        f"Nobody declared whether it may be interrupted (the tag {SPOT_TAG}, or spot_eligible in"
        " its manifest)."
    )


def _of_eligible(wish: Wish, spot: float, count: int, what: str, share: str) -> Verdict:
    if spot > 0:
        return complies(f"{share}, as {wish.by} allows.", spot=spot, count=count)
    return violates(
        f"None of its {what} run on Spot, which {wish.by} allows.",
        expected=f"A part of the {what} on Spot.",
        count=count,
    )
