"""What botocore's endpoint data say of partitions, homes, consoles and services."""

from __future__ import annotations

import socket

import botocore.session
import pytest

from readiness.engine.geography import console_host, default
from readiness.model.resource import GLOBAL

WORLD = default()


@pytest.mark.parametrize(
    ("region", "partition", "suffix", "home", "console"),
    [
        ("us-east-1", "aws", "amazonaws.com", "us-east-1", "aws.amazon.com"),
        ("mx-central-1", "aws", "amazonaws.com", "us-east-1", "aws.amazon.com"),
        ("eu-future-9", "aws", "amazonaws.com", "us-east-1", "aws.amazon.com"),
        ("cn-north-1", "aws-cn", "amazonaws.com.cn", "cn-northwest-1", "amazonaws.cn"),
        (
            "us-gov-east-1",
            "aws-us-gov",
            "amazonaws.com",
            "us-gov-west-1",
            "amazonaws-us-gov.com",
        ),
        (
            "eusc-de-east-1",
            "aws-eusc",
            "amazonaws.eu",
            "eusc-de-east-1",
            "amazonaws-eusc.eu",
        ),
        ("us-iso-west-1", "aws-iso", "c2s.ic.gov", "us-iso-east-1", "c2shome.ic.gov"),
        ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov", "us-isob-east-1", "sc2shome.sgov.gov"),
    ],
)
def test_a_region_has_a_partition_with_a_home_and_a_console(
    region, partition, suffix, home, console
):
    assert WORLD.partition(region) == partition
    assert WORLD.dns_suffix(region) == suffix
    assert WORLD.home(region) == home
    assert WORLD.console(region) == f"{region}.console.{console}"


@pytest.mark.parametrize("region", sorted(WORLD.regions()))
def test_every_region_of_the_sdk_is_in_the_partition_the_sdk_says(region):
    session = botocore.session.Session()
    assert WORLD.partition(region) == session.get_partition_for_region(region)
    assert WORLD.console(region).startswith(f"{region}.console.")
    assert not any(WORLD.lacks(each, region) for each in ("sts", "s3", "iam", "lambda", "config"))


@pytest.mark.parametrize(
    ("service", "region", "home"),
    [
        ("iam", "cn-northwest-1", "cn-north-1"),
        ("cloudfront", "cn-north-1", "cn-northwest-1"),
        ("ce", "cn-north-1", "cn-northwest-1"),
        ("budgets", "eu-west-1", "us-east-1"),
        ("iam", "us-gov-east-1", "us-gov-west-1"),
        ("organizations", "us-iso-west-1", "us-iso-east-1"),
        ("iam", "eusc-de-east-1", "eusc-de-east-1"),
    ],
)
def test_a_global_service_has_one_home_in_each_partition(service, region, home):
    assert WORLD.home(region, service) == home


@pytest.mark.parametrize(
    ("service", "region", "is_global"),
    [
        ("iam", "eu-west-1", True),
        ("iam", "cn-north-1", True),
        ("budgets", "eu-west-1", True),
        pytest.param("s3", "eu-west-1", False, id="a global name for what is regional"),
        pytest.param("sts", "eu-west-1", False, id="a global name, and nothing said"),
        ("dax", "eu-west-1", False),
        ("a-service-nobody-knows", "eu-west-1", False),
    ],
)
def test_a_service_is_global_where_its_partition_has_one_region_of_it(service, region, is_global):
    assert WORLD.is_global(service, region) is is_global


@pytest.mark.parametrize(
    ("service", "region", "lacks"),
    [
        ("dax", "me-south-1", True),
        ("dax", "eu-west-1", False),
        ("memorydb", "af-south-1", True),
        ("opensearch", "af-south-1", False),
        ("cloudfront", "us-gov-west-1", True),
        ("cloudfront", "ap-east-2", False),
        ("budgets", "us-gov-west-1", True),
        ("ce", "eusc-de-east-1", False),
        ("memorydb", "eu-newest-1", False),
        ("a-service-nobody-knows", "eu-west-1", False),
    ],
)
def test_which_services_a_region_lacks(service, region, lacks):
    """A region or a service that the SDK does not know lacks nothing: then it is asked."""
    assert WORLD.lacks(service, region) is lacks


def test_with_an_endpoint_of_ones_own_the_endpoint_data_decide(monkeypatch):
    def looked_up(self, host):
        raise AssertionError(f"{host} was looked up")

    monkeypatch.setattr(type(WORLD), "resolves", looked_up)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    assert WORLD.is_absent("dax", "me-south-1")
    assert not WORLD.is_absent("dax", "eu-west-1")


@pytest.mark.parametrize(
    ("here", "host"),
    [
        ("eu-west-1", "us-east-1.console.aws.amazon.com"),
        ("us-gov-east-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
        ("cn-north-1", "cn-northwest-1.console.amazonaws.cn"),
    ],
)
def test_a_global_resource_is_shown_at_the_home_of_our_own_partition(monkeypatch, here, host):
    monkeypatch.setenv("AWS_REGION", here)
    assert console_host(GLOBAL) == host


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        pytest.param("cn-future-9", "aws-cn", id="a region of tomorrow"),
        pytest.param("us-gov-future-9", "aws-us-gov", id="another"),
        pytest.param("aws-cn-global", "aws-cn", id="a name that is like no region's"),
        pytest.param("nowhere", "aws", id="no region at all"),
    ],
)
def test_a_partition_is_told_by_the_list_or_by_the_form_of_the_name(region, partition):
    assert WORLD.partition(region) == partition


STS = "sts.cn-north-1.amazonaws.com.cn"


@pytest.mark.parametrize(
    ("service", "resolved", "otherwise", "absent"),
    [
        pytest.param("fis", {STS}, socket.EAI_NONAME, True, id="not in China"),
        pytest.param("fis", set(), socket.EAI_NONAME, False, id="nobody answers"),
        pytest.param("fis", {STS}, socket.EAI_AGAIN, False, id="the resolver is busy"),
        pytest.param(
            "fis",
            {"fis.cn-north-1.amazonaws.com.cn", STS},
            socket.EAI_NONAME,
            False,
            id="there, and not reached",
        ),
        pytest.param("kms", {STS}, socket.EAI_NONAME, False, id="one that is listed"),
    ],
)
def test_a_service_that_the_data_list_nowhere_is_absent_without_an_address(
    monkeypatch, service, resolved, otherwise, absent
):
    def looked_up(host, port):
        if host not in resolved:
            raise socket.gaierror(otherwise, "it has no address")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    url = f"https://{service}.cn-north-1.amazonaws.com.cn/experiments"
    assert WORLD.has_no_host(service, "cn-north-1", url) is absent


def test_a_name_resolves_where_the_resolver_has_an_address(monkeypatch):
    asked = []

    def looked_up(host, port):
        asked.append((host, port))
        if host == "absent.example":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    assert WORLD.resolves("kms.us-east-1.amazonaws.com")
    assert not WORLD.resolves("absent.example")
    assert asked == [("kms.us-east-1.amazonaws.com", 443), ("absent.example", 443)]
