"""What Incident Manager says of escalation plans and of who is on call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from readiness.model.evidence import ACCOUNT, ConfigItem, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone
from readiness.semantics.on_call import Escalation, Shift

LOOKED_AHEAD = timedelta(days=7)
_GONE = ("ResourceNotFoundException",)
_ACTIVE = "ACTIVATED"


@evidence(
    ACCOUNT,
    reads=(
        "ssm-contacts:GetContact",
        "ssm-contacts:ListContactChannels",
        "ssm-contacts:ListContacts",
        "ssm-contacts:ListRotationShifts",
        "ssm-incidents:GetResponsePlan",
        "ssm-incidents:ListResponsePlans",
    ),
    changed_by=(
        api_call(
            "ssm-contacts",
            "ActivateContactChannel",
            "CreateContact",
            "CreateContactChannel",
            "CreateRotation",
            "CreateRotationOverride",
            "DeactivateContactChannel",
            "DeleteContact",
            "DeleteContactChannel",
            "DeleteRotation",
            "DeleteRotationOverride",
            "UpdateContact",
            "UpdateContactChannel",
            "UpdateRotation",
        ),
        api_call(
            "ssm-incidents",
            "CreateReplicationSet",
            "CreateResponsePlan",
            "DeleteReplicationSet",
            "DeleteResponsePlan",
            "UpdateReplicationSet",
            "UpdateResponsePlan",
        ),
        ConfigItem("AWS::SSMContacts::Contact"),
        ConfigItem("AWS::SSMIncidents::ResponsePlan"),
    ),
)
@dataclass(frozen=True, slots=True)
class EscalationPlans:
    """The escalation plans that a response plan engages, and who is on call in the next 7 days.

    A person whose engagement plan uses no activated channel beside e-mail is never on call: what
    the plan does not use, Incident Manager does not try. It is closed to new customers: to them
    it denies every call. Sources: ListResponsePlans, GetResponsePlan, ListContacts, GetContact,
    ListContactChannels, ListRotationShifts.
    """

    engaged: tuple[Escalation, ...]
    now: datetime
    others: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, account: Resource) -> EscalationPlans:
        now = read.now
        plans = list(read.every("ssm-contacts", "list_contacts", "Contacts", Type="ESCALATION"))
        if not plans:
            return cls((), now)
        engaged = set(_engaged(read))
        found, others = [], []
        for plan in plans:
            if plan["ContactArn"] not in engaged:
                others.append(plan["Alias"])
                continue
            try:
                stages = _stages(read, plan["ContactArn"])
                levels = tuple(tuple(_on_call(read, stage, now)) for stage in stages)
            except Gone:
                continue
            found.append(Escalation(plan["Alias"], levels))
        return cls(tuple(found), now, tuple(others))


def _engaged(read: Reader) -> Iterator[str]:
    for plan in read.every("ssm-incidents", "list_response_plans", "responsePlanSummaries"):
        answer = read.one("ssm-incidents", "get_response_plan", absent=_GONE, arn=plan["arn"])
        yield from (answer or {}).get("engagements") or ()


def _contact(read: Reader, arn: str) -> Mapping[str, Any]:
    """Raises Gone for a contact that was deleted."""
    contact: Mapping[str, Any] = read.one("ssm-contacts", "get_contact", gone=_GONE, ContactId=arn)
    return contact


def _stages(read: Reader, arn: str) -> Iterator[list[str]]:
    """The contacts of each stage of a plan."""
    for stage in _contact(read, arn)["Plan"].get("Stages") or ():
        targets = [each.get("ContactTargetInfo") or {} for each in stage["Targets"]]
        yield [each["ContactId"] for each in targets if each.get("ContactId")]


def _on_call(read: Reader, contacts: list[str], now: datetime) -> Iterator[Shift]:
    for arn in contacts:
        try:
            contact = _contact(read, arn)
        except Gone:
            continue  # a stage may name a contact that was deleted
        if contact["Type"] == "PERSONAL":
            if _is_reachable(read, contact):
                yield Shift(arn)
            continue
        for rotation in contact["Plan"].get("RotationIds") or ():
            yield from _shifts(read, rotation, now)


def _shifts(read: Reader, rotation: str, now: datetime) -> Iterator[Shift]:
    listed = read.every(
        "ssm-contacts",
        "list_rotation_shifts",
        "RotationShifts",
        absent=_GONE,
        RotationId=rotation,
        StartTime=now,
        EndTime=now + LOOKED_AHEAD,
    )
    for shift in listed:
        for person in shift.get("ContactIds") or ():
            contact = read.one("ssm-contacts", "get_contact", absent=_GONE, ContactId=person)
            if contact is not None and _is_reachable(read, contact):
                yield Shift(person, shift["StartTime"], shift["EndTime"])


def _is_reachable(read: Reader, contact: Mapping[str, Any]) -> bool:
    """Whether the engagement plan of a person uses a channel that wakes them."""
    used = {
        (each.get("ChannelTargetInfo") or {}).get("ContactChannelId")
        for stage in contact["Plan"].get("Stages") or ()
        for each in stage["Targets"]
    }
    channels = read.every(
        "ssm-contacts",
        "list_contact_channels",
        "ContactChannels",
        absent=_GONE,
        ContactId=contact["ContactArn"],
    )
    # an e-mail wakes nobody
    return any(
        each["ContactChannelArn"] in used
        and each["ActivationStatus"] == _ACTIVE
        and each.get("Type") != "EMAIL"
        for each in channels
    )
