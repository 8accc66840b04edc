"""The role for emergencies can do what the procedures do, and no function can."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from readiness.engine.actions import action_of
from readiness_cli.emergency.breaker import Circuit, Switch
from readiness_cli.emergency.ecs_rollback import EcsRollback
from readiness_cli.emergency.lambda_rollback import LambdaRollback
from readiness_cli.emergency.shutdown import StopFunction, StopService
from tests import deployed
from tests.cli.emergency import test_ecs_rollback as ecs
from tests.cli.emergency import test_lambda_rollback as lambdas
from tests.cli.emergency import test_shutdown as stops
from tests.fake_account import FakeAccount, evaluation

ROLE = deployed.resource("EmergencyOperator")
STATEMENTS = ROLE["Policies"][0]["PolicyDocument"]["Statement"]
KEYS = {"Table": {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}}
PARAMETER = {"Parameter": {"Type": "String", "Value": "on", "Version": 1}}
TOLD = {
    "serviceDeployments": [
        {
            "serviceDeploymentArn": ecs.DEPLOYMENT,
            "sourceServiceRevisions": [{"arn": ecs.REVISION}],
        }
    ]
}
RAN = {"serviceRevisions": [{"taskDefinition": ecs.definition(2)}]}
CODEDEPLOY = {"lambda__get_function": {"Configuration": {}, "Code": {"ImageUri": lambdas.IMAGE}}}
PROCEDURES = {
    "roll a function back": (
        lambdas.world(**CODEDEPLOY, ecr__describe_images={"imageDetails": [{}]}),
        LambdaRollback("agent", "live"),
    ),
    "let CodeDeploy roll it back": (
        lambdas.deploying(lambdas.spec()),
        LambdaRollback("agent", "live", stop_deployment=True),
    ),
    "roll a service back": (
        ecs.world(
            ecs__list_service_deployments=ecs.deployments(done=[ecs.DEPLOYMENT]),
            ecs__describe_service_deployments=TOLD,
            ecs__describe_service_revisions=RAN,
        ),
        EcsRollback("prod", "api"),
    ),
    "let ECS roll it back": (
        ecs.world(ecs__list_service_deployments=ecs.deployments([ecs.DEPLOYMENT])),
        EcsRollback("prod", "api"),
    ),
    "the revision below": (ecs.world(), EcsRollback("prod", "api")),
    "open a circuit": (
        FakeAccount({("dynamodb", "describe_table"): KEYS, ("dynamodb", "get_item"): {}}),
        Circuit("circuits", "model", timedelta(minutes=5)),
    ),
    "set a switch": (
        FakeAccount(
            {
                ("ssm", "get_parameter"): PARAMETER,
                ("ssm", "describe_parameters"): {"Parameters": []},
            }
        ),
        Switch("/a", "off"),
    ),
    "stop a function": (stops.stoppable(), StopFunction("agent")),
    "stop a service": (stops.world(), StopService("prod", "api")),
}


def allowed():
    actions = [each["Action"] for each in STATEMENTS]
    return {name for each in actions for name in ([each] if isinstance(each, str) else each)}


@pytest.mark.parametrize("name", PROCEDURES)
def test_the_role_may_do_what_the_procedure_does(name):
    fake, procedure = PROCEDURES[name]
    fake.calls.clear()
    aws = evaluation(fake, []).aws
    state = procedure.look(aws)
    plan = procedure.plan(aws, state, aws.now())
    assert plan.calls, plan.refusals
    back = procedure.undo(plan.before, {**state, **plan.after})
    made = {*fake.calls, *((each.service, each.operation) for each in (*plan.calls, *back))}
    needed = {action_of(*each) for each in made} - {"tag:GetResources"}
    assert needed <= allowed()


def test_what_changes_something_is_tagged_or_belongs_to_it():
    tagged = next(each for each in STATEMENTS if each["Sid"] == "WhatItsOwnerTagged")
    assert tagged["Condition"] == {"Null": {"aws:ResourceTag/readiness:emergency": "false"}}
    everywhere = [
        each for each in STATEMENTS if each["Resource"] == "*" and "Condition" not in each
    ]
    [reads] = everywhere
    assert not [
        action
        for action in reads["Action"]
        if not action.partition(":")[2].startswith(("Get", "List", "Describe", "BatchGet"))
    ]


def test_no_function_may_act():
    writes = {
        "lambda:UpdateAlias",
        "lambda:PutFunctionConcurrency",
        "ecs:UpdateService",
        "ssm:PutParameter",
    }
    others = {
        name: json.dumps(each)
        for name, each in deployed.committed()["Resources"].items()
        if name != "EmergencyOperator"
    }
    assert not {name for name, text in others.items() for each in writes if each in text}


def test_without_principals_there_is_no_role():
    assert (
        deployed.committed()["Resources"]["EmergencyOperator"]["Condition"]
        == "HasEmergencyOperator"
    )
    assert deployed.committed()["Parameters"]["EmergencyPrincipals"]["Default"] == ""
