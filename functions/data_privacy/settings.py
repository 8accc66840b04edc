"""Settings that several rules of the heading share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from readiness import Between

LEVELS = ("Public", "Internal", "Confidential", "Restricted")

Identifiers = Annotated[
    tuple[str, ...],
    "The data that has to be masked, by the names of AWS's managed data identifiers or of your"
    " custom ones",
]
MASKED = ("CreditCardNumber", "EmailAddress", "Ssn-US")


@dataclass(frozen=True, slots=True)
class TagSettings:
    """The tag that classifies a data store."""

    tag_key: Annotated[
        str, "The tag that holds the class of the data; upper and lower case count"
    ] = "DataClassification"
    allowed_values: Annotated[
        tuple[str, ...], "The classes, from the least to the most sensitive"
    ] = LEVELS
    exempt_names: Annotated[
        tuple[str, ...], "Data stores without a class of their own (shell patterns of names)"
    ] = ()


@dataclass(frozen=True, slots=True)
class BucketSettings(TagSettings):
    """The same for buckets, and what Macie has to say of them."""

    exempt_names: Annotated[
        tuple[str, ...], "Buckets without a class of their own (shell patterns of names)"
    ] = (
        "aws-cloudtrail-logs-*",
        "aws-sam-cli-managed-*",
        "cdk-*-assets-*",
        "cf-templates-*",
        "config-bucket-*",
    )
    macie_required_from: Annotated[
        str, "From this class on, Macie must scan the bucket; empty: never"
    ] = "Confidential"
    sensitive_score: Annotated[
        int, Between(51, 100), "From this sensitivity score of Macie a lower class is wrong"
    ] = 51
