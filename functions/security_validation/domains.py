"""Whether anyone on the internet can read or write a domain of OpenSearch Service."""

from __future__ import annotations

from collections.abc import Sequence

from readiness import Verdict, cannot_tell, complies, not_applicable, violates
from readiness.evidence.opensearch import DomainAccess
from readiness.semantics.condition_values import Holds
from readiness.semantics.conditions import allowed
from readiness.semantics.policy import Statement, Unparsable, parse
from readiness.semantics.policy_patterns import matches, overlap
from readiness.semantics.requesters import stranger

_ACTIONS = tuple(
    f"es:ESHttp{method}" for method in ("Get", "Head", "Post", "Put", "Patch", "Delete")
)


def domain_verdict(domain: DomainAccess) -> Verdict:
    """The verdict on a domain by its access policy, which holds for unsigned requests too."""
    if domain.in_vpc:
        return not_applicable("The domain is in a VPC: the internet does not reach it.")
    if domain.signs_in:
        return complies("Fine-grained access control has everyone sign in.")
    try:
        statements = parse(domain.policy) if domain.policy else ()
    except Unparsable as unparsable:
        return cannot_tell(f"The access policy cannot be parsed: {unparsable}.")
    answers = {
        _open_to_anyone(statement, action, statements, domain.arn)
        for statement in statements
        for action in _ACTIONS
    }
    if Holds.SOMETIMES in answers:
        return violates(
            "Anyone on the internet can send requests to the domain: its access policy names no"
            " one, and fine-grained access control does not have them sign in.",
            expected="A domain in a VPC; or an access policy that names principals or addresses;"
            " or fine-grained access control.",
        )
    if Holds.UNKNOWN in answers:
        return cannot_tell("Whether a condition keeps anyone out of the domain is unknown.")
    return complies("The access policy admits nobody who is not named.")


def _open_to_anyone(
    allow: Statement, action: str, statements: Sequence[Statement], arn: str
) -> Holds:
    """Whether a stranger can fulfil the Allow and avoid every Deny of the whole domain."""
    if not (allow.allows and allow.names_anybody and allow.names_action(action)):
        return Holds.NEVER
    if not _is_about(allow, arn):
        return Holds.NEVER
    denials = [s for s in statements if _denies_everyone(s, action, arn)]
    return allowed(allow, denials, stranger())


def _is_about(allow: Statement, arn: str) -> bool:
    """Whether the Allow names anything of the domain: a policy may name another one."""
    if allow.not_resources:
        return not any(matches(each, f"{arn}/*") for each in allow.not_resources)
    return any(overlap(each, name) for each in allow.resources for name in (arn, f"{arn}/*"))


def _denies_everyone(denial: Statement, action: str, arn: str) -> bool:
    """A stranger is none of those that ``NotPrincipal`` spares."""
    return (
        not denial.allows
        and denial.names_anybody
        and denial.names_action(action)
        and all(denial.covers(f"{arn}/{path}") for path in ("*", "a", "z/_search"))
    )
