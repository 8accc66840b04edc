"""Whether a resource policy lets a service in that acts for a resource of the account."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from readiness.semantics import policy_patterns
from readiness.semantics.condition_values import Holds
from readiness.semantics.conditions import Requests, holds
from readiness.semantics.policy import Document, Statement


class Answer(StrEnum):
    """Yes, no, or unknown from what AWS shows."""

    YES = "YES"
    NO = "NO"
    MAYBE = "MAYBE"


def worst(answers: Iterable[Answer]) -> Answer:
    """All of several: NO if any is, else MAYBE if any is."""
    found = set(answers)
    return (
        Answer.NO if Answer.NO in found else Answer.MAYBE if Answer.MAYBE in found else Answer.YES
    )


def best(answers: Iterable[Answer]) -> Answer:
    """Any of several: YES if any is, else MAYBE if any is."""
    found = set(answers)
    return (
        Answer.YES if Answer.YES in found else Answer.MAYBE if Answer.MAYBE in found else Answer.NO
    )


def admits(
    text: str, actions: Iterable[str], resource: str, service: str, requests: Requests
) -> Answer:
    """Whether a policy lets a service do all the actions.

    ``service`` is its principal, ``requests`` what is known of what it asks.
    """
    document = Document.of("policy", text)
    if document.flaw:
        return Answer.MAYBE
    return worst(
        _allowed(document.statements, action, resource, service, requests) for action in actions
    )


def _allowed(
    statements: Iterable[Statement],
    action: str,
    resource: str,
    service: str,
    requests: Requests,
) -> Answer:
    granted = refused = Answer.NO
    for statement in statements:
        if not statement.names_action(action) or not _about(statement, resource):
            continue
        reach = _reaches(statement, service, requests)
        if statement.allows:
            granted = best([granted, reach])
        else:
            refused = best([refused, reach])
    if refused is Answer.YES or granted is Answer.NO:
        return Answer.NO
    return Answer.MAYBE if refused is Answer.MAYBE else granted


def _about(statement: Statement, resource: str) -> bool:
    return statement.names_every_resource or statement.names_resource(resource)


def _reaches(statement: Statement, service: str, requests: Requests) -> Answer:
    """Whether the statement applies to the service."""
    if statement.not_principals:
        return Answer.MAYBE
    named = any(
        principal.is_anybody
        or (principal.kind == "Service" and policy_patterns.matches(principal.value, service))
        for principal in statement.principals
    )
    if not named:
        return Answer.NO
    return _ANSWERS.get(holds(statement.conditions, requests), Answer.MAYBE)


_ANSWERS = {Holds.ALWAYS: Answer.YES, Holds.NEVER: Answer.NO}
