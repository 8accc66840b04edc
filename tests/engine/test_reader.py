"""What a loader may read: only what is declared, every error named for what it means."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import botocore.exceptions as boto
import pytest
from botocore.awsrequest import AWSResponse
from botocore.parsers import ResponseParserError

from readiness.engine.aws import Aws
from readiness.engine.aws_errors import CredentialsRefused, cause_of
from readiness.engine.geography import Geography
from readiness.engine.reader import DeclaredReader, UndeclaredRead
from readiness.engine.session import Session
from readiness.model.evidence import ResourceType, evidence
from readiness.model.resource import Resource
from readiness.model.unreadable import Cause, Gone, NotOffered, Unreadable
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON, Clock, FakeAccount, error


def aws_over(fake_account, **more):
    return Aws(fake_account, account=ACCOUNT_ID, region=HOME, now=Clock(), **more)


def reader(fake_account, *actions, **more):
    return DeclaredReader(aws_over(fake_account, **more), frozenset(actions), "the test")


@pytest.mark.parametrize(
    ("raised", "cause"),
    [
        *[(error(code, 403), Cause.ACCESS_DENIED) for code in ("AccessDenied", "AuthFailure")],
        (error("AccessDeniedException"), Cause.ACCESS_DENIED),
        (error("UnauthorizedOperation", 403), Cause.ACCESS_DENIED),
        (error("Throttling"), Cause.THROTTLED),
        (error("SlowDown", 503), Cause.THROTTLED),
        (error("RequestLimitExceeded", 503), Cause.THROTTLED),
        (error("InternalFailure", 500), Cause.SERVICE_UNAVAILABLE),
        (error("Whatever", 503), Cause.SERVICE_UNAVAILABLE),
        (boto.ReadTimeoutError(endpoint_url="x"), Cause.SERVICE_UNAVAILABLE),
        (boto.EndpointConnectionError(endpoint_url="x"), Cause.SERVICE_UNAVAILABLE),
        (boto.ResponseStreamingError(error="x"), Cause.SERVICE_UNAVAILABLE),
        (error("404", 404), Cause.UNEXPECTED_ANSWER),
        (error("NoSuchThing", 404), Cause.UNEXPECTED_ANSWER),
        (boto.DataNotFoundError(data_path="x"), Cause.UNEXPECTED_ANSWER),
    ],
    ids=lambda value: str(value)[-40:],
)
def test_errors_are_named_for_what_they_mean(raised, cause):
    assert cause_of(raised) is cause
    fake_account = FakeAccount({("s3", "get_bucket_policy"): raised})
    with pytest.raises(Unreadable) as caught:
        reader(fake_account, "s3:GetBucketPolicy").one("s3", "get_bucket_policy", Bucket="b")
    assert (caught.value.action, caught.value.cause) == ("s3:GetBucketPolicy", cause)


@pytest.mark.parametrize(
    "raised",
    [
        error("ExpiredToken", 400),
        error("InvalidClientTokenId", 403),
        boto.NoCredentialsError(),
        boto.UnauthorizedSSOTokenError(),
        boto.SSOTokenLoadError(error_msg="x"),
        boto.TokenRetrievalError(provider="sso", error_msg="x"),
        boto.CredentialRetrievalError(provider="process", error_msg="x"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_refused_credentials_end_everything(raised):
    sts = {("sts", "get_caller_identity"): raised}
    fake_account = FakeAccount({("s3", "get_bucket_policy"): raised} | sts)
    with pytest.raises(CredentialsRefused):
        reader(fake_account, "s3:GetBucketPolicy").one("s3", "get_bucket_policy", Bucket="b")


@pytest.mark.parametrize(
    "said",
    [
        {"Account": ACCOUNT_ID},
        error("AccessDenied", 403),
        boto.EndpointConnectionError(endpoint_url="x"),
        boto.ReadTimeoutError(endpoint_url="x"),
        ResponseParserError("not XML"),
    ],
    ids=["accepted", "denied", "unreachable", "timed out", "garbled"],
)
@pytest.mark.parametrize(
    "code",
    [
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    ],
)
def test_a_token_that_one_service_refuses_costs_that_evidence_and_nothing_else(code, said):
    """A region that is not enabled, or one of another partition, refuses a token that is good."""
    answers = {
        ("kms", "describe_key"): error(code, 403),
        ("kms", "list_keys"): {"Keys": []},
        ("sts", "get_caller_identity"): said,
    }
    fake_account = FakeAccount(answers)
    read = reader(fake_account, "kms:DescribeKey", "kms:ListKeys")
    for key in "ab":
        with pytest.raises(Unreadable) as caught:
            read.one("kms", "describe_key", region="ap-east-1", KeyId=key)
        assert (caught.value.action, caught.value.cause) == (
            "kms:DescribeKey",
            Cause.TOKEN_REFUSED,
        )
        assert f"({code} in ap-east-1)" in str(caught.value)
    assert read.every("kms", "list_keys", "Keys") == []
    assert fake_account.calls.count(("sts", "get_caller_identity")) == 1


@pytest.mark.parametrize(
    ("region", "home"),
    [
        ("us-east-1", "us-east-1"),
        ("eu-central-2", "us-east-1"),
        ("us-gov-east-1", "us-gov-west-1"),
        ("cn-north-1", "cn-northwest-1"),
        ("eusc-de-east-1", "eusc-de-east-1"),
        ("us-iso-west-1", "us-iso-east-1"),
    ],
)
def test_the_partitions_own_sts_decides_about_credentials(region, home):
    asked = []

    class World(FakeAccount):
        def client(self, service, **more):
            asked.append((service, more.get("region_name")))
            return super().client(service, **more)

    refused = error("UnrecognizedClientException", 400)
    fake_account = World({("kms", "list_keys"): refused, ("sts", "get_caller_identity"): refused})
    aws = Aws(fake_account, account=ACCOUNT_ID, region=region, now=Clock())
    with pytest.raises(CredentialsRefused):
        DeclaredReader(aws, frozenset({"kms:ListKeys"}), "the test").every(
            "kms", "list_keys", "Keys"
        )
    assert asked == [("kms", region), ("sts", home)]


def reader_in(region, fake_account, *actions):
    aws = Aws(fake_account, account=ACCOUNT_ID, region=region, now=Clock())
    return DeclaredReader(aws, frozenset(actions), "the test")


@pytest.fixture
def names(monkeypatch):
    """The host names that have an address."""
    found: set[str] = set()
    monkeypatch.setattr(Geography, "resolves", lambda self, host: host in found)
    return found


ABSENT = [
    ("memorydb", "describe_clusters", "memorydb:DescribeClusters", "mx-central-1"),
    ("dax", "describe_clusters", "dax:DescribeClusters", "me-south-1"),
    ("appsync", "list_graphql_apis", "appsync:ListGraphqlApis", "us-gov-west-1"),
    ("codebuild", "list_projects", "codebuild:ListProjects", "ca-west-1"),
    ("ce", "get_anomaly_monitors", "ce:GetAnomalyMonitors", "us-gov-east-1"),
    (
        "compute-optimizer",
        "get_lambda_function_recommendations",
        "compute-optimizer:GetLambdaFunctionRecommendations",
        "ca-west-1",
    ),
]


@pytest.mark.parametrize(("service", "operation", "action", "region"), ABSENT)
def test_a_service_that_the_region_does_not_have_is_not_asked(
    names, service, operation, action, region
):
    fake_account = FakeAccount()
    read = reader_in(region, fake_account, action)
    with pytest.raises(NotOffered) as caught:
        read.one(service, operation)
    with pytest.raises(NotOffered):
        read.every(service, operation, "Items")
    assert str(caught.value) == f"AWS does not offer {service} in {region}"
    assert caught.value.action == action
    assert fake_account.calls == []


def test_of_several_services_the_one_that_is_absent_has_nothing(names):
    fake_account = FakeAccount({("elasticache", "describe_cache_clusters"): {"CacheClusters": []}})
    actions = ("memorydb:DescribeClusters", "elasticache:DescribeCacheClusters")
    read = reader_in("mx-central-1", fake_account, *actions)
    assert read.every("memorydb", "describe_clusters", "Clusters") == []
    assert read.every("elasticache", "describe_cache_clusters", "CacheClusters") == []
    assert fake_account.calls == [("elasticache", "describe_cache_clusters")]


def test_what_is_made_of_an_absent_service_is_nothing_to_those_who_read_others_too(names):
    alone = reader_in("mx-central-1", FakeAccount(), "memorydb:DescribeClusters")
    actions = {"memorydb:DescribeClusters", "elasticache:DescribeCacheClusters"}
    both = DeclaredReader(alone._aws, frozenset(actions), "of both")

    def made(read):
        return list(read.every("memorydb", "describe_clusters", "Clusters"))

    for _ in range(2):
        with pytest.raises(NotOffered):
            alone.made_once("clusters", made)
        assert both.made_once("clusters", made) == []


def test_a_service_newer_than_the_endpoint_data_is_asked(names):
    names.add("memory-db.mx-central-1.amazonaws.com")
    fake_account = FakeAccount({("memorydb", "describe_clusters"): {"Clusters": []}})
    read = reader_in("mx-central-1", fake_account, "memorydb:DescribeClusters")
    assert read.every("memorydb", "describe_clusters", "Clusters") == []
    assert fake_account.calls == [("memorydb", "describe_clusters")]


@pytest.mark.parametrize(
    ("region", "kind", "cause"),
    [
        ("mx-central-1", NotOffered, Cause.NOT_OFFERED),
        ("us-east-1", Unreadable, Cause.SERVICE_UNAVAILABLE),
        ("xx-newest-1", Unreadable, Cause.SERVICE_UNAVAILABLE),
    ],
    ids=["not listed there", "listed there", "a region the SDK does not know"],
)
def test_a_host_that_cannot_be_reached_means_what_the_endpoint_data_say(
    names, region, kind, cause
):
    names.add("memory-db.mx-central-1.amazonaws.com")
    nobody = boto.EndpointConnectionError(endpoint_url="x")
    fake_account = FakeAccount({("memorydb", "describe_clusters"): nobody})
    with pytest.raises(Unreadable) as caught:
        reader_in(region, fake_account, "memorydb:DescribeClusters").one(
            "memorydb", "describe_clusters"
        )
    assert (type(caught.value), caught.value.cause) == (kind, cause)


def test_absent_and_gone_are_only_the_codes_that_say_so():
    fake_account = FakeAccount({("s3", "get_bucket_policy"): error("NoSuchBucketPolicy", 404)})
    read = reader(fake_account, "s3:GetBucketPolicy")
    ask = ("s3", "get_bucket_policy")
    assert read.one(*ask, absent=("NoSuchBucketPolicy",), Bucket="b") is None
    with pytest.raises(Gone):
        read.one(*ask, gone=("NoSuchBucketPolicy",), Bucket="b")
    with pytest.raises(Unreadable):
        read.one(*ask, Bucket="b")


@pytest.mark.parametrize(
    ("said", "raised"),
    [
        ("Unable to describe task definition.", Gone),
        ("User is not authorized to perform this action.", Unreadable),
        ("", Unreadable),
    ],
)
def test_a_code_that_may_mean_several_things_is_taken_by_its_words(said, raised):
    fake_account = FakeAccount(
        {("ecs", "describe_task_definition"): error("ClientException", 400, said)}
    )
    with pytest.raises(raised):
        reader(fake_account, "ecs:DescribeTaskDefinition").one(
            "ecs",
            "describe_task_definition",
            gone=("ClientException: Unable to describe",),
            taskDefinition="td:1",
        )


def test_a_call_that_is_not_declared_is_refused_before_it_is_made():
    fake_account = FakeAccount({("s3", "get_bucket_policy"): {"Policy": "{}"}})
    with pytest.raises(UndeclaredRead, match="calls s3:GetBucketPolicy"):
        reader(fake_account, "s3:ListAllMyBuckets").one("s3", "get_bucket_policy", Bucket="b")
    assert fake_account.calls == []


def test_the_same_question_is_asked_once():
    fake_account = FakeAccount({("s3", "get_bucket_policy"): {"Policy": "{}"}})
    read = reader(fake_account, "s3:GetBucketPolicy")
    for bucket in ("a", "b", "a"):
        read.one("s3", "get_bucket_policy", Bucket=bucket)
    assert len(fake_account.calls) == 2


def test_one_listing_serves_every_key_asked_of_it():
    page = {
        "UserDetailList": [{"UserName": "u"}],
        "RoleDetailList": [{"RoleName": "r"}],
    }
    fake_account = FakeAccount({("iam", "get_account_authorization_details"): page})
    read = reader(fake_account, "iam:GetAccountAuthorizationDetails")
    ask = ("iam", "get_account_authorization_details")
    assert [u["UserName"] for u in read.every(*ask, "UserDetailList")] == ["u"]
    assert [r["RoleName"] for r in read.every(*ask, "RoleDetailList")] == ["r"]
    assert read.every(*ask, "GroupDetailList") == []
    assert len(fake_account.calls) == 1


def test_a_failure_is_remembered_like_an_answer():
    fake_account = FakeAccount({("s3", "get_bucket_policy"): FAULTS["throttled"]})
    read = reader(fake_account, "s3:GetBucketPolicy")
    for _ in range(3):
        with pytest.raises(Unreadable):
            read.one("s3", "get_bucket_policy", Bucket="b")
    assert len(fake_account.calls) == 1


def test_threads_that_ask_at_once_share_one_call():
    def slowly(**params):
        time.sleep(0.05)
        return {"Policy": "{}"}

    fake_account = FakeAccount({("s3", "get_bucket_policy"): slowly})
    read = reader(fake_account, "s3:GetBucketPolicy")
    answers = []

    def ask():
        answers.append(read.one("s3", "get_bucket_policy", Bucket="b"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(answers), len(fake_account.calls)) == (8, 1)


@pytest.mark.parametrize(
    ("service", "operation", "body", "content_type"),
    [
        ("kms", "list_keys", b'{"Keys": [{"KeyI', "application/x-amz-json-1.1"),
        ("lambda", "list_functions", b"<html>oops</html>", "application/json"),
        ("iam", "list_users", b"<ListUsersResponse><ListUs", "text/xml"),
    ],
    ids=["truncated JSON", "no JSON at all", "truncated XML"],
)
def test_a_garbled_success_is_no_answer(monkeypatch, service, operation, body, content_type):
    """botocore gives text that is not JSON as an empty answer, and raises on broken XML."""
    headers = {"content-type": content_type, "content-length": str(len(body))}

    class Raw:
        def stream(self, *args, **kwargs):
            yield body

    session = Session(region=HOME)
    aws = Aws(session, account=ACCOUNT_ID, region=HOME, now=Clock())
    client = aws.client(service)
    monkeypatch.setattr(
        client._endpoint, "_send", lambda request: AWSResponse("", 200, headers, Raw())
    )
    actions = {"kms:ListKeys", "lambda:ListFunctions", "iam:ListUsers"}
    key = {"kms": "Keys", "lambda": "Functions", "iam": "Users"}[service]
    with pytest.raises(Unreadable) as caught:
        DeclaredReader(aws, frozenset(actions), "the test").every(service, operation, key)
    assert caught.value.cause is Cause.UNEXPECTED_ANSWER


def test_an_empty_json_object_is_an_answer(monkeypatch):
    class Raw:
        def stream(self, *args, **kwargs):
            yield b"{}"

    headers = {"content-type": "application/json", "content-length": "2"}
    session = Session(region=HOME)
    aws = Aws(session, account=ACCOUNT_ID, region=HOME, now=Clock())
    client = aws.client("lambda")
    monkeypatch.setattr(
        client._endpoint, "_send", lambda request: AWSResponse("", 200, headers, Raw())
    )
    read = DeclaredReader(aws, frozenset({"lambda:GetFunctionConcurrency"}), "the test")
    answer = read.one("lambda", "get_function_concurrency", FunctionName="f")
    assert "ReservedConcurrentExecutions" not in answer


def test_a_parser_error_names_the_action():
    fake_account = FakeAccount({("s3", "list_buckets"): ResponseParserError("not XML")})
    with pytest.raises(Unreadable, match="s3:ListAllMyBuckets"):
        reader(fake_account, "s3:ListAllMyBuckets").every("s3", "list_buckets", "Buckets")


# -- what a loader may ask about the SDK, the partition and other evidence -------------------------


THING = ResourceType("AWS::Test::Door", lambda read: ["a"])


@evidence(THING, reads=("kms:ListKeys",))
@dataclass(frozen=True)
class Keys:
    number: int

    @classmethod
    def load(cls, read, resource):
        if resource.id == "gone":
            raise Gone(resource.key)
        return cls(len(read.every("kms", "list_keys", "Keys")))


def test_a_parameter_is_sent_only_where_the_sdk_has_it():
    aws = Aws(Session(region=HOME), account=ACCOUNT_ID, region=HOME, now=Clock())
    read = DeclaredReader(aws, frozenset(), "the test")
    assert read.knows("kms", "list_keys")
    assert not read.knows("kms", "list_keys_of_tomorrow")
    assert read.takes("cloudwatch", "describe_alarms", "AlarmTypes")
    assert not read.takes("cloudwatch", "describe_alarms", "OfTomorrow")
    assert not read.takes("sts", "get_caller_identity", "Anything"), "the call takes nothing"


def test_the_client_of_another_region_says_what_it_takes():
    asked = []

    class Account(FakeAccount):
        def client(self, service, **more):
            asked.append((service, more["region_name"]))
            return super().client(service, **more)

    assert reader(Account()).takes("wafv2", "list_web_acls", "Scope", "eu-west-1")
    assert asked == [("wafv2", "eu-west-1")]


@pytest.mark.parametrize(
    ("region", "service", "home"),
    [
        ("eu-central-1", "route53", "us-east-1"),
        ("cn-northwest-1", "iam", "cn-north-1"),
        ("cn-north-1", "", "cn-northwest-1"),
        ("us-gov-east-1", "iam", "us-gov-west-1"),
    ],
)
def test_the_home_of_a_global_service_is_that_of_the_partition(region, service, home):
    assert reader_in(region, FakeAccount()).home(service) == home


def test_other_evidence_makes_the_answer_as_old_as_itself():
    read = reader(FakeAccount({("kms", "list_keys"): {"Keys": [{"KeyId": "k"}]}}))
    here = Resource(ACCOUNT_ID, HOME, THING.name, "a")
    assert read.of(Keys, here) == Keys(1)
    first = read.oldest
    assert NOON < first < read.now
    read.of(Keys, Resource(ACCOUNT_ID, HOME, THING.name, "b"))
    assert read.oldest == first, "a younger answer makes it no younger"


def test_other_evidence_of_all_leaves_out_what_is_gone():
    things = ResourceType("AWS::Test::Several", lambda read: ["b", "gone", "a"])

    @evidence(things, reads=("kms:ListKeys",))
    @dataclass(frozen=True)
    class Several(Keys):
        pass

    read = reader(FakeAccount({("kms", "list_keys"): {"Keys": []}}))
    assert read.those(Several) == {"a": Several(0), "b": Several(0)}
    assert not read.narrowed
    with read._aws.batch(things, ["b"]):
        assert read.those(Several) == {"b": Several(0)}
    assert read.narrowed


def test_what_a_parser_cannot_read_is_named_for_what_it_is():
    read = reader(FakeAccount({("kms", "list_keys"): ResponseParserError("x")}), "kms:ListKeys")
    with pytest.raises(Unreadable) as caught:
        read.every("kms", "list_keys", "Keys")
    assert (caught.value.cause, caught.value.action) == (Cause.UNEXPECTED_ANSWER, "kms:ListKeys")
    assert "ResponseParserError" in str(caught.value)
