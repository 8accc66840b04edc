"""Where the events of a log group go: by its own filters, the account's, OAM or a central rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from readiness.evidence.cloudwatch.log_groups import ActiveLogGroups
from readiness.evidence.logs import (
    LOG_GROUP,
    AccountSubscriptions,
    LogGroup,
    Subscription,
    subscriptions_of,
)
from readiness.evidence.oam import LogLinks
from readiness.evidence.observabilityadmin import CentralizationRules
from readiness.evidence.workloads.log_destinations import CHANGES, READS, why_lost
from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import NotOffered
from readiness.semantics.log_group_filter import selects

T = TypeVar("T")

_UNSUBSCRIBED = ("DELIVERY", "INFREQUENT_ACCESS")
"""Classes of log groups that have no subscription filters."""

_LOGS_OF = {"lambda": "/aws/lambda/", "firehose": "/aws/kinesisfirehose/"}
"""Where a destination of an account's subscription filter logs itself."""


@dataclass(frozen=True, slots=True)
class Route:
    """One way by which events of a log group leave it.

    ``what`` names it, to follow "by"; ``account`` is where it leads. ``is_certain`` is false where
    it is not known whether it is for this log group; ``is_whole`` where it passes on only events
    that match a pattern. ``lost`` says why nothing arrives there, in a full sentence.
    """

    what: str
    account: str
    is_certain: bool = True
    is_whole: bool = True
    lost: str = ""


@evidence(
    LOG_GROUP,
    reads=("logs:DescribeSubscriptionFilters", *READS),
    uses=(LogGroup, ActiveLogGroups, AccountSubscriptions, LogLinks, CentralizationRules),
    asks_with=("central_account_ids",),
    changed_by=(
        api_call(
            "logs",
            "PutSubscriptionFilter",
            "DeleteSubscriptionFilter",
            "AssociateKmsKey",
            "DisassociateKmsKey",
            id="requestParameters.logGroupName",
        ),
        *CHANGES,
    ),
)
@dataclass(frozen=True, slots=True)
class LogForwarding:
    """The ways by which the events of a log group reach another place.

    ``is_active``: it got events in the last two weeks. ``is_forwarders``: it is the log group of
    the function or stream that gets the others' events. ``rules_are_shown``: whether AWS shows
    this account the centralization rules of its organization.

    Of one that is not active, or only passes on, nothing more is read. Its own filters cost one
    request each, at 5 a second for the whole account: they are asked for only where it may have
    some, and nothing else passes everything on.
    """

    name: str
    account: str
    group_class: str = "STANDARD"
    is_active: bool = True
    is_forwarders: bool = False
    rules_are_shown: bool = True
    routes: tuple[Route, ...] = ()

    @classmethod
    def load(cls, read: Reader, group: Resource) -> LogForwarding:
        about = read.of(LogGroup, group)
        here = REGION.resource(read.account, read.region, read.account)
        is_active = about.name in read.of(ActiveLogGroups, here).names
        if not is_active or about.group_class == "DELIVERY":
            return cls(about.name, read.account, about.group_class, is_active)
        policies = read.of(AccountSubscriptions, here).all
        rules = _if_offered(read, CentralizationRules, here)
        routes = [
            *_by_policies(read, about, policies),
            *_by_links(about, _if_offered(read, LogLinks, here)),
            *_by_rules(about, rules),
        ]
        central = read.settings["central_account_ids"]
        asks = about.group_class not in _UNSUBSCRIBED
        if asks and not any(leads_home(each, central) for each in routes):
            routes += [
                _route(read, each, "the subscription filter")
                for each in subscriptions_of(read, about.name)
            ]
        return cls(
            name=about.name,
            account=read.account,
            group_class=about.group_class,
            is_active=is_active,
            is_forwarders=about.name in set(_logs_of(policies)),
            rules_are_shown=rules.are_shown,
            routes=tuple(routes),
        )


def _if_offered(read: Reader, cls: type[T], here: Resource) -> T:
    """The evidence of the region; without anything where AWS does not offer the service there."""
    try:
        return read.of(cls, here)
    except NotOffered:
        return cls()


def leads_home(route: Route, central: Iterable[str]) -> bool:
    """Whether every event certainly reaches an account that counts: any, or one of ``central``."""
    return route.is_certain and route.is_whole and counts(route, central)


def counts(route: Route, central: Iterable[str]) -> bool:
    """Whether the account that a route leads to counts, and something may arrive there."""
    accounts = tuple(central)
    return not route.lost and (not accounts or route.account in accounts)


def _route(
    read: Reader, subscription: Subscription, kind: str, *, is_certain: bool = True
) -> Route:
    destination = subscription.destination
    parts = destination.split(":")
    what = f"{kind} {subscription.name}"
    lost = why_lost(read, destination)
    return Route(
        what,
        parts[4] if len(parts) > 4 else "",
        is_certain,
        subscription.forwards_everything,
        f"{what[0].upper()}{what[1:]} sends them to {destination}, which {lost}." if lost else "",
    )


def _by_policies(
    read: Reader, group: LogGroup, policies: Iterable[Subscription]
) -> Iterator[Route]:
    if group.group_class in _UNSUBSCRIBED:
        return
    for policy in policies:
        is_meant = selects(policy.criteria, {"LogGroupName": group.name})
        if is_meant is not False:
            is_certain = bool(is_meant) and group.group_class == "STANDARD"
            kind = "the account's subscription filter"
            yield _route(read, policy, kind, is_certain=is_certain)


def _by_links(group: LogGroup, links: LogLinks) -> Iterator[Route]:
    for link in links.all:
        is_meant = selects(link.criteria, {"LogGroupName": group.name})
        if is_meant is not False:
            yield Route(
                f"the link to the monitoring account {link.account}", link.account, bool(is_meant)
            )


def _by_rules(group: LogGroup, rules: CentralizationRules) -> Iterator[Route]:
    for rule in rules.all:
        is_meant = selects(rule.criteria, {"LogGroupName": group.name})
        if is_meant is False or (group.is_encrypted and not rule.with_encrypted):
            continue
        is_certain = bool(is_meant) and rule.is_certain
        yield Route(f"the centralization rule {rule.name}", rule.account, is_certain)


def _logs_of(policies: Iterable[Subscription]) -> Iterator[str]:
    """The log groups of the functions and streams that the account's policies send events to."""
    for policy in policies:
        parts = policy.destination.split(":")
        if len(parts) > 5 and parts[2] in _LOGS_OF:
            name = parts[6] if len(parts) > 6 else parts[5].rpartition("/")[2]
            yield _LOGS_OF[parts[2]] + name
