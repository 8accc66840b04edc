"""Sources that are about to be read no more are none of the function's."""

import pytest

from readiness.evidence.awslambda.functions import FUNCTION
from readiness.evidence.workloads.function_sources import FunctionSources
from readiness.model.resource import Resource
from tests.accounts import alarms as made
from tests.fake_account import ACCOUNT_ID, HOME, evaluation

AGENT = Resource(ACCOUNT_ID, HOME, FUNCTION.name, "agent")


@pytest.mark.parametrize(
    ("state", "count"),
    [
        ("Creating", 1),
        ("Enabling", 1),
        ("Enabled", 1),
        ("Updating", 1),
        ("Disabling", 0),
        ("Disabled", 0),
        ("Deleting", 0),
    ],
)
def test_a_mapping_counts_by_what_it_will_be(state, count):
    mapping = {
        "UUID": "11111111-0000-4000-8000-000000000001",
        "State": state,
        "FunctionArn": f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:agent",
        "EventSourceArn": f"arn:aws:kinesis:{HOME}:{ACCOUNT_ID}:stream/jobs",
    }
    answer = {"EventSourceMappings": [mapping]}
    account = made.fake_account().but(lambda__list_event_source_mappings=answer)
    found = evaluation(account, []).aws.evidence(FunctionSources, AGENT).evidence
    assert [each.name for each in found.all] == ["jobs"] * count
