"""The versions of a function that something names by their number, without an alias."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from readiness.evidence.awslambda.functions import FUNCTION, function_name
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.polling import is_off


@evidence(FUNCTION, reads=("lambda:ListEventSourceMappings",))
@dataclass(frozen=True, slots=True)
class NumberedVersions:
    """The published versions that enabled event source mappings name.

    What else may name one, as an event rule or an API, is not listed by it. That another version
    is named is seen by the sweep. Source: ListEventSourceMappings.
    """

    all: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, function: Resource) -> NumberedVersions:
        return cls(_mapped(read).get(function.id, ()))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, NumberedVersions]:
        found = _mapped(read)
        return {name: cls(found.get(name, ())) for name in read.ids(FUNCTION)}


def _mapped(read: Reader) -> Mapping[str, tuple[str, ...]]:
    def mapped(read: Reader) -> Mapping[str, tuple[str, ...]]:
        listed = read.every("lambda", "list_event_source_mappings", "EventSourceMappings")
        enabled = (each for each in listed if not is_off(each.get("State")))
        return by_function(read, (str(each.get("FunctionArn") or "") for each in enabled))

    return read.made_once("versions that mappings name, by function", mapped)


def by_function(read: Reader, arns: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The versions that ARNs of the account's functions end in, by the name of the function."""
    found: dict[str, set[str]] = {}
    for arn in arns:
        parts = arn.split(":")
        name = function_name(arn)
        if name and len(parts) > 7 and parts[4] == read.account and parts[7].isdecimal():
            found.setdefault(name, set()).add(parts[7])
    return {name: tuple(sorted(versions, key=int)) for name, versions in found.items()}
