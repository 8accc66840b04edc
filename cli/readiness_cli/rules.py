"""`readiness rules`: the list of rules, by the boxes of the checklist."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, get_origin

import click
from rich.console import RenderableType

from readiness.engine.events import API_CALL, CONFIG_ITEM, changes_of
from readiness.model import checklist
from readiness.model.evidence import ApiCall, Change, ConfigItem, declared
from readiness.model.rule import Rule, Setting, as_facts
from readiness.model.verdict import Severity
from readiness_cli import catalogue, session
from readiness_cli.failure import Failure
from readiness_cli.output import as_typed, cell, emit, facts, output_option, stacked, table

FIELDS = (
    "id",
    "section",
    "heading",
    "item",
    "folder",
    "severity",
    "resource_types",
    "settings",
    "reads",
    "wakes_on",
)
_TYPES: dict[Any, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}
SWEEP = "Sweep (schedule)"


@click.command()
@click.argument("name", metavar="[RULE|HEADING]", required=False)
@click.option(
    "--severity",
    type=click.Choice([str(each) for each in Severity], case_sensitive=False),
    help="Only rules of this severity.",
)
@click.option("--off-by-default", is_flag=True, help="Only rules that a setting switches on.")
@click.option(
    "--heading", "heading_name", metavar="NAME", help="Only a heading: as HEADING, by name."
)
@output_option
def rules(
    *,
    name: str | None,
    severity: str | None,
    off_by_default: bool,
    heading_name: str | None,
    format: str,
) -> None:
    """List the rules of a HEADING or all, or show one RULE in full.

    A rule may be named without its heading where no other has its name.
    """
    found = _of_heading(heading_name, name) if heading_name is not None else _named(name)
    if isinstance(found, Rule):
        rule = found
        emit(format, [as_row(rule)], lambda: [draw_one(rule)], columns=FIELDS)
        return
    shown = [
        rule
        for rule in found
        if (severity is None or str(rule.severity) == severity.upper())
        and (rule.opt_in or not off_by_default)
    ]
    emit(format, [as_row(rule) for rule in shown], lambda: draw(shown), columns=FIELDS)


def _named(name: str | None) -> Rule | list[Rule]:
    """The rule of that id or name, or the rules of that heading. Raises Failure."""
    if name is None:
        return list(catalogue.rules().values())
    found = session.find_rules(name)
    is_heading = name.strip().casefold() != found[0].id and _is_heading(name)
    return found if len(found) > 1 or is_heading else found[0]


def _of_heading(heading_name: str, name: str | None) -> list[Rule]:
    """The rules of a heading. Raises Failure."""
    if name is not None:
        raise Failure(
            f"both {name!r} and --heading say what to list",
            why="One of them would be ignored",
            fix=f"run `readiness rules {name}`",
        )
    try:
        folder = catalogue.folder_named(heading_name)
    except LookupError as error:
        raise session.unknown(error) from None
    return list(catalogue.heading(folder))


def _is_heading(name: str) -> bool:
    try:
        return bool(catalogue.folder_named(name))
    except LookupError:
        return False


def as_row(rule: Rule) -> dict[str, Any]:
    """The rule with exactly the fields of :data:`FIELDS`."""
    return {
        "id": rule.id,
        "section": rule.heading.section,
        "heading": rule.heading.title,
        "item": rule.item,
        "folder": rule.heading.folder,
        "severity": str(rule.severity),
        "resource_types": [rule.subject.name],
        "settings": [as_setting(setting) for setting in rule.settings],
        "reads": sorted(rule.reads),
        "wakes_on": wakes_on(rule),
    }


def as_setting(setting: Setting) -> dict[str, Any]:
    """A setting as JSON: its type by JSON Schema's names, its bounds in words."""
    return {
        "name": setting.name,
        "type": type_name(setting.kind),
        "default": as_facts({"default": setting.default})["default"],
        "allowed": setting.allowed,
        "about": setting.about,
    }


def type_name(kind: Any) -> str:
    """JSON Schema's name of a setting's type."""
    if get_origin(kind) is tuple:
        return "array"
    return "string" if get_origin(kind) is Literal else _TYPES.get(kind, "string")


def wakes_on(rule: Rule) -> list[str]:
    """What makes the rule run, readable: events by detail-type, then the sweep."""
    found: dict[str, None] = {}
    for cls in rule.evidence:
        declaration = declared(cls)
        about = declaration.about
        if about.identify is not None and "::" in about.name and declaration.follows_type:
            found[f"{CONFIG_ITEM}: {about.name}"] = None
        for change in changes_of(declaration):
            found |= dict.fromkeys(_spoken(change))
    return [*sorted(found), SWEEP]


def _spoken(change: Change) -> list[str]:
    if isinstance(change, ApiCall):
        return [f"{API_CALL}: {change.source} {name}" for name in change.names]
    if isinstance(change, ConfigItem):
        return [f"{CONFIG_ITEM}: {change.type}"]
    narrowed = ", ".join(f"{path} = {' or '.join(allowed)}" for path, allowed in change.match)
    return [f"{change.detail_type} ({narrowed})" if narrowed else change.detail_type]


def draw(known: Sequence[Rule]) -> Iterable[RenderableType]:
    """Every box of the checklist with its rules."""
    by_box: dict[tuple[str, str], list[Rule]] = {}
    for rule in known:
        by_box.setdefault((rule.heading.folder, rule.item), []).append(rule)
    made = table("Severity", "Box and rules")
    folder = ""
    for chapter, item in checklist.boxes():
        judges = by_box.get((chapter.folder, item))
        if judges is None:
            continue
        if chapter.folder != folder:
            folder = chapter.folder
            made.add_row("", cell(heading_name(chapter), "bold"))
        lines = [cell(f"{rule.id}: {rule.sentence}", "dim", most=400) for rule in judges]
        worst_first = min(judges, key=lambda rule: rule.severity.rank)
        made.add_row(cell(worst_first.severity), stacked(cell(item), *lines))
    yield made
    yield cell(f"{session.plural(len(known), 'rule')} for {len(by_box)} boxes", "bold")


def heading_name(chapter: checklist.Chapter) -> str:
    """``Section / Heading``; one name where both are the same."""
    if chapter.section == chapter.title:
        return chapter.title
    return f"{chapter.section} / {chapter.title}"


def draw_one(rule: Rule) -> RenderableType:
    """One rule in full."""
    settings = [
        cell(f"{s.name} = {_default(s)} ({s.allowed}): {s.about}", most=400) for s in rule.settings
    ]
    about = rule.function.__doc__ or ""
    return facts(
        [
            ("Rule", cell(rule.id, "bold")),
            ("Box", cell(f"{heading_name(checklist.chapter(rule.heading.folder))} / {rule.item}")),
            ("Checks", cell(" ".join(about.split()), most=2000)),
            ("Severity", cell(rule.severity)),
            ("Resource type", cell(rule.subject.name)),
            ("Settings", stacked(*settings) if settings else cell("none")),
            ("Reads", stacked(*(cell(action) for action in sorted(rule.reads)))),
            ("Runs on", stacked(*(cell(change) for change in wakes_on(rule)))),
            ("Runbook", cell(f"docs/runbooks/{rule.heading.folder}.md#{rule.name}")),
        ]
    )


def _default(setting: Setting) -> str:
    return as_typed(as_setting(setting)["default"])
