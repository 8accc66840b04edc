"""What lets a workload degrade instead of failing, as far as APIs show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.cloudfront import DISTRIBUTIONS_CHANGED, DISTRIBUTIONS_MADE
from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.polling import is_off

_FLAGS = "AWS.AppConfig.FeatureFlags"
_DEFAULT_RATE = 10_000
"""Requests a second of the account in a region: a limit at or above it limits nothing."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One mechanism that is in place. ``kind`` tells mechanisms apart, ``text`` says where."""

    kind: str
    text: str


@evidence(
    REGION,
    reads=(
        "appconfig:ListApplications",
        "appconfig:ListConfigurationProfiles",
        "appconfig:ListEnvironments",
        "appconfig:ListDeployments",
        "apigateway:GET",
        "cloudfront:ListDistributions",
        "lambda:ListEventSourceMappings",
    ),
    changed_by=(
        api_call(
            "appconfig",
            "StartDeployment",
            "StopDeployment",
            "CreateConfigurationProfile",
            "UpdateConfigurationProfile",
            "DeleteConfigurationProfile",
            "CreateEnvironment",
            "UpdateEnvironment",
            "DeleteEnvironment",
        ),
        api_call("apigateway", "CreateUsagePlan", "UpdateUsagePlan", "DeleteUsagePlan"),
        api_call("cloudfront", *DISTRIBUTIONS_MADE, *DISTRIBUTIONS_CHANGED),
        api_call(
            "lambda",
            "CreateEventSourceMapping*",
            "UpdateEventSourceMapping*",
            "DeleteEventSourceMapping*",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class Degradation:
    """The mechanisms of the region that shed load or switch features off.

    Feature flags that are deployed to an environment with an alarm that rolls them back; usage
    plans that throttle below the account's limit; queue consumers with a limit of their own;
    distributions that fail over to a second origin. Sources: AppConfig's listings, GetUsagePlans,
    ListEventSourceMappings, ListDistributions.
    """

    signals: tuple[Signal, ...]

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Degradation:
        return cls(
            (*_flags(read), *_usage_plans(read), *_limited_consumers(read), *_origins(read))
        )

    @property
    def kinds(self) -> tuple[str, ...]:
        """The different mechanisms, each once."""
        return tuple(dict.fromkeys(signal.kind for signal in self.signals))


def _flags(read: Reader) -> Iterator[Signal]:
    for application in read.every("appconfig", "list_applications", "Items"):
        id = application["Id"]
        flags = {
            profile["Name"]
            for profile in read.every(
                "appconfig",
                "list_configuration_profiles",
                "Items",
                absent=("ResourceNotFoundException",),
                ApplicationId=id,
            )
            if profile.get("Type") == _FLAGS
        }
        if not flags:
            continue
        environments = read.every(
            "appconfig",
            "list_environments",
            "Items",
            absent=("ResourceNotFoundException",),
            ApplicationId=id,
        )
        for environment in environments:
            if not environment.get("Monitors"):
                continue
            deployed = read.every(
                "appconfig",
                "list_deployments",
                "Items",
                absent=("ResourceNotFoundException",),
                ApplicationId=id,
                EnvironmentId=environment["Id"],
            )
            on = {d.get("ConfigurationName") for d in deployed if d.get("State") == "COMPLETE"}
            for name in sorted(flags & {each for each in on if each}):
                yield Signal(
                    "feature flags",
                    f"feature flags {name} in {application['Name']}/{environment['Name']}",
                )


def _usage_plans(read: Reader) -> Iterator[Signal]:
    for plan in read.every("apigateway", "get_usage_plans", "items"):
        throttle = plan.get("throttle") or {}
        rate = throttle.get("rateLimit")
        if plan.get("apiStages") and rate is not None and 0 < rate < _DEFAULT_RATE:
            yield Signal("throttling", f"usage plan {plan['name']} ({rate:g} requests/s)")


def _limited_consumers(read: Reader) -> Iterator[Signal]:
    for each in read.every("lambda", "list_event_source_mappings", "EventSourceMappings"):
        limit = (each.get("ScalingConfig") or {}).get("MaximumConcurrency")
        if limit and ":sqs:" in each.get("EventSourceArn", "") and not is_off(each.get("State")):
            queue = each["EventSourceArn"].rpartition(":")[2]
            yield Signal("load levelling", f"queue {queue}, at most {limit} consumers")


def _origins(read: Reader) -> Iterator[Signal]:
    for each in read.every("cloudfront", "list_distributions", "DistributionList.Items"):
        groups: Mapping[str, Any] = each.get("OriginGroups") or {}
        used = _origins_used(each)
        names = [g["Id"] for g in groups.get("Items") or () if g["Id"] in used]
        if names and each.get("Enabled"):
            yield Signal("origin failover", f"distribution {each['Id']}, origin group {names[0]}")


def _origins_used(distribution: Mapping[str, Any]) -> set[str]:
    behaviours = [
        distribution.get("DefaultCacheBehavior") or {},
        *((distribution.get("CacheBehaviors") or {}).get("Items") or ()),
    ]
    return {str(each.get("TargetOriginId", "")) for each in behaviours}
