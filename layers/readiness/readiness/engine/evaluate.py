"""One resource: the evidence that a rule asks for, its verdict, and the finding made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol, cast

from readiness.engine.aws import Answer, Aws
from readiness.engine.aws_errors import CredentialsRefused, Postponed
from readiness.engine.declarations import DeclarationReader, FirstSeen
from readiness.engine.observation import Observation, finding_of, name_of
from readiness.engine.scope import Scope
from readiness.engine.settings import Configured
from readiness.engine.targets import Target
from readiness.evidence.tagging import Tags
from readiness.model.attestation import Attested, AttestedDocument
from readiness.model.evidence import ACCOUNT, REGION, ResourceType
from readiness.model.finding import Finding
from readiness.model.origin import Origin
from readiness.model.resource import Resource
from readiness.model.rule import Parameter, Rule, SettingRefused, needs_reference
from readiness.model.text import error_text
from readiness.model.unreadable import Gone, NotOffered, Unreadable
from readiness.model.verdict import Status, Verdict, cannot_tell, not_applicable, unread

_NOBODY = Origin()
_OWN = "The resource is part of Readiness itself (parameter EvaluateOwnResources)."


class Stored(Protocol):
    """What is stored, to be read before the account is: the recorder's side of a run."""

    def of(self, resource: Resource, rule: str) -> Finding | None:
        """The stored finding, as read before or now."""

    def prepare(self, about: ResourceType, ids: Sequence[str]) -> None:
        """Read what is stored of these resources, which are judged next, and forget others."""


class Evaluation:
    """One run of rules over an account: judges what it is pointed at, and nothing else."""

    def __init__(
        self,
        aws: Aws,
        configured: Configured,
        *,
        scope: Scope | None = None,
        trigger: str = "",
        changed_by: Origin = _NOBODY,
        declarations: str = "",
        known: FirstSeen = lambda resource, rule: None,
        is_own: Callable[[Resource], bool] = lambda resource: False,
    ) -> None:
        self.aws = aws
        self._is_own = is_own
        self.scope = scope or Scope()
        self._declarations = declarations
        self._known = known
        self._declared = DeclarationReader(aws, declarations, known)
        self._configured = configured
        self._trigger = trigger
        self._changed_by = changed_by
        self._stored: Stored | None = None

    def reread(self, *, bulk: bool = False) -> Evaluation:
        """The same run with nothing read yet, to look again."""
        again = Evaluation(
            self.aws.reread(bulk=bulk),
            self._configured,
            scope=self.scope,
            trigger=self._trigger,
            changed_by=self._changed_by,
            declarations=self._declarations,
            known=self._known,
            is_own=self._is_own,
        )
        again._stored = self._stored
        return again

    def remember(self, known: Mapping[tuple[str, str], Finding]) -> None:
        """Take what is stored from ``known`` instead of asking for each finding."""
        self._known = lambda resource, rule: known.get((resource.key, rule))
        self._declared = DeclarationReader(self.aws, self._declarations, self._known)

    def read_before(self, stored: Stored) -> None:
        """Read what is stored of a resource before the resource, so that order is known."""
        self._stored = stored
        self._known = stored.of
        self._declared = DeclarationReader(self.aws, self._declarations, self._known)

    def prepare(self, about: ResourceType, ids: Sequence[str]) -> None:
        """Make ready for a batch of resources: read what is stored of them."""
        if self._stored is not None:
            self._stored.prepare(about, ids)

    def judged(self, rules: Iterable[Rule]) -> list[Rule]:
        """The rules that this deployment evaluates: one region's stack covers global services."""
        return [rule for rule in rules if self.scope.globals_too or not rule.subject.is_global]

    def observe(self, rule: Rule, resource: Resource) -> Observation:
        """Read what the rule asks for and let it judge."""
        known, measured_before = None, False
        if self._stored is not None:
            stored = self._stored.of(resource, rule.id)
            known = stored.version if stored is not None else 0
            if stored is not None:
                measured_before = self.aws.measures_before(stored.last_observed_at)
        began = self.aws.now()
        if self._is_own(resource):
            seen, oldest = self._outside(rule, resource, began, None, is_own=True), began
        else:
            seen, oldest = self._observed(rule, resource, began)
        unproven = seen.finding is not None and not self._proves(rule)
        over = known if oldest >= began and not measured_before else None
        return replace(seen, over=over, unproven=unproven, measured_before=measured_before)

    def _proves(self, rule: Rule) -> bool:
        """Whether a verdict of the rule says that the resource exists."""
        settled = _by_settings_alone(rule, self._configured[rule.id]) is not None
        about = rule.subject
        return not settled and any(
            parameter.declaration.proves and parameter.declaration.about is about
            for parameter in rule.parameters
        )

    def is_settled_by_a_listing(self, rule: Rule) -> bool:
        """Whether another run leaves no row only of a resource that does not exist.

        It leaves none either of what is out of scope, or where nothing it read says that the
        resource exists.
        """
        return not self.scope.tag and self._proves(rule)

    def lists(self, rule: Rule, resource: Resource) -> bool:
        """Whether the listing of the rule's subjects shows the resource. Raises Unreadable."""
        return resource.id in self.aws.find(rule.subject)

    def _observed(
        self, rule: Rule, resource: Resource, began: datetime
    ) -> tuple[Observation, datetime]:
        """The observation and when the oldest evidence for it was read."""
        tags: Mapping[str, str] | None = None
        try:
            tags, in_scope, untold, tagged_at = self._tags(rule, resource)
            tagged_at = min(tagged_at or began, began)
            if isinstance(in_scope, Unreadable):
                return self._observation(rule, resource, _unknown(in_scope), began, tags), began
            if not in_scope:
                return self._outside(rule, resource, tagged_at, tags), tagged_at
            verdict, as_of, own_tags, name = self._verdict(rule, resource, tags or {}, untold)
            as_of = min(as_of, tagged_at)
            at = min(as_of, began)
            if own_tags is not None and not self.scope.covers(own_tags):
                return self._outside(rule, resource, at, own_tags), as_of
            tags = own_tags if own_tags or tags is None else tags
            return self._observation(rule, resource, verdict, at, tags, name), as_of
        except Gone as gone:
            at = min(gone.as_of or began, began)
            return Observation(rule, resource, at), at
        except (CredentialsRefused, Postponed):
            raise
        except Exception as error:
            reason = f"The rule {rule.id} failed with {type(error).__name__}; this is a bug in it."
            crashed = self._observation(rule, resource, cannot_tell(reason), began, tags)
            said = error_text(error)
            return replace(crashed, crash=said), began

    def agreed(self, resource: Resource, rules: Iterable[Rule]) -> list[Observation]:
        """The observations of several rules about one resource; if one finds it gone, all do.

        Some evidence outlives its resource, such as metrics, and cannot show that it is gone.
        """
        seen = [self.observe(rule, resource) for rule in rules]
        gone = next((each for each in seen if each.finding is None), None)
        if gone is None:
            return seen
        return [
            each
            if each.finding is None
            else replace(gone, rule=each.rule, over=None if gone.over is None else each.over)
            for each in seen
        ]

    def _outside(
        self,
        rule: Rule,
        resource: Resource,
        at: datetime,
        tags: Mapping[str, str] | None,
        *,
        is_own: bool = False,
    ) -> Observation:
        verdict = not_applicable(_OWN if is_own else "The resource is outside the stack's scope.")
        outside = self._observation(rule, resource, verdict, at, tags)
        return Observation(rule, resource, at, outside.finding, out_of_scope=True, is_own=is_own)

    def _verdict(
        self, rule: Rule, resource: Resource, tags: Mapping[str, str], untold: Unreadable | None
    ) -> tuple[Verdict, datetime, Mapping[str, str] | None, str]:
        """The verdict, how old its evidence is, and the tags and name that came with it.

        ``untold`` says why the tags could not be read.
        """
        settings = self._configured[rule.id]
        oldest = self.aws.now()
        if unasked := _by_settings_alone(rule, settings):
            return unasked, oldest, None, ""
        subject: Any = None
        own_tags: Mapping[str, str] | None = None
        arguments: list[Any] = []
        for parameter in rule.parameters:
            try:
                if issubclass(parameter.evidence, Attested):
                    said = (tags, untold) if own_tags is None else (own_tags, None)
                    arguments.append(self.attested(rule, resource, *said))
                    oldest = min(oldest, self._declared.asked_at(rule.id) or oldest)
                    continue
                answers = self._answers(rule, parameter, resource, subject)
            except Unreadable as unreadable:
                if not parameter.tolerant:
                    return _unknown(unreadable), oldest, None, name_of(subject)
                arguments.append(unreadable)
                continue
            except Gone as gone:
                if parameter.declaration.about is rule.subject:
                    raise
                said_so = cannot_tell(f"What it refers to does not exist: {gone}.")
                return said_so, oldest, None, name_of(subject)
            oldest = min([oldest, *(answer.as_of for answer in answers)])
            found = [answer.evidence for answer in answers]
            arguments.append(tuple(found) if parameter.many else found[0] if found else None)
            if subject is None:
                subject = found[0]
                if not getattr(subject, "exists", True):
                    raise Gone(resource.key, as_of=oldest)
                own = getattr(subject, "tags", None)
                own_tags = own if isinstance(own, Mapping) else None
        verdict = _whole(rule, rule(*arguments, **cast("Mapping[str, Any]", settings)))
        verdict = self._unless_going(rule, resource, _passing_with(verdict, arguments))
        return verdict, oldest, own_tags, name_of(subject)

    def _unless_going(self, rule: Rule, resource: Resource, verdict: Verdict) -> Verdict:
        """The verdict, unless it finds fault with what is being deleted."""
        if verdict.status is not Status.NON_COMPLIANT:
            return verdict
        try:
            word = self.aws.going(rule.subject).get(resource.id)
        except Unreadable:
            return verdict
        return not_applicable(f"It is being deleted ({word}).") if word else verdict

    def attested(
        self,
        rule: Rule,
        resource: Resource,
        tags: Mapping[str, str],
        untold: Unreadable | None,
    ) -> Attested:
        """What people attested about a resource. Raises Unreadable, also for tags they rest on."""
        if untold is not None and self._declared.asks_for_tags(rule.id):
            raise untold
        environment = self.scope.environment(resource, tags)
        workload = tags.get(self.scope.workload_tag, "")
        documents = any(each.evidence is AttestedDocument for each in rule.parameters)
        return self._declared.attested(
            rule.id, resource, environment, workload, documents=documents
        )

    def _answers(
        self, rule: Rule, parameter: Parameter, resource: Resource, subject: Any
    ) -> list[Answer]:
        first = rule.parameters[0]
        about = parameter.declaration.about
        if parameter is first or about.name in {rule.subject.name, "*"}:
            meant = [resource]
        elif not needs_reference(first, parameter):
            meant = [self.account_wide(about)]
        else:
            meant = references(subject, parameter)
        settings = self.settings(rule)
        return [self.aws.evidence(parameter.evidence, each, settings) for each in meant]

    def settings(self, rule: Rule) -> Mapping[str, Any]:
        """The rule's settings by name; none where they are refused."""
        settings = self._configured[rule.id]
        return {} if isinstance(settings, SettingRefused) else settings

    def account_wide(self, about: ResourceType) -> Resource:
        """The resource that stands for the account, global or of this region."""
        return about.resource(self.aws.account, self.aws.region, self.aws.account)

    def _tags(
        self, rule: Rule, resource: Resource
    ) -> tuple[Mapping[str, str] | None, bool | Unreadable, Unreadable | None, datetime | None]:
        """The resource's tags, whether it is in scope, and why tags could not be read.

        The tags are None where they are not known. Also when they were read, where that decides
        whether it is in scope.

        Tags only decorate a finding unless a scope is set, or an attestation names one; then they
        have to be readable.
        """
        if not rule.subject.tags_from_api or rule.subject.name == ACCOUNT.name:
            return None, True, None, None
        try:
            answer = self.aws.evidence(Tags, resource)
        except Unreadable as unreadable:
            return None, unreadable if self.scope.tag else True, unreadable, None
        tags = answer.evidence.values
        return tags, self.scope.covers(tags), None, answer.as_of if self.scope.tag else None

    def _observation(
        self,
        rule: Rule,
        resource: Resource,
        verdict: Verdict,
        at: datetime,
        tags: Mapping[str, str] | None,
        name: str = "",
    ) -> Observation:
        finding = finding_of(
            rule,
            resource,
            verdict,
            at,
            settings=self.settings(rule),
            tags=tags,
            name=name,
            scope=self.scope,
            trigger=self._trigger,
            changed_by=self._changed_by,
        )
        is_placeholder = resource.type != rule.subject.name
        again = Target(rule.id, None if is_placeholder else resource.id)
        return Observation(
            rule, resource, at, finding, again=again if verdict.is_passing else None
        )

    def unlisted(
        self, rules: Iterable[Rule], about: ResourceType, unreadable: Unreadable
    ) -> Iterator[Observation]:
        """The account-level row of each rule whose subjects could not be listed."""
        where = self.account_wide(ACCOUNT if about.is_global else REGION)
        for rule in rules:
            yield self._observation(rule, where, _unknown(unreadable), self.aws.now(), None)

    def nothing(self, rules: Iterable[Rule], about: ResourceType) -> Iterator[Observation]:
        """The account-level row where nothing is to be judged; "not checked" is not "fine"."""
        where = self.account_wide(ACCOUNT if about.is_global else REGION)
        verdict = not_applicable(f"There is no {about.name} here for this rule to judge.")
        for rule in rules:
            yield self._observation(rule, where, verdict, self.aws.now(), None)


def _by_settings_alone(rule: Rule, settings: Mapping[str, Any] | SettingRefused) -> Verdict | None:
    """The verdict where the configuration leaves nothing to read."""
    if isinstance(settings, SettingRefused):
        return cannot_tell(f"The configuration is refused: {settings}.")
    if rule.opt_in and not settings[rule.opt_in]:
        return not_applicable(f"The setting {rule.opt_in} does not ask for it.")
    return None


def references(subject: Any, parameter: Parameter) -> list[Resource]:
    """The resources that the evidence's member of the parameter's name refers to."""
    meant = getattr(subject, parameter.name)
    if meant is None:
        return []
    return [meant] if isinstance(meant, Resource) else list(meant)


def _whole(rule: Rule, verdict: object) -> Verdict:
    """The verdict, if it is one. Raises TypeError for anything else a rule may return."""
    if not isinstance(verdict, Verdict):
        raise TypeError(f"{rule.id} returned {type(verdict).__name__}, not a verdict")
    if not isinstance(verdict.reason, str) or not verdict.reason.strip():
        raise TypeError(f"{rule.id} gave no reason for {verdict.status}")
    return verdict


def _passing_with(verdict: Verdict, arguments: Iterable[Any]) -> Verdict:
    """The verdict; unknown and passing where an answer was missing for a passing reason."""
    if verdict.status is not Status.INSUFFICIENT_DATA:
        return verdict
    failures = [each for each in arguments if isinstance(each, Unreadable)]
    is_passing = verdict.is_passing or any(each.is_passing for each in failures)
    denied = (*verdict.denied, *(each.action for each in failures if each.is_denied))
    named = tuple(action for action in dict.fromkeys(denied) if action in verdict.missing)
    return replace(verdict, is_passing=is_passing, denied=named)


def _unknown(unreadable: Unreadable) -> Verdict:
    if isinstance(unreadable, NotOffered):
        return not_applicable(f"{unreadable}.")
    return unread(f"Could not be judged: {unreadable}.", unreadable)
