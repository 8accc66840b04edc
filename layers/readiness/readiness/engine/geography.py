"""Partitions, regions and which services they have, as botocore's endpoint data say.

Every client loads the same data, so that asking here costs nothing more. The data are as old as
the SDK: a service that they do not list may have come to a region since, so its name is looked up
before it is called absent.
"""

from __future__ import annotations

import functools
import os
import re
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader, create_loader

from readiness.model.resource import GLOBAL

DEFAULT_PARTITION = "aws"
"""Where botocore puts a region whose name it does not know."""
_CONSOLE_WITHOUT_MODEL = "console.aws.amazon.com"
"""The console of ``aws`` for an SDK that has no model of sign-in yet."""

Json = Mapping[str, Any]


class Geography:
    """What one loader's endpoint data say."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    @functools.cached_property
    def _partitions(self) -> dict[str, Json]:
        return {each["id"]: each for each in self._loader.load_data("partitions")["partitions"]}

    @functools.cached_property
    def _endpoints(self) -> dict[str, Json]:
        data = self._loader.load_data("endpoints")["partitions"]
        return {each["partition"]: each for each in data}

    def partition(self, region: str) -> str:
        """The partition of a region: ``aws``, ``aws-cn``, ``aws-us-gov``, ``aws-eusc``."""
        for name, each in self._partitions.items():
            if region in each["regions"] or re.match(each["regionRegex"], region):
                return name
        return DEFAULT_PARTITION

    def dns_suffix(self, region: str) -> str:
        """What the hosts of the region's partition end with: ``amazonaws.com.cn``."""
        return str(self._partitions[self.partition(region)]["outputs"]["dnsSuffix"])

    def home(self, region: str, service: str = "") -> str:
        """The region where a global service of the partition of ``region`` has its home.

        Without a service, or for one that is not global: the home of the whole partition.
        """
        partition = self.partition(region)
        if service:
            about = self._service(partition, service)
            scope = self._global_endpoint(about).get("credentialScope") or {}
            if scope.get("region"):
                return str(scope["region"])
        return str(self._partitions[partition]["outputs"]["implicitGlobalRegion"])

    def is_global(self, service: str, region: str) -> bool:
        """Whether the service has one region for the whole partition, as IAM has."""
        about = self._service(self.partition(region), service)
        return bool(self._global_endpoint(about)) and not about.get("isRegionalized", True)

    def console(self, region: str) -> str:
        """The host of the console in a region, which is that of the sign-in next to it."""
        try:
            rules = self._loader.load_service_model("signin", "endpoint-rule-set-1")
            found = EndpointProvider(rules, self._loader.load_data("partitions")).resolve_endpoint(
                Region=region, UseFIPS=False, UseDualStack=False
            )
        except BotoCoreError:
            if self.partition(region) == DEFAULT_PARTITION:
                return f"{region}.{_CONSOLE_WITHOUT_MODEL}"
            return f"{region}.console.{self.dns_suffix(region)}"
        return str(urlsplit(found.url).hostname).replace("signin", "console", 1)

    def regions(self) -> frozenset[str]:
        """Every region that the SDK knows."""
        return frozenset(name for each in self._endpoints.values() for name in each["regions"])

    def lacks(self, service: str, region: str) -> bool:
        """Whether the data know the region and the service, and the service is not there."""
        partition = self.partition(region)
        known = self._endpoints.get(partition, {})
        if region not in known.get("regions", ()):
            return False
        if region in known["services"].get(service, {}).get("endpoints", ()):
            return False
        about = self._service(partition, service)
        if not about:
            elsewhere = any(self._service(each, service) for each in self._endpoints)
            return elsewhere and not self._is_named(service, partition)
        return region not in about["endpoints"] and not self._global_endpoint(about)

    def is_absent(self, service: str, region: str) -> bool:
        """Whether the region lacks the service, and no host answers to its name there.

        With an endpoint set in the environment there is no name to look up.
        """
        if not self.lacks(service, region):
            return False
        if any(name.startswith("AWS_ENDPOINT_URL") for name in os.environ):
            return True
        host = f"{self._prefix(service)}.{region}.{self.dns_suffix(region)}"
        return not self.resolves(host)

    def has_no_host(self, service: str, region: str, url: str) -> bool:
        """Whether a service that the data list nowhere, as FIS, has no host in the region.

        ``url`` is where a call found nobody. A resolver that is busy says nothing, and neither
        does one that has no address of the region's STS.
        """
        if any(self._service(each, service) for each in self._endpoints):
            return False
        host = urlsplit(url).hostname or ""
        return _is_no_name(host) and self.resolves(f"sts.{region}.{self.dns_suffix(region)}")

    def resolves(self, host: str) -> bool:
        """Whether the name has an address."""
        try:
            socket.getaddrinfo(host, 443)
        except OSError:
            return False
        return True

    def _service(self, partition: str, service: str) -> Json:
        found: Json = self._endpoints[partition]["services"].get(self._prefix(service), {})
        return found if "endpoints" in found else {}

    def _global_endpoint(self, about: Json) -> Json:
        found: Json = about.get("endpoints", {}).get(about.get("partitionEndpoint", ""), {})
        return found

    def _is_named(self, service: str, partition: str) -> bool:
        """Whether the service's own endpoint rules name a partition that the list leaves out.

        IAM in ``aws-eusc`` is such a case.
        """
        try:
            rules = self._loader.load_service_model(service, "endpoint-rule-set-1")
        except BotoCoreError:
            return True
        return any(_names(each, partition) for each in rules["rules"])

    def _prefix(self, service: str) -> str:
        try:
            model = self._loader.load_service_model(service, "service-2")
        except BotoCoreError:
            return service
        return str(model["metadata"]["endpointPrefix"])


def _is_no_name(host: str) -> bool:
    """Whether the resolver says that there is no such name, and not that it cannot tell now."""
    try:
        socket.getaddrinfo(host, 443)
    except socket.gaierror as error:
        return error.errno != socket.EAI_AGAIN
    except OSError:
        return False
    return False


def _names(rule: Json, partition: str) -> bool:
    said = any(
        condition["fn"] == "stringEquals" and partition in condition["argv"]
        for condition in rule["conditions"]
    )
    return said or any(_names(inner, partition) for inner in rule.get("rules", ()))


@functools.cache
def default() -> Geography:
    """What the installed SDK says."""
    return Geography(create_loader())


def console_host(region: str) -> str:
    """The console's host for a region; for a global resource, that of the partition's home.

    The region of the environment then says which partition is meant.
    """
    if region == GLOBAL:
        here = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
        region = default().home(here)
    return default().console(region)
