"""An account whose network is in order: private subnets, narrow groups, flow logs, endpoints."""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import quote

from tests.account_variants import Variant
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, error

VPC = "vpc-0a1b2c3d4e5f60718"
SUBNET_A = "subnet-0aaaaaaaaaaaaaaaa"
SUBNET_B = "subnet-0bbbbbbbbbbbbbbbb"
PRIVATE_TABLE = "rtb-0aaaaaaaaaaaaaaaa"
MAIN_TABLE = "rtb-0bbbbbbbbbbbbbbbb"
GROUP = "sg-0a1b2c3d4e5f60718"
DEFAULT_GROUP = "sg-0dddddddddddddddd"
LIST = "pl-0a1b2c3d4e5f60718"
FUNCTION = "agent"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT_ID}:role/team/agent"
POLICY_ARN = f"arn:aws:iam::{ACCOUNT_ID}:policy/agent"
CLUSTER_ARN = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:cluster/agents"
SERVICE_ARN = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/agents/api"


def security_group(id: str = GROUP, **changes: object) -> dict[str, object]:
    """A security group that takes HTTPS from a prefix list of the account's own."""
    https = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "IpRanges": [{"CidrIp": "10.0.0.0/16"}],
        "PrefixListIds": [{"PrefixListId": LIST}],
        "UserIdGroupPairs": [{"GroupId": id, "UserId": ACCOUNT_ID}],
    }
    group: dict[str, object] = {
        "GroupId": id,
        "GroupName": "agent",
        "Description": "agents",
        "VpcId": VPC,
        "OwnerId": ACCOUNT_ID,
        "IpPermissions": [https],
        "IpPermissionsEgress": [https],
        "Tags": [{"Key": "Application", "Value": "MAIF"}],
    }
    return group | changes


def interface(id: str = "eni-0a1b2c3d4e5f60718", **changes: object) -> dict[str, object]:
    """A network interface of the function."""
    about: dict[str, object] = {
        "NetworkInterfaceId": id,
        "InterfaceType": "lambda",
        "VpcId": VPC,
        "SubnetId": SUBNET_A,
        "Groups": [{"GroupId": GROUP, "GroupName": "agent"}],
    }
    return about | changes


def route_table(id: str, *, main: bool = False, subnets: Iterable[str] = ()) -> dict[str, object]:
    """A table that leads out through a NAT gateway, and nowhere else."""
    named = [{"RouteTableAssociationId": f"rtbassoc-{s}", "SubnetId": s} for s in subnets]
    return {
        "RouteTableId": id,
        "VpcId": VPC,
        "Associations": [{"Main": True}] if main else named,
        "Routes": [
            {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"},
            {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "State": "active"},
        ],
    }


def profile(**changes: object) -> dict[str, object]:
    """The Route 53 Profile that another account shares with the VPC."""
    about: dict[str, object] = {
        "Id": "rpassoc-1",
        "OwnerId": "444455556666",
        "ProfileId": "rp-0a1b2c3d4e5f6071",
        "ResourceId": VPC,
        "Status": "COMPLETE",
    }
    return about | changes


def brought(what: str, service: str = "route53resolver", **changes: object) -> dict[str, object]:
    """What a profile brings to its VPCs."""
    about: dict[str, object] = {
        "ProfileId": "rp-0a1b2c3d4e5f6071",
        "ResourceArn": f"arn:aws:{service}:{HOME}:444455556666:{what}",
        "Status": "COMPLETE",
    }
    return about | changes


def endpoint(service: str, **changes: object) -> dict[str, object]:
    """An endpoint of the VPC that works."""
    is_gateway = service in {"s3", "dynamodb"}
    about: dict[str, object] = {
        "VpcEndpointId": f"vpce-{service}",
        "VpcEndpointType": "Gateway" if is_gateway else "Interface",
        "VpcId": VPC,
        "ServiceName": f"com.amazonaws.{HOME}.{service}",
        "State": "available",
        "PrivateDnsEnabled": not is_gateway,
        "RouteTableIds": [PRIVATE_TABLE, MAIN_TABLE] if is_gateway else [],
        "PolicyDocument": '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*",'
        '"Resource":"*"}]}',
    }
    return about | changes


def function(**changes: object) -> dict[str, object]:
    """Lambda's configuration of a function in private subnets."""
    about: dict[str, object] = {
        "FunctionName": FUNCTION,
        "FunctionArn": f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:{FUNCTION}",
        "VpcConfig": {
            "VpcId": VPC,
            "SubnetIds": [SUBNET_A, SUBNET_B],
            "SecurityGroupIds": [GROUP],
        },
        "Role": ROLE_ARN,
        "Environment": {"Variables": {"TABLE_NAME": "agents"}},
    }
    return about | changes


def policy(*actions: str) -> str:
    """A policy document as IAM returns it: JSON, URL-encoded."""
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    return quote(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def authorization(inline: str = "", managed: str = "") -> dict[str, object]:
    """GetAccountAuthorizationDetails of the function's role with a policy of its own and another.

    The documents are IAM's text, although botocore decodes those it gets over the wire.
    """
    role = {
        "RoleName": "agent",
        "Arn": ROLE_ARN,
        "Path": "/team/",
        "RolePolicyList": [
            {"PolicyName": "own", "PolicyDocument": inline or policy("s3:GetObject")}
        ],
        "AttachedManagedPolicies": [{"PolicyName": "agent", "PolicyArn": POLICY_ARN}],
    }
    version = {
        "VersionId": "v2",
        "IsDefaultVersion": True,
        "Document": managed or policy("KMS:Decrypt"),
    }
    old = {
        "VersionId": "v1",
        "IsDefaultVersion": False,
        "Document": policy("secretsmanager:GetSecretValue"),
    }
    shared = {"PolicyName": "agent", "Arn": POLICY_ARN, "PolicyVersionList": [old, version]}
    return {"RoleDetailList": [role], "Policies": [shared]}


def service(**network: object) -> dict[str, object]:
    """ECS's description of a Fargate service in private subnets."""
    awsvpc: dict[str, object] = {
        "subnets": [SUBNET_A, SUBNET_B],
        "securityGroups": [GROUP],
        "assignPublicIp": "DISABLED",
    }
    return {
        "serviceArn": SERVICE_ARN,
        "serviceName": "api",
        "clusterArn": CLUSTER_ARN,
        "status": "ACTIVE",
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": awsvpc | network},
    }


def _groups(**params: object) -> object:
    groups = [
        security_group(),
        security_group(
            DEFAULT_GROUP, GroupName="default", IpPermissions=[], IpPermissionsEgress=[], Tags=[]
        ),
    ]
    wanted = params.get("GroupIds")
    if not wanted:
        return {"SecurityGroups": groups}
    found = [group for group in groups if group["GroupId"] in wanted]  # type: ignore[operator]
    return {"SecurityGroups": found} if found else error("InvalidGroup.NotFound")


def _attribute(VpcId: str, Attribute: str) -> object:  # noqa: N803
    return {"VpcId": VpcId, Attribute[0].upper() + Attribute[1:]: {"Value": True}}


SERVICES = ("dynamodb", "ecr.api", "ecr.dkr", "kms", "logs", "s3", "secretsmanager")


def fake_account() -> FakeAccount:
    """Every rule of the heading finds something to call COMPLIANT."""
    return FakeAccount(
        {
            ("ec2", "describe_security_groups"): _groups,
            ("ec2", "describe_network_interfaces"): {"NetworkInterfaces": [interface()]},
            ("ec2", "describe_managed_prefix_lists"): {
                "PrefixLists": [{"PrefixListId": LIST, "OwnerId": ACCOUNT_ID}]
            },
            ("ec2", "get_managed_prefix_list_entries"): {"Entries": [{"Cidr": "192.0.2.0/24"}]},
            ("ec2", "describe_vpcs"): {"Vpcs": [{"VpcId": VPC, "OwnerId": ACCOUNT_ID}]},
            ("ec2", "describe_subnets"): {
                "Subnets": [
                    {"SubnetId": id, "VpcId": VPC, "OwnerId": ACCOUNT_ID}
                    for id in (SUBNET_A, SUBNET_B)
                ]
            },
            ("ec2", "describe_route_tables"): {
                "RouteTables": [
                    route_table(PRIVATE_TABLE, subnets=[SUBNET_A]),
                    route_table(MAIN_TABLE, main=True),
                ]
            },
            ("ec2", "describe_flow_logs"): {
                "FlowLogs": [
                    {
                        "FlowLogId": "fl-0a1b2c3d4e5f60718",
                        "ResourceId": VPC,
                        "TrafficType": "ALL",
                        "FlowLogStatus": "ACTIVE",
                        "DeliverLogsStatus": "SUCCESS",
                        "MaxAggregationInterval": 60,
                    }
                ]
            },
            ("ec2", "describe_vpc_endpoints"): {"VpcEndpoints": [endpoint(s) for s in SERVICES]},
            ("ec2", "describe_vpc_attribute"): _attribute,
            ("route53", "list_hosted_zones_by_vpc"): {
                "HostedZoneSummaries": [
                    {
                        "HostedZoneId": "Z0123456789ABCDEFGHIJ",
                        "Name": f"sts.{HOME}.amazonaws.com.",
                        "Owner": {"OwningAccount": "444455556666"},
                    }
                ],
                "MaxItems": "100",
            },
            ("route53profiles", "list_profile_associations"): {"ProfileAssociations": [profile()]},
            ("route53profiles", "list_profile_resource_associations"): {
                "ProfileResourceAssociations": [brought("firewall-rule-group/rslvr-frg-1")]
            },
            ("lambda", "list_functions"): {"Functions": [function()]},
            ("lambda", "get_function_configuration"): function(),
            ("lambda", "list_aliases"): {"Aliases": [{"Name": "live", "FunctionVersion": "7"}]},
            ("lambda", "list_event_source_mappings"): {"EventSourceMappings": []},
            ("iam", "get_account_authorization_details"): authorization(),
            ("ecs", "list_clusters"): {"clusterArns": [CLUSTER_ARN]},
            ("ecs", "list_services"): {"serviceArns": [SERVICE_ARN]},
            ("ecs", "describe_services"): {"services": [service()]},
        }
    )


def on_managed_instances() -> FakeAccount:
    """The function runs on instances of a capacity provider."""
    provider = f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:capacity-provider:agents"
    instances = {"CapacityProviderArn": provider}
    about = function(
        CapacityProviderConfig={"LambdaManagedInstancesCapacityProviderConfig": instances}
    )
    del about["VpcConfig"]
    return fake_account().but(
        lambda__list_functions={"Functions": [about]},
        lambda__get_function_configuration=about,
        lambda__get_capacity_provider={
            "CapacityProvider": {
                "CapacityProviderArn": provider,
                "State": "Active",
                "VpcConfig": {"SubnetIds": [SUBNET_A, SUBNET_B], "SecurityGroupIds": [GROUP]},
                "PermissionsConfig": {"CapacityProviderOperatorRoleArn": ROLE_ARN},
            }
        },
    )


def without_a_name_of_sts() -> FakeAccount:
    """No endpoint and no zone leads to STS, and the profile brings no names."""
    return fake_account().but(
        route53__list_hosted_zones_by_vpc={"HostedZoneSummaries": [], "MaxItems": "100"}
    )


def across_a_transit_gateway(*stale: str) -> FakeAccount:
    """A rule names a group of another account; EC2 calls the rules for ``stale`` stale."""
    pair = {"GroupId": "sg-0e1d2c3b4a5f60718", "UserId": "444455556666"}
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    about = security_group(IpPermissions=[{**rule, "UserIdGroupPairs": [pair]}])
    lost = [
        {"GroupId": id, "StaleIpPermissions": [{**rule, "UserIdGroupPairs": [pair]}]}
        for id in stale
    ]
    return fake_account().but(
        ec2__describe_security_groups={"SecurityGroups": [about]},
        ec2__describe_stale_security_groups={"StaleSecurityGroupSet": lost},
    )


def others() -> dict[str, Variant]:
    return {
        "on managed instances": Variant(
            on_managed_instances, ("lambda-private-subnets", "private-service-endpoints")
        ),
        "without a name of STS": Variant(without_a_name_of_sts, ("private-service-endpoints",)),
        "across a transit gateway": Variant(across_a_transit_gateway, ("minimal-security-group",)),
    }
