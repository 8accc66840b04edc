"""The `readiness` command line: each command is imported only when it is used."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from pathlib import Path
from typing import Any

import click

from readiness_cli.examples import epilog
from readiness_cli.failure import Exit, Failure, no_output, of, reader_gone
from readiness_cli.loopback import without_proxy
from readiness_cli.options import Group

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo.command:demo", "Run the whole pipeline on an embedded AWS on this machine."),
    "scan": ("scan:scan", "Evaluate all rules against an account; nothing is deployed."),
    "evaluate": ("evaluate:evaluate", "Evaluate one rule."),
    "replay": ("replay:replay", "Show which resources an event affects, and the verdicts."),
    "status": (
        "status:status",
        "Show the checklist as the stack sees it; with --fail-on, GO or NO-GO.",
    ),
    "report": (
        "report.command:report",
        "Write the stack's verdicts as one page, for people without access.",
    ),
    "export": (
        "export.command:export",
        "Write the findings as OCSF, ASFF, CSV, JUnit, SARIF or OSCAL.",
    ),
    "findings": ("findings:findings", "List the findings of the deployed stack."),
    "explain": (
        "explain:explain",
        "Show one finding in full: what, why, since when, what to do.",
    ),
    "history": ("history:history", "Show every change of one finding."),
    "rules": ("rules:rules", "List the rules by the boxes that they judge."),
    "attest": ("attest:attest", "Attest what no API can prove: add, approve, revoke, list."),
    "waive": ("waive:waive", "Accept findings until a date; show what would be covered; approve."),
    "waivers": ("waive:waivers", "List the waivers: who accepted what, until when and why."),
    "unwaive": ("waive:unwaive", "End a waiver before its time."),
    "quiet": (
        "quiet:quiet",
        "Announce a change window: only CRITICAL findings wake somebody in it.",
    ),
    "manifest": (
        "manifest:manifest",
        "Check a workload's manifest: what tags cannot say of it.",
    ),
    "pagerduty-key": (
        "pagerduty_key:pagerduty_key",
        "Store the PagerDuty routing key in the stack's secret.",
    ),
    "doctor": (
        "doctor.command:doctor",
        "Check what Readiness needs in order to see, judge and tell.",
    ),
    "sweep": ("sweep:sweep", "Start a sweep: everything is evaluated again now."),
    "emergency": (
        "emergency.command:emergency",
        "Roll back, open a breaker, shut down and restore, each by a plan.",
    ),
    "redrive": ("redrive:redrive", "Send the messages in the failure queues again."),
    "resolve-all": (
        "resolve_all:resolve_all",
        "Resolve every incident that the stack has open at PagerDuty.",
    ),
    "on-call": ("on_call:on_call", "Compute the gaps of an escalation policy from its export."),
    "test-alert": ("test_alert:test_alert", "Check that an alert reaches the pager."),
    "completion": (
        "completion:completion",
        "Let TAB complete commands, options, rules, headings and finding ids.",
    ),
}
EPILOG = (
    "Exit codes: 0 ok · 1 gate failed (a resource is NON_COMPLIANT) · 2 usage error · "
    "3 incomplete (INSUFFICIENT_DATA, and nothing failed) · 4 AWS or internal error."
)


class Commands(Group):
    """A group that knows its commands by name and imports one when it is invoked."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return [name for name in COMMANDS if _is_there(name)]

    def found(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, imported now."""
        if name not in COMMANDS or not _is_there(name):
            return None
        module, _, attribute = COMMANDS[name][0].partition(":")
        command: click.Command = getattr(
            importlib.import_module(f"readiness_cli.{module}"), attribute
        )
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        """As click's own; help that cannot be printed is a failure too."""
        try:
            return super().make_context(*args, **more)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise reader_gone() from error
            raise of(error) from error

    def invoke(self, ctx: click.Context) -> Any:
        if sys.stdout is None:
            raise no_output()
        os.environ.update(without_proxy(os.environ))
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            raise Failure(
                "interrupted",
                why="The output so far is not complete",
                fix="run the command again",
                code=Exit.INTERRUPTED,
            ) from None
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise reader_gone() from error
            if ctx.params.get("debug"):
                raise
            raise of(error, ctx.meta.get("readiness.region", "")) from error


def _is_there(name: str) -> bool:
    module = COMMANDS[name][0].partition(":")[0].replace(".", "/")
    return (Path(__file__).parent / f"{module}.py").exists()


@click.group(
    cls=Commands,
    epilog=f"{epilog(())}\n\n{EPILOG}",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--debug",
    is_flag=True,
    envvar="READINESS_DEBUG",
    help="Show the traceback if the command fails.",
)
@click.version_option(package_name="readiness", prog_name="readiness")
def main(*, debug: bool) -> None:
    """Evaluate an AWS account against the production-readiness checklist.

    Data goes to stdout. Progress and warnings go to stderr.
    """


if __name__ == "__main__":
    main()
