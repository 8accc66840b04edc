"""What the EC2 loaders make of EC2's answers."""

from __future__ import annotations

import boto3
import pytest
from moto import mock_aws

from readiness.engine.aws import Aws
from readiness.evidence.ec2.security_groups import (
    SECURITY_GROUP,
    Attachments,
    Interface,
    Peer,
    Permission,
    PrefixList,
    PrefixLists,
    SecurityGroup,
)
from readiness.evidence.ec2.vpcs import RouteTables, Subnets, this_region
from readiness.model.unreadable import Gone, Unreadable
from tests.accounts.network_security import GROUP, LIST, fake_account, interface, security_group
from tests.fake_account import ACCOUNT_ID, HOME, Clock, FakeAccount, error, evaluation


def of_group(cls, seen, id=GROUP, *, bulk=False):
    aws = evaluation(seen, [], bulk=bulk).aws
    return aws.evidence(cls, SECURITY_GROUP.resource(ACCOUNT_ID, HOME, id)).evidence


@pytest.fixture
def moto(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    with mock_aws():
        session = boto3.session.Session(region_name=HOME)
        yield Aws(session, account="123456789012", region=HOME, now=Clock())


def loaded(aws, cls, id):
    return aws.evidence(cls, SECURITY_GROUP.resource(aws.account, HOME, id)).evidence


def a_group(ec2, name="agent"):
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName=name, Description="agents", VpcId=vpc)
    return vpc, group["GroupId"]


@pytest.mark.parametrize("bulk", [False, True], ids=["alone", "in bulk"])
def test_rules_are_read_whole(bulk):
    seen = of_group(SecurityGroup, fake_account(), bulk=bulk)
    https = Permission("tcp", 443, 443, ("10.0.0.0/16",), (LIST,), (Peer(GROUP, ACCOUNT_ID),))
    assert (seen.ingress, seen.egress) == ((https,), (https,))
    assert (seen.name, seen.account, seen.tags) == ("agent", ACCOUNT_ID, {"Application": "MAIF"})
    assert seen.prefix_list_ids == {LIST}


def test_rules_as_a_real_api_orders_them(moto):
    ec2 = moto.client("ec2")
    _, id = a_group(ec2)
    ec2.authorize_security_group_ingress(
        GroupId=id,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 22,
                "ToPort": 22,
                "IpRanges": [{"CidrIp": "0.0.0.0/1"}, {"CidrIp": "128.0.0.0/1"}],
                "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
            },
            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": id}]},
        ],
    )
    seen = loaded(moto, SecurityGroup, id)
    ssh, all_traffic = sorted(seen.ingress, key=lambda rule: rule.protocol, reverse=True)
    assert (ssh.protocol, ssh.from_port, ssh.to_port) == ("tcp", 22, 22)
    assert ssh.cidrs == ("0.0.0.0/1", "128.0.0.0/1", "::/0")
    assert (all_traffic.protocol, all_traffic.from_port) == ("-1", None)
    assert [peer.group_id for peer in all_traffic.peers] == [id]


def test_a_group_that_does_not_exist_is_gone(moto):
    with pytest.raises(Gone):
        loaded(moto, SecurityGroup, "sg-0123456789abcdef0")


def test_an_empty_answer_is_no_answer():
    seen = fake_account().but(ec2__describe_security_groups={"SecurityGroups": []})
    with pytest.raises(Unreadable, match="ec2:DescribeSecurityGroups"):
        of_group(SecurityGroup, seen)


@pytest.mark.parametrize(
    ("protocol", "spoken"),
    [("6", "tcp"), ("17", "udp"), ("1", "icmp"), ("58", "icmpv6"), ("TCP", "tcp"), ("50", "50")],
)
def test_protocols_have_one_name(protocol, spoken):
    assert Permission.of({"IpProtocol": protocol}).protocol == spoken


@pytest.mark.parametrize("bulk", [False, True], ids=["alone", "in bulk"])
def test_a_group_is_worn_by_interfaces(bulk):
    def interfaces(IncludeManagedResources, Filters=()):  # noqa: N803
        worn = [
            interface("eni-1", Groups=[{"GroupId": "sg-2"}, {"GroupId": GROUP}]),
            interface("eni-2", Groups=[{"GroupId": GROUP}], RequesterId="amazon-elb"),
            interface("eni-3", Groups=[{"GroupId": "sg-2"}]),
        ]
        wanted = Filters[0]["Values"][0] if Filters else None
        named = [i for i in worn if not wanted or {"GroupId": wanted} in i["Groups"]]
        return {"NetworkInterfaces": named}

    seen = of_group(
        Attachments, fake_account().but(ec2__describe_network_interfaces=interfaces), bulk=bulk
    )
    assert seen.interfaces == (
        Interface("eni-1", "lambda"),
        Interface("eni-2", "lambda", "amazon-elb"),
    )
    assert not seen.only_load_balancers


def test_in_bulk_an_unworn_group_is_not_gone():
    seen = fake_account().but(ec2__describe_network_interfaces={"NetworkInterfaces": []})
    assert of_group(Attachments, seen, bulk=True) == Attachments()


def test_what_wears_a_group_through_a_real_api(moto):
    ec2 = moto.client("ec2")
    vpc, id = a_group(ec2)
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    made = ec2.create_network_interface(SubnetId=subnet, Groups=[id])
    assert [i.id for i in loaded(moto, Attachments, id).interfaces] == [
        made["NetworkInterface"]["NetworkInterfaceId"]
    ]


def test_prefix_lists_are_asked_for_only_where_a_rule_names_one():
    bare = fake_account().but(
        ec2__describe_security_groups={
            "SecurityGroups": [security_group(IpPermissions=[], IpPermissionsEgress=[])]
        }
    )
    assert of_group(PrefixLists, bare) == PrefixLists()
    assert {operation for _, operation in bare.calls} == {"describe_security_groups"}


def test_entries_are_read_of_customers_lists_only():
    mine = of_group(PrefixLists, fake_account())
    assert mine.by_id == {LIST: PrefixList(LIST, ("192.0.2.0/24",))}
    amazons = fake_account().but(
        ec2__describe_managed_prefix_lists={
            "PrefixLists": [{"PrefixListId": LIST, "OwnerId": "AWS"}]
        }
    )
    seen = of_group(PrefixLists, amazons)
    assert seen.by_id[LIST].cidrs == ()
    assert ("ec2", "get_managed_prefix_list_entries") not in amazons.calls


def test_a_list_that_is_not_shown_is_missing():
    seen = fake_account().but(ec2__describe_managed_prefix_lists={"PrefixLists": []})
    assert of_group(PrefixLists, seen).by_id == {}


def test_prefix_lists_through_a_real_api(moto):
    ec2 = moto.client("ec2")
    _, id = a_group(ec2)
    made = ec2.create_managed_prefix_list(
        PrefixListName="offices",
        AddressFamily="IPv4",
        MaxEntries=300,
        Entries=[{"Cidr": f"198.51.{n}.0/24"} for n in range(250)],
    )["PrefixList"]["PrefixListId"]
    ec2.authorize_security_group_ingress(
        GroupId=id,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 443,
                "ToPort": 443,
                "PrefixListIds": [{"PrefixListId": made}],
            }
        ],
    )
    seen = loaded(moto, PrefixLists, id).by_id[made]
    assert len(seen.cidrs) == 250


def test_an_event_about_a_group_takes_four_reads():
    seen = fake_account()
    aws = evaluation(seen, []).aws
    group = SECURITY_GROUP.resource(ACCOUNT_ID, HOME, GROUP)
    for cls in (SecurityGroup, Attachments, PrefixLists):
        aws.evidence(cls, group)
    assert len(seen.calls) == 4, seen.calls


def of_region(cls, aws):
    class Here:
        account, region = aws.account, aws.region

    return aws.evidence(cls, this_region(Here)).evidence


def test_a_subnet_uses_its_own_table_else_the_main_one(moto):
    ec2 = moto.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    own, main = (
        ec2.create_subnet(VpcId=vpc, CidrBlock=cidr)["Subnet"]["SubnetId"]
        for cidr in ("10.0.0.0/24", "10.0.1.0/24")
    )
    igw = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=igw, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=own)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=igw)
    subnets, routes = of_region(Subnets, moto), of_region(RouteTables, moto)
    public = routes.effective(subnets.by_id[own])
    assert public.id == table
    assert ("0.0.0.0/0", igw) in [(route.destination, route.target) for route in public.routes]
    private = routes.effective(subnets.by_id[main])
    assert private.id != table
    assert [route.target for route in private.routes] == ["local"]


@pytest.mark.parametrize("code", ["InvalidGroup.NotFound", "InvalidGroupId.Malformed"])
def test_only_these_codes_mean_gone(code):
    seen = fake_account().but(ec2__describe_security_groups=error(code))
    with pytest.raises(Gone):
        of_group(SecurityGroup, seen)


def test_any_other_code_is_no_answer():
    seen = FakeAccount({("ec2", "describe_security_groups"): error("InvalidParameterValue")})
    with pytest.raises(Unreadable, match="ec2:DescribeSecurityGroups"):
        of_group(SecurityGroup, seen)


def test_hostile_names_arrive_as_they_are():
    name = "<script>\u202e" + "x" * 10_000 + "\x00"
    seen = fake_account().but(
        ec2__describe_security_groups={"SecurityGroups": [security_group(GroupName=name)]}
    )
    assert of_group(SecurityGroup, seen).name == name
