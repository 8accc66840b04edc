"""Which rules and resources an event concerns: ids are taken from it, and never any state."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from readiness.engine.event_ids import ids_in, named_by
from readiness.engine.targets import (
    MOST_ID,
    ConfigRequest,
    Doubt,
    EventTargets,
    MalformedEvent,
    Target,
)
from readiness.model.evidence import (
    ACCOUNT,
    ANY,
    ApiCall,
    Asks,
    Change,
    ConfigItem,
    Declaration,
    ResourceType,
    ServiceEvent,
    at,
    declared,
    type_named,
)
from readiness.model.origin import EVENT, UNVERIFIED, Origin
from readiness.model.resource import GLOBAL
from readiness.model.rule import Rule

API_CALL = "AWS API Call via CloudTrail"
CONFIG_ITEM = "Config Configuration Item Change"
CHANGED = "ConfigurationItemChangeNotification"
OVERSIZED = "OversizedConfigurationItemChangeNotification"
SCHEDULED = "ScheduledNotification"
SNAPSHOT = "ConfigurationSnapshotDeliveryCompleted"

_OVER = ("ResourceDeleted", "ResourceDeletedNotRecorded", "ResourceNotRecorded")
_OBJECTS = ("requestParameters", "responseElements")
_LONGEST_NAME = 512
_MOST_NAMED = 20
_NO_TYPE = frozenset({ACCOUNT.name, ANY.name})
_OF_A_PARTNER = "aws.partner/"
_PRINCIPALS = ("arn", "invokedBy", "sessionContext.sessionIssuer.arn")
_CALLERS = ("userName", "onBehalfOf.userId", "principalId")
"""Members of CloudTrail's ``userIdentity``, the best one first."""


Json = Mapping[str, Any]


def resolve_targets(event: Json, rules: Iterable[Rule], region: str = "") -> EventTargets:
    """Reduce an event to the rules and resources to evaluate.

    Takes EventBridge events (configuration items, CloudTrail API calls, service events) and AWS
    Config rule invocations. With a ``region``, one of another region concerns no evidence about
    a regional type, also where it names no resource. Raises MalformedEvent.
    """
    if not isinstance(event, Mapping):
        raise MalformedEvent(f"an event is a JSON object, not {type(event).__name__}")
    rules = tuple(rules)
    if "invokingEvent" in event:
        return _config_rule(event, rules)
    detail_type = _text(event, "detail-type")
    detail = event.get("detail")
    if not isinstance(detail, Mapping):
        raise MalformedEvent("the event has no 'detail' object")
    account, where = _text(event, "account"), _text(event, "region")
    evidence = tuple(_evidence_in(rules, elsewhere=region not in {"", where}))
    trigger = str(event.get("id", ""))
    if detail_type == CONFIG_ITEM:
        item = detail.get("configurationItem") or detail.get("configurationItemSummary")
        if not isinstance(item, Mapping):
            raise MalformedEvent(
                "the event has neither 'detail.configurationItem' nor"
                " 'detail.configurationItemSummary'"
            )
        targets = _from_item(item, evidence, detail.get("configurationItemDiff"))
        return EventTargets(account, where, targets, trigger, ignored=_why_nothing(targets, item))
    if detail_type == API_CALL:
        return _api_call(account, where, trigger, event, evidence)
    targets = _from_service(event, detail_type, evidence)
    ignored = "" if targets else f"no rule depends on {detail_type!r} events like this"
    return EventTargets(account, where, targets, trigger, ignored=ignored)


def changes_of(declaration: Declaration) -> tuple[Change, ...]:
    """The changes after which the evidence is read again: its own and those of its type."""
    shared = declaration.about.changed_by if declaration.follows_type else ()
    return declaration.changed_by + shared


_Evidence = Iterable[tuple[Rule, Declaration]]


def _evidence_in(rules: Iterable[Rule], *, elsewhere: bool = False) -> _Evidence:
    """What the rules ask for; ``elsewhere``, what an event of another region may concern."""
    for rule in rules:
        for cls in rule.evidence:
            declaration = declared(cls)
            about = rule.subject if declaration.about is ANY else declaration.about
            if not elsewhere or about.is_global or about.name == ACCOUNT.name:
                yield rule, declaration


def _target(rule: Rule, about: ResourceType, id: str | None) -> Target:
    if id is not None and _bytes(id, about) > MOST_ID:
        raise MalformedEvent(f"the event names a {about.name} by {len(id)} characters")
    if id is not None:
        id = about.id_of(id)
    if about is rule.subject:
        return Target(rule.id, id)
    if about.name in _NO_TYPE or id is None:
        return Target(rule.id, None)
    return Target(rule.id, None, (about.name, id))


def _bytes(id: str, about: ResourceType) -> int:
    """How long an id is as UTF-8. Raises MalformedEvent for half of a surrogate pair."""
    try:
        return len(id.encode())
    except UnicodeEncodeError:
        raise MalformedEvent(f"the event names a {about.name} by no valid text") from None


def _targets(rule: Rule, about: ResourceType, ids: Collection[str]) -> Iterator[Target]:
    """Each that is named; for several that the subject may refer to, one look at all subjects."""
    if not ids or (len(ids) > 1 and about is not rule.subject):
        ids = [""]
    for id in ids:
        yield _target(rule, about, id or None)


def _parts(rule: Rule, about: ResourceType, ids: Iterable[str]) -> Iterator[Target]:
    """What is stored of parts that were deleted with the whole."""
    if about is rule.subject:
        for id in ids:
            yield replace(_target(rule, about, id), begins=True)


def _from_item(item: Json, evidence: _Evidence, diff: object = None) -> frozenset[Target]:
    type_ = item.get("resourceType")
    if not isinstance(type_, str) or not type_:
        raise MalformedEvent("the configuration item has no 'resourceType'")
    calls = _calls_told(type_named(type_), diff)
    is_update = isinstance(diff, Mapping) and diff.get("changeType") == "UPDATE"
    targets = set()
    for rule, declaration in evidence:
        about = declaration.about
        is_concerned = calls is None or _depends_on(declaration, calls)
        identify = about.identify if about.name == type_ and declaration.follows_type else None
        if identify is not None and is_concerned:
            id: Any = identify(item)
            targets.add(_target(rule, about, id if isinstance(id, str) and id else None))
        for change in changes_of(declaration):
            if not isinstance(change, ConfigItem) or change.type != type_:
                continue
            if change.counted and is_update:
                continue
            if is_concerned or not change.by_call:
                targets.update(_targets(rule, about, ids_in(item, change)))
    return frozenset(targets)


_Called = Mapping[tuple[str, str], Json]
"""API calls by source and name, with the ``detail`` that tells their parameters."""


def _calls_told(about: ResourceType | None, diff: object) -> _Called | None:
    """The API calls that change what a configuration item says has changed.

    None where it may have been anything: Config tells nothing, as of a new, deleted or oversized
    item, or of a property whose call is not known here.
    """
    changed = diff.get("changedProperties") if isinstance(diff, Mapping) else None
    if about is None or not isinstance(diff, Mapping) or diff.get("changeType") != "UPDATE":
        return None
    if not isinstance(changed, Mapping):
        return None
    set_: dict[tuple[str, str], dict[str, None]] = {}
    for path in changed:
        section, _, rest = str(path).lower().partition(".")
        known = about.item_calls
        name = section if section in known else f"{section}.{rest.partition('.')[0]}"
        if name not in known:
            return None
        call = known[name]
        if call is not None:
            set_.setdefault((call.source, call.name), {})[call.parameter] = None
    told = {call: {"requestParameters": parameters} for call, parameters in set_.items()}
    return told or None


def _depends_on(declaration: Declaration, calls: _Called) -> bool:
    return any(
        isinstance(change, ApiCall) and change.matches(source, name) and change.touches(detail)
        for change in changes_of(declaration)
        for (source, name), detail in calls.items()
    )


def _why_nothing(targets: frozenset[Target], item: Json) -> str:
    return "" if targets else f"no rule depends on {item.get('resourceType')}"


def _api_call(
    account: str, region: str, trigger: str, event: Json, evidence: _Evidence
) -> EventTargets:
    detail = _with_objects(event["detail"])
    called = {**event, "detail": detail}
    source, name = detail.get("eventSource"), detail.get("eventName")
    if not isinstance(source, str) or not isinstance(name, str):
        raise MalformedEvent("the API call has no 'detail.eventSource' and 'detail.eventName'")
    origin = _origin(event)
    if detail.get("errorCode"):
        ignored = f"the call {source} {name} failed with {detail['errorCode']}"
        return EventTargets(account, region, frozenset(), trigger, origin, ignored)
    if owner := _other_owner(detail, account):
        ignored = f"the call {source} {name} changed a resource of account {owner}"
        return EventTargets(account, region, frozenset(), trigger, origin, ignored)
    targets: set[Target] = set()
    doubtful: dict[tuple[Asks, frozenset[str]], set[Target]] = {}
    idle = False
    for rule, declaration in evidence:
        for change in changes_of(declaration):
            if not isinstance(change, ApiCall) or not change.matches(source, name):
                continue
            if not change.touches(detail):
                idle = True
                continue
            about, ids = declaration.about, named_by(change, called)
            if ids is None:
                continue
            found = set((_parts if change.ends_parts else _targets)(rule, about, ids))
            if change.asks is None:
                targets |= found
            else:
                doubtful.setdefault((change.asks, declaration.all_reads), set()).update(found)
    doubts = tuple(
        Doubt(asks, allowed, detail, frozenset(found - targets))
        for (asks, allowed), found in doubtful.items()
    )
    targets.update(*doubtful.values())
    what = f"what this {source} {name} set" if idle else f"{source} {name}"
    ignored = "" if targets else f"no rule depends on {what}"
    named = _named(detail)
    return EventTargets(
        account,
        region,
        frozenset(targets),
        trigger,
        origin,
        ignored,
        named=named,
        doubts=doubts,
    )


def _with_objects(detail: Json) -> Json:
    """The detail with what was asked and answered, if it is no object, as nothing at all."""
    odd = {part: None for part in _OBJECTS if not isinstance(detail.get(part), Mapping | None)}
    return {**detail, **odd} if odd else detail


def _named(detail: Json) -> frozenset[str]:
    """The short texts that stand in the request itself, not within a part of it.

    Without those of several lines, and those that no table takes: no name is such a text.
    """
    sent = detail.get("requestParameters")
    texts = sent.values() if isinstance(sent, Mapping) else ()
    return frozenset(islice(filter(_may_be_a_name, texts), _MOST_NAMED))


def _may_be_a_name(text: object) -> bool:
    return isinstance(text, str) and 0 < len(text) <= _LONGEST_NAME and text.isprintable()


def _other_owner(detail: Json, account: str) -> str:
    """The account whose resources the call was about, empty where some may be our own.

    A call of ours that reaches into another account is recorded in both; read by its name, its
    resource would be taken for one of this account.
    """
    resources = detail.get("resources")
    if not isinstance(resources, list):
        return ""
    named = [each.get("accountId") for each in resources if isinstance(each, Mapping)]
    owners = {each for each in named if isinstance(each, str) and each}
    whole = bool(named) and len(named) == len(resources) and all(named)
    return min(owners) if whole and owners and account not in owners else ""


def _from_service(event: Json, detail_type: str, evidence: _Evidence) -> frozenset[Target]:
    detail = event["detail"]
    targets: set[Target] = set()
    for rule, declaration in evidence:
        for change in changes_of(declaration):
            if not isinstance(change, ServiceEvent) or change.detail_type != detail_type:
                continue
            if change.rule and at(detail, change.rule) != rule.id:
                continue
            if not change.matches(detail):
                continue
            if (ids := named_by(change, event)) is not None:
                targets.update(_targets(rule, declaration.about, ids))
    return frozenset(targets)


def _config_rule(event: Json, rules: tuple[Rule, ...]) -> EventTargets:
    invoking = _parsed(event, "invokingEvent")
    parameters = _parsed(event, "ruleParameters") if event.get("ruleParameters") else {}
    kind = invoking.get("messageType")
    account = str(event.get("accountId") or invoking.get("awsAccountId") or "")
    arn = str(event.get("configRuleArn") or "")
    region = arn.split(":")[3] if arn.count(":") >= 5 else ""
    token = str(event.get("resultToken") or "")
    trigger = str(event.get("configRuleName") or "config-rule")
    if kind in (CHANGED, OVERSIZED):
        item = invoking.get("configurationItem") or invoking.get("configurationItemSummary")
        if not isinstance(item, Mapping):
            raise MalformedEvent(f"{kind} without a configuration item")
        targets = _from_item(item, _evidence_in(rules))
        is_named = not any(each.id is None and each.via is None for each in targets)
        is_over = item.get("configurationItemStatus") in _OVER
        request = ConfigRequest(
            token,
            str(item.get("configurationItemCaptureTime") or _notified(invoking)),
            {str(k): str(v) for k, v in parameters.items()},
            str(item.get("resourceType") or ""),
            # Which of all the resources it is about cannot be told.
            str(item.get("resourceId") or "") if is_named or is_over else "",
            bool(event.get("eventLeftScope")) or (is_over and not is_named),
        )
        item_region = str(item.get("awsRegion") or "")
        return EventTargets(
            account or str(item.get("awsAccountId") or ""),
            region or ("" if item_region == GLOBAL else item_region),
            targets,
            trigger,
            config=request,
        )
    if kind == SCHEDULED:
        request = ConfigRequest(
            token, _notified(invoking), {str(k): str(v) for k, v in parameters.items()}
        )
        everything = frozenset(Target(rule.id, None) for rule in rules)
        return EventTargets(account, region, everything, trigger, config=request)
    if kind == SNAPSHOT:
        return EventTargets(account, region, ignored="a snapshot delivery changes nothing")
    raise MalformedEvent(f"unknown messageType {kind!r} in 'invokingEvent'")


def _notified(invoking: Json) -> str:
    return str(invoking.get("notificationCreationTime") or "")


def _parsed(event: Json, name: str) -> dict[str, Any]:
    text = event[name]
    try:
        parsed = json.loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError) as error:
        raise MalformedEvent(f"{name!r} is not JSON: {error}") from None
    if not isinstance(parsed, dict):
        raise MalformedEvent(f"{name!r} is not a JSON object")
    return parsed


def _text(event: Json, name: str) -> str:
    value = event.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedEvent(f"the event has no {name!r}")
    return value


def _origin(event: Json) -> Origin:
    """Who called what, as CloudTrail tells.

    Nobody but AWS can put events whose ``source`` begins with ``aws.``, but for the partners of
    EventBridge, whose begin with ``aws.partner/``. A principal in any other is whatever its sender
    wrote, and is marked.
    """
    detail = event["detail"]
    by = _principal(detail)
    source = str(event.get("source", ""))
    if not source.startswith("aws.") or source.startswith(_OF_A_PARTNER):
        by = f"{UNVERIFIED}: {by}" if by else UNVERIFIED
    texts = (detail.get(name) for name in ("eventName", "eventTime", "eventID"))
    call, moment, id = (text if isinstance(text, str) else "" for text in texts)
    return Origin(by, call, moment, id, EVENT)


def _principal(detail: Json) -> str:
    """The ARN of who called, or the service; else all that tells them apart.

    Callers of another account, federated ones and those of IAM Identity Center have no ARN.
    Source: "CloudTrail userIdentity element" in the CloudTrail user guide.
    """
    named = (at(detail, f"userIdentity.{path}") for path in _PRINCIPALS)
    if (principal := next(filter(None, named), None)) is not None:
        return str(principal)
    kind, account = (at(detail, f"userIdentity.{name}") for name in ("type", "accountId"))
    named = (at(detail, f"userIdentity.{path}") for path in _CALLERS)
    caller = next(filter(None, named), None)
    where = f"of account {account}" if account else ""
    return " ".join(str(each) for each in (kind, caller, where) if each)
