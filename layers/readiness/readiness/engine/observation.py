"""What was seen of one resource for one rule, and the finding that is stored of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from readiness.engine.scope import Scope
from readiness.engine.targets import Target
from readiness.model.finding import Finding
from readiness.model.origin import Origin
from readiness.model.resource import Resource
from readiness.model.rule import Rule, as_facts
from readiness.model.text import clean, clean_facts
from readiness.model.unreadable import is_said_denied
from readiness.model.verdict import Fact, Verdict

NAMES = ("group_name", "api_name", "name", "function_arn")
"""Attributes of evidence that say what people call a resource."""
MOST_REASON = 1000
MOST_TAGS, MOST_TAG_NAME, MOST_TAG_VALUE = 50, 128, 256
MOST_OBSERVED = 30_000
"""Characters of JSON, of which a message carries two copies with every quote escaped."""
_LEFT_OUT = "(too long to be kept)"


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen of one resource for one rule. No ``finding``: the resource is gone.

    ``crash`` is the error of a rule that raised; ``is_own`` is part of the monitor's own stack,
    which is left out of scope; ``out_of_scope`` closes a finding that exists
    and opens none. ``again`` is what to look at once more where the reason passes by itself.
    ``over`` is the version of the stored finding that was known before anything of this was read,
    0 where none was stored; None where that is not known. ``unproven``: nothing that was read says
    whether the resource exists. ``measured_before``: what is stored was observed after the moment
    up to which this run measures, so that only a look that measures anew may replace it.
    """

    rule: Rule
    resource: Resource
    observed_at: datetime
    finding: Finding | None = None
    crash: str = ""
    out_of_scope: bool = False
    is_own: bool = False
    again: Target | None = None
    over: int | None = None
    unproven: bool = False
    measured_before: bool = False


def finding_of(
    rule: Rule,
    resource: Resource,
    verdict: Verdict,
    at: datetime,
    *,
    settings: Mapping[str, Any],
    tags: Mapping[str, str] | None,
    name: str,
    scope: Scope,
    trigger: str,
    changed_by: Origin,
) -> Finding:
    """The finding of a verdict, with every text as long as it may be stored.

    ``tags`` are None where they are not known; ``name`` is what people call the resource.
    """
    known = tags or {}
    return Finding(
        resource=resource,
        rule=rule.id,
        name="" if name in resource.id else clean(name, 128),
        status=verdict.status,
        severity=verdict.severity or rule.severity,
        section=rule.heading.section,
        heading=rule.heading.title,
        item=rule.item,
        reason=clean(verdict.reason, MOST_REASON),
        expected=clean(verdict.expected, MOST_REASON),
        reminder=clean(verdict.reminder, MOST_REASON),
        observed=_storable(verdict.observed),
        settings=as_facts(settings),
        missing=verdict.missing,
        denied=_denied(verdict),
        tags=None if tags is None else _short(tags),
        last_observed_at=at,
        changed_by=clean(changed_by.by, 256),
        changed_call=clean(changed_by.call, 128),
        changed_at=clean(changed_by.at, 64),
        event_id=clean(changed_by.event_id, 64),
        woken_by=changed_by.woken_by,
        release=changed_by.release,
        trigger=clean(trigger, 256),
        workload=clean(known.get(scope.workload_tag, ""), 128),
        environment=clean(scope.environment(resource, known), 128),
        owner=clean(known.get(scope.owner_tag, ""), 128),
    )


def name_of(subject: Any) -> str:
    """What people call the resource, where its evidence says so; of a function its name."""
    for attribute in NAMES:
        name = getattr(subject, attribute, "")
        if isinstance(name, str) and name:
            return name.rpartition(":function:")[2]
    return ""


def _storable(observed: Mapping[str, Fact]) -> Mapping[str, Fact]:
    """The facts as they are stored; those that are too large are left out, the largest first.

    DynamoDB refuses an item of 400 KB, and SNS a message of 256: one resource with hostile names
    would then keep its whole heading from being recorded.
    """
    facts = cast("Mapping[str, Fact]", clean_facts(observed))
    sizes = {name: len(json.dumps(value, default=str)) for name, value in facts.items()}
    left_out = set()
    for name in sorted(sizes, key=lambda name: -sizes[name]):
        if sum(sizes.values()) <= MOST_OBSERVED:
            break
        left_out.add(name)
        sizes[name] = len(_LEFT_OUT)
    return {name: _LEFT_OUT if name in left_out else value for name, value in facts.items()}


def _denied(verdict: Verdict) -> tuple[str, ...]:
    """The actions that were denied, also where the rule itself put the failures into words."""
    said = (each for each in verdict.missing if is_said_denied(each, verdict.reason))
    return tuple(dict.fromkeys((*verdict.denied, *said)))


def _short(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags as they are stored, as many and as long as AWS allows."""
    pairs = list(tags.items())[:MOST_TAGS]
    return {clean(name, MOST_TAG_NAME): clean(value, MOST_TAG_VALUE) for name, value in pairs}
