"""Whether a health check of Route 53 can fail, and can pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address

from readiness import Problem, Severity, Verdict, complies, not_applicable, violates, violates_all
from readiness.evidence.route53_health import DnsHealthCheck
from readiness.model.text import plural
from readiness.model.verdict import Fact
from readiness.semantics.alarms import is_sparse
from readiness.semantics.policy_patterns import HOST_SUFFIX


def out_of_reach(check: DnsHealthCheck) -> str:
    """What a check asks, if only the VPC has it: an address or a name; else empty."""
    if check.address:
        return "" if ip_address(check.address).is_global else check.address
    is_internal = bool(_INTERNAL_BALANCER.match(check.domain))
    return check.domain if is_internal or check.domain.endswith(_ONLY_PRIVATE) else ""


_INTERNAL_BALANCER = re.compile(
    rf"(?:dualstack\.)?internal-[^.]+\.[a-z0-9-]+\.elb\.{HOST_SUFFIX}", re.IGNORECASE
)
"""The name of an internal load balancer, which leads to private addresses (Elastic Load Balancing
user guide, "Internal load balancers")."""
_ONLY_PRIVATE = (".internal", ".local", ".lan", ".corp", ".home", ".private", ".intranet")
"""Ends of names that no public resolver knows: reserved (RFC 6762, ICANN) or never delegated."""
CAN_FAIL = "A health check that is enabled, not inverted, and fails when what it checks does."


def dns_check_verdict(check: DnsHealthCheck) -> Verdict:
    """The verdict on a Route 53 health check: whether a failure can show in it."""
    if check.owner:
        return not_applicable(f"The service {check.owner} made the health check and manages it.")
    problems = list(_dns_problems(check))
    observed: dict[str, Fact] = {"kind": check.kind}
    if problems:
        return violates_all(problems, expected=CAN_FAIL).observing(observed)
    if check.kind == "CALCULATED" and not check.children:
        return violates("The calculated health check has no children.", expected=CAN_FAIL)
    return complies(f"The health check ({check.kind}) is enabled and can fail.").observing(
        observed
    )


def _dns_problems(check: DnsHealthCheck) -> Iterator[Problem]:
    if check.is_disabled:
        yield Problem(
            Severity.HIGH,
            "The health check is disabled, and Route 53 counts it as"
            f" {'unhealthy, as it is inverted' if check.is_inverted else 'always healthy'}.",
        )
    elif check.is_inverted:
        yield Problem(
            Severity.MEDIUM,
            "The health check is inverted: it is healthy while what it checks fails.",
        )
    if check.kind == "CALCULATED" and check.children:
        if not check.threshold:
            yield Problem(
                Severity.HIGH,
                f"None of {plural(len(check.children), 'child check')} need be healthy (threshold"
                " 0), so it never fails.",
            )
        elif check.threshold > len(check.children):
            yield Problem(
                Severity.HIGH,
                f"{check.threshold} children must be healthy, of {len(check.children)}, so it"
                " always fails.",
            )
    if (where := out_of_reach(check)) and not check.is_disabled:
        yield Problem(
            Severity.HIGH,
            f"The checkers of Route 53 are outside the VPC and do not reach {where}, so the check"
            f" is always {'healthy, as it is inverted' if check.is_inverted else 'unhealthy'}.",
        )
    counts_as_healthy = check.kind == "CLOUDWATCH_METRIC" and check.without_data == "Healthy"
    if counts_as_healthy and not is_sparse(check.metric):
        yield Problem(
            Severity.MEDIUM,
            "While its alarm has no data the health check counts as healthy, also when the"
            " workload is too broken to report.",
        )
