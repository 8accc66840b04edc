"""Rolling an alias back: by a plan that was read, and with a way to go back again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from readiness.semantics.appspec import moved_aliases
from readiness_cli import session
from readiness_cli.emergency.lambda_rollback import LambdaRollback
from tests.fake_account import FakeAccount, error, evaluation

PLAN = ("emergency", "lambda-rollback", "agent")
WHY = ("--reason", "version 3 loses orders")


def planned(run, *more):
    said = run(*PLAN, *more, "-o", "json")
    [row] = json.loads(said.stdout)
    return said.exit_code, row


def applied(run, *more, words=PLAN):
    said = run(*words, *more, "-o", "json")
    token = json.loads(said.stdout)[0]["token"]
    assert token, said.output
    return run(*words, *more, "--apply", token, *WHY, "-o", "json")


def version(agent):
    return agent.get_alias(FunctionName="agent", Name="live")["FunctionVersion"]


def test_a_plan_says_what_would_change_and_changes_nothing(run, agent):
    code, row = planned(run)
    assert code == 0
    assert row["before"] == {"version": "3", "weights": {}}
    assert row["after"] == {"version": "2", "weights": {}}
    [call] = row["calls"]
    assert call["call"] == "lambda.update_alias"
    assert call["parameters"]["RoutingConfig"] == {"AdditionalVersionWeights": {}}
    assert version(agent) == "3"
    assert json.loads(run("emergency", "list", "-o", "json").stdout) == []


def test_a_plan_is_carried_out_and_brought_back(run, agent):
    said = applied(run)
    assert said.exit_code == 0, said.output
    assert version(agent) == "2"
    [saved] = json.loads(said.stdout)
    assert (saved["state"], saved["before"]["version"]) == ("open", "3")
    assert saved["reason"] == "version 3 loses orders"
    back = applied(run, words=("emergency", "restore", saved["id"]))
    assert back.exit_code == 0, back.output
    assert version(agent) == "3"
    [row] = json.loads(run("emergency", "list", "--all", "-o", "json").stdout)
    assert row["state"] == "restored"
    again = run("emergency", "restore", saved["id"])
    assert again.exit_code == 2
    assert "has ended: restored by" in " ".join(again.stderr.split())


def test_those_who_watch_the_monitor_are_told(run, agent, stack):
    sqs = stack.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    [topic] = stack.client("sns").list_topics()["Topics"]
    arn = "arn:aws:sqs:us-east-1:123456789012:q"
    stack.client("sns").subscribe(TopicArn=topic["TopicArn"], Protocol="sqs", Endpoint=arn)
    applied(run)
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    body = json.loads(message["Body"])
    assert body["Subject"] == "Emergency: lambda-rollback lambda/agent:live"
    assert "version 3 loses orders" in body["Message"]


def test_the_weights_of_a_canary_go_too_and_come_back(run, agent):
    agent.update_alias(
        FunctionName="agent",
        Name="live",
        FunctionVersion="2",
        RoutingConfig={"AdditionalVersionWeights": {"3": 0.25}},
    )
    code, row = planned(run, "--to", "2")
    assert code == 0, "the alias points to 2 already, but a quarter of the traffic goes to 3"
    assert any("25% to 3" in each for each in row["warnings"])
    saved = json.loads(applied(run, "--to", "2").stdout)[0]
    now = agent.get_alias(FunctionName="agent", Name="live")
    assert not (now.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
    applied(run, words=("emergency", "restore", saved["id"]))
    now = agent.get_alias(FunctionName="agent", Name="live")
    assert now["RoutingConfig"]["AdditionalVersionWeights"] == {"3": 0.25}


def test_what_moved_since_the_plan_voids_it(run, agent):
    _, row = planned(run)
    agent.update_alias(FunctionName="agent", Name="live", FunctionVersion="1")
    said = run(*PLAN, "--apply", row["token"], *WHY)
    assert said.exit_code == 1
    assert version(agent) == "1"


def test_a_token_of_other_options_voids_it_too(run, agent):
    _, row = planned(run, "--to", "1")
    said = run(*PLAN, "--apply", row["token"], *WHY)
    assert said.exit_code == 1
    assert "is not as it was when the plan was made" in " ".join(said.stderr.split())
    assert version(agent) == "3"


@pytest.mark.parametrize(
    ("minutes", "code"), [(14.9, 0), (15.1, 1), (-1, 1)], ids=["fresh", "old", "of the future"]
)
def test_a_plan_lasts_a_quarter_of_an_hour(run, agent, monkeypatch, minutes, code):
    _, row = planned(run)
    later = datetime.now(UTC) + timedelta(minutes=minutes)
    monkeypatch.setattr(session.connect, "__kwdefaults__", {"bulk": False, "now": lambda: later})
    said = run(*PLAN, "--apply", row["token"], *WHY)
    assert said.exit_code == code, said.output
    assert version(agent) == ("2" if code == 0 else "3")


@pytest.mark.parametrize(
    "token", ["", "x", "zz-0123456789abcdef", "6927-12", "-1-0123456789abcdef"]
)
def test_what_is_no_token_carries_nothing_out(run, agent, token):
    said = run(*PLAN, "--apply", token, *WHY)
    assert said.exit_code in {1, 2}
    assert version(agent) == "3"


def test_without_a_reason_nothing_is_carried_out(run, agent):
    _, row = planned(run)
    said = run(*PLAN, "--apply", row["token"], "--reason", " ")
    assert (said.exit_code, version(agent)) == (2, "3")
    assert "--reason is missing" in said.stderr


@pytest.mark.parametrize(
    ("options", "seen"),
    [
        (("--to", "9"), "There is no version 9 (the newest are 1, 2, 3)."),
        (("--to", "3"), "The alias points to version 3 already."),
    ],
)
def test_what_a_plan_refuses(run, agent, options, seen):
    code, row = planned(run, *options)
    assert (code, row["token"], row["calls"]) == (1, "", [])
    assert seen in row["refusals"]


def test_the_first_version_and_latest_have_nothing_before_them(run, agent):
    agent.update_alias(FunctionName="agent", Name="live", FunctionVersion="1")
    assert planned(run)[1]["refusals"] == ["No version below 1 is left to go back to."]
    agent.update_alias(FunctionName="agent", Name="live", FunctionVersion="$LATEST")
    assert "$LATEST, of which no earlier state is kept" in planned(run)[1]["refusals"][0]


def test_versions_are_numbers(run, agent):
    for number in range(4, 12):
        agent.update_function_code(FunctionName="agent", ZipFile=b"PK%d" % number, Publish=True)
    agent.update_alias(FunctionName="agent", Name="live", FunctionVersion="10")
    assert planned(run)[1]["after"]["version"] == "9"


def test_an_alias_that_is_not_there(run, agent):
    said = run(*PLAN, "--alias", "prod")
    assert said.exit_code == 2
    assert "has no alias 'prod'" in " ".join(said.stderr.split())


def test_the_first_saved_state_is_the_one_that_comes_back(run, agent):
    first = json.loads(applied(run).stdout)[0]
    code, row = planned(run, "--to", "1")
    assert code == 1
    assert f"The emergency {first['id']} (lambda-rollback, by " in row["refusals"][0]
    run("emergency", "keep", first["id"])
    assert version(agent) == "2", "to keep changes nothing"
    second = json.loads(applied(run, "--to", "1").stdout)[0]
    assert second["before"]["version"] == "2"


def test_a_restore_does_not_undo_what_somebody_deployed_since(run, agent):
    saved = json.loads(applied(run).stdout)[0]
    agent.update_alias(FunctionName="agent", Name="live", FunctionVersion="1")
    said = run("emergency", "restore", saved["id"], "-o", "json")
    [row] = json.loads(said.stdout)
    assert "Somebody else changed it since: version is '1', not '2' or '3'." in row["refusals"][0]
    said = run("emergency", "restore", saved["id"], "--apply", row["token"] or "1-x", *WHY)
    assert (said.exit_code, version(agent)) == (1, "1")


def world(**more):
    """A function whose alias points to version 2 of 2, with nothing deployed."""
    base = {
        ("lambda", "get_alias"): {"FunctionVersion": "2", "RevisionId": "r1"},
        ("lambda", "list_versions_by_function"): {
            "Versions": [
                {"Version": "$LATEST", "CodeSha256": "c"},
                {"Version": "1", "CodeSha256": "a"},
                {"Version": "2", "CodeSha256": "b"},
            ]
        },
        ("lambda", "get_function"): {"Configuration": {"State": "Active"}, "Code": {}},
        ("codedeploy", "list_deployments"): {"deployments": []},
    }
    return FakeAccount(base).but(**more)


def plan_in(fake, **options):
    aws = evaluation(fake, []).aws
    asked = LambdaRollback("agent", "live", **options)
    return asked.plan(aws, asked.look(aws), aws.now())


def runs(state, reason=""):
    about = {"State": state, **({"StateReasonCode": reason} if reason else {})}
    return {"Configuration": about, "Code": {}}


@pytest.mark.parametrize(
    ("found", "refused", "warned"),
    [
        (runs("Active"), False, False),
        (runs("Inactive", "Idle"), False, True),
        (runs("Inactive", "Restoring"), True, False),
        (runs("Failed", "ImageDeleted"), True, False),
        (runs("Pending"), True, False),
    ],
    ids=["active", "idle", "inactive for another reason", "failed", "pending"],
)
def test_a_version_that_cannot_run_is_no_way_back(found, refused, warned):
    plan = plan_in(world(lambda__get_function=found))
    assert bool(plan.refusals) is refused
    assert bool(plan.calls) is not refused
    assert any("is idle" in each for each in plan.warnings) is warned


IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/agent@sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        ({"imageDetails": [{}]}, ""),
        ({"imageDetails": [{"imageStatus": "ACTIVE"}]}, ""),
        ({"imageDetails": [{"imageStatus": "ARCHIVED"}]}, "is archived"),
        ("ImageNotFoundException", "is gone"),
        ("RepositoryNotFoundException", "is gone"),
    ],
)
def test_an_image_that_is_gone_is_no_way_back(answer, refused):
    if isinstance(answer, str):
        answer = ClientError({"Error": {"Code": answer, "Message": "m"}}, "DescribeImages")
    asked = {}

    def images(**given):
        asked.update(given)
        return answer

    found = {"Configuration": {"State": "Active"}, "Code": {"ResolvedImageUri": IMAGE}}
    plan = plan_in(world(lambda__get_function=found, ecr__describe_images=images))
    assert asked["imageIds"] == [{"imageDigest": "sha256:" + "a" * 64}]
    assert (asked["registryId"], asked["repositoryName"]) == ("111122223333", "agent")
    assert bool(plan.refusals) is bool(refused)
    assert refused in "".join(plan.refusals)


def test_a_denied_look_at_an_image_stops_no_emergency():
    found = {"Configuration": {"State": "Active"}, "Code": {"ResolvedImageUri": IMAGE}}
    denied = error("AccessDeniedException", 403)
    plan = plan_in(world(lambda__get_function=found, ecr__describe_images=denied))
    assert plan.calls
    assert any("cannot be read" in each for each in plan.warnings)


def deployment(content, platform="Lambda"):
    return {
        "deploymentId": "d-1",
        "computePlatform": platform,
        "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}},
    }


def spec(function="agent", alias="live"):
    properties = {"Name": function, "Alias": alias, "CurrentVersion": "1", "TargetVersion": "2"}
    part = {"Type": "AWS::Lambda::Function", "Properties": properties}
    return json.dumps({"version": 0.0, "Resources": [{"agent": part}]})


def deploying(content, **more):
    return world(
        codedeploy__list_deployments={"deployments": ["d-1"]},
        codedeploy__batch_get_deployments={"deploymentsInfo": [deployment(content, **more)]},
    )


def test_what_codedeploy_moves_is_not_moved_under_it():
    plan = plan_in(deploying(spec()))
    assert not plan.calls
    assert "CodeDeploy moves the alias now (d-1)" in plan.refusals[0]
    stopped = plan_in(deploying(spec()), stop_deployment=True)
    [call] = stopped.calls
    assert (call.operation, call.params) == (
        "stop_deployment",
        {"deploymentId": "d-1", "autoRollbackEnabled": True},
    )
    assert stopped.refusals == ()


@pytest.mark.parametrize(
    ("fake", "warned"),
    [
        (deploying(spec(alias="other")), False),
        (deploying(spec(function="agent-2")), False),
        (deploying(spec(), platform="Server"), False),
        (deploying("# nothing that names an alias"), True),
    ],
    ids=["another alias", "another function", "servers", "an AppSpec that cannot be read"],
)
def test_deployments_of_others_stop_nothing(fake, warned):
    plan = plan_in(fake)
    assert plan.calls
    assert any("d-1 is under way" in each for each in plan.warnings) is warned


def test_a_denied_look_at_codedeploy_stops_no_emergency():
    plan = plan_in(world(codedeploy__list_deployments=error("AccessDeniedException", 403)))
    assert plan.calls
    assert any("cannot be read" in each for each in plan.warnings)


@pytest.mark.parametrize(
    ("revision", "expected"),
    [
        ({}, None),
        ({"appSpecContent": {"content": spec()}}, {("agent", "live")}),
        (
            {"string": {"content": spec("arn:aws:lambda:us-east-1:111122223333:function:agent")}},
            {("agent", "live")},
        ),
        (
            {
                "appSpecContent": {
                    "content": "version: 0.0\nResources:\n  - f:\n      Type: AWS::Lambda::Function\n"
                    '      Properties:\n        Name: "agent"\n        Alias: live # users\n'
                }
            },
            {("agent", "live")},
        ),
        ({"appSpecContent": {"content": "{}"}}, None),
        ({"s3Location": {"bucket": "b"}}, None),
    ],
)
def test_what_an_appspec_moves(revision, expected):
    assert moved_aliases(revision) == expected
