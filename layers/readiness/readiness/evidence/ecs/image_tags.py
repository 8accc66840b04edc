"""Whether the tags by which a task definition names its images may be moved."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.evidence.ecr import tag_may_move
from readiness.evidence.ecs.task_definitions import TASK_DEFINITION, TaskDefinition
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Unreadable
from readiness.semantics.image_tags import is_moving


@evidence(
    TASK_DEFINITION,
    reads=("ecr:DescribeRepositories",),
    uses=(TaskDefinition,),
    changed_by=(api_call("ecr", "PutImageTagMutability"),),
)
@dataclass(frozen=True, slots=True)
class ImageTags:
    """The images whose tag tells no version although it stays with one image.

    Only the account's own repositories are asked, and only about tags without a version. ``fixed``
    are images of repositories that let no such tag move, ``unknown`` those whose repository could
    not be read, which ``unreadable`` says. Source: DescribeRepositories.
    """

    fixed: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    unreadable: Unreadable | None = None

    @classmethod
    def load(cls, read: Reader, task_definition: Resource) -> ImageTags:
        images = [each.image for each in read.of(TaskDefinition, task_definition).containers]
        fixed, unknown = set[str](), set[str]()
        unreadable = None
        for image in dict.fromkeys(images):
            if not is_moving(image):
                continue
            try:
                if not tag_may_move(read, image):
                    fixed.add(image)
            except Unreadable as failure:
                unknown.add(image)
                unreadable = failure
        return cls(frozenset(fixed), frozenset(unknown), unreadable)
