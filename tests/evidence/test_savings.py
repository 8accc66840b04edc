"""What AWS says of savings, of lifecycles, and of how tasks and instances are bought."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from readiness.engine.aws import Aws
from readiness.evidence.autoscaling.groups import GROUP, GroupPurchases
from readiness.evidence.awslambda.functions import FUNCTION
from readiness.evidence.computeoptimizer import (
    Enrollment,
    FunctionRecommendations,
    VolumeRecommendations,
)
from readiness.evidence.ec2.volume_types import Volume, VolumeTypes
from readiness.evidence.ecs.services import SERVICE, ProviderShare, Service
from readiness.evidence.efs import FILE_SYSTEM, FileSystemTiers
from readiness.evidence.s3.buckets import BUCKET
from readiness.evidence.s3.lifecycles import ArchiveTiers, BucketLifecycle
from readiness.evidence.s3.transfer import BucketWrites
from readiness.evidence.workloads.utilization import FunctionRuns
from readiness.model.evidence import ACCOUNT, REGION
from readiness.model.unreadable import Gone
from readiness.semantics.lifecycle import CostRule, Scope
from tests.accounts import cost_optimization as world
from tests.fake_account import ACCOUNT_ID, HOME, NOON, error

SETTINGS = {"min_gib": 100}
GET_RECOMMENDATIONS = "compute-optimizer__get_lambda_function_recommendations"


def load(cls, fake_account, about=REGION, id=ACCOUNT_ID, settings=None):
    aws = Aws(fake_account, account=ACCOUNT_ID, region=HOME, now=lambda: NOON)
    resource = about.resource(ACCOUNT_ID, HOME, id)
    return aws.evidence(cls, resource, settings or {}).evidence


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, CostRule("tidy", True, 7, None, 30, 30)),
        ({"Status": "Disabled"}, CostRule("tidy", False, 7, None, 30, 30)),
        (
            {"Transitions": [{"Days": 90}, {"Days": 30}], "Expiration": {"Days": 365}},
            CostRule("tidy", True, 7, 365, 30, 30),
        ),
        (
            {"Transitions": [], "Expiration": {"Date": NOON}},
            CostRule("tidy", True, 7, 0, None, 30),
        ),
        (
            {"Transitions": [], "Expiration": {"ExpiredObjectDeleteMarker": True}},
            CostRule("tidy", True, 7, None, None, 30),
        ),
        (
            {"NoncurrentVersionExpiration": {}, "NoncurrentVersionTransitions": []},
            CostRule("tidy", True, 7, None, 30),
        ),
        (
            {"Filter": {"And": {"Prefix": "logs/", "Tags": []}}},
            CostRule("tidy", True, 7, None, 30, 30, Scope("logs/")),
        ),
        (
            {"Filter": {"Tag": {"Key": "a", "Value": "b"}}},
            CostRule("tidy", True, 7, None, 30, 30, Scope(tags=("a=b",))),
        ),
        (
            {"Filter": {"ObjectSizeGreaterThan": 131_072}},
            CostRule("tidy", True, 7, None, 30, 30),
        ),
        (
            {"Filter": {"ObjectSizeGreaterThan": 10_000_000}},
            CostRule("tidy", True, 7, None, 30, 30, Scope(above=10_000_000)),
        ),
        (
            {"Filter": {"ObjectSizeLessThan": 1_000}},
            CostRule("tidy", True, 7, None, 30, 30, Scope(below=1_000)),
        ),
    ],
)
def test_what_a_lifecycle_rule_does_against_costs(more, expected):
    assert CostRule.of(world.rule(**more), NOON) == expected


def test_what_a_bucket_holds_by_class():
    found = load(BucketWrites, world.fake_account(), BUCKET, world.BUCKET)
    each = 500 * world.GIB
    assert found.classes == {"StandardStorage": each, "StandardIAStorage": each}


def test_only_large_buckets_are_asked():
    fake_account = world.fake_account()
    found = load(BucketLifecycle, fake_account, BUCKET, world.BUCKET, SETTINGS)
    assert ([each.id for each in found.rules], found.is_versioned) == (["tidy"], True)
    fake_account = world.fake_account()
    large = {"min_gib": 2000}
    assert load(BucketLifecycle, fake_account, BUCKET, world.BUCKET, large).rules == ()
    assert load(ArchiveTiers, fake_account, BUCKET, world.BUCKET, large).names == ()
    assert not [call for call in fake_account.calls if call[0] == "s3"]


def test_archive_tiers_over_pages():
    def listed(**asked: Any) -> dict[str, Any]:
        first = "ContinuationToken" not in asked
        tiering = {
            "Id": "a" if first else "b",
            "Status": "Enabled",
            "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}],
        }
        off = tiering | {"Id": "off", "Status": "Disabled"}
        more = {"IsTruncated": first} | ({"NextContinuationToken": "2"} if first else {})
        return {"IntelligentTieringConfigurationList": [tiering, off], **more}

    fake_account = world.fake_account().but(
        s3__list_bucket_intelligent_tiering_configurations=listed
    )
    assert load(ArchiveTiers, fake_account, BUCKET, world.BUCKET, SETTINGS).names == ("a", "b")


def system(**size: Any):
    answer = world.storage()["efs", "describe_file_systems"]["FileSystems"][0]
    return {"FileSystems": [answer | {"SizeInBytes": size}]}


def test_the_tiers_of_a_file_system():
    found = load(FileSystemTiers, world.fake_account(), FILE_SYSTEM, world.SYSTEM, SETTINGS)
    assert found == FileSystemTiers(500 * world.GIB, "AFTER_30_DAYS")
    small = world.fake_account().but(
        efs__describe_file_systems=system(Value=world.GIB, Timestamp=NOON)
    )
    found = load(FileSystemTiers, small, FILE_SYSTEM, world.SYSTEM, SETTINGS)
    assert found == FileSystemTiers(world.GIB)
    assert ("efs", "describe_lifecycle_configuration") not in small.calls
    new = world.fake_account().but(efs__describe_file_systems=system(Value=0))
    assert load(FileSystemTiers, new, FILE_SYSTEM, world.SYSTEM, SETTINGS).standard is None
    gone = world.fake_account().but(efs__describe_file_systems={"FileSystems": []})
    with pytest.raises(Gone):
        load(FileSystemTiers, gone, FILE_SYSTEM, world.SYSTEM, SETTINGS)


def test_volumes_of_older_and_of_dear_types():
    found = load(VolumeTypes, world.fake_account())
    assert found.all == (Volume(world.VOLUME, "io2", 100),)


def test_volumes_that_a_service_manages_are_its_own():
    [about] = world.storage()["ec2", "describe_volumes"]["Volumes"]
    managed = about | {"Operator": {"Managed": True, "Principal": "eks.amazonaws.com"}}
    own = about | {"Operator": {"Managed": False}}
    for each, count in ((managed, 0), (own, 1)):
        fake_account = world.fake_account().but(ec2__describe_volumes={"Volumes": [each]})
        assert len(load(VolumeTypes, fake_account).all) == count


@pytest.mark.parametrize(
    ("place", "is_at_edge"),
    [
        ({"AvailabilityZone": "us-east-1a"}, False),
        ({"AvailabilityZone": "us-gov-west-1b"}, False),
        ({"AvailabilityZone": "us-west-2-lax-1a"}, True),
        ({"AvailabilityZone": "us-east-1-wl1-bos-wlz-1"}, True),
        (
            {
                "AvailabilityZone": "us-east-1a",
                "OutpostArn": "arn:aws:outposts:us-east-1:111122223333:outpost/op-1",
            },
            True,
        ),
        ({}, False),
    ],
)
def test_volumes_outside_the_regions_own_zones(place, is_at_edge):
    [about] = world.storage()["ec2", "describe_volumes"]["Volumes"]
    fake_account = world.fake_account().but(ec2__describe_volumes={"Volumes": [about | place]})
    [found] = load(VolumeTypes, fake_account).all
    assert found.is_at_edge is is_at_edge


def test_a_volume_that_is_being_deleted_has_no_type_to_change():
    [about] = world.storage()["ec2", "describe_volumes"]["Volumes"]
    going = {"Volumes": [about | {"State": "deleting"}]}
    assert not load(VolumeTypes, world.fake_account().but(ec2__describe_volumes=going)).all


def recommended(**more: Any):
    answer = {"lambdaFunctionRecommendations": [world.recommendation(**more)]}
    return world.fake_account().but(**{GET_RECOMMENDATIONS: answer})


def test_savings_are_those_of_the_best_option_after_discounts():
    discounted = {"estimatedMonthlySavings": {"currency": "USD", "value": 7.5}}
    options = [
        world.option(99.0, rank=2, memorySize=128),
        world.option(10.0, memorySize=512, savingsOpportunityAfterDiscounts=discounted),
    ]
    fake_account = recommended(finding="NotOptimized", memorySizeRecommendationOptions=options)
    found = load(FunctionRecommendations, fake_account).by_function["agent"]
    assert str(found.saving) == "7.50 USD a month"
    assert found.saving.change == "512 MiB"
    assert (found.refreshed, found.days) == (NOON - timedelta(hours=10), 14.0)
    assert load(FunctionRecommendations, recommended()).by_function["agent"].saving is None


def test_savings_of_volumes():
    def volume(finding: str, *options: dict[str, Any]) -> dict[str, Any]:
        arn = f"arn:aws:ec2:{HOME}:{ACCOUNT_ID}:volume/{world.VOLUME}"
        return {"volumeArn": arn, "finding": finding, "volumeRecommendationOptions": [*options]}

    better = world.option(20.0, configuration={"volumeType": "gp3", "volumeBaselineIOPS": 3000})

    def found(*volumes: dict[str, Any]):
        answer = {"volumeRecommendations": [*volumes]}
        fake_account = world.fake_account().but(
            **{"compute-optimizer__get_ebs_volume_recommendations": answer}
        )
        return load(VolumeRecommendations, fake_account).by_volume

    saving = found(volume("NotOptimized", better))[world.VOLUME]
    assert (saving.amount, saving.change) == (20.0, "gp3 with 3,000 IOPS")
    assert found(volume("Optimized", better)) == {}
    assert found(volume("NotOptimized")) == {}


def test_which_volumes_compute_optimizer_knows():
    found = load(VolumeRecommendations, world.fake_account())
    assert world.VOLUME in found.seen
    off = world.fake_account().but(
        **{"compute-optimizer__get_ebs_volume_recommendations": error("OptInRequiredException")}
    )
    assert load(VolumeRecommendations, off).seen == frozenset()


def test_whether_compute_optimizer_looks_at_the_account():
    assert load(Enrollment, world.fake_account(), ACCOUNT) == Enrollment("Active")


def test_runs_are_counted_where_compute_optimizer_knows_of_none():
    fake_account = world.fake_account()
    assert load(FunctionRuns, fake_account, FUNCTION, "agent").count is None
    assert ("cloudwatch", "get_metric_data") not in fake_account.calls
    fake_account = world.without_recommendation()
    assert load(FunctionRuns, fake_account, FUNCTION, "agent").count == 10


def test_a_function_at_the_edge_is_counted_elsewhere():
    assert load(FunctionRuns, world.at_the_edge(), FUNCTION, "agent") == FunctionRuns(0.0, ("E1",))
    other = load(FunctionRuns, world.at_the_edge("another"), FUNCTION, "agent")
    assert other == FunctionRuns(0.0)


def test_what_rotates_secrets_may_rest_for_months():
    rotator = f"arn:aws:lambda:us-east-1:{world.ACCOUNT_ID}:function:agent"
    secrets = [{"Name": "orders/db"}, {"Name": "orders/api", "RotationLambdaARN": rotator}]
    fake_account = world.at_the_edge("another").but(
        secretsmanager__list_secrets={"SecretList": secrets}
    )
    assert load(FunctionRuns, fake_account, FUNCTION, "agent") == FunctionRuns(0.0, rotates=True)


def test_how_tasks_and_instances_are_bought():
    found = load(Service, world.fake_account(), SERVICE, world.SERVICE)
    assert found.strategy == (ProviderShare("FARGATE", 1, 1), ProviderShare("FARGATE_SPOT", 0, 3))
    found = load(GroupPurchases, world.fake_account(), GROUP, "workers")
    assert (found.is_mixed, found.base, found.on_demand_percent) == (True, 1, 0)
    gone = world.fake_account().but(
        autoscaling__describe_auto_scaling_groups={"AutoScalingGroups": []}
    )
    with pytest.raises(Gone):
        load(GroupPurchases, gone, GROUP, "workers")


def test_the_highest_version_that_compute_optimizer_saw_run():
    def of_version(version: str, **more: Any) -> dict[str, Any]:
        arn = f"{world.FUNCTION}:{version}"
        return world.recommendation(functionArn=arn, functionVersion=version, **more)

    answer = {
        "lambdaFunctionRecommendations": [
            of_version("9", currentMemorySize=512),
            of_version("10", currentMemorySize=1769),
            of_version("2"),
            of_version("11", finding="Unavailable"),
        ]
    }
    account = world.fake_account().but(
        **{"compute-optimizer__get_lambda_function_recommendations": answer}
    )
    found = load(FunctionRecommendations, account)
    assert found.by_function == {}
    assert set(found.by_version["agent"]) == {2, 9, 10}
    number, about = found.newest("agent")
    assert (number, about.about) == (10, "1769")
