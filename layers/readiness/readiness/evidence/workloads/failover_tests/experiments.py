"""Experiments of the Fault Injection Service, and which of them failed a zone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from readiness.evidence.ecs.services import Service
from readiness.evidence.workloads.failover_tests.failover_test import (
    EXPERIMENT,
    FailoverTest,
    deployed_since,
    deployment_times,
)
from readiness.model.reader import Reader

_NEWEST = 50
"""How many experiments are read one by one, the newest first."""

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


def experiments(read: Reader, services: Sequence[Service]) -> Iterator[FailoverTest]:
    """The newest 50 experiments that FIS still knows, each with the ``services`` that it hit.

    Sources: ListExperiments, GetExperiment, ListExperimentResolvedTargets. Raises Unreadable.
    """
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
            deployed_since(ended, touched, deployment_times(services)),
            stopped=flaw == NO_ZONE,
            touched=touched,
            hit=_hit(targets, touched),
        )


NO_ZONE = "it failed no zone, only single resources or the way to single services"
"""The flaw of an experiment that broke something, though nothing had to fail over."""


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
    named = _named(targets)
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


def _named(targets: Sequence[Mapping[str, Any]]) -> set[str]:
    """The ARNs of resolved targets."""
    return {
        value for target in targets for value in (target.get("targetInformation") or {}).values()
    }


def _hit(targets: Sequence[Mapping[str, Any]], touched: Iterable[str]) -> tuple[str, ...]:
    """What an experiment hit, where that is only services and databases: those that it touched.

    Where none of them is left, what FIS named, which no longer exists.
    """
    named = _named(targets)
    databases = {arn for arn in named if ":rds:" in arn}
    if any(":ecs:" not in arn for arn in named - databases):
        return ()
    return tuple(sorted({*touched, *databases} or named))
