"""Evaluates the targets of an event: a resource, those that refer to it, or everything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from readiness.engine.aws_errors import CredentialsRefused, Postponed
from readiness.engine.evaluate import Evaluation, references
from readiness.engine.events import ANY, Target
from readiness.engine.observation import Observation
from readiness.engine.survey import Coverage, survey
from readiness.model.resource import Resource
from readiness.model.rule import Rule
from readiness.model.unreadable import Gone, Unreadable


def follow(
    evaluation: Evaluation, rules: Iterable[Rule], targets: Iterable[Target]
) -> Iterator[Observation]:
    """Judge the targets of an event, each once. Raises CredentialsRefused."""
    known = {rule.id: rule for rule in evaluation.judged(rules)}
    wanted = [target for target in targets if target.rule in known]
    everything = {target.rule for target in wanted if target.id is None and not target.via}
    alone: dict[Resource, list[Rule]] = {}
    for target in sorted(wanted, key=lambda t: (t.rule, t.id or "", t.via or ("", ""))):
        rule = known[target.rule]
        if target.id is not None:
            if rule.id not in everything:
                alone.setdefault(_resource(evaluation, rule, target.id), []).append(rule)
        elif target.via is not None and rule.id not in everything:
            yield from _referring(evaluation, rule, *target.via)
    for resource, asked in alone.items():
        yield from evaluation.agreed(resource, asked)
    if everything:
        yield from survey(evaluation, [known[id] for id in sorted(everything)], Coverage())


def _resource(evaluation: Evaluation, rule: Rule, id: str) -> Resource:
    return rule.subject.resource(evaluation.aws.account, evaluation.aws.region, id)


def _referring(evaluation: Evaluation, rule: Rule, type_: str, id: str) -> Iterator[Observation]:
    """Judge those subjects of the rule that refer to the resource that changed.

    A subject whose references cannot be read is judged all the same, so that no
    change is missed. Who refers to what is read for all at once where that is possible;
    those it concerns are then read alone.
    """
    parameters = [p for p in rule.parameters[1:] if p.declaration.about.name == type_]
    try:
        ids = evaluation.aws.find(rule.subject)
    except Unreadable as unreadable:
        yield from evaluation.unlisted([rule], rule.subject, unreadable)
        ids = list(unreadable.found)
    about = rule.parameters[0].evidence
    lookup = evaluation.aws.reread(bulk=True) if hasattr(about, "load_all") else evaluation.aws
    for subject_id in ids:
        resource = _resource(evaluation, rule, subject_id)
        try:
            subject = lookup.evidence(about, resource, evaluation.settings(rule)).evidence
        except Gone:
            continue
        except (CredentialsRefused, Postponed):
            raise
        except Exception:
            yield evaluation.observe(rule, resource)
            continue
        named = [
            id == ANY or p.declaration.about.may_mean(r.id, id)
            for p in parameters
            for r in references(subject, p)
        ]
        if any(named) or not parameters:
            yield evaluation.observe(rule, resource)
