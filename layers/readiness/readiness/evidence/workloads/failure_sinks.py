"""Failure destinations: whether they exist, and whom their policies and keys let in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.awslambda.functions import FUNCTION, FunctionIdentity, function_name
from readiness.evidence.kms.keys import KEY, KmsKeyAccess, KmsKeyState, key_resource
from readiness.evidence.s3.buckets import BUCKET, is_own_bucket
from readiness.evidence.sns.topics import TOPIC
from readiness.evidence.sqs.queues import QUEUE, queue_url
from readiness.evidence.workloads.dead_letter_paths import redriven_to
from readiness.model.evidence import arn_of, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone, Unreadable
from readiness.semantics.admission import Answer
from readiness.semantics.alarm_events import pattern_of
from readiness.semantics.subscription_filters import passes_with_body

_GONE = ("AWS.SimpleQueueService.NonExistentQueue", "NonExistentQueue", "QueueDoesNotExist")
ATTRIBUTES = (
    "KmsMasterKeyId",
    "MessageRetentionPeriod",
    "Policy",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "VisibilityTimeout",
)
"""What is asked of a queue at once: its own redrive, and what others need to send to it."""


def queue_of(arn: str) -> Resource | None:
    """The queue of an ARN, None for the ARN of anything else."""
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "sqs":
        return None
    return QUEUE.resource(parts[4], parts[3], parts[5])


def topic_of(arn: str) -> Resource | None:
    """The topic of an ARN, None for the ARN of anything else."""
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "sns":
        return None
    return TOPIC.resource(parts[4], parts[3], parts[5])


def bucket_of(read: Reader, arn: str) -> Resource | None:
    """The bucket of an ARN, None for the ARN of anything else."""
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "s3":
        return None
    return BUCKET.resource(read.account, read.region, parts[5].partition("/")[0])


KAFKA = "kafka://"
"""How a Kafka topic that takes what failed is named (Lambda API Reference, OnFailure)."""
SIGHT_READS = ("events:DescribeEventBus", "s3:ListAllMyBuckets")


def sighted(read: Reader, arns: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The functions and event buses that do not exist, and what is not visible.

    Not visible are buckets and buses of other accounts, and topics of Kafka (``kafka://failed``),
    which no API of AWS shows. Queues and topics of SNS have evidence of their own (QueueSink,
    TopicSink). Sources: FunctionConfiguration, DescribeEventBus, ListBuckets.
    """
    missing, unseen = [], []
    for arn in sorted(arns):
        if arn.startswith(KAFKA):
            unseen.append(arn)
            continue
        _, _, service, region, account, name = (*arn.split(":", 5), *([""] * 6))[:6]
        is_here = (region, account) == (read.region, read.account)
        if service == "lambda" and is_here and not _has_function(read, arn):
            missing.append(arn)
        elif service == "events" and account != read.account:
            unseen.append(arn)
        elif service == "events" and is_here and not _has_bus(read, name):
            missing.append(arn)
        elif service == "s3" and not is_own_bucket(read, name.partition("/")[0]):
            unseen.append(arn)
    return tuple(missing), tuple(unseen)


def _has_function(read: Reader, arn: str) -> bool:
    named = FUNCTION.resource(read.account, read.region, function_name(arn) or "")
    try:
        read.of(FunctionIdentity, named)
    except Gone:
        return False
    return True


def _has_bus(read: Reader, name: str) -> bool:
    name = name.removeprefix("event-bus/")
    absent = ("ResourceNotFoundException",)
    return read.one("events", "describe_event_bus", absent=absent, Name=name) is not None


OTHER_READS = ("events:DescribeEventBus", "events:ListRules", "lambda:GetPolicy")


@dataclass(frozen=True, slots=True)
class OtherSink:
    """A function or an event bus that failures are sent to, and its own policy as JSON text.

    ``is_read``: something may take what arrives. An event bus keeps nothing without an enabled
    rule that picks the event of a failed invocation; that of an archive counts, which EventBridge
    makes for it.
    """

    arn: str
    policy: str = ""
    is_read: bool = True


def other_sinks(read: Reader, arns: Iterable[str]) -> tuple[OtherSink, ...]:
    """Those of this account and region among ARNs.

    Sources: GetPolicy, DescribeEventBus, ListRules.
    """
    found = []
    for arn in sorted(arns):
        _, _, service, region, account, name = (*arn.split(":", 5), *([""] * 6))[:6]
        absent = ("ResourceNotFoundException",)
        answer: Mapping[str, Any] | None = None
        is_read = True
        if (region, account) != (read.region, read.account):
            continue
        if service == "lambda":
            answer = read.one("lambda", "get_policy", absent=absent, FunctionName=arn)
        elif service == "events":
            bus = name.removeprefix("event-bus/")
            answer = read.one("events", "describe_event_bus", absent=absent, Name=bus)
            is_read = _is_read(read, bus)
        else:
            continue
        found.append(OtherSink(arn, (answer or {}).get("Policy") or "", is_read))
    return tuple(found)


def _is_read(read: Reader, bus: str) -> bool:
    """Whether an enabled rule of a bus may pick what Lambda sends there: a schedule picks nothing.

    Source of the event: Lambda Developer Guide, "Adding a destination".
    """
    failed = {
        "version": "0",
        "id": None,
        "detail-type": "Lambda Function Invocation Result - Failure",
        "source": "lambda",
        "account": read.account,
        "time": None,
        "region": read.region,
        "resources": None,
        "detail": None,
    }
    rules = read.every(
        "events", "list_rules", "Rules", absent=("ResourceNotFoundException",), EventBusName=bus
    )
    return any(
        passes_with_body(pattern_of(each["EventPattern"]), failed) is not Answer.NO
        for each in rules
        if each.get("State", "ENABLED") != "DISABLED" and each.get("EventPattern")
    )


def redrive_attributes(read: Reader, queue: Resource) -> Mapping[str, str] | None:
    """What GetQueueAttributes says of failures, None where there is no such queue."""
    answer = read.one(
        "sqs",
        "get_queue_attributes",
        absent=_GONE,
        region=None if queue.region == read.region else queue.region,
        QueueUrl=queue_url(read, queue),
        AttributeNames=list(ATTRIBUTES),
    )
    return None if answer is None else answer.get("Attributes") or {}


@dataclass(frozen=True, slots=True)
class Sink:
    """What something sends its failures to: its own policy as JSON text, and its KMS key.

    ``key_problem`` says why the key cannot be used; ``key_policy`` is that of a customer managed
    key and ``key_granted`` what grants of it let principals do (ARNs, operations);
    ``is_aws_key``: the key is the service's own AWS-managed one, which lets no other service in.
    """

    arn: str
    exists: bool = True
    policy: str = ""
    key_id: str = ""
    key_arn: str = ""
    key_problem: str = ""
    key_policy: str = ""
    key_granted: tuple[tuple[str, frozenset[str]], ...] = ()
    is_aws_key: bool = False

    @property
    def name(self) -> str:
        return self.arn.rpartition(":")[2]


@dataclass(frozen=True, slots=True)
class MessageSink(Sink):
    """A queue or a topic.

    ``is_hidden``: it is of another account, and AWS does not tell whether it exists.
    """

    is_hidden: bool = False

    @property
    def is_fifo(self) -> bool:
        return self.arn.endswith(".fifo")


@evidence(QUEUE, reads=("sqs:GetQueueAttributes",), uses=(KmsKeyState, KmsKeyAccess))
@dataclass(frozen=True, slots=True)
class QueueSink(MessageSink):
    """A queue that something sends its failures to.

    ``retention`` is in seconds, ``dead`` where it sends failures itself, ``allows`` its redrive
    allow policy. Sources: GetQueueAttributes, DescribeKey, GetKeyPolicy, ListGrants.
    """

    retention: int = 345_600
    dead: str = ""
    allows: str = ""

    @classmethod
    def load(cls, read: Reader, queue: Resource) -> QueueSink:
        arn = arn_of(queue, read.partition)
        is_foreign = queue.account != read.account
        try:
            attributes = redrive_attributes(read, queue)
        except Unreadable as failure:
            if is_foreign and failure.is_denied:
                return cls(arn, is_hidden=True)
            raise
        if attributes is None:
            # Of a queue of another account SQS says so too where it may not be looked at.
            return cls(arn, is_hidden=True) if is_foreign else cls(arn, exists=False)
        key_id = attributes.get("KmsMasterKeyId", "")
        return cls(
            arn=arn,
            retention=int(attributes["MessageRetentionPeriod"]),
            dead=redriven_to(attributes),
            policy=attributes.get("Policy", ""),
            allows=attributes.get("RedriveAllowPolicy", ""),
            key_id=key_id,
            # A key that a foreign queue names by id or alias is one of its own account.
            **({} if is_foreign and ":" not in key_id else _of_key(read, key_id)),
        )


@evidence(
    TOPIC,
    reads=("sns:GetTopicAttributes",),
    uses=(KmsKeyState, KmsKeyAccess),
)
@dataclass(frozen=True, slots=True)
class TopicSink(MessageSink):
    """A topic that something sends its failures to.

    ``confirmed`` counts its confirmed subscriptions, None where SNS does not say; a change of them
    wakes nobody, since consumers come and go. Sources: GetTopicAttributes, DescribeKey,
    GetKeyPolicy, ListGrants.
    """

    confirmed: int | None = None

    @classmethod
    def load(cls, read: Reader, topic: Resource) -> TopicSink:
        arn = arn_of(topic, read.partition)
        is_foreign = topic.account != read.account
        try:
            answer = read.one(
                "sns",
                "get_topic_attributes",
                absent=("NotFound", "NotFoundException"),
                region=None if topic.region == read.region else topic.region,
                TopicArn=arn,
            )
        except Unreadable as failure:
            if is_foreign and failure.is_denied:
                return cls(arn, is_hidden=True)
            raise
        if answer is None:
            return cls(arn, exists=False)
        attributes = answer.get("Attributes") or {}
        key_id = attributes.get("KmsMasterKeyId", "")
        confirmed = attributes.get("SubscriptionsConfirmed")
        return cls(
            arn,
            confirmed=None if confirmed is None else int(confirmed),
            policy=attributes.get("Policy", ""),
            key_id=key_id,
            **({} if is_foreign and ":" not in key_id else _of_key(read, key_id)),
        )


@evidence(
    BUCKET,
    reads=("s3:GetBucketPolicy", "s3:GetEncryptionConfiguration"),
    uses=(KmsKeyState, KmsKeyAccess),
    proves=False,
)
@dataclass(frozen=True, slots=True)
class BucketSink(Sink):
    """A bucket of the account that failures are written to, its policy and its default key.

    Sources: GetBucketPolicy, GetBucketEncryption, DescribeKey, GetKeyPolicy.
    """

    @classmethod
    def load(cls, read: Reader, bucket: Resource) -> BucketSink:
        arn = arn_of(bucket, read.partition)
        absent = ("NoSuchBucketPolicy",)
        try:
            said = read.one(
                "s3", "get_bucket_policy", absent=absent, gone=_NO_BUCKET, Bucket=bucket.id
            )
            answer = read.one(
                "s3",
                "get_bucket_encryption",
                absent=("ServerSideEncryptionConfigurationNotFoundError",),
                gone=_NO_BUCKET,
                Bucket=bucket.id,
            )
        except Gone:
            return cls(arn, exists=False)
        rules = answer["ServerSideEncryptionConfiguration"]["Rules"] if answer else []
        default = (rules[0].get("ApplyServerSideEncryptionByDefault") if rules else None) or {}
        key_id = default.get("KMSMasterKeyID", "")
        key = key_resource(read, key_id)
        # A bucket may be in another region, with a key of that region.
        is_near = key is not None and key.region == read.region
        return cls(
            arn,
            policy=(said or {}).get("Policy", ""),
            key_id=key_id,
            **(_of_key(read, key_id) if is_near else {}),
        )


_NO_BUCKET = ("NoSuchBucket",)


def _of_key(read: Reader, key_id: str) -> dict[str, Any]:
    key = key_resource(read, key_id) if key_id else None
    if key is None or key.account != read.account:
        return {}
    state = read.of(KmsKeyState, key)
    if state.why_no_service_can_use_it:
        return {"key_problem": state.why_no_service_can_use_it}
    if state.manager == "AWS":
        return {"is_aws_key": True}
    itself = KEY.resource(key.account, key.region, state.key_id)
    access = read.of(KmsKeyAccess, itself)
    return {
        "key_arn": arn_of(itself, read.partition),
        "key_policy": access.policy,
        "key_granted": access.granted,
    }
