"""Subnets, flow logs and endpoints: evidence in, verdict out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.network_security.app import (
    ecs_private_subnets,
    lambda_private_subnets,
    vpc_flow_logs,
)
from readiness import Severity, Status
from readiness.evidence.awslambda.functions import LATEST, FunctionConfiguration, FunctionTags
from readiness.evidence.awslambda.network import ReachedNetworks
from readiness.evidence.ec2.vpcs import (
    FlowLog,
    Route,
    RouteTable,
    RouteTables,
    Subnet,
    Subnets,
    Vpc,
    VpcFlowLogs,
    VpcInterfaces,
)
from readiness.evidence.ecs.services import Service

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA
HIGH, MEDIUM = Severity.HIGH, Severity.MEDIUM

SUBNETS = Subnets({id: Subnet(id, "vpc-1") for id in ("subnet-a", "subnet-b")})
UNTAGGED = FunctionTags({})
TAGGED = FunctionTags({"Application": "MAIF"})
LOCAL = Route("10.0.0.0/16", "local")
BY_NAT = RouteTable("rtb-nat", "vpc-1", (LOCAL, Route("0.0.0.0/0", "")))
BY_IGW = RouteTable("rtb-igw", "vpc-1", (LOCAL, Route("0.0.0.0/0", "igw-1")))


def through(*routes):
    """Every subnet uses the main table, which has these routes."""
    return RouteTables(main={"vpc-1": RouteTable("rtb-main", "vpc-1", (LOCAL, *routes))})


PRIVATE = through()
FUNCTION = FunctionConfiguration("agent", vpc_id="vpc-1", subnet_ids=("subnet-a", "subnet-b"))


INSIDE = ReachedNetworks({LATEST: FUNCTION.subnet_ids})


@pytest.mark.parametrize(
    ("routes", "status", "said"),
    [
        pytest.param(through(), GOOD, "private", id="no way out"),
        pytest.param(
            through(Route("0.0.0.0/0", "")), GOOD, "private", id="nat or transit gateway"
        ),
        pytest.param(
            through(Route("::/0", "eigw-1")), GOOD, "private", id="egress-only internet gateway"
        ),
        pytest.param(
            through(Route("0.0.0.0/0", "vgw-1")), GOOD, "private", id="virtual private gateway"
        ),
        pytest.param(
            through(Route("pl-1", "vpce-1")), GOOD, "private", id="gateway endpoint's prefix list"
        ),
        pytest.param(
            through(Route("203.0.113.0/24", "igw-1")), GOOD, "private", id="one address block"
        ),
        pytest.param(
            through(Route("0.0.0.0/0", "igw-1")), BAD, "0.0.0.0/0 to igw-1", id="default route"
        ),
        pytest.param(through(Route("::/0", "igw-1")), BAD, "::/0", id="default route of IPv6"),
        pytest.param(through(Route("pl-1", "igw-1")), BAD, "pl-1", id="prefix list"),
        pytest.param(through(Route("0.0.0.0/0", "cagw-1")), BAD, "cagw-1", id="carrier gateway"),
        pytest.param(
            through(Route("0.0.0.0/1", "igw-1"), Route("128.0.0.0/1", "igw-1")),
            BAD,
            "0.0.0.0/1",
            id="default route in halves",
        ),
        pytest.param(
            through(Route("52.0.0.0/9", "igw-1"), Route("52.128.0.0/9", "igw-1")),
            BAD,
            "52.0.0.0/8",
            id="a public /8 in halves",
        ),
        pytest.param(
            RouteTables(by_subnet={"subnet-a": BY_NAT}, main={"vpc-1": BY_IGW}),
            BAD,
            "subnet-b is public",
            id="the main table of the subnet without one",
        ),
        pytest.param(
            RouteTables(
                by_subnet={"subnet-a": BY_NAT, "subnet-b": BY_NAT}, main={"vpc-1": BY_IGW}
            ),
            GOOD,
            "private",
            id="a public main table that no subnet uses",
        ),
        pytest.param(
            RouteTables(by_subnet={"subnet-a": BY_NAT}), UNKNOWN, "subnet-b", id="no table shown"
        ),
    ],
)
def test_private_is_what_no_internet_gateway_reaches(routes, status, said):
    verdict = lambda_private_subnets(FUNCTION, INSIDE, UNTAGGED, SUBNETS, routes)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


@pytest.mark.parametrize(
    ("seventh", "routes", "status", "severity", "said"),
    [
        pytest.param(("subnet-b",), PRIVATE, GOOD, None, "subnet-b", id="inside too"),
        pytest.param((), PRIVATE, BAD, MEDIUM, "The version 7 of the function is", id="outside"),
        pytest.param(
            (),
            through(Route("0.0.0.0/0", "igw-1")),
            BAD,
            HIGH,
            "is public",
            id="a public subnet is worse",
        ),
        pytest.param(
            ("subnet-b",),
            RouteTables(by_subnet={"subnet-a": BY_NAT, "subnet-b": BY_IGW}),
            BAD,
            HIGH,
            "subnet-b is public",
            id="only the old version is in a public subnet",
        ),
    ],
)
def test_a_published_version_keeps_its_network(seventh, routes, status, severity, said):
    network = ReachedNetworks({LATEST: ("subnet-a",), "7": seventh})
    verdict = lambda_private_subnets(FUNCTION, network, UNTAGGED, SUBNETS, routes)
    assert (verdict.status, verdict.severity) == (status, severity)
    assert said in verdict.reason


BLOCKED = Subnets({id: replace(each, is_blocked=True) for id, each in SUBNETS.by_id.items()})
HALF_BLOCKED = Subnets({**SUBNETS.by_id, "subnet-a": BLOCKED.by_id["subnet-a"]})
OPEN = through(Route("0.0.0.0/0", "igw-1"))


@pytest.mark.parametrize(
    ("subnets", "routes", "status", "said"),
    [
        pytest.param(SUBNETS, OPEN, BAD, "subnet-a is public", id="not blocked"),
        pytest.param(BLOCKED, OPEN, GOOD, "only in private subnets", id="blocked"),
        pytest.param(HALF_BLOCKED, OPEN, BAD, "subnet-b is public", id="one is excluded"),
        pytest.param(
            BLOCKED, through(Route("0.0.0.0/0", "cagw-1")), BAD, "cagw-1", id="carrier gateway"
        ),
    ],
)
def test_a_blocked_subnet_is_not_public(subnets, routes, status, said):
    verdict = lambda_private_subnets(FUNCTION, INSIDE, UNTAGGED, subnets, routes)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


@pytest.mark.parametrize(
    ("subnets", "status", "said"),
    [
        pytest.param(BLOCKED, GOOD, "only in private subnets", id="blocked"),
        pytest.param(HALF_BLOCKED, BAD, "public IP addresses", id="one is excluded"),
        pytest.param(Subnets({}), BAD, "public IP addresses", id="subnets that are not shown"),
    ],
)
def test_addresses_in_blocked_subnets_are_reached_by_no_one(subnets, status, said):
    it = service(assign_public_ip=True)
    verdict = ecs_private_subnets(it, subnets, PRIVATE)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


@pytest.mark.parametrize(
    ("back", "status"),
    [
        pytest.param(Route("10.0.1.0/24", "vpce-1"), BAD, id="to the subnet"),
        pytest.param(Route("10.0.0.0/16", "eni-1"), BAD, id="to the whole vpc"),
        pytest.param(Route("2001:db8:1::/64", "vpce-1"), BAD, id="to its IPv6 range"),
        pytest.param(Route("10.0.2.0/24", "vpce-1"), GOOD, id="to another subnet"),
        pytest.param(Route("10.0.0.0/16", "local"), GOOD, id="past the firewall"),
        pytest.param(None, GOOD, id="nothing comes in"),
    ],
)
def test_a_firewall_between_a_subnet_and_the_internet_leaves_it_public(back, status):
    cidrs = ("10.0.1.0/24", "2001:db8:1::/64")
    subnets = Subnets({id: Subnet(id, "vpc-1", cidrs=cidrs) for id in FUNCTION.subnet_ids})
    table = RouteTable("rtb-main", "vpc-1", (LOCAL, Route("0.0.0.0/0", "vpce-1")))
    routes = RouteTables(main={"vpc-1": table}, inbound={"vpc-1": (back,) if back else ()})
    verdict = lambda_private_subnets(FUNCTION, INSIDE, UNTAGGED, subnets, routes)
    assert verdict.status is status
    assert (status is GOOD) or "internet gateway leads back" in verdict.reason


def test_the_main_table_of_a_shared_vpc_is_not_taken_for_the_subnets_own():
    shared = Subnets({id: Subnet(id, "vpc-1", is_ours=False) for id in FUNCTION.subnet_ids})
    verdict = lambda_private_subnets(FUNCTION, INSIDE, UNTAGGED, shared, PRIVATE)
    assert (verdict.status, verdict.missing) == (UNKNOWN, ("ec2:DescribeRouteTables",))


def test_a_subnet_that_is_not_listed_is_not_private():
    verdict = lambda_private_subnets(FUNCTION, INSIDE, UNTAGGED, Subnets({}), PRIVATE)
    assert verdict.status is UNKNOWN


OUTSIDE = FunctionConfiguration("agent")
PROVIDER = "arn:aws:lambda:us-east-1:111122223333:capacity-provider:agents"
MANAGED = FunctionConfiguration("managed", capacity_provider=PROVIDER)


@pytest.mark.parametrize(
    ("function", "tags", "mode", "status", "severity"),
    [
        pytest.param(OUTSIDE, UNTAGGED, "always", BAD, MEDIUM, id="always, no vpc"),
        pytest.param(OUTSIDE, TAGGED, "in_scope", BAD, MEDIUM, id="in scope, no vpc"),
        pytest.param(OUTSIDE, UNTAGGED, "in_scope", NA, None, id="out of scope, no vpc"),
        pytest.param(OUTSIDE, TAGGED, "never", NA, None, id="never"),
        pytest.param(FUNCTION, TAGGED, "in_scope", GOOD, None, id="in scope, private"),
        pytest.param(
            FunctionConfiguration("edge", master_arn="arn:aws:lambda:us-east-1:1:function:edge:1"),
            UNTAGGED,
            "always",
            NA,
            None,
            id="edge replica",
        ),
        pytest.param(
            MANAGED,
            UNTAGGED,
            "always",
            GOOD,
            None,
            id="on instances of a capacity provider",
        ),
        pytest.param(
            MANAGED,
            UNTAGGED,
            "in_scope",
            NA,
            None,
            id="on instances, out of scope",
        ),
        pytest.param(
            FunctionConfiguration("us-east-1.edge"), UNTAGGED, "always", NA, None, id="by its name"
        ),
    ],
)
def test_which_functions_must_be_in_a_vpc(function, tags, mode, status, severity):
    network = INSIDE if function in (FUNCTION, MANAGED) else ReachedNetworks({LATEST: ()})
    verdict = lambda_private_subnets(
        function, network, tags, SUBNETS, PRIVATE, lambda_vpc_mode=mode
    )
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason


def service(**changes):
    about = {"launch_type": "FARGATE", "subnet_ids": ("subnet-a", "subnet-b")} | changes
    return Service("arn", "api", "cluster", "task:1", **about)


@pytest.mark.parametrize(
    ("it", "routes", "status", "said"),
    [
        pytest.param(service(), PRIVATE, GOOD, "private", id="private"),
        pytest.param(
            service(), through(Route("0.0.0.0/0", "igw-1")), BAD, "is public", id="public subnets"
        ),
        pytest.param(
            service(assign_public_ip=True), PRIVATE, BAD, "assignPublicIp", id="public address"
        ),
        pytest.param(
            service(assign_public_ip=True), RouteTables(), BAD, "assignPublicIp", id="and no table"
        ),
        pytest.param(
            service(launch_type="EXTERNAL", subnet_ids=()), PRIVATE, NA, "Anywhere", id="x"
        ),
        pytest.param(
            service(launch_type="EC2", subnet_ids=()), PRIVATE, UNKNOWN, "awsvpc", id="bridge"
        ),
    ],
)
def test_ecs_private_subnets(it, routes, status, said):
    verdict = ecs_private_subnets(it, SUBNETS, routes)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


OURS = Vpc("vpc-1", "111122223333")
THEIRS = Vpc("vpc-1", "999988887777", is_ours=False)
USED, UNUSED = VpcInterfaces(2), VpcInterfaces(0)
ALL = FlowLog("fl-1", "ALL", "SUCCESS")
ACCEPT = FlowLog("fl-2", "ACCEPT", "SUCCESS")
REJECT = FlowLog("fl-3", "REJECT", "SUCCESS")
FAILED = FlowLog("fl-4", "ALL", "FAILED", "Access error")
LIMITED = FlowLog("fl-5", "ALL", "FAILED", "Rate limited")


def logs(*of_vpc, a=(), b=()):
    return VpcFlowLogs(of_vpc, {"subnet-a": tuple(a), "subnet-b": tuple(b)})


@pytest.mark.parametrize(
    ("found", "settings", "status", "said"),
    [
        pytest.param(logs(ALL), {}, GOOD, "record ALL", id="the vpc"),
        pytest.param(
            logs(FlowLog("fl-1")), {}, GOOD, "record ALL", id="before the first delivery"
        ),
        pytest.param(logs(ACCEPT, REJECT), {}, GOOD, "ALL", id="accept and reject are all"),
        pytest.param(logs(a=[ALL], b=[ALL]), {}, GOOD, "ALL", id="every subnet"),
        pytest.param(
            logs(ACCEPT, a=[REJECT], b=[REJECT]), {}, GOOD, "ALL", id="accept above, reject below"
        ),
        pytest.param(
            logs(REJECT), {"required_traffic": "REJECT"}, GOOD, "REJECT", id="as CIS asks"
        ),
        pytest.param(logs(), {}, BAD, "have no flow logs", id="none"),
        pytest.param(logs(a=[ALL]), {}, BAD, "no flow log for subnet-b", id="a subnet without"),
        pytest.param(logs(REJECT), {}, BAD, "fl-3 records only REJECT", id="rejected only"),
        pytest.param(logs(FAILED), {}, BAD, "Access error", id="active but not delivered"),
        pytest.param(logs(ALL, FAILED), {}, GOOD, "ALL", id="another one is delivered"),
        pytest.param(logs(a=[ALL], b=[FAILED]), {}, BAD, "Access error", id="a subnet's fails"),
        pytest.param(logs(LIMITED), {}, UNKNOWN, "rate limited", id="rate limited"),
        pytest.param(
            logs(FlowLog("fl-1", "REJECT", "FAILED", "Rate limited")), {}, BAD, "Rate", id="no use"
        ),
        pytest.param(
            logs(ALL), {"max_aggregation_interval": 60}, BAD, "600 seconds", id="too coarse"
        ),
        pytest.param(
            logs(FlowLog("fl-1", "ALL", "SUCCESS", interval=60)),
            {"max_aggregation_interval": 60},
            GOOD,
            "ALL",
            id="fine enough",
        ),
        pytest.param(
            logs(FlowLog("fl-1", "ALL", "SUCCESS", status="INACTIVE")),
            {},
            BAD,
            "fl-1 is INACTIVE",
            id="not in use",
        ),
        pytest.param(VpcFlowLogs(), {}, BAD, "no flow logs", id="a vpc without subnets"),
        pytest.param(
            logs(FlowLog("fl-1", "ALL", "SUCCESS", fields=frozenset({"version", "bytes"}))),
            {},
            BAD,
            "lacks srcaddr, dstaddr and action",
            id="records that tell nothing",
        ),
        pytest.param(
            logs(FlowLog("fl-1", "ALL", "SUCCESS", fields=frozenset({"srcaddr", "dstaddr"}))),
            {},
            BAD,
            "lacks action",
            id="accepted or rejected, who knows",
        ),
        pytest.param(
            logs(
                FlowLog("fl-1", "REJECT", "SUCCESS", fields=frozenset({"srcaddr", "pkt-dstaddr"}))
            ),
            {"required_traffic": "REJECT"},
            GOOD,
            "record REJECT",
            id="all of them rejected",
        ),
    ],
)
def test_vpc_flow_logs(found, settings, status, said):
    verdict = vpc_flow_logs(OURS, found, USED, **settings)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


@pytest.mark.parametrize(
    ("vpc", "interfaces", "settings", "status"),
    [
        pytest.param(THEIRS, USED, {}, NA, id="another account's"),
        pytest.param(OURS, UNUSED, {"ignore_unused_vpcs": True}, NA, id="unused, and ignored"),
        pytest.param(OURS, UNUSED, {}, BAD, id="unused"),
        pytest.param(OURS, USED, {"ignore_unused_vpcs": True}, BAD, id="used"),
    ],
)
def test_which_vpcs_need_flow_logs(vpc, interfaces, settings, status):
    assert vpc_flow_logs(vpc, logs(), interfaces, **settings).status is status
