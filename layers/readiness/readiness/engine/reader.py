"""The only way in which evidence reads AWS: declared calls, answers sorted by what they mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from readiness.engine.actions import action_of, service_of
from readiness.engine.answers import Keep
from readiness.engine.aws_errors import UnknownCall, cause_of, code_of
from readiness.engine.daily_cache import NotCached
from readiness.engine.packing import Items, opened, packed
from readiness.engine.refusals import NotThere, failure, not_there, refusal
from readiness.engine.shared_answers import SHARED
from readiness.model.evidence import ResourceType, declared
from readiness.model.resource import Resource
from readiness.model.unreadable import Cause, Gone, NotOffered, Unreadable

if TYPE_CHECKING:
    from readiness.engine.aws import Aws
    from readiness.model.reader import Reader

S = TypeVar("S")
T = TypeVar("T")
Params = Mapping[str, Any]

NO_SETTINGS: Mapping[str, Any] = {}
_ONCE_READ = {("cloudwatch", "get_metric_data")}
"""Calls with large answers, of which the evidence keeps what it needs."""
_TOGETHER = 12
"""How many reads one loader makes at the same time."""


def _whole(answer: Any) -> Any:
    """The answer, with a body that AWS streams read to its end."""
    if not isinstance(answer, dict) or not any(hasattr(v, "read") for v in answer.values()):
        return answer
    return {
        name: value.read() if hasattr(value, "read") else value for name, value in answer.items()
    }


class DeclaredReader:
    """What a loader may read: the calls its evidence declared, and no other.

    ``narrowed`` says that the loader asked which resources are wanted and was given a batch;
    ``oldest`` is when the oldest of its answers was asked for.
    """

    __slots__ = ("_allowed", "_aws", "_who", "began", "narrowed", "oldest", "settings")

    def __init__(
        self,
        aws: Aws,
        allowed: frozenset[str],
        who: str,
        settings: Mapping[str, Any] = NO_SETTINGS,
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
        """The id of the account that is read."""
        return self._aws.account

    @property
    def region(self) -> str:
        """The region that is read, unless a call names another."""
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
    def named(self) -> frozenset[str]:
        """What the event named of which the run is about."""
        return self._aws.named

    @property
    def now(self) -> datetime:
        """The time, by the clock of the run."""
        return self._aws.now()

    @property
    def measured_to(self) -> datetime:
        """Up to when metrics and traces are asked for."""
        return self._aws.measured().to

    @property
    def measures_with_others(self) -> bool:
        """Whether other runs ask for metrics and traces up to the same moment."""
        return self._aws.measured().is_shared

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
        """The ids that are wanted now, in order: those of the batch, or all. Raises Unreadable."""
        batch = self._aws.batch_ids(cls)
        if batch is not None:
            self.narrowed = True
            return batch
        return self._aws.find(cls)

    def batch(self) -> Sequence[Resource]:
        """The resources that are evaluated now; none outside of a batch."""
        self.narrowed = True
        return self._aws.batch_resources()

    def those(self, cls: type[T]) -> dict[str, T]:
        """Other evidence, which this evidence declared to use, by the ids that are wanted now.

        A resource that is gone is left out. Raises Unreadable.
        """
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
        describe``). Raises Unreadable for every other error, Gone for those. A body that AWS
        streams stands in the answer as bytes.
        """
        once_read = self._is_once_read(service, operation)

        def ask() -> Any:
            answer = _whole(self._aws.ask(service, operation, region, params))
            return answer if once_read else packed(answer)

        return opened(self._answer(ask, service, operation, region, action, params, absent, gone))

    def act(self, service: str, operation: str, *, gone: Sequence[str] = (), **params: Any) -> Any:
        """The answer to a call that does something; it is made once and never retried.

        A body that AWS streams is read to its end and stands in the answer as bytes.
        """

        def do() -> Any:
            return _whole(self._aws.ask(service, operation, None, params, once=True))

        return self._answer(do, service, operation, None, "", params, (), gone)

    def poll(
        self, service: str, operation: str, attempt: int, *, absent: Sequence[str] = ()
    ) -> Any:
        """The answer to a call without parameters, asked once for each number of ``attempt``.

        For a job whose result has to be waited for. Errors as in :meth:`one`.
        """

        def ask() -> Any:
            return self._aws.ask(service, operation, None, {})

        return self._answer(ask, service, operation, None, "", {}, absent, (), attempt)

    def every(
        self,
        service: str,
        operation: str,
        key: str,
        /,
        *,
        absent: Sequence[str] = (),
        gone: Sequence[str] = (),
        action: str = "",
        region: str | None = None,
        **params: Any,
    ) -> Sequence[Any]:
        """All items under ``key`` over all pages; errors as in :meth:`one`, absent is empty.

        A long listing is kept packed, and opened page by page while it is walked through.
        ``key`` is a dotted path (``DistributionList.Items``). A service that the region does not
        have has no items; evidence that rests on such services alone is NotOffered.
        """
        once_read = self._is_once_read(service, operation)

        def ask_every() -> list[Any]:
            pages = self._aws.pages(service, operation, region, params)
            return list(pages if once_read else map(packed, pages))

        try:
            pages = self._answer(
                ask_every, service, operation, region, action, params, absent, gone
            )
        except NotOffered:
            if self._is_nothing_offered(region or self.region):
                raise
            return []
        return Items(pages or (), key)

    def made_once(self, about: object, make: Callable[[Reader], T]) -> T:
        """What ``make`` makes of answers, as old as they are. Raises what it raises."""

        def made() -> _Made:
            read = DeclaredReader(self._aws, self._allowed, self._who, self.settings)
            read.began = self.began
            return _Made(make(read), read.oldest)

        # What of a missing service is nothing to one is NotOffered to another who reads it alone.
        alone = self._is_nothing_offered(self.region)
        kept = self._aws.once(("made", about, alone), made, Keep.ROOM)
        self._note(kept.oldest)
        return cast("T", kept.value)

    def daily(
        self, action: str, question: str, ask: Callable[[], Any], *, renew: bool = False
    ) -> Any:
        """The plain JSON that ``ask`` returns, asked at most once a UTC day by all runs together.

        For calls that AWS bills one by one. ``question`` identifies the call with all its
        parameters, ``action`` is its IAM action. A run about single resources, as after an event,
        uses the answer that the day's sweep got and never asks itself. A scan with no stack has
        nowhere to keep answers, and asks. With ``renew`` it is asked whatever is kept, and its
        answer is that of the day from then on. Raises Unreadable.
        """
        aws = self._aws
        # What is about the resources of a batch is as large as they are many, and asked once.
        keep = Keep.BATCH if self.narrowed else Keep.RUN
        if aws.daily_cache is None:
            return aws.once(("daily", question), ask, keep)
        daily_cache = aws.daily_cache

        def recalled() -> Any:
            try:
                if renew:
                    return daily_cache.renew(question, aws.now(), ask)
                return daily_cache.daily(question, aws.now(), ask if aws.bulk else None)
            except ClientError as error:
                raise Unreadable("dynamodb:PutItem", cause_of(error), code_of(error)) from error
            except BotoCoreError as error:
                code = type(error).__name__
                raise Unreadable("dynamodb:GetItem", cause_of(error), code) from error
            except NotCached as not_yet:
                raise Unreadable(action, Cause.SERVICE_UNAVAILABLE, str(not_yet)) from None

        return aws.once(("daily", question), recalled, keep)

    def amend(self, question: str, changes: Mapping[str, Any]) -> None:
        """Keep what was read since beside the newest kept answer to a question, if there is one.

        The answer is an object, of which ``changes`` are members. Raises Unreadable.
        """
        daily_cache = self._aws.daily_cache
        if daily_cache is None:
            return
        try:
            daily_cache.amend(question, self._aws.now(), changes)
        except ClientError as error:
            raise Unreadable("dynamodb:PutItem", cause_of(error), code_of(error)) from error
        except BotoCoreError as error:
            code = type(error).__name__
            raise Unreadable("dynamodb:PutItem", cause_of(error), code) from error

    def each(self, ask: Callable[[S], T], items: Iterable[S]) -> list[T]:
        """``ask`` for every item, several at a time, answers in order. Raises what it raises."""
        items = list(items)
        if len(items) < 2:
            return [ask(item) for item in items]
        with ThreadPoolExecutor(_TOGETHER, "read") as pool:
            return list(pool.map(ask, items))

    def _is_once_read(self, service: str, operation: str) -> bool:
        """Whether the answer is about this batch alone, so that it is not worth packing."""
        return self.narrowed and (service, operation) in _ONCE_READ

    def _is_nothing_offered(self, region: str) -> bool:
        """Whether the region has none of the services that may be read."""
        return all(self._aws.is_absent(service_of(each), region) for each in self._allowed)

    def _shared(
        self, ask: Callable[[], T], service: str, operation: str, where: str, params: Params
    ) -> Callable[[], T | _Shared]:
        """The same question, but where the headings that an event wakes ask it once together."""
        shared = self._aws.shared
        if shared is None or (service, operation) not in SHARED:
            return ask
        question = repr((service, operation, where, sorted(params.items()), ask.__name__))
        return lambda: _Shared(*shared.answer(question, lambda: _opened(ask())))

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

        get = self._shared(ask, service, operation, where, params) if not attempt else ask

        def settled() -> T | NotThere | _Shared:
            if self._aws.is_absent(service, where):
                raise NotOffered(action, service, where)
            try:
                return get()
            except ClientError as error:
                if known := not_there(error, absent, gone):
                    return known
                raise refusal(self._aws, error, action, where) from error
            except (BotoCoreError, ResponseParserError, UnknownCall) as error:
                raise failure(self._aws, error, action, service, where) from error

        wanted = (tuple(absent), tuple(gone), attempt)
        key = (service, operation, region, wanted, repr(sorted(params.items())), ask.__name__)
        keep = Keep.BATCH if self._is_once_read(service, operation) else Keep.ROOM
        answer, began = self._aws.answers.once(key, settled, keep, self.began)
        self._note(began)
        if not isinstance(answer, _Shared | NotThere):
            return answer
        self._note(answer.asked_at)
        if isinstance(answer, _Shared):
            return cast("T", answer.value)
        if answer.is_gone:
            raise Gone(f"{service} {operation} {dict(params)}")
        return None


def _opened(answer: Any) -> Any:
    """The answer, or its pages, as they came."""
    return list(map(opened, answer)) if isinstance(answer, list) else opened(answer)


@dataclass(frozen=True, slots=True)
class _Made:
    """What was made of answers, and when the oldest of them was asked for."""

    value: Any
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class _Shared:
    """An answer that another heading may have asked for, and then when."""

    value: Any
    asked_at: datetime | None


class UndeclaredRead(Exception):
    """A loader made a call that its evidence does not declare: a bug in our own code."""
