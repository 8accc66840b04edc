"""What belongs to the monitor's own stack: left out of its verdicts, and never paged about."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from readiness.model.resource import Resource
from readiness.model.text import error_text

KEPT_SECONDS = 300
FRESH_SECONDS = 10
"""A list older than this is made anew for a name that none was made for."""
_KEPT_OF_A_NAME = 20
_STACK = "AWS::CloudFormation::Stack"
_NAMELESS = frozenset({"AWS::Lambda::EventSourceMapping"})
"""What the stack makes whose id is a UUID, in which no name stands."""
_PARTS = re.compile("[/:|]")
UNLISTED = "the own stack cannot be listed: its resources count as any other"
"""What is logged with the reason."""


class OwnStack:
    """The resources of one stack.

    They are listed only when a resource is asked about whose id holds the name of the stack, or
    may hold none: of the same one at most every five minutes, of others at most every ten seconds,
    since an update of the stack adds some. Where they cannot be listed nothing more counts as own,
    so that it is paged, and ``warn`` is told why.
    """

    def __init__(
        self,
        stack: str,
        client: Callable[[], Any],
        warn: Callable[[str], None] = lambda reason: None,
    ) -> None:
        self._stack = stack
        self._client = client
        self._parts: set[tuple[str, str]] = set()
        self._listed_at = float("-inf")
        self._strangers: set[tuple[str, str]] = set()
        self._warn = warn
        self._listing = threading.Lock()

    def has(self, resource: Resource) -> bool:
        """Whether the resource is part of the stack, or the stack itself."""
        if not self._stack or not self._may_be_own(resource):
            return False
        if (resource.type, resource.id) == (_STACK, self._stack):
            return True
        mine = {(resource.type, spelled) for spelled in _spellings(resource.id)}
        if not mine & self._parts:
            # Others that ask meanwhile wait: an answer before the list is there would be a guess.
            with self._listing:
                if self._may_be_new(mine):
                    self._list()
                    self._strangers |= mine
        return bool(mine & self._parts)

    def _may_be_own(self, resource: Resource) -> bool:
        """Whether the id holds the stack's name: at its beginning, or below a path.

        CloudFormation cuts a long one where a service's names are short.
        """
        if resource.type in _NAMELESS:
            return True
        name = self._stack[:_KEPT_OF_A_NAME]
        return any(part.startswith(name) for part in _PARTS.split(resource.id))

    def _may_be_new(self, names: set[tuple[str, str]]) -> bool:
        """Whether the list is too old to tell that a resource is not in it."""
        age = time.monotonic() - self._listed_at
        if age > KEPT_SECONDS:
            self._strangers = set()
        return age > KEPT_SECONDS or (age > FRESH_SECONDS and not names & self._strangers)

    def _list(self) -> None:
        self._listed_at = time.monotonic()
        try:
            pages = self._client().get_paginator("list_stack_resources")
            parts = {
                (each["ResourceType"], spelled)
                for page in pages.paginate(StackName=self._stack)
                for each in page["StackResourceSummaries"]
                for spelled in _spellings(each.get("PhysicalResourceId", ""))
            }
        except (BotoCoreError, ClientError) as error:
            self._warn(error_text(error))
            return
        self._parts = parts


def _spellings(id: str) -> set[str]:
    """An id whole, and the names it ends in if it is an ARN, a URL or that of a rule on a bus.

    Of a name with a path, as log groups have, the last part is not enough: `/ecs/readiness` is
    another one than `/aws/lambda/readiness`.
    """
    parts = {id.rpartition("|")[2]}
    if id.startswith("arn:") or "://" in id:
        parts |= {_last(id), id.rpartition(":")[2]}
    return {id, *parts} - {""}


def _last(id: str) -> str:
    return id.rpartition("/")[2].rpartition(":")[2]
