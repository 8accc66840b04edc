"""The end of a sweep: which baselines it ended, and the one message about what it found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from functions.alerts.telemetry import log, metrics
from readiness.alerting.baseline_message import baseline_message, upgrade_message
from readiness.alerting.incidents import since_opened
from readiness.alerting.routing import Routing
from readiness.engine.store import Store
from readiness.engine.sweeps import PENDING, SWEPT, Sweeps
from readiness.model.finding import Finding, iso, parse_iso
from readiness.model.origin import SWEEP
from readiness.model.transition import Kind


@dataclass(frozen=True, slots=True)
class Swept:
    """The rules of a heading (or the heading) whose baseline a sweep ended.

    ``is_first`` tells that the heading had never been swept before.
    """

    names: list[str]
    is_first: bool


class Baselines:
    """Records sweeps. ``send`` publishes a message to the topic of the alerts."""

    def __init__(
        self,
        store: Store,
        sweeps: Sweeps,
        *,
        send: Callable[[Mapping[str, Any]], None],
        unseen: Callable[[], list[str]],
        stack: str,
    ) -> None:
        self._store = store
        self._sweeps = sweeps
        self._send = send
        self._unseen = unseen
        self._stack = stack

    def complete(
        self,
        sweep: Mapping[str, Any],
        account: str,
        region: str,
        enough: Callable[[], bool] = lambda: False,
    ) -> dict[str, Any]:
        """Record a sweep; for headings that it was the first of, tell once what they found.

        ``enough`` says that the rest of the time is needed for telling and recording.
        """
        now = datetime.now(UTC)
        results = sweep["headings"]
        completed = [result["heading"] for result in results if result["completed"]]
        failed = [result["heading"] for result in results if not result["completed"]]
        past = self._sweeps.ended()
        swept = [self._end_baselines(r, now, sweep["id"], past) for r in results if r["completed"]]
        first = [name for each in swept if each.is_first for name in each.names]
        if first:
            headings = sorted({name.partition(".")[0] for name in first})
            found = self._open_by_severity(account, lambda f: _is_of(f.rule, first))
            unseen = self._unseen()
            self._send(baseline_message(headings, found, account, region, self._stack, unseen))
        self._tell_upgrade(sweep, swept, past, account, region, enough)
        self._sweeps.complete(sweep["id"], now, completed=completed, failed=failed)
        log.info("swept", extra={"sweep": sweep["id"], "completed": len(completed)})
        if failed:
            metrics.add_metric("FailedHeadings", MetricUnit.Count, len(failed))
            errors = {r["heading"]: r.get("error", "") for r in results if not r["completed"]}
            log.error("headings could not be swept", extra={"sweep": sweep["id"], **errors})
        ended = sorted({name.partition(".")[0] for name in first})
        return {"completed": completed, "failed": failed, "baseline_ended": ended}

    def _end_baselines(
        self, result: Mapping[str, Any], now: datetime, sweep: str, past: Mapping[str, Any]
    ) -> Swept:
        """End the baseline of the rules that a completed heading has really covered.

        A leg of an older version does not name its rules: then the heading as a whole is meant.
        """
        heading = str(result["heading"])
        answer = result.get("answer") or {}
        release = str(answer.get("release", ""))
        unlisted = set(answer.get("unlisted") or ())
        rules: Mapping[str, str] = answer.get("rules") or {heading: ""}
        known = [past[name] for name in (heading, *rules) if name in past]
        is_first = all(row.get("ended_by") == sweep for row in known)
        self._note_rollback(heading, rules, release, past)
        names = [
            name
            for name, type_ in sorted(rules.items())
            if type_ not in unlisted
            and not _is_settled(past.get(name), sweep, release)
            and self._sweeps.end_baseline(name, now, sweep, release)
        ]
        return Swept(names, is_first=is_first)

    def _note_rollback(
        self, heading: str, rules: Collection[str], release: str, past: Mapping[str, Any]
    ) -> None:
        """Let what a newer version had come back as an upgrade, which is told in one digest.

        A rule that this version does not have was swept by none that counts. A version that waits
        for its first sweep, however long ago it was first heard of, waits anew.
        """
        if heading in rules:  # the leg is of an older version, and names no rules
            return
        for name, row in past.items():
            if name.partition(".")[0] != heading or name == heading:
                continue
            if name not in rules:
                forgotten = {*SWEPT, *PENDING} & row.keys()
            elif row.get("release") == release != row.get("pending", release):
                forgotten = {*PENDING} & row.keys()
            else:
                continue
            if forgotten:
                self._sweeps.forget(name, sorted(forgotten))

    def _tell_upgrade(
        self,
        sweep: Mapping[str, Any],
        swept: Iterable[Swept],
        past: Mapping[str, Any],
        account: str,
        region: str,
        enough: Callable[[], bool],
    ) -> None:
        """One digest of what new rules found, and changed ones that nobody was told of.

        Of what was open before, the history tells. Where there is not the time to ask for all of
        them, some are missing in the digest; without it all would be, and the sweep too.
        """
        unasked: list[str] = []

        names = [name for each in swept if not each.is_first for name in each.names if "." in name]
        new = {name for name in names if _is_new(name, past, sweep["id"])}
        started = sweep.get("started_at")
        began = iso(parse_iso(str(started)) if started else datetime.now(UTC))

        def is_told(finding: Finding) -> bool:
            if finding.rule in new:
                return True
            if finding.rule not in names:
                return False
            # What the sweep found has a time of Lambda. A host whose clock is ahead adds at most
            # findings that were sent one by one too.
            opened = finding.opened_at
            if opened is not None and iso(opened) >= began:
                return True
            row, id = past.get(finding.rule, {}), str(sweep["id"])
            if not _may_wait(finding, row, id):
                return False
            if enough():
                unasked.append(finding.id)
                return False
            return self._waits(finding, row, id)

        told = [finding for finding in self._store.open(account) if is_told(finding)]
        if unasked:
            about = {"sweep": sweep["id"], "findings": len(unasked)}
            log.warning("there was no time to ask whether all of these were told", extra=about)
        if told:
            found = Counter(str(finding.severity) for finding in told)
            rules = sorted({finding.rule for finding in told})
            self._send(upgrade_message(rules, found, account, region, self._stack))

    def _waits(self, finding: Finding, row: Mapping[str, Any], sweep: str) -> bool:
        """Whether a sweep found it, or that it is more severe, and nobody was told.

        That may be an earlier sweep of a new version, which did not complete the heading. ``row``
        is the rule's, as it was before this sweep ended, or from another try to record that.
        """
        is_again = row.get("trigger") == sweep
        told_until = "" if is_again else str(row.get("swept_at", ""))
        return any(
            each.at > told_until
            and (each.release == finding.release or not is_again)
            and each.woken_by == SWEEP
            and each.kind in {Kind.OPENED, Kind.REOPENED, Kind.ESCALATED}
            and each.published_as in {"", Routing.UPGRADE}
            for each in since_opened(self._store.history(finding.id))
        )

    def _open_by_severity(self, account: str, is_meant: Callable[[Finding], bool]) -> Counter[str]:
        return Counter(
            str(finding.severity) for finding in self._store.open(account) if is_meant(finding)
        )


def _may_wait(finding: Finding, row: Mapping[str, Any], sweep: str) -> bool:
    """Whether the version that the sweep ended the baseline for has written the finding."""
    is_again = row.get("trigger") == sweep
    return (finding.release == row.get("release")) is is_again


def _is_of(rule: str, names: Iterable[str]) -> bool:
    return any(rule == name or rule.startswith(f"{name}.") for name in names)


def _is_new(rule: str, past: Mapping[str, Any], sweep: str) -> bool:
    """Whether this sweep was the first with the rule.

    Where the heading has a row of its own, it was swept when baselines were kept by heading, and
    nobody knows with which rules.
    """
    heading = rule.partition(".")[0]
    return past.get(rule, {"ended_by": sweep}).get("ended_by") == sweep and heading not in past


def _is_settled(row: Mapping[str, Any] | None, sweep: str, release: str) -> bool:
    """Whether another sweep has covered this version of the rule."""
    return row is not None and row.get("release", "") == release and row.get("trigger") != sweep
