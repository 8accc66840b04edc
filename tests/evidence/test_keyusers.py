"""Who uses which key, at how many calls, and what is said of what could not be read."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from functions.encryption.app import encryption
from functions.encryption.rules_at_rest import kms_key_environment
from readiness.engine.follow import follow
from readiness.engine.survey import Coverage, survey
from readiness.engine.targets import Target
from readiness.evidence.kms.usage import KeyUsage
from readiness.model.evidence import REGION
from tests.accounts import keyed
from tests.accounts.encryption import (
    IMPORTED_ID,
    KEY_ARN,
    KEY_ID,
    fake_account,
    key_metadata,
    sse,
    tags,
)
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, error, evaluation

REGIONAL = f"{HOME}:{ACCOUNT_ID}"


def users(fake_account: FakeAccount, *, bulk: bool = True) -> KeyUsage:
    aws = evaluation(fake_account, [], bulk=bulk).aws
    loaded = aws.evidence(KeyUsage, REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)).evidence
    assert isinstance(loaded, KeyUsage)
    return loaded


def test_every_kind_of_user_is_found_under_every_name_of_the_key():
    found = users(fake_account())
    kinds = Counter(use.arn.split(":")[2] for use in found.of(KEY_ID))
    assert kinds == {
        "s3": 1,
        "secretsmanager": 1,
        "dynamodb": 1,
        "sns": 1,
        "sqs": 1,
        "lambda": 1,
        "rds": 2,
        "elasticfilesystem": 1,
        "logs": 1,
        "elasticache": 2,
        "kinesis": 1,
        "firehose": 1,
        "redshift": 1,
        "redshift-serverless": 1,
        "fsx": 1,
    }
    assert {str(use.tags.get("Environment")).lower() for use in found.of(KEY_ID)} == {"prod"}
    assert found.of(IMPORTED_ID) == ()
    assert found.unreadable == ()


@pytest.mark.parametrize(
    ("named", "key"),
    [
        pytest.param("", "aws-s3", id="the AWS-managed key, unnamed"),
        pytest.param("alias/aws/s3", "aws-s3", id="its alias"),
        pytest.param("alias/prod", KEY_ID, id="alias"),
        pytest.param(f"arn:aws:kms:{REGIONAL}:alias/prod", KEY_ID, id="alias ARN"),
        pytest.param(KEY_ID, KEY_ID, id="id"),
        pytest.param(
            f"arn:aws:kms:eu-west-1:{ACCOUNT_ID}:key/mrk-1", "mrk-1", id="replica elsewhere"
        ),
        pytest.param("alias/gone", None, id="alias of nothing"),
        pytest.param(f"arn:aws:kms:{HOME}:444455556666:key/x", None, id="another account's"),
        pytest.param(
            f"arn:aws:kms:{HOME}:444455556666:alias/prod", None, id="another account's alias"
        ),
    ],
)
def test_the_names_of_a_key(named, key):
    aliases = [
        {"AliasName": "alias/prod", "TargetKeyId": KEY_ID},
        {"AliasName": "alias/aws/s3", "TargetKeyId": "aws-s3"},
        {"AliasName": "alias/aws/ebs"},
    ]
    some = fake_account().but(
        s3__get_bucket_encryption=sse(key=named), kms__list_aliases={"Aliases": aliases}
    )
    found = users(some)
    using = [id for id, uses in found.by_key.items() if any(":s3:::" in use.arn for use in uses)]
    assert using == ([key] if key else [])


def test_a_resource_that_went_away_meanwhile_uses_no_key():
    found = users(fake_account().but(dynamodb__describe_table=error("ResourceNotFoundException")))
    assert not [use for use in found.of(KEY_ID) if ":table/" in use.arn]
    assert found.unreadable == ()


@pytest.mark.parametrize("call", ["dynamodb__list_tables", "sqs__get_queue_attributes"])
def test_what_could_not_be_read_is_kept_and_the_rest_too(call):
    found = users(fake_account().but(**{call: error("AccessDeniedException", 403)}))
    assert [each.action for each in found.unreadable] == [
        {"dynamodb__list_tables": "dynamodb:ListTables"}.get(call, "sqs:GetQueueAttributes")
    ]
    assert len(found.of(KEY_ID)) == 16


def many(buckets: int, keys: int) -> FakeAccount:
    """A world of many buckets, each with one of many keys, and nothing else."""
    ids = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(keys)]
    names = [f"bucket-{number}" for number in range(buckets)]
    empty = {
        "secretsmanager__list_secrets": {"SecretList": []},
        "dynamodb__list_tables": {"TableNames": []},
        "sns__list_topics": {"Topics": []},
        "sqs__list_queues": {},
        "lambda__list_functions": {"Functions": []},
        "rds__describe_db_instances": {"DBInstances": []},
        "rds__describe_db_clusters": {"DBClusters": []},
        "efs__describe_file_systems": {"FileSystems": []},
        "logs__describe_log_groups": {"logGroups": []},
        "elasticache__describe_replication_groups": {"ReplicationGroups": []},
        **{"__".join(call): answer for call, answer in keyed.nothing().items()},
    }

    def encryption_of(Bucket: str) -> dict[str, object]:  # noqa: N803
        key = ids[int(Bucket.removeprefix("bucket-")) % keys]
        return sse(key=f"arn:aws:kms:{REGIONAL}:key/{key}")

    def described(KeyId: str) -> dict[str, object]:  # noqa: N803
        return key_metadata(KeyId=KeyId)

    return fake_account().but(
        s3__list_buckets={"Buckets": [{"Name": name} for name in names]},
        s3__get_bucket_encryption=encryption_of,
        kms__list_keys={"Keys": [{"KeyId": id} for id in ids]},
        kms__describe_key=described,
        **empty,
    )


def test_a_sweep_makes_each_call_once():
    some = many(200, 50)
    list(survey(evaluation(some, encryption, bulk=True), list(encryption), Coverage()))
    made: Counter[tuple[str, str]] = Counter(some.calls)
    linear = {
        ("s3", "get_bucket_encryption"): 200,
        ("s3", "get_bucket_policy"): 200,
        ("kms", "describe_key"): 50,
        ("kms", "get_key_rotation_status"): 50,
        ("elbv2", "describe_listeners"): 1,
        ("elbv2", "describe_rules"): 1,
    }
    assert {call: made[call] for call in linear} == linear
    others = {call: count for call, count in made.items() if call not in linear}
    twice = {call for call, count in others.items() if count > 1}
    assert twice <= {("resourcegroupstaggingapi", "get_resources")}, "once here, once us-east-1"
    assert ("kms", "list_grants") not in made, "nobody asked for it"


EVENTS = {
    "a configuration item": ("s3-kms", "s3-tls", "s3-encryption-override"),
    "PutBucketEncryption": ("s3-kms", "s3-key-environment"),
    "a tag change": ("s3-key-environment",),
}


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("algorithm", ["aws:kms", "AES256"])
def test_one_bucket_event_costs_at_most_four_reads(event, algorithm):
    answer: Any = sse(algorithm, KEY_ARN if algorithm == "aws:kms" else "")
    some = fake_account().but(s3__get_bucket_encryption=answer)
    targets = [Target(f"encryption.{rule}", "data") for rule in EVENTS[event]]
    seen = list(follow(evaluation(some, encryption), encryption, targets))
    assert len(seen) == len(targets)
    assert len(some.calls) <= 4, some.calls


def test_a_replica_is_asked_for_its_tags_where_it_is():
    primary = {"Arn": KEY_ARN, "Region": HOME}
    replica = {"Arn": KEY_ARN.replace(HOME, "eu-west-1"), "Region": "eu-west-1"}
    metadata = key_metadata(
        MultiRegion=True,
        MultiRegionConfiguration={
            "MultiRegionKeyType": "PRIMARY",
            "PrimaryKey": primary,
            "ReplicaKeys": [replica],
        },
    )
    some = fake_account().but(
        kms__describe_key=metadata,
        resourcegroupstaggingapi__get_resources=tags(**{KEY_ARN: "prod", replica["Arn"]: "dev"}),
    )
    regions = []
    original = some.client

    def client(service: str, region_name: str = "", **rest: object):
        regions.append((service, region_name))
        return original(service, **rest)

    some.client = client
    run = evaluation(some, [kms_key_environment])
    seen = run.observe(
        kms_key_environment, kms_key_environment.subject.resource(ACCOUNT_ID, HOME, KEY_ID)
    )
    assert seen.finding is not None
    assert "dev in eu-west-1" in seen.finding.reason
    assert ("resourcegroupstaggingapi", "eu-west-1") in regions


@pytest.mark.parametrize("named", [KEY_ARN, KEY_ID, "alias/prod"])
def test_a_disabled_key_wakes_the_buckets_that_name_it_in_any_way(named):
    some = fake_account().but(
        s3__get_bucket_encryption=sse(key=named),
        kms__describe_key=key_metadata(KeyState="Disabled"),
    )
    target = Target("encryption.s3-kms", None, ("AWS::KMS::Key", KEY_ID))
    [seen] = follow(evaluation(some, encryption), encryption, [target])
    assert seen.resource.id == "data"
    assert seen.finding is not None
    assert "Disabled" in seen.finding.reason


def test_another_key_wakes_no_bucket():
    target = Target("encryption.s3-kms", None, ("AWS::KMS::Key", IMPORTED_ID))
    assert list(follow(evaluation(fake_account(), encryption), encryption, [target])) == []
