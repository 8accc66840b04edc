"""What Route 53 says of the records that it chooses between."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.high_availability.app import dns_records
from readiness.engine.doubts import unconcerned
from readiness.engine.events import resolve_targets
from readiness.evidence.route53_policies import CLOUDFRONT_ZONE, Record
from readiness.evidence.route53_records import HOSTED_ZONE, RoutedRecords
from readiness.model.unreadable import Unreadable
from tests.accounts.high_availability import (
    HOSTED_ZONE as ID,
)
from tests.accounts.high_availability import (
    failover_record,
    fake_account,
    health_check,
    hosted_zone,
)
from tests.evidence.test_caches import load
from tests.fake_account import error, evaluation, scan

EVENTS = Path(__file__).parents[2] / "events"
ALIAS = {"HostedZoneId": ID, "DNSName": "USE1.example.com.", "EvaluateTargetHealth": True}


def routed(*records, zone=None, checks=(), others=(), **more):
    account = fake_account().but(
        route53__list_resource_record_sets={
            "ResourceRecordSets": list(records),
            "IsTruncated": False,
            "MaxItems": "300",
        },
        route53__get_hosted_zone={"HostedZone": zone or hosted_zone()},
        route53__list_hosted_zones={
            "HostedZones": [zone or hosted_zone(), *others],
            "Marker": "",
            "IsTruncated": False,
            "MaxItems": "100",
        },
        route53__list_health_checks={
            "HealthChecks": list(checks),
            "Marker": "",
            "IsTruncated": False,
            "MaxItems": "100",
        },
        **more,
    )
    one, every = (
        load(RoutedRecords, HOSTED_ZONE, ID, account, bulk=bulk) for bulk in (False, True)
    )
    assert one == every
    return one


def record(**changes):
    changes = {"Failover": None, "HealthCheckId": None, "SetIdentifier": "one"} | changes
    return failover_record("PRIMARY", **changes)


@pytest.mark.parametrize(
    ("members", "policy", "is_default"),
    [
        ({"Failover": "SECONDARY"}, "failover", False),
        ({"Region": "us-east-1"}, "latency", False),
        ({"Weight": 0}, "weighted", False),
        ({"MultiValueAnswer": True}, "multivalue", False),
        ({"GeoLocation": {"CountryCode": "DE"}}, "geolocation", False),
        ({"GeoLocation": {"CountryCode": "*"}}, "geolocation", True),
        ({"GeoProximityLocation": {"AWSRegion": "us-east-1"}}, "geoproximity", False),
        ({"CidrRoutingConfig": {"CollectionId": "c", "LocationName": "*"}}, "cidr", True),
    ],
)
def test_the_policy_of_a_record(members, policy, is_default):
    found = routed(record(**members)).routed
    assert [(each.policy, each.is_default) for each in found] == [(policy, is_default)]


def test_an_alias_on_the_way_is_kept_and_plain_records_are_not():
    to = record(Failover="PRIMARY", AliasTarget=ALIAS, ResourceRecords=None, TTL=None)
    way = record(Name="use1.example.com.", SetIdentifier=None, AliasTarget=ALIAS)
    plain = record(Name="mail.example.com.", SetIdentifier=None)
    found = routed(to, way, plain)
    assert found.routed == (
        Record(
            "www.example.com.",
            "A",
            "failover",
            "one",
            "PRIMARY",
            alias="use1.example.com",
            alias_zone=ID,
            evaluates=True,
        ),
    )
    assert [each.name for each in found.aliases] == ["use1.example.com."]


def test_a_plain_record_with_a_health_check_is_kept():
    found = routed(
        record(Region="us-east-1", AliasTarget=ALIAS, ResourceRecords=None, TTL=None),
        record(Name="use1.example.com.", SetIdentifier=None, HealthCheckId="up"),
        checks=[health_check() | {"Id": "up"}],
    )
    assert [(each.name, each.check) for each in found.aliases] == [("use1.example.com.", "up")]
    assert set(found.checks) == {"up"}


@pytest.mark.parametrize(
    ("zone", "asked"),
    [
        pytest.param({"ResourceRecordSetCount": 2}, False, id="its own records only"),
        pytest.param({"ResourceRecordSetCount": 3}, True, id="one more"),
        pytest.param({"ResourceRecordSetCount": None}, True, id="not told"),
    ],
)
@pytest.mark.parametrize("bulk", [False, True])
def test_no_zone_is_asked_for_records_that_has_none(zone, asked, bulk):
    account = fake_account().but(
        route53__get_hosted_zone={"HostedZone": hosted_zone(**zone)},
        route53__list_hosted_zones={
            "HostedZones": [hosted_zone(**zone)],
            "Marker": "",
            "IsTruncated": False,
            "MaxItems": "100",
        },
    )
    found = load(RoutedRecords, HOSTED_ZONE, ID, account, bulk=bulk)
    assert bool(found.routed) is asked
    assert (("route53", "list_resource_record_sets") in account.calls) is asked


def test_a_look_at_all_zones_asks_those_with_records_once_each():
    """As the sweep does, and an event about a health check."""
    zones = [
        hosted_zone(Id=f"/hostedzone/Z{n}", ResourceRecordSetCount=count)
        for n, count in enumerate((2, 2, 3, 2, 5))
    ]
    answer = {"HostedZones": zones, "Marker": "", "IsTruncated": False, "MaxItems": "100"}
    account = fake_account().but(route53__list_hosted_zones=answer)
    assert len(scan(account, [dns_records])) == len(zones)
    calls = [call for service, call in account.calls if service == "route53"]
    assert (calls.count("list_resource_record_sets"), "get_hosted_zone" in calls) == (2, False)


def test_checks_are_those_that_records_name_and_their_children():
    def check(id, **config):
        return health_check(**config) | {"Id": id}

    parent = check("parent", Type="CALCULATED", HealthThreshold=1, ChildHealthChecks=["child"])
    found = routed(
        record(Region="us-east-1", HealthCheckId="parent"),
        record(Region="us-west-2", HealthCheckId="gone"),
        checks=[parent, check("child"), check("unused")],
    )
    assert set(found.checks) == {"parent", "child"}


VALUE = {"Type": "value", "Value": "192.0.2.1"}
BALANCER = {"Type": "elastic-load-balancer", "Value": "Web.us-east-1.elb.amazonaws.com"}
DOCUMENT = {
    "AWSPolicyFormatVersion": "2015-10-01",
    "RecordType": "A",
    "StartRule": "site",
    "Endpoints": {
        "one": BALANCER,
        "two": VALUE,
        "edge": {"Type": "cloudfront", "Value": "d1.net"},
    },
    "Rules": {
        "site": {
            "RuleType": "failover",
            "Primary": {"RuleReference": "shares", "EvaluateTargetHealth": "true"},
            "Secondary": {"EndpointReference": "edge"},
        },
        "shares": {
            "RuleType": "weighted",
            "Items": [
                {"EndpointReference": "one", "Weight": "90", "EvaluateTargetHealth": "true"},
                {"EndpointReference": "two", "Weight": "10", "HealthCheck": "up"},
            ],
        },
        "places": {
            "RuleType": "geo",
            "Locations": [{"EndpointReference": "two", "IsDefault": "true"}],
        },
    },
}


def by_policy(document):
    return {
        "route53__get_traffic_policy_instance": {
            "TrafficPolicyInstance": {
                "Id": "1a2b",
                "HostedZoneId": ID,
                "Name": "www.example.com.",
                "TTL": 60,
                "State": "Applied",
                "Message": "",
                "TrafficPolicyId": "3c4d",
                "TrafficPolicyVersion": 2,
                "TrafficPolicyType": "A",
            }
        },
        "route53__get_traffic_policy": {
            "TrafficPolicy": {
                "Id": "3c4d",
                "Version": 2,
                "Name": "site",
                "Type": "A",
                "Document": document,
            }
        },
    }


OF_A_POLICY = record(SetIdentifier=None, TrafficPolicyInstanceId="1a2b")


def test_a_traffic_policy_makes_records_that_are_not_listed():
    whole = routed(OF_A_POLICY, **by_policy(json.dumps(DOCUMENT)))
    site, shares, places = (f"www.example.com (rule {rule})" for rule in DOCUMENT["Rules"])
    balancer = BALANCER["Value"].lower()
    assert whole.aliases == (
        Record("www.example.com.", "A", alias=site, alias_zone=ID, evaluates=True),
    )
    assert whole.routed == (
        Record(site, "A", "failover", "shares", "PRIMARY", alias=shares, alias_zone=ID, evaluates=True),
        Record(site, "A", "failover", "edge", "SECONDARY", alias="d1.net", alias_zone=CLOUDFRONT_ZONE),
        Record(shares, "A", "weighted", "one", weight=90, alias=balancer, evaluates=True),
        Record(shares, "A", "weighted", "two", weight=10, ttl=60, check="up", values=("192.0.2.1",)),
        Record(places, "A", "geolocation", "two", ttl=60, is_default=True, values=("192.0.2.1",)),
    )  # fmt: skip


@pytest.mark.parametrize("document", ["", "[]", '{"Rules": {"a": {"RuleType": "newer"}}}'])
def test_a_traffic_policy_that_is_not_understood_is_unread(document):
    with pytest.raises(Unreadable, match="GetTrafficPolicy"):
        routed(OF_A_POLICY, **by_policy(document))


def test_a_traffic_policy_that_was_deleted_meanwhile():
    gone = error("NoSuchTrafficPolicyInstance", 404)
    assert not routed(OF_A_POLICY, route53__get_traffic_policy_instance=gone).routed


@pytest.mark.parametrize(
    ("private", "public", "is_hidden"),
    [
        ("example.com.", None, True),
        ("example.com.", "Example.com.", False),
        ("corp.example.com.", "example.com.", False),
        ("example.com.", "corp.example.com.", True),
        ("example.com.", "ample.com.", True),
    ],
)
def test_the_names_of_a_private_zone_may_be_public_too(private, public, is_hidden):
    zone = hosted_zone(Name=private, Config={"PrivateZone": True})
    others = [hosted_zone(Id="/hostedzone/Z2", Name=public)] if public else []
    checked = record(Region="us-east-1", HealthCheckId="gone")
    assert routed(checked, zone=zone, others=others).is_hidden is is_hidden


def test_records_of_a_zone_that_a_service_manages_are_not_asked():
    service = {"ServicePrincipal": "servicediscovery.amazonaws.com", "Description": ""}
    found = routed(record(Region="us-east-1"), zone=hosted_zone(LinkedService=service))
    assert (found.owner, found.routed) == ("servicediscovery.amazonaws.com", ())


@pytest.mark.parametrize(
    ("name", "request_", "zones", "is_looked_at"),
    [
        pytest.param("UpdateHealthCheck", {"disabled": True}, 100, True, id="disabled"),
        pytest.param("UpdateHealthCheck", {"disabled": True}, 101, False, id="too many zones"),
        pytest.param("UpdateHealthCheck", {"port": 443}, 1, False, id="how it looks"),
        pytest.param("DeleteHealthCheck", {}, 100, True, id="deleted"),
        pytest.param("DeleteHealthCheck", {}, 101, False, id="deleted, too many zones"),
    ],
)
def test_which_changes_of_a_health_check_concern_all_zones(name, request_, zones, is_looked_at):
    bare = hosted_zone(ResourceRecordSetCount=2)
    account = fake_account().but(
        route53__list_hosted_zones={
            "HostedZones": [*([hosted_zone()] * zones), *([bare] * 1000)],
            "Marker": "",
            "IsTruncated": False,
            "MaxItems": "100",
        }
    )
    event = json.loads((EVENTS / "cloudtrail/route53-update-health-check.json").read_text())
    event["detail"] |= {
        "eventName": name,
        "requestParameters": {"healthCheckId": "abcdef11-2222-3333-4444-555555fedcba", **request_},
    }
    seen = resolve_targets(event, [dns_records])
    left = seen.targets - unconcerned(seen, evaluation(account, []).aws)
    assert bool(left) is is_looked_at
