"""`readiness on-call`: the gaps of an escalation policy, from what a pager exports."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType

from readiness.model.finding import parse_iso
from readiness.model.text import clean
from readiness.semantics.on_call import Escalation, Shift
from readiness_cli.failure import Exit, Failure
from readiness_cli.output import cell, emit, output_option, table

RULE = "support.escalation-policy"
FIELDS = ("policy", "levels", "uncovered_hours", "single_person_levels")
LEAST = timedelta(days=7)
MOST_LEVELS = 1000


@click.command("on-call")
@click.argument("export", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--since", required=True, metavar="DATE", help="The `since` that was asked for.")
@click.option("--until", required=True, metavar="DATE", help="The `until` that was asked for.")
@output_option
@click.pass_context
def on_call(
    context: click.Context, /, *, export: Path, since: str, until: str, format: str
) -> None:
    """Compute levels and gaps from EXPORT, PagerDuty's answer to GET /oncalls.

    It prints what an attestation of support.escalation-policy has to be bound to. Nothing is
    sent anywhere. At least 7 days are needed.
    """
    start, end = _moment(since, "--since"), _moment(until, "--until")
    if end - start < LEAST:
        raise _usage(f"--until is less than {LEAST.days} days after --since")
    rows = [row(policy, start, end) for policy in _policies(export)]
    emit(format, rows, lambda: draw(rows), columns=FIELDS)
    sound = all(
        each["levels"] > 1 and not each["uncovered_hours"] and not each["single_person_levels"]
        for each in rows
    )
    context.exit(Exit.OK if sound else Exit.GATE_FAILED)


def row(policy: Escalation, since: datetime, until: datetime) -> dict[str, Any]:
    """What an attestation says of a policy."""
    hours = policy.uncovered(since, until) / timedelta(hours=1)
    return {
        "policy": policy.name,
        "levels": policy.different_levels,
        "uncovered_hours": round(hours, 2) or (0.01 if hours else 0),
        "single_person_levels": policy.of_one_person(since, until),
    }


def draw(rows: Sequence[Mapping[str, Any]]) -> Iterable[RenderableType]:
    """The policies as a table, and the options for each."""
    made = table("Policy", "Levels", "Hours without anyone", "Levels of one person", "Options")
    for each in rows:
        bound = [("--bind", f"{name}={each[name]}") for name in FIELDS[1:]]
        made.add_row(
            cell(each["policy"]),
            *(cell(str(each[name])) for name in FIELDS[1:]),
            cell(shlex.join(word for pair in bound for word in pair), most=400),
        )
    yield made


def _policies(export: Path) -> list[Escalation]:
    try:
        said = json.loads(export.read_text("utf-8"))
        is_part = bool(said.get("more"))
        found = _by_policy(said["oncalls"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = clean(repr(error), 200)
        raise _usage(f"{export} is no answer to GET /oncalls: {why}") from error
    if is_part:
        raise _usage(f"{export} is one page of several; ask for all with offset, and join them")
    if not found:
        raise _usage(f"{export} names no one who is on call")
    return [
        Escalation(key[0], tuple(tuple(levels.get(n, ())) for n in range(1, max(levels) + 1)))
        for key, levels in sorted(found.items())
    ]


def _by_policy(
    entries: Iterable[Mapping[str, Any]],
) -> dict[tuple[str, str], dict[int, list[Shift]]]:
    """The shifts of each level, by the name and the id of the policy."""
    found: dict[tuple[str, str], dict[int, list[Shift]]] = {}
    for each in entries:
        policy = each["escalation_policy"]
        id = str(policy["id"])
        name = clean(str(policy.get("summary") or id), 200)
        shift = Shift(
            str(each["user"]["id"]),
            _instant(each.get("start")),
            _instant(each.get("end")),
        )
        level = int(each["escalation_level"])
        if not 1 <= level <= MOST_LEVELS:
            raise ValueError(f"escalation_level {level}")
        found.setdefault((name, id), {}).setdefault(level, []).append(shift)
    return found


def _instant(text: str | None) -> datetime | None:
    return parse_iso(text) if text else None


def _moment(text: str, option: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _usage(f"{option} is no date: {clean(text, 60)}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _usage(what: str) -> Failure:
    return Failure(
        what,
        why="Gaps cannot be computed from it",
        fix="export who is on call as the runbook of support.escalation-policy says",
        code=Exit.USAGE,
    )
