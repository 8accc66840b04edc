"""The repository's checkout and the environments that `make` puts into it."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from readiness_cli.failure import Failure

_ROOT = Path(__file__).resolve().parents[3]
_DEPLOYED = ("template.yaml", "functions", "layers")


@dataclass(frozen=True, slots=True)
class Checkout:
    """Where the template, the functions and the tools are."""

    root: Path

    @property
    def sam(self) -> Path:
        return self.root / ".local" / "venv-sam" / "bin" / "sam"

    @property
    def aws(self) -> Path:
        """The environment of the embedded AWS."""
        return self.root / ".local" / "venv-aws"

    @property
    def build(self) -> Path:
        """Where the built template lies; apart from .aws-sam, which a real deployment uses."""
        return self.root / ".local" / "build"

    @property
    def running(self) -> Path:
        """What a demo that is up keeps there."""
        return self.root / ".local" / "demo"

    def fingerprint(self) -> str:
        """A digest of everything that `sam build` reads."""
        digest = hashlib.sha256()
        for path in self._sources():
            digest.update(f"{path.relative_to(self.root)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()

    def _sources(self) -> Iterator[Path]:
        for name in _DEPLOYED:
            place = self.root / name
            found = sorted(place.rglob("*")) if place.is_dir() else [place]
            yield from (p for p in found if p.is_file() and "__pycache__" not in p.parts)


def find(root: Path = _ROOT) -> Checkout:
    """The checkout this command line was installed from. Raises Failure."""
    checkout = Checkout(root)
    if not (root / "template.yaml").is_file() or not (root / "functions").is_dir():
        raise Failure(
            "the demo needs a checkout of the repository",
            why=f"It deploys the repository's template.yaml, and {root} has none",
            fix="git clone the repository, then run `make demo` in it",
        )
    for tool in (checkout.sam, checkout.aws / "bin" / "ministack"):
        if not tool.is_file():
            raise Failure(
                f"{tool.relative_to(root)} is missing",
                why="The demo needs the AWS SAM CLI and the embedded AWS",
                fix=f"run `make -C {shlex.quote(str(root))} demo`, which installs both",
            )
    return checkout
