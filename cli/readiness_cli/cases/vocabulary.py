"""The words that verdicts may depend on: those in the code of the rules, and AWS's own names.

A rule can tell two words apart only if its code, or a service's model, knows one of them. All
other words are somebody's names, and can be exchanged for others without changing a verdict.
"""

from __future__ import annotations

import functools
import re
import sys
import types
from collections.abc import Iterable, Iterator
from importlib.abc import InspectLoader
from typing import TYPE_CHECKING, Any

from botocore.model import StructureShape

from readiness.model.rule import Rule

if TYPE_CHECKING:
    from readiness.engine.aws import Aws

PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W_]")
"""The words in a name such as ``PaymentsHTTPErrors2``."""
_RUN = re.compile(r"[^\W_]+")
_MOST_SPACES = 3
"""A text with more of them is a sentence for people, which no answer is compared with."""
_SENTENCE = re.compile(r"(?i)\b(?:the|an?|is|are|of|to|no|not|and|it|that|by|for|with)\b")
_OURS = ("readiness.evidence", "readiness.judgement", "readiness.semantics", "readiness.model")

_PUBLIC = """
    aws amazonaws amazon com cn gov iso eusc eu arn http https www tcp udp tls ssl
    prod production prd live dev development test testing tst qa uat stage staging stg sandbox
    nonprod default main master latest true false null none on off yes no enabled disabled
    application environment owner team service project cost center name
"""
PUBLIC = frozenset(_PUBLIC.split())
"""Words that mean the same in every account; a name made of these alone tells nothing."""


def words_in(text: str) -> Iterator[str]:
    """The words of a text in lower case: every run of letters and digits, and its parts."""
    for run in _RUN.findall(text):
        yield run.lower()
        yield from (piece.lower() for piece in PIECE.findall(run))


def vocabulary(aws: Aws, rule: Rule, services: Iterable[str]) -> frozenset[str]:
    """The words of the rule's code, and of the models of ``services``."""
    words = {*PUBLIC, *words_in(rule.id), *(w for s in rule.settings for w in words_in(s.name))}
    for name in sorted(sys.modules):
        if name.startswith((*_OURS, f"functions.{rule.heading.folder}.")):
            words.update(_of_module(name))
    for service in (*services, "ec2"):
        if service not in _models:
            _models[service] = frozenset(_of_model(aws, service))
        words.update(_models[service])
    return frozenset(words)


_models: dict[str, frozenset[str]] = {}
"""The words of a service's model, which is the same throughout a process."""


@functools.cache
def _of_module(name: str) -> frozenset[str]:
    spec = sys.modules[name].__spec__
    loader = spec.loader if spec else None
    code = loader.get_code(name) if isinstance(loader, InspectLoader) else None
    texts = _constants(code) if code is not None else ()
    return frozenset(word for text in texts for word in words_in(text))


def _constants(code: types.CodeType) -> Iterator[str]:
    yield from code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _constants(constant)
        else:
            yield from _strings(constant)


def _strings(constant: Any) -> Iterator[str]:
    if isinstance(constant, str):
        # A list of words is written as one long text, too.
        if constant.count(" ") <= _MOST_SPACES or not _SENTENCE.search(constant):
            yield constant
    elif isinstance(constant, tuple | frozenset):
        for each in constant:
            yield from _strings(each)


def _of_model(aws: Aws, service: str) -> Iterator[str]:
    """The service's own name, and what its model lists as the values of a member."""
    meta = aws.client(service).meta
    model = meta.service_model
    for text in (service, model.endpoint_prefix, model.signing_name):
        yield from words_in(text)
    seen: set[str] = set()
    for operation in model.operation_names:
        about = model.operation_model(operation)
        for shape in (about.input_shape, about.output_shape):
            yield from _values(shape, seen)


def _values(shape: Any, seen: set[str]) -> Iterator[str]:
    if shape is None or shape.name in seen:
        return
    seen.add(shape.name)
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            yield name.lower()
            yield from _values(member, seen)
    elif shape.type_name == "list":
        yield from _values(shape.member, seen)
    elif shape.type_name == "map":
        yield from _values(shape.key, seen)
        yield from _values(shape.value, seen)
    for value in getattr(shape, "enum", ()):
        yield from words_in(value)
