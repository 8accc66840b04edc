"""What users can sign in with beside access keys: passwords, MFA devices and the like."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from readiness.evidence.iam.attachments import NO_SUCH_ENTITY
from readiness.evidence.iam.credential_report import CredentialReport, reported_row
from readiness.evidence.iam.principals import EVERYTHING, USER, details
from readiness.model.evidence import ServiceEvent, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(
    USER,
    reads=("iam:GetLoginProfile", "iam:ListMFADevices"),
    uses=(CredentialReport,),
    changed_by=(
        api_call(
            "iam",
            "CreateLoginProfile",
            "DeactivateMFADevice",
            "DeleteLoginProfile",
            "EnableMFADevice",
            "UpdateLoginProfile",
            id="requestParameters.userName",
        ),
        ServiceEvent(
            "AWS Console Sign In via CloudTrail",
            match=(
                ("userIdentity.type", ("IAMUser",)),
                ("additionalEventData.MFAUsed", ("No",)),
            ),
            id="userIdentity.userName",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class ConsoleAccess:
    """Whether a user has a password for the console, and whether it has an MFA device.

    Sources: the credential report; GetLoginProfile and ListMFADevices.
    """

    password: bool
    mfa: bool
    as_of: datetime | None = None

    @classmethod
    def load(cls, read: Reader, user: Resource) -> ConsoleAccess:
        row, as_of = reported_row(read, user.id)
        if row is not None:
            password, mfa = row["password_enabled"].lower(), row["mfa_active"].lower()
            if {password, mfa} <= {"true", "false"}:
                return cls(password == "true", mfa == "true", as_of)  # noqa: S105
        devices = read.every(
            "iam", "list_mfa_devices", "MFADevices", gone=NO_SUCH_ENTITY, UserName=user.id
        )
        profile = read.one("iam", "get_login_profile", absent=NO_SUCH_ENTITY, UserName=user.id)
        return cls(profile is not None, bool(devices))


@evidence(
    USER,
    reads=(EVERYTHING, "iam:ListServiceSpecificCredentials"),
    changed_by=(
        api_call(
            "iam",
            "CreateServiceSpecificCredential",
            "DeleteServiceSpecificCredential",
            "UpdateServiceSpecificCredential",
            id="requestParameters.userName",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class ServiceCredentials:
    """The services for which a user has an active credential beside its access keys.

    Such as ``codecommit.amazonaws.com`` and ``bedrock.amazonaws.com`` (its API keys). Source:
    ListServiceSpecificCredentials, whose one answer may be about all users.
    """

    user: str
    active_for: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, user: Resource) -> ServiceCredentials:
        return cls(user.id, _services(_credentials(read, UserName=user.id), user.id))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ServiceCredentials]:
        found = _credentials(read, AllUsers=True)
        users = [user["UserName"] for user in details(read, "UserDetailList")]
        return {user: cls(user, _services(found, user)) for user in users}


def _credentials(read: Reader, **whose: Any) -> list[Mapping[str, Any]]:
    """Page by page: botocore has no paginator for this call."""
    found: list[Mapping[str, Any]] = []
    marker: dict[str, str] = {}
    while True:
        page = read.one(
            "iam", "list_service_specific_credentials", gone=NO_SUCH_ENTITY, **whose, **marker
        )
        found += page.get("ServiceSpecificCredentials") or ()
        if not page.get("IsTruncated"):
            return found
        marker = {"Marker": page["Marker"]}


def _services(credentials: Iterable[Mapping[str, Any]], user: str) -> tuple[str, ...]:
    return tuple(
        sorted(
            {
                credential["ServiceName"]
                for credential in credentials
                if credential["UserName"] == user and credential["Status"] == "Active"
            }
        )
    )
