"""Links that were never filled in: no page can be behind them."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

_NO_HOST = re.compile(
    r"(?:^|\.)(?:localhost|example|invalid|test|example\.(?:com|org|net))$"
    r"|^(?:www\.)?your[-.]?(?:company|domain|host|org|organi[sz]ation|team|wiki)\b",
)
"""Domains that are reserved (RFC 2606, RFC 6761), and what templates put in place of a domain."""
_NOT_YET = re.compile(
    r"^(?:todo|tb[acd]|fixme|change[-_]?me|place[-_]?holder|x{3,}|your[-_].+|[<{\[].*)$"
)


def leads_nowhere(url: str) -> bool:
    """Whether a URL is a placeholder: by its host, or by a word in place of a page."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").casefold()
    except ValueError:
        return True
    if not host or _NO_HOST.search(host):
        return True
    pages = [unquote(each).casefold() for each in parts.path.split("/")]
    names = [host.removeprefix("www."), *pages, unquote(parts.fragment).casefold()]
    return any(_NOT_YET.match(each) for each in names)
