"""What functions alarms and event rules invoke, and which of them are this project's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.awslambda.functions import FUNCTION, FUNCTION_GONE, function_call
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.admission import Answer

_HANDLER = re.compile(r"functions\.[a-z_]+\.app\.handler")
TABLES = frozenset({"FINDINGS_TABLE", "TRANSITIONS_TABLE", "DECLARATIONS_TABLE"})
"""Variables that the template gives to each of them."""


def named(function: str) -> dict[str, str]:
    """How Lambda is asked about a function of the region, by its name or ARN.

    By the name an answer is the same that others asked for. An ARN may end in a version or alias.
    """
    name, *qualifier = function.split(":function:", 1)[-1].split(":")
    return {"FunctionName": name} | ({"Qualifier": qualifier[0]} if qualifier else {})


def configuration(read: Reader, function: str) -> Mapping[str, Any] | None:
    """GetFunctionConfiguration of a function in the region; None for one that does not exist."""
    answer: Mapping[str, Any] | None = read.one(
        "lambda", "get_function_configuration", absent=FUNCTION_GONE, **named(function)
    )
    return answer


def is_monitor(about: Mapping[str, Any]) -> Answer:
    """Whether a function records findings for a stack of this project, by its configuration.

    A name can be anyone's, and a list of the own stack does not show another stack beside it: the
    handler and the tables do. Where Lambda does not show the variables of one with such a handler
    it may be anyone's too. Source: GetFunctionConfiguration.
    """
    if not _HANDLER.fullmatch(about.get("Handler") or ""):
        return Answer.NO
    environment = about.get("Environment") or {}
    if environment.get("Error"):
        return Answer.MAYBE
    is_ours = (environment.get("Variables") or {}).keys() >= TABLES
    return Answer.YES if is_ours else Answer.NO


@evidence(
    FUNCTION,
    reads=("lambda:GetFunctionConfiguration",),
    changed_by=(function_call("DeleteFunction"),),
    follows_type=False,
)
@dataclass(frozen=True, slots=True)
class InvokedFunction:
    """Whether there is a function that something invokes. Source: GetFunctionConfiguration."""

    name: str
    exists: bool = True

    @classmethod
    def load(cls, read: Reader, function: Resource) -> InvokedFunction:
        return cls(function.id, configuration(read, function.id) is not None)
