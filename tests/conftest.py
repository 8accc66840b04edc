"""No test reaches beyond this machine, or sees whose machine it is."""

from __future__ import annotations

import os

import pytest
import pytest_socket

from tests import rule_contract

LOOPBACK = ["127.0.0.1", "::1", "localhost"]
_NEVER = ("AWS_CA_BUNDLE", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_SESSION_TOKEN")
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
        if name in _NEVER or name.startswith("AWS_ENDPOINT_URL"):
            del os.environ[name]
    os.environ.update(_FIXED)
    rule_contract.register(config)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    pytest_socket.socket_allow_hosts(LOOPBACK, allow_unix_socket=True)
