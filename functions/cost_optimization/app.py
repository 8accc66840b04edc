"""Cost optimization: storage classes, lifecycles, memory and Spot that fit what is needed."""

from typing import Annotated

from readiness import (
    Between,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    heading,
    not_applicable,
    violates,
)
from readiness.engine.handler import handler_of
from readiness.evidence.autoscaling.groups import GroupPurchases
from readiness.evidence.awslambda.functions import FunctionIdentity, FunctionSize
from readiness.evidence.batch import ComputeEnvironment
from readiness.evidence.computeoptimizer import (
    Enrollment,
    FunctionRecommendations,
    VolumeRecommendations,
)
from readiness.evidence.dynamodb.usage import TableStorage
from readiness.evidence.ec2.volume_types import VolumeTypes
from readiness.evidence.ecs.services import ScaledService
from readiness.evidence.efs import FileSystemTiers
from readiness.evidence.region import Region
from readiness.evidence.s3.lifecycles import GIB, ArchiveTiers, BucketLifecycle
from readiness.evidence.s3.transfer import BucketWrites
from readiness.evidence.user_data import GroupMarket
from readiness.evidence.workloads.manifests import Manifests
from readiness.evidence.workloads.utilization import FunctionRuns
from readiness.judgement.service_functions import of_service_function, of_stack_function

from .memory import judge_memory
from .settings import MinGib, MinSaving
from .spot import judge_environment, judge_group, judge_service
from .storage import judge_class, judge_lifecycle, judge_table, judge_volumes, small

cost_optimization = heading("Cost Management", "Optimization")

STORAGE = "Use appropriate storage classes"
LIFECYCLE = "Configure S3 lifecycle policies"
MEMORY = "Right-size Lambda functions"
SPOT = "Use Spot instances where appropriate"

EDGE = "It is a Lambda@Edge replica; the function it was made from is evaluated instead."


# -- storage classes ------------------------------------------------------------------------------


@cost_optimization.rule(STORAGE, severity=Severity.LOW)
def bucket_storage_class(
    storage: BucketWrites,
    lifecycle: BucketLifecycle,
    tiers: ArchiveTiers,
    *,
    min_gib: MinGib = 100,
) -> Verdict:
    """Objects of a large bucket leave S3 Standard: a lifecycle rule moves or expires them.

    Archive tiers of Intelligent-Tiering move only what is in that class already.
    """
    return judge_class(storage, lifecycle, tiers, min_gib)


@cost_optimization.rule(STORAGE, severity=Severity.LOW)
def file_system_storage_class(system: FileSystemTiers, *, min_gib: MinGib = 100) -> Verdict:
    """Files of a large EFS file system that nobody reads move to Infrequent Access."""
    if system.is_going:
        return not_applicable("The file system is being deleted.")
    if system.standard is None:
        return cannot_tell("EFS has not measured the size of the file system yet.")
    if verdict := small(system.standard, min_gib):
        return verdict
    moves = [each for each in (system.to_infrequent, system.to_archive) if each]
    if moves:
        after = moves[0].removeprefix("AFTER_").replace("_", " ").lower()
        return complies(f"Files leave the standard class after {after} without access.")
    return violates(
        f"{system.standard / GIB:,.0f} GiB lie in the standard class, and no lifecycle policy"
        " moves files that nobody reads.",
        expected="A lifecycle policy with TransitionToIA.",
        bytes=int(system.standard),
    )


@cost_optimization.rule(STORAGE, severity=Severity.LOW)
def volume_types(
    volumes: VolumeTypes, recommended: VolumeRecommendations, *, min_saving: MinSaving = 5
) -> Verdict:
    """EBS volumes are gp3 instead of gp2, and io1 and io2 only with performance they need.

    What that saves says Compute Optimizer, where the account has opted in.
    """
    return judge_volumes(volumes, recommended, min_saving)


@cost_optimization.rule(STORAGE, severity=Severity.LOW)
def table_class(
    table: TableStorage,
    *,
    min_gib: MinGib = 100,
    max_units_per_gib: Annotated[
        float,
        Between(0, 1_000_000),
        "From so many capacity units a day for each GiB on, requests are most of the cost",
    ] = 1000,
) -> Verdict:
    """A large table that is seldom read or written has the class Standard-IA.

    In that class storage costs less and requests cost more.
    """
    return judge_table(table, min_gib, max_units_per_gib)


# -- lifecycle ------------------------------------------------------------------------------------


@cost_optimization.rule(LIFECYCLE, severity=Severity.LOW)
def bucket_lifecycle(
    storage: BucketWrites,
    lifecycle: BucketLifecycle,
    *,
    min_gib: MinGib = 100,
    max_abort_days: Annotated[
        int, Between(1, 365), "After how many days unfinished uploads have to end"
    ] = 7,
) -> Verdict:
    """Lifecycle rules for the whole bucket bound what a large bucket costs.

    They end unfinished uploads, expire or move objects, and end old versions where versioning is
    or was on. Whether backups live long enough is the matter of another heading.
    """
    return judge_lifecycle(storage, lifecycle, min_gib=min_gib, max_abort_days=max_abort_days)


# -- memory ---------------------------------------------------------------------------------------


@cost_optimization.rule(MEMORY, severity=Severity.LOW)
def compute_optimizer_enrolled(enrollment: Enrollment) -> Verdict:
    """The account has opted in to Compute Optimizer, which says what resources need."""
    if enrollment.status == "Active":
        return complies("The account is enrolled in Compute Optimizer.")
    if enrollment.status == "Pending":
        return cannot_tell("The account is being opted in to Compute Optimizer.")
    why = f": {enrollment.reason}" if enrollment.reason else ""
    return violates(
        f"The account is not enrolled in Compute Optimizer ({enrollment.status}{why}).",
        expected="The account is opted in, which costs nothing.",
    )


@cost_optimization.rule(MEMORY, severity=Severity.LOW)
def function_memory(
    function: FunctionIdentity,
    size: FunctionSize,
    recommendations: FunctionRecommendations,
    enrollment: Enrollment,
    runs: FunctionRuns,
    place: Region,
    *,
    min_saving: MinSaving = 5,
    report_unused: Annotated[bool, "Report functions that were not invoked in 30 days"] = True,
) -> Verdict:
    """Another memory size would not save money, by Compute Optimizer's figures.

    A published version keeps its size: the highest one that Compute Optimizer saw run counts too.
    What a load test determined is judged by resource_sizing.function-load-test.
    """
    if function.master_arn:
        return not_applicable(EDGE)
    if by_aws := of_service_function(function.name):
        return by_aws
    found = recommendations.by_function.get(function.name)
    published = recommendations.newest(function.name)
    is_analysed = published or (found and found.finding != "Unavailable")
    if not is_analysed and (by_stack := of_stack_function(function.name)):
        return by_stack  # what Compute Optimizer analyses runs often, whatever it is called
    if enrollment.status != "Active":
        return not_applicable(
            "The account is not enrolled in Compute Optimizer; compute-optimizer-enrolled reports"
            " it."
        )
    return judge_memory(
        size,
        found,
        published,
        runs,
        place.read_at,
        min_saving=min_saving,
        report_unused=report_unused,
    )


# -- Spot -----------------------------------------------------------------------------------------


@cost_optimization.rule(SPOT, severity=Severity.LOW)
def service_spot(service: ScaledService, manifests: Manifests, place: Region) -> Verdict:
    """What may be interrupted runs on Fargate Spot, and what may not does not run on it alone.

    The tag readiness:spot says ``eligible`` or ``ineligible``, or the manifest's spot_eligible
    names the service. How many tasks run on Spot follows from base and weight.
    """
    return judge_service(service, manifests, place.account)


@cost_optimization.rule(SPOT, severity=Severity.LOW)
def group_spot(
    group: GroupPurchases, market: GroupMarket, manifests: Manifests, place: Region
) -> Verdict:
    """Groups of instances that may be interrupted buy Spot, and others do not buy it alone.

    A mixed instances policy says how much, else the launch template or configuration.
    """
    return judge_group(group, market, manifests, place.account)


@cost_optimization.rule(SPOT, severity=Severity.LOW)
def batch_spot(environment: ComputeEnvironment, manifests: Manifests, place: Region) -> Verdict:
    """Compute environments of AWS Batch run on Spot what is declared to be interruptible."""
    return judge_environment(environment, manifests, place.account)


handler = handler_of(cost_optimization)
