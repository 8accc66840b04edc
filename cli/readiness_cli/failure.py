"""Why a command stopped, in one line: what is wrong, why it matters, the command that fixes it."""

from __future__ import annotations

import errno
import os
import re
import sys
from enum import IntEnum
from typing import IO, TYPE_CHECKING, Any

import click

from readiness.model.text import clean, error_text

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

MOST_LINE = 1200
_OF_THE_MACHINE = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EIO,
    errno.EBADF,
    errno.EACCES,
    errno.EPERM,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
}
"""What the operating system refuses whatever the program does right."""
_NO_ENDPOINT = (
    "Invalid endpoint",
    "Invalid IPv6 URL",
    "Port could not be cast",
    "Port out of range",
)
"""How botocore and Python begin their ValueError about an endpoint's URL."""
STS = "aws sts get-caller-identity"


class Exit(IntEnum):
    """What the exit code of every command means."""

    OK = 0
    GATE_FAILED = 1
    USAGE = 2
    INCOMPLETE = 3
    AWS_OR_INTERNAL = 4
    INTERRUPTED = 130
    NO_READER = 141
    """As the shell says it of a program that SIGPIPE ended; 1 would be a failed gate."""


class Failure(click.ClickException):
    """One line on stderr and an exit code."""

    def __init__(self, what: str, *, why: str, fix: str, code: Exit = Exit.USAGE) -> None:
        super().__init__(clean(f"{_stop(what)} {_stop(why)} Fix: {fix}", MOST_LINE))
        self.code = code

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        """What the process exits with."""
        return int(self.code)

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"error: {self.message}", file=file or sys.stderr)


def _stop(text: str) -> str:
    text = text.strip()
    if text.partition(" ")[0].isalpha():
        text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def of(error: Exception, region: str = "") -> Failure:
    """The failure that an error amounts to; one nobody foresaw is a bug and says so."""
    is_from_aws = type(error).__module__.startswith(("botocore", "boto3", "readiness.engine.aws"))
    if is_from_aws:
        return _of_ours(error) or _of_aws(error, region)
    return _of_ours(error) or _of_the_machine(error) or _bug(error)


def _of_the_machine(error: Exception) -> Failure | None:
    """The failure of a disk, a terminal or a setting of the shell; None for any other error."""
    match error:
        case OSError(errno=code) if code in _OF_THE_MACHINE:
            return _aws(
                f"this computer refuses: {error}",
                "The output is not complete",
                "free the disk, or correct the permissions, and run the command again",
            )
        case UnicodeEncodeError():
            return _aws(
                f"the output cannot be written in {error.encoding}",
                "It holds characters that this encoding lacks",
                "export PYTHONIOENCODING=utf-8",
            )
        case EOFError():
            return _aws(
                "nobody answers the question for an MFA code or a password",
                "The command does not run in a terminal",
                "run it in one, or export credentials: `aws configure export-credentials`",
            )
        case ValueError() if is_about_an_endpoint(error):
            return Failure(
                f"the endpoint of AWS is no URL: {error}",
                why="A URL such as https://sts.us-east-1.amazonaws.com is needed",
                fix="correct AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_* or endpoint_url in the AWS"
                " configuration files, or remove it",
            )
    return None


def reader_gone() -> click.exceptions.Exit:
    """Whoever read stdout went away, as `| head` does: nothing is left to say."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())  # Python writes what is left when it ends
    return click.exceptions.Exit(Exit.NO_READER)


def no_output() -> Failure:
    """The shell closed stdout, as `>&-` does."""
    return _aws(
        "stdout is closed",
        "The command has nowhere to write its answer and did nothing",
        "let it write to a terminal, a file or /dev/null",
    )


def _bug(error: Exception) -> Failure:
    return Failure(
        f"internal error: {error_text(error)}",
        why="This is a bug in readiness. The output is not complete",
        fix="run the command again as `readiness --debug …` and report the traceback",
        code=Exit.AWS_OR_INTERNAL,
    )


def _of_ours(error: Exception) -> Failure | None:
    from readiness.engine.settings import SettingsUnreadable  # noqa: PLC0415
    from readiness.engine.targets import MalformedEvent  # noqa: PLC0415
    from readiness.model.rule import SettingRefused  # noqa: PLC0415
    from readiness.model.unreadable import Unreadable  # noqa: PLC0415

    match error:
        case SettingRefused() | SettingsUnreadable():
            return Failure(
                str(error),
                why="A rule would run with a wrong threshold",
                fix="run `readiness rules RULE` to see the settings and their allowed values",
            )
        case MalformedEvent():
            return Failure(
                str(error),
                why="The event does not say which resource to evaluate",
                fix="compare it with the example events under events/",
            )
        case Unreadable():
            return Failure(
                str(error),
                why="The rules need this data",
                fix=f"allow {error.action} for your IAM principal (`{STS}` shows it)",
                code=Exit.AWS_OR_INTERNAL,
            )
    return None


def _of_aws(error: Exception, region: str) -> Failure:
    from botocore import exceptions as aws  # noqa: PLC0415

    from readiness.engine.aws_errors import is_about_credentials  # noqa: PLC0415

    if is_about_credentials(error) and not isinstance(error, aws.ClientError):
        return credentials_refused(str(error))
    match error:
        case aws.ProfileNotFound():
            why = "The AWS configuration files hold no profile of this name"
            return _aws(str(error), why, "aws configure list-profiles")
        case aws.NoRegionError():
            return no_region()
        case aws.EndpointConnectionError() | aws.ConnectTimeoutError() | aws.InvalidRegionError():
            return unreachable(str(error), region)
        case aws.ClientError():
            return _answered(error, region)
    return _of_the_caller(error) or _aws(
        f"AWS did not answer: {error_text(error)}",
        "The output is not complete",
        "check the network and run the command again",
    )


_WRONGLY_SET = re.compile(
    r"\w*Config\w*|InvalidDefaultsMode|InvalidRetryModeError|InvalidIMDSEndpoint\w*"
    r"|InvalidMaxRetryAttemptsError|InvalidS3AddressingStyleError|UnknownCredentialError"
)
"""What botocore raises for its configuration: a file or a variable of the shell is wrong."""


def _of_the_caller(error: Exception) -> Failure | None:
    """The failure of what the shell and the AWS configuration files say; None for any other."""
    from botocore import exceptions as aws  # noqa: PLC0415

    match error:
        case aws.ProxyConnectionError():
            return _aws(
                f"the proxy cannot be reached: {error}",
                "No resource can be read",
                "correct HTTPS_PROXY, or name what goes past it in NO_PROXY",
            )
        case aws.SSLError():
            return _aws(
                f"no trusted connection to AWS: {error}",
                "No resource can be read",
                "name a file of the certificates to trust in AWS_CA_BUNDLE (ca_bundle in the AWS"
                " configuration files), or unset it",
            )
        case aws.MissingDependencyException():
            return _aws(
                f"the AWS credentials cannot be loaded: {error}",
                "No resource can be read",
                "install it where readiness is, or export credentials:"
                " `aws configure export-credentials --format env`",
            )
        case aws.HTTPClientError() if "Invalid header value" in str(error):
            # The text repeats the header: a session token would stand in somebody's log.
            return _aws(
                "the AWS credentials hold a line break, which no request can carry",
                "No resource can be read",
                "export AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN again:"
                " `aws configure export-credentials --format env`",
            )
    if _WRONGLY_SET.fullmatch(type(error).__name__):
        return _aws(
            f"the AWS configuration cannot be used: {error}",
            "No resource can be read",
            "correct ~/.aws/config, or the file that AWS_CONFIG_FILE names, or the variable AWS_…",
        )
    return None


def not_loaded(error: Exception) -> Failure:
    """A program or a file that the AWS configuration names gives no credentials."""
    return _aws(
        f"the AWS credentials cannot be loaded: {error_text(error)}",
        "No resource can be read",
        "correct credential_process, AWS_WEB_IDENTITY_TOKEN_FILE or what else the AWS"
        f" configuration names, then check with {STS}",
    )


def is_about_an_endpoint(error: Exception) -> bool:
    """Whether botocore or Python says that the endpoint is no URL."""
    return isinstance(error, ValueError) and str(error).startswith(_NO_ENDPOINT)


def _answered(error: ClientError, region: str) -> Failure:
    from readiness.engine.aws_errors import cause_of, is_about_credentials  # noqa: PLC0415
    from readiness.model.unreadable import Cause  # noqa: PLC0415

    if is_about_credentials(error):
        return refused_here(str(error), region)
    fixes = {
        Cause.ACCESS_DENIED: f"allow the call for your IAM principal (`{STS}` shows it)",
        Cause.THROTTLED: "wait a minute and run the command again",
        Cause.SERVICE_UNAVAILABLE: "wait a minute and run the command again",
    }
    fix = fixes.get(
        cause_of(error), "run it again as `readiness --debug …` to see the failing call"
    )
    return _aws(f"AWS refused the call: {error}", "The command could not finish", fix)


def _aws(what: str, why: str, fix: str) -> Failure:
    return Failure(what, why=why, fix=fix, code=Exit.AWS_OR_INTERNAL)


def credentials_refused(said: str) -> Failure:
    """The credentials are missing, invalid or expired."""
    return _aws(
        f"there are no valid AWS credentials: {said}",
        "No resource can be read",
        "aws sso login (or set AWS_PROFILE), then check with " + STS,
    )


def refused_here(said: str, region: str) -> Failure:
    """One service or region does not take the credentials, which AWS may take elsewhere."""
    return _aws(
        f"the credentials are not accepted in {region or 'this region'}: {said}",
        "They have expired, the account has not enabled the region, or it lies in another"
        " partition; what was not read was not judged",
        f"aws sso login if they expired; else {STS}, then"
        f" `aws account get-region-opt-status --region-name {region or 'REGION'}`",
    )


def no_region() -> Failure:
    """No region is configured."""
    return _aws(
        "no AWS region is set",
        "Readiness evaluates one region at a time",
        "export AWS_REGION=us-east-1 (or pass --region)",
    )


def odd_region(region: str) -> Failure:
    """A region that is none by its form: with capitals, spaces or a line break."""
    return _aws(
        f"{region!r} is not an AWS region",
        "No resource can be read there",
        "export AWS_REGION=us-east-1 (or pass --region); see `aws ec2 describe-regions`",
    )


def unreachable(said: str, region: str) -> Failure:
    """An endpoint that does not exist or cannot be reached."""
    import botocore.session  # noqa: PLC0415

    session = botocore.session.Session()
    known = {
        name
        for partition in session.get_available_partitions()
        for name in session.get_available_regions("sts", partition)
    }
    if region and region not in known:
        return _aws(
            f"{region!r} is not an AWS region, and its endpoint cannot be reached",
            "No resource can be read there",
            "export AWS_REGION=us-east-1 (or pass --region); see `aws ec2 describe-regions`",
        )
    return _aws(
        f"AWS cannot be reached: {said}",
        "No resource can be read",
        "check the network, AWS_REGION and AWS_ENDPOINT_URL, then " + STS,
    )
