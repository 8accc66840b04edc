"""A later look at what cannot be settled now: one execution for each set of targets and time.

The state machine LookAgain waits and invokes the heading's function with the same targets. It is
asked after a read that failed for a passing reason, for a resource that is still changing, and for
events that concern everything, so that fifty of them in a minute become one look.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from readiness.engine.aws_errors import cause_of, code_of
from readiness.engine.garbled import Garbled
from readiness.engine.names_row import fitting
from readiness.engine.targets import MOST_ID, ConfigRequest, MalformedEvent, Target
from readiness.model.origin import AN_EVENT, Origin
from readiness.model.text import error_text
from readiness.model.unreadable import PASSING

if TYPE_CHECKING:
    from readiness.engine.observation import Observation

WAITS = (30, 120, 300, 900)
"""Seconds before each further look. After the last one the sweep takes over."""

SLOT_SECONDS = 60
"""Events that concern everything are evaluated once in so many seconds at most."""

MOST_TARGETS = 400
"""What fits into an execution's input of 256 KiB with ids of the usual length."""

_APPEARS_WITHIN = 2
"""How many further looks a resource gets that an event tells of and that cannot be read yet."""
_ENDS = ("Delete", "Deregister", "Destroy", "Release", "Remove", "Terminate")
"""What the names of calls begin with after which a resource may be gone."""

MOST_PARTS = 60
"""How many parts a look at everything may have: some hours, after which the sweep comes anyway.

A look that begins anew, for events that came meanwhile, has as many.
"""

A_TURN_SECONDS = 600
"""How long a look at everything has its turn after the part that it began last."""

_AFTER_A_TURN = A_TURN_SECONDS + 30

MOST_PASSING = 2_000
"""How many observations one look keeps back that a later look may settle; the rest is unknown."""

_MOST_INPUT = 240_000
_MOST_WITH_NAMES = 220_000
"""Step Functions puts up to 32 KB of an error beside the input, and takes 256 KiB for both."""
_MOST_IN_BATCH = 150_000
"""Characters of JSON for targets; a cursor, names and a token of AWS Config come beside them."""
_MOST_NAME = 80


@dataclass(frozen=True, slots=True)
class Again:
    """A look that was asked for earlier. ``attempt`` counts from 1; 0 is the event itself.

    ``crowd`` tells which events may share it. ``config`` is the invocation of a Config rule that
    has not had its whole answer yet. ``named`` is what the event named. ``cursor`` is where a look
    at everything stopped, which is told apart from others by the number of its ``part`` and by
    what the look has ``begun`` anew for: a time, or empty. ``beside`` is the look for events that
    came while another look at the same had its turn, should that one have died.
    """

    targets: frozenset[Target]
    attempt: int = 0
    trigger: str = ""
    origin: Origin = AN_EVENT
    crowd: str = ""
    config: ConfigRequest | None = None
    named: frozenset[str] = frozenset()
    cursor: Mapping[str, Any] | None = None
    part: int = 0
    begun: str = ""
    beside: bool = False

    @property
    def round(self) -> str:
        """Which look it is, through all its parts."""
        return f"{self.trigger}#{self.begun}" if self.begun else self.trigger


class Passing:
    """Observations that wait for a later look, and are recorded only where there will be none."""

    def __init__(self) -> None:
        self.kept: dict[Target, list[Observation]] = {}
        self._count = 0
        self._lock = threading.Lock()

    def keeps(self, observation: Observation) -> bool:
        """Whether the observation waits; False for one that a later look would not change."""
        if observation.again is None:
            return False
        with self._lock:
            if self._count >= MOST_PASSING:
                return False
            self._count += 1
            self.kept.setdefault(observation.again, []).append(observation)
        return True

    def without(self, taken: Iterable[Target]) -> list[Observation]:
        """Those that no later look was asked for."""
        asked = set(taken)
        left = (kept for target, kept in self.kept.items() if target not in asked)
        return list(chain.from_iterable(left))


class LookAgain:
    """The state machine, as one heading's function asks it.

    ``client`` is a Step Functions client, ``function`` the ARN that is to be invoked.
    ``unreached`` says why it could not be asked, where another try may reach it.
    """

    def __init__(self, client: Any, machine: str, function: str) -> None:
        self._client = client
        self._machine = machine
        self._function = function
        self.unreached = ""

    def later(self, again: Again, now: datetime) -> bool:
        """Ask for the next look at targets that could not be settled in this one.

        False where this was the last one, or where the state machine did not accept it.
        """
        if again.attempt >= len(WAITS):
            return False
        wait = WAITS[again.attempt]
        following = replace(again, attempt=again.attempt + 1)
        slot = int(now.timestamp()) // wait
        return self._start(following, wait, f"again-{following.attempt}-{slot}")

    def once(self, again: Again, now: datetime) -> bool:
        """Ask for one look at the end of the current minute, however many events ask for it."""
        seconds = int(now.timestamp())
        slot = seconds // SLOT_SECONDS
        wait = SLOT_SECONDS - seconds % SLOT_SECONDS
        return self._start(again, wait, f"once-{slot}")

    def go_on(self, again: Again, cursor: Mapping[str, Any]) -> bool:
        """Ask for the next part of a look at everything.

        False where the state machine did not accept it.
        """
        following = replace(again, cursor=cursor, part=again.part + 1, beside=False)
        return self._start(following, 1, f"part-{following.part}")

    def begin_anew(self, again: Again, came: str) -> bool:
        """Ask for another look, for what ``came`` until then. False as in :meth:`go_on`.

        It is told apart by that: asked for once more with what came since, it is one more look.
        """
        following = replace(again, cursor=None, part=1, begun=came, beside=False)
        return self._start(following, SLOT_SECONDS, "part-1")

    def beside(self, again: Again, now: datetime) -> bool:
        """Ask for a look when the turn of another look has ended, whatever became of that one.

        Once for all events of so many minutes. False as in :meth:`go_on`.
        """
        when = f"beside-{int(now.timestamp()) // A_TURN_SECONDS}"
        following = replace(again, cursor=None, part=0, begun=when, beside=True)
        return self._start(following, _AFTER_A_TURN, when)

    def _start(self, again: Again, wait: int, when: str) -> bool:
        targets = _plain(again.targets)
        # Each invocation of a Config rule has to be answered under its own token, and each part of
        # a look goes on from its own cursor.
        token = [again.config.token] if again.config else []
        if again.part:
            cursor = json.dumps(again.cursor and dict(again.cursor), sort_keys=True)
            token = [*token, again.round, str(again.attempt), cursor]
        digest = hashlib.sha256(json.dumps(targets + token).encode()).hexdigest()[:16]
        name = self._function.rpartition(":")[2][: _MOST_NAME - len(when) - len(digest) - 2]
        look: dict[str, Any] = {
            "targets": targets,
            "attempt": again.attempt,
            "trigger": again.trigger,
            "origin": asdict(again.origin),
        }
        if again.config is not None:
            look["config"] = asdict(again.config)
        if again.cursor is not None:
            look["cursor"] = dict(again.cursor)
        optional = {
            "crowd": again.crowd,
            "part": again.part,
            "begun": again.begun,
            "beside": again.beside,
        }
        look |= {name: said for name, said in optional.items() if said}
        asked = {"function": self._function, "wait": wait, "event": {"look_again": look}}
        # A look without some names is better than none.
        room = _MOST_WITH_NAMES - len(json.dumps(asked)) - len('"named": [], ')
        if named := fitting(again.named, room):
            look["named"] = sorted(named)
        text = json.dumps(asked)
        if len(targets) > MOST_TARGETS or len(text) > _MOST_INPUT:
            return False
        try:
            self._client.start_execution(
                stateMachineArn=self._machine, name=f"{name}-{digest}-{when}", input=text
            )
        except (BotoCoreError, ClientError) as error:
            # The same look was asked for already: executions of one name are started once.
            if isinstance(error, ClientError) and code_of(error) == "ExecutionAlreadyExists":
                return True
            if isinstance(error, Garbled) or cause_of(error) in PASSING:
                self.unreached = error_text(error)
            return False
        return True


def may_appear(again: Again) -> bool:
    """Whether a resource that does not exist is looked at once more before that is believed.

    Services are eventually consistent: right after a call that made or changed it, another one may
    say that it does not exist. Names of calls decide, so that a deletion is not waited for.
    """
    call = again.origin.call
    return bool(call) and not call.startswith(_ENDS) and again.attempt < _APPEARS_WITHIN


def concerns_everything(target: Target) -> bool:
    """Whether a target is every resource of a rule, and so costs a look at all of them."""
    return target.id is None and target.via is None


def _plain(targets: Iterable[Target]) -> list[Any]:
    ordered = sorted(targets, key=lambda t: (t.rule, t.id or "", t.via or ("", "")))
    return [[t.rule, t.id, list(t.via) if t.via else None] for t in ordered]


def asked_for(event: Any) -> Again:
    """The look that the state machine invokes a function for. Raises MalformedEvent."""
    if not isinstance(event, Mapping) or not isinstance(event.get("targets"), list):
        raise MalformedEvent("'look_again' must be an object with the list 'targets'")
    attempt = event.get("attempt")
    if isinstance(attempt, bool) or not isinstance(attempt, int) or attempt < 0:
        raise MalformedEvent("'look_again.attempt' must be a whole number from 0")
    part, cursor = event.get("part", 0), event.get("cursor")
    if isinstance(part, bool) or not isinstance(part, int) or part < 0:
        raise MalformedEvent("'look_again.part' must be a whole number from 0")
    if cursor is not None and not isinstance(cursor, Mapping):
        raise MalformedEvent("'look_again.cursor' must be an object")
    return Again(
        frozenset(map(_target, event["targets"])),
        attempt,
        str(event.get("trigger") or ""),
        _origin(event.get("origin")),
        str(event.get("crowd") or ""),
        _config(event.get("config")),
        _texts(event.get("named")),
        cursor,
        part,
        str(event.get("begun") or ""),
        event.get("beside") is True,
    )


def _texts(given: Any) -> frozenset[str]:
    return frozenset(str(each) for each in given) if isinstance(given, list) else frozenset()


def _target(given: Any) -> Target:
    match given:
        case [str() as rule, (str() | None) as id, None] if id is None or _is_id(id):
            return Target(rule, id)
        case [str() as rule, None, [str() as type_, str() as id]] if _is_id(id):
            return Target(rule, None, (type_, id))
    raise MalformedEvent("a target of 'look_again' is [rule, id or null, [type, id] or null]")


def _is_id(text: str) -> bool:
    """Whether a key of a table can be made of it."""
    try:
        return 0 < len(text.encode()) <= MOST_ID
    except UnicodeEncodeError:
        return False


def _origin(given: Any) -> Origin:
    if not isinstance(given, Mapping):
        return AN_EVENT
    return Origin(**{each.name: str(given.get(each.name, "")) for each in fields(Origin)})


def _config(given: Any) -> ConfigRequest | None:
    if given is None:
        return None
    match given:
        case {
            "token": str() as token,
            "ordering": str() as ordering,
            "parameters": Mapping() as parameters,
            "resource_type": str() as type_,
            "resource_id": str() as id,
        } if token:
            named = {str(name): str(value) for name, value in parameters.items()}
            left = given.get("left_scope") is True
            return ConfigRequest(token, ordering, named, type_, id, left)
    raise MalformedEvent("'look_again.config' names no invocation of a Config rule")


def batches(targets: Iterable[Target]) -> list[frozenset[Target]]:
    """The targets in sets that one execution can carry each, those with one id in one set."""
    made: list[set[Target]] = []
    size = 0
    ordered = sorted(targets, key=lambda each: (each.id or "", each.rule, each.via or ("", "")))
    for _, same in groupby(ordered, key=lambda each: each.id):
        together = list(same)
        for start in range(0, len(together), MOST_TARGETS):
            some = together[start : start + MOST_TARGETS]
            more = len(json.dumps(_plain(some)))
            if (
                not made
                or len(made[-1]) + len(some) > MOST_TARGETS
                or size + more > _MOST_IN_BATCH
            ):
                made.append(set())
                size = 0
            made[-1].update(some)
            size += more
    return [frozenset(each) for each in made]
