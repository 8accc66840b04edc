"""A heading's function over three things in memory: what a leg answers, counts, logs and asks for."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from moto import mock_aws

from readiness import Severity, Status, complies, heading
from readiness.engine import config_rule, sdk
from readiness.engine import deployment as deployment_module
from readiness.engine import sweep as sweep_module
from readiness.engine.aws import CONFIG, Aws
from readiness.engine.deployment import release_of
from readiness.engine.function import Function
from readiness.engine.leg import LISTING_WAITS
from readiness.model.unreadable import Cause, Gone, Unreadable
from tests.engine.test_counting import sent
from tests.engine.things import DENIED, THING, THINGS, Thing
from tests.fake_account import ACCOUNT_ID, HOME
from tests.pipeline.standins import context
from tests.tables import FINDINGS, TRANSITIONS, make_store, make_tables

THROTTLED = Unreadable("test:ListThings", Cause.THROTTLED, "SlowDown")
BAD, BLIND, NONE = Status.NON_COMPLIANT, Status.INSUFFICIENT_DATA, Status.NOT_APPLICABLE
toy = heading("Security", "Encryption")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def there(thing: Thing, *, breaks: bool = False):
    """A thing is there."""
    if breaks or thing.id == "broken":
        raise RuntimeError("a bug")
    return complies("It is there.")


@pytest.fixture
def dynamodb(monkeypatch, three_things):
    monkeypatch.setenv("AWS_DEFAULT_REGION", HOME)
    with mock_aws():
        yield make_tables()


@pytest.fixture
def make(dynamodb, monkeypatch):
    """Makes the function, with more in its environment."""
    monkeypatch.setattr(sdk, "blind", lambda heading, loader: [])

    def make(rules=toy, **environment):
        tables = {"FINDINGS_TABLE": FINDINGS, "TRANSITIONS_TABLE": TRANSITIONS}
        function = Function(rules, {**tables, **environment})
        function.stored = make_store(dynamodb)
        return function

    return make


def swept(function, cursor=None, milliseconds=120_000, **more):
    event = {"sweep": {"id": "sweep-1", "cursor": cursor, **more}}
    return function(event, context(milliseconds))


def rows(function):
    return {row.resource.id: row for row in function.stored.all()}


# -- a leg -----------------------------------------------------------------------------------------


def test_what_a_sweep_that_is_done_answers(make):
    function = make()
    answer = swept(function)
    assert answer == {
        "evaluated": 3,
        "transitions": 0,
        "heading": "encryption",
        "out_of_scope": 0,
        "own": 0,
        "unlisted": [],
        "rules": {there.id: THING.name},
        "release": release_of("encryption", ""),
        "closed": 0,
    }
    row = rows(function)["a"]
    assert (row.woken_by, row.trigger, row.changed_by) == ("sweep", "sweep-1", "")
    assert row.release == answer["release"]
    assert (row.resource.account, row.resource.region) == (ACCOUNT_ID, HOME)


def test_what_vanished_is_closed_and_counted(make):
    function = make()
    swept(function)
    THINGS.ids = ["a"]
    THINGS.fails = {("thing", id): Gone(f"thing {id}") for id in "bc"}
    assert swept(function)["closed"] == 2
    assert {id for id, row in rows(function).items() if row.gone} == {"b", "c"}


def test_what_was_judged_after_a_listing_began_is_not_closed_by_it(make, monkeypatch):
    """A listing may take several legs, and a thing that came meanwhile need not be in it."""
    function = make()
    swept(function)
    THINGS.ids = ["a"]
    THINGS.fails = {("thing", id): Gone(f"thing {id}") for id in "bc"}
    find = Aws.find

    def began_before(self, cls):
        found = find(self, cls)
        self.listed_at[cls] -= timedelta(minutes=20)
        return found

    monkeypatch.setattr(Aws, "find", began_before)
    assert swept(function)["closed"] == 0
    monkeypatch.setattr(Aws, "find", find)
    assert swept(function)["closed"] == 2


def test_a_leg_without_time_leaves_everything_to_the_next(make):
    answer = swept(make(), milliseconds=44_000)
    assert answer["evaluated"] == 0
    assert "cursor" in answer
    assert answer["closed"] == 0


@pytest.mark.parametrize("tries", range(len(LISTING_WAITS) + 1))
def test_a_listing_that_fails_for_a_passing_reason_is_made_again_later(make, tries):
    """Until then nothing is recorded as unknown, and after the last try it is."""
    function = make()
    THINGS.fails = {"listing": THROTTLED}
    cursor = {"type": "", "region": "", "after": "", "tries": tries} if tries else None
    answer = swept(function, cursor)
    assert answer["unlisted"] == [THING.name]
    if tries < len(LISTING_WAITS):
        assert answer["wait"] == LISTING_WAITS[tries]
        assert answer["cursor"]["tries"] == tries + 1
        assert rows(function) == {}
    else:
        assert not {"wait", "cursor"} & answer.keys()
        assert [row.status for row in rows(function).values()] == [BLIND]


def test_a_listing_that_is_denied_is_unknown_at_once(make, capsys):
    function = make()
    THINGS.fails = {"listing": DENIED}
    answer = swept(function)
    assert not {"wait", "cursor"} & answer.keys()
    [row] = rows(function).values()
    assert (row.status, row.missing) == (BLIND, ("test:GetThing",))
    assert ("encryption", "BlindVerdicts", 1) in sent(capsys)


def test_a_stack_that_is_updated_between_two_legs_judges_what_was_passed(make):
    """A new rule would else count as swept, and the next sweep page all that this one left out."""
    passed = {"type": THING.name, "region": HOME, "after": "b"}
    assert swept(make(), passed | {"release": release_of("encryption", "")})["evaluated"] == 1
    assert swept(make(), passed | {"release": "of-another-version"})["evaluated"] == 3


# -- what is counted and logged --------------------------------------------------------------------


def test_a_rule_that_crashes_is_counted_for_the_watcher_and_named(make, capsys, caplog):
    THINGS.ids = ["a", "broken"]
    function = make(STACK_NAME="mine")
    swept(function)
    [logged] = [each for each in caplog.records if each.getMessage() == "rule crashed"]
    assert (logged.rule, logged.error) == (there.id, "RuntimeError: a bug")
    out = capsys.readouterr().out
    assert '"stack":"mine"' in out.replace(" ", "")
    counted = [json.loads(line) for line in out.splitlines() if "RuleCrashes" in line]
    assert [line["heading"] for line in counted] == ["encryption"]
    assert rows(function)["broken"].status is BLIND
    assert rows(function)["a"].status is Status.COMPLIANT


def test_what_could_not_be_judged_is_counted_and_names_the_action(make, capsys, caplog):
    THINGS.fails = {("thing", "b"): DENIED}
    swept(make())
    [logged] = [each for each in caplog.records if each.getMessage() == "could not be judged"]
    assert (logged.rule, logged.missing) == (there.id, ["test:GetThing"])
    counted = {name: count for _, name, count in sent(capsys)}
    assert counted["BlindVerdicts"] == 1


def test_the_metrics_of_an_invocation_are_not_those_of_the_last(make, capsys):
    THINGS.fails = {("thing", "b"): DENIED}
    function = make()
    for _ in range(2):
        swept(function)
        assert ("encryption", "BlindVerdicts", 1) in sent(capsys)


def test_logs_name_the_request(make, caplog):
    THINGS.fails = {("thing", "b"): DENIED}
    function = make()
    swept(function)
    assert function.log.get_current_keys()["request_id"] == "request"
    assert function.log.service == "readiness-encryption"


# -- the environment -------------------------------------------------------------------------------


def test_the_scope_of_the_stack_counts(make):
    """Nothing here has the tag."""
    answer = swept(make(SCOPE_TAG_KEY="Application", SCOPE_TAG_VALUES="agents"))
    assert answer["out_of_scope"] == 3


def test_what_belongs_to_the_stack_itself_is_counted_apart(make, monkeypatch):
    listed = {"ResourceType": THING.name, "PhysicalResourceId": "b"}
    cloudformation = Mock()
    pages = cloudformation.get_paginator.return_value.paginate
    pages.return_value = [{"StackResourceSummaries": [listed]}]
    function = make(OWN_STACK="b")
    real = function.deployment.session.client
    asked = []

    def client(service, **more):
        if service != "cloudformation":
            return real(service, **more)
        asked.append(more)
        return cloudformation

    monkeypatch.setattr(function.deployment.session, "client", client)
    answer = swept(function)
    assert (answer["own"], answer["out_of_scope"]) == (1, 0)
    pages.assert_called_with(StackName="b")
    assert asked == [{"config": CONFIG}]


def test_a_stack_that_cannot_be_listed_is_logged(make, monkeypatch, caplog):
    function = make(OWN_STACK="b")
    swept(function)
    assert [each for each in caplog.records if "own stack cannot be listed" in each.getMessage()]


def test_settings_that_will_not_be_used_are_counted_and_logged(make, capsys, caplog):
    function = make(SETTINGS_PARAMETER="settings")
    function.deployment.settings._ssm = lambda: SimpleNamespace(
        get_parameter=lambda Name: {  # noqa: N803
            "Parameter": {"Value": '{"encryption.there": {"breaks": "perhaps"}}'}
        }
    )
    swept(function)
    assert {row.status for row in rows(function).values()} == {BLIND}
    logged = [each.reason for each in caplog.records if each.getMessage() == "settings refused"]
    assert len(logged) == 1
    assert "breaks" in logged[0]
    assert ("encryption", "SettingsRefused", 1) in sent(capsys)


def test_without_a_table_of_waivers_there_is_nothing_to_tell_of(make, capsys):
    THINGS.ids = ["a", "broken"]
    swept(make())
    assert "WaiversUnreadable" not in capsys.readouterr().out


def test_waivers_that_cannot_be_read_are_counted_and_logged(make, capsys, caplog):
    function = make()
    function.telemetry.waivers_unreadable("AccessDenied")
    function.counts.send()
    assert ("encryption", "WaiversUnreadable", 1) in sent(capsys)
    [logged] = [
        each for each in caplog.records if "waivers could not be read" in each.getMessage()
    ]
    assert logged.error == "AccessDenied"


@pytest.mark.parametrize(
    ("environment", "hours"), [({}, 24), ({"BLIND_AFTER_HOURS": "2"}, 2)], ids=["a day", "said"]
)
def test_how_long_it_may_be_unknown_is_the_stacks(make, environment, hours):
    assert make(**environment).store._blind_after == timedelta(hours=hours)


def test_the_release_is_that_of_the_headings_code_and_its_layer():
    one = release_of("encryption", "layer:1")
    assert one == release_of("encryption", "layer:1")
    assert len(one) == 12
    assert len({one, release_of("encryption", "layer:2"), release_of("alarms", "layer:1")}) == 3
    assert release_of("no_such_heading", "layer:1") not in {one, ""}


def test_the_release_of_the_layer_is_recorded(make):
    function = make(RELEASE="layer:7")
    assert swept(function)["release"] == release_of("encryption", "layer:7")
    assert rows(function)["a"].release == release_of("encryption", "layer:7")


# -- an SDK that is too old ------------------------------------------------------------------------


def test_an_sdk_older_than_was_tested_is_told_when_the_function_is_made(make, monkeypatch, caplog):
    monkeypatch.setattr(sdk, "is_too_old", lambda: True)
    function = make()
    [logged] = [each for each in caplog.records if "older than the rules" in each.getMessage()]
    assert logged.oldest_tested == ".".join(map(str, sdk.OLDEST))
    assert logged.botocore
    function.counts.send()


def test_what_the_sdk_cannot_read_is_told_once_in_a_sandbox(make, monkeypatch, caplog, capsys):
    blind = SimpleNamespace(evidence="Thing", actions=["test:GetThing"], rules=[there.id])
    function = make()
    asked = []
    monkeypatch.setattr(
        sdk, "blind", lambda heading, loader: asked.append((heading, loader)) or [blind]
    )
    for _ in range(2):
        swept(function)
    assert asked == [(toy, function.deployment.session.loader)]
    [logged] = [each for each in caplog.records if "older than the rules" in each.getMessage()]
    assert (logged.evidence, logged.missing, logged.rules) == (
        "Thing",
        ["test:GetThing"],
        [there.id],
    )
    assert ("encryption", "SdkTooOld", 1) in sent(capsys)


# -- later looks -----------------------------------------------------------------------------------


@pytest.fixture
def machine(monkeypatch):
    """LookAgain, which takes what it is asked for."""
    inputs = []

    def start_execution(*, stateMachineArn, name, input):  # noqa: N803
        inputs.append((stateMachineArn, json.loads(input)))

    def give(function):
        real = function.deployment.session.client
        stepfunctions = SimpleNamespace(start_execution=start_execution)
        monkeypatch.setattr(
            function.deployment.session,
            "client",
            lambda service, **more: (
                stepfunctions if service == "stepfunctions" else real(service, **more)
            ),
        )
        return function

    give.inputs = inputs
    return give


def test_what_could_not_be_read_for_a_passing_reason_gets_a_later_look(make, machine, capsys):
    THINGS.fails = {("thing", "b"): THROTTLED}
    arn = "arn:aws:states:us-east-1:111122223333:stateMachine:again"
    function = machine(make(LOOK_AGAIN_MACHINE=arn))
    swept(function)
    [(asked, given)] = machine.inputs
    assert asked == arn
    assert "b" in json.dumps(given)
    assert ("encryption", "LooksAgain", 1) in sent(capsys)
    assert context().invoked_function_arn in json.dumps(given)


def test_without_the_machine_there_is_no_later_look(make, machine, capsys):
    THINGS.fails = {("thing", "b"): THROTTLED}
    function = machine(make())
    swept(function)
    assert machine.inputs == []
    assert rows(function)["b"].status is BLIND


def test_the_second_looks_of_a_leg_are_made_at_its_end(make, monkeypatch):
    """What is read about the whole region is read once more, and not once for each transition."""
    made = []

    class Watched(sweep_module.Recorder):
        def __init__(self, *arguments, **more):
            made.append(more)
            super().__init__(*arguments, **more)

    monkeypatch.setattr(sweep_module, "Recorder", Watched)
    swept(make())
    assert made == [{"together": True}]


# -- single looks ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("id", "bulk"), [(None, True), ("a", False)], ids=["everything", "a resource"]
)
def test_what_concerns_everything_is_read_in_bulk_and_a_resource_alone(
    make, monkeypatch, id, bulk
):
    runs = []

    class Watched(deployment_module.Aws):
        def __init__(self, *arguments, **more):
            runs.append(more["bulk"])
            super().__init__(*arguments, **more)

    monkeypatch.setattr(deployment_module, "Aws", Watched)
    look = {"targets": [[there.id, id, None]], "attempt": 0}
    answer = make()({"look_again": look}, context())
    assert runs == [bulk]
    assert answer["evaluated"] == (3 if bulk else 1)


def test_config_is_answered_under_its_own_ids_and_by_its_own_client(make, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(config_rule, "answer", lambda *arguments: asked.append(arguments) or 3)
    monkeypatch.setattr(config_rule, "ids_in", lambda aws: ("the ids of", aws.region))
    event = {
        "invokingEvent": json.dumps(
            {
                "messageType": "ScheduledNotification",
                "awsAccountId": ACCOUNT_ID,
                "notificationCreationTime": "2026-11-02T12:00:00.000Z",
            }
        ),
        "resultToken": "TESTMODE",
        "accountId": ACCOUNT_ID,
        "configRuleName": "rule",
        "configRuleArn": f"arn:aws:config:us-east-1:{ACCOUNT_ID}:config-rule/config-rule-x",
    }
    make()(event, context())
    [(client, request, observations, ids)] = asked
    assert client.meta.service_model.service_name == "config"
    assert request.token == "TESTMODE"
    assert {each.resource.id for each in observations} == {"a", "b", "c"}
    assert ids == ("the ids of", HOME)
    assert ("encryption", "ConfigEvaluations", 3) in sent(capsys)
