"""The ids of the resources that an event names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from readiness.model.event_fields import every_at
from readiness.model.evidence import ApiCall, ConfigItem, ServiceEvent

MOST_IDS = 10
"""More resources in one event are evaluated by one listing of their type."""

Json = Mapping[str, Any]
Identified = ApiCall | ServiceEvent | ConfigItem


def ids_in(detail: Json, change: Identified) -> tuple[str, ...]:
    """The ids under the first of the change's paths that has any, in their order.

    Empty where any resource of the type may be meant: the event has no id, too many, or one that
    is not understood among others that are.
    """
    for path in filter(None, change.id.split("|")):
        values = every_at(detail, path)
        ids = [
            change.normalise(each) if isinstance(each, str) and each else None for each in values
        ]
        if any(ids):
            named = tuple(dict.fromkeys(id for id in ids if id))
            return named if all(ids) and len(named) <= MOST_IDS else ()
    return ()


def named_by(change: ApiCall | ServiceEvent, event: Json) -> tuple[str, ...] | None:
    """The ids that an event of a change names, empty where any may be meant.

    None where the event concerns no resource of the type. The envelope of a service's own event
    names its resource too.
    """
    if change.identify is not None:
        found = change.identify(event["detail"])
        if found is None:
            return None
        ids = dict.fromkeys(filter(None, (found,) if isinstance(found, str) else found))
        return tuple(ids) if len(ids) <= MOST_IDS else ()
    if change.id == "resources":
        arns = event.get("resources")
        first = arns[0] if isinstance(arns, list) and arns else None
        if isinstance(first, str) and (id := change.normalise(first)):
            return (id,)
    return ids_in(event["detail"], change)
