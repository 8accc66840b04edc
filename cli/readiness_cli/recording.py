"""`scan --record`: write the findings into the tables of the deployed stack."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from readiness.engine import settings
from readiness.engine.record import Recorder
from readiness.engine.store import Store
from readiness_cli import session, stack
from readiness_cli.failure import Failure
from readiness_cli.output import note
from readiness_cli.stack import Stack

if TYPE_CHECKING:
    from readiness.engine.aws import Aws
    from readiness.engine.evaluate import Coverage, Evaluation, Observation
    from readiness.model.rule import Rule


def settings_of(aws: Aws, deployed: Stack) -> settings.Given:
    """The thresholds the stack judges by, so that a scan recorded there judges by the same."""
    if "SettingsParameter" not in deployed:
        return {}
    answer = aws.client("ssm").get_parameter(Name=deployed["SettingsParameter"])
    return settings.parse(answer["Parameter"]["Value"])


def declarations_of(deployed: Stack) -> str:
    """The table of what people attested; empty for a stack that has none yet."""
    has_table = "DeclarationsTable" in deployed
    return deployed["DeclarationsTable"] if has_table else ""


class Recording:
    """One scan's writes: findings, their transitions, and what has vanished."""

    def __init__(self, evaluation: Evaluation, rules: Iterable[Rule], deployed: Stack) -> None:
        client = evaluation.aws.client("dynamodb")
        store = Store(client, deployed["FindingsTable"], deployed["TransitionsTable"])
        self._rules = list(rules)
        self._recorder = Recorder(store, evaluation)
        self._began = evaluation.aws.now()
        with stack.tables_of(deployed):
            self._known = self._recorder.known(self._rules)
        evaluation.remember(self._known)

    def record(self, observation: Observation) -> None:
        """Write one observation; may be called from several threads."""
        self._recorder.record(observation, self._known)

    def finish(self, coverage: Coverage, *, complete: bool) -> None:
        """Close what a complete scan did not show any more, and say what was written."""
        closed = 0
        if complete:
            closed = self._recorder.close_vanished(
                self._rules, coverage, self._known, before=self._began
            )
        written = session.plural(len(self._recorder.transitions), "transition")
        note(
            f"recorded: {written}, {session.plural(closed, 'finding')} closed because the resource"
            f" is gone"
        )
        unwritten = self._recorder.unwritten
        if unwritten:
            raise Failure(
                f"{session.plural(len(unwritten), 'finding')} could not be written",
                why=f"The first one: {unwritten[0]}",
                fix="run the scan again; if it fails again, report a bug with the finding",
            )
