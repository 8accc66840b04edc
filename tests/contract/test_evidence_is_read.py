"""What is asked of AWS is looked at: every field of a piece of evidence is read by somebody."""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
from collections.abc import Iterator

import pytest

from readiness.model.resource import Resource
from readiness_cli.catalogue import ROOT, headings
from tests.contract.service_models import EVIDENCE, LAYER, source


def _dataclasses() -> Iterator[type]:
    for path in EVIDENCE:
        module = importlib.import_module(source(path).module)
        for each in vars(module).values():
            own = isinstance(each, type) and each.__module__ == module.__name__
            if own and dataclasses.is_dataclass(each):
                yield each


CLASSES = list(_dataclasses())


@functools.cache
def read_names() -> frozenset[str]:
    """Every attribute that the code reads, wherever, and by name with ``attrgetter``."""
    found = set()
    for folder in (LAYER / "readiness", ROOT / "functions", ROOT / "cli"):
        for path in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                match node:
                    case ast.Attribute(attr=name, ctx=ast.Load()):
                        found.add(name)
                    case ast.Call(
                        func=ast.Attribute(attr="attrgetter") | ast.Name(id="getattr"), args=args
                    ):
                        found |= {str(a.value) for a in args if isinstance(a, ast.Constant)}
    return frozenset(found)


@functools.cache
def followed() -> frozenset[str]:
    """The parameters of rules, which the evaluation follows from the subject by their name."""
    rules = [rule for heading in headings() for rule in heading.rules]
    return frozenset(name for rule in rules for name in rule.function.__annotations__)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_field_is_read(cls):
    unread = []
    for field in dataclasses.fields(cls):
        name = field.name
        is_followed = Resource.__name__ in str(field.type) and name in followed()
        if name not in read_names() and not is_followed:
            unread.append(name)
    assert not unread, f"{cls.__module__}: nobody reads {cls.__name__}.{', '.join(unread)}"
