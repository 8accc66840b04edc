"""Security validation: tests on real resources what the Security rules assume."""

from datetime import timedelta
from typing import Annotated

from readiness import (
    Between,
    Severity,
    Unreadable,
    Verdict,
    cannot_tell,
    complies,
    heading,
    not_applicable,
    violates,
)
from readiness.engine.handler import handler_of
from readiness.evidence.accessanalyzer import ArchiveRules, ExternalAccess, ExternalAnalyzers
from readiness.evidence.apigateway.access import HttpApiAccess, RestApiAccess
from readiness.evidence.awslambda.functions import FunctionAge
from readiness.evidence.dynamodb.tables import TableEncryption
from readiness.evidence.ec2.sharing import PublicSharing
from readiness.evidence.ec2.volumes import VolumeEncryption
from readiness.evidence.ecs.hosts import HostMonitoring
from readiness.evidence.efs import FileSystemEncryption
from readiness.evidence.glue_security import GlueEncryption
from readiness.evidence.iam.root_user import RootUser
from readiness.evidence.inspector2 import FunctionScan, HostScan, InspectorStatus
from readiness.evidence.kms.keys import KmsKeyState
from readiness.evidence.kms.lost import StoredData
from readiness.evidence.opensearch import DomainAccess
from readiness.evidence.rds.exposure import DatabaseExposure
from readiness.evidence.rds.instances import DatabaseEncryption
from readiness.evidence.s3.account import AccountPublicAccessBlock
from readiness.evidence.s3.buckets import BucketEncryption
from readiness.evidence.s3.objects import NewestObjects
from readiness.evidence.sagemaker import Notebooks
from readiness.evidence.sns.topics import TopicEncryption
from readiness.evidence.sqs.queues import QueueEncryption
from readiness.evidence.ssm_sharing import PublicDocuments
from readiness.evidence.workloads.attack_surface import AttackSurface
from readiness.evidence.workloads.image_scans import ImageScans
from readiness.evidence.workloads.open_policies import UnanalyzedPolicies
from readiness.evidence.workloads.public_clusters import PublicClusters
from readiness.evidence.workloads.scannable import Scannable
from readiness.judgement.foreign_keys import KeyAccounts, with_key
from readiness.model.attestation import Attested
from readiness.model.text import listed, plural

from .access import (
    analyzers_verdict,
    documents_verdict,
    findings_verdict,
    sharing_verdict,
    wide_rules,
)
from .at_rest import (
    database_verdict,
    file_system_verdict,
    queue_verdict,
    stored_data_verdict,
    table_verdict,
    topic_verdict,
    volumes_verdict,
)
from .callers import http_api_verdict, rest_api_verdict
from .data_jobs import glue_verdict, notebooks_verdict
from .domains import domain_verdict
from .exposure import address_verdict, clusters_verdict, policies_verdict
from .objects import objects_verdict
from .penetration import penetration_test_verdict
from .settings import PublicApis, RequireKmsKey, TwoPeople
from .vulnerabilities import (
    RepairTimes,
    function_verdict,
    has_no_inventory,
    images_verdict,
    inspector_verdict,
    scan_verdict,
)

security_validation = heading("Validation", "Security Validation")

PENETRATION_TEST = "Penetration testing completed"
VULNERABILITIES = "Vulnerability scan passed"
ACCESS = "Access controls verified"
ENCRYPTION = "Encryption verified"

NO_ANALYZER = "No analyzer of external access is active; external-access-analyzer reports it."

NOT_ENABLED = "Inspector does not scan this kind of resource; inspector-enabled reports it."
FIRST_INVENTORY = timedelta(hours=2)
"""The SSM agent has to register, and Inspector has it list the software every 30 minutes."""


# -- penetration testing --------------------------------------------------------------------------


@security_validation.rule(PENETRATION_TEST, severity=Severity.HIGH)
def penetration_test(
    surface: AttackSurface,
    attested: Attested,
    *,
    max_age_days: Annotated[int, Between(1, 1095), "How long a test is valid (days)"] = 365,
    two_people: TwoPeople = True,
) -> Verdict:
    """People tested what the internet can reach today, and no serious finding is open.

    A test becomes void when an entry point on the internet is created after it (a load balancer,
    an API, an App Runner service, a function URL, a public data store), or the settings of a
    function URL change. CloudFront distributions, GraphQL APIs, identity pools with guests and
    Transfer Family servers do not tell when they were created, so the attestation states their
    ids.
    """
    return penetration_test_verdict(
        surface, attested, max_age_days=max_age_days, two_people=two_people
    )


# -- vulnerabilities ------------------------------------------------------------------------------


@security_validation.rule(VULNERABILITIES, severity=Severity.HIGH)
def inspector_enabled(status: InspectorStatus, used: Scannable) -> Verdict:
    """Amazon Inspector scans the functions and the ECS hosts of the region.

    Images are judged service by service: ECR can scan them without Inspector.
    """
    return inspector_verdict(status, used)


@security_validation.rule(VULNERABILITIES, severity=Severity.HIGH)
def function_vulnerabilities(
    function: FunctionAge,
    scanned: FunctionScan,
    *,
    times: RepairTimes,
) -> Verdict:
    """The function is scanned, and its vulnerabilities are repaired in time."""
    if scanned.scan.status != "ENABLED":
        return not_applicable(NOT_ENABLED)
    return function_verdict(function, scanned.scan, times)


@security_validation.rule(VULNERABILITIES, severity=Severity.HIGH)
def image_vulnerabilities(scans: ImageScans, *, times: RepairTimes) -> Verdict:
    """The images that run in the service are scanned, and vulnerabilities repaired in time.

    Judged are the digests of running tasks, not the tags in the task definition.
    """
    return images_verdict(scans, times)


@security_validation.rule(VULNERABILITIES, severity=Severity.HIGH)
def host_vulnerabilities(
    host: HostMonitoring, scanned: HostScan, *, times: RepairTimes
) -> Verdict:
    """An ECS host is scanned, and its vulnerabilities are repaired in time."""
    scan = scanned.scan
    if not host.is_host:
        return not_applicable("No ECS cluster uses the instance.")
    if scan.status != "ENABLED":
        return not_applicable(NOT_ENABLED)
    is_new = host.launched is not None and scan.now - host.launched < FIRST_INVENTORY
    if is_new and has_no_inventory(scan):
        return cannot_tell(
            "The instance is new; Inspector has no inventory of its software yet.", is_passing=True
        )
    return scan_verdict("the instance", scan, times)


# -- access controls ----------------------------------------------------------------------------


@security_validation.rule(ACCESS, severity=Severity.HIGH)
def external_access_analyzer(
    external: ExternalAnalyzers,
    *,
    organization_analyzer: Annotated[
        bool, "Another account administers an analyzer of the whole organization"
    ] = False,
) -> Verdict:
    """IAM Access Analyzer looks for access from outside the account or the organization.

    Analyzers of unused and of internal access do not count: they find other things.
    """
    return analyzers_verdict(external, organization_analyzer=organization_analyzer)


@security_validation.rule(ACCESS, severity=Severity.HIGH)
def external_access_findings(
    access: ExternalAccess,
    *,
    triage_hours: Annotated[
        int, Between(0, 720), "How long a finding that is not public may stay active (hours)"
    ] = 72,
) -> Verdict:
    """No resource can be accessed from outside unless someone has decided that it should be.

    Access Analyzer proves from the policies themselves who can reach a resource. A finding stays
    active until the access is removed or the finding is archived.
    """
    if not access.analyzers:
        return not_applicable(NO_ANALYZER)
    return findings_verdict(access, timedelta(hours=triage_hours))


@security_validation.rule(ACCESS, severity=Severity.HIGH)
def archive_rules(rules: ArchiveRules) -> Verdict:
    """No archive rule hides findings about resources and principals that nobody has reviewed."""
    if not rules.analyzers:
        return not_applicable(NO_ANALYZER)
    wide = wide_rules(rules.rules)
    if wide:
        return violates(
            f"{plural(len(wide), 'archive rule')} {'archives' if len(wide) == 1 else 'archive'}"
            f" findings whatever the resource and the principal: {listed(wide)}.",
            expected="Archive rules that name a resource or a principal.",
            rules=wide,
        )
    return complies(
        "Every archive rule names a resource or a principal."
        if rules.rules
        else "There is no archive rule."
    )


@security_validation.rule(ACCESS, severity=Severity.MEDIUM)
def s3_account_public_access(block: AccountPublicAccessBlock) -> Verdict:
    """S3 blocks public access for the whole account, whatever a bucket's policy or ACL says."""
    if block.off:
        return violates(
            f"{listed(block.off)} {'is' if len(block.off) == 1 else 'are'} off in the account's"
            " public access block.",
            expected="All four settings of the account's public access block are on.",
            off=list(block.off),
        )
    return complies("The account's public access block is on, all four settings.")


@security_validation.rule(ACCESS, severity=Severity.MEDIUM)
def public_images(sharing: PublicSharing) -> Verdict:
    """No AMI or EBS snapshot is public, and EC2 blocks that one becomes public.

    Access Analyzer does not look at AMIs. A snapshot that an AMI is made of goes with it.
    """
    return sharing_verdict(sharing)


@security_validation.rule(ACCESS, severity=Severity.MEDIUM)
def public_documents(documents: PublicDocuments) -> Verdict:
    """No SSM document is public, and Systems Manager blocks that one becomes public.

    Access Analyzer does not look at documents.
    """
    return documents_verdict(documents)


@security_validation.rule(ACCESS, severity=Severity.CRITICAL)
def search_domain_access(domain: DomainAccess) -> Verdict:
    """Nobody on the internet can read or write an OpenSearch domain without being named.

    Access Analyzer does not look at domains.
    """
    return domain_verdict(domain)


@security_validation.rule(ACCESS, severity=Severity.HIGH)
def database_access(database: DatabaseExposure) -> Verdict:
    """No database instance has a public address.

    Of RDS, Aurora, DocumentDB and Neptune. MEDIUM where security groups keep the internet out.
    """
    return address_verdict(database)


@security_validation.rule(ACCESS, severity=Severity.HIGH)
def cluster_access(clusters: PublicClusters) -> Verdict:
    """No cluster, warehouse or message broker has an endpoint on the internet.

    Of Amazon MSK, Amazon MQ, Redshift, OpenSearch Serverless and EKS. MEDIUM where security groups
    keep the internet out, or each request is signed with IAM.
    """
    return clusters_verdict(clusters)


@security_validation.rule(ACCESS, severity=Severity.MEDIUM)
def notebook_access(notebooks: Notebooks) -> Verdict:
    """SageMaker notebook instances reach the internet through a VPC, and their users are not root.

    Both are the default. Whoever opens the notebook acts with the role of the instance.
    """
    return notebooks_verdict(notebooks)


@security_validation.rule(ACCESS, severity=Severity.CRITICAL)
def unanalyzed_policies(policies: UnanalyzedPolicies) -> Verdict:
    """No policy of an event bus, a Kinesis stream or a backup or S3 Glacier vault lets in anyone.

    Consumers of a stream have policies of their own. Access Analyzer does not look at them.
    """
    return policies_verdict(policies)


@security_validation.rule(ACCESS, severity=Severity.MEDIUM)
def rest_api_access(api: RestApiAccess, *, public_apis: PublicApis = ()) -> Verdict:
    """A public REST API asks who calls it: by an authorizer, IAM or its resource policy.

    LOW where some methods do. No API shows whether the code behind it checks its callers itself.
    """
    return rest_api_verdict(api, public_apis)


@security_validation.rule(ACCESS, severity=Severity.MEDIUM)
def http_api_access(api: HttpApiAccess, *, public_apis: PublicApis = ()) -> Verdict:
    """An HTTP or WebSocket API asks who calls it: by an authorizer, IAM or mutual TLS.

    LOW where some routes do. Of a WebSocket API only the route $connect can.
    """
    return http_api_verdict(api, public_apis)


@security_validation.rule(ACCESS, severity=Severity.HIGH)
def access_review(
    root: RootUser,
    attested: Attested,
    *,
    max_age_days: Annotated[int, Between(1, 365), "How long a review is valid (days)"] = 90,
    two_people: TwoPeople = False,
) -> Verdict:
    """People reviewed who has access to the account, and removed what is no longer needed.

    An access key of the root user contradicts any review: no access is wider.
    """
    if root.access_keys:
        return violates(
            f"The root user has {plural(root.access_keys, 'access key')}, which a review of access"
            " has to remove.",
            expected="A review of access after which the root user has no access key.",
            access_keys=root.access_keys,
        )
    return attested.verdict("A review of access", max_age_days=max_age_days, two_people=two_people)


# -- encryption ---------------------------------------------------------------------------------


@security_validation.rule(ENCRYPTION, severity=Severity.HIGH)
def table_encryption(
    table: TableEncryption, key: KmsKeyState | None, *, require_kms_key: RequireKmsKey = False
) -> Verdict:
    """DynamoDB can use the key of the table and of each replica: otherwise the data is lost."""
    return table_verdict(table, key, kms_key=require_kms_key)


@security_validation.rule(ENCRYPTION, severity=Severity.HIGH)
def database_encryption(database: DatabaseEncryption, key: KmsKeyState | None) -> Verdict:
    """The storage of a database instance is encrypted, with a key that can be used."""
    return database_verdict(database, key)


@security_validation.rule(ENCRYPTION, severity=Severity.HIGH)
def file_system_encryption(
    system: FileSystemEncryption,
    key: KmsKeyState | Unreadable | None,
    *,
    key_accounts: KeyAccounts = (),
) -> Verdict:
    """An EFS file system is encrypted at rest, with a key that can be used."""
    return with_key(
        key, system.key_id, key_accounts, lambda state: file_system_verdict(system, state)
    )


@security_validation.rule(ENCRYPTION, severity=Severity.HIGH)
def volume_encryption(volumes: VolumeEncryption) -> Verdict:
    """Every EBS volume is encrypted with a key that can be used, and new ones are by default.

    The default alone proves nothing: it changes no volume that existed before.
    """
    return volumes_verdict(volumes)


@security_validation.rule(ENCRYPTION, severity=Severity.HIGH)
def stored_data_encryption(stores: StoredData) -> Verdict:
    """Streams, warehouses, caches and snapshots are encrypted, with keys that can be used.

    What a key encrypts is lost with it: once it is deleted, no one can read the data again.
    """
    return stored_data_verdict(stores)


@security_validation.rule(ENCRYPTION, severity=Severity.LOW)
def glue_encryption(seen: GlueEncryption) -> Verdict:
    """Jobs and crawlers of Glue encrypt their logs and job bookmarks with KMS.

    AWS encrypts them in any case, with keys of its own. A security configuration that asks for
    SSE-S3 overrides the default encryption of the bucket.
    """
    return glue_verdict(seen)


@security_validation.rule(ENCRYPTION, severity=Severity.MEDIUM)
def queue_encryption(
    queue: QueueEncryption,
    key: KmsKeyState | Unreadable | None,
    *,
    require_kms_key: RequireKmsKey = False,
    key_accounts: KeyAccounts = (),
) -> Verdict:
    """The messages of a queue are encrypted at rest, with a key that can be used."""
    return with_key(
        key,
        queue.key_id,
        key_accounts,
        lambda state: queue_verdict(queue, state, kms_key=require_kms_key),
    )


@security_validation.rule(ENCRYPTION, severity=Severity.LOW)
def topic_encryption(
    topic: TopicEncryption,
    key: KmsKeyState | Unreadable | None,
    *,
    key_accounts: KeyAccounts = (),
) -> Verdict:
    """The messages of a topic are encrypted at rest with a KMS key that can be used.

    SNS stores them on encrypted disks in any case. A key of its own can be disabled and audited.
    """
    return with_key(key, topic.key_id, key_accounts, lambda state: topic_verdict(topic, state))


@security_validation.rule(ENCRYPTION, severity=Severity.HIGH, opt_in="sample_objects")
def object_encryption(
    bucket: BucketEncryption,
    key: KmsKeyState | None,
    objects: NewestObjects,
    *,
    sample_objects: Annotated[  # noqa: ARG001 - NewestObjects is read with it
        int, Between(0, 100), "How many of a bucket's newest objects are read; 0: none"
    ] = 0,
) -> Verdict:
    """Objects are encrypted with the bucket's KMS key, whatever was set when they were written.

    Off by default: it needs permission to read objects, which no role has unless the stack's
    parameter AllowObjectSamples is on. Only headers are read.
    """
    return objects_verdict(bucket, key, objects)


handler = handler_of(security_validation)
