"""The Declarations table: statements, approvals and revocations, only ever appended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from readiness.attestation import Artefact, Attestation, Attested, Result, Scope
from readiness.aws import Aws, Reader
from readiness.finding import Finding, iso, parse_iso
from readiness.resource import Resource
from readiness.store import from_wire, to_wire

READS = frozenset({"dynamodb:Query", "s3:GetObjectVersion"})
FirstSeen = Callable[[Resource, str], "Finding | None"]


class DeclarationRefused(ValueError):
    """A declaration that lacks something or says something impossible; the text names it."""


class Ledger:
    """What was declared, as one run reads it: a rule's statements are read once.

    ``table`` is empty where nothing is deployed: then nothing was declared. ``known`` finds the
    stored finding, which tells since when a rule has been looking.
    """

    def __init__(self, aws: Aws, table: str, known: FirstSeen) -> None:
        self._aws = aws
        self._table = table
        self._known = known

    def attested(self, rule: str, resource: Resource, environment: str, workload: str) -> Attested:
        """What people attested about a resource for a rule. Raises Unreadable."""
        now = self._aws.now()
        if not self._table:
            return Attested((), now)
        statements = tuple(
            statement
            for statement in self._statements(rule)
            if statement.scope.covers(resource, environment, workload)
        )
        finding = self._known(resource, rule)
        return Attested(statements, now, finding.first_observed_at if finding else None)

    def _statements(self, rule: str) -> list[Attestation]:
        read = Reader(self._aws, READS, "the declarations")
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
        rows = [from_wire(item) for item in items]
        return [self._verified(read, statement) for statement in assemble(rows)]

    def _verified(self, read: Reader, statement: Attestation) -> Attestation:
        """The statement, with the problem of an artefact that is not there any more."""
        artefact = statement.artefact
        if artefact is None:
            return statement
        found = read.one(
            "s3",
            "head_object",
            action="s3:GetObjectVersion",
            absent=("404", "NoSuchKey", "NoSuchVersion"),
            Bucket=artefact.bucket,
            Key=artefact.key,
            VersionId=artefact.version_id,
        )
        if found is None:
            return replace(statement, artefact_problem="does not exist any more")
        if artefact.size and found.get("ContentLength") != artefact.size:
            return replace(statement, artefact_problem="has another size than was attested")
        return statement


def assemble(rows: Iterable[Mapping[str, Any]]) -> list[Attestation]:
    """Statements with their approvals and revocations applied; waivers are passed over.

    The first approval by somebody other than the attester counts. Only the attester or the
    approver can revoke.
    """
    statements: dict[str, Attestation] = {}
    others = []
    for row in sorted(rows, key=lambda row: str(row["declared_at"])):
        if row["kind"] == "ATTESTATION":
            statements[row["id"]] = _attestation(row)
        elif row["kind"] in {"APPROVAL", "REVOCATION"}:
            others.append(row)
    for row in others:
        statement = statements.get(row["attestation"])
        if statement is None:
            continue
        by = row["declared_by"]
        if row["kind"] == "REVOCATION":
            if by in {statement.attester_id, statement.approved_by_id}:
                statements[statement.id] = replace(statement, revoked=True)
        elif by != statement.attester_id and not statement.approved_by_id:
            statements[statement.id] = replace(
                statement, approved_by=row["attester"], approved_by_id=by
            )
    return list(statements.values())


def _attestation(row: Mapping[str, Any]) -> Attestation:
    artefact = row.get("artefact")
    expires = row.get("expires_at")
    return Attestation(
        id=row["id"],
        rule=row["rule"],
        scope=Scope(**row.get("scope", {})),
        statement=row.get("statement", ""),
        performed_at=parse_iso(row["performed_at"]),
        declared_at=parse_iso(row["declared_at"].partition("#")[0]),
        owner=row.get("owner", ""),
        attester=row["attester"],
        attester_id=row["declared_by"],
        result=Result(row.get("result", "pass")),
        expires_at=parse_iso(expires) if expires else None,
        artefact=Artefact(**artefact) if artefact else None,
        bound_to=row.get("bound_to", {}),
    )


def attestation_item(statement: Attestation) -> dict[str, Any]:
    """The statement as a row; the partition key is the caller's ``aws:userid``.

    An IAM condition on ``dynamodb:LeadingKeys`` holds a writer to their own id, so that a
    statement cannot be made in another's name.
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
        "attester": statement.attester,
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
    return to_wire(row)


def answer_item(
    kind: str, statement: Attestation, *, by: str, by_id: str, at: datetime
) -> dict[str, Any]:
    """An APPROVAL or REVOCATION of a statement as a row."""
    return to_wire(
        {
            "declared_by": by_id,
            "declared_at": f"{iso(at)}#{statement.id}",
            "kind": kind,
            "rule": statement.rule,
            "attestation": statement.id,
            "attester": by,
        }
    )
