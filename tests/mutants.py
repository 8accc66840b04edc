"""Which faults no test would notice: ``make mutants``, or ``make mutants ONLY=readiness.model.text``.

``ONLY`` names modules or packages of the layer or of a heading (``functions.iam_roles.trust``).

mutmut changes one thing at a time in the named modules and runs the tests that reach it, up to the
first that fails. It finds modules by their path from `src`, so it works in a copy of the checkout
that is laid out so, in .local/mutants.

Only the tests of a module run: those named after it, with those that import it and are not named
after a module that uses it; where none is named after it, all that import it, the one of contract
that is named after it, or those of the modules that import it. What survives these meets the tests of the modules that use its module, in a
second round; ``--nearest`` leaves that out. ``--also tests/pipeline`` adds tests, which another run tries on the survivors alone;
``--wide`` runs every fast test instead. A run that was stopped goes on where it was; once tests
have changed, what survived is tried again; once the code has changed, everything is (or with
``--anew``).

``--sample 50`` tries 50 mutants of each module, drawn at random by ``--seed``. The report says how
many were tried of how many; the total is then an estimate in which each module has its weight.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import gc
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / ".local" / "mutants"
ROOMS = ("readiness.model", "readiness.semantics", "readiness.engine")
TESTS = ("tests/model", "tests/semantics", "tests/engine", "tests/evidence", "tests/rules")
LAID_OUT = {
    "layers/readiness/readiness": "src/readiness",
    "cli/readiness_cli": "src/readiness_cli",
    "functions": "functions",
    "layers": "layers",
    "events": "events",
    "docs": "docs",
    "requirements": "requirements",
    "tests": "tests",
    "template.yaml": "template.yaml",
}
"""From the checkout to the copy; beside `src`, the places in which tests look for files."""

OUTCOMES = {
    0: "survived",
    1: "killed",
    2: "untried",
    3: "killed",
    4: "untried",
    5: "untested",
    33: "untested",
    34: "not drawn",
    None: "untried",
}
"""By the exit code of a mutant's tests; any other is a time-out or a crash, which is noticed."""

SOURCES = ("src", "functions")
"""The folders of the copy whose modules may be changed."""

LIVED = {"survived", "untested", "untried"}
NOT_DRAWN = 34
"""mutmut's code for a mutant that is passed over; it stands until the next sample."""
LOG = PLACE / "mutmut.log"
MOST_NAMED = 500
"""Mutants in an argument list."""

LEAST = 90.0

_OURS = re.compile(r"readiness\.|functions\.|tests\.(.*\.)?test_")

GENERATE = """
import os
import mutmut.__main__ as mutmut
mutmut.set_mutant_under_test("mutant_generation")
os.makedirs("mutants", exist_ok=True)
mutmut.copy_src_dir()
mutmut.copy_also_copy_files()
mutmut.setup_source_paths()
mutmut.store_lines_covered_by_tests()
mutmut.create_mutants(1)
"""
"""What ``mutmut run`` begins with: a sample is drawn from the mutants before any is tried."""

MUTMUT = """
import sys
import mutmut.__main__
import mutmut.runners.harness as harness
harness.BadTestExecutionCommandsException = lambda params: SystemExit(4)
sys.setrecursionlimit(10_000)
mutmut.__main__.cli()
"""
"""Each call of a function takes three frames with its mutants, and parsers recurse.

Without its own code, a run whose tests pytest does not find would count as one that failed.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run mutmut over the modules and say what survived; 1 when fewer died than ought to."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("only", nargs="*", default=ROOMS, help="modules or packages")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--minutes", type=float, default=30.0, help="when to stop; go on later")
    parser.add_argument("--least", type=float, default=LEAST, help="percent that have to die")
    parser.add_argument("--also", nargs="*", default=[], help="tests to run beside the nearest")
    parser.add_argument("--nearest", action="store_true", help="leave out the tests of users")
    parser.add_argument("--wide", action="store_true", help="run every fast test, not the nearest")
    parser.add_argument("--sample", type=int, help="mutants to try of each module, at random")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--anew", action="store_true", help="forget what became of each mutant")
    chosen = parser.parse_args(arguments)
    tests = list(TESTS) if chosen.wide else sorted({*_tests(chosen.only), *chosen.also})
    _lay_out()
    if _stamp("code.sha256", _digest(SOURCES, chosen.only)) or chosen.anew:
        shutil.rmtree(PLACE / "mutants", ignore_errors=True)
    print(f"mutmut works on {', '.join(chosen.only)}; it writes to {LOG.relative_to(ROOT)}")
    until = time.monotonic() + chosen.minutes * 60
    ended = _round(chosen, "nearest", tests, until)
    if not ended and not chosen.wide and not chosen.nearest:
        farther = sorted({*tests, *_of_users(_with_survivors(chosen.only))})
        if farther != tests:
            ended = _round(chosen, "users", farther, until)
    if ended:
        print("\n".join(LOG.read_text(encoding="utf-8").splitlines()[-20:]))
        return ended
    if chosen.sample:
        print(f"At most {chosen.sample} mutants of each module, drawn with seed {chosen.seed}")
    return _report(list(chosen.only), chosen.least)


def _round(chosen: argparse.Namespace, name: str, tests: Sequence[str], until: float) -> int:
    """Draw the mutants and run these tests on those of which it is not known what they do."""
    digest = _digest((".",), ())
    _keep_coverage(are_same=not _stamp("tests.sha256", digest))
    if _stamp(f"{name}.sha256", f"{digest} {tests} {chosen.sample} {chosen.seed}"):
        _try_survivors_again()
    _configure([pattern for name in chosen.only for pattern in _patterns(name)], tests)
    with LOG.open("w", encoding="utf-8") as log:
        ended = _run([sys.executable, "-c", GENERATE], log, until - time.monotonic())
        if ended:
            return ended
        _draw(chosen.only, chosen.sample, chosen.seed)
        command = [sys.executable, "-c", MUTMUT, "run", "--max-children", str(chosen.jobs)]
        untried = _untried(chosen.only)
        if not untried:
            return 0
        # Told the mutants, mutmut first runs their tests and no other.
        few = untried if len(untried) <= MOST_NAMED else []
        return _run([*command, *few], log, until - time.monotonic())


def _keep_coverage(*, are_same: bool) -> None:
    """Keep which tests reach which function, if the tests are the same and other ones are chosen.

    mutmut then runs the tests that it does not know yet. It forgets all outcomes where it finds
    that the choice is another than that in its file.
    """
    coverage = PLACE / "mutants" / "mutmut-stats.json"
    if not are_same:
        coverage.unlink(missing_ok=True)
    elif coverage.is_file():
        known = json.loads(coverage.read_text(encoding="utf-8"))
        known.pop("config_fingerprint", None)
        coverage.write_text(json.dumps(known), encoding="utf-8")


def _untried(only: Sequence[str]) -> list[str]:
    tried = (outcomes.items() for _, outcomes in _outcomes(only))
    return [mutant for each in tried for mutant, seen in each if seen == "untried"]


def _with_survivors(only: Sequence[str]) -> list[str]:
    """The modules of which mutants lived; none unless every mutant was tried."""
    if _untried(only):
        return []
    return [module for module, outcomes in _outcomes(only) if LIVED & set(outcomes.values())]


def _run(command: Sequence[str], log: IO[str], seconds: float) -> int:
    """Run mutmut, for so long at most: what it did not get to is told as untried."""
    if seconds <= 0:
        return 0
    started = subprocess.Popen(
        command,
        cwd=PLACE,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        return started.wait(seconds)
    except subprocess.TimeoutExpired:
        return 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
        started.wait()


def _is_of_a_heading(name: str) -> bool:
    return name.partition(".")[0] == "functions"


def _source(name: str) -> Path:
    """Where the module or package stands in the checkout, without a suffix."""
    root = ROOT if _is_of_a_heading(name) else ROOT / "layers" / "readiness"
    return root / name.replace(".", "/")


def _patterns(name: str) -> Iterator[str]:
    """The files of a module or package, as mutmut's settings name them."""
    path = name.replace(".", "/") if _is_of_a_heading(name) else f"src/{name.replace('.', '/')}"
    source = _source(name)
    if source.is_dir():
        yield f"{path}/*"
    elif source.with_suffix(".py").is_file():
        yield f"{path}.py"
    else:
        raise SystemExit(f"make mutants: there is no module {name}")


def _tests(only: Sequence[str]) -> list[str]:
    """The files with the tests of the modules, in their package's folder or else in any."""
    found: set[str] = set()
    for module in (module for name in only for module in _modules(name)):
        if _is_of_a_heading(module):
            found.update((*_of_headings(module), *_paths(_importing(module, TESTS))))
            continue
        room = f"tests/{module.split('.')[1]}"
        found.update(
            _about(module, room)
            or _in_contracts(module)
            or _of_importers(module, room)
            or _about(module, *TESTS)
            or _of_headings(module)
        )
    if not found:
        raise SystemExit(f"make mutants: no test is about {', '.join(only)}; try --wide")
    return sorted(found)


def _of_headings(module: str) -> list[str]:
    """The tests of the rules of the module's heading, or of the headings that import it."""
    if _is_of_a_heading(module):
        folders = {module.split(".")[1]}
    else:
        folders = {path.parent.name for path in _importing(module, ["functions"])}
    rules = sorted((ROOT / "tests" / "rules").glob("test_*.py"))
    theirs = re.compile(rf"test_({'|'.join(sorted(folders)) or '$'})(_|$)")
    return _paths(each for each in rules if theirs.match(each.stem))


def _of_users(only: Sequence[str]) -> set[str]:
    """The test files named after the modules that import one of these."""
    modules = [module for name in only for module in _modules(name)]
    modules = [each for each in modules if not _is_of_a_heading(each)]
    users = {path.stem for each in modules for path in _importing(each, ["layers/readiness"])}
    return set(_paths(path for name in users for path in _named(name, TESTS)))


def _in_contracts(module: str) -> list[str]:
    """The tests of contract that are named after the module and import it."""
    contracts = ["tests/contract"]
    importing = _importing(module, contracts)
    named = _named(module.rpartition(".")[2], contracts)
    return _paths(path for path in named if path in importing)


def _of_importers(module: str, room: str) -> list[str]:
    """The tests of the modules of its package that import the module."""
    package = module.rpartition(".")[0]
    importers = _importing(module, [f"layers/readiness/{package.replace('.', '/')}"])
    return [test for path in importers for test in _about(f"{package}.{path.stem}", room)]


def _importing(module: str, places: Iterable[str]) -> list[Path]:
    """The files in these folders that import the module, and not for its types alone."""
    package, _, name = module.rpartition(".")
    imports = re.compile(
        rf"^((from|import) {re.escape(module)}\b|from {re.escape(package)} import .*\b{name}\b)",
        re.MULTILINE,
    )
    files = (path for place in places for path in sorted((ROOT / place).rglob("*.py")))
    return [path for path in files if imports.search(path.read_text("utf-8"))]


def _paths(files: Iterable[Path]) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in files]


def _modules(name: str) -> list[str]:
    source = _source(name)
    root = source.parents[name.count(".")]
    files = source.rglob("*.py") if source.is_dir() else [source.with_suffix(".py")]
    stems = (path.relative_to(root).with_suffix("") for path in files)
    return [".".join(stem.parts) for stem in stems if stem.name != "__init__"]


def _about(module: str, *places: str) -> list[str]:
    """The test files named after a module, and those that import it and are not its users'."""
    package, _, name = module.rpartition(".")
    named = _named(name, places)
    tests = [path for path in _importing(module, places) if path.stem.startswith("test_")]
    if named:
        users = _importing(module, [f"layers/readiness/{package.replace('.', '/')}"])
        theirs = {f"test_{path.stem}" for path in users} - {f"test_{name}"}
        tests = [path for path in tests if path.stem not in theirs]
    return sorted({*_paths(named), *_paths(tests)})


def _named(name: str, places: Iterable[str]) -> list[Path]:
    """The test files named after a module; a module's tests may stand in several."""
    files = (path for place in places for path in sorted((ROOT / place).rglob("test_*.py")))
    return [path for path in files if f"{path.stem}_".startswith(f"test_{name}_")]


def _lay_out() -> None:
    """Copy what changed since the last time, with its dates, and remove what is gone."""
    for source, target in LAID_OUT.items():
        _mirror(ROOT / source, PLACE / target)


def _mirror(source: Path, target: Path) -> None:
    if source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.is_file() or target.stat().st_mtime != source.stat().st_mtime:
            shutil.copy2(source, target)
        return
    target.mkdir(parents=True, exist_ok=True)
    wanted = {each.name for each in source.iterdir()} - {"__pycache__"}
    for left in (each for each in target.iterdir() if each.name not in wanted):
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    for name in wanted:
        _mirror(source / name, target / name)


def _digest(folders: Sequence[str], choice: Sequence[str]) -> str:
    """Of the files in folders of the copy, by name and date, and of what was chosen."""
    digest = hashlib.sha256(repr(sorted(choice)).encode())
    places = [
        PLACE / name
        for name in LAID_OUT.values()
        if "." in folders or name.partition("/")[0] in folders
    ]
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            digest.update(f"{path} {path.stat().st_mtime_ns if path.is_file() else 0}".encode())
    return digest.hexdigest()


def _stamp(name: str, digest: str) -> bool:
    """Whether the digest is another than the last time; it is kept for the next."""
    stamp = PLACE / name
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == digest:
        return False
    stamp.write_text(digest, encoding="utf-8")
    return True


def _try_survivors_again() -> None:
    for path in (each for name in SOURCES for each in (PLACE / "mutants" / name).rglob("*.meta")):
        known = json.loads(path.read_text(encoding="utf-8"))
        codes = known["exit_code_by_key"]
        for mutant, code in codes.items():
            codes[mutant] = None if OUTCOMES.get(code) in LIVED else code
        path.write_text(json.dumps(known), encoding="utf-8")


def _draw(only: Sequence[str], size: int | None, seed: int) -> None:
    """Leave a sample of each module to be tried; without a size, everything that was not yet."""
    for path, _ in _metas(only):
        known = json.loads(path.read_text(encoding="utf-8"))
        codes = known["exit_code_by_key"]
        names = sorted(codes)
        drawn = set(names)
        if size is not None and size < len(names):
            drawn = set(random.Random(seed).sample(names, size))
        for mutant, code in codes.items():
            if mutant not in drawn:
                codes[mutant] = NOT_DRAWN
            elif code == NOT_DRAWN:
                codes[mutant] = None
        path.write_text(json.dumps(known), encoding="utf-8")


def _configure(patterns: Sequence[str], tests: Sequence[str]) -> None:
    """The project's own settings for its tests, and mutmut's."""
    settings = {
        "source_paths": list(SOURCES),
        "only_mutate": list(patterns),
        "also_copy": [t for t in LAID_OUT.values() if not t.startswith((*SOURCES, "tests"))],
        "pytest_add_cli_args_test_selection": list(tests),
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "-p", "no:xdist", "-p", "tests.mutants"],
        "track_dependencies": False,
        "use_git_change_detection": False,
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]  # TOML too
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    text = "\n".join([project, "[tool.mutmut]", *lines, ""])
    (PLACE / "pyproject.toml").write_text(text, encoding="utf-8")


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """The quickest tests first: a run ends with the first that fails."""
    from mutmut.state import state

    seconds = state().duration_by_test
    items.sort(key=lambda item: seconds.get(item.nodeid, 0.0))


def pytest_collection_finish(session: Any) -> None:
    """Forget what functions have cached: each mutant's tests begin where those before ended.

    So does pytest, which keeps the ids that a function made (``ids=repr``) and escapes them once
    more in the next run of the process: their tests have another name then, and are not found.
    """
    for each in _cached(len(sys.modules)):
        each.cache_clear()
    for mark in (mark for item in session.items for mark in item.iter_markers("parametrize")):
        object.__setattr__(mark._param_ids_from or mark, "_param_ids_generated", None)


@functools.lru_cache(maxsize=1)
def _cached(modules: int) -> list[functools._lru_cache_wrapper[Any]]:
    """The functions that cache, of ours and of the test files; looked for anew with more modules.

    What a test file keeps, a client for instance, was made by the code before it was changed.
    """
    gc.unfreeze()  # what is frozen is not among the objects
    return [
        each
        for each in gc.get_objects()
        if isinstance(each, functools._lru_cache_wrapper) and _OURS.match(each.__module__ or "")
    ]


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    # A mutant may have its original's size and second, by which bytecode is told to be current.
    return kept | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": os.devnull}


def _report(only: Sequence[str], least: float) -> int:
    total: Counter[str] = Counter()
    lived: dict[str, str] = {}
    died = 0.0
    for name, outcomes in sorted(_outcomes(only)):
        counted = Counter(outcomes.values())
        total += counted
        died += _rate(counted) * counted.total()
        lived |= {mutant: seen for mutant, seen in outcomes.items() if seen in LIVED}
        tried = counted.total() - counted["untried"] - counted["not drawn"]
        print(f"{_rate(counted):5.1f} % killed  {tried:5} tried of {counted.total():5}  {name}")
    rate = died / total.total() if total else 0.0
    print(f"{rate:5.1f} % killed of {total.total()}: {dict(total)}")
    for mutant in (each for each, seen in lived.items() if seen != "untried"):
        print(f"  {lived[mutant]}: {mutant}")
    if lived:
        print(f"To see one: cd {PLACE.relative_to(ROOT)} && python -m mutmut show NAME")
    return int(rate < least)


def _metas(only: Sequence[str]) -> Iterator[tuple[Path, str]]:
    """The files in which mutmut keeps what became of the mutants, with their modules."""
    place = PLACE / "mutants"
    for path in sorted(each for name in SOURCES for each in (place / name).rglob("*.meta")):
        module = ".".join(path.relative_to(place).parts).removesuffix(".py.meta")
        module = module.removeprefix("src.")
        if any(module == name or module.startswith(f"{name}.") for name in only):
            yield path, module


def _outcomes(only: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each module with mutants, and what became of them by name."""
    for path, module in _metas(only):
        codes = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
        if codes:
            yield (
                module,
                {mutant: OUTCOMES.get(code, "stopped") for mutant, code in codes.items()},
            )


def _rate(counted: Counter[str]) -> float:
    """Percent killed of those that were to be tried; what there was no time for counts as alive."""
    drawn = counted.total() - counted["not drawn"]
    return 100 * (counted["killed"] + counted["stopped"]) / drawn if drawn else 0.0


if __name__ == "__main__":
    sys.exit(main())
