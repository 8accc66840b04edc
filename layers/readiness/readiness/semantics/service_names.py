"""The names of AWS services: in environment variables, VPC endpoints and hosted zones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from readiness.semantics.policy import Document
from readiness.semantics.policy_patterns import HOST_SUFFIX

GATEWAY = frozenset({"s3", "dynamodb"})
"""Services with gateway endpoints, which are entries in route tables."""

OF_ECS = frozenset({"ecr.api", "ecr.dkr", "logs", "s3", "secretsmanager", "kms", "sts"})
"""What tasks need to start (image layers are in S3), to log, and to get secrets and a role."""

_OF_LAMBDA = ("secretsmanager", "kms", "s3", "dynamodb")
"""Without logs: Lambda itself sends them, from outside of the VPC."""

_IN_VALUES = {
    service: re.compile(
        rf"arn:aws[a-z-]*:{service}:|\b{service}([.-][a-z0-9-]+)?\.{HOST_SUFFIX}", re.IGNORECASE
    )
    for service in _OF_LAMBDA
}
_S3_URL = re.compile(r"\bs3://", re.IGNORECASE)
_IN_NAMES = {
    "secretsmanager": re.compile(r"SECRETS?_?MANAGER|SECRET_(ARN|ID|NAME)", re.IGNORECASE),
    "kms": re.compile(r"(^|_)KMS(_|$)", re.IGNORECASE),
    "s3": re.compile(r"(^|_)S3(_|$)|BUCKET", re.IGNORECASE),
    "dynamodb": re.compile(r"DYNAMO|TABLE_(ARN|NAME)", re.IGNORECASE),
}


def services_named(environment: Mapping[str, str]) -> frozenset[str]:
    """The services that a function's environment variables refer to."""
    named = set()
    for name, value in environment.items():
        named |= {service for service, hint in _IN_NAMES.items() if hint.search(name)}
        named |= {service for service, hint in _IN_VALUES.items() if hint.search(value)}
        if _S3_URL.search(value):
            named.add("s3")
    return frozenset(named)


def services_allowed(policies: Iterable[Document]) -> frozenset[str]:
    """The services whose actions the policies allow by name; a ``*`` names none."""
    actions = (
        action
        for policy in policies
        for statement in policy.statements
        if statement.allows
        for action in statement.actions
    )
    prefixes = {action.partition(":")[0].lower() for action in actions if ":" in action}
    return frozenset(prefixes.intersection(_OF_LAMBDA))


def service_of_endpoint(service_name: str, region: str, dns_suffix: str) -> str:
    """``secretsmanager`` of ``com.amazonaws.<region>.secretsmanager`` or its ``-fips`` twin.

    Empty for a service of another provider or region. Other partitions write their own suffix in
    reverse (``cn.com.amazonaws``), except in the names of some services.
    """
    owner, found, service = service_name.partition(f".{region}.")
    own = ".".join(reversed(dns_suffix.split(".")))
    is_of_aws = bool(found) and owner in {"com.amazonaws", own}
    return service.removesuffix("-fips") if is_of_aws else ""


def service_of_zone(zone: str, region: str, dns_suffix: str) -> str:
    """``ecr.api`` of the hosted zone ``api.ecr.<region>.amazonaws.com.``; empty for any other."""
    host = zone.rstrip(".").lower()
    end = f".{region}.{dns_suffix}"
    if not host.endswith(end):
        return ""
    return ".".join(reversed(host.removesuffix(end).split("."))).removesuffix("-fips")
