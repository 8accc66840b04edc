"""What a rollout may wait for although nothing is wrong: bake times, hooks, protected tasks."""

from __future__ import annotations

from datetime import timedelta

from readiness.evidence.ecs.services import Service

_LONGEST_PROTECTION = timedelta(minutes=2880)
"""The most that UpdateTaskProtection takes; a task may ask for it again."""
_HOOK_MINUTES = 1440
"""How long ECS waits for a lifecycle hook by default, whether a function or a person ends it."""
_BEFORE_TASKS = {"RECONCILE_SERVICE", "PRE_SCALE_UP"}
"""The lifecycle stages in which the new revision has no task yet."""


def rollout_grace(service: Service, minutes: int) -> timedelta:
    """How long a rollout may take: ``minutes``, its bake time, and what it may be waiting for."""
    configuration = service.deployment_configuration or {}
    bake = float(configuration.get("bakeTimeInMinutes") or 0)
    canary = configuration.get("canaryConfiguration") or {}
    bake += float(canary.get("canaryBakeTimeInMinutes") or 0)
    linear = configuration.get("linearConfiguration") or {}
    steps = 100 / float(linear.get("stepPercent") or 100)
    bake += steps * float(linear.get("stepBakeTimeInMinutes") or 0)
    protected = _LONGEST_PROTECTION if service.has_protected_tasks else timedelta()
    return timedelta(minutes=minutes + bake + _hook_minutes(service)) + protected


def waits_for(service: Service) -> str:
    """A sentence with a space before it on what keeps a rollout from ending; empty for nothing."""
    if service.has_protected_tasks:
        return " It waits for tasks under scale-in protection."
    return ""


def _hook_minutes(service: Service) -> float:
    """How long lifecycle hooks may hold a rollout.

    While tasks of the new revision are still starting, only the hooks before them have.
    """
    primary = service.primary or {}
    if primary not in service.deployments:
        return 0.0  # a task set: other controllers than ECS have hooks of their own
    runs_all = 0 < primary.get("desiredCount", 0) <= primary.get("runningCount", 0)
    total = 0.0
    for hook in (service.deployment_configuration or {}).get("lifecycleHooks") or ():
        stages = set(hook.get("lifecycleStages") or ())
        held = stages if runs_all else stages & _BEFORE_TASKS
        limit = (hook.get("timeoutConfiguration") or {}).get("timeoutInMinutes")
        total += len(held) * float(limit or _HOOK_MINUTES)
    return total
