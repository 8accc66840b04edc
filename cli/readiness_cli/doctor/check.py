"""What a check of `readiness doctor` is: a question, and lines that answer it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from readiness.engine.actions import action_of
from readiness.engine.aws_errors import CredentialsRefused, cause_of, code_of
from readiness.engine.store import Store
from readiness.model.rule import Rule
from readiness.model.text import error_text
from readiness.model.unreadable import Cause, Unreadable
from readiness_cli import session
from readiness_cli.failure import STS
from readiness_cli.stack import NoPart, there

if TYPE_CHECKING:
    from readiness.engine.aws import Aws
    from readiness_cli.stack import Stack


class State(StrEnum):
    """How a line stands, from best to worst."""

    OK = "ok"
    WARNING = "warning"
    UNKNOWN = "unknown"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Line:
    """One answer: what was seen, why it matters, and the command that cures it.

    A line that is ok needs neither ``why`` nor ``fix``.
    """

    check: str
    state: State
    said: str
    why: str = ""
    fix: str = ""


class Examined:
    """The account the credentials lead to, and the stack in it where one is deployed."""

    def __init__(
        self, aws: Aws, rules: Sequence[Rule], stack_name: str, deployed: Stack | None = None
    ) -> None:
        self.aws = aws
        self.rules = tuple(rules)
        self.stack_name = stack_name
        self.deployed = deployed

    @property
    def stack(self) -> Stack:
        """The deployed stack, for checks that run only where there is one."""
        if self.deployed is None:
            raise LookupError("this check needs a deployed stack")
        return self.deployed

    @functools.cached_property
    def parts(self) -> Mapping[str, str]:
        """The physical names of everything in the stack by logical ids. Raises Unreadable."""
        pages = self.pages(
            "cloudformation",
            "list_stack_resources",
            "StackResourceSummaries",
            StackName=self.stack.name,
        )
        return there(pages)

    @functools.cached_property
    def store(self) -> Store:
        """The tables of the stack."""
        return Store(
            self.aws.client("dynamodb"),
            self.stack["FindingsTable"],
            self.stack["TransitionsTable"],
        )

    def ask(
        self, service: str, operation: str, *, absent: Sequence[str] = (), **params: Any
    ) -> Any:
        """The answer to a call; None for an error code in ``absent``. Raises Unreadable."""
        try:
            return self.aws.ask(service, operation, None, params)
        except ClientError as error:
            if code_of(error) in absent:
                return None
            raise _unreadable(error, service, operation) from error
        except BotoCoreError as error:
            raise _unreadable(error, service, operation) from error

    def pages(self, service: str, operation: str, member: str, **params: Any) -> list[Any]:
        """A list over all pages of an answer. Raises Unreadable."""
        try:
            pages = self.aws.pages(service, operation, None, params)
            return [each for page in pages for each in page.get(member) or ()]
        except (ClientError, BotoCoreError) as error:
            raise _unreadable(error, service, operation) from error

    def command(self, words: str) -> str:
        """A command of readiness about this stack."""
        named = (
            "" if self.stack_name == session.DEFAULT_STACK else f" --stack-name {self.stack_name}"
        )
        return f"readiness {words}{named}"


def _unreadable(error: ClientError | BotoCoreError, service: str, operation: str) -> Unreadable:
    code = code_of(error) if isinstance(error, ClientError) else type(error).__name__
    return Unreadable(action_of(service, operation), cause_of(error), code)


@dataclass(frozen=True, slots=True)
class Check:
    """A question by name; ``of_stack`` is asked only where a stack is deployed."""

    name: str
    look: Callable[[Examined], Iterable[Line]]
    of_stack: bool = False


def examine(examined: Examined, checks: Iterable[Check]) -> Iterator[Line]:
    """The lines of all checks; one that cannot be answered is a line that says why."""
    for check in checks:
        if check.of_stack and examined.deployed is None:
            continue
        try:
            yield from check.look(examined)
        except Unreadable as unreadable:
            yield unanswered(check.name, unreadable)
        except CredentialsRefused as refused:
            yield Line(
                check.name, State.UNKNOWN, str(refused), _WHY, "aws sso login, then run it again"
            )
        except NoPart as lacking:
            yield Line(check.name, State.UNKNOWN, lacking.message, _WHY, "run `sam deploy`")
        except (ClientError, BotoCoreError) as error:
            # Only the tables are asked without Examined.ask.
            yield unanswered(check.name, _unreadable_table(error))
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            said = f"the answer lacks what is asked for ({error_text(error)})"
            yield Line(check.name, State.UNKNOWN, said, _WHY, f"{_AGAIN}; then report a bug")


def no_answer(name: str, error: ClientError | BotoCoreError) -> Line:
    """The line where it is not even known whether there is a stack."""
    return unanswered(name, _unreadable(error, "cloudformation", "describe_stacks"))


_AGAIN = "wait a minute and run it again"
_CURES = {
    Cause.NOT_OFFERED: "nothing: the region does not have the service",
    Cause.SDK_TOO_OLD: "pip install --upgrade botocore",
    Cause.TOKEN_REFUSED: "enable the region for the account, or sign in again",
}
_WHY = "What this check is about may be wrong, and nobody would know"


def _unreadable_table(error: ClientError | BotoCoreError) -> Unreadable:
    if isinstance(error, ClientError):
        return Unreadable(f"dynamodb:{error.operation_name}", cause_of(error), code_of(error))
    return Unreadable("dynamodb:Query", cause_of(error), type(error).__name__)


def unanswered(name: str, unreadable: Unreadable) -> Line:
    """The line of a check that could not read what it asks about."""
    fix = _CURES.get(unreadable.cause, _AGAIN)
    if unreadable.cause is Cause.ACCESS_DENIED:
        fix = f"allow {unreadable.action} for your IAM principal (`{STS}` shows it)"
    return Line(name, State.UNKNOWN, f"{unreadable}", _WHY, fix)
