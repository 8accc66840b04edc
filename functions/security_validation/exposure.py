"""What the internet reaches that should be private, and policies that let anybody in."""

from __future__ import annotations

from readiness import Problem, Severity, Verdict, complies, unread, violates, violates_all
from readiness.evidence.rds.exposure import DatabaseExposure
from readiness.evidence.workloads.open_policies import (
    BACKUP_VAULT,
    BUS,
    CONSUMER,
    GLACIER_VAULT,
    STREAM,
    ResourcePolicy,
    UnanalyzedPolicies,
)
from readiness.evidence.workloads.public_clusters import PublicClusters
from readiness.model.text import listed
from readiness.model.verdict import cannot_tell
from readiness.semantics.condition_values import Holds
from readiness.semantics.openness import open_to_anyone
from readiness.semantics.policy import Document

_ACTIONS = {
    BUS: (
        "events:PutEvents",
        "events:PutRule",
        "events:PutTargets",
        "events:DeleteRule",
        "events:RemoveTargets",
    ),
    STREAM: (
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:PutRecord",
        "kinesis:PutRecords",
        "kinesis:RegisterStreamConsumer",
        "kinesis:SubscribeToShard",
    ),
    CONSUMER: ("kinesis:DeregisterStreamConsumer", "kinesis:SubscribeToShard"),
    BACKUP_VAULT: (
        "backup:CopyFromBackupVault",
        "backup:CopyIntoBackupVault",
        "backup:DeleteBackupVault",
        "backup:DeleteBackupVaultAccessPolicy",
        "backup:DeleteRecoveryPoint",
        "backup:PutBackupVaultAccessPolicy",
        "backup:StartRestoreJob",
        "backup:UpdateRecoveryPointLifecycle",
    ),
    GLACIER_VAULT: (
        "glacier:DeleteArchive",
        "glacier:DeleteVault",
        "glacier:GetJobOutput",
        "glacier:InitiateJob",
        "glacier:UploadArchive",
    ),
}
"""What a policy of each kind can give to strangers that does harm."""
_SEVERITY = {BUS: Severity.HIGH}
"""Forged events do harm by what answers them. The others hold data."""


def address_verdict(database: DatabaseExposure) -> Verdict:
    """The verdict on the address of a database instance."""
    if not database.is_public:
        return complies("The instance has no public address.", engine=database.engine)
    behind = f"its security groups ({listed(database.groups)})"
    said = f", and {behind} are not known to keep the internet out" if database.groups else ""
    if database.is_closed:
        said = f"; only {behind} keep anyone out"
    return violates(
        f"The instance is publicly accessible: its name resolves to a public address{said}.",
        expected="PubliclyAccessible off, and clients in the VPC or in a network joined to it.",
        severity=Severity.MEDIUM if database.is_closed else Severity.HIGH,
        engine=database.engine,
        security_groups=list(database.groups),
    )


def clusters_verdict(clusters: PublicClusters) -> Verdict:
    """The verdict on the clusters of a region whose endpoint is on the internet."""
    closed = [each.name for each in clusters.endpoints if each.is_closed]
    bare = [e.name for e in clusters.endpoints if not (e.signs_with_iam or e.is_closed)]
    signed = [e.name for e in clusters.endpoints if e.signs_with_iam and not e.is_closed]
    problems = []
    if bare:
        said = f"The internet reaches {listed(bare)}: a password or a certificate keeps it out."
        problems.append(Problem(Severity.HIGH, said))
    if signed:
        said = f"The internet reaches {listed(signed)}: IAM alone keeps it out."
        problems.append(Problem(Severity.MEDIUM, said))
    if closed:
        said = f"With a public address: {listed(closed)}; only security groups keep anyone out."
        problems.append(Problem(Severity.MEDIUM, said))
    failed = f"{listed([str(each) for each in clusters.failures])}."
    if problems:
        if clusters.failures:
            problems.append(Problem(Severity.LOW, f"Not everything was read: {failed}"))
        return violates_all(
            problems,
            expected="Endpoints in a VPC; an EKS endpoint that is public only to named networks.",
            endpoints=[*bare, *signed, *closed],
        )
    if clusters.failures:
        reason = f"Whether the internet reaches a cluster of the region is unknown: {failed}"
        return unread(reason, *clusters.failures)
    return complies("No cluster, warehouse or broker of the region has a public endpoint.")


def policies_verdict(seen: UnanalyzedPolicies) -> Verdict:
    """The verdict on the policies that IAM Access Analyzer does not look at."""
    answers = {each: _openness(each) for each in seen.policies}
    problems = [
        Problem(
            _SEVERITY.get(each.kind, Severity.CRITICAL),
            f"Anyone in any AWS account can use the {each.kind} {each.name}.",
        )
        for each, answer in answers.items()
        if answer is Holds.SOMETIMES
    ]
    if problems:
        return violates_all(
            problems,
            expected="Policies that name the accounts or the organization they let in.",
            resources=[each.arn for each, said in answers.items() if said is Holds.SOMETIMES],
        )
    if seen.failures:
        failed = listed([str(each) for each in seen.failures])
        return unread(f"Whether a policy lets in anyone is unknown: {failed}.", *seen.failures)
    if doubtful := [each.arn for each, said in answers.items() if said is Holds.UNKNOWN]:
        return cannot_tell(
            f"Whether a condition keeps anyone out of {listed(doubtful)} is unknown."
        )
    return complies(
        "No policy of an event bus, a Kinesis stream, a backup vault or an S3 Glacier vault lets"
        " in anyone.",
        policies=len(seen.policies),
    )


def _openness(each: ResourcePolicy) -> Holds:
    """Recovery points, which a vault's policy may name, have ARNs of many services."""
    document = Document.of("policy", each.policy)
    if document.flaw:
        return Holds.UNKNOWN
    names = ["*"] if each.kind == BACKUP_VAULT else [each.arn]
    if each.kind == BUS:
        names.append(each.arn.replace(":event-bus/", ":rule/") + "/*")
    return open_to_anyone(document.statements, _ACTIONS[each.kind], names)
