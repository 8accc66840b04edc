"""What a heading's function reports of its own work: lines of its log, and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import botocore
from aws_lambda_powertools.logging import Logger

from readiness.engine.counting import Counts
from readiness.engine.own_stack import UNLISTED

if TYPE_CHECKING:
    from readiness.engine.observation import Observation
    from readiness.engine.record import Recorder
    from readiness.engine.targets import MalformedEvent


class Telemetry:
    """The log and the metrics of one heading's function."""

    def __init__(self, folder: str, stack: str) -> None:
        self.log = Logger(service=f"readiness-{folder}")
        self.counts = Counts(folder, stack)

    def malformed(self, event: MalformedEvent) -> None:
        self.counts.add("MalformedEvents")
        self.log.error("malformed event", extra={"reason": str(event)})

    def settings_refused(self, reason: str) -> None:
        """Settings that will not be used; the rules that they are for then cannot tell."""
        self.counts.add("SettingsRefused")
        self.log.error("settings refused", extra={"reason": reason})

    def waivers_unreadable(self, reason: str) -> None:
        """Waivers that cannot be read waive nothing new: too much is told, never too little."""
        self.counts.add("WaiversUnreadable")
        self.log.error("waivers could not be read", extra={"error": reason})

    def own_stack_unlisted(self, reason: str) -> None:
        self.log.warning(UNLISTED, extra={"error": reason})

    def sdk_too_old(self, about: Mapping[str, Any]) -> None:
        self.counts.add("SdkTooOld")
        self.log.warning(
            "the runtime's SDK is older than the rules",
            extra={"botocore": botocore.__version__, **about},
        )

    def observed(self, observation: Observation) -> None:
        """A rule that crashed, or evidence that could not be read."""
        if observation.crash:
            self.counts.add("RuleCrashes")
            self.log.error(
                "rule crashed",
                extra={"rule": observation.rule.id, "error": observation.crash},
            )
        finding = observation.finding
        if finding is not None and finding.missing:
            self.counts.add("BlindVerdicts")
            self.log.warning(
                "could not be judged",
                extra={"rule": finding.rule, "missing": list(finding.missing)},
            )

    def recorded(self, recorder: Recorder, evaluated: int) -> dict[str, Any]:
        """What a run has done, also as the function's answer.

        In the log alone: a metric that is sent each hour is billed for the whole month.
        """
        done = {"evaluated": evaluated, "transitions": recorder.transitions}
        self.log.info("recorded", extra=done)
        if recorder.unreadable:
            first = next(iter(recorder.unreadable.items()))
            self.counts.add("UnreadableFindings", len(recorder.unreadable))
            self.log.error(
                "this version cannot read findings",
                extra={"count": len(recorder.unreadable), "first": ": ".join(first)},
            )
            recorder.forget_unreadable()
        if recorder.unwritten:
            self.counts.add("UnwritableFindings", len(recorder.unwritten))
            self.log.error("findings could not be written", extra={"first": recorder.unwritten[0]})
        return dict(done)

    def look_cut(self, part: int) -> None:
        """A look at everything was not ended; the sweep evaluates the rest."""
        self.counts.add("LooksCut")
        self.log.error("a look at everything was not ended", extra={"part": part})

    def config_answer_too_late(self, error: str) -> None:
        self.counts.add("ConfigAnswersTooLate")
        self.log.warning("AWS Config takes no late answer", extra={"error": error})

    def config_answer_unsent(self, error: str) -> None:
        self.counts.add("ConfigAnswersUnsent")
        self.log.warning("AWS Config did not take an answer", extra={"error": error})

    def second_looks_left(self, unseen: int) -> None:
        self.counts.add("SecondLooksLeft", unseen)
        self.log.warning("no time to look again", extra={"findings": unseen})
