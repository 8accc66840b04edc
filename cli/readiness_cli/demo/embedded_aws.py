"""ministack with what the project leans on and it lacks; each difference is named here.

TLS: policies of the template ask for `aws:SecureTransport`, and ministack enforces them. On
127.0.0.1 there is nothing to encrypt against, so it is told that a proxy in front ended TLS.

Action names: it asks readers of a function's concurrency and of where its events go for other
actions of Lambda, and for `budgets:DescribeBudgets`, which IAM does not know. Who asks for the
parameters below a path would need to be allowed all of them, not those of the path.

Trimmed counts: it answers the statistic `TC(:N)` of CloudWatch with the average of the samples.

Alarms: beside the percentile that an alarm looks at, it tells of an Average that it does not;
and a template's alarm on metric math watches the first of its metrics alone.

Tags: the tagging API leaves out what has tags in EC2, Secrets Manager, Step Functions,
CloudWatch and CloudWatch Logs, so that nothing of it would be in the scope of a stack.

Runs as a script in the environment of the embedded AWS.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from ministack import app  # type: ignore[import-not-found]
from ministack.core import iam_actions  # type: ignore[import-not-found]
from ministack.core.responses import get_account_id, get_region  # type: ignore[import-not-found]
from ministack.services import (  # type: ignore[import-not-found]
    cloudwatch,
    cloudwatch_logs,
    ec2,
    secretsmanager,
    stepfunctions,
    tagging,
)
from ministack.services.cloudformation import provisioners  # type: ignore[import-not-found]

_FORWARDED = (b"x-forwarded-proto", b"https")
_TRIMMED_COUNT = re.compile(r"TC\(:([0-9.]+)\)")
_READ_OF_FUNCTION = {
    "concurrency": "lambda:GetFunctionConcurrency",
    "event-invoke-config/list": "lambda:ListFunctionEventInvokeConfigs",
    "provisioned-concurrency": "lambda:ListProvisionedConcurrencyConfigs",
    "recursion-config": "lambda:GetFunctionRecursionConfig",
}
_plain: Callable[..., Awaitable[None]] = app.app
_named: Callable[..., str | None] = iam_actions.extract_iam_action
_located: Callable[..., str] = iam_actions.extract_resource_arn
_put_alarm: Callable[..., object] = cloudwatch._put_metric_alarm  # noqa: SLF001
_of_template: Callable[..., object] = provisioners._cw_metric_alarm_record  # noqa: SLF001
_valued: Callable[..., float | None] = cloudwatch._stat_value  # noqa: SLF001


async def _behind_tls(scope: dict[str, Any], receive: object, send: object) -> None:
    if "headers" in scope:
        scope = scope | {"headers": [*scope["headers"], _FORWARDED]}
    await _plain(scope, receive, send)


def _action(service: str, method: str, path: str, *more: object, **named: object) -> str | None:
    action = _named(service, method, path, *more, **named)
    if service == "lambda" and method == "GET":
        return _READ_OF_FUNCTION.get("/".join(path.split("/")[4:]), action)
    if action is not None and action.startswith("budgets:Describe"):
        return "budgets:ViewBudget"
    return action


def _resource(
    service: str,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query: dict[str, Any],
    region: str,
    account: str,
) -> str:
    arn = _located(service, method, path, headers, body, query, region, account)
    if service == "ssm" and arn == "*" and b'"Path"' in body:
        return f"arn:aws:ssm:{region}:{account}:parameter{json.loads(body)['Path']}"
    return arn


def _statistic(stats: object, name: str, points: Any = None) -> float | None:
    trimmed = _TRIMMED_COUNT.fullmatch(name)
    if not trimmed:
        return _valued(stats, name, points)
    samples = cloudwatch._percentile_samples(points or [])  # noqa: SLF001
    if samples is None:
        return None
    return float(sum(weight for value, weight in samples if value <= float(trimmed[1])))


def _alarm(*request: object) -> object:
    answer = _put_alarm(*request)
    for alarm in cloudwatch._alarms.values():  # noqa: SLF001
        if alarm.get("ExtendedStatistic"):
            alarm["Statistic"] = None
    return answer


def _alarm_of_template(name: str, properties: Mapping[str, Any]) -> object:
    queries = properties.get("Metrics")
    if not queries:
        return _of_template(name, properties)
    first = next(query["MetricStat"] for query in queries if "MetricStat" in query)
    watched = {"Period": first["Period"], "Statistic": first["Stat"], **first["Metric"]}
    rest = {name: value for name, value in properties.items() if name != "Metrics"}
    return _of_template(name, rest | watched)


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


_TAGS: dict[str, Callable[[], _Tagged]] = {
    "ec2": _ec2_tags,
    "secretsmanager": _secret_tags,
    "states": _workflow_tags,
    "cloudwatch": _alarm_tags,
    "logs": _log_group_tags,
}


if __name__ == "__main__":
    app.app = _behind_tls
    iam_actions.extract_iam_action = _action
    iam_actions.extract_resource_arn = _resource
    cloudwatch._stat_value = _statistic  # noqa: SLF001
    cloudwatch._put_metric_alarm = _alarm  # noqa: SLF001
    provisioners._cw_metric_alarm_record = _alarm_of_template  # noqa: SLF001
    tagging._COLLECTORS |= _TAGS  # noqa: SLF001
    sys.exit(app.main())
