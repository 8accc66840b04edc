"""ministack as it is behind a proxy that ends TLS, since policies refuse what comes without TLS.

On 127.0.0.1 there is nothing to encrypt against, but the template's policies ask for
`aws:SecureTransport` and ministack enforces them: it takes X-Forwarded-Proto for the answer, as
such a proxy sends it. Runs as a script in the environment of the embedded AWS.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any

from ministack import app  # type: ignore[import-not-found]

_FORWARDED = (b"x-forwarded-proto", b"https")
_plain: Callable[..., Awaitable[None]] = app.app


async def _behind_tls(scope: dict[str, Any], receive: object, send: object) -> None:
    if "headers" in scope:
        scope = scope | {"headers": [*scope["headers"], _FORWARDED]}
    await _plain(scope, receive, send)


if __name__ == "__main__":
    app.app = _behind_tls
    sys.exit(app.main())
