"""The SDK as this project uses it: clients of botocore, with service models without their prose.

botocore keeps each model as ordered dictionaries with every sentence of the API reference in
them. Leaving the sentences out when the JSON is parsed saves a quarter of the memory of a process
with two dozen clients and a fifth of the CPU it takes to make them; leaving boto3's own layer out
saves a cold start the import of it.
"""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.loaders import JSONFileLoader, create_loader
from botocore.parsers import ResponseParserFactory
from botocore.session import Session as BotocoreSession
from botocore.utils import parse_timestamp

from readiness.engine.garbled import guard
from readiness.engine.geography import Geography

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGE = 400_000
"""Bytes of a model from which on leaving its prose out costs less than keeping it."""


def _without_documentation(part: dict[str, Any]) -> dict[str, Any]:
    """Only texts go: a structure may have a member that is called documentation.

    The key stays, since botocore reads it in some places.
    """
    if isinstance(part.get("documentation"), str):
        part["documentation"] = ""
    return part


def moment(value: Any) -> datetime:
    """A timestamp of an answer (seconds, ISO 8601 or RFC 822) in UTC.

    botocore's own parser makes a time zone object for each, which is half of the memory that a
    metric takes, and asks the system for the local zone. Raises ValueError, as that does.
    """
    try:
        return _EPOCH + timedelta(seconds=float(value))
    except OverflowError as error:
        raise ValueError(f"{value} seconds is no time") from error
    except ValueError:
        text = str(value)
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        parsed = parse_timestamp(text)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


class _Models(JSONFileLoader):
    def load_file(self, file_path: str) -> Any:
        plain, packed = Path(f"{file_path}.json"), Path(f"{file_path}.json.gz")
        if plain.is_file():
            raw = plain.read_bytes()
        elif packed.is_file():
            raw = gzip.decompress(packed.read_bytes())
        else:
            return None
        worth_it = len(raw) > _LARGE
        return json.loads(raw, object_hook=_without_documentation if worth_it else None)


class Session:
    """Credentials and a region, from which clients are made as ``boto3.client`` makes them.

    Every client raises Garbled for a success that cannot be read.
    """

    def __init__(self, profile: str | None = None, region: str | None = None) -> None:
        self._botocore = BotocoreSession(profile=profile)
        loader = create_loader(self._botocore.get_config_variable("data_path"))
        loader.file_loader = _Models()
        self._botocore.register_component("data_loader", loader)
        guard(self._botocore)
        parsers = ResponseParserFactory()
        parsers.set_parser_defaults(timestamp_parser=moment)
        self._botocore.register_component("response_parser_factory", parsers)
        self._region = region
        self.geography = Geography(loader)
        self.loader = loader
        """Where service models come from; what a client needed is there already."""

    @property
    def region_name(self) -> str | None:
        """The region given, or that of the environment or profile."""
        region: str | None = self._region or self._botocore.get_config_variable("region")
        return region

    def client(
        self, service: str, *, region_name: str | None = None, config: Config | None = None
    ) -> Any:
        """A client of the service. Raises botocore's own errors."""
        return self._botocore.create_client(
            service, region_name=region_name or self.region_name, config=config
        )

    def knows(self, service: str) -> bool:
        """Whether this SDK has a model of the service."""
        return service in self._botocore.get_available_services()
