"""Evaluates the targets of an event: a resource, those that refer to it, or everything."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from readiness.engine.aws import Aws
from readiness.engine.aws_errors import CredentialsRefused, Postponed
from readiness.engine.evaluate import Evaluation, references
from readiness.engine.observation import Observation
from readiness.engine.store import Store
from readiness.engine.survey import Coverage, survey
from readiness.engine.targets import ANY, Target
from readiness.model.evidence import type_named
from readiness.model.resource import Resource
from readiness.model.rule import Rule
from readiness.model.unreadable import Gone, Unreadable

MOST_REFERRING = 300
"""Of how many subjects an invocation finds out who refers to a resource; more take several."""


def follow(
    evaluation: Evaluation,
    rules: Iterable[Rule],
    targets: Iterable[Target],
    vast: set[Target] | None = None,
) -> Iterator[Observation]:
    """Judge the targets of an event, each once. Raises CredentialsRefused.

    What ``begins`` names is known by :func:`with_stored_parts` alone.
    With ``vast``, those that more may refer to than one invocation has the time for are put there
    instead.
    """
    known = {rule.id: rule for rule in evaluation.judged(rules)}
    wanted = [target for target in targets if target.rule in known and not target.begins]
    everything = {target.rule for target in wanted if target.id is None and not target.via}
    alone: dict[Resource, list[Rule]] = {}
    for target in sorted(wanted, key=lambda t: (t.rule, t.id or "", t.via or ("", ""))):
        rule = known[target.rule]
        if target.id is not None:
            if rule.id not in everything:
                alone.setdefault(_resource(evaluation, rule, target.id), []).append(rule)
        elif target.via is not None and rule.id not in everything:
            if vast is not None and _may_be_many(evaluation, rule):
                vast.add(target)
            else:
                yield from _referring(evaluation, rule, *target.via)
    for resource, asked in alone.items():
        yield from evaluation.agreed(resource, asked)
    if everything:
        yield from survey(evaluation, [known[id] for id in sorted(everything)], Coverage())


def of_global_resources(targets: Iterable[Target], rules: Iterable[Rule]) -> frozenset[Target]:
    """The targets without those about a resource of the region of the event.

    One of the same name may be in another region, and has nothing to do with the event.
    """
    subjects = {rule.id: rule.subject for rule in rules}

    def may_concern(target: Target) -> bool:
        if target.via is not None:
            about = type_named(target.via[0])
            return about is None or about.is_global
        return target.id is None or subjects[target.rule].is_global

    return frozenset(filter(may_concern, targets))


def with_stored_parts(
    targets: frozenset[Target], rules: Mapping[str, Rule], store: Store, account: str, region: str
) -> frozenset[Target]:
    """The targets, with each that ``begins`` replaced by what is stored of such resources.

    What was deleted with something else no listing shows, and no call names.
    """
    found = set()
    for target in targets:
        if not target.begins or target.id is None:
            found.add(target)
            continue
        first = rules[target.rule].subject.resource(account, region, target.id)
        for stored in store.of_rule(target.rule, first.key):
            if not stored.gone:
                found.add(Target(target.rule, stored.resource.id))
    return frozenset(found)


def _resource(evaluation: Evaluation, rule: Rule, id: str) -> Resource:
    return rule.subject.resource(evaluation.aws.account, evaluation.aws.region, id)


def _referring(evaluation: Evaluation, rule: Rule, type_: str, id: str) -> Iterator[Observation]:
    """Judge those subjects of the rule that refer to the resource that changed.

    A subject whose references cannot be read is judged all the same, so that no
    change is missed. Who refers to what is read for all at once where that is possible;
    those it concerns are then read alone.
    """
    try:
        ids = evaluation.aws.find(rule.subject)
    except Unreadable as unreadable:
        yield from evaluation.unlisted([rule], rule.subject, unreadable)
        ids = list(unreadable.found)
    about = rule.parameters[0].evidence
    lookup = evaluation.aws.reread(bulk=True) if hasattr(about, "load_all") else evaluation.aws
    for subject_id in ids:
        resource = _resource(evaluation, rule, subject_id)
        if refers(evaluation, lookup, rule, resource, {(type_, id)}):
            yield evaluation.observe(rule, resource)


def _may_be_many(evaluation: Evaluation, rule: Rule) -> bool:
    """Whether more subjects are there than an invocation can ask about."""
    try:
        return len(evaluation.aws.find(rule.subject)) > MOST_REFERRING
    except Unreadable as unreadable:
        return len(unreadable.found) > MOST_REFERRING


def refers(
    evaluation: Evaluation,
    lookup: Aws,
    rule: Rule,
    resource: Resource,
    changed: Collection[tuple[str, str]],
) -> bool:
    """Whether a subject of the rule refers to one of what changed (type, id), or may do so.

    False too for what is gone meanwhile. Raises CredentialsRefused and Postponed.
    """
    try:
        about = rule.parameters[0].evidence
        subject = lookup.evidence(about, resource, evaluation.settings(rule)).evidence
    except Gone:
        return False
    except (CredentialsRefused, Postponed):
        raise
    except Exception:
        return True
    for type_, id in changed:
        parameters = [p for p in rule.parameters[1:] if p.declaration.about.name == type_]
        named = (
            id == ANY or p.declaration.about.may_mean(r.id, id)
            for p in parameters
            for r in references(subject, p)
        )
        if not parameters or any(named):
            return True
    return False
