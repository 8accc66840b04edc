"""What the tag loaders make of the tagging API's answers."""

from __future__ import annotations

import pytest

from readiness.evidence.s3.buckets import BUCKET
from readiness.evidence.tagging import Tags
from readiness.model.evidence import ResourceType
from readiness.model.unreadable import Unreadable
from tests.fake_account import ACCOUNT_ID, FAULTS, FakeAccount, error, evaluation

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


def crowded(total: int, *, refuses: str = "") -> FakeAccount:
    """A region with more tagged resources than a page of the tagging API holds."""
    asked: list[dict[str, object]] = []

    def get_resources(**params: object) -> object:
        asked.append(params)
        arns = params.get("ResourceARNList")
        if isinstance(arns, list):
            assert set(params) == {"ResourceARNList"}, "the API refuses a page's size beside it"
            assert len(arns) <= 100
            if refuses and refuses in arns:
                return error("InvalidParameterException")
        names = [f"b{number:04}" for number in range(total)]
        found = [
            {"ResourceARN": f"arn:aws:s3:::{name}", "Tags": [{"Key": "Name", "Value": name}]}
            for name in names
        ]
        if isinstance(arns, list):
            return {"ResourceTagMappingList": [t for t in found if t["ResourceARN"] in arns]}
        if "ResourceTypeFilters" in params:
            assert params["ResourceTypeFilters"] == ["s3"]
            return {"ResourceTagMappingList": found}
        return {"ResourceTagMappingList": found[:100], "PaginationToken": "more"}

    account = FakeAccount({GET: get_resources})
    account.asked = asked
    return account


def batch_of(fake_account: FakeAccount, ids: list[str]) -> list[dict[str, str]]:
    aws = evaluation(fake_account, [], bulk=True).aws
    with aws.batch(BUCKET, ids):
        each = [BUCKET.resource(ACCOUNT_ID, "us-east-1", id) for id in ids]
        return [dict(aws.evidence(Tags, bucket).evidence.values) for bucket in each]


def test_a_batch_of_a_crowded_region_costs_one_call_beside_the_first_page():
    fake_account = crowded(250)
    ids = [f"b{number:04}" for number in range(200, 299)] + ["never-tagged"]
    found = batch_of(fake_account, ids)
    assert found == [{"Name": id} for id in ids[:50]] + [{}] * 50
    assert fake_account.calls == [GET, GET]


def test_what_is_not_in_the_batch_is_read_with_its_whole_service():
    fake_account = crowded(250)
    aws = evaluation(fake_account, [], bulk=True).aws
    with aws.batch(BUCKET, ["b0001"]):
        for id in ("b0200", "b0201"):
            bucket = BUCKET.resource(ACCOUNT_ID, "us-east-1", id)
            assert aws.evidence(Tags, bucket).evidence.get("Name") == id
    assert [sorted(each) for each in fake_account.asked] == [[], ["ResourceTypeFilters"]]


def test_another_type_with_the_same_id_has_its_own_tags():
    named = ResourceType("Test::Same::Name", lambda _: (), arn="arn:x:s3:r:1:{id}")
    fake_account = crowded(250)
    aws = evaluation(fake_account, [], bulk=True).aws
    with aws.batch(BUCKET, ["b0001"]):
        other = named.resource(ACCOUNT_ID, "us-east-1", "b0001")
        assert aws.evidence(Tags, other).evidence.values == {}


def test_an_arn_that_the_api_does_not_take_costs_no_other_its_tags():
    fake_account = crowded(250, refuses="arn:aws:s3:::B")
    assert batch_of(fake_account, ["B", "b0001"]) == [{}, {"Name": "b0001"}]


@pytest.mark.parametrize("fault", ["denied", "throttled"])
def test_a_batch_that_cannot_be_read_has_no_tags_that_are_known(fault):
    fake_account = crowded(250)
    fake_account.faults[GET] = FAULTS[fault]
    with pytest.raises(Unreadable, match="tag:GetResources"):
        batch_of(fake_account, ["b0001"])
