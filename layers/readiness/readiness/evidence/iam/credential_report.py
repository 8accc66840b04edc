"""IAM's table of every user's credentials, up to four hours old."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from readiness.evidence.iam.principals import the_account
from readiness.model.evidence import ACCOUNT, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

COLUMNS = {
    "user_creation_time",
    "password_enabled",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_2_active",
    "access_key_2_last_rotated",
}
"""A report without one of these is no answer."""

_NOT_READY = ("ReportNotPresent", "ReportInProgress", "ReportExpired")
_ATTEMPTS = 20
_PAUSE_SECONDS = 1.0


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


def reported_row(read: Reader, user: str) -> tuple[Mapping[str, str] | None, datetime | None]:
    """The user's row in the report and how old it is; None where it has to be read alone.

    Only a bulk read asks for the report: it may be older than the event that woke us. A user
    who was created since, or a column that is missing, makes it no answer.
    """
    if not read.bulk:
        return None, None
    report = read.of(CredentialReport, the_account(read))
    row = report.rows.get(user)
    if row is None or not row.keys() >= COLUMNS:
        return None, None
    return row, report.as_of


def active_keys(row: Mapping[str, str]) -> list[int]:
    """Which of the user's two access keys are active: 1 and 2."""
    return [n for n in (1, 2) if row[f"access_key_{n}_active"].lower() == "true"]


def moment_of(text: str) -> datetime | None:
    """The time in a column; None for ``N/A``, ``no_information`` and the like."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
