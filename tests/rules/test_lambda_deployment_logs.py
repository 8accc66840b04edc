"""Whether a function's logs arrive: evidence in, verdict out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from functions.lambda_deployment.app import function_configuration, logs_delivered
from readiness import Severity, Status
from readiness.engine.declarations import attestation_item
from readiness.engine.targets import Target
from readiness.model.attestation import Artefact, Attestation, Scope
from tests.accounts.lambda_deployment import GROUP, configuration, fake_account, metric_data
from tests.fake_account import ACCOUNT_ID, HOME, NOON, error, evaluation, observe
from tests.rules.test_lambda_deployment import ago, assert_judged

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA


# -- logs ---------------------------------------------------------------------------------------


def hours(ran: Mapping[int, float], heard: Mapping[int, float]):
    """GetMetricData by hours before noon: invocations and log events."""

    def answer(**params: Any) -> dict[str, Any]:
        results = []
        for query in params["MetricDataQueries"]:
            name = query["MetricStat"]["Metric"]["MetricName"]
            points = ran if name == "Invocations" else heard
            stamps = {NOON - timedelta(hours=hour): float(value) for hour, value in points.items()}
            inside = {
                s: v for s, v in stamps.items() if params["StartTime"] <= s < params["EndTime"]
            }
            results.append(
                {
                    "Id": query["Id"],
                    "Timestamps": sorted(inside),
                    "Values": [inside[stamp] for stamp in sorted(inside)],
                    "StatusCode": "Complete",
                }
            )
        return {"MetricDataResults": results}

    return answer


@pytest.mark.parametrize(
    ("ran", "heard", "status", "said"),
    [
        pytest.param({3: 5}, {3: 20}, GOOD, "log events arrived", id="arrived"),
        pytest.param({3: 5}, {2: 20}, GOOD, "arrived", id="arrived in the next hour"),
        pytest.param({3: 5}, {}, BAD, "no log event arrived", id="silent"),
        pytest.param(
            {8: 5, 3: 5}, {8: 20}, BAD, "The function ran in 1 hour since", id="silent since"
        ),
        pytest.param({8: 5, 3: 5}, {3: 20}, GOOD, "arrived", id="silent until it was mended"),
        pytest.param({3: 5}, {9: 20}, BAD, "no log event arrived", id="events of another time"),
        pytest.param({}, {3: 20}, UNKNOWN, "had no invocation", id="not invoked"),
        pytest.param({3: 0}, {}, UNKNOWN, "had no invocation", id="zero is not invoked"),
        pytest.param({1: 5}, {}, UNKNOWN, "may still arrive", id="only in the last hour"),
        pytest.param({30: 5}, {}, UNKNOWN, "had no invocation", id="too long ago"),
    ],
)
def test_delivery(ran, heard, status, said):
    where = fake_account().but(cloudwatch__get_metric_data=hours(ran, heard))
    noon = NOON + timedelta(minutes=10)
    run = evaluation(where, [logs_delivered], now=noon)
    resource = logs_delivered.subject.resource(ACCOUNT_ID, HOME, "agent")
    finding = run.observe(logs_delivered, resource).finding
    assert (finding.status, said in finding.reason) == (status, True), finding.reason


@pytest.mark.parametrize(
    ("answers", "status", "severity", "said"),
    [
        pytest.param(
            {"logs__describe_log_groups": {"logGroups": []}},
            BAD,
            Severity.MEDIUM,
            "does not exist",
            id="no group",
        ),
        pytest.param(
            {
                "logs__describe_log_groups": {
                    "logGroups": [{"logGroupName": GROUP, "logGroupClass": "DELIVERY"}]
                }
            },
            BAD,
            Severity.LOW,
            "it cannot be searched",
            id="a group for delivery only",
        ),
    ],
)
def test_the_group(answers, status, severity, said):
    assert_judged(logs_delivered, fake_account().but(**answers), {}, status, severity, said)


def permissions(*statements: Mapping[str, Any]) -> dict[str, Any]:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return {
        "RoleName": "agent",
        "PolicyName": "logs",
        "PolicyDocument": json.dumps(document),
    }


ALLOW = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}


@pytest.mark.parametrize(
    ("statements", "status", "said"),
    [
        pytest.param([ALLOW], UNKNOWN, "had no invocation", id="may log, unproven"),
        pytest.param(
            [ALLOW | {"Action": "s3:*"}],
            BAD,
            "does not allow logs:CreateLogStream and logs:PutLogEvents",
            id="may not log",
        ),
        pytest.param(
            [ALLOW, {"Effect": "Deny", "Action": "logs:Put*", "Resource": "*"}],
            BAD,
            "does not allow logs:PutLogEvents",
            id="denied",
        ),
        pytest.param(
            [
                ALLOW,
                {
                    "Effect": "Deny",
                    "Action": "logs:*",
                    "Resource": "*",
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
            UNKNOWN,
            "had no invocation",
            id="denied under a condition",
        ),
        pytest.param(
            [ALLOW | {"Resource": f"arn:aws:logs:{HOME}:{ACCOUNT_ID}:log-group:/other:*"}],
            BAD,
            "does not allow",
            id="another group",
        ),
    ],
)
def test_the_role_of_a_function_that_did_not_run(statements, status, said):
    where = fake_account().but(
        iam__get_role_policy=permissions(*statements), cloudwatch__get_metric_data=hours({}, {})
    )
    assert_judged(logs_delivered, where, {}, status, Severity.MEDIUM, said)


def test_delivery_beats_what_the_role_seems_to_allow():
    where = fake_account().but(iam__get_role_policy=permissions(ALLOW | {"Action": "s3:*"}))
    assert_judged(logs_delivered, where, {}, GOOD, None, "arrived")


def test_a_level_that_may_log_nothing():
    logging = {"LogFormat": "JSON", "SystemLogLevel": "WARN"}
    where = fake_account().but(
        lambda__get_function_configuration=configuration(LoggingConfig=logging),
        cloudwatch__get_metric_data=metric_data({"Invocations": 4}),
    )
    assert_judged(logs_delivered, where, {}, UNKNOWN, None, "nothing to log")


@pytest.mark.parametrize(
    ("streams", "status", "said"),
    [
        pytest.param([{"logStreamName": "x"}], GOOD, "arrived", id="its own stream"),
        pytest.param([], UNKNOWN, "Other functions can write", id="only others' streams"),
    ],
)
def test_a_shared_group_proves_only_what_its_streams_show(streams, status, said):
    asked = []

    def described(**params: Any) -> Any:
        asked.append(params["logStreamNamePrefix"])
        return {"logStreams": streams}

    where = fake_account().but(
        lambda__get_function_configuration=configuration(LoggingConfig={"LogGroup": "/apps"}),
        logs__describe_log_groups={"logGroups": [{"logGroupName": "/apps"}]},
        logs__describe_log_streams=described,
    )
    assert_judged(logs_delivered, where, {}, status, None, said)
    assert asked[:2] == ["2026/11/02/agent[", "2026/11/01/agent["][: len(asked)]


THERE = {"ContentLength": 10}


@pytest.mark.parametrize(
    ("document", "settings", "status", "said"),
    [
        pytest.param(THERE, {}, NA, "ships its logs itself", id="document is there"),
        pytest.param(error("NoSuchKey", 404), {}, BAD, "no log event", id="document is gone"),
        pytest.param(
            error("AccessDenied", 403),
            {},
            UNKNOWN,
            "s3:GetObjectVersion",
            id="document is not read",
        ),
        pytest.param(
            THERE, {"max_age_days": 6}, NA, "ships its logs itself", id="as long ago as allowed"
        ),
        pytest.param(
            THERE, {"max_age_days": 4}, BAD, "no log event", id="longer ago than allowed"
        ),
        pytest.param(THERE, {"two_people": True}, BAD, "no log event", id="nobody else approved"),
    ],
)
def test_a_function_that_is_attested_to_ship_its_logs_itself(document, settings, status, said):
    done = NOON - timedelta(days=5)
    statement = Attestation(
        id="aaaa11112222",
        rule=logs_delivered.id,
        scope=Scope(account=ACCOUNT_ID, resource="agent"),
        statement="Logs go out through the vendor's extension.",
        performed_at=done,
        declared_at=done,
        owner="team@example.com",
        attester="arn:aws:sts::111122223333:assumed-role/Dev/alice",
        attester_id="AROA:alice",
        artefact=Artefact("runbooks", "logs.pdf", "v1", "00", size=10),
    )
    row = attestation_item(statement)
    where = fake_account().but(
        cloudwatch__get_metric_data=metric_data({"Invocations": 4}),
        dynamodb__query={"Items": [row]},
        s3__head_object=document,
    )
    assert_judged(logs_delivered, where, settings, status, Severity.MEDIUM, said)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"State": "Pending", "LastModified": ago(minutes=3)}, id="pending"),
        pytest.param(
            {"LastUpdateStatus": "InProgress", "LastModified": ago(minutes=1)}, id="in progress"
        ),
    ],
)
def test_a_version_that_is_still_changing_is_read_again_soon(changes):
    """No documented event says when an update ends or fails."""
    seen = observe(
        fake_account().but(lambda__get_function_configuration=configuration(**changes)),
        function_configuration,
        "agent",
    )
    assert seen.again == Target("lambda_deployment.function-configuration", "agent")
    settled = observe(fake_account(), function_configuration, "agent")
    assert settled.again is None
