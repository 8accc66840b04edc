"""The only door to AWS: clients made once, answers read once, errors named for what they mean."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from readiness.engine.actions import action_of
from readiness.engine.daily_cache import Memory, NotRemembered
from readiness.model.evidence import declared
from readiness.model.resource import GLOBAL, Resource
from readiness.model.unreadable import Cause, Gone, Unreadable

if TYPE_CHECKING:
    from readiness.engine.session import Session

S = TypeVar("S")
T = TypeVar("T")
Params = Mapping[str, Any]

CONFIG = Config(
    connect_timeout=3,
    read_timeout=15,
    retries={"mode": "standard", "total_max_attempts": 4},
    max_pool_connections=16,
    parameter_validation=False,
    user_agent_extra="readiness",
)

ONCE = CONFIG.merge(Config(read_timeout=60, retries={"mode": "standard", "total_max_attempts": 1}))
"""For a call that does something: it may take long, and is never repeated."""

_NO_SETTINGS: Mapping[str, Any] = {}
_TOGETHER = 12
"""How many reads one loader has under way that asks about many things."""

_DENIED = {
    "403",
    "AuthFailure",
    "AuthorizationError",
    "AuthorizationErrorException",
    "Forbidden",
    "NotAuthorized",
    "UnauthorizedOperation",
}
_THROTTLED = {
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "TooManyRequestsException",
    "TransactionInProgressException",
}
_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}


_NO_CREDENTIALS = (
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)


class CredentialsRefused(Exception):
    """AWS does not accept who we say we are: nothing can be read, so nothing is judged."""


def is_about_credentials(error: Exception) -> bool:
    """Whether the error says that the credentials are missing, expired or not accepted."""
    if isinstance(error, ClientError):
        return code_of(error) in _CREDENTIALS
    return isinstance(error, (CredentialsRefused, *_NO_CREDENTIALS))


def code_of(error: ClientError) -> str:
    """The AWS error code, for instance ``AccessDenied``."""
    return str(error.response.get("Error", {}).get("Code", ""))


def cause_of(error: ClientError | BotoCoreError) -> Cause:
    """What an AWS error means for a verdict. Everything undocumented is UNEXPECTED_ANSWER."""
    if isinstance(error, (ConnectionError, EndpointConnectionError, HTTPClientError)):
        return Cause.SERVICE_UNAVAILABLE
    if not isinstance(error, ClientError):
        return Cause.UNEXPECTED_ANSWER
    code = code_of(error)
    if code.startswith("AccessDenied") or code in _DENIED:
        return Cause.ACCESS_DENIED
    if code.startswith("Throttl") or code in _THROTTLED:
        return Cause.THROTTLED
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if isinstance(status, int) and status >= 500:
        return Cause.SERVICE_UNAVAILABLE
    return Cause.UNEXPECTED_ANSWER


@dataclass(frozen=True, slots=True)
class Answer:
    """Evidence and when the reading of it began; an error stands in the evidence's place."""

    evidence: Any
    as_of: datetime


class Aws:
    """One run's view of an account in one region: every answer is read once and kept.

    ``bulk`` makes evidence that knows how load everything at once, as a scan wants it; without
    it, each resource is read alone and therefore fresh, as an event wants it.
    """

    def __init__(
        self,
        session: Session,
        *,
        account: str,
        region: str,
        now: Callable[[], datetime],
        bulk: bool = False,
        clients: dict[tuple[str, str], Any] | None = None,
        memory: Memory | None = None,
    ) -> None:
        self.account = account
        self.region = region
        self.now = now
        self.bulk = bulk
        self.memory = memory
        self.requests = 0
        self._session = session
        self._clients = {} if clients is None else clients
        self._cells: dict[object, Future[Any]] = {}
        self._lock = threading.RLock()

    def afresh(self, *, bulk: bool = False) -> Aws:
        """The same account and clients with nothing read yet."""
        return Aws(
            self._session,
            account=self.account,
            region=self.region,
            now=self.now,
            bulk=bulk,
            clients=self._clients,
            memory=self.memory,
        )

    def client(self, service: str, region: str | None = None, *, once: bool = False) -> Any:
        """The client of a service, made at its first use; ``once`` is one that never retries."""
        key = (f"{service} once" if once else service, region or self.region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._session.client(
                    service,
                    region_name=key[1],
                    config=ONCE if once else CONFIG,
                )
            return self._clients[key]

    def evidence(
        self, cls: type[Any], resource: Resource, settings: Mapping[str, Any] = _NO_SETTINGS
    ) -> Answer:
        """Evidence about a resource, or its Unreadable or Gone, from a single load.

        ``settings`` are the rule's, of which the evidence sees those it asks with.
        """
        asked = {name: settings[name] for name in sorted(declared(cls).all_asks_with)}
        key = (cls, *asked.items())
        if self.bulk and hasattr(cls, "load_all") and self._is_here(resource):
            everything = self._once(key, lambda: self._timed(cls, asked, cls.load_all))
            found = everything.evidence.get(resource.id)
            if found is not None:
                return Answer(found, getattr(found, "as_of", None) or everything.as_of)
            # A listing that does not show it is no proof that it is gone: it is asked itself.
        return self._once((*key, resource), lambda: self._timed(cls, asked, cls.load, resource))

    def _is_here(self, resource: Resource) -> bool:
        """Whether a bulk read can show it: a reference may lead to another account or region."""
        return resource.account == self.account and resource.region in {self.region, GLOBAL}

    def find(self, cls: Any) -> list[str]:
        """The ids of all resources of a type, in order. Raises Unreadable."""
        read = DeclaredReader(self, frozenset(cls.find_reads), f"the listing of {cls.name}")
        ids: list[str] = self._once(("find", cls), lambda: sorted(set(cls.find(read))))
        return ids

    def _timed(
        self, cls: type[Any], asked: Params, load: Callable[..., Any], *args: Resource
    ) -> Answer:
        began = self.now()
        read = DeclaredReader(self, declared(cls).reads, cls.__name__, asked)
        loaded = load(read, *args)
        return Answer(loaded, getattr(loaded, "as_of", None) or began)

    def _once(self, key: object, compute: Callable[[], T]) -> T:
        with self._lock:
            cell = self._cells.get(key)
            mine = cell is None
            if cell is None:
                cell = self._cells[key] = Future()
        if mine:
            try:
                cell.set_result(compute())
            except BaseException as error:
                cell.set_exception(error)
        result: T = cell.result()
        return result

    def _ask(
        self,
        service: str,
        operation: str,
        region: str | None,
        params: Params,
        *,
        once: bool = False,
    ) -> Any:
        self._count()
        return getattr(self.client(service, region, once=once), operation)(**params)

    def _pages(
        self, service: str, operation: str, region: str | None, params: Params
    ) -> Iterable[Any]:
        client = self.client(service, region)
        if not client.can_paginate(operation):
            yield self._ask(service, operation, region, params)
            return
        for page in client.get_paginator(operation).paginate(**params):
            self._count()
            yield page

    def _count(self) -> None:
        with self._lock:
            self.requests += 1


class DeclaredReader:
    """What a loader may read: the calls its evidence declared, and no other."""

    __slots__ = ("_allowed", "_aws", "_who", "settings")

    def __init__(
        self,
        aws: Aws,
        allowed: frozenset[str],
        who: str,
        settings: Mapping[str, Any] = _NO_SETTINGS,
    ) -> None:
        self.settings = settings
        self._aws = aws
        self._allowed = allowed
        self._who = who

    @property
    def account(self) -> str:
        return self._aws.account

    @property
    def region(self) -> str:
        return self._aws.region

    @property
    def bulk(self) -> bool:
        """Whether everything will be asked for, so that one large answer is the cheapest."""
        return self._aws.bulk

    @property
    def now(self) -> datetime:
        return self._aws.now()

    def knows(self, service: str, operation: str) -> bool:
        """Whether the SDK has the operation: the Lambda runtime's may be older than the API."""
        return hasattr(self._aws.client(service), operation)

    def of(self, cls: type[T], resource: Resource) -> T:
        """Other evidence that this evidence declared to use. Raises Unreadable or Gone."""
        loaded: T = self._aws.evidence(cls, resource, self.settings).evidence
        return loaded

    def one(
        self,
        service: str,
        operation: str,
        *,
        absent: Sequence[str] = (),
        gone: Sequence[str] = (),
        action: str = "",
        region: str | None = None,
        **params: Any,
    ) -> Any:
        """One call's answer; None for an error code that says the asked-for thing is not set.

        ``gone`` are the codes that say the resource itself does not exist. Where a code alone
        does not say it, what AWS says with it follows after a colon (``ClientException: Unable to
        describe``). Raises Unreadable for every other error, Gone for those.
        """

        def ask() -> Any:
            return self._aws._ask(service, operation, region, params)  # noqa: SLF001

        return self._answer(ask, service, operation, region, action, params, absent, gone)

    def act(self, service: str, operation: str, *, gone: Sequence[str] = (), **params: Any) -> Any:
        """The answer to a call that does something; it is made once and never retried.

        A body that AWS streams is read to its end and stands in the answer as bytes.
        """

        def ask() -> Any:
            answer = self._aws._ask(service, operation, None, params, once=True)  # noqa: SLF001
            return {
                name: value.read() if hasattr(value, "read") else value
                for name, value in answer.items()
            }

        return self._answer(ask, service, operation, None, "", params, (), gone)

    def poll(
        self, service: str, operation: str, attempt: int, *, absent: Sequence[str] = ()
    ) -> Any:
        """What a call without parameters answers now, though it was asked in another attempt."""

        def ask() -> Any:
            return self._aws._ask(service, operation, None, {})  # noqa: SLF001

        return self._answer(ask, service, operation, None, "", {}, absent, (), attempt)

    def every(
        self,
        service: str,
        operation: str,
        key: str,
        *,
        absent: Sequence[str] = (),
        gone: Sequence[str] = (),
        action: str = "",
        region: str | None = None,
        **params: Any,
    ) -> list[Any]:
        """All items under ``key`` over all pages; errors as in :meth:`one`, absent is empty.

        ``key`` is a dotted path (``DistributionList.Items``).
        """

        def ask_every() -> list[Any]:
            return list(self._aws._pages(service, operation, region, params))  # noqa: SLF001

        pages = self._answer(ask_every, service, operation, region, action, params, absent, gone)
        return [item for page in pages or () for item in _under(page, key) or ()]

    def daily(self, action: str, question: str, ask: Callable[[], Any]) -> Any:
        """The plain JSON that ``ask`` returns, asked at most once a UTC day by all runs together.

        For calls that AWS bills one by one. ``question`` names what is asked with all that shapes
        it, ``action`` is the IAM action. A run that looks at single resources, as after an event,
        takes what the day's sweep was told and never asks itself; where answers are kept nowhere,
        as by a scan with nothing deployed, it asks. Raises Unreadable.
        """
        aws = self._aws
        if aws.memory is None:
            return aws._once(("daily", question), ask)  # noqa: SLF001
        memory = aws.memory

        def recalled() -> Any:
            try:
                return memory.daily(question, aws.now(), ask if aws.bulk else None)
            except ClientError as error:
                raise Unreadable("dynamodb:PutItem", cause_of(error), code_of(error)) from error
            except BotoCoreError as error:
                code = type(error).__name__
                raise Unreadable("dynamodb:GetItem", cause_of(error), code) from error
            except NotRemembered as not_yet:
                raise Unreadable(action, Cause.SERVICE_UNAVAILABLE, str(not_yet)) from None

        return aws._once(("daily", question), recalled)  # noqa: SLF001

    def each(self, ask: Callable[[S], T], items: Iterable[S]) -> list[T]:
        """``ask`` for every item, several at a time, answers in order. Raises what it raises."""
        with ThreadPoolExecutor(_TOGETHER, "read") as pool:
            return list(pool.map(ask, items))

    def _answer(  # noqa: C901
        self,
        ask: Callable[[], T],
        service: str,
        operation: str,
        region: str | None,
        action: str,
        params: Params,
        absent: Sequence[str],
        gone: Sequence[str],
        attempt: int = 0,
    ) -> T | None:
        action = action or action_of(service, operation)
        if action not in self._allowed:
            raise UndeclaredRead(f"{self._who} calls {action} and does not declare it")

        def settled() -> T | _NotThere:
            try:
                return ask()
            except ClientError as error:
                code = code_of(error)
                if _says(error, absent):
                    return _NotThere(is_gone=False)
                if _says(error, gone):
                    return _NotThere(is_gone=True)
                if code in _CREDENTIALS:
                    raise CredentialsRefused(f"{code}: {error}") from error
                raise Unreadable(action, cause_of(error), code) from error
            except _NO_CREDENTIALS as error:
                raise CredentialsRefused(str(error)) from error
            except BotoCoreError as error:
                raise Unreadable(action, cause_of(error), type(error).__name__) from error
            except ResponseParserError as error:
                code = type(error).__name__
                raise Unreadable(action, Cause.UNEXPECTED_ANSWER, code) from error

        wanted = (tuple(absent), tuple(gone), attempt)
        key = (service, operation, region, wanted, repr(sorted(params.items())), ask.__name__)
        answer = self._aws._once(key, settled)  # noqa: SLF001
        if isinstance(answer, _NotThere):
            if answer.is_gone:
                raise Gone(f"{service} {operation} {dict(params)}")
            return None
        return answer


def _says(error: ClientError, codes: Sequence[str]) -> bool:
    """Whether the error has one of the codes and, where one goes on after a colon, says that."""
    message = str(error.response.get("Error", {}).get("Message", ""))
    for each in codes:
        code, _, said = each.partition(": ")
        if code == code_of(error) and said in message:
            return True
    return False


def _under(page: Mapping[str, Any], path: str) -> Any:
    value: Any = page
    for step in path.split("."):
        value = (value or {}).get(step)
    return value


@dataclass(frozen=True, slots=True)
class _NotThere:
    is_gone: bool


class UndeclaredRead(Exception):
    """A loader made a call its evidence does not declare: a mistake in our own code."""
