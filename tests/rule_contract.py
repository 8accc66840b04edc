"""The rule tables as a contract: together they reach every status, and every setting matters.

While the tests of ``tests/rules`` run, every call of a rule is recorded. At the end of the run
each heading whose tests ran completely must have shown, for each of its rules,

- every status that the rule's code can give (`statuses_of`), and
- for each setting a call with another than the default value, whose verdict has another status
  or severity than the same call with the default.

What is missing fails the run, one line for each gap. A run of a part (a file, ``-k``, ``-x``, a
failed test) asserts nothing about the headings it did not run in full.
"""

from __future__ import annotations

import ast
import copy
import functools
import inspect
import re
import textwrap
import types
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from readiness import cannot_tell, complies, not_applicable, violates, violates_all
from readiness.engine.evaluate import Evaluation
from readiness.engine.observation import Observation
from readiness.model.resource import Resource
from readiness.model.rule import Rule
from readiness.model.verdict import Status, Verdict
from readiness_cli import catalogue

UNREACHABLE: Mapping[tuple[str, Status], str] = {
    (
        "caching.ecs-strategy",
        Status.NOT_APPLICABLE,
    ): "of the caches it is linked to only a pass or a failure counts, not that one is deleted",
}
"""Statuses that a rule's code names and no evidence leads to, with the reason."""

TELLING: Mapping[tuple[str, str], str] = {
    ("iam_roles.access-key-age", "warn_days"): "it adds a reminder to a pass",
}
"""Settings that change what a verdict says and not its status or severity, with the reason."""

_GIVES: Mapping[Any, Status] = {
    complies: Status.COMPLIANT,
    violates: Status.NON_COMPLIANT,
    violates_all: Status.NON_COMPLIANT,
    cannot_tell: Status.INSUFFICIENT_DATA,
    not_applicable: Status.NOT_APPLICABLE,
}
_OURS = ("readiness", "functions")
_call = Rule.__call__  # before the plugin replaces it


# -- what a rule's code can give ----------------------------------------------------------------


def statuses_of(rule: Rule) -> frozenset[Status]:
    """The statuses whose constructor the rule's function can reach, and always pass and fail.

    Followed are the functions and methods of this project that the code names. A constructor that
    is reached in another way (out of a table) is not found here, and `Record.gaps` says so as soon
    as a test sees its status.
    """
    found = {Status.COMPLIANT, Status.NON_COMPLIANT}
    seen: set[Any] = set()
    queue: list[Any] = [rule.function]
    while queue:
        function = queue.pop()
        if function in seen:
            continue
        seen.add(function)
        for named in _named_in(function):
            if isinstance(named, types.FunctionType) and named in _GIVES:
                found.add(_GIVES[named])
            elif isinstance(named, types.FunctionType):
                queue.append(named)
    return frozenset(found)


@functools.cache
def _named_in(function: types.FunctionType) -> tuple[types.FunctionType, ...]:
    """The functions of this project that a function names, and methods of classes it names."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError):
        return ()
    spaces: list[Mapping[str, Any]] = [inspect.getclosurevars(function).nonlocals]
    spaces.append(function.__globals__)
    named = [_meant(node, spaces) for node in ast.walk(tree)]
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    owner = _owner(function)
    classes = {each for each in named if isinstance(each, type) and _is_ours(each, function)}
    classes |= {owner} if owner else set()
    methods = [
        _function(inspect.getattr_static(cls, name))
        for cls in classes
        for name in attributes
        if hasattr(cls, name)
    ]
    functions = [*map(_function, named), *methods]
    return tuple(dict.fromkeys(f for f in functions if f is not None and _is_ours(f, function)))


def _meant(node: ast.AST, spaces: Sequence[Mapping[str, Any]]) -> Any:
    """What a name, or a name in an imported module, stands for."""
    if isinstance(node, ast.Name):
        return next((space[node.id] for space in spaces if node.id in space), None)
    if isinstance(node, ast.Attribute):
        module = _meant(node.value, spaces)
        return vars(module).get(node.attr) if isinstance(module, types.ModuleType) else None
    return None


def _owner(function: types.FunctionType) -> type | None:
    """The class a method was defined in."""
    cls = function.__globals__.get(function.__qualname__.partition(".")[0])
    return cls if isinstance(cls, type) else None


def _function(thing: Any) -> types.FunctionType | None:
    if isinstance(thing, Rule):
        return thing.function  # type: ignore[return-value]
    if isinstance(thing, property):
        thing = thing.fget
    elif isinstance(thing, functools.cached_property):
        thing = thing.func
    thing = inspect.unwrap(getattr(thing, "__func__", thing))
    return thing if isinstance(thing, types.FunctionType) else None


def _is_ours(thing: Any, beside: types.FunctionType) -> bool:
    """Whether a function or class is this project's, or stands beside another in its module."""
    module = thing.__module__ or ""
    return module.partition(".")[0] in _OURS or module == beside.__module__


# -- what the tests showed ----------------------------------------------------------------------


@dataclass
class Record:
    """What was seen of the rules: statuses given, settings tried, settings that made a difference.

    A rule is known by its id.
    """

    statuses: set[tuple[str, str]] = field(default_factory=set)
    tried: set[tuple[str, str]] = field(default_factory=set)
    telling: set[tuple[str, str]] = field(default_factory=set)
    deciding: set[tuple[str, str]] = field(default_factory=set)

    def called(self, rule: Rule, evidence: Sequence[Any], given: Mapping[str, Any]) -> Verdict:
        """Call the rule, and once more for each setting that is not at its default."""
        verdict = _call(rule, *evidence, **given)
        self.statuses.add((rule.id, str(verdict.status)))
        for name, default in _changed(rule, given).items():
            self.tried.add((rule.id, name))
            if (rule.id, name) not in self.deciding:
                try:
                    other = _call(rule, *evidence, **{**given, name: default})
                except (LookupError, ValueError, TypeError):
                    continue  # evidence that was read for this setting does not fit another
                self._compared(rule, name, _essence(verdict), _essence(other))
        return verdict

    def observed(
        self, run: Evaluation, rule: Rule, resource: Resource, observation: Observation
    ) -> None:
        """Observe again for each setting that decides what is read, with its default."""
        given = run._configured[rule.id]
        if observation.finding is None or not isinstance(given, dict):
            return
        asked = {rule.opt_in}.union(*(p.declaration.all_asks_with for p in rule.parameters))
        for name, default in _changed(rule, given).items():
            if name in asked and (rule.id, name) not in self.deciding:
                again = copy.copy(run)
                again.aws = run.aws.reread()
                again._configured = {rule.id: {**given, name: default}}
                other = again.observe(rule, resource)
                self.tried.add((rule.id, name))
                if other.finding is not None and not other.crash:
                    seen = _essence(observation.finding), _essence(other.finding)
                    self._compared(rule, name, *seen)

    def _compared(self, rule: Rule, name: str, one: Any, other: Any) -> None:
        if one[:2] != other[:2]:
            self.deciding.add((rule.id, name))
        if one != other:
            self.telling.add((rule.id, name))

    def dump(self) -> dict[str, list[list[str]]]:
        """The record as plain lists, to send from one process to another."""
        return {name: sorted(map(list, value)) for name, value in vars(self).items()}

    def add(self, dumped: Mapping[str, Iterable[Iterable[str]]]) -> None:
        """Take in what another process recorded."""
        for name, value in dumped.items():
            getattr(self, name).update(tuple(each) for each in value)

    def gaps(
        self,
        rule: Rule,
        unreachable: Mapping[tuple[str, Status], str] = UNREACHABLE,
        telling: Mapping[tuple[str, str], str] = TELLING,
    ) -> Iterator[str]:
        """What the tests did not show of a rule, a sentence each."""
        possible = statuses_of(rule)
        for status in Status:
            seen = (rule.id, str(status)) in self.statuses
            if (rule.id, status) in unreachable:
                if seen:
                    yield f"{rule.id} is {status}, which UNREACHABLE denies"
            elif seen is not (status in possible):
                found = "is never" if not seen else "was seen (but not by statuses_of) to be"
                yield f"{rule.id} {found} {status}"
        for setting in rule.settings:
            pair = (rule.id, setting.name)
            if pair not in self.tried:
                yield f"{rule.id} setting {setting.name} never gets another than its default"
            elif pair not in (self.telling if pair in telling else self.deciding):
                yield f"{rule.id} setting {setting.name} never changes a verdict"


def _essence(verdict: Any) -> tuple[Any, ...]:
    observed, expected = dict(verdict.observed), verdict.expected
    return verdict.status, verdict.severity, verdict.reason, observed, expected


def _changed(rule: Rule, given: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults of the settings that were given another value."""
    return {
        setting.name: setting.default
        for setting in rule.settings
        if setting.name in given and given[setting.name] != setting.default
    }


# -- the plugin ---------------------------------------------------------------------------------

_KEY = "rule_contract"


class RuleContract:
    """The pytest plugin. ``folder`` holds the tests, ``rules_of`` gives a heading's rules."""

    def __init__(
        self,
        config: pytest.Config,
        folder: Path,
        rules_of: Callable[[str], Iterable[Rule]],
        headings: Iterable[str],
    ) -> None:
        self.record = Record()
        self.gaps: list[str] = []
        self._config = config
        self._folder = folder
        self._rules_of = rules_of
        self._headings = tuple(headings)
        self._collected: dict[str, set[str]] = defaultdict(set)
        self._deselected: set[str] = set()
        self._passed: set[str] = set()
        self._failed: set[str] = set()
        self._active = False
        self._queue: list[tuple[Evaluation, Rule, Resource, Observation]] = []

    # Calls are recorded while a file of the folder is imported, and while its tests run: tables
    # call rules in their rows.

    def pytest_configure(self) -> None:
        observe = Evaluation.observe

        def recorded_call(rule: Rule, *evidence: Any, **settings: Any) -> Verdict:
            if not self._active:
                return _call(rule, *evidence, **settings)
            return self.record.called(rule, evidence, settings)

        def recorded_observe(run: Evaluation, rule: Rule, resource: Resource) -> Observation:
            observation = observe(run, rule, resource)
            if self._active:
                self._queue.append((run, rule, resource, observation))
            return observation

        patch = pytest.MonkeyPatch()
        patch.setattr(Rule, "__call__", recorded_call)
        patch.setattr(Evaluation, "observe", recorded_observe)
        self._config.add_cleanup(patch.undo)

    @contextmanager
    def _recording(self, path: Path) -> Iterator[None]:
        self._active = path.parent == self._folder
        try:
            yield
        finally:
            self._active = False
            self._queue.clear()

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Any:
        with self._recording(collector.path):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        with self._recording(item.path):
            return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self) -> None:
        """Observe again after the test's own assertions, which may count calls."""
        queue, self._queue[:] = tuple(self._queue), []
        self._active = False
        for run, rule, resource, observation in queue:
            self.record.observed(run, rule, resource, observation)

    # What ran, to know which headings ran in full.

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self._deselected |= {item.path.name for item in items if item.path.parent == self._folder}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: Sequence[pytest.Item]) -> None:
        for item in items:
            if item.path.parent == self._folder:
                self._collected[item.path.name].add(item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed.add(report.nodeid)
        elif report.when == "teardown":
            self._passed.add(report.nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        sent = getattr(node, "workeroutput", {}).get(_KEY)
        if sent:
            self.record.add(sent["record"])
            self._deselected |= set(sent["deselected"])
            for name, ids in sent["collected"].items():
                self._collected[name] |= set(ids)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[_KEY] = {
                "record": self.record.dump(),
                "deselected": sorted(self._deselected),
                "collected": {name: sorted(ids) for name, ids in self._collected.items()},
            }
            return
        for heading in self._headings:
            if self.ran_in_full(heading):
                where = files_of(heading, self._folder, self._headings)[0]
                file = where.relative_to(self._config.rootpath)
                for rule in self._rules_of(heading):
                    self.gaps += [f"{file}: {gap}" for gap in self.record.gaps(rule)]
        if self.gaps and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def ran_in_full(self, heading: str) -> bool:
        """Whether all tests of the heading there are were run, and none failed."""
        files = {each.name for each in files_of(heading, self._folder, self._headings)}
        expected = set().union(*(self._collected[name] for name in files))
        return (
            all(self._collected[name] for name in files)
            and bool(files)
            and not files & (self._deselected | self._named_in_part())
            and expected <= self._passed - self._failed
        )

    def _named_in_part(self) -> set[str]:
        """Files of which the command line names single tests."""
        return {Path(a.partition("::")[0]).name for a in self._config.args if "::" in a}

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.gaps:
            terminalreporter.section("rule tables", red=True, bold=True)
            for gap in self.gaps:
                terminalreporter.line(gap)
            terminalreporter.line(f"{len(self.gaps)} gaps in the rule tables", red=True)


def files_of(heading: str, folder: Path, headings: Iterable[str]) -> list[Path]:
    """The test files of a heading: ``test_<heading>.py``, ``test_<heading>_<more>.py``."""
    longer = [other for other in headings if other.startswith(f"{heading}_")]
    mine = re.compile(rf"test_{heading}(_\w+)?\.py")
    others = re.compile("|".join(rf"test_{other}(_\w+)?\.py" for other in longer) or r"(?!)")
    return sorted(
        file
        for file in folder.glob("test_*.py")
        if mine.fullmatch(file.name) and not others.fullmatch(file.name)
    )


def register(config: pytest.Config) -> None:
    """Hold every heading of this project to the contract."""
    folder = Path(__file__).parent / "rules"
    plugin = RuleContract(config, folder, catalogue.heading, catalogue.folders())
    config.pluginmanager.register(plugin, _KEY)
