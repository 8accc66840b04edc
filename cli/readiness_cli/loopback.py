"""What runs on this machine is reached directly, whatever proxy the caller's shell names."""

from __future__ import annotations

from collections.abc import Mapping

HOSTS = ("127.0.0.1", "localhost", "::1")
_NAMES = ("no_proxy", "NO_PROXY")


def without_proxy(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that keep loopback from any proxy, beside what they exempt already.

    Both spellings, since programs differ in which of the two they prefer.
    """
    named = ",".join(environment.get(name, "") for name in _NAMES).split(",")
    hosts = list(dict.fromkeys([each.strip() for each in named if each.strip()] + list(HOSTS)))
    return dict.fromkeys(_NAMES, ",".join(hosts))
