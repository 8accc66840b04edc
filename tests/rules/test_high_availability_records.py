"""High availability, DNS records: the records of a zone in, verdict out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from functions.high_availability import app
from readiness import Severity, Status
from readiness.evidence.route53_health import DnsHealthCheck
from readiness.evidence.route53_policies import Record
from readiness.evidence.route53_records import RoutedRecords

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
HIGH, MEDIUM, LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW
ZONE = "Z0123456789ABCDEFGHIJ"
OF_BALANCERS = "Z35SXDOTRQ7X7K"
CLOUDFRONT = "Z2FDTNDATAQYW2"


def record(identifier: str = "one", **changes: Any) -> Record:
    """A record of the name www, of the latency policy, with a health check of its own."""
    about: dict[str, Any] = {
        "name": "www.example.com.",
        "type": "A",
        "policy": "latency",
        "identifier": identifier,
        "ttl": 60,
        "check": "up",
        "values": (f"192.0.2.{len(identifier)}",),
    }
    return Record(**(about | changes))


def primary(**changes: Any) -> Record:
    return record("primary", **({"policy": "failover", "role": "PRIMARY"} | changes))


def secondary(**changes: Any) -> Record:
    about = {"policy": "failover", "role": "SECONDARY", "check": ""}
    return record("secondary", **(about | changes))


def alias(target: str = "web.elb.amazonaws.com", **changes: Any) -> dict[str, Any]:
    about = {
        "check": "",
        "ttl": None,
        "values": (),
        "alias": target,
        "alias_zone": OF_BALANCERS,
        "evaluates": True,
    }
    return about | changes


def simple(name: str, **changes: Any) -> Record:
    return record("", name=name, policy="simple", **changes)


def check(id: str, **changes: Any) -> dict[str, DnsHealthCheck]:
    return {id: DnsHealthCheck(id, **changes)}


CHECKS = {
    **check("up"),
    **check("other"),
    **check("off", is_disabled=True),
    **check("down", is_disabled=True, is_inverted=True),
    **check("none of two", kind="CALCULATED", threshold=0, children=("up", "other")),
    **check("one of two", kind="CALCULATED", threshold=1, children=("up", "off")),
    **check("both of two", kind="CALCULATED", threshold=2, children=("up", "off")),
    **check("one of unknown", kind="CALCULATED", threshold=1, children=("elsewhere",)),
    **check("alarm", kind="CLOUDWATCH_METRIC", without_data="Unhealthy"),
    **check("switch", kind="RECOVERY_CONTROL"),
    **check("by name", domain="use1.example.com"),
    **check("by address", domain="use1.example.com", address="8.8.8.8"),
    **check("of another", domain="www.another-example.com"),
}
WEIGHTED: dict[str, Any] = {"policy": "weighted", "check": ""}
IN_ZONE = alias("use1.example.com", alias_zone=ZONE)
PAIR = (primary(name="use1.example.com."), secondary(name="use1.example.com."))


def verdict_on(*routed: Record, zone: dict[str, Any] | None = None, **settings: Any):
    about: dict[str, Any] = {"id": ZONE, "name": "example.com.", "checks": CHECKS}
    return app.dns_records(RoutedRecords(routed=routed, **(about | (zone or {}))), **settings)


@pytest.mark.parametrize(
    ("routed", "zone", "settings", "status", "severity", "words"),
    [
        pytest.param((), {}, {}, NA, None, "routing policy", id="plain records only"),
        pytest.param((), {"owner": "servicediscovery.amazonaws.com"}, {}, NA, None, "servicediscovery", id="a zone of Cloud Map"),
        pytest.param((primary(), secondary()), {}, {}, GOOD, None, "1 name", id="failover"),
        pytest.param((primary(check="other"), secondary(check="up")), {}, {}, GOOD, None, "", id="both checked"),
        pytest.param((primary(check="alarm"), secondary()), {}, {}, GOOD, None, "", id="by an alarm"),
        pytest.param((primary(check="switch"), secondary()), {}, {}, GOOD, None, "", id="by a routing control"),
        pytest.param((primary(check="both of two"), secondary()), {}, {}, GOOD, None, "", id="a calculated check that can fail"),
        pytest.param((primary(check="one of unknown"), secondary()), {}, {}, GOOD, None, "", id="a calculated check of another account's"),
        pytest.param((primary(check="down"), secondary()), {}, {}, GOOD, None, "", id="disabled and inverted, which fails"),
        pytest.param((primary(check=""), secondary()), {}, {}, BAD, HIGH, "never fails over: it has no health check", id="no check"),
        pytest.param((primary(check="off"), secondary()), {}, {}, BAD, HIGH, "off is disabled", id="disabled"),
        pytest.param((primary(check="gone"), secondary()), {}, {}, BAD, MEDIUM, "no health check gone: if it was deleted", id="deleted, or of another account"),
        pytest.param((primary(check="gone"), secondary(check="gone")), {}, {}, BAD, HIGH, "same health check", id="the same check of another account"),
        pytest.param((primary(**alias(check="gone")), secondary()), {}, {}, GOOD, None, "", id="deleted, beside an evaluated target"),
        pytest.param((record("a", check="gone"), record("bb")), {}, {}, BAD, MEDIUM, "A (a): the account has no health check gone", id="one of two deleted, or of another account"),
        pytest.param((record("a", weight=1, policy="weighted", check="gone"), record("bb", weight=1, policy="weighted")), {}, {}, BAD, LOW, "no health check gone", id="a share with a check of another account"),
        pytest.param((primary(**IN_ZONE), secondary(), record("a", name="use1.example.com.", check="gone")), {}, {}, GOOD, None, "", id="an alias of what a check of another account looks at"),
        pytest.param((primary(**IN_ZONE), secondary()), {"aliases": (simple("use1.example.com."),)}, {}, GOOD, None, "", id="an alias of a plain record with a check"),
        pytest.param((record("a", **IN_ZONE), record("bb"), *PAIR), {}, {}, GOOD, None, "", id="locations over a pair that fails over"),
        pytest.param((record("a", **IN_ZONE), record("bb"), PAIR[0]), {}, {}, BAD, HIGH, "without a secondary", id="over half a pair"),
        pytest.param((record("a", **IN_ZONE), record("bb"), replace(PAIR[0], check="off"), PAIR[1]), {}, {}, BAD, HIGH, "use1.example.com A: the primary never", id="over a pair that does not"),
        pytest.param((primary(**IN_ZONE), secondary(), *PAIR), {}, {}, BAD, MEDIUM, "www.example.com A: the primary fails over within use1.example.com, whose", id="a pair over a pair, which never fails"),
        pytest.param((primary(**IN_ZONE), secondary(), replace(PAIR[0], check="off"), PAIR[1]), {}, {}, BAD, HIGH, "www.example.com A: the primary never", id="a pair over a pair that does not fail over"),
        pytest.param((primary(check="none of two"), secondary()), {}, {}, BAD, HIGH, "needs no child", id="threshold 0"),
        pytest.param((primary(check="one of two"), secondary()), {}, {}, BAD, HIGH, "needs no child that can fail", id="a disabled child is enough"),
        pytest.param((primary(**alias()), secondary()), {}, {}, GOOD, None, "", id="an alias that evaluates"),
        pytest.param((primary(**alias(evaluates=False)), secondary()), {}, {}, BAD, HIGH, "does not evaluate the health of its target and has no", id="an alias that does not"),
        pytest.param((primary(**alias(evaluates=False, check="up")), secondary()), {}, {}, GOOD, None, "", id="an alias with a check"),
        pytest.param((primary(**alias(evaluates=False, check="off")), secondary()), {}, {}, BAD, HIGH, "of its target, and its health check off is disabled", id="an alias with a disabled check"),
        pytest.param((primary(**alias(check="off")), secondary()), {}, {}, GOOD, None, "", id="a disabled check beside an evaluated target"),
        pytest.param((primary(**alias("d1.cloudfront.net", alias_zone=CLOUDFRONT, evaluates=False)), secondary()), {}, {}, BAD, HIGH, "never fails over", id="CloudFront as the primary"),
        pytest.param((primary(**IN_ZONE), secondary()), {"aliases": (simple("use1.example.com.", **alias()),)}, {}, GOOD, None, "", id="an alias of an alias that evaluates"),
        pytest.param((primary(**IN_ZONE), secondary()), {"aliases": (simple("use1.example.com.", **alias(evaluates=False)),)}, {}, BAD, HIGH, "alias of use1.example.com", id="an alias of one that does not"),
        pytest.param((primary(**IN_ZONE), secondary()), {}, {}, BAD, HIGH, "alias of use1", id="an alias of a plain record"),
        pytest.param((primary(**IN_ZONE), secondary(), record("a", name="use1.example.com.")), {}, {}, GOOD, None, "", id="an alias of checked records"),
        pytest.param((primary(**alias("www.example.com", alias_zone=ZONE)), secondary()), {}, {}, BAD, HIGH, "", id="an alias in a circle"),
        pytest.param((primary(),), {}, {}, BAD, HIGH, "without a secondary", id="no secondary"),
        pytest.param((secondary(),), {}, {}, BAD, MEDIUM, "without a primary", id="no primary"),
        pytest.param((primary(), secondary(type="AAAA")), {}, {}, BAD, HIGH, "without a secondary", id="a secondary of another type"),
        pytest.param((primary(values=("192.0.2.1",)), secondary(values=("192.0.2.1",))), {}, {}, BAD, HIGH, "same endpoint", id="the same address"),
        pytest.param((primary(**alias()), secondary(**alias())), {}, {}, BAD, HIGH, "same endpoint", id="the same load balancer"),
        pytest.param((primary(**alias()), secondary(**alias("dualstack.web.elb.amazonaws.com"))), {}, {}, BAD, HIGH, "same endpoint", id="by its other name"),
        pytest.param((primary(type="CNAME", values=("Web.example.net",)), secondary(type="CNAME", values=("web.example.net.",))), {}, {}, BAD, HIGH, "same endpoint", id="in another spelling"),
        pytest.param((primary(), secondary(check="up")), {}, {}, BAD, HIGH, "same health check", id="the same check"),
        pytest.param((primary(ttl=86400), secondary()), {}, {}, BAD, MEDIUM, "86,400 seconds (TTL); at most 300", id="cached for a day"),
        pytest.param((primary(ttl=600), secondary()), {}, {"max_ttl_seconds": 600}, GOOD, None, "", id="allowed"),
        pytest.param((primary(type="TXT", values=("heritage",)), secondary(type="TXT", values=("heritage",))), {}, {}, NA, None, "leads to an endpoint", id="failover of a text"),
        pytest.param((record("a"), record("bb")), {}, {}, GOOD, None, "", id="two regions"),
        pytest.param((record("a"), record("bb", check="")), {}, {}, BAD, MEDIUM, "A (bb): latency records that are answered also", id="one is not checked"),
        pytest.param((record("a", check=""),), {}, {}, GOOD, None, "", id="one region only"),
        pytest.param((record("a"), record("bb"), record("a", check="", type="TXT"), record("bb", check="", type="TXT")), {}, {}, GOOD, None, "1 name", id="texts beside addresses"),
        pytest.param((record("a"), record("bb", ttl=3600)), {}, {}, BAD, LOW, "3,600 seconds", id="cached for an hour"),
        pytest.param((record("a", check="", ttl=3600, policy="multivalue"), record("bb", check="", policy="multivalue")), {}, {}, BAD, MEDIUM, "multivalue records", id="several values"),
        pytest.param((record("a", policy="geolocation"), record("bb", policy="geolocation", check="", is_default=True)), {}, {}, GOOD, None, "", id="the default of locations"),
        pytest.param((record("a", policy="geolocation", check=""), record("bb", policy="geolocation", is_default=True)), {}, {}, BAD, MEDIUM, "geolocation", id="a location"),
        pytest.param((record("a", weight=90, **WEIGHTED), record("bb", weight=10, **WEIGHTED)), {}, {}, BAD, LOW, "weighted records", id="shares of the traffic"),
        pytest.param((record("a", weight=100, **WEIGHTED), record("bb", weight=0, **WEIGHTED)), {}, {}, GOOD, None, "", id="all to one"),
        pytest.param((record("a", **alias("d1.cloudfront.net", alias_zone=CLOUDFRONT, evaluates=False)), record("bb")), {}, {}, GOOD, None, "", id="CloudFront stands in for itself"),
        pytest.param((record("a", **alias()), record("bb", **alias())), {}, {}, GOOD, None, "", id="two names of one balancer"),
        pytest.param((primary(check="by name"), secondary()), {"is_hidden": True}, {}, BAD, MEDIUM, "a name of this private zone", id="a private zone"),
        pytest.param((primary(check="by name"), secondary()), {}, {}, GOOD, None, "", id="a public zone"),
        pytest.param((primary(check="by address"), secondary()), {"is_hidden": True}, {}, GOOD, None, "", id="a private zone, by a public address"),
        pytest.param((primary(check="of another"), secondary()), {"is_hidden": True}, {}, GOOD, None, "", id="a private zone, by a public name"),
        pytest.param((primary(check="alarm"), secondary()), {"is_hidden": True}, {}, GOOD, None, "", id="a private zone, by an alarm"),
        pytest.param((primary(**alias()), secondary()), {"is_hidden": True}, {}, GOOD, None, "", id="a private zone, by a load balancer"),
    ],
)  # fmt: skip
def test_dns_records(routed, zone, settings, status, severity, words):
    verdict = verdict_on(*routed, zone=zone, **settings)
    assert verdict.status is status, verdict.reason
    assert words in verdict.reason
    assert verdict.severity is severity


def test_the_same_flaw_of_many_names_is_said_once():
    routed = [primary(name=f"{n}.example.com.", check="off") for n in range(900)]
    verdict = verdict_on(*routed)
    assert verdict.reason.count("never fails over") == 1
    assert "895 more" in verdict.reason


def test_aliases_of_many_aliases_are_followed_once():
    layers = [
        record(
            f"{number}",
            name=f"layer{layer}.example.com.",
            **alias(f"layer{layer + 1}.example.com", alias_zone=ZONE),
        )
        for layer in range(9)
        for number in range(100)
    ]
    last = [record(f"{number}", name="layer9.example.com.") for number in range(100)]
    site = (primary(**alias("layer0.example.com", alias_zone=ZONE)), secondary())
    assert verdict_on(*site, *layers, *last).status is GOOD
    bare = record("", name="layer9.example.com.", check="")
    assert "the primary never fails over" in verdict_on(*site, *layers, *last, bare).reason
