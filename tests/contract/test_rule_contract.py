"""The contract of the rule tables notices what it is there to notice."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from readiness import Severity, Status, Verdict, cannot_tell, complies, heading, violates
from readiness.evidence.sqs.dead_letters import DeadLetters
from readiness_cli import catalogue
from tests import rule_contract
from tests.rule_contract import Record, RuleContract, files_of, statuses_of

QUEUE, DEAD = DeadLetters("work"), DeadLetters("dead", ("work",))


def rule_of(function):
    box = heading("Monitoring & Observability", "Alarms").rule
    return box("Cost alarms", severity=Severity.LOW)(function)


def _too_many(count: int, most: int) -> Verdict:
    if count > most:
        return violates(f"{count} sources; at most {most} are allowed.", expected="Fewer.")
    return _few(count)


def _few(count: int) -> Verdict:
    return complies("Few sources.") if count else cannot_tell("No source was found.")


def sources(queue: DeadLetters, *, most: int = 3) -> Verdict:
    """Few queues share a dead-letter queue."""
    return _too_many(len(queue.sources), most)


def always(queue: DeadLetters, *, most: int = 3) -> Verdict:
    """Everything complies."""
    return complies(f"At most {most} are allowed.")


def gaps(function, *calls, **exceptions):
    rule, record = rule_of(function), Record()
    for evidence, settings in calls:
        record.called(rule, [evidence], settings)
    return [gap.partition(" ")[2] for gap in record.gaps(rule, **exceptions)]


def test_what_a_rule_can_give_is_followed_through_the_functions_it_names():
    assert statuses_of(rule_of(sources)) == set(Status) - {Status.NOT_APPLICABLE}


def test_methods_and_functions_of_other_modules_are_followed():
    alarms = {rule.name: statuses_of(rule) for rule in catalogue.heading("alarms")}
    assert alarms["state-machine-errors"] == set(Status) - {Status.NOT_APPLICABLE}
    assert alarms["cost-alarms"] == set(Status) - {Status.NOT_APPLICABLE}
    assert alarms["topic-delivery"] == set(Status)


def test_passing_and_failing_is_asked_of_a_rule_that_only_passes():
    assert gaps(always, (QUEUE, {})) == [
        "is never NON_COMPLIANT",
        "setting most never gets another than its default",
    ]


OUT_OF_A_TABLE = {True: cannot_tell}


def tabled(queue: DeadLetters) -> Verdict:
    """It passes and fails, and does neither in a way that no name shows."""
    if len(queue.sources) > 1:
        return violates("Several sources.", expected="One.")
    return OUT_OF_A_TABLE.get(not queue.sources, complies)("One source or none.")


def test_a_status_that_the_code_does_not_name_is_noticed_when_it_is_seen():
    calls = [(QUEUE, {}), (DEAD, {}), (DeadLetters("d", ("a", "b")), {})]
    assert gaps(tabled, *calls) == ["was seen (but not by statuses_of) to be INSUFFICIENT_DATA"]


@pytest.mark.parametrize(
    ("calls", "missing"),
    [
        pytest.param(
            [(QUEUE, {}), (DEAD, {}), (DEAD, {"most": 0})],
            [],
            id="every status, and a setting that decides",
        ),
        pytest.param(
            [(QUEUE, {}), (DEAD, {"most": 0})],
            ["is never COMPLIANT"],
            id="the second call, with the default, is not the test's",
        ),
        pytest.param(
            [(QUEUE, {}), (DEAD, {}), (DeadLetters("d", ("a",) * 4), {"most": 3})],
            ["setting most never gets another than its default"],
            id="the default, given",
        ),
        pytest.param(
            [(QUEUE, {}), (DEAD, {}), (DeadLetters("d", ("a",) * 4), {"most": 2})],
            ["setting most never changes a verdict"],
            id="another value that only the text shows",
        ),
    ],
)
def test_what_the_calls_did_not_show(calls, missing):
    assert gaps(sources, *calls) == missing


def test_exceptions_are_by_name_and_do_not_outlive_their_reason():
    calls = [(QUEUE, {}), (DEAD, {}), (DEAD, {"most": 0})]
    never = {("alarms.sources", Status.NON_COMPLIANT): "why"}
    assert gaps(sources, *calls[:2], unreachable=never) == [
        "setting most never gets another than its default"
    ]
    assert gaps(sources, *calls, unreachable=never) == [
        "is NON_COMPLIANT, which UNREACHABLE denies"
    ]
    spoken = {("alarms.always", "most"): "why"}
    never = {("alarms.always", Status.NON_COMPLIANT): "why"}
    assert gaps(always, (QUEUE, {"most": 2}), unreachable=never, telling=spoken) == []


def test_exceptions_name_what_exists():
    rules = catalogue.rules()
    assert {rule for rule, _ in rule_contract.UNREACHABLE} <= set(rules)
    settings = {(rule.id, setting.name) for rule in rules.values() for setting in rule.settings}
    assert set(rule_contract.TELLING) <= settings
    assert all([*rule_contract.UNREACHABLE.values(), *rule_contract.TELLING.values()])


def test_what_workers_recorded_is_put_together():
    rule, one, two = rule_of(sources), Record(), Record()
    one.called(rule, [QUEUE], {})
    two.called(rule, [DEAD], {"most": 0})
    one.add(two.dump())
    assert [gap.partition(" ")[2] for gap in one.gaps(rule)] == ["is never COMPLIANT"]


def test_every_heading_has_a_test_file_and_every_file_a_heading():
    folder, headings = catalogue.ROOT / "tests/rules", catalogue.folders()
    found = {heading: files_of(heading, folder, headings) for heading in headings}
    assert [heading for heading, files in found.items() if not files] == []
    assert sorted(file for files in found.values() for file in files) == sorted(
        folder.glob("test_*.py")
    )


CONFTEST = """
from pathlib import Path
from tests.contract.test_rule_contract import rule_of, sources
from tests.rule_contract import RuleContract

RULE = rule_of(sources)

def pytest_configure(config):
    folder = Path(__file__).parent / "rules"
    config.pluginmanager.register(RuleContract(config, folder, lambda heading: [RULE], ["alarms"]))
"""
RULES = """
import pytest
from conftest import RULE
from tests.contract.test_rule_contract import DEAD, QUEUE

IN_A_ROW = RULE(QUEUE)

def test_in_a_row():
    assert IN_A_ROW.status == "INSUFFICIENT_DATA"

def test_default():
    assert RULE(DEAD).status == "COMPLIANT"
"""
STRICT = """
from conftest import RULE
from tests.contract.test_rule_contract import DEAD

def test_strict():
    assert RULE(DEAD, most=0).status == "NON_COMPLIANT"
"""
NO_STATUS = "rules/test_alarms.py: alarms.sources is never NON_COMPLIANT"
NO_SETTING = (
    "rules/test_alarms.py: alarms.sources setting most never gets another than its default"
)


@pytest.mark.parametrize(
    ("extra", "more", "code", "missing"),
    [
        pytest.param(STRICT, [], 0, [], id="nothing is missing"),
        pytest.param("", ["-n2"], 1, [NO_STATUS, NO_SETTING], id="missing, on two workers"),
    ],
)
def test_a_run(tmp_path, extra, more, code, missing):
    rules = tmp_path / "rules"
    rules.mkdir()
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (rules / "test_alarms.py").write_text(RULES)
    if extra:
        (rules / "test_alarms_more.py").write_text(extra)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:cov", *more]
    ran = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == code, ran.stdout + ran.stderr
    assert [line for line in ran.stdout.splitlines() if "alarms.sources" in line] == missing


def seen_by(tmp_path, *, collected=("one", "more"), deselected=(), reports=(), args=()):
    """The plugin after a run over ``test_alarms.py`` (one) and ``test_alarms_more.py`` (more)."""
    files = {"one": "test_alarms.py", "more": "test_alarms_more.py"}
    for name in files.values():
        (tmp_path / name).touch()
    items = {key: SimpleNamespace(path=tmp_path / files[key], nodeid=key) for key in files}
    config = SimpleNamespace(args=[str(tmp_path), *args])
    plugin = RuleContract(config, tmp_path, lambda heading: [], ["alarms", "alarms_of_others"])
    plugin.pytest_deselected([items[key] for key in deselected])
    plugin.pytest_collection_modifyitems([items[key] for key in collected])
    outcome = dict.fromkeys(collected, "passed") | dict(reports)
    for key, said in outcome.items():
        if said != "not run":
            failed = said == "failed"
            when = "call" if failed else "teardown"
            plugin.pytest_runtest_logreport(SimpleNamespace(nodeid=key, failed=failed, when=when))
    return plugin


@pytest.mark.parametrize(
    ("run", "is_full"),
    [
        pytest.param({}, True, id="both files"),
        pytest.param({"collected": ("one",)}, False, id="one file of two"),
        pytest.param({"collected": ("one",), "deselected": ("more",)}, False, id="chosen by name"),
        pytest.param({"args": ("test_alarms.py::test_one",)}, False, id="a test was named"),
        pytest.param({"args": ("test_caching.py::test_one",)}, True, id="a test of another"),
        pytest.param({"reports": {"more": "failed"}.items()}, False, id="a test failed"),
        pytest.param({"reports": {"more": "not run"}.items()}, False, id="ended early"),
    ],
)
def test_whether_a_heading_ran_in_full(tmp_path, run, is_full):
    assert seen_by(tmp_path, **run).ran_in_full("alarms") is is_full


def test_a_heading_without_tests_did_not_run(tmp_path):
    assert not seen_by(tmp_path).ran_in_full("alarms_of_others")
