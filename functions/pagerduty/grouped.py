"""Findings that share one incident: PagerDuty is told of the group, and of its end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from functions.pagerduty.queue import Later, Queue
from functions.pagerduty.sender import RouteGone, Sender, note_gone
from functions.pagerduty.wording import Wording
from readiness.alerting.groups import TELL_EVERY, Group, Groups
from readiness.alerting.incidents import Incident
from readiness.alerting.pagerduty_event import resolve_event
from readiness.alerting.severity import pages
from readiness.model.finding import Finding, finding_id


class Grouped:
    """Sends one incident for a group of findings, and resolves it when the last one leaves.

    ``now`` tells the time, in UTC.
    """

    def __init__(
        self,
        groups: Groups,
        queue: Queue,
        sender: Sender,
        wording: Wording,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._groups = groups
        self._queue = queue
        self._sender = sender
        self._wording = wording
        self._now = now

    def tell(self, record: SQSRecord, finding: Finding, group: Group) -> bool:
        """Whether PagerDuty knows the group with all its findings.

        A new group is sent at once. Findings that join later wait until the count may be sent
        again, once for all of them. Raises Later.
        """
        if group.is_told:
            return True
        if not group.may_be_told(self._now()):
            self._queue.postpone(record, TELL_EVERY.total_seconds())
            raise Later("the group was told of a moment ago")
        said = self._wording.of_group(finding, group)
        id = finding_id(finding.resource, finding.rule)
        try:
            told = self._sender.tell(record, id, said, group.route)
        except RouteGone as gone:
            note_gone(id, gone)
            group = self._groups.reroute(group, "")
            told = self._sender.tell(record, id, said, "")
        if not told:
            return False
        self._groups.note_told(group)
        return True

    def leave(self, record: SQSRecord, known: Incident, finding: Finding | None) -> bool:
        """Take a finding out of its group, and resolve the incident if it was the last one.

        Whether PagerDuty took that, or there was nothing to tell. Raises Later.
        """
        group = self._groups.leave(known)
        if not self._groups.close(known.group):
            return True
        said = resolve_event(known.dedup_key)
        if finding is not None and not pages(finding, self._wording.lowest):
            said = self._wording.of(finding, known.dedup_key) | said
        route = group.route if group is not None else known.route
        since = group.began_at if group is not None else known.since
        self._sender.end_before(record, known, group.before if group is not None else "", since)
        return self._sender.tell(record, known.finding_id, said, route, since)
