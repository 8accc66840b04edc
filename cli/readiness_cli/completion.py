"""`readiness completion`, and what TAB offers: rules, headings, sections and finding ids."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import click
from click.shell_completion import CompletionItem, get_completion_class

from readiness.model import checklist

VARIABLE = "_READINESS_COMPLETE"
SHELLS = ("bash", "zsh", "fish")
MOST_IDS = 100
_SECONDS = 2
"""How long AWS may take to answer while somebody waits at a prompt."""


_PLAIN = "            COMPREPLY+=($value)\n"
_QUOTED = """\
            [[ ${COMP_WORDS[COMP_CWORD]} == [\\"\\']* ]] || printf -v value %q "$value"
            COMPREPLY+=("$value")
"""
"""bash inserts a word as it stands: ``Monitoring & Observability`` would be a command and another
one. Within quotes that are open, it needs none."""
_CUT = '(string split "," $completion)'
_WHOLE = '(string split --max 1 "," $completion)'
"""fish would end what is said about a word at the first comma in it."""
_BETTER = {"bash": {_PLAIN: _QUOTED}, "fish": {_CUT: _WHOLE}}

Known = Iterable[tuple[str, str]]
"""What a word can be, each with a few words about it."""


class _Named(click.types.StringParamType):
    """A text of which the possible values are known."""

    def __init__(self, known: Callable[[Mapping[str, Any], str], Known]) -> None:
        self._known = known

    def shell_complete(
        self,
        ctx: click.Context,
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """What the word that begins so can be, by what stands before it."""
        found = self._known(ctx.params, incomplete)
        return [CompletionItem(text, help=about) for text, about in found]


def _rules(begun: str) -> Known:
    """Rules by id and by bare name, and headings."""
    from readiness_cli import outline  # noqa: PLC0415

    lines = outline.rules().values()
    dashed = begun.casefold().replace("_", "-")
    for line in lines:
        if line.id.casefold().replace("_", "-").startswith(dashed):
            yield line.id, line.item
    if begun:
        for line in lines:
            if line.name.startswith(dashed):
                yield line.name, line.id
    yield from _headings(begun)


def _headings(begun: str) -> Known:
    return [
        (chapter.folder, f"{chapter.section} / {chapter.title}")
        for chapter in checklist.CHAPTERS
        if chapter.folder.startswith(begun.casefold().replace("-", "_"))
    ]


def _sections(begun: str) -> Known:
    sections = dict.fromkeys(chapter.section for chapter in checklist.CHAPTERS)
    return [(name, "") for name in sections if name.casefold().startswith(begun.casefold())]


def _findings(given: Mapping[str, Any], begun: str) -> Known:
    """Ids of the deployed stack: of open findings, or of any once four digits are there."""
    if given.get("finding"):
        return list(_rules(begun))  # RESOURCE RULE: this is the second word
    if set(begun.lower()) - set("0123456789abcdef"):
        return []
    try:
        return _ids(given, begun.lower())
    except Exception:  # at a prompt there is no place for an error: nothing is offered
        return []


def _ids(given: Mapping[str, Any], begun: str) -> list[tuple[str, str]]:
    from botocore.config import Config  # noqa: PLC0415

    from readiness.engine.session import Session  # noqa: PLC0415
    from readiness_cli.session import DEFAULT_STACK  # noqa: PLC0415

    wanted = given.get("region") or os.environ.get("AWS_REGION") or None
    session = Session(given.get("profile"), wanted)
    config = Config(
        connect_timeout=_SECONDS, read_timeout=_SECONDS, retries={"total_max_attempts": 1}
    )
    name = given.get("stack_name") or DEFAULT_STACK
    described = session.client("cloudformation", config=config).describe_stacks(StackName=name)
    [deployed] = described["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in deployed["Outputs"]}
    query: dict[str, Any] = {"TableName": outputs["FindingsTable"], "Limit": MOST_IDS}
    if len(begun) >= 4:
        query |= {
            "IndexName": "by-id",
            "KeyConditionExpression": "id_prefix = :p AND begins_with(finding_id, :f)",
            "ExpressionAttributeValues": {":p": {"S": begun[:4]}, ":f": {"S": begun}},
        }
    else:
        query |= {
            "IndexName": "open",
            "KeyConditionExpression": "open_account = :a",
            "ProjectionExpression": "finding_id, #r, #u",
            "ExpressionAttributeNames": {"#r": "resource", "#u": "rule"},
            "ExpressionAttributeValues": {":a": {"S": deployed["StackId"].split(":")[4]}},
        }
    items = session.client("dynamodb", config=config).query(**query)["Items"]
    found = [
        (item["finding_id"]["S"], f"{item['rule']['S']} {item['resource']['S'].split('/', 3)[-1]}")
        for item in items
    ]
    return [(id, about) for id, about in found if id.startswith(begun)]


_RULES = _Named(lambda given, begun: _rules(begun))
_HEADINGS = _Named(lambda given, begun: _headings(begun))
_OFFERED = {
    "FINDING | RESOURCE RULE": _Named(_findings),
    "RULE": _RULES,
    "[RULE]": _RULES,
    "RULE|HEADING": _RULES,
    "[RULE|HEADING]": _RULES,
    "HEADING": _HEADINGS,
}
_BY_NAME = {
    "heading_name": _HEADINGS,
    "section": _Named(lambda given, begun: _sections(begun)),
}


def offer(parameter: click.Parameter) -> None:
    """Let TAB complete a parameter whose metavar or name says what it is."""
    named = _OFFERED.get(parameter.metavar or "") or _BY_NAME.get(parameter.name or "")
    if named is not None and parameter.type is click.STRING:
        parameter.type = named


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print what lets TAB complete commands, options, rules, headings and finding ids.

    Finding ids are those of the deployed stack, with your credentials. bash needs version 4.4 or
    later.
    """
    from readiness_cli.main import main  # noqa: PLC0415
    from readiness_cli.options import PROGRAM  # noqa: PLC0415

    made = get_completion_class(shell)
    if made is None:
        raise LookupError(shell)
    source = made(main, {}, PROGRAM, VARIABLE)
    text = source.source_template % source.source_vars()
    for given, better in _BETTER.get(shell, {}).items():
        text = text.replace(given, better)
    click.echo(text)
