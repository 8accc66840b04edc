"""AWS's documented request rates in front of a fake account: what goes beyond them is throttled.

The numbers stand here once more, apart from those that the engine keeps to. Time is virtual: it
moves when somebody waits, so that hours of a sweep take seconds.
"""

from __future__ import annotations

import functools
import math
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from botocore import xform_name

from readiness.engine import settings
from readiness.engine.aws import Aws
from readiness.engine.evaluate import Evaluation
from readiness.engine.observation import Observation
from readiness.engine.pacing import IN_A_SWEEP, Pacer
from readiness.engine.page_sizes import PAGE_SIZES
from readiness.engine.survey import Coverage, Cursor, survey
from readiness.model.rule import Heading
from tests.fake_account import ACCOUNT_ID, HOME, NOON, Client, FakeAccount, error, service_model
from tests.virtual_time import VirtualClock

LEG, SPARE, LAST = 300, 45, 20
"""Seconds of an invocation, those left when no more resources are begun, and no more calls made."""


@dataclass
class Quota:
    """A documented bucket: requests a second, how many at once, what was asked and refused."""

    name: str
    per_second: float
    burst: float
    tokens: float = 0
    at: float = 0
    asked: int = 0
    refused: int = 0
    first: float = -1
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def spend(self, now: float) -> bool:
        """Whether AWS answers a request that comes now."""
        with self.lock:
            self.first = now if self.first < 0 else self.first
            self.tokens = min(self.burst, self.tokens + (now - self.at) * self.per_second)
            self.at = max(self.at, now)
            if self.tokens < 1:
                self.refused += 1
                return False
            self.tokens -= 1
            self.asked += 1
            return True

    def taken(self, now: float) -> float:
        """Which part of what the bucket gives was taken, the burst included."""
        given = self.burst + (now - max(self.first, 0)) * self.per_second
        return self.asked / given


def documented() -> list[tuple[tuple[str, str], Quota]]:
    """(service, prefix of the client method) → its bucket; the first that fits is spent."""
    gateway = Quota("API Gateway", 10, 40)
    definitions = Quota("ECS task definition reads", 20, 50)
    services, tasks = Quota("ECS service reads", 20, 100), Quota("ECS task reads", 20, 100)
    return [
        (("lambda", "get_policy"), Quota("Lambda GetPolicy", 15, 15)),
        (("lambda", ""), Quota("Lambda control plane", 15, 15)),
        (("apigateway", "get_resources"), Quota("API Gateway GetResources", 2.5, 5)),
        (("apigateway", ""), gateway),
        (("apigatewayv2", ""), gateway),
        (("route53", ""), Quota("Route 53", 5, 5)),
        (("logs", "describe_log_groups"), Quota("DescribeLogGroups", 10, 10)),
        (("logs", "describe_log_streams"), Quota("DescribeLogStreams", 25, 25)),
        (("cloudwatch", "describe_alarms"), Quota("DescribeAlarms", 9, 9)),
        (("cloudwatch", "list_metrics"), Quota("ListMetrics", 25, 25)),
        (("cloudwatch", "get_dashboard"), Quota("GetDashboard", 10, 10)),
        (("ecs", "describe_task_definition"), definitions),
        (("elbv2", "describe_"), Quota("Load balancer reads", 10, 40)),
        (("resourcegroupstaggingapi", ""), Quota("GetResources", 15, 15)),
        (("dynamodb", "describe_continuous_backups"), Quota("DescribeContinuousBackups", 10, 10)),
        (("dynamodb", "list_backups"), Quota("ListBackups", 5, 5)),
        (("kinesis", "describe_stream_summary"), Quota("DescribeStreamSummary", 20, 20)),
        (("kinesis", "list_streams"), Quota("ListStreams", 5, 5)),
        (("firehose", "describe_delivery_stream"), Quota("DescribeDeliveryStream", 5, 5)),
        (("firehose", "list_delivery_streams"), Quota("ListDeliveryStreams", 5, 5)),
        (("sns", "list_subscriptions_by_topic"), Quota("ListSubscriptionsByTopic", 30, 30)),
        (("sns", "list_subscriptions"), Quota("ListSubscriptions", 30, 30)),
        (("sns", "list_topics"), Quota("ListTopics", 30, 30)),
        (("logs", "describe_metric_filters"), Quota("DescribeMetricFilters", 5, 5)),
        (("logs", "describe_subscription_filters"), Quota("DescribeSubscriptionFilters", 5, 5)),
        (("cloudwatch", "get_metric_data"), Quota("GetMetricData", 50, 50)),
        (("cloudwatch", "list_dashboards"), Quota("ListDashboards", 10, 10)),
        (("cloudwatch", "describe_alarm_history"), Quota("DescribeAlarmHistory", 20, 20)),
        (("cloudwatch", "describe_anomaly"), Quota("DescribeAnomalyDetectors", 10, 10)),
        (("cloudtrail", "lookup_events"), Quota("LookupEvents", 2, 2)),
        (("ecs", "describe_services"), services),
        (("ecs", "list_services"), services),
        (("ecs", "describe_tasks"), tasks),
        (("ecs", "list_tasks"), tasks),
        (("ecs", "list_task_definitions"), definitions),
        (("stepfunctions", "list_state_machines"), Quota("ListStateMachines", 5, 100)),
        (
            ("stepfunctions", "list_state_machine_aliases"),
            Quota("ListStateMachineAliases", 1, 100),
        ),
        (
            ("stepfunctions", "describe_state_machine_alias"),
            Quota("DescribeStateMachineAlias", 1, 200),
        ),
        (("stepfunctions", "describe_state_machine"), Quota("DescribeStateMachine", 20, 200)),
        (("ssm", "get_parameter"), Quota("SSM GetParameter", 40, 40)),
        (("ec2", "describe_"), Quota("EC2 reads", 20, 100)),
        (("secretsmanager", "list_secrets"), Quota("ListSecrets", 100, 100)),
    ]


def bucket_of(
    quotas: Iterable[tuple[tuple[str, str], Quota]], service: str, operation: str
) -> Quota | None:
    """The bucket that a call spends; None where AWS documents none."""
    for (of, prefix), quota in quotas:
        if of == service and operation.startswith(prefix) and operation != "invoke":
            return quota
    return None


class LimitedAccount(FakeAccount):
    """A fake account that answers as fast as AWS does and no faster, over virtual time."""

    def __init__(self, answers: Any, clock: VirtualClock) -> None:
        super().__init__(answers)
        self.clock = clock
        self.quotas = documented()

    def client(self, service: str, **_: Any) -> LimitedClient:
        return LimitedClient(self, service)

    def quota(self, service: str, operation: str) -> Quota | None:
        return bucket_of(self.quotas, service, operation)

    @property
    def buckets(self) -> list[Quota]:
        """Every bucket that was asked for anything."""
        return list({id(q): q for _, q in self.quotas if q.asked + q.refused}.values())


class LimitedClient(Client):
    """A client with the events of botocore's that the pacer listens to, and its four attempts."""

    def __init__(self, fake_account: LimitedAccount, service: str) -> None:
        super().__init__(fake_account, service)
        self._limited = fake_account
        self._hooks: list[Callable[..., None]] = []
        self.meta = SimpleNamespace(
            endpoint_url=f"https://{service}.{HOME}.amazonaws.com",
            events=SimpleNamespace(register_first=lambda _, hook: self._hooks.append(hook)),
            method_to_api_mapping=_methods(service),
            service_model=service_model(service),
        )

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        answered = super().__getattr__(operation)

        def call(**params: Any) -> Any:
            self._sent(operation)
            return answered(**params)

        return call

    def _sent(self, operation: str) -> None:
        quota = self._limited.quota(self._service, operation)
        for attempt in range(4):
            for hook in self._hooks:
                hook(operation_name=_methods(self._service)[operation])
            if quota is None or quota.spend(self._limited.clock.now()):
                return
            self._limited.clock.wait_until(self._limited.clock.now() + 0.5 * 2**attempt)
        raise error("ThrottlingException", 429)

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=lambda **params: self._in_pages(operation, params))

    def _in_pages(self, operation: str, params: dict[str, Any]) -> Iterable[Any]:
        """The whole answer as one page, at the price of as many requests as it has pages."""
        page = getattr(self, operation)(**params)
        _, size = PAGE_SIZES.get((self._service, operation), ("", 100))
        items = max((len(each) for each in page.values() if isinstance(each, list)), default=0)
        for _ in range(1, math.ceil(items / size)):
            self._sent(operation)
        yield page


@functools.cache
def _methods(service: str) -> dict[str, str]:
    return {xform_name(name): name for name in service_model(service).operation_names}


@dataclass(frozen=True)
class Swept:
    """What a heading's sweep came to: its legs, its observations, and how long it took."""

    legs: int
    seen: list[Observation]
    seconds: float

    @property
    def blind(self) -> list[Observation]:
        """What could not be judged because of a rate."""
        return [o for o in self.seen if o.finding and "throttled" in o.finding.reason]

    @property
    def twice(self) -> list[tuple[str, str]]:
        counted = Counter((o.rule.id, o.resource.key) for o in self.seen)
        return [key for key, times in counted.items() if times > 1]


def sweep(heading: Heading, fake_account: LimitedAccount, *, paced: bool = True) -> Swept:
    """Sweep a heading leg by leg, as the state machine does, over virtual time.

    One thread at a time: the clock of a thread that waits long moves on for the others too, and
    what they meant to ask one after the other would come at once.
    """
    engine = "readiness.engine"
    with patch(f"{engine}.survey._THREADS", 1), patch(f"{engine}.reader._TOGETHER", 1):
        return _sweep(heading, fake_account, paced=paced)


def _sweep(heading: Heading, fake_account: LimitedAccount, *, paced: bool) -> Swept:
    clock, began = fake_account.clock, fake_account.clock.now()
    pacer, clients = Pacer(IN_A_SWEEP, clock), {}
    if not paced:
        pacer.attach = lambda *_: None  # type: ignore[method-assign]
    configured = settings.configure(heading, {})
    seen: list[Observation] = []
    cursor: Cursor | None = None
    for leg in range(1, 200):
        start = clock.now()
        pacer.begin(IN_A_SWEEP, seconds=LEG - LAST, resumes=True)
        read = Aws(
            fake_account,  # type: ignore[arg-type]
            account=ACCOUNT_ID,
            region=HOME,
            now=lambda: NOON,
            bulk=True,
            clients=clients,
            pacer=pacer,
        )
        coverage = Coverage()
        seen += survey(
            Evaluation(read, configured),
            list(heading),
            coverage,
            start=cursor,
            enough=lambda start=start: clock.now() - start > LEG - SPARE,
        )
        if coverage.cursor is None:
            return Swept(leg, seen, clock.now() - began)
        assert coverage.cursor != cursor, f"{heading.folder}: leg {leg} got nowhere"
        cursor = coverage.cursor
    raise AssertionError(f"{heading.folder} does not end")
