"""What the golden events of caching make us look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.caching.app import caching
from readiness.engine.events import resolve_targets
from tests.fake_account import ACCOUNT_ID, HOME

EVENTS = Path(__file__).parents[2] / "events"
GROUP, ALONE, SERVERLESS = "sessions", "pages", "burst"
SERVICE = f"arn:aws:ecs:{HOME}:{ACCOUNT_ID}:service/agents/web"
STAGE = f"arn:aws:apigateway:{HOME}::/restapis/a1b2c3d4e5/stages/prod"
GRAPHQL = "graphqlapiid000000000000aa"
ANY_CLUSTER = {"cache-cluster-ttl": None, "cache-cluster-used": None}
WHO_USES_IT = {"ecs-strategy": None, "lambda-strategy": None, "shared-cache": None}

EXPECTED: dict[str, dict[str, str | None]] = {
    "cloudtrail/create-replication-group": {
        "replication-group-ttl": GROUP,
        "replication-group-used": GROUP,
        **ANY_CLUSTER,
        **WHO_USES_IT,
    },
    "cloudtrail/modify-cache-cluster": {
        "cache-cluster-ttl": ALONE,
        "cache-cluster-used": ALONE,
        **WHO_USES_IT,
    },
    "cloudtrail/delete-serverless-cache": {
        "serverless-cache-ttl": SERVERLESS,
        "serverless-cache-used": SERVERLESS,
        **WHO_USES_IT,
    },
    "cloudtrail/modify-cache-parameter-group": {
        "cache-cluster-ttl": None,
        "replication-group-ttl": None,
    },
    "cloudtrail/create-memorydb-cluster": {"memorydb-used": "ledger", **WHO_USES_IT},
    "cloudtrail/create-dax-cluster": {"dax-ttl": "orders", "dax-used": "orders"},
    "cloudtrail/update-dax-parameter-group": {"dax-ttl": None},
    "cloudtrail/update-stage": {"api-cache-ttl": STAGE, "api-cache-used": STAGE},
    "cloudtrail/update-api-cache": {"appsync-ttl": GRAPHQL},
    "cloudtrail/update-cache-policy": {"cloudfront-ttl": None},
    "cloudtrail/update-time-to-live": {"dynamodb-ttl": "agent-sessions"},
    "cloudtrail/update-function-configuration": {"lambda-strategy": "agent"},
    "cloudtrail/create-service": {"ecs-strategy": SERVICE, "shared-cache": None},
    "config/stage": {"api-cache-ttl": STAGE, "api-cache-used": STAGE},
    "config/table": {"dynamodb-ttl": "agent-sessions"},
    "config/distribution": {"cloudfront-ttl": "E1EXAMPLE"},
    "service/table-tagged": {"dynamodb-ttl": "agent-sessions"},
}


def event(name):
    folder, what = name.split("/")
    return json.loads((EVENTS / folder / f"caching-{what}.json").read_text())


@pytest.mark.parametrize("name", EXPECTED)
def test_an_event_says_where_to_look(name):
    seen = resolve_targets(event(name), caching.rules)
    assert (seen.account, seen.region) == (ACCOUNT_ID, HOME)
    assert len(seen.targets) == len(EXPECTED[name]), "no rule twice"
    assert {target.rule.partition(".")[2]: target.id for target in seen.targets} == EXPECTED[name]


def test_every_golden_event_is_expected():
    found = {
        f"{path.parent.name}/{path.stem.removeprefix('caching-')}"
        for path in EVENTS.glob("*/caching-*.json")
    }
    assert found == set(EXPECTED)


def test_a_call_that_failed_changes_nothing():
    failed = event("cloudtrail/update-stage")
    failed["detail"]["errorCode"] = "AccessDenied"
    assert resolve_targets(failed, caching.rules).targets == frozenset()
