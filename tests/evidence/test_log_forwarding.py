"""Where the events of log groups go, as four services tell it."""

from __future__ import annotations

import json

import pytest

from readiness import Unreadable
from readiness.evidence.cloudwatch.log_groups import ActiveLogGroups
from readiness.evidence.logs import AccountSubscriptions, Subscription
from readiness.evidence.oam import Link, LogLinks
from readiness.evidence.observabilityadmin import Centralization, CentralizationRules
from readiness.evidence.organizations import Organization
from readiness.evidence.workloads.log_forwarding import LOG_GROUP, LogForwarding, Route
from readiness.model.evidence import ACCOUNT, REGION
from readiness.model.unreadable import Gone, NotOffered
from tests.accounts import compliance_logging as accounts
from tests.accounts.compliance_logging import (
    CENTRAL,
    GROUP,
    LINK,
    ORGANIZATION,
    active,
    central_rule,
    central_summary,
    group,
    link,
    listed,
    organization,
    subscription,
)
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, error, evaluation

HERE = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
LIST, GET = (
    "observabilityadmin__list_centralization_rules_for_organization",
    "observabilityadmin__get_centralization_rule_for_organization",
)


def read(cls, account=None, about=HERE, **answers):
    account = (account or accounts.fake_account()).but(**answers)
    return evaluation(account, []).aws.evidence(cls, about).evidence


def forwarding(account=None, *, central=(), name=GROUP, **answers):
    account = (account or accounts.fake_account()).but(**answers)
    about = LOG_GROUP.resource(ACCOUNT_ID, HOME, name)
    settings = {"central_account_ids": central}
    aws = evaluation(account, []).aws
    return aws.evidence(LogForwarding, about, settings).evidence, account


# -- each service ---------------------------------------------------------------------------------


def test_log_groups_that_get_events():
    listing = active(GROUP)
    listing["Metrics"].append({"Namespace": "AWS/Logs", "MetricName": "IncomingLogEvents"})
    assert read(ActiveLogGroups, cloudwatch__list_metrics=listing).names == {GROUP}


def policy(
    criteria="", pattern=None, destination="arn:aws:lambda:us-east-1:111122223333:function:f"
):
    document = {"DestinationArn": destination, "Distribution": "Random"}
    if pattern is not None:
        document["FilterPattern"] = pattern
    about = {"policyName": "all", "policyDocument": json.dumps(document)}
    return about | ({"selectionCriteria": criteria} if criteria else {})


def test_subscription_filters_of_the_account():
    asked = []

    def describe(**params):
        asked.append(params)
        return {"accountPolicies": [policy('LogGroupName NOT IN ["x"]', "ERROR"), policy()]}

    first, second = read(AccountSubscriptions, logs__describe_account_policies=describe).all
    assert asked == [{"policyType": "SUBSCRIPTION_FILTER_POLICY"}]
    assert first == Subscription("all", policy_destination(), "ERROR", 'LogGroupName NOT IN ["x"]')
    assert (first.forwards_everything, second.forwards_everything) == (False, True)


def policy_destination():
    return json.loads(policy()["policyDocument"])["DestinationArn"]


def test_links_that_share_log_groups():
    metrics = link() | {"Arn": LINK + "2", "ResourceTypes": ["AWS::CloudWatch::Metric"]}
    shared = link("LogGroupName = 'x'")
    answers = {
        "oam__list_links": {"Items": [listed(metrics), listed(shared)]},
        "oam__get_link": shared,
    }
    assert read(LogLinks, **answers).all == (Link(LINK, CENTRAL, "LogGroupName = 'x'"),)


def test_a_link_without_a_filter_and_one_that_is_gone():
    answers = {"oam__list_links": {"Items": [listed(link())]}}
    assert read(LogLinks, oam__get_link=link(), **answers).all == (Link(LINK, CENTRAL),)
    gone = error("ResourceNotFoundException")
    assert read(LogLinks, oam__get_link=gone, **answers).all == ()


def test_an_account_in_no_organization():
    everything = ACCOUNT.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
    assert read(Organization, about=everything) == Organization()
    answer = organization(CENTRAL)
    assert read(
        Organization, about=everything, organizations__describe_organization=answer
    ) == Organization(ORGANIZATION, CENTRAL)


def rules(summary=None, rule=None, management=ACCOUNT_ID):
    return read(
        CentralizationRules,
        **{
            "organizations__describe_organization": organization(management),
            LIST: {"CentralizationRuleSummaries": [summary or central_summary()]},
            GET: rule or central_rule(),
        },
    )


def with_source(**changes):
    rule = central_rule()
    rule["CentralizationRule"]["Source"] |= changes
    return rule


RULE = Centralization("logs", CENTRAL, "*")


@pytest.mark.parametrize(
    ("summary", "rule", "found"),
    [
        pytest.param(None, None, (RULE,), id="for the organization"),
        pytest.param(
            None,
            with_source(Scope=f"AccountId IN ('{ACCOUNT_ID}')"),
            (RULE,),
            id="for this account",
        ),
        pytest.param(None, with_source(Scope=f"AccountId = '{CENTRAL}'"), (), id="for another"),
        pytest.param(
            None,
            with_source(Scope="OUId = 'ou-1'"),
            (Centralization("logs", CENTRAL, "*", is_certain=False),),
            id="for a unit",
        ),
        pytest.param(None, with_source(Regions=["eu-west-1"]), (), id="of another region"),
        pytest.param(central_summary(RuleHealth="Unhealthy"), None, (), id="that does not work"),
        pytest.param(
            central_summary(RuleHealth="Provisioning"),
            None,
            (Centralization("logs", CENTRAL, "*", is_certain=False),),
            id="that is being set up",
        ),
        pytest.param(
            None,
            central_rule(DataSourceSelectionCriteria="DataSourceName = 'x'"),
            (Centralization("logs", CENTRAL, "*", is_certain=False),),
            id="of some sources",
        ),
        pytest.param(
            None,
            central_rule(EncryptedLogGroupStrategy="SKIP"),
            (Centralization("logs", CENTRAL, "*", with_encrypted=False),),
            id="without encrypted groups",
        ),
        pytest.param(None, error("ResourceNotFoundException"), (), id="that is gone"),
    ],
)
def test_centralization_rules(summary, rule, found):
    assert rules(summary, rule).all == found


def test_a_rule_of_metrics_only():
    rule = central_rule()
    del rule["CentralizationRule"]["Source"]["SourceLogsConfiguration"]
    assert rules(rule=rule).all == ()


def test_a_delegated_administrator_sees_the_rules_as_the_management_account_does():
    assert rules(management=CENTRAL) == rules()
    assert rules(management=CENTRAL).all


def test_rules_are_denied_to_any_other_member_which_is_no_missing_permission():
    answers = {
        "organizations__describe_organization": organization(CENTRAL),
        LIST: error("AccessDeniedException", 400),
    }
    assert read(CentralizationRules, **answers) == CentralizationRules(are_shown=False)
    with pytest.raises(Unreadable):
        read(CentralizationRules, **{**answers, LIST: error("TooManyRequestsException", 429)})
    answers["organizations__describe_organization"] = organization()
    with pytest.raises(Unreadable):
        read(CentralizationRules, **answers)


def test_an_account_in_no_organization_has_no_rules_and_is_not_asked():
    assert read(CentralizationRules) == CentralizationRules(are_shown=True)


# -- destinations -----------------------------------------------------------------------------


def to(destination, **answers):
    account = accounts.passed_on_within(destination).but(**answers)
    settings = {"central_account_ids": ()}
    group = LOG_GROUP.resource(ACCOUNT_ID, HOME, GROUP)
    [route] = evaluation(account, []).aws.evidence(LogForwarding, group, settings).evidence.routes
    return route


NOT_THERE = error("ResourceNotFoundException", 404)


@pytest.mark.parametrize(
    ("destination", "answers", "why"),
    [
        (accounts.FUNCTION_ARN, {}, ""),
        (
            accounts.FUNCTION_ARN,
            {"lambda__get_function_configuration": NOT_THERE},
            "does not exist",
        ),
        (accounts.STREAM_ARN, {}, ""),
        (accounts.STREAM_ARN, {"kinesis__describe_stream_summary": NOT_THERE}, "does not exist"),
        (accounts.DELIVERY_ARN, {}, ""),
        (
            accounts.DELIVERY_ARN,
            {"firehose__describe_delivery_stream": NOT_THERE},
            "does not exist",
        ),
        (
            accounts.DELIVERY_ARN,
            {"firehose__describe_delivery_stream": accounts.delivery_stream("DELETING")},
            "is DELETING",
        ),
        (accounts.DESTINATION_ARN, {}, ""),
        (
            accounts.DESTINATION_ARN,
            {"logs__describe_destinations": {"destinations": [{"destinationName": "logs-2"}]}},
            "does not exist",
        ),
        (
            accounts.DESTINATION_ARN,
            {"kinesis__describe_stream_summary": NOT_THERE},
            "which does not exist",
        ),
        (accounts.DESTINATION_ARN.replace(ACCOUNT_ID, CENTRAL), {}, ""),
        ("arn:aws:es:us-east-1:111122223333:domain/logs", {}, ""),
    ],
)
def test_whether_the_destination_of_a_filter_exists(destination, answers, why):
    route = to(destination, **answers)
    assert bool(route.lost) is bool(why)
    assert route.lost.endswith(f"{why}." if why else "")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_destination_that_cannot_be_read_is_not_known(fault):
    with pytest.raises(Unreadable):
        to(accounts.FUNCTION_ARN, lambda__get_function_configuration=FAULTS[fault])


@pytest.mark.parametrize("fault", FAULTS)
def test_an_unreadable_organization_is_no_answer(fault):
    with pytest.raises(Unreadable):
        read(CentralizationRules, organizations__describe_organization=FAULTS[fault])


# -- one log group --------------------------------------------------------------------------------

NONE = {"subscriptionFilters": []}


def with_policy(*policies):
    return {
        "logs__describe_account_policies": {"accountPolicies": list(policies)},
        "logs__describe_subscription_filters": NONE,
    }


def test_its_own_filter():
    seen, _ = forwarding()
    assert seen.routes == (Route("the subscription filter to-central", CENTRAL),)
    assert (seen.is_active, seen.is_forwarders, seen.rules_are_shown) == (True, False, True)


def test_a_filter_with_a_pattern():
    here = subscription(fieldSelectionCriteria="@aws.region = 'eu-west-1'")
    answer = {"subscriptionFilters": [subscription("ERROR"), subscription(" "), here]}
    seen, _ = forwarding(logs__describe_subscription_filters=answer)
    assert [route.is_whole for route in seen.routes] == [False, True, False]


@pytest.mark.parametrize(
    ("criteria", "group_class", "certain"),
    [
        pytest.param("", "STANDARD", [True], id="all groups"),
        pytest.param(f'LogGroupName NOT IN ["{GROUP}"]', "STANDARD", [], id="but this one"),
        pytest.param("unknown", "STANDARD", [False], id="not understood"),
        pytest.param("", "ESSENTIALS", [False], id="a class that may have none"),
        pytest.param("", "INFREQUENT_ACCESS", [], id="a class that has none"),
    ],
)
def test_the_accounts_filter(criteria, group_class, certain):
    described = {"logGroups": [group(logGroupClass=group_class)]}
    seen, _ = forwarding(logs__describe_log_groups=described, **with_policy(policy(criteria)))
    assert [route.is_certain for route in seen.routes] == certain


@pytest.mark.parametrize(
    ("destination", "own"),
    [
        pytest.param("arn:aws:lambda:us-east-1:111122223333:function:agent", True, id="function"),
        pytest.param(
            "arn:aws:lambda:us-east-1:111122223333:function:agent:live", True, id="its alias"
        ),
        pytest.param("arn:aws:lambda:us-east-1:111122223333:function:x", False, id="another"),
        pytest.param("arn:aws:kinesis:us-east-1:111122223333:stream/agent", False, id="stream"),
        pytest.param("", False, id="none"),
    ],
)
def test_the_log_group_of_the_forwarder(destination, own):
    seen, _ = forwarding(**with_policy(policy(destination=destination)))
    assert seen.is_forwarders is own


def test_the_log_group_of_a_delivery_stream():
    name = "/aws/kinesisfirehose/logs"
    arn = "arn:aws:firehose:us-east-1:111122223333:deliverystream/logs"
    described = {"logGroups": [group(name)]}
    seen, _ = forwarding(
        name=name,
        logs__describe_log_groups=described,
        cloudwatch__list_metrics=active(name),
        **with_policy(policy(destination=arn)),
    )
    assert seen.is_forwarders


@pytest.mark.parametrize(
    ("criteria", "certain"),
    [
        pytest.param("LogGroupName LIKE '/aws/lambda/%'", [True], id="shared"),
        pytest.param("LogGroupName = 'x'", [], id="not shared"),
        pytest.param("unknown", [False], id="not understood"),
    ],
)
def test_a_link(criteria, certain):
    shared = link(criteria)
    seen, _ = forwarding(
        logs__describe_subscription_filters=NONE,
        oam__list_links={"Items": [listed(shared)]},
        oam__get_link=shared,
    )
    assert [route.is_certain for route in seen.routes] == certain


@pytest.mark.parametrize(
    ("strategy", "key", "found"),
    [
        pytest.param("SKIP", "arn:aws:kms:us-east-1:111122223333:key/1", [], id="encrypted"),
        pytest.param("SKIP", None, ["logs"], id="not encrypted"),
        pytest.param("ALLOW", "arn:aws:kms:us-east-1:111122223333:key/1", ["logs"], id="allowed"),
    ],
)
def test_a_centralization_rule(strategy, key, found):
    about = group(**({"kmsKeyId": key} if key else {}))
    seen, _ = forwarding(
        **{
            "organizations__describe_organization": organization(),
            "logs__describe_subscription_filters": NONE,
            "logs__describe_log_groups": {"logGroups": [about]},
            LIST: {"CentralizationRuleSummaries": [central_summary()]},
            GET: central_rule(EncryptedLogGroupStrategy=strategy),
        }
    )
    assert [route.what.rpartition(" ")[2] for route in seen.routes] == found


ASKED = ("logs", "describe_subscription_filters")


@pytest.mark.parametrize(
    ("answers", "central", "asked"),
    [
        pytest.param({}, (), True, id="nothing else passes it on"),
        pytest.param({"cloudwatch__list_metrics": active()}, (), False, id="idle"),
        pytest.param(with_policy(policy()), (), False, id="the account's filter does"),
        pytest.param(with_policy(policy(pattern="ERROR")), (), True, id="only a part"),
        pytest.param(with_policy(policy("unknown")), (), True, id="perhaps"),
        pytest.param(with_policy(policy()), (CENTRAL,), True, id="elsewhere"),
        pytest.param(
            {"logs__describe_log_groups": {"logGroups": [group(logGroupClass="DELIVERY")]}},
            (),
            False,
            id="it can have none",
        ),
    ],
)
def test_its_own_filters_are_asked_for_only_where_they_decide(answers, central, asked):
    _, account = forwarding(central=central, **answers)
    assert (ASKED in account.calls) is asked


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({"cloudwatch__list_metrics": active()}, id="idle"),
        pytest.param(
            {"logs__describe_log_groups": {"logGroups": [group(logGroupClass="DELIVERY")]}},
            id="only passes on",
        ),
    ],
)
def test_nothing_more_is_asked_of_what_is_not_judged(answers):
    _, account = forwarding(**answers)
    assert set(account.calls) == {("logs", "describe_log_groups"), ("cloudwatch", "list_metrics")}


class Elsewhere:
    """A reader of a region without OAM, centralization and Organizations."""

    account, region, settings = ACCOUNT_ID, HOME, {"central_account_ids": ()}

    def of(self, cls, about):
        if cls in {LogLinks, CentralizationRules}:
            raise NotOffered("oam:ListLinks", "oam", HOME)
        return read(cls, about=about)

    def home(self, _):
        return HOME

    def one(self, service, operation, **_):
        raise NotOffered(f"{service}:{operation}", service, HOME)

    def every(self, service, operation, key, **_):
        assert (service, operation) == ASKED
        return [subscription()]


def test_a_region_without_some_of_the_services():
    seen = LogForwarding.load(Elsewhere(), LOG_GROUP.resource(ACCOUNT_ID, HOME, GROUP))
    assert [route.account for route in seen.routes] == [CENTRAL]
    everything = ACCOUNT.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
    assert Organization.load(Elsewhere(), everything) == Organization()


def test_a_log_group_deleted_since_it_was_listed():
    with pytest.raises(Gone):
        forwarding(logs__describe_subscription_filters=error("ResourceNotFoundException"))
