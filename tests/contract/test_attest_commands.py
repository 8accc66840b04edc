"""Every `readiness attest` command in the documents is one that the command line takes."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from readiness_cli import catalogue
from readiness_cli.attest import attest, is_attestable
from readiness_cli.catalogue import ROOT

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
DOCUMENTS += sorted((ROOT / "docs" / "runbooks").glob("*.md"))
_BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"`(readiness attest [^`]+)`")


def commands():
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        lines = "".join(_BLOCK.findall(text)).replace("\\\n", " ").splitlines()
        found = [line.strip() for line in lines if line.strip().startswith("readiness attest")]
        for command in [*found, *(" ".join(each.split()) for each in _INLINE.findall(text))]:
            yield pytest.param(command, id=f"{path.name} {command[:60]}")


COMMANDS = list(commands())


def test_there_are_some():
    said = [case.values[0].split()[2] for case in COMMANDS]
    assert {"add", "approve", "revoke", "list"} <= {word.rstrip(",") for word in said}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_documented_command_is_one(command):
    words = [word for word in shlex.split(command, comments=True) if word not in {"…", "[RULE]"}]
    name, arguments = words[2], words[3:]
    assert name in attest.commands, command
    context = click.Context(attest.commands[name])
    given, _, _ = attest.commands[name].make_parser(context).parse_args(list(arguments))
    rule = given.get("rule_id")
    if isinstance(rule, str) and rule != "RULE":
        assert is_attestable(catalogue.rule(rule))
    if arguments and "…" not in command and name == "add":
        assert {"statement", "owner", "performed_at"} <= set(given)
