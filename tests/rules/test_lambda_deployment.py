"""Lambda deployment: what AWS answers in, verdict out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from functions.lambda_deployment.app import (
    function_configuration,
    logs_delivered,
    proven_by_traffic,
    smoke_test,
)
from readiness import Severity, Status
from readiness.engine.declarations import attestation_item
from readiness.engine.events import Target
from readiness.model.attestation import Artefact, Attestation, Scope
from tests.accounts.lambda_deployment import (
    API,
    ARN,
    GROUP,
    METRICS,
    POLICY,
    answered,
    configuration,
    fake_account,
    fed_by_a_queue,
    key_metadata,
    metric_data,
    published,
    tagged,
)
from tests.accounts.traffic import list_metrics
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error, evaluation, observe

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA


def ago(**span: float) -> str:
    return (NOON - timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def judged(rule, where: FakeAccount, **settings: object):
    seen = observe(where, rule, "agent", **settings)
    assert not seen.crash, seen.crash
    assert not where.unanswered
    return seen.finding


def assert_judged(rule, where, settings, status, severity, said):
    finding = judged(rule, where, **settings)
    assert (finding.status, said in finding.reason) == (status, True), finding.reason
    if status is BAD:
        assert finding.severity is severity
        assert finding.expected


# -- configuration ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "settings", "status", "severity", "said"),
    [
        pytest.param({}, {}, GOOD, None, "$LATEST is active", id="active"),
        pytest.param(
            {"State": "Inactive", "StateReasonCode": "Idle"},
            {},
            GOOD,
            None,
            "is active",
            id="idle wakes up",
        ),
        pytest.param(
            {
                "State": "Inactive",
                "StateReasonCode": "InsufficientRolePermissions",
                "StateReason": "The role may not create interfaces.",
            },
            {},
            BAD,
            Severity.HIGH,
            "Inactive for another reason than being idle (The role may not create interfaces)",
            id="inactive since its resources cannot be made again",
        ),
        pytest.param({"State": "Inactive"}, {}, UNKNOWN, None, "does not show why", id="inactive"),
        pytest.param(
            {"State": "Failed", "StateReason": "The image is gone."},
            {},
            BAD,
            Severity.HIGH,
            "$LATEST is Failed (The image is gone).",
            id="failed",
        ),
        pytest.param(
            {"State": "ActiveNonInvocable"},
            {},
            BAD,
            Severity.HIGH,
            "NonInvocable",
            id="no capacity",
        ),
        pytest.param(
            {"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "EFS"},
            {},
            BAD,
            Severity.HIGH,
            "the old code still runs",
            id="failed update",
        ),
        pytest.param(
            {"State": "Pending", "LastModified": ago(minutes=3)},
            {},
            UNKNOWN,
            None,
            "$LATEST is pending.",
            id="pending",
        ),
        pytest.param(
            {"State": "Pending", "LastModified": ago(minutes=12)},
            {},
            BAD,
            Severity.HIGH,
            "pending for 12 minutes",
            id="pending for too long",
        ),
        pytest.param(
            {"State": "Pending", "LastModified": ago(minutes=12)},
            {"transition_minutes": 30},
            UNKNOWN,
            None,
            "is pending",
            id="more patience",
        ),
        pytest.param(
            {"LastUpdateStatus": "InProgress", "LastModified": ago(minutes=1)},
            {},
            UNKNOWN,
            None,
            "being updated",
            id="updating",
        ),
        pytest.param(
            {"LastUpdateStatus": "InProgress", "LastModified": "yesterday"},
            {},
            UNKNOWN,
            None,
            "being updated",
            id="updating since nobody knows when",
        ),
        pytest.param({"State": None}, {}, UNKNOWN, None, "does not show the state", id="no state"),
        pytest.param(
            {"ImageConfigResponse": {"Error": {"Message": "no entry point"}}},
            {},
            BAD,
            Severity.HIGH,
            "image configuration: no entry point",
            id="image error",
        ),
        pytest.param(
            {"RuntimeVersionConfig": {"Error": {"ErrorCode": "E1"}}},
            {},
            BAD,
            Severity.HIGH,
            "runtime version: E1",
            id="runtime version error",
        ),
        pytest.param(
            {"Environment": {"Error": {"ErrorCode": "KMSDisabledException"}}},
            {},
            BAD,
            Severity.HIGH,
            "cannot decrypt the environment",
            id="environment",
        ),
        pytest.param(
            {"Environment": {"Error": {"ErrorCode": "AccessDeniedException"}}},
            {},
            GOOD,
            None,
            "is active",
            id="environment that only the monitor may not decrypt",
        ),
        pytest.param(
            {"Runtime": "python3.9"},
            {},
            BAD,
            Severity.MEDIUM,
            "python3.9, which AWS deprecated on 2025-12-15",
            id="old runtime",
        ),
        pytest.param({"Runtime": "python3.10"}, {}, BAD, Severity.MEDIUM, "3.10", id="3.10 < 3.9"),
        pytest.param(
            {"Runtime": "python3.9"},
            {"runtimes_deprecated_on": ["python3.8=2024-10-14"]},
            GOOD,
            None,
            "is active",
            id="a table of one's own",
        ),
        pytest.param(
            {},
            {"runtimes_deprecated_on": ["python3.8"]},
            UNKNOWN,
            None,
            "python3.8, which has no valid date",
            id="a table without dates",
        ),
        pytest.param(
            {"Runtime": None, "PackageType": "Image"}, {}, GOOD, None, "is active", id="image"
        ),
        pytest.param(
            {"MemorySize": 128},
            {"min_memory_mb": 256},
            BAD,
            Severity.LOW,
            "128 MB",
            id="little memory",
        ),
        pytest.param(
            {"Architectures": ["x86_64"]},
            {"architecture": "arm64"},
            BAD,
            Severity.LOW,
            "built for x86_64",
            id="other architecture",
        ),
    ],
)
def test_the_version(changes, settings, status, severity, said):
    where = fake_account().but(lambda__get_function_configuration=configuration(**changes))
    assert_judged(function_configuration, where, settings, status, severity, said)


def test_a_runtime_near_its_end_is_announced():
    where = fake_account().but(
        lambda__get_function_configuration=configuration(Runtime="python3.14")
    )
    finding = judged(
        function_configuration, where, runtimes_deprecated_on=["python3.14=2026-12-01"]
    )
    assert (finding.status, finding.reminder) == (
        GOOD,
        "AWS deprecates the runtime python3.14 on 2026-12-01.",
    )


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        pytest.param(
            {"iam__get_role": error("NoSuchEntity", 404)},
            "execution role agent does not exist",
            id="no role",
        ),
        pytest.param(
            {
                "iam__get_role": {
                    "Role": {
                        "RoleName": "agent",
                        "Path": "/",
                        "RoleId": "AROAEXAMPLEEXAMPLE123",
                        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:role/agent",
                        "CreateDate": NOON,
                        "AssumeRolePolicyDocument": json.dumps(
                            {
                                "Statement": [
                                    {
                                        "Effect": "Allow",
                                        "Action": "sts:AssumeRole",
                                        "Principal": {"Service": "ec2.amazonaws.com"},
                                    }
                                ]
                            }
                        ),
                    }
                }
            },
            "does not let Lambda assume it",
            id="a role for others",
        ),
        pytest.param(
            {"kms__describe_key": {"KeyMetadata": key_metadata(KeyState="Disabled")}},
            "its state is Disabled",
            id="disabled key",
        ),
        pytest.param(
            {"kms__describe_key": {"KeyMetadata": key_metadata(KeySpec="RSA_2048")}},
            "(RSA_2048, ENCRYPT_DECRYPT) is not a symmetric encryption key",
            id="an asymmetric key",
        ),
        pytest.param(
            {
                "kms__describe_key": {
                    "KeyMetadata": key_metadata(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
                }
            },
            "(HMAC_256, GENERATE_VERIFY_MAC) is not",
            id="an HMAC key",
        ),
        pytest.param(
            {"kms__describe_key": error("NotFoundException")}, "does not exist", id="no key"
        ),
        pytest.param(
            {"lambda__get_function_concurrency": {"ReservedConcurrentExecutions": 0}},
            "every invocation is throttled",
            id="no concurrency",
        ),
    ],
)
def test_what_the_function_stands_on(answers, said):
    assert_judged(
        function_configuration, fake_account().but(**answers), {}, BAD, Severity.HIGH, said
    )


def alias(weights: Mapping[str, float] | None = None, version: str = "7") -> dict[str, Any]:
    routing = {"RoutingConfig": {"AdditionalVersionWeights": weights}} if weights else {}
    named = {"Name": "live", "FunctionVersion": version, "AliasArn": f"{ARN}:live"}
    return {"Aliases": [named | routing]}


def versions(**changes: Mapping[str, Any]):
    """GetFunctionConfiguration by version: v7=…, v8=…, latest=…."""

    def answer(Qualifier: str = "$LATEST", **_: Any) -> Any:  # noqa: N803
        name = "latest" if Qualifier == "$LATEST" else f"v{Qualifier}"
        if name not in {*changes, "latest", "v7"}:
            return error("ResourceNotFoundException", 404)
        return configuration(Version=Qualifier, **changes.get(name, {}))

    return answer


def test_a_version_keeps_its_role_and_its_key():
    sound = fake_account()

    def role(*, RoleName):  # noqa: N803
        found = sound.answers["iam", "get_role"] if RoleName == "agent" else None
        return found or error("NoSuchEntity", 404)

    def key(*, KeyId):  # noqa: N803
        state = "PendingDeletion" if KeyId.endswith("old") else "Enabled"
        return {"KeyMetadata": key_metadata(KeyId=KeyId.rpartition("/")[2], KeyState=state)}

    old_key = f"arn:aws:kms:{HOME}:{ACCOUNT_ID}:key/old"
    old_role = f"arn:aws:iam::{ACCOUNT_ID}:role/gone"
    for kept, said in (
        ({"Role": old_role}, "execution role gone does not exist"),
        ({"KMSKeyArn": old_key}, "KMS key old of the environment variables"),
    ):
        where = fake_account().but(
            lambda__get_function_configuration=versions(v7=kept),
            lambda__list_aliases=alias(),
            iam__get_role=role,
            kms__describe_key=key,
        )
        assert_judged(function_configuration, where, {}, BAD, Severity.HIGH, said)
        unused = fake_account().but(
            lambda__get_function_configuration=versions(v7=kept), iam__get_role=role
        )
        assert_judged(function_configuration, unused, {}, GOOD, None, "")


@pytest.mark.parametrize(
    ("asked", "settings", "status", "said"),
    [
        pytest.param(versions(), {}, GOOD, "$LATEST and 7 are active", id="both sound"),
        pytest.param(
            versions(v7={"Runtime": "python3.8"}),
            {},
            BAD,
            "7 uses the runtime python3.8",
            id="old version",
        ),
        pytest.param(
            versions(latest={"Runtime": "python3.8"}),
            {},
            BAD,
            "$LATEST uses the runtime python3.8",
            id="old latest",
        ),
        pytest.param(
            versions(latest={"Runtime": "python3.8"}),
            {"prod_alias": "live"},
            GOOD,
            "7 is active",
            id="latest is not what callers use",
        ),
        pytest.param(
            versions(latest={"Runtime": "python3.8"}),
            {"prod_alias": "prod"},
            BAD,
            "$LATEST uses the runtime python3.8",
            id="no such alias here",
        ),
    ],
)
def test_the_versions_behind_aliases(asked, settings, status, said):
    where = fake_account().but(
        lambda__get_function_configuration=asked, lambda__list_aliases=alias()
    )
    assert_judged(function_configuration, where, settings, status, Severity.MEDIUM, said)


def test_an_alias_of_a_version_that_is_gone():
    where = fake_account().but(
        lambda__get_function_configuration=versions(), lambda__list_aliases=alias(version="9")
    )
    assert_judged(
        function_configuration, where, {}, BAD, Severity.HIGH, "version 9, which does not exist"
    )


PROVIDER = f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:capacity-provider:agents"


def on_managed_instances(published: Mapping[str, Any] | None, **seventh: Any):
    """GetFunctionConfiguration of a function on Lambda Managed Instances."""
    instances = {"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": PROVIDER}}
    states = {"$LATEST": {"State": "ActiveNonInvocable"}, "7": seventh}
    if published is not None:
        states["$LATEST.PUBLISHED"] = dict(published)

    def answer(Qualifier: str = "$LATEST", **_: Any) -> Any:  # noqa: N803
        if Qualifier not in states:
            return error("ResourceNotFoundException", 404)
        about = {"CapacityProviderConfig": instances, "Version": Qualifier}
        return configuration(**about, **states[Qualifier])

    return answer


@pytest.mark.parametrize(
    ("asked", "aliases", "status", "said"),
    [
        pytest.param(
            on_managed_instances({}), [], GOOD, "$LATEST.PUBLISHED are active", id="published"
        ),
        pytest.param(
            on_managed_instances({"State": "Failed"}),
            [],
            BAD,
            "$LATEST.PUBLISHED is Failed",
            id="what unqualified calls reach has failed",
        ),
        pytest.param(
            on_managed_instances({"State": "ActiveNonInvocable"}),
            [],
            BAD,
            "$LATEST.PUBLISHED is ActiveNonInvocable",
            id="a published version without capacity",
        ),
        pytest.param(
            on_managed_instances(None), ["7"], GOOD, "$LATEST and 7 are active", id="by alias only"
        ),
        pytest.param(on_managed_instances(None), [], UNKNOWN, "is unknown", id="by number, maybe"),
        pytest.param(
            on_managed_instances({}),
            ["9"],
            BAD,
            "version 9, which does not",
            id="alias of nothing",
        ),
    ],
)
def test_managed_instances_run_published_versions_only(asked, aliases, status, said):
    found = [{"Name": "live", "FunctionVersion": version} for version in aliases]
    where = fake_account().but(
        lambda__get_function_configuration=asked, lambda__list_aliases={"Aliases": found}
    )
    assert_judged(function_configuration, where, {}, status, Severity.HIGH, said)


def traffic_since(hours: float):
    """GetMetricData where the second version was invoked from that many hours ago on."""

    def answer(**params: Any) -> dict[str, Any]:
        first = NOON - timedelta(hours=hours)
        results = []
        for query in params["MetricDataQueries"]:
            stamps = []
            moment = params["StartTime"]
            while moment < params["EndTime"]:
                if moment >= first:
                    stamps.append(moment)
                moment += timedelta(seconds=query["MetricStat"]["Period"])
            results.append(
                {
                    "Id": query["Id"],
                    "Timestamps": stamps,
                    "Values": [3.0] * len(stamps),
                    "StatusCode": "Complete",
                }
            )
        return {"MetricDataResults": results}

    return answer


@pytest.mark.parametrize(
    ("published", "invoked", "settings", "status", "said"),
    [
        pytest.param(ago(hours=2), 1.5, {}, GOOD, "are active", id="fresh"),
        pytest.param(ago(hours=40), 30, {}, BAD, "10% of its traffic to version 8", id="stuck"),
        pytest.param(ago(hours=40), 30, {"canary_max_hours": 48}, GOOD, "active", id="slow"),
        pytest.param(ago(hours=400), 3, {}, GOOD, "active", id="an old version, newly weighted"),
        pytest.param(ago(hours=2), 0, {}, GOOD, "active", id="fresh and unused"),
        pytest.param(ago(hours=40), 0, {}, UNKNOWN, "Since when is unknown", id="old and unused"),
    ],
)
def test_a_canary(published, invoked, settings, status, said):
    where = fake_account().but(
        lambda__get_function_configuration=versions(v8={"LastModified": published}),
        lambda__list_aliases=alias({"8": 0.1}),
        cloudwatch__get_metric_data=traffic_since(invoked),
    )
    assert_judged(function_configuration, where, settings, status, Severity.HIGH, said)


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


def test_an_alias_is_measured_by_itself():
    where = fake_account().but(
        lambda__list_aliases=alias(), lambda__get_function_configuration=versions()
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
    # the series of all of them, and whether any function of the region was throttled
    assert where.calls.count(("cloudwatch", "get_metric_data")) == 2
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
