"""The tags that the tagging API of ministack leaves out, by service.

Runs in the environment of the embedded AWS: embedded_aws.py takes ``TAGS`` from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ministack.core.responses import get_account_id, get_region  # type: ignore[import-not-found]
from ministack.services import (  # type: ignore[import-not-found]
    cloudwatch,
    cloudwatch_logs,
    ec2,
    secretsmanager,
    stepfunctions,
)

_Tagged = Iterator[tuple[str, list[dict[str, str]]]]
_EC2_KINDS = {
    "i": "instance",
    "sg": "security-group",
    "subnet": "subnet",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}


def _listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _ec2_tags() -> _Tagged:
    for id, tags in ec2._tags.items():  # noqa: SLF001
        if kind := _EC2_KINDS.get(id.partition("-")[0]):
            yield f"arn:aws:ec2:{get_region()}:{get_account_id()}:{kind}/{id}", tags


def _secret_tags() -> _Tagged:
    for secret in secretsmanager._secrets.values():  # noqa: SLF001
        yield secret["ARN"], secret.get("Tags") or []


def _workflow_tags() -> _Tagged:
    for arn, tags in stepfunctions._tags.items():  # noqa: SLF001
        yield arn, _listed({tag["key"]: tag["value"] for tag in tags})


def _alarm_tags() -> _Tagged:
    for arn, tags in cloudwatch._resource_tags.items():  # noqa: SLF001
        yield arn, _listed(tags)


def _log_group_tags() -> _Tagged:
    for group in cloudwatch_logs._log_groups.values():  # noqa: SLF001
        yield group["arn"].removesuffix(":*"), _listed(group["tags"])


TAGS: dict[str, Callable[[], _Tagged]] = {
    "ec2": _ec2_tags,
    "secretsmanager": _secret_tags,
    "states": _workflow_tags,
    "cloudwatch": _alarm_tags,
    "logs": _log_group_tags,
}
