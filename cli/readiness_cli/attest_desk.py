"""Records and reads attestations in the table of one stack, as one caller."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from readiness.engine import settings
from readiness.engine.declarations import (
    DeclarationReader,
    DeclarationRefused,
    answer_item,
    attestation_item,
    may_approve,
)
from readiness.engine.declare import (
    Declarations,
    Declarer,
    NotAnnounced,
    Where,
    announce,
    digested,
    statement_of,
)
from readiness.engine.principals import Principals
from readiness.model.rule import Rule, SettingRefused
from readiness_cli import attest_check, recording, session, stack
from readiness_cli.attest_check import State, Trial
from readiness_cli.failure import Failure
from readiness_cli.output import note

if TYPE_CHECKING:
    from readiness.engine.aws import Aws
    from readiness.model.attestation import Artefact, Attestation
    from readiness_cli.stack import Stack

TABLE = "DeclarationsTable"
LISTS = "readiness attest list"


def check(rule: Rule, said: Mapping[str, str], bind: Iterable[str]) -> None:
    """Raise Failure for what no stack takes, before AWS is asked for anything."""
    _stated(rule, said, bind, Declarer("", "", ""), at=session.utc_now())


def _stated(
    rule: Rule,
    said: Mapping[str, str],
    bind: Iterable[str],
    by: Declarer,
    *,
    at: datetime,
    artefact: Artefact | None = None,
) -> Attestation:
    bound = dict(_binding(text) for text in bind)
    try:
        return statement_of(
            {**said, "rule": rule.id, "bind": bound},
            by,
            id=secrets.token_hex(6),
            at=at,
            rules={rule.id},
            artefact=artefact,
        )
    except DeclarationRefused as declined:
        raise refused(str(declined)) from declined


class Desk:
    """The attestations of a deployed stack."""

    def __init__(self, aws: Aws, deployed: Stack) -> None:
        self._aws = aws
        self._every = aws.reread(bulk=True)
        self._deployed = deployed
        self._declarations = Declarations(aws.client("dynamodb"), deployed[TABLE])
        self._principals = Principals(aws)
        self._scope = recording.scope_of(deployed)
        self._given: settings.Given | None = None

    def add(
        self, rule: Rule, said: Mapping[str, str], bind: Iterable[str], *, unchecked: bool
    ) -> Attestation:
        """Record a statement and let the rule be evaluated again. Raises Failure."""
        by = self._caller()
        try:
            artefact = self._artefact(said.get("artefact"))
        except DeclarationRefused as declined:
            raise refused(str(declined)) from declined
        statement = _stated(rule, said, bind, by, at=self._aws.now(), artefact=artefact)
        self._check_age(rule, statement)
        if unchecked:
            note("warning: recorded without checking the resource and the bound values")
        else:
            for line in attest_check.check(rule, statement, self._trial(rule, statement)):
                note(line)
        self._put(attestation_item(statement), statement)
        return statement

    def answer(self, kind: str, id: str, rules: Sequence[Rule]) -> Attestation:
        """Approve or revoke a statement. Raises Failure."""
        statement = self._one(id, rules)
        by = self._caller()
        _check_answer(kind, statement, by)
        item = answer_item(kind, statement, by_id=by.id, at=self._aws.now())
        self._put(item, statement)
        return self._one(id, [rule for rule in rules if rule.id == statement.rule])

    def all(self, rules: Iterable[Rule]) -> list[Attestation]:
        """What was attested for the rules, by rule and time."""
        with stack.tables_of(self._deployed):
            found = [each for rule in rules for each in self._declarations.of_rule(rule.id)]
        reader = DeclarationReader(self._aws, self._deployed[TABLE], lambda resource, rule: None)
        return reader.verified(self._principals.named(found))

    def row(self, rule: Rule, statement: Attestation) -> dict[str, Any]:
        """The statement, its state and when it ends, as it is printed."""
        terms = self._settings(rule)
        state = self._state(rule, statement, terms)
        expires = attest_check.expiry(statement, terms)
        scope, artefact = statement.scope, statement.artefact
        named = {
            "account": scope.account,
            "environment": scope.environment,
            "workload": scope.workload,
            "resource": scope.resource,
        }
        return {
            "id": statement.id,
            "rule": statement.rule,
            "state": state.name,
            "state_reason": state.reason,
            "result": str(statement.result),
            "statement": statement.statement,
            "performed_at": _time(statement.performed_at),
            "declared_at": _time(statement.declared_at),
            "expires_at": _time(expires) if expires else "",
            "owner": statement.owner,
            "attester": statement.attester,
            "approved_by": statement.approved_by,
            "approved_at": _time(statement.approved_at) if statement.approved_at else "",
            "scope": {name: value for name, value in named.items() if value},
            "bound_to": dict(statement.bound_to),
            "artefact": str(artefact or ""),
            "sha256": artefact.sha256 if artefact else "",
        }

    def _state(self, rule: Rule, statement: Attestation, terms: Mapping[str, Any]) -> State:
        return attest_check.state_of(rule, statement, terms, self._trial(rule, statement))

    def _trial(self, rule: Rule, statement: Attestation) -> Trial:
        configured = settings.configure([rule], self._given_settings())
        return Trial(self._aws, self._every, configured, self._scope, statement)

    def _one(self, id: str, rules: Iterable[Rule]) -> Attestation:
        found = [statement for statement in self.all(rules) if statement.id == id]
        if len(found) == 1:
            return found[0]
        problem = "more than one attestation has the id" if found else "there is no attestation"
        raise Failure(
            f"{problem} {id!r} in the stack {self._deployed.name!r}",
            why="An approval or revocation applies to exactly one attestation",
            fix=f"run `{LISTS}`; a new attestation can take a second to appear",
        )

    def _caller(self) -> Declarer:
        said = self._aws.client("sts").get_caller_identity()
        return Declarer(said["Arn"], said["UserId"], said["Account"])

    def _artefact(self, given: str | None) -> Artefact | None:
        if not given:
            return None
        where = Where.parse(given)
        has_bucket = "EvidenceBucket" in self._deployed
        known = self._deployed["EvidenceBucket"] if has_bucket else ""
        if where.bucket != known:
            bucket = f"the evidence bucket {known!r}" if known else "any evidence bucket"
            raise DeclarationRefused(
                f"the artefact {where} is not in {bucket} of the stack, so the rules could not"
                " check that it still exists; set the parameter EvidenceBucketName and run `sam"
                " deploy`"
            )
        return digested(self._aws.client("s3"), where)

    def _check_age(self, rule: Rule, statement: Attestation) -> None:
        """Say when the statement ends; refuse one that has ended already."""
        days = self._settings(rule).get("max_age_days")
        expires = attest_check.expiry(statement, {"max_age_days": days})
        if days is None or expires is None:
            return
        if expires <= statement.declared_at:
            raise refused(
                f"the work of {statement.performed_at:%Y-%m-%d} expired on {expires:%Y-%m-%d}:"
                f" {rule.id} accepts nothing older than {days} days"
            )
        if statement.expires_at is not None and expires < statement.expires_at:
            note(
                f"note: the attestation is valid until {expires:%Y-%m-%d} only, because {rule.id}"
                f" accepts nothing older than {days} days; --expires-at cannot extend this"
            )

    def _settings(self, rule: Rule) -> Mapping[str, Any]:
        """The rule's settings in the stack; none where they are refused."""
        configured = settings.configure([rule], self._given_settings())[rule.id]
        if isinstance(configured, SettingRefused):
            note(f"warning: the stack's settings for {rule.id} are invalid: {configured}")
            return {}
        return configured

    def _given_settings(self) -> settings.Given:
        if self._given is None:
            self._given = recording.settings_of(self._aws, self._deployed)
        return self._given

    def _put(self, item: dict[str, Any], statement: Attestation) -> None:
        with stack.tables_of(self._deployed):
            if not self._declarations.append(item):
                raise refused("an identical attestation exists already")
            self._declarations.wait_for(item)
        try:
            announce(self._aws.client("events"), statement.rule, statement.id)
        except NotAnnounced as lost:
            note(f"warning: recorded, but the rule is evaluated only with the next sweep: {lost}")


def _time(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _check_answer(kind: str, statement: Attestation, by: Declarer) -> None:
    """Raises Failure where the answer would count for nothing."""
    if statement.revoked:
        raise refused(f"attestation {statement.id} is revoked already")
    if kind == "REVOCATION":
        if by.id not in {statement.attester_id, statement.approved_by_id}:
            raise refused(f"only {statement.attester} or the approver can revoke it")
        return
    if not may_approve(by.id, statement):
        raise Failure(
            f"you are {by.arn}, the attester of {statement.id}",
            why="The approver must be a second person",
            fix="ask another person to run the same command with their own credentials",
        )
    if statement.approved_by_id:
        raise refused(f"attestation {statement.id} is approved already by {statement.approved_by}")


def _binding(text: str) -> tuple[str, Any]:
    """``memory_size=512`` as a name and a number, truth value or text."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise usage(f"{text!r} is not --bind NAME=VALUE")
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        parsed = value
    return name.strip(), parsed if isinstance(parsed, str | int | float | bool) else value


def usage(what: str) -> Failure:
    """A part of an attestation that is missing or has the wrong form."""
    return Failure(
        what,
        why="An attestation says what was done, when, and who is responsible",
        fix='readiness attest add RULE --statement "…" --owner team@example.com'
        " --performed-at 2026-01-31",
    )


def refused(what: str) -> Failure:
    """A statement or an answer that would count for nothing."""
    return Failure(
        what,
        why="Nothing was recorded",
        fix=f"correct it and run the command again; `{LISTS}` shows all attestations",
    )
