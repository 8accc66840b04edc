"""`readiness replay`: which resources an event affects, and their verdicts."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import RenderableType

from readiness.model.text import clean
from readiness.model.waiver import spoken
from readiness_cli import catalogue, session, target_selection
from readiness_cli.evaluate import FIELDS, as_row
from readiness_cli.evaluate import draw as draw_verdicts
from readiness_cli.failure import Exit, Failure
from readiness_cli.output import cell, emit, exit_code, note, output_option, stacked, table

if TYPE_CHECKING:
    from readiness.engine.aws import Aws
    from readiness.engine.observation import Observation
    from readiness.engine.targets import EventTargets
    from readiness.model.rule import Heading

SOURCE = "readiness.replay"
Looks = list[tuple["Heading", "EventTargets"]]


@click.command()
@click.argument("path", metavar="EVENT.json", type=click.Path())
@click.option(
    "--targets-only",
    "--look-only",
    "targets_only",
    is_flag=True,
    help="Only list the affected resources. Makes no AWS call.",
)
@click.option(
    "--via-bus", is_flag=True, help="Put the event on the account's default event bus instead."
)
@session.stack_option
@session.no_stack_option
@output_option
@session.aws_options
@click.pass_context
def replay(
    context: click.Context,
    /,
    *,
    path: str,
    targets_only: bool,
    via_bus: bool,
    stack_name: str,
    no_stack: bool,
    format: str,
    profile: str | None,
    region: str | None,
) -> None:
    """Show which resources an event affects, and their verdicts.

    EVENT.json is a file, or - for stdin. It holds an EventBridge event or an AWS Config rule
    invocation. With --via-bus, the deployed stack evaluates the event. PutEvents refuses
    sources that begin with aws., so the source is then readiness.replay.
    """
    from readiness.engine.events import resolve_targets  # noqa: PLC0415

    event = read_event(path)
    looks: Looks = [(heading, resolve_targets(event, heading)) for heading in catalogue.headings()]
    if via_bus:
        put(event, session.connect(profile, region))
        if not any(seen.targets for _, seen in looks):
            note(f"warning: {_why_nothing(looks)}. The stack will ignore the event.")
        return
    observations = (
        [] if targets_only else _judge(looks, stack_name, profile, region, no_stack=no_stack)
    )
    rows = [as_row(observation) for observation in observations if observation.finding]
    if format == "table":
        emit(format, [], lambda: [*draw(looks), *(draw_verdicts(rows) if rows else ())])
    elif format == "json":
        click.echo(json.dumps(_document(looks, rows), indent=2, default=str))
    else:
        emit(format, rows, lambda: (), columns=FIELDS)
    counted = [each.finding for each in observations if each.finding and not each.out_of_scope]
    for finding in counted:
        if finding.is_waived:
            note(f"{finding.resource.id} ({finding.rule}): {spoken(finding)}")
    context.exit(exit_code(each.status for each in counted if not each.is_waived))


def read_event(path: str) -> Mapping[str, Any]:
    """The event in a file, or on stdin for ``-``. Raises Failure."""
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
        event = json.loads(text)
    except OSError as error:
        raise _unreadable(f"the event file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise _unreadable(f"the event file {path} is not text in UTF-8") from None
    except (json.JSONDecodeError, RecursionError) as error:
        raise _unreadable(f"{'stdin' if path == '-' else path} is not JSON: {error}") from None
    if not isinstance(event, Mapping):
        raise _unreadable(f"an event is a JSON object, not {type(event).__name__}")
    return event


def _unreadable(what: str) -> Failure:
    return Failure(
        what,
        why="The event says which resources to evaluate",
        fix="run `readiness replay` with a file like those under events/",
    )


def _judge(
    looks: Looks, stack_name: str, profile: str | None, region: str | None, *, no_stack: bool
) -> list[Observation]:
    from readiness.engine import settings  # noqa: PLC0415
    from readiness.engine.doubts import unconcerned  # noqa: PLC0415
    from readiness.engine.evaluate import Evaluation  # noqa: PLC0415
    from readiness.engine.follow import follow  # noqa: PLC0415
    from readiness_cli import pointed  # noqa: PLC0415

    wanted = [(heading, seen) for heading, seen in looks if seen.targets]
    if not wanted:
        return []
    widely = any(target.id is None for _, seen in wanted for target in seen.targets)
    aws = session.connect(profile, region, bulk=widely)
    _warn_elsewhere(wanted[0][1], aws)
    by = pointed.at(aws, stack_name, without=no_stack)
    observations: list[Observation] = []
    for heading, seen in wanted:
        given = by.given
        if seen.config is not None:
            given = settings.override(heading, given, seen.config.parameters)
        run = Evaluation(
            aws,
            settings.configure(heading, given),
            scope=by.scope,
            trigger=seen.trigger,
            changed_by=seen.origin,
            declarations=by.declarations,
            known=by.known,
            is_own=by.is_own,
        )
        observations += [
            each if target_selection.exists(run, each) else replace(each, finding=None)
            for each in follow(run, heading, seen.targets - unconcerned(seen, aws))
        ]
    for observation in observations:
        if observation.crash:
            note(f"warning: rule {observation.rule.id} crashed: {observation.crash}")
    for key in dict.fromkeys(o.resource.key for o in observations if o.finding is None):
        note(f"{key} does not exist or is deleted")
    return [
        each if each.finding is None else replace(each, finding=by.waived(each.finding))
        for each in observations
    ]


def _warn_elsewhere(seen: EventTargets, aws: Aws) -> None:
    if seen.account and seen.account != aws.account:
        note(
            f"warning: the event is about account {seen.account}. Your credentials belong to"
            f" account {aws.account}, so the verdicts are about that account."
        )
    if seen.region and seen.region != aws.region:
        note(
            f"warning: the event is about {seen.region}. The verdicts are about {aws.region}."
            f" To evaluate {clean(seen.region, 40)}, pass --region {clean(seen.region, 40)}."
        )


def put(event: Mapping[str, Any], aws: Aws) -> None:
    """Send the event through the account's default bus. Raises Failure for a refused entry."""
    if "detail-type" not in event:
        raise Failure(
            "an AWS Config rule invocation cannot be sent through the event bus",
            why="AWS Config invokes the function itself",
            fix="run `readiness replay EVENT.json` without --via-bus",
        )
    entry: dict[str, Any] = {
        "Source": SOURCE,
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]),
        "Resources": [arn for arn in event.get("resources", ()) if isinstance(arn, str)],
    }
    answer = aws.client("events").put_events(Entries=[entry])
    failed = int(answer.get("FailedEntryCount", 0))
    ids = [said.get("EventId") or said.get("ErrorCode", "") for said in answer["Entries"]]
    if failed:
        said = "; ".join(
            f"{entry.get('ErrorCode')}: {entry.get('ErrorMessage', '')}"
            for entry in answer["Entries"]
        )
        raise Failure(
            f"1 of 1 entries failed: {said}",
            why="The event bus rejected the event, so nothing will be evaluated",
            fix="allow events:PutEvents on the default bus, or make the event smaller",
            code=Exit.AWS_OR_INTERNAL,
        )
    note(f"put on the default event bus as {ids[0]}, source {SOURCE}; 0 of 1 entries failed")


def _why_nothing(looks: Looks) -> str:
    reasons = dict.fromkeys(seen.ignored for _, seen in looks if seen.ignored)
    return "; ".join(reasons) or "no rule reacts to this event"


def _targets(heading: Heading, seen: EventTargets) -> list[dict[str, Any]]:
    subjects = {rule.id: rule.subject.name for rule in heading}
    return [
        {
            "rule": target.rule,
            "resource_type": subjects[target.rule],
            "resource_id": f"{target.id}*" if target.begins else target.id,
            "via": "/".join(target.via) if target.via else None,
        }
        for target in sorted(seen.targets, key=lambda t: (t.rule, t.id or "", t.via or ("", "")))
    ]


def _document(looks: Looks, rows: list[dict[str, Any]]) -> dict[str, Any]:
    first = looks[0][1] if looks else None
    return {
        "account": first.account if first else "",
        "region": first.region if first else "",
        "trigger": first.trigger if first else "",
        "changed_by": first.changed_by if first else "",
        "ignored": "" if any(seen.targets for _, seen in looks) else _why_nothing(looks),
        "targets": [
            {"heading": heading.title, "folder": heading.folder, **target}
            for heading, seen in looks
            for target in _targets(heading, seen)
        ],
        "verdicts": rows,
    }


def draw(looks: Looks) -> Iterable[RenderableType]:
    """The affected resources, heading by heading."""
    wanted = [(heading, seen) for heading, seen in looks if seen.targets]
    if not wanted:
        yield cell(f"No resource is affected: {_why_nothing(looks)}.", most=1000)
        return
    made = table("Heading", "Affected resources")
    for heading, seen in wanted:
        lines = [_in_words(target) for target in _targets(heading, seen)]
        made.add_row(cell(heading.title), stacked(*(cell(line, most=400) for line in lines)))
    yield made


def _in_words(target: Mapping[str, Any]) -> str:
    what = f"{target['rule']}: "
    if target["resource_id"] is not None:
        return what + f"{target['resource_type']} {target['resource_id']}"
    if target["via"]:
        return what + f"every {target['resource_type']} that refers to {target['via']}"
    return what + f"every {target['resource_type']}"
