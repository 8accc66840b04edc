"""The environment variable of each option: ``READINESS_SCAN_SEVERITY``, ``READINESS_REGION``."""

from __future__ import annotations

from collections.abc import Sequence

import click

PREFIX = "READINESS"
SHARED = frozenset({"--stack-name", "--no-stack", "--region", "--profile", "--output"})
"""What most commands have: one variable counts for all of them."""


def option_name(option: click.Option) -> str:
    """An option by its longest spelling, without dashes in front: ``exclude-heading``."""
    return max(option.opts, key=len).lstrip("-")


def names(path: Sequence[str], option: click.Option) -> list[str]:
    """The variables of an option of the command at ``path``; the first that is set counts."""
    name = option_name(option)
    of_command = "_".join((PREFIX, *path, name))
    of_all = [f"{PREFIX}_{name}"] if f"--{name}" in SHARED else []
    return [_spelled(each) for each in (of_command, *of_all)]


def _spelled(name: str) -> str:
    return name.replace("-", "_").upper()
