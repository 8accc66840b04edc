"""`readiness demo`: the whole pipeline on an embedded AWS, start to finish."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import time
from collections.abc import Sequence
from contextlib import ExitStack

import click

from readiness_cli.demo import checkout as checkouts
from readiness_cli.demo import scenario
from readiness_cli.demo.checkout import Checkout
from readiness_cli.demo.process import NotReady, end_group, forget_aws, is_running
from readiness_cli.failure import Exit, Failure

_PROGRAMS = ("embedded_aws.py", "readiness_cli.demo.pager")
_UP = "up.json"
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command()
@click.option(
    "--keep", is_flag=True, help="Leave the embedded AWS running, and print how to use it."
)
@click.option("--stop", is_flag=True, help="Stop a demo that --keep left running.")
def demo(*, keep: bool, stop: bool) -> None:
    """Run the whole pipeline on an embedded AWS. Nothing leaves this machine.

    The demo deploys the real template with the AWS SAM CLI, evaluates a small workload, breaks
    one resource, fixes another, and shows the pages. It needs a checkout of the repository;
    `make demo` installs everything else.
    """
    forget_aws()
    checkout = checkouts.find()
    found = _clear(checkout)
    if stop:
        click.echo("The demo is stopped." if found else "No demo is running.")
        return
    if found:
        click.echo("Stopped the demo that an earlier --keep left running.", err=True)
    began = time.monotonic()
    with ExitStack() as hold:
        _end_politely()
        hold.callback(shutil.rmtree, checkout.running, ignore_errors=True)
        try:
            up = scenario.tell(checkout, hold, lambda *pids: _note(checkout, os.getpid(), pids))
            if keep:
                _note(checkout, 0, up.pids)
                hold.pop_all()
        except NotReady as error:
            raise Failure(
                f"the embedded AWS does not start: {error}",
                why="The demo deploys into it",
                fix="run `make clean`, then `make demo`",
                code=Exit.AWS_OR_INTERNAL,
            ) from error
        finally:
            # What was started is ended now. A terminal that closes asks for that twice.
            for number in _ENDING:
                signal.signal(number, signal.SIG_IGN)
    scenario.title(f"Done in {time.monotonic() - began:.0f} s.")
    if keep:
        _how_to_look_around(up)
    else:
        scenario.say("Everything was removed. To keep the demo running, use make demo KEEP=1.")


def _end_politely() -> None:
    """Let every way of being ended end as Ctrl-C does: with everything started ended too."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    for number in _ENDING:
        signal.signal(number, interrupted)


def _note(checkout: Checkout, owner: int, pids: Sequence[int]) -> None:
    """Write down what is up, for whoever has to end it when its owner no longer can."""
    note = {"owner": owner, "pids": list(pids)}
    (checkout.running / _UP).write_text(json.dumps(note))


def _clear(checkout: Checkout) -> bool:
    """End what an earlier demo left up; False when there was nothing. Raises Failure."""
    note = checkout.running / _UP
    found = note.is_file()
    if found:
        up = json.loads(note.read_text())
        if is_running(up["owner"], "readiness"):
            raise Failure(
                f"a demo is running in this checkout, as process {up['owner']}",
                why="Two demos would use the same directory",
                fix="wait until it ends, or stop it with Ctrl-C in its terminal",
            )
        for leader in up["pids"]:
            if any(is_running(leader, program) for program in _PROGRAMS):
                end_group(leader)
    shutil.rmtree(checkout.running, ignore_errors=True)
    return found


def _how_to_look_around(up: scenario.Up) -> None:
    tables = up.stack.resources
    cli = shlex.quote(os.environ.get("VIRTUAL_ENV", ".venv") + "/bin/readiness")
    scenario.say("The embedded AWS is still running. To use it, run in this shell:")
    for line in (
        "unset AWS_PROFILE AWS_CA_BUNDLE",
        "export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test",
        "export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1",
        f"export AWS_ENDPOINT_URL={up.aws.endpoint}",
        f"{cli} status",
        f"{cli} findings --open",
        f"{cli} explain maif-agent-knowledge encryption.s3-kms --fix",
        f"{cli} scan --heading encryption",
        f"{cli} report --file readiness.html",
        f"aws dynamodb scan --table-name {tables['Findings']}",
        f"curl -s {up.pager_client.received_url}     # the pages sent",
    ):
        click.echo(f"  {line}")
    scenario.say("To stop it:")
    click.echo(f"  {cli} demo --stop")
