"""What the golden events of logging make us look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.compliance_logging.app import compliance_logging
from readiness.engine.events import resolve_targets
from tests.fake_account import ACCOUNT_ID, HOME

EVENTS = Path(__file__).parents[2] / "events"
TRAIL = f"arn:aws:cloudtrail:{HOME}:{ACCOUNT_ID}:trail/audit"

ALL_REGIONS = "all-regions"
OF_TRAILS = ("trail-delivery", "trail-encryption", "trail-validation")
AUDIT_LOGS, FORWARDING = "audit-log-aggregation", "log-group-aggregation"
THREATS, ANALYSIS = "threat-detection", "log-group-analysis"
OF_GROUPS, OF_BUCKETS = "audit-log-group-retention", "audit-bucket-retention"
OF_STORES, ACCESS = "event-data-store-retention", "trail-buckets"
FILTERS = "security-metric-filters"
OF_THE_ACCOUNT = (ALL_REGIONS, AUDIT_LOGS, THREATS, FILTERS, OF_GROUPS, OF_BUCKETS, ACCESS)
_AUDIT = f"arn:aws:cloudtrail:{HOME}:{ACCOUNT_ID}:trail/audit"
THE_TRAIL = dict.fromkeys(OF_THE_ACCOUNT) | dict.fromkeys(OF_TRAILS, _AUDIT)
LAKE = f"arn:aws:cloudtrail:{HOME}:{ACCOUNT_ID}:eventdatastore/1"
GROUP = "/aws/lambda/agent"

EXPECTED: dict[str, dict[str, str | None]] = {
    "cloudtrail/stop-logging": THE_TRAIL,
    "cloudtrail/stop-logging-denied": {},
    "cloudtrail/put-insight-selectors": THE_TRAIL,
    "cloudtrail/disable-key": {"trail-encryption": None},
    "cloudtrail/create-log-group": {FORWARDING: GROUP, ANALYSIS: GROUP, OF_GROUPS: None},
    "cloudtrail/put-subscription-filter": {FORWARDING: GROUP, ANALYSIS: GROUP},
    "cloudtrail/put-account-policy": {FORWARDING: None, ANALYSIS: None, OF_GROUPS: None},
    "cloudtrail/delete-destination": {FORWARDING: None, ANALYSIS: None},
    "cloudtrail/delete-delivery-stream": {FORWARDING: None, ANALYSIS: None},
    "cloudtrail/create-link": {FORWARDING: None, ANALYSIS: None},
    "cloudtrail/delete-centralization-rule": {FORWARDING: None, ANALYSIS: None},
    "cloudtrail/delete-aws-log-source": {AUDIT_LOGS: None},
    "cloudtrail/put-metric-filter": {ANALYSIS: GROUP, FILTERS: None},
    "cloudtrail/delete-log-anomaly-detector": {ANALYSIS: None},
    "cloudtrail/disable-alarm-actions": {ANALYSIS: None, FILTERS: None},
    "cloudtrail/unsubscribe": {ANALYSIS: None, FILTERS: None},
    "service/alarm-deleted": {ANALYSIS: None, FILTERS: None},
    "cloudtrail/delete-detector": {THREATS: None},
    "config/detector": {THREATS: None},
    "cloudtrail/put-retention-policy": {OF_GROUPS: None},
    "cloudtrail/put-bucket-lifecycle": {OF_BUCKETS: None},
    "cloudtrail/put-object-lock-configuration": {OF_BUCKETS: None, ACCESS: None},
    "cloudtrail/put-bucket-policy": {ACCESS: None},
    "cloudtrail/put-bucket-acl": {ACCESS: None},
    "cloudtrail/put-bucket-versioning": {ACCESS: None},
    "cloudtrail/delete-bucket-public-access-block": {ACCESS: None},
    "cloudtrail/create-flow-logs": {OF_GROUPS: None, OF_BUCKETS: None},
    "cloudtrail/update-event-data-store": {ALL_REGIONS: None, AUDIT_LOGS: None, OF_STORES: None},
    "config/event-data-store": {ALL_REGIONS: None, AUDIT_LOGS: None, OF_STORES: LAKE},
    "config/flow-log": {OF_GROUPS: None, OF_BUCKETS: None},
    "config/trail": {**dict.fromkeys(OF_THE_ACCOUNT), **dict.fromkeys(OF_TRAILS, TRAIL)},
}


def event(name):
    folder, what = name.split("/")
    return json.loads((EVENTS / folder / f"compliance_logging-{what}.json").read_text())


@pytest.mark.parametrize("name", EXPECTED)
def test_an_event_says_where_to_look(name):
    seen = resolve_targets(event(name), compliance_logging.rules)
    assert (seen.account, seen.region) == (ACCOUNT_ID, HOME)
    assert {target.rule.partition(".")[2]: target.id for target in seen.targets} == EXPECTED[name]
    assert bool(seen.ignored) is not bool(EXPECTED[name])


def test_every_golden_event_is_expected():
    found = {
        f"{path.parent.name}/{path.stem.removeprefix('compliance_logging-')}"
        for path in EVENTS.glob("*/compliance_logging-*.json")
    }
    assert found == set(EXPECTED)
