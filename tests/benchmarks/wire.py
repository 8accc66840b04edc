"""Stand-ins below botocore, in the place of HTTP: answers are bytes, as AWS sends them."""

from __future__ import annotations

import io
import json
import math
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore import xform_name
from botocore.awsrequest import AWSResponse
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model

from tests.benchmarks.tables_on_disk import Tables
from tests.benchmarks.vast_account import Account
from tests.benchmarks.vast_numbers import Refused


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
        self.series = 0
        self.units: Counter[str] = Counter()
        self.own_cpu = 0.0

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
                if service == "dynamodb" and hasattr(self._tables, xform_name(model.name)):
                    answer = self._tables.answer(model.name, params)
                else:
                    answer = self._account.answer(service, model.name, params)
                status, body = 200, _body(model, _without_none(answer))
            except Refused as refused:
                code, status = refused.args
                body = _error(model, code)
            kind = "json" if "json" in model.service_model.resolved_protocol else "xml"
            headers = {"content-type": f"application/{kind}", "content-length": str(len(body))}
            return AWSResponse(request.url, status, headers, _Raw(body))

    def _count(self, service: str, operation: str, params: Any) -> None:
        """Count a call, the series it asks for, and what it writes into the tables."""
        name = f"{service} {operation}"
        with self._lock:
            self.asked[name] += 1
            self.calls[name] += 1
            self.series += len(params.get("MetricDataQueries", ()))
            if service != "dynamodb":
                return
            for put in params.get("TransactItems", ()):
                self._written(put["Put"], 2)
            if "Item" in params:
                self._written(params, 1)

    def _written(self, put: Any, times: int) -> None:
        """A write unit is a kilobyte; in a transaction it counts twice."""
        size = len(json.dumps(put["Item"], default=str))
        self.units[put["TableName"]] += times * math.ceil(size / 1024)

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


def _error(model: Any, code: str) -> bytes:
    if "json" in model.service_model.resolved_protocol:
        return json.dumps({"__type": code, "message": "no"}).encode()
    inner = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
    is_s3 = model.service_model.service_name == "s3"
    return (inner if is_s3 else f"<ErrorResponse>{inner}</ErrorResponse>").encode()
