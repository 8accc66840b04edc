"""What a heading's function costs before its first event, as it is deployed."""

from __future__ import annotations

import collections
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.measure import ROOT, bare_environment, compare, report

pytestmark = pytest.mark.bench

OURS = "import functions.encryption.app as app; app.handler"
MOST_MEBIBYTES = 8
"""Of the layer, which has the evidence of every heading; 6.3 with 19 of them."""
FLOOR = (
    "import botocore.session as b;"
    " b.get_session().create_client('dynamodb', region_name='us-east-1')"
)


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layer and a function as `sam build` makes them."""
    home = tmp_path_factory.mktemp("artefact")
    for folder, target, into in (
        ("layers/readiness", "build-ReadinessLayer", home / "layer"),
        ("functions", "build-Encryption", home / "function"),
    ):
        scratch = home / f"scratch-{into.name}"
        source = ROOT / folder / ("encryption" if folder == "functions" else "")
        shutil.copytree(source, scratch, ignore=shutil.ignore_patterns("__pycache__"))
        into.mkdir()
        subprocess.run(
            ["make", "-s", "-f", ROOT / folder / "Makefile", target],
            cwd=scratch,
            env=bare_environment(
                ARTIFACTS_DIR=str(into), PYTHON=sys.executable, BYTECODE_ALSO=sys.executable
            ),
            check=True,
            capture_output=True,
        )
    return home


def environment(home: Path) -> dict[str, str]:
    path = f"{home / 'function'}:{home / 'layer' / 'python'}"
    return bare_environment(
        PYTHONPATH=path,
        PYTHONDONTWRITEBYTECODE="1",
        FINDINGS_TABLE="f",
        TRANSITIONS_TABLE="t",
        POWERTOOLS_SERVICE_NAME="bench",
    )


def deployed_size(layer: Path) -> float:
    """MiB of the sources and of one Python version's bytecode; Lambda has no use for another's."""
    files = [file for file in layer.rglob("*") if file.is_file()]
    sources = sum(file.stat().st_size for file in files if file.suffix != ".pyc")
    bytecode: collections.Counter[str] = collections.Counter()
    for file in files:
        if file.suffix == ".pyc":
            bytecode[file.suffixes[-2]] += file.stat().st_size
    return (sources + max(bytecode.values())) / 2**20


def test_cold_start(artefact: Path, tmp_path: Path):
    ours, floor = [sys.executable, "-c", OURS], [sys.executable, "-c", FLOOR]
    against_floor = compare(ours, floor, environment(artefact), pairs=9)
    bare = tmp_path / "bare"
    shutil.copytree(artefact, bare, ignore=shutil.ignore_patterns("__pycache__", "scratch-*"))
    only_import = [
        sys.executable,
        "-c",
        "import readiness.engine.function, readiness.evidence.s3.buckets",
    ]
    with_code = environment(artefact)
    without = environment(bare)
    compiled = compare(
        ["env", f"PYTHONPATH={with_code['PYTHONPATH']}", *only_import],
        ["env", f"PYTHONPATH={without['PYTHONPATH']}", *only_import],
        with_code,
        pairs=7,
    )
    size = deployed_size(artefact / "layer")
    report(
        f"Cold start of functions/encryption on Python {platform.python_version()}",
        [
            ("CPU, botocore with one DynamoDB client", f"{against_floor.floor.cpu:.3f} s", ""),
            ("CPU, handler imported, client made", f"{against_floor.ours.cpu:.3f} s", ""),
            ("ratio", f"{against_floor.cpu:.2f}", "≤ 1.15"),
            ("import with the bytecode shipped / without", f"{compiled.cpu:.2f}", "≤ 0.65"),
            ("layer, unzipped, without boto3", f"{size:.1f} MiB", f"≤ {MOST_MEBIBYTES}"),
        ],
    )
    assert size <= MOST_MEBIBYTES
