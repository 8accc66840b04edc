"""What a loader may ask of AWS, without saying how: the engine asks AWS, a test something else."""

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

    Every method raises Unreadable for an answer that says nothing, with the IAM action that was
    needed, and Gone where AWS says that the resource itself does not exist.
    """

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings of the rule that shape the question (``asks_with``)."""

    @property
    def account(self) -> str:
        """The account number."""

    @property
    def region(self) -> str:
        """The region that is evaluated."""

    @property
    def bulk(self) -> bool:
        """Whether everything will be asked for, so that one large answer is the cheapest."""

    @property
    def now(self) -> datetime:
        """The time, in UTC."""

    def knows(self, service: str, operation: str) -> bool:
        """Whether the SDK has the operation: the Lambda runtime's may be older than the API."""

    def of(self, cls: type[T], resource: Resource) -> T:
        """Other evidence that this evidence declared to use."""

    def ids(self, cls: ResourceType) -> Sequence[str]:
        """The ids that ``load_all`` is asked for: those judged now, or all of the type."""

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
        """One call's answer; None for an error code that says the asked-for thing is not set.

        ``gone`` are the codes that say the resource itself does not exist. Where a code alone
        does not say it, what AWS says with it follows after a colon (``ClientException: Unable to
        describe``).
        """

    def act(self, service: str, operation: str, *, gone: Sequence[str] = (), **params: Any) -> Any:
        """The answer to a call that does something; it is made once and never retried."""

    def poll(
        self, service: str, operation: str, attempt: int, *, absent: Sequence[str] = ()
    ) -> Any:
        """What a call without parameters answers now, though it was asked in another attempt."""

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
        """All items under ``key`` (``DistributionList.Items``) over all pages; absent is empty."""

    def daily(self, action: str, question: str, ask: Callable[[], Any]) -> Any:
        """The plain JSON that ``ask`` returns, asked at most once a UTC day by all runs together.

        For calls that AWS bills one by one. ``question`` names what is asked with all that shapes
        it, ``action`` is the IAM action.
        """

    def each(self, ask: Callable[[S], T], items: Iterable[S]) -> list[T]:
        """``ask`` for every item, several at a time, answers in order. Raises what it raises."""
