"""What `make docs` writes: rules, checklist, scan policies, options, guidance, README's counts.

Run as ``python -m readiness_cli.docs``.

A count stands in the README as ``<!--boxes-->112<!--/-->``, so that the prose around it is free.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import click

from readiness.engine.actions import NARROWED
from readiness.model import checklist
from readiness.model.evidence import declared
from readiness.model.rule import Heading, Rule
from readiness_cli.attest import is_attestable
from readiness_cli.catalogue import ROOT, headings
from readiness_cli.main import main as main_group
from readiness_cli.rules import as_row, heading_name, wakes_on
from readiness_cli.runbooks import guidance_document
from readiness_cli.template import reads_of

WRITTEN = "<!-- Written by `make docs` from the rules. Do not edit. -->"
GUIDANCE = ROOT / "layers" / "readiness" / "readiness" / "alerting" / "guidance.json"
EXPORTED = GUIDANCE.with_name("exported.json")
MOST_POLICY = 6_144
"""Characters of a managed policy, white space aside (IAM's quota)."""
COMMAND_LINE = ROOT / "docs" / "command-line.md"
_OPTIONS = re.compile(r"(?<=<!--options-->\n).*(?=<!--/options-->)", re.DOTALL)
_COUNT = re.compile(r"<!--(?P<name>[a-z-]+)-->[^<]*<!--/-->")


class UnknownCount(LookupError):
    """A count that nobody knows how to make."""


def documents(known: Sequence[Heading]) -> dict[Path, str]:
    """Every generated document by its path."""
    return {
        ROOT / "docs" / "checklist.md": checklist_document(known),
        ROOT / "docs" / "rules.md": rules_document(known),
        COMMAND_LINE: with_options(COMMAND_LINE.read_text(encoding="utf-8")),
        ROOT / "README.md": counted((ROOT / "README.md").read_text(encoding="utf-8"), known),
        GUIDANCE: guidance_document({rule.id: rule for heading in known for rule in heading}),
        EXPORTED: exported_document([rule for heading in known for rule in heading]),
    } | {
        ROOT / "docs" / f"scan-policy-{number}.json": policy
        for number, policy in enumerate(scan_policies(known), 1)
    }


def exported_document(rules: Sequence[Rule]) -> str:
    """``readiness/alerting/exported.json``: for functions, what the rules are called."""
    types = {declared(cls).about for rule in rules for cls in rule.evidence}
    types |= {rule.subject for rule in rules}
    made = {
        "titles": {rule.id: rule.sentence for rule in sorted(rules, key=lambda r: r.id)},
        "arns": {type_.name: type_.arn for type_ in sorted(types, key=str) if type_.arn},
    }
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def counted(text: str, known: Sequence[Heading]) -> str:
    """A text with every marked count brought up to date. Raises UnknownCount."""
    counts = counts_of(known)

    def write(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in counts:
            raise UnknownCount(f"README.md: unknown count {name!r} (known: {', '.join(counts)})")
        return f"<!--{name}-->{counts[name]:,}<!--/-->"

    return _COUNT.sub(write, text)


def counts_of(known: Sequence[Heading]) -> dict[str, int]:
    """What can be counted, by the name it has in a text."""
    rules = [rule for heading in known for rule in heading]
    return {
        "boxes": len(list(checklist.boxes())),
        "boxes-judged": len({(rule.heading.folder, rule.item) for rule in rules}),
        "headings": len(checklist.CHAPTERS),
        "headings-judged": len({rule.heading.folder for rule in rules}),
        "rules": len(rules),
        "settings": sum(len(rule.settings) for rule in rules),
    }


def checklist_document(known: Iterable[Heading]) -> str:
    """Sections, headings and boxes by the checklist's names, with the rules that judge each."""
    judges: dict[tuple[str, str], list[Rule]] = {}
    for rule in (rule for heading in known for rule in heading):
        judges.setdefault((rule.heading.folder, rule.item), []).append(rule)
    boxes = list(checklist.boxes())
    counted = f"{len(boxes)} boxes under {len(checklist.CHAPTERS)} headings, each with its rules."
    lines = [
        "# Checklist",
        "",
        WRITTEN,
        "",
        counted,
    ]
    for section, chapters in groupby(checklist.CHAPTERS, lambda chapter: chapter.section):
        lines += ["", f"## {section}"]
        for chapter in chapters:
            if chapter.title != section:
                lines += ["", f"### {chapter.title}"]
            lines += ["", "| Box | Rules |", "|---|---|"]
            for item in chapter.items:
                rules = judges.get((chapter.folder, item), [])
                links = ", ".join(f"[{rule.id}](rules.md#{anchor(rule)})" for rule in rules)
                lines.append(f"| {item} | {links} |")
    return "\n".join(lines) + "\n"


def rules_document(known: Iterable[Heading]) -> str:
    """What each rule checks, reads, accepts and runs on."""
    lines = ["# Rules", "", WRITTEN]
    for heading in known:
        lines += ["", f"## {heading_name(checklist.chapter(heading.folder))}"]
        for rule in heading:
            lines += ["", *_rule(rule)]
    return "\n".join(lines) + "\n"


def scan_policies(known: Iterable[Heading]) -> list[str]:
    """The IAM policies that `readiness scan` needs together, each as large as IAM lets one be."""
    reads = {action for heading in known for action in reads_of(heading)}
    actions = sorted(reads | {"tag:GetResources"} | NARROWED.keys())
    parts: list[list[str]] = [[]]
    for action in actions:
        if _size([*parts[-1], action]) > MOST_POLICY:
            parts.append([])
        parts[-1].append(action)
    return [json.dumps(_policy(part), indent=2) + "\n" for part in parts]


def _policy(actions: list[str]) -> dict[str, object]:
    statements: list[dict[str, object]] = [
        {
            "Sid": "ReadinessScan",
            "Effect": "Allow",
            "Action": [action for action in actions if action not in NARROWED],
            "Resource": "*",
        }
    ]
    statements += [
        {
            "Sid": "OneResource",
            "Effect": "Allow",
            "Action": action,
            "Resource": NARROWED[action].format(partition="*", region="*", account="*"),
        }
        for action in actions
        if action in NARROWED
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _size(actions: list[str]) -> int:
    """The characters that IAM counts: all but white space."""
    return len("".join(json.dumps(_policy(actions)).split()))


def with_options(text: str) -> str:
    """A text with the options of every command, and their variables, between the marks."""
    sections = [_options(path, command) for path, command in commands()]
    return _OPTIONS.sub(lambda found: "\n".join(sections), text)


def commands() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with the words that lead to it."""

    def below(
        group: click.Group, context: click.Context, path: tuple[str, ...]
    ) -> Iterator[tuple[tuple[str, ...], click.Command]]:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if isinstance(command, click.Group):
                inner = click.Context(command, info_name=name, parent=context)
                yield from below(command, inner, (*path, name))
            elif command is not None:
                yield (*path, name), command

    return below(main_group, click.Context(main_group, info_name="readiness"), ())


def _options(path: Sequence[str], command: click.Command) -> str:
    lines = [f"### readiness {' '.join(path)}", ""]
    options = [each for each in command.params if isinstance(each, click.Option)]
    if not options:
        return "\n".join([*lines, "It has no options.", ""])
    lines += ["| Option | Variable | What it means |", "|---|---|---|"]
    for option in options:
        spelled = ", ".join(f"`{each}`" for each in option.opts)
        about = _cell(option.help or "")
        if isinstance(option.type, click.Choice):
            about += f" ({', '.join(map(str, option.type.choices))})"
        variables = ", ".join(f"`{each}`" for each in option.envvar or ())
        lines.append(f"| {spelled} | {variables} | {about} |")
    return "\n".join([*lines, ""])


def anchor(rule: Rule) -> str:
    """The anchor of a rule's section, as GitHub makes it of the heading ``### folder.name``."""
    return rule.id.replace(".", "")


def _rule(rule: Rule) -> Iterator[str]:
    row = as_row(rule)
    yield f"### {rule.id}"
    yield ""
    yield rule.sentence
    yield ""
    yield f"- Box: {rule.item}"
    yield f"- Severity: {row['severity']}"
    yield f"- Resource type: {_code(row['resource_types'])}"
    yield f"- Reads: {_code(row['reads']) or 'nothing'}"
    if rule.opt_in:
        is_on = any(setting.name == rule.opt_in and setting.default for setting in rule.settings)
        state = "On by default; disable" if is_on else "Off by default; enable"
        yield f"- {state} with `{rule.opt_in}`"
    if is_attestable(rule):
        yield "- Accepts [attestations](attestations.md)"
    yield f"- Runbook: [{rule.name}](runbooks/{rule.heading.folder}.md#{rule.name})"
    yield "- Runs on:"
    for prefix, changes in groupby(wakes_on(rule), lambda change: change.partition(": ")[0]):
        names = [change.partition(": ")[2] for change in changes]
        yield f"  - {prefix}" + (f": {_code(names)}" if any(names) else "")
    if row["settings"]:
        yield ""
        yield "| Setting | Default | Allowed | What it means |"
        yield "|---|---|---|---|"
    for setting in row["settings"]:
        default = setting["default"]
        spoken = ",".join(map(str, default)) if isinstance(default, list) else str(default)
        if isinstance(default, bool):
            spoken = spoken.lower()
        cells = (f"`{setting['name']}`", f"`{spoken or '(empty)'}`", setting["allowed"])
        yield "| " + " | ".join(_cell(text) for text in (*cells, setting["about"])) + " |"


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the documents; with ``--check`` only say which differ, as exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m readiness_cli.docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on drift")
    check = parser.parse_args(arguments).check
    stale = 0
    for path, text in documents(headings()).items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        if check:
            sys.stderr.write(f"{path.relative_to(ROOT)} is stale: make docs\n")
        else:
            path.write_text(text, encoding="utf-8")
            sys.stderr.write(f"wrote {path.relative_to(ROOT)}\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
