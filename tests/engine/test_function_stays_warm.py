"""A function that lives for hours: settings grow old, writes fail, and rules come and go."""

from __future__ import annotations

import sys
import threading
import time
from datetime import UTC, datetime

import pytest
from moto import mock_aws

from functions.encryption.app import encryption
from readiness import Status
from readiness.engine.function import Function
from readiness.engine.scope import Scope
from readiness.engine.store import Unwritable
from readiness.model.resource import Resource
from tests.fake_account import ACCOUNT_ID, error
from tests.findings import BUCKET, finding
from tests.pipeline.standins import context
from tests.tables import FINDINGS, TRANSITIONS, client, make_store, make_tables

RULE = "encryption.s3-kms"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SWEEP = {"sweep": {"id": "sweep-1"}}


class Table:
    """The DynamoDB client, one call at a time, that refuses to write a rule's findings."""

    def __init__(self, dynamodb):
        self._dynamodb = dynamodb
        self._lock = threading.Lock()
        self.refuses = None

    def __getattr__(self, operation):
        def call(**params):
            items = [params, *(each["Put"] for each in params.get("TransactItems", []))]
            rules = [item.get("Item", {}).get("rule", {}).get("S") for item in items]
            if self.refuses is not None and self.refuses in rules:
                raise error("ValidationException")
            with self._lock:
                return getattr(self._dynamodb, operation)(**params)

        return call


@pytest.fixture
def function(monkeypatch, no_warehouse):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        dynamodb = make_tables()
        configure("{}")
        client("s3").create_bucket(Bucket="data")
        environment = {
            "FINDINGS_TABLE": FINDINGS,
            "TRANSITIONS_TABLE": TRANSITIONS,
            "SETTINGS_PARAMETER": "settings",
        }
        function = Function(encryption, environment)
        function.store._client = function.table = Table(function.store._client)
        function.stored = make_store(dynamodb)
        yield function


def configure(text):
    client("ssm").put_parameter(Name="settings", Value=text, Type="String", Overwrite=True)


def api_call(number=1):
    return {
        "id": f"event-{number}",
        "detail-type": "AWS API Call via CloudTrail",
        "account": ACCOUNT_ID,
        "region": "us-east-1",
        "detail": {
            "eventSource": "s3.amazonaws.com",
            "eventName": "PutBucketEncryption",
            "requestParameters": {"bucketName": "data"},
        },
    }


# -- settings --------------------------------------------------------------------------------------


class Clock:
    """The time module as the engine sees it, some seconds ahead."""

    ahead = 0.0

    def __getattr__(self, name):
        return getattr(time, name)

    def monotonic(self):
        return time.monotonic() + self.ahead


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for name, module in list(sys.modules.items()):
        if name.startswith("readiness.engine.") and getattr(module, "time", None) is time:
            monkeypatch.setattr(module, "time", clock)
    return clock


def required(function):
    settings = function.stored.get(BUCKET, RULE).settings
    return settings["require_customer_managed_key"]


STRICT = '{"encryption.s3-kms": {"require_customer_managed_key": true}}'


def test_changed_settings_count_after_five_minutes(function, clock):
    function(api_call(1), context())
    assert required(function) is False
    configure(STRICT)
    clock.ahead = 250
    function(api_call(2), context())
    assert required(function) is False, "read once for all events of five minutes"
    clock.ahead = 310
    function(api_call(3), context())
    assert required(function) is True


def test_settings_grow_old_again_after_they_were_read_again(function, clock):
    function(api_call(1), context())
    clock.ahead = 310
    function(api_call(2), context())
    configure(STRICT)
    clock.ahead = 560
    function(api_call(3), context())
    assert required(function) is False
    clock.ahead = 700
    function(api_call(4), context())
    assert required(function) is True


# -- writes ----------------------------------------------------------------------------------------


EVERYTHING = [[rule.id, None, None] for rule in encryption]
LOOK = {"look_again": {"targets": EVERYTHING, "attempt": 0, "trigger": "event-1"}}


@pytest.mark.parametrize(
    "event", [api_call(), SWEEP, LOOK], ids=["an event", "a sweep", "a look at everything"]
)
def test_a_finding_that_cannot_be_written_fails_the_invocation_after_the_others(
    function, event, capsys
):
    """A success would tell Lambda that the event is done with, and the sweep that it is whole."""
    function.table.refuses = RULE
    with pytest.raises(Unwritable, match=RULE):
        function(event, context())
    written = {each.rule for each in function.stored.all()}
    assert written
    assert RULE not in written
    assert '"UnwritableFindings":[' in capsys.readouterr().out


def test_the_next_invocation_is_not_blamed_for_it(function):
    function.table.refuses = RULE
    with pytest.raises(Unwritable):
        function(api_call(1), context())
    function.table.refuses = None
    function(api_call(2), context())
    assert function.stored.get(BUCKET, RULE).status is Status.NON_COMPLIANT


# -- rules that are no more ------------------------------------------------------------------------


def orphan(function, region, rule="encryption.no-more", at=LONG_AGO):
    resource = Resource(ACCOUNT_ID, region, "AWS::S3::Bucket", f"of-{rule}")
    function.stored.record(finding(at=at, resource=resource).but(rule=rule), None)
    return lambda: function.stored.get(resource, rule)


def test_a_sweep_closes_findings_of_retired_rules_in_its_own_region_alone(function):
    """The stack of the other region may still run a release that has the rule."""
    here, everywhere = orphan(function, "us-east-1"), orphan(function, "global")
    elsewhere = orphan(function, "eu-west-1")
    function(SWEEP, context())
    for closed in (here(), everywhere()):
        assert (closed.status, closed.gone) == (Status.NOT_APPLICABLE, True)
    assert (elsewhere().status, elsewhere().gone) == (Status.NON_COMPLIANT, False)


def test_a_stack_that_leaves_global_services_to_another_one_closes_their_findings(function):
    """Nobody would see how they end, and their incidents would be open for good."""
    rule = next(rule for rule in encryption if rule.subject.is_global).id
    worldwide = orphan(function, "global", rule)
    function.deployment._scope = Scope(globals_too=False)
    function(SWEEP, context())
    assert (worldwide().status, worldwide().gone) == (Status.NOT_APPLICABLE, True)
    assert "EvaluateGlobalServices" in worldwide().reason


def test_what_is_observed_while_a_sweep_runs_is_not_closed_by_it(function):
    """A newer release, deployed meanwhile, may have brought the rule back."""
    seen_later = orphan(function, "us-east-1", at=datetime(2100, 1, 1, tzinfo=UTC))
    function(SWEEP, context())
    assert seen_later().status is Status.NON_COMPLIANT


def test_a_sweep_leaves_rules_that_exist_alone(function):
    function(SWEEP, context())
    assert function.stored.get(BUCKET, RULE).status is Status.NON_COMPLIANT
