"""Credentials in schedules, pipes, services of App Runner and the user data of instances."""

from __future__ import annotations

import base64
import json

import pytest

from functions.secrets_management.app import (
    app_runner_environment,
    instance_user_data,
    pipe_inputs,
    schedule_inputs,
)
from readiness import Severity, Status
from readiness.evidence.apprunner import APP_RUNNER_SERVICE, ServiceEnvironment
from readiness.evidence.ec2.instance_user_data import InstanceUserData
from readiness.evidence.pipes import PIPE, PipeInputs
from readiness.evidence.scheduler import SCHEDULE_GROUP, ScheduleInputs
from readiness.evidence.user_data import UserData
from readiness.model.evidence import REGION
from readiness.model.unreadable import Gone
from tests.accounts.secrets_management import fake_account, pipe, schedule, service
from tests.fake_account import ACCOUNT_ID, HOME, error, evaluation, observe

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA
KEY_ID = "AKIA" + "IOSFODNN7EXAMPLE"
PERIODIC = "a1b2c3d4" * 3
"""Three bits a character: random only to those who say so."""
NAMED = {"DB_PASSWORD": "hunter2hunter2"}
OVERRIDES = {
    "containerOverrides": [
        {"name": "a", "environment": [{"name": "DB_PASSWORD", "value": "hunter2hunter2"}]}
    ]
}


def schedules(texts, unread=0):
    return ScheduleInputs(texts, unread)


@pytest.mark.parametrize(
    ("group", "settings", "status"),
    [
        pytest.param(schedules({}), {}, NA, id="no schedule has an input"),
        pytest.param(schedules({"night": '{"job": "report"}'}), {}, GOOD, id="harmless"),
        pytest.param(schedules({"night": json.dumps(NAMED)}), {}, BAD, id="a password"),
        pytest.param(schedules({"night": json.dumps(OVERRIDES)}), {}, BAD, id="of a task"),
        pytest.param(schedules({"night": f"run {KEY_ID}"}), {}, BAD, id="no JSON"),
        pytest.param(
            schedules({"night": json.dumps(NAMED)}),
            {"ignore_patterns": ("DB_*",)},
            GOOD,
            id="a name that is no secret",
        ),
        pytest.param(schedules({"night": '{"job": 1}'}, 5), {}, UNKNOWN, id="more than are read"),
        pytest.param(
            schedules({"night": '{"job": 1}'}, 5),
            {"most_schedules": 7},
            UNKNOWN,
            id="by a setting",
        ),
        pytest.param(
            schedules({"night": json.dumps({"v": PERIODIC})}),
            {"min_entropy": 2.5},
            GOOD,
            id="random values are looked for in variables alone",
        ),
        pytest.param(schedules({}, 5), {}, UNKNOWN, id="nothing in those that are read"),
        pytest.param(schedules({"night": json.dumps(NAMED)}, 5), {}, BAD, id="found in the first"),
    ],
)
def test_schedule_inputs(group, settings, status):
    assert schedule_inputs(group, **settings).status is status


@pytest.mark.parametrize(
    ("seen", "settings", "status"),
    [
        pytest.param(PipeInputs({}, {}), {}, NA, id="nothing but the event"),
        pytest.param(PipeInputs({"Target": '{"id": "<$.id>"}'}, {}), {}, GOOD, id="a template"),
        pytest.param(PipeInputs({"Target": json.dumps(NAMED)}, {}), {}, BAD, id="in the template"),
        pytest.param(
            PipeInputs({"Target/parameters": json.dumps(OVERRIDES)}, {}), {}, BAD, id="overrides"
        ),
        pytest.param(
            PipeInputs({}, {"Enrichment/x-api-key": "hunter2hunter2"}), {}, BAD, id="a header"
        ),
        pytest.param(
            PipeInputs({}, {"Target/x-api-key": "hunter2hunter2"}),
            {"ignore_patterns": ("x-api-key",)},
            GOOD,
            id="a header that is no secret",
        ),
        pytest.param(PipeInputs({}, {"Target/v": PERIODIC}), {}, GOOD, id="an ordinary value"),
        pytest.param(
            PipeInputs({}, {"Target/v": PERIODIC}), {"min_entropy": 2.5}, BAD, id="a random value"
        ),
    ],
)
def test_pipe_inputs(seen, settings, status):
    assert pipe_inputs(seen, **settings).status is status


@pytest.mark.parametrize(
    ("seen", "settings", "status", "said"),
    [
        pytest.param(ServiceEnvironment(), {}, NA, "no environment", id="nothing"),
        pytest.param(
            ServiceEnvironment(in_repository=True), {}, NA, "apprunner.yaml", id="in a repository"
        ),
        pytest.param(ServiceEnvironment({"LEVEL": "info"}), {}, GOOD, "1 env", id="harmless"),
        pytest.param(ServiceEnvironment(NAMED), {}, BAD, "DB_PASSWORD", id="a password"),
        pytest.param(
            ServiceEnvironment(NAMED),
            {"ignore_patterns": ("DB_*",)},
            GOOD,
            "1 env",
            id="no secret",
        ),
        pytest.param(
            ServiceEnvironment({}, {"StartCommand": "run --password hunter2hunter2"}),
            {},
            BAD,
            "StartCommand",
            id="in a command",
        ),
        pytest.param(ServiceEnvironment({"V": PERIODIC}), {}, GOOD, "1 env", id="ordinary"),
        pytest.param(
            ServiceEnvironment({"V": PERIODIC}), {"min_entropy": 2.5}, BAD, "V", id="random"
        ),
    ],
)
def test_app_runner_environment(seen, settings, status, said):
    verdict = app_runner_environment(seen, **settings)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


@pytest.mark.parametrize(("entropy", "severity"), [(3.5, Severity.HIGH), (2.5, Severity.CRITICAL)])
def test_a_named_value_that_looks_like_a_key_is_certain(entropy, severity):
    group = schedules({"night": json.dumps({"ApiKey": PERIODIC})})
    script = InstanceUserData((UserData("i-1", f"API_TOKEN={PERIODIC} run"),), 1)
    for verdict in (
        schedule_inputs(group, min_entropy=entropy),
        instance_user_data(script, min_entropy=entropy),
    ):
        assert (verdict.status, verdict.severity) == (BAD, severity)


SECRET = UserData("i-1", "export DB_PASSWORD=hunter2hunter2")


@pytest.mark.parametrize(
    ("seen", "settings", "status"),
    [
        pytest.param(InstanceUserData((), 3), {}, NA, id="none has user data"),
        pytest.param(InstanceUserData((UserData("i-1", "echo ok"),), 1), {}, GOOD, id="harmless"),
        pytest.param(InstanceUserData((SECRET,), 1), {}, BAD, id="a password"),
        pytest.param(
            InstanceUserData((SECRET,), 1), {"ignore_patterns": ("i-1/*",)}, GOOD, id="ignored"
        ),
        pytest.param(
            InstanceUserData((UserData("i-1", f"echo {PERIODIC}"),), 1),
            {"min_entropy": 2.5},
            GOOD,
            id="random text",
        ),
        pytest.param(InstanceUserData((UserData("i-1", None),), 1), {}, UNKNOWN, id="undecoded"),
        pytest.param(InstanceUserData((), 9, 4), {"most_instances": 5}, UNKNOWN, id="too many"),
        pytest.param(InstanceUserData((SECRET,), 9, 4), {"most_instances": 5}, BAD, id="found"),
    ],
)
def test_instance_user_data(seen, settings, status):
    assert instance_user_data(seen, **settings).status is status


# -- what is read -------------------------------------------------------------------------------


def loaded(cls, about, id, account, **settings):
    asked = {"most_schedules": 1000, "most_instances": 500} | settings
    aws = evaluation(account, []).aws
    return aws.evidence(cls, about.resource(ACCOUNT_ID, HOME, id), asked).evidence


def test_disabled_schedules_are_read_too_and_deleted_ones_left_out():
    def get_schedule(Name, **_):  # noqa: N803
        if Name == "gone":
            return error("ResourceNotFoundException", 404)
        return schedule(Input=f'{{"name": "{Name}"}}')

    account = fake_account().but(
        scheduler__list_schedules={
            "Schedules": [
                {"Name": name, "GroupName": "default", "State": state}
                for name, state in (("on", "ENABLED"), ("off", "DISABLED"), ("gone", "ENABLED"))
            ]
        },
        scheduler__get_schedule=get_schedule,
    )
    found = loaded(ScheduleInputs, SCHEDULE_GROUP, "default", account)
    assert found == ScheduleInputs({"on": '{"name": "on"}', "off": '{"name": "off"}'})
    few = loaded(ScheduleInputs, SCHEDULE_GROUP, "default", account, most_schedules=1)
    assert few == ScheduleInputs({"on": '{"name": "on"}'}, unread=2)


def test_an_application_that_makes_schedules_does_not_cost_a_read_of_them_all_each_time():
    assert SCHEDULE_GROUP.holds_many


@pytest.mark.parametrize(("most", "status"), [(1, UNKNOWN), (2, GOOD)])
def test_how_much_is_read_decides_what_is_known(most, status):
    listed = [{"Name": name, "GroupName": "default"} for name in ("a", "b")]
    instances = [{"InstanceId": id} for id in ("i-1", "i-2")]
    account = fake_account().but(
        scheduler__list_schedules={"Schedules": listed},
        ec2__describe_instances={"Reservations": [{"Instances": instances}]},
    )
    group = observe(account, schedule_inputs, "default", most_schedules=most)
    region = observe(account, instance_user_data, ACCOUNT_ID, most_instances=most)
    assert (group.finding.status, region.finding.status) == (status, status)


def test_the_parameters_of_a_pipeline_are_input_too():
    given = {"PipelineParameterList": [{"Name": "token", "Value": "x"}]}
    account = fake_account().but(
        scheduler__get_schedule=schedule(Input="run", SageMakerPipelineParameters=given)
    )
    found = loaded(ScheduleInputs, SCHEDULE_GROUP, "default", account).texts
    assert json.loads(found["nightly/pipeline"]) == given["PipelineParameterList"]


def test_what_a_pipe_gives():
    http = {
        "HeaderParameters": {"x-team": "orders"},
        "QueryStringParameters": {"v": "1"},
        "PathParameterValues": ["orders"],
    }
    target = {
        "InputTemplate": '{"id": <$.body.id>, "on": "<aws.pipes.pipe-name>"}',
        "EcsTaskParameters": {"TaskDefinitionArn": "arn:aws:ecs:a:1:task-definition/b:1"},
    }
    account = fake_account().but(
        pipes__describe_pipe=pipe(
            TargetParameters=target,
            EnrichmentParameters={"InputTemplate": "plain <$.body>", "HttpParameters": http},
        )
    )
    found = loaded(PipeInputs, PIPE, "orders", account)
    assert json.loads(found.texts.pop("Target")) == {
        "id": "<$.body.id>",
        "on": "<aws.pipes.pipe-name>",
    }
    assert json.loads(found.texts.pop("Target/parameters")) == {
        "EcsTaskParameters": target["EcsTaskParameters"]
    }
    assert found == PipeInputs(
        {"Enrichment": "plain <$.body>"},
        {"Enrichment/x-team": "orders", "Enrichment/v": "1", "Enrichment/path0": "orders"},
    )


SERVICE_ARN = f"arn:aws:apprunner:{HOME}:{ACCOUNT_ID}:service/web/8fe1e10304f84fd2b0df550fe98a71fa"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (
            {
                "ImageRepository": {
                    "ImageIdentifier": "a",
                    "ImageRepositoryType": "ECR",
                    "ImageConfiguration": {
                        "RuntimeEnvironmentVariables": {"A": "1"},
                        "StartCommand": "run",
                    },
                }
            },
            ServiceEnvironment({"A": "1"}, {"StartCommand": "run"}),
        ),
        (
            {
                "CodeRepository": {
                    "RepositoryUrl": "https://example.com/a",
                    "SourceCodeVersion": {"Type": "BRANCH", "Value": "main"},
                    "CodeConfiguration": {
                        "ConfigurationSource": "API",
                        "CodeConfigurationValues": {
                            "Runtime": "PYTHON_3",
                            "BuildCommand": "make",
                            "RuntimeEnvironmentVariables": {"A": "1"},
                        },
                    },
                }
            },
            ServiceEnvironment({"A": "1"}, {"BuildCommand": "make"}),
        ),
        (
            {
                "CodeRepository": {
                    "RepositoryUrl": "https://example.com/a",
                    "SourceCodeVersion": {"Type": "BRANCH", "Value": "main"},
                    "CodeConfiguration": {"ConfigurationSource": "REPOSITORY"},
                }
            },
            ServiceEnvironment(in_repository=True),
        ),
    ],
)
def test_a_service_of_app_runner(source, found):
    account = fake_account().but(
        apprunner__describe_service={"Service": service(SourceConfiguration=source)}
    )
    assert loaded(ServiceEnvironment, APP_RUNNER_SERVICE, SERVICE_ARN, account) == found


def test_a_service_that_is_deleted_is_still_described():
    account = fake_account().but(
        apprunner__describe_service={"Service": service(Status="DELETED")}
    )
    with pytest.raises(Gone):
        loaded(ServiceEnvironment, APP_RUNNER_SERVICE, SERVICE_ARN, account)


def test_instances_of_groups_are_judged_as_their_groups():
    def user_data(InstanceId, **_):  # noqa: N803
        if InstanceId == "i-3":
            return {"InstanceId": "i-3", "UserData": {}}
        if InstanceId == "i-4":
            return error("InvalidInstanceID.NotFound", 400)
        text = base64.b64encode(f"echo {InstanceId}".encode()).decode()
        return {"InstanceId": InstanceId, "UserData": {"Value": text}}

    of_group = [{"Key": "aws:autoscaling:groupName", "Value": "workers"}]
    account = fake_account().but(
        ec2__describe_instances={
            "Reservations": [
                {
                    "Instances": [
                        {"InstanceId": "i-1", "Tags": []},
                        {"InstanceId": "i-2", "Tags": of_group},
                        {"InstanceId": "i-3"},
                        {"InstanceId": "i-4"},
                    ]
                }
            ]
        },
        ec2__describe_instance_attribute=user_data,
    )
    found = loaded(InstanceUserData, REGION, ACCOUNT_ID, account)
    assert found == InstanceUserData((UserData("i-1", "echo i-1"),), 3)
    few = loaded(InstanceUserData, REGION, ACCOUNT_ID, account, most_instances=1)
    assert few == InstanceUserData((UserData("i-1", "echo i-1"),), 3, 2)


def test_two_instances_stand_for_what_fleets_launched_from_a_version_of_a_template():
    asked = []

    def user_data(InstanceId, **_):  # noqa: N803
        asked.append(InstanceId)
        return {"InstanceId": InstanceId, "UserData": {}}

    def launched(id, version="1", **more):
        tags = {"aws:ec2launchtemplate:id": "lt-1", "aws:ec2launchtemplate:version": version}
        tags |= more
        return {
            "InstanceId": id,
            "Tags": [{"Key": name, "Value": value} for name, value in tags.items()],
        }

    fleet = {"aws:ec2:fleet-id": "fleet-1"}
    account = fake_account().but(
        ec2__describe_instances={
            "Reservations": [
                {
                    "Instances": [
                        *(launched(f"i-{n}", **fleet) for n in range(1, 6)),
                        launched("i-6", "2", **fleet),
                        launched("i-7"),
                        launched("i-8"),
                        launched("i-9"),
                    ]
                }
            ]
        },
        ec2__describe_instance_attribute=user_data,
    )
    found = loaded(InstanceUserData, REGION, ACCOUNT_ID, account, most_instances=6)
    assert (found, sorted(asked)) == (
        InstanceUserData((), 9),
        ["i-1", "i-2", "i-6", "i-7", "i-8", "i-9"],
    )
