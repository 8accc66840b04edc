"""The parameters of RDS's parameter groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from readiness.model.reader import Reader


def group_parameters(
    read: Reader, group: str, names: Sequence[str], *, of_cluster: bool
) -> Sequence[Mapping[str, Any]]:
    """What a group of an instance or a cluster says of the parameters of these names.

    Raises Unreadable. Sources: DescribeDBParameters, DescribeDBClusterParameters.
    """
    wanted = [{"Name": "parameter-name", "Values": list(names)}]
    if of_cluster:
        return read.every(
            "rds",
            "describe_db_cluster_parameters",
            "Parameters",
            DBClusterParameterGroupName=group,
            Filters=wanted,
        )
    return read.every(
        "rds",
        "describe_db_parameters",
        "Parameters",
        DBParameterGroupName=group,
        Filters=wanted,
    )
