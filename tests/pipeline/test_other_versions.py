"""What another version of the stack wrote or had: its rules end their incidents, its rows are read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from readiness.engine.record import _gone
from readiness.model.resource import Resource
from tests.findings import BUCKET, finding

NOW = datetime.now(UTC)


def bucket(name):
    return Resource(BUCKET.account, BUCKET.region, BUCKET.type, name)


def retire(pipeline, *findings):
    """The rule is no more, as the sweep after an upgrade writes it."""
    for each in findings:
        stored = pipeline.store.get(each.resource, each.rule)
        gone = _gone(stored, NOW + timedelta(minutes=5), "There is no such rule any more.")
        pipeline.store.record(gone, stored)


@pytest.mark.parametrize("rule", ["encryption.was-renamed", "old_heading.was"])
@pytest.mark.parametrize("pages", [1, 6], ids=["alone", "in a storm"])
def test_the_incidents_of_a_rule_that_is_no_more_are_resolved(pipeline, rule, pages):
    pipeline.environment["PAGERDUTY_GROUP_ABOVE"] = "2"
    pipeline.pager = pipeline.a_pager()
    pipeline.baseline_is_over(rule.partition(".")[0])
    findings = [finding(rule=rule, at=NOW, resource=bucket(f"b{n}")) for n in range(pages)]
    pipeline.record(*findings)
    pipeline.stream()
    pipeline.page()
    assert len(pipeline.pagerduty.incidents) == min(pages, 3)
    retire(pipeline, *findings)
    pipeline.stream()
    pipeline.page()
    assert pipeline.pagerduty.incidents == {}
    assert pipeline.set_aside() == []


@pytest.mark.parametrize(
    "value", [{"B": b"x"}, {"BS": [b"x"]}, {"NULL": True}, {"X": "y"}], ids=str
)
def test_an_attribute_of_a_newer_version_keeps_no_page_back(pipeline, value):
    """After a rollback: of a type, too, that this version does not read."""
    pipeline.baseline_is_over("encryption")
    pipeline.record(finding(at=NOW))
    rows = pipeline.rows()
    for row in rows:
        row["dynamodb"]["NewImage"] |= {"of_a_newer_version": value}
    assert pipeline.alerts.follow(rows) == {"batchItemFailures": []}
    assert len(pipeline.published) == 1
    assert pipeline.rows() == []
