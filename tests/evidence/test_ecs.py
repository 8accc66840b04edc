"""What the ECS loaders make of ECS's answers."""

from __future__ import annotations

import pytest

from readiness.evidence.ecs.services import SERVICE, Service, Services, cluster_of
from readiness.evidence.ecs.task_definitions import TASK_DEFINITION, TaskDefinition
from readiness.evidence.ecs.tasks import ServiceTasks
from readiness.model.evidence import REGION
from readiness.model.unreadable import Gone, Unreadable
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, error, evaluation

CLUSTER = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:cluster/main"
REVISION = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:task-definition/agent:7"


def service_arn(n: int) -> str:
    return f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/main/agent-{n}"


def service(arn: str, **changes: object) -> dict[str, object]:
    network = {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "ENABLED"}
    return {
        "serviceArn": arn,
        "serviceName": arn.rsplit("/", 1)[1],
        "clusterArn": CLUSTER,
        "status": "ACTIVE",
        "taskDefinition": REVISION,
        "desiredCount": 2,
        "runningCount": 1,
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": network},
        "tags": [{"key": "Environment", "value": "prod"}],
    } | changes


def an_account(count: int = 1, **changes: object) -> FakeAccount:
    arns = [service_arn(n) for n in range(count)]
    return FakeAccount(
        {
            ("ecs", "list_clusters"): {"clusterArns": [CLUSTER]},
            ("ecs", "list_services"): {"serviceArns": arns},
            ("ecs", "describe_services"): lambda services, **_: {
                "services": [service(arn, **changes) for arn in services],
                "failures": [],
            },
            ("ecs", "describe_task_definition"): {
                "taskDefinition": {
                    "taskDefinitionArn": REVISION,
                    "family": "agent",
                    "taskRoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/agent",
                    "cpu": "512",
                    "memory": "1024",
                    "containerDefinitions": [
                        {
                            "name": "app",
                            "image": "agent:1",
                            "environment": [{"name": "STAGE", "value": "prod"}],
                            "secrets": [{"name": "KEY", "valueFrom": "arn:aws:secret"}],
                            "environmentFiles": [{"value": "arn:aws:s3:::b/env", "type": "s3"}],
                            "logConfiguration": {"logDriver": "awslogs", "options": {"a": "b"}},
                            "portMappings": [{"containerPort": 8080}, {}],
                        }
                    ],
                }
            },
        }
    )


def test_services_are_described_ten_at_a_time():
    fake_account = an_account(23)
    aws = evaluation(fake_account, [], bulk=True).aws
    region = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
    assert len(aws.evidence(Services, region).evidence.all) == 23
    assert fake_account.calls.count(("ecs", "describe_services")) == 3


def test_a_service_and_its_network():
    aws = evaluation(an_account(), []).aws
    seen = aws.evidence(Service, SERVICE.resource(ACCOUNT_ID, HOME, service_arn(0))).evidence
    assert (seen.subnet_ids, seen.assign_public_ip, seen.launch_type) == (
        ("subnet-1",),
        True,
        "FARGATE",
    )
    assert seen.tags == {"Environment": "prod"}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"services": [], "failures": [{"reason": "MISSING"}]}, id="missing"),
        pytest.param(error("ClusterNotFoundException"), id="its cluster is gone"),
        pytest.param(
            {"services": [service(service_arn(0), status="INACTIVE")], "failures": []},
            id="inactive",
        ),
    ],
)
def test_a_deleted_service_is_gone(answer):
    aws = evaluation(an_account().but(ecs__describe_services=answer), []).aws
    with pytest.raises(Gone):
        aws.evidence(Service, SERVICE.resource(ACCOUNT_ID, HOME, service_arn(0)))


def test_only_task_definitions_that_a_service_runs_are_found():
    assert evaluation(an_account(3), []).aws.find(TASK_DEFINITION) == [REVISION]


def test_a_task_definition_and_its_containers():
    aws = evaluation(an_account(), []).aws
    seen = aws.evidence(
        TaskDefinition, TASK_DEFINITION.resource(ACCOUNT_ID, HOME, REVISION)
    ).evidence
    [container] = seen.containers
    assert (seen.cpu, seen.memory) == (512, 1024)
    assert container.environment == {"STAGE": "prod"}
    assert container.secrets == {"KEY": "arn:aws:secret"}
    assert container.environment_files == ("arn:aws:s3:::b/env",)
    assert container.log_driver == "awslogs"


def test_the_cluster_in_new_and_old_service_arns():
    assert cluster_of(service_arn(1)) == "main"
    assert cluster_of(f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/agent") == "default"


def test_tasks_of_a_service_are_read_alone_and_by_cluster():
    arns = [f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:task/main/{n:032x}" for n in range(130)]
    asked = []

    def listed(desiredStatus: str, **params: object) -> dict[str, object]:  # noqa: N803
        asked.append((desiredStatus, params.get("serviceName")))
        return {"taskArns": arns[:120] if desiredStatus == "RUNNING" else arns[120:]}

    def described(tasks: list[str], **_: object) -> dict[str, object]:
        gone = {"failures": [{"arn": arns[0], "reason": "MISSING"}]}
        found = [
            {
                "taskArn": arn,
                "group": "service:agent-0",
                "desiredStatus": "RUNNING" if arn in arns[:120] else "STOPPED",
                "lastStatus": "RUNNING",
            }
            for arn in tasks
            if arn != arns[0]
        ]
        return {"tasks": found, **gone}

    for bulk in (False, True):
        asked.clear()
        fake_account = an_account(1)
        fake_account.answers["ecs", "list_tasks"] = listed
        fake_account.answers["ecs", "describe_tasks"] = described
        aws = evaluation(fake_account, [], bulk=bulk).aws
        resource = SERVICE.resource(ACCOUNT_ID, HOME, service_arn(0))
        tasks = aws.evidence(ServiceTasks, resource).evidence
        assert (len(tasks.running), len(tasks.stopped)) == (119, 10)
        assert tasks.task_definition == TASK_DEFINITION.resource(ACCOUNT_ID, HOME, REVISION)
        assert fake_account.calls.count(("ecs", "describe_tasks")) == 2
        name = None if bulk else "agent-0"
        assert asked == [("RUNNING", name), ("STOPPED", name)]


def test_a_failure_that_is_not_absence_is_no_answer():
    answer = {"services": [], "failures": [{"arn": service_arn(0), "reason": "UNAUTHORIZED"}]}
    aws = evaluation(an_account().but(ecs__describe_services=answer), []).aws
    with pytest.raises(Unreadable, match=r"ecs:DescribeServices .*UNAUTHORIZED"):
        aws.evidence(Service, SERVICE.resource(ACCOUNT_ID, HOME, service_arn(0)))


@pytest.mark.parametrize(
    ("answer", "groups"),
    [
        pytest.param({}, (), id="none"),
        pytest.param(
            {"loadBalancers": [{"loadBalancerName": "old"}]}, (), id="a classic balancer"
        ),
        pytest.param(
            {
                "loadBalancers": [
                    {
                        "targetGroupArn": "blue",
                        "advancedConfiguration": {"alternateTargetGroupArn": "green"},
                    }
                ]
            },
            ("blue", "green"),
            id="blue and green by ECS",
        ),
        pytest.param(
            {
                "loadBalancers": [{"targetGroupArn": "blue"}],
                "taskSets": [
                    {"loadBalancers": [{"targetGroupArn": "green"}]},
                    {"loadBalancers": [{"targetGroupArn": "blue"}]},
                ],
            },
            ("blue", "green"),
            id="blue and green by CodeDeploy",
        ),
    ],
)
def test_every_target_group_that_may_get_traffic(answer, groups):
    assert Service.of({"serviceArn": "arn", **answer}).target_group_arns == groups


def test_what_a_task_definition_says_beside_variables():
    about = {
        "taskDefinitionArn": REVISION,
        "containerDefinitions": [
            {
                "name": "agent",
                "command": ["run", "--fast"],
                "entryPoint": ["sh"],
                "dockerLabels": {"team": "orders"},
                "healthCheck": {"command": ["CMD", "true"]},
                "logConfiguration": {
                    "logDriver": "splunk",
                    "options": {"splunk-url": "https://x"},
                    "secretOptions": [{"name": "splunk-token", "valueFrom": "arn:x"}],
                },
            }
        ],
        "volumes": [
            {
                "name": "data",
                "dockerVolumeConfiguration": {
                    "driverOpts": {"type": "nfs"},
                    "labels": {"tier": "1"},
                },
            },
            {"name": "scratch"},
        ],
        "proxyConfiguration": {
            "containerName": "envoy",
            "properties": [{"name": "ProxyIngressPort", "value": "15000"}],
        },
    }
    answer = {"taskDefinition": about}
    account = FakeAccount({("ecs", "describe_task_definition"): answer})
    resource = TASK_DEFINITION.resource(ACCOUNT_ID, HOME, REVISION)
    seen = evaluation(account, []).aws.evidence(TaskDefinition, resource).evidence
    [container] = seen.containers
    assert container.commands == {
        "entryPoint": ("sh",),
        "command": ("run", "--fast"),
        "healthCheck": ("CMD", "true"),
    }
    assert container.options == {
        "dockerLabels/team": "orders",
        "logConfiguration/splunk-url": "https://x",
    }
    assert container.log_secrets == {"splunk-token": "arn:x"}
    assert seen.options == {
        "volumes/data/driverOpts/type": "nfs",
        "volumes/data/labels/tier": "1",
        "proxyConfiguration/ProxyIngressPort": "15000",
    }


def test_a_batch_describes_its_own_services_and_the_region_all_of_them():
    where = an_account(60)
    run = evaluation(where, [], bulk=True).aws
    batch = [service_arn(n) for n in range(5)]
    with run.batch(SERVICE, batch):
        for arn in batch:
            found = run.evidence(Service, SERVICE.resource(ACCOUNT_ID, HOME, arn)).evidence
            assert found.arn == arn
        assert where.calls == [("ecs", "describe_services")]
        region = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
        assert len(run.evidence(Services, region).evidence.all) == 60


def test_a_short_arn_is_described_in_the_cluster_that_lists_it():
    short = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/agent-0"
    clusters = []

    def describe(cluster: str, services: list[str], **_: object) -> dict[str, object]:
        clusters.append(cluster)
        return {"services": [service(arn) for arn in services], "failures": []}

    where = an_account().but(
        ecs__list_services={"serviceArns": [short]}, ecs__describe_services=describe
    )
    run = evaluation(where, [], bulk=True).aws
    with run.batch(SERVICE, [short]):
        run.evidence(Service, SERVICE.resource(ACCOUNT_ID, HOME, short))
    assert clusters == ["main"]


def test_a_cluster_deleted_since_the_listing_costs_no_other_its_services():
    other = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/gone/agent"

    def describe(cluster: str, services: list[str], **_: object) -> object:
        if cluster == "gone":
            return error("ClusterNotFoundException")
        return {"services": [service(arn) for arn in services], "failures": []}

    where = an_account().but(ecs__describe_services=describe)
    run = evaluation(where, [], bulk=True).aws
    with run.batch(SERVICE, [other, service_arn(0)]):
        run.evidence(Service, SERVICE.resource(ACCOUNT_ID, HOME, service_arn(0)))
        with pytest.raises(Gone):
            run.evidence(Service, SERVICE.resource(ACCOUNT_ID, HOME, other))


def _awsvpc(subnet: str, public: str = "DISABLED") -> dict[str, object]:
    network = {"subnets": [subnet], "securityGroups": [f"sg-{subnet}"], "assignPublicIp": public}
    return {"networkConfiguration": {"awsvpcConfiguration": network}}


@pytest.mark.parametrize(
    ("answer", "subnets", "public"),
    [
        pytest.param(_awsvpc("a"), ("a",), False, id="the service's own"),
        pytest.param(
            {**_awsvpc("a"), "taskSets": [{"status": "PRIMARY", **_awsvpc("b", "ENABLED")}]},
            ("b",),
            True,
            id="the AppSpec gave the task set another",
        ),
        pytest.param(
            {"taskSets": [{"status": "PRIMARY", **_awsvpc("a")}, {"status": "ACTIVE"}]},
            ("a",),
            False,
            id="an external controller",
        ),
        pytest.param(
            {**_awsvpc("a"), "taskSets": [{"status": "DRAINING", **_awsvpc("b", "ENABLED")}]},
            ("a",),
            False,
            id="a task set that is on its way out",
        ),
        pytest.param(
            {
                "taskSets": [
                    {"status": "PRIMARY", **_awsvpc("a")},
                    {"status": "ACTIVE", **_awsvpc("b", "ENABLED")},
                ]
            },
            ("a", "b"),
            True,
            id="blue and green",
        ),
        pytest.param({"taskSets": [{"status": "PRIMARY"}]}, (), False, id="bridge networking"),
    ],
)
def test_the_network_of_a_service_is_that_of_its_task_sets(answer, subnets, public):
    seen = Service.of({"serviceArn": "arn", **answer})
    assert (seen.subnet_ids, seen.assign_public_ip) == (subnets, public)
    assert seen.security_group_ids == tuple(f"sg-{each}" for each in subnets)
