"""The integration key of the PagerDuty service, as the stack's secret has it."""

from __future__ import annotations

import json
import time
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

KEY_KEPT_SECONDS = 300


class NoRoutingKey(Exception):
    """There is no usable routing key; pages wait until there is one."""


class RoutingKey:
    """The key as the secret has it, at most five minutes old and never logged."""

    def __init__(self, secrets: Any, secret: str) -> None:
        self._secrets = secrets
        self._secret = secret
        self._key = ""
        self._read_at = float("-inf")

    def get(self, *, fresh: bool = False) -> str:
        """The routing key. Raises NoRoutingKey."""
        if fresh or not self._key or time.monotonic() - self._read_at > KEY_KEPT_SECONDS:
            self._key = self._read()
            self._read_at = time.monotonic()
        return self._key

    def _read(self) -> str:
        """The key, or where there is none now, the one before.

        An update of a stack that once had the key as a parameter may leave an empty version.
        """
        for stage in ("AWSCURRENT", "AWSPREVIOUS"):
            key = _default_key(self._version(stage))
            if key:
                return key
        raise NoRoutingKey(
            f"the secret {self._secret} has no routing key; `readiness pagerduty-key` writes it"
        )

    def _version(self, stage: str) -> str:
        """The text of a version; empty where there is none. Raises NoRoutingKey."""
        try:
            answer = self._secrets.get_secret_value(SecretId=self._secret, VersionStage=stage)
            return str(answer["SecretString"])
        except (ClientError, BotoCoreError, KeyError) as error:
            code = _code(error)
            if code == "ResourceNotFoundException":
                return ""
            raise NoRoutingKey(f"the secret {self._secret} cannot be read: {code}") from None


def _default_key(text: str) -> str:
    """``{"default": "key"}``, or the key alone."""
    try:
        keys = json.loads(text)
    except ValueError:
        return text.strip()
    if isinstance(keys, list) or keys is None:
        return ""
    key = keys.get("default") if isinstance(keys, dict) else text
    return key.strip() if isinstance(key, str) else ""


def _code(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return type(error).__name__
