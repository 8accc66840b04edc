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
    return [pattern["detail"] for pattern in patterns_of(made).values()]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(
            [tags(service="s3"), tags(service="logs"), tags(service="ecs")],
            [{"service": ["ecs", "logs", "s3"]}],
            id="another value",
        ),
        pytest.param(
            [tags(service="rds", kind="db"), tags(service="rds", kind="cluster")],
            [{"service": ["rds"], "kind": ["cluster", "db"]}],
            id="another value of the second field",
        ),
        pytest.param(
            [tags(service="rds", kind="db"), tags(service="ecs", kind="task")],
            [
                {
                    "$or": [
                        {"service": ["ecs"], "kind": ["task"]},
                        {"service": ["rds"], "kind": ["db"]},
                    ]
                }
            ],
            id="both fields differ",
        ),
        pytest.param(
            [tags(service="rds", kind="db"), tags(service="rds")],
            [{"$or": [{"service": ["rds"]}, {"service": ["rds"], "kind": ["db"]}]}],
            id="one has a field more",
        ),
        pytest.param(
            [tags(service="s3"), ServiceEvent("Other", match=(("service", ("logs",)),))],
            [{"service": ["logs"]}, {"service": ["s3"]}],
            id="another kind of event",
        ),
    ],
)
def test_one_kind_of_event_is_one_pattern(changes, expected):
    assert patterns(*changes) == expected


def test_a_pattern_that_would_be_too_long_is_split():
    long = [tags(service=f"{n:03}" + "x" * 60, **{f"field{n}": "a"}) for n in range(40)]
    found = patterns(*long)
    assert len(found) > 1
    branches = [branch for each in found for branch in each["$or"]]
    assert len(branches) == len(long)
