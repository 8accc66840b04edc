"""The account itself: its number, and whom AWS reaches about it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from readiness.model.evidence import ACCOUNT, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(ACCOUNT)
@dataclass(frozen=True, slots=True)
class Account:
    """The number of the account. Nothing is read for it."""

    id: str

    @classmethod
    def load(cls, read: Reader, account: Resource) -> Account:
        return cls(account.account)


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom AWS reaches: never stored with a finding, since it is personal."""

    name: str
    email: str
    phone: str


@evidence(
    ACCOUNT,
    reads=("account:GetAlternateContact",),
    changed_by=(api_call("account", "PutAlternateContact", "DeleteAlternateContact"),),
)
@dataclass(frozen=True, slots=True)
class AlternateContacts:
    """The alternate contacts of the account, by type: ``BILLING``, ``OPERATIONS``, ``SECURITY``.

    A type that is not set is missing. Source: GetAlternateContact.
    """

    by_type: Mapping[str, Contact]

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that change with any address or number.

        They are of one account's contacts together, so that no address can be found from them
        without knowing the others.
        """
        said = {
            kind: [each.email.strip().casefold(), re.sub(r"[^0-9+]", "", each.phone)]
            for kind, each in self.by_type.items()
        }
        text = json.dumps(said, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @classmethod
    def load(cls, read: Reader, account: Resource) -> AlternateContacts:
        found: dict[str, Contact] = {}
        for kind in ("BILLING", "OPERATIONS", "SECURITY"):
            answer = read.one(
                "account",
                "get_alternate_contact",
                absent=("ResourceNotFoundException",),
                region=read.home("account"),
                AlternateContactType=kind,
            )
            if answer is not None:
                about = answer["AlternateContact"]
                found[kind] = Contact(
                    about.get("Name", ""),
                    about.get("EmailAddress", ""),
                    about.get("PhoneNumber", ""),
                )
        return cls(found)


@evidence(
    ACCOUNT,
    reads=("account:GetContactInformation",),
    changed_by=(api_call("account", "PutContactInformation"),),
)
@dataclass(frozen=True, slots=True)
class ContactInformation:
    """The primary contact of the account: a name and a phone number.

    Source: GetContactInformation.
    """

    name: str
    phone: str

    @classmethod
    def load(cls, read: Reader, account: Resource) -> ContactInformation:
        answer = read.one("account", "get_contact_information", region=read.home("account"))
        about = answer["ContactInformation"]
        return cls(about.get("FullName", ""), about.get("PhoneNumber", ""))
