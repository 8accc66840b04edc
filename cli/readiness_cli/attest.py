"""`readiness attest`: what no API can prove, stated by a person in their own name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click
from rich.console import RenderableType

from readiness.model.attestation import Attested
from readiness.model.rule import Rule
from readiness_cli import catalogue, session
from readiness_cli.failure import Failure
from readiness_cli.options import Group
from readiness_cli.output import cell, emit, output_option, stacked, table

if TYPE_CHECKING:
    from readiness.model.attestation import Attestation
    from readiness_cli.attest_desk import Desk

FIELDS = (
    "id",
    "rule",
    "state",
    "state_reason",
    "result",
    "statement",
    "performed_at",
    "declared_at",
    "expires_at",
    "owner",
    "attester",
    "approved_by",
    "approved_at",
    "scope",
    "bound_to",
    "artefact",
    "sha256",
)
REQUIRED = ("statement", "owner", "performed_at")
_FORMER = {"--approve": "approve ID", "--revoke": "revoke ID", "--list": "list [RULE]"}
F = TypeVar("F", bound=Callable[..., Any])


class Subcommands(Group):
    """A group that names the present form of a command that is written as it was before."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = args[0] if args else ""
        named = next((_FORMER[word] for word in args if word in _FORMER), "")
        if not named and "." in first and not first.startswith("-"):
            named = f"add {first} …"
        if named and first not in self.commands:
            raise Failure(
                "attest has subcommands now: add, approve, revoke and list",
                why="Nothing was recorded",
                fix=f"readiness attest {named}",
            )
        return super().parse_args(ctx, args)


def _common(command: F) -> F:
    return session.stack_option(output_option(session.aws_options(command)))


@click.group(cls=Subcommands)
def attest() -> None:
    """Attest that work was done which no API can prove.

    The attester is always the AWS identity you are signed in as.
    """


@attest.command()
@click.argument("rule_id", metavar="RULE")
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
@click.option("--account", metavar="ID", help="The account. Default: that of your credentials.")
@click.option(
    "--environment",
    help="Only resources with this value of the tag Environment; for rules about the account, the"
    " stack's parameter AccountEnvironment.",
)
@click.option("--workload", help="Only resources with this value of the tag Application.")
@click.option("--resource", metavar="GLOB", help="Only resources whose id matches this pattern.")
@click.option("--artefact", metavar="S3-URI", help="Evidence file: s3://bucket/key[?versionId=…]")
@click.option(
    "--bind",
    multiple=True,
    metavar="NAME=VALUE",
    help="Becomes void when this value changes (repeatable).",
)
@click.option(
    "--unchecked",
    is_flag=True,
    help="Do not check that the resource exists and the bound values fit, for a role that may not"
    " read them.",
)
@_common
def add(
    *,
    rule_id: str,
    bind: tuple[str, ...],
    unchecked: bool,
    stack_name: str,
    format: str,
    profile: str | None,
    region: str | None,
    **said: str | None,
) -> None:
    """Attest for RULE.

    A DATE is a day (2026-01-31) or a time with a time zone (2026-01-31T12:00:00Z).
    """
    rule = _attestable(rule_id)
    fields = {name: value for name, value in said.items() if value is not None}
    from readiness_cli import attest_desk  # noqa: PLC0415

    for name in REQUIRED:
        if not fields.get(name):
            raise attest_desk.usage(f"--{name.replace('_', '-')} is missing")
    attest_desk.check(rule, fields, bind)
    desk = _desk(stack_name, profile, region)
    _print(desk, [desk.add(rule, fields, bind, unchecked=unchecked)], format)


def _answer(kind: str, id: str, stack_name: str, format: str, *where: str | None) -> None:
    desk = _desk(stack_name, *where)
    _print(desk, [desk.answer(kind, id, _every_attestable())], format)


@attest.command()
@click.argument("id", metavar="ID")
@_common
def approve(
    *, id: str, stack_name: str, format: str, profile: str | None, region: str | None
) -> None:
    """Approve another person's attestation."""
    _answer("APPROVAL", id, stack_name, format, profile, region)


@attest.command()
@click.argument("id", metavar="ID")
@_common
def revoke(
    *, id: str, stack_name: str, format: str, profile: str | None, region: str | None
) -> None:
    """Revoke an attestation that you made or approved."""
    _answer("REVOCATION", id, stack_name, format, profile, region)


@attest.command("list", short_help="List the attestations with their state.")
@click.argument("rule_id", metavar="[RULE]", required=False)
@_common
def list_(
    *,
    rule_id: str | None,
    stack_name: str,
    format: str,
    profile: str | None,
    region: str | None,
) -> None:
    """List the attestations for RULE, or for all rules, with their state.

    The state is valid, expiring (within 30 days), expired, awaiting approval, failed, revoked,
    void (a bound value changed, or the artefact or the resource is gone) or unknown (what it
    depends on could not be read).
    """
    rules = [_attestable(rule_id)] if rule_id else _every_attestable()
    desk = _desk(stack_name, profile, region)
    _print(desk, desk.all(rules), format)


def _desk(stack_name: str, profile: str | None, region: str | None) -> Desk:
    from readiness_cli import stack  # noqa: PLC0415
    from readiness_cli.attest_desk import Desk  # noqa: PLC0415

    aws = session.connect(profile, region)
    return Desk(aws, stack.find(aws, stack_name))


def _print(desk: Desk, statements: Iterable[Attestation], format: str) -> None:
    rows = [desk.row(catalogue.rule(each.rule), each) for each in statements]
    emit(format, rows, lambda: draw(rows), columns=FIELDS)


def is_attestable(rule: Rule) -> bool:
    """Whether the rule rests on what people attest."""
    return any(issubclass(parameter.evidence, Attested) for parameter in rule.parameters)


def _every_attestable() -> list[Rule]:
    return [rule for rule in catalogue.rules().values() if is_attestable(rule)]


def _attestable(id: str) -> Rule:
    rule = session.find_rule(id)
    id = rule.id
    if not is_attestable(rule):
        known = ", ".join(each.id for each in _every_attestable()) or "none yet"
        raise Failure(
            f"{id} accepts no attestation: it is decided by AWS data alone",
            why="An attestation would have no effect",
            fix=f"run `readiness explain FINDING`; rules that accept attestations: {known}",
        )
    return rule


def draw(rows: Sequence[dict[str, Any]]) -> Iterable[RenderableType]:
    """Statements as a table."""
    if not rows:
        yield cell("There are no attestations.")
        return
    made = table("Id", "State", "Attestation")
    for row in rows:
        scope = " ".join(f"{name}={value}" for name, value in row["scope"].items())
        bound = " ".join(f"{name}={value}" for name, value in row["bound_to"].items())
        expires = f", expires {row['expires_at']}" if row["expires_at"] else ""
        made.add_row(
            cell(row["id"]),
            cell(row["state"]),
            stacked(
                cell(f"{row['rule']}  {row['result']}", "bold"),
                cell(row["state_reason"], most=1000),
                cell(row["statement"], most=1000),
                cell(f"performed {row['performed_at']}{expires}"),
                cell(f"owner {row['owner']}", most=600),
                cell(f"attested by {row['attester']} at {row['declared_at']}", most=600),
                cell(
                    f"approved by {row['approved_by']} at {row['approved_at']}"
                    if row["approved_by"]
                    else "not approved",
                    most=600,
                ),
                cell(f"for {scope}" if scope else "", most=1000),
                cell(f"bound to {bound}" if bound else "", most=1000),
                cell(f"artefact {row['artefact']}" if row["artefact"] else "", most=1000),
            ),
        )
    yield made
