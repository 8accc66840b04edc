"""What a data protection policy of CloudWatch Logs or SNS does with sensitive data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

EVERYONE = "*"
_HIDES = ("Deidentify", "Deny")


@dataclass(frozen=True, slots=True)
class Protection:
    """What a policy hides, and what it only reports, by the names of its data identifiers.

    A name is the end of the identifier's ARN (``EmailAddress``), or that of a custom identifier.
    ``partly`` is hidden from some principals only. ``flaw`` says why the policy could not be
    parsed; it may hide anything then.
    """

    hidden: frozenset[str] = frozenset()
    audited: frozenset[str] = frozenset()
    partly: frozenset[str] = frozenset()
    flaw: str = ""

    def __or__(self, other: Protection) -> Protection:
        """Both policies together: what either hides is hidden."""
        return Protection(
            self.hidden | other.hidden,
            self.audited | other.audited,
            self.partly | other.partly,
            self.flaw or other.flaw,
        )

    def lacks(self, required: Iterable[str]) -> list[str]:
        """The required identifiers that are not hidden, in order."""
        known = {each.lower() for each in self.hidden}
        return sorted({each for each in required if each.lower() not in known})


def protection_of(text: str) -> Protection:
    """What a policy document says; an empty text is no policy.

    Audit only reports what it finds. Deidentify masks or redacts it. Deny (SNS only) keeps back
    the whole message. A statement of SNS may concern some principals only, one of CloudWatch Logs
    names none. Sources: PutDataProtectionPolicy, Amazon SNS Developer Guide (data protection
    policy operations).
    """
    if not text:
        return Protection()
    try:
        document = json.loads(text)
        statements = document["Statement"]
        return _union(map(_of_statement, statements))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Protection(flaw="the data protection policy is not a valid document")


def _union(parts: Iterable[Protection]) -> Protection:
    found = Protection()
    for part in parts:
        found |= part
    return found


def _of_statement(statement: Mapping[str, Any]) -> Protection:
    names = frozenset(str(each).rpartition("/")[2] for each in statement["DataIdentifier"])
    operation = statement["Operation"]
    audited = names if "Audit" in operation else frozenset()
    if not any(each in operation for each in _HIDES):
        return Protection(audited=audited)
    if EVERYONE in statement.get("Principal", [EVERYONE]) and "NotPrincipal" not in statement:
        return Protection(hidden=names, audited=audited)
    return Protection(partly=names, audited=audited)
