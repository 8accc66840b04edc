"""Whether an API of API Gateway asks who calls it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from readiness import Severity, Verdict, cannot_tell, complies, not_applicable, violates
from readiness.evidence.apigateway.access import HttpApiAccess, Methods, Reach, RestApiAccess
from readiness.model.text import listed
from readiness.semantics.condition_values import Holds
from readiness.semantics.openness import open_to_anyone
from readiness.semantics.policy import Document

_SHOWN = 3
_NOT_DEPLOYED = "The API has no stage, so nobody can call it."
_INVOKE = ("execute-api:Invoke",)


def rest_api_verdict(api: RestApiAccess, public: Collection[str]) -> Verdict:
    """The verdict on a REST API, which may have a resource policy."""
    if api.private:
        return not_applicable("The API is private: only VPC endpoints lead to it.")
    if not api.deployed:
        return not_applicable(_NOT_DEPLOYED)
    if api.policy and api.methods.open:
        policy = Document.of("resource policy", api.policy)
        answer = open_to_anyone(policy.statements, _INVOKE, (api.resource,))
        if policy.flaw or answer is Holds.UNKNOWN:
            why = policy.flaw or "the value of a condition decides"
            return cannot_tell(f"Whether the resource policy lets anyone call is unknown: {why}.")
        if answer is Holds.NEVER:
            return complies("The resource policy keeps out anyone whom it does not mean.")
    return _verdict("methods", (api.id, api.name), api.methods, api.reach, public)


def http_api_verdict(api: HttpApiAccess, public: Collection[str]) -> Verdict:
    """The verdict on an HTTP or WebSocket API."""
    if not api.deployed:
        return not_applicable(_NOT_DEPLOYED)
    return _verdict("routes", (api.id, api.name), api.methods, api.reach, public)


def _verdict(
    what: str, names: tuple[str, str], methods: Methods, reach: Reach, public: Collection[str]
) -> Verdict:
    facts = {"open": list(methods.open), "api_key_alone": list(methods.keyed)}
    if not methods.open:
        if not (methods.guarded or methods.keyed):
            return not_applicable(f"The API has no {what} that lead to anything.")
        keyed = f"; {_first(methods.keyed)} only by an API key" if methods.keyed else ""
        return complies(f"API Gateway checks the callers of all {what}{keyed}.").observing(facts)
    if set(names) & set(public):
        return not_applicable("The setting public_apis says that anyone may call it.")
    if not reach.default and not reach.others:
        if not reach.mutual:
            return not_applicable(
                "Its execute-api endpoint is off, and no domain name leads to it."
            )
        where = listed(list(reach.mutual))
        return complies(f"Callers need a client certificate (mutual TLS of {where}).")
    none = "" if methods.guarded or methods.keyed else f" No {what[:-1]} has an authorizer."
    return violates(
        f"API Gateway does not ask who calls {_first(methods.open)}.{none}",
        expected=f"An authorizer (IAM, JWT, Cognito or a function) for all {what}, or the API in"
        " the setting public_apis, if anyone may call it or its code checks its callers itself.",
        severity=None if none else Severity.LOW,
    ).observing(facts)


def _first(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{listed(names[:_SHOWN])}{more}"
