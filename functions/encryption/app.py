"""Encryption: data is unreadable without a key we own, at rest and on the wire."""

from typing import Annotated, Literal

from readiness import (
    Between,
    Problem,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    heading,
    not_applicable,
    violates,
    violates_all,
)
from readiness.engine.handler import handler_of
from readiness.evidence.apigateway.domains import DefaultEndpoint, DomainSecurity
from readiness.evidence.cloudfront import DistributionTls
from readiness.evidence.elasticache.replication_groups import TransitEncryption
from readiness.evidence.elbv2.listeners import Listener, PlainRules, SslPolicies
from readiness.evidence.kms.keys import (
    KmsImportedMaterial,
    KmsKeyAccess,
    KmsKeyState,
    KmsKeyTags,
    KmsReplicaTags,
    KmsRotation,
)
from readiness.evidence.kms.usage import KeyUsers
from readiness.evidence.opensearch import DomainTls
from readiness.evidence.s3.buckets import (
    BucketAndKey,
    BucketEncryption,
    BucketPolicy,
    PolicyWithoutKms,
)
from readiness.evidence.sns.topics import TopicPolicy
from readiness.evidence.sqs.queues import QueuePolicy

from .at_rest import is_load_balancer_log_target, why_it_cannot_rotate
from .endpoints import (
    http_listener_verdict,
    named_policies_verdict,
    origin_problems,
    passed_through_verdict,
    tls_listener_verdict,
    viewer_problems,
)
from .separation import (
    Environments,
    Misstated,
    Service,
    by_environment,
    may_be_shared,
    outsider_verdict,
    pair_verdict,
    users_verdict,
)
from .transport import bucket_verdict, message_verdict, other_encryption_verdict

encryption = heading("Security", "Encryption")

AT_REST = "Enable S3 bucket encryption with KMS"
PER_ENVIRONMENT = "Use separate KMS keys per environment"
ROTATION = "Enable key rotation"
IN_TRANSIT = "Encrypt data in transit (TLS 1.2+)"

ModerateSeverity = Literal["HIGH", "MEDIUM", "LOW"]
EnvTag = Annotated[str, "The tag that names a resource's environment"]
AccountEnvironment = Annotated[str, "The environment of resources here that have no such tag"]
AccountEnvironments = Annotated[
    tuple[str, ...], "Environments of accounts, each as <account>=<environment>"
]
SharedKeys = Annotated[
    tuple[str, ...],
    "Keys that may serve several environments for a time, each as <key id>=<YYYY-MM-DD>",
]
CheckMessaging = Annotated[bool, "Judge whether topic and queue policies refuse plain HTTP"]
InternalSeverity = Annotated[ModerateSeverity, "How much a violation weighs inside a network"]


# -- at rest ------------------------------------------------------------------------------------


@encryption.rule(AT_REST, severity=Severity.HIGH)
def s3_kms(
    bucket: BucketEncryption,
    key: KmsKeyState | None,
    policy: PolicyWithoutKms,
    *,
    require_customer_managed_key: Annotated[
        bool, "Refuse the AWS-managed key aws/s3, whose policy nobody can change"
    ] = False,
    require_bucket_key: Annotated[
        bool, "Refuse buckets that ask KMS anew for each object"
    ] = False,
) -> Verdict:
    """Default encryption names a usable KMS key, so that reading an object also takes kms:Decrypt.

    Since January 2023 every bucket has at least SSE-S3 (AES256): "is encrypted" says nothing.
    """
    named = bucket.key_id or "aws/s3"
    if not bucket.with_kms:
        if is_load_balancer_log_target(policy.text):
            return not_applicable(
                "Load balancers deliver access logs here, which they do with SSE-S3 only.",
                algorithm=bucket.algorithm,
            )
        return violates(
            f"Default encryption is {bucket.algorithm or 'not set'}, not KMS.",
            expected="Default encryption aws:kms or aws:kms:dsse.",
            algorithm=bucket.algorithm or "none",
        )
    problems = []
    if key is not None and key.state != "Enabled":
        said = f"Default encryption names the KMS key {bucket.key_id}, which is {key.state}."
        problems.append(Problem(Severity.HIGH, said))
    if require_customer_managed_key and (key is None or key.manager == "AWS"):
        said = "Default encryption uses the AWS-managed key aws/s3."
        problems.append(Problem(Severity.HIGH, said))
    if require_bucket_key and bucket.algorithm == "aws:kms" and not bucket.bucket_key:
        problems.append(Problem(Severity.LOW, "The bucket has no S3 Bucket Key."))
    if problems:
        return violates_all(
            problems,
            expected="A customer managed KMS key in state Enabled, with an S3 Bucket Key."
            if require_customer_managed_key
            else "A KMS key in state Enabled.",
            algorithm=bucket.algorithm,
            key=named,
            key_state=key.state if key else "",
        )
    reason = f"Default encryption is {bucket.algorithm} with {named}."
    return complies(reason, algorithm=bucket.algorithm, key=named)


@encryption.rule(AT_REST, severity=Severity.MEDIUM, opt_in="deny_override_required")
def s3_encryption_override(
    policy: BucketPolicy,
    *,
    deny_override_required: Annotated[  # noqa: ARG001
        bool, "Judge whether the bucket policy refuses uploads with other encryption"
    ] = False,
) -> Verdict:
    """The bucket policy refuses uploads that ask for encryption without KMS.

    Default encryption is only a default: a header of the upload overrides it.
    """
    return other_encryption_verdict(policy.text, policy.arn)


# -- a key for each environment -----------------------------------------------------------------


@encryption.rule(PER_ENVIRONMENT, severity=Severity.MEDIUM)
def kms_key_environment(
    key: KmsKeyState,
    tags: KmsKeyTags,
    replicas: KmsReplicaTags,
    users: KeyUsers,
    *,
    env_tag: EnvTag = "Environment",
    account_environment: AccountEnvironment = "",
    shared_key_ids: SharedKeys = (),
) -> Verdict:
    """A key encrypts for one environment, so that access to it opens no other.

    Whoever may decrypt for a test would read what production wrote with the same key. A key and
    its replicas in other regions are one key.
    """
    try:
        environments = Environments.stated(env_tag, account_environment)
        shared = may_be_shared(key.key_id, shared_key_ids, tags.on)
    except Misstated as misstated:
        return cannot_tell(f"The configuration is refused: {misstated}.")
    if shared:
        return not_applicable(f"The key may serve several environments until {shared}.")
    everything = [use for uses in users.by_key.values() for use in uses]
    by_region = {"this region": tags.tags, **replicas.by_region}
    service = Service(
        {region: environments.named(tagged) for region, tagged in by_region.items()},
        by_environment(users.of(key.key_id), environments),
    )
    return users_verdict(
        service,
        aws_managed=key.manager == "AWS",
        hosted=set(by_environment(everything, environments)) - {""},
        unreadable=users.unreadable,
        tag=env_tag,
    )


@encryption.rule(PER_ENVIRONMENT, severity=Severity.MEDIUM)
def s3_key_environment(
    bucket: BucketAndKey,
    key: KmsKeyTags | None,
    *,
    env_tag: EnvTag = "Environment",
    account_environment: AccountEnvironment = "",
    account_environments: AccountEnvironments = (),
    shared_key_ids: SharedKeys = (),
) -> Verdict:
    """A bucket's default encryption uses a key of the bucket's own environment.

    The part of kms-key-environment that one changed bucket can answer at once.
    """
    if key is None:
        return not_applicable("Default encryption names no KMS key.")
    try:
        environments = Environments.stated(env_tag, account_environment, account_environments)
        shared = may_be_shared(key.key_id, shared_key_ids, key.on)
    except Misstated as misstated:
        return cannot_tell(f"The configuration is refused: {misstated}.")
    if shared:
        return not_applicable(f"The key may serve several environments until {shared}.")
    named = environments.named(key.tags)
    return pair_verdict(
        environments.of(bucket.tags),
        environments.of_account(key.account) if key.foreign else named,
        key_account=key.account,
        foreign=key.foreign,
        tag=env_tag,
    )


@encryption.rule(PER_ENVIRONMENT, severity=Severity.MEDIUM, opt_in="account_environments")
def kms_key_accounts(
    key: KmsKeyState,
    access: KmsKeyAccess,
    tags: KmsKeyTags,
    *,
    env_tag: EnvTag = "Environment",
    account_environment: AccountEnvironment = "",
    account_environments: AccountEnvironments = (),
) -> Verdict:
    """The key policy and the grants let in no account of another environment."""
    if key.manager != "CUSTOMER":
        return not_applicable("AWS manages this key: only services of this account can use it.")
    try:
        environments = Environments.stated(
            env_tag, account_environment, account_environments, tags.account
        )
    except Misstated as misstated:
        return cannot_tell(f"The configuration is refused: {misstated}.")
    own = environments.of(tags.tags)
    if not own:
        return cannot_tell(
            f"The key has no {env_tag} tag, and account_environments leaves out {tags.account}."
        )
    return outsider_verdict(access.policy, access.grantees, tags.account, own, environments)


# -- rotation -----------------------------------------------------------------------------------


@encryption.rule(ROTATION, severity=Severity.MEDIUM)
def kms_rotation(
    key: KmsKeyState,
    rotation: KmsRotation,
    *,
    max_rotation_period_days: Annotated[
        int, Between(90, 2560), "The longest allowed time between two rotations"
    ] = 365,
) -> Verdict:
    """KMS replaces the key's material by itself, often enough that a leak does not last."""
    if not key.can_rotate:
        return not_applicable(why_it_cannot_rotate(key), state=key.state, spec=key.spec)
    if not rotation.enabled:
        return violates(
            "Automatic rotation is off.",
            expected=f"Automatic rotation every {max_rotation_period_days} days or fewer.",
            rotation=False,
        )
    if rotation.period_days > max_rotation_period_days:
        return violates(
            f"The key rotates every {rotation.period_days} days.",
            expected=f"Automatic rotation every {max_rotation_period_days} days or fewer.",
            period_days=rotation.period_days,
        )
    every = f" every {rotation.period_days} days" if rotation.period_days else ""
    return complies(f"Automatic rotation is on{every}.", period_days=rotation.period_days)


@encryption.rule(ROTATION, severity=Severity.MEDIUM, opt_in="imported_max_age_days")
def kms_imported_material(
    key: KmsKeyState,
    material: KmsImportedMaterial,
    *,
    imported_max_age_days: Annotated[
        int, Between(0, 3650), "The oldest that imported key material may be; 0: do not judge"
    ] = 0,
) -> Verdict:
    """Imported key material, which KMS cannot replace by itself, is replaced on demand."""
    if not key.is_imported:
        return not_applicable("The key has no imported material in use that KMS could rotate.")
    if material.since is None:
        return cannot_tell("KMS does not say since when the imported material has been in use.")
    said = f"The imported material has been in use since {material.since}."
    if material.age_days > imported_max_age_days:
        return violates(
            said,
            expected=f"On-demand rotation every {imported_max_age_days} days or fewer.",
            age_days=material.age_days,
        )
    return complies(said, age_days=material.age_days)


# -- in transit ---------------------------------------------------------------------------------


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def s3_tls(policy: BucketPolicy) -> Verdict:
    """The bucket policy refuses plain HTTP to everybody, for the bucket and all its objects.

    S3 itself takes no TLS before 1.2, but it does take plain HTTP.
    """
    return bucket_verdict(policy.text, policy.arn)


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def listener_tls(
    listener: Listener,
    rules: PlainRules,
    policies: SslPolicies,
    *,
    internal_severity: InternalSeverity = "MEDIUM",
    allow_tcp_passthrough: Annotated[
        tuple[str, ...], "Load balancers, by name, whose targets end TLS themselves"
    ] = (),
) -> Verdict:
    """A load balancer takes connections with TLS 1.2 or later only, or redirects them there."""
    severity = Severity.HIGH if listener.internet_facing else Severity(internal_severity)
    if listener.protocol == "GENEVE":
        return not_applicable("A gateway load balancer passes packets on as they are.")
    where = f"{listener.protocol}:{listener.port}"
    if listener.protocol == "HTTP":
        return http_listener_verdict(where, rules.rules, rules.plain, severity)
    if listener.protocol in {"HTTPS", "TLS"}:
        taken = policies.protocols.get(listener.ssl_policy, frozenset())
        return tls_listener_verdict(where, listener.ssl_policy, taken, severity)
    allowed = listener.balancer in allow_tcp_passthrough
    return passed_through_verdict(where, listener.balancer, allowed=allowed)


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def cloudfront_tls(distribution: DistributionTls) -> Verdict:
    """A distribution takes viewers with TLS 1.2 or later only, and fetches from origins alike."""
    if not distribution.enabled:
        return not_applicable("The distribution is disabled: it answers nobody.")
    problems = viewer_problems(
        distribution.viewer_policies,
        distribution.minimum_version,
        default_certificate=distribution.default_certificate,
    )
    plain = "allow-all" in distribution.viewer_policies.values()
    problems += origin_problems(distribution.origins, plain_viewers=plain)
    if problems:
        return violates_all(
            problems,
            expected="redirect-to-https or https-only, an own certificate with TLSv1.2_2021,"
            " and origins with https-only and TLSv1.2.",
            minimum_version=distribution.minimum_version,
        )
    return complies(
        f"Viewers need HTTPS with {distribution.minimum_version}, and so do the origins.",
        minimum_version=distribution.minimum_version,
    )


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def domain_name_tls(
    domain: DomainSecurity, *, internal_severity: InternalSeverity = "MEDIUM"
) -> Verdict:
    """A custom domain name of API Gateway takes TLS 1.2 or later only."""
    severity = Severity(internal_severity) if domain.private else Severity.HIGH
    return named_policies_verdict(domain.policies, severity)


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def rest_api_tls(
    endpoint: DefaultEndpoint, *, internal_severity: InternalSeverity = "MEDIUM"
) -> Verdict:
    """The execute-api endpoint of a REST API takes TLS 1.2 or later only, or is off."""
    if not endpoint.enabled:
        return not_applicable("The execute-api endpoint is off; domain-name-tls judges the rest.")
    if not endpoint.policy:
        return not_applicable("API Gateway tells no security policy of the execute-api endpoint.")
    severity = Severity(internal_severity) if endpoint.private else Severity.HIGH
    return named_policies_verdict((endpoint.policy,), severity)


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def opensearch_tls(
    domain: DomainTls, *, internal_severity: InternalSeverity = "MEDIUM"
) -> Verdict:
    """An OpenSearch domain refuses plain HTTP and TLS before 1.2."""
    severity = Severity(internal_severity) if domain.in_vpc else Severity.HIGH
    if not domain.enforces_https:
        return violates(
            "The domain answers over plain HTTP.",
            expected="HTTPS required, with a Policy-Min-TLS-1-2 security policy.",
            severity=severity,
            policy=domain.policy,
        )
    return named_policies_verdict((domain.policy,), severity)


@encryption.rule(IN_TRANSIT, severity=Severity.HIGH)
def elasticache_tls(
    group: TransitEncryption, *, internal_severity: InternalSeverity = "MEDIUM"
) -> Verdict:
    """A replication group of ElastiCache takes clients with TLS only."""
    expected = "TransitEncryptionEnabled with TransitEncryptionMode required."
    severity = Severity(internal_severity)
    if not group.enabled:
        said = "Encryption in transit is off."
        return violates(said, expected=expected, severity=severity)
    if group.mode == "preferred":
        said = "Encryption in transit is preferred: clients without TLS are let in too."
        return violates(said, expected=expected, severity=severity)
    return complies("Encryption in transit is required.", mode=group.mode)


@encryption.rule(IN_TRANSIT, severity=Severity.MEDIUM, opt_in="check_sqs_sns")
def sns_tls(
    topic: TopicPolicy,
    *,
    check_sqs_sns: CheckMessaging = False,  # noqa: ARG001
) -> Verdict:
    """The topic policy refuses to publish what comes over plain HTTP."""
    return message_verdict(topic.text, topic.arn, ("sns:Publish",))


@encryption.rule(IN_TRANSIT, severity=Severity.MEDIUM, opt_in="check_sqs_sns")
def sqs_tls(
    queue: QueuePolicy,
    *,
    check_sqs_sns: CheckMessaging = False,  # noqa: ARG001
) -> Verdict:
    """The queue policy refuses to send and to receive over plain HTTP."""
    return message_verdict(queue.text, queue.arn, ("sqs:SendMessage", "sqs:ReceiveMessage"))


handler = handler_of(encryption)
