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
    r"^(?:todo|tb[acd]|fixme|change[-_]?me|place[-_]?holder|x{3,}"
    r"|your[-_][a-z]+(?:[-_](?:goes[-_])?(?:here|id|link|name|page|path|slug|title|url))?)$"
)
"""A page may be named after what is said on it: ``your-database-is-full``."""
_UNFILLED = re.compile(r"^(?:<.*|\$?\{.*|\[[^\[\]]*\]?)$")
"""A part of a path that a template should have filled in; ``[P1]-checkout-down`` is a title."""


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
    if any(_UNFILLED.match(each) for each in pages):
        return True
    names = [host.removeprefix("www."), *pages, unquote(parts.fragment).casefold()]
    return any(_NOT_YET.match(each) for each in names)
