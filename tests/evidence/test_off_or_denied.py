"""A service that is off, and a read of it that is denied: told apart for each one in scope."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from readiness import Unreadable
from readiness.evidence.accessanalyzer import ActiveAnalyzers, ExternalAnalyzers
from readiness.evidence.auditmanager import ActiveAssessments
from readiness.evidence.config.recording import Recorder
from readiness.evidence.guardduty import ThreatDetector
from readiness.evidence.inspector2 import InspectorStatus
from readiness.evidence.macie import MacieSession
from readiness.evidence.observabilityadmin import CentralizationRules
from readiness.evidence.securityhub import NewestFinding, Standards
from readiness.evidence.wellarchitected import SecurityReview
from readiness.evidence.workloads.audit_logs import AuditLogs
from readiness.model.evidence import ACCOUNT, REGION, declared
from readiness.model.unreadable import Cause
from tests.accounts import audit, compliance_logging, data_privacy, security_validation
from tests.accounts.audit import scans
from tests.fake_account import ACCOUNT_ID, HOME, NOON, error, evaluation

DENIED = "User: arn:aws:sts::111122223333:assumed-role/r/f is not authorized to perform: x:Y"
NOT_SUBSCRIBED = f"Account {ACCOUNT_ID} is not subscribed to AWS Security Hub"
NO_HUB = error("InvalidAccessException", 401, NOT_SUBSCRIBED)
NO_V2 = error("ResourceNotFoundException", 404)
NO_TRAIL = {"cloudtrail__describe_trails": {"trailList": []}}
SETTINGS: dict[str, Any] = {
    "max_finding_age_hours": 48,
    "max_review_age_days": 365,
    "accept_same_account": True,
    "delivery_max_age_hours": 24,
    "required_standards": ("aws-foundational-security-best-practices",),
}


@dataclass(frozen=True)
class Service:
    """Evidence of a service; ``off`` is what it answers where nobody enabled it."""

    evidence: type[Any]
    account: Any
    off: dict[str, Any]
    denied: str
    code: str = "AccessDeniedException"
    also: dict[str, Any] = field(default_factory=dict)


SERVICES = {
    "Macie": Service(
        MacieSession,
        data_privacy,
        {"macie2__get_macie_session": error("AccessDeniedException", 403, "Macie is not enabled")},
        "macie2__get_macie_session",
    ),
    "Security Hub standards": Service(
        Standards,
        audit,
        {"securityhub__get_enabled_standards": NO_HUB},
        "securityhub__get_enabled_standards",
    ),
    "Security Hub CSPM": Service(
        NewestFinding,
        audit,
        {"securityhub__get_findings": NO_HUB},
        "securityhub__get_findings",
        also={"securityhub__describe_security_hub_v2": NO_V2},
    ),
    "the newer Security Hub": Service(
        NewestFinding,
        audit,
        {"securityhub__describe_security_hub_v2": NO_V2},
        "securityhub__describe_security_hub_v2",
        also={"securityhub__get_findings": NO_HUB},
    ),
    "GuardDuty": Service(
        ThreatDetector,
        compliance_logging,
        {"guardduty__list_detectors": {"DetectorIds": []}},
        "guardduty__list_detectors",
    ),
    "Inspector": Service(
        InspectorStatus,
        audit,
        {"inspector2__batch_get_account_status": scans("DISABLED")},
        "inspector2__batch_get_account_status",
    ),
    "Access Analyzer": Service(
        ActiveAnalyzers,
        audit,
        {"accessanalyzer__list_analyzers": {"analyzers": []}},
        "accessanalyzer__list_analyzers",
    ),
    "Access Analyzer for external access": Service(
        ExternalAnalyzers,
        security_validation,
        {"accessanalyzer__list_analyzers": {"analyzers": []}},
        "accessanalyzer__list_analyzers",
    ),
    "Audit Manager": Service(
        ActiveAssessments,
        audit,
        {"auditmanager__get_account_status": {"status": "INACTIVE"}},
        "auditmanager__get_account_status",
    ),
    "the Well-Architected Tool": Service(
        SecurityReview,
        audit,
        {"wellarchitected__list_workloads": {"WorkloadSummaries": []}},
        "wellarchitected__list_workloads",
    ),
    "AWS Config": Service(
        Recorder,
        audit,
        {"config__describe_configuration_recorders": {"ConfigurationRecorders": []}},
        "config__describe_configuration_recorders",
    ),
    "centralization of logs": Service(
        CentralizationRules,
        compliance_logging,
        {
            "observabilityadmin__list_centralization_rules_for_organization": {
                "CentralizationRuleSummaries": []
            }
        },
        "observabilityadmin__list_centralization_rules_for_organization",
        also={"organizations__describe_organization": compliance_logging.organization()},
    ),
}


def loaded(service, **answers):
    account = service.account.fake_account().but(**{**service.also, **answers})
    about = declared(service.evidence).about
    where = (ACCOUNT if about is ACCOUNT else REGION).resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
    aws = evaluation(account, [], now=NOON).aws
    return aws.evidence(service.evidence, where, SETTINGS).evidence


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_that_is_off_is_an_answer_and_a_denial_is_none(name):
    service = SERVICES[name]
    off = loaded(service, **service.off)
    assert isinstance(off, service.evidence)
    with pytest.raises(Unreadable) as raised:
        loaded(service, **{service.denied: error(service.code, 403, DENIED)})
    assert raised.value.cause is Cause.ACCESS_DENIED


def test_security_lake_that_is_off_collects_nothing_and_a_denial_may():
    off = "Security Lake isn't enabled for your account"
    service = Service(AuditLogs, compliance_logging, {}, "", also=NO_TRAIL)
    answer = error("ResourceNotFoundException", 404, off)
    assert loaded(service, securitylake__list_log_sources=answer).lake is False
    denied = error("AccessDeniedException", 403, DENIED)
    lake = loaded(service, securitylake__list_log_sources=denied).lake
    assert isinstance(lake, Unreadable)
    assert lake.is_denied
