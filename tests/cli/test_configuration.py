"""Where an option comes from: the command line, a variable, a file, the default; in this order."""

from __future__ import annotations

import click
import pytest

from readiness_cli import configuration, main, session, variables
from readiness_cli.main import COMMANDS


@pytest.fixture
def parsed(run, monkeypatch, tmp_path):
    """What a command is called with, given words, variables and a file."""
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")

    def call(*words, file="", project="", **environment):
        for name, text in (("readiness.toml", file), ("pyproject.toml", project)):
            if text:
                (tmp_path / name).write_text(text)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        seen = {}
        invoke = click.Command.invoke

        def recorded(command, context):
            if isinstance(command, click.Group):
                return invoke(command, context)
            seen.update(context.params)
            return None

        with monkeypatch.context() as patch:
            patch.setattr(click.Command, "invoke", recorded)
            said = run(*words)
        return said, seen

    return call


PRECEDENCE = [
    # parameter, option, its value there, variable, its value, file, its value, default
    pytest.param(
        "severity",
        ("--severity", "LOW"),
        "LOW",
        {"READINESS_SCAN_SEVERITY": "high"},
        "HIGH",
        '[scan]\nseverity = "MEDIUM"',
        "MEDIUM",
        None,
        id="a choice",
    ),
    pytest.param(
        "region",
        ("--region", "eu-west-1"),
        "eu-west-1",
        {"READINESS_REGION": "eu-west-2"},
        "eu-west-2",
        'region = "eu-west-3"',
        "eu-west-3",
        None,
        id="shared",
    ),
    pytest.param(
        "stack_name",
        ("--stack-name", "a"),
        "a",
        {"READINESS_STACK_NAME": "b"},
        "b",
        '[scan]\nstack-name = "c"',
        "c",
        session.DEFAULT_STACK,
        id="shared, for one command",
    ),
    pytest.param(
        "heading_names",
        ("--heading", "a", "--heading", "b"),
        ("a", "b"),
        {"READINESS_SCAN_HEADING": "c d"},
        ("c", "d"),
        '[scan]\nheading = ["e", "f"]',
        ("e", "f"),
        (),
        id="several",
    ),
    pytest.param(
        "no_stack",
        ("--no-stack",),
        True,
        {"READINESS_NO_STACK": "1"},
        True,
        "no-stack = true",
        True,
        False,
        id="a flag",
    ),
    pytest.param(
        "format",
        ("-o", "json"),
        "json",
        {"READINESS_OUTPUT": "csv"},
        "csv",
        'output = "jsonl"',
        "jsonl",
        "table",
        id="a short name",
    ),
]


@pytest.mark.parametrize(
    ("name", "option", "on_line", "variable", "in_variable", "file", "in_file", "default"),
    PRECEDENCE,
)
def test_option_before_variable_before_file_before_default(
    parsed, name, option, on_line, variable, in_variable, file, in_file, default
):
    assert parsed("scan")[1][name] == default
    assert parsed("scan", file=file)[1][name] == in_file
    assert parsed("scan", file=file, **variable)[1][name] == in_variable
    assert parsed("scan", *option, file=file, **variable)[1][name] == on_line


def test_what_is_said_of_one_command_comes_before_what_is_said_of_all(parsed):
    file = 'region = "eu-west-1"\n[scan]\nregion = "eu-west-2"'
    assert parsed("scan", file=file)[1]["region"] == "eu-west-2"
    assert parsed("findings", file=file)[1]["region"] == "eu-west-1"
    said = {"READINESS_REGION": "eu-west-3", "READINESS_SCAN_REGION": "eu-west-4"}
    assert parsed("scan", file=file, **said)[1]["region"] == "eu-west-4"
    assert parsed("findings", file=file, **said)[1]["region"] == "eu-west-3"


def test_a_subcommand_has_its_table(parsed):
    file = 'output = "csv"\n[attest.list]\nregion = "eu-west-2"'
    params = parsed("attest", "list", file=file)[1]
    assert (params["format"], params["region"]) == ("csv", "eu-west-2")


def test_a_project_can_hold_it(parsed):
    project = '[project]\nname = "x"\n[tool.readiness]\nregion = "eu-west-2"'
    assert parsed("findings", project=project)[1]["region"] == "eu-west-2"
    both = parsed("findings", project=project, file='region = "eu-west-3"')
    assert both[1]["region"] == "eu-west-3"


def test_a_project_without_it_does_not_end_the_search(parsed, tmp_path):
    (tmp_path / "below" / "pyproject.toml").write_text('[project]\nname = "x"\n')
    assert parsed("findings", file='region = "eu-west-2"')[1]["region"] == "eu-west-2"


def test_a_path_is_meant_from_where_the_file_is(parsed, tmp_path):
    params = parsed("scan", file='[scan]\nsettings-file = "strict.json"')[1]
    assert params["settings_file"] == tmp_path / "strict.json"


@pytest.mark.parametrize(
    ("file", "told"),
    [
        pytest.param("region = ", "is not TOML", id="no TOML"),
        pytest.param(
            'regoin = "x"', "'regoin', which no option has. Did you mean region", id="top"
        ),
        pytest.param("[scann]\n", "'scann', which no option has. Did you mean scan", id="command"),
        pytest.param(
            '[scan]\nsevrity = "LOW"',
            "'sevrity' in [scan], which is no option of it. Did you mean severity",
            id="option",
        ),
        pytest.param('scan = "x"', "write [scan]", id="a command's value"),
        pytest.param('[scan]\nseverity = ["LOW"]', "one text or number", id="a list for one"),
        pytest.param("[scan]\nheading = [true]", "a list of texts", id="no text"),
        pytest.param('no-stack = "yes"', "true or false", id="no flag"),
        pytest.param("[scan]\nrecord = true", "only you can ask for it", id="it would write"),
    ],
)
def test_a_file_that_says_what_nothing_understands_is_refused(parsed, tmp_path, file, told):
    said, params = parsed("scan", file=file)
    assert (said.exit_code, params) == (2, {})
    assert told in said.stderr
    assert f"The file {tmp_path / 'readiness.toml'} " in said.stderr
    assert said.stderr.count("\n") == 1
    assert parsed("scan", "--help", file=file)[0].exit_code == 0


@pytest.mark.parametrize(
    ("words", "file"),
    [
        (("waive", "--approve", "x"), "[waive]\nall-rules = true"),
        (("redrive",), "[redrive]\ndiscard = true"),
        (("emergency", "restore", "x"), '[emergency.restore]\napply = "t"'),
        (("attest", "add", "x"), '[attest.add]\nowner = "me"'),
        (("replay", "x"), "[replay]\nvia-bus = true"),
    ],
    ids=str,
)
def test_no_file_asks_for_a_change(parsed, words, file):
    said, params = parsed(*words, file=file)
    assert (said.exit_code, params) == (2, {})
    assert "only you can ask for it" in said.stderr


def test_every_command_that_changes_something_is_known_as_such():
    acting = {*configuration.ACTING, *configuration._CHANGES}
    reading = {
        "completion",
        "doctor",
        "evaluate",
        "explain",
        "export",
        "findings",
        "history",
        "manifest",
        "on-call",
        "report",
        "rules",
        "status",
        "waivers",
    }
    assert acting | reading >= set(COMMANDS), "say whether the new command changes anything"
    assert not acting & reading


def test_every_option_has_a_variable_of_its_own(run):
    for path, command in commands():
        run(*path, "--help")  # it is dressed when it is found
        options = [each for each in command.params if isinstance(each, click.Option)]
        own = [variables.names(path, each)[0] for each in options]
        assert len(set(own)) == len(own), path
        assert [each.envvar[0] for each in options] == own, path


def commands():
    """Every command that does something, with the words that lead to it."""

    def below(group, context, path):
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if isinstance(command, click.Group):
                inner = click.Context(command, info_name=name, parent=context)
                yield from below(command, inner, (*path, name))
            else:
                yield (*path, name), command

    yield from below(main.main, click.Context(main.main, info_name="readiness"), ())
