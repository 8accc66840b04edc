"""The demo's scenario: deploy, evaluate everything, break one thing, fix another."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import click

from readiness.model.finding import Finding
from readiness.model.verdict import Status
from readiness_cli.demo import cloudtrail, scorecard, stack, workload, workload_traffic
from readiness_cli.demo.checkout import Checkout
from readiness_cli.demo.emulator import Emulator
from readiness_cli.demo.pager_client import Page, PagerClient
from readiness_cli.demo.process import clean_environment
from readiness_cli.demo.stack import Stack

WIDTH = 78
ROUTING_KEY = "00000000000000000000000000000000"
SCOPE = {"ScopeTagKey": "Application", "ScopeTagValues": "MAIF"}
"""The demo looks at the agents' workload alone, not at the monitor beside it."""
_SHOWN_FINDINGS = 3
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Up:
    """What the demo started and can leave up."""

    aws: Emulator
    pager_client: PagerClient
    stack: Stack

    @property
    def pids(self) -> list[int]:
        return [*self.aws.pids, self.pager_client.pid]


def say(text: str = "", indent: str = "") -> None:
    """A paragraph at the width of a small terminal."""
    click.echo(
        textwrap.fill(
            text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
        )
    )


def title(text: str) -> None:
    click.echo()
    click.secho(text, bold=True)


@contextmanager
def timed(what: str) -> Iterator[None]:
    """One line: what is done, and when it is done how long it took."""
    click.echo(f"  {what} ", nl=False)
    began = time.monotonic()
    yield
    took = f" {time.monotonic() - began:.1f} s"
    click.echo("." * max(2, WIDTH - 3 - len(what) - len(took)) + took)


def tell(checkout: Checkout, hold: ExitStack, started: Callable[..., None]) -> Up:
    """Run the scenario. Process ids go to ``started``; ``hold`` stops the processes."""
    up = _deploy(checkout, hold, started)
    made = workload.create(up.aws.client)
    _look_at_everything(up)
    _break(up)
    _fix(up, made)
    _roll_back(up)
    return up


def _deploy(checkout: Checkout, hold: ExitStack, started: Callable[..., None]) -> Up:
    title("1  Deploy the real template with the AWS SAM CLI into an AWS on this machine")
    with timed("start the embedded AWS and a pager stand-in on 127.0.0.1"):
        aws = hold.enter_context(Emulator(checkout.aws, checkout.running / "aws"))
        started(*aws.pids)
        pager_client = hold.enter_context(PagerClient(checkout.running / "pager"))
        started(*aws.pids, pager_client.pid)
    with timed("sam build"):
        stack.build(checkout)
    with timed("sam deploy"):
        deployed = stack.deploy(checkout, aws, parameters(pager_client) | SCOPE)
        deployed.page_with(ROUTING_KEY)
    functions = len(deployed.of_type("AWS::Lambda::Function"))
    say(
        f"{functions} functions are deployed. Policies are enforced: each function has its own"
        " role, which may read what its rules declare and no more.",
        "  ",
    )
    return Up(aws, pager_client, deployed)


def parameters(pager_client: PagerClient) -> dict[str, str]:
    """The template's parameters that a machine without an AWS account needs.

    Nothing is grouped and nothing waits, so that each change is seen by its own page at once.
    """
    return {
        "Architecture": "x86_64",
        "PagerDutyEndpoint": pager_client.enqueue_url,
        "PagerDutyGroupAbove": "0",
        "PagerDutyConfirmSeconds": "0",
    }


def _look_at_everything(up: Up) -> None:
    title("2  Evaluate a workload with real mistakes, and some resources that are right")
    with timed("sweep: evaluate every heading and every resource"):
        up.stack.sweep()
    findings = list(up.stack.store.all())
    click.echo()
    for line in scorecard.lines(findings):
        click.echo(f"  {line}")
    unreadable = sorted({action for f in findings if not f.gone for action in f.missing})
    if unreadable:
        services = sorted({action.partition(":")[0] for action in unreadable})
        say(
            f"?  unknown: the embedded AWS does not support some calls of {', '.join(services)},"
            " and resources that were deployed seconds ago have no traffic yet.",
            "    ",
        )
    wrong = [f for f in findings if f.status is Status.NON_COMPLIANT]
    wrong.sort(key=lambda f: (f.severity.rank, f.rule, f.resource.id))
    title(f"   {len(wrong)} findings; of the {_SHOWN_FINDINGS} most severe rules, one each")
    shown: dict[str, Finding] = {}
    for finding in wrong:
        shown.setdefault(finding.rule, finding)
    for finding in list(shown.values())[:_SHOWN_FINDINGS]:
        _show(finding)
    paged = {page.key for page in up.pager_client.taken()}
    say(
        f"The first sweep is the baseline: it records everything, but only CRITICAL findings"
        f" page ({len(paged)} pages).",
        "  ",
    )


def _show(finding: Finding) -> None:
    say(f"{finding.severity}  {finding.resource.id}  ({finding.rule})", "  ")
    say(finding.reason, "    ")
    if finding.expected:
        say(f"Expected: {finding.expected}", "    ")


def _break(up: Up) -> None:
    title("3  Break: someone removes the KMS key from the agent's knowledge bucket")
    s3 = up.aws.client("s3")
    page = _page_after(
        up,
        f"aws s3api put-bucket-encryption --bucket {workload.KNOWLEDGE} … AES256",
        lambda: cloudtrail.record(
            "s3.amazonaws.com",
            "PutBucketEncryption",
            workload.stop_encrypting(s3, workload.KNOWLEDGE),
        ),
        "trigger",
        workload.KNOWLEDGE,
    )
    _show_page(page)


def _fix(up: Up, made: workload.Workload) -> None:
    title("4  Fix: an engineer closes SSH to the internet")
    ec2 = up.aws.client("ec2")
    page = _page_after(
        up,
        f"aws ec2 revoke-security-group-ingress --group-id {made.open_group} …",
        lambda: cloudtrail.record(
            "ec2.amazonaws.com",
            "RevokeSecurityGroupIngress",
            workload.close(ec2, made.open_group, made.open_rule),
            user="engineer",
        ),
        "resolve",
        made.open_group,
    )
    _show_page(page)


def _roll_back(up: Up) -> None:
    title("5  3 a.m.: version 2 of the worker is bad. Plan a rollback, apply it, restore")
    workload_traffic.deploy_twice(up.aws.client("lambda"))
    words = ("emergency", "lambda-rollback", workload_traffic.WORKER, "--alias", "live")
    [plan] = _readiness(up, *words)
    for step in plan["calls"]:
        say(f"plan: {step['says']}", "    ")
    why = ("--reason", "version 2 loses orders")
    [saved] = _readiness(up, *words, "--apply", plan["token"], *why)
    say(f"applied; the state before is saved as {saved['id']}", "    ")
    back = ("emergency", "restore", saved["id"])
    [plan] = _readiness(up, *back)
    [saved] = _readiness(up, *back, "--apply", plan["token"], "--reason", "it was not the cause")
    say(f"{saved['state']}: the alias points to {saved['before']['version']} again", "    ")


def _readiness(up: Up, *words: str) -> Any:
    """Run the command line as a person would, and show it. Raises RuntimeError."""
    say(f"$ readiness {shlex.join(words)}", "  ")
    environment = clean_environment(up.aws.home) | {"AWS_ENDPOINT_URL": up.aws.endpoint}
    done = subprocess.run(
        [sys.executable, "-m", "readiness_cli.main", *words, "-o", "json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=_PATIENCE * 4,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{done.stderr}{done.stdout}")
    return json.loads(done.stdout)


def _page_after(
    up: Up,
    command: str,
    change: Callable[[], Mapping[str, Any]],
    action: str,
    id: str,
) -> Page:
    """Change something, put CloudTrail's event about it on the bus, and wait for the pager."""
    say(f"$ {command}", "  ")
    detail = change()
    began = time.time()
    cloudtrail.put(up.aws.client("events"), detail)
    page = up.pager_client.wait_for(
        lambda page: page.action == action and page.source.endswith(f"/{id}"),
        _PATIENCE,
        after=began,
    )
    milliseconds = (page.at - began) * 1000
    say(f"{milliseconds:.0f} ms from the event on the event bus to the pager:", "  ")
    return page


def _show_page(page: Page) -> None:
    payload = page.body["payload"]
    click.echo(f"    event_action  {page.action}")
    click.echo(f"    severity      {payload['severity']}")
    click.echo(f"    dedup_key     {page.key[:40]}…")
    click.echo(
        textwrap.fill(
            page.summary, WIDTH, initial_indent="    summary       ", subsequent_indent=" " * 18
        )
    )
    click.echo(f"    console       {_short(page.body['links'][0]['href'])}")
    click.echo(f"    runbook       {_short(payload['custom_details']['runbook'])}")


def _short(text: str) -> str:
    return text if len(text) <= WIDTH - 18 else text[: WIDTH - 19] + "…"
