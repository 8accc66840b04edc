"""Settings that several rules of the heading share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from readiness import Between


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """How old the last delivery of a trail may be."""

    delivery_max_age_hours: Annotated[
        int, Between(24, 168), "How many hours ago the last delivery of a trail may be"
    ] = 24

    @property
    def age(self) -> timedelta:
        """The same as a duration."""
        return timedelta(hours=self.delivery_max_age_hours)


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Which event data stores of CloudTrail Lake count beside trails."""

    accept_event_data_stores: Annotated[
        bool, "Accept an event data store of CloudTrail Lake in place of a trail"
    ] = True
    event_data_store_of_organization: Annotated[
        bool,
        "An event data store of the organization records this account: a member account cannot"
        " see it",
    ] = False


@dataclass(frozen=True, slots=True)
class GroupSettings:
    """Which log groups have to go somewhere, or be analysed, and whither."""

    central_account_ids: Annotated[
        tuple[str, ...], "The accounts that collect logs; empty: wherever the events go"
    ] = ()
    ignored_groups: Annotated[tuple[str, ...], "Shell patterns of log groups to leave out"] = ()


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How long audit logs have to be kept, and how long they may be."""

    audit_min_days: Annotated[
        int, Between(1, 3653), "The shortest retention allowed for audit logs (days)"
    ] = 365
    max_days: Annotated[
        int, Between(0, 36_500), "The longest retention allowed (days); 0 for no limit"
    ] = 0


@dataclass(frozen=True, slots=True)
class PolicySettings(RetentionSettings):
    """The same, where logs may also be kept because nobody set up anything."""

    require_policy: Annotated[
        bool, "Logs that are kept only because nothing was set up to delete them fail"
    ] = True
