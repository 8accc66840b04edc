"""Security groups: rules, prefix lists and attachments in, verdict out."""

from __future__ import annotations

import pytest

from functions.network_security.app import minimal_security_group
from readiness import Severity, Status, Unreadable
from readiness.evidence.ec2.security_groups import (
    Attachments,
    Interface,
    Peer,
    Permission,
    PrefixList,
    PrefixLists,
    SecurityGroup,
    StaleReferences,
)
from readiness.model.unreadable import Cause

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA
CRITICAL, HIGH, MEDIUM, LOW = list(Severity)[:4]

MINE = "111122223333"
ON_A_TASK = Attachments((Interface("eni-1"),))
ON_ALB = Attachments((Interface("eni-1", "interface", "amazon-elb"),))
ON_NLB = Attachments((Interface("eni-1", "network_load_balancer"),))
ON_BOTH = Attachments((*ON_ALB.interfaces, *ON_A_TASK.interfaces))
NOWHERE = Attachments()
NO_LISTS = PrefixLists()
NONE_STALE = StaleReferences()
DISTANT = Peer("sg-2", "999988887777")
DENIED = Unreadable(
    "ec2:GetManagedPrefixListEntries", Cause.ACCESS_DENIED, "UnauthorizedOperation"
)


NOT_TOLD = Unreadable("ec2:DescribeStaleSecurityGroups", Cause.ACCESS_DENIED, "Unauthorized")


def tcp(ports, *cidrs, lists=(), peers=(), protocol="tcp"):
    low, high = ports if isinstance(ports, tuple) else (ports, ports)
    return Permission(protocol, low, high, cidrs, tuple(lists), tuple(peers))


def everything(*cidrs, **more):
    return Permission("-1", None, None, cidrs, **more)


def group(*ingress, egress=(), name="agent"):
    return SecurityGroup("sg-1", name, "vpc-1", MINE, tuple(ingress), tuple(egress))


def theirs(cidrs):
    return PrefixLists({"pl-1": PrefixList("pl-1", tuple(cidrs))})


def judged(it, attached=ON_A_TASK, lists=NO_LISTS, stale=NONE_STALE, **settings):
    return minimal_security_group(it, attached, lists, stale, **settings)


@pytest.mark.parametrize(
    ("it", "severity", "said"),
    [
        pytest.param(group(tcp(22, "0.0.0.0/0")), CRITICAL, "TCP 22 (SSH) is open", id="ssh"),
        pytest.param(group(tcp(3389, "::/0")), CRITICAL, "RDP", id="rdp over IPv6"),
        pytest.param(group(tcp(5432, "2000::/3")), CRITICAL, "2000::/3", id="all of IPv6 in use"),
        pytest.param(group(everything("0.0.0.0/0")), CRITICAL, "All traffic", id="everything"),
        pytest.param(
            group(tcp((0, 65535), "0.0.0.0/0")), CRITICAL, "TCP 0-65535", id="every port"
        ),
        pytest.param(
            group(Permission("tcp", None, None, ("0.0.0.0/0",))),
            CRITICAL,
            "TCP 0-65535",
            id="no ports are all ports",
        ),
        pytest.param(group(tcp((20, 30), "0.0.0.0/0")), CRITICAL, "SSH", id="ssh within a range"),
        pytest.param(
            group(tcp(22, "0.0.0.0/1", "128.0.0.0/1")),
            CRITICAL,
            "0.0.0.0/0",
            id="the world halved",
        ),
        pytest.param(
            group(tcp(22, *(f"52.{n}.0.0/16" for n in range(256)))),
            CRITICAL,
            "52.0.0.0/8",
            id="the world in small pieces",
        ),
        pytest.param(
            group(tcp(22, "52.0.0.0/9"), tcp((22, 23), "52.128.0.0/9")),
            CRITICAL,
            "52.0.0.0/8",
            id="two rules from the same port on",
        ),
        pytest.param(
            group(tcp(22, "52.0.0.0/9"), tcp((21, 22), "52.128.0.0/9")),
            CRITICAL,
            "52.0.0.0/8",
            id="two rules up to the same port",
        ),
        pytest.param(
            group(tcp(22, "52.0.0.0/9"), tcp((21, 23), "52.128.0.0/9")),
            CRITICAL,
            "52.0.0.0/8",
            id="the world over two rules",
        ),
        pytest.param(
            group(tcp(22, "52.0.0.0/9"), everything("52.128.0.0/9")),
            CRITICAL,
            "52.0.0.0/8",
            id="the other half by a rule for all protocols",
        ),
        pytest.param(
            group(tcp((20, 22), "52.0.0.0/9"), tcp((22, 25), "52.128.0.0/9")),
            CRITICAL,
            "TCP 22 (SSH) is open to 52.0.0.0/8",
            id="the world where two ranges meet",
        ),
        pytest.param(
            group(
                tcp((10, 22), "52.0.0.0/10"),
                tcp((21, 30), "52.64.0.0/10"),
                tcp((22, 40), "52.128.0.0/10"),
                tcp((1, 26), "52.192.0.0/10"),
            ),
            CRITICAL,
            "TCP 22 (SSH) is open to 52.0.0.0/8",
            id="the world where four ranges meet",
        ),
        pytest.param(
            group(
                Permission("50", cidrs=("52.0.0.0/9",)),
                Permission("50", cidrs=("52.128.0.0/9",)),
                Permission("51", cidrs=("53.0.0.0/9",)),
            ),
            HIGH,
            "Protocol 50",
            id="halves of a protocol without ports",
        ),
        *(
            pytest.param(
                group(tcp(port, "::/0")), CRITICAL, f"({what}) is open", id=f"port {port}"
            )
            for port, what in (
                (636, "LDAP"),
                (2484, "Oracle"),
                (5671, "AMQP"),
                (8888, "Jupyter"),
                (9098, "Kafka"),
                (9111, "DAX"),
                (9142, "Cassandra"),
                (15671, "RabbitMQ"),
                (50000, "Db2"),
                (61617, "ActiveMQ"),
            )
        ),
        pytest.param(group(tcp(8080, "0.0.0.0/0")), HIGH, "TCP 8080", id="another port"),
        pytest.param(group(tcp(443, "0.0.0.0/0")), HIGH, "TCP 443", id="https on a task"),
        pytest.param(
            group(tcp(443, "0.0.0.0/0", protocol="udp")), HIGH, "UDP 443", id="quic on a task"
        ),
        pytest.param(
            group(Permission("50", None, None, ("0.0.0.0/0",))), HIGH, "Protocol 50", id="esp"
        ),
        pytest.param(group(tcp(8080, "8.0.0.0/8")), HIGH, "8.0.0.0/8", id="a public /8"),
        pytest.param(
            group(Permission("icmp", 8, -1, ("0.0.0.0/0",))), LOW, "ICMP is open", id="ping"
        ),
        pytest.param(
            group(Permission("icmp", -1, -1, ("0.0.0.0/0",))),
            LOW,
            "ICMP is open",
            id="all of icmp",
        ),
        pytest.param(
            group(tcp((1, 1025), "10.0.0.0/8")), MEDIUM, "opens 1,025 ports", id="too many ports"
        ),
        pytest.param(
            group(everything("10.0.0.0/8")),
            MEDIUM,
            "opens 65,536 ports",
            id="all to a private net",
        ),
        pytest.param(
            group(tcp(443, peers=[Peer("sg-2", "999988887777", "vpc-2", "deleted")])),
            MEDIUM,
            "no active peering",
            id="peering is gone",
        ),
        pytest.param(
            group(tcp(443, peers=[Peer("sg-2")])), MEDIUM, "unknown account", id="group is gone"
        ),
        pytest.param(
            group(egress=[everything("0.0.0.0/0")]),
            LOW,
            "All outbound traffic",
            id="everything may leave",
        ),
        pytest.param(
            group(egress=[everything("0.0.0.0/1", "128.0.0.0/1")]),
            LOW,
            "0.0.0.0/0",
            id="everything may leave, in halves",
        ),
        pytest.param(
            group(egress=[tcp((1, 30000), "0.0.0.0/0"), tcp((25000, 65535), "0.0.0.0/0")]),
            LOW,
            "All outbound TCP traffic",
            id="every port may leave, by two rules",
        ),
        pytest.param(
            group(egress=[everything("52.0.0.0/9"), tcp((0, 65535), "52.128.0.0/9")]),
            LOW,
            "All outbound TCP traffic",
            id="every port may leave, half by a rule for all protocols",
        ),
    ],
)
def test_what_lets_in_too_much(it, severity, said):
    verdict = judged(it)
    assert (verdict.status, verdict.severity) == (BAD, severity), verdict.reason
    assert said in verdict.reason


def test_a_range_that_nobody_understands_is_no_pass():
    with pytest.raises(ValueError, match="garbage"):
        judged(group(tcp(443, "garbage")))


@pytest.mark.parametrize(
    "it",
    [
        pytest.param(group(), id="no rules"),
        pytest.param(group(tcp(443, "10.0.0.0/8")), id="private net"),
        pytest.param(group(tcp(22, "203.0.113.7/32")), id="one office"),
        pytest.param(group(tcp(22, "52.0.0.0/9")), id="half of what is the world"),
        pytest.param(group(tcp(443, "172.64.0.0/13", "104.16.0.0/13")), id="a CDN's ranges"),
        pytest.param(group(tcp(443, "fc00::/7")), id="unique local addresses"),
        pytest.param(group(tcp(443, "2001:db8::/32")), id="one site's IPv6"),
        pytest.param(group(Permission("icmp", 3, 4, ("0.0.0.0/0",))), id="path MTU discovery"),
        pytest.param(group(Permission("icmpv6", 2, 0, ("::/0",))), id="packet too big"),
        pytest.param(group(everything(peers=(Peer("sg-1", MINE),))), id="from itself, everything"),
        pytest.param(group(tcp(443, peers=[Peer("sg-2", MINE)])), id="this account's group"),
        pytest.param(
            group(tcp(443, peers=[Peer("sg-2", "999988887777", "vpc-2", "active")])),
            id="peered account's group",
        ),
        pytest.param(
            group(tcp(443, peers=[Peer("sg-2", "999988887777", "vpc-1")])), id="shared VPC's group"
        ),
        pytest.param(group(tcp(443, peers=[DISTANT])), id="a group across a transit gateway"),
        pytest.param(
            group(tcp(443, peers=[Peer("sg-2", "amazon-elb")])), id="the classic load balancer's"
        ),
        pytest.param(group(tcp((1, 1024), "10.0.0.0/8")), id="as many ports as allowed"),
        pytest.param(group(egress=[tcp(443, "0.0.0.0/0")]), id="only https may leave"),
        pytest.param(
            group(egress=[tcp((1, 24), "0.0.0.0/0"), tcp((26, 65535), "0.0.0.0/0")]),
            id="every port but one may leave",
        ),
        pytest.param(
            group(tcp((20, 21), "52.0.0.0/9"), tcp((22, 25), "52.128.0.0/9")),
            id="two halves of the world, of other ports each",
        ),
    ],
)
def test_what_is_minimal(it):
    verdict = judged(it)
    assert verdict.status is GOOD, verdict.reason


@pytest.mark.parametrize(
    ("attached", "ports", "status", "severity"),
    [
        pytest.param(ON_ALB, 443, GOOD, None, id="https at an application load balancer"),
        pytest.param(ON_ALB, 80, GOOD, None, id="http, to redirect"),
        pytest.param(ON_NLB, 443, GOOD, None, id="https at a network load balancer"),
        pytest.param(ON_ALB, (80, 443), BAD, CRITICAL, id="what is between http and https"),
        pytest.param(ON_ALB, 8443, BAD, HIGH, id="another port"),
        pytest.param(ON_BOTH, 443, BAD, HIGH, id="the task has the same group"),
        pytest.param(NOWHERE, 443, BAD, LOW, id="nothing has it yet"),
        pytest.param(NOWHERE, 22, BAD, LOW, id="ssh to nothing"),
    ],
)
def test_the_world_reaches_load_balancers_at_most(attached, ports, status, severity):
    verdict = judged(group(tcp(ports, "0.0.0.0/0")), attached)
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason


@pytest.mark.parametrize(
    ("attached", "ports", "severity"),
    [
        pytest.param(ON_NLB, 443, None, id="HTTP/3 at a network load balancer"),
        pytest.param(ON_A_TASK, 443, HIGH, id="HTTP/3 at a task"),
        pytest.param(ON_NLB, 80, HIGH, id="no protocol of HTTP"),
        pytest.param(ON_NLB, (443, 444), HIGH, id="a port more"),
        pytest.param(ON_NLB, (0, 65535), CRITICAL, id="every port"),
    ],
)
def test_the_world_reaches_load_balancers_over_udp(attached, ports, severity):
    verdict = judged(group(tcp(ports, "0.0.0.0/0", protocol="udp")), attached)
    assert (verdict.status is GOOD, verdict.severity or None) == (severity is None, severity)


def test_a_pass_says_what_the_internet_may_reach():
    verdict = judged(group(tcp(443, "0.0.0.0/0"), tcp(22, "10.0.0.0/8")), ON_ALB)
    assert verdict.reason == (
        "Only TCP 443 may be reached from the internet (2 inbound, 0 outbound)."
    )


@pytest.mark.parametrize(
    ("lists", "status", "said"),
    [
        pytest.param(
            theirs(["192.0.2.0/24"]), GOOD, "No inbound rule is open", id="a narrow list"
        ),
        pytest.param(theirs(["0.0.0.0/1", "128.0.0.0/1"]), BAD, "0.0.0.0/0", id="the world in it"),
        pytest.param(theirs([]), GOOD, "No inbound rule is open", id="AWS's list"),
        pytest.param(NO_LISTS, UNKNOWN, "pl-1", id="a list nobody shows us"),
        pytest.param(DENIED, UNKNOWN, "ec2:GetManagedPrefixListEntries", id="entries denied"),
    ],
)
def test_prefix_lists_count_as_what_is_in_them(lists, status, said):
    verdict = judged(group(tcp(22, lists=["pl-1"])), lists=lists)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


@pytest.mark.parametrize(
    ("stale", "status", "said"),
    [
        pytest.param(NONE_STALE, GOOD, "", id="reached by a transit gateway"),
        pytest.param(
            StaleReferences(frozenset({"sg-2"})), BAD, "account 999988887777", id="stale"
        ),
        pytest.param(StaleReferences(frozenset({"sg-3"})), GOOD, "", id="another is stale"),
        pytest.param(NOT_TOLD, UNKNOWN, "ec2:DescribeStaleSecurityGroups", id="denied"),
    ],
)
def test_a_group_of_another_account_is_judged_by_what_ec2_calls_stale(stale, status, said):
    verdict = judged(group(tcp(443, peers=[DISTANT])), stale=stale)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


def test_unread_stale_rules_do_not_hide_what_is_serious():
    it = group(tcp(22, "0.0.0.0/0"), tcp(443, peers=[DISTANT]))
    assert judged(it, stale=NOT_TOLD).severity is CRITICAL


def test_an_unread_list_does_not_hide_what_is_serious():
    it = group(tcp(22, "0.0.0.0/0"), tcp(443, lists=["pl-1"]))
    verdict = judged(it, lists=DENIED)
    assert (verdict.status, verdict.severity) == (BAD, CRITICAL)


def test_a_lesser_problem_does_not_pass_for_all_that_is_wrong():
    """Or a denied read would turn a page about an open SSH port into a note about egress."""
    it = group(tcp(22, lists=["pl-1"]), egress=[everything("0.0.0.0/0")])
    verdict = judged(it, lists=DENIED)
    assert verdict.status is UNKNOWN
    assert verdict.missing == ("ec2:GetManagedPrefixListEntries",)


@pytest.mark.parametrize(
    ("it", "settings", "status", "severity"),
    [
        pytest.param(group(name="default"), {}, GOOD, None, id="no rules"),
        pytest.param(
            group(
                everything(peers=(Peer("sg-1", MINE),)),
                egress=[everything("0.0.0.0/0")],
                name="default",
            ),
            {},
            BAD,
            MEDIUM,
            id="as AWS makes it",
        ),
        pytest.param(
            group(egress=[everything("0.0.0.0/0")], name="default"),
            {"check_egress": False, "ignore_unattached": True},
            BAD,
            MEDIUM,
            id="whatever the settings",
        ),
    ],
)
@pytest.mark.parametrize("attached", [ON_A_TASK, NOWHERE], ids=["attached", "unattached"])
def test_the_default_group_has_no_rules(it, settings, status, severity, attached):
    verdict = judged(it, attached, **settings)
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason


@pytest.mark.parametrize(
    ("it", "attached", "settings", "status"),
    [
        pytest.param(
            group(egress=[everything("0.0.0.0/0")]),
            ON_A_TASK,
            {"check_egress": False},
            GOOD,
            id="egress not checked",
        ),
        pytest.param(
            group(egress=[Permission("tcp", 0, 65535, ("0.0.0.0/0",))]),
            ON_A_TASK,
            {},
            BAD,
            id="every TCP port may leave",
        ),
        pytest.param(
            group(egress=[Permission("udp", 1, 65535, ("::/0",))]),
            ON_A_TASK,
            {},
            BAD,
            id="every UDP port may leave",
        ),
        pytest.param(
            group(egress=[Permission("tcp", 0, 65535, ("10.0.0.0/8",))]),
            ON_A_TASK,
            {},
            GOOD,
            id="every port to private ranges",
        ),
        pytest.param(
            group(tcp(22, "0.0.0.0/0")), NOWHERE, {"ignore_unattached": True}, NA, id="unattached"
        ),
        pytest.param(
            group(tcp(8443, "0.0.0.0/0")),
            ON_ALB,
            {"allowed_public_ports": ("8443",)},
            GOOD,
            id="another public port",
        ),
        pytest.param(
            group(tcp(443, "0.0.0.0/0", protocol="udp")),
            ON_ALB,
            {"allowed_public_ports": ("8443",)},
            BAD,
            id="HTTP/3 where HTTPS may not be public",
        ),
        pytest.param(
            group(tcp(22, "52.0.0.0/9")), ON_A_TASK, {"world_v4_prefixlen": 9}, BAD, id="a /9"
        ),
        pytest.param(
            group(tcp(22, "2001:db8::/32")), ON_A_TASK, {"world_v6_prefixlen": 32}, BAD, id="a /32"
        ),
        pytest.param(
            group(tcp((1, 11), "10.0.0.0/8")), ON_A_TASK, {"max_port_span": 10}, BAD, id="ports"
        ),
    ],
)
def test_the_settings(it, attached, settings, status):
    verdict = judged(it, attached, **settings)
    assert verdict.status is status, verdict.reason


def test_the_worst_comes_first_and_everything_is_said():
    it = group(tcp(8080, "0.0.0.0/0"), tcp(22, "0.0.0.0/0"), egress=[everything("::/0")])
    verdict = judged(it)
    assert verdict.severity is CRITICAL
    assert verdict.reason.index("TCP 22") < verdict.reason.index("TCP 8080")
    assert "All outbound traffic to ::/0" in verdict.reason
