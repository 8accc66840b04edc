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
            [{"service": ["ecs"], "kind": ["task"]}, {"service": ["rds"], "kind": ["db"]}],
            id="both fields differ",
        ),
        pytest.param(
            [tags(service="rds", kind="db"), tags(service="rds")],
            [{"service": ["rds"]}, {"service": ["rds"], "kind": ["db"]}],
            id="one has a field more",
        ),
        pytest.param(
            [tags(service="s3"), ServiceEvent("Other", match=(("service", ("logs",)),))],
            [{"service": ["logs"]}, {"service": ["s3"]}],
            id="another kind of event",
        ),
    ],
)
def test_conditions_that_differ_in_one_field_are_one_pattern(changes, expected):
    assert patterns(*changes) == expected
