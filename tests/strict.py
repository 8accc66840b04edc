"""AWS answers that know their shape: asking for a member that the service model lacks fails.

A misspelt name in ``answer.get("Layrs")`` reads as "not set", and no type checker notices it,
because an answer is ``Any``. Here every structure of an answer is a dict that still is equal to,
prints and pickles as the plain one, and that knows the names it may be asked for.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any

ALWAYS = ("ResponseMetadata", "Error")
"""What any answer may be asked for: botocore's waiters look for an error in it."""
MISTAKES: list[str] = []
"""What was asked for in vain since the test began: the code under test may catch the error."""


class NoSuchMember(AssertionError):
    """A name that the service model does not have where it was asked for."""


class Members(dict[str, Any]):
    """A structure of an answer, or a map whose keys the model lists."""

    __slots__ = ("_names", "_where")

    def __init__(self, values: dict[str, Any], where: str, names: Iterable[str]) -> None:
        super().__init__(values)
        self._where = where
        self._names = frozenset(names)
        for name in values:
            self._known(name)

    def _known(self, name: object) -> None:
        if name not in self._names:
            said = f"{self._where} has no member {name!r}{meant(name, self._names)}"
            MISTAKES.append(said)
            raise NoSuchMember(said)

    def __getitem__(self, name: str) -> Any:
        self._known(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self._known(name)
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._known(name)
        return super().get(name, default)

    def pop(self, name: str, *default: Any) -> Any:
        self._known(name)
        return super().pop(name, *default)

    def setdefault(self, name: str, default: Any = None) -> Any:
        self._known(name)
        return super().setdefault(name, default)

    def copy(self) -> Members:
        return Members(self, self._where, self._names)

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


def meant(name: object, names: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the nearest of those there are."""
    by_letters = {each.lower(): each for each in names}
    near = difflib.get_close_matches(str(name).lower(), by_letters, 1)
    return f"; did you mean {by_letters[near[0]]!r}?" if near else ""


def strict(answer: Any, operation: Any) -> Any:
    """An answer to an operation (a botocore OperationModel), with every structure strict.

    Raises NoSuchMember for an answer that has a member the model lacks.
    """
    from botocore import xform_name

    if not isinstance(answer, dict) or operation.output_shape is None:
        return answer
    service = operation.service_model.service_name
    where = f"{service} {xform_name(operation.name)}"
    return _wrapped(answer, operation.output_shape, where, "", ALWAYS)


def _wrapped(value: Any, shape: Any, operation: str, path: str, more: tuple[str, ...] = ()) -> Any:
    if getattr(shape, "is_document_type", False) or isinstance(value, Members):
        return value
    where = f"{operation}: {path}" if path else operation
    match shape.type_name:
        case "structure" if isinstance(value, dict):
            members = shape.members
            wrapped = {
                name: _wrapped(each, members[name], operation, f"{path}.{name}".lstrip("."))
                if name in members
                else each
                for name, each in value.items()
            }
            return Members(wrapped, where, (*members, *more))
        case "list" if isinstance(value, (list, tuple)):
            return [_wrapped(each, shape.member, operation, f"{path}[]") for each in value]
        case "map" if isinstance(value, dict):
            wrapped = {
                key: _wrapped(each, shape.value, operation, f"{path}.{key}")
                for key, each in value.items()
            }
            names = getattr(shape.key, "enum", ())
            return Members(wrapped, where, (*names, *wrapped)) if names else wrapped
        case _:
            return value


def real_clients(call: Callable[..., Any]) -> Callable[..., Any]:
    """``BaseClient._make_api_call``, with strict answers: for clients over moto."""

    def strictly(client: Any, operation_name: str, params: dict[str, Any]) -> Any:
        answer = call(client, operation_name, params)
        return strict(answer, client.meta.service_model.operation_model(operation_name))

    return strictly
