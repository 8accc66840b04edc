"""Stopping a function or a service: nothing is lost, and everything comes back as it was."""

from __future__ import annotations

import json

import pytest

from readiness_cli.emergency import applying, command
from readiness_cli.emergency.plan import Plan, moved
from readiness_cli.emergency.shutdown import StopFunction, StopService
from tests.cli.emergency.test_lambda_rollback import WHY, applied
from tests.fake_account import FAULTS, NOON, FakeAccount, error, evaluation

STOP = ("emergency", "shutdown", "--function", "agent")
SUSPENDED = {
    "DynamicScalingInSuspended": True,
    "DynamicScalingOutSuspended": True,
    "ScheduledScalingSuspended": True,
}
GOES_ON = dict.fromkeys(SUSPENDED, False)


def plan(run, *more, words=STOP):
    said = run(*words, *more, "-o", "json")
    return json.loads(said.stdout)[0]


@pytest.fixture
def mapping(agent, stack):
    stack.client("sqs").create_queue(QueueName="jobs")
    arn = "arn:aws:sqs:us-east-1:123456789012:jobs"
    made = agent.create_event_source_mapping(
        FunctionName="agent:live", EventSourceArn=arn, Enabled=True
    )
    return made["UUID"]


def concurrency(agent):
    found = agent.get_function_concurrency(FunctionName="agent")
    return found.get("ReservedConcurrentExecutions")


def is_enabled(agent, uuid):
    return agent.get_event_source_mapping(UUID=uuid)["State"] in {"Enabled", "Enabling"}


def test_mappings_stop_first_and_come_back(run, agent, mapping):
    row = plan(run)
    assert [each["call"] for each in row["calls"]] == [
        "lambda.update_event_source_mapping",
        "lambda.put_function_concurrency",
    ]
    assert row["before"] == {"concurrency": None, "enabled": [mapping], "provisioned": {}}
    saved = json.loads(applied(run, words=STOP).stdout)[0]
    assert concurrency(agent) == 0
    assert not is_enabled(agent, mapping)
    back = applied(run, words=("emergency", "restore", saved["id"]))
    assert back.exit_code == 0, back.output
    assert concurrency(agent) is None, "no reserved concurrency is not a number"
    assert is_enabled(agent, mapping)


def test_a_reserved_concurrency_comes_back_as_it_was(run, agent):
    agent.put_function_concurrency(FunctionName="agent", ReservedConcurrentExecutions=7)
    saved = json.loads(applied(run, words=STOP).stdout)[0]
    applied(run, words=("emergency", "restore", saved["id"]))
    assert concurrency(agent) == 7


def test_what_was_stopped_before_stays_stopped(run, agent, mapping):
    agent.update_event_source_mapping(UUID=mapping, Enabled=False)
    saved = json.loads(applied(run, words=STOP).stdout)[0]
    applied(run, words=("emergency", "restore", saved["id"]))
    assert not is_enabled(agent, mapping)


def test_a_function_that_is_stopped_already(run, agent):
    agent.put_function_concurrency(FunctionName="agent", ReservedConcurrentExecutions=0)
    assert plan(run)["refusals"] == ["The function is stopped already."]


def test_an_interrupted_shutdown_can_go_on_and_go_back(run, agent, mapping, monkeypatch):
    row = plan(run)
    whole = applying.carry_out

    def half(aws, calls, say):
        whole(aws, calls[:1], say)
        raise error("ServiceException", 500)

    monkeypatch.setattr(applying, "carry_out", half)
    said = run(*STOP, "--apply", row["token"], *WHY)
    assert said.exit_code == 4
    assert "It stopped half-way" in " ".join(said.stderr.split())
    monkeypatch.setattr(applying, "carry_out", whole)
    [first] = json.loads(run("emergency", "list", "-o", "json").stdout)
    saved = json.loads(applied(run, words=STOP).stdout)[0]
    assert saved["id"] == first["id"], "the state of before the interruption is kept"
    assert saved["before"]["enabled"] == [mapping]
    assert concurrency(agent) == 0
    applied(run, words=("emergency", "restore", saved["id"]))
    assert is_enabled(agent, mapping)
    assert concurrency(agent) is None


def test_a_restore_after_an_interruption(run, agent, mapping, monkeypatch):
    row = plan(run)
    whole = applying.carry_out
    monkeypatch.setattr(applying, "carry_out", lambda aws, calls, say: whole(aws, calls[:1], say))
    run(*STOP, "--apply", row["token"], *WHY, "--wait", "0")
    monkeypatch.setattr(applying, "carry_out", whole)
    [saved] = json.loads(run("emergency", "list", "-o", "json").stdout)
    applied(run, words=("emergency", "restore", saved["id"]))
    assert is_enabled(agent, mapping)


def test_a_mapping_deleted_meanwhile_keeps_no_other_from_coming_back(run, agent, stack, mapping):
    stack.client("sqs").create_queue(QueueName="more")
    gone = agent.create_event_source_mapping(
        FunctionName="agent", EventSourceArn="arn:aws:sqs:us-east-1:123456789012:more"
    )["UUID"]
    saved = json.loads(applied(run, words=STOP).stdout)[0]
    assert sorted(saved["before"]["enabled"]) == sorted([mapping, gone])
    agent.delete_event_source_mapping(UUID=gone)
    back = applied(run, words=("emergency", "restore", saved["id"]))
    assert back.exit_code == 0, back.output
    assert is_enabled(agent, mapping)


def test_two_operators_at_once_keep_one_saved_state(run, agent, monkeypatch):
    """Both have a plan, and both see that nothing is saved yet."""
    row = plan(run)
    monkeypatch.setattr(command.Desk, "open_of", lambda self, target: None)
    seen = command.Desk.of_target
    monkeypatch.setattr(command.Desk, "of_target", lambda self, target: [])
    monkeypatch.setattr(applying, "carry_out", lambda *given: None)
    run(*STOP, "--apply", row["token"], *WHY, "--wait", "0")
    second = run(*STOP, "--apply", row["token"], *WHY, "--wait", "0")
    monkeypatch.setattr(command.Desk, "of_target", seen)
    assert second.exit_code == 1
    assert "Another emergency of lambda/agent began just now" in " ".join(second.stderr.split())
    assert len(json.loads(run("emergency", "list", "-o", "json").stdout)) == 1


def let_in(agent, service, alias=None):
    more = {"Qualifier": alias} if alias else {}
    agent.add_permission(
        FunctionName="agent",
        StatementId=service.replace(".", "-"),
        Action="lambda:InvokeFunction",
        Principal=service,
        **more,
    )


def test_events_that_nothing_would_take_are_not_dropped(run, agent):
    let_in(agent, "s3.amazonaws.com")
    row = plan(run)
    assert row["token"] == ""
    assert "s3.amazonaws.com invokes $LATEST asynchronously" in row["refusals"][0]
    allowed = plan(run, "--allow-drop")
    assert allowed["token"]
    assert any("are lost while it is stopped" in each for each in allowed["warnings"])


def test_who_invokes_synchronously_loses_nothing(run, agent):
    let_in(agent, "apigateway.amazonaws.com")
    assert plan(run)["token"]


def policy(service):
    statement = {"Effect": "Allow", "Principal": {"Service": service}}
    return {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}


def stoppable():
    """A function with a mapping and a version that takes what its alias cannot."""
    mapping = {
        "UUID": "4147c13b-0000-4000-8000-000000000000",
        "State": "Enabled",
        "FunctionArn": "arn:aws:lambda:us-east-1:111122223333:function:agent:live",
    }
    return called_by_s3(
        lambda__list_event_source_mappings={"EventSourceMappings": [mapping]},
        lambda__get_function_configuration=dead_letters("2"),
    )


def called_by_s3(**changes):
    """A function whose alias `live` (version 2) S3 invokes."""

    def of_alias(FunctionName, Qualifier=None):  # noqa: N803
        if Qualifier != "live":
            return error("ResourceNotFoundException")
        return policy("s3.amazonaws.com")

    base = {
        ("lambda", "get_function_concurrency"): {},
        ("lambda", "list_provisioned_concurrency_configs"): {"ProvisionedConcurrencyConfigs": []},
        ("lambda", "list_event_source_mappings"): {"EventSourceMappings": []},
        ("lambda", "list_aliases"): {"Aliases": [{"Name": "live", "FunctionVersion": "2"}]},
        ("lambda", "list_function_event_invoke_configs"): {"FunctionEventInvokeConfigs": []},
        ("lambda", "get_policy"): of_alias,
        ("lambda", "get_function_configuration"): {},
    }
    return FakeAccount(base).but(**changes)


def function_plan(**changes):
    aws = evaluation(called_by_s3(**changes), []).aws
    asked = StopFunction("agent")
    return asked.plan(aws, asked.look(aws), aws.now())


def sink(qualifier):
    arn = f"arn:aws:lambda:us-east-1:111122223333:function:agent{qualifier}"
    to = {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:111122223333:failed"}}
    found = [{"FunctionArn": arn, "DestinationConfig": to}]
    return {"FunctionEventInvokeConfigs": found}


def dead_letters(of):
    def answer(FunctionName, Qualifier):  # noqa: N803
        to = {"TargetArn": "arn:aws:sqs:us-east-1:111122223333:failed"}
        return {"DeadLetterConfig": to} if Qualifier == of else {}

    return answer


@pytest.mark.parametrize(
    ("changes", "is_refused"),
    [
        ({}, True),
        ({"lambda__list_function_event_invoke_configs": sink(":live")}, False),
        ({"lambda__list_function_event_invoke_configs": sink(":$LATEST")}, True),
        ({"lambda__list_function_event_invoke_configs": sink("")}, True),
        ({"lambda__get_function_configuration": dead_letters("2")}, False),
        ({"lambda__get_function_configuration": dead_letters("$LATEST")}, True),
    ],
    ids=[
        "nothing takes them",
        "the alias has a destination",
        "another qualifier has one",
        "the function without a qualifier has one",
        "the alias's version has a dead-letter queue",
        "the newest code has one",
    ],
)
def test_a_failure_sink_is_one_of_the_qualifier_that_is_invoked(changes, is_refused):
    made = function_plan(**changes)
    assert bool(made.refusals) is is_refused
    assert bool(made.calls) is not is_refused


def test_provisioned_concurrency_goes_before_the_function_stops_and_comes_back():
    """Lambda refuses a reserved concurrency below what is provisioned."""
    arn = "arn:aws:lambda:us-east-1:111122223333:function:agent:live"
    config = {"FunctionArn": arn, "RequestedProvisionedConcurrentExecutions": 5}
    made = function_plan(
        lambda__list_provisioned_concurrency_configs={"ProvisionedConcurrencyConfigs": [config]},
        lambda__get_policy=error("ResourceNotFoundException"),
    )
    assert [each.operation for each in made.calls] == [
        "delete_provisioned_concurrency_config",
        "put_function_concurrency",
    ]
    assert made.before["provisioned"] == {"live": 5}
    stopped = {"concurrency": 0, "enabled": [], "stopping": [], "provisioned": {}}
    back = StopFunction("agent").undo(made.before, stopped)
    assert [each.operation for each in back] == [
        "delete_function_concurrency",
        "put_provisioned_concurrency_config",
    ]
    assert back[1].params["ProvisionedConcurrentExecutions"] == 5
    assert moved(made.before, made.after, stopped) == []


def test_a_function_that_is_not_there(run, stack):
    said = run("emergency", "shutdown", "--function", "nobody")
    assert said.exit_code == 2
    assert "There is no function 'nobody'" in " ".join(said.stderr.split())


@pytest.mark.parametrize("words", [(), ("--function", "a", "--service", "b/c")])
def test_one_target_is_named(run, words):
    said = run("emergency", "shutdown", *words)
    assert said.exit_code == 2
    assert "Name one function or one service" in said.stderr


def service(desired=3, strategy="REPLICA", running=3):
    return {
        "services": [
            {
                "serviceName": "api",
                "status": "ACTIVE",
                "taskDefinition": "arn:aws:ecs:us-east-1:111122223333:task-definition/api:7",
                "desiredCount": desired,
                "runningCount": running,
                "pendingCount": 0,
                "schedulingStrategy": strategy,
            }
        ]
    }


def scaled(state=None):
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": "service/prod/api",
        "ScalableDimension": "ecs:service:DesiredCount",
        "MinCapacity": 2,
        "MaxCapacity": 9,
        "RoleARN": "arn:aws:iam::111122223333:role/x",
        "CreationTime": NOON,
    }
    return {"ScalableTargets": [target | ({"SuspendedState": state} if state else {})]}


def world(changes=None):
    containers = [{"name": "app", "stopTimeout": 90}, {"name": "proxy"}]
    base = {
        ("ecs", "describe_services"): service(),
        ("ecs", "describe_task_definition"): {
            "taskDefinition": {"containerDefinitions": containers}
        },
        ("application-autoscaling", "describe_scalable_targets"): scaled(),
    }
    return FakeAccount({**base, **(changes or {})})


def service_plan(fake) -> Plan:
    aws = evaluation(fake, []).aws
    asked = StopService("prod", "api")
    return asked.plan(aws, asked.look(aws), aws.now())


def test_a_services_scaling_is_suspended_before_its_tasks_stop():
    made = service_plan(world())
    assert [each.operation for each in made.calls] == [
        "register_scalable_target",
        "update_service",
    ]
    assert made.calls[0].params["SuspendedState"] == SUSPENDED
    assert made.before == {"desired": 3, "suspended": GOES_ON}
    assert made.warnings == (
        "Container app is killed 90 s after SIGTERM.",
        "Container proxy is killed 30 s after SIGTERM.",
    )


def test_a_service_without_scaling():
    none = {("application-autoscaling", "describe_scalable_targets"): {"ScalableTargets": []}}
    made = service_plan(world(none))
    assert [each.operation for each in made.calls] == ["update_service"]
    assert made.after == {"desired": 0, "running": 0}


def test_how_long_containers_have_is_told_if_it_can_be_read():
    denied = {("ecs", "describe_task_definition"): FAULTS["denied"]}
    made = service_plan(world(denied))
    assert [each.operation for each in made.calls] == [
        "register_scalable_target",
        "update_service",
    ]
    [warning] = made.warnings
    assert "cannot be read" in warning


def test_a_service_of_an_external_controller_has_no_task_definition_of_its_own():
    answer = service()
    del answer["services"][0]["taskDefinition"]
    made = service_plan(world({("ecs", "describe_services"): answer}))
    assert (bool(made.calls), made.warnings) == (True, ())


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (service(strategy="DAEMON"), "A daemon runs on each instance"),
        (service(desired=0, running=0), "stopped already"),
    ],
)
def test_what_a_plan_for_a_service_refuses(answer, seen):
    fake = world(
        {
            ("ecs", "describe_services"): answer,
            ("application-autoscaling", "describe_scalable_targets"): scaled(SUSPENDED),
        }
    )
    made = service_plan(fake)
    assert not made.calls
    assert any(seen in each for each in made.refusals)


def test_a_service_comes_back_before_its_scaling():
    asked = StopService("prod", "api")
    before = {"desired": 3, "suspended": GOES_ON}
    calls = asked.undo(before, {"desired": 0, "suspended": SUSPENDED})
    assert [each.operation for each in calls] == ["update_service", "register_scalable_target"]
    assert calls[0].params["desiredCount"] == 3
    assert calls[1].params["SuspendedState"] == GOES_ON
    assert asked.undo(before, before) == ()


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ({"desired": 0, "suspended": SUSPENDED}, []),
        ({"desired": 3, "suspended": SUSPENDED}, []),
        ({"desired": 5, "suspended": SUSPENDED}, ["desired"]),
    ],
)
def test_what_somebody_else_changed_since(now, expected):
    before = {"desired": 3, "suspended": GOES_ON}
    after = {"desired": 0, "running": 0, "suspended": SUSPENDED}
    assert [each.name for each in moved(before, after, now)] == expected
