"""The account under test: things that change in it, and the events that say so."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from readiness.model.finding import Finding
from readiness.model.resource import Resource
from readiness_cli.demo import cloudtrail, workload
from readiness_cli.demo.emulator import ACCOUNT, REGION
from readiness_cli.demo.stack import Stack

RULE = "encryption.s3-kms"
Detail = Mapping[str, Any]


@dataclass
class Account:
    """Buckets that are made sound, broken and mended, each with CloudTrail's word on it."""

    stack: Stack
    key: str
    name: str = field(default_factory=lambda: uuid.uuid4().hex[:6])

    @property
    def s3(self) -> Any:
        return self.stack.aws.client("s3")

    def sound(self, count: int = 1) -> list[str]:
        """New buckets with nothing wrong."""
        names = [f"e2e-{uuid.uuid4().hex[:12]}" for _ in range(count)]
        for name in names:
            workload.sound_bucket(self.s3, name, self.key)
        return names

    def break_(self, bucket: str) -> Detail:
        parameters = workload.stop_encrypting(self.s3, bucket)
        return cloudtrail.record("s3.amazonaws.com", "PutBucketEncryption", parameters)

    def mend(self, bucket: str) -> Detail:
        workload.encrypt(self.s3, bucket, self.key)
        parameters = {"bucketName": bucket}
        return cloudtrail.record("s3.amazonaws.com", "PutBucketEncryption", parameters)

    def put(self, *details: Detail) -> None:
        """Through the real bus and its rules."""
        cloudtrail.put(self.stack.aws.client("events"), *details)

    def invoke(self, event: object, function: str = "Encryption") -> None:
        """One function alone, as the bus does: asynchronously, tried again, then given up."""
        self.stack.aws.client("lambda").invoke(
            FunctionName=self.stack.resources[function],
            InvocationType="Event",
            Payload=json.dumps(event).encode(),
        )

    def start_anew(self, function: str) -> None:
        """Let the next invocation find a new sandbox, which remembers nothing."""
        client, name = self.stack.aws.client("lambda"), self.stack.resources[function]
        timeout = client.get_function_configuration(FunctionName=name)["Timeout"]
        client.update_function_configuration(FunctionName=name, Timeout=timeout)

    def finding(self, bucket: str, rule: str = RULE) -> Finding | None:
        return self.stack.store.get(Resource(ACCOUNT, REGION, "AWS::S3::Bucket", bucket), rule)
