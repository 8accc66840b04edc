"""Whether anyone on the internet can read or write a domain of OpenSearch Service."""

from __future__ import annotations

from readiness import Verdict, cannot_tell, complies, not_applicable, violates
from readiness.evidence.opensearch import DomainAccess
from readiness.semantics.condition_values import Holds
from readiness.semantics.openness import open_to_anyone
from readiness.semantics.policy import Unparsable, parse

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
    answer = open_to_anyone(statements, _ACTIONS, (f"{domain.arn}/*",))
    if answer is Holds.SOMETIMES:
        return violates(
            "Anyone on the internet can send requests to the domain: its access policy names no"
            " one, and fine-grained access control does not have them sign in.",
            expected="A domain in a VPC; or an access policy that names principals or addresses;"
            " or fine-grained access control.",
        )
    if answer is Holds.UNKNOWN:
        return cannot_tell("Whether a condition keeps anyone out of the domain is unknown.")
    return complies("The access policy admits nobody who is not named.")
