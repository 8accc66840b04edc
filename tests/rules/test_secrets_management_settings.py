"""The settings that the rules on plain-text variables share, at their edges."""

from __future__ import annotations

import pytest

from functions.secrets_management.app import (
    codebuild_environment,
    ecs_environment,
    lambda_environment,
)
from readiness import Status
from readiness.evidence.awslambda.environments import RunEnvironments
from readiness.evidence.awslambda.functions import LATEST
from readiness.evidence.codebuild import BuildEnvironment, BuildVariable
from readiness.evidence.ecs.task_definitions import Container, TaskDefinition

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT


def definition(variables):
    return TaskDefinition("web:1", "web", containers=(Container("app", environment=variables),))


def build(variables):
    return BuildEnvironment(tuple(BuildVariable(*each) for each in variables.items()))


PLACES = [
    pytest.param(lambda_environment, lambda v: RunEnvironments({LATEST: v}), id="lambda"),
    pytest.param(ecs_environment, definition, id="ecs"),
    pytest.param(codebuild_environment, build, id="codebuild"),
]


@pytest.mark.parametrize(("rule", "of"), PLACES)
@pytest.mark.parametrize(
    ("variables", "default", "settings", "configured"),
    [
        pytest.param(
            {"SETTING": "aA1aA1aA1aA1aA1aA1aA1"},
            GOOD,
            {"min_entropy": 2.0},
            GOOD,
            id="min_entropy: 1.58 bits",
        ),
        pytest.param(
            {"SETTING": "a1b2c3d4" * 3}, GOOD, {"min_entropy": 3.0}, BAD, id="min_entropy: 3 of 3"
        ),
        pytest.param(
            {"SETTING": "a1b2c3d4" * 3},
            GOOD,
            {"min_entropy": 3.01},
            GOOD,
            id="min_entropy: 3 of 3.01",
        ),
        pytest.param(
            {"SETTING": "a1b2c3d4e5f6g7h8" * 2},
            BAD,
            {"min_entropy": 4.0},
            BAD,
            id="min_entropy: 4 of 4",
        ),
        pytest.param(
            {"SETTING": "a1b2c3d4e5f6g7h8" * 2},
            BAD,
            {"min_entropy": 4.01},
            GOOD,
            id="min_entropy: 4 of 4.01",
        ),
        pytest.param(
            {"OLD_PASSWORD": "hunter2"},
            BAD,
            {"ignore_patterns": ("OLD_*",)},
            GOOD,
            id="ignore_patterns: by pattern",
        ),
        pytest.param(
            {"OLD_PASSWORD": "hunter2"},
            BAD,
            {"ignore_patterns": ("NEW_*", "OLD_PASSWORD")},
            GOOD,
            id="ignore_patterns: by name",
        ),
        pytest.param(
            {"OLD_PASSWORD": "hunter2"},
            BAD,
            {"ignore_patterns": ("old_*", "PASSWORD")},
            BAD,
            id="ignore_patterns: other names",
        ),
        pytest.param(
            {"OLD_PASSWORD": "hunter2", "PASSWORD": "hunter2"},
            BAD,
            {"ignore_patterns": ("OLD_*",)},
            BAD,
            id="ignore_patterns: one of two",
        ),
    ],
)
def test_a_setting_decides_what_is_suspected(rule, of, variables, default, settings, configured):
    evidence = of(variables)
    assert rule(evidence).status is default
    assert rule(evidence, **settings).status is configured
