"""Whether a database instance has a public address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.ec2.open_groups import keep_the_internet_out
from readiness.evidence.rds.instances import INSTANCE, described_instance
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(INSTANCE, reads=("ec2:DescribeSecurityGroups", "rds:DescribeDBInstances"))
@dataclass(frozen=True, slots=True)
class DatabaseExposure:
    """Whether the name of an instance resolves to a public address, and behind which groups.

    Also of DocumentDB and Neptune, whose instances DescribeDBInstances lists. The internet access
    gateway of an Aurora cluster is not read: it admits only who signs in with IAM. ``is_closed``:
    its security groups are known to let nobody in from the internet. A change of theirs wakes the
    rule on security groups; this waits for the sweep. Sources: DescribeDBInstances;
    DescribeSecurityGroups where the instance is public.
    """

    is_public: bool
    engine: str = ""
    groups: tuple[str, ...] = ()
    is_closed: bool = False

    @classmethod
    def load(cls, read: Reader, instance: Resource) -> DatabaseExposure:
        return cls._of(read, described_instance(read, instance))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, DatabaseExposure]:
        found = read.every("rds", "describe_db_instances", "DBInstances")
        return {each["DBInstanceIdentifier"]: cls._of(read, each) for each in found}

    @classmethod
    def _of(cls, read: Reader, answer: Mapping[str, Any]) -> DatabaseExposure:
        attached = answer.get("VpcSecurityGroups") or ()
        groups = tuple(group["VpcSecurityGroupId"] for group in attached)
        is_public = bool(answer.get("PubliclyAccessible"))
        port = (answer.get("Endpoint") or {}).get("Port")
        is_closed = is_public and keep_the_internet_out(read, groups, port)
        return cls(is_public, answer.get("Engine", ""), groups, is_closed)
