"""A heading's legs over three things in memory: their share of AWS's rates, and how they end."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from moto import mock_aws

from readiness import Severity, complies, heading
from readiness.engine import sdk
from readiness.engine import sweep as sweep_module
from readiness.engine.closing import Closing
from readiness.engine.function import Function
from readiness.engine.look_again import WAITS
from readiness.engine.pacing import OutOfTime, Pacer
from readiness.engine.rates import rate_of
from readiness.engine.record import Recorder
from readiness.engine.sweep import SPARE_MILLISECONDS
from readiness.model.unreadable import Cause, Gone, Unreadable
from tests.engine.things import THINGS, Owner, Thing
from tests.fake_account import HOME
from tests.pipeline.standins import context
from tests.tables import FINDINGS, TRANSITIONS, make_store, make_tables
from tests.virtual_time import VirtualClock

THROTTLED = Unreadable("test:GetThing", Cause.THROTTLED, "SlowDown")
toy = heading("Security", "Encryption")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def there(thing: Thing):
    """A thing is there."""
    return complies("It is there.")


@toy.rule("Enable key rotation", severity=Severity.LOW)
def owning(owner: Owner):
    """An owner is there."""
    return complies("It is there.")


@pytest.fixture
def function(monkeypatch, three_things):
    monkeypatch.setenv("AWS_DEFAULT_REGION", HOME)
    monkeypatch.setattr(sdk, "blind", lambda heading, loader: [])
    with mock_aws():
        dynamodb = make_tables()
        tables = {"FINDINGS_TABLE": FINDINGS, "TRANSITIONS_TABLE": TRANSITIONS}
        function = Function(toy, {**tables, "LOOK_AGAIN_MACHINE": "machine"})
        function.stored = make_store(dynamodb)
        function.asked = []

        def start_execution(*, stateMachineArn, name, input):  # noqa: N803
            function.asked.append(json.loads(input))

        real = function.deployment.session.client
        stepfunctions = SimpleNamespace(start_execution=start_execution)
        monkeypatch.setattr(
            function.deployment.session,
            "client",
            lambda service, **how: (
                stepfunctions if service == "stepfunctions" else real(service, **how)
            ),
        )
        yield function


class Left:
    """A Lambda context with so many milliseconds left, until told otherwise."""

    def __init__(self, milliseconds):
        self.milliseconds = milliseconds
        self.invoked_function_arn = context().invoked_function_arn
        self.aws_request_id = "request"

    def get_remaining_time_in_millis(self):
        return self.milliseconds


def swept(function, cursor=None, left=None):
    return function({"sweep": {"id": "sweep-1", "cursor": cursor}}, left or Left(300_000))


def gone_things(function):
    return {row.resource.id for row in function.stored.all() if row.gone}


def vanish(*ids):
    THINGS.ids = [id for id in THINGS.ids if id not in ids]
    THINGS.fails = {("thing", id): Gone(f"thing {id}") for id in ids}


# -- AWS's rates -----------------------------------------------------------------------------------


def turns(pacer):
    """How many calls of Lambda's a run may still make until its end, and when that is."""
    for calls in range(10_000):
        try:
            pacer.take("lambda", "get_policy", HOME)
        except OutOfTime:
            return calls, pacer.now()
    raise AssertionError("the run has no end")


@pytest.mark.parametrize(
    ("event", "share"),
    [
        pytest.param({"sweep": {"id": "sweep-1"}}, 1 / 3, id="a sweep"),
        pytest.param(
            {"look_again": {"targets": [[there.id, "a", None]], "attempt": 0}}, 1 / 10, id="a look"
        ),
        pytest.param(
            {"look_again": {"targets": [[there.id, None, None]], "attempt": 0}},
            1 / 10,
            id="a look at everything",
        ),
    ],
)
def test_a_run_takes_its_share_of_a_rate_and_keeps_its_last_seconds(function, event, share):
    """The rest of the rate belongs to the account's deployments, the last 20 seconds to writing."""
    pacer = function.deployment.pacer = Pacer(clock=VirtualClock())
    function(event, Left(300_000))
    calls, end = turns(pacer)
    assert end == pytest.approx(280, abs=1)
    rate = rate_of("lambda", "get_policy").per_second
    assert calls / 280 == pytest.approx(rate * share, rel=0.02)


def test_what_is_stored_of_a_batch_is_read_at_once(function, monkeypatch):
    """A read for each resource costs as many reads as the account has resources."""
    THINGS.ids = [f"{number:02}" for number in range(30)]
    swept(function)
    pages = []
    query = function.store.client.query

    def counted(**asked):
        pages.append(asked)
        return query(**asked)

    monkeypatch.setattr(function.store.client, "query", counted)
    assert swept(function)["evaluated"] == 32
    assert len(pages) < 10


# -- later looks -----------------------------------------------------------------------------------


def test_what_a_leg_leaves_to_a_later_look_is_the_first_of_its_looks(function):
    THINGS.fails = {("thing", "b"): THROTTLED}
    release = swept(function)["release"]
    [asked] = function.asked
    look = asked["event"]["look_again"]
    assert asked["wait"] == WAITS[0]
    assert look["targets"] == [[there.id, "b", None]]
    assert (look["attempt"], look["trigger"]) == (1, "sweep-1")
    assert (look["origin"]["woken_by"], look["origin"]["release"]) == ("sweep", release)


def test_a_leg_asks_for_no_more_later_looks_than_one_execution_carries(function, monkeypatch):
    """In an outage nothing can be read; the next sweep looks at the rest."""
    monkeypatch.setattr(sweep_module, "MOST_TARGETS", 2)
    THINGS.fails = {("thing", id): THROTTLED for id in "abc"}
    swept(function)
    [asked] = function.asked
    assert len(asked["event"]["look_again"]["targets"]) == 2


# -- the end of a leg ------------------------------------------------------------------------------


def test_a_leg_that_stopped_is_followed_at_once_though_a_listing_failed(function):
    """Only the last leg waits for what could not be listed; there is enough to evaluate."""
    THINGS.fails = {"listing": Unreadable("test:ListThings", Cause.THROTTLED, "SlowDown")}
    answer = swept(function, left=Left(SPARE_MILLISECONDS - 1))
    assert answer["cursor"]["unlisted"]
    assert "wait" not in answer
    assert "tries" not in answer["cursor"]


@pytest.mark.parametrize(("milliseconds", "closed"), [(45_000, 1), (44_999, 0)])
def test_a_leg_closes_what_is_gone_while_its_spare_time_is_untouched(
    function, milliseconds, closed
):
    swept(function)
    vanish("c")
    end = {"type": "", "region": "", "after": "", "phase": 2}
    answer = swept(function, end, Left(milliseconds))
    assert answer["closed"] == closed
    assert ("cursor" in answer) == (not closed)


def test_a_leg_that_has_no_more_time_while_it_closes_goes_on_in_the_next(function, monkeypatch):
    """Lambda would end it between two rows, and the sweep would count as failed."""
    swept(function)
    vanish("c")
    left = Left(300_000)
    vanished, searched, looked = Closing.vanished, [], []

    def slow(self, *rules, **how):
        left.milliseconds = SPARE_MILLISECONDS - 1
        return vanished(self, *rules, **how)

    look_again = Recorder.look_again
    monkeypatch.setattr(Closing, "vanished", slow)
    monkeypatch.setattr(Closing, "retired", lambda self, *rules, **how: searched.append(how) or 0)
    monkeypatch.setattr(
        Recorder,
        "look_again",
        lambda self, enough: looked.append(enough()) or look_again(self, enough),
    )
    function.deployment.headings = ("encryption",)
    answer = swept(function, left=left)
    assert answer["closed"] == 0
    assert gone_things(function) == set()
    assert answer["cursor"]["phase"] == 2
    assert searched == [], "the rows of former rules are left to the next leg too"
    assert looked == [False, True], "and what was written is looked at again only in time"
    monkeypatch.setattr(Closing, "vanished", vanished)
    assert "cursor" not in swept(function, answer["cursor"])
    assert gone_things(function) == {"c"}


def test_a_leg_that_stopped_for_its_memory_closes_nothing(function, monkeypatch):
    """Closing reads the vanished once more, which has to wait for a leg with room for it."""
    swept(function)
    vanish("c")
    with monkeypatch.context() as full:
        full.setattr("readiness.engine.survey.BATCH", 1)
        full.setattr(function.sandbox, "is_full", lambda *, moved: moved)
        answer = swept(function)
    assert answer["closed"] == 0
    assert gone_things(function) == set()
    assert swept(function, answer["cursor"])["closed"] == 1


# -- what a leg hands on ---------------------------------------------------------------------------


def test_a_first_leg_that_is_made_again_reads_everything_anew(function, monkeypatch):
    """Step Functions tries a failed leg again: what is read by then may have changed."""
    taken = []
    take_over = sweep_module.Legs.take_over

    def watched(self, leg, aws):
        take_over(self, leg, aws)
        taken.append(aws.has_taken_over)

    monkeypatch.setattr(sweep_module.Legs, "take_over", watched)
    first = swept(function, left=Left(SPARE_MILLISECONDS - 1))
    swept(function, left=Left(SPARE_MILLISECONDS - 1))
    swept(function, first["cursor"])
    assert taken == [False, False, True]


def test_a_leg_frees_its_memory_before_its_second_looks(function, monkeypatch):
    """They read what is asked about a whole region once more, and that takes as much again."""
    order = []
    monkeypatch.setattr(function.sandbox, "relieve", lambda: order.append("relieved"))
    look_again = Recorder.look_again
    monkeypatch.setattr(
        Recorder,
        "look_again",
        lambda self, *how: order.append("looked again") or look_again(self, *how),
    )
    swept(function, left=Left(SPARE_MILLISECONDS - 1))
    assert order == ["relieved", "looked again"]
