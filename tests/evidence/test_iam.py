"""IAM's loaders: moto where it is right, recorded answers where it is not."""

from __future__ import annotations

import json
from datetime import timedelta

import boto3
import pytest
from moto import mock_aws

from functions.iam_roles.app import iam_roles
from functions.iam_roles.rules_of_credentials import access_key_age, user_access_keys
from functions.iam_roles.rules_of_mfa import console_mfa
from functions.iam_roles.rules_of_privileges import role_privileges
from readiness import Status
from readiness.engine.aws import Aws
from readiness.engine.follow import follow
from readiness.engine.targets import Target
from readiness.evidence.accessanalyzer import UnusedAccess
from readiness.evidence.iam.access_keys import AccessKeyAges, ActiveKeys
from readiness.evidence.iam.credential_report import CredentialReport
from readiness.evidence.iam.credentials import ConsoleAccess, ServiceCredentials
from readiness.evidence.iam.groups import GroupMembers, GroupPolicies
from readiness.evidence.iam.managed_policies import PolicyDocument, PolicyUse
from readiness.evidence.iam.principals import GROUP, POLICY, ROLE, USER
from readiness.evidence.iam.roles import RolePolicies, RoleTrust
from readiness.evidence.iam.root_user import RootKeyAges, RootUser, RootVirtualDevice
from readiness.evidence.iam.users import UserPolicies
from readiness.model.evidence import ACCOUNT, REGION
from readiness.model.unreadable import Gone, Unreadable
from tests.accounts.iam_roles import (
    POLICY_ARN,
    about_role,
    about_user,
    authorization,
    fake_account,
    key,
    no_such,
    policy,
    report,
    row,
)
from tests.fake_account import (
    ACCOUNT_ID,
    HOME,
    NOON,
    FakeAccount,
    error,
    evaluation,
    observe,
    scan,
)

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
EVERYTHING = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
)
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
)
HOSTILE = "x+=,.@_-" + "n" * 50


def made():
    return boto3.client(
        "iam",
        region_name=HOME,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


@pytest.fixture
def iam():
    with mock_aws():
        yield made()


@pytest.fixture
def whole_iam():
    """With AWS's own policies, which takes moto a second."""
    with mock_aws(config={"iam": {"load_aws_managed_policies": True}}):
        yield made()


def reading(iam, *, bulk=False):
    class Session:
        @staticmethod
        def client(*_, **__):
            return iam

    return Aws(Session, account="123456789012", region=HOME, now=lambda: NOON, bulk=bulk)


def of(fake_account, *, bulk=False):
    return evaluation(fake_account, [], bulk=bulk, now=NOON).aws


def load(aws, cls, about, id):
    return aws.evidence(cls, about.resource(aws.account, HOME, id))


@pytest.fixture
def populated(whole_iam):
    iam = whole_iam
    iam.create_role(RoleName="agent", AssumeRolePolicyDocument=TRUST, Path="/app/")
    iam.put_role_policy(RoleName="agent", PolicyName="own", PolicyDocument=EVERYTHING)
    iam.attach_role_policy(RoleName="agent", PolicyArn=ADMIN)
    mine = iam.create_policy(PolicyName="mine", PolicyDocument=EVERYTHING)["Policy"]["Arn"]
    tags = [{"Key": "Owner", "Value": "team"}]
    iam.create_user(UserName=HOSTILE, Tags=tags)
    iam.create_group(GroupName="ops")
    iam.put_group_policy(GroupName="ops", PolicyName="group's", PolicyDocument=EVERYTHING)
    iam.attach_group_policy(GroupName="ops", PolicyArn=mine)
    iam.add_user_to_group(GroupName="ops", UserName=HOSTILE)
    iam.put_user_policy(UserName=HOSTILE, PolicyName="own", PolicyDocument=EVERYTHING)
    return mine


@pytest.mark.parametrize("bulk", [False, True], ids=["one by one", "all at once"])
def test_policies_are_the_same_either_way(whole_iam, populated, bulk):
    aws = reading(whole_iam, bulk=bulk)
    role = load(aws, RolePolicies, ROLE, "agent").evidence
    assert (role.path, [d.name for d in role.inline], [a.id for a in role.attached]) == (
        "/app/",
        ["own"],
        [ADMIN],
    )
    assert role.inline[0].statements[0].actions == ("*",)
    trust = load(aws, RoleTrust, ROLE, "agent").evidence
    assert trust.trust.statements[0].principals[0].value == "lambda.amazonaws.com"
    user = load(aws, UserPolicies, USER, HOSTILE).evidence
    assert [d.name for d in user.inline] == ["own"]
    assert [g.id for g in user.groups] == ["ops"]
    assert [a.id for a in user.attached] == [populated]
    assert user.tags == {"Owner": "team"}
    group = load(aws, GroupPolicies, GROUP, "ops").evidence
    assert ([d.name for d in group.inline], [a.id for a in group.attached]) == (
        ["group's"],
        [populated],
    )
    members = load(aws, GroupMembers, GROUP, "ops").evidence
    assert [m.id for m in members.members] == [HOSTILE]
    document = load(aws, PolicyDocument, POLICY, populated).evidence.document
    assert (document.name, document.statements[0].actions) == ("mine", ("*",))
    assert load(aws, PolicyUse, POLICY, populated).evidence.attached == 1


@pytest.mark.parametrize("bulk", [False, True], ids=["one by one", "all at once"])
def test_boundaries(bulk):
    """moto does not give those of users back."""
    bound = {"PermissionsBoundary": {"PermissionsBoundaryArn": POLICY_ARN}}
    bounded = fake_account().but(
        iam__get_user={"User": about_user(**bound)},
        iam__get_role={"Role": about_role(**bound)},
        iam__get_account_authorization_details=authorization(
            UserDetailList=[about_user(**bound)], RoleDetailList=[about_role(**bound)]
        ),
    )
    aws = of(bounded, bulk=bulk)
    boundary = POLICY.resource(ACCOUNT_ID, HOME, POLICY_ARN)
    assert load(aws, UserPolicies, USER, "ana").evidence.boundary == boundary
    assert load(aws, RolePolicies, ROLE, "agent").evidence.boundary == boundary


@pytest.mark.parametrize("bulk", [False, True], ids=["one by one", "all at once"])
def test_aws_managed_policies_can_be_read(whole_iam, populated, bulk):
    document = load(reading(whole_iam, bulk=bulk), PolicyDocument, POLICY, ADMIN).evidence.document
    assert document.statements[0].actions == ("*",)


def test_lists(whole_iam, populated):
    aws = reading(whole_iam)
    assert aws.find(ROLE) == ["agent"]
    assert aws.find(USER) == [HOSTILE]
    assert aws.find(GROUP) == ["ops"]
    assert aws.find(POLICY) == [populated], "AWS's own policies are not found"


@pytest.mark.parametrize(
    ("cls", "about"),
    [
        (RolePolicies, ROLE),
        (RoleTrust, ROLE),
        (UserPolicies, USER),
        (GroupPolicies, GROUP),
        (GroupMembers, GROUP),
        (ActiveKeys, USER),
        (AccessKeyAges, USER),
        (ConsoleAccess, USER),
    ],
)
def test_what_does_not_exist_is_gone(iam, cls, about):
    with pytest.raises(Gone):
        load(reading(iam), cls, about, "nobody")


def test_a_policy_that_does_not_exist_is_gone(iam):
    with pytest.raises(Gone):
        load(reading(iam), PolicyDocument, POLICY, "arn:aws:iam::123456789012:policy/none")


def test_keys_and_console_alone(iam):
    iam.create_user(UserName="ana")
    first = iam.create_access_key(UserName="ana")["AccessKey"]["AccessKeyId"]
    second = iam.create_access_key(UserName="ana")["AccessKey"]["AccessKeyId"]
    iam.update_access_key(UserName="ana", AccessKeyId=second, Status="Inactive")
    iam.create_login_profile(UserName="ana", Password="Not-4-real-use!")
    aws = reading(iam)
    assert load(aws, ActiveKeys, USER, "ana").evidence == ActiveKeys("ana", (first,), 1)
    console = load(aws, ConsoleAccess, USER, "ana").evidence
    assert (console.password, console.mfa) == (True, False)


def test_pages_are_all_read():
    """Each page may bring users, roles and policies: everything is asked once."""
    whole = authorization()
    pages = [
        whole | {"RoleDetailList": [], "IsTruncated": True, "Marker": "next"},
        whole | {"UserDetailList": [], "GroupDetailList": [], "Policies": []},
    ]

    class Paged(FakeAccount):
        def client(self, service, **_):
            client = super().client(service)
            if service == "iam":
                client.get_paginator = lambda _: type(
                    "Pages", (), {"paginate": lambda _, **__: self.paged()}
                )()
            return client

        def paged(self):
            self.calls.append(("iam", "get_account_authorization_details"))
            yield from pages

    paged = Paged(fake_account().answers)
    aws = of(paged, bulk=True)
    assert aws.find(USER) == ["ana", "robot"]
    assert aws.find(ROLE) == ["agent"]
    assert load(aws, RolePolicies, ROLE, "agent").evidence.name == "agent"
    assert paged.calls == [("iam", "get_account_authorization_details")]


def test_a_scan_of_policies_takes_one_call():
    quiet = fake_account()
    rules = [rule for rule in iam_roles if rule.item == role_privileges.item][:5]
    scan(quiet, rules)
    assert quiet.calls == [("iam", "get_account_authorization_details")]


def test_a_policy_missing_from_the_bulk_answer_is_read_alone():
    sparse = fake_account().but(iam__get_account_authorization_details=authorization(Policies=[]))
    seen = [o for o in scan(sparse, [role_privileges]) if o.finding]
    assert [o.finding.status for o in seen] == [Status.COMPLIANT]
    assert ("iam", "get_policy_version") in sparse.calls


def test_a_policy_event_finds_its_roles_in_one_read_and_judges_them_alone():
    changed = fake_account()
    run = evaluation(changed, [role_privileges])
    target = Target(role_privileges.id, None, via=("AWS::IAM::Policy", POLICY_ARN))
    [seen] = follow(run, [role_privileges], [target])
    assert seen.resource.id == "agent"
    assert ("iam", "get_policy_version") in changed.calls
    other = Target(role_privileges.id, None, via=("AWS::IAM::Policy", ADMIN))
    assert (
        list(follow(evaluation(fake_account(), [role_privileges]), [role_privileges], [other]))
        == []
    )


# -- the credential report --------------------------------------------------------------------

OLD, YOUNG = "2024-01-01T00:00:00+00:00", "2026-11-02T06:00:00+00:00"
LATELY = "2026-10-20T00:00:00+00:00"


def reported(*rows, **answers):
    return fake_account().but(iam__get_credential_report=report(*rows), **answers)


def test_a_verdict_from_the_report_is_as_old_as_the_report():
    rows = [row("ana"), row("robot")]
    for seen in scan(reported(*rows), [console_mfa]):
        assert seen.finding.last_observed_at == NOON - timedelta(hours=3)
    assert observe(reported(*rows), console_mfa, "ana").observed_at >= NOON


def test_an_event_never_asks_for_the_report():
    quiet = fake_account()
    observe(quiet, user_access_keys, "robot")
    observe(quiet, console_mfa, "ana")
    assert not [call for call in quiet.calls if "credential_report" in call[1]]


def test_a_user_missing_from_the_report_is_read_alone():
    late = reported(row("ana"))
    found = {o.resource.id: o.finding.status for o in scan(late, [user_access_keys])}
    assert found == {"ana": Status.COMPLIANT, "robot": Status.NON_COMPLIANT}
    assert late.calls.count(("iam", "list_access_keys")) == 1


@pytest.mark.parametrize("column", ["mfa_active", "access_key_2_active"])
def test_a_report_without_a_column_is_no_answer(column):
    rows = [row("ana"), row("robot")]
    content = report(*rows)["Content"].decode().replace(column, "something_else")
    odd = fake_account().but(iam__get_credential_report=report() | {"Content": content.encode()})
    load(of(odd, bulk=True), ActiveKeys, USER, "ana")
    assert ("iam", "list_access_keys") in odd.calls


@pytest.mark.parametrize(
    ("columns", "reads", "status"),
    [
        pytest.param({}, 0, Status.NOT_APPLICABLE, id="no active key"),
        pytest.param(
            {"access_key_1_active": "true", "access_key_1_last_rotated": OLD},
            0,
            Status.NON_COMPLIANT,
            id="older than any setting allows",
        ),
        pytest.param(
            {"access_key_1_active": "true", "access_key_1_last_rotated": LATELY},
            1,
            Status.NON_COMPLIANT,
            id="toggled lately, made long ago",
        ),
        pytest.param(
            {
                "user_creation_time": YOUNG,
                "access_key_1_active": "true",
                "access_key_1_last_rotated": YOUNG,
            },
            0,
            Status.COMPLIANT,
            id="user of today",
        ),
        pytest.param({"access_key_1_active": "true"}, 1, Status.NON_COMPLIANT, id="date not told"),
    ],
)
def test_only_keys_whose_age_matters_are_read_alone(columns, reads, status):
    made = {"AccessKeyMetadata": [key("ana", days=200)]}
    asked = reported(row("ana", **columns), row("robot"), iam__list_access_keys=made)
    found = {o.resource.id: o.finding.status for o in scan(asked, [access_key_age])}
    assert found["ana"] is status
    assert asked.calls.count(("iam", "list_access_keys")) == reads


def test_a_report_in_the_making_is_waited_for(monkeypatch):
    pauses = []
    monkeypatch.setattr("readiness.evidence.iam.credential_report.time.sleep", pauses.append)
    answers = iter(
        [error("ReportExpired", 410), error("ReportInProgress", 404), report(row("ana"))]
    )
    slow = fake_account().but(iam__get_credential_report=lambda: next(answers))
    found = load(of(slow, bulk=True), CredentialReport, ACCOUNT, ACCOUNT_ID)
    assert (list(found.evidence.rows), len(pauses)) == (["ana"], 2)


def test_a_report_that_never_comes_means_reading_alone(monkeypatch):
    monkeypatch.setattr("readiness.evidence.iam.credential_report.time.sleep", lambda _: None)
    never = fake_account().but(iam__get_credential_report=error("ReportInProgress", 404))
    found = {o.resource.id: o.finding.status for o in scan(never, [user_access_keys])}
    assert found == {"ana": Status.COMPLIANT, "robot": Status.NON_COMPLIANT}


def test_a_refused_report_is_no_answer():
    refused = fake_account().but(iam__get_credential_report=error("AccessDenied", 403))
    with pytest.raises(Unreadable, match="iam:GetCredentialReport was denied"):
        load(of(refused, bulk=True), ActiveKeys, USER, "ana")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([row("<root_account>")], 0, id="no key"),
        pytest.param(
            [row("<root_account>", access_key_2_active="true", access_key_2_last_rotated=OLD)],
            1,
            id="second key",
        ),
        pytest.param([row("ana")], None, id="moto leaves the root user out"),
        pytest.param(
            [row("<root_account>", access_key_1_active="true")], None, id="date not told"
        ),
    ],
)
def test_root_keys(rows, expected):
    keys = load(of(reported(*rows)), RootKeyAges, ACCOUNT, ACCOUNT_ID).evidence.keys
    assert (None if keys is None else len(keys)) == expected


# -- calls that moto answers wrongly or not at all --------------------------------------------


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        (
            {"AccountAccessKeysPresent": 0, "AccountMFAEnabled": 0, "AccountPasswordPresent": 0},
            RootUser(0, mfa=False, has_password=False),
        ),
        ({"AccountAccessKeysPresent": 1, "AccountMFAEnabled": 1}, RootUser(1, mfa=True)),
    ],
)
def test_root_user(summary, expected):
    answered = fake_account().but(iam__get_account_summary={"SummaryMap": summary})
    assert load(of(answered), RootUser, ACCOUNT, ACCOUNT_ID).evidence == expected


@pytest.mark.parametrize(
    ("region", "has_console"),
    [
        (HOME, True),
        ("eusc-de-east-1", True),
        ("us-gov-west-1", False),
        ("us-gov-east-1", False),
        ("cn-northwest-1", False),
    ],
)
def test_where_the_console_takes_no_root_user(region, has_console):
    summary = {"AccountAccessKeysPresent": 0, "AccountMFAEnabled": 0}
    account = fake_account().but(iam__get_account_summary={"SummaryMap": summary})
    aws = Aws(account, account=ACCOUNT_ID, region=region, now=lambda: NOON)
    seen = load(aws, RootUser, ACCOUNT, ACCOUNT_ID).evidence
    assert seen == RootUser(0, mfa=False, has_console=has_console)


def test_a_summary_that_does_not_say_is_no_answer():
    silent = fake_account().but(iam__get_account_summary={"SummaryMap": {"Users": 2}})
    with pytest.raises(Unreadable, match="iam:GetAccountSummary"):
        load(of(silent), RootUser, ACCOUNT, ACCOUNT_ID)


@pytest.mark.parametrize(
    ("serial", "owner", "expected"),
    [
        ("arn:aws:iam::111122223333:mfa/root-account-mfa-device", "", True),
        ("arn:aws:iam::111122223333:mfa/phone", "arn:aws:iam::111122223333:root", True),
        ("arn:aws:iam::111122223333:mfa/ana", "arn:aws:iam::111122223333:user/ana", False),
    ],
)
def test_root_virtual_device(serial, owner, expected):
    user = {
        "Path": "/",
        "UserName": "somebody",
        "UserId": "AIDAEXAMPLEEXAMPLE01",
        "Arn": owner,
        "CreateDate": NOON,
    }
    device = {"SerialNumber": serial} | ({"User": user} if owner else {})
    answered = fake_account().but(iam__list_virtual_mfa_devices={"VirtualMFADevices": [device]})
    found = load(of(answered), RootVirtualDevice, ACCOUNT, ACCOUNT_ID).evidence
    assert (found.serial_number == serial) is expected


def credential(user, status="Active", service="bedrock.amazonaws.com"):
    return {
        "UserName": user,
        "Status": status,
        "ServiceName": service,
        "CreateDate": NOON,
        "ServiceSpecificCredentialId": "ACCAEXAMPLEEXAMPLE01",
    }


@pytest.mark.parametrize("bulk", [False, True], ids=["one by one", "all at once"])
def test_service_credentials_page_by_page(bulk):
    def answer(Marker="", UserName="", AllUsers=False):  # noqa: N803
        assert bool(UserName) is not AllUsers
        if not Marker:
            first = [credential("robot", "Inactive", "codecommit.amazonaws.com")]
            return {"ServiceSpecificCredentials": first, "IsTruncated": True, "Marker": "2"}
        return {"ServiceSpecificCredentials": [credential("robot")], "IsTruncated": False}

    aws = of(fake_account().but(iam__list_service_specific_credentials=answer), bulk=bulk)
    found = load(aws, ServiceCredentials, USER, "robot").evidence
    assert found == ServiceCredentials("robot", ("bedrock.amazonaws.com",))
    assert load(aws, ServiceCredentials, USER, "ana").evidence.active_for == ()


def test_a_login_profile_that_does_not_exist_is_no_password():
    answered = fake_account().but(iam__get_login_profile=no_such("login profile"))
    assert not load(of(answered), ConsoleAccess, USER, "ana").evidence.password


def test_a_document_that_is_no_policy_costs_only_its_role():
    broken = [{"PolicyName": "own", "PolicyDocument": "{"}]
    whole = authorization()
    fine = whole["RoleDetailList"][0]
    other = fine | {"RoleName": "broken", "RolePolicyList": broken}
    answered = fake_account().but(
        iam__get_account_authorization_details=whole | {"RoleDetailList": [fine, other]}
    )
    found = {o.resource.id: o.finding.status for o in scan(answered, [role_privileges])}
    assert found == {"agent": Status.COMPLIANT, "broken": Status.INSUFFICIENT_DATA}


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param({"type": "ACCOUNT"}, id="of another kind"),
        pytest.param({"status": "FAILED"}, id="not working"),
    ],
)
def test_only_an_active_unused_access_analyzer_counts(bad):
    answers = fake_account().answers
    [analyzer] = answers["accessanalyzer", "list_analyzers"]["analyzers"]
    answered = fake_account().but(accessanalyzer__list_analyzers={"analyzers": [analyzer | bad]})
    account = ACCOUNT_ID
    assert load(of(answered), UnusedAccess, REGION, account).evidence == UnusedAccess()
    assert load(of(fake_account()), UnusedAccess, REGION, account).evidence.days == 90


def test_policy_text_of_every_shape_in_bulk():
    inline = [{"PolicyName": "own", "PolicyDocument": policy()}]
    whole = authorization()
    role = whole["RoleDetailList"][0] | {"RolePolicyList": inline}
    aws = of(
        fake_account().but(
            iam__get_account_authorization_details=whole | {"RoleDetailList": [role]}
        ),
        bulk=True,
    )
    assert load(aws, RolePolicies, ROLE, "agent").evidence.inline[0].statements == ()


@pytest.mark.parametrize(
    ("exclusion", "counts"),
    [
        pytest.param({"accountIds": [ACCOUNT_ID]}, False, id="this account"),
        pytest.param({"accountIds": ["999988887777"]}, True, id="another account"),
        pytest.param(
            {"accountIds": [ACCOUNT_ID], "resourceTags": [{"team": "a"}]}, True, id="some of it"
        ),
        pytest.param({"resourceTags": [{"team": "a"}]}, True, id="by tags alone"),
    ],
)
def test_an_analyzer_that_leaves_the_account_out_finds_nothing_in_it(exclusion, counts):
    rule = {"exclusions": [{"accountIds": ["123412341234"]}, exclusion]}
    analyzer = {
        "arn": f"arn:aws:access-analyzer:{HOME}:{ACCOUNT_ID}:analyzer/unused",
        "name": "unused",
        "type": "ORGANIZATION_UNUSED_ACCESS",
        "status": "ACTIVE",
        "createdAt": NOON,
        "configuration": {"unusedAccess": {"unusedAccessAge": 30, "analysisRule": rule}},
    }
    where = fake_account().but(accessanalyzer__list_analyzers={"analyzers": [analyzer]})
    account = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
    found = load(of(where), UnusedAccess, REGION, account.id).evidence
    assert found.analyzer == ("unused" if counts else "")
