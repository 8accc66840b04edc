"""What PagerDuty's endpoint, or something in between, may answer, and what that means."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from readiness.alerting.pagerduty import EventsApi, Reply

TAKEN = b'{"status": "success", "message": "Event processed", "dedup_key": "k"}'


@contextmanager
def answering(*pieces, pause=0.0):
    """A server that answers one request with these bytes, and waits before each next piece."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = server.accept()
        with connection:
            connection.recv(65_536)
            try:
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(pause)
            except OSError:
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
    finally:
        server.close()
        thread.join(5)


def head(status, body, *more):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *more]
    return "\r\n".join([*lines, "", ""]).encode() + body


CHUNKED = b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "accepted", "cured"),
    [
        pytest.param(head("202 Accepted", TAKEN), True, False, id="taken"),
        pytest.param(
            CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(TAKEN), TAKEN), True, False, id="chunked"
        ),
        pytest.param(CHUNKED + b"zz\r\n", False, True, id="a broken chunk"),
        pytest.param(CHUNKED + b"ff\r\n" + TAKEN, False, True, id="a chunk that breaks off"),
        pytest.param(head("202 Accepted", TAKEN)[:-9], False, True, id="breaks off"),
        pytest.param(head("202 Accepted", b""), False, True, id="empty"),
        pytest.param(head("202 Accepted", b"null"), False, True, id="null"),
        pytest.param(head("202 Accepted", b"[" * 5000), False, True, id="nested"),
        pytest.param(head("202 Accepted", b"\xff\xfe"), False, True, id="no text"),
        pytest.param(
            head("202 Accepted", TAKEN.replace(b'"k"', b'"other"')),
            False,
            True,
            id="another event",
        ),
        pytest.param(head("202 Accepted", b'{"status": "Success"}'), False, True, id="odd"),
        pytest.param(head("200 OK", TAKEN), False, True, id="200"),
        pytest.param(head("204 No Content", b""), False, True, id="204"),
        pytest.param(head("103 Early Hints", b""), False, True, id="early hints and no more"),
        pytest.param(head("301 Moved", b"", "Location: http://x/"), False, False, id="301"),
        pytest.param(head("308 Moved", b""), False, False, id="308 to nowhere"),
        pytest.param(
            head("302 Found", b"", "Location: http://[::1"), False, False, id="302 to no URL"
        ),
        pytest.param(head("303 Other", b"", "Location: \xff"), False, False, id="303 to no text"),
        pytest.param(head("400 Bad Request", b"<html>"), False, False, id="400"),
        pytest.param(head("407 Proxy", b""), False, False, id="407"),
        pytest.param(head("408 Timeout", b""), False, True, id="408"),
        pytest.param(head("425 Early", b""), False, True, id="425"),
        pytest.param(head("429 Many", b""), False, True, id="429"),
        pytest.param(head("500 Error", b"x")[:-1], False, True, id="500 that breaks off"),
        pytest.param(head("599 Odd", b""), False, True, id="599"),
        pytest.param(b"HTTP/1.1 2O2 Accepted\r\n\r\n", False, True, id="no status"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n", False, True, id="no HTTP"),
        pytest.param(b"", False, True, id="closed"),
        pytest.param(b"HTTP/1.1 202 A\r\n" + b"X: y\r\n" * 200, False, True, id="many headers"),
        pytest.param(b"HTTP/1.1 202 A\r\nX: " + b"y" * 70_000, False, True, id="a long header"),
    ],
)
def test_nothing_but_a_well_formed_acceptance_ends_a_page(answer, accepted, cured):
    with answering(answer) as url:
        reply = EventsApi(url, timeout=2).send({"dedup_key": "k"})
    assert (reply.accepted, reply.may_be_cured) == (accepted, cured), reply


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("7", 7), ("-1", 0), ("nan", 0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0), ("", 0), ("1e9", 1e9)],
)
def test_how_long_pagerduty_wants_to_be_left_alone(said, seconds):
    with answering(head("429 Many", b"", f"Retry-After: {said}")) as url:
        assert EventsApi(url, timeout=2).send({}).retry_after == seconds


@pytest.mark.parametrize("zone", ["GMT", "+0000", "-0000", ""])
def test_a_date_says_it_too(zone):
    until = datetime.now(UTC) + timedelta(seconds=90)
    said = f"{until:%a, %d %b %Y %H:%M:%S} {zone}".strip()
    with answering(head("503 Busy", b"", f"Retry-After: {said}")) as url:
        assert 80 < EventsApi(url, timeout=2).send({}).retry_after <= 90


@pytest.mark.parametrize(
    "said",
    [
        "Wed, 21 Oct 99999 07:28:00 GMT",
        f"Wed, 21 Oct {10**20} 07:28:00 GMT",
        "Wed, 21 Oct 2026 07:28:00 +99999",
        "Wed, 32 Oct",
        "soon",
    ],
)
def test_an_odd_date_says_nothing(said):
    with answering(head("503 Busy", b"", f"Retry-After: {said}")) as url:
        assert EventsApi(url, timeout=2).send({}).retry_after == 0


@pytest.mark.parametrize(
    "url",
    ["https://events..example/v2/enqueue", f"https://{'a' * 70}.example/", "https://x/\u00e9"],
)
def test_an_endpoint_that_no_resolver_takes_does_not_answer(url):
    """As one that is down: the pages wait until the parameter is mended."""
    reply = EventsApi(url, timeout=2).send({"dedup_key": "k"})
    assert reply.is_silent
    assert reply.may_be_cured


def test_an_answer_that_comes_byte_by_byte_holds_up_nobody():
    """Each byte comes within the timeout of a connection: without an end of its own the batch,
    and then Lambda's time, would be gone."""
    body = b"x" * 9_000
    began = time.monotonic()
    pieces = [head("500 Error", body)[: -len(body)], *(b"x" for _ in range(60))]
    with answering(*pieces, pause=0.1) as url:
        reply = EventsApi(url, timeout=0.5).send({})
        took = time.monotonic() - began
    assert reply.status == 500
    assert took < 3


def test_an_acceptance_in_pieces_is_one():
    with answering(head("202 Accepted", TAKEN)[:-30], TAKEN[-30:], pause=0.2) as url:
        assert EventsApi(url, timeout=2).send({"dedup_key": "k"}).accepted


def test_what_was_not_answered_may_be_cured():
    assert Reply(0).may_be_cured
