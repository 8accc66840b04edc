"""The Availability Zones of Redshift clusters."""

from __future__ import annotations

from readiness import Severity, Verdict, cannot_tell, complies, not_applicable, violates
from readiness.evidence.redshift import WarehouseAvailability

_GOING = frozenset({"deleting", "final-snapshot"})
_MAKING = frozenset({"creating", "modifying", "restoring", "resuming"})
_EXPECTED = "A Multi-AZ deployment, whose second compute unit takes over."


def warehouse_verdict(warehouse: WarehouseAvailability) -> Verdict:
    """The verdict on a cluster: a second compute unit, or a move when its zone fails."""
    if warehouse.status in _GOING:
        return not_applicable("The cluster is being deleted.")
    if warehouse.multi_az:
        second = f" and {warehouse.second_zone}" if warehouse.second_zone else ""
        return complies(
            f"The cluster is a Multi-AZ deployment ({warehouse.zone}{second}).",
            zone=warehouse.zone,
        )
    if warehouse.status in _MAKING:
        return cannot_tell(
            f"The cluster is {warehouse.status}; it is judged when that is done.", is_passing=True
        )
    where = f"The cluster runs in one zone ({warehouse.zone or 'not shown'})"
    if warehouse.relocates:
        return violates(
            f"{where}. If that fails, Redshift moves the cluster to another, where capacity is"
            " free; until then it serves nobody.",
            expected=_EXPECTED,
            severity=Severity.LOW,
            zone=warehouse.zone,
        )
    return violates(
        f"{where}. If that fails, the cluster serves nobody until the zone is back or a snapshot"
        " is restored elsewhere.",
        expected=f"{_EXPECTED[:-1]}; or Availability Zone relocation, at least.",
        zone=warehouse.zone,
    )
