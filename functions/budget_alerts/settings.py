"""Settings that several rules of the heading share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from readiness.model.tags import ENVIRONMENT_TAG, WORKLOAD_TAG

REQUIRED = (WORKLOAD_TAG, "CostCenter", ENVIRONMENT_TAG)
"""Whose costs they are. Owners and data classes are for a setting or a manifest to require."""


@dataclass(frozen=True, slots=True)
class KeySettings:
    """The tags that every resource has to have."""

    required_tags: Annotated[
        tuple[str, ...],
        "The tags that every resource needs, as <key> or <key>=<value>|<value>; upper and lower"
        " case count",
    ] = REQUIRED

    @property
    def allowed(self) -> Mapping[str, tuple[str, ...]]:
        """The allowed values of each required tag; none where any value will do."""
        parts = [each.partition("=") for each in self.required_tags]
        return {
            key.strip(): tuple(value.strip() for value in values.split("|") if value.strip())
            for key, _, values in parts
        }


@dataclass(frozen=True, slots=True)
class TagSettings(KeySettings):
    """The same where names tell what needs none."""

    exempt_names: Annotated[
        tuple[str, ...], "Resources that need no tags (shell patterns of names)"
    ] = ()


@dataclass(frozen=True, slots=True)
class BucketTagSettings(TagSettings):
    """The same for buckets."""

    exempt_names: Annotated[
        tuple[str, ...], "Buckets that need no tags (shell patterns of names)"
    ] = ("aws-sam-cli-managed-*", "cdk-*-assets-*", "cf-templates-*")
