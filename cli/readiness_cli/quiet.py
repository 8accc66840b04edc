"""`readiness quiet`: change windows in which only CRITICAL findings wake somebody."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click
from rich.console import RenderableType

from readiness_cli import session
from readiness_cli.failure import Exit, Failure
from readiness_cli.output import cell, emit, note, output_option, stacked, table

if TYPE_CHECKING:
    from datetime import datetime

    from readiness.alerting.quiet import Window
    from readiness_cli.deployed import Deployed

FIELDS = ("id", "state", "since", "until", "reason", "by", "rule", "resource", "workload", "owner")
LONGEST = timedelta(hours=24)
MOST_REASON = 500
_SPAN = re.compile(r"(?:(\d{1,2})h)?(?:(\d{1,4})m)?")
_EXAMPLE = 'readiness quiet --for 2h --reason "Deployment of the shop"'


@click.command()
@click.option("--for", "span", metavar="TIME", help="How long: 45m, 2h, 1h30m. At most 24h.")
@click.option("--reason", help="What is being done. The page that waits says it.")
@click.option("--rule", default="", metavar="GLOB", help="Only findings of these rules.")
@click.option("--resource", default="", metavar="GLOB", help="Only these resources, by id or key.")
@click.option("--workload", default="", metavar="GLOB", help="Only findings of this workload.")
@click.option("--owner", default="", metavar="GLOB", help="Only findings of this owner.")
@click.option("--end", "ending", metavar="ID", help="End a window before its time.")
@session.stack_option
@output_option
@session.aws_options
@click.pass_context
def quiet(
    context: click.Context,
    /,
    *,
    span: str | None,
    reason: str | None,
    ending: str | None,
    stack_name: str,
    format: str,
    profile: str | None,
    region: str | None,
    **patterns: str,
) -> None:
    """Announce a change window, end one with --end, or list those that are on.

    While a window is on, findings below CRITICAL that it covers wake nobody. Their pages wait:
    what is still wrong when the window is over pages then. E-mail and other subscribers of the
    topic are told at once, as ever. A window ends by itself.
    """
    from readiness.alerting.quiet import MOST_PATTERN  # noqa: PLC0415
    from readiness_cli.deployed import Deployed  # noqa: PLC0415

    for name, pattern in patterns.items():
        if len(pattern) > MOST_PATTERN:
            raise _usage(f"--{name} has {len(pattern)} characters; a window takes {MOST_PATTERN}")

    if ending and (span or reason or any(patterns.values())):
        raise _usage("--end stands alone")
    if not ending and (span or reason or any(patterns.values())):
        if not span or not (reason or "").strip():
            raise _usage("a window needs --for and --reason")
        lasts = lasting(span)
    stored = Deployed(session.connect(profile, region), stack_name)
    desk = Desk(stored)
    if ending:
        shown = [desk.end(ending)]
    elif span:
        shown = [desk.announce(lasts, str(reason), patterns)]
    else:
        shown = desk.rows()
    emit(format, shown, lambda: draw(shown), columns=FIELDS)
    if span:
        note("CRITICAL findings page all the same. It takes effect within a quarter of a minute.")
    context.exit(Exit.OK)


def lasting(text: str) -> timedelta:
    """``2h``, ``45m`` or ``1h30m``. Raises Failure."""
    found = _SPAN.fullmatch(text.strip())
    hours, minutes = (int(part or 0) for part in found.groups()) if found else (0, 0)
    lasts = timedelta(hours=hours, minutes=minutes)
    if not timedelta() < lasts <= LONGEST:
        raise _usage(f"--for {text!r} is not a time such as 45m or 2h, of at most 24h")
    return lasts


class Desk:
    """The windows of one stack, in the caller's name."""

    def __init__(self, stored: Deployed) -> None:
        from readiness.engine.declare import Declarations  # noqa: PLC0415
        from readiness.engine.principals import Principals  # noqa: PLC0415

        self._stack = stored.stack
        self._aws = stored.aws
        self._client = stored.aws.client("dynamodb")
        self._table = stored.stack["DeclarationsTable"]
        self._declarations = Declarations(self._client, self._table)
        self._principals = Principals(stored.aws)
        self._now: datetime = stored.aws.now()

    def announce(self, lasts: timedelta, reason: str, patterns: dict[str, str]) -> dict[str, Any]:
        """Write a window down that begins now."""
        from readiness.alerting.quiet import Window, window_item  # noqa: PLC0415
        from readiness.model.text import clean  # noqa: PLC0415

        window = Window(
            id=secrets.token_hex(4),
            by=self._caller(),
            since=self._now,
            until=self._now + lasts,
            reason=clean(reason, MOST_REASON),
            rule=clean(patterns["rule"], 1024),
            resource=clean(patterns["resource"], 1024),
            workload=clean(patterns["workload"], 1024),
            owner=clean(patterns["owner"], 1024),
        )
        self._put(window_item(window))
        return self._row(window)

    def end(self, id: str) -> dict[str, Any]:
        """End a window now. Raises Failure where no window that is on has the id."""
        from dataclasses import replace  # noqa: PLC0415

        from readiness.alerting.quiet import end_item  # noqa: PLC0415

        found = [window for window in self._on() if window.id == id]
        if not found:
            raise Failure(
                f"no change window with the id {id!r} is on in the stack {self._stack.name!r}",
                why="Only a window that is on can be ended",
                fix="run `readiness quiet` to list them; a new one can take a second to appear",
            )
        self._put(end_item(id, self._caller(), self._now))
        return self._row(replace(found[0], ended_at=self._now))

    def rows(self) -> list[dict[str, Any]]:
        """The windows that are on, those that end first in front."""
        return [self._row(window) for window in self._on()]

    def _on(self) -> list[Window]:
        from readiness.alerting.quiet import windows  # noqa: PLC0415
        from readiness_cli.stack import tables_of  # noqa: PLC0415

        with tables_of(self._stack):
            every = windows(self._client, self._table, self._now)
        return [window for window in every if window.is_on(self._now)]

    def _row(self, window: Window) -> dict[str, Any]:
        from readiness.model.finding import iso  # noqa: PLC0415

        return {
            "id": window.id,
            "state": "on" if window.is_on(self._now) else "over",
            "since": iso(window.since),
            "until": iso(window.ended_at or window.until),
            "reason": window.reason,
            "by": self._principals.arn(window.by),
            "rule": window.rule,
            "resource": window.resource,
            "workload": window.workload,
            "owner": window.owner,
        }

    def _caller(self) -> str:
        return str(self._aws.client("sts").get_caller_identity()["UserId"])

    def _put(self, item: dict[str, Any]) -> None:
        from readiness_cli.stack import tables_of  # noqa: PLC0415

        with tables_of(self._stack):
            if not self._declarations.append(item):
                raise Failure(
                    "another row of yours has the same time",
                    why="A row of the declarations is never overwritten",
                    fix="run the same command again",
                )


def draw(rows: Sequence[dict[str, Any]]) -> Iterable[RenderableType]:
    """The windows as a table."""
    if not rows:
        yield cell("No change window is on.")
        return
    made = table("Id", "Until", "Window")
    for row in rows:
        only = [f"{name} {row[name]}" for name in ("rule", "resource", "workload", "owner")]
        meant = ", ".join(each for each in only if not each.endswith(" "))
        made.add_row(
            cell(row["id"], "bold"),
            cell(f"{row['until']} ({row['state']})"),
            stacked(
                cell(row["reason"], most=1000),
                cell(meant or "everything below CRITICAL", most=1000),
                cell(row["by"], "dim", most=1000),
            ),
        )
    yield made


def _usage(what: str) -> Failure:
    return Failure(what, why="Nothing was announced", fix=_EXAMPLE)
