"""What a person types: every command, imported only when it is used."""

from __future__ import annotations

import errno
import importlib
import os
from pathlib import Path
from typing import Any

import click

from readiness_cli.failure import Exit, Failure, of
from readiness_cli.loopback import without_proxy

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo.command:demo", "The whole pipeline on an embedded AWS, start to finish."),
    "scan": ("scan:scan", "Judge an account with the rules, in process; nothing is deployed."),
    "evaluate": ("evaluate:evaluate", "Judge by one rule."),
    "replay": ("replay:replay", "What an event makes us look at, and the verdicts."),
    "findings": ("findings:findings", "What the deployed stack has found."),
    "explain": ("findings:explain", "One finding: what, why, since when, and what to do."),
    "history": ("findings:history", "How one finding came to be as it is."),
    "rules": ("rules:rules", "The catalogue of rules; boxes nobody judges yet are pending."),
    "attest": ("attest:attest", "Attest what no API can prove; approve, revoke, list."),
    "pagerduty-key": ("pagerduty_key:pagerduty_key", "Give the stack its PagerDuty routing key."),
    "redrive": ("redrive:redrive", "Send again what landed in the failure queues."),
    "test-alert": ("test_alert:test_alert", "Prove that an alert reaches the pager."),
}
EPILOG = (
    "Exit codes: 0 ok · 1 gate failed (something is NON_COMPLIANT) · 2 usage · "
    "3 incomplete (INSUFFICIENT_DATA, and nothing failed) · 4 AWS or internal error."
)


class Commands(click.Group):
    """A group that knows its commands by name and imports one when it is invoked."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return [name for name in COMMANDS if _is_there(name)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS or not _is_there(cmd_name):
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(
            importlib.import_module(f"readiness_cli.{module}"), attribute
        )
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> Any:
        os.environ.update(without_proxy(os.environ))
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            raise Failure(
                "interrupted",
                why="What was printed so far is not complete",
                fix="run the command again",
                code=Exit.INTERRUPTED,
            ) from None
        except Exception as error:
            is_closed_pipe = isinstance(error, OSError) and error.errno == errno.EPIPE
            if ctx.params.get("debug") or is_closed_pipe:
                raise
            raise of(error, ctx.meta.get("readiness.region", "")) from error


def _is_there(name: str) -> bool:
    module = COMMANDS[name][0].partition(":")[0].replace(".", "/")
    return (Path(__file__).parent / f"{module}.py").exists()


@click.group(
    cls=Commands,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="readiness", prog_name="readiness")
def main(*, debug: bool) -> None:
    """Judge an AWS account against the production-readiness checklist.

    Data goes to stdout, progress and warnings to stderr.
    """


if __name__ == "__main__":
    main()
