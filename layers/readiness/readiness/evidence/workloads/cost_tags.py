"""The tags of what costs money and no other evidence reads the tags of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from readiness.evidence.efs import FILE_SYSTEM
from readiness.evidence.sns.topics import TOPIC
from readiness.evidence.sqs.queues import QUEUE
from readiness.evidence.tagging import TagsOnly, tag_change
from readiness.model.evidence import ServiceEvent, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(QUEUE, uses=(TagsOnly,), changed_by=(tag_change("sqs"),), proves=False)
@dataclass(frozen=True, slots=True)
class QueueTags:
    """The tags of a queue. Source: GetResources."""

    name: str
    tags: Mapping[str, str]

    @classmethod
    def load(cls, read: Reader, queue: Resource) -> QueueTags:
        return cls(queue.id, read.of(TagsOnly, queue).values)


@evidence(TOPIC, uses=(TagsOnly,), changed_by=(tag_change("sns"),), proves=False)
@dataclass(frozen=True, slots=True)
class TopicTags:
    """The tags of a topic. Source: GetResources."""

    name: str
    tags: Mapping[str, str]

    @classmethod
    def load(cls, read: Reader, topic: Resource) -> TopicTags:
        return cls(topic.id, read.of(TagsOnly, topic).values)


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
class FileSystemTags:
    """The tags of a file system. Source: GetResources."""

    name: str
    tags: Mapping[str, str]

    @classmethod
    def load(cls, read: Reader, system: Resource) -> FileSystemTags:
        return cls(system.id, read.of(TagsOnly, system).values)
