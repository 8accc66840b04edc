"""Where failures go and what is retried, as AWS says it: loaders and rules over fake accounts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.error_handling import app
from readiness import Severity
from readiness.evidence.eventbridge.rules import EVENT_RULE, RuleTargets
from readiness.evidence.stepfunctions import RunDefinitions
from tests.accounts import error_handling as worlds
from tests.evidence.failures import BAD, GOOD, LATEST, NA, UNKNOWN, load, swept, verdict
from tests.fake_account import ACCOUNT_ID, HOME, NOON, error, observe, scan

# -- queues ---------------------------------------------------------------------------------------


def queues(**attributes):
    """GetQueueAttributes, with changes for some queues; None deletes one."""

    def answer(**params):
        name = params["QueueUrl"].rpartition("/")[2]
        found = worlds.attributes_of(name)
        change = attributes.get(name, {})
        if found is None or change is None:
            return error("AWS.SimpleQueueService.NonExistentQueue")
        return {"Attributes": {k: v for k, v in {**found, **change}.items() if v is not None}}

    return {"sqs__get_queue_attributes": answer}


@pytest.mark.parametrize("every", [False, True], ids=["event", "sweep"])
@pytest.mark.parametrize(
    ("answers", "status", "words"),
    [
        pytest.param(queues(), GOOD, "dead", id="good"),
        pytest.param(queues(dead=None), BAD, "does not exist", id="deleted"),
        pytest.param(
            queues(work={"RedrivePolicy": None}), BAD, "no dead-letter queue", id="no policy"
        ),
        pytest.param(
            queues(work={"RedrivePolicy": worlds.redrive(most="5")}), GOOD, "5", id="a text"
        ),
        pytest.param(queues(work={"RedrivePolicy": "[]"}), UNKNOWN, "understood", id="odd"),
        pytest.param(
            queues(dead={"RedriveAllowPolicy": '{"redrivePermission": "denyAll"}'}),
            BAD, "does not allow the queue", id="shut out",
        ),
        pytest.param(
            queues(dead={"MessageRetentionPeriod": "60"}), BAD, "1 minute", id="a minute"
        ),
    ],
)  # fmt: skip
def test_the_redrive_policy_of_a_queue(every, answers, status, words):
    if every:
        found = swept(app.queue_redrive, **answers)["work"]
    else:
        found = verdict(app.queue_redrive, "work", **answers)
    assert found.status is status, found.reason
    assert words in found.reason


def test_a_queue_that_is_gone_has_no_finding_of_its_own():
    answers = queues(work=None)
    assert verdict(app.queue_redrive, "work", **answers) is None


# -- topics, rules, schedules, pipes --------------------------------------------------------------


@pytest.mark.parametrize("every", [False, True], ids=["event", "sweep"])
@pytest.mark.parametrize(
    ("attributes", "status"),
    [
        ({"RedrivePolicy": worlds.redrive(most=None)}, GOOD),
        ({}, BAD),
        ({"RedrivePolicy": "{}"}, BAD),
    ],
)
def test_the_redrive_policy_of_a_subscription(every, attributes, status):
    answers = {"sns__get_subscription_attributes": {"Attributes": attributes}}
    if every:
        found = swept(app.subscription_failures, **answers)["alerts"]
    else:
        found = verdict(app.subscription_failures, "alerts", **answers)
    assert found.status is status, found.reason


def test_a_subscription_that_was_deleted_since_it_was_listed():
    gone = error("NotFound", 404)
    found = verdict(app.subscription_failures, "alerts", sns__get_subscription_attributes=gone)
    assert found.status is NA


HTTPS = {**worlds.SUBSCRIBED, "Protocol": "https", "Endpoint": "https://example.com/"}


@pytest.mark.parametrize(
    ("endpoint", "status"),
    [
        ("https://global.sns-api.chatbot.amazonaws.com", NA),
        ("https://events.pagerduty.com/integration/0123/enqueue", BAD),
    ],
)
@pytest.mark.parametrize("rule", [app.subscription_failures, app.subscription_retries])
def test_a_chat_room_is_read_by_people(rule, endpoint, status):
    found = verdict(
        rule,
        "alerts",
        sns__list_subscriptions_by_topic={"Subscriptions": [HTTPS | {"Endpoint": endpoint}]},
        sns__get_subscription_attributes={
            "Attributes": {"DeliveryPolicy": '{"healthyRetryPolicy": {"numRetries": 0}}'}
        },
    )
    assert found.status is status, found.reason


@pytest.mark.parametrize(
    ("policy", "status"),
    [
        ('{"healthyRetryPolicy": {"numRetries": 0}}', BAD),
        ('{"healthyRetryPolicy": {"numRetries": 3}}', GOOD),
        ('{"healthyRetryPolicy": null}', GOOD),
        ("", GOOD),
    ],
)
def test_the_delivery_policy_of_a_web_address(policy, status):
    attributes = {"EffectiveDeliveryPolicy": policy} if policy else {}
    found = verdict(
        app.subscription_retries,
        "alerts",
        sns__list_subscriptions_by_topic={"Subscriptions": [HTTPS]},
        sns__get_subscription_attributes={"Attributes": attributes},
    )
    assert found.status is status, found.reason


def test_lost_messages_are_critical():
    answers = {
        "sns__get_subscription_attributes": {"Attributes": {}},
        "cloudwatch__get_metric_data": worlds.losing("NumberOfNotificationsFailed"),
    }
    for found in (
        verdict(app.subscription_failures, "alerts", **answers),
        swept(app.subscription_failures, **answers)["alerts"],
    ):
        assert (found.status, found.severity) == (BAD, Severity.CRITICAL)


BUSES = {
    "events__list_event_buses": {"EventBuses": [{"Name": "default"}, {"Name": "orders"}]},
    "events__list_rules": lambda EventBusName: {  # noqa: N803
        "Rules": [{**worlds.LISTED_RULE, "Name": "paid", "EventBusName": EventBusName}]
    },
}


def test_the_rules_of_each_bus():
    found = swept(app.rule_retries, **BUSES)
    assert set(found) == {"paid", "orders/paid"}
    arn = load(RuleTargets, EVENT_RULE.name, "orders/paid", worlds.fake_account().but(**BUSES)).arn
    assert arn == f"arn:aws:events:{HOME}:{ACCOUNT_ID}:rule/orders/paid"


@pytest.mark.parametrize("bus", ["default", "orders"])
def test_lost_events_of_a_rule_are_found_under_its_bus(bus):
    seen = []

    def said(namespace, metric, statistic, dimensions, begin, seconds):
        seen.append(dict(dimensions))
        return 1.0 if metric == "FailedInvocations" else None

    found = verdict(
        app.rule_failures,
        "paid" if bus == "default" else "orders/paid",
        **BUSES,
        events__list_targets_by_rule={"Targets": [{"Id": "a", "Arn": worlds.FUNCTION}]},
        cloudwatch__get_metric_data=worlds.get_metric_data(said),
    )
    assert found.severity is Severity.CRITICAL
    named = {"RuleName": "paid"} if bus == "default" else {"RuleName": "paid", "EventBusName": bus}
    assert named in seen


@pytest.mark.parametrize(
    "about", [{"State": "DISABLED"}, {"ManagedBy": "autoscaling.amazonaws.com"}]
)
@pytest.mark.parametrize("every", [False, True], ids=["event", "sweep"])
def test_targets_that_do_not_matter_are_not_read(about, every):
    listed = {**worlds.LISTED_RULE, **about}
    account = worlds.fake_account().but(
        events__list_rules={"Rules": [listed]}, events__describe_rule=listed
    )
    found = (
        scan(account, [app.rule_failures])[0].finding
        if every
        else observe(account, app.rule_failures, "hourly").finding
    )
    assert found.status is NA
    assert ("events", "list_targets_by_rule") not in account.calls


@pytest.mark.parametrize(
    ("policy", "status"),
    [({}, GOOD), ({"MaximumRetryAttempts": 0}, BAD), ({"MaximumRetryAttempts": 185}, GOOD)],
)
def test_the_retry_policies_of_rules_and_schedules(policy, status):
    targets = {"Targets": [worlds.target(RetryPolicy=policy)]}
    found = verdict(app.rule_retries, "hourly", events__list_targets_by_rule=targets)
    assert found.status is status
    schedule = worlds.schedule(RetryPolicy=policy)
    found = verdict(app.schedule_retries, "default", scheduler__get_schedule=schedule)
    assert found.status is status


def test_no_more_schedules_are_read_than_the_setting_says():
    listed = [{**worlds.LISTED_SCHEDULE, "Name": f"s{n}"} for n in range(5)]
    listed.append({**worlds.LISTED_SCHEDULE, "Name": "off", "State": "DISABLED"})
    account = worlds.fake_account().but(scheduler__list_schedules={"Schedules": listed})
    found = observe(account, app.schedule_failures, "default", most_schedules=3).finding
    assert found.status is UNKNOWN
    assert "2 more" in found.reason
    assert account.calls.count(("scheduler", "get_schedule")) == 3
    found = observe(account, app.schedule_failures, "default").finding
    assert found.status is GOOD


def test_a_schedule_group_that_does_not_exist():
    gone = error("ResourceNotFoundException", 404)
    found = verdict(app.schedule_failures, "default", scheduler__get_schedule_group=gone)
    assert found is None


def test_a_pipe_of_another_kind():
    queue = {**worlds.pipe(), "Source": worlds.WORK, "SourceParameters": {}}
    found = verdict(app.pipe_failures, "clicks", pipes__describe_pipe=queue)
    assert found.status is NA
    assert "queue-redrive" in found.reason
    outside = {**worlds.pipe(), "Source": "smk://broker:9092"}
    found = verdict(app.pipe_failures, "clicks", pipes__describe_pipe=outside)
    assert found.status is NA


# -- the queue behind --------------------------------------------------------------------------------


def test_a_key_that_is_named_by_its_alias():
    found = verdict(app.rule_failures, "hourly", **queues(dead={"KmsMasterKeyId": "alias/queues"}))
    assert found.status is GOOD, found.reason


def test_the_key_of_sqs_lets_no_service_in():
    metadata = dict(worlds.fake_account().answers["kms", "describe_key"]["KeyMetadata"])
    found = verdict(
        app.rule_failures,
        "hourly",
        kms__describe_key={"KeyMetadata": metadata | {"KeyManager": "AWS"}},
        **queues(dead={"KmsMasterKeyId": "alias/aws/sqs"}),
    )
    assert found.status is BAD
    assert "alias/aws/sqs" in found.reason


# -- state machines -------------------------------------------------------------------------------


def test_what_runs_is_the_version_of_the_alias():
    retried = worlds.definition(Work=worlds.task(worlds.RETRY))
    bare = worlds.definition(Work=worlds.task())

    def described(**params):
        is_version = params["stateMachineArn"].endswith(":7")
        return worlds.machine(bare if is_version else retried)

    account = worlds.fake_account().but(stepfunctions__describe_state_machine=described)
    type_ = "AWS::StepFunctions::StateMachine"
    texts = load(RunDefinitions, type_, worlds.MACHINE, account).texts
    assert texts == {LATEST: retried, "live → 7": bare}
    found = observe(account, app.state_machine_backoff, worlds.MACHINE).finding
    assert found.status is BAD
    assert "live → 7" in found.reason


def test_a_version_that_gets_nothing_does_not_matter():
    routes = [
        {"stateMachineVersionArn": f"{worlds.MACHINE}:7", "weight": 0},
        {"stateMachineVersionArn": f"{worlds.MACHINE}:8", "weight": 100},
    ]
    account = worlds.fake_account().but(
        stepfunctions__describe_state_machine_alias={
            **worlds.ALIAS,
            "routingConfiguration": routes,
        }
    )
    type_ = "AWS::StepFunctions::StateMachine"
    assert set(load(RunDefinitions, type_, worlds.MACHINE, account).texts) == {LATEST, "live → 8"}


def test_a_kafka_topic_that_failures_are_sent_to_is_not_visible():
    into = worlds.mapping(
        EventSourceArn=f"arn:aws:kafka:{HOME}:{ACCOUNT_ID}:cluster/orders/1",
        DestinationConfig={"OnFailure": {"Destination": "kafka://failed-orders"}},
    )
    answers = {
        "lambda__get_event_source_mapping": into,
        "lambda__list_event_source_mappings": {"EventSourceMappings": [into]},
    }
    for found in (
        verdict(app.event_source_failures, worlds.UUID, **answers),
        swept(app.event_source_failures, **answers)[worlds.UUID],
    ):
        assert found.status is UNKNOWN
        assert "kafka://failed-orders, a Kafka topic, which no API of AWS shows" in found.reason


@pytest.mark.parametrize("rule", [app.state_machine_backoff, app.state_machine_retries])
def test_a_state_machine_that_is_being_deleted_needs_no_retries(rule):
    """It may wait for its executions for a year, and starts none."""
    bare = worlds.machine(worlds.definition(Work=worlds.task()))
    account = worlds.fake_account().but(
        stepfunctions__describe_state_machine={**bare, "status": "DELETING"}
    )
    assert observe(account, rule, worlds.MACHINE).finding is None


# -- what is not what it seems ------------------------------------------------------------------


def once(expression, **about):
    return worlds.schedule() | {"ScheduleExpression": expression} | about


@pytest.mark.parametrize("dead", [worlds.DEAD, ""], ids=["dead letters", "no dead letters"])
@pytest.mark.parametrize(
    ("schedule", "is_over"),
    [
        pytest.param(once("rate(1 hour)"), False, id="it goes on"),
        pytest.param(once("at(2026-12-01T09:00:00)"), False, id="its moment is ahead"),
        pytest.param(once("at(2026-11-01T09:00:00)"), False, id="it may still be tried again"),
        pytest.param(once("at(2021-05-01T09:00:00)"), True, id="its moment has passed"),
        pytest.param(once("rate(1 hour)", EndDate=NOON - timedelta(days=3)), True, id="ended"),
        pytest.param(once("rate(1 hour)", EndDate=NOON + timedelta(days=3)), False, id="will end"),
    ],
)
def test_a_schedule_that_never_runs_again(schedule, is_over, dead):
    target = schedule["Target"] | {"DeadLetterConfig": {"Arn": dead} if dead else {}}
    found = verdict(
        app.schedule_failures, "default", scheduler__get_schedule=schedule | {"Target": target}
    )
    assert found.status is (NA if is_over else GOOD if dead else BAD), found.reason
    assert ("1 that never run again" in found.reason) is is_over


FOREIGN = worlds.DEAD.replace(ACCOUNT_ID, "444455556666")


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (error("AccessDenied", 403), UNKNOWN, "belongs to account 444455556666"),
        (error("AWS.SimpleQueueService.NonExistentQueue"), UNKNOWN, "does not show it"),
        (error("ThrottlingException"), UNKNOWN, "sqs:GetQueueAttributes was throttled"),
        ({"MessageRetentionPeriod": "1209600", "Policy": worlds.INTO_DEAD}, BAD, "does not let"),
        (
            {
                "MessageRetentionPeriod": "1209600",
                "KmsMasterKeyId": "alias/theirs",
                "Policy": worlds.policy(worlds.allow("events", "sqs:SendMessage")),
            },
            UNKNOWN,
            "a key of another account",
        ),
    ],
    ids=["denied", "hidden", "throttled", "shown", "its own key"],
)
def test_the_dead_letter_queue_of_another_account(answer, status, words):
    def attributes(**params):
        if isinstance(answer, Exception):
            return answer
        return {"Attributes": {k: v for k, v in answer.items() if k in params["AttributeNames"]}}

    account = worlds.fake_account().but(
        sqs__get_queue_attributes=attributes,
        events__list_targets_by_rule={
            "Targets": [worlds.target(DeadLetterConfig={"Arn": FOREIGN})]
        },
        kms__describe_key=error("NotFoundException"),
    )
    found = observe(account, app.rule_failures, "hourly").finding
    assert (found.status, words in found.reason) == (status, True), found.reason


@pytest.mark.parametrize(
    ("protocol", "endpoint", "said"),
    [
        ("https", "https://events.pagerduty.com/integration/0123abcd/enqueue", "events.pagerduty"),
        ("https", "https://user:0123abcd@hooks.example.com:8443/in?key=0123abcd", "hooks.example"),
        ("http", "http://10.0.0.8/0123abcd", "10.0.0.8"),
        ("sqs", worlds.WORK, "sqs work"),
    ],
)
def test_an_endpoint_is_named_without_its_keys(protocol, endpoint, said):
    subscribed = worlds.SUBSCRIBED | {"Protocol": protocol, "Endpoint": endpoint}
    found = verdict(
        app.subscription_failures,
        "alerts",
        sns__list_subscriptions_by_topic={"Subscriptions": [subscribed]},
        sns__get_subscription_attributes={"Attributes": {}},
    )
    assert (found.status, said in found.reason) == (BAD, True), found.reason
    assert "0123abcd" not in found.reason


BUS = f"arn:aws:events:{HOME}:{ACCOUNT_ID}:event-bus/failures"
OTHER_BUS = BUS.replace(ACCOUNT_ID, "444455556666")
OTHER_FUNCTION = f"{worlds.FUNCTION}-failed"
BINS = "arn:aws:s3:::failed-batches"


def has(*names):
    """Only these buckets, buses and functions exist."""

    def bus(**params):
        found = params["Name"] in names
        return {"Name": params["Name"]} if found else error("ResourceNotFoundException")

    def function(**params):
        found = params["FunctionName"] in {"agent", *names}
        return worlds.function() if found else error("ResourceNotFoundException", 404)

    return {
        "s3__list_buckets": {"Buckets": [{"Name": name} for name in names]},
        "s3__get_bucket_policy": error("NoSuchBucketPolicy", 404),
        "s3__get_bucket_encryption": error("ServerSideEncryptionConfigurationNotFoundError", 404),
        "events__describe_event_bus": bus,
        "events__list_rules": {
            "Rules": [{"Name": "failed", "EventPattern": '{"source":["lambda"]}'}]
        },
        "lambda__get_function_configuration": function,
    }


@pytest.mark.parametrize("kind", ["asynchronous", "stream"])
@pytest.mark.parametrize(
    ("destination", "exists", "status", "words"),
    [
        pytest.param(BUS, has("failures"), GOOD, "", id="a bus"),
        pytest.param(BUS, has(), BAD, "The event bus arn", id="a bus that is gone"),
        pytest.param(OTHER_BUS, has(), UNKNOWN, "not of this account", id="a bus of others"),
        pytest.param(BINS, has("failed-batches"), GOOD, "", id="a bucket"),
        pytest.param(
            BINS, has("failed-batches-2"), UNKNOWN, "not of this", id="no bucket of ours"
        ),
        pytest.param(OTHER_FUNCTION, has("agent-failed"), GOOD, "", id="a function"),
        pytest.param(OTHER_FUNCTION, has(), BAD, "The function arn", id="a function that is gone"),
        pytest.param(
            BUS,
            has() | {"events__describe_event_bus": error("AccessDeniedException", 403)},
            UNKNOWN,
            "events:DescribeEventBus was denied",
            id="a bus that may not be looked at",
        ),
    ],
)
def test_what_failures_are_sent_to_exists(kind, destination, exists, status, words):
    if kind == "asynchronous":
        configs = {"FunctionEventInvokeConfigs": [worlds.invoke_config(destination=destination)]}
        rule, id = app.asynchronous_failures, "agent"
        answers = {"lambda__list_function_event_invoke_configs": configs}
    else:
        failed = {"OnFailure": {"Destination": destination}}
        rule, id = app.event_source_failures, worlds.UUID
        answers = {"lambda__get_event_source_mapping": worlds.mapping(DestinationConfig=failed)}
    found = verdict(rule, id, **answers, **exists)
    assert (found.status, words in found.reason) == (status, True), found.reason
