"""`on-call`: levels and gaps from PagerDuty's export."""

from __future__ import annotations

import json

import pytest

SINCE, MIDDLE, UNTIL = "2026-11-02T00:00:00Z", "2026-11-09T08:00:00Z", "2026-11-16T00:00:00Z"
WHEN = ("--since", "2026-11-02", "--until", "2026-11-16")


def entry(user, level=1, start=None, end=None, policy="P1"):
    return {
        "escalation_policy": {"id": policy, "summary": "Platform"},
        "escalation_level": level,
        "schedule": None,
        "user": {"id": user},
        "start": start,
        "end": end,
    }


FIRST = [entry("A", 1, SINCE, MIDDLE), entry("B", 1, MIDDLE, "2026-12-01T00:00:00Z")]
SECOND = [entry("B", 2), entry("C", 2)]


@pytest.fixture
def computed(run, tmp_path):
    def compute(entries, *when, **more):
        export = tmp_path / "oncalls.json"
        export.write_text(json.dumps({"oncalls": entries, **more}))
        return run("on-call", str(export), *(when or WHEN), "-o", "json")

    return compute


@pytest.mark.parametrize(
    ("entries", "code", "levels", "hours", "alone"),
    [
        pytest.param([*FIRST, *SECOND], 0, 2, 0, 0, id="sound"),
        pytest.param(FIRST, 1, 1, 0, 0, id="one level"),
        pytest.param([*FIRST, entry("C", 2)], 1, 2, 0, 1, id="one person"),
        pytest.param([FIRST[0], *SECOND], 1, 2, 160, 1, id="a half"),
        pytest.param(
            [entry("A", 1, SINCE, MIDDLE), entry("B", 1, "2026-11-09T08:00:01Z", UNTIL), *SECOND],
            1,
            2,
            0.01,
            0,
            id="a second",
        ),
        pytest.param([*FIRST, entry("D", 1, SINCE, UNTIL), *SECOND], 0, 2, 0, 0, id="overlapping"),
        pytest.param([*FIRST, entry("B", 3), entry("C", 3)], 1, 3, 336, 0, id="an empty level"),
        pytest.param(
            [*FIRST, *SECOND, entry("Z", 2, "2026-12-01T00:00:00Z")], 0, 2, 0, 0, id="later"
        ),
    ],
)
def test_a_policy(computed, entries, code, levels, hours, alone):
    said = computed(entries)
    assert said.exit_code == code, said.stderr
    assert json.loads(said.stdout) == [
        {
            "policy": "Platform",
            "levels": levels,
            "uncovered_hours": hours,
            "single_person_levels": alone,
        }
    ]


def test_policies_of_one_name_are_told_apart(computed):
    said = computed([*FIRST, *SECOND, entry("A", 2, policy="P2")])
    assert [each["levels"] for each in json.loads(said.stdout)] == [2, 2]


@pytest.mark.parametrize(
    ("entries", "when", "more", "words"),
    [
        pytest.param([], (), {}, "no one", id="nobody"),
        pytest.param([{}], (), {}, "no answer to GET /oncalls", id="something else"),
        pytest.param([entry("A", start="soon")], (), {}, "no answer", id="no time"),
        pytest.param([entry("A", level=0)], (), {}, "escalation_level 0", id="level 0"),
        pytest.param(FIRST, (), {"more": True}, "one page", id="a page"),
        pytest.param(
            FIRST, ("--since", "2026-11-02", "--until", "2026-11-03"), {}, "7 days", id="a day"
        ),
        pytest.param(FIRST, ("--since", "x", "--until", "2026-11-03"), {}, "no date", id="x"),
    ],
)
def test_what_proves_nothing_is_refused(computed, entries, when, more, words):
    said = computed(entries, *when, **more)
    assert said.exit_code == 2
    assert words in " ".join(said.stderr.split())


def test_a_table_shows_the_options(run, tmp_path):
    export = tmp_path / "oncalls.json"
    export.write_text(json.dumps({"oncalls": [*FIRST, *SECOND]}))
    said = run("on-call", str(export), *WHEN, columns="200")
    assert "--bind levels=2 --bind uncovered_hours=0 --bind single_person_levels=0" in " ".join(
        said.stdout.split()
    )
