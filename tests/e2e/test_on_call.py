"""One fact pages once, a change window holds back, the digest goes out, the canary arrives."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from readiness.alerting.held import HELD
from readiness.engine.attribute_values import deserialise
from readiness.engine.sweeps import Sweeps
from readiness.model.finding import Finding
from readiness.model.resource import Resource
from readiness.model.verdict import Severity, Status
from readiness_cli.demo.emulator import ACCOUNT, REGION
from tests.e2e.account import Account
from tests.e2e.patience import PATIENCE
from tests.e2e.test_pipeline import about, of

pytestmark = pytest.mark.e2e
CAUSES = (
    "performance_benchmarks.function-error-rate",
    "performance_benchmarks.function-availability",
)


@pytest.fixture(scope="module")
def account(deployed):
    """A stack whose baseline is over without a sweep, which takes most of such a run."""
    client, table = deployed.aws.client("dynamodb"), deployed.outputs["TransitionsTable"]
    sweeps = Sweeps(client, table, f"{ACCOUNT}/{REGION}")
    sweeps.end_baseline("encryption.s3-kms", datetime.now(UTC) - timedelta(hours=1), "none")
    key = deployed.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    return Account(deployed, key)


@pytest.fixture
def alerts(account):
    """What the schedules do, under the function's own role."""

    def run(event):
        answer = account.stack.aws.client("lambda").invoke(
            FunctionName=account.stack.resources["Alerts"], Payload=json.dumps(event).encode()
        )
        said = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, said
        return said

    return run


def row(account, partition, sort):
    key = {"finding_id": {"S": partition}, "at": {"S": sort}}
    table = account.stack.outputs["TransitionsTable"]
    answer = account.stack.aws.client("dynamodb").get_item(TableName=table, Key=key)
    return deserialise(answer.get("Item", {}))


def test_error_rate_and_availability_of_an_outage_are_one_incident(account, pager_client, until):
    name = f"e2e-{account.name}"
    resource = Resource(ACCOUNT, REGION, "AWS::Lambda::Function", name)
    store = account.stack.store

    def record(rule, status):
        made = Finding(
            resource=resource,
            rule=rule,
            status=status,
            severity=Severity.CRITICAL,
            section="Monitoring",
            heading="Performance benchmarks",
            item="Error rate < 0.1%",
            reason=f"It is {status}.",
            last_observed_at=datetime.now(UTC),
        )
        store.record(made, store.get(resource, rule))

    record(CAUSES[0], Status.NON_COMPLIANT)
    first = pager_client.wait_for(of(name, "trigger"), PATIENCE)
    assert "--region" in first.body["payload"]["custom_details"]["explain"]
    assert first.body["payload"]["custom_details"]["fix"].startswith("Roll back")
    record(CAUSES[1], Status.NON_COMPLIANT)
    until(lambda: len(about(pager_client, name)) == 2)
    assert {page.key for page in about(pager_client, name)} == {first.key}
    record(CAUSES[0], Status.COMPLIANT)
    record(CAUSES[1], Status.COMPLIANT)
    over = pager_client.wait_for(
        lambda page: page.action == "resolve" and page.key == first.key, 30
    )
    assert over.at > first.at


def test_a_change_window_holds_a_page_until_it_is_ended(account, pager_client, cli, alerts, until):
    (bucket,) = account.sound()
    done = cli("quiet", "--for", "30m", "--resource", bucket, "--reason", "Moves", "-o", "json")
    assert done.returncode == 0, done.stderr
    [window] = json.loads(done.stdout)
    until(lambda: window["id"] in cli("quiet", "-o", "json").stdout)
    account.start_anew("Pagerduty")  # it has read the windows a moment ago
    account.put(account.break_(bucket))
    finding = until(lambda: (f := account.finding(bucket)) and f.is_open and f)
    until(lambda: row(account, HELD, finding.id))
    assert about(pager_client, bucket) == []
    assert cli("quiet", "--end", window["id"]).returncode == 0
    account.start_anew("Pagerduty")
    table = account.stack.outputs["TransitionsTable"]
    account.stack.aws.client("dynamodb").update_item(
        TableName=table,
        Key={"finding_id": {"S": HELD}, "at": {"S": finding.id}},
        UpdateExpression="SET again_at = :t",
        ExpressionAttributeValues={":t": {"S": "2026"}},
    )
    alerts({"republish": True})
    pager_client.wait_for(of(bucket, "trigger"), PATIENCE)
    until(lambda: not row(account, HELD, finding.id))


def test_the_canary_arrives_and_pages_nobody(account, pager_client, alerts, until):
    before = len(pager_client.pages())
    alerts({"republish": True})
    until(lambda: row(account, "canary", "arrived"))
    assert not [p for p in pager_client.pages()[before:] if "canary" in json.dumps(p.body)]


def test_the_digest_goes_out_once(account, alerts):
    assert alerts({"digest": True})["sent"] is True
    assert alerts({"digest": True}) == {"sent": False}
