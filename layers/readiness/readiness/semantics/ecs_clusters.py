"""The ECS cluster that a metric names: two clusters may have services of the same name."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAMES = frozenset(
    {
        *("cluster", "clustername", "clusterarn"),
        *("ecscluster", "ecsclustername", "ecsclusterarn"),
        *("awsecscluster", "awsecsclustername", "awsecsclusterarn"),
    }
)
"""``ClusterName`` of Container Insights, ``aws.ecs.cluster.arn`` of OpenTelemetry, and so on."""


def cluster_in(dimensions: Iterable[tuple[str, str]]) -> str:
    """The name of the cluster, also of its ARN; empty where no dimension names one."""
    for name, value in dimensions:
        if re.sub(r"[^a-z]", "", name.casefold()) in _NAMES:
            return value.rpartition("/")[2]
    return ""


def is_elsewhere(dimensions: Iterable[tuple[str, str]], cluster: str) -> bool:
    """Whether they name another cluster than this one."""
    named = cluster_in(dimensions)
    return bool(named and cluster) and named.casefold() != cluster.casefold()
