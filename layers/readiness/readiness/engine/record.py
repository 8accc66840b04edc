"""Observations → findings in the store, and a second look whenever something changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from readiness.engine.evaluate import Coverage, Evaluation, Observation
from readiness.engine.store import Store, Unwritable
from readiness.model.evidence import ACCOUNT, ResourceType
from readiness.model.finding import CHANGE, Finding
from readiness.model.resource import GLOBAL, Resource
from readiness.model.rule import Rule
from readiness.model.transition import Transition
from readiness.model.verdict import Status

SECOND_LOOKS = 2

Known = dict[tuple[str, str], Finding]


class Recorder:
    """Writes what one run observed.

    After a transition it looks again, because another run may have read a newer state, found
    it equal to what was stored, and written nothing, all between our read and our write. The
    last writer's second look is what makes concurrent runs converge to the live state.
    """

    def __init__(self, store: Store, evaluation: Evaluation) -> None:
        self._store = store
        self._evaluation = evaluation
        self._of_resource: dict[Resource, dict[str, Finding]] = {}
        self.transitions: list[Transition] = []
        self.unwritten: list[str] = []

    def known(self, rules: Iterable[Rule]) -> Known:
        """What is stored for these rules in this account: a few pages instead of a read each."""
        aws = self._evaluation.aws
        found: Known = {}
        for rule in rules:
            region = GLOBAL if rule.subject.is_global else aws.region
            for finding in self._store.of_rule(rule.id, f"{aws.account}/{region}/"):
                found[finding.resource.key, finding.rule] = finding
        return found

    def record(self, observation: Observation, known: Known | None = None) -> None:
        """Write one observation, looking again as long as that leads to transitions.

        One that cannot be written is put down in ``unwritten`` and costs no other.
        """
        try:
            self._record(observation, known)
        except Unwritable as error:
            self.unwritten.append(str(error))

    def _record(self, observation: Observation, known: Known | None) -> None:
        for _ in range(1 + SECOND_LOOKS):
            stored = self._stored(observation, known)
            seen = _as_finding(observation, stored)
            if seen is None:
                return
            change = self._store.record(seen, stored)
            if change.finding is not None:
                self._remember(change.finding, known)
            if change.transition is None:
                return
            self.transitions.append(change.transition)
            if observation.rule.subject.name != observation.resource.type:
                return
            observation = self._evaluation.afresh().observe(observation.rule, observation.resource)

    def close_vanished(
        self, rules: Iterable[Rule], coverage: Coverage, known: Known, *, before: datetime
    ) -> int:
        """Close findings whose resource a complete listing did not show.

        Each is read once more alone: listings are eventually consistent, and only a resource
        that says itself that it is gone is taken as gone.
        """
        closed = 0
        by_id = {rule.id: rule for rule in rules}
        for (_, rule_id), finding in sorted(known.items()):
            rule = by_id[rule_id]
            listed = coverage.listed.get(rule.subject)
            if listed is None or finding.gone or finding.last_observed_at >= before:
                continue
            if self._is_placeholder(finding, rule.subject):
                if listed:
                    self.record(Observation(rule, finding.resource, before), known)
                    closed += 1
            elif finding.resource.id not in listed:
                again = self._evaluation.afresh().observe(rule, finding.resource)
                self.record(again, known)
                closed += again.finding is None
        return closed

    def close_retired(self, folder: str, rules: Iterable[Rule], *, before: datetime) -> int:
        """Close the open findings of rules that the heading does not have any more."""
        aws = self._evaluation.aws
        existing = {rule.id for rule in rules}
        closed = 0
        for finding in list(self._store.open(aws.account)):
            mine = finding.rule.startswith(f"{folder}.") and finding.rule not in existing
            here = finding.resource.region in {aws.region, GLOBAL}
            if mine and here and finding.last_observed_at < before:
                retired = _gone(finding, before, "There is no such rule any more.")
                closed += self._store.record(retired, finding).finding is not None
        return closed

    def _is_placeholder(self, finding: Finding, subject: ResourceType) -> bool:
        """Whether it is the account-level row of a rule that had nothing to judge, or no list."""
        return finding.resource.type == ACCOUNT.name != subject.name

    def _stored(self, observation: Observation, known: Known | None) -> Finding | None:
        resource, rule = observation.resource, observation.rule.id
        if known is not None:
            return known.get((resource.key, rule))
        if resource not in self._of_resource:
            self._of_resource[resource] = self._store.of_resource(resource)
        return self._of_resource[resource].get(rule)

    def _remember(self, finding: Finding, known: Known | None) -> None:
        if known is not None:
            known[finding.resource.key, finding.rule] = finding
        else:
            self._of_resource.setdefault(finding.resource, {})[finding.rule] = finding


def _as_finding(observation: Observation, stored: Finding | None) -> Finding | None:
    """The finding to record; None where there is nothing to say and nothing to close."""
    if observation.finding is not None and not observation.out_of_scope:
        return observation.finding
    if stored is None or stored.gone:
        return None
    if observation.out_of_scope:
        if stored.status is Status.NOT_APPLICABLE:
            return None
        return observation.finding
    return _gone(stored, observation.observed_at, "The resource does not exist any more.")


def _gone(stored: Finding, at: datetime, reason: str) -> Finding:
    return stored.but(
        status=Status.NOT_APPLICABLE,
        reason=reason,
        expected="",
        observed={},
        **dict.fromkeys(CHANGE, ""),
        last_observed_at=at,
        blind_since=None,
        blind_reason="",
        blinded_at=None,
        missing=(),
        gone=True,
    )
