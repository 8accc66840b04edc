"""The sections of the runbooks, which the wheel carries too, and what the alerts say of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from readiness_cli.catalogue import ROOT

FOLDER = ROOT / "docs" / "runbooks"
OWN = "readiness"
MOST_STEPS = 3000
_PART = re.compile(r"^\*\*(.+?)\.?\*\*", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.:])\s+(?=[A-Z`\[])")
_AS_FOR = re.compile(r"As for \[[^\]]+\]\(#([a-z0-9-]+)\)")
_LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")


class NoSection(LookupError):
    """There is no runbook section of that name."""


def section(rule: str) -> str:
    """The section of a rule as Markdown, with its heading. Raises NoSection."""
    folder, _, name = rule.partition(".")
    found = _read(folder).get(name)
    if found is None:
        raise NoSection(rule)
    return f"## {name}\n\n{found.strip()}\n"


def standalone(folder: str, text: str, mark: str = "") -> str:
    """A part of a runbook that can be read without the file: no link leads within the runbooks.

    A link to a rule's section becomes the command that prints it. What several rules share is
    added below, under a title that begins with ``mark``. Raises NoSection.
    """
    shared: dict[str, str] = {}

    def spoken(link: re.Match[str]) -> str:
        said, target = link[1], link[2]
        path, _, anchor = target.partition("#")
        if "://" in target:
            return link[0]
        if path.startswith("../"):
            return f"{said} (docs/{path.removeprefix('../')})"
        if not anchor:
            return f"{said} (docs/runbooks/{path})"
        where = path.removesuffix(".md") or folder
        found = _read(where)
        if anchor in found:
            return f"{said} (`readiness explain {where}.{anchor} --fix`)"
        for title, body in found.items():
            if title.lower().replace(" ", "-") == anchor:
                if title not in shared:
                    shared[title] = ""  # a section may refer to itself
                    shared[title] = _LINK.sub(spoken, body).strip()
                return f"{said} (see {title}, below)"
        raise NoSection(f"{where}#{anchor}")

    alone = _LINK.sub(spoken, text).rstrip()
    parts = [alone, *(f"{mark}{title}\n\n{body}" for title, body in shared.items())]
    return "\n\n".join(parts)


def _read(folder: str) -> dict[str, str]:
    path = FOLDER / f"{folder}.md"
    return sections(path.read_text(encoding="utf-8")) if path.is_file() else {}


def sections(text: str) -> dict[str, str]:
    """The body of each ``## name`` of a runbook by its name."""
    _, *parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def parts_of(body: str) -> dict[str, str]:
    """What a section says under ``Check``, ``Fix`` and the others."""
    _, *parts = _PART.split(body)
    return {name: text.strip() for name, text in zip(parts[::2], parts[1::2], strict=True)}


def first_sentence(text: str) -> str:
    """The first sentence of a part, without Markdown: one line."""
    paragraph = re.split(r"\n\s*\n|^ *(?:- |```)", text, maxsplit=1, flags=re.MULTILINE)[0]
    line = _SENTENCE.split(" ".join(paragraph.split()), maxsplit=1)[0]
    plain = _LINK.sub(r"\1", line).replace("`", "").replace("*", "").strip()
    return plain[:-1] + "." if plain.endswith(":") else plain


def guidance_document(rules: Mapping[str, object]) -> str:
    """``readiness/alerting/guidance.json``: the fix, the reason and the steps of every rule.

    Also of what Readiness says about itself.
    """
    made = {}
    for rule in sorted([*rules, *(f"{OWN}.{name}" for name in _read(OWN))]):
        parts = parts_of(section(rule).partition("\n")[2])
        steps = f"Check\n{parts['Check']}\n\nFix\n{parts['Fix']}"
        made[rule] = {
            "fix": first_sentence(parts["Fix"]),
            "why": first_sentence(_why(rule, parts)),
            "steps": _cut(standalone(rule.partition(".")[0], steps)),
        }
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def _why(rule: str, parts: Mapping[str, str]) -> str:
    """Why it matters; where the section refers to another for that, what that one says."""
    said = parts["Why it matters"]
    if other := _AS_FOR.match(said):
        folder = rule.partition(".")[0]
        there = section(f"{folder}.{other[1]}").partition("\n")[2]
        return parts_of(there)["Why it matters"]
    return said


def _cut(steps: str) -> str:
    """The steps, up to the last paragraph that fits."""
    if len(steps) <= MOST_STEPS:
        return steps
    return steps[:MOST_STEPS].rpartition("\n\n")[0] + "\n\n…"
