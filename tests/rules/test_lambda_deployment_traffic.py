"""Whether traffic and a smoke event prove a version: evidence in, verdict out."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from functions.lambda_deployment.app import proven_by_traffic, smoke_test
from readiness import Severity, Status
from readiness.evidence.awslambda.traffic import TrafficSinceDeploy
from readiness.evidence.workloads.function_sources import FunctionSources
from tests.accounts.lambda_deployment import (
    API,
    METRICS,
    POLICY,
    answered,
    configuration,
    fake_account,
    fed_by_a_queue,
    metric_data,
    published,
    tagged,
)
from tests.accounts.traffic import list_metrics
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error, evaluation
from tests.rules.test_lambda_deployment import ago, assert_judged, judged
from tests.rules.test_lambda_deployment_versions import alias, versions

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
UNKNOWN = Status.INSUFFICIENT_DATA
NA = Status.NOT_APPLICABLE


# -- proven by traffic --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metrics", "settings", "status", "said"),
    [
        pytest.param({}, {}, GOOD, "requests of Lambda: 0 of", id="works"),
        pytest.param({"Errors": 4}, {}, BAD, "requests of Lambda: ", id="errors"),
        pytest.param({"Throttles": 30}, {}, BAD, "requests of Lambda: ", id="throttled"),
        pytest.param(
            {"Errors": 4}, {"max_error_rate": 0.2}, GOOD, "requests of Lambda: ", id="tolerated"
        ),
        pytest.param(
            {"5XXError": 40},
            {},
            BAD,
            "requests of API agents: ",
            id="errors caught, 500 at the entry point",
        ),
        pytest.param(
            {"UrlRequestCount": 9, "Url5xxCount": 9},
            {},
            BAD,
            "requests of its function URL: ",
            id="errors caught, 500 at the URL",
        ),
        pytest.param({"Invocations": None}, {}, UNKNOWN, "had 0 invocations", id="no traffic"),
        pytest.param(
            {"Invocations": None, "Throttles": 5},
            {},
            BAD,
            "requests of Lambda: ",
            id="only throttled",
        ),
    ],
)
def test_traffic(metrics, settings, status, said):
    found = {name: value for name, value in (METRICS | metrics).items() if value is not None}
    where = fake_account().but(cloudwatch__get_metric_data=metric_data(found))
    assert_judged(proven_by_traffic, where, settings, status, Severity.HIGH, said)


@pytest.mark.parametrize(
    ("invocations", "errors", "settings", "status", "said"),
    [
        pytest.param(1, 0, {}, UNKNOWN, "had 4 invocations", id="too few"),
        pytest.param(1, 0, {"min_invocations": 4}, GOOD, ": 0 of 4", id="as few as allowed"),
        pytest.param(2, 0, {"min_invocations": 9}, UNKNOWN, "9 are needed", id="fewer than set"),
        pytest.param(2, 0, {}, GOOD, ": 0 of 8", id="enough"),
        pytest.param(1, 1, {}, BAD, ": 4 of 4", id="few, and all failed"),
        pytest.param(
            25,
            0.25,
            {"max_error_rate": 0.005},
            UNKNOWN,
            "chance from a fault",
            id="one failure of a hundred",
        ),
    ],
)
def test_few_requests(invocations, errors, settings, status, said):
    """Four whole periods of five minutes since a deployment of half an hour ago."""
    where = fake_account().but(
        lambda__get_function_configuration=configuration(LastModified=ago(minutes=26)),
        lambda__get_policy=error("ResourceNotFoundException", 404),
        cloudwatch__get_metric_data=metric_data(
            {"Invocations": invocations, "Errors": errors, "Throttles": 0}
        ),
    )
    assert_judged(proven_by_traffic, where, settings, status, Severity.HIGH, said)


def asked_metrics(where: FakeAccount) -> set[tuple[str, ...]]:
    """The metric, with its dimensions, of every query the rule makes."""
    seen: set[tuple[str, ...]] = set()
    answer = metric_data(METRICS)

    def remember(**params: Any) -> Any:
        for query in params["MetricDataQueries"]:
            metric = query["MetricStat"]["Metric"]
            dimensions = (f"{d['Name']}={d['Value']}" for d in metric["Dimensions"])
            seen.add((metric["MetricName"], *sorted(dimensions)))
        return answer(**params)

    where.answers["cloudwatch", "get_metric_data"] = remember
    judged(proven_by_traffic, where)
    return seen


def allowing(source: str) -> dict[str, Any]:
    policy = json.loads(json.dumps(POLICY))
    policy["Statement"][0]["Condition"]["ArnLike"]["AWS:SourceArn"] = source
    return {"Policy": json.dumps(policy)}


def test_a_rest_api_is_measured_by_its_name():
    assert ("5XXError", "ApiName=agents") in asked_metrics(fake_account())


def test_an_http_api_is_measured_by_its_id():
    where = fake_account().but(apigateway__get_rest_api=error("NotFoundException", 404))
    assert ("5xx", f"ApiId={API}") in asked_metrics(where)


def test_a_load_balancer_is_measured_by_its_target_group():
    prefix = f"arn:aws:elasticloadbalancing:{HOME}:{ACCOUNT_ID}"
    group = f"{prefix}:targetgroup/agents/0123"
    groups = [{"TargetGroupArn": group, "LoadBalancerArns": [f"{prefix}:loadbalancer/app/web/45"]}]
    where = fake_account().but(
        lambda__get_policy=allowing(group),
        elbv2__describe_target_groups={"TargetGroups": groups},
    )
    dimensions = ("LoadBalancer=app/web/45", "TargetGroup=targetgroup/agents/0123")
    assert ("HTTPCode_Target_5XX_Count", *dimensions) in asked_metrics(where)


def moves(*told: tuple[float, str], name: str = "live") -> dict[str, Any]:
    """LookupEvents: the versions that an alias got, so many hours ago."""
    return {
        "Events": [
            {
                "EventTime": NOON - timedelta(hours=hours),
                "CloudTrailEvent": json.dumps(
                    {
                        "requestParameters": {
                            "functionName": "agent",
                            "name": name,
                            "functionVersion": version,
                        }
                    }
                ),
            }
            for hours, version in told
        ]
    }


@pytest.mark.parametrize(
    ("told", "settings", "status", "said"),
    [
        pytest.param(moves(), {}, GOOD, "", id="not of late"),
        pytest.param(moves((3, "7"), (90, "6")), {}, GOOD, "", id="served since"),
        pytest.param(moves((0.1, "7"), (90, "6")), {}, UNKNOWN, "0 invocations", id="just now"),
        pytest.param(
            moves((0.1, "6"), (90, "7")), {}, UNKNOWN, "does not tell yet", id="not told"
        ),
        pytest.param(moves((0.1, "7"), name="test"), {}, GOOD, "", id="another alias"),
        pytest.param(
            moves((0.1, "7")), {"prod_alias": "live"}, UNKNOWN, "0 invocations", id="the named one"
        ),
        pytest.param(
            error("AccessDeniedException"), {}, UNKNOWN, "cloudtrail:LookupEvents", id="denied"
        ),
    ],
)
def test_traffic_before_the_alias_moved_proves_nothing(told, settings, status, said):
    where = fake_account().but(
        lambda__list_aliases=alias(),
        lambda__get_function_configuration=versions(),
        cloudtrail__lookup_events=told,
    )
    assert_judged(proven_by_traffic, where, settings, status, Severity.HIGH, said)


def test_an_alias_is_measured_by_itself():
    where = fake_account().but(
        lambda__list_aliases=alias(),
        lambda__get_function_configuration=versions(),
        cloudtrail__lookup_events=moves(),
    )
    assert ("Errors", "FunctionName=agent", "Resource=agent:live") in asked_metrics(where)
    seen = judged(proven_by_traffic, where, prod_alias="live")
    assert "requests of alias live: 0 of" in seen.reason
    assert "requests of Lambda: " not in seen.reason


def failing_but_by_alias(**params: Any) -> dict[str, Any]:
    """GetMetricData where half of the invocations fail, and none of those by the alias live."""
    sick, well = metric_data(METRICS | {"Errors": 5.0}), metric_data(METRICS | {"Errors": 0.0})
    results = []
    for query in params["MetricDataQueries"]:
        names = {each["Name"] for each in query["MetricStat"]["Metric"]["Dimensions"]}
        answer = well if "Resource" in names else sick
        results += answer(**params | {"MetricDataQueries": [query]})["MetricDataResults"]
    return {"MetricDataResults": results}


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        pytest.param({}, BAD, id="all invocations"),
        pytest.param({"prod_alias": "live"}, GOOD, id="those by the alias"),
        pytest.param({"prod_alias": "prod"}, BAD, id="an alias it does not have"),
    ],
)
def test_what_callers_use_is_an_alias(settings, status):
    where = fake_account().but(
        lambda__list_aliases=alias(),
        lambda__get_function_configuration=versions(),
        cloudwatch__get_metric_data=failing_but_by_alias,
        cloudtrail__lookup_events=moves(),
    )
    assert_judged(proven_by_traffic, where, settings, status, Severity.HIGH, "Failed requests")


@pytest.mark.parametrize(
    ("metrics", "status", "said"),
    [
        pytest.param({}, GOOD, "requests of Lambda", id="no error"),
        pytest.param({"Errors": 40}, UNKNOWN, "fed by queue work", id="every attempt fails"),
        pytest.param({"Throttles": 9}, UNKNOWN, "may be retries", id="throttled polls"),
        pytest.param({"5XXError": 40}, BAD, "requests of API agents", id="callers get errors"),
    ],
)
def test_failed_attempts_of_a_queue_worker_may_be_retries(metrics, status, said):
    where = fed_by_a_queue(METRICS | metrics)
    assert_judged(proven_by_traffic, where, {}, status, Severity.HIGH, said)


def test_a_policy_nobody_understands_proves_nothing():
    where = fake_account().but(lambda__get_policy={"Policy": "not JSON"})
    assert_judged(
        proven_by_traffic, where, {}, UNKNOWN, None, "What invokes the function is unknown"
    )


def many(count: int) -> FakeAccount:
    functions = [
        configuration(FunctionName=f"f{n}", State=None, LastUpdateStatus=None)
        for n in range(count)
    ]
    things = [each for n in range(count) for each in published(f"f{n}")]
    return fake_account().but(
        lambda__list_functions={"Functions": functions},
        cloudwatch__list_metrics=list_metrics(things),
    )


def test_the_metrics_of_all_functions_are_asked_together():
    where = many(50)
    run = evaluation(where, [proven_by_traffic], bulk=True)
    for n in range(50):
        run.observe(
            proven_by_traffic, proven_by_traffic.subject.resource(ACCOUNT_ID, HOME, f"f{n}")
        )
    # what came today in one and the days before in one for each row that keeps them: how often they
    # ran and failed, and whether any function of the region was throttled
    assert where.calls.count(("cloudwatch", "get_metric_data")) <= 2 * (1 + 16)
    assert where.calls.count(("lambda", "get_policy")) == 50
    assert where.calls.count(("apigateway", "get_rest_apis")) == 1


def test_one_function_that_cannot_be_read_blinds_no_other():
    where = many(2).but(
        lambda__get_policy=lambda FunctionName, **_: (  # noqa: N803
            error("TooManyRequestsException", 429)
            if FunctionName == "f0"
            else {"Policy": json.dumps(POLICY)}
        )
    )
    run = evaluation(where, [proven_by_traffic], bulk=True)
    seen = [
        run.observe(proven_by_traffic, proven_by_traffic.subject.resource(ACCOUNT_ID, HOME, name))
        for name in ("f0", "f1")
    ]
    assert [o.finding.status for o in seen] == [UNKNOWN, GOOD]
    assert seen[0].finding.missing == ("lambda:GetPolicy",)


def test_a_canary_needs_no_requests():
    traffic = TrafficSinceDeploy(None, (), name="cwsyn-checkout-0f2a")
    assert proven_by_traffic(traffic, FunctionSources()).status is NA


# -- smoke --------------------------------------------------------------------------------------

ON = {"allow_smoke_tests": True}


@pytest.mark.parametrize(
    ("invoke", "tags", "status", "said"),
    [
        pytest.param(answered({"statusCode": 200}), {}, GOOD, "expected response", id="well"),
        pytest.param(answered("pong"), {}, GOOD, "expected response", id="any JSON"),
        pytest.param(
            answered({"errorType": "KeyError"}, FunctionError="Unhandled"),
            {},
            BAD,
            "unhandled error (KeyError)",
            id="raised",
        ),
        pytest.param(
            answered({"statusCode": 500}), {}, BAD, "statusCode 500", id="caught, and 500"
        ),
        pytest.param(answered({"statusCode": "502"}), {}, BAD, "statusCode 502", id="500 as text"),
        pytest.param(answered(b"<html>"), {}, BAD, "not JSON", id="not JSON"),
        pytest.param(answered({}, StatusCode=202), {}, BAD, "status 202", id="only accepted"),
        pytest.param(
            answered({"body": '{"status": "ok"}'}),
            {"readiness:smoke-expect": "body.status=ok"},
            GOOD,
            "expected response",
            id="expected, in JSON as text",
        ),
        pytest.param(
            answered({"body": {"ready": False}}),
            {"readiness:smoke-expect": "body.ready=true"},
            BAD,
            "does not have body.ready=true",
            id="not as expected",
        ),
    ],
)
def test_the_answer_to_a_smoke_event(invoke, tags, status, said):
    tags = {"readiness:smoke-event": "/readiness/smoke/agent"} | tags
    where = fake_account().but(
        lambda__invoke=invoke, resourcegroupstaggingapi__get_resources=tagged(tags)
    )
    assert_judged(smoke_test, where, ON, status, Severity.HIGH, said)


INVOKE = ("lambda", "invoke")


@pytest.mark.parametrize(
    ("tags", "settings"),
    [
        pytest.param({"readiness:smoke-event": "/p"}, {}, id="tag without setting"),
        pytest.param({}, ON, id="setting without tag"),
        pytest.param({"readiness:smoke-event": ""}, ON, id="empty tag"),
        pytest.param({"Smoke": "/p"}, ON, id="another tag"),
    ],
)
def test_nothing_is_invoked_without_setting_and_tag(tags, settings):
    where = fake_account().but(resourcegroupstaggingapi__get_resources=tagged(tags))
    assert judged(smoke_test, where, **settings).status is NA
    assert INVOKE not in where.calls


@pytest.mark.parametrize(
    ("parameter", "said"),
    [
        pytest.param(error("ParameterNotFound"), "does not exist", id="no parameter"),
        pytest.param(
            {"Parameter": {"Type": "SecureString", "Value": "AQIC"}}, "no secret", id="a secret"
        ),
        pytest.param({"Parameter": {"Type": "String", "Value": "{"}}, "JSON", id="not JSON"),
    ],
)
def test_without_an_event_nothing_is_invoked(parameter, said):
    where = fake_account().but(ssm__get_parameter=parameter)
    assert_judged(smoke_test, where, ON, UNKNOWN, None, said)
    assert INVOKE not in where.calls


def test_it_is_invoked_once_and_waited_for():
    asked = []

    def invoke(**params: Any) -> Any:
        asked.append(params)
        return answered({"statusCode": 200})()

    tags = {"readiness:smoke-event": "/p", "readiness:smoke-alias": "live"}
    where = fake_account().but(
        lambda__invoke=invoke, resourcegroupstaggingapi__get_resources=tagged(tags)
    )
    assert judged(smoke_test, where, **ON).status is GOOD
    [call] = asked
    assert (call["InvocationType"], call["Qualifier"]) == ("RequestResponse", "live")
    assert json.loads(call["Payload"]) == {"ping": True}
