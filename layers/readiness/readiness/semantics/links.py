"""Links that were never filled in: no page can be behind them."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import parse_qsl, unquote, urlsplit

_RESERVED = re.compile(
    r"(?:^|\.)(?:localhost|example|invalid|test|example\.(?:com|org|net))$",
)
"""Domains that nobody can have (RFC 2606, RFC 6761)."""
_WHOSE = r"(?:company|corp|domain|org|organi[sz]ation)"
_PAGE = r"(?:the[-_]|your[-_]|my[-_])?(?:runbook|page|file|doc(?:ument)?|wiki|article)"
_TEMPLATE = re.compile(
    rf"^(?:(?:your|my)[-_]?{_WHOSE}(?:[-_]?name)?"
    r"|your[-_]?(?:host(?:name)?|site|team|tenant|wiki|workspace)"
    r"|(?:your|my)[-_](?:subdomain|instance|url)|x{3,}"
    rf"|(?:link|url)[-_](?:to[-_]{_PAGE}|here)|[a-z]+[-_](?:link|url)[-_]here|runbook[-_](?:link|url)"
    rf"|{_WHOSE}[-_]?name"
    rf"|example(?:[-_]?{_WHOSE})?"
    r"|.*[<>{}$%*].*)$"
)
"""What templates put in place of one label of a domain: ``my-company.atlassian.net``."""
_NOT_YET = re.compile(
    r"^(?:todo|tb[acd]|fixme|(?:change|replace|fill)[-_]?(?:me|this)|place[-_]?holder|x{3,}"
    r"|your[-_][a-z]+(?:[-_](?:goes[-_])?(?:here|id|link|name|page|path|slug|title|url))?"
    r"|(?:insert|add|put)[-_](?:[a-z]+[-_]){1,3}here"
    rf"|(?:link|path|url)[-_](?:to[-_]{_PAGE}|(?:goes[-_])?here)"
    r"|(?:runbook|page|wiki|doc|service)[-_](?:link|url|name)(?:[-_]here)?"
    r"|undefined|null|none"
    r"|lorem(?:[-_+ ]ipsum.*)?|foo(?:[-_]?bar)?|dummy(?:[-_](?:link|page|url))?|\.{2,}|\u2026)$"
)
"""A page may be named after what is said on it: ``your-database-is-full``."""
_TO_DO = re.compile(r"(?:^|[-_+ ])(?:TODO|TBD|FIXME|CHANGE_?ME|XXX+)(?:$|[-_+ :])")
"""Said in capitals within a name: ``errors-TODO``; ``todo-service`` is a service."""
_UNFILLED = re.compile(r"^(?:<.*|\$?\{.*|\[[^\[\]]*\]?)$")
"""A part of a path that a template should have filled in; ``[P1]-checkout-down`` is a title."""
_VARIABLE = re.compile(r"<[\w .-]+>|\$?\{+ ?[\w. -]+ ?\}+|\$\([\w.]+\)|%[A-Z_]{3,}%|__[A-Z_]+__")
"""What a template should have filled in within a name: ``alarm-<service>``."""
_TAKES_POSTS = re.compile(
    r"^(?:hooks\.slack\.com|events\.(?:eu\.)?pagerduty\.com|(?:.+\.)?webhook\.office\.com)$"
)
"""Hosts that take what programs send them and show nobody a page."""
_DOCUMENTATION = tuple(
    ipaddress.ip_network(each)
    for each in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
)
"""Addresses for examples alone (RFC 5737, RFC 3849)."""


def is_nowhere(host: str) -> bool:
    """Whether a domain is reserved for examples, or one that was never filled in."""
    host = host.rstrip(".").casefold()
    return (
        bool(_RESERVED.search(host))
        or _is_of_nobody(host)
        or any(map(_TEMPLATE.match, host.split(".")))
    )


def _is_of_nobody(host: str) -> bool:
    """Whether it is an address that leads back to whoever opens it, or one for examples."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    is_own = address.is_loopback or address.is_unspecified or address.is_link_local
    return is_own or any(address in network for network in _DOCUMENTATION)


def leads_nowhere(url: str) -> bool:
    """Whether a URL is a placeholder or a webhook: by its host, or by a word in place of a page.

    Of the query only what a template should have filled in counts.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").casefold()
    except ValueError:
        return True
    if (
        not host
        or is_nowhere(host)
        or _TAKES_POSTS.match(host)
        or "/path/to/" in parts.path.casefold()
    ):
        return True
    pages = [unquote(each) for each in parts.path.split("/")]
    fragment = unquote(parts.fragment)
    asked = [value for _, value in parse_qsl(parts.query)]
    names = [host.removeprefix("www."), *(each.casefold() for each in (*pages, fragment))]
    return (
        any(map(_UNFILLED.match, pages))
        or any(map(_VARIABLE.search, (*pages, *asked, fragment)))
        or any(map(_TO_DO.search, (*pages, fragment)))
        or any(map(_NOT_YET.match, names))
    )
