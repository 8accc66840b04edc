"""What a principal can do on more than listed resources: allowed, not denied, within its boundary.

A condition restricts an Allow if it does not hold for the requests of a holder who makes calls
by itself; a Deny takes away what it denies whatever the holder does.
"""

from __future__ import annotations

import functools
import string
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from readiness.semantics.condition_values import (
    ABSENT,
    CHOSEN,
    OTHER,
    Holds,
    fixed,
    optional,
)
from readiness.semantics.conditions import Requests, holds
from readiness.semantics.policy import Document, Statement
from readiness.semantics.policy_patterns import matches_any
from readiness.semantics.requesters import holder

from .privesc import (
    EDIT_POLICY,
    ESCALATIONS,
    PASS_ROLE,
    SELF,
    SELF_BOUNDARY,
    SELF_DENY,
    Escalation,
)
from .resources import has_wildcard, includes, reaches, spares_nothing, takes_away

UNRELATED = ("iam", "s3", "ec2", "kms", "lambda", "dynamodb", "rds", "sqs")
"""Every action of all of these means every action: no one lists them by hand."""

_PASSED_TO = "iam:passedtoservice"


@dataclass(frozen=True, slots=True)
class Self:
    """The principal that holds the policies: ``role`` or ``user``, path and name.

    ``policies`` are the ARNs of its own managed policies and of its boundary. A group, or a
    policy by itself, knows only that its holders have a name: ``name`` is empty. ``account`` is
    empty where it is not known.
    """

    kind: str = ""
    path: str = "/"
    name: str = ""
    policies: tuple[str, ...] = ()
    account: str = ""

    @property
    def arn(self) -> str:
        """Its ARN, with ``*`` for what is not known, as the partition is."""
        account = self.account or "*"
        return f"arn:*:iam::{account}:{self.kind}{self.path}{self.name}" if self.name else ""


@dataclass(frozen=True)
class Grants:
    """The statements that apply to a principal, and its permissions boundary.

    ``restricting`` are the condition keys (patterns) that restrict an Allow. With ``doubtful``,
    a condition that cannot be decided restricts nothing; without, it restricts. ``beside`` are
    grants that matter only for the escalation paths that they complete.
    """

    statements: tuple[Statement, ...]
    boundary: Grants | None = None
    restricting: tuple[str, ...] = ()
    who: Self = Self()
    doubtful: bool = False
    beside: Grants | None = None

    @classmethod
    def of(
        cls,
        documents: Iterable[Document],
        boundary: Document | None = None,
        restricting: Sequence[str] = (),
        who: Self | None = None,
        *,
        beside: Iterable[Document] = (),
        doubtful: bool = False,
    ) -> Grants:
        about = (tuple(restricting), who or Self(), doubtful)
        within = None if boundary is None else cls(boundary.statements, None, *about)
        others = tuple(s for document in beside for s in document.statements)
        statements = tuple(s for document in documents for s in document.statements)
        if not others:
            return cls(statements, within, *about)
        denials = tuple(s for s in statements if not s.allows)
        return cls(statements, within, *about, cls((*others, *denials), within, *about))

    @cached_property
    def _open(self) -> tuple[Statement, ...]:
        """What is allowed without a condition that restricts it."""
        return tuple(s for s in self.statements if s.allows and self._applies(s))

    @cached_property
    def broad(self) -> tuple[Statement, ...]:
        """What is allowed on more than listed resources, without a condition that restricts it."""
        return tuple(s for s in self._open if s.not_resources or has_wildcard(s.resources))

    @cached_property
    def _services(self) -> frozenset[str] | None:
        """The services that the broad statements name; None if a pattern stands for several."""
        if any(s.not_actions for s in self.broad):
            return None
        named = {a.partition(":")[0].lower() for s in self.broad for a in s.actions}
        return None if any(set(name) & set("*?") for name in named) else frozenset(named)

    @cached_property
    def undecided(self) -> tuple[Statement, ...]:
        """The statements whose conditions cannot be decided."""
        requests = _holders(self.restricting, self.who)
        own = (s for s in self.statements if holds(s.conditions, requests) is Holds.UNKNOWN)
        return (*own, *(self.boundary.undecided if self.boundary else ()))

    def _applies(self, allow: Statement, passed_to: str = "") -> bool:
        if not allow.conditions:
            return True
        answer = holds(allow.conditions, _holders(self.restricting, self.who, passed_to))
        return self.doubtful if answer is Holds.UNKNOWN else answer is not Holds.NEVER

    @cached_property
    def _denials(self) -> tuple[Statement, ...]:
        return tuple(s for s in self.statements if not s.allows)

    def _refuses(self, denial: Statement, passed_to: str = "") -> bool:
        """Whether a Deny applies whatever the principal does; it could use MFA."""
        if not denial.conditions:
            return True
        answer = holds(denial.conditions, _with_factor(self.restricting, self.who, passed_to))
        return not self.doubtful if answer is Holds.UNKNOWN else answer is Holds.ALWAYS

    def granting(self, action: str, passed_to: str = "") -> list[Statement]:
        """The statements that make the action effective on arbitrary resources; none if it is not.

        ``passed_to`` is, for iam:PassRole, the service that gets the role: statements can limit
        it with ``iam:PassedToService``.
        """
        if self._services is not None and action.partition(":")[0].lower() not in self._services:
            return []
        found = [
            s
            for s in self.broad
            if s.names_action(action)
            and reaches(s, action)
            and (not passed_to or self._applies(s, passed_to))
        ]
        if not found or any(
            s.names_action(action) and takes_away(s, action) and self._refuses(s, passed_to)
            for s in self._denials
        ):
            return []
        if self.boundary is not None and not self.boundary.granting(action, passed_to):
            return []
        return found

    def on(self, action: str, arn: str) -> list[Statement]:
        """The statements that make the action effective on one resource, or on oneself.

        ``arn`` has ``*`` for what is not known; empty is the user who asks, whoever it is.
        """
        found = [s for s in self._open if s.names_action(action) and includes(s, arn)]
        if not found or any(
            s.names_action(action) and spares_nothing(s, arn) and self._refuses(s)
            for s in self._denials
        ):
            return []
        return [] if self.boundary is not None and not self.boundary.on(action, arn) else found

    def anything_in(self, service: str) -> list[Statement]:
        """The statements that make every action of the service effective; none if it is not.

        Tested with one made-up name for each first letter, so that the answer depends neither on
        a list of real actions nor on how current a catalogue is.
        """
        found: dict[int, Statement] = {}
        for letter in string.ascii_lowercase:
            granting = self.granting(f"{service}:{letter}zxq")
            if not granting:
                return []
            found |= {id(s): s for s in granting}
        return list(found.values())

    @property
    def is_admin(self) -> bool:
        return bool(self.broad) and all(map(self.anything_in, UNRELATED))

    def escalations(self) -> Iterator[tuple[Escalation, list[Statement]]]:
        """The known privilege escalation paths that are open on arbitrary resources."""
        found = [(path, granting) for path in ESCALATIONS if (granting := self._opened(path))]
        for path, granting in found:
            if not any(set(other.actions) < set(path.actions) for other, _ in found):
                yield path, granting

    def _opened(self, path: Escalation) -> list[Statement]:
        """The statements that open a path, by themselves or with those beside them."""
        for service in path.services or ("",):
            found: list[Statement] = []
            lacks = completes = False
            for action in path.actions:
                passed_to = service if action == PASS_ROLE else ""
                own = self.granting(action, passed_to)
                others = self.beside.granting(action, passed_to) if self.beside else []
                if not (own or others):
                    break
                lacks |= not own
                completes |= not others
                found += own or others
            else:
                if completes or not lacks:
                    return found
        return []

    def self_escalations(self) -> Iterator[tuple[str, list[Statement]]]:
        """The actions with which a principal can raise its own privileges, on itself alone."""
        who = self.who
        actions: tuple[str, ...] = SELF if self.boundary is None else SELF + SELF_BOUNDARY
        actions += SELF_DENY if self._denials else ()
        for action in actions:
            kind = "role" if "Role" in action else "user"
            if who.kind in {"", kind} and (found := self.on(action, who.arn)):
                yield action, found
        for action in EDIT_POLICY:
            for arn in who.policies:
                if found := self.on(action, arn):
                    yield action, found
                    break

    def whole_services(self) -> list[str]:
        """Services named in the statements of which every action is effective."""
        named = {
            pattern.partition(":")[0].lower()
            for s in self.broad
            for pattern in s.actions
            if "*" in pattern
        }
        candidates = sorted(name for name in named if name and not set(name) & set("*?"))
        return [service for service in candidates if self.anything_in(service)]


# -- conditions -------------------------------------------------------------------------------


_KNOWN = ("aws:principal*", "aws:source*", "aws:currenttime", "aws:epochtime", "aws:user*")
"""Keys of which enough is known whether a setting names them or not."""


@functools.lru_cache(maxsize=1024)
def _holders(restricting: tuple[str, ...], who: Self, passed_to: str = "") -> Requests:
    """The requests of a principal that holds a policy, if only the keys in the setting restrict.

    Without a name it is unknown whether a condition on the principal itself is met, so it is.
    """
    known = holder().keys
    keys = {
        key: value
        if matches_any(restricting, key) or (matches_any(_KNOWN, key) and key not in _PLACES)
        else CHOSEN
        for key, value in known.items()
    }
    unlisted = [key.lower() for key in restricting if key.lower() not in known]
    keys |= dict.fromkeys(unlisted, optional(OTHER * 8))
    keys[_PASSED_TO] = fixed(passed_to) if passed_to else CHOSEN
    if who.name:
        is_user = who.kind == "user"
        keys["aws:principalarn"] = fixed(who.arn)
        if who.account:
            keys["aws:principalaccount"] = fixed(who.account)
        keys["aws:principaltype"] = fixed("User" if is_user else "AssumedRole")
        keys["aws:username"] = fixed(who.name) if is_user else ABSENT
    return Requests(keys, others=CHOSEN)


_PLACES = ("aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn")


@functools.lru_cache(maxsize=1024)
def _with_factor(restricting: tuple[str, ...], who: Self, passed_to: str = "") -> Requests:
    factor = dict.fromkeys(("aws:multifactorauthpresent", "aws:multifactorauthage"), CHOSEN)
    return _holders(restricting, who, passed_to).but(factor)
