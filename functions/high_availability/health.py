"""Whether what fails is noticed: checks that exist, that can fail, and that decide something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from readiness import (
    Problem,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates_all,
)
from readiness.evidence.autoscaling.availability import GroupAvailability
from readiness.evidence.ecs.health_checks import ServiceChecks
from readiness.evidence.elbv2.target_groups import HealthCheck, TargetHealth
from readiness.evidence.vpclattice import LatticeOfGroup
from readiness.model.text import listed, plural
from readiness.model.verdict import Fact
from readiness.semantics.health_commands import cannot_fail, has_command, ignores_http_errors

# -- ECS services ---------------------------------------------------------------------------------

CHECKED = "A health check of each essential container that can fail, or of the load balancer."


def service_checks_verdict(service: ServiceChecks, *, max_grace_seconds: int) -> Verdict:
    """The verdict on how ECS learns that a task does not work."""
    if service.status != "ACTIVE":
        return not_applicable(f"The service is {service.status.lower()}.")
    if not service.desired and service.scheduling != "DAEMON":
        return not_applicable("The service is to run no task now.")
    behind = _checked_by(service)
    if service.commands is None and not behind:
        return cannot_tell(
            "Which containers are checked is not known: ECS does not show the task definition"
            f" {service.revision or 'of the service'}."
        )
    commands = service.commands or {}
    problems = list(_service_problems(service, commands, bool(behind), max_grace_seconds))
    checked = sorted(name for name, command in commands.items() if has_command(command))
    observed: dict[str, Fact] = {
        "checked_containers": checked,
        "target_groups": list(service.target_groups),
        "grace_seconds": service.grace,
    }
    if problems:
        return violates_all(problems, expected=CHECKED).observing(observed)
    if not behind:
        return complies(f"ECS checks every essential container: {listed(checked)}.").observing(
            observed
        )
    also = f" and ECS the containers {listed(checked)}" if checked else ""
    return complies(f"{behind} checks the tasks{also}.").observing(observed)


def _checked_by(service: ServiceChecks) -> str:
    """What checks the tasks from outside; empty where nothing does."""
    if service.target_groups or service.has_classic_balancer:
        return "A load balancer"
    return "VPC Lattice" if service.in_lattice else ""


def _service_problems(
    service: ServiceChecks,
    commands: Mapping[str, tuple[str, ...]],
    behind: bool,  # noqa: FBT001
    max_grace_seconds: int,
) -> Iterator[Problem]:
    without = sorted(name for name, command in commands.items() if not has_command(command))
    asked = {name: command for name, command in commands.items() if has_command(command)}
    empty = sorted(name for name, command in asked.items() if cannot_fail(command))
    if without and not behind:
        # Beside one that is checked it is most often a sidecar: logs, traces, a proxy.
        is_sidecar = len(asked) > len(empty)
        names = [arn.split(":")[-1] for arn in service.unused_groups]
        unused = f" (none uses its {listed(names)})" if names else ""
        if off := [str(each) for each in service.unchecked_groups]:
            unused += f" (VPC Lattice does not check its {listed(off)})"
        yield Problem(
            Severity.MEDIUM if is_sidecar else Severity.HIGH,
            f"{plural(len(without), 'essential container')} without a health check"
            f" ({listed(without)}), and no load balancer checks the service{unused}: a task that"
            f" hangs{' in it' if is_sidecar else ''} stays.",
        )
    if service.unchecked_groups and behind:
        names = [str(each) for each in service.unchecked_groups]
        text = f"VPC Lattice does not check {listed(names)} of the service."
        yield Problem(Severity.MEDIUM, text)
    if empty:
        yield Problem(
            Severity.MEDIUM,
            f"The health check of {listed(empty)} succeeds whatever it finds.",
        )
    deaf = sorted(name for name, command in asked.items() if ignores_http_errors(command))
    if deaf:
        yield Problem(
            Severity.LOW,
            f"The health check of {listed(deaf)} asks curl without --fail, which takes an HTTP"
            " error for success.",
        )
    if (behind or asked) and service.grace > max_grace_seconds:
        yield Problem(
            Severity.MEDIUM,
            f"ECS ignores health checks for {service.grace} seconds after a task starts"
            f" (healthCheckGracePeriodSeconds); at most {max_grace_seconds} are allowed.",
        )


# -- target groups --------------------------------------------------------------------------------


def target_checks_verdict(
    health: TargetHealth, *, max_detection_seconds: int, allow_root_path: bool
) -> Verdict:
    """The verdict on a target group: how its targets are checked, and whether any is healthy."""
    check = health.check
    if not check.balancers:
        return not_applicable("No load balancer uses the target group.")
    if check.target_type == "lambda" and not check.enabled:
        return not_applicable("Health checks of a Lambda function are off, as is their default.")
    detection = check.interval * check.unhealthy_after
    problems = [
        *_check_problems(check, detection, max_detection_seconds, allow_root_path),
        *_health_problems(health),
    ]
    observed: dict[str, Fact] = {
        "protocol": check.protocol,
        "path": check.path,
        "codes": check.codes,
        "detection_seconds": detection,
    }
    if problems:
        return violates_all(
            problems, expected="A check that fails when the target does, and healthy targets."
        ).observing(observed)
    if _is_starting(health):
        return cannot_tell("Targets are being registered.", is_passing=True).observing(observed)
    how = f"{check.protocol} {check.path}".strip()
    return complies(
        f"Targets are checked with {how} and taken out after {detection} seconds."
    ).observing(observed)


def _check_problems(
    check: HealthCheck,
    detection: int,
    longest: int,
    root_is_allowed: bool,  # noqa: FBT001
) -> Iterator[Problem]:
    if not check.enabled:
        yield Problem(Severity.HIGH, "Health checks are switched off.")
        return
    if accepts_errors(check.codes, is_grpc=check.is_grpc):
        yield Problem(
            Severity.HIGH,
            f"The codes {check.codes} count as healthy, errors among them, so a broken target"
            " stays in use.",
        )
    if detection > longest:
        yield Problem(
            Severity.MEDIUM,
            f"A target that fails stays in use for {detection} seconds ({check.interval} seconds,"
            f" {check.unhealthy_after} times); at most {longest} are allowed.",
        )
    if check.is_grpc and check.path == GRPC_DEFAULT and "12" in check.codes.split(","):
        yield Problem(
            Severity.LOW,
            f"The check calls {GRPC_DEFAULT}, the default, which no application has: that it is"
            " not implemented (12) counts as healthy, and tells only that something answers.",
        )
    if check.path == "/" and check.protocol in {"HTTP", "HTTPS"} and not root_is_allowed:
        yield Problem(
            Severity.LOW,
            "The check asks for /, the default, and not for a path that tells how the"
            " application is.",
        )


GRPC_DEFAULT = "/AWS.ALB/healthcheck"


def accepts_errors(codes: str, *, is_grpc: bool) -> bool:
    """Whether a matcher takes errors for success.

    ``200-499`` and ``0-99`` accept nearly everything. A single code such as 401 is someone's
    decision: it proves that the application answers.
    """
    for part in codes.split(","):
        first, _, last = part.strip().partition("-")
        if not first.isdigit() or not (last or first).isdigit():
            continue
        low, high = int(first), int(last or first)
        if is_grpc and low <= 0 and high >= 14:
            return True  # UNAVAILABLE is 14
        if not is_grpc and (high >= 500 or (high >= 400 and high - low >= 50)):
            return True
    return False


def _in_use(health: TargetHealth) -> list[str]:
    return [t.state for t in health.targets if t.state not in {"draining", "unused"}]


def _is_starting(health: TargetHealth) -> bool:
    states = _in_use(health)
    return bool(states) and "healthy" not in states and "initial" in states


def _health_problems(health: TargetHealth) -> Iterator[Problem]:
    idle = [each for each in health.targets if each.code == "Target.NotInUse"]
    if idle and not any(each.state in {"healthy", "initial"} for each in health.targets):
        why = f" ({idle[0].why.rstrip('.')})" if idle[0].why else ""
        yield Problem(
            Severity.HIGH,
            f"The load balancer uses none of {plural(len(idle), 'registered target')}{why}.",
        )
    states = _in_use(health)
    sick = [state for state in states if state.startswith("unhealthy")]
    if states and "healthy" not in states and "initial" not in states and sick:
        yield Problem(
            Severity.HIGH,
            f"None of {plural(len(states), 'target')} is healthy; the load balancer then sends"
            " requests to all of them.",
        )


# -- groups of instances --------------------------------------------------------------------------

_NEEDED = ("HealthCheck", "ReplaceUnhealthy", "Launch", "Terminate")


def group_checks_verdict(
    group: GroupAvailability, lattice: LatticeOfGroup, *, max_grace_seconds: int
) -> Verdict:
    """The verdict on whether a group replaces instances that its balancers find unhealthy."""
    if group.is_going or not group.highest or not group.desired:
        return not_applicable("The group is to run no instance now.")
    if group.manager:
        return not_applicable(f"{group.manager} made the group and decides what it runs.")
    problems: list[Problem] = []
    if group.behind and "ELB" not in group.health_checks:
        problems.append(
            Problem(
                Severity.HIGH,
                "The group is behind a load balancer and looks only at"
                f" {listed(sorted(group.health_checks))} checks: an instance that answers no"
                " request is not replaced.",
            )
        )
    if group.in_lattice and "VPC_LATTICE" not in group.health_checks:
        problems.append(
            Problem(
                Severity.HIGH,
                "The group is behind VPC Lattice and ignores its health checks.",
            )
        )
    if off := [str(each) for each in lattice.unchecked]:
        text = f"VPC Lattice does not check the instances in {listed(off)}."
        problems.append(Problem(Severity.HIGH, text))
    if (group.behind or group.in_lattice) and group.grace > max_grace_seconds:
        problems.append(
            Problem(
                Severity.MEDIUM,
                f"The checks of a new instance do not count for {group.grace} seconds"
                f" (HealthCheckGracePeriod); at most {max_grace_seconds} are allowed.",
            )
        )
    stopped = [
        name for name in _NEEDED if name in group.suspended and name not in group.suspended_lately
    ]
    if stopped:
        problems.append(
            Problem(
                Severity.HIGH,
                f"{listed(stopped)} {'is' if len(stopped) == 1 else 'are'} suspended, so unhealthy"
                " instances are not replaced.",
            )
        )
    observed: dict[str, Fact] = {
        "health_checks": sorted(group.health_checks),
        "suspended": list(group.suspended),
    }
    if problems:
        return violates_all(
            problems,
            expected="The health check type of each balancer, and no process suspended.",
        ).observing(observed)
    if lately := [name for name in _NEEDED if name in group.suspended_lately]:
        return cannot_tell(
            f"{listed(lately)} {'was' if len(lately) == 1 else 'were'} suspended a short while"
            " ago, as deployments do.",
            is_passing=True,
        ).observing(observed)
    return complies(
        f"Unhealthy instances are replaced, by {listed(sorted(group.health_checks))} checks."
    ).observing(observed)
