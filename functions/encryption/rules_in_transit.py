"""Rules of Encryption: clients use TLS 1.2 or later."""

from readiness import Severity, Verdict, complies, not_applicable
from readiness.evidence.apigateway.domains import DefaultEndpoint, DomainSecurity
from readiness.evidence.batch import JobDefinition
from readiness.evidence.cloudfront import DistributionTls
from readiness.evidence.dax import DaxTransit
from readiness.evidence.ecs.task_definitions import TaskDefinition
from readiness.evidence.elasticache.clusters import ClusterTransit
from readiness.evidence.elasticache.replication_groups import TransitEncryption
from readiness.evidence.elb import ClassicBalancer
from readiness.evidence.elbv2.listeners import Listener, PlainRules, SslPolicies
from readiness.evidence.memorydb import MemoryDbTransit
from readiness.evidence.msk import MskTransit
from readiness.evidence.opensearch import DomainTls
from readiness.evidence.rds.endpoints import ProxyTransit
from readiness.evidence.rds.transit import DatabaseTransit
from readiness.evidence.redshift import WarehouseTransit, WorkgroupTransit
from readiness.evidence.s3.buckets import BucketPolicy
from readiness.evidence.sns.topics import TopicPolicy
from readiness.evidence.sqs.queues import QueuePolicy
from readiness.evidence.workloads.plain_transfers import PlainTransfers

from .data_services import (
    cache_verdict,
    database_tls_verdict,
    mounts_verdict,
    msk_verdict,
    proxy_verdict,
    transfers_verdict,
    warehouse_verdict,
    workgroup_verdict,
)
from .endpoints import (
    classic_balancer_verdict,
    datagrams_verdict,
    distribution_verdict,
    http_listener_verdict,
    named_policies_verdict,
    passed_through_verdict,
    search_verdict,
    tls_listener_verdict,
)
from .heading import encryption
from .settings import CheckMessaging, InternalEndpoints, PassThrough
from .transport import bucket_verdict, message_verdict

IN_TRANSIT = "Encrypt data in transit (TLS 1.2+)"
REQUIRED = "TransitEncryptionEnabled with TransitEncryptionMode required."


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def s3_tls(policy: BucketPolicy) -> Verdict:
    """The bucket policy denies plain HTTP for the bucket and all its objects.

    S3 itself refuses TLS before 1.2, but accepts plain HTTP.
    """
    return bucket_verdict(policy.text, policy.arn)


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def listener_tls(
    listener: Listener,
    rules: PlainRules,
    policies: SslPolicies,
    *,
    endpoints: InternalEndpoints,
    allow_tcp_passthrough: PassThrough = (),
) -> Verdict:
    """A load balancer accepts only TLS 1.2 or later, and redirects HTTP to HTTPS."""
    severity = endpoints.severity(internal=not listener.internet_facing)
    if listener.protocol == "GENEVE":
        return not_applicable("A gateway load balancer forwards packets unchanged.")
    where = f"{listener.protocol}:{listener.port}"
    if listener.protocol == "QUIC":
        return complies(f"{where}: QUIC has no version without TLS 1.3.")
    if listener.protocol == "HTTP":
        return http_listener_verdict(where, rules.rules, rules.plain, severity)
    if listener.protocol in {"HTTPS", "TLS"}:
        taken = policies.protocols.get(listener.ssl_policy, frozenset())
        return tls_listener_verdict(where, listener.ssl_policy, taken, severity)
    if (told := datagrams_verdict(listener.protocol, listener.port)) is not None:
        return told
    allowed = listener.balancer in allow_tcp_passthrough
    return passed_through_verdict(where, listener.balancer, allowed=allowed)


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def classic_balancer_tls(
    balancer: ClassicBalancer,
    *,
    endpoints: InternalEndpoints,
    allow_tcp_passthrough: PassThrough = (),
) -> Verdict:
    """A Classic Load Balancer accepts only TLS 1.2 or later."""
    return classic_balancer_verdict(
        balancer,
        endpoints.severity(internal=not balancer.internet_facing),
        passes_through=balancer.name in allow_tcp_passthrough,
    )


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def cloudfront_tls(distribution: DistributionTls) -> Verdict:
    """CloudFront requires TLS 1.2 or later from viewers and to origins."""
    if not distribution.enabled:
        return not_applicable("The distribution is disabled.")
    return distribution_verdict(distribution)


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def domain_name_tls(domain: DomainSecurity, *, endpoints: InternalEndpoints) -> Verdict:
    """A custom domain name of API Gateway accepts only TLS 1.2 or later."""
    return named_policies_verdict(domain.policies, endpoints.severity(internal=domain.private))


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def rest_api_tls(endpoint: DefaultEndpoint, *, endpoints: InternalEndpoints) -> Verdict:
    """The execute-api endpoint of a REST API accepts only TLS 1.2 or later, or is disabled."""
    if not endpoint.enabled:
        return not_applicable(
            "The execute-api endpoint is disabled; domain-name-tls checks custom domain names."
        )
    if not endpoint.policy:
        return not_applicable("API Gateway shows no security policy for the execute-api endpoint.")
    severity = endpoints.severity(internal=endpoint.private)
    return named_policies_verdict((endpoint.policy,), severity)


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def opensearch_tls(domain: DomainTls, *, endpoints: InternalEndpoints) -> Verdict:
    """An OpenSearch domain requires HTTPS with TLS 1.2 or later, and its nodes use TLS."""
    return search_verdict(domain, endpoints.severity(internal=domain.in_vpc))


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def elasticache_tls(group: TransitEncryption, *, endpoints: InternalEndpoints) -> Verdict:
    """An ElastiCache replication group requires TLS from clients."""
    return cache_verdict(
        endpoints.severity(internal=True), REQUIRED, enabled=group.enabled, mode=group.mode
    )


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def cache_cluster_tls(cluster: ClusterTransit, *, endpoints: InternalEndpoints) -> Verdict:
    """An ElastiCache cluster outside of replication groups requires TLS from clients.

    These are the clusters of Memcached, and single nodes of Redis OSS and Valkey.
    """
    if cluster.replication_group:
        return not_applicable(
            f"The cluster is a node of the replication group {cluster.replication_group}, which"
            " elasticache-tls checks."
        )
    severity = endpoints.severity(internal=True)
    verdict = cache_verdict(severity, REQUIRED, enabled=cluster.enabled, mode=cluster.mode)
    return verdict.observing({"engine": cluster.engine})


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def memorydb_tls(cluster: MemoryDbTransit, *, endpoints: InternalEndpoints) -> Verdict:
    """A MemoryDB cluster requires TLS from clients."""
    severity = endpoints.severity(internal=True)
    return cache_verdict(severity, "A new cluster with TLSEnabled.", enabled=cluster.enabled)


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def dax_tls(cluster: DaxTransit, *, endpoints: InternalEndpoints) -> Verdict:
    """A DynamoDB Accelerator cluster requires TLS from clients."""
    severity = endpoints.severity(internal=True)
    expected = "A new cluster with ClusterEndpointEncryptionType TLS."
    return cache_verdict(severity, expected, enabled=cluster.enabled)


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def database_tls(database: DatabaseTransit, *, endpoints: InternalEndpoints) -> Verdict:
    """A database instance refuses clients that do not use TLS 1.2 or later.

    What is encrypted at rest crosses the network in plain text where the client decides.
    """
    severity = endpoints.severity(internal=not database.is_public)
    return database_tls_verdict(database, severity)


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def proxy_tls(proxy: ProxyTransit, *, endpoints: InternalEndpoints) -> Verdict:
    """A proxy of RDS refuses clients that do not use TLS.

    It accepts them by default, also in front of a database that requires TLS.
    """
    return proxy_verdict(proxy, endpoints.severity(internal=True))


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def redshift_tls(warehouse: WarehouseTransit, *, endpoints: InternalEndpoints) -> Verdict:
    """A Redshift cluster refuses clients that do not use TLS.

    Parameter groups from before 2025 do not, and a change waits for a restart of the cluster.
    """
    return warehouse_verdict(warehouse, endpoints.severity(internal=not warehouse.is_public))


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def redshift_serverless_tls(
    workgroup: WorkgroupTransit, *, endpoints: InternalEndpoints
) -> Verdict:
    """A workgroup of Redshift Serverless refuses clients that do not use TLS."""
    return workgroup_verdict(workgroup, endpoints.severity(internal=not workgroup.is_public))


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def msk_tls(cluster: MskTransit, *, endpoints: InternalEndpoints) -> Verdict:
    """Clients and brokers of an MSK cluster use TLS alone."""
    return msk_verdict(cluster, endpoints.severity(internal=True))


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def transfer_tls(transfers: PlainTransfers, *, endpoints: InternalEndpoints) -> Verdict:
    """File servers, EMR clusters, migrations and connectors of the region move no plain text.

    Of Transfer Family, Amazon EMR, DMS and MSK Connect, which have no rule of their own.
    """
    return transfers_verdict(transfers, endpoints.severity(internal=True))


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def task_volume_tls(task: TaskDefinition, *, endpoints: InternalEndpoints) -> Verdict:
    """Tasks of ECS mount their EFS volumes with TLS, which is off by default."""
    return mounts_verdict(task.mounts or {}, endpoints.severity(internal=True))


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def job_volume_tls(job: JobDefinition, *, endpoints: InternalEndpoints) -> Verdict:
    """Jobs of Batch mount their EFS volumes with TLS, which is off by default."""
    return mounts_verdict(job.mounts or {}, endpoints.severity(internal=True))


@encryption.rule(IN_TRANSIT, severity=Severity.MEDIUM, opt_in="check_sqs_sns")
def sns_tls(
    topic: TopicPolicy,
    *,
    check_sqs_sns: CheckMessaging = False,  # noqa: ARG001
) -> Verdict:
    """The topic policy denies publishing over plain HTTP."""
    return message_verdict(topic.text, topic.arn, ("sns:Publish",))


@encryption.rule(IN_TRANSIT, severity=Severity.MEDIUM, opt_in="check_sqs_sns")
def sqs_tls(
    queue: QueuePolicy,
    *,
    check_sqs_sns: CheckMessaging = False,  # noqa: ARG001
) -> Verdict:
    """The queue policy denies sending and receiving over plain HTTP."""
    return message_verdict(queue.text, queue.arn, ("sqs:SendMessage", "sqs:ReceiveMessage"))
