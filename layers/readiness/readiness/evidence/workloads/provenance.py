"""Which of the region's resources a template made, by the tags that say so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from readiness.evidence.awslambda.functions import FUNCTION, FunctionIdentity
from readiness.evidence.dynamodb.tables import TABLE
from readiness.evidence.elbv2.load_balancers import LOAD_BALANCER
from readiness.evidence.rds.instances import INSTANCE, is_auto_scaled
from readiness.evidence.s3.buckets import BUCKET
from readiness.evidence.sns.topics import TOPIC
from readiness.evidence.sqs.queues import QUEUE
from readiness.evidence.stepfunctions import STATE_MACHINE
from readiness.evidence.tagging import TAG_LOOKUPS, tags_of_services
from readiness.evidence.workloads.monitors import STACK_TAG, monitors
from readiness.model.evidence import REGION, ResourceType, arn_of, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import NotOffered

TYPES = (FUNCTION, TABLE, LOAD_BALANCER, INSTANCE, BUCKET, TOPIC, QUEUE, STATE_MACHINE)
"""Types that people deploy, and to whose resources CloudFormation gives its tags."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A resource and its tags."""

    type: str
    id: str
    tags: Mapping[str, str]


@evidence(
    REGION,
    reads={action for each in TYPES for action in each.find_reads},
    uses=TAG_LOOKUPS,
)
@dataclass(frozen=True, slots=True)
class DeployedResources:
    """The region's resources of a few common types, each with its tags.

    They come from the listings of their services: GetResources leaves out what never had a tag.
    Those of this project's own stacks are left out: a monitor of many functions would vouch for an
    account of few. ``own`` is their number. Sources: those listings, GetResources.
    """

    all: tuple[Tagged, ...]
    own: int = 0

    @classmethod
    def load(cls, read: Reader, region: Resource) -> DeployedResources:
        found = [
            type_.resource(read.account, read.region, id)
            for type_ in TYPES
            for id in _ids(read, type_)
        ]
        arns = [arn_of(each, read.partition) for each in found]
        services = {arn.split(":", 3)[2] for arn in arns}
        tags = tags_of_services(read, services, region.region) if found else {}
        every = [
            Tagged(each.type, each.id, tags.get(arn, {}))
            for each, arn in zip(found, arns, strict=True)
        ]
        ours = monitors(each.tags for each in every if each.type == TABLE.name)
        others = tuple(each for each in every if each.tags.get(STACK_TAG) not in ours)
        return cls(others, len(every) - len(others))


def _ids(read: Reader, type_: ResourceType) -> Iterable[str]:
    """Every id of the type that people deploy; none where the region does not have the service.

    CloudFront makes the replicas of Lambda@Edge functions, and auto scaling readers of Aurora.
    """
    try:
        if type_ is FUNCTION:
            every = FunctionIdentity.load_all(read)
            return [name for name, each in every.items() if not each.master_arn]
        return [id for id in type_.find(read) if type_ is not INSTANCE or not is_auto_scaled(id)]
    except NotOffered:
        return ()
