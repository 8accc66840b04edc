"""What the loaders of endpoints make of AWS's answers, alone and in bulk."""

from __future__ import annotations

import json
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws

from readiness.engine.aws import Aws
from readiness.evidence.apigateway.domains import DOMAIN, REST_API, DefaultEndpoint, DomainSecurity
from readiness.evidence.cloudfront import DISTRIBUTION, DistributionTls, Origin
from readiness.evidence.elasticache.replication_groups import REPLICATION_GROUP, TransitEncryption
from readiness.evidence.elbv2.listeners import (
    LISTENER,
    Listener,
    PlainRules,
    SslPolicies,
    listener_of_rule,
)
from readiness.evidence.opensearch import DOMAIN as SEARCH
from readiness.evidence.opensearch import DomainTls
from readiness.evidence.sns.topics import TOPIC, TopicPolicy
from readiness.evidence.sqs.queues import QUEUE, QueuePolicy, queue_url
from readiness.model.evidence import REGION
from readiness.model.unreadable import Gone
from tests.accounts.encryption import (
    BALANCER,
    HTTP,
    HTTPS,
    SEARCH_DOMAIN,
    TO_HTTPS,
    fake_account,
    no_plain_http,
    policy,
)
from tests.accounts.encryption import (
    DISTRIBUTION as CONFIGURED,
)
from tests.fake_account import ACCOUNT_ID, HOME, NOON, Clock, error, evaluation

BOTH = pytest.mark.parametrize("bulk", [False, True], ids=["alone", "in bulk"])
PLAIN = {"Type": "forward", "TargetGroupArn": "arn:aws:elasticloadbalancing:t"}


def loaded(cls, about, id, seen=None, *, bulk=False):
    aws = evaluation(seen or fake_account(), [], bulk=bulk).aws
    return aws.evidence(cls, about.resource(ACCOUNT_ID, HOME, id)).evidence


@pytest.fixture(name="sessions")
def in_moto(monkeypatch):
    """An account in moto, seen alone and in bulk."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    with mock_aws():
        session = boto3.session.Session(region_name=HOME)

        def seen(*, bulk: bool) -> Aws:
            return Aws(session, account="123456789012", region=HOME, now=Clock(), bulk=bulk)

        yield session, seen


# -- load balancers -----------------------------------------------------------------------------


@BOTH
def test_a_listener_knows_its_load_balancer(bulk):
    assert loaded(Listener, LISTENER, HTTPS, bulk=bulk) == Listener(
        HTTPS,
        "web",
        "application",
        internet_facing=True,
        protocol="HTTPS",
        port=443,
        ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06",
    )


@BOTH
def test_a_listener_that_is_gone(bulk):
    seen = fake_account()
    if not bulk:
        seen = seen.but(elbv2__describe_listeners=error("ListenerNotFound"))
    with pytest.raises(Gone):
        loaded(Listener, LISTENER, "arn:of:nothing", seen, bulk=bulk)


def test_a_load_balancer_that_went_away_meanwhile_has_no_listeners():
    seen = fake_account().but(elbv2__describe_listeners=error("LoadBalancerNotFound"))
    assert evaluation(seen, []).aws.find(LISTENER) == []


def answered(status):
    return {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": status}}


@pytest.mark.parametrize(
    ("rules", "plain"),
    [
        pytest.param([[TO_HTTPS], [TO_HTTPS]], (), id="all redirect"),
        pytest.param([[TO_HTTPS], [PLAIN]], ("1",), id="one forwards"),
        pytest.param(
            [[TO_HTTPS | {"RedirectConfig": {"StatusCode": "HTTP_302", "Protocol": "HTTP"}}]],
            ("0",),
            id="to HTTP",
        ),
        pytest.param(
            [[TO_HTTPS | {"RedirectConfig": {"StatusCode": "HTTP_302"}}]],
            ("0",),
            id="to the same protocol",
        ),
        pytest.param(
            [
                [
                    {
                        "Type": "redirect",
                        "RedirectConfig": {"StatusCode": "HTTP_301", "Protocol": "#{protocol}"},
                    }
                ]
            ],
            ("0",),
            id="to the same protocol, in so many words",
        ),
        pytest.param([[TO_HTTPS], [answered("403")]], (), id="one refuses"),
        pytest.param([[answered("503")], [answered("200")]], ("1",), id="one answers"),
    ],
)
def test_rules_that_do_not_redirect(rules, plain):
    answer = {
        "Rules": [{"Priority": str(i), "Actions": actions} for i, actions in enumerate(rules)]
    }
    seen = fake_account().but(elbv2__describe_rules=answer)
    assert loaded(PlainRules, LISTENER, HTTP, seen) == PlainRules(len(rules), plain)


def test_the_rules_of_other_listeners_are_not_read():
    seen = fake_account()
    assert loaded(PlainRules, LISTENER, HTTPS, seen) == PlainRules()
    assert ("elbv2", "describe_rules") not in seen.calls


def test_the_listener_of_a_rule():
    rule = HTTP.replace(":listener/", ":listener-rule/") + "/cccc"
    assert (listener_of_rule(rule), listener_of_rule(HTTP)) == (HTTP, HTTP)
    assert BALANCER not in str(listener_of_rule(rule))


def test_the_policies_of_a_region_in_one_call(sessions):
    """moto knows the policies of 2016 to 2022 as AWS does."""
    _, seen = sessions
    aws = seen(bulk=True)
    policies = aws.evidence(SslPolicies, REGION.resource(aws.account, HOME, aws.account)).evidence
    assert policies.protocols["ELBSecurityPolicy-2016-08"] == {"TLSv1", "TLSv1.1", "TLSv1.2"}
    assert policies.protocols["ELBSecurityPolicy-TLS-1-2-2017-01"] == {"TLSv1.2"}
    assert aws.requests == 1


# -- CloudFront ---------------------------------------------------------------------------------


@BOTH
def test_a_distribution(bulk):
    assert loaded(DistributionTls, DISTRIBUTION, "E1EXAMPLE", bulk=bulk) == DistributionTls(
        enabled=True,
        viewer_policies={"*": "https-only"},
        minimum_version="TLSv1.2_2021",
        default_certificate=False,
        origins=(Origin("api", "https-only", ("TLSv1.2",)),),
    )


def test_a_distribution_of_tenants_has_no_domain_name_of_its_own():
    config = CONFIGURED | {"CallerReference": "r", "ConnectionMode": "tenant-only"}
    seen = fake_account().but(cloudfront__get_distribution_config={"DistributionConfig": config})
    assert loaded(DistributionTls, DISTRIBUTION, "E1EXAMPLE", seen).of_tenants


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        pytest.param(
            {
                "Id": "b",
                "DomainName": "b.s3.amazonaws.com",
                "S3OriginConfig": {"OriginAccessIdentity": ""},
            },
            (),
            id="a bucket",
        ),
        pytest.param(
            {"Id": "v", "DomainName": "internal", "VpcOriginConfig": {"VpcOriginId": "vo_1"}},
            (Origin("v", "http-only", ("TLSv1.2",)),),
            id="inside a VPC",
        ),
    ],
)
def test_other_origins(origin, expected):
    endpoint = {
        "Name": "v",
        "Arn": BALANCER,
        "HTTPPort": 80,
        "HTTPSPort": 443,
        "OriginProtocolPolicy": "http-only",
        "OriginSslProtocols": {"Quantity": 1, "Items": ["TLSv1.2"]},
    }
    config = {
        **CONFIGURED,
        "CallerReference": "r",
        "Origins": {"Quantity": 1, "Items": [origin]},
    }
    seen = fake_account().but(
        cloudfront__get_distribution_config={"DistributionConfig": config},
        cloudfront__get_vpc_origin={
            "VpcOrigin": {
                "Id": "vo_1",
                "Arn": BALANCER,
                "Status": "Deployed",
                "CreatedTime": NOON,
                "LastModifiedTime": NOON,
                "VpcOriginEndpointConfig": endpoint,
            }
        },
    )
    assert loaded(DistributionTls, DISTRIBUTION, "E1EXAMPLE", seen).origins == expected


@BOTH
def test_a_distribution_in_moto(sessions, bulk):
    session, seen = sessions
    config = {**CONFIGURED, "CallerReference": "r"}
    config["DefaultCacheBehavior"] = {
        "TargetOriginId": "api",
        "ViewerProtocolPolicy": "allow-all",
        "MinTTL": 0,
        "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
    }
    made = session.client("cloudfront").create_distribution(DistributionConfig=config)
    id = made["Distribution"]["Id"]
    aws = seen(bulk=bulk)
    assert aws.find(DISTRIBUTION) == [id]
    resource = DISTRIBUTION.resource(aws.account, HOME, id)
    tls = aws.evidence(DistributionTls, resource).evidence
    assert tls.viewer_policies == {"*": "allow-all"}
    assert tls.origins == (Origin("api", "https-only", ("TLSv1.2",)),)


# -- API Gateway, OpenSearch, ElastiCache -------------------------------------------------------


@BOTH
def test_a_domain_name_of_both_listings_is_one(bulk):
    seen = fake_account()
    assert evaluation(seen, []).aws.find(DOMAIN) == ["api.example.com"]
    assert loaded(DomainSecurity, DOMAIN, "api.example.com", bulk=bulk).policies == ("TLS_1_2",)


@BOTH
def test_a_domain_name_of_http_apis_only(bulk):
    http = {
        "DomainName": "h",
        "DomainNameConfigurations": [{"SecurityPolicy": "TLS_1_0"}, {"SecurityPolicy": "TLS_1_2"}],
    }
    seen = fake_account().but(
        apigateway__get_domain_names={"items": []},
        apigateway__get_domain_name=error("NotFoundException", 404),
        apigatewayv2__get_domain_names={"Items": [http]},
        apigatewayv2__get_domain_name=http,
    )
    assert loaded(DomainSecurity, DOMAIN, "h", seen, bulk=bulk).policies == ("TLS_1_0", "TLS_1_2")


@BOTH
def test_private_domain_names_may_share_a_name(bulk):
    def private(id: str, policy: str) -> dict[str, object]:
        return {
            "domainName": "p",
            "domainNameId": id,
            "securityPolicy": policy,
            "endpointConfiguration": {"types": ["PRIVATE"]},
        }

    both = {"a": private("a", "TLS_1_0"), "b": private("b", "TLS_1_2")}
    seen = fake_account().but(
        apigateway__get_domain_names={"items": list(both.values())},
        apigateway__get_domain_name=lambda domainName, domainNameId: both[domainNameId],  # noqa: N803
        apigatewayv2__get_domain_names={"Items": []},
    )
    assert evaluation(seen, []).aws.find(DOMAIN) == ["p+a", "p+b"]
    assert loaded(DomainSecurity, DOMAIN, "p+a", seen, bulk=bulk) == DomainSecurity(
        ("TLS_1_0",), private=True
    )


@BOTH
def test_a_rest_api(sessions, bulk):
    session, seen = sessions
    made = session.client("apigateway").create_rest_api(
        name="x", disableExecuteApiEndpoint=True, endpointConfiguration={"types": ["PRIVATE"]}
    )
    aws = seen(bulk=bulk)
    assert aws.find(REST_API) == [made["id"]]
    resource = REST_API.resource(aws.account, HOME, made["id"])
    assert aws.evidence(DefaultEndpoint, resource).evidence == DefaultEndpoint(
        enabled=False, private=True
    )


@BOTH
def test_a_search_domain(bulk):
    assert loaded(DomainTls, SEARCH, "search", bulk=bulk) == DomainTls(
        enforces_https=True, policy="Policy-Min-TLS-1-2-PFS-2023-10"
    )


@pytest.mark.parametrize(
    ("cluster", "options", "between_nodes"),
    [
        ({"InstanceCount": 3}, {"NodeToNodeEncryptionOptions": {"Enabled": True}}, True),
        ({"InstanceCount": 3}, {"NodeToNodeEncryptionOptions": {"Enabled": False}}, False),
        ({"InstanceCount": 3}, {}, False),
        ({"InstanceCount": 1}, {}, True),
        ({"InstanceCount": 1, "DedicatedMasterEnabled": True}, {}, False),
        ({"InstanceCount": 1, "WarmEnabled": True}, {}, False),
    ],
)
def test_whether_the_nodes_of_a_search_domain_use_tls(cluster, options, between_nodes):
    rest = {k: v for k, v in SEARCH_DOMAIN.items() if k != "NodeToNodeEncryptionOptions"}
    domain = rest | {"ClusterConfig": cluster} | options
    account = fake_account().but(opensearch__describe_domain={"DomainStatus": domain})
    assert loaded(DomainTls, SEARCH, "search", account).between_nodes is between_nodes


def test_search_domains_are_described_by_five():
    names = [f"domain-{number}" for number in range(12)]
    asked = []

    def described(DomainNames: list[str]) -> dict[str, object]:  # noqa: N803
        asked.append(len(DomainNames))
        return {"DomainStatusList": [SEARCH_DOMAIN | {"DomainName": n} for n in DomainNames]}

    seen = fake_account().but(
        opensearch__list_domain_names={"DomainNames": [{"DomainName": n} for n in names]},
        opensearch__describe_domains=described,
    )
    assert loaded(DomainTls, SEARCH, "domain-11", seen, bulk=True).enforces_https
    assert sorted(asked) == [2, 5, 5]


@BOTH
def test_a_replication_group(bulk):
    assert loaded(TransitEncryption, REPLICATION_GROUP, "cache", bulk=bulk) == TransitEncryption(
        enabled=True, mode="required"
    )


def test_a_replication_group_that_is_gone():
    seen = fake_account().but(
        elasticache__describe_replication_groups=error("ReplicationGroupNotFoundFault", 404)
    )
    with pytest.raises(Gone):
        loaded(TransitEncryption, REPLICATION_GROUP, "cache", seen)


# -- topics and queues --------------------------------------------------------------------------


def test_topics_and_queues_in_moto(sessions):
    session, seen = sessions
    arn = session.client("sns").create_topic(Name="alerts")["TopicArn"]
    refusal = policy(no_plain_http("sqs:*", "*"))
    queue = session.client("sqs").create_queue(QueueName="work", Attributes={"Policy": refusal})
    aws = seen(bulk=False)
    assert (aws.find(TOPIC), aws.find(QUEUE)) == (["alerts"], ["work"])
    topic = aws.evidence(TopicPolicy, TOPIC.resource(aws.account, HOME, "alerts")).evidence
    assert (topic.arn, "Statement" in json.loads(topic.text)) == (arn, True)
    resource = QUEUE.resource(aws.account, HOME, "work")
    assert queue_url(SimpleNamespace(dns_suffix="amazonaws.com"), resource) == queue["QueueUrl"]
    assert aws.evidence(QueuePolicy, resource).evidence.text == refusal


@pytest.mark.parametrize(("cls", "about"), [(TopicPolicy, TOPIC), (QueuePolicy, QUEUE)])
def test_topics_and_queues_that_are_gone(sessions, cls, about):
    _, seen = sessions
    aws = seen(bulk=False)
    with pytest.raises(Gone):
        aws.evidence(cls, about.resource(aws.account, HOME, "nothing"))
