"""Which alarms link to a runbook in their description."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.evidence.cloudwatch.alarms import ALARM_CHANGES
from readiness.evidence.tagging import TAG_LOOKUPS, tags_of_types
from readiness.model.evidence import REGION, ServiceEvent, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.alarm_answers import composite_alarm, log_alarm, metric_alarm
from readiness.semantics.alarms import Alarm
from readiness.semantics.links import leads_nowhere

RUNBOOK_TAG = "runbook"
"""In any case, also with a prefix (``team:runbook``)."""
_URL = re.compile(
    r"https?://(?:[^\s/@<>\"']*@)?[A-Za-z0-9.-]+"
    r"(?:[^\s<>\"')\]]|<(?!(?:[bip]|br)>)[\w .-]{1,40}>)*",
    re.IGNORECASE,
)
"""With what a template left in it (``<service name>``), by which it is told for a placeholder."""
_DOCUMENT = re.compile(
    r"\barn:aws[a-z-]*:ssm:([a-z0-9-]*:(?:\d{12})?):(?:document|automation-definition)/"
    r"([A-Za-z0-9_.-]+)"
)
"""Automation runbooks have ARNs of both kinds; the second ends in a version (``:$DEFAULT``)."""
_NO_SUCH_TYPE = ("InvalidParameterValue", "ValidationError", "ValidationException")


@dataclass(frozen=True, slots=True)
class Link:
    """Where an alarm points: URLs, and documents of Systems Manager in the account and region.

    ``elsewhere`` are the ARNs of documents of other accounts and regions, which are not looked up.
    """

    urls: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()


def link_of(*texts: str, home: str) -> Link:
    """The URLs that are no placeholders, and the SSM documents, that texts name.

    ``home`` is the region and the account of the alarm, as in an ARN.
    """
    urls, documents, elsewhere = [], [], []
    for text in texts:
        urls += [url for url in _URL.findall(text) if not leads_nowhere(url.rstrip(".,;:!?"))]
        for found in _DOCUMENT.finditer(text):
            if found[1] == home:
                documents.append(found[2].rstrip("."))
            else:
                elsewhere.append(found[0].rstrip("."))
    return Link(tuple(urls), tuple(documents), tuple(elsewhere))


@evidence(
    REGION,
    reads=("cloudwatch:DescribeAlarms", "ssm:ListDocuments", "tag:GetResources"),
    uses=TAG_LOOKUPS,
    changed_by=(
        *ALARM_CHANGES,
        ServiceEvent("Tag Change on Resource", match=(("service", ("cloudwatch",)),)),
        api_call("ssm", "CreateDocument", "DeleteDocument"),
    ),
)
@dataclass(frozen=True, slots=True)
class AlarmLinks:
    """How many alarms of the region notify people, and those of them without a runbook.

    A description or the tag ``runbook`` holds a URL or the ARN of a document of Systems Manager.
    ``broken`` are the alarms whose only link is a document that does not exist, with its name.
    Sources: DescribeAlarms, GetResources, ListDocuments.
    """

    notifying: int
    unlinked: tuple[str, ...] = ()
    broken: Mapping[str, str] | None = None

    @classmethod
    def load(cls, read: Reader, region: Resource) -> AlarmLinks:
        count, home = 0, f"{read.region}:{read.account}"
        bare: dict[str, str] = {}
        documents: dict[str, tuple[str, ...]] = {}
        for alarm, description in _alarms(read):
            if not alarm.actions_enabled or alarm.is_scaling or not alarm.notifications:
                continue
            count += 1
            link = link_of(description, home=home)
            unseen = link.urls or link.elsewhere
            if link.documents and not unseen:
                documents[alarm.name] = link.documents
            elif not unseen:
                bare[alarm.name] = alarm.arn
        if bare:
            tags = tags_of_types(read, "cloudwatch:alarm")
            for name, arn in list(bare.items()):
                link = link_of(*_runbook_tags(tags.get(arn, {})), home=home)
                unseen = link.urls or link.elsewhere
                if unseen or link.documents:
                    del bare[name]
                if link.documents and not unseen:
                    documents[name] = link.documents
        return cls(count, tuple(sorted(bare)), _broken(read, documents))


def _alarms(read: Reader) -> Iterator[tuple[Alarm, str]]:
    """Every alarm with its description, one at a time."""
    kinds = ["MetricAlarm", "CompositeAlarm"]
    metric = read.every("cloudwatch", "describe_alarms", "MetricAlarms", AlarmTypes=kinds)
    composite = read.every("cloudwatch", "describe_alarms", "CompositeAlarms", AlarmTypes=kinds)
    yield from _each(metric, metric_alarm)
    yield from _each(composite, composite_alarm)
    # apart from the others: where there are no log alarms yet, the type itself is refused
    logs = read.every(
        "cloudwatch", "describe_alarms", "LogAlarms", absent=_NO_SUCH_TYPE, AlarmTypes=["LogAlarm"]
    )
    yield from _each(logs, log_alarm)


def _each(
    answers: Sequence[Mapping[str, Any]], of: Callable[[Any], Alarm]
) -> Iterator[tuple[Alarm, str]]:
    for answer in answers:
        yield of(answer), answer.get("AlarmDescription") or ""


def _runbook_tags(tags: Mapping[str, str]) -> list[str]:
    return [
        value for key, value in tags.items() if key.casefold().rpartition(":")[2] == RUNBOOK_TAG
    ]


def _documents(read: Reader) -> frozenset[str]:
    listed = read.every("ssm", "list_documents", "DocumentIdentifiers")
    return frozenset(each["Name"].rpartition("/")[2] for each in listed)


def _broken(read: Reader, documents: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    """The alarms that point at documents of which none exists, with the first one's name."""
    if not documents:
        return {}
    there = read.made_once("names of documents", _documents)
    return {alarm: names[0] for alarm, names in documents.items() if not there.intersection(names)}
