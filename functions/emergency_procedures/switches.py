"""What can be switched off without a deployment, and whether code reads the switch."""

from __future__ import annotations

from collections.abc import Iterator

from readiness import Problem, Severity
from readiness.evidence.workloads.dependencies import Circuit
from readiness.evidence.workloads.switches import SWITCH_TAG, Switches
from readiness.model.text import listed


def usable(circuit: Circuit) -> bool:
    """Whether a circuit can be opened; what is wrong with one is judged under Error Handling."""
    return circuit.table_state in {"ACTIVE", "UPDATING"} and circuit.key == ("id",)


def problems(switches: Switches) -> Iterator[Problem]:
    """The switches that nobody reads."""
    for each in switches.tagged:
        if each.readers == 0:
            yield Problem(
                Severity.HIGH,
                f"No role of a function or service may read the {each.spoken}: nothing would"
                " notice a switch.",
            )


def engaged(switches: Switches) -> list[str]:
    """The circuits that are open now, with until when one is held open."""
    said = []
    for each in switches.circuits:
        if each.state != "OPEN":
            continue
        held = each.opened is not None and each.opened > switches.now
        until = f", held until {each.opened:%Y-%m-%d %H:%M} UTC" if held else ""
        said.append(f"{each.id} ({each.table}{until})")
    return said


def named(switches: Switches) -> list[str]:
    """Every switch that can be used, in words."""
    of_manifests = [f"circuit {c.id} of {c.table}" for c in switches.circuits if usable(c)]
    return [*(each.spoken for each in switches.tagged if each.readers != 0), *of_manifests]


def none(switches: Switches) -> str:
    """What to say where there is no switch."""
    refused = switches.refused or {}
    said = [f"{workload}: {why}" for workload, why in refused.items()]
    more = f" Manifests cannot be used: {listed(said)}." if said else ""
    return (
        f"No parameter or table has the tag {SWITCH_TAG}, and no manifest names the circuit of a"
        f" breaker.{more}"
    )
