"""Lambda deployment: what the versions behind aliases run, and how canaries end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from functions.lambda_deployment.app import function_configuration
from readiness import Severity
from tests.accounts.cost_optimization import edge_distribution
from tests.accounts.high_availability import distributions
from tests.accounts.lambda_deployment import (
    ARN,
    configuration,
    fake_account,
    invoked_by_number,
    key_metadata,
)
from tests.fake_account import ACCOUNT_ID, HOME, NOON, error
from tests.rules.test_lambda_deployment import BAD, GOOD, UNKNOWN, ago, assert_judged


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


def mapped(arn: str, state: str = "Enabled") -> dict[str, Any]:
    """ListEventSourceMappings with one that feeds a version of a function."""
    source = f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:work"
    fed = {
        "UUID": "2f8c0d1e-0000-4000-8000-1234567890ab",
        "FunctionArn": arn,
        "EventSourceArn": source,
        "State": state,
    }
    return {"lambda__list_event_source_mappings": {"EventSourceMappings": [fed]}}


def at_the_edge(**about: Any) -> dict[str, Any]:
    """ListDistributions with one that runs version 7 of the function at the edge."""
    found = distributions(edge_distribution("agent", 7, **about))
    return {"cloudfront__list_distributions": {"DistributionList": found}}


@pytest.mark.parametrize(
    ("named", "is_judged"),
    [
        pytest.param(mapped(f"{ARN}:7"), True, id="by a mapping"),
        pytest.param(mapped(f"{ARN}:7", "Disabled"), False, id="by a mapping that is off"),
        pytest.param(mapped(f"{ARN}:live"), False, id="by an alias"),
        pytest.param(mapped(ARN), False, id="by no version"),
        pytest.param(mapped(f"{ARN}-2:7"), False, id="of another function"),
        pytest.param(mapped(f"{ARN}:9"), False, id="a version that is gone"),
        pytest.param(at_the_edge(), True, id="by CloudFront"),
        pytest.param(at_the_edge(Enabled=False), False, id="by a disabled distribution"),
    ],
)
def test_a_version_that_something_names_by_number(named, is_judged):
    old = versions(v7={"Runtime": "python3.8"})
    where = fake_account().but(lambda__get_function_configuration=old, **named)
    status, said = (BAD, "Version 7 uses the runtime") if is_judged else (GOOD, "$LATEST is")
    assert_judged(function_configuration, where, {}, status, Severity.MEDIUM, said)


@pytest.mark.parametrize(
    ("hours", "is_judged"),
    [
        pytest.param(range(-336, 0), True, id="all the time"),
        pytest.param(range(-330, 0, 24), True, id="each day"),
        pytest.param({-180, -12}, True, id="each week"),
        pytest.param(range(-20, 0), False, id="since less than a day"),
        pytest.param({-12}, False, id="once, as a test does"),
        pytest.param(range(-336, -30), False, id="until it was replaced"),
        pytest.param((), False, id="longer ago"),
    ],
)
def test_a_version_that_is_invoked_by_number(hours, is_judged):
    old = versions(v7={"Runtime": "python3.8"})
    where = invoked_by_number(hours).but(lambda__get_function_configuration=old)
    status, said = (BAD, "Version 7 uses the runtime") if is_judged else (GOOD, "$LATEST is")
    assert_judged(function_configuration, where, {}, status, Severity.MEDIUM, said)


OLD = (NOON - timedelta(days=181)).isoformat()
LATELY = (NOON - timedelta(days=180)).isoformat()


@pytest.mark.parametrize(
    ("mode", "about", "status", "said"),
    [
        pytest.param("Auto", {"LastModified": OLD}, GOOD, "active", id="by AWS"),
        pytest.param("Manual", {"LastModified": LATELY}, BAD, "is pinned", id="by nobody"),
        pytest.param("FunctionUpdate", {"LastModified": OLD}, BAD, "181 days ago", id="long ago"),
        pytest.param("FunctionUpdate", {"LastModified": LATELY}, GOOD, "active", id="lately"),
        pytest.param(
            error("AccessDeniedException", 403),
            {},
            UNKNOWN,
            "lambda:GetRuntimeManagementConfig",
            id="not to be read",
        ),
        pytest.param(
            error("AccessDeniedException", 403),
            {"PackageType": "Image", "Runtime": None},
            GOOD,
            "active",
            id="an image brings its own",
        ),
    ],
)
@pytest.mark.parametrize("name", ["$LATEST", "7"])
def test_who_patches_the_runtime_of_what_callers_reach(name, mode, about, status, said):
    def updates(*, Qualifier, **_):  # noqa: N803
        if Qualifier != name:
            return {"UpdateRuntimeOn": "Manual"}
        return mode if isinstance(mode, Exception) else {"UpdateRuntimeOn": mode}

    changed = versions(**{"latest" if name == "$LATEST" else "v7": about})
    if "PackageType" in about:
        changed = versions(latest=about, v7=about)
    where = fake_account().but(
        lambda__get_function_configuration=changed,
        lambda__get_runtime_management_config=updates,
        **({} if name == "$LATEST" else {"lambda__list_aliases": alias()}),
    )
    severity = Severity.MEDIUM if status is BAD else None
    assert_judged(function_configuration, where, {}, status, severity, said)


def test_how_old_a_runtime_may_be_that_is_patched_with_the_function():
    where = fake_account().but(
        lambda__get_function_configuration=versions(latest={"LastModified": OLD}),
        lambda__get_runtime_management_config={"UpdateRuntimeOn": "FunctionUpdate"},
    )
    long = {"max_unpatched_days": 181}
    assert_judged(function_configuration, where, long, GOOD, None, "active")


@pytest.mark.parametrize(
    ("asked", "settings", "status", "said"),
    [
        pytest.param(versions(), {}, GOOD, "$LATEST and version 7 are active", id="both sound"),
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
            on_managed_instances(None),
            ["7"],
            GOOD,
            "$LATEST and version 7 are active",
            id="by alias only",
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
