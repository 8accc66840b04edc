"""Events that wake a heading, as few patterns as say the same."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from readiness import Severity, heading
from readiness.model.evidence import REGION, ServiceEvent, evidence
from readiness_cli.patterns import patterns_of

TAGS = "Tag Change on Resource"


def tags(**match: str) -> ServiceEvent:
    return ServiceEvent(TAGS, match=tuple((name, (value,)) for name, value in match.items()))


def patterns(*changes: ServiceEvent) -> list[object]:
    @evidence(REGION, changed_by=changes)
    @dataclass(frozen=True)
    class Something:
        """Evidence that these events change."""

    def rule(something: Something):
        """A rule about it."""

    rule.__annotations__["something"] = Something
    made = heading("Compliance", "Data Privacy")
    made.rule("Document data flows", severity=Severity.LOW)(rule)
    return list(patterns_of(made).values())


def when(detail, detail_type=TAGS):
    return {"detail-type": [detail_type], "detail": detail}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(
            [tags(service="s3"), tags(service="logs"), tags(service="ecs")],
            [when({"service": ["ecs", "logs", "s3"]})],
            id="another value",
        ),
        pytest.param(
            [tags(service="rds", kind="db"), tags(service="rds", kind="cluster")],
            [when({"service": ["rds"], "kind": ["cluster", "db"]})],
            id="another value of the second field",
        ),
        pytest.param(
            [tags(service="rds", kind="db"), tags(service="ecs", kind="task")],
            [
                {
                    "$or": [
                        when({"service": ["ecs"], "kind": ["task"]}),
                        when({"service": ["rds"], "kind": ["db"]}),
                    ]
                }
            ],
            id="both fields differ",
        ),
        pytest.param(
            [tags(service="rds", kind="db"), tags(service="rds")],
            [{"$or": [when({"service": ["rds"]}), when({"service": ["rds"], "kind": ["db"]})]}],
            id="one has a field more",
        ),
        pytest.param(
            [tags(service="s3"), ServiceEvent("Other", match=(("service", ("logs",)),))],
            [{"$or": [when({"service": ["logs"]}, "Other"), when({"service": ["s3"]})]}],
            id="another kind of event",
        ),
        pytest.param(
            [tags(service="s3"), ServiceEvent("Any"), ServiceEvent("Other")],
            [{"$or": [{"detail-type": ["Any", "Other"]}, when({"service": ["s3"]})]}],
            id="kinds of which any event will do",
        ),
        pytest.param(
            [tags(service="s3"), ServiceEvent(TAGS)],
            [{"detail-type": [TAGS]}],
            id="any event of the same kind",
        ),
        pytest.param(
            [tags(name="/readiness/*")],
            [when({"name": [{"prefix": "/readiness/"}]})],
            id="the beginning of a value",
        ),
    ],
)
def test_service_events_are_as_few_patterns_as_may_be(changes, expected):
    assert patterns(*changes) == expected


def test_a_pattern_that_would_be_too_long_is_split():
    long = [tags(service=f"{n:03}" + "x" * 60, **{f"field{n}": "a"}) for n in range(40)]
    found = patterns(*long)
    assert len(found) > 1
    branches = [branch for each in found for branch in each["$or"]]
    assert len(branches) == len(long)
