"""Whether a workload is on the service map, and connected to other nodes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from readiness.evidence.xray.configuration import SPAN, Node
from readiness.model.text import listed, plural
from readiness.model.verdict import (
    Severity,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates,
)
from readiness.semantics.metrics import Series


def connections(nodes: Iterable[Node], names: Iterable[str], kind: str) -> int | None:
    """How many other nodes a workload is connected to; None if it has no node.

    Lambda has two nodes of one name, the service and the function: they count as one.
    """
    nodes, wanted = tuple(nodes), set(names)
    own = {
        node.id
        for node in nodes
        if node.names & wanted and (not node.kind or node.kind.startswith(kind))
    }
    if not own:
        return None
    called = {id for node in nodes if node.id in own for id in node.to}
    callers = {node.id for node in nodes if node.to & own}
    return len((called | callers) - own)


def expected_traces(parts: Iterable[Series], indexed: float) -> float:
    """The fewest traces that the requests in the time of the map can have produced.

    By default the first request of each second is traced, and 5 % of the rest. The fewest traces
    of a 5-minute period result if all its requests came in one second.
    """
    counts = [
        value
        for part in parts
        for _, value in part.since(part.window.end - SPAN).points
        if value >= 1
    ]
    return sum(1 + 0.05 * (count - 1) for count in counts) * indexed


def judge_map(
    linked: int | None,
    parts: Sequence[Series],
    indexed: float,
    calls: Sequence[str],
    least: int,
) -> Verdict:
    """The verdict on a workload with ``linked`` connections, see `connections`.

    ``calls`` are the actions its role allows that the map would show; with fewer than ``least``
    expected traces a missing node is no fault.
    """
    expected = "A node on the service map that is connected to another."
    if linked:
        return complies(f"It is on the service map, connected to {plural(linked, 'other node')}.")
    if linked is None:
        return _not_drawn(parts, indexed, least, expected)
    if not calls:
        return complies(
            "It is on the service map without connections, and its role allows no call to others."
        )
    return violates(
        f"It has no connections on the service map, although its role allows {listed(calls)}: its"
        " calls are not traced.",
        expected=expected,
    )


def _not_drawn(parts: Sequence[Series], indexed: float, least: int, expected: str) -> Verdict:
    """The verdict on a workload without a node."""
    traces = expected_traces(parts, indexed)
    if not indexed and expected_traces(parts, 1.0):
        return cannot_tell(
            "Transaction Search indexes none of the traces (0 %), so X-Ray's service map shows"
            " none of its requests in the last 6 hours.",
            expected_traces=0,
        )
    if not traces:
        return not_applicable(
            "Nothing called it in the last 6 hours, so the service map cannot show it."
        )
    if traces < least:
        return cannot_tell(
            "It is not on the service map, but its few requests in the last 6 hours can have"
            f" produced only {traces:.3g} traces; at least {least} are needed to tell.",
            expected_traces=round(traces, 1),
        )
    return violates(
        "It is traced but not on the service map, although its requests in the last 6 hours"
        f" must have produced at least {traces:.0f} traces.",
        expected=expected,
        severity=Severity.MEDIUM,
        expected_traces=round(traces, 1),
    )
