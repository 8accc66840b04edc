"""What evidence of availability makes of AWS's answers where they are not plain."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from functions.high_availability import app
from readiness import Status
from readiness.evidence.ecs.placement import ServicePlacement
from readiness.evidence.elbv2.target_groups import HealthCheck
from readiness.evidence.rds.instances import InstanceAvailability
from tests.accounts import ecs_deployment
from tests.accounts.high_availability import (
    GROUP,
    TARGETS,
    VPC,
    fake_account,
    function,
    in_lattice,
    instance,
    member,
    service,
    subnet,
    target,
    target_group,
    with_instances,
    zone,
)
from tests.accounts.high_availability import group as auto_scaling_group
from tests.fake_account import HOME, NOON, FakeAccount, error, observe


def said(account: FakeAccount, rule: Any, id: str) -> tuple[Status, str]:
    finding = observe(account, rule, id).finding
    assert finding is not None
    return finding.status, finding.reason


def test_codedeploys_service_has_its_network_in_the_primary_task_set():
    sets = [
        {"status": "ACTIVE", "launchType": "EC2"},
        {
            "status": "PRIMARY",
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        },
    ]
    answer = ecs_deployment.service(launchType=None, taskSets=sets)
    found = ServicePlacement.of(answer)
    assert (found.launch_type, found.subnet_ids) == ("FARGATE", ("subnet-1",))


def test_a_provider_without_weight_and_base_carries_no_task():
    strategy = [
        {"capacityProvider": "hosts", "weight": 0, "base": 0},
        {"capacityProvider": "FARGATE", "weight": 1},
    ]
    found = ServicePlacement.of(ecs_deployment.service(capacityProviderStrategy=strategy))
    assert found.providers == ("FARGATE",)


def test_a_group_that_is_not_checked_says_so():
    assert not HealthCheck.of(target_group(HealthCheckEnabled=False)).enabled
    assert HealthCheck.of(target_group(HealthCheckEnabled=None)).enabled


LATTICE = {
    "roleArn": "arn:aws:iam::111122223333:role/ecs",
    "targetGroupArn": "arn:aws:vpc-lattice:us-east-1:111122223333:targetgroup/tg-0123456789abcdef0",
    "portName": "web",
}
UNCHECKED = {"name": "web", "image": "web:1", "essential": True}


@pytest.mark.parametrize(
    ("groups", "status", "words"),
    [
        pytest.param(
            [target_group()], Status.COMPLIANT, "A load balancer checks", id="a balancer"
        ),
        pytest.param(
            [target_group(LoadBalancerArns=[])],
            Status.NON_COMPLIANT,
            "none uses its targetgroup/",
            id="its listener is gone",
        ),
        pytest.param([], Status.NON_COMPLIANT, "none uses its", id="the group is gone"),
    ],
)
def test_what_checks_a_service_from_outside(groups, status, words):
    account = fake_account().but(
        elbv2__describe_target_groups={"TargetGroups": groups},
        ecs__describe_services={"services": [service()]},
        ecs__describe_task_definition=ecs_deployment.definition(UNCHECKED),
    )
    seen, reason = said(account, app.service_health_checks, service()["serviceArn"])
    assert seen is status, reason
    assert words in reason


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        pytest.param({"config": {"healthCheck": {"enabled": True}}}, Status.COMPLIANT, id="on"),
        pytest.param(
            {"config": {"healthCheck": {"enabled": False}}}, Status.NON_COMPLIANT, id="off"
        ),
        pytest.param({"config": {}}, Status.NON_COMPLIANT, id="none"),
        pytest.param(error("ResourceNotFoundException"), Status.NON_COMPLIANT, id="deleted"),
        pytest.param(error("AccessDeniedException"), Status.INSUFFICIENT_DATA, id="denied"),
    ],
)
def test_what_vpc_lattice_checks(answer, status):
    account = in_lattice().but(
        ecs__describe_task_definition=ecs_deployment.definition(UNCHECKED),
        **{"vpc-lattice__get_target_group": answer},
    )
    found = said(account, app.service_health_checks, service()["serviceArn"])
    assert found[0] is status, found
    found = said(account, app.auto_scaling_group_health_checks, GROUP)
    assert found[0] is status, found


def test_a_group_of_vpc_lattice_that_is_gone_is_not_called_switched_off():
    account = in_lattice().but(
        **{"vpc-lattice__get_target_group": error("ResourceNotFoundException")}
    )
    reason = said(account, app.auto_scaling_group_health_checks, GROUP)[-1]
    assert "does not exist" in reason
    assert "switched off" not in reason


def test_the_newest_deployment_decides_who_is_in_vpc_lattice():
    old = {"status": "ACTIVE", "vpcLatticeConfigurations": [LATTICE]}
    placed = ServicePlacement.of(service(deployments=[{"status": "PRIMARY"}, old]))
    assert (placed.is_behind, placed.lattice_groups) == (True, ())


def test_instances_in_one_zone():
    placed = {"Placement": {"AvailabilityZone": f"{HOME}a"}}
    instances = [{"InstanceId": f"i-0123456789abcdef{n}", **placed} for n in (0, 1)]
    account = with_instances().but(
        ec2__describe_instances={"Reservations": [{"Instances": instances}]}
    )
    status, reason = said(account, app.target_group_zones, TARGETS)
    assert status is Status.NON_COMPLIANT
    assert "use1-az1" in reason


def test_an_instance_that_is_gone_has_no_zone():
    account = with_instances().but(ec2__describe_instances={"Reservations": []})
    assert said(account, app.target_group_zones, TARGETS)[0] is Status.INSUFFICIENT_DATA


@pytest.mark.parametrize("id", ["ledger-1", "ledger-2"])
def test_members_of_a_cluster_are_judged_with_it(id):
    account = fake_account().but(
        rds__describe_db_instances={"DBInstances": [member(id, "a")]},
    )
    assert said(account, app.database_zones, id)[0] is Status.NOT_APPLICABLE


def test_a_function_whose_second_subnet_is_in_a_local_zone():
    away = subnet("subnet-0123456l", "a", AvailabilityZoneId="use1-lax1-az1")
    local = zone("a", ZoneName=f"{HOME}-lax-1a", ZoneId="use1-lax1-az1", ZoneType="local-zone")
    here = subnet("subnet-0123456a", "a")
    config = function(
        VpcConfig={"VpcId": "vpc-1", "SubnetIds": [here["SubnetId"], away["SubnetId"]]}
    )
    account = fake_account().but(
        ec2__describe_availability_zones={"AvailabilityZones": [zone("a"), zone("b"), local]},
        ec2__describe_subnets={"Subnets": [here, away]},
        lambda__get_function_configuration=config,
    )
    status, reason = said(account, app.function_zones, "agent")
    assert status is Status.NON_COMPLIANT
    assert "does not count" in reason


def test_targets_in_a_zone_that_is_not_listed_are_not_judged():
    health = {"TargetHealthDescriptions": [target("10.0.0.7", "a"), target("10.0.9.7", "z")]}
    account = fake_account().but(elbv2__describe_target_health=health)
    assert said(account, app.target_group_zones, TARGETS)[0] is Status.INSUFFICIENT_DATA


@pytest.mark.parametrize(
    ("minutes", "status"),
    [(10, Status.INSUFFICIENT_DATA), (121, Status.NON_COMPLIANT), (None, Status.NON_COMPLIANT)],
)
def test_what_a_deployment_suspends_is_resumed(minutes, status):
    said_at = "" if minutes is None else f" at {NOON - timedelta(minutes=minutes):%FT%TZ}"
    process = {"ProcessName": "ReplaceUnhealthy", "SuspensionReason": f"User suspended{said_at}"}
    account = fake_account().but(
        autoscaling__describe_auto_scaling_groups={
            "AutoScalingGroups": [auto_scaling_group(SuspendedProcesses=[process])]
        }
    )
    assert said(account, app.auto_scaling_group_health_checks, GROUP)[0] is status


def test_the_groups_of_batch_are_its_own():
    tag = {"Key": "AWSBatchServiceTag", "Value": "batch", "ResourceId": GROUP}
    account = fake_account().but(
        autoscaling__describe_auto_scaling_groups={
            "AutoScalingGroups": [auto_scaling_group(Tags=[tag], MinSize=0, DesiredCapacity=1)]
        }
    )
    for rule in (app.auto_scaling_group_health_checks, app.auto_scaling_group_zones):
        assert said(account, rule, GROUP)[0] is Status.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("mode", "addresses", "status", "words"),
    [
        pytest.param("enabled", "a", Status.COMPLIANT, "nat-r", id="it follows the workloads"),
        pytest.param("disabled", "abc", Status.COMPLIANT, "nat-r", id="every zone is named"),
        pytest.param("disabled", "ab", Status.NON_COMPLIANT, "through nat-r in", id="all but one"),
    ],
)
def test_a_regional_nat_gateway_serves_the_zones_that_are_named(mode, addresses, status, words):
    gateway = {
        "NatGatewayId": "nat-r",
        "VpcId": VPC,
        "State": "available",
        "AvailabilityMode": "regional",
        "AutoProvisionZones": mode,
        "NatGatewayAddresses": [
            {"AvailabilityZone": f"{HOME}{letter}", "Status": "succeeded"} for letter in addresses
        ]
        + [{"AvailabilityZone": f"{HOME}c", "Status": "disassociating"}],
    }
    route = {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-r", "State": "active"}
    table = {
        "RouteTableId": "rtb-1",
        "VpcId": VPC,
        "Associations": [{"Main": True}],
        "Routes": [route],
    }
    account = fake_account().but(
        ec2__describe_nat_gateways={"NatGateways": [gateway]},
        ec2__describe_route_tables={"RouteTables": [table]},
    )
    found = said(account, app.nat_gateway_zones, VPC)
    assert found[0] is status
    assert words in found[1]


def beside(name: str, letter: str = "b", **changes: Any) -> dict[str, Any]:
    """A group of one zone with one instance; behind nothing."""
    about = {
        "AutoScalingGroupName": name,
        "MinSize": 1,
        "DesiredCapacity": 1,
        "AvailabilityZones": [f"{HOME}{letter}"],
        "TargetGroupARNs": [],
        "Instances": [instance(f"i-{letter}", letter)],
    }
    return auto_scaling_group(**(about | changes))


GOING = {"Status": "Delete in progress"}
SHARED = {"TargetGroupARNs": [TARGETS]}
EAST, WEST = ({"Tags": [{"Key": f"kubernetes.io/cluster/{c}", "Value": "owned"}]} for c in "ew")
DISK, PLAIN = (
    {"Tags": [{"Key": "eks:nodegroup-name", "Value": f"{name}-{HOME}b"}]} for name in ("x", "y")
)


@pytest.mark.parametrize(
    ("one", "others", "counted"),
    [
        pytest.param(beside("x", "a", **SHARED), [beside("y", **SHARED)], "y", id="one balancer"),
        pytest.param(
            beside("x", "a", **SHARED),
            [beside("y", **SHARED, MinSize=3, DesiredCapacity=3), beside("z", "c")],
            "y",
            id="what is behind no balancer does not count",
        ),
        pytest.param(beside("x", "a", **SHARED), [beside("y", **SHARED, **GOING)], "", id="going"),
        pytest.param(
            beside("x", "a", **SHARED),
            [beside("y", **SHARED, MinSize=0, DesiredCapacity=0)],
            "",
            id="empty, as the idle half of blue and green",
        ),
        pytest.param(beside("kafka-a", "a"), [beside("kafka-b")], "kafka-b", id="named for zones"),
        pytest.param(
            beside(f"n-{HOME}a.k8s.example.org", "a"),
            [beside(f"n-{HOME}b.k8s.example.org")],
            f"n-{HOME}b.k8s.example.org",
            id="kops",
        ),
        pytest.param(
            beside("n-1a-20260101120000000100000001", "a"),
            [beside("n-1b-20260101120000000200000003")],
            "n-1b-20260101120000000200000003",
            id="Terraform",
        ),
        pytest.param(beside("kafka-a", "a"), [beside("db-b")], "", id="another name"),
        pytest.param(beside("kafka-a", "a"), [beside("kafka-a2", "a")], "", id="the same zone"),
        pytest.param(beside("kafka-b", "a"), [beside("kafka-a")], "", id="the zone of another"),
        pytest.param(
            beside("n-a", "a", **EAST), [beside("n-b", **EAST)], "n-b", id="nodes of a cluster"
        ),
        pytest.param(beside("n-a", "a", **EAST), [beside("n-b", **WEST)], "", id="of another"),
        pytest.param(
            beside("eks-1", "a", Tags=[{"Key": "eks:nodegroup-name", "Value": f"x-{HOME}a"}]),
            [beside("eks-2", **DISK), beside("eks-3", **PLAIN)],
            "eks-2",
            id="managed node groups",
        ),
    ],
)
def test_groups_that_do_the_same_count_together(one, others, counted):
    def groups(**asked: Any) -> dict[str, Any]:
        names = asked.get("AutoScalingGroupNames")
        every = [one, *others]
        return {
            "AutoScalingGroups": [
                each for each in every if not names or each["AutoScalingGroupName"] in names
            ]
        }

    account = fake_account().but(autoscaling__describe_auto_scaling_groups=groups)
    status, reason = said(account, app.auto_scaling_group_zones, one["AutoScalingGroupName"])
    if counted:
        assert status is Status.COMPLIANT, reason
        assert f"and {counted}, which do the same together, may use" in reason
    else:
        assert status is Status.NON_COMPLIANT
        assert "start instances in 1 Availability Zone" in reason


@pytest.mark.parametrize(
    ("more", "in_place", "behind"),
    [
        ({"loadBalancers": []}, True, False),
        ({"deploymentController": {"type": "CODE_DEPLOY"}, "loadBalancers": []}, False, False),
        (
            {"deploymentConfiguration": {"strategy": "BLUE_GREEN"}, "loadBalancers": []},
            False,
            False,
        ),
        ({"deploymentConfiguration": {"strategy": "ROLLING"}, "loadBalancers": []}, True, False),
        ({"loadBalancers": [{"targetGroupArn": "tg"}]}, True, True),
        (
            {
                "loadBalancers": [],
                "deployments": [{"vpcLatticeConfigurations": [LATTICE]}],
            },
            True,
            True,
        ),
    ],
)
def test_how_a_service_is_deployed_and_reached(more, in_place, behind):
    found = ServicePlacement.of(ecs_deployment.service(**more))
    assert (found.replaces_in_place, found.is_behind) == (in_place, behind)


def test_a_database_on_an_outpost():
    there = {"Subnets": [{"SubnetOutpost": {"Arn": "arn:aws:outposts:us-east-1:1:outpost/op-1"}}]}
    assert InstanceAvailability.of(
        {"DBInstanceIdentifier": "a", "DBSubnetGroup": there}
    ).on_outpost
    plain = {"Subnets": [{"SubnetIdentifier": "subnet-1", "SubnetOutpost": {}}]}
    at_home = InstanceAvailability.of({"DBInstanceIdentifier": "a", "DBSubnetGroup": plain})
    assert not at_home.on_outpost
