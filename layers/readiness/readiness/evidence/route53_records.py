"""Which records of a hosted zone choose between answers, and by which health checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from readiness.evidence.route53_health import DnsHealthCheck
from readiness.evidence.route53_policies import POLICY_READS, Record, records_of_policy
from readiness.model.evidence import (
    ApiCall,
    Json,
    ResourceType,
    api_call,
    evidence,
    without_path,
)
from readiness.model.reader import Reader
from readiness.model.resource import Resource


def _listed(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every("route53", "list_hosted_zones", "HostedZones")


def _find(read: Reader) -> Iterable[str]:
    return [without_path(each["Id"]) for each in _listed(read)]


HOSTED_ZONE = ResourceType(
    "AWS::Route53::HostedZone",
    _find,
    find_reads=("route53:ListHostedZones",),
    changed_by=(
        api_call(
            "route53",
            "CreateHostedZone",
            id="responseElements.hostedZone.id",
            normalise=without_path,
        ),
        api_call("route53", "DeleteHostedZone", id="requestParameters.id", normalise=without_path),
    ),
    is_global=True,
    identify=None,
    arn="arn:{partition}:route53:::hostedzone/{id}",
    plain=without_path,
)


_CHOSEN = {"setIdentifier", "aliasTarget", "healthCheckId"}
"""Members of records that this module reads, as CloudTrail names them."""


def _changed_zone(detail: Json) -> str | None:
    """The zone of a change; None where it changed no routed record, alias or health check.

    Certificates and clusters change plain records all day.
    """
    request = detail.get("requestParameters")
    if not isinstance(request, Mapping) or not isinstance(request.get("hostedZoneId"), str):
        return ""
    batch = request.get("changeBatch")
    changes = batch.get("changes") if isinstance(batch, Mapping) else None
    sets = [
        each.get("resourceRecordSet") if isinstance(each, Mapping) else None
        for each in (changes if isinstance(changes, list) else [None])
    ]
    is_plain = all(isinstance(each, Mapping) and not _CHOSEN & set(each) for each in sets)
    return None if is_plain else without_path(request["hostedZoneId"])


_OF_EVERY_ZONE = 2
"""A zone has a start of authority and its name servers; nobody can delete them."""


def _is_bare(answer: Mapping[str, Any]) -> bool:
    """Whether a zone has no record but those of every zone."""
    count = answer.get("ResourceRecordSetCount")
    return count is not None and count <= _OF_EVERY_ZONE


_OF_THE_CHECK = frozenset(
    {
        *("port", "resourcepath", "searchstring", "failurethreshold", "enablesni", "regions"),
        "alarmidentifier",
    }
)
"""How a check looks: that matters to the check and to no record that names it."""

_MOST_ZONES = 100
"""Their records are read within half a minute, at the rate that an event may take."""


def _are_few(read: Reader, _: Json) -> bool:
    """Whether the zones that may name a health check are few enough to look at all of them.

    What is wrong with the check is its own finding at once; which records that concerns is told
    by the sweep where there are more.
    """
    zones = (each for each in _listed(read) if not (_is_bare(each) or each.get("LinkedService")))
    return sum(1 for _ in zones) <= _MOST_ZONES


@evidence(
    HOSTED_ZONE,
    reads=(
        "route53:GetHostedZone",
        "route53:ListHealthChecks",
        "route53:ListHostedZones",
        "route53:ListResourceRecordSets",
        *POLICY_READS,
    ),
    changed_by=(
        api_call("route53", "ChangeResourceRecordSets", identify=_changed_zone),
        api_call(
            "route53",
            "CreateTrafficPolicyInstance",
            id="requestParameters.hostedZoneId",
            normalise=without_path,
        ),
        api_call("route53", "DeleteTrafficPolicyInstance", "UpdateTrafficPolicyInstance"),
        api_call("route53", "DeleteHealthCheck", asks=_are_few),
        ApiCall(
            "route53.amazonaws.com",
            ("UpdateHealthCheck",),
            idle=_OF_THE_CHECK,
            address=frozenset({"healthcheckid", "healthcheckversion"}),
            asks=_are_few,
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class RoutedRecords:
    """The records of a hosted zone of which Route 53 picks one, by their routing policies.

    Those of a traffic policy are among them, under names that the listing does not show.

    ``aliases`` are simple records of the zone with an alias or a health check, which routed ones
    may lead to. ``checks`` are the health checks of the account that all of them name, with the
    children of calculated ones.
    ``owner`` is the AWS service that made the zone. ``is_hidden``: the zone is private, and no
    public zone of the account has its name or one above it. Sources: GetHostedZone,
    ListHostedZones, ListResourceRecordSets, ListHealthChecks, GetTrafficPolicyInstance,
    GetTrafficPolicy.
    """

    id: str
    name: str
    owner: str = ""
    routed: tuple[Record, ...] = ()
    aliases: tuple[Record, ...] = ()
    checks: Mapping[str, DnsHealthCheck] = field(default_factory=dict)
    is_hidden: bool = False

    @classmethod
    def load(cls, read: Reader, zone: Resource) -> RoutedRecords:
        answer = read.one("route53", "get_hosted_zone", gone=("NoSuchHostedZone",), Id=zone.id)
        return cls._of(read, zone.id, answer["HostedZone"])

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, RoutedRecords]:
        described = {without_path(each["Id"]): each for each in _listed(read)}
        wanted = [id for id in read.ids(HOSTED_ZONE) if id in described]
        return {id: cls._of(read, id, described[id]) for id in wanted}

    @classmethod
    def _of(cls, read: Reader, id: str, answer: Mapping[str, Any]) -> RoutedRecords:
        owner = (answer.get("LinkedService") or {}).get("ServicePrincipal", "")
        if owner:
            return cls(id, answer["Name"], owner)
        if _is_bare(answer):
            return cls(id, answer["Name"])
        records: list[Record] = []
        found = read.every(
            "route53",
            "list_resource_record_sets",
            "ResourceRecordSets",
            gone=("NoSuchHostedZone",),
            HostedZoneId=id,
        )
        for each in found:
            if instance := each.get("TrafficPolicyInstanceId"):
                records += records_of_policy(read, id, each["Name"], each["Type"], instance)
            elif any(each.get(m) for m in ("SetIdentifier", "AliasTarget", "HealthCheckId")):
                records.append(_record(each))
        routed = tuple(each for each in records if each.policy != "simple")
        checked = {each.check for each in records if each.check} if routed else set()
        return cls(
            id,
            answer["Name"],
            routed=routed,
            aliases=tuple(each for each in records if each.policy == "simple") if routed else (),
            checks=_checks(read, checked),
            is_hidden=bool(checked) and _is_hidden(read, answer),
        )


_POLICIES = {
    "Failover": "failover",
    "Region": "latency",
    "GeoProximityLocation": "geoproximity",
    "GeoLocation": "geolocation",
    "CidrRoutingConfig": "cidr",
    "MultiValueAnswer": "multivalue",
    "Weight": "weighted",
}


def _record(answer: Mapping[str, Any]) -> Record:
    """From a ``ResourceRecordSet`` of the API."""
    target = answer.get("AliasTarget") or {}
    policies = [policy for member, policy in _POLICIES.items() if answer.get(member) is not None]
    return Record(
        name=answer["Name"],
        type=answer["Type"],
        policy=policies[0] if policies and answer.get("SetIdentifier") else "simple",
        identifier=answer.get("SetIdentifier", ""),
        role=answer.get("Failover", ""),
        weight=answer.get("Weight"),
        ttl=answer.get("TTL"),
        is_default="*"
        in {
            (answer.get("GeoLocation") or {}).get("CountryCode"),
            (answer.get("CidrRoutingConfig") or {}).get("LocationName"),
        },
        check=answer.get("HealthCheckId", ""),
        alias=target.get("DNSName", "").rstrip(".").lower(),
        alias_zone=target.get("HostedZoneId", ""),
        evaluates=bool(target.get("EvaluateTargetHealth")),
        values=tuple(sorted(each["Value"] for each in answer.get("ResourceRecords") or ())),
    )


def _is_hidden(read: Reader, answer: Mapping[str, Any]) -> bool:
    if not _is_private(answer):
        return False
    name = f".{answer['Name'].lower()}"
    return not any(
        name.endswith(f".{each['Name'].lower()}")
        for each in _listed(read)
        if not _is_private(each)
    )


def _is_private(answer: Mapping[str, Any]) -> bool:
    return bool((answer.get("Config") or {}).get("PrivateZone"))


def _known(read: Reader) -> dict[str, DnsHealthCheck]:
    listed = read.every("route53", "list_health_checks", "HealthChecks")
    return {each["Id"]: DnsHealthCheck.of(each) for each in listed}


def _checks(read: Reader, ids: set[str]) -> Mapping[str, DnsHealthCheck]:
    """The health checks with those ids and their children, of those that the account has."""
    if not ids:
        return {}
    known = read.made_once("health checks by id", _known)
    found: dict[str, DnsHealthCheck] = {}
    wanted = sorted(ids)
    while wanted:
        id = wanted.pop()
        if id in known and id not in found:
            found[id] = known[id]
            wanted += found[id].children
    return found
