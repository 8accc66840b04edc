"""When aliases of functions were moved, and whether back: what ListAliases does not tell."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from readiness.evidence.awslambda.functions import function_name
from readiness.evidence.awslambda.versions import Alias
from readiness.model.reader import Reader

ALIAS_MOVES_READ = "cloudtrail:LookupEvents"
_PAGES = {
    "UpdateAlias": 10,
    "UpdateAlias20150331": 10,
    "CreateAlias": 2,
    "CreateAlias20150331": 2,
}
"""How many pages of 50 events are read of each call, the newest first: two requests a second are
allowed. What was moved before is not known where so many aliases are moved. An alias that
is made again under its name is moved too. Lambda appends the date of its API to the names."""
_DAYS = 89
"""CloudTrail's event history has 90 days."""


@dataclass(frozen=True, slots=True)
class AliasMove:
    """The newest move of an alias: when it got ``version``, as its main one.

    ``is_back``: since the history begins a later one had been its main one. A canary that was
    given up moved nothing: the main version served all along.
    """

    at: datetime
    version: str
    is_back: bool = False


@dataclass(frozen=True, slots=True)
class AliasMoves:
    """The newest move of each alias that is known to have moved, by function and alias.

    ``begins`` is since when all moves are known; None for all the days that were asked for.
    """

    newest: Mapping[tuple[str, str], AliasMove]
    begins: datetime | None = None


def alias_moves(read: Reader, days: int = _DAYS) -> AliasMoves:
    """The newest move of each alias of the region in so many days.

    What changes nothing, as a tool that sets the same version again, is no move. CloudTrail shows
    a call some minutes late. Source: LookupEvents.
    """
    told: dict[tuple[str, str], list[AliasMove]] = {}
    events, begins = _events(read, days)
    for at, said in sorted(_calls(events), key=lambda each: each[0], reverse=True):
        name = function_name(str(said.get("functionName") or ""))
        if not name or not said.get("functionVersion"):
            continue
        move = AliasMove(at, str(said["functionVersion"]))
        told.setdefault((name, str(said.get("name") or "")), []).append(move)
    return AliasMoves({alias: _newest(moves) for alias, moves in told.items()}, begins)


def _newest(moves: list[AliasMove]) -> AliasMove:
    """The oldest of the newest calls that all set the same version."""
    newest, *earlier = moves
    at = newest.at
    for each in earlier:
        if each.version != newest.version:
            break
        at = each.at
    now = _number(newest.version)
    is_back = bool(now) and any(_number(each.version) > now for each in earlier)
    return AliasMove(at, newest.version, is_back)


def _number(version: str) -> int:
    return int(version) if version.isdecimal() else 0


def moved_since(
    moves: AliasMoves, function: str, aliases: Iterable[Alias], changed: datetime | None
) -> tuple[datetime | None, tuple[str, ...], datetime | None]:
    """When the last of the aliases got its version, and those of which it is not known yet.

    None if none was moved. The history shows a move some minutes late: until then its newest one
    names another version than the alias has. The third is since when none of them can have moved
    unseen; None where all moves since the function was ``changed`` are known.
    """
    newest: datetime | None = None
    unknown = []
    begins = None
    for alias in aliases:
        move = moves.newest.get((function, alias.name))
        if move is None and moves.begins and (changed is None or changed < moves.begins):
            begins = moves.begins
        if move is not None and move.version != alias.version:
            unknown.append(alias.name)
        elif move is not None:
            newest = max(newest or move.at, move.at)
    return newest, tuple(unknown), begins


def _calls(events: Iterable[Mapping[str, Any]]) -> Iterator[tuple[datetime, Mapping[str, Any]]]:
    for event in events:
        try:
            said = json.loads(event.get("CloudTrailEvent") or "{}")
        except (ValueError, RecursionError):
            continue
        if isinstance(said, dict) and not said.get("errorCode"):
            parameters = said.get("requestParameters")
            if isinstance(parameters, dict):
                yield event["EventTime"], parameters


def _events(read: Reader, days: int) -> tuple[list[Mapping[str, Any]], datetime | None]:
    """The newest calls about aliases, and since when that is all of them; None for all days."""
    found: list[Mapping[str, Any]] = []
    begins: datetime | None = None
    today = read.now.replace(hour=0, minute=0, second=0, microsecond=0)
    for name, pages in _PAGES.items():
        by_name = [{"AttributeKey": "EventName", "AttributeValue": name}]
        asked: dict[str, Any] = {
            "LookupAttributes": by_name,
            "StartTime": today - timedelta(days=days),
        }
        for _ in range(pages):
            page = read.one("cloudtrail", "lookup_events", **asked)
            found += page.get("Events") or ()
            if not page.get("NextToken"):
                break
            asked["NextToken"] = page["NextToken"]
        else:
            last = found[-1]["EventTime"] if found else read.now
            begins = max(begins or last, last)
    return found, begins
