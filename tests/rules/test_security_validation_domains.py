"""Who reaches a domain of OpenSearch Service from the internet."""

from __future__ import annotations

import json

import pytest

from functions.security_validation.rules_of_access import search_domain_access
from readiness import Severity, Status
from readiness.evidence.opensearch import DOMAIN, DomainAccess
from tests.accounts.security_validation import SEARCH, fake_account
from tests.fake_account import ACCOUNT_ID, HOME, evaluation

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
BLIND = Status.INSUFFICIENT_DATA
ARN = f"arn:aws:es:{HOME}:{ACCOUNT_ID}:domain/search"
ROLE = {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:role/app"}


def allow(principal="*", action="es:*", resource=f"{ARN}/*", **conditions):
    made = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource}
    return made | ({"Condition": conditions} if conditions else {})


def deny(*given, **conditions):
    return allow(*given, **conditions) | {"Effect": "Deny"}


def allow_but(resource):
    kept = {name: value for name, value in allow().items() if name != "Resource"}
    return kept | {"NotResource": resource}


def everything_but(*, resource=None, principal=None):
    """A Deny with NotResource or NotPrincipal."""
    denied = deny()
    for element, left_out in (("Resource", resource), ("Principal", principal)):
        if left_out:
            del denied[element]
            denied[f"Not{element}"] = left_out
    return denied


def domain(*statements, **about):
    return DomainAccess(ARN, json.dumps({"Statement": list(statements)}), **about)


@pytest.mark.parametrize(
    ("seen", "status"),
    [
        pytest.param(domain(allow()), BAD, id="anyone"),
        pytest.param(domain(allow({"AWS": "*"})), BAD, id="anyone, in a map"),
        pytest.param(domain(allow(action="es:ESHttpGet")), BAD, id="to read"),
        pytest.param(domain(allow(action="es:ESHttp*")), BAD, id="with any method"),
        pytest.param(domain(allow(action="es:ESHttpPatch")), BAD, id="to change settings"),
        pytest.param(domain(allow(action="es:DescribeDomain")), GOOD, id="no data"),
        pytest.param(domain(allow(resource="*")), BAD, id="any domain"),
        pytest.param(domain(allow(resource=f"{ARN}/logs*/_search")), BAD, id="some indexes"),
        pytest.param(domain(allow(resource=f"{ARN}-blue/*")), GOOD, id="another domain"),
        pytest.param(domain(allow_but(f"{ARN}/*")), GOOD, id="all but this one"),
        pytest.param(domain(allow_but(f"{ARN}/private/*")), BAD, id="all but an index"),
        pytest.param(domain(allow(), in_vpc=True), NA, id="in a VPC"),
        pytest.param(domain(allow(), signs_in=True), GOOD, id="who signs in"),
        pytest.param(domain(allow(ROLE)), GOOD, id="a role"),
        pytest.param(domain(), GOOD, id="nobody"),
        pytest.param(DomainAccess(ARN), GOOD, id="no policy"),
        pytest.param(DomainAccess(ARN, "{"), BLIND, id="no JSON"),
        pytest.param(
            domain(allow(IpAddress={"aws:SourceIp": "203.0.113.0/24"})), GOOD, id="an office"
        ),
        pytest.param(domain(allow(IpAddress={"aws:SourceIp": "0.0.0.0/0"})), BAD, id="the world"),
        pytest.param(
            domain(allow(NotIpAddress={"aws:SourceIp": "203.0.113.0/24"})), BAD, id="but an office"
        ),
        pytest.param(
            domain(allow(StringEquals={"aws:PrincipalOrgID": "o-1"})), GOOD, id="an organization"
        ),
        pytest.param(
            domain(allow(StringEqualsIfExists={"aws:PrincipalOrgID": "o-1"})),
            BAD,
            id="unsigned requests have no organization",
        ),
        pytest.param(
            domain(allow(Bool={"aws:SecureTransport": "true"})), BAD, id="anyone with TLS"
        ),
        pytest.param(
            domain(allow(), deny(NotIpAddress={"aws:SourceIp": "203.0.113.0/24"})),
            GOOD,
            id="all others are denied",
        ),
        pytest.param(
            domain(allow(), deny("*", "es:*", f"{ARN}/secret/*")), BAD, id="one index is denied"
        ),
        pytest.param(domain(allow(), deny(ROLE)), BAD, id="somebody is denied"),
        *(
            pytest.param(domain(allow(), everything_but(resource=left_out)), status, id=id)
            for left_out, status, id in (
                (f"{ARN}-blue/*", GOOD, "all denied but another domain"),
                (f"{ARN}/public/*", BAD, "all denied but an index"),
                ("*", BAD, "nothing denied"),
            )
        ),
        pytest.param(
            domain(allow(), everything_but(principal=ROLE)), GOOD, id="all denied but somebody"
        ),
        pytest.param(
            domain(allow(StringEquals={"es:unheard-of": "a"})), BLIND, id="an unknown condition"
        ),
        pytest.param(
            domain({"Effect": "Allow", "NotPrincipal": ROLE, "Action": "es:*", "Resource": "*"}),
            BAD,
            id="everyone but one",
        ),
    ],
)
def test_search_domain_access(seen, status):
    verdict = search_domain_access(seen)
    assert verdict.status is status, verdict.reason


def test_it_weighs_as_much_as_anything():
    assert search_domain_access.severity is Severity.CRITICAL


@pytest.mark.parametrize("bulk", [False, True], ids=["alone", "in bulk"])
@pytest.mark.parametrize(
    ("about", "found"),
    [
        ({}, DomainAccess(ARN, signs_in=True)),
        (
            {"AdvancedSecurityOptions": {"Enabled": True, "AnonymousAuthEnabled": True}},
            DomainAccess(ARN),
        ),
        (
            {"AdvancedSecurityOptions": {"Enabled": False}, "VPCOptions": {"VPCId": "vpc-1"}},
            DomainAccess(ARN, in_vpc=True),
        ),
        (
            {"AdvancedSecurityOptions": {}, "AccessPolicies": '{"Statement": []}'},
            DomainAccess(ARN, '{"Statement": []}'),
        ),
    ],
)
def test_what_is_read_of_a_domain(about, found, bulk):
    answer = SEARCH | about
    account = fake_account().but(
        opensearch__describe_domain={"DomainStatus": answer},
        opensearch__describe_domains={"DomainStatusList": [answer]},
    )
    aws = evaluation(account, [], bulk=bulk).aws
    resource = DOMAIN.resource(ACCOUNT_ID, HOME, "search")
    assert aws.evidence(DomainAccess, resource).evidence == found
