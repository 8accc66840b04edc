"""Which TLS versions an endpoint accepts, in the terms of each service."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Protocol

from readiness.evidence.cloudfront import DistributionTls
from readiness.evidence.elb import ClassicBalancer
from readiness.evidence.opensearch import DomainTls
from readiness.model.text import listed, plural
from readiness.model.verdict import (
    Problem,
    Severity,
    Status,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates,
    violates_all,
)

MODERN = frozenset({"TLSv1.2", "TLSv1.3"})


_VERSION = re.compile(r"TLS_?1_?([0-3])(?:_1_([0-3]))?(?=_|$)")
"""``TLS_1_2``, ``TLS12``, ``TLS13_1_2``; the year of ``TLS_1_2016`` is no version."""
_MODERN_MINOR = 2


class Floor(Enum):
    """The oldest TLS version that a security policy accepts."""

    MODERN = "TLS 1.2"
    OLD = "versions before TLS 1.2"
    UNKNOWN = "unknown"


def floor_of(policy: str) -> Floor:
    """The minimum version of a security policy of API Gateway, OpenSearch Service or CloudFront.

    ``TLS_1_0``, ``TLS_1_2`` and ``SecurityPolicy_TLS13_1_2_2021_06`` (API Gateway),
    ``Policy-Min-TLS-1-2-PFS-2023-10`` (OpenSearch), ``TLSv1.2_2021`` and ``SSLv3`` (CloudFront):
    the first version in the name is the minimum or, after API Gateway's ``TLS13_``, the second.
    """
    name = policy.upper().replace("-", "_").replace(".", "_").replace("TLSV", "TLS_")
    name = name.removeprefix("SECURITYPOLICY_").removeprefix("POLICY_MIN_")
    if version := _VERSION.match(name):
        floor = min(int(minor) for minor in version.groups() if minor)
        return Floor.MODERN if floor >= _MODERN_MINOR else Floor.OLD
    return Floor.OLD if name.startswith(("SSL", "TLS_1", "TLS1")) else Floor.UNKNOWN


def outdated(versions: Iterable[str]) -> list[str]:
    """The protocol versions before TLS 1.2 among these."""
    return sorted(set(versions) - MODERN)


class Origin(Protocol):
    """An origin of a distribution."""

    @property
    def id(self) -> str: ...
    @property
    def protocol(self) -> str: ...
    @property
    def versions(self) -> Sequence[str]: ...


def viewer_problems(
    policies: Mapping[str, str], minimum: str, *, default_certificate: bool, of_tenants: bool
) -> list[Problem]:
    """How viewers can reach a distribution without TLS 1.2.

    With the default CloudFront certificate the minimum is TLSv1, whatever is configured
    (CloudFront Developer Guide, "Supported protocols and ciphers"). A multi-tenant distribution
    has no domain name of CloudFront's: nobody is served with its default certificate.
    """
    problems = []
    if plain := sorted(path for path, policy in policies.items() if policy == "allow-all"):
        problems.append(Problem(Severity.HIGH, f"Viewers can use plain HTTP for {listed(plain)}."))
    if default_certificate and of_tenants:
        return problems
    if default_certificate:
        said = "With the default CloudFront certificate viewers can use TLS 1.0."
        problems.append(Problem(Severity.HIGH, said))
    elif floor_of(minimum) is not Floor.MODERN:
        said = f"The minimum protocol version for viewers is {minimum or 'not set'}, not TLS 1.2."
        problems.append(Problem(Severity.HIGH, said))
    return problems


def origin_problems(origins: Iterable[Origin], *, plain_viewers: bool) -> list[Problem]:
    """How the distribution can reach its origins without TLS 1.2.

    ``match-viewer`` means HTTPS only if no viewer can use HTTP.
    """
    problems = []
    for origin in origins:
        if origin.protocol == "http-only" or (origin.protocol == "match-viewer" and plain_viewers):
            said = (
                f"CloudFront can reach the origin {origin.id} over plain HTTP ({origin.protocol})."
            )
            problems.append(Problem(Severity.HIGH, said))
        elif old := outdated(origin.versions):
            said = f"CloudFront can reach the origin {origin.id} with {listed(old)}."
            problems.append(Problem(Severity.HIGH, said))
    return problems


def http_listener_verdict(
    where: str, rules: int, plain: Sequence[str], severity: Severity
) -> Verdict:
    """The verdict on an HTTP listener; ``plain`` are its rules that answer over HTTP."""
    if not rules:
        return cannot_tell(
            f"{where}: AWS shows no rule of the listener, not even the default rule."
        )
    if not plain:
        return complies(
            f"{where}: every rule redirects to HTTPS, or refuses the request.", rules=rules
        )
    return violates(
        f"{where}: {len(plain)} of {plural(rules, 'rule')} accept plain HTTP ({listed(plain)}).",
        expected="Every rule, including the default rule, redirects to HTTPS or answers with an"
        " error.",
        severity=severity,
        rules=list(plain),
    )


def tls_listener_verdict(
    where: str, policy: str, taken: frozenset[str], severity: Severity
) -> Verdict:
    """The verdict on an HTTPS or TLS listener whose policy accepts these protocol versions."""
    if not taken:
        return cannot_tell(
            f"{where}: AWS does not show which versions the policy {policy or 'none'} accepts."
        )
    if old := outdated(taken):
        return violates(
            f"{where}: the policy {policy} accepts {listed(old)}; TLS 1.2 or later is required.",
            expected="A policy whose protocols are TLSv1.2 and TLSv1.3.",
            severity=severity,
            ssl_policy=policy,
        )
    said = f"{where}: the policy {policy} accepts only {listed(sorted(taken))}."
    return complies(said, ssl_policy=policy)


_WITHOUT_TLS = {
    53: "DNS",
    123: "NTP",
    1812: "RADIUS",
    1813: "RADIUS",
}
"""What these ports carry has no form with TLS on the same port; DNSSEC, NTS or the protocol itself
sign it. Source: IANA, "Service Name and Transport Protocol Port Number Registry"."""
_ENCRYPTS_ITSELF = {
    443: "QUIC",
    500: "IPsec",
    853: "DNS over QUIC or DTLS",
    1194: "OpenVPN",
    4500: "IPsec",
    5684: "CoAP over DTLS",
    6514: "syslog over DTLS",
    51820: "WireGuard",
}
"""What these ports carry over UDP."""


def datagrams_verdict(protocol: str, port: int) -> Verdict | None:
    """The verdict on a listener by what its port is registered for; None where that is no answer.

    Datagrams have no TLS: whether they are encrypted is up to what they carry. Of these protocols
    only DNS runs over plain TCP too.
    """
    where = f"{protocol}:{port}"
    named = _WITHOUT_TLS.get(port)
    if named and (protocol == "UDP" or named == "DNS"):
        return not_applicable(f"{where}: by its port the listener takes {named}, without TLS.")
    if protocol == "UDP" and (named := _ENCRYPTS_ITSELF.get(port)):
        return not_applicable(f"{where}: by its port it takes {named}, which encrypts by itself.")
    return None


def passed_through_verdict(where: str, balancer: str, *, allowed: bool) -> Verdict:
    """The verdict on a listener that passes TLS through to its targets."""
    if allowed:
        return not_applicable(
            f"{where}: the targets encrypt the traffic (setting allow_tcp_passthrough)."
        )
    wanted = "encrypt what they receive" if where.startswith("UDP:") else "require TLS"
    return cannot_tell(
        f"{where} is passed through, and no AWS API shows whether the targets {wanted}. If"
        f" they do, add {balancer} to the setting allow_tcp_passthrough.",
        balancer=balancer,
    )


def named_policies_verdict(policies: Sequence[str], severity: Severity) -> Verdict:
    """The verdict on endpoints by the names of their security policies."""
    floors = {policy: floor_of(policy) for policy in policies}
    if old := [policy for policy, floor in floors.items() if floor is Floor.OLD]:
        return violates(
            f"The security policy {listed(old)} accepts TLS versions before 1.2.",
            expected="A security policy with TLS 1.2 or later.",
            severity=severity,
            policies=list(policies),
        )
    if not floors or Floor.UNKNOWN in floors.values():
        named = listed([policy or "none" for policy in policies]) or "none"
        return cannot_tell(f"Which TLS versions the security policy {named} accepts is unknown.")
    return complies(f"The security policy is {listed(list(floors))}.", policies=list(policies))


def search_verdict(domain: DomainTls, severity: Severity) -> Verdict:
    """The verdict on a domain of OpenSearch by its endpoint options."""
    if not domain.enforces_https:
        return violates(
            "The domain accepts plain HTTP.",
            expected="HTTPS required, with a Policy-Min-TLS-1-2 security policy.",
            severity=severity,
            policy=domain.policy,
        )
    verdict = named_policies_verdict((domain.policy,), severity)
    if not domain.between_nodes and verdict.status is not Status.NON_COMPLIANT:
        return violates(
            "The nodes of the domain send data to each other in plain text.",
            expected="Node-to-node encryption, which cannot be turned off again.",
            severity=Severity.MEDIUM,
            policy=domain.policy,
        )
    return verdict


def distribution_verdict(distribution: DistributionTls) -> Verdict:
    """The verdict on TLS between viewers, CloudFront and the origins."""
    problems = viewer_problems(
        distribution.viewer_policies,
        distribution.minimum_version,
        default_certificate=distribution.default_certificate,
        of_tenants=distribution.of_tenants,
    )
    plain = "allow-all" in distribution.viewer_policies.values()
    problems += origin_problems(distribution.origins, plain_viewers=plain)
    if problems:
        return violates_all(
            problems,
            expected="Viewers: redirect-to-https or https-only, a custom certificate and"
            " TLSv1.2_2021. Origins: https-only and TLSv1.2.",
            minimum_version=distribution.minimum_version,
        )
    if distribution.of_tenants and distribution.default_certificate:
        return cannot_tell(
            "The multi-tenant distribution has no certificate of its own. AWS does not say which"
            " TLS versions viewers can use with the certificates of its tenants; give it one with"
            " TLSv1.2_2021.",
            minimum_version=distribution.minimum_version,
        )
    return complies(
        f"Viewers must use HTTPS with {distribution.minimum_version}, and origins are reached by"
        " HTTPS with TLS 1.2 or later.",
        minimum_version=distribution.minimum_version,
    )


def classic_balancer_verdict(
    balancer: ClassicBalancer, severity: Severity, *, passes_through: bool
) -> Verdict:
    """The verdict on a Classic Load Balancer by the worst of its listeners."""
    if not balancer.listeners:
        return not_applicable("The load balancer has no listener.")
    problems, unknown = [], []
    for listener in balancer.listeners:
        where = f"{listener.protocol}:{listener.port}"
        if listener.protocol == "HTTP":
            said = f"{where} accepts plain HTTP; a Classic Load Balancer cannot redirect it."
            problems.append(Problem(severity, said))
            continue
        if listener.protocol == "TCP":
            verdict = passed_through_verdict(where, balancer.name, allowed=passes_through)
        else:
            verdict = tls_listener_verdict(where, listener.policy, listener.versions, severity)
        if verdict.status is Status.NON_COMPLIANT:
            problems.append(Problem(severity, verdict.reason))
        elif verdict.status is Status.INSUFFICIENT_DATA:
            unknown.append(verdict)
    if problems:
        return violates_all(
            problems,
            expected="HTTPS or SSL listeners with ELBSecurityPolicy-TLS-1-2-2017-01, or an"
            " Application or Network Load Balancer in place of the Classic one.",
        )
    if unknown:
        return unknown[0]
    passed = [f"TCP:{each.port}" for each in balancer.listeners if each.protocol == "TCP"]
    at_targets = f"the targets of {listed(passed)} terminate TLS (setting allow_tcp_passthrough)"
    if len(passed) == len(balancer.listeners):
        return not_applicable(f"{at_targets[0].upper()}{at_targets[1:]}.")
    rest = f"; {at_targets}" if passed else ""
    return complies(f"Every HTTPS and SSL listener requires TLS 1.2 or later{rest}.")
