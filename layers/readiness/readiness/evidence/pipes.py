"""What EventBridge Pipes says of a pipe."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.iam.principals import ROLE
from readiness.evidence.workloads.dead_letter_paths import dead_letter, stream_parameters
from readiness.evidence.workloads.failure_sinks import queue_of, topic_of
from readiness.model.evidence import ResourceType, api_call, evidence, last_segment
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.input_templates import in_json
from readiness.semantics.polling import is_stopped


def _find(read: Reader) -> Iterable[str]:
    return [each["Name"] for each in read.every("pipes", "list_pipes", "Pipes")]


PIPE = ResourceType(
    "AWS::Pipes::Pipe",
    _find,
    find_reads=("pipes:ListPipes",),
    changed_by=(
        api_call(
            "pipes",
            *("CreatePipe", "UpdatePipe", "DeletePipe", "StartPipe", "StopPipe"),
            id="requestParameters.name",
        ),
    ),
    identify=None,
    arn="arn:{partition}:pipes:{region}:{account}:pipe/{id}",
)
"""AWS Config does not record them."""


@evidence(PIPE, reads=("pipes:DescribePipe",))
@dataclass(frozen=True, slots=True)
class PipeSource:
    """What a pipe reads, and what becomes of what fails.

    ``service`` is that of the source's ARN (``sqs``, ``kinesis``, ``dynamodb``, ``kafka``,
    ``mq``), ``kafka`` too for a cluster outside AWS. ``target`` is an ARN. ``retries`` and ``age``
    (seconds) as an event source mapping's: -1 is for ever, as is None. ``grants`` is its role, by
    which it sends what failed. Source: DescribePipe.
    """

    name: str
    source: str
    service: str
    target: str = ""
    is_stopped: bool = False
    dead: str = ""
    retries: int | None = None
    age: int | None = None
    queue_sinks: tuple[Resource, ...] = ()
    topic_sinks: tuple[Resource, ...] = ()
    grants: Resource | None = None

    @classmethod
    def load(cls, read: Reader, pipe: Resource) -> PipeSource:
        answer = read.one("pipes", "describe_pipe", gone=("NotFoundException",), Name=pipe.id)
        source = answer["Source"]
        about = stream_parameters(answer)
        dead = dead_letter(about)
        queue, topic = queue_of(dead), topic_of(dead)
        role = last_segment(answer.get("RoleArn", ""))
        return cls(
            name=pipe.id,
            source=source,
            service=source.split(":")[2] if source.startswith("arn:") else "kafka",
            target=answer.get("Target", ""),
            is_stopped=is_stopped(answer.get("DesiredState")),
            dead=dead,
            retries=about.get("MaximumRetryAttempts"),
            age=about.get("MaximumRecordAgeInSeconds"),
            queue_sinks=(queue,) if queue else (),
            topic_sinks=(topic,) if topic else (),
            grants=ROLE.resource(read.account, read.region, role) if role and dead else None,
        )


@evidence(PIPE, reads=("pipes:DescribePipe",))
@dataclass(frozen=True, slots=True)
class PipeInputs:
    """What a pipe gives its enrichment and its target beside the event, by the place.

    ``texts`` are input templates, and parameters for the target as JSON (overrides of a task,
    statements for Redshift …); ``values`` headers, query strings and parts of the path of HTTP
    calls. Source: DescribePipe.
    """

    texts: Mapping[str, str]
    values: Mapping[str, str]

    @classmethod
    def load(cls, read: Reader, pipe: Resource) -> PipeInputs:
        answer = read.one("pipes", "describe_pipe", gone=("NotFoundException",), Name=pipe.id)
        texts: dict[str, str] = {}
        values: dict[str, str] = {}
        for place in ("Enrichment", "Target"):
            about = dict(answer.get(f"{place}Parameters") or {})
            values |= {
                f"{place}/{name}": value
                for name, value in _sent(about.pop("HttpParameters", None))
            }
            if template := about.pop("InputTemplate", ""):
                texts[place] = in_json(template)
            if about:
                texts[f"{place}/parameters"] = json.dumps(about, default=str)
        return cls(texts, values)


def _sent(http: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """The headers, query strings and parts of the path of an HTTP call."""
    about = http or {}
    for kind in ("HeaderParameters", "QueryStringParameters"):
        yield from (about.get(kind) or {}).items()
    for at, value in enumerate(about.get("PathParameterValues") or ()):
        yield f"path{at}", value
