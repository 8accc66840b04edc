"""User data of EC2 instances: base64, compressed or not, and what is neither."""

from __future__ import annotations

import base64
import gzip

import pytest

from readiness.semantics.user_data import user_data_text

SCRIPT = "#!/bin/bash\necho ä\n"
MEBIBYTE = 1 << 20


def b64(raw):
    return base64.b64encode(raw).decode()


@pytest.mark.parametrize(
    ("encoded", "text"),
    [
        pytest.param(b64(SCRIPT.encode()), SCRIPT, id="a script"),
        pytest.param(base64.encodebytes(SCRIPT.encode()).decode(), SCRIPT, id="in lines"),
        pytest.param(" ".join(b64(SCRIPT.encode())), SCRIPT, id="with spaces"),
        pytest.param(b64(b"\xef\xbb\xbf" + SCRIPT.encode()), SCRIPT, id="with a byte order mark"),
        pytest.param(b64(gzip.compress(SCRIPT.encode())), SCRIPT, id="compressed"),
        pytest.param(b64(b""), "", id="empty"),
        pytest.param(b64(gzip.compress(b"a" * MEBIBYTE)), "a" * MEBIBYTE, id="as much as is read"),
        pytest.param(b64(gzip.compress(b"a" * (MEBIBYTE + 1))), None, id="more"),
        pytest.param(b64(gzip.compress(SCRIPT.encode())[:-9]), None, id="cut off"),
        pytest.param(b64(b"\x1f\x8bno gzip"), None, id="no gzip after all"),
        pytest.param(b64(b"\xff\xfe\x00"), None, id="no text"),
        pytest.param("!" + b64(SCRIPT.encode()), None, id="no base64"),
        pytest.param("abc", None, id="base64 that is cut off"),
    ],
)
def test_the_text_of_user_data(encoded, text):
    assert user_data_text(encoded) == text
