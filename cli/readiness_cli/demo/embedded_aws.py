"""ministack with what the project leans on and it lacks; each difference is named here.

TLS: policies of the template ask for `aws:SecureTransport`, and ministack enforces them. On
127.0.0.1 there is nothing to encrypt against, so it is told that a proxy in front ended TLS.

Action names: it asks readers of a function's concurrency and of where its events go for other
actions of Lambda, and for `budgets:DescribeBudgets`, which IAM does not know. Who asks for the
parameters below a path would need to be allowed all of them, not those of the path.

Runtimes: it has no GetRuntimeManagementConfig. Here it answers what AWS does for a function of
which nobody said when its runtime is patched.

Trimmed counts: it answers the statistic `TC(:N)` of CloudWatch with the average of the samples.

Alarms: beside the percentile that an alarm looks at, it tells of an Average that it does not;
and a template's alarm on metric math watches the first of its metrics alone. It is judged by
the metric's datapoints with its own dimensions, not by those of every function or queue.

Tags: the tagging API leaves out what has tags in EC2, Secrets Manager, Step Functions,
CloudWatch and CloudWatch Logs, so that nothing of it would be in the scope of a stack. They
are added by embedded_tags.py.

Service models: to know a service that it lacks it reads all 400 models of botocore, for seconds,
and those of a service that it has three times. Here the first needs the head of each file alone.

Expressions: for each row of a query it reads the request's expressions again, which is two thirds
of the query's time. Here an expression is read once.

Services that it lacks: it answers in JSON, which a reader of a service with the Query protocol
takes for a garbled answer and asks for again and again. Here the answer is XML.

Asynchronous invocations: it starts all of them at once, each in a process of its own, and drops
an event of the bus that a function could not take. Lambda keeps them in a queue. Here each waits
for one of a few turns, since hundreds of processes on two processors answer nobody in time, and an
event of the bus is tried again and given up as Lambda does it (embedded_queue.py).

Template sizes: it takes 1,000,000 bytes, as CloudFormation does. The demo's template is JSON, for
speed, and SAM indents that by four spaces a level: twice as much as `sam deploy` sends to AWS.

Layers: it unpacks a layer anew for each process, and each imports all of it again. Here a layer is
unpacked once, and on Linux the processes of functions with layers are forked (fork_server.py).

Runs as a script in the environment of the embedded AWS.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import hashlib
import io
import json
import os
import re
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types
import zipfile
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import botocore
from botocore.model import ServiceModel
from ministack import app  # type: ignore[import-not-found]
from ministack.core import (  # type: ignore[import-not-found]
    iam_actions,
    lambda_runtime,
    responses,
    router,
)
from ministack.services import (  # type: ignore[import-not-found]
    cloudwatch,
    dynamodb,
    eventbridge,
    lambda_svc,
    tagging,
)
from ministack.services.cloudformation import (  # type: ignore[import-not-found]
    helpers,
    provisioners,
)

Send = Callable[[dict[str, Any]], Awaitable[None]]
_FORWARDED = (b"x-forwarded-proto", b"https")
_QUERY = b"application/x-www-form-urlencoded"
_UNSUPPORTED = b'{"error": "Unsupported service'
_INVALID_ACTION = (
    b"<ErrorResponse><Error><Type>Sender</Type><Code>InvalidAction</Code>"
    b"<Message>ministack lacks the service</Message></Error></ErrorResponse>"
)
_XML = [
    (b"content-type", b"text/xml"),
    (b"content-length", str(len(_INVALID_ACTION)).encode()),
]
_TRIMMED_COUNT = re.compile(r"TC\(:([0-9.]+)\)")
_READ_OF_FUNCTION = {
    "concurrency": "lambda:GetFunctionConcurrency",
    "event-invoke-config/list": "lambda:ListFunctionEventInvokeConfigs",
    "provisioned-concurrency": "lambda:ListProvisionedConcurrencyConfigs",
    "recursion-config": "lambda:GetFunctionRecursionConfig",
    "runtime-management-config": "lambda:GetRuntimeManagementConfig",
}
_plain: Callable[..., Awaitable[None]] = app.app
_of_lambda: Callable[..., Awaitable[tuple[Any, ...]]] = lambda_svc.handle_request
_named: Callable[..., str | None] = iam_actions.extract_iam_action
_located: Callable[..., str] = iam_actions.extract_resource_arn
_put_alarm: Callable[..., object] = cloudwatch._put_metric_alarm  # noqa: SLF001
_judged: types.FunctionType = cloudwatch._evaluate_alarm  # noqa: SLF001
_of_template: Callable[..., object] = provisioners._cw_metric_alarm_record  # noqa: SLF001
_valued: Callable[..., float | None] = cloudwatch._stat_value  # noqa: SLF001


async def _behind_tls(scope: dict[str, Any], receive: object, send: Send) -> None:
    if "headers" not in scope:
        await _plain(scope, receive, send)
        return
    asked = dict(scope["headers"]).get(b"content-type", b"")
    scope = scope | {"headers": [*scope["headers"], _FORWARDED]}
    await _plain(scope, receive, _Refusing(send) if asked.startswith(_QUERY) else send)


class _Refusing:
    """What sends the answers to a request of the Query protocol."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: dict[str, Any] = {}

    async def __call__(self, message: dict[str, Any]) -> None:
        if message.get("status") == HTTPStatus.BAD_REQUEST:
            self._start = message
            return
        if self._start:
            start, self._start = self._start, {}
            if message.get("body", b"").startswith(_UNSUPPORTED):
                message = message | {"body": _INVALID_ACTION}
                start = start | {"headers": _XML}
            await self._send(start)
        await self._send(message)


def _action(service: str, method: str, path: str, *more: object, **named: object) -> str | None:
    action = _named(service, method, path, *more, **named)
    if service == "lambda" and method == "GET":
        return _READ_OF_FUNCTION.get("/".join(path.split("/")[4:]), action)
    if action is not None and action.startswith("budgets:Describe"):
        return "budgets:ViewBudget"
    return action


async def _lambda(method: str, path: str, *more: Any) -> tuple[Any, ...]:
    _, _, kind, name, *sub = [*path.split("/"), "", "", ""]
    function = lambda_svc._functions.get(name) if kind == "functions" else None  # noqa: SLF001
    if method == "GET" and sub[0] == "runtime-management-config" and function:
        about = {"UpdateRuntimeOn": "Auto", "FunctionArn": function["config"]["FunctionArn"]}
        answer: tuple[Any, ...] = responses.json_response(about)
        return answer
    return await _of_lambda(method, path, *more)


def _resource(
    service: str,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query: dict[str, Any],
    region: str,
    account: str,
) -> str:
    arn = _located(service, method, path, headers, body, query, region, account)
    if service == "ssm" and arn == "*" and b'"Path"' in body:
        return f"arn:aws:ssm:{region}:{account}:parameter{json.loads(body)['Path']}"
    return arn


def _statistic(stats: object, name: str, points: Any = None) -> float | None:
    trimmed = _TRIMMED_COUNT.fullmatch(name)
    if not trimmed:
        return _valued(stats, name, points)
    samples = cloudwatch._percentile_samples(points or [])  # noqa: SLF001
    if samples is None:
        return None
    return float(sum(weight for value, weight in samples if value <= float(trimmed[1])))


def _alarm(*request: object) -> object:
    answer = _put_alarm(*request)
    for alarm in cloudwatch._alarms.values():  # noqa: SLF001
        if alarm.get("ExtendedStatistic"):
            alarm["Statistic"] = None
    return answer


def _judge_alarm(alarm: Mapping[str, Any]) -> None:
    dimensions = cloudwatch._dims_from_list(alarm.get("Dimensions") or [])  # noqa: SLF001
    own = cloudwatch._dims_key(dimensions)  # noqa: SLF001
    seen = {key: points for key, points in cloudwatch._metrics.items() if key[2] == own}  # noqa: SLF001
    types.FunctionType(_judged.__code__, vars(cloudwatch) | {"_metrics": seen})(alarm)


def _alarm_of_template(name: str, properties: Mapping[str, Any]) -> object:
    queries = properties.get("Metrics")
    if not queries:
        return _of_template(name, properties)
    first = next(query["MetricStat"] for query in queries if "MetricStat" in query)
    watched = {"Period": first["Period"], "Statistic": first["Stat"], **first["Metric"]}
    rest = {name: value for name, value in properties.items() if name != "Metrics"}
    return _of_template(name, rest | watched)


_EXPRESSIONS = 512
"""How many expressions are kept; a stack has some dozens."""
_projected: Callable[..., dict[str, Any]] = dynamodb._project_item  # noqa: SLF001
_tokens = functools.lru_cache(_EXPRESSIONS)(dynamodb._tokenize)  # noqa: SLF001


def _tokenize(expression: str) -> list[Any]:
    return list(_tokens(expression))


@functools.lru_cache(_EXPRESSIONS)
def _attributes(expression: str, names: frozenset[tuple[str, str]]) -> tuple[str, ...]:
    """The attributes that a projection names; none where it names parts of them.

    Raises ValueError for a projection that DynamoDB refuses.
    """
    if "." in expression or "[" in expression:
        return ()
    named = dict(names)
    _projected({}, expression, named)
    paths = filter(None, map(str.strip, expression.split(",")))
    return tuple(named.get(path, path) for path in paths)


def _projection(item: dict[str, Any], expression: str, names: Mapping[str, str] | None) -> Any:
    wanted = _attributes(expression or "", frozenset((names or {}).items()))
    if not wanted:
        return _projected(item, expression, names)
    return {name: item[name] for name in wanted if name in item}


_HEAD = 8_192
_METADATA = re.compile(r'"metadata"\s*:\s*')


def _names_of_services() -> frozenset[str]:
    """Every name, endpoint prefix and signing name that botocore's service models have."""
    names: set[str] = set()
    for model in Path(botocore.__file__).parent.glob("data/*/*/service-2.json*"):
        names.add(model.parts[-3])
        opened = gzip.open if model.suffix == ".gz" else open
        with opened(model, "rb") as file:
            head = file.read(_HEAD).decode(errors="replace")
        if found := _METADATA.search(head):
            about, _ = json.JSONDecoder().raw_decode(head, found.end())
            names |= {about.get("endpointPrefix", ""), about.get("signingName", "")}
    return frozenset(names - {""})


_loaded = functools.lru_cache(maxsize=4)(iam_actions._load_botocore_model)  # noqa: SLF001


@functools.cache
def _model(service: str) -> ServiceModel | None:
    name = responses._BOTOCORE_NAME.get(service, service)  # noqa: SLF001
    found = _loaded(name)
    return ServiceModel(found, name) if found else None


_LAYERS = "_LAMBDA_LAYERS_DIRS"
"""By this variable a process finds the folders of its layers."""
_unpacking = threading.Lock()


def _unpacked(layer: bytes) -> str:
    """The folder with what is in the layer's archive."""
    place = Path(tempfile.gettempdir()) / "layers" / hashlib.sha256(layer).hexdigest()[:32]
    with _unpacking:
        if not place.is_dir():
            half = place.with_suffix(".half")
            with zipfile.ZipFile(io.BytesIO(layer)) as archive:
                archive.extractall(half)
            half.rename(place)
    return str(place)


class _Worker(lambda_runtime.Worker):  # type: ignore[misc]
    """A process of a function, which shares the folders of its layers with all others."""

    config: dict[str, Any]

    def _spawn(self) -> None:
        configured = self.config
        layers = [lambda_svc._resolve_layer_zip(each) for each in configured.get("Layers") or ()]  # noqa: SLF001
        if layers and all(layers) and configured["Runtime"].startswith("python"):
            environment = configured.get("Environment") or {}
            variables = dict(environment.get("Variables") or {})
            variables[_LAYERS] = os.pathsep.join(_unpacked(each) for each in layers)
            environment = environment | {"Variables": variables}
            self.config = configured | {"Layers": [], "Environment": environment}
        try:
            super()._spawn()
        finally:
            self.config = configured


class _ForkServer:
    """One process that has loaded a function's layers, and forks."""

    def __init__(self, layers: str) -> None:
        self._asking = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        script = str(Path(__file__).with_name("fork_server.py"))
        self._process = subprocess.Popen(
            [sys.executable, "-I", script, str(theirs.fileno()), *layers.split(os.pathsep)],
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()

    def fork(self, script: str, folder: str, environment: Mapping[str, str]) -> _Forked:
        """A new process. Raises OSError if the server has ended."""
        asked = {"script": script, "folder": folder, "environment": environment}
        (their_in, stdin), (stdout, their_out), (stderr, their_err) = (os.pipe() for _ in range(3))
        try:
            with self._asking:
                message = [json.dumps(asked).encode()]
                socket.send_fds(self._control, message, [their_in, their_out, their_err])
                answer = self._control.recv(64)
        finally:
            for descriptor in (their_in, their_out, their_err):
                os.close(descriptor)
        if not answer:
            raise ConnectionResetError(f"{self._process.args!r} has ended")
        return _Forked(int(answer), stdin, stdout, stderr)


class _Forked:
    """What ministack needs of a Popen, of a process that is not our own child."""

    def __init__(self, pid: int, stdin: int, stdout: int, stderr: int) -> None:
        self.pid = pid
        self.stdin = os.fdopen(stdin, "w", buffering=1)
        self.stdout = os.fdopen(stdout)
        self.stderr = os.fdopen(stderr)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """None while it runs; how it ended only the fork server could tell."""
        if self.returncode is None and not self._sent(0):
            self.returncode = -1
        return self.returncode

    def wait(self, timeout: float) -> int:
        until = time.monotonic() + timeout
        while (ended := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.005)
        return ended

    def terminate(self) -> None:
        self._sent(signal.SIGTERM)

    def kill(self) -> None:
        self._sent(signal.SIGKILL)

    def _sent(self, number: int) -> bool:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)
            return True
        return False


class _Subprocesses:
    """The module subprocess, for ministack's processes of functions."""

    def __init__(self) -> None:
        self._servers: dict[str, _ForkServer] = {}
        self._starting = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    def Popen(self, command: list[str], **options: Any) -> Any:  # noqa: N802
        layers = options.get("env", {}).get(_LAYERS, "")
        if not layers or command[0] != sys.executable or sys.platform != "linux":
            return subprocess.Popen(command, **options)
        with self._starting:
            server = self._servers.get(layers) or _ForkServer(layers)
            self._servers[layers] = server
        return server.fork(command[1], options["cwd"], options["env"])


if __name__ == "__main__":
    app.app = _behind_tls
    iam_actions.extract_iam_action = _action
    iam_actions.extract_resource_arn = _resource
    cloudwatch._stat_value = _statistic  # noqa: SLF001
    cloudwatch._put_metric_alarm = _alarm  # noqa: SLF001
    cloudwatch._evaluate_alarm = _judge_alarm  # noqa: SLF001
    provisioners._cw_metric_alarm_record = _alarm_of_template  # noqa: SLF001
    helpers.TEMPLATE_URL_MAX_BYTES *= 2
    dynamodb._project_item = _projection  # noqa: SLF001
    dynamodb._tokenize = _tokenize  # noqa: SLF001
    dynamodb._condition_syntax_error = functools.lru_cache(_EXPRESSIONS)(  # noqa: SLF001
        dynamodb._condition_syntax_error  # noqa: SLF001
    )
    queue = runpy.run_path(str(Path(__file__).with_name("embedded_queue.py")))
    lambda_svc.handle_request = _lambda
    lambda_svc.invoke_async_with_retry = queue["invoke_later"]
    eventbridge._dispatch_to_lambda = queue["from_the_bus"]  # noqa: SLF001
    tags = runpy.run_path(str(Path(__file__).with_name("embedded_tags.py")))
    tagging._COLLECTORS |= tags["TAGS"]  # noqa: SLF001
    router._KNOWN_AWS_SERVICE_NAMES = _names_of_services()  # noqa: SLF001
    iam_actions._load_botocore_model = _loaded  # noqa: SLF001
    responses._service_model = _model  # noqa: SLF001
    lambda_runtime.Worker = _Worker
    lambda_runtime.subprocess = _Subprocesses()
    sys.exit(app.main())
