"""What S3 blocks for the whole account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from readiness.model.evidence import ACCOUNT, ConfigItem, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


@evidence(
    ACCOUNT,
    reads=("s3:GetAccountPublicAccessBlock",),
    changed_by=(
        api_call("s3", "PutAccountPublicAccessBlock", "DeleteAccountPublicAccessBlock"),
        ConfigItem("AWS::S3::AccountPublicAccessBlock"),
    ),
)
@dataclass(frozen=True, slots=True)
class AccountPublicAccessBlock:
    """The account's public access block: which of the four settings are on.

    All are off where there is none. Source: GetPublicAccessBlock of S3 Control.
    """

    settings: Mapping[str, bool]

    @classmethod
    def load(cls, read: Reader, account: Resource) -> AccountPublicAccessBlock:
        answer = read.one(
            "s3control",
            "get_public_access_block",
            absent=("NoSuchPublicAccessBlockConfiguration",),
            AccountId=account.id,
        )
        block = (answer or {}).get("PublicAccessBlockConfiguration") or {}
        return cls({name: bool(block.get(name)) for name in BLOCKS})

    @property
    def off(self) -> tuple[str, ...]:
        """The settings that are off."""
        return tuple(name for name, on in self.settings.items() if not on)
