"""The only access to AWS: clients made once, answers read once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    PaginationError,
)
from botocore.parsers import ResponseParserError

from readiness.engine.answers import Answers, Keep
from readiness.engine.aws_errors import CREDENTIALS, NO_CREDENTIALS, UnknownCall, code_of
from readiness.engine.daily_cache import DailyCache
from readiness.engine.geography import Geography, default
from readiness.engine.measuring import OVER, Measured, Measurements, measured
from readiness.engine.pacing import Pacer
from readiness.engine.packing import packed_mapping
from readiness.engine.page_sizes import sized
from readiness.engine.rates import is_scarce
from readiness.engine.reader import NO_SETTINGS, DeclaredReader, Params
from readiness.engine.shared_answers import SharedAnswers
from readiness.model.evidence import ACCOUNT, ANY, ResourceType, declared
from readiness.model.resource import GLOBAL, Resource
from readiness.model.unreadable import Gone

if TYPE_CHECKING:
    from readiness.engine.session import Session

T = TypeVar("T")

CONFIG = Config(
    connect_timeout=3,
    read_timeout=15,
    retries={"mode": "standard", "total_max_attempts": 4},
    max_pool_connections=16,
    parameter_validation=False,
    user_agent_extra="readiness",
)

ONCE = CONFIG.merge(Config(read_timeout=60, retries={"mode": "standard", "total_max_attempts": 1}))
"""For a call that changes or starts something: it may take long, and is never retried."""

_SCARCE = CONFIG.merge(Config(retries={"mode": "adaptive", "total_max_attempts": 4}))
"""For a service whose rate AWS documents: after a throttled answer, later calls slow down."""

_NEXT = frozenset({"NextToken", "nextToken"})


A = TypeVar("A", bound="Aws")


@dataclass(frozen=True, slots=True)
class Answer:
    """Evidence and when the reading of it began; an error stands in the evidence's place."""

    evidence: Any
    as_of: datetime


class Aws:
    """One run's view of an account in one region: every answer is read once.

    ``pacer`` keeps the requests within the rates that AWS documents. A caller that keeps
    ``clients`` over several runs has to keep their pacer too.

    With ``bulk``, evidence that has a ``load_all`` is loaded for all resources at once, as a scan
    needs it. Without it each resource is read alone and fresh, as an event needs it. Lists, and
    what is about the whole account, are kept to the end of the run; what is about the resources
    of a :meth:`batch` to the end of the batch; everything else as long as there is room.
    ``shared`` are answers that other headings may have asked for after the same event; whoever
    reads again asks for itself. ``found_in`` are the seconds that the listing of a type took,
    ``listed_at`` is when the oldest of its answers was asked for.
    ``has_taken_over``: some answers are of an earlier run.
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
        named: frozenset[str] = frozenset(),
        shared: SharedAnswers | None = None,
        measurements: Measurements = Measurements.ANEW,
    ) -> None:
        self.account = account
        self.region = region
        self.now = now
        self.bulk = bulk
        self.named = named
        self.shared = shared
        self.daily_cache = daily_cache
        self.measurements = measurements
        self.requests = 0
        self.found_in: dict[ResourceType, float] = {}
        self.listed_at: dict[ResourceType, datetime] = {}
        self.geography: Geography = getattr(session, "geography", None) or default()
        self.pacer = pacer or Pacer()
        self._session = session
        self._clients = {} if clients is None else clients
        self.answers = Answers()
        self.has_taken_over = False
        self._batch: _Batch | None = None
        self._lock = threading.RLock()

    def reread(self, *, bulk: bool = False) -> Aws:
        """The same account and clients with nothing read yet."""
        return self.remade(Aws, bulk=bulk)

    def remade(self, kind: type[A], *, bulk: bool | None = None) -> A:
        """The same account and clients as another kind of access, with nothing read yet."""
        return kind(
            self._session,
            account=self.account,
            region=self.region,
            now=self.now,
            bulk=self.bulk if bulk is None else bulk,
            clients=self._clients,
            daily_cache=self.daily_cache,
            pacer=self.pacer,
            named=self.named,
        )

    def client(self, service: str, region: str | None = None, *, once: bool = False) -> Any:
        """The client of a service, made at its first use; ``once`` is one that never retries."""
        key = (f"{service} once" if once else service, region or self.region)
        with self._lock:
            if key not in self._clients:
                config = _SCARCE if is_scarce(service) else CONFIG
                made = self._session.client(
                    service,
                    region_name=key[1],
                    config=ONCE if once else config,
                )
                self.pacer.attach(made, service, key[1])
                self._clients[key] = made
            return self._clients[key]

    def evidence(
        self, cls: type[Any], resource: Resource, settings: Mapping[str, Any] = NO_SETTINGS
    ) -> Answer:
        """Evidence about a resource, or its Unreadable or Gone, from a single load.

        ``settings`` are the rule's, of which the evidence sees those it asks with.
        """
        asked = {name: settings[name] for name in sorted(declared(cls).all_asks_with)}
        key = (cls, *asked.items())
        is_here = self._is_judged if declared(cls).about is ANY else self._is_here
        if self.bulk and hasattr(cls, "load_all") and is_here(resource):
            everything = self._everything(cls, key, asked)
            found = everything.evidence.get(resource.id)
            if found is not None:
                return Answer(found, getattr(found, "as_of", None) or everything.as_of)
            # A listing that does not show it is no proof that it is gone: it is asked itself.
        keep = self._kept(resource)
        return self.once((*key, resource), lambda: self._alone(cls, asked, resource), keep)

    @contextmanager
    def batch(self, about: ResourceType, ids: Sequence[str]) -> Iterator[None]:
        """Judge these resources: evidence that loads everything loads theirs (``read.ids``).

        At the end of the block what was read about them is forgotten. One batch at a time.
        """
        self._batch = _Batch(about, tuple(ids), frozenset(ids))
        try:
            with self.answers.batch():
                yield
        finally:
            self._batch = None

    def take_over(self, answers: Answers) -> None:
        """Go on with what an earlier run has read."""
        self.answers, self.has_taken_over = answers, True

    def forget(self) -> None:
        """Forget everything that was read, to make room before the same is read again."""
        self.answers, self.has_taken_over = Answers(), False

    def batch_ids(self, about: ResourceType) -> Sequence[str] | None:
        """The ids of the batch that is judged now, if it is of that type; otherwise None."""
        batch = self._batch
        return batch.ids if batch is not None and batch.about is about else None

    def batch_resources(self) -> Sequence[Resource]:
        """The resources of the batch that is evaluated now."""
        batch = self._batch
        if batch is None:
            return ()
        return [batch.about.resource(self.account, self.region, id) for id in batch.ids]

    def _kept(self, resource: Resource) -> Keep:
        if resource.type == ACCOUNT.name:
            return Keep.RUN
        return Keep.BATCH if self._is_judged(resource) else Keep.ROOM

    def _is_judged(self, resource: Resource) -> bool:
        """Whether the resource is one of the batch."""
        batch = self._batch
        return (
            batch is not None and resource.type == batch.about.name and resource.id in batch.known
        )

    def _everything(self, cls: type[Any], key: object, asked: Params) -> Answer:
        """The answer of ``load_all``: for the batch where it asked which ids are wanted."""
        read = DeclaredReader(self, declared(cls).reads, cls.__name__, asked)

        def load() -> Answer:
            answer = self._timed(read, lambda: cls.load_all(read))
            if read.narrowed:
                return answer
            self.answers.keep_for_the_run(key)
            return replace(answer, evidence=packed_mapping(answer.evidence))

        return self.once(key, load, Keep.BATCH)

    def _alone(self, cls: type[Any], asked: Params, resource: Resource) -> Answer:
        read = DeclaredReader(self, declared(cls).reads, cls.__name__, asked)
        return self._timed(read, lambda: cls.load(read, resource))

    def _is_here(self, resource: Resource) -> bool:
        """Whether a bulk read can show it: a reference may lead to another account or region."""
        return resource.account == self.account and resource.region in {self.region, GLOBAL}

    def find(self, cls: Any) -> list[str]:
        """The ids of all resources of a type, in order. Raises Unreadable."""
        read = DeclaredReader(self, frozenset(cls.find_reads), f"the listing of {cls.name}")

        def listed() -> list[str]:
            began, read.began = self.pacer.now(), self.now()
            ids = sorted(set(cls.find(read)))
            self.found_in[cls] = self.pacer.now() - began
            self.listed_at[cls] = read.oldest or read.began
            return ids

        ids: list[str] = self.once(("find", cls), listed)
        return ids

    def going(self, cls: Any) -> Mapping[str, str]:
        """Those of a type that are being deleted, with the service's word. Raises Unreadable."""
        if cls.going is None:
            return {}
        read = DeclaredReader(self, frozenset(cls.find_reads), f"the listing of {cls.name}")
        going: Mapping[str, str] = self.once(("going", cls), lambda: cls.going(read))
        return going

    def is_absent(self, service: str, region: str) -> bool:
        """Whether the region does not have the service."""
        absent: bool = self.once(
            ("absent", service, region), lambda: self.geography.is_absent(service, region)
        )
        return absent

    def refuses_us(self) -> bool:
        """Whether the partition's home STS takes the credentials for invalid. Asked once."""

        def asked() -> bool:
            try:
                self.ask("sts", "get_caller_identity", self.geography.home(self.region), {})
            except ClientError as error:
                return code_of(error) in CREDENTIALS
            except NO_CREDENTIALS:
                return True
            except (BotoCoreError, ResponseParserError):
                return False
            return False

        refused: bool = self.once(("sts", "refuses us"), asked)
        return refused

    def _timed(self, read: DeclaredReader, load: Callable[[], Any]) -> Answer:
        """The evidence, or Gone, with the time of the oldest answer that it is made from."""
        began = read.began = self.now()
        try:
            loaded = load()
        except Gone as gone:
            gone.as_of = min(filter(None, (began, read.oldest, gone.as_of)))
            raise
        oldest = began if read.oldest is None else min(began, read.oldest)
        return Answer(loaded, getattr(loaded, "as_of", None) or oldest)

    def once(self, key: object, compute: Callable[[], T], keep: Keep = Keep.RUN) -> T:
        """What ``compute`` returns, or raises: it is called once for a key."""
        return self.answers.once(key, compute, keep)[0]

    def measured(self) -> Measured:
        """Up to when metrics and traces are asked for: the same moment for all of a batch.

        Of an hourly sweep it is one for the whole leg; what reads again measures anew.
        """
        if self.measurements is Measurements.ANEW:
            return Measured(self.now())
        keep = Keep.RUN if self.measurements is Measurements.KEEP else Keep.BATCH

        def moment() -> Measured:
            return measured(self.measurements, self.daily_cache, self.now())

        return self.once(("measured",), moment, keep)

    def measures_before(self, moment: datetime) -> bool:
        """Whether metrics and traces may be older than what was observed at a moment."""
        if self.measurements is Measurements.ANEW or self.now() - moment > OVER:
            return False
        return self.measured().to < moment

    def ask(
        self,
        service: str,
        operation: str,
        region: str | None,
        params: Params,
        *,
        once: bool = False,
    ) -> Any:
        """The answer to one call, counted. Raises botocore's errors and UnknownCall."""
        call = _method(self.client(service, region, once=once), operation)
        self._count()
        return call(**params)

    def pages(
        self, service: str, operation: str, region: str | None, params: Params
    ) -> Iterable[Any]:
        """The answers to a call, page by page, counted. Raises as :meth:`ask` does."""
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
        """Page by page where the SDK has no paginator.

        Raises PaginationError where a page's token comes a second time, which would never end.
        """
        asked = sized(service, operation, params)
        seen: set[str] = set()
        token: dict[str, str] = {}
        while True:
            page = self.ask(service, operation, region, {**asked, **token})
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


def _method(client: Any, operation: str) -> Callable[..., Any]:
    """The client's method of that name. Raises UnknownCall."""
    method: Callable[..., Any] | None = getattr(client, operation, None)
    if method is None:
        raise UnknownCall(operation)
    return method
