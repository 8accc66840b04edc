"""The timeouts of synchronous callers of a function."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from readiness.evidence.apigateway.apis import (
    HttpApi,
    HttpApis,
    RestApiNames,
    rest_api_methods,
    rest_api_name,
)
from readiness.evidence.awslambda.functions import FUNCTION, function_name
from readiness.evidence.awslambda.policy_callers import EntryPoints
from readiness.evidence.elbv2.target_groups import BalancersOfGroups
from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_GONE = ("NotFoundException",)
_REST_SECONDS = 29
_HTTP_SECONDS = 30
_HTTP_AUTHORIZER_SECONDS = 10
_COGNITO_SECONDS = 5
_APPSYNC_AUTHORIZER_SECONDS = 10
_CLOUDFRONT_SECONDS = 30
_ALEXA_SECONDS = 8
_LEX_SECONDS = 30
_CONNECT_SECONDS = 8
_UNWAITED = {"CustomSMSSender", "CustomEmailSender", "KMSKeyID"}
"""Triggers that Cognito invokes asynchronously (Cognito developer guide, "Lambda triggers")."""
_FUNCTION_IN = re.compile(r":function:([^:/\"]+)")


class CallerKind(StrEnum):
    """What waits for a function."""

    API = "API"
    BALANCER = "load balancer"
    USER_POOL = "user pool"
    GRAPHQL = "GraphQL API"
    DISTRIBUTION = "distribution"
    BOT = "bot of Lex"
    FLOW = "flow of Amazon Connect"
    SKILL = "skill of Alexa"


@dataclass(frozen=True, slots=True)
class CallerTimeout:
    """One caller and how many seconds it waits; not ``certain`` where AWS does not show it here.

    ``who`` begins a sentence in lower case: ``the REST API shop``. ``longest`` is what one that is
    not certain can be made to wait, 0 where that is not known.
    """

    who: str
    kind: CallerKind
    seconds: float
    certain: bool = True
    longest: float = 0


def _function_of(detail: Mapping[str, Any]) -> str | None:
    """The function in an integration's URI; any where the request names none."""
    found = _FUNCTION_IN.search(json.dumps(detail.get("requestParameters") or {}))
    return found[1] if found and "$" not in found[1] else ""


@evidence(
    FUNCTION,
    reads=(
        "apigateway:GET",
        "cloudfront:GetDistributionConfig",
        "cloudfront:ListDistributions",
        "lambda:ListFunctionUrlConfigs",
        "cognito-idp:DescribeUserPool",
        "elasticloadbalancing:DescribeLoadBalancerAttributes",
    ),
    changed_by=(
        api_call(
            "apigateway",
            "PutIntegration",
            "CreateIntegration",
            "UpdateIntegration",
            "DeleteIntegration",
            identify=_function_of,
        ),
        api_call(
            "apigateway",
            *("PutRestApi", "ImportRestApi"),
            *("CreateApi", "ImportApi", "ReimportApi", "UpdateApi"),
        ),
        api_call("elasticloadbalancing", "ModifyLoadBalancerAttributes"),
        api_call("cognito-idp", "CreateUserPool", "UpdateUserPool", "DeleteUserPool"),
    ),
    uses=(EntryPoints, BalancersOfGroups, HttpApis, RestApiNames),
)
@dataclass(frozen=True, slots=True)
class CallerTimeouts:
    """How long the callers that the function's policies admit wait for it.

    A REST API waits as its integration says, 29 s unless the account's quota was raised; an HTTP
    API at most 30 s and a WebSocket API at most 29 s; as an authorizer of an HTTP API a function
    has 10 s. An application load balancer waits its idle timeout. Cognito waits 5 s for a trigger.
    AppSync waits 10 s for its authorizer. Alexa waits 8 s, a bot of Lex 30 s, and a flow of Amazon
    Connect at most 8 s, or 60 s if it invokes asynchronously. CloudFront waits for the first byte
    of a function URL as long as the origin says; a response that is streamed begins before the
    function ends. A changed distribution is seen by the sweep: its event names no function.
    Integrations are those last saved, which may not be deployed yet. ``flaw`` says why a policy
    could not be understood. Sources: GetResources, GetIntegrations, DescribeTargetGroups,
    DescribeLoadBalancerAttributes, DescribeUserPool, GetDistributionConfig,
    ListFunctionUrlConfigs; API Gateway, AppSync, Elastic Load Balancing and Cognito quotas.
    """

    all: tuple[CallerTimeout, ...] = ()
    flaw: str = ""

    @classmethod
    def load(cls, read: Reader, function: Resource) -> CallerTimeouts:
        front = read.of(EntryPoints, function)
        found = [
            *(each for id in front.apis for each in _of_api(read, id, function.id)),
            *(each for id in front.authorized for each in _of_authorizer(read, id)),
            *_of_balancers(read, front.target_groups),
            *(each for id in front.user_pools for each in _of_user_pool(read, id, function.id)),
            *(_of_graphql(id) for id in front.graphql),
            *_of_distributions(read, front.distributions, function.id),
            *(_elsewhere(arn) for arn in front.elsewhere),
        ]
        return cls(tuple(dict.fromkeys(found)), front.flaw)


def _elsewhere(arn: str) -> CallerTimeout:
    """A caller that cannot be read here, with what its kind waits by default."""
    _, _, service, region, account, rest = arn.split(":", 5)
    kind, seconds = _BY_DEFAULT[service]
    id = rest.rpartition("/")[2] if service != "execute-api" else rest.partition("/")[0]
    if set(f"{id}{region}{account}") & set("*?"):
        who = f"{_ONE_OF.get(kind, 'a')} {kind} of those that its policy admits"
    else:
        where = f" in {region}" if region else ""
        who = f"the {kind} {id} of account {account}{where}"
    is_fixed = kind in _FIXED
    return CallerTimeout(who, kind, seconds, is_fixed, 0 if is_fixed else _LONGEST.get(kind, 0))


_ONE_OF = {CallerKind.API: "an"}
_BY_DEFAULT = {
    "appsync": (CallerKind.GRAPHQL, _APPSYNC_AUTHORIZER_SECONDS),
    "cloudfront": (CallerKind.DISTRIBUTION, _CLOUDFRONT_SECONDS),
    "cognito-idp": (CallerKind.USER_POOL, _COGNITO_SECONDS),
    "execute-api": (CallerKind.API, _REST_SECONDS),
    "alexa": (CallerKind.SKILL, _ALEXA_SECONDS),
    "connect": (CallerKind.FLOW, _CONNECT_SECONDS),
    "lex": (CallerKind.BOT, _LEX_SECONDS),
}
"""What waits, and how many seconds if it says nothing else."""
_FIXED = {CallerKind.BOT, CallerKind.SKILL}
"""What nobody can have wait longer."""
_LONGEST = {CallerKind.FLOW: 60}
"""What a block of a flow waits at most, if it invokes asynchronously (Amazon Connect Administrator
Guide, "Flow block: AWS Lambda function")."""


# -- APIs -----------------------------------------------------------------------------------------


def _of_api(read: Reader, id: str, function: str) -> Iterator[CallerTimeout]:
    """The shortest that an API waits for the function; nothing where no integration names it."""
    name = rest_api_name(read, id)
    if name is not None:
        who, most, integrations = f"the REST API {name or id}", _REST_SECONDS, _of_rest(read, id)
    else:
        api = http_api(read, id)
        if api is None:
            return
        is_http = api.protocol == "HTTP"
        kind, most = ("HTTP", _HTTP_SECONDS) if is_http else ("WebSocket", _REST_SECONDS)
        who, integrations = f"the {kind} API {api.name or id}", _of_http(read, id)
    waits = [
        most if milliseconds is None else milliseconds / 1000
        for uri, milliseconds in integrations
        if _calls(uri, function)
    ]
    if waits:
        yield CallerTimeout(who, CallerKind.API, min(waits))


def http_api(read: Reader, id: str) -> HttpApi | None:
    """The HTTP or WebSocket API of that id, None where there is none."""
    if read.bulk:
        region = REGION.resource(read.account, read.region, read.account)
        return read.of(HttpApis, region).by_id.get(id)
    api = read.one("apigatewayv2", "get_api", absent=_GONE, ApiId=id)
    return HttpApi.of({"ApiId": id, **api}) if api else None


def _of_rest(read: Reader, id: str) -> Iterator[tuple[str, int | None]]:
    """The URI and the timeout of each integration that a caller waits for."""
    for _, _, method in rest_api_methods(read, id, absent=_GONE):
        integration = method.get("methodIntegration") or {}
        if not _is_asynchronous(integration.get("requestParameters")):
            yield integration.get("uri", ""), integration.get("timeoutInMillis")


def _of_http(read: Reader, id: str) -> Iterator[tuple[str, int | None]]:
    for each in read.every("apigatewayv2", "get_integrations", "Items", absent=_GONE, ApiId=id):
        if not _is_asynchronous(each.get("RequestParameters")):
            yield each.get("IntegrationUri", ""), each.get("TimeoutInMillis")


def _is_asynchronous(parameters: Mapping[str, str] | None) -> bool:
    """Whether an integration only hands the event over (header X-Amz-Invocation-Type)."""
    return any(
        name.lower().endswith(".x-amz-invocation-type") and value.strip("'").lower() == "event"
        for name, value in (parameters or {}).items()
    )


def _calls(uri: str, function: str) -> bool:
    """Whether an integration may call the function; a stage variable may mean any."""
    return "stageVariables." in uri or any(
        found == function for found in _FUNCTION_IN.findall(uri)
    )


def _of_authorizer(read: Reader, id: str) -> Iterator[CallerTimeout]:
    """An HTTP API that asks the function whether a request is allowed."""
    if rest_api_name(read, id) is not None:
        return
    api = http_api(read, id)
    if api is not None and api.protocol == "HTTP":
        who = f"the HTTP API {api.name or id} (for its authorizer)"
        yield CallerTimeout(who, CallerKind.API, _HTTP_AUTHORIZER_SECONDS)


# -- load balancers and user pools ----------------------------------------------------------------


def _of_balancers(read: Reader, groups: tuple[str, ...]) -> Iterator[CallerTimeout]:
    if not groups:
        return
    region = REGION.resource(read.account, read.region, read.account)
    known = read.of(BalancersOfGroups, region).by_group
    for arn in sorted({arn for group in groups for arn in known.get(group, ())}):
        answer = read.one(
            "elbv2",
            "describe_load_balancer_attributes",
            absent=("LoadBalancerNotFound",),
            LoadBalancerArn=arn,
        )
        if answer is not None:
            attributes = {each["Key"]: each["Value"] for each in answer["Attributes"]}
            seconds = float(attributes["idle_timeout.timeout_seconds"])
            who = f"the load balancer {arn.split('/')[2]}"
            yield CallerTimeout(who, CallerKind.BALANCER, seconds)


def _of_user_pool(read: Reader, id: str, function: str) -> Iterator[CallerTimeout]:
    answer = read.one(
        "cognito-idp", "describe_user_pool", absent=("ResourceNotFoundException",), UserPoolId=id
    )
    triggers = ((answer or {}).get("UserPool") or {}).get("LambdaConfig") or {}
    waited_for = {
        function_name(trigger.get("LambdaArn", "") if isinstance(trigger, Mapping) else trigger)
        for name, trigger in triggers.items()
        if name not in _UNWAITED
    }
    if function in waited_for:
        yield CallerTimeout(f"the user pool {id}", CallerKind.USER_POOL, _COGNITO_SECONDS)


# -- GraphQL APIs and distributions ---------------------------------------------------------------


def _of_graphql(id: str) -> CallerTimeout:
    """AppSync calls its resolvers by a role: a policy admits it for an authorizer."""
    who = f"the GraphQL API {id} (for its authorizer)"
    return CallerTimeout(who, CallerKind.GRAPHQL, _APPSYNC_AUTHORIZER_SECONDS)


def _of_distributions(
    read: Reader, ids: tuple[str, ...], function: str
) -> Iterator[CallerTimeout]:
    if not ids:
        return
    urls = read.every(
        "lambda",
        "list_function_url_configs",
        "FunctionUrlConfigs",
        absent=("ResourceNotFoundException",),
        FunctionName=function,
    )
    hosts = {
        each["FunctionUrl"].partition("://")[2].strip("/").lower()
        for each in urls
        if each.get("InvokeMode", "BUFFERED") == "BUFFERED"
    }
    for id in ids if hosts else ():
        waits = [
            origin["CustomOriginConfig"].get("OriginReadTimeout", _CLOUDFRONT_SECONDS)
            for origin in _origins(read, id)
            if origin["DomainName"].lower() in hosts and "CustomOriginConfig" in origin
        ]
        if waits:
            yield CallerTimeout(f"the distribution {id}", CallerKind.DISTRIBUTION, min(waits))


def _origins(read: Reader, id: str) -> Sequence[Mapping[str, Any]]:
    """The origins of an enabled distribution; none of one that is gone or disabled."""
    if read.bulk:
        return read.made_once("origins by distribution", _every_origin).get(id, ())
    answer = read.one(
        "cloudfront", "get_distribution_config", absent=("NoSuchDistribution",), Id=id
    )
    return _origins_of(answer["DistributionConfig"]) if answer else ()


def _every_origin(read: Reader) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    listed = read.every("cloudfront", "list_distributions", "DistributionList.Items")
    return {each["Id"]: _origins_of(each) for each in listed}


def _origins_of(config: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found = (config.get("Origins") or {}).get("Items") or ()
    return tuple(found) if config.get("Enabled") else ()
