"""Every command ends its help with examples, and every example can be typed as it stands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from readiness_cli import catalogue
from readiness_cli.examples import EXAMPLES
from readiness_cli.main import main

ROOT = Path(__file__).resolve().parents[2]
_COMMAND = re.compile(r"readiness [^)>|]*")


def commands(group=main, context=None, path=()):
    """Every command and group, by the words that lead to it."""
    context = context or click.Context(main, info_name="readiness")
    yield path, group
    if isinstance(group, click.Group):
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            inner = click.Context(command, info_name=name, parent=context)
            yield from commands(command, inner, (*path, name))


PATHS = [" ".join(path) for path, _ in commands()]


@pytest.fixture
def typed(monkeypatch, tmp_path):
    """Parse a line; what it was called with, and what is said where it cannot be."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "oncalls.json").write_text("{}")
    invoke = click.Command.invoke

    def parse(line):
        seen = []

        def recorded(command, context):
            if isinstance(command, click.Group):
                return invoke(command, context)
            seen.append(context)
            return None

        with monkeypatch.context() as patch:
            patch.setattr(click.Command, "invoke", recorded)
            said = CliRunner().invoke(main, shlex.split(line)[1:], prog_name="readiness")
        assert said.exit_code == 0, f"{line}: {said.output}"
        assert len(seen) == 1, line
        return seen[0]

    return parse


@pytest.mark.parametrize("path", PATHS)
def test_every_help_ends_with_examples(path):
    said = CliRunner().invoke(main, [*path.split(), "--help"], prog_name="readiness")
    assert said.exit_code == 0
    assert "\n  Examples:\n" in said.stdout
    assert max(map(len, said.stdout.splitlines())) <= 80
    joined = said.stdout.replace(" \\\n        ", " ")
    for line in EXAMPLES[path]:
        assert f"    {line}\n" in joined


def test_examples_are_of_commands_that_there_are():
    assert set(EXAMPLES) == set(PATHS)


LINES = [(path, line) for path, lines in EXAMPLES.items() for line in lines]


@pytest.mark.parametrize(("path", "line"), LINES, ids=[line for _, line in LINES])
def test_every_example_can_be_typed(typed, path, line):
    [command] = _COMMAND.findall(line)
    context = typed(command)
    assert context.command_path.removeprefix("readiness").strip().startswith(path)
    for parameter in context.command.params:
        given = context.params.get(parameter.name)
        metavar = parameter.metavar or ""
        for word in (given if isinstance(given, tuple) else [given]) if given else []:
            if "RULE" in metavar and "=" not in metavar and "FINDING" not in metavar:
                assert catalogue.rules_named(word)
            if metavar == "HEADING" or parameter.name == "heading_name":
                assert catalogue.heading(catalogue.folder_named(word))
            if metavar == "RULE.NAME=VALUE":
                rule, _, name = word.partition("=")[0].rpartition(".")
                assert name in {each.name for each in catalogue.rule(rule).settings}
    if path == "evaluate":
        names = [word.partition("=")[0] for word in context.params["assignments"]]
        known = (
            {each.name for each in catalogue.rule(context.params["name"]).settings}
            if names
            else ()
        )
        assert set(names) <= set(known)
