"""No test reaches beyond this machine, or sees whose machine it is."""

from __future__ import annotations

import functools
import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

# Where the environment forbids bytecode, each process of each run would compile everything anew
# and rewrite every assertion, for a tenth of the time of the tests. Here none is left in the tree.
if sys.dont_write_bytecode and sys.pycache_prefix is None:
    sys.pycache_prefix = str(Path(__file__).parents[1] / ".local" / "bytecode")
    sys.dont_write_bytecode = False

import pytest
import pytest_socket
from botocore.client import BaseClient
from hypothesis import HealthCheck, settings

from tests import moto_shortcuts, strict, unrepeated

# How long a draw or an example takes says how busy the computer is, not whether the code is right.
settings.register_profile(
    "any computer", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any computer")

LOOPBACK = ["127.0.0.1", "::1", "localhost"]
_FIXED = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


def pytest_configure(config: pytest.Config) -> None:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            del os.environ[name]
    os.environ.update(_FIXED)
    pytest_socket.resolve_hostnames = functools.cache(pytest_socket.resolve_hostnames)
    unrepeated.botocore_once()


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    from tests import rule_contract  # once coverage measures: in a worker it begins here

    unrepeated.models_once()
    if not session.config.pluginmanager.has_plugin("tests.mutants"):
        rule_contract.register(session.config)  # it reads code, which mutants have in another form


def pytest_collection_finish() -> None:
    """What was imported and collected stays, and need not be searched for garbage again."""
    if "moto" in sys.modules:
        moto_shortcuts.once()
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    strict.MISTAKES.clear()
    pytest_socket.socket_allow_hosts(LOOPBACK, allow_unix_socket=True)


@pytest.fixture(autouse=True, scope="session")
def _strict_answers() -> Iterator[None]:
    """A name that the service models lack is an error wherever a real client's answer is read."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            BaseClient, "_make_api_call", strict.real_clients(BaseClient._make_api_call)
        )
        yield


@pytest.fixture(autouse=True, scope="session")
def _untidied() -> Iterator[None]:
    """A function's invocations leave garbage to the collector, as it is not alone in the process.

    It would freeze what a test still holds, which is then never freed.
    """
    nothing = SimpleNamespace(collect=lambda: 0, freeze=lambda: None)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("readiness.engine.sandbox.gc", nothing)
        yield


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """A rule that raises is judged INSUFFICIENT_DATA: the test may expect just that."""
    assert not strict.MISTAKES, strict.MISTAKES[0]
