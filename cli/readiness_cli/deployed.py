"""Reading the deployed findings table by its cheapest index."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from readiness.engine.rows import UnreadableRow
from readiness.engine.store import Store
from readiness.model.finding import finding_id
from readiness.model.resource import Resource
from readiness_cli import stack
from readiness_cli.failure import Exit, Failure
from readiness_cli.target_selection import is_key

if TYPE_CHECKING:
    from readiness.engine.aws import Aws
    from readiness.engine.rows import Entry
    from readiness.model.finding import Finding

ID_LENGTH = 12


class Deployed:
    """The findings and the history of one deployed stack."""

    def __init__(self, aws: Aws, stack_name: str) -> None:
        self.aws = aws
        self.stack = stack.find(aws, stack_name)
        self.store = Store(
            aws.client("dynamodb"), self.stack["FindingsTable"], self.stack["TransitionsTable"]
        )

    def findings(
        self, *, only_open: bool = False, rule: str | None = None, workload: str | None = None
    ) -> list[Finding]:
        """Findings by the narrowest index that the question allows."""
        return list(self.each_finding(only_open=only_open, rule=rule, workload=workload))

    def each_finding(
        self, *, only_open: bool = False, rule: str | None = None, workload: str | None = None
    ) -> Iterator[Finding]:
        """As :meth:`findings`, page by page."""
        with self._said_plainly():
            for finding in self._cheapest(only_open=only_open, rule=rule, workload=workload):
                if (
                    (finding.is_open or not only_open)
                    and (rule is None or finding.rule == rule)
                    and (workload is None or finding.workload == workload)
                ):
                    yield finding

    def open_or_waived(self) -> list[Finding]:
        """What is open or waived: everything that a waiver can concern."""
        account = self.aws.account
        with self._said_plainly():
            return [*self.store.open(account), *self.store.waived(account)]

    def waived(self) -> list[Finding]:
        """What is waived, as its index has it."""
        with self._said_plainly():
            return list(self.store.waived(self.aws.account))

    def has_any(self, rules: Iterable[str]) -> bool:
        """Whether any of the rules has a finding in this account, of whatever status."""
        prefix = f"{self.aws.account}/"
        with self._said_plainly():
            return any(next(self.store.of_rule(rule, prefix), None) for rule in rules)

    def _cheapest(
        self, *, only_open: bool, rule: str | None, workload: str | None
    ) -> Iterable[Finding]:
        if only_open:
            return self.store.open(self.aws.account)
        if rule is not None:
            return self.store.of_rule(rule, f"{self.aws.account}/")
        if workload is not None:
            return self.store.of_workload(workload)
        return self.store.all()

    def by_id(self, prefix: str) -> list[Finding]:
        """The findings whose id begins so.

        By the history of a whole id, by the index of ids, and for rows from before that index
        among the open ones, then among all.
        """
        with self._said_plainly():
            if len(prefix) == ID_LENGTH:
                entries = self.store.history(prefix)
                if entries:
                    last = entries[-1]
                    found = self.store.get(Resource.parse(last.resource), last.rule)
                    return [found] if found else []
            indexed = self._those(self.store.keys_by_id(prefix))
            return indexed or self._open_by_id(prefix) or self._any_by_id(prefix)

    def _those(self, keys: Iterable[tuple[Resource, str]]) -> list[Finding]:
        found = (self.store.get(resource, rule) for resource, rule in keys)
        return [finding for finding in found if finding is not None]

    def _open_by_id(self, prefix: str) -> list[Finding]:
        """Out of the index of open findings: what people look up stood in an alert or a list."""
        return [f for f in self.store.open(self.aws.account) if f.id.startswith(prefix)]

    def _any_by_id(self, prefix: str) -> list[Finding]:
        """By the keys of the whole table."""
        return self._those(
            (resource, rule)
            for resource, rule in self.store.every_key(also_gone=True)
            if finding_id(resource, rule).startswith(prefix)
        )

    def ids_like(self, id: str) -> list[str]:
        """Ids of open findings that look like this one, as where a digit was misread."""
        with self._said_plainly():
            known = [finding.id for finding in self.store.open(self.aws.account)]
        shortened = {known_id[: len(id)]: known_id for known_id in known}
        close = difflib.get_close_matches(id, shortened, n=3, cutoff=0.75)
        return [shortened[each] for each in close]

    def of_resource(self, resource: str, rule: str) -> list[Finding]:
        """The findings of a rule about a resource, by its full key or its id."""
        with self._said_plainly():
            if is_key(resource):
                found = self.store.get(Resource.parse(resource), rule)
                return [found] if found else []
            of_rule = self.store.of_rule(rule, f"{self.aws.account}/")
            return [finding for finding in of_rule if finding.resource.id == resource]

    def history(self, finding: Finding) -> list[Entry]:
        """The transitions of a finding, oldest first."""
        with self._said_plainly():
            return self.store.history(finding.id)

    @contextmanager
    def _said_plainly(self) -> Iterator[None]:
        try:
            with stack.tables_of(self.stack):
                yield
        except UnreadableRow as error:
            raise Failure(
                f"this version cannot read the finding {error.key} ({error.why})",
                why="Another version of Readiness wrote it",
                fix="use the version of the command line that the stack was deployed with",
                code=Exit.AWS_OR_INTERNAL,
            ) from error
