"""Which resources a template made, and what drift detection found of its stack."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest

from readiness import Unreadable
from readiness.engine.geography import Geography
from readiness.evidence.cloudformation import _THAT_EXIST, STACK, StackDrift, stack_name
from readiness.evidence.workloads.monitors import OWN_TABLES
from readiness.evidence.workloads.provenance import DeployedResources
from readiness.model.evidence import REGION
from readiness.model.unreadable import Gone
from tests import deployed as deployed_stack
from tests.accounts import audit
from tests.accounts.audit import stack, tagged
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON, error, evaluation, service_model

HERE = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
CHECKOUT = STACK.resource(ACCOUNT_ID, HOME, "checkout")


def run(bulk=False, **answers):
    return evaluation(audit.fake_account().but(**answers), [], now=NOON, bulk=bulk).aws


def deployed(**answers):
    return run(**answers).evidence(DeployedResources, HERE).evidence


def drift(bulk=False, **answers):
    return run(bulk, **answers).evidence(StackDrift, CHECKOUT).evidence


def test_a_resource_that_never_had_a_tag_counts_too():
    functions = {"Functions": [{"FunctionName": "by-hand"}]}
    seen = deployed(lambda__list_functions=functions)
    assert [(each.id, bool(each.tags)) for each in seen.all] == [
        ("by-hand", False),
        ("work", True),
    ]


def test_what_aws_makes_by_itself_does_not_count():
    master = f"arn:aws:lambda:us-east-1:{ACCOUNT_ID}:function:viewer:3"
    functions = [{"FunctionName": "us-east-1.viewer", "MasterArn": master}]
    instances = ["application-autoscaling-1f2e", "orders-1"]
    seen = deployed(
        lambda__list_functions={"Functions": functions},
        rds__describe_db_instances={
            "DBInstances": [{"DBInstanceIdentifier": each} for each in instances]
        },
    )
    assert [each.id for each in seen.all] == ["orders-1", "work"]


@pytest.mark.parametrize("bulk", [False, True], ids=["event", "sweep"])
def test_tags_beyond_the_first_page_count_too(bulk):
    asked = []

    def get_resources(**params):
        asked.append(params)
        if services := params.get("ResourceTypeFilters"):
            arn = f"arn:aws:{services[0]}:{HOME}:{ACCOUNT_ID}:work"
            return {"ResourceTagMappingList": [tagged(arn, by="a template")]}
        return {"ResourceTagMappingList": [], "PaginationToken": "more"}

    aws = run(bulk, resourcegroupstaggingapi__get_resources=get_resources)
    seen = aws.evidence(DeployedResources, HERE).evidence
    assert [(each.id, each.tags) for each in seen.all] == [("work", {"by": "a template"})]
    assert [each.get("ResourceTypeFilters") for each in asked] == [None, ["sqs"]]


def of_stack(name, stack, logical):
    arn = f"arn:aws:dynamodb:{HOME}:{ACCOUNT_ID}:table/{name}"
    tags = {"aws__cloudformation__stack-id": stack, "aws__cloudformation__logical-id": logical}
    return tagged(arn, **tags)


@pytest.mark.parametrize(
    ("logical", "own"),
    [
        pytest.param(("Declarations", "Findings", "Transitions"), 3, id="our tables"),
        pytest.param(("Declarations", "Findings", "Orders"), 0, id="two alike"),
    ],
)
def test_our_own_stack_is_left_out(logical, own):
    tables = [f"readiness-{each}" for each in logical]
    pages = [of_stack(name, "own", id) for name, id in zip(tables, logical, strict=True)]
    pages.append(of_stack("orders", "theirs", "Findings"))
    seen = deployed(
        dynamodb__list_tables={"TableNames": [*tables, "orders", "by-hand"]},
        resourcegroupstaggingapi__get_resources={"ResourceTagMappingList": pages},
    )
    assert seen.own == own
    assert len(seen.all) == 6 - own
    assert {"orders", "by-hand", "work"} <= {each.id for each in seen.all}


def test_only_tables_tell_our_stack():
    """A topic and a queue with the names of our tables are somebody else's."""
    names = {"Declarations": "dynamodb", "Findings": "sqs", "Transitions": "sns"}
    arns = {
        "dynamodb": f"arn:aws:dynamodb:{HOME}:{ACCOUNT_ID}:table/orders",
        "sqs": f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:work",
        "sns": f"arn:aws:sns:{HOME}:{ACCOUNT_ID}:pages",
    }
    pages = [
        tagged(
            arns[service],
            **{"aws__cloudformation__stack-id": "s", "aws__cloudformation__logical-id": name},
        )
        for name, service in names.items()
    ]
    seen = deployed(
        dynamodb__list_tables={"TableNames": ["orders"]},
        sns__list_topics={"Topics": [{"TopicArn": arns["sns"]}]},
        resourcegroupstaggingapi__get_resources={"ResourceTagMappingList": pages},
    )
    assert (seen.own, len(seen.all)) == (0, 3)


def test_our_stack_has_those_tables():
    assert all(deployed_stack.resource(each)["KeySchema"] for each in OWN_TABLES)


def test_without_resources_no_tags_are_asked_for():
    account = audit.fake_account().but(sqs__list_queues={})
    assert evaluation(account, []).aws.evidence(DeployedResources, HERE).evidence.all == ()
    assert ("resourcegroupstaggingapi", "get_resources") not in account.calls


def test_a_service_that_the_region_lacks_has_no_resources(monkeypatch):
    lacks = lambda self, service, region: service == "stepfunctions"  # noqa: E731
    monkeypatch.setattr(Geography, "is_absent", lacks)
    assert [each.id for each in deployed().all] == ["work"]


@pytest.mark.parametrize("fault", FAULTS)
def test_one_listing_that_cannot_be_read_leaves_no_share(fault):
    with pytest.raises(Unreadable):
        deployed(rds__describe_db_instances=FAULTS[fault])
    tags = {"resourcegroupstaggingapi__get_resources": FAULTS[fault]}
    with pytest.raises(Unreadable):
        deployed(**tags)


@pytest.mark.parametrize("bulk", [False, True])
def test_drift(bulk):
    seen = drift(bulk)
    assert (seen.drift, seen.status, seen.read_at) == ("IN_SYNC", "UPDATE_COMPLETE", NOON)
    assert (seen.checked, seen.checked.tzinfo) == (NOON - timedelta(days=3), UTC)


def test_a_stack_of_which_nothing_is_said():
    about = stack()
    del about["DriftInformation"]
    seen = drift(cloudformation__describe_stacks={"Stacks": [about]})
    assert (seen.drift, seen.checked) == ("NOT_CHECKED", None)


def test_a_stack_that_is_gone():
    gone = error("ValidationError", 400, "Stack with id checkout does not exist")
    with pytest.raises(Gone):
        drift(cloudformation__describe_stacks=gone)
    deleted = {"Stacks": [stack(StackStatus="DELETE_COMPLETE")]}
    with pytest.raises(Gone):
        drift(cloudformation__describe_stacks=deleted)
    other = error("ValidationError", 400, "1 validation error detected")
    with pytest.raises(Unreadable):
        drift(cloudformation__describe_stacks=other)


def test_deleted_stacks_are_not_asked_for():
    asked = []

    def list_stacks(**params):
        asked.append(params)
        return {"StackSummaries": [stack(), stack("nested")]}

    aws = run(cloudformation__list_stacks=list_stacks)
    assert list(aws.find(STACK)) == ["checkout", "nested"]
    [params] = asked
    assert "DELETE_COMPLETE" not in params["StackStatusFilter"]
    assert {"DELETE_FAILED", "REVIEW_IN_PROGRESS"} <= set(params["StackStatusFilter"])


def test_every_other_status_is_asked_for():

    known = set(service_model("cloudformation").shape_for("StackStatus").enum)
    assert set(_THAT_EXIST) == known - {"DELETE_COMPLETE"}


@pytest.mark.parametrize("id", ["checkout", audit.STACK])
def test_the_name_of_a_stack(id):
    assert stack_name(id) == "checkout"
