"""Loopback never goes through a proxy, whatever the caller's shell says."""

from __future__ import annotations

import http.server
import threading
import urllib.request

import pytest

from readiness_cli.demo.process import answers
from readiness_cli.loopback import without_proxy

PROXIES = dict.fromkeys(
    ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"), "http://127.0.0.1:9"
)


@pytest.fixture
def local():
    """A program on this machine, while nobody answers at the proxy."""

    class Yes(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

        def log_message(self, *said):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Yes) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def behind_a_proxy(monkeypatch):
    for name, value in PROXIES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)


def test_the_demo_reaches_what_it_started(local, behind_a_proxy):
    assert answers(local)


def test_every_command_reaches_an_endpoint_on_this_machine(
    local, behind_a_proxy, run, monkeypatch
):
    asked = {}

    def listed(*args, **kwargs):
        with urllib.request.urlopen(local, timeout=5) as answer:
            asked["status"] = answer.status
        return []

    monkeypatch.setattr("readiness_cli.catalogue.chosen", listed)
    run("rules")
    run("scan")
    assert asked == {"status": 200}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, "127.0.0.1,localhost,::1"),
        ({"NO_PROXY": "corp.example"}, "corp.example,127.0.0.1,localhost,::1"),
        ({"no_proxy": "a, b", "NO_PROXY": "b,c"}, "a,b,c,127.0.0.1,localhost,::1"),
        ({"no_proxy": "localhost"}, "localhost,127.0.0.1,::1"),
        ({"no_proxy": "*"}, "*,127.0.0.1,localhost,::1"),
    ],
)
def test_what_was_exempt_stays_exempt(before, after):
    assert without_proxy(before) == {"no_proxy": after, "NO_PROXY": after}
