"""What the source says to AWS and reads from it, found without running it."""

from __future__ import annotations

import ast
import functools
import importlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore import xform_name

from readiness_cli.catalogue import ROOT
from tests.fake_account import service_model

LAYER = ROOT / "layers" / "readiness"
EVIDENCE = sorted((LAYER / "readiness" / "evidence").rglob("*.py"))
READERS = {"one", "every", "act", "poll"}
OWN_PARAMETERS = {"absent", "gone", "action", "region"}
_MAPPING_METHODS = {"get", "pop", "setdefault"}
_WORD = re.compile(r"[A-Za-z]\w*")


@dataclass(frozen=True)
class Call:
    """One ``read.one(…)``: every operation, key path, parameter and error code it may have."""

    where: str
    module: str
    kind: str
    service: str
    operations: tuple[str, ...]
    keys: tuple[str, ...]
    parameters: dict[str, ast.expr | None] = field(hash=False)
    codes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Source:
    """A module of the layer, parsed."""

    path: Path
    tree: ast.Module

    @property
    def module(self) -> str:
        parts = self.path.relative_to(LAYER).with_suffix("").parts
        return ".".join(part for part in parts if part != "__init__")

    @property
    def name(self) -> str:
        return self.path.relative_to(LAYER / "readiness").as_posix()

    def at(self, node: ast.AST) -> str:
        return f"{self.path.relative_to(ROOT).as_posix()}:{getattr(node, 'lineno', 0)}"

    @functools.cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @functools.cached_property
    def functions(self) -> list[ast.FunctionDef]:
        return [n for n in self.nodes if isinstance(n, ast.FunctionDef)]

    def around(self, node: ast.AST) -> list[ast.FunctionDef]:
        """The functions a node stands in, the innermost first."""
        line = node.lineno  # type: ignore[attr-defined]
        found = [f for f in self.functions if f.lineno <= line <= (f.end_lineno or 0)]
        return sorted(found, key=lambda f: f.lineno, reverse=True)

    def values(self, node: ast.expr) -> Iterator[ast.expr]:
        """The expressions that a name, parameter, condition or call of ours may stand for."""
        match node:
            case ast.IfExp(body=body, orelse=orelse):
                yield from self.values(body)
                yield from self.values(orelse)
            case ast.BoolOp(values=values):
                for each in values:
                    yield from self.values(each)
            case ast.Name(id=name):
                yield from self._named(name, node)
            case ast.Call(func=ast.Name(id=name)) if (found := self._defining(name)) is not None:
                for returned in found.returned_by(name):
                    yield from found.values(returned)
            case _:
                yield node

    def _defining(self, name: str) -> Source | None:
        """The module of ours that a function is defined in: this one, or where it comes from."""
        if name in self._own_names:
            return self
        module = self._imported.get(name)
        if module is None:
            return None
        path = LAYER.joinpath(*module.split("."))
        file = path.with_suffix(".py")
        return source(file if file.exists() else path / "__init__.py")

    @functools.cached_property
    def _own_names(self) -> frozenset[str]:
        return frozenset(f.name for f in self.functions)

    @functools.cached_property
    def _imported(self) -> dict[str, str]:
        """The module of ours that each name is imported from, the first that the file has."""
        found: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("readiness."):
                for each in node.names:
                    found.setdefault(each.name, node.module or "")
        return found

    def returned_by(self, name: str) -> Iterator[ast.expr]:
        """What the functions of that name return."""
        for function in self.functions:
            if function.name == name:
                for node in ast.walk(function):
                    if isinstance(node, ast.Return) and node.value is not None:
                        yield node.value

    def _named(self, name: str, node: ast.expr) -> Iterator[ast.expr]:
        for function in self.around(node):
            assigned = list(_assigned(function, name))
            if assigned:
                for each in assigned:
                    yield from self.values(each)
                return
            parameters = [a.arg for a in (*function.args.args, *function.args.kwonlyargs)]
            if name in parameters:
                for each in self._passed(function, name, parameters):
                    if not isinstance(each, ast.Name) or each.id != name:
                        yield from self.values(each)
                return
        yield node

    def _passed(
        self, function: ast.FunctionDef, name: str, parameters: list[str]
    ) -> Iterator[ast.expr]:
        place = parameters.index(name)
        for call in self._calls_of(function):
            if place < len(call.args):
                yield call.args[place]
            yield from (k.value for k in call.keywords if k.arg == name)

    def keywords(self, node: ast.Name) -> Iterator[tuple[str, ast.expr]]:
        """What the module's calls pass as the ``**name`` of the function around."""
        for function in self.around(node):
            if function.args.kwarg is not None and function.args.kwarg.arg == node.id:
                own = {a.arg for a in (*function.args.args, *function.args.kwonlyargs)}
                for call in self._calls_of(function):
                    yield from (
                        (k.arg, k.value) for k in call.keywords if k.arg and k.arg not in own
                    )

    def _calls_of(self, function: ast.FunctionDef) -> Iterator[ast.Call]:
        yield from self._calls.get(function.name, ())

    @functools.cached_property
    def _calls(self) -> dict[str, list[ast.Call]]:
        """The calls of each plain name."""
        found: dict[str, list[ast.Call]] = defaultdict(list)
        for node in self.nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                found[node.func.id].append(node)
        return dict(found)

    def texts(self, node: ast.expr) -> Iterator[str]:
        """The strings that an expression may be, or may hold."""
        for value in self.values(node):
            match value:
                case ast.Constant(value=str(text)):
                    yield text
                case ast.Tuple(elts=elts) | ast.List(elts=elts) | ast.Set(elts=elts):
                    for each in elts:
                        yield from self.texts(each)
                case ast.Starred(value=inner):
                    yield from self.texts(inner)
                case ast.BinOp(left=left, right=right):
                    yield from self.texts(left)
                    yield from self.texts(right)
                case ast.JoinedStr(values=parts):
                    pattern = [
                        re.escape(str(p.value)) if isinstance(p, ast.Constant) else "[a-z]+"
                        for p in parts
                    ]
                    yield "~" + "".join(pattern)
                case ast.Name(id=name):
                    held = getattr(importlib.import_module(self.module), name)
                    yield from [held] if isinstance(held, str) else held
                case _:
                    raise NotImplementedError(f"{self.at(node)}: {ast.unparse(value)}")


def _assigned(function: ast.FunctionDef, name: str) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=target)], value=value)
                | ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value)
                | ast.For(target=ast.Name(id=target), iter=value)
            ) if target == name:
                yield value


@functools.cache
def source(path: Path) -> Source:
    return Source(path, ast.parse(path.read_text("utf-8")))


def operation_model(service: str, operation: str) -> Any:
    """The model of a client method. Raises KeyError."""
    return service_model(service).operation_model(_operations(service)[operation])


@functools.cache
def _operations(service: str) -> dict[str, str]:
    return {xform_name(name): name for name in service_model(service).operation_names}


@functools.cache
def calls(of: Source) -> tuple[Call, ...]:
    """Every call that a module makes through a reader."""
    return tuple(_calls_in(of))


def _calls_in(of: Source) -> Iterator[Call]:
    for node in of.nodes:
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in READERS
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            service = str(node.args[0].value)
            named = dict.fromkeys(
                operation
                for text in of.texts(node.args[1])
                for operation in _matching(service, text)
            )
            keys = tuple(of.texts(node.args[2])) if node.func.attr == "every" else ()
            parameters: dict[str, ast.expr | None] = {}
            codes: list[str] = []
            for keyword in node.keywords:
                if keyword.arg in {"absent", "gone"}:
                    codes += of.texts(keyword.value)
                elif keyword.arg is None:
                    parameters.update(_unpacked(of, keyword.value))
                elif keyword.arg not in OWN_PARAMETERS:
                    parameters[keyword.arg] = keyword.value
            yield Call(
                of.at(node), of.name, node.func.attr, service, tuple(named), keys, parameters,
                tuple(dict.fromkeys(codes)),
            )  # fmt: skip


def _matching(service: str, text: str) -> Iterable[str]:
    if not text.startswith("~"):
        return [text]
    return [name for name in _operations(service) if re.fullmatch(text[1:], name)]


def _unpacked(of: Source, node: ast.expr | None) -> dict[str, ast.expr | None]:
    """The parameters in ``**node``: of dict displays, and of what callers pass as ``**whose``."""
    found: dict[str, ast.expr | None] = {}
    for value in of.values(node) if node is not None else ():
        if isinstance(value, ast.Name):
            found.update(of.keywords(value))
        for each in ast.walk(value):
            if isinstance(each, ast.Dict):
                for key, held in zip(each.keys, each.values, strict=True):
                    if key is None:
                        found.update(_unpacked(of, held))
                    elif isinstance(key, ast.Constant):
                        found[str(key.value)] = held
    return {name: held for name, held in found.items() if name != "region"}


def asked_names(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Every literal name that is asked of some mapping: ``x.get("A")``, ``x["A"]``, ``"A" in x``.

    Not the names of a rule's settings, which are declared elsewhere.
    """
    for node in ast.walk(tree):
        for of, name in _asked(node):
            if _WORD.match(name) and not ast.unparse(of).endswith("settings"):
                yield node, name


def _asked(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    match node:
        case ast.Call(
            func=ast.Attribute(value=of, attr=attr), args=[ast.Constant(value=str(name)), *_]
        ) if attr in _MAPPING_METHODS:
            yield of, name
        case ast.Subscript(value=of, slice=ast.Constant(value=str(name)), ctx=ast.Load()):
            yield of, name
        case ast.Compare(
            left=ast.Constant(value=str(name)),
            ops=[ast.In() | ast.NotIn()],
            comparators=[ast.Name() | ast.Attribute() as of],
        ) if _WORD.fullmatch(name):
            yield of, name


@functools.cache
def answered_names(service: str, operation: str) -> frozenset[str]:
    return frozenset(_reachable(operation_model(service, operation).output_shape, set()))


def _reachable(shape: Any, seen: set[str]) -> Iterator[str]:
    if shape is None or shape.name in seen:
        return
    if shape.type_name == "structure":
        seen.add(shape.name)
        for name, member in shape.members.items():
            yield name
            yield from _reachable(member, seen)
    elif shape.type_name == "list":
        yield from _reachable(shape.member, seen)
    elif shape.type_name == "map":
        yield from getattr(shape.key, "enum", ()) or ()
        yield from _reachable(shape.value, seen)


def misplaced(  # noqa: C901
    node: ast.expr | None, shape: Any
) -> Iterator[tuple[ast.expr, str, Any]]:
    """Names in a literal parameter that its shape lacks: the node, the name, the structure."""
    match node:
        case ast.Dict(keys=keys, values=values) if shape.type_name == "structure":
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant):
                    if key.value in shape.members:
                        yield from misplaced(value, shape.members[key.value])
                    else:
                        yield key, str(key.value), shape
        case ast.Dict(values=values) if shape.type_name == "map":
            for value in values:
                yield from misplaced(value, shape.value)
        case ast.List(elts=elts) if shape.type_name == "list":
            for each in elts:
                yield from misplaced(each, shape.member)
        case ast.ListComp(elt=elt) if shape.type_name == "list":
            yield from misplaced(elt, shape.member)
        case ast.Constant(value=str(text)) if getattr(shape, "enum", ()):
            if text not in shape.enum:
                yield node, text, shape


@functools.cache
def module_names(of: Source) -> frozenset[str]:
    """Every name in an answer to an operation that a module calls."""
    return frozenset[str]().union(
        *(answered_names(c.service, name) for c in calls(of) for name in c.operations)
    )


def event_readers(of: Source) -> list[ast.AST]:
    """The functions of a module that find an id in an event or a configuration item.

    One that takes the detail of an event alone is one too.
    """
    found: list[ast.AST] = [
        f for f in of.functions if [ast.unparse(a) for a in f.args.args] == ["detail: Json"]
    ]
    for node in of.nodes:
        if isinstance(node, ast.keyword) and node.arg == "identify":
            if isinstance(node.value, ast.Lambda):
                found.append(node.value)
            elif isinstance(node.value, ast.Name):
                found += [f for f in of.functions if f.name == node.value.id]
    return found
