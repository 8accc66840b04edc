"""Which events may be sent again to which function of the stack: those it subscribes to.

Whoever may write into a failure queue could otherwise have any function of the account invoked,
with any payload, by whoever runs `readiness redrive`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from readiness_cli import catalogue

ATTESTATION = "Readiness Attestation"
ATTESTATIONS = "Attestations"
UPKEEP = "Upkeep"
_SCHEDULED = {"Alerts": [{"republish": True}, {"digest": True}], "Upkeep": [{"upkeep": True}]}


class Subscribed:
    """The functions and state machines of one stack, and what each takes.

    ``parts`` are the stack's resources, physical names by logical ids.
    """

    def __init__(self, *, account: str, region: str, parts: Mapping[str, str]) -> None:
        self._where = (region, account)
        self._logical = {physical: logical for logical, physical in parts.items()}

    def refusal(self, target: str, payload: str) -> str:
        """Why ``payload`` is not sent to the ARN ``target``; empty where it may be."""
        logical = self._part(target)
        if not logical:
            return f"{target!r} is no function or state machine of the stack"
        try:
            event = json.loads(payload)
        except (ValueError, RecursionError):
            return "what it holds is not JSON"
        if not isinstance(event, Mapping):
            return "what it holds is not a JSON object"
        if logical == "Sweep":
            is_ours = not event or event == {"measurements": "kept"}
            return "" if is_ours else "the sweep takes no such input"
        return self._of_function(logical, event)

    def is_attestation(self, target: str) -> bool:
        """Whether what the ARN names records attestations."""
        return self._part(target) == ATTESTATIONS

    def _part(self, target: str) -> str:
        """The logical id of what the ARN names; empty for what is not the stack's."""
        parts = target.split(":", 6)
        if len(parts) != 7 or parts[0] != "arn" or (parts[3], parts[4]) != self._where:
            return ""
        if parts[2] == "states" and parts[5] == "stateMachine":
            return self._logical.get(target, "")
        if parts[2] == "lambda" and parts[5] == "function" and ":" not in parts[6]:
            return self._logical.get(parts[6], "")
        return ""

    def _of_function(self, logical: str, event: Mapping[str, Any]) -> str:
        if logical in _SCHEDULED:
            is_one = dict(event) in _SCHEDULED[logical] or (
                logical == UPKEEP and _is_about_a_document(event)
            )
            return "" if is_one else _not_subscribed(logical)
        if logical == ATTESTATIONS:
            is_one = event.get("detail-type") == ATTESTATION
            return "" if is_one else _not_subscribed(logical)
        folder = _folder(logical)
        if not folder:
            return f"{logical} is not invoked by events"
        return self._of_heading(logical, folder, event)

    def _of_heading(self, logical: str, folder: str, event: Mapping[str, Any]) -> str:
        from readiness.engine.events import resolve_targets  # noqa: PLC0415
        from readiness.engine.look_again import asked_for  # noqa: PLC0415
        from readiness.engine.targets import MalformedEvent  # noqa: PLC0415

        if "sweep" in event:
            return _not_scheduled(event)
        if "look_again" in event:
            try:
                asked = asked_for(event["look_again"])
            except MalformedEvent as error:
                return str(error)
            mine = {rule.id for rule in catalogue.heading(folder)}
            named = {target.rule for target in asked.targets}
            is_mine = bool(named) and named <= mine and set(event) == {"look_again"}
            return "" if is_mine else _not_subscribed(logical)
        try:
            seen = resolve_targets(event, catalogue.heading(folder))
        except MalformedEvent as error:
            return f"it is no event: {error}"
        if seen.account and seen.account != self._where[1]:
            return f"it is about account {seen.account}"
        return "" if seen.targets else _not_subscribed(logical)


def _is_about_a_document(event: Mapping[str, Any]) -> bool:
    """Whether the function for documents of the evidence bucket makes something of the event."""
    from functions.upkeep.documents import object_of  # noqa: PLC0415

    return object_of(event) is not None


def _not_scheduled(event: Mapping[str, Any]) -> str:
    """Why a sweep is none that a schedule asks for; empty if it is.

    Where a sweep goes on, and which headings there are, only the state machine says, and what it
    asks does not come into a failure queue.
    """
    sweep = event["sweep"]
    whole = isinstance(sweep, Mapping) and isinstance(sweep.get("id"), str)
    if not whole or set(event) != {"sweep"}:
        return "the sweep has no id"
    is_ours = sweep in ({"id": sweep["id"]}, {"id": sweep["id"], "measurements": "keep"})
    return "" if is_ours else "no schedule sends more of a sweep than its id and what it measures"


def _not_subscribed(logical: str) -> str:
    return f"{logical} is not subscribed to such an event"


def _folder(logical: str) -> str:
    """The heading whose function has this logical id: ``IamRoles`` → ``iam_roles``."""
    by_id = {
        "".join(word.capitalize() for word in folder.split("_")): folder
        for folder in catalogue.folders()
    }
    return by_id.get(logical, "")
