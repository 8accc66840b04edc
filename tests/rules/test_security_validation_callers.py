"""Whether APIs of API Gateway ask who calls them: evidence in, verdict out."""

from __future__ import annotations

import json

import pytest

from functions.security_validation.rules_of_access import http_api_access, rest_api_access
from readiness import Severity, Status
from tests.accounts.security_validation import fake_account, guarded_resource, with_certificates
from tests.fake_account import ACCOUNT_ID, HOME, error, observe

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA
MEDIUM, LOW = Severity.MEDIUM, Severity.LOW
REST, HTTP = "a1b2c3", "d4e5f6"
ARN = f"arn:aws:execute-api:{HOME}:{ACCOUNT_ID}:{REST}"


def method(kind="NONE", key=False, integration="AWS_PROXY"):
    return {
        "authorizationType": kind,
        "apiKeyRequired": key,
        "methodIntegration": {"type": integration},
    }


def rest(methods, policy="", **changes):
    ready = fake_account()
    about = {**ready.answers["apigateway", "get_rest_api"], "policy": policy, **changes}
    return ready.but(
        apigateway__get_rest_api=about,
        apigateway__get_resources={"items": [guarded_resource(**methods)]},
    )


def judged(account, rule=rest_api_access, id=REST, **settings):
    found = observe(account, rule, id, **settings).finding
    return found.status, found.severity if found.status is BAD else None, found.reason


OPEN, IAM = {"POST": method()}, method("AWS_IAM")


@pytest.mark.parametrize(
    ("methods", "changes", "status", "severity", "said"),
    [
        pytest.param(OPEN, {}, BAD, MEDIUM, "who calls POST /orders", id="open"),
        pytest.param(OPEN | {"GET": IAM}, {}, BAD, LOW, "POST", id="one of two is open"),
        pytest.param({"GET": IAM}, {}, GOOD, None, "all methods", id="IAM"),
        pytest.param({"GET": method("CUSTOM")}, {}, GOOD, None, "", id="a function authorizes"),
        pytest.param({"ANY": method("COGNITO_USER_POOLS")}, {}, GOOD, None, "", id="Cognito"),
        pytest.param(
            {"OPTIONS": method(), "GET": IAM}, {}, GOOD, None, "", id="a preflight is not asked"
        ),
        pytest.param(
            {"GET": method(integration="MOCK")}, {}, NA, None, "lead to anything", id="a mock"
        ),
        pytest.param({"GET": method(key=True)}, {}, GOOD, None, "API key", id="an API key"),
        pytest.param(
            OPEN | {"GET": method(key=True)}, {}, BAD, LOW, "POST", id="an API key for one"
        ),
        pytest.param(
            OPEN,
            {"endpointConfiguration": {"types": ["PRIVATE"]}},
            NA,
            None,
            "private",
            id="private",
        ),
    ],
)
def test_rest_apis(methods, changes, status, severity, said):
    found = judged(rest(methods, **changes))
    assert found[:2] == (status, severity), found
    assert said in found[2]


def policy(*statements):
    """As API Gateway gives it: the inside of a JSON string, its slashes escaped."""
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return json.dumps(text)[1:-1].replace("/", "\\/")


def anyone(effect="Allow", resource="*", **condition):
    return {
        "Effect": effect,
        "Principal": "*",
        "Action": "execute-api:Invoke",
        "Resource": f"{ARN}/{resource}",
        **({"Condition": condition} if condition else {}),
    }


OFFICE = {"aws:SourceIp": ["203.0.113.0/24"]}


@pytest.mark.parametrize(
    ("text", "status"),
    [
        pytest.param(policy(anyone()), BAD, id="anyone"),
        pytest.param(policy(anyone(IpAddress=OFFICE)), GOOD, id="an office"),
        pytest.param(
            policy(anyone(), anyone("Deny", NotIpAddress=OFFICE)), GOOD, id="no one else"
        ),
        pytest.param(
            policy(anyone(), anyone("Deny", "*/*/*", NotIpAddress=OFFICE)),
            GOOD,
            id="no one else, by stage, method and path",
        ),
        pytest.param(
            policy(anyone(), anyone("Deny", "prod/GET/admin", NotIpAddress=OFFICE)),
            BAD,
            id="no one else, for one method",
        ),
        pytest.param(
            policy(anyone(IpAddress={"aws:SourceIp": "0.0.0.0/0"})), BAD, id="every address"
        ),
        pytest.param(
            policy(anyone(StringEquals={"aws:SourceVpce": "vpce-1"})), GOOD, id="an endpoint"
        ),
        pytest.param(
            policy(anyone() | {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}}),
            GOOD,
            id="an account",
        ),
        pytest.param(json.dumps({"Statement": anyone(IpAddress=OFFICE)}), GOOD, id="not escaped"),
        pytest.param(policy(anyone(Unheard={"x:y": "z"})), UNKNOWN, id="an unknown condition"),
        pytest.param("{\\", UNKNOWN, id="garbled"),
    ],
)
def test_resource_policies(text, status):
    found = judged(rest(OPEN, text))
    assert found[0] is status, found


def test_an_api_without_a_stage_cannot_be_called():
    account = rest(OPEN).but(apigateway__get_stages={"item": []})
    assert judged(account)[0] is NA
    account = web([{"RouteKey": "$default"}]).but(apigatewayv2__get_stages={"Items": []})
    assert judged(account, http_api_access, HTTP)[0] is NA


def test_a_setting_says_that_anyone_may_call():
    for name in (REST, "orders"):
        assert judged(rest(OPEN), public_apis=(name,))[0] is NA
    assert judged(rest(OPEN), public_apis=("other",))[0] is BAD
    everyone = web([{"RouteKey": "$default"}])
    assert judged(everyone, http_api_access, HTTP, public_apis=(HTTP,))[0] is NA


def web(routes, **changes):
    ready = fake_account()
    return ready.but(
        apigatewayv2__get_api={**ready.answers["apigatewayv2", "get_api"], **changes},
        apigatewayv2__get_routes={"Items": routes},
    )


def route(key, kind="NONE", **more):
    return {"RouteKey": key, "AuthorizationType": kind, **more}


SOCKET = {"ProtocolType": "WEBSOCKET"}


@pytest.mark.parametrize(
    ("routes", "changes", "status", "severity"),
    [
        pytest.param([route("$default")], {}, BAD, MEDIUM, id="open"),
        pytest.param([{"RouteKey": "$default"}], {}, BAD, MEDIUM, id="of no type"),
        pytest.param([route("GET /a", "JWT"), route("POST /b")], {}, BAD, LOW, id="one is open"),
        pytest.param([route("GET /a", "JWT")], {}, GOOD, None, id="JWT"),
        pytest.param([route("OPTIONS /a"), route("GET /a", "CUSTOM")], {}, GOOD, None, id="CORS"),
        pytest.param([], {}, NA, None, id="no route"),
        pytest.param(
            [route("$connect", "AWS_IAM"), route("$default"), route("send")],
            SOCKET,
            GOOD,
            None,
            id="a socket asks once",
        ),
        pytest.param([route("$connect"), route("send")], SOCKET, BAD, MEDIUM, id="an open socket"),
        pytest.param([route("send")], SOCKET, BAD, MEDIUM, id="a socket that asks nobody"),
        pytest.param(
            [route("$connect", ApiKeyRequired=True)], SOCKET, GOOD, None, id="a socket with a key"
        ),
    ],
)
def test_http_and_web_socket_apis(routes, changes, status, severity):
    found = judged(web(routes, **changes), http_api_access, HTTP)
    assert found[:2] == (status, severity), found


def mapped(**changes):
    domain = {
        "DomainName": "api.example.com",
        "MutualTlsAuthentication": {"TruststoreUri": "s3://trust/ca.pem"},
        **changes,
    }
    return {"Items": [domain]}


def ruled(mode, to):
    """A name without client certificates whose one rule leads to an API, with a mapping of REST."""
    rule = {"Actions": [{"InvokeApi": {"ApiId": to, "Stage": "prod"}}], "Priority": 1}
    return {
        "apigatewayv2__get_domain_names": mapped(MutualTlsAuthentication={}, RoutingMode=mode),
        "apigatewayv2__list_routing_rules": {"RoutingRules": [rule]},
    }


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        pytest.param({}, GOOD, id="mutual TLS"),
        pytest.param(
            {"apigatewayv2__get_domain_names": mapped(MutualTlsAuthentication={})},
            BAD,
            id="one-sided TLS",
        ),
        pytest.param(
            {"apigateway__get_base_path_mappings": {"items": [{"restApiId": REST}]}},
            BAD,
            id="and an edge-optimized name",
        ),
        pytest.param(
            {
                "apigatewayv2__get_api_mappings": {"Items": []},
                "apigatewayv2__list_routing_rules": {"RoutingRules": []},
            },
            NA,
            id="no name",
        ),
        pytest.param(ruled("ROUTING_RULE_ONLY", REST), BAD, id="a name whose rule leads to it"),
        pytest.param(
            ruled("ROUTING_RULE_ONLY", "other"), NA, id="a mapping in place of which rules count"
        ),
        pytest.param(
            ruled("ROUTING_RULE_THEN_API_MAPPING", "other"), BAD, id="a mapping after rules"
        ),
        pytest.param(
            ruled("ROUTING_RULE_THEN_API_MAPPING", REST)
            | {"apigatewayv2__get_api_mappings": {"Items": []}},
            BAD,
            id="a rule before mappings",
        ),
        pytest.param(
            ruled("ROUTING_RULE_ONLY", REST)
            | {"apigatewayv2__list_routing_rules": error("AccessDeniedException")},
            UNKNOWN,
            id="rules that are denied",
        ),
        pytest.param({"apigatewayv2__get_api_mappings": error("AccessDenied")}, UNKNOWN, id="?"),
    ],
)
def test_domain_names_in_place_of_the_default_endpoint(changes, status):
    found = judged(with_certificates().but(**changes))
    assert found[0] is status, found
