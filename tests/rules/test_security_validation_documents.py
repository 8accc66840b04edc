"""Whether documents of Systems Manager are public."""

from __future__ import annotations

import pytest

from functions.security_validation.rules_of_access import public_documents
from readiness import Severity, Status, Unreadable
from readiness.evidence.ssm_sharing import PublicDocuments
from readiness.model.evidence import REGION
from tests.accounts.security_validation import fake_account
from tests.fake_account import ACCOUNT_ID, HOME, error, evaluation

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT


@pytest.mark.parametrize(
    ("seen", "status", "severity", "said"),
    [
        pytest.param(PublicDocuments(True), GOOD, None, "No SSM document", id="blocked"),
        pytest.param(PublicDocuments(False), BAD, Severity.MEDIUM, "one call", id="one could be"),
        pytest.param(
            PublicDocuments(True, ("Restart",)),
            BAD,
            Severity.HIGH,
            "1 SSM document: Restart",
            id="one from before the block",
        ),
        pytest.param(
            PublicDocuments(False, ("A", "B")), BAD, Severity.HIGH, "A and B", id="two, no block"
        ),
    ],
)
def test_public_documents(seen, status, severity, said):
    verdict = public_documents(seen)
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason
    assert said in verdict.reason


def loaded(**answers):
    aws = evaluation(fake_account().but(**answers), []).aws
    region = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
    return aws.evidence(PublicDocuments, region).evidence


def test_all_may_stand_on_a_later_page():
    def permission(Name, NextToken="", **_):  # noqa: N803
        if Name == "gone":
            return error("InvalidDocument", 400)
        if Name == "Own" or not NextToken:
            more = {} if Name == "Own" else {"NextToken": "more"}
            return {"AccountIds": ["444455556666"], **more}
        return {"AccountIds": ["all"]}

    found = loaded(
        ssm__list_documents={
            "DocumentIdentifiers": [{"Name": name} for name in ("Restart", "Own", "gone")]
        },
        ssm__describe_document_permission=permission,
    )
    assert found == PublicDocuments(True, ("Restart",))


@pytest.mark.parametrize(("value", "blocked"), [("Disable", True), ("Enable", False)])
def test_the_setting_of_the_region(value, blocked):
    assert loaded(
        ssm__get_service_setting={"ServiceSetting": {"SettingValue": value}}
    ) == PublicDocuments(blocked)


def test_what_cannot_be_read_is_no_pass():
    with pytest.raises(Unreadable) as raised:
        loaded(ssm__describe_document_permission=error("AccessDeniedException", 400))
    assert raised.value.action == "ssm:DescribeDocumentPermission"
