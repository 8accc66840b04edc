"""An account of any size, made of copies of the account in memory that satisfies a heading.

The vast account has the kinds of things that its formulas know. This one has every kind that a
heading reads, each as often as all others: what a copy is called carries the copy's number, and
what its calls are asked about says which copy is meant.
"""

from __future__ import annotations

import base64
import functools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import botocore.exceptions
from botocore import xform_name

from readiness.engine.page_sizes import PAGE_SIZES
from tests.account_variants import module_of, variants_of
from tests.benchmarks.vast_numbers import Refused
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, _session, scan, service_model

MARK = re.compile(r"fade(\d{5})")
_NAMING = re.compile(
    r"(?:id|ids|arn|arns|name|names|url|urls|identifier|identifiers)$", re.IGNORECASE
)
_NOT_ITS_NAME = re.compile(
    r"(?:owner|account|zone|region|metric|service|parameter|version|principal|policy|attribute|"
    r"namespace|runtime|alias|stage|container|key|event|field|setting|dimension|engine|option)s?"
    r"(?:id|name|names)$|^awsAccountId$|^Name$|^name$",
    re.IGNORECASE,
)
_ORDINARY = {HOME, ACCOUNT_ID, "aws", "default", "main", "root", "primary", "$default", "$LATEST"}

_OF_A_THING = re.compile(rf"(?!{HOME}|com\.|[a-z]\d+$)\S+$")
"""What may name a thing: no zone, and no id of a query for metrics."""


def _last_name(value: str) -> str:
    """The part of an ARN, URL or path that tells a thing from others of its kind."""
    for part in reversed(re.split(r"[/:]", value.rstrip("*/:"))):
        if len(part) > 2 and not part.isdigit():
            return part
    return ""


def _strings(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Each string of an answer with the name of its member."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _strings(each, str(key))
    elif isinstance(value, list | tuple | set):
        for each in value:
            yield from _strings(each, name)
    elif isinstance(value, str):
        yield name, value


class _Recorded(FakeAccount):
    """Notes the parameters and answers of a scan."""

    def __init__(self, answers: Mapping[tuple[str, str], Any]) -> None:
        super().__init__(answers)
        self.heard: list[Any] = []

    def answer(
        self, service: str, operation: str, params: dict[str, Any], region: str = ""
    ) -> Any:
        answered = super().answer(service, operation, params, region)
        self.heard += [params, answered]
        return answered


class Copies:
    """``count`` copies of a heading's account; ``variant`` names one of its ``others()``."""

    first = 0

    def __init__(self, folder: str, count: int, heading: Any, variant: str = "") -> None:
        self.count = count
        self.empty: Counter[str] = Counter()
        rules = [rule for rule in heading if not variant or variant in variants_of(rule)]
        made = (
            variants_of(rules[0])[variant].make() if variant else module_of(folder).fake_account()
        )
        recorded = _Recorded(made.answers)
        recorded.answers.pop(("dynamodb", "query"), None)
        self.observed = scan(recorded, rules)
        self._base = FakeAccount(made.answers)
        self._names = self._named(recorded)
        any_name = "|".join(map(re.escape, sorted(self._names, key=len, reverse=True)))
        self._name = re.compile(rf"(?<![A-Za-z0-9_-])(?:{any_name})(?![A-Za-z0-9_])")
        self._merged: dict[str, Any] = {}
        self._single: dict[str, Any] = {}

    def _named(self, recorded: _Recorded) -> set[str]:
        names = {_last_name(o.resource.id) for o in self.observed}
        for name, value in _strings(recorded.heard):
            if _NAMING.search(name) and not _NOT_ITS_NAME.search(name):
                names.add(_last_name(value))
        return {n for n in names - _ORDINARY if n and _OF_A_THING.match(n)}

    # -- copies ---------------------------------------------------------------------------------

    def of_copy(self, value: Any, copy: int) -> Any:
        """The value as it is in a copy; what names nothing is the same object."""
        if isinstance(value, str):
            return self._name.sub(lambda m: f"{m[0]}fade{copy:05}", value)
        if isinstance(value, Mapping):
            return {self.of_copy(k, copy): self.of_copy(v, copy) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [self.of_copy(each, copy) for each in value]
        return value

    def _asked(self, service: str, operation: str, params: Mapping[str, Any]) -> Any:
        key = f"{service} {operation} {params!r}"
        if key not in self._single:
            try:
                self._single[key] = self._base.answer(service, operation, dict(params))
            except botocore.exceptions.ClientError as error:
                said = error.response
                status = said["ResponseMetadata"]["HTTPStatusCode"]
                self._single[key] = Refused(
                    said["Error"]["Code"], status, said["Error"].get("Message", "")
                )
            except AssertionError:
                self.empty[f"{service}_{operation}"] += 1
                self._single[key] = {}
        return self._single[key]

    def answer(self, service: str, operation: str, params: Mapping[str, Any]) -> Any:
        model = service_model(service)
        answered = self._answer(service, xform_name(operation), params)
        if "json" not in model.resolved_protocol:
            return answered
        return _as_sent(answered, model.operation_model(operation).output_shape)

    def _answer(self, service: str, operation: str, params: Mapping[str, Any]) -> Any:
        token_in, tokens_out = _tokens(service, operation)
        given = dict(params)
        start = int(given.pop(token_in, None) or 1)
        size_name, most = PAGE_SIZES.get((service, operation), ("", 0))
        limit = _limit(service, operation)
        size = given.pop(size_name, None) or given.pop(limit, None) or most or 100
        asked = sorted({int(each) for _, v in _strings(given) for each in MARK.findall(v)})
        if asked:
            parts = [self._part(service, operation, _only(given, copy), copy) for copy in asked]
            refused = [part for part in parts if isinstance(part, Refused)]
            if len(refused) == len(parts):
                raise refused[0]
            return _merge([part for part in parts if not isinstance(part, Refused)])
        base = self._asked(service, operation, given)
        if isinstance(base, Refused):
            raise base
        if not tokens_out:
            return self._pages(service, operation, given, 1, self.count)
        each = max((len(v) for v in _lists(base)), default=0) or 1
        end = min(start + max(1, int(size) // each), self.count + 1)
        page = dict(self._pages(service, operation, given, start, end - 1))
        if end <= self.count:
            page |= {name: str(end) for name in tokens_out}
            page |= {name: True for name in ("IsTruncated", "HasMoreResults") if name in base}
        return page

    def _part(self, service: str, operation: str, params: Any, copy: int) -> Any:
        base = self._asked(service, operation, params)
        return base if isinstance(base, Refused) else self.of_copy(base, copy)

    def _pages(self, service: str, operation: str, params: Any, start: int, end: int) -> Any:
        key = f"{service} {operation} {params!r} {start} {end}"
        if key not in self._merged:
            base = self._asked(service, operation, params)
            self._merged[key] = _merge([self.of_copy(base, n) for n in range(start, end + 1)])
        return self._merged[key]

    # -- what a sweep should come to --------------------------------------------------------------

    def expected(self) -> dict[tuple[str, str], str]:
        """Rule and resource id to the status that the account in memory has, for each copy."""
        return {
            (o.rule.id, self.of_copy(o.resource.id, copy)): str(
                o.finding.status if o.finding else o.crash
            )
            for o in self.observed
            for copy in range(1, self.count + 1)
        }

    def ids(self, since: int | None = None) -> dict[str, Iterator[str]]:
        return {}


def _only(value: Any, copy: int) -> Any:
    """The parameters of one copy, as the account in memory knows them."""
    if isinstance(value, str):
        return MARK.sub("", value)
    if isinstance(value, Mapping):
        return {key: _only(each, copy) for key, each in value.items()}
    if isinstance(value, list | tuple):
        others = [e for e in value if not _is_of_another(e, copy)]
        return [_only(each, copy) for each in others]
    return value


def _is_of_another(value: Any, copy: int) -> bool:
    found = {int(each) for _, text in _strings(value) for each in MARK.findall(text)}
    return bool(found) and copy not in found


def _lists(value: Any) -> Iterable[list[Any]]:
    return [each for each in value.values() if isinstance(each, list)]


def _merge(parts: list[Any]) -> Any:
    """One answer of several: lists joined, with what is alike in all of them once."""
    first = parts[0] if parts else {}
    if len(parts) < 2:
        return first
    if isinstance(first, Mapping):
        keys = list(dict.fromkeys(key for part in parts for key in part))
        return {k: _merge([part[k] for part in parts if k in part]) for k in keys}
    if isinstance(first, list):
        joined, seen = [], set()
        for part in parts:
            for each in part:
                if (said := repr(each)) not in seen:
                    seen.add(said)
                    joined.append(each)
        return joined
    return first


def _as_sent(value: Any, shape: Any) -> Any:
    """An answer with the names that its members have in JSON."""
    kind = shape.type_name if shape is not None else ""
    if kind == "structure" and isinstance(value, Mapping):
        members = shape.members
        return {
            members[key].serialization.get("name", key): _as_sent(each, members[key])
            for key, each in value.items()
            if key in members
        }
    if kind == "list" and isinstance(value, list | tuple):
        return [_as_sent(each, shape.member) for each in value]
    if kind == "map" and isinstance(value, Mapping):
        return {key: _as_sent(each, shape.value) for key, each in value.items()}
    if kind == "blob" and isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.timestamp() if isinstance(value, datetime) else value


@functools.cache
def _tokens(service: str, operation: str) -> tuple[str, tuple[str, ...]]:
    """The parameter and the members that carry on to the next page."""
    config = _paginator(service, operation)
    given, out = config.get("input_token", ""), config.get("output_token", "")
    if isinstance(given, list) or isinstance(out, list):
        return "", ()
    name = out.split("||")[0].strip().split(".")[-1]
    return given, (name,) if name else ()


@functools.cache
def _limit(service: str, operation: str) -> str:
    return str(_paginator(service, operation).get("limit_key", ""))


@functools.cache
def _paginator(service: str, operation: str) -> Mapping[str, Any]:
    names = {xform_name(name): name for name in service_model(service).operation_names}
    try:
        known = _session().get_paginator_model(service)._paginator_config
    except botocore.exceptions.UnknownServiceError:
        return {}
    return known.get(names.get(operation, ""), {})
