"""What an account of any size has: things by their numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from botocore import xform_name

ACCOUNT, REGION = "111122223333", "us-east-1"


@dataclass(frozen=True)
class Size:
    """How many there are of each thing."""

    buckets: int = 10_000
    functions: int = 5_000
    roles: int = 5_000
    alarms: int = 20_000
    log_groups: int = 10_000
    services: int = 3_000
    tables: int = 2_500
    databases: int = 1_000
    apis: int = 1_000

    def times(self, share: float) -> Size:
        return Size(*(max(1, round(value * share)) for value in asdict(self).values()))


class Refused(Exception):
    """An error answer: the code, the HTTP status and, where a rule reads it, the message."""


class Numbered:
    """Answers by formula; ``first`` is the number of the first thing of each kind that exists.

    Moving it on lets as many things go as come. ``empty`` counts the calls without a formula,
    which are answered with nothing at all.
    """

    def __init__(self, size: Size, first: int = 0) -> None:
        self.size = size
        self.first = first
        self.empty: Counter[str] = Counter()

    def names(self, kind: str, count: int, since: int | None = None) -> Iterator[str]:
        """The names of what exists now, and did when ``first`` was ``since``."""
        end = (self.first if since is None else since) + count
        return (f"{kind}-{number:06}" for number in range(self.first, end))

    def ids(self, since: int | None = None) -> dict[str, Iterator[str]]:
        """The ids of what exists now, and did when ``first`` was ``since``, by resource type."""
        size = self.size
        arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/main/"
        return {
            "AWS::ApiGateway::RestApi": self.names("api", size.apis, since),
            "AWS::CloudWatch::Alarm": self.names("alarm", size.alarms, since),
            "AWS::DynamoDB::Table": self.names("table", size.tables, since),
            "AWS::ECS::Service": (arn + n for n in self.names("service", size.services, since)),
            "AWS::IAM::Role": self.names("role", size.roles, since),
            "AWS::Lambda::Function": self.names("function", size.functions, since),
            "AWS::Logs::LogGroup": self.names("group", size.log_groups, since),
            "AWS::RDS::DBInstance": self.names("database", size.databases, since),
            "AWS::S3::Bucket": self.names("bucket", size.buckets, since),
            "AWS::SQS::Queue": self.names("queue", self.queues, since),
        }

    @property
    def queues(self) -> int:
        return max(2, self.size.functions // 2)

    def has(self, name: str, count: int) -> bool:
        number = name.rpartition("-")[2]
        return number.isdigit() and self.first <= int(number) < self.first + count

    def answer(self, service: str, operation: str, params: Mapping[str, Any]) -> Any:
        name = f"{service.replace('-', '')}_{xform_name(operation)}"
        made = getattr(self, name, None)
        if made is None:
            self.empty[name] += 1
            return {}
        return made(params)

    def page(
        self, kind: str, count: int, params: Mapping[str, Any], token: str, most: int
    ) -> tuple[list[str], str | None]:
        """The names on the page that the token asks for, and the token of the next."""
        start = int(params.get(token) or 0)
        end = min(start + most, count)
        names = [f"{kind}-{self.first + number:06}" for number in range(start, end)]
        return names, str(end) if end < count else None
