"""The reads that a loader can make; the engine reads from AWS, a test from a fake account."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from readiness.model.resource import Resource

if TYPE_CHECKING:
    from readiness.model.evidence import ResourceType

S = TypeVar("S")
T = TypeVar("T")


class Reader(Protocol):
    """The calls that an evidence class declared, and no other.

    Every method raises Unreadable for a read that failed, with the IAM action that was needed,
    and Gone if the resource itself does not exist.
    """

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings of the rule that decide what is read (``asks_with``)."""

    @property
    def account(self) -> str:
        """The account number."""

    @property
    def region(self) -> str:
        """The region that is evaluated."""

    @property
    def partition(self) -> str:
        """The partition of the region, as ARNs have it: ``aws``, ``aws-cn``, ``aws-eusc``."""

    @property
    def dns_suffix(self) -> str:
        """What the hosts of the partition end with: ``amazonaws.com``."""

    def home(self, service: str) -> str:
        """The region where a global service of the partition has its home."""

    @property
    def bulk(self) -> bool:
        """Whether all resources will be read, so that one large read is cheapest."""

    @property
    def named(self) -> frozenset[str]:
        """The texts in the request of the API call that led to this run: names, ids and ARNs.

        A hint which of the answers that are kept for the day may be old. Empty for a sweep.
        """

    @property
    def now(self) -> datetime:
        """The time, in UTC."""

    @property
    def measured_to(self) -> datetime:
        """Up to when metrics and traces are asked for: now, or when an hourly sweep last was."""

    @property
    def measures_with_others(self) -> bool:
        """Whether other runs ask for metrics and traces up to the same moment."""

    def knows(self, service: str, operation: str) -> bool:
        """Whether the SDK has the operation: the SDK of the Lambda runtime may be older."""

    def takes(
        self, service: str, operation: str, parameter: str, region: str | None = None
    ) -> bool:
        """Whether the SDK knows the parameter; an older one cannot send it."""

    def of(self, cls: type[T], resource: Resource) -> T:
        """Other evidence that this evidence declared to use."""

    def ids(self, cls: ResourceType) -> Sequence[str]:
        """The ids that ``load_all`` is asked for: those judged now, or all of the type."""

    def batch(self) -> Sequence[Resource]:
        """The resources that are evaluated now; none outside of a batch."""

    def those(self, cls: type[T]) -> dict[str, T]:
        """Other evidence, which this evidence declared to use, of each resource wanted now."""

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
        """The answer to one call; None for an ``absent`` code: what was asked for is not set.

        ``gone`` are the codes for a resource that does not exist. If the code alone is not
        specific, the start of the error message follows after a colon (``ClientException: Unable
        to describe``).
        """

    def act(self, service: str, operation: str, *, gone: Sequence[str] = (), **params: Any) -> Any:
        """The answer to a call with an effect; it is made once and never retried."""

    def poll(
        self, service: str, operation: str, attempt: int, *, absent: Sequence[str] = ()
    ) -> Any:
        """The current answer to a call without parameters, even if an earlier attempt was made."""

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
        """All items under ``key`` (``DistributionList.Items``) over all pages; absent is empty.

        Each walk through them may make them anew, so that a large account need not be held.
        """

    def made_once(self, about: object, make: Callable[[Reader], T]) -> T:
        """What ``make`` makes of answers, with the reader that it is given; kept if there is room.

        For an index of a long listing that each batch of resources looks something up in: walking
        through all of it for each batch is quadratic. ``about`` says what is made of what.
        """

    def daily(
        self, action: str, question: str, ask: Callable[[], Any], *, renew: bool = False
    ) -> Any:
        """The plain JSON that ``ask`` returns; called at most once a UTC day over all runs.

        For calls that AWS bills one by one. ``question`` names the read with all its parameters,
        ``action`` is the IAM action. ``renew`` asks even so, as after an event, and keeps the
        answer for the runs after it.
        """

    def amend(self, question: str, changes: Mapping[str, Any]) -> None:
        """Keep what was read since beside the answer to a question of the day, if there is one."""

    def each(self, ask: Callable[[S], T], items: Iterable[S]) -> list[T]:
        """``ask`` for every item, several at a time, answers in order. Raises what it raises."""
