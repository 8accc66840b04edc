"""`scan --record`: write the findings into the tables of the deployed stack."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from readiness.engine import settings
from readiness.engine.closing import Closing
from readiness.engine.own_stack import OwnStack
from readiness.engine.principals import Principals
from readiness.engine.record import Recorder
from readiness.engine.scope import Scope
from readiness.engine.store import Store
from readiness.engine.waivers import InForce, Limits
from readiness.model.resource import GLOBAL, Resource
from readiness.model.transition import blind_after
from readiness.model.waiver import under
from readiness_cli import session, stack
from readiness_cli.failure import Failure
from readiness_cli.output import note
from readiness_cli.stack import Stack

if TYPE_CHECKING:
    from readiness.engine.aws import Aws
    from readiness.engine.evaluate import Evaluation
    from readiness.engine.observation import Observation
    from readiness.engine.survey import Coverage
    from readiness.model.finding import Finding
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


def in_force(aws: Aws, deployed: Stack) -> InForce:
    """The waivers of the stack, under its limits."""
    made = InForce(
        aws.client("dynamodb"),
        declarations_of(deployed),
        limits_of(deployed),
        tell=lambda reason: note(f"warning: the waivers cannot be read: {reason}"),
    )
    made.named_by(Principals(aws).arn)
    return made


def limits_of(deployed: Stack) -> Limits:
    """How long the stack lets waivers last, and from which severity two people must agree."""
    given = deployed.parameters
    return Limits.of(given.get("WaiverMaxDays", ""), given.get("WaiverSecondPerson", ""))


def scope_of(deployed: Stack) -> Scope:
    """Which resources the stack judges: what is written to its tables must be of those."""
    return Scope.of(
        deployed.parameters.get("ScopeTagKey", ""),
        deployed.parameters.get("ScopeTagValues", ""),
        globals_too=deployed.parameters.get("EvaluateGlobalServices", "true") == "true",
        account_environment=deployed.parameters.get("AccountEnvironment", ""),
    )


def own_of(aws: Aws, deployed: Stack) -> Callable[[Resource], bool]:
    """Whether a resource is part of the stack itself, which leaves those out by default."""
    if deployed.parameters.get("EvaluateOwnResources", "false") == "true":
        return lambda resource: False
    return OwnStack(deployed.name, lambda: aws.client("cloudformation")).has


class Recording:
    """One scan's writes: findings, their transitions, and what has vanished."""

    def __init__(
        self, evaluation: Evaluation, rules: Iterable[Rule], deployed: Stack, *, whole: bool
    ) -> None:
        client = evaluation.aws.client("dynamodb")
        self._waivers = in_force(evaluation.aws, deployed)
        store = Store(
            client,
            deployed["FindingsTable"],
            deployed["TransitionsTable"],
            waivers=self._waivers,
            blind_after=blind_after(deployed.parameters.get("TellBlindAfterHours", "")),
        )
        self._rules = list(rules)
        self._recorder = Recorder(store, evaluation, together=whole)
        self._closing = Closing(store, evaluation, self._recorder)
        self._began = evaluation.aws.now()
        self._whole = whole
        if whole:
            self._recorder.expect(self._rules)
        with stack.tables_of(deployed):
            store.get(Resource(evaluation.aws.account, GLOBAL, "none", "none"), "none")

    def record(self, observation: Observation) -> None:
        """Write one observation; may be called from several threads."""
        self._recorder.record(observation)

    def waived(self, finding: Finding) -> Finding:
        """The finding with who waived it, if anybody did."""
        return under(self._waivers, finding, None, finding.last_observed_at).finding

    def finish(self, coverage: Coverage) -> None:
        """Close what a complete scan did not show any more, and say what was written."""
        closed = 0
        self._recorder.look_again()
        if self._whole:
            closed = self._closing.vanished(self._rules, coverage, before=self._began)
            self._recorder.look_again()
        self._recorder.leave_to_later(())
        written = session.plural(self._recorder.transitions, "transition")
        note(
            f"recorded: {written}, {session.plural(closed, 'finding')} closed because the resource"
            f" is gone"
        )
        for key, why in self._recorder.unreadable.items():
            note(f"warning: this version cannot read the stored finding {key} ({why})")
        unwritten = self._recorder.unwritten
        if unwritten:
            raise Failure(
                f"{session.plural(len(unwritten), 'finding')} could not be written",
                why=f"The first one: {unwritten[0]}",
                fix="run the scan again; if it fails again, report a bug with the finding",
            )
