"""Everything can be imported, and every rule be looked up, on the Python that runs this."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

import pytest

import readiness
import readiness_cli
from readiness_cli import catalogue
from readiness_cli.catalogue import ROOT

ELSEWHERE = {
    "readiness_cli.demo.embedded_aws",
    "readiness_cli.demo.embedded_queue",
    "readiness_cli.demo.embedded_tags",
    "readiness_cli.demo.fault_proxy",
}
"""Scripts that run in the environment of the embedded AWS and import what only that has."""

MODULES = sorted(
    {
        found.name
        for package in (readiness, readiness_cli)
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    }
    - ELSEWHERE
)
APPS = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "functions").glob("*/*.py")
    if path.stem != "__init__"
)


@pytest.mark.parametrize("name", [*MODULES, *APPS])
def test_a_module_can_be_imported(name: str):
    assert importlib.import_module(name).__name__ == name


def test_every_rule_can_be_chosen_by_its_id_and_by_its_heading():
    ids = list(catalogue.rules())
    assert [rule.id for rule in catalogue.chosen(ids, ())] == ids
    headings = [folder.replace("_", "-") for folder in catalogue.folders()]
    assert {rule.id for rule in catalogue.chosen(ids[:1], headings)} == set(ids)


def test_no_module_warns_when_it_is_compiled():
    """A SyntaxWarning of one Python is an error of a later one."""
    rooms = [ROOT / name for name in ("cli", "functions", "layers")]
    sources = [str(path) for room in rooms for path in room.rglob("*.py")]
    assert sources
    code = "import pathlib, sys; [compile(pathlib.Path(p).read_bytes(), p, 'exec') for p in sys.argv[1:]]"
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *sources],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
