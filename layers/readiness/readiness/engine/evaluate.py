"""Where to look → evidence → verdicts: the service layer that calls the rules."""

from __future__ import annotations

import itertools
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from readiness.engine.aws import Answer, Aws, CredentialsRefused, Postponed
from readiness.engine.declarations import FirstSeen, Ledger
from readiness.engine.events import Target
from readiness.engine.settings import Configured
from readiness.evidence.tagging import Tags
from readiness.model.attestation import Attested
from readiness.model.evidence import ACCOUNT, REGION, ResourceType
from readiness.model.finding import Finding
from readiness.model.resource import GLOBAL, Resource
from readiness.model.rule import Parameter, Rule, SettingRefused, as_facts, needs_reference
from readiness.model.text import clean, clean_facts
from readiness.model.unreadable import Cause, Gone, Unreadable
from readiness.model.verdict import Fact, Verdict, cannot_tell, not_applicable

MOST_REASON = 1000
MOST_OBSERVED = 30_000
"""Characters of JSON, of which a message carries two copies with every quote escaped."""
_LEFT_OUT = "(too long to be kept)"
_THREADS = 12
_WINDOW = 96


@dataclass(frozen=True, slots=True)
class Scope:
    """Which resources count: all, or those with one of ``values`` in the tag ``tag``."""

    tag: str = ""
    values: frozenset[str] = frozenset()
    globals_too: bool = True
    workload_tag: str = "Application"
    environment_tag: str = "Environment"
    owner_tag: str = "Owner"

    def covers(self, tags: Mapping[str, str]) -> bool:
        return not self.tag or tags.get(self.tag, "") in self.values


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen of one resource for one rule. No ``finding``: the resource is gone.

    ``crash`` is the error of a rule that raised; ``out_of_scope`` closes a finding that exists
    and opens none.
    """

    rule: Rule
    resource: Resource
    observed_at: datetime
    finding: Finding | None = None
    crash: str = ""
    out_of_scope: bool = False


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a survey stopped: the last resource of a type that was done."""

    type: str
    region: str
    after: str


@dataclass
class Coverage:
    """What a survey really looked at: subject types listed to the end without an error."""

    listed: dict[ResourceType, set[str]] = field(default_factory=dict)
    failed: dict[ResourceType, Unreadable] = field(default_factory=dict)
    out_of_scope: int = 0
    cursor: Cursor | None = None


class Evaluation:
    """One run of rules over an account: judges what it is pointed at, and nothing else."""

    def __init__(
        self,
        aws: Aws,
        configured: Configured,
        *,
        scope: Scope | None = None,
        trigger: str = "",
        changed_by: str = "",
        declarations: str = "",
        known: FirstSeen = lambda resource, rule: None,
    ) -> None:
        self.aws = aws
        self.scope = scope or Scope()
        self._declarations = declarations
        self._known = known
        self._ledger = Ledger(aws, declarations, known)
        self._configured = configured
        self._trigger = trigger
        self._changed_by = changed_by

    def afresh(self) -> Evaluation:
        """The same run with nothing read yet, to look again."""
        return Evaluation(
            self.aws.afresh(),
            self._configured,
            scope=self.scope,
            trigger=self._trigger,
            changed_by=self._changed_by,
            declarations=self._declarations,
            known=self._known,
        )

    def remember(self, known: Mapping[tuple[str, str], Finding]) -> None:
        """Take what is stored from ``known`` instead of asking for each finding."""
        self._known = lambda resource, rule: known.get((resource.key, rule))
        self._ledger = Ledger(self.aws, self._declarations, self._known)

    def judged(self, rules: Iterable[Rule]) -> list[Rule]:
        """The rules this deployment is to judge: one region's stack does the global services."""
        return [rule for rule in rules if self.scope.globals_too or not rule.subject.is_global]

    # -- one resource -----------------------------------------------------------------------

    def observe(self, rule: Rule, resource: Resource) -> Observation:
        """Read what the rule asks for and let it judge."""
        began = self.aws.now()
        tags: Mapping[str, str] = {}
        try:
            tags, in_scope = self._tags(rule, resource)
            if isinstance(in_scope, Unreadable):
                return self._observation(rule, resource, _blind(in_scope), began, {})
            if not in_scope:
                return self._outside(rule, resource, began, tags)
            verdict, as_of, own_tags = self._verdict(rule, resource, tags)
            if own_tags is not None and not self.scope.covers(own_tags):
                return self._outside(rule, resource, began, own_tags)
        except Gone:
            return Observation(rule, resource, began)
        except (CredentialsRefused, Postponed):
            raise
        except Exception as error:
            reason = f"The rule {rule.id} failed with {type(error).__name__}; this is a bug in it."
            crashed = self._observation(rule, resource, cannot_tell(reason), began, tags)
            said = f"{type(error).__name__}: {error}"
            return Observation(rule, resource, began, crashed.finding, crash=said)
        return self._observation(rule, resource, verdict, min(as_of, began), own_tags or tags)

    def _outside(
        self, rule: Rule, resource: Resource, at: datetime, tags: Mapping[str, str]
    ) -> Observation:
        verdict = not_applicable("The resource is outside the scope of this stack.")
        outside = self._observation(rule, resource, verdict, at, tags)
        return Observation(rule, resource, at, outside.finding, out_of_scope=True)

    def _verdict(
        self, rule: Rule, resource: Resource, tags: Mapping[str, str]
    ) -> tuple[Verdict, datetime, Mapping[str, str] | None]:
        """The verdict, how old its evidence is, and tags that came with the evidence."""
        settings = self._configured[rule.id]
        oldest = self.aws.now()
        if unasked := _by_settings_alone(rule, settings):
            return unasked, oldest, None
        subject: Any = None
        arguments: list[Any] = []
        for parameter in rule.parameters:
            try:
                if parameter.evidence is Attested:
                    arguments.append(self._attested(rule, resource, tags))
                    continue
                answers = self._answers(rule, parameter, resource, subject)
            except Unreadable as unreadable:
                if not parameter.tolerant:
                    return _blind(unreadable), oldest, None
                arguments.append(unreadable)
                continue
            except Gone as gone:
                if parameter.declaration.about is rule.subject:
                    raise
                return cannot_tell(f"What it refers to does not exist: {gone}."), oldest, None
            oldest = min([oldest, *(answer.as_of for answer in answers)])
            found = [answer.evidence for answer in answers]
            arguments.append(tuple(found) if parameter.many else found[0] if found else None)
            if subject is None:
                subject = found[0]
        own_tags = getattr(subject, "tags", None)
        verdict = rule(*arguments, **cast("Mapping[str, Any]", settings))
        return verdict, oldest, own_tags if isinstance(own_tags, Mapping) else None

    def _attested(self, rule: Rule, resource: Resource, tags: Mapping[str, str]) -> Attested:
        environment = tags.get(self.scope.environment_tag, "")
        workload = tags.get(self.scope.workload_tag, "")
        return self._ledger.attested(rule.id, resource, environment, workload)

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
            meant = _references(subject, parameter)
        settings = self._settings(rule)
        return [self.aws.evidence(parameter.evidence, each, settings) for each in meant]

    def _settings(self, rule: Rule) -> Mapping[str, Any]:
        settings = self._configured[rule.id]
        return {} if isinstance(settings, SettingRefused) else settings

    def account_wide(self, about: ResourceType) -> Resource:
        """The resource that stands for the account, global or of this region."""
        return about.resource(self.aws.account, self.aws.region, self.aws.account)

    def _tags(self, rule: Rule, resource: Resource) -> tuple[Mapping[str, str], bool | Unreadable]:
        """The resource's tags and whether it is in scope.

        Tags only decorate a finding unless a scope is set; then they have to be readable.
        """
        if not rule.subject.tags_from_api or rule.subject.name == "AWS::::Account":
            return {}, True
        try:
            tags = self.aws.evidence(Tags, resource).evidence.values
        except Unreadable as unreadable:
            return {}, unreadable if self.scope.tag else True
        return tags, self.scope.covers(tags)

    def _observation(
        self,
        rule: Rule,
        resource: Resource,
        verdict: Verdict,
        at: datetime,
        tags: Mapping[str, str],
    ) -> Observation:
        settings = self._configured[rule.id]
        finding = Finding(
            resource=resource,
            rule=rule.id,
            status=verdict.status,
            severity=verdict.severity or rule.severity,
            section=rule.heading.section,
            heading=rule.heading.title,
            item=rule.item,
            reason=clean(verdict.reason, MOST_REASON),
            expected=clean(verdict.expected, MOST_REASON),
            reminder=clean(verdict.reminder, MOST_REASON),
            observed=_storable(verdict.observed),
            settings=as_facts(settings) if isinstance(settings, dict) else {},
            missing=verdict.missing,
            last_observed_at=at,
            changed_by=clean(self._changed_by, 256),
            trigger=clean(self._trigger, 256),
            workload=clean(tags.get(self.scope.workload_tag, ""), 128),
            environment=clean(tags.get(self.scope.environment_tag, ""), 128),
            owner=clean(tags.get(self.scope.owner_tag, ""), 128),
        )
        return Observation(rule, resource, at, finding)

    # -- what an event points at ------------------------------------------------------------

    def follow(self, rules: Iterable[Rule], targets: Iterable[Target]) -> Iterator[Observation]:
        """Judge what an event made us look at."""
        known = {rule.id: rule for rule in self.judged(rules)}
        wanted = [target for target in targets if target.rule in known]
        everything = {target.rule for target in wanted if target.id is None and not target.via}
        for target in sorted(wanted, key=lambda t: (t.rule, t.id or "", t.via or ("", ""))):
            rule = known[target.rule]
            if target.id is not None:
                if rule.id not in everything:
                    yield self.observe(rule, self._resource(rule, target.id))
            elif target.via is not None and rule.id not in everything:
                yield from self._referring(rule, *target.via)
        if everything:
            yield from self.survey([known[id] for id in sorted(everything)], Coverage())

    def _resource(self, rule: Rule, id: str) -> Resource:
        return rule.subject.resource(self.aws.account, self.aws.region, id)

    def _referring(self, rule: Rule, type_: str, id: str) -> Iterator[Observation]:
        """The rule for those of its subjects that refer to the resource that changed.

        A subject whose references cannot be read is judged all the same, so that it is not
        passed over in silence. Who refers to what is read for all at once where that is possible;
        those it concerns are then read alone.
        """
        parameters = [p for p in rule.parameters[1:] if p.declaration.about.name == type_]
        try:
            ids = self.aws.find(rule.subject)
        except Unreadable as unreadable:
            yield from self._unlisted([rule], rule.subject, unreadable)
            ids = list(unreadable.found)
        about = rule.parameters[0].evidence
        lookup = self.aws.afresh(bulk=True) if hasattr(about, "load_all") else self.aws
        for subject_id in ids:
            resource = self._resource(rule, subject_id)
            try:
                subject = lookup.evidence(about, resource, self._settings(rule)).evidence
            except Gone:
                continue
            except (CredentialsRefused, Postponed):
                raise
            except Exception:
                yield self.observe(rule, resource)
                continue
            named = [
                p.declaration.about.may_mean(r.id, id)
                for p in parameters
                for r in _references(subject, p)
            ]
            if any(named) or not parameters:
                yield self.observe(rule, resource)

    # -- everything -------------------------------------------------------------------------

    def survey(
        self,
        rules: Sequence[Rule],
        coverage: Coverage,
        *,
        start: Cursor | None = None,
        enough: Callable[[], bool] = lambda: False,
        progress: Callable[[int, int], None] = lambda done, total: None,
        record: Callable[[Observation], None] = lambda observation: None,
    ) -> Iterator[Observation]:
        """Judge every resource the rules know; ``coverage`` tells what was really covered.

        Stops early when ``enough`` says so, leaving ``coverage.cursor`` to start from again.
        ``record`` is called with each observation before it is yielded, in the thread that made
        it, so that writing goes on beside reading.
        """
        by_type: dict[ResourceType, list[Rule]] = {}
        for rule in self.judged(rules):
            by_type.setdefault(rule.subject, []).append(rule)
        order = sorted(by_type, key=lambda about: (about.name, about.is_global))
        with ThreadPoolExecutor(_THREADS, "survey") as pool:
            listings = {about: pool.submit(self.aws.find, about) for about in order}
            work: list[tuple[ResourceType, str]] = []
            for about in order:
                try:
                    ids = listings[about].result()
                except Unreadable as unreadable:
                    coverage.failed[about] = unreadable
                    yield from _each(record, self._unlisted(by_type[about], about, unreadable))
                    found = sorted(set(unreadable.found))
                    work += [(about, id) for id in found if not _done(about, id, start)]
                    continue
                except Postponed:
                    coverage.cursor = Cursor("", "", "")
                    return
                except CredentialsRefused:
                    raise
                except Exception as error:
                    broken = _unlistable(about, error)
                    coverage.failed[about] = broken
                    yield from _each(record, self._unlisted(by_type[about], about, broken))
                    continue
                coverage.listed[about] = set(ids)
                if not ids:
                    yield from _each(record, self._nothing(by_type[about], about))
                work += [(about, id) for id in ids if not _done(about, id, start)]
            progress(0, len(work))
            tasks = self._tasks(pool, work, by_type, coverage, enough, record)
            for done, observations in enumerate(tasks, 1):
                coverage.out_of_scope += any(o.out_of_scope for o in observations)
                progress(done, len(work))
                yield from observations

    def _tasks(
        self,
        pool: ThreadPoolExecutor,
        work: list[tuple[ResourceType, str]],
        by_type: Mapping[ResourceType, list[Rule]],
        coverage: Coverage,
        enough: Callable[[], bool],
        record: Callable[[Observation], None],
    ) -> Iterator[list[Observation]]:
        """Observe the resources of ``work``, a bounded number ahead of the consumer.

        What was submitted and not begun when it is ``enough`` is not judged: with many of them
        waiting for their turn at a service, the leg would be over before them.
        """

        def observe_all(about: ResourceType, id: str) -> list[Observation] | None:
            if enough():
                return None
            resource = about.resource(self.aws.account, self.aws.region, id)
            try:
                seen = [self.observe(rule, resource) for rule in by_type[about]]
            except Postponed:
                return None
            return list(_each(record, seen))

        ahead: deque[Future[list[Observation] | None]] = deque()
        waiting, done = iter(work), 0
        while True:
            for about, id in itertools.islice(waiting, _WINDOW - len(ahead)):
                ahead.append(pool.submit(observe_all, about, id))
            if not ahead:
                return
            observations = ahead.popleft().result()
            if observations is None:
                coverage.cursor = self._cursor(*work[done - 1]) if done else Cursor("", "", "")
                for each in ahead:
                    each.cancel()
                return
            done += 1
            yield observations

    def _cursor(self, about: ResourceType, id: str) -> Cursor:
        return Cursor(about.name, GLOBAL if about.is_global else self.aws.region, id)

    def _unlisted(
        self, rules: Iterable[Rule], about: ResourceType, unreadable: Unreadable
    ) -> Iterator[Observation]:
        where = self.account_wide(ACCOUNT if about.is_global else REGION)
        for rule in rules:
            yield self._observation(rule, where, _blind(unreadable), self.aws.now(), {})

    def _nothing(self, rules: Iterable[Rule], about: ResourceType) -> Iterator[Observation]:
        """The account-level row where nothing is to be judged; "not checked" is not "fine"."""
        where = self.account_wide(ACCOUNT if about.is_global else REGION)
        verdict = not_applicable(f"There is no {about.name} here for this rule to judge.")
        for rule in rules:
            yield self._observation(rule, where, verdict, self.aws.now(), {})


def _done(about: ResourceType, id: str, start: Cursor | None) -> bool:
    if start is None:
        return False
    region_first = (about.name, about.is_global)
    return (*region_first, id) <= (start.type, start.region == GLOBAL, start.after)


def _each(
    record: Callable[[Observation], None], observations: Iterable[Observation]
) -> Iterator[Observation]:
    for observation in observations:
        record(observation)
        yield observation


def _by_settings_alone(rule: Rule, settings: Mapping[str, Any] | SettingRefused) -> Verdict | None:
    """The verdict where the configuration leaves nothing to read."""
    if isinstance(settings, SettingRefused):
        return cannot_tell(f"The configuration is refused: {settings}.")
    if rule.opt_in and not settings[rule.opt_in]:
        return not_applicable(f"The setting {rule.opt_in} does not ask for it.")
    return None


def _references(subject: Any, parameter: Parameter) -> list[Resource]:
    meant = getattr(subject, parameter.name)
    if meant is None:
        return []
    return [meant] if isinstance(meant, Resource) else list(meant)


def _storable(observed: Mapping[str, Fact]) -> Mapping[str, Fact]:
    """The facts as they are stored; those that are too large are left out, the largest first.

    DynamoDB refuses an item of 400 KB, and SNS a message of 256: one resource with hostile names
    would then keep its whole heading from being recorded.
    """
    facts = cast("Mapping[str, Fact]", clean_facts(observed))
    sizes = {name: len(json.dumps(value, default=str)) for name, value in facts.items()}
    left_out = set()
    for name in sorted(sizes, key=lambda name: -sizes[name]):
        if sum(sizes.values()) <= MOST_OBSERVED:
            break
        left_out.add(name)
        sizes[name] = len(_LEFT_OUT)
    return {name: _LEFT_OUT if name in left_out else value for name, value in facts.items()}


def _unlistable(about: ResourceType, error: Exception) -> Unreadable:
    """A listing that our own code could not make sense of: it costs its type, not the survey."""
    action = " and ".join(about.find_reads) or f"the listing of {about.name}"
    return Unreadable(action, Cause.UNEXPECTED_ANSWER, f"{type(error).__name__}: {error}")


def _blind(unreadable: Unreadable) -> Verdict:
    return cannot_tell(f"Could not be judged: {unreadable}.", missing=(unreadable.action,))
