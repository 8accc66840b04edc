"""Security validation: evidence in, verdict out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.security_validation.rules_of_access import (
    access_review,
    archive_rules,
    external_access_analyzer,
    external_access_findings,
    public_images,
    s3_account_public_access,
)
from functions.security_validation.rules_of_scans import penetration_test
from readiness import Severity, Status
from readiness.evidence.accessanalyzer import (
    ArchiveRule,
    ArchiveRules,
    ExternalAccess,
    ExternalAnalyzer,
    ExternalAnalyzers,
    ExternalFinding,
)
from readiness.evidence.ec2.sharing import PublicSharing
from readiness.evidence.iam.root_user import RootUser
from readiness.evidence.s3.account import BLOCKS, AccountPublicAccessBlock
from readiness.evidence.workloads.attack_surface import AttackSurface, EntryPoint
from readiness.model.attestation import Attestation, Attested, Result, Scope
from tests.fake_account import NOON

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA
KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def ago(**time: float) -> datetime:
    return NOON - timedelta(**time)


# -- penetration test -----------------------------------------------------------------------------


def statement(*, days: float = 30, approved: bool = True, **changes: Any) -> Attestation:
    about: dict[str, Any] = {
        "id": "aaaa11112222",
        "rule": "security_validation.penetration-test",
        "scope": Scope(),
        "statement": "Nothing critical or high is open.",
        "performed_at": ago(days=days),
        "declared_at": ago(days=days),
        "owner": "team@example.com",
        "attester": "alice",
        "attester_id": "AROA:alice",
        "approved_by": "bob" if approved else "",
        "approved_by_id": "AROB:bob" if approved else "",
    }
    return Attestation(**(about | changes))


def attested(*statements: Attestation, seen: datetime = NOON) -> Attested:
    return Attested(statements, NOON, seen)


def surface(*, days: float = 100, **undated: tuple[str, ...]) -> AttackSurface:
    return AttackSurface((EntryPoint("load balancer web", ago(days=days)),), undated)


@pytest.mark.parametrize(
    ("reached", "said", "settings", "status", "words"),
    [
        pytest.param(
            surface(), attested(statement()), {}, GOOD, "is attested by alice", id="tested"
        ),
        pytest.param(AttackSurface(), attested(statement()), {}, GOOD, "", id="nothing reachable"),
        pytest.param(surface(), attested(), {}, UNKNOWN, "not attested yet", id="in the grace"),
        pytest.param(
            surface(), attested(seen=ago(days=15)), {}, BAD, "was due by", id="never tested"
        ),
        pytest.param(
            surface(days=10),
            attested(statement()),
            {},
            BAD,
            "is void: 1 entry point on the internet was opened after it: load balancer web",
            id="a load balancer is newer",
        ),
        pytest.param(
            surface(days=30),
            attested(statement()),
            {},
            GOOD,
            "",
            id="created at the time of the test",
        ),
        pytest.param(
            surface(days=10),
            attested(statement(), statement(days=5, id="bbbb11112222")),
            {},
            GOOD,
            "",
            id="tested again since",
        ),
        pytest.param(
            surface(), attested(statement(days=366)), {}, BAD, "expired on", id="too old"
        ),
        pytest.param(
            AttackSurface(),
            attested(statement(days=366)),
            {"max_age_days": 400},
            GOOD,
            "",
            id="longer",
        ),
        pytest.param(
            surface(),
            attested(statement(approved=False)),
            {},
            BAD,
            "no second person",
            id="nobody approved",
        ),
        pytest.param(
            surface(),
            attested(statement(approved=False)),
            {"two_people": False},
            GOOD,
            "",
            id="one person is enough",
        ),
        pytest.param(
            surface(),
            attested(statement(result=Result.FAIL)),
            {},
            BAD,
            "attested as failed",
            id="serious findings are open",
        ),
        pytest.param(
            surface(distributions=("E1", "E2")),
            attested(statement(bound_to={"distributions": "E1,E2"})),
            {},
            GOOD,
            "",
            id="every distribution was tested",
        ),
        pytest.param(
            surface(distributions=("E1",)),
            attested(statement(bound_to={"distributions": "E1 E2"})),
            {},
            GOOD,
            "",
            id="a distribution is gone",
        ),
        pytest.param(
            surface(distributions=("E1", "E2")),
            attested(statement(bound_to={"distributions": "E1"})),
            {},
            BAD,
            "void because distributions changed from E1 to E1 E2",
            id="a distribution is new",
        ),
        pytest.param(
            surface(distributions=("E1",)),
            attested(statement()),
            {},
            BAD,
            "does not name the distributions",
            id="distributions are not stated",
        ),
        pytest.param(
            surface(distributions=("E1",), identity_pools=("us-east-1:1",)),
            attested(statement(bound_to={"distributions": "E1"})),
            {},
            BAD,
            "does not name the identity_pools",
            id="guests of a pool are not stated",
        ),
        pytest.param(
            surface(graphql_apis=("b",), transfer_servers=("s-1",)),
            attested(statement(bound_to={"graphql_apis": "a b", "transfer_servers": "s-1"})),
            {},
            GOOD,
            "",
            id="everything without a date is stated",
        ),
    ],
)
def test_penetration_test(reached, said, settings, status, words):
    verdict = penetration_test(reached, said, **settings)
    assert verdict.status is status, verdict.reason
    assert words in verdict.reason


# -- access ---------------------------------------------------------------------------------------


def analyzers(*states: str, kind: str = "ACCOUNT") -> ExternalAnalyzers:
    return ExternalAnalyzers(tuple(ExternalAnalyzer("arn", "external", kind, s) for s in states))


@pytest.mark.parametrize(
    ("found", "settings", "status", "words"),
    [
        pytest.param(analyzers("ACTIVE"), {}, GOOD, "1 analyzer", id="of the account"),
        pytest.param(
            analyzers("ACTIVE", kind="ORGANIZATION"), {}, GOOD, "", id="of the organization"
        ),
        pytest.param(analyzers(), {}, BAD, "No analyzer", id="none"),
        pytest.param(analyzers("FAILED"), {}, BAD, "external is FAILED", id="failed"),
        pytest.param(analyzers("CREATING"), {}, UNKNOWN, "being created", id="being created"),
        pytest.param(
            analyzers(),
            {"organization_analyzer": True},
            UNKNOWN,
            "listed only in the account that administers it",
            id="another account's cannot be confirmed",
        ),
    ],
)
def test_external_access_analyzer(found, settings, status, words):
    verdict = external_access_analyzer(found, **settings)
    assert verdict.status is status, verdict.reason
    assert words in verdict.reason


def finding(resource: str = "arn:aws:s3:::data", **changes: Any) -> ExternalFinding:
    about: dict[str, Any] = {"id": resource, "resource": resource, "created": ago(hours=1)}
    return ExternalFinding(**(about | changes))


def access(*findings: ExternalFinding, names: tuple[str, ...] = ("external",)) -> ExternalAccess:
    return ExternalAccess(names, findings, NOON)


@pytest.mark.parametrize(
    ("found", "settings", "status", "severity", "words"),
    [
        pytest.param(access(), {}, GOOD, None, "finds no access", id="nothing"),
        pytest.param(access(names=()), {}, NA, None, "reports it", id="nobody looks"),
        pytest.param(access(finding()), {}, GOOD, None, "not older than 72 hours", id="new"),
        pytest.param(
            access(finding()), {"triage_hours": 0}, BAD, Severity.HIGH, "0 hours", id="at once"
        ),
        pytest.param(
            access(finding(created=ago(hours=73))),
            {},
            BAD,
            Severity.HIGH,
            "has not been triaged for more than 72 hours: arn:aws:s3:::data, the oldest since",
            id="nobody decided",
        ),
        pytest.param(
            access(finding(is_public=True)),
            {},
            BAD,
            Severity.CRITICAL,
            "Anyone can access 1 resource",
            id="public counts at once",
        ),
        pytest.param(
            access(finding(id="1", is_public=True), finding(id="2", is_public=True)),
            {},
            BAD,
            Severity.CRITICAL,
            "Anyone can access 1 resource: arn:aws:s3:::data.",
            id="a public resource that two analyzers found",
        ),
        pytest.param(
            access(*(finding(id=str(each), created=ago(hours=73)) for each in range(3))),
            {},
            BAD,
            Severity.HIGH,
            "Access from outside to 1 resource has not",
            id="a resource with a finding for each of three principals",
        ),
        pytest.param(
            access(finding(error="ACCESS_DENIED")),
            {},
            UNKNOWN,
            None,
            "could not analyze 1 resource: arn:aws:s3:::data (ACCESS_DENIED)",
            id="not analyzed",
        ),
        pytest.param(
            access(finding(error="ACCESS_DENIED"), finding("role", is_public=True)),
            {},
            BAD,
            Severity.CRITICAL,
            "role",
            id="what is seen counts beside what is not",
        ),
    ],
)
def test_external_access_findings(found, settings, status, severity, words):
    verdict = external_access_findings(found, **settings)
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason
    assert words in verdict.reason


def archives(**criteria: Any) -> ArchiveRules:
    keys = {key.replace("__", "."): value for key, value in criteria.items()}
    return ArchiveRules(("external",), (ArchiveRule("external", "quiet", keys),))


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        pytest.param(ArchiveRules((), ()), NA, id="nobody looks"),
        pytest.param(ArchiveRules(("external",), ()), GOOD, id="no rule"),
        pytest.param(archives(resource={"eq": ["arn:aws:s3:::web"]}), GOOD, id="a resource"),
        pytest.param(archives(principal__AWS={"eq": ["444455556666"]}), GOOD, id="a principal"),
        pytest.param(archives(principal__AWS={"contains": ["*"]}), BAD, id="anyone"),
        pytest.param(
            archives(principal__AWS={"contains": ["arn:aws:iam::444455556666:"]}),
            GOOD,
            id="the principals of an account",
        ),
        pytest.param(
            archives(resource={"contains": ["arn:aws:iam::111122223333:"]}),
            BAD,
            id="the resources of the account",
        ),
        pytest.param(archives(resource={"contains": ["arn:"]}), BAD, id="any ARN"),
        pytest.param(archives(resource={"contains": [""]}), BAD, id="any text"),
        pytest.param(archives(resource={"contains": ["arn:aws:s3:::"]}), BAD, id="any bucket"),
        pytest.param(archives(resource={"contains": ["arn:aws:s3:::web-"]}), GOOD, id="of a name"),
        pytest.param(archives(resource={"contains": [":role/"]}), BAD, id="any role"),
        pytest.param(archives(resource={"contains": ["111122223333"]}), BAD, id="any of ours"),
        pytest.param(
            archives(resource={"contains": ["arn:aws-cn:kms:cn-north-1:111122223333:key/"]}),
            BAD,
            id="any key of the region",
        ),
        pytest.param(
            archives(resource={"contains": ["role/aws-reserved/sso.amazonaws.com/"]}),
            GOOD,
            id="roles of Identity Center",
        ),
        pytest.param(archives(principal__AWS={"contains": [":root"]}), BAD, id="any account"),
        pytest.param(archives(resource={"neq": ["arn:aws:s3:::web"]}), BAD, id="all but one"),
        pytest.param(archives(principal__AWS={"exists": True}), BAD, id="whoever it is"),
        pytest.param(archives(resourceType={"eq": ["AWS::S3::Bucket"]}), BAD, id="a whole type"),
        pytest.param(archives(isPublic={"eq": ["true"]}), BAD, id="all that is public"),
        pytest.param(archives(), BAD, id="an empty filter"),
        pytest.param(
            archives(isPublic={"eq": ["true"]}, resource={"contains": ["web-assets"]}),
            GOOD,
            id="public ones of some name",
        ),
    ],
)
def test_archive_rules(rules, status):
    verdict = archive_rules(rules)
    assert verdict.status is status, verdict.reason


@pytest.mark.parametrize("off", [(), ("IgnorePublicAcls",), BLOCKS])
def test_s3_account_public_access(off):
    block = AccountPublicAccessBlock({name: name not in off for name in BLOCKS})
    verdict = s3_account_public_access(block)
    assert verdict.status is (BAD if off else GOOD)
    assert all(name in verdict.reason for name in off)


NEW, ALL, OFF = "block-new-sharing", "block-all-sharing", "unblocked"


@pytest.mark.parametrize(
    ("sharing", "status", "severity", "said"),
    [
        pytest.param(PublicSharing(NEW, ALL), GOOD, None, "No AMI", id="blocked"),
        pytest.param(PublicSharing(NEW, NEW), GOOD, None, "No AMI", id="new ones are blocked"),
        pytest.param(
            PublicSharing(OFF, ALL),
            BAD,
            Severity.MEDIUM,
            "off for AMIs:",
            id="images can be shared",
        ),
        pytest.param(
            PublicSharing(NEW, OFF), BAD, Severity.MEDIUM, "off for EBS", id="snapshots can be"
        ),
        pytest.param(
            PublicSharing(OFF, OFF),
            BAD,
            Severity.MEDIUM,
            "AMIs and EBS snapshots",
            id="both can be",
        ),
        pytest.param(
            PublicSharing(NEW, ALL, images=("ami-1",)),
            BAD,
            Severity.HIGH,
            "Anyone can use 1 AMI: ami-1.",
            id="an image from before the block",
        ),
        pytest.param(
            PublicSharing(NEW, NEW, snapshots=("snap-1",)),
            BAD,
            Severity.HIGH,
            "1 EBS snapshot: snap-1",
            id="a snapshot from before the block",
        ),
        pytest.param(
            PublicSharing(NEW, ALL, snapshots=("snap-1",)),
            GOOD,
            None,
            "",
            id="hidden by the block",
        ),
        pytest.param(PublicSharing("", ALL), UNKNOWN, None, "does not tell", id="no state"),
    ],
)
def test_public_images(sharing, status, severity, said):
    verdict = public_images(sharing)
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason
    assert said in verdict.reason


@pytest.mark.parametrize(
    ("root", "said", "settings", "status", "words"),
    [
        pytest.param(RootUser(0, mfa=True), attested(statement()), {}, GOOD, "", id="reviewed"),
        pytest.param(
            RootUser(1, mfa=True),
            attested(statement()),
            {},
            BAD,
            "The root user has 1 access key",
            id="a key of root contradicts it",
        ),
        pytest.param(RootUser(0, mfa=True), attested(), {}, UNKNOWN, "not attested yet", id="new"),
        pytest.param(
            RootUser(0, mfa=True), attested(statement(days=91)), {}, BAD, "expired", id="too old"
        ),
        pytest.param(
            RootUser(0, mfa=True),
            attested(statement(days=91)),
            {"max_age_days": 180},
            GOOD,
            "",
            id="twice a year",
        ),
        pytest.param(
            RootUser(0, mfa=True),
            attested(statement(approved=False)),
            {"two_people": True},
            BAD,
            "no second person",
            id="two people are wanted",
        ),
    ],
)
def test_access_review(root, said, settings, status, words):
    verdict = access_review(root, said, **settings)
    assert verdict.status is status, verdict.reason
    assert words in verdict.reason
