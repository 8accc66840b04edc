"""The tasks of a state machine, and which errors of theirs are retried."""

from __future__ import annotations

import json

import pytest

from readiness.semantics.states_language import (
    LAMBDA_FAULTS,
    NotStatesLanguage,
    Retrier,
    tasks_of,
)

FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:pay"
FAULT = LAMBDA_FAULTS[0]
TIMEOUT = "States.Timeout"
ALL = {"ErrorEquals": ["States.ALL"]}


def task(**members):
    return {"Type": "Task", "Resource": FUNCTION, "End": True} | members


def machine(**states):
    return json.dumps({"StartAt": next(iter(states)), "States": states})


def inner(**states):
    return {"StartAt": next(iter(states)), "States": states}


def only(definition):
    [found] = tasks_of(definition)
    return found


@pytest.mark.parametrize(
    ("entry", "retrier"),
    [
        (ALL, Retrier(("States.ALL",), 3, 1.0, 2.0)),
        (
            ALL | {"MaxAttempts": 5, "IntervalSeconds": 2, "BackoffRate": 1.5},
            Retrier(("States.ALL",), 5, 2.0, 1.5),
        ),
        (
            ALL | {"MaxDelaySeconds": 60, "JitterStrategy": "FULL"},
            Retrier(("States.ALL",), longest=60.0),
        ),
        (ALL | {"JitterStrategy": "NONE"}, Retrier(("States.ALL",))),
    ],
)
def test_a_retrier_and_its_defaults(entry, retrier):
    assert only(machine(Pay=task(Retry=[entry]))).retriers == (retrier,)


@pytest.mark.parametrize(
    ("members", "backs_off"),
    [
        ({}, True),
        ({"rate": 1.0}, False),
        ({"rate": 1.1}, True),
        ({"attempts": 0}, False),
        ({"attempts": 1}, True),
        ({"interval": 5, "longest": 5}, False),
        ({"interval": 5, "longest": 6}, True),
    ],
)
def test_waits_that_grow(members, backs_off):
    assert Retrier(("States.ALL",), **members).backs_off is backs_off


@pytest.mark.parametrize(
    ("errors", "error", "handles"),
    [
        ([FAULT], FAULT, True),
        ([FAULT], "Other", False),
        (["States.ALL"], TIMEOUT, True),
        (["States.TaskFailed"], FAULT, True),
        (["States.TaskFailed"], TIMEOUT, False),
        ([], FAULT, False),
    ],
)
def test_the_errors_that_a_retrier_names(errors, error, handles):
    assert Retrier(tuple(errors)).handles(error) is handles


@pytest.mark.parametrize(
    ("resource", "calls"),
    [
        (FUNCTION, True),
        (f"{FUNCTION}:live", True),
        ("arn:aws-cn:lambda:cn-north-1:111122223333:function:pay", True),
        ("arn:aws:states:::lambda:invoke", True),
        ("arn:aws:states:::lambda:invoke.waitForTaskToken", True),
        ("arn:aws:states:::aws-sdk:lambda:invoke", True),
        ("arn:aws:states:::aws-sdk:dynamodb:getItem", False),
        ("arn:aws:states:::sqs:sendMessage", False),
        ("arn:aws:states:eu-west-1:111122223333:activity:lambda", False),
        ("arn:aws:lambda:eu-west-1:111122223333:layer:pay:1", False),
    ],
)
def test_which_tasks_invoke_a_function(resource, calls):
    assert only(machine(Pay=task(Resource=resource))).calls_lambda is calls


def test_tasks_within_parallel_and_map_have_the_names_on_the_way():
    store = inner(Store=task())
    definition = machine(
        Each={"Type": "Map", "ItemProcessor": store},
        Old={"Type": "Map", "Iterator": store},
        Both={"Type": "Parallel", "Branches": [inner(A=task()), inner(B=task())]},
        Wait={"Type": "Wait", "Seconds": 1},
    )
    names = [each.name for each in tasks_of(definition)]
    assert names == ["Each/Store", "Old/Store", "Both/A", "Both/B"]


@pytest.mark.parametrize(
    "definition",
    ["", "[]", "{}", '{"States": []}', '{"States": {"A": {}}}', '{"States": {"A": []}}', "null"],
)
def test_what_is_no_states_language_is_refused(definition):
    with pytest.raises(NotStatesLanguage, match="Error"):
        tasks_of(definition)


NEVER = ALL | {"MaxAttempts": 0}
TO_LOG = ALL | {"Next": "Log"}
TO_FAIL = ALL | {"Next": "Broken"}
LOG, BROKEN = {"Type": "Pass", "End": True}, {"Type": "Fail"}


@pytest.mark.parametrize(
    ("retry", "retried"),
    [
        pytest.param([ALL], True, id="all"),
        pytest.param([NEVER], False, id="no attempt"),
        pytest.param([{"ErrorEquals": [FAULT], "MaxAttempts": 0}, ALL], False, id="the first"),
        pytest.param([{"ErrorEquals": ["Other"], "MaxAttempts": 0}, ALL], True, id="another"),
        pytest.param(None, False, id="null"),
    ],
)
def test_the_first_retrier_that_names_an_error_counts(retry, retried):
    assert only(machine(Pay=task(Retry=retry))).retries(FAULT) is retried


def around(state, **members):
    return machine(
        Both={"Type": "Parallel", "Branches": [inner(Pay=state, Log=LOG, Broken=BROKEN)]}
        | members,
        Log=LOG,
        Broken=BROKEN,
    )


@pytest.mark.parametrize(
    ("definition", "retried"),
    [
        pytest.param(around(task(), Retry=[ALL]), True, id="by what is around"),
        pytest.param(around(task(Catch=[TO_LOG]), Retry=[ALL]), False, id="caught before"),
        pytest.param(around(task(Catch=[TO_FAIL]), Retry=[ALL]), True, id="caught, and fails"),
        pytest.param(
            around(task(Catch=[{"ErrorEquals": [TIMEOUT], "Next": "Log"}]), Retry=[ALL]),
            True,
            id="another error is caught",
        ),
        pytest.param(
            around(task(), Retry=[{"ErrorEquals": [TIMEOUT]}]), False, id="not this error"
        ),
        pytest.param(around(task(Retry=[NEVER]), Retry=[ALL]), True, id="not here but around"),
    ],
)
def test_what_is_around_retries_what_is_not_caught(definition, retried):
    found = only(definition)
    assert found.retries(FAULT) is retried


def test_the_retriers_that_an_error_reaches():
    other = {"ErrorEquals": ["Other"]}
    own, outer = Retrier(("Other",)), Retrier(("States.ALL",))
    assert only(around(task(Retry=[other]), Retry=[ALL])).retriers == (own, outer)
    assert only(around(task(Retry=[other], Catch=[TO_LOG]), Retry=[ALL])).retriers == (own,)


def mapped(mode="INLINE", **members):
    processor = inner(Pay=task()) | {"ProcessorConfig": {"Mode": mode}}
    return machine(Each={"Type": "Map", "ItemProcessor": processor, "Retry": [ALL]} | members)


TOLERATED = "States.ExceedToleratedFailureThreshold"


@pytest.mark.parametrize(
    ("definition", "retried"),
    [
        pytest.param(mapped(), True, id="a map"),
        pytest.param(mapped(Retry=[{"ErrorEquals": [FAULT]}]), True, id="by name"),
        pytest.param(mapped("DISTRIBUTED"), True, id="distributed"),
        pytest.param(
            mapped("DISTRIBUTED", Retry=[{"ErrorEquals": [FAULT]}]), False, id="another name"
        ),
        pytest.param(
            mapped("DISTRIBUTED", Retry=[{"ErrorEquals": [TOLERATED]}]), True, id="its own error"
        ),
        pytest.param(mapped(ToleratedFailureCount=0), True, id="tolerates none"),
        pytest.param(mapped(ToleratedFailureCount=1), False, id="tolerates one"),
        pytest.param(mapped(ToleratedFailurePercentage=5), False, id="tolerates some"),
        pytest.param(mapped(ToleratedFailureCountPath="$.n"), False, id="may tolerate"),
        pytest.param(mapped(ToleratedFailurePercentagePath="$.n"), False, id="may tolerate, %"),
        pytest.param(
            machine(Each={"Type": "Map", "ItemProcessor": inner(Pay=task()), "Retry": [ALL]}),
            True,
            id="without a mode",
        ),
    ],
)
def test_a_map_fails_with_its_items(definition, retried):
    assert only(definition).retries(FAULT) is retried


BACK = {"ErrorEquals": [FAULT], "Next": "Pause"}


@pytest.mark.parametrize(
    ("states", "loops", "waits"),
    [
        pytest.param({"Pause": {"Type": "Wait", "Next": "Pay"}}, True, True, id="after a wait"),
        pytest.param({"Pause": {"Type": "Pass", "Next": "Pay"}}, True, False, id="at once"),
        pytest.param({"Pause": {"Type": "Wait", "End": True}}, False, False, id="not at all"),
        pytest.param({}, False, False, id="a state that is not there"),
        pytest.param(
            {
                "Pause": {
                    "Type": "Choice",
                    "Choices": [{"Next": "Pay"}],
                    "Default": "Later",
                },
                "Later": {"Type": "Wait", "End": True},
            },
            True,
            False,
            id="a wait that does not lead back",
        ),
        pytest.param(
            {
                "Pause": {
                    "Type": "Choice",
                    "Choices": [{"Next": "Later"}],
                    "Default": "Log",
                },
                "Later": {"Type": "Wait", "Next": "Pay"},
            },
            True,
            True,
            id="by a choice",
        ),
        pytest.param(
            {
                "Pause": {"Type": "Choice", "Choices": [], "Default": "Later"},
                "Later": task(Catch=[{"ErrorEquals": ["E"], "Next": "Pay"}]),
            },
            True,
            False,
            id="by the catch of another",
        ),
    ],
)
def test_a_catch_that_leads_back_retries(states, loops, waits):
    pay = task(Catch=[{"ErrorEquals": ["Other"], "Next": "Log"}, BACK], Resource="pay")
    found = tasks_of(machine(Pay=pay, Log=LOG, **states))[0]
    assert found.loops == ((FAULT,) if loops else ())
    assert found.waits == ((FAULT,) if waits else ())
    assert found.retries(FAULT) is loops
    assert not found.retries("Other")


def test_every_error_whose_catch_leads_back_is_retried():
    back = [{"ErrorEquals": [error], "Next": "Pause"} for error in (FAULT, "Other")]
    pause = {"Type": "Wait", "Next": "Pay"}
    found = tasks_of(machine(Pay=task(Catch=back), Pause=pause))[0]
    assert found.loops == found.waits == (FAULT, "Other")
