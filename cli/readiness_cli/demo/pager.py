"""A stand-in for PagerDuty's Events API v2 that remembers what arrived, and fails when told to."""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ENQUEUE = "/v2/enqueue"
RECEIVED = "/_received"
FAULTS = "/_faults"
_LONGEST_HANG = 60.0


@dataclass
class Line:
    """What arrived so far, and the answers still to be given before things work again.

    A fault is an HTTP status, "reset" (the connection is cut) or a number of seconds to hang.
    """

    received: list[dict[str, Any]] = field(default_factory=list)
    faults: list[int | float | str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next_fault(self) -> int | float | str | None:
        with self.lock:
            return self.faults.pop(0) if self.faults else None

    def remember(self, body: Any, answered: int) -> None:
        with self.lock:
            self.received.append({"at": time.time(), "answered": answered, "body": body})


def refusal(body: Any) -> str:
    """Why PagerDuty would answer 400 to this body; empty when it would take it.

    Source: the Events API v2 overview in PagerDuty's developer documentation.
    """
    if not isinstance(body, Mapping):
        return "the body is not a JSON object"
    return next(_refusals(body), "")


def _refusals(body: Mapping[str, Any]) -> Iterator[str]:
    action = body.get("event_action")
    if not body.get("routing_key"):
        yield "routing_key is missing"
    if action not in {"trigger", "acknowledge", "resolve"}:
        yield "event_action is unknown"
    if action != "trigger" and not body.get("dedup_key"):
        yield "dedup_key is missing"
    if len(str(body.get("dedup_key", ""))) > 255:
        yield "dedup_key is longer than 255"
    payload = body.get("payload")
    if action == "trigger" and not isinstance(payload, Mapping):
        yield "payload is missing"
    if isinstance(payload, Mapping):
        for name in ("summary", "source"):
            if not 0 < len(str(payload.get(name, ""))) <= 1024:
                yield f"payload.{name} is missing or longer than 1024"
        if payload.get("severity") not in {"critical", "error", "warning", "info"}:
            yield "payload.severity is unknown"


class _Desk(BaseHTTPRequestHandler):
    """Answers as PagerDuty does; the underscored paths are for whoever watches."""

    protocol_version = "HTTP/1.1"
    line: Line

    def do_GET(self) -> None:
        if self.path != RECEIVED:
            self._answer(HTTPStatus.NOT_FOUND, {})
            return
        with self.line.lock:
            received = list(self.line.received)
        self._answer(HTTPStatus.OK, received)

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        if self.path == FAULTS:
            with self.line.lock:
                self.line.faults = list(body or [])
            self._answer(HTTPStatus.OK, {})
        elif self.path == ENQUEUE:
            self._enqueue(body)
        else:
            self._answer(HTTPStatus.NOT_FOUND, {})

    def _enqueue(self, body: Any) -> None:
        fault = self.line.next_fault()
        if fault == "reset":
            self.line.remember(body, 0)
            self.close_connection = True
            return
        if isinstance(fault, float):
            time.sleep(min(fault, _LONGEST_HANG))
        elif isinstance(fault, int):
            self.line.remember(body, fault)
            self._answer(HTTPStatus(fault), {"status": "fault"})
            return
        wrong = refusal(body)
        status = HTTPStatus.BAD_REQUEST if wrong else HTTPStatus.ACCEPTED
        self.line.remember(body, status)
        if wrong:
            self._answer(status, {"status": "invalid event", "errors": [wrong]})
        else:
            key = body.get("dedup_key", "")
            self._answer(
                status, {"status": "success", "message": "Event processed", "dedup_key": key}
            )

    def _answer(self, status: HTTPStatus, body: Any) -> None:
        raw = json.dumps(body).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)
        except ConnectionError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: what arrived is read from RECEIVED."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def serve(port: int) -> None:
    """Answer on 127.0.0.1 until the process is ended."""
    desk = type("Desk", (_Desk,), {"line": Line()})
    with _Server(("127.0.0.1", port), desk) as server:
        server.serve_forever()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--port", type=int, required=True)
    serve(arguments.parse_args().port)
