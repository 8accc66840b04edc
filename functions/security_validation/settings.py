"""Settings that several rules on security validation share."""

from __future__ import annotations

from typing import Annotated

TwoPeople = Annotated[bool, "Require the approval of a second person"]
RequireKmsKey = Annotated[bool, "Require a KMS key; a key that AWS owns is not enough then"]
PublicApis = Annotated[
    tuple[str, ...],
    "Names or ids of APIs that anyone may call, or whose code checks its callers itself",
]
