"""Encryption in transit: evidence in, verdict out."""

from __future__ import annotations

import json

import pytest

from functions.encryption.endpoints import Floor, floor_of
from functions.encryption.rules_in_transit import (
    cloudfront_tls,
    domain_name_tls,
    listener_tls,
    rest_api_tls,
    s3_tls,
    sns_tls,
    sqs_tls,
)
from readiness import Severity, Status
from readiness.evidence.apigateway.domains import DefaultEndpoint, DomainSecurity
from readiness.evidence.cloudfront import DistributionTls, Origin
from readiness.evidence.elbv2.listeners import Listener, PlainRules, SslPolicies
from readiness.evidence.s3.buckets import BucketPolicy
from readiness.evidence.sns.topics import TopicPolicy
from readiness.evidence.sqs.queues import QueuePolicy
from tests.accounts.encryption import no_plain_http, policy
from tests.fake_account import service_model

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
BLIND = Status.INSUFFICIENT_DATA
BUCKET = "arn:aws:s3:::data"
REFUSAL = no_plain_http("s3:*", BUCKET, f"{BUCKET}/*")


def refusal(**changes: object) -> str:
    return policy(REFUSAL | changes)


HTTP = {"aws:SecureTransport": "false"}
SECOND_CONDITIONS = (
    ({"Bool": HTTP | {"aws:PrincipalIsAWSService": "false"}}, GOOD),
    ({"Bool": HTTP, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}, GOOD),
    ({"Bool": HTTP, "BoolIfExists": {"aws:ViaAWSService": "false"}}, GOOD),
    ({"Bool": HTTP, "Null": {"aws:PrincipalServiceName": "true"}}, GOOD),
    ({"Bool": HTTP, "StringNotEquals": {"aws:PrincipalServiceName": "x.amazonaws.com"}}, GOOD),
    ({"Bool": HTTP, "Null": {"aws:CalledVia": "true"}}, GOOD),
    ({"Bool": HTTP | {"aws:PrincipalIsAWSService": "true"}}, BAD),
    ({"Bool": HTTP, "NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, BAD),
    ({"Bool": HTTP, "StringNotEquals": {"aws:SourceVpc": "vpc-1"}}, BAD),
    ({"Bool": HTTP, "StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, BAD),
    ({"Bool": HTTP, "Null": {"aws:PrincipalArn": "false"}}, BAD),
    (
        {
            "Bool": HTTP,
            "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/aws-service-role/*"},
        },
        GOOD,
    ),
    ({"Bool": HTTP, "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/app/*"}}, BAD),
    ({"Bool": HTTP, "ArnLike": {"aws:PrincipalArn": "*"}}, BAD),
    ({"Bool": HTTP, "DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, BAD),
    ({"Bool": HTTP, "DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, GOOD),
    ({"Null": {"s3:TlsVersion": "true"}}, GOOD),
    ({"Null": {"s3:TlsVersion": "false"}}, BAD),
    ({"Null": {"aws:SecureTransport": "false"}}, GOOD),
    ({"Null": {"aws:SecureTransport": "true"}}, BAD),
    ({"NumericLessThanIfExists": {"s3:TlsVersion": "1.0"}}, GOOD),
    ({"NumericLessThanEqualsIfExists": {"s3:TlsVersion": "1.1"}}, GOOD),
    ({"NumericLessThanEquals": {"s3:TlsVersion": "1.1"}}, BAD),
)


@pytest.mark.parametrize(
    ("text", "status", "severity"),
    [
        pytest.param(refusal(), GOOD, None, id="the documented one"),
        pytest.param(
            refusal(Condition={"Bool": {"aws:SecureTransport": ["false"]}}), GOOD, None, id="list"
        ),
        pytest.param(
            refusal(Condition={"Bool": {"aws:SecureTransport": False}}),
            GOOD,
            None,
            id="JSON false",
        ),
        pytest.param(
            refusal(Condition={"bool": {"AWS:securetransport": "False"}}), GOOD, None, id="case"
        ),
        pytest.param(
            refusal(Condition={"BoolIfExists": {"aws:SecureTransport": "false"}}),
            GOOD,
            None,
            id="if exists",
        ),
        pytest.param(refusal(Principal={"AWS": "*"}), GOOD, None, id="everybody in a map"),
        pytest.param(refusal(Action="*", Resource="*"), GOOD, None, id="everything"),
        pytest.param(
            json.dumps({"Statement": REFUSAL}), GOOD, None, id="one statement, not in a list"
        ),
        pytest.param(
            policy(REFUSAL | {"Resource": BUCKET}, REFUSAL | {"Resource": f"{BUCKET}/*"}),
            GOOD,
            None,
            id="in two statements",
        ),
        pytest.param(
            refusal(Condition={"NumericLessThanIfExists": {"s3:TlsVersion": "1.2"}}),
            GOOD,
            None,
            id="TLS version where there is one",
        ),
        pytest.param(
            refusal(Condition={"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
            BAD,
            None,
            id="TLS version alone: plain HTTP has none",
        ),
        pytest.param(refusal(Action="s3:Get*"), BAD, None, id="Get only"),
        pytest.param(
            policy({k: v for k, v in REFUSAL.items() if k != "Action"} | {"NotAction": "iam:*"}),
            GOOD,
            None,
            id="all but actions of another service",
        ),
        *(
            pytest.param(
                policy(
                    {k: v for k, v in REFUSAL.items() if k != "Action"}
                    | {"NotAction": ["iam:*", spared]}
                ),
                status,
                None,
                id=f"all but {spared}",
            )
            for spared, status in (
                ("s3:PutObject", BAD),
                ("S3:Get*", BAD),
                ("*:PutObject", BAD),
                ("s?:PutObject", BAD),
                ("s3:List*", BAD),
                ("*", BAD),
                ("s3:ListAllMyBuckets", GOOD),
                ("S3:listallmybuckets", GOOD),
                ("s3:PutAccountPublicAccessBlock", GOOD),
            )
        ),
        pytest.param(refusal(Action="s3:PutObject"), BAD, None, id="PutObject only"),
        pytest.param(
            refusal(Principal={"AWS": "arn:aws:iam::111122223333:root"}),
            BAD,
            None,
            id="one principal",
        ),
        pytest.param(refusal(Resource=f"{BUCKET}/tmp/*"), BAD, None, id="a prefix only"),
        pytest.param(
            refusal(Resource=f"{BUCKET}/*"), BAD, Severity.LOW, id="objects, not the bucket"
        ),
        pytest.param(refusal(Resource=BUCKET), BAD, None, id="bucket, not the objects"),
        pytest.param(
            refusal(Resource=["arn:aws:s3:::other", "arn:aws:s3:::other/*"]),
            BAD,
            None,
            id="another bucket",
        ),
        pytest.param(
            refusal(
                Condition={
                    "Bool": {"aws:SecureTransport": "false"},
                    "StringNotEquals": {"aws:PrincipalAccount": "111122223333"},
                }
            ),
            BAD,
            None,
            id="a second condition",
        ),
        pytest.param(
            refusal(Condition={"Bool": {"aws:SecureTransport": "true"}}),
            BAD,
            None,
            id="the wrong way round",
        ),
        pytest.param(refusal(Effect="Allow"), BAD, None, id="allowed"),
        *(
            pytest.param(
                json.dumps(
                    {
                        "Statement": {k: v for k, v in REFUSAL.items() if k != "Principal"}
                        | {"NotPrincipal": spared}
                    }
                ),
                status,
                None,
                id=f"everybody but {spared}",
            )
            for spared, status in (
                ({"AWS": "arn:aws:iam::111122223333:root"}, BAD),
                ({"Service": "logging.s3.amazonaws.com"}, GOOD),
                (
                    {"AWS": "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/X"},
                    GOOD,
                ),
                ({"AWS": "*"}, BAD),
                ({"Service": "s3.amazonaws.com", "AWS": "111122223333"}, BAD),
            )
        ),
        *(
            pytest.param(
                json.dumps(
                    {
                        "Statement": {k: v for k, v in REFUSAL.items() if k != "Resource"}
                        | {"NotResource": left_out}
                    }
                ),
                status,
                severity,
                id=f"all resources but {left_out}",
            )
            for left_out, status, severity in (
                (["arn:aws:s3:::other", "arn:aws:s3:::other/*"], GOOD, None),
                ("arn:aws-cn:s3:::other/*", GOOD, None),
                ("arn:aws:s3:::data/public/*", BAD, None),
                ("arn:aws-cn:s3:::data/public/*", BAD, None),
                ("arn:aws:s3:::data", BAD, Severity.LOW),
                ("*", BAD, None),
            )
        ),
        pytest.param(
            json.dumps(
                {
                    "Statement": {k: v for k, v in REFUSAL.items() if k != "Action"}
                    | {"NotAction": "s3:PutObject"}
                }
            ),
            BAD,
            None,
            id="everything but one",
        ),
        *(
            pytest.param(
                refusal(Condition=dict(condition)),
                status,
                None,
                id=" ".join(f"{o} {k} {v}" for o, k in condition.items() for v in [dict(k)]),
            )
            for condition, status in SECOND_CONDITIONS
        ),
        *(
            pytest.param(
                refusal(Resource=[f"arn:{p}:s3:::data", f"arn:{p}:s3:::data/*"]),
                GOOD,
                None,
                id=f"partition {p}",
            )
            for p in ("aws-cn", "aws-us-gov", "aws-eusc", "aws-iso-f", "aws*", "*")
        ),
        pytest.param(
            refusal(Resource=["arn:aws-cn:s3:::data", "arn:aws-cn:s3:::other/*"]),
            BAD,
            None,
            id="another bucket's objects in another partition",
        ),
        pytest.param(policy(), BAD, None, id="no statement"),
        pytest.param("", BAD, None, id="no policy"),
        pytest.param("{", BLIND, None, id="garbled"),
    ],
)
def test_s3_tls(text, status, severity):
    verdict = s3_tls(BucketPolicy(text, BUCKET))
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason


POLICIES = SslPolicies(
    {
        "new": frozenset({"TLSv1.2", "TLSv1.3"}),
        "FIPS": frozenset({"TLSv1.3"}),
        "ELBSecurityPolicy-2016-08": frozenset({"TLSv1", "TLSv1.1", "TLSv1.2"}),
        "empty": frozenset(),
    }
)


def listener(protocol: str, policy: str = "", *, public: bool = True, port: int = 443):
    return Listener("arn", "web", "application", public, protocol, port, policy)


@pytest.mark.parametrize(
    ("made", "rules", "status", "said"),
    [
        pytest.param(listener("HTTPS", "new"), PlainRules(), GOOD, "TLSv1.3", id="1.2 and 1.3"),
        pytest.param(listener("TLS", "FIPS"), PlainRules(), GOOD, "FIPS", id="1.3 alone, NLB"),
        pytest.param(
            listener("HTTPS", "ELBSecurityPolicy-2016-08"),
            PlainRules(),
            BAD,
            "TLSv1 and TLSv1.1",
            id="the API's default",
        ),
        pytest.param(listener("HTTPS", "later"), PlainRules(), BLIND, "later", id="not described"),
        pytest.param(listener("TLS", "empty"), PlainRules(), BLIND, "empty", id="no protocols"),
        pytest.param(listener("HTTPS"), PlainRules(), BLIND, "none", id="no policy"),
        pytest.param(listener("HTTP"), PlainRules(2), GOOD, "redirects", id="all redirect"),
        pytest.param(listener("QUIC"), PlainRules(), GOOD, "TLS 1.3", id="QUIC"),
        pytest.param(listener("TCP_QUIC"), PlainRules(), BLIND, "passed", id="QUIC and TCP"),
        pytest.param(
            listener("HTTP"), PlainRules(2, ("1",)), BAD, "1 of 2", id="one answers over HTTP"
        ),
        pytest.param(listener("HTTP"), PlainRules(0), BLIND, "no rule", id="not even a default"),
        pytest.param(listener("TCP"), PlainRules(), BLIND, "passed through", id="pass-through"),
        *(
            pytest.param(listener(of, port=port), PlainRules(), status, said, id=f"{of} {port}")
            for of, port, status, said in (
                ("UDP", 53, NA, "DNS"),
                ("TCP_UDP", 53, NA, "DNS"),
                ("TCP", 53, NA, "DNS"),
                ("UDP", 1812, NA, "RADIUS"),
                ("TCP", 1812, BLIND, "require TLS"),
                ("TCP_UDP", 123, BLIND, "require TLS"),
                ("TCP", 53, NA, "DNS"),
                ("UDP", 443, NA, "QUIC"),
                ("UDP", 514, BLIND, "encrypt what they receive"),
                ("UDP", 9000, BLIND, "encrypt what they receive"),
                ("TCP_UDP", 443, BLIND, "require TLS"),
                ("TCP_QUIC", 443, BLIND, "require TLS"),
            )
        ),
        pytest.param(listener("GENEVE"), PlainRules(), NA, "gateway", id="gateway"),
    ],
)
def test_listener_tls(made, rules, status, said):
    verdict = listener_tls(made, rules, POLICIES)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


def test_pass_through_can_be_stated():
    verdict = listener_tls(listener("TCP"), PlainRules(), POLICIES, allow_tcp_passthrough=("web",))
    assert verdict.status is NA


@pytest.mark.parametrize(
    ("public", "severity"),
    [
        pytest.param(True, Severity.HIGH, id="internet-facing"),
        pytest.param(False, Severity.LOW, id="internal"),
    ],
)
def test_an_internal_listener_weighs_as_it_is_set(public, severity):
    for made in (
        listener("HTTPS", "ELBSecurityPolicy-2016-08", public=public),
        listener("HTTP", public=public),
    ):
        verdict = listener_tls(
            made, PlainRules(1, ("default",)), POLICIES, internal_severity="LOW"
        )
        assert (verdict.status, verdict.severity) == (BAD, severity)


def distribution(
    viewer: str = "https-only",
    minimum: str = "TLSv1.2_2021",
    *origins: Origin,
    default: bool = False,
    enabled: bool = True,
    path: str = "https-only",
    tenants: bool = False,
) -> DistributionTls:
    policies = {"*": viewer, "/api": path}
    return DistributionTls(enabled, policies, minimum, default, origins, tenants)


@pytest.mark.parametrize(
    ("made", "status", "said"),
    [
        pytest.param(distribution(), GOOD, "TLSv1.2_2021", id="https only"),
        pytest.param(distribution("redirect-to-https"), GOOD, "HTTPS", id="redirected"),
        pytest.param(distribution(minimum="TLSv1.3_2025"), GOOD, "1.3", id="1.3 only"),
        pytest.param(distribution("allow-all"), BAD, "HTTP for *", id="plain"),
        pytest.param(distribution(path="allow-all"), BAD, "/api", id="plain for one path"),
        pytest.param(distribution(minimum="TLSv1.1_2016"), BAD, "TLSv1.1_2016", id="1.1"),
        pytest.param(distribution(minimum="TLSv1"), BAD, "TLSv1", id="1.0"),
        pytest.param(distribution(minimum="SSLv3"), BAD, "SSLv3", id="SSL"),
        pytest.param(distribution(minimum=""), BAD, "not set", id="no minimum"),
        pytest.param(distribution(tenants=True), GOOD, "TLSv1.2_2021", id="of tenants"),
        pytest.param(
            distribution("https-only", "TLSv1", default=True, tenants=True),
            BLIND,
            "certificates of its tenants",
            id="tenants bring their certificates",
        ),
        pytest.param(
            distribution("allow-all", "TLSv1", default=True, tenants=True),
            BAD,
            "HTTP for *",
            id="plain for tenants",
        ),
        pytest.param(
            distribution("https-only", "TLSv1", tenants=True),
            BAD,
            "TLSv1,",
            id="1.0 for tenants",
        ),
        pytest.param(
            distribution(default=True),
            BAD,
            "default CloudFront certificate",
            id="the default certificate",
        ),
        pytest.param(
            distribution("https-only", "TLSv1.2_2021", Origin("o", "http-only")),
            BAD,
            "origin o",
            id="plain origin",
        ),
        pytest.param(
            distribution("https-only", "TLSv1.2_2021", Origin("o", "match-viewer", ("TLSv1.2",))),
            GOOD,
            "origins",
            id="origin as the viewer, who needs HTTPS",
        ),
        pytest.param(
            distribution("allow-all", "TLSv1.2_2021", Origin("o", "match-viewer", ("TLSv1.2",))),
            BAD,
            "origin o",
            id="origin as the viewer, who needs none",
        ),
        pytest.param(
            distribution(
                "https-only", "TLSv1.2_2021", Origin("o", "https-only", ("TLSv1", "TLSv1.2"))
            ),
            BAD,
            "with TLSv1.",
            id="origin with old TLS",
        ),
        pytest.param(distribution("allow-all", enabled=False), NA, "disabled", id="disabled"),
    ],
)
def test_cloudfront_tls(made, status, said):
    verdict = cloudfront_tls(made)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


@pytest.mark.parametrize(
    ("shape", "service", "old"),
    [
        pytest.param("SecurityPolicy", "apigateway", {"TLS_1_0"}, id="API Gateway"),
        pytest.param("SecurityPolicy", "apigatewayv2", {"TLS_1_0"}, id="HTTP APIs"),
        pytest.param(
            "TLSSecurityPolicy", "opensearch", {"Policy-Min-TLS-1-0-2019-07"}, id="OpenSearch"
        ),
        pytest.param(
            "MinimumProtocolVersion",
            "cloudfront",
            {"SSLv3", "TLSv1", "TLSv1_2016", "TLSv1.1_2016"},
            id="CloudFront",
        ),
    ],
)
def test_the_floor_of_every_policy_that_exists(shape, service, old):
    for policy_name in service_model(service).shape_for(shape).enum:
        expected = Floor.OLD if policy_name in old else Floor.MODERN
        assert floor_of(policy_name) is expected, policy_name


def test_a_policy_nobody_has_heard_of_is_no_pass():
    assert floor_of("SecurityPolicy_TLS10_2030_EDGE") is Floor.OLD
    assert floor_of("SecurityPolicy_QUANTUM_2030") is Floor.UNKNOWN
    assert floor_of("") is Floor.UNKNOWN


@pytest.mark.parametrize(
    ("domain", "status", "severity"),
    [
        pytest.param(DomainSecurity(("TLS_1_2",)), GOOD, None, id="1.2"),
        pytest.param(DomainSecurity(("TLS_1_0",)), BAD, Severity.HIGH, id="1.0"),
        pytest.param(DomainSecurity(("TLS_1_2", "TLS_1_0")), BAD, Severity.HIGH, id="one of two"),
        pytest.param(DomainSecurity(("TLS_1_0",), True), BAD, Severity.MEDIUM, id="private"),
        pytest.param(DomainSecurity(("",)), BLIND, None, id="not said"),
        pytest.param(DomainSecurity(()), BLIND, None, id="no endpoint"),
    ],
)
def test_domain_name_tls(domain, status, severity):
    verdict = domain_name_tls(domain)
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason


@pytest.mark.parametrize(
    ("endpoint", "status"),
    [
        pytest.param(DefaultEndpoint(True, "SecurityPolicy_TLS13_1_3_2025_09"), GOOD, id="1.3"),
        pytest.param(DefaultEndpoint(True, "TLS_1_0"), BAD, id="1.0"),
        pytest.param(DefaultEndpoint(False, "TLS_1_0"), NA, id="switched off"),
        pytest.param(DefaultEndpoint(True), NA, id="not said"),
        pytest.param(DefaultEndpoint(True, "SecurityPolicy_NEW"), BLIND, id="not known"),
    ],
)
def test_rest_api_tls(endpoint, status):
    assert rest_api_tls(endpoint).status is status


TOPIC = "arn:aws:sns:us-east-1:111122223333:alerts"
QUEUE = "arn:aws:sqs:us-east-1:111122223333:work"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        pytest.param(policy(no_plain_http("sns:Publish", TOPIC)), GOOD, id="refused"),
        pytest.param(policy(no_plain_http("SNS:Publish", "*")), GOOD, id="of every topic"),
        pytest.param(policy(no_plain_http("sns:Subscribe", TOPIC)), BAD, id="another action"),
        pytest.param("", BAD, id="no policy"),
        pytest.param("x", BLIND, id="garbled"),
    ],
)
def test_sns_tls(text, status):
    assert sns_tls(TopicPolicy(text, TOPIC), check_sqs_sns=True).status is status


@pytest.mark.parametrize(
    ("text", "status"),
    [
        pytest.param(policy(no_plain_http("sqs:*", QUEUE)), GOOD, id="refused"),
        pytest.param(policy(no_plain_http("sqs:SendMessage", QUEUE)), BAD, id="sending only"),
        pytest.param(policy(no_plain_http("sqs:*", TOPIC)), BAD, id="of something else"),
        pytest.param("", BAD, id="no policy"),
        pytest.param("x", BLIND, id="garbled"),
    ],
)
def test_sqs_tls(text, status):
    assert sqs_tls(QueuePolicy(text, QUEUE), check_sqs_sns=True).status is status
