"""The workload manifest: one schema, and every fault is told with its place."""

from __future__ import annotations

import copy
import json
from datetime import date

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readiness.model.manifest import (
    SCHEMA,
    Breaker,
    Dependency,
    Manifest,
    ManifestRefused,
    SuiteSource,
    names_it,
    parse,
)

WHOLE = {
    "$schema": "manifest.schema.json",
    "owner": "team-agents@example.com",
    "reviewed": "2026-01-31",
    "version": "2.1.0",
    "recovery": {"rto_minutes": 60, "rpo_minutes": 0.5},
    "critical": ["agent-*", "prod/api"],
    "required_tags": {"Owner": [], "CostCenter": ["17", "18"]},
    "spot_eligible": ["batch/*"],
    "dependencies": [
        {"name": "model", "used_by": ["agent-*"], "breaker": {"table": "circuits", "id": "model"}},
        {"name": "search", "used_by": ["prod/api"]},
    ],
    "tests": [{"kind": "smoke", "provider": "synthetics", "name": "checkout", "min_tests": 3}],
    "environments": {"111122223333": "production"},
}
LEAST = {"owner": "team@example.com", "reviewed": "2026-01-31"}
VALIDATOR = jsonschema.Draft202012Validator(
    json.loads(SCHEMA.read_text(encoding="utf-8")),
    format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
)


def refused(document):
    text = document if isinstance(document, str) else json.dumps(document)
    with pytest.raises(ManifestRefused) as raised:
        parse("agents", text)
    return [str(fault) for fault in raised.value.faults]


def test_everything_that_a_manifest_can_state():
    assert parse("agents", json.dumps(WHOLE)) == Manifest(
        "agents",
        "team-agents@example.com",
        date(2026, 1, 31),
        "2.1.0",
        60,
        0.5,
        ("agent-*", "prod/api"),
        {"Owner": (), "CostCenter": ("17", "18")},
        ("batch/*",),
        (
            Dependency("model", ("agent-*",), Breaker("circuits", "model")),
            Dependency("search", ("prod/api",)),
        ),
        (SuiteSource("smoke", "synthetics", "checkout", 3),),
        {"111122223333": "production"},
    )


def test_the_least_that_it_states():
    assert parse("a", json.dumps(LEAST)) == Manifest("a", "team@example.com", date(2026, 1, 31))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        pytest.param({"owner": ""}, "owner: it is empty", id="no owner"),
        pytest.param({"owner": 7}, "owner: it must be text, not 7", id="an owner who is a number"),
        pytest.param({"owner": True}, "owner: it must be text, not true", id="a boolean"),
        pytest.param(
            {"reviewed": "2026-02-30"},
            'reviewed: "2026-02-30" is no day as 2026-01-31',
            id="a day that never was",
        ),
        pytest.param(
            {"reviewed": "20260131"},
            'reviewed: "20260131" is no day as 2026-01-31',
            id="no dashes",
        ),
        pytest.param(
            {"recovery": {"rto_minutes": 0, "rpo_minutes": 1}},
            "recovery.rto_minutes: 0 is not above 0",
            id="no time at all",
        ),
        pytest.param(
            {"recovery": {"rto_minutes": True, "rpo_minutes": 1}},
            "recovery.rto_minutes: it must be a number, not true",
            id="a boolean is no number",
        ),
        pytest.param(
            {"recovery": {"rto_minutes": 525601, "rpo_minutes": 1}},
            "recovery.rto_minutes: 525601 is above 525600",
            id="more than a year",
        ),
        pytest.param(
            {"recovery": {"rto_minutes": 5}},
            "recovery: 'rpo_minutes' is missing",
            id="half of a target",
        ),
        pytest.param(
            {"critical": ["a/b/c"]},
            'critical[0]: "a/b/c" is not the name of a function, or of a service as'
            " cluster/service, with * and ?",
            id="an ARN in pieces",
        ),
        pytest.param(
            {"critical": "agent"},
            'critical: it must be a list, not "agent"',
            id="a text in place of a list",
        ),
        pytest.param(
            {"critical": ["agent\n"]},
            'critical[0]: "agent\\n" is not the name of a function, or of a service as'
            " cluster/service, with * and ?",
            id="a line end",
        ),
        pytest.param(
            {"environments": {"1111": "production"}},
            'environments.1111: "1111" is not the 12 digits of an account',
            id="an account's id that is too short",
        ),
        pytest.param(
            {"dependencies": [{"name": "m", "used_by": [], "breaker": {"table": "t"}}]},
            "dependencies[0].breaker: 'id' is missing",
            id="a breaker without its id",
        ),
        pytest.param(
            {"tests": [{"kind": "unit", "provider": "codebuild", "name": "x"}]},
            'tests[0].kind: "unit" is none of smoke, integration, end-to-end and performance',
            id="an unknown kind",
        ),
        pytest.param(
            {"tests": [{"kind": "smoke", "provider": "codebuild", "name": "x", "min_tests": 0}]},
            "tests[0].min_tests: 0 is below 1",
            id="a suite of no tests",
        ),
        pytest.param(
            {"required_tags": {"Owner": "me"}},
            'required_tags.Owner: it must be a list, not "me"',
            id="a tag's value alone",
        ),
        pytest.param(
            {"owner": "x" * 257}, "owner: it is longer than 256 characters", id="too long an owner"
        ),
    ],
)
def test_what_is_refused_and_where(changes, fault):
    assert refused({**LEAST, **changes}) == [fault]


def test_an_unknown_member_is_told_with_those_that_are_known():
    [fault] = refused({**LEAST, "rto": 5})
    assert fault.startswith("rto: it is unknown; known are $schema, critical, ")
    assert fault.endswith("tests and version")


def test_every_fault_is_told_at_once():
    assert refused({"critical": [1, "ok", 2]}) == [
        "'owner' is missing",
        "'reviewed' is missing",
        "critical[0]: it must be text, not 1",
        "critical[2]: it must be text, not 2",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "it is not JSON: Expecting value at line 1"),
        ("{\n'owner': 1}", "it is not JSON: Expecting property name enclosed in double quotes"),
        ("[]", "it must be an object, not []"),
        ('{"owner": "a", "owner": "b"}', "'owner' stands twice in one object"),
        ('{"owner": NaN}', "NaN is no number of JSON"),
        ("[" * 100_000, "it is nested too deeply"),
    ],
    ids=["nothing", "no JSON", "a list", "a member twice", "NaN", "depth"],
)
def test_text_that_is_no_manifest(text, fault):
    [said] = refused(text)
    assert said.startswith(fault)


def places(value, path=()):
    """Every path in a document."""
    yield path
    if isinstance(value, dict | list):
        for step, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(each, (*path, step))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(places(WHOLE))), st.booleans(), JSON)
def test_the_schema_and_the_parser_refuse_the_same(path, is_removed, put):
    """Editors go by the schema."""
    document = copy.deepcopy(WHOLE)
    if path:
        inside = document
        for step in path[:-1]:
            inside = inside[step]
        if is_removed:
            del inside[path[-1]]
        else:
            inside[path[-1]] = put
    elif not is_removed:
        document = put
    valid = VALIDATOR.is_valid(document)
    if valid:
        parse("agents", json.dumps(document))
    else:
        assert refused(document)


@pytest.mark.parametrize(
    ("patterns", "name", "expected"),
    [
        (("agent-*",), "agent-1", True),
        (("agent-*",), "prod/agent-1", False),
        (("*",), "prod/api", False),
        (("*/*",), "prod/api", True),
        (("prod/*",), "prod/api", True),
        (("prod/*",), "api", False),
        ((), "api", False),
        (("Agent",), "agent", False),
    ],
)
def test_a_glob_for_functions_means_no_service(patterns, name, expected):
    assert names_it(patterns, name) is expected
    manifest = Manifest("a", "b", date(2026, 1, 31), critical=patterns)
    assert manifest.is_critical(name) is expected
