"""What IAM says of the credentials that users and the root user have."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from readiness.evidence.iam.principals import EVERYTHING, USER, details, the_account
from readiness.model.evidence import ACCOUNT, ServiceEvent, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Cause, Unreadable

ROOT = "<root_account>"
_GONE = ("NoSuchEntity",)
_NOT_READY = ("ReportNotPresent", "ReportInProgress", "ReportExpired")
_ATTEMPTS = 20
_PAUSE_SECONDS = 1.0
_OLD_FOR_ANYBODY = timedelta(days=366)
_YOUNG_FOR_ANYBODY = timedelta(days=1)

LONGEST_KEY_AGE_DAYS = 365
"""The most that a rule may allow: a key older than this is read no further."""


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
    away. Source: GetAccountSummary.
    """

    access_keys: int
    mfa: bool
    has_password: bool | None = None

    @classmethod
    def load(cls, read: Reader, account: Resource) -> RootUser:
        summary = read.one("iam", "get_account_summary").get("SummaryMap") or {}
        try:
            keys, mfa = summary["AccountAccessKeysPresent"], summary["AccountMFAEnabled"]
        except KeyError as missing:
            cause = Cause.UNEXPECTED_ANSWER
            raise Unreadable("iam:GetAccountSummary", cause, f"without {missing}") from None
        password = summary.get("AccountPasswordPresent")
        return cls(int(keys), bool(mfa), None if password is None else bool(password))


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


@evidence(ACCOUNT, reads=("iam:GenerateCredentialReport", "iam:GetCredentialReport"))
@dataclass(frozen=True, slots=True)
class CredentialReport:
    """IAM's table of every user's credentials, up to four hours old.

    ``rows`` maps user names to columns; it is empty, and ``as_of`` None, where no report was
    ready in time. Sources: GenerateCredentialReport, GetCredentialReport.
    """

    rows: Mapping[str, Mapping[str, str]]
    as_of: datetime | None = None

    @classmethod
    def load(cls, read: Reader, account: Resource) -> CredentialReport:
        read.one("iam", "generate_credential_report")
        for attempt in range(1, _ATTEMPTS + 1):
            answer = read.poll("iam", "get_credential_report", attempt, absent=_NOT_READY)
            if answer is not None:
                return cls(dict(_rows(answer["Content"])), answer["GeneratedTime"])
            time.sleep(_PAUSE_SECONDS)
        return cls({})


def _rows(content: bytes) -> Iterator[tuple[str, Mapping[str, str]]]:
    for row in csv.DictReader(io.StringIO(content.decode("utf-8"))):
        if row.get("user"):
            yield row["user"], row


def _row(read: Reader, user: str) -> tuple[Mapping[str, str] | None, datetime | None]:
    """The user's row in the report and how old it is; None where it has to be read alone.

    Only a bulk read asks for the report: it may be older than the event that woke us. A user
    who was created since, or a column that is missing, makes it no answer.
    """
    if not read.bulk:
        return None, None
    report = read.of(CredentialReport, the_account(read))
    row = report.rows.get(user)
    if row is None or not row.keys() >= _NEEDED:
        return None, None
    return row, report.as_of


_NEEDED = {
    "user_creation_time",
    "password_enabled",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_2_active",
    "access_key_2_last_rotated",
}


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key. ``id`` is ``access key 1`` where only the report was read.

    ``created`` is exact, or so far from any threshold that it makes no difference.
    """

    id: str
    active: bool
    created: datetime


_KEY_EVENTS = (
    api_call("iam", "CreateAccessKey", id="responseElements.accessKey.userName"),
    api_call("iam", "DeleteAccessKey", "UpdateAccessKey", id="requestParameters.userName"),
    ServiceEvent(
        "AWS Health Event", match=(("eventTypeCode", ("AWS_RISK_CREDENTIALS_EXPOSED",)),)
    ),
)


def _listed_keys(read: Reader, user: str) -> tuple[AccessKey, ...]:
    keys = read.every("iam", "list_access_keys", "AccessKeyMetadata", gone=_GONE, UserName=user)
    return tuple(
        AccessKey(key["AccessKeyId"], key["Status"] == "Active", key["CreateDate"]) for key in keys
    )


@evidence(
    USER,
    reads=("iam:ListAccessKeys",),
    uses=(CredentialReport,),
    changed_by=_KEY_EVENTS,
)
@dataclass(frozen=True, slots=True)
class ActiveKeys:
    """How many active and inactive access keys a user has.

    Sources: the credential report; ListAccessKeys.
    """

    user: str
    active: tuple[str, ...] = ()
    inactive: int = 0
    as_of: datetime | None = None

    @classmethod
    def load(cls, read: Reader, user: Resource) -> ActiveKeys:
        row, as_of = _row(read, user.id)
        if row is not None:
            active = tuple(f"access key {n}" for n in _active(row))
            made = sum(_moment(row[f"access_key_{n}_last_rotated"]) is not None for n in (1, 2))
            return cls(user.id, active, max(made - len(active), 0), as_of)
        keys = _listed_keys(read, user.id)
        active = tuple(key.id for key in keys if key.active)
        return cls(user.id, active, len(keys) - len(active))


def _active(row: Mapping[str, str]) -> list[int]:
    return [n for n in (1, 2) if row[f"access_key_{n}_active"].lower() == "true"]


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


@evidence(
    USER,
    reads=("iam:ListAccessKeys",),
    uses=(CredentialReport,),
    changed_by=_KEY_EVENTS,
)
@dataclass(frozen=True, slots=True)
class AccessKeyAges:
    """The access keys of a user and since when each exists; ``now`` is when that was read.

    The report tells when a key was last made, activated or deactivated, which is no earlier
    than it was made: enough for a key that is too old for anybody, or whose user is a day old.
    Sources: the credential report; ListAccessKeys.
    """

    keys: tuple[AccessKey, ...]
    now: datetime
    as_of: datetime | None = None

    @classmethod
    def load(cls, read: Reader, user: Resource) -> AccessKeyAges:
        now = read.now
        row, as_of = _row(read, user.id)
        keys = None if row is None else _reported_keys(row, now)
        if keys is not None:
            return cls(keys, now, as_of)
        return cls(_listed_keys(read, user.id), now)


def _reported_keys(row: Mapping[str, str], now: datetime) -> tuple[AccessKey, ...] | None:
    """The active keys, None if the report cannot tell how old one of them is."""
    found = []
    for n in _active(row):
        touched = _moment(row[f"access_key_{n}_last_rotated"])
        user_made = _moment(row["user_creation_time"])
        if touched is not None and now - touched > _OLD_FOR_ANYBODY:
            found.append(AccessKey(f"access key {n}", active=True, created=touched))
        elif user_made is not None and now - user_made < _YOUNG_FOR_ANYBODY:
            found.append(AccessKey(f"access key {n}", active=True, created=user_made))
        else:
            return None
    return tuple(found)


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
        if row is None or not row.keys() >= _NEEDED:
            return cls(None, now, report.as_of)
        dated = [
            AccessKey(f"access key {n}", active=True, created=touched)
            for n in _active(row)
            if (touched := _moment(row[f"access_key_{n}_last_rotated"])) is not None
        ]
        complete = len(dated) == len(_active(row))
        return cls(tuple(dated) if complete else None, now, report.as_of)


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
        row, as_of = _row(read, user.id)
        if row is not None:
            password, mfa = row["password_enabled"].lower(), row["mfa_active"].lower()
            if {password, mfa} <= {"true", "false"}:
                return cls(password == "true", mfa == "true", as_of)  # noqa: S105
        devices = read.every("iam", "list_mfa_devices", "MFADevices", gone=_GONE, UserName=user.id)
        profile = read.one("iam", "get_login_profile", absent=_GONE, UserName=user.id)
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
        page = read.one("iam", "list_service_specific_credentials", gone=_GONE, **whose, **marker)
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
