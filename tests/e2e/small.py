"""The smallest functions, queues and roles, to ask the embedded AWS how it behaves."""

from __future__ import annotations

import io
import json
import textwrap
import uuid
import zipfile
from typing import Any

from readiness_cli.demo.emulator import ACCOUNT, REGION, Emulator

ANYTHING = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]


def name(what: str) -> str:
    return f"{what}-{uuid.uuid4().hex[:8]}"


def role(aws: Emulator, statements: list[dict[str, Any]]) -> str:
    """A role that functions may take, with this policy."""
    iam = aws.client("iam")
    called = name("small")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
    iam.create_role(
        RoleName=called, AssumeRolePolicyDocument=_policy([trust | {"Action": "sts:AssumeRole"}])
    )
    if statements:
        iam.put_role_policy(RoleName=called, PolicyName="it", PolicyDocument=_policy(statements))
    return f"arn:aws:iam::{ACCOUNT}:role/{called}"


def _policy(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def function(
    aws: Emulator, body: str, *, statements: list[dict[str, Any]] | None = None, **more: Any
) -> str:
    """A function with this body of ``handler(event, context)``; its ARN."""
    source = "import json, os, boto3\ndef handler(event, context):\n" + textwrap.indent(
        textwrap.dedent(body).strip(), "    "
    )
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("small.py", source)
    made = aws.client("lambda").create_function(
        FunctionName=name("small"),
        Runtime="python3.13",
        Role=role(aws, ANYTHING if statements is None else statements),
        Handler="small.handler",
        Code={"ZipFile": code.getvalue()},
        Timeout=20,
        **more,
    )
    return str(made["FunctionArn"])


def failing_function(aws: Emulator) -> tuple[str, str]:
    """A function that always fails: the URL of its failure queue, and its ARN."""
    url, arn = queue(aws)
    called = function(aws, "raise ValueError(event)")
    aws.client("lambda").put_function_event_invoke_config(
        FunctionName=called,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )
    return url, called


def queue(aws: Emulator, **attributes: str) -> tuple[str, str]:
    """A queue: URL and ARN."""
    called = name("small")
    url = aws.client("sqs").create_queue(QueueName=called, Attributes=attributes)["QueueUrl"]
    return url, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{called}"


def received(aws: Emulator, url: str, seconds: int = 0) -> list[dict[str, Any]]:
    """What is in a queue; taken out of it."""
    sqs = aws.client("sqs")
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=seconds)
    for message in answer.get("Messages", []):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def invoke(aws: Emulator, function: str, event: object) -> dict[str, Any]:
    """Invoke and wait; the answer, or ``{"FunctionError": …}``."""
    answer = aws.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
    payload = json.loads(answer["Payload"].read() or b"null")
    if "FunctionError" in answer:
        return {"FunctionError": payload}
    return payload if isinstance(payload, dict) else {"answer": payload}


def table(aws: Emulator, **more: Any) -> str:
    """A table with the key ``id``."""
    called = name("small")
    aws.client("dynamodb").create_table(
        TableName=called,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        **more,
    )
    return called


def stack(
    aws: Emulator,
    resources: dict[str, Any],
    outputs: dict[str, Any],
    conditions: dict[str, Any] | None = None,
) -> dict[str, str]:
    """Deploy a template of these resources; its outputs."""
    cloudformation = aws.client("cloudformation")
    called = name("small")
    template = {
        "Conditions": conditions or {},
        "Resources": resources,
        "Outputs": {key: {"Value": value} for key, value in outputs.items()},
    }
    cloudformation.create_stack(StackName=called, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=called, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    made = cloudformation.describe_stacks(StackName=called)["Stacks"][0]
    return {each["OutputKey"]: each["OutputValue"] for each in made["Outputs"]}


def waiting(aws: Emulator, url: str) -> int:
    """How many messages are in a queue, seen or not."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return sum(int(answer["Attributes"][name]) for name in names)
