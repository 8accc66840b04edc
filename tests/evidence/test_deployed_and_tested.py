"""What was deployed last, which runs tested it, and how long users wait since."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.functional_testing import app
from readiness import Severity, Status
from readiness.evidence.workloads.release_latency import windows
from tests.accounts.functional_testing import (
    COMMIT,
    DIGEST,
    ONE_EACH,
    REVISION_ARN,
    WORKLOAD,
    action,
    ago,
    attested,
    build,
    builds,
    execution,
    fake_account,
    function,
    manifest,
    metrics,
    moved,
    objective,
    pipeline,
    revision,
    rollout,
    service,
    with_an_image,
)
from tests.fake_account import NOON, FakeAccount, error, observe, scan

GOOD, BAD, UNKNOWN = Status.COMPLIANT, Status.NON_COMPLIANT, Status.INSUFFICIENT_DATA
SMOKE, INTEGRATION, END = app.smoke_tests, app.integration_tests, app.end_to_end_tests
LATENCY = app.latency_since_deployment


def world(*answers: Any, **named: Any) -> FakeAccount:
    """The compliant account with other answers."""
    account = fake_account()
    account.answers["ssm", "get_parameters_by_path"] = manifest(ONE_EACH)
    for each in answers:
        account.answers |= each
    return account.but(**named)


def finding(rule: Any, account: FakeAccount, id: str = WORKLOAD, **settings: Any) -> Any:
    found = observe(account, rule, id, **settings).finding
    assert found is not None
    return found


def deployed_at(account: FakeAccount, **settings: Any) -> tuple[str, str]:
    facts = finding(SMOKE, account, **settings).observed
    return facts["deployment"], facts["deployed"]


def stamp(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"


# -- what was deployed ----------------------------------------------------------------------------


def test_a_service_is_deployed_when_its_rollout_ended():
    assert deployed_at(world()) == ("service web", stamp(ago(26)))


def test_where_no_rollout_is_kept_its_beginning_counts():
    gone = world(ecs__describe_service_deployments={"serviceDeployments": []})
    assert deployed_at(gone)[1] == stamp(ago(27))


def test_a_rollout_that_goes_on_is_awaited():
    going = rollout(status="IN_PROGRESS")
    del going["finishedAt"]
    account = world(
        ecs__describe_service_deployments={"serviceDeployments": [going]},
        ecs__describe_services={
            "services": [
                service(deployments=[{"id": "2", "status": "PRIMARY", "createdAt": ago(3)}])
            ]
        },
    )
    found = finding(INTEGRATION, account)
    assert found.status is UNKNOWN
    assert "AWAITING_TESTS" in found.reason


ALIASES = [
    {"Name": "live", "FunctionVersion": "7"},
    {"Name": "dev", "FunctionVersion": "8"},
]


def versions(FunctionName: str, Qualifier: str = "") -> Any:  # noqa: N803
    return function(FunctionName, {"7": ago(20), "8": ago(2), "": ago(1)}[Qualifier])


def of_function(*aliases: dict[str, Any]) -> FakeAccount:
    return world(
        lambda__list_functions={"Functions": [function(modified=ago(1))]},
        lambda__list_aliases={"Aliases": list(aliases)},
        lambda__get_function_configuration=versions,
    )


def test_a_function_is_deployed_when_the_version_behind_an_alias_was_published():
    assert deployed_at(of_function(ALIASES[0])) == ("function checkout", stamp(ago(20)))
    assert deployed_at(of_function()) == ("function checkout", stamp(ago(1)))
    latest = {"Name": "live", "FunctionVersion": "$LATEST"}
    assert deployed_at(of_function(latest)) == ("function checkout", stamp(ago(1)))
    split = ALIASES[0] | {"RoutingConfig": {"AdditionalVersionWeights": {"8": 0.1}}}
    assert deployed_at(of_function(split)) == ("function checkout", stamp(ago(2)))


def test_the_alias_that_callers_use_can_be_named():
    both = of_function(*ALIASES)
    assert deployed_at(both) == ("function checkout", stamp(ago(2)))
    assert deployed_at(both, prod_alias="live") == ("function checkout", stamp(ago(20)))


def of_alias(version: str, *moves: tuple[Any, ...], **more: Any) -> FakeAccount:
    account = of_function({"Name": "live", "FunctionVersion": version})
    return account.but(cloudtrail__lookup_events=moved(*moves, **more))


@pytest.mark.parametrize(
    ("version", "moves", "at", "is_back"),
    [
        pytest.param("7", [(3, "7"), (10, "8"), (20, "7")], 3, True, id="moved back"),
        pytest.param("8", [(1.5, "8"), (20, "7")], 2, False, id="tested before it was moved on"),
        pytest.param("7", [(2, "7"), (4, "7"), (9, "8")], 4, True, id="set to the same again"),
        pytest.param(
            "7", [(2, "7"), (3, "7", ("8", 0.1)), (20, "7")], 20, False, id="a canary given up"
        ),
        pytest.param("7", [(2, "7")], 20, False, id="what it led to before is forgotten"),
        pytest.param("7", [(3, "8"), (9, "7")], 20, False, id="CloudTrail is late"),
        pytest.param("7", [(30, "7")], 20, False, id="moved before it was published"),
    ],
)
def test_a_function_is_deployed_again_when_its_alias_was_moved_back(version, moves, at, is_back):
    facts = finding(INTEGRATION, of_alias(version, *moves)).observed
    assert (facts["deployment"], facts["deployed"]) == ("function checkout", stamp(ago(at)))
    assert facts["revision"] == ("" if is_back else COMMIT)


def test_a_rollback_is_tested_anew():
    account = of_alias("7", (3, "7"), (10, "8"))
    found = finding(INTEGRATION, account)
    assert found.status is BAD
    assert f"function checkout was rolled back at {ago(3):%Y-%m-%d %H:%M} UTC" in found.reason
    tested = account.but(**{"__".join(key): answer for key, answer in builds(build(1, 2)).items()})
    assert finding(INTEGRATION, tested).status is GOOD, "the tag tells of version 8"


@pytest.mark.parametrize(
    "said",
    [{"errorCode": "AccessDenied"}, {"requestParameters": {"functionName": "checkout"}}],
    ids=["refused", "only its description"],
)
def test_what_moved_no_alias_is_no_deployment(said):
    assert deployed_at(of_alias("7", (3, "7"), **said))[1] == stamp(ago(20))


def test_events_that_cannot_be_read_are_passed_over():
    events = [{"EventName": "UpdateAlias", "EventTime": ago(1), "CloudTrailEvent": "{"}]
    account = of_alias("7").but(cloudtrail__lookup_events={"Events": events})
    assert deployed_at(account)[1] == stamp(ago(20))


def test_only_the_newest_pages_of_the_history_are_read():
    asked = []

    def endless(**given: Any) -> dict[str, Any]:
        asked.append(given.get("NextToken"))
        return {"Events": [], "NextToken": str(len(asked))}

    deployed_at(of_alias("7").but(cloudtrail__lookup_events=endless))
    assert len(asked) == 24


def test_what_may_not_look_into_the_history_does_not_know_what_is_deployed():
    denied = of_alias("7").but(cloudtrail__lookup_events=error("AccessDeniedException", 400))
    found = finding(INTEGRATION, denied)
    assert found.status is UNKNOWN
    assert found.missing == ("cloudtrail:LookupEvents",)


def test_a_service_that_ecs_rolled_back_runs_what_it_ran_before():
    before = REVISION_ARN.replace("4548", "4000")
    back = rollout(status="ROLLBACK_SUCCESSFUL", rollback={"serviceRevisionArn": before})
    asked = {}

    def revisions(serviceRevisionArns: list[str]) -> dict[str, Any]:  # noqa: N803
        asked["arns"] = serviceRevisionArns
        return {"serviceRevisions": [revision(serviceRevisionArn=before)]}

    facts = finding(
        INTEGRATION,
        world(
            ecs__describe_service_deployments={"serviceDeployments": [back]},
            ecs__describe_service_revisions=revisions,
        ),
    ).observed
    assert asked["arns"] == [before]
    assert (facts["revision"], facts["images"]) == ("", [DIGEST])


@pytest.mark.parametrize(("number", "told"), [(1, COMMIT), (3, "")], ids=["forward", "back"])
def test_the_tag_tells_nothing_of_a_service_that_went_back(number, told):
    before = REVISION_ARN.replace("4548", "4000")
    both = [revision(2), revision(number, serviceRevisionArn=before)]
    replacing = rollout(sourceServiceRevisions=[{"arn": before}])
    account = world(
        ecs__describe_service_deployments={"serviceDeployments": [replacing]},
        ecs__describe_service_revisions={"serviceRevisions": both},
    )
    assert finding(INTEGRATION, account).observed["revision"] == told


def test_the_digest_of_a_functions_image_is_its_revision():
    facts = finding(INTEGRATION, with_an_image()).observed
    assert (facts["deployment"], facts["images"]) == ("function checkout", [DIGEST])


@pytest.mark.parametrize(
    ("digest", "status"), [(DIGEST, GOOD), ("sha256:" + "0" * 64, BAD)], ids=["its", "another's"]
)
def test_a_pipeline_whose_source_is_an_image_tested_that_image(digest, status):
    sources = [
        {"actionName": "Definition", "revisionId": COMMIT[::-1]},
        {"actionName": "Image", "revisionId": digest},
    ]
    account = world(pipeline([execution(sourceRevisions=sources)], [action()]))
    assert finding(END, account).status is status


def test_what_has_no_tag_is_one_workload_and_the_monitor_is_none():
    own = {"Variables": {"FINDINGS_TABLE": "f", "TRANSITIONS_TABLE": "t"}}
    other = function("billing")
    account = world(
        lambda__list_functions={
            "Functions": [function(), other, function("readiness-alerts", Environment=own)]
        }
    )
    seen = {o.resource.id: o.finding for o in scan(account, [SMOKE])}
    assert set(seen) == {WORKLOAD, "default"}
    assert "NO_TEST_SOURCE" in seen["default"].reason  # type: ignore[union-attr]
    canary = function("cwsyn-checkout-0a1b2c3d")
    alone = world(lambda__list_functions={"Functions": [function(), canary]})
    assert {o.resource.id for o in scan(alone, [SMOKE])} == {WORKLOAD}


def test_a_workload_that_is_gone_closes_its_finding():
    assert observe(world(), SMOKE, "nobody").finding is None


# -- manifests and attestations -------------------------------------------------------------------


def test_a_pipeline_attests_where_no_source_is_declared():
    said = attested()
    account = world(ssm__get_parameters_by_path=manifest([]), dynamodb__query={"Items": said})
    assert finding(SMOKE, account).status is GOOD


def test_a_refused_manifest_is_no_missing_source():
    bad = {"Name": f"/readiness/manifest/{WORKLOAD}", "Type": "String", "Value": json.dumps({})}
    seen = finding(SMOKE, world(ssm__get_parameters_by_path={"Parameters": [bad]}))
    assert seen.status is UNKNOWN
    assert "cannot be used" in seen.reason


def test_a_workload_of_a_manifest_alone_is_judged():
    account = world(ssm__get_parameters_by_path=manifest(name="planned"))
    assert {o.resource.id for o in scan(account, [SMOKE])} == {WORKLOAD, "planned"}


# -- latency --------------------------------------------------------------------------------------


def test_a_load_balancer_says_seconds_and_is_judged_in_milliseconds():
    slow = finding(LATENCY, world(cloudwatch__get_metric_data=metrics(250.0)))
    assert slow.status is BAD
    assert "p99 250 ms of 1,000 requests at load balancer app/web/50dc6c49" in slow.reason


def test_each_window_is_one_datapoint_since_the_deployment_or_before_it():
    after, before = windows(ago(30), NOON)
    assert [(each.start, each.period) for each in after] == [(NOON - timedelta(hours=2), 3600)]
    assert all(each.end <= ago(30) for each in before)
    assert all(
        each.end - each.start == timedelta(seconds=each.period) for each in (*after, *before)
    )
    day_after, _ = windows(ago(40), NOON)
    assert [each.period for each in day_after] == [3600, 86400]
    assert windows(ago(0.5), NOON)[0] == ()


def test_nothing_is_measured_where_nobody_asks():
    quiet = finding(LATENCY, world(cloudwatch__get_metric_data=metrics(samples=20.0)))
    assert quiet.status is UNKNOWN
    assert "LOW_TRAFFIC" in quiet.reason


# -- objectives -----------------------------------------------------------------------------------


def reports(*found: dict[str, Any], errors: list[dict[str, str]] | None = None) -> dict[Any, Any]:
    key = ("application-signals", "batch_get_service_level_objective_budget_report")
    return {key: {"Timestamp": NOON, "Reports": list(found), "Errors": errors or []}}


def test_objectives():
    rule, name = app.service_level_objectives, "checkout-latency"
    assert finding(rule, world(), name).status is GOOD
    used = finding(rule, world(reports(objective(BudgetStatus="BREACHED"))), name)
    assert (used.status, used.severity) == (BAD, Severity.HIGH)
    failed = {"Name": name, "Arn": objective()["Arn"], "ErrorMessage": "?"}
    unread = world(reports(errors=[failed | {"ErrorCode": "InternalServerException"}]))
    assert finding(rule, unread, name).status is UNKNOWN
    gone = world(reports(errors=[failed | {"ErrorCode": "ResourceNotFoundException"}]))
    assert observe(gone, rule, name).finding is None


def test_an_objective_that_cannot_be_reported_costs_no_other_its_verdict():
    rule, name = app.service_level_objectives, "checkout-latency"

    def report(*, SloIds: list[str], **_: Any) -> dict[str, Any]:  # noqa: N803
        failed = {"Arn": objective()["Arn"], "ErrorMessage": "?", "ErrorCode": "InternalError"}
        return {
            "Timestamp": NOON,
            "Reports": [objective()] if name in SloIds else [],
            "Errors": [failed | {"Name": "broken"}] if "broken" in SloIds else [],
        }

    listed = [{"Name": each, "Arn": objective()["Arn"]} for each in ("broken", name)]
    account = world(
        {
            ("application-signals", "batch_get_service_level_objective_budget_report"): report,
        },
        **{"application-signals__list_service_level_objectives": {"SloSummaries": listed}},
    )
    seen = {each.resource.id: each.finding.status for each in scan(account, [rule])}
    assert seen == {"broken": UNKNOWN, name: GOOD}
