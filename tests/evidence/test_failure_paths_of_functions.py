"""Where asynchronous invocations of a function end that fail, as AWS says it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.error_handling import app
from readiness import Severity
from readiness.evidence.awslambda.asynchronous import AsynchronousCallers, AsynchronousUse
from readiness.evidence.awslambda.event_sources import SourceFailures
from tests.accounts import error_handling as worlds
from tests.accounts.traffic import get_metric_data
from tests.evidence.failures import BAD, GOOD, LATEST, UNKNOWN, load, swept, verdict, version
from tests.fake_account import ACCOUNT_ID, HOME, NOON, error, scan


def policies(*services, qualifier=""):
    """GetPolicy of a function whose qualifier admits services."""

    def answer(**params):
        if params.get("Qualifier", "") != qualifier:
            return error("ResourceNotFoundException", 404)
        return {
            "Policy": worlds.policy(*(worlds.allow(s, "lambda:InvokeFunction") for s in services))
        }

    return answer


@pytest.mark.parametrize(
    ("service", "callers"),
    [
        ("s3", ("Amazon S3",)),
        ("sns", ("Amazon SNS",)),
        ("events", ("EventBridge",)),
        ("logs.us-east-1", ("CloudWatch Logs",)),
        ("lambda.alarms.cloudwatch", ("CloudWatch alarms",)),
        ("apigateway", ()),
        ("elasticloadbalancing", ()),
        ("cognito-idp", ()),
    ],
)
def test_who_invokes_asynchronously(service, callers):
    account = worlds.fake_account().but(
        lambda__get_policy=policies(service), scheduler__list_schedules={"Schedules": []}
    )
    use = load(AsynchronousUse, "AWS::Lambda::Function", "agent", account)
    assert use.callers == ({LATEST: callers} if callers else {})


def test_a_schedule_needs_no_policy():
    account = worlds.fake_account().but(lambda__get_policy=policies())
    use = load(AsynchronousUse, "AWS::Lambda::Function", "agent", account)
    assert use.callers == {"live": ("EventBridge Scheduler",)}
    disabled = {**worlds.LISTED_SCHEDULE, "State": "DISABLED"}
    elsewhere = {
        **worlds.LISTED_SCHEDULE,
        "Target": {"Arn": f"arn:aws:lambda:eu-west-1:{ACCOUNT_ID}:function:agent:live"},
    }
    for each in (disabled, elsewhere):
        account = account.but(scheduler__list_schedules={"Schedules": [each]})
        assert load(AsynchronousUse, "AWS::Lambda::Function", "agent", account).callers == {}


ASKED_OF_EACH = ("lambda", "list_function_event_invoke_configs")


@pytest.mark.parametrize("cls", [AsynchronousUse, AsynchronousCallers])
def test_where_failures_end_is_not_asked_of_what_nobody_invokes_asynchronously(cls):
    """Lambda answers 15 such calls a second, of all who ask in the account."""
    account = worlds.fake_account().but(
        lambda__get_policy=policies("apigateway"),
        scheduler__list_schedules={"Schedules": []},
        cloudwatch__get_metric_data=get_metric_data(lambda *_: None),
    )
    load(cls, "AWS::Lambda::Function", "agent", account)
    assert ASKED_OF_EACH not in account.calls
    account = worlds.fake_account().but(lambda__get_policy=policies("sns"))
    load(cls, "AWS::Lambda::Function", "agent", account)
    assert ASKED_OF_EACH in account.calls


def test_it_is_asked_where_only_the_metric_tells_of_events():
    account = worlds.fake_account().but(
        lambda__get_policy=policies("apigateway"),
        scheduler__list_schedules={"Schedules": []},
    )
    use = load(AsynchronousUse, "AWS::Lambda::Function", "agent", account)
    assert use.callers == {}
    assert ASKED_OF_EACH in account.calls
    assert use.settings


def test_the_role_of_the_version_behind_the_alias():
    def answer(**params):
        name = "old" if params.get("Qualifier") == "7" else "agent"
        return worlds.function(Role=f"arn:aws:iam::111122223333:role/{name}")

    account = worlds.fake_account().but(lambda__get_function_configuration=answer)
    use = load(AsynchronousUse, "AWS::Lambda::Function", "agent", account)
    assert use.roles == {"7": "old"}
    assert [each.id for each in use.grants] == ["old"]


@pytest.mark.parametrize("bulk", [False, True])
@pytest.mark.parametrize(
    ("fed", "expected"),
    [
        (worlds.FUNCTION, "agent"),
        (f"{worlds.FUNCTION}:live", "old"),
        (f"{worlds.FUNCTION}:gone", None),
    ],
)
def test_the_role_of_what_a_mapping_feeds(fed, expected, bulk):
    def answer(**params):
        if params.get("Qualifier") == "gone":
            return error("ResourceNotFoundException", 404)
        name = "old" if params.get("Qualifier") == "live" else "agent"
        return worlds.function(Role=f"arn:aws:iam::111122223333:role/{name}")

    mapping = worlds.mapping(FunctionArn=fed)
    account = worlds.fake_account().but(
        lambda__get_function_configuration=answer,
        lambda__list_functions={"Functions": [answer()]},
        lambda__get_event_source_mapping=mapping,
        lambda__list_event_source_mappings={"EventSourceMappings": [mapping]},
    )
    found = load(
        SourceFailures, "AWS::Lambda::EventSourceMapping", worlds.UUID, account, bulk=bulk
    )
    assert (found.grants.id if found.grants else None) == expected


NO_CONFIG = {"FunctionEventInvokeConfigs": []}


@pytest.mark.parametrize("every", [False, True], ids=["event", "sweep"])
@pytest.mark.parametrize(
    ("targets", "status"),
    [({"v7": worlds.FAILED}, GOOD), ({"latest": worlds.FAILED}, BAD), ({}, BAD)],
)
def test_the_dead_letter_queue_of_the_version_behind_the_alias(every, targets, status):
    answer = version(**targets)
    answers = {
        "lambda__list_function_event_invoke_configs": NO_CONFIG,
        "lambda__get_function_configuration": answer,
        "lambda__list_functions": {"Functions": [answer()]},
    }
    if every:
        found = swept(app.asynchronous_failures, **answers)["agent"]
    else:
        found = verdict(app.asynchronous_failures, "agent", **answers)
    assert found.status is status, found.reason


@pytest.mark.parametrize(("qualifier", "status"), [("live", GOOD), ("$LATEST", BAD), ("7", BAD)])
def test_the_destination_of_the_qualifier_that_is_invoked(qualifier, status):
    configs = {"FunctionEventInvokeConfigs": [worlds.invoke_config(qualifier)]}
    found = verdict(
        app.asynchronous_failures, "agent", lambda__list_function_event_invoke_configs=configs
    )
    assert found.status is status, found.reason


def test_lost_events_are_critical():
    found = verdict(
        app.asynchronous_failures,
        "agent",
        lambda__list_function_event_invoke_configs=NO_CONFIG,
        cloudwatch__get_metric_data=worlds.losing("AsyncEventsDropped"),
    )
    assert (found.status, found.severity) == (BAD, Severity.CRITICAL)
    found = verdict(
        app.asynchronous_failures,
        "agent",
        cloudwatch__get_metric_data=worlds.losing("DestinationDeliveryFailures"),
    )
    assert (found.status, found.severity) == (BAD, Severity.CRITICAL)


LOSSES = pytest.mark.parametrize(
    ("rule", "id", "metric"),
    [
        (app.asynchronous_failures, "agent", "DeadLetterErrors"),
        (app.asynchronous_failures, "agent", "DestinationDeliveryFailures"),
        (app.subscription_failures, "alerts", "NumberOfNotificationsFailedToRedriveToDlq"),
        (app.rule_failures, "hourly", "InvocationsFailedToBeSentToDlq"),
    ],
    ids=lambda each: each if isinstance(each, str) else None,
)


@LOSSES
@pytest.mark.parametrize(
    ("until", "status"),
    [
        pytest.param(None, BAD, id="it goes on"),
        pytest.param(NOON - timedelta(hours=20), BAD, id="until yesterday"),
        pytest.param(NOON - timedelta(hours=26), GOOD, id="until the day before"),
    ],
)
def test_what_was_lost_counts_until_a_day_without_a_loss(rule, id, metric, until, status):
    found = verdict(rule, id, cloudwatch__get_metric_data=worlds.losing(metric, until=until))
    assert found.status is status, found.reason
    assert bool(found.reminder) is (status is GOOD)
    if status is BAD:
        assert found.severity is Severity.CRITICAL
    else:
        assert "last week" in found.reminder
        assert "None in the last 24 hours" in found.reminder


def test_a_function_that_failures_are_sent_to_exists():
    def sends_to(name):
        arn = f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:{name}"
        return {"FunctionEventInvokeConfigs": [worlds.invoke_config(destination=arn)]}

    def configured(**params):
        is_there = params["FunctionName"] in {"agent", "keeper"}
        return worlds.function() if is_there else error("ResourceNotFoundException", 404)

    for name, status in (("keeper", GOOD), ("gone", BAD)):
        answers = {
            "lambda__list_function_event_invoke_configs": sends_to(name),
            "lambda__get_function_configuration": configured,
        }
        assert verdict(app.asynchronous_failures, "agent", **answers).status is status
        assert swept(app.asynchronous_failures, **answers)["agent"].status is status


def test_what_is_not_seen_is_not_judged():
    denied = error("AccessDeniedException", 403)
    found = verdict(app.asynchronous_failures, "agent", lambda__get_policy=denied)
    assert found.status is UNKNOWN
    assert found.missing == ("lambda:GetPolicy",)
    found = verdict(app.asynchronous_failures, "agent", sqs__get_queue_attributes=denied)
    assert found.status is UNKNOWN
    assert found.missing == ("sqs:GetQueueAttributes",)
    found = verdict(app.asynchronous_failures, "agent", lambda__get_policy={"Policy": "{"})
    assert found.status is UNKNOWN


def test_the_environment_of_the_version_behind_the_alias():
    def answer(**params):
        off = {"AWS_MAX_ATTEMPTS": "1"} if params.get("Qualifier") == "7" else {}
        return worlds.function(Environment={"Variables": off})

    found = verdict(app.function_sdk_retries, "agent", lambda__get_function_configuration=answer)
    assert found.status is BAD
    assert "version 7" in found.reason


def test_a_sweep_asks_once_for_what_lists_tell():
    account = worlds.fake_account()
    functions = [worlds.function(FunctionName=f"agent-{n}") for n in range(40)]
    account.answers["lambda", "list_functions"] = {"Functions": functions}
    scan(account, [app.asynchronous_failures])
    calls = account.calls
    assert calls.count(("lambda", "list_functions")) == 1
    assert calls.count(("scheduler", "list_schedules")) == 1
    assert calls.count(("sqs", "get_queue_attributes")) == 1
    assert calls.count(("lambda", "list_function_event_invoke_configs")) == 40
