"""Every case in this folder gives the verdict that it was written with; so does one of your own."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from readiness_cli import catalogue
from readiness_cli.cases import casefile, trace

CASES = sorted(Path(__file__).parent.glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_case_gives_its_verdict(path, monkeypatch):
    def refuse(*args):
        raise AssertionError(f"a case needs no network: {args}")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    case = casefile.read(path)
    said = trace.said_of(trace.replayed(catalogue.rule(case.rule), case).finding)
    assert (said.status, said.severity, said.missing) == (
        case.verdict.status,
        case.verdict.severity,
        case.verdict.missing,
    ), said.reason


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_case_names_nobody(path):
    text = path.read_text(encoding="utf-8").lower()
    for name in ("acme", "payroll", "jane", "roe", "horse7", "10.42.", "203.0.114", "9988"):
        assert name not in text


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_case_is_written_as_it_was_read(path):
    text = path.read_text(encoding="utf-8")
    assert json.loads(casefile.parse(text).text()) == json.loads(text)
