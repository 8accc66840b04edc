"""Reliability and cost wake nobody before their baseline has ended, but for proven harm."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.error_handling.app import (
    asynchronous_failures,
    rule_failures,
    subscription_failures,
)
from readiness import Severity, Status
from readiness.alerting.routing import Routing, route
from readiness.engine.rows import Entry
from readiness.evidence.awslambda.asynchronous import (
    AsynchronousLosses,
    AsynchronousUse,
    InvokeSettings,
    Lost,
)
from readiness.evidence.eventbridge.rules import RuleLosses, RuleTarget, RuleTargets
from readiness.evidence.sns.redrive import Redriven, TopicLosses, TopicRedrive
from readiness_cli.catalogue import ROOT, rules
from tests.findings import finding

FOLDERS = (
    "backup_recovery",
    "budget_alerts",
    "cost_optimization",
    "error_handling",
    "high_availability",
)
RULES = [rule for id, rule in rules().items() if id.partition(".")[0] in FOLDERS]
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / "functions" / folder).glob("*.py"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_no_rule_pages_for_the_state_that_an_account_was_in(rule):
    assert rule.severity is not Severity.CRITICAL
    row = Entry("f", "2026-11-02T12:00:00.000Z", "OPENED", "r", rule.id, severity=rule.severity)
    told = route(row, finding(rule=rule.id, severity=rule.severity), "")
    assert told is Routing.BASELINE


def conditions(tree: ast.AST) -> Iterator[str]:
    """For each use of CRITICAL the conditions that it stands under, as text."""

    def walk(node: ast.AST, under: tuple[str, ...]) -> Iterator[str]:
        if ast.unparse(node) == "Severity.CRITICAL" and isinstance(node, ast.Attribute):
            yield " ".join(under)
        tests = (ast.unparse(node.test),) if isinstance(node, ast.If) else ()
        for child in ast.iter_child_nodes(node):
            yield from walk(child, under + tests)

    return walk(tree, ())


@pytest.mark.parametrize("module", MODULES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_critical_stands_only_where_something_was_lost(module: Path):
    for under in conditions(ast.parse(module.read_text(encoding="utf-8"))):
        assert "lost." in under or "losses." in under, f"{module.name}: CRITICAL if {under!r}"


def test_something_is_critical_at_all():
    found = [
        each for module in MODULES for each in conditions(ast.parse(module.read_text("utf-8")))
    ]
    assert len(found) == 7


FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:agent"
TOPIC = TopicRedrive(
    "alerts",
    "arn:aws:sns:us-east-1:111122223333:alerts",
    subscriptions=(Redriven("s", "lambda", FUNCTION),),
)
RULE = RuleTargets(
    "hourly",
    "arn:aws:events:us-east-1:111122223333:rule/hourly",
    targets=(RuleTarget("agent", FUNCTION),),
)
USE = AsynchronousUse("agent", {"live": ("Amazon SNS",)}, {"live": InvokeSettings()})


def of_function(count: float | None) -> AsynchronousLosses:
    return AsynchronousLosses(
        Lost(dropped=count, dead_letter_errors=count, destination_errors=count)
    )


WORST = {
    "a function": lambda n: asynchronous_failures(USE, of_function(n), (), (), (), ()),
    "a topic": lambda n: subscription_failures(TOPIC, TopicLosses(n, n, n), ()),
    "a rule": lambda n: rule_failures(RULE, RuleLosses(n, n), ()),
}


@pytest.mark.parametrize("judge", WORST.values(), ids=list(WORST))
def test_without_a_loss_that_was_counted_nothing_is_critical(judge):
    for nothing in (None, 0.0):
        verdict = judge(nothing)
        assert verdict.status is Status.NON_COMPLIANT
        assert verdict.severity is not Severity.CRITICAL
    assert judge(3.0).severity is Severity.CRITICAL
