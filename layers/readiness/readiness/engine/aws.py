"""The only access to AWS: clients made once, answers read once, errors named by meaning."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import botocore
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PaginationError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
    UnknownServiceError,
)
from botocore.parsers import ResponseParserError

from readiness.engine.actions import action_of, service_of
from readiness.engine.answers import Answers, Keep
from readiness.engine.daily_cache import DailyCache, NotCached
from readiness.engine.geography import Geography, default
from readiness.engine.page_sizes import sized
from readiness.engine.rates import OutOfTime, Pacer, is_scarce
from readiness.model.evidence import ACCOUNT, ResourceType, declared
from readiness.model.resource import GLOBAL, Resource
from readiness.model.unreadable import Cause, Gone, NotOffered, Unreadable

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

_SCARCE = Config(retries={"mode": "adaptive", "total_max_attempts": 4})
"""For a service whose rate AWS documents: a throttled answer slows down what follows."""

_NO_SETTINGS: Mapping[str, Any] = {}
_ONCE_READ = {("cloudwatch", "get_metric_data")}
"""Large answers whose reader keeps what it needs of them."""
_TOGETHER = 12
"""How many reads one loader has under way that asks about many things."""

_NEXT = frozenset({"NextToken", "nextToken"})

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
    """AWS does not accept who we say we are: nothing can be read, so nothing is judged.

    Only the STS of the partition's home region says so for AWS.
    """


class UnknownCall(Exception):
    """The SDK has no such service or call: it is older than the rules."""


class Postponed(Exception):
    """A call had no turn any more in this leg of a sweep: what needs it is left to the next."""


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
        return Cause.THROTTLED if isinstance(error, OutOfTime) else Cause.UNEXPECTED_ANSWER
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
    """One run's view of an account in one region: every answer is read once.

    ``pacer`` keeps its requests within the rates that AWS documents; who keeps ``clients`` over
    several runs keeps their pacer too.

    ``bulk`` makes evidence that knows how load everything at once, as a scan wants it; without
    it, each resource is read alone and therefore fresh, as an event wants it. Lists and what is
    about the whole account are kept to the end of the run; what is about the resources of a
    :meth:`batch` as long as the batch; everything else as long as there is room.
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
        daily_cache: DailyCache | None = None,
        pacer: Pacer | None = None,
    ) -> None:
        self.account = account
        self.region = region
        self.now = now
        self.bulk = bulk
        self.daily_cache = daily_cache
        self.requests = 0
        self.geography: Geography = getattr(session, "geography", None) or default()
        self.pacer = pacer or Pacer()
        self._session = session
        self._clients = {} if clients is None else clients
        self._answers = Answers()
        self._batch: _Batch | None = None
        self._lock = threading.RLock()

    def reread(self, *, bulk: bool = False) -> Aws:
        """The same account and clients with nothing read yet."""
        return Aws(
            self._session,
            account=self.account,
            region=self.region,
            now=self.now,
            bulk=bulk,
            clients=self._clients,
            daily_cache=self.daily_cache,
            pacer=self.pacer,
        )

    def client(self, service: str, region: str | None = None, *, once: bool = False) -> Any:
        """The client of a service, made at its first use; ``once`` is one that never retries."""
        key = (f"{service} once" if once else service, region or self.region)
        with self._lock:
            if key not in self._clients:
                config = CONFIG.merge(_SCARCE) if is_scarce(service) else CONFIG
                made = self._session.client(
                    service,
                    region_name=key[1],
                    config=ONCE if once else config,
                )
                self.pacer.attach(made, service, key[1])
                self._clients[key] = made
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
            everything = self._everything(cls, key, asked)
            found = everything.evidence.get(resource.id)
            if found is not None:
                return Answer(found, getattr(found, "as_of", None) or everything.as_of)
            # A listing that does not show it is no proof that it is gone: it is asked itself.
        keep = self._kept(resource)
        return self._once((*key, resource), lambda: self._alone(cls, asked, resource), keep)

    @contextmanager
    def batch(self, about: ResourceType, ids: Sequence[str]) -> Iterator[None]:
        """Judge these resources: evidence that loads everything loads theirs (``read.ids``).

        At the end of the block what was read about them is forgotten. One batch at a time.
        """
        self._batch = _Batch(about, tuple(ids), frozenset(ids))
        try:
            with self._answers.batch():
                yield
        finally:
            self._batch = None

    def forget(self) -> None:
        """Forget everything that was read, to make room before the same is read again."""
        self._answers = Answers()

    def _kept(self, resource: Resource) -> Keep:
        if resource.type == ACCOUNT.name:
            return Keep.RUN
        batch = self._batch
        if batch is not None and resource.type == batch.about.name and resource.id in batch.known:
            return Keep.BATCH
        return Keep.ROOM

    def _everything(self, cls: type[Any], key: object, asked: Params) -> Answer:
        """The answer of ``load_all``: for the batch where it asked which ids are wanted."""
        read = DeclaredReader(self, declared(cls).reads, cls.__name__, asked)

        def load() -> Answer:
            answer = self._timed(read, lambda: cls.load_all(read))
            if not read.narrowed:
                self._answers.keep_for_the_run(key)
            return answer

        return self._once(key, load, Keep.BATCH)

    def _alone(self, cls: type[Any], asked: Params, resource: Resource) -> Answer:
        read = DeclaredReader(self, declared(cls).reads, cls.__name__, asked)
        return self._timed(read, lambda: cls.load(read, resource))

    def _is_here(self, resource: Resource) -> bool:
        """Whether a bulk read can show it: a reference may lead to another account or region."""
        return resource.account == self.account and resource.region in {self.region, GLOBAL}

    def find(self, cls: Any) -> list[str]:
        """The ids of all resources of a type, in order. Raises Unreadable."""
        read = DeclaredReader(self, frozenset(cls.find_reads), f"the listing of {cls.name}")
        ids: list[str] = self._once(("find", cls), lambda: sorted(set(cls.find(read))))
        return ids

    def is_absent(self, service: str, region: str) -> bool:
        """Whether the region does not have the service."""
        absent: bool = self._once(
            ("absent", service, region), lambda: self.geography.is_absent(service, region)
        )
        return absent

    def refuses_us(self) -> bool:
        """Whether the partition's home STS takes the credentials for invalid. Asked once."""

        def asked() -> bool:
            try:
                self._ask("sts", "get_caller_identity", self.geography.home(self.region), {})
            except ClientError as error:
                return code_of(error) in _CREDENTIALS
            except _NO_CREDENTIALS:
                return True
            except (BotoCoreError, ResponseParserError):
                return False
            return False

        refused: bool = self._once(("sts", "refuses us"), asked)
        return refused

    def _timed(self, read: DeclaredReader, load: Callable[[], Any]) -> Answer:
        """Evidence, as old as the oldest answer that it rests on."""
        began = read.began = self.now()
        loaded = load()
        oldest = began if read.oldest is None else min(began, read.oldest)
        return Answer(loaded, getattr(loaded, "as_of", None) or oldest)

    def _once(self, key: object, compute: Callable[[], T], keep: Keep = Keep.RUN) -> T:
        return self._answers.once(key, compute, keep)[0]

    def _ask(
        self,
        service: str,
        operation: str,
        region: str | None,
        params: Params,
        *,
        once: bool = False,
    ) -> Any:
        call = _method(self.client(service, region, once=once), operation)
        self._count()
        return call(**params)

    def _pages(
        self, service: str, operation: str, region: str | None, params: Params
    ) -> Iterable[Any]:
        client = self.client(service, region)
        _method(client, operation)
        if not client.can_paginate(operation):
            yield from self._unpaginated(service, operation, region, params)
            return
        asked = sized(service, operation, params)
        for page in client.get_paginator(operation).paginate(**asked):
            self._count()
            yield page

    def _unpaginated(
        self, service: str, operation: str, region: str | None, params: Params
    ) -> Iterable[Any]:
        """Page by page where the SDK has no paginator. Raises PaginationError for a circle."""
        seen: set[str] = set()
        token: dict[str, str] = {}
        while True:
            page = self._ask(service, operation, region, {**params, **token})
            yield page
            # Most answers have no such member, so it is looked for and not asked for.
            token = {name: text for name, text in page.items() if name in _NEXT and text}
            if not token:
                return
            if not seen.isdisjoint(token.values()):
                raise PaginationError(message=f"{operation} gave a page's token twice")
            seen.update(token.values())

    def _count(self) -> None:
        with self._lock:
            self.requests += 1


@dataclass(frozen=True, slots=True)
class _Batch:
    """The resources that are judged now."""

    about: ResourceType
    ids: tuple[str, ...]
    known: frozenset[str]


class DeclaredReader:
    """What a loader may read: the calls its evidence declared, and no other.

    ``narrowed`` says that the loader asked which resources are wanted and was told a part;
    ``oldest`` when the oldest answer was asked for that it got.
    """

    __slots__ = ("_allowed", "_aws", "_who", "began", "narrowed", "oldest", "settings")

    def __init__(
        self,
        aws: Aws,
        allowed: frozenset[str],
        who: str,
        settings: Mapping[str, Any] = _NO_SETTINGS,
    ) -> None:
        self.settings = settings
        self.narrowed = False
        self.began: datetime | None = None
        self.oldest: datetime | None = None
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
    def partition(self) -> str:
        """The partition of the region, as ARNs have it."""
        return self._aws.geography.partition(self.region)

    @property
    def dns_suffix(self) -> str:
        """What the hosts of the partition end with: ``amazonaws.com``."""
        return self._aws.geography.dns_suffix(self.region)

    def home(self, service: str) -> str:
        """The region where a global service of the partition has its home."""
        return self._aws.geography.home(self.region, service)

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

    def takes(
        self, service: str, operation: str, parameter: str, region: str | None = None
    ) -> bool:
        """Whether the SDK knows the parameter; an older one cannot send it."""
        meta = self._aws.client(service, region).meta
        model = meta.service_model.operation_model(meta.method_to_api_mapping[operation])
        return model.input_shape is not None and parameter in model.input_shape.members

    def of(self, cls: type[T], resource: Resource) -> T:
        """Other evidence that this evidence declared to use. Raises Unreadable or Gone."""
        answer = self._aws.evidence(cls, resource, self.settings)
        self._note(answer.as_of)
        loaded: T = answer.evidence
        return loaded

    def ids(self, cls: ResourceType) -> Sequence[str]:
        """The ids that are wanted now: those of the batch that is judged, or all. In order."""
        batch = self._aws._batch  # noqa: SLF001
        if batch is not None and batch.about is cls:
            self.narrowed = True
            return batch.ids
        return self._aws.find(cls)

    def those(self, cls: type[T]) -> dict[str, T]:
        """Other evidence, which this evidence declared to use, of each resource wanted now."""
        about = declared(cls).about
        found: dict[str, T] = {}
        for id in self.ids(about):
            with suppress(Gone):
                found[id] = self.of(cls, about.resource(self.account, self.region, id))
        return found

    def _note(self, moment: datetime | None) -> None:
        if moment is not None and (self.oldest is None or moment < self.oldest):
            self.oldest = moment

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

        def do() -> Any:
            answer = self._aws._ask(service, operation, None, params, once=True)  # noqa: SLF001
            return {
                name: value.read() if hasattr(value, "read") else value
                for name, value in answer.items()
            }

        return self._answer(do, service, operation, None, "", params, (), gone)

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

        ``key`` is a dotted path (``DistributionList.Items``). A service that the region does not
        have has no items; evidence that rests on such services alone is NotOffered.
        """

        def ask_every() -> list[Any]:
            return list(self._aws._pages(service, operation, region, params))  # noqa: SLF001

        try:
            pages = self._answer(
                ask_every, service, operation, region, action, params, absent, gone
            )
        except NotOffered:
            if self._is_nothing_offered(region or self.region):
                raise
            return []
        return [item for page in pages or () for item in _under(page, key) or ()]

    def daily(self, action: str, question: str, ask: Callable[[], Any]) -> Any:
        """The plain JSON that ``ask`` returns, asked at most once a UTC day by all runs together.

        For calls that AWS bills one by one. ``question`` names what is asked with all that shapes
        it, ``action`` is the IAM action. A run that looks at single resources, as after an event,
        takes what the day's sweep was told and never asks itself; where answers are kept nowhere,
        as by a scan with nothing deployed, it asks. Raises Unreadable.
        """
        aws = self._aws
        if aws.daily_cache is None:
            return aws._once(("daily", question), ask)  # noqa: SLF001
        daily_cache = aws.daily_cache

        def recalled() -> Any:
            try:
                return daily_cache.daily(question, aws.now(), ask if aws.bulk else None)
            except ClientError as error:
                raise Unreadable("dynamodb:PutItem", cause_of(error), code_of(error)) from error
            except BotoCoreError as error:
                code = type(error).__name__
                raise Unreadable("dynamodb:GetItem", cause_of(error), code) from error
            except NotCached as not_yet:
                raise Unreadable(action, Cause.SERVICE_UNAVAILABLE, str(not_yet)) from None

        return aws._once(("daily", question), recalled)  # noqa: SLF001

    def each(self, ask: Callable[[S], T], items: Iterable[S]) -> list[T]:
        """``ask`` for every item, several at a time, answers in order. Raises what it raises."""
        with ThreadPoolExecutor(_TOGETHER, "read") as pool:
            return list(pool.map(ask, items))

    def _refusal(self, error: ClientError, action: str, region: str) -> Exception:
        """What an error code means that the loader does not know."""
        code = code_of(error)
        if code not in _CREDENTIALS:
            return Unreadable(action, cause_of(error), code)
        if self._aws.refuses_us():
            return CredentialsRefused(f"{code}: {error}")
        return Unreadable(action, Cause.TOKEN_REFUSED, f"{code} in {region}")

    def _failure(self, error: Exception, action: str, service: str, region: str) -> Exception:
        """What it means that there was no answer, or none that can be read."""
        if isinstance(error, _NO_CREDENTIALS):
            return CredentialsRefused(str(error))
        if isinstance(error, (UnknownCall, UnknownServiceError)):
            return Unreadable(action, Cause.SDK_TOO_OLD, f"botocore {botocore.__version__}")
        if isinstance(error, OutOfTime) and self._aws.pacer.resumes:
            return Postponed(str(error))
        unreached = isinstance(error, EndpointConnectionError)
        if unreached and self._aws.geography.lacks(service, region):
            return NotOffered(action, service, region)
        cause = cause_of(error) if isinstance(error, BotoCoreError) else Cause.UNEXPECTED_ANSWER
        return Unreadable(action, cause, type(error).__name__)

    def _is_nothing_offered(self, region: str) -> bool:
        """Whether the region has none of the services that may be read."""
        return all(self._aws.is_absent(service_of(each), region) for each in self._allowed)

    def _answer(
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

        where = region or self.region

        def settled() -> T | _NotThere:
            if self._aws.is_absent(service, where):
                raise NotOffered(action, service, where)
            try:
                return ask()
            except ClientError as error:
                if _says(error, absent):
                    return _NotThere(is_gone=False)
                if _says(error, gone):
                    return _NotThere(is_gone=True)
                raise self._refusal(error, action, where) from error
            except (BotoCoreError, ResponseParserError, UnknownCall) as error:
                raise self._failure(error, action, service, where) from error

        wanted = (tuple(absent), tuple(gone), attempt)
        key = (service, operation, region, wanted, repr(sorted(params.items())), ask.__name__)
        is_of_batch = self.narrowed and (service, operation) in _ONCE_READ
        keep = Keep.BATCH if is_of_batch else Keep.ROOM
        answer, began = self._aws._answers.once(key, settled, keep, self.began)  # noqa: SLF001
        self._note(began)
        if isinstance(answer, _NotThere):
            if answer.is_gone:
                raise Gone(f"{service} {operation} {dict(params)}")
            return None
        return answer


def _method(client: Any, operation: str) -> Callable[..., Any]:
    """The client's method of that name. Raises UnknownCall."""
    method: Callable[..., Any] | None = getattr(client, operation, None)
    if method is None:
        raise UnknownCall(operation)
    return method


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
