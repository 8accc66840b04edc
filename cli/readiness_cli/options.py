"""Options as a person types them: what is given twice is told, not dropped."""

from __future__ import annotations

from collections.abc import Sequence

import click

from readiness_cli.failure import Failure


class Group(click.Group):
    """A group whose commands refuse an option given twice that takes one value.

    click would use the last value without a word.
    """

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None and not isinstance(command, click.Group):
            _refuse_repeats(f"{ctx.command_path} {name}", command, rest)
        return name, command, rest


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
