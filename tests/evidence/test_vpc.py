"""What the VPC loaders make of answers of EC2, Route 53, Lambda and ECS."""

from __future__ import annotations

import pytest

from readiness.evidence.ec2.vpc_endpoints import (
    Endpoint,
    VpcDns,
    VpcEndpoints,
    VpcWorkloads,
    allows_everything,
)
from readiness.evidence.ec2.vpcs import (
    VPC,
    FlowLog,
    Route,
    RouteTable,
    RouteTables,
    Subnets,
    Vpc,
    VpcFlowLogs,
    VpcInterfaces,
)
from readiness.evidence.route53 import PrivateZones
from readiness.evidence.route53profiles import DnsProfiles
from readiness.model.evidence import REGION
from readiness.model.unreadable import Gone, Unreadable
from readiness.semantics.service_names import service_of_endpoint, service_of_zone, services_named
from tests.accounts import network_security as good
from tests.accounts.network_security import SUBNET_A, SUBNET_B, fake_account, function, service
from tests.fake_account import ACCOUNT_ID, HOME, error, evaluation


def of_vpc(cls, seen, id=good.VPC, *, bulk=False):
    aws = evaluation(seen, [], bulk=bulk).aws
    return aws.evidence(cls, VPC.resource(ACCOUNT_ID, HOME, id)).evidence


@pytest.mark.parametrize("bulk", [False, True], ids=["alone", "in bulk"])
def test_a_shared_vpc_is_not_ours(bulk):
    shared = fake_account().but(
        ec2__describe_vpcs={"Vpcs": [{"VpcId": good.VPC, "OwnerId": "999988887777"}]}
    )
    assert of_vpc(Vpc, fake_account(), bulk=bulk).is_ours
    assert of_vpc(Vpc, shared, bulk=bulk) == Vpc(good.VPC, "999988887777", is_ours=False)


def test_a_vpc_that_does_not_exist_is_gone():
    with pytest.raises(Gone):
        of_vpc(Vpc, fake_account().but(ec2__describe_vpcs=error("InvalidVpcID.NotFound")))


def test_an_empty_answer_is_no_answer():
    with pytest.raises(Unreadable, match="ec2:DescribeVpcs"):
        of_vpc(Vpc, fake_account().but(ec2__describe_vpcs={"Vpcs": []}))


def test_routes_that_lead_nowhere_do_not_count():
    table = RouteTable.of(
        {
            "RouteTableId": "rtb-1",
            "VpcId": "vpc-1",
            "Routes": [
                {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "blackhole"},
                {"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-1"},
                {"DestinationPrefixListId": "pl-1", "GatewayId": "igw-2", "State": "active"},
                {"DestinationCidrBlock": "10.9.0.0/16", "CarrierGatewayId": "cagw-1"},
            ],
        }
    )
    assert table.routes == (
        Route("::/0", ""),
        Route("pl-1", "igw-2"),
        Route("10.9.0.0/16", "cagw-1"),
    )


def test_flow_logs_of_the_vpc_and_of_its_subnets():
    found = [
        {"FlowLogId": "fl-1", "ResourceId": good.VPC, "TrafficType": "REJECT"},
        {
            "FlowLogId": "fl-2",
            "ResourceId": SUBNET_A,
            "TrafficType": "ALL",
            "FlowLogStatus": "ACTIVE",
            "DeliverLogsStatus": "FAILED",
            "DeliverLogsErrorMessage": "Access error",
            "MaxAggregationInterval": 60,
            "LogGroupName": "flows",
        },
        {"FlowLogId": "fl-3", "ResourceId": "vpc-of-somebody-else", "TrafficType": "ALL"},
    ]
    seen = of_vpc(VpcFlowLogs, fake_account().but(ec2__describe_flow_logs={"FlowLogs": found}))
    failed = FlowLog("fl-2", "ALL", "FAILED", "Access error", 60, "flows")
    assert seen.of_vpc == (FlowLog("fl-1", "REJECT"),)
    assert seen.of_subnets == {SUBNET_A: (failed,), SUBNET_B: ()}
    assert [log.id for log in seen.all] == ["fl-1", "fl-2"]


def test_the_record_format_of_a_flow_log():
    log = FlowLog.of(
        {"FlowLogId": "fl-1", "TrafficType": "ALL", "LogFormat": "${version} ${pkt-srcaddr}"}
    )
    assert log.fields == {"version", "pkt-srcaddr"}
    assert log.lacks == ("dstaddr", "action")
    assert FlowLog.of({"FlowLogId": "fl-1", "TrafficType": "ALL"}).lacks == ()


def test_the_route_table_of_an_internet_gateway():
    edge = {
        "RouteTableId": "rtb-edge",
        "VpcId": good.VPC,
        "Associations": [{"GatewayId": "igw-1"}],
        "Routes": [{"DestinationCidrBlock": "10.0.1.0/24", "GatewayId": "vpce-1"}],
    }
    where = fake_account().but(ec2__describe_route_tables={"RouteTables": [edge]})
    region = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
    seen = evaluation(where, []).aws.evidence(RouteTables, region).evidence
    assert seen.inbound == {good.VPC: (Route("10.0.1.0/24", "vpce-1"),)}
    assert (seen.main, seen.by_subnet) == ({}, {})


@pytest.mark.parametrize("bulk", [False, True], ids=["alone", "in bulk"])
def test_interfaces_are_counted(bulk):
    assert of_vpc(VpcInterfaces, fake_account(), bulk=bulk).count == 1
    empty = fake_account().but(ec2__describe_network_interfaces={"NetworkInterfaces": []})
    assert of_vpc(VpcInterfaces, empty, bulk=bulk).count == 0


def test_workloads_are_what_has_an_address_in_the_vpc():
    elsewhere = function(FunctionName="elsewhere", VpcConfig={"VpcId": "", "SubnetIds": []})
    sealed = function(
        FunctionName="sealed",
        Environment={"Error": {"ErrorCode": "AccessDeniedException", "Message": "no"}},
    )
    found = {"Functions": [function(), elsewhere, sealed]}
    account = fake_account().but(
        lambda__list_functions=found, lambda__list_aliases={"Aliases": []}
    )
    seen = of_vpc(VpcWorkloads, account).all
    assert [(w.name, "decrypted" in w.unknown) for w in seen] == [
        ("function agent", False),
        ("function sealed", True),
        ("service api", False),
    ]
    assert seen[0].services == {"dynamodb", "s3", "kms"}
    assert "ecr.dkr" in seen[2].services


@pytest.mark.parametrize(
    ("details", "services", "unknown"),
    [
        pytest.param(good.authorization(), {"dynamodb", "s3", "kms"}, "", id="inline and managed"),
        pytest.param(
            good.authorization(inline=good.policy("*"), managed=good.policy("*:*")),
            {"dynamodb"},
            "",
            id="a star names nothing",
        ),
        pytest.param(
            good.authorization(inline=good.policy("SecretsManager:*", "sqs:*")),
            {"dynamodb", "kms", "secretsmanager"},
            "",
            id="in any case",
        ),
        pytest.param(
            good.authorization(inline="not a policy"), {"dynamodb", "kms"}, "own", id="illegible"
        ),
        pytest.param(
            good.authorization() | {"Policies": []},
            {"dynamodb", "s3"},
            good.POLICY_ARN,
            id="a managed policy that is not shown",
        ),
        pytest.param({"RoleDetailList": [], "Policies": []}, {"dynamodb"}, "", id="no such role"),
    ],
)
def test_what_a_functions_role_may_call(details, services, unknown):
    seen = of_vpc(VpcWorkloads, fake_account().but(iam__get_account_authorization_details=details))
    agent = seen.all[0]
    assert (agent.services, agent.unknown) == (services, unknown)


def behind_an_alias(latest, version):
    """A function whose alias leads to a version that was published with other settings."""
    return fake_account().but(
        lambda__list_functions={"Functions": [latest]},
        lambda__get_function_configuration=lambda **params: version,
    )


OUTSIDE = {"VpcConfig": {"VpcId": "", "SubnetIds": []}}


@pytest.mark.parametrize(
    ("latest", "version", "subnets"),
    [
        pytest.param({}, OUTSIDE, (SUBNET_A, SUBNET_B), id="only the unpublished one is inside"),
        pytest.param(OUTSIDE, {}, (SUBNET_A, SUBNET_B), id="only the published one is inside"),
        pytest.param(OUTSIDE, OUTSIDE, None, id="neither"),
        pytest.param(
            {"VpcConfig": {"VpcId": good.VPC, "SubnetIds": [SUBNET_A]}},
            {"VpcConfig": {"VpcId": good.VPC, "SubnetIds": [SUBNET_B]}},
            (SUBNET_A, SUBNET_B),
            id="each in a subnet of its own",
        ),
    ],
)
def test_a_version_that_callers_reach_is_where_it_was_published(latest, version, subnets):
    account = behind_an_alias(function(**latest), function(**version))
    seen = {each.name: each.subnet_ids for each in of_vpc(VpcWorkloads, account).all}
    assert seen.get("function agent") == subnets


def test_a_version_calls_what_it_was_published_to_call():
    secret = {"Variables": {"DB_SECRET_ARN": "orders"}}
    account = behind_an_alias(function(), function(Environment=secret))
    [agent, _] = of_vpc(VpcWorkloads, account).all
    assert agent.services == {"dynamodb", "s3", "kms", "secretsmanager"}
    error_of = {"Error": {"ErrorCode": "AccessDeniedException", "Message": "no"}}
    sealed = behind_an_alias(function(), function(Environment=error_of))
    assert "decrypted" in of_vpc(VpcWorkloads, sealed).all[0].unknown


def test_aliases_that_may_not_be_read_hide_the_workloads():
    denied = fake_account().but(lambda__list_aliases=error("AccessDeniedException", 403))
    with pytest.raises(Unreadable, match="lambda:ListAliases"):
        of_vpc(VpcWorkloads, denied)
    gone = fake_account().but(lambda__list_aliases=error("ResourceNotFoundException", 404))
    assert [w.name for w in of_vpc(VpcWorkloads, gone).all] == ["function agent", "service api"]


def test_roles_are_not_read_for_a_vpc_without_functions():
    seen = fake_account().but(lambda__list_functions={"Functions": []})
    assert [w.name for w in of_vpc(VpcWorkloads, seen).all] == ["service api"]
    assert ("iam", "get_account_authorization_details") not in seen.calls


def test_a_function_on_managed_instances_is_where_its_capacity_provider_is():
    seen = good.on_managed_instances()
    assert [w.name for w in of_vpc(VpcWorkloads, seen).all] == ["function agent", "service api"]
    elsewhere = {
        "CapacityProviderArn": "arn:aws:lambda:us-east-1:111122223333:capacity-provider:agents",
        "State": "Active",
        "VpcConfig": {"SubnetIds": ["subnet-of-another-vpc"], "SecurityGroupIds": ["sg-1"]},
        "PermissionsConfig": {"CapacityProviderOperatorRoleArn": good.ROLE_ARN},
    }
    other = seen.but(lambda__get_capacity_provider={"CapacityProvider": elsewhere})
    assert [w.name for w in of_vpc(VpcWorkloads, other).all] == ["service api"]


def test_a_service_in_other_subnets_is_elsewhere():
    other = {"services": [service(subnets=["subnet-of-another-vpc"])]}
    seen = of_vpc(VpcWorkloads, fake_account().but(ecs__describe_services=other)).all
    assert [w.name for w in seen] == ["function agent"]


def test_endpoints_of_the_vpc():
    found = [
        good.endpoint("kms"),
        good.endpoint("s3"),
        good.endpoint("sts", State="PendingAcceptance"),
        good.endpoint("kms", VpcId="vpc-of-somebody-else"),
    ]
    seen = of_vpc(
        VpcEndpoints, fake_account().but(ec2__describe_vpc_endpoints={"VpcEndpoints": found})
    )
    assert [(e.service, e.kind, e.state, e.resolves) for e in seen.all] == [
        ("kms", "Interface", "available", True),
        ("s3", "Gateway", "available", False),
        ("sts", "Interface", "pendingacceptance", True),
    ]
    assert seen.all[1].route_table_ids == {good.PRIVATE_TABLE, good.MAIN_TABLE}
    assert seen.all[0].is_wide_open


def test_private_dns_for_the_resolver_endpoint_alone_does_not_help_the_vpc():
    about = good.endpoint("s3", VpcEndpointType="Interface", PrivateDnsEnabled=True)
    about["DnsOptions"] = {"PrivateDnsOnlyForInboundResolverEndpoint": True}
    assert not Endpoint.of(about, HOME, "amazonaws.com").resolves


EMPTY = {"Functions": []}


def test_an_empty_vpc_costs_no_further_reads():
    seen = fake_account().but(lambda__list_functions=EMPTY, ecs__list_clusters={"clusterArns": []})
    assert of_vpc(VpcDns, seen) == VpcDns()
    assert of_vpc(PrivateZones, seen) == PrivateZones()
    assert of_vpc(DnsProfiles, seen) == DnsProfiles()
    assert not {("ec2", "describe_vpc_attribute"), ("route53", "list_hosted_zones_by_vpc")} & set(
        seen.calls
    )


def test_both_dns_attributes_are_read():
    def only_support(VpcId, Attribute):  # noqa: N803
        key = Attribute[0].upper() + Attribute[1:]
        return {"VpcId": VpcId, key: {"Value": Attribute == "enableDnsSupport"}}

    seen = of_vpc(VpcDns, fake_account().but(ec2__describe_vpc_attribute=only_support))
    assert seen == VpcDns(support=True, hostnames=False)


def test_every_page_of_hosted_zones_is_read():
    def zones(VPCId, VPCRegion, NextToken=""):  # noqa: N803
        name, owner, more = {
            "": ("secretsmanager.us-east-1.amazonaws.com.", "OwningAccount", "2"),
            "2": ("api.ecr.us-east-1.amazonaws.com.", "OwningAccount", "3"),
            "3": ("kms.us-east-1.amazonaws.com.", "OwningService", ""),
        }[NextToken]
        zone = {"HostedZoneId": "Z1", "Name": name, "Owner": {owner: "444455556666"}}
        page = {"HostedZoneSummaries": [zone], "MaxItems": "1"}
        return page | ({"NextToken": more} if more else {})

    seen = of_vpc(PrivateZones, fake_account().but(route53__list_hosted_zones_by_vpc=zones))
    assert seen.services == {"secretsmanager", "ecr.api"}


ZONE = good.brought("hostedzone/Z1", "route53")


@pytest.mark.parametrize(
    ("association", "brings", "found"),
    [
        pytest.param({}, [ZONE], (1, 0), id="a hosted zone"),
        pytest.param({}, [good.brought("vpc-endpoint/vpce-1", "ec2")], (1, 0), id="an endpoint"),
        pytest.param({}, [good.brought("resolver-rule/r-1")], (0, 0), id="a rule of a resolver"),
        pytest.param({}, [ZONE | {"Status": "CREATING"}], (0, 1), id="not yet"),
        pytest.param({"Status": "CREATING"}, [ZONE], (0, 1), id="the profile not yet"),
        pytest.param({"Status": "UPDATING"}, [ZONE], (1, 0), id="renamed"),
        pytest.param({}, [ZONE, ZONE | {"Status": "CREATING"}], (1, 0), id="another not yet"),
        pytest.param({"Status": "DELETING"}, [ZONE], (0, 0), id="no more"),
        pytest.param({}, [ZONE | {"Status": "FAILED"}], (0, 0), id="failed"),
        pytest.param({}, [], (0, 0), id="nothing"),
    ],
)
def test_profiles_that_bring_names(association, brings, found):
    """ListHostedZonesByVPC shows no zone that a profile brings."""
    seen = of_vpc(
        DnsProfiles,
        good.without_a_name_of_sts().but(
            route53profiles__list_profile_associations={
                "ProfileAssociations": [good.profile(**association)]
            },
            route53profiles__list_profile_resource_associations={
                "ProfileResourceAssociations": brings
            },
        ),
    )
    assert (len(seen.with_names), len(seen.coming)) == found


def test_profiles_are_not_asked_where_every_service_has_a_name():
    account = fake_account()
    assert of_vpc(DnsProfiles, account) == DnsProfiles()
    assert ("route53profiles", "list_profile_associations") not in account.calls


@pytest.mark.parametrize(
    ("name", "service_name"),
    [
        pytest.param("com.amazonaws.us-east-1.secretsmanager", "secretsmanager", id="plain"),
        pytest.param("com.amazonaws.us-east-1.ecr.dkr", "ecr.dkr", id="of two parts"),
        pytest.param("com.amazonaws.us-east-1.kms-fips", "kms", id="fips"),
        pytest.param("com.amazonaws.us-east-1.ec2messages", "ec2messages", id="not ec2"),
        pytest.param("com.amazonaws.eu-west-1.kms", "", id="another region"),
        pytest.param("com.amazonaws.vpce.us-east-1.vpce-svc-1", "", id="somebody's"),
    ],
)
def test_services_of_endpoints(name, service_name):
    assert service_of_endpoint(name, HOME, "amazonaws.com") == service_name


@pytest.mark.parametrize(
    ("zone", "service_name"),
    [
        pytest.param("secretsmanager.us-east-1.amazonaws.com.", "secretsmanager", id="plain"),
        pytest.param("dkr.ecr.us-east-1.amazonaws.com.", "ecr.dkr", id="of two parts"),
        pytest.param("kms-fips.us-east-1.amazonaws.com.", "kms", id="fips"),
        pytest.param("kms.eu-west-1.amazonaws.com.", "", id="another region"),
        pytest.param("kms.us-east-1.amazonaws.com.example.org.", "", id="a like name"),
        pytest.param("example.org.", "", id="another zone"),
    ],
)
def test_services_of_zones(zone, service_name):
    assert service_of_zone(zone, HOME, "amazonaws.com") == service_name


@pytest.mark.parametrize(
    ("name", "value", "services"),
    [
        pytest.param(
            "X", "arn:aws:secretsmanager:us-east-1:1:secret:db", {"secretsmanager"}, id="arn"
        ),
        pytest.param("X", "arn:aws-cn:kms:cn-north-1:1:key/1", {"kms"}, id="arn in china"),
        pytest.param("X", "s3://data/in", {"s3"}, id="s3 url"),
        pytest.param(
            "X", "https://data.s3.us-east-1.amazonaws.com/in", {"s3"}, id="bucket's host"
        ),
        pytest.param("X", "https://kms.us-east-1.amazonaws.com", {"kms"}, id="service's host"),
        pytest.param("TABLE_NAME", "agents", {"dynamodb"}, id="table"),
        pytest.param("DATA_BUCKET", "agents", {"s3"}, id="bucket"),
        pytest.param("SECRET_ARN", "db", {"secretsmanager"}, id="secret"),
        pytest.param("STAGE", "prod", set(), id="nothing"),
        pytest.param("STABLE", "skms3", set(), id="words that only look like it"),
    ],
)
def test_services_that_an_environment_names(name, value, services):
    assert services_named({name: value}) == services


def under(operator, key, value):
    return f',"Condition":{{"{operator}":{{"{key}":"{value}"}}}}'


ORGANIZATION = ',"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}'
ALLOW = '{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"%s}'


@pytest.mark.parametrize(
    ("document", "is_open"),
    [
        pytest.param('{"Statement":[' + ALLOW % "" + "]}", True, id="the default"),
        pytest.param('{"Statement":' + ALLOW % "" + "}", True, id="a lone statement"),
        pytest.param(
            '{"Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":["*"],'
            '"Resource":["*"]}]}',
            True,
            id="in lists",
        ),
        pytest.param('{"Statement":[' + ALLOW % ORGANIZATION + "]}", False, id="conditional"),
        pytest.param(
            '{"Statement":['
            + ALLOW % ',"Condition":{"StringLike":{"aws:PrincipalOrgID":"o-*"}}'
            + "]}",
            True,
            id="a condition that everyone in an organization meets",
        ),
        pytest.param(
            '{"Statement":['
            + ALLOW % ""
            + ","
            + (ALLOW % ORGANIZATION).replace("Allow", "Deny").replace("Equals", "NotEquals")
            + "]}",
            False,
            id="everyone else denied",
        ),
        pytest.param(
            '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",'
            '"Resource":"*"}]}',
            False,
            id="one action",
        ),
        *(
            pytest.param(f'{{"Statement":[{ALLOW % condition}]}}', is_open, id=id)
            for condition, is_open, id in (
                (under("StringEquals", "aws:ResourceAccount", "111122223333"), False, "resources"),
                (under("StringEquals", "aws:ResourceOrgID", "o-1"), False, "the organization's"),
                (under("StringLike", "aws:ResourceAccount", "*"), True, "resources of anyone"),
                (under("StringEquals", "aws:SourceVpc", "vpc-1"), True, "from its own VPC"),
                (under("Bool", "aws:SecureTransport", "true"), True, "with TLS"),
            )
        ),
        pytest.param(
            '{"Statement":[' + (ALLOW % "").replace('"Action":"*"', '"Action":"s3:*"') + "]}",
            True,
            id="everything of the service",
        ),
        pytest.param(
            (f'{{"Statement":[{ALLOW % ""}]}}').replace('"Action":"*"', '"NotAction":"s3:Put*"'),
            True,
            id="all actions but some",
        ),
        *(
            pytest.param(
                '{"Statement":['
                + (ALLOW % "")
                + ","
                + (ALLOW % "")
                .replace("Allow", "Deny")
                .replace(f'"{member}":"*"', f'"Not{member}":"{left_out}"')
                + "]}",
                is_open,
                id=f"each {member} denied but {left_out}",
            )
            for member, left_out, is_open in (
                ("Resource", "arn:aws:s3:::app/*", False),
                ("Resource", "*", True),
                ("Action", "s3:ListAllMyBuckets", False),
                ("Action", "s3:*", True),
            )
        ),
        pytest.param("", True, id="none"),
        pytest.param("not JSON", True, id="not JSON"),
        pytest.param("[1]", True, id="not a policy"),
    ],
)
def test_what_a_wide_open_policy_is(document, is_open):
    assert allows_everything(document) is is_open


@pytest.mark.parametrize(
    ("states", "is_blocked"),
    [
        ({"BlockPublicAccessStates": {"InternetGatewayBlockMode": "block-ingress"}}, True),
        ({"BlockPublicAccessStates": {"InternetGatewayBlockMode": "block-bidirectional"}}, True),
        ({"BlockPublicAccessStates": {"InternetGatewayBlockMode": "off"}}, False),
        ({"BlockPublicAccessStates": {}}, False),
        ({}, False),
    ],
)
def test_whether_public_access_to_a_subnet_is_blocked(states, is_blocked):
    about = {"SubnetId": SUBNET_A, "VpcId": good.VPC, "OwnerId": ACCOUNT_ID, **states}
    account = fake_account().but(ec2__describe_subnets={"Subnets": [about]})
    region = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
    found = evaluation(account, []).aws.evidence(Subnets, region).evidence
    assert found.by_id[SUBNET_A].is_blocked is is_blocked
