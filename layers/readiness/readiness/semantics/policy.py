"""IAM policy documents: their statements, and how they are parsed."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from readiness.semantics.policy_patterns import (
    is_universal,
    matches_any,
    only_wildcards,
    overlap,
)

ALLOW = "Allow"
DENY = "Deny"

_LONGEST = 1_000_000


class Unparsable(ValueError):
    """The input is not a policy document; the text says why."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One key under one operator: it holds if any of ``values`` does.

    ``operator`` and ``key`` are lower case. The operator is without ``IfExists`` and without
    the quantifier, which is ``forallvalues``, ``foranyvalue`` or empty. ``written`` is operator
    and key as the document has them.
    """

    operator: str
    key: str
    values: tuple[str, ...]
    if_exists: bool = False
    quantifier: str = ""
    written: str = field(default="", compare=False)

    def __str__(self) -> str:
        """``StringLike aws:PrincipalOrgID o-*``, as a reason quotes it."""
        name = self.written or f"{self.operator} {self.key}"
        return f"{name} {' or '.join(self.values[:3])}{' …' if len(self.values) > 3 else ''}"

    @property
    def lowered(self) -> tuple[str, ...]:
        return tuple(value.lower() for value in self.values)


@dataclass(frozen=True, slots=True)
class Principal:
    """A principal of a statement.

    ``kind`` is ``AWS``, ``Service``, ``Federated`` or ``CanonicalUser``; anyone is ``AWS`` and
    ``*``.
    """

    kind: str
    value: str

    @property
    def is_anybody(self) -> bool:
        return self.kind == "AWS" and only_wildcards(self.value)

    @property
    def account(self) -> str:
        """The account of an AWS principal, empty if it names none."""
        if self.kind != "AWS":
            return ""
        if self.value.isdigit():
            return self.value
        parts = self.value.split(":")
        return parts[4] if len(parts) >= 6 and parts[0] == "arn" else ""

    @property
    def is_whole_account(self) -> bool:
        """Whether it means everyone in the account: its number or its ``:root``."""
        return self.kind == "AWS" and (self.value.isdigit() or self.value.endswith(":root"))


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, every element a tuple; of each pair with ``not_`` at most one is filled.

    ``number`` is its place in the document, from 1; ``policy`` the name of the document, empty
    where there is only one.
    """

    effect: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    principals: tuple[Principal, ...] = ()
    not_principals: tuple[Principal, ...] = ()
    conditions: tuple[Condition, ...] = ()
    sid: str = ""
    number: int = field(default=0, compare=False)
    policy: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """What a reason calls it: its Sid, or its number."""
        of = f" of {self.policy}" if self.policy else ""
        return f"statement {self.sid or self.number}{of}"

    @property
    def allows(self) -> bool:
        return self.effect == ALLOW

    def names_action(self, action: str) -> bool:
        """Whether the statement applies to the action (``s3:GetObject``), in any case."""
        if self.not_actions:
            return not matches_any(self.not_actions, action)
        return matches_any(self.actions, action)

    def names_resource(self, arn: str) -> bool:
        """Whether the statement applies to the resource."""
        if self.not_resources:
            return not matches_any(self.not_resources, arn)
        return matches_any(self.resources, arn)

    def covers(self, pattern: str) -> bool:
        """Whether the statement applies to every resource that the pattern matches.

        ``NotResource`` leaves out nothing of the pattern if it names only other resources.
        """
        if self.not_resources:
            return not any(overlap(each, pattern) for each in self.not_resources)
        examples = (pattern.replace("*", part) for part in ("*", "aa/zz:0.x"))
        return all(matches_any(self.resources, example) for example in examples)

    @property
    def names_every_resource(self) -> bool:
        """Whether the statement applies to arbitrary resources.

        ``NotResource`` applies to all but a few, so an Allow with it does; a Deny with it has
        exceptions, so it does not.
        """
        if self.not_resources:
            return self.allows
        return any(map(is_universal, self.resources))

    @property
    def names_anybody(self) -> bool:
        """Whether the principal is anyone: ``*``, or anyone with exceptions (``NotPrincipal``)."""
        return any(p.is_anybody for p in self.principals) or bool(self.not_principals)

    def condition_on(self, key: str) -> Iterator[Condition]:
        """The conditions on a key, whatever its case in the document."""
        return (condition for condition in self.conditions if condition.key == key.lower())


def parse(document: object, name: str = "") -> tuple[Statement, ...]:
    """The statements of a policy; ``name`` is what its statements are said to be of.

    Takes text (JSON, plain or URL-encoded), a mapping, or a list of one mapping: the shapes
    that AWS's APIs, its events and AWS Config give. Raises Unparsable for anything else.
    """
    policy = _document(document)
    if "Statement" not in policy:
        raise Unparsable("the policy has no Statement")
    return tuple(
        _statement(entry, number, name)
        for number, entry in enumerate(_listed(policy["Statement"]), 1)
    )


@dataclass(frozen=True, slots=True)
class Document:
    """A policy under its name; ``flaw`` says why it could not be parsed, empty if it could.

    A policy with a flaw may allow or deny anything, so no verdict may rest on it.
    """

    name: str
    statements: tuple[Statement, ...] = ()
    flaw: str = ""

    @classmethod
    def of(cls, name: str, given: object) -> Document:
        try:
            return cls(name, parse(given, name))
        except Unparsable as unparsable:
            return cls(name, flaw=str(unparsable))


def _document(document: object) -> Mapping[str, Any]:
    if isinstance(document, str):
        document = _decoded(document)
    if isinstance(document, list) and len(document) == 1:
        document = document[0]
    if not isinstance(document, Mapping):
        raise Unparsable("the policy is not a JSON object")
    return _titled(document)


def _decoded(text: str) -> object:
    if len(text) > _LONGEST:
        raise Unparsable(
            f"the policy has {len(text):,} characters; at most {_LONGEST:,} are parsed"
        )
    for candidate in (text, urllib.parse.unquote(text), urllib.parse.unquote_plus(text)):
        try:
            return json.loads(candidate)
        except (ValueError, RecursionError):
            continue
    raise Unparsable("the policy is not JSON")


_ELEMENTS = {
    name.lower(): name
    for name in (
        "Statement",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Principal",
        "NotPrincipal",
        "Condition",
        "Sid",
    )
}


def _titled(element: Mapping[Any, Any]) -> dict[str, Any]:
    """The elements by their names in the grammar: some tools write them in lower case."""
    return {_ELEMENTS.get(str(k).lower(), str(k)): v for k, v in element.items()}


def _listed(value: object) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _texts(statement: Mapping[str, Any], name: str) -> tuple[str, ...]:
    if name not in statement:
        return ()
    values = _listed(statement[name])
    if not all(isinstance(value, str) for value in values):
        raise Unparsable(f"{name} is neither a string nor a list of strings")
    return tuple(values)


def _statement(entry: object, number: int, policy: str) -> Statement:
    if not isinstance(entry, Mapping):
        raise Unparsable("a statement is not a JSON object")
    statement = _titled(entry)
    effect = str(statement.get("Effect", "")).capitalize()
    if effect not in {ALLOW, DENY}:
        raise Unparsable("a statement's Effect is neither Allow nor Deny")
    parsed = Statement(
        effect=effect,
        actions=_texts(statement, "Action"),
        not_actions=_texts(statement, "NotAction"),
        resources=_texts(statement, "Resource"),
        not_resources=_texts(statement, "NotResource"),
        principals=_principals(statement.get("Principal")),
        not_principals=_principals(statement.get("NotPrincipal")),
        conditions=tuple(_conditions(statement.get("Condition") or {})),
        sid=str(statement.get("Sid", "")),
        number=number,
        policy=policy,
    )
    if not parsed.actions and not parsed.not_actions:
        raise Unparsable("a statement has neither Action nor NotAction")
    return parsed


def _principals(value: object) -> tuple[Principal, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return (Principal("AWS", value),)
    if not isinstance(value, Mapping):
        raise Unparsable("Principal is neither a string nor a JSON object")
    return tuple(
        Principal(str(kind), str(name)) for kind, names in value.items() for name in _listed(names)
    )


def _conditions(block: object) -> Iterator[Condition]:
    if not isinstance(block, Mapping):
        raise Unparsable("Condition is not a JSON object")
    for written, keys in block.items():
        quantifier, _, operator = str(written).lower().rpartition(":")
        if not isinstance(keys, Mapping):
            raise Unparsable(f"Condition {written} is not a JSON object")
        for key, values in keys.items():
            yield Condition(
                operator=operator.removesuffix("ifexists"),
                key=str(key).lower(),
                values=tuple(_value(value) for value in _listed(values)),
                if_exists=operator.endswith("ifexists"),
                quantifier=quantifier,
                written=f"{written} {key}",
            )


def _value(value: object) -> str:
    """JSON booleans and numbers as strings, which is how IAM compares them."""
    return str(value).lower() if isinstance(value, bool) else str(value)
