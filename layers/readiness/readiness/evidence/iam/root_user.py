"""What the root user can sign in with, and how old its access keys are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from readiness.evidence.iam.access_keys import AccessKey
from readiness.evidence.iam.credential_report import (
    COLUMNS,
    CredentialReport,
    active_keys,
    moment_of,
)
from readiness.model.evidence import ACCOUNT, ServiceEvent, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Cause, Unreadable

ROOT = "<root_account>"
_WITHOUT_CONSOLE = frozenset({"aws-cn", "aws-us-gov"})
"""Partitions whose console takes no root user (AWS GovCloud (US) User Guide, "Sign in as the root
user"). AWS Config has its rule root-account-mfa-enabled in neither."""


@evidence(
    ACCOUNT,
    reads=("iam:GetAccountSummary",),
    changed_by=(
        api_call(
            "iam",
            "CreateAccessKey",
            "CreateVirtualMFADevice",
            "DeactivateMFADevice",
            "DeleteAccessKey",
            "DeleteVirtualMFADevice",
            "EnableMFADevice",
            "UpdateAccessKey",
        ),
        ServiceEvent(
            "AWS Console Sign In via CloudTrail", match=(("userIdentity.type", ("Root",)),)
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class RootUser:
    """What the root user can sign in with.

    ``has_password`` is None where IAM does not say; centralised root access takes the password
    away. ``has_console``: not in GovCloud and China, where it has no password and no MFA device
    either. Source: GetAccountSummary.
    """

    access_keys: int
    mfa: bool
    has_password: bool | None = None
    has_console: bool = True

    @classmethod
    def load(cls, read: Reader, account: Resource) -> RootUser:
        summary = read.one("iam", "get_account_summary").get("SummaryMap") or {}
        try:
            keys, mfa = summary["AccountAccessKeysPresent"], summary["AccountMFAEnabled"]
        except KeyError as missing:
            cause = Cause.UNEXPECTED_ANSWER
            raise Unreadable("iam:GetAccountSummary", cause, f"without {missing}") from None
        password = summary.get("AccountPasswordPresent")
        return cls(
            int(keys),
            bool(mfa),
            None if password is None else bool(password),
            read.partition not in _WITHOUT_CONSOLE,
        )


@evidence(
    ACCOUNT,
    reads=("iam:ListVirtualMFADevices",),
    changed_by=(
        api_call(
            "iam",
            "CreateVirtualMFADevice",
            "DeactivateMFADevice",
            "DeleteVirtualMFADevice",
            "EnableMFADevice",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class RootVirtualDevice:
    """The serial number of the root user's virtual MFA device, empty if it has none.

    Source: ListVirtualMFADevices.
    """

    serial_number: str = ""

    @classmethod
    def load(cls, read: Reader, account: Resource) -> RootVirtualDevice:
        devices = read.every(
            "iam", "list_virtual_mfa_devices", "VirtualMFADevices", AssignmentStatus="Assigned"
        )
        for device in devices:
            owner = (device.get("User") or {}).get("Arn", "")
            serial: str = device["SerialNumber"]
            if owner.endswith(":root") or serial.endswith(":mfa/root-account-mfa-device"):
                return cls(serial)
        return cls()


@evidence(
    ACCOUNT,
    uses=(CredentialReport,),
    changed_by=(
        api_call("iam", "CreateAccessKey", "DeleteAccessKey", "UpdateAccessKey"),
        ServiceEvent(
            "AWS Console Sign In via CloudTrail", match=(("userIdentity.type", ("Root",)),)
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class RootKeyAges:
    """The root user's active access keys; None where the report has no row for it.

    ``created`` of each is no earlier than the key really is. Source: the credential report,
    for no other call shows a root key's age to anybody but root.
    """

    keys: tuple[AccessKey, ...] | None
    now: datetime
    as_of: datetime | None = None

    @classmethod
    def load(cls, read: Reader, account: Resource) -> RootKeyAges:
        now = read.now
        report = read.of(CredentialReport, account)
        row = report.rows.get(ROOT)
        if row is None or not row.keys() >= COLUMNS:
            return cls(None, now, report.as_of)
        dated = [
            AccessKey(f"access key {n}", active=True, created=touched)
            for n in active_keys(row)
            if (touched := moment_of(row[f"access_key_{n}_last_rotated"])) is not None
        ]
        complete = len(dated) == len(active_keys(row))
        return cls(tuple(dated) if complete else None, now, report.as_of)
