"""What Security Hub, Inspector, Access Analyzer and Audit Manager answer, enabled and not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from readiness import Unreadable
from readiness.alerting.asff import Place, finding_of
from readiness.evidence.accessanalyzer import ActiveAnalyzers
from readiness.evidence.auditmanager import ActiveAssessments
from readiness.evidence.inspector2 import InspectorStatus
from readiness.evidence.securityhub import NewestFinding, Standard, Standards
from readiness.evidence.wellarchitected import Review, SecurityReview
from readiness.model.evidence import REGION
from tests.accounts import audit
from tests.accounts.audit import (
    about_workload,
    analyzer,
    control,
    hub_finding,
    lens_review,
    milestone,
    ocsf_finding,
    scans,
    standard,
    workload,
)
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON, error, evaluation
from tests.findings import finding

HERE = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
FSBP = "aws-foundational-security-best-practices/v/1.0.0"
NOT_SUBSCRIBED = f"Account {ACCOUNT_ID} is not subscribed to AWS Security Hub"
OFF = error("InvalidAccessException", 401, NOT_SUBSCRIBED)
DENIED = error("AccessDeniedException", 403)
NO_V2 = {"securityhub__describe_security_hub_v2": error("ResourceNotFoundException", 404)}


def loaded(cls, **answers):
    account = audit.fake_account().but(**answers)
    settings = {
        "max_finding_age_hours": 48,
        "required_standards": ("aws-foundational-security-best-practices",),
    }
    return evaluation(account, [], now=NOON).aws.evidence(cls, HERE, settings).evidence


def test_a_standard_is_called_by_its_name_and_version():
    cis = "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0"
    nist = f"arn:aws:securityhub:{HOME}::standards/nist-800-53/v/5.0.0"
    why = {"StatusReasonCode": "NO_AVAILABLE_CONFIGURATION_RECORDER"}
    asked = []

    def controls(StandardsSubscriptionArn, **_):  # noqa: N803
        asked.append(StandardsSubscriptionArn)
        return {"Controls": [control(1), control(2, "DISABLED"), control(3)]}

    seen = loaded(
        Standards,
        securityhub__describe_standards_controls=controls,
        securityhub__get_enabled_standards={
            "StandardsSubscriptions": [
                standard(),
                standard("INCOMPLETE", cis, StandardsStatusReason=why),
                standard("READY", nist),
            ]
        },
    )
    assert asked == [standard()["StandardsSubscriptionArn"]]
    assert seen.all == (
        Standard(FSBP, "READY", controls=3, enabled=2),
        Standard(
            "cis-aws-foundations-benchmark/v/1.2.0",
            "INCOMPLETE",
            "NO_AVAILABLE_CONFIGURATION_RECORDER",
        ),
        Standard("nist-800-53/v/5.0.0", "READY"),
    )


@pytest.mark.parametrize(
    ("name", "is_meant"),
    [
        (FSBP, True),
        ("aws-foundational-security-best-practices", True),
        ("aws-foundational", False),
        ("aws-foundational-security-best-practices/v/2.0.0", False),
    ],
)
def test_which_standard_a_name_means(name, is_meant):
    assert Standard(FSBP, "READY").is_called(name) is is_meant


@pytest.mark.parametrize(
    ("cls", "call", "off"),
    [
        (Standards, "securityhub__get_enabled_standards", Standards(())),
        (NewestFinding, "securityhub__get_findings", NewestFinding(enabled=False)),
    ],
)
def test_security_hub_that_is_off_is_told_from_a_denial(cls, call, off):
    assert loaded(cls, **{**NO_V2, call: OFF}) == off
    with pytest.raises(Unreadable):
        loaded(cls, **{**NO_V2, call: error("InvalidAccessException", 401, "not authorized")})
    with pytest.raises(Unreadable):
        loaded(cls, **{**NO_V2, call: DENIED})


def test_the_newest_finding_of_this_account_and_region():
    asked = []

    def get_findings(**params):
        asked.append(params)
        return {"Findings": [hub_finding("2026-11-02T11:00:00.000Z")]}

    seen = loaded(NewestFinding, securityhub__get_findings=get_findings, **NO_V2)
    assert seen.updated == datetime.fromisoformat("2026-11-02T11:00:00+00:00")
    [params] = asked
    assert params["MaxResults"] == 1
    assert params["SortCriteria"] == [{"Field": "UpdatedAt", "SortOrder": "desc"}]
    assert params["Filters"]["AwsAccountId"][0]["Value"] == ACCOUNT_ID
    assert params["Filters"]["Region"][0]["Value"] == HOME
    sent = finding_of(Place(ACCOUNT_ID, HOME, "aws", "readiness", "docs/runbooks"), finding())
    [others] = params["Filters"]["GeneratorId"]
    assert others["Comparison"] == "PREFIX_NOT_EQUALS"
    assert sent["GeneratorId"].startswith(others["Value"]), "what Readiness sent proves nothing"


def test_no_finding():
    seen = loaded(NewestFinding, securityhub__get_findings={"Findings": []}, **NO_V2)
    assert seen == NewestFinding(enabled=True)


def test_the_newest_finding_of_the_newer_security_hub_alone():
    asked = []

    def get_findings_v2(**params):
        asked.append(params)
        return {"Findings": [ocsf_finding("2026-11-02T11:30:00.000Z")]}

    seen = loaded(
        NewestFinding, securityhub__get_findings=OFF, securityhub__get_findings_v2=get_findings_v2
    )
    assert seen == NewestFinding(True, datetime.fromisoformat("2026-11-02T11:30:00+00:00"))
    [params] = asked
    [wanted] = params["Filters"]["CompositeFilters"]
    assert {each["FieldName"]: each["Filter"]["Value"] for each in wanted["StringFilters"]} == {
        "cloud.account.uid": ACCOUNT_ID,
        "cloud.region": HOME,
        "metadata.product.name": "Readiness",
    }
    assert wanted["StringFilters"][-1]["Filter"]["Comparison"] == "NOT_EQUALS"
    assert (params["SortCriteria"][0]["SortOrder"], params["MaxResults"]) == ("desc", 1)


def test_the_newer_of_both():
    seen = loaded(
        NewestFinding,
        securityhub__get_findings={"Findings": [hub_finding("2026-10-30T11:00:00.000Z")]},
    )
    assert seen.updated == datetime.fromisoformat("2026-11-02T11:00:00+00:00")


def test_a_recent_finding_of_cspm_is_enough():
    recent = hub_finding("2026-11-02T11:00:00.000Z")
    seen = loaded(
        NewestFinding,
        securityhub__get_findings={"Findings": [recent]},
        securityhub__describe_security_hub_v2=DENIED,
    )
    assert seen.updated == datetime.fromisoformat("2026-11-02T11:00:00+00:00")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    "call", ["securityhub__describe_security_hub_v2", "securityhub__get_findings_v2"]
)
def test_a_newer_security_hub_that_cannot_be_read_is_no_answer(call, fault):
    with pytest.raises(Unreadable):
        loaded(NewestFinding, **{call: FAULTS[fault], "securityhub__get_findings": OFF})


# -- Well-Architected -------------------------------------------------------------------------


def reviewed(days=365, **answers):
    account = audit.fake_account().but(**answers)
    aws = evaluation(account, [], now=NOON).aws
    return aws.evidence(SecurityReview, HERE, {"max_review_age_days": days}).evidence


def test_a_review_of_the_security_pillar():
    assert reviewed().found == Review("agents", NOON - timedelta(days=30))


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({"list_workloads": {"WorkloadSummaries": []}}, id="no workload"),
        pytest.param(
            {"list_workloads": {"WorkloadSummaries": [workload(Lenses=["serverless"])]}},
            id="another lens",
        ),
        pytest.param({"list_milestones": {"MilestoneSummaries": []}}, id="no milestone"),
        pytest.param(
            {"list_milestones": {"MilestoneSummaries": [milestone(366)]}}, id="an old milestone"
        ),
        pytest.param({"get_lens_review": lens_review("reliability")}, id="another pillar"),
        pytest.param({"get_lens_review": lens_review(NONE=8, UNANSWERED=1)}, id="not all of it"),
        pytest.param({"get_lens_review": lens_review(NOT_APPLICABLE=9)}, id="nothing of it"),
        pytest.param({"get_lens_review": error("ResourceNotFoundException", 404)}, id="no lens"),
        pytest.param({"get_workload": about_workload(AwsRegions=["eu-west-1"])}, id="elsewhere"),
        pytest.param({"get_workload": about_workload(AwsRegions=[])}, id="outside AWS"),
        pytest.param(
            {"get_workload": about_workload(AccountIds=["444455556666"])}, id="of other accounts"
        ),
        pytest.param({"get_workload": about_workload(Owner="444455556666")}, id="only shared"),
        pytest.param(
            {"get_workload": error("ResourceNotFoundException", 404)}, id="deleted meanwhile"
        ),
    ],
)
def test_what_is_no_review_of_this_account_and_region(answers):
    assert reviewed(**{f"wellarchitected__{name}": each for name, each in answers.items()}) == (
        SecurityReview()
    )


def test_a_shared_workload_that_names_this_account():
    theirs = about_workload(Owner="444455556666", AccountIds=[ACCOUNT_ID])
    assert reviewed(wellarchitected__get_workload=theirs).found is not None


def test_the_newest_review_that_is_whole():
    def get_lens_review(**params):
        is_newest = params["MilestoneNumber"] == 3
        return lens_review(NONE=1, UNANSWERED=9) if is_newest else lens_review()

    seen = reviewed(
        wellarchitected__list_milestones={
            "MilestoneSummaries": [milestone(90, 1), milestone(60, 2), milestone(5, 3)]
        },
        wellarchitected__get_lens_review=get_lens_review,
    )
    assert seen.found == Review("agents", NOON - timedelta(days=60))


def test_what_inspector_scans():
    assert loaded(InspectorStatus).enabled == ("functions", "images", "instances")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(scans("DISABLED"), id="disabled"),
        pytest.param(scans("SUSPENDED"), id="suspended"),
        pytest.param(
            scans(resourceState=scans("DISABLED")["accounts"][0]["resourceState"]),
            id="enabled for nothing",
        ),
    ],
)
def test_inspector_that_scans_nothing(answer):
    assert loaded(InspectorStatus, inspector2__batch_get_account_status=answer).enabled == ()


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(scans(accountId="999999999999"), id="of another account"),
        pytest.param({"accounts": []}, id="of no account"),
        pytest.param(
            {
                "accounts": [],
                "failedAccounts": [
                    {"accountId": ACCOUNT_ID, "errorCode": "INTERNAL_ERROR", "errorMessage": "no"}
                ],
            },
            id="failed",
        ),
    ],
)
def test_inspector_that_does_not_tell_of_the_account_is_unread(answer):
    answer = {"failedAccounts": []} | answer
    with pytest.raises(Unreadable):
        loaded(InspectorStatus, inspector2__batch_get_account_status=answer)


@pytest.mark.parametrize("status", ["CREATING", "DISABLED", "FAILED"])
def test_an_analyzer_that_does_not_work(status):
    listed = {"analyzers": [analyzer(status), analyzer(name="unused")]}
    assert loaded(ActiveAnalyzers, accessanalyzer__list_analyzers=listed).names == ("unused",)


def test_audit_manager_is_asked_for_assessments_only_where_it_is_set_up():
    account = audit.fake_account().but(
        auditmanager__get_account_status={"status": "INACTIVE"},
        auditmanager__list_assessments=DENIED,
    )
    assert evaluation(account, []).aws.evidence(ActiveAssessments, HERE).evidence.names == ()
    assert ("auditmanager", "list_assessments") not in account.calls
    with pytest.raises(Unreadable):
        loaded(ActiveAssessments, auditmanager__list_assessments=DENIED)


def test_assessments_that_are_active():
    asked = []

    def list_assessments(**params):
        asked.append(params)
        return {"assessmentMetadata": [{"name": "PCI"}, {"name": "CIS"}]}

    seen = loaded(ActiveAssessments, auditmanager__list_assessments=list_assessments)
    assert (seen.names, asked) == (("CIS", "PCI"), [{"status": "ACTIVE"}])


@pytest.mark.parametrize(
    ("cls", "call"),
    [
        (Standards, "securityhub__get_enabled_standards"),
        (NewestFinding, "securityhub__get_findings"),
        (InspectorStatus, "inspector2__batch_get_account_status"),
        (ActiveAnalyzers, "accessanalyzer__list_analyzers"),
        (ActiveAssessments, "auditmanager__get_account_status"),
        (ActiveAssessments, "auditmanager__list_assessments"),
    ],
)
@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_read_is_no_answer(cls, call, fault):
    with pytest.raises(Unreadable):
        loaded(cls, **{**NO_V2, call: FAULTS[fault]})


@pytest.mark.parametrize(
    "call", ["list_workloads", "list_milestones", "get_workload", "get_lens_review"]
)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_review_that_cannot_be_read_is_no_answer(call, fault):
    with pytest.raises(Unreadable):
        reviewed(**{f"wellarchitected__{call}": FAULTS[fault]})
