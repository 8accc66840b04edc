"""`readiness test-alert`: send a test finding through to the pager, and resolve it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click
from rich.console import RenderableType

from readiness.model.finding import Finding, iso
from readiness.model.resource import Resource
from readiness.model.text import clean
from readiness.model.verdict import Severity, Status
from readiness_cli import session
from readiness_cli.acknowledgement import Acknowledgements
from readiness_cli.deployed import Deployed
from readiness_cli.failure import Exit, Failure
from readiness_cli.output import cell, emit, note, output_option, table

if TYPE_CHECKING:
    from readiness.engine.aws import Aws

RULE = "readiness.test-alert"
PROVES = "support.pager-test"
"""The rule whose evidence a test alert is."""
TYPE = "Readiness::Test::Alert"
SERVICE = "readiness-pagerduty"
ACKNOWLEDGED_BY = "acknowledged_by"
"""The bound value that says who acknowledged the page."""
PAUSE = 0.5
FIELDS = ("step", "ok", "seconds", "said")


@dataclass(frozen=True, slots=True)
class Step:
    """One leg of the way, and how long after the finding was written it was done."""

    step: str
    ok: bool
    seconds: float
    said: str


@click.command("test-alert")
@click.option(
    "--wait",
    "patience",
    type=click.FloatRange(1, 3600),
    default=60.0,
    show_default=True,
    help="Seconds to wait for the page, and again for its resolution.",
)
@click.option(
    "--owner",
    metavar="TEAM",
    help="Record the result for support.pager-test, in your name, with this responsible team.",
)
@click.option(
    "--acknowledged",
    is_flag=True,
    help="Also wait until someone acknowledges the page in PagerDuty (pagerduty-key --rest).",
)
@session.stack_option
@output_option
@session.aws_options
@click.pass_context
def test_alert(
    context: click.Context,
    /,
    *,
    patience: float,
    owner: str | None,
    acknowledged: bool,
    stack_name: str,
    format: str,
    profile: str | None,
    region: str | None,
) -> None:
    """Check that an alert reaches the pager, and that it resolves itself.

    WARNING: this pages the person on call. The command writes one CRITICAL finding that says
    it is a test, waits until the stack has published and paged it, resolves it, waits again,
    and removes it.

    With --owner the result is kept as an attestation of support.pager-test. Whoever was paged
    acknowledges it: readiness attest approve ID. With --acknowledged the attestation also says who
    acknowledged the page in PagerDuty.
    """
    aws = session.connect(profile, region)
    stored = Deployed(aws, stack_name)
    through_queue, others = subscribers(aws, stored)
    note(
        f"writing a test finding into the stack {stored.stack.name}; besides the pager,"
        f" {session.plural(others, 'other subscriber')} will be notified"
    )
    asked = Acknowledgements.of_stack(aws, stored.stack) if acknowledged else None
    if asked and not through_queue:
        raise Failure(
            "the stack has no pager of its own, so no page of it can be acknowledged",
            why="The queue of its PagerDuty function does not subscribe to the alerts",
            fix="leave out --acknowledged",
            code=Exit.GATE_FAILED,
        )
    trial = Trial(aws, stored, patience=patience, through_queue=through_queue, asked=asked)
    steps = list(trial.run())
    emit(format, [_row(step) for step in steps], lambda: draw(steps), columns=FIELDS)
    failed = next((step for step in steps if not step.ok), None)
    if owner:
        try:
            record(aws, stored, owner, trial, steps)
        except Failure as problem:
            if failed is None:
                raise
            note(f"warning: the failure is not recorded: {problem}")
    if failed is not None:
        raise Failure(
            f"the test alert was not {failed.step}: {failed.said}",
            why="A real alert would get lost in the same place",
            fix=_fix(failed, stored),
            code=Exit.GATE_FAILED,
        )
    context.exit(Exit.OK)


def record(aws: Aws, stored: Deployed, owner: str, trial: Trial, steps: Sequence[Step]) -> None:
    """Attest how far the page came. Raises Failure."""
    from readiness_cli import catalogue  # noqa: PLC0415
    from readiness_cli.attest_desk import Desk  # noqa: PLC0415

    failed = next((step for step in steps if not step.ok), None)
    accepted = [step for step in steps if step.step == "paged (trigger)" and step.ok]
    if failed is None and not accepted:
        raise Failure(
            "the result is not recorded: the stack has no pager of its own to prove it",
            why="Only PagerDuty's acceptance proves a page",
            fix="attest it when it was acknowledged: readiness attest add support.pager-test …",
            code=Exit.GATE_FAILED,
        )
    text = f"not {failed.step}: {failed.said}" if failed else accepted[0].said
    statement = Desk(aws, stored.stack).add(
        catalogue.rule(PROVES),
        {
            "statement": clean(f"readiness test-alert {trial.id}: {text}", 1000),
            "owner": owner,
            "performed_at": iso(trial.began),
            "result": "fail" if failed else "pass",
        },
        (f"{ACKNOWLEDGED_BY}={trial.acknowledged_by}",) if trial.acknowledged_by else (),
        unchecked=False,
    )
    note(
        f"recorded as {statement.id}; whoever was paged acknowledges it:"
        f" readiness attest approve {statement.id}"
        if failed is None
        else f"recorded as {statement.id}: failed"
    )


def subscribers(aws: Aws, stored: Deployed) -> tuple[bool, int]:
    """Whether the pager's queue is subscribed, and the number of others. Raises Failure."""
    pages = aws.client("sns").get_paginator("list_subscriptions_by_topic")
    answers = pages.paginate(TopicArn=stored.stack["AlertsTopic"])
    confirmed = [
        each["Endpoint"]
        for page in answers
        for each in page["Subscriptions"]
        if each["SubscriptionArn"] != "PendingConfirmation"
    ]
    queue = stored.stack["PagesQueue"].rsplit("/", 1)[-1] if "PagesQueue" in stored.stack else ""
    of_pager = [endpoint for endpoint in confirmed if queue and endpoint.endswith(f":{queue}")]
    if not confirmed:
        raise Failure(
            f"the topic {stored.stack['AlertsTopic']} has no confirmed subscriber",
            why="Alerts are published, but no one is notified",
            fix="run `sam deploy` with AlertEmail, or without PagerDutyIntegrationUrl",
            code=Exit.GATE_FAILED,
        )
    return bool(of_pager), len(confirmed) - len(of_pager)


class Trial:
    """One test finding on its way there and back."""

    def __init__(
        self,
        aws: Aws,
        stored: Deployed,
        *,
        patience: float,
        through_queue: bool,
        asked: Acknowledgements | None = None,
    ) -> None:
        self._aws = aws
        self._stored = stored
        self._patience = patience
        self._through_queue = through_queue
        self._asked = asked
        self.acknowledged_by = ""
        self._began = aws.now()
        id = f"test-alert-{self._began:%Y%m%dT%H%M%S%f}"
        self.id = id
        self._resource = Resource(aws.account, aws.region, TYPE, id)

    def run(self) -> Iterator[Step]:
        """The steps, up to the first that fails. The finding never stays open."""
        with self._kept() as proven:
            for status, action in (
                (Status.NON_COMPLIANT, "trigger"),
                (Status.COMPLIANT, "resolve"),
            ):
                transitions = self._write(status)
                for step in self._follow(action, transitions):
                    yield step
                    if not step.ok:
                        return
            proven.append(True)

    @contextmanager
    def _kept(self) -> Iterator[list[bool]]:
        """Resolve the finding however it ends; remove its row only once all is proven.

        A row that goes before the pager has read it would leave its page open for ever.
        """
        proven: list[bool] = []
        try:
            yield proven
        finally:
            if proven:
                self._remove()
            else:
                self._write(Status.COMPLIANT)

    def _write(self, status: Status) -> int:
        """Record the finding; the number of transitions it has now."""
        wrong = status is Status.NON_COMPLIANT
        finding = Finding(
            resource=self._resource,
            rule=RULE,
            status=status,
            severity=Severity.CRITICAL,
            section="Test",
            heading="Test",
            item="Test alert",
            reason="TEST ALERT, no action needed: someone ran `readiness test-alert`.",
            expected="This alert resolves itself within a minute." if wrong else "",
            last_observed_at=max(self._aws.now(), self._began + timedelta(milliseconds=1)),
            trigger="test-alert",
            gone=not wrong,
        )
        with self._plainly():
            stored = self._stored.store.get(self._resource, RULE)
            self._stored.store.record(finding, stored)
            return len(self._stored.store.history(finding.id))

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        from readiness_cli import stack  # noqa: PLC0415

        with stack.tables_of(self._stored.stack):
            yield

    def _follow(self, action: str, transitions: int) -> Iterator[Step]:
        began = time.monotonic()

        def published() -> str:
            entries = self._stored.store.history(self._id)
            return entries[transitions - 1].published_at if len(entries) >= transitions else ""

        at = self._until(published)
        took = time.monotonic() - began
        said = f"published at {at}" if at else f"not published within {self._patience:g} s"
        yield Step(f"published ({action})", bool(at), took, said)
        if not self._through_queue:
            return
        answer = self._until(lambda: self._paged(action))
        took = time.monotonic() - began
        said = answer or f"the pagerduty function logged nothing within {self._patience:g} s"
        accepted = answer.startswith("PagerDuty accepted")
        yield Step(f"paged ({action})", accepted, took, said)
        if self._asked is None or not accepted or action != "trigger":
            return
        dedup_key = answer.rpartition(" ")[2]
        asked = self._asked
        self.acknowledged_by = self._until(lambda: asked.of(dedup_key))
        took, who = time.monotonic() - began, self.acknowledged_by
        said = f"acknowledged by {who}" if who else f"no one did within {self._patience:g} s"
        yield Step("acknowledged (trigger)", bool(who), took, said)

    @property
    def began(self) -> datetime:
        """When the finding was first written."""
        return self._began

    @property
    def _id(self) -> str:
        from readiness.model.finding import finding_id  # noqa: PLC0415

        return finding_id(self._resource, RULE)

    def _until(self, done: Callable[[], str]) -> str:
        deadline = time.monotonic() + self._patience
        while not (answer := done()):
            if time.monotonic() >= deadline:
                return ""
            time.sleep(PAUSE)
        return answer

    def _paged(self, action: str) -> str:
        """What the pager's function logged about this finding, or about its key."""
        for record in self._logged():
            about = record.get("finding_id") == self._id
            match record.get("message"):
                case "paged" if about and record.get("action") == action:
                    return f"PagerDuty accepted the {action}, dedup_key {record.get('dedup_key')}"
                case "PagerDuty refuses the event" if about:
                    return f"PagerDuty rejected it: {record.get('answer')}"
                case "no usable routing key":
                    return f"no usable routing key: {record.get('reason')}"
        return ""

    def _logged(self) -> Iterator[Mapping[str, Any]]:
        pages = self._aws.client("logs").get_paginator("filter_log_events")
        since = int(_millis(self._began))
        answers = pages.paginate(
            logGroupName=self._stored.stack["Logs"],
            startTime=since,
            filterPattern=f'"{SERVICE}"',
        )
        for page in answers:
            for event in page["events"]:
                try:
                    record = json.loads(event["message"])
                except (ValueError, RecursionError):
                    continue
                if isinstance(record, dict) and record.get("service") == SERVICE:
                    yield record

    def _remove(self) -> None:
        self._aws.client("dynamodb").delete_item(
            TableName=self._stored.stack["FindingsTable"],
            Key={"resource": {"S": self._resource.key}, "rule": {"S": RULE}},
        )


def _millis(moment: datetime) -> float:
    return moment.timestamp() * 1000


def _row(step: Step) -> dict[str, Any]:
    return {
        "step": step.step,
        "ok": step.ok,
        "seconds": round(step.seconds, 2),
        "said": step.said,
    }


def _fix(failed: Step, stored: Deployed) -> str:
    logs = (
        f"aws logs filter-log-events --log-group-name {stored.stack['Logs']}"
        f" --filter-pattern '\"{SERVICE}\"'"
        if "Logs" in stored.stack
        else ""
    )
    if "routing key" in failed.said and "PagerDutySecret" in stored.stack:
        secret = stored.stack["PagerDutySecret"]
        return (
            f"aws secretsmanager put-secret-value --secret-id {secret} --secret-string"
            ' \'{"default": "<integration key>"}\''
        )
    return logs or "read the logs of the stack's functions"


def draw(steps: Iterable[Step]) -> Iterable[RenderableType]:
    """The steps: whether each succeeded, and how long it took."""
    made = table("Step", "Result", "Seconds", "Details")
    for step in steps:
        made.add_row(
            cell(step.step),
            cell("ok" if step.ok else "failed", "green" if step.ok else "bold red"),
            cell(f"{step.seconds:.1f}"),
            cell(step.said, most=400),
        )
    yield made
