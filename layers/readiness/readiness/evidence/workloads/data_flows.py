"""Who outside the account gets its data, or sends it some, as far as listings show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from readiness.evidence.logs import AccountSubscriptions
from readiness.evidence.macie import MacieInventory
from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import NotOffered

REPLICATION = "S3 replication (Macie, which lists it, is not enabled in this region)"


@evidence(
    REGION,
    reads=(
        "ec2:DescribeVpcPeeringConnections",
        "lambda:ListEventSourceMappings",
        "sns:ListSubscriptions",
    ),
    uses=(AccountSubscriptions, MacieInventory),
    changed_by=(
        api_call("sns", "Subscribe", "ConfirmSubscription", "Unsubscribe"),
        api_call(
            "lambda",
            "CreateEventSourceMapping*",
            "UpdateEventSourceMapping*",
            "DeleteEventSourceMapping*",
        ),
        api_call("ec2", "AcceptVpcPeeringConnection", "DeleteVpcPeeringConnection"),
    ),
)
@dataclass(frozen=True, slots=True)
class OutsideParties:
    """The parties outside the account that its data is seen to go to or come from.

    Each is a short text such as ``SNS to account 444455556666``, ``SNS from account
    444455556666``, ``SNS to https hooks.example.com`` or ``account 444455556666 to Lambda``.
    ``not_compared`` are kinds of flows that could not be listed here. Sources: ListSubscriptions,
    ListEventSourceMappings, DescribeAccountPolicies, DescribeVpcPeeringConnections,
    DescribeBuckets of Macie.
    """

    parties: tuple[str, ...] = ()
    not_compared: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> OutsideParties:
        subscriptions = read.every("sns", "list_subscriptions", "Subscriptions")
        mappings = read.every("lambda", "list_event_source_mappings", "EventSourceMappings")
        peerings = read.every("ec2", "describe_vpc_peering_connections", "VpcPeeringConnections")
        found = {
            *_of_topics(subscriptions, read.account),
            *_of_functions(mappings, read.account),
            *_of_logs(read, region),
            *_of_networks(peerings, read.account),
        }
        replication = _of_buckets(read, region)
        return cls(
            tuple(sorted(found | (replication or set()))),
            (REPLICATION,) if replication is None else (),
        )


def _other(arn: str, account: str) -> str:
    """The account in an ARN where it is another one, empty where it is ours or there is none."""
    fields = arn.split(":", 5)
    other = fields[4] if len(fields) > 5 else ""
    return "" if other == account else other


def _of_topics(subscriptions: Iterable[Mapping[str, Any]], account: str) -> Iterator[str]:
    for each in subscriptions:
        if not each["SubscriptionArn"].startswith("arn:"):
            continue  # PendingConfirmation or Deleted: it gets nothing
        protocol, endpoint = each["Protocol"], each.get("Endpoint") or ""
        if other := _other(each.get("TopicArn", ""), account):
            yield f"SNS from account {other}"
        match protocol:
            case "http" | "https":
                yield f"SNS to {protocol} {urlsplit(endpoint).hostname or endpoint}"
            case "email" | "email-json":
                yield f"SNS to e-mail {endpoint.rpartition('@')[2]}"
            case "sms":
                yield "SNS to SMS"
            case "application":
                yield "SNS to mobile push"
            case _ if other := _other(endpoint, account):
                yield f"SNS to account {other}"


def _of_functions(mappings: Iterable[Mapping[str, Any]], account: str) -> Iterator[str]:
    for each in mappings:
        if other := _other(each.get("EventSourceArn", ""), account):
            yield f"account {other} to Lambda"
        endpoints = (each.get("SelfManagedEventSource") or {}).get("Endpoints") or {}
        for servers in endpoints.values():
            yield from (f"Kafka {server.rsplit(':', 1)[0]} to Lambda" for server in servers)


def _of_logs(read: Reader, region: Resource) -> Iterator[str]:
    for each in read.of(AccountSubscriptions, region).all:
        if other := _other(each.destination, read.account):
            yield f"CloudWatch Logs to account {other}"


def _of_networks(peerings: Iterable[Mapping[str, Any]], account: str) -> Iterator[str]:
    for each in peerings:
        if each["Status"]["Code"] != "active":
            continue
        sides = (each["RequesterVpcInfo"]["OwnerId"], each["AccepterVpcInfo"]["OwnerId"])
        yield from (f"VPC peering with account {side}" for side in sides if side != account)


def _of_buckets(read: Reader, region: Resource) -> set[str] | None:
    """Where buckets replicate to, None where Macie is not there to list it."""
    try:
        inventory = read.of(MacieInventory, region)
    except NotOffered:
        return None
    if not inventory.is_enabled:
        return None
    others = {to for bucket in inventory.buckets.values() for to in bucket.replicates_to}
    return {f"S3 replication to account {other}" for other in others - {read.account}}
