"""What the Lambda loaders make of Lambda's answers."""

from __future__ import annotations

from uuid import uuid4

import pytest

from readiness.evidence.awslambda.environments import RunEnvironments
from readiness.evidence.awslambda.functions import FUNCTION, FunctionConfiguration, function_name
from readiness.evidence.awslambda.layers import ReachedLayers
from readiness.evidence.awslambda.network import ReachedNetworks
from readiness.evidence.awslambda.timeouts import ReachedTimeouts
from readiness.model.unreadable import Gone
from tests.accounts.lambda_deployment import invoked_by_number
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, error, evaluation

ARN = f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:agent"
ANSWER = {
    "FunctionName": "agent",
    "FunctionArn": ARN,
    "Role": f"arn:aws:iam::{ACCOUNT_ID}:role/agent",
    "MemorySize": 512,
    "Timeout": 30,
    "Environment": {"Variables": {"STAGE": "prod"}},
    "VpcConfig": {"VpcId": "vpc-1", "SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    "TracingConfig": {"Mode": "Active"},
    "Layers": [{"Arn": f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:layer:otel:3", "CodeSize": 1}],
    "LoggingConfig": {"LogGroup": "/shared"},
}


@pytest.mark.parametrize(
    ("said", "name"),
    [
        pytest.param("agent", "agent", id="name"),
        pytest.param("agent:live", "agent", id="name and alias"),
        pytest.param(ARN, "agent", id="arn"),
        pytest.param(f"{ARN}:live", "agent", id="arn and alias"),
        pytest.param(f"{ACCOUNT_ID}:function:agent", "agent", id="partial arn"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_every_way_a_function_is_named(said, name):
    assert function_name(said) == name


@pytest.mark.parametrize("bulk", [False, True], ids=["alone", "in bulk"])
def test_one_answer_holds_the_whole_configuration(bulk):
    fake_account = FakeAccount(
        {
            ("lambda", "get_function_configuration"): ANSWER,
            ("lambda", "list_functions"): {"Functions": [ANSWER]},
        }
    )
    aws = evaluation(fake_account, [], bulk=bulk).aws
    seen = aws.evidence(
        FunctionConfiguration, FUNCTION.resource(ACCOUNT_ID, HOME, "agent")
    ).evidence
    assert (seen.memory_size, seen.timeout, seen.tracing_mode) == (512, 30, "Active")
    assert (seen.vpc_id, seen.subnet_ids, seen.security_group_ids) == (
        "vpc-1",
        ("subnet-1",),
        ("sg-1",),
    )
    assert seen.environment == {"STAGE": "prod"}
    assert seen.log_group == "/shared"
    assert len(fake_account.calls) == 1


@pytest.mark.parametrize("bulk", [False, True], ids=["alone", "in bulk"])
def test_a_published_version_keeps_its_layers(bulk):
    def configuration(*, FunctionName, Qualifier=""):  # noqa: N803
        if Qualifier == "8":
            return error("ResourceNotFoundException", 404)
        return ANSWER | ({"Layers": [], "Version": Qualifier} if Qualifier else {})

    aliases = [
        {"Name": "live", "FunctionVersion": "7"},
        {"Name": "old", "FunctionVersion": "8"},
        {"Name": "next", "FunctionVersion": "$LATEST"},
    ]
    account = FakeAccount(
        {
            ("lambda", "get_function_configuration"): configuration,
            ("lambda", "list_functions"): {"Functions": [ANSWER]},
            ("lambda", "list_aliases"): {"Aliases": aliases},
            ("lambda", "list_event_source_mappings"): {"EventSourceMappings": []},
        }
    )
    aws = evaluation(account, [], bulk=bulk).aws
    seen = aws.evidence(ReachedLayers, FUNCTION.resource(ACCOUNT_ID, HOME, "agent")).evidence
    assert (set(seen.of), seen.without("layer:otel")) == ({"$LATEST", "7"}, ("7",))


@pytest.mark.parametrize("bulk", [False, True], ids=["alone", "in bulk"])
@pytest.mark.parametrize(
    ("cls", "latest", "seventh"),
    [
        (ReachedTimeouts, 30, 3),
        (ReachedNetworks, ("subnet-1",), ()),
        (ReachedLayers, (ANSWER["Layers"][0]["Arn"],), ()),
        (RunEnvironments, {"STAGE": "prod"}, {"STAGE": "old"}),
    ],
)
def test_a_version_that_a_mapping_names_by_number_keeps_what_it_had(cls, latest, seventh, bulk):
    theirs = {
        "Version": "7",
        "Timeout": 3,
        "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": ""},
        "Layers": [],
        "Environment": {"Variables": {"STAGE": "old"}},
    }

    def configuration(*, FunctionName, Qualifier=""):  # noqa: N803
        return ANSWER | (theirs if Qualifier == "7" else {})

    def mapped(name, state="Enabled", account=ACCOUNT_ID):
        arn = f"arn:aws:lambda:{HOME}:{account}:function:{name}"
        return {"UUID": str(uuid4()), "FunctionArn": arn, "State": state}

    mappings = [
        mapped("agent:7"),
        mapped("agent:8", "Disabled"),
        mapped("agent:live"),
        mapped("agent:9", account="999988887777"),
        mapped("agent-2:6"),
        mapped("agent"),
    ]
    account = FakeAccount(
        {
            ("lambda", "get_function_configuration"): configuration,
            ("lambda", "list_functions"): {"Functions": [ANSWER]},
            ("lambda", "list_aliases"): {"Aliases": []},
            ("lambda", "list_event_source_mappings"): {"EventSourceMappings": mappings},
            ("cloudwatch", "list_metrics"): {"Metrics": []},
        }
    )
    aws = evaluation(account, [], bulk=bulk).aws
    seen = aws.evidence(cls, FUNCTION.resource(ACCOUNT_ID, HOME, "agent")).evidence
    assert seen.of == {"$LATEST": latest, "7": seventh}


@pytest.mark.parametrize("bulk", [False, True], ids=["alone", "in bulk"])
def test_a_version_that_is_invoked_by_number_keeps_its_variables(bulk):
    old = {"Version": "7", "Environment": {"Variables": {"STAGE": "old"}}}
    account = invoked_by_number().but(
        lambda__get_function_configuration=lambda FunctionName, Qualifier="": (  # noqa: N803
            ANSWER | (old if Qualifier == "7" else {})
        ),
        lambda__list_functions={"Functions": [ANSWER]},
        lambda__list_aliases={"Aliases": []},
    )
    aws = evaluation(account, [], bulk=bulk).aws
    seen = aws.evidence(RunEnvironments, FUNCTION.resource(ACCOUNT_ID, HOME, "agent")).evidence
    assert seen.of == {"$LATEST": {"STAGE": "prod"}, "7": {"STAGE": "old"}}


def test_no_caller_waits_for_what_only_a_mapping_names():
    fed = ReachedTimeouts({"$LATEST": 30, "7": 900, "8": 60}, {"live": ("8",)}, frozenset({"7"}))
    assert (fed.longest, fed.longest_awaited, fed.behind("7")) == (900, 60, 900)


def test_an_environment_that_lambda_cannot_decrypt_is_not_an_empty_one():
    answer = ANSWER | {"Environment": {"Error": {"ErrorCode": "AccessDeniedException"}}}
    seen = FunctionConfiguration.of(answer)
    assert seen.environment is None
    assert seen.environment_error == "AccessDeniedException"


def test_a_function_on_instances_names_its_capacity_provider():
    provider = ARN.replace("function:agent", "capacity-provider:agents")
    instances = {"CapacityProviderArn": provider}
    config = {"LambdaManagedInstancesCapacityProviderConfig": instances}
    seen = FunctionConfiguration.of(ANSWER | {"CapacityProviderConfig": config})
    assert seen.capacity_provider == provider
    assert FunctionConfiguration.of(ANSWER).capacity_provider == ""


def test_what_the_api_leaves_out_has_lambdas_defaults():
    seen = FunctionConfiguration.of({"FunctionName": "bare"})
    assert (seen.memory_size, seen.timeout, seen.environment) == (128, 3, {})
    assert seen.log_group == "/aws/lambda/bare"


def test_a_deleted_function_is_gone():
    fake_account = FakeAccount(
        {("lambda", "get_function_configuration"): error("ResourceNotFoundException")}
    )
    aws = evaluation(fake_account, []).aws
    with pytest.raises(Gone):
        aws.evidence(FunctionConfiguration, FUNCTION.resource(ACCOUNT_ID, HOME, "agent"))
