"""The SDK as this project uses it: clients of botocore, with service models without their prose.

botocore keeps each model as ordered dictionaries with every sentence of the API reference in
them. Leaving the sentences out when the JSON is parsed saves a quarter of the memory of a process
with two dozen clients and a fifth of the CPU it takes to make them; leaving boto3's own layer out
saves a cold start the import of it.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.exceptions import DataNotFoundError
from botocore.loaders import JSONFileLoader, Loader
from botocore.session import Session as BotocoreSession
from botocore.utils import parse_timestamp

from readiness.engine.garbled import Parsers, guard
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
        worth_it = plain.name.startswith("service-") and len(raw) > _LARGE
        return json.loads(raw, object_hook=_without_documentation if worth_it else None)


class _Services:
    """The services that have a model of a type, sorted, each looked for when it is asked for.

    botocore asks whether a service is among them before it loads its model, and opens the
    folders of all 400 for that, which is a tenth of a cold start.
    """

    def __init__(self, loader: Loader, type_name: str) -> None:
        self._loader = loader
        self._type_name = type_name

    def __contains__(self, service: object) -> bool:
        try:
            return bool(self._loader.list_api_versions(str(service), self._type_name))
        except DataNotFoundError:
            return False

    def __iter__(self) -> Iterator[str]:
        return iter(Loader.list_available_services(self._loader, self._type_name))


class _Loader(Loader):
    def __init__(self, data_path: str | None) -> None:
        """The data path is AWS_DATA_PATH's: folders with service models beside the SDK's."""
        folders = data_path.split(os.pathsep) if data_path else []
        super().__init__(
            extra_search_paths=[
                str(Path(os.path.expandvars(each)).expanduser()) for each in folders
            ],
            file_loader=_Models(),
        )

    def list_available_services(self, type_name: str) -> _Services:  # type: ignore[override]
        return _Services(self, type_name)


class Session:
    """Credentials and a region, from which clients are made as ``boto3.client`` makes them.

    Every client raises Garbled for a success that cannot be read.
    """

    def __init__(self, profile: str | None = None, region: str | None = None) -> None:
        self._botocore = BotocoreSession(profile=profile)
        loader = _Loader(self._botocore.get_config_variable("data_path"))
        self._botocore.register_component("data_loader", loader)
        guard(self._botocore)
        parsers = Parsers()
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
