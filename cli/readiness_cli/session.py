"""Which account, which region, with whose credentials, and which thresholds."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from readiness.engine import settings
from readiness.model.rule import Rule, SettingRefused
from readiness_cli import catalogue, failure
from readiness_cli.failure import Failure

if TYPE_CHECKING:
    from readiness.engine.aws import Aws

DEFAULT_STACK = "readiness"
_REGION = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""What the name of an endpoint can hold; AWS's signatures are about small letters."""
F = TypeVar("F", bound=Callable[..., Any])


def aws_options(command: F) -> F:
    """``--profile`` and ``--region``, as the AWS CLI has them."""
    command = click.option("--region", help="AWS region. Default: as for the AWS CLI.")(command)
    return click.option("--profile", help="Profile in the AWS configuration files.")(command)


def stack_option(command: F) -> F:
    """``--stack-name``: the deployed stack whose tables and queues are meant."""
    return click.option(
        "--stack-name",
        default=DEFAULT_STACK,
        show_default=True,
        envvar="READINESS_STACK_NAME",
        help="Name of the deployed stack. By default also the only one of another name.",
    )(command)


def no_stack_option(command: F) -> F:
    """``--no-stack``: judge by the defaults, whatever is deployed."""
    return click.option(
        "--no-stack",
        is_flag=True,
        help="Default settings, no attestations, no waivers: as if nothing were deployed.",
    )(command)


def is_given(name: str) -> bool:
    """Whether a person gave that parameter of the command, and it is not the default."""
    context = click.get_current_context(silent=True)
    if context is None:
        return False
    source = context.get_parameter_source(name)
    return source not in {None, click.core.ParameterSource.DEFAULT}


def utc_now() -> datetime:
    return datetime.now(UTC)


def connect(
    profile: str | None,
    region: str | None,
    *,
    bulk: bool = False,
    now: Callable[[], datetime] = utc_now,
) -> Aws:
    """The account behind the credentials at hand, asked once who it is. Raises Failure."""
    from readiness.engine.aws import Aws  # noqa: PLC0415
    from readiness.engine.session import Session  # noqa: PLC0415

    context = click.get_current_context(silent=True)
    # boto3 itself reads only AWS_DEFAULT_REGION; the AWS CLI prefers AWS_REGION.
    wanted = region or os.environ.get("AWS_REGION") or None
    session = Session(profile, wanted)
    if not session.region_name:
        raise failure.no_region()
    if not _REGION.fullmatch(session.region_name):
        raise failure.odd_region(session.region_name)
    if context is not None:
        context.meta["readiness.region"] = session.region_name
    aws = Aws(session, account="", region=session.region_name, now=now, bulk=bulk)
    aws.account = _account(aws)
    return aws


def _account(aws: Aws) -> str:
    """Whose credentials these are, by the STS of the region. Raises Failure."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    from readiness.engine.aws_errors import is_about_credentials  # noqa: PLC0415

    try:
        return str(aws.client("sts").get_caller_identity()["Account"])
    except ClientError as error:
        if not is_about_credentials(error):
            raise
        if aws.refuses_us():
            raise failure.credentials_refused(str(error)) from error
        raise failure.refused_here(str(error), aws.region) from error
    except (OSError, ValueError) as error:
        # botocore's own errors are none of these: a program or a file that it was told to use
        if failure.is_about_an_endpoint(error):
            raise
        raise failure.not_loaded(error) from error


def read_settings(
    path: Path | None, assignments: Iterable[tuple[str, str, str]]
) -> dict[str, dict[str, object]]:
    """The settings file with single settings (rule or heading, name, value) laid over it.

    Raises Failure for a file that cannot be read and for a rule or heading that does not exist.
    """
    given: dict[str, dict[str, object]] = {}
    if path is not None:
        try:
            parsed = settings.parse(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise Failure(
                f"the settings file {path} cannot be read: {error}",
                why="The scan would ignore its thresholds",
                fix="pass a readable JSON file: readiness scan --settings-file PATH",
            ) from error
        given = {rule: dict(values) for rule, values in parsed.items()}
    for rule, name, value in assignments:
        given.setdefault(rule, {})[name] = value
    headings = catalogue.folders()
    named: dict[str, dict[str, object]] = {}
    for name, values in given.items():
        named.setdefault(name if name in headings else find_rule(name).id, {}).update(values)
    return named


def configure(rules: Iterable[Rule], given: settings.Given) -> settings.Configured:
    """The settings of each rule. Raises SettingRefused where one is not allowed."""
    rules = list(rules)
    configured = settings.configure(rules, given)
    for rule in rules:
        values = configured[rule.id]
        if isinstance(values, SettingRefused):
            raise SettingRefused(f"{rule.id}: {values}")
    return configured


def assignment(text: str, form: str) -> tuple[str, str]:
    """``name=value`` in two. Raises Failure."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise Failure(
            f"{text!r} is not {form}",
            why="A setting needs a name and a value",
            fix=f"write --set {form}; `readiness rules RULE` lists the settings",
        )
    return name.strip(), value


def find_rule(name: str) -> Rule:
    """The rule of that id or name. Raises Failure that names the ones it may mean."""
    try:
        return catalogue.rule(name)
    except LookupError as error:
        raise unknown(error) from None


def find_rules(name: str) -> list[Rule]:
    """The rule of that id or name, or those of that heading. Raises Failure as above."""
    try:
        return catalogue.rules_named(name)
    except LookupError as error:
        raise unknown(error) from None


def unknown(error: LookupError) -> Failure:
    """A rule or heading that does not exist."""
    return Failure(
        str(error.args[0]),
        why="Only known rules and headings can be evaluated",
        fix="run `readiness rules` to list them",
    )


def spoken(aws: Aws) -> str:
    """Where we looked: ``111122223333 us-east-1``."""
    return f"{aws.account} {aws.region}"


def plural(count: int, noun: str) -> str:
    """``1 request``, ``2 requests``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
