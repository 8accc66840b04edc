"""Which EBS volumes are not encrypted, and which are with a key that is lost."""

from __future__ import annotations

import pytest

from readiness import Unreadable
from readiness.evidence.ec2.volumes import VolumeEncryption
from readiness.model.evidence import REGION
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, error, evaluation

OWN, SECOND = (f"arn:aws:kms:{HOME}:{ACCOUNT_ID}:key/{id}" for id in ("1-own", "2-own"))
FOREIGN = f"arn:aws:kms:{HOME}:444455556666:key/3-foreign"
NOT_FOUND = error("NotFoundException", 400)


def seen(volumes, states, *, default="alias/aws/ebs", state="in-use"):
    asked = []

    def describe_key(KeyId):  # noqa: N803
        asked.append(KeyId)
        told = states[KeyId]
        if isinstance(told, Exception):
            return told
        about = {"KeyId": KeyId, "KeyState": told, "KeyManager": "CUSTOMER"}
        return {"KeyMetadata": about | {"KeySpec": "SYMMETRIC_DEFAULT"}}

    account = FakeAccount(
        {
            ("ec2", "get_ebs_encryption_by_default"): {"EbsEncryptionByDefault": True},
            ("ec2", "get_ebs_default_kms_key_id"): {"KmsKeyId": default},
            ("ec2", "describe_volumes"): {
                "Volumes": [
                    {"VolumeId": id, "State": state, "Encrypted": bool(key)}
                    | ({"KmsKeyId": key} if key else {})
                    for id, key in volumes.items()
                ]
            },
            ("kms", "describe_key"): describe_key,
        }
    )
    aws = evaluation(account, []).aws
    region = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
    return aws.evidence(VolumeEncryption, region).evidence, asked


@pytest.mark.parametrize(
    ("state", "is_lost"),
    [
        ("Enabled", False),
        ("Updating", False),
        ("Disabled", True),
        ("PendingDeletion", True),
        ("PendingImport", True),
        ("Unavailable", True),
    ],
)
def test_the_state_of_a_key_decides(state, is_lost):
    volumes, _ = seen({"vol-1": OWN}, {"1-own": state})
    assert volumes.lost == ({OWN: state} if is_lost else {})
    assert volumes.locked == ({OWN: ("vol-1",)} if is_lost else {})
    assert not volumes.plain


def test_each_key_is_asked_for_once_and_those_of_others_never():
    volumes = {"vol-1": OWN, "vol-2": SECOND, "vol-3": OWN, "vol-4": FOREIGN, "vol-5": ""}
    found, asked = seen(volumes, {"1-own": "Disabled", "2-own": "Enabled"})
    assert sorted(asked) == ["1-own", "2-own"]
    assert found == VolumeEncryption(
        True, ("vol-5",), {OWN: "Disabled"}, {OWN: ("vol-1", "vol-3")}
    )


@pytest.mark.parametrize("state", ["Enabled", "Disabled", "PendingDeletion"])
def test_the_key_of_encryption_by_default(state):
    found, _ = seen({}, {"1-own": state}, default=OWN)
    assert (found.default_key, found.default_state) == (
        ("", "") if state == "Enabled" else (OWN, state)
    )


@pytest.mark.parametrize("name", ["alias/aws/ebs", FOREIGN])
def test_a_default_key_that_nobody_here_can_disable(name):
    found, asked = seen({}, {}, default=name)
    assert (found.default_key, asked) == ("", [])


def test_a_volume_that_is_being_deleted_is_left_out():
    found, _ = seen({"vol-1": ""}, {}, state="deleting")
    assert not found.plain


def test_a_key_that_does_not_exist_any_more():
    volumes, _ = seen({"vol-1": OWN}, {"1-own": NOT_FOUND})
    assert volumes.lost == {OWN: "Missing"}


def test_a_key_that_cannot_be_read_is_no_pass():
    with pytest.raises(Unreadable):
        seen({"vol-1": OWN}, {"1-own": error("AccessDeniedException", 400)})
