"""Stand-ins below botocore, in the place of HTTP: answers are bytes, as AWS sends them."""

from __future__ import annotations

import io
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore import xform_name
from botocore.awsrequest import AWSResponse
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model

from tests.benchmarks.prices import billed_metrics, item_bytes, read_units, write_units
from tests.benchmarks.tables_on_disk import Tables
from tests.benchmarks.vast_account import Account
from tests.benchmarks.vast_numbers import Refused

INDEXED = ("rule", "open_account", "workload")
"""The keys of the findings table's indexes that hold whole rows."""


class Wire:
    """Puts the stand-ins below the clients of a session, in the place of HTTP."""

    def __init__(self, account: Account, tables: Tables) -> None:
        self._account = account
        self._tables = tables
        self._asked = threading.local()
        self._lock = threading.Lock()
        self.requests = 0
        self.asked: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.metrics = 0
        self.traces = 0
        self.units: Counter[str] = Counter()
        self.read_units = 0.0
        self.kept = 0
        """Bytes that were written, in the indexes too."""
        self.billed: set[str] = set()
        self.own_cpu = 0.0
        self.spend: Callable[[str, str], bool] = lambda service, operation: True
        """Whether AWS answers a call that comes now, or refuses it for its rate."""

    def attach(self, client: Any) -> None:
        client.meta.events.register("before-parameter-build.*.*", self._note, unique_id="note")
        client.meta.events.register("before-send.*.*", self._send, unique_id="send")

    def _note(self, params: Any, model: Any, **_: Any) -> None:
        self._asked.call = (model, dict(params))

    def _send(self, request: Any, **_: Any) -> AWSResponse:
        with self._own():
            model, params = self._asked.call
            service = model.service_model.service_name
            self._count(service, model.name, params)
            try:
                answer = self._answer(service, model.name, params)
                self._count_read(service, params, answer)
                status, body = 200, _body(model, _without_none(answer))
            except Refused as refused:
                code, status, *said = refused.args
                body = _error(model, code, *said)
            kind = "json" if "json" in model.service_model.resolved_protocol else "xml"
            headers = {"content-type": f"application/{kind}", "content-length": str(len(body))}
            return AWSResponse(request.url, status, headers, _Raw(body))

    def _answer(self, service: str, operation: str, params: Any) -> Any:
        if not self.spend(service, xform_name(operation)):
            raise Refused("ThrottlingException", 429)
        if service == "dynamodb" and hasattr(self._tables, xform_name(operation)):
            return self._tables.answer(operation, params)
        return self._account.answer(service, operation, params)

    def _count(self, service: str, operation: str, params: Any) -> None:
        """Count a call, the metrics it is billed for, and what it writes into the tables."""
        name = f"{service} {operation}"
        with self._lock:
            self.asked[name] += 1
            self.calls[name] += 1
            self.metrics += billed_metrics(params)
            if service == "ce":
                self.billed.add(f"{name} {json.dumps(params, sort_keys=True, default=str)}")
            if service != "dynamodb":
                return
            for put in params.get("TransactItems", ()):
                self._written(put["Put"], 2)
            if "Item" in params:
                self._written(params, 1)

    def _count_read(self, service: str, params: Any, answer: Any) -> None:
        """Count what a call read of the tables, and the traces that it had processed."""
        with self._lock:
            if service == "dynamodb" and {"Item", "Items"} & answer.keys():
                self.read_units += read_units(params, answer)
            self.traces += answer.get("TracesProcessedCount") or 0

    def _written(self, put: Any, times: int) -> None:
        """Count the units, in a transaction twice; each index with the row costs as many."""
        item = put["Item"]
        indexes = sum(name in item for name in INDEXED) if put["TableName"] == "findings" else 0
        self.units[put["TableName"]] += write_units(item) * (times + indexes)
        self.kept += item_bytes(item) * (1 + indexes)

    @contextmanager
    def _own(self) -> Iterator[None]:
        began = time.thread_time()
        try:
            yield
        finally:
            with self._lock:
                self.requests += 1
                self.own_cpu += time.thread_time() - began


class _Raw(io.BytesIO):
    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.read()


def _without_none(value: Any) -> Any:
    return {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value


def _body(model: Any, answer: Any) -> bytes:
    protocol = model.service_model.resolved_protocol
    if "json" in protocol:
        return json.dumps(answer).encode()
    service = model.service_model.service_name
    operation = get_service_model(service).operation_model(model.name)
    made = get_serializer_class(service, protocol)(operation)
    body = made.serialize(answer)["body"]
    return body.encode() if isinstance(body, str) else body or b""


def _error(model: Any, code: str, said: str = "no") -> bytes:
    if "json" in model.service_model.resolved_protocol:
        return json.dumps({"__type": code, "message": said}).encode()
    inner = f"<Error><Code>{code}</Code><Message>{said}</Message></Error>"
    is_s3 = model.service_model.service_name == "s3"
    return (inner if is_s3 else f"<ErrorResponse>{inner}</ErrorResponse>").encode()
