"""What no event tells of is said, also where it cannot be read."""

from __future__ import annotations

import pytest
from botocore.exceptions import EndpointConnectionError

from readiness.engine.unseen import unseen
from tests.fake_account import error

NO_TRAIL = "No CloudTrail trail is logging here: no API call is an event."
NO_RECORDER = "No AWS Config recorder is on here: there are no configuration items."
MINE = {"TrailARN": "arn:aws:cloudtrail:us-east-1:111122223333:trail/mine"}
THEIRS = {"TrailARN": "arn:aws:cloudtrail:us-east-1:999999999999:trail/org"}


class Account:
    """CloudTrail and Config, answering what they are given."""

    def __init__(self, trails=(), logging=True, recorders=({"recording": True},)):
        self.trails, self.logging, self.recorders = trails, logging, recorders
        self.asked = []

    def describe_trails(self, *, includeShadowTrails):  # noqa: N803
        assert includeShadowTrails
        return {"trailList": _or_raise(self.trails)}

    def get_trail_status(self, *, Name):  # noqa: N803
        self.asked.append(Name)
        logging = self.logging
        return {"IsLogging": _or_raise(logging[Name] if isinstance(logging, dict) else logging)}

    def describe_configuration_recorder_status(self):
        return {"ConfigurationRecordersStatus": _or_raise(self.recorders)}


class Empty(Account):
    """Answers without any of their members."""

    def describe_trails(self, **params):
        return {}

    def describe_configuration_recorder_status(self):
        return {}


def _or_raise(answer):
    if isinstance(answer, Exception):
        raise answer
    return answer


DENIED = error("AccessDeniedException", 400)
UNREACHABLE = EndpointConnectionError(endpoint_url="https://cloudtrail")
NAMELESS = error("x")
NAMELESS.response = {}
MINE_ARN, THEIRS_ARN = MINE["TrailARN"], THEIRS["TrailARN"]


def unread(why):
    return [
        f"Whether a CloudTrail trail is logging here could not be read ({why}).",
        f"Whether an AWS Config recorder is on here could not be read ({why}).",
    ]


@pytest.mark.parametrize(
    ("account", "said"),
    [
        pytest.param(Account((MINE,)), [], id="all arrive"),
        pytest.param(Account(), [NO_TRAIL], id="no trail"),
        pytest.param(Account((MINE,), logging=False), [NO_TRAIL], id="a trail that is stopped"),
        pytest.param(
            Account((THEIRS,), logging=error("TrailNotFoundException")), [], id="an organization's"
        ),
        pytest.param(
            Account((THEIRS,), logging=error("OperationNotPermittedException")),
            [],
            id="an organization's, by another code",
        ),
        pytest.param(Account((MINE,), recorders=()), [NO_RECORDER], id="no recorder"),
        pytest.param(
            Account((MINE,), recorders=({"recording": False},)), [NO_RECORDER], id="it is off"
        ),
        pytest.param(Account(recorders=()), [NO_TRAIL, NO_RECORDER], id="a new account"),
        pytest.param(
            Account(DENIED, recorders=DENIED),
            unread("AccessDeniedException"),
            id="denied",
        ),
        pytest.param(
            Account(UNREACHABLE, recorders=UNREACHABLE),
            unread("EndpointConnectionError"),
            id="unreachable",
        ),
        pytest.param(
            Account(NAMELESS, recorders=NAMELESS), unread(""), id="an error without code"
        ),
        pytest.param(Empty(), [NO_TRAIL, NO_RECORDER], id="empty answers"),
        pytest.param(Account((MINE,), recorders=({},)), [NO_RECORDER], id="it does not say"),
        pytest.param(
            Account((MINE,), recorders=({"recording": False}, {"recording": True})),
            [],
            id="one of two recorders is on",
        ),
        pytest.param(
            Account((MINE, THEIRS), logging={MINE_ARN: False, THEIRS_ARN: True}),
            [],
            id="one of two trails is logging",
        ),
        pytest.param(
            Account((THEIRS,), logging=error("CloudTrailARNInvalidException")),
            [],
            id="an organization's, refused by its ARN",
        ),
        pytest.param(
            Account((MINE,), logging=DENIED),
            unread("AccessDeniedException")[:1],
            id="the status is denied",
        ),
    ],
)
def test_what_does_not_arrive_is_said(account, said):
    asked = []

    def client(service):
        asked.append(service)
        return account

    assert unseen(client, "us-east-1", "us-east-1", globals_too=True) == said
    assert asked == ["cloudtrail", "config"]
    assert set(account.asked) <= {MINE_ARN, THEIRS_ARN}


@pytest.mark.parametrize(("globals_too", "many"), [(True, 1), (False, 0)])
def test_global_events_arrive_in_one_region(globals_too, many):
    account = Account((MINE,))
    found = unseen(lambda service: account, "eu-west-1", "us-east-1", globals_too=globals_too)
    said = (
        "API calls of IAM and other global services are events in us-east-1 only: here they are"
        " seen through AWS Config and the sweep."
    )
    assert found == [said] * many
