"""microburst with the caller's Host header kept, since the signature of a request covers it.

Runs as a script in the environment of the embedded AWS, where policies are enforced and every
request has to be signed by the function that sent it.
"""

from __future__ import annotations

import sys
from typing import Any

from microburst import cli, forward  # type: ignore[import-not-found]

_replaced = forward.Upstream._outbound_headers  # noqa: SLF001


def _with_host(upstream: Any, request: Any) -> dict[str, str]:
    headers: dict[str, str] = _replaced(upstream, request)
    return headers | {"host": request.headers["Host"]}


if __name__ == "__main__":
    forward.Upstream._outbound_headers = _with_host  # noqa: SLF001
    sys.exit(cli.main())
