"""Records the AWS calls of an evaluation, and answers the same calls from the record."""

from __future__ import annotations

import io
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NoReturn

import botocore.exceptions
from botocore import parsers
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from readiness.engine import garbled
from readiness.engine.aws import Aws
from readiness.engine.aws_errors import UnknownCall
from readiness.engine.session import Session
from readiness.model.evidence import ResourceType
from readiness_cli.cases.casefile import Call, Case, asked

_OFFLINE = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
_Errors = (ClientError, BotoCoreError, parsers.ResponseParserError, UnknownCall)


class Recording(Aws):
    """An account that is read as ever, and takes down what it answers.

    ``moment`` is the time throughout, so that what is asked about times is asked alike again.
    """

    def take_down(self, moment: datetime) -> None:
        """Begin."""
        self.now = lambda: moment
        self.calls: list[Call] = []
        self.names: set[str] = set()
        self.absent: set[tuple[str, str]] = set()
        self._lock_of_calls = threading.Lock()
        self._within_pages = threading.local()

    def find(self, cls: ResourceType) -> list[str]:
        found = super().find(cls)
        self.names.update(found)
        return found

    def is_absent(self, service: str, region: str) -> bool:
        is_absent = super().is_absent(service, region)
        if is_absent:
            self.absent.add((service, region))
        return is_absent

    def ask(
        self,
        service: str,
        operation: str,
        region: str | None,
        params: Mapping[str, Any],
        *,
        once: bool = False,
    ) -> Any:
        if getattr(self._within_pages, "is_on", False):
            return super().ask(service, operation, region, params, once=once)
        try:
            answer = super().ask(service, operation, region, params, once=once)
        except _Errors as error:
            self._took(service, operation, region, params, error=described(error))
            raise
        kept, answer = _teed(answer)
        self._took(service, operation, region, params, answer=kept)
        return answer

    def pages(
        self, service: str, operation: str, region: str | None, params: Mapping[str, Any]
    ) -> Iterable[Any]:
        taken: list[Any] = []
        error: Mapping[str, Any] | None = None
        self._within_pages.is_on = True
        try:
            for page in super().pages(service, operation, region, params):
                taken.append(_plain(page))
                yield page
        except _Errors as failed:
            error = described(failed)
            raise
        finally:
            self._within_pages.is_on = False
            self._took(service, operation, region, params, pages=tuple(taken), error=error)

    def _took(
        self,
        service: str,
        operation: str,
        region: str | None,
        params: Mapping[str, Any],
        *,
        answer: Any = None,
        pages: tuple[Any, ...] | None = None,
        error: Mapping[str, Any] | None = None,
    ) -> None:
        call = Call(service, operation, dict(params), region or "", answer, pages, error)
        with self._lock_of_calls:
            self.calls.append(call)


def _plain(answer: Any) -> Any:
    """A copy of the answer without what is about the transport."""
    if isinstance(answer, Mapping):
        return {key: _plain(each) for key, each in answer.items() if key != "ResponseMetadata"}
    if isinstance(answer, list | tuple):
        return [_plain(each) for each in answer]
    return answer


def _teed(answer: Any) -> tuple[Any, Any]:
    """An answer to keep and one to hand on: what streams is read once, for both."""
    if not isinstance(answer, Mapping):
        return answer, answer
    streamed = {key: each.read() for key, each in answer.items() if hasattr(each, "read")}
    if not streamed:
        return _plain(answer), answer
    handed = {**answer, **{key: io.BytesIO(each) for key, each in streamed.items()}}
    kept = {key: each for key, each in answer.items() if key not in streamed}
    return {**_plain(kept), **{key: {"$stream": each} for key, each in streamed.items()}}, handed


def described(error: Exception) -> dict[str, Any]:
    """An error as a case holds it."""
    if isinstance(error, ClientError):
        said = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return {
            "kind": "ClientError",
            "code": str(said.get("Code", "")),
            "message": str(said.get("Message", "")),
            "status": status if isinstance(status, int) else 0,
        }
    kind = type(error).__name__
    more = {
        name: str(value)
        for name, value in getattr(error, "kwargs", {}).items()
        if name not in {"msg", "request", "response"}
    }
    return {"kind": kind, "told": more, "message": str(error)}


def raised(about: Mapping[str, Any], operation: str) -> Exception:
    """The error that a case describes."""
    kind = str(about["kind"])
    if kind == "ClientError":
        answer: Any = {
            "Error": {
                "Code": str(about.get("code", "")),
                "Message": str(about.get("message", "")),
            },
            "ResponseMetadata": {"HTTPStatusCode": about.get("status", 0)},
        }
        return ClientError(answer, operation)
    if kind == "UnknownCall":
        return UnknownCall(operation)
    if kind == "ResponseParserError":
        return parsers.ResponseParserError(str(about.get("message", "")))
    cls: Any = garbled.Garbled if kind == "Garbled" else getattr(botocore.exceptions, kind, None)
    if not (isinstance(cls, type) and issubclass(cls, BotoCoreError)):
        raise Missing(f"the error {kind!r} of {operation}")
    told = about.get("told", {})
    return cls(**told) if isinstance(told, Mapping) else cls()


class Missing(Exception):
    """The case does not hold what the rule asks for."""


class Recorded(Aws):
    """An account that answers out of a case, and reaches no network.

    ``missing`` is what was asked in vain.
    """

    @classmethod
    def of(cls, case: Case) -> Recorded:
        made = cls(
            Session(region=case.region),
            account=case.account,
            region=case.region,
            now=lambda: case.now,
        )
        made.missing = []
        made._absent = frozenset(case.absent)
        made._outcomes = defaultdict(list)
        for call in case.calls:
            made._outcomes[call.key].append(call)
        made._turns = defaultdict(int)
        return made

    missing: list[str]
    _absent: frozenset[tuple[str, str]]
    _outcomes: dict[tuple[str, str, str, str, bool], list[Call]]
    _turns: dict[tuple[str, str, str, str, bool], int]

    def client(self, service: str, region: str | None = None, *, once: bool = False) -> Any:  # noqa: ARG002
        """A client that knows its operations and refuses to send anything."""
        key = (service, region or self.region)
        with self._lock:
            if key not in self._clients:
                made = self._session.client(service, region_name=key[1], config=_OFFLINE)
                made.meta.events.register("before-send", _refuse)
                self._clients[key] = made
            return self._clients[key]

    def is_absent(self, service: str, region: str) -> bool:
        return (service, region) in self._absent

    def ask(
        self,
        service: str,
        operation: str,
        region: str | None,
        params: Mapping[str, Any],
        *,
        once: bool = False,  # noqa: ARG002
    ) -> Any:
        call = self._outcome(service, operation, region, params, paged=False)
        if call.error is not None:
            raise raised(call.error, operation)
        if isinstance(call.answer, Mapping):
            return {key: _streamed(each) for key, each in call.answer.items()}
        return call.answer

    def pages(
        self, service: str, operation: str, region: str | None, params: Mapping[str, Any]
    ) -> Iterable[Any]:
        call = self._outcome(service, operation, region, params, paged=True)
        yield from call.pages or ()
        if call.error is not None:
            raise raised(call.error, operation)

    def _outcome(
        self,
        service: str,
        operation: str,
        region: str | None,
        params: Mapping[str, Any],
        *,
        paged: bool,
    ) -> Call:
        key = asked(service, operation, region, params, paged=paged)
        with self._lock:
            outcomes = self._outcomes.get(key)
            if not outcomes:
                said = f"{service} {operation} {key[3]}"
                self.missing.append(said)
                raise Missing(said)
            turn = min(self._turns[key], len(outcomes) - 1)
            self._turns[key] += 1
            return outcomes[turn]


def _streamed(value: Any) -> Any:
    if isinstance(value, Mapping) and set(value) == {"$stream"}:
        return io.BytesIO(value["$stream"])
    return value


def _refuse(**_: Any) -> NoReturn:
    raise Missing("a call that is no reading")
