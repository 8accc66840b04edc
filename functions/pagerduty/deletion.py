"""Resolves the incidents of the stack before CloudFormation deletes it.

When the stack is made or updated, its parameters are tried (parameters.py).
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from functions.pagerduty.in_time import InTime, OutOfTime
from functions.pagerduty.parameters import refused
from functions.pagerduty.telemetry import log
from functions.pagerduty.watchers import Watchers
from readiness.alerting.incidents import CLOSING_FOR, MARK, Incidents
from readiness.alerting.resolving import NO_TIME, Resolver
from readiness.engine.aws_errors import name_of
from readiness.model.text import clean, error_text, plural

MOST_ATTEMPTS = 3
"""Lambda makes an asynchronous invocation that fails twice more; the last one has to answer."""
TIMEOUT_SECONDS = 10
TO_ANSWER = TIMEOUT_SECONDS + 1.0
TO_PUBLISH = TO_ANSWER + 7.0
TO_TELL = TO_PUBLISH + 2.0
"""Seconds that the answer needs, and what comes before it: a message, and a list for it."""
MOST_REASON = 400
"""Characters, of the 4,096 bytes that CloudFormation takes: a longer answer is none."""
UNREADABLE_MARK = "the mark of an incident cannot be read"
REFUSED = "/refused"
"""The end of the physical id of a resource that was refused when it was made."""
_LOOPBACK = {"127.0.0.1", "localhost"}


class StillOpen(Exception):
    """Incidents are left and the time is over: the invocation is made again."""


class NotDeleting(Exception):
    """CloudFormation is not at work on the stack: somebody else asks to silence it."""


def answer(
    event: Mapping[str, Any],
    incidents: Incidents,
    resolver: Resolver,
    cloudformation: Callable[[], Any],
    watchers: Watchers,
    in_time: InTime,
) -> None:
    """Do what the custom resource asks and tell CloudFormation that it is done.

    A deletion is never refused: ``watchers`` are told what is left open, and what hangs is left
    ``in_time`` for the answer. Nor is a rollback refused, to whatever the stack had before;
    ``cloudformation`` makes the client that tells. Parameters that make no sense fail the
    deployment, which would otherwise page at night, or the wrong service.
    Whoever may invoke functions could ask for a deletion too, and pages would stop: a stack that
    is at rest deletes nothing. Where that cannot be told, it is taken for a deletion. An update
    that takes the resource out, as the rollback of the one that brought it, leaves a stack whose
    findings stay open, and so do their incidents.
    Raises StillOpen and NotDeleting.
    """
    if str(event.get("PhysicalResourceId", "")).endswith(REFUSED):
        # An update that made this resource was refused, and is rolled back: the stack stays.
        _respond(event, "")
        return
    if event["RequestType"] == "Delete" and _stays(cloudformation, resolver.stack):
        log.warning("the stack stays, without this resource, and so do its incidents")
        _respond(event, "")
        return
    reason = "" if event["RequestType"] == "Delete" else _refusal(event)
    if reason and _is_rolled_back(cloudformation, resolver.stack):
        log.warning("the rollback leads to parameters of no use", extra={"reason": reason})
    elif reason:
        _respond(event, reason, failed=True)
        return
    reason = ""
    try:
        if event["RequestType"] == "Delete":
            reason = _delete(incidents, resolver, in_time)
        else:
            incidents.close(until=None)
    except StillOpen:
        raise
    except Exception as error:
        # Whatever it is, CloudFormation would wait an hour for an answer, and then refuse.
        reason = error_text(error)
        log.error("incidents could not be resolved", extra={"reason": reason})
    if event["RequestType"] == "Delete" and (reason or resolver.store.unreadable):
        _tell(watchers, resolver, reason, in_time)
    _respond(event, reason)


def _refusal(event: Mapping[str, Any]) -> str:
    """Why the parameters are refused; also where they cannot be tried, which is a bug."""
    try:
        return refused(event.get("ResourceProperties") or {})
    except Exception as error:
        log.exception("the parameters could not be tried")
        return f"the parameters could not be tried: {error_text(error)}"


def _is_rolled_back(cloudformation: Callable[[], Any], stack: str) -> bool:
    """Whether CloudFormation is undoing an update: a refusal would leave the stack half undone.

    The request itself looks like any update. Where it cannot be told it is taken for one.
    """
    return "ROLLBACK" in _status(cloudformation, stack)


def _stays(cloudformation: Callable[[], Any], stack: str) -> bool:
    """Whether an update takes the resource out of a stack that stays.

    Raises NotDeleting where CloudFormation does nothing with the stack, or there is none of ours.
    """
    # The id in the request is the sender's word: the role may not ask about any other stack.
    status = _status(cloudformation, stack)
    if status and not status.endswith("_IN_PROGRESS"):
        log.error("asked to end all incidents, and the stack is not deleted")
        raise NotDeleting(f"CloudFormation is not at work on {stack}")
    return status.startswith("UPDATE_")


def _status(cloudformation: Callable[[], Any], stack: str) -> str:
    """The status of the stack; ``NONE`` for one that does not exist, empty if it is not known."""
    try:
        [about] = cloudformation().describe_stacks(StackName=stack)["Stacks"]
    except (BotoCoreError, ClientError) as error:
        log.error("the state of the stack cannot be read", extra={"reason": error_text(error)})
        return "NONE" if name_of(error) == "ValidationError" else ""
    return str(about["StackStatus"])


def _delete(incidents: Incidents, resolver: Resolver, in_time: InTime) -> str:
    until = datetime.now(UTC) + CLOSING_FOR
    attempt = in_time.do(lambda: incidents.close(until=until), TO_TELL)
    try:
        results = in_time.do(lambda: list(resolver.run()), TO_TELL)
    except (BotoCoreError, ClientError, OutOfTime) as error:
        if attempt < MOST_ATTEMPTS:
            raise StillOpen(error_text(error)) from error
        raise
    failed = [each for each in results if not each.ok]
    log.info("incidents resolved", extra={"resolved": len(results) - len(failed)})
    for key, why in resolver.store.unreadable.items():
        log.error(
            "a mark cannot be read: its incident is left open", extra={"row": key, "why": why}
        )
    if not failed:
        return ""
    many = plural(len(failed), "incident")
    reason = f"{many} could not be resolved; the first: {failed[0].reason}"
    # Without progress another attempt would end the same way, and keep the stack for nothing.
    goes_on = len(failed) < len(results) and failed[-1].reason == NO_TIME
    if goes_on and attempt < MOST_ATTEMPTS:
        raise StillOpen(reason)
    log.error("incidents are left open", extra={"reason": reason})
    return reason


def _tell(watchers: Watchers, resolver: Resolver, reason: str, in_time: InTime) -> None:
    """Of everything that still has a mark; also where it cannot be listed what has."""
    left, is_known = [], True
    try:
        left = in_time.do(lambda: list(resolver.open()), TO_PUBLISH)
    except Exception as error:
        # Whatever it is, CloudFormation still waits for its answer.
        is_known = False
        log.error("what is left open cannot be listed", extra={"reason": error_text(error)})
    unknown = sum(key.startswith(MARK) for key in tuple(resolver.store.unreadable))
    if not (left or unknown or not is_known):
        return
    why = reason or UNREADABLE_MARK
    try:
        in_time.do(lambda: watchers.left_open(resolver.stack, why, left, unknown), TO_ANSWER)
    except OutOfTime as error:
        log.error("the watchers could not be told", extra={"reason": error_text(error)})


def _respond(event: Mapping[str, Any], reason: str, *, failed: bool = False) -> None:
    """Put the answer where CloudFormation waits for it."""
    url = str(event["ResponseURL"])
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise ValueError("CloudFormation waits for its answer at an https URL")
    made = f"incidents/{event['StackId']}" + (REFUSED if failed else "")
    body = {
        "Status": "FAILED" if failed else "SUCCESS",
        "Reason": clean(reason, MOST_REASON) or "Done",
        "PhysicalResourceId": event.get("PhysicalResourceId") or made,
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    # The URL is signed for a request without a content type.
    request = urllib.request.Request(  # noqa: S310 — the scheme was checked
        url,
        data=json.dumps(body, ensure_ascii=False).encode(),
        headers={"Content-Type": ""},
        method="PUT",
    )
    handlers = [urllib.request.ProxyHandler({})] if parts.hostname in _LOOPBACK else []
    with urllib.request.build_opener(*handlers).open(request, timeout=TIMEOUT_SECONDS):
        pass
