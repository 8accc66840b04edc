"""Whether a database instance has a public address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.rds.instances import INSTANCE, described_instance
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(INSTANCE, reads=("rds:DescribeDBInstances",))
@dataclass(frozen=True, slots=True)
class DatabaseExposure:
    """Whether the name of an instance resolves to a public address, and behind which groups.

    Also of DocumentDB and Neptune, whose instances DescribeDBInstances lists. The internet access
    gateway of an Aurora cluster is not read: it admits only who signs in with IAM. Source:
    DescribeDBInstances.
    """

    is_public: bool
    engine: str = ""
    groups: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, instance: Resource) -> DatabaseExposure:
        return cls._of(described_instance(read, instance))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, DatabaseExposure]:
        found = read.every("rds", "describe_db_instances", "DBInstances")
        return {each["DBInstanceIdentifier"]: cls._of(each) for each in found}

    @classmethod
    def _of(cls, answer: Mapping[str, Any]) -> DatabaseExposure:
        groups = answer.get("VpcSecurityGroups") or ()
        return cls(
            is_public=bool(answer.get("PubliclyAccessible")),
            engine=answer.get("Engine", ""),
            groups=tuple(group["VpcSecurityGroupId"] for group in groups),
        )
