"""Every optional parameter that may change what an answer holds is sent or decided against."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

from tests.contract.service_models import EVIDENCE, calls, operation_model, source

DECIDED = tomllib.loads(Path(__file__).with_name("return_flags.toml").read_text("utf-8"))
EVERYWHERE = DECIDED.pop("everywhere")
BY_NAME = frozenset(name for names in EVERYWHERE.values() for name in names)
_MUST_BE_SENT = re.compile(
    r"must (set|specify|include) <code>(\w+)</code> to receive", re.IGNORECASE
)


def _sent() -> dict[tuple[str, str], list[frozenset[str]]]:
    """What each call of an operation sends."""
    found: dict[tuple[str, str], list[frozenset[str]]] = defaultdict(list)
    for path in EVIDENCE:
        for call in calls(source(path)):
            for operation in call.operations:
                found[call.service, operation].append(frozenset(call.parameters))
    return dict(found)


SENT = _sent()
OPERATIONS = sorted(SENT)


def optional(service: str, operation: str) -> dict[str, str]:
    """The optional parameters of an operation, and what is said of each."""
    shape = operation_model(service, operation).input_shape
    if shape is None:
        return {}
    return {
        name: member.documentation or ""
        for name, member in shape.members.items()
        if name not in shape.required_members
    }


def never_sent(service: str, operation: str) -> set[str]:
    sent = frozenset[str]().union(*SENT[service, operation])
    return set(optional(service, operation)) - sent


@pytest.mark.parametrize(("service", "operation"), OPERATIONS, ids=".".join)
def test_a_parameter_is_sent_or_decided_against(service, operation):
    decided = DECIDED.get(service, {}).get(operation, {})
    undecided = never_sent(service, operation) - BY_NAME - set(decided)
    assert not undecided, (
        f"tests/contract/return_flags.toml: decide [{service}.{operation}] {sorted(undecided)}:"
        " does an answer without it leave something out?"
    )


@pytest.mark.parametrize(("service", "operation"), OPERATIONS, ids=".".join)
def test_a_number_without_which_the_pages_end_is_sent_by_every_call(service, operation):
    for name, about in optional(service, operation).items():
        if _MUST_BE_SENT.search(about):
            assert all(name in sent for sent in SENT[service, operation]), (
                f"{service} {operation} goes beyond its first page only with {name}"
            )


def test_the_documentation_says_so_of_some():
    """The pattern above is the documentation's own sentence, which may be written anew."""
    said = {
        operation
        for service, operation in OPERATIONS
        for about in optional(service, operation).values()
        if _MUST_BE_SENT.search(about)
    }
    assert said == {"list_queues", "list_dead_letter_source_queues"}


def test_every_decision_is_about_a_parameter_that_is_not_sent():
    for service, operations in DECIDED.items():
        for operation, decided in operations.items():
            where = f"[{service}.{operation}] in tests/contract/return_flags.toml"
            assert (service, operation) in SENT, f"{where}: nobody calls it"
            over = set(decided) - never_sent(service, operation)
            assert not over, f"{where}: sent, or no parameter of it: {sorted(over)}"
            assert all(decided.values()), where


def test_every_name_that_is_decided_everywhere_is_some_operation_s():
    names = {name for each in OPERATIONS for name in never_sent(*each)}
    assert not BY_NAME - names, f"of no operation: {sorted(BY_NAME - names)}"
