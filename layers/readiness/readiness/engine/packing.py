"""Large answers in little memory: packed in parts, of which one is opened at a time.

What AWS says of thousands of resources is asked once and looked at again and again. As Python
objects it takes some ten times what it took on the wire; pickled and compressed, a tenth of that.
"""

from __future__ import annotations

import pickle
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from itertools import islice
from operator import attrgetter
from typing import Any, TypeVar, overload

T = TypeVar("T")

PART = 16_000
"""An answer that takes more bytes than this is packed."""
WHOLE = 500_000
"""A mapping that takes more bytes than this is packed."""
_TOGETHER = 16
_OPEN = 12
"""How many entries of a mapping make a part, and how many parts stay open."""
_FAST = 1
_SAMPLE = 8


class Packed:
    """One value, packed."""

    __slots__ = ("_bytes",)

    def __init__(self, value: Any) -> None:
        self._bytes = zlib.compress(_pickled(value), _FAST)

    @property
    def size(self) -> int:
        return len(self._bytes)

    def open(self) -> Any:
        """The value, a new copy each time."""
        return pickle.loads(zlib.decompress(self._bytes))  # noqa: S301 - our own bytes


def packed(value: Any) -> Any:
    """The value, packed if it is large."""
    return Packed(value) if weight(value) > PART else value


def opened(value: Any) -> Any:
    """The value that :func:`packed` was given."""
    return value.open() if isinstance(value, Packed) else value


class Items(Sequence[Any]):
    """The items under a dotted path of an answer's pages; a page is opened when it is its turn."""

    __slots__ = ("_pages", "_path")

    def __init__(self, pages: Iterable[Any], path: str) -> None:
        self._pages = pages
        self._path = path

    def __iter__(self) -> Iterator[Any]:
        for page in self._pages:
            yield from under(opened(page), self._path) or ()

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return any(True for _ in self)

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, int) and index >= 0:
            for item in islice(self, index, None):
                return item
            raise IndexError(index)
        return list(self)[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(self))


def under(page: Mapping[str, Any], path: str) -> Any:
    value: Any = page
    for step in path.split("."):
        value = (value or {}).get(step)
    return value


class PackedMapping(Mapping[str, Any]):
    """A mapping whose values are packed, some together, in the order in which they came."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._place: dict[str, int] = {}
        self._parts: list[Packed] = []
        self._open: OrderedDict[int, Mapping[str, Any]] = OrderedDict()
        self._lock = threading.Lock()
        entries = iter(values.items())
        while part := dict(islice(entries, _TOGETHER)):
            self._place |= dict.fromkeys(part, len(self._parts))
            self._parts.append(Packed(part))

    def __getitem__(self, key: str) -> Any:
        return self._part(self._place[key])[key]

    def __contains__(self, key: object) -> bool:
        return key in self._place

    def __iter__(self) -> Iterator[str]:
        return iter(self._place)

    def __len__(self) -> int:
        return len(self._place)

    @property
    def size(self) -> int:
        return 200 * len(self._place) + sum(part.size for part in self._parts)

    def _part(self, number: int) -> Mapping[str, Any]:
        with self._lock:
            part = self._open.get(number)
            if part is not None:
                self._open.move_to_end(number)
                return part
        found: Mapping[str, Any] = self._parts[number].open()
        with self._lock:
            self._open[number] = found
            while len(self._open) > _OPEN:
                self._open.popitem(last=False)
        return found


def packed_mapping(values: Mapping[str, T]) -> Mapping[str, T]:
    """The mapping, packed if that makes it smaller.

    One that is more than a dict stays what it is, and so does one whose values hold the same large
    object: each part would get a copy of it.
    """
    if type(values) is not dict or weight(values) <= WHOLE or _is_shared(values):
        return values
    return PackedMapping(values)


def _is_shared(values: Mapping[str, Any]) -> bool:
    """Whether several values together take little more than one."""
    some = list(islice(values.values(), _TOGETHER))
    return len(some) > 1 and len(_pickled(some)) * 4 < len(_pickled(some[0])) * len(some)


def _pickled(value: Any) -> bytes:
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def weight(value: Any) -> int:
    """About how many bytes a value takes; of long lists and mappings by a sample."""
    return _scales(value.__class__)(value)


@cache
def _scales(kind: type[object]) -> Callable[[Any], int]:
    """What weighs the values of a class: finding that out costs more than weighing one."""
    if issubclass(kind, str | bytes):
        return lambda value: 56 + len(value)
    if issubclass(kind, Packed | PackedMapping):
        return lambda value: int(value.size)
    if issubclass(kind, Mapping):
        return lambda value: 232 + _weight_of_all(list(islice(value.values(), 64)), len(value))
    if issubclass(kind, set | frozenset):
        return lambda value: _weight_of_several(list(value))
    if issubclass(kind, Sequence):
        return _weight_of_several
    names = [each.name for each in fields(kind)] if is_dataclass(kind) else []
    return _scales_of(names) if names else lambda value: 32


def _weight_of_several(several: Sequence[Any]) -> int:
    step = max(1, len(several) // _SAMPLE)
    return 64 + _weight_of_all(several[::step], len(several))


def _weight_of_all(sample: Sequence[Any], count: int) -> int:
    if not sample:
        return 0
    return 16 * count + sum(map(weight, sample)) * count // len(sample)


def _scales_of(names: Sequence[str]) -> Callable[[Any], int]:
    held = attrgetter(*names)
    if len(names) == 1:
        return lambda value: 64 + weight(held(value))
    return lambda value: 64 + sum(map(weight, held(value)))
