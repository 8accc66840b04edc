"""What is concluded of a KMS key that another account owns and does not show."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Annotated

from readiness.evidence.kms.keys import KmsKeyState
from readiness.model.unreadable import Unreadable
from readiness.model.verdict import Verdict, unread

KeyAccounts = Annotated[
    tuple[str, ...], "Accounts that watch their KMS keys themselves; this one need not see them"
]


def with_key(
    key: KmsKeyState | Unreadable | None,
    key_id: str,
    key_accounts: Collection[str],
    judge: Callable[[KmsKeyState | None], Verdict],
) -> Verdict:
    """The verdict with the state of a key, which is enabled where its own account watches it.

    ``key_accounts`` are the accounts of which people say so. A state that could not be read and
    that nobody watches is unknown.
    """
    if not isinstance(key, Unreadable):
        return judge(key)
    owner = key_id.split(":")[4] if key_id.count(":") > 4 else ""
    if not (key.is_denied and owner in key_accounts):
        return unread(f"Whether the KMS key {key_id} can be used is unknown: {key}.", key)
    verdict = judge(KmsKeyState(key_id, "Enabled"))
    said = f"The account {owner} watches the key (setting key_accounts)."
    return replace(verdict, reason=f"{verdict.reason} {said}")
