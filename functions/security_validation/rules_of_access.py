"""Rules of Security Validation: nobody outside has access that nobody intended."""

from datetime import timedelta
from typing import Annotated

from readiness import Between, Severity, Verdict, complies, not_applicable, violates
from readiness.evidence.accessanalyzer import ArchiveRules, ExternalAccess, ExternalAnalyzers
from readiness.evidence.apigateway.access import HttpApiAccess, RestApiAccess
from readiness.evidence.ec2.sharing import PublicSharing
from readiness.evidence.iam.root_user import RootUser
from readiness.evidence.opensearch import DomainAccess
from readiness.evidence.rds.exposure import DatabaseExposure
from readiness.evidence.s3.account import AccountPublicAccessBlock
from readiness.evidence.sagemaker import Notebooks
from readiness.evidence.ssm_sharing import PublicDocuments
from readiness.evidence.workloads.open_policies import UnanalyzedPolicies
from readiness.evidence.workloads.public_clusters import PublicClusters
from readiness.model.attestation import Attested
from readiness.model.text import listed, plural

from .access import (
    analyzers_verdict,
    documents_verdict,
    findings_verdict,
    sharing_verdict,
    wide_rules,
)
from .callers import http_api_verdict, rest_api_verdict
from .data_jobs import notebooks_verdict
from .domains import domain_verdict
from .exposure import address_verdict, clusters_verdict, policies_verdict
from .heading import security_validation
from .settings import PublicApis, TwoPeople

ACCESS = "Access controls verified"
NO_ANALYZER = "No analyzer of external access is active; external-access-analyzer reports it."


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
