"""Endpoints: whether calls to AWS services stay in the VPC."""

from __future__ import annotations

import pytest

from functions.network_security.app import private_service_endpoints
from readiness.evidence.ec2.vpc_endpoints import (
    Endpoint,
    VpcDns,
    VpcEndpoints,
    VpcWorkloads,
    Workload,
)
from readiness.evidence.ec2.vpcs import RouteTables
from readiness.evidence.route53 import PrivateZones
from readiness.evidence.route53profiles import DnsProfiles
from readiness.model.unreadable import Cause, Unreadable
from tests.rules.test_network_security import (
    BAD,
    GOOD,
    NA,
    OURS,
    PRIVATE,
    SUBNETS,
    THEIRS,
    UNKNOWN,
)


def gateway(service="s3", tables=("rtb-main",), **more):
    return Endpoint(f"vpce-{service}", service, "Gateway", "available", False, frozenset(tables))


def runs(*services, known=True):
    unknown = "" if known else "the environment, which could not be decrypted"
    return VpcWorkloads((Workload("function agent", ("subnet-a",), frozenset(services), unknown),))


PROFILE = DnsProfiles(("rp-1",))


def linked(
    workloads,
    *endpoints,
    vpc=OURS,
    dns=None,
    zones=(),
    routes=PRIVATE,
    profiles=DnsProfiles(),  # noqa: B008
    **settings,
):
    return private_service_endpoints(
        vpc,
        workloads,
        VpcEndpoints(endpoints),
        dns or VpcDns(),
        PrivateZones(frozenset(zones)),
        SUBNETS,
        routes,
        profiles,
        **settings,
    )


def unreadable(cause, code=""):
    return Unreadable("route53profiles:ListProfileAssociations", cause, code)


KMS = Endpoint("vpce-kms", "kms")


@pytest.mark.parametrize(
    ("verdict", "status", "said"),
    [
        pytest.param(linked(runs("kms"), KMS), GOOD, "kms", id="interface endpoint"),
        pytest.param(linked(runs("s3"), gateway()), GOOD, "s3", id="gateway endpoint"),
        pytest.param(linked(runs("kms"), zones=["kms"]), GOOD, "kms", id="a central one"),
        pytest.param(
            linked(runs("kms"), profiles=DnsProfiles((), ("rp-2",))),
            UNKNOWN,
            "rp-2 is being associated",
            id="a profile that is being associated",
        ),
        pytest.param(
            linked(runs("kms"), profiles=PROFILE), UNKNOWN, "rp-1", id="perhaps by a profile"
        ),
        pytest.param(
            linked(runs("kms"), KMS, profiles=PROFILE), GOOD, "kms", id="one beside a profile"
        ),
        pytest.param(
            linked(runs("kms"), profiles=PROFILE, accept_centralized=False),
            BAD,
            "no endpoint for kms",
            id="perhaps by a profile, refused",
        ),
        pytest.param(
            linked(runs("kms"), profiles=PROFILE, dns=VpcDns(support=False)),
            BAD,
            "do not resolve",
            id="a profile and no names",
        ),
        pytest.param(
            linked(runs("kms"), profiles=unreadable(Cause.ACCESS_DENIED)),
            UNKNOWN,
            "could not be read",
            id="profiles denied",
        ),
        pytest.param(
            linked(
                runs("kms"),
                profiles=unreadable(Cause.UNEXPECTED_ANSWER, "UnknownOperationException"),
            ),
            BAD,
            "no endpoint for kms",
            id="no such API",
        ),
        pytest.param(
            linked(runs("kms"), zones=["kms"], accept_centralized=False),
            BAD,
            "no endpoint for kms",
            id="a central one, refused",
        ),
        pytest.param(linked(runs("kms", "s3"), KMS), BAD, "no endpoint for s3", id="one missing"),
        pytest.param(
            linked(runs("kms"), Endpoint("vpce-1", "ec2messages")), BAD, "kms", id="a like name"
        ),
        pytest.param(
            linked(runs("kms"), Endpoint("vpce-1", "kms", state="pending")),
            BAD,
            "pending",
            id="not available",
        ),
        pytest.param(
            linked(runs("kms"), Endpoint("vpce-1", "kms", resolves=False)),
            BAD,
            "private DNS",
            id="without private DNS",
        ),
        pytest.param(
            linked(runs("kms"), Endpoint("vpce-1", "kms", resolves=False), KMS),
            GOOD,
            "kms",
            id="one of two works",
        ),
        pytest.param(
            linked(runs("s3"), gateway(tables=["rtb-other"])),
            BAD,
            "missing in rtb-main",
            id="gateway not in the table",
        ),
        pytest.param(
            linked(runs("s3"), gateway(), routes=RouteTables()),
            UNKNOWN,
            "route tables",
            id="blind",
        ),
        pytest.param(
            linked(runs("kms"), Endpoint("vpce-1", "kms", "GatewayLoadBalancer")),
            BAD,
            "GatewayLoadBalancer",
            id="another kind of endpoint",
        ),
        pytest.param(
            linked(runs("kms"), KMS, dns=VpcDns(hostnames=False)),
            BAD,
            "enableDnsHostnames",
            id="names do not resolve",
        ),
        pytest.param(
            linked(runs("s3"), gateway(), dns=VpcDns(hostnames=False)),
            GOOD,
            "s3",
            id="a gateway endpoint serves public names",
        ),
        pytest.param(
            linked(runs("s3"), gateway(), dns=VpcDns(support=False)),
            BAD,
            "enableDnsSupport",
            id="no names at all",
        ),
        pytest.param(
            linked(runs("s3", "kms"), gateway(), zones=("kms",), dns=VpcDns(hostnames=False)),
            BAD,
            "enableDnsHostnames",
            id="a private hosted zone needs both",
        ),
        pytest.param(
            linked(runs(), required_endpoint_services=("sqs",)), BAD, "sqs", id="asked for by hand"
        ),
        pytest.param(
            linked(runs("kms"), Endpoint("vpce-1", "sqs"), required_endpoint_services=("sqs",)),
            GOOD,
            "sqs",
            id="only what is asked for",
        ),
        pytest.param(
            linked(runs("kms"), Endpoint("v", "kms", is_wide_open=True)), GOOD, "kms", id="default"
        ),
        pytest.param(
            linked(
                runs("kms"),
                Endpoint("vpce-1", "kms", is_wide_open=True),
                require_restrictive_policy=True,
            ),
            BAD,
            "policy of vpce-1",
            id="default policy, refused",
        ),
        pytest.param(linked(VpcWorkloads()), NA, "No function", id="nothing runs here"),
        pytest.param(linked(runs()), NA, "name no AWS service", id="nothing is called"),
        pytest.param(linked(runs(known=False)), UNKNOWN, "decrypted", id="environment unknown"),
        pytest.param(
            linked(runs("kms", known=False), KMS), UNKNOWN, "decrypted", id="and the rest is fine"
        ),
        pytest.param(
            linked(runs("kms", known=False)), BAD, "kms", id="environment unknown, one missing"
        ),
        pytest.param(linked(runs("kms"), vpc=THEIRS), NA, "999988887777", id="another account's"),
    ],
)
def test_private_service_endpoints(verdict, status, said):
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason
