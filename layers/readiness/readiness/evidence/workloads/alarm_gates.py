"""What an alarm without an action may be for: deployments and experiments ask for its state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from readiness.evidence.cloudwatch.alarms import ALARM, AlarmInContext
from readiness.evidence.workloads.alarm_askers import ASKER_READS, ASKERS, Asker, alarm_name
from readiness.model.event_fields import every_at, request_of
from readiness.model.evidence import ApiCall, Json, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.alarm_inventory import Silence

_NAMED_IN = (
    "alarmConfiguration.alarms.name",
    "deploymentConfiguration.alarms.alarmNames",
    "monitors.alarmArn",
    "Monitors.AlarmArn",
    "stopConditions.value",
    "deploymentConfig.autoRollbackConfiguration.alarms.alarmName",
    *(
        f"pipeline.stages.{when}.conditions.rules.configuration.AlarmName"
        for when in ("beforeEntry", "onFailure", "onSuccess")
    ),
)


def _gating(detail: Json) -> tuple[str, ...] | str | None:
    """The alarms that a recorded call has deployments ask; None where it names none."""
    request = request_of(detail)
    if request is None:
        return ""
    named = [each for path in _NAMED_IN for each in every_at(request, path)]
    return (
        tuple(dict.fromkeys(alarm_name(each) for each in named if isinstance(each, str))) or None
    )


@evidence(
    ALARM,
    reads=ASKER_READS,
    uses=(AlarmInContext,),
    changed_by=(
        api_call("codedeploy", "CreateDeploymentGroup", "UpdateDeploymentGroup", identify=_gating),
        ApiCall(
            "ecs.amazonaws.com",
            ("CreateService", "UpdateService"),
            identify=_gating,
            only_with="deploymentConfiguration",
        ),
        api_call("appconfig", "CreateEnvironment", "UpdateEnvironment", identify=_gating),
        api_call("codepipeline", "CreatePipeline", "UpdatePipeline", identify=_gating),
        api_call("fis", "CreateExperimentTemplate", "UpdateExperimentTemplate", identify=_gating),
        ApiCall(
            "sagemaker.amazonaws.com",
            ("UpdateEndpoint",),
            identify=_gating,
            only_with="deploymentConfig",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class AlarmGate:
    """What asks for the state of an alarm that has no action, itself or by a composite alarm.

    Asked only where an alarm notifies no one for want of an action, one service after the other
    until its purpose is found; empty where nothing asks for it. What stops to ask for it, and
    what begins to by a call that does not name it, is seen by the sweep. Sources: those of
    `ASKERS`.
    """

    what: str = ""

    @classmethod
    def load(cls, read: Reader, alarm: Resource) -> AlarmGate:
        names = _unheard(read.of(AlarmInContext, alarm))
        found = (what for name, what in _gates(read) if name in names) if names else iter(())
        return cls(next(found, ""))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, AlarmGate]:
        contexts = read.those(AlarmInContext)
        unheard = {id: names for id, each in contexts.items() if (names := _unheard(each))}
        waiting: dict[str, list[str]] = {}
        for id, names in unheard.items():
            for name in names:
                waiting.setdefault(name, []).append(id)
        found: dict[str, str] = {}
        for name, what in _gates(read) if waiting else ():
            for id in waiting.get(name, ()):
                found.setdefault(id, what)
            if len(found) == len(unheard):
                break
        return {id: cls(found.get(id, "")) for id in contexts}


def _unheard(context: AlarmInContext) -> frozenset[str]:
    """The alarm and the composite alarms above it, if it has nothing to do and tells no one."""
    if context.other_purpose:
        return frozenset()
    voice = context.inventory.voice(context.alarm, context.read_at)
    if voice.silence is not Silence.NO_EFFECTIVE_ACTION:
        return frozenset()
    return frozenset(each.name for each in context.inventory.heard(context.alarm))


def _gates(read: Reader) -> Iterator[tuple[str, str]]:
    """Each alarm that something asks for, with what that is; the cheapest to ask come first."""
    for part in ASKERS:
        if read.bulk:
            yield from read.made_once(("gates", part.__name__), partial(_all, part))
        else:
            yield from part(read)


def _all(part: Asker, read: Reader) -> tuple[tuple[str, str], ...]:
    return tuple(part(read))
