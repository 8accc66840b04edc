"""A success that cannot be read is an error: the guard in front of every client.

botocore takes a body that is not JSON, or no body at all, for an answer without members: a
truncated list would read as "there is nothing", a row as "it does not exist". The checks look at
the body itself, so that a missing Content-Length makes no difference, and parse no large body a
second time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from botocore.session import Session

_HTML = re.compile(rb"\s*(<!doctype\s+html|<html[\s>])", re.IGNORECASE)
_BLANK = re.compile(rb"\s*\Z")
_OBJECT = re.compile(rb"\s*\{")
_OBJECT_OR_LIST = re.compile(rb"\s*[\[{]")
_NO_CONTENT = 204
_JSON = {"json", "rest-json"}


class Garbled(BotoCoreError):
    """A success whose body is not what the operation answers with.

    Whether the call did what it was asked is unknown.
    """

    fmt = "{service} {operation} was answered with {status} and {what}"


def guard(session: Session) -> None:
    """Make every client of the session raise Garbled."""
    session.register("before-parse", _refuse_unparsable)
    session.register("after-call", _refuse_misread)


def _refuse_unparsable(**call: Any) -> None:
    """Before botocore parses the body: what cannot be an answer of this protocol."""
    operation_model: OperationModel = call["operation_model"]
    response_dict: Mapping[str, Any] = call["response_dict"]
    status = response_dict["status_code"]
    if _has_body(operation_model, status):
        what = _flaw(response_dict["body"], operation_model)
        if what:
            raise _garbled(operation_model, status, what)


def _refuse_misread(**call: Any) -> None:
    """After it has: an answer without members was either empty or broken JSON."""
    http_response, parsed = call["http_response"], call["parsed"]
    model: OperationModel = call["model"]
    status = http_response.status_code
    if not _has_body(model, status) or _protocol(model) not in _JSON:
        return
    # A stubbed response has no body.
    if _says_something(model, parsed) or getattr(http_response, "raw", None) is None:
        return
    try:
        json.loads(http_response.content)
    except ValueError:
        raise _garbled(model, status, "a body that is not JSON") from None


def _garbled(model: OperationModel, status: int, what: str) -> Garbled:
    service = model.service_model.service_name
    return Garbled(service=service, operation=model.name, status=status, what=what)


def _has_body(model: OperationModel, status: int) -> bool:
    """Whether a success has a structured body, not only headers, a text or a stream."""
    shape = model.output_shape
    if status >= 300 or status == _NO_CONTENT or shape is None:
        return False
    if model.has_streaming_output or model.has_event_stream_output:
        return False
    payload = shape.serialization.get("payload")
    if payload:
        return shape.members[payload].type_name not in {"string", "blob"}
    return any("location" not in member.serialization for member in shape.members.values())


def _flaw(body: bytes, model: OperationModel) -> str:
    if _BLANK.match(body):
        return "no body"
    if _HTML.match(body):
        return "an HTML page"
    if _protocol(model) not in _JSON:
        return ""
    shape = model.output_shape
    may_be_list = shape is not None and "payload" in shape.serialization
    if not (_OBJECT_OR_LIST if may_be_list else _OBJECT).match(body):
        return "a body that is no JSON object"
    return "" if body.isascii() or _is_text(body) else "a body that is not text"


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _protocol(model: OperationModel) -> str:
    service = model.service_model
    return getattr(service, "resolved_protocol", "") or str(service.metadata["protocol"])


def _says_something(model: OperationModel, parsed: Mapping[str, Any]) -> bool:
    """Whether a member was read from the body; ``message`` is where botocore puts broken JSON."""
    shape = model.output_shape
    if shape is None:
        return False
    payload = shape.serialization.get("payload")
    if payload:
        inner = parsed.get(payload) or ()
        return bool(inner) and set(inner) != {"message"}
    return any(
        name in parsed
        for name, member in shape.members.items()
        if "location" not in member.serialization
        and member.serialization.get("name", name) != "message"
    )
