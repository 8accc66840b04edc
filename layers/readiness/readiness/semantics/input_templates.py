"""The templates by which EventBridge makes the input of a target of an event."""

from __future__ import annotations

import re

from readiness.semantics.credentials import parsed

_STRING_OR_VARIABLE = re.compile(r'"(?:[^"\\]|\\.)*"|<[^<>"\s]+>', re.DOTALL)


def in_json(template: str) -> str:
    """The template with its bare variables in quotes, where that makes it JSON; else as it is.

    EventBridge puts the value of a variable with its own quotes: ``{"id": <id>}``, and Pipes that
    of a path in the event: ``{"id": <$.body.id>}``.
    """

    def quoted(found: re.Match[str]) -> str:
        return f'"{found[0]}"' if found[0].startswith("<") else found[0]

    document = _STRING_OR_VARIABLE.sub(quoted, template)
    return template if parsed(document.strip()) is None else document
