"""Which TLS versions an endpoint takes, by whatever its service calls them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Protocol

from readiness.model.text import listed
from readiness.model.verdict import (
    Problem,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates,
)

MODERN = frozenset({"TLSv1.2", "TLSv1.3"})


_VERSION = re.compile(r"TLS_?1_?([0-3])(?:_1_([0-3]))?(?=_|$)")
"""``TLS_1_2``, ``TLS12``, ``TLS13_1_2``; the year of ``TLS_1_2016`` is no version."""
_MODERN_MINOR = 2


class Floor(Enum):
    """What a named security policy lets in at the least."""

    MODERN = "TLS 1.2"
    OLD = "versions before TLS 1.2"
    UNKNOWN = "nobody knows what"


def floor_of(policy: str) -> Floor:
    """The floor of a security policy of API Gateway, OpenSearch Service or CloudFront.

    ``TLS_1_0``, ``TLS_1_2`` and ``SecurityPolicy_TLS13_1_2_2021_06`` (API Gateway),
    ``Policy-Min-TLS-1-2-PFS-2023-10`` (OpenSearch), ``TLSv1.2_2021`` and ``SSLv3`` (CloudFront):
    the first version in the name is the floor or, after API Gateway's ``TLS13_``, the second.
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
    """Where a distribution fetches from."""

    @property
    def id(self) -> str: ...
    @property
    def protocol(self) -> str: ...
    @property
    def versions(self) -> Sequence[str]: ...


def viewer_problems(
    policies: Mapping[str, str], minimum: str, *, default_certificate: bool
) -> list[Problem]:
    """What lets viewers reach a distribution without TLS 1.2.

    With the certificate of ``*.cloudfront.net`` the minimum is TLSv1 whatever is set
    (CloudFront Developer Guide, "Supported protocols and ciphers").
    """
    problems = []
    if plain := sorted(path for path, policy in policies.items() if policy == "allow-all"):
        problems.append(Problem(Severity.HIGH, f"Viewers may use HTTP for {listed(plain)}."))
    if default_certificate:
        said = "With the certificate of *.cloudfront.net viewers may use TLS 1.0."
        problems.append(Problem(Severity.HIGH, said))
    elif floor_of(minimum) is not Floor.MODERN:
        said = f"The minimum protocol version for viewers is {minimum or 'not set'}."
        problems.append(Problem(Severity.HIGH, said))
    return problems


def origin_problems(origins: Iterable[Origin], *, plain_viewers: bool) -> list[Problem]:
    """What lets the distribution reach its origins without TLS 1.2.

    ``match-viewer`` is HTTPS exactly if no viewer may use HTTP.
    """
    problems = []
    for origin in origins:
        if origin.protocol == "http-only" or (origin.protocol == "match-viewer" and plain_viewers):
            said = f"The origin {origin.id} is fetched from over HTTP ({origin.protocol})."
            problems.append(Problem(Severity.HIGH, said))
        elif old := outdated(origin.versions):
            said = f"The origin {origin.id} may be reached with {listed(old)}."
            problems.append(Problem(Severity.HIGH, said))
    return problems


def http_listener_verdict(
    where: str, rules: int, plain: Sequence[str], severity: Severity
) -> Verdict:
    """The verdict on a listener for HTTP; ``plain`` are its rules that do not redirect."""
    if not rules:
        return cannot_tell(f"{where}: AWS names no rule of the listener, not even the default.")
    if not plain:
        return complies(f"{where}: every rule redirects to HTTPS.", rules=rules)
    return violates(
        f"{where}: {len(plain)} of {rules} rules answer over HTTP ({listed(plain)}).",
        expected="Every rule redirects to HTTPS, the default one too.",
        severity=severity,
        rules=list(plain),
    )


def tls_listener_verdict(
    where: str, policy: str, taken: frozenset[str], severity: Severity
) -> Verdict:
    """The verdict on a listener for HTTPS or TLS, whose policy takes these protocol versions."""
    if not taken:
        return cannot_tell(f"{where}: AWS does not say what the policy {policy or 'none'} takes.")
    if old := outdated(taken):
        return violates(
            f"{where}: the policy {policy} takes {listed(old)}.",
            expected="A policy whose protocols are TLSv1.2 and TLSv1.3.",
            severity=severity,
            ssl_policy=policy,
        )
    said = f"{where}: the policy {policy} takes {listed(sorted(taken))} only."
    return complies(said, ssl_policy=policy)


def passed_through_verdict(where: str, balancer: str, *, allowed: bool) -> Verdict:
    """The verdict on a listener that leaves TLS to its targets."""
    if allowed:
        return not_applicable(f"{where}: the targets end TLS, as allow_tcp_passthrough says.")
    return cannot_tell(
        f"{where} is passed through, and no AWS API tells whether the targets demand TLS:"
        " allow_tcp_passthrough can say so.",
        balancer=balancer,
    )


def named_policies_verdict(policies: Sequence[str], severity: Severity) -> Verdict:
    """The verdict on endpoints by the names of their security policies."""
    floors = {policy: floor_of(policy) for policy in policies}
    if old := [policy for policy, floor in floors.items() if floor is Floor.OLD]:
        return violates(
            f"The security policy {listed(old)} takes TLS before 1.2.",
            expected="A security policy of TLS 1.2 or later.",
            severity=severity,
            policies=list(policies),
        )
    if not floors or Floor.UNKNOWN in floors.values():
        named = listed([policy or "none" for policy in policies]) or "none"
        return cannot_tell(f"What the security policy {named} takes is not known.")
    return complies(f"The security policy is {listed(list(floors))}.", policies=list(policies))
