"""What EventBridge does with what it cannot deliver: evidence in, verdict out."""

from __future__ import annotations

import pytest

from functions.error_handling.app import (
    pipe_failures,
    pipe_retries,
    rule_failures,
    rule_retries,
    schedule_failures,
    schedule_retries,
)
from readiness import Severity, Status
from readiness.evidence.eventbridge.rules import RuleLosses, RuleTarget, RuleTargets
from readiness.evidence.pipes import PipeSource
from readiness.evidence.scheduler import GroupSchedules, Schedule
from readiness.evidence.workloads.failure_sinks import TopicSink
from tests.accounts.error_handling import (
    DEAD,
    FAILED,
    FUNCTION,
    OPERATORS,
    RULE,
    STREAM,
)
from tests.accounts.error_handling import fake_account as an_account
from tests.fake_account import observe
from tests.rules.test_error_handling import check, dead, role, sink

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA


# -- EventBridge ----------------------------------------------------------------------------------


def rule(*targets, **about):
    return RuleTargets("hourly", RULE, targets=targets, **about)


def to(id="agent", **about):
    return RuleTarget(id, FUNCTION, **({"dead": DEAD} | about))


@pytest.mark.parametrize(
    ("about", "losses", "sinks", "status", "words", "severity"),
    [
        pytest.param(rule(to()), RuleLosses(), (dead(),), GOOD, "1 target", None, id="good"),
        pytest.param(
            rule(to(), to("b", dead="")), RuleLosses(), (dead(),), BAD, "target b", Severity.HIGH,
            id="one of two",
        ),
        pytest.param(
            rule(to(dead="")), RuleLosses(failed=1.0), (), BAD, "lost", Severity.CRITICAL, id="lost"
        ),
        pytest.param(
            rule(to(), to("b", dead="")), RuleLosses(failed=1.0), (dead(),), BAD, "target b",
            Severity.HIGH, id="lost, or kept",
        ),
        pytest.param(
            rule(to()), RuleLosses(undelivered=1.0), (dead(),), BAD, "lost", Severity.CRITICAL,
            id="lost on the way to the queue",
        ),
        pytest.param(
            rule(to()), RuleLosses(undelivered=1.0, is_past=True), (dead(),), GOOD, "", None,
            id="repaired since",
        ),
        pytest.param(
            rule(to()), RuleLosses(undelivered=1.0, is_past=True), (dead(policy=""),), BAD, "lost",
            Severity.CRITICAL, id="not repaired",
        ),
        pytest.param(
            rule(to()), RuleLosses(), (dead(policy=""),), BAD, "EventBridge", Severity.HIGH,
            id="not let in",
        ),
        pytest.param(
            rule(to(dead=f"{DEAD}.fifo")), RuleLosses(), (sink(f"{DEAD}.fifo"),), BAD, "FIFO",
            Severity.HIGH, id="FIFO",
        ),
        pytest.param(
            rule(to()), RuleLosses(), (dead(policy="{"),), UNKNOWN, "", None, id="unclear"
        ),
        pytest.param(
            rule(RuleTarget("q", DEAD)), RuleLosses(), (dead(policy="", retention=300),), BAD,
            "target q, to a queue that keeps messages only for minutes", Severity.LOW,
            id="Karpenter's",
        ),
        pytest.param(
            rule(RuleTarget("q", DEAD)), RuleLosses(failed=1.0), (dead(retention=300),), BAD,
            "lost", Severity.CRITICAL, id="wanted only while fresh, and lost",
        ),
        pytest.param(
            rule(RuleTarget("q", DEAD), to("b", dead="")), RuleLosses(), (dead(retention=300),),
            BAD, "Without a dead-letter queue: target b.", Severity.HIGH, id="beside a function",
        ),
        pytest.param(
            rule(RuleTarget("q", DEAD)), RuleLosses(), (dead(policy=""),), BAD,
            "queue: target q.", Severity.HIGH, id="a queue that keeps messages",
        ),
        pytest.param(
            rule(RuleTarget("q", DEAD)), RuleLosses(), (dead(retention=300, is_hidden=True),), BAD,
            "queue: target q.", Severity.HIGH, id="a queue that is not shown",
        ),
        pytest.param(rule(), RuleLosses(), (), NA, "no target", None, id="no target"),
        pytest.param(rule(enabled=False), RuleLosses(), (), NA, "disabled", None, id="disabled"),
        pytest.param(
            rule(manager="autoscaling.amazonaws.com"), RuleLosses(), (), NA, "autoscaling", None,
            id="managed",
        ),
    ],
)  # fmt: skip
def test_rule_failures(about, losses, sinks, status, words, severity):
    check(rule_failures(about, losses, sinks), status, words, severity)


@pytest.mark.parametrize(
    ("about", "status", "words"),
    [
        pytest.param(rule(to()), GOOD, "", id="EventBridge's own"),
        pytest.param(rule(to(retries=3)), GOOD, "", id="three"),
        pytest.param(rule(to(retries=3), to("b", retries=0)), BAD, "target b", id="off"),
        pytest.param(rule(enabled=False), NA, "", id="disabled"),
    ],
)
def test_rule_retries(about, status, words):
    check(rule_retries(about), status, words)


def group(*schedules, **about):
    return GroupSchedules(schedules, **about)


def at(name="nightly", **about):
    return Schedule(name, FUNCTION, **({"dead": DEAD} | about))


@pytest.mark.parametrize(
    ("about", "sinks", "settings", "status", "words"),
    [
        pytest.param(group(at()), (dead(),), {}, GOOD, "", id="good"),
        pytest.param(
            group(at(role="agent")), (sink(DEAD),), {}, BAD, "may not send", id="its role"
        ),
        pytest.param(
            group(at()), (dead(is_hidden=True),), {}, UNKNOWN, "belongs to account", id="foreign"
        ),
        pytest.param(group(over=2), (), {}, NA, "2 that never run again", id="over"),
        pytest.param(
            group(at(), at("b", dead="")), (dead(),), {}, BAD, "queue: b.", id="one of two"
        ),
        pytest.param(group(at()), (dead(exists=False),), {}, BAD, "not exist", id="deleted"),
        pytest.param(
            group(at(dead=f"{DEAD}.fifo")), (sink(f"{DEAD}.fifo"),), {}, BAD, "FIFO", id="FIFO"
        ),
        pytest.param(group(disabled=4), (), {}, NA, "", id="disabled"),
        pytest.param(group(at(), unread=2), (dead(),), {}, UNKNOWN, "2 more", id="too many"),
        pytest.param(group(at("b", dead=""), unread=2), (), {}, BAD, "b", id="too many, one bad"),
    ],
)
def test_schedule_failures(about, sinks, settings, status, words):
    verdict = schedule_failures(about, sinks, (role(),), **settings)
    check(verdict, status, words, Severity.HIGH if status is BAD else None)


@pytest.mark.parametrize(
    ("retention", "severity"),
    [
        pytest.param(900, Severity.LOW, id="minutes"),
        pytest.param(901, Severity.HIGH, id="longer"),
    ],
)
def test_a_schedule_that_sends_to_a_queue_of_what_is_fresh(retention, severity):
    to_queue = group(Schedule("nightly", DEAD))
    verdict = schedule_failures(to_queue, (dead(policy="", retention=retention),), (role(),))
    check(verdict, BAD, "Without a dead-letter queue: nightly", severity)


@pytest.mark.parametrize(
    ("about", "status", "words"),
    [
        pytest.param(group(at()), GOOD, "", id="Scheduler's own"),
        pytest.param(group(at(), at("b", retries=0)), BAD, "b", id="off"),
        pytest.param(group(at("b", retries=0), unread=1), BAD, "b", id="off, and more"),
        pytest.param(group(at(), unread=1), UNKNOWN, "1 more", id="too many"),
        pytest.param(group(), NA, "", id="none"),
    ],
)
def test_schedule_retries(about, status, words):
    check(schedule_retries(about), status, words)


LISTED = {"Name": "nightly", "GroupName": "default", "Target": {"Arn": FUNCTION}}


@pytest.mark.parametrize("rule", [schedule_failures, schedule_retries], ids=lambda each: each.name)
@pytest.mark.parametrize(("most", "status"), [(1000, GOOD), (2, UNKNOWN)])
def test_how_many_schedules_are_read(rule, most, status):
    listed = {"Schedules": [{**LISTED, "Name": f"s{n}"} for n in range(3)]}
    account = an_account().but(scheduler__list_schedules=listed)
    given = {} if most == 1000 else {"most_schedules": most}
    assert observe(account, rule, "default", **given).finding.status is status


def pipe(**about):
    good = {"name": "clicks", "source": STREAM, "service": "kinesis", "dead": FAILED, "retries": 5}
    return PipeSource(**(good | about))


@pytest.mark.parametrize(
    ("about", "queues", "topics", "status", "words"),
    [
        pytest.param(pipe(), (sink(),), (), GOOD, "failed", id="good"),
        pytest.param(pipe(retries=-1, age=60), (sink(),), (), GOOD, "", id="by age"),
        pytest.param(pipe(), (sink(DEAD),), (), BAD, "role agent of the pipe", id="its role"),
        pytest.param(pipe(), (sink(is_hidden=True),), (), UNKNOWN, "belongs to", id="foreign"),
        pytest.param(pipe(retries=None), (sink(),), (), BAD, "waits", id="for ever"),
        pytest.param(pipe(dead=""), (), (), BAD, "dropped", id="nowhere"),
        pytest.param(pipe(), (sink(exists=False),), (), BAD, "not exist", id="deleted"),
        pytest.param(
            pipe(), (), (TopicSink(OPERATORS, exists=False),), BAD, "not exist", id="topic"
        ),
        pytest.param(pipe(service="sqs", dead=""), (), (), NA, "queue-redrive", id="a queue"),
        pytest.param(pipe(service="kafka", dead=""), (), (), NA, "kind", id="a broker"),
        pytest.param(pipe(is_stopped=True, dead=""), (), (), NA, "stopped", id="stopped"),
    ],
)
def test_pipe_failures(about, queues, topics, status, words):
    may_send_to_failed = role("sqs:SendMessage", resource=FAILED)
    verdict = pipe_failures(about, queues, topics, may_send_to_failed)
    check(verdict, status, words, Severity.HIGH if status is BAD else None)


@pytest.mark.parametrize(
    ("about", "status"),
    [
        pytest.param(pipe(), GOOD, id="good"),
        pytest.param(pipe(retries=0), BAD, id="off"),
        pytest.param(pipe(service="sqs", retries=None), GOOD, id="a queue"),
        pytest.param(pipe(is_stopped=True, retries=0), NA, id="stopped"),
    ],
)
def test_pipe_retries(about, status):
    check(pipe_retries(about), status)
