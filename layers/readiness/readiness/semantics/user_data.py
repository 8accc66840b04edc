"""What the user data of an EC2 instance says: base64, which may be compressed."""

from __future__ import annotations

import base64
import binascii
import re
import zlib

_GZIP = b"\x1f\x8b"
_MOST = 1 << 20
"""EC2 takes 16 KB of user data; a text of more than a MiB in it is no text."""


def user_data_text(encoded: str) -> str | None:
    """The script or cloud-init configuration; None if it is neither.

    cloud-init also takes user data that is compressed with gzip.
    """
    try:
        raw = base64.b64decode(re.sub(r"\s", "", encoded), validate=True)
        if raw.startswith(_GZIP):
            unpacking = zlib.decompressobj(31)
            raw = unpacking.decompress(raw, _MOST)
            if not unpacking.eof:
                return None
        return raw.decode("utf-8-sig")
    except (binascii.Error, zlib.error, ValueError):
        return None
