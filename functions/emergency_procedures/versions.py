"""Whether a rollback of a function's alias would bring callers back to code that runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from readiness import Problem, Severity
from readiness.evidence.awslambda.functions import LATEST
from readiness.evidence.awslambda.rollback import EarlierVersion, RollbackTargets
from readiness.evidence.awslambda.versions import Alias
from readiness.evidence.codedeploy import DeploymentGroup
from readiness.model.text import listed
from readiness.model.unreadable import Unreadable

_ALARM = "DEPLOYMENT_STOP_ON_ALARM"
_FAILURE = "DEPLOYMENT_FAILURE"


@dataclass(slots=True)
class Looked:
    """What is wrong with the way back, what could not be told, and where it leads."""

    problems: list[Problem] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    unread: list[Unreadable] = field(default_factory=list)
    goals: dict[str, str] = field(default_factory=dict)

    def add(self, severity: Severity, text: str) -> None:
        self.problems.append(Problem(severity, text))


def judged_aliases(targets: RollbackTargets, prod_alias: str) -> tuple[Alias, ...]:
    """The aliases that have to lead back: the named one, else those with callers, else all."""
    named = tuple(each for each in targets.aliases if each.name == prod_alias)
    used = tuple(each for each in targets.aliases if each.name in targets.callers)
    if named and (not used or prod_alias in targets.callers):
        return named
    # a name that nobody calls, beside one that is called, leads no caller back
    wanted = {each.name for each in (*named, *used)}
    return tuple(each for each in targets.aliases if each.name in wanted) or targets.aliases


def look_back(targets: RollbackTargets, prod_alias: str, first_days: int) -> Looked:
    """What a rollback of the function's aliases would meet."""
    looked = Looked()
    severity = Severity.HIGH if targets.callers else Severity.MEDIUM
    named = {each.name for each in targets.aliases}
    around = {
        qualifier: who for qualifier, who in targets.callers.items() if qualifier not in named
    }
    for qualifier, who in around.items():
        what = "without an alias" if qualifier == LATEST else f"as version {qualifier}"
        looked.add(
            severity,
            f"{_who(who)} may invoke it {what}, so a rollback of an alias does not reach that.",
        )
    aliases = judged_aliases(targets, prod_alias)
    if not targets.aliases:
        looked.add(severity, "It has no alias, so nothing can be pointed to an earlier version.")
    for alias in aliases:
        _one(targets, alias, first_days, looked, severity)
    unused = not any(each.name in targets.callers or each.name == prod_alias for each in aliases)
    if unused and looked.goals:
        # of aliases that nobody is seen to use, the one that can go back may be the real one
        about = {f"The alias {each.name} " for each in aliases}
        looked.problems = [p for p in looked.problems if not p.text.startswith(tuple(about))]
        looked.doubts.clear()
        looked.unread.clear()
    for group in targets.groups:
        looked.problems += [*group_problems(group)]
    return looked


def _who(callers: tuple[str, ...]) -> str:
    text = listed(list(callers))
    return text[:1].upper() + text[1:]


def _one(
    targets: RollbackTargets, alias: Alias, first_days: int, looked: Looked, severity: Severity
) -> None:
    about = f"The alias {alias.name}"
    if alias.version == LATEST:
        looked.add(severity, f"{about} points to $LATEST, of which no earlier state is kept.")
        return
    below = targets.earlier.get(alias.version, ())
    if not below:
        young = targets.began and targets.read_at - targets.began < timedelta(days=first_days)
        text = f"{about} has no earlier version to go back to: {alias.version} is the lowest left."
        if young:
            looked.doubts.append(f"{text} The function is new.")
        else:
            looked.add(severity, text)
        return
    flaws = []
    for version in below:
        image = version.image
        if image is not None and image.unreadable is not None:
            looked.unread.append(image.unreadable)
            looked.doubts.append(
                f"Whether the image of version {version.version} is still there could not be"
                f" read: {image.unreadable}."
            )
            return
        why, is_doubt = _cannot_run(version)
        if not why:
            looked.goals[alias.name] = version.version
            return
        if is_doubt:
            looked.doubts.append(f"{about}: {why}")
            return
        flaws.append(why)
    looked.add(severity, f"{about} has no earlier version that can run. {' '.join(flaws)}")


def _cannot_run(version: EarlierVersion) -> tuple[str, bool]:
    """Why a version cannot run, and whether that is only a doubt; empty if it can."""
    name = f"Version {version.version}"
    why = f" ({version.reason_code})" if version.reason_code else ""
    flaws = list(version.flaws)
    # access denied concerns the monitor's own role
    if version.environment_error and "AccessDenied" not in version.environment_error:
        flaws.append(f"Lambda cannot decrypt its environment ({version.environment_error}).")
    if flaws:
        return f"{name}: {' '.join(flaws)}", False
    if version.image is not None and version.image.gone:
        return f"The image of version {version.version} {version.image.gone}.", False
    if version.state == "Active" or version.is_idle:
        return "", False
    if not version.state or (version.state == "Inactive" and not version.reason_code):
        return f"Lambda does not show the state of version {version.version} in full.", True
    return f"{name} is {version.state}{why}.", version.state == "Pending"


def group_problems(group: DeploymentGroup) -> Iterator[Problem]:
    """What keeps CodeDeploy from rolling back by itself."""
    about = f"The deployment group {group.name} of CodeDeploy"
    if _FAILURE not in group.events:
        yield Problem(Severity.MEDIUM, f"{about} does not roll back a deployment that fails.")
    if _ALARM in group.events:
        if not group.alarms:
            text = f"{about} is to roll back on an alarm, and watches none."
            yield Problem(Severity.MEDIUM, text)
        elif group.missing:
            text = f"{about} watches {listed(list(group.missing))}, which do not exist."
            yield Problem(Severity.MEDIUM, text)
        if group.ignores_alarms:
            text = f"{about} goes on where it cannot read its alarms."
            yield Problem(Severity.MEDIUM, text)
    if group.strategy.endswith("AllAtOnce"):
        text = f"{about} moves all of the traffic at once, before an alarm can stop it."
        yield Problem(Severity.LOW, text)
