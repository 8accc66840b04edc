"""A success that cannot be read is an error: the guard in front of every client.

botocore takes a body that is not JSON, no body at all, or somebody else's JSON or XML for an
answer without members: a truncated list would read as "there is nothing", a row as "it does not
exist". The checks look at the body itself, so that a missing Content-Length makes no difference,
and parse no large body a second time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from botocore.exceptions import BotoCoreError
from botocore.parsers import JSONParser, ResponseParserError, ResponseParserFactory

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape
    from botocore.session import Session

_HTML = re.compile(rb"\s*(<!doctype\s+html|<html[\s>])", re.IGNORECASE)
_ROOT = re.compile(rb"<(?:[\w.-]+:)?(\w[\w.-]*)")
"""The first element: declarations and comments begin with another character."""
_ERRORS = {b"Response", b"ErrorResponse"}
_BLANK = re.compile(rb"\s*\Z")
_OBJECT = re.compile(rb"\s*\{")
_OBJECT_OR_LIST = re.compile(rb"\s*[\[{]")
_NO_CONTENT = 204
_JSON = {"json", "rest-json"}
_QUERY = {"query", "ec2"}
_ALWAYS = {
    **{("dynamodb", name): "Items" for name in ("Query", "Scan")},
    ("cloudformation", "DescribeStacks"): "Stacks",
    ("cloudformation", "ListStackResources"): "StackResourceSummaries",
    ("events", "PutEvents"): "Entries",
    ("securityhub", "BatchImportFindings"): "SuccessCount",
    ("sns", "Publish"): "MessageId",
    ("sqs", "SendMessage"): "MessageId",
    ("ssm", "GetParameter"): "Parameter",
    ("stepfunctions", "ListExecutions"): "executions",
    ("stepfunctions", "StartExecution"): "executionArn",
}
"""What is in every answer to our own calls: without it nothing was taken, or nothing is known.

Of tables it is the rows, also where there is none; nobody here asks Query for a count alone.
"""
_BEGAN_AT = "began_at"
_BROKEN = "a body that breaks off or cannot be parsed"
_MISSHAPEN = (AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What botocore's parsers raise where a member is not of its type."""


class Garbled(BotoCoreError):
    """A success whose body is not what the operation answers with.

    Whether the call did what it was asked is unknown.
    """

    fmt = "{service} {operation} was answered with {status} and {what}"


class Parsers(ResponseParserFactory):
    """botocore's parsers, of which one that stumbles over a body raises Garbled."""

    def create_parser(self, protocol_name: str) -> Any:
        if protocol_name == "json":
            return _Parser(_JsonParser(**self._defaults))  # type: ignore[attr-defined]
        return _Parser(super().create_parser(protocol_name))


_VALUE = "AttributeValue"
_TYPES = {"S": str, "N": str, "BOOL": bool, "NULL": bool}


class _JsonParser(JSONParser):
    """botocore's parser, which takes a text, number or truth of a DynamoDB row as it came.

    For each value of each row botocore looks for ten members, to copy the one that is there:
    that is most of the time it takes to read a page of rows.
    """

    def _handle_map(self, shape: Any, value: Any) -> Any:
        if shape.value.name != _VALUE or type(value) is not dict:
            return super()._handle_map(shape, value)  # type: ignore[misc]
        return {name: self._attribute(shape.value, each) for name, each in value.items()}

    def _attribute(self, shape: Any, value: Any) -> Any:
        if type(value) is dict and len(value) == 1:
            [(kind, said)] = value.items()
            if type(said) is _TYPES.get(kind):
                return value
        return self._parse_shape(shape, value)  # type: ignore[attr-defined]


class _Parser:
    def __init__(self, parser: Any) -> None:
        self._parser = parser

    def parse(self, response: Mapping[str, Any], shape: Shape | None) -> Any:
        try:
            return self._parser.parse(response, shape)
        except ResponseParserError as error:
            # Not one of botocore's own errors: who catches those would not catch it.
            raise _garbled(response[_ASKED], response["status_code"], _BROKEN) from error
        except _MISSHAPEN as error:
            what = f"a body of another shape ({type(error).__name__})"
            raise _garbled(response[_ASKED], response["status_code"], what) from error


_ASKED = "operation_model"


def guard(session: Session) -> None:
    """Make every client of the session raise Garbled."""
    session.register("before-parse", _refuse_unparsable)
    session.register("after-call", _refuse_misread)
    for name in ("Query", "Scan"):
        session.register(f"provide-client-params.dynamodb.{name}", _note_beginning)


def _note_beginning(**call: Any) -> None:
    """Where a page of a table begins: one that ends there too would be asked for without end."""
    call["context"][_BEGAN_AT] = call["params"].get("ExclusiveStartKey")


def _refuse_unparsable(**call: Any) -> None:
    """Before botocore parses the body: what cannot be an answer of this protocol."""
    operation_model: OperationModel = call["operation_model"]
    response_dict: dict[str, Any] = call["response_dict"]
    response_dict[_ASKED] = operation_model
    status = response_dict["status_code"]
    if _has_body(operation_model, status):
        what = _flaw(response_dict["body"], operation_model)
        if what:
            raise _garbled(operation_model, status, what)


def _refuse_misread(**call: Any) -> None:
    """After it has: an answer without members was empty, broken, or not of this operation."""
    http_response, parsed = call["http_response"], call["parsed"]
    model: OperationModel = call["model"]
    status = http_response.status_code
    if not _has_body(model, status):
        return
    if not _says_something(model, parsed):
        # A stubbed response has no body.
        if getattr(http_response, "raw", None) is None:
            return
        what = _misread(http_response.content, model)
        if what:
            raise _garbled(model, status, what)
    always = _ALWAYS.get((model.service_model.service_name, model.name))
    if always and parsed.get(always) in (None, ""):
        raise _garbled(model, status, f"no {always}")
    began_at = call.get("context", {}).get(_BEGAN_AT)
    if began_at and parsed.get("LastEvaluatedKey") == began_at:
        raise _garbled(model, status, "the page that was asked for, as the next one")


def _misread(body: bytes, model: OperationModel) -> str:
    """What is wrong with a body of which nothing was read; empty where there is nothing."""
    if _protocol(model) == "rest-xml" and len(ET.fromstring(body)) > 0:  # noqa: S314
        return "the XML of something else"
    if _protocol(model) not in _JSON:
        return ""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return "a body that is not JSON"
    if isinstance(said, Mapping) and said and not said.keys() & _members(model):
        return "the JSON of something else"
    return ""


def _members(model: OperationModel) -> set[str]:
    """The names that an answer has at its top."""
    shape = model.output_shape
    if shape is None:
        return set()
    payload = shape.serialization.get("payload")
    named = getattr(shape.members[payload], "members", {}) if payload else shape.members
    return {member.serialization.get("name", name) for name, member in named.items()}


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
        return shape.members[payload].type_name != "string"
    return any("location" not in member.serialization for member in shape.members.values())


def _flaw(body: bytes, model: OperationModel) -> str:
    if _BLANK.match(body):
        return "no body"
    if _HTML.match(body):
        return "an HTML page"
    if _protocol(model) in _QUERY:
        root = _ROOT.search(body)
        name = root.group(1) if root else b""
        is_answer = name.endswith(b"Response") and name not in _ERRORS
        return "" if is_answer else "the XML of something else"
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
        return bool(parsed.get(payload))
    return any(
        name in parsed
        for name, member in shape.members.items()
        if "location" not in member.serialization
        and member.serialization.get("name", name) != "message"
    )
