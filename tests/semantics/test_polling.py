"""A source that is about to be read no more counts as unread: no event tells when that is done."""

import pytest

from readiness.semantics.polling import is_off, is_stopped
from tests.fake_account import service_model

ON = ("Creating", "Enabling", "Enabled", "Updating")
OFF = ("Disabling", "Disabled", "Deleting")


@pytest.mark.parametrize("state", ON)
def test_a_mapping_that_polls_or_will_is_on(state):
    assert not is_off(state)


@pytest.mark.parametrize("state", OFF)
def test_a_mapping_that_is_about_to_stop_is_off(state):
    assert is_off(state)


def test_a_state_that_lambda_did_not_tell_is_no_proof_of_rest():
    assert not is_off(None)
    assert not is_off("")


def test_every_state_that_a_pipe_is_meant_to_be_in_is_one_or_the_other():
    shape = service_model("pipes").shape_for("RequestedPipeStateDescribeResponse")
    assert {each: is_stopped(each) for each in shape.enum} == {
        "RUNNING": False,
        "STOPPED": True,
        "DELETED": True,
    }
