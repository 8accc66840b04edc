"""The records that a traffic policy of Route 53 makes, which no listing of a zone shows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from readiness.model.reader import Reader
from readiness.model.unreadable import Cause, Unreadable


@dataclass(frozen=True, slots=True)
class Record:
    """One of several answers to the same name and type, or an alias that such an answer leads to.

    ``policy`` is ``failover``, ``latency``, ``geoproximity``, ``geolocation``, ``cidr``,
    ``multivalue``, ``weighted`` or, for an alias on the way, ``simple``. ``role`` is ``PRIMARY``
    or ``SECONDARY``; ``weight`` None where the policy has none; ``ttl`` (seconds) None for an
    alias, which has that of its target. ``is_default``: it answers whoever no other record of its
    location policy does. ``check`` is the id of its health check; ``alias`` and ``alias_zone``
    what it is an alias of, and ``evaluates`` whether it takes over the health of that.
    """

    name: str
    type: str
    policy: str = "simple"
    identifier: str = ""
    role: str = ""
    weight: int | None = None
    ttl: int | None = None
    is_default: bool = False
    check: str = ""
    alias: str = ""
    alias_zone: str = ""
    evaluates: bool = False
    values: tuple[str, ...] = ()


POLICY_READS = ("route53:GetTrafficPolicy", "route53:GetTrafficPolicyInstance")
CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
"""The zone of CloudFront's names (Route 53 API Reference, AliasTarget)."""

_RULES = {
    "failover": ("failover", ("Primary", "Secondary")),
    "geo": ("geolocation", ("Locations",)),
    "geoproximity": ("geoproximity", ("GeoproximityLocations",)),
    "latency": ("latency", ("Regions",)),
    "multivalue": ("multivalue", ("Items",)),
    "weighted": ("weighted", ("Items",)),
}
"""The policy of each type of rule, and the members that hold its answers (Route 53 API Reference,
"Traffic policy document format")."""


def records_of_policy(
    read: Reader, zone: str, name: str, type_: str, instance_id: str
) -> tuple[Record, ...]:
    """The records of each rule of the traffic policy that answers a name of a zone.

    The rules are names of their own in it, to the first of which the record itself is an alias.
    Sources: GetTrafficPolicyInstance, GetTrafficPolicy.
    Raises Unreadable.
    """
    instance = read.one(
        "route53",
        "get_traffic_policy_instance",
        absent=("NoSuchTrafficPolicyInstance",),
        Id=instance_id,
    )
    if instance is None:
        return ()  # deleted since its record was listed
    about = instance["TrafficPolicyInstance"]
    policy = read.one(
        "route53",
        "get_traffic_policy",
        Id=about["TrafficPolicyId"],
        Version=about["TrafficPolicyVersion"],
    )
    try:
        document = json.loads(policy["TrafficPolicy"]["Document"])
        of_rule = f"{name.rstrip('.')} (rule {{}})"
        found = tuple(_records(document, of_rule, type_, about.get("TTL"), zone))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(POLICY_READS[0], Cause.UNEXPECTED_ANSWER, str(error)) from error
    if start := document.get("StartRule"):
        root = Record(name, type_, alias=of_rule.format(start).lower())
        return (*found, replace(root, alias_zone=zone, evaluates=True))
    return found


def _records(
    document: Mapping[str, Any], name: str, type_: str, ttl: int | None, zone: str
) -> Iterator[Record]:
    endpoints = document.get("Endpoints") or {}
    for rule, about in (document.get("Rules") or {}).items():
        policy, members = _RULES[about["RuleType"]]
        for member in members:
            found = about.get(member) or ()
            for number, each in enumerate([found] if isinstance(found, Mapping) else found):
                endpoint = endpoints.get(each.get("EndpointReference")) or {}
                next_rule = each.get("RuleReference")
                is_value = endpoint.get("Type") == "value"
                alias = name.format(next_rule) if next_rule else endpoint.get("Value", "")
                yield Record(
                    name.format(rule),
                    type_,
                    policy,
                    next_rule or each.get("EndpointReference") or str(number),
                    member.upper() if policy == "failover" else "",
                    int(each["Weight"]) if "Weight" in each else None,
                    ttl if is_value else None,
                    _is_true(each.get("IsDefault")),
                    each.get("HealthCheck") or "",
                    "" if is_value else alias.rstrip(".").lower(),
                    zone if next_rule else _zone_of(endpoint.get("Type")),
                    _is_true(each.get("EvaluateTargetHealth")),
                    (endpoint["Value"],) if is_value else (),
                )


def _zone_of(kind: str | None) -> str:
    return CLOUDFRONT_ZONE if kind == "cloudfront" else ""


def _is_true(value: object) -> bool:
    return str(value).lower() == "true"
