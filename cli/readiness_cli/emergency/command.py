"""`readiness emergency`: plan an emergency procedure for one target, apply it, and restore."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import click

from readiness_cli import session, stack
from readiness_cli.emergency import breaker as breakers
from readiness_cli.emergency import ecs_rollback as ecs
from readiness_cli.emergency import lambda_rollback as lambdas
from readiness_cli.emergency import shutdown as stops
from readiness_cli.emergency.applying import apply_calls, guarded, may_apply, tell, verify
from readiness_cli.emergency.desk import LISTS, Desk, Saved
from readiness_cli.emergency.drawing import print_plan, print_saved
from readiness_cli.emergency.plan import Plan, Procedure, Token, attainable, moved
from readiness_cli.failure import Exit, Failure
from readiness_cli.options import Group
from readiness_cli.output import note, output_option

if TYPE_CHECKING:
    from readiness.engine.aws import Aws
    from readiness_cli.stack import Stack

F = TypeVar("F", bound=Callable[..., Any])
DRILLS = {
    lambdas.LambdaRollback: "emergency_procedures.lambda-rollback",
    ecs.EcsRollback: "emergency_procedures.ecs-rollback",
    breakers.Circuit: "emergency_procedures.circuit-breaker",
    breakers.Switch: "emergency_procedures.circuit-breaker",
    stops.StopFunction: "emergency_procedures.function-shutdown",
    stops.StopService: "emergency_procedures.service-shutdown",
}
"""The rule that a drill of a procedure is evidence for."""


@click.group(cls=Group)
def emergency() -> None:
    """Roll back, open a breaker, shut down, and restore: plan first, then apply.

    Each command prints a plan and changes nothing. The same command with --apply TOKEN carries
    the plan out, if nothing moved since, within 15 minutes. The state before is saved first, and
    `readiness emergency restore ID` brings it back.
    """


def _acting(command: F) -> F:
    """The options that every procedure has."""
    decorators = [
        click.option("--apply", "token", metavar="TOKEN", help="Carry out the plan with it."),
        click.option("--reason", default="", help="Why; needed with --apply. It is recorded."),
        click.option("--drill", is_flag=True, help="A rehearsal: attest it for the checklist."),
        click.option(
            "--wait",
            type=click.IntRange(0, 3600),
            default=300,
            show_default=True,
            metavar="SECONDS",
            help="How long to wait until it is done.",
        ),
        session.stack_option,
        output_option,
        session.aws_options,
    ]
    return functools.reduce(lambda made, each: each(made), reversed(decorators), command)


@emergency.command("lambda-rollback")
@click.argument("function")
@click.option("--alias", default="live", show_default=True, help="The alias that callers use.")
@click.option("--to", "version", default="", metavar="VERSION", help="Default: the one before.")
@click.option(
    "--stop-deployment",
    is_flag=True,
    help="Where CodeDeploy moves the alias now: let it stop and roll back.",
)
@_acting
def lambda_rollback(
    *, function: str, alias: str, version: str, stop_deployment: bool, **given: Any
) -> None:
    """Let an alias of FUNCTION point to an earlier version, with all of its traffic."""
    options = {
        "function": function,
        "alias": alias,
        "version": version,
        "stop_deployment": stop_deployment,
    }
    _run(lambdas.NAME, options, **given)


@emergency.command("ecs-rollback")
@click.argument("service", metavar="CLUSTER/SERVICE")
@click.option(
    "--to",
    "task_definition",
    default="",
    metavar="FAMILY:REVISION",
    help="Default: what ran before.",
)
@_acting
def ecs_rollback(*, service: str, task_definition: str, **given: Any) -> None:
    """Let a service run an earlier task definition; a deployment under way is rolled back."""
    cluster, name = _service(service)
    options = {"cluster": cluster, "service": name, "task_definition": task_definition}
    _run(ecs.NAME, options, **given)


@emergency.command("breaker")
@click.option("--table", help="The table of Powertools' circuit breaker.")
@click.option("--id", help="The circuit in that table.")
@click.option(
    "--open-for", type=click.IntRange(1, 1440), metavar="MINUTES", help="Force the circuit open."
)
@click.option("--close", is_flag=True, help="Close the circuit.")
@click.option("--parameter", help="A parameter that the code reads as a switch, …")
@click.option("--value", help="… and the value it shall have.")
@_acting
def breaker(
    *,
    table: str | None,
    id: str | None,
    open_for: int | None,
    close: bool,
    parameter: str | None,
    value: str | None,
    **given: Any,
) -> None:
    """Stop calls to a dependency: open its circuit, or set the parameter that code asks."""
    of_circuit = bool(table and id) and (open_for is not None) != close
    of_switch = bool(parameter) and value is not None
    others = (parameter, value) if of_circuit else (table, id, open_for, close or None)
    if of_circuit == of_switch or any(each is not None for each in others):
        raise Failure(
            "it is not clear what shall be opened or closed",
            why="A breaker acts on one circuit or one switch that is named",
            fix="readiness emergency breaker --table T --id CIRCUIT --open-for 30 (or --close), or"
            " --parameter NAME --value VALUE",
        )
    options: dict[str, Any] = {"parameter": parameter, "value": value}
    if of_circuit:
        options = {"table": table, "id": id, "minutes": open_for or 0}
    _run(breakers.NAME, options, **given)


@emergency.command("shutdown")
@click.option("--function", help="A Lambda function.")
@click.option("--service", metavar="CLUSTER/SERVICE", help="An ECS service.")
@click.option(
    "--allow-drop",
    is_flag=True,
    help="Accept that asynchronous events without a failure sink are lost meanwhile.",
)
@_acting
def shutdown(*, function: str | None, service: str | None, allow_drop: bool, **given: Any) -> None:
    """Stop a function or a service; what it was is saved."""
    if bool(function) == bool(service):
        raise Failure(
            "name one function or one service",
            why="A shutdown acts on one target that is named",
            fix="readiness emergency shutdown --function NAME, or --service CLUSTER/SERVICE",
        )
    if function:
        options: dict[str, Any] = {"function": function, "allow_drop": allow_drop}
    else:
        cluster, name = _service(service or "")
        options = {"cluster": cluster, "service": name}
    _run(stops.NAME, options, **given)


@emergency.command("restore")
@click.argument("id", metavar="ID")
@_acting
def restore(*, id: str, **given: Any) -> None:
    """Bring back the state that was saved under ID."""
    aws, deployed = _place(given)
    desk = Desk(aws, deployed)
    saved = desk.one(id)
    if not saved.is_open:
        raise Failure(
            f"the emergency {id} has ended: {saved.ended} by {saved.ended_by}",
            why="Its state was restored, or another one took its place",
            fix=f"`{LISTS}` shows what is open",
        )
    procedure = _procedure(saved.procedure, saved.options)
    state = procedure.look(aws)
    plan = Plan(
        "restore",
        saved.target,
        state,
        attainable(saved.before, state),
        procedure.undo(saved.before, state),
        refusals=tuple(
            f"Somebody else changed it since: {each}. If this is to stay:"
            f" readiness emergency keep {id}"
            for each in moved(saved.before, saved.after, state)
        ),
    )
    if given["token"] is None:
        print_plan(plan, str(Token.of(plan, session.spoken(aws), aws.now())), given["format"])
        return
    may_apply(plan, given, aws)
    apply_calls(aws, plan.calls, saved.id)
    verify(aws, procedure, plan, given["wait"], saved)
    desk.end(saved, "restored")
    print_saved([desk.one(saved.id)], given["format"])


@emergency.command("keep")
@click.argument("id", metavar="ID")
@session.stack_option
@output_option
@session.aws_options
def keep(*, id: str, format: str, **where: Any) -> None:
    """Say that the state after the emergency ID is to stay; nothing is changed."""
    desk = Desk(*_place(where))
    saved = desk.one(id)
    print_saved([saved if not saved.is_open else desk.end(saved, "kept")], format)


@emergency.command("list")
@click.option("--all", "every", is_flag=True, help="Also those that have ended.")
@session.stack_option
@output_option
@session.aws_options
def list_(*, every: bool, format: str, **where: Any) -> None:
    """List the emergencies whose state can be restored, the newest first."""
    print_saved([e for e in Desk(*_place(where)).every() if every or e.is_open], format)


def _service(text: str) -> tuple[str, str]:
    cluster, slash, name = text.partition("/")
    if not slash or not cluster or not name or "/" in name:
        raise Failure(
            f"{text!r} is not CLUSTER/SERVICE",
            why="A service's name is unique only within its cluster",
            fix="aws ecs list-clusters, then aws ecs list-services --cluster CLUSTER",
        )
    return cluster, name


def _place(given: Mapping[str, Any]) -> tuple[Aws, Stack]:
    aws = session.connect(given["profile"], given["region"])
    return aws, stack.find(aws, given["stack_name"])


def _procedure(name: str, options: Mapping[str, Any]) -> Procedure:
    """The procedure as it was asked for, from the command line or from what was saved."""
    if name == breakers.NAME and "table" in options:
        hold = timedelta(minutes=options["minutes"]) if options["minutes"] else None
        return breakers.Circuit(options["table"], options["id"], hold)
    kinds: dict[str, Callable[..., Procedure]] = {
        lambdas.NAME: lambdas.LambdaRollback,
        ecs.NAME: ecs.EcsRollback,
        breakers.NAME: breakers.Switch,
        stops.NAME: stops.StopFunction if "function" in options else stops.StopService,
    }
    return kinds[name](**options)


def _run(name: str, options: Mapping[str, Any], **given: Any) -> None:
    aws, deployed = _place(given)
    desk = Desk(aws, deployed)
    procedure = _procedure(name, options)
    known = desk.open_of(procedure.target)
    state = procedure.look(aws)
    if given["token"] is None:
        made = aws.now()
        plan = guarded(procedure.plan(aws, state, made), known, options)
        token = Token.of(plan, session.spoken(aws), made)
        print_plan(plan, "" if plan.refusals else str(token), given["format"])
        raise click.exceptions.Exit(Exit.GATE_FAILED if plan.refusals else Exit.OK)
    token = Token.parse(given["token"])
    plan = guarded(procedure.plan(aws, state, token.made), known, options)
    may_apply(plan, given, aws)
    saved = known or desk.save(plan, options, reason=given["reason"], drill=given["drill"])
    note(f"saved the state before as {saved.id}: readiness emergency restore {saved.id}")
    apply_calls(aws, plan.calls, saved.id)
    verify(aws, procedure, plan, given["wait"], saved)
    tell(aws, deployed, saved)
    if given["drill"]:
        _attest(aws, deployed, saved)
    print_saved([saved], given["format"])


def _attest(aws: Aws, deployed: Stack, saved: Saved) -> None:
    from readiness_cli import attest_desk, catalogue  # noqa: PLC0415

    try:
        rule = catalogue.rule(DRILLS[type(_procedure(saved.procedure, saved.options))])
    except LookupError:
        note("warning: no rule asks for drills of this kind; nothing was attested")
        return
    said = {
        "statement": f"Drill of {saved.procedure} on {saved.target}: {saved.reason}",
        "performed_at": f"{saved.at:%Y-%m-%dT%H:%M:%SZ}",
        "owner": saved.by,
        **_drilled(saved),
    }
    statement = attest_desk.Desk(aws, deployed).add(rule, said, (), unchecked=True)
    note(f"attested the drill for {rule.id} as {statement.id}")


def _drilled(saved: Saved) -> dict[str, str]:
    """Limits the statement to what a drill is evidence for; of a switch, that is any resource."""
    if "function" in saved.options:
        return {"resource": str(saved.options["function"])}
    if "service" in saved.options:
        return {"resource": f"*:service/{saved.options['cluster']}/{saved.options['service']}"}
    return {}
