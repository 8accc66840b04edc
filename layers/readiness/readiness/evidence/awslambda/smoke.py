"""Smoke tests: the only evidence that invokes a function, with an event its owner provides."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.awslambda.functions import CONFIGURED, DEPLOYED, FUNCTION, FunctionTags
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

EVENT_TAG = "readiness:smoke-event"
ALIAS_TAG = "readiness:smoke-alias"
EXPECT_TAG = "readiness:smoke-expect"
INVOKE = "lambda:InvokeFunction"


@evidence(
    FUNCTION,
    reads=(INVOKE, "ssm:GetParameter"),
    uses=(FunctionTags,),
    changed_by=(CONFIGURED, DEPLOYED),
)
@dataclass(frozen=True, slots=True)
class SmokeTest:
    """What the function answered to its smoke event; no ``parameter``: it was not invoked.

    The tag ``readiness:smoke-event`` names the SSM parameter that holds the event as JSON,
    ``readiness:smoke-alias`` the alias to invoke, ``readiness:smoke-expect`` what the answer must
    hold (``body.status=ok``). ``flaw`` says why an event could not be sent. ``error`` is Lambda's
    FunctionError (``Handled`` or ``Unhandled``); ``is_json`` whether the answer could be parsed.
    """

    parameter: str = ""
    expect: str = ""
    flaw: str = ""
    status_code: int = 0
    error: str = ""
    is_json: bool = False
    answer: Any = None

    @classmethod
    def load(cls, read: Reader, function: Resource) -> SmokeTest:
        tags = read.of(FunctionTags, function)
        parameter, alias = tags.get(EVENT_TAG), tags.get(ALIAS_TAG)
        if not parameter:
            return cls()
        expect = tags.get(EXPECT_TAG)
        found = read.one("ssm", "get_parameter", absent=("ParameterNotFound",), Name=parameter)
        event, flaw = _event(found)
        if flaw:
            return cls(parameter, expect, flaw)
        qualifier = {"Qualifier": alias} if alias else {}
        answered = read.act(
            "lambda",
            "invoke",
            gone=("ResourceNotFoundException",),
            FunctionName=function.id,
            InvocationType="RequestResponse",
            Payload=event.encode(),
            **qualifier,
        )
        is_json, answer = _parsed(answered["Payload"])
        return cls(
            parameter,
            expect,
            status_code=answered.get("StatusCode", 0),
            error=answered.get("FunctionError", ""),
            is_json=is_json,
            answer=answer,
        )

    def at(self, path: str) -> Any:
        """The value under a dotted path of the answer, also inside JSON that is text there."""
        value = self.answer
        for step in path.split("."):
            if isinstance(value, str):
                value = _parsed(value.encode())[1]
            value = value.get(step) if isinstance(value, Mapping) else None
        return value

    @property
    def fault(self) -> str:
        """What is wrong with the answer; empty for a good one. Its content is not quoted."""
        if self.error:
            kind = self.at("errorType") or "no error type"
            return f"The smoke event ended in an {self.error.lower()} error ({kind})."
        if self.status_code != 200:
            return f"Lambda answered the smoke event with status {self.status_code}."
        if not self.is_json:
            return "The function answered its smoke event with something that is not JSON."
        status = self.at("statusCode")
        if isinstance(status, int | str) and str(status).isdigit() and int(status) >= 500:
            return f"The function answered its smoke event with statusCode {status}."
        path, _, wanted = self.expect.partition("=")
        found = self.at(path) if path else None
        spoken = str(found).lower() if isinstance(found, bool) else str(found)
        if path and (found is None or (wanted and spoken != wanted)):
            return f"The answer to the smoke event does not have {self.expect}."
        return ""


def _event(found: Mapping[str, Any] | None) -> tuple[str, str]:
    """The event, or why there is none to send."""
    if found is None:
        return "", "does not exist"
    parameter = found["Parameter"]
    if parameter.get("Type") == "SecureString":
        return "", "is a SecureString, and an event is no secret"
    text = parameter.get("Value", "")
    is_json, _ = _parsed(text.encode())
    return text, "" if is_json else "does not hold JSON"


def _parsed(body: bytes) -> tuple[bool, Any]:
    try:
        return True, json.loads(body)
    except (ValueError, RecursionError):
        return False, None
