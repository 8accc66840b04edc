"""What a heading's rules depend on, as EventBridge patterns: that wakes it, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from readiness.engine.events import API_CALL, CONFIG_ITEM, changes_of
from readiness.model.evidence import (
    ApiCall,
    Change,
    ConfigItem,
    Declaration,
    ServiceEvent,
    declared,
)
from readiness.model.rule import Rule

MOST_CHARACTERS = 2048
"""The longest pattern EventBridge takes (its quota "Event pattern size")."""

RECORDED_ONCE = ("AWS::CloudFront::", "AWS::IAM::", "AWS::Route53::", "AWS::WAF::")
"""Services whose resources AWS Config records in one region (its guide, "Global Resources")."""

Pattern = dict[str, Any]


def patterns_of(rules: Iterable[Rule]) -> dict[str, Pattern]:
    """The patterns of a heading by a name for each, every one short enough for EventBridge.

    They match on ``detail-type`` and ``detail`` and never on ``source``: an event is only a hint
    where to look, so a forged one decides nothing.
    """
    rules = list(rules)
    declarations = _declarations(rules)
    changes = set(_changes(rules))
    named: dict[str, Pattern] = {}
    kinds: tuple[tuple[str, list[Any], Callable[[list[Any]], Pattern]], ...] = (
        ("ConfigItem", sorted(_config_types(declarations, changes)), _of_config_items),
        ("ApiCall", _calls(changes), _of_api_calls),
        ("ServiceEvent", _service_events(changes), _of_service_events),
    )
    for name, parts, pattern_of in kinds:
        found = list(_short_enough(parts, pattern_of))
        for index, pattern in enumerate(found, 1):
            named[name + (str(index) if len(found) > 1 else "")] = pattern
    return named


def config_types(rules: Iterable[Rule]) -> list[str]:
    """The resource types of a heading that AWS Config records: the scope of its Config rule."""
    subjects = {rule.subject for rule in rules}
    return sorted(about.name for about in subjects if about.identify is not None)


def recorded_types(rules: Iterable[Rule]) -> dict[str, list[str]]:
    """The types whose configuration items wake the rules.

    ``global`` are those that AWS Config records in one region for all, ``regional`` the others.
    """
    rules = list(rules)
    types = sorted(_config_types(_declarations(rules), set(_changes(rules))))
    return {
        "regional": [each for each in types if not each.startswith(RECORDED_ONCE)],
        "global": [each for each in types if each.startswith(RECORDED_ONCE)],
    }


def _declarations(rules: Iterable[Rule]) -> list[Declaration]:
    classes = {cls: None for rule in rules for cls in rule.evidence}
    return [declared(cls) for cls in classes]


def _changes(rules: Iterable[Rule]) -> Iterator[Change]:
    """What wakes the rules. An event that names a rule wakes only those it can name."""
    naming: dict[ServiceEvent, set[str]] = {}
    for rule in rules:
        for declaration in _declarations([rule]):
            for change in changes_of(declaration):
                if isinstance(change, ServiceEvent) and change.rule:
                    naming.setdefault(change, set()).add(rule.id)
                else:
                    yield change
    for event, named in naming.items():
        named_rule = (event.rule, tuple(sorted(named)))
        yield replace(event, match=(*event.match, named_rule), rule="")


def _config_types(declarations: Iterable[Declaration], changes: Iterable[Change]) -> set[str]:
    own = {d.about.name for d in declarations if d.about.identify and d.follows_type}
    return own | {change.type for change in changes if isinstance(change, ConfigItem)}


def _calls(changes: Iterable[Change]) -> list[tuple[str, str]]:
    """(event source, event name) of every call that changes something, in order."""
    return sorted(
        {
            (change.source, name)
            for change in changes
            if isinstance(change, ApiCall)
            for name in change.names
        }
    )


def _service_events(changes: Iterable[Change]) -> list[ServiceEvent]:
    """Service events narrowed by fields, as few as say the same; where any will do, none."""
    all_events = [each for each in changes if isinstance(each, ServiceEvent)]
    anyway = sorted({each.detail_type for each in all_events if not each.match})
    events = {
        (each.detail_type, each.match): each
        for each in all_events
        if each.match and each.detail_type not in anyway
    }
    joined: list[ServiceEvent] = []
    for event in (events[key] for key in sorted(events)):
        for place, other in enumerate(joined):
            if (either := _either(other, event)) is not None:
                joined[place] = either
                break
        else:
            joined.append(event)
    return [*map(ServiceEvent, anyway), *joined]


def _either(one: ServiceEvent, other: ServiceEvent) -> ServiceEvent | None:
    """One event for two whose conditions differ in the values of a single field.

    Each pattern is a rule of EventBridge, and a stack has a limited number of resources.
    """
    if one.detail_type != other.detail_type:
        return None
    if [path for path, _ in one.match] != [path for path, _ in other.match]:
        return None
    pairs = list(zip(one.match, other.match, strict=True))
    if sum(mine != theirs for mine, theirs in pairs) != 1:
        return None
    match = tuple((path, tuple(sorted({*mine, *theirs}))) for (path, mine), (_, theirs) in pairs)
    return replace(one, match=match)


def _of_config_items(types: list[str]) -> Pattern:
    of_type = {"resourceType": types}
    either = [{"configurationItem": of_type}, {"configurationItemSummary": of_type}]
    return {"detail-type": [CONFIG_ITEM], "detail": {"$or": either}}


def _of_api_calls(calls: list[tuple[str, str]]) -> Pattern:
    by_source: dict[str, list[Any]] = {}
    for source, name in calls:
        by_source.setdefault(source, []).append(_begun_or_whole(name))
    each = [{"eventSource": [s], "eventName": names} for s, names in by_source.items()]
    which = each[0] if len(each) == 1 else {"$or": each}
    return {"detail-type": [API_CALL], "detail": {"errorCode": [{"exists": False}], **which}}


def _begun_or_whole(text: str) -> Any:
    return {"prefix": text[:-1]} if text.endswith("*") else text


def _of_service_events(events: list[ServiceEvent]) -> Pattern:
    """A pattern for events of several detail types, each under its own conditions.

    One ``$or`` and none within it: EventBridge refuses a pattern whose ``$or`` lists have lengths
    with a product above 1,000.
    """
    anyway = [event.detail_type for event in events if not event.match]
    either: list[Pattern] = [{"detail-type": anyway}] if anyway else []
    either += [
        {"detail-type": [event.detail_type], "detail": _detail_of(event)}
        for event in events
        if event.match
    ]
    return either[0] if len(either) == 1 else {"$or": either}


def _detail_of(event: ServiceEvent) -> dict[str, Any]:
    detail: dict[str, Any] = {}
    for path, allowed in event.match:
        *outer, last = path.split(".")
        inside = detail
        for step in outer:
            inside = inside.setdefault(step, {})
        inside[last] = [_as_json(value) for value in allowed]
    return detail


def _as_json(value: str) -> Any:
    """Declarations spell a boolean of the payload as Python prints it."""
    return {"True": True, "False": False}.get(value, _begun_or_whole(value))


def _short_enough(
    parts: list[Any], pattern_of: Callable[[list[Any]], Pattern]
) -> Iterator[Pattern]:
    if not parts:
        return
    pattern = pattern_of(parts)
    if len(json.dumps(pattern)) <= MOST_CHARACTERS:
        yield pattern
        return
    half = len(parts) // 2
    yield from _short_enough(parts[:half], pattern_of)
    yield from _short_enough(parts[half:], pattern_of)
