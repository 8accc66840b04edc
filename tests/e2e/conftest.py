"""One embedded AWS for the whole run, with the real template deployed into it once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from readiness_cli.demo import checkout, stack, workload
from readiness_cli.demo.emulator import ACCOUNT, Emulator
from readiness_cli.demo.pager_client import PagerClient
from readiness_cli.demo.process import clean_environment
from readiness_cli.demo.scenario import ROUTING_KEY, parameters
from readiness_cli.demo.stack import Stack
from tests.e2e.account import Account
from tests.e2e.patience import PATIENCE

PIPELINE = f"arn:aws:iam::{ACCOUNT}:role/pipeline"
"""Who may attest by events, over the stack's own bus."""

Until = Callable[..., object]


@pytest.fixture(scope="session")
def tools() -> checkout.Checkout:
    return checkout.find()


@pytest.fixture(scope="session")
def aws(tools: checkout.Checkout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Policies enforced, and microburst between the functions and AWS, quiet unless told."""
    home: Path = tmp_path_factory.mktemp("embedded") / "aws"
    with Emulator(tools.aws, home, faulty=True) as running:
        yield running


@pytest.fixture(scope="session")
def pager_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PagerClient]:
    with PagerClient(tmp_path_factory.mktemp("pager")) as running:
        yield running


@pytest.fixture(scope="session")
def deployed(tools: checkout.Checkout, aws: Emulator, pager_client: PagerClient) -> Stack:
    stack.build(tools)
    asked = {"AttestationPrincipals": PIPELINE, "Digest": "daily", "ChatNotifications": "true"}
    made = stack.deploy(tools, aws, parameters(pager_client) | asked)
    made.page_with(ROUTING_KEY)
    return made


@pytest.fixture(autouse=True)
def quiet(request: pytest.FixtureRequest) -> Iterator[None]:
    """No fault outlives the test that asked for it."""
    yield
    if "aws" in request.fixturenames:
        request.getfixturevalue("aws").break_with()
    if "pager_client" in request.fixturenames:
        request.getfixturevalue("pager_client").fail_with()


@pytest.fixture
def until() -> Until:
    """Wait until a question has a truthy answer, and give that answer."""

    def wait(question: Callable[[], object], seconds: float = PATIENCE) -> object:
        end = time.monotonic() + seconds
        while not (answer := question()):
            assert time.monotonic() < end, f"not within {seconds:.0f} s; the last answer: {answer}"
            time.sleep(0.1)
        return answer

    return wait


@pytest.fixture(scope="session")
def baseline(deployed: Stack) -> Account:
    """The workload of the demo, swept once: from now on only what changes pages."""
    made = workload.create(deployed.aws.client)
    deployed.sweep()
    return Account(deployed, made.key)


@pytest.fixture
def account(baseline: Account, pager_client: PagerClient) -> Account:
    return baseline


@pytest.fixture
def cli(aws: Emulator) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line against the embedded AWS, as a person would."""

    def run(
        *arguments: str, input: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        environment = clean_environment(aws.home) | {
            "AWS_ENDPOINT_URL": aws.endpoint,
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            **variables,
        }
        return subprocess.run(
            [sys.executable, "-m", "readiness_cli.main", *arguments],
            env=environment,
            input=input,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    return run
