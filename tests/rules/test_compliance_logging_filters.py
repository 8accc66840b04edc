"""Which metric filters tell of what the CIS benchmark names."""

from __future__ import annotations

import pytest

from functions.compliance_logging.app import security_metric_filters
from functions.compliance_logging.security_filters import CONTROLS
from readiness import Status
from readiness.evidence.workloads.log_analysis import Heard
from readiness.evidence.workloads.security_filters import SecurityFilter, SecurityFilters
from readiness.model.unreadable import Cause, Unreadable
from tests.accounts.compliance_logging import AUDIT_GROUP, CENTRAL, CIS_PATTERNS
from tests.fake_account import HOME

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA
RINGS = Heard("security")
SILENT = Heard("security", "The alarm security has no action.")
DENIED = Heard(
    "security", unreadable=Unreadable("sns:ListSubscriptionsByTopic", Cause.ACCESS_DENIED)
)


def filters(alarm=RINGS, *left_out, **others):
    patterns = {name: each for name, each in CIS_PATTERNS.items() if name not in left_out}
    return tuple(
        SecurityFilter(name, pattern, (alarm,) if alarm else ())
        for name, pattern in (patterns | others).items()
    )


def verdict_on(*found, groups=(AUDIT_GROUP,), elsewhere=(), **settings):
    seen = SecurityFilters(groups, elsewhere, found)
    return security_metric_filters(seen, cis_metric_filters=True, **settings)


def test_nothing_is_asked_while_the_setting_is_off():
    assert security_metric_filters(SecurityFilters((AUDIT_GROUP,))).status is NA


def test_all_of_them():
    verdict = verdict_on(*filters())
    assert verdict.status is GOOD, verdict.reason
    assert len(CONTROLS) == len(CIS_PATTERNS) == 15


@pytest.mark.parametrize(
    ("found", "status", "said"),
    [
        pytest.param((), BAD, "and 10 more", id="none"),
        pytest.param(filters(RINGS, "kms"), BAD, "KMS keys disabled or deleted", id="one is left"),
        pytest.param(filters(SILENT), BAD, "No alarm that notifies", id="silent alarms"),
        pytest.param(filters(None), BAD, "No alarm that notifies", id="no alarms"),
        pytest.param(
            filters(RINGS, "kms", keys="{ $.eventName = DisableKey }"),
            BAD,
            "tells of KMS keys disabled or deleted.",
            id="half of it",
        ),
        pytest.param(
            filters(
                RINGS,
                "kms",
                some="{ $.eventName = DisableKey }",
                rest="{ $.eventName = ScheduleKeyDeletion }",
            ),
            GOOD,
            "",
            id="in two halves",
        ),
        pytest.param(
            (SecurityFilter("all", "{ $.eventName = * }", (RINGS,)),),
            BAD,
            "and 10 more",
            id="a filter for everything tells of nothing",
        ),
        pytest.param(
            (SecurityFilter("text", "DisableKey", (RINGS,)),), BAD, "and 10 more", id="plain text"
        ),
        pytest.param(
            filters(RINGS, "kms", keys='{ ($.eventName = "DisableKey" }'),
            UNKNOWN,
            "not understood: keys",
            id="not understood",
        ),
        pytest.param(filters(DENIED), UNKNOWN, "was denied", id="topics that cannot be read"),
        pytest.param(
            (*filters(DENIED, "kms"),), BAD, "and 10 more", id="and one has no filter in any case"
        ),
    ],
)
def test_filters(found, status, said):
    verdict = verdict_on(*found)
    assert verdict.status is status, verdict.reason
    assert said in verdict.reason


def test_what_need_not_be_told():
    found = filters(RINGS, "kms")
    assert verdict_on(*found, ignored_controls=("kms keys disabled or deleted",)).status is GOOD


def test_a_log_group_of_another_account_and_none():
    arn = f"arn:aws:logs:{HOME}:{CENTRAL}:log-group:trail:*"
    verdict = verdict_on(groups=(), elsewhere=(arn,))
    assert (verdict.status, arn in verdict.reason) == (NA, True)
    assert verdict_on(groups=()).status is BAD
