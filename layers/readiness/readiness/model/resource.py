"""The identity of an AWS resource, the same for every kind of event."""

from __future__ import annotations

from dataclasses import dataclass

GLOBAL = "global"


@dataclass(frozen=True, slots=True, order=True)
class Resource:
    """One resource; ``region`` is ``global`` for the services that have no region."""

    account: str
    region: str
    type: str
    id: str

    @property
    def key(self) -> str:
        """``<account>/<region>/<type>/<id>``, the partition key of the findings table."""
        return f"{self.account}/{self.region}/{self.type}/{self.id}"

    @classmethod
    def parse(cls, key: str) -> Resource:
        """The resource a key names. Raises ValueError for anything else."""
        parts = key.split("/", 3)
        if len(parts) != 4 or not all(parts):
            raise ValueError(f"{key!r} is not <account>/<region>/<type>/<id>")
        return cls(*parts)

    def __str__(self) -> str:
        return self.key
