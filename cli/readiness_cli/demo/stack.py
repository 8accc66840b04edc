"""The real template, built and deployed into the embedded AWS by the real SAM command line."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from readiness.engine.store import Store
from readiness_cli.demo.checkout import Checkout
from readiness_cli.demo.emulator import Emulator
from readiness_cli.demo.process import clean_environment
from readiness_cli.failure import Exit, Failure
from readiness_cli.loopback import without_proxy
from readiness_cli.pagerduty_key import put_key

STACK = "readiness"
_ARTIFACTS = "readiness-artifacts"
_POLL = 0.5
"""Seconds. Each question is answered by the process that the functions wait for as well."""


def build(checkout: Checkout) -> bool:
    """Run `sam build`, unless what is built is already of these sources. Says whether it ran."""
    stamp = checkout.build.with_suffix(".sha256")
    fingerprint = checkout.fingerprint()
    if (checkout.build / "template.yaml").is_file() and stamp.is_file():
        if stamp.read_text() == fingerprint:
            return False
        stamp.unlink()
    home = checkout.root / ".local" / "home"
    options = ["--build-dir", str(checkout.build), "--template", "template.yaml", "--parallel"]
    _sam(checkout, home, ["build", *options])
    script = Path(__file__).with_name("built_template.py")
    python = checkout.sam.with_name("python")
    subprocess.run([python, "-I", script, checkout.build / "template.yaml"], check=True)
    stamp.write_text(fingerprint)
    return True


def deploy(
    checkout: Checkout, aws: Emulator, parameters: Mapping[str, str], name: str = STACK
) -> Stack:
    """Run `sam deploy` against the embedded AWS. Raises Failure with what SAM said."""
    aws.client("s3").create_bucket(Bucket=_ARTIFACTS)
    options = [
        *("--template-file", str(checkout.build / "template.yaml")),
        *("--stack-name", name),
        *("--s3-bucket", _ARTIFACTS),
        *("--capabilities", "CAPABILITY_IAM"),
        "--no-confirm-changeset",
        "--no-fail-on-empty-changeset",
        "--no-progressbar",
        "--parameter-overrides",
        *(f"{name}={value}" for name, value in parameters.items()),
    ]
    _sam(checkout, aws.home, ["deploy", *options], AWS_ENDPOINT_URL=aws.endpoint)
    return Stack(aws, name)


def _sam(checkout: Checkout, home: Path, arguments: list[str], **variables: str) -> None:
    ran = subprocess.run(
        [str(checkout.sam), *arguments],
        cwd=checkout.root,
        env=sam_environment(checkout, home) | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ran.returncode:
        said = " / ".join(line.strip() for line in ran.stdout.splitlines()[-4:] if line.strip())
        raise Failure(
            f"sam {arguments[0]} failed: {said}",
            why="The demo needs a deployed stack",
            fix="run it yourself to see its full output: "
            f"{shlex.quote(str(checkout.sam))} {arguments[0]}",
            code=Exit.AWS_OR_INTERNAL,
        )


def sam_environment(checkout: Checkout, home: Path) -> dict[str, str]:
    """The caller's way to the package index, and nothing of the caller's AWS."""
    (home / "tmp").mkdir(parents=True, exist_ok=True)
    clean = clean_environment(home, Path(sys.executable).parent, checkout.sam.parent)
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "SAM_", "PYTHON", "VIRTUAL_ENV"))
    }
    path = os.pathsep.join([clean["PATH"], kept.get("PATH", "")])
    environment = clean | kept | {"PATH": path, "TMPDIR": clean["TMPDIR"]}
    # Between two looks at the stack SAM sleeps for five seconds, for the sake of AWS's rates.
    environment |= {"SAM_CLI_TELEMETRY": "0", "SAM_CLI_POLL_DELAY": "0.5"}
    environment |= {"__SAM_CLI_APP_DIR": str(home)}
    return environment | without_proxy(environment)


class Stack:
    """The deployed stack, found by its logical names."""

    def __init__(self, aws: Emulator, name: str = STACK) -> None:
        self.aws = aws
        self.name = name

    @cached_property
    def resources(self) -> dict[str, str]:
        """Physical by logical id."""
        pages = (
            self.aws.client("cloudformation")
            .get_paginator("list_stack_resources")
            .paginate(StackName=self.name)
        )
        rows = [row for page in pages for row in page["StackResourceSummaries"]]
        self._types = {row["LogicalResourceId"]: row["ResourceType"] for row in rows}
        return {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in rows}

    def of_type(self, type_: str) -> dict[str, str]:
        """Physical by logical id, of one CloudFormation type."""
        resources = self.resources
        return {name: id for name, id in resources.items() if self._types[name] == type_}

    @cached_property
    def outputs(self) -> dict[str, str]:
        answer = self.aws.client("cloudformation").describe_stacks(StackName=self.name)
        return {o["OutputKey"]: o["OutputValue"] for o in answer["Stacks"][0].get("Outputs", [])}

    def page_with(self, routing_key: str) -> None:
        """Put the key into the stack's secret, as `readiness pagerduty-key` does."""
        put_key(self.aws.client("secretsmanager"), self.outputs["PagerDutySecret"], routing_key)

    @cached_property
    def store(self) -> Store:
        """The findings, read as the account's root."""
        tables = self.resources
        dynamodb = self.aws.client("dynamodb")
        return Store(dynamodb, tables["Findings"], tables["Transitions"])

    def sweep(self, seconds: float = 1200) -> dict[str, Any]:
        """Run the sweep to its end and give its output.

        Raises RuntimeError when it fails, and Failure where it takes too long.
        """
        machine = self.resources["Sweep"]
        steps = self.aws.client("stepfunctions")
        name = f"demo-{uuid.uuid4().hex[:12]}"
        execution = steps.start_execution(stateMachineArn=machine, name=name)["executionArn"]
        until = time.monotonic() + seconds
        while True:
            seen = steps.describe_execution(executionArn=execution)
            if seen["status"] == "SUCCEEDED":
                output: dict[str, Any] = json.loads(seen.get("output") or "{}")
                return output
            if seen["status"] == "RUNNING" and time.monotonic() > until:
                raise Failure(
                    f"the sweep has run for {seconds / 60:.0f} minutes and is not over",
                    why="The processors of this computer are busy with something else",
                    fix="run it again when they are not",
                    code=Exit.AWS_OR_INTERNAL,
                )
            if seen["status"] != "RUNNING":
                raise RuntimeError(f"the sweep is {seen['status']}: {seen.get('cause', '')}")
            time.sleep(_POLL)
