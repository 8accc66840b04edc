"""What waited in the outbox before an upgrade is sent on after it, under the keys of before."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from tests.findings import after
from tests.tables import FINDINGS, TRANSITIONS

RECORDED = Path(__file__).parents[1] / "data" / "tables_before_the_rooms.json"


def binary(row):
    return {
        name: {"B": base64.b64decode(value["B"])} if "B" in value else value
        for name, value in row.items()
    }


def test_what_waited_is_settled_and_paged_under_its_old_key(pipeline, pagerduty):
    recorded = json.loads(RECORDED.read_text("utf-8"))
    findings = recorded["findings"].values()
    for case in findings:
        pipeline.dynamodb.put_item(TableName=FINDINGS, Item=case["row"])
    for row in recorded["transitions"]:
        pipeline.dynamodb.put_item(TableName=TRANSITIONS, Item=binary(row))
    assert list(pipeline.store.unpublished(after(days=9)))
    assert pipeline.stream() == {"batchItemFailures": []}
    assert list(pipeline.store.unpublished(after(days=9))) == []
    assert pipeline.page() == []
    keys = {event["dedup_key"] for event in pagerduty.taken}
    assert keys
    assert keys <= {case["dedup_key"] for case in findings}
    triggered = {e["dedup_key"] for e in pagerduty.taken if e["event_action"] == "trigger"}
    assert triggered <= {case["dedup_key"] for case in findings if case["is_open"]}
