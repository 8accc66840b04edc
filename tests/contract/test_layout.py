"""One name for a heading everywhere, and an artefact that is small, compiled and complete."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from readiness import checklist
from readiness_cli.catalogue import ROOT, headings

FUNCTIONS = sorted(path for path in (ROOT / "functions").iterdir() if (path / "app.py").exists())
MOST_LAYER_BYTES = 6 * 1024 * 1024
RULE_FREE = {"alerts", "pagerduty", "attestations"}


@pytest.mark.parametrize("folder", FUNCTIONS, ids=lambda path: path.name)
def test_a_function_is_a_heading_or_part_of_the_way_out(folder):
    assert folder.name in RULE_FREE | {chapter.folder for chapter in checklist.CHAPTERS}


@pytest.mark.parametrize("folder", FUNCTIONS, ids=lambda path: path.name)
def test_a_function_is_one_module(folder):
    """Each folder is its own CodeUri: a second module there could hide one of the library's."""
    kept = {path.name for path in folder.iterdir() if path.name != "__pycache__"}
    assert {name for name in kept if not name.endswith(".json")} == {"app.py"}


@pytest.mark.parametrize("heading", headings(), ids=lambda heading: heading.folder)
def test_a_headings_function_imports_the_library_and_readiness_only(heading):
    tree = ast.parse((ROOT / "functions" / heading.folder / "app.py").read_text())
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported - set(sys.stdlib_module_names) <= {"readiness"}


@pytest.mark.parametrize("heading", headings(), ids=lambda heading: heading.folder)
def test_a_heading_has_its_tests_and_its_world(heading):
    for path in (f"tests/rules/test_{heading.folder}.py", f"tests/worlds/{heading.folder}.py"):
        assert (ROOT / path).exists(), path


def test_no_folder_shadows_a_module():
    for folder in FUNCTIONS:
        assert folder.name not in sys.stdlib_module_names
        assert not folder.name.startswith("_")


@pytest.fixture(scope="module")
def artefact(tmp_path_factory):
    """The layer as ``sam build`` makes it, but from the wheels that are installed here."""
    target = tmp_path_factory.mktemp("layer")
    environment = os.environ | {
        "ARTIFACTS_DIR": str(target),
        "PYTHON": sys.executable,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    make = ["make", "--makefile", str(ROOT / "layers/readiness/Makefile"), "build-Readiness"]
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


def test_the_layer_has_everything_its_functions_import(artefact):
    """With nothing of ours from the development environment on the path."""
    site = Path(importlib.util.find_spec("boto3").origin).parents[1]
    names = [path.stem for path in sorted((artefact / "readiness").glob("*.py"))]
    code = "\n".join(
        [
            "import sys, importlib, importlib.util",
            f"sys.path[:0] = [{str(artefact)!r}]",
            f"sys.path.append({str(site)!r})",
            *(f"importlib.import_module('readiness.{n}')" for n in names if n != "__init__"),
            *(
                f"spec = importlib.util.spec_from_file_location('app{n}', {str(f / 'app.py')!r});"
                f"spec.loader.exec_module(importlib.util.module_from_spec(spec))"
                for n, f in enumerate(FUNCTIONS)
            ),
            "import readiness, aws_lambda_powertools",
            f"assert readiness.__file__.startswith({str(artefact)!r}), readiness.__file__",
            f"assert aws_lambda_powertools.__file__.startswith({str(artefact)!r})",
            "assert 'pydantic' not in sys.modules",
        ]
    )
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={"AWS_DEFAULT_REGION": "us-east-1", "PATH": "/usr/bin:/bin"},
    )
    assert run.returncode == 0, run.stderr[-2000:]


def test_compiling_without_lambdas_python_does_not_fail(tmp_path):
    (tmp_path / "module.py").write_text("x = 1\n")
    script = ROOT / "layers/readiness/bytecode.sh"
    run = subprocess.run(
        ["/bin/sh", str(script), str(tmp_path), "/opt/python"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/nonexistent", "HOME": "/nonexistent", "PYTHON": sys.executable},
    )
    assert run.returncode == 0, run.stderr
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
