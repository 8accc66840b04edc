"""The Declarations table: statements, approvals and revocations, only ever appended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from readiness.engine.attribute_values import deserialise_foreign, serialise
from readiness.engine.aws import Aws
from readiness.engine.aws_errors import cause_of, code_of
from readiness.engine.principals import Principals
from readiness.engine.reader import DeclaredReader
from readiness.model.attestation import MACHINE, Artefact, Attestation, Attested, Result, Scope
from readiness.model.finding import Finding, iso, lasting, parse_iso
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.text import clean
from readiness.model.unreadable import Unreadable

READS = frozenset({"dynamodb:Query", "s3:GetObjectVersion", "s3:ListBucket"})
FirstSeen = Callable[[Resource, str], "Finding | None"]


class DeclarationRefused(ValueError):
    """A declaration that lacks something or says something impossible; the text names it."""


class DeclarationReader:
    """What was declared, as one run reads it: a rule's statements are read once.

    ``table`` is empty where nothing is deployed: then nothing was declared. ``known`` finds the
    stored finding, which tells since when a rule has been looking.
    """

    def __init__(self, aws: Aws, table: str, known: FirstSeen) -> None:
        self._aws = aws
        self._table = table
        self._known = known
        self._asked_at: dict[str, datetime] = {}

    def asked_at(self, rule: str) -> datetime | None:
        """When the rule's statements were read, of which more may have come since."""
        return self._asked_at.get(rule)

    def attested(
        self,
        rule: str,
        resource: Resource,
        environment: str,
        workload: str,
        *,
        documents: bool = False,
    ) -> Attested:
        """What people attested about a resource for a rule. Raises Unreadable.

        ``documents``: what they attested are documents, of which the current version counts.
        """
        now = self._aws.now()
        if not self._table:
            return Attested((), now)
        statements = tuple(
            statement
            for statement in self._statements(rule)
            if statement.scope.covers(resource, environment, workload)
        )
        if documents:
            read = DeclaredReader(self._aws, READS, "the declarations")
            statements = tuple(_as_it_is_now(read, statement) for statement in statements)
        try:
            finding = self._known(resource, rule)
        except ClientError as error:
            raise Unreadable("dynamodb:GetItem", cause_of(error), code_of(error)) from error
        except BotoCoreError as error:
            code = type(error).__name__
            raise Unreadable("dynamodb:GetItem", cause_of(error), code) from error
        if finding is None:
            return Attested(statements, now)
        return Attested(
            statements, now, finding.first_observed_at, recorded=lasting(finding.observed)
        )

    def asks_for_tags(self, rule: str) -> bool:
        """Whether tags decide which attestations of the rule apply. Raises Unreadable."""
        scopes = [s.scope for s in self._statements(rule)] if self._table else []
        return any(scope.environment or scope.workload for scope in scopes)

    def _statements(self, rule: str) -> list[Attestation]:
        read = DeclaredReader(self._aws, READS, "the declarations")
        self._asked_at.setdefault(rule, self._aws.now())
        items = read.every(
            "dynamodb",
            "query",
            "Items",
            TableName=self._table,
            IndexName="by-rule",
            KeyConditionExpression="#r = :r",
            ExpressionAttributeNames={"#r": "rule"},
            ExpressionAttributeValues={":r": {"S": rule}},
        )
        rows = [deserialise_foreign(item, "declared_by", "declared_at") for item in items]
        return self.verified(Principals(self._aws).named(assemble(rows)))

    def verified(self, statements: Iterable[Attestation]) -> list[Attestation]:
        """The statements, with the problems of artefacts that are gone or cannot be looked at."""
        read = DeclaredReader(self._aws, READS, "the declarations")
        return [self._verified(read, statement) for statement in statements]

    def _verified(self, read: Reader, statement: Attestation) -> Attestation:
        """The statement, with the problem of an artefact that is gone, changed or unreadable."""
        artefact = statement.artefact
        if artefact is None:
            return statement
        try:
            found = _version_of(read, artefact)
        except Unreadable as unread:
            return replace(statement, artefact_unread=unread)
        if found is None:
            return replace(statement, artefact_problem="does not exist any more")
        if artefact.size and found.get("ContentLength") != artefact.size:
            return replace(statement, artefact_problem="has another size than was attested")
        if found.get("ContentLength") == 0:
            return replace(statement, artefact_problem="is empty")
        return statement


def _version_of(read: Reader, artefact: Artefact) -> Mapping[str, Any] | None:
    """The version that was attested, without its content; None if it does not exist any more."""
    found: Mapping[str, Any] | None = read.one(
        "s3",
        "head_object",
        action="s3:GetObjectVersion",
        absent=("404", "NoSuchKey", "NoSuchVersion"),
        Bucket=artefact.bucket,
        Key=artefact.key,
        VersionId=artefact.version_id,
    )
    return found


def _as_it_is_now(read: Reader, statement: Attestation) -> Attestation:
    """The statement, with what happened to its document since the version that was attested.

    The pinned version outlives a delete marker and a newer version, which the listing of current
    objects shows.
    """
    artefact = statement.artefact
    if artefact is None or statement.artefact_problem or statement.artefact_unread:
        return statement
    try:
        listing = read.one(
            "s3",
            "list_objects_v2",
            action="s3:ListBucket",
            absent=("NoSuchBucket",),
            Bucket=artefact.bucket,
            Prefix=artefact.key,
            MaxKeys=1,
        )
        pinned = _version_of(read, artefact)
    except Unreadable as unread:
        return replace(statement, artefact_unread=unread)
    # The key itself comes before all that it is the beginning of.
    current: Mapping[str, Any] = next(iter((listing or {}).get("Contents") or ()), {})
    if current.get("Key") != artefact.key or pinned is None:
        return replace(statement, artefact_outdated="was deleted")
    # S3 makes an ETag of the content or, with KMS, of chance: equal ones are of the same content.
    # An upload in parts keeps the time at which it began: another content need not look later.
    now, then = current.get("ETag"), pinned.get("ETag")
    is_later = current["LastModified"] > pinned["LastModified"]
    is_replaced = now != then if now and then else is_later
    if is_replaced:
        day = f"{current['LastModified']:%Y-%m-%d}"
        told = f"was replaced on {day} by a version that is not attested"
        return replace(statement, artefact_outdated=told)
    return statement


_ATTRIBUTES = frozenset(
    {"declared_by", "declared_at", "kind", "id", "rule", "scope", "statement", "performed_at"}
    | {"owner", "attester", "approved_by", "result", "bound_to", "expires_at", "artefact"}
)
_OF_AN_ANSWER = frozenset(
    {"declared_by", "declared_at", "kind", "rule", "attestation", "fingerprint", "attester"}
)
"""What a row has; another attribute is a newer version's, which may limit what the row says."""


def assemble(rows: Iterable[Mapping[str, Any]]) -> list[Attestation]:
    """Statements with their approvals and revocations applied; waivers are ignored.

    People are identified by the ``aws:userid`` that IAM enforces on the partition key; any other
    name in a row is ignored. An approval or revocation is about exactly one text, so that nobody
    can exchange the text after it was approved. The first approval by another person than the
    attester counts. Only the attester or the approver can revoke. A row that does not have the
    form of a statement is ignored, and so is a pass or an approval with an attribute that this
    version does not know: it may say less than it seems to.
    """
    statements: dict[str, Attestation] = {}
    others = []
    for row in sorted(rows, key=lambda row: str(row["declared_at"])):
        if row.get("kind") == "ATTESTATION":
            statement = _attestation(row)
            if statement is not None:
                statements.setdefault(statement.fingerprint, statement)
        elif row.get("kind") in ("APPROVAL", "REVOCATION"):
            others.append(row)
    for row in others:
        key, by = str(row.get("fingerprint")), str(row["declared_by"])
        statement = statements.get(key)
        if statement is None:
            continue
        if row["kind"] == "REVOCATION":
            if by in {statement.attester_id, statement.approved_by_id}:
                statements[key] = replace(statement, revoked=True)
        elif not statement.approved_by_id and _approves(row, statement):
            statements[key] = replace(
                statement,
                approved_by=by,
                approved_by_id=by,
                approved_at=_moment(str(row["declared_at"]).partition("#")[0]),
            )
    return list(statements.values())


def _approves(row: Mapping[str, Any], statement: Attestation) -> bool:
    """Whether a row approves the statement, and without a limit that is not known here."""
    return not set(row) - _OF_AN_ANSWER and may_approve(str(row["declared_by"]), statement)


def _moment(text: str) -> datetime | None:
    try:
        return parse_iso(text)
    except ValueError:
        return None


def may_approve(by: str, statement: Attestation) -> bool:
    """Whether this caller is a second person for the statement."""
    return may_speak_for_two(by, statement.attester_id)


def may_speak_for_two(by: str, asker: str) -> bool:
    """Whether a caller is another person than who asked, by the ids that IAM held them to.

    Sessions of two roles with one name (``AROA…:ann@example.com``) are one person, who has two
    permission sets, say.
    """
    session, of_asker = (id.partition(":")[2] for id in (by, asker))
    is_same = by == asker or (bool(session) and session == of_asker)
    return not is_same and not by.startswith(MACHINE)


def _attestation(row: Mapping[str, Any]) -> Attestation | None:
    """The statement of a row; None for a row that is not valid, for instance written by hand."""
    try:
        return _read(row)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _read(row: Mapping[str, Any]) -> Attestation:
    artefact = row.get("artefact")
    expires = row.get("expires_at")
    scope = row.get("scope", {})
    passes = row.get("result", "pass") == Result.PASS
    if passes and (foreign := set(row) - _ATTRIBUTES):
        raise ValueError(f"this version does not know {', '.join(sorted(foreign))}")
    return Attestation(
        id=str(row["id"]),
        rule=str(row["rule"]),
        scope=Scope(**{name: _limit(value) for name, value in scope.items()}),
        statement=str(row.get("statement", "")),
        performed_at=parse_iso(row["performed_at"]),
        declared_at=parse_iso(row["declared_at"].partition("#")[0]),
        owner=str(row.get("owner", "")),
        attester=str(row["declared_by"]),
        attester_id=str(row["declared_by"]),
        result=Result.PASS if passes else Result.FAIL,
        expires_at=parse_iso(expires) if expires is not None else None,
        artefact=_artefact(artefact) if artefact else None,
        bound_to=dict(row.get("bound_to", {})),
    )


def _limit(value: object) -> str:
    """A limit of a scope. An empty one would cover everything, where nobody said so."""
    if not isinstance(value, str) or not clean(value, len(value)):
        raise ValueError("a scope has a limit that is empty or no text")
    return value


def _artefact(about: Mapping[str, Any]) -> Artefact:
    named = {name: str(about[name]) for name in ("bucket", "key", "version_id", "sha256")}
    if not all(named.values()):
        raise ValueError("an artefact without bucket, key, version or digest")
    return Artefact(**named, size=int(about.get("size", 0)))


def attestation_item(statement: Attestation) -> dict[str, Any]:
    """The statement as a row; the partition key is the caller's ``aws:userid``.

    An IAM condition on ``dynamodb:LeadingKeys`` allows a writer only their own id, so that nobody
    can make a statement in another person's name.
    """
    artefact = statement.artefact
    scope = {
        name: value
        for name in ("account", "environment", "workload", "resource")
        if (value := getattr(statement.scope, name))
    }
    row: dict[str, Any] = {
        "declared_by": statement.attester_id,
        "declared_at": f"{iso(statement.declared_at)}#{statement.id}",
        "kind": "ATTESTATION",
        "id": statement.id,
        "rule": statement.rule,
        "scope": scope,
        "statement": statement.statement,
        "performed_at": iso(statement.performed_at),
        "owner": statement.owner,
        "attester": statement.attester_id,  # for versions that read it, and showed it
        "result": str(statement.result),
        "bound_to": statement.bound_to,
    }
    if statement.expires_at is not None:
        row["expires_at"] = iso(statement.expires_at)
    if artefact is not None:
        row["artefact"] = {
            "bucket": artefact.bucket,
            "key": artefact.key,
            "version_id": artefact.version_id,
            "sha256": artefact.sha256,
            "size": artefact.size,
        }
    return serialise(row)


def answer_item(kind: str, statement: Attestation, *, by_id: str, at: datetime) -> dict[str, Any]:
    """An APPROVAL or REVOCATION of a statement as a row."""
    return serialise(
        {
            "declared_by": by_id,
            "declared_at": f"{iso(at)}#{statement.id}",
            "kind": kind,
            "rule": statement.rule,
            "attestation": statement.id,
            "fingerprint": statement.fingerprint,
            "attester": by_id,
        }
    )
