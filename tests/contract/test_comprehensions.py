"""Python 3.12.0 to 3.12.3, and in nested functions 3.13.0 too, mix up the names of comprehensions.

A name that one comprehension of a function binds and another reads from outside the function
ends there in an UnboundLocalError (PEP 709's inlining). No function gives a name both meanings.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from readiness_cli.catalogue import ROOT

SOURCES = sorted(
    path
    for room in ("cli", "functions", "layers", "tests")
    for path in (ROOT / room).rglob("*.py")
    if "build" not in path.relative_to(ROOT).parts
)

_INLINED = (ast.ListComp, ast.SetComp, ast.DictComp)
_COMPREHENSIONS = (*_INLINED, ast.GeneratorExp)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def double_meanings(source: str) -> list[tuple[int, str]]:
    """(line, name) of each name with two meanings in one function."""
    nodes = list(ast.walk(ast.parse(source)))
    lines = [node.lineno for node in nodes if isinstance(node, _INLINED)]
    return sorted(
        {
            found
            for node in nodes
            if isinstance(node, _SCOPES) and any(_spans(node, line) for line in lines)
            for found in _in_function(node)
        }
    )


def _spans(function: ast.AST, line: int) -> bool:
    return function.lineno <= line <= function.end_lineno


def _in_function(function: ast.AST) -> Iterator[tuple[int, str]]:
    own = list(_own_nodes(function))
    bound = {
        name.id: name.lineno
        for node, _ in own
        if isinstance(node, _INLINED)
        for name in _targets(node)
    }
    if not bound:
        return
    locals_ = _parameters(function) | {
        node.id
        for node, inside in own
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id not in inside
    }
    for node, inside in own:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            is_outer = node.id not in inside and node.id not in locals_
            if is_outer and node.id in bound:
                yield bound[node.id], node.id


def _own_nodes(
    node: ast.AST, inside: frozenset[str] = frozenset()
) -> Iterator[tuple[ast.AST, frozenset[str]]]:
    """Each node of a function, and the names that the comprehensions around it bind."""
    for field, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or field == "decorator_list":
                continue
            names = inside
            if isinstance(child, _COMPREHENSIONS):
                names |= {name.id for name in _targets(child)}
            yield child, names
            if not isinstance(child, _SCOPES):
                yield from _own_nodes(child, names)


def _targets(node: ast.AST) -> Iterator[ast.Name]:
    for generator in node.generators:
        yield from (n for n in ast.walk(generator.target) if isinstance(n, ast.Name))


def _parameters(function: ast.AST) -> set[str]:
    arguments = getattr(function, "args", None)
    nodes = ast.walk(arguments) if arguments else ()
    return {node.arg for node in nodes if isinstance(node, ast.arg)}


def test_no_comprehension_gives_a_name_a_second_meaning():
    found = [
        f"{path.relative_to(ROOT)}:{line}: rename the comprehension's variable {name}"
        for path in SOURCES
        for line, name in double_meanings(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("body", "names"),
    [
        pytest.param(
            "a = {r.id: r for r in xs}\n return {i: r(i) for i in xs}", ["r"], id="siblings"
        ),
        pytest.param("a = [r for r in xs]\n return r(1)", ["r"], id="beside it"),
        pytest.param("return [[r for r in xs] for i in xs if r(i)]", ["r"], id="around it"),
        pytest.param("return [r for r in r(xs)]", [], id="its own iterable alone"),
        pytest.param("r = 1\n a = [r for r in xs]\n return r", [], id="a local variable"),
        pytest.param("a = list(r for r in xs)\n return r(1)", [], id="a generator expression"),
        pytest.param("a = [r for r in xs]\n return [r.id for r in a]", [], id="bound twice"),
        pytest.param(
            "a = [r for r in xs]\n return [r for x in xs if (r := x)]", [], id="assigned inside"
        ),
    ],
)
def test_what_counts_as_a_second_meaning(body: str, names: list[str]):
    found = double_meanings(f"def f(xs):\n {body}\n")
    assert [name for _, name in found] == names
