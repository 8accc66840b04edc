"""How a plan and what was saved are printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import RenderableType

from readiness_cli.emergency.desk import Saved
from readiness_cli.emergency.plan import Plan
from readiness_cli.output import cell, emit, facts, note, stacked, table

FIELDS = ("procedure", "target", "before", "after", "calls", "warnings", "refusals", "token")
SAVED_FIELDS = ("id", "procedure", "target", "state", "by", "at", "reason", "drill")


def print_plan(plan: Plan, token: str, format: str) -> None:
    row = {
        "procedure": plan.procedure,
        "target": plan.target,
        "before": dict(plan.before),
        "after": dict(plan.after),
        "calls": [
            {"says": c.says, "call": f"{c.service}.{c.operation}", "parameters": dict(c.params)}
            for c in plan.calls
        ],
        "warnings": list(plan.warnings),
        "refusals": list(plan.refusals),
        "token": token,
    }
    emit(format, [row], lambda: _drawn(plan, token), columns=FIELDS)
    if token:
        note(f'nothing was changed. To carry it out: add --apply {token} --reason "…"')


def _drawn(plan: Plan, token: str) -> Iterable[RenderableType]:
    steps = [cell(f"{n}. {each.says}", most=1000) for n, each in enumerate(plan.calls, 1)]
    yield facts(
        [
            ("Plan", cell(f"{plan.procedure} of {plan.target}", "bold", most=600)),
            ("Now", _members(plan.before)),
            ("Then", _members(plan.after)),
            ("Steps", stacked(*steps) if steps else cell("none")),
            *(("Note", cell(each, most=1000)) for each in plan.warnings),
            *(("Refused", cell(each, "bold red", most=1000)) for each in plan.refusals),
            ("Token", cell(token or "none: the plan is refused")),
        ]
    )


def _members(state: Mapping[str, Any]) -> RenderableType:
    return stacked(*(cell(f"{name}: {value}", most=1000) for name, value in state.items()))


def print_saved(found: list[Saved], format: str) -> None:
    rows = [each.row() for each in found]
    emit(format, rows, lambda: _table(rows), columns=SAVED_FIELDS)


def _table(rows: list[dict[str, Any]]) -> Iterable[RenderableType]:
    if not rows:
        yield cell("There are no emergencies.")
        return
    made = table("Id", "State", "Emergency")
    for row in rows:
        ended = f"{row['state']} by {row['ended_by']} at {row['ended_at']}"
        made.add_row(
            cell(row["id"]),
            cell(row["state"]),
            stacked(
                cell(f"{row['procedure']} {row['target']}", "bold", most=600),
                cell(f"{row['at']} by {row['by']}{' (drill)' if row['drill'] else ''}", most=600),
                cell(row["reason"], most=1000),
                cell(ended if row["ended_by"] else "", most=600),
            ),
        )
    yield made
