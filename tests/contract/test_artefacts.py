"""What is deployed is small, compiled and complete, and each function has its own folder alone."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from readiness.model import checklist
from readiness_cli.catalogue import ROOT, headings
from readiness_cli.template import logical_id

FUNCTIONS = sorted(path for path in (ROOT / "functions").iterdir() if (path / "app.py").exists())
NAMES = [path.name for path in FUNCTIONS]
MOST_LAYER_BYTES = 19 * 1024 * 1024 // 2
RULE_FREE = {"alerts", "pagerduty", "attestations", "upkeep"}
ENVIRONMENT = {
    "alerts": {"ALERTS_TOPIC": "arn:aws:sns:us-east-1:111122223333:alerts"},
    "pagerduty": {
        "PAGES_QUEUE_URL": "https://127.0.0.1/pages",
        "UNDELIVERED_QUEUE_URL": "https://127.0.0.1/undelivered",
        "PAGERDUTY_SECRET_ID": "readiness/pagerduty",
    },
}


def test_a_function_is_a_heading_or_part_of_the_way_out():
    assert set(NAMES) <= RULE_FREE | {chapter.folder for chapter in checklist.CHAPTERS}


@pytest.mark.parametrize("heading", headings(), ids=lambda heading: heading.folder)
def test_a_heading_has_its_tests_and_its_account(heading):
    for path in (f"tests/rules/test_{heading.folder}.py", f"tests/accounts/{heading.folder}.py"):
        assert (ROOT / path).exists(), path


@pytest.fixture(scope="module")
def artefact(tmp_path_factory):
    """The layer as ``sam build`` makes it, in a folder whose path has a space and an accent."""
    place = tmp_path_factory.mktemp("read iness é")
    shutil.copytree(ROOT / "layers", place / "layers")
    target = place / "artefact"
    environment = os.environ | {
        "ARTIFACTS_DIR": str(target),
        "PYTHON": sys.executable,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    make = ["make", "--makefile", str(place / "layers/readiness/Makefile"), "build-Readiness"]
    run = subprocess.run(make, capture_output=True, text=True, check=False, env=environment)
    if run.returncode and "No matching distribution" in run.stderr:
        pytest.skip("no package index can be reached")
    assert run.returncode == 0, run.stderr
    return target / "python"


def test_the_layer_is_small_and_pure(artefact):
    files = [path for path in artefact.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= MOST_LAYER_BYTES
    assert not [path for path in files if path.suffix in {".so", ".pyd"}]
    names = {path.name for path in artefact.iterdir()}
    assert {"readiness", "aws_lambda_powertools"} <= names
    assert not names & {"boto3", "botocore", "aws_xray_sdk", "pydantic"}


def test_the_layer_has_bytecode_that_dates_cannot_invalidate(artefact):
    compiled = sorted((artefact / "readiness").rglob("*.pyc"))
    sources = list((artefact / "readiness").rglob("*.py"))
    assert len(compiled) == len(sources)
    for path in compiled:
        assert path.read_bytes()[4] == 0b11, f"{path.name} is not checked by its hash"


@pytest.fixture(scope="module", params=NAMES)
def function(request, tmp_path_factory):
    """A function's artefact as ``sam build`` makes it: in a copy of its folder, by its id."""
    target = tmp_path_factory.mktemp(request.param)
    make = ["make", "--makefile", str(ROOT / "functions/Makefile")]
    run = subprocess.run(
        [*make, f"build-{logical_id(request.param)}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT / "functions" / request.param,
        env=os.environ | {"ARTIFACTS_DIR": str(target), "PYTHON": sys.executable},
    )
    assert run.returncode == 0, run.stderr
    return request.param, target


ANSWERS = {
    "alerts": "builtins.ValueError",
    "attestations": "readiness.engine.declarations.DeclarationRefused",
    "upkeep": "builtins.ValueError",
    "pagerduty": "builtins.KeyError",
}
"""What each makes of an event that is none; a heading finds it malformed."""
_START = """
import importlib, json, os, sys, traceback
layer, site, invoke = sys.argv[1:]
sys.path[:0] = [layer]
sys.path.append(site)
import aws_lambda_powertools, botocore.handlers, readiness.engine.function
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if not child:
        os.environ.clear()
        os.environ.update(asked["environment"])
        artefact, name = asked["artefact"], asked["name"]
        sys.path.insert(0, artefact)
        try:
            exec(invoke)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        sys.stdout.flush()
        os._exit(0)
    print("ended", os.waitpid(child, 0)[1], flush=True)
"""
"""A process that has loaded the layer and forks for each function: thirty would load it anew."""
_INVOKE = """
app = importlib.import_module(f"functions.{name}.app")
assert app.__file__.startswith(artefact), app.__file__
assert readiness.__file__.startswith(layer), readiness.__file__
assert aws_lambda_powertools.__file__.startswith(layer)
assert "pydantic" not in sys.modules

class Context:
    function_name = memory_limit_in_mb = aws_request_id = name
    invoked_function_arn = f"arn:aws:lambda:us-east-1:111122223333:function:{name}"
    def get_remaining_time_in_millis(self):
        return 60_000

try:
    said = app.handler({"no": "such event"}, Context())
except Exception as error:
    said = f"{type(error).__module__}.{type(error).__name__}"
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def invoke(artefact):
    """Invoke a packed function once: how its process ended, and the lines that it wrote.

    Nothing of the development environment is on its path but the SDK that Lambda has.
    """
    site = Path(importlib.util.find_spec("botocore").origin).parents[1]
    started = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _START, str(artefact), str(site), _INVOKE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"PATH": "/usr/bin:/bin"},
    )

    def asked(name, target, environment):
        said = {"name": name, "artefact": str(target), "environment": environment}
        print(json.dumps(said), file=started.stdin, flush=True)
        lines = []
        for line in started.stdout:
            if line.startswith("ended "):
                return int(line.split()[1]), lines
            lines.append(line)
        pytest.fail("".join(lines[-20:]))

    with started:
        yield asked
        started.stdin.close()


def test_a_function_has_its_own_folder_alone_and_answers(function, invoke):
    name, target = function
    assert [path.name for path in (target / "functions").iterdir()] == [name]
    ended, lines = invoke(
        name,
        target,
        {
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "FINDINGS_TABLE": "findings",
            "TRANSITIONS_TABLE": "transitions",
            "DECLARATIONS_TABLE": "declarations",
            "PATH": "/usr/bin:/bin",
        }
        | ENVIRONMENT.get(name, {}),
    )
    assert ended == 0, "".join(lines[-20:])
    said = json.loads(lines[-1])
    assert said == ANSWERS.get(name, "readiness.engine.targets.MalformedEvent"), lines


def test_compiling_without_lambdas_python_does_not_fail(tmp_path):
    (tmp_path / "module.py").write_text("x = 1\n")
    script = ROOT / "layers/readiness/bytecode.sh"
    run = subprocess.run(
        ["/bin/sh", str(script), str(tmp_path), "/opt/python"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/nonexistent", "PYTHON": sys.executable},  # and no HOME
    )
    assert (run.returncode, run.stderr) == (0, "")
    [compiled] = (tmp_path / "__pycache__").iterdir()
    assert sys.implementation.cache_tag in compiled.name


def test_bytecode_of_another_python_can_lie_beside_it(tmp_path):
    (tmp_path / "module.py").write_text("x = 1\n")
    environment = os.environ | {"PYTHON": sys.executable, "BYTECODE_ALSO": sys.executable}
    script = ROOT / "layers/readiness/bytecode.sh"
    subprocess.run(
        ["/bin/sh", str(script), str(tmp_path), "/opt/python"], check=True, env=environment
    )
    tags = {path.name.split(".")[1] for path in (tmp_path / "__pycache__").iterdir()}
    assert sys.implementation.cache_tag in tags
