"""Who a caller is: an ARN where IAM knows the id, and else the id that IAM enforced."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from readiness.engine.aws import Aws
from readiness.engine.principals import Principals
from readiness.model.attestation import MACHINE, Attestation, Result, Scope
from tests.fake_account import ACCOUNT_ID, NOON, FakeAccount, error

ROLE_ID, USER_ID = "AROAEXAMPLEEXAMPLE123", "AIDAEXAMPLEEXAMPLE123"
USER_ARN = f"arn:aws:iam::{ACCOUNT_ID}:user/people/ann"
ALICE = f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Developer/alice"
COMMON = {"Path": "/", "CreateDate": datetime(2026, 1, 1, tzinfo=UTC)}


def iam(**changes):
    role = {"RoleName": "Developer", "RoleId": ROLE_ID, "Arn": f"arn:aws:iam::{ACCOUNT_ID}:role/x"}
    user = {"UserName": "ann", "UserId": USER_ID, "Arn": USER_ARN}
    answers = {
        ("iam", "list_roles"): {"Roles": [role | COMMON], "IsTruncated": False},
        ("iam", "list_users"): {"Users": [user | COMMON], "IsTruncated": False},
    }
    return FakeAccount(answers).but(**changes)


def principals(fake_account=None, region="us-east-1"):
    aws = Aws(fake_account or iam(), account=ACCOUNT_ID, region=region, now=lambda: NOON)
    return Principals(aws)


@pytest.mark.parametrize(
    ("id", "arn"),
    [
        pytest.param(USER_ID, USER_ARN, id="a user, with its path"),
        pytest.param(f"{ROLE_ID}:alice", ALICE, id="a session of a role"),
        pytest.param(f"{ROLE_ID}:a:b", f"{ALICE[:-5]}a:b", id="a session with a colon"),
        pytest.param(ACCOUNT_ID, f"arn:aws:iam::{ACCOUNT_ID}:root", id="the root user"),
        pytest.param(
            f"{ACCOUNT_ID}:bob", f"arn:aws:sts::{ACCOUNT_ID}:federated-user/bob", id="federated"
        ),
    ],
)
def test_an_id_that_iam_knows_is_an_arn(id, arn):
    assert principals().arn(id) == arn


@pytest.mark.parametrize(
    "id",
    [
        pytest.param("", id="nobody"),
        pytest.param(f"{MACHINE}readiness", id="a machine"),
        pytest.param("AIDAGONEGONEGONE12345", id="a user that is gone"),
        pytest.param("AROAGONEGONEGONE12345:alice", id="a role that is gone"),
        pytest.param("444455556666", id="another account's root"),
        pytest.param("444455556666:bob", id="another account's federated user"),
        pytest.param(f"{USER_ID}:alice", id="a user's id as if it were a role's"),
        pytest.param(ROLE_ID, id="a role's id as if it were a user's"),
    ],
)
def test_an_id_that_iam_does_not_know_stays(id):
    assert principals().arn(id) == id


def test_what_needs_no_listing_makes_none():
    fake_account = iam()
    who = principals(fake_account)
    for id in ("", f"{MACHINE}readiness", ACCOUNT_ID, f"{ACCOUNT_ID}:bob"):
        who.arn(id)
    assert fake_account.calls == []


def test_users_and_roles_are_listed_once_each_and_only_when_asked_for():
    fake_account = iam()
    who = principals(fake_account)
    who.arn(f"{ROLE_ID}:alice")
    who.arn(f"{ROLE_ID}:bob")
    assert fake_account.calls == [("iam", "list_roles")]
    who.arn(USER_ID)
    who.arn("AIDAGONEGONEGONE12345")
    assert fake_account.calls == [("iam", "list_roles"), ("iam", "list_users")]


@pytest.mark.parametrize("failure", [error("AccessDenied", 403), error("Throttling")])
def test_a_listing_that_fails_leaves_the_id(failure):
    who = principals(iam(iam__list_roles=failure, iam__list_users=failure))
    assert who.arn(f"{ROLE_ID}:alice") == f"{ROLE_ID}:alice"
    assert who.arn(USER_ID) == USER_ID


def test_in_another_partition_the_arn_is_its_own():
    who = principals(region="cn-north-1")
    assert who.arn(ACCOUNT_ID) == f"arn:aws-cn:iam::{ACCOUNT_ID}:root"
    assert who.arn(f"{ROLE_ID}:alice").startswith(f"arn:aws-cn:sts::{ACCOUNT_ID}:assumed-role/")
    assert who.arn(f"{ACCOUNT_ID}:bob").startswith("arn:aws-cn:sts::")


def test_pages_are_as_large_as_iam_gives_them():
    sizes = []

    fake_account = iam()
    whole = fake_account.answer

    def answer(service, operation, params):
        sizes.append(params.get("MaxItems"))
        return whole(service, operation, params)

    fake_account.answer = answer
    principals(fake_account).arn(f"{ROLE_ID}:alice")
    assert sizes == [1000]


def test_statements_name_who_attested_and_who_approved():
    """Whatever the row says that they are called."""
    statement = Attestation(
        id="i",
        rule="r.x",
        scope=Scope(ACCOUNT_ID),
        statement="Done.",
        performed_at=NOON,
        declared_at=NOON,
        owner="o",
        attester="arn:aws:iam::1:user/forged",
        attester_id=f"{ROLE_ID}:alice",
        result=Result.PASS,
        approved_by="arn:aws:iam::1:user/forged",
        approved_by_id=USER_ID,
    )
    [named] = principals().named([statement])
    assert (named.attester, named.approved_by) == (ALICE, USER_ARN)
    assert (named.attester_id, named.approved_by_id) == (f"{ROLE_ID}:alice", USER_ID)
    assert principals().named([]) == []
