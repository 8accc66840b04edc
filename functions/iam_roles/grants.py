"""What a principal can do on more than listed resources: allowed, not denied, within its boundary.

A condition restricts an Allow if it does not hold for the requests of a holder who makes calls
by itself; a Deny takes away what it denies whatever the holder does.
"""

from __future__ import annotations

import functools
import re
import string
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from readiness.semantics.condition_values import (
    ABSENT,
    CHOSEN,
    FREE,
    OTHER,
    Holds,
    fixed,
    optional,
)
from readiness.semantics.conditions import Requests, holds
from readiness.semantics.iam_actions import (
    covers,
    covers_service,
    resource_patterns,
    universal,
    unrestricted,
)
from readiness.semantics.policy import Document, Statement
from readiness.semantics.policy_patterns import (
    is_service_wide,
    is_universal,
    matches,
    matches_any,
    overlap,
)
from readiness.semantics.requesters import holder

from .privesc import (
    EDIT_POLICY,
    ESCALATIONS,
    PASS_ROLE,
    SELF,
    SELF_BOUNDARY,
    SELF_DENY,
    TARGETS,
    Escalation,
)

UNRELATED = ("iam", "s3", "ec2", "kms", "lambda", "dynamodb", "rds", "sqs")
"""Every action of all of these means every action: no one lists them by hand."""

_PASSED_TO = "iam:passedtoservice"


@dataclass(frozen=True, slots=True)
class Self:
    """The principal that holds the policies: ``role`` or ``user``, path and name.

    ``policies`` are the ARNs of its own managed policies and of its boundary. A group, or a
    policy by itself, knows only that its holders have a name: ``name`` is empty.
    """

    kind: str = ""
    path: str = "/"
    name: str = ""
    policies: tuple[str, ...] = ()

    @property
    def arn(self) -> str:
        """Its ARN in any account, with ``*`` for what is not known."""
        return f"arn:*:iam::*:{self.kind}{self.path}{self.name}" if self.name else ""


@dataclass(frozen=True)
class Grants:
    """The statements that apply to a principal, and its permissions boundary.

    ``restricting`` are the condition keys (patterns) that restrict an Allow. With ``doubtful``,
    a condition that cannot be decided restricts nothing; without, it restricts.
    """

    statements: tuple[Statement, ...]
    boundary: Grants | None = None
    restricting: tuple[str, ...] = ()
    who: Self = Self()
    doubtful: bool = False

    @classmethod
    def of(
        cls,
        documents: Iterable[Document],
        boundary: Document | None = None,
        restricting: Sequence[str] = (),
        who: Self | None = None,
        *,
        doubtful: bool = False,
    ) -> Grants:
        about = (tuple(restricting), who or Self(), doubtful)
        within = None if boundary is None else cls(boundary.statements, None, *about)
        statements = tuple(s for document in documents for s in document.statements)
        return cls(statements, within, *about)

    @cached_property
    def _open(self) -> tuple[Statement, ...]:
        """What is allowed without a condition that restricts it."""
        return tuple(s for s in self.statements if s.allows and self._applies(s))

    @cached_property
    def broad(self) -> tuple[Statement, ...]:
        """What is allowed on more than listed resources, without a condition that restricts it."""
        return tuple(s for s in self._open if s.not_resources or _has_wildcard(s.resources))

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
            and _reaches(s, action)
            and (not passed_to or self._applies(s, passed_to))
        ]
        if not found or any(
            s.names_action(action) and _takes_away(s, action) and self._refuses(s, passed_to)
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
        found = [s for s in self._open if s.names_action(action) and _includes(s, arn)]
        if not found or any(
            s.names_action(action) and _spares_nothing(s, arn) and self._refuses(s)
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
        for service in path.services or ("",):
            found: list[Statement] = []
            for action in path.actions:
                granting = self.granting(action, service if action == PASS_ROLE else "")
                if not granting:
                    break
                found += granting
            else:
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
    keys |= dict.fromkeys(unlisted, optional(f"{FREE}{OTHER}{FREE}"))
    keys[_PASSED_TO] = fixed(passed_to) if passed_to else CHOSEN
    if who.name:
        is_user = who.kind == "user"
        keys["aws:principalarn"] = fixed(who.arn)
        keys["aws:principaltype"] = fixed("User" if is_user else "AssumedRole")
        keys["aws:username"] = fixed(who.name) if is_user else ABSENT
    return Requests(keys, others=CHOSEN)


_PLACES = ("aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn")


@functools.lru_cache(maxsize=1024)
def _with_factor(restricting: tuple[str, ...], who: Self, passed_to: str = "") -> Requests:
    factor = dict.fromkeys(("aws:multifactorauthpresent", "aws:multifactorauthage"), CHOSEN)
    return _holders(restricting, who, passed_to).but(factor)


# -- resources --------------------------------------------------------------------------------


def _has_wildcard(resources: Iterable[str]) -> bool:
    return any("*" in resource for resource in resources)


def _reaches(allow: Statement, action: str) -> bool:
    if allow.not_resources:
        return not _includes_all(allow.not_resources, action)
    return _covers(allow.resources, action)


def _takes_away(denial: Statement, action: str) -> bool:
    """Whether a Deny leaves the action on nothing but listed resources."""
    if denial.not_resources:
        return not _covers(denial.not_resources, action)
    return _includes_all(denial.resources, action)


@functools.lru_cache(maxsize=4096)
def _covers(resources: tuple[str, ...], action: str) -> bool:
    """Whether the patterns together match every resource that the action acts on.

    A policy variable stands for the caller's own, so such a pattern does not. ``role/*/*`` does
    not match the roles without a path, but no one means to protect those: it counts as all.
    """
    if any(map(is_universal, resources)):
        return True
    patterns = tuple(_PATHS.sub(r"\1/*", each) for each in resources if not _is_personal(each))
    targets = TARGETS.get(action)
    if targets:
        return any(covers(pattern, each) is not False for each in targets for pattern in patterns)
    kinds = resource_patterns(action)
    if kinds is not None:
        return bool(patterns) and (
            unrestricted(patterns, action) is not False or _letter_by_letter(patterns, kinds)
        )
    service = action.partition(":")[0]
    return any(is_service_wide(each, service) for each in patterns) or covers_service(
        patterns, service
    )


def _letter_by_letter(patterns: tuple[str, ...], kinds: tuple[str, ...]) -> bool:
    """Whether the patterns cover every name of a kind by its first letter, as ``role/a*`` does."""
    if len(patterns) < len(string.ascii_lowercase):
        return False
    return any(
        all(
            any(covers(pattern, f"{kind[:-1]}{letter}*") for pattern in patterns)
            for letter in string.ascii_lowercase
        )
        for kind in kinds
        if kind.endswith("*")
    )


def _includes_all(resources: tuple[str, ...], action: str) -> bool:
    """Whether the patterns, by the letter, include a resource of every request for the action."""
    if any(map(is_universal, resources)):
        return True
    targets = TARGETS.get(action)
    if targets:
        return all(any(covers(p, each) for p in resources) for each in targets)
    return any(universal(pattern, action) for pattern in resources)


_PATHS = re.compile(r"(:(?:role|user|group|policy|instance-profile))/\*(?:/\*)+$", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{(?!aws:(?:Principal|Resource)Account\}|[*?$]\})", re.IGNORECASE)


def _is_personal(resource: str) -> bool:
    return _VARIABLE.search(resource) is not None


_OWN_NAME = re.compile(r"\$\{aws:username\}", re.IGNORECASE)
_ANY_NAME = "name"


def _includes(allow: Statement, arn: str) -> bool:
    """Whether an Allow includes a resource by its ARN, or the user who asks."""
    if allow.not_resources:
        return not any(_may_match(each, arn or "*") for each in allow.not_resources)
    if not arn:
        return any(_OWN_NAME.search(each) for each in allow.resources)
    return any(_may_match(each, arn) for each in allow.resources)


def _spares_nothing(denial: Statement, arn: str) -> bool:
    """Whether a Deny includes the resource, or the user who asks, for certain."""
    known = arn or f"arn:*:iam::*:user/{_ANY_NAME}"
    if denial.not_resources:
        return not any(_may_match(each, known) for each in denial.not_resources)
    return any(_must_match(each, known) for each in denial.resources)


def _named(pattern: str, arn: str) -> str:
    return _OWN_NAME.sub(arn.rpartition("/")[2], pattern)


def _must_match(pattern: str, arn: str) -> bool:
    """Partition and account are not known, but a policy means its own."""
    wanted, fields = _named(pattern, arn).split(":", 5), arn.split(":", 5)
    if len(wanted) != len(fields):
        return matches(pattern, arn)
    return all(
        have == "*" or matches(want, have) for want, have in zip(wanted, fields, strict=True)
    )


def _may_match(pattern: str, arn: str) -> bool:
    """Field by field, since what is not known of an ARN is its partition and account."""
    wanted, fields = _named(pattern, arn).split(":", 5), arn.split(":", 5)
    if len(wanted) != len(fields):
        return overlap(_named(pattern, arn), arn)
    return all(overlap(want, have) for want, have in zip(wanted, fields, strict=True))
