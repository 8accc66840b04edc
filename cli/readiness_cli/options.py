"""Options as a person types them, keeps them in a file or in a variable, or lets TAB finish."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Sequence

import click

from readiness_cli.failure import Failure

PROGRAM = "readiness"
_NARROWING = {
    "--account",
    "--end",
    "--environment",
    "--heading",
    "--owner",
    "--resource",
    "--rule",
    "--section",
    "--tag",
    "--workload",
}
"""Options that an empty value would widen to everything."""


class Group(click.Group):
    """A group that refuses what click would pass over, and helps with what is misspelt.

    Of an option given twice that takes one value, click would use the last one without a word.
    Each command also gets its examples, its environment variables, what the configuration file
    says, and what TAB offers.
    """

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command = self.found(ctx, cmd_name)
        if command is not None:
            _dress(command, (*path_of(ctx), cmd_name))
        return command

    def found(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name; where a subclass looks for it."""
        return super().get_command(ctx, name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if not ctx.resilient_parsing and self.found(ctx, args[0]) is None:
            _refuse_unknown(ctx, args[0], self.list_commands(ctx))
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None and name is not None and not isinstance(command, click.Group):
            path = (*path_of(ctx), name)
            _refuse_repeats(f"{ctx.command_path} {name}", command, rest)
            _refuse_empty(command, rest)
            if not ctx.resilient_parsing and not {"-h", "--help"} & set(rest):
                from readiness_cli import configuration  # noqa: PLC0415

                ctx.default_map = {name: configuration.of(path, command)}
        return name, command, rest


def path_of(context: click.Context) -> tuple[str, ...]:
    """The names of the groups that lead to a context, without that of the program."""
    names: list[str] = []
    at: click.Context | None = context
    while at is not None and at.parent is not None:
        names.insert(0, str(at.info_name))
        at = at.parent
    return tuple(names)


def _dress(command: click.Command, path: Sequence[str]) -> None:
    from readiness_cli import completion, examples, variables  # noqa: PLC0415

    command.epilog = examples.epilog(path)
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            parameter.envvar = variables.names(path, parameter)
        completion.offer(parameter)


def _refuse_unknown(context: click.Context, name: str, known: Sequence[str]) -> None:
    """Raises Failure for a command that does not exist."""
    if name.startswith("-"):
        return  # an option, about which click itself says what is wrong
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f". Did you mean {' or '.join(near)}?" if near else ""
    raise Failure(
        f"there is no command {name!r}{hint}",
        why="Nothing was done",
        fix=f"run `{PROGRAM}{''.join(f' {each}' for each in path_of(context))} --help`",
    )


def _refuse_repeats(path: str, command: click.Command, args: Sequence[str]) -> None:
    given = args[: args.index("--")] if "--" in args else args
    for option in command.params:
        if not isinstance(option, click.Option) or option.multiple or option.is_flag:
            continue
        times = sum(word.split("=", 1)[0] in option.opts for word in given)
        if times > 1:
            raise Failure(
                f"{option.opts[-1]} is given {times} times, and takes one value",
                why="All values but the last would be ignored",
                fix=f"give it once; `{path} --help` says which options repeat",
            )


def _refuse_empty(command: click.Command, args: Sequence[str]) -> None:
    """Raises Failure where a variable of the shell that is not set would widen what is meant."""
    given = args[: args.index("--")] if "--" in args else args
    for before, word in itertools.pairwise(("", *given)):
        if not word.strip() and not before.startswith("-"):
            raise Failure(
                "an argument is empty",
                why="It names nothing, as a variable that is not set",
                fix="give it a value, or leave it out",
            )
    narrowing = _NARROWING & {name for option in command.params for name in option.opts}
    for word, following in itertools.pairwise((*given, "--")):
        name, equals, value = word.partition("=")
        if name in narrowing and not (value if equals else following).strip():
            raise Failure(
                f"{name} is empty",
                why="It would mean everything, not what a variable was to name",
                fix=f"give {name} a value, or leave it out",
            )
