"""The tags of what costs money and no other evidence reads the tags of."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.evidence.efs import FILE_SYSTEM
from readiness.evidence.sns.topics import TOPIC
from readiness.evidence.sqs.queues import QUEUE
from readiness.evidence.tagging import NamedTags, TagsOnly, tag_change
from readiness.model.evidence import ServiceEvent, evidence


@evidence(QUEUE, uses=(TagsOnly,), changed_by=(tag_change("sqs"),), proves=False)
@dataclass(frozen=True, slots=True)
class QueueTags(NamedTags):
    """The tags of a queue. Source: GetResources."""


@evidence(TOPIC, uses=(TagsOnly,), changed_by=(tag_change("sns"),), proves=False)
@dataclass(frozen=True, slots=True)
class TopicTags(NamedTags):
    """The tags of a topic. Source: GetResources."""


@evidence(
    FILE_SYSTEM,
    uses=(TagsOnly,),
    changed_by=(
        ServiceEvent(
            "Tag Change on Resource",
            match=(("service", ("elasticfilesystem",)), ("resource-type", ("file-system",))),
            id="resources",
        ),
    ),
    proves=False,
)
@dataclass(frozen=True, slots=True)
class FileSystemTags(NamedTags):
    """The tags of a file system. Source: GetResources."""
