"""What the tag loaders make of the tagging API's answers."""

from __future__ import annotations

from readiness.evidence.s3.buckets import BUCKET
from readiness.evidence.tagging import Tags
from readiness.model.evidence import ResourceType
from tests.fake_account import ACCOUNT_ID, FakeAccount, evaluation

TAGGED = [
    {"ResourceARN": "arn:aws:s3:::data", "Tags": [{"Key": "Environment", "Value": "prod"}]},
    {"ResourceARN": "arn:aws:s3:::other", "Tags": []},
]
GET = ("resourcegroupstaggingapi", "get_resources")


def answer(ResourceARNList: list[str] | None = None, **_: object) -> dict[str, object]:  # noqa: N803
    found = [t for t in TAGGED if not ResourceARNList or t["ResourceARN"] in ResourceARNList]
    return {"ResourceTagMappingList": found}


def tags_of(id: str, *, bulk: bool, about: ResourceType = BUCKET) -> tuple[Tags, FakeAccount]:
    fake_account = FakeAccount({GET: answer})
    aws = evaluation(fake_account, [], bulk=bulk).aws
    resource = about.resource(ACCOUNT_ID, "eu-west-1", id)
    return aws.evidence(Tags, resource).evidence, fake_account


def test_one_resource_is_asked_for_alone():
    assert tags_of("data", bulk=False)[0].get("Environment") == "prod"


def test_all_resources_cost_one_call():
    fake_account = FakeAccount({GET: answer})
    aws = evaluation(fake_account, [], bulk=True).aws
    found = [
        aws.evidence(Tags, BUCKET.resource(ACCOUNT_ID, "us-east-1", id)).evidence.values
        for id in ("data", "other", "never-tagged")
    ]
    assert found == [{"Environment": "prod"}, {}, {}]
    assert fake_account.calls == [GET]


def test_a_resource_without_an_arn_has_no_tags_and_costs_no_call():
    nameless = ResourceType("Test::No::Arn", lambda _: ())
    tags, fake_account = tags_of("x", bulk=False, about=nameless)
    assert (tags.values, fake_account.calls) == ({}, [])


def test_global_resources_are_asked_for_where_the_api_knows_them():
    regions = []
    fake_account = FakeAccount({GET: answer})
    original = fake_account.client

    def client(service: str, region_name: str = "", **rest: object):
        regions.append(region_name)
        return original(service, **rest)

    fake_account.client = client
    everywhere = ResourceType("Test::Is::Global", lambda _: (), is_global=True, arn="arn:x:{id}")
    aws = evaluation(fake_account, []).aws
    aws.region = "eu-west-1"
    aws.evidence(Tags, everywhere.resource(ACCOUNT_ID, "eu-west-1", "d"))
    assert regions == ["us-east-1"]
