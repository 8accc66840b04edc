"""Which Lambda functions are this project's own, of any of its stacks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from readiness.evidence.awslambda.functions import FUNCTION_GONE
from readiness.model.reader import Reader

_HANDLER = re.compile(r"functions\.[a-z_]+\.app\.handler")
TABLES = frozenset({"FINDINGS_TABLE", "TRANSITIONS_TABLE", "DECLARATIONS_TABLE"})
"""Variables that the template gives to each of them."""


def configuration(read: Reader, arn: str) -> Mapping[str, Any] | None:
    """GetFunctionConfiguration of a function in the region; None for one that does not exist."""
    answer: Mapping[str, Any] | None = read.one(
        "lambda", "get_function_configuration", absent=FUNCTION_GONE, FunctionName=arn
    )
    return answer


def is_monitor(about: Mapping[str, Any]) -> bool:
    """Whether a function records findings for a stack of this project, by its configuration.

    A name can be anyone's, and a list of the own stack does not show another stack beside it: the
    handler and the tables do. Where Lambda does not show the variables the handler decides.
    Source: GetFunctionConfiguration.
    """
    if not _HANDLER.fullmatch(about.get("Handler") or ""):
        return False
    environment = about.get("Environment") or {}
    if environment.get("Error"):
        return True
    return (environment.get("Variables") or {}).keys() >= TABLES
