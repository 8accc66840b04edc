"""Whom AWS notifies of costs, and which of the addresses reach no one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from readiness.evidence.sns.listeners import listeners
from readiness.model.reader import Reader
from readiness.semantics.admission import Answer
from readiness.semantics.condition_values import FREE
from readiness.semantics.requesters import acting


@dataclass(frozen=True, slots=True)
class Deaf:
    """An address that reaches no one, and why, as a clause about it."""

    address: str
    why: str

    def __str__(self) -> str:
        return f"{self.address}, {self.why}"


@dataclass(frozen=True, slots=True)
class Told:
    """Addresses that are told; ``doubtful`` are those of them of which it is not certain."""

    subscribers: tuple[str, ...] = ()
    unheard: tuple[Deaf, ...] = ()
    doubtful: tuple[Deaf, ...] = ()


@dataclass(frozen=True, slots=True)
class Teller:
    """A service that publishes for the account: its principal, and the ARNs it publishes for."""

    service: str
    source: str


def told(read: Reader, teller: Teller, addresses: Iterable[str]) -> Told:
    """Which of some e-mail addresses and topics reach someone. Needs ``Listeners`` in ``uses``."""
    requests = acting(teller.service, read.account, f"{teller.source}{FREE}")
    heard, unheard, doubtful = [], [], []
    for address in addresses:
        if ":sns:" not in address or address.count(":") < 5:
            heard.append(address)
            continue
        topic = listeners(read, address)
        if topic is None:
            answer, why = (
                Answer.YES,
                "which is in another account",
            )
        else:
            answer, why = topic.deaf(teller.service, requests)
        if answer is Answer.YES:
            unheard.append(Deaf(address, why))
            continue
        heard.append(address)
        if answer is Answer.MAYBE:
            doubtful.append(Deaf(address, why))
    return Told(tuple(heard), tuple(unheard), tuple(doubtful))
