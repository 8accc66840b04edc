"""What is printed, in each format."""

from __future__ import annotations

import json

import pytest

from readiness_cli import output


@pytest.mark.parametrize("count", [0, 1, 50, 51, 200])
def test_json_is_one_list_however_many_rows(count):
    rows = [{"id": n, "said": 'a "word"\n'} for n in range(count)]
    assert json.loads(output.as_json(rows)) == rows


def test_lines_that_nobody_watches_end_without_blanks(capsys):
    made = output.table("Status", "Box")
    made.add_row("COMPLIANT", "Enable key rotation")
    output.emit("table", [{}], lambda: [made])
    lines = capsys.readouterr().out.splitlines()
    assert any("Enable key rotation" in line for line in lines)
    assert [line for line in lines if line != line.rstrip()] == []
