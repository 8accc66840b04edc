"""The suites of tests that a manifest names, with their last runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from readiness.evidence.parts import each_alone
from readiness.evidence.workloads.deployments import TESTED, members
from readiness.evidence.workloads.manifests import Manifests
from readiness.evidence.workloads.tagged import GET_RESOURCES
from readiness.evidence.workloads.test_suites.codebuild import codebuild
from readiness.evidence.workloads.test_suites.codepipeline import RUNS_TESTS, codepipeline
from readiness.evidence.workloads.test_suites.runs import Suite
from readiness.evidence.workloads.test_suites.synthetics import synthetics
from readiness.model.evidence import REGION, ServiceEvent, evidence
from readiness.model.manifest import DEFAULT
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.tags import WORKLOAD_TAG
from readiness.model.unreadable import Gone


@evidence(
    TESTED,
    reads=(
        GET_RESOURCES,
        "lambda:ListFunctions",
        "ecs:ListClusters",
        "ecs:ListServices",
        "codebuild:ListBuildsForProject",
        "codebuild:BatchGetBuilds",
        "codebuild:BatchGetBuildBatches",
        "codebuild:BatchGetReports",
        "codepipeline:ListPipelineExecutions",
        "codepipeline:ListActionExecutions",
        "synthetics:GetCanary",
        "synthetics:GetCanaryRuns",
    ),
    uses=(Manifests,),
    changed_by=(
        ServiceEvent(
            "CodeBuild Build State Change",
            match=(("build-status", ("SUCCEEDED", "FAILED", "FAULT", "TIMED_OUT", "STOPPED")),),
        ),
        ServiceEvent(
            "CodePipeline Action Execution State Change",
            match=(
                ("type.category", RUNS_TESTS),
                ("state", ("SUCCEEDED", "FAILED", "ABANDONED")),
            ),
        ),
        ServiceEvent("Synthetics Canary TestRun Successful"),
        ServiceEvent("Synthetics Canary TestRun Failure"),
        ServiceEvent("Synthetics Canary Status Change"),
    ),
)
@dataclass(frozen=True, slots=True)
class Suites:
    """The tests that the manifest of a workload names, with their newest runs.

    ``refusal`` says why the manifest cannot be used. Sources: ListBuildsForProject,
    BatchGetBuilds, BatchGetBuildBatches and BatchGetReports; ListPipelineExecutions and
    ListActionExecutions; GetCanary and GetCanaryRuns.
    """

    tags: Mapping[str, str]
    read_at: datetime
    all: tuple[Suite, ...] = ()
    refusal: str = ""

    def of(self, kind: str) -> tuple[Suite, ...]:
        """Those of one kind: smoke, integration, end-to-end, performance."""
        return tuple(suite for suite in self.all if suite.source.kind == kind)

    @classmethod
    def load(cls, read: Reader, workload: Resource) -> Suites:
        if workload.id not in members(read):
            raise Gone(workload.key)
        return cls._of_each(read, [workload.id])[workload.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, Suites]:
        there = members(read)
        return cls._of_each(read, [name for name in read.ids(TESTED) if name in there])

    @classmethod
    def _of_each(cls, read: Reader, names: Iterable[str]) -> dict[str, Suites]:
        stated = read.of(Manifests, REGION.resource(read.account, read.region, read.account))
        manifests = {name: stated.of(name) for name in names}
        sources = {each for manifest in manifests.values() if manifest for each in manifest.tests}
        found, failed = each_alone(
            read,
            lambda source: _READERS[source.provider](read, source),
            sorted(sources, key=lambda each: (each.provider, each.name, each.kind)),
        )
        found |= {source: Suite(source, unreadable=why) for source, why in failed.items()}
        return {
            name: cls(
                {} if name == DEFAULT else {WORKLOAD_TAG: name},
                read.now,
                tuple(found[source] for source in (manifest.tests if manifest else ())),
                stated.refusal(name),
            )
            for name, manifest in manifests.items()
        }


_READERS = {"codebuild": codebuild, "codepipeline": codepipeline, "synthetics": synthetics}
