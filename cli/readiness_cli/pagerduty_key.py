"""`readiness pagerduty-key`: write the routing key into the stack's secret, and nowhere else."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import click
from botocore.exceptions import ClientError

from readiness.alerting.routing_key import keys_in
from readiness.engine.aws_errors import code_of
from readiness_cli import session
from readiness_cli.acknowledgement import KEY_NAME
from readiness_cli.failure import Failure
from readiness_cli.output import note

_KEY = re.compile(r"[A-Za-z0-9]{20,64}")
_REST_KEY = re.compile(r"[A-Za-z0-9_+-]{20,64}")


@click.command("pagerduty-key")
@click.option(
    "--rest",
    is_flag=True,
    help="Give a read-only REST API key instead, for test-alert --acknowledged.",
)
@click.option(
    "--name",
    default="default",
    show_default=True,
    metavar="NAME",
    help="The name that the parameter PagerDutyRoutes calls this service by.",
)
@session.stack_option
@session.aws_options
def pagerduty_key(
    *, rest: bool, name: str, stack_name: str, profile: str | None, region: str | None
) -> None:
    """Give the stack the routing key of a PagerDuty service (Events API v2).

    The key is asked for without being shown, or read from standard input; it is no argument,
    which every process on the machine could read. Pages that wait go out within a quarter of an
    hour; until there is a key they wait for two days.
    """
    from readiness_cli import stack  # noqa: PLC0415

    if not name.strip() or name.strip() == KEY_NAME:
        raise Failure(
            f"--name {name!r} is no name for a service",
            why="PagerDutyRoutes has to call the service by a name of its own",
            fix="leave --name out for the default service",
        )
    aws = session.connect(profile, region)
    deployed = stack.find(aws, stack_name)
    secret = deployed["PagerDutySecret"]
    if rest:
        put_key(aws.client("secretsmanager"), secret, _asked("REST API key", _REST_KEY), KEY_NAME)
        note(f"The REST key is in the secret {secret}. Only test-alert --acknowledged uses it.")
        return
    put_key(aws.client("secretsmanager"), secret, _asked("Routing key", _KEY), name.strip())
    note(f"The routing key is in the secret {secret}. `readiness test-alert` proves the way.")


def _asked(what: str, form: re.Pattern[str]) -> str:
    hidden = _is_person()
    said = click.prompt(what, hide_input=True) if hidden else sys.stdin.readline()
    key = str(said).strip()
    if form is _REST_KEY and not form.fullmatch(key):
        raise Failure(
            "that is not a key of PagerDuty's REST API",
            why="PagerDuty would refuse every request",
            fix="make a read-only key in PagerDuty: Integrations > API Access Keys",
        )
    if not form.fullmatch(key):
        raise Failure(
            "that is not an integration key of PagerDuty's Events API v2",
            why="PagerDuty would refuse every page",
            fix="copy the key, 32 letters and digits, from the service's Integrations tab",
        )
    return key


def _is_person() -> bool:
    return sys.stdin.isatty()


def put_key(secrets: Any, secret: str, key: str, name: str = "default") -> None:
    """Put ``key`` into the secret by its name, beside what else is in it.

    A secret that is the routing key alone, as text, keeps it as the default.
    """
    keys = {**keys_of(secrets, secret), name: key}
    secrets.put_secret_value(SecretId=secret, SecretString=json.dumps(keys))


def keys_of(secrets: Any, secret: str) -> dict[str, Any]:
    """The keys by name; none where the secret has no value yet."""
    text = ""
    try:
        text = secrets.get_secret_value(SecretId=secret).get("SecretString") or ""
        found = json.loads(text or "{}")
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        return {}
    except (ValueError, RecursionError):
        return dict(keys_in(text))
    return found if isinstance(found, dict) else dict(keys_in(text))
