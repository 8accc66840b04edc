"""The end of a sweep: closes the findings of resources, rules and headings that are gone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

from readiness.engine.aws_errors import Postponed
from readiness.engine.evaluate import Evaluation
from readiness.engine.observation import Observation
from readiness.engine.record import Enough, Recorder, in_batches
from readiness.engine.retired import Walk
from readiness.engine.rows import UnreadableRow
from readiness.engine.store import Store
from readiness.engine.survey import Coverage
from readiness.model.blindness import RULE_HEADING
from readiness.model.evidence import ACCOUNT, ResourceType
from readiness.model.finding import Finding
from readiness.model.resource import GLOBAL, Resource
from readiness.model.rule import Rule
from readiness.model.unreadable import Unreadable

_THREADS = 12
_RETIRED = "There is no such rule any more."
_LEFT_TO_OTHERS = "This stack does not evaluate global services (EvaluateGlobalServices)."


class Closing:
    """Closes through the recorder of a run, so that it is counted and looked at again there.

    ``is_another_needed``: rows of former rules were left to another walk through the table.
    ``walk`` is one that did not come to its end.
    """

    def __init__(self, store: Store, evaluation: Evaluation, recorder: Recorder) -> None:
        self._store = store
        self._evaluation = evaluation
        self._recorder = recorder
        self.is_another_needed = False
        self.walk: Walk | None = None

    def vanished(
        self,
        rules: Iterable[Rule],
        coverage: Coverage,
        *,
        before: datetime,
        enough: Enough = lambda: False,
    ) -> int:
        """Close findings whose resource a complete listing did not show.

        Each resource is read once more alone: listings are eventually consistent, and a resource
        is gone only if it says so itself or, where no evidence can, if a second listing does not
        show it either. Stops at ``enough``; what it closed is not found again.
        """
        left: dict[Resource, list[Rule]] = {}
        closed = 0
        for rule, finding in self._left_over(rules, coverage, before):
            if enough():
                return closed
            if not self._is_placeholder(finding, rule.subject):
                left.setdefault(finding.resource, []).append(rule)
            elif coverage.listed[rule.subject]:
                gone = Observation(rule, finding.resource, before, over=finding.version)
                closed += self._recorder.write(gone)
        return closed + self._close_if_gone(left, enough)

    def _left_over(
        self, rules: Iterable[Rule], coverage: Coverage, before: datetime
    ) -> Iterator[tuple[Rule, Finding]]:
        """The findings that this sweep did not see, of types that it listed as a whole."""
        for rule in rules:
            if coverage.is_whole(rule.subject):
                for finding in self._stored_by(rule):
                    is_over = finding.gone or finding.last_observed_at >= before
                    if not is_over and finding.resource.id not in coverage.listed[rule.subject]:
                        yield rule, finding

    def _close_if_gone(self, vanished: Mapping[Resource, Sequence[Rule]], enough: Enough) -> int:
        """Close those of the resources that are gone, a batch at a time."""
        again = self._evaluation.reread()
        closed = 0

        def close(resource: Resource) -> int:
            rules = vanished[resource]
            try:
                seen = again.agreed(resource, rules)
                unproven = all(each.unproven for each in seen)
                is_unlisted = unproven and not again.lists(rules[0], resource)
            except (Postponed, Unreadable):
                return 0  # the next sweep looks at it
            if is_unlisted:
                seen = [replace(each, finding=None) for each in seen]
            for observation in seen:
                self._recorder.write(observation)
            gone = next((each for each in seen if each.finding is None), None)
            return 0 if gone is None else len(seen) + self._recorder.close_others(gone)

        with ThreadPoolExecutor(_THREADS, "close") as pool:
            for batch in in_batches(sorted(vanished)):
                if enough():
                    break
                self._recorder.forget()
                closed += sum(pool.map(close, batch))
        return closed

    def _stored_by(self, rule: Rule) -> Iterator[Finding]:
        aws = self._evaluation.aws
        region = GLOBAL if rule.subject.is_global else aws.region
        return self._store.of_rule(rule.id, f"{aws.account}/{region}/")

    def retired(
        self,
        folder: str,
        rules: Iterable[Rule],
        *,
        deployed: Iterable[str],
        before: datetime,
        left_to_others: Collection[str] = (),
        walk: Walk | None = None,
        enough: Enough = lambda: False,
    ) -> int:
        """Close what a whole walk through the table finds of rules that are no more.

        Those are rules that the heading ``folder`` does not have, or that are ``left_to_others``,
        and all of headings that are not ``deployed``. A row that says it was written meanwhile is
        left to another walk: its writer is a version that is just leaving, or a host whose clock
        is ahead. Where it was ``enough`` before the end of the table, the attribute ``walk`` says
        where to go on.
        """
        existing, headings = {rule.id for rule in rules}, {folder, RULE_HEADING, *deployed}
        self.is_another_needed = walk is not None and walk.left
        closed = 0
        for keys, place in self._store.pages_of_keys(walk.place if walk is not None else None):
            for resource, rule in keys:
                heading = rule.partition(".")[0]
                is_former = rule not in existing if heading == folder else heading not in headings
                if is_former and self._is_here(resource):
                    why = _LEFT_TO_OTHERS if rule in left_to_others else _RETIRED
                    closed += self._close_former(resource, rule, before, why)
            if place is not None and enough():
                self.walk = Walk(place, left=self.is_another_needed)
                return closed
        return closed

    def _close_former(self, resource: Resource, rule: str, before: datetime, why: str) -> bool:
        try:
            stored = self._store.get(resource, rule)
        except UnreadableRow as error:
            self._store.unreadable[error.key] = error.why
            return False
        if stored is None or stored.gone:
            return False
        if stored.last_observed_at >= before:
            self.is_another_needed = True
            return False
        return self._recorder.close(stored, before, why)

    def _is_here(self, resource: Resource) -> bool:
        aws = self._evaluation.aws
        return resource.account == aws.account and resource.region in {aws.region, GLOBAL}

    def _is_placeholder(self, finding: Finding, subject: ResourceType) -> bool:
        """Whether it is the account-level row of a rule that had nothing to judge, or no list."""
        return finding.resource.type == ACCOUNT.name != subject.name
