"""Whether a workload is on the trace map, and connected with what it works with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from readiness.evidence.xray.configuration import SPAN, Node
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
    """How many other nodes a workload is connected with; None where it has no node.

    Lambda draws two nodes of one name, the service and the function: together they are one.
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
    """How many traces the requests since the map begins must have made at the least.

    Where nothing upstream decided otherwise the first request of a second is traced, and 5 % of
    the rest; of all requests of 5 minutes that is least where they came in one second.
    """
    counts = [
        value
        for part in parts
        for _, value in part.since(part.window.end - SPAN).points
        if value >= 1
    ]
    return sum(1 + 0.05 * (count - 1) for count in counts) * indexed


def judge(
    linked: int | None,
    parts: Sequence[Series],
    indexed: float,
    calls: Sequence[str],
    least: int,
) -> Verdict:
    expected = "A node on the trace map with an edge to another."
    if linked:
        return complies(f"It is on the trace map, connected with {linked} other nodes.")
    traces = expected_traces(parts, indexed)
    if linked is None:
        if not traces:
            return not_applicable("Nothing called it in the last 6 hours, so no map shows it.")
        if traces < least:
            return cannot_tell(
                f"It is not on the trace map, but of the few requests in the last 6 hours only"
                f" {traces:.1f} traces were to be expected.",
                expected_traces=round(traces, 1),
            )
        return violates(
            f"It is traced and not on the trace map, though at least {traces:.0f} traces were to"
            " be expected in the last 6 hours.",
            expected=expected,
            severity=Severity.MEDIUM,
            expected_traces=round(traces, 1),
        )
    if not calls:
        return complies("It is on the trace map, alone, and calls nothing that is known.")
    return violates(
        f"It stands alone on the trace map, though its role lets it call {', '.join(calls)}: the"
        " calls it makes are not traced.",
        expected=expected,
    )
