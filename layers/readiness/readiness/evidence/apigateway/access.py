"""What API Gateway says of who may call its APIs, before any code of theirs runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.apigateway.apis import HTTP_API, rest_api_methods
from readiness.evidence.apigateway.domains import REST_API
from readiness.model.event_fields import request_of
from readiness.model.evidence import Json, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_READS = ("apigateway:GET", "apigateway:ListRoutingRules")
_GONE = ("NotFoundException",)
_BODIES = ("createStageInput", "createDeploymentInput", "createRouteInput")
_EDGE = "EDGE"
"""Domain names of this type are in the listing for REST APIs alone."""
_OTHER = {"restApiId": "apiId", "apiId": "restApiId"}


def _api(member: str) -> Callable[[Json], str | None]:
    """The API that a call names by ``member``: calls on both kinds have the same names."""

    def named(detail: Json) -> str | None:
        request = request_of(detail) or {}
        parts = (request, *(request.get(each) for each in _BODIES))
        maps = [each for each in parts if isinstance(each, Mapping)]
        for each in maps:
            if isinstance(id := each.get(member), str) and id:
                return id
        return None if any(each.get(_OTHER[member]) for each in maps) else ""

    return named


@dataclass(frozen=True, slots=True)
class Methods:
    """The methods or routes of an API through which a call reaches something.

    ``open`` are those that ask for nothing, ``keyed`` those that ask for an API key alone,
    ``guarded`` is how many ask API Gateway to know the caller. OPTIONS answers browsers, and an
    integration of the type MOCK reaches nothing: they are left out.
    """

    open: tuple[str, ...] = ()
    keyed: tuple[str, ...] = ()
    guarded: int = 0

    @classmethod
    def of(cls, methods: Mapping[str, Mapping[str, Any]]) -> Methods:
        """From methods of a REST API by path and name; members begin with small letters."""
        free = {
            name: bool(each.get("apiKeyRequired"))
            for name, each in methods.items()
            if each.get("authorizationType", "NONE") == "NONE"
        }
        return cls(
            tuple(sorted(name for name, keyed in free.items() if not keyed)),
            tuple(sorted(name for name, keyed in free.items() if keyed)),
            len(methods) - len(free),
        )


@dataclass(frozen=True, slots=True)
class Reach:
    """By which domain names the internet reaches an API.

    ``default``: by the execute-api endpoint. ``mutual`` are names that ask for a client
    certificate, ``others`` those that do not.
    """

    default: bool = True
    mutual: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@evidence(
    REST_API,
    reads=_READS,
    changed_by=(
        api_call(
            "apigateway",
            "CreateDeployment",
            "CreateStage",
            "DeleteMethod",
            "DeleteResource",
            "DeleteStage",
            "PutMethod",
            "UpdateMethod",
            identify=_api("restApiId"),
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class RestApiAccess:
    """Who may call a REST API, as far as API Gateway decides it.

    ``policy`` is its resource policy, empty for none; ``resource`` the ARN pattern of all its
    methods. The methods are read only where the API has a stage and is not private, and the
    domain names only where the execute-api endpoint is off. Sources: GetRestApi, GetStages,
    GetResources, GetDomainNames, GetApiMappings and ListRoutingRules of HTTP APIs,
    GetDomainNames and GetBasePathMappings of REST APIs.
    """

    id: str
    name: str
    private: bool = False
    deployed: bool = True
    policy: str = ""
    resource: str = ""
    methods: Methods = Methods()
    reach: Reach = Reach()

    @classmethod
    def load(cls, read: Reader, api: Resource) -> RestApiAccess:
        about = read.one("apigateway", "get_rest_api", gone=_GONE, restApiId=api.id)
        name = about.get("name", "")
        if "PRIVATE" in ((about.get("endpointConfiguration") or {}).get("types") or ()):
            return cls(api.id, name, private=True)
        if not read.one("apigateway", "get_stages", gone=_GONE, restApiId=api.id).get("item"):
            return cls(api.id, name, deployed=False)
        methods = {
            f"{verb} {path}": method
            for path, verb, method in rest_api_methods(read, api.id, gone=_GONE)
            if verb != "OPTIONS" and (method.get("methodIntegration") or {}).get("type") != "MOCK"
        }
        arn = f"arn:{read.partition}:execute-api:{read.region}:{read.account}:{api.id}/*/*/*"
        return cls(
            api.id,
            name,
            policy=_plain(about.get("policy", "")),
            resource=arn,
            methods=Methods.of(methods),
            reach=_reach(read, api.id) if about.get("disableExecuteApiEndpoint") else Reach(),
        )


def _plain(policy: str) -> str:
    r"""A resource policy as JSON; API Gateway gives the inside of a string, ``{\"Version\"``."""
    if not policy.startswith("{\\"):
        return policy
    try:
        return str(json.loads(f'"{policy}"'))
    except ValueError:
        return policy


@evidence(
    HTTP_API,
    reads=_READS,
    changed_by=(
        api_call(
            "apigateway",
            "CreateDeployment",
            "CreateRoute",
            "CreateStage",
            "DeleteRoute",
            "DeleteStage",
            "UpdateRoute",
            identify=_api("apiId"),
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class HttpApiAccess:
    """Who may call an HTTP or WebSocket API, as far as API Gateway decides it.

    Of a WebSocket API only ``$connect`` can ask who calls; without that route anyone connects.
    Sources: GetApi, GetStages, GetRoutes, and as of RestApiAccess.
    """

    id: str
    name: str
    protocol: str = "HTTP"
    deployed: bool = True
    methods: Methods = Methods()
    reach: Reach = Reach()

    @classmethod
    def load(cls, read: Reader, api: Resource) -> HttpApiAccess:
        about = read.one("apigatewayv2", "get_api", gone=_GONE, ApiId=api.id)
        named = (api.id, about.get("Name", ""), about.get("ProtocolType", "HTTP"))
        if not read.every("apigatewayv2", "get_stages", "Items", gone=_GONE, ApiId=api.id):
            return cls(*named, deployed=False)
        routes = {
            each["RouteKey"]: {
                "authorizationType": each.get("AuthorizationType", "NONE"),
                "apiKeyRequired": each.get("ApiKeyRequired", False),
            }
            for each in read.every("apigatewayv2", "get_routes", "Items", gone=_GONE, ApiId=api.id)
            if not each["RouteKey"].startswith("OPTIONS ")
        }
        if named[-1] == "WEBSOCKET" and routes:
            routes = {"$connect": routes.get("$connect", {})}
        return cls(
            *named,
            methods=Methods.of(routes),
            reach=_reach(read, api.id) if about.get("DisableExecuteApiEndpoint") else Reach(),
        )


def _reach(read: Reader, api: str) -> Reach:
    """The domain names that lead to an API whose execute-api endpoint is off."""
    domains = read.made_once("domain names by API", _domains)
    found = domains.get(api, ())
    mutual, others = ([name for name, asks in found if asks is way] for way in (True, False))
    return Reach(False, tuple(sorted(mutual)), tuple(sorted(others)))


def _domains(read: Reader) -> dict[str, list[tuple[str, bool]]]:
    """The domain names of each API, and whether they ask for a client's certificate."""
    found: dict[str, list[tuple[str, bool]]] = {}
    for domain in read.every("apigatewayv2", "get_domain_names", "Items"):
        asks = bool((domain.get("MutualTlsAuthentication") or {}).get("TruststoreUri"))
        for api in _led_to(read, domain):
            found.setdefault(api, []).append((domain["DomainName"], asks))
    for domain in read.every("apigateway", "get_domain_names", "items"):
        types = (domain.get("endpointConfiguration") or {}).get("types") or ()
        if _EDGE in types:
            mapped = read.every(
                "apigateway",
                "get_base_path_mappings",
                "items",
                absent=_GONE,
                domainName=domain["domainName"],
            )
            for api in {each["restApiId"] for each in mapped if each.get("restApiId")}:
                found.setdefault(api, []).append((domain["domainName"], False))
    return found


def _led_to(read: Reader, domain: Mapping[str, Any]) -> set[str]:
    """The APIs that a domain name leads to, by its mappings or its routing rules.

    Its routing mode says which of them count; a domain name without one has mappings alone.
    """
    name = domain["DomainName"]
    mode = domain.get("RoutingMode", "API_MAPPING_ONLY")
    found: set[str] = set()
    if mode != "ROUTING_RULE_ONLY":
        mapped = read.every(
            "apigatewayv2", "get_api_mappings", "Items", absent=_GONE, DomainName=name
        )
        found |= {each["ApiId"] for each in mapped}
    if mode != "API_MAPPING_ONLY":
        rules = read.every(
            "apigatewayv2", "list_routing_rules", "RoutingRules", absent=_GONE, DomainName=name
        )
        actions = (action for rule in rules for action in rule.get("Actions") or ())
        found |= {action["InvokeApi"]["ApiId"] for action in actions if action.get("InvokeApi")}
    return found
