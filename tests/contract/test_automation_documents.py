"""The Automation documents: held to the service models, and run against an AWS in memory."""

from __future__ import annotations

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from readiness.engine.actions import action_of
from readiness.semantics.appspec import moved_aliases
from tests import deployed
from tests.automation import Automation, Failed, every_step, references
from tests.cli.conftest import account  # noqa: F401
from tests.cli.emergency import test_lambda_rollback as lambdas
from tests.cli.emergency.conftest import agent, stack  # noqa: F401
from tests.contract.test_emergency import allowed

DOCUMENTS = {
    name: each["Properties"]["Content"]
    for name, each in deployed.committed()["Resources"].items()
    if each["Type"] == "AWS::SSM::Document"
}
PER_DOCUMENT = pytest.mark.parametrize("name", DOCUMENTS)
OWN = {"Service", "Api", "PropertySelector", "DesiredValues"}
ACTIONS = {
    "aws:approve",
    "aws:assertAwsResourceProperty",
    "aws:branch",
    "aws:executeAwsApi",
    "aws:executeScript",
    "aws:loop",
    "aws:waitForAwsResourceProperty",
}
BOSS = ["arn:aws:iam::123456789012:user/boss"]
ARN = "arn:aws:lambda:us-east-1:123456789012:function:agent"
YAML = """version: 0.0
Resources:
  - agent:
      Type: AWS::Lambda::Function
      Properties:
        Name: "agent"
        Alias: "live"
"""


def calls(name):
    for step in every_step(DOCUMENTS[name]["mainSteps"]):
        if "Api" in step["inputs"]:
            yield step, step["inputs"]


def model(inputs):
    service = botocore.session.get_session().get_service_model(inputs["Service"])
    return service.operation_model(inputs["Api"])


@PER_DOCUMENT
def test_every_call_exists_with_its_parameters(name):
    assert {each["action"] for each in every_step(DOCUMENTS[name]["mainSteps"])} <= ACTIONS
    for _, inputs in calls(name):
        shape = model(inputs).input_shape
        given = set(inputs) - OWN
        assert given <= set(shape.members), inputs["Api"]
        assert set(shape.required_members) <= given, inputs["Api"]


@PER_DOCUMENT
def test_every_selector_names_members_of_the_answer(name):
    for step, inputs in calls(name):
        selectors = [each["Selector"] for each in step.get("outputs", ())]
        selectors += [inputs["PropertySelector"]] if "PropertySelector" in inputs else []
        for selector in selectors:
            shape = model(inputs).output_shape
            for member in selector.removeprefix("$").replace("..", "[0].").split("."):
                named, _, index = member.partition("[")
                if named:
                    shape = shape.value if shape.type_name == "map" else shape.members[named]
                if index:
                    shape = shape.member


def outputs_of(steps):
    return {f"{each['name']}.{out['Name']}" for each in steps for out in each.get("outputs", ())}


@PER_DOCUMENT
def test_every_reference_is_a_parameter_or_was_given_out_before(name):
    document = DOCUMENTS[name]
    known = set(document["parameters"]) | {"AutomationAssumeRole", "global:REGION"}
    used = set(references(document["assumeRole"]))
    for step in document["mainSteps"]:
        for each in every_step([step]):
            known.add(f"{each['name']}.CurrentIteratorValue")
            known |= outputs_of(each["inputs"].get("Steps", []))
            named = set(references(each["inputs"]))
            assert named <= known, each["name"]
            used |= named
            known |= outputs_of([each])
    assert set(document["parameters"]) <= used, "a parameter that nothing uses"
    assert set(document.get("outputs", ())) <= known


@PER_DOCUMENT
def test_nothing_is_changed_before_another_person_approved(name):
    first, *rest = DOCUMENTS[name]["mainSteps"]
    assert (first["action"], first["onFailure"]) == ("aws:approve", "Abort")
    assert rest
    names = [each["name"] for each in every_step(DOCUMENTS[name]["mainSteps"])]
    assert len(set(names)) == len(names)


@PER_DOCUMENT
def test_the_role_for_emergencies_may_run_it(name):
    needed = {action_of(each["Service"], xform_name(each["Api"])) for _, each in calls(name)}
    assert needed <= allowed()


class Provisioning:
    """What moto lacks of provisioned concurrency, and Lambda's refusal to reserve less."""

    def __init__(self, client, provisioned=()):
        self.client = client
        self.provisioned = dict(provisioned)

    def __getattr__(self, name):
        return getattr(self.client, name)

    def put_function_concurrency(self, **given):
        if sum(self.provisioned.values()) > given["ReservedConcurrentExecutions"]:
            raise Failed("less than is provisioned")
        return self.client.put_function_concurrency(**given)

    def list_provisioned_concurrency_configs(self, FunctionName):  # noqa: N803
        arn = f"arn:aws:lambda:us-east-1:123456789012:function:{FunctionName}"
        found = [
            {"FunctionArn": f"{arn}:{name}", "RequestedProvisionedConcurrentExecutions": number}
            for name, number in self.provisioned.items()
        ]
        return {"ProvisionedConcurrencyConfigs": found}

    def delete_provisioned_concurrency_config(self, FunctionName, Qualifier):  # noqa: N803
        assert FunctionName == "agent"
        del self.provisioned[Qualifier]

    def put_provisioned_concurrency_config(
        self,
        FunctionName,  # noqa: N803
        Qualifier,  # noqa: N803
        ProvisionedConcurrentExecutions,  # noqa: N803
    ):
        assert FunctionName == "agent"
        self.provisioned[Qualifier] = ProvisionedConcurrentExecutions


def run(name, session, *, approve=True, provisioning=None, **given):
    session = session if isinstance(session, Clients) else Clients(session)

    def client(service):
        found = session.client(service)
        return (provisioning or Provisioning(found)) if service == "lambda" else found

    automation = Automation(DOCUMENTS[name], client, approve=approve)
    return automation.run(Approvers=BOSS, **given)


def test_a_function_goes_back_and_forth(agent, stack):  # noqa: F811
    where = {"FunctionName": "agent", "Alias": "live"}
    weights = {"AdditionalVersionWeights": {"2": 0.5}}
    agent.update_alias(FunctionName="agent", Name="live", RoutingConfig=weights)
    assert run("RollBackFunction", stack, **where, Version="2") == {"Before.Version": "3"}
    now = agent.get_alias(FunctionName="agent", Name="live")
    assert now["FunctionVersion"] == "2"
    assert not (now.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
    assert run("RollBackFunction", stack, **where, Version="3") == {"Before.Version": "2"}


class Answering:
    """A client that answers some operations itself and leaves the others to another one."""

    def __init__(self, client, **answers):
        self.client = client
        self.answers = answers

    def __getattr__(self, name):
        if name not in self.answers:
            return getattr(self.client, name)
        answer = self.answers[name]
        return answer if callable(answer) else lambda **given: answer


class Clients:
    """A session some of whose clients answer by themselves. ``asked`` is what ECR was asked."""

    def __init__(self, session, image=None, details=None, deployments=()):
        self.session = session
        self.about = {each["deploymentId"]: each for each in deployments}
        self.asked = []
        self.image, self.details = image, details

    def client(self, service):
        found = self.session.client(service) if service != "codedeploy" else None
        if service == "codedeploy":
            return Answering(
                found,
                list_deployments={"deployments": list(self.about)},
                get_deployment=lambda deploymentId: {  # noqa: N803
                    "deploymentInfo": self.about[deploymentId]
                },
            )
        if service == "lambda" and self.image:
            runs = found.get_function_configuration(FunctionName="agent", Qualifier="2")
            return Answering(
                found,
                get_function_configuration={**runs, "PackageType": "Image"},
                get_function={"Code": {"ResolvedImageUri": self.image}},
            )
        if service == "ecr":
            return Answering(found, describe_images=self.images)
        return found

    def images(self, **given):
        self.asked.append(given)
        if isinstance(self.details, Exception):
            raise self.details
        return {"imageDetails": self.details}


BACK = {"FunctionName": "agent", "Alias": "live", "Version": "2"}


@pytest.mark.parametrize(
    ("deployment", "why"),
    [
        (lambdas.deployment(lambdas.spec()), "CodeDeploy moves the alias now"),
        (lambdas.deployment(lambdas.spec(function=ARN)), "CodeDeploy moves the alias now"),
        (lambdas.deployment(YAML), "CodeDeploy moves the alias now"),
        (lambdas.deployment("# nothing that names an alias"), "cannot be read here"),
        (lambdas.deployment('{"Resources": 1}'), "cannot be read here"),
        ({**lambdas.deployment(""), "revision": {"revisionType": "S3"}}, "cannot be read here"),
    ],
    ids=["its own", "by its ARN", "YAML", "no AppSpec", "another form", "in S3"],
)
def test_what_codedeploy_moves_is_not_moved_under_it(agent, stack, deployment, why):  # noqa: F811
    clients = Clients(stack, deployments=[deployment])
    with pytest.raises(Failed, match=why):
        run("RollBackFunction", clients, **BACK)
    assert agent.get_alias(FunctionName="agent", Name="live")["FunctionVersion"] == "3"
    run("RollBackFunction", clients, **BACK, MayBeDeploying=True)
    assert agent.get_alias(FunctionName="agent", Name="live")["FunctionVersion"] == "2"


@pytest.mark.parametrize(
    "deployment",
    [
        lambdas.deployment(lambdas.spec(alias="other")),
        lambdas.deployment(lambdas.spec(function="agent-2")),
        lambdas.deployment(lambdas.spec(), platform="Server"),
    ],
    ids=["another alias", "another function", "servers"],
)
def test_deployments_of_others_stop_nothing(agent, stack, deployment):  # noqa: F811
    run("RollBackFunction", Clients(stack, deployments=[deployment]), **BACK)
    assert agent.get_alias(FunctionName="agent", Name="live")["FunctionVersion"] == "2"


def test_the_script_reads_an_appspec_as_the_command_line_does():
    [script] = [
        each["inputs"]["Script"]
        for each in every_step(DOCUMENTS["RollBackFunction"]["mainSteps"])
        if each["name"] == "IsOfAnother"
    ]
    defined = {}
    exec(script, defined)
    for content in (
        lambdas.spec(),
        lambdas.spec(function=ARN),
        YAML,
        "#",
        '{"Resources": 1}',
        "{",
    ):
        revision = lambdas.deployment(content)["revision"]
        assert set(defined["moved"](revision)) == (moved_aliases(revision) or set()), content


GONE = ClientError({"Error": {"Code": "ImageNotFoundException", "Message": "m"}}, "DescribeImages")


@pytest.mark.parametrize(
    "details", [GONE, [{"imageStatus": "ARCHIVED"}], []], ids=["gone", "archived", "not shown"]
)
def test_a_version_whose_image_is_gone_is_no_way_back(agent, stack, details):  # noqa: F811
    clients = Clients(stack, lambdas.IMAGE, details)
    with pytest.raises(Failed, match=r"InRegistry|IsActive"):
        run("RollBackFunction", clients, **BACK)
    assert agent.get_alias(FunctionName="agent", Name="live")["FunctionVersion"] == "3"
    assert clients.asked == [
        {
            "registryId": "111122223333",
            "repositoryName": "agent",
            "imageIds": [{"imageDigest": "sha256:" + "a" * 64}],
        }
    ]
    run("RollBackFunction", clients, **BACK, MayLackImage=True)
    assert agent.get_alias(FunctionName="agent", Name="live")["FunctionVersion"] == "2"


def test_a_version_whose_image_is_there_is_taken(agent, stack):  # noqa: F811
    run("RollBackFunction", Clients(stack, lambdas.IMAGE, [{}]), **BACK)
    assert agent.get_alias(FunctionName="agent", Name="live")["FunctionVersion"] == "2"


def test_a_version_that_is_not_there_changes_nothing(agent, stack):  # noqa: F811
    with pytest.raises(Failed, match="CanRun"):
        run("RollBackFunction", stack, FunctionName="agent", Alias="live", Version="9")
    assert agent.get_alias(FunctionName="agent", Name="live")["FunctionVersion"] == "3"


@PER_DOCUMENT
def test_without_an_approval_no_call_is_made(name):
    samples = {"String": "1", "Integer": 1, "Boolean": True, "StringList": []}
    given = {
        each: about.get("allowedValues", [about.get("default", samples.get(about["type"]))])[0]
        for each, about in DOCUMENTS[name]["parameters"].items()
        if each not in {"Approvers", "AutomationAssumeRole"}
    }
    given |= {"TaskDefinition": "api:1"} if "TaskDefinition" in given else {}
    given |= {"Table": "circuits"} if "Table" in given else {}
    automation = Automation(DOCUMENTS[name], None, approve=False)
    with pytest.raises(Failed, match="Approve"):
        automation.run(Approvers=BOSS, **given)
    assert automation.calls == []


@pytest.mark.parametrize(
    "version",
    ["$LATEST", "2; drop", "", "{{ Approvers }}"],
    ids=["latest", "text", "empty", "{{}}"],
)
def test_a_parameter_of_another_form_is_refused(agent, stack, version):  # noqa: F811
    with pytest.raises(ValueError, match="Version"):
        run("RollBackFunction", stack, FunctionName="agent", Alias="live", Version=version)


def test_a_function_is_stopped_and_started_as_it_was(agent, stack):  # noqa: F811
    stack.client("sqs").create_queue(QueueName="jobs")
    queue = "arn:aws:sqs:us-east-1:123456789012:jobs"
    made = agent.create_event_source_mapping(FunctionName="agent", EventSourceArn=queue)
    agent.put_function_concurrency(FunctionName="agent", ReservedConcurrentExecutions=7)
    before = run("StopFunction", stack, FunctionName="agent", MayDrop=True)
    assert before["Before.Reserved"] == 7
    assert before["Were.Enabled"] == [made["UUID"]]
    assert (
        agent.get_function_concurrency(FunctionName="agent")["ReservedConcurrentExecutions"] == 0
    )
    assert agent.get_event_source_mapping(UUID=made["UUID"])["State"] == "Disabled"
    run(
        "StartFunction",
        stack,
        FunctionName="agent",
        Reserved=before["Before.Reserved"],
        EventSourceMappings=before["Were.Enabled"],
    )
    assert (
        agent.get_function_concurrency(FunctionName="agent")["ReservedConcurrentExecutions"] == 7
    )
    assert agent.get_event_source_mapping(UUID=made["UUID"])["State"] == "Enabled"


def test_a_mapping_that_was_disabled_before_stays_so(agent, stack):  # noqa: F811
    stack.client("sqs").create_queue(QueueName="jobs")
    queue = "arn:aws:sqs:us-east-1:123456789012:jobs"
    agent.create_event_source_mapping(FunctionName="agent", EventSourceArn=queue, Enabled=False)
    before = run("StopFunction", stack, FunctionName="agent", MayDrop=True)
    assert before["Were.Enabled"] == []


def test_provisioned_concurrency_goes_before_and_comes_back(agent, stack):  # noqa: F811
    about = Provisioning(agent, {"live": 5, "3": 2})
    where = {"provisioning": about, "FunctionName": "agent", "MayDrop": True}
    before = run("StopFunction", stack, **where)
    assert about.provisioned == {}
    assert before["Were.Provisioned"] == ["live=5", "3=2"]
    kept = agent.get_function_concurrency(FunctionName="agent")
    assert kept["ReservedConcurrentExecutions"] == 0
    del where["MayDrop"]
    run("StartFunction", stack, **where, Reserved=0, Provisioned=before["Were.Provisioned"])
    assert about.provisioned == {"live": 5, "3": 2}


def test_a_function_whose_events_would_be_lost_is_not_stopped(agent, stack):  # noqa: F811
    agent.put_function_concurrency(FunctionName="agent", ReservedConcurrentExecutions=7)
    with pytest.raises(Failed, match="HasQueue"):
        run("StopFunction", stack, FunctionName="agent")
    found = agent.get_function_concurrency(FunctionName="agent")
    assert found["ReservedConcurrentExecutions"] == 7


def test_a_function_with_a_failure_sink_is_stopped(agent, stack):  # noqa: F811
    queue = "arn:aws:sqs:us-east-1:123456789012:failed"
    agent.put_function_event_invoke_config(
        FunctionName="agent",
        Qualifier="$LATEST",
        DestinationConfig={"OnFailure": {"Destination": queue}},
    )
    run("StopFunction", stack, FunctionName="agent")
    found = agent.get_function_concurrency(FunctionName="agent")
    assert found["ReservedConcurrentExecutions"] == 0


def test_a_function_without_reserved_concurrency_has_none_again(agent, stack):  # noqa: F811
    assert (
        run("StopFunction", stack, FunctionName="agent", MayDrop=True)["Before.Reserved"] is None
    )
    run("StartFunction", stack, FunctionName="agent", Reserved=0)
    assert "ReservedConcurrentExecutions" not in agent.get_function_concurrency(
        FunctionName="agent"
    )


def service(stack, images=("a", "b")):  # noqa: F811
    ecs = stack.client("ecs")
    ecs.create_cluster(clusterName="prod")
    for image in images:
        ecs.register_task_definition(
            family="api", containerDefinitions=[{"name": "app", "image": image, "memory": 64}]
        )
    ecs.create_service(cluster="prod", serviceName="api", taskDefinition="api:2", desiredCount=2)
    return ecs


def test_a_service_goes_back(stack, monkeypatch):  # noqa: F811
    ecs = service(stack)
    # moto completes no rollout.
    monkeypatch.setattr(Automation, "_waitForAwsResourceProperty", lambda self, step: None)
    where = {"Cluster": "prod", "Service": "api"}
    before = run("RollBackService", stack, **where, TaskDefinition="api:1")
    assert before["Before.TaskDefinition"].endswith(":task-definition/api:2")
    [now] = ecs.describe_services(cluster="prod", services=["api"])["services"]
    assert now["taskDefinition"].endswith("api:1")


REGISTRY = "111122223333.dkr.ecr.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("image", "asked"),
    [
        (f"{REGISTRY}/team/api:v1", {"imageTag": "v1"}),
        (f"{REGISTRY}/team/api", {"imageTag": "latest"}),
        (f"{REGISTRY}/team/api:v1@sha256:{'b' * 64}", {"imageDigest": "sha256:" + "b" * 64}),
        ("public.ecr.aws/nginx/nginx:1", None),
        (f"{REGISTRY.replace('us-east-1', 'eu-west-1')}/api:v1", None),
    ],
    ids=["a tag", "no tag", "a digest", "another registry", "another region"],
)
def test_a_task_definition_whose_image_is_gone_is_no_way_back(
    stack,  # noqa: F811
    monkeypatch,
    image,
    asked,
):
    ecs = service(stack, (image, "b"))
    monkeypatch.setattr(Automation, "_waitForAwsResourceProperty", lambda self, step: None)
    clients = Clients(stack, details=GONE)
    back = {"Cluster": "prod", "Service": "api", "TaskDefinition": "api:1"}

    def runs():
        [now] = ecs.describe_services(cluster="prod", services=["api"])["services"]
        return now["taskDefinition"].rpartition("/")[2]

    if asked:
        with pytest.raises(Failed, match="InRegistry"):
            run("RollBackService", clients, **back)
        assert runs() == "api:2"
        [question] = clients.asked
        assert (question["repositoryName"], question["imageIds"]) == ("team/api", [asked])
        run("RollBackService", clients, **back, MayLackImage=True)
    else:
        run("RollBackService", clients, **back)
        assert clients.asked == []
    assert runs() == "api:1"


@pytest.mark.parametrize("is_scaled", [True, False])
def test_a_service_is_stopped_and_its_scaling_with_it(stack, is_scaled):  # noqa: F811
    ecs = service(stack)
    scaling = stack.client("application-autoscaling")
    if is_scaled:
        scaling.register_scalable_target(
            ServiceNamespace="ecs",
            ResourceId="service/prod/api",
            ScalableDimension="ecs:service:DesiredCount",
            MinCapacity=2,
            MaxCapacity=4,
        )
    where = {"Cluster": "prod", "Service": "api"}
    before = run("ScaleService", stack, **where, DesiredCount=0, IsScaled=is_scaled, Suspend=True)
    assert before == {"Before.DesiredCount": 2}
    [now] = ecs.describe_services(cluster="prod", services=["api"])["services"]
    assert now["desiredCount"] == 0
    targets = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    suspended = [each["SuspendedState"]["DynamicScalingOutSuspended"] for each in targets]
    assert suspended == ([True] if is_scaled else [])


def test_a_circuit_and_a_switch(stack):  # noqa: F811
    tables, ssm = stack.client("dynamodb"), stack.client("ssm")
    tables.create_table(
        TableName="circuits",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    circuit = {"Table": "circuits", "Circuit": "model"}
    run("SetCircuit", stack, **circuit, State="OPEN", OpenedAt="1900000000")
    before = run("SetCircuit", stack, **circuit, State="CLOSED")
    assert before == {"Before.State": "OPEN"}
    ssm.put_parameter(Name="/on", Value="true", Type="String")
    assert run("SetSwitch", stack, Parameter="/on", Value="false") == {"Before.Value": "true"}
    assert ssm.get_parameter(Name="/on")["Parameter"]["Value"] == "false"
    ssm.put_parameter(Name="/key", Value="secret", Type="SecureString")
    with pytest.raises(Failed, match="IsString"):
        run("SetSwitch", stack, Parameter="/key", Value="x")


def test_no_document_is_deployed_unless_it_is_asked_for():
    template = deployed.committed()
    assert template["Parameters"]["DeployEmergencyDocuments"]["Default"] == "false"
    found = [
        each for each in template["Resources"].values() if each["Type"] == "AWS::SSM::Document"
    ]
    assert {each["Condition"] for each in found} == {"EmergencyDocuments"}
    for each in found:
        # CloudFormation's own names fit, whatever the length of the stack's.
        assert "Name" not in each["Properties"]
