"""What one event costs once the function is warm: reads, writes, and CPU without the network."""

from __future__ import annotations

import json
import time

import boto3
import pytest
from moto import mock_aws

from functions.encryption.app import encryption
from readiness.engine.events import resolve_targets
from readiness.engine.follow import follow
from readiness.engine.record import Recorder
from readiness.engine.store import Store
from tests.accounts.encryption import fake_account
from tests.benchmarks.measure import ROOT, report
from tests.fake_account import evaluation

pytestmark = pytest.mark.bench

EVENT = ROOT / "events" / "cloudtrail" / "encryption-put-bucket-encryption.json"
TIMES = 200


def test_one_event_that_changes_nothing():
    event = json.loads(EVENT.read_text())
    account = fake_account()
    bucket = account.answers["s3", "list_buckets"]["Buckets"][0]["Name"]
    event["detail"]["requestParameters"]["bucketName"] = bucket
    seen = resolve_targets(event, encryption)
    assert seen.targets

    def once():
        run = evaluation(account, encryption)
        return run, list(follow(run, encryption, resolve_targets(event, encryption).targets))

    account.calls.clear()
    _, observations = once()
    reads = len(account.calls)
    assert observations
    began = time.process_time()
    for _ in range(TIMES):
        once()
    cpu = (time.process_time() - began) / TIMES * 1000
    writes = _writes_of_a_second_look(observations)
    report(
        "One S3 event, all rules of the heading",
        [
            ("AWS reads", str(reads), "≤ 4"),
            ("CPU without the network", f"{cpu:.2f} ms", "≤ 10 ms"),
            ("writes when nothing changed", str(writes), "0"),
            ("rules judged", str(len(observations)), ""),
        ],
    )


def _writes_of_a_second_look(observations) -> int:
    """Record the observations twice in a real table; count the writes of the second time."""
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        _tables(client)
        written = []
        client.meta.events.register(
            "before-call.dynamodb.*",
            lambda model, **_: written.append(model.name) if "Put" in model.name else None,
        )
        client.meta.events.register(
            "before-call.dynamodb.TransactWriteItems", lambda **_: written.append("Transact")
        )
        store = Store(client, "findings", "transitions")
        for observation in observations:
            store.record(observation.finding, None)
        written.clear()
        run = evaluation(fake_account(), encryption)
        recorder = Recorder(store, run)
        for observation in follow(
            run, encryption, resolve_targets(json.loads(EVENT.read_text()), encryption).targets
        ):
            recorder.record(observation)
        return len(written)


def _tables(client) -> None:
    for name, keys in (("findings", ("resource", "rule")), ("transitions", ("finding_id", "at"))):
        client.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": k, "AttributeType": "S"} for k in keys],
            KeySchema=[
                {"AttributeName": k, "KeyType": t}
                for k, t in zip(keys, ("HASH", "RANGE"), strict=True)
            ],
        )
