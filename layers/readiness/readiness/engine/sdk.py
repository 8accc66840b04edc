"""What the installed SDK cannot ask: the Lambda runtime's may be older than the rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import botocore
from botocore import xform_name
from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader

from readiness.engine.actions import action_of, sdk_services
from readiness.model.evidence import declared
from readiness.model.rule import Rule

OLDEST = (1, 43, 127)
"""The oldest botocore on which the tests of the readers run (`make oldest`)."""


FIELDS = {
    "cloudwatch:DescribeAlarms": ("cloudwatch", "DescribeAlarmsOutput", "LogAlarms"),
    "logs:DescribeLogGroups": ("logs", "LogGroup", "retentionPolicyName"),
}
"""Answers that older SDKs cut a field from, as if it were not set: service, shape, member."""


@dataclass(frozen=True, slots=True)
class Blind:
    """Evidence that an SDK cannot read in full, and the rules it belongs to.

    ``actions`` are the IAM actions that it has no call for, or whose answer it cuts a field from.
    """

    evidence: str
    actions: tuple[str, ...]
    rules: tuple[str, ...]


def version() -> tuple[int, ...]:
    """The version of botocore as numbers."""
    numbers = (part for part in botocore.__version__.split(".")[:3] if part.isdigit())
    return tuple(int(part) for part in numbers)


def is_too_old() -> bool:
    """Whether botocore is older than what the readers are tested on."""
    return version() < OLDEST


def blind(rules: Iterable[Rule], loader: Loader) -> list[Blind]:
    """The evidence of the rules for which the SDK's service models lack a call, by name.

    An evidence class declares IAM actions, so that an action with no call behind it in any model
    of its service is what counts. That costs loading the models, which a sweep needs anyway.
    """
    rules = list(rules)
    known: dict[str, frozenset[str]] = {}
    asking: dict[type, list[str]] = defaultdict(list)
    for rule in rules:
        for cls in rule.evidence:
            asking[cls].append(rule.id)
    found = []
    for cls, ids in asking.items():
        lacking = [
            action for action in sorted(declared(cls).all_reads) if not _has(action, loader, known)
        ]
        if lacking:
            found.append(Blind(cls.__name__, tuple(lacking), tuple(sorted(ids))))
    return sorted(found, key=lambda each: each.evidence)


def _has(action: str, loader: Loader, known: dict[str, frozenset[str]]) -> bool:
    if action in FIELDS:
        service, shape, member = FIELDS[action]
        try:
            shapes = loader.load_service_model(service, "service-2")["shapes"]
        except BotoCoreError:
            return False
        if member not in shapes.get(shape, {}).get("members", {}):
            return False
    for service in sdk_services(action):
        if service not in known:
            known[service] = frozenset(_actions(service, loader))
        if action in known[service]:
            return True
    return False


def _actions(service: str, loader: Loader) -> Iterable[str]:
    """The IAM actions of the calls that the SDK knows of a service; none without a model."""
    try:
        model: Mapping[str, Mapping[str, object]] = loader.load_service_model(service, "service-2")
    except BotoCoreError:
        return ()
    return [action_of(service, xform_name(name)) for name in model["operations"]]
