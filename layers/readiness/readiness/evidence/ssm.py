"""What Systems Manager says of parameters, never their values, and of runbooks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from readiness.model.event_fields import request_of
from readiness.model.evidence import (
    REGION,
    ConfigItem,
    ResourceType,
    ServiceEvent,
    api_call,
    config_resource_name,
    evidence,
    last_segment,
)
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone


def described_parameters(read: Reader) -> Sequence[Any]:
    """What DescribeParameters says of every parameter of the region."""
    return read.every("ssm", "describe_parameters", "Parameters", MaxResults=50)


def _find(read: Reader) -> Iterable[str]:
    return [parameter["Name"] for parameter in described_parameters(read)]


PARAMETER = ResourceType(
    "AWS::SSM::Parameter",
    _find,
    find_reads=("ssm:DescribeParameters",),
    changed_by=(ServiceEvent("Parameter Store Change", id="name"),),
    identify=None,
    arn="arn:{partition}:ssm:{region}:{account}:parameter{path}",
)
"""AWS Config does not record parameters."""


@evidence(PARAMETER, reads=("ssm:DescribeParameters",))
@dataclass(frozen=True, slots=True)
class ParameterType:
    """What kind of parameter it is: ``String``, ``StringList`` or ``SecureString``.

    Source: DescribeParameters, one listing for every parameter.
    """

    name: str
    type: str

    @classmethod
    def load(cls, read: Reader, parameter: Resource) -> ParameterType:
        found = read.every(
            "ssm",
            "describe_parameters",
            "Parameters",
            ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [parameter.id]}],
        )
        if not found:
            raise Gone(parameter.id)
        return cls(found[0]["Name"], found[0].get("Type", ""))

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, ParameterType]:
        return {
            parameter["Name"]: cls(parameter["Name"], parameter.get("Type", ""))
            for parameter in described_parameters(read)
        }


# -- documents that are runbooks ------------------------------------------------------------------

RUNBOOK, OWNER, REVIEWED, WORKLOAD = "runbook", "owner", "reviewed", "application"
"""Tags of a document, in any case: the scenarios it is for, its owner, the day of its review.

With the tag Application it is for that workload alone.
"""
_KINDS = ("Automation", "Command")


def _of_a_document(detail: Mapping[str, Any]) -> str | None:
    """The document whose tags a call changes; None if it is about another resource."""
    asked = request_of(detail)
    if asked is None:
        return ""
    return str(asked.get("resourceId") or "") if asked.get("resourceType") == "Document" else None


_TAGGED = api_call("ssm", "AddTagsToResource", "RemoveTagsFromResource", identify=_of_a_document)


def _tags(document: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"].casefold(): tag["Value"] for tag in document.get("Tags") or ()}


def _documents(read: Reader) -> dict[str, Mapping[str, str]]:
    """The tags of the account's own runbooks, by the name of the document."""
    documents = read.every(
        "ssm",
        "list_documents",
        "DocumentIdentifiers",
        Filters=[
            {"Key": "Owner", "Values": ["Self"]},
            {"Key": "DocumentType", "Values": list(_KINDS)},
        ],
    )
    tagged = ((each["Name"], _tags(each)) for each in documents)
    return {name: tags for name, tags in tagged if tags.get(RUNBOOK)}


DOCUMENT = ResourceType(
    "AWS::SSM::Document",
    lambda read: list(_documents(read)),
    find_reads=("ssm:ListDocuments",),
    changed_by=(
        api_call("ssm", "CreateDocument", id="requestParameters.name"),
        api_call(
            "ssm",
            "UpdateDocument",
            "UpdateDocumentDefaultVersion",
            "DeleteDocument",
            id="requestParameters.name",
            normalise=last_segment,
        ),
        _TAGGED,
    ),
    identify=config_resource_name,
    config_id="{id}",
    arn="arn:{partition}:ssm:{region}:{account}:document/{id}",
)
"""Documents of the account that have the tag ``runbook``; its value names scenarios."""


@dataclass(frozen=True, slots=True)
class Runbook:
    """A document that is a runbook: for which scenarios, by whom, reviewed on which day.

    ``kind`` is ``Automation`` or ``Command``, ``version`` the number of the default version,
    which is what runs, ``made`` the day on which that was created, and ``latest`` the number of
    the newest one. ``review`` is what a review in Systems Manager decided, empty without one.
    """

    name: str
    scenarios: tuple[str, ...]
    owner: str = ""
    reviewed: date | None = None
    status: str = "Active"
    why: str = ""
    workload: str = ""
    kind: str = ""
    version: str = ""
    latest: str = ""
    made: date | None = None
    review: str = ""

    def is_of(self, at: datetime) -> bool:
        """Whether what ran at a time may have been this version.

        A document that is deleted and made again has versions of the same numbers.
        """
        return self.made is None or at.date() >= self.made

    @classmethod
    def of(cls, name: str, tags: Mapping[str, str], about: Mapping[str, Any]) -> Runbook:
        """From its tags and the ``Document`` of DescribeDocument."""
        made = about.get("CreatedDate")
        return cls(
            name,
            tuple(tags[RUNBOOK].replace(",", " ").replace(":", " ").split()),
            tags.get(OWNER, "").strip(),
            _day(tags.get(REVIEWED, "")),
            about.get("Status", ""),
            about.get("StatusInformation", ""),
            tags.get(WORKLOAD, ""),
            about.get("DocumentType", ""),
            about.get("DocumentVersion", ""),
            about.get("LatestVersion", ""),
            made.date() if made else None,
            about.get("ReviewStatus", ""),
        )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _runbook(read: Reader, name: str, tags: Mapping[str, str]) -> Runbook:
    answer = read.one("ssm", "describe_document", gone=("InvalidDocument",), Name=name)
    return Runbook.of(name, tags, answer["Document"])


_RUNBOOK_READS = ("ssm:ListDocuments", "ssm:DescribeDocument")


EXECUTED = timedelta(days=30)
"""So far back executions are looked for; the finding keeps the last one for longer."""


_ENDED = (("Status", ("Success", "Failed", "TimedOut")),)
_NOTIFICATION = "EC2 Automation Execution Status-change Notification"


@evidence(
    DOCUMENT,
    reads=(*_RUNBOOK_READS, "ssm:DescribeAutomationExecutions"),
    changed_by=(ServiceEvent(_NOTIFICATION, match=_ENDED, id="Definition"),),
)
@dataclass(frozen=True, slots=True)
class RunbookDocument:
    """One document that is a runbook, and its executions by Automation in the last 30 days.

    ``succeeded`` and ``failed`` are when the last execution of the default version ended that did
    so; what was started and stopped by hand is neither. Sources: ListDocuments, DescribeDocument,
    DescribeAutomationExecutions.
    """

    runbook: Runbook
    read_at: datetime
    succeeded: datetime | None = None
    failed: datetime | None = None

    @classmethod
    def load(cls, read: Reader, document: Resource) -> RunbookDocument:
        tags = read.made_once("tags of runbooks", _documents).get(document.id)
        if tags is None:
            raise Gone(document.id)
        return cls.of(read, _runbook(read, document.id, tags))

    @classmethod
    def of(cls, read: Reader, runbook: Runbook) -> RunbookDocument:
        """With its executions, if it is of Automation."""
        if runbook.kind != "Automation":
            return cls(runbook, read.now)
        executed = list(_executions(read, runbook))
        return cls(
            runbook,
            read.now,
            max((at for status, at in executed if status in _SUCCEEDED), default=None),
            max((at for status, at in executed if status in _FAILED), default=None),
        )


_SUCCEEDED = frozenset({"Success", "CompletedWithSuccess"})
_FAILED = frozenset({"Failed", "TimedOut", "CompletedWithFailure"})


def _executions(read: Reader, runbook: Runbook) -> Iterator[tuple[str, datetime]]:
    """The status and the end of the executions of the runbook's default version."""
    found = read.every(
        "ssm",
        "describe_automation_executions",
        "AutomationExecutionMetadataList",
        Filters=[
            {"Key": "DocumentNamePrefix", "Values": [runbook.name]},
            {"Key": "StartTimeAfter", "Values": [f"{read.now - EXECUTED:%Y-%m-%dT%H:%M:%SZ}"]},
        ],
    )
    for each in found:
        ended = each.get("ExecutionEndTime")
        is_it = each.get("DocumentName") == runbook.name  # a prefix finds longer names too
        if ended is None or each.get("DocumentVersion") != runbook.version:
            continue
        if is_it and runbook.is_of(ended):
            yield each["AutomationExecutionStatus"], ended


def _of_our_own(detail: Mapping[str, Any]) -> str | None:
    """Any of the region's, except for an execution of a document of AWS."""
    return None if str(detail.get("Definition") or "").startswith(("AWS", "Amazon")) else ""


@evidence(
    REGION,
    reads=(*_RUNBOOK_READS, "ssm:DescribeAutomationExecutions"),
    changed_by=(
        api_call(
            "ssm",
            "CreateDocument",
            "UpdateDocument",
            "UpdateDocumentDefaultVersion",
            "DeleteDocument",
        ),
        api_call(
            "ssm",
            "AddTagsToResource",
            "RemoveTagsFromResource",
            identify=lambda detail: None if _of_a_document(detail) is None else "",
        ),
        ConfigItem(DOCUMENT.name),
        ServiceEvent(_NOTIFICATION, match=_ENDED, identify=_of_our_own),
    ),
)
@dataclass(frozen=True, slots=True)
class Runbooks:
    """All documents of the region that are runbooks.

    ``executed`` are those of Automation, with their executions. Sources as RunbookDocument.
    """

    all: tuple[Runbook, ...]
    read_on: date
    executed: tuple[RunbookDocument, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> Runbooks:
        found = []
        for name, tags in _documents(read).items():
            try:
                found.append(_runbook(read, name, tags))
            except Gone:
                continue  # deleted since it was listed
        automated = [each for each in found if each.kind == "Automation"]
        executed = read.each(lambda runbook: RunbookDocument.of(read, runbook), automated)
        return cls(tuple(found), read.now.date(), tuple(executed))
