"""Attestations: checks what a pipeline states through EventBridge, and records it as its own."""

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from readiness.engine import settings
from readiness.engine.aws import CONFIG
from readiness.engine.declarations import DeclarationRefused, attestation_item
from readiness.engine.declare import (
    SKEW,
    Declarations,
    Declarer,
    Where,
    announce,
    digested,
    statement_of,
)
from readiness.engine.environment import parameter
from readiness.engine.session import Session
from readiness.model.attestation import MACHINE, Artefact, Attestation
from readiness.model.finding import DEFAULT_STACK, parse_iso
from readiness.model.text import clean

REDRIVABLE = timedelta(days=14)

log = Logger(service="readiness-attestations")
metrics = Metrics(namespace="Readiness", service="attestations")


class Attestations:
    """Events of the stack's own bus → rows of the Declarations table.

    An event knows the account that sent it and no principal: the bus lets in only those whom the
    stack's parameter AttestationPrincipals names. They speak for their account, and a rule that
    wants two people also wants a person's approval.
    """

    def __init__(
        self,
        clients: Mapping[str, Any],
        environment: Mapping[str, str],
        rules: Mapping[str, int | None],
    ) -> None:
        """``rules`` are those that can be attested, each with how old the work may be, in days.

        None where that is no setting of its own; a stack may set another number.
        """
        self._clients = clients
        self._rules = rules
        self._declarations = Declarations(clients["dynamodb"], environment["DECLARATIONS_TABLE"])
        self._bucket = parameter(environment, "EVIDENCE_BUCKET")
        self._parameter = environment.get("SETTINGS_PARAMETER", "")
        named = environment.get("ATTESTATION_PRINCIPALS", "").split(",")
        self._allowed = {_account_of(arn) for arn in named} - {""}

    def record(self, event: Mapping[str, Any], account: str, now: datetime) -> dict[str, Any]:
        """Write the statement of an event, once however often it comes.

        Raises DeclarationRefused.
        """
        sender, detail = str(event.get("account", "")), event.get("detail")
        if sender not in self._allowed:
            raise DeclarationRefused(
                f"nobody of account {clean(sender, 20)} may attest by events;"
                " AttestationPrincipals names who does"
            )
        if not isinstance(detail, Mapping):
            raise DeclarationRefused("the event has no 'detail' object")
        statement = statement_of(
            {"account": account, **detail},
            Declarer(MACHINE + sender, MACHINE + sender, account),
            id=hashlib.sha256(str(event["id"]).encode()).hexdigest()[:12],
            at=_sent_at(event, now),
            rules=self._rules,
            artefact=self._artefact(detail.get("artefact")),
        )
        self._check(statement, account)
        item = attestation_item(statement)
        is_new = self._declarations.append(item)
        self._declarations.wait_for(item)
        announce(self._clients["events"], statement.rule, statement.id)
        return {"id": statement.id, "rule": statement.rule, "is_new": is_new}

    def _check(self, statement: Attestation, account: str) -> None:
        """Refuse what no rule would count, so that who sent it hears of it.

        What it has to be bound to depends on the resources, which only the rule's own heading
        reads: its finding says what is missing.
        """
        if statement.scope.account != account:
            raise DeclarationRefused(
                f"the stack evaluates account {account} only, not"
                f" {clean(statement.scope.account, 20)}"
            )
        days = self._max_age_days(statement.rule)
        if days is None:
            return
        expires = statement.expires(timedelta(days=days))
        if expires <= statement.declared_at:
            raise DeclarationRefused(
                f"the work of {statement.performed_at:%Y-%m-%d} expired on {expires:%Y-%m-%d}:"
                f" {statement.rule} accepts nothing older than {days} days"
            )

    def _max_age_days(self, rule: str) -> int | None:
        """As the stack sets it. Raises SettingsUnreadable, and ClientError for a denied read."""
        default = self._rules[rule]
        if default is None or not self._parameter:
            return default
        answer = self._clients["ssm"].get_parameter(Name=self._parameter)
        given = settings.parse(answer["Parameter"]["Value"])
        folder = rule.partition(".")[0]
        said = {**given.get(folder, {}), **given.get(rule, {})}.get("max_age_days", default)
        # A value of another kind is refused by the heading, which then cannot tell.
        return said if isinstance(said, int) and not isinstance(said, bool) else default

    def _artefact(self, given: object) -> Artefact | None:
        if not given:
            return None
        where = Where.parse(given)
        if where.bucket != self._bucket:
            raise DeclarationRefused(
                f"the artefact {where} does not lie in the evidence bucket"
                f" {self._bucket or '(EvidenceBucketName is not set)'}"
            )
        return digested(self._clients["s3"], where)


def _account_of(arn: str) -> str:
    """The account in the ARN of a principal; empty for anything else."""
    fields = arn.strip().split(":")
    return fields[4] if len(fields) == 6 else ""


def _sent_at(event: Mapping[str, Any], now: datetime) -> datetime:
    """When the event was sent, so that each delivery of it makes the same row."""
    try:
        sent = parse_iso(str(event["time"]))
    except (KeyError, ValueError):
        raise DeclarationRefused("the event does not say its time") from None
    if not now - REDRIVABLE - SKEW <= sent <= now + SKEW:
        raise DeclarationRefused(f"the event says it was sent at {sent:%Y-%m-%d %H:%M} UTC")
    return sent.astimezone(UTC)


def rules_to_attest() -> dict[str, int | None]:
    """The rules that rest on attestations, each with the days that the work is valid for.

    `make template` lists them beside this file.
    """
    listed = Path(__file__).with_name("attestable.json").read_text(encoding="utf-8")
    return dict(json.loads(listed))


_made: list[Attestations] = []


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Record one attestation event.

    A refused one fails the invocation, so that it lands in the on-failure queue.
    """
    metrics.set_default_dimensions(stack=os.environ.get("STACK_NAME", DEFAULT_STACK))
    log.append_keys(request_id=getattr(context, "aws_request_id", ""))
    if not _made:
        session = Session()
        clients = {
            name: session.client(name, config=CONFIG)
            for name in ("dynamodb", "events", "s3", "ssm")
        }
        _made.append(Attestations(clients, os.environ, rules_to_attest()))
    account = str(context.invoked_function_arn).split(":")[4]
    try:
        answer = _made[0].record(event, account, datetime.now(UTC))
    except DeclarationRefused as refused:
        metrics.add_metric("AttestationsRefused", MetricUnit.Count, 1)
        log.error(
            "attestation refused",
            extra={"reason": str(refused), "account_sent": clean(str(event.get("account")), 20)},
        )
        raise
    else:
        metrics.add_metric("AttestationsRecorded", MetricUnit.Count, 1)
        log.info("attestation recorded", extra=answer)
        return answer
    finally:
        if metrics.provider.metric_set:
            metrics.flush_metrics()
