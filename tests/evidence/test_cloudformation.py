"""What the loader makes of a stack's parameters and outputs."""

from __future__ import annotations

import pytest

from readiness.evidence.cloudformation import STACK, StackValues
from readiness.model.unreadable import Gone
from tests.accounts.secrets_management import stack
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, error, evaluation


def load(answer, *, bulk=False):
    account = FakeAccount({("cloudformation", "describe_stacks"): answer})
    aws = evaluation(account, [], bulk=bulk).aws
    return aws.evidence(StackValues, STACK.resource(ACCOUNT_ID, HOME, "checkout")).evidence


def given(key, value, **more):
    return {"ParameterKey": key, "ParameterValue": value} | more


@pytest.mark.parametrize("bulk", [False, True], ids=["alone", "in bulk"])
@pytest.mark.parametrize(
    ("changes", "found"),
    [
        pytest.param({"Parameters": [], "Outputs": []}, StackValues({}, {}), id="neither"),
        pytest.param(
            {"Parameters": [given("Stage", "prod"), given("Password", "****")]},
            StackValues({"Stage": "prod"}, {}, hidden=1),
            id="one is masked",
        ),
        pytest.param(
            {"Parameters": [given("AllowedOrigin", "*")]},
            StackValues({"AllowedOrigin": "*"}, {}),
            id="an asterisk",
        ),
        pytest.param(
            {"Parameters": [given("Password", "/db/password", ResolvedValue="hunter2")]},
            StackValues({"Password": "hunter2"}, {}),
            id="what a parameter of Systems Manager resolved to",
        ),
        pytest.param(
            {"Parameters": [given("Empty", "")]}, StackValues({"Empty": ""}, {}), id="empty"
        ),
        pytest.param(
            {"Parameters": [], "Outputs": [{"OutputKey": "Url", "OutputValue": "https://x"}]},
            StackValues({}, {"Url": "https://x"}),
            id="an output",
        ),
    ],
)
def test_what_everyone_can_read(changes, found, bulk):
    assert load({"Stacks": [stack(**({"Outputs": []} | changes))]}, bulk=bulk) == found


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"Stacks": [stack(StackStatus="DELETE_COMPLETE")]}, id="deleted"),
        pytest.param(
            error("ValidationError", message="Stack with id checkout does not exist"), id="none"
        ),
    ],
)
def test_a_stack_that_is_gone(answer):
    with pytest.raises(Gone):
        load(answer)
