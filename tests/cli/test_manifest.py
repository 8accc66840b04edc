"""`readiness manifest check`: each fault with its line, and nothing is sent anywhere."""

from __future__ import annotations

import json

import pytest

from readiness_cli.manifest import position

DOCUMENT = """{
  "owner": "team@example.com",
  "reviewed": "2026-01-31",
  "critical": ["agent-*",
    "a/b/c"],
  "dependencies": [
    {"name": "m", "used_by": []},
    {"name": "\\u00e9\\"{[", "used_by": [],
     "breaker": {"table": 7, "id": "x"}}
  ]
}
"""


@pytest.fixture
def stored(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "a b.json"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def test_every_fault_names_its_line(run, stored):
    path = stored(DOCUMENT)
    said = run("manifest", "check", str(path))
    assert said.exit_code == 2
    assert said.stdout == ""
    assert f"{path}:5: critical[1]: " in said.stderr
    assert f"{path}:9: dependencies[1].breaker.table: it must be text, not 7." in said.stderr


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{\n"owner": "a"\n"reviewed": 1}', 3),
        ('{\n\n"owner"', 3),
        ('\n\n{"owner": "a"}', 3),
        ("", 1),
    ],
    ids=["a comma that is missing", "cut off", "a member that is missing", "empty"],
)
def test_a_fault_of_the_whole_names_its_line_too(run, stored, text, line):
    path = stored(text)
    said = run("manifest", "check", str(path))
    assert (said.exit_code, said.stdout) == (2, "")
    assert f"{path}:{line}: " in said.stderr


def test_what_it_states_and_how_to_store_it(run, stored):
    path = stored(json.dumps({"owner": "é", "reviewed": "2026-01-31", "critical": ["a", "c/d"]}))
    said = run("manifest", "check", str(path), "--workload", "my agents", "-o", "json")
    assert said.exit_code == 0, said.output
    [row] = json.loads(said.stdout)
    assert (row["workload"], row["owner"], row["critical"]) == ("my agents", "é", ["a", "c/d"])
    assert "--name '/readiness/manifest/my agents'" in said.stderr
    assert f"--value 'file://{path}'" in said.stderr
    assert "Advanced" not in said.stderr


@pytest.mark.parametrize(
    ("size", "code", "seen"),
    [
        (4096, 0, "put-parameter"),
        (4097, 0, "--tier Advanced"),
        (8192, 0, "--tier Advanced"),
        (8193, 2, "A parameter holds 8,192 at most"),
    ],
)
def test_what_a_parameter_can_hold(run, stored, size, code, seen):
    text = json.dumps({"owner": "a", "reviewed": "2026-01-31"})
    said = run("manifest", "check", str(stored(text + " " * (size - len(text)))))
    assert said.exit_code == code, said.output
    assert seen in " ".join(said.stderr.split())
    assert ("Advanced" in said.stderr) is (4096 < size <= 8192)


def test_a_file_that_cannot_be_read(run, stored, tmp_path):
    assert "cannot be read" in run("manifest", "check", str(tmp_path / "none.json")).stderr
    path = stored('{"owner": "é"}', "latin-1")
    assert "is not UTF-8 at byte 11" in " ".join(
        run("manifest", "check", str(path)).stderr.split()
    )


@pytest.mark.parametrize(
    ("path", "begins"),
    [
        ((), "{\n"),
        (("owner",), '"owner"'),
        (("critical",), '"critical"'),
        (("critical", 1), '"a/b/c"'),
        (("dependencies", 1, "breaker", "id"), '"id"'),
        (("dependencies", 1, "nothing"), '{"name": "\\u00e9'),
        (("critical", 7), '["agent-*"'),
    ],
)
def test_where_a_value_stands(path, begins):
    assert DOCUMENT[position(DOCUMENT, path) :].startswith(begins)
