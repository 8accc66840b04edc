"""What a write call costs: which headings it wakes, and how many requests they make of AWS.

A deployment tool makes these calls in numbers, and the account's own deployments live from the
same rates. The numbers are those of the fake accounts: one function with one alias, and for the
calls that used to look at every resource, 300 functions.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from readiness.engine.doubts import unconcerned
from readiness.engine.events import changes_of, resolve_targets
from readiness.engine.follow import follow
from readiness.engine.shared_answers import SharedAnswers
from readiness.evidence.workloads.data_stores import DataStores
from readiness.model.evidence import ApiCall, declared
from readiness_cli.catalogue import headings, rules
from tests.account_variants import module_of
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error, evaluation

MANY = 300
ALIAS = {"Aliases": [{"Name": "live", "FunctionVersion": "1"}]}


def event(service, name, /, **request):
    detail = {
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": HOME,
        "recipientAccountId": ACCOUNT_ID,
        "requestParameters": request,
    }
    return {
        "id": "1",
        "detail-type": "AWS API Call via CloudTrail",
        "account": ACCOUNT_ID,
        "region": HOME,
        "detail": detail,
    }


@dataclass(frozen=True)
class Woken:
    """What an event made the headings do."""

    verdicts: dict[str, int]
    requests: Counter[str]

    def of(self, service):
        return sum(n for name, n in self.requests.items() if name.startswith(f"{service}:"))


def world_of(folder) -> FakeAccount:
    """A heading's account, its function with an alias, and beside it 299 others."""
    fake_account = module_of(folder).fake_account()
    key = ("lambda", "list_aliases")
    if key in fake_account.answers:
        fake_account.answers[key] = ALIAS
    listed = fake_account.answers.get(("lambda", "list_functions"))
    if listed:
        [function, *_] = listed["Functions"]
        others = [{**function, "FunctionName": f"agent-{n}"} for n in range(1, MANY)]
        fake_account.answers["lambda", "list_functions"] = {"Functions": [function, *others]}
    return fake_account


class _Unaliased(dict[str, list[object]]):
    """What the sweep of the day knows of any function: that no alias leads to a version."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> list[object]:
        return []


class _Swept:
    """The answers of a day on which the sweep asked for the aliases of all functions."""

    def daily(self, question, now, ask):
        return _Unaliased() if question.startswith("lambda:ListAliases") else ask()

    def amend(self, question, now, changes):
        """Nothing reads it afterwards."""


def woken_by(happened) -> Woken:
    """Let every heading follow the event, as its function does."""
    verdicts, requests = {}, Counter()
    for heading in headings():
        seen = resolve_targets(happened, heading)
        if not seen.targets:
            continue
        fake_account = world_of(heading.folder)
        widely = any(target.id is None for target in seen.targets)
        run = evaluation(fake_account, heading, bulk=widely, now=NOON)
        run.aws.daily_cache = _Swept()
        concerned = seen.targets - unconcerned(seen, run.aws)
        if concerned:
            verdicts[heading.folder] = len(list(follow(run, heading, concerned)))
        requests.update(f"{service}:{operation}" for service, operation in fake_account.calls)
    return Woken(verdicts, requests)


def test_new_code_wakes_what_depends_on_code():
    woken = woken_by(event("lambda", "UpdateFunctionCode20150331v2", functionName="agent"))
    assert set(woken.verdicts) == {"lambda_deployment", "resource_sizing"}
    assert len(woken.verdicts) <= 3
    assert woken.of("lambda") <= 12
    assert sum(woken.requests.values()) <= 24  # one each of CloudWatch and CloudFront


def test_a_scaling_target_wakes_the_one_thing_it_scales():
    woken = woken_by(
        event(
            "autoscaling",
            "RegisterScalableTarget",
            serviceNamespace="lambda",
            resourceId="function:agent:live",
        )
    )
    assert woken.verdicts == {"resource_sizing": 1}
    assert woken.of("lambda") <= 5


OF_A_SERVICE = "TargetTracking-service/agents/web-AlarmHigh-0f0e1d2c-3b4a-5968-7788-99aabbccddee"
SERVICE_ARN = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/agents/web"


@pytest.mark.parametrize(
    ("name", "alarms", "scaled"),
    [
        pytest.param("DeleteAlarms", [OF_A_SERVICE], SERVICE_ARN, id="of a service"),
        pytest.param("DisableAlarmActions", [OF_A_SERVICE], SERVICE_ARN, id="without actions"),
        pytest.param(
            "DeleteAlarms",
            ["x", OF_A_SERVICE.replace("service/agents/web", "table/jobs/index/by-day")],
            "jobs",
            id="of an index of a table",
        ),
        pytest.param(
            "DeleteAlarms",
            [OF_A_SERVICE.replace("service/agents/web", "web-group")],
            "web-group",
            id="of an Auto Scaling group",
        ),
        pytest.param("DeleteAlarms", ["service/agents/web-high"], None, id="of nobody"),
    ],
)
def test_an_alarm_of_target_tracking_wakes_what_it_scales(name, alarms, scaled):
    happened = event("monitoring", name, alarmNames=alarms)
    happened["detail"]["userIdentity"] = {"arn": f"arn:aws:iam::{ACCOUNT_ID}:user/ana"}
    of_scaling = {
        target.id
        for heading in headings()
        for target in resolve_targets(happened, heading).targets
        if target.rule.startswith("resource_sizing.") and target.rule.endswith("-scaling")
    }
    assert of_scaling - {None} == ({scaled} if scaled else set())


def _stepped(*alarms: str, kind: str = "StepScaling") -> dict[str, Any]:
    """A policy with alarms, without the members in which the two kinds of Auto Scaling differ."""
    found = [{"AlarmName": name, "AlarmARN": f"arn:{name}"} for name in alarms]
    return {"PolicyName": "out", "PolicyType": kind, "Alarms": found}


@pytest.mark.parametrize(
    ("of_groups", "of_services", "looked_at"),
    [
        pytest.param([_stepped("web-high")], [], {"group-scaling"}, id="named"),
        pytest.param([_stepped()], [], {"group-scaling"}, id="without an alarm"),
        pytest.param([_stepped("other")], [], set(), id="of another alarm"),
        pytest.param([_stepped(kind="TargetTrackingScaling")], [], set(), id="of no steps"),
        pytest.param([], [_stepped("web-high")], {"service-scaling"}, id="of a service"),
        pytest.param([], [], set(), id="without policies"),
    ],
)
@pytest.mark.parametrize("name", ["DeleteAlarms", "DisableAlarmActions", "EnableAlarmActions"])
def test_an_alarm_of_step_scaling_wakes_what_may_have_lost_it(
    name, of_groups, of_services, looked_at
):
    account = FakeAccount(
        {
            ("autoscaling", "describe_policies"): {"ScalingPolicies": of_groups},
            ("application-autoscaling", "describe_scaling_policies"): lambda ServiceNamespace: {  # noqa: N803
                "ScalingPolicies": [
                    each
                    | {
                        "PolicyARN": "arn:aws:autoscaling:out",
                        "ServiceNamespace": "ecs",
                        "ResourceId": "service/agents/web",
                        "ScalableDimension": "ecs:service:DesiredCount",
                        "CreationTime": NOON,
                    }
                    for each in (of_services if ServiceNamespace == "ecs" else ())
                ]
            },
        }
    )
    woken, doubted = concerned(event("monitoring", name, alarmNames=["web-high"]), account)
    scaled = {each.rule for each in woken if each.rule.startswith("resource_sizing.")}
    assert {rule.partition(".")[2] for rule in scaled} & {
        "group-scaling",
        "service-scaling",
        "reader-scaling",
    } == looked_at
    assert doubted <= 3


def _group(name: str, zones: str) -> dict[str, Any]:
    return {
        "AutoScalingGroupName": name,
        "MinSize": 2,
        "MaxSize": 4,
        "DesiredCapacity": 2,
        "DefaultCooldown": 300,
        "AvailabilityZones": [f"{HOME}{zone}" for zone in zones],
        "HealthCheckType": "EC2",
        "CreatedTime": NOON,
    }


@pytest.mark.parametrize(
    ("name", "groups", "are_looked_at"),
    [
        pytest.param("kafka-a", {"kafka-a": "a", "kafka-b": "b"}, True, id="changed"),
        pytest.param("kafka-a", {"kafka-b": "b"}, True, id="deleted"),
        pytest.param("kafka-a", {"kafka-a": "a", "web": "ab"}, False, id="of no other"),
        pytest.param("kafka-a", {"kafka-a": "a", "mail-b": "b"}, False, id="with another duty"),
        pytest.param("kafka-a", {"web": "ab"}, False, id="deleted, and no other needs one"),
    ],
)
def test_a_group_wakes_those_it_stands_in_for(name, groups, are_looked_at):
    described = [_group(each, zones) for each, zones in groups.items()]
    account = FakeAccount(
        {("autoscaling", "describe_auto_scaling_groups"): {"AutoScalingGroups": described}}
    )
    call = "UpdateAutoScalingGroup" if name in groups else "DeleteAutoScalingGroup"
    woken, doubted = concerned(event("autoscaling", call, autoScalingGroupName=name), account)
    ids = {each.id for each in woken if each.rule == "high_availability.auto-scaling-group-zones"}
    assert ids == ({name, None} if are_looked_at else {name})
    assert doubted <= 1


def test_scaling_another_service_asks_lambda_nothing():
    woken = woken_by(
        event(
            "autoscaling",
            "PutScalingPolicy",
            serviceNamespace="dynamodb",
            resourceId="table/jobs",
        )
    )
    assert woken.verdicts == {"resource_sizing": 1}
    assert woken.of("lambda") == 0


def alarm_changed():
    return {
        "id": "1",
        "detail-type": "CloudWatch Alarm Configuration Change",
        "account": ACCOUNT_ID,
        "region": HOME,
        "detail": {"alarmName": "agent-errors", "operation": "update"},
    }


def item_changed(type_="AWS::CloudWatch::Alarm", id="agent-errors", *changed, kind="UPDATE"):
    """A configuration item, with the properties that Config says have changed, if it tells."""
    item = {"resourceType": type_, "resourceId": id, "resourceName": id}
    told = {"changeType": kind, "changedProperties": {name: {} for name in changed}}
    return {
        "id": "1",
        "detail-type": "Config Configuration Item Change",
        "account": ACCOUNT_ID,
        "region": HOME,
        "detail": {
            "configurationItem": item,
            **({"configurationItemDiff": told} if changed else {}),
        },
    }


def test_an_alarm_that_changed_has_everything_judged_once():
    """CloudWatch tells at once; CloudTrail and Config tell the same again."""
    call = event("monitoring", "PutMetricAlarm", alarmName="agent-errors")
    everything = woken_by(alarm_changed())
    assert sum(everything.verdicts.values()) > MANY
    for again in (call, item_changed()):
        woken = woken_by(again)
        # two rules on how the alarm is configured, and one on whether it was proven since
        assert sum(woken.verdicts.values()) <= 3
        assert woken.of("lambda") == 0


ALARMS_ARE_PICKED = json.dumps({"detail-type": ["CloudWatch Alarm State Change"]})
ORDERS_ARE_PICKED = json.dumps({"source": ["shop"], "detail-type": ["Order Paid"]})
BUSES = f"arn:aws:events:{HOME}:{ACCOUNT_ID}:event-bus/"


def _rules(EventBusName, NamePrefix=""):  # noqa: N803
    pages = {"Name": "pages", "State": "DISABLED", "EventPattern": ALARMS_ARE_PICKED}
    on_default = [
        {"Name": "nightly", "ScheduleExpression": "rate(1 day)"},
        {"Name": "orders", "EventPattern": ORDERS_ARE_PICKED},
        pages,
    ]
    by_bus = {"default": on_default, "ops": [{**pages, "Name": "on"}], "shop": [pages]}
    found = by_bus[EventBusName.rpartition("/")[2]]
    return {"Rules": [each for each in found if each["Name"].startswith(NamePrefix)]}


WITH_RULES = FakeAccount(
    {
        ("events", "list_rules"): _rules,
        ("events", "list_targets_by_rule"): {"Targets": [{"Id": "1", "Arn": f"{BUSES}ops"}]},
    }
)


def concerned(happened, fake_account):
    """What an event turns out to concern, and the most that a heading asked to find out."""
    found, most = set(), 0
    for heading in headings():
        seen = resolve_targets(happened, heading)
        before = len(fake_account.calls)
        run = evaluation(fake_account, heading, bulk=False, now=NOON)
        found |= seen.targets - unconcerned(seen, run.aws)
        most = max(most, len(fake_account.calls) - before)
    return found, most


@pytest.mark.parametrize(
    ("name", "request_", "is_about_alarms"),
    [
        pytest.param("PutRule", {"eventPattern": ALARMS_ARE_PICKED}, True, id="made for alarms"),
        pytest.param(
            "PutRule",
            {"eventPattern": ALARMS_ARE_PICKED, "state": "DISABLED"},
            True,
            id="switched off as a template does it",
        ),
        pytest.param("PutRule", {"eventPattern": ORDERS_ARE_PICKED}, False, id="for other events"),
        pytest.param("PutRule", {"scheduleExpression": "rate(1 day)"}, False, id="a schedule"),
        pytest.param(
            "PutRule",
            {"eventPattern": ALARMS_ARE_PICKED, "eventBusName": "shop"},
            False,
            id="on a bus that gets no alarms",
        ),
        pytest.param(
            "PutRule",
            {"eventPattern": ALARMS_ARE_PICKED, "eventBusName": f"{BUSES}ops"},
            True,
            id="on a bus that a rule sends alarms to",
        ),
        pytest.param("PutRule", {"eventPattern": '{"source": 5}'}, True, id="garbled"),
        pytest.param("PutRule", {"eventPattern": '{"$or": 5}'}, True, id="no alternatives"),
        pytest.param("DisableRule", {"name": "pages"}, True, id="switched off"),
        pytest.param("DisableRule", {"name": "orders"}, False, id="one of orders, switched off"),
        pytest.param("DisableRule", {"name": "page"}, True, id="the beginning of another name"),
        pytest.param("DisableRule", {}, True, id="without a name"),
        pytest.param("DisableRule", {"name": "r", "eventBusName": "shop"}, False, id="elsewhere"),
        pytest.param("DisableRule", {"name": "on", "eventBusName": "ops"}, True, id="one beyond"),
        pytest.param("EnableRule", {"name": "pages", "eventBusName": "default"}, True, id="on"),
        pytest.param("PutTargets", {"rule": "pages", "targets": []}, True, id="other targets"),
        pytest.param("PutTargets", {"rule": "nightly", "targets": []}, False, id="of a schedule"),
        pytest.param("PutTargets", {"rule": "orders", "targets": []}, False, id="of orders"),
        pytest.param("RemoveTargets", {"rule": "pages", "ids": ["1"]}, True, id="fewer targets"),
        pytest.param("RemoveTargets", {"rule": "orders", "ids": ["1"]}, False, id="of one fewer"),
        pytest.param("RemoveTargets", {"rule": "old", "ids": ["1"]}, True, id="deleted meanwhile"),
    ],
)
def test_an_event_rule_that_may_hand_alarms_on_has_them_judged(name, request_, is_about_alarms):
    woken, doubted = concerned(event("events", name, **request_), WITH_RULES)
    by_alarms = {each.rule for each in woken if each.rule.startswith("alarms.") and not each.id}
    assert bool(by_alarms) is is_about_alarms
    if is_about_alarms:
        assert {"alarms.alarm-destinations", "alarms.lambda-errors"} <= by_alarms
    # whether one call concerns the alarms costs a heading at most a listing of targets
    assert doubted <= 3


PAGER = f"arn:aws:events:{HOME}:{ACCOUNT_ID}:api-destination/pagerduty/0f0e"
TO = {
    "default": (
        f"{BUSES}ops",
        f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:pager:live",
        PAGER,
    ),
    "ops": (f"arn:aws:sns:{HOME}:{ACCOUNT_ID}:on-call",),
}
WITH_TARGETS = WITH_RULES.but(
    events__list_targets_by_rule=lambda EventBusName, Rule: {  # noqa: N803
        "Targets": [{"Id": str(n), "Arn": arn} for n, arn in enumerate(TO[EventBusName])]
    },
    events__list_api_destinations={
        "ApiDestinations": [
            {
                "ApiDestinationArn": arn,
                "ConnectionArn": f"arn:aws:events:{HOME}:{ACCOUNT_ID}:connection/{name}/0f0e",
            }
            for arn, name in ((PAGER, "key"), (PAGER.replace("pagerduty", "shop"), "shop-key"))
        ]
    },
)
ON_CALL = f"arn:aws:sns:{HOME}:{ACCOUNT_ID}:on-call"


@pytest.mark.parametrize(
    ("service", "name", "request_", "is_about_alarms"),
    [
        pytest.param("lambda", "DeleteFunction20150331", {"functionName": "pager"}, True, id="a"),
        pytest.param(
            "lambda",
            "RemovePermission20150331v2",
            {"functionName": f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:pager"},
            True,
            id="its policy",
        ),
        pytest.param(
            "lambda",
            "DeleteFunction20150331",
            {"functionName": f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:agent"},
            False,
            id="another function",
        ),
        pytest.param("sns", "DeleteTopic", {"topicArn": ON_CALL}, True, id="a topic beyond a bus"),
        pytest.param(
            "sns", "Unsubscribe", {"subscriptionArn": f"{ON_CALL}:0f0e"}, True, id="its listener"
        ),
        pytest.param("sns", "DeleteTopic", {"topicArn": f"{ON_CALL}-2"}, False, id="another one"),
        pytest.param("sns", "DeleteTopic", {}, True, id="told nothing"),
        pytest.param("events", "DeleteApiDestination", {"name": "pagerduty"}, True, id="address"),
        pytest.param("events", "UpdateApiDestination", {"name": "shop"}, False, id="of a shop"),
        pytest.param("events", "DeauthorizeConnection", {"name": "key"}, True, id="its key"),
        pytest.param("events", "DeleteConnection", {"name": "shop-key"}, False, id="another key"),
    ],
)
def test_what_a_rule_sends_alarms_to_has_them_judged(service, name, request_, is_about_alarms):
    woken, doubted = concerned(event(service, name, **request_), WITH_TARGETS)
    assert ("alarms.http-api-errors" in {each.rule for each in woken}) is is_about_alarms
    assert doubted <= 5


def test_where_event_rules_cannot_be_read_the_look_at_alarms_says_so():
    happened = event("events", "PutTargets", rule="orders", targets=[])
    denied = WITH_RULES.but(events__list_rules=error("AccessDeniedException"))
    woken, _ = concerned(happened, denied)
    assert "alarms.lambda-errors" in {each.rule for each in woken}


MOST_BY_SETTING = {
    # parameter → (headings, requests, Lambda's among them). What concerns credentials, the
    # network, size, traces and the timeout is asked of each version that an alias leads to as well,
    # or that an event source mapping names by number, which the headings ask for together.
    "description": (1, 15, 8),
    "memorySize": (3, 28, 13),
    "timeout": (3, 48, 18),
    "vpcConfig": (5, 75, 23),
    "layers": (5, 65, 14),
    "loggingConfig": (6, 85, 20),
    "tracingConfig": (4, 51, 14),
    "deadLetterConfig": (3, 55, 25),
    "environment": (11, 130, 35),
}


@pytest.mark.parametrize("parameter", MOST_BY_SETTING)
def test_a_new_setting_wakes_what_depends_on_it(parameter):
    """A deployment tool that sends every setting each time wakes all of them: see MOST."""
    most = MOST_BY_SETTING[parameter]
    changed = {"functionName": "agent", parameter: {}}
    woken = woken_by(event("lambda", "UpdateFunctionConfiguration20150331v2", **changed))
    cost = (len(woken.verdicts), sum(woken.requests.values()), woken.of("lambda"))
    assert "lambda_deployment" in woken.verdicts
    assert all(is_ <= at_most for is_, at_most in zip(cost, most, strict=True)), cost


# -- configuration items, which come minutes after the call ----------------------------------------


def targets_of(happened):
    """The rules that an event has evaluated, for one resource (True) or for all of them."""
    return {
        (target.rule, target.id is not None)
        for heading in headings()
        for target in resolve_targets(happened, heading).targets
    }


def function_item(*changed, kind="UPDATE"):
    return item_changed("AWS::Lambda::Function", "agent", *changed, kind=kind)


STAMPS = ("Configuration.LastModified", "Configuration.RevisionId", "Relationships.0")
TOLD = [
    pytest.param(["Configuration.Timeout"], {"timeout": 9}, id="timeout"),
    pytest.param(["Configuration.MemorySize"], {"memorySize": 9}, id="memory"),
    pytest.param(["Configuration.KmsKeyArn"], {"kMSKeyArn": "k"}, id="key"),
    pytest.param(["Configuration.Description"], {"description": ""}, id="description"),
    pytest.param(
        ["Configuration.VpcConfig.SubnetIds.0", "Configuration.TracingConfig.Mode"],
        {"vpcConfig": {}, "tracingConfig": {}},
        id="two of them, by their parts",
    ),
]


@pytest.mark.parametrize(("changed", "set_"), TOLD)
def test_an_item_wakes_what_the_call_does_that_it_tells_of(changed, set_):
    name = "UpdateFunctionConfiguration20150331v2"
    by_call = targets_of(event("lambda", name, functionName="agent", **set_))
    assert targets_of(function_item(*changed, *STAMPS)) == by_call
    assert 0 < len(by_call) < len(targets_of(function_item()))


def test_an_item_of_new_code_wakes_what_new_code_does():
    changed = ("Configuration.CodeSha256", "Configuration.CodeSize", "Configuration.State")
    by_call = targets_of(event("lambda", "UpdateFunctionCode20150331v2", functionName="agent"))
    assert targets_of(function_item(*changed, *STAMPS)) == by_call


@pytest.mark.parametrize(
    "untold",
    [
        pytest.param(function_item("Configuration.Novel", "Configuration.Timeout"), id="novel"),
        pytest.param(function_item("SupplementaryConfiguration.Policy"), id="its policy"),
        pytest.param(function_item("Tags.team"), id="a tag"),
        pytest.param(function_item(*STAMPS), id="only that something did"),
        pytest.param(function_item("Configuration.Timeout", kind="CREATE"), id="it is new"),
        pytest.param(function_item("Configuration", kind="DELETE"), id="it is gone"),
    ],
)
def test_an_item_that_does_not_tell_the_call_wakes_everything_about_it(untold):
    everything = targets_of(function_item())
    assert targets_of(untold) == everything
    assert len(everything) > 40


@pytest.mark.parametrize("type_", ["AWS::S3::Bucket", "AWS::RDS::DBInstance"])
def test_what_only_counts_resources_is_woken_by_new_and_deleted_ones(type_):
    def woken(kind):
        item = item_changed(type_, "jobs", "Configuration.Novel", kind=kind)
        return {rule for rule, is_one in targets_of(item) if not is_one}

    counting = {id for id, rule in rules().items() if DataStores in rule.evidence}
    assert counting <= woken("CREATE") & woken("DELETE")
    assert counting
    assert not counting & woken("UPDATE")


def test_config_is_answered_for_every_item():
    """A Config rule is asked about the resource, and waits for an answer whatever changed."""
    detail = function_item("Configuration.Description")["detail"]
    invoking = {**detail, "messageType": "ConfigurationItemChangeNotification"}
    asked = {"invokingEvent": json.dumps(invoking), "resultToken": "t", "accountId": ACCOUNT_ID}
    assert targets_of(asked) == targets_of(function_item())


def test_each_property_of_an_item_has_a_call_that_something_depends_on():
    declarations = [declared(cls) for rule in rules().values() for cls in rule.evidence]
    known = {each.about for each in declarations if each.about.item_calls}
    assert {each.name for each in known} == {
        "AWS::DynamoDB::Table",
        "AWS::ECS::Service",
        "AWS::Lambda::Function",
    }
    for about in known:
        changes = [c for each in declarations if each.about is about for c in changes_of(each)]
        calls = [change for change in changes if isinstance(change, ApiCall)]
        for property_, call in about.item_calls.items():
            assert property_ == property_.lower()
            assert call is None or any(each.matches(call.source, call.name) for each in calls)


# -- what scales all day ---------------------------------------------------------------------------

TABLE = {"tableName": "jobs"}


@pytest.mark.parametrize(
    "happened",
    [
        event("dynamodb", "UpdateTable", **TABLE, provisionedThroughput={"readCapacityUnits": 5}),
        event("dynamodb", "UpdateTable", **TABLE, globalSecondaryIndexUpdates=[{"update": {}}]),
        item_changed(
            "AWS::DynamoDB::Table", "jobs", "Configuration.ProvisionedThroughput.ReadCapacityUnits"
        ),
    ],
    ids=["a table", "its index", "its item"],
)
def test_the_throughput_of_a_table_wakes_the_one_rule_that_shows_it(happened):
    woken = woken_by(happened)
    assert woken.verdicts == {"resource_sizing": 1}
    assert woken.of("dynamodb") == 1


@pytest.mark.parametrize(
    "set_",
    [
        {"billingMode": "PROVISIONED", "provisionedThroughput": {"readCapacityUnits": 5}},
        {"globalSecondaryIndexUpdates": [{"update": {}}, {"create": {}}]},
        {"globalSecondaryIndexUpdates": [{"delete": {}}]},
        {"globalSecondaryIndexUpdates": []},
        {"sSESpecification": {}},
        {},
    ],
    ids=["how it is paid", "a new index", "one index less", "garbled", "its key", "nothing told"],
)
def test_whatever_else_a_table_is_told_wakes_all_about_it(set_):
    woken = targets_of(event("dynamodb", "UpdateTable", **TABLE, **set_))
    assert len({rule.partition(".")[0] for rule, _ in woken}) >= 8


@pytest.mark.parametrize("name", ["CreateDBCluster", "RestoreDBClusterFromSnapshot"])
def test_the_members_of_a_multi_az_cluster_are_made_with_it(name):
    def woken(**sent):
        return {
            rule for rule, _ in targets_of(event("rds", name, dBClusterIdentifier="it", **sent))
        }

    assert "encryption.database-tls" in woken(dBClusterInstanceClass="db.r6gd.large")
    assert "encryption.database-tls" not in woken(engine="aurora-mysql")


def test_an_item_of_a_service_that_scaled_wakes_what_scaling_does():
    arn = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/agents/web"
    happened = event("ecs", "UpdateService", cluster="agents", service="web", desiredCount=5)
    happened["detail"]["responseElements"] = {"service": {"serviceArn": arn}}
    item = item_changed("AWS::ECS::Service", arn, "Configuration.DesiredCount")
    assert targets_of(item) == targets_of(happened)


MOST = {
    # call → (headings, requests, Lambda's among them). Whether an alias can go back is asked after
    # each deployment: five requests of CodeDeploy, and of Lambda the versions and who invokes them.
    # Which versions CloudFront and event source mappings name by number takes two more.
    # What an alias leads to decides which versions have their variables and networks judged.
    # Every setting at once, as CloudFormation sends them, or none that is told.
    ("lambda", "UpdateFunctionConfiguration20150331v2"): (15, 221, 65),
    ("lambda", "PublishVersion20150331"): (2, 29, 13),
    # Callers reach another version, with variables, a network, tracing and a timeout of its own.
    ("lambda", "UpdateAlias20150331"): (11, 178, 61),
    ("lambda", "AddPermission20150331v2"): (6, 90, 31),
    ("lambda", "PutFunctionConcurrency20171031"): (2, 32, 13),
    # Also whether an alarm invokes the policy that scales it, and which schedule does.
    ("lambda", "PutProvisionedConcurrencyConfig20190930"): (2, 22, 11),
}


@pytest.mark.parametrize(("service", "name"), MOST, ids=lambda part: part)
def test_a_call_about_one_function_costs_no_more(service, name):
    headings_, requests, of_lambda = MOST[service, name]
    woken = woken_by(event(service, name, functionName="agent"))
    assert len(woken.verdicts) <= headings_
    assert sum(woken.requests.values()) <= requests
    assert woken.of("lambda") <= of_lambda


class Rows:
    """The rows that the headings share about one event."""

    def __init__(self):
        self.rows = {}

    def put_item(self, *, TableName, Item, ConditionExpression=""):  # noqa: N803
        key = Item["at"]["S"]
        if ConditionExpression and key in self.rows:
            raise error("ConditionalCheckFailedException")
        self.rows[key] = Item

    def get_item(self, *, TableName, Key, ConsistentRead):  # noqa: N803
        assert ConsistentRead
        return {"Item": self.rows[Key["at"]["S"]]} if Key["at"]["S"] in self.rows else {}


def follows(heading, fake_account, happened, rows):
    """What a heading says after an event, and what it asked."""
    seen = resolve_targets(happened, heading)
    widely = any(target.id is None for target in seen.targets)
    run = evaluation(fake_account, heading, bulk=widely, now=NOON)
    run.aws.daily_cache = _Swept()
    run.aws.shared = SharedAnswers(rows, "transitions", "1", lambda: NOON, wait=lambda _: None)
    before = len(fake_account.calls)
    said = [
        (each.rule.id, each.resource.key, each.finding and each.finding.config_hash)
        for each in follow(run, heading, seen.targets)
    ]
    return said, [f"{service}:{name}" for service, name in fake_account.calls[before:]]


SHARING = {
    # call → requests, Lambda's among them, of all the headings that it wakes at the same moment;
    # where functions have variables, each heading reads the configuration itself
    ("lambda", "UpdateFunctionConfiguration20150331v2"): (155, 20),
    ("lambda", "UpdateAlias20150331"): (125, 24),
    ("lambda", "AddPermission20150331v2"): (65, 12),
}


@pytest.mark.parametrize(("service", "name"), SHARING, ids=lambda part: part)
def test_what_the_headings_ask_alike_after_one_event_is_asked_once(service, name):
    happened, rows, asked = event(service, name, functionName="agent"), Rows(), []
    for heading in headings():
        if resolve_targets(happened, heading).targets:
            asked += follows(heading, world_of(heading.folder), happened, rows)[1]
    requests, of_lambda = SHARING[service, name]
    assert len(asked) <= requests
    assert sum(each.startswith("lambda:") for each in asked) <= of_lambda


EVERY_SETTING = event("lambda", "UpdateFunctionConfiguration20150331v2", functionName="agent")
WOKEN = [each for each in headings() if resolve_targets(EVERY_SETTING, each).targets]


@pytest.mark.parametrize("heading", WOKEN, ids=lambda each: each.folder)
def test_a_shared_answer_leads_to_the_verdict_of_an_own_one(heading):
    fake_account, rows = world_of(heading.folder), Rows()
    own, asked = follows(heading, fake_account, EVERY_SETTING, rows)
    shared, again = follows(heading, fake_account, EVERY_SETTING, rows)
    assert shared == own
    # who refers to what is read anew, and so are configurations with values of variables
    unshared = sum("given_up" in row for row in rows.rows.values())
    assert again.count("lambda:get_function_configuration") <= unshared
    assert len(again) < len(asked)


def test_scaling_a_service_wakes_what_depends_on_the_number_of_tasks():
    """Application Auto Scaling sets it all day, and ECS's calls are few too."""
    happened = event("ecs", "UpdateService", cluster="agents", service="web", desiredCount=5)
    happened["detail"]["responseElements"] = {
        "service": {"serviceArn": f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/agents/web"}
    }
    woken = woken_by(happened)
    assert set(woken.verdicts) == {
        "cost_optimization",
        "ecs_deployment",
        "high_availability",
        "resource_sizing",
    }
    assert woken.of("ecs") <= 12
    assert sum(woken.requests.values()) <= 40
