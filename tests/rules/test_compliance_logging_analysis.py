"""Whether something looks at what is recorded, and someone hears of it."""

from __future__ import annotations

import pytest

from functions.compliance_logging.app import log_group_analysis, threat_detection
from readiness import Status
from readiness.evidence.guardduty import ThreatDetector
from readiness.evidence.logs import LogDetector
from readiness.evidence.workloads.log_analysis import Heard, LogAnalysis
from readiness.evidence.workloads.log_forwarding import LogForwarding, Route
from readiness.evidence.workloads.threat_detection import ThreatDetection
from readiness.model.unreadable import Cause, Unreadable
from readiness.semantics.trail_coverage import EVERY_OTHER, WRITE, Share
from tests.accounts.compliance_logging import CENTRAL, GROUP
from tests.fake_account import ACCOUNT_ID

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA
DENIED = Unreadable("sns:ListSubscriptionsByTopic", Cause.ACCESS_DENIED, "AuthorizationError")

# -- threats --------------------------------------------------------------------------------------

NONE = ThreatDetector()
CHANGES = frozenset({(EVERY_OTHER, WRITE)})
WORKS = Share(certain=CHANGES)
MAYBE = Share(possible=CHANGES, said="It may.", missing=("cloudtrail:GetTrailStatus",))
STOPPED = Share(said="The trail is not logging.")


@pytest.mark.parametrize(
    ("analysis", "status", "said"),
    [
        pytest.param(
            ThreatDetection(ThreatDetector("1", "ENABLED")), GOOD, "GuardDuty is enabled", id="on"
        ),
        pytest.param(
            ThreatDetection(ThreatDetector("1", "DISABLED")), BAD, "suspended", id="suspended"
        ),
        pytest.param(ThreatDetection(NONE), BAD, "not enabled", id="not enabled"),
        pytest.param(
            ThreatDetection(ThreatDetector("1", "DISABLED"), administrator=CENTRAL),
            BAD,
            f"{CENTRAL} administers it",
            id="suspended by the administrator",
        ),
        pytest.param(ThreatDetection(NONE, (WORKS,)), GOOD, "Insights", id="insights"),
        pytest.param(ThreatDetection(NONE, (STOPPED,)), BAD, "not enabled", id="stopped insights"),
        pytest.param(ThreatDetection(NONE, (MAYBE,)), UNKNOWN, "It may.", id="perhaps insights"),
        pytest.param(ThreatDetection(None), NA, "does not offer GuardDuty", id="no such service"),
        pytest.param(ThreatDetection(None, (WORKS,)), GOOD, "Insights", id="insights without it"),
        pytest.param(ThreatDetection(None, (MAYBE,)), UNKNOWN, "It may.", id="unknown without it"),
    ],
)
def test_threat_detection(analysis, status, said):
    verdict = threat_detection(analysis)
    assert verdict.status is status, verdict.reason
    assert said in verdict.reason
    assert verdict.missing == (MAYBE.missing if status is UNKNOWN else ())


@pytest.mark.parametrize("share", [WORKS, MAYBE])
def test_insights_do_not_count_where_a_setting_says_so(share):
    assert threat_detection(ThreatDetection(NONE, (share,)), accept_insights=False).status is BAD


# -- log groups -----------------------------------------------------------------------------------


def group(**changes):
    return LogAnalysis(GROUP, **changes)


def to(*routes):
    return LogForwarding(GROUP, ACCOUNT_ID, routes=routes)


def detector(status):
    return (LogDetector("odd", frozenset({GROUP}), status),)


FILTER = Route("the subscription filter all", CENTRAL)
PART = Route("the subscription filter errors", CENTRAL, is_whole=False)
PERHAPS = Route("the link", CENTRAL, is_certain=False)
LOST = Route("the subscription filter old", CENTRAL, lost="The filter old leads nowhere.")


@pytest.mark.parametrize(
    ("about", "status", "said"),
    [
        pytest.param(group(alarms=(Heard("errors"),)), GOOD, "the alarm errors", id="an alarm"),
        pytest.param(
            group(alarms=(Heard("a", "The alarm a has no action."), Heard("b"))),
            GOOD,
            "the alarm b",
            id="a silent alarm and another",
        ),
        pytest.param(
            group(alarms=(Heard("a", "The alarm a has no action."),), forwarding=to()),
            BAD,
            "has no action",
            id="a silent alarm",
        ),
        pytest.param(
            group(alarms=(Heard("a", unreadable=DENIED),), forwarding=to()),
            UNKNOWN,
            "sns:ListSubscriptionsByTopic",
            id="a topic that cannot be read",
        ),
        pytest.param(
            group(unwatched=("Agents:Errors",), forwarding=to()),
            BAD,
            "No alarm watches the metric Agents:Errors",
            id="a filter without an alarm",
        ),
        pytest.param(group(detectors=detector("ANALYZING")), GOOD, "detector odd", id="detector"),
        pytest.param(group(detectors=detector("TRAINING")), GOOD, "detector odd", id="training"),
        pytest.param(
            group(detectors=detector("PAUSED"), forwarding=to()), BAD, "odd is PAUSED", id="paused"
        ),
        pytest.param(
            group(detectors=detector("FAILED"), forwarding=to()), BAD, "odd is FAILED", id="failed"
        ),
        pytest.param(group(forwarding=to(FILTER)), GOOD, "whoever gets them", id="passed on"),
        pytest.param(group(forwarding=to(LOST)), BAD, "leads nowhere", id="passed on to nowhere"),
        pytest.param(group(forwarding=to(PART)), GOOD, "filter errors", id="a part passed on"),
        pytest.param(group(forwarding=to(PERHAPS)), UNKNOWN, "the link covers", id="perhaps"),
        pytest.param(group(forwarding=DENIED), UNKNOWN, "was denied", id="unreadable"),
        pytest.param(group(forwarding=to()), BAD, "Nothing analyses", id="nothing"),
        pytest.param(
            group(group_class="INFREQUENT_ACCESS", forwarding=to()),
            BAD,
            "have no metric filters",
            id="infrequent access",
        ),
        pytest.param(group(is_active=False), NA, "no events", id="idle"),
        pytest.param(group(group_class="DELIVERY"), NA, "DELIVERY", id="delivery"),
    ],
)
def test_log_group_analysis(about, status, said):
    verdict = log_group_analysis(about)
    assert verdict.status is status, verdict.reason
    assert said in verdict.reason


@pytest.mark.parametrize("forwarding", [to(FILTER), to(PERHAPS), DENIED])
def test_being_passed_on_does_not_count_where_a_setting_says_so(forwarding):
    verdict = log_group_analysis(group(forwarding=forwarding), accept_forwarding=False)
    assert verdict.status is BAD


def test_only_central_accounts_count():
    about = group(forwarding=to(FILTER))
    assert log_group_analysis(about, central_account_ids=("777788889999",)).status is BAD
    assert log_group_analysis(about, central_account_ids=(CENTRAL,)).status is GOOD


def test_ignored_groups():
    about = group(forwarding=to())
    assert log_group_analysis(about, ignored_groups=("/aws/*",)).status is NA
