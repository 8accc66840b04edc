"""A key for each environment: evidence in, verdict out."""

from __future__ import annotations

from datetime import date

import pytest

from functions.encryption.rules_at_rest import (
    kms_key_accounts,
    kms_key_environment,
    s3_key_environment,
)
from readiness import Status
from readiness.evidence.kms.keys import KmsKeyAccess, KmsKeyState
from readiness.evidence.kms.tags import KmsKeyTags, KmsReplicaTags
from readiness.evidence.kms.usage import KeyUsage, KeyUse
from readiness.evidence.s3.buckets import BucketAndKey
from readiness.model.unreadable import Cause, Unreadable
from tests.accounts.encryption import fake_account, policy
from tests.fake_account import ACCOUNT_ID, evaluation, observe

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
BLIND = Status.INSUFFICIENT_DATA
TODAY = date(2026, 11, 2)
KEY = KmsKeyState("k", "Enabled")
AWS_KEY = KmsKeyState("k", "Enabled", manager="AWS")
ALONE = KmsReplicaTags({})
DENIED = Unreadable("sqs:ListQueues", Cause.ACCESS_DENIED, "AccessDenied")


def env(name: str) -> dict[str, str]:
    return {"Environment": name} if name else {}


def tags(name: str = "", *, account: str = ACCOUNT_ID) -> KmsKeyTags:
    return KmsKeyTags("k", account, env(name), TODAY, foreign=account != ACCOUNT_ID)


def used_by(*environments: str, elsewhere: tuple[str, ...] = (), missing: tuple = ()) -> KeyUsage:
    """Users of the key k, and of another, by the environments in their tags."""
    uses = tuple(KeyUse(f"arn:{i}", env(name)) for i, name in enumerate(environments))
    others = tuple(KeyUse(f"arn:o{i}", env(name)) for i, name in enumerate(elsewhere))
    return KeyUsage({"k": uses, "other": others} if uses else {"other": others}, missing)


@pytest.mark.parametrize(
    ("key", "own", "replicas", "users", "status", "said"),
    [
        pytest.param(
            KEY, tags("prod"), ALONE, used_by("prod", "Prod "), GOOD, "prod", id="one environment"
        ),
        pytest.param(KEY, tags(), ALONE, used_by("prod"), GOOD, "prod", id="untagged key"),
        pytest.param(
            KEY,
            tags(),
            ALONE,
            used_by("prod", "dev"),
            BAD,
            "dev (arn:1) and prod",
            id="serves two",
        ),
        pytest.param(
            KEY, tags("dev"), ALONE, used_by("prod"), BAD, "is tagged dev", id="the wrong one"
        ),
        pytest.param(
            KEY,
            tags("prod"),
            KmsReplicaTags({"eu-west-1": env("dev")}),
            used_by("prod"),
            BAD,
            "dev in eu-west-1",
            id="a replica of another",
        ),
        pytest.param(
            KEY,
            tags("prod"),
            KmsReplicaTags({"eu-west-1": env("prod")}),
            used_by("prod"),
            GOOD,
            "prod",
            id="a replica of the same",
        ),
        pytest.param(KEY, tags("prod"), ALONE, used_by(), NA, "No resource found", id="no users"),
        pytest.param(
            KEY,
            tags(),
            ALONE,
            used_by("", ""),
            NA,
            "environments are unknown",
            id="no environment anywhere",
        ),
        pytest.param(
            KEY, tags(), ALONE, used_by("prod", ""), BLIND, "arn:1", id="an untagged user"
        ),
        pytest.param(
            KEY,
            tags(),
            ALONE,
            used_by("", elsewhere=("prod",)),
            BLIND,
            "arn:0",
            id="untagged where others are not",
        ),
        pytest.param(
            KEY,
            tags(),
            ALONE,
            used_by("prod", missing=(DENIED,)),
            BLIND,
            "sqs:ListQueues",
            id="users unknown",
        ),
        pytest.param(
            KEY,
            tags(),
            ALONE,
            used_by(missing=(DENIED,)),
            BLIND,
            "sqs:ListQueues",
            id="whether there are users unknown",
        ),
        pytest.param(
            KEY,
            tags(),
            ALONE,
            used_by("prod", "dev", missing=(DENIED,)),
            BAD,
            "share the key",
            id="certain all the same",
        ),
        pytest.param(
            AWS_KEY, tags(), ALONE, used_by("prod"), GOOD, "prod", id="AWS key, one environment"
        ),
        pytest.param(
            AWS_KEY,
            tags(),
            ALONE,
            used_by("prod", elsewhere=("dev",)),
            BAD,
            "cannot be restricted",
            id="AWS key, two environments",
        ),
        pytest.param(
            AWS_KEY,
            tags(),
            ALONE,
            used_by(elsewhere=("dev", "prod")),
            NA,
            "No resource found",
            id="AWS key, not used",
        ),
    ],
)
def test_kms_key_environment(key, own, replicas, users, status, said):
    verdict = kms_key_environment(key, own, replicas, users)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


def test_what_was_not_read_is_named():
    verdict = kms_key_environment(KEY, tags(), ALONE, used_by(missing=(DENIED,)))
    assert verdict.missing == ("sqs:ListQueues",)


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        pytest.param({"account_environment": "prod"}, GOOD, id="an account of one environment"),
        pytest.param({"account_environment": "dev"}, BAD, id="of another"),
        pytest.param({"env_tag": "Stage"}, NA, id="another tag"),
        pytest.param({"shared_key_ids": ("k=2026-11-02",)}, NA, id="shared until today"),
        pytest.param({"shared_key_ids": ("k=2026-11-01",)}, BLIND, id="shared until yesterday"),
        pytest.param({"shared_key_ids": ("other=2027-01-01",)}, BLIND, id="another is shared"),
        pytest.param({"shared_key_ids": ("k",)}, BLIND, id="without an end"),
        pytest.param({"shared_key_ids": ("k=never",)}, BLIND, id="end is no day"),
    ],
)
def test_settings_of_kms_key_environment(settings, status):
    verdict = kms_key_environment(KEY, tags(), ALONE, used_by("prod", ""), **settings)
    assert verdict.status is status, verdict.reason


OTHER = "444455556666"


@pytest.mark.parametrize(
    ("bucket", "key", "settings", "status"),
    [
        pytest.param("prod", tags("prod"), {}, GOOD, id="the same"),
        pytest.param("prod", tags("PROD"), {}, GOOD, id="in other letters"),
        pytest.param("prod", tags("dev"), {}, BAD, id="another"),
        pytest.param("", tags("dev"), {}, NA, id="untagged bucket"),
        pytest.param("", tags("dev"), {"account_environment": "prod"}, BAD, id="of the account"),
        pytest.param("prod", tags(), {}, NA, id="untagged key"),
        pytest.param("prod", None, {}, NA, id="no key"),
        pytest.param("prod", tags(account=OTHER), {}, BLIND, id="another account's"),
        pytest.param(
            "prod",
            tags(account=OTHER),
            {"account_environments": (f"{OTHER}=prod",)},
            GOOD,
            id="another account of the same",
        ),
        pytest.param(
            "prod",
            tags(account=OTHER),
            {"account_environments": (f"{OTHER}=dev",)},
            BAD,
            id="another account of another",
        ),
        pytest.param(
            "prod", tags("dev"), {"shared_key_ids": ("k=2026-12-31",)}, NA, id="shared for now"
        ),
        pytest.param(
            "prod", tags("prod"), {"account_environments": ("dev",)}, BLIND, id="misstated"
        ),
        pytest.param("prod", tags("dev"), {"env_tag": "Stage"}, NA, id="another tag"),
    ],
)
def test_s3_key_environment(bucket, key, settings, status):
    verdict = s3_key_environment(BucketAndKey(env(bucket)), key, **settings)
    assert verdict.status is status, verdict.reason


def allows(principal: object, **condition: object) -> dict[str, object]:
    made = {"Effect": "Allow", "Principal": principal, "Action": "kms:Decrypt", "Resource": "*"}
    return made | ({"Condition": condition} if condition else {})


OWN = allows({"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"})
ACCOUNTS = (f"{ACCOUNT_ID}=prod", f"{OTHER}=dev", "777788889999=prod")


@pytest.mark.parametrize(
    ("statements", "grantees", "status"),
    [
        pytest.param([OWN], (), GOOD, id="the account itself"),
        pytest.param([OWN, allows({"AWS": "777788889999"})], (), GOOD, id="the same environment"),
        pytest.param([OWN, allows({"AWS": OTHER})], (), BAD, id="another environment"),
        pytest.param(
            [OWN, allows({"AWS": OTHER}) | {"Effect": "Deny"}], (), GOOD, id="kept out by name"
        ),
        pytest.param([OWN], (f"arn:aws:iam::{OTHER}:role/r",), BAD, id="by a grant"),
        pytest.param(
            [OWN], ("lambda.amazonaws.com",), GOOD, id="a grant to a service of the account"
        ),
        pytest.param([OWN, allows({"AWS": "000011112222"})], (), BLIND, id="a stranger"),
        pytest.param([OWN, allows("*")], (), BAD, id="anybody"),
        pytest.param(
            [OWN, allows("*", StringEquals={"kms:CallerAccount": ACCOUNT_ID})],
            (),
            GOOD,
            id="anybody of the account",
        ),
        pytest.param(
            [OWN, allows("*", StringEquals={"kms:CallerAccount": OTHER})],
            (),
            BAD,
            id="anybody of another environment",
        ),
        pytest.param(
            [OWN, allows("*", StringNotEquals={"kms:CallerAccount": ACCOUNT_ID})],
            (),
            BAD,
            id="anybody but the account",
        ),
        pytest.param(
            [OWN, allows("*", StringLike={"kms:CallerAccount": "*"})],
            (),
            BAD,
            id="a condition that every account meets",
        ),
        pytest.param(
            [OWN, allows("*", StringEqualsIfExists={"aws:PrincipalOrgID": "o-1"})],
            (),
            BAD,
            id="the organisation, or none",
        ),
        pytest.param(
            [OWN, allows("*", StringEquals={"kms:ViaService": "s3.eu-west-1.amazonaws.com"})],
            (),
            BAD,
            id="anybody through a service",
        ),
        pytest.param(
            [
                OWN,
                allows("*"),
                allows("*", StringNotEquals={"kms:CallerAccount": ACCOUNT_ID})
                | {"Effect": "Deny"},
            ],
            (),
            GOOD,
            id="everyone else denied",
        ),
        pytest.param(
            [
                OWN,
                allows("*"),
                allows("*", StringNotEquals={"aws:PrincipalOrgID": "o-1"}) | {"Effect": "Deny"},
            ],
            (),
            BLIND,
            id="everyone outside an organisation denied",
        ),
        pytest.param(
            [
                OWN,
                allows("*"),
                allows(
                    "*",
                    StringNotEquals={"aws:PrincipalOrgID": "o-1"},
                    StringNotLike={"aws:PrincipalAccount": ACCOUNT_ID},
                )
                | {"Effect": "Deny"},
            ],
            (),
            BLIND,
            id="everyone outside an organisation and an account denied",
        ),
        pytest.param(
            [OWN, allows({"AWS": OTHER}), allows({"AWS": OTHER}) | {"Effect": "Deny"}],
            (),
            GOOD,
            id="another environment allowed and denied",
        ),
        pytest.param(
            [
                OWN,
                allows({"AWS": OTHER}),
                allows("*", StringNotEquals={"aws:PrincipalAccount": ACCOUNT_ID})
                | {"Effect": "Deny"},
            ],
            (),
            GOOD,
            id="another environment denied with everyone else",
        ),
        *(
            pytest.param(
                [
                    OWN,
                    allows({"AWS": OTHER}),
                    {k: v for k, v in allows("*").items() if k != "Principal"}
                    | {"Effect": "Deny", "NotPrincipal": {"AWS": spared}},
                ],
                (),
                status,
                id=f"everyone denied but {spared}",
            )
            for spared, status in (
                (ACCOUNT_ID, GOOD),
                (OTHER, BAD),
                (f"arn:aws:iam::{OTHER}:role/reader", BAD),
            )
        ),
        pytest.param(
            [OWN, allows("*", StringEquals={"aws:PrincipalOrgID": "o-1"})],
            (),
            BLIND,
            id="anybody of the organisation",
        ),
        pytest.param([OWN, allows({"Service": "logs.amazonaws.com"})], (), GOOD, id="a service"),
        pytest.param(
            [OWN, allows({"AWS": OTHER}) | {"Action": ["kms:Describe*", "kms:ListGrants"]}],
            (),
            GOOD,
            id="another environment that only looks",
        ),
        pytest.param(
            [OWN, allows({"AWS": OTHER}) | {"Action": "kms:CreateGrant"}],
            (),
            BAD,
            id="another environment that lets itself",
        ),
    ],
)
def test_kms_key_accounts(statements, grantees, status):
    access = KmsKeyAccess(policy(*statements), grantees)
    verdict = kms_key_accounts(KEY, access, tags("prod"), account_environments=ACCOUNTS)
    assert verdict.status is status, verdict.reason


@pytest.mark.parametrize(
    ("key", "access", "own", "accounts", "status"),
    [
        pytest.param(AWS_KEY, KmsKeyAccess(), tags(), ACCOUNTS, NA, id="AWS-managed"),
        pytest.param(
            KEY, KmsKeyAccess(policy(OWN)), tags(), ACCOUNTS, GOOD, id="of the account's"
        ),
        pytest.param(
            KEY, KmsKeyAccess(policy(OWN)), tags(), ("1=prod",), BLIND, id="of an unknown one"
        ),
        pytest.param(KEY, KmsKeyAccess("{"), tags(), ACCOUNTS, BLIND, id="garbled policy"),
        pytest.param(
            KEY, KmsKeyAccess(policy(OWN)), tags(), ("prod",), BLIND, id="misstated setting"
        ),
    ],
)
def test_whose_key_it_is(key, access, own, accounts, status):
    verdict = kms_key_accounts(key, access, own, account_environments=accounts)
    assert verdict.status is status, verdict.reason


@pytest.mark.parametrize(
    ("tagged", "settings", "status"),
    [
        pytest.param({"Stage": "prod"}, {"env_tag": "Stage"}, GOOD, id="another tag"),
        pytest.param({"Stage": "prod"}, {}, BLIND, id="not that tag"),
        pytest.param({}, {"account_environment": "prod"}, GOOD, id="of the account"),
        pytest.param({}, {"account_environment": "dev"}, BAD, id="of an account of another"),
    ],
)
def test_the_environment_of_a_key(tagged, settings, status):
    of_same = allows({"AWS": "777788889999"})
    own = KmsKeyTags("k", ACCOUNT_ID, tagged, TODAY)
    access = KmsKeyAccess(policy(OWN, of_same))
    verdict = kms_key_accounts(
        KEY, access, own, account_environments=("777788889999=prod",), **settings
    )
    assert verdict.status is status, verdict.reason


def test_accounts_are_judged_only_if_their_environments_are_stated():
    rule, accounts = kms_key_accounts, [f"{ACCOUNT_ID}=prod", f"{OTHER}=prod"]
    [id, *_] = evaluation(fake_account(), [rule]).aws.find(rule.subject)
    asked = observe(fake_account(), rule, id, account_environments=accounts)
    assert (asked.crash, asked.finding.status) == ("", GOOD), asked.finding.reason
    assert observe(fake_account(), rule, id).finding.status is NA
