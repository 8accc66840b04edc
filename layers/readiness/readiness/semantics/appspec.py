"""What an AppSpec of CodeDeploy says of Lambda functions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_NAME = re.compile(r"^\s*-?\s*Name:\s*[\"']?([^\s\"'#]+)", re.MULTILINE)
_ALIAS = re.compile(r"^\s*Alias:\s*[\"']?([^\s\"'#]+)", re.MULTILINE)


def moved_aliases(revision: Mapping[str, Any]) -> frozenset[tuple[str, str]] | None:
    """The functions and aliases that a deployment's revision moves.

    None where the AppSpec is not in the revision itself, or cannot be understood.
    """
    said = revision.get("appSpecContent") or revision.get("string") or {}
    content = said.get("content")
    if not content:
        return None
    try:
        parts = json.loads(content)["Resources"]
        moved = [each["Properties"] for part in parts for each in part.values()]
        return frozenset((_plain(each["Name"]), each["Alias"]) for each in moved)
    except (ValueError, RecursionError):
        names, aliases = _NAME.findall(content), _ALIAS.findall(content)
        if not names or len(names) != len(aliases):
            return None
        return frozenset((_plain(n), alias) for n, alias in zip(names, aliases, strict=True))
    except (KeyError, TypeError, AttributeError):
        return None


def _plain(given: str) -> str:
    """A function's name out of a name or an ARN."""
    return given.split(":")[6] if given.startswith("arn:") and given.count(":") >= 6 else given
