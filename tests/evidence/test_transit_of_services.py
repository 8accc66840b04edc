"""How MSK, proxies of RDS and Classic Load Balancers say what they encrypt in transit."""

from __future__ import annotations

import pytest

from readiness import Unreadable
from readiness.evidence.elb import CLASSIC, ClassicBalancer, ClassicListener
from readiness.evidence.msk import MSK_CLUSTER, MskTransit
from readiness.evidence.rds.endpoints import PROXY, ProxyTransit
from readiness.model.unreadable import Gone
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, error, evaluation

BOTH = pytest.mark.parametrize("bulk", [False, True], ids=["alone", "in bulk"])
ARN = f"arn:aws:kafka:{HOME}:{ACCOUNT_ID}:cluster/orders/6e494b06-9803-410a-a237-ec5e7068c0ad-5"


def loaded(cls, about, id, answers, *, bulk=False):
    aws = evaluation(FakeAccount(answers), [], bulk=bulk).aws
    return aws.evidence(cls, about.resource(ACCOUNT_ID, HOME, id)).evidence


def provisioned(**transit):
    return {
        "ClusterArn": ARN,
        "ClusterType": "PROVISIONED",
        "Provisioned": {
            "BrokerNodeGroupInfo": {
                "ClientSubnets": ["subnet-1"],
                "InstanceType": "express.m7g.large",
            },
            "NumberOfBrokerNodes": 3,
            "EncryptionInfo": {"EncryptionInTransit": transit},
        },
    }


@BOTH
@pytest.mark.parametrize(
    ("cluster", "found"),
    [
        (provisioned(ClientBroker="TLS", InCluster=True), MskTransit("TLS")),
        (
            provisioned(ClientBroker="TLS_PLAINTEXT", InCluster=False),
            MskTransit("TLS_PLAINTEXT", False),
        ),
        (provisioned(), MskTransit("", None)),
        (
            {"ClusterArn": ARN, "ClusterType": "SERVERLESS", "Serverless": {"VpcConfigs": []}},
            MskTransit("TLS", is_serverless=True),
        ),
    ],
)
def test_a_cluster_of_msk(cluster, found, bulk):
    answers = {
        ("kafka", "list_clusters_v2"): {"ClusterInfoList": [cluster]},
        ("kafka", "describe_cluster_v2"): {"ClusterInfo": cluster},
    }
    assert loaded(MskTransit, MSK_CLUSTER, ARN, answers, bulk=bulk) == found


def test_a_cluster_of_msk_that_is_gone():
    with pytest.raises(Gone):
        loaded(
            MskTransit,
            MSK_CLUSTER,
            ARN,
            {("kafka", "describe_cluster_v2"): error("NotFoundException", 404)},
        )


@BOTH
@pytest.mark.parametrize(("said", "requires"), [({"RequireTLS": True}, True), ({}, False)])
def test_a_proxy(said, requires, bulk):
    answer = {"DBProxies": [{"DBProxyName": "pool", **said}]}
    answers = {("rds", "describe_db_proxies"): answer}
    assert loaded(ProxyTransit, PROXY, "pool", answers, bulk=bulk) == ProxyTransit(requires)


def listener(protocol, port, *policies):
    return {
        "Listener": {"Protocol": protocol, "LoadBalancerPort": port, "InstancePort": 80},
        "PolicyNames": list(policies),
    }


def balancer(*listeners, scheme="internet-facing"):
    return {
        "LoadBalancerDescriptions": [
            {
                "LoadBalancerName": "web",
                "Scheme": scheme,
                "ListenerDescriptions": list(listeners),
            }
        ]
    }


POLICIES = {
    "PolicyDescriptions": [
        {"PolicyName": "sticky", "PolicyTypeName": "LBCookieStickinessPolicyType"},
        {
            "PolicyName": "tls",
            "PolicyTypeName": "SSLNegotiationPolicyType",
            "PolicyAttributeDescriptions": [
                {"AttributeName": "Reference-Security-Policy", "AttributeValue": "x"},
                {"AttributeName": "Protocol-SSLv3", "AttributeValue": "false"},
                {"AttributeName": "Protocol-TLSv1", "AttributeValue": "true"},
                {"AttributeName": "Protocol-TLSv1.2", "AttributeValue": "true"},
                {"AttributeName": "AES128-SHA", "AttributeValue": "true"},
            ],
        },
    ]
}


@BOTH
def test_a_classic_load_balancer(bulk):
    asked = []

    def policies(**params):
        asked.append(params)
        return POLICIES

    answers = {
        ("elb", "describe_load_balancers"): balancer(
            listener("HTTPS", 443, "sticky", "tls"), listener("TCP", 22), scheme="internal"
        ),
        ("elb", "describe_load_balancer_policies"): policies,
    }
    assert loaded(ClassicBalancer, CLASSIC, "web", answers, bulk=bulk) == ClassicBalancer(
        "web",
        internet_facing=False,
        listeners=(
            ClassicListener("HTTPS", 443, "tls", frozenset({"TLSv1", "TLSv1.2"})),
            ClassicListener("TCP", 22),
        ),
    )
    assert asked == [{"LoadBalancerName": "web", "PolicyNames": ["sticky", "tls"]}]


def test_no_policy_is_asked_for_where_nothing_negotiates_tls():
    answers = {("elb", "describe_load_balancers"): balancer(listener("HTTP", 80))}
    assert loaded(ClassicBalancer, CLASSIC, "web", answers) == ClassicBalancer(
        "web", internet_facing=True, listeners=(ClassicListener("HTTP", 80),)
    )


def test_policies_that_cannot_be_read_are_no_pass():
    answers = {
        ("elb", "describe_load_balancers"): balancer(listener("HTTPS", 443, "tls")),
        ("elb", "describe_load_balancer_policies"): error("AccessDenied", 403),
    }
    with pytest.raises(Unreadable) as raised:
        loaded(ClassicBalancer, CLASSIC, "web", answers)
    assert raised.value.action == "elasticloadbalancing:DescribeLoadBalancerPolicies"


def test_a_balancer_that_is_gone():
    for answer in (error("LoadBalancerNotFound", 400), {"LoadBalancerDescriptions": []}):
        with pytest.raises(Gone):
            loaded(ClassicBalancer, CLASSIC, "web", {("elb", "describe_load_balancers"): answer})
