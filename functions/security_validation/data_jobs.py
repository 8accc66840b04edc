"""Whether what Glue writes is encrypted with KMS, and what users of notebooks can do."""

from __future__ import annotations

from readiness import Problem, Severity, Verdict, complies, not_applicable, violates_all
from readiness.evidence.glue_security import GlueEncryption, GlueWork
from readiness.evidence.sagemaker import Notebooks
from readiness.model.text import listed, plural

_SHOWN = 3
_NO_CONFIGURATION = "no security configuration"


def glue_verdict(seen: GlueEncryption) -> Verdict:
    """The verdict on the jobs, crawlers and development endpoints of a region."""
    if not seen.work:
        return not_applicable("Glue has no job, crawler or development endpoint in this region.")
    faults: dict[str, list[str]] = {}
    for each in seen.work:
        for fault in _faults(each, seen):
            faults.setdefault(fault, []).append(f"{each.kind} {each.name}")
    if faults:
        said = [f"{_first(names)}: {fault}." for fault, names in sorted(faults.items())]
        return violates_all(
            [Problem(Severity.LOW, text) for text in said],
            expected="A security configuration with CloudWatchEncryptionMode SSE-KMS, and"
            " JobBookmarksEncryptionMode CSE-KMS for jobs with bookmarks, which leaves objects to"
            " the bucket (DISABLED) or asks for SSE-KMS.",
            work=sorted({name for names in faults.values() for name in names}),
        )
    count = plural(len(seen.work), "job, crawler or development endpoint")
    if len(seen.work) > 1:
        count = f"{len(seen.work)} jobs, crawlers and development endpoints"
    return complies(f"Security configurations encrypt what {count} write with KMS.")


def _faults(work: GlueWork, seen: GlueEncryption) -> list[str]:
    """What is wrong with how one of them encrypts."""
    if not work.configuration:
        return [_NO_CONFIGURATION]
    named = f"the security configuration {work.configuration}"
    found = seen.configurations.get(work.configuration)
    if found is None:
        return [f"{named} does not exist, so no run starts"]
    faults = []
    if not found.logs:
        faults.append(f"{named} does not encrypt logs with KMS")
    if work.bookmarks and not found.bookmarks:
        faults.append(f"{named} does not encrypt job bookmarks")
    if found.objects == "SSE-S3":
        faults.append(f"{named} asks for SSE-S3, also where the bucket's default is KMS")
    return faults


def notebooks_verdict(seen: Notebooks) -> Verdict:
    """The verdict on the notebook instances of a region."""
    if not seen.all:
        return not_applicable("SageMaker has no notebook instance in this region.")
    direct = [each.name for each in seen.all if each.reaches_internet]
    root = [each.name for each in seen.all if each.has_root]
    old = [each.name for each in seen.all if each.old_metadata]
    problems = []
    if direct:
        said = f"Code on {_first(direct)} reaches the internet past the VPC: nothing filters or"
        problems.append(Problem(Severity.MEDIUM, f"{said} records what leaves it."))
    if root:
        said = f"Users are root on {_first(root)}: they can switch off what watches them."
        problems.append(Problem(Severity.LOW, said))
    if old:
        said = f"IMDSv1 hands out the role's credentials on {_first(old)}."
        problems.append(Problem(Severity.LOW, said))
    if problems:
        return violates_all(
            problems,
            expected="DirectInternetAccess and RootAccess Disabled, and"
            " MinimumInstanceMetadataServiceVersion 2.",
            notebooks=sorted({*direct, *root, *old}),
        )
    count = plural(len(seen.all), "notebook instance")
    return complies(f"No direct way to the internet and no root on {count}.")


def _first(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{listed(names[:_SHOWN])}{more}"
