"""Whether access from outside is looked for, triaged, and not archived unseen."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from readiness import Problem, Severity, Verdict, cannot_tell, complies, violates, violates_all
from readiness.evidence.accessanalyzer import (
    ArchiveRule,
    ExternalAccess,
    ExternalAnalyzers,
    ExternalFinding,
)
from readiness.evidence.ec2.sharing import ALL_BLOCKED, UNBLOCKED, PublicSharing
from readiness.evidence.ssm_sharing import PublicDocuments
from readiness.model.text import listed, plural
from readiness.model.verdict import Fact

_SHOWN = 5
_ANY_ARN = re.compile("|a|ar|arn(:[^:]*){0,4}:?")
"""The beginning of an ARN as far as its account: what comes after it names the resource."""
_KINDS = tuple(
    f"arn::{each}"
    for each in (
        "dynamodb::0:table/",
        "ec2::0:snapshot/",
        "ecr::0:repository/",
        "elasticfilesystem::0:file-system/",
        "iam::0:assumed-role/",
        "iam::0:role/",
        "iam::0:root",
        "iam::0:user/",
        "kms::0:key/",
        "lambda::0:function:",
        "lambda::0:layer:",
        "rds::0:cluster-snapshot:",
        "rds::0:snapshot:",
        "s3:::",
        "s3express::0:bucket/",
        "secretsmanager::0:secret:",
        "sns::0:",
        "sqs::0:",
        "sts::0:assumed-role/",
    )
)
"""How the ARNs of all resources or principals of a kind begin, partition and region empty, 0 the
account."""
_ABOUT_WHOM = ("principal.", "condition.")
_ACCOUNT = re.compile("[0-9]{12}")
_REGION = re.compile("[a-z]{2}(-[a-z]+)+-[0-9]")
_PARTITION = re.compile(r"\baws(-[a-z-]+)?(?=:|$)")


def narrows(criteria: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether an archive rule is limited to some resources, principals or conditions.

    A criterion that excludes (``neq``), only asks whether a value exists, or contains nothing
    leaves almost everything in. Neither do the state, the owner, the type of resource or whether
    it is public single anything out. The account singles out a principal, but no resource: that
    of the resources is the own one.
    """
    return any(
        (key == "resource" and _names_one(criterion))
        or (key.startswith(_ABOUT_WHOM) and (_names_one(criterion) or _names_account(criterion)))
        for key, criterion in criteria.items()
    )


def _names_one(criterion: Mapping[str, Any]) -> bool:
    return any(
        value != "*" and not _ANY_ARN.fullmatch(value) and not _is_of_a_kind(value)
        for value in _values(criterion)
    )


def _is_of_a_kind(text: str) -> bool:
    """Whether every ARN of a kind contains a text: ``:role/``, or the number of the account."""
    plain = _PARTITION.sub("", _REGION.sub("", _ACCOUNT.sub("0", text)))
    return any(plain in each for each in _KINDS)


def _names_account(criterion: Mapping[str, Any]) -> bool:
    return any(_ACCOUNT.search(value) for value in _values(criterion))


def _values(criterion: Mapping[str, Any]) -> Sequence[str]:
    return [*(criterion.get("eq") or ()), *(criterion.get("contains") or ())]


def wide_rules(rules: Sequence[ArchiveRule]) -> list[str]:
    """The archive rules that hide findings about anything, as ``analyzer/rule``."""
    return [f"{each.analyzer}/{each.name}" for each in rules if not narrows(each.criteria)]


def findings_verdict(access: ExternalAccess, triage: timedelta) -> Verdict:
    """Public access counts at once, other access from outside once the time to triage is over."""
    broken = [each for each in access.findings if each.error]
    whole = [each for each in access.findings if not each.error]
    public = [each for each in whole if each.is_public]
    late = [each for each in whole if not each.is_public and access.now - each.created > triage]
    resources = _resources(public)
    hours = int(triage.total_seconds() // 3600)
    problems = []
    if public:
        said = f"Anyone can access {plural(len(resources), 'resource')}: {listed(resources)}."
        problems.append(Problem(Severity.CRITICAL, said))
    if late:
        said = (
            f"Access from outside to {plural(len(_resources(late)), 'resource')} has not been"
            f" triaged for more than {plural(hours, 'hour')}: {_named(late)}, the oldest since"
            f" {_oldest(late):%Y-%m-%d}."
        )
        problems.append(Problem(Severity.HIGH, said))
    facts: dict[str, Fact] = {
        "active": len(whole),
        "public": resources[:_SHOWN],
        "analyzers": list(access.analyzers),
    }
    if problems:
        return violates_all(
            problems,
            expected="Each finding is archived as intended, or its access is removed, within"
            f" {plural(hours, 'hour')}; public access at once.",
        ).observing(facts)
    if broken:
        return cannot_tell(
            f"Access Analyzer could not analyze {plural(len(_resources(broken)), 'resource')}:"
            f" {_named(broken)} ({listed(sorted({each.error for each in broken}))}).",
        ).observing(facts)
    if whole:
        return complies(
            f"The {plural(len(whole), 'active finding')} on access from outside"
            f" {'is' if len(whole) == 1 else 'are'} not older than {plural(hours, 'hour')},"
            " and none is public.",
        ).observing(facts)
    return complies(
        "Access Analyzer finds no access from outside that is not archived."
    ).observing(facts)


def _named(findings: Sequence[ExternalFinding]) -> str:
    return listed(_resources(findings))


def _resources(findings: Sequence[ExternalFinding]) -> list[str]:
    """Each resource once: there is a finding for each principal, and for each analyzer."""
    return sorted({each.resource for each in findings})


def _oldest(findings: Sequence[ExternalFinding]) -> datetime:
    return min(each.created for each in findings)


def sharing_verdict(sharing: PublicSharing) -> Verdict:
    """What is public counts; where nothing is, whether one call could make it so."""
    snapshots = () if sharing.snapshots_state == ALL_BLOCKED else sharing.snapshots
    problems = [
        Problem(Severity.HIGH, f"Anyone can use {plural(len(ids), noun)}: {listed(ids)}.")
        for noun, ids in (("AMI", sharing.images), ("EBS snapshot", snapshots))
        if ids
    ]
    states = {"AMIs": sharing.images_state, "EBS snapshots": sharing.snapshots_state}
    if open_to := [what for what, state in states.items() if state == UNBLOCKED]:
        said = f"Block public access is off for {listed(open_to)}: one call could share them."
        problems.append(Problem(Severity.MEDIUM, said))
    facts: dict[str, Fact] = {
        "images": list(sharing.images),
        "snapshots": list(snapshots),
        "images_state": sharing.images_state,
        "snapshots_state": sharing.snapshots_state,
    }
    if problems:
        return violates_all(
            problems,
            expected="No public AMI or snapshot, and block public access on for both.",
        ).observing(facts)
    if unknown := [what for what, state in states.items() if not state]:
        return cannot_tell(
            f"EC2 does not tell whether public access to {listed(unknown)} is blocked."
        )
    return complies(
        "No AMI and no EBS snapshot is public, and block public access is on for both."
    ).observing(facts)


def analyzers_verdict(external: ExternalAnalyzers, *, organization_analyzer: bool) -> Verdict:
    """The verdict on the analyzers of external access of a region."""
    if external.active:
        names = [each.name for each in external.active]
        return complies(
            f"{plural(len(names), 'analyzer')} of external access"
            f" {'is' if len(names) == 1 else 'are'} active: {listed(names)}.",
            kinds=sorted({each.kind for each in external.active}),
        )
    starting = [each for each in external.analyzers if each.state == "CREATING"]
    if starting:
        return cannot_tell(f"The analyzer {starting[0].name} is being created.", is_passing=True)
    if organization_analyzer:
        return cannot_tell(
            "The setting organization_analyzer says that another account's analyzer covers this"
            " region. It is listed only in the account that administers it."
        )
    states = listed([f"{each.name} is {each.state}" for each in external.analyzers])
    return violates(
        f"No analyzer of external access is active{f' ({states})' if states else ''}.",
        expected="An active analyzer of type ACCOUNT or ORGANIZATION in this region.",
    )


def documents_verdict(documents: PublicDocuments) -> Verdict:
    """What is public counts; where nothing is, whether one call could make it so."""
    problems = []
    if documents.public:
        said = f"{plural(len(documents.public), 'SSM document')}: {listed(documents.public)}"
        problems.append(Problem(Severity.HIGH, f"Anyone can read and run {said}."))
    if not documents.is_blocked:
        said = "Block public sharing is off for SSM documents: one call could share them."
        problems.append(Problem(Severity.MEDIUM, said))
    if problems:
        return violates_all(
            problems,
            expected="No public SSM document, and block public sharing on.",
            documents=list(documents.public),
        )
    return complies("No SSM document is public, and block public sharing is on.")
