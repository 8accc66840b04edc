"""Who acknowledged a page: what PagerDuty's REST API says, and what it does not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from readiness_cli.acknowledgement import Acknowledgements, api_of
from readiness_cli.failure import Failure

ADA = {"id": "PXPGF42", "type": "user_reference", "summary": "Ada Lovelace"}
MACHINE = {"id": "PSERV1", "type": "service_reference", "summary": "readiness"}


class Api:
    """PagerDuty's REST API on this machine."""

    def __init__(self) -> None:
        self.status = 200
        self.body: Any = {"incidents": []}
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.path, self.headers["Authorization"]))
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                body = outer.body
                self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

            def log_message(self, *_: Any) -> None:
                """Nothing is printed."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def incident(status="triggered", acknowledged=(), last=MACHINE) -> dict[str, Any]:
    return {
        "id": "Q1",
        "status": status,
        "acknowledgements": [
            {"at": "2026-11-02T12:00:00Z", "acknowledger": a} for a in acknowledged
        ],
        "last_status_change_by": last,
    }


@pytest.mark.parametrize(
    ("incidents", "who"),
    [
        pytest.param([], "", id="no incident yet"),
        pytest.param([incident()], "", id="triggered"),
        pytest.param([incident(last=ADA)], "", id="triggered again by a person"),
        pytest.param(
            [incident("acknowledged", [ADA], ADA)], "Ada Lovelace (PXPGF42)", id="acknowledged"
        ),
        pytest.param([incident("acknowledged", [MACHINE])], "", id="by a machine"),
        pytest.param([incident("resolved")], "", id="resolved by the service"),
        pytest.param([incident("resolved", last=ADA)], "Ada Lovelace (PXPGF42)", id="by hand"),
        pytest.param(
            [incident("resolved"), incident("acknowledged", [ADA])],
            "Ada Lovelace (PXPGF42)",
            id="the second of two",
        ),
        pytest.param(["?", {"acknowledgements": ["?"]}, {}], "", id="not as documented"),
    ],
)
def test_who_acknowledged(api, incidents, who):
    api.body = {"incidents": incidents}
    assert Acknowledgements(api.url, "the-key").of("readiness:1 2") == who
    [(path, key)] = api.asked
    assert "incident_key=readiness%3A1+2" in path
    assert key == "Token token=the-key"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_is_no_answer_is_nobody_yet(api, status):
    api.status = status
    assert Acknowledgements(api.url, "key").of("k") == ""


@pytest.mark.parametrize("body", [b"<html>", b"", [], {"incidents": None}])
def test_an_answer_of_another_kind_is_nobody_yet(api, body):
    api.body = body
    assert Acknowledgements(api.url, "key").of("k") == ""


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404])
def test_a_refused_key_is_told_without_the_key(api, status):
    api.status = status
    with pytest.raises(Failure, match=f"HTTP {status}") as told:
        Acknowledgements(api.url, "a-secret-key").of("k")
    assert "a-secret-key" not in str(told.value)


def test_a_redirect_does_not_carry_the_key_away(api):
    api.status, api.headers = 302, {"Location": f"{api.url}/elsewhere"}
    with pytest.raises(Failure, match="HTTP 302"):
        Acknowledgements(api.url, "key").of("k")
    assert len(api.asked) == 1


def test_nobody_answers_where_nothing_listens():
    assert Acknowledgements("http://127.0.0.1:9", "key").of("k") == ""


@pytest.mark.parametrize(
    ("endpoint", "api"),
    [
        ("US", "https://api.pagerduty.com"),
        ("EU", "https://api.eu.pagerduty.com"),
        ("http://127.0.0.1:8080/v2/enqueue", "http://127.0.0.1:8080"),
    ],
)
def test_the_api_is_beside_the_endpoint(endpoint, api):
    assert api_of(endpoint) == api


def test_no_key_is_sent_to_an_unknown_host():
    with pytest.raises(Failure, match="not known where"):
        api_of("https://pages.example.com/enqueue")
