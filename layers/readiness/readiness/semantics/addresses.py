"""Which address ranges are public, for firewall rules and routes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import TypeAlias

Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"

_NOT_PUBLIC = tuple(
    ipaddress.ip_network(cidr)
    for cidr in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # RFC 1918, as 172.16/12 and 192.168/16
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved
        "fc00::/7",  # unique local
        "fe80::/10",
        "ff00::/8",
    )
)
"""The standard library's ``is_private`` is not used: it calls 0.0.0.0/0 private, and its list
changes between patch releases of Python."""


@lru_cache(maxsize=4096)
def network(cidr: str) -> Network:
    """The network of a CIDR block; host bits are ignored. Raises ValueError for anything else."""
    return ipaddress.ip_network(cidr, strict=False)


def is_public(net: Network) -> bool:
    """Whether the network contains addresses that are routed on the internet."""
    return not any(
        private.version == net.version
        and private.network_address <= net.network_address  # type: ignore[operator]
        and net.broadcast_address <= private.broadcast_address  # type: ignore[operator]
        for private in _NOT_PUBLIC
    )


def the_world_in(
    cidrs: Iterable[str], v4_prefix_length: int = 8, v6_prefix_length: int = 16
) -> tuple[str, ...]:
    """The public networks that are so large, with adjacent ones joined, that anyone is in them.

    Adjacent networks are joined first: 0.0.0.0/1 and 128.0.0.0/1 together are the whole
    internet. Smaller ones that have as many public addresses together are given as one, in
    words. Raises ValueError for anything that is not a network.
    """
    networks = set(map(network, cidrs))
    v4 = (net for net in networks if isinstance(net, ipaddress.IPv4Network))
    v6 = (net for net in networks if isinstance(net, ipaddress.IPv6Network))
    return (
        *_wide(ipaddress.collapse_addresses(v4), v4_prefix_length),
        *_wide(ipaddress.collapse_addresses(v6), v6_prefix_length),
    )


def _wide(joined: Iterable[Network], prefix_length: int) -> tuple[str, ...]:
    public = [net for net in joined if is_public(net)]
    wide = tuple(str(net) for net in public if net.prefixlen <= prefix_length)
    if wide or not public:
        return wide
    together = sum(net.num_addresses for net in public)
    if together < 2 ** (public[0].max_prefixlen - prefix_length):
        return ()
    return (f"{len(public):,} ranges with as many addresses as a /{prefix_length}",)
