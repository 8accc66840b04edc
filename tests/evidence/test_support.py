"""What AWS says of the plan, of who is on call, and of who listens to a topic."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from functions.support.app import escalation_policy, pager_subscribed, support_plan
from readiness import Status
from readiness.evidence.sns.pagers import PagingTopic
from readiness.evidence.sns.topics import TOPIC
from readiness.evidence.ssm_contacts import LOOKED_AHEAD, EscalationPlans
from readiness.evidence.support import SupportPlan
from readiness.model.evidence import ACCOUNT
from tests.accounts import support as worlds
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, error, evaluation, observe, scan

THIS = ACCOUNT.resource(ACCOUNT_ID, "", ACCOUNT_ID)
ALARMS = TOPIC.resource(ACCOUNT_ID, HOME, "alarms")


def of(fake_account: FakeAccount, cls: type[Any], resource: Any, *, bulk: bool = False) -> Any:
    aws = evaluation(fake_account, [support_plan, escalation_policy, pager_subscribed], bulk=bulk)
    return aws.aws.evidence(cls, resource).evidence


# -- the plan -------------------------------------------------------------------------------------


def test_the_plan_is_asked_for_in_the_home_region():
    plan = of(worlds.fake_account(), SupportPlan, THIS)
    assert plan.highest == "critical"


def test_an_account_without_a_plan_has_none():
    plan = of(worlds.without_a_plan(), SupportPlan, THIS)
    assert plan == SupportPlan()
    assert not plan.highest


def test_an_answer_without_levels_says_nothing_of_the_plan():
    fake_account = worlds.fake_account().but(
        support__describe_severity_levels={"severityLevels": []}
    )
    finding = evaluation(fake_account, [support_plan]).observe(support_plan, THIS).finding
    assert finding.status is Status.INSUFFICIENT_DATA
    assert "no severity levels" in finding.reason


# -- who is on call -------------------------------------------------------------------------------


def plans(fake_account: FakeAccount) -> EscalationPlans:
    found: EscalationPlans = of(fake_account, EscalationPlans, THIS)
    return found


def test_stages_have_rotations_and_people():
    found = plans(worlds.fake_account())
    [plan] = found.engaged
    until = found.now + LOOKED_AHEAD
    assert [len(level) for level in plan.levels] == [2, 2]
    assert plan.uncovered(found.now, until) == timedelta(0)
    assert plan.of_one_person(found.now, until) == 0


def test_a_plan_that_no_response_plan_engages_is_told_apart():
    response = {
        "arn": worlds.RESPONSE,
        "name": "outage",
        "incidentTemplate": {"impact": 1, "title": "outage"},
    }
    found = plans(worlds.fake_account().but(**{"ssm-incidents__get_response_plan": response}))
    assert (found.engaged, found.others) == ((), ("oncall",))


@pytest.mark.parametrize("change", [{"ActivationStatus": "NOT_ACTIVATED"}, {"Type": "EMAIL"}])
def test_a_person_without_a_channel_that_wakes_is_never_on_call(change):
    def channels(*, ContactId: str) -> dict[str, Any]:  # noqa: N803
        answer = worlds.list_contact_channels(ContactId=ContactId)
        if ContactId == worlds.BOB:
            answer["ContactChannels"][0].update(change)
        return answer

    found = plans(worlds.fake_account().but(**{"ssm-contacts__list_contact_channels": channels}))
    [plan] = found.engaged
    until = found.now + LOOKED_AHEAD
    assert plan.uncovered(found.now, until) == LOOKED_AHEAD / 2
    assert plan.of_one_person(found.now, until) == 2


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param({"Stages": []}, id="engages nobody"),
        pytest.param(worlds.engaging(), id="a stage without a target"),
        pytest.param(worlds.engaging(f"{worlds.BOB}/2"), id="tries another channel"),
        pytest.param({}, id="no stages"),
    ],
)
def test_a_channel_that_the_plan_of_a_person_leaves_out_wakes_nobody(plan):
    def contact(*, ContactId: str) -> Any:  # noqa: N803
        answer = worlds.get_contact(ContactId=ContactId)
        return {**answer, "Plan": plan} if ContactId == worlds.BOB else answer

    found = plans(worlds.fake_account().but(**{"ssm-contacts__get_contact": contact}))
    [escalation] = found.engaged
    until = found.now + LOOKED_AHEAD
    assert escalation.uncovered(found.now, until) == LOOKED_AHEAD / 2
    assert escalation.of_one_person(found.now, until) == 2


def test_a_contact_that_was_deleted_is_nobody():
    def contact(*, ContactId: str) -> Any:  # noqa: N803
        if ContactId in {worlds.BOB, worlds.CAROL}:
            return error("ResourceNotFoundException")
        return worlds.get_contact(ContactId=ContactId)

    [plan] = plans(worlds.fake_account().but(**{"ssm-contacts__get_contact": contact})).engaged
    assert plan.levels[1] == ()


def test_an_account_without_plans_asks_no_further():
    fake_account = worlds.fake_account().but(**{"ssm-contacts__list_contacts": {"Contacts": []}})
    assert plans(fake_account).engaged == ()
    assert ("ssm-incidents", "list_response_plans") not in fake_account.calls


# -- who listens ----------------------------------------------------------------------------------


@pytest.mark.parametrize("bulk", [False, True])
@pytest.mark.parametrize("make", [worlds.fake_account, worlds.by_a_function])
def test_a_listing_says_what_a_single_read_says(make, bulk):
    assert of(make(), PagingTopic, ALARMS, bulk=bulk) == of(make(), PagingTopic, ALARMS)


def test_a_function_behind_a_queue_is_followed_to_its_secret():
    [listener] = of(worlds.by_a_function(), PagingTopic, ALARMS).listeners
    [function] = listener.functions
    assert (function.mapping, function.reserved, function.pages) == ("Enabled", 5, True)
    assert function.secrets == {"PAGERDUTY_SECRET_ID": ""}


@pytest.mark.parametrize(
    ("secret", "wrong"),
    [
        (error("ResourceNotFoundException"), "does not exist"),
        (
            {"ARN": worlds.SECRET, "Name": "pagerduty", "DeletedDate": worlds.NOON},
            "is being deleted",
        ),
        ({"ARN": worlds.SECRET, "Name": "pagerduty"}, "has no value"),
    ],
)
def test_a_secret_without_a_value(secret, wrong):
    fake_account = worlds.by_a_function().but(secretsmanager__describe_secret=secret)
    [listener] = of(fake_account, PagingTopic, ALARMS).listeners
    assert listener.functions[0].secrets == {"PAGERDUTY_SECRET_ID": wrong}


@pytest.mark.parametrize(
    ("variables", "asked"),
    [
        ({"PAGER_ARN": f"{worlds.SECRET}:routing_key::"}, [worlds.SECRET]),
        ({"PAGER_SECRET_ID": "pagerduty"}, ["pagerduty"]),
        ({"PAGER_ROUTING_KEY_PARAMETER_NAME": "/prod/pager"}, []),
        ({"PAGER_SECRET_ARN": f"arn:aws:ssm:{HOME}:{ACCOUNT_ID}:parameter/pager"}, []),
    ],
)
def test_which_variables_name_a_secret(variables, asked):
    seen = []

    def describe(*, SecretId: str) -> dict[str, Any]:  # noqa: N803
        seen.append(SecretId)
        return {"Name": "pagerduty", "VersionIdsToStages": {"v" * 32: ["AWSCURRENT"]}}

    fake_account = worlds.by_a_function().but(
        lambda__get_function_configuration={
            "FunctionName": "pager",
            "Environment": {"Variables": variables},
        },
        secretsmanager__describe_secret=describe,
    )
    of(fake_account, PagingTopic, ALARMS)
    assert seen == asked


def test_a_function_that_is_gone():
    fake_account = worlds.by_a_function().but(
        lambda__get_function_configuration=error("ResourceNotFoundException", 404)
    )
    [listener] = of(fake_account, PagingTopic, ALARMS).listeners
    assert listener.functions[0].state == "Missing"


def test_the_routing_key_of_a_message_broker_pages_nobody():
    fake_account = worlds.by_a_function().but(
        cloudwatch__describe_alarms=worlds.describe_alarms,
        lambda__list_event_source_mappings={
            "EventSourceMappings": [
                {
                    "EventSourceArn": worlds.QUEUE,
                    "FunctionArn": f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:relay:live",
                    "State": "Enabled",
                }
            ]
        },
        lambda__get_function_configuration={
            "FunctionName": "relay",
            "Environment": {"Variables": {"ROUTING_KEY": "orders.paid"}},
        },
    )
    [listener] = of(fake_account, PagingTopic, ALARMS).listeners
    assert [(each.name, each.pages) for each in listener.functions] == [("relay", False)]


def test_what_is_not_ours_is_not_followed():
    foreign = worlds.QUEUE.replace(ACCOUNT_ID, "444455556666")
    listed = {"Subscriptions": [worlds.subscribed("sqs", foreign)]}
    fake_account = worlds.fake_account().but(sns__list_subscriptions_by_topic=listed)
    [listener] = of(fake_account, PagingTopic, ALARMS).listeners
    assert listener.functions == ()
    assert ("lambda", "list_event_source_mappings") not in fake_account.calls


def test_subscribers_of_another_topic_are_not_asked_about():
    listed = {"Subscriptions": [worlds.subscribed("email", "ops@example.com")]}
    fake_account = worlds.fake_account().but(
        cloudwatch__describe_alarms={"MetricAlarms": [], "CompositeAlarms": []},
        sns__list_subscriptions_by_topic=listed,
    )
    assert of(fake_account, PagingTopic, ALARMS).listeners == ()
    assert ("sns", "get_subscription_attributes") not in fake_account.calls


PATTERN = json.loads(worlds.BRIDGE["EventPattern"])


@pytest.mark.parametrize("bulk", [False, True])
@pytest.mark.parametrize(
    ("changes", "status"),
    [
        pytest.param({}, Status.COMPLIANT, id="every alarm"),
        pytest.param({"State": "DISABLED"}, Status.NON_COMPLIANT, id="disabled"),
        pytest.param(
            {"EventPattern": json.dumps({k: v for k, v in PATTERN.items() if k != "detail"})},
            Status.COMPLIANT,
            id="every change",
        ),
        pytest.param(
            {"EventPattern": json.dumps(PATTERN | {"detail": {"state": {"value": ["OK"]}}})},
            Status.NON_COMPLIANT,
            id="what is over",
        ),
        pytest.param(
            {"EventPattern": json.dumps(PATTERN | {"detail": {"alarmName": ["down"]}})},
            Status.INSUFFICIENT_DATA,
            id="one alarm",
        ),
        pytest.param(
            {"EventPattern": json.dumps(PATTERN | {"resources": [{"prefix": "arn:aws"}]})},
            Status.INSUFFICIENT_DATA,
            id="some by their ARN",
        ),
        pytest.param(
            {"EventPattern": json.dumps(PATTERN | {"detail-type": ["EC2 Instance State"]})},
            Status.NON_COMPLIANT,
            id="other events",
        ),
        pytest.param(
            {"EventPattern": json.dumps({"source": ["aws.cloudwatch"]})},
            Status.COMPLIANT,
            id="all that CloudWatch sends",
        ),
        pytest.param(
            {"EventPattern": json.dumps(PATTERN | {"source": ["aws.ec2"]})},
            Status.NON_COMPLIANT,
            id="of another source",
        ),
        pytest.param(
            {"EventPattern": json.dumps(PATTERN | {"detail-type": [{"prefix": "CloudWatch Al"}]})},
            Status.COMPLIANT,
            id="by a prefix",
        ),
        pytest.param(
            {"EventPattern": json.dumps(PATTERN | {"account": [ACCOUNT_ID], "region": [HOME]})},
            Status.COMPLIANT,
            id="of this account and region",
        ),
        pytest.param(
            {
                "EventPattern": json.dumps(
                    {"detail": {"state": {"value": [{"anything-but": "OK"}]}}}
                )
            },
            Status.COMPLIANT,
            id="all but OK",
        ),
        pytest.param(
            {"EventPattern": "", "ScheduleExpression": "rate(1 day)"},
            Status.NON_COMPLIANT,
            id="a schedule",
        ),
        pytest.param({"EventPattern": "{"}, Status.NON_COMPLIANT, id="no pattern"),
    ],
)
def test_a_rule_that_hands_alarms_to_a_pager(changes, status, bulk):
    account = worlds.by_an_event_rule(**changes)
    if bulk:
        [seen] = scan(account, [pager_subscribed])
    else:
        seen = observe(account, pager_subscribed, "alarms")
    assert seen.finding.status is status, seen.finding.reason


def test_rules_are_asked_for_only_where_no_program_listens():
    account = worlds.fake_account()
    of(account, PagingTopic, ALARMS)
    assert ("events", "list_rules") not in account.calls


@pytest.mark.parametrize("bulk", [False, True])
def test_a_denied_listing_of_rules_is_no_lack_of_a_pager(bulk):
    account = worlds.by_an_event_rule().but(events__list_rules=error("AccessDeniedException"))
    seen = (
        scan(account, [pager_subscribed])
        if bulk
        else [observe(account, pager_subscribed, "alarms")]
    )
    [finding] = [each.finding for each in seen]
    assert (finding.status, finding.missing) == (Status.INSUFFICIENT_DATA, ("events:ListRules",))


def test_an_alarm_that_starts_an_incident_needs_no_pager_at_its_topic():
    def described(**params: Any) -> Any:
        answer = worlds.describe_alarms(**params)
        answer["MetricAlarms"][0]["AlarmActions"].append(worlds.RESPONSE)
        return answer

    account = worlds.by_an_event_rule(State="DISABLED").but(cloudwatch__describe_alarms=described)
    assert of(account, PagingTopic, ALARMS).incidents == ("errors",)
    finding = observe(account, pager_subscribed, "alarms").finding
    assert finding.status is Status.NOT_APPLICABLE


def test_a_pending_subscription_and_one_that_went_since():
    pending = {
        **worlds.subscribed("https", worlds.PAGER),
        "SubscriptionArn": "PendingConfirmation",
    }
    listed = {"Subscriptions": [pending, worlds.subscribed("https", worlds.PAGER)]}
    fake_account = worlds.fake_account().but(
        sns__list_subscriptions_by_topic=listed,
        sns__get_subscription_attributes=error("NotFound", 404),
    )
    [listener] = of(fake_account, PagingTopic, ALARMS).listeners
    assert not listener.subscription.confirmed


# -- denied ---------------------------------------------------------------------------------------


def test_a_denied_incident_manager_is_not_an_absent_one():
    fake_account = worlds.fake_account().but(
        **{"ssm-contacts__list_contacts": error("AccessDeniedException")}
    )
    finding = (
        evaluation(fake_account, [escalation_policy]).observe(escalation_policy, THIS).finding
    )
    assert finding.status is Status.INSUFFICIENT_DATA
    assert finding.missing == ("ssm-contacts:ListContacts",)
