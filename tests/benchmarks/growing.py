"""An account of any size behind botocore, and one heading's sweep over it, leg by leg.

Run as ``python -m tests.benchmarks.growing HEADING SIZE [MEMORY]``: prints what each leg took as
JSON. The account is answered below botocore, as bytes, so that what the SDK costs is in it; the
tables are in SQLite, so that they are in nobody's memory. What the stand-ins cost themselves is
taken off the CPU time.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from botocore import xform_name
from botocore.awsrequest import AWSResponse
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model

ACCOUNT, REGION = "111122223333", "us-east-1"
CPU_SHARE = 512 / 1769
"""Lambda's share of one processor at 512 MB."""
LATENCY, AT_ONCE = 0.03, 8
LEG_SECONDS = 300


@dataclass(frozen=True)
class Size:
    """How many there are of each thing."""

    buckets: int = 10_000
    functions: int = 5_000
    roles: int = 5_000
    alarms: int = 20_000
    log_groups: int = 10_000
    services: int = 3_000

    def times(self, share: float) -> Size:
        return Size(*(max(1, round(value * share)) for value in asdict(self).values()))


class Refused(Exception):
    """An error answer: the code and the HTTP status."""


class Account:
    """Answers by formula; ``first`` is the number of the first thing of each kind that exists.

    Moving it on lets as many things go as come.
    """

    def __init__(self, size: Size, first: int = 0) -> None:
        self.size = size
        self.first = first
        self.calls = 0

    def names(self, kind: str, count: int) -> list[str]:
        return [f"{kind}-{number:06}" for number in range(self.first, self.first + count)]

    def has(self, name: str, count: int) -> bool:
        number = name.rpartition("-")[2]
        return number.isdigit() and self.first <= int(number) < self.first + count

    def answer(self, service: str, operation: str, params: Mapping[str, Any]) -> Any:
        self.calls += 1
        made = getattr(self, f"{service}_{xform_name(operation)}", None)
        return {} if made is None else made(params)

    def page(self, things: list[Any], params: Mapping[str, Any], token: str, most: int) -> Any:
        start = int(params.get(token) or 0)
        following = start + most
        return things[start:following], str(following) if following < len(things) else None

    # -- Lambda ---------------------------------------------------------------------------------

    def function(self, name: str) -> dict[str, Any]:
        return {
            "FunctionName": name,
            "FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
            "Runtime": "python3.13",
            "Role": f"arn:aws:iam::{ACCOUNT}:role/{name.replace('function', 'role')}",
            "Handler": "app.handler",
            "CodeSize": 123456,
            "Timeout": 30,
            "MemorySize": 512,
            "LastModified": "2026-01-01T00:00:00.000+0000",
            "CodeSha256": "c29tZSBjb2Rl",
            "Version": "$LATEST",
            "Environment": {"Variables": {f"NAME_{n}": "some value or other" for n in range(8)}},
            "TracingConfig": {"Mode": "Active"},
            "Layers": [{"Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:common:7"}],
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "PackageType": "Zip",
            "Architectures": ["arm64"],
            "LoggingConfig": {"LogFormat": "JSON", "LogGroup": f"/aws/lambda/{name}"},
        }

    def lambda_list_functions(self, params: Mapping[str, Any]) -> Any:
        names, token = self.page(self.names("function", self.size.functions), params, "Marker", 50)
        return {"Functions": [self.function(name) for name in names], "NextMarker": token}

    def lambda_get_function_configuration(self, params: Mapping[str, Any]) -> Any:
        if not self.has(params["FunctionName"], self.size.functions):
            raise Refused("ResourceNotFoundException", 404)
        return self.function(params["FunctionName"])

    def lambda_get_policy(self, params: Mapping[str, Any]) -> Any:
        raise Refused("ResourceNotFoundException", 404)

    # -- CloudWatch -----------------------------------------------------------------------------

    def cloudwatch_get_metric_data(self, params: Mapping[str, Any]) -> Any:
        start, end = params["StartTime"].timestamp(), params["EndTime"].timestamp()
        results = []
        for query in params["MetricDataQueries"]:
            period = query["MetricStat"]["Period"]
            stamps = list(range(int(start), int(end), period))
            values = [120.0] * len(stamps)
            if "Error" in query["MetricStat"]["Metric"]["MetricName"]:
                values = [0.0] * len(stamps)
            results.append(
                {
                    "Id": query["Id"],
                    "Label": "x",
                    "Timestamps": stamps,
                    "Values": values,
                    "StatusCode": "Complete",
                }
            )
        return {"MetricDataResults": results}

    def cloudwatch_describe_alarms(self, params: Mapping[str, Any]) -> Any:
        if "MetricAlarm" not in params.get("AlarmTypes", ()):
            return {}
        names, token = self.page(self.names("alarm", self.size.alarms), params, "NextToken", 100)
        return {"MetricAlarms": [self.alarm(name) for name in names], "NextToken": token}

    def alarm(self, name: str) -> dict[str, Any]:
        number = int(name.rpartition("-")[2]) % max(self.size.functions, 1)
        return {
            "AlarmName": name,
            "AlarmArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}",
            "ActionsEnabled": True,
            "AlarmActions": [f"arn:aws:sns:{REGION}:{ACCOUNT}:ops"],
            "StateValue": "OK",
            "StateReason": "Threshold Crossed: no datapoints were received for 1 period.",
            "StateUpdatedTimestamp": 1767225600,
            "MetricName": "Errors",
            "Namespace": "AWS/Lambda",
            "Statistic": "Sum",
            "Dimensions": [{"Name": "FunctionName", "Value": f"function-{number:06}"}],
            "Period": 60,
            "EvaluationPeriods": 1,
            "DatapointsToAlarm": 1,
            "Threshold": 1.0,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
        }

    # -- ECS ------------------------------------------------------------------------------------

    def ecs_list_clusters(self, params: Mapping[str, Any]) -> Any:
        return {"clusterArns": [f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/main"]}

    def ecs_list_services(self, params: Mapping[str, Any]) -> Any:
        names, token = self.page(
            self.names("service", self.size.services), params, "nextToken", 100
        )
        arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/main/"
        return {"serviceArns": [arn + name for name in names], "nextToken": token}

    def ecs_describe_services(self, params: Mapping[str, Any]) -> Any:
        names = [arn.rsplit("/", 1)[-1] for arn in params["services"]]
        known = [name for name in names if self.has(name, self.size.services)]
        return {"services": [self.service(name) for name in known], "failures": []}

    def service(self, name: str) -> dict[str, Any]:
        task = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{name}:1"
        events = [
            {"id": str(n), "createdAt": 1767225600 - n, "message": f"({name}) steady state."}
            for n in range(20)
        ]
        deployment = {
            "id": "ecs-svc/1",
            "status": "PRIMARY",
            "taskDefinition": task,
            "desiredCount": 2,
            "runningCount": 2,
            "createdAt": 1767225600,
            "updatedAt": 1767225600,
            "rolloutState": "COMPLETED",
        }
        return {
            "serviceArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/main/{name}",
            "serviceName": name,
            "clusterArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/main",
            "status": "ACTIVE",
            "desiredCount": 2,
            "runningCount": 2,
            "taskDefinition": task,
            "deployments": [deployment],
            "events": events,
            "createdAt": 1767225600,
        }

    def ecs_describe_task_definition(self, params: Mapping[str, Any]) -> Any:
        container = {"name": "main", "image": "image:1", "essential": True}
        arn = params["taskDefinition"]
        family = arn.rsplit("/", 1)[-1].partition(":")[0]
        about = {"taskDefinitionArn": arn, "family": family, "containerDefinitions": [container]}
        return {"taskDefinition": about}

    # -- the others -----------------------------------------------------------------------------

    def logs_describe_log_groups(self, params: Mapping[str, Any]) -> Any:
        names, token = self.page(
            self.names("group", self.size.log_groups), params, "nextToken", 50
        )
        groups = [
            {
                "logGroupName": name,
                "creationTime": 1767225600000,
                "retentionInDays": 30,
                "metricFilterCount": 0,
                "storedBytes": 123456,
                "arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*",
                "logGroupArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}",
                "logGroupClass": "STANDARD",
            }
            for name in names
        ]
        return {"logGroups": groups, "nextToken": token}

    def s3_list_buckets(self, params: Mapping[str, Any]) -> Any:
        when = datetime(2026, 1, 1, tzinfo=UTC)
        names = self.names("bucket", self.size.buckets)
        return {"Buckets": [{"Name": n, "CreationDate": when} for n in names]}

    def s3_get_bucket_encryption(self, params: Mapping[str, Any]) -> Any:
        if not self.has(params["Bucket"], self.size.buckets):
            raise Refused("NoSuchBucket", 404)
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        return {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}

    def s3_get_bucket_policy(self, params: Mapping[str, Any]) -> Any:
        known = self.has(params["Bucket"], self.size.buckets)
        raise Refused("NoSuchBucketPolicy" if known else "NoSuchBucket", 404)

    def iam_get_account_authorization_details(self, params: Mapping[str, Any]) -> Any:
        if "Role" not in params.get("Filter", ["Role"]):
            return {"IsTruncated": False}
        names, token = self.page(self.names("role", self.size.roles), params, "Marker", 100)
        return {
            "RoleDetailList": [self.role(name) for name in names],
            "IsTruncated": token is not None,
            "Marker": token,
        }

    def iam_list_roles(self, params: Mapping[str, Any]) -> Any:
        names, token = self.page(self.names("role", self.size.roles), params, "Marker", 100)
        return {
            "Roles": [self.role(name) for name in names],
            "IsTruncated": token is not None,
            "Marker": token,
        }

    def iam_get_role(self, params: Mapping[str, Any]) -> Any:
        if not self.has(params["RoleName"], self.size.roles):
            raise Refused("NoSuchEntity", 404)
        return {"Role": self.role(params["RoleName"])}

    def role(self, name: str) -> dict[str, Any]:
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
        trust["Action"] = "sts:AssumeRole"
        allow = {
            "Effect": "Allow",
            "Action": "logs:PutLogEvents",
            "Resource": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{name}:*",
        }

        def document(statement: Any) -> str:
            return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

        return {
            "Path": "/",
            "RoleName": name,
            "RoleId": f"AROA{name}",
            "Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
            "CreateDate": datetime(2026, 1, 1, tzinfo=UTC),
            "AssumeRolePolicyDocument": document(trust),
            "RolePolicyList": [
                {"PolicyName": f"p{n}", "PolicyDocument": document(allow)} for n in range(3)
            ],
            "AttachedManagedPolicies": [],
            "RoleLastUsed": {},
        }


class Tables:
    """The three tables in a file, with as much of DynamoDB as the engine uses."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute(
            "CREATE TABLE rows (tab TEXT, hash TEXT, range TEXT, rule TEXT, item TEXT,"
            " PRIMARY KEY (tab, hash, range))"
        )
        self._db.execute("CREATE INDEX by_rule ON rows (tab, rule, hash)")

    def count(self, table: str, like: str = "%") -> int:
        query = "SELECT count(*) FROM rows WHERE tab = ? AND item LIKE ?"
        [(count,)] = self._db.execute(query, (table, like))
        return int(count)

    def answer(self, operation: str, params: Mapping[str, Any]) -> Any:
        with self._lock:
            made: Callable[[Mapping[str, Any]], Any] = getattr(self, xform_name(operation))
            return made(params)

    def _keys(self, item: Mapping[str, Any]) -> tuple[str, str]:
        names = ("resource", "rule") if "resource" in item else ("finding_id", "at")
        if "finding_id" in item and "at" in item:
            names = ("finding_id", "at")
        return item[names[0]]["S"], item[names[1]]["S"]

    def get_item(self, params: Mapping[str, Any]) -> Any:
        found = self._get(params["TableName"], *self._keys(params["Key"]))
        return {} if found is None else {"Item": found}

    def _get(self, table: str, hash: str, range: str) -> Any:
        query = "SELECT item FROM rows WHERE tab = ? AND hash = ? AND range = ?"
        row = self._db.execute(query, (table, hash, range)).fetchone()
        return None if row is None else json.loads(row[0])

    def put_item(self, params: Mapping[str, Any]) -> Any:
        if not self._allowed(params):
            raise Refused("ConditionalCheckFailedException", 400)
        self._put(params)
        return {}

    def transact_write_items(self, params: Mapping[str, Any]) -> Any:
        puts = [each["Put"] for each in params["TransactItems"]]
        if not all(map(self._allowed, puts)):
            raise Refused("TransactionCanceledException", 400)
        for put in puts:
            self._put(put)
        return {}

    def _allowed(self, put: Mapping[str, Any]) -> bool:
        stored = self._get(put["TableName"], *self._keys(put["Item"]))
        condition = put.get("ConditionExpression", "")
        if condition.startswith("attribute_not_exists(#r)") or "(finding_id)" in condition:
            return stored is None
        if condition == "#v = :v":
            return bool(stored and stored["version"] == put["ExpressionAttributeValues"][":v"])
        return not condition

    def _put(self, put: Mapping[str, Any]) -> None:
        item = put["Item"]
        rule = item["rule"]["S"] if "rule" in item else ""
        values = (put["TableName"], *self._keys(item), rule, json.dumps(item))
        self._db.execute("INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?)", values)

    def query(self, params: Mapping[str, Any]) -> Any:
        given = {k: v["S"] for k, v in params["ExpressionAttributeValues"].items()}
        start = params.get("ExclusiveStartKey", {}).get("at", {"S": ""})["S"]
        match params["KeyConditionExpression"]:
            case "#r = :r":
                where, values = "hash = ? AND range > ?", (given[":r"], start)
            case "#u = :u AND begins_with(#r, :p)":
                where = "rule = ? AND hash >= ? AND hash < ? AND hash > ?"
                values = (given[":u"], given[":p"], given[":p"] + "\U0010ffff", start)
            case "#u = :u AND #r BETWEEN :a AND :z":
                where = "rule = ? AND hash BETWEEN ? AND ? AND hash > ?"
                values = (given[":u"], given[":a"], given[":z"], start)
            case _:
                return {"Items": []}
        order = "range" if where.startswith("hash = ") else "hash"
        query = (
            f"SELECT item, {order} FROM rows WHERE tab = ? AND {where} ORDER BY {order} LIMIT 500"
        )
        rows = self._db.execute(query, (params["TableName"], *values)).fetchall()
        more = {"LastEvaluatedKey": {"at": {"S": rows[-1][1]}}} if len(rows) == 500 else {}
        return {"Items": [json.loads(item) for item, _ in rows], **more}

    def scan(self, params: Mapping[str, Any]) -> Any:
        start = int(params.get("ExclusiveStartKey", {}).get("at", {"N": "0"})["N"])
        query = (
            "SELECT rowid, hash, range, item FROM rows WHERE tab = ? AND rowid > ?"
            " ORDER BY rowid LIMIT 1000"
        )
        rows = self._db.execute(query, (params["TableName"], start)).fetchall()
        more = {"LastEvaluatedKey": {"at": {"N": str(rows[-1][0])}}} if len(rows) == 1000 else {}
        items = [
            {"resource": {"S": hash}, "rule": {"S": range}}
            for _, hash, range, item in rows
            if '"gone"' not in item
        ]
        return {"Items": items, **more}


class Wire:
    """Puts the stand-ins below the clients of a session, in the place of HTTP."""

    def __init__(self, account: Account, tables: Tables) -> None:
        self._account = account
        self._tables = tables
        self._asked = threading.local()
        self._lock = threading.Lock()
        self.requests = 0
        self.own_cpu = 0.0

    def attach(self, client: Any) -> None:
        client.meta.events.register("before-parameter-build.*.*", self._note, unique_id="note")
        client.meta.events.register("before-send.*.*", self._send, unique_id="send")

    def _note(self, params: Any, model: Any, **_: Any) -> None:
        self._asked.call = (model, dict(params))

    def _send(self, request: Any, **_: Any) -> AWSResponse:
        with self._own():
            model, params = self._asked.call
            service = model.service_model.service_name
            try:
                if service == "dynamodb":
                    answer = self._tables.answer(model.name, params)
                else:
                    answer = self._account.answer(service, model.name, params)
                status, body = 200, _body(model, _without_none(answer))
            except Refused as refused:
                code, status = refused.args
                body = _error(model, code)
            kind = "json" if "json" in model.service_model.resolved_protocol else "xml"
            headers = {"content-type": f"application/{kind}", "content-length": str(len(body))}
            return AWSResponse(request.url, status, headers, _Raw(body))

    @contextmanager
    def _own(self) -> Iterator[None]:
        began = time.thread_time()
        try:
            yield
        finally:
            with self._lock:
                self.requests += 1
                self.own_cpu += time.thread_time() - began


class _Raw(io.BytesIO):
    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.read()


def _without_none(value: Any) -> Any:
    return {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value


def _body(model: Any, answer: Any) -> bytes:
    protocol = model.service_model.resolved_protocol
    if "json" in protocol:
        return json.dumps(answer).encode()
    service = model.service_model.service_name
    operation = get_service_model(service).operation_model(model.name)
    made = get_serializer_class(service, protocol)(operation)
    body = made.serialize(answer)["body"]
    return body.encode() if isinstance(body, str) else body or b""


def _error(model: Any, code: str) -> bytes:
    if "json" in model.service_model.resolved_protocol:
        return json.dumps({"__type": code, "message": "no"}).encode()
    inner = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
    is_s3 = model.service_model.service_name == "s3"
    return (inner if is_s3 else f"<ErrorResponse>{inner}</ErrorResponse>").encode()


@dataclass
class Leg:
    """What one leg took: modelled seconds, CPU seconds, requests, verdicts, MB."""

    seconds: float
    cpu: float
    requests: int
    evaluated: int
    transitions: int
    closed: int
    memory: float
    finished: bool


class Sweeper:
    """The function of one heading, kept warm, and its sweeps over an account."""

    def __init__(self, folder: str, account: Account, path: Path, memory: int = 512) -> None:
        from readiness.engine import function as module
        from readiness.engine import session
        from readiness.engine.sandbox import memory as used

        self._used = used
        self.tables = Tables(path)
        self.wire = Wire(account, self.tables)
        wire = self.wire

        class Attached(session.Session):
            def client(self, *args: Any, **more: Any) -> Any:
                made = super().client(*args, **more)
                wire.attach(made)
                return made

        module.Session = Attached  # type: ignore[misc]
        environment = {
            "FINDINGS_TABLE": "findings",
            "TRANSITIONS_TABLE": "transitions",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
        }
        app = importlib.import_module(f"functions.{folder}.app")
        heading = next(value for value in vars(app).values() if type(value).__name__ == "Heading")
        self.function = module.Function(heading, environment)
        self.function.log.setLevel("CRITICAL")

    def leg(self, sweep: str, cursor: Any) -> tuple[Leg, Any]:
        began, own, asked = time.process_time(), self.wire.own_cpu, self.wire.requests
        peak = [self._used()]
        stop = threading.Event()

        def watch() -> None:
            while not stop.wait(0.05):
                peak.append(self._used())

        def cpu() -> float:
            return time.process_time() - began - (self.wire.own_cpu - own)

        def spent() -> float:
            return cpu() / CPU_SHARE + (self.wire.requests - asked) * LATENCY / AT_ONCE

        context = SimpleNamespace(
            aws_request_id="r",
            invoked_function_arn=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f",
            get_remaining_time_in_millis=lambda: int((LEG_SECONDS - spent()) * 1000),
        )
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            answer = self.function({"sweep": {"id": sweep, "cursor": cursor}}, context)
        finally:
            stop.set()
            watcher.join()
        took = Leg(
            round(spent(), 1),
            round(cpu(), 2),
            self.wire.requests - asked,
            answer["evaluated"],
            answer["transitions"],
            answer["closed"],
            round(max(peak) / 1e6, 1),
            "cursor" not in answer,
        )
        return took, answer.get("cursor")

    def sweep(self, id: str, between: Callable[[], None] = lambda: None) -> list[Leg]:
        legs, cursor = [], None
        while not legs or cursor is not None:
            took, cursor = self.leg(id, cursor)
            legs.append(took)
            between()
            if len(legs) >= 200:
                raise AssertionError("the sweep does not come to an end")
        return legs


def main(folder: str, share: float, memory: int = 512) -> dict[str, Any]:
    """A first sweep, a steady one, and one in which a hundredth has gone and come."""
    os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_DEFAULT_REGION=REGION)
    os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Readiness")
    size = Size().times(share)
    account = Account(size)
    with tempfile.TemporaryDirectory() as where:
        sweeper = Sweeper(folder, account, Path(where) / "tables", memory)
        told = {"first": sweeper.sweep("one"), "steady": sweeper.sweep("two")}
        account.first = max(1, round(size.functions / 100))
        told["moved"] = sweeper.sweep("three")
        rows = sweeper.tables.count("findings")
        gone = sweeper.tables.count("findings", '%"gone"%')
    return {
        **{name: [asdict(leg) for leg in legs] for name, legs in told.items()},
        "rows": rows,
        "gone": gone,
    }


if __name__ == "__main__":
    arguments = sys.argv[1:]
    stdout = sys.stdout
    sys.stdout = io.StringIO()
    result = main(arguments[0], float(arguments[1]), int(arguments[2]) if arguments[2:] else 512)
    stdout.write(json.dumps(result) + "\n")
