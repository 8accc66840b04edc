"""What the KMS loaders make of KMS's answers."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from readiness.evidence.kms.keys import (
    KEY,
    KmsImportedMaterial,
    KmsKeyAccess,
    KmsKeyState,
    KmsRotation,
    key_id_of,
    key_resource,
)
from readiness.evidence.kms.tags import KmsKeyTags
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone, Unreadable
from tests.accounts.encryption import (
    IMPORTED_ID,
    KEY_ARN,
    KEY_ID,
    fake_account,
    key_metadata,
    tags,
)
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON, FakeAccount, error, evaluation

OTHER = "444455556666"
FOREIGN = f"arn:aws:kms:{HOME}:{OTHER}:key/{KEY_ID}"


def loaded(cls, seen: FakeAccount, key: Resource | str = KEY_ID):
    resource = KEY.resource(ACCOUNT_ID, HOME, key) if isinstance(key, str) else key
    return evaluation(seen, [], now=NOON).aws.evidence(cls, resource).evidence


def regions_asked(seen: FakeAccount) -> list[tuple[str, str]]:
    """Which service is asked in which region, from now on."""
    asked = []
    original = seen.client

    def client(service: str, region_name: str = "", **rest: object):
        asked.append((service, region_name))
        return original(service, **rest)

    seen.client = client
    return asked


@pytest.mark.parametrize(
    ("named", "resource"),
    [
        pytest.param("", None, id="no key"),
        pytest.param(KEY_ID, (ACCOUNT_ID, HOME, KEY_ID), id="id"),
        pytest.param(KEY_ARN, (ACCOUNT_ID, HOME, KEY_ID), id="arn"),
        pytest.param("alias/prod", (ACCOUNT_ID, HOME, "alias/prod"), id="alias"),
        pytest.param(
            f"arn:aws:kms:{HOME}:{ACCOUNT_ID}:alias/prod",
            (ACCOUNT_ID, HOME, "alias/prod"),
            id="alias arn",
        ),
        pytest.param(
            KEY_ARN.replace(HOME, "eu-west-1"), (ACCOUNT_ID, "eu-west-1", KEY_ID), id="elsewhere"
        ),
        pytest.param(FOREIGN, (OTHER, HOME, FOREIGN), id="another account's"),
    ],
)
def test_every_way_a_key_is_named(named, resource):
    found = key_resource(evaluation(fake_account(), []).aws, named)  # type: ignore[arg-type]
    assert (found and (found.account, found.region, found.id)) == resource


@pytest.mark.parametrize(
    ("named", "id"), [(KEY_ARN, KEY_ID), (KEY_ID, KEY_ID), ("alias/prod", None)]
)
def test_the_key_id_in_an_event(named, id):
    assert key_id_of(named) == id


@pytest.mark.parametrize("name", ["KeySpec", "KeyManager", "KeyState"])
@pytest.mark.parametrize("cls", [KmsKeyState, KmsRotation, KmsImportedMaterial])
def test_an_answer_that_does_not_say_what_the_key_is_counts_as_none(cls, name):
    answer = key_metadata()
    del answer["KeyMetadata"][name]
    with pytest.raises(Unreadable) as caught:
        loaded(cls, fake_account().but(kms__describe_key=answer))
    assert (caught.value.action, name in str(caught.value)) == ("kms:DescribeKey", True)


def test_the_usage_is_told_by_the_answer_or_by_the_spec():
    symmetric, asymmetric = key_metadata(), key_metadata(KeySpec="RSA_2048")
    for answer in (symmetric, asymmetric):
        del answer["KeyMetadata"]["KeyUsage"]
    seen = fake_account()
    assert loaded(KmsKeyState, seen.but(kms__describe_key=symmetric)).usage == "ENCRYPT_DECRYPT"
    with pytest.raises(Unreadable, match="KeyUsage"):
        loaded(KmsKeyState, seen.but(kms__describe_key=asymmetric))


def test_the_older_name_of_the_spec_is_understood():
    answer = key_metadata(CustomerMasterKeySpec="RSA_2048")
    del answer["KeyMetadata"]["KeySpec"]
    assert loaded(KmsKeyState, fake_account().but(kms__describe_key=answer)).spec == "RSA_2048"


def test_a_key_that_does_not_exist_is_missing():
    seen = fake_account().but(kms__describe_key=error("NotFoundException"))
    assert loaded(KmsKeyState, seen).state == "Missing"


@pytest.mark.parametrize(
    ("account", "words"),
    [
        (OTHER, f"the key policy in the account {OTHER} has to allow it too"),
        (ACCOUNT_ID, "kms:DescribeKey was denied (AccessDeniedException)"),
    ],
    ids=["another account's", "ours"],
)
def test_a_key_that_may_not_be_described_says_whose_policy_refuses(account, words):
    seen = fake_account().but(kms__describe_key=FAULTS["denied"])
    arn = f"arn:aws:kms:{HOME}:{account}:key/{KEY_ID}"
    with pytest.raises(Unreadable) as refused:
        loaded(KmsKeyState, seen, Resource(account, HOME, KEY.name, arn))
    assert refused.value.action == "kms:DescribeKey"
    assert refused.value.is_denied
    assert words in str(refused.value)


def test_a_key_elsewhere_is_described_there():
    seen = fake_account()
    asked = regions_asked(seen)
    loaded(KmsKeyState, seen, Resource(ACCOUNT_ID, "eu-west-1", KEY.name, KEY_ID))
    assert asked == [("kms", "eu-west-1")]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"KeyManager": "AWS"}, id="AWS-managed"),
        pytest.param({"KeySpec": "RSA_2048"}, id="asymmetric"),
        pytest.param({"Origin": "EXTERNAL"}, id="imported"),
        pytest.param({"KeyState": "PendingDeletion"}, id="about to be deleted"),
        pytest.param(
            {
                "MultiRegion": True,
                "MultiRegionConfiguration": {"MultiRegionKeyType": "REPLICA"},
            },
            id="replica",
        ),
    ],
)
def test_rotation_is_not_asked_of_a_key_that_cannot(changes):
    seen = fake_account().but(kms__describe_key=key_metadata(**changes))
    assert loaded(KmsRotation, seen) == KmsRotation(enabled=False)
    assert ("kms", "get_key_rotation_status") not in seen.calls


def test_a_key_type_that_kms_says_cannot_rotate():
    seen = fake_account().but(kms__get_key_rotation_status=error("UnsupportedOperationException"))
    assert loaded(KmsRotation, seen) == KmsRotation(enabled=False)


def test_imported_material_is_as_old_as_its_last_rotation():
    day = timedelta(days=1)
    rotations = [{"RotationDate": NOON - 40 * day}, {"RotationDate": NOON - 3 * day}, {}]
    seen = fake_account().but(kms__list_key_rotations={"Rotations": rotations})
    assert loaded(KmsImportedMaterial, seen, IMPORTED_ID) == KmsImportedMaterial(
        date(2026, 10, 30), 3
    )


def test_imported_material_never_rotated_is_as_old_as_the_key():
    created = NOON - timedelta(days=400)
    seen = fake_account().but(
        kms__list_key_rotations={"Rotations": []},
        kms__describe_key=key_metadata(Origin="EXTERNAL", CreationDate=created),
    )
    assert loaded(KmsImportedMaterial, seen).age_days == 400


def test_rotations_are_not_asked_of_a_key_whose_material_kms_made():
    seen = fake_account()
    assert loaded(KmsImportedMaterial, seen) == KmsImportedMaterial()
    assert ("kms", "list_key_rotations") not in seen.calls


@pytest.mark.parametrize("named", [KEY_ID, "alias/prod"])
def test_the_tags_of_a_key(named):
    found = loaded(KmsKeyTags, fake_account(), named)
    assert (found.key_id, found.tags, found.foreign) == (KEY_ID, {"Environment": "prod"}, False)


def test_an_alias_of_nothing_has_no_tags():
    seen = fake_account().but(kms__describe_key=error("NotFoundException"))
    assert loaded(KmsKeyTags, seen, "alias/gone").tags == {}


def test_the_tags_of_another_accounts_key_are_not_asked_for():
    seen = fake_account()
    found = loaded(KmsKeyTags, seen, Resource(OTHER, HOME, KEY.name, FOREIGN))
    assert (found.key_id, found.account, found.foreign) == (KEY_ID, OTHER, True)
    assert seen.calls == []


def test_a_key_elsewhere_has_its_tags_there():
    there = KEY_ARN.replace(HOME, "eu-west-1")
    seen = fake_account().but(resourcegroupstaggingapi__get_resources=tags(**{there: "dev"}))
    asked = regions_asked(seen)
    found = loaded(KmsKeyTags, seen, Resource(ACCOUNT_ID, "eu-west-1", KEY.name, KEY_ID))
    assert (found.tags, asked) == (
        {"Environment": "dev"},
        [("resourcegroupstaggingapi", "eu-west-1")],
    )


def test_who_may_use_a_key():
    access = loaded(KmsKeyAccess, fake_account())
    assert "kms:Decrypt" in access.policy
    assert access.grantees == (f"arn:aws:iam::{ACCOUNT_ID}:role/worker",)
    [grant] = fake_account().answers["kms", "list_grants"]["Grants"]
    auditor = grant | {"Operations": ["DescribeKey", "RetireGrant"]}
    seen = fake_account().but(kms__list_grants={"Grants": [auditor]})
    access = loaded(KmsKeyAccess, seen)
    assert access.grantees == ()
    assert access.granted == ((auditor["GranteePrincipal"], {"DescribeKey", "RetireGrant"}),)


def test_nobody_else_may_use_an_aws_managed_key():
    seen = fake_account().but(kms__describe_key=key_metadata(KeyManager="AWS"))
    assert loaded(KmsKeyAccess, seen) == KmsKeyAccess()
    assert seen.calls == [("kms", "describe_key")]


@pytest.mark.parametrize(
    ("code", "raised"), [("NotFoundException", Gone), ("AccessDeniedException", Unreadable)]
)
def test_a_policy_that_is_not_there_is_not_an_empty_one(code, raised):
    seen = fake_account().but(kms__get_key_policy=error(code))
    with pytest.raises(raised):
        loaded(KmsKeyAccess, seen)
