"""ECS deployment: what AWS answers in, verdict out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from functions.ecs_deployment.app import task_definition_sound
from readiness import Severity, Status
from tests.accounts.ecs_deployment import (
    FAMILY,
    REVISION,
    SERVICE,
    container,
    definition,
    deployment,
    fake_account,
    service,
)
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON, FakeAccount, error, evaluation

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/api"


def ago(**span: float):
    return NOON - timedelta(**span)


def assert_judged(rule, where, status, severity, said, id=SERVICE, **settings):
    run = evaluation(where, [rule], given={rule.id: settings} if settings else {}, now=NOON)
    seen = run.observe(rule, rule.subject.resource(ACCOUNT_ID, HOME, id))
    assert not seen.crash, seen.crash
    assert not where.unanswered
    finding = seen.finding
    assert (finding.status, said in finding.reason) == (status, True), finding.reason
    if status is BAD:
        assert finding.severity is severity, finding.reason
        assert finding.expected


# -- task definition ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "severity", "said"),
    [
        pytest.param({}, None, "No problem found in api:7, used by api", id="sound"),
        pytest.param({"logConfiguration": None}, Severity.MEDIUM, "writes no logs", id="no logs"),
        pytest.param(
            {"logConfiguration": {"logDriver": "none"}},
            Severity.MEDIUM,
            "writes no logs",
            id="driver none",
        ),
        pytest.param(
            {"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g"}}},
            Severity.MEDIUM,
            "api lacks awslogs-region",
            id="no region",
        ),
        pytest.param(
            {"logConfiguration": {"logDriver": "awsfirelens"}},
            Severity.MEDIUM,
            "no container is a log router",
            id="no router",
        ),
        pytest.param({"image": "api"}, Severity.MEDIUM, "api has no tag", id="no tag"),
        pytest.param({"image": "api:latest"}, Severity.MEDIUM, "the tag latest", id="latest"),
        pytest.param({"image": "api:main"}, Severity.MEDIUM, "the tag main", id="a branch"),
        pytest.param({"image": "api:Prod"}, Severity.MEDIUM, "the tag Prod", id="a stage"),
        pytest.param({"image": "api:prod-1.4.2"}, None, "No problem", id="a stage's version"),
        pytest.param(
            {"image": "registry:5000/api"}, Severity.MEDIUM, "no tag", id="a port is no tag"
        ),
        pytest.param(
            {"image": "api@sha256:" + "0" * 64},
            None,
            "No problem found",
            id="digest without a tag",
        ),
        pytest.param(
            {"image": "api:latest@sha256:" + "0" * 64},
            None,
            "No problem found",
            id="latest by digest",
        ),
        pytest.param(
            {"essential": False}, Severity.MEDIUM, "is marked as essential", id="none essential"
        ),
    ],
)
def test_a_container(changes, severity, said):
    where = fake_account().but(ecs__describe_task_definition=definition(container(**changes)))
    status = BAD if severity else GOOD
    assert_judged(task_definition_sound, where, status, severity, said, REVISION)


@pytest.mark.parametrize(
    ("tag", "moves"),
    [
        ("latest-arm64", True),
        ("v1-latest", True),
        ("stable-alpine", True),
        ("prod.blue", True),
        ("Main_Debug", True),
        ("latest-2026", True),
        ("main-4f2c1a9", False),
        ("release-2026.1", False),
        ("stable-1.27", False),
        ("v1.2.3", False),
        ("4f2c1a9be0d3", False),
        ("mainline", True),
        ("lts-alpine", True),
        ("alpine3.18", True),
        ("main-arm64", True),
        ("prod-x86_64", True),
        ("stage-linux-arm-v7", True),
        ("prod-eu-west-1", True),
        ("prod-us-gov-west-1", True),
        ("prod2", True),
        ("prod-eu-west-1-17", False),
        ("1.2-arm64", False),
        ("3.12-slim", False),
        ("17-jre", False),
        ("deadbeef", False),
        ("20261102", False),
    ],
)
def test_a_tag_that_one_image_after_the_other_gets(tag, moves):
    image = f"public.ecr.aws/nginx/nginx:{tag}"
    where = fake_account().but(ecs__describe_task_definition=definition(container(image=image)))
    said = f"has the tag {tag}." if moves else "No problem found"
    status = BAD if moves else GOOD
    assert_judged(task_definition_sound, where, status, Severity.MEDIUM, said, REVISION)


MINE = f"{ACCOUNT_ID}.dkr.ecr.{HOME}.amazonaws.com/api"


def repository(kind, *filters):
    """DescribeRepositories of the repository of the image."""
    about = {"repositoryName": "api", "imageTagMutability": kind}
    if filters:
        excluded = [{"filterType": "WILDCARD", "filter": each} for each in filters]
        about["imageTagMutabilityExclusionFilters"] = excluded
    return {"repositories": [about]}


@pytest.mark.parametrize(
    ("image", "answer", "status", "said"),
    [
        pytest.param(f"{MINE}:falcon", repository("MUTABLE"), BAD, "the tag falcon", id="mutable"),
        pytest.param(
            f"{MINE}:falcon", repository("IMMUTABLE"), GOOD, "No problem", id="immutable"
        ),
        pytest.param(
            f"{MINE}:latest",
            repository("IMMUTABLE_WITH_EXCLUSION", "latest"),
            BAD,
            "the tag latest",
            id="all but this one",
        ),
        pytest.param(
            f"{MINE}:falcon",
            repository("IMMUTABLE_WITH_EXCLUSION", "latest"),
            GOOD,
            "No problem",
            id="all but another one",
        ),
        pytest.param(
            f"{MINE}:falcon",
            error("RepositoryNotFoundException"),
            BAD,
            "the tag falcon",
            id="a repository that is gone",
        ),
        pytest.param(
            f"{MINE}:falcon",
            FAULTS["denied"],
            UNKNOWN,
            "ecr:DescribeRepositories",
            id="a repository that is not read",
        ),
    ],
)
def test_a_tag_without_a_version_that_its_repository_keeps(image, answer, status, said):
    where = fake_account().but(
        ecs__describe_task_definition=definition(container(image=image)),
        ecr__describe_repositories=answer,
    )
    assert_judged(task_definition_sound, where, status, Severity.MEDIUM, said, REVISION)


def test_the_repository_of_another_account_is_not_asked():
    image = MINE.replace(ACCOUNT_ID, "444455556666") + ":falcon"
    where = fake_account().but(ecs__describe_task_definition=definition(container(image=image)))
    assert_judged(task_definition_sound, where, BAD, Severity.MEDIUM, "the tag falcon", REVISION)


def test_what_is_wrong_is_told_though_a_repository_is_not_read():
    image = container(image=f"{MINE}:falcon", logConfiguration=None)
    where = fake_account().but(
        ecs__describe_task_definition=definition(image),
        ecr__describe_repositories=FAULTS["denied"],
    )
    assert_judged(task_definition_sound, where, BAD, Severity.MEDIUM, "writes no logs", REVISION)


@pytest.mark.parametrize(
    ("changes", "about_service", "severity", "said"),
    [
        pytest.param(
            {"status": "INACTIVE"}, {}, Severity.HIGH, "INACTIVE but used by api", id="inactive"
        ),
        pytest.param({"memory": None}, {}, Severity.MEDIUM, "on Fargate", id="no memory"),
        pytest.param(
            {"memory": None, "cpu": None},
            {"launchType": "EC2"},
            Severity.MEDIUM,
            "shared container instance: api",
            id="no limit on EC2",
        ),
        pytest.param(
            {"taskRoleArn": ROLE, "executionRoleArn": ROLE},
            {},
            Severity.MEDIUM,
            "task role is the execution role",
            id="one role for both",
        ),
        pytest.param(
            {"executionRoleArn": None},
            {},
            Severity.MEDIUM,
            "to pull images from ECR and to write logs",
            id="no execution role",
        ),
        pytest.param(
            {"executionRoleArn": None},
            {"launchType": "EC2"},
            None,
            "No problem found",
            id="the instance's",
        ),
        *(
            pytest.param(
                {"executionRoleArn": None},
                {"launchType": kind},
                Severity.MEDIUM,
                "to pull images from ECR and to write logs",
                id=f"no instance's, {kind}",
            )
            for kind in ("EXTERNAL", "MANAGED_INSTANCES")
        ),
    ],
)
def test_a_revision(changes, about_service, severity, said):
    where = fake_account().but(
        ecs__describe_task_definition=definition(**changes),
        ecs__describe_services={"services": [service(**about_service)]},
    )
    status = BAD if severity else GOOD
    assert_judged(task_definition_sound, where, status, severity, said, REVISION)


def test_the_revision_that_a_rollout_replaces_may_be_deregistered():
    old = f"{FAMILY}:6"
    deployments = [
        deployment(rolloutState="IN_PROGRESS"),
        deployment(status="ACTIVE", taskDefinition=old),
    ]
    where = fake_account().but(
        ecs__describe_services={"services": [service(deployments=deployments)]},
        ecs__describe_task_definition=definition(taskDefinitionArn=old, status="INACTIVE"),
    )
    assert_judged(task_definition_sound, where, GOOD, None, "No problem found in api:6", old)


SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:x"


@pytest.mark.parametrize(
    ("about", "said"),
    [
        pytest.param(
            {"secrets": [{"name": "KEY", "valueFrom": SECRET}]}, "to read secrets", id="secrets"
        ),
        pytest.param(
            {
                "logConfiguration": {
                    "logDriver": "splunk",
                    "secretOptions": [{"name": "splunk-token", "valueFrom": SECRET}],
                }
            },
            "to read secrets",
            id="secrets of the log driver",
        ),
        pytest.param(
            {"repositoryCredentials": {"credentialsParameter": SECRET}},
            "login of a private registry",
            id="a private registry",
        ),
        pytest.param(
            {"environmentFiles": [{"value": "arn:aws:s3:::settings/api.env", "type": "s3"}]},
            "to read environment files",
            id="variables out of a bucket",
        ),
    ],
)
def test_secrets_need_an_execution_role_anywhere(about, said):
    where = fake_account().but(
        ecs__describe_task_definition=definition(container(**about), executionRoleArn=None),
        ecs__describe_services={"services": [service(launchType="EC2")]},
    )
    assert_judged(task_definition_sound, where, BAD, Severity.MEDIUM, said, REVISION)


def test_a_log_router_may_keep_its_own_lines():
    router = container(
        name="router", logConfiguration=None, firelensConfiguration={"type": "fluentbit"}
    )
    routed = container(logConfiguration={"logDriver": "awsfirelens"})
    where = fake_account().but(ecs__describe_task_definition=definition(routed, router))
    assert_judged(task_definition_sound, where, GOOD, None, "No problem found", REVISION)


@pytest.mark.parametrize(
    ("balanced", "status"),
    [pytest.param(True, GOOD, id="by the balancer"), pytest.param(False, BAD, id="by nobody")],
)
def test_who_checks_the_health(balanced, status):
    about = service() if balanced else service(loadBalancers=None)
    where = fake_account().but(
        ecs__describe_task_definition=definition(container(healthCheck=None)),
        ecs__describe_services={"services": [about]},
    )
    said = "No problem found" if balanced else "no load balancer checks api"
    assert_judged(task_definition_sound, where, status, Severity.MEDIUM, said, REVISION)


LATTICE = {
    "roleArn": ROLE,
    "targetGroupArn": "arn:aws:vpc-lattice:us-east-1:111122223333:targetgroup/tg-0a1b2c3d",
    "portName": "http",
}


@pytest.mark.parametrize(
    ("newest", "status"),
    [
        pytest.param({"vpcLatticeConfigurations": [LATTICE]}, GOOD, id="yes"),
        pytest.param({"vpcLatticeConfigurations": []}, BAD, id="no"),
    ],
)
def test_lattice_checks_the_health_too(newest, status):
    about = service(loadBalancers=None, deployments=[deployment(**newest)])
    where = fake_account().but(
        ecs__describe_task_definition=definition(container(healthCheck=None)),
        ecs__describe_services={"services": [about]},
    )
    said = "No problem found" if status is GOOD else "no load balancer checks api"
    assert_judged(task_definition_sound, where, status, Severity.MEDIUM, said, REVISION)


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        pytest.param(["NONE"], BAD, "has a health check that can fail", id="switched off"),
        pytest.param(["CMD-SHELL", "exit 0"], BAD, "that can fail", id="always healthy"),
        pytest.param(["CMD-SHELL", "curl -f http://x || exit 1"], GOOD, "No problem", id="asks"),
    ],
)
def test_a_health_check_has_to_be_able_to_fail(command, status, said):
    checked = container(healthCheck={"command": command})
    where = fake_account().but(
        ecs__describe_task_definition=definition(checked),
        ecs__describe_services={"services": [service(loadBalancers=None)]},
    )
    assert_judged(task_definition_sound, where, status, Severity.MEDIUM, said, REVISION)


def test_a_revision_that_was_never_deployed():
    newest = f"{FAMILY}:8"
    where = fake_account().but(ecs__describe_task_definition=definition(taskDefinitionArn=newest))
    assert_judged(task_definition_sound, where, NA, None, "No service", newest)


def test_the_revision_of_an_old_deployment_is_judged_too():
    old = f"{FAMILY}:6"
    deployments = [
        deployment(rolloutState="IN_PROGRESS"),
        deployment(status="ACTIVE", taskDefinition=old),
    ]
    where = fake_account().but(
        ecs__describe_services={"services": [service(deployments=deployments)]}
    )
    assert evaluation(where, []).aws.find(task_definition_sound.subject) == [old, REVISION]


# -- a service in the middle of a deployment ----------------------------------------------------

ROLLING = {"rolloutState": "IN_PROGRESS"}


def with_task_set(stability: str, *events: dict[str, Any]) -> FakeAccount:
    sets = [
        {
            "id": "ecs-svc/1",
            "status": "PRIMARY",
            "taskDefinition": REVISION,
            "stabilityStatus": stability,
            "createdAt": ago(days=30),
        }
    ]
    about = service(
        taskDefinition=None,
        deploymentController={"type": "CODE_DEPLOY"},
        deploymentConfiguration=None,
        deployments=[],
        taskSets=sets,
        events=list(events),
    )
    return fake_account().but(ecs__describe_services={"services": [about]})
