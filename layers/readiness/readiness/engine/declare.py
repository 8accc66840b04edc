"""How a statement is recorded: checked, its artefact hashed, appended to the table, announced."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from readiness.engine.attribute_values import deserialise, deserialise_foreign
from readiness.engine.aws_errors import code_of, is_condition_failure
from readiness.engine.declarations import DeclarationRefused, assemble
from readiness.model.attestation import RECORDED, Artefact, Attestation, Result, Scope
from readiness.model.finding import parse_iso
from readiness.model.text import clean, clean_facts
from readiness.model.verdict import Fact

SOURCE = "readiness"
MOST_BYTES = 25 * 1024 * 1024
MOST_TEXT = 2000
MOST_NAME = 256
MOST_BOUND = 20
SKEW = timedelta(minutes=5)
_CHUNK = 1024 * 1024
_SCOPE = ("account", "environment", "workload", "resource")
FIELDS = frozenset(
    {"rule", "statement", "owner", "performed_at", "expires_at", "result", "artefact", "bind"}
    | set(_SCOPE)
)
"""The fields of a statement: the options of ``readiness attest add``, or an event's detail."""


class NotAnnounced(Exception):
    """The statement is written, and EventBridge did not take the event that says so."""


@dataclass(frozen=True, slots=True)
class Declarer:
    """The caller that AWS authenticated: the ARN to show, and ``aws:userid``, which is unique."""

    arn: str
    id: str
    account: str


def statement_of(
    fields: Mapping[str, Any],
    by: Declarer,
    *,
    id: str,
    at: datetime,
    rules: Container[str],
    artefact: Artefact | None = None,
) -> Attestation:
    """The statement that the fields make. ``rules`` are those that can be attested.

    ``at`` is when it is declared, ``artefact`` what :func:`digested` made of the field of that
    name. Raises DeclarationRefused with the field and what it must be.
    """
    foreign = sorted(set(fields) - FIELDS)
    if foreign:
        raise DeclarationRefused(
            f"there is no field {clean(foreign[0], 60)!r}"
            f" (allowed: {', '.join(sorted(FIELDS))}); the attester is always the AWS identity"
            " you are signed in as"
        )
    rule = checked_text(fields, "rule", MOST_NAME)
    if rule not in rules:
        raise DeclarationRefused(f"rule {rule!r} is none that can be attested")
    performed_at = moment(checked_text(fields, "performed_at", MOST_NAME), "performed_at")
    if performed_at > at + SKEW:
        raise DeclarationRefused("performed_at is in the future; attest work that is done")
    expires_at = None
    if fields.get("expires_at") is not None:
        expires_at = moment(checked_text(fields, "expires_at", MOST_NAME), "expires_at")
        if expires_at <= max(performed_at, at):
            raise DeclarationRefused("expires_at is in the past; it must be later than now")
    result = fields.get("result")
    result = "pass" if result is None else result
    if not isinstance(result, str) or result not in {str(each) for each in Result}:
        raise DeclarationRefused(f"result must be pass or fail, not {clean(str(result), 60)!r}")
    scope = {name: _narrowed(fields, name) for name in _SCOPE}
    return Attestation(
        id=id,
        rule=rule,
        scope=Scope(**scope | {"account": scope["account"] or by.account}),
        statement=checked_text(fields, "statement", MOST_TEXT),
        performed_at=performed_at,
        declared_at=at,
        owner=checked_text(fields, "owner", MOST_NAME),
        attester=by.arn,
        attester_id=by.id,
        result=Result(result),
        expires_at=expires_at,
        artefact=artefact,
        bound_to=_bound(fields.get("bind")),
    )


def moment(text: str, name: str) -> datetime:
    """A time, or a day that begins at midnight UTC. Raises DeclarationRefused."""
    try:
        if len(text) == len("2026-01-31"):
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
        return parse_iso(text)
    except ValueError:
        raise DeclarationRefused(
            f"{name} must be a day or a time with its zone, such as 2026-01-31 or"
            f" 2026-01-31T12:00:00Z, not {clean(text, 60)!r}"
        ) from None


def checked_text(fields: Mapping[str, Any], name: str, most: int, *, required: bool = True) -> str:
    """A field that is text, cleaned and not too long. Raises DeclarationRefused."""
    value = fields.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or (required and not value.strip()):
        raise DeclarationRefused(f"{name} is missing" if not value else f"{name} must be text")
    spoken = clean(value, most + 1)
    if len(spoken) > most:
        raise DeclarationRefused(f"{name} is longer than {most} characters")
    if required and not spoken:
        raise DeclarationRefused(f"{name} has no visible character")
    return spoken


def _narrowed(fields: Mapping[str, Any], name: str) -> str:
    """What a statement is limited to; empty only where the field is left out.

    An empty one is a variable that a pipeline did not set: it would speak for everything.
    Raises DeclarationRefused.
    """
    said = checked_text(fields, name, MOST_NAME, required=False)
    if fields.get(name) is not None and not said:
        raise DeclarationRefused(f"{name} is empty; leave it out where the statement has no limit")
    return said


def _bound(given: object) -> dict[str, Fact]:
    if given is None:
        return {}
    if not isinstance(given, Mapping) or len(given) > MOST_BOUND:
        raise DeclarationRefused(f"bind must be at most {MOST_BOUND} names with their values")
    bound: dict[str, Fact] = {}
    for name, value in given.items():
        spoken = clean(str(name), 60)
        if not spoken or spoken in bound:
            raise DeclarationRefused(f"bind: {spoken!r} is no name, or another one reads the same")
        if not isinstance(value, str | int | float | bool) or not _is_plain(value):
            raise DeclarationRefused(f"bind: the value of {spoken!r} must be plain")
        bound[spoken] = clean(value, MOST_NAME) if isinstance(value, str) else value
    return bound


def _is_plain(value: str | float) -> bool:
    """Whether the table takes a value as it is: text that is not cut off, or a short number."""
    if isinstance(value, str):
        return len(value) <= MOST_NAME
    return clean_facts(value) == value


# -- the artefact -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Where:
    """Where an artefact lies; the current version is meant where ``version_id`` is empty."""

    bucket: str
    key: str
    version_id: str = ""

    @classmethod
    def parse(cls, text: object) -> Where:
        """From ``s3://bucket/key`` or ``…?versionId=…``. Raises DeclarationRefused."""
        if isinstance(text, str) and text.startswith("s3://"):
            bucket, _, rest = text.removeprefix("s3://").partition("/")
            key, _, version = rest.partition("?versionId=")
            if bucket and key:
                return cls(bucket, key, version)
        raise DeclarationRefused(
            "artefact must be s3://bucket/key or s3://bucket/key?versionId=…, not"
            f" {clean(str(text), 200)!r}"
        )

    def __str__(self) -> str:
        version = f"?versionId={self.version_id}" if self.version_id else ""
        return f"s3://{self.bucket}/{self.key}{version}"


_REFUSED = {
    "NoSuchKey": "does not exist",
    "NoSuchVersion": "does not exist in that version",
    "NoSuchBucket": "lies in a bucket that does not exist",
    "MethodNotAllowed": "is deleted in that version",
    "InvalidArgument": "has no such version",
}


def digested(s3: Any, where: Where) -> Artefact:
    """One version of the object with the SHA-256 of its bytes, which we read ourselves.

    S3's own checksums do not do: for an object of several parts they are checksums of checksums,
    and an ETag is no digest. Raises DeclarationRefused, and ClientError for a denied read.
    """
    version = {"VersionId": where.version_id} if where.version_id else {}
    try:
        answer = s3.get_object(Bucket=where.bucket, Key=where.key, **version)
    except ClientError as error:
        why = _REFUSED.get(code_of(error))
        if why is None:
            raise
        raise DeclarationRefused(f"the artefact {where} {why}") from error
    with answer["Body"] as body:
        if answer.get("VersionId", "null") == "null":
            raise DeclarationRefused(
                f"the artefact {where} has no version: enable versioning on the bucket"
                f" {where.bucket} and upload it again, or it could be exchanged unseen"
            )
        if answer["ContentLength"] > MOST_BYTES:
            raise _too_big(where)
        digest, size = hashlib.sha256(), 0
        for chunk in iter(lambda: body.read(_CHUNK), b""):
            digest.update(chunk)
            size += len(chunk)
            if size > MOST_BYTES:
                raise _too_big(where)
    if size != answer["ContentLength"]:
        raise ConnectionError(f"{where} ended after {size} of {answer['ContentLength']} bytes")
    return Artefact(where.bucket, where.key, answer["VersionId"], digest.hexdigest(), size)


def _too_big(where: Where) -> DeclarationRefused:
    most = MOST_BYTES // (1024 * 1024)
    return DeclarationRefused(
        f"the artefact {where} is larger than {most} MB; attest a report or summary instead"
    )


# -- the table and the bus --------------------------------------------------------------------


class Declarations:
    """The Declarations table as its writers use it. ``client`` is a DynamoDB client."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def append(self, item: Mapping[str, Any]) -> bool:
        """Add a row; False where it exists already, since nothing is ever overwritten."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression="attribute_not_exists(declared_at)",
            )
        except ClientError as error:
            if is_condition_failure(error):
                return False
            raise
        return True

    def of_rule(self, rule: str) -> list[Attestation]:
        """The statements for a rule, oldest first, as far as the index shows them."""
        return assemble(self._rows(rule))

    def _rows(self, rule: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        query: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": "by-rule",
            "KeyConditionExpression": "#r = :r",
            "ExpressionAttributeNames": {"#r": "rule"},
            "ExpressionAttributeValues": {":r": {"S": rule}},
        }
        while True:
            page = self._client.query(**query)
            rows += (
                deserialise_foreign(item, "declared_by", "declared_at") for item in page["Items"]
            )
            if "LastEvaluatedKey" not in page:
                return rows
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def wait_for(self, item: Mapping[str, Any], *, attempts: int = 20, pause: float = 0.1) -> bool:
        """Whether the index shows a row that was put. The index lags behind the table.

        Asks ``attempts`` times, with ``pause`` seconds in between.
        """
        wanted = deserialise(item)
        key = (wanted["declared_by"], wanted["declared_at"])
        for attempt in range(attempts):
            rows = self._rows(wanted["rule"])
            if any((row["declared_by"], row["declared_at"]) == key for row in rows):
                return True
            time.sleep(pause * (attempt + 1 < attempts))
        return False


def announce(events: Any, rule: str, id: str) -> None:
    """Let the rule's heading look again at once. Raises NotAnnounced."""
    entry = {
        "Source": SOURCE,
        "DetailType": RECORDED,
        "Detail": json.dumps({"rule": rule, "id": id}),
    }
    answer = events.put_events(Entries=[entry])
    if answer.get("FailedEntryCount"):
        said = answer["Entries"][0]
        raise NotAnnounced(f"{said.get('ErrorCode', '')}: {said.get('ErrorMessage', '')}")
