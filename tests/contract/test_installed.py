"""The command line as users install it, in a folder whose path has a space and an accent."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from readiness_cli import catalogue
from readiness_cli.catalogue import ROOT

SOURCES = (
    "MANIFEST.in",
    "README.md",
    "cli",
    "docs",
    "functions",
    "layers",
    "pyproject.toml",
    "setup.py",
)


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COV"))}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("read iness é")


@pytest.fixture(scope="module")
def wheel(place: Path) -> Path:
    """Built without the network, from a copy: a build writes into its sources."""
    source = place / "checkout"
    source.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / name, source / name, ignore=unwanted)
        else:
            shutil.copy(ROOT / name, source)
    stale = source / "build" / "lib" / "readiness" / "moved_away.py"
    stale.parent.mkdir(parents=True)
    stale.touch()
    options = ("--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", "..")
    built = run(sys.executable, "-m", "pip", "wheel", "-q", *options, ".", cwd=source)
    assert built.returncode == 0, built.stdout + built.stderr
    [wheel] = place.glob("*.whl")
    shutil.rmtree(source)
    return wheel


@pytest.fixture(scope="module")
def readiness(wheel: Path, place: Path) -> Path:
    """The installed program, in an environment that sees this one's libraries."""
    environment = place / "venv"
    made = run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=place)
    assert made.returncode == 0, made.stderr
    pip = (sys.executable, "-m", "pip", "--python", environment / "bin" / "python")
    done = run(*pip, "install", "-q", "--no-deps", "--no-index", "--no-compile", wheel, cwd=place)
    assert done.returncode == 0, done.stdout + done.stderr
    [installed] = environment.glob("lib/python*/site-packages")
    libraries = Path(importlib.util.find_spec("boto3").origin).parents[1]
    (installed / "libraries.pth").write_text(f"{libraries}\n", encoding="utf-8")
    return environment / "bin" / "readiness"


def test_an_installed_command_line_has_every_rule(readiness: Path, place: Path):
    done = run(readiness, "rules", "-o", "json", cwd=place)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert {row["id"] for row in rows if row.get("id")} == set(catalogue.rules())


def test_one_rule_of_an_installed_command_line_can_be_looked_up(readiness: Path, place: Path):
    done = run(readiness, "rules", "encryption.s3-kms", cwd=place)
    assert done.returncode == 0, done.stderr
    assert "encryption.s3-kms" in done.stdout


def test_an_installation_without_rules_says_so(readiness: Path, place: Path):
    [carried] = (readiness.parents[1]).glob("lib/python*/site-packages/readiness_cli/carried")
    aside = carried.with_name("aside")
    carried.rename(aside)
    try:
        for command in (("rules",), ("rules", "-o", "json"), ("scan",), ("scan", "--rule", "a.b")):
            done = run(readiness, *command, cwd=place)
            assert done.returncode == 4, (command, done.stdout, done.stderr)
            assert "has no rules" in done.stderr
            assert "Traceback" not in done.stderr
    finally:
        aside.rename(carried)


def test_the_wheel_takes_no_name_but_its_own(wheel: Path):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "readiness",
        "readiness_cli",
    }
    assert "readiness/py.typed" in names
    assert "readiness/moved_away.py" not in names, "an earlier build's module"
    assert not [name for name in names if "__pycache__" in name]


def test_an_installed_command_line_has_the_runbooks(readiness: Path, place: Path):
    done = run(readiness, "explain", "encryption.s3-kms", "--fix", cwd=place)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("## s3-kms\n")
    assert "aws s3api put-bucket-encryption" in done.stdout
