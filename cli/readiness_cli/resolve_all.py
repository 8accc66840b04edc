"""`readiness resolve-all`: what the stack has open at PagerDuty is resolved there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from rich.console import RenderableType

from readiness.alerting.incidents import MARK
from readiness.model.verdict import Severity
from readiness_cli import session
from readiness_cli.deployed import Deployed
from readiness_cli.failure import Exit, Failure
from readiness_cli.output import cell, emit, note, output_option, stacked, table

if TYPE_CHECKING:
    from readiness.alerting.resolving import Resolver
    from readiness.engine.aws import Aws

FIELDS = ("finding_id", "rule", "resource", "dedup_key", "result", "reason")


@click.command("resolve-all")
@click.option(
    "--before-delete",
    is_flag=True,
    help="Also open no more incidents for an hour: the stack is deleted next.",
)
@click.option("--dry-run", is_flag=True, help="Only list what would be resolved.")
@session.stack_option
@output_option
@session.aws_options
@click.pass_context
def resolve_all(
    context: click.Context,
    /,
    *,
    before_delete: bool,
    dry_run: bool,
    stack_name: str,
    format: str,
    profile: str | None,
    region: str | None,
) -> None:
    """Resolve every incident that the stack has open at PagerDuty.

    Deleting the stack does this too, as far as it gets within its time. Nothing of the findings
    changes. PagerDuty takes about two a second. Exit code 3 if some are left, or may be: what a
    stack with PagerDutyIntegrationUrl opened has to be resolved at PagerDuty.
    """
    aws = session.connect(profile, region)
    stored = Deployed(aws, stack_name)
    resolver = _resolver(aws, stored)
    if dry_run:
        rows = [_row(each, "would be resolved") for each in resolver.open(aws.account)]
    else:
        rows = list(_resolved(aws, stored, resolver, before_delete=before_delete))
    pasted = bool(stored.stack.parameters.get("PagerDutyIntegrationUrl"))
    emit(format, rows, lambda: draw(rows, is_all=not pasted), columns=FIELDS)
    left = sum(row["result"] == "left" for row in rows)
    for key, why in stored.store.unreadable.items():
        if key.startswith(MARK):
            left += 1
            note(f"warning: the mark of {key} cannot be read ({why}); resolve it at PagerDuty")
    if pasted:
        note(
            "warning: the stack pages through PagerDutyIntegrationUrl, and keeps no list of what"
            " that opened; resolve it at PagerDuty"
        )
    what = " would be resolved" if dry_run else f", {left} left open"
    note(f"{session.plural(len(rows), 'incident')}{what}")
    context.exit(Exit.INCOMPLETE if left or pasted else Exit.OK)


def _resolved(
    aws: Aws, stored: Deployed, resolver: Resolver, *, before_delete: bool
) -> Iterator[dict[str, Any]]:
    from readiness.alerting.incidents import CLOSING_FOR, Incidents  # noqa: PLC0415
    from readiness.alerting.routing_key import NoRoutingKey  # noqa: PLC0415

    if before_delete:
        Incidents(stored.store).close(until=datetime.now(UTC) + CLOSING_FOR)
    try:
        for each in resolver.run(aws.account):
            yield _row(each.incident, "resolved" if each.ok else "left", each.reason)
    except NoRoutingKey as missing:
        raise Failure(
            str(missing),
            why="Without the key PagerDuty takes no event",
            fix="write the integration key into the secret, or resolve the incidents at PagerDuty",
            code=Exit.AWS_OR_INTERNAL,
        ) from None


def _resolver(aws: Aws, stored: Deployed) -> Resolver:
    from readiness.alerting.pagerduty import EventsApi, endpoint_of  # noqa: PLC0415
    from readiness.alerting.resolving import Resolver  # noqa: PLC0415
    from readiness.alerting.routing_key import RoutingKey  # noqa: PLC0415
    from readiness_cli.stack import parameter  # noqa: PLC0415

    name = stored.stack.name
    endpoint = parameter(aws, name, "PagerDutyEndpoint", "US")
    lowest = parameter(aws, name, "PagerDutyLowestSeverity", "HIGH")
    return Resolver(
        stored.store,
        RoutingKey(aws.client("secretsmanager"), stored.stack["PagerDutySecret"]),
        EventsApi(endpoint_of(endpoint)),
        lowest=Severity(lowest),
        runbooks=parameter(aws, name, "RunbookBaseUrl", ""),
        stack=name,
    )


def _row(incident: Any, result: str, reason: str = "") -> dict[str, Any]:
    named = ("finding_id", "rule", "resource", "dedup_key")
    return {name: getattr(incident, name) for name in named} | {"result": result, "reason": reason}


def draw(rows: Sequence[dict[str, Any]], *, is_all: bool) -> Iterable[RenderableType]:
    """What became of the incidents; ``is_all`` says that the stack knows all that are open."""
    if not rows:
        none = "The stack has no incident open."
        yield cell(none if is_all else "The stack knows of no incident that is open.")
        return
    made = table("Result", "Incident")
    for row in rows:
        made.add_row(
            cell(row["result"], "yellow" if row["result"] == "left" else ""),
            stacked(
                cell(f"{row['finding_id']} {row['rule']}"),
                cell(row["resource"], most=1000),
                cell(row["reason"], most=500),
            ),
        )
    yield made
