"""What Route 53 says of the records that it chooses between."""

from __future__ import annotations

import pytest

from readiness.evidence.route53_records import HOSTED_ZONE, Record, RoutedRecords
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

ALIAS = {"HostedZoneId": ID, "DNSName": "USE1.example.com.", "EvaluateTargetHealth": True}


def routed(*records, zone=None, checks=(), others=()):
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


def test_a_name_that_a_traffic_policy_answers():
    found = routed(record(SetIdentifier=None, TrafficPolicyInstanceId="1a2b"))
    assert (found.by_policy, found.routed) == (("www.example.com.",), ())


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
