"""The workload manifests: documents of the user's own in Parameter Store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, timedelta

from readiness.model.evidence import REGION, ServiceEvent, evidence
from readiness.model.manifest import DEFAULT, Manifest, ManifestRefused, parse
from readiness.model.reader import Reader
from readiness.model.resource import Resource

PATH = "/readiness/manifest"
_ONE_DAY = timedelta(days=1)


@evidence(
    REGION,
    reads=("ssm:GetParametersByPath",),
    changed_by=(ServiceEvent("Parameter Store Change", match=(("name", (f"{PATH}/*",)),)),),
)
@dataclass(frozen=True, slots=True)
class Manifests:
    """What owners state of their workloads, and which documents cannot be used and why.

    Source: GetParametersByPath below ``/readiness/manifest``; text alone, since what is
    secret is no manifest.
    """

    stated: Mapping[str, Manifest] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)

    def of(self, workload: str) -> Manifest | None:
        """The manifest of a workload (the value of the tag Application), or the default one.

        None where neither stands, and where the workload's own document is refused.
        """
        if workload in self.refused:
            return None
        return self.stated.get(workload) or self.stated.get(DEFAULT)

    def refusal(self, workload: str) -> str:
        """Why the document that would hold for a workload cannot be used; empty if none is."""
        meant = workload if workload in {*self.stated, *self.refused} else DEFAULT
        why = self.refused.get(meant, "")
        return f"The manifest {PATH}/{meant} cannot be used: {why}." if why else ""

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Manifests:
        stated: dict[str, Manifest] = {}
        refused: dict[str, str] = {}
        for parameter in read.every("ssm", "get_parameters_by_path", "Parameters", Path=PATH):
            workload = parameter["Name"].removeprefix(f"{PATH}/")
            if parameter["Type"] != "String":
                refused[workload] = f"it is a {parameter['Type']}, not a String"
                continue
            try:
                manifest = parse(workload, parameter["Value"])
            except ManifestRefused as error:
                refused[workload] = str(error)
                continue
            if manifest.reviewed > (read.now.astimezone(UTC) + _ONE_DAY).date():
                refused[workload] = f"reviewed: {manifest.reviewed} is in the future"
            else:
                stated[workload] = manifest
        return cls(stated, refused)
