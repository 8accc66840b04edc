"""What Elastic Load Balancing says of Classic Load Balancers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.model.event_fields import request_of
from readiness.model.evidence import (
    Json,
    ResourceType,
    api_call,
    config_resource_id,
    evidence,
)
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone

_GONE = ("LoadBalancerNotFound",)
_NEGOTIATION, _PROTOCOL = "SSLNegotiationPolicyType", "Protocol-"

Answer = Mapping[str, Any]


def _of_call(detail: Json) -> str | None:
    """The name in a call of the older API; calls of the newer one name an ARN, or ``name``."""
    asked = request_of(detail)
    if asked is None:
        return ""
    name = asked.get("loadBalancerName")
    return name if isinstance(name, str) and name else None


CLASSIC = ResourceType(
    "AWS::ElasticLoadBalancing::LoadBalancer",
    lambda read: [
        each["LoadBalancerName"]
        for each in read.every("elb", "describe_load_balancers", "LoadBalancerDescriptions")
    ],
    find_reads=("elasticloadbalancing:DescribeLoadBalancers",),
    changed_by=(
        api_call(
            "elasticloadbalancing",
            "CreateLoadBalancer",
            "CreateLoadBalancerListeners",
            "DeleteLoadBalancer",
            "DeleteLoadBalancerListeners",
            "SetLoadBalancerPoliciesOfListener",
            identify=_of_call,
        ),
    ),
    identify=config_resource_id,
    arn="arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{id}",
)


@dataclass(frozen=True, slots=True)
class ClassicListener:
    """How a Classic Load Balancer takes connections: by HTTP, HTTPS, TCP or SSL.

    ``policy`` negotiates TLS and accepts these protocol ``versions``, as ``TLSv1.2``.
    """

    protocol: str
    port: int
    policy: str = ""
    versions: frozenset[str] = frozenset()


@evidence(
    CLASSIC,
    reads=(
        "elasticloadbalancing:DescribeLoadBalancerPolicies",
        "elasticloadbalancing:DescribeLoadBalancers",
    ),
)
@dataclass(frozen=True, slots=True)
class ClassicBalancer:
    """The listeners of a Classic Load Balancer, and whether the internet reaches it.

    Sources: DescribeLoadBalancers; DescribeLoadBalancerPolicies where a listener negotiates TLS.
    """

    name: str
    internet_facing: bool
    listeners: tuple[ClassicListener, ...] = ()

    @classmethod
    def load(cls, read: Reader, balancer: Resource) -> ClassicBalancer:
        found: Sequence[Answer] = read.every(
            "elb",
            "describe_load_balancers",
            "LoadBalancerDescriptions",
            gone=_GONE,
            LoadBalancerNames=[balancer.id],
        )
        if not found:
            raise Gone(balancer.key)
        return cls._of(read, found[0])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ClassicBalancer]:
        found = read.every("elb", "describe_load_balancers", "LoadBalancerDescriptions")
        wanted = set(read.ids(CLASSIC))
        those = [each for each in found if each["LoadBalancerName"] in wanted]
        answers = read.each(lambda each: cls._of(read, each), those)
        return {each.name: each for each in answers}

    @classmethod
    def _of(cls, read: Reader, about: Answer) -> ClassicBalancer:
        name = about["LoadBalancerName"]
        listeners = about.get("ListenerDescriptions") or ()
        named = sorted({policy for each in listeners for policy in each.get("PolicyNames") or ()})
        versions = _versions(read, name, named) if named else {}
        return cls(
            name,
            about.get("Scheme") != "internal",
            tuple(_listener(each, versions) for each in listeners),
        )


def _listener(about: Answer, versions: Mapping[str, frozenset[str]]) -> ClassicListener:
    listener = about["Listener"]
    policy = next((each for each in about.get("PolicyNames") or () if each in versions), "")
    return ClassicListener(
        listener["Protocol"].upper(),
        listener["LoadBalancerPort"],
        policy,
        versions.get(policy, frozenset()),
    )


def _versions(read: Reader, name: str, policies: Sequence[str]) -> dict[str, frozenset[str]]:
    """The protocol versions of each policy that negotiates TLS; others are about cookies."""
    answer = read.one(
        "elb",
        "describe_load_balancer_policies",
        gone=_GONE,
        LoadBalancerName=name,
        PolicyNames=list(policies),
    )
    return {
        each["PolicyName"]: frozenset(
            attribute["AttributeName"].removeprefix(_PROTOCOL)
            for attribute in each.get("PolicyAttributeDescriptions") or ()
            if attribute["AttributeName"].startswith(_PROTOCOL)
            and attribute.get("AttributeValue") == "true"
        )
        for each in answer.get("PolicyDescriptions") or ()
        if each.get("PolicyTypeName") == _NEGOTIATION
    }
