"""Whether the role that sends failures may send them to their destination."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from readiness.evidence.iam.role_grants import Leave, RoleGrants
from readiness.evidence.workloads.failure_sinks import (
    BucketSink,
    OtherSink,
    QueueSink,
    Sink,
    TopicSink,
)
from readiness.model.text import listed
from readiness.semantics.policy import Document, Principal, Statement

from .sinks import Checked, check_queue

_DATA_KEY = ("kms:GenerateDataKey", "kms:Decrypt")
_PUT_KEY = ("kms:GenerateDataKey",)


@dataclass(frozen=True, slots=True)
class RoleSender:
    """What sends failures by its role: ``who`` and the service in words (``Lambda``)."""

    grants: RoleGrants | None
    who: str
    service: str


def check_queues(queues: Iterable[QueueSink], sender: RoleSender, checked: Checked) -> None:
    """Add why failures do not arrive in queues."""
    for queue in queues:
        if check_queue(queue, checked, fifo=False, sender=sender.service):
            check_queue_rights(queue, sender, checked)


def check_queue_rights(queue: QueueSink, sender: RoleSender, checked: Checked) -> None:
    """Add what keeps the role out of a queue that exists."""
    _check(sender, "sqs:SendMessage", (queue.arn,), f"the queue {queue.name}", queue, checked)


def check_topics(topics: Iterable[TopicSink], sender: RoleSender, checked: Checked) -> None:
    """Add why failures do not arrive at topics, or reach nobody from there."""
    for topic in topics:
        spoken = f"the topic {topic.name}"
        if topic.is_hidden:
            checked.doubts.append(
                f"T{spoken[1:]}, to which failures are sent, belongs to account"
                f" {topic.arn.split(':')[4]}, which does not show it."
            )
        elif not topic.exists:
            checked.add(f"T{spoken[1:]}, to which failures are sent, does not exist.")
        elif topic.is_fifo:
            checked.add(
                f"{topic.name} is a FIFO topic, and {sender.service} sends failures only to a"
                " standard topic."
            )
        elif topic.key_problem:
            checked.add(f"The KMS key of {spoken} {topic.key_problem}.")
        else:
            if topic.confirmed == 0:
                checked.add(
                    f"T{spoken[1:]}, to which failures are sent, has no confirmed subscription:"
                    " what is published there is lost."
                )
            _check(sender, "sns:Publish", (topic.arn,), spoken, topic, checked)


def check_buckets(
    buckets: Iterable[BucketSink], sender: RoleSender, checked: Checked, *names: str
) -> None:
    """Add why failures cannot be written to buckets; ``names`` are parts of Lambda's own keys.

    Lambda writes below ``aws/lambda/`` (developer guide, "Retaining records of asynchronous
    invocations"); a policy may allow that alone.
    """
    for bucket in buckets:
        spoken = f"the bucket {bucket.name}"
        if not bucket.exists:
            checked.add(f"T{spoken[1:]}, to which failures are sent, does not exist.")
        elif bucket.key_problem:
            checked.add(f"The KMS key of {spoken} {bucket.key_problem}.")
        else:
            keys = ["failure", *(f"{name}/failure" for name in names)]
            forms = [f"{bucket.arn}/aws/lambda/{key}" for key in keys]
            _check(sender, "s3:PutObject", forms, spoken, bucket, checked, _PUT_KEY)


_TO_OTHERS = {
    "events": ("events:PutEvents", "event bus"),
    "lambda": ("lambda:InvokeFunction", "function"),
}


def check_others(others: Iterable[OtherSink], sender: RoleSender, checked: Checked) -> None:
    """Add why functions and event buses do not get the failures that are sent to them."""
    for other in others:
        action, kind = _TO_OTHERS[other.arn.split(":")[2]]
        name = other.arn.split(":", 5)[5].removeprefix("function:").removeprefix("event-bus/")
        if not other.is_read:
            checked.add(
                f"The {kind} {name}, to which failures are sent, has no enabled rule that picks"
                " them: what arrives there is lost."
            )
        _check(sender, action, (other.arn,), f"the {kind} {name}", other, checked)


def _check(
    sender: RoleSender,
    action: str,
    forms: Iterable[str],
    spoken: str,
    sink: Sink | OtherSink,
    checked: Checked,
    key_use: tuple[str, ...] = _DATA_KEY,
) -> None:
    """Add what keeps the role out of a place, or from encrypting with its key."""
    grants = sender.grants
    if grants is None:
        return
    role = f"The role {grants.name} of {sender.who}"
    if not _may(grants, action, tuple(forms), sink.policy):
        checked.add(f"{role} may not send to {spoken} ({action}).")
    if isinstance(sink, OtherSink):
        return
    if sink.key_policy:
        granted = {
            f"kms:{operation}"
            for who, operations in sink.key_granted
            if _is(Principal("AWS", who), grants.name)
            for operation in operations
        }
        lacking = [
            action
            for action in key_use
            if action not in granted
            and not _key_lets(grants, action, sink.key_arn, sink.key_policy)
        ]
        if lacking:
            checked.add(f"{role} may not use the KMS key of {spoken} ({listed(lacking)}).")
    elif sink.key_id and not sink.key_policy and not sink.is_aws_key and not sink.key_arn:
        checked.doubts.append(
            f"T{spoken[1:]} is encrypted with a key of another account or region, whose policy"
            " is not visible here."
        )


def _may(grants: RoleGrants, action: str, forms: tuple[str, ...], policy: str) -> bool:
    """Whether the role's own policies or that of the place let it; doubt counts for it.

    A policy of the place that names the whole account leaves it to the role's policies, as IAM
    does within an account.
    """
    about = list(_about(policy, action, forms))
    if any(_shuts_out(each, grants.name) for each in about):
        return False
    if grants.allows(action, *forms) is not Leave.NO:
        return True
    return _is_flawed(policy) or any(each.allows and _names(each, grants.name) for each in about)


def _key_lets(grants: RoleGrants, action: str, arn: str, policy: str) -> bool:
    """The same of a key, whose policy has to let the role in, or to leave it to its policies."""
    about = list(_about(policy, action, (arn, "*")))
    if any(_shuts_out(each, grants.name) for each in about):
        return False
    allowing = [each for each in about if each.allows]
    if _is_flawed(policy) or any(_names(each, grants.name) for each in allowing):
        return True
    is_left = any(p.is_whole_account for each in allowing for p in each.principals)
    return is_left and grants.allows(action, arn) is not Leave.NO


def _about(policy: str, action: str, forms: Iterable[str]) -> Iterator[Statement]:
    if not policy:
        return
    for each in Document.of("policy", policy).statements:
        if each.names_action(action) and (
            each.names_every_resource or any(each.names_resource(form) for form in forms)
        ):
            yield each


def _is_flawed(policy: str) -> bool:
    return bool(policy and Document.of("policy", policy).flaw)


def _names(statement: Statement, role: str) -> bool:
    return statement.names_anybody or any(_is(each, role) for each in statement.principals)


def _shuts_out(statement: Statement, role: str) -> bool:
    """Whether the statement denies, whatever the request is, what the role would do."""
    if statement.allows or statement.conditions or statement.not_principals:
        return False
    return any(
        each.is_anybody or each.is_whole_account or _is(each, role)
        for each in statement.principals
    )


def _is(principal: Principal, role: str) -> bool:
    """Whether a principal is the role or a session of it; a role's path does not matter."""
    kind, _, path = principal.value.rpartition(":")[2].partition("/")
    if kind == "role":
        return path.rpartition("/")[2] == role
    return kind == "assumed-role" and path.partition("/")[0] == role
