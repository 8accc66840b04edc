"""The integration keys of the PagerDuty services, as the stack's secret has them."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from readiness.alerting.routes import DEFAULT
from readiness.engine.aws_errors import name_of
from readiness.model.finding import MOST_SKEW, iso

KEY_KEPT_SECONDS = 300


class NoRoutingKey(Exception):
    """There is no usable routing key; pages wait until there is one."""


class UnknownRoute(NoRoutingKey):
    """The secret could be read, and has no key of that name."""


class RoutingKey:
    """The keys as the secret has them by name, at most five minutes old and never logged."""

    def __init__(self, secrets: Any, secret: str) -> None:
        self._secrets = secrets
        self._secret = secret
        self._keys: dict[str, str] = {}
        self._former: dict[str, str] | None = None
        self._changed_at = ""
        self._read_at = float("-inf")

    def get(self, name: str = "", *, fresh: bool = False) -> str:
        """The routing key of a service, by default of the default one.

        Raises NoRoutingKey, which is UnknownRoute where only this service has none.
        """
        keys = self._known(fresh=fresh)
        if name and name not in keys and not fresh:
            keys = self._known(fresh=True)
        if (name or DEFAULT) not in keys:
            raise UnknownRoute(f"the secret {self._secret} has no routing key {name!r}")
        return keys[name or DEFAULT]

    def has(self, name: str) -> bool:
        """Whether there is a key of that name. Raises NoRoutingKey where there is none at all."""
        return name in self._known() or name in self._known(fresh=True)

    def former(self, name: str = "", since: str = "") -> str:
        """The other key that a service had before the secret changed; empty where it had none.

        An incident that was opened before, at ``since``, is one of that key. Where it was opened
        after the change, or nothing tells when that was, there is none. Raises NoRoutingKey.
        """
        keys = self._known()
        if not self._changed_at or not since or since > self._changed_at:
            return ""
        if self._former is None:
            self._former = keys_in(self._version("AWSPREVIOUS"))
        key = self._former.get(name or DEFAULT, "")
        return "" if key == keys.get(name or DEFAULT) else key

    def _known(self, *, fresh: bool = False) -> dict[str, str]:
        if fresh or not self._keys or time.monotonic() - self._read_at > KEY_KEPT_SECONDS:
            self._keys, self._former = self._read(), None
            self._read_at = time.monotonic()
        return self._keys

    def _read(self) -> dict[str, str]:
        """The keys, or where there is none now, those before.

        An update of a stack that once had the key as a parameter may leave an empty version.
        """
        for stage in ("AWSCURRENT", "AWSPREVIOUS"):
            keys = keys_in(self._version(stage))
            if DEFAULT in keys:
                return keys
        raise NoRoutingKey(
            f"the secret {self._secret} has no routing key; `readiness pagerduty-key` writes it"
        )

    def _version(self, stage: str) -> str:
        """The text of a version; empty where there is none. Raises NoRoutingKey."""
        try:
            answer = self._secrets.get_secret_value(SecretId=self._secret, VersionStage=stage)
            if stage == "AWSCURRENT":
                made = answer.get("CreatedDate")
                is_known = isinstance(made, datetime) and made.tzinfo is not None
                self._changed_at = iso(made.astimezone(UTC) + MOST_SKEW) if is_known else ""
            return str(answer["SecretString"])
        except (ClientError, BotoCoreError, KeyError) as error:
            code = name_of(error)
            if code == "ResourceNotFoundException":
                return ""
            raise NoRoutingKey(f"the secret {self._secret} cannot be read: {code}") from None


def keys_in(text: str) -> dict[str, str]:
    """``{"default": "key", "payments": "another"}``, or the default key alone, quoted or not.

    A file that some editors write begins with a mark of its encoding, which is part of no key.
    """
    text = text.removeprefix("\ufeff")
    try:
        keys = json.loads(text)
    except (ValueError, RecursionError):
        keys = text
    if isinstance(keys, list) or keys is None:
        return {}
    alone = keys if isinstance(keys, str) else text
    named = keys if isinstance(keys, dict) else {DEFAULT: alone}
    stripped = {name: key.strip() for name, key in named.items() if isinstance(key, str)}
    return {name: key for name, key in stripped.items() if key}
