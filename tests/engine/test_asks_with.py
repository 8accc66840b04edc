"""Evidence whose question depends on a setting: asked once for each value, refused without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from readiness import Severity, Status, Verdict, complies, heading
from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from tests.fake_account import ACCOUNT_ID, FakeAccount, evaluation

SECTION = ("Performance Benchmarks", "Performance Benchmarks")
READS = ("cloudwatch:ListMetrics",)


@evidence(REGION, reads=READS, asks_with=("namespace",))
@dataclass(frozen=True)
class Metrics:
    """The metrics of a namespace."""

    names: tuple[str, ...]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Metrics:
        wanted = read.settings["namespace"]
        found = read.every("cloudwatch", "list_metrics", "Metrics", Namespace=wanted)
        return cls(tuple(metric["MetricName"] for metric in found))


@evidence(REGION, uses=(Metrics,))
@dataclass(frozen=True)
class Number:
    """How many there are."""

    value: int

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Number:
        return cls(len(read.of(Metrics, region).names))


def listing(**params: Any) -> dict[str, Any]:
    return {"Metrics": [{"Namespace": params["Namespace"], "MetricName": params["Namespace"]}]}


def a_rule(*, with_setting=True):
    made = heading(*SECTION)
    if not with_setting:

        @made.rule("Error Rate", severity=Severity.LOW)
        def without(number: Number) -> Verdict:
            """Never made."""
            return complies(str(number.value))

    @made.rule("Error Rate", severity=Severity.LOW)
    def named(metrics: Metrics, number: Number, *, namespace: str = "A") -> Verdict:
        """Names."""
        return complies(f"{', '.join(metrics.names)}: {number.value}")

    return made


def test_the_setting_reaches_the_question_also_through_other_evidence():
    fake_account = FakeAccount({("cloudwatch", "list_metrics"): listing})
    [rule] = a_rule()
    run = evaluation(fake_account, [rule], given={rule.id: {"namespace": "B"}})
    seen = run.observe(rule, rule.subject.resource(ACCOUNT_ID, "us-east-1", ACCOUNT_ID))
    assert seen.finding.status is Status.COMPLIANT
    assert seen.finding.reason == "B: 1"
    assert fake_account.calls.count(("cloudwatch", "list_metrics")) == 1


def test_each_value_is_asked_once():
    fake_account = FakeAccount({("cloudwatch", "list_metrics"): listing})
    [rule] = a_rule()
    region = REGION.resource(ACCOUNT_ID, "us-east-1", ACCOUNT_ID)
    aws = evaluation(fake_account, [rule]).aws
    for namespace in ("A", "B", "A", "B"):
        found = aws.evidence(Metrics, region, {"namespace": namespace, "other": 1}).evidence
        assert found.names == (namespace,)
    assert len(fake_account.calls) == 2


def test_a_rule_without_the_setting_is_refused():
    with pytest.raises(TypeError, match=r"lacks the settings \['namespace'\] that Number"):
        a_rule(with_setting=False)
