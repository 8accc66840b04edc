"""The organization that the account belongs to, and who pays for it."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.model.evidence import ACCOUNT, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import NotOffered


@evidence(ACCOUNT, reads=("organizations:DescribeOrganization",))
@dataclass(frozen=True, slots=True)
class Organization:
    """The organization of the account; without ids where it belongs to none.

    A partition without AWS Organizations has none. Every member account may ask.
    Source: DescribeOrganization.
    """

    id: str = ""
    management_account: str = ""

    @classmethod
    def load(cls, read: Reader, account: Resource) -> Organization:
        try:
            answer = read.one(
                "organizations",
                "describe_organization",
                absent=("AWSOrganizationsNotInUseException",),
                region=read.home("organizations"),
            )
        except NotOffered:
            return cls()
        about = (answer or {}).get("Organization") or {}
        return cls(about.get("Id", ""), about.get("MasterAccountId", ""))


@evidence(ACCOUNT, uses=(Organization,))
@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays: ``is_member`` where another account of the organization does.

    Source: DescribeOrganization.
    """

    is_member: bool
    account: str = ""

    @classmethod
    def load(cls, read: Reader, account: Resource) -> Payer:
        payer = read.of(Organization, account).management_account
        return cls(payer not in {"", account.account}, payer)
