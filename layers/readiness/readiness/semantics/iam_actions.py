"""Which resources an IAM action acts on, and whether a resource pattern covers all of them.

The table beside this module is the AWS Service Authorization Reference, with its date in it;
``tests/data/make_iam_actions.py`` writes it. It has every action that writes, tags or manages
permissions, and the reads that return data or credentials. It is loaded at first use.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readiness.semantics.policy_patterns import PARTITIONS, matches

_VARIABLE = re.compile(r"\$\{[^}]*\}")
_ACCOUNT_VARIABLES = frozenset({"${aws:principalaccount}", "${aws:resourceaccount}"})
_ACCOUNT = re.compile(r"\d{12}\**")

# Stand-ins no ARN contains: a character of a name, one that a policy escapes, a value only the
# request decides, and the account of the request.
_ANY, _ESCAPED, _UNKNOWN, _OWN = "\0", "\1", "\2", "\3"
_SHORT = 3
"""Names are taken to be at least this long, so ``role/?*`` and ``role/??*`` mean every role."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A type of resource an action acts on: its ARN with ``*`` for what varies.

    A few have two ARNs (``/apis/*`` and ``/restapis/*``). ``is_required`` is the reference's
    asterisk: every request names one.
    """

    arns: tuple[str, ...]
    is_required: bool


def resource_patterns(action: str) -> tuple[str, ...] | None:
    """The ARNs of the resources an action acts on, ``*`` for what varies, in no special order.

    ``("*",)`` where the action has no resource-level permissions, None for an action that is
    unknown or only reads. The case of the action does not matter. In an ARN ``?`` is one
    character, for the few ids whose form is known.
    """
    kinds = _kinds(action)
    return None if kinds is None else tuple(arn for kind in kinds for arn in kind.arns)


@functools.lru_cache(maxsize=4096)
def universal(pattern: str, action: str, account: str = "") -> bool | None:
    """Whether a policy's resource pattern matches every resource of a kind the action acts on.

    Of several kinds (ecs:ExecuteCommand names a cluster and a task) one is enough, a required one
    where there are any; :func:`unrestricted` asks for all of them.

    What counts is every resource of the kind in one account, region and partition. So a pattern
    may fix a partition and a region, and an account if it is ``account`` or that is empty: a
    policy on all roles of one's own account leaves no role out. None is for what the table or
    the text cannot tell: an unknown action, a policy variable that decides (``${aws:username}``;
    the caller's own account as a variable does not narrow), or part of an account number.
    """
    kinds = _kinds(action)
    return (
        None if kinds is None else _any(_covers(pattern, kind, account) for kind in _main(kinds))
    )


def unrestricted(patterns: Iterable[str], action: str, account: str = "") -> bool | None:
    """Whether a statement with these resources allows the action on every resource it acts on.

    Every required kind has to be matched whole by one of the patterns; where none is required,
    as with bucket objects by either of two names, one kind. Otherwise as :func:`universal`.
    """
    kinds = _kinds(action)
    if kinds is None:
        return None
    given = tuple(patterns)
    covered = [_any(_covers(each, kind, account) for each in given) for kind in _main(kinds)]
    return _all(covered) if any(kind.is_required for kind in kinds) else _any(covered)


@functools.lru_cache(maxsize=4096)
def covers(pattern: str, arn: str, account: str = "") -> bool | None:
    """Whether a policy's resource pattern matches everything ``arn`` stands for.

    ``arn`` is as of :func:`resource_patterns`; otherwise as :func:`universal`.
    """
    return _covers_arn(pattern, arn, account)


@functools.lru_cache(maxsize=4096)
def covers_service(patterns: tuple[str, ...], service: str, account: str = "") -> bool:
    """Whether the patterns match every resource of a kind on which much of a service acts.

    All schedules stand for EventBridge Scheduler, all MFA devices do not stand for IAM.
    """
    actions = [
        f"{service}:{name}"
        for name, kinds in _of_service(service.lower()).items()
        if kinds is not _NO_RESOURCE
    ]
    reached = sum(unrestricted(patterns, action, account) is True for action in actions)
    return bool(reached) and reached >= len(actions) * _MUCH


_MUCH = 0.1


def _any(answers: Iterable[bool | None]) -> bool | None:
    given = set(answers)
    return True if True in given else None if None in given else False


def _all(answers: Iterable[bool | None]) -> bool | None:
    given = set(answers)
    return False if False in given else None if None in given else True


def _main(kinds: tuple[_Kind, ...]) -> tuple[_Kind, ...]:
    return tuple(kind for kind in kinds if kind.is_required) or kinds


# -- one pattern against one kind -----------------------------------------------------------


def _covers(pattern: str, kind: _Kind, account: str) -> bool | None:
    return _any(_covers_arn(pattern, arn, account) for arn in kind.arns)


def _covers_arn(pattern: str, arn: str, account: str) -> bool | None:
    fields = _fields(pattern)
    of_kind = arn.split(":", 5)
    for index, widen in ((1, _partition), (3, _region), (4, lambda f: _account(f, account))):
        if index < len(fields) and of_kind[index : index + 1] == ["*"]:
            fields[index] = widen(fields[index])
    text = ":".join(fields)
    if _fits(text, arn):
        return True
    return None if _UNKNOWN in text and _fits(text.replace(_UNKNOWN, "*"), arn) else False


def _fields(pattern: str) -> list[str]:
    """The fields of an ARN, its variables replaced first, since they contain colons."""

    def stand_in(found: re.Match[str]) -> str:
        variable = found.group().lower()
        if variable in {"${*}", "${?}", "${$}"}:
            return _ESCAPED
        return _OWN if variable in _ACCOUNT_VARIABLES else _UNKNOWN

    return _VARIABLE.sub(stand_in, pattern).split(":", 5)


def _partition(field: str) -> str:
    return "*" if any(matches(field, each) for each in PARTITIONS) else field


def _region(field: str) -> str:
    return "*" if field else field


def _account(field: str, account: str) -> str:
    if field == _OWN or matches(field, _ANY * 12):
        return "*"
    if account:
        return "*" if matches(field.replace(_OWN, account), account) else field
    if _ACCOUNT.fullmatch(field):
        return "*"
    return _UNKNOWN if set(field) & set("*?") else field


def _fits(pattern: str, arn: str) -> bool:
    """Whether a pattern matches every text that ``arn`` stands for.

    It does if it matches with a character that no pattern has for each that varies: only ``*``
    and ``?`` match that one, and they match any other in its place. Tried with short and long
    names, so that ``?`` alone is not enough.
    """
    first, *rest = arn.replace("?", _ANY).split("*")
    lengths = (_SHORT, len(pattern) + 1)
    return all(
        matches(
            pattern, first + "".join(_ANY * n + part for n, part in zip(each, rest, strict=True))
        )
        for each in itertools.product(lengths, repeat=len(rest))
    )


# -- the table ------------------------------------------------------------------------------


def _kinds(action: str) -> tuple[_Kind, ...] | None:
    service, _, name = action.lower().partition(":")
    return _of_service(service).get(name)


@functools.cache
def _of_service(service: str) -> Mapping[str, tuple[_Kind, ...]]:
    """What each action of a service acts on, by its name in lower case."""
    if service not in _table():
        return {}
    patterns, groups = _table()[service]
    arns = [tuple(_whole(service, each) for each in kind.split(",")) for kind in patterns]
    found: dict[str, tuple[_Kind, ...]] = {}
    for marks, names in groups.items():
        kinds = tuple(
            _Kind(arns[int(mark.removesuffix("!"))], mark.endswith("!"))
            for mark in marks.split(",")
            if mark
        )
        for name in _unpacked(names):
            found[name.lower()] = kinds or _NO_RESOURCE
    return found


_NO_RESOURCE = (_Kind(("*",), is_required=True),)
"""An action that needs ``"Resource": "*"``."""


def _whole(service: str, arn: str) -> str:
    """``role/*`` of the table is any region's and account's."""
    return arn if arn.startswith("arn:") else f"arn:*:{service}:*:*:{arn}"


def _unpacked(names: str) -> Iterable[str]:
    """CreateAlias, DeleteAlias … of ``Create,Delete:Alias,Function``."""
    for group in names.split():
        verbs, _, rests = group.partition(":")
        for verb, rest in itertools.product(verbs.split(","), rests.split(",")):
            yield verb + rest


@functools.cache
def _table() -> Mapping[str, Any]:
    """For each service ``[arns, {kinds: actions}]``.

    ``kinds`` are indexes of ``arns`` with commas between them, each with ``!`` if it is required.
    """
    table = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    services: Mapping[str, Any] = table["services"]
    return services
