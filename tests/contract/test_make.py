"""What make does in a folder whose path has a space, an accent and an apostrophe."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from readiness_cli.catalogue import ROOT

ODD = "read  iness's é"
FITS = ROOT / "requirements" / "fits.py"


def make(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "PYTHON"))}
    return subprocess.run(
        ["make", *arguments],
        cwd=cwd,
        env=kept | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What make reads, in such a folder."""
    place = tmp_path / ODD
    for name in (
        "Makefile",
        "pyproject.toml",
        "setup.py",
        "functions/Makefile",
        "layers/readiness/Makefile",
    ):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, place / name)
    for name in ("bytecode.sh", "python.sh"):
        shutil.copy(ROOT / "layers" / "readiness" / name, place / "layers" / "readiness" / name)
    (place / "requirements").mkdir()
    for path in (ROOT / "requirements").glob("*.*"):
        shutil.copy(path, place / "requirements")
    return place


def test_every_target_says_what_it_does(checkout: Path):
    said = make(cwd=checkout)
    assert said.returncode == 0, said.stderr
    targets = {line.split()[1] for line in said.stdout.splitlines()}
    assert {"setup", "check", "test", "demo", "matrix", "mutants", "lock"} <= targets


@pytest.mark.parametrize("target", ["setup", "check", "test", "bench", "template", "docs", "lock"])
def test_a_target_is_understood(checkout: Path, target: str):
    planned = make("--dry-run", target, cwd=checkout, PYTHON=sys.executable)
    assert planned.returncode == 0, planned.stderr


def test_a_python_that_does_not_run_is_named(checkout: Path, tmp_path: Path):
    (broken := tmp_path / "python3").write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    said = make("setup", cwd=checkout, PYTHON=str(broken))
    assert said.returncode != 0
    assert f"Python does not run as '{broken}': say which one to use" in said.stderr


@pytest.mark.parametrize("makefile", ["Makefile", "layers/readiness/Makefile"])
def test_a_callers_pip_does_not_say_where_is_installed(checkout: Path, tmp_path: Path, makefile):
    """A `user` or `target` of a pip.conf or a shell would refuse or misplace what is installed."""
    also = tmp_path / "also.mk"
    also.write_text("shown:\n\t@env\n")
    elsewhere = dict.fromkeys(("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT"), "/elsewhere")
    asked = elsewhere | {"PIP_USER": "1", "PIP_REQUIRE_VIRTUALENV": "1", "PIP_DRY_RUN": "1"}
    said = make("-f", makefile, "-f", str(also), "shown", cwd=checkout, **asked, PIP_INDEX_URL="x")
    seen = {line for line in said.stdout.splitlines() if line.startswith("PIP_")}
    wanted = {"PIP_USER=0", "PIP_REQUIRE_VIRTUALENV=0", "PIP_INDEX_URL=x"}
    assert wanted <= seen, said.stderr
    assert {each.partition("=")[0] for each in seen}.isdisjoint({*elsewhere, "PIP_DRY_RUN"})


@pytest.mark.parametrize(("jobs", "told"), [({}, []), ({"JOBS": "2"}, ["--jobs", "2"])])
def test_mutants_are_tried_on_all_cores_or_on_as_many_as_said(checkout: Path, jobs, told):
    asked = [f"{name}={value}" for name, value in jobs.items()]
    planned = make("--dry-run", "mutants", "SAMPLE=3", *asked, cwd=checkout, PYTHON=sys.executable)
    words = planned.stdout.splitlines()[-1].split()
    assert words[words.index("tests.mutants") + 1 :] == [*told, "--sample", "3"]


def test_a_function_is_built(checkout: Path, tmp_path: Path):
    """As SAM does: make runs in a copy of the folder, with the Makefile's path."""
    copy, artefact = tmp_path / "a copy é", tmp_path / "an artefact é"
    copy.mkdir()
    artefact.mkdir()
    (copy / "app.py").write_text("x = 1\n")
    makefile = str(checkout / "functions" / "Makefile")
    built = make("--makefile", makefile, "build-X", cwd=copy, ARTIFACTS_DIR=str(artefact))
    assert built.returncode == 0, built.stderr
    assert list(artefact.rglob("app.py"))
    assert list(artefact.rglob("app.*.pyc"))


def fits(folder: Path, *options: str) -> bool:
    """Whether the environment keeps its stamp."""
    command = [sys.executable, str(FITS), *options, folder.name]
    subprocess.run(command, cwd=folder.parent, check=True)
    return (folder / ".ready").exists()


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """An environment as venv leaves it, and as make stamps it."""
    folder = (tmp_path / ODD / ".venv").resolve()
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    (folder / ".ready").touch()
    mine = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    write(folder, platform.python_version(), str(mine))
    return folder


def write(folder: Path, version: str, executable: str) -> None:
    lines = (
        f"version = {version}",
        f"executable = {executable}",
        f"command = {executable} -m venv {folder}",
    )
    (folder / "pyvenv.cfg").write_text("\n".join(lines), encoding="utf-8")


def test_an_environment_that_fits_stays(environment: Path):
    assert fits(environment)
    assert fits(environment, "--asked")


@pytest.mark.parametrize(
    ("version", "executable"),
    [
        pytest.param("3.99.0", None, id="another version"),
        pytest.param(None, "/elsewhere/python", id="another interpreter"),
    ],
)
def test_another_interpreter_makes_it_anew_where_one_is_asked_for(
    environment: Path, version: str | None, executable: str | None
):
    mine = str(Path(getattr(sys, "_base_executable", sys.executable)).resolve())
    write(environment, version or platform.python_version(), executable or mine)
    assert fits(environment)
    assert not fits(environment, "--asked")


def test_an_environment_that_was_moved_is_made_anew(environment: Path):
    moved = environment.with_name(".moved")
    environment.rename(moved)
    assert not fits(moved)


def test_an_environment_whose_interpreter_is_gone_is_made_anew(environment: Path):
    (environment / "bin" / "python").unlink()
    (environment / "bin" / "python").symlink_to("/nonexistent/python")
    assert not fits(environment)


def test_what_venv_really_writes_is_understood(tmp_path: Path):
    folder = tmp_path / ODD / ".venv"
    command = [sys.executable, "-m", "venv", "--without-pip", str(folder)]
    subprocess.run(command, check=True)
    (folder / ".ready").touch()
    assert fits(folder.resolve(), "--asked")


def test_an_interpreter_is_found_by_its_version(tmp_path: Path):
    """A name that answers with another version, as a shim may, is passed over."""
    version = "{}.{}".format(*sys.version_info)
    wrong, right = tmp_path / "wrong place", tmp_path / "right é place"
    for place in (wrong, right):
        place.mkdir()
    liar = wrong / f"python{version}"
    liar.write_text("#!/bin/sh\nexit 1\n")
    liar.chmod(0o755)
    (right / f"python{version}").symlink_to(sys.executable)
    script = str(ROOT / "layers" / "readiness" / "python.sh")
    environment = {"PATH": f"{wrong}:{right}:/usr/bin:/bin", "HOME": "/nonexistent"}
    for asked, expected in ((version, f"{right}/python{version}\n"), ("3.99", "")):
        ran = subprocess.run(
            ["/bin/sh", script, asked],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert ran.stdout == expected
