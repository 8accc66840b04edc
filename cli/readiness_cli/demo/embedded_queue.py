"""The queue of asynchronous invocations that Lambda has and ministack lacks.

Runs in the environment of the embedded AWS: embedded_aws.py takes ``invoke_later`` and
``from_the_bus`` from here.
"""

from __future__ import annotations

import json
import os
import threading
import types
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import lambda_svc  # type: ignore[import-not-found]

_turns = threading.BoundedSemaphore(int(os.environ["ASYNCHRONOUS_TURNS"]))
_executed: Callable[..., dict[str, Any]] = lambda_svc._execute_function  # noqa: SLF001
_started: types.FunctionType = lambda_svc.invoke_async_with_retry


def _in_turn(function: Mapping[str, Any], event: object) -> dict[str, Any]:
    with _turns:
        return _executed(function, event)


def invoke_later(function: Mapping[str, Any], event: object) -> None:
    """What ministack does, with a turn for each attempt."""
    scope = vars(lambda_svc) | {"_execute_function": _in_turn}
    types.FunctionType(_started.__code__, scope)(function, event)


def from_the_bus(arn: str, payload: str) -> None:
    """An event for a function: invoked, tried again and given up like every other."""
    function, config, _ = lambda_svc._get_func_record_for_ref(arn)  # noqa: SLF001
    if function and config:
        record = lambda_svc._execution_record_for_config(function, config)  # noqa: SLF001
        invoke_later(record, json.loads(payload))
