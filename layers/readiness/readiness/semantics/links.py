"""Links that were never filled in: no page can be behind them."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

_RESERVED = re.compile(
    r"(?:^|\.)(?:localhost|example|invalid|test|example\.(?:com|org|net))$",
)
"""Domains that nobody can have (RFC 2606, RFC 6761)."""
_WHOSE = r"(?:company|corp|domain|org|organi[sz]ation)"
_TEMPLATE = re.compile(
    rf"^(?:(?:your|my)[-_]?{_WHOSE}(?:[-_]?name)?"
    r"|your[-_]?(?:host(?:name)?|site|team|tenant|wiki|workspace)"
    rf"|{_WHOSE}[-_]?name"
    rf"|example(?:[-_]?{_WHOSE})?"
    r"|.*[<>{}$%*].*)$"
)
"""What templates put in place of one label of a domain: ``my-company.atlassian.net``."""
_NOT_YET = re.compile(
    r"^(?:todo|tb[acd]|fixme|change[-_]?me|place[-_]?holder|x{3,}"
    r"|your[-_][a-z]+(?:[-_](?:goes[-_])?(?:here|id|link|name|page|path|slug|title|url))?)$"
)
"""A page may be named after what is said on it: ``your-database-is-full``."""
_UNFILLED = re.compile(r"^(?:<.*|\$?\{.*|\[[^\[\]]*\]?)$")
"""A part of a path that a template should have filled in; ``[P1]-checkout-down`` is a title."""


def is_nowhere(host: str) -> bool:
    """Whether a domain is reserved for examples, or one that was never filled in."""
    host = host.rstrip(".").casefold()
    return bool(_RESERVED.search(host)) or any(map(_TEMPLATE.match, host.split(".")))


def leads_nowhere(url: str) -> bool:
    """Whether a URL is a placeholder: by its host, or by a word in place of a page."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").casefold()
    except ValueError:
        return True
    if not host or is_nowhere(host):
        return True
    pages = [unquote(each).casefold() for each in parts.path.split("/")]
    if any(_UNFILLED.match(each) for each in pages):
        return True
    names = [host.removeprefix("www."), *pages, unquote(parts.fragment).casefold()]
    return any(_NOT_YET.match(each) for each in names)
