"""Settings that several rules of the heading share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from readiness import Between


@dataclass(frozen=True, slots=True)
class PlainTextSettings:
    """Which variables are suspected to hold a credential."""

    min_entropy: Annotated[
        float,
        Between(2, 6),
        "From this entropy on (bits a character) a value of 20 or more characters is suspected",
    ] = 3.5
    ignore_patterns: Annotated[
        tuple[str, ...], "Shell patterns of variable names that are known to hold no secret"
    ] = ()


@dataclass(frozen=True, slots=True)
class ParameterStoreSettings:
    """Whether secrets may be kept in Parameter Store."""

    accept_ssm_secure_string: Annotated[
        bool, "Accept a SecureString of Parameter Store in place of a secret in Secrets Manager"
    ] = False
