"""What declarations of changes find in an event beside a single field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from readiness.model.evidence import Json, at


def every_at(value: Any, path: str) -> list[Any]:
    """The values under a dotted path through lists, each item's own; None for one without it."""
    found = [value]
    for step in path.split("."):
        each_of = [item for one in found for item in (one if isinstance(one, list) else [one])]
        found = [item.get(step) if isinstance(item, Mapping) else None for item in each_of]
    return [item for one in found for item in (one if isinstance(one, list) else [one])]


def partition_of_caller(detail: Json) -> str:
    """The partition in the ARN of who called, empty where CloudTrail tells no ARN.

    For records that name a resource without its ARN: nobody calls from another partition.
    """
    caller = at(detail, "userIdentity.arn")
    return caller.split(":")[1] if isinstance(caller, str) and caller.startswith("arn:") else ""


def request_of(detail: Json) -> Json | None:
    """What a call asked for; None where the record does not tell, as where it is too large.

    CloudTrail then writes ``omitted`` in its place (User Guide, "CloudTrail record contents").
    """
    sent = detail.get("requestParameters")
    return sent if isinstance(sent, Mapping) and not sent.get("omitted") else None


def if_named(path: str) -> Callable[[Json], str | None]:
    """For ``identify``: the id under the path; where there is none, the call concerns nothing."""

    def named(detail: Json) -> str | None:
        id = at(detail, path)
        return id if isinstance(id, str) and id else None

    return named
