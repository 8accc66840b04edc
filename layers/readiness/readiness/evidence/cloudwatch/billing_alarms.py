"""Alarms on what the account is expected to cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from readiness.evidence.cloudwatch.active_series import ActiveSeries, read_published
from readiness.evidence.cloudwatch.alarms import ALARM_CHANGES, INVENTORY_READS, read_inventory
from readiness.model.evidence import ACCOUNT, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.alarm_inventory import Inventory

ESTIMATED_CHARGES = ("AWS/Billing", "EstimatedCharges")


@evidence(ACCOUNT, reads=(*INVENTORY_READS, "cloudwatch:ListMetrics"), changed_by=ALARM_CHANGES)
@dataclass(frozen=True, slots=True)
class BillingAlarms:
    """The alarms of the region where AWS publishes billing metrics, and whether it does.

    ``home`` is that region, ``us-east-1`` in the partition ``aws``. ``elsewhere`` are the alarms
    on billing metrics in this region, if it is another: nothing publishes these there. Sources:
    DescribeAlarms, ListMetrics.
    """

    inventory: Inventory
    published: ActiveSeries
    read_at: datetime
    elsewhere: tuple[str, ...] = ()
    home: str = ""

    @classmethod
    def load(cls, read: Reader, account: Resource) -> BillingAlarms:
        publishing = read.home("budgets")
        # None where that is this region, so that the answer other evidence had is used again
        home = None if read.region == publishing else publishing
        series = read_published(read, [ESTIMATED_CHARGES], region=home)
        inventory = read_inventory(read, home)
        local = read_inventory(read) if home else Inventory()
        elsewhere = tuple(alarm.name for alarm in local.watching.get(ESTIMATED_CHARGES, ()))
        return cls(inventory, ActiveSeries(series, {}), read.now, elsewhere, publishing)
