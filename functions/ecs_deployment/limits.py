"""Whether the limits of a rolling update leave ECS room to replace a task."""

from __future__ import annotations

from readiness.evidence.ecs.services import Service
from readiness.model.text import plural


def why_no_rollout(service: Service) -> str:
    """Why a rolling update may neither start a task nor stop one; empty where it may.

    ECS refuses limits of 100 % and 100 %, but not those that come to the same for a small number
    of tasks: of one task 150 % is one, and 50 % is one too.
    """
    strategy = (service.deployment_configuration or {}).get("strategy") or "ROLLING"
    if service.deployment_controller != "ECS" or strategy != "ROLLING":
        return ""
    desired = service.desired_count
    most, least = _limits(service)
    if not desired or not most <= desired <= least:
        return ""
    return (
        f"A rolling update cannot replace a task: of {plural(desired, 'desired task')}"
        f" maximumPercent lets {most} run, and minimumHealthyPercent keeps {least} running."
    )


def _limits(service: Service) -> tuple[int, int]:
    """How many tasks may run in a rolling update, and how many have to.

    ECS rounds the one down and the other up (ECS API Reference, DeploymentConfiguration).
    """
    configuration = service.deployment_configuration or {}
    is_daemon = service.scheduling_strategy == "DAEMON"
    most = configuration.get("maximumPercent", 100 if is_daemon else 200)
    least = configuration.get("minimumHealthyPercent", 0 if is_daemon else 100)
    return service.desired_count * most // 100, -(-service.desired_count * least // 100)
