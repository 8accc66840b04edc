"""Data privacy: sensitive data is found, classified and masked, and its flows are documented."""

import fnmatch
from typing import Annotated

from readiness import Between, Severity, Unreadable, Verdict, heading, not_applicable
from readiness.engine.handler import handler_of
from readiness.evidence.iam.groups import GroupPolicies
from readiness.evidence.iam.managed_policies import PolicyDocument
from readiness.evidence.iam.roles import RolePolicies
from readiness.evidence.iam.users import UserPolicies
from readiness.evidence.macie import BucketInMacie, SensitiveDataDiscovery
from readiness.evidence.sns.topics import TopicProtection
from readiness.evidence.workloads.data_flows import OutsideParties
from readiness.evidence.workloads.data_stores import (
    BucketTags,
    ClusterTags,
    DatabaseTags,
    DataStores,
    LogGroupTags,
    SecretTags,
    TableTags,
)
from readiness.evidence.workloads.log_masking import LogMasking
from readiness.model.attestation import Attested
from readiness.model.text import listed
from readiness.semantics.data_protection import protection_of

from .classification import judge_bucket, judge_tags
from .discovery import judge_discovery
from .masking import judge_group, judge_policies, judge_unmask
from .settings import MASKED, BucketSettings, Identifiers, TagSettings

data_privacy = heading("Compliance", "Data Privacy")


# -- Macie ----------------------------------------------------------------------------------------


@data_privacy.rule("Enable Macie for PII detection", severity=Severity.MEDIUM)
def macie_discovery(
    discovery: SensitiveDataDiscovery,
    *,
    require_discovery: Annotated[
        bool, "Macie must scan objects, by automated discovery or by jobs"
    ] = True,
) -> Verdict:
    """Macie looks for sensitive data in every region that has buckets.

    Enabling Macie alone finds no personal data: automated discovery or an active classification
    job reads the objects. A job that ran once, is paused or was cancelled finds nothing new.
    """
    return judge_discovery(discovery, require_discovery=require_discovery)


# -- classification -------------------------------------------------------------------------------

CLASSIFICATION = "Configure data classification"


@data_privacy.rule(CLASSIFICATION, severity=Severity.MEDIUM)
def bucket_classification(
    bucket: BucketTags, macie: BucketInMacie | Unreadable, *, settings: BucketSettings
) -> Verdict:
    """Every bucket has a class, and what Macie finds in it does not contradict the class.

    From the class Confidential on, Macie has to look at the bucket.
    """
    return judge_bucket(bucket, macie, settings)


@data_privacy.rule(CLASSIFICATION, severity=Severity.MEDIUM)
def table_classification(table: TableTags, *, settings: TagSettings) -> Verdict:
    """Every DynamoDB table says by a tag how sensitive its data is."""
    return judge_tags(table.name, table.tags, settings)


@data_privacy.rule(CLASSIFICATION, severity=Severity.MEDIUM)
def database_classification(database: DatabaseTags, *, settings: TagSettings) -> Verdict:
    """Every database instance says by a tag how sensitive its data is."""
    if database.cluster:
        return not_applicable(
            f"The cluster {database.cluster} holds its data, and has the class"
            " (cluster-classification)."
        )
    return judge_tags(database.name, database.tags, settings)


@data_privacy.rule(CLASSIFICATION, severity=Severity.MEDIUM)
def cluster_classification(cluster: ClusterTags, *, settings: TagSettings) -> Verdict:
    """Every database cluster says by a tag how sensitive its data is."""
    return judge_tags(cluster.name, cluster.tags, settings)


@data_privacy.rule(CLASSIFICATION, severity=Severity.MEDIUM)
def secret_classification(secret: SecretTags, *, settings: TagSettings) -> Verdict:
    """Every secret says by a tag how sensitive it is."""
    if secret.owner:
        return not_applicable(f"The service {secret.owner} manages the secret and its tags.")
    return judge_tags(secret.name, secret.tags, settings)


@data_privacy.rule(CLASSIFICATION, severity=Severity.LOW)
def log_group_classification(group: LogGroupTags, *, settings: TagSettings) -> Verdict:
    """Every log group says by a tag how sensitive its events are."""
    return judge_tags(group.name, group.tags, settings)


# -- masking --------------------------------------------------------------------------------------

MASKING = "Implement data masking"


@data_privacy.rule(MASKING, severity=Severity.MEDIUM)
def log_group_masking(
    group: LogMasking,
    *,
    required_identifiers: Identifiers = MASKED,
    exempt_groups: Annotated[
        tuple[str, ...], "Log groups without personal data (shell patterns of names)"
    ] = (),
) -> Verdict:
    """A data protection policy masks personal data in every log group in use.

    The policy of the group and that of the account count together. Events from before a policy
    stay as they are.
    """
    if any(fnmatch.fnmatchcase(group.about.name, pattern) for pattern in exempt_groups):
        return not_applicable("The setting exempt_groups exempts the log group by its name.")
    if not group.is_active:
        return not_applicable(
            "No events arrived in the last two weeks, and a policy masks none from before it."
        )
    return judge_group(group, required_identifiers)


@data_privacy.rule(MASKING, severity=Severity.MEDIUM, opt_in="masked_topics")
def topic_masking(
    topic: TopicProtection,
    *,
    masked_topics: Annotated[
        tuple[str, ...], "SNS topics that have to mask personal data (shell patterns of names)"
    ] = (),
    required_identifiers: Identifiers = MASKED,
) -> Verdict:
    """A data protection policy masks or blocks personal data in messages of the named topics.

    SNS has taken no new customers for it since 30 April 2026, so nothing is required by default.
    """
    if not any(fnmatch.fnmatchcase(topic.name, pattern) for pattern in masked_topics):
        return not_applicable("The setting masked_topics does not name the topic.")
    return judge_policies(
        protection_of(topic.text),
        required_identifiers,
        f"A data protection policy that masks or blocks {listed(required_identifiers)}.",
    )


@data_privacy.rule(MASKING, severity=Severity.LOW)
def role_unmask(
    role: RolePolicies,
    attached: tuple[PolicyDocument, ...],
    boundary: PolicyDocument | None,
    *,
    unmask_roles: Annotated[
        tuple[str, ...], "Roles that may read masked data everywhere (shell patterns of names)"
    ] = ("*BreakGlass*", "*break-glass*"),
) -> Verdict:
    """Only roles for emergencies may read masked data in every log group (logs:Unmask).

    CloudWatchLogsFullAccess and logs:* allow it too.
    """
    if role.is_service_linked:
        return not_applicable("An AWS service owns the role.")
    if any(fnmatch.fnmatchcase(role.name, pattern) for pattern in unmask_roles):
        return not_applicable("The setting unmask_roles lets the role read masked data.")
    documents = [*role.inline, *(policy.document for policy in attached)]
    return judge_unmask("role", documents, boundary.document if boundary else None)


@data_privacy.rule(MASKING, severity=Severity.LOW)
def user_unmask(
    user: UserPolicies,
    groups: tuple[GroupPolicies, ...],
    attached: tuple[PolicyDocument, ...],
    boundary: PolicyDocument | None,
    *,
    unmask_users: Annotated[
        tuple[str, ...], "Users that may read masked data everywhere (shell patterns of names)"
    ] = (),
) -> Verdict:
    """No IAM user may read masked data in every log group (logs:Unmask).

    The policies of its groups count too.
    """
    if any(fnmatch.fnmatchcase(user.name, pattern) for pattern in unmask_users):
        return not_applicable("The setting unmask_users lets the user read masked data.")
    documents = [
        *user.inline,
        *(document for group in groups for document in group.inline),
        *(policy.document for policy in attached),
    ]
    return judge_unmask("user", documents, boundary.document if boundary else None)


@data_privacy.rule(MASKING, severity=Severity.MEDIUM)
def application_masking(
    stores: DataStores,
    attested: Attested,
    *,
    max_age_days: Annotated[
        int, Between(1, 730), "How long an attestation is valid, in days after the work was done"
    ] = 180,
    two_people: Annotated[bool, "A second person has to approve the attestation"] = True,
) -> Verdict:
    """Applications mask personal data before they log, show or pass it on (attested).

    No API shows what an application does with data. Someone reviewed or tested it lately.
    """
    if not stores.count:
        return not_applicable("This region has no buckets, tables or databases.")
    return attested.verdict(
        "The masking review of the applications",
        max_age_days=max_age_days,
        two_people=two_people,
        data_stores=stores.count,
    )


# -- data flows -----------------------------------------------------------------------------------


@data_privacy.rule("Document data flows", severity=Severity.LOW)
def data_flows(
    stores: DataStores,
    outside: OutsideParties,
    attested: Attested,
    *,
    max_age_days: Annotated[
        int, Between(1, 730), "How long an attestation is valid, in days after the work was done"
    ] = 365,
    two_people: Annotated[bool, "A second person has to approve the attestation"] = False,
    cross_check: Annotated[
        bool, "Compare the attestation with the outside parties that AWS's APIs show"
    ] = True,
) -> Verdict:
    """Someone documented where data flows, and no party outside the account is left out.

    The attestation names the outside parties that are seen: it becomes void when one is added or
    leaves. Flows inside the account, and what listings do not show, are not compared.
    """
    if not stores.count and not outside.parties:
        return not_applicable("This region has no data stores, and no outside party is seen.")
    parties = ", ".join(outside.parties) or "none"
    return attested.verdict(
        "The data flow documentation",
        max_age_days=max_age_days,
        two_people=two_people,
        bound={"outside_parties": parties} if cross_check else None,
        outside_parties=list(outside.parties),
        not_compared=list(outside.not_compared),
    )


handler = handler_of(data_privacy)
