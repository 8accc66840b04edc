"""Traffic in an account that moves more aliases than CloudTrail's history is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from functions.lambda_deployment.app import proven_by_traffic
from readiness import Severity, Status
from tests.accounts.lambda_deployment import METRICS, fake_account, metric_data
from tests.rules.test_lambda_deployment import assert_judged
from tests.rules.test_lambda_deployment_traffic import moves
from tests.rules.test_lambda_deployment_versions import alias, versions

GOOD, BAD, UNKNOWN = Status.COMPLIANT, Status.NON_COMPLIANT, Status.INSUFFICIENT_DATA


def endless(hours: float, *, of: str = "UpdateAlias"):
    """LookupEvents where calls of one name have more pages than are read.

    The oldest event that is read was so many hours ago. All are about another alias.
    """

    def answer(**asked: Any) -> dict[str, Any]:
        (by,) = asked["LookupAttributes"]
        if by["AttributeValue"] != of:
            return moves()
        return moves((hours / 2, "1"), (hours, "2"), name="other") | {"NextToken": "more"}

    return answer


@pytest.mark.parametrize(
    ("told", "metrics", "status", "said"),
    [
        pytest.param(endless(0.1), {}, UNKNOWN, "0 invocations since 2026", id="of the last hour"),
        pytest.param(
            endless(0.1, of="CreateAlias"), {}, UNKNOWN, "0 invocations since", id="made anew"
        ),
        pytest.param(endless(3), {}, GOOD, "", id="enough since then"),
        pytest.param(endless(200), {}, GOOD, "", id="deployed since then"),
        pytest.param(endless(0.1), {"Errors": 4}, BAD, "Failed requests", id="failed before"),
    ],
)
def test_an_alias_that_may_have_moved_unseen(told, metrics, status, said):
    where = fake_account().but(
        lambda__list_aliases=alias(),
        lambda__get_function_configuration=versions(),
        cloudtrail__lookup_events=told,
        cloudwatch__get_metric_data=metric_data(METRICS | metrics),
    )
    assert_judged(proven_by_traffic, where, {}, status, Severity.HIGH, said)
