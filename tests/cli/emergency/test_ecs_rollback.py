"""Rolling a service back: what ran before, by whoever deploys it."""

from __future__ import annotations

import pytest

from readiness_cli.emergency.ecs_rollback import EcsRollback
from readiness_cli.emergency.plan import reached
from readiness_cli.failure import Failure
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error, evaluation

ARN = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}"
DEPLOYMENT = f"{ARN}:service-deployment/prod/api/d1"
REVISION = f"{ARN}:service-revision/prod/api/r1"


def definition(number, family="api"):
    return f"{ARN}:task-definition/{family}:{number}"


def service(**changes):
    return {
        "services": [
            {
                "serviceName": "api",
                "status": "ACTIVE",
                "taskDefinition": definition(7),
                "desiredCount": 2,
                "deployments": [
                    {
                        "status": "PRIMARY",
                        "taskDefinition": definition(7),
                        "rolloutState": "COMPLETED",
                    }
                ],
                **changes,
            }
        ]
    }


def deployments(under_way=(), done=()):
    def answer(*, status, **asked):
        assert asked == {"cluster": "prod", "service": "api"}
        arns = done if status == ["SUCCESSFUL"] else under_way
        return {
            "serviceDeployments": [
                {"serviceDeploymentArn": arn, "createdAt": NOON} for arn in arns
            ]
        }

    return answer


def described(status="ACTIVE", image="public.ecr.aws/x/api:1"):
    def answer(taskDefinition):  # noqa: N803
        arn = (
            taskDefinition
            if taskDefinition.startswith("arn:")
            else f"{ARN}:task-definition/{taskDefinition}"
        )
        if status is None:
            return error("ClientException", message="Unable to describe task definition.")
        return {
            "taskDefinition": {
                "taskDefinitionArn": arn,
                "status": status,
                "containerDefinitions": [{"name": "app", "image": image}],
            }
        }

    return answer


def world(**more):
    listed = [definition(n) for n in (9, 8, 7, 5, 2)] + [definition(6, "api-worker")]
    base = {
        ("ecs", "describe_services"): service(),
        ("ecs", "list_service_deployments"): deployments(),
        ("ecs", "list_task_definitions"): {"taskDefinitionArns": listed},
        ("ecs", "describe_task_definition"): described(),
    }
    return FakeAccount(base).but(**more)


def plan_in(fake, to=""):
    aws = evaluation(fake, []).aws
    asked = EcsRollback("prod", "api", to)
    return asked.plan(aws, asked.look(aws), aws.now())


def test_without_a_history_the_active_revision_below_is_meant():
    plan = plan_in(world())
    [call] = plan.calls
    assert call.operation == "update_service"
    assert call.params == {"cluster": "prod", "service": "api", "taskDefinition": "api:5"}
    assert plan.before == {"task_definition": "api:7"}
    assert any("named by a tag" in each for each in plan.warnings)


def test_what_ran_before_is_meant_and_not_the_number_below():
    told = {
        "serviceDeployments": [
            {"serviceDeploymentArn": DEPLOYMENT, "sourceServiceRevisions": [{"arn": REVISION}]}
        ]
    }
    revision = {"serviceRevisions": [{"taskDefinition": definition(2)}]}
    plan = plan_in(
        world(
            ecs__list_service_deployments=deployments(done=[DEPLOYMENT]),
            ecs__describe_service_deployments=told,
            ecs__describe_service_revisions=revision,
        )
    )
    assert plan.after["task_definition"] == "api:2"
    assert not any("rolled back from it" in each for each in plan.warnings)


def test_what_ran_before_may_be_what_was_rolled_back():
    found = {"serviceDeploymentArn": DEPLOYMENT, "sourceServiceRevisions": [{"arn": REVISION}]}
    plan = plan_in(
        world(
            ecs__list_service_deployments=deployments(done=[DEPLOYMENT]),
            ecs__describe_service_deployments={"serviceDeployments": [found]},
            ecs__describe_service_revisions={
                "serviceRevisions": [{"taskDefinition": definition(9)}]
            },
        )
    )
    assert plan.after["task_definition"] == "api:9"
    assert any("api:9 is later than api:7" in each for each in plan.warnings)


def test_a_deployment_that_changed_other_things_is_passed_over():
    scaled, changed = DEPLOYMENT, DEPLOYMENT.replace("d1", "d0")

    def told(serviceDeploymentArns):  # noqa: N803
        [arn] = serviceDeploymentArns
        source = REVISION if arn == scaled else REVISION.replace("r1", "r0")
        found = {"serviceDeploymentArn": arn, "sourceServiceRevisions": [{"arn": source}]}
        return {"serviceDeployments": [found]}

    def revision(serviceRevisionArns):  # noqa: N803
        number = 7 if serviceRevisionArns == [REVISION] else 2
        return {"serviceRevisions": [{"taskDefinition": definition(number)}]}

    def plan(*done):
        return plan_in(
            world(
                ecs__list_service_deployments=deployments(done=done),
                ecs__describe_service_deployments=told,
                ecs__describe_service_revisions=revision,
            )
        )

    assert plan(scaled, changed).after["task_definition"] == "api:2"
    assert plan(scaled).after["task_definition"] == "api:5", "nothing tells: the number below"


@pytest.mark.parametrize(
    "forgotten",
    [
        {"ecs__describe_service_deployments": {"serviceDeployments": []}},
        {"ecs__describe_service_revisions": {"serviceRevisions": []}},
    ],
)
def test_what_ecs_has_forgotten_leaves_the_number_below(forgotten):
    found = {"serviceDeploymentArn": DEPLOYMENT, "sourceServiceRevisions": [{"arn": REVISION}]}
    answers = {
        "ecs__list_service_deployments": deployments(done=[DEPLOYMENT]),
        "ecs__describe_service_deployments": {"serviceDeployments": [found]},
    }
    assert plan_in(world(**answers | forgotten)).after["task_definition"] == "api:5"


def test_a_deployment_under_way_is_stopped_by_ecs_itself():
    plan = plan_in(world(ecs__list_service_deployments=deployments([DEPLOYMENT])))
    [call] = plan.calls
    assert (call.operation, call.params) == (
        "stop_service_deployment",
        {"serviceDeploymentArn": DEPLOYMENT, "stopType": "ROLLBACK"},
    )
    assert plan.after == {"deployment": ""}
    named = plan_in(world(ecs__list_service_deployments=deployments([DEPLOYMENT])), "api:5")
    assert named.refusals
    assert not named.calls


@pytest.mark.parametrize(
    ("fake", "to", "seen"),
    [
        (
            world(ecs__describe_services=service(deploymentController={"type": "CODE_DEPLOY"})),
            "",
            "CodeDeploy deploys the service",
        ),
        (
            world(ecs__describe_services=service(deploymentController={"type": "EXTERNAL"})),
            "",
            "An external controller",
        ),
        (world(), "api:7", "runs api:7 already"),
        (
            world(ecs__list_task_definitions={"taskDefinitionArns": [definition(8)]}),
            "",
            "No active task definition below api:7",
        ),
        (
            world(ecs__describe_task_definition=described("INACTIVE")),
            "api:5",
            "no active task definition api:5",
        ),
        (
            world(ecs__describe_task_definition=described(None)),
            "api:5",
            "no active task definition api:5",
        ),
    ],
    ids=["CodeDeploy", "external", "the same", "nothing below", "inactive", "unknown"],
)
def test_what_a_plan_refuses(fake, to, seen):
    plan = plan_in(fake, to)
    assert not plan.calls
    assert any(seen in each for each in plan.refusals), plan.refusals


def test_an_image_that_is_gone_is_no_way_back():
    image = f"{ACCOUNT_ID}.dkr.ecr.{HOME}.amazonaws.com/api:1.2"
    plan = plan_in(
        world(
            ecs__describe_task_definition=described(image=image),
            ecr__describe_images=error("ImageNotFoundException"),
        )
    )
    assert any("is gone" in each for each in plan.refusals)


def test_a_service_that_is_scaled_to_nothing_is_told():
    plan = plan_in(world(ecs__describe_services=service(desiredCount=0)))
    assert any("desired count is 0" in each for each in plan.warnings)


@pytest.mark.parametrize(
    ("changes", "done"),
    [
        ({"taskDefinition": definition(5)}, False),
        (
            {
                "taskDefinition": definition(5),
                "deployments": [
                    {"taskDefinition": definition(5), "rolloutState": "IN_PROGRESS"},
                    {"taskDefinition": definition(7), "rolloutState": "COMPLETED"},
                ],
            },
            False,
        ),
        (
            {
                "taskDefinition": definition(5),
                "deployments": [{"taskDefinition": definition(5), "rolloutState": "COMPLETED"}],
            },
            True,
        ),
        # A circuit breaker that went back to what we left: stable, and not what was wanted.
        ({}, False),
    ],
    ids=["others still run", "rolling out", "complete", "rolled back to what was left"],
)
def test_it_is_done_once_the_goal_alone_runs(changes, done):
    plan = plan_in(world())
    fake = world(ecs__describe_services=service(**changes))
    state = EcsRollback("prod", "api").look(evaluation(fake, []).aws)
    assert reached(plan.after, state) is done


def test_going_back_again():
    asked = EcsRollback("prod", "api")
    before = {"task_definition": "api:7"}
    [call] = asked.undo(before, {"task_definition": "api:5"})
    assert call.params["taskDefinition"] == "api:7"
    assert asked.undo(before, before) == ()


@pytest.mark.parametrize(
    "answer",
    [
        {"services": [], "failures": [{"reason": "MISSING"}]},
        service(status="INACTIVE"),
        error("ClusterNotFoundException"),
    ],
    ids=["missing", "deleted", "no cluster"],
)
def test_a_service_that_is_not_there(answer):
    with pytest.raises(Failure, match="There is no service 'api'"):
        plan_in(world(ecs__describe_services=answer))


def test_only_cluster_and_service_name_a_service(run):
    for name in ("api", "/api", "prod/", "a/b/c"):
        said = run("emergency", "ecs-rollback", name)
        assert said.exit_code == 2, name
        assert "is not CLUSTER/SERVICE" in " ".join(said.stderr.split())
