"""Parameters without which AWS leaves out a part of the answer, and says nothing of it."""

from __future__ import annotations

from typing import Any

import pytest

from readiness.engine.page_sizes import PAGE_SIZES
from readiness.evidence.awslambda.functions import FUNCTION
from readiness.evidence.budgets import Budgets
from readiness.evidence.ec2.security_groups import SECURITY_GROUP, Attachments
from readiness.evidence.ec2.vpcs import VPC, VpcInterfaces
from readiness.evidence.s3.buckets import BUCKET
from readiness.evidence.sqs.dead_letters import DeadLetters
from readiness.evidence.sqs.queues import QUEUE
from readiness.evidence.stepfunctions import STATE_MACHINE, StateMachine
from readiness.evidence.workloads.tracing import FunctionTracing, WorkflowTracing
from readiness.model.evidence import ACCOUNT
from readiness.model.unreadable import Unreadable
from tests.accounts import alarms
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, evaluation

MACHINE = f"arn:aws:states:{HOME}:{ACCOUNT_ID}:stateMachine:order"
VIEW = f"arn:aws:billing::{ACCOUNT_ID}:billingview/"


def load(fake_account: FakeAccount, cls: Any, about: Any, id: str, *, bulk: bool = False) -> Any:
    aws = evaluation(fake_account, [], bulk=bulk).aws
    return aws.evidence(cls, about.resource(ACCOUNT_ID, HOME, id)).evidence


class Recorded:
    """An answer, and the parameters with which it was asked for."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.asked = answer, []

    def __call__(self, **params: Any) -> Any:
        self.asked.append(params)
        return self.answer


def test_queues_beyond_a_thousand():
    queues = Recorded({"QueueUrls": ["https://sqs/1/orders"]})
    aws = evaluation(FakeAccount({("sqs", "list_queues"): queues}), []).aws
    assert aws.find(QUEUE) == ["orders"]
    # Without a size of pages SQS ends a list at 1,000 and says nothing of the rest.
    assert PAGE_SIZES["sqs", "list_queues"] == ("MaxResults", 1000)


def test_sources_of_a_dead_letter_queue_beyond_a_thousand():
    sources = Recorded({"queueUrls": ["https://sqs/1/orders"]})
    fake_account = alarms.fake_account().but(sqs__list_dead_letter_source_queues=sources)
    assert "orders" in load(fake_account, DeadLetters, QUEUE, "dead").sources
    assert PAGE_SIZES["sqs", "list_dead_letter_source_queues"] == ("MaxResults", 1000)


def test_accounts_with_very_many_buckets_are_asked_page_by_page():
    buckets = Recorded({"Buckets": [{"Name": "data"}]})
    assert evaluation(FakeAccount({("s3", "list_buckets"): buckets}), []).aws.find(BUCKET) == [
        "data"
    ]
    assert buckets.asked == [{"BucketRegion": HOME}]
    assert PAGE_SIZES["s3", "list_buckets"] == ("MaxBuckets", 10_000)


INTERFACES = {
    "NetworkInterfaces": [
        {"NetworkInterfaceId": "eni-1", "VpcId": "vpc-1", "Groups": [{"GroupId": "sg-1"}]}
    ]
}


@pytest.mark.parametrize("bulk", [False, True], ids=["event", "sweep"])
@pytest.mark.parametrize(
    ("cls", "about", "id", "count"),
    [
        (Attachments, SECURITY_GROUP, "sg-1", lambda found: len(found.interfaces)),
        (VpcInterfaces, VPC, "vpc-1", lambda found: found.count),
    ],
    ids=["of a group", "of a VPC"],
)
def test_interfaces_that_an_account_setting_hides(cls, about, id, count, bulk):
    interfaces = Recorded(INTERFACES)
    fake_account = FakeAccount(
        {
            ("ec2", "describe_network_interfaces"): interfaces,
            ("ec2", "describe_security_groups"): {"SecurityGroups": [{"GroupId": "sg-1"}]},
            ("ec2", "describe_vpcs"): {"Vpcs": [{"VpcId": "vpc-1"}]},
        }
    )
    assert count(load(fake_account, cls, about, id, bulk=bulk)) == 1
    assert [each["IncludeManagedResources"] for each in interfaces.asked] == [True]


def older_sdk(
    fake_account: FakeAccount, service: str, operation: str, parameter: str, monkeypatch
) -> FakeAccount:
    """The world through an SDK that does not know a parameter."""
    model = fake_account.client(service)._operation(operation)
    members = {n: s for n, s in model.input_shape.members.items() if n != parameter}
    monkeypatch.setitem(model.input_shape.__dict__, "members", members)
    monkeypatch.setattr(
        fake_account.client(service)._model, "operation_model", lambda _, model=model: model
    )
    return fake_account


def test_an_sdk_that_cannot_ask_for_them_asks_without(monkeypatch):
    interfaces = Recorded(INTERFACES)
    fake_account = FakeAccount({("ec2", "describe_network_interfaces"): interfaces})
    older_sdk(
        fake_account, "ec2", "describe_network_interfaces", "IncludeManagedResources", monkeypatch
    )
    assert len(load(fake_account, Attachments, SECURITY_GROUP, "sg-1").interfaces) == 1
    assert "IncludeManagedResources" not in interfaces.asked[0]


@pytest.mark.parametrize("cls", [StateMachine, WorkflowTracing])
def test_a_definition_that_is_not_needed_takes_no_decryption(cls):
    machine = Recorded(
        {
            "stateMachineArn": MACHINE,
            "name": "order",
            "definition": "{}",
            "roleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/order",
            "type": "EXPRESS",
            "creationDate": 0,
        }
    )
    account = FakeAccount(
        {
            ("stepfunctions", "describe_state_machine"): machine,
            ("stepfunctions", "list_state_machine_aliases"): {"stateMachineAliases": []},
        }
    )
    load(account, cls, STATE_MACHINE, MACHINE)
    assert machine.asked == [{"stateMachineArn": MACHINE, "includedData": "METADATA_ONLY"}]


def test_mappings_of_an_alias_are_found_after_an_event():
    """Lambda lists them under the alias's name only."""
    name = f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:agent"
    function = {"FunctionName": "agent", "TracingConfig": {"Mode": "PassThrough"}}
    own = {"FunctionArn": f"{name}:live", "Queues": ["q"]}

    def mappings(FunctionName: str = "") -> dict[str, Any]:  # noqa: N803
        return {"EventSourceMappings": [] if FunctionName else [own]}

    fake_account = FakeAccount(
        {
            ("lambda", "get_function_configuration"): function,
            ("lambda", "list_event_source_mappings"): mappings,
            ("lambda", "get_policy"): {"Policy": '{"Statement": []}'},
        }
    )
    assert load(fake_account, FunctionTracing, FUNCTION, "agent").untraced == ("Amazon MQ",)


def dimension(key: str, *values: str, **more: Any) -> dict[str, Any]:
    return {"Dimensions": {"Key": key, "Values": list(values), **more}}


CREDITS = {"Not": dimension("RECORD_TYPE", "Credit", "Refund")}
MINE = dimension("LINKED_ACCOUNT", ACCOUNT_ID)
TAG = {"Tags": {"Key": "workload", "Values": ["agents"]}}


@pytest.mark.parametrize(
    ("about", "filters", "narrowed"),
    [
        pytest.param({}, {}, False, id="everything"),
        pytest.param({"CostFilters": {"Region": ["x"]}}, {"Region": ("x",)}, False, id="a filter"),
        pytest.param({"FilterExpression": CREDITS}, {}, False, id="without credits"),
        pytest.param(
            {"FilterExpression": CREDITS, "CostFilters": {"Region": ["x"]}},
            {},
            False,
            id="the expression counts",
        ),
        pytest.param(
            {"FilterExpression": {"Not": dimension("RECORD_TYPE", "Credit", "Usage")}},
            {},
            True,
            id="without usage",
        ),
        pytest.param(
            {"FilterExpression": dimension("RECORD_TYPE", "Usage", "DiscountedUsage", "Support")},
            {},
            False,
            id="charge types with usage",
        ),
        pytest.param(
            {"FilterExpression": dimension("RECORD_TYPE", "DiscountedUsage", "Tax")},
            {},
            True,
            id="charge types without usage",
        ),
        pytest.param({"CostFilters": {"Region": []}}, {}, False, id="a filter of nothing"),
        pytest.param({"FilterExpression": {"Not": MINE}}, {}, True, id="without this account"),
        pytest.param(
            {"FilterExpression": {"Or": [MINE, dimension("LINKED_ACCOUNT", "1")]}},
            {"LinkedAccount": (ACCOUNT_ID, "1")},
            False,
            id="one of two accounts",
        ),
        pytest.param(
            {"FilterExpression": {"Or": [MINE, dimension("REGION", "x")]}},
            {},
            True,
            id="an account or a region",
        ),
        pytest.param(
            {"FilterExpression": {"And": [CREDITS, MINE]}},
            {"LinkedAccount": (ACCOUNT_ID,)},
            False,
            id="this account",
        ),
        pytest.param(
            {"FilterExpression": TAG},
            {"TagKeyValue": ("user:workload$agents",)},
            False,
            id="a tag",
        ),
        pytest.param(
            {"FilterExpression": dimension("SERVICE", "AWS Lambda")},
            {"Service": ("AWS Lambda",)},
            False,
            id="a service",
        ),
        pytest.param(
            {"FilterExpression": dimension("SERVICE", "AWS", MatchOptions=["STARTS_WITH"])},
            {},
            True,
            id="services that begin so",
        ),
        pytest.param({"FilterExpression": {"Or": [MINE, TAG]}}, {}, True, id="either"),
        pytest.param({"FilterExpression": {"And": [MINE, MINE]}}, {}, True, id="the same twice"),
        pytest.param(
            {"FilterExpression": dimension("INSTANCE_TYPE", "m5.large")}, {}, True, id="another"
        ),
        pytest.param({"BillingViewArn": f"{VIEW}primary"}, {}, False, id="the own view"),
        pytest.param({"BillingViewArn": f"{VIEW}custom-1"}, {}, True, id="another view"),
    ],
)
def test_what_a_budget_is_about(about, filters, narrowed):
    budgets = Recorded({"Budgets": [alarms.BUDGET | about]})
    fake_account = alarms.fake_account().but(budgets__describe_budgets=budgets)
    [budget] = load(fake_account, Budgets, ACCOUNT, ACCOUNT_ID).all
    assert (dict(budget.filters), budget.is_narrowed) == (filters, narrowed)
    assert budget.is_account_wide is (not filters and not narrowed)
    assert [each["ShowFilterExpression"] for each in budgets.asked] == [True]


def test_an_sdk_that_cannot_show_what_a_budget_is_about(monkeypatch):
    fake_account = alarms.fake_account()
    older_sdk(fake_account, "budgets", "describe_budgets", "ShowFilterExpression", monkeypatch)
    found = evaluation(fake_account, []).aws
    with pytest.raises(Unreadable) as raised:
        found.evidence(Budgets, ACCOUNT.resource(ACCOUNT_ID, HOME, ACCOUNT_ID))
    assert "budgets:ViewBudget" in str(raised.value)
