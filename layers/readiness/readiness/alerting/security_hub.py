"""Findings sent to Security Hub as they change, beside the alerts and never in their way.

A row says that a finding changed; it is written when the transition is settled and removed after
Security Hub has taken the finding as it stands then. What is not taken stays, and is sent again by
the republishing schedule. Rows of the transitions table, which the stream passes over:
``finding_id`` is ``security-hub``, ``at`` the finding's id; and ``security-hub#state`` with ``at``
``off`` while Security Hub is not enabled.

Source: API reference of BatchImportFindings, and "Guidelines for using the BatchImportFindings
API" of its partner guide: 100 findings and 6 MB a call, 240 kB a finding.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from readiness.alerting.asff import MOST_BYTES, Place, finding_of, is_settled
from readiness.engine.attribute_values import deserialise_own, serialise
from readiness.engine.aws import CONFIG
from readiness.engine.aws_errors import code_of, is_condition_failure
from readiness.engine.rows import Entry, UnreadableRow
from readiness.engine.store import Store
from readiness.model.finding import iso
from readiness.model.resource import Resource
from readiness.model.text import clean, error_text

HUB_CONFIG = CONFIG.merge(
    Config(
        connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2}
    )
)
"""What fails is tried again in minutes, and must not hold up the next page meanwhile."""
WAITING = "security-hub"
MOST_FINDINGS = 100
MOST_REQUEST = 5_000_000
"""Bytes of the findings of a call: the limit is 6 MB."""
KEPT_FOR = timedelta(days=40)
PAUSE = timedelta(minutes=5)
"""For how long the stream's reader does not try, after a call that failed as a whole."""
_STATE = {"finding_id": {"S": "security-hub#state"}, "at": {"S": "off"}}
_NOT_ENABLED = "InvalidAccessException"
_UNFIT = {"InvalidInputException", "ValidationException", "RequestEntityTooLargeException"}
_TOO_LARGE = 413
_PASSING = (
    "internal",
    "throttl",
    "limitexceeded",
    "toomany",
    "unavailable",
    "timeout",
    "concurren",
)
"""Parts of the error codes of single findings after which another try may succeed."""


@dataclass(frozen=True, slots=True)
class Change:
    """A finding that has to be sent; ``token`` tells this note from a later one."""

    finding_id: str
    resource: str
    rule: str
    changed_at: str
    token: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A finding that Security Hub will not take however often it is sent."""

    finding_id: str
    code: str
    message: str


@dataclass
class Outcome:
    """What became of a round. ``failed`` are the reasons of what is tried again.

    ``not_enabled`` is only true the first time that Security Hub says so.
    """

    sent: int = 0
    waiting: int = 0
    refused: list[Refused] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    not_enabled: bool = False


@dataclass(frozen=True, slots=True)
class _Made:
    change: Change
    finding: Mapping[str, Any]
    size: int


class SecurityHub:
    """What has changed, and the calls that tell Security Hub of it."""

    def __init__(
        self,
        store: Store,
        client: Callable[[], Any],
        place: Place,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._client_of = client
        self._client: Any = None
        self._details: frozenset[str] = frozenset()
        self._place = place
        self._now = now
        self._noted: dict[str, Change] = {}
        self._not_before: datetime | None = None
        self._was_off = True

    def note(self, entry: Entry) -> None:
        """Have the finding of a transition sent. Raises botocore's errors.

        Also after those it is sent by this invocation, if that gets so far.
        """
        change = Change(
            entry.finding_id, entry.resource, entry.rule, entry.at, token=uuid.uuid4().hex
        )
        self._noted[change.finding_id] = change
        self._store.client.put_item(TableName=self._table, Item=self._row(change))

    def send_noted(self, has_time: Callable[[], bool]) -> Outcome:
        """Send what was noted since the last time, unless a call has just failed."""
        noted, self._noted = self._noted, {}
        if self._not_before is not None and self._now() < self._not_before:
            return Outcome()
        return self._send(noted.values(), has_time)

    def send_waiting(self, has_time: Callable[[], bool]) -> Outcome:
        """Send everything that waits."""
        self._noted = {}
        return self._send(self._waiting(), has_time)

    # -- calls --------------------------------------------------------------------------------

    def _send(self, changes: Iterable[Change], has_time: Callable[[], bool]) -> Outcome:
        outcome = Outcome()
        for batch in self._batches(changes, outcome):
            if not has_time() or not self._import(batch, outcome, has_time):
                break
        return outcome

    def _batches(self, changes: Iterable[Change], outcome: Outcome) -> Iterator[list[_Made]]:
        batch: list[_Made] = []
        size = 0
        for change in changes:
            made = self._made(change, outcome)
            if made is None:
                continue
            if batch and (len(batch) == MOST_FINDINGS or size + made.size > MOST_REQUEST):
                yield batch
                batch, size = [], 0
            batch.append(made)
            size += made.size
        if batch:
            yield batch

    def _made(self, change: Change, outcome: Outcome) -> _Made | None:
        """The finding as it is now; None for one that is no more, or cannot be sent."""
        try:
            resource = Resource.parse(change.resource)
            finding = self._store.get(resource, change.rule)
        except (UnreadableRow, ValueError) as error:
            self._refuse(change, type(error).__name__, str(error), outcome)
            return None
        if finding is None:
            self._done(change)
            return None
        if resource.account != self._place.account:
            why = f"it is about account {resource.account}, which has a product of its own"
            self._refuse(change, "OtherAccount", why, outcome)
            return None
        types = self._known_types()
        try:
            made = finding_of(self._place, finding, types)
        except Exception as error:  # one odd finding must not hold up the others for ever
            self._refuse(change, type(error).__name__, str(error), outcome)
            return None
        # A waiver changes a finding that nobody observed anew.
        made["UpdatedAt"] = max(made["UpdatedAt"], change.changed_at)
        if is_settled(finding):
            # Whatever is sent has been open or unknown. Workflow is ignored in updates, so that
            # only this takes it off the list of what is open.
            made["RecordState"] = "ARCHIVED"
        size = len(json.dumps(made).encode())
        if size >= MOST_BYTES:
            self._refuse(change, "TooLarge", f"it has {size} bytes", outcome)
            return None
        return _Made(change, made, size)

    def _import(
        self, batch: Sequence[_Made], outcome: Outcome, has_time: Callable[[], bool]
    ) -> bool:
        """Send a batch, in halves where one makes it unfit; False where no more is to be sent."""
        try:
            answer = self._hub().batch_import_findings(Findings=[each.finding for each in batch])
        except ClientError as error:
            if not _is_unfit(error):
                return self._stop(error, len(batch), outcome)
            if len(batch) == 1:
                said = error.response["Error"]
                self._refuse(batch[0].change, said.get("Code", ""), str(error), outcome)
                return True
            middle = len(batch) // 2
            return (
                self._import(batch[:middle], outcome, has_time)
                and has_time()
                and self._import(batch[middle:], outcome, has_time)
            )
        except BotoCoreError as error:
            return self._stop(error, len(batch), outcome)
        self._not_before = None
        self._settle(batch, answer, outcome)
        if self._was_off:
            self._store.client.delete_item(TableName=self._table, Key=_STATE)
            self._was_off = False
        return True

    def _settle(self, batch: Sequence[_Made], answer: Mapping[str, Any], outcome: Outcome) -> None:
        failed = {each.get("Id"): each for each in answer.get("FailedFindings", ())}
        known = {each.finding["Id"] for each in batch} & set(failed)
        # Failures that name no finding of the batch could be any of it.
        is_vague = int(answer.get("FailedCount", 0)) > len(known) or set(failed) - known
        for each in batch:
            said = failed.get(each.finding["Id"])
            if said is not None:
                code, message = str(said.get("ErrorCode", "")), str(said.get("ErrorMessage", ""))
                if any(part in code.lower() for part in _PASSING):
                    self._keep([f"{code}: {message}"], 1, outcome)
                else:
                    self._refuse(each.change, code, message, outcome)
            elif is_vague:
                self._keep(["Security Hub did not say which findings failed"], 1, outcome)
            else:
                outcome.sent += 1
                self._done(each.change)

    def _stop(self, error: Exception, number: int, outcome: Outcome) -> bool:
        """The call failed as a whole: everything waits."""
        self._not_before = self._now() + PAUSE
        outcome.waiting += number
        if isinstance(error, ClientError) and code_of(error) == _NOT_ENABLED:
            outcome.not_enabled = self._note_off()
            return False
        self._keep([error_text(error)], 0, outcome)
        return False

    def _keep(self, reasons: list[str], number: int, outcome: Outcome) -> None:
        outcome.waiting += number
        outcome.failed += [clean(each, 300) for each in reasons]

    def _refuse(self, change: Change, code: str, message: str, outcome: Outcome) -> None:
        outcome.refused.append(Refused(change.finding_id, code, clean(message, 500)))
        self._done(change)

    def _hub(self) -> Any:
        if self._client is None:
            self._client = self._client_of()
        return self._client

    def _known_types(self) -> frozenset[str]:
        if not self._details:
            self._details = types_with_details(self._hub())
        return self._details

    # -- rows ---------------------------------------------------------------------------------

    @property
    def _table(self) -> str:
        return self._store.transitions_table

    def _row(self, change: Change) -> dict[str, Any]:
        return _key(change.finding_id) | serialise(
            {
                "kind": "SECURITY_HUB",
                "resource": change.resource,
                "rule": change.rule,
                "changed_at": change.changed_at,
                "token": change.token,
                "expires_at": int((self._now() + KEPT_FOR).timestamp()),
            }
        )

    def _waiting(self) -> Iterator[Change]:
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "finding_id = :f",
            "ExpressionAttributeValues": {":f": {"S": WAITING}},
            "ConsistentRead": True,
        }
        while True:
            page = self._store.client.query(**query)
            for item in page["Items"]:
                row = {name: str(value) for name, value in deserialise_own(item).items()}
                said = [row.get(each, "") for each in ("resource", "rule", "changed_at", "token")]
                yield Change(row["at"], *said)
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _done(self, change: Change) -> None:
        """Remove the row, unless the finding was noted again meanwhile.

        Where it is gone, another invocation has sent the finding, perhaps in a newer state and
        perhaps before this one: it is noted again, so that the last that is sent is the newest.
        """
        try:
            self._store.client.delete_item(
                TableName=self._table,
                Key=_key(change.finding_id),
                ConditionExpression="#t = :t",
                ExpressionAttributeNames={"#t": "token"},
                ExpressionAttributeValues={":t": {"S": change.token}},
            )
        except ClientError as error:
            if not is_condition_failure(error):
                raise
            self._store.put_once(self._row(change))

    def _note_off(self) -> bool:
        """Note that Security Hub is not enabled; False where that was noted before."""
        self._was_off = True
        return self._store.put_once(_STATE | serialise({"since": iso(self._now())}))


def types_with_details(client: Any) -> frozenset[str]:
    """The resource types that have details in the SDK's model of Security Hub."""
    return frozenset(client.meta.service_model.shape_for("ResourceDetails").members)


def _key(finding_id: str) -> dict[str, Any]:
    return {"finding_id": {"S": WAITING}, "at": {"S": finding_id}}


def _is_unfit(error: ClientError) -> bool:
    """Whether the request is refused for what stands in it."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return code_of(error) in _UNFIT or status == _TOO_LARGE
