"""The findings as they are now, written together with their transitions."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from readiness.engine.aws_errors import code_of
from readiness.engine.findings_table import FindingsTable
from readiness.engine.garbled import Garbled
from readiness.engine.rows import to_item, transition_item
from readiness.model.finding import Finding, iso, parse_iso
from readiness.model.resource import Resource
from readiness.model.transition import BLIND_AFTER, NOTHING, Change, Transition, decide, reconsider
from readiness.model.waiver import NO_WAIVERS, Known

_ATTEMPTS = 6
_BACKOFF = 0.1
"""Seconds; the SDK has waited too, except for a transaction that was cancelled."""
_PASSING = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionCanceledException",
    "TransactionInProgressException",
}
_RIVALS = {"ConditionalCheckFailed", "TransactionConflict"}
_REFUSED = {"ItemCollectionSizeLimitExceeded", "ValidationError"}
"""Reasons of a cancelled transaction: another writer, and what no other try would cure."""
_UNANSWERED = (ConnectionError, Garbled, HTTPClientError)


class Unwritable(Exception):
    """A finding that cannot be written as it is; the others can."""


class Contended(Unwritable):
    """Others kept writing the same finding; the next event or the sweep corrects it."""


class Unavailable(Unwritable):
    """The tables kept refusing to write, as when they are throttled."""


class Overtaken(Exception):
    """Another run wrote the finding since its version was read; ``stored`` is what it wrote."""

    def __init__(self, stored: Finding | None) -> None:
        super().__init__(stored)
        self.stored = stored


class Store(FindingsTable):
    """The findings table, and the transitions that belong to its changes.

    ``client`` is a DynamoDB client. ``record`` is safe against duplicates, reordering and
    concurrent writers: it writes only over the state it decided from, which the ``version`` of
    the row tells; a row without one is version 0, known by the time it was observed at. The
    digest would not do, because another version of this code may compute it differently, and
    clocks would not, because those of several hosts differ.

    Whoever writes through ``record`` writes under the ``waivers``, so that index, alerts and scan
    agree on what is open.
    """

    def __init__(
        self,
        client: Any,
        findings: str,
        transitions: str,
        *,
        wait: Callable[[float], None] = time.sleep,
        waivers: Known = lambda: NO_WAIVERS,
        blind_after: timedelta = BLIND_AFTER,
    ) -> None:
        super().__init__(client, findings, transitions)
        self._waivers = waivers
        self._blind_after = blind_after
        self._wait = wait

    def record(self, seen: Finding, stored: Finding | None, *, follows: bool = False) -> Change:
        """Write what changed, if anything, and say what was written.

        ``stored`` is what the caller read. ``follows`` says that it was read before anything that
        ``seen`` rests on: then only another writer can be newer, and the caller has to look again.
        Without it the times decide, again for each state that another writer leaves.

        Raises Overtaken with ``follows``, Contended without when that goes on and on, Unwritable
        for a finding that the table refuses, Unavailable where it does not take any, and
        UnreadableRow.
        """
        for attempt in range(_ATTEMPTS):
            change = self._decided(stored, seen, follows=follows)
            if change.finding is None:
                return change
            change = _counted(change, stored)
            if self._write(change, stored):
                return change
            found = self.get(seen.resource, seen.rule)
            if _is_same(found, stored):
                # A transaction that met another one: which of them was written, if any, is open.
                self._back_off(attempt)
            elif follows:
                raise Overtaken(found)
            stored = found
        raise Contended(f"{seen.resource.key} {seen.rule}")

    def _decided(self, stored: Finding | None, seen: Finding, *, follows: bool) -> Change:
        return decide(
            stored, seen, follows=follows, waivers=self._waivers, blind_after=self._blind_after
        )

    def reconsider(self, stored: Finding, now: Callable[[], datetime]) -> Change:
        """Bring a stored finding under the waivers as they are now; nothing was observed.

        ``stored`` may come from an index: what has to change is read again before it is written.

        Raises Contended, Unwritable, Unavailable and UnreadableRow.
        """
        decided = reconsider(stored, now(), self._waivers)
        if decided.finding is None:
            return decided

        def again(row: Finding | None) -> Change:
            return reconsider(row, now(), self._waivers) if row is not None else NOTHING

        return self.change_at(stored.resource, stored.rule, again)

    def change_at(
        self, resource: Resource, rule: str, decided: Callable[[Finding | None], Change]
    ) -> Change:
        """Write what is decided of the row of a resource and a rule, again if others write it.

        Raises Contended, Unwritable, Unavailable and UnreadableRow.
        """
        for _ in range(_ATTEMPTS):
            stored = self.get(resource, rule)
            change = _counted(decided(stored), stored)
            if change.finding is None or self._write(change, stored):
                return change
        raise Contended(f"{resource.key} {rule}")

    def _write(self, change: Change, stored: Finding | None) -> bool:
        """Write a change over ``stored``, with retries; False where another writer was faster.

        Raises Unwritable and Unavailable.
        """
        finding = change.finding
        if finding is None:
            raise ValueError("nothing to write")
        name, failed = f"{finding.resource.key} {finding.rule}", ""
        transition = change.transition
        for attempt in range(_ATTEMPTS):
            try:
                self._write_once(finding, transition, stored)
            except (TypeError, ValueError) as error:
                raise Unwritable(f"{name}: {error}") from error
            except ClientError as error:
                if transition is not None and _is_moment_taken(error):
                    transition = self._after_the_last(transition)
                    continue
                if _lost_the_race(error):
                    return False
                failed = _passing(name, error)
            except _UNANSWERED as error:
                # Whether it was written is unknown: the next attempt's condition tells.
                failed = type(error).__name__
            else:
                return True
            self._back_off(attempt)
        raise Unavailable(f"{name}: the table did not take it {_ATTEMPTS} times ({failed})")

    def _after_the_last(self, transition: Transition) -> Transition:
        """The transition a moment after all that is known of the finding.

        Where a host whose clock is ahead wrote the row, a waiver and what is observed after it
        come to the same moment after that.
        """
        last = [parse_iso(entry.at) for entry in self.history(transition.finding.id)]
        at = max([transition.at, *last]) + timedelta(milliseconds=1)
        return replace(transition, at=at)

    def _back_off(self, attempt: int) -> None:
        self._wait(_BACKOFF * 2**attempt * random.uniform(0.5, 1))  # noqa: S311

    def _write_once(
        self, finding: Finding, transition: Transition | None, stored: Finding | None
    ) -> None:
        put = {"TableName": self._findings, "Item": to_item(finding), **_over(stored)}
        if transition is None:
            self._client.put_item(**put)
            return
        outbox = {
            "TableName": self._table,
            "Item": transition_item(transition),
            "ConditionExpression": "attribute_not_exists(finding_id)",
        }
        self._client.transact_write_items(TransactItems=[{"Put": put}, {"Put": outbox}])


def _counted(change: Change, stored: Finding | None) -> Change:
    """The change with the version of the row that it makes."""
    if change.finding is None:
        return change
    version = (stored.version if stored is not None else 0) + 1
    return replace(change, finding=change.finding.but(version=version))


def _over(stored: Finding | None) -> dict[str, Any]:
    """The condition that the row still is what was read."""
    if stored is None:
        return {
            "ConditionExpression": "attribute_not_exists(#r)",
            "ExpressionAttributeNames": {"#r": "resource"},
        }
    if stored.version:
        return {
            "ConditionExpression": "#v = :v",
            "ExpressionAttributeNames": {"#v": "version"},
            "ExpressionAttributeValues": {":v": {"N": str(stored.version)}},
        }
    return {
        "ConditionExpression": "attribute_not_exists(#v) AND last_observed_at = :t",
        "ExpressionAttributeNames": {"#v": "version"},
        "ExpressionAttributeValues": {":t": {"S": iso(stored.last_observed_at)}},
    }


def _is_of_the_server(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return isinstance(status, int) and status >= 500


def _is_same(found: Finding | None, stored: Finding | None) -> bool:
    """Whether nobody has written the row since it was read."""
    if found is None or stored is None:
        return found is stored
    read = (stored.version, stored.last_observed_at)
    return (found.version, found.last_observed_at) == read


def _lost_the_race(error: ClientError) -> bool:
    code = code_of(error)
    return code == "ConditionalCheckFailedException" or bool(_reasons(error) & _RIVALS)


def _passing(name: str, error: ClientError) -> str:
    """The code of what another try may cure. Raises Unwritable for the finding, or the error."""
    code = code_of(error)
    if code == "ValidationException" or _reasons(error) & _REFUSED:
        raise Unwritable(f"{name}: {error}") from error
    if code not in _PASSING and not _is_of_the_server(error):
        raise error
    return code


def _is_moment_taken(error: ClientError) -> bool:
    """Whether the row still is what was read, and only the history has that moment already."""
    return _reasons_of_each(error) == ["None", "ConditionalCheckFailed"]


def _reasons(error: ClientError) -> set[str]:
    """Why a transaction was cancelled; nothing where DynamoDB does not say, or for other calls."""
    return set(_reasons_of_each(error))


def _reasons_of_each(error: ClientError) -> list[str]:
    if code_of(error) != "TransactionCanceledException":
        return []
    return [str(each.get("Code")) for each in error.response.get("CancellationReasons") or ()]
