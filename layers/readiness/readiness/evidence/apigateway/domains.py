"""What API Gateway says of the endpoints it serves: custom domain names and REST APIs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.model.evidence import ResourceType, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


def _rest_domains(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every("apigateway", "get_domain_names", "items")


def _http_domains(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every("apigatewayv2", "get_domain_names", "Items")


def _rest_id(domain: Mapping[str, Any]) -> str:
    """The name, and for a private domain, of which several can have one name, its id too."""
    id = domain.get("domainNameId")
    return f"{domain['domainName']}+{id}" if id else str(domain["domainName"])


def _find_domains(read: Reader) -> Iterable[str]:
    """A regional domain name can serve REST and HTTP APIs and stands in both listings."""
    http = [each["DomainName"] for each in _http_domains(read)]
    return [*map(_rest_id, _rest_domains(read)), *http]


def _domain_of(detail: Mapping[str, Any]) -> str:
    """The id of the domain in an API call, as ``find`` has it; empty where none is named."""
    asked = _within(detail, "requestParameters")
    answered = _within(detail, "responseElements")
    created = _within(asked, "createDomainNameInput")
    name = asked.get("domainName") or created.get("domainName")
    if not isinstance(name, str):
        return ""
    id = asked.get("domainNameId") or answered.get("domainNameId")
    return f"{name}+{id}" if isinstance(id, str) else name


def _within(detail: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = detail.get(name)
    return inner if isinstance(inner, Mapping) else {}


_DOMAIN_CALLS = ("CreateDomainName", "UpdateDomainName", "DeleteDomainName")

DOMAIN = ResourceType(
    "AWS::ApiGateway::DomainName",
    _find_domains,
    find_reads=("apigateway:GET",),
    changed_by=(api_call("apigateway", *_DOMAIN_CALLS, identify=_domain_of),),
    identify=None,
    arn="arn:{partition}:apigateway:{region}::/domainnames/{id}",
)


@evidence(DOMAIN, reads=("apigateway:GET",))
@dataclass(frozen=True, slots=True)
class DomainSecurity:
    """The security policy of each endpoint of a custom domain name, and whether it is private.

    A policy names the lowest TLS version accepted: ``TLS_1_0``, ``TLS_1_2``,
    ``SecurityPolicy_TLS13_…``. Sources: GetDomainNames, GetDomainName of REST and of HTTP APIs.
    """

    policies: tuple[str, ...]
    private: bool = False

    @classmethod
    def load(cls, read: Reader, domain: Resource) -> DomainSecurity:
        name, _, id = domain.id.partition("+")
        private = {"domainNameId": id} if id else {}
        rest = read.one(
            "apigateway",
            "get_domain_name",
            absent=("NotFoundException",),
            domainName=name,
            **private,
        )
        if rest is not None:
            return cls._of_rest(rest)
        http = read.one(
            "apigatewayv2", "get_domain_name", gone=("NotFoundException",), DomainName=name
        )
        return cls._of_http(http)

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, DomainSecurity]:
        http = {each["DomainName"]: cls._of_http(each) for each in _http_domains(read)}
        return http | {_rest_id(each): cls._of_rest(each) for each in _rest_domains(read)}

    @classmethod
    def _of_rest(cls, domain: Mapping[str, Any]) -> DomainSecurity:
        types = (domain.get("endpointConfiguration") or {}).get("types") or ()
        return cls((domain.get("securityPolicy", ""),), "PRIVATE" in types)

    @classmethod
    def _of_http(cls, domain: Mapping[str, Any]) -> DomainSecurity:
        endpoints = domain.get("DomainNameConfigurations") or ()
        return cls(tuple(each.get("SecurityPolicy", "") for each in endpoints))


def _rest_apis(read: Reader) -> Sequence[Mapping[str, Any]]:
    return read.every("apigateway", "get_rest_apis", "items")


REST_API = ResourceType(
    "AWS::ApiGateway::RestApi",
    lambda read: [api["id"] for api in _rest_apis(read)],
    find_reads=("apigateway:GET",),
    changed_by=(
        api_call("apigateway", "CreateRestApi", "ImportRestApi", id="responseElements.id"),
        api_call(
            "apigateway",
            "UpdateRestApi",
            "PutRestApi",
            "DeleteRestApi",
            id="requestParameters.restApiId",
        ),
    ),
    arn="arn:{partition}:apigateway:{region}::/restapis/{id}",
)


@evidence(REST_API, reads=("apigateway:GET",))
@dataclass(frozen=True, slots=True)
class DefaultEndpoint:
    """The ``execute-api`` endpoint of a REST API.

    ``policy`` is its security policy, empty where API Gateway does not tell one. Sources:
    GetRestApis, GetRestApi.
    """

    enabled: bool
    policy: str = ""
    private: bool = False

    @classmethod
    def load(cls, read: Reader, api: Resource) -> DefaultEndpoint:
        return cls._of(
            read.one("apigateway", "get_rest_api", gone=("NotFoundException",), restApiId=api.id)
        )

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, DefaultEndpoint]:
        return {each["id"]: cls._of(each) for each in _rest_apis(read)}

    @classmethod
    def _of(cls, api: Mapping[str, Any]) -> DefaultEndpoint:
        types = (api.get("endpointConfiguration") or {}).get("types") or ()
        return cls(
            enabled=not api.get("disableExecuteApiEndpoint"),
            policy=api.get("securityPolicy", ""),
            private="PRIVATE" in types,
        )
