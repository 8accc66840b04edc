"""The stanzas of template.yaml that follow from the rules; ``make template`` writes them."""

from __future__ import annotations

import argparse
import json
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from readiness.engine.actions import NARROWED, ON_REQUEST
from readiness.evidence.config.rules import OWN_RULES
from readiness.model.rule import Heading
from readiness_cli.attest import is_attestable
from readiness_cli.catalogue import ROOT, headings
from readiness_cli.patterns import config_types, patterns_of, recorded_types

TEMPLATE = ROOT / "template.yaml"
ATTESTABLE = ROOT / "functions" / "attestations" / "attestable.json"
SETTABLE = ROOT / "functions" / "pagerduty" / "rules.json"
RECORDED = ROOT / "functions" / "audit" / "recorded_types.json"
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_ ,/.:()-]*(?<![ :])")
_RESERVED = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


class MarkersMissing(ValueError):
    """The template lacks the lines between which a generated part stands."""


class Tag(str):
    """A text that is YAML already, such as ``!Ref Topic``."""

    __slots__ = ()


def logical_id(folder: str) -> str:
    """``iam_roles`` → ``IamRoles``: the name of a heading's function in the template."""
    return "".join(word.capitalize() for word in folder.split("_"))


def generated(template: str, all_headings: Iterable[Heading]) -> str:
    """``template`` with its generated parts as the rules want them. Raises MarkersMissing."""
    every = list(all_headings)
    parts = {
        "headings": "\n".join("\n".join(lines(stanzas(h), 2)) + "\n" for h in every),
        "invoked by the sweep": "".join(
            f"                  - !GetAtt {logical_id(h.folder)}.Arn\n" for h in every
        ),
        "invoked by a second look": "".join(
            f"              - !GetAtt {logical_id(h.folder)}.Arn\n" for h in every
        ),
        "deployed": _folded("HEADINGS", [h.folder for h in every], 8),
        "swept": "".join(
            f"            - heading: {h.folder}\n"
            f"              function: !GetAtt {logical_id(h.folder)}.Arn\n"
            for h in every
        ),
    }
    for name, text in parts.items():
        template = _between(template, name, text)
    return template


def _folded(name: str, words: Iterable[str], indent: int) -> str:
    """Words as one text of YAML, separated by spaces and on lines that fit."""
    pad = " " * indent
    text = textwrap.fill(
        " ".join(words), 96, initial_indent=pad + "  ", subsequent_indent=pad + "  "
    )
    return f"{pad}{name}: >-\n{text}\n"


def attestable(all_headings: Iterable[Heading]) -> str:
    """The rules that rest on attestations, for the function that has only the kernel at hand.

    Each with its default of ``max_age_days``, null where it has no such setting.
    """
    found = {
        rule.id: next(
            (each.default for each in rule.settings if each.name == "max_age_days"), None
        )
        for heading in all_headings
        for rule in heading
        if is_attestable(rule)
    }
    return json.dumps(found, indent=2, sort_keys=True) + "\n"


def settable(all_headings: Iterable[Heading]) -> str:
    """The settings of each rule, for the function that tries the stack's parameter Settings."""
    found = {
        rule.id: [each.name for each in rule.settings]
        for heading in all_headings
        for rule in heading
    }
    return (
        "{\n"
        + ",\n".join(f" {json.dumps(id)}: {json.dumps(found[id])}" for id in sorted(found))
        + "\n}\n"
    )


def recorded(all_headings: Iterable[Heading]) -> str:
    """The types whose configuration items wake rules, for the rule about the recorder."""
    types = recorded_types(rule for heading in all_headings for rule in heading)
    return json.dumps(types, indent=2) + "\n"


def _between(template: str, name: str, text: str) -> str:
    begin = re.search(rf"^ *# >>> {name}\b.*\n", template, re.MULTILINE)
    end = re.search(rf"^ *# <<< {name}\b", template, re.MULTILINE)
    if begin is None or end is None or end.start() < begin.end():
        raise MarkersMissing(f"template.yaml needs the lines '# >>> {name}' and '# <<< {name}'")
    return template[: begin.end()] + text + template[end.start() :]


def stanzas(heading: Heading) -> dict[str, Any]:
    """A heading's resources by their logical ids."""
    id = logical_id(heading.folder)
    return {
        id: _function(heading),
        **_event_rules(heading),
        f"{id}AskedByConfig": {
            "Type": "AWS::Lambda::Permission",
            "Condition": "ConfigRules",
            "Properties": {
                "Action": "lambda:InvokeFunction",
                "FunctionName": Tag(f"!GetAtt {id}.Arn"),
                "Principal": "config.amazonaws.com",
                "SourceAccount": Tag("!Ref AWS::AccountId"),
            },
        },
        f"{id}ConfigRule": _config_rule(heading),
    }


def reads_of(heading: Heading) -> list[str]:
    """The IAM actions that a heading's role has on everything: what its rules read."""
    reads = {action for rule in heading.rules for action in rule.reads}
    return sorted(reads - ON_REQUEST - NARROWED.keys())


def _function(heading: Heading) -> dict[str, Any]:
    number = len(heading.rules)
    reads: dict[str, Any] = {
        "Sid": "ReadsOfItsRules",
        "Effect": "Allow",
        "Action": reads_of(heading),
        "Resource": "*",
    }
    about = f"{heading.section}, {heading.title}: {number} rule{'s' if number != 1 else ''}"
    return {
        "Type": "AWS::Serverless::Function",
        "Metadata": {"BuildMethod": "makefile", "ContextPath": "functions"},
        "Properties": {
            "Description": about.replace("&", "and"),
            "CodeUri": f"functions/{heading.folder}/",
            "Handler": f"functions.{heading.folder}.app.handler",
            "Policies": [
                Tag("!Ref RecordFindings"),
                {"Version": "2012-10-17", "Statement": [reads]},
            ],
        },
    }


def _event_rules(heading: Heading) -> dict[str, Any]:
    """The rules that wake the function, and the one permission that lets all of them.

    SAM would make a permission for each rule. The logical ids are those that SAM gave the rules,
    so that an update of an older stack changes them in place.
    """
    id = logical_id(heading.folder)
    where = "${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}"
    return {
        f"{id}WokenByEvents": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "Action": "lambda:InvokeFunction",
                "FunctionName": Tag(f"!GetAtt {id}.Arn"),
                "Principal": "events.amazonaws.com",
                "SourceArn": Tag(f"!Sub arn:{where}:rule/*"),
            },
        },
        **{
            f"{id}{name}": {
                "Type": "AWS::Events::Rule",
                "Properties": {
                    "EventPattern": pattern,
                    "Targets": [
                        {
                            "Id": f"{id}{name}LambdaTarget",
                            "Arn": Tag(f"!GetAtt {id}.Arn"),
                            "DeadLetterConfig": {"Arn": Tag("!GetAtt UndeliveredEvents.Arn")},
                        }
                    ],
                },
            }
            for name, pattern in patterns_of(heading.rules).items()
        },
    }


def _config_rule(heading: Heading) -> dict[str, Any]:
    id = logical_id(heading.folder)
    types = config_types(heading.rules)
    asked = ["ScheduledNotification"]
    if types:
        asked += [
            "ConfigurationItemChangeNotification",
            "OversizedConfigurationItemChangeNotification",
        ]
    details = []
    for message in asked:
        detail = {"EventSource": "aws.config", "MessageType": message}
        if message == "ScheduledNotification":
            detail["MaximumExecutionFrequency"] = "TwentyFour_Hours"
        details.append(detail)
    properties: dict[str, Any] = {
        "Description": f"{OWN_RULES}{heading.title} of the checklist",
        "Source": {
            "Owner": "CUSTOM_LAMBDA",
            "SourceIdentifier": Tag(f"!GetAtt {id}.Arn"),
            "SourceDetails": details,
        },
    }
    if types:
        properties["Scope"] = {"ComplianceResourceTypes": types}
    return {
        "Type": "AWS::Config::ConfigRule",
        "Condition": "ConfigRules",
        "DependsOn": f"{id}AskedByConfig",
        "Properties": properties,
    }


def lines(value: Any, indent: int) -> Iterator[str]:
    """``value`` as block YAML; lists of plain values on one line where they fit."""
    pad = " " * indent
    for name, inner in value.items():
        if isinstance(inner, dict) and inner:
            yield f"{pad}{_scalar(name)}:"
            yield from lines(inner, indent + 2)
        elif isinstance(inner, list):
            yield from _sequence(name, inner, indent)
        else:
            yield f"{pad}{_scalar(name)}: {_scalar(inner)}"


def _sequence(name: str, items: list[Any], indent: int) -> Iterator[str]:
    pad = " " * indent
    if not any(isinstance(item, dict | list) for item in items):
        flow = f"{pad}{_scalar(name)}: [{', '.join(map(_scalar, items))}]"
        if len(flow) <= 99:
            yield flow
            return
    yield f"{pad}{_scalar(name)}:"
    for item in items:
        if isinstance(item, dict):
            first, *rest = lines(item, indent + 4)
            yield f"{pad}  - {first.lstrip()}"
            yield from rest
        else:
            yield f"{pad}  - {_scalar(item)}"


def _scalar(value: Any) -> str:
    if isinstance(value, Tag):
        return str(value)
    if isinstance(value, str) and value.lower() not in _RESERVED and _PLAIN.fullmatch(value):
        return value if ": " not in value and ", " not in value else json.dumps(value)
    return json.dumps(value)


def main(arguments: list[str] | None = None) -> int:
    """Write the generated parts, or with ``--check`` say whether they are up to date."""
    parser = argparse.ArgumentParser(prog="readiness_cli.template", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 on drift")
    parser.add_argument("--template", type=Path, default=TEMPLATE)
    given = parser.parse_args(arguments)
    wanted = {
        given.template: generated(given.template.read_text(encoding="utf-8"), headings()),
        ATTESTABLE: attestable(headings()),
        SETTABLE: settable(headings()),
        RECORDED: recorded(headings()),
    }
    drifted = [path for path, text in wanted.items() if _text(path) != text]
    for path in drifted:
        if given.check:
            sys.stderr.write(
                f"{path.name} does not follow from the rules any more: run `make template`\n"
            )
        else:
            path.write_text(wanted[path], encoding="utf-8")
    return 1 if given.check and drifted else 0


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
