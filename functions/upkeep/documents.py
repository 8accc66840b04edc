"""Documents in the evidence bucket: the rules that rest on one look again when it changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from readiness.engine.declare import NotAnnounced, announce
from readiness.model.evidence import at

_EVENTS = frozenset({"Object Created", "Object Deleted"})
_TRAIL = "AWS API Call via CloudTrail"


def object_of(event: Mapping[str, Any]) -> tuple[str, str] | None:
    """The bucket and the key that an event is about; None for any other event.

    S3's own events, and data events of CloudTrail, which name them otherwise.
    """
    detail = event.get("detail")
    if not isinstance(detail, Mapping):
        return None
    if event.get("detail-type") in _EVENTS:
        named = at(detail, "bucket.name"), at(detail, "object.key")
    elif event.get("detail-type") == _TRAIL and not detail.get("errorCode"):
        named = (
            at(detail, "requestParameters.bucketName"),
            at(detail, "requestParameters.key"),
        )
    else:
        return None
    match named:
        case (str() as bucket, str() as key) if bucket and key:
            return bucket, key
    return None


class Documents:
    """The statements that rest on a document of the evidence bucket."""

    def __init__(self, dynamodb: Any, events: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._events = events
        self._table = table

    def changed(self, bucket: str, key: str) -> list[str]:
        """Announce the rules that rest on an object, each once.

        Raises NotAnnounced and botocore's errors, after the others were announced.
        """
        failed: list[Exception] = []
        rules = dict(self._statements(bucket, key))
        for rule, id in sorted(rules.items()):
            try:
                announce(self._events, rule, id)
            except (NotAnnounced, ClientError, BotoCoreError) as error:
                failed.append(error)
        if failed:
            raise failed[0]
        return sorted(rules)

    def _statements(self, bucket: str, key: str) -> Iterator[tuple[str, str]]:
        """Rule and id of the statements about the object, whatever else stands in their rows.

        The table has no index by it, and is small.
        """
        pages = self._dynamodb.get_paginator("scan").paginate(
            TableName=self._table,
            FilterExpression="#a.#b = :b AND #a.#k = :k AND attribute_exists(#r)",
            ExpressionAttributeNames={"#a": "artefact", "#b": "bucket", "#k": "key", "#r": "rule"},
            ExpressionAttributeValues={":b": {"S": bucket}, ":k": {"S": key}},
        )
        for page in pages:
            for item in page["Items"]:
                rule, id = (item.get(name, {}).get("S", "") for name in ("rule", "id"))
                if rule:
                    yield rule, id
