"""The Lambda handler of a heading, so that a module of rules can have one and import no SDK."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from readiness.model.rule import Heading

if TYPE_CHECKING:
    from readiness.engine.function import Function

Handler = Callable[[Mapping[str, Any], Any], Any]


def handler_of(heading: Heading) -> Handler:
    """The Lambda handler of a heading.

    In Lambda the function is made at once, in the initialisation phase, which has a full CPU.
    Elsewhere it is made at the first call, so that importing a rule does not import botocore and
    Powertools.
    """
    made = [_made(heading)] if "FINDINGS_TABLE" in os.environ else []

    def handler(event: Mapping[str, Any], context: Any) -> Any:
        if not made:
            made.append(_made(heading))
        return made[0](event, context)

    return handler


def _made(heading: Heading) -> Function:
    """The function. What is made here stays, so that collections meanwhile would find nothing."""
    gc.disable()
    try:
        from readiness.engine.function import Function  # noqa: PLC0415

        return Function(heading, os.environ)
    finally:
        gc.freeze()
        gc.enable()
