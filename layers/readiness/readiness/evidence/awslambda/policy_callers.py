"""Who may invoke a function and waits for its answer, as its policies say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from readiness.evidence.awslambda.functions import FUNCTION, WHOLE_POLICY_CALLS, function_call
from readiness.evidence.awslambda.versions import FunctionAliases
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.policy import Document


@evidence(
    FUNCTION,
    reads=("lambda:GetPolicy",),
    uses=(FunctionAliases,),
    changed_by=(function_call("AddPermission", "RemovePermission"), WHOLE_POLICY_CALLS),
)
@dataclass(frozen=True, slots=True)
class EntryPoints:
    """What the function's policies let invoke it and wait: APIs, load balancers, user pools, CDNs.

    ``apis`` are the ids of those that it answers for, ``authorized`` of those whose requests it
    allows; ``graphql`` are the ids of AppSync APIs, which it does that for too, ``distributions``
    those of CloudFront, which call its URL. ``elsewhere`` are ARNs of such callers in another
    account or region, such as name no single one, and those that show nobody how long they wait.
    An API that invokes with a role of its own needs no such policy and is not seen. ``flaw`` says
    why a policy could not be understood. Source: GetPolicy, for the function and for each alias.
    """

    apis: tuple[str, ...] = ()
    authorized: tuple[str, ...] = ()
    target_groups: tuple[str, ...] = ()
    user_pools: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    flaw: str = ""
    graphql: tuple[str, ...] = ()
    distributions: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, function: Resource) -> EntryPoints:
        aliases = read.of(FunctionAliases, function).all
        qualifiers: list[dict[str, Any]] = [{}, *({"Qualifier": a.name} for a in aliases)]
        found = []
        for qualifier in qualifiers:
            answer = read.one(
                "lambda",
                "get_policy",
                absent=("ResourceNotFoundException",),
                FunctionName=function.id,
                **qualifier,
            )
            if answer is not None:
                found.append(Document.of("resource policy", answer.get("Policy")))
        sources = sorted({arn for document in found for arn in _sources(document)})
        callers = {_caller(read, arn) for arn in sources}
        flaw = next((document.flaw for document in found if document.flaw), "")

        def of(kind: str) -> tuple[str, ...]:
            return tuple(sorted(id for each, id in callers if each == kind))

        return cls(
            of("API"),
            of("authorized"),
            of("group"),
            of("user pool"),
            of("elsewhere"),
            flaw,
            of("graphql"),
            of("distribution"),
        )


def _caller(read: Reader, arn: str) -> tuple[str, str]:
    """What kind of caller an ARN is, and its id.

    The ARN of a request to an API is ``…:execute-api:region:account:api/stage/method/path``,
    that of its authorizer ``…:api/authorizers/id``.
    """
    _, _, service, region, account, rest = arn.split(":", 5)
    if service == "elasticloadbalancing" and rest.startswith("targetgroup/"):
        return "group", arn
    if service not in _WAITING:
        return "", arn
    id, _, path = rest.removeprefix(_WAITING[service]).partition("/")
    is_here = account == read.account and region in {read.region, ""}
    if service in _UNSEEN or not is_here or not id or set(id) & set("*?"):
        return "elsewhere", arn
    if service == "execute-api":
        return ("authorized" if path.startswith("authorizers/") else "API"), id
    return _KINDS[service], id


_WAITING = {
    "alexa": "skill/",
    "appsync": "apis/",
    "cloudfront": "distribution/",
    "cognito-idp": "userpool/",
    "connect": "instance/",
    "execute-api": "",
    "lex": "",
}
"""Services that wait for a function, and what comes before the id in their ARNs."""
_UNSEEN = {"alexa", "connect", "lex"}
"""Those of which no API says how long they wait."""
_KINDS = {"appsync": "graphql", "cloudfront": "distribution", "cognito-idp": "user pool"}


def _sources(document: Document) -> Iterator[str]:
    """The ARNs of what the policy lets invoke; all of a service's where it names none."""
    for statement in document.statements:
        if not statement.allows:
            continue
        named = [
            arn
            for condition in statement.condition_on("aws:SourceArn")
            if "not" not in condition.operator
            for arn in condition.values
            if arn.count(":") >= 5
        ]
        services = {each.value for each in statement.principals if each.kind == "Service"}
        yield from named or (_OF_SERVICE[each] for each in sorted(services & set(_OF_SERVICE)))


_OF_SERVICE = {
    "alexa-appkit.amazon.com": "arn:*:alexa:*:*:skill/*",
    "alexa-connectedhome.amazon.com": "arn:*:alexa:*:*:skill/*",
    "appsync.amazonaws.com": "arn:*:appsync:*:*:apis/*",
    "cloudfront.amazonaws.com": "arn:*:cloudfront::*:distribution/*",
    "apigateway.amazonaws.com": "arn:*:execute-api:*:*:*",
    "cognito-idp.amazonaws.com": "arn:*:cognito-idp:*:*:userpool/*",
    "connect.amazonaws.com": "arn:*:connect:*:*:instance/*",
    "lex.amazonaws.com": "arn:*:lex:*:*:*",
    "lexv2.amazonaws.com": "arn:*:lex:*:*:*",
}
