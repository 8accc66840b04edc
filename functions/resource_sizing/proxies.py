"""Whether an RDS Proxy and its databases are available, and how many connections are pinned."""

from __future__ import annotations

from readiness.evidence.rds.endpoints import Proxy, ProxyUse
from readiness.model.text import listed
from readiness.model.verdict import (
    Fact,
    Problem,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    violates_all,
)

_IN_ORDER = {"AVAILABLE", "UNUSED"}
"""A target is UNUSED where no endpoint of the proxy leads to it."""


def _problems(proxy: Proxy, pinned: float, pin_max: float) -> list[Problem]:
    """What is wrong with a proxy; ``pinned`` is the share of pinned connections."""
    problems = []
    if proxy.status != "available":
        problems.append(Problem(Severity.HIGH, f"The proxy is {proxy.status}."))
    if not proxy.targets:
        problems.append(Problem(Severity.HIGH, "The proxy has no database."))
    ill = [
        f"{host} ({state})"
        for host, state in proxy.targets.items()
        if state not in _IN_ORDER and host not in proxy.starting
    ]
    if ill:
        text = f"Databases of the proxy are not available: {listed(ill)}."
        problems.append(Problem(Severity.HIGH, text))
    if pinned >= pin_max:
        text = (
            f"{pinned:.0%} of the connections in use were pinned to one client; less than"
            f" {pin_max:.0%} may be."
        )
        problems.append(Problem(Severity.MEDIUM, text))
    return problems


def judge_proxy(proxy: Proxy, use: ProxyUse, pin_max: float) -> Verdict:
    """The verdict on a proxy of which less than the share ``pin_max`` may be pinned."""
    if proxy.status in {"creating", "modifying", "deleting", "reactivating"}:
        return cannot_tell(
            f"The proxy is {proxy.status}; it is evaluated after that.", is_passing=True
        )
    borrowed, pinned = use.borrowed.total, use.pinned.total or 0
    share = pinned / borrowed if borrowed else 0.0
    facts: dict[str, Fact] = {"status": proxy.status, "pinned_share": share}
    facts["targets"] = dict(proxy.targets)
    if problems := _problems(proxy, share, pin_max):
        expected = f"Everything available, and less than {pin_max:.0%} pinned."
        return violates_all(problems, expected=expected).observing(facts)
    if proxy.starting:
        return cannot_tell(
            f"The proxy is still connecting to {listed(proxy.starting)}; this is evaluated after"
            " that.",
            is_passing=True,
        ).observing(facts)
    if "AVAILABLE" not in proxy.targets.values():
        return cannot_tell(
            "RDS uses none of the proxy's databases (UNUSED), so that nothing tells whether they"
            " can be reached through it."
        ).observing(facts)
    said = f"The proxy is available, and {share:.0%} of its connections were pinned."
    return complies(said).observing(facts)
