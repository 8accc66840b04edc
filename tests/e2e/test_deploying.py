"""The stack deployed as a person does, beside another, under the longest name, updated, again."""

from __future__ import annotations

import json
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from functions.pagerduty.app import RoutingKey
from readiness.engine.sweeps import Sweeps
from readiness.model.finding import dedup_key
from readiness.model.resource import Resource
from readiness.model.verdict import Status
from readiness_cli import template
from readiness_cli.demo import stack
from readiness_cli.demo.emulator import ACCOUNT, REGION
from readiness_cli.demo.scenario import ROUTING_KEY, parameters
from readiness_cli.demo.stack import Stack, sam_environment
from readiness_cli.failure import Failure
from tests.deployed import Tagged
from tests.e2e.account import RULE, Account
from tests.e2e.patience import PATIENCE
from tests.e2e.terminal import enter_at_every_question

pytestmark = pytest.mark.e2e

LONGEST = "readiness-" + "n" * 118
KEPT = {"AWS::DynamoDB::Table"}


def local_addresses(pids):
    """What the processes and their children listen on, as /proc says it."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rpartition(") ")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = (int(stat[1]), int(stat[3]))  # parent, session
    wanted = set(pids)
    wanted |= {pid for pid, (_, session) in parents.items() if session in wanted}
    sockets = set()
    for pid in wanted:
        try:
            links = [link.readlink() for link in (Path("/proc") / str(pid) / "fd").iterdir()]
        except OSError:
            continue
        sockets |= {str(link)[8:-1] for link in links if str(link).startswith("socket:[")}
    for kind in ("tcp", "tcp6"):
        for line in (Path("/proc/net") / kind).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in sockets:
                address, port = fields[1].split(":")
                yield address, int(port, 16)


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_everything_local_listens_on_loopback_alone(aws, pager_client, deployed):
    """Among others the embedded AWS's MQTT broker, which would listen on every interface."""
    heard = set(local_addresses([*aws.pids, pager_client.pid]))
    assert {port for _, port in heard} >= {aws.port}
    # 127.0.0.1, ::1 and 127.0.0.1 written as an IPv6 address, in the kernel's byte order
    loopback = {"0100007F", "0" * 24 + "01000000", "0" * 16 + "FFFF0000" + "0100007F"}
    assert {address for address, _ in heard} <= loopback, heard


@pytest.fixture(scope="module")
def second(tools, aws, deployed, tmp_path_factory) -> Stack:
    """A second stack in the account and region, by `sam deploy --guided` and Enter."""
    home = tmp_path_factory.mktemp("guided")
    config = (tools.root / "samconfig.toml").read_text()
    config = config.replace('stack_name = "readiness"', f'stack_name = "{LONGEST}"', 1)
    (home / "samconfig.toml").write_text(config)
    built = tools.build / "template.yaml"
    command = [tools.sam, "deploy", "--guided", "--template-file", built]
    command += ["--config-file", home / "samconfig.toml"]
    environment = sam_environment(tools, aws.home) | {
        "AWS_ENDPOINT_URL": aws.endpoint,
        # as in a shell behind a proxy that nobody reaches
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }
    code, said = enter_at_every_question(command, environment, home, patience=300)
    assert code == 0, said[-2000:]
    assert "Successfully created/updated stack" in said
    return Stack(aws, LONGEST)


@pytest.fixture(scope="module")
def both(second, baseline) -> Account:
    """The same account as the second stack sees it."""
    return Account(second, baseline.key)


def test_enter_at_every_question_deploys_under_the_longest_name(second, deployed):
    assert len(LONGEST) == 128
    assert "Encryption" in second.resources
    assert "Attestations" not in second.resources, "nobody attests by events unless named"
    mine, theirs = set(second.resources.values()), set(deployed.resources.values())
    assert sorted(mine & theirs) == []


def test_an_event_wakes_both_stacks_and_a_change_is_seen_by_both(account, both, until):
    [bucket] = account.sound()
    account.put(account.break_(bucket))
    for each in (account, both):
        until(lambda each=each: is_open(each, bucket))
    account.put(account.mend(bucket))
    for each in (account, both):
        until(lambda each=each: not is_open(each, bucket))


def is_open(account, bucket):
    finding = account.finding(bucket)
    return finding is not None and finding.status is Status.NON_COMPLIANT


def test_what_eventbridge_cannot_deliver_is_kept_under_any_name(second, aws):
    """CloudFormation shortens the names of rules: the queue's policy must match them all."""
    rules = second.of_type("AWS::Events::Rule").values()
    answer = aws.client("sqs").get_queue_attributes(
        QueueUrl=second.resources["UndeliveredEvents"], AttributeNames=["Policy"]
    )
    [allowed] = [
        statement["Condition"]["ArnLike"]["aws:SourceArn"]
        for statement in json.loads(answer["Attributes"]["Policy"])["Statement"]
        if statement.get("Principal") == {"Service": "events.amazonaws.com"}
    ]
    assert allowed.endswith(":rule/*")
    arns = [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule.rpartition('/')[2]}" for rule in rules]
    assert all(arn.startswith(allowed.removesuffix("*")) for arn in arns)


def test_an_update_keeps_open_findings_and_the_key_and_goes_on(
    tools, aws, second, both, cli, until
):
    [bucket] = both.sound()
    both.put(both.break_(bucket))
    until(lambda: is_open(both, bucket))
    before = both.finding(bucket)
    done = cli("pagerduty-key", "--stack-name", LONGEST, input=ROUTING_KEY)
    assert done.returncode == 0, done.stderr
    changed = stack.deploy(tools, aws, {"LogRetentionDays": "30"}, LONGEST)
    assert changed.resources["Findings"] == second.resources["Findings"]
    assert both.finding(bucket).status_since == before.status_since
    both.put(both.mend(bucket))
    until(lambda: not is_open(both, bucket))
    secret = second.outputs["PagerDutySecret"]
    assert RoutingKey(aws.client("secretsmanager"), secret).get() == ROUTING_KEY


def test_parameters_that_make_no_sense_change_nothing(tools, aws, second):
    """Of two that contradict each other nothing is begun; what code tries is rolled back."""
    with pytest.raises(Failure, match="ScopeTagKey without ScopeTagValues"):
        stack.deploy(tools, aws, {"ScopeTagKey": "Application"}, LONGEST)
    with pytest.raises(Failure, match="UPDATE_ROLLBACK_COMPLETE"):
        stack.deploy(tools, aws, {"Settings": "'{\"encryption.s3-kmz\": {}}'"}, LONGEST)
    events = aws.client("cloudformation").describe_stack_events(StackName=LONGEST)["StackEvents"]
    said = [each.get("ResourceStatusReason", "") for each in events]
    assert any("Settings: there is no rule or heading 'encryption.s3-kmz'" in s for s in said)
    kept = aws.client("ssm").get_parameter(Name=second.outputs["SettingsParameter"])
    assert kept["Parameter"]["Value"] == "{}"


def test_the_doctor_says_what_the_new_stack_lacks(second, cli):
    done = cli("doctor", "--stack-name", LONGEST, "-o", "json")
    assert done.returncode == 1, done.stderr
    lines = json.loads(done.stdout)
    states = {line["check"]: line["state"] for line in lines}
    # The embedded AWS has no trail, or that of another test, which delivers nothing.
    assert states["trail"] in {"failed", "unknown"}
    assert states["watcher"] == "failed"  # deployed without an address
    assert states["stack"] == "warning"  # its last update was rolled back
    assert {states[name] for name in ("settings", "failure queues", "pager")} == {"ok"}
    assert all(line["why"] and line["fix"] for line in lines if line["state"] != "ok")


def test_an_older_stack_that_had_the_key_as_a_parameter_keeps_it(aws):
    """Only the secret, as the template was, and as it is now."""
    name = f"older-{uuid.uuid4().hex[:6]}"
    now = yaml.load(template.TEMPLATE.read_text(), Loader=Tagged)["Resources"]["PagerDutySecret"]
    now["Properties"].pop("KmsKeyId")
    older = {
        **now,
        "Properties": now["Properties"]
        | {"SecretString": {"Fn::Sub": '{"default": "${PagerDutyRoutingKey}"}'}},
    }
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=json.dumps(
            {
                "Parameters": {"PagerDutyRoutingKey": {"Type": "String", "NoEcho": True}},
                "Resources": {"PagerDutySecret": older},
            }
        ),
        Parameters=[{"ParameterKey": "PagerDutyRoutingKey", "ParameterValue": ROUTING_KEY}],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1}
    )
    body = json.dumps({"Resources": {"PagerDutySecret": now}})
    cloudformation.update_stack(StackName=name, TemplateBody=body)
    cloudformation.get_waiter("stack_update_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1}
    )
    key = RoutingKey(aws.client("secretsmanager"), f"readiness/{name}/pagerduty")
    assert key.get() == ROUTING_KEY
    cloudformation.delete_stack(StackName=name)


def test_a_stack_is_deleted_and_deployed_again(
    tools, aws, second, account, baseline, pager_client
):
    """What stays is what people would miss: the tables of findings and statements."""
    cloudformation = aws.client("cloudformation")
    tables = second.of_type("AWS::DynamoDB::Table")
    _delete(cloudformation)
    left = aws.client("dynamodb").list_tables()["TableNames"]
    assert {tables["Findings"], tables["Declarations"]} <= set(left)
    assert tables["Transitions"] not in left
    asked = parameters(pager_client) | {"LogRetentionDays": "90"}
    again = stack.deploy(tools, aws, asked, LONGEST)
    again.page_with(ROUTING_KEY)
    sweeps = Sweeps(aws.client("dynamodb"), again.resources["Transitions"], f"{ACCOUNT}/{REGION}")
    sweeps.end_baseline(RULE, datetime.now(UTC), "none")
    [bucket] = account.sound()
    about = Resource(ACCOUNT, REGION, "AWS::S3::Bucket", bucket)
    theirs, ours = dedup_key(about, RULE, LONGEST), dedup_key(about, RULE)
    account.put(account.break_(bucket))
    for key in (theirs, ours):
        pager_client.wait_for(lambda page, key=key: page.key == key, PATIENCE)
    _delete(cloudformation)
    told = [(page.key, page.action) for page in pager_client.taken()]
    assert (theirs, "resolve") in told, "nothing could resolve it any more"
    assert (ours, "resolve") not in told, "the other stack has an incident of its own"
    account.put(account.mend(bucket))
    pager_client.wait_for(lambda page: (page.key, page.action) == (ours, "resolve"), PATIENCE)


def _delete(cloudformation) -> None:
    cloudformation.delete_stack(StackName=LONGEST)
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=LONGEST, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
    )
