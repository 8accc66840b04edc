"""Which ranges are public, and which are so large that anyone is in them."""

from __future__ import annotations

import pytest

from readiness.semantics.addresses import is_public, network, the_world_in

PRIVATE = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "10.1.2.3/32",
    "100.64.0.0/10",
    "127.0.0.1/32",
    "169.254.169.254/32",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
    "fc00::/7",
    "fd12::/16",
    "fe80::/10",
    "ff00::/8",
]
PUBLIC = [
    "0.0.0.0/0",
    "0.0.0.0/7",
    "10.0.0.0/7",
    "8.8.8.8/32",
    "11.0.0.0/8",
    "9.0.0.0/8",
    "100.64.0.0/9",
    "172.16.0.0/11",
    "172.32.0.0/12",
    "192.168.0.0/15",
    "::/0",
    "fc00::/6",
    "2600::/12",
    "a00::/8",
]


@pytest.mark.parametrize("cidr", PRIVATE)
def test_private(cidr):
    assert not is_public(network(cidr))


@pytest.mark.parametrize("cidr", PUBLIC)
def test_public(cidr):
    assert is_public(network(cidr))


def test_host_bits_are_ignored_and_anything_else_is_refused():
    assert str(network("10.1.2.3/8")) == "10.0.0.0/8"
    with pytest.raises(ValueError, match="sg-12345678"):
        network("sg-12345678")


@pytest.mark.parametrize(
    ("cidrs", "world"),
    [
        pytest.param([], (), id="nothing"),
        pytest.param(["0.0.0.0/0"], ("0.0.0.0/0",), id="everything"),
        pytest.param(["::/0"], ("::/0",), id="everything of IPv6"),
        pytest.param(["::/0", "0.0.0.0/0"], ("0.0.0.0/0", "::/0"), id="both"),
        pytest.param(["128.0.0.0/1", "0.0.0.0/1"], ("0.0.0.0/0",), id="two halves"),
        pytest.param(["::/1", "8000::/1"], ("::/0",), id="two halves of IPv6"),
        pytest.param(["11.0.0.0/8"], ("11.0.0.0/8",), id="as large as the limit"),
        pytest.param(["12.0.0.0/9"], (), id="smaller than the limit"),
        pytest.param(["12.0.0.0/9", "12.128.0.0/9"], ("12.0.0.0/8",), id="adjacent"),
        pytest.param(
            ["12.0.0.0/9", "14.0.0.0/9"],
            ("2 ranges with as many addresses as a /8",),
            id="apart, as large together",
        ),
        pytest.param(["12.0.0.0/9", "14.0.0.0/10", "10.0.0.0/9"], (), id="apart, less together"),
        pytest.param(["12.0.0.0/9", "14.0.0.0/9", "3.0.0.0/8"], ("3.0.0.0/8",), id="one is"),
        pytest.param(["8.0.0.0/7"], ("8.0.0.0/7",), id="two of the largest"),
        pytest.param(["10.0.0.0/7"], ("10.0.0.0/7",), id="half of it private"),
        pytest.param(["::/1"], ("::/1",), id="half of IPv6"),
        pytest.param(["0.0.0.0/1"], ("0.0.0.0/1",), id="half of IPv4"),
        pytest.param(["2600::/16"], ("2600::/16",), id="as large as the limit of IPv6"),
        pytest.param(["2600::/17"], (), id="smaller than the limit of IPv6"),
        pytest.param(["10.0.0.0/8", "fc00::/7"], (), id="large and private"),
        pytest.param(["203.0.113.7/32"], (), id="one address"),
        pytest.param(["11.0.0.0/8", "11.0.0.0/8"], ("11.0.0.0/8",), id="twice"),
    ],
)
def test_the_world(cidrs, world):
    assert the_world_in(cidrs) == world


def test_the_limits_can_be_given():
    cidrs = ["12.0.0.0/16", "2600::/32"]
    assert the_world_in(["12.0.0.0/17", "14.0.0.0/17"], 16) == (
        "2 ranges with as many addresses as a /16",
    )
    assert the_world_in(cidrs, 16, 32) == ("12.0.0.0/16", "2600::/32")
    assert the_world_in(cidrs, 15, 32) == ("2600::/32",)
    assert the_world_in(cidrs, v6_prefix_length=31) == ()
    with pytest.raises(ValueError, match="sg-1"):
        the_world_in(["sg-1"])
