"""`readiness attest`: what no API can prove, said by a person and put down in their name."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click
from rich.console import RenderableType

from readiness.engine import settings
from readiness.model.attestation import Attestation, Attested
from readiness.model.rule import Rule, SettingRefused
from readiness_cli import catalogue, session
from readiness_cli.failure import Exit, Failure
from readiness_cli.output import cell, emit, note, output_option, stacked, table

if TYPE_CHECKING:
    from readiness.engine.aws import Aws
    from readiness.engine.declare import Declarations, Declarer
    from readiness.model.attestation import Artefact
    from readiness_cli.stack import Stack

FIELDS = (
    "id",
    "rule",
    "state",
    "result",
    "statement",
    "performed_at",
    "expires_at",
    "owner",
    "attester",
    "approved_by",
    "scope",
    "bound_to",
    "artefact",
    "sha256",
)
TABLE = "DeclarationsTable"
LISTS = "readiness attest --list"


@click.command()
@click.argument("rule_id", metavar="[RULE]", required=False)
@click.option("--statement", help="What was done, and the result.")
@click.option("--owner", help="The responsible person or team.")
@click.option("--performed-at", metavar="DATE", help="When the work was done (not today's date).")
@click.option(
    "--expires-at",
    metavar="DATE",
    help="End of validity; the rule's own limit if that is earlier.",
)
@click.option(
    "--result",
    type=click.Choice(["pass", "fail"]),
    default="pass",
    show_default=True,
    help="Whether the work succeeded.",
)
@click.option(
    "--account", metavar="ID", help="Only this account. Default: the account of your credentials."
)
@click.option("--environment", help="Only resources with this value of the tag Environment.")
@click.option("--workload", help="Only resources with this value of the tag Application.")
@click.option("--resource", metavar="GLOB", help="Only resources whose id matches this pattern.")
@click.option("--artefact", metavar="S3-URI", help="Evidence file: s3://bucket/key[?versionId=…]")
@click.option(
    "--bind",
    multiple=True,
    metavar="NAME=VALUE",
    help="Becomes void when this value changes (repeatable).",
)
@click.option("--approve", metavar="ID", help="Approve another person's attestation.")
@click.option("--revoke", metavar="ID", help="Revoke an attestation that you made or approved.")
@click.option(
    "--list", "lists", is_flag=True, help="List the attestations, for RULE or for all rules."
)
@session.stack_option
@output_option
@session.aws_options
@click.pass_context
def attest(
    context: click.Context,
    /,
    *,
    rule_id: str | None,
    bind: tuple[str, ...],
    approve: str | None,
    revoke: str | None,
    lists: bool,
    stack_name: str,
    format: str,
    profile: str | None,
    region: str | None,
    **said: str | None,
) -> None:
    """Attest for RULE that work was done which no API can prove.

    The attester is always the AWS identity you are signed in as. A DATE is a day (2026-01-31)
    or a time with a time zone (2026-01-31T12:00:00Z).
    """
    if sum([bool(approve), bool(revoke), lists]) > 1:
        raise _usage("--approve, --revoke and --list cannot be combined")
    rule = _attestable(rule_id) if rule_id else None
    if not (approve or revoke or lists) and rule is None:
        raise _usage("RULE is missing (or one of --approve, --revoke, --list)")

    from readiness_cli import stack  # noqa: PLC0415

    aws = session.connect(profile, region)
    deployed = stack.find(aws, stack_name)
    desk = Desk(aws, deployed)
    if lists:
        rows = desk.all([rule] if rule else _every_attestable())
    elif approve or revoke:
        kind, id = ("APPROVAL", approve) if approve else ("REVOCATION", revoke)
        rows = [desk.answer(kind, str(id), [rule] if rule else _every_attestable())]
    else:
        rows = [desk.attest(rule, said, bind)] if rule else []
    shown = [desk.row(statement) for statement in rows]
    emit(format, shown, lambda: draw(shown), columns=FIELDS)
    context.exit(Exit.OK)


class Desk:
    """Where statements are put down: one stack's Declarations table, in one caller's name."""

    def __init__(self, aws: Aws, deployed: Stack) -> None:
        from readiness.engine.declare import Declarations  # noqa: PLC0415
        from readiness.engine.principals import Principals  # noqa: PLC0415

        self._aws = aws
        self._deployed = deployed
        self._declarations: Declarations = Declarations(aws.client("dynamodb"), deployed[TABLE])
        self._principals = Principals(aws)

    def attest(self, rule: Rule, said: dict[str, str | None], bind: Iterable[str]) -> Attestation:
        """Write one statement down and let the rule look again. Raises Failure."""
        from readiness.engine.declarations import DeclarationRefused, attestation_item  # noqa: PLC0415
        from readiness.engine.declare import statement_of  # noqa: PLC0415

        for name in ("statement", "owner", "performed_at"):
            if not said[name]:
                raise _usage(f"--{name.replace('_', '-')} is missing")
        fields = {name: value for name, value in said.items() if value is not None}
        bound = dict(_binding(text) for text in bind)
        by = self._caller()
        now = self._aws.now()
        try:
            statement = statement_of(
                {**fields, "rule": rule.id, "bind": bound},
                by,
                id=secrets.token_hex(6),
                at=now,
                rules={rule.id},
                artefact=self._artefact(fields.get("artefact")),
            )
        except DeclarationRefused as refused:
            raise _refused(str(refused)) from refused
        self._weigh(rule, statement)
        self._put(attestation_item(statement), statement)
        return statement

    def answer(self, kind: str, id: str, rules: Sequence[Rule]) -> Attestation:
        """Approve or revoke a statement. Raises Failure."""
        from readiness.engine.declarations import answer_item  # noqa: PLC0415

        statement = self._one(id, rules)
        by = self._caller()
        _check(kind, statement, by)
        at = self._aws.now()
        item = answer_item(kind, statement, by_id=by.id, at=at)
        self._put(item, statement)
        return self._one(id, [rule for rule in rules if rule.id == statement.rule])

    def all(self, rules: Iterable[Rule]) -> list[Attestation]:
        """What was attested for the rules, by rule and time."""
        from readiness_cli import stack  # noqa: PLC0415

        with stack.tables_of(self._deployed):
            found = [each for rule in rules for each in self._declarations.of_rule(rule.id)]
        return self._principals.named(found)

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
        from readiness.engine.declare import Declarer  # noqa: PLC0415

        said = self._aws.client("sts").get_caller_identity()
        return Declarer(said["Arn"], said["UserId"], said["Account"])

    def _artefact(self, given: str | None) -> Artefact | None:
        from readiness.engine.declarations import DeclarationRefused  # noqa: PLC0415
        from readiness.engine.declare import Where, digested  # noqa: PLC0415

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

    def _weigh(self, rule: Rule, statement: Attestation) -> None:
        """Say what the statement is worth; refuse one that is worth nothing already."""
        days = self._cap(rule)
        if days is None:
            return
        expires = statement.expires(timedelta(days=days))
        if expires <= statement.declared_at:
            raise _refused(
                f"the work of {statement.performed_at:%Y-%m-%d} expired on {expires:%Y-%m-%d}:"
                f" {rule.id} accepts nothing older than {days} days"
            )
        if statement.expires_at is not None and expires < statement.expires_at:
            note(
                f"note: the attestation is valid until {expires:%Y-%m-%d} only, because {rule.id}"
                f" accepts nothing older than {days} days; --expires-at cannot extend this"
            )

    def _cap(self, rule: Rule) -> int | None:
        """After how many days the rule wants it anew, by the stack's settings."""
        from readiness_cli import recording  # noqa: PLC0415

        given = recording.settings_of(self._aws, self._deployed)
        configured = settings.configure([rule], given)[rule.id]
        if isinstance(configured, SettingRefused):
            note(f"warning: the stack's settings for {rule.id} are invalid: {configured}")
            return None
        days = configured.get("max_age_days")
        return int(days) if days is not None else None

    def _put(self, item: dict[str, Any], statement: Attestation) -> None:
        from readiness.engine.declare import NotAnnounced, announce  # noqa: PLC0415
        from readiness_cli import stack  # noqa: PLC0415

        with stack.tables_of(self._deployed):
            if not self._declarations.append(item):
                raise _refused("an identical attestation exists already")
            self._declarations.wait_for(item)
        try:
            announce(self._aws.client("events"), statement.rule, statement.id)
        except NotAnnounced as lost:
            note(f"warning: recorded, but the rule is evaluated only with the next sweep: {lost}")

    def row(self, statement: Attestation) -> dict[str, Any]:
        """The statement with exactly :data:`FIELDS`."""
        scope = statement.scope
        named = {
            "account": scope.account,
            "environment": scope.environment,
            "workload": scope.workload,
            "resource": scope.resource,
        }
        artefact = statement.artefact
        return {
            "id": statement.id,
            "rule": statement.rule,
            "state": _state(statement),
            "result": str(statement.result),
            "statement": statement.statement,
            "performed_at": f"{statement.performed_at:%Y-%m-%dT%H:%M:%SZ}",
            "expires_at": f"{statement.expires_at:%Y-%m-%dT%H:%M:%SZ}"
            if statement.expires_at
            else "",
            "owner": statement.owner,
            "attester": statement.attester,
            "approved_by": statement.approved_by,
            "scope": {name: value for name, value in named.items() if value},
            "bound_to": dict(statement.bound_to),
            "artefact": str(artefact or ""),
            "sha256": artefact.sha256 if artefact else "",
        }


def _state(statement: Attestation) -> str:
    if statement.revoked:
        return "revoked"
    return "approved" if statement.has_second_person else "unapproved"


def _check(kind: str, statement: Attestation, by: Declarer) -> None:
    """Raises Failure where the answer would count for nothing."""
    from readiness.engine.declarations import may_approve  # noqa: PLC0415

    if statement.revoked:
        raise _refused(f"attestation {statement.id} is revoked already")
    if kind == "REVOCATION":
        if by.id not in {statement.attester_id, statement.approved_by_id}:
            raise _refused(f"only {statement.attester} or the approver can revoke it")
        return
    if not may_approve(by.id, statement):
        raise Failure(
            f"you are {by.arn}, the attester of {statement.id}",
            why="The approver must be a second person",
            fix="ask another person to run the same command with their own credentials",
        )
    if statement.approved_by_id:
        raise _refused(
            f"attestation {statement.id} is approved already by {statement.approved_by}"
        )


def is_attestable(rule: Rule) -> bool:
    """Whether the rule rests on what people attest."""
    return any(parameter.evidence is Attested for parameter in rule.parameters)


def _every_attestable() -> list[Rule]:
    return [rule for rule in catalogue.rules().values() if is_attestable(rule)]


def _attestable(id: str) -> Rule:
    rule = session.find_rule(id)
    if not is_attestable(rule):
        known = ", ".join(each.id for each in _every_attestable()) or "none yet"
        raise Failure(
            f"{id} accepts no attestation: it is decided by AWS data alone",
            why="An attestation would have no effect",
            fix=f"run `readiness explain FINDING`; rules that accept attestations: {known}",
        )
    return rule


def _binding(text: str) -> tuple[str, Any]:
    """``memory_size=512`` as a name and a number, truth value or text."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise _usage(f"{text!r} is not --bind NAME=VALUE")
    try:
        parsed = json.loads(value)
    except ValueError:
        parsed = value
    return name.strip(), parsed if isinstance(parsed, str | int | float | bool) else value


def _usage(what: str) -> Failure:
    return Failure(
        what,
        why="An attestation says what was done, when, and who is responsible",
        fix='readiness attest RULE --statement "…" --owner team@example.com'
        " --performed-at 2026-01-31",
    )


def _refused(what: str) -> Failure:
    return Failure(
        what,
        why="Nothing was recorded",
        fix=f"correct it and run the command again; `{LISTS}` shows all attestations",
    )


def draw(rows: Sequence[dict[str, Any]]) -> Iterable[RenderableType]:
    """Statements as a table."""
    if not rows:
        yield cell("There are no attestations.")
        return
    made = table("Id", "Statement")
    for row in rows:
        scope = " ".join(f"{name}={value}" for name, value in row["scope"].items())
        bound = " ".join(f"{name}={value}" for name, value in row["bound_to"].items())
        made.add_row(
            cell(row["id"]),
            stacked(
                cell(f"{row['rule']}  {row['result']}, {row['state']}", "bold"),
                cell(row["statement"], most=1000),
                cell(f"performed {row['performed_at']}, owner {row['owner']}", most=600),
                cell(f"attested by {row['attester']}", most=600),
                cell(f"approved by {row['approved_by']}" if row["approved_by"] else "", most=600),
                cell(f"for {scope}" if scope else "", most=1000),
                cell(f"bound to {bound}" if bound else "", most=1000),
                cell(f"artefact {row['artefact']}" if row["artefact"] else "", most=1000),
            ),
        )
    yield made
