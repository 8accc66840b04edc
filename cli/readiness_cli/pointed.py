"""The settings of a deployed stack, so that a local command gives the same verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from readiness.engine import settings
from readiness.engine.aws_errors import code_of, is_about_credentials
from readiness.engine.rows import UnreadableRow
from readiness.engine.scope import Scope
from readiness.engine.store import Store
from readiness.model.waiver import under
from readiness_cli import catalogue, recording, session, stack
from readiness_cli.failure import Exit, Failure
from readiness_cli.output import note

if TYPE_CHECKING:
    from readiness.engine.aws import Aws
    from readiness.engine.waivers import InForce
    from readiness.model.finding import Finding
    from readiness.model.resource import Resource
    from readiness.model.rule import Rule
    from readiness_cli.stack import Stack


def _never(resource: Resource) -> bool:  # noqa: ARG001
    return False


def _unknown_since(resource: Resource, rule: str) -> Finding | None:  # noqa: ARG001
    return None


@dataclass(frozen=True, slots=True)
class Pointed:
    """Settings, scope, declarations and waivers of a stack; of no stack, what is the default.

    ``known`` finds the stored finding, which tells since when a rule has been looking.
    """

    stack: Stack | None = None
    given: settings.Given = field(default_factory=dict)
    scope: Scope = field(default_factory=Scope)
    declarations: str = ""
    waivers: InForce | None = None
    is_own: Callable[[Resource], bool] = _never
    known: Callable[[Resource, str], Finding | None] = _unknown_since

    def configure(
        self, rules: Iterable[Rule], own: settings.Given | None = None
    ) -> settings.Configured:
        """The settings of each rule: the stack's, with ``own`` laid over them.

        What the stack is configured with and the rule refuses stays refused, as in the stack.
        Raises SettingRefused for a refused one of ``own``.
        """
        rules = list(rules)
        session.configure(rules, own or {})
        merged = {name: dict(values) for name, values in self.given.items()}
        for name, values in (own or {}).items():
            if name in catalogue.folders():  # what is given for a heading is meant for its rules
                for rule in (each for each in rules if each.heading.folder == name):
                    of_rule = merged.get(rule.id, {})
                    merged[rule.id] = {k: v for k, v in of_rule.items() if k not in values}
            merged.setdefault(name, {}).update(values)
        return settings.configure(rules, merged)

    def waived(self, finding: Finding) -> Finding:
        """The finding with who waived it, if anybody did."""
        if self.waivers is None:
            return finding
        return under(self.waivers, finding, None, finding.last_observed_at).finding

    def said(self, where: str) -> str:
        """What is judged by, for people."""
        if self.stack is None:
            return (
                f"no Readiness stack is deployed in {where}: default settings, every resource,"
                " no attestations and no waivers"
            )
        many = sum(map(len, self.given.values()))
        changed = f"{session.plural(many, 'setting')} changed" if many else "default settings"
        scope = "every resource"
        if self.scope.tag:
            scope = f"resources with {self.scope.tag} = {' or '.join(sorted(self.scope.values))}"
        return (
            f"as the stack {self.stack.name} in {where} judges: {changed}, {scope}, its"
            " attestations and waivers"
        )


def at(aws: Aws, name: str, *, without: bool = False) -> Pointed:
    """What the stack of that name judges by, or the only one there is; said on stderr.

    ``without``: by the defaults, whatever is deployed. Raises Failure where what the stack judges
    by cannot be read, and NoStack where one is named that is not there.
    """
    where = session.spoken(aws)
    if without:
        note(
            "without a stack (--no-stack): default settings, every resource, no attestations and"
            " no waivers"
        )
        return Pointed()
    try:
        found = _of(aws, stack.find(aws, name))
    except stack.NoStack as missing:
        if session.is_given("stack_name"):
            raise
        if isinstance(missing.__cause__, ClientError):
            return _unknown(missing.__cause__)
        found = Pointed()
    except (ClientError, BotoCoreError) as error:
        if _is_of_stacks(error) and not session.is_given("stack_name"):
            return _unknown(error)
        raise
    note(found.said(where))
    for unknown in settings.unknown_rules(found.given, catalogue.rules()):
        note(f"warning: the stack's settings name {unknown!r}, which is no rule and no heading")
    return found


def _is_of_stacks(error: ClientError | BotoCoreError) -> bool:
    """Whether only the stacks cannot be read: with refused credentials nothing can."""
    if is_about_credentials(error):
        return False
    return not isinstance(error, ClientError) or error.operation_name == "DescribeStacks"


def _unknown(error: ClientError | BotoCoreError) -> Pointed:
    reason = code_of(error) if isinstance(error, ClientError) else type(error).__name__
    note(
        "warning: whether a Readiness stack is deployed could not be read"
        f" (cloudformation:DescribeStacks: {reason}); default settings, every resource, no"
        " attestations and no waivers"
    )
    return Pointed()


def _of(aws: Aws, deployed: Stack) -> Pointed:
    store = Store(aws.client("dynamodb"), deployed["FindingsTable"], deployed["TransitionsTable"])

    def known(resource: Resource, rule: str) -> Finding | None:
        try:
            return store.get(resource, rule)
        except UnreadableRow as error:
            note(f"warning: this version cannot read the finding {error.key} ({error.why})")
            return None

    return Pointed(
        deployed,
        _settings_of(aws, deployed),
        recording.scope_of(deployed),
        recording.declarations_of(deployed),
        recording.in_force(aws, deployed),
        recording.own_of(aws, deployed),
        known,
    )


def _settings_of(aws: Aws, deployed: Stack) -> settings.Given:
    try:
        return recording.settings_of(aws, deployed)
    except ClientError as error:
        parameter = deployed["SettingsParameter"]
        raise Failure(
            f"the settings of the stack {deployed.name!r} cannot be read: ssm:GetParameter of"
            f" {parameter}: {code_of(error)}",
            why="By other settings the verdicts would contradict those of the stack",
            fix="allow ssm:GetParameter on it, or evaluate by the defaults with --no-stack",
            code=Exit.AWS_OR_INTERNAL,
        ) from error
