"""What Elastic Load Balancing says of listeners, their rules and the TLS policies they use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.evidence.parts import InParts, each_alone, whole
from readiness.model.evidence import REGION, ApiCall, ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone, Unreadable


def listener_of_rule(arn: str) -> str | None:
    """The listener's ARN in the ARN of one of its rules; a listener's own ARN as it is."""
    if ":listener-rule/" not in arn:
        return arn
    return arn.replace(":listener-rule/", ":listener/").rpartition("/")[0]


def _balancers(read: Reader) -> Mapping[str, Mapping[str, Any]]:
    found = read.every("elbv2", "describe_load_balancers", "LoadBalancers")
    return {each["LoadBalancerArn"]: each for each in found}


def _balancer_of(listener: str) -> str:
    """The load balancer's ARN in a listener's."""
    return listener.replace(":listener/", ":loadbalancer/").rpartition("/")[0]


def _listeners(read: Reader) -> tuple[list[Mapping[str, Any]], dict[str, Unreadable]]:
    """Every listener, and the load balancers whose listeners could not be read.

    One call for each load balancer, since there is none for all of them.
    """

    def of(balancer: str) -> Sequence[Mapping[str, Any]]:
        try:
            return read.every(
                "elbv2",
                "describe_listeners",
                "Listeners",
                gone=("LoadBalancerNotFound",),
                LoadBalancerArn=balancer,
            )
        except Gone:
            return []  # deleted since it was listed

    answers, failed = each_alone(read, of, sorted(_balancers(read)))
    return [listener for found in answers.values() for listener in found], failed


def _find(read: Reader) -> Iterable[str]:
    found, failed = _listeners(read)
    return whole([listener["ListenerArn"] for listener in found], failed)


LISTENER = ResourceType(
    "AWS::ElasticLoadBalancingV2::Listener",
    _find,
    find_reads=(
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeLoadBalancers",
    ),
    changed_by=(
        api_call(
            "elasticloadbalancing", "CreateListener", id="responseElements.listeners.listenerArn"
        ),
        api_call(
            "elasticloadbalancing",
            "ModifyListener",
            "DeleteListener",
            id="requestParameters.listenerArn",
        ),
        ApiCall(
            "elasticloadbalancing.amazonaws.com",
            ("DeleteLoadBalancer",),
            id="requestParameters.loadBalancerArn",
            normalise=lambda arn: arn.replace(":loadbalancer/", ":listener/") + "/",
            ends_parts=True,
        ),
    ),
    arn="{id}",
)


@evidence(
    LISTENER,
    reads=(
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeLoadBalancers",
    ),
)
@dataclass(frozen=True, slots=True)
class Listener:
    """How a listener takes connections, and whether the internet reaches it.

    ``protocol`` is HTTP or HTTPS on an application load balancer, TCP, TLS, UDP, TCP_UDP, QUIC
    or TCP_QUIC on a network one, GENEVE on a gateway one. Sources: DescribeListeners,
    DescribeLoadBalancers.
    """

    arn: str
    balancer: str
    kind: str
    internet_facing: bool
    protocol: str
    port: int = 0
    ssl_policy: str = ""

    @classmethod
    def load(cls, read: Reader, listener: Resource) -> Listener:
        found = read.every(
            "elbv2",
            "describe_listeners",
            "Listeners",
            gone=("ListenerNotFound", "LoadBalancerNotFound"),
            ListenerArns=[listener.id],
        )
        if not found:
            raise Gone(listener.key)
        balancers = read.every(
            "elbv2",
            "describe_load_balancers",
            "LoadBalancers",
            gone=("LoadBalancerNotFound",),
            LoadBalancerArns=[found[0]["LoadBalancerArn"]],
        )
        if not balancers:
            raise Gone(listener.key)
        return cls._of(found[0], balancers[0])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, Listener]:
        balancers = _balancers(read)
        found, failed = _listeners(read)
        listeners = {
            each["ListenerArn"]: cls._of(each, balancers[each["LoadBalancerArn"]])
            for each in found
        }
        return InParts(listeners, failed, _balancer_of)

    @classmethod
    def _of(cls, listener: Mapping[str, Any], balancer: Mapping[str, Any]) -> Listener:
        return cls(
            arn=listener["ListenerArn"],
            balancer=balancer["LoadBalancerName"],
            kind=balancer["Type"],
            internet_facing=balancer.get("Scheme") != "internal",
            protocol=listener.get("Protocol", ""),
            port=listener.get("Port", 0),
            ssl_policy=listener.get("SslPolicy", ""),
        )


@evidence(
    LISTENER,
    reads=("elasticloadbalancing:DescribeRules",),
    uses=(Listener,),
    changed_by=(
        api_call("elasticloadbalancing", "CreateRule", id="requestParameters.listenerArn"),
        api_call(
            "elasticloadbalancing",
            "ModifyRule",
            "DeleteRule",
            id="requestParameters.ruleArn",
            normalise=listener_of_rule,
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class PlainRules:
    """The rules of an HTTP listener that neither redirect to HTTPS nor refuse the request.

    Empty where all do, and for listeners of other protocols, whose rules are not read.
    ``rules`` counts them. Source: DescribeRules.
    """

    rules: int = 0
    plain: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, listener: Resource) -> PlainRules:
        if read.of(Listener, listener).protocol != "HTTP":
            return cls()
        rules = read.every(
            "elbv2",
            "describe_rules",
            "Rules",
            gone=("ListenerNotFound",),
            ListenerArn=listener.id,
        )
        plain = [rule for rule in rules if not (_redirects_to_https(rule) or _refuses(rule))]
        return cls(len(rules), tuple(rule.get("Priority", "?") for rule in plain))


def _redirects_to_https(rule: Mapping[str, Any]) -> bool:
    """Whether the rule's last action is a redirect to HTTPS.

    ``#{protocol}`` keeps the protocol, which on an HTTP listener is HTTP.
    """
    actions = rule.get("Actions") or []
    return any(
        action.get("Type") == "redirect"
        and (action.get("RedirectConfig") or {}).get("Protocol") == "HTTPS"
        for action in actions
    )


def _refuses(rule: Mapping[str, Any]) -> bool:
    """Whether the load balancer itself answers with an error: no target is reached."""
    return any(
        action.get("Type") == "fixed-response"
        and (action.get("FixedResponseConfig") or {}).get("StatusCode", "")[:1] in {"4", "5"}
        for action in rule.get("Actions") or []
    )


@evidence(REGION, reads=("elasticloadbalancing:DescribeSSLPolicies",))
@dataclass(frozen=True, slots=True)
class SslPolicies:
    """The protocol versions that each of the region's TLS policies accepts.

    Source: DescribeSSLPolicies.
    """

    protocols: Mapping[str, frozenset[str]]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> SslPolicies:
        found = read.every("elbv2", "describe_ssl_policies", "SslPolicies")
        return cls({each["Name"]: frozenset(each.get("SslProtocols") or ()) for each in found})
